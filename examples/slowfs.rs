//! A directory mounted once more, with every call taking so long: a slow file server to test with.
//!
//! `slowfs [--delay MICROSECONDS] [--bandwidth BYTES] BACKING MOUNTPOINT` passes every call on to
//! BACKING after a delay, and no more bytes a second than the bandwidth, in all. It ends when the
//! mount is taken away (`umount MOUNTPOINT`, `fusermount3 -u MOUNTPOINT`). Calls of different
//! programs and threads wait side by side, as they would for a server that is far away and not busy:
//! a call is carried out when it comes, and its answer waits in a queue until it is due, so that a
//! few threads serve any number of calls and leave the processors to what is measured.
//! A copy within the mount is the server's own (`copy_file_range(2)`): its bytes cross no wire.
//! Not installed; `benches/results.sh` and the tests start it.

use fuser::{
    Config, CopyFileRangeFlags, Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags,
    Generation, INodeNo, KernelConfig, LockOwner, MountOption, OpenFlags, RenameFlags, ReplyAttr,
    ReplyCreate, ReplyData, ReplyDirectory, ReplyEmpty, ReplyEntry, ReplyLseek, ReplyOpen,
    ReplyStatfs, ReplyWrite, ReplyXattr, Request, SessionACL, TimeOrNow, WriteFlags,
};
use rustix::fs::{self, AtFlags, Mode, OFlags, SeekFrom, Timespec, Timestamps};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::error::Error;
use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Threads that take calls and carry them out; none of them ever waits for an answer to be due.
const THREADS: usize = 4;

/// Threads that send answers which are due. Those of reads carry the bytes, so one is too few.
const POSTMEN: usize = 2;

/// Reads ahead that the kernel may have on their way at a time.
const AHEAD: u16 = 64;

/// How long the kernel may believe what it was told: as NFS does by default for names that change.
const BELIEVED: Duration = Duration::from_secs(3);

/// Bytes of one write: as NFS and SMB negotiate today.
const MAX_WRITE: u32 = 1 << 20;

/// An inode: held by a descriptor that leads nowhere but to it.
struct Node {
    fd: Arc<OwnedFd>,
    /// How often the kernel was told of it.
    known: u64,
}

/// An answer that is not due yet.
struct Letter {
    due: Instant,
    /// Those that are due at once go in this order.
    number: u64,
    send: Box<dyn FnOnce() + Send>,
}

impl PartialEq for Letter {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Letter {}

impl PartialOrd for Letter {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Letter {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.due, self.number).cmp(&(other.due, other.number))
    }
}

/// The answers that wait until they are due.
#[derive(Default)]
struct Post {
    letters: Mutex<BinaryHeap<Reverse<Letter>>>,
    /// Somebody waits for the first letter or for any.
    earlier: Condvar,
    next: AtomicU64,
}

impl Post {
    fn send_at(&self, due: Instant, send: Box<dyn FnOnce() + Send>) {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let mut letters = lock(&self.letters);
        let first = letters.peek().is_none_or(|first| due < first.0.due);
        letters.push(Reverse(Letter { due, number, send }));
        drop(letters);
        if first {
            self.earlier.notify_one();
        }
    }

    /// Sends what is due, for ever.
    fn deliver(&self) {
        let mut letters = lock(&self.letters);
        loop {
            let Some(due) = letters.peek().map(|first| first.0.due) else {
                letters = wait(&self.earlier, letters, Duration::from_secs(60));
                continue;
            };
            let left = due.saturating_duration_since(Instant::now());
            if !left.is_zero() {
                letters = wait(&self.earlier, letters, left);
                continue;
            }
            let letter = letters.pop();
            // The next one is another postman's, who may be asleep.
            if letters.peek().is_some() {
                self.earlier.notify_one();
            }
            drop(letters);
            if let Some(letter) = letter {
                (letter.0.send)();
            }
            letters = lock(&self.letters);
        }
    }
}

