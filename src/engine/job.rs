//! One job: its state, its threads' ends of the channels, its entries and its figures.
//!
//! Lives on the coordinator's thread and never blocks: threads are spawned and told, never waited
//! for. The state machine's table is in [`super::state`]; every change of state goes through
//! [`Job::set_state`].

use super::filter::Filter;
use super::report::{Batch, Notables, Report, Retry, Status, Used, What};
use super::sample::Pace;
use super::scan::{Assignment, Scan, Subtree};
use super::state::transition;
use super::tally::{Cell, Wish};
use super::tree::{Dir, Slice};
use super::worker::{Big, Held, Shared, Work, Worker};
use super::{gate::Gate, route::Wanted};
use crate::clock;
use crate::proto::{
    DEFAULT_BUFFER_SIZE, DEFAULT_PARALLEL_MIN_SIZE, Durability, ErrorClass, Event, Failure, FileId,
    FlushView, JobId, JobSpec, JobState, Lane, Op, Side, Start, Strategy, Totals, WorkerId,
};
use crate::sys::Sys;
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use crossbeam_utils::CachePadded;
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// Slices waiting for workers. The coordinator refills at every report and tick; workers block on
/// an empty queue, nobody on a full one.
const WORK_QUEUE: usize = 64;

/// Bytes after which a running job with `--sync job` begins to flush what it has, beside the copy:
/// the last flush is short, and the flushed figure is alive.
const FLUSH_EVERY: u64 = 256 << 20;

/// A worker, as the coordinator sees it.
#[derive(Debug)]
pub struct Hand {
    /// Its id.
    pub id: WorkerId,
    /// Its kind of work.
    pub lane: Lane,
    /// Its gauge.
    pub cell: Arc<CachePadded<Cell>>,
    /// Gauge readings of the last second: (when, bytes moved).
    pub recent: VecDeque<(Instant, u64)>,
    /// What it showed when it last moved, and when that was.
    pub seen: (Option<FileId>, u64, Instant),
}

/// The threads' ends, while there are threads.
#[derive(Debug)]
struct Crew {
    shared: Arc<Shared>,
    files: Sender<Work>,
    lanes: Sender<Work>,
    /// Kept so that lane workers can be added.
    lane_work: Receiver<Work>,
    lane_workers: u16,
}

/// Counters of a job.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    /// Entries that ended, each once.
    pub ended: u64,
    /// At the destination by this job.
    pub copied: u64,
    /// Left alone.
    pub skipped: u64,
    /// Failed or refused, directories and arguments included.
    pub failed: u64,
    /// Left alone and reported.
    pub conflicts: u64,
}

/// A job.
#[derive(Debug)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// As asked for.
    pub spec: Arc<JobSpec>,
    /// When it may run.
    pub start: Start,
    /// Device it writes to, once known; jobs that write to one device take turns.
    pub device: Option<u64>,
    /// True once the device was looked up, found or not.
    pub device_known: bool,
    state: JobState,
    crew: Option<Crew>,
    /// Workers, those that left excluded.
    pub hands: Vec<Hand>,
    next_worker: u16,
    /// Bytes moved by workers that have left.
    moved_before: u64,
    slices: Vec<Arc<Slice>>,
    status: HashMap<FileId, Status>,
    next_slice: usize,
    next_file: u32,
    issued: u64,
    finished: u64,
    /// Work that goes before new slices: resumed and retried entries. Bounded by what was held or
    /// failed, which is stored anyway.
    again: VecDeque<Work>,
    /// Files set aside.
    pub held: BTreeMap<FileId, Held>,
    resumed: HashSet<FileId>,
    /// Large files in work.
    pub bigs: BTreeMap<FileId, Arc<Big>>,
    scan_ended: bool,
    begun: bool,
    /// Something was not scanned that nothing below stands for: trying again means everything.
    unseen: bool,
    /// True once it was asked to try again: only what failed is scanned.
    retrying: bool,
    retry_sources: Vec<usize>,
    retry_subtrees: Vec<Subtree>,
    retry_dirs: Vec<Arc<Dir>>,
    targets: Vec<OwnedFd>,
    /// Figures.
    pub pace: Pace,
    /// What was found.
    pub found: Totals,
    resized: i64,
    /// Bytes that will not be moved.
    pub left_out: u64,
    wasted: u64,
    /// Bytes shared.
    pub cloned: u64,
    flushed: u64,
    flushed_singly: u64,
    flushing: bool,
    flush_began: Option<Instant>,
    /// The last flush, for the screen.
    pub flush: Option<FlushView>,
    /// Counters.
    pub counts: Counts,
    /// What moved bytes.
    pub used: Vec<Used>,
    /// Rungs dropped, in words.
    pub dropped: Vec<(Strategy, String)>,
    /// Things to know.
    pub notables: Notables,
    /// Every failure, in order.
    pub failures: Vec<Failure>,
    /// Those that trying again does not undo: refusals, and flushes that failed.
    lasting: Vec<Failure>,
}

