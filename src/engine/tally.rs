//! What a worker says of itself while it works: a few atomics on a cache line of their own.
//!
//! The worker stores, the sampler loads; bytes never travel through a channel. The only thing that
//! goes the other way is the wish for one file (pause it, give it up).

use crate::proto::{FileId, FilePhase, Strategy};
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering, fence};

/// [`Strategy::Reflink`] as the gauge holds it.
const REFLINK: u8 = 1 + Strategy::Reflink as u8;

/// "No file" in the slot.
const NONE: u32 = u32::MAX;

/// What the coordinator wishes of a file in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Nothing.
    None,
    /// Set it aside.
    Park,
    /// Give it up.
    Drop,
}

/// One worker's figures. Padded by its owner ([`crossbeam_utils::CachePadded`]).
#[derive(Debug)]
pub struct Cell {
    /// Even while the slot is whole, odd while it is being replaced.
    version: AtomicU32,
    file: AtomicU32,
    size: AtomicU64,
    done: AtomicU64,
    strategy: AtomicU8,
    phase: AtomicU8,
    /// Bytes moved since the worker began; only grows.
    moved: AtomicU64,
    /// Of those, shared by reflink.
    cloned: AtomicU64,
    /// Entries it is through with since it began.
    through: AtomicU64,
    /// The thread that works (gettid(2)); 0 before it does.
    thread: AtomicU32,
    /// The wished-for file in the upper half, the wish in the lower.
    wish: AtomicU64,
}

impl Default for Cell {
    fn default() -> Self {
        Self {
            version: AtomicU32::new(0),
            file: AtomicU32::new(NONE),
            size: AtomicU64::new(0),
            done: AtomicU64::new(0),
            strategy: AtomicU8::new(0),
            phase: AtomicU8::new(0),
            moved: AtomicU64::new(0),
            cloned: AtomicU64::new(0),
            through: AtomicU64::new(0),
            thread: AtomicU32::new(0),
            wish: AtomicU64::new(u64::MAX),
        }
    }
}

/// The slot as read at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// The file, while there is one.
    pub file: Option<FileId>,
    /// Its length.
    pub size: u64,
    /// The offset reached.
    pub done: u64,
    /// What moves it.
    pub strategy: Option<Strategy>,
    /// What is being done with it.
    pub phase: FilePhase,
}

const PHASES: [FilePhase; 5] = [
    FilePhase::Idle,
    FilePhase::Opening,
    FilePhase::Moving,
    FilePhase::Finishing,
    FilePhase::Paused,
];

fn phase_number(phase: FilePhase) -> u8 {
    PHASES.iter().position(|known| *known == phase).unwrap_or(0) as u8
}

