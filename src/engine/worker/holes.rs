//! Holes of a source: where its data is, and whether the file system is believed that there is none.
//!
//! A hole is copied as a length, so one that is claimed where data is becomes silent zeros. File
//! systems have claimed so (ZFS over data not written out yet, `openzfs/zfs#15526`; an NFS server).
//! That nothing but a hole follows, in most such cases from the start of the file, is therefore
//! believed only after a look, wherever the file is; a hole that is followed by data is believed as
//! it is told by file systems that are known to tell it right. On all others every hole is read.

use crate::engine::strategy::Stop;
use crate::proto::{Op, Side};
use crate::sys::{Caching, Errno, FsKind, Sys};
use std::ops::Range;
use std::os::fd::BorrowedFd;

/// How much of what is said to be a hole is read before it is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// All of it: nothing is known of the file system.
    Whole,
    /// A long one only here and there: the file system is known to tell holes right.
    Places,
}

impl Look {
    /// What a file system deserves.
    pub(super) fn at(kind: FsKind) -> Self {
        if kind.tells_true_holes() {
            Self::Places
        } else {
            Self::Whole
        }
    }
}

/// Up to this length what is said to be a hole is read whole everywhere: some 10 ms from memory.
const READ_WHOLE: u64 = 64 << 20;

/// Bytes read at either end of a longer one, where headers and indexes are.
const END: u64 = 1 << 20;

/// Places looked at between the ends, evenly spread: data that fills a hundredth of it is
/// missed once in 23,000 files (0.99^1000), and a hole of any length costs the same.
const PLACES: u64 = 1000;

/// Bytes read at each of them: what a file system keeps as one piece, at least.
const PAGE: u64 = 4096;

/// Bytes asked for in one call.
const BUFFER: usize = 256 << 10;

/// What comes next in a file.
#[derive(Debug)]
pub(super) enum Next {
    /// Data, where it begins and ends within what was asked about; empty, at its end, when the next
    /// data is beyond.
    Data(Range<u64>),
    /// Nothing but a hole, to the end of the file.
    NoMore,
}

/// The next data within `span`. A file system that knows no holes has none.
pub(super) fn next_data(
    sys: &dyn Sys,
    src: BorrowedFd<'_>,
    span: Range<u64>,
) -> Result<Next, Errno> {
    let start = match sys.seek_data(src, span.start) {
        Ok(Some(start)) => start.max(span.start),
        Ok(None) => return Ok(Next::NoMore),
        Err(Errno::INVAL | Errno::OPNOTSUPP | Errno::NOSYS) => return Ok(Next::Data(span)),
        Err(errno) => return Err(errno),
    };
    if start >= span.end {
        return Ok(Next::Data(span.end..span.end));
    }
    let end = match sys.seek_hole(src, start) {
        // A hole at the data's own start would never get anywhere (cp 9.9 looped so on a file that
        // was being written): take the rest as data.
        Ok(hole) if hole > start => hole.min(span.end),
        Ok(_) | Err(Errno::NXIO | Errno::INVAL) => span.end,
        Err(errno) => return Err(errno),
    };
    Ok(Next::Data(start..end))
}

/// Looks into a range that is said to be a hole: false when there is data in it. `go_on` is asked between reads.
pub(super) fn are_all(
    sys: &dyn Sys,
    src: BorrowedFd<'_>,
    range: Range<u64>,
    look: Look,
    go_on: &mut dyn FnMut() -> Option<Stop>,
) -> Result<bool, Stop> {
    let failed = |errno| Stop::Failed(Op::Read, Side::Source, errno);
    let mut buffer = vec![0; BUFFER];
    for place in places(range, look) {
        let mut at = place.start;
        while at < place.end {
            if let Some(stop) = go_on() {
                return Err(stop);
            }
            let want = usize::try_from(place.end - at)
                .unwrap_or(BUFFER)
                .min(BUFFER);
            let got = sys
                .read_at(src, &mut buffer[..want], at, Caching::Stay)
                .map_err(failed)?;
            if buffer[..got].iter().fold(0, |all, byte| all | byte) != 0 {
                return Ok(false);
            }
            if got == 0 {
                return Err(Stop::SourceEnded);
            }
            at += got as u64;
        }
    }
    Ok(true)
}

/// Where a range is looked into, in order.
fn places(range: Range<u64>, look: Look) -> impl Iterator<Item = Range<u64>> {
    let Range { start, end } = range;
    let size = end.saturating_sub(start);
    let whole = look == Look::Whole || size <= READ_WHOLE;
    let first = start..if whole { end } else { start + END };
    let step = size / (PLACES + 1);
    let between = (1..=PLACES)
        .filter(move |_| !whole)
        .map(move |place| (start + place * step) / PAGE * PAGE)
        .map(|at| at..at + PAGE);
    let last = (!whole).then(|| end - END..end);
    std::iter::once(first).chain(between).chain(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_of_any_length_is_looked_into_at_no_more_than_a_thousand_places() {
        for size in [0, 1, 5000, READ_WHOLE] {
            assert!(places(7..7 + size, Look::Places).eq(std::iter::once(7..7 + size)));
        }
        for size in [READ_WHOLE + 1, 1 << 40, i64::MAX as u64] {
            assert!(places(0..size, Look::Whole).eq(std::iter::once(0..size)));
            let all: Vec<_> = places(0..size, Look::Places).collect();
            assert_eq!(all.len(), PLACES as usize + 2);
            assert_eq!(all.first(), Some(&(0..END)));
            assert_eq!(all.last(), Some(&(size - END..size)));
            assert!(all.iter().all(|place| place.end <= size));
            let between = &all[1..=PLACES as usize];
            assert!(between.windows(2).all(|two| two[0].end <= two[1].start));
            let bytes: u64 = all.iter().map(|place| place.end - place.start).sum();
            assert!(bytes < 7 << 20, "{size}: {bytes}");
        }
    }
}