impl Job {
    /// A job that waits.
    pub fn new(id: JobId, spec: JobSpec, start: Start) -> Self {
        Self {
            id,
            spec: Arc::new(spec),
            start,
            device: None,
            device_known: false,
            state: JobState::Queued,
            crew: None,
            hands: Vec::new(),
            next_worker: 0,
            moved_before: 0,
            slices: Vec::new(),
            status: HashMap::new(),
            next_slice: 0,
            next_file: 0,
            issued: 0,
            finished: 0,
            again: VecDeque::new(),
            held: BTreeMap::new(),
            resumed: HashSet::new(),
            bigs: BTreeMap::new(),
            scan_ended: false,
            begun: false,
            unseen: false,
            retrying: false,
            retry_sources: Vec::new(),
            retry_subtrees: Vec::new(),
            retry_dirs: Vec::new(),
            targets: Vec::new(),
            pace: Pace::default(),
            found: Totals::default(),
            resized: 0,
            left_out: 0,
            wasted: 0,
            cloned: 0,
            flushed: 0,
            flushed_singly: 0,
            flushing: false,
            flush_began: None,
            flush: None,
            counts: Counts::default(),
            used: Vec::new(),
            dropped: Vec::new(),
            notables: Notables::default(),
            failures: Vec::new(),
            lasting: Vec::new(),
        }
    }

    /// Where it stands.
    pub fn state(&self) -> JobState {
        self.state
    }

    /// True when the scan has ended.
    pub fn found_is_final(&self) -> bool {
        self.scan_ended
    }

    /// The entry's slice and place in it.
    pub fn entry(&self, file: FileId) -> Option<(&Arc<Slice>, usize)> {
        let at = self
            .slices
            .partition_point(|slice| slice.base <= file)
            .checked_sub(1)?;
        let index = (file.0 - self.slices[at].base.0) as usize;
        (index < self.slices[at].entries().len()).then_some((&self.slices[at], index))
    }

    /// Bytes of files found, corrected by what they turned out to be.
    pub fn found_bytes(&self) -> u64 {
        self.found.bytes.saturating_add_signed(self.resized)
    }

    /// Bytes accepted by the kernel for files that are, or may become, whole.
    pub fn bytes_copied(&self) -> u64 {
        let moved: u64 = self.hands.iter().map(|hand| hand.cell.moved()).sum();
        (self.moved_before + moved).saturating_sub(self.wasted)
    }

    /// Bytes known to be on the device.
    pub fn bytes_flushed(&self) -> u64 {
        self.flushed
            .max(self.flushed_singly)
            .min(self.bytes_copied())
    }

