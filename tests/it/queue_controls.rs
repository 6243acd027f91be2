//! What can be asked of jobs while they wait and while they run: to begin at once, a rate, more
//! workers, a list of their files.

use crate::control::{CALL, job, source};
use crate::support::engine::{Driver, slow};
use crate::support::scratch::Scratch;
use crate::support::walk::{assert_same, temporaries};
use haul::proto::{
    EntryState, FilesBy, FilesOrder, FilesPage, JobId, JobState, Lane, Request, Start, Strategy,
};
use haul::sys::{Call, Real};
use std::fs;
use std::sync::Arc;
use std::time::Duration;

fn page(driver: &mut Driver, id: JobId, order: &FilesOrder, from: u32, limit: u32) -> FilesPage {
    let before = driver.files.len();
    driver.send(Request::Files {
        job: id,
        order: order.clone(),
        from,
        limit,
    });
    driver.until("listed", |driver| driver.files.len() > before);
    driver.files[before].clone()
}

#[test]
fn a_job_that_waits_can_be_begun_at_once() {
    let scratch = Scratch::quick();
    let from = source(&scratch, 1, 1 << 10);
    let mut driver = Driver::on(slow(Call::WriteAt, CALL));
    let spec = |to: &str| job(&from, &scratch.at(to), Strategy::Buffered);
    let first = driver.add(&spec("first"), Start::Queued);
    let second = driver.add(&spec("second"), Start::Queued);
    // Begun before the first one is at work, it would be the first one that waits.
    driver.until_view(first, "at work", |view| view.state.is_active());
    driver.until_view(second, "waiting", |view| view.waits_for == Some(first));
    driver.send(Request::StartNow { job: second });
    driver.until("both at once", |driver| {
        let active = |id| driver.view(id).is_some_and(|view| view.state.is_active());
        active(first) && active(second)
    });
    for id in [first, second] {
        assert_eq!(driver.until_ended(id).state, JobState::Done);
    }
    driver.shut_down();
}

#[test]
fn a_rate_is_capped_and_the_cap_taken_away_while_it_runs() {
    let scratch = Scratch::quick();
    let (from, to) = (source(&scratch, 1, 64 << 10), scratch.at("to"));
    let mut driver = Driver::on(Arc::new(Real));
    let mut spec = job(&from, &to, Strategy::Buffered);
    // An hour's work.
    spec.limit = Some(16 << 10);
    let id = driver.add(&spec, Start::Now);
    let view = driver.until_view(id, "begun", |view| view.bytes_copied > 0);
    assert_eq!(view.limit, Some(16 << 10));
    driver.idle(Duration::from_millis(300));
    assert!(
        driver
            .view(id)
            .is_some_and(|view| view.bytes_copied < 4 << 20)
    );
    driver.send(Request::Limit {
        job: id,
        rate: None,
    });
    assert_eq!(driver.until_ended(id).state, JobState::Done);
    driver.until_view(id, "uncapped", |view| view.limit.is_none());
    assert_same(&from, &to);
    driver.shut_down();
}

#[test]
fn workers_come_and_go_while_it_runs() {
    let scratch = Scratch::quick();
    let (from, to) = (source(&scratch, 120, 1 << 10), scratch.at("to"));
    let mut driver = Driver::on(slow(Call::WriteAt, CALL / 4));
    let id = driver.add(&job(&from, &to, Strategy::Buffered), Start::Now);
    let hired = |view: &haul::proto::JobView| {
        let rows = view.workers.iter();
        rows.filter(|row| row.lane == Lane::Files).count()
    };
    driver.until_view(id, "one at work", |view| hired(view) == 1);
    driver.send(Request::Workers { job: id, by: 3 });
    driver.until_view(id, "four", |view| {
        hired(view) == 4 && view.file_workers == 4
    });
    driver.send(Request::Workers { job: id, by: -2 });
    driver.until_view(id, "two", |view| hired(view) == 2 && view.file_workers == 2);
    // One that was to leave may stay; one always does.
    driver.send(Request::Workers { job: id, by: -1 });
    driver.send(Request::Workers { job: id, by: 1 });
    driver.send(Request::Workers { job: id, by: -100 });
    driver.until_view(id, "one", |view| hired(view) == 1 && view.file_workers == 1);
    driver.send(Request::Workers { job: id, by: 7 });
    assert_eq!(driver.until_ended(id).state, JobState::Done);
    assert_same(&from, &to);
    assert!(temporaries(&to).is_empty());
    driver.shut_down();
}

