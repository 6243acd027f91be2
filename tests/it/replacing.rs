//! Names that something has already: replaced in one step, never written through, and whatever
//! else leads to the old bytes keeps them.

use crate::support::engine::{Driver, LONG, copying, exact, run_real, spec};
use crate::support::privileges::{as_nobody, without_override};
use crate::support::scratch::Scratch;
use crate::support::tree::{self, Dice};
use crate::support::walk::{self, same_bytes, temporaries};
use crate::support::{is_root, is_thorough, skip};
use haul::proto::{BytePath, Conflict, ErrorClass, JobState, Naming, Start, Strategy};
use haul::sys::Real;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

#[test]
fn a_reader_sees_the_whole_old_or_the_whole_new_file() {
    let scratch = Scratch::quick();
    for (name, byte, len) in [("a", b'a', 70_000), ("b", b'b', 120_001)] {
        fs::write(scratch.at(name), vec![byte; len]).expect("written");
        tree::set_times(&scratch.at(name), i64::from(byte), 0);
    }
    let to = scratch.file("to", vec![b'a'; 70_000]);
    let (stop, reads) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                let bytes = fs::read(&to).expect("the name is never missing");
                let whole = match bytes.first() {
                    Some(b'a') => bytes.len() == 70_000,
                    Some(b'b') => bytes.len() == 120_001,
                    _ => false,
                };
                let one = bytes.iter().all(|byte| *byte == bytes[0]);
                assert!(whole && one, "{} bytes", bytes.len());
                reads.fetch_add(1, Ordering::Relaxed);
            }
        });
        let (mut rounds, wanted) = (0, if is_thorough() { 100_000 } else { 300 });
        while rounds < 30 || reads.load(Ordering::Relaxed) < wanted {
            for strategy in copying() {
                let from = scratch.at(if rounds % 2 == 0 { "b" } else { "a" });
                let mut job = exact(&from, &to, strategy);
                job.conflict = Conflict::Overwrite;
                job.tuning.parallel_min_size = Some(1);
                run_real(&job).assert_good();
                rounds += 1;
            }
        }
        stop.store(true, Ordering::Relaxed);
    });
}

/// In its place it would lead to itself, and the bytes it led to would be gone.
#[test]
fn a_link_does_not_replace_what_it_leads_to() {
    let scratch = Scratch::quick();
    scratch.file("precious", "precious");
    symlink("precious", scratch.at("soft")).expect("linked");
    symlink("../to/below", scratch.dir("from").join("below")).expect("linked");
    symlink("nowhere", scratch.at("from/dangling")).expect("linked");
    scratch.dir("to");
    for policy in [Conflict::Overwrite, Conflict::Newer] {
        for name in ["below", "dangling"] {
            let path = scratch.file(format!("to/{name}"), "precious");
            tree::set_times(&path, 5, 5);
        }
        tree::set_times(&scratch.at("precious"), 5, 5);
        for (from, to, failed) in [("soft", "precious", "precious"), ("from", "to", "below")] {
            let mut job = exact(&scratch.at(from), &scratch.at(to), Strategy::Auto);
            job.conflict = policy;
            let ended = run_real(&job);
            assert_eq!(ended.failures.len(), 1, "{policy:?}: {:?}", ended.failures);
            let failure = &ended.failures[0];
            assert_eq!(failure.class, ErrorClass::Refused);
            assert!(failure.path.as_path().ends_with(failed), "{failure:?}");
        }
        for name in ["precious", "to/below"] {
            let there = fs::symlink_metadata(scratch.at(name)).expect("there");
            assert!(there.is_file(), "{name}");
            assert_eq!(fs::read(scratch.at(name)).expect("read"), b"precious");
        }
        let other = fs::read_link(scratch.at("to/dangling")).expect("replaced");
        assert_eq!(other, Path::new("nowhere"));
        fs::remove_file(scratch.at("to/dangling")).expect("removed");
    }
}

/// Nothing of a longer file shows behind a shorter one, nor old data in a hole; other names of the
/// old inode keep it.
#[test]
fn what_replaces_a_file_is_a_file_of_its_own() {
    let scratch = Scratch::quick();
    let mut dice = Dice::new(51);
    let short = scratch.file("short", dice.bytes(1000));
    let hollow = scratch.at("hollow");
    tree::sparse(&hollow, 50_000, &[(45_000, 100)], &mut dice);
    let long = dice.bytes(200_000);
    for strategy in copying() {
        for from in [&short, &hollow] {
            let to = scratch.file("to", &long);
            tree::set_mode(&to, 0o444);
            fs::hard_link(&to, scratch.at("sibling")).expect("linked");
            let mut job = exact(from, &to, strategy);
            job.conflict = Conflict::Overwrite;
            // Whoever may write to the directory may replace what is in it, protected or not.
            without_override(|| run_real(&job).assert_good());
            assert!(same_bytes(from, &to), "{strategy}");
            let sibling = fs::read(scratch.at("sibling")).expect("there");
            assert!(sibling == long, "{strategy}: written through");
            assert_eq!(fs::metadata(&to).expect("there").nlink(), 1);
            fs::remove_file(scratch.at("sibling")).expect("removed");
            fs::remove_file(&to).expect("removed");
        }
    }
}

