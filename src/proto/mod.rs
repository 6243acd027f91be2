//! The vocabulary every layer shares: plain, serialisable data without behaviour beyond
//! constructors, labels and simple sums.
//!
//! What crosses between a door (screen, command line) and the engine is built from
//! these types and nothing else; `haul copy --json` prints the same [`Update`]s, so the wire, the
//! scripts and the golden files share one schema. Nothing here touches a file system, a clock or a
//! terminal, and nothing here knows a thread.

pub(crate) mod choice;
mod failure;
mod files;
mod ids;
mod job;
mod parked;
mod path;
mod plan;
mod policy;
mod preserve;
mod profile;
mod request;
mod shots;
mod state;
mod summary;
mod update;
mod view;

pub use failure::{
    ErrorClass, Failure, FailureFold, FailuresBy, FailuresPage, Lack, Op, Shortage, Side,
};
pub use files::{EntryState, FileEntry, FilesBy, FilesOrder, FilesPage};
pub use ids::{FileId, JobId, PlanId, WorkerId};
pub use job::{
    DEFAULT_BUFFER_BUDGET, DEFAULT_BUFFER_SIZE, DEFAULT_PARALLEL_MIN_SIZE, DEFAULT_RETRIES,
    Filters, JobSpec, Naming, Start, Tuning,
};
pub use parked::{EntryKind, Facts, Parked};
pub use path::BytePath;
pub use plan::{ConflictSample, Mark, Plan, Preview};
pub use policy::{Conflict, Durability, Operation, Sparse, Strategy};
pub use preserve::Preserve;
pub use profile::{Best, RouteProfile};
pub use request::Request;
pub use shots::{FaultyShot, JobShots, PlanShots, ShotRow};
pub use state::JobState;
pub use summary::{Summary, SummaryFiles};
pub use update::{Event, Hello, Snapshot, Update};
pub use view::{
    FilePhase, FileRow, FlushView, JobView, Lane, Notice, StrategyUse, Totals, WorkerRow,
};
