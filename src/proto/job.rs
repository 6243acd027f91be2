//! What a door asks for when it adds a job.

use super::{BytePath, Conflict, Durability, Operation, Preserve, RouteProfile, Sparse, Strategy};
use serde::{Deserialize, Serialize};

/// How the destination argument becomes the name of each source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Naming {
    /// `cp`'s rule: into the destination when it is an existing directory, else it is the new name.
    #[default]
    Cp,
    /// The destination is a directory that must exist (`-t`, and the interactive program).
    Into,
    /// The destination is always the new name (`-T`).
    Exact,
    /// Each source has a new name of its own ([`JobSpec::targets`]); what is missing of the
    /// directories above it is made (`haul apply`).
    Mapped,
}

/// Bytes that one buffer of a worker holds unless told otherwise: past GNU cp's measured knee of
/// 256 KiB (coreutils `ioblksize.h`), and still inside a second-level cache.
pub const DEFAULT_BUFFER_SIZE: u64 = 256 * 1024;

/// Bytes that all buffers of a job take together unless told otherwise.
pub const DEFAULT_BUFFER_BUDGET: u64 = 64 * 1024 * 1024;

/// Size from which a file is copied in ranges by several workers unless told otherwise.
pub const DEFAULT_PARALLEL_MIN_SIZE: u64 = 128 * 1024 * 1024;

/// Concurrency and sizes. `None` means: chosen by haul, by route.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tuning {
    /// Files in flight at a time.
    pub file_workers: Option<u16>,
    /// Ranges of one large file in flight at a time.
    pub chunk_workers: Option<u16>,
    /// Threads that move bytes at a time, whole files and ranges together, at most.
    pub max_workers: Option<u16>,
    /// Bytes of one range of a large file; rounded up to 2 MiB.
    pub chunk_size: Option<u64>,
    /// Bytes of one buffer; gives way to the budget.
    pub buffer_size: Option<u64>,
    /// Bytes of all buffers of the job together.
    pub buffer_budget: Option<u64>,
    /// Size in bytes from which a file is copied in ranges.
    pub parallel_min_size: Option<u64>,
}

/// What is left out of a tree.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Filters {
    /// Patterns of what to leave out: matched against the name, and against the path below the
    /// source where the pattern holds a `/`.
    pub exclude: Vec<String>,
    /// Patterns of what stays although `exclude` says otherwise; matched the same way. What lies
    /// in a directory that is left out is never looked at.
    pub include: Vec<String>,
    /// Leaves out version control's own data (`.git`, `.hg`, `.svn` and kin).
    pub exclude_vcs: bool,
}

/// Times a file is begun again after trouble that may pass, unless told otherwise.
pub const DEFAULT_RETRIES: u8 = 2;

/// A job as a door asks for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "independent choices of the user"
)]
pub struct JobSpec {
    /// What to copy, in order; each a file, link or directory.
    pub sources: Vec<BytePath>,
    /// Where to; fixed here, whatever the panes show later. With [`Naming::Mapped`] the directory
    /// shown for the job as a whole; nothing is written to it for being named here.
    pub dest: BytePath,
    /// With [`Naming::Mapped`] the new name of each source, in the order of `sources`; else empty.
    pub targets: Vec<BytePath>,
    /// How `dest` is read.
    pub naming: Naming,
    /// What becomes of the sources.
    pub operation: Operation,
    /// How bytes are moved.
    pub strategy: Strategy,
    /// Concurrency and sizes.
    pub tuning: Tuning,
    /// What happens to existing names.
    pub conflict: Conflict,
    /// What must be on the device at the end.
    pub durability: Durability,
    /// What is left out.
    pub filters: Filters,
    /// What is kept besides the bytes.
    pub preserve: Preserve,
    /// What becomes of holes.
    pub sparse: Sparse,
    /// Copies what links point to instead of the links.
    pub follow_links: bool,
    /// Leaves out what is on another file system than the source argument.
    pub one_file_system: bool,
    /// Bytes per second, at most.
    pub limit: Option<u64>,
    /// Times a file is begun again after trouble that may pass.
    pub retries: u8,
    /// What was measured on routes, for what nobody asked for otherwise; the first that is about
    /// this one counts.
    pub routes: Vec<RouteProfile>,
    /// Types (`exr`) of which each file is one frame of a sequence; `None` is the usual ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frame_types: Option<Vec<String>>,
    /// Waits when the destination has no room, and goes on when it has some; else no further file
    /// is begun and what is left is told.
    pub wait_for_space: bool,
}

impl Default for JobSpec {
    fn default() -> Self {
        Self {
            sources: Vec::new(),
            dest: BytePath::default(),
            targets: Vec::new(),
            naming: Naming::default(),
            operation: Operation::default(),
            strategy: Strategy::default(),
            tuning: Tuning::default(),
            conflict: Conflict::default(),
            durability: Durability::default(),
            filters: Filters::default(),
            preserve: Preserve::ALL,
            sparse: Sparse::default(),
            follow_links: false,
            one_file_system: false,
            limit: None,
            retries: DEFAULT_RETRIES,
            routes: Vec::new(),
            frame_types: None,
            wait_for_space: false,
        }
    }
}

/// When an added job may run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Start {
    /// At once, beside whatever runs.
    Now,
    /// When no job ahead of it that writes to the same device is running.
    #[default]
    Queued,
}
