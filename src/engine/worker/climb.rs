//! The bytes of a regular file: down the ladder of strategies, stepping over holes.

use super::Worker;
use super::file::OpenFile;
use super::holes::{self, Look, Next};
use super::length::{TO_THE_END, ends_there};
use crate::engine::failure::{self, Trouble};
use crate::engine::report::Notable;
use crate::engine::route::Reason;
use crate::engine::strategy::{Control, Moved, Pair, Stop};
use crate::engine::tree::Slice;
use crate::proto::{ErrorClass, Op, Side, Sparse, Strategy};
use crate::sys::{Caching, Errno, Sys};
use std::ops::Range;
use std::os::fd::AsFd;
use std::sync::atomic::Ordering;

impl Worker {
    /// Takes the rungs of the ladder from the top until one reaches the end of the file.
    pub(super) fn climb(&mut self, file: &mut OpenFile) -> Result<Climbed, Trouble> {
        let shared = self.shared.clone();
        let doubted = !file.to_the_end && file.slice.dir.route.src_kind.may_tell_any_length();
        let climbed = self.climb_ladder(file)?;
        let is_whole = match climbed {
            None if !doubted => return Err(shrank().at(file.done)),
            None => false,
            // Lanes can neither go on beyond an end nor do without one.
            Some(Climbed::Top | Climbed::Lanes) if doubted => {
                ends_there(&*shared.sys, file.src.as_fd(), file.stat.size)?
            }
            Some(_) => true,
        };
        if let (Some(climbed), true) = (climbed, is_whole) {
            return Ok(climbed);
        }
        self.begin_to_the_end(file)?;
        let climbed = self.climb_ladder(file)?;
        climbed.ok_or_else(|| shrank().at(file.done))
    }

