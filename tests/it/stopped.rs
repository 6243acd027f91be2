//! Signals in the middle of a copy, and readers of its output that go away.

use crate::bad_input::told;
use crate::support::privileges::haul;
use crate::support::scratch::Scratch;
use crate::support::tree::Dice;
use crate::support::walk::{assert_same, entries, temporaries};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// A copy that takes a while, caught in the middle of a file.
fn in_mid_file(scratch: &Scratch, words: &[&str]) -> Child {
    let from = scratch.at("from");
    if !from.exists() {
        scratch.dir("from");
        for number in 0..8u64 {
            let bytes = Dice::new(number).bytes(24 << 20);
            fs::write(from.join(format!("f{number}")), bytes).expect("written");
        }
    }
    let child = haul(scratch)
        .args(["copy", "-T", "-j1", "--sync", "none"])
        .args(words)
        .args(["from", "to"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it runs");
    let began = Instant::now();
    while !scratch.at("to").is_dir() || temporaries_now(&scratch.at("to")) == 0 {
        assert!(
            began.elapsed() < Duration::from_secs(30),
            "it does not begin"
        );
        std::thread::sleep(Duration::from_millis(1));
    }
    child
}

/// Temporaries of a copy that is running: names come and go while they are listed.
fn temporaries_now(dir: &Path) -> usize {
    let names = fs::read_dir(dir)
        .into_iter()
        .flatten()
        .filter_map(Result::ok);
    let names = names.map(|entry| entry.file_name());
    names
        .filter(|name| name.as_bytes().starts_with(b".haul-"))
        .count()
}

#[test]
fn a_signal_stops_it_and_leaves_whole_files() {
    for (name, number) in [("INT", 2), ("TERM", 15), ("HUP", 1), ("QUIT", 3)] {
        let scratch = Scratch::quick();
        let child = in_mid_file(&scratch, &["--strategy", "buffered"]);
        let pid = rustix::process::Pid::from_child(&child);
        let signal = rustix::process::Signal::from_named_raw(number).expect("a signal");
        rustix::process::kill_process(pid, signal).expect("it runs");
        let output = child.wait_with_output().expect("it ends");
        assert_eq!(output.status.signal(), None, "{name} was not taken");
        let (code, said) = told(&output);
        assert_eq!(code, 128 + number, "{name}: {said}");
        let to = scratch.at("to");
        assert!(temporaries(&to).is_empty(), "{name}");
        for (path, _) in entries(&to).iter().filter(|(_, entry)| entry.is_file()) {
            let path = OsStr::from_bytes(path);
            assert_same(&scratch.at("from").join(path), &to.join(path));
        }
    }
}

#[test]
fn a_reader_of_json_that_goes_away_does_not_hurt_the_copy() {
    let scratch = Scratch::quick();
    let mut child = in_mid_file(&scratch, &["--json"]);
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    let (code, said) = told(&output);
    assert_eq!(code, 0, "{said}");
    assert_same(&scratch.at("from"), &scratch.at("to"));

    scratch.file("small", "small");
    let full = File::options()
        .write(true)
        .open("/dev/full")
        .expect("there");
    let words = ["copy", "--json", "small", "small-copy"];
    let output = haul(&scratch).args(words).stdout(full).output();
    let output = output.expect("it runs");
    let (code, said) = told(&output);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("standard output"), "{said}");
    assert_same(&scratch.at("small"), &scratch.at("small-copy"));

    // Standard error that cannot be written: the exit code still says it.
    let full = File::options()
        .write(true)
        .open("/dev/full")
        .expect("there");
    let status = haul(&scratch)
        .args(["copy", "gone", "x"])
        .stderr(full)
        .status();
    assert_eq!(status.expect("it runs").code(), Some(1));
}
