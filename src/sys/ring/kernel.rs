//! `io_uring`.

use super::super::{Errno, SysResult, buf::Buffers};
use super::{Completion, Layout, Ring, Slots, Transfer, Way};
use io_uring::{IoUring, opcode, squeue, types};
use std::collections::VecDeque;
use std::mem::ManuallyDrop;
use std::os::fd::AsRawFd;
use std::time::Duration;

/// The wait before a kernel that has no memory for a request is asked again.
const NAP: Duration = Duration::from_millis(1);

/// A ring of the kernel's. Made on the thread that uses it: the kernel is told that nobody else
/// will, and then does the end of a transfer on that thread instead of interrupting it.
pub struct Kernel {
    ring: IoUring,
    /// Given back only when nothing is in flight.
    buffers: ManuallyDrop<Buffers>,
    /// The kernel holds on to the pages of the buffers, so that it need not look them up each time.
    registered: bool,
    slots: Slots,
    /// What each slot in flight does.
    ways: Vec<Way>,
    /// Taken on and not begun.
    staged: VecDeque<(usize, squeue::Entry)>,
    /// Begun, and not seen to have ended.
    flying: usize,
    ended: VecDeque<Completion>,
}

impl std::fmt::Debug for Kernel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kernel")
            .field("buffers", &self.buffers)
            .field("registered", &self.registered)
            .field("flying", &self.flying)
            .finish_non_exhaustive()
    }
}

fn errno(error: &std::io::Error) -> Errno {
    Errno::from_io_error(error).unwrap_or(Errno::IO)
}

impl Kernel {
    /// A ring and its buffers.
    ///
    /// # Errors
    /// ENOSYS without `io_uring`, EPERM where a filter or `kernel.io_uring_disabled` forbids it,
    /// ENOMEM where a limit does.
    pub fn new(layout: Layout) -> SysResult<Self> {
        let buffers = Buffers::new(layout.slots, layout.slot_size)?;
        let count = buffers.slots();
        let entries = u32::try_from(count.next_power_of_two()).map_err(|_| Errno::INVAL)?;
        let ring = IoUring::builder()
            .setup_single_issuer()
            .setup_defer_taskrun()
            .build(entries)
            // Before 6.1 there are no such flags.
            .or_else(|error| match errno(&error) {
                Errno::INVAL => IoUring::new(entries),
                _ => Err(error),
            })
            .map_err(|error| errno(&error))?;
        let vectors: Vec<libc::iovec> = (0..count)
            .map(|slot| libc::iovec {
                iov_base: buffers.pointer(slot).cast(),
                iov_len: buffers.slot_size(),
            })
            .collect();
        // SAFETY: the buffers are mapped until nothing is in flight and the ring is being closed
        // (`Drop`), and are borrowed only while they are not in flight (`bytes`).
        let registered = unsafe { ring.submitter().register_buffers(&vectors) };
        // Mostly a limit on locked memory: it works as well, a little slower.
        if let Err(error) = &registered {
            tracing::debug!("a ring without registered buffers: {error}");
        }
        Ok(Self {
            ring,
            registered: registered.is_ok(),
            slots: Slots::new(count),
            ways: vec![Way::Read; count],
            buffers: ManuallyDrop::new(buffers),
            staged: VecDeque::with_capacity(count),
            flying: 0,
            ended: VecDeque::with_capacity(count),
        })
    }

    /// True when the kernel holds on to the buffers.
    pub fn is_registered(&self) -> bool {
        self.registered
    }

    /// Takes in what the kernel says has ended.
    fn reap(&mut self) {
        for entry in self.ring.completion() {
            let slot = entry.user_data() as usize;
            let result = match entry.result() {
                bytes if bytes >= 0 => Ok(bytes as usize),
                number => Err(Errno::from_raw_os_error(-number)),
            };
            self.flying -= 1;
            self.ended.push_back(Completion {
                slot,
                way: self.ways[slot],
                result,
            });
        }
    }

