//! A file system as other systems have it, of this process (FUSE): it takes names that differ in
//! case for one, refuses some names and large files, and knows times to two seconds.

use super::skip;
use fuser::{
    BackgroundSession, Config, Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags,
    Generation, INodeNo, MountOption, OpenFlags, RenameFlags, ReplyAttr, ReplyCreate, ReplyData,
    ReplyDirectory, ReplyEmpty, ReplyEntry, ReplyOpen, ReplyWrite, Request, TimeOrNow, WriteFlags,
};
use std::collections::{BTreeMap, HashMap};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// In which ways it is foreign, besides the case of names.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ways {
    /// FAT's: no links, no owners, no `:` nor `?` in a name and no dot at its end, times to two
    /// seconds, no name kept while another is given (`RENAME_NOREPLACE`).
    pub fat: bool,
    /// The longest file.
    pub limit: Option<u64>,
}

#[derive(Debug)]
enum Content {
    File(Vec<u8>),
    Link(Vec<u8>),
    /// By the names in lower case, as they were given.
    Dir(BTreeMap<Vec<u8>, (OsString, u64)>),
}

#[derive(Debug)]
struct Node {
    content: Content,
    mode: u32,
    owner: (u32, u32),
    links: u32,
    modified: SystemTime,
    accessed: SystemTime,
}

struct Foreign {
    ways: Ways,
    nodes: Mutex<(u64, HashMap<u64, Node>)>,
}

type Nodes<'a> = MutexGuard<'a, (u64, HashMap<u64, Node>)>;

const NOW: Duration = Duration::ZERO;

fn folded(name: &OsStr) -> Vec<u8> {
    name.as_bytes().to_ascii_lowercase()
}

impl Node {
    fn new(content: Content, mode: u32) -> Self {
        let now = SystemTime::now();
        Self {
            content,
            mode: mode & 0o7777,
            owner: (0, 0),
            links: 1,
            modified: now,
            accessed: now,
        }
    }

    fn attr(&self, ino: u64) -> FileAttr {
        let (kind, size) = match &self.content {
            Content::File(bytes) => (FileType::RegularFile, bytes.len()),
            Content::Link(target) => (FileType::Symlink, target.len()),
            Content::Dir(_) => (FileType::Directory, 0),
        };
        FileAttr {
            ino: INodeNo(ino),
            size: size as u64,
            blocks: (size as u64).div_ceil(512),
            atime: self.accessed,
            mtime: self.modified,
            ctime: self.modified,
            crtime: UNIX_EPOCH,
            kind,
            perm: self.mode as u16,
            nlink: self.links,
            uid: self.owner.0,
            gid: self.owner.1,
            rdev: 0,
            blksize: 4096,
            flags: 0,
        }
    }
}

impl Foreign {
    fn lock(&self) -> Nodes<'_> {
        self.nodes.lock().expect("whole")
    }

    fn may_be(&self, name: &OsStr) -> Result<(), Errno> {
        let bytes = name.as_bytes();
        let bad = bytes.iter().any(|byte| b":?*\"<>|\\".contains(byte));
        if self.ways.fat && (bad || bytes.ends_with(b".") || bytes.ends_with(b" ")) {
            return Err(Errno::EINVAL);
        }
        Ok(())
    }

    fn time(&self, wanted: TimeOrNow) -> SystemTime {
        let time = match wanted {
            TimeOrNow::SpecificTime(time) => time,
            TimeOrNow::Now => SystemTime::now(),
        };
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        if self.ways.fat {
            UNIX_EPOCH + Duration::from_secs(since.as_secs() / 2 * 2)
        } else {
            time
        }
    }

    /// Gives an inode a name that nothing has yet.
    fn enter(nodes: &mut Nodes<'_>, dir: u64, name: &OsStr, ino: u64) -> Result<(), Errno> {
        let names = names(nodes, dir)?;
        if names.contains_key(&folded(name)) {
            return Err(Errno::EEXIST);
        }
        names.insert(folded(name), (name.to_owned(), ino));
        Ok(())
    }

    fn make(&self, dir: INodeNo, name: &OsStr, node: Node) -> Result<FileAttr, Errno> {
        self.may_be(name)?;
        let mut nodes = self.lock();
        nodes.0 += 1;
        let ino = nodes.0;
        Self::enter(&mut nodes, dir.0, name, ino)?;
        let attr = node.attr(ino);
        nodes.1.insert(ino, node);
        Ok(attr)
    }

    fn look(&self, dir: INodeNo, name: &OsStr) -> Result<FileAttr, Errno> {
        let mut nodes = self.lock();
        let (_, ino) = *names(&mut nodes, dir.0)?
            .get(&folded(name))
            .map(|(name, ino)| (name.clone(), *ino))
            .as_ref()
            .ok_or(Errno::ENOENT)?;
        nodes
            .1
            .get(&ino)
            .map(|node| node.attr(ino))
            .ok_or(Errno::ENOENT)
    }

    fn take(&self, dir: INodeNo, name: &OsStr) -> Result<(), Errno> {
        let mut nodes = self.lock();
        let taken = names(&mut nodes, dir.0)?.remove(&folded(name));
        let (_, ino) = taken.ok_or(Errno::ENOENT)?;
        if let Some(node) = nodes.1.get_mut(&ino) {
            // What is open goes on; nothing is let go before the mount is.
            node.links = node.links.saturating_sub(1);
        }
        Ok(())
    }

    fn give(
        &self,
        (dir, name): (INodeNo, &OsStr),
        (to, new): (INodeNo, &OsStr),
        flags: RenameFlags,
    ) -> Result<(), Errno> {
        self.may_be(new)?;
        if self.ways.fat && !flags.is_empty() {
            return Err(Errno::EINVAL);
        }
        let mut nodes = self.lock();
        let there = names(&mut nodes, to.0)?.contains_key(&folded(new));
        if there && flags.contains(RenameFlags::RENAME_NOREPLACE) {
            return Err(Errno::EEXIST);
        }
        let taken = names(&mut nodes, dir.0)?.remove(&folded(name));
        let (_, ino) = taken.ok_or(Errno::ENOENT)?;
        let names = names(&mut nodes, to.0)?;
        // Another that had the name keeps how it was written, as vfat and NTFS do.
        let written = names
            .remove(&folded(new))
            .map_or(new.to_owned(), |(known, _)| known);
        names.insert(folded(new), (written, ino));
        Ok(())
    }
}

