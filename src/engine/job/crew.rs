//! A job's threads: hired when it begins, offered work without waiting, let go when it ends.

use super::Job;
use super::width::{Reading, Width};
use crate::clock;
use crate::engine::budget::Shares;
use crate::engine::chunk;
use crate::engine::gate::Gate;
use crate::engine::outage::Outage;
use crate::engine::report::{Report, Retry, What};
use crate::engine::room::Room;
use crate::engine::route::Wanted;
use crate::engine::scan::{Assignment, Scan};
use crate::engine::tally::Cell;
use crate::engine::threads;
use crate::engine::throttle::Throttle;
use crate::engine::tree::Slice;
use crate::engine::turns::Turns;
use crate::engine::worker::{Big, Created, Flushes, Shared, Work, Worker, contain, reopen};
use crate::proto::{
    Best, DEFAULT_PARALLEL_MIN_SIZE, Durability, FileId, JobSpec, Lane, Strategy, Tuning, WorkerId,
};
use crate::sys::Sys;
use crate::sys::process::{thread_cpu, thread_id, thread_waited};
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use crossbeam_utils::CachePadded;
use std::collections::VecDeque;
use std::io;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// Slices waiting for workers. The coordinator refills at every report and tick; workers block on
/// an empty queue, nobody on a full one.
const WORK_QUEUE: usize = 128;

/// Files in flight at most, where nobody named a number: what a frame of 1 MB needs at half a
/// millisecond a call to fill a 10 Gbit/s line (`reference: media §6`: 16 to 64).
const FILES_IN_FLIGHT: u16 = 64;

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
    /// Its time on a processor when it was last looked at.
    worked: Duration,
    /// Time without a processor that was seen of it.
    waited: Duration,
}

/// The threads' ends, while there are threads.
#[derive(Debug)]
pub(super) struct Crew {
    pub(super) shared: Arc<Shared>,
    pub(super) files: Sender<Work>,
    /// Kept so that workers can be added.
    pub(super) file_work: Receiver<Work>,
    /// Workers of files that were not asked to leave.
    pub(super) file_workers: u16,
    pub(super) lanes: Sender<Work>,
    /// Kept so that lane workers can be added.
    pub(super) lane_work: Receiver<Work>,
    pub(super) lane_workers: u16,
    /// Names go before everything else: what waits for files may be minutes of work.
    pub(super) names: Sender<Work>,
    /// Kept so that workers can be added.
    pub(super) name_work: Receiver<Work>,
    /// Workers of files at the beginning.
    pub(super) first: u16,
    /// What each worker may have for its buffers.
    pub(super) memory: Shares,
}

/// How long a worker may show no progress before it is called stalled.
pub const STALL: Duration = Duration::from_secs(4);

