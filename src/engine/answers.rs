//! What was said about conflicts that were parked: a policy for single entries, in place of the
//! job's.
//!
//! Owned by the job over all its runs, read by its workers. The lock is held for a lookup, and not
//! taken at all while nothing was answered.

use crate::proto::{Conflict, FileId};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// Policies by entry.
#[derive(Debug, Default)]
pub struct Answers {
    some: AtomicBool,
    by_file: Mutex<HashMap<FileId, Conflict>>,
}

impl Answers {
    /// From now on `file` is treated so.
    pub fn set(&self, file: FileId, with: Conflict) {
        self.by_file
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(file, with);
        // Whoever is given the entry after this was given it through a channel, which orders it.
        self.some.store(true, Ordering::Release);
    }

    /// What was said of `file`.
    pub fn of(&self, file: FileId) -> Option<Conflict> {
        if !self.some.load(Ordering::Acquire) {
            return None;
        }
        self.by_file
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&file)
            .copied()
    }
}
