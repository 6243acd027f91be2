//! A followed job against an engine that is played by hand.

use super::*;
use crate::cli::report::{Progress, Verbosity};
use crate::proto::{BytePath, Durability, ErrorClass, Op, Side, Snapshot, Strategy, Totals};
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
        parked: 0,
        unnamed: 0,
        cancelled: 0,
        removed: 0,
        shortage: None,
        bytes_copied: 1 << 30,
        bytes_left_out: 0,
        bytes_cloned: 0,
        bytes_flushed: 0,
        rate: Some(400 << 20),
        rate_mean: 400 << 20,
        rate_range: None,
        limit: None,
        file_workers: 2,
        eta: Some((12, 20)),
        elapsed_ms: 3000,
        history: Vec::new(),
        workers: Vec::new(),
        in_flight: Vec::new(),
        shots: crate::proto::JobShots::default(),
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
        ..JobSpec::default()
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
        below: 0,
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
                // Every page comes twice, as it would had it been asked for again.
                for update in [update.clone(), update] {
                    if far.updates.send(update).await.is_err() {
                        return;
                    }
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
        let begun = clock::now();
        let (said, exit) = follow(|far, _tell| fail(far, count, lost));
        assert!(
            begun.elapsed() < PATIENCE,
            "waited for a page known to be lost"
        );
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
                Request::Cancel { job, .. } => {
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
        unreachable: 0,
        new_dirs: 0,
        new_bytes: 0,
        conflict_bytes: 0,
        newer_bytes: 0,
        free_inodes: None,
        conflicts: 1,
        samples: Vec::new(),
        free: None,
        problems: Vec::new(),
        more_problems: 0,
        shots: crate::proto::PlanShots::default(),
        preview: crate::proto::Preview::default(),
    };
    assert_eq!(plan_exit(&plan, Conflict::Refuse), Exit::Conflicts);
    assert_eq!(plan_exit(&plan, Conflict::Skip), Exit::Good);
    // What the policy does not copy needs no room.
    (plan.conflict_bytes, plan.newer_bytes) = (20, 10);
    (plan.free, plan.free_inodes) = (Some(10), Some(0));
    for (policy, exit) in [
        (Conflict::Skip, Exit::Good),
        (Conflict::Newer, Exit::Good),
        (Conflict::Overwrite, Exit::Failed),
        (Conflict::Rename, Exit::Failed),
    ] {
        assert_eq!(plan_exit(&plan, policy), exit, "{policy:?}");
        let told = summary_of_plan(&plan, policy);
        assert_eq!(told.notices.len(), usize::from(exit == Exit::Failed));
    }
    plan.problems.push(failure(1));
    assert_eq!(plan_exit(&plan, Conflict::Refuse), Exit::Failed);
}
