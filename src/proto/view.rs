//! What a screen shows of a job: one [`JobView`] in each snapshot, with its workers and the files in
//! flight. It grows with workers and open files, never with the files of the job.

use super::{
    BytePath, Conflict, Durability, Failure, FileId, JobId, JobShots, JobState, Shortage, Start,
    Strategy, WorkerId,
};
use serde::{Deserialize, Serialize};

/// Files and bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Files, links and special files; directories are not counted.
    pub files: u64,
    /// Bytes of regular files.
    pub bytes: u64,
    /// Directories.
    pub dirs: u64,
}

/// One job.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct JobView {
    /// Its id.
    pub id: JobId,
    /// Where it stands.
    pub state: JobState,
    /// The first source; the rest are counted by `sources`.
    pub source: BytePath,
    /// How many sources.
    pub sources: u32,
    /// The destination as fixed when the job was added.
    pub dest: BytePath,
    /// Asked-for strategy.
    pub strategy: Strategy,
    /// Policy for existing names.
    pub conflict: Conflict,
    /// Durability.
    pub durability: Durability,
    /// When it may run.
    pub start: Start,
    /// The job this one waits for, while queued.
    pub waits_for: Option<JobId>,
    /// What the scan has found so far.
    pub found: Totals,
    /// True when the scan has ended and `found` is final.
    pub found_is_final: bool,
    /// Entries finished: copied, skipped, failed or conflicting; never more than `found.files`.
    pub files_done: u64,
    /// Files (links and special files included) that now exist at the destination by this job.
    pub copied: u64,
    /// Entries left alone by policy or because identical.
    pub skipped: u64,
    /// Failures, directories and arguments included; refusals too, conflicts not.
    pub failed: u64,
    /// Files that are copied and get their names once they are known to be on the device; not yet in
    /// `files_done`.
    #[serde(default)]
    pub unnamed: u64,
    /// Existing names the policy left alone and reported, parked ones included.
    pub conflicts: u64,
    /// Of `conflicts`: parked, and waiting for an answer.
    #[serde(default)]
    pub parked: u64,
    /// Files that were cancelled by themselves, not with the job.
    #[serde(default)]
    pub cancelled: u64,
    /// Sources removed by a move, directories not counted.
    #[serde(default)]
    pub removed: u64,
    /// What the destination has too little of: no further file is begun. A job that waits for room
    /// is paused by itself once what was in flight has ended.
    #[serde(default)]
    pub shortage: Option<Shortage>,
    /// Bytes accepted by the kernel, those of files in flight included.
    pub bytes_copied: u64,
    /// Bytes of skipped and given-up files: no longer part of what is to be copied.
    pub bytes_left_out: u64,
    /// Of `bytes_copied`: shared by reflink, not written.
    pub bytes_cloned: u64,
    /// Of `bytes_copied`: known to be on the device.
    pub bytes_flushed: u64,
    /// Bytes per second over the last 3 s of active time; `None` while nothing can be said.
    pub rate: Option<u64>,
    /// Mean bytes per second over the active time. Bytes that were shared are in no rate.
    pub rate_mean: u64,
    /// Lowest and highest bytes per second of whole seconds; `None` in the first one.
    #[serde(default)]
    pub rate_range: Option<(u64, u64)>,
    /// Bytes per second at most.
    #[serde(default)]
    pub limit: Option<u64>,
    /// Files in flight that are wanted.
    #[serde(default)]
    pub file_workers: u16,
    /// Seconds left, low and high estimate; `None` while it cannot be said.
    pub eta: Option<(u64, u64)>,
    /// Active milliseconds: paused and queued time excluded.
    pub elapsed_ms: u64,
    /// Bytes per second in each of the last seconds that are over, oldest first, at most 300.
    pub history: Vec<u64>,
    /// Workers, in the order of their ids.
    pub workers: Vec<WorkerRow>,
    /// Files in flight or paused in mid-file.
    pub in_flight: Vec<FileRow>,
    /// Image sequences among the files.
    #[serde(default)]
    pub shots: JobShots,
    /// The flush, while it runs or once it ended.
    pub flush: Option<FlushView>,
    /// What moved the bytes of finished files.
    pub used: Vec<StrategyUse>,
    /// Things to know that are no failures: a fall-back, something not kept.
    pub notices: Vec<Notice>,
    /// How many failures and conflicts [`super::Request::Failures`] can list.
    pub listed: u32,
    /// The last failure, for the bottom of the screen.
    pub last_failure: Option<Failure>,
}

