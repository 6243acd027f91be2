//! Jobs beside and behind each other, and jobs that are tried again.

use crate::control::{CALL, job, source};
use crate::support::engine::{Driver, faulty, slow};
use crate::support::scratch::Scratch;
use crate::support::walk::assert_same;
use haul::proto::{
    Event, FailuresBy, FailuresPage, JobId, JobState, Naming, Request, Start, Strategy,
};
use haul::sys::{Call, Errno, Fault, FaultKind, Faulty, Real};
use std::sync::Arc;
use std::time::Duration;

fn queue(scratch: &Scratch, driver: &mut Driver, count: u32) -> Vec<JobId> {
    let from = source(scratch, 1, 1 << 10);
    let add = |number| {
        let to = scratch.at(format!("to-{number}"));
        driver.add(&job(&from, &to, Strategy::Buffered), Start::Queued)
    };
    (0..count).map(add).collect()
}

/// The jobs in the order in which they entered a state.
fn order(driver: &Driver, state: JobState) -> Vec<JobId> {
    let entered = |event: &Event| match event {
        Event::State { job, to, .. } if *to == state => Some(*job),
        _ => None,
    };
    driver.events.iter().filter_map(entered).collect()
}

#[test]
fn jobs_on_one_device_take_turns() {
    let scratch = Scratch::quick();
    let mut driver = Driver::on(slow(Call::WriteAt, CALL));
    let jobs = queue(&scratch, &mut driver, 3);
    while !jobs.iter().all(|id| driver.state(*id).is_final()) {
        driver.idle(Duration::from_millis(20));
        let active = driver
            .snapshot
            .jobs
            .iter()
            .filter(|job| job.state.is_active());
        assert!(active.count() <= 1, "two at a time");
        if let Some(view) = driver
            .view(jobs[2])
            .filter(|view| view.state == JobState::Queued)
        {
            assert!(view.waits_for.is_some(), "it waits for nothing");
        }
    }
    assert_eq!(order(&driver, JobState::Done), jobs);
    driver.shut_down();
}

#[test]
fn a_job_can_be_moved_ahead_begun_at_once_or_cancelled_in_the_queue() {
    let scratch = Scratch::quick();
    let mut driver = Driver::on(slow(Call::WriteAt, CALL));
    let jobs = queue(&scratch, &mut driver, 4);
    let (from, to) = (scratch.at("source"), scratch.at("at-once"));
    let now = driver.add(&job(&from, &to, Strategy::Buffered), Start::Now);
    driver.until_view(now, "begun", |view| view.state != JobState::Queued);
    driver.until_view(jobs[0], "begun as well", |view| {
        view.state != JobState::Queued
    });
    driver.send(Request::Move {
        job: jobs[3],
        by: -2,
    });
    driver.send(Request::Cancel {
        job: jobs[2],
        keep_partial: false,
    });
    driver.until_state(jobs[2], JobState::Cancelled);
    for id in [jobs[0], jobs[1], jobs[3], now] {
        assert_eq!(driver.until_ended(id).state, JobState::Done);
    }
    let mut begun = order(&driver, JobState::Scanning);
    begun.retain(|id| *id != now);
    assert_eq!(begun, [jobs[0], jobs[3], jobs[1]]);
    assert!(!scratch.at("to-2").exists());
    // What never began can be begun.
    driver.send(Request::RetryFailed { job: jobs[2] });
    driver.until_state(jobs[2], JobState::Done);
    driver.shut_down();
    assert_same(&from, &scratch.at("to-2"));
}

#[test]
fn the_only_file_that_failed_is_copied_by_trying_again() {
    let scratch = Scratch::quick();
    let (from, to) = (source(&scratch, 1, 100), scratch.at("to"));
    let fault = Fault {
        call: Some(Call::WriteAt),
        nth: 0,
        sticky: false,
        kind: FaultKind::Fail(Errno::IO),
    };
    let mut driver = Driver::on(Arc::new(Faulty::new(Arc::new(Real), Some(fault))));
    let id = driver.add(&job(&from, &to, Strategy::Buffered), Start::Now);
    let summary = driver.until_ended(id);
    assert_eq!((summary.files.copied, summary.files.failed), (0, 1));
    driver.send(Request::RetryFailed { job: id });
    driver.until_state(id, JobState::Done);
    let summary = driver.until_ended(id);
    assert_eq!((summary.files.copied, summary.files.failed), (1, 0));
    let view = driver.shut_down().remove(0);
    assert_eq!((view.found.files, view.found.dirs, view.listed), (1, 1, 0));
    assert_same(&from, &to);
}

fn listed(driver: &mut Driver, id: JobId) -> FailuresPage {
    let before = driver.lists.len();
    driver.send(Request::FailureList {
        job: id,
        by: FailuresBy::Sequence,
        from: 0,
        limit: 200,
    });
    driver.until("a list", |driver| driver.lists.len() > before);
    driver.lists[before].clone()
}

/// The failures of a page by the last components of their paths, in the order of the list.
fn names(page: &FailuresPage) -> Vec<String> {
    let paths = page.failures.iter().map(|failure| failure.path.as_path());
    let names = paths.map(|path| path.file_name().expect("a name"));
    names.map(|name| name.display().to_string()).collect()
}