/// Starts a program that was just written. A process that another test is starting may hold, until
/// it has begun its own program, the descriptor by which this one was written: it is busy then.
fn started(program: &Path, argument: &str) -> Child {
    let began = Instant::now();
    loop {
        let child = Command::new(program)
            .arg(argument)
            .stdin(Stdio::null())
            .spawn();
        match child {
            Err(error) if error.kind() == ErrorKind::ExecutableFileBusy => {
                assert!(began.elapsed() < LONG, "still written to: {error}");
                std::thread::sleep(Duration::from_millis(5));
            }
            child => return child.expect("it runs"),
        }
    }
}

#[test]
fn a_program_that_runs_can_be_replaced() {
    let scratch = Scratch::new();
    let sleep = ["/bin/sleep", "/usr/bin/sleep"];
    let Some(sleep) = sleep.iter().find(|path| Path::new(path).exists()) else {
        return skip("no sleep to run");
    };
    let program = scratch.at("program");
    fs::copy(sleep, &program).expect("copied");
    let mut child = started(&program, "60");
    let from = scratch.file("from", "another program");
    let mut job = exact(&from, &program, Strategy::Auto);
    job.conflict = Conflict::Overwrite;
    let ended = run_real(&job);
    let runs_on = child.try_wait().expect("known").is_none();
    child.kill().expect("killed");
    child.wait().expect("it ended");
    ended.assert_good();
    assert!(runs_on && same_bytes(&from, &program));
}

/// Two runs, one name: it is one of theirs, whole, and each says what it did.
#[test]
fn two_jobs_onto_one_name_leave_one_whole_file() {
    let scratch = Scratch::quick();
    let sources = [
        scratch.file("one", vec![1; 3 << 20]),
        scratch.file("two", vec![2; 3 << 20]),
    ];
    // The same size, and not the same time: else the second finds a copy of itself.
    tree::set_times(&sources[0], 1_000, 1);
    tree::set_times(&sources[1], 2_000, 2);
    for conflict in [Conflict::Overwrite, Conflict::Skip, Conflict::Refuse] {
        for strategy in copying() {
            let to = scratch.at("to");
            let mut driver = Driver::on(Arc::new(Real));
            let ids = sources.each_ref().map(|from| {
                let mut job = exact(from, &to, strategy);
                job.conflict = conflict;
                driver.add(&job, Start::Now)
            });
            let ended = ids.map(|id| driver.until_ended(id));
            driver.shut_down();
            let copied: u64 = ended.iter().map(|summary| summary.files.copied).sum();
            let told: u64 = ended
                .iter()
                .map(|summary| summary.files.skipped + summary.files.conflicts)
                .sum();
            assert_eq!(copied + told, 2, "{strategy} {conflict:?}: {ended:?}");
            assert!(copied >= 1);
            if conflict == Conflict::Overwrite {
                assert_eq!(told, 0, "{strategy}: {ended:?}");
            }
            let there = fs::read(&to).expect("there");
            assert!(there.len() == 3 << 20 && there.iter().all(|byte| *byte == there[0]));
            assert!(temporaries(scratch.path()).is_empty());
            fs::remove_file(&to).expect("removed");
        }
    }
}

/// The same inode by another mount is the same file.
#[test]
fn a_file_is_not_copied_onto_itself_through_a_bind_mount() {
    let scratch = Scratch::quick();
    let (dir, elsewhere) = (scratch.dir("dir"), scratch.dir("elsewhere"));
    fs::write(dir.join("f"), "precious").expect("written");
    let mount = |words: &[&Path]| {
        let status = Command::new("mount").arg("--bind").args(words).status();
        status.is_ok_and(|status| status.success())
    };
    if !is_root() || !mount(&[&dir, &elsewhere]) {
        return skip("bind mounts need root");
    }
    let mut failures = Vec::new();
    for conflict in Conflict::ALL {
        let mut job = exact(&dir.join("f"), &elsewhere.join("f"), Strategy::Auto);
        job.conflict = conflict;
        failures.extend(run_real(&job).failures);
        let mut job = exact(&dir, &elsewhere, Strategy::Auto);
        job.conflict = conflict;
        failures.extend(run_real(&job).failures);
    }
    let unmounted = Command::new("umount").arg(&elsewhere).status();
    assert!(unmounted.is_ok_and(|status| status.success()));
    assert_eq!(failures.len(), 2 * Conflict::ALL.len(), "{failures:?}");
    for failure in &failures {
        assert_eq!(failure.class, ErrorClass::Refused, "{failure:?}");
    }
    assert_eq!(fs::read(dir.join("f")).expect("there"), b"precious");
    assert_eq!(walk::files(&dir), 1);
}

