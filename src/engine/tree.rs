//! The two trees of a job: directories held by descriptor.
//!
//! Owns the pairing of a source directory with its destination, when a directory is complete (its
//! metadata is applied after its last child); which are open is `open`'s matter. Never
//! resolves a path of more than one component: a directory whose descriptors were let go is opened
//! again step by step from the nearest ancestor that is still open.

use super::door::Door;
use super::failure::{Trouble, dest, only_grows, source};
pub use super::open::{DirFds, OpenPairs};
use super::route::Route;
pub use super::slice::{Entry, Slice, SliceBuilder};
use super::stage::Stages;
use crate::proto::{BytePath, ErrorClass, Op, Side};
use crate::sys::{Stat, Sys};
use std::ffi::{CStr, CString, OsStr};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Where a top-level pair comes from: the paths shown to people.
#[derive(Debug)]
pub struct Place {
    /// The source's parent directory as given; empty for the working directory.
    pub src_path: PathBuf,
    /// The destination directory as given; empty likewise.
    pub dst_path: PathBuf,
    /// What the two are, for a job of so many places that not all can stay open: one that was let
    /// go is opened again by its paths and must be the same. `None`: stays open.
    pub inodes: Option<[Stat; 2]>,
}

impl Place {
    fn open_again(&self, sys: &dyn Sys, open: &Arc<OpenPairs>) -> Result<Arc<DirFds>, Trouble> {
        let Some([src, dst]) = &self.inodes else {
            return Err(Trouble::own(
                Op::Open,
                Side::Source,
                ErrorClass::Other,
                "directory was closed",
            ));
        };
        let again = |path: &PathBuf, side, known: &Stat| {
            let here = Path::new(".");
            let path = if path.as_os_str().is_empty() {
                here
            } else {
                path
            };
            let kernel = |errno| Trouble::kernel(Op::Open, side, errno);
            let fd = sys.open_root(path).map_err(kernel)?;
            if sys.stat(fd.as_fd()).map_err(kernel)?.same_inode(known) {
                return Ok(fd);
            }
            let words = "its directory was replaced by another meanwhile";
            Err(Trouble::own(Op::Open, side, ErrorClass::Changed, words))
        };
        let src = again(&self.src_path, Side::Source, src)?;
        let dst = again(&self.dst_path, Side::Dest, dst)?;
        Ok(DirFds::new(src, dst, open))
    }
}

/// What a directory below a place is.
#[derive(Debug)]
struct Below {
    parent: Arc<Dir>,
    src_name: CString,
    dst_name: CString,
    stat: Stat,
    /// The source was reached through a link that was to be followed.
    follow: bool,
}

/// How a child is named on both sides.
#[derive(Debug)]
pub struct Names {
    /// In the source.
    pub src: CString,
    /// At the destination.
    pub dst: CString,
    /// The source name may be a link and is followed.
    pub follow: bool,
}

/// What a child's destination is.
#[derive(Clone, Copy, Debug)]
pub struct Made {
    /// This run made it.
    pub fresh: bool,
    /// What it makes of new names.
    pub rules: Rules,
}

/// What a directory at the destination makes of the names that are new in it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rules {
    /// The permissions that the ACL which it hands down leaves at most to what is made in it; `None`
    /// when it hands none down.
    pub inherits: Option<u32>,
    /// Names may be made in it, and none changed or taken away: nothing gets its name by renaming
    /// there, and no temporary would ever go.
    pub only_grows: bool,
}

/// A source directory paired with its destination.
#[derive(Debug)]
pub struct Dir {
    place: Arc<Place>,
    /// The source argument it is or is in, by its index; `None` for a place, which several share.
    source: Option<u32>,
    /// `None` for the place itself: it is used, and its metadata left alone.
    below: Option<Below>,
    /// The route between the two devices.
    pub route: Arc<Route>,
    /// This run made the destination, and nothing in it has been found in the way.
    fresh: AtomicBool,
    made: bool,
    /// What the destination makes of new names.
    pub rules: Rules,
    door: Door,
    /// Where workers make temporaries when they are in each other's way here.
    pub stages: Stages,
    fds: Mutex<Option<Arc<DirFds>>>,
    open: Arc<OpenPairs>,
    /// Unfinished children, slices, and, but for a place, the scan of the directory itself.
    pending: AtomicU32,
}

impl Dir {
    /// A top-level pair.
    pub fn place(
        place: Arc<Place>,
        fds: Arc<DirFds>,
        route: Arc<Route>,
        rules: Rules,
    ) -> Arc<Self> {
        let open = fds.open.clone();
        let dir = Arc::new(Self {
            place,
            source: None,
            below: None,
            route,
            fresh: AtomicBool::new(false),
            made: false,
            rules,
            door: Door::default(),
            stages: Stages::default(),
            fds: Mutex::new(Some(fds)),
            open,
            // Nothing is done at its end but what may be done whenever nothing is waited for in it.
            pending: AtomicU32::new(0),
        });
        dir.open.keep(&dir);
        dir
    }

