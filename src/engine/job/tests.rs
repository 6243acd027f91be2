//! A job stepped by hand: what its threads report arrives when the test says so.

use super::*;
use crate::engine::report::{REPORTS, What};
use crate::engine::threads::refusal::refuse;
use crate::proto::{BytePath, Durability, Request, Update};
use crate::sys::{Call, Errno, Fault, FaultKind, Faulty, Real};
use std::path::Path;
use std::time::Duration;

struct Bench {
    job: Job,
    sys: Arc<Faulty>,
    reports_in: mpsc::Sender<Report>,
    reports: mpsc::Receiver<Report>,
    events: Vec<Event>,
    dir: tempfile::TempDir,
}

impl Bench {
    /// A job with `--sync job`, and something that goes wrong.
    fn new(fault: Option<Fault>) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::create_dir(dir.path().join("from")).expect("made");
        std::fs::write(dir.path().join("from/file"), "content").expect("written");
        let spec = JobSpec {
            sources: vec![BytePath::from(dir.path().join("from"))],
            dest: BytePath::from(dir.path().join("to")),
            durability: Durability::Job,
            // A clone has nothing to flush.
            strategy: Strategy::Buffered,
            ..JobSpec::default()
        };
        let (reports_in, reports) = mpsc::channel(REPORTS);
        Self {
            job: Job::new(JobId(1), spec, Start::Now),
            sys: Arc::new(Faulty::new(Arc::new(Real), fault)),
            reports_in,
            reports,
            events: Vec::new(),
            dir,
        }
    }

    fn begin(&mut self) {
        let sys: Arc<dyn Sys> = self.sys.clone();
        self.job.begin(&sys, &self.reports_in, &mut self.events);
    }

    /// Takes reports until something is so.
    fn until(&mut self, what: &str, so: impl Fn(&Job) -> bool) {
        let began = clock::now();
        while !so(&self.job) {
            assert!(
                began.elapsed() < Duration::from_secs(20),
                "not {what}: {:?} {:#?}",
                self.job.state,
                self.job.failures
            );
            self.job.advance(clock::now(), &mut self.events);
            match self.reports.try_recv() {
                Ok(report) => self.job.take(report.what, &mut self.events),
                Err(_) => std::thread::sleep(Duration::from_millis(2)),
            }
        }
    }

    fn flushes(&self) -> usize {
        let calls = self.sys.calls();
        calls.iter().filter(|call| **call == Call::SyncFs).count()
    }

    /// In mid-copy: the file waits for its name, so many bytes are copied, and the scan goes on.
    fn copying(&mut self, bytes: u64) {
        self.begin();
        let mut scanned = false;
        while self.job.naming.is_empty() || !scanned {
            self.job.advance(clock::now(), &mut self.events);
            match self.reports.blocking_recv().expect("there is more").what {
                What::ScanEnded { .. } => scanned = true,
                what => self.job.take(what, &mut self.events),
            }
        }
        self.job.begun = true;
        self.job.moved_before += bytes;
    }

    fn at(&self, call: Call) -> Option<usize> {
        self.sys.calls().iter().position(|made| *made == call)
    }
}

fn sync_fs(sticky: bool, kind: FaultKind) -> Fault {
    Fault {
        call: Some(Call::SyncFs),
        nth: 0,
        sticky,
        kind,
    }
}

const A_LOT: u64 = 1 << 30;
const A_WHILE: Duration = Duration::from_millis(300);

#[test]
fn a_flush_that_fails_beside_the_copy_is_not_repeated() {
    let mut bench = Bench::new(Some(sync_fs(true, FaultKind::Fail(Errno::IO))));
    bench.copying(A_LOT);
    bench.until("named", |job| job.flush_failed && job.counts.copied == 1);
    assert!(
        bench.at(Call::Sync) < bench.at(Call::RenameNew),
        "by itself"
    );
    assert!(bench.job.failures.is_empty(), "nothing was lost");
    for _ in 0..20 {
        bench.job.moved_before += A_LOT;
        bench.job.advance(clock::now(), &mut bench.events);
        std::thread::sleep(Duration::from_millis(2));
        while let Ok(report) = bench.reports.try_recv() {
            bench.job.take(report.what, &mut bench.events);
        }
    }
    assert_eq!(bench.flushes(), 1);
    bench.job.scan_ended = true;
    bench.until("ended", |job| job.state.is_final());
    assert_eq!(bench.job.state, JobState::DoneWithFailures);
    assert_eq!(bench.flushes(), 2, "the last one is made all the same");
    assert_eq!((bench.job.failures.len(), bench.job.counts.failed), (1, 1));
}

