//! The entries of a job as a list: which have ended and how, and the list in other orders.
//!
//! A page in the scan's order costs a page. Another order is made on a thread of its own, from the
//! slices and a copy of two bit sets (`order`); the coordinator only keeps the numbers that come
//! back. A request for yet another order stops the thread: each letter of a filter is one.

use super::Job;
use super::order::{Known, Stop};
use crate::clock;
use crate::engine::report::{Report, Status, What};
use crate::engine::threads;
use crate::engine::worker::contain;
use crate::proto::{EntryState, FileEntry, FileId, FilesBy, FilesOrder, FilesPage, JobId};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// An order that changes while the job works is made again after so many times what it took: a
/// list that is looked at costs the copy no more than this part of one processor.
const REST: u32 = 10;

/// One bit an entry.
#[derive(Clone, Debug, Default)]
pub(super) struct Bits(Vec<u64>);

impl Bits {
    pub(super) fn set(&mut self, at: u32, on: bool) {
        let (word, bit) = (at as usize / 64, at % 64);
        if word >= self.0.len() {
            if !on {
                return;
            }
            self.0.resize(word + 1, 0);
        }
        if on {
            self.0[word] |= 1 << bit;
        } else {
            self.0[word] &= !(1 << bit);
        }
    }

    pub(super) fn get(&self, at: u32) -> bool {
        let word = self.0.get(at as usize / 64);
        word.is_some_and(|word| word >> (at % 64) & 1 == 1)
    }
}

/// The list of a job in another order than the scan's.
#[derive(Debug)]
pub struct Sorted {
    order: FilesOrder,
    ids: Vec<u32>,
    /// Entries found and ended when it was made.
    of: (u32, u64),
    /// How long making it took, and when that ended.
    took: Duration,
    made: Instant,
}

impl Sorted {
    /// False while it is too young to be made again.
    fn has_rested(&self) -> bool {
        self.made.elapsed() >= self.took * REST
    }
}

/// An order that is being made.
#[derive(Debug)]
struct Making {
    order: FilesOrder,
    /// The page that waits for it: from where, and how many entries.
    page: (u32, u32),
    stop: Stop,
}

impl Drop for Making {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// What a job knows of its entries one by one, besides their slices.
#[derive(Debug, Default)]
pub struct Files {
    done: Bits,
    skipped: Bits,
    sorted: Option<Sorted>,
    making: Option<Making>,
}

impl Files {
    /// An entry has ended.
    pub fn end(&mut self, id: FileId, status: Status) {
        self.done.set(id.0, true);
        self.skipped.set(id.0, status == Status::Skipped);
    }

    /// It is tried again.
    pub fn begin_again(&mut self, id: FileId) {
        self.done.set(id.0, false);
        self.skipped.set(id.0, false);
    }
}

impl Job {
    /// A page of the entries; `None` when their order is being made and the page comes later.
    pub fn files_page(
        &mut self,
        order: FilesOrder,
        from: u32,
        limit: u32,
        reports: &mpsc::Sender<Report>,
    ) -> Option<FilesPage> {
        if order == FilesOrder::default() {
            let total = self.next_file;
            let ids = from..from.saturating_add(limit).min(total);
            return Some(self.page(order, from, total, ids));
        }
        let now = (self.next_file, self.counts.ended);
        let known = self
            .files
            .sorted
            .as_ref()
            .filter(|sorted| sorted.order == order);
        // How entries stand changes with each that ends; names and sizes only with what is found.
        let fresh = known.is_some_and(|sorted| match order.by {
            FilesBy::State => sorted.of == now,
            _ => sorted.of.0 == now.0,
        });
        let rests = known.is_some_and(|sorted| !sorted.has_rested()) && !self.state().is_final();
        let known = known.map(|sorted| {
            let page = sorted.ids.iter().skip(from as usize);
            let page: Vec<u32> = page.take(limit as usize).copied().collect();
            (sorted.ids.len() as u32, page)
        });
        if !fresh && !rests {
            self.put_in_order(&order, (from, limit), reports);
        }
        // An old order is better than none.
        let (total, ids) = known?;
        Some(self.page(order, from, total, ids.into_iter()))
    }

    /// Takes the list in another order; the page that waited for it.
    pub fn take_sorted(&mut self, sorted: Sorted) -> Option<FilesPage> {
        let is_for = |making: &mut Making| making.order == sorted.order;
        let making = self.files.making.take_if(is_for)?;
        let (from, limit) = making.page;
        let order = sorted.order.clone();
        let total = sorted.ids.len() as u32;
        let ids = sorted.ids.iter().skip(from as usize).take(limit as usize);
        let ids: Vec<u32> = ids.copied().collect();
        self.files.sorted = Some(sorted);
        Some(self.page(order, from, total, ids.into_iter()))
    }

