//! The ways of moving bytes.
//!
//! A [`Mover`] moves one range of one open file. It belongs to one worker thread, may keep buffers
//! and (a ring) any number of operations in flight, and returns only when none is: what it reports
//! as moved is a gapless beginning of the range, so the next rung, or the same one after a pause,
//! goes on at exactly that offset. It never creates, names or closes files; what it wrote beyond
//! their end to fill a block, it cuts off again.

mod baseline;
mod buffered;
mod copy_range;
mod direct;
mod flight;
mod reflink;
mod ringed;
mod sendfile;

use super::budget::Memory;
use super::gate::{Gate, Pass};
use super::tally::{Cell, Wish};
use super::throttle::Throttle;
use crate::proto::{FileId, FilePhase, Op, Side, Strategy};
use crate::sys::{Caching, Errno, Sys};
use std::ops::Range;
use std::os::fd::BorrowedFd;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// An open file on both sides. Offsets are the same in both.
#[derive(Clone, Copy, Debug)]
pub struct Pair<'a> {
    /// Read from here.
    pub src: BorrowedFd<'a>,
    /// Written here.
    pub dst: BorrowedFd<'a>,
    /// Length of the source in bytes when it was opened.
    pub size: u64,
    /// Blocks of zeros are left out instead of written; only `buffered` looks at the bytes.
    pub punch: bool,
    /// Whether the pages of what is read stay in memory.
    pub read_pages: Caching,
    /// And those of what is written.
    pub written_pages: Caching,
}

impl Pair<'_> {
    /// True while pages are to go, which a file system may refuse.
    pub fn lets_pages_go(&self) -> bool {
        [self.read_pages, self.written_pages].contains(&Caching::Go)
    }

    /// They stay from now on.
    pub fn keep_pages(&mut self) {
        (self.read_pages, self.written_pages) = (Caching::Stay, Caching::Stay);
    }
}

/// Why a mover returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The range is done.
    Complete,
    /// The source ended before the range did.
    SourceEnded,
    /// The file is to be set aside.
    Parked,
    /// The file, or the job, is given up.
    Cancelled,
    /// The kernel cannot do it this way for these files; what was moved stands.
    Unsupported(Errno),
    /// The kernel failed.
    Failed(Op, Side, Errno),
}

/// What a mover did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Bytes from the start of the range, without a gap.
    pub bytes: u64,
    /// Why it returned.
    pub stop: Stop,
}

/// Moves ranges. See the module for the contract.
pub trait Mover: Send {
    /// Which strategy it is.
    fn strategy(&self) -> Strategy;

    /// Moves the bytes of `range`, loops over short counts, asks `control` between pieces.
    fn move_range(
        &mut self,
        sys: &dyn Sys,
        pair: Pair<'_>,
        range: Range<u64>,
        control: &mut Control<'_>,
    ) -> Moved;
}

/// A piece should take about this long, so that pause and cancel are answered four times as fast
/// as promised (200 ms).
const PIECE_TIME: Duration = Duration::from_millis(50);
const PIECE_MIN: u64 = 1 << 20;
const PIECE_MAX: u64 = 64 << 20;

/// What a mover asks and tells between pieces.
#[derive(Debug)]
pub struct Control<'a> {
    gate: &'a Gate,
    cell: &'a Cell,
    file: FileId,
    throttle: &'a Throttle,
    piece: u64,
    began: Instant,
    ring_refused: Option<Errno>,
    /// What all lanes of the file have done.
    together: Option<&'a AtomicU64>,
    told: u64,
}

impl<'a> Control<'a> {
    /// For one file on one worker.
    pub fn new(gate: &'a Gate, cell: &'a Cell, file: FileId, throttle: &'a Throttle) -> Self {
        Self {
            gate,
            cell,
            file,
            throttle,
            piece: PIECE_MIN,
            began: crate::clock::now(),
            ring_refused: None,
            together: None,
            told: 0,
        }
    }

    /// For one of several lanes: what arrives is added to what all of them have done.
    pub fn beside(mut self, together: &'a AtomicU64) -> Self {
        self.together = Some(together);
        self
    }

    /// Bytes told so far.
    pub fn told(&self) -> u64 {
        self.told
    }

    /// The kernel gave no ring.
    pub fn refuse_ring(&mut self, errno: Errno) {
        self.ring_refused = Some(errno);
    }

    /// Why the kernel gave no ring, where one was wanted.
    pub fn ring_refused(&self) -> Option<Errno> {
        self.ring_refused
    }

    /// Names the strategy on the worker's gauge.
    pub fn begin(&mut self, strategy: Strategy, offset: u64) {
        self.cell.moving(strategy, offset);
        self.began = crate::clock::now();
    }

    /// Bytes to ask for in one uninterruptible call; follows the measured speed.
    pub fn piece(&self) -> u64 {
        self.piece.min(self.cap())
    }

    /// Bytes that a capped rate allows in one call.
    pub fn cap(&self) -> u64 {
        self.throttle.piece()
    }

    /// Tells that `bytes` more arrived, up to `offset`, by a call sized with [`Self::piece`].
    pub fn moved_piece(&mut self, bytes: u64, offset: u64) {
        let now = crate::clock::now();
        let took = now.duration_since(self.began);
        self.began = now;
        if took > PIECE_TIME {
            self.piece = (self.piece / 2).max(PIECE_MIN);
        } else if took < PIECE_TIME / 4 && bytes >= self.piece {
            self.piece = (self.piece * 2).min(PIECE_MAX);
        }
        self.moved(bytes, offset);
    }

