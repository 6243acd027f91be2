//! Somebody else works in the same trees at the same time: a directory is swapped for a link, over
//! and over, while haul copies. Nothing outside the two trees may be read or written.

use crate::support::engine::{meanwhile, run, run_real, spec};
use crate::support::scratch::Scratch;
use crate::support::tree::{pipe, set_mode, set_times};
use crate::support::walk::assert_same;
use crate::support::{is_root, is_thorough, say};
use haul::proto::{Conflict, JobSpec, Naming};
use haul::sys::{Call, Faulty, Real};
use rustix::fs::{CWD, RenameFlags, XattrFlags, getxattr, renameat_with, setxattr};
use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How long each race is run.
fn long() -> Duration {
    Duration::from_secs(if is_thorough() { 10 } else { 2 })
}

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
        while begun.elapsed() < long() {
            copy(runs);
            runs += 1;
        }
        let swaps = flips.load(Ordering::Relaxed);
        say(&format!("{runs} runs, {swaps} swaps"));
        assert!(
            runs > 10 && swaps > 100,
            "not much of a race: {runs} runs, {swaps} swaps"
        );
    });
}

/// Number, mode, owner, group, length, modification time, change time.
type Identity = (u64, u32, u32, u32, u64, (i64, i64), (i64, i64));

/// Everything the kernel says of an inode; what changes anything about it changes its change time.
fn identity(path: &Path) -> Identity {
    let it = fs::symlink_metadata(path).expect("there");
    let (modified, changed) = ((it.mtime(), it.mtime_nsec()), (it.ctime(), it.ctime_nsec()));
    (
        it.ino(),
        it.mode(),
        it.uid(),
        it.gid(),
        it.len(),
        modified,
        changed,
    )
}

/// Files of others that nobody may touch: what they are, to be compared afterwards.
struct Victims(Vec<(PathBuf, Identity)>);

impl Victims {
    /// A directory outside with the names of the source in it.
    fn make(scratch: &Scratch) -> (PathBuf, Self) {
        let outside = scratch.dir("outside");
        let mut paths = vec![outside.clone()];
        for name in ["f0", "f1", "link", "hard", "pipe"] {
            fs::write(outside.join(name), "SECRET").expect("written");
            set_mode(&outside.join(name), 0o600);
            paths.push(outside.join(name));
        }
        // Not every file system of the tests has attributes; where it has, they would be copied.
        let flags = XattrFlags::empty();
        if setxattr(outside.join("f0"), c"user.secret", b"SECRET", flags).is_err() {
            say("no attributes here: their leaking is not tried");
        }
        fs::create_dir(outside.join("sub")).expect("made");
        fs::write(outside.join("sub/f0"), "SECRET").expect("written");
        paths.extend([outside.join("sub"), outside.join("sub/f0")]);
        let victims = paths.into_iter().map(|path| {
            let identity = identity(&path);
            (path, identity)
        });
        (outside, Self(victims.collect()))
    }

    /// As they were, and no name more or less.
    fn assert_untouched(&self, outside: &Path) {
        for (path, before) in &self.0 {
            assert_eq!(identity(path), *before, "{} was touched", path.display());
        }
        assert_eq!(fs::read_dir(outside).expect("there").count(), 6);
        assert_eq!(fs::read_dir(outside.join("sub")).expect("there").count(), 1);
    }
}

/// A directory with every kind of entry, wide open, with attributes, of another owner where that
/// can be: everything a copy does to an inode is done for it.
fn wide_open(inner: &Path) {
    fs::create_dir_all(inner.join("sub")).expect("made");
    for number in 0..12 {
        let file = inner.join(format!("f{number}"));
        fs::write(&file, "public").expect("written");
        if setxattr(&file, c"user.mine", b"public", XattrFlags::empty()).is_err() {
            say("no attributes here");
        }
    }
    fs::write(inner.join("sub/f0"), "public").expect("written");
    fs::hard_link(inner.join("f1"), inner.join("hard")).expect("linked");
    symlink("f0", inner.join("link")).expect("linked");
    pipe(&inner.join("pipe"));
    for name in ["f0", "f1", "sub", "sub/f0", "pipe"] {
        set_mode(&inner.join(name), 0o777);
        if is_root() {
            chown(inner.join(name), Some(1234), Some(1234)).expect("given");
        }
    }
}

/// Nothing of what lies outside came to the destination.
fn assert_no_secret(to: &Path) {
    for entry in walkdir::WalkDir::new(to) {
        let entry = entry.expect("readable");
        if entry.file_type().is_file() {
            let path = entry.path();
            let bytes = fs::read(path).expect("read");
            assert_eq!(bytes, b"public", "{} came from outside", path.display());
            let secret = getxattr(path, c"user.secret", &mut [0; 100]);
            assert!(secret.is_err(), "{} bears a secret", path.display());
        }
    }
}

