//! Trying out what a directory's file system can do, without leaving anything in it.

use super::super::ring::Kernel;
use super::super::{Caching, Errno, Layout, Ring, SysResult, Transfer, Way};
use super::words;
use rustix::fs::{
    AtFlags, FlockOperation, MemfdFlags, Mode, OFlags, SeekFrom, StatxFlags, XattrFlags,
    copy_file_range, fgetxattr, flock, fsetxattr, fstat, ftruncate, ioctl_ficlone, memfd_create,
    openat, seek, statat, statx, unlinkat,
};
use rustix::io::pwrite;
use serde::Serialize;
use std::ffi::{CStr, CString};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

/// Bytes that the trials move: whole blocks everywhere.
const PIECE: usize = 64 * 1024;

/// Length of the file with a hole: more than the largest block in use.
const HOLLOW: u64 = 16 * 1024 * 1024;

/// How a trial ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Trial {
    /// Whether it works; `None` when that could not be found out.
    pub works: Option<bool>,
    /// More, or why; may be empty.
    pub detail: String,
}

impl Trial {
    fn yes(detail: impl Into<String>) -> Self {
        Self {
            works: Some(true),
            detail: detail.into(),
        }
    }

    fn no(detail: impl Into<String>) -> Self {
        Self {
            works: Some(false),
            detail: detail.into(),
        }
    }

    fn failed(errno: Errno) -> Self {
        let refused = matches!(
            errno,
            Errno::OPNOTSUPP | Errno::NOTTY | Errno::NOSYS | Errno::INVAL | Errno::XDEV
        );
        Self {
            // A full disk says nothing about what the file system can do.
            works: refused.then_some(false),
            detail: words(errno),
        }
    }

    fn of(result: SysResult<Self>) -> Self {
        result.unwrap_or_else(Self::failed)
    }
}

/// What works in a directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Trials {
    /// Sharing blocks between two files.
    pub reflink: Trial,
    /// Copying inside the kernel, or on the server.
    pub copy_file_range: Trial,
    /// Reading and writing past the page cache.
    pub o_direct: Trial,
    /// Attributes of the user's own.
    pub user_xattrs: Trial,
    /// Access control lists of POSIX.
    pub posix_acls: Trial,
    /// Holes, and telling where they are.
    pub holes: Trial,
    /// Names that differ in case only are two names.
    pub case_sensitive: Trial,
    /// Locks on whole files.
    pub flock: Trial,
}

/// Tries everything; an error when no file can be made there.
pub fn all(dir: BorrowedFd<'_>, name: &mut dyn FnMut() -> CString) -> SysResult<Trials> {
    let source = nameless(dir, name)?;
    let target = nameless(dir, name)?;
    let filled = fill(source.as_fd());
    let with_bytes = |trial: fn(BorrowedFd<'_>, BorrowedFd<'_>) -> SysResult<Trial>| {
        Trial::of(filled.and_then(|()| trial(source.as_fd(), target.as_fd())))
    };
    Ok(Trials {
        reflink: with_bytes(|from, to| ioctl_ficlone(to, from).map(|()| Trial::yes(""))),
        copy_file_range: with_bytes(in_kernel),
        o_direct: Trial::of(direct(source.as_fd())),
        user_xattrs: Trial::of(
            fsetxattr(&source, c"user.haul", b"1", XattrFlags::empty()).map(|()| Trial::yes("")),
        ),
        posix_acls: Trial::of(lists(source.as_fd())),
        holes: Trial::of(nameless(dir, name).and_then(|file| holes(file.as_fd()))),
        case_sensitive: Trial::of(case(dir, &name())),
        flock: Trial::of(
            flock(&source, FlockOperation::NonBlockingLockExclusive).map(|()| Trial::yes("")),
        ),
    })
}

/// A file that has no name: made so, or where that is not offered made and taken off its name at
/// once.
fn nameless(dir: BorrowedFd<'_>, name: &mut dyn FnMut() -> CString) -> SysResult<OwnedFd> {
    let mode = Mode::RUSR | Mode::WUSR;
    match openat(
        dir,
        c".",
        OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC,
        mode,
    ) {
        Ok(file) => Ok(file),
        Err(errno @ (Errno::ACCESS | Errno::PERM | Errno::ROFS | Errno::NOSPC | Errno::DQUOT)) => {
            Err(errno)
        }
        Err(_) => {
            let name = name();
            let file = create(dir, &name)?;
            unlinkat(dir, &name, AtFlags::empty())?;
            Ok(file)
        }
    }
}

fn create(dir: BorrowedFd<'_>, name: &CStr) -> SysResult<OwnedFd> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    openat(dir, name, flags, Mode::RUSR | Mode::WUSR)
}

fn fill(file: BorrowedFd<'_>) -> SysResult<()> {
    let bytes = vec![0x5A; PIECE];
    let mut done = 0;
    while done < PIECE {
        match pwrite(file, &bytes[done..], done as u64)? {
            0 => return Err(Errno::IO),
            count => done += count,
        }
    }
    Ok(())
}