/// A link that the first source brought is not gone through for the second.
#[test]
fn a_link_made_in_the_same_run_is_not_written_through() {
    let scratch = Scratch::quick();
    let outside = scratch.dir("outside");
    fs::write(outside.join("f"), "theirs").expect("written");
    for (name, a_file) in [("f", true), ("dir", false)] {
        let (one, two) = (scratch.dir("one"), scratch.dir("two"));
        if a_file {
            symlink(outside.join("f"), one.join(name)).expect("linked");
            fs::write(two.join(name), "mine").expect("written");
        } else {
            symlink(&outside, one.join(name)).expect("linked");
            fs::create_dir(two.join(name)).expect("made");
            fs::write(two.join(name).join("f"), "mine").expect("written");
        }
        for conflict in Conflict::ALL {
            let to = scratch.dir("to");
            let mut job = spec(&one.join("."), &to);
            job.sources.push(BytePath::from(two.join(".").as_path()));
            job.naming = Naming::Into;
            job.conflict = conflict;
            job.tuning.file_workers = Some(1);
            run_real(&job);
            assert_eq!(fs::read(outside.join("f")).expect("there"), b"theirs");
            assert_eq!(walk::files(&outside), 1, "{name} {conflict:?}");
            fs::remove_dir_all(&to).expect("removed");
        }
        fs::remove_dir_all(&one).expect("removed");
        fs::remove_dir_all(&two).expect("removed");
    }
}

/// A directory everybody may write to, in which each may remove only what is his.
#[test]
fn what_belongs_to_another_in_a_shared_directory_stays() {
    let scratch = Scratch::new();
    let shared = scratch.dir("shared");
    fs::write(shared.join("f"), "root's").expect("written");
    tree::set_mode(&shared, 0o1777);
    scratch.file("f", "mine");
    scratch.file("g", "new");
    let Some(mut command) = as_nobody(&scratch) else {
        return;
    };
    if !is_root() {
        return skip("files of two people need root");
    }
    let words = ["copy", "--conflict", "overwrite", "f", "g", "shared"];
    let output = command.args(words).output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert_eq!(
        said.lines()
            .filter(|line| line.contains("'shared/f'"))
            .count(),
        1,
        "{said}"
    );
    assert!(said.contains("not permitted"), "{said}");
    assert_eq!(fs::read(shared.join("f")).expect("there"), b"root's");
    assert_eq!(fs::read(shared.join("g")).expect("there"), b"new");
    assert!(temporaries(&shared).is_empty());
}

/// A directory above that may be passed and not be read is no obstacle.
#[test]
fn a_way_that_may_only_be_passed_is_passed() {
    let scratch = Scratch::new();
    let deep = scratch.dir("closed/open");
    scratch.dir("closed/open/from");
    fs::write(deep.join("from/f"), "bytes").expect("written");
    scratch.file("f", "bytes");
    tree::set_mode(&deep, 0o777);
    tree::set_mode(&scratch.at("closed"), 0o711);
    let drop_box = scratch.dir("box");
    tree::set_mode(&drop_box, 0o733);
    for words in [
        &["f", "closed/open"][..],
        &["f", "closed/open/named"],
        &["-T", "f", "closed/open/exact"],
        &["closed/open/from", "closed/open/tree"],
        &["closed/open/from/f", "closed/open/again"],
    ] {
        let Some(mut command) = as_nobody(&scratch) else {
            return;
        };
        let output = command.arg("copy").args(words).output().expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{words:?}: {said}");
    }
    for name in [
        "open/f",
        "open/named",
        "open/exact",
        "open/tree/f",
        "open/again",
    ] {
        let bytes = fs::read(scratch.at("closed").join(name)).expect("copied");
        assert_eq!(bytes, b"bytes", "{name}");
    }
    // A drop box: it may be written to and not be read.
    let Some(mut command) = as_nobody(&scratch) else {
        return;
    };
    let output = command
        .args(["copy", "f", "box"])
        .output()
        .expect("it runs");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(fs::read(drop_box.join("f")).expect("copied"), b"bytes");
    assert_eq!(walk::files(&drop_box), 1);
}

/// What the device cannot take is said before the old file is touched.
#[test]
fn an_old_file_is_whole_whatever_the_new_one_lacks() {
    let mut scratch = Scratch::new();
    let Some(small) = scratch.mount("small", 512) else {
        return;
    };
    let from = scratch.file("from", vec![3; 2 << 20]);
    for strategy in copying() {
        fs::write(small.join("to"), "the old one").expect("written");
        let mut job = exact(&from, &small.join("to"), strategy);
        job.conflict = Conflict::Overwrite;
        job.retries = 0;
        let mut driver = Driver::on(Arc::new(Real));
        let id = driver.add(&job, Start::Now);
        // Without room the job ends, or waits for some: the old file is whole in both.
        driver.until("out of room", |driver| {
            let state = driver.state(id);
            state == JobState::Paused || state.is_final()
        });
        assert_eq!(fs::read(small.join("to")).expect("there"), b"the old one");
        driver.leave();
        assert_eq!(fs::read(small.join("to")).expect("there"), b"the old one");
        assert!(temporaries(&small).is_empty(), "{strategy}");
    }
}
