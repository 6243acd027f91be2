//! The interactive program over a device that is slow to say that it has everything.
//!
//! No device here can be made slow without rights, so the program of the terminal is this test itself,
//! with an engine whose flushes take their time.

use crate::support::engine::slow;
use crate::support::pty::{ENTER, Streams, TAB, Terminal};
use crate::support::scratch::Scratch;
use crate::terminal::{bytes, done, given_back, percent, plan, stands, turn};
use haul::proto::{Durability, JobSpec, Naming};
use haul::sys::Call;
use haul::tui::{self, Settings};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

/// Of whom the program is asked, and where it runs.
const PLACE: &str = "HAUL_TEST_SLOW_FLUSH";

/// How long a flush takes: long enough to be seen and to press keys in.
const FLUSH: Duration = Duration::from_secs(3);

/// The program; without a place to run in there is nothing to do.
#[test]
fn the_program_over_a_slow_device() {
    let Some(place) = std::env::var_os(PLACE).map(PathBuf::from) else {
        return;
    };
    let (client, engine) = haul::session::local_with(slow(Call::SyncFs, FLUSH)).expect("an engine");
    let settings = Settings {
        defaults: JobSpec {
            naming: Naming::Into,
            durability: Durability::Job,
            ..JobSpec::default()
        },
        ..Settings::default()
    };
    tui::run(client, settings, place.join("src"), place.join("dst")).expect("a screen");
    engine.join().expect("an end");
}

fn open(world: &Scratch) -> Terminal {
    let mut command = Command::new(std::env::current_exe().expect("this test"));
    command
        .args([
            "--exact",
            "terminal_flush::the_program_over_a_slow_device",
            "--nocapture",
        ])
        .env_clear()
        .env("HOME", world.dir("home"))
        .env("TERM", "xterm-256color")
        .env("LC_ALL", "C.UTF-8")
        .env(PLACE, world.path());
    Terminal::start(command, (80, 24), Streams::All)
}

/// One file to copy, in memory: the flushes of a disk wait for what others write there.
fn one_file() -> Scratch {
    let world = Scratch::quick();
    world.dir("dst");
    std::fs::write(world.dir("src").join("one.bin"), bytes(70_000, 1)).expect("written");
    world
}

fn flushing(world: &Scratch) -> (Terminal, String) {
    let terminal = open(world);
    terminal.shows("one.bin");
    plan(&terminal);
    terminal.shows("1 file, 68.4 KiB");
    terminal.keys(ENTER);
    let screen = terminal.until("flushing", |screen| stands(screen, 1, "FLUSH"));
    (terminal, screen)
}

/// T19: all is copied and nothing is said to be done.
#[test]
fn a_slow_flush_is_shown_and_only_its_end_is_done() {
    let _turn = turn();
    let world = one_file();
    let there = world.path().join("dst/one.bin");
    let (mut terminal, screen) = flushing(&world);
    let began = Instant::now();
    assert!(!there.exists(), "a name before the device has it");
    assert!(
        percent(&screen, 1).is_none_or(|share| share < 100),
        "{screen}"
    );
    assert!(screen.contains("the device is catching up"), "{screen}");
    assert!(screen.contains("files 0/1 +1 to flush"), "{screen}");
    // The keys are answered meanwhile.
    terminal.keys(TAB);
    terminal.shows("[DST]");
    assert!(!there.exists() || began.elapsed() > FLUSH / 2);
    let screen = done(&terminal, 1);
    assert!(there.exists());
    assert_eq!(percent(&screen, 1), Some(100), "{screen}");
    terminal.keys("q");
    assert_eq!(terminal.end(), 0);
    given_back(&terminal);
}

/// T19: a cancel in it is taken at once, what is whole gets its name, and nothing else is left.
#[test]
fn a_slow_flush_is_cancelled() {
    let _turn = turn();
    let world = one_file();
    let (mut terminal, _) = flushing(&world);
    terminal.keys("x");
    terminal.shows("[>No, go on<]");
    let asked = Instant::now();
    terminal.keys("y");
    terminal.until("taken", |screen| {
        stands(screen, 1, "STOPPING") || stands(screen, 1, "CANCELLED")
    });
    assert!(
        asked.elapsed() < Duration::from_secs(2),
        "{:?}",
        asked.elapsed()
    );
    terminal.until("cancelled", |screen| stands(screen, 1, "CANCELLED"));
    let left: Vec<_> = std::fs::read_dir(world.path().join("dst"))
        .expect("a directory")
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    assert_eq!(left, ["one.bin"]);
    terminal.keys("q");
    assert_eq!(terminal.end(), 0);
    given_back(&terminal);
}