fn wait<'a, T>(by: &Condvar, held: MutexGuard<'a, T>, most: Duration) -> MutexGuard<'a, T> {
    let (held, _) = by
        .wait_timeout(held, most)
        .unwrap_or_else(PoisonError::into_inner);
    held
}

struct Slow {
    post: Arc<Post>,
    delay: Duration,
    /// Bytes a second.
    bandwidth: Option<u64>,
    /// When the wire is free again.
    wire: Mutex<Instant>,
    nodes: Mutex<HashMap<u64, Node>>,
    /// Open files, by handle.
    files: Mutex<HashMap<u64, Arc<File>>>,
    next: AtomicU64,
}

type Done<T> = Result<T, Errno>;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn failed(errno: rustix::io::Errno) -> Errno {
    Errno::from_i32(errno.raw_os_error())
}

fn time(seconds: i64, nanos: u64) -> SystemTime {
    let nanos = Duration::from_nanos(nanos);
    let whole = Duration::from_secs(seconds.unsigned_abs());
    if seconds < 0 {
        UNIX_EPOCH - whole + nanos
    } else {
        UNIX_EPOCH + whole + nanos
    }
}

fn timespec(wanted: Option<TimeOrNow>) -> Timespec {
    let omit = Timespec {
        tv_sec: 0,
        tv_nsec: fs::UTIME_OMIT,
    };
    match wanted {
        None => omit,
        Some(TimeOrNow::Now) => Timespec {
            tv_sec: 0,
            tv_nsec: fs::UTIME_NOW,
        },
        Some(TimeOrNow::SpecificTime(time)) => match time.duration_since(UNIX_EPOCH) {
            Ok(since) => Timespec {
                tv_sec: since.as_secs() as i64,
                tv_nsec: i64::from(since.subsec_nanos()),
            },
            Err(before) => {
                let before = before.duration();
                let up = i64::from(before.subsec_nanos() > 0);
                Timespec {
                    tv_sec: -(before.as_secs() as i64) - up,
                    tv_nsec: up * 1_000_000_000 - i64::from(before.subsec_nanos()),
                }
            }
        },
    }
}

fn kind(mode: u32) -> FileType {
    match fs::FileType::from_raw_mode(mode) {
        fs::FileType::Directory => FileType::Directory,
        fs::FileType::Symlink => FileType::Symlink,
        fs::FileType::Fifo => FileType::NamedPipe,
        fs::FileType::Socket => FileType::Socket,
        fs::FileType::CharacterDevice => FileType::CharDevice,
        fs::FileType::BlockDevice => FileType::BlockDevice,
        _ => FileType::RegularFile,
    }
}

/// The way to an inode held by a descriptor, for calls that take a path.
fn way(fd: &OwnedFd) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", fd.as_raw_fd()))
}

impl Slow {
    /// Answers when the delay is over and so many bytes have gone over the wire.
    fn later(&self, bytes: usize, send: impl FnOnce() + Send + 'static) {
        let now = Instant::now();
        let mut due = now + self.delay;
        if let Some(bandwidth) = self.bandwidth.filter(|_| bytes > 0) {
            let takes = Duration::from_secs_f64(bytes as f64 / bandwidth as f64);
            let mut free = lock(&self.wire);
            *free = (*free).max(due) + takes;
            due = *free;
        }
        if due == now {
            return send();
        }
        self.post.send_at(due, Box::new(send));
    }

    fn node(&self, ino: INodeNo) -> Done<Arc<OwnedFd>> {
        let nodes = lock(&self.nodes);
        nodes
            .get(&u64::from(ino))
            .map(|node| node.fd.clone())
            .ok_or(Errno::ESTALE)
    }

    fn file(&self, handle: FileHandle) -> Done<Arc<File>> {
        lock(&self.files)
            .get(&u64::from(handle))
            .cloned()
            .ok_or(Errno::EBADF)
    }

    fn keep(&self, file: File) -> FileHandle {
        let handle = self.next.fetch_add(1, Ordering::Relaxed);
        lock(&self.files).insert(handle, Arc::new(file));
        FileHandle(handle)
    }

