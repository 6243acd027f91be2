//! A tree read by path, ahead of its consumer, for counting only.
//!
//! The one place that uses jwalk: hidden entries are met (jwalk leaves them out unless told), links
//! are not followed unless asked for, the walk has threads of its own (jwalk's shared pool gives up when it is busy
//! for a second), and metadata is asked for on them. A tree that changes meanwhile makes the count
//! wrong; a copy never goes by it.

use super::long::near;
use super::{Errno, Kind, Stat};
use jwalk::{Parallelism, WalkDirGeneric};
use rustix::fs::{AtFlags, Mode, OFlags, openat, readlinkat, statat};
use std::ffi::{CString, OsStr};
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Threads of one walk: directories on a network mount answer better in parallel, and a copy that
/// runs beside must not notice.
const THREADS: usize = 4;

/// From this length on a directory is walked from near it: what is in it is longer still.
const LONG: usize = 3800;

/// Something met on a walk.
#[derive(Debug)]
pub enum Met {
    /// A directory below the root (or the root itself).
    Dir(PathBuf),
    /// Anything else, with its metadata.
    Entry(PathBuf, Stat),
    /// Something that could not be looked at.
    Unreadable(PathBuf, Errno),
}

/// What is kept of a walk: asked with the path below the root, the name, and whether it is a
/// directory; a directory that is left out is not entered.
pub type Keep = dyn Fn(&Path, &OsStr, bool) -> bool + Send + Sync;

/// What a walk does about that which leads out of its tree; by default links are met as links, and
/// mount points entered.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bounds {
    /// Links are met as what they lead to.
    pub follow_links: bool,
    /// Directories of other devices are met and not entered.
    pub device: Option<u64>,
}

impl Bounds {
    fn stat(self, path: &Path) -> Result<Stat, Errno> {
        if self.follow_links {
            let near = near(path)?;
            statat(near.dir(), &near.rest, AtFlags::empty()).map(Stat::from)
        } else {
            stat(path)
        }
    }
}

/// Whether this user may make something in a directory, as [`super::may_make_in`] tells it.
pub fn may_make_in(path: &Path) -> Result<(), Errno> {
    let path = if path.as_os_str().is_empty() {
        Path::new(".")
    } else {
        path
    };
    let near = near(path)?;
    super::may_make(near.dir(), &near.rest)
}

/// Walks `root` and everything kept below it; stops soon after `each` says no.
///
/// What is too deep to have a path is walked after the rest, from a directory near it (by
/// `/proc/self/fd`). Not where links are followed: a circle is known by the directories above, and
/// those of such a walk begin anew.
pub fn walk(root: &Path, bounds: Bounds, keep: &Arc<Keep>, mut each: impl FnMut(Met) -> bool) {
    let mut deep = vec![root.to_path_buf()];
    while let Some(top) = deep.pop() {
        let mut goes_on = true;
        let mut met = |met: Met| {
            match met {
                Met::Unreadable(path, Errno::NAMETOOLONG)
                    if !bounds.follow_links && path != top =>
                {
                    deep.push(path);
                }
                met => goes_on = each(met),
            }
            goes_on
        };
        match from_near(&top) {
            Ok((_dir, from)) => {
                let below = top.strip_prefix(root).unwrap_or(Path::new(""));
                walk_from(&from, &top, below, bounds, keep, &mut met);
            }
            Err(errno) => {
                met(Met::Unreadable(top.clone(), errno));
            }
        }
        if !goes_on {
            break;
        }
    }
}

/// A short way to what a path leads to, and what must stay open meanwhile.
fn from_near(path: &Path) -> Result<(Option<OwnedFd>, PathBuf), Errno> {
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
        return Ok((None, path.to_path_buf()));
    };
    // Room for the names below: the walk goes on from a directory as deep as it can be.
    if path.as_os_str().len() < LONG {
        return Ok((None, path.to_path_buf()));
    }
    let near = near(parent)?;
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let dir = openat(near.dir(), &near.rest, flags, Mode::empty())?;
    let way = format!("/proc/self/fd/{}", dir.as_raw_fd());
    Ok((Some(dir), Path::new(&way).join(name)))
}

