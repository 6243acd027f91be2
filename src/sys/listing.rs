//! What a pane shows of a directory: its names, the details of some of them, the free space.
//!
//! Names come first and alone (one `getdents64` sweep, no `stat` a name), so that a directory of a
//! hundred thousand entries appears at once; details are asked for by name, for the rows in view.
//! Never follows a link below the directory. Every call may hang on a dead mount: callers give each
//! pane a thread that nothing waits for.

use crate::sequence;
use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, RawDir, openat, statat, statvfs};
use rustix::io::Errno;
use std::ffi::OsStr;
use std::io;
use std::mem::MaybeUninit;
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// What a name is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A directory.
    Dir,
    /// A regular file.
    File,
    /// A symbolic link, to whatever.
    Link,
    /// A socket, a pipe, a device.
    Special,
    /// Not told by the file system yet.
    Unknown,
}

impl Kind {
    fn of(kind: FileType) -> Self {
        match kind {
            FileType::Directory => Self::Dir,
            FileType::RegularFile => Self::File,
            FileType::Symlink => Self::Link,
            FileType::Unknown => Self::Unknown,
            _ => Self::Special,
        }
    }
}

/// The names of a directory, one after the other in one piece of memory: a million of them cost
/// their bytes and five more each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    bytes: Vec<u8>,
    ends: Vec<u32>,
    kinds: Vec<Kind>,
}

impl Names {
    /// Adds a name; false when there is no room: four gibibytes of names, or four billion.
    #[must_use]
    pub fn push(&mut self, name: &[u8], kind: Kind) -> bool {
        let Ok(end) = u32::try_from(self.bytes.len() + name.len()) else {
            return false;
        };
        self.bytes.extend_from_slice(name);
        self.ends.push(end);
        self.kinds.push(kind);
        true
    }

    /// How many.
    pub const fn len(&self) -> usize {
        self.ends.len()
    }

    /// True when there is none.
    pub const fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The bytes of one, in the order they were added; empty for one that is not there.
    pub fn get(&self, at: u32) -> &[u8] {
        let at = at as usize;
        let from = match at.checked_sub(1) {
            Some(before) => self.ends.get(before).copied().unwrap_or(0) as usize,
            None => 0,
        };
        let to = self.ends.get(at).copied().unwrap_or(0) as usize;
        self.bytes.get(from..to).unwrap_or_default()
    }

    /// What one is.
    pub fn kind(&self, at: u32) -> Kind {
        self.kinds
            .get(at as usize)
            .copied()
            .unwrap_or(Kind::Unknown)
    }
}

impl<'a> FromIterator<(&'a [u8], Kind)> for Names {
    /// What finds no room is left out; only [`Names::push`] can tell.
    fn from_iter<T: IntoIterator<Item = (&'a [u8], Kind)>>(names: T) -> Self {
        let mut all = Self::default();
        let mut room = true;
        for (name, kind) in names {
            room = room && all.push(name, kind);
        }
        all
    }
}

impl sequence::Names for Names {
    fn count(&self) -> usize {
        self.len()
    }

    fn name(&self, at: u32) -> &[u8] {
        self.get(at)
    }

    fn role(&self, at: u32) -> sequence::Role {
        match self.kind(at) {
            Kind::File => sequence::Role::File,
            Kind::Link | Kind::Unknown => sequence::Role::Perhaps,
            Kind::Dir | Kind::Special => sequence::Role::Never,
        }
    }
}

/// Details of one name, of the link itself where it is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Details {
    /// What it is.
    pub kind: Kind,
    /// Size in bytes.
    pub size: u64,
    /// Modification time, seconds since the epoch.
    pub mtime: i64,
}

/// Room on a file system, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// Free for this user.
    pub free: u64,
    /// In all.
    pub total: u64,
}

/// Bytes one `getdents64` may return: large, as each call is a round trip on a network mount.
const SWEEP: usize = 256 * 1024;

