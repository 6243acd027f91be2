//! The vocabulary every layer shares: plain, serialisable data without behaviour beyond
//! constructors, labels and simple sums.
//!
//! What crosses between a door (screen, command line, later a socket) and the engine is built from
//! these types and nothing else; `haul copy --json` prints the same [`Update`]s, so the wire, the
//! scripts and the golden files share one schema. Nothing here touches a file system, a clock or a
//! terminal, and nothing here knows a thread.

mod failure;
mod files;
mod ids;
mod job;
mod parked;
mod path;
mod profile;
mod request;
mod shots;
mod update;

pub use failure::{
    ErrorClass, Failure, FailureFold, FailuresBy, FailuresPage, Lack, Op, Shortage, Side,
};
pub use files::{EntryState, FileEntry, FilesBy, FilesOrder, FilesPage};
pub use ids::{FileId, JobId, PlanId, WorkerId};
pub use job::{
    Conflict, DEFAULT_BUFFER_BUDGET, DEFAULT_BUFFER_SIZE, DEFAULT_PARALLEL_MIN_SIZE,
    DEFAULT_RETRIES, Durability, Filters, JobSpec, JobState, Naming, Operation, Preserve, Sparse,
    Start, Strategy, Tuning,
};
pub use parked::{EntryKind, Facts, Parked};
pub use path::BytePath;
pub use profile::{Best, RouteProfile};
pub use request::Request;
pub use shots::{FaultyShot, JobShots, PlanShots, ShotRow};
pub use update::{
    ConflictSample, Event, FilePhase, FileRow, FlushView, Hello, JobView, Lane, Mark, Notice, Plan,
    Preview, Snapshot, StrategyUse, Summary, SummaryFiles, Totals, Update, WorkerRow,
};
