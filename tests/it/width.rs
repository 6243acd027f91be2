//! How many files are in flight: found by trial, unless somebody named a number.

use crate::support::engine::{Driver, slow, spec};
use crate::support::scratch::Scratch;
use haul::sys::Call;
use std::path::Path;
use std::time::Duration;

const FILES: u32 = 600;
const CALL: Duration = Duration::from_millis(20);

fn made(dir: &Path) {
    std::fs::create_dir(dir).expect("made");
    for number in 0..FILES {
        std::fs::write(dir.join(format!("{number:04}")), "a frame").expect("written");
    }
}

/// Copies onto a destination on which each rename takes long; the most workers seen at once.
fn most_workers(number: Option<u16>, most: Option<u16>) -> usize {
    let scratch = Scratch::new();
    let (from, to) = (scratch.path().join("from"), scratch.path().join("to"));
    made(&from);
    let mut job = spec(&from, &to);
    job.tuning.file_workers = number;
    job.tuning.max_workers = most;
    let mut driver = Driver::on(slow(Call::RenameNew, CALL));
    let most = driver.most_workers(job);
    assert_eq!(
        std::fs::read_dir(&to).expect("there").count(),
        FILES as usize
    );
    most
}

#[test]
fn a_destination_that_is_slow_to_answer_gets_more_files_at_once() {
    let most = most_workers(None, None);
    assert!(most >= 16, "{most} workers");
}

#[test]
fn no_more_than_the_most_that_was_named() {
    let most = most_workers(None, Some(6));
    assert!((3..=6).contains(&most), "{most} workers");
}

#[test]
fn who_names_a_number_gets_it() {
    assert_eq!(most_workers(Some(12), None), 12);
}
