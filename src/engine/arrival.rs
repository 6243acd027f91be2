//! The way to the destination argument: walked one component at a time, so that a link is followed
//! only when root or the caller put it there. Whoever else may write on the way could point it
//! anywhere (rsync 3.5 has the same rule).

use super::failure::{Trouble, dest, reason};
use crate::proto::{ErrorClass, Op, Side};
use crate::sys::{self, Errno, Kind, Sys};
use crate::text;
use std::ffi::CString;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Links on one way at most, as in the kernel (`path_resolution(7)`).
const LINKS: u32 = 40;

/// Opens a directory given as an argument, or above one. Where it may be entered but not listed,
/// the descriptor is one that is only a place to start from (`O_PATH`).
pub fn open_dest(sys: &dyn Sys, path: &Path) -> Result<OwnedFd, Trouble> {
    let resolve = dest(Op::Resolve);
    let mut at = start(sys, path.as_os_str().as_bytes())?;
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
        let next = sys.open_place(at.as_fd(), &name).map_err(&resolve)?;
        let stat = sys.stat(next.as_fd()).map_err(&resolve)?;
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
                        Side::Dest,
                        ErrorClass::Refused,
                        format!(
                            "'{}' on the way is a link that user {} put there: only links of \
                             root and of your own are followed",
                            text::shown(name.to_bytes()),
                            stat.uid
                        ),
                    ));
                }
                let target = sys.read_link(next.as_fd(), c"").map_err(&resolve)?;
                if target.to_bytes().first() == Some(&b'/') {
                    at = start(sys, target.to_bytes())?;
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

/// Where a path begins.
fn start(sys: &dyn Sys, path: &[u8]) -> Result<OwnedFd, Trouble> {
    let root = if path.first() == Some(&b'/') {
        "/"
    } else {
        "."
    };
    sys.open_root(Path::new(root))
        .map_err(|errno| dest(Op::Resolve)(errno).words(format!("'{root}': {}", reason(errno))))
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
