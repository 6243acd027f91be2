//! Drives an engine without a door: sends requests, keeps what comes back, never waits for ever.

use haul::proto::{
    BytePath, Conflict, Durability, Event, Failure, FailuresPage, FilesPage, Filters, JobId,
    JobSpec, JobState, JobView, Naming, Parked, Request, Snapshot, Start, Strategy, Summary,
    Tuning, Update,
};
use haul::session::{self, Client, Engine};
use haul::sys::{Call, Errno, Fault, FaultKind, Faulty, Real, Sys};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// Longer than anything here takes on a busy machine.
pub const LONG: Duration = Duration::from_secs(30);

/// A job with the defaults of the command line.
pub fn spec(source: &Path, dest: &Path) -> JobSpec {
    JobSpec {
        sources: vec![BytePath::from(source)],
        dest: BytePath::from(dest),
        naming: Naming::Cp,
        strategy: Strategy::Auto,
        tuning: Tuning::default(),
        conflict: Conflict::Refuse,
        durability: Durability::None,
        filters: Filters::default(),
        ..JobSpec::default()
    }
}

/// A job that gives the source the destination's name.
pub fn exact(source: &Path, dest: &Path, strategy: Strategy) -> JobSpec {
    JobSpec {
        naming: Naming::Exact,
        strategy,
        ..spec(source, dest)
    }
}

/// Every strategy that can copy between any two places.
pub fn copying() -> impl Iterator<Item = Strategy> {
    let all = Strategy::ALL.into_iter();
    all.filter(|strategy| *strategy != Strategy::Reflink)
}

/// The call by which a strategy moves bytes, where one call does.
pub fn mover(strategy: Strategy) -> Option<Call> {
    match strategy {
        Strategy::Baseline => Some(Call::StdCopy),
        Strategy::Buffered | Strategy::Parallel => Some(Call::ReadAt),
        Strategy::CopyFileRange => Some(Call::CopyRange),
        Strategy::Sendfile => Some(Call::SendFile),
        _ => None,
    }
}

/// A file system on which every new file has a name, as on those of other machines.
pub fn named() -> Arc<Faulty> {
    let fault = Fault {
        call: Some(Call::CreateNameless),
        nth: 0,
        sticky: true,
        kind: FaultKind::Fail(Errno::OPNOTSUPP),
    };
    Arc::new(Faulty::new(Arc::new(Real), Some(fault)))
}

/// What lies below a fault: where it strikes temporaries, a file system on which they have names.
pub fn below(call: Call) -> Arc<dyn Sys> {
    if matches!(
        call,
        Call::CreateNew | Call::TryLock | Call::RenameNew | Call::Close
    ) {
        named()
    } else {
        Arc::new(Real)
    }
}

/// A file system on which one call goes wrong.
pub fn faulty(call: Call, nth: u64, sticky: bool, kind: FaultKind) -> Arc<Faulty> {
    let fault = Fault {
        call: Some(call),
        nth,
        sticky,
        kind,
    };
    Arc::new(Faulty::new(below(call), Some(fault)))
}

/// A file system on which somebody else does something right before the `nth` call of a kind.
pub fn meanwhile(call: Call, nth: u64, act: impl Fn() + Send + Sync + 'static) -> Arc<Faulty> {
    Arc::new(Faulty::meanwhile(below(call), call, nth, act))
}

/// A file system on which every call of a kind takes so long.
pub fn slow(call: Call, delay: Duration) -> Arc<Faulty> {
    faulty(call, 0, true, FaultKind::Delay(delay))
}

/// An engine and everything it has said.
pub struct Driver {
    runtime: Runtime,
    client: Client,
    engine: Engine,
    /// Events in order.
    pub events: Vec<Event>,
    /// Summaries in order.
    pub summaries: Vec<Summary>,
    /// The newest snapshot.
    pub snapshot: Arc<Snapshot>,
    pages: Vec<Vec<Failure>>,
    conflicts: Vec<Vec<Parked>>,
    /// Pages of files in order.
    pub files: Vec<FilesPage>,
    /// Pages of folded failures in order.
    pub lists: Vec<FailuresPage>,
}

impl Driver {
    /// An engine on a system layer.
    pub fn on(sys: Arc<dyn Sys>) -> Self {
        let (client, engine) = session::local_with(sys).expect("an engine starts");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .expect("a runtime");
        Self {
            runtime,
            client,
            engine,
            events: Vec::new(),
            summaries: Vec::new(),
            snapshot: Arc::default(),
            pages: Vec::new(),
            conflicts: Vec::new(),
            files: Vec::new(),
            lists: Vec::new(),
        }
    }

