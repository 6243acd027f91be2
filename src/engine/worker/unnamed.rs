//! Files that are whole but for their name: with `--sync job` a name is given only after the bytes
//! behind it are on the device, and one flush of the file system serves all files that wait.
//!
//! Neither ext4 nor xfs orders a rename behind the data of the file (ext4 does where it replaces
//! another): after a power cut a name given at once may lead to nothing. One fsync a file would
//! order it, and would cost a commit of the journal each.

use super::file::Placing;
use super::finish::Finishing;
use super::staged::Temp;
use super::temporary::and_left_behind;
use super::{Outcome, Worker};
use crate::engine::failure::{Trouble, dest};
use crate::engine::report::Status;
use crate::engine::route::Rung;
use crate::engine::tree::{Dir, DirFds, Slice};
use crate::proto::{Durability, ErrorClass, FileId, FilePhase, Op, Side, Strategy};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Files kept open at most while they wait for their names; a quarter of what the process may
/// open where that is less.
const KEPT_OPEN: usize = 4096;

/// A file that waits for its name.
#[derive(Debug)]
pub struct Unnamed {
    pub(super) slice: Arc<Slice>,
    pub(super) index: usize,
    pub(super) done: u64,
    pub(super) holes: u64,
    pub(super) way: Placing,
    pub(super) rung: Option<Rung>,
    /// The temporary's name; one that has none at all is kept open.
    pub(super) temp: Option<Temp>,
    /// Kept open while there is room for it: its lock tells other runs that it is in use, and
    /// should the common flush fail it can be asked for its own errors.
    pub(super) dst: Option<OwnedFd>,
}

impl Unnamed {
    /// Which file.
    pub fn id(&self) -> FileId {
        self.slice.id(self.index)
    }
}

/// What the workers of a run know of its flushes.
#[derive(Debug)]
pub struct Flushes {
    /// How many more files may be kept open.
    room: AtomicUsize,
    /// One of them failed. The kernel tells that once, and not which file it was about: from then
    /// on each file is flushed by itself before it gets its name.
    failed: AtomicBool,
}

impl Flushes {
    /// For a process that may have `files` files open.
    pub fn new(files: u64) -> Self {
        let room = usize::try_from(files / 4).unwrap_or(KEPT_OPEN);
        Self {
            room: AtomicUsize::new(room.min(KEPT_OPEN)),
            failed: AtomicBool::new(false),
        }
    }

    /// Remembers that a flush failed, or could not be made.
    pub fn set_failed(&self) {
        self.failed.store(true, Ordering::Release);
    }

    /// True when no flush of the whole file system is to be believed any more.
    pub fn have_failed(&self) -> bool {
        self.failed.load(Ordering::Acquire)
    }

    fn take_room(&self) -> bool {
        self.room
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |room| {
                room.checked_sub(1)
            })
            .is_ok()
    }

    fn give_room_back(&self) {
        self.room.fetch_add(1, Ordering::Relaxed);
    }
}

impl Worker {
    /// True when a file is to be flushed by itself before it gets its name.
    pub(super) fn flushes_singly(&self, file: &Finishing<'_>) -> bool {
        match self.shared.durability {
            Durability::File => true,
            // Where no temporary would ever go, none may be needed while many wait.
            Durability::Job => self.shared.flushes.have_failed() || file.slice.dir.rules.only_grows,
            // What replaces another file must not lose both.
            Durability::None => file.way == Placing::Over,
        }
    }

    /// True when a file is to wait for the common flush. One that has no bytes of its own to lose
    /// need not: an empty one, holes, a clone. Their inodes are in the log before their names.
    pub(super) fn waits_for_flush(&self, file: &Finishing<'_>, rung: Option<Rung>) -> bool {
        let shares = rung.is_some_and(|(strategy, _)| strategy == Strategy::Reflink);
        self.shared.durability == Durability::Job
            && !self.flushes_singly(file)
            && (file.way == Placing::Over || (file.done > file.holes && !shares))
    }

