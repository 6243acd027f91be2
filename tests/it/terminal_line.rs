//! Lines of all kinds: slow ones, stopped ones, ones that drop; and what a terminal is told beside
//! its cells.

use crate::support::is_thorough;
use crate::support::pty::{ENTER, PATIENCE, Seen};
use crate::terminal::{
    ENDLESS, LARGE, SLOWLY, bytes, done, find, given_back, in_mid_copy, open_with, percent, row,
    same_content, stands, start_copy, temporaries, turn, world_of, world_with_large,
};
use rustix::process::Signal;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

fn with<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut all = SLOWLY.to_vec();
    all.extend_from_slice(more);
    all
}

fn count(bytes: &[u8], what: &[u8]) -> usize {
    bytes.windows(what.len()).filter(|at| *at == what).count()
}

/// T10, in short: two frames a second over SSH, few bytes in each, and none when nothing changes.
#[test]
fn over_ssh_a_copy_costs_little_and_a_still_screen_nothing() {
    let _turn = turn();
    let world = world_with_large(ENDLESS);
    // Capped, so that it lasts and its figures change from frame to frame; every colour, as it
    // takes the most bytes.
    let ssh = with(&[
        ("SSH_CONNECTION", "10.0.0.1 1 10.0.0.2 22"),
        ("HAUL_LIMIT", "20MiB"),
        ("HAUL_THEME", "dark"),
        ("HAUL_COLOUR", "true"),
    ]);
    let (copying, still) = if is_thorough() { (10, 10) } else { (5, 1) };
    let mut terminal = open_with(&world, &ssh);
    in_mid_copy(&terminal);
    // The keys that started it were answered at once; from here on only figures change.
    terminal.until_quiet(Duration::from_millis(150));
    let before = terminal.bytes().len();
    let began = Instant::now();
    std::thread::sleep(Duration::from_secs(copying));
    let took = began.elapsed().as_secs_f64();
    let written = terminal.bytes()[before..].to_vec();
    let frames = count(&written, b"\x1b[?2026h");
    assert!(frames >= 2, "the copy is followed: {frames} frames");
    assert!(
        (frames as f64) <= took * 2.0 + 2.0,
        "{frames} frames in {took} s"
    );
    let rate = written.len() as f64 / took;
    assert!(rate <= 2048.0, "{rate} bytes a second");
    terminal.keys("p");
    terminal.until("paused", |screen| stands(screen, 1, "PAUSED"));
    terminal.until_quiet(Duration::from_secs(1));
    let before = terminal.bytes().len();
    std::thread::sleep(Duration::from_secs(still));
    assert_eq!(
        terminal.bytes().len(),
        before,
        "paused, and nothing pressed"
    );
    terminal.signal(Signal::TERM);
    assert_eq!(terminal.end(), 143);
}