#[test]
fn the_flush_phase_begins_with_the_last_byte() {
    let mut bench = Bench::new(Some(sync_fs(true, FaultKind::Delay(A_WHILE))));
    bench.copying(A_LOT);
    bench.job.advance(clock::now(), &mut bench.events);
    assert!(bench.job.flushing, "beside the copy");
    bench.job.scan_ended = true;
    bench.job.advance(clock::now(), &mut bench.events);
    assert_eq!(bench.job.state, JobState::Flushing);
    bench.until("ended", |job| job.state.is_final());
    assert_eq!(bench.job.state, JobState::Done);
    assert_eq!(bench.flushes(), 2, "another follows the one under way");
}

/// A run is cancelled while it flushes, and the job begins again.
fn flush_of_an_earlier_run(kind: FaultKind) -> Bench {
    let mut bench = Bench::new(Some(sync_fs(false, kind)));
    bench.begin();
    bench.until("flushing", |job| job.state == JobState::Flushing);
    bench.job.cancel(false, &mut bench.events);
    bench.job.cancel_at_once();
    bench.until("cancelled", |job| job.state == JobState::Cancelled);
    assert_eq!(bench.job.counts.copied, 0);
    assert_eq!(
        bench.at(Call::RenameNew),
        None,
        "named before it was flushed"
    );
    let from = bench.dir.path().join("from");
    std::fs::write(from.join("more"), "content").expect("written");
    bench.job.unseen = true;
    assert!(bench.job.retry(&mut bench.events));
    bench.begin();
    bench
}

#[test]
fn a_flush_of_an_earlier_run_does_not_end_this_one() {
    let mut bench = flush_of_an_earlier_run(FaultKind::Delay(A_WHILE));
    bench.until("flushing", |job| job.state == JobState::Flushing);
    assert_eq!(bench.flushes(), 1, "one at a time");
    bench.until("ended", |job| job.state.is_final());
    assert_eq!(bench.job.state, JobState::Done);
    assert_eq!(bench.flushes(), 3, "its own two were waited for");
    assert!(Path::new(&bench.dir.path().join("to/more")).exists());
}

#[test]
fn a_name_is_given_after_the_flush_and_flushed_itself() {
    let mut bench = Bench::new(None);
    bench.begin();
    bench.until("ended", |job| job.state.is_final());
    assert_eq!(bench.job.state, JobState::Done);
    let calls = bench.sys.calls();
    let order = calls.iter().filter(|call| {
        matches!(
            call,
            Call::WriteAt | Call::CopyRange | Call::SyncFs | Call::RenameNew
        )
    });
    let order: Vec<Call> = order.copied().collect();
    let moved = order[0];
    assert_eq!(order, [moved, Call::SyncFs, Call::RenameNew, Call::SyncFs]);
    assert_eq!(bench.at(Call::Sync), None, "one flush for all");
}

#[test]
fn what_is_whole_gets_its_name_on_a_cancel_and_after_a_flush() {
    for under_way in [false, true] {
        let mut bench = Bench::new(Some(sync_fs(true, FaultKind::Delay(A_WHILE))));
        if under_way {
            bench.begin();
            bench.until("flushing", |job| job.state == JobState::Flushing);
        } else {
            bench.copying(1);
            bench.job.scan_ended = true;
        }
        bench.job.cancel(false, &mut bench.events);
        bench.until("cancelled", |job| job.state == JobState::Cancelled);
        let counts = bench.job.counts;
        assert_eq!((counts.copied, counts.given_up), (1, 0), "{under_way}");
        assert!(bench.at(Call::SyncFs) < bench.at(Call::RenameNew));
        assert_eq!(bench.flushes(), 1);
        assert!(bench.dir.path().join("to/file").exists());
    }
}