impl Job {
    /// Fails when there is no thread for even one worker of files.
    pub(super) fn hire(
        &mut self,
        sys: &Arc<dyn Sys>,
        reports: &mpsc::Sender<Report>,
    ) -> io::Result<Crew> {
        let (file_workers, chunk_workers) = workers(&self.spec, self.best);
        let tuning = Tuning {
            buffer_size: self.spec.tuning.buffer_size.or(self.best.buffer_size),
            ..self.spec.tuning.clone()
        };
        let chunk_size = tuning.chunk_size.unwrap_or(chunk::DEFAULT);
        let shared = Arc::new(Shared {
            job: self.id,
            sys: sys.clone(),
            gate: Gate::default(),
            conflict: self.spec.conflict,
            answers: self.answers.clone(),
            created: Created::of(&self.spec),
            durability: self.spec.durability,
            preserve: self.spec.preserve,
            umask: crate::sys::umask(),
            links: self.links.clone(),
            turns: Turns::default(),
            sparse: self.spec.sparse,
            follow_links: self.spec.follow_links,
            retries: self.spec.retries,
            keep_partial: AtomicBool::new(false),
            late: Mutex::default(),
            outage: Outage::default(),
            room: Room::new(self.spec.wait_for_space),
            throttle: Throttle::new(self.spec.limit),
            surplus: AtomicU32::new(0),
            stages: AtomicU32::new(0),
            flushes: Flushes::new(crate::sys::open_files()),
            copied_again: Mutex::default(),
            wanted: wanted(&self.spec, self.best, chunk_workers, chunk_size),
            ring_refused: AtomicBool::new(false),
            forsake_whole: AtomicBool::new(false),
            chunk_size,
            reports: reports.clone(),
        });
        let lane_workers = chunk_workers.saturating_sub(1);
        // Who names a number gets that number, and a rate that is capped tells nothing.
        let adapts = tuning.file_workers.is_none()
            && self.spec.strategy != Strategy::Baseline
            && self.spec.limit.is_none();
        let all = tuning.max_workers.unwrap_or(u16::MAX);
        let most = if adapts {
            all.saturating_sub(lane_workers).min(FILES_IN_FLIGHT)
        } else {
            file_workers
        };
        let (files, file_work) = bounded(WORK_QUEUE);
        let (lanes, lane_work) = bounded(WORK_QUEUE);
        let (names, name_work) = bounded(WORK_QUEUE);
        let mut crew = Crew {
            shared,
            files,
            file_work,
            file_workers: 0,
            lanes,
            lane_work,
            lane_workers,
            names,
            name_work,
            first: file_workers,
            memory: Shares::new(
                &tuning,
                u64::from(file_workers + lane_workers),
                // More may also be asked for while it runs; and one gives names.
                u64::from(FILES_IN_FLIGHT.max(2 * file_workers) - file_workers) + 1,
            ),
        };
        for number in 0..file_workers {
            if let Err(error) = self.hire_one(&crew, Lane::Files) {
                if number == 0 {
                    return Err(error);
                }
                // Fewer do the same work.
                tracing::warn!("{number} of {file_workers} workers: {error}");
                break;
            }
            crew.file_workers += 1;
        }
        if self.spec.durability == Durability::Job
            && let Err(error) = self.hire_one(&crew, Lane::Names)
        {
            // The others do it between their files.
            tracing::warn!("no thread for names: {error}");
        }
        // A number that was measured is where it begins; fewer than usual it need not try to keep.
        let least = crew.file_workers.min(usual_workers());
        self.width = adapts.then(|| Width::new(least, most, cores()).begin_at(crew.file_workers));
        Ok(crew)
    }

    /// More or fewer files in flight, by what the last while has shown.
    pub(super) fn adapt(&mut self, now: Instant) {
        let Some(mut width) = self.width.take() else {
            return;
        };
        let Some(mut crew) = self.crew.take() else {
            self.width = Some(width);
            return;
        };
        // Without work waiting, workers wait for the scan, or for the last files to end.
        if crew.files.is_empty() {
            width.pass();
        } else if width.is_due(now) {
            let reading = self.reading(now);
            if let Some(number) = width.take(reading) {
                self.staff(&mut crew, number);
            }
        }
        self.crew = Some(crew);
        self.width = Some(width);
    }

    /// What the workers of files have done, from their gauges: their reports come too seldom.
    fn reading(&mut self, at: Instant) -> Reading {
        let mut files = self.through_before;
        for hand in self
            .hands
            .iter_mut()
            .filter(|hand| hand.lane == Lane::Files)
        {
            files += hand.cell.through();
            let Some(thread) = hand.cell.thread() else {
                continue;
            };
            if let Some(spent) = thread_cpu(thread) {
                // Only its own: what other jobs and the screen take says nothing of this route.
                self.worked += spent.saturating_sub(hand.worked);
                hand.worked = spent;
            }
            if let Some(waited) = thread_waited(thread) {
                self.waited += waited.saturating_sub(hand.waited);
                hand.waited = waited;
            }
        }
        Reading {
            at,
            bytes: self.bytes_copied(),
            files,
            cpu: self.worked,
            waited: self.waited,
        }
    }

