//! Blocks that are set aside before a large file's bytes come: one call then does what the file
//! system would do for every piece, and the file lies in fewer places.
//!
//! Measured (medians of three to seven, beside each other, source in memory): 1 GiB by `buffered` onto ext4
//! 0.24 s against 0.33, onto xfs 0.13 against 0.35; 24 frames of 26 MiB onto ext4 0.07 against 0.10, onto xfs no
//! difference; files of 1 MiB and less none or a loss. Past the page cache each write to the end of a
//! file waits for the one before it, unless the file is as long already: 1 GiB cold and flushed 0.78 s against 1.20
//! on ext4, 2.33 against 4.23 on btrfs.

use super::Worker;
use super::file::OpenFile;
use crate::proto::{Durability, Sparse, Strategy};
use crate::sys::Reserve;
use std::os::fd::AsFd;

/// From this length on it pays.
const LEAST: u64 = 2 << 20;

impl Worker {
    /// Sets blocks aside for a file that is begun, where its file system is known to be quicker for
    /// it. Best effort: without them it is written as always, and where there is no room the writes say so.
    pub(super) fn reserve(&self, file: &OpenFile, strategy: Strategy) {
        let (size, shared) = (file.stat.size, &self.shared);
        // A file with holes, or one that is to get some, would become a dense one.
        let dense = shared.sparse != Sparse::Always && !file.stat.looks_sparse();
        if size < LEAST || file.done > 0 || !dense || file.to_the_end {
            return;
        }
        let route = &file.slice.dir.route;
        let what = match strategy {
            Strategy::Reflink => return,
            // A power cut must not leave a file that was not to be flushed with the right length and
            // zeros, whatever it falls back to.
            Strategy::Direct
                if shared.durability != Durability::None
                    && route.dst_kind.is_quicker_at_its_length() =>
            {
                Reserve::Length
            }
            _ if route.dst_kind.is_quicker_with_room() => Reserve::Room,
            _ => return,
        };
        if let Err(errno) = shared.sys.reserve(file.dst.as_fd(), size, what) {
            tracing::debug!(size, ?errno, "no blocks set aside");
        }
    }
}