    /// What the kernel is to know of an inode; the root is always number 1.
    fn attr(&self, fd: &OwnedFd) -> Done<FileAttr> {
        let stat = fs::statat(fd, "", AtFlags::EMPTY_PATH).map_err(failed)?;
        let root = {
            let nodes = lock(&self.nodes);
            let root = nodes.get(&1).map(|node| node.fd.clone());
            root.is_some_and(|root| Arc::as_ptr(&root).cast::<OwnedFd>() == std::ptr::from_ref(fd))
        };
        Ok(FileAttr {
            ino: INodeNo(if root { 1 } else { stat.st_ino }),
            size: stat.st_size as u64,
            blocks: stat.st_blocks as u64,
            atime: time(stat.st_atime, stat.st_atime_nsec),
            mtime: time(stat.st_mtime, stat.st_mtime_nsec),
            ctime: time(stat.st_ctime, stat.st_ctime_nsec),
            crtime: UNIX_EPOCH,
            kind: kind(stat.st_mode),
            perm: (stat.st_mode & 0o7777) as u16,
            nlink: stat.st_nlink as u32,
            uid: stat.st_uid,
            gid: stat.st_gid,
            rdev: stat.st_rdev as u32,
            blksize: MAX_WRITE,
            flags: 0,
        })
    }

    /// Looks a name up, and counts that the kernel was told of it.
    fn find(&self, parent: INodeNo, name: &OsStr) -> Done<FileAttr> {
        let parent = self.node(parent)?;
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd = fs::openat(&*parent, name, flags, Mode::empty()).map_err(failed)?;
        let fd = Arc::new(fd);
        let attr = self.attr(&fd)?;
        let mut nodes = lock(&self.nodes);
        let node = nodes
            .entry(attr.ino.into())
            .or_insert(Node { fd, known: 0 });
        node.known += 1;
        Ok(attr)
    }

    /// Makes something with a call relative to the parent, and looks it up.
    fn make(
        &self,
        parent: INodeNo,
        name: &OsStr,
        reply: ReplyEntry,
        call: impl FnOnce(&OwnedFd) -> rustix::io::Result<()>,
    ) {
        let made = self
            .node(parent)
            .and_then(|parent| call(&parent).map_err(failed))
            .and_then(|()| self.find(parent, name));
        self.later(0, move || entry(made, reply));
    }

    fn open_again(&self, ino: INodeNo, flags: OFlags) -> Done<File> {
        let node = self.node(ino)?;
        let flags = flags.difference(OFlags::NOFOLLOW | OFlags::CREATE | OFlags::EXCL);
        let fd = fs::open(way(&node), flags | OFlags::CLOEXEC, Mode::empty()).map_err(failed)?;
        Ok(File::from(fd))
    }

    fn set(&self, ino: INodeNo, wanted: &Wanted) -> Done<FileAttr> {
        let node = self.node(ino)?;
        if let Some(mode) = wanted.mode {
            fs::chmod(way(&node), Mode::from_raw_mode(mode & 0o7777)).map_err(failed)?;
        }
        if wanted.uid.is_some() || wanted.gid.is_some() {
            let (uid, gid) = (
                wanted.uid.map(fs::Uid::from_raw),
                wanted.gid.map(fs::Gid::from_raw),
            );
            fs::chownat(&*node, "", uid, gid, AtFlags::EMPTY_PATH).map_err(failed)?;
        }
        if let Some(size) = wanted.size {
            let file = self.open_again(ino, OFlags::WRONLY)?;
            fs::ftruncate(&file, size).map_err(failed)?;
        }
        if wanted.atime.is_some() || wanted.mtime.is_some() {
            let times = Timestamps {
                last_access: timespec(wanted.atime),
                last_modification: timespec(wanted.mtime),
            };
            fs::utimensat(&*node, "", &times, AtFlags::EMPTY_PATH).map_err(failed)?;
        }
        self.attr(&node)
    }
}

/// What a call wants changed of an inode.
struct Wanted {
    mode: Option<u32>,
    uid: Option<u32>,
    gid: Option<u32>,
    size: Option<u64>,
    atime: Option<TimeOrNow>,
    mtime: Option<TimeOrNow>,
}