fn retry(id: JobId, page: &FailuresPage, name: &str) -> Request {
    let place = names(page).iter().position(|listed| listed == name);
    Request::RetryListed {
        job: id,
        by: page.by,
        list: page.list,
        from: place.expect("listed") as u32,
        count: 1,
    }
}

/// A job that failed for want of way, and way is made for what can be tried again.
fn in_the_way(scratch: &Scratch, driver: &mut Driver) -> (JobId, FailuresPage) {
    let (from, to) = (source(scratch, 4, 1), scratch.dir("to"));
    std::fs::create_dir(from.join("deep")).expect("made");
    std::fs::write(from.join("deep/inside"), "x").expect("written");
    for name in ["file-1", "file-2"] {
        std::fs::create_dir(to.join(name)).expect("made");
    }
    let id = driver.add(&job(&from, &to, Strategy::Buffered), Start::Now);
    driver.until_ended(id);
    driver.until_state(id, JobState::DoneWithFailures);
    let page = listed(driver, id);
    let mut all = names(&page);
    all.sort();
    assert_eq!(all, ["deep", "file-1", "file-2"], "{page:?}");
    for name in ["file-1", "file-2"] {
        std::fs::remove_dir(to.join(name)).expect("removed");
    }
    (id, page)
}

#[test]
fn failures_of_one_row_are_tried_again_and_the_others_stay() {
    let scratch = Scratch::quick();
    // The destination itself is there; what fails is to make the directory in it.
    let fault = FaultKind::Fail(Errno::ACCESS);
    let mut driver = Driver::on(faulty(Call::MakeDir, 1, false, fault));
    let (id, page) = in_the_way(&scratch, &mut driver);
    let to = scratch.at("to");
    let left = |driver: &mut Driver, count| {
        driver.until_view(id, "ended with fewer failures", |view| {
            view.state.is_final() && view.listed == count
        })
    };
    driver.send(retry(id, &page, "file-1"));
    left(&mut driver, 2);
    assert!(to.join("file-1").is_file() && !to.join("file-2").exists());
    // The old list means nothing any more.
    driver.send(retry(id, &page, "file-2"));
    let page = listed(&mut driver, id);
    assert_eq!(page.failures.len(), 2);
    assert!(!to.join("file-2").exists());
    driver.send(retry(id, &page, "deep"));
    left(&mut driver, 1);
    assert!(to.join("deep/inside").is_file() && !to.join("file-2").exists());
    driver.send(Request::RetryFailed { job: id });
    driver.until_state(id, JobState::Done);
    let view = driver.shut_down().remove(0);
    assert_eq!((view.failed, view.conflicts, view.listed), (0, 0, 0));
    assert_same(&scratch.at("source"), &to);
}

#[test]
fn a_row_that_was_refused_takes_nothing_else_with_it() {
    let scratch = Scratch::quick();
    std::fs::write(scratch.dir("to").join("deep"), "a file in the way").expect("written");
    let mut driver = Driver::on(Arc::new(Real));
    let (id, page) = in_the_way(&scratch, &mut driver);
    driver.send(retry(id, &page, "deep"));
    assert_eq!(names(&listed(&mut driver, id)), names(&page));
    assert!(driver.state(id).is_final() && !scratch.at("to/file-1").exists());
    driver.shut_down();
}

#[test]
fn a_job_that_could_not_begin_begins_once_it_can() {
    let scratch = Scratch::quick();
    let (from, to) = (source(&scratch, 2, 1), scratch.at("not-yet/to"));
    let mut driver = Driver::on(Arc::new(Real));
    let id = driver.add(&job(&from, &to, Strategy::Auto), Start::Now);
    assert_eq!(driver.until_ended(id).state, JobState::Failed);
    scratch.dir("not-yet");
    driver.send(Request::RetryFailed { job: id });
    driver.until_state(id, JobState::Done);
    driver.shut_down();
    assert_same(&from, &to);
}

/// What was refused is not made right by trying the rest again.
#[test]
fn a_refusal_outlives_trying_again() {
    let scratch = Scratch::quick();
    let (from, to) = (source(&scratch, 1, 1), scratch.dir("to"));
    let fault = Fault {
        call: Some(Call::WriteAt),
        nth: 0,
        sticky: false,
        kind: FaultKind::Fail(Errno::IO),
    };
    let mut driver = Driver::on(Arc::new(Faulty::new(Arc::new(Real), Some(fault))));
    let mut spec = job(&from.join("file-0"), &to, Strategy::Buffered);
    spec.naming = Naming::Into;
    spec.sources.push(to.as_path().into());
    let id = driver.add(&spec, Start::Now);
    assert_eq!(driver.until_ended(id).files.failed, 2);
    driver.send(Request::RetryFailed { job: id });
    driver.until_state(id, JobState::Queued);
    let summary = driver.until_ended(id);
    assert_eq!(summary.state, JobState::DoneWithFailures);
    assert_eq!((summary.files.copied, summary.files.failed), (1, 1));
    let failures = driver.failures(id);
    assert!(failures[0].reason.contains("into itself"), "{failures:?}");
    driver.shut_down();
}
