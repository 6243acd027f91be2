//! `copy_file_range(2)` in pieces, so that progress, pause and cancel stay live.

use super::{Control, Moved, Mover, Pair, Stop, is_unsupported};
use crate::proto::{Op, Side, Strategy};
use crate::sys::{Errno, Sys};
use std::ops::Range;

/// Stateless.
#[derive(Debug)]
pub struct CopyRange;

impl Mover for CopyRange {
    fn strategy(&self) -> Strategy {
        Strategy::CopyFileRange
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
            let want = (range.end - at).min(control.piece()) as usize;
            match sys.copy_range(pair.src, pair.dst, at, want) {
                // Kernels up to 5.18 copied nothing, successfully, from files made on reading, and
                // some network file systems still do: only read(2) can tell an end from that.
                Ok(0) if at == range.start => return ended(at, Stop::Unsupported(Errno::INVAL)),
                Ok(0) => return ended(at, Stop::SourceEnded),
                Ok(put) => {
                    at += put as u64;
                    control.moved_piece(put as u64, at);
                }
                Err(errno) if at == range.start && is_unsupported(errno) => {
                    return ended(at, Stop::Unsupported(errno));
                }
                Err(errno) => return ended(at, Stop::Failed(Op::Copy, Side::Dest, errno)),
            }
        }
        ended(at, Stop::Complete)
    }
}
