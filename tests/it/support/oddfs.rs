//! A file system of this process that says untrue things of its files, mounted for a test (FUSE).

use super::skip;
use fuser::{
    BackgroundSession, Config, Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags,
    Generation, INodeNo, LockOwner, MountOption, OpenFlags, ReplyAttr, ReplyData, ReplyDirectory,
    ReplyEntry, ReplyLseek, ReplyOpen, Request,
};
use std::ffi::OsStr;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, UNIX_EPOCH};

/// A file, and what is said of it.
pub struct Odd {
    /// Its name.
    pub name: &'static str,
    /// What is read of it.
    pub bytes: Vec<u8>,
    /// The length that is told.
    pub told: u64,
    /// That it has no blocks, and that nothing is found where data is looked for.
    pub hidden: bool,
    /// What is said to be a hole of it.
    pub hollow: Range<u64>,
    /// It has another length, and says so, after so many more reads: before and after.
    pub moves: Option<(AtomicU32, [usize; 2])>,
    /// What is told of it is remembered by the kernel, and not asked for again.
    pub remembered: bool,
    /// So many times its opening answers ESTALE.
    pub stale_opens: AtomicU32,
    /// So many times its reading does.
    pub stale_reads: AtomicU32,
}

impl Odd {
    /// One of which all is true.
    pub fn new(name: &'static str, bytes: Vec<u8>) -> Self {
        Self {
            name,
            told: bytes.len() as u64,
            bytes,
            hidden: false,
            hollow: 0..0,
            moves: None,
            remembered: false,
            stale_opens: AtomicU32::new(0),
            stale_reads: AtomicU32::new(0),
        }
    }

    /// What there is of it now, and the length that is told.
    fn now(&self) -> (&[u8], u64) {
        let Some((left, [before, after])) = &self.moves else {
            return (&self.bytes, self.told);
        };
        let moved = left.load(Ordering::Relaxed) == 0;
        let len = if moved { *after } else { *before };
        (&self.bytes[..len], len as u64)
    }
}

/// One directory of such files.
struct OddFs(Vec<Odd>);

/// What is remembered is remembered for as long as any test takes.
const REMEMBERED: Duration = Duration::from_secs(3600);

/// True, and once less, while there is something left of it.
fn takes_one(left: &AtomicU32) -> bool {
    let less = |left: u32| left.checked_sub(1);
    left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less)
        .is_ok()
}

impl OddFs {
    fn file(&self, ino: INodeNo) -> Option<&Odd> {
        let at = usize::try_from(u64::from(ino)).ok()?;
        self.0.get(at.checked_sub(2)?)
    }

    fn believed(&self, ino: INodeNo) -> Duration {
        match self.file(ino) {
            Some(file) if file.remembered => REMEMBERED,
            _ => Duration::ZERO,
        }
    }

    fn attr(&self, ino: INodeNo) -> FileAttr {
        let file = self.file(ino);
        let size = file.map_or(0, |file| file.now().1);
        let blocks = match file {
            Some(file) if file.hidden => 0,
            Some(file) => (size - (file.hollow.end - file.hollow.start)).div_ceil(512),
            None => 0,
        };
        FileAttr {
            ino,
            size,
            blocks,
            atime: UNIX_EPOCH,
            mtime: UNIX_EPOCH,
            ctime: UNIX_EPOCH,
            crtime: UNIX_EPOCH,
            kind: file.map_or(FileType::Directory, |_| FileType::RegularFile),
            perm: 0o755,
            nlink: 1,
            uid: rustix::process::geteuid().as_raw(),
            gid: rustix::process::getegid().as_raw(),
            rdev: 0,
            blksize: 4096,
            flags: 0,
        }
    }
}

impl Filesystem for OddFs {
    fn lookup(&self, _: &Request, _: INodeNo, name: &OsStr, reply: ReplyEntry) {
        match self.0.iter().position(|file| OsStr::new(file.name) == name) {
            Some(at) => {
                let ino = INodeNo(at as u64 + 2);
                reply.entry(&self.believed(ino), &self.attr(ino), Generation(0));
            }
            None => reply.error(Errno::ENOENT),
        }
    }

    fn getattr(&self, _: &Request, ino: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        reply.attr(&self.believed(ino), &self.attr(ino));
    }

