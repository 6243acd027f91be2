//! The standard library's copy: the yardstick the other strategies are measured against.

use super::{Control, Moved, Mover, Pair, Stop};
use crate::proto::{Op, Side, Strategy};
use crate::sys::Sys;
use std::ops::Range;

/// Stateless.
#[derive(Debug)]
pub struct Baseline;

impl Mover for Baseline {
    fn strategy(&self) -> Strategy {
        Strategy::Baseline
    }

    fn move_range(
        &mut self,
        sys: &dyn Sys,
        pair: Pair<'_>,
        range: Range<u64>,
        control: &mut Control<'_>,
    ) -> Moved {
        let mut at = range.start;
        let ended = |at: u64, stop: Stop| Moved {
            bytes: at - range.start,
            stop,
        };
        while at < range.end {
            if let Some(stop) = control.go_on() {
                return ended(at, stop);
            }
            let want = (range.end - at).min(control.piece());
            match sys.std_copy(pair.src, pair.dst, at, want) {
                Ok(0) => return ended(at, Stop::SourceEnded),
                Ok(put) => {
                    at += put;
                    control.moved_piece(put, at);
                }
                Err(errno) => return ended(at, Stop::Failed(Op::Copy, Side::Dest, errno)),
            }
        }
        ended(at, Stop::Complete)
    }
}
