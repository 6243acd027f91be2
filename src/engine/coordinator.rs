//! The coordinator: sole owner of every job, on the engine's thread.
//!
//! It waits for requests, reports and its tick, and never for anything else: work is offered with
//! `try_send`, threads are spawned and not joined, doors get what fits their channel. With no
//! active job it does not wake up at all.

use super::job::{Device, Job};
use super::report::{REPORTS, Report, What};
use super::worker::contain;
use super::{plan, profile, threads, view};
use crate::clock;
use crate::proto::{
    Best, Event, Hello, JobId, JobSpec, JobState, PlanId, Request, Snapshot, Start, Summary, Update,
};
use crate::sys::Sys;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, watch};

/// Gauges are read, and snapshots sent, so often while something is active.
const TICK: Duration = Duration::from_millis(50);

/// Answers and events for a door that does not read; beyond it events are dropped and counted.
const OUTBOX: usize = 1024;

/// A destination whose device is not known after so long does not answer: its job waits on, and
/// holds up nobody.
const SILENT: Duration = Duration::from_secs(5);

/// Failures in one page at most.
const PAGE: u32 = 200;

/// The engine's ends of a door's channels.
#[derive(Debug)]
pub struct Ends {
    /// Requests.
    pub requests: mpsc::Receiver<Request>,
    /// Everything but snapshots.
    pub updates: mpsc::Sender<Update>,
    /// Snapshots; latest wins.
    pub snapshots: watch::Sender<Arc<Snapshot>>,
}

struct Coordinator {
    sys: Arc<dyn Sys>,
    ends: Ends,
    reports_in: mpsc::Sender<Report>,
    jobs: Vec<Job>,
    next_job: u64,
    seq: u64,
    outbox: VecDeque<Update>,
    missed: u64,
    plan: Option<(PlanId, Arc<AtomicBool>)>,
    closing: bool,
    dirty: bool,
    /// A job has ended and no snapshot says so yet.
    ended: bool,
}

/// Serves one door until it asks for shutdown or goes away, and every job has stopped.
pub async fn run(sys: Arc<dyn Sys>, ends: Ends) {
    // A job that meets the limit must not take the others along.
    crate::sys::survive_file_size_limit();
    crate::sys::keep_own_permissions();
    let (reports_in, mut reports) = mpsc::channel(REPORTS);
    let mut this = Coordinator {
        sys,
        ends,
        reports_in,
        jobs: Vec::new(),
        next_job: 1,
        seq: 0,
        outbox: VecDeque::new(),
        missed: 0,
        plan: None,
        closing: false,
        dirty: true,
        ended: false,
    };
    this.tell(Update::Hello(Hello {
        schema: 1,
        version: env!("CARGO_PKG_VERSION").to_owned(),
    }));
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut requests_open = true;
    let updates = this.ends.updates.clone();
    loop {
        this.post();
        if this.closing && this.jobs.iter().all(|job| !job.state().is_active()) {
            break;
        }
        let now = clock::now();
        let moves = |job: &Job| job.state().is_active() || is_looked_up(job, now);
        let active = this.dirty || this.jobs.iter().any(moves);
        let waiting = !this.outbox.is_empty();
        tokio::select! {
            request = this.ends.requests.recv(), if requests_open => if let Some(request) = request { this.request(request) } else {
                // The door is gone without a word: nobody can watch, so everything stops.
                requests_open = false;
                this.close();
            },
            Some(report) = reports.recv() => this.report(report),
            _ = tick.tick(), if active => this.tick(),
            permit = updates.reserve(), if waiting => if permit.is_err() {
                this.outbox.clear();
            },
        }
        // Whatever else is waiting is taken in one go: one pass over the jobs serves all.
        for _ in 0..REPORTS {
            match reports.try_recv() {
                Ok(report) => this.report(report),
                Err(_) => break,
            }
        }
        this.advance();
        if this.ended {
            // Who waits for the end must not wait for the tick.
            this.show();
        }
    }
    this.post();
    this.publish();
}

/// True while others in the queue wait to hear which device it writes to: the clock ends that.
fn is_looked_up(job: &Job, now: Instant) -> bool {
    job.device == Device::Unknown
        && job.state() == JobState::Queued
        && now.saturating_duration_since(job.added) < SILENT
}