impl Cell {
    fn replace(&self, file: u32, size: u64, done: u64, phase: FilePhase) {
        self.version.fetch_add(1, Ordering::Relaxed);
        fence(Ordering::Release);
        if self.file.load(Ordering::Relaxed) != NONE {
            self.through
                .store(self.through.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        }
        self.file.store(file, Ordering::Relaxed);
        self.size.store(size, Ordering::Relaxed);
        self.done.store(done, Ordering::Relaxed);
        self.strategy.store(0, Ordering::Relaxed);
        self.phase.store(phase_number(phase), Ordering::Relaxed);
        self.version.fetch_add(1, Ordering::Release);
    }

    /// The worker takes a file.
    pub fn begin(&self, file: FileId, size: u64, done: u64) {
        self.replace(file.0, size, done, FilePhase::Opening);
    }

    /// The worker has no file.
    pub fn rest(&self) {
        self.replace(NONE, 0, 0, FilePhase::Idle);
    }

    /// What is being done with the file.
    pub fn phase(&self, phase: FilePhase) {
        self.phase.store(phase_number(phase), Ordering::Relaxed);
    }

    /// What moves the bytes, and from where on.
    pub fn moving(&self, strategy: Strategy, from: u64) {
        self.strategy.store(strategy as u8 + 1, Ordering::Relaxed);
        self.done.store(from, Ordering::Relaxed);
        self.phase(FilePhase::Moving);
    }

    /// So many bytes more, up to this offset.
    pub fn advance(&self, bytes: u64, offset: u64) {
        self.done.store(offset, Ordering::Relaxed);
        // Only the owning worker adds: a load and a store, no locked instruction.
        if self.strategy.load(Ordering::Relaxed) == REFLINK {
            let cloned = self.cloned.load(Ordering::Relaxed) + bytes;
            self.cloned.store(cloned, Ordering::Relaxed);
        }
        self.moved.store(
            self.moved.load(Ordering::Relaxed) + bytes,
            Ordering::Relaxed,
        );
    }

    /// Bytes written since the worker began: moved, and not merely shared.
    pub fn written(&self) -> u64 {
        // The smaller figure is stored first and loaded last.
        let cloned = self.cloned.load(Ordering::Relaxed);
        self.moved().saturating_sub(cloned)
    }

    /// Bytes moved since the worker began.
    pub fn moved(&self) -> u64 {
        self.moved.load(Ordering::Relaxed)
    }

    /// Entries the worker is through with since it began: copied, failed, or waiting for a name.
    pub fn through(&self) -> u64 {
        self.through.load(Ordering::Relaxed)
    }

    /// Worker: this is the thread (gettid(2)) that works.
    pub fn at_work(&self, thread: u32) {
        self.thread.store(thread, Ordering::Relaxed);
    }

    /// The thread that works, once it does.
    pub fn thread(&self) -> Option<u32> {
        Some(self.thread.load(Ordering::Relaxed)).filter(|thread| *thread != 0)
    }

    /// Coordinator: wishes something of a file. Where the worker has left the file meanwhile,
    /// nothing happens.
    pub fn wish(&self, file: FileId, wish: Wish) {
        let low = match wish {
            Wish::None => 0,
            Wish::Park => 1,
            Wish::Drop => 2,
        };
        self.wish
            .store(u64::from(file.0) << 32 | low, Ordering::Relaxed);
    }

    /// Worker: what is wished of this file.
    pub fn wished(&self, file: FileId) -> Wish {
        let wish = self.wish.load(Ordering::Relaxed);
        if wish >> 32 != u64::from(file.0) {
            return Wish::None;
        }
        match wish & 0xFF {
            1 => Wish::Park,
            2 => Wish::Drop,
            _ => Wish::None,
        }
    }

    /// Sampler: the slot, whole.
    pub fn slot(&self) -> Slot {
        loop {
            let before = self.version.load(Ordering::Acquire);
            let file = self.file.load(Ordering::Relaxed);
            let slot = Slot {
                file: (file != NONE).then_some(FileId(file)),
                size: self.size.load(Ordering::Relaxed),
                done: self.done.load(Ordering::Relaxed),
                strategy: match self.strategy.load(Ordering::Relaxed) {
                    0 => None,
                    number => Strategy::ALL.get(usize::from(number) - 1).copied(),
                },
                phase: PHASES[usize::from(self.phase.load(Ordering::Relaxed)).min(4)],
            };
            fence(Ordering::Acquire);
            if before & 1 == 0 && self.version.load(Ordering::Relaxed) == before {
                return slot;
            }
            std::hint::spin_loop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;

    #[test]
    fn a_slot_is_never_half_of_two_files() {
        let cell = Arc::new(Cell::default());
        let stop = Arc::new(AtomicBool::new(false));
        let writer = {
            let (cell, stop) = (cell.clone(), stop.clone());
            std::thread::spawn(move || {
                let mut file = 0u32;
                while !stop.load(Ordering::Relaxed) {
                    file = (file + 1) % 1000;
                    cell.begin(FileId(file), u64::from(file) * 7, u64::from(file));
                }
            })
        };
        for _ in 0..200_000 {
            let slot = cell.slot();
            if let Some(FileId(file)) = slot.file {
                assert_eq!(slot.size, u64::from(file) * 7);
                assert_eq!(slot.done, u64::from(file));
            }
        }
        stop.store(true, Ordering::Relaxed);
        writer.join().expect("the writer panicked");
    }

    #[test]
    fn shared_bytes_are_moved_and_not_written() {
        for strategy in Strategy::ALL {
            assert_eq!(
                Strategy::ALL[strategy as usize],
                strategy,
                "the order of the table"
            );
        }
        let cell = Cell::default();
        cell.moving(Strategy::Buffered, 0);
        cell.advance(5, 5);
        cell.moving(Strategy::Reflink, 0);
        cell.advance(100, 100);
        assert_eq!((cell.moved(), cell.written()), (105, 5));
        assert_eq!(cell.slot().strategy, Some(Strategy::Reflink));
    }

    #[test]
    fn an_entry_is_counted_when_it_is_left() {
        let cell = Cell::default();
        cell.rest();
        cell.begin(FileId(1), 1, 0);
        assert_eq!(cell.through(), 0);
        cell.begin(FileId(2), 1, 0);
        assert_eq!(cell.through(), 1);
        cell.rest();
        cell.rest();
        assert_eq!(cell.through(), 2);
    }

    #[test]
    fn a_wish_is_for_one_file() {
        let cell = Cell::default();
        assert_eq!(cell.wished(FileId(u32::MAX)), Wish::None);
        cell.wish(FileId(7), Wish::Park);
        assert_eq!(cell.wished(FileId(7)), Wish::Park);
        assert_eq!(cell.wished(FileId(8)), Wish::None);
        cell.wish(FileId(7), Wish::None);
        assert_eq!(cell.wished(FileId(7)), Wish::None);
    }
}
