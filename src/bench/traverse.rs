//! Reading a tree in several ways, to be measured: jwalk and walkdir, by path, and haul's own
//! reading of directories relative to held descriptors.
//!
//! Each way counts the same; with details, it also asks for the metadata of everything that is no
//! directory, as a copy must. Runs in a process of its own, on as many threads as it is told.

use crate::sys::{Child, Errno, Kind, Real, Sys};
use jwalk::Parallelism;
use std::ffi::{CStr, CString};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// The first argument that makes haul read a tree; not a command for people.
pub const WORD: &str = "bench-traverse";

/// Bytes for one `getdents64`, as many as a copy's scan takes.
const LIST_BUFFER: usize = 128 * 1024;

/// A way of reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The crate jwalk.
    Jwalk,
    /// The crate walkdir; one thread only.
    Walkdir,
    /// Directories held by descriptor.
    Descriptors,
}

impl Way {
    /// Every way.
    pub const ALL: [Self; 3] = [Self::Jwalk, Self::Walkdir, Self::Descriptors];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Jwalk => "jwalk",
            Self::Walkdir => "walkdir",
            Self::Descriptors => "descriptors",
        }
    }
}

/// What was met: directories, the root among them, and everything else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Met {
    /// Everything that is no directory.
    pub files: u64,
    /// Directories below the root.
    pub dirs: u64,
}

/// A process's whole life: reads a tree as the words say (way, threads, `names` or `details`, root)
/// and gives back what is to be printed.
///
/// # Errors
/// The words are not understood, or something cannot be read.
pub fn carry_out(words: &[std::ffi::OsString]) -> io::Result<String> {
    let wrong = || io::Error::from(io::ErrorKind::InvalidInput);
    let [way, threads, details, root] = words else {
        return Err(wrong());
    };
    let way = Way::ALL.into_iter().find(|known| way == known.name());
    let threads: usize = threads
        .to_str()
        .and_then(|text| text.parse().ok())
        .ok_or_else(wrong)?;
    let met = traverse(
        way.ok_or_else(wrong)?,
        threads,
        details == "details",
        Path::new(root),
    )?;
    Ok(format!("{} {}", met.files, met.dirs))
}

/// Reads a tree.
///
/// # Errors
/// Something cannot be read.
pub fn traverse(way: Way, threads: usize, details: bool, root: &Path) -> io::Result<Met> {
    match way {
        Way::Jwalk => by_jwalk(threads, details, root),
        Way::Walkdir => by_walkdir(details, root),
        Way::Descriptors => by_descriptors(threads, details, root),
    }
}

fn by_jwalk(threads: usize, details: bool, root: &Path) -> io::Result<Met> {
    type State = ((), Option<io::Error>);
    let parallelism = match threads {
        0 | 1 => Parallelism::Serial,
        many => Parallelism::RayonNewPool(many),
    };
    let walk = jwalk::WalkDirGeneric::<State>::new(root)
        .skip_hidden(false)
        .follow_links(false)
        .parallelism(parallelism)
        .process_read_dir(move |_, _, (), children| {
            // On the walk's own threads, where it can be done side by side.
            for child in children.iter_mut().flatten() {
                if details && !child.file_type.is_dir() {
                    child.client_state = child.path().symlink_metadata().err();
                }
            }
        });
    let mut met = Met::default();
    for entry in walk {
        let mut entry = entry.map_err(io::Error::other)?;
        if let Some(error) = entry.client_state.take() {
            return Err(error);
        }
        if entry.file_type.is_dir() {
            met.dirs += u64::from(entry.depth > 0);
        } else {
            met.files += 1;
        }
    }
    Ok(met)
}

fn by_walkdir(details: bool, root: &Path) -> io::Result<Met> {
    let mut met = Met::default();
    for entry in walkdir::WalkDir::new(root) {
        let entry = entry.map_err(io::Error::other)?;
        if entry.file_type().is_dir() {
            met.dirs += u64::from(entry.depth() > 0);
            continue;
        }
        met.files += 1;
        if details {
            entry.metadata().map_err(io::Error::other)?;
        }
    }
    Ok(met)
}

/// A directory to be read, by its name in one that is held.
type Pending = (Arc<OwnedFd>, CString);