fn entry(found: Done<FileAttr>, reply: ReplyEntry) {
    match found {
        Ok(attr) => reply.entry(&BELIEVED, &attr, Generation(0)),
        Err(errno) => reply.error(errno),
    }
}

fn attributes(found: Done<FileAttr>, reply: ReplyAttr) {
    match found {
        Ok(attr) => reply.attr(&BELIEVED, &attr),
        Err(errno) => reply.error(errno),
    }
}

fn empty(done: Done<()>, reply: ReplyEmpty) {
    match done {
        Ok(()) => reply.ok(),
        Err(errno) => reply.error(errno),
    }
}

fn xattr(done: rustix::io::Result<Vec<u8>>, size: u32, reply: ReplyXattr) {
    match done {
        Ok(value) if size == 0 => reply.size(value.len() as u32),
        Ok(value) if value.len() > size as usize => reply.error(Errno::ERANGE),
        Ok(value) => reply.data(&value),
        Err(errno) => reply.error(failed(errno)),
    }
}

/// An attribute, or the list of them, is no longer than this (xattr(7)).
const MAX_XATTR: usize = 65_536;

impl Filesystem for Slow {
    fn init(&mut self, _: &Request, config: &mut KernelConfig) -> io::Result<()> {
        let granted = config.set_max_write(MAX_WRITE);
        granted.map_err(|most| io::Error::other(format!("one write is at most {most} bytes")))?;
        let granted = config.set_max_background(AHEAD);
        granted.map_err(|most| io::Error::other(format!("at most {most} calls ahead")))?;
        Ok(())
    }

    fn lookup(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        let found = self.find(parent, name);
        self.later(0, move || entry(found, reply));
    }

    fn forget(&self, _: &Request, ino: INodeNo, times: u64) {
        let mut nodes = lock(&self.nodes);
        if let Some(node) = nodes.get_mut(&u64::from(ino)) {
            node.known = node.known.saturating_sub(times);
            if node.known == 0 && u64::from(ino) != 1 {
                nodes.remove(&u64::from(ino));
            }
        }
    }

    fn getattr(&self, _: &Request, ino: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        let found = self.node(ino).and_then(|node| self.attr(&node));
        self.later(0, move || attributes(found, reply));
    }

    fn setattr(
        &self,
        _: &Request,
        ino: INodeNo,
        mode: Option<u32>,
        uid: Option<u32>,
        gid: Option<u32>,
        size: Option<u64>,
        atime: Option<TimeOrNow>,
        mtime: Option<TimeOrNow>,
        _: Option<SystemTime>,
        _: Option<FileHandle>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<fuser::BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        let wanted = Wanted {
            mode,
            uid,
            gid,
            size,
            atime,
            mtime,
        };
        let set = self.set(ino, &wanted);
        self.later(0, move || attributes(set, reply));
    }

    fn readlink(&self, _: &Request, ino: INodeNo, reply: ReplyData) {
        let target = self
            .node(ino)
            .and_then(|node| fs::readlinkat(&*node, "", Vec::new()).map_err(failed));
        self.later(0, move || match target {
            Ok(target) => reply.data(target.as_bytes()),
            Err(errno) => reply.error(errno),
        });
    }

    fn mknod(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        umask: u32,
        rdev: u32,
        reply: ReplyEntry,
    ) {
        self.make(parent, name, reply, |at| {
            let kind = fs::FileType::from_raw_mode(mode);
            fs::mknodat(
                at,
                name,
                kind,
                Mode::from_raw_mode(mode & !umask & 0o7777),
                rdev.into(),
            )
        });
    }

    fn mkdir(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        umask: u32,
        reply: ReplyEntry,
    ) {
        self.make(parent, name, reply, |at| {
            fs::mkdirat(at, name, Mode::from_raw_mode(mode & !umask & 0o7777))
        });
    }