    fn set_state(&mut self, to: JobState, events: &mut Vec<Event>) {
        let from = self.state;
        if from == to {
            return;
        }
        match transition(from, to) {
            Ok(to) => {
                tracing::info!(job = self.id.0, ?from, ?to, "state");
                self.state = to;
                events.push(Event::State {
                    job: self.id,
                    from,
                    to,
                });
            }
            Err(illegal) => tracing::error!(job = self.id.0, "{illegal}"),
        }
        if !matches!(
            self.state,
            JobState::Scanning | JobState::Running | JobState::Flushing
        ) {
            self.pace.rest();
        }
    }

    /// Begins: scan and workers.
    pub fn begin(
        &mut self,
        sys: &Arc<dyn Sys>,
        reports: &mpsc::Sender<Report>,
        events: &mut Vec<Event>,
    ) {
        let filter = match Filter::new(&self.spec.filters) {
            Ok(filter) => filter,
            Err(words) => {
                self.set_state(JobState::Scanning, events);
                self.own_failure(Op::Resolve, words);
                self.set_state(JobState::Failed, events);
                return;
            }
        };
        let crew = self.hire(sys, reports);
        let assignment = Assignment {
            sources: if self.retrying {
                std::mem::take(&mut self.retry_sources)
            } else {
                (0..self.spec.sources.len()).collect()
            },
            subtrees: std::mem::take(&mut self.retry_subtrees),
            next: self.next_file,
        };
        self.set_state(JobState::Scanning, events);
        if assignment.sources.is_empty() && assignment.subtrees.is_empty() {
            self.scan_ended = true;
            self.begun = true;
        } else {
            self.scan_ended = false;
            let scan = Scan::new(crew.shared.clone(), self.spec.clone(), filter);
            let spawned = std::thread::Builder::new()
                .name("haul-scan".into())
                .spawn(move || scan.run(assignment));
            if let Err(error) = spawned {
                self.own_failure(Op::Resolve, format!("no thread for the scan: {error}"));
                self.scan_ended = true;
                self.unseen = true;
            }
        }
        self.crew = Some(crew);
    }

    fn own_failure(&mut self, op: Op, words: String) {
        self.counts.failed += 1;
        self.failures.push(Failure {
            file: None,
            op,
            side: Side::Dest,
            path: self.spec.dest.clone(),
            errno: None,
            offset: None,
            class: ErrorClass::Other,
            reason: words,
        });
    }

    fn hire(&mut self, sys: &Arc<dyn Sys>, reports: &mpsc::Sender<Report>) -> Crew {
        let (file_workers, chunk_workers) = workers(&self.spec);
        let tuning = &self.spec.tuning;
        let chunk_size = tuning.chunk_size.unwrap_or(super::chunk::DEFAULT);
        let shared = Arc::new(Shared {
            job: self.id,
            sys: sys.clone(),
            gate: Gate::default(),
            conflict: self.spec.conflict,
            durability: self.spec.durability,
            wanted: wanted(&self.spec, chunk_workers, chunk_size),
            buffer_size: tuning
                .buffer_size
                .unwrap_or(DEFAULT_BUFFER_SIZE)
                .clamp(4096, 1 << 30) as usize,
            chunk_size,
            reports: reports.clone(),
        });
        let (files, file_work) = bounded(WORK_QUEUE);
        let (lanes, lane_work) = bounded(WORK_QUEUE);
        let crew = Crew {
            shared,
            files,
            lanes,
            lane_work,
            lane_workers: chunk_workers.saturating_sub(1),
        };
        for _ in 0..file_workers {
            self.hire_one(&crew, Lane::Files, Some(file_work.clone()));
        }
        crew
    }