/// One walk: of `from`, which is `top`, which is `inner` below the root.
fn walk_from(
    from: &Path,
    top: &Path,
    inner: &Path,
    bounds: Bounds,
    keep: &Arc<Keep>,
    each: &mut dyn FnMut(Met) -> bool,
) {
    type State = ((), Option<Result<Stat, Errno>>);
    let stopped = Arc::new(AtomicBool::new(false));
    let stop = stopped.clone();
    let (base, keep, inner) = (from.to_path_buf(), keep.clone(), inner.to_path_buf());
    let walk = WalkDirGeneric::<State>::new(from)
        .skip_hidden(false)
        .follow_links(bounds.follow_links)
        .parallelism(Parallelism::RayonNewPool(THREADS))
        .process_read_dir(move |_, dir, (), children| {
            if stop.load(Ordering::Relaxed) {
                children.clear();
                return;
            }
            children.retain(|child| {
                let Ok(child) = child else { return true };
                let path = dir.join(child.file_name());
                let below = path.strip_prefix(&base).unwrap_or(&path);
                keep(
                    &inner.join(below),
                    child.file_name(),
                    child.file_type().is_dir(),
                )
            });
            for child in children.iter_mut().flatten() {
                if !child.file_type.is_dir() {
                    child.client_state = Some(bounds.stat(&child.path()));
                } else if let Some(device) = bounds.device
                    && stat(&child.path()).is_ok_and(|stat| stat.dev != device)
                {
                    child.read_children = None;
                }
            }
        });
    let named = |path: PathBuf| match path.strip_prefix(from) {
        Ok(below) if from != top && below.as_os_str().is_empty() => top.to_path_buf(),
        Ok(below) if from != top => top.join(below),
        _ => path,
    };
    for entry in walk {
        let met = match entry {
            Ok(entry) => {
                let failed = entry.read_children.as_ref().and_then(|read| read.error());
                match (failed, entry.client_state) {
                    (Some(error), _) => Met::Unreadable(named(entry.path()), errno(error)),
                    (None, _) if entry.file_type.is_dir() => Met::Dir(named(entry.path())),
                    (None, Some(Ok(stat))) => Met::Entry(named(entry.path()), stat),
                    (None, Some(Err(errno))) => Met::Unreadable(named(entry.path()), errno),
                    (None, None) => match bounds.stat(&entry.path()) {
                        Ok(stat) if stat.kind == Kind::Dir => Met::Dir(named(entry.path())),
                        Ok(stat) => Met::Entry(named(entry.path()), stat),
                        Err(errno) => Met::Unreadable(named(entry.path()), errno),
                    },
                }
            }
            Err(error) => {
                let path = error.path().unwrap_or(from).to_path_buf();
                Met::Unreadable(named(path), errno(&error))
            }
        };
        if !each(met) {
            stopped.store(true, Ordering::Relaxed);
            break;
        }
    }
}

fn errno(error: &jwalk::Error) -> Errno {
    // A link to a directory above itself is no error of the kernel's.
    let otherwise = match error.loop_ancestor() {
        Some(_) => Errno::LOOP,
        None => Errno::IO,
    };
    error
        .io_error()
        .and_then(Errno::from_io_error)
        .unwrap_or(otherwise)
}

/// Metadata of a path, of the link itself when it is one.
pub fn stat(path: &Path) -> Result<Stat, Errno> {
    let near = near(path)?;
    statat(near.dir(), &near.rest, AtFlags::SYMLINK_NOFOLLOW).map(Stat::from)
}

/// Where a link leads.
pub fn read_link(path: &Path) -> Result<CString, Errno> {
    let near = near(path)?;
    readlinkat(near.dir(), &near.rest, Vec::new())
}