fn names<'a>(
    nodes: &'a mut Nodes<'_>,
    dir: u64,
) -> Result<&'a mut BTreeMap<Vec<u8>, (OsString, u64)>, Errno> {
    match nodes.1.get_mut(&dir).map(|node| &mut node.content) {
        Some(Content::Dir(names)) => Ok(names),
        Some(_) => Err(Errno::ENOTDIR),
        None => Err(Errno::ENOENT),
    }
}

fn entry(made: Result<FileAttr, Errno>, reply: ReplyEntry) {
    match made {
        Ok(attr) => reply.entry(&NOW, &attr, Generation(0)),
        Err(errno) => reply.error(errno),
    }
}

fn empty(done: Result<(), Errno>, reply: ReplyEmpty) {
    match done {
        Ok(()) => reply.ok(),
        Err(errno) => reply.error(errno),
    }
}

impl Filesystem for Foreign {
    fn lookup(&self, _: &Request, dir: INodeNo, name: &OsStr, reply: ReplyEntry) {
        entry(self.look(dir, name), reply);
    }

    fn getattr(&self, _: &Request, ino: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        match self.lock().1.get(&ino.0) {
            Some(node) => reply.attr(&NOW, &node.attr(ino.0)),
            None => reply.error(Errno::ENOENT),
        }
    }

    fn setattr(
        &self,
        _: &Request,
        ino: INodeNo,
        mode: Option<u32>,
        uid: Option<u32>,
        gid: Option<u32>,
        size: Option<u64>,
        accessed: Option<TimeOrNow>,
        modified: Option<TimeOrNow>,
        _: Option<SystemTime>,
        _: Option<FileHandle>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<fuser::BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        if self.ways.fat && (uid.is_some() || gid.is_some()) {
            return reply.error(Errno::EPERM);
        }
        if size.is_some_and(|size| self.ways.limit.is_some_and(|limit| size > limit)) {
            return reply.error(Errno::EFBIG);
        }
        let mut nodes = self.lock();
        let Some(node) = nodes.1.get_mut(&ino.0) else {
            return reply.error(Errno::ENOENT);
        };
        node.mode = mode.map_or(node.mode, |mode| mode & 0o7777);
        node.owner.0 = uid.unwrap_or(node.owner.0);
        node.owner.1 = gid.unwrap_or(node.owner.1);
        if let (Some(size), Content::File(bytes)) = (size, &mut node.content) {
            bytes.resize(size as usize, 0);
        }
        if let Some(time) = accessed {
            node.accessed = self.time(time);
        }
        if let Some(time) = modified {
            node.modified = self.time(time);
        }
        reply.attr(&NOW, &node.attr(ino.0));
    }

    fn mkdir(&self, _: &Request, dir: INodeNo, name: &OsStr, mode: u32, _: u32, reply: ReplyEntry) {
        let node = Node::new(Content::Dir(BTreeMap::new()), mode);
        entry(self.make(dir, name, node), reply);
    }

    fn symlink(&self, _: &Request, dir: INodeNo, name: &OsStr, target: &Path, reply: ReplyEntry) {
        if self.ways.fat {
            return reply.error(Errno::EPERM);
        }
        let target = target.as_os_str().as_bytes().to_vec();
        entry(
            self.make(dir, name, Node::new(Content::Link(target), 0o777)),
            reply,
        );
    }