    fn unlink(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        let gone = |parent: Arc<OwnedFd>| fs::unlinkat(&*parent, name, AtFlags::empty());
        let done = self
            .node(parent)
            .and_then(|parent| gone(parent).map_err(failed));
        self.later(0, move || empty(done, reply));
    }

    fn rmdir(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        let gone = |parent: Arc<OwnedFd>| fs::unlinkat(&*parent, name, AtFlags::REMOVEDIR);
        let done = self
            .node(parent)
            .and_then(|parent| gone(parent).map_err(failed));
        self.later(0, move || empty(done, reply));
    }

    fn symlink(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        target: &Path,
        reply: ReplyEntry,
    ) {
        self.make(parent, name, reply, |at| fs::symlinkat(target, at, name));
    }

    fn rename(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        new_parent: INodeNo,
        new_name: &OsStr,
        flags: RenameFlags,
        reply: ReplyEmpty,
    ) {
        let flags = fs::RenameFlags::from_bits_retain(flags.bits());
        let done = self.node(parent).and_then(|from| {
            let to = self.node(new_parent)?;
            fs::renameat_with(&*from, name, &*to, new_name, flags).map_err(failed)
        });
        self.later(0, move || empty(done, reply));
    }

    fn link(&self, _: &Request, ino: INodeNo, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        let node = self.node(ino);
        self.make(parent, name, reply, |at| {
            let node = node.map_err(|_| rustix::io::Errno::STALE)?;
            fs::linkat(fs::CWD, way(&node), at, name, AtFlags::SYMLINK_FOLLOW)
        });
    }

    fn open(&self, _: &Request, ino: INodeNo, flags: OpenFlags, reply: ReplyOpen) {
        let opened = self.open_again(ino, OFlags::from_bits_retain(flags.0 as u32));
        let opened = opened.map(|file| self.keep(file));
        self.later(0, move || match opened {
            Ok(handle) => reply.opened(handle, FopenFlags::empty()),
            Err(errno) => reply.error(errno),
        });
    }

    fn create(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        umask: u32,
        flags: i32,
        reply: ReplyCreate,
    ) {
        let flags = OFlags::from_bits_retain(flags as u32) | OFlags::CREATE | OFlags::CLOEXEC;
        let mode = Mode::from_raw_mode(mode & !umask & 0o7777);
        let made = self
            .node(parent)
            .and_then(|at| fs::openat(&*at, name, flags, mode).map_err(failed))
            .and_then(|fd| {
                let attr = self.find(parent, name)?;
                Ok((self.keep(File::from(fd)), attr))
            });
        self.later(0, move || match made {
            Ok((handle, attr)) => {
                reply.created(&BELIEVED, &attr, Generation(0), handle, FopenFlags::empty());
            }
            Err(errno) => reply.error(errno),
        });
    }

    fn read(
        &self,
        _: &Request,
        _: INodeNo,
        handle: FileHandle,
        offset: u64,
        size: u32,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyData,
    ) {
        let mut bytes = vec![0; size as usize];
        let mut got = 0;
        let read = self.file(handle).and_then(|file| {
            // A short answer is the end of the file to the kernel.
            while got < bytes.len() {
                match file.read_at(&mut bytes[got..], offset + got as u64) {
                    Ok(0) => break,
                    Ok(count) => got += count,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(error.into()),
                }
            }
            Ok(())
        });
        self.later(got, move || match read {
            Ok(()) => reply.data(&bytes[..got]),
            Err(errno) => reply.error(errno),
        });
    }

    fn write(
        &self,
        _: &Request,
        _: INodeNo,
        handle: FileHandle,
        offset: u64,
        bytes: &[u8],
        _: WriteFlags,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        let written = self
            .file(handle)
            .and_then(|file| Ok(file.write_at(bytes, offset)?));
        self.later(bytes.len(), move || match written {
            Ok(count) => reply.written(count as u32),
            Err(errno) => reply.error(errno),
        });
    }