    fn hire_one(&mut self, crew: &Crew, lane: Lane, files: Option<Receiver<Work>>) {
        let id = WorkerId(self.next_worker);
        self.next_worker = self.next_worker.wrapping_add(1);
        let cell = Arc::new(CachePadded::new(Cell::default()));
        let worker = Worker::new(crew.shared.clone(), id, cell.clone(), crate::sys::seed());
        let lanes = crew.lane_work.clone();
        let letter = if lane == Lane::Files { 'w' } else { 'l' };
        let spawned = std::thread::Builder::new()
            .name(format!("haul-{letter}{}", id.0))
            .spawn(move || worker.run(files.as_ref(), &lanes));
        match spawned {
            Ok(_) => self.hands.push(Hand {
                id,
                lane,
                cell,
                recent: VecDeque::new(),
                seen: (None, 0, clock::now()),
            }),
            Err(error) => self.own_failure(Op::Copy, format!("no thread for a worker: {error}")),
        }
    }

    /// Takes a report in.
    pub fn take(&mut self, what: What, events: &mut Vec<Event>) {
        match what {
            What::Found(slices, totals) => {
                self.found.files += totals.files;
                self.found.bytes += totals.bytes;
                self.found.dirs += totals.dirs;
                if let Some(last) = slices.last() {
                    self.next_file = last.base.0 + last.entries().len() as u32;
                }
                self.slices.extend(slices);
            }
            What::ScanFailed(failure, retry) => {
                match retry {
                    Retry::Source(usize::MAX) => {
                        self.retry_sources = (0..self.spec.sources.len()).collect()
                    }
                    Retry::Source(index) => self.retry_sources.push(index),
                    Retry::Subtree(subtree) => self.retry_subtrees.push(*subtree),
                    Retry::Dir(dir) => self.retry_dirs.push(dir),
                    Retry::Never if failure.class == ErrorClass::Refused => {
                        self.lasting.push(failure.clone());
                    }
                    Retry::Never => self.unseen = true,
                }
                self.counts.failed += 1;
                self.failures.push(failure);
            }
            What::ScanNotice(what, count) => self.notables.add(what, count),
            What::Targets(fds) => self.targets.extend(fds),
            What::Named(naming) => {
                if self.spec.naming != naming {
                    Arc::make_mut(&mut self.spec).naming = naming;
                }
            }
            What::ScanEnded { begun, whole } => {
                self.scan_ended = true;
                self.begun |= begun;
                self.unseen |= !whole;
            }
            What::Batch(batch) => self.batch(*batch, events),
            What::Join(big) => self.join(&big),
            What::Flushed(result, last) => self.flushed(result, last, events),
            What::Left(id) => {
                if let Some(at) = self.hands.iter().position(|hand| hand.id == id) {
                    let hand = self.hands.remove(at);
                    self.moved_before += hand.cell.moved();
                }
            }
            What::Plan(_) | What::Device(_) => {}
        }
    }

    fn batch(&mut self, batch: Batch, events: &mut Vec<Event>) {
        for (id, status) in batch.ended {
            self.bigs.remove(&id);
            self.resumed.remove(&id);
            self.counts.ended += 1;
            match status {
                Status::Copied => self.counts.copied += 1,
                Status::Skipped => self.counts.skipped += 1,
                Status::Conflict => self.counts.conflicts += 1,
                Status::Failed => self.counts.failed += 1,
                Status::Cancelled => {}
            }
            // Copied is what most become and needs no memory of its own.
            if matches!(
                status,
                Status::Failed | Status::Conflict | Status::Cancelled
            ) {
                self.status.insert(id, status);
            }
        }
        // Directories are no entries: their failures are counted here, those of entries above.
        self.counts.failed += batch
            .failures
            .iter()
            .filter(|failure| failure.file.is_none())
            .count() as u64;
        self.retry_dirs.extend(batch.dirs);
        self.failures.extend(batch.failures);
        for used in batch.used {
            match self
                .used
                .iter_mut()
                .find(|known| known.strategy == used.strategy && known.reason == used.reason)
            {
                Some(known) => {
                    known.files += used.files;
                    known.bytes += used.bytes;
                }
                None => self.used.push(used),
            }
        }
        self.resized += batch.resized;
        self.left_out += batch.left_out;
        self.wasted += batch.wasted;
        self.cloned += batch.cloned;
        self.flushed_singly += batch.flushed;
        self.finished += u64::from(batch.slices);
        for held in batch.held {
            let id = held.id();
            self.bigs.remove(&id);
            self.resumed.remove(&id);
            self.held.insert(id, held);
        }
        for (strategy, reason) in batch.dropped {
            events.push(Event::Fallback {
                job: self.id,
                from: strategy,
                reason: reason.clone(),
            });
            self.dropped.push((strategy, reason));
        }
        self.notables.merge(&batch.notables);
        if self.state == JobState::Scanning && self.counts.ended > 0 {
            self.set_state(JobState::Running, events);
        }
    }

