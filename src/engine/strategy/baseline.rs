//! The standard library's copy: the yardstick the other strategies are measured against.

use super::{Control, Moved, Mover, Pair, Stop, in_pieces};
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
        in_pieces(range, control, |at, want| {
            sys.std_copy(pair.src, pair.dst, at, want)
                .map_err(|errno| Stop::Failed(Op::Copy, Side::Dest, errno))
        })
    }
}
