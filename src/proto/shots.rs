//! What a door is told of image sequences.

use super::BytePath;
use serde::{Deserialize, Serialize};

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
    /// The only one there is, whether it is in flight or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only: Option<ShotRow>,
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
