//! Asking the sizes, times and kinds of names, on the thread that was started for it.

use super::tell;
use crate::sys::listing::{self, Details, Kind};
use crate::tui::browse::{Entries, FoldSum, Side};
use crate::tui::msg::Msg;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::mpsc;

/// Details sent in one message.
const BATCH: usize = 2_000;

/// What is asked of a directory.
pub struct Wanted {
    /// The directory.
    pub path: PathBuf,
    /// Its names.
    pub entries: Arc<Entries>,
    /// Entries, each for itself.
    pub rows: Vec<u32>,
    /// Sequences to be added up.
    pub folds: Vec<u32>,
    /// True when these are all that were not known.
    pub all: bool,
}

/// A thread that asks: for which listing, until when, and who is told.
pub(super) struct Asking {
    pub(super) side: Side,
    pub(super) generation: u64,
    pub(super) stop: Arc<AtomicBool>,
    pub(super) answers: mpsc::Sender<Msg>,
}

impl Asking {
    /// Asks all of it. A directory may be a mount that does not answer: what else there is comes
    /// before it.
    pub(super) fn all(&self, wanted: &Wanted) {
        let is_dir = |row: &&u32| wanted.entries.kind(**row) == Kind::Dir;
        let (dirs, others): (Vec<u32>, Vec<u32>) = wanted.rows.iter().partition(is_dir);
        let asked = self.rows(wanted, &others) && self.folds(wanted) && self.rows(wanted, &dirs);
        if asked && wanted.all {
            self.tell_details(&[], &[], true);
        }
    }

    /// False once nobody wants them.
    fn rows(&self, wanted: &Wanted, rows: &[u32]) -> bool {
        rows.chunks(BATCH).all(|batch| {
            self.look(wanted, batch)
                .is_some_and(|found| self.tell_details(batch, &found, false))
        })
    }

    /// The same for sequences, each added up once all of its frames are known.
    fn folds(&self, wanted: &Wanted) -> bool {
        wanted.folds.iter().all(|fold| {
            let members = wanted.entries.members(*fold);
            let mut found = Vec::with_capacity(members.len());
            for batch in members.chunks(BATCH) {
                let Some(some) = self.look(wanted, batch) else {
                    return false;
                };
                if !self.tell_details(batch, &some, false) {
                    return false;
                }
                found.extend(some);
            }
            let sum = wanted.entries.sum(*fold, found.into_iter());
            let sum = Msg::FoldSum {
                side: self.side,
                generation: self.generation,
                fold: *fold,
                sum: FoldSum::Yes(sum),
            };
            tell(&self.answers, sum)
        })
    }

    /// Details of entries; `None` once nobody wants them.
    fn look(&self, wanted: &Wanted, batch: &[u32]) -> Option<Vec<Option<Details>>> {
        let asked = batch.iter().map(|entry| wanted.entries.name(*entry));
        let go_on = || !self.stop.load(Ordering::Relaxed);
        // A directory that is gone has no details; the rows say so.
        let mut found = listing::details(&wanted.path, asked, go_on).unwrap_or_default();
        found.resize(batch.len(), None);
        (!self.stop.load(Ordering::Relaxed)).then_some(found)
    }

    fn tell_details(&self, batch: &[u32], found: &[Option<Details>], complete: bool) -> bool {
        tell(
            &self.answers,
            Msg::Details {
                side: self.side,
                generation: self.generation,
                found: batch.iter().copied().zip(found.iter().copied()).collect(),
                complete,
            },
        )
    }
}
