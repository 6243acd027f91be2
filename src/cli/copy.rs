//! `haul copy`: one job from beginning to end, followed without a screen.
//!
//! It speaks to the engine through a [`Client`] only, and decides nothing about the copy. Failures
//! are fetched by page from the engine's own list, so none is lost however fast they come; what the
//! update stream drops is asked for again. Everything here runs on the main thread.

use super::report::{Report, failure_line, summary_line};
use super::signals::{Came, Target};
use crate::clock;
use crate::exit::Exit;
use crate::proto::{
    Conflict, ErrorClass, Event, Failure, JobId, JobSpec, JobState, JobView, Plan, PlanId, Request,
    Start, Summary, SummaryFiles, Update,
};
use crate::session::Client;
use crate::text;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Failures asked for at a time.
const PAGE: u32 = 200;

/// Time between two looks at the clock while no update comes.
const TICK: Duration = Duration::from_millis(500);

/// Time after which a page that did not come is asked for again.
const PATIENCE: Duration = Duration::from_secs(5);

/// One followed job.
pub struct Follower<'a> {
    client: &'a mut Client,
    report: &'a mut Report,
    target: Target,
    job: Option<JobId>,
    view: Option<JobView>,
    /// Failures printed so far: the index of the next one to ask for.
    printed: u32,
    /// When the page at `printed` was asked for.
    asked: Option<Instant>,
    /// What the engine listed and then would not give out.
    unlisted: bool,
    cancelled: bool,
}

impl<'a> Follower<'a> {
    /// Follows the one job that will be added through this client.
    pub fn new(client: &'a mut Client, report: &'a mut Report, target: Target) -> Self {
        Self {
            client,
            report,
            target,
            job: None,
            view: None,
            printed: 0,
            asked: None,
            unlisted: false,
            cancelled: false,
        }
    }

    /// Adds the job and follows it to its end; everything is printed by then.
    pub async fn run(mut self, spec: JobSpec, mut signals: watch::Receiver<Came>) -> Exit {
        tracing::info!(
            sources = spec.sources.len(),
            first = spec.sources.first().map(|source| tracing::field::display(text::shown(source.as_bytes()))),
            dest = %text::shown(spec.dest.as_bytes()),
            strategy = %spec.strategy,
            "copy begins"
        );
        let add = Request::Add {
            spec: Box::new(spec),
            start: Start::Now,
        };
        let mut alive = self.client.send(add).await.is_ok();
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut watched = true;
        while alive && !self.has_ended() {
            tokio::select! {
                update = self.client.next() => match update {
                    Some(update) => alive = self.take(&update).await,
                    None => alive = false,
                },
                changed = signals.changed(), if watched => {
                    watched = changed.is_ok();
                    let came = *signals.borrow_and_update();
                    alive = self.signalled(came).await;
                }
                _ = tick.tick() => alive = self.tick().await,
            }
        }
        let came = *signals.borrow();
        self.end(came)
    }

    fn has_ended(&self) -> bool {
        self.view.as_ref().is_some_and(|view| {
            view.state.is_final() && (self.unlisted || self.printed >= view.listed)
        })
    }

    async fn take(&mut self, update: &Update) -> bool {
        let now = clock::now();
        self.report.update(update, now);
        match update {
            Update::Snapshot(snapshot) => {
                if let Some(view) = snapshot.jobs.first() {
                    self.job = Some(view.id);
                    self.target.set(view.id);
                    self.view = Some(view.clone());
                }
            }
            Update::Event(Event::Added { job }) => {
                self.job = Some(*job);
                self.target.set(*job);
            }
            Update::Event(Event::Missed { .. }) => self.asked = None,
            Update::Failures { from, failures, .. } if *from == self.printed => {
                self.asked = None;
                self.print(failures);
            }
            _ => {}
        }
        self.ask(now).await
    }

    fn print(&mut self, failures: &[Failure]) {
        for failure in failures {
            tracing::warn!("{}", failure_line(failure));
            self.report.failure(failure);
        }
        self.printed += failures.len() as u32;
        let ended = self.view.as_ref().is_some_and(|view| view.state.is_final());
        self.unlisted = failures.is_empty() && ended;
    }

