//! One range of one file on a ring: pieces that are read, then written, several at a time.

use super::ringed::Window;
use super::{Control, Moved, Pair, Stop};
use crate::engine::gate::Pass;
use crate::proto::{Op, Side};
use crate::sys::{Completion, Errno, Ring, Sys, SysResult, Transfer, Way};
use std::collections::VecDeque;
use std::ops::Range;

/// How often a wait is begun again before its EINTR is believed to be for good.
const PATIENCE: u32 = 1000;

/// A range in flight. Whatever happens, a panic included, nothing is in flight any more when it
/// is dropped: its files may then be closed and removed.
#[derive(Debug)]
pub(super) struct Flight<'a> {
    pub sys: &'a dyn Sys,
    pub pair: Pair<'a>,
    ring: &'a mut dyn Ring,
    /// Offsets and lengths are multiples of it; 1 through the page cache.
    pub grid: u64,
    /// In the order of the file; what ended early waits for what is before it.
    pieces: VecDeque<Piece>,
    /// Something may have been written beyond the end of the file, to fill the grid.
    pub padded: bool,
    /// The ring no longer works.
    lost: bool,
}

#[derive(Debug)]
struct Piece {
    offset: u64,
    /// Bytes of the file.
    want: usize,
    /// The same up to the grid.
    full: usize,
    /// `None` once all is written.
    slot: Option<usize>,
    read: usize,
    written: usize,
    /// Completions that brought it no further.
    stalls: u8,
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        self.ring.settle();
    }
}

impl<'a> Flight<'a> {
    /// A flight through the page cache.
    pub fn new(sys: &'a dyn Sys, pair: Pair<'a>, ring: &'a mut dyn Ring) -> Self {
        Self {
            sys,
            pair,
            ring,
            grid: 1,
            pieces: VecDeque::new(),
            padded: false,
            lost: false,
        }
    }

    /// True when the ring can be thrown away.
    pub fn is_lost(&self) -> bool {
        self.lost
    }

    /// Bytes of one buffer.
    pub fn slot_size(&self) -> usize {
        self.ring.slot_size()
    }

    /// A buffer, while nothing is in flight.
    pub fn buffer(&mut self) -> &mut [u8] {
        self.ring.bytes(0)
    }

    /// Moves a range that begins on the grid, and ends on it or with the file.
    pub fn run(
        &mut self,
        range: Range<u64>,
        control: &mut Control<'_>,
        window: &mut Window,
    ) -> Moved {
        let (mut at, mut next) = (range.start, range.start);
        let mut ended = None;
        let mut interrupted = 0;
        let stop = loop {
            if ended.is_none() && control.look() == Pass::Go {
                self.begin(&mut next, range.end, control, window.bytes());
            }
            if self.ring.in_flight() == 0 {
                if at == range.end {
                    break Stop::Complete;
                }
                if let Some(stop) = ended {
                    break stop;
                }
                // Held, stopped, or ahead of the rate; what was read and not written is forgotten.
                self.pieces.clear();
                next = at;
                window.rest();
                if let Some(stop) = control.go_on() {
                    break stop;
                }
                continue;
            }
            // Half of it, so that the other half keeps the devices busy meanwhile.
            match self.ring.wait((self.ring.in_flight() / 2).max(1)) {
                Ok(()) => interrupted = 0,
                Err(Errno::INTR) if interrupted < PATIENCE => interrupted += 1,
                Err(errno) => {
                    self.lost = true;
                    break Stop::Failed(Op::Copy, Side::Dest, errno);
                }
            }
            while let Some(completion) = self.ring.take() {
                let goes_on = ended.is_none() && control.look() == Pass::Go;
                if let Err(stop) = self.landed(completion, goes_on) {
                    ended.get_or_insert(stop);
                }
            }
            while let Some(piece) = self.pieces.front().filter(|piece| piece.slot.is_none()) {
                let bytes = piece.want as u64;
                at += bytes;
                control.moved(bytes, at);
                window.fed(bytes);
                self.pieces.pop_front();
            }
        };
        self.ring.settle();
        self.pieces.clear();
        Moved {
            bytes: at - range.start,
            stop,
        }
    }