    /// Sends a request.
    pub fn send(&mut self, request: Request) {
        let sent = self.runtime.block_on(self.client.send(request));
        sent.expect("the engine takes requests");
    }

    /// Takes one update; false when none came in time or the engine has ended.
    fn pump(&mut self, limit: Duration) -> bool {
        let client = &mut self.client;
        let next = self
            .runtime
            .block_on(async { tokio::time::timeout(limit, client.next()).await });
        match next {
            Ok(Some(update)) => self.keep(update),
            Ok(None) | Err(_) => return false,
        }
        true
    }

    fn keep(&mut self, update: Update) {
        match update {
            Update::Snapshot(snapshot) => self.snapshot = snapshot,
            Update::Event(event) => self.events.push(event),
            Update::Summary(summary) => self.summaries.push(*summary),
            Update::Failures { failures, .. } => self.pages.push(failures),
            Update::Conflicts { conflicts, .. } => self.conflicts.push(conflicts),
            Update::Files { page, .. } => self.files.push(*page),
            Update::FailureList { page, .. } => self.lists.push(*page),
            Update::Throughput { .. } => {}
            Update::Hello(_) | Update::Plan(_) => {}
        }
    }

    /// Waits until something is so; how long it took.
    pub fn until(&mut self, what: &str, mut so: impl FnMut(&Self) -> bool) -> Duration {
        let began = Instant::now();
        while !so(self) {
            let left = LONG.saturating_sub(began.elapsed());
            assert!(
                !left.is_zero(),
                "not {what} after {LONG:?}:\n{}",
                self.told()
            );
            self.pump(left.min(Duration::from_millis(100)));
        }
        began.elapsed()
    }

    /// Lets time pass.
    pub fn idle(&mut self, time: Duration) {
        let began = Instant::now();
        while let Some(left) = time
            .checked_sub(began.elapsed())
            .filter(|left| !left.is_zero())
        {
            self.pump(left);
        }
    }

    fn told(&self) -> String {
        let jobs: Vec<String> = self
            .snapshot
            .jobs
            .iter()
            .map(|job| format!("{:?} {:?} {:?}", job.id, job.state, job.last_failure))
            .collect();
        format!("{jobs:?}\n{:?}", self.events)
    }

    /// Adds a job; its id.
    pub fn add(&mut self, spec: &JobSpec, start: Start) -> JobId {
        let before = self.added().len();
        self.send(Request::Add {
            spec: Box::new(spec.clone()),
            start,
        });
        self.until("added", |driver| driver.added().len() > before);
        self.added()[before]
    }

    fn added(&self) -> Vec<JobId> {
        let added = |event: &Event| match event {
            Event::Added { job } => Some(*job),
            _ => None,
        };
        self.events.iter().filter_map(added).collect()
    }

    /// The states a job went to, in order.
    pub fn states(&self, id: JobId) -> Vec<JobState> {
        let entered = |event: &Event| match event {
            Event::State { job, to, .. } if *job == id => Some(*to),
            _ => None,
        };
        self.events.iter().filter_map(entered).collect()
    }

    /// The state as the events tell it.
    pub fn state(&self, id: JobId) -> JobState {
        self.states(id).last().copied().unwrap_or(JobState::Queued)
    }

    /// Waits for a state; how long it took.
    pub fn until_state(&mut self, id: JobId, state: JobState) -> Duration {
        self.until(&format!("{state:?}"), |driver| driver.state(id) == state)
    }

    /// Runs a job to its end, and the only one; the most workers it was seen to have at once.
    pub fn most_workers(&mut self, spec: JobSpec) -> usize {
        self.send(Request::Add {
            spec: Box::new(spec),
            start: Start::Now,
        });
        let mut most = 0;
        self.until("done", |driver| {
            let job = driver.snapshot.jobs.first();
            most = most.max(job.map_or(0, |job| job.workers.len()));
            job.is_some_and(|job| job.state == JobState::Done)
        });
        most
    }

    /// Waits until the job has ended; its last summary.
    pub fn until_ended(&mut self, id: JobId) -> Summary {
        let ends = |driver: &Self| {
            let states = driver.states(id);
            states.iter().filter(|state| state.is_final()).count()
        };
        let told = |driver: &Self| {
            let of_job = |summary: &&Summary| summary.job == id;
            driver.summaries.iter().filter(of_job).count()
        };
        self.until("ended", |driver| {
            driver.state(id).is_final() && told(driver) >= ends(driver)
        });
        let last = self
            .summaries
            .iter()
            .rev()
            .find(|summary| summary.job == id);
        last.expect("a summary came").clone()
    }