/// T9: the copy is made whether the terminal reads or not.
#[test]
fn a_terminal_that_stops_reading_does_not_hold_up_the_copy() {
    let _turn = turn();
    let world = world_with_large(LARGE);
    let mut terminal = open_with(&world, &SLOWLY);
    in_mid_copy(&terminal);
    terminal.stop_reading();
    let copied = world.path().join("dst/big.bin");
    let deadline = Instant::now() + PATIENCE * 3;
    while !copied.exists() {
        assert!(Instant::now() < deadline, "the copy stands still");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(same_content(&world.path().join("src/big.bin"), &copied));
    // And the way out is not held up either.
    terminal.signal(Signal::TERM);
    assert_eq!(terminal.end(), 143);
    assert!(terminal.is_restored());
}

/// T4: without a terminal the copy goes on to its end, where that is configured.
#[test]
fn a_copy_outlives_its_terminal_where_that_is_wanted() {
    let _turn = turn();
    let world = world_with_large(LARGE);
    let mut terminal = open_with(&world, &with(&[("HAUL_HANGUP", "finish")]));
    in_mid_copy(&terminal);
    terminal.hang_up();
    assert_eq!(terminal.end_within(PATIENCE * 3), 129);
    let (from, to) = (world.path().join("src"), world.path().join("dst"));
    assert!(same_content(&from.join("big.bin"), &to.join("big.bin")));
    assert_eq!(temporaries(&to), [] as [PathBuf; 0]);
}

/// T3: stopped from outside, the terminal is the shell's; continued, everything is painted again.
#[test]
fn a_stop_gives_the_terminal_back_and_a_continue_takes_it_again() {
    let world = world_of(&[("a.txt", b"a".to_vec())]);
    let mut terminal = open_with(&world, &[]);
    terminal.shows("a.txt");
    for _ in 0..2 {
        terminal.signal(Signal::TSTP);
        terminal.until_seen("the shell's screen", |seen| {
            !seen.screen().alternate_screen() && !seen.screen().hide_cursor()
        });
        let deadline = Instant::now() + PATIENCE;
        while !terminal.is_restored() {
            assert!(Instant::now() < deadline, "modes were not given back");
            std::thread::sleep(Duration::from_millis(5));
        }
        // A signal to go on that comes before it has stopped would be lost.
        terminal.until_stopped();
        // Resized while it was stopped.
        terminal.resize(100, 30);
        terminal.signal(Signal::CONT);
        terminal.until_seen("haul again", |seen| {
            seen.screen().alternate_screen() && seen.text().contains("a.txt")
        });
        terminal.until("the new width", |screen| {
            screen.lines().any(|line| line.chars().count() > 90)
        });
    }
    terminal.keys("q");
    assert_eq!(terminal.end(), 0);
    given_back(&terminal);
}

/// T12: progress goes to taskbars that are known, and is taken off them on every way out.
#[test]
fn the_taskbar_and_the_title_follow_the_copy_and_are_given_back() {
    let _turn = turn();
    let clear = b"\x1b]9;4;0\x1b\\";
    for end in ["q", "TERM"] {
        let world = world_with_large(ENDLESS);
        let known = with(&[("TERM_PROGRAM", "ghostty")]);
        let mut terminal = open_with(&world, &known);
        in_mid_copy(&terminal);
        terminal.until_seen("the taskbar", |seen| {
            seen.bytes().windows(8).any(|at| at == b"\x1b]9;4;1;")
        });
        let text = String::from_utf8_lossy(&terminal.bytes()).into_owned();
        let percent = text
            .split("\x1b]2;haul ")
            .skip(1)
            .filter_map(|rest| rest.split_once("% 1 run\x1b\\"));
        let percents: Vec<&str> = percent.map(|(percent, _)| percent).collect();
        assert!(
            percents.iter().any(|percent| percent.parse::<u8>().is_ok()),
            "a title with percent: {percents:?}"
        );
        if end == "q" {
            terminal.keys("q");
            terminal.shows("[>Stay<]");
            terminal.keys("y");
            assert_eq!(terminal.end(), 0);
        } else {
            terminal.signal(Signal::TERM);
            assert_eq!(terminal.end(), 143);
        }
        let bytes = terminal.bytes();
        let last = bytes.windows(5).rposition(|at| at == b"\x1b]9;4");
        let last = last.expect("it was told");
        assert!(
            bytes[last..].starts_with(clear),
            "{end}: progress stays on the taskbar"
        );
        assert!(
            find(&bytes[last..], b"\x1b[23;2t").is_some(),
            "{end}: the title stays"
        );
    }
    // Elsewhere it would be noise.
    let world = world_of(&[("a.txt", bytes(70_000, 1))]);
    let mut terminal = open_with(&world, &[]);
    terminal.shows("a.txt");
    start_copy(&terminal);
    done(&terminal, 1);
    terminal.keys("q");
    assert_eq!(terminal.end(), 0);
    assert_eq!(find(&terminal.bytes(), b"\x1b]9"), None);
    given_back(&terminal);
}

/// T16: nothing to copy is copied, and is 100 %.
#[test]
fn nothing_at_all_ends_well() {
    let world = world_of(&[("empty.txt", Vec::new()), ("same.txt", b"same".to_vec())]);
    fs::create_dir(world.path().join("src/empty")).expect("made");
    let mut terminal = open_with(&world, &[]);
    terminal.shows("same.txt");
    for (job, keys) in [(1, " "), (2, " "), (3, ""), (4, "*")] {
        terminal.keys(keys);
        start_copy(&terminal);
        let screen = done(&terminal, job);
        assert_eq!(percent(&screen, job), Some(100), "{screen}");
        for wrong in ["NaN", "inf"] {
            assert!(
                !row(&screen, job).is_some_and(|row| row.contains(wrong)),
                "{screen}"
            );
        }
    }
    terminal.keys("q");
    assert_eq!(terminal.end(), 0);
}

/// Keys of the configuration, the palette, and the receipts of an earlier run.
#[test]
fn keys_are_rebound_actions_looked_up_and_receipts_kept() {
    let world = world_of(&[("a.txt", bytes(70_000, 1))]);
    let config = world.path().join("keys.toml");
    fs::write(
        &config,
        "[keys]\nhistory = \"<F9>\"\n[keys.panes]\nmark = [\"m\"]\n",
    )
    .expect("written");
    let config = config.to_str().expect("text").to_owned();
    let variables = [("HAUL_CONFIG", config.as_str())];
    let mut terminal = open_with(&world, &variables);
    terminal.shows("a.txt");
    terminal.keys("m");
    terminal.shows("1 marked");
    start_copy(&terminal);
    done(&terminal, 1);
    terminal.keys(":").keys("hist");
    let screen = terminal.shows("ACTIONS");
    assert!(!screen.contains("H         history"), "{screen}");
    terminal.until("the key in force", |screen| {
        screen.contains("F9        history")
    });
    terminal.keys(ENTER);
    terminal.shows("1 of 1 finished job");
    terminal.keys("q");
    terminal.shows("[SRC]");
    terminal.keys("q");
    assert_eq!(terminal.end(), 0);
    // The next run knows of it.
    let mut terminal = open_with(&world, &variables);
    terminal.shows("a.txt");
    terminal.keys("\x1b[20~");
    let screen = terminal.shows("1 of 1 finished job");
    assert!(screen.contains("1 copied, 0 skipped, 0 failed"), "{screen}");
    terminal.keys("q").keys("q");
    assert_eq!(terminal.end(), 0);
    let text = terminal.look(Seen::text);
    assert!(!text.contains("error"), "{text}");
    // Two actions on one key are refused before a byte is drawn.
    fs::write(world.path().join("keys.toml"), "[keys]\npause = \"x\"\n").expect("written");
    let mut terminal = open_with(&world, &variables);
    assert_eq!(terminal.end(), 2);
    let text = terminal.look(Seen::text);
    assert!(
        text.contains("'pause'") && text.contains("'cancel'"),
        "{text}"
    );
    assert_eq!(find(&terminal.bytes(), b"\x1b[?1049h"), None);
}