    fn hand_over(&mut self) {
        let mut queue = self.ring.submission();
        while let Some((slot, entry)) = self.staged.pop_front() {
            // SAFETY: the buffer is mapped and not borrowed until the completion was taken; the
            // descriptor is open until `settle` or that completion, which its owner waits for.
            if unsafe { queue.push(&entry) }.is_err() {
                // As many entries as slots, so that it cannot be full; if it were, later will do.
                self.staged.push_front((slot, entry));
                return;
            }
            self.flying += 1;
        }
    }
}

impl Ring for Kernel {
    fn slots(&self) -> usize {
        self.buffers.slots()
    }

    fn slot_size(&self) -> usize {
        self.buffers.slot_size()
    }

    fn bytes(&mut self, slot: usize) -> &mut [u8] {
        self.slots.assert_free(slot);
        self.buffers.slot(slot)
    }

    fn push(&mut self, transfer: Transfer<'_>) {
        let Transfer {
            way,
            file,
            slot,
            bytes,
            offset,
            pages,
        } = transfer;
        self.slots.begin(slot, &bytes, self.buffers.slot_size());
        self.ways[slot] = way;
        let file = types::Fd(file.as_raw_fd());
        // SAFETY: `begin` made sure that the bytes lie in the slot.
        let at = unsafe { self.buffers.pointer(slot).add(bytes.start) };
        let (len, index) = (bytes.len() as u32, slot as u16);
        let flags = pages.bits();
        let entry = match (way, self.registered) {
            (Way::Read, true) => opcode::ReadFixed::new(file, at, len, index)
                .offset(offset)
                .rw_flags(flags)
                .build(),
            (Way::Read, false) => opcode::Read::new(file, at, len)
                .offset(offset)
                .rw_flags(flags)
                .build(),
            (Way::Write, true) => opcode::WriteFixed::new(file, at, len, index)
                .offset(offset)
                .rw_flags(flags)
                .build(),
            (Way::Write, false) => opcode::Write::new(file, at, len)
                .offset(offset)
                .rw_flags(flags)
                .build(),
        };
        self.staged.push_back((slot, entry.user_data(slot as u64)));
    }

    fn wait(&mut self, least: usize) -> SysResult<()> {
        self.reap();
        loop {
            self.hand_over();
            let unsent = !self.ring.submission().is_empty();
            let missing = least.saturating_sub(self.ended.len()).min(self.flying);
            if missing == 0 && !unsent {
                return Ok(());
            }
            match self.ring.submit_and_wait(missing) {
                Ok(_) => {}
                Err(error) => match errno(&error) {
                    Errno::INTR => {}
                    // No memory for a request, or too many completions not taken.
                    Errno::AGAIN | Errno::BUSY => std::thread::sleep(NAP),
                    errno => return Err(errno),
                },
            }
            self.reap();
        }
    }

    fn take(&mut self) -> Option<Completion> {
        if self.ended.is_empty() {
            self.reap();
        }
        let completion = self.ended.pop_front()?;
        self.slots.end(completion.slot);
        Some(completion)
    }

    fn in_flight(&self) -> usize {
        self.slots.in_flight()
    }

    fn settle(&mut self) {
        while let Some((slot, _)) = self.staged.pop_front() {
            self.slots.end(slot);
        }
        while self.flying > 0 {
            if let Err(errno) = self.wait(self.ended.len() + self.flying) {
                // The kernel does not say when it is done: the buffers are never given back.
                tracing::error!(
                    "a ring with {} transfers in flight is lost: {errno}",
                    self.flying
                );
                return;
            }
        }
        while self.take().is_some() {}
    }
}

impl Drop for Kernel {
    fn drop(&mut self) {
        self.settle();
        if self.flying == 0 {
            // SAFETY: never used again, and dropped once: here.
            unsafe { ManuallyDrop::drop(&mut self.buffers) };
        }
    }
}
