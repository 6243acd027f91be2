//! A ring without the kernel's: one thread reads, one writes, so that the two still overlap.

use super::super::{Errno, SysResult, buf::Buffers};
use super::{Completion, Layout, Ring, Slots, Transfer, Way};
use crossbeam_channel::{Receiver, Sender, bounded};
use rustix::io::{pread, pwrite};
use std::collections::VecDeque;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::sync::Arc;
use std::thread;

/// A transfer on its way to a thread.
#[derive(Debug)]
struct Order {
    way: Way,
    file: RawFd,
    slot: usize,
    at: *mut u8,
    len: usize,
    offset: u64,
}

// SAFETY: the memory behind `at` belongs to a slot that is in flight: whoever has the order is the
// only one to touch it, and the buffers are kept by the thread that carries it out.
unsafe impl Send for Order {}

/// Two threads and their buffers.
#[derive(Debug)]
pub struct Threads {
    /// Kept by the threads too, so that no transfer ever outlives its memory.
    buffers: Arc<Kept>,
    reading: Sender<Order>,
    writing: Sender<Order>,
    ends: Receiver<Completion>,
    slots: Slots,
    staged: VecDeque<Order>,
    flying: usize,
    ended: VecDeque<Completion>,
}

#[derive(Debug)]
struct Kept(Buffers);

// SAFETY: shared only to keep the mapping; bytes are reached through `Ring::bytes`, which needs the
// one `&mut` there is, or through an order.
unsafe impl Sync for Kept {}

impl Threads {
    /// Two threads and their buffers.
    ///
    /// # Errors
    /// EAGAIN where there are no more threads, ENOMEM without memory.
    pub fn new(layout: Layout) -> SysResult<Self> {
        let buffers = Arc::new(Kept(Buffers::new(layout.slots, layout.slot_size)?));
        let count = buffers.0.slots();
        // Never full: as many places as slots.
        let (ended, ends) = bounded(count);
        let begin = |name: &str| {
            let (orders, work) = bounded::<Order>(count);
            let (kept, ended) = (buffers.clone(), ended.clone());
            thread::Builder::new()
                .name(name.to_owned())
                .spawn(move || serve(&work, &ended, &kept))
                .map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::AGAIN))?;
            Ok::<_, Errno>(orders)
        };
        Ok(Self {
            reading: begin("haul-read")?,
            writing: begin("haul-write")?,
            ends,
            slots: Slots::new(count),
            buffers,
            staged: VecDeque::with_capacity(count),
            flying: 0,
            ended: VecDeque::with_capacity(count),
        })
    }

    fn arrived(&mut self, completion: Completion) {
        self.flying -= 1;
        self.ended.push_back(completion);
    }
}

/// Carries orders out until nobody can give any.
fn serve(work: &Receiver<Order>, ended: &Sender<Completion>, _kept: &Arc<Kept>) {
    for order in work {
        let completion = Completion {
            slot: order.slot,
            way: order.way,
            result: carry_out(&order),
        };
        // Whoever is no longer there to hear of it has waited for it in vain: nobody has.
        if ended.send(completion).is_err() {
            return;
        }
    }
}

fn carry_out(order: &Order) -> SysResult<usize> {
    // SAFETY: the giver keeps the descriptor open until it has the completion (`Ring::settle`).
    let file = unsafe { BorrowedFd::borrow_raw(order.file) };
    // SAFETY: the bytes lie in a slot (`push`), are initialised (mapped zeros), and nobody else
    // touches them while the slot is in flight.
    let bytes = unsafe { std::slice::from_raw_parts_mut(order.at, order.len) };
    loop {
        let result = match order.way {
            Way::Read => pread(file, &mut *bytes, order.offset),
            Way::Write => pwrite(file, bytes, order.offset),
        };
        if result != Err(Errno::INTR) {
            return result;
        }
    }
}

impl Ring for Threads {
    fn slots(&self) -> usize {
        self.buffers.0.slots()
    }

    fn slot_size(&self) -> usize {
        self.buffers.0.slot_size()
    }

    fn bytes(&mut self, slot: usize) -> &mut [u8] {
        self.slots.assert_free(slot);
        // SAFETY: mapped, initialised, and not in flight: neither thread has an order for it, and
        // the borrow of `self` keeps new ones away.
        unsafe {
            std::slice::from_raw_parts_mut(self.buffers.0.pointer(slot), self.buffers.0.slot_size())
        }
    }

    fn push(&mut self, transfer: Transfer<'_>) {
        let size = self.buffers.0.slot_size();
        self.slots.begin(transfer.slot, &transfer.bytes, size);
        self.staged.push_back(Order {
            way: transfer.way,
            file: transfer.file.as_raw_fd(),
            slot: transfer.slot,
            // SAFETY: `begin` made sure that the bytes lie in the slot.
            at: unsafe {
                self.buffers
                    .0
                    .pointer(transfer.slot)
                    .add(transfer.bytes.start)
            },
            len: transfer.bytes.len(),
            offset: transfer.offset,
        });
    }

    fn wait(&mut self, least: usize) -> SysResult<()> {
        while let Some(order) = self.staged.pop_front() {
            let thread = match order.way {
                Way::Read => &self.reading,
                Way::Write => &self.writing,
            };
            let slot = order.slot;
            if thread.send(order).is_err() {
                self.slots.end(slot);
                return Err(Errno::IO);
            }
            self.flying += 1;
        }
        while self.flying > 0 && self.ended.len() < least {
            let completion = self.ends.recv().map_err(|_| Errno::IO)?;
            self.arrived(completion);
        }
        Ok(())
    }

    fn take(&mut self) -> Option<Completion> {
        while let Ok(completion) = self.ends.try_recv() {
            self.arrived(completion);
        }
        let completion = self.ended.pop_front()?;
        self.slots.end(completion.slot);
        Some(completion)
    }

    fn in_flight(&self) -> usize {
        self.slots.in_flight()
    }

    fn settle(&mut self) {
        while let Some(order) = self.staged.pop_front() {
            self.slots.end(order.slot);
        }
        while self.flying > 0 {
            match self.ends.recv() {
                Ok(completion) => self.arrived(completion),
                // Both threads are gone, and so is what they had.
                Err(_) => self.flying = 0,
            }
        }
        while self.take().is_some() {}
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.settle();
    }
}
