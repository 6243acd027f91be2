//! The entries of a job as a list: which have ended and how, and the list in other orders.
//!
//! A page in the scan's order costs a page. Another order is made on a thread of its own, from the
//! slices and a copy of two bit sets; the coordinator only keeps the numbers that come back.

use super::Job;
use crate::engine::report::{Report, Status, What};
use crate::engine::threads;
use crate::engine::tree::Slice;
use crate::engine::worker::contain;
use crate::proto::{
    BytePath, EntryState, FileEntry, FileId, FilesBy, FilesOrder, FilesPage, JobId,
};
use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use tokio::sync::mpsc;

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
}

/// What a job knows of its entries one by one, besides their slices.
#[derive(Debug, Default)]
pub struct Files {
    done: Bits,
    skipped: Bits,
    sorted: Option<Sorted>,
    /// The order that is being made, and the page that waits for it.
    making: Option<(FilesOrder, u32, u32)>,
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
        let known = known.map(|sorted| {
            let page = sorted.ids.iter().skip(from as usize);
            let page: Vec<u32> = page.take(limit as usize).copied().collect();
            (sorted.ids.len() as u32, page)
        });
        if !fresh {
            self.put_in_order(&order, (from, limit), reports);
        }
        // An old order is better than none.
        let (total, ids) = known?;
        Some(self.page(order, from, total, ids.into_iter()))
    }

    /// Takes the list in another order; the page that waited for it.
    pub fn take_sorted(&mut self, sorted: Sorted) -> Option<FilesPage> {
        let (order, from, limit) = self
            .files
            .making
            .take_if(|making| making.0 == sorted.order)?;
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
        // A thread at another order ends by itself and is not listened to.
        if let Some(making) = &mut self.files.making
            && making.0 == *order
        {
            (making.1, making.2) = (from, limit);
            return;
        }
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
        let making = (order.clone(), from, limit);
        let spawned = threads::spawn("haul-sort", move || {
            // A panic is in the log; an empty list ends the door's wait for this page.
            let ids = contain(|| known.in_order(&order)).unwrap_or_default();
            tell(&reports, id, Sorted { order, ids, of });
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

fn state(
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

/// What putting entries into an order needs.
struct Known {
    slices: Vec<Arc<Slice>>,
    files: Files,
    status: HashMap<FileId, Status>,
    in_work: HashMap<FileId, EntryState>,
}

impl Known {
    fn in_order(&self, order: &FilesOrder) -> Vec<u32> {
        // A directory's path is made once for its slices, not once for each of its entries.
        let mut dirs: Vec<BytePath> = Vec::with_capacity(self.slices.len());
        for (at, slice) in self.slices.iter().enumerate() {
            let same = at > 0 && Arc::ptr_eq(&self.slices[at - 1].dir, &slice.dir);
            let path = if same {
                dirs[at - 1].clone()
            } else {
                slice.dir.below_path(None)
            };
            dirs.push(path);
        }
        let filter = order.filter.as_bytes().to_ascii_lowercase();
        let mut found: Vec<(u32, usize, usize)> = Vec::new();
        for (at, slice) in self.slices.iter().enumerate() {
            let dir_matches = holds(dirs[at].as_bytes(), &filter);
            for index in 0..slice.entries().len() {
                let (_, name, _) = slice.entry(index);
                if dir_matches || holds(name.to_bytes(), &filter) {
                    found.push((slice.id(index).0, at, index));
                }
            }
        }
        let entry = |found: &(u32, usize, usize)| self.slices[found.1].entry(found.2);
        match order.by {
            FilesBy::Scan => {}
            FilesBy::Name => found.sort_by(|a, b| {
                let path = |found: &(u32, usize, usize)| dirs[found.1].as_bytes();
                let name = |found: &(u32, usize, usize)| entry(found).1;
                (path(a), name(a)).cmp(&(path(b), name(b)))
            }),
            FilesBy::Size => found.sort_by_key(|found| (Reverse(entry(found).0.size), found.0)),
            FilesBy::State => found.sort_by_cached_key(|found| {
                let id = FileId(found.0);
                let state = state(id, &self.files, &self.status, &self.in_work);
                (state, found.0)
            }),
        }
        let mut ids: Vec<u32> = found.into_iter().map(|found| found.0).collect();
        if order.reversed {
            ids.reverse();
        }
        debug_assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len());
        ids
    }
}

/// True when the bytes hold the filter, in either case; an empty filter is in everything.
fn holds(bytes: &[u8], filter: &[u8]) -> bool {
    filter.is_empty()
        || bytes
            .windows(filter.len())
            .any(|window| window.eq_ignore_ascii_case(filter))
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

    #[test]
    fn a_filter_is_found_anywhere_in_either_case() {
        assert!(holds(b"Shot_010.EXR", b"exr") && holds(b"x", b""));
        assert!(!holds(b"ex", b"exr"));
    }
}
