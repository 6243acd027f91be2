//! Turns at an inode: the names it has are removed one after the other.
//!
//! Removing a name changes the inode's ctime, and the ctime is what tells whether a file is still
//! what was compared. Workers that removed two names of one inode at a time would take each other
//! for somebody who changed it. A turn is held from the look at a name to its removal, so what
//! changes in between is nobody's of this job.

use super::links::Inode;
use std::collections::HashSet;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// While it waits, a worker looks so often whether the job was stopped.
const NAP: Duration = Duration::from_millis(50);

/// Who has a turn; at most one inode per worker.
#[derive(Debug, Default)]
pub struct Turns {
    /// Held for a look-up; a panic in between leaves a whole set.
    taken: Mutex<HashSet<Inode>>,
    given_back: Condvar,
}

/// A turn; given back when it is dropped.
#[derive(Debug)]
pub struct Turn<'a> {
    turns: &'a Turns,
    inode: Inode,
}

impl Turns {
    fn lock(&self) -> MutexGuard<'_, HashSet<Inode>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the turn at an inode; `None` once `go_on` says no, which is asked now and then.
    pub fn take(&self, inode: Inode, mut go_on: impl FnMut() -> bool) -> Option<Turn<'_>> {
        loop {
            let mut taken = self.lock();
            if taken.insert(inode) {
                return Some(Turn { turns: self, inode });
            }
            let woken = self.given_back.wait_timeout(taken, NAP);
            drop(woken.unwrap_or_else(PoisonError::into_inner));
            if !go_on() {
                return None;
            }
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.turns.lock().remove(&self.inode);
        self.turns.given_back.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inode_is_one_workers_at_a_time() {
        let turns = Turns::default();
        let first = turns.take((1, 2), || false).expect("free");
        assert!(turns.take((1, 2), || false).is_none(), "stopped waiting");
        drop(turns.take((1, 3), || false).expect("another inode"));
        std::thread::scope(|scope| {
            let second = scope.spawn(|| turns.take((1, 2), || true).is_some());
            drop(first);
            assert!(second.join().expect("no panic"));
        });
        drop(turns.take((1, 2), || false).expect("given back"));
    }
}