impl Coordinator {
    fn request(&mut self, request: Request) {
        self.dirty = true;
        let mut events = Vec::new();
        match request {
            Request::Add { spec, start } => {
                self.add(*spec, start, &mut events);
            }
            Request::Pause { job } => self.with(job, |job| job.pause(&mut events)),
            Request::Resume { job } => self.with(job, |job| job.resume(&mut events)),
            Request::PauseAll => self.jobs.iter_mut().for_each(|job| job.pause(&mut events)),
            Request::ResumeAll => self.jobs.iter_mut().for_each(|job| job.resume(&mut events)),
            Request::Cancel { job, keep_partial } => {
                self.with(job, |job| job.cancel(keep_partial, &mut events));
            }
            Request::CancelAtOnce { job } => self.with(job, |job| job.cancel_at_once()),
            Request::PauseFile { job, file } => self.with(job, |job| job.pause_file(file, true)),
            Request::ResumeFile { job, file } => self.with(job, |job| job.pause_file(file, false)),
            Request::CancelFile { job, file } => self.with(job, |job| {
                job.cancel_file(file);
                // It may have been the one that waited for room and looked for it.
                job.look_for_room(&mut events);
            }),
            Request::Move { job, by } => self.shift(job, by),
            Request::RetryFailed { job } => self.with(job, |job| {
                job.retry(&mut events);
            }),
            Request::RetryListed {
                job,
                by,
                list,
                from,
                count,
            } => self.with(job, |job| {
                job.retry_listed(by, list, (from, count), &mut events);
            }),
            Request::Remove { job } => self
                .jobs
                .retain(|known| known.id != job || !known.state().is_final()),
            Request::Failures { job, from, limit } => {
                let failures = self.jobs.iter().find(|known| known.id == job).map(|job| {
                    let limit = limit.min(PAGE) as usize;
                    job.failures
                        .iter()
                        .skip(from as usize)
                        .take(limit)
                        .cloned()
                        .collect()
                });
                self.tell(Update::Failures {
                    job,
                    from,
                    failures: failures.unwrap_or_default(),
                });
            }
            Request::FailureList {
                job,
                by,
                from,
                limit,
            } => {
                let reports = self.reports_in.clone();
                let known = self.jobs.iter_mut().find(|known| known.id == job);
                let limit = limit.min(PAGE);
                let page = known.and_then(|job| job.failures_page(by, from, limit, &reports));
                if let Some(page) = page {
                    let page = Box::new(page);
                    self.tell(Update::FailureList { job, page });
                }
            }
            Request::Files {
                job,
                order,
                from,
                limit,
            } => {
                let reports = self.reports_in.clone();
                let known = self.jobs.iter_mut().find(|known| known.id == job);
                let page =
                    known.and_then(|job| job.files_page(order, from, limit.min(PAGE), &reports));
                if let Some(page) = page {
                    let page = Box::new(page);
                    self.tell(Update::Files { job, page });
                }
            }
            Request::Throughput { job } => {
                let known = self.jobs.iter().find(|known| known.id == job);
                let (seconds, rates) = known.map(|job| job.pace.whole_run()).unwrap_or_default();
                self.tell(Update::Throughput {
                    job,
                    seconds,
                    rates,
                });
            }
            Request::StartNow { job } => self.with(job, Job::start_now),
            Request::Limit { job, rate } => self.with(job, |job| job.limit(rate)),
            Request::Workers { job, by } => self.with(job, |job| job.change_workers(by)),
            Request::Duplicate { job } => {
                let known = self.jobs.iter().find(|known| known.id == job);
                if let Some(spec) = known.map(|job| JobSpec::clone(&job.spec)) {
                    self.add(spec, Start::Queued, &mut events);
                }
            }
            Request::RemoveEnded => self.jobs.retain(|job| !job.is_over()),
            Request::Conflicts { job, from, limit } => {
                let known = self.jobs.iter().find(|known| known.id == job);
                let limit = limit.min(PAGE) as usize;
                let conflicts = known.map(|job| job.parked_page(from as usize, limit));
                self.tell(Update::Conflicts {
                    job,
                    from,
                    conflicts: conflicts.unwrap_or_default(),
                });
            }
            Request::Answer { job, file, with } => {
                self.with(job, |job| job.answer(file, with, &mut events));
            }
            Request::Plan { plan, spec } => {
                self.drop_plan(None);
                let stop = Arc::new(AtomicBool::new(false));
                self.plan = Some((plan, stop.clone()));
                let reports = self.reports_in.clone();
                if let Err(refused) = plan::spawn(self.sys.clone(), plan, *spec, stop, reports) {
                    self.plan = None;
                    self.tell(Update::Plan(refused));
                }
            }
            Request::DropPlan { plan } => self.drop_plan(Some(plan)),
            Request::Shutdown => self.close(),
        }
        self.say(events);
    }