    /// A large file: others may join.
    fn join(&mut self, big: &Arc<Big>) {
        self.bigs.insert(big.id, big.clone());
        self.offer_lanes(big, false);
    }

    fn offer_lanes(&mut self, big: &Arc<Big>, reopened: bool) {
        let Some(crew) = self.crew.take() else { return };
        let have = self
            .hands
            .iter()
            .filter(|hand| hand.lane == Lane::Ranges)
            .count();
        for _ in have..usize::from(crew.lane_workers) {
            self.hire_one(&crew, Lane::Ranges, None);
        }
        if reopened {
            // The lane that keeps the file alive must reach a worker.
            self.again.push_back(Work::Lane(big.clone(), true));
        }
        for _ in 0..crew.lane_workers {
            // No room means that other large files keep all lanes busy; the file's own worker is
            // on it in any case.
            if crew.lanes.try_send(Work::Lane(big.clone(), false)).is_err() {
                break;
            }
        }
        self.crew = Some(crew);
    }

    /// Hands out work and takes whatever step is due.
    pub fn advance(&mut self, now: Instant, events: &mut Vec<Event>) {
        match self.state {
            JobState::Scanning | JobState::Running => {
                self.feed();
                if self.bytes_copied() > 0 {
                    self.set_state(JobState::Running, events);
                }
                if self.is_worked_off() {
                    self.end_or_flush(now, events);
                } else {
                    self.flush_meanwhile();
                }
            }
            JobState::Pausing => {
                if self
                    .crew
                    .as_ref()
                    .is_none_or(|crew| crew.shared.gate.is_quiet())
                {
                    self.set_state(JobState::Paused, events);
                }
            }
            JobState::Cancelling => {
                self.clear_out();
                if self.is_worked_off() {
                    self.set_state(JobState::Cancelled, events);
                    self.dismiss();
                }
            }
            JobState::Flushing => {
                if let (Some(began), Some(flush)) = (self.flush_began, &mut self.flush) {
                    flush.elapsed_ms = now.saturating_duration_since(began).as_millis() as u64;
                }
            }
            _ => {}
        }
        if matches!(
            self.state,
            JobState::Scanning | JobState::Running | JobState::Flushing
        ) {
            self.pace.feed(now, self.bytes_copied(), self.counts.ended);
        }
    }

    fn feed(&mut self) {
        let Some(crew) = &self.crew else { return };
        while let Some(work) = self.again.pop_front() {
            let counts = matches!(work, Work::Again(..) | Work::Dir(..));
            match crew.files.try_send(work) {
                Ok(()) => self.issued += u64::from(counts),
                Err(TrySendError::Full(work) | TrySendError::Disconnected(work)) => {
                    self.again.push_front(work);
                    return;
                }
            }
        }
        while let Some(slice) = self.slices.get(self.next_slice) {
            if crew.files.try_send(Work::Slice(slice.clone())).is_err() {
                return;
            }
            self.next_slice += 1;
            self.issued += 1;
        }
    }

    /// On cancel: files set aside are given to workers to be removed, slices that were not handed
    /// out only complete their directories.
    fn clear_out(&mut self) {
        let held: Vec<FileId> = self.held.keys().copied().collect();
        for id in held {
            self.resume_held(id);
        }
        let rest: Vec<Arc<Slice>> = self.slices[self.next_slice..].to_vec();
        if !rest.is_empty() {
            let count = rest.len();
            if let Some(crew) = &self.crew
                && crew.files.try_send(Work::Abandon(rest)).is_ok()
            {
                self.next_slice += count;
                self.issued += count as u64;
            }
        }
        self.feed();
    }

