//! What a pane remembers of directories that were left: marks and the place of the cursor.
//!
//! Kept while haul runs, for the directories seen last; never written anywhere.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

/// Directories remembered.
const DIRECTORIES: usize = 64;

/// Marked names remembered of one directory; more are forgotten when it is left.
pub const NAMES: usize = 100_000;

/// What is remembered of one directory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remembered {
    /// The marked names.
    pub marks: Vec<Box<[u8]>>,
    /// The name under the cursor.
    pub cursor: Option<Box<[u8]>>,
}

/// Directories that were left, the last one first.
#[derive(Clone, Debug, Default)]
pub struct Memory(VecDeque<(PathBuf, Remembered)>);

impl Memory {
    /// Remembers a directory, in place of what was known of it.
    pub fn keep(&mut self, path: PathBuf, what: Remembered) {
        self.0.retain(|(known, _)| *known != path);
        self.0.push_front((path, what));
        self.0.truncate(DIRECTORIES);
    }

    /// What is remembered of a directory; forgotten with it.
    pub fn take(&mut self, path: &Path) -> Remembered {
        let at = self.0.iter().position(|(known, _)| known == path);
        at.and_then(|at| self.0.remove(at))
            .map(|(_, what)| what)
            .unwrap_or_default()
    }
}
