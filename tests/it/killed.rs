//! Killed where it stands, hundreds of times, while it makes new files and while it replaces old
//! ones: every name holds the whole old or the whole new file, and the next run completes the copy
//! and removes what the killed ones left, and nothing else.

use crate::support::child::{complete, start};
use crate::support::scratch::Scratch;
use crate::support::tree::{Dice, set_mode, set_times};
use crate::support::walk::{assert_same, entries, same_bytes, temporaries};
use crate::support::{is_thorough, say};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Small files, large files, directories of odd modes: some 25 MB.
fn source(place: &Path) -> PathBuf {
    let root = place.join("source");
    let mut dice = Dice::new(5);
    for number in 0..16 {
        let dir = root.join(format!("dir-{number}"));
        fs::create_dir_all(&dir).expect("made");
        for file in 0..12 {
            let size = dice.below(20_000) as usize;
            let path = dir.join(format!("small-{file}"));
            fs::write(&path, dice.bytes(size)).expect("written");
            set_times(&path, 2_000_000 + file, 5);
        }
        if number % 4 == 0 {
            fs::write(dir.join("large"), dice.bytes(5 << 20)).expect("written");
            set_times(&dir.join("large"), 3_000_000, 7);
        }
        set_mode(&dir, if number % 2 == 0 { 0o755 } else { 0o700 });
        set_times(&dir, 1_000_000 + number, 17);
    }
    // What only looks like a temporary is a file like any other.
    for name in [".haul", "x.part", ".haul-notes"] {
        fs::write(root.join(name), "mine").expect("written");
        set_times(&root.join(name), 4_000_000, 9);
    }
    set_times(&root, 5_000_000, 11);
    root
}

fn old(path: &[u8]) -> Vec<u8> {
    [b"the old ", path].concat()
}

/// An old file under every name.
fn populate(source: &Path, copy: &Path) {
    for (path, metadata) in entries(source) {
        let to = copy.join(OsStr::from_bytes(&path));
        if metadata.is_dir() {
            fs::create_dir_all(&to).expect("made");
        } else {
            fs::write(&to, old(&path)).expect("written");
        }
    }
}

/// Every file under its own name is whole; how many are new.
fn assert_whole(source: &Path, copy: &Path, replacing: bool) -> usize {
    let left = temporaries(copy);
    let (there, wanted) = (entries(copy), entries(source));
    let mut new = 0;
    for (path, metadata) in &there {
        if !metadata.is_file() || left.contains(path) {
            continue;
        }
        let name = OsStr::from_bytes(path);
        let (from, to) = (source.join(name), copy.join(name));
        if replacing && fs::read(&to).expect("readable") == old(path) {
            continue;
        }
        assert!(same_bytes(&from, &to), "{name:?} is half a file");
        let time = |path: &Path| {
            let metadata = fs::metadata(path).expect("there");
            metadata.modified().expect("known")
        };
        assert_eq!(time(&from), time(&to), "{name:?} has no time yet");
        new += 1;
    }
    if replacing {
        for path in wanted.keys() {
            assert!(
                there.contains_key(path),
                "{:?} is gone",
                OsStr::from_bytes(path)
            );
        }
    }
    new
}

const KILLS: usize = 5;

/// Kills in `place`, a directory of the scratch one, `rounds` times five copies by each strategy in
/// its turn.
fn killed(scratch: &Scratch, place: &str, strategies: &[&str], replacing: bool, rounds: usize) {
    let root = scratch.at(place);
    let from = source(&root);
    let copy = root.join("to");
    let paths = [format!("{place}/source"), format!("{place}/to")];
    let policy = if replacing { "overwrite" } else { "refuse" };
    let words = |strategy, sync| {
        let mut words = vec!["-T", "--conflict", policy, "--strategy", strategy];
        words.extend(["--sync", sync]);
        words.extend(["--chunk-size", "2M", "--parallel-min-size", "4M"]);
        words.extend(paths.iter().map(String::as_str));
        words
    };
    let files = entries(&from).values().filter(|it| it.is_file()).count();
    let mut dice = Dice::new(if replacing { 71 } else { 72 });
    let (mut left_something, mut partly) = (0, 0);
    for round in 0..rounds {
        let strategy = strategies[round % strategies.len()];
        // Every strategy both ways, in a full circle twice as long.
        let sync = ["job", "none"][(round + round / strategies.len()) % 2];
        let begin = || {
            if copy.exists() {
                crate::support::scratch::make_removable(&copy);
                fs::remove_dir_all(&copy).expect("removed");
            }
            if replacing {
                populate(&from, &copy);
            }
        };
        begin();
        let began = Instant::now();
        complete(scratch, &words(strategy, sync));
        let whole_run = began.elapsed();
        begin();
        // Again and again, so that it is also killed while it goes on after a kill.
        for _ in 0..KILLS {
            let mut child = start(scratch, &words(strategy, sync));
            let micros = dice.below(whole_run.as_micros() as u64);
            std::thread::sleep(Duration::from_micros(micros));
            child.kill().expect("killed");
            child.wait().expect("it ended");
            let new = assert_whole(&from, &copy, replacing);
            partly += usize::from(new > 0 && new < files);
            left_something += usize::from(!temporaries(&copy).is_empty());
        }
        complete(scratch, &words(strategy, sync));
        assert_same(&from, &copy);
    }
    say(&format!(
        "{} kills: {left_something} left temporaries, {partly} a part of the tree",
        rounds * KILLS
    ));
    assert!(partly + left_something > 0, "no kill was in mid-copy");
}

fn killed_in_memory(replacing: bool) {
    let strategies = [
        "buffered",
        "auto",
        "parallel",
        "sendfile",
        "copy-file-range",
        "io-uring",
        "baseline",
    ];
    let rounds = if is_thorough() { 42 } else { 7 };
    killed(&Scratch::quick(), ".", &strategies, replacing, rounds);
}

/// Where blocks are shared, and where the page cache can be gone past.
fn killed_on_disk(kind: &str, replacing: bool) {
    let mut scratch = Scratch::new();
    if scratch.mount_image(kind).is_none() {
        return;
    }
    let rounds = if is_thorough() { 12 } else { 4 };
    let strategies = ["direct", "reflink", "io-uring", "auto"];
    killed(&scratch, kind, &strategies, replacing, rounds);
}

#[test]
fn killed_while_it_makes_files_it_leaves_whole_ones_and_the_next_run_completes() {
    killed_in_memory(false);
}

#[test]
fn killed_while_it_replaces_files_it_leaves_old_or_new_ones_and_the_next_run_completes() {
    killed_in_memory(true);
}

#[test]
fn killed_on_xfs_and_btrfs_it_leaves_whole_files_and_the_next_run_completes() {
    for kind in ["xfs", "btrfs"] {
        for replacing in [false, true] {
            killed_on_disk(kind, replacing);
        }
    }
}