    /// `None` when the source ended before its length.
    fn climb_ladder(&mut self, file: &mut OpenFile) -> Result<Option<Climbed>, Trouble> {
        let shared = self.shared.clone();
        let sys = &*shared.sys;
        let route = file.slice.dir.route.clone();
        let cell = self.cell.clone();
        let to_the_end = file.to_the_end;
        if file.stat.size == 0 && !to_the_end {
            file.rung = file
                .ladder
                .first()
                .map(|(strategy, _)| (strategy, Reason::Empty));
            return Ok(Some(Climbed::Top));
        }
        let end = if to_the_end {
            TO_THE_END
        } else {
            file.stat.size
        };
        let mut refused = None;
        let ladder = file.ladder;
        for rung in ladder.iter() {
            let (strategy, _) = rung;
            file.rung = Some(rung);
            self.reserve(file, strategy);
            if strategy == Strategy::Parallel {
                return Ok(Some(Climbed::Lanes));
            }
            let mut control = Control::new(&shared.gate, &cell, file.id, &shared.throttle);
            control.begin(strategy, file.done);
            let [read_pages, written_pages] = match strategy {
                Strategy::Buffered | Strategy::IoUring => route.pages(file.stat.size),
                _ => [Caching::Stay; 2],
            };
            let mut pair = Pair {
                src: file.src.as_fd(),
                dst: file.dst.as_fd(),
                size: file.stat.size,
                punch: shared.sparse == Sparse::Always,
                read_pages,
                written_pages,
            };
            let mut spread = Spread {
                // What it has of blocks is believed no more than its length.
                sparse: shared.sparse != Sparse::Never && !to_the_end && file.stat.looks_sparse(),
                strategy,
                empty_from: u64::MAX,
                look: Look::at(route.src_kind),
                lied: false,
            };
            let stop = loop {
                let holes = &mut file.holes;
                let moved = self.span(sys, pair, file.done..end, &mut spread, &mut control, holes);
                file.done += moved.bytes;
                match moved.stop {
                    // Only that was refused, the bytes can be moved all the same.
                    Stop::Unsupported(Errno::OPNOTSUPP) if pair.lets_pages_go() => {
                        route.keep_pages();
                        pair.keep_pages();
                    }
                    stop => break stop,
                }
            };
            if spread.lied {
                self.note_lie(&file.slice, file.index);
            }
            let no_ring = control.ring_refused();
            if let Some(errno) = no_ring {
                if shared.wanted.strategy == Strategy::Auto {
                    // Nobody asked for one; what is left of the route's files goes the usual way.
                    route.drop_quietly(strategy);
                } else {
                    self.say_ring_refused(strategy, errno);
                }
            }
            match stop {
                Stop::Complete => {
                    if strategy == Strategy::Reflink {
                        route.found_cloning();
                    }
                    return Ok(Some(Climbed::Top));
                }
                Stop::SourceEnded if to_the_end => {
                    if file.done == 0 {
                        file.rung = Some((strategy, Reason::Empty));
                    }
                    return Ok(Some(Climbed::Top));
                }
                Stop::Parked => return Ok(Some(Climbed::Parked)),
                Stop::Cancelled => return Ok(Some(Climbed::Cancelled)),
                Stop::SourceEnded => return Ok(None),
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

    /// Notes that a file holds data where there was to be none.
    pub(super) fn note_lie(&mut self, slice: &Slice, index: usize) {
        let (_, name, _) = slice.entry(index);
        let path = || slice.dir.full_path(Side::Source, Some(name));
        self.batch.notables.add_at(Notable::HolesNotBelieved, path);
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
        spread: &mut Spread,
        control: &mut Control<'_>,
        holes: &mut u64,
    ) -> Moved {
        let mover = self.movers.of(spread.strategy);
        if !spread.sparse || spread.strategy == Strategy::Reflink {
            return mover.move_range(sys, pair, span, control);
        }
        let mut at = span.start;
        let ended = |at: u64, stop| Moved {
            bytes: at - span.start,
            stop,
        };
        while at < span.end {
            if let Some(stop) = control.go_on() {
                return ended(at, stop);
            }
            // The hole that comes next, what follows it, and whether it needs no look.
            let (hole, mut data, known) = match holes::next_data(sys, pair.src, at..span.end) {
                Ok(Next::Data(data)) => (at..data.start, data, spread.look == Look::Places),
                Ok(Next::NoMore) => {
                    let known = spread.empty_from <= at;
                    // What is read whole each range of a file reads for itself.
                    let end = match spread.look {
                        Look::Places => pair.size,
                        Look::Whole => pair.size.min(span.end),
                    };
                    (at..end, span.end..span.end, known)
                }
                Err(errno) => {
                    return ended(at, Stop::Failed(Op::Read, Side::Source, errno));
                }
            };
            if !known && !hole.is_empty() {
                let to_the_end = hole.end == pair.size;
                match holes::are_all(sys, pair.src, hole, spread.look, &mut || control.go_on()) {
                    Ok(true) if to_the_end => spread.empty_from = at,
                    Ok(true) => {}
                    Ok(false) => {
                        (spread.sparse, spread.lied) = (false, true);
                        data = at..span.end;
                    }
                    Err(stop) => return ended(at, stop),
                }
            }
            *holes += data.start - at;
            at = data.start;
            if data.is_empty() {
                continue;
            }
            let moved = mover.move_range(sys, pair, data, control);
            at += moved.bytes;
            if moved.stop != Stop::Complete {
                return ended(at, moved.stop);
            }
        }
        ended(span.end, Stop::Complete)
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
#[derive(Debug)]
pub(super) struct Spread {
    /// The file seems to have holes.
    pub sparse: bool,
    /// What moves the data.
    pub strategy: Strategy,
    /// From here on it was looked into, and holds nothing.
    pub empty_from: u64,
    /// How it is looked into that there is nothing. A hole that is followed by data is taken for one
    /// without a look where places would do.
    pub look: Look,
    /// It was said to hold nothing where it does.
    pub lied: bool,
}

/// The source ended where there was more of it when it was opened.
pub(super) fn shrank() -> Trouble {
    Trouble::own(
        Op::Read,
        Side::Source,
        ErrorClass::Changed,
        "ended before its length: it shrank while it was being copied",
    )
}
