//! A side that answers nothing any more: a device that is gone, a mount that became read-only, a
//! server that forgot its handles.
//!
//! One failure never stops a job, but a hundred thousand of them that say the same tell nobody
//! anything. When many in a row fail by the same error of a kind that is about the whole file
//! system, the cause is told once and nothing further is tried.

use super::failure::Trouble;
use crate::proto::{Op, Side};
use crate::sys::Errno;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

/// Failures in a row, with no success of any worker between them, after which a side is given up.
/// More than the frames a few bad sectors can spoil, and soon over where nothing answers.
const IN_A_ROW: u32 = 32;

/// Shared by the workers and the scan of a job.
#[derive(Debug, Default)]
pub struct Outage {
    given_up: AtomicBool,
    row: AtomicU32,
    /// By what the last one failed; held for a few instructions.
    last: Mutex<Option<(Side, Errno)>>,
}

/// True for trouble that may be about the whole file system. Reading the bytes of one file is not:
/// that is what a bad sector does.
fn is_about_the_whole(trouble: &Trouble, errno: Errno) -> bool {
    match errno {
        Errno::ROFS => trouble.side == Side::Dest,
        Errno::IO => trouble.side == Side::Dest || !matches!(trouble.op, Op::Read | Op::Copy),
        Errno::STALE
        | Errno::NODEV
        | Errno::NXIO
        | Errno::NOTCONN
        | Errno::CONNABORTED
        | Errno::HOSTDOWN
        | Errno::SHUTDOWN
        | Errno::UCLEAN => true,
        _ => false,
    }
}

impl Outage {
    /// True when nothing further is to be tried.
    pub fn is_given_up(&self) -> bool {
        self.given_up.load(Ordering::Relaxed)
    }

    /// Something worked on both sides.
    pub fn went_well(&self) {
        if self.row.load(Ordering::Relaxed) != 0 {
            self.row.store(0, Ordering::Relaxed);
        }
    }

    /// Something failed for good; the cause in words when that was one too many.
    pub fn failed(&self, trouble: &Trouble) -> Option<String> {
        let errno = trouble.errno?;
        if !is_about_the_whole(trouble, errno) {
            return None;
        }
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let same = last.replace((trouble.side, errno)) == Some((trouble.side, errno));
        let row = if same {
            self.row.load(Ordering::Relaxed) + 1
        } else {
            1
        };
        self.row.store(row, Ordering::Relaxed);
        if row < IN_A_ROW || self.given_up.swap(true, Ordering::Relaxed) {
            return None;
        }
        let side = match trouble.side {
            Side::Source => "source",
            Side::Dest => "destination",
        };
        Some(format!(
            "the {side} seems to be gone: {row} in a row failed by '{}'; the rest is not tried and \
             counts as failed",
            super::failure::reason(errno)
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trouble(op: Op, side: Side, errno: Errno) -> Trouble {
        Trouble::kernel(op, side, errno)
    }

    #[test]
    fn many_alike_in_a_row_are_an_outage() {
        let outage = Outage::default();
        let dead = trouble(Op::Create, Side::Dest, Errno::IO);
        for _ in 1..IN_A_ROW {
            assert_eq!(outage.failed(&dead), None);
        }
        outage.went_well();
        for _ in 1..IN_A_ROW {
            assert_eq!(outage.failed(&dead), None);
        }
        assert!(!outage.is_given_up());
        let words = outage.failed(&dead).expect("one too many");
        assert!(
            words.contains("destination") && words.contains("input/output"),
            "{words}"
        );
        assert!(outage.is_given_up());
        assert_eq!(outage.failed(&dead), None, "told once");
    }

    #[test]
    fn what_is_about_one_file_is_none() {
        let outage = Outage::default();
        for number in 0..3 * IN_A_ROW {
            let of = [
                trouble(Op::Read, Side::Source, Errno::IO),
                trouble(Op::Open, Side::Source, Errno::ACCESS),
                trouble(Op::Open, Side::Source, Errno::ROFS),
            ];
            assert_eq!(outage.failed(&of[number as usize % 3]), None);
        }
        for number in 0..3 * IN_A_ROW {
            let errno = [Errno::IO, Errno::STALE][number as usize % 2];
            let mixed = trouble(Op::Create, Side::Dest, errno);
            assert_eq!(outage.failed(&mixed), None, "not the same twice");
        }
    }
}
