//! Workers: plain threads that carry out slices, whole files and ranges of large files.
//!
//! A worker owns its movers, its buffer, its gauge and its unsent results. It decides nothing about
//! the job: it follows the policies it was given, reports outcomes, and stops at the gate. It may
//! block in the kernel; nobody waits for it while it does.

mod again;
mod attributes;
mod climb;
mod collision;
mod content;
mod directory;
mod existing;
mod file;
mod finish;
mod holes;
mod lane;
mod length;
mod linked;
mod node;
mod parked;
mod partial;
mod proof;
mod publish;
mod reserve;
mod shortage;
mod staged;
mod surplus;
mod temporary;
mod touched;
mod unnamed;
mod work;

pub use attributes::rules;
pub use collision::{Bound, Created};
pub use directory::{complete, reopen};
pub use existing::is_same_time;
pub use file::OpenFile;

pub use lane::Big;
pub use parked::facts;
pub use proof::{Candidate, Proof};
use shortage::STARVED;
pub use unnamed::{Flushes, Unnamed};
pub use work::{Held, Work};

use self::again::may_pass;
use super::answers::Answers;
use super::budget::Memory;
use super::failure::{self, Trouble};
use super::gate::{Gate, Pass};
use super::links::{Links, Waiting};
use super::outage::Outage;
use super::report::{Batch, Report, Status, What};
use super::room::Room;
use super::route::Wanted;
use super::strategy::Movers;
use super::tally::{Cell, Wish};
use super::temp::TempNames;
use super::throttle::Throttle;
use super::tree::{Dir, Slice};
use super::turns::Turns;
use crate::clock;
use crate::proto::{
    Conflict, Durability, ErrorClass, Failure, FileId, FilePhase, JobId, Lane, Preserve, Side,
    Sparse, WorkerId,
};
use crate::sys::{Kind, Sys};
use crossbeam_channel::{Receiver, Select};
use crossbeam_utils::CachePadded;
use std::collections::{HashMap, HashSet, VecDeque};
use std::ffi::CStr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU32};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// Outcomes in one report at most, and how long one may wait for its report.
const BATCH_FILES: usize = 256;
const BATCH_TIME: Duration = Duration::from_millis(100);

/// Results are sent before a file of more bytes is begun: they would wait for its end.
const LONG_FILE: u64 = 8 << 20;

/// The wait before a file is begun again; it doubles each time, up to the second.
const RETRY_WAIT: Duration = Duration::from_millis(20);
const RETRY_WAIT_MAX: Duration = Duration::from_secs(2);
/// While it waits, a worker looks so often whether the job was stopped.
const RETRY_NAP: Duration = Duration::from_millis(50);

/// What all workers of a job share.
#[derive(Debug)]
pub struct Shared {
    /// The job.
    pub job: JobId,
    /// The file systems.
    pub sys: Arc<dyn Sys>,
    /// The job's gate.
    pub gate: Gate,
    /// Policy for existing names.
    pub conflict: Conflict,
    /// What was said of single entries instead.
    pub answers: Arc<Answers>,
    /// What this job created, where several sources come to one directory.
    pub created: Option<Created>,
    /// Durability.
    pub durability: Durability,
    /// What is kept besides the bytes.
    pub preserve: Preserve,
    /// What the process takes from the mode of new files.
    pub umask: u32,
    /// Names of one inode.
    pub links: Arc<Links>,
    /// At inodes of which names are removed.
    pub turns: Turns,
    /// What becomes of holes.
    pub sparse: Sparse,
    /// Copies what links lead to.
    pub follow_links: bool,
    /// Times a file is begun again after trouble that may pass.
    pub retries: u8,
    /// How often files were begun again whose trouble came late: in lanes, or after they had been
    /// set aside. Few, so they stay until the run ends; held for a few instructions.
    pub late: Mutex<HashMap<FileId, u8>>,
    /// Whether the destination has room.
    pub room: Room,
    /// Whether both sides still answer.
    pub outage: Outage,
    /// What is partial when the job is cancelled is kept, under a name that says so.
    pub keep_partial: AtomicBool,
    /// The rate all workers together keep to; it may change at any time.
    pub throttle: Throttle,
    /// Workers of files that are to leave when they have nothing in hand.
    pub surplus: AtomicU32,
    /// Staging directories there are.
    pub stages: AtomicU32,
    /// What workers know of flushes of the whole file system.
    pub flushes: Flushes,
    /// Files that were copied again because their flush failed: once is enough to know. Few, as
    /// those above.
    pub copied_again: Mutex<HashSet<FileId>>,
    /// What the ladder depends on.
    pub wanted: Wanted,
    /// That the kernel gives no rings was said.
    pub ring_refused: AtomicBool,
    /// Bytes of one range of a large file.
    pub chunk_size: u64,
    /// Whole files that wait for a flush are removed on a cancel and not given their names.
    pub forsake_whole: AtomicBool,
    /// To the coordinator.
    pub reports: mpsc::Sender<Report>,
}

