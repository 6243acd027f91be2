//! One job: its state, its threads' ends of the channels, its entries and its figures.
//!
//! Lives on the coordinator's thread and never blocks: threads are spawned and told, never waited
//! for. The state machine's table is in [`super::state`]; every change of state goes through
//! [`Job::set_state`].

mod answer;
mod chosen;
mod crew;
mod end;
mod failures;
mod files;
mod flush;
mod folded;
mod intake;
mod moving;
mod order;
mod run;
mod shortage;
#[cfg(test)]
mod tests;
mod width;
mod wishes;

pub use crew::{STALL, wanted, workers};
pub use flush::Flushed;

use self::width::Width;
use crate::clock;
use crate::engine::answers::Answers;
use crate::engine::filter::Filter;
use crate::engine::links::Links;
use crate::engine::report::{Notables, Report, Status, Used};
use crate::engine::sample::Pace;
use crate::engine::scan::{Assignment, Scan, Subtree};
use crate::engine::shots::Tracked;
use crate::engine::state::transition;
use crate::engine::tree::{Dir, Slice};
use crate::engine::worker::{Big, Held, Work};
use crate::proto::{
    Best, Durability, ErrorClass, Event, Facts, Failure, FileId, FlushView, JobId, JobSpec,
    JobState, Op, Shortage, Side, Start, Strategy, Totals,
};
use crate::sys::Sys;
use chosen::Chosen;
use crew::{Crew, Hand};
use failures::Failures;
use files::Files;
pub use files::Sorted;
use flush::Naming;
pub use folded::Folded;
use folded::Lists;
use moving::Moving;
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

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
    /// Given up on a cancel.
    pub given_up: u64,
}

/// The device a job writes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Device {
    /// Not looked up yet.
    Unknown,
    /// Looked up, and could not be told: shares its turn with every other job.
    Hidden,
    /// This one.
    Known(u64),
}

