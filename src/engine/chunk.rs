//! How a large file is cut into ranges that several workers take one after another.
//!
//! One shared cursor: who is free takes the next range, so a slow lane never holds a fixed share
//! of the file, and the front of the file is written in order.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

/// Ranges begin at multiples of this: a huge page, and a multiple of every file system's block,
/// RAID stripe unit and network transfer size in common use.
pub const ALIGN: u64 = 2 << 20;

/// Bytes of one range unless told otherwise: small enough that the lanes end together.
pub const DEFAULT: u64 = 4 * ALIGN;

/// The ranges of one file.
#[derive(Debug)]
pub struct Tiles {
    cursor: AtomicU64,
    size: u64,
    step: u64,
}

impl Tiles {
    /// The ranges of a file of `size` bytes, each of `step` bytes (rounded up to [`ALIGN`]).
    pub fn new(size: u64, step: u64) -> Self {
        let step = step.clamp(1, 1 << 40).div_ceil(ALIGN) * ALIGN;
        Self {
            cursor: AtomicU64::new(0),
            size,
            step,
        }
    }

    /// The next range nobody has taken; `None` when all are.
    pub fn take(&self) -> Option<Range<u64>> {
        let mut at = self.cursor.load(Ordering::Relaxed);
        loop {
            if at >= self.size {
                return None;
            }
            let end = at.saturating_add(self.step).min(self.size);
            match self
                .cursor
                .compare_exchange_weak(at, end, Ordering::Relaxed, Ordering::Relaxed)
            {
                Ok(_) => return Some(at..end),
                Err(now) => at = now,
            }
        }
    }

    /// Bytes from the start that were taken.
    pub fn taken(&self) -> u64 {
        self.cursor.load(Ordering::Relaxed).min(self.size)
    }

    /// Makes the range that was taken last end at `to` (aligned, or the end). Where the next was
    /// taken already it stays as it is. For holes, which may be longer than any number of ranges.
    pub fn stretch(&self, range: Range<u64>, to: u64) -> Range<u64> {
        let to = if to >= self.size {
            self.size
        } else {
            to - to % ALIGN
        };
        let longer = to > range.end
            && self
                .cursor
                .compare_exchange(range.end, to, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok();
        range.start..if longer { to } else { range.end }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn ranges_tile_the_file(size in 0u64..(1 << 44), step in 0u64..(1 << 42)) {
            let step = step.max(size / 2000);
            let tiles = Tiles::new(size, step);
            let mut at = 0;
            while let Some(range) = tiles.take() {
                prop_assert_eq!(range.start, at, "a gap or an overlap");
                prop_assert!(range.end > range.start && range.end <= size);
                prop_assert!(range.start % ALIGN == 0, "not aligned");
                at = range.end;
            }
            prop_assert_eq!(at, size);
            prop_assert!(tiles.take().is_none());
        }
    }

    #[test]
    fn a_range_is_stretched_over_a_hole_unless_the_next_was_taken() {
        let tiles = Tiles::new(i64::MAX as u64, ALIGN);
        let first = tiles.take().expect("a range");
        let first = tiles.stretch(first, (1 << 60) + 17);
        assert_eq!(first, 0..1 << 60, "aligned");
        let second = tiles.take().expect("a range");
        assert_eq!(second.start, 1 << 60);
        let third = tiles.take().expect("a range");
        assert_eq!(tiles.stretch(second.clone(), 1 << 61), second);
        assert_eq!(tiles.stretch(third.clone(), third.start), third, "no hole");
        let third = tiles.stretch(third, u64::MAX);
        assert_eq!(third.end, i64::MAX as u64);
        assert_eq!(tiles.take(), None);
    }

    #[test]
    fn lanes_share_without_overlap() {
        let tiles = Tiles::new(1000 * ALIGN + 17, ALIGN);
        let mut taken: Vec<Range<u64>> = std::thread::scope(|scope| {
            let lanes: Vec<_> = (0..4)
                .map(|_| scope.spawn(|| std::iter::from_fn(|| tiles.take()).collect::<Vec<_>>()))
                .collect();
            lanes
                .into_iter()
                .flat_map(|lane| lane.join().expect("a lane panicked"))
                .collect()
        });
        taken.sort_by_key(|range| range.start);
        let mut at = 0;
        for range in taken {
            assert_eq!(range.start, at);
            at = range.end;
        }
        assert_eq!(at, 1000 * ALIGN + 17);
    }
}
