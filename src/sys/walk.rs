//! A tree read by path, ahead of its consumer, for counting only.
//!
//! The one place that uses jwalk: hidden entries are met (jwalk leaves them out unless told), links
//! are not followed unless asked for, the walk has threads of its own (jwalk's shared pool gives up when it is busy
//! for a second), and metadata is asked for on them. A tree that changes meanwhile makes the count
//! wrong; a copy never goes by it.

use super::{Errno, Kind, Stat};
use jwalk::{Parallelism, WalkDirGeneric};
use std::ffi::{CString, OsStr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Threads of one walk: directories on a network mount answer better in parallel, and a copy that
/// runs beside must not notice.
const THREADS: usize = 4;

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
            rustix::fs::stat(path).map(Stat::from)
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
    super::may_make(rustix::fs::CWD, path)
}

/// Walks `root` and everything kept below it; stops soon after `each` says no.
pub fn walk(root: &Path, bounds: Bounds, keep: Arc<Keep>, mut each: impl FnMut(Met) -> bool) {
    type State = ((), Option<Result<Stat, Errno>>);
    let stopped = Arc::new(AtomicBool::new(false));
    let (stop, base) = (stopped.clone(), root.to_path_buf());
    let walk = WalkDirGeneric::<State>::new(root)
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
                keep(below, child.file_name(), child.file_type().is_dir())
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
    for entry in walk {
        let met = match entry {
            Ok(entry) => {
                let failed = entry.read_children.as_ref().and_then(|read| read.error());
                match (failed, entry.client_state) {
                    (Some(error), _) => Met::Unreadable(entry.path(), errno(error)),
                    (None, _) if entry.file_type.is_dir() => Met::Dir(entry.path()),
                    (None, Some(Ok(stat))) => Met::Entry(entry.path(), stat),
                    (None, Some(Err(errno))) => Met::Unreadable(entry.path(), errno),
                    (None, None) => match bounds.stat(&entry.path()) {
                        Ok(stat) if stat.kind == Kind::Dir => Met::Dir(entry.path()),
                        Ok(stat) => Met::Entry(entry.path(), stat),
                        Err(errno) => Met::Unreadable(entry.path(), errno),
                    },
                }
            }
            Err(error) => {
                let path = error.path().unwrap_or(root).to_path_buf();
                Met::Unreadable(path, errno(&error))
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
    rustix::fs::lstat(path).map(Stat::from)
}

/// Where a link leads.
pub fn read_link(path: &Path) -> Result<CString, Errno> {
    rustix::fs::readlink(path, Vec::new())
}