#[test]
fn jobs_are_repeated_and_those_that_are_over_taken_off_the_list() {
    let scratch = Scratch::quick();
    let (from, to) = (source(&scratch, 2, 1), scratch.at("to"));
    let mut driver = Driver::on(Arc::new(Real));
    let done = driver.add(&job(&from, &to, Strategy::Auto), Start::Queued);
    driver.until_ended(done);
    let missing = job(&scratch.at("missing"), &to, Strategy::Auto);
    let failed = driver.add(&missing, Start::Queued);
    driver.until_ended(failed);
    driver.send(Request::Duplicate { job: done });
    let again = JobId(3);
    let summary = driver.until_ended(again);
    assert_eq!(summary.files.skipped, 2, "all of it is there");
    assert_eq!(summary.dest, haul::proto::BytePath::from(to.as_path()));
    driver.send(Request::RemoveEnded);
    driver.until("removed", |driver| {
        let left: Vec<JobId> = driver.snapshot.jobs.iter().map(|job| job.id).collect();
        left == [failed]
    });
    driver.shut_down();
}

#[test]
fn the_files_of_a_job_are_listed_in_any_order() {
    let scratch = Scratch::quick();
    let from = scratch.dir("from");
    for at in 0..300_usize {
        let dir = from.join(format!("dir-{}", at % 3));
        fs::create_dir_all(&dir).expect("made");
        fs::write(dir.join(format!("f{at:03}")), vec![1; at]).expect("written");
    }
    let to = scratch.dir("to");
    fs::create_dir(to.join("dir-0")).expect("made");
    fs::write(to.join("dir-0/f000"), "theirs").expect("written");
    let mut driver = Driver::on(Arc::new(Real));
    let id = driver.add(&job(&from, &to, Strategy::Auto), Start::Now);
    driver.until_ended(id);
    let order = |by, reversed, filter: &str| FilesOrder {
        by,
        reversed,
        filter: filter.to_owned(),
    };
    let scan = page(&mut driver, id, &FilesOrder::default(), 250, 100);
    assert_eq!((scan.total, scan.files.len()), (300, 50));
    let sizes = page(&mut driver, id, &order(FilesBy::Size, false, ""), 0, 3);
    let sizes: Vec<u64> = sizes.files.iter().map(|file| file.size).collect();
    assert_eq!(sizes, [299, 298, 297]);
    let smallest = page(&mut driver, id, &order(FilesBy::Size, true, ""), 0, 2);
    assert_eq!(smallest.files[0].size, 0);
    let names = page(&mut driver, id, &order(FilesBy::Name, false, ""), 99, 2);
    let names: Vec<String> = names
        .files
        .iter()
        .map(|file| file.path.as_path().display().to_string())
        .collect();
    assert!(
        names[0].ends_with("dir-0/f297") && names[1].ends_with("dir-1/f001"),
        "{names:?}"
    );
    let state = page(&mut driver, id, &order(FilesBy::State, false, ""), 0, 2);
    let states: Vec<EntryState> = state.files.iter().map(|file| file.state).collect();
    assert_eq!(states, [EntryState::Conflict, EntryState::Copied]);
    let some = page(&mut driver, id, &order(FilesBy::Name, false, "F29"), 0, 200);
    assert_eq!((some.total, some.files.len()), (10, 10));
    let none = page(&mut driver, id, &order(FilesBy::Scan, false, "zz"), 0, 200);
    assert_eq!((none.total, none.files.len()), (0, 0));
    // Beyond the end there is nothing.
    assert!(
        page(&mut driver, id, &FilesOrder::default(), 300, 9)
            .files
            .is_empty()
    );
    driver.shut_down();
}

#[test]
fn a_file_set_aside_is_given_up_alone_whatever_else_is_wished() {
    for strategy in [Strategy::Buffered, Strategy::Parallel] {
        let scratch = Scratch::quick();
        let (from, to) = (source(&scratch, 3, 24 << 10), scratch.at("to"));
        let mut driver = Driver::on(slow(Call::WriteAt, CALL));
        let id = driver.add(&job(&from, &to, strategy), Start::Now);
        let view = driver.until_view(id, "in mid-file", |view| {
            view.in_flight.iter().any(|row| row.done > 0)
        });
        let first = view.in_flight[0].id;
        driver.send(Request::PauseFile {
            job: id,
            file: first,
        });
        let view = driver.until_view(id, "aside, and another in work", |view| {
            let aside = |file, aside| {
                let mut rows = view.in_flight.iter();
                rows.any(|row| (row.id == file) == aside && row.paused == aside && row.done > 0)
            };
            aside(first, true) && aside(first, false)
        });
        let second = view.in_flight.iter().find(|row| !row.paused);
        let second = second.expect("in work").id;
        // Two wishes at once: each is for its own file.
        driver.send(Request::PauseFile {
            job: id,
            file: second,
        });
        driver.send(Request::CancelFile {
            job: id,
            file: first,
        });
        driver.until_view(id, "the second aside, the first gone", |view| {
            let rows = &view.in_flight;
            rows.iter().any(|row| row.id == second && row.paused)
                && rows.iter().all(|row| row.id != first)
        });
        driver.send(Request::ResumeFile {
            job: id,
            file: second,
        });
        let ended = driver.until_ended(id);
        assert_eq!(ended.files.copied, 2, "{strategy}");
        assert!(temporaries(&to).is_empty());
        driver.shut_down();
    }
}
