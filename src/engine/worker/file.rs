//! One regular file: open, temporary, bytes, checks, metadata, flush, close, name.

use super::super::failure::{Trouble, source};
use super::super::gate::Pass;
use super::super::report::Status;
use super::super::route::{Ladder, Rung};
use super::super::tree::{DirFds, Slice};
use super::climb::Climbed;
use super::content::Content;
use super::existing::{self, Nature, Way};
use super::staged::Temp;
use super::temporary::{NAMELESS, PRIVATE, and_left_behind};
use super::{Big, Held, Outcome, Worker};
use crate::proto::{ErrorClass, FileId, Op, Side, Sparse, Strategy};
use crate::sys::{Kind, Stat};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

/// A regular file in the middle of its copy. Whoever drops it without
/// [`Worker::finish`]ing or [`Worker::discard`]ing it leaves a temporary behind.
#[derive(Debug)]
pub struct OpenFile {
    /// Its slice.
    pub slice: Arc<Slice>,
    /// Its place in the slice.
    pub index: usize,
    /// Its number.
    pub id: FileId,
    /// The source as it was when it was opened.
    pub stat: Stat,
    /// Bytes done from the start, without a gap, holes included.
    pub done: u64,
    /// Of those, holes that were skipped.
    pub holes: u64,
    /// What is at the destination name, and so how it gets its name.
    pub(super) way: Placing,
    pub(super) fds: Arc<DirFds>,
    pub(super) src: OwnedFd,
    pub(super) dst: OwnedFd,
    /// The temporary's name; `None` while the file has none at all.
    pub(super) temp: Option<Temp>,
    pub(super) ladder: Ladder,
    /// What moves it now.
    pub(super) rung: Option<Rung>,
    /// Its length is not believed: it is read until nothing more comes.
    pub(super) to_the_end: bool,
}

impl OpenFile {
    /// What moves it.
    pub fn strategy(&self) -> Option<Strategy> {
        self.rung.map(|(strategy, _)| strategy)
    }
}

/// How a finished file gets its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Placing {
    /// Nothing may have the name.
    New,
    /// What has the name is replaced.
    Over,
    /// The first free name beside it.
    Beside,
}

impl Worker {
    /// Begins a regular file and goes as far as it can.
    pub(super) fn file(&mut self, slice: &Arc<Slice>, index: usize) -> Outcome {
        match self.open(slice, index) {
            Ok(Opened::File(file)) => self.go_on_with(file),
            Ok(Opened::Settled(status)) => Outcome::Ended(status),
            Err(trouble) => Outcome::Trouble(trouble),
        }
    }

    fn open(&mut self, slice: &Arc<Slice>, index: usize) -> Result<Opened, Trouble> {
        let shared = self.shared.clone();
        let sys = &*shared.sys;
        let (entry, name, dest_name) = slice.entry(index);
        let dir = &slice.dir;
        let fds = dir.acquire(sys)?;
        let way = if dir.is_fresh() {
            Placing::New
        } else {
            match self.is_there_to_the_end(slice, index, &fds)? {
                Content::Equal => return Ok(Opened::Settled(Status::Skipped)),
                Content::Stopped => return Ok(Opened::Settled(Status::Cancelled)),
                Content::DiffersAt(_) => {}
            }
            let way = existing::look(
                sys,
                fds.dst(),
                dest_name,
                &entry,
                dir.route.src_dev,
                &Nature::Plain,
                self.policy(slice.id(index)),
            )?;
            match way {
                Way::Ask(there) => {
                    return Ok(Opened::Settled(self.park(slice, index, &there)));
                }
                Way::Free => Placing::New,
                Way::Identical | Way::Leave => return Ok(Opened::Settled(Status::Skipped)),
                Way::Replace(there) => {
                    self.may_replace(slice, index, &fds, &there)?;
                    Placing::Over
                }
                Way::Beside => Placing::Beside,
            }
        };
        let src = if shared.follow_links {
            sys.open_followed(fds.src(), name)
        } else {
            sys.open_source(fds.src(), name)
        }
        .map_err(source(Op::Open))?;
        let stat = sys.stat(src.as_fd()).map_err(source(Op::Stat))?;
        // A file that was saved by renaming since it was listed is as good; what it is now counts.
        if stat.kind != Kind::File {
            return Err(Trouble::own(
                Op::Open,
                Side::Source,
                ErrorClass::Changed,
                format!(
                    "was replaced by another {} since it was listed",
                    stat.kind.word()
                ),
            ));
        }
        self.await_room(slice.id(index), fds.dst(), stat.size)?;
        if shared.gate.look() == Pass::Stop {
            return Ok(Opened::Settled(Status::Cancelled));
        }
        let route = &dir.route;
        let kind = route.src_kind;
        // Of nothing it may be too little as of anything else, and reading on costs no more.
        let to_the_end = kind.is_pseudo() || stat.size == 0 && kind.may_tell_any_length();
        let ladder = if to_the_end {
            route.to_the_end()
        } else {
            // Where the kernel does not tell, the file may be there.
            let residents = route
                .asks_for_residents(shared.wanted, stat.size)
                .then(|| sys.resident(src.as_fd(), stat.size).ok())
                .flatten();
            route.ladder(shared.wanted, stat.size, residents)
        };
        if way == Placing::Over {
            dir.may_rename()?;
        }
        let quick = stat.size <= NAMELESS && !ladder.in_ranges() || route.is_at_once(ladder);
        let (temp, dst) = if way == Placing::New && quick || dir.rules.only_grows {
            let mode = stat.mode;
            // Bits that the process takes from new files are given later, and so are set-id bits.
            let at_once = shared.preserve.mode
                && dir.rules.inherits.is_none()
                && mode & (0o7000 | shared.umask) == 0;
            let mode = if at_once { mode } else { PRIVATE };
            self.create_nameless(dir, fds.dst(), mode)?
        } else {
            self.create_temp(dir, fds.dst())?
        };
        Ok(Opened::File(OpenFile {
            slice: slice.clone(),
            index,
            id: slice.id(index),
            done: 0,
            holes: 0,
            way,
            ladder,
            rung: None,
            to_the_end,
            stat,
            fds,
            src,
            dst,
            temp,
        }))
    }