    fn add(&mut self, spec: JobSpec, start: Start, events: &mut Vec<Event>) {
        let id = JobId(self.next_job);
        self.next_job += 1;
        tracing::info!(job = id.0, ?start, sources = spec.sources.len(), "added");
        let mut job = Job::new(id, spec, start);
        self.look_up_device(&mut job);
        self.jobs.push(job);
        events.push(Event::Added { job: id });
    }

    fn with(&mut self, id: JobId, act: impl FnOnce(&mut Job)) {
        if let Some(job) = self.jobs.iter_mut().find(|job| job.id == id) {
            act(job);
        }
    }

    fn shift(&mut self, id: JobId, by: i32) {
        let Some(at) = self.jobs.iter().position(|job| job.id == id) else {
            return;
        };
        let to = at
            .saturating_add_signed(by as isize)
            .min(self.jobs.len() - 1);
        let job = self.jobs.remove(at);
        self.jobs.insert(to, job);
    }

    fn drop_plan(&mut self, only: Option<PlanId>) {
        if let Some((plan, stop)) = &self.plan
            && only.is_none_or(|only| only == *plan)
        {
            stop.store(true, Ordering::Relaxed);
            self.plan = None;
        }
    }

    fn close(&mut self) {
        self.closing = true;
        self.drop_plan(None);
        let mut events = Vec::new();
        for job in &mut self.jobs {
            job.cancel(false, &mut events);
        }
        self.say(events);
    }

    fn report(&mut self, report: Report) {
        self.dirty = true;
        let mut events = Vec::new();
        match report.what {
            What::Plan(plan) => {
                if self
                    .plan
                    .as_ref()
                    .is_some_and(|(current, _)| *current == plan.plan)
                {
                    if plan.is_final {
                        self.plan = None;
                    }
                    self.tell(Update::Plan(plan));
                }
            }
            What::Sorted(sorted) => {
                let job = report.job;
                let known = self.jobs.iter_mut().find(|known| known.id == job);
                if let Some(page) = known.and_then(|job| job.take_sorted(*sorted)) {
                    let page = Box::new(page);
                    self.tell(Update::Files { job, page });
                }
            }
            What::Folded(folded) => {
                let job = report.job;
                let known = self.jobs.iter_mut().find(|known| known.id == job);
                if let Some(page) = known.and_then(|job| job.take_folded(*folded)) {
                    let page = Box::new(page);
                    self.tell(Update::FailureList { job, page });
                }
            }
            What::Device(device, best) => self.with(report.job, |job| {
                job.best = best;
                job.device = device.map_or(Device::Hidden, Device::Known);
            }),
            // Its worker looks again.
            What::Room(_) if self.room_is_anothers(report.job) => {}
            what => self.with(report.job, |job| job.take(what, &mut events)),
        }
        self.say(events);
    }

    /// True while another job that ran short on the same device goes on. Two that both found what the
    /// other had let go of would fill it together again, and begin anew without end.
    fn room_is_anothers(&self, id: JobId) -> bool {
        let Some(job) = self.jobs.iter().find(|job| job.id == id) else {
            return false;
        };
        let mut others = self.jobs.iter().filter(|other| other.id != id);
        let same_device = |a: &Job, b: &Job| match (a.device, b.device) {
            (Device::Known(a), Device::Known(b)) => a == b,
            _ => false,
        };
        others.any(|other| same_device(other, job) && other.goes_on_after_shortage())
    }

    fn tick(&mut self) {
        let now = clock::now();
        for job in &mut self.jobs {
            if job.state().is_active() {
                view::read_gauges(job, now);
            }
        }
        self.show();
    }

    /// Steps every job that has one to take, and begins those whose turn it is.
    fn advance(&mut self) {
        let now = clock::now();
        let mut events = Vec::new();
        for job in &mut self.jobs {
            job.advance(now, &mut events);
        }
        if !self.closing {
            for at in 0..self.jobs.len() {
                if self.jobs[at].state() == JobState::Queued && self.is_due(at) {
                    let (sys, reports) = (self.sys.clone(), self.reports_in.clone());
                    self.jobs[at].begin(&sys, &reports, &mut events);
                }
            }
        }
        self.say(events);
    }

    fn is_due(&self, at: usize) -> bool {
        let job = &self.jobs[at];
        let looked = job.device != Device::Unknown;
        if job.start == Start::Now {
            // What was measured on its route is known a moment later; a file system that hangs is
            // not waited for.
            let silent = || clock::now().saturating_duration_since(job.added) >= SILENT;
            return looked || job.spec.routes.is_empty() || silent();
        }
        looked && self.blocker(at).is_none()
    }