    /// A child in the source argument of that index. It takes over the caller's [`Self::expect`] of `parent`.
    pub fn child(
        parent: &Arc<Self>,
        source: u32,
        names: Names,
        stat: Stat,
        fds: Arc<DirFds>,
        route: Arc<Route>,
        made: Made,
    ) -> Arc<Self> {
        let dir = Arc::new(Self {
            place: parent.place.clone(),
            source: Some(source),
            below: Some(Below {
                parent: parent.clone(),
                src_name: names.src,
                dst_name: names.dst,
                stat,
                follow: names.follow,
            }),
            route,
            fresh: AtomicBool::new(made.fresh),
            made: made.fresh,
            rules: made.rules,
            door: Door::default(),
            stages: Stages::default(),
            open: parent.open.clone(),
            fds: Mutex::new(Some(fds)),
            pending: AtomicU32::new(1),
        });
        dir.open.keep(&dir);
        dir
    }

    /// The source argument it is or is in, by its index; `None` for a place.
    pub fn source(&self) -> Option<u32> {
        self.source
    }

    /// Its parent, its name there in the source, and what it was when it was opened; `None` for a
    /// place.
    pub fn in_parent(&self) -> Option<(&Arc<Self>, &CStr, &Stat)> {
        let below = self.below.as_ref()?;
        Some((&below.parent, &below.src_name, &below.stat))
    }

    /// True when this run made the destination: nothing in it is in the way. A name that is taken
    /// all the same is noticed when it is given.
    pub fn is_fresh(&self) -> bool {
        self.fresh.load(Ordering::Relaxed)
    }

    /// Makes a file or its name in the destination; where two at once take longer than one after the
    /// other, one after the other.
    pub fn make<T>(&self, make: impl FnOnce() -> T) -> T {
        if self.route.dst_kind.makes_names_singly() {
            self.door.through(make)
        } else {
            make()
        }
    }

    /// An error where nothing may be renamed in the destination, so that what gets its name in that
    /// way leaves no temporary behind.
    pub fn may_rename(&self) -> Result<(), Trouble> {
        if self.rules.only_grows {
            return Err(only_grows());
        }
        Ok(())
    }

    /// True when this run made the destination, whatever was found in it since.
    pub fn is_made(&self) -> bool {
        self.made
    }

    /// Somebody else puts things there as well: from now on names are looked at first.
    pub fn found_shared(&self) {
        self.fresh.store(false, Ordering::Relaxed);
    }

