//! The engine where two things meet: retry and permissions, pause and trouble, a queue and a
//! destination that does not answer.

use crate::support::engine::{Driver, slow, spec};
use crate::support::privileges::without_override;
use crate::support::scratch::Scratch;
use crate::support::tree::{self, Dice};
use crate::support::walk::{assert_same, temporaries};
use haul::proto::{JobSpec, JobState, JobView, Naming, Request, Start, Strategy};
use haul::sys::{Call, Errno, Fault, FaultKind, Faulty, Real, Sys};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

fn once(call: Call, nth: u64, kind: FaultKind) -> Fault {
    Fault {
        call: Some(call),
        nth,
        sticky: false,
        kind,
    }
}

fn faulty(inner: Arc<dyn Sys>, fault: Fault) -> Arc<Faulty> {
    Arc::new(Faulty::new(inner, Some(fault)))
}

/// One worker, small pieces, lanes from a mebibyte on.
fn job(source: &Path, dest: &Path, strategy: Strategy) -> JobSpec {
    let mut job = spec(source, dest);
    job.naming = Naming::Exact;
    job.strategy = strategy;
    job.tuning.file_workers = Some(1);
    job.tuning.buffer_size = Some(64 << 10);
    job.tuning.parallel_min_size = Some(1 << 20);
    job.tuning.chunk_size = Some(1);
    job.tuning.chunk_workers = Some(3);
    job
}

/// The mode that keeps everybody from writing was applied when the directory completed.
#[test]
fn what_failed_in_a_protected_directory_can_be_tried_again() {
    for call in [Call::WriteAt, Call::MakeDir] {
        without_override(|| {
            let scratch = Scratch::quick();
            let (from, to) = (scratch.dir("source"), scratch.at("to"));
            scratch.dir("source/d/e");
            scratch.file("source/d/one", "one");
            scratch.file("source/d/e/two", "two");
            tree::set_mode(&from.join("d/e"), 0o555);
            tree::set_mode(&from.join("d"), 0o555);
            // The third directory is `e`; the first write is in `d` or below.
            let nth = if call == Call::MakeDir { 2 } else { 0 };
            let fault = once(call, nth, FaultKind::Fail(Errno::IO));
            let mut driver = Driver::on(faulty(Arc::new(Real), fault));
            let id = driver.add(&job(&from, &to, Strategy::Buffered), Start::Now);
            let first = driver.until_ended(id);
            assert_eq!(first.state, JobState::DoneWithFailures, "{call:?}");
            driver.send(Request::RetryFailed { job: id });
            driver.until("begun again", |driver| {
                driver.states(id).contains(&JobState::Queued)
            });
            let second = driver.until_ended(id);
            let failures = driver.failures(id);
            assert_eq!(second.state, JobState::Done, "{call:?}: {failures:#?}");
            driver.shut_down();
            assert_same(&from, &to);
        });
    }
}

/// Trouble that passes, in a file that several lanes are on.
#[test]
fn a_large_file_is_begun_again_by_itself() {
    for nth in [0, 3, 40] {
        let scratch = Scratch::quick();
        let (from, to) = (scratch.dir("source"), scratch.at("to"));
        scratch.file("source/large", Dice::new(1).bytes(7 << 20));
        let fault = once(Call::WriteAt, nth, FaultKind::Fail(Errno::STALE));
        let sys = faulty(Arc::new(Real), fault);
        let mut driver = Driver::on(sys.clone());
        let id = driver.add(&job(&from, &to, Strategy::Parallel), Start::Now);
        let summary = driver.until_ended(id);
        assert_eq!(sys.hit(), Some(Call::WriteAt));
        let failures = driver.failures(id);
        assert_eq!(summary.state, JobState::Done, "{failures:#?}");
        let view = driver.shut_down().remove(0);
        assert_eq!(view.bytes_copied, 7 << 20);
        assert_eq!((view.copied, view.files_done), (1, 1));
        assert!(temporaries(&to).is_empty());
        assert_same(&from, &to);
    }
}

/// Trouble that does not pass ends after the attempts that were asked for, and is told once.
#[test]
fn a_large_file_is_not_begun_again_for_ever() {
    let scratch = Scratch::quick();
    let (from, to) = (scratch.dir("source"), scratch.at("to"));
    scratch.file("source/large", Dice::new(1).bytes(7 << 20));
    let fault = Fault {
        sticky: true,
        ..once(Call::WriteAt, 5, FaultKind::Fail(Errno::STALE))
    };
    let sys = faulty(Arc::new(Real), fault);
    let mut driver = Driver::on(sys.clone());
    let mut spec = job(&from, &to, Strategy::Parallel);
    spec.retries = 2;
    let id = driver.add(&spec, Start::Now);
    let summary = driver.until_ended(id);
    assert_eq!(summary.state, JobState::DoneWithFailures);
    assert_eq!(driver.failures(id).len(), 1);
    driver.shut_down();
    let made = sys
        .calls()
        .iter()
        .filter(|call| **call == Call::CreateNew)
        .count();
    assert_eq!(made, 3, "the first attempt and two more");
    assert!(temporaries(&to).is_empty());
}

