//! What counting and comparing find: plans, conflicts that wait for an answer, sequences.

use super::{BytePath, Failure, FileId, PlanId, Strategy, Totals};
use serde::{Deserialize, Serialize};

/// A name found at the destination with other content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConflictSample {
    /// Path below the destination.
    pub path: BytePath,
    /// Source size in bytes.
    pub source_size: u64,
    /// Destination size in bytes.
    pub dest_size: u64,
    /// How the two modification times compare.
    pub newer: Mark,
}

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

/// Which of two is later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mark {
    /// The source.
    Source,
    /// The destination.
    Dest,
    /// Neither.
    Same,
}

/// What a job would do, counted so far.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The door's name for it.
    pub plan: PlanId,
    /// True when nothing more will be counted.
    pub is_final: bool,
    /// What was found.
    pub found: Totals,
    /// Entries that would be new at the destination.
    pub new: u64,
    /// Entries that are identical by size and time, and their bytes.
    pub identical: u64,
    /// Bytes of identical entries.
    pub identical_bytes: u64,
    /// Existing names with other content.
    pub conflicts: u64,
    /// Some of them, at most 20.
    pub samples: Vec<ConflictSample>,
    /// Bytes free at the destination for this user; `None` where it cannot be told.
    pub free: Option<u64>,
    /// What the counting could not read, and refusals that would stop the job before it begins.
    pub problems: Vec<Failure>,
    /// What would move the bytes, and why.
    pub preview: Preview,
    /// Image sequences among what was found, as far as their directories were read to the end.
    #[serde(default)]
    pub shots: PlanShots,
}

/// Image sequences of a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanShots {
    /// How many.
    pub sequences: u64,
    /// Files in them.
    pub frames: u64,
    /// Sequences with gaps, empty files, odd sizes or a number twice.
    pub faulty: u64,
    /// The worst of these, at most 20.
    pub worst: Vec<FaultyShot>,
}

/// A sequence that is not whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultyShot {
    /// What stands for it, below the source: its numbers in brackets. No name of a file.
    pub label: BytePath,
    /// Files in it.
    pub frames: u64,
    /// Numbers concerned.
    pub faults: u64,
    /// Which, in words.
    pub words: String,
}

/// Image sequences of a job, once its scan has ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobShots {
    /// How many.
    pub sequences: u64,
    /// Of these: every frame is at the destination or was left alone.
    pub whole: u64,
    /// Those with a file in flight, at most 8.
    pub in_work: Vec<ShotRow>,
}

/// A sequence being copied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShotRow {
    /// What stands for it, below the source argument: its numbers in brackets. No name of a file.
    pub label: BytePath,
    /// Files in it.
    pub frames: u64,
    /// Of these: at the destination, or left alone.
    pub done: u64,
    /// Of these: failed, in conflict or given up.
    pub failed: u64,
}

/// What `auto`, or the chosen strategy, would do between the two places.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preview {
    /// File system kind of the source (`ext4`, `nfs4` …).
    pub source_fs: String,
    /// File system kind of the destination.
    pub dest_fs: String,
    /// The strategy a large file would begin with.
    pub strategy: Strategy,
    /// Why.
    pub reason: String,
    /// Files in flight that would be used.
    pub file_workers: u16,
    /// Ranges of one large file that would be in flight.
    pub chunk_workers: u16,
}