fn in_kernel(from: BorrowedFd<'_>, to: BorrowedFd<'_>) -> SysResult<Trial> {
    let (mut read, mut written) = (0, 0);
    match copy_file_range(from, Some(&mut read), to, Some(&mut written), PIECE)? {
        0 => Ok(Trial::no("it moves no bytes")),
        _ => Ok(Trial::yes("")),
    }
}

fn direct(file: BorrowedFd<'_>) -> SysResult<Trial> {
    let told = statx(file, c"", AtFlags::EMPTY_PATH, StatxFlags::DIOALIGN)
        .ok()
        .filter(|stat| stat.stx_mask & StatxFlags::DIOALIGN.bits() != 0);
    if let Some(stat) = told {
        let (memory, offset) = (stat.stx_dio_mem_align, stat.stx_dio_offset_align);
        return Ok(if offset == 0 {
            Trial::no("the file system says so")
        } else {
            Trial::yes(format!(
                "memory aligned to {memory}, offsets to {offset} bytes"
            ))
        });
    }
    let path = format!("/proc/self/fd/{}", file.as_raw_fd());
    let flags = OFlags::RDONLY | OFlags::DIRECT | OFlags::CLOEXEC;
    rustix::fs::open(path, flags, Mode::empty())?;
    Ok(Trial::yes("the kernel does not tell the alignment"))
}

/// A ring carries out one transfer.
pub(super) fn ring() -> Trial {
    match transferred() {
        // A filter on system calls, or the setting of the system.
        Err(Errno::PERM) => Trial::no(words(Errno::PERM)),
        result => Trial::of(result),
    }
}

fn transferred() -> SysResult<Trial> {
    let file = memfd_create(c"haul-probe", MemfdFlags::CLOEXEC)?;
    let mut ring = Kernel::new(Layout {
        slots: 2,
        slot_size: PIECE,
        threads: false,
    })?;
    ring.push(Transfer {
        way: Way::Write,
        file: file.as_fd(),
        slot: 0,
        bytes: 0..PIECE,
        offset: 0,
        pages: Caching::Stay,
    });
    ring.wait(1)?;
    Ok(match ring.take().map(|end| end.result) {
        Some(Ok(_)) if ring.is_registered() => Trial::yes("with registered buffers"),
        Some(Ok(_)) => Trial::yes("buffers cannot be registered: the limit on locked memory"),
        Some(Err(errno)) => Trial::failed(errno),
        None => Trial::no("it does nothing"),
    })
}

fn lists(file: BorrowedFd<'_>) -> SysResult<Trial> {
    let mut none = [0_u8; 0];
    match fgetxattr(file, c"system.posix_acl_access", &mut none[..]) {
        // A file without a list of its own, on a file system that has such lists.
        Ok(_) | Err(Errno::NODATA) => Ok(Trial::yes("")),
        Err(errno) => Err(errno),
    }
}

fn holes(file: BorrowedFd<'_>) -> SysResult<Trial> {
    ftruncate(file, HOLLOW)?;
    pwrite(file, &[0x5A], HOLLOW - 1)?;
    let used = fstat(file)?.st_blocks as u64 * 512;
    let data = seek(file, SeekFrom::Data(0))?;
    Ok(if used >= HOLLOW {
        Trial::no("they are filled")
    } else if data == 0 {
        Trial::no("they are made, and not told from data (SEEK_DATA)")
    } else {
        Trial::yes("")
    })
}

fn case(dir: BorrowedFd<'_>, name: &CStr) -> SysResult<Trial> {
    let upper = CString::new(name.to_bytes().to_ascii_uppercase()).unwrap_or_default();
    create(dir, name)?;
    let other = statat(dir, &upper, AtFlags::SYMLINK_NOFOLLOW);
    // Whoever sweeps the directory meanwhile may have been faster.
    match unlinkat(dir, name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => {}
        Err(errno) => return Err(errno),
    }
    match other {
        Ok(_) => Ok(Trial::no("names that differ in case only are one name")),
        Err(Errno::NOENT) => Ok(Trial::yes("")),
        Err(errno) => Err(errno),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;

    #[test]
    fn nothing_is_left_and_every_trial_has_an_answer() {
        let dir = tempfile::tempdir().expect("a directory");
        let open = File::open(dir.path()).expect("opens");
        let mut number = 0;
        let mut name = || {
            number += 1;
            CString::new(format!(".probe-{number}")).expect("no NUL")
        };
        let trials = all(open.as_fd(), &mut name).expect("writable");
        assert_eq!(std::fs::read_dir(dir.path()).expect("listed").count(), 0);
        assert_eq!(trials.case_sensitive.works, Some(true), "{trials:?}");
        assert_eq!(trials.flock.works, Some(true), "{trials:?}");
        for trial in [&trials.reflink, &trials.copy_file_range, &trials.holes] {
            assert!(trial.works.is_some(), "{trials:?}");
            assert!(trial.works == Some(true) || !trial.detail.is_empty());
        }
    }

    #[test]
    fn where_nothing_can_be_made_it_is_said() {
        let open = File::open("/proc/self").expect("opens");
        let mut name = || c".probe".to_owned();
        assert!(all(open.as_fd(), &mut name).is_err());
    }
}
