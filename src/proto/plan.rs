//! What a job would do, as far as it is counted.

use super::{BytePath, Conflict, Failure, Lack, PlanId, PlanShots, Strategy, Totals};
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
    /// Entries that are identical by size and time.
    pub identical: u64,
    /// Bytes of identical entries.
    pub identical_bytes: u64,
    /// Existing names with other content.
    pub conflicts: u64,
    /// Some of them, at most 20.
    pub samples: Vec<ConflictSample>,
    /// Files below directories that cannot be made; of the directories the problems tell.
    #[serde(default)]
    pub unreachable: u64,
    /// Directories that are not there yet.
    #[serde(default)]
    pub new_dirs: u64,
    /// Bytes that the new entries take: of a sparse file, where holes are kept, its blocks in use
    /// (`st_blocks`).
    #[serde(default)]
    pub new_bytes: u64,
    /// Bytes that the conflicts would take, were all of them copied.
    #[serde(default)]
    pub conflict_bytes: u64,
    /// Of those, the bytes of sources that are newer.
    #[serde(default)]
    pub newer_bytes: u64,
    /// Bytes free at the destination for this user; `None` where it cannot be told.
    pub free: Option<u64>,
    /// Files that can still be made there; `None` where there is no such limit, or it is not told.
    #[serde(default)]
    pub free_inodes: Option<u64>,
    /// What the counting could not read, and refusals that would stop the job before it begins;
    /// at most 100.
    pub problems: Vec<Failure>,
    /// Problems beyond those.
    #[serde(default)]
    pub more_problems: u64,
    /// What would move the bytes, and why.
    pub preview: Preview,
    /// Image sequences among what was found, as far as their directories were read to the end.
    #[serde(default)]
    pub shots: PlanShots,
}

impl Plan {
    /// Bytes that would be written with that policy for existing names. What is asked about counts:
    /// the answer may be to copy it.
    pub fn to_write(&self, conflict: Conflict) -> u64 {
        let replaced = match conflict {
            Conflict::Refuse | Conflict::Skip => 0,
            Conflict::Newer => self.newer_bytes,
            Conflict::Overwrite | Conflict::Rename | Conflict::Ask => self.conflict_bytes,
        };
        self.new_bytes.saturating_add(replaced)
    }

    /// Names that would be made with that policy, each of them a file more.
    pub fn to_make(&self, conflict: Conflict) -> u64 {
        let beside = match conflict {
            Conflict::Rename => self.conflicts,
            _ => 0,
        };
        self.new + self.new_dirs + beside
    }

    /// What the destination has too little of, as far as can be told. Blocks that would be shared
    /// need no room; whether they can be is known only once it was tried.
    pub fn lack(&self, conflict: Conflict) -> Option<Lack> {
        let small = |free: Option<u64>, wanted| free.is_some_and(|free| free < wanted);
        if small(self.free_inodes, self.to_make(conflict)) {
            return Some(Lack::Inodes);
        }
        let shares = self.preview.strategy == Strategy::Reflink;
        (!shares && small(self.free, self.to_write(conflict))).then_some(Lack::Space)
    }

    /// Entries that would fail: the problems, and what cannot be reached because of them.
    pub fn failing(&self) -> u64 {
        self.problems.len() as u64 + self.more_problems + self.unreachable
    }
}

/// What `auto`, or the chosen strategy, would do between the two places.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preview {
    /// File system kind of the source (`ext4`, `nfs4` …).
    pub source_fs: String,
    /// File system kind of the destination.
    pub dest_fs: String,
    /// The strategy to begin with for files of the sizes that hold most of the bytes found; before
    /// any is found, for a large file.
    pub strategy: Strategy,
    /// Why, and what files of other sizes begin with.
    pub reason: String,
    /// Files in flight that would be used.
    pub file_workers: u16,
    /// Ranges of one large file that would be in flight.
    pub chunk_workers: u16,
}
