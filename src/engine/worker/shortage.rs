//! Too little of something: room at the destination, which is told once and waited for or given up,
//! as the job is to; descriptors, which others give back. All waits are spent outside the gate.

use super::{Outcome, RETRY_NAP, RETRY_WAIT, RETRY_WAIT_MAX, Shared, Worker};
use crate::clock;
use crate::engine::failure::{self, Trouble};
use crate::engine::gate::Pass;
use crate::engine::report::What;
use crate::engine::room::{self, Look};
use crate::engine::tally::Wish;
use crate::engine::tree::Slice;
use crate::proto::{ErrorClass, FileId, FilePhase};
use crate::sys::Errno;
use std::os::fd::BorrowedFd;
use std::sync::Arc;

/// Waits for a descriptor, while nobody else is at work who could give one back, before it is
/// called a failure: some seconds.
pub(super) const STARVED: u8 = 7;

impl Shared {
    /// The wait before an attempt, the first being 1; cut short when the job is stopped, and spent
    /// outside the gate, so that a pause need not wait for it.
    pub fn nap(&self, attempt: u32) {
        let doublings = attempt.saturating_sub(1).min(10);
        let until = clock::now() + (RETRY_WAIT * (1 << doublings)).min(RETRY_WAIT_MAX);
        self.gate.leave();
        while self.gate.look() != Pass::Stop {
            let left = until.saturating_duration_since(clock::now());
            if left.is_zero() {
                break;
            }
            std::thread::sleep(left.min(RETRY_NAP));
        }
        self.gate.enter();
    }

    /// Waits for somebody to give a descriptor back; how often that was in vain, with `starved`
    /// times before.
    pub(super) fn starve(&self, starved: u8) -> u8 {
        self.nap(u32::from(starved) + 1);
        // Those at work hold descriptors and will end.
        starved + u8::from(!self.gate.has_others())
    }

    /// Does something that needs descriptors; waits while this process has none to spare, for other
    /// workers give some back.
    pub fn with_files<T>(
        &self,
        mut work: impl FnMut() -> Result<T, Trouble>,
    ) -> Result<T, Trouble> {
        let mut starved = 0;
        loop {
            match work() {
                Err(trouble) if starved < STARVED && failure::is_out_of_files(&trouble) => {
                    starved = self.starve(starved);
                    if self.gate.look() == Pass::Stop {
                        return Err(trouble);
                    }
                }
                done => return done,
            }
        }
    }

    /// The file system of a directory refused a write for lack of room: no further file is begun.
    pub fn meet_no_room(&self, dir: BorrowedFd<'_>, errno: Errno) {
        if self.room.is_known_full() {
            return;
        }
        let space = room::space(&*self.sys, dir);
        if let Some(shortage) = self.room.met(errno, space) {
            self.report(What::Short(shortage));
        }
    }

    /// Waits, outside the gate, until the destination has room again, the job is stopped or `enough`
    /// says so. Whoever waits looks; the coordinator decides.
    pub fn wait_for_room(&self, dir: BorrowedFd<'_>, need: u64, enough: impl Fn() -> bool) {
        self.gate.leave();
        let mut waiter = self.room.waiter(need);
        while self.gate.look() != Pass::Stop && !enough() {
            let space = || room::space(&*self.sys, dir);
            match self.room.look(&mut waiter, self.gate.is_quiet(), space) {
                Look::Go => break,
                Look::Wait | Look::Short(None) => {}
                Look::Short(Some(shortage)) => {
                    self.report(What::Short(shortage));
                }
                Look::Try(who) => {
                    self.report(What::Room(who));
                }
            }
            std::thread::sleep(RETRY_NAP);
        }
        self.gate.enter();
    }
}

impl Worker {
    /// True for an entry that found no room and is begun again when there is some. Whether or not
    /// it waits, no further one is begun before.
    pub(super) fn is_to_wait_for_room(&self, slice: &Arc<Slice>, outcome: &Outcome) -> bool {
        let Outcome::Trouble(trouble) = outcome else {
            return false;
        };
        if trouble.class != ErrorClass::Space {
            return false;
        }
        self.meet_no_room(slice, trouble);
        self.shared.room.waits() && !trouble.left_behind
    }

    /// The destination has no room: no further file is begun.
    fn meet_no_room(&self, slice: &Arc<Slice>, trouble: &Trouble) {
        let shared = &self.shared;
        // What was not begun for lack of room tells nothing new.
        let Some(errno) = trouble.errno else { return };
        match slice.dir.acquire(&*shared.sys) {
            Ok(fds) => shared.meet_no_room(fds.dst(), errno),
            // The next entry that finds no room tells; this one is told as failed in any case.
            Err(trouble) => tracing::debug!("no room, and no way to say where: {trouble:?}"),
        }
    }

    /// The wait before an entry that is begun again later. For room it is waited outside the gate:
    /// the job pauses when all do, and whoever waits must go on looking.
    pub(super) fn rest_before_late(&mut self, slice: &Arc<Slice>, index: usize, attempt: u8) {
        let room = &self.shared.room;
        if !room.is_full() || !room.waits() {
            self.rest_before(attempt);
        } else if let Err(trouble) = self.await_room_for(slice, index) {
            // It will fail for the same reason, and tell it.
            tracing::debug!("no look for room: {trouble:?}");
        }
    }

    pub(super) fn await_room_for(
        &mut self,
        slice: &Arc<Slice>,
        index: usize,
    ) -> Result<(), Trouble> {
        let fds = slice.dir.acquire(&*self.shared.sys)?;
        let (id, size) = (slice.id(index), slice.entries()[index].size);
        // What was copied of it has given its room back.
        self.cell.begin(id, size, 0);
        self.await_room(id, fds.dst(), size)
    }

    /// Before something is begun that needs so many bytes in a directory: waits for room where the
    /// job is to wait, else fails. A stopped job and a file that is given up wait no longer.
    pub(super) fn await_room(
        &mut self,
        id: FileId,
        dir: BorrowedFd<'_>,
        need: u64,
    ) -> Result<(), Trouble> {
        let shared = self.shared.clone();
        if !shared.room.is_full() {
            return Ok(());
        }
        if !shared.room.waits() {
            return Err(shared.room.not_started());
        }
        self.send_batch();
        self.cell.phase(FilePhase::Paused);
        let cell = self.cell.clone();
        shared.wait_for_room(dir, need, || cell.wished(id) == Wish::Drop);
        self.cell.phase(FilePhase::Opening);
        Ok(())
    }
}
