//! The two changes a pane makes by itself: a new directory, and another name for an entry.
//!
//! By descriptor of the directory and one component; nothing is ever replaced. Calls may hang with
//! the file system: callers give them a thread that nothing waits for.

use rustix::fs::{CWD, Mode, OFlags, RenameFlags, mkdirat, openat, renameat_with};
use std::ffi::OsStr;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

fn open(dir: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(openat(CWD, dir, flags, Mode::empty())?)
}

/// True for what can be the name of an entry: not empty, one component, not a dot or two.
pub fn is_name(name: &[u8]) -> bool {
    !matches!(name, b"" | b"." | b"..") && !name.contains(&b'/') && !name.contains(&0)
}

/// Makes a directory; the process's umask decides about its mode.
pub fn make_dir(dir: &Path, name: &[u8]) -> io::Result<()> {
    if !is_name(name) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    Ok(mkdirat(
        open(dir)?,
        OsStr::from_bytes(name),
        Mode::from_raw_mode(0o777),
    )?)
}

/// Gives an entry another name in its directory. Never replaces one that is there; fails where the
/// file system cannot promise that.
pub fn rename(dir: &Path, from: &[u8], to: &[u8]) -> io::Result<()> {
    if !is_name(from) || !is_name(to) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let dir = open(dir)?;
    let (from, to) = (OsStr::from_bytes(from), OsStr::from_bytes(to));
    Ok(renameat_with(&dir, from, &dir, to, RenameFlags::NOREPLACE)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn nothing_is_ever_replaced() {
        let dir = tempfile::tempdir().expect("a directory");
        fs::write(dir.path().join("a"), b"a").expect("written");
        fs::write(dir.path().join("b"), b"b").expect("written");
        let taken = rename(dir.path(), b"a", b"b").expect_err("refused");
        assert_eq!(taken.kind(), io::ErrorKind::AlreadyExists);
        rename(dir.path(), b"a", b"c\xff").expect("renamed");
        assert_eq!(fs::read(dir.path().join("b")).expect("kept"), b"b");
        assert!(make_dir(dir.path(), b"b").is_err());
        make_dir(dir.path(), b"new").expect("made");
        for odd in [&b""[..], b".", b"..", b"a/b", b"a\0"] {
            assert!(make_dir(dir.path(), odd).is_err() && rename(dir.path(), b"b", odd).is_err());
        }
    }
}