    fn staff(&mut self, crew: &mut Crew, number: u16) {
        tracing::debug!(job = self.id.0, number, "files in flight");
        let surplus = &crew.shared.surplus;
        if number < crew.file_workers {
            // Not by way of the queue: the work that waits in it may be minutes.
            surplus.fetch_add(u32::from(crew.file_workers - number), Ordering::Relaxed);
            crew.file_workers = number;
        }
        // Those that were to leave and have not yet may stay instead.
        while crew.file_workers < number && crew.shared.one_too_many() {
            crew.file_workers += 1;
        }
        while crew.file_workers < number {
            if let Err(error) = self.hire_one(crew, Lane::Files) {
                tracing::warn!("{} of {number} workers: {error}", crew.file_workers);
                return;
            }
            crew.file_workers += 1;
        }
    }

    pub(super) fn spawn_scan(
        &self,
        crew: &Crew,
        scan: Scan,
        assignment: Assignment,
    ) -> io::Result<()> {
        let (shared, path) = (crew.shared.clone(), self.spec.dest.clone());
        threads::spawn("haul-scan", move || {
            let scanned = contain(|| {
                shared.gate.enter();
                for subtree in &assignment.subtrees {
                    reopen(&shared, subtree.parent());
                }
                shared.gate.leave();
                scan.run(assignment);
            });
            if let Err(defect) = scanned {
                // The job must hear of the end of its scan, whatever it was.
                shared.gate.leave_after_panic();
                shared.report(What::Spoilt(None));
                shared.report(What::ScanFailed(defect.failure(None, path), Retry::Never));
                shared.report(What::ScanEnded {
                    begun: true,
                    whole: false,
                });
            }
        })
    }

    fn hire_one(&mut self, crew: &Crew, lane: Lane) -> io::Result<()> {
        let id = WorkerId(self.next_worker);
        let cell = Arc::new(CachePadded::new(Cell::default()));
        let memory = match lane {
            Lane::Files if crew.file_workers >= crew.first => crew.memory.later,
            Lane::Names => crew.memory.later,
            Lane::Files | Lane::Ranges => crew.memory.first,
        };
        let seed = crate::sys::seed();
        let worker = Worker::new(crew.shared.clone(), id, cell.clone(), seed, memory);
        let [names, lanes, files] = [&crew.name_work, &crew.lane_work, &crew.file_work];
        // Ranges before files, so that a large file many work on is closed sooner.
        let (letter, posts) = match lane {
            Lane::Files => ('w', vec![names.clone(), lanes.clone(), files.clone()]),
            Lane::Ranges => ('l', vec![lanes.clone()]),
            Lane::Names => ('n', vec![names.clone()]),
        };
        let gauge = cell.clone();
        threads::spawn(&format!("haul-{letter}{}", id.0), move || {
            gauge.at_work(thread_id());
            worker.run(lane, posts);
        })?;
        self.next_worker = self.next_worker.wrapping_add(1);
        self.hands.push(Hand {
            id,
            lane,
            cell,
            recent: VecDeque::new(),
            seen: (None, 0, clock::now()),
            worked: Duration::ZERO,
            waited: Duration::ZERO,
        });
        Ok(())
    }

    /// Files in flight that are wanted now.
    pub fn file_workers(&self) -> u16 {
        match &self.crew {
            Some(crew) => crew.file_workers,
            None => workers(&self.spec, self.best).0,
        }
    }

    /// More files in flight, or fewer: those that are too many leave after the work in hand. From
    /// now on it is this number, and none is found by trial.
    pub fn change_workers(&mut self, by: i32) {
        if self.spec.strategy == Strategy::Baseline {
            // The yardstick is one file at a time.
            return;
        }
        let now = self.file_workers();
        let wanted = now.saturating_add_signed(by.clamp(-256, 256) as i16);
        let wanted = wanted.clamp(1, 256);
        Arc::make_mut(&mut self.spec).tuning.file_workers = Some(wanted);
        self.width = None;
        let Some(mut crew) = self.crew.take() else {
            return;
        };
        self.staff(&mut crew, wanted);
        self.crew = Some(crew);
    }

