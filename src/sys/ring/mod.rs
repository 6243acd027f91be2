//! Reads and writes that go on while the thread that asked for them does something else.
//!
//! A [`Ring`] belongs to one thread and owns the buffers it moves bytes through: a slot that is in
//! flight cannot be looked at, and no slot goes away while the kernel has it. [`Kernel`] is
//! `io_uring`; [`Threads`] does the same with a reading and a writing thread, where the kernel
//! refuses rings. Who uses one sees to it that nothing is in flight when a file is let go
//! ([`Ring::settle`]), also when a panic passes.

mod kernel;
mod threads;

pub use kernel::Kernel;
pub use threads::Threads;

use super::{Caching, SysResult};
use std::fmt::Debug;
use std::ops::Range;
use std::os::fd::BorrowedFd;

/// What a transfer does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From the file into the slot.
    Read,
    /// From the slot into the file.
    Write,
}

/// The ring that is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Buffers, and so transfers in flight at most.
    pub slots: usize,
    /// Bytes of one.
    pub slot_size: usize,
    /// Without the kernel's rings, by threads.
    pub threads: bool,
}

/// One transfer.
#[derive(Clone, Debug)]
pub struct Transfer<'a> {
    /// What it does.
    pub way: Way,
    /// The file.
    pub file: BorrowedFd<'a>,
    /// The buffer; in flight until its completion was taken.
    pub slot: usize,
    /// Which bytes of the buffer.
    pub bytes: Range<usize>,
    /// Where in the file.
    pub offset: u64,
    /// Whether its pages stay in memory. Threads leave that to the kernel: they serve `direct`, which
    /// has none.
    pub pages: Caching,
}

/// What became of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Completion {
    /// Its buffer, free again.
    pub slot: usize,
    /// What it did.
    pub way: Way,
    /// Bytes moved, perhaps fewer than asked for; or the kernel's error.
    pub result: SysResult<usize>,
}

/// Transfers in flight, and their buffers.
pub trait Ring: Send + Debug {
    /// How many buffers there are.
    fn slots(&self) -> usize;

    /// Bytes of one.
    fn slot_size(&self) -> usize;

    /// The bytes of a buffer.
    ///
    /// # Panics
    /// While it is in flight.
    fn bytes(&mut self, slot: usize) -> &mut [u8];

    /// Takes a transfer on; it begins with the next [`Self::wait`].
    ///
    /// # Panics
    /// When its buffer is in flight already, or the bytes are not in it.
    fn push(&mut self, transfer: Transfer<'_>);

    /// Begins what was taken on and waits until `least` completions can be taken, or all that are
    /// in flight.
    ///
    /// # Errors
    /// When the kernel no longer serves the ring; nothing more can be done with it.
    fn wait(&mut self, least: usize) -> SysResult<()>;

    /// A completion that has arrived.
    fn take(&mut self) -> Option<Completion>;

    /// Transfers taken on whose completion was not taken yet.
    fn in_flight(&self) -> usize;

    /// Gives up what has not begun, waits for the rest, and forgets how it ended: afterwards the
    /// kernel touches neither buffers nor files.
    fn settle(&mut self);
}

/// Which slots are in flight; a slip here would let the kernel write into borrowed memory.
#[derive(Debug)]
struct Slots(Vec<bool>);

impl Slots {
    fn new(count: usize) -> Self {
        Self(vec![false; count])
    }

    fn assert_free(&self, slot: usize) {
        assert!(!self.0[slot], "slot {slot} is in flight");
    }

    fn begin(&mut self, slot: usize, bytes: &Range<usize>, size: usize) {
        self.assert_free(slot);
        assert!(
            bytes.start < bytes.end && bytes.end <= size,
            "{bytes:?} of a slot of {size}"
        );
        self.0[slot] = true;
    }

    fn end(&mut self, slot: usize) {
        self.0[slot] = false;
    }

    fn in_flight(&self) -> usize {
        self.0.iter().filter(|busy| **busy).count()
    }
}

#[cfg(test)]
mod tests;
