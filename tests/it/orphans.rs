//! Killed where it stands: no name holds half a file, and the next run tidies up and completes.

use crate::support::child::{complete, start};
use crate::support::engine::{Driver, meanwhile, run, run_real, slow, spec};
use crate::support::is_root;
use crate::support::scratch::Scratch;
use crate::support::tree::{Dice, set_mode, set_times};
use crate::support::walk::{assert_same, entries, same_bytes, temporaries};
use haul::proto::{JobState, Naming, Start};
use haul::sys::Call;
use rustix::fs::{FlockOperation, flock};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{chown, symlink};
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};

/// Small files, large files, directories of odd modes: some 60 MB.
fn source(scratch: &Scratch) -> PathBuf {
    let root = scratch.dir("source");
    let mut dice = Dice::new(5);
    for number in 0..40 {
        let dir = scratch.dir(format!("source/dir-{number}"));
        for file in 0..12 {
            let size = dice.below(20_000) as usize;
            fs::write(dir.join(format!("small-{file}")), dice.bytes(size)).expect("written");
        }
        if number % 8 == 0 {
            fs::write(dir.join("large"), dice.bytes(10 << 20)).expect("written");
        }
        set_mode(&dir, if number % 2 == 0 { 0o755 } else { 0o700 });
        set_times(&dir, 1_000_000 + number, 17);
    }
    root
}

/// A destination in which a killed run left a temporary.
fn orphaned(words: &[&str], dir: &Path, scratch: &Scratch) -> PathBuf {
    for _ in 0..50 {
        let mut child = start(scratch, words);
        let began = Instant::now();
        while found(dir).is_none() && began.elapsed() < Duration::from_secs(20) {
            std::thread::yield_now();
        }
        child.kill().expect("killed");
        child.wait().expect("it ended");
        if let Some(orphan) = found(dir) {
            return orphan;
        }
        // It was quicker than the kill: once more.
        for (path, metadata) in entries(dir) {
            if metadata.is_file() {
                fs::remove_file(dir.join(OsStr::from_bytes(&path))).expect("removed");
            }
        }
    }
    panic!("no temporary was left in 50 attempts");
}

fn found(dir: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(dir)
        .into_iter()
        .flatten()
        .filter_map(Result::ok);
    let mut paths = entries.map(|entry| entry.path());
    paths.find(|path| {
        let name = path.file_name().map_or(&b""[..], OsStrExt::as_bytes);
        name.starts_with(b".haul-") && name.len() > 20
    })
}

fn one_large(scratch: &Scratch) {
    fs::write(
        scratch.dir("from").join("large"),
        Dice::new(1).bytes(80 << 20),
    )
    .expect("written");
}

#[test]
fn an_orphan_is_removed_unless_somebody_uses_it() {
    let scratch = Scratch::new();
    one_large(&scratch);
    let to = scratch.at("to");
    let words = ["-T", "--strategy", "buffered", "from", "to"];
    let orphan = orphaned(&words, &to, &scratch);
    let name = orphan.file_name().expect("a name").to_owned();

    // What only looks like one is somebody's own.
    let mut foreign = vec![
        to.join(".haul-x.part"),
        to.join(".haul-0123456789abcdef-01234567.part"),
        to.join("x.part"),
    ];
    for path in &foreign {
        fs::write(path, "mine").expect("written");
    }
    // Nor is its name in capitals one of haul's.
    let text = name.to_str().expect("text");
    foreign.push(to.join(text.to_uppercase()));
    fs::write(&foreign[3], "mine").expect("written");

    let lock = File::open(&orphan).expect("it can be opened");
    flock(&lock, FlockOperation::NonBlockingLockExclusive).expect("nobody holds it");
    complete(&scratch, &words);
    assert!(orphan.exists(), "removed under the run that uses it");
    assert!(same_bytes(&scratch.at("from/large"), &to.join("large")));
    drop(lock);

    let said = complete(&scratch, &words);
    assert!(!orphan.exists(), "left behind: {said}");
    assert!(
        said.contains("temporaries of an interrupted run removed"),
        "{said}"
    );
    for path in &foreign {
        assert_eq!(fs::read(path).expect("still there"), b"mine", "{path:?}");
    }
}

/// The same for single files copied into a directory, and under a new name.
#[test]
fn an_orphan_beside_a_single_file_is_removed() {
    for words in [
        &["--strategy", "buffered", "from/large", "to"][..],
        &["--strategy", "buffered", "from/large", "to/named"],
        &["--strategy", "buffered", "-T", "from/large", "to/named"],
    ] {
        let scratch = Scratch::new();
        one_large(&scratch);
        let to = scratch.dir("to");
        let orphan = orphaned(words, &to, &scratch);
        if is_root() {
            // Killed after it was given to the source's owner.
            chown(&orphan, Some(1234), Some(1234)).expect("root may give files away");
        }
        complete(&scratch, words);
        assert!(!orphan.exists(), "{words:?}: left behind");
        assert!(temporaries(&to).is_empty());
        assert_eq!(entries(&to).len(), 2);
    }
}