impl JobView {
    /// Bytes the job has to move: what was found less what was left out.
    pub fn bytes_total(&self) -> u64 {
        self.found
            .bytes
            .saturating_sub(self.bytes_left_out)
            .max(self.bytes_copied)
    }

    /// Share done in 0..=1 by bytes, or by entries when there are no bytes; 1 only for a job that
    /// has ended or is flushing, so that nothing says 100 % while files are still open.
    pub fn fraction(&self) -> f64 {
        if matches!(self.state, JobState::Done | JobState::DoneWithFailures) {
            if self.parked + self.failed + self.cancelled == 0 {
                return 1.0;
            }
            // What failed, was cancelled, or waits for an answer is not done, and its bytes are in no sum.
            let done = self.copied + self.skipped;
            return (done as f64 / self.found.files.max(1) as f64).min(0.999);
        }
        let (done, total) = match self.bytes_total() {
            0 => (self.files_done, self.found.files),
            total => (self.bytes_copied, total),
        };
        // Everything found so far may be copied while the scan goes on, or be unnamed yet.
        let most = if matches!(self.state, JobState::Flushing | JobState::Verifying) {
            1.0
        } else {
            0.999
        };
        if total == 0 {
            0.0
        } else {
            (done as f64 / total as f64).clamp(0.0, most)
        }
    }
}

/// What a worker is doing with its file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FilePhase {
    /// No file.
    #[default]
    Idle,
    /// Opening source and temporary.
    Opening,
    /// Moving bytes.
    Moving,
    /// Setting metadata, flushing, renaming.
    Finishing,
    /// Held at the gate.
    Paused,
}

/// One worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorkerRow {
    /// Its id.
    pub id: WorkerId,
    /// Whether it takes whole files or ranges of large ones.
    pub lane: Lane,
    /// What it does.
    pub phase: FilePhase,
    /// Its file, while it has one.
    pub file: Option<FileId>,
    /// The file's path below the source argument.
    pub path: Option<BytePath>,
    /// Offset in bytes it has reached.
    pub offset: u64,
    /// The file's size in bytes.
    pub size: u64,
    /// Bytes per second over the last second.
    pub rate: u64,
    /// What moves the bytes.
    pub strategy: Option<Strategy>,
    /// Milliseconds without any progress, once past 4 s and while it should be progressing.
    pub stalled_ms: Option<u64>,
}

/// A worker's kind of work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lane {
    /// Whole files; ranges too when no file waits.
    #[default]
    Files,
    /// Ranges of large files only.
    Ranges,
    /// Names for files that are whole and on the device; the others give them too.
    Names,
}

/// One file in flight.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FileRow {
    /// Its id.
    pub id: FileId,
    /// Path below the source argument.
    pub path: BytePath,
    /// Bytes moved.
    pub done: u64,
    /// Size in bytes.
    pub size: u64,
    /// How many workers are on it; 0 when it is paused.
    pub workers: u16,
    /// What moves its bytes.
    pub strategy: Option<Strategy>,
    /// True when it is paused by itself.
    pub paused: bool,
}

/// The flush of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlushView {
    /// Milliseconds it has taken so far, or took.
    pub elapsed_ms: u64,
    /// True once it ended without error.
    pub done: bool,
}

/// Files and bytes one strategy moved, and why it was taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StrategyUse {
    /// Which.
    pub strategy: Strategy,
    /// Files finished by it.
    pub files: u64,
    /// Bytes of those files.
    pub bytes: u64,
    /// Why; where there were several reasons, each with its files, the most frequent first.
    pub reason: String,
}

/// Something to know that is not a failure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// The words, ready to show (names in them are already safe).
    pub text: String,
    /// How often it applied.
    pub count: u64,
}