    fn is_worked_off(&self) -> bool {
        self.scan_ended
            && self.next_slice == self.slices.len()
            && self.again.is_empty()
            && self.issued == self.finished
            && self.held.is_empty()
            && self.resumed.is_empty()
            && self.bigs.is_empty()
    }

    fn end_or_flush(&mut self, now: Instant, events: &mut Vec<Event>) {
        if !self.begun {
            self.dismiss();
            self.set_state(JobState::Failed, events);
            return;
        }
        let changed = self.counts.copied > 0 || self.found.dirs > 0;
        if self.spec.durability != Durability::Job || !changed || self.targets.is_empty() {
            self.end(events);
            return;
        }
        if self.flushing {
            // The one under way began before the last byte; another must follow it.
            return;
        }
        self.set_state(JobState::Flushing, events);
        self.flush_began = Some(now);
        self.flush = Some(FlushView {
            elapsed_ms: 0,
            done: false,
        });
        self.spawn_flush(true);
    }

    fn flush_meanwhile(&mut self) {
        let due = self.bytes_copied().saturating_sub(self.flushed) >= FLUSH_EVERY;
        if self.spec.durability == Durability::Job
            && due
            && !self.flushing
            && !self.targets.is_empty()
        {
            self.spawn_flush(false);
        }
    }

    /// Flushes every destination file system on a thread of its own: it cannot be interrupted.
    fn spawn_flush(&mut self, last: bool) {
        let Some(crew) = &self.crew else { return };
        let shared = crew.shared.clone();
        let mark = self.bytes_copied();
        let path = self.spec.dest.clone();
        // Duplicates, so that the job keeps its own for later flushes.
        let targets: Result<Vec<OwnedFd>, _> = self
            .targets
            .iter()
            .map(|fd| shared.sys.duplicate(fd.as_fd()))
            .collect();
        self.flushing = true;
        let spawned = std::thread::Builder::new().name("haul-flush".into()).spawn(move || {
            let result = targets
                .and_then(|targets| targets.iter().try_for_each(|fd| shared.sys.sync_fs(fd.as_fd())))
                .map(|()| mark)
                .map_err(|errno| {
                    let words = format!(
                        "{}: what was copied since the last flush may not be on the device; copy it again",
                        super::failure::reason(errno)
                    );
                    let trouble = super::failure::dest(Op::Flush)(errno).words(words);
                    Box::new(trouble.failure(None, path))
                });
            shared.report(What::Flushed(result, last));
        });
        if let Err(error) = spawned {
            self.flushing = false;
            self.own_failure(Op::Flush, format!("no thread for the flush: {error}"));
        }
    }

    fn flushed(&mut self, result: Result<u64, Box<Failure>>, last: bool, events: &mut Vec<Event>) {
        self.flushing = false;
        let ok = result.is_ok();
        match result {
            Ok(mark) => self.flushed = self.flushed.max(mark),
            // An error is told once by the kernel, so it is remembered here whatever a later
            // flush says.
            Err(failure) => {
                self.counts.failed += 1;
                self.lasting.push(Failure::clone(&failure));
                self.failures.push(*failure);
            }
        }
        if last && self.state == JobState::Flushing {
            if let (Some(began), Some(flush)) = (self.flush_began, &mut self.flush) {
                flush.elapsed_ms = began.elapsed().as_millis() as u64;
                flush.done = ok;
            }
            self.pace
                .feed(clock::now(), self.bytes_copied(), self.counts.ended);
            self.end(events);
        }
    }

