//! How much a tree holds: files, directories and bytes, counted for a pane on demand.
//!
//! Walks by path, follows no link, changes nothing. Sizes are those `ls` shows: a hole
//! counts, and a file with two names in the tree counts twice, as a copy without link detection
//! would. May run for minutes; `go_on` is asked between entries. Lives on a thread of its pane.

use super::Kind;
use super::walk::{Bounds, Keep, Met, walk};
use crate::clock;
use std::path::Path;
use std::sync::Arc;
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

/// Between two calls of `progress`.
const EVERY: Duration = Duration::from_millis(200);

/// Counts what lies below `root`; stops early, with what it has, once `progress` says no.
pub fn count(root: &Path, mut progress: impl FnMut(Counted) -> bool) -> Counted {
    let mut counted = Counted::default();
    let mut told = clock::now();
    let all: Arc<Keep> = Arc::new(|_, _, _| true);
    walk(root, Bounds::default(), &all, |met| {
        match met {
            Met::Dir(_) => counted.dirs += 1,
            Met::Entry(_, stat) => {
                counted.files += 1;
                if stat.kind == Kind::File {
                    counted.bytes += stat.size;
                }
            }
            Met::Unreadable(..) => counted.unreadable += 1,
        }
        if told.elapsed() < EVERY {
            return true;
        }
        told = clock::now();
        progress(counted)
    });
    // The root was met as well.
    counted.dirs = counted.dirs.saturating_sub(1);
    counted
}

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