    fn readlink(&self, _: &Request, ino: INodeNo, reply: ReplyData) {
        match self.lock().1.get(&ino.0).map(|node| &node.content) {
            Some(Content::Link(target)) => reply.data(target),
            _ => reply.error(Errno::EINVAL),
        }
    }

    fn link(&self, _: &Request, ino: INodeNo, dir: INodeNo, name: &OsStr, reply: ReplyEntry) {
        if self.ways.fat {
            return reply.error(Errno::EPERM);
        }
        let mut nodes = self.lock();
        let entered = Self::enter(&mut nodes, dir.0, name, ino.0);
        let linked = entered.and_then(|()| {
            let node = nodes.1.get_mut(&ino.0).ok_or(Errno::ENOENT)?;
            node.links += 1;
            Ok(node.attr(ino.0))
        });
        entry(linked, reply);
    }

    fn unlink(&self, _: &Request, dir: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        empty(self.take(dir, name), reply);
    }

    fn rmdir(&self, _: &Request, dir: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        empty(self.take(dir, name), reply);
    }

    fn rename(
        &self,
        _: &Request,
        dir: INodeNo,
        name: &OsStr,
        to: INodeNo,
        new: &OsStr,
        flags: RenameFlags,
        reply: ReplyEmpty,
    ) {
        empty(self.give((dir, name), (to, new), flags), reply);
    }

    fn create(
        &self,
        _: &Request,
        dir: INodeNo,
        name: &OsStr,
        mode: u32,
        _: u32,
        _: i32,
        reply: ReplyCreate,
    ) {
        match self.make(dir, name, Node::new(Content::File(Vec::new()), mode)) {
            Ok(attr) => {
                let flags = FopenFlags::empty();
                reply.created(&NOW, &attr, Generation(0), FileHandle(0), flags);
            }
            Err(errno) => reply.error(errno),
        }
    }

    fn open(&self, _: &Request, _: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        reply.opened(FileHandle(0), FopenFlags::empty());
    }

    fn read(
        &self,
        _: &Request,
        ino: INodeNo,
        _: FileHandle,
        offset: u64,
        size: u32,
        _: OpenFlags,
        _: Option<fuser::LockOwner>,
        reply: ReplyData,
    ) {
        match self.lock().1.get(&ino.0).map(|node| &node.content) {
            Some(Content::File(bytes)) => {
                let from = bytes.len().min(offset as usize);
                let to = bytes.len().min(from + size as usize);
                reply.data(&bytes[from..to]);
            }
            _ => reply.error(Errno::EISDIR),
        }
    }

    fn write(
        &self,
        _: &Request,
        ino: INodeNo,
        _: FileHandle,
        offset: u64,
        data: &[u8],
        _: WriteFlags,
        _: OpenFlags,
        _: Option<fuser::LockOwner>,
        reply: ReplyWrite,
    ) {
        let end = offset + data.len() as u64;
        if self.ways.limit.is_some_and(|limit| end > limit) {
            return reply.error(Errno::EFBIG);
        }
        let mut nodes = self.lock();
        match nodes.1.get_mut(&ino.0).map(|node| &mut node.content) {
            Some(Content::File(bytes)) => {
                let end = bytes.len().max(end as usize);
                bytes.resize(end, 0);
                bytes[offset as usize..][..data.len()].copy_from_slice(data);
                reply.written(data.len() as u32);
            }
            _ => reply.error(Errno::EISDIR),
        }
    }

    fn readdir(
        &self,
        _: &Request,
        ino: INodeNo,
        _: FileHandle,
        offset: u64,
        mut reply: ReplyDirectory,
    ) {
        let nodes = self.lock();
        if let Some(Content::Dir(names)) = nodes.1.get(&ino.0).map(|node| &node.content) {
            for (at, (name, ino)) in names.values().enumerate().skip(offset as usize) {
                let kind = nodes.1.get(ino).map(|node| node.attr(*ino).kind);
                let kind = kind.unwrap_or(FileType::RegularFile);
                if reply.add(INodeNo(*ino), at as u64 + 1, kind, name) {
                    break;
                }
            }
        }
        reply.ok();
    }
}

/// Mounts an empty one until the session is dropped; `None`, said loudly, where there is no FUSE.
pub fn mount(at: &Path, ways: Ways) -> Option<BackgroundSession> {
    let root = Node::new(Content::Dir(BTreeMap::new()), 0o755);
    let nodes = Mutex::new((1, HashMap::from([(1, root)])));
    let mut config = Config::default();
    config.mount_options = vec![MountOption::FSName("foreign".to_owned())];
    match fuser::spawn_mount(Foreign { ways, nodes }, at, &config) {
        Ok(session) => Some(session),
        Err(error) => {
            skip(&format!("no foreign file system can be mounted: {error}"));
            None
        }
    }
}
