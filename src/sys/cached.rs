//! What the kernel keeps of files in memory: writing it out, forgetting it.
//!
//! For measuring only; a copy never goes by what is cached. Works by path, follows no link.

use rustix::fs::{Advice, CWD, Mode, OFlags, fadvise, openat, syncfs};
use std::fs;
use std::io;
use std::path::Path;

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
