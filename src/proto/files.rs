//! The entries of one job, as a list that is looked at by page.

use super::{BytePath, FileId};
use serde::{Deserialize, Serialize};

/// In which order entries are listed, and which.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FilesOrder {
    /// By what.
    pub by: FilesBy,
    /// The other way round.
    pub reversed: bool,
    /// Only entries whose path holds this, in either case; empty is all.
    pub filter: String,
}

/// What entries are ordered by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FilesBy {
    /// As the scan found them, which is the order they are copied in.
    #[default]
    Scan,
    /// By path.
    Name,
    /// By size, the largest first.
    Size,
    /// By how they stand: trouble first, then what is in work, then what waits.
    State,
}

impl FilesBy {
    /// Every order, as keys go through them.
    pub const ALL: [Self; 4] = [Self::Scan, Self::Name, Self::Size, Self::State];

    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Scan => "scan",
            Self::Name => "name",
            Self::Size => "size",
            Self::State => "state",
        }
    }
}

/// How an entry stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EntryState {
    /// Failed or refused.
    Failed,
    /// Left alone, and reported or waiting for an answer.
    Conflict,
    /// Given up.
    Cancelled,
    /// Set aside in mid-copy.
    Paused,
    /// In work.
    Copying,
    /// Not begun.
    Waiting,
    /// Identical, or left alone by policy.
    Skipped,
    /// At the destination.
    Copied,
}

impl EntryState {
    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Conflict => "conflict",
            Self::Cancelled => "cancelled",
            Self::Paused => "paused",
            Self::Copying => "copying",
            Self::Waiting => "waiting",
            Self::Skipped => "skipped",
            Self::Copied => "copied",
        }
    }
}

/// One entry of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Its id.
    pub file: FileId,
    /// Path below the source argument.
    pub path: BytePath,
    /// Size in bytes, as the scan saw it.
    pub size: u64,
    /// How it stands.
    pub state: EntryState,
}

/// A page of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilesPage {
    /// The order it is in.
    pub order: FilesOrder,
    /// Place of the first.
    pub from: u32,
    /// Entries in the whole list.
    pub total: u32,
    /// The entries.
    pub files: Vec<FileEntry>,
}
