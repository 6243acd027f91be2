//! R10: what can be said of a sequence: range, step, gaps; and of its sizes.

use super::{Grouping, Kind, Names};

/// The numbers of a sequence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gaps {
    /// The first.
    pub first: i64,
    /// The last.
    pub last: i64,
    /// Between two neighbours, where that can be told; with subframes, in their smallest part.
    pub step: Option<i64>,
    /// Stretches without a gap, both ends included.
    pub runs: Vec<(i64, i64)>,
    /// Stretches that are not there, both ends included.
    pub missing: Vec<(i64, i64)>,
    /// How many numbers that is.
    pub missing_count: u64,
}

/// The numbers of a sequence, and which are not there.
pub fn gaps<N: Names + ?Sized>(names: &N, grouping: &Grouping, sequence: u32) -> Gaps {
    let members = grouping.members(sequence);
    let Some(its) = grouping.sequences().get(sequence as usize) else {
        return Gaps::default();
    };
    let value = |at: &u32| its.shape.value(names.name(*at));
    let (Some(first), Some(last)) = (members.first(), members.last()) else {
        return Gaps::default();
    };
    let mut found = Gaps {
        first: value(first),
        last: value(last),
        ..Gaps::default()
    };
    let steps = || {
        members
            .windows(2)
            .map(|pair| value(&pair[1]) - value(&pair[0]))
    };
    found.step = step(steps, its.shape.sub > 0);
    let step = found.step.unwrap_or(i64::MAX);
    let knows_gaps = its.kind != Kind::Tiles && found.step.is_some();
    let mut start = found.first;
    let mut before = found.first;
    for at in &members[1..] {
        let now = value(at);
        if now - before > step && found.step.is_some() {
            found.runs.push((start, before));
            start = now;
            if knows_gaps {
                found.missing.push((before + step, now - step));
                found.missing_count += ((now - before) / step - 1) as u64;
            }
        }
        before = now;
    }
    found.runs.push((start, before));
    found
}

/// The step: 1, unless three numbers or more are mostly as far apart as they can be.
fn step<I: Iterator<Item = i64>>(steps: impl Fn() -> I, parts: bool) -> Option<i64> {
    let common = steps().fold(0, divisor);
    let count = steps().count();
    let usual = steps().filter(|step| *step == common).count();
    if common > 1 && count >= 2 && usual * 2 >= count {
        return Some(common);
    }
    // Parts of frames without a step leave open what would be missing.
    (!parts).then_some(1)
}

fn divisor(mut a: i64, mut b: i64) -> i64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// What stands out among the sizes of a sequence, as places among its members.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    /// Bytes of all of them.
    pub bytes: u64,
    /// Empty files.
    pub empty: Vec<u32>,
    /// Files of an unusual size.
    pub odd: Vec<u32>,
}

/// Neighbours on either side that a size is compared with.
const NEIGHBOURS: usize = 4;
/// So many times as large or small is unusual.
const FACTOR: u64 = 4;
/// Fewer files have no usual size.
const FEWEST: usize = 5;

/// Sums up sizes, each with its place, given in the order of the members, and finds what stands out: empty files; among
/// files that are nearly all of one size (uncompressed frames) every other size; else what is four
/// times as large or as small as its neighbours mostly are, and not on its way from one to the next
/// as in a fade.
pub fn sizes(all: &[(u32, u64)]) -> Sizes {
    let mut found = Sizes {
        bytes: all.iter().map(|(_, size)| size).sum(),
        ..Sizes::default()
    };
    let (present, empty): (Vec<_>, Vec<_>) = all.iter().copied().partition(|(_, size)| *size > 0);
    found.empty = empty.iter().map(|(at, _)| *at).collect();
    if present.len() < FEWEST {
        return found;
    }
    let usual = most_common(&present);
    let same = present.iter().filter(|(_, size)| *size == usual).count();
    if same * 10 >= present.len() * 9 {
        let odd = present.iter().filter(|(_, size)| *size != usual);
        found.odd = odd.map(|(at, _)| *at).collect();
        return found;
    }
    for (place, (at, size)) in present.iter().enumerate() {
        let from = place
            .saturating_sub(NEIGHBOURS)
            .min(present.len().saturating_sub(2 * NEIGHBOURS + 1));
        let to = (from + 2 * NEIGHBOURS + 1).min(present.len());
        let mut near = [0; 2 * NEIGHBOURS + 1];
        let near = &mut near[..to - from];
        for (slot, (_, size)) in near.iter_mut().zip(&present[from..to]) {
            *slot = *size;
        }
        near.sort_unstable();
        let middle = near[near.len() / 2];
        let far = size.saturating_mul(FACTOR) <= middle || *size >= middle.saturating_mul(FACTOR);
        if far && !is_between(&present, place) {
            found.odd.push(*at);
        }
    }
    found
}

/// The size in the middle of all, which is the most common one where nearly all are the same.
fn most_common(present: &[(u32, u64)]) -> u64 {
    let mut sizes: Vec<u64> = present.iter().map(|(_, size)| *size).collect();
    let middle = sizes.len() / 2;
    *sizes.select_nth_unstable(middle).1
}

/// True for a size that lies between its two neighbours'; at an end, near the only one.
fn is_between(present: &[(u32, u64)], place: usize) -> bool {
    let size = present[place].1;
    let before = place.checked_sub(1).and_then(|at| present.get(at));
    match (before, present.get(place + 1)) {
        (Some((_, before)), Some((_, after))) => {
            let (low, high) = (before.min(after), before.max(after));
            *low < size && size < *high
        }
        (Some((_, near)), None) | (None, Some((_, near))) => {
            let (low, high) = (size.min(*near), size.max(*near));
            low.saturating_mul(FACTOR) > high
        }
        (None, None) => true,
    }
}