    /// Asks for what is listed and not printed yet, one page at a time.
    async fn ask(&mut self, now: Instant) -> bool {
        let listed = self.view.as_ref().map_or(0, |view| view.listed);
        let Some(job) = self.job.filter(|_| listed > self.printed) else {
            return true;
        };
        if self
            .asked
            .is_some_and(|asked| now.duration_since(asked) < PATIENCE)
        {
            return true;
        }
        self.asked = Some(now);
        let page = Request::Failures {
            job,
            from: self.printed,
            limit: PAGE,
        };
        self.client.send(page).await.is_ok()
    }

    async fn tick(&mut self) -> bool {
        let now = clock::now();
        if let Some(view) = &self.view {
            self.report.tick(view, now);
        }
        self.ask(now).await
    }

    async fn signalled(&mut self, came: Came) -> bool {
        if came.count == 2 {
            self.report
                .say("removing what is unfinished; the next signal ends at once");
        }
        // The signal's own request may have gone out before the job was known to exist.
        match self.job {
            Some(job) if came.count > 0 && !self.cancelled => {
                self.cancelled = true;
                self.client.send(Request::Cancel { job }).await.is_ok()
            }
            _ => true,
        }
    }

    fn end(self, came: Came) -> Exit {
        // The engine may have ended with a view that was never handed out.
        let last = self.client.snapshot().jobs.first().cloned();
        let view = last.or(self.view);
        let ended = view.as_ref().is_some_and(|view| view.state.is_final());
        if !ended && came.count == 0 {
            self.report.say("the copy engine ended before the job did");
        }
        let listed = view.as_ref().map_or(0, |view| view.listed);
        let unlisted = listed > self.printed;
        if unlisted {
            self.report.say(&format!(
                "{} more failures could not be listed",
                listed - self.printed
            ));
        }
        let summary = match &view {
            Some(view) => Summary::of(view),
            None if came.count > 0 => without_job(JobState::Cancelled, 0),
            None => nothing_done(),
        };
        tracing::info!("{}: {}", summary.state.word(), summary_line(&summary));
        self.report.end(&summary);
        let exit = if unlisted || self.report.output_failed() {
            Exit::Failed.worst(Exit::of(&summary))
        } else {
            Exit::of(&summary)
        };
        match came.first {
            0 => exit,
            number => exit.worst(Exit::Signal(number)),
        }
    }
}

/// The summary of a job that could not be begun.
pub fn nothing_done() -> Summary {
    without_job(JobState::Failed, 1)
}

fn without_job(state: JobState, failed: u64) -> Summary {
    Summary {
        job: JobId(0),
        state,
        files: SummaryFiles {
            failed,
            ..SummaryFiles::default()
        },
        dirs: 0,
        bytes_copied: 0,
        bytes_cloned: 0,
        elapsed_seconds: 0.0,
        bytes_per_second: 0,
        strategies: Vec::new(),
        notices: Vec::new(),
    }
}

/// Asks what the job would do and waits until it is counted. `None` when the engine ended or a
/// signal came first; the number is the signal's.
pub async fn plan(
    client: &mut Client,
    spec: JobSpec,
    mut signals: watch::Receiver<Came>,
) -> Result<Box<Plan>, Exit> {
    let request = Request::Plan {
        plan: PlanId(1),
        spec: Box::new(spec),
    };
    if client.send(request).await.is_err() {
        return Err(Exit::Failed);
    }
    let mut watched = true;
    loop {
        tokio::select! {
            update = client.next() => match update {
                Some(Update::Plan(plan)) if plan.is_final => return Ok(plan),
                Some(_) => {}
                None => return Err(match signals.borrow().first {
                    0 => Exit::Failed,
                    number => Exit::Signal(number),
                }),
            },
            changed = signals.changed(), if watched => {
                watched = changed.is_ok();
                let came = *signals.borrow_and_update();
                if came.count > 0 {
                    return Err(Exit::Signal(came.first));
                }
            }
        }
    }
}

/// What a dry run exits with.
pub fn plan_exit(plan: &Plan, conflict: Conflict) -> Exit {
    let only_conflicts = plan
        .problems
        .iter()
        .all(|problem| problem.class == ErrorClass::Conflict);
    if !only_conflicts {
        Exit::Failed
    } else if plan.conflicts > 0 && conflict == Conflict::Refuse {
        Exit::Conflicts
    } else {
        Exit::Good
    }
}