    fn copy_file_range(
        &self,
        _: &Request,
        _: INodeNo,
        from: FileHandle,
        mut read: u64,
        _: INodeNo,
        to: FileHandle,
        mut written: u64,
        len: u64,
        _: CopyFileRangeFlags,
        reply: ReplyWrite,
    ) {
        // The server's own work: no byte goes over the wire. More than an answer can count is left.
        let len = usize::try_from(len.min(1 << 30)).unwrap_or(0);
        let copied = self.file(from).and_then(|from| {
            let to = self.file(to)?;
            fs::copy_file_range(&*from, Some(&mut read), &*to, Some(&mut written), len)
                .map_err(failed)
        });
        self.later(0, move || match copied {
            Ok(count) => reply.written(count as u32),
            Err(errno) => reply.error(errno),
        });
    }

    fn flush(&self, _: &Request, _: INodeNo, _: FileHandle, _: LockOwner, reply: ReplyEmpty) {
        self.later(0, move || reply.ok());
    }

    fn release(
        &self,
        _: &Request,
        _: INodeNo,
        handle: FileHandle,
        _: OpenFlags,
        _: Option<LockOwner>,
        _: bool,
        reply: ReplyEmpty,
    ) {
        lock(&self.files).remove(&u64::from(handle));
        reply.ok();
    }

    fn fsync(&self, _: &Request, _: INodeNo, handle: FileHandle, data: bool, reply: ReplyEmpty) {
        let sync = |file: Arc<File>| {
            if data {
                file.sync_data()
            } else {
                file.sync_all()
            }
        };
        let done = self.file(handle).and_then(|file| Ok(sync(file)?));
        self.later(0, move || empty(done, reply));
    }

    fn fsyncdir(&self, _: &Request, ino: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY;
        let done = self
            .open_again(ino, flags)
            .and_then(|dir| Ok(dir.sync_all()?));
        self.later(0, move || empty(done, reply));
    }

    fn readdir(
        &self,
        _: &Request,
        ino: INodeNo,
        _: FileHandle,
        offset: u64,
        mut reply: ReplyDirectory,
    ) {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY;
        let mut dir = match self
            .open_again(ino, flags)
            .map(|dir| fs::Dir::read_from(dir.as_fd()))
        {
            Ok(Ok(dir)) => dir,
            Ok(Err(errno)) => return reply.error(failed(errno)),
            Err(errno) => return reply.error(errno),
        };
        if offset > 0
            && let Err(errno) = dir.seek(offset as i64)
        {
            return reply.error(failed(errno));
        }
        while let Some(entry) = dir.read() {
            let entry = match entry {
                Ok(entry) => entry,
                Err(errno) => return reply.error(failed(errno)),
            };
            let kind = kind(entry.file_type().as_raw_mode());
            let name = OsStr::new(entry.file_name().to_str().unwrap_or_default());
            let name = if name.is_empty() {
                bytes_of(&entry)
            } else {
                name
            };
            if reply.add(INodeNo(entry.ino()), entry.offset() as u64, kind, name) {
                break;
            }
        }
        self.later(0, move || reply.ok());
    }

    fn statfs(&self, _: &Request, ino: INodeNo, reply: ReplyStatfs) {
        let found = self
            .node(ino)
            .and_then(|node| fs::statvfs(way(&node)).map_err(failed));
        self.later(0, move || match found {
            Ok(told) => reply.statfs(
                told.f_blocks,
                told.f_bfree,
                told.f_bavail,
                told.f_files,
                told.f_ffree,
                told.f_bsize as u32,
                told.f_namemax as u32,
                told.f_frsize as u32,
            ),
            Err(errno) => reply.error(errno),
        });
    }

    fn setxattr(
        &self,
        _: &Request,
        ino: INodeNo,
        name: &OsStr,
        value: &[u8],
        flags: i32,
        _: u32,
        reply: ReplyEmpty,
    ) {
        let flags = fs::XattrFlags::from_bits_retain(flags as u32);
        let set = |node: Arc<OwnedFd>| fs::setxattr(way(&node), name, value, flags);
        let done = self.node(ino).and_then(|node| set(node).map_err(failed));
        self.later(0, move || empty(done, reply));
    }

