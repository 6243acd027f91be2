//! Somebody else works in the same trees at the same time: a directory is swapped for a link, over
//! and over, while haul copies. Nothing outside the two trees may be read or written.

use crate::support::engine::{run_real, spec};
use crate::support::scratch::Scratch;
use haul::proto::{Conflict, Naming};
use rustix::fs::{CWD, RenameFlags, renameat_with};
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How long each race is run.
const LONG: Duration = Duration::from_secs(3);

/// Swaps the two names until told to stop; how often it did.
fn flip(one: &Path, other: &Path, stop: &AtomicBool, flips: &AtomicU64) {
    while !stop.load(Ordering::Relaxed) {
        renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE).expect("swapped");
        flips.fetch_add(1, Ordering::Relaxed);
    }
}

/// Stops the swapping whatever happens, a failed assertion included.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Runs `copy` again and again while the two names are swapped.
fn race(one: &Path, other: &Path, mut copy: impl FnMut(u32)) {
    let (stop, flips) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| flip(one, other, &stop, &flips));
        let _stop = Stop(&stop);
        let begun = Instant::now();
        let mut runs = 0;
        while begun.elapsed() < LONG {
            copy(runs);
            runs += 1;
        }
        let swaps = flips.load(Ordering::Relaxed);
        assert!(
            runs > 10 && swaps > 100,
            "not much of a race: {runs} runs, {swaps} swaps"
        );
    });
}

#[test]
fn a_source_directory_swapped_for_a_link_leaks_nothing() {
    let scratch = Scratch::quick();
    let from = scratch.dir("from");
    scratch.dir("from/inner");
    let secret = scratch.dir("secret");
    for number in 0..20 {
        fs::write(from.join(format!("inner/f{number}")), "public").expect("written");
        fs::write(secret.join(format!("f{number}")), "SECRET").expect("written");
    }
    std::os::unix::fs::symlink(&secret, scratch.at("link")).expect("linked");
    let to = scratch.at("to");
    race(&from.join("inner"), &scratch.at("link"), |_| {
        let mut job = spec(&from, &to);
        job.naming = Naming::Exact;
        run_real(&job);
        for entry in walkdir::WalkDir::new(&to) {
            let entry = entry.expect("readable");
            if entry.file_type().is_file() {
                let bytes = fs::read(entry.path()).expect("read");
                assert_eq!(
                    bytes,
                    b"public",
                    "{} came from outside",
                    entry.path().display()
                );
            }
        }
        fs::remove_dir_all(&to).expect("removed");
    });
}

#[test]
fn a_destination_directory_swapped_for_a_link_lets_nothing_out() {
    let scratch = Scratch::quick();
    let from = scratch.dir("from");
    scratch.dir("from/inner");
    for number in 0..20 {
        fs::write(from.join(format!("inner/f{number}")), "mine").expect("written");
    }
    let outside = scratch.dir("outside");
    fs::write(outside.join("f0"), "theirs").expect("written");
    let to = scratch.dir("to");
    scratch.dir("to/inner");
    std::os::unix::fs::symlink(&outside, scratch.at("link")).expect("linked");
    race(&to.join("inner"), &scratch.at("link"), |run| {
        // Newer each time, so that every run writes.
        let time =
            std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000 + u64::from(run));
        for number in 0..20 {
            let file = fs::File::options()
                .write(true)
                .open(from.join(format!("inner/f{number}")));
            file.expect("open").set_modified(time).expect("set");
        }
        let mut job = spec(&from, &to);
        job.naming = Naming::Exact;
        job.conflict = Conflict::Overwrite;
        run_real(&job);
        let names: Vec<_> = fs::read_dir(&outside).expect("there").collect();
        assert_eq!(names.len(), 1, "written outside: {names:?}");
        assert_eq!(fs::read(outside.join("f0")).expect("there"), b"theirs");
    });
}

#[test]
fn a_source_file_swapped_for_a_link_is_not_followed() {
    let scratch = Scratch::quick();
    let from = scratch.dir("from");
    fs::write(from.join("f"), "public").expect("written");
    fs::write(scratch.at("secret"), "SECRET").expect("written");
    std::os::unix::fs::symlink(scratch.at("secret"), scratch.at("link")).expect("linked");
    let to = scratch.at("to");
    race(&from.join("f"), &scratch.at("link"), |_| {
        let mut job = spec(&from, &to);
        job.naming = Naming::Exact;
        run_real(&job);
        let there = to.join("f");
        if fs::symlink_metadata(&there).is_ok_and(|metadata| metadata.is_file()) {
            assert_eq!(fs::read(&there).expect("read"), b"public");
        }
        fs::remove_dir_all(&to).expect("removed");
    });
}
