//! From arguments to pairs of directories and names, and the refusals that come before any byte.
//!
//! Arguments are resolved once, to a descriptor of the parent and one name below it; what happens to
//! the path afterwards does not matter. The naming rule is `cp`'s.

use super::arrival::{open_dest, open_source};
use super::failure::{Trouble, dest, source};
use crate::proto::{BytePath, ErrorClass, Naming, Op, Side};
use crate::sys::{Errno, Kind, Stat, Sys};
use crate::text;
use std::ffi::{CStr, CString, OsStr};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

/// The destination argument.
#[derive(Debug)]
pub struct Target {
    /// Directory that gets the new names.
    pub dir: OwnedFd,
    /// Its path as given.
    pub path: PathBuf,
    /// The one new name; `None` when sources keep theirs.
    pub name: Option<CString>,
    /// True when a trailing slash says that the new name is a directory's.
    pub only_dir: bool,
    /// It and every directory above it, up to the root.
    pub above: Vec<Stat>,
    /// The directory does not exist: `dir` and `above` are of the nearest one that does.
    pub missing: bool,
}

/// A source argument.
#[derive(Debug)]
pub struct Origin {
    /// The directory that holds it (for `dir/.`: the directory itself).
    pub parent: PathBuf,
    /// Its name there; `.` for `dir/.`, `..` and `/`: its content is meant.
    pub name: CString,
    /// True when a trailing slash asks for what a link points to.
    pub follow: bool,
}

fn c_name(bytes: &[u8], side: Side) -> Result<CString, Trouble> {
    CString::new(bytes).map_err(|_| {
        Trouble::own(
            Op::Resolve,
            side,
            ErrorClass::Other,
            "the path holds a NUL byte",
        )
    })
}

/// Cuts a path into its parent and its last name; `None` where the last component is `.`, `..` or
/// there is none.
fn split(path: &Path) -> Option<(PathBuf, Vec<u8>)> {
    let bytes = path.as_os_str().as_bytes();
    let end = bytes.iter().rposition(|byte| *byte != b'/')? + 1;
    let start = bytes[..end]
        .iter()
        .rposition(|byte| *byte == b'/')
        .map_or(0, |at| at + 1);
    let name = &bytes[start..end];
    if name == b"." || name == b".." {
        return None;
    }
    let parent = match start {
        0 => PathBuf::from("."),
        _ => PathBuf::from(OsStr::from_bytes(&bytes[..start])),
    };
    Some((parent, name.to_vec()))
}

/// Cuts a source argument.
pub fn origin(path: &BytePath) -> Result<Origin, Trouble> {
    if path.as_bytes().is_empty() {
        return Err(Trouble::kernel(Op::Resolve, Side::Source, Errno::NOENT));
    }
    Ok(match split(path.as_path()) {
        Some((parent, name)) => Origin {
            parent,
            name: c_name(&name, Side::Source)?,
            follow: path.as_bytes().ends_with(b"/"),
        },
        None => Origin {
            parent: path.as_path().to_path_buf(),
            name: c".".to_owned(),
            follow: false,
        },
    })
}

/// Opens the destination. `sources` is how many there are: more than one need a directory.
pub fn target(
    sys: &dyn Sys,
    path: &BytePath,
    naming: Naming,
    sources: usize,
) -> Result<Target, Trouble> {
    let resolve = dest(Op::Resolve);
    let full = path.as_path();
    if path.as_bytes().is_empty() {
        return Err(Trouble::kernel(Op::Resolve, Side::Dest, Errno::NOENT));
    }
    let is_dir = match sys.stat_path(full) {
        Ok(stat) => Some(stat.kind == Kind::Dir),
        Err(Errno::NOENT) => None,
        // A link that leads to itself is a name like any other; one on the way is met below.
        Err(Errno::LOOP) => Some(false),
        Err(errno) => return Err(resolve(errno)),
    };
    let refuse = |words: &str| {
        Err(Trouble::own(
            Op::Resolve,
            Side::Dest,
            ErrorClass::Refused,
            words,
        ))
    };
    let into = match naming {
        Naming::Into => true,
        Naming::Cp => is_dir == Some(true),
        Naming::Exact | Naming::Mapped => false,
    };
    if into || split(full).is_none() {
        if is_dir == Some(false) {
            return refuse("is not a directory");
        }
        let dir = open_dest(sys, full)?;
        let above = above(sys, &dir)?;
        return Ok(Target {
            dir,
            path: full.to_path_buf(),
            name: None,
            only_dir: false,
            above,
            missing: false,
        });
    }
    if sources > 1 {
        return match is_dir {
            Some(false) => refuse("is not a directory, and there is more than one source"),
            _ if naming == Naming::Exact => {
                refuse("one name cannot be given to more than one source")
            }
            _ => refuse("does not exist, and there is more than one source"),
        };
    }
    let Some((parent, name)) = split(full) else {
        return refuse("is no name");
    };
    let dir = open_dest(sys, &parent).map_err(|trouble| match trouble.errno {
        Some(errno) => trouble.words(format!(
            "its directory cannot be opened: {}",
            super::failure::reason(errno)
        )),
        None => trouble,
    })?;
    let above = above(sys, &dir)?;
    Ok(Target {
        dir,
        path: parent,
        name: Some(c_name(&name, Side::Dest)?),
        only_dir: path.as_bytes().ends_with(b"/"),
        above,
        missing: false,
    })
}