    fn end(&mut self, events: &mut Vec<Event>) {
        self.dismiss();
        let clean =
            self.counts.failed == 0 && self.counts.conflicts == 0 && self.failures.is_empty();
        let cancelled = self
            .status
            .values()
            .any(|status| *status == Status::Cancelled);
        let state = if clean && !cancelled {
            JobState::Done
        } else {
            JobState::DoneWithFailures
        };
        self.set_state(state, events);
    }

    /// Lets the workers go: they leave when they find the channels closed.
    fn dismiss(&mut self) {
        self.crew = None;
        if self.state != JobState::Flushing {
            self.flushing = false;
        }
    }

    /// Closes the gate.
    pub fn pause(&mut self, events: &mut Vec<Event>) {
        match self.state {
            JobState::Queued => self.set_state(JobState::Paused, events),
            JobState::Scanning | JobState::Running => {
                if let Some(crew) = &self.crew {
                    crew.shared.gate.hold();
                }
                self.set_state(JobState::Pausing, events);
            }
            _ => {}
        }
    }

    /// Opens it.
    pub fn resume(&mut self, events: &mut Vec<Event>) {
        if !matches!(self.state, JobState::Paused | JobState::Pausing) {
            return;
        }
        let to = match &self.crew {
            None => JobState::Queued,
            Some(crew) => {
                crew.shared.gate.open();
                if self.counts.ended > 0 || self.bytes_copied() > 0 {
                    JobState::Running
                } else {
                    JobState::Scanning
                }
            }
        };
        self.set_state(to, events);
    }

    /// Stops for good.
    pub fn cancel(&mut self, events: &mut Vec<Event>) {
        match self.state {
            JobState::Queued => self.cancel_unbegun(events),
            JobState::Paused if self.crew.is_none() => self.cancel_unbegun(events),
            state if state.is_active() || state == JobState::Paused => {
                let flushing = state == JobState::Flushing;
                if let Some(crew) = &self.crew {
                    crew.shared.gate.shut();
                }
                self.set_state(JobState::Cancelling, events);
                if flushing {
                    // Everything is in place; only the wait for the device is given up.
                    self.set_state(JobState::Cancelled, events);
                    self.dismiss();
                }
            }
            _ => {}
        }
    }

    fn cancel_unbegun(&mut self, events: &mut Vec<Event>) {
        self.unseen |= !self.retrying;
        self.set_state(JobState::Cancelled, events);
    }

    /// Sets one file aside, or lets it go on.
    pub fn pause_file(&mut self, file: FileId, pause: bool) {
        if pause {
            for hand in &self.hands {
                if hand.cell.slot().file == Some(file) {
                    hand.cell.wish(file, Wish::Park);
                }
            }
        } else {
            self.clear_wish(file);
            self.resume_held(file);
        }
    }

    /// Gives one file up.
    pub fn cancel_file(&mut self, file: FileId) {
        // A held file is given to any worker, and any of them must know.
        for hand in &self.hands {
            if self.held.contains_key(&file) || hand.cell.slot().file == Some(file) {
                hand.cell.wish(file, Wish::Drop);
            }
        }
        self.resume_held(file);
    }

    fn clear_wish(&self, file: FileId) {
        for hand in &self.hands {
            if hand.cell.wished(file) != Wish::None {
                hand.cell.wish(file, Wish::None);
            }
        }
    }

    fn resume_held(&mut self, file: FileId) {
        match self.held.remove(&file) {
            Some(Held::File(open)) => {
                self.resumed.insert(file);
                self.again.push_back(Work::File(open));
            }
            Some(Held::Big(big)) => {
                big.reopen();
                self.bigs.insert(file, big.clone());
                self.offer_lanes(&big, true);
            }
            None => {}
        }
    }