    /// Sets a finished file aside until it is on the device. `dst` is its temporary.
    pub(super) fn await_flush(
        &mut self,
        file: &Finishing<'_>,
        rung: Option<Rung>,
        dst: OwnedFd,
    ) -> Result<Outcome, Trouble> {
        let (temp, dst) = if self.shared.flushes.take_room() {
            (file.temp.cloned(), Some(dst))
        } else {
            let temp = match file.temp {
                Some(temp) => temp.clone(),
                // Closed, it would be gone.
                None => self.give_temporary_name(file.fds.dst(), dst.as_fd())?,
            };
            let closed = self.shared.sys.close(dst).map_err(dest(Op::Close));
            closed.map_err(|trouble| self.cleaned_up(file.fds.dst(), Some(&temp), trouble))?;
            (Some(temp), None)
        };
        // Its directory, and the job, wait for it.
        file.slice.dir.expect();
        self.batch.unnamed.push(Unnamed {
            slice: file.slice.clone(),
            index: file.index,
            done: file.done,
            holes: file.holes,
            way: file.way,
            rung,
            temp,
            dst,
        });
        Ok(Outcome::Later)
    }

    /// Gives files their names, also on a cancel: they are whole. Removes them when not even that is
    /// waited for. `flushed` is false when no flush vouches for them: then each is flushed by itself.
    pub(super) fn name_all(&mut self, files: Vec<Unnamed>, flushed: bool) {
        let mut last: Option<(Arc<Dir>, Arc<DirFds>)> = None;
        for file in files {
            let (slice, index) = (file.slice.clone(), file.index);
            let id = slice.id(index);
            if self.shared.outage.is_given_up() {
                // Nothing can be named there, nor removed: the next run does that.
                if file.dst.is_some() {
                    self.shared.flushes.give_room_back();
                }
                self.batch.wasted += file.done - file.holes;
                self.settled(&slice.dir, 0, |worker| {
                    worker.settle_entry(&slice, index, Outcome::Ended(Status::Failed));
                });
                continue;
            }
            self.settled(&slice.dir, 0, |worker| {
                worker
                    .cell
                    .begin(id, slice.entries()[index].size, file.done);
                let outcome = worker.guarded(|worker| {
                    worker.cell.phase(FilePhase::Finishing);
                    let moved = file.done - file.holes;
                    let named = worker.name_one(file, flushed, &mut last);
                    named.unwrap_or_else(|trouble| {
                        worker.batch.wasted += moved;
                        Outcome::Trouble(trouble)
                    })
                });
                worker.conclude_now(&slice, index, outcome);
            });
            self.send_batch_if_due();
        }
    }

    fn name_one(
        &mut self,
        file: Unnamed,
        flushed: bool,
        last: &mut Option<(Arc<Dir>, Arc<DirFds>)>,
    ) -> Result<Outcome, Trouble> {
        let shared = self.shared.clone();
        let sys = &*shared.sys;
        let Unnamed {
            slice,
            index,
            done,
            holes,
            way,
            rung,
            temp,
            dst,
        } = file;
        if dst.is_some() {
            shared.flushes.give_room_back();
        }
        let fds = match last {
            Some((dir, fds)) if Arc::ptr_eq(dir, &slice.dir) => fds.clone(),
            _ => {
                let fds = slice.dir.acquire(sys).map_err(|trouble| {
                    let Some(temp) = &temp else {
                        return trouble;
                    };
                    let words = format!("{} was left behind", temp.name().to_string_lossy());
                    let left = Trouble::own(Op::Remove, Side::Dest, ErrorClass::Other, words);
                    and_left_behind(trouble, &left)
                })?;
                *last = Some((slice.dir.clone(), fds.clone()));
                fds
            }
        };
        let finishing = Finishing {
            slice: &slice,
            index,
            done,
            holes,
            way,
            fds: &fds,
            temp: temp.as_ref(),
        };
        if shared.forsake_whole.load(Ordering::Relaxed) {
            self.batch.wasted += done - holes;
            self.remove(fds.dst(), temp.as_ref())?;
            return Ok(Outcome::Ended(Status::Cancelled));
        }
        let flushed = match &dst {
            _ if flushed => Ok(()),
            Some(dst) => sys.sync(dst.as_fd()).map_err(dest(Op::Flush)),
            None => Err(Trouble::own(
                Op::Flush,
                Side::Dest,
                ErrorClass::Device,
                "the flush of its file system failed",
            )),
        };
        match dst {
            Some(dst) => self.close_and_conclude(&finishing, flushed, dst, rung),
            None => self.conclude_file(&finishing, None, flushed, rung),
        }
    }
}