    /// Begins as many reads as fit.
    fn begin(&mut self, next: &mut u64, end: u64, control: &Control<'_>, window: u64) {
        let most = match control.cap() {
            u64::MAX => self.ring.slots(),
            // One is read while another is written: with more in flight the rate would jump.
            _ => 2.min(self.ring.slots()),
        };
        let largest = (self.ring.slot_size() as u64)
            .min(window / 4)
            .min(control.cap())
            .max(self.grid);
        let largest = largest - largest % self.grid;
        while *next < end && control.is_due() {
            let busy = |slot| self.pieces.iter().any(|piece| piece.slot == Some(slot));
            let in_flight = self.pieces.iter().filter(|piece| piece.slot.is_some());
            let (count, bytes) = in_flight.fold((0, 0), |(count, bytes), piece| {
                (count + 1, bytes + piece.want as u64)
            });
            let full = count >= most || self.pieces.len() >= 2 * self.ring.slots();
            if full || (count > 0 && bytes + largest > window) {
                return;
            }
            let Some(slot) = (0..self.ring.slots()).find(|slot| !busy(*slot)) else {
                return;
            };
            let want = (end - *next).min(largest);
            let piece = Piece {
                offset: *next,
                want: want as usize,
                full: want.next_multiple_of(self.grid) as usize,
                slot: Some(slot),
                read: 0,
                written: 0,
                stalls: 0,
            };
            *next += want;
            self.ring
                .push(transfer(&piece, slot, Way::Read, &self.pair));
            self.pieces.push_back(piece);
        }
    }

    /// Takes in the end of a transfer; the next one of its piece is begun when the flight goes on.
    fn landed(&mut self, completion: Completion, goes_on: bool) -> Result<(), Stop> {
        let Completion { slot, way, result } = completion;
        let Some(piece) = self
            .pieces
            .iter_mut()
            .find(|piece| piece.slot == Some(slot))
        else {
            return Ok(());
        };
        if !goes_on && (result.is_err() || way == Way::Read) {
            // Forgotten; a trouble that lasts will be met again.
            return Ok(());
        }
        let result = match result {
            // The ring could not, for now: the plain call waits as long as it takes.
            Err(Errno::AGAIN | Errno::INTR | Errno::CANCELED) => {
                plainly(self.sys, &mut *self.ring, piece, slot, way, &self.pair)
            }
            result => result,
        };
        let moved = match (way, result) {
            (Way::Read, Ok(0)) => return Err(Stop::SourceEnded),
            // A write that takes nothing and gives no reason would loop for ever.
            (Way::Write, Ok(0)) => return Err(Stop::Failed(Op::Write, Side::Dest, Errno::IO)),
            (_, Ok(moved)) => moved,
            (_, Err(errno @ (Errno::INVAL | Errno::OPNOTSUPP | Errno::NOSYS))) => {
                return Err(Stop::Unsupported(errno));
            }
            (Way::Read, Err(errno)) => return Err(Stop::Failed(Op::Read, Side::Source, errno)),
            (Way::Write, Err(errno)) => return Err(Stop::Failed(Op::Write, Side::Dest, errno)),
        };
        let grid = self.grid as usize;
        let (count, enough) = match way {
            Way::Read => (&mut piece.read, piece.want),
            Way::Write => (&mut piece.written, piece.full),
        };
        let before = *count;
        *count = (before + moved).min(piece.full);
        let next = if *count < enough {
            // The rest begins on the grid too.
            *count -= *count % grid;
            if *count == before {
                piece.stalls += 1;
                if piece.stalls > 1 {
                    return Err(Stop::Unsupported(Errno::INVAL));
                }
            }
            way
        } else if way == Way::Read {
            self.ring.bytes(slot)[piece.want..piece.full].fill(0);
            Way::Write
        } else {
            piece.slot = None;
            return Ok(());
        };
        if goes_on {
            // Even one that fails may have written some of it.
            self.padded |= next == Way::Write && piece.full > piece.want;
            self.ring.push(transfer(piece, slot, next, &self.pair));
        }
        Ok(())
    }
}

/// What is left to do of a piece, one way.
fn transfer<'a>(piece: &Piece, slot: usize, way: Way, pair: &Pair<'a>) -> Transfer<'a> {
    let (file, from, pages) = match way {
        Way::Read => (pair.src, piece.read, pair.read_pages),
        Way::Write => (pair.dst, piece.written, pair.written_pages),
    };
    Transfer {
        way,
        file,
        slot,
        bytes: from..piece.full,
        offset: piece.offset + from as u64,
        pages,
    }
}

/// The same by a call that waits.
fn plainly(
    sys: &dyn Sys,
    ring: &mut dyn Ring,
    piece: &Piece,
    slot: usize,
    way: Way,
    pair: &Pair<'_>,
) -> SysResult<usize> {
    let Transfer {
        file,
        bytes,
        offset,
        pages,
        ..
    } = transfer(piece, slot, way, pair);
    let buffer = &mut ring.bytes(slot)[bytes];
    match way {
        Way::Read => sys.read_at(file, buffer, offset, pages),
        Way::Write => sys.write_at(file, buffer, offset, pages),
    }
}
