//! Memory that the kernel reads and writes on its own: aligned to pages, in slots of one size.
//!
//! A ring owns its buffers, so they outlive everything that is in flight. Nothing else hands out
//! memory to the kernel beyond a call.

use super::SysResult;
use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous, munmap};
use std::ptr::{self, NonNull};

/// What `O_DIRECT` wants of memory on every system in use: a page.
pub const PAGE: usize = 4096;

/// Slots of zeroed memory, mapped when they are first touched.
#[derive(Debug)]
pub struct Buffers {
    base: NonNull<u8>,
    slots: usize,
    size: usize,
}

// SAFETY: the mapping belongs to this value alone, and memory has no thread.
unsafe impl Send for Buffers {}

impl Buffers {
    /// `slots` slots (at least one) of `size` bytes, rounded up to whole pages.
    ///
    /// # Errors
    /// The kernel's, when there is no memory.
    pub fn new(slots: usize, size: usize) -> SysResult<Self> {
        let size = size.clamp(1, 1 << 30).next_multiple_of(PAGE);
        let slots = slots.clamp(1, 1 << 16);
        // SAFETY: an anonymous mapping at an address of the kernel's choice touches no memory that
        // anything else knows of.
        let base = unsafe {
            mmap_anonymous(
                ptr::null_mut(),
                slots * size,
                ProtFlags::READ | ProtFlags::WRITE,
                MapFlags::PRIVATE,
            )
        }?;
        let base = NonNull::new(base.cast()).ok_or(super::Errno::NOMEM)?;
        Ok(Self { base, slots, size })
    }

    /// How many slots there are.
    pub fn slots(&self) -> usize {
        self.slots
    }

    /// Bytes of one slot.
    pub fn slot_size(&self) -> usize {
        self.size
    }

    /// Where a slot begins. For the kernel; who holds no `&mut` to the slot may pass it on.
    pub(super) fn pointer(&self, slot: usize) -> *mut u8 {
        assert!(slot < self.slots, "slot {slot} of {}", self.slots);
        // SAFETY: within the mapping, as was just made sure.
        unsafe { self.base.as_ptr().add(slot * self.size) }
    }

    /// A slot's bytes. The kernel must not have been given it: [`super::Ring`] sees to that.
    pub(super) fn slot(&mut self, slot: usize) -> &mut [u8] {
        // SAFETY: the slot is mapped, readable and writable, initialised (the kernel maps zeros),
        // and apart from every other slot; the borrow of `self` keeps others away.
        unsafe { std::slice::from_raw_parts_mut(self.pointer(slot), self.size) }
    }
}

impl Drop for Buffers {
    fn drop(&mut self) {
        // SAFETY: the mapping that `new` made, as long as it made it, and the last use of it.
        let unmapped = unsafe { munmap(self.base.as_ptr().cast(), self.slots * self.size) };
        // It can only fail for arguments that are no mapping.
        debug_assert!(unmapped.is_ok());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_pages_apart_and_do_not_overlap() {
        let mut buffers = Buffers::new(3, 5000).expect("memory");
        assert_eq!((buffers.slots(), buffers.slot_size()), (3, 8192));
        for slot in 0..3 {
            assert!(buffers.slot(slot).iter().all(|byte| *byte == 0));
            buffers.slot(slot).fill(slot as u8 + 1);
            assert_eq!(buffers.pointer(slot) as usize % PAGE, 0);
        }
        for slot in 0..3 {
            assert!(
                buffers
                    .slot(slot)
                    .iter()
                    .all(|byte| *byte == slot as u8 + 1)
            );
        }
    }
}
