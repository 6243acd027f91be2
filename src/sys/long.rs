//! Paths longer than the kernel takes at once (`PATH_MAX`, 4096 with the zero byte): walked in
//! pieces, each from the directory that the one before led to. For looking at things by path only.

use super::Errno;
use rustix::fs::{CWD, Mode, OFlags, openat};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

/// The longest path that is given to the kernel at once.
const LONGEST: usize = 4095;

/// A place to go on from, and the rest of a path from there.
#[derive(Debug)]
pub struct Near {
    dir: Option<OwnedFd>,
    /// Short enough for the kernel, and relative to [`Self::dir`] unless it is absolute.
    pub rest: PathBuf,
}

impl Near {
    /// What the rest is relative to.
    pub fn dir(&self) -> BorrowedFd<'_> {
        self.dir.as_ref().map_or(CWD, AsFd::as_fd)
    }
}

/// Goes along a path until what is left of it is short enough. A path that is so from the beginning
/// costs nothing.
pub fn near(path: &Path) -> Result<Near, Errno> {
    let mut dir: Option<OwnedFd> = None;
    if path.as_os_str().len() <= LONGEST {
        let rest = path.to_path_buf();
        return Ok(Near { dir, rest });
    }
    let mut rest = PathBuf::new();
    for part in path.components() {
        if rest.as_os_str().len() + 1 + part.as_os_str().len() > LONGEST {
            let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
            let from = dir.as_ref().map_or(CWD, AsFd::as_fd);
            dir = Some(openat(from, &rest, flags, Mode::empty())?);
            rest = PathBuf::new();
        }
        rest.push(part);
    }
    Ok(Near { dir, rest })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_cut_only_where_it_must_be() {
        let near_of = |path: &str| near(Path::new(path)).expect("there");
        assert_eq!(near_of("a/b").rest, Path::new("a/b"));
        let longest = "./".repeat(LONGEST / 2) + "x";
        assert_eq!(near_of(&longest).rest, Path::new(&longest));
        let home = tempfile::tempdir().expect("a directory");
        let name = "n".repeat(200);
        let mut path = home.path().to_path_buf();
        let mut at = std::fs::File::open(home.path()).expect("it opens");
        for _ in 0..30 {
            rustix::fs::mkdirat(&at, &*name, Mode::RWXU).expect("made");
            let flags = OFlags::RDONLY | OFlags::DIRECTORY;
            at = openat(&at, &*name, flags, Mode::empty())
                .expect("it opens")
                .into();
            path.push(&name);
        }
        let near = near(&path).expect("there");
        assert!(near.rest.as_os_str().len() < path.as_os_str().len());
        let by_pieces = rustix::fs::statat(near.dir(), &near.rest, rustix::fs::AtFlags::empty());
        let itself = rustix::fs::fstat(&at).expect("known");
        assert_eq!(by_pieces.expect("there").st_ino, itself.st_ino);
        path.push("gone/gone");
        assert_eq!(super::near(&path.join(&name)).map(|_| ()), Ok(()));
        let gone = home.path().join("gone").join("x/".repeat(LONGEST));
        assert_eq!(super::near(&gone).map(|_| ()), Err(Errno::NOENT));
    }
}