/// A destination that is the new name whatever is there, cut.
#[derive(Debug)]
pub struct NewName {
    /// The directory it is in, which need not exist.
    pub parent: PathBuf,
    /// The name.
    pub name: CString,
    /// True when a trailing slash says that it is a directory's.
    pub only_dir: bool,
}

/// Cuts the destination of a mapping.
pub fn new_name(path: &BytePath) -> Result<NewName, Trouble> {
    let (parent, name) = split(path.as_path()).ok_or_else(|| {
        let words = "ends in no name: it must be what the source will be called";
        Trouble::own(Op::Resolve, Side::Dest, ErrorClass::Refused, words)
    })?;
    Ok(NewName {
        parent,
        name: c_name(&name, Side::Dest)?,
        only_dir: path.as_bytes().ends_with(b"/"),
    })
}

/// The deepest directory of `path` that exists, opened, and what is missing below it.
pub fn nearest(sys: &dyn Sys, path: &Path) -> Result<(OwnedFd, PathBuf, Vec<CString>), Trouble> {
    let mut there = path.to_path_buf();
    let mut missing = Vec::new();
    loop {
        let here = if there.as_os_str().is_empty() {
            Path::new(".")
        } else {
            &there
        };
        match open_dest(sys, here) {
            Ok(fd) => {
                missing.reverse();
                return Ok((fd, here.to_path_buf(), missing));
            }
            Err(trouble) => match trouble.errno {
                Some(Errno::NOENT) => {}
                None => return Err(trouble),
                Some(errno) => {
                    let shown = text::shown(here.as_os_str().as_bytes());
                    return Err(trouble.words(format!(
                        "'{shown}' on the way cannot be opened: {}",
                        super::failure::reason(errno)
                    )));
                }
            },
        }
        let name = match there.components().next_back() {
            Some(Component::Normal(name)) => name.to_owned(),
            // Above what does not exist there is nothing.
            _ => return Err(Trouble::kernel(Op::Resolve, Side::Dest, Errno::NOENT)),
        };
        missing.push(c_name(name.as_bytes(), Side::Dest)?);
        there.pop();
    }
}

/// Opens the directory of a new name; what is missing of it is made as mkdir(1) would, the user's
/// mask applied, each inside the one before and never through a link that appears meanwhile.
pub fn made(sys: &dyn Sys, new: &NewName, umask: u32) -> Result<Target, Trouble> {
    let (mut dir, _, missing) = nearest(sys, &new.parent)?;
    for name in &missing {
        let made = match sys.make_dir(dir.as_fd(), name) {
            Ok(()) => true,
            Err(Errno::EXIST) => false,
            Err(errno) => return Err(Trouble::kernel(Op::MakeDir, Side::Dest, errno)),
        };
        let next = sys.open_dir(dir.as_fd(), name).map_err(dest(Op::MakeDir))?;
        if made {
            /// What a directory hands down to those made in it (mkdir(2)).
            const SET_GROUP_ID: u32 = 0o2000;
            let now = sys.stat(next.as_fd()).map_err(dest(Op::Stat))?;
            let mode = 0o777 & !umask | now.mode & SET_GROUP_ID;
            sys.set_mode(next.as_fd(), mode).map_err(dest(Op::Mode))?;
        }
        dir = next;
    }
    let above = above(sys, &dir)?;
    Ok(Target {
        dir,
        path: new.parent.clone(),
        name: Some(new.name.clone()),
        only_dir: new.only_dir,
        above,
        missing: false,
    })
}

/// As [`made`], but nothing is made.
pub fn unmade(sys: &dyn Sys, new: &NewName) -> Result<Target, Trouble> {
    let (dir, _, missing) = nearest(sys, &new.parent)?;
    let above = above(sys, &dir)?;
    Ok(Target {
        dir,
        path: new.parent.clone(),
        name: Some(new.name.clone()),
        only_dir: new.only_dir,
        above,
        missing: !missing.is_empty(),
    })
}

/// The directory and all above it.
fn above(sys: &dyn Sys, dir: &OwnedFd) -> Result<Vec<Stat>, Trouble> {
    let stat = |fd: &OwnedFd| sys.stat(fd.as_fd()).map_err(dest(Op::Stat));
    let mut found = vec![stat(dir)?];
    let mut up = match sys.open_place(dir.as_fd(), c"..") {
        Ok(up) => up,
        Err(Errno::ACCESS) => return Ok(found),
        Err(errno) => return Err(Trouble::kernel(Op::Resolve, Side::Dest, errno)),
    };
    loop {
        let next = stat(&up)?;
        if found.last().is_some_and(|last| last.same_inode(&next)) {
            return Ok(found);
        }
        found.push(next);
        up = match sys.open_place(up.as_fd(), c"..") {
            Ok(up) => up,
            // What may not even be entered is not above anything this user can reach through it.
            Err(Errno::ACCESS) => return Ok(found),
            Err(errno) => return Err(Trouble::kernel(Op::Resolve, Side::Dest, errno)),
        };
    }
}

