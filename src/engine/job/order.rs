//! Entries put into an order: those a filter finds, by name, size or state.
//!
//! On a thread of its own, over as many entries as a job has. It looks often whether somebody still
//! wants the answer, also while it sorts.

use super::files::{Files, state};
use crate::engine::report::Status;
use crate::engine::tree::Slice;
use crate::proto::{EntryState, FileId, FilesBy, FilesOrder};
use std::cmp::{Ordering as Order, Reverse};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Set once nobody wants the answer.
pub(super) type Stop = Arc<AtomicBool>;

/// Rows sorted between two looks at the stop: some milliseconds.
const RUN: usize = 8_192;

/// What putting entries into an order needs.
pub(super) struct Known {
    pub(super) slices: Vec<Arc<Slice>>,
    pub(super) files: Files,
    pub(super) status: HashMap<FileId, Status>,
    pub(super) in_work: HashMap<FileId, EntryState>,
}

/// An entry: its number, its slice, its place there.
type Row = (u32, u32, u32);

impl Known {
    /// The numbers of the entries in that order; `None` once nobody wants them.
    pub(super) fn in_order(&self, order: &FilesOrder, stop: &Stop) -> Option<Vec<u32>> {
        // A directory's path is made once for its slices, not once for each of its entries.
        let mut paths: Vec<Vec<u8>> = Vec::new();
        let mut dirs: Vec<usize> = Vec::with_capacity(self.slices.len());
        for (at, slice) in self.slices.iter().enumerate() {
            if at == 0 || !Arc::ptr_eq(&self.slices[at - 1].dir, &slice.dir) {
                paths.push(slice.dir.below_path(None).as_bytes().to_vec());
            }
            dirs.push(paths.len() - 1);
        }
        let filter = order.filter.as_bytes().to_ascii_lowercase();
        let matches: Vec<bool> = paths.iter().map(|path| holds(path, &filter)).collect();
        let mut found: Vec<Row> = Vec::new();
        for (at, slice) in self.slices.iter().enumerate() {
            if stop.load(Ordering::Relaxed) {
                return None;
            }
            for index in 0..slice.entries().len() {
                let (_, name, _) = slice.entry(index);
                if matches[dirs[at]] || holds(name.to_bytes(), &filter) {
                    found.push((slice.id(index).0, at as u32, index as u32));
                }
            }
        }
        let entry = |row: &Row| self.slices[row.1 as usize].entry(row.2 as usize);
        match order.by {
            FilesBy::Scan => {}
            FilesBy::Name => {
                // Paths are compared once for each directory, names for each entry.
                let mut ranks: Vec<usize> = (0..paths.len()).collect();
                ranks.sort_unstable_by_key(|at| &paths[*at]);
                let mut rank = vec![0_usize; paths.len()];
                for (place, at) in ranks.iter().enumerate() {
                    let before = place.checked_sub(1).map(|before| ranks[before]);
                    rank[*at] = match before {
                        Some(before) if paths[before] == paths[*at] => rank[before],
                        _ => place,
                    };
                }
                let name = |row: &Row| (rank[dirs[row.1 as usize]], entry(row).1.to_bytes());
                let mut named = named(&found, paths.len(), name);
                sort(&mut named, stop, Ord::cmp)?;
                let named = named.into_iter().map(|named| ((), named.id)).collect();
                return Some(numbers(named, order.reversed));
            }
            FilesBy::Size => {
                let mut keyed: Vec<(Reverse<u64>, u32)> = found
                    .iter()
                    .map(|row| (Reverse(entry(row).0.size), row.0))
                    .collect();
                sort(&mut keyed, stop, Ord::cmp)?;
                return Some(numbers(keyed, order.reversed));
            }
            FilesBy::State => {
                let keyed = found.iter().map(|row| {
                    let id = FileId(row.0);
                    let state = state(id, &self.files, &self.status, &self.in_work);
                    (state, row.0)
                });
                let mut keyed: Vec<(EntryState, u32)> = keyed.collect();
                sort(&mut keyed, stop, Ord::cmp)?;
                return Some(numbers(keyed, order.reversed));
            }
        }
        let numbered = found.into_iter().map(|row| ((), row.0)).collect();
        Some(numbers(numbered, order.reversed))
    }
}

/// An entry to be sorted by name; fields in the order they are compared in.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Named<'a> {
    /// Its directory.
    rank: usize,
    /// What of the name follows on what all names of the directory begin with: it decides nearly
    /// always, without a look at names that lie all over the memory.
    head: u64,
    name: &'a [u8],
    id: u32,
}