#[test]
fn a_source_directory_swapped_for_a_link_leaks_nothing() {
    let scratch = Scratch::quick();
    let from = scratch.dir("from");
    wide_open(&from.join("inner"));
    let (outside, victims) = Victims::make(&scratch);
    symlink(&outside, scratch.at("link")).expect("linked");
    let to = scratch.at("to");
    race(&from.join("inner"), &scratch.at("link"), |_| {
        let mut job = spec(&from, &to);
        job.naming = Naming::Exact;
        run_real(&job);
        assert_no_secret(&to);
        fs::remove_dir_all(&to).expect("removed");
    });
    victims.assert_untouched(&outside);
}

/// The directory above the one that is copied from: the root of the source is held, not looked up.
#[test]
fn a_directory_above_the_source_swapped_for_a_link_leaks_nothing() {
    let scratch = Scratch::quick();
    wide_open(&scratch.dir("above/from"));
    let (outside, victims) = Victims::make(&scratch);
    // The same names by the other way, all of them secret.
    fs::create_dir(scratch.at("other")).expect("made");
    symlink(&outside, scratch.at("other/from")).expect("linked");
    let (from, to) = (scratch.at("above/from"), scratch.at("to"));
    race(&scratch.at("above"), &scratch.at("other"), |_| {
        let mut job = spec(&from, &to);
        job.naming = Naming::Exact;
        run_real(&job);
        // The link itself may be what was met, and is copied as a link.
        if fs::symlink_metadata(&to).is_ok_and(|it| it.is_dir()) {
            assert_no_secret(&to);
            fs::remove_dir_all(&to).expect("removed");
        } else if fs::symlink_metadata(&to).is_ok() {
            fs::remove_file(&to).expect("removed");
        }
    });
    victims.assert_untouched(&outside);
}

#[test]
fn a_destination_directory_swapped_for_a_link_lets_nothing_out() {
    let scratch = Scratch::quick();
    let from = scratch.dir("from");
    wide_open(&from.join("inner"));
    let (outside, victims) = Victims::make(&scratch);
    let to = scratch.dir("to");
    scratch.dir("to/inner");
    symlink(&outside, scratch.at("link")).expect("linked");
    race(&to.join("inner"), &scratch.at("link"), |run| {
        // Newer each time, so that every run writes.
        for number in 0..12 {
            let secs = 1_000_000 + i64::from(run);
            set_times(&from.join(format!("inner/f{number}")), secs, 0);
        }
        let mut job = spec(&from, &to);
        job.naming = Naming::Exact;
        job.conflict = Conflict::Overwrite;
        run_real(&job);
        victims.assert_untouched(&outside);
    });
}

/// A name that is to be replaced flips between a file and a link to somebody's own file.
#[test]
fn a_destination_file_swapped_for_a_link_lets_nothing_out() {
    let scratch = Scratch::quick();
    let from = scratch.dir("from");
    wide_open(&from.join("inner"));
    let (outside, victims) = Victims::make(&scratch);
    let to = scratch.dir("to/inner");
    fs::write(to.join("f0"), "old").expect("written");
    let (stop, flips) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                let link = scratch.at("link");
                symlink(outside.join("f0"), &link).expect("linked");
                fs::rename(&link, to.join("f0")).expect("renamed");
                flips.fetch_add(1, Ordering::Relaxed);
            }
        });
        let _stop = Stop(&stop);
        let begun = Instant::now();
        let mut run = 0;
        while begun.elapsed() < long() {
            run += 1;
            set_times(&from.join("inner/f0"), 1_000_000 + run, 0);
            let mut job = spec(&from, &scratch.at("to"));
            job.naming = Naming::Exact;
            job.conflict = Conflict::Overwrite;
            run_real(&job);
            victims.assert_untouched(&outside);
        }
        assert!(run > 10 && flips.load(Ordering::Relaxed) > 100);
    });
}

