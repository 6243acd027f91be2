//! One failed thing: what was being done, to which path, on which side, and what the kernel said.

use super::{BytePath, FileId};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;

/// The operation that failed, named as a person would.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Op {
    /// Resolving or opening a source or destination argument.
    Resolve,
    /// Opening for reading.
    Open,
    /// Reading a directory's names.
    List,
    /// Reading metadata.
    Stat,
    /// Creating the temporary, a link or a special file.
    Create,
    /// Creating a directory.
    MakeDir,
    /// Reading bytes (or a link's target).
    Read,
    /// Writing bytes.
    Write,
    /// Moving bytes inside the kernel, where it cannot be told which side failed.
    Copy,
    /// Setting the length.
    Truncate,
    /// Setting the owner.
    Owner,
    /// Setting the mode.
    Mode,
    /// Setting the times.
    Times,
    /// Flushing to the device.
    Flush,
    /// Closing.
    Close,
    /// Giving the finished file its name.
    Rename,
    /// Removing a temporary.
    Remove,
    /// Comparing with what exists.
    Compare,
    /// Reading a copy back and comparing it, before a move removes its source.
    Verify,
    /// Removing the source of a move.
    RemoveSource,
}

impl Op {
    /// The verb for messages: `cannot <verb> 'path': reason`.
    pub const fn verb(self) -> &'static str {
        match self {
            Self::Resolve => "resolve",
            Self::Open => "open",
            Self::List => "list",
            Self::Stat => "read metadata of",
            Self::Create => "create",
            Self::MakeDir => "create directory",
            Self::Read => "read",
            Self::Write => "write",
            Self::Copy | Self::Compare => "copy",
            Self::Verify => "verify",
            Self::RemoveSource => "remove the source",
            Self::Truncate => "set length of",
            Self::Owner => "set owner of",
            Self::Mode => "set mode of",
            Self::Times => "set times of",
            Self::Flush => "flush",
            Self::Close => "close",
            Self::Rename => "give its name to",
            Self::Remove => "remove temporary of",
        }
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.verb())
    }
}

/// Which of the two trees the failing path belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// The tree that is read.
    Source,
    /// The tree that is written.
    Dest,
}

/// What kind of trouble it is: decides what is done about it and how failures are grouped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorClass {
    /// May go away by itself (EINTR, EAGAIN, ESTALE, EMFILE …).
    Transient,
    /// No space, no quota, no inodes.
    Space,
    /// Not allowed.
    Permission,
    /// Gone since the scan.
    Vanished,
    /// Not what it was when it was scanned or opened.
    Changed,
    /// The file system cannot do it.
    Unsupported,
    /// Refused because it would destroy something: onto itself, into itself, two sources one name.
    Refused,
    /// An existing name that the policy leaves alone.
    Conflict,
    /// The device or the network failed (EIO and kin).
    Device,
    /// Anything else.
    Other,
}

impl ErrorClass {
    /// The word shown for the class.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Transient => "transient",
            Self::Space => "no space",
            Self::Permission => "permission",
            Self::Vanished => "vanished",
            Self::Changed => "changed",
            Self::Unsupported => "unsupported",
            Self::Refused => "refused",
            Self::Conflict => "conflict",
            Self::Device => "device",
            Self::Other => "error",
        }
    }
}

/// What a destination can run out of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lack {
    /// Bytes.
    #[default]
    Space,
    /// Inodes: there may be bytes left.
    Inodes,
    /// What this user, group or project may use.
    Quota,
}

impl Lack {
    /// The words shown.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Space => "no space",
            Self::Inodes => "no inodes",
            Self::Quota => "quota exceeded",
        }
    }
}

/// Room that is missing at the destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shortage {
    /// What there is too little of.
    pub lack: Lack,
    /// Bytes that are free for this user, as last seen; `None` where that cannot be told.
    pub free: Option<u64>,
}

/// A failure as stored, listed, printed and retried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The entry it belongs to; `None` for a source argument or the job as a whole.
    pub file: Option<FileId>,
    /// What was being done.
    pub op: Op,
    /// Which side the path is on.
    pub side: Side,
    /// The full path as given by the arguments plus the names below, for display only.
    pub path: BytePath,
    /// The kernel's number, where the kernel said it.
    pub errno: Option<i32>,
    /// Offset in bytes, where the failure has one.
    pub offset: Option<u64>,
    /// Kind of trouble.
    pub class: ErrorClass,
    /// The reason in words, without the path.
    pub reason: String,
    /// Of a directory that cannot be at the destination: files seen below it, of which none is
    /// copied. They count as failed, and this failure stands for them all.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub below: u64,
}

impl Failure {
    /// The reason in words, and how many files are not copied because of it, where it is told for
    /// a whole directory.
    pub fn told(&self) -> Cow<'_, str> {
        match self.below {
            0 => Cow::Borrowed(&self.reason),
            1 => Cow::Owned(format!("{}; not copied below it: 1 file", self.reason)),
            files => Cow::Owned(format!(
                "{}; not copied below it: {files} files",
                self.reason
            )),
        }
    }
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "the form that serde calls"
)]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// By what failures are put together in a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailuresBy {
    /// Frames of one sequence that failed for one cause.
    #[default]
    Sequence,
    /// One cause in one directory.
    Cause,
}

/// Several failures as one row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureFold {
    /// What stands for them: a sequence with its numbers in brackets, which is no name of a file,
    /// or the directory they are in; `None` where they are in many.
    pub path: Option<BytePath>,
    /// Kind of trouble.
    pub class: ErrorClass,
    /// The reason they share; empty where only the class is shared.
    pub reason: String,
    /// How many; two at least.
    pub count: u64,
    /// Index of the earliest of them in order of occurrence: it stays the same while more come.
    pub first: u32,
}

/// A page of failures in the order of a list: those of the first fold, of the second, and so on,
/// then those that stand for themselves as they occurred.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailuresPage {
    /// By what they are put together.
    pub by: FailuresBy,
    /// Which list of the job: another number once some were tried again.
    pub list: u64,
    /// Failures in the whole list.
    pub of: u32,
    /// The folds, the largest first; at most 1,000.
    pub folds: Vec<FailureFold>,
    /// Place of the first failure in the list.
    pub from: u32,
    /// The failures.
    pub failures: Vec<Failure>,
}
