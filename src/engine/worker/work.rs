//! What is handed to workers: pieces of work, and files that were set aside and go on.

use super::{Big, Candidate, OpenFile, Proof, Unnamed};
use crate::engine::tree::{Dir, Slice};
use crate::proto::FileId;
use std::sync::Arc;

/// A file set aside in mid-copy: open, with its temporary, ready to go on.
#[derive(Debug)]
pub enum Held {
    /// Copied by one worker.
    File(Box<OpenFile>),
    /// Copied in ranges.
    Big(Arc<Big>),
}

impl Held {
    /// Which file.
    pub fn id(&self) -> FileId {
        match self {
            Self::File(file) => file.id,
            Self::Big(big) => big.id,
        }
    }
}

/// One piece of work.
#[derive(Debug)]
pub enum Work {
    /// Entries of a directory.
    Slice(Arc<Slice>),
    /// Slices of one directory, one after the other.
    Run(Vec<Arc<Slice>>),
    /// Some entries again.
    Again(Arc<Slice>, Vec<usize>),
    /// A file that was set aside.
    File(Box<OpenFile>),
    /// A file that was set aside and is given up.
    Discard(Box<OpenFile>),
    /// Files that wait for their names; true when a flush vouches for their bytes.
    Name(Vec<Unnamed>, bool),
    /// A large file to join; true when the lane is already counted in.
    Lane(Arc<Big>, bool),
    /// Slices of a cancelled job: their directories are completed, nothing is copied.
    Abandon(Vec<Arc<Slice>>),
    /// A directory whose metadata is to be applied again.
    Dir(Arc<Dir>),
    /// Entries of a move to be compared with their copies.
    Prove(Arc<Slice>, Vec<Candidate>),
    /// Sources to be removed: their copies are equal.
    TakeAway(Proof),
    /// Source directories to be removed where they are empty, each after its parent.
    TakeAwayDirs(Vec<Arc<Dir>>),
}
