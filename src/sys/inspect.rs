//! Everything the kernel tells of one entry, for the panel that shows it.
//!
//! By descriptor of the directory and one component; no link is followed but to say what it leads
//! to, no file is opened but to ask where its holes and shared blocks are. Every call may hang on a
//! dead mount: callers give them a thread that nothing waits for.

pub use super::{Kind, Stat, Time};
use super::{Real, Sys};
use crate::clock;
use rustix::fs::{
    AtFlags, CWD, Mode, OFlags, SeekFrom, major, minor, openat, readlinkat, seek, statat,
};
use rustix::io::Errno;
use std::ffi::CString;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::time::Duration;

/// What is known of an entry without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspected {
    /// Its metadata; of the link itself where it is one.
    pub stat: Stat,
    /// The owner's name; `None` where the system knows none.
    pub owner: Option<String>,
    /// The group's name.
    pub group: Option<String>,
    /// The numbers of a device node; `None` for what is none.
    pub device: Option<(u32, u32)>,
    /// Where a link points, as it is written, and what is there; `None` for what is no link.
    pub link: Option<Link>,
    /// Extended attributes with the lengths of their values, or why they cannot be told.
    pub xattrs: Result<Vec<Attribute>, String>,
}

/// Where a link points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// As it is written.
    pub target: Box<[u8]>,
    /// What is there, or why nothing can be found.
    pub leads: Result<Kind, String>,
}

/// An extended attribute.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Attribute {
    /// Its name, with the part before the first dot.
    pub name: Box<[u8]>,
    /// Bytes of its value.
    pub len: u64,
}

/// Where a file has no blocks, and where it shares them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extents {
    /// Stretches without data (`SEEK_HOLE`), that behind the last data included.
    pub holes: u64,
    /// Their bytes.
    pub hole_bytes: u64,
    /// Extents (`FIEMAP`); `None` where the file system does not tell of them.
    pub mapped: Option<Mapped>,
    /// False where looking was given up half way: the figures are then the least there is.
    pub complete: bool,
}

/// The extents of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mapped {
    /// How many.
    pub extents: u64,
    /// Of these: shared with another file, or with another place of this one.
    pub shared: u64,
    /// Bytes of the shared ones.
    pub shared_bytes: u64,
}

/// How long the extents of one file may be looked for.
const PATIENCE: Duration = Duration::from_secs(3);

fn component(name: &[u8]) -> io::Result<CString> {
    if super::edit::is_name(name) {
        CString::new(name).map_err(|_| io::ErrorKind::InvalidInput.into())
    } else {
        Err(io::ErrorKind::InvalidInput.into())
    }
}

fn directory(dir: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(openat(CWD, dir, flags, Mode::empty())?)
}

/// Asks everything about an entry of a directory but what is in it.
pub fn inspect(dir: &Path, name: &[u8]) -> io::Result<Inspected> {
    let (dir, name) = (directory(dir)?, component(name)?);
    let flags = AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT;
    let stat = Stat::from(statat(&dir, &name, flags)?);
    let link = if stat.kind == Kind::Link {
        let target = readlinkat(&dir, &name, Vec::new())?;
        let leads = statat(&dir, &name, AtFlags::NO_AUTOMOUNT);
        let leads = leads.map(|stat| Stat::from(stat).kind).map_err(words);
        Some(Link {
            target: target.into_bytes().into(),
            leads,
        })
    } else {
        None
    };
    let device =
        matches!(stat.kind, Kind::Char | Kind::Block).then(|| (major(stat.rdev), minor(stat.rdev)));
    Ok(Inspected {
        device,
        owner: user(stat.uid),
        group: group(stat.gid),
        xattrs: xattrs(dir.as_fd(), &name).map_err(words),
        stat,
        link,
    })
}

fn xattrs(dir: BorrowedFd<'_>, name: &CString) -> Result<Vec<Attribute>, Errno> {
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let place = openat(dir, name, flags, Mode::empty())?;
    let list = Real.list_xattrs_of(place.as_fd())?;
    let mut found = Vec::new();
    for attribute in list
        .split(|byte| *byte == 0)
        .filter(|name| !name.is_empty())
    {
        let Ok(known) = CString::new(attribute) else {
            continue;
        };
        match Real.get_xattr_of(place.as_fd(), &known) {
            Ok(value) => found.push(Attribute {
                name: attribute.into(),
                len: value.len() as u64,
            }),
            // Gone since it was listed.
            Err(Errno::NODATA) => {}
            Err(errno) => return Err(errno),
        }
    }
    found.sort();
    Ok(found)
}

