//! What a job is asked to be, and the states it goes through.

use super::{BytePath, RouteProfile};
use serde::{Deserialize, Serialize};
use std::fmt;

/// How the bytes of a file are moved. The table in `README.md` says what each one does.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// Chosen per file from the route, the size and the holes; the choice and its reason are recorded.
    #[default]
    Auto,
    /// The standard library's copy, one file at a time: the yardstick.
    Baseline,
    /// `read(2)` and `write(2)` through one buffer a worker.
    Buffered,
    /// `sendfile(2)`, bytes stay in the kernel.
    Sendfile,
    /// `copy_file_range(2)`, bytes stay in the kernel or on the server.
    CopyFileRange,
    /// `ioctl(FICLONE)`: shares the blocks, an error where the file system cannot.
    Reflink,
    /// Reads and writes kept in flight on a ring (`io_uring`), through the page cache.
    IoUring,
    /// The same past the page cache (`O_DIRECT`).
    Direct,
    /// Ranges of one file by several workers.
    Parallel,
}

impl Strategy {
    /// Every strategy, in the order menus show them.
    pub const ALL: [Self; 9] = [
        Self::Auto,
        Self::Baseline,
        Self::Buffered,
        Self::Sendfile,
        Self::CopyFileRange,
        Self::Reflink,
        Self::IoUring,
        Self::Direct,
        Self::Parallel,
    ];

    /// The name used on the command line, in the configuration and on screen.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Baseline => "baseline",
            Self::Buffered => "buffered",
            Self::Sendfile => "sendfile",
            Self::CopyFileRange => "copy-file-range",
            Self::Reflink => "reflink",
            Self::IoUring => "io-uring",
            Self::Direct => "direct",
            Self::Parallel => "parallel",
        }
    }

    /// The strategy of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|strategy| strategy.name() == name)
    }
}

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What happens to a name that exists at the destination with other content.
///
/// A destination with the source's size and modification time is *identical* and skipped whatever
/// the policy. A destination symlink is an existing name like any other: the policy applies to the
/// link, never to what it points at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Conflict {
    /// Left alone and reported as a conflict.
    #[default]
    Refuse,
    /// Left alone; counted as skipped.
    Skip,
    /// Replaced, atomically and after the new bytes are on the device.
    Overwrite,
    /// Replaced when the source's modification time is later, else skipped.
    Newer,
    /// Kept; the new file gets a free name beside it.
    Rename,
    /// Left alone until somebody answers: parked, while the rest of the job goes on. Only where
    /// there is somebody to ask; without a screen it is `refuse`.
    Ask,
}

impl Conflict {
    /// Every policy, in the order menus show them.
    pub const ALL: [Self; 6] = [
        Self::Ask,
        Self::Refuse,
        Self::Skip,
        Self::Overwrite,
        Self::Newer,
        Self::Rename,
    ];

    /// Those that need nobody to ask.
    pub const HEADLESS: [Self; 5] = [
        Self::Refuse,
        Self::Skip,
        Self::Overwrite,
        Self::Newer,
        Self::Rename,
    ];

    /// What a parked conflict can be answered with.
    pub const ANSWERS: [Self; 4] = [Self::Skip, Self::Overwrite, Self::Newer, Self::Rename];

    /// The policy where nobody can be asked.
    #[must_use]
    pub const fn headless(self) -> Self {
        match self {
            Self::Ask => Self::Refuse,
            other => other,
        }
    }

    /// The name used on the command line, in the configuration and on screen.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::Skip => "skip",
            Self::Overwrite => "overwrite",
            Self::Newer => "newer",
            Self::Rename => "rename",
            Self::Ask => "ask",
        }
    }

    /// The policy of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|policy| policy.name() == name)
    }
}

/// What must be on the device before a file, or the job, is called done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Durability {
    /// Nothing is flushed, except a file that replaces another (it would be lost with the old one).
    None,
    /// Files wait for a common `syncfs(2)` (each 256 MiB, 4,096 files or 2 s, and at the end) and get
    /// their names after it; a last one makes the names durable, shown as a phase of its own.
    #[default]
    Job,
    /// Every file is flushed before it gets its name.
    File,
}

impl Durability {
    /// Every level, in the order menus show them.
    pub const ALL: [Self; 3] = [Self::None, Self::Job, Self::File];

    /// The name used on the command line, in the configuration and on screen.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Job => "job",
            Self::File => "file",
        }
    }

    /// The level of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.name() == name)
    }
}

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

/// What a job does with its sources.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    /// They stay.
    #[default]
    Copy,
    /// They are removed, each only once its copy is on the device and was read back equal.
    Move,
}

impl Operation {
    /// Every operation.
    pub const ALL: [Self; 2] = [Self::Copy, Self::Move];

    /// The name used in a batch.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Copy => "copy",
            Self::Move => "move",
        }
    }

    /// The operation of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.name() == name)
    }
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

/// What a copy keeps of a file besides its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "six independent choices of the user"
)]
pub struct Preserve {
    /// Permission bits, set-id bits included.
    pub mode: bool,
    /// Owner and group, by number, where permitted.
    pub owner: bool,
    /// Access and modification time, to the nanosecond.
    pub times: bool,
    /// Extended attributes, where permitted.
    pub xattr: bool,
    /// POSIX access control lists.
    pub acl: bool,
    /// Hard links within the job.
    pub links: bool,
}

