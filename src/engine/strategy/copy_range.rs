//! `copy_file_range(2)` in pieces, so that progress, pause and cancel stay live.

use super::{Control, Moved, Mover, Pair, Stop, in_pieces, refused};
use crate::proto::Strategy;
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
        let first = range.start;
        in_pieces(range, control, |at, want| {
            match sys.copy_range(pair.src, pair.dst, at, want as usize) {
                // Kernels up to 5.18 copied nothing, successfully, from files made on reading, and
                // some network file systems still do: only read(2) can tell an end from that,
                // and goes on from here where there is more.
                Ok(0) => Err(Stop::Unsupported(Errno::INVAL)),
                Ok(put) => Ok(put as u64),
                Err(errno) => Err(refused(errno, at == first)),
            }
        })
    }
}
