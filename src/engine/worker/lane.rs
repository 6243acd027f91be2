//! A large file copied in ranges by several workers.
//!
//! Each lane takes the next free range until none is left. The last lane to leave decides what
//! becomes of the file: whole, set aside, or removed. A failed lane stops the others.

use super::super::chunk::Tiles;
use super::super::failure::{Trouble, dest};
use super::super::report::Status;
use super::super::route::Rung;
use super::super::strategy::{Control, Pair, Stop};
use super::super::tree::{DirFds, Slice};
use super::climb::{Spread, shrank};
use super::file::{OpenFile, Placing};
use super::finish::Finishing;
use super::holes::{self, Look, Next};
use super::length;
use super::partial::Beginning;
use super::publish::changed;
use super::staged::Temp;
use super::{Held, Outcome, Worker, contain};
use crate::proto::{ErrorClass, FileId, FilePhase, Op, Side, Sparse, Strategy};
use crate::sys::{Errno, Stat};
use std::ops::Range;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Why lanes stop before the end.
#[derive(Debug)]
enum Halt {
    Parked,
    Cancelled,
    Trouble(Trouble),
}

/// What lanes leave for each other; held for a few instructions.
#[derive(Debug, Default)]
struct Loose {
    /// Ranges begun and not finished.
    ranges: Vec<Range<u64>>,
    halt: Option<Halt>,
    holes: u64,
}

/// A large file in the middle of its copy.
#[derive(Debug)]
pub struct Big {
    /// Its slice.
    pub slice: Arc<Slice>,
    /// Its place in the slice.
    pub index: usize,
    /// Its number.
    pub id: FileId,
    /// The source as it was when it was opened.
    pub stat: Stat,
    way: Placing,
    fds: Arc<DirFds>,
    src: OwnedFd,
    dst: OwnedFd,
    temp: Option<Temp>,
    rung: Option<Rung>,
    /// Holes are stepped over.
    sparse: AtomicBool,
    /// From here on it was looked into, and holds nothing.
    empty_from: AtomicU64,
    tiles: Tiles,
    done: AtomicU64,
    /// Workers on it; whoever takes it to 0 decides.
    lanes: AtomicU32,
    loose: Mutex<Loose>,
}

impl Big {
    /// With one lane, the caller's. `sparse`: its holes are to be stepped over.
    pub(super) fn new(file: OpenFile, step: u64, sparse: bool) -> Self {
        Self {
            tiles: Tiles::new(file.stat.size, step),
            slice: file.slice,
            index: file.index,
            id: file.id,
            stat: file.stat,
            way: file.way,
            fds: file.fds,
            src: file.src,
            dst: file.dst,
            temp: file.temp,
            rung: file.rung,
            sparse: AtomicBool::new(sparse),
            empty_from: AtomicU64::new(u64::MAX),
            done: AtomicU64::new(0),
            lanes: AtomicU32::new(1),
            loose: Mutex::default(),
        }
    }

    fn loose(&self) -> MutexGuard<'_, Loose> {
        self.loose.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes done, holes included.
    pub fn done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }

    /// Bytes from the start without a gap, once the lanes have left.
    fn beginning(&self) -> u64 {
        let ranges = self.loose();
        let open = ranges.ranges.iter().map(|range| range.start).min();
        open.map_or(self.tiles.taken(), |open| open.min(self.tiles.taken()))
    }

    /// One lane more; false when the last has left already.
    pub fn join(&self) -> bool {
        self.lanes
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |lanes| {
                (lanes > 0).then_some(lanes + 1)
            })
            .is_ok()
    }

    /// After it was set aside: one lane again, which the next worker given it takes over.
    pub fn reopen(&self) {
        self.loose().halt = None;
        self.lanes.store(1, Ordering::Release);
    }

    /// The same for a file that is given up: the lane finds nothing to do but to remove it.
    pub fn reopen_to_cancel(&self) {
        self.loose().halt = Some(Halt::Cancelled);
        self.lanes.store(1, Ordering::Release);
    }

    fn next_range(&self) -> Option<Range<u64>> {
        let mut loose = self.loose();
        if loose.halt.is_some() {
            return None;
        }
        loose.ranges.pop().or_else(|| self.tiles.take())
    }

    fn halt(&self, rest: Range<u64>, why: Halt) {
        let mut loose = self.loose();
        if !rest.is_empty() {
            loose.ranges.push(rest);
        }
        // The first trouble is the one to tell; a trouble outweighs a wish.
        if !matches!(loose.halt, Some(Halt::Trouble(_))) {
            loose.halt = Some(why);
        }
    }
}

