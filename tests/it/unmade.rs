//! Directories that cannot be at the destination: one failure each, and every file below them is in
//! the counts, of the copy as of its plan.

use crate::support::engine::{Driver, faulty, spec};
use crate::support::privileges::as_nobody;
use crate::support::scratch::Scratch;
use crate::support::walk;
use crate::support::{World, outcome, tree};
use haul::proto::{BytePath, Filters, JobSpec, JobState, Naming, Request, Start};
use haul::sys::{Call, Errno, FaultKind, Real};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;

/// Three directories in one, a file of five bytes in each but the last, a link, and what a pattern
/// or its name leaves out.
fn lost(at: &Path) {
    fs::create_dir_all(at.join("a/b/empty")).expect("made");
    fs::create_dir_all(at.join("c")).expect("made");
    for name in ["file", "a/file", "a/b/file", "c/file", "c/other.tmp"] {
        fs::write(at.join(name), "bytes").expect("written");
    }
    symlink("../file", at.join("a/link")).expect("linked");
}

fn last(out: &str) -> Value {
    let line = out.lines().last().expect("a line");
    serde_json::from_str(line).expect("JSON")
}

#[test]
fn what_is_below_a_directory_that_cannot_be_made_is_counted_as_planned() {
    let world = World::new();
    let at = |path: &str| world.path().join(path);
    lost(&at("from/dir"));
    fs::write(at("from/apart"), "12").expect("written");
    fs::create_dir(at("to")).expect("made");
    fs::write(at("to/dir"), "no directory").expect("written");
    for (options, files) in [
        (&[][..], 6),
        (&["--exclude", "*.tmp"], 5),
        (&["--exclude", "dir/a/b"], 5),
        (&["-L"], 6),
        (&["-x"], 6),
    ] {
        let words = |first: &[&'static str]| {
            let rest = ["--json", "-T", "from", "to"];
            let words = first.iter().chain(options).copied().chain(rest);
            words.collect::<Vec<_>>()
        };
        let (code, planned, told) = world.run(words(&["copy", "-n"]));
        assert_eq!(code, 1, "{told}");
        let (code, out, err) = world.run(words(&["copy"]));
        assert_eq!((code, &err), (1, &told), "{options:?}");
        let line = format!("not copied below it: {files} files\n");
        assert!(err.ends_with(&line) && err.lines().count() == 1, "{err}");
        let (planned, done) = (last(&planned), last(&out));
        // The directory, and what is in it.
        assert_eq!(done["files"]["failed"], files + 1, "{options:?}: {done}");
        assert_eq!(planned["files"]["failed"], files + 1, "{planned}");
        assert_eq!(done["files"]["copied"], 1, "{done}");
        fs::remove_file(at("to/apart")).expect("removed");
    }
}

/// The source argument itself is such a directory; and a link that leads up again is no circle.
#[test]
fn a_source_that_cannot_be_made_is_counted_whole() {
    let scratch = Scratch::quick();
    let from = scratch.dir("from");
    lost(&from);
    symlink("..", from.join("a/up")).expect("linked");
    for follow_links in [false, true] {
        let job = JobSpec {
            follow_links,
            filters: Filters::default(),
            ..spec(&from, &scratch.dir("to"))
        };
        let mut driver = Driver::on(faulty(Call::MakeDir, 0, false, FaultKind::Fail(Errno::IO)));
        let id = driver.add(&job, Start::Now);
        let summary = driver.until_ended(id);
        let failures = driver.failures(id);
        // A link that is followed round is no file, and not entered.
        let files = if follow_links { 6 } else { 7 };
        assert_eq!(failures.len(), 1, "{failures:?}");
        assert_eq!(failures[0].below, files, "{failures:?}");
        assert_eq!(summary.files.failed, files + 1);
        assert_eq!(summary.dirs, 5, "the source, a, b, empty and c");
        assert_eq!(summary.state, JobState::DoneWithFailures);
        driver.leave();
        fs::remove_dir_all(scratch.at("to")).expect("removed");
    }
}

