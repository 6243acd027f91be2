//! One budget for the buffers of a job, shared out when its threads are hired.
//!
//! Workers of files and of ranges get equal shares and keep to them, so that the sum never grows
//! with the number of files, lanes or sizes asked for. Nothing is locked, counted or waited for.

use crate::proto::{DEFAULT_BUFFER_BUDGET, DEFAULT_BUFFER_SIZE, Tuning};
use crate::sys::Layout;

/// Bytes of one buffer of a ring unless told otherwise.
const RING_BUFFER: u64 = 1 << 20;
/// Buffers of a ring: two so that something overlaps, and no more than pay.
const RING_BUFFERS: [u64; 2] = [2, 16];
/// To so much a plain buffer may grow unless its size was told: what network file systems take in
/// one call (`wsize` of SMB; NFS takes 1 MiB).
const GROWN_BUFFER: u64 = 4 << 20;
/// The smallest buffer: a page.
const LEAST: u64 = 4096;

/// What one worker may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Bytes of its plain buffer.
    pub buffer: usize,
    /// Bytes to which that may grow.
    pub most: usize,
    /// Its ring's buffers, beside that.
    pub ring: Layout,
}

/// What the workers of a job may have.
#[derive(Clone, Copy, Debug)]
pub struct Shares {
    /// Those it begins with, and its lanes.
    pub first: Memory,
    /// Those that are hired while it runs.
    pub later: Memory,
}

impl Shares {
    /// For `first` workers at the beginning and `later` more at most: these get half of the budget,
    /// so that the many small buffers of a slow target take nothing from what is in flight.
    pub fn new(tuning: &Tuning, first: u64, later: u64) -> Self {
        let budget = tuning.buffer_budget.unwrap_or(DEFAULT_BUFFER_BUDGET);
        let half = if later > 0 { budget / 2 } else { budget };
        Self {
            first: Memory::share(tuning, half, first),
            later: Memory::share(tuning, budget - half, later),
        }
    }
}

impl Memory {
    /// The share of one of `workers` threads.
    fn share(tuning: &Tuning, budget: u64, workers: u64) -> Self {
        let share = (budget / workers.max(1)).max(3 * LEAST);
        // A third at most, so that a ring beside it has two of the size.
        let fits = |wanted: u64| wanted.min(share / 3).max(LEAST) / LEAST * LEAST;
        let buffer = fits(tuning.buffer_size.unwrap_or(DEFAULT_BUFFER_SIZE));
        let most = fits(tuning.buffer_size.unwrap_or(GROWN_BUFFER)).max(buffer);
        let slot = fits(tuning.buffer_size.unwrap_or(RING_BUFFER));
        let slots = ((share - most) / slot).clamp(RING_BUFFERS[0], RING_BUFFERS[1]);
        Self {
            buffer: buffer as usize,
            most: most as usize,
            ring: Layout {
                slots: slots as usize,
                slot_size: slot as usize,
                threads: false,
            },
        }
    }

    /// Bytes at most.
    #[cfg(test)]
    fn bytes(&self) -> u64 {
        (self.most + self.ring.slots * self.ring.slot_size) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tuning(size: Option<u64>, budget: Option<u64>) -> Tuning {
        Tuning {
            buffer_size: size,
            buffer_budget: budget,
            ..Tuning::default()
        }
    }

    proptest! {
        #[test]
        fn shares_never_exceed_the_budget(
            size in 1u64..(1 << 31),
            budget in (1u64 << 20)..(1 << 33),
            workers in 1u64..512,
            later in 0u64..512,
        ) {
            let shares = Shares::new(&tuning(Some(size), Some(budget)), workers, later);
            let share = shares.first;
            let all = workers * share.bytes() + later * shares.later.bytes();
            // Below three pages a worker nothing can be done; that is the only way beyond it.
            let least = 3 * LEAST * (workers + later);
            prop_assert!(all <= budget || all <= budget / 2 + least, "{:?}", shares);
            prop_assert!(share.buffer >= 4096 && share.ring.slots >= 2);
            prop_assert!(share.ring.slot_size.is_multiple_of(4096));
            prop_assert!(share.buffer.is_multiple_of(4096));
        }
    }

    #[test]
    fn few_workers_get_what_pays_and_no_more() {
        let share = Shares::new(&Tuning::default(), 3, 0).first;
        assert_eq!(share.buffer as u64, DEFAULT_BUFFER_SIZE);
        assert_eq!((share.ring.slots, share.ring.slot_size), (16, 1 << 20));
        // A size that was asked for counts for both, and gives way to the budget.
        let share = Shares::new(&tuning(Some(64 << 10), None), 2, 0).first;
        assert_eq!((share.buffer, share.ring.slot_size), (64 << 10, 64 << 10));
        let share = Shares::new(&tuning(Some(1 << 30), Some(12 << 20)), 2, 0).first;
        assert_eq!((share.buffer, share.ring.slot_size), (2 << 20, 2 << 20));
    }
}