/// A job.
#[derive(Debug)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "facts of their own; what must exclude each other is in the table of states"
)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// As asked for.
    pub spec: Arc<JobSpec>,
    /// When it may run.
    pub start: Start,
    /// Device it writes to; jobs that write to one device take turns.
    pub device: Device,
    /// What was measured on its route.
    pub best: Best,
    /// When it was added: its device is looked up since.
    pub added: Instant,
    state: JobState,
    crew: Option<Crew>,
    /// Workers, those that left excluded.
    pub hands: Vec<Hand>,
    next_worker: u16,
    /// Bytes moved by workers that have left.
    moved_before: u64,
    /// Of those, written and not merely shared.
    written_before: u64,
    /// Entries that workers of files that have left were through with.
    through_before: u64,
    /// Time that workers of files spent on a processor, as far as was looked.
    worked: Duration,
    /// Time they could have gone on and had no processor.
    waited: Duration,
    slices: Vec<Arc<Slice>>,
    /// Image sequences, and how far they have come.
    pub shots: Tracked,
    status: HashMap<FileId, Status>,
    /// Which entries have ended, and their list in other orders.
    files: Files,
    /// Conflicts that wait for an answer, with what is at the destination.
    pub parked: BTreeMap<FileId, Facts>,
    /// Conflicts that were answered and wait for the job to begin again.
    answered: BTreeMap<FileId, Facts>,
    /// The next run is about what was answered and nothing else.
    only_answered: bool,
    /// Failures the next run is about, by their places in the list; none: all of them.
    chosen: Vec<u32>,
    answers: Arc<Answers>,
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
    /// Names of one inode, over all runs of the job.
    links: Arc<Links>,
    /// Names that wait for the first one of their inode. Negative for a moment when the report of
    /// their end overtakes that of their beginning.
    waiting: i64,
    /// Large files in work.
    pub bigs: BTreeMap<FileId, Arc<Big>>,
    scan_ended: bool,
    begun: bool,
    /// Something was not scanned that nothing below stands for: trying again means everything.
    unseen: bool,
    /// Only what failed is scanned.
    retrying: bool,
    /// Times it began.
    runs: u32,
    retry_sources: Vec<usize>,
    /// What was counted in some of them though it could not be copied.
    lost_sources: HashMap<usize, Totals>,
    retry_subtrees: Vec<Subtree>,
    retry_dirs: Vec<Arc<Dir>>,
    /// Destination file systems; shared with the flush under way.
    targets: Vec<Arc<OwnedFd>>,
    /// Finds how many files in flight pay; `None` where their number is given.
    width: Option<Width>,
    /// Figures.
    pub pace: Pace,
    /// What was found.
    pub found: Totals,
    resized: i64,
    /// Bytes that will not be moved.
    pub left_out: u64,
    /// Those of them that a cancel gave up.
    pub given_up: u64,
    wasted: u64,
    /// Bytes shared.
    pub cloned: u64,
    flushed: u64,
    flushed_singly: u64,
    /// Bytes copied when the last flush began.
    flush_mark: u64,
    /// A flush of this run failed: what others would add comes with the last one.
    flush_failed: bool,
    /// A flush is under way, of this run or an earlier one.
    flushing: bool,
    flush_began: Option<Instant>,
    /// Files that wait for a flush, and for their names.
    naming: Naming,
    /// The last flush, for the screen.
    pub flush: Option<FlushView>,
    /// Counters.
    pub counts: Counts,
    /// What moved bytes.
    pub used: Vec<Used>,
    /// Rungs dropped, in words.
    pub dropped: Vec<(Strategy, String)>,
    /// Sources removed.
    pub removed: u64,
    moving: Moving,
    /// What the destination has too little of.
    pub shortage: Option<Shortage>,
    /// Paused by itself, until there is room.
    waits_for_room: bool,
    /// At the last step nobody was at work for lack of room.
    stands_still: bool,
    /// This run has met that there is no room.
    ran_short: bool,
    /// Things to know.
    pub notables: Notables,
    /// Every failure, in order.
    pub failures: Failures,
    /// They as a list.
    lists: Lists,
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
            device: Device::Unknown,
            best: Best::default(),
            added: clock::now(),
            state: JobState::Queued,
            crew: None,
            hands: Vec::new(),
            next_worker: 0,
            moved_before: 0,
            through_before: 0,
            worked: Duration::ZERO,
            waited: Duration::ZERO,
            written_before: 0,
            slices: Vec::new(),
            shots: Tracked::default(),
            status: HashMap::new(),
            files: Files::default(),
            parked: BTreeMap::new(),
            answered: BTreeMap::new(),
            only_answered: false,
            chosen: Vec::new(),
            answers: Arc::default(),
            next_slice: 0,
            next_file: 0,
            issued: 0,
            finished: 0,
            again: VecDeque::new(),
            held: BTreeMap::new(),
            resumed: HashSet::new(),
            links: Arc::default(),
            waiting: 0,
            bigs: BTreeMap::new(),
            scan_ended: false,
            begun: false,
            unseen: false,
            retrying: false,
            runs: 0,
            retry_sources: Vec::new(),
            lost_sources: HashMap::new(),
            retry_subtrees: Vec::new(),
            retry_dirs: Vec::new(),
            targets: Vec::new(),
            width: None,
            pace: Pace::default(),
            found: Totals::default(),
            resized: 0,
            left_out: 0,
            given_up: 0,
            wasted: 0,
            cloned: 0,
            flushed: 0,
            flushed_singly: 0,
            flush_mark: 0,
            flush_failed: false,
            flushing: false,
            flush_began: None,
            naming: Naming::default(),
            flush: None,
            counts: Counts::default(),
            used: Vec::new(),
            dropped: Vec::new(),
            removed: 0,
            moving: Moving::default(),
            shortage: None,
            waits_for_room: false,
            stands_still: false,
            ran_short: false,
            notables: Notables::default(),
            failures: Failures::default(),
            lists: Lists::default(),
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

    /// Bytes written, those of files that failed included: what the rates are about.
    fn bytes_written(&self) -> u64 {
        let written: u64 = self.hands.iter().map(|hand| hand.cell.written()).sum();
        self.written_before + written
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
            JobState::Scanning | JobState::Running | JobState::Flushing | JobState::Verifying
        ) {
            self.pace.rest();
            if let Some(width) = &mut self.width {
                width.pass();
            }
        }
    }

    /// Begins: scan and workers.
    pub fn begin(
        &mut self,
        sys: &Arc<dyn Sys>,
        reports: &mpsc::Sender<Report>,
        events: &mut Vec<Event>,
    ) {
        if self.is_move() && self.spec.durability == Durability::None {
            let words = "a move removes its sources only once its copies are on the device: it does not go with --sync none";
            self.fail_to_begin(words.to_owned(), events);
            return;
        }
        let filter = match Filter::new(&self.spec.filters) {
            Ok(filter) => filter,
            Err(words) => {
                self.fail_to_begin(words, events);
                return;
            }
        };
        let only_answered = std::mem::take(&mut self.only_answered);
        let anew = (self.unseen && !only_answered) || self.runs == 0;
        if anew && self.unseen {
            self.start_over();
        }
        let crew = match self.hire(sys, reports) {
            Ok(crew) => crew,
            Err(error) => {
                // What there was to do is still to do.
                self.unseen |= anew;
                self.take_answers_back();
                self.fail_to_begin(format!("no thread for a worker: {error}"), events);
                return;
            }
        };
        let mut chosen = Chosen::default();
        if only_answered {
            self.take_up_answered();
            chosen = self.take_up_chosen();
        } else if !anew {
            self.take_up_again();
        }
        self.runs += 1;
        self.ran_short = false;
        let assignment = Assignment {
            sources: if only_answered {
                chosen.sources
            } else if self.retrying {
                std::mem::take(&mut self.retry_sources)
            } else {
                self.unmoved()
            },
            subtrees: if only_answered {
                chosen.subtrees
            } else {
                std::mem::take(&mut self.retry_subtrees)
            },
            next: self.next_file,
            times: self.known_times(),
        };
        self.set_state(JobState::Scanning, events);
        if assignment.sources.is_empty() && assignment.subtrees.is_empty() {
            self.scan_ended = true;
            self.begun = true;
        } else {
            self.scan_ended = false;
            let scan = Scan::new(crew.shared.clone(), self.spec.clone(), filter);
            if let Err(error) = self.spawn_scan(&crew, scan, assignment) {
                self.own_failure(Op::Resolve, format!("no thread for the scan: {error}"));
                self.scan_ended = true;
                self.unseen = true;
            }
        }
        self.crew = Some(crew);
    }

    fn fail_to_begin(&mut self, words: String, events: &mut Vec<Event>) {
        self.set_state(JobState::Scanning, events);
        self.own_failure(Op::Resolve, words);
        self.set_state(JobState::Failed, events);
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
            below: 0,
        });
    }

    /// Hands out work and takes whatever step is due.
    pub fn advance(&mut self, now: Instant, events: &mut Vec<Event>) {
        match self.state {
            JobState::Scanning | JobState::Running => {
                self.feed();
                if self.bytes_copied() > 0 {
                    self.set_state(JobState::Running, events);
                }
                if self.is_copied() {
                    self.end_or_flush(now, events);
                } else {
                    self.flush_meanwhile(now);
                    self.pause_for_room(events);
                    self.adapt(now);
                }
            }
            JobState::Pausing
                if self
                    .crew
                    .as_ref()
                    .is_none_or(|crew| crew.shared.gate.is_quiet()) =>
            {
                self.set_state(JobState::Paused, events);
            }
            JobState::Verifying => self.advance_moving(events),
            JobState::Cancelling => {
                self.stop_moving();
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
                self.feed();
                if self.is_copied() {
                    self.next_flush(events);
                }
            }
            _ => {}
        }
        match self.state {
            JobState::Scanning | JobState::Running => {
                let done = self.counts.ended + self.naming.len() as u64;
                self.pace.feed(now, self.bytes_written(), done);
            }
            JobState::Flushing | JobState::Verifying => self.pace.feed_flush(now),
            _ => {}
        }
    }
}
