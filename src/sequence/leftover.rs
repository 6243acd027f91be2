//! R8: names whose number is not where numbers mostly are.
//!
//! What differs from others in exactly one run of digits is grouped on it: the largest such set
//! first, of equal ones that with the rightmost run. Names whose text between the digits is unlike
//! every other's drop out before anything is kept for them.

use super::notation::Shape;
use super::token::{self, Run};
use super::{ALONE, Kind, Names, Table, Work, hash, pad, types};
use hashbrown::HashTable;
use std::collections::BinaryHeap;

/// Runs of one name looked at, from the right: what has more is no frame, and must not cost more.
const MOST_RUNS: usize = 8;

/// One run of one name.
#[derive(Clone, Copy)]
struct Entry {
    name: u32,
    start: u16,
    end: u16,
    value: i64,
    padded: bool,
    pad: u8,
    /// From the right, 0 for the last.
    ordinal: u8,
    bucket: u32,
    set: u32,
}

/// Entries of names that agree before and after the run.
struct Bucket {
    sample: u32,
    pads: u32,
}

/// Entries of a bucket that are padded alike.
struct Set {
    /// Where its entries are.
    from: usize,
    to: usize,
    /// Names that are in no sequence yet.
    live: usize,
}

/// Groups what is left.
pub(super) fn group<N: Names + ?Sized>(work: &mut Work<'_, N>) {
    let leftovers = std::mem::take(&mut work.leftovers);
    let mut entries = entries(work.names, &alike(work.names, leftovers));
    into_buckets(work.names, &mut entries);
    let mut sets = Vec::new();
    let mut from = 0;
    for all in entries.chunk_by_mut(|a, b| (a.bucket, a.pad) == (b.bucket, b.pad)) {
        let to = from + all.len();
        if all.len() > 1 {
            for entry in &mut *all {
                entry.set = sets.len() as u32;
            }
            sets.push(Set {
                from,
                to,
                live: all.len(),
            });
        }
        from = to;
    }
    take_largest_first(work, &entries, &mut sets);
}

/// Names that are like at least one other but for their digits.
fn alike<N: Names + ?Sized>(names: &N, leftovers: Vec<u32>) -> Vec<u32> {
    let mut text = Vec::new();
    let mut skeleton = |name: u32| {
        let name = names.name(name);
        text.clear();
        for byte in name {
            if !byte.is_ascii_digit() {
                text.push(*byte);
            } else if text.last() != Some(&b'0') {
                text.push(b'0');
            }
        }
        hash([&text, &[]])
    };
    // Two that only share a hash are told apart later.
    let mut sorted: Vec<(u64, u32)> = leftovers
        .into_iter()
        .map(|name| (skeleton(name), name))
        .collect();
    sorted.sort_unstable();
    sorted
        .chunk_by(|a, b| a.0 == b.0)
        .filter(|same| same.len() > 1)
        .flat_map(|same| same.iter().map(|(_, name)| *name))
        .collect()
}

fn entries<N: Names + ?Sized>(names: &N, leftovers: &[u32]) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut runs: Vec<Run> = Vec::new();
    for &at in leftovers {
        let name = names.name(at);
        let tail = &name[name.len() - token::tail_len(name)..];
        runs.clear();
        runs.extend(token::runs(name, name.len() - types::type_len(tail)));
        for (ordinal, run) in runs.iter().rev().take(MOST_RUNS).enumerate() {
            entries.push(Entry {
                name: at,
                start: run.start as u16,
                end: run.end as u16,
                value: run.value,
                padded: run.padded,
                pad: 0,
                ordinal: ordinal as u8,
                bucket: 0,
                set: ALONE,
            });
        }
    }
    entries
}

fn parts<'n, N: Names + ?Sized>(names: &'n N, entry: &Entry) -> [&'n [u8]; 2] {
    let name = names.name(entry.name);
    [
        &name[..usize::from(entry.start)],
        &name[usize::from(entry.end)..],
    ]
}

/// Finds each entry's bucket and pad, and sorts them by both.
fn into_buckets<N: Names + ?Sized>(names: &N, entries: &mut [Entry]) {
    let mut table: Table = HashTable::new();
    let mut buckets: Vec<Bucket> = Vec::new();
    for at in 0..entries.len() {
        let entry = entries[at];
        let key = parts(names, &entry);
        let hashed = hash(key);
        let of = |bucket: &u32| parts(names, &entries[buckets[*bucket as usize].sample as usize]);
        let found = table.find(hashed, |(its, bucket)| *its == hashed && of(bucket) == key);
        let bucket = if let Some((_, bucket)) = found {
            *bucket
        } else {
            let new = buckets.len() as u32;
            buckets.push(Bucket {
                sample: at as u32,
                pads: 0,
            });
            table.insert_unique(hashed, (hashed, new), |(hashed, _)| *hashed);
            new
        };
        if entry.padded {
            buckets[bucket as usize].pads |= 1 << (entry.end - entry.start);
        }
        entries[at].bucket = bucket;
    }
    for entry in &mut *entries {
        let width = (entry.end - entry.start) as u8;
        entry.pad = pad(buckets[entry.bucket as usize].pads, width, entry.padded);
    }
    entries.sort_unstable_by_key(|entry| (entry.bucket, entry.pad, entry.value, entry.name));
}

fn take_largest_first<N: Names + ?Sized>(
    work: &mut Work<'_, N>,
    entries: &[Entry],
    sets: &mut [Set],
) {
    // The sets of each name: entries that are in one, by name.
    let mut by_name: Vec<(u32, u32)> = entries
        .iter()
        .filter(|entry| entry.set != ALONE)
        .map(|entry| (entry.name, entry.set))
        .collect();
    by_name.sort_unstable();
    let rightmost = |set: &Set| u8::MAX - entries[set.from].ordinal;
    let mut heap: BinaryHeap<(usize, u8, usize)> = sets
        .iter()
        .enumerate()
        .map(|(id, set)| (set.live, rightmost(set), id))
        .collect();
    while let Some((size, right, id)) = heap.pop() {
        let live = sets[id].live;
        if live < 2 {
            continue;
        }
        if live < size {
            heap.push((live, right, id));
            continue;
        }
        let free = |entry: &&Entry| work.result.of[entry.name as usize] == ALONE;
        let taken: Vec<&Entry> = entries[sets[id].from..sets[id].to]
            .iter()
            .filter(free)
            .collect();
        let Some(first) = taken.first() else { continue };
        let shape = Shape {
            head: first.start,
            tail: (work.names.name(first.name).len() - usize::from(first.end)) as u16,
            pad: first.pad,
            least: taken
                .iter()
                .map(|entry| (entry.end - entry.start) as u8)
                .min()
                .unwrap_or(0),
            sub: 0,
        };
        work.add(Kind::Frames, shape, taken.iter().map(|entry| entry.name));
        for entry in taken {
            let from = by_name.partition_point(|(name, _)| *name < entry.name);
            for (_, set) in by_name[from..]
                .iter()
                .take_while(|(name, _)| *name == entry.name)
            {
                sets[*set as usize].live -= 1;
            }
        }
    }
}