    fn getxattr(&self, _: &Request, ino: INodeNo, name: &OsStr, size: u32, reply: ReplyXattr) {
        let node = match self.node(ino) {
            Ok(node) => node,
            Err(errno) => return reply.error(errno),
        };
        let mut value = vec![0; MAX_XATTR];
        let got = fs::getxattr(way(&node), name, value.as_mut_slice());
        let got = got.map(|got| {
            value.truncate(got);
            value
        });
        self.later(0, move || xattr(got, size, reply));
    }

    fn listxattr(&self, _: &Request, ino: INodeNo, size: u32, reply: ReplyXattr) {
        let node = match self.node(ino) {
            Ok(node) => node,
            Err(errno) => return reply.error(errno),
        };
        let mut list = vec![0; MAX_XATTR];
        let got = fs::listxattr(way(&node), list.as_mut_slice());
        let got = got.map(|got| {
            list.truncate(got);
            list
        });
        self.later(0, move || xattr(got, size, reply));
    }

    fn removexattr(&self, _: &Request, ino: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        let gone = |node: Arc<OwnedFd>| fs::removexattr(way(&node), name);
        let done = self.node(ino).and_then(|node| gone(node).map_err(failed));
        self.later(0, move || empty(done, reply));
    }

    fn lseek(
        &self,
        _: &Request,
        _: INodeNo,
        handle: FileHandle,
        offset: i64,
        whence: i32,
        reply: ReplyLseek,
    ) {
        let to = match whence {
            libc::SEEK_DATA => SeekFrom::Data(offset as u64),
            libc::SEEK_HOLE => SeekFrom::Hole(offset as u64),
            _ => return reply.error(Errno::EINVAL),
        };
        let found = self
            .file(handle)
            .and_then(|file| fs::seek(&*file, to).map_err(failed));
        self.later(0, move || match found {
            Ok(found) => reply.offset(found as i64),
            Err(errno) => reply.error(errno),
        });
    }
}

fn bytes_of(entry: &fs::DirEntry) -> &OsStr {
    use std::os::unix::ffi::OsStrExt;
    OsStr::from_bytes(entry.file_name().to_bytes())
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut delay = Duration::ZERO;
    let mut bandwidth = None;
    let mut paths = Vec::new();
    let mut words = std::env::args_os().skip(1);
    while let Some(word) = words.next() {
        let mut value = || {
            let value = words.next().and_then(|value| value.into_string().ok());
            value.ok_or("an option without its value")
        };
        match word.to_str() {
            Some("--delay") => delay = Duration::from_micros(value()?.parse()?),
            Some("--bandwidth") => bandwidth = Some(haul::units::parse_size(&value()?)?),
            _ => paths.push(PathBuf::from(word)),
        }
    }
    let [backing, mountpoint] = paths.as_slice() else {
        return Err("slowfs [--delay MICROSECONDS] [--bandwidth BYTES] BACKING MOUNTPOINT".into());
    };
    // Every inode that the kernel knows holds a descriptor.
    haul::sys::open_files();
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let root = Arc::new(fs::open(backing, flags, Mode::empty())?);
    let post = Arc::new(Post::default());
    for number in 0..POSTMEN {
        let post = post.clone();
        let name = format!("post-{number}");
        let deliver = move || post.deliver();
        thread::Builder::new().name(name).spawn(deliver)?;
    }
    let slow = Slow {
        post,
        delay,
        bandwidth: bandwidth.filter(|bandwidth| *bandwidth > 0),
        wire: Mutex::new(Instant::now()),
        nodes: Mutex::new(HashMap::from([(1, Node { fd: root, known: 1 })])),
        files: Mutex::new(HashMap::new()),
        next: AtomicU64::new(1),
    };
    let mut config = Config::default();
    config.n_threads = Some(THREADS);
    config.clone_fd = true;
    config.acl = SessionACL::Owner;
    config.mount_options = vec![MountOption::FSName("slowfs".to_owned())];
    fuser::mount(slow, mountpoint, &config)?;
    Ok(())
}
