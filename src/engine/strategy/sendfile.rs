//! `sendfile(2)` in pieces. The destination's own position is used, so one worker a file.

use super::{Control, Moved, Mover, Pair, Stop, in_pieces, refused};
use crate::proto::{Op, Side, Strategy};
use crate::sys::{Errno, Sys};
use std::ops::Range;

/// Stateless.
#[derive(Debug)]
pub struct Sendfile;

impl Mover for Sendfile {
    fn strategy(&self) -> Strategy {
        Strategy::Sendfile
    }

    fn move_range(
        &mut self,
        sys: &dyn Sys,
        pair: Pair<'_>,
        range: Range<u64>,
        control: &mut Control<'_>,
    ) -> Moved {
        let first = range.start;
        if let Err(errno) = sys.seek(pair.dst, first) {
            let stop = Stop::Failed(Op::Write, Side::Dest, errno);
            return Moved { bytes: 0, stop };
        }
        in_pieces(range, control, |at, want| {
            match sys.send_file(pair.src, pair.dst, at, want as usize) {
                // As of copy_file_range(2): only read(2) can tell an end from that.
                Ok(0) => Err(Stop::Unsupported(Errno::INVAL)),
                Ok(put) => Ok(put as u64),
                Err(errno) => Err(refused(errno, at == first)),
            }
        })
    }
}