/// A directory service that does not answer knows as little as one that never heard of the number:
/// the number is shown then.
fn user(uid: u32) -> Option<String> {
    let user = nix::unistd::User::from_uid(uid.into()).ok()??;
    Some(user.name)
}

fn group(gid: u32) -> Option<String> {
    let group = nix::unistd::Group::from_gid(gid.into()).ok()??;
    Some(group.name)
}

fn words(errno: Errno) -> String {
    super::probe::words(errno)
}

/// Looks where a regular file has holes and shared blocks, for at most 3 s and only while `go_on`
/// says so.
pub fn extents(dir: &Path, name: &[u8], mut go_on: impl FnMut() -> bool) -> io::Result<Extents> {
    let (dir, name) = (directory(dir)?, component(name)?);
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = openat(&dir, &name, flags | OFlags::CLOEXEC, Mode::empty())?;
    let stat = Stat::from(rustix::fs::fstat(&file)?);
    if stat.kind != Kind::File {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let since = clock::now();
    let mut go_on = || since.elapsed() < PATIENCE && go_on();
    let mut found = Extents {
        complete: true,
        ..Extents::default()
    };
    holes(&file, stat.size, &mut found, &mut go_on)?;
    found.mapped = match mapped(&file, &mut found.complete, &mut go_on) {
        Ok(mapped) => Some(mapped),
        Err(Errno::OPNOTSUPP | Errno::NOTTY | Errno::INVAL | Errno::NOSYS | Errno::PERM) => None,
        Err(errno) => return Err(errno.into()),
    };
    Ok(found)
}

fn holes(
    file: &OwnedFd,
    size: u64,
    found: &mut Extents,
    go_on: &mut impl FnMut() -> bool,
) -> io::Result<()> {
    let mut at = 0;
    while at < size {
        if !go_on() {
            found.complete = false;
            break;
        }
        let hole = match seek(file, SeekFrom::Hole(at)) {
            Ok(hole) => hole.min(size),
            // The file has become shorter.
            Err(Errno::NXIO) => break,
            Err(errno) => return Err(errno.into()),
        };
        if hole >= size {
            break;
        }
        let data = match seek(file, SeekFrom::Data(hole)) {
            Ok(data) => data.clamp(hole, size),
            Err(Errno::NXIO) => size,
            Err(errno) => return Err(errno.into()),
        };
        if data > hole {
            found.holes += 1;
            found.hole_bytes += data - hole;
        }
        at = data.max(at + 1);
    }
    Ok(())
}

/// `struct fiemap_extent` of `linux/fiemap.h`.
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct FiemapExtent {
    logical: u64,
    physical: u64,
    length: u64,
    reserved64: [u64; 2],
    flags: u32,
    reserved: [u32; 3],
}

/// `struct fiemap` of `linux/fiemap.h`, without its extents.
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct FiemapHead {
    start: u64,
    length: u64,
    flags: u32,
    mapped: u32,
    count: u32,
    reserved: u32,
}

/// Extents asked for at a time.
const BATCH: usize = 256;

/// A request with room for the answer.
#[repr(C)]
struct Fiemap {
    head: FiemapHead,
    extents: [FiemapExtent; BATCH],
}

/// `FIEMAP_EXTENT_LAST`
const LAST: u32 = 0x1;
/// `FIEMAP_EXTENT_SHARED`
const SHARED: u32 = 0x2000;

fn mapped(
    file: &OwnedFd,
    complete: &mut bool,
    go_on: &mut impl FnMut() -> bool,
) -> Result<Mapped, Errno> {
    let mut found = Mapped::default();
    let mut request = Fiemap {
        head: FiemapHead::default(),
        extents: [FiemapExtent::default(); BATCH],
    };
    let mut start = 0;
    loop {
        if !go_on() {
            *complete = false;
            return Ok(found);
        }
        request.head = FiemapHead {
            start,
            length: u64::MAX - start,
            count: BATCH as u32,
            ..FiemapHead::default()
        };
        let code = rustix::ioctl::opcode::read_write::<FiemapHead>(b'f', 11);
        #[allow(
            clippy::cast_lossless,
            clippy::unnecessary_cast,
            reason = "the C libraries differ in the type of the code"
        )]
        // SAFETY: FS_IOC_FIEMAP reads a `struct fiemap` and writes it and at most `count` extents
        // behind it, for which `request` has room; the descriptor is open.
        let result =
            unsafe { libc::ioctl(file.as_raw_fd(), code as libc::Ioctl, &raw mut request) };
        if result < 0 {
            let errno = io::Error::last_os_error().raw_os_error();
            return Err(Errno::from_raw_os_error(errno.unwrap_or(0)));
        }
        let count = (request.head.mapped as usize).min(BATCH);
        for extent in &request.extents[..count] {
            found.extents += 1;
            if extent.flags & SHARED != 0 {
                found.shared += 1;
                found.shared_bytes += extent.length;
            }
            start = extent.logical.saturating_add(extent.length);
        }
        let last = request.extents[..count].last();
        if last.is_none_or(|extent| extent.flags & LAST != 0 || extent.length == 0) {
            return Ok(found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, File};
    use std::os::unix::fs::{FileExt, PermissionsExt, symlink};

    #[test]
    fn everything_about_a_file_and_a_link_is_told() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("a\n.exr");
        fs::write(&path, b"12345").expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o2640)).expect("set");
        let told = inspect(dir.path(), b"a\n.exr").expect("told");
        assert_eq!(
            (told.stat.kind, told.stat.size, told.stat.mode, told.link),
            (Kind::File, 5, 0o2640, None)
        );
        if told.stat.uid == 0 {
            assert_eq!(told.owner.as_deref(), Some("root"));
        }
        symlink("a\n.exr", dir.path().join("good")).expect("linked");
        symlink("/no/where", dir.path().join("broken")).expect("linked");
        let good = inspect(dir.path(), b"good").expect("told");
        assert_eq!(good.stat.kind, Kind::Link);
        assert_eq!(
            good.link,
            Some(Link {
                target: Box::from(&b"a\n.exr"[..]),
                leads: Ok(Kind::File),
            })
        );
        let broken = inspect(dir.path(), b"broken").expect("told").link;
        let broken = broken.expect("a link");
        assert_eq!(&*broken.target, b"/no/where");
        assert_eq!(broken.leads, Err("No such file or directory".to_string()));
        for name in [&b"gone"[..], b"..", b"a/b", b""] {
            assert!(inspect(dir.path(), name).is_err());
        }
    }

    #[test]
    fn attributes_are_named_with_their_lengths() {
        let dir = tempfile::tempdir().expect("a directory");
        fs::write(dir.path().join("a"), b"").expect("written");
        let set = rustix::fs::setxattr(
            dir.path().join("a"),
            "user.shot",
            b"sh010",
            rustix::fs::XattrFlags::empty(),
        );
        if set == Err(Errno::OPNOTSUPP) {
            return;
        }
        let told = inspect(dir.path(), b"a")
            .expect("told")
            .xattrs
            .expect("told");
        let set = Attribute {
            name: Box::from(&b"user.shot"[..]),
            len: 5,
        };
        assert!(told.contains(&set), "{told:?}");
    }

    #[test]
    fn holes_are_counted_with_their_bytes() {
        let dir = tempfile::tempdir().expect("a directory");
        let file = File::create(dir.path().join("a")).expect("made");
        let block = 1 << 20;
        file.set_len(8 * block).expect("grown");
        for at in [1, 4] {
            file.write_all_at(&[7; 4096], at * block).expect("written");
        }
        file.sync_all().expect("flushed");
        let found = extents(dir.path(), b"a", || true).expect("looked");
        assert!(found.complete);
        assert_eq!((found.holes, found.hole_bytes), (3, 8 * block - 2 * 4096));
        if let Some(mapped) = found.mapped {
            assert_eq!((mapped.extents, mapped.shared), (2, 0));
        }
        let stopped = extents(dir.path(), b"a", || false).expect("looked");
        assert_eq!((stopped.complete, stopped.holes), (false, 0));
        let full = File::create(dir.path().join("full")).expect("made");
        full.write_all_at(&[7; 10_000], 0).expect("written");
        let found = extents(dir.path(), b"full", || true).expect("looked");
        assert_eq!((found.holes, found.hole_bytes), (0, 0));
        symlink("a", dir.path().join("link")).expect("linked");
        assert!(extents(dir.path(), b"link", || true).is_err());
    }
}