impl Worker {
    /// Works on a large file as one of its lanes. The outcome, when this was the last lane.
    pub(super) fn lane(&mut self, big: &Arc<Big>) -> Option<Outcome> {
        // The ranges may take minutes.
        self.send_batch();
        // A lane that was not counted out would keep the file, and the job, waiting for ever.
        if let Err(defect) = contain(|| self.ranges(big)) {
            big.halt(0..0, Halt::Trouble(defect));
        }
        // Acquire: what other lanes wrote into `loose` and `done` is seen by the last.
        if big.lanes.fetch_sub(1, Ordering::AcqRel) != 1 {
            return None;
        }
        Some(self.guarded(|worker| worker.decide(big)))
    }

    /// Takes range after range until none is left or the file is halted.
    fn ranges(&mut self, big: &Big) {
        let shared = self.shared.clone();
        let sys = &*shared.sys;
        let cell = self.cell.clone();
        let route = big.slice.dir.route.clone();
        let [read_pages, written_pages] = route.pages(big.stat.size);
        let mut pair = Pair {
            src: big.src.as_fd(),
            dst: big.dst.as_fd(),
            size: big.stat.size,
            punch: shared.sparse == Sparse::Always,
            read_pages,
            written_pages,
        };
        while let Some(mut range) = big.next_range() {
            let mut control =
                Control::new(&shared.gate, &cell, big.id, &shared.throttle).beside(&big.done);
            control.begin(Strategy::Parallel, range.start);
            let mut spread = Spread {
                sparse: big.sparse.load(Ordering::Relaxed),
                strategy: Strategy::Parallel,
                empty_from: big.empty_from.load(Ordering::Relaxed),
                look: Look::at(route.src_kind),
                lied: false,
            };
            if spread.sparse {
                match holes::next_data(sys, pair.src, range.start..pair.size) {
                    Ok(Next::Data(data)) if data.start > range.end => {
                        range = big.tiles.stretch(range, data.start);
                    }
                    // Once one lane has looked into it, one range takes all that is left.
                    Ok(Next::NoMore) if spread.empty_from <= range.start => {
                        range = big.tiles.stretch(range, pair.size);
                    }
                    Ok(_) => {}
                    Err(errno) => {
                        let trouble = Trouble::kernel(Op::Read, Side::Source, errno);
                        let at = range.start;
                        big.halt(range, Halt::Trouble(trouble.at(at)));
                        continue;
                    }
                }
            }
            let mut holes = 0;
            let moved = self.span(
                sys,
                pair,
                range.clone(),
                &mut spread,
                &mut control,
                &mut holes,
            );
            big.empty_from
                .fetch_min(spread.empty_from, Ordering::Relaxed);
            // Said once a file.
            if spread.lied && big.sparse.swap(false, Ordering::Relaxed) {
                self.note_lie(&big.slice, big.index);
            }
            // Its bytes were added as they arrived; its holes are not told.
            let untold = moved.bytes.saturating_sub(control.told());
            big.done.fetch_add(untold, Ordering::Relaxed);
            big.loose().holes += holes;
            let at = range.start + moved.bytes;
            let rest = at..range.end;
            match moved.stop {
                Stop::Complete => {}
                Stop::Parked => big.halt(rest, Halt::Parked),
                Stop::Cancelled => big.halt(rest, Halt::Cancelled),
                Stop::SourceEnded => big.halt(rest, Halt::Trouble(shrank().at(at))),
                Stop::Failed(op, side, errno) => {
                    big.halt(rest, Halt::Trouble(Trouble::kernel(op, side, errno).at(at)));
                }
                Stop::Unsupported(Errno::OPNOTSUPP) if pair.lets_pages_go() => {
                    // Only that was refused: this lane goes on without it.
                    route.keep_pages();
                    pair.keep_pages();
                    big.loose().ranges.push(rest);
                }
                Stop::Unsupported(errno) => {
                    big.halt(
                        rest,
                        Halt::Trouble(Trouble::kernel(Op::Copy, Side::Dest, errno).at(at)),
                    );
                }
            }
        }
    }