    /// The job in the newest snapshot.
    pub fn view(&self, id: JobId) -> Option<&JobView> {
        self.snapshot.jobs.iter().find(|job| job.id == id)
    }

    /// Waits until the snapshot says something of a job.
    pub fn until_view(&mut self, id: JobId, what: &str, so: impl Fn(&JobView) -> bool) -> JobView {
        self.until(what, |driver| driver.view(id).is_some_and(&so));
        self.view(id).expect("it was there").clone()
    }

    /// All failures of a job.
    pub fn failures(&mut self, job: JobId) -> Vec<Failure> {
        let mut all: Vec<Failure> = Vec::new();
        loop {
            let from = all.len() as u32;
            let before = self.pages.len();
            let limit = 200;
            self.send(Request::Failures { job, from, limit });
            self.until("listed", |driver| driver.pages.len() > before);
            let page = self.pages[before].clone();
            let full = page.len() == limit as usize;
            all.extend(page);
            if !full {
                return all;
            }
        }
    }

    /// The first parked conflicts of a job, up to the 200 of a page.
    pub fn parked(&mut self, job: JobId) -> Vec<Parked> {
        let before = self.conflicts.len();
        let (from, limit) = (0, 200);
        self.send(Request::Conflicts { job, from, limit });
        self.until("listed", |driver| driver.conflicts.len() > before);
        self.conflicts[before].clone()
    }

    /// Asks the engine to end and waits until it has; what it said last is kept.
    pub fn shut_down(mut self) -> Vec<JobView> {
        self.send(Request::Shutdown);
        let began = Instant::now();
        while self.pump(LONG) {
            assert!(began.elapsed() < LONG, "does not end:\n{}", self.told());
        }
        self.engine.join().expect("the engine did not panic");
        self.snapshot.jobs.clone()
    }

    /// Goes away without a word and waits for the engine to end.
    pub fn leave(self) {
        drop(self.client);
        self.engine.join().expect("the engine did not panic");
    }
}

/// How a job ended.
#[derive(Debug)]
pub struct Ended {
    /// Its summary.
    pub summary: Summary,
    /// Its last view.
    pub view: JobView,
    /// Its failures.
    pub failures: Vec<Failure>,
}

impl Ended {
    /// Fails unless everything was copied or skipped.
    pub fn assert_good(&self) {
        assert_eq!(self.summary.state, JobState::Done, "{:#?}", self.failures);
        assert!(self.failures.is_empty(), "{:#?}", self.failures);
        self.assert_balance();
    }

    /// Fails unless the figures add up.
    pub fn assert_balance(&self) {
        let view = &self.view;
        let of_entries = self.failures.iter().filter(|failure| {
            failure.file.is_some() && failure.class != haul::proto::ErrorClass::Conflict
        });
        let below: u64 = self.failures.iter().map(|failure| failure.below).sum();
        let failed = of_entries.count() as u64 + below;
        assert!(view.found_is_final, "the scan has ended");
        let listed = self.failures.len() as u64 + below;
        assert_eq!(view.failed + view.conflicts, listed);
        assert_eq!(
            view.copied + view.skipped + failed + view.conflicts,
            view.found.files,
            "entries do not add up: {self:#?}"
        );
        assert_eq!(view.files_done, view.found.files, "{self:#?}");
        assert_eq!(
            view.bytes_copied + view.bytes_left_out,
            view.found.bytes,
            "bytes do not add up: {self:#?}"
        );
        assert_eq!(view.state, self.summary.state);
        let bad = view.failed > 0 || view.conflicts > 0;
        let told = matches!(view.state, JobState::DoneWithFailures | JobState::Failed);
        assert_eq!(bad, told, "{self:#?}");
    }
}

/// Runs one job to its end.
pub fn run(sys: Arc<dyn Sys>, spec: &JobSpec) -> Ended {
    let mut driver = Driver::on(sys);
    let job = driver.add(spec, Start::Now);
    let summary = driver.until_ended(job);
    let failures = driver.failures(job);
    let view = driver.shut_down().remove(0);
    Ended {
        summary,
        view,
        failures,
    }
}

/// Runs one job on the real file systems.
pub fn run_real(spec: &JobSpec) -> Ended {
    run(Arc::new(Real), spec)
}
