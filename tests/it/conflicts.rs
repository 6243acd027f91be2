//! Policy `ask`: conflicts are parked, the rest goes on, and each is answered when somebody likes.

use crate::control::{CALL, job};
use crate::support::engine::{Driver, slow};
use crate::support::scratch::Scratch;
use crate::support::tree::set_times;
use crate::support::walk::temporaries;
use haul::proto::{
    Conflict, JobId, JobSpec, JobState, Mark, Parked, Request, Start, Strategy, Summary,
};
use haul::sys::{Call, Real};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Six files in the source; three of them exist at the destination with other content: `old` is
/// older there, `new` is newer there, `same` has the same time and another size.
fn places(scratch: &Scratch) -> (PathBuf, PathBuf) {
    let (from, to) = (scratch.dir("from"), scratch.dir("to"));
    for name in ["a", "b", "c", "old", "new", "same"] {
        fs::write(from.join(name), format!("source of {name}")).expect("written");
        set_times(&from.join(name), 1_700_000_000, 0);
    }
    for (name, time) in [
        ("old", 1_600_000_000),
        ("new", 1_800_000_000),
        ("same", 1_700_000_000),
    ] {
        fs::write(to.join(name), "there").expect("written");
        set_times(&to.join(name), time, 0);
    }
    (from, to)
}

fn asking(from: &Path, to: &Path) -> JobSpec {
    let mut spec = job(from, to, Strategy::Buffered);
    spec.conflict = Conflict::Ask;
    spec
}

fn named<'a>(parked: &'a [Parked], name: &str) -> &'a Parked {
    let mut found = parked.iter().filter(|one| one.path.name() == name);
    found.next().expect("parked")
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).expect("read")
}

fn answer(driver: &mut Driver, job: JobId, of: Option<&Parked>, with: Conflict) {
    let file = of.map(|parked| parked.file);
    driver.send(Request::Answer { job, file, with });
}

/// Answers, and waits for the end that follows from it.
fn settle(driver: &mut Driver, id: JobId, of: Option<&Parked>, with: Conflict) -> Summary {
    let ends = |driver: &Driver| {
        let states = driver.states(id);
        states.iter().filter(|state| state.is_final()).count()
    };
    let before = ends(driver);
    answer(driver, id, of, with);
    driver.until("ended again", |driver| ends(driver) > before);
    driver.until_ended(id)
}

fn counts(summary: &Summary) -> [u64; 4] {
    let files = summary.files;
    [files.copied, files.skipped, files.failed, files.conflicts]
}

#[test]
fn the_rest_is_copied_and_each_answer_is_carried_out_when_it_comes() {
    let scratch = Scratch::quick();
    let (from, to) = places(&scratch);
    let mut driver = Driver::on(Arc::new(Real));
    let id = driver.add(&asking(&from, &to), Start::Queued);
    let ended = driver.until_ended(id);
    assert_eq!(ended.state, JobState::DoneWithFailures);
    assert_eq!(counts(&ended), [3, 0, 0, 3]);
    for name in ["a", "b", "c"] {
        assert_eq!(text(&to.join(name)), format!("source of {name}"));
    }
    for name in ["old", "new", "same"] {
        assert_eq!(text(&to.join(name)), "there", "{name} was touched");
    }
    let view = driver.until_view(id, "parked", |view| view.parked == 3);
    assert_eq!((view.listed, view.failed), (0, 0), "parked is not failed");

    let parked = driver.parked(id);
    assert_eq!(parked.len(), 3);
    let marks = ["old", "new", "same"].map(|name| named(&parked, name).newer());
    assert_eq!(marks, [Mark::Source, Mark::Dest, Mark::Same]);
    let old = named(&parked, "old");
    assert_eq!((old.source.size, old.dest.size), (13, 5));
    assert_eq!(old.source.secs - old.dest.secs, 100_000_000);

    // Trying again is about what failed; what waits for an answer goes on waiting.
    driver.send(Request::RetryFailed { job: id });
    // One is replaced, and nothing else is touched.
    let ended = settle(&mut driver, id, Some(old), Conflict::Overwrite);
    assert_eq!(counts(&ended), [4, 0, 0, 2]);
    assert_eq!(text(&to.join("old")), "source of old");
    assert_eq!(
        fs::metadata(to.join("old")).expect("there").mtime(),
        1_700_000_000
    );
    // Left because what is there is newer; kept beside.
    let ended = settle(
        &mut driver,
        id,
        Some(named(&parked, "new")),
        Conflict::Newer,
    );
    assert_eq!(counts(&ended), [4, 1, 0, 1]);
    assert_eq!(text(&to.join("new")), "there");
    let ended = settle(
        &mut driver,
        id,
        Some(named(&parked, "same")),
        Conflict::Rename,
    );
    assert_eq!(
        (ended.state, counts(&ended)),
        (JobState::Done, [5, 1, 0, 0])
    );
    assert_eq!(text(&to.join("same")), "there");
    assert_eq!(text(&to.join("same_1")), "source of same");
    // An answer that comes twice finds nothing.
    answer(&mut driver, id, Some(old), Conflict::Overwrite);
    answer(&mut driver, id, None, Conflict::Overwrite);
    let view = driver.shut_down().remove(0);
    assert_eq!((view.state, view.parked), (JobState::Done, 0));
    assert_eq!(view.bytes_copied + view.bytes_left_out, view.found.bytes);
    assert_eq!(view.files_done, view.found.files);
}