#[cfg(test)]
pub(in crate::cli) mod tests {
    use super::*;
    use crate::cli::report::{Progress, Verbosity};
    use crate::proto::{BytePath, Durability, Op, Side, Snapshot, Strategy, Totals};
    use std::cell::RefCell;
    use std::rc::Rc;
    use std::sync::Arc;
    use tokio::sync::mpsc;

    /// A job a quarter through.
    pub fn view(state: JobState) -> JobView {
        JobView {
            id: JobId(1),
            state,
            source: "a".into(),
            sources: 1,
            dest: "b".into(),
            strategy: Strategy::Auto,
            conflict: Conflict::Refuse,
            durability: Durability::Job,
            start: Start::Now,
            waits_for: None,
            found: Totals {
                files: 40,
                bytes: 4 << 30,
                dirs: 2,
            },
            found_is_final: true,
            files_done: 10,
            copied: 10,
            skipped: 0,
            failed: 0,
            conflicts: 0,
            bytes_copied: 1 << 30,
            bytes_left_out: 0,
            bytes_cloned: 0,
            bytes_flushed: 0,
            rate: Some(400 << 20),
            rate_mean: 400 << 20,
            eta: Some((12, 20)),
            elapsed_ms: 3000,
            history: Vec::new(),
            workers: Vec::new(),
            in_flight: Vec::new(),
            flush: None,
            used: Vec::new(),
            notices: Vec::new(),
            listed: 0,
            last_failure: None,
        }
    }

    /// Remembers what is said.
    #[derive(Clone, Default)]
    struct Heard(Rc<RefCell<Vec<String>>>);

    impl Progress for Heard {
        fn show(&mut self, _view: &JobView, _now: Instant) {}
        fn say(&mut self, line: &str) {
            self.0.borrow_mut().push(line.to_owned());
        }
        fn clear(&mut self) {}
        fn wants_summary(&self) -> bool {
            true
        }
    }

    /// The engine's end of a hand-made session.
    struct Far {
        requests: mpsc::Receiver<Request>,
        updates: mpsc::Sender<Update>,
        snapshots: watch::Sender<Arc<Snapshot>>,
    }

    impl Far {
        fn show(&self, view: JobView) {
            let seq = self.snapshots.borrow().seq + 1;
            let jobs = vec![view];
            self.snapshots
                .send_replace(Arc::new(Snapshot { seq, jobs }));
        }
    }

    fn spec() -> JobSpec {
        JobSpec {
            sources: vec!["a".into()],
            dest: "b".into(),
            naming: crate::proto::Naming::Cp,
            strategy: Strategy::Auto,
            tuning: crate::proto::Tuning::default(),
            conflict: Conflict::Refuse,
            durability: Durability::Job,
            filters: crate::proto::Filters::default(),
        }
    }

    fn failure(number: u32) -> Failure {
        Failure {
            file: None,
            op: Op::Read,
            side: Side::Source,
            path: BytePath::from(format!("f{number}").as_str()),
            errno: Some(5),
            offset: None,
            class: ErrorClass::Device,
            reason: "Input/output error".to_owned(),
        }
    }

    /// Follows a job that `engine` plays; gives back what was said and the exit.
    fn follow<F: Future<Output = ()>>(
        engine: impl FnOnce(Far, watch::Sender<Came>) -> F,
    ) -> (Vec<String>, Exit) {
        let (requests, far_requests) = mpsc::channel(8);
        let (far_updates, updates) = mpsc::channel(4);
        let (far_snapshots, snapshots) = watch::channel(Arc::new(Snapshot::default()));
        let (tell, told) = watch::channel(Came::default());
        let mut client = Client::new(requests, updates, snapshots);
        let far = Far {
            requests: far_requests,
            updates: far_updates,
            snapshots: far_snapshots,
        };
        let heard = Heard::default();
        let mut report = Report::new(Box::new(heard.clone()), None, Verbosity::Normal);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .expect("a runtime");
        let follower = Follower::new(&mut client, &mut report, Target::default());
        let (exit, ()) =
            runtime.block_on(async { tokio::join!(follower.run(spec(), told), engine(far, tell)) });
        let said = heard.0.borrow().clone();
        (said, exit)
    }