    /// Prepares an ended job to try again what failed, was a conflict, or was cancelled. False
    /// when there is nothing to try.
    pub fn retry(&mut self, events: &mut Vec<Event>) -> bool {
        if !matches!(
            self.state,
            JobState::DoneWithFailures | JobState::Cancelled | JobState::Failed
        ) {
            return false;
        }
        if self.unseen {
            self.start_over();
            self.set_state(JobState::Queued, events);
            return true;
        }
        let mut ids: Vec<FileId> = self.status.drain().map(|(id, _)| id).collect();
        ids.sort_unstable();
        let mut by_slice: BTreeMap<FileId, (Arc<Slice>, Vec<usize>)> = BTreeMap::new();
        for id in ids {
            let Some((slice, index)) = self.entry(id).map(|(slice, index)| (slice.clone(), index))
            else {
                continue;
            };
            self.counts.ended = self.counts.ended.saturating_sub(1);
            self.left_out = self.left_out.saturating_sub(slice.entries()[index].size);
            by_slice
                .entry(slice.base)
                .or_insert_with(|| (slice, Vec::new()))
                .1
                .push(index);
        }
        for (_, (slice, indexes)) in by_slice {
            slice.dir.expect_again();
            self.again.push_back(Work::Again(slice, indexes));
        }
        for dir in std::mem::take(&mut self.retry_dirs) {
            dir.expect_again();
            self.again.push_back(Work::Dir(dir));
        }
        for subtree in &self.retry_subtrees {
            subtree.expect_again();
        }
        let something = !self.again.is_empty()
            || !self.retry_sources.is_empty()
            || !self.retry_subtrees.is_empty();
        if !something {
            return false;
        }
        self.counts.failed = self.lasting.len() as u64;
        self.counts.conflicts = 0;
        self.failures.clone_from(&self.lasting);
        self.flush = None;
        self.retrying = true;
        self.set_state(JobState::Queued, events);
        true
    }

    /// Forgets everything but what was asked for: all is scanned again, and what is there already
    /// is found identical.
    fn start_over(&mut self) {
        let spec = JobSpec::clone(&self.spec);
        let mut new = Self::new(self.id, spec, self.start);
        // What was refused will be again; that a flush failed must not be forgotten.
        new.lasting = std::mem::take(&mut self.lasting);
        new.lasting.retain(|failure| failure.op == Op::Flush);
        new.failures.clone_from(&new.lasting);
        new.counts.failed = new.lasting.len() as u64;
        *self = Self {
            device: self.device,
            device_known: self.device_known,
            state: self.state,
            // Workers of the last run may still be about to say that they left.
            next_worker: self.next_worker,
            ..new
        };
    }
}

/// Files in flight and ranges of one file in flight, for a job.
pub fn workers(spec: &JobSpec) -> (u16, u16) {
    let cores = std::thread::available_parallelism().map_or(2, std::num::NonZeroUsize::get) as u16;
    let automatic = cores.clamp(2, 8);
    let file_workers = match spec.strategy {
        // The yardstick is one file at a time.
        Strategy::Baseline => 1,
        _ => spec.tuning.file_workers.unwrap_or(automatic).clamp(1, 256),
    };
    let chunk_workers = match spec.strategy {
        // Four lanes, then nothing more is gained (arsync's measurements).
        Strategy::Auto | Strategy::Parallel => spec
            .tuning
            .chunk_workers
            .unwrap_or(cores.clamp(2, 4))
            .clamp(1, 256),
        _ => 1,
    };
    (file_workers, chunk_workers)
}

/// What the ladder is asked with.
pub fn wanted(spec: &JobSpec, chunk_workers: u16, chunk_size: u64) -> Wanted {
    let automatic = match spec.strategy {
        // Who asks for ranges means any file that has more than one.
        Strategy::Parallel => chunk_size.saturating_add(1),
        _ => DEFAULT_PARALLEL_MIN_SIZE,
    };
    Wanted {
        strategy: spec.strategy,
        chunk_workers,
        parallel_min_size: spec.tuning.parallel_min_size.unwrap_or(automatic),
    }
}

/// How long a worker may show no progress before it is called stalled.
pub const STALL: Duration = Duration::from_secs(4);