/// What the threads share: what is to be read, and how many of them are reading.
struct Shared {
    state: Mutex<(Vec<Pending>, usize)>,
    more: Condvar,
}

fn by_descriptors(threads: usize, details: bool, root: &Path) -> io::Result<Met> {
    let root = Arc::new(Real.open_root(root)?);
    let shared = Shared {
        state: Mutex::new((vec![(root, c".".to_owned())], 0)),
        more: Condvar::new(),
    };
    let total = thread::scope(|scope| {
        let readers: Vec<_> = (0..threads.max(1))
            .map(|_| scope.spawn(|| read_all(&shared, details)))
            .collect();
        let mut total = Met::default();
        for reader in readers {
            let met = reader
                .join()
                .unwrap_or_else(|_| Err(io::Error::other("a thread ended in disorder")))?;
            total.files += met.files;
            total.dirs += met.dirs;
        }
        Ok::<_, io::Error>(total)
    })?;
    Ok(total)
}

fn read_all(shared: &Shared, details: bool) -> io::Result<Met> {
    let mut met = Met::default();
    let mut buffer = vec![MaybeUninit::uninit(); LIST_BUFFER];
    let mut below = Vec::new();
    loop {
        let (parent, name) = {
            let mut state = shared.state.lock().unwrap_or_else(PoisonError::into_inner);
            loop {
                if let Some(next) = state.0.pop() {
                    state.1 += 1;
                    break next;
                }
                if state.1 == 0 {
                    return Ok(met);
                }
                // A thread that failed counts as reading for ever; the others look again.
                state = shared
                    .more
                    .wait_timeout(state, Duration::from_millis(100))
                    .unwrap_or_else(PoisonError::into_inner)
                    .0;
            }
        };
        let read = read_one(&parent, &name, details, &mut buffer, &mut below, &mut met);
        let mut state = shared.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.1 -= 1;
        state.0.append(&mut below);
        shared.more.notify_all();
        drop(state);
        read?;
    }
}

fn read_one(
    parent: &OwnedFd,
    name: &CStr,
    details: bool,
    buffer: &mut [MaybeUninit<u8>],
    below: &mut Vec<Pending>,
    met: &mut Met,
) -> io::Result<()> {
    let dir = Arc::new(Real.open_dir(parent.as_fd(), name)?);
    let mut failed: Option<Errno> = None;
    loop {
        let mut each = |child: Child<'_>| {
            let kind = child.kind.filter(|kind| !details || *kind == Kind::Dir);
            let kind = match kind {
                Some(kind) => kind,
                None => match Real.stat_at(dir.as_fd(), child.name) {
                    Ok(stat) => stat.kind,
                    Err(errno) => {
                        failed = Some(errno);
                        return;
                    }
                },
            };
            if kind == Kind::Dir {
                met.dirs += 1;
                below.push((dir.clone(), child.name.to_owned()));
            } else {
                met.files += 1;
            }
        };
        if !Real.list(dir.as_fd(), buffer, &mut each)? {
            break;
        }
    }
    match failed {
        Some(errno) => Err(errno.into()),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn every_way_meets_the_same() {
        let dir = tempfile::tempdir().expect("a directory");
        for at in 0..30 {
            let below = dir.path().join(format!("a{}/.b{at}/c", at % 3));
            fs::create_dir_all(&below).expect("made");
            fs::write(below.join(".hidden"), "x").expect("written");
            fs::write(below.join("file"), "x").expect("written");
        }
        std::os::unix::fs::symlink("/usr", dir.path().join("away")).expect("linked");
        let expected = Met {
            files: 61,
            dirs: 3 + 30 + 30,
        };
        for way in Way::ALL {
            for threads in [1, 4] {
                for details in [false, true] {
                    let met = traverse(way, threads, details, dir.path()).expect("readable");
                    assert_eq!(met, expected, "{way:?} {threads} {details}");
                }
            }
        }
    }

    #[test]
    fn what_is_not_there_is_an_error() {
        for way in Way::ALL {
            for threads in [1, 3] {
                assert!(traverse(way, threads, true, Path::new("/no/such")).is_err());
            }
        }
    }
}
