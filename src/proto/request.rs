//! What a door may ask of the engine.

use super::{Conflict, FailuresBy, FileId, FilesOrder, JobId, JobSpec, PlanId, Start};
use serde::{Deserialize, Serialize};

/// One request. Each takes effect before a later one is looked at; the answer is visible in the
/// next snapshot, and one that names a job or file that is gone changes nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "kebab-case")]
pub enum Request {
    /// Adds a job at the end of the queue. The engine answers with [`super::Event::Added`].
    Add {
        /// What to copy.
        spec: Box<JobSpec>,
        /// When it may run.
        start: Start,
    },
    /// Closes the gate of a job: pieces in flight end, nothing more is written.
    Pause {
        /// Which job.
        job: JobId,
    },
    /// Opens the gate again.
    Resume {
        /// Which job.
        job: JobId,
    },
    /// Pauses every job that can be.
    PauseAll,
    /// Resumes every paused job.
    ResumeAll,
    /// Stops a job for good and removes its temporaries; finished files stay, also those that only
    /// waited for a flush: they get their names after one.
    Cancel {
        /// Which job.
        job: JobId,
        /// What was copied of unfinished files of more than 1 MiB stays, each under its name with
        /// `.haul-partial` added, and is never gone on with.
        #[serde(default)]
        keep_partial: bool,
    },
    /// A job that is being cancelled waits for no flush: what has no name yet is removed.
    CancelAtOnce {
        /// Which job.
        job: JobId,
    },
    /// Pauses one file in flight; its worker goes on with other files.
    PauseFile {
        /// Which job.
        job: JobId,
        /// Which file.
        file: FileId,
    },
    /// Resumes one paused file.
    ResumeFile {
        /// Which job.
        job: JobId,
        /// Which file.
        file: FileId,
    },
    /// Gives up one file in flight or paused and removes its temporary; the rest goes on.
    CancelFile {
        /// Which job.
        job: JobId,
        /// Which file.
        file: FileId,
    },
    /// Moves a job in the queue by so many places (negative: earlier).
    Move {
        /// Which job.
        job: JobId,
        /// Places; clamped to the ends.
        by: i32,
    },
    /// Runs the failed and conflicting entries of an ended job again.
    RetryFailed {
        /// Which job.
        job: JobId,
    },
    /// Runs failures of an ended job again by themselves, and leaves the others. Where they cannot be
    /// told from the rest (a move; a scan that broke off), everything that failed is tried again.
    RetryListed {
        /// Which job.
        job: JobId,
        /// In the list that is put together by this.
        by: FailuresBy,
        /// Which list, as [`super::FailuresPage::list`] has it; of an older one nothing is tried.
        list: u64,
        /// Place of the first, in that list.
        from: u32,
        /// How many.
        count: u32,
    },
    /// Takes an ended job off the list.
    Remove {
        /// Which job.
        job: JobId,
    },
    /// Asks for a page of a job's failures; answered by [`super::Update::Failures`].
    Failures {
        /// Which job.
        job: JobId,
        /// Index of the first wanted, in order of occurrence.
        from: u32,
        /// How many at most; capped at 200.
        limit: u32,
    },
    /// Asks for a page of a job's failures where several can be one row; answered by
    /// [`super::Update::FailureList`], once they are put together.
    FailureList {
        /// Which job.
        job: JobId,
        /// By what they are put together.
        by: FailuresBy,
        /// Place of the first wanted, in that list.
        from: u32,
        /// How many at most; capped at 200.
        limit: u32,
    },
    /// Asks for a page of a job's entries; answered by [`super::Update::Files`], for another order
    /// than the scan's once the entries are put into it.
    Files {
        /// Which job.
        job: JobId,
        /// In which order.
        order: FilesOrder,
        /// Place of the first wanted.
        from: u32,
        /// How many at most; capped at 200.
        limit: u32,
    },
    /// Asks for the rates of the whole run; answered by [`super::Update::Throughput`].
    Throughput {
        /// Which job.
        job: JobId,
    },
    /// Begins a job that waits in the queue at once, beside whatever runs.
    StartNow {
        /// Which job.
        job: JobId,
    },
    /// Caps the rate of a job, also while it runs.
    Limit {
        /// Which job.
        job: JobId,
        /// Bytes per second; `None` takes the cap away.
        rate: Option<u64>,
    },
    /// Changes the number of files a job has in flight, also while it runs. Workers that are too
    /// many leave after the piece of work they are at: a large file, or 64 files or 8 MiB of
    /// small ones.
    Workers {
        /// Which job.
        job: JobId,
        /// How many more (negative: fewer); at least one stays.
        by: i32,
    },
    /// Adds a job like another one at the end of the queue.
    Duplicate {
        /// Which job.
        job: JobId,
    },
    /// Takes all jobs off the list that are done or were cancelled and hold nothing to retry or
    /// answer.
    RemoveEnded,
    /// Asks for a page of a job's parked conflicts; answered by [`super::Update::Conflicts`].
    Conflicts {
        /// Which job.
        job: JobId,
        /// Index of the first wanted, in order of discovery by the scan.
        from: u32,
        /// How many at most; capped at 200.
        limit: u32,
    },
    /// Says what becomes of a parked conflict, or of all that are parked now. The copies it asks
    /// for are made at once in a job that runs; an ended job is queued again for them alone.
    Answer {
        /// Which job.
        job: JobId,
        /// Which entry; `None` is every one that is parked.
        file: Option<FileId>,
        /// One of [`Conflict::ANSWERS`]; anything else changes nothing.
        with: Conflict,
    },
    /// Counts what a job would do, without writing; answered by [`super::Update::Plan`]s until
    /// one says it is final. A later `Plan` replaces an unfinished one.
    Plan {
        /// The door's name for it.
        plan: PlanId,
        /// What would be copied.
        spec: Box<JobSpec>,
    },
    /// Stops counting.
    DropPlan {
        /// Which plan.
        plan: PlanId,
    },
    /// Cancels everything, waits for the temporaries to be gone, and ends the engine.
    Shutdown,
}
