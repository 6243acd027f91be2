//! How much a tree holds: files, directories and bytes, counted for a pane on demand.
//!
//! Walks by path with jwalk, follows no link, changes nothing. Sizes are those `ls` shows: a hole
//! counts, and a file with two names in the tree counts twice, as a copy without link detection
//! would. May run for minutes; `go_on` is asked between entries. Lives on a thread of its pane.

use crate::clock;
use jwalk::{Parallelism, WalkDirGeneric};
use std::path::Path;
use std::time::Duration;

/// What was counted so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Everything that is not a directory.
    pub files: u64,
    /// Directories below the root.
    pub dirs: u64,
    /// Bytes of regular files.
    pub bytes: u64,
    /// Entries that could not be read: the figures are too low by them.
    pub unreadable: u64,
}

/// Threads of one walk: directories on a network mount answer better in parallel, and a copy that
/// runs beside must not notice.
const THREADS: usize = 4;

/// Between two calls of `progress`.
const EVERY: Duration = Duration::from_millis(200);

/// Counts what lies below `root`; stops early, with what it has, once `progress` says no.
pub fn count(root: &Path, mut progress: impl FnMut(Counted) -> bool) -> Counted {
    let mut counted = Counted::default();
    let walk = WalkDirGeneric::<((), u64)>::new(root)
        .skip_hidden(false)
        .follow_links(false)
        .min_depth(1)
        .parallelism(Parallelism::RayonNewPool(THREADS))
        // Sizes are asked for on the walk's own threads; the loop below only adds.
        .process_read_dir(|_, _, (), children| {
            for child in children.iter_mut().flatten() {
                if child.file_type.is_file() {
                    child.client_state = match child.metadata() {
                        Ok(metadata) => metadata.len(),
                        Err(_) => UNKNOWN,
                    };
                }
            }
        });
    let mut told = clock::now();
    for entry in walk {
        match entry {
            Ok(entry) => {
                if entry
                    .read_children
                    .as_ref()
                    .is_some_and(|read| read.error().is_some())
                {
                    counted.unreadable += 1;
                }
                if entry.file_type.is_dir() {
                    counted.dirs += 1;
                } else {
                    counted.files += 1;
                    if entry.client_state == UNKNOWN {
                        counted.unreadable += 1;
                    } else {
                        counted.bytes += entry.client_state;
                    }
                }
            }
            Err(_) => counted.unreadable += 1,
        }
        if told.elapsed() >= EVERY {
            told = clock::now();
            if !progress(counted) {
                break;
            }
        }
    }
    counted
}

/// No file is this large; marks one whose size could not be asked.
const UNKNOWN: u64 = u64::MAX;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_and_nested_files_count_and_links_are_not_followed() {
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::create_dir_all(dir.path().join("a/.b")).expect("made");
        std::fs::write(dir.path().join(".top"), [0; 10]).expect("written");
        std::fs::write(dir.path().join("a/.b/deep"), [0; 7]).expect("written");
        std::os::unix::fs::symlink("/usr", dir.path().join("away")).expect("linked");
        let counted = count(dir.path(), |_| true);
        assert_eq!(
            counted,
            Counted {
                files: 3,
                dirs: 2,
                bytes: 17,
                unreadable: 0
            }
        );
    }
}