    fn cached(&self) -> Option<Arc<DirFds>> {
        self.fds
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The descriptors; opened again from the nearest open ancestor where they were let go, and
    /// kept until others were opened since. Fails when a component is gone or a link now. That it is the inode it
    /// was is not asked: FAT and FUSE give a directory another number each time.
    pub fn acquire(self: &Arc<Self>, sys: &dyn Sys) -> Result<Arc<DirFds>, Trouble> {
        if let Some(fds) = self.cached() {
            return Ok(fds);
        }
        // A loop, not recursion: trees can be deeper than a thread's stack.
        let mut chain = vec![self];
        let mut fds = loop {
            let Some(below) = chain.last().and_then(|dir| dir.below.as_ref()) else {
                break self.place.open_again(sys, &self.open)?;
            };
            match below.parent.cached() {
                Some(fds) => break fds,
                None => chain.push(&below.parent),
            }
        };
        let first_kept = self.open.on_the_way();
        for (left, dir) in chain.into_iter().enumerate().rev() {
            let Some(below) = &dir.below else {
                dir.keep(&fds);
                continue;
            };
            let src = if below.follow {
                sys.open_dir_followed(fds.src(), &below.src_name)
            } else {
                sys.open_dir(fds.src(), &below.src_name)
            }
            .map_err(source(Op::Open))?;
            let dst = sys
                .open_dir(fds.dst(), &below.dst_name)
                .map_err(dest(Op::Open))?;
            fds = DirFds::new(src, dst, &dir.open);
            if left < first_kept {
                dir.keep(&fds);
            }
        }
        Ok(fds)
    }

    fn keep(self: &Arc<Self>, fds: &Arc<DirFds>) {
        *self.fds.lock().unwrap_or_else(PoisonError::into_inner) = Some(fds.clone());
        self.open.keep(self);
    }

    /// Lets the descriptors go; who still uses them keeps them until done.
    pub fn let_go(&self) {
        drop(self.take_fds());
    }

    /// Takes the descriptors out, where they can be opened again.
    pub(super) fn take_fds(&self) -> Option<Arc<DirFds>> {
        self.fds
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take_if(|_| self.below.is_some() || self.place.inodes.is_some())
    }

    /// One more thing to wait for.
    pub fn expect(&self) {
        self.pending.fetch_add(1, Ordering::AcqRel);
    }

    /// One more thing to wait for in a directory that may have completed already: it, and every
    /// ancestor that had, will complete once more.
    pub fn expect_again(self: &Arc<Self>) {
        let mut dir = self;
        while dir.pending.fetch_add(1, Ordering::AcqRel) == 0 {
            match &dir.below {
                Some(below) => dir = &below.parent,
                None => break,
            }
        }
    }

    /// True while something is waited for.
    pub fn is_awaited(&self) -> bool {
        self.pending.load(Ordering::Acquire) > 0
    }

    /// One thing less. With the last, `finish` is called for the directory, with what its source was
    /// (nothing for a place, which is left as it is), and so on upwards.
    pub fn complete(self: &Arc<Self>, mut finish: impl FnMut(&Arc<Self>, Option<&Stat>)) {
        let mut dir = self;
        while dir.pending.fetch_sub(1, Ordering::AcqRel) == 1 {
            let Some(below) = &dir.below else {
                finish(dir, None);
                break;
            };
            finish(dir, Some(&below.stat));
            dir.let_go();
            dir = &below.parent;
        }
    }

    /// True for a top-level pair, which is used and left as it is.
    pub fn is_place(&self) -> bool {
        self.below.is_none()
    }

    /// True when `stat` is this directory's source or an ancestor's.
    pub fn is_source_at_or_above(self: &Arc<Self>, stat: &Stat) -> bool {
        let mut dir = self;
        while let Some(below) = &dir.below {
            if below.stat.same_inode(stat) {
                return true;
            }
            dir = &below.parent;
        }
        false
    }

    /// The path below the place: of the directory, and of `name` in it when given.
    pub fn below_path(self: &Arc<Self>, name: Option<&CStr>) -> BytePath {
        BytePath::from(self.join(PathBuf::new(), Side::Source, name))
    }

    /// The path of `name` below the source argument, its own name not included: what patterns
    /// speak of.
    pub fn inner_path(self: &Arc<Self>, name: &CStr) -> PathBuf {
        let mut names = vec![name];
        let mut dir = self;
        while let Some(below) = &dir.below {
            if below.parent.below.is_none() {
                break;
            }
            names.push(&below.src_name);
            dir = &below.parent;
        }
        names
            .iter()
            .rev()
            .map(|name| OsStr::from_bytes(name.to_bytes()))
            .collect()
    }

    /// The full path as a person would write it.
    pub fn full_path(self: &Arc<Self>, side: Side, name: Option<&CStr>) -> BytePath {
        let base = match side {
            Side::Source => self.place.src_path.clone(),
            Side::Dest => self.place.dst_path.clone(),
        };
        BytePath::from(self.join(base, side, name))
    }

    fn join(self: &Arc<Self>, mut path: PathBuf, side: Side, name: Option<&CStr>) -> PathBuf {
        let mut names: Vec<&CStr> = name.into_iter().collect();
        let mut dir = self;
        while let Some(below) = &dir.below {
            names.push(match side {
                Side::Source => &below.src_name,
                Side::Dest => &below.dst_name,
            });
            dir = &below.parent;
        }
        // "." stands for a source given as `dir/.`: its content, without a name of its own.
        for name in names.into_iter().rev().filter(|name| *name != c".") {
            path.push(OsStr::from_bytes(name.to_bytes()));
        }
        if path.as_os_str().is_empty() {
            path.push(".");
        }
        path
    }
}

impl Drop for Dir {
    /// A loop, not recursion: the last to hold the deepest directory lets its ancestors go as well.
    fn drop(&mut self) {
        let mut below = self.below.take();
        while let Some(mut parent) = below.and_then(|below| Arc::into_inner(below.parent)) {
            below = parent.below.take();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::{FsKind, Real};
    use std::path::Path;

    #[test]
    fn a_tree_deeper_than_a_stack_is_let_go() {
        let root = || Real.open_root(Path::new("/")).expect("there is a root");
        let stat = Real.stat(root().as_fd()).expect("known");
        let route = Arc::new(Route::new(1, 1, FsKind(0), FsKind(0)));
        let fds = DirFds::new(root(), root(), &OpenPairs::new(8));
        let place = Place {
            src_path: PathBuf::new(),
            dst_path: PathBuf::new(),
            inodes: None,
        };
        let mut dir = Dir::place(
            Arc::new(place),
            fds.clone(),
            route.clone(),
            Rules::default(),
        );
        let top = Arc::downgrade(&dir);
        for _ in 0..200_000 {
            let names = Names {
                src: c"d".to_owned(),
                dst: c"d".to_owned(),
                follow: false,
            };
            let made = Made {
                fresh: true,
                rules: Rules::default(),
            };
            dir = Dir::child(&dir, 0, names, stat, fds.clone(), route.clone(), made);
        }
        drop(dir);
        assert!(top.upgrade().is_none(), "something of it is still held");
    }
}
