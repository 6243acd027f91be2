//! Sequences in the engine: how far each of a job has come.

use crate::support::engine::{Driver, faulty, slow, spec};
use crate::support::scratch::Scratch;
use haul::proto::{BytePath, JobState, Request, Start, Strategy};
use haul::sys::{Call, Errno, FaultKind, Real};
use std::sync::Arc;
use std::time::Duration;

fn shot_tree(scratch: &Scratch) -> std::path::PathBuf {
    let root = scratch.dir("source");
    scratch.dir("source/comp");
    for frame in 1..=12 {
        scratch.file(format!("source/comp/a_v1.{frame:04}.exr"), vec![7; 4096]);
        scratch.file(format!("source/b.{frame}.dpx"), vec![7; 512]);
    }
    scratch.file("source/notes.txt", b"no frame");
    root
}

#[test]
fn a_job_tells_frames_done_of_frames_and_whole_sequences() {
    let scratch = Scratch::quick();
    let from = shot_tree(&scratch);
    let mut driver = Driver::on(slow(Call::WriteAt, Duration::from_millis(25)));
    let mut job = spec(&from, &scratch.dir("dest"));
    job.strategy = Strategy::Buffered;
    job.tuning.file_workers = Some(1);
    let id = driver.add(&job, Start::Now);
    let view = driver.until_view(id, "a sequence in work", |view| {
        view.shots.in_work.iter().any(|shot| shot.done > 1)
    });
    assert_eq!(view.shots.sequences, 2);
    let shot = &view.shots.in_work[0];
    assert!(shot.done < 12 && shot.frames == 12, "{shot:?}");
    let labels = ["source/comp/a_v1.[0001-0012].exr", "source/b.[1-12].dpx"];
    assert!(
        labels
            .iter()
            .any(|label| shot.label == BytePath::from(*label)),
        "{shot:?}"
    );
    driver.until_ended(id);
    let view = driver.until_view(id, "all whole", |view| view.shots.whole == 2);
    assert!(view.shots.in_work.is_empty());
    driver.shut_down();
}

#[test]
fn a_frame_that_failed_leaves_its_sequence_open_until_it_is_tried_again() {
    let scratch = Scratch::quick();
    let from = shot_tree(&scratch);
    let fault = FaultKind::Fail(Errno::IO);
    let mut driver = Driver::on(faulty(Call::WriteAt, 3, false, fault));
    let mut job = spec(&from, &scratch.dir("dest"));
    job.strategy = Strategy::Buffered;
    job.retries = 0;
    let id = driver.add(&job, Start::Now);
    driver.until_state(id, JobState::DoneWithFailures);
    driver.until_view(id, "one of two whole", |view| view.shots.whole == 1);
    driver.send(Request::RetryFailed { job: id });
    driver.until_view(id, "both whole", |view| view.shots.whole == 2);
    driver.shut_down();
}

#[test]
fn frames_that_are_given_one_by_one_are_a_sequence_as_well() {
    let scratch = Scratch::quick();
    let from = shot_tree(&scratch);
    let mut driver = Driver::on(Arc::new(Real));
    let mut job = spec(&from, &scratch.dir("dest"));
    job.sources = (1..=12)
        .map(|frame| BytePath::from(from.join(format!("b.{frame}.dpx"))))
        .collect();
    let id = driver.add(&job, Start::Now);
    driver.until_ended(id);
    driver.until_view(id, "whole", |view| {
        let only = view.shots.only.as_ref();
        let named = only.is_some_and(|only| {
            only.label == BytePath::from("b.[1-12].dpx") && (only.done, only.frames) == (12, 12)
        });
        view.shots.sequences == 1 && view.shots.whole == 1 && named
    });
    driver.shut_down();
}

#[test]
fn the_types_of_frames_of_a_job_are_its_own() {
    let scratch = Scratch::quick();
    let from = shot_tree(&scratch);
    for frame in 1..=3 {
        scratch.file(format!("source/mesh.{frame}.npy"), vec![7; 64]);
    }
    let mut driver = Driver::on(Arc::new(Real));
    let mut job = spec(&from, &scratch.dir("dest"));
    job.frame_types = Some(vec!["npy".to_owned()]);
    let id = driver.add(&job, Start::Now);
    driver.until_ended(id);
    driver.until_view(id, "one sequence", |view| {
        let only = view.shots.only.as_ref();
        only.is_some_and(|only| {
            only.label == BytePath::from("source/mesh.[1-3].npy") && only.done == 3
        })
    });
    driver.shut_down();
}