/// The next run into that directory removes it, also when it brings directories only.
#[test]
fn an_orphan_beside_a_directory_is_removed() {
    let scratch = Scratch::new();
    one_large(&scratch);
    fs::write(scratch.dir("tree").join("a"), "a").expect("written");
    let to = scratch.dir("to");
    let orphan = orphaned(
        &["--strategy", "buffered", "from/large", "to"],
        &to,
        &scratch,
    );
    complete(&scratch, &["tree", "to"]);
    assert!(!orphan.exists(), "left behind");
    assert_same(&scratch.at("tree"), &to.join("tree"));
}

/// Links carry no lock, and a file none between its closing and its naming: a second run may take
/// them for orphans, and the first must cope.
#[test]
fn a_temporary_that_another_run_took_for_an_orphan_is_made_again() {
    for call in [
        Call::MakeLink,
        Call::OpenPlace,
        Call::SetTimesOf,
        Call::RenameNew,
    ] {
        let scratch = Scratch::quick();
        let from = scratch.dir("from");
        for number in 0..6 {
            symlink("target", from.join(format!("link-{number}"))).expect("made");
            fs::write(from.join(format!("file-{number}")), "bytes").expect("written");
        }
        let to = scratch.dir("to");
        let mut job = spec(&from, &to);
        job.naming = Naming::Exact;
        job.conflict = haul::proto::Conflict::Skip;
        job.tuning.file_workers = Some(1);
        // Every other run of this test takes the temporaries away once.
        job.retries = 10;
        let mut driver = Driver::on(slow(call, Duration::from_millis(60)));
        let id = driver.add(&job, Start::Now);
        for _ in 0..5 {
            driver.idle(Duration::from_millis(70));
            run_real(&job).assert_good();
            // So that there is something to copy for the slow one.
            for (path, metadata) in entries(&to) {
                if !metadata.is_dir() && temporaries(&to).is_empty() {
                    fs::remove_file(to.join(OsStr::from_bytes(&path))).expect("removed");
                }
            }
        }
        let summary = driver.until_ended(id);
        let failures = driver.failures(id);
        assert_eq!(summary.state, JobState::Done, "{call:?}: {failures:#?}");
        driver.shut_down();
        run_real(&job).assert_good();
        assert_same(&from, &to);
    }
}

#[test]
fn a_temporary_that_is_gone_before_its_name_is_made_again() {
    for call in [Call::RenameNew, Call::OpenPlace, Call::SetTimesOf] {
        let scratch = Scratch::quick();
        let from = scratch.dir("from");
        symlink("target", from.join("link")).expect("made");
        fs::write(from.join("file"), "bytes").expect("written");
        let to = scratch.dir("to");
        let there = to.clone();
        let take = move || {
            for name in temporaries(&there) {
                fs::remove_file(there.join(OsStr::from_bytes(&name))).expect("removed");
            }
        };
        let mut job = spec(&from, &to);
        job.naming = Naming::Exact;
        let ended = run(meanwhile(call, 0, take), &job);
        ended.assert_good();
        assert_same(&from, &to);
    }
}

/// Between its creation and its lock, and between its close and its name, it is locked by nobody.
#[test]
fn what_was_a_temporary_just_now_is_given_time_to_be_locked() {
    let scratch = Scratch::new();
    one_large(&scratch);
    let to = scratch.at("to");
    let words = ["-T", "--strategy", "buffered", "from", "to"];
    let orphan = orphaned(&words, &to, &scratch);
    let begun = fs::read(&orphan).expect("read");
    fs::remove_file(&orphan).expect("removed");
    fs::write(&orphan, begun).expect("written just now");
    let lock = File::open(&orphan).expect("it can be opened");
    let owner = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(120));
        flock(&lock, FlockOperation::LockExclusive).expect("locked");
        lock
    });
    complete(&scratch, &words);
    assert!(orphan.exists(), "removed under the run that made it");
    drop(owner.join().expect("it ended"));
    complete(&scratch, &words);
    assert!(!orphan.exists(), "left behind");
}

#[test]
fn two_runs_into_one_directory_do_not_hurt_each_other() {
    let scratch = Scratch::new();
    let from = source(&scratch);
    for _ in 0..3 {
        let words = ["-T", "--conflict", "skip", "source", "to"];
        let runs: Vec<Child> = (0..3).map(|_| start(&scratch, &words)).collect();
        for child in runs {
            let output = child.wait_with_output().expect("it ends");
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(0), "{said}");
        }
        assert_same(&from, &scratch.at("to"));
        fs::remove_dir_all(scratch.at("to")).expect("removed");
    }
}