impl Preserve {
    /// Everything.
    pub const ALL: Self = Self {
        mode: true,
        owner: true,
        times: true,
        xattr: true,
        acl: true,
        links: true,
    };

    /// Nothing but the bytes.
    pub const NOTHING: Self = Self {
        mode: false,
        owner: false,
        times: false,
        xattr: false,
        acl: false,
        links: false,
    };

    /// The names used on the command line and in the configuration.
    pub const NAMES: [&'static str; 6] = ["mode", "owner", "times", "xattr", "acl", "links"];

    /// The names of what is kept, in the usual order.
    pub fn names(self) -> Vec<&'static str> {
        let kept = [
            self.mode, self.owner, self.times, self.xattr, self.acl, self.links,
        ];
        let named = Self::NAMES.into_iter().zip(kept);
        named
            .filter(|(_, kept)| *kept)
            .map(|(name, _)| name)
            .collect()
    }

    /// Chooses or drops one by its name, or all of them by `all`; false when there is no such name.
    pub fn set(&mut self, name: &str, keep: bool) -> bool {
        match name {
            "mode" => self.mode = keep,
            "owner" => self.owner = keep,
            "times" => self.times = keep,
            "xattr" => self.xattr = keep,
            "acl" => self.acl = keep,
            "links" => self.links = keep,
            "all" => {
                *self = if keep { Self::ALL } else { Self::NOTHING };
            }
            _ => return false,
        }
        true
    }
}

impl Default for Preserve {
    fn default() -> Self {
        Self::ALL
    }
}

/// What becomes of holes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sparse {
    /// Holes stay holes.
    #[default]
    Auto,
    /// Runs of zeros become holes too.
    Always,
    /// Holes are filled: every block is written.
    Never,
}

impl Sparse {
    /// Every choice, in the order menus show them.
    pub const ALL: [Self; 3] = [Self::Auto, Self::Always, Self::Never];

    /// The name used on the command line, in the configuration and on screen.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Always => "always",
            Self::Never => "never",
        }
    }

    /// The choice of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|choice| choice.name() == name)
    }
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

/// Where a job stands. [`crate::engine`] holds the table of legal transitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JobState {
    /// Waits for its turn.
    Queued,
    /// The scan has begun and nothing has been copied yet.
    Scanning,
    /// Copies (the scan may still be running).
    Running,
    /// Asked to pause; some worker is still finishing a piece.
    Pausing,
    /// Nothing is written until it is resumed.
    Paused,
    /// All bytes are accepted by the kernel; the device is being flushed.
    Flushing,
    /// A move whose copies are on the device: they are compared with their sources, and what is
    /// equal is removed at its source.
    Verifying,
    /// Asked to stop; temporaries are being removed.
    Cancelling,
    /// Stopped on request; finished files stay, no temporary is left.
    Cancelled,
    /// Everything is copied or was identical or skipped by the chosen policy.
    Done,
    /// Ended, and something failed, was refused or is a conflict.
    DoneWithFailures,
    /// Could not begin: nothing was written.
    Failed,
}

impl JobState {
    /// Every state.
    pub const ALL: [Self; 12] = [
        Self::Queued,
        Self::Scanning,
        Self::Running,
        Self::Pausing,
        Self::Paused,
        Self::Flushing,
        Self::Verifying,
        Self::Cancelling,
        Self::Cancelled,
        Self::Done,
        Self::DoneWithFailures,
        Self::Failed,
    ];

    /// True once nothing more happens without a new request.
    pub const fn is_final(self) -> bool {
        matches!(
            self,
            Self::Cancelled | Self::Done | Self::DoneWithFailures | Self::Failed
        )
    }

    /// True while the job reads or writes, or is about to.
    pub const fn is_active(self) -> bool {
        matches!(
            self,
            Self::Scanning
                | Self::Running
                | Self::Pausing
                | Self::Flushing
                | Self::Verifying
                | Self::Cancelling
        )
    }

    /// The word shown for the state; it carries the meaning without colour.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Queued => "QUEUED",
            Self::Scanning => "SCAN",
            Self::Running => "RUN",
            Self::Pausing => "PAUSING",
            Self::Paused => "PAUSED",
            Self::Flushing => "FLUSH",
            Self::Verifying => "VERIFY",
            Self::Cancelling => "CANCEL",
            Self::Cancelled => "CANCELLED",
            Self::Done => "DONE",
            Self::DoneWithFailures => "DONE!",
            Self::Failed => "FAILED",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_serde_agree() {
        for strategy in Strategy::ALL {
            let json = serde_json::to_string(&strategy).expect("serialises");
            assert_eq!(json, format!("\"{}\"", strategy.name()));
            assert_eq!(Strategy::from_name(strategy.name()), Some(strategy));
        }
        for policy in Conflict::ALL {
            assert_eq!(
                serde_json::to_string(&policy).expect("serialises"),
                format!("\"{}\"", policy.name())
            );
        }
        for level in Durability::ALL {
            assert_eq!(
                serde_json::to_string(&level).expect("serialises"),
                format!("\"{}\"", level.name())
            );
        }
    }
}
