//! Blocks set aside before there are bytes for them (fallocate(2)).

use rustix::fs::FallocateFlags;

/// What becomes of a file's length when blocks are set aside for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reserve {
    /// It stays; the blocks lie behind the end (`FALLOC_FL_KEEP_SIZE`).
    Room,
    /// The file is so long from now on; what is not written reads as zeros.
    Length,
}

impl Reserve {
    pub(super) fn flags(self) -> FallocateFlags {
        match self {
            Self::Room => FallocateFlags::KEEP_SIZE,
            Self::Length => FallocateFlags::empty(),
        }
    }
}
