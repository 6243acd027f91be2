//! Figures of the interactive program that tell how long work took and how much of it there is.

use crate::support::pty::{DOWN, F5, TAB};
use crate::terminal::{
    LARGE, MIB, SLOWLY, done, given_back, in_mid_copy, in_mid_copy_of, open_with, row, stands,
    turn, world_with_large,
};
use rustix::fs::{FallocateFlags, fallocate};
use rustix::process::Signal;
use std::fs::{self, File};
use std::time::{Duration, Instant, SystemTime};

/// The seconds of work in the receipt of a job, by the name of its source.
fn seconds_of_work(history: &str, source: &str) -> f64 {
    let receipts = history.lines().map(|line| {
        let receipt: serde_json::Value = serde_json::from_str(line).expect("an object");
        receipt
    });
    let mut of_it = receipts.filter(|receipt| receipt.to_string().contains(source));
    let receipt = of_it.next().expect("a receipt");
    receipt["elapsed_seconds"].as_f64().expect("seconds")
}

/// T17: a job is paused, another waits, and a third of the bytes is there already.
#[test]
fn paused_and_waiting_time_is_no_work_and_what_is_skipped_leaves_the_total() {
    let _turn = turn();
    let world = world_with_large(LARGE);
    // In one directory with the large file: one that is there already.
    let (src, dst) = (world.path().join("src"), world.path().join("dst"));
    for dir in [src.join("all"), dst.join("all")] {
        fs::create_dir(&dir).expect("made");
        let same = File::create(dir.join("same.bin")).expect("made");
        fallocate(&same, FallocateFlags::empty(), 0, 256 * MIB).expect("room");
        same.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000))
            .expect("set");
    }
    fs::rename(src.join("big.bin"), src.join("all/big.bin")).expect("moved");
    let mut variables = SLOWLY.to_vec();
    // A quiet machine copies the first before the second was seen to wait.
    variables.push(("HAUL_LIMIT", "100M"));
    let state = world.path().join("state");
    variables.push(("XDG_STATE_HOME", state.to_str().expect("text")));
    let mut terminal = open_with(&world, &variables);
    let began = Instant::now();
    in_mid_copy_of(&terminal, "all/");

    // The second waits for the first.
    terminal.keys(DOWN).keys(F5);
    terminal.shows("1 file, 68.4 KiB");
    let added = Instant::now();
    terminal.keys("\x1bOQ");
    terminal.until("queued", |screen| stands(screen, 2, "QUEUED"));
    let waits = Instant::now();
    while waits.elapsed() < Duration::from_millis(1_500) {
        terminal.until("still queued", |screen| stands(screen, 2, "QUEUED"));
        std::thread::sleep(Duration::from_millis(50));
    }
    let waited = waits.elapsed();

    // The first is paused: it has no time left to tell, and lets the second run.
    terminal.keys(TAB).keys(TAB).keys("gg").keys("p");
    let screen = terminal.until("paused", |screen| stands(screen, 1, "PAUSED"));
    let paused = Instant::now();
    let line = row(&screen, 1).expect("its row");
    assert!(!line.contains('~') && !line.contains("left"), "{screen}");
    done(&terminal, 2);
    let second = added.elapsed();
    while paused.elapsed() < Duration::from_millis(1_500) {
        std::thread::sleep(Duration::from_millis(50));
    }
    let paused = paused.elapsed();
    terminal.keys("p");
    let screen = done(&terminal, 1);
    let first = began.elapsed();
    assert!(screen.contains("copied 512 MiB of 512 MiB"), "{screen}");
    assert!(screen.contains("files 2/2  1 skipped"), "{screen}");
    let line = row(&screen, 1).expect("its row");
    assert!(line.contains("100%"), "{screen}");
    terminal.keys("q");
    assert_eq!(terminal.end(), 0);
    given_back(&terminal);

    let history = fs::read_to_string(state.join("haul/history.jsonl")).expect("receipts");
    for (source, wall, idle) in [("then.txt", second, waited), ("src/all", first, paused)] {
        let work = seconds_of_work(&history, source);
        let most = wall.as_secs_f64() - idle.as_secs_f64();
        assert!(work <= most, "{source}: {work} s of work in {most} s");
    }
}

/// T3: Ctrl-Z in the middle of a copy, longer than a worker may do nothing without a word. None of
/// that time is work, nobody is said to have stalled in it, and no rate has it in its mean.
#[test]
fn stopped_time_is_in_no_figure() {
    let _turn = turn();
    let world = world_with_large(192 * MIB);
    let state = world.path().join("state");
    let mut terminal = open_with(
        &world,
        &[
            ("HAUL_LIMIT", "32M"),
            // No cap holds back a clone, where blocks can be shared.
            ("HAUL_STRATEGY", "buffered"),
            ("HAUL_SYNC", "none"),
            ("XDG_STATE_HOME", state.to_str().expect("text")),
        ],
    );
    let began = Instant::now();
    in_mid_copy(&terminal);
    terminal.until("a rate", |screen| {
        row(screen, 1).is_some_and(|row| row.contains("M/s"))
    });
    terminal.keys("\x1a");
    terminal.until_stopped();
    let stopped = Instant::now();
    let before = terminal.bytes().len();
    while stopped.elapsed() < Duration::from_secs(5) {
        std::thread::sleep(Duration::from_millis(50));
    }
    let stopped = stopped.elapsed();
    terminal.signal(Signal::CONT);
    let screen = done(&terminal, 1);
    let wall = began.elapsed();
    assert!(screen.contains("copied 192 MiB of 192 MiB"), "{screen}");
    let since = terminal.bytes().split_off(before);
    let since = String::from_utf8_lossy(&since).into_owned();
    assert!(!since.contains("STALLED"), "{since}");
    terminal.keys(TAB).keys(TAB).keys("\r");
    let screen = terminal.shows("in the slowest second");
    terminal.keys("\x1b");
    terminal.until("the panes", |screen| screen.contains("[QUEUE]"));
    terminal.keys("q");
    assert_eq!(terminal.end(), 0);
    given_back(&terminal);

    let history = fs::read_to_string(state.join("haul/history.jsonl")).expect("receipts");
    let work = seconds_of_work(&history, "big.bin");
    let most = wall.as_secs_f64() - stopped.as_secs_f64();
    assert!(work <= most, "{work} s of work in {most} s");
    // One second with the stop in it would be a sixth of the cap.
    let slowest = screen.lines().find(|line| line.contains("slowest"));
    let slowest = slowest.and_then(|line| line.split_whitespace().nth(1));
    let slowest: f64 = slowest.expect("a figure").parse().expect("MiB/s");
    assert!(slowest > 8.0, "{screen}");
}