    /// Tells that `bytes` more arrived, up to `offset`.
    pub fn moved(&mut self, bytes: u64, offset: u64) {
        self.cell.advance(bytes, offset);
        self.told += bytes;
        if let Some(together) = self.together {
            together.fetch_add(bytes, Ordering::Relaxed);
        }
        self.throttle.spend(bytes);
    }

    /// False while a capped rate says to wait.
    pub fn is_due(&self) -> bool {
        self.throttle.due().is_zero()
    }

    /// Asks without waiting: a mover with operations in flight drains them before it calls
    /// [`Self::go_on`].
    pub fn look(&self) -> Pass {
        match self.cell.wished(self.file) {
            Wish::None => self.gate.look(),
            Wish::Park | Wish::Drop => Pass::Stop,
        }
    }

    /// With nothing in flight: waits while the job is held; `Some` when the mover must return.
    pub fn go_on(&mut self) -> Option<Stop> {
        // Short naps, so that pause, cancel and another rate are answered while the rate makes it
        // wait.
        while self.look() == Pass::Go && !self.throttle.due().is_zero() {
            std::thread::sleep(self.throttle.due().min(PIECE_TIME));
            self.began = crate::clock::now();
        }
        if self.look() == Pass::Go {
            return None;
        }
        loop {
            match self.gate.look() {
                Pass::Stop => return Some(Stop::Cancelled),
                Pass::Go => break,
                Pass::Hold => {
                    self.cell.phase(FilePhase::Paused);
                    self.gate.wait();
                    self.cell.phase(FilePhase::Moving);
                    self.began = crate::clock::now();
                }
            }
        }
        match self.cell.wished(self.file) {
            Wish::None => None,
            Wish::Park => Some(Stop::Parked),
            Wish::Drop => Some(Stop::Cancelled),
        }
    }
}

/// The movers of one worker, made when first needed.
pub struct Movers {
    made: Vec<Box<dyn Mover>>,
    memory: Memory,
}

impl std::fmt::Debug for Movers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Movers")
            .field("made", &self.made.len())
            .finish_non_exhaustive()
    }
}

impl Movers {
    /// Movers with buffers as in `memory`.
    pub fn new(memory: Memory) -> Self {
        Self {
            made: Vec::new(),
            memory,
        }
    }

    /// The mover of a strategy. Ranges of a `parallel` file are moved by `buffered`: each lane
    /// reads and writes at its own offsets.
    pub fn of(&mut self, strategy: Strategy) -> &mut dyn Mover {
        let strategy = match strategy {
            Strategy::Parallel | Strategy::Auto => Strategy::Buffered,
            other => other,
        };
        let at = if let Some(at) = self
            .made
            .iter()
            .position(|mover| mover.strategy() == strategy)
        {
            at
        } else {
            self.made.push(match strategy {
                Strategy::Baseline => Box::new(baseline::Baseline),
                Strategy::Sendfile => Box::new(sendfile::Sendfile),
                Strategy::CopyFileRange => Box::new(copy_range::CopyRange),
                Strategy::Reflink => Box::new(reflink::Reflink),
                Strategy::IoUring | Strategy::Direct => {
                    Box::new(ringed::Ringed::new(strategy, self.memory.ring))
                }
                Strategy::Buffered | Strategy::Parallel | Strategy::Auto => Box::new(
                    buffered::Buffered::new(self.memory.buffer, self.memory.most),
                ),
            });
            self.made.len() - 1
        };
        self.made[at].as_mut()
    }
}

/// Moves a range by calls of one kind. `piece` moves at most so many bytes from an offset on, and says
/// how many it moved, 0 where the source ends, or why the range ends here.
fn in_pieces(
    range: Range<u64>,
    control: &mut Control<'_>,
    mut piece: impl FnMut(u64, u64) -> Result<u64, Stop>,
) -> Moved {
    let mut at = range.start;
    let stop = loop {
        if at >= range.end {
            break Stop::Complete;
        }
        if let Some(stop) = control.go_on() {
            break stop;
        }
        match piece(at, (range.end - at).min(control.piece())) {
            Ok(0) => break Stop::SourceEnded,
            Ok(put) => {
                at += put;
                control.moved_piece(put, at);
            }
            Err(stop) => break stop,
        }
    };
    Moved {
        bytes: at - range.start,
        stop,
    }
}

/// What an in-kernel copy that was refused means for the range: at its `first` piece it may only be
/// that this way is none.
fn refused(errno: Errno, first: bool) -> Stop {
    if first && is_unsupported(errno) {
        Stop::Unsupported(errno)
    } else {
        Stop::Failed(Op::Copy, Side::Dest, errno)
    }
}

/// Errors by which an in-kernel copy says "not this way", as GNU cp reads them (copy.c, cp 9.11):
/// valid only while nothing was moved, after that they are failures like any other.
fn is_unsupported(errno: Errno) -> bool {
    matches!(
        errno,
        Errno::NOSYS
            | Errno::NOTTY
            | Errno::OPNOTSUPP
            | Errno::INVAL
            | Errno::BADF
            | Errno::XDEV
            | Errno::TXTBSY
            | Errno::PERM
            | Errno::ACCESS
            | Errno::NOENT
    )
}