/// A source argument, found.
#[derive(Debug)]
pub struct Found {
    /// Its parent directory.
    pub parent: OwnedFd,
    /// What it is.
    pub stat: Stat,
}

/// Opens a source argument's parent and looks at it; at what it leads to with `follow`.
pub fn find(sys: &dyn Sys, origin: &Origin, follow: bool) -> Result<Found, Trouble> {
    let resolve = source(Op::Resolve);
    let parent = open_source(sys, &origin.parent)?;
    let mut stat = sys
        .stat_at(parent.as_fd(), &origin.name)
        .map_err(&resolve)?;
    if follow && stat.kind == Kind::Link {
        stat = sys
            .stat_followed(parent.as_fd(), &origin.name)
            .map_err(&resolve)?;
    } else if origin.follow && stat.kind == Kind::Link {
        let path = origin
            .parent
            .join(OsStr::from_bytes(origin.name.to_bytes()));
        // `link/` means the directory: its content, under the link's name.
        let parent = open_source(sys, &path)?;
        let stat = sys.stat(parent.as_fd()).map_err(&resolve)?;
        return Ok(Found { parent, stat });
    }
    if origin.follow && stat.kind != Kind::Dir {
        return Err(resolve(Errno::NOTDIR));
    }
    Ok(Found { parent, stat })
}

/// Refuses what would destroy the source: onto itself, into itself.
pub fn check(sys: &dyn Sys, source: &Stat, target: &Target, name: &CStr) -> Result<(), Trouble> {
    let refuse = |words: &str| {
        Err(Trouble::own(
            Op::Compare,
            Side::Source,
            ErrorClass::Refused,
            words,
        ))
    };
    let there = match sys.stat_at(target.dir.as_fd(), name) {
        _ if target.missing => None,
        Ok(there) => Some(there),
        Err(Errno::NOENT) => None,
        Err(errno) => return Err(Trouble::kernel(Op::Stat, Side::Dest, errno)),
    };
    if there.is_some_and(|there| there.same_inode(source)) {
        return refuse("source and destination are the same");
    }
    if source.kind == Kind::Dir {
        if target.above.iter().any(|above| above.same_inode(source)) {
            return refuse("a directory cannot be copied into itself");
        }
        if there.is_some_and(|there| there.kind != Kind::Dir) {
            return refuse("a directory cannot replace what is no directory at the destination");
        }
    } else if target.only_dir {
        return Err(Trouble::own(
            Op::Resolve,
            Side::Dest,
            ErrorClass::Refused,
            "is not a directory, and the source is none",
        ));
    } else if there.is_some_and(|there| there.kind == Kind::Dir) {
        return refuse("a directory of that name is at the destination");
    }
    // A link at the destination that leads back to the source file: copying "over" it would be
    // replacing a name of the source's own.
    if let (Some(there), false) = (there, source.kind == Kind::Link)
        && there.kind == Kind::Link
        && leads_to(sys, target, name, source)
    {
        return refuse("the destination is a link to the source");
    }
    Ok(())
}

fn leads_to(sys: &dyn Sys, target: &Target, name: &CStr, source: &Stat) -> bool {
    let path = target.path.join(OsStr::from_bytes(name.to_bytes()));
    // A link that cannot be followed leads to nothing that haul could read.
    sys.stat_path(&path)
        .is_ok_and(|stat| stat.same_inode(source))
}

/// `dir/./` shown as `dir`, and `./` not at all.
pub fn tidy(path: &Path) -> PathBuf {
    let mut parts = path.components();
    if path.starts_with(".") {
        parts.next();
    }
    parts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_cut_as_cp_cuts_them() {
        let cut = |path: &str| {
            let origin = origin(&BytePath::from(path)).expect("not empty");
            (
                origin.parent,
                origin.name.into_string().expect("UTF-8"),
                origin.follow,
            )
        };
        assert_eq!(cut("a"), (".".into(), "a".into(), false));
        assert_eq!(cut("./a"), ("./".into(), "a".into(), false));
        assert_eq!(cut("/x/a"), ("/x/".into(), "a".into(), false));
        assert_eq!(cut("x//a//"), ("x//".into(), "a".into(), true));
        assert_eq!(cut("x/."), ("x/.".into(), ".".into(), false));
        assert_eq!(cut(".."), ("..".into(), ".".into(), false));
        assert_eq!(cut("/"), ("/".into(), ".".into(), false));
        assert!(origin(&BytePath::from("")).is_err());
    }
}