#[test]
fn a_source_file_swapped_for_a_link_is_not_followed() {
    let scratch = Scratch::quick();
    let from = scratch.dir("from");
    fs::write(from.join("f"), "public").expect("written");
    fs::write(scratch.at("secret"), "SECRET").expect("written");
    symlink(scratch.at("secret"), scratch.at("link")).expect("linked");
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

/// A node gets its owner, mode and times by what was made, not by its name: whoever swaps the name
/// meanwhile has nothing of theirs changed by haul, and nothing of somebody else's either.
#[test]
fn a_node_swapped_before_it_is_dressed_costs_nobody_anything() {
    for kind in ["link", "pipe"] {
        // Before every look at a place; before the first setting of times.
        let instants = (0..40).map(|nth| (Call::OpenPlace, nth));
        let mut swaps = 0;
        for (call, nth) in instants.chain([(Call::SetTimesOf, 0)]) {
            let scratch = Scratch::quick();
            let (from, to) = (scratch.dir("from"), scratch.dir("to"));
            let victim = scratch.at("victim");
            for path in [from.join("node"), victim.clone()] {
                match kind {
                    "link" => symlink("target", &path).expect("linked"),
                    _ => pipe(&path),
                }
                set_times(&path, 1_000_000, 5);
            }
            if kind == "pipe" {
                set_mode(&from.join("node"), 0o777);
            }
            set_times(&from.join("node"), 2_000_000, 5);
            // A second name for the victim is the attacker's, and changes the victim.
            let bait = scratch.at("bait");
            fs::hard_link(&victim, &bait).expect("linked");
            let before = identity(&victim);
            let swapped = Arc::new(AtomicU64::new(0));
            let (count, dir) = (swapped.clone(), to.join("from"));
            let sys = meanwhile(call, nth, move || {
                let Ok(names) = fs::read_dir(&dir) else {
                    return;
                };
                for entry in names {
                    let name = entry.expect("readable").path();
                    if name.extension().is_some_and(|part| part == "part") {
                        fs::rename(&bait, &name).expect("swapped");
                        count.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
            let mut job = spec(&from, &to);
            job.retries = 2;
            let ended = run(sys, &job);
            let now = identity(&victim);
            assert_eq!(
                (now.1, now.5),
                (before.1, before.5),
                "{kind} {call:?} {nth}"
            );
            let swapped = swapped.load(Ordering::Relaxed);
            swaps += swapped;
            if swapped == 0 || call == Call::OpenPlace {
                // Noticed, and made again.
                ended.assert_good();
                assert_same(&from, &to.join("from"));
            }
        }
        assert_eq!(swaps, 2, "{kind}: at both instants, and at no other");
    }
}

/// Calls of a clean run, each with how many of its kind came before it.
fn instants(job: &JobSpec) -> Vec<(Call, u64)> {
    let sys = Arc::new(Faulty::new(Arc::new(Real), None));
    run(sys.clone(), job).assert_good();
    let mut before: HashMap<Call, u64> = HashMap::new();
    let nth = |call: Call| {
        let count = before.entry(call).or_default();
        *count += 1;
        (call, *count - 1)
    };
    sys.calls().into_iter().map(nth).collect()
}

/// No luck needed: the directory is swapped for the link, or the link for the directory, right before
/// each single call of a copy.
fn swapped_at_any_call(in_source: bool) {
    let mut swaps = 0;
    for link_first in [false, true] {
        let scratch = Scratch::quick();
        let (from, to) = (scratch.dir("from"), scratch.at("to"));
        wide_open(&from.join("inner"));
        let (outside, victims) = Victims::make(&scratch);
        let mut job = spec(&from, &to);
        job.naming = Naming::Exact;
        job.conflict = Conflict::Overwrite;
        job.tuning.file_workers = Some(1);
        job.retries = 1;
        let begin = || {
            if to.exists() {
                fs::remove_dir_all(&to).expect("removed");
            }
            for name in ["link", "from/inner", "aside"] {
                let path = scratch.at(name);
                if path.is_symlink() {
                    fs::remove_file(path).expect("removed");
                }
            }
            if scratch.at("aside").exists() {
                fs::rename(scratch.at("aside"), from.join("inner")).expect("put back");
            }
            if !in_source {
                // Older ones of some files, to be replaced.
                fs::create_dir_all(to.join("inner/sub")).expect("made");
                for name in ["f0", "f1", "sub/f0"] {
                    fs::write(to.join("inner").join(name), "old").expect("written");
                }
            }
        };
        begin();
        for (call, nth) in instants(&job) {
            begin();
            let place = if in_source { &from } else { &to };
            let (inner, aside) = (place.join("inner"), scratch.at("aside"));
            let swap = {
                let (inner, aside, outside) = (inner.clone(), aside.clone(), outside.clone());
                let to_link = move || {
                    if inner.is_symlink() {
                        fs::remove_file(&inner).expect("removed");
                        fs::rename(&aside, &inner).expect("put back");
                    } else if fs::rename(&inner, &aside).is_ok() {
                        symlink(&outside, &inner).expect("linked");
                    }
                };
                move || to_link()
            };
            if link_first {
                swap();
            }
            let sys = meanwhile(call, nth, swap);
            let ended = run(sys.clone(), &job);
            ended.assert_balance();
            swaps += usize::from(sys.hit().is_some());
            victims.assert_untouched(&outside);
            if in_source {
                assert_no_secret(&to);
            }
            if !in_source {
                // What was swapped away is the destination's own, and goes with it.
                if aside.exists() {
                    fs::remove_dir_all(&aside).expect("removed");
                }
            }
        }
    }
    say(&format!("{swaps} swaps"));
    assert!(swaps > 200, "{swaps} swaps");
}

#[test]
fn a_source_directory_swapped_at_any_call_leaks_nothing() {
    swapped_at_any_call(true);
}

#[test]
fn a_destination_directory_swapped_at_any_call_lets_nothing_out() {
    swapped_at_any_call(false);
}
