//! A conflict that waits for an answer: what would be copied, and what is there.

use super::{BytePath, FileId, Mark};
use serde::{Deserialize, Serialize};

/// What a name is, as far as a choice between two of them needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// What it is.
    pub kind: EntryKind,
    /// Length in bytes.
    pub size: u64,
    /// Seconds of its modification time since the epoch.
    pub secs: i64,
    /// Nanoseconds of it.
    pub nanos: u32,
}

/// What a name leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A directory.
    Dir,
    /// A symbolic link.
    Link,
    /// A pipe, a socket or a device.
    Special,
}

impl EntryKind {
    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Dir => "directory",
            Self::Link => "link",
            Self::Special => "special file",
        }
    }
}

/// A conflict that waits for an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parked {
    /// The entry, as [`super::Request::Answer`] names it.
    pub file: FileId,
    /// The full path of the name that exists.
    pub path: BytePath,
    /// What would be copied.
    pub source: Facts,
    /// What is there.
    pub dest: Facts,
}

impl Parked {
    /// Which of the two was changed later.
    pub fn newer(&self) -> Mark {
        let time = |facts: &Facts| (facts.secs, facts.nanos);
        match time(&self.source).cmp(&time(&self.dest)) {
            std::cmp::Ordering::Greater => Mark::Source,
            std::cmp::Ordering::Less => Mark::Dest,
            std::cmp::Ordering::Equal => Mark::Same,
        }
    }
}