#[test]
fn a_cancel_of_the_last_flush_is_not_waited_for() {
    let fault = Fault {
        nth: 1,
        ..sync_fs(false, FaultKind::Delay(A_WHILE))
    };
    let mut bench = Bench::new(Some(fault));
    bench.begin();
    bench.until("in place", |job| {
        job.state == JobState::Flushing && job.counts.copied == 1 && job.flushing
    });
    bench.job.cancel(false, &mut bench.events);
    assert_eq!(bench.job.state, JobState::Cancelled);
}

#[test]
fn without_a_thread_for_the_flush_each_file_is_flushed_by_itself() {
    let mut bench = Bench::new(None);
    bench.begin();
    refuse(Some("haul-flush"));
    bench.until("ended", |job| job.state.is_final());
    refuse(None);
    assert_eq!(bench.job.counts.copied, 1);
    assert!(bench.at(Call::Sync) < bench.at(Call::RenameNew));
    assert_eq!(
        bench.job.state,
        JobState::DoneWithFailures,
        "the names are not"
    );
}

/// What it was about is not copied again.
#[test]
fn a_failed_flush_of_an_earlier_run_is_told() {
    let mut bench = Bench::new(None);
    bench.begin();
    bench.until("in place", |job| {
        job.state == JobState::Flushing && job.counts.copied == 1
    });
    let stale = Flushed {
        run: 0,
        last: true,
        result: Err(Box::new(
            crate::engine::failure::dest(Op::Flush)(Errno::IO)
                .failure(None, BytePath::from(bench.dir.path())),
        )),
    };
    bench.job.flushed(stale, &mut bench.events);
    assert_eq!(bench.job.state, JobState::Flushing, "it goes on");
    bench.until("ended", |job| job.state.is_final());
    assert_eq!(bench.job.state, JobState::DoneWithFailures);
    assert_eq!(bench.job.failures[0].op, Op::Flush);
}

#[test]
fn a_job_without_a_thread_fails_and_can_be_tried_again() {
    for prefix in ["haul-w", "haul-scan"] {
        let mut bench = Bench::new(None);
        refuse(Some(prefix));
        bench.begin();
        bench.until("failed", |job| job.state == JobState::Failed);
        refuse(None);
        assert_eq!((bench.job.failures.len(), bench.job.counts.failed), (1, 1));
        assert!(bench.job.failures[0].reason.contains("no thread"));
        assert!(bench.job.retry(&mut bench.events), "{prefix}");
        bench.begin();
        bench.until("ended", |job| job.state.is_final());
        assert_eq!(bench.job.state, JobState::Done, "{prefix}");
        assert!(bench.job.failures.is_empty());
    }
}

#[test]
fn a_last_flush_without_a_thread_ends_the_job() {
    let mut bench = Bench::new(None);
    bench.copying(0);
    refuse(Some("haul-flush"));
    bench.job.scan_ended = true;
    bench.until("ended", |job| job.state.is_final());
    refuse(None);
    assert_eq!(bench.job.state, JobState::DoneWithFailures);
    assert_eq!(bench.job.failures[0].op, Op::Flush);
}

#[test]
fn a_device_that_nobody_can_look_up_is_hidden() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime");
    let (requests, requests_out) = mpsc::channel(8);
    let (updates, mut updates_out) = mpsc::channel(64);
    let ends = crate::engine::Ends {
        requests: requests_out,
        updates,
        snapshots: tokio::sync::watch::channel(Arc::default()).0,
    };
    let bench = Bench::new(None);
    refuse(Some("haul-look"));
    let asked = async {
        let add = Request::Add {
            spec: Box::new(JobSpec::clone(&bench.job.spec)),
            start: Start::Queued,
        };
        requests.send(add).await.expect("taken");
        loop {
            if let Update::Summary(summary) = updates_out.recv().await.expect("alive") {
                break summary.state;
            }
        }
    };
    let limit = Duration::from_secs(20);
    let state = runtime.block_on(async {
        tokio::select! {
            state = tokio::time::timeout(limit, asked) => state.expect("it began"),
            () = crate::engine::run(bench.sys.clone(), ends) => unreachable!("nobody said so"),
        }
    });
    refuse(None);
    assert_eq!(state, JobState::Done);
}
