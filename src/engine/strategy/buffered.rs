//! `pread` and `pwrite` through one buffer: works everywhere, and the rung everything ends on.

use super::{Control, Moved, Mover, Pair, Stop};
use crate::proto::{Op, Side, Strategy};
use crate::sys::Sys;
use std::ops::Range;

/// One worker's buffer.
#[derive(Debug)]
pub struct Buffered {
    buffer: Vec<u8>,
}

impl Buffered {
    /// With a buffer of `size` bytes (at least a page).
    pub fn new(size: usize) -> Self {
        Self {
            buffer: vec![0; size.max(4096)],
        }
    }
}

impl Mover for Buffered {
    fn strategy(&self) -> Strategy {
        Strategy::Buffered
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
            let want = usize::try_from(range.end - at)
                .unwrap_or(usize::MAX)
                .min(self.buffer.len());
            let got = match sys.read_at(pair.src, &mut self.buffer[..want], at) {
                Ok(0) => return ended(at, Stop::SourceEnded),
                Ok(got) => got,
                Err(errno) => return ended(at, Stop::Failed(Op::Read, Side::Source, errno)),
            };
            let mut rest = &self.buffer[..got];
            while !rest.is_empty() {
                match sys.write_at(pair.dst, rest, at) {
                    // A write that takes nothing and gives no reason would loop for ever.
                    Ok(0) => {
                        return ended(
                            at,
                            Stop::Failed(Op::Write, Side::Dest, crate::sys::Errno::IO),
                        );
                    }
                    Ok(put) => {
                        rest = &rest[put..];
                        at += put as u64;
                        control.moved(put as u64, at);
                    }
                    Err(errno) => return ended(at, Stop::Failed(Op::Write, Side::Dest, errno)),
                }
            }
        }
        ended(at, Stop::Complete)
    }
}
