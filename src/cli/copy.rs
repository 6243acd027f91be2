//! `haul copy`: one job from beginning to end, followed without a screen.
//!
//! It speaks to the engine through a [`Client`] only, and decides nothing about the copy. Failures
//! are fetched by page from the engine's own list, so none is lost however fast they come; what the
//! update stream drops is asked for again. Everything here runs on the main thread.

use super::report::{Report, failure_line, shortage_line, space_line, summary_line};
use super::signals::{Came, Target};
use crate::clock;
use crate::exit::Exit;
use crate::proto::{
    Conflict, Event, Failure, JobId, JobSpec, JobState, JobView, Notice, Plan, PlanId, Request,
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
    /// A signal came.
    told: bool,
    /// The job was asked to stop because of it.
    cancelled: bool,
    room: RoomTold,
}

/// What of a destination without room was told.
#[derive(Clone, Copy, Debug, Default)]
struct RoomTold {
    /// The job waits for room where there is none.
    waits: bool,
    /// That there is none was said.
    short: bool,
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
            told: false,
            cancelled: false,
            room: RoomTold::default(),
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
        self.room.waits = spec.wait_for_space;
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
                    self.tell_shortage();
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
        self.cancel_if_told().await && self.ask(now).await
    }

    /// Says once that there is no room, and once that there is some again.
    fn tell_shortage(&mut self) {
        let Some(view) = &self.view else { return };
        let short = shortage_line(view);
        if short.is_some() == self.room.short {
            return;
        }
        self.room.short = short.is_some();
        let line = match short {
            Some(line) if self.room.waits => format!("{line}; waiting until there is room"),
            Some(line) => format!("{line}; no further file is begun"),
            None if view.state.is_final() => return,
            None => "there is room again, going on".to_owned(),
        };
        tracing::warn!("{line}");
        self.report.say(&line);
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
                .say("removing what is unfinished, and flushing what is whole so that it can stay; the same signal once more ends at once");
        }
        self.told = came.count > 0;
        self.cancel_if_told().await
    }

    /// The signal's own request may have gone out before the job was known, or before it existed.
    async fn cancel_if_told(&mut self) -> bool {
        match self.job {
            Some(job) if self.told && !self.cancelled => {
                self.cancelled = true;
                let keep_partial = false;
                let cancel = Request::Cancel { job, keep_partial };
                self.client.send(cancel).await.is_ok()
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

/// The summary of a plan that was not made, by what the program exits with.
pub fn no_plan(exit: Exit) -> Summary {
    let (state, failed) = match exit {
        Exit::Signal(_) => (JobState::Cancelled, 0),
        _ => (JobState::Failed, 1),
    };
    Summary {
        dry_run: true,
        ..without_job(state, failed)
    }
}

/// The summary of a plan: what would fail and what would be left as a conflict; nothing was copied.
pub fn summary_of_plan(plan: &Plan, conflict: Conflict) -> Summary {
    let exit = plan_exit(plan, conflict);
    let left = [0, plan.conflicts][usize::from(conflict == Conflict::Refuse)];
    let files = SummaryFiles {
        failed: plan.failing(),
        conflicts: left,
        ..SummaryFiles::default()
    };
    let state = match exit {
        Exit::Good => JobState::Done,
        _ => JobState::DoneWithFailures,
    };
    let short = plan.lack(conflict).map(|_| Notice {
        text: space_line(plan, conflict),
        count: 1,
    });
    Summary {
        dry_run: true,
        dirs: plan.found.dirs,
        notices: short.into_iter().collect(),
        ..Summary::bare(state, files)
    }
}

fn without_job(state: JobState, failed: u64) -> Summary {
    let files = SummaryFiles {
        failed,
        ..SummaryFiles::default()
    };
    Summary::bare(state, files)
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

/// What a dry run exits with: what the copy would, as far as can be told.
pub fn plan_exit(plan: &Plan, conflict: Conflict) -> Exit {
    if plan.failing() > 0 || plan.lack(conflict).is_some() {
        Exit::Failed
    } else if plan.conflicts > 0 && conflict == Conflict::Refuse {
        Exit::Conflicts
    } else {
        Exit::Good
    }
}

#[cfg(test)]
pub(in crate::cli) mod tests;