/// The rows with their names, given with the rank of their directory, which is below `dirs`.
fn named<'a>(
    rows: &[Row],
    dirs: usize,
    name: impl Fn(&Row) -> (usize, &'a [u8]),
) -> Vec<Named<'a>> {
    // Of each directory: a name, and how much of it all names begin with.
    let mut common: Vec<Option<(&[u8], usize)>> = vec![None; dirs];
    for row in rows {
        let (rank, name) = name(row);
        let (first, shared) = common[rank].get_or_insert((name, name.len()));
        let same = first[..*shared].iter().zip(name);
        *shared = same.take_while(|(a, b)| a == b).count();
    }
    let keyed = rows.iter().map(|row| {
        let (rank, name) = name(row);
        let shared = common[rank].map_or(0, |(_, shared)| shared);
        let mut head = [0; 8];
        for (to, from) in head.iter_mut().zip(&name[shared..]) {
            *to = *from;
        }
        Named {
            rank,
            head: u64::from_be_bytes(head),
            name,
            id: row.0,
        }
    });
    keyed.collect()
}

fn numbers<K>(rows: Vec<(K, u32)>, reversed: bool) -> Vec<u32> {
    let mut ids: Vec<u32> = rows.into_iter().map(|(_, id)| id).collect();
    if reversed {
        ids.reverse();
    }
    ids
}

/// Sorts, stable, in runs that are then joined by twos: between two of them it can be stopped.
/// Joining is what a stable sort makes of two runs that are in order.
fn sort<T>(rows: &mut [T], stop: &Stop, by: impl Fn(&T, &T) -> Order) -> Option<()> {
    let mut width = RUN;
    loop {
        for run in rows.chunks_mut(width) {
            if stop.load(Ordering::Relaxed) {
                return None;
            }
            run.sort_by(&by);
        }
        if width >= rows.len() {
            return Some(());
        }
        width *= 2;
    }
}

/// True when the bytes hold the filter, which is in lower case, in either case; an empty filter is
/// in everything.
fn holds(bytes: &[u8], filter: &[u8]) -> bool {
    let Some((first, rest)) = filter.split_first() else {
        return true;
    };
    let Some(last) = bytes.len().checked_sub(filter.len()) else {
        return false;
    };
    let upper = first.to_ascii_uppercase();
    let mut from = 0;
    while let Some(at) = memchr::memchr2(*first, upper, &bytes[from..=last]) {
        let after = from + at + 1;
        if bytes[after..after + rest.len()].eq_ignore_ascii_case(rest) {
            return true;
        }
        if after > last {
            return false;
        }
        from = after;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_found_anywhere_in_either_case() {
        for (text, filter, found) in [
            ("Shot_010.EXR", "exr", true),
            ("x", "", true),
            ("", "", true),
            ("ex", "exr", false),
            ("", "e", false),
            ("eexR", "exr", true),
            ("exr", "exr", true),
            ("exexe", "exr", false),
            ("a\u{e9}B", "\u{e9}b", true),
        ] {
            assert_eq!(
                holds(text.as_bytes(), filter.as_bytes()),
                found,
                "{filter:?} in {text:?}"
            );
        }
    }

    #[test]
    fn runs_are_joined_to_one_order_that_is_stable() {
        for len in [0, 1, RUN - 1, RUN, RUN + 1, 5 * RUN + 7] {
            let mut rows: Vec<(usize, usize)> = (0..len).map(|at| (at * 7919 % 101, at)).collect();
            let mut expected = rows.clone();
            expected.sort_unstable();
            let go_on = Stop::default();
            assert_eq!(sort(&mut rows, &go_on, |a, b| a.0.cmp(&b.0)), Some(()));
            assert_eq!(rows, expected, "{len}");
        }
    }

    #[test]
    fn names_are_compared_whole() {
        let names = [
            "v1.10",
            "v1.9",
            "v1.",
            "v1.100000000",
            "v1.10000000",
            "v1.9z",
            "v1.\u{e9}",
        ];
        let rows: Vec<Row> = (0..2 * names.len() as u32).map(|at| (at, 0, 0)).collect();
        // Two directories: what the names of one share says nothing of the other.
        let name = |row: &Row| {
            let at = row.0 as usize;
            match names.get(at) {
                Some(name) => (1, name.as_bytes()),
                None => (0, &names[at - names.len()].as_bytes()[3..]),
            }
        };
        let mut sorted = named(&rows, 2, name);
        sorted.sort();
        let mut expected: Vec<(usize, &[u8], u32)> = Vec::new();
        for row in &rows {
            let (rank, name) = name(row);
            expected.push((rank, name, row.0));
        }
        expected.sort_unstable();
        let ids: Vec<u32> = sorted.iter().map(|named| named.id).collect();
        let expected: Vec<u32> = expected.into_iter().map(|row| row.2).collect();
        assert_eq!(ids, expected);
    }

    #[test]
    fn a_sort_nobody_wants_ends_within_a_run() {
        let stop = Stop::default();
        let asked = std::cell::Cell::new(0_usize);
        let mut rows: Vec<u32> = (0..100 * RUN as u32).rev().collect();
        let done = sort(&mut rows, &stop, |a, b| {
            asked.set(asked.get() + 1);
            stop.store(true, Ordering::Relaxed);
            a.cmp(b)
        });
        assert_eq!(done, None);
        assert!(asked.get() < 32 * RUN, "{} comparisons", asked.get());
    }
}