/// Tried again, they are counted once: as what became of them.
#[test]
fn what_was_lost_is_found_again() {
    let scratch = Scratch::quick();
    let from = scratch.dir("from");
    lost(&from.join("dir"));
    fs::write(from.join("apart"), "12").expect("written");
    let to = scratch.at("to");
    let job = JobSpec {
        naming: Naming::Exact,
        ..spec(&from, &to)
    };
    let mut driver = Driver::on(faulty(Call::MakeDir, 1, false, FaultKind::Fail(Errno::IO)));
    let id = driver.add(&job, Start::Now);
    let summary = driver.until_ended(id);
    assert_eq!((summary.files.failed, summary.files.copied), (7, 1));
    driver.send(Request::RetryFailed { job: id });
    driver.until("begun again", |driver| {
        driver.states(id).contains(&JobState::Queued)
    });
    let summary = driver.until_ended(id);
    assert_eq!(summary.state, JobState::Done, "{summary:?}");
    assert_eq!((summary.files.failed, summary.files.copied), (0, 7));
    let view = driver.shut_down().remove(0);
    assert_eq!((view.found.files, view.files_done), (7, 7));
    // As many as the seven files hold, and none of the link.
    assert_eq!(view.found.bytes, 5 * 5 + 2);
    assert_eq!(view.bytes_copied + view.bytes_left_out, view.found.bytes);
    assert_eq!(view.found.dirs, 6);
    walk::assert_same(&from, &to);
}

/// A mapping whose place cannot be made, counted and, once it can, found again.
#[test]
fn a_mapping_without_a_place_is_counted_whole() {
    let scratch = Scratch::quick();
    lost(&scratch.dir("from"));
    scratch.file("alone", "12");
    scratch.file("wall", "no directory");
    let path = |name: &str| BytePath::from(scratch.at(name));
    let job = JobSpec {
        sources: vec![path("from"), path("alone")],
        targets: vec![path("wall/new/tree"), path("to/alone")],
        naming: Naming::Mapped,
        ..spec(&scratch.at("from"), &scratch.at("to"))
    };
    let mut driver = Driver::on(Arc::new(Real));
    let id = driver.add(&job, Start::Now);
    let summary = driver.until_ended(id);
    let failures = driver.failures(id);
    assert_eq!(failures.len(), 1, "{failures:?}");
    assert_eq!(failures[0].below, 6, "{failures:?}");
    assert_eq!((summary.files.failed, summary.files.copied), (7, 1));
    assert_eq!(summary.dirs, 5);
    fs::remove_file(scratch.at("wall")).expect("removed");
    driver.send(Request::RetryFailed { job: id });
    driver.until("begun again", |driver| {
        driver.states(id).contains(&JobState::Queued)
    });
    let summary = driver.until_ended(id);
    assert_eq!(summary.state, JobState::Done, "{summary:?}");
    assert_eq!((summary.files.failed, summary.files.copied), (0, 7));
    assert_eq!(summary.dirs, 5);
    let view = driver.shut_down().remove(0);
    assert_eq!((view.found.files, view.files_done), (7, 7));
    assert_eq!(view.bytes_copied + view.bytes_left_out, view.found.bytes);
    walk::assert_same(&scratch.at("from"), &scratch.at("wall/new/tree"));
}

/// As a batch says it, to somebody who may not make the place: the plan says the same.
#[test]
fn a_batch_into_what_may_not_be_written_is_counted_as_planned() {
    let scratch = Scratch::quick();
    lost(&scratch.dir("from"));
    tree::set_mode(&scratch.dir("shut"), 0o555);
    scratch.file(
        "batch",
        r#"{"mappings":[{"src":"from","dst":"shut/new/tree"}]}"#,
    );
    let told = |words: &[&str]| {
        let mut command = as_nobody(&scratch)?;
        command.arg("apply").args(words).args(["--json", "batch"]);
        Some(outcome(assert_cmd::Command::from_std(command)))
    };
    let (Some((code, planned, plan)), Some((done, out, err))) = (told(&["-n"]), told(&[])) else {
        return;
    };
    assert_eq!((code, done), (1, 1), "{plan}{err}");
    let failed = |out: &str| last(out)["files"]["failed"].clone();
    assert_eq!(
        (failed(&planned), failed(&out)),
        (7.into(), 7.into()),
        "{err}"
    );
    for err in [plan, err] {
        assert!(err.contains("not copied below it: 6 files"), "{err}");
    }
}