    /// Plays a job that ends with so many failures, in pages of 200, `lost` pages getting lost.
    async fn fail(mut far: Far, count: u32, mut lost: u32) {
        let mut job = view(JobState::Running);
        while let Some(request) = far.requests.recv().await {
            match request {
                Request::Add { .. } => {
                    job.listed = count / 3;
                    far.show(job.clone());
                    tokio::task::yield_now().await;
                    job.state = JobState::DoneWithFailures;
                    (job.listed, job.failed) = (count, u64::from(count));
                    far.show(job.clone());
                }
                Request::Failures { job, from, limit } => {
                    let to = count.min(from + limit.min(200));
                    let page = Update::Failures {
                        job,
                        from,
                        failures: (from..to).map(failure).collect(),
                    };
                    let update = if lost > 0 {
                        lost -= 1;
                        Update::Event(Event::Missed { count: 1 })
                    } else {
                        page
                    };
                    if far.updates.send(update).await.is_err() {
                        return;
                    }
                    if to == count && lost == 0 {
                        return;
                    }
                }
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn every_failure_is_printed_once_and_in_order() {
        for (count, lost) in [(1, 0), (200, 0), (450, 0), (450, 2)] {
            let (said, exit) = follow(|far, _tell| fail(far, count, lost));
            let expected: Vec<String> = (0..count)
                .map(|number| format!("haul: cannot read 'f{number}': Input/output error"))
                .collect();
            assert_eq!(said[..said.len() - 1], expected, "{count} with {lost} lost");
            assert!(said[said.len() - 1].contains(&format!("{count} failed")));
            assert_eq!(exit, Exit::Failed);
        }
    }

    #[test]
    fn an_engine_that_lists_what_it_does_not_give_is_told_of() {
        let (said, exit) = follow(|mut far, _tell| async move {
            let mut job = view(JobState::Done);
            job.listed = 3;
            while let Some(request) = far.requests.recv().await {
                match request {
                    Request::Add { .. } => far.show(job.clone()),
                    Request::Failures { job, from, .. } => {
                        let failures = Vec::new();
                        let page = Update::Failures {
                            job,
                            from,
                            failures,
                        };
                        far.updates.send(page).await.expect("read");
                        return;
                    }
                    other => panic!("{other:?}"),
                }
            }
        });
        assert_eq!(said[0], "haul: 3 more failures could not be listed");
        assert_eq!(exit, Exit::Failed);
    }

    #[test]
    fn a_signal_cancels_and_names_itself_in_the_exit_code() {
        let (said, exit) = follow(|mut far, tell| async move {
            while let Some(request) = far.requests.recv().await {
                match request {
                    Request::Add { .. } => {
                        far.show(view(JobState::Running));
                        tell.send_replace(Came {
                            count: 1,
                            first: 15,
                        });
                    }
                    Request::Cancel { job } => {
                        assert_eq!(job, JobId(1));
                        tell.send_replace(Came {
                            count: 2,
                            first: 15,
                        });
                        tokio::task::yield_now().await;
                        far.show(view(JobState::Cancelled));
                        return;
                    }
                    other => panic!("{other:?}"),
                }
            }
        });
        assert_eq!(exit.code(), 143);
        assert!(
            said.iter().any(|line| line.starts_with("stopped: ")),
            "{said:?}"
        );
    }

    #[test]
    fn an_engine_that_ends_too_early_is_a_failure() {
        let (said, exit) = follow(|far, _tell| async move {
            far.show(view(JobState::Running));
        });
        assert_eq!(said[0], "haul: the copy engine ended before the job did");
        assert_eq!(exit, Exit::Failed);
    }

    #[test]
    fn a_dry_run_exits_as_the_copy_would() {
        let mut plan = Plan {
            plan: PlanId(1),
            is_final: true,
            found: Totals::default(),
            new: 0,
            identical: 0,
            identical_bytes: 0,
            conflicts: 1,
            samples: Vec::new(),
            free: None,
            problems: Vec::new(),
            preview: crate::proto::Preview::default(),
        };
        assert_eq!(plan_exit(&plan, Conflict::Refuse), Exit::Conflicts);
        assert_eq!(plan_exit(&plan, Conflict::Skip), Exit::Good);
        plan.problems.push(failure(1));
        assert_eq!(plan_exit(&plan, Conflict::Refuse), Exit::Failed);
    }
}
