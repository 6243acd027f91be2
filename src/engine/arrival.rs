//! The way to an argument: walked one component at a time, so that a link is followed only when root
//! or the caller put it there. Whoever else may write on the way could point it anywhere (rsync 3.5
//! has the same rule).
//!
//! It holds for the destination whoever calls. Sources are held to it where root calls, who may read
//! what the owner of the link may not; anybody else gets no more through a link than they may read.

use super::failure::{Trouble, reason};
use crate::proto::{ErrorClass, Op, Side};
use crate::sys::{self, Errno, Kind, Sys};
use crate::text;
use std::ffi::CString;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Links on one way at most, as in the kernel (`path_resolution(7)`).
const LINKS: u32 = 40;

/// Opens the directory that a source argument is in.
pub fn open_source(sys: &dyn Sys, path: &Path) -> Result<OwnedFd, Trouble> {
    if sys::effective_user() == 0 {
        return open(sys, path, Side::Source);
    }
    let opened = sys.open_root(path);
    opened.map_err(|errno| Trouble::kernel(Op::Resolve, Side::Source, errno))
}

/// Opens a directory given as the destination, or above it.
pub fn open_dest(sys: &dyn Sys, path: &Path) -> Result<OwnedFd, Trouble> {
    open(sys, path, Side::Dest)
}

/// Walks to a directory. Where it may be entered but not listed, the descriptor is one that is only
/// a place to start from (`O_PATH`).
fn open(sys: &dyn Sys, path: &Path, side: Side) -> Result<OwnedFd, Trouble> {
    let resolve = |errno| Trouble::kernel(Op::Resolve, side, errno);
    let mut at = start(sys, path.as_os_str().as_bytes(), side)?;
    let mut rest = components(path.as_os_str().as_bytes());
    let mut links = 0;
    while let Some(part) = rest.pop() {
        let name = CString::new(part).map_err(|_| resolve(Errno::INVAL))?;
        // Opened for real first: a mere place would not have an automounter mount it (open(2)).
        match sys.open_dir(at.as_fd(), &name) {
            Ok(dir) => {
                at = dir;
                continue;
            }
            Err(Errno::LOOP | Errno::NOTDIR | Errno::ACCESS) => {}
            Err(errno) => return Err(resolve(errno)),
        }
        let next = sys.open_place(at.as_fd(), &name).map_err(resolve)?;
        let stat = sys.stat(next.as_fd()).map_err(resolve)?;
        match stat.kind {
            Kind::Dir => at = next,
            Kind::Link => {
                links += 1;
                if links > LINKS {
                    return Err(resolve(Errno::LOOP));
                }
                if stat.uid != 0 && stat.uid != sys::effective_user() {
                    return Err(Trouble::own(
                        Op::Resolve,
                        side,
                        ErrorClass::Refused,
                        format!(
                            "'{}' on the way is a link that user {} put there: only links of \
                             root and of your own are followed",
                            text::shown(name.to_bytes()),
                            stat.uid
                        ),
                    ));
                }
                if is_magic(sys, &next) {
                    at = sys.open_dir_followed(at.as_fd(), &name).map_err(resolve)?;
                    continue;
                }
                let target = sys.read_link(next.as_fd(), c"").map_err(resolve)?;
                if target.to_bytes().first() == Some(&b'/') {
                    at = start(sys, target.to_bytes(), side)?;
                }
                rest.extend(components(target.to_bytes()));
            }
            _ => return Err(resolve(Errno::NOTDIR)),
        }
    }
    match sys.open_dir(at.as_fd(), c".") {
        Ok(dir) => Ok(dir),
        Err(Errno::ACCESS) => Ok(at),
        Err(errno) => Err(resolve(errno)),
    }
}

/// True for a link that the kernel made (`/proc/PID/root`, `/proc/self/fd/N`): it leads to an inode,
/// and what it reads as may be the way to another one, in another container for instance.
fn is_magic(sys: &dyn Sys, link: &OwnedFd) -> bool {
    // The kernel's own file systems always tell: what does not is none of them.
    sys.space(link.as_fd())
        .is_ok_and(|space| space.kind.has_magic_links())
}

/// Where a path begins.
fn start(sys: &dyn Sys, path: &[u8], side: Side) -> Result<OwnedFd, Trouble> {
    let root = if path.first() == Some(&b'/') {
        "/"
    } else {
        "."
    };
    sys.open_root(Path::new(root)).map_err(|errno| {
        Trouble::kernel(Op::Resolve, side, errno).words(format!("'{root}': {}", reason(errno)))
    })
}

/// The components of a path, the last one first. `.` says nothing; `..` is a component like any
/// other, for what is above a directory depends on how it was reached.
fn components(path: &[u8]) -> Vec<Vec<u8>> {
    let parts = path.split(|byte| *byte == b'/');
    let mut parts: Vec<Vec<u8>> = parts
        .filter(|part| !part.is_empty() && *part != b".")
        .map(<[u8]>::to_vec)
        .collect();
    parts.reverse();
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::Real;

    fn place(path: &Path) -> crate::sys::Stat {
        let fd = open_dest(&Real, path).expect("opened");
        Real.stat(fd.as_fd()).expect("looked at")
    }

    #[test]
    fn a_link_of_the_kernel_s_own_leads_where_it_says_nothing_of() {
        use std::os::fd::AsRawFd;
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("gone");
        std::fs::create_dir(&path).expect("made");
        let held = std::fs::File::open(&path).expect("open");
        std::fs::remove_dir(&path).expect("removed");
        std::fs::create_dir(dir.path().join("gone (deleted)")).expect("made");
        let known = Real.stat(held.as_fd()).expect("held");
        let magic = format!("/proc/self/fd/{}", held.as_raw_fd());
        assert!(place(Path::new(&magic)).same_inode(&known));
    }

    #[test]
    fn it_arrives_where_the_kernel_does() {
        let dir = tempfile::tempdir().expect("a directory");
        let real = dir.path().join("real");
        std::fs::create_dir_all(real.join("below")).expect("made");
        for (target, name) in [
            ("real", "one"),
            ("./one/../real/below", "two"),
            ("loop", "loop"),
        ] {
            std::os::unix::fs::symlink(target, dir.path().join(name)).expect("made");
        }
        std::os::unix::fs::symlink(&real, dir.path().join("whole")).expect("made");
        for path in [
            "real",
            "one",
            "two",
            "two/..",
            "whole/below/../..",
            "one/./below/",
            ".",
        ] {
            let path = dir.path().join(path);
            let known = Real.stat_path(&path).expect("there");
            assert!(place(&path).same_inode(&known), "{}", path.display());
        }
        assert_eq!(
            place(Path::new("/")).ino,
            Real.stat_path(Path::new("/")).expect("there").ino
        );
        std::fs::write(dir.path().join("file"), "").expect("written");
        for (path, errno) in [
            ("loop", Errno::LOOP),
            ("file", Errno::NOTDIR),
            ("nothing/x", Errno::NOENT),
        ] {
            let trouble = open_dest(&Real, &dir.path().join(path)).expect_err("no directory");
            assert_eq!(trouble.errno, Some(errno), "{path}");
        }
    }
}
