//! `ioctl(FICLONE)`: the new file shares the blocks of the old one.

use super::{Control, Moved, Mover, Pair, Stop};
use crate::proto::{Op, Side, Strategy};
use crate::sys::{Errno, Sys};
use std::ops::Range;

/// Stateless.
#[derive(Debug)]
pub struct Reflink;

impl Mover for Reflink {
    fn strategy(&self) -> Strategy {
        Strategy::Reflink
    }

    /// All or nothing, and only for a whole file.
    fn move_range(
        &mut self,
        sys: &dyn Sys,
        pair: Pair<'_>,
        range: Range<u64>,
        control: &mut Control<'_>,
    ) -> Moved {
        if let Some(stop) = control.go_on() {
            return Moved { bytes: 0, stop };
        }
        let ended = |stop: Stop| Moved { bytes: 0, stop };
        if range.start != 0 || range.end != pair.size {
            return ended(Stop::Unsupported(Errno::INVAL));
        }
        match sys.clone_file(pair.src, pair.dst) {
            Ok(()) => {}
            // GNU cp's rule since 9.2: these are about the device, not about cloning; going on
            // with another way hid corruption.
            Err(errno @ (Errno::IO | Errno::NOMEM | Errno::NOSPC | Errno::DQUOT)) => {
                return ended(Stop::Failed(Op::Copy, Side::Dest, errno));
            }
            Err(errno) => return ended(Stop::Unsupported(errno)),
        }
        // A clone once succeeded with a truncated file (OpenZFS issue 15728).
        match sys.stat(pair.dst) {
            // Of a source that grew meanwhile all is shared; the look at the source says so.
            Ok(stat) if stat.size >= pair.size => {
                control.moved(pair.size, pair.size);
                Moved {
                    bytes: pair.size,
                    stop: Stop::Complete,
                }
            }
            Ok(_) => ended(Stop::SourceEnded),
            Err(errno) => ended(Stop::Failed(Op::Stat, Side::Dest, errno)),
        }
    }
}