    /// The job that one in the queue waits for: active, on the same device, or queued before it.
    fn blocker(&self, at: usize) -> Option<JobId> {
        let job = &self.jobs[at];
        let now = clock::now();
        let same = |other: &Job| match (job.device, other.device) {
            (Device::Known(mine), Device::Known(theirs)) => mine == theirs,
            (_, Device::Unknown) => now.saturating_duration_since(other.added) < SILENT,
            _ => true,
        };
        self.jobs
            .iter()
            .enumerate()
            .filter(|(place, other)| *place != at && same(other))
            .find(|(place, other)| {
                let state = other.state();
                state.is_active()
                    || other.waits_for_room()
                    || (*place < at && state == JobState::Queued)
            })
            .map(|(_, other)| other.id)
    }

    /// Asks on a thread of its own: the destination may hang.
    fn look_up_device(&self, job: &mut Job) {
        let (sys, reports, id) = (self.sys.clone(), self.reports_in.clone(), job.id);
        let spec = job.spec.clone();
        let look = move || {
            let looked = contain(|| {
                let path = spec.dest.as_path();
                let parent = path
                    .parent()
                    .filter(|parent| !parent.as_os_str().is_empty());
                // What cannot be looked at is on no device that is known; the job itself meets the
                // reason, and tells it.
                let device = sys
                    .stat_path(path)
                    .or_else(|_| sys.stat_path(parent.unwrap_or(std::path::Path::new("."))))
                    .ok()
                    .map(|stat| stat.dev);
                let source = spec.sources.first();
                let source = source.and_then(|first| sys.stat_path(first.as_path()).ok());
                let best = match (source, device) {
                    (Some(source), Some(device)) => profile::best(&*sys, &spec, source.dev, device),
                    _ => Best::default(),
                };
                (device, best)
            });
            let (device, best) = looked.unwrap_or_default();
            // With the engine gone nobody needs the answer.
            drop(reports.blocking_send(Report {
                job: id,
                what: What::Device(device, best),
            }));
        };
        if let Err(error) = threads::spawn("haul-look", look) {
            tracing::error!("no thread to look up a device: {error}");
            // Nobody will ever say: it must not wait for that.
            job.device = Device::Hidden;
        }
    }

    /// Publishes a snapshot after the events that led to it: while some of them do not fit into the
    /// door's channel it waits, as a door that does not read those reads no snapshots either.
    fn show(&mut self) {
        self.post();
        if self.outbox.is_empty() {
            self.publish();
        } else {
            self.dirty = true;
        }
    }

    fn publish(&mut self) {
        self.dirty = false;
        self.ended = false;
        let now = clock::now();
        self.seq += 1;
        let jobs = (0..self.jobs.len())
            .map(|at| {
                let waits = self.jobs[at].state() == JobState::Queued;
                let waits_for = if waits { self.blocker(at) } else { None };
                view::view(&self.jobs[at], now, waits_for)
            })
            .collect();
        self.ends.snapshots.send_replace(Arc::new(Snapshot {
            seq: self.seq,
            jobs,
        }));
    }

    fn say(&mut self, events: Vec<Event>) {
        for event in events {
            self.dirty = true;
            let ended = match &event {
                Event::State { job, to, .. } if to.is_final() => Some(*job),
                _ => None,
            };
            self.tell(Update::Event(event));
            if let Some(id) = ended
                && let Some(job) = self.jobs.iter().find(|job| job.id == id)
            {
                self.ended = true;
                let summary = Summary::of(&view::view(job, clock::now(), None));
                self.tell(Update::Summary(Box::new(summary)));
            }
        }
    }

    /// Into the outbox. Answers and summaries always fit in: a door has at most as many requests
    /// on the way as its channel holds. Events give way.
    fn tell(&mut self, update: Update) {
        if self.outbox.len() >= OUTBOX && matches!(update, Update::Event(_)) {
            self.missed += 1;
            return;
        }
        if self.missed > 0 && self.outbox.len() < OUTBOX {
            let count = std::mem::take(&mut self.missed);
            self.outbox
                .push_back(Update::Event(Event::Missed { count }));
        }
        self.outbox.push_back(update);
    }

    fn post(&mut self) {
        while let Some(update) = self.outbox.pop_front() {
            match self.ends.updates.try_send(update) {
                Ok(()) => {}
                Err(mpsc::error::TrySendError::Full(update)) => {
                    self.outbox.push_front(update);
                    break;
                }
                Err(mpsc::error::TrySendError::Closed(_)) => {
                    self.outbox.clear();
                }
            }
        }
    }
}
