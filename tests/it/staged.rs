//! Many workers in one directory of a server: each makes its temporaries in a directory of its own,
//! and nothing of that is ever seen under a real name or left behind.

use crate::support::child::{complete, start};
use crate::support::engine::{Driver, faulty, run, run_real, spec};
use crate::support::scratch::Scratch;
use crate::support::slowfs::{self, SlowFs};
use crate::support::tree::{Dice, set_times};
use crate::support::walk::{assert_same, temporaries};
use haul::proto::{Durability, JobSpec, JobState, Op, Request, Start};
use haul::sys::{Call, Errno, FaultKind, Real};
use rustix::fs::{FlockOperation, flock};
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

const FILES: usize = 200;

/// A flat directory, and a server that takes two milliseconds a request; what it stores is in
/// `backing`.
fn flat(scratch: &Scratch) -> Option<(PathBuf, PathBuf, SlowFs)> {
    let (backing, server) = (scratch.dir("backing"), scratch.dir("server"));
    let mounted = slowfs::mount(&backing, &server, &["--delay", "2000"])?;
    let from = scratch.dir("from/shot");
    let mut dice = Dice::new(3);
    for number in 0..FILES {
        fs::write(from.join(format!("f.{number:04}")), dice.bytes(5_000)).expect("written");
    }
    set_times(&from, 1_000_000, 17);
    Some((scratch.at("from"), backing, mounted))
}

/// Staging directories in a directory, each with the names in it.
fn stages(dir: &Path) -> Vec<(PathBuf, Vec<Vec<u8>>)> {
    let listed = fs::read_dir(dir).into_iter().flatten().flatten();
    let named = listed.filter(|entry| entry.file_name().as_bytes().starts_with(b".haul-"));
    let dirs = named.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    dirs.map(|entry| {
        let inside = fs::read_dir(entry.path()).into_iter().flatten().flatten();
        let names = inside.map(|entry| entry.file_name().as_bytes().to_vec());
        (entry.path(), names.collect())
    })
    .collect()
}

fn job(scratch: &Scratch, durability: Durability) -> JobSpec {
    let mut job = spec(&scratch.at("from"), &scratch.at("server/to"));
    job.durability = durability;
    job.tuning.file_workers = Some(8);
    job
}

/// Looks at the directory, again and again, while a job runs.
fn watched(look: impl Fn() + Sync, work: impl FnOnce()) {
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                look();
                std::thread::sleep(Duration::from_millis(1));
            }
        });
        work();
        over.store(true, Ordering::Relaxed);
    });
}

#[test]
fn workers_that_meet_make_their_temporaries_apart_and_leave_nothing() {
    let scratch = Scratch::quick();
    let Some((from, backing, _mounted)) = flat(&scratch) else {
        return;
    };
    for durability in [Durability::None, Durability::Job, Durability::File] {
        let to = backing.join("to");
        let most = AtomicU32::new(0);
        let look = || {
            let stages = stages(&to.join("shot"));
            most.fetch_max(stages.len() as u32, Ordering::Relaxed);
            for name in stages.iter().flat_map(|(_, names)| names) {
                assert!(name.starts_with(b".haul-"), "{name:?} has its name already");
            }
        };
        watched(look, || {
            run_real(&job(&scratch, durability)).assert_good();
        });
        let most = most.load(Ordering::Relaxed);
        assert!((2..=8).contains(&most), "{most} at a time ({durability:?})");
        assert_eq!(temporaries(&to), Vec::<Vec<u8>>::new());
        // The directory's own times too, which the removal changes.
        assert_same(&from, &to);
        fs::remove_dir_all(&to).expect("removed");
    }
}

/// Single files that come into a directory that is there.
#[test]
fn nothing_is_left_in_a_directory_that_gets_single_files() {
    let scratch = Scratch::quick();
    let Some((from, backing, _mounted)) = flat(&scratch) else {
        return;
    };
    let to = scratch.dir("server/to");
    let mut job = job(&scratch, Durability::None);
    job.sources = (0..FILES)
        .map(|number| from.join(format!("shot/f.{number:04}")).into())
        .collect();
    job.dest = to.into();
    job.naming = haul::proto::Naming::Into;
    let (to, seen) = (backing.join("to"), AtomicBool::new(false));
    let look = || {
        seen.fetch_or(!stages(&to).is_empty(), Ordering::Relaxed);
    };
    watched(look, || run_real(&job).assert_good());
    assert!(seen.load(Ordering::Relaxed), "no directory of its own");
    assert_eq!(temporaries(&to), Vec::<Vec<u8>>::new());
    // The directory was there, so its own times are not the source's.
    set_times(&to, 1_000_000, 17);
    assert_same(&from.join("shot"), &to);
}

