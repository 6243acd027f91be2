//! How a job ended.

use super::{BytePath, JobId, JobState, JobView, Notice, StrategyUse};
use serde::{Deserialize, Serialize};

/// Counts of a summary.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SummaryFiles {
    /// Files now at the destination by this job.
    pub copied: u64,
    /// Left alone: identical or by policy.
    pub skipped: u64,
    /// Failed or refused.
    pub failed: u64,
    /// Existing names left alone and reported.
    pub conflicts: u64,
    /// Cancelled by themselves, not with the job.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cancelled: u64,
    /// Sources removed by a move, directories not counted.
    #[serde(default)]
    pub removed: u64,
}

/// A copy without a screen cancels no single file, and its summary has no word of it.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature serde asks for"
)]
const fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// How a job ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Which job.
    pub job: JobId,
    /// Its first source.
    #[serde(default)]
    pub source: BytePath,
    /// How many sources.
    #[serde(default)]
    pub sources: u32,
    /// Its destination.
    #[serde(default)]
    pub dest: BytePath,
    /// Its last state; of a dry run whether everything could be counted.
    pub state: JobState,
    /// Nothing was done: the counts say what would fail and what would be left as a conflict.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
    /// Counts.
    pub files: SummaryFiles,
    /// Directories found.
    pub dirs: u64,
    /// Bytes moved (cloned ones included).
    pub bytes_copied: u64,
    /// Of those, shared by reflink.
    pub bytes_cloned: u64,
    /// Active seconds, the flush included.
    pub elapsed_seconds: f64,
    /// Mean over the active time.
    pub bytes_per_second: u64,
    /// Files and bytes per strategy used.
    pub strategies: Vec<StrategyUse>,
    /// Things to know that are no failures.
    pub notices: Vec<Notice>,
}

impl Summary {
    /// The summary of a job of which nothing is known but how it ended; its id is 0.
    pub fn bare(state: JobState, files: SummaryFiles) -> Self {
        Self {
            job: JobId(0),
            source: BytePath::default(),
            sources: 0,
            dest: BytePath::default(),
            state,
            dry_run: false,
            files,
            dirs: 0,
            bytes_copied: 0,
            bytes_cloned: 0,
            elapsed_seconds: 0.0,
            bytes_per_second: 0,
            strategies: Vec::new(),
            notices: Vec::new(),
        }
    }

    /// The summary of an ended job.
    pub fn of(job: &JobView) -> Self {
        Self {
            job: job.id,
            source: job.source.clone(),
            sources: job.sources,
            dest: job.dest.clone(),
            state: job.state,
            dry_run: false,
            files: SummaryFiles {
                copied: job.copied,
                skipped: job.skipped,
                failed: job.failed,
                conflicts: job.conflicts,
                cancelled: job.cancelled,
                removed: job.removed,
            },
            dirs: job.found.dirs,
            bytes_copied: job.bytes_copied,
            bytes_cloned: job.bytes_cloned,
            elapsed_seconds: job.elapsed_ms as f64 / 1000.0,
            bytes_per_second: (u128::from(job.bytes_copied) * 1000)
                .checked_div(u128::from(job.elapsed_ms))
                .unwrap_or(0) as u64,
            strategies: job.used.clone(),
            notices: job.notices.clone(),
        }
    }
}