    fn page(
        &self,
        order: FilesOrder,
        from: u32,
        total: u32,
        ids: impl Iterator<Item = u32>,
    ) -> FilesPage {
        let in_work = self.in_work();
        let files = ids.filter_map(|id| {
            let id = FileId(id);
            let (slice, index) = self.entry(id)?;
            let (entry, name, _) = slice.entry(index);
            Some(FileEntry {
                file: id,
                path: slice.dir.below_path(Some(name)),
                size: entry.size,
                state: state(id, &self.files, &self.status, &in_work),
            })
        });
        FilesPage {
            files: files.collect(),
            order,
            from,
            total,
        }
    }

    fn in_work(&self) -> HashMap<FileId, EntryState> {
        let hands = self.hands.iter().filter_map(|hand| hand.cell.slot().file);
        let mut in_work: HashMap<FileId, EntryState> =
            hands.map(|id| (id, EntryState::Copying)).collect();
        // Whole, and not yet under their names.
        in_work.extend(self.naming.ids().map(|id| (id, EntryState::Copying)));
        in_work.extend(self.bigs.keys().map(|id| (*id, EntryState::Copying)));
        in_work.extend(self.held.keys().map(|id| (*id, EntryState::Paused)));
        in_work
    }

    /// Has the entries put into an order, unless that is under way.
    fn put_in_order(
        &mut self,
        order: &FilesOrder,
        (from, limit): (u32, u32),
        reports: &mpsc::Sender<Report>,
    ) {
        if let Some(making) = &mut self.files.making
            && making.order == *order
        {
            making.page = (from, limit);
            return;
        }
        // A thread at another order ends at its next look.
        self.files.making = None;
        let known = Known {
            slices: self.slices.clone(),
            files: Files {
                done: self.files.done.clone(),
                skipped: self.files.skipped.clone(),
                ..Files::default()
            },
            status: match order.by {
                FilesBy::State => self.status.clone(),
                _ => HashMap::new(),
            },
            in_work: self.in_work(),
        };
        let of = (self.next_file, self.counts.ended);
        let (id, order, reports) = (self.id, order.clone(), reports.clone());
        let stop = Stop::new(AtomicBool::new(false));
        let making = Making {
            order: order.clone(),
            page: (from, limit),
            stop: stop.clone(),
        };
        let spawned = threads::spawn("haul-sort", move || {
            let began = clock::now();
            let Some(ids) = contain(|| known.in_order(&order, &stop)).unwrap_or_else(|_| {
                // The panic is in the log; an empty list ends the door's wait for this page.
                Some(Vec::new())
            }) else {
                return;
            };
            let sorted = Sorted {
                order,
                ids,
                of,
                took: began.elapsed(),
                made: clock::now(),
            };
            tell(&reports, id, sorted);
        });
        match spawned {
            Ok(()) => self.files.making = Some(making),
            Err(error) => tracing::warn!("no thread to sort the files of a job: {error}"),
        }
    }
}

/// With the engine gone nobody needs the answer.
fn tell(reports: &mpsc::Sender<Report>, job: JobId, sorted: Sorted) {
    let what = What::Sorted(Box::new(sorted));
    drop(reports.blocking_send(Report { job, what }));
}

pub(super) fn state(
    id: FileId,
    files: &Files,
    status: &HashMap<FileId, Status>,
    in_work: &HashMap<FileId, EntryState>,
) -> EntryState {
    match status.get(&id) {
        Some(Status::Failed) => return EntryState::Failed,
        Some(Status::Conflict) => return EntryState::Conflict,
        Some(Status::Cancelled) => return EntryState::Cancelled,
        Some(Status::Copied | Status::Skipped) | None => {}
    }
    if files.done.get(id.0) {
        return if files.skipped.get(id.0) {
            EntryState::Skipped
        } else {
            EntryState::Copied
        };
    }
    in_work.get(&id).copied().unwrap_or(EntryState::Waiting)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_set_and_taken_back() {
        let mut bits = Bits::default();
        bits.set(1_000, false);
        assert!(bits.0.is_empty(), "nothing is kept for nothing");
        for at in [0, 63, 64, 1_000] {
            bits.set(at, true);
            assert!(bits.get(at) && !bits.get(at + 1), "{at}");
        }
        bits.set(64, false);
        assert!(!bits.get(64) && bits.get(63) && bits.get(1_000));
        assert!(!bits.get(u32::MAX));
    }
}
