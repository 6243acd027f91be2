//! The bytes of a regular file: down the ladder of strategies, stepping over holes.

use super::Worker;
use super::file::OpenFile;
use crate::engine::failure::{self, Trouble};
use crate::engine::route::Reason;
use crate::engine::strategy::{Control, Moved, Pair, Stop};
use crate::proto::{ErrorClass, Op, Side, Sparse, Strategy};
use crate::sys::{Errno, Sys};
use std::ops::Range;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::Ordering;

/// How far a file is read whose length cannot be trusted: to its end.
const TO_THE_END: u64 = i64::MAX as u64;

impl Worker {
    /// Takes the rungs of the ladder from the top until one reaches the end of the file.
    pub(super) fn climb(&mut self, file: &mut OpenFile) -> Result<Climbed, Trouble> {
        let shared = self.shared.clone();
        let sys = &*shared.sys;
        let route = file.slice.dir.route.clone();
        let cell = self.cell.clone();
        // What the kernel makes on reading: its length cannot be trusted.
        let pseudo = route.src_kind.is_pseudo();
        if file.stat.size == 0 && !pseudo {
            file.rung = file
                .ladder
                .first()
                .map(|(strategy, _)| (strategy, Reason::Empty));
            return Ok(Climbed::Top);
        }
        let end = if pseudo { TO_THE_END } else { file.stat.size };
        let mut refused = None;
        for rung in file.ladder.iter() {
            let (strategy, _) = rung;
            file.rung = Some(rung);
            if strategy == Strategy::Parallel {
                return Ok(Climbed::Lanes);
            }
            let mut control = Control::new(&shared.gate, &cell, file.id, &shared.throttle);
            control.begin(strategy, file.done);
            let pair = Pair {
                src: file.src.as_fd(),
                dst: file.dst.as_fd(),
                size: file.stat.size,
                punch: shared.sparse == Sparse::Always,
                uncached: false,
            };
            let spread = Spread {
                // It has no blocks at all then, and no holes either.
                sparse: shared.sparse != Sparse::Never && !pseudo && file.stat.looks_sparse(),
                strategy,
            };
            let moved = self.span(
                sys,
                pair,
                file.done..end,
                spread,
                &mut control,
                &mut file.holes,
            );
            file.done += moved.bytes;
            let no_ring = control.ring_refused();
            if let Some(errno) = no_ring {
                self.say_ring_refused(strategy, errno);
            }
            match moved.stop {
                Stop::Complete => return Ok(Climbed::Top),
                Stop::SourceEnded if pseudo => return Ok(Climbed::Top),
                Stop::Parked => return Ok(Climbed::Parked),
                Stop::Cancelled => return Ok(Climbed::Cancelled),
                Stop::SourceEnded => {
                    return Err(Trouble::own(
                        Op::Read,
                        Side::Source,
                        ErrorClass::Changed,
                        "ended before its length: it shrank while it was being copied",
                    )
                    .at(file.done));
                }
                Stop::Failed(op, side, errno) => {
                    return Err(Trouble::kernel(op, side, errno).at(file.done));
                }
                Stop::Unsupported(errno) if strategy == Strategy::IoUring && no_ring.is_some() => {
                    refused = Some((strategy, errno));
                }
                Stop::Unsupported(errno) => {
                    if let Some(words) = route.refused(strategy, errno) {
                        self.batch.dropped.push((strategy, words));
                    } else if strategy == shared.wanted.strategy
                        && let Some(words) = route.odd(strategy, errno)
                    {
                        self.batch.dropped.push((strategy, words));
                    }
                    refused = Some((strategy, errno));
                }
            }
        }
        let (strategy, errno) = refused.unwrap_or((Strategy::Auto, Errno::NOSYS));
        let mut trouble = Trouble::kernel(Op::Copy, Side::Dest, errno);
        trouble.class = ErrorClass::Unsupported;
        Err(trouble.words(format!(
            "{strategy} is not possible: {}",
            failure::reason(errno)
        )))
    }

    /// Says once a job that the kernel gives no rings, and what is done instead.
    fn say_ring_refused(&mut self, strategy: Strategy, errno: Errno) {
        if self.shared.ring_refused.swap(true, Ordering::Relaxed) {
            return;
        }
        let instead = match strategy {
            Strategy::Direct => "threads read and write",
            _ => "files are read and written by calls that wait",
        };
        let reason = failure::reason(errno);
        let words = format!("the kernel gives no io_uring here ({reason}): {instead} instead");
        self.batch.dropped.push((Strategy::IoUring, words));
    }

    /// Moves a span, stepping over holes when the file seems to have some.
    pub(super) fn span(
        &mut self,
        sys: &dyn Sys,
        pair: Pair<'_>,
        span: Range<u64>,
        spread: Spread,
        control: &mut Control<'_>,
        holes: &mut u64,
    ) -> Moved {
        let mover = self.movers.of(spread.strategy);
        if !spread.sparse || spread.strategy == Strategy::Reflink {
            return mover.move_range(sys, pair, span, control);
        }
        let mut at = span.start;
        while at < span.end {
            if let Some(stop) = control.go_on() {
                return Moved {
                    bytes: at - span.start,
                    stop,
                };
            }
            let data = match next_data(sys, pair.src, at..span.end) {
                Ok(data) => data,
                Err(errno) => {
                    let stop = Stop::Failed(Op::Read, Side::Source, errno);
                    return Moved {
                        bytes: at - span.start,
                        stop,
                    };
                }
            };
            *holes += data.start - at;
            at = data.start;
            if data.is_empty() {
                continue;
            }
            let moved = mover.move_range(sys, pair, data, control);
            at += moved.bytes;
            if moved.stop != Stop::Complete {
                return Moved {
                    bytes: at - span.start,
                    stop: moved.stop,
                };
            }
        }
        Moved {
            bytes: span.end - span.start,
            stop: Stop::Complete,
        }
    }
}

/// How far the bytes got.
#[derive(Debug)]
pub(super) enum Climbed {
    Top,
    Parked,
    Cancelled,
    Lanes,
}

/// How a span is moved.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spread {
    /// The file seems to have holes.
    pub sparse: bool,
    /// What moves the data.
    pub strategy: Strategy,
}

/// The next data within `span`: where it begins and ends; an empty range at the end of the span
/// when only holes follow. A file system that knows no holes has none.
pub(super) fn next_data(
    sys: &dyn Sys,
    src: BorrowedFd<'_>,
    span: Range<u64>,
) -> Result<Range<u64>, Errno> {
    let start = match sys.seek_data(src, span.start) {
        Ok(Some(start)) => start.max(span.start),
        Ok(None) => return Ok(span.end..span.end),
        Err(Errno::INVAL | Errno::OPNOTSUPP | Errno::NOSYS) => return Ok(span),
        Err(errno) => return Err(errno),
    };
    if start >= span.end {
        return Ok(span.end..span.end);
    }
    let end = match sys.seek_hole(src, start) {
        // A hole at the data's own start would never get anywhere (cp 9.9 looped so on a file that
        // was being written): take the rest as data.
        Ok(hole) if hole > start => hole.min(span.end),
        Ok(_) | Err(Errno::NXIO | Errno::INVAL) => span.end,
        Err(errno) => return Err(errno),
    };
    Ok(start..end)
}