/// Another run that tidies up finds one empty, or somebody removes it by hand.
#[test]
fn a_staging_directory_may_vanish() {
    let scratch = Scratch::quick();
    let Some((from, backing, _mounted)) = flat(&scratch) else {
        return;
    };
    let (to, removed) = (backing.join("to"), AtomicU32::new(0));
    let look = || {
        for (path, _) in stages(&to.join("shot")) {
            // Only an empty one goes.
            removed.fetch_add(fs::remove_dir(path).is_ok().into(), Ordering::Relaxed);
        }
    };
    watched(look, || {
        run_real(&job(&scratch, Durability::None)).assert_good();
    });
    assert!(removed.load(Ordering::Relaxed) > 0, "none was empty");
    assert_same(&from, &to);
}

#[test]
fn a_cancel_leaves_none() {
    let scratch = Scratch::quick();
    let Some((_, backing, _mounted)) = flat(&scratch) else {
        return;
    };
    let to = backing.join("to");
    for durability in [Durability::None, Durability::Job] {
        let mut driver = Driver::on(Arc::new(Real));
        let id = driver.add(&job(&scratch, durability), Start::Now);
        driver.until("temporaries apart", |_| {
            let stages = stages(&to.join("shot"));
            stages.iter().any(|(_, names)| !names.is_empty())
        });
        driver.send(Request::Cancel {
            job: id,
            keep_partial: false,
        });
        let ended = driver.until_ended(id);
        assert_eq!(ended.state, JobState::Cancelled);
        assert_eq!(temporaries(&to), Vec::<Vec<u8>>::new(), "{durability:?}");
        fs::remove_dir_all(&to).expect("removed");
    }
}

#[test]
fn where_nothing_can_be_moved_into_one_there_is_none() {
    let scratch = Scratch::quick();
    let Some((from, backing, _mounted)) = flat(&scratch) else {
        return;
    };
    let refused = FaultKind::Fail(Errno::XDEV);
    let sys = faulty(Call::Rename, 1, true, refused);
    run(sys.clone(), &job(&scratch, Durability::None)).assert_good();
    assert_eq!(sys.hit(), Some(Call::Rename), "it was tried");
    assert_eq!(temporaries(&backing.join("to")), Vec::<Vec<u8>>::new());
    assert_same(&from, &backing.join("to"));
}

#[test]
fn one_that_cannot_be_removed_is_told() {
    let scratch = Scratch::quick();
    let Some((_, backing, _mounted)) = flat(&scratch) else {
        return;
    };
    let sys = faulty(Call::RemoveDir, 1, true, FaultKind::Fail(Errno::IO));
    let ended = run(sys, &job(&scratch, Durability::None));
    let told = &ended.failures;
    assert!(!told.is_empty(), "an error was lost");
    for failure in told {
        assert_eq!(failure.op, Op::Remove, "{failure:?}");
        assert!(failure.reason.contains("left behind"), "{failure:?}");
    }
    assert!(!stages(&backing.join("to/shot")).is_empty());
}

#[test]
fn what_a_kill_leaves_in_them_is_removed_by_the_next_run() {
    let scratch = Scratch::quick();
    let Some((from, backing, _mounted)) = flat(&scratch) else {
        return;
    };
    let words = ["-T", "-j", "8", "from", "server/to"];
    let to = backing.join("to");
    let mut child = start(&scratch, &words);
    let begun = Instant::now();
    while !stages(&to.join("shot"))
        .iter()
        .any(|(_, names)| !names.is_empty())
    {
        assert!(begun.elapsed() < Duration::from_secs(30), "none was made");
        std::thread::yield_now();
    }
    child.kill().expect("killed");
    child.wait().expect("it ended");
    assert!(!stages(&to.join("shot")).is_empty(), "none was left");
    let said = complete(&scratch, &words);
    assert!(said.contains("of an interrupted run removed"), "{said}");
    assert_eq!(temporaries(&to), Vec::<Vec<u8>>::new(), "{said}");
    assert_same(&from, &to);
}

/// Only what is certainly a killed run's goes: not what somebody put there, and not what is in use.
#[test]
fn a_staging_directory_with_anything_else_in_it_stays() {
    let scratch = Scratch::new();
    fs::write(scratch.dir("from").join("f"), "f").expect("written");
    // Two names that haul gives, from a sequence it may begin at.
    let dir = scratch.dir("to/.haul-bdd732262feb6e95-0f94ee18.part");
    let temp = dir.join(".haul-28efe333b266f103-c8b450e3.part");
    let age = || std::thread::sleep(Duration::from_millis(300));
    let words = ["-T", "from", "to"];

    fs::write(&temp, "half").expect("written");
    fs::write(dir.join("mine"), "mine").expect("written");
    age();
    complete(&scratch, &words);
    assert_eq!(fs::read(dir.join("mine")).expect("there"), b"mine");
    assert!(!temp.exists(), "half of a file was left");

    fs::remove_file(dir.join("mine")).expect("removed");
    fs::write(&temp, "half").expect("written");
    let lock = File::open(&temp).expect("it can be opened");
    flock(&lock, FlockOperation::NonBlockingLockExclusive).expect("nobody holds it");
    age();
    complete(&scratch, &words);
    assert!(temp.exists(), "removed under the run that uses it");
    drop(lock);

    complete(&scratch, &words);
    assert!(!dir.exists(), "left behind");
}