    /// Gives the room back: an offer to join may hold the file open after its name is gone.
    fn empty(&self, big: &Big) {
        if let Err(errno) = self.shared.sys.set_len(big.dst.as_fd(), 0) {
            tracing::debug!("a temporary keeps its room until it is closed: {errno}");
        }
    }

    /// As for any file; where a length may be any, the end must still be where it was when lanes
    /// began. What is not is begun again, and by one.
    fn settle_big(&mut self, big: &Big, finishing: &Finishing<'_>) -> Result<(), Trouble> {
        let shared = self.shared.clone();
        let (src, size) = (big.src.as_fd(), big.stat.size);
        if big.slice.dir.route.src_kind.may_tell_any_length()
            && !length::ends_there(&*shared.sys, src, size)?
        {
            length::check_unchanged(&*shared.sys, src, &big.stat)?;
            return Err(changed("ends elsewhere than when it was opened").at(size));
        }
        self.settle(finishing, (&big.stat, size), src, big.dst.as_fd())
    }

    fn decide(&mut self, big: &Arc<Big>) -> Outcome {
        self.cell.phase(FilePhase::Finishing);
        let (halt, holes) = {
            let mut loose = big.loose();
            (loose.halt.take(), loose.holes)
        };
        let done = big.done();
        match halt {
            // Every lane stopped for another reason than the end, and the end was reached all the same.
            None | Some(Halt::Parked) if done == big.stat.size => {
                let finishing = Finishing {
                    slice: &big.slice,
                    index: big.index,
                    done,
                    holes,
                    way: big.way,
                    fds: &big.fds,
                    temp: big.temp.as_ref(),
                };
                let settled = self.settle_big(big, &finishing);
                // Others may still look at the file's gauge, so it is a second descriptor that is
                // closed and asked: closing any of them makes a file system report what it knows.
                let sys = self.shared.sys.clone();
                let second = sys.duplicate(big.dst.as_fd()).map_err(dest(Op::Close));
                let concluded = match (settled, second) {
                    (Ok(()), Ok(second)) if self.waits_for_flush(&finishing, big.rung) => {
                        self.await_flush(&finishing, big.rung, second)
                    }
                    (settled, Ok(second)) => {
                        self.close_and_conclude(&finishing, settled, second, big.rung)
                    }
                    (settled, Err(trouble)) => {
                        let none = settled.and(Err(trouble));
                        self.conclude_file(&finishing, None, none, big.rung)
                    }
                };
                match concluded {
                    Ok(outcome) => outcome,
                    Err(trouble) => {
                        self.batch.wasted += done - holes;
                        Outcome::Trouble(trouble)
                    }
                }
            }
            Some(Halt::Parked) => {
                big.slice.dir.expect();
                self.batch.held.push(Held::Big(big.clone()));
                Outcome::Later
            }
            Some(Halt::Cancelled) => {
                self.batch.wasted += done - holes;
                let what = Beginning {
                    slice: &big.slice,
                    index: big.index,
                    dir: big.fds.dst(),
                    temp: big.temp.as_ref(),
                    bytes: big.beginning(),
                };
                if self.keeps(&what) {
                    let sys = self.shared.sys.clone();
                    let second = sys.duplicate(big.dst.as_fd()).map_err(dest(Op::Close));
                    return match self.keep_beginning(&what, second) {
                        Ok(()) => Outcome::Ended(Status::Cancelled),
                        Err(trouble) => Outcome::Trouble(trouble),
                    };
                }
                self.empty(big);
                match self.remove(big.fds.dst(), big.temp.as_ref()) {
                    Ok(()) => Outcome::Ended(Status::Cancelled),
                    Err(trouble) => Outcome::Trouble(trouble),
                }
            }
            Some(Halt::Trouble(trouble)) => {
                self.batch.wasted += done - holes;
                self.empty(big);
                Outcome::Trouble(self.cleaned_up(big.fds.dst(), big.temp.as_ref(), trouble))
            }
            None => {
                self.batch.wasted += done - holes;
                let trouble = Trouble::own(
                    Op::Copy,
                    Side::Dest,
                    ErrorClass::Other,
                    format!(
                        "internal error: ranges add up to {done} of {} bytes",
                        big.stat.size
                    ),
                );
                Outcome::Trouble(self.cleaned_up(big.fds.dst(), big.temp.as_ref(), trouble))
            }
        }
    }
}
