//! Which directories of a job are open: on both sides, few at a time, those that were opened last.

use super::tree::Dir;
use std::collections::VecDeque;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// Directory pairs one job keeps open at most, two descriptors each; fewer where the process may
/// open few files. Those in use at the moment come on top.
const OPEN_PAIRS: usize = 128;

/// The directory pairs a job has open: those that were opened last. A walk goes to the neighbour of
/// where it was, down or up, and finds it open.
#[derive(Debug)]
pub struct OpenPairs {
    count: AtomicUsize,
    cap: usize,
    /// Who may hold descriptors, in the order they were opened; held for a few instructions.
    kept: Mutex<VecDeque<Weak<Dir>>>,
}

impl OpenPairs {
    /// For a process that may have `files` files open.
    pub fn new(files: u64) -> Arc<Self> {
        let cap = usize::try_from(files / 8)
            .unwrap_or(OPEN_PAIRS)
            .clamp(1, OPEN_PAIRS);
        Arc::new(Self {
            count: AtomicUsize::new(0),
            cap,
            kept: Mutex::default(),
        })
    }

    /// Of a way from above so many are kept, at its end: whoever comes from below goes on upwards.
    pub(super) fn on_the_way(&self) -> usize {
        (self.cap / 2).max(1)
    }

    /// A directory holds descriptors; those that have held theirs longest let go while there are too
    /// many.
    pub(super) fn keep(&self, dir: &Arc<Dir>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push_back(Arc::downgrade(dir));
        let mut gone = Vec::new();
        // Some have let go already: they must not pile up.
        while kept.len() > 2 * self.cap
            || self.count.load(Ordering::Relaxed) > self.cap + gone.len()
        {
            let Some(oldest) = kept.pop_front() else {
                break;
            };
            gone.extend(oldest.upgrade().and_then(|oldest| oldest.take_fds()));
        }
        drop(kept);
        // Closed outside the lock; who still uses them keeps them until done.
        drop(gone);
    }
}

/// Descriptors of a directory on both sides.
#[derive(Debug)]
pub struct DirFds {
    src: OwnedFd,
    dst: OwnedFd,
    /// What they are counted in.
    pub(super) open: Arc<OpenPairs>,
}

impl DirFds {
    /// Takes both, counted in `open` while held.
    pub fn new(src: OwnedFd, dst: OwnedFd, open: &Arc<OpenPairs>) -> Arc<Self> {
        open.count.fetch_add(1, Ordering::Relaxed);
        Arc::new(Self {
            src,
            dst,
            open: open.clone(),
        })
    }

    /// The source side.
    pub fn src(&self) -> BorrowedFd<'_> {
        self.src.as_fd()
    }

    /// The destination side.
    pub fn dst(&self) -> BorrowedFd<'_> {
        self.dst.as_fd()
    }
}

impl Drop for DirFds {
    fn drop(&mut self) {
        // Closing a directory that was only listed or used as a base cannot fail in a way that
        // means anything; the count cannot fail at all.
        self.open.count.fetch_sub(1, Ordering::Relaxed);
    }
}
