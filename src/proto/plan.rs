//! What a job would do, as far as it is counted.

use super::{BytePath, Failure, PlanId, PlanShots, Strategy, Totals};
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
    /// Entries that would be new at the destination, those included of which that could not be told.
    pub new: u64,
    /// Entries that are identical by size and time.
    pub identical: u64,
    /// Bytes of identical entries.
    pub identical_bytes: u64,
    /// Existing names with other content.
    pub conflicts: u64,
    /// Some of them, at most 20.
    pub samples: Vec<ConflictSample>,
    /// Bytes free at the destination for this user; `None` where it cannot be told.
    pub free: Option<u64>,
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
