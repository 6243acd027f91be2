//! Conflicts that wait for an answer, and entries that were answered.

use super::Worker;
use crate::engine::report::Status;
use crate::engine::tree::Slice;
use crate::proto::{Conflict, EntryKind, Facts, FileId};
use crate::sys::{Kind, Stat, Time};

impl Worker {
    /// The policy for an entry: what was answered, else the job's.
    pub(super) fn policy(&self, file: FileId) -> Conflict {
        self.shared.answers.of(file).unwrap_or(self.shared.conflict)
    }

    /// Sets an entry aside until somebody says what is to become of it and of what is `there`.
    pub(super) fn park(&mut self, slice: &Slice, index: usize, there: &Stat) -> Status {
        let there = facts(there.kind, there.size, there.mtime);
        self.batch.parked.push((slice.id(index), there));
        Status::Conflict
    }
}

/// What is shown of an inode to whoever has to choose.
pub fn facts(kind: Kind, size: u64, mtime: Time) -> Facts {
    Facts {
        kind: match kind {
            Kind::File => EntryKind::File,
            Kind::Dir => EntryKind::Dir,
            Kind::Link => EntryKind::Link,
            Kind::Fifo | Kind::Socket | Kind::Char | Kind::Block => EntryKind::Special,
        },
        size,
        secs: mtime.secs,
        nanos: mtime.nanos,
    }
}
