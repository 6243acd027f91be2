//! `sendfile(2)` in pieces. The destination's own position is used, so one worker a file.

use super::{Control, Moved, Mover, Pair, Stop, is_unsupported};
use crate::proto::{Op, Side, Strategy};
use crate::sys::Sys;
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
        let mut at = range.start;
        let ended = |at: u64, stop: Stop| Moved {
            bytes: at - range.start,
            stop,
        };
        if let Err(errno) = sys.seek(pair.dst, at) {
            return ended(at, Stop::Failed(Op::Write, Side::Dest, errno));
        }
        while at < range.end {
            if let Some(stop) = control.go_on() {
                return ended(at, stop);
            }
            let want = (range.end - at).min(control.piece()) as usize;
            match sys.send_file(pair.src, pair.dst, at, want) {
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