    fn readdir(
        &self,
        _: &Request,
        _: INodeNo,
        _: FileHandle,
        offset: u64,
        mut reply: ReplyDirectory,
    ) {
        for (at, file) in self.0.iter().enumerate().skip(offset as usize) {
            let ino = INodeNo(at as u64 + 2);
            if reply.add(ino, at as u64 + 1, FileType::RegularFile, file.name) {
                break;
            }
        }
        reply.ok();
    }

    fn open(&self, _: &Request, ino: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        match self.file(ino) {
            Some(file) if takes_one(&file.stale_opens) => reply.error(Errno::ESTALE),
            // Past the page cache: what is read is not cut at the length that is told.
            _ => reply.opened(FileHandle(0), FopenFlags::FOPEN_DIRECT_IO),
        }
    }

    fn read(
        &self,
        _: &Request,
        ino: INodeNo,
        _: FileHandle,
        offset: u64,
        size: u32,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyData,
    ) {
        let Some(file) = self.file(ino) else {
            return reply.error(Errno::EIO);
        };
        if takes_one(&file.stale_reads) {
            return reply.error(Errno::ESTALE);
        }
        let (bytes, _) = file.now();
        let from = bytes.len().min(offset as usize);
        let to = bytes.len().min(from + size as usize);
        reply.data(&bytes[from..to]);
        if let Some((left, _)) = &file.moves {
            takes_one(left);
        }
    }

    fn lseek(
        &self,
        _: &Request,
        ino: INodeNo,
        _: FileHandle,
        offset: i64,
        whence: i32,
        reply: ReplyLseek,
    ) {
        let data = whence == libc::SEEK_DATA;
        let at = offset as u64;
        match self.file(ino) {
            Some(file) if !file.hidden => reply.offset(match &file.hollow {
                hollow if data && hollow.contains(&at) => hollow.end as i64,
                _ if data => offset,
                hollow if hollow.contains(&at) => offset,
                hollow if at < hollow.start => hollow.start as i64,
                _ => file.now().1 as i64,
            }),
            _ => reply.error(Errno::ENXIO),
        }
    }
}

/// Mounts these files until the session is dropped; `None`, said loudly, where there is no FUSE.
pub fn mount(at: &Path, files: Vec<Odd>) -> Option<BackgroundSession> {
    let mut config = Config::default();
    config.mount_options = vec![MountOption::FSName("oddfs".to_owned()), MountOption::RO];
    match fuser::spawn_mount(OddFs(files), at, &config) {
        Ok(session) => Some(session),
        Err(error) => {
            skip(&format!(
                "no file system of our own can be mounted: {error}"
            ));
            None
        }
    }
}

/// Takes them away again. A process that another test is starting may hold something of the mount
/// until it has begun its own program: then it goes when that does.
pub fn unmount(session: BackgroundSession, at: &Path) {
    let Err(error) = session.umount_and_join() else {
        return;
    };
    assert!(detach(at), "not unmounted: {error}");
}

pub fn detach(at: &Path) -> bool {
    let mut ways = [("umount", "-l"), ("fusermount3", "-uz")].into_iter();
    ways.any(|(program, how)| {
        let status = Command::new(program).arg(how).arg(at).status();
        status.is_ok_and(|status| status.success())
    })
}

/// A mount whose server never reads what it is asked: every call on it waits, as on a server that
/// has gone away, until this is dropped.
pub struct Silent {
    // Never run. Dropped while calls wait it would leave the mount behind, and them with it.
    _session: fuser::Session<OddFs>,
    at: PathBuf,
}

impl Drop for Silent {
    fn drop(&mut self) {
        let gone = detach(&self.at);
        assert!(gone || std::thread::panicking(), "it is still mounted");
    }
}

/// Mounts one; `None`, said loudly, where there is no FUSE.
pub fn mount_silent(at: &Path) -> Option<Silent> {
    let mut config = Config::default();
    config.mount_options = vec![MountOption::FSName("silent".to_owned())];
    match fuser::Session::new(OddFs(Vec::new()), at, &config) {
        Ok(session) => Some(Silent {
            _session: session,
            at: at.to_owned(),
        }),
        Err(error) => {
            skip(&format!("no silent file system can be mounted: {error}"));
            None
        }
    }
}