    pub(super) fn offer_lanes(&mut self, big: &Arc<Big>, reopened: bool) {
        let Some(crew) = self.crew.take() else { return };
        let have = self
            .hands
            .iter()
            .filter(|hand| hand.lane == Lane::Ranges)
            .count();
        for _ in have..usize::from(crew.lane_workers) {
            if let Err(error) = self.hire_one(&crew, Lane::Ranges) {
                // The file's own worker is on it in any case.
                tracing::warn!("no thread for a lane: {error}");
                break;
            }
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

    pub(super) fn feed(&mut self) {
        let Some(crew) = &self.crew else { return };
        while let Some(work) = self.again.pop_front() {
            let counts = matches!(work, Work::Again(..) | Work::Dir(..) | Work::Name(..));
            let post = match work {
                Work::Name(..) => &crew.names,
                _ => &crew.files,
            };
            match post.try_send(work) {
                Ok(()) => self.issued += u64::from(counts),
                Err(TrySendError::Full(work) | TrySendError::Disconnected(work)) => {
                    self.again.push_front(work);
                    return;
                }
            }
        }
        // Those whose names wait come back soon, and take memory until then.
        while !crew.files.is_full() && !self.naming.is_full() {
            let waiting = &self.slices[self.next_slice..];
            let run = super::run::first(waiting, crew.files.len(), crew.file_workers);
            let work = match run {
                [] => return,
                [slice] => Work::Slice(slice.clone()),
                _ => Work::Run(run.to_vec()),
            };
            let count = run.len();
            if crew.files.try_send(work).is_err() {
                return;
            }
            self.next_slice += count;
            self.issued += count as u64;
        }
    }

    /// On cancel: files set aside are given to workers to be removed; slices that were not handed
    /// out only complete their directories. Files that are whole get their names after one more
    /// flush, unless that is not waited for.
    pub(super) fn clear_out(&mut self) {
        let held: Vec<FileId> = self.held.keys().copied().collect();
        for id in held {
            self.resume_held(id);
        }
        if self.forsakes_whole() {
            self.name_unnamed(false);
        } else if self.is_copied() {
            self.flush_for_names();
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

    /// Lets the workers go: they leave when they find the channels closed.
    pub(super) fn dismiss(&mut self) {
        self.crew = None;
    }
}

/// Processors this process may use, asked for once: of a control group that takes a dozen calls.
fn cores() -> u16 {
    static CORES: OnceLock<u16> = OnceLock::new();
    let ask = || std::thread::available_parallelism().map_or(2, NonZeroUsize::get) as u16;
    *CORES.get_or_init(ask)
}

/// Files in flight and ranges of one file in flight, for a job. Where no number of files was asked
/// for, it is the one to begin with.
pub fn workers(spec: &JobSpec, best: Best) -> (u16, u16) {
    let cores = cores();
    let automatic = best.file_workers.unwrap_or(usual_workers());
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
            .or(best.chunk_workers)
            .unwrap_or(cores.clamp(2, 4))
            .clamp(1, 256),
        _ => 1,
    };
    let most = spec.tuning.max_workers.unwrap_or(u16::MAX).max(1);
    let file_workers = file_workers.min(most);
    // The first lane of a large file is the worker that opened it.
    let chunk_workers = chunk_workers.min((most - file_workers).saturating_add(1));
    (file_workers, chunk_workers)
}

/// Files in flight of a job that nobody asked for a number for, at the beginning.
fn usual_workers() -> u16 {
    cores().clamp(2, 8)
}

/// What the ladder is asked with.
pub fn wanted(spec: &JobSpec, best: Best, chunk_workers: u16, chunk_size: u64) -> Wanted {
    let automatic = match spec.strategy {
        // Who asks for ranges means any file that has more than one.
        Strategy::Parallel => chunk_size.saturating_add(1),
        _ => DEFAULT_PARALLEL_MIN_SIZE,
    };
    Wanted {
        strategy: spec.strategy,
        first: best.strategy,
        chunk_workers,
        parallel_min_size: spec.tuning.parallel_min_size.unwrap_or(automatic),
        sparse: spec.sparse,
    }
}