    /// Moves what is left, then finishes; or sets it aside; or cleans up.
    pub(super) fn go_on_with(&mut self, mut file: OpenFile) -> Outcome {
        let result = self.climb(&mut file);
        match result {
            Ok(Climbed::Top) => {
                let (id, moved) = (file.id, file.done - file.holes);
                match self.finish(file) {
                    Ok(outcome) => outcome,
                    Err(trouble) => {
                        self.batch.wasted += moved;
                        tracing::debug!(file = id.0, "{trouble:?}");
                        Outcome::Trouble(trouble)
                    }
                }
            }
            Ok(Climbed::Parked) => {
                file.slice.dir.expect();
                self.batch.held.push(Held::File(Box::new(file)));
                Outcome::Later
            }
            Ok(Climbed::Lanes) => self.begin_lanes(file),
            Ok(Climbed::Cancelled) => match self.leave_off(file) {
                Ok(()) => Outcome::Ended(Status::Cancelled),
                Err(trouble) => Outcome::Trouble(trouble),
            },
            // The first trouble is the one to tell; a temporary that cannot be removed as well is
            // said with it.
            Err(trouble) => match self.discard(file) {
                Ok(()) => Outcome::Trouble(trouble),
                Err(left) => Outcome::Trouble(and_left_behind(trouble, &left)),
            },
        }
    }

    /// A file that was set aside is not wanted any more.
    pub(super) fn give_up(&mut self, file: OpenFile) {
        let (slice, index) = (file.slice.clone(), file.index);
        self.settled(&slice.dir, 0, |worker| {
            worker.cell.begin(file.id, file.stat.size, file.done);
            let outcome = worker.guarded(|worker| match worker.leave_off(file) {
                Ok(()) => Outcome::Ended(Status::Cancelled),
                Err(trouble) => Outcome::Trouble(trouble),
            });
            worker.conclude(&slice, index, outcome);
        });
    }

    /// Hands a large file to lanes and takes part.
    fn begin_lanes(&mut self, file: OpenFile) -> Outcome {
        let slice = file.slice.clone();
        let sparse = self.shared.sparse != Sparse::Never && file.stat.looks_sparse();
        let big = Arc::new(Big::new(file, self.shared.chunk_size, sparse));
        // The directory waits for the file, whoever of the lanes ends last.
        slice.dir.expect();
        if !self.shared.report(super::What::Join(big.clone())) {
            tracing::debug!("the engine ended; this worker copies {} alone", big.id);
        }
        if let Some(outcome) = self.lane(&big) {
            self.conclude(&slice, big.index, outcome);
            self.complete(&slice.dir);
        }
        Outcome::Later
    }
}

#[allow(
    clippy::large_enum_variant,
    reason = "nearly every one is a file, and a box would be an allocation a file"
)]
enum Opened {
    File(OpenFile),
    Settled(Status),
}