impl Shared {
    /// Reports; false when the engine has ended.
    pub fn report(&self, what: What) -> bool {
        self.reports
            .blocking_send(Report {
                job: self.job,
                what,
            })
            .is_ok()
    }
}

/// How an attempt at an entry ended.
#[derive(Debug)]
pub(super) enum Outcome {
    /// It ended; what there is to count was counted.
    Ended(Status),
    /// It failed.
    Trouble(Trouble),
    /// It was set aside or handed to lanes: its outcome comes later.
    Later,
}

/// The thread's own state.
pub struct Worker {
    shared: Arc<Shared>,
    id: WorkerId,
    cell: Arc<CachePadded<Cell>>,
    movers: Movers,
    temps: TempNames,
    /// Names whose first one has ended.
    woken: VecDeque<Waiting>,
    batch: Batch,
    batch_since: Instant,
    /// Entries to begin again, with the attempts made so far; their directories wait for them.
    /// Emptied before the next work is taken.
    late: VecDeque<(Arc<Slice>, usize, u8)>,
}

impl std::fmt::Debug for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Worker")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl Worker {
    /// A worker of a job; `seed` makes its temporaries' names, `memory` bounds its buffers.
    pub fn new(
        shared: Arc<Shared>,
        id: WorkerId,
        cell: Arc<CachePadded<Cell>>,
        seed: u64,
        memory: Memory,
    ) -> Self {
        let movers = Movers::new(memory);
        let temps = TempNames::new(seed);
        Self {
            shared,
            id,
            cell,
            movers,
            temps,
            woken: VecDeque::new(),
            batch: Batch::default(),
            batch_since: clock::now(),
            late: VecDeque::new(),
        }
    }

    /// Works until its channels are closed; what waits in an earlier one goes first.
    pub fn run(mut self, lane: Lane, mut posts: Vec<Receiver<Work>>) {
        while let Some(work) = self.next_work(&mut posts) {
            self.shared.gate.enter();
            self.carry_out(work);
            self.cell.rest();
            if self.shared.room.is_full() {
                // A job that stands still is paused: what it has done by then is told first.
                self.send_batch();
            }
            self.shared.gate.leave();
            if !self.send_batch_if_due() || (lane == Lane::Files && self.shared.one_too_many()) {
                break;
            }
        }
        self.send_batch();
        self.shared.report(What::Left(self.id));
    }

    /// The next piece of work. Waits when there is none, but never with results unsent.
    fn next_work(&mut self, posts: &mut Vec<Receiver<Work>>) -> Option<Work> {
        while !posts.is_empty() {
            if let Some(work) = posts.iter().find_map(|post| post.try_recv().ok()) {
                return Some(work);
            }
            if !self.send_batch() {
                return None;
            }
            let mut select = Select::new();
            for post in &*posts {
                select.recv(post);
            }
            let ready = select.select();
            let at = ready.index();
            match ready.recv(&posts[at]) {
                Ok(work) => return Some(work),
                Err(_closed) => drop(posts.remove(at)),
            }
        }
        None
    }

    fn carry_out(&mut self, work: Work) {
        self.carry_out_once(work);
        // One may lead to the other.
        while !self.late.is_empty() || !self.woken.is_empty() {
            self.take_woken();
            if let Some((slice, index, attempt)) = self.late.pop_front() {
                self.rest_before_late(&slice, index, attempt);
                self.settled(&slice.dir, 0, |worker| {
                    worker.entry(&slice, index, attempt);
                });
            }
        }
    }

    fn carry_out_once(&mut self, work: Work) {
        match work {
            Work::Slice(slice) => self.slice(&slice),
            Work::Run(slices) => {
                for slice in slices {
                    self.slice(&slice);
                }
            }
            Work::Again(slice, indexes) => self.settled(&slice.dir, 1, |worker| {
                reopen(&worker.shared, &slice.dir);
                for index in indexes {
                    worker.entry(&slice, index, 0);
                }
            }),
            Work::Abandon(slices) => {
                for slice in slices {
                    self.settled(&slice.dir, 1, |worker| {
                        for index in 0..slice.entries().len() {
                            worker.end(&slice, index, Status::Cancelled);
                        }
                    });
                    self.send_batch_if_due();
                }
            }
            Work::File(file) => {
                let (slice, index) = (file.slice.clone(), file.index);
                self.settled(&slice.dir, 0, |worker| {
                    worker.send_batch_before(file.stat.size);
                    worker.cell.begin(file.id, file.stat.size, file.done);
                    let outcome = worker.guarded(|worker| worker.go_on_with(*file));
                    worker.conclude(&slice, index, outcome);
                });
            }
            Work::Discard(file) => self.give_up(*file),
            Work::Lane(big, counted) => {
                if counted || big.join() {
                    self.cell.begin(big.id, big.stat.size, 0);
                    if let Some(outcome) = self.lane(&big) {
                        self.settled(&big.slice.dir, 0, |worker| {
                            worker.conclude(&big.slice, big.index, outcome);
                        });
                    }
                }
            }
            Work::Name(files, flushed) => {
                self.name_all(files, flushed);
                self.batch.slices += 1;
            }
            Work::Dir(dir) => self.settled(&dir, 1, |_| {}),
            Work::Prove(slice, candidates) => self.prove(&slice, &candidates),
            Work::TakeAway(proof) => self.take_away(&proof),
            Work::TakeAwayDirs(dirs) => self.take_away_dirs(&dirs),
        }
    }

    fn slice(&mut self, slice: &Arc<Slice>) {
        self.settled(&slice.dir, 1, |worker| {
            for index in 0..slice.entries().len() {
                worker.entry(slice, index, 0);
            }
        });
    }

    /// One entry of a slice, whatever it is, with further attempts at what may pass; `attempt` were
    /// made before.
    fn entry(&mut self, slice: &Arc<Slice>, index: usize, mut attempt: u8) {
        let (entry, _, _) = slice.entry(index);
        let id = slice.id(index);
        if self.shared.outage.is_given_up() {
            // Why is told once, for all of them.
            self.settle_entry(slice, index, Outcome::Ended(Status::Failed));
            return;
        }
        self.send_batch_before(entry.size);
        let mut starved = 0;
        self.cell.begin(id, entry.size, 0);
        let outcome = loop {
            match self.pass(id) {
                Pass::Stop => break Outcome::Ended(Status::Cancelled),
                Pass::Go | Pass::Hold => {}
            }
            let outcome = self.guarded(|worker| {
                if let Some(inode) = worker.shared_inode(slice, index)
                    && let Some(outcome) = worker.linked(inode, slice, index)
                {
                    return outcome;
                }
                match entry.kind {
                    Kind::File => worker.file(slice, index),
                    _ => worker.node(slice, index),
                }
            });
            match &outcome {
                _ if self.is_to_wait_for_room(slice, &outcome) => {
                    // It begins again from its beginning, and that costs no attempt.
                    if let Err(trouble) = self.await_room_for(slice, index) {
                        break Outcome::Trouble(trouble);
                    }
                }
                Outcome::Trouble(trouble)
                    if starved < STARVED && failure::is_out_of_files(trouble) =>
                {
                    // Others give some back when they end: that costs no attempt.
                    starved = self.shared.starve(starved);
                }
                Outcome::Trouble(trouble) if self.is_copied_again(trouble, slice, index) => {}
                Outcome::Trouble(trouble) if may_pass(trouble) && attempt < self.shared.retries => {
                    attempt += 1;
                    self.rest_before(attempt);
                }
                _ => break outcome,
            }
        };
        self.settle_entry(slice, index, outcome);
        self.send_batch_if_due();
    }

    /// The wait before another attempt; cut short when the job is stopped, and spent outside the
    /// gate, so that a pause need not wait for it.
    fn rest_before(&self, attempt: u8) {
        self.shared.nap(u32::from(attempt));
    }

    /// Waits at a held gate; what is to be done with the file.
    fn pass(&mut self, file: FileId) -> Pass {
        if self.shared.gate.look() == Pass::Hold {
            self.cell.phase(FilePhase::Paused);
            self.shared.gate.wait();
            self.cell.phase(FilePhase::Opening);
        }
        if self.cell.wished(file) == Wish::Drop {
            Pass::Stop
        } else {
            self.shared.gate.look()
        }
    }

    /// A defect in one file's copy must not end the worker: the file failed, the rest goes on.
    fn guarded(&mut self, work: impl FnOnce(&mut Self) -> Outcome) -> Outcome {
        contain(|| work(self)).unwrap_or_else(Outcome::Trouble)
    }

    /// Does something in a directory that waits for it, `issued` pieces in the coordinator's count.
    /// Whatever happens there, the count and the directory are settled.
    fn settled(&mut self, dir: &Arc<Dir>, issued: u32, work: impl FnOnce(&mut Self)) {
        if let Err(defect) = contain(|| work(self)) {
            let path = dir.full_path(defect.side, None);
            self.batch.failures.push(defect.failure(None, path));
            self.batch.broken = true;
            self.batch.spoilt.extend(dir.source());
        }
        self.complete(dir);
        self.batch.slices += issued;
    }

    /// Takes in the outcome of a file that was not begun by this piece of work: what may pass is
    /// begun again by this worker, after what it is at.
    fn conclude(&mut self, slice: &Arc<Slice>, index: usize, outcome: Outcome) {
        if self.is_to_wait_for_room(slice, &outcome) {
            slice.dir.expect();
            self.late.push_back((slice.clone(), index, 0));
            return;
        }
        if let Outcome::Trouble(trouble) = &outcome
            && let Some(attempt) = self.late_attempt(trouble, slice, index)
        {
            // To the coordinator the file is still in flight, and so is its directory.
            slice.dir.expect();
            self.late.push_back((slice.clone(), index, attempt));
            return;
        }
        self.settle_entry(slice, index, outcome);
    }

    /// The same where the piece of work ends only with the file.
    fn conclude_now(&mut self, slice: &Arc<Slice>, index: usize, outcome: Outcome) {
        if self.is_to_wait_for_room(slice, &outcome) {
            self.rest_before_late(slice, index, 0);
            self.entry(slice, index, 0);
            return;
        }
        if let Outcome::Trouble(trouble) = &outcome
            && let Some(attempt) = self.late_attempt(trouble, slice, index)
        {
            self.rest_before(attempt);
            self.entry(slice, index, attempt);
            return;
        }
        self.settle_entry(slice, index, outcome);
    }

    fn settle_entry(&mut self, slice: &Arc<Slice>, index: usize, outcome: Outcome) {
        match outcome {
            Outcome::Ended(status) => {
                if matches!(status, Status::Copied | Status::Skipped) {
                    self.shared.outage.went_well();
                }
                self.end(slice, index, status);
                self.wake_linked(slice, index, status);
            }
            Outcome::Trouble(trouble) => {
                let status = match trouble.class {
                    ErrorClass::Conflict => Status::Conflict,
                    _ => Status::Failed,
                };
                let cause = self.shared.outage.failed(&trouble);
                let side = trouble.side;
                let op = trouble.op;
                let failure = Self::failure(slice, index, trouble);
                self.batch.failures.push(failure);
                if let Some(words) = cause {
                    let gone = Trouble::own(op, side, ErrorClass::Device, words);
                    let path = slice.dir.full_path(side, None);
                    self.batch.failures.push(gone.failure(None, path));
                    // What the scan has not come to is unknown.
                    self.batch.broken = true;
                }
                self.end(slice, index, status);
                self.wake_linked(slice, index, status);
            }
            Outcome::Later => {}
        }
    }

    /// Counts the end of an entry. What a copied file weighs was counted where it was copied.
    fn end(&mut self, slice: &Slice, index: usize, status: Status) {
        if status != Status::Copied {
            self.batch.left_out += slice.entries()[index].size;
        }
        self.batch.ended.push((slice.id(index), status));
    }

    fn failure(slice: &Slice, index: usize, trouble: Trouble) -> Failure {
        let (_, name, dest_name) = slice.entry(index);
        let name: &CStr = if trouble.side == Side::Source {
            name
        } else {
            dest_name
        };
        let path = slice.dir.full_path(trouble.side, Some(name));
        trouble.failure(Some(slice.id(index)), path)
    }

    /// One thing less to wait for in a directory; the last applies its metadata.
    fn complete(&mut self, dir: &Arc<Dir>) {
        let shared = self.shared.clone();
        let Batch {
            failures,
            dirs,
            notables,
            ..
        } = &mut self.batch;
        complete(
            &shared,
            dir,
            &mut |failure, dir| {
                failures.push(failure);
                dirs.push(dir.clone());
            },
            &mut |what, dir| notables.add_at(what, || dir.full_path(Side::Dest, None)),
        );
    }

    fn send_batch_if_due(&mut self) -> bool {
        let files = self.batch.ended.len() + self.batch.unnamed.len();
        if files < BATCH_FILES && self.batch_since.elapsed() < BATCH_TIME {
            return true;
        }
        self.send_batch()
    }

    fn send_batch_before(&mut self, size: u64) {
        if size > LONG_FILE {
            self.send_batch();
        }
    }

    fn send_batch(&mut self) -> bool {
        self.batch_since = clock::now();
        if self.batch.is_empty() {
            return true;
        }
        let batch = Box::new(std::mem::take(&mut self.batch));
        self.shared.report(What::Batch(batch))
    }
}

/// Runs something in which a panic is a defect and not the end of the thread.
pub fn contain<T>(work: impl FnOnce() -> T) -> Result<T, Trouble> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| Trouble::defect(&*panic))
}
