//! What the engine tells a door.
//!
//! Events are hints, snapshots are truth: everything needed to draw, or to choose an exit code, is
//! in a [`Snapshot`] or can be asked for by page. A slow door skips snapshots and loses nothing.

use super::{
    Failure, FailuresPage, FilesPage, JobId, JobState, JobView, Parked, Plan, Strategy, Summary,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// One message from the engine.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Update {
    /// First message of every session.
    Hello(Hello),
    /// The newest state of everything; latest wins.
    Snapshot(Arc<Snapshot>),
    /// Something happened.
    Event(Event),
    /// A page of failures, as asked for.
    Failures {
        /// Which job.
        job: JobId,
        /// Index of the first.
        from: u32,
        /// The failures, in order of occurrence.
        failures: Vec<Failure>,
    },
    /// A page of failures of which several can be one row, as asked for.
    FailureList {
        /// Which job.
        job: JobId,
        /// The page.
        page: Box<FailuresPage>,
    },
    /// A page of a job's entries, as asked for.
    Files {
        /// Which job.
        job: JobId,
        /// The page.
        page: Box<FilesPage>,
    },
    /// The rates of a whole run.
    Throughput {
        /// Which job.
        job: JobId,
        /// Seconds of active time each rate stands for.
        seconds: u64,
        /// Bytes per second, oldest first.
        rates: Vec<u64>,
    },
    /// A page of parked conflicts, as asked for.
    Conflicts {
        /// Which job.
        job: JobId,
        /// Index of the first.
        from: u32,
        /// The conflicts, in the order of the scan.
        conflicts: Vec<Parked>,
    },
    /// What a job would do, so far.
    Plan(Box<Plan>),
    /// How a job ended; the last line of `haul copy --json`.
    Summary(Box<Summary>),
}

/// The greeting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// Version of this schema; raised when a field changes meaning.
    pub schema: u32,
    /// The program's version.
    pub version: String,
}

/// Everything a screen shows.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Snapshot {
    /// Rises by one with each snapshot.
    pub seq: u64,
    /// Jobs in queue order, ended ones included until removed.
    pub jobs: Vec<JobView>,
}

/// A happening.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// A job was added.
    Added {
        /// Its id.
        job: JobId,
    },
    /// A job went from one state to another.
    State {
        /// Which job.
        job: JobId,
        /// Before.
        from: JobState,
        /// After.
        to: JobState,
    },
    /// A rung of the ladder was dropped for a route.
    Fallback {
        /// Which job.
        job: JobId,
        /// The rung that cannot be used.
        from: Strategy,
        /// Why, in words.
        reason: String,
    },
    /// Events were dropped because this door did not read them.
    Missed {
        /// How many.
        count: u64,
    },
}
