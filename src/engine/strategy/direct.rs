//! `O_DIRECT` around a flight: what the file system wants of offsets, and the odd ends of a range.
//!
//! What begins or ends off the grid inside a file goes through the page cache. The end of the file
//! is written padded with zeros and cut off again.

use super::flight::Flight;
use super::ringed::Window;
use super::{Control, Moved, Pair, Stop};
use crate::proto::{Op, Side};
use crate::sys::{Caching, Errno, Sys, SysResult};
use std::ops::Range;

/// Moves any range of a file past the page cache, as far as its offsets allow.
pub(super) fn move_range(
    flight: &mut Flight<'_>,
    range: Range<u64>,
    control: &mut Control<'_>,
    window: &mut Window,
) -> Moved {
    let (sys, pair) = (flight.sys, flight.pair);
    let grid = match grid(sys, &pair) {
        Ok(Some(grid)) if grid <= flight.slot_size() as u64 => grid,
        Ok(_) => return none(Stop::Unsupported(Errno::OPNOTSUPP)),
        Err(errno) => return none(Stop::Unsupported(errno)),
    };
    let body = range.start.next_multiple_of(grid).min(range.end);
    let tail = match range.end {
        // The end of the file can be padded.
        end if end == pair.size => end,
        end => (end - end % grid).max(body),
    };
    let mut moved = plainly(flight, range.start..body, control);
    if moved.stop == Stop::Complete && body < tail {
        flight.grid = grid;
        let more = past_the_cache(flight, body..tail, control, window);
        moved.bytes += more.bytes;
        moved.stop = more.stop;
    }
    if moved.stop == Stop::Complete && tail < range.end {
        let more = plainly(flight, tail..range.end, control);
        moved.bytes += more.bytes;
        moved.stop = more.stop;
    }
    moved
}

fn none(stop: Stop) -> Moved {
    Moved { bytes: 0, stop }
}

/// What both files can do; `None` where one cannot at all.
fn grid(sys: &dyn Sys, pair: &Pair<'_>) -> SysResult<Option<u64>> {
    let (Some(src), Some(dst)) = (sys.alignment(pair.src)?, sys.alignment(pair.dst)?) else {
        return Ok(None);
    };
    // Offsets in a buffer follow those in the file, so one grid is for both.
    let wants = [src.memory, src.offset, dst.memory, dst.offset];
    Ok(wants.into_iter().max().map(u64::from))
}

fn past_the_cache(
    flight: &mut Flight<'_>,
    range: Range<u64>,
    control: &mut Control<'_>,
    window: &mut Window,
) -> Moved {
    let (sys, pair) = (flight.sys, flight.pair);
    for file in [pair.src, pair.dst] {
        match sys.set_direct(file, true) {
            Ok(()) => {}
            // This is how a file system without it answers; it is not about the one file.
            Err(Errno::INVAL) => return none(Stop::Unsupported(Errno::OPNOTSUPP)),
            Err(errno) => return none(Stop::Unsupported(errno)),
        }
    }
    let mut moved = flight.run(range, control, window);
    let mut failed = |op, side, errno| {
        if !matches!(moved.stop, Stop::Failed(..)) {
            moved.stop = Stop::Failed(op, side, errno);
        }
    };
    // Whatever comes next, another rung or the checks, knows nothing of the grid.
    for (file, side) in [(pair.src, Side::Source), (pair.dst, Side::Dest)] {
        if let Err(errno) = sys.set_direct(file, false) {
            failed(Op::Open, side, errno);
        }
    }
    if flight.padded
        && let Err(errno) = sys.set_len(pair.dst, pair.size)
    {
        failed(Op::Truncate, Side::Dest, errno);
    }
    moved
}

/// Less than the grid takes, through the page cache.
fn plainly(flight: &mut Flight<'_>, range: Range<u64>, control: &mut Control<'_>) -> Moved {
    let (sys, pair) = (flight.sys, flight.pair);
    let mut at = range.start;
    let ended = |at: u64, stop: Stop| Moved {
        bytes: at - range.start,
        stop,
    };
    while at < range.end {
        if let Some(stop) = control.go_on() {
            return ended(at, stop);
        }
        let buffer = flight.buffer();
        let want = ((range.end - at) as usize).min(buffer.len());
        let buffer = &mut buffer[..want];
        let got = match sys.read_at(pair.src, buffer, at, Caching::Stay) {
            Ok(0) => return ended(at, Stop::SourceEnded),
            Ok(got) => got,
            Err(errno) => return ended(at, Stop::Failed(Op::Read, Side::Source, errno)),
        };
        match sys.write_at(pair.dst, &buffer[..got], at, Caching::Stay) {
            Ok(0) => return ended(at, Stop::Failed(Op::Write, Side::Dest, Errno::IO)),
            Ok(put) => {
                at += put as u64;
                control.moved(put as u64, at);
            }
            Err(errno) => return ended(at, Stop::Failed(Op::Write, Side::Dest, errno)),
        }
    }
    ended(at, Stop::Complete)
}