/// Every name of the directory but `.` and `..`, in the kernel's order.
///
/// `progress` is shown what was read after each sweep and may stop the listing, which then ends as
/// [`io::ErrorKind::Interrupted`].
pub fn names(dir: &Path, mut progress: impl FnMut(&Names) -> ControlFlow<()>) -> io::Result<Names> {
    let fd = openat(
        CWD,
        dir,
        OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NONBLOCK,
        Mode::empty(),
    )?;
    let mut buffer: Vec<MaybeUninit<u8>> = Vec::new();
    buffer.resize(SWEEP, MaybeUninit::uninit());
    let mut sweep = RawDir::new(&fd, &mut buffer);
    let mut names = Names::default();
    while let Some(entry) = sweep.next() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(Errno::INTR) => continue,
            Err(errno) => return Err(errno.into()),
        };
        let bytes = entry.file_name().to_bytes();
        if bytes != b"." && bytes != b".." && !names.push(bytes, Kind::of(entry.file_type())) {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        if sweep.is_buffer_empty() && progress(&names).is_break() {
            return Err(io::ErrorKind::Interrupted.into());
        }
    }
    Ok(names)
}

/// Details of the given names, in their order; `None` for one that is gone or may not be asked.
///
/// `go_on` is asked before each; the answer is short once it says no.
pub fn details<'a>(
    dir: &Path,
    names: impl Iterator<Item = &'a [u8]>,
    mut go_on: impl FnMut() -> bool,
) -> io::Result<Vec<Option<Details>>> {
    let fd = openat(
        CWD,
        dir,
        OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC,
        Mode::empty(),
    )?;
    let mut found = Vec::new();
    for name in names {
        if !go_on() {
            break;
        }
        // NO_AUTOMOUNT: looking at a directory of mount points must not mount them all.
        let flags = AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT;
        found.push(
            statat(&fd, OsStr::from_bytes(name), flags)
                .ok()
                .map(|stat| Details {
                    kind: Kind::of(FileType::from_raw_mode(stat.st_mode)),
                    size: stat.st_size as u64,
                    mtime: stat.st_mtime,
                }),
        );
    }
    Ok(found)
}

/// Room on the file system that holds the path.
pub fn space(path: &Path) -> io::Result<Space> {
    let room = statvfs(path)?;
    Ok(Space {
        free: room.f_bavail.saturating_mul(room.f_frsize),
        total: room.f_blocks.saturating_mul(room.f_frsize),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_with_kinds_and_hidden_ones() {
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::write(dir.path().join(".hidden"), b"12345").expect("written");
        std::fs::write(dir.path().join(OsStr::from_bytes(b"a\xff\n")), b"").expect("written");
        std::fs::create_dir(dir.path().join("sub")).expect("made");
        std::os::unix::fs::symlink("/nowhere", dir.path().join("link")).expect("linked");
        let names = names(dir.path(), |_| ControlFlow::Continue(())).expect("listed");
        let mut seen: Vec<(&[u8], Kind)> = (0..names.len() as u32)
            .map(|at| (names.get(at), names.kind(at)))
            .collect();
        seen.sort_by_key(|(name, _)| *name);
        assert_eq!(
            seen,
            [
                (&b".hidden"[..], Kind::File),
                (b"a\xff\n", Kind::File),
                (b"link", Kind::Link),
                (b"sub", Kind::Dir),
            ]
        );
        let asked = [&b".hidden"[..], b"gone", b"link"];
        let found = details(dir.path(), asked.into_iter(), || true).expect("asked");
        assert_eq!(found[0].map(|d| (d.kind, d.size)), Some((Kind::File, 5)));
        assert_eq!(found[1], None);
        assert_eq!(found[2].map(|d| d.kind), Some(Kind::Link));
    }

    #[test]
    fn a_file_is_not_a_directory() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let error = names(file.path(), |_| ControlFlow::Continue(())).expect_err("refused");
        assert_eq!(error.kind(), io::ErrorKind::NotADirectory);
    }

    #[test]
    fn a_listing_can_be_stopped() {
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::write(dir.path().join("one"), b"").expect("written");
        let error = names(dir.path(), |_| ControlFlow::Break(())).expect_err("stopped");
        assert_eq!(error.kind(), io::ErrorKind::Interrupted);
    }
}