#[test]
fn all_that_remain_are_answered_at_once() {
    for (with, contents, state) in [
        (Conflict::Skip, ["there"; 3], [3, 3, 0, 0]),
        (
            Conflict::Overwrite,
            ["source of old", "source of new", "source of same"],
            [6, 0, 0, 0],
        ),
        (
            Conflict::Newer,
            ["source of old", "there", "there"],
            [4, 2, 0, 0],
        ),
    ] {
        let scratch = Scratch::quick();
        let (from, to) = places(&scratch);
        let mut driver = Driver::on(Arc::new(Real));
        let id = driver.add(&asking(&from, &to), Start::Now);
        driver.until_ended(id);
        // What is no answer changes nothing.
        answer(&mut driver, id, None, Conflict::Refuse);
        answer(&mut driver, id, None, Conflict::Ask);
        let ended = settle(&mut driver, id, None, with);
        assert_eq!(ended.state, JobState::Done, "{with:?}");
        assert_eq!(counts(&ended), state, "{with:?}");
        let found = ["old", "new", "same"].map(|name| text(&to.join(name)));
        assert_eq!(found, contents, "{with:?}");
        driver.shut_down();
    }
}

#[test]
fn an_answer_is_carried_out_while_the_job_runs() {
    let scratch = Scratch::quick();
    let (from, to) = places(&scratch);
    fs::write(from.join("z-large"), vec![7; 9 << 20]).expect("written");
    let mut driver = Driver::on(slow(Call::WriteAt, CALL));
    let mut spec = asking(&from, &to);
    // Wherever the large file is in the listing, somebody is free for the rest.
    spec.tuning.file_workers = Some(2);
    let id = driver.add(&spec, Start::Now);
    driver.until_view(id, "parked", |view| view.parked == 3);
    let parked = driver.parked(id);
    answer(
        &mut driver,
        id,
        Some(named(&parked, "old")),
        Conflict::Overwrite,
    );
    answer(&mut driver, id, Some(named(&parked, "new")), Conflict::Skip);
    let ended = driver.until_ended(id);
    assert_eq!(counts(&ended), [5, 1, 0, 1], "one run was enough");
    assert_eq!(
        driver
            .states(id)
            .iter()
            .filter(|state| **state == JobState::Queued)
            .count(),
        0
    );
    assert_eq!(text(&to.join("old")), "source of old");
    assert_eq!(text(&to.join("new")), "there");
    assert!(temporaries(&to).is_empty());
    driver.shut_down();
}

#[test]
fn what_was_answered_in_vain_waits_again() {
    let scratch = Scratch::quick();
    let (from, to) = places(&scratch);
    let mut driver = Driver::on(slow(Call::WriteAt, CALL));
    let id = driver.add(&asking(&from, &to), Start::Queued);
    driver.until_ended(id);
    // Another job of the lane keeps it in the queue, where it is cancelled.
    fs::write(from.join("large"), vec![7; 8 << 20]).expect("written");
    let other = driver.add(
        &job(
            &from.join("large"),
            &scratch.at("other"),
            Strategy::Buffered,
        ),
        Start::Now,
    );
    driver.until_view(other, "begun", |view| view.state == JobState::Running);
    answer(&mut driver, id, None, Conflict::Overwrite);
    driver.until_state(id, JobState::Queued);
    driver.send(Request::Cancel {
        job: id,
        keep_partial: false,
    });
    driver.until_state(id, JobState::Cancelled);
    driver.until_view(id, "waiting again", |view| view.parked == 3);
    assert_eq!(text(&to.join("old")), "there");
    driver.send(Request::Cancel {
        job: other,
        keep_partial: false,
    });
    driver.until_state(other, JobState::Cancelled);
    let ended = settle(&mut driver, id, None, Conflict::Overwrite);
    assert_eq!(
        (ended.state, counts(&ended)),
        (JobState::Done, [6, 0, 0, 0])
    );
    assert_eq!(text(&to.join("new")), "source of new");
    driver.shut_down();
}

#[test]
fn a_link_in_the_way_is_asked_about_and_never_followed() {
    let scratch = Scratch::quick();
    let (from, to) = (scratch.dir("from"), scratch.dir("to"));
    fs::write(from.join("name"), "source").expect("written");
    fs::write(scratch.at("outside"), "outside").expect("written");
    std::os::unix::fs::symlink(scratch.at("outside"), to.join("name")).expect("linked");
    let mut driver = Driver::on(Arc::new(Real));
    let id = driver.add(&asking(&from, &to), Start::Now);
    driver.until_ended(id);
    let parked = driver.parked(id);
    assert_eq!(parked[0].dest.kind.word(), "link");
    let ended = settle(&mut driver, id, None, Conflict::Overwrite);
    assert_eq!(ended.state, JobState::Done);
    assert_eq!(text(&to.join("name")), "source");
    assert_eq!(text(&scratch.at("outside")), "outside");
    driver.shut_down();
}
