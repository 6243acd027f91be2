//! What the kernel keeps of files in memory: how much, writing it out, forgetting it.
//!
//! A copy asks how much; the rest is for measuring, works by path, and follows no link.

use super::{Errno, SysResult};
use rustix::fs::{Advice, CWD, Mode, OFlags, fadvise, openat, syncfs};
use std::fs;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::path::Path;

/// `struct cachestat_range` of `linux/mman.h`, in bytes.
#[repr(C)]
struct Range {
    from: u64,
    len: u64,
}

/// `struct cachestat` of `linux/mman.h`, in pages.
#[repr(C)]
#[derive(Default)]
struct Pages {
    cached: u64,
    dirty: u64,
    written_back: u64,
    evicted: u64,
    recently_evicted: u64,
}

/// cachestat(2), which neither libc nor rustix names yet: 451 on every architecture but alpha, which
/// Rust is not made for.
const CACHESTAT: libc::c_long = 451;

/// Bytes of the first `len` of a file whose pages are in memory, whole pages counted.
///
/// # Errors
/// ENOSYS before Linux 6.5, EPERM where the caller neither owns the file nor may write to it,
/// EOPNOTSUPP for what has no pages.
pub(super) fn resident(file: BorrowedFd<'_>, len: u64) -> SysResult<u64> {
    let range = Range { from: 0, len };
    let mut pages = Pages::default();
    // SAFETY: the kernel reads the one and writes the other, both of the layout it documents, and
    // keeps neither.
    let told = unsafe {
        libc::syscall(
            CACHESTAT,
            file.as_raw_fd(),
            &raw const range,
            &raw mut pages,
            0,
        )
    };
    if told == -1 {
        let error = io::Error::last_os_error();
        return Err(Errno::from_io_error(&error).unwrap_or(Errno::IO));
    }
    Ok(pages.cached * rustix::param::page_size() as u64)
}

/// Writes out everything of the file system a directory is on.
///
/// # Errors
/// It cannot be opened or written out.
pub fn write_out(dir: &Path) -> io::Result<()> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let dir = openat(CWD, dir, flags, Mode::empty())?;
    Ok(syncfs(&dir)?)
}

/// Has the kernel forget the content of a file. What is not written out yet stays, so it is to be
/// [written out](write_out) first; a file system in memory forgets nothing.
///
/// # Errors
/// It cannot be opened, or it is not there.
pub fn forget(file: &Path) -> io::Result<()> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = openat(CWD, file, flags, Mode::empty())?;
    Ok(fadvise(&file, 0, None, Advice::DontNeed)?)
}

/// Has the kernel forget everything it can of every file system: contents, names, inodes.
///
/// # Errors
/// Only the administrator may.
pub fn forget_everything() -> io::Result<()> {
    fs::write("/proc/sys/vm/drop_caches", "3\n")
}