/// The same in a file that was set aside and went on.
#[test]
fn a_resumed_file_is_begun_again_by_itself() {
    let scratch = Scratch::quick();
    let (from, to) = (scratch.dir("source"), scratch.at("to"));
    scratch.file("source/file", Dice::new(1).bytes(3 << 20));
    let slow = slow(Call::WriteAt, Duration::from_millis(20));
    let sys = faulty(slow, once(Call::WriteAt, 40, FaultKind::Fail(Errno::STALE)));
    let mut driver = Driver::on(sys.clone());
    let id = driver.add(&job(&from, &to, Strategy::Buffered), Start::Now);
    let view = driver.until_view(id, "in mid-file", |view| {
        view.in_flight.iter().any(|row| row.done > 0)
    });
    let file = view.in_flight[0].id;
    driver.send(Request::PauseFile { job: id, file });
    driver.until_view(id, "set aside", |view| {
        view.in_flight.iter().any(|row| row.paused)
    });
    assert_eq!(sys.hit(), None, "not yet");
    driver.send(Request::ResumeFile { job: id, file });
    let summary = driver.until_ended(id);
    assert_eq!(sys.hit(), Some(Call::WriteAt));
    let failures = driver.failures(id);
    assert_eq!(summary.state, JobState::Done, "{failures:#?}");
    driver.shut_down();
    assert_same(&from, &to);
}

/// What ended is told before a file that takes long is begun.
#[test]
fn results_do_not_wait_behind_a_long_file() {
    for strategy in [Strategy::Buffered, Strategy::Parallel] {
        let scratch = Scratch::quick();
        let to = scratch.dir("to");
        let mut spec = job(&scratch.at("a"), &to, strategy);
        spec.naming = Naming::Into;
        spec.tuning.buffer_size = Some(256 << 10);
        spec.sources.clear();
        for (name, size) in [("a", 10), ("b", 10), ("long", 9 << 20)] {
            let path = scratch.file(name, Dice::new(size as u64).bytes(size));
            spec.sources.push(path.as_path().into());
        }
        let mut driver = Driver::on(slow(Call::WriteAt, Duration::from_millis(25)));
        let id = driver.add(&spec, Start::Now);
        let long = |view: &JobView| {
            let mut rows = view.in_flight.iter();
            rows.any(|row| row.size == 9 << 20 && row.done > 0)
        };
        let view = driver.until_view(id, "at the long one", long);
        assert_eq!(view.copied, 2, "{strategy}");
        assert_eq!(driver.until_ended(id).state, JobState::Done);
        driver.shut_down();
    }
}

/// The look-up of one destination's device hangs; jobs to others go on.
#[test]
fn a_destination_that_does_not_answer_holds_up_nobody_else() {
    let scratch = Scratch::quick();
    let from = scratch.dir("source");
    scratch.file("source/file", "content");
    let hang = once(Call::StatPath, 0, FaultKind::Delay(Duration::from_secs(20)));
    let sys = faulty(Arc::new(Real), hang);
    let mut driver = Driver::on(sys.clone());
    let dead = scratch.at("dead");
    let dead = driver.add(&job(&from, &dead, Strategy::Auto), Start::Queued);
    driver.until("looked up", |_| sys.hit().is_some());
    let alive = scratch.at("alive");
    let alive = driver.add(&job(&from, &alive, Strategy::Auto), Start::Queued);
    let began = Instant::now();
    driver.idle(Duration::from_secs(1));
    assert_eq!(driver.state(alive), JobState::Queued, "its turn is not yet");
    assert_eq!(driver.until_ended(alive).state, JobState::Done);
    assert!(began.elapsed() < Duration::from_secs(12));
    assert_eq!(driver.state(dead), JobState::Queued, "it waits itself");
    driver.shut_down();
}

/// Asked to try again, then not: nothing of what was known is lost.
#[test]
fn a_retry_that_is_cancelled_in_the_queue_changes_nothing() {
    let scratch = Scratch::quick();
    let (from, to) = (scratch.dir("source"), scratch.at("to"));
    scratch.dir("source/d");
    for name in ["one", "two"] {
        scratch.file(format!("source/d/{name}"), name);
    }
    tree::set_times(&from.join("d"), 1_000_000_000, 0);
    let delay = slow(Call::WriteAt, Duration::from_millis(20));
    let sys = faulty(delay, once(Call::WriteAt, 0, FaultKind::Fail(Errno::IO)));
    let mut driver = Driver::on(sys);
    let id = driver.add(&job(&from, &to, Strategy::Buffered), Start::Queued);
    assert_eq!(driver.until_ended(id).files.failed, 1);
    // Another has the turn meanwhile.
    let other = scratch.dir("other");
    scratch.file("other/file", Dice::new(1).bytes(3 << 20));
    let busy = job(&other, &scratch.at("busy"), Strategy::Buffered);
    let busy = driver.add(&busy, Start::Queued);
    driver.until_view(busy, "at work", |view| {
        view.copied == 0 && view.bytes_copied > 0
    });
    for _ in 0..2 {
        driver.send(Request::RetryFailed { job: id });
        driver.until_state(id, JobState::Queued);
        assert_eq!(driver.failures(id).len(), 1, "listed until it begins");
        driver.send(Request::Cancel {
            job: id,
            keep_partial: false,
        });
        driver.until_state(id, JobState::Cancelled);
        assert_eq!(driver.failures(id).len(), 1, "listed all the same");
    }
    let view = driver.view(id).expect("it is there");
    assert_eq!((view.failed, view.files_done), (1, 2));
    assert_eq!(driver.until_ended(busy).state, JobState::Done);
    driver.send(Request::RetryFailed { job: id });
    driver.until_state(id, JobState::Done);
    let view = driver.shut_down().remove(0);
    assert_eq!((view.copied, view.failed, view.listed), (2, 0, 0));
    assert_eq!((view.found.files, view.files_done), (2, 2));
    // The directory's time too: it completed once more.
    assert_same(&from, &to);
}
