//! A destination without room: nothing further is begun, what is there stays whole, and a job that
//! is to wait goes on when there is room.

use crate::support::World;
use crate::support::engine::{Driver, Ended, below, faulty, run, spec};
use crate::support::scratch::Scratch;
use crate::support::walk::temporaries;
use haul::proto::{
    BytePath, Conflict, ErrorClass, JobSpec, JobState, JobView, Lack, Request, Start, Strategy,
};
use haul::sys::{Call, Errno, Fault, FaultKind, Faulty, Real};
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

const MIB: usize = 1 << 20;

/// A tree with one large file and some small ones, and where it goes: the large one replaces an
/// old one that is small.
fn tree(scratch: &Scratch, dest: &Path) -> JobSpec {
    let source = scratch.dir("source");
    fs::write(source.join("big"), vec![7; 5 * MIB]).expect("written");
    for number in 0..5 {
        fs::write(source.join(format!("small{number}")), vec![number; 5000]).expect("written");
    }
    fs::create_dir_all(dest.join("source")).expect("made");
    fs::write(dest.join("source/big"), "old").expect("written");
    JobSpec {
        conflict: Conflict::Overwrite,
        ..spec(&source, dest)
    }
}

fn is_whole(scratch: &Scratch, dest: &Path) {
    for entry in fs::read_dir(scratch.at("source")).expect("listed") {
        let path = entry.expect("an entry").path();
        let copy = dest.join("source").join(path.file_name().expect("a name"));
        let same = fs::read(&copy).expect("copied") == fs::read(&path).expect("read");
        assert!(same, "{copy:?}");
    }
    assert_eq!(temporaries(dest), Vec::<Vec<u8>>::new());
}

fn until_waiting(driver: &mut Driver, job: haul::proto::JobId) -> JobView {
    driver.until_view(job, "waiting for room", |view| {
        view.state == JobState::Paused && view.shortage.is_some()
    })
}

#[test]
fn a_full_disk_in_mid_file_by_every_strategy() {
    for strategy in Strategy::ALL {
        // It writes nothing, and nothing in memory can do it.
        if strategy == Strategy::Reflink {
            continue;
        }
        let mut scratch = Scratch::quick();
        let Some(dest) = scratch.mount("small", 7 * 1024) else {
            return;
        };
        let mut wanted = tree(&scratch, &dest);
        wanted.strategy = strategy;
        wanted.tuning.chunk_size = Some(2 << 20);
        fs::write(dest.join("filler"), vec![1; 4 * MIB]).expect("written");

        let Ended { view, failures, .. } = run(Arc::new(Real), &wanted);
        assert_eq!(view.state, JobState::DoneWithFailures, "{strategy}");
        assert!(!failures.is_empty(), "{strategy}");
        for failure in &failures {
            assert_eq!(failure.class, ErrorClass::Space, "{strategy}: {failure:?}");
            let began = failure.path.as_bytes().ends_with(b"big");
            assert!(
                began || failure.reason == "not started: no space",
                "{failure:?}"
            );
        }
        assert_eq!(view.copied + view.failed, 6, "{strategy}");
        let shortage = view.shortage.expect("said");
        assert_eq!(shortage.lack, Lack::Space);
        assert_eq!(fs::read(dest.join("source/big")).expect("there"), b"old");
        assert_eq!(temporaries(&dest), Vec::<Vec<u8>>::new(), "{strategy}");

        wanted.wait_for_space = true;
        let mut driver = Driver::on(Arc::new(Real));
        let job = driver.add(&wanted, Start::Now);
        let waiting = until_waiting(&mut driver, job);
        assert!(waiting.shortage.expect("said").free.expect("known") < 4 * MIB as u64);
        assert_eq!(waiting.failed, 0, "{strategy}");
        // What has given its room back is shown as what it is: begun anew.
        driver.until_view(job, "with nothing of it said to be copied", |view| {
            let big = |path: &BytePath| path.as_bytes().ends_with(b"big");
            let mut workers = view.workers.iter();
            let mut files = view.in_flight.iter();
            workers.all(|row| row.offset == 0 || !row.path.as_ref().is_some_and(big))
                && files.all(|row| row.done == 0 || !big(&row.path))
        });
        assert_eq!(fs::read(dest.join("source/big")).expect("there"), b"old");
        assert_eq!(temporaries(&dest), Vec::<Vec<u8>>::new(), "{strategy}");
        fs::remove_file(dest.join("filler")).expect("removed");
        let summary = driver.until_ended(job);
        assert_eq!(summary.state, JobState::Done, "{strategy}");
        assert_eq!(driver.failures(job), [], "{strategy}");
        driver.shut_down();
        is_whole(&scratch, &dest);
    }
}

/// Two would fit, one after the other's copy was taken away, and one never does. All begin anew when
/// room is found unless they look at their own length, and at each other.
#[test]
fn what_fits_singly_goes_singly_and_what_does_not_is_not_begun_again() {
    let mut scratch = Scratch::quick();
    let Some(dest) = scratch.mount("small", 12 * 1024) else {
        return;
    };
    let source = scratch.dir("source");
    for (name, size) in [("one", 8 * MIB), ("other", 8 * MIB), ("too long", 15 * MIB)] {
        fs::write(source.join(name), vec![7; size]).expect("written");
    }
    fs::write(dest.join("filler"), vec![1; 11 * MIB]).expect("written");
    let mut wanted = spec(&source, &dest);
    wanted.wait_for_space = true;
    wanted.strategy = Strategy::Buffered;
    wanted.tuning.file_workers = Some(3);
    let sys = faulty(Call::MakeNode, u64::MAX, false, FaultKind::Short);
    let mut driver = Driver::on(sys.clone());
    let job = driver.add(&wanted, Start::Now);
    let begun = || {
        let calls = sys.calls();
        calls
            .iter()
            .filter(|call| **call == Call::CreateNew)
            .count()
    };
    let waits_with = |driver: &mut Driver, number: u64| {
        driver.until_view(job, "waiting with so many copied", |view| {
            view.state == JobState::Paused && view.copied == number && view.shortage.is_some()
        });
        assert_eq!(temporaries(&dest), Vec::<Vec<u8>>::new());
    };
    waits_with(&mut driver, 0);
    let before = begun();
    fs::remove_file(dest.join("filler")).expect("removed");
    waits_with(&mut driver, 1);
    assert_eq!(begun(), before + 1);
    let mut copies = fs::read_dir(dest.join("source")).expect("listed");
    let copy = copies.next().expect("one is copied").expect("an entry");
    fs::remove_file(copy.path()).expect("removed");
    waits_with(&mut driver, 2);
    assert_eq!(begun(), before + 2);
    driver.send(Request::Cancel {
        job,
        keep_partial: false,
    });
    assert_eq!(driver.until_ended(job).state, JobState::Cancelled);
    driver.shut_down();
}

#[test]
fn inodes_are_told_from_bytes() {
    let mut scratch = Scratch::quick();
    let Some(dest) = scratch.mount_with("few", "size=20m,nr_inodes=6") else {
        return;
    };
    let mut wanted = tree(&scratch, &dest);
    let ended = run(Arc::new(Real), &wanted);
    assert_eq!(ended.view.shortage.expect("said").lack, Lack::Inodes);
    let listed = |words: &str| ended.failures.iter().any(|failure| failure.reason == words);
    assert!(listed("not started: no inodes"), "{:?}", ended.failures);

    wanted.wait_for_space = true;
    let mut driver = Driver::on(Arc::new(Real));
    let job = driver.add(&wanted, Start::Now);
    let waiting = until_waiting(&mut driver, job);
    assert_eq!(waiting.shortage.expect("said").lack, Lack::Inodes);
    let remount = Command::new("mount")
        .args(["-o", "remount,nr_inodes=100"])
        .arg(&dest)
        .status();
    assert!(remount.is_ok_and(|status| status.success()));
    assert_eq!(driver.until_ended(job).state, JobState::Done);
    driver.shut_down();
    is_whole(&scratch, &dest);
}

#[test]
fn a_job_that_waits_holds_up_no_other_device() {
    let mut scratch = Scratch::quick();
    let Some(dest) = scratch.mount("small", 1024) else {
        return;
    };
    let mut wanted = tree(&scratch, &dest);
    wanted.wait_for_space = true;
    let mut driver = Driver::on(Arc::new(Real));
    let full = driver.add(&wanted, Start::Queued);
    until_waiting(&mut driver, full);
    let elsewhere = scratch.dir("elsewhere");
    let other = driver.add(&spec(&scratch.at("source"), &elsewhere), Start::Queued);
    assert_eq!(driver.until_ended(other).state, JobState::Done);
    // One that writes to the same device would only run into the same wall.
    let same = driver.add(&spec(&scratch.at("source/small1"), &dest), Start::Queued);
    driver.idle(Duration::from_millis(300));
    assert_eq!(driver.state(same), JobState::Queued);
    driver.send(Request::Cancel {
        job: full,
        keep_partial: false,
    });
    assert_eq!(driver.until_ended(full).state, JobState::Cancelled);
    driver.until_ended(same);
    driver.shut_down();
}

/// Each has room alone, and both find the same room.
#[test]
fn two_jobs_that_ran_short_together_go_on_one_after_the_other() {
    let mut scratch = Scratch::quick();
    let Some(dest) = scratch.mount("small", 6 * 1024) else {
        return;
    };
    fs::write(dest.join("filler"), vec![1; 4 * MIB]).expect("written");
    let mut driver = Driver::on(Arc::new(Real));
    let jobs = ["one", "two"].map(|name| {
        let source = scratch.at(name);
        fs::write(&source, vec![7; 4 * MIB]).expect("written");
        let mut wanted = spec(&source, &dest);
        wanted.wait_for_space = true;
        wanted.limit = Some(4 << 20);
        driver.add(&wanted, Start::Now)
    });
    driver.until("both are short", |driver| {
        jobs.iter().all(|job| {
            driver
                .view(*job)
                .is_some_and(|view| view.shortage.is_some())
        })
    });
    fs::remove_file(dest.join("filler")).expect("removed");
    let mut first = None;
    driver.until("one has ended", |driver| {
        let goes_on = |job: &&haul::proto::JobId| {
            driver.view(**job).is_some_and(|view| {
                view.state == JobState::Done
                    || (view.state == JobState::Running && view.shortage.is_none())
            })
        };
        let going: Vec<_> = jobs.iter().filter(goes_on).copied().collect();
        assert!(going.len() < 2, "both go on: {going:?}");
        first = first.or(going.first().copied());
        jobs.iter().any(|job| driver.state(*job) == JobState::Done)
    });
    let first = first.expect("one went on");
    let (name, other) = if first == jobs[0] {
        ("one", jobs[1])
    } else {
        ("two", jobs[0])
    };
    // Its room is the other's.
    fs::remove_file(dest.join(name)).expect("removed");
    assert_eq!(driver.until_ended(other).state, JobState::Done);
    driver.shut_down();
}

#[test]
fn a_pause_by_hand_is_not_ended_by_room() {
    let mut scratch = Scratch::quick();
    let Some(dest) = scratch.mount("small", 7 * 1024) else {
        return;
    };
    let mut wanted = tree(&scratch, &dest);
    wanted.wait_for_space = true;
    fs::write(dest.join("filler"), vec![1; 4 * MIB]).expect("written");
    let mut driver = Driver::on(Arc::new(Real));
    let job = driver.add(&wanted, Start::Now);
    until_waiting(&mut driver, job);
    driver.send(Request::Pause { job });
    driver.idle(Duration::from_millis(50));
    fs::remove_file(dest.join("filler")).expect("removed");
    driver.idle(Duration::from_millis(2500));
    assert_eq!(driver.state(job), JobState::Paused);
    assert_eq!(fs::read(dest.join("source/big")).expect("there"), b"old");
    driver.send(Request::Resume { job });
    assert_eq!(driver.until_ended(job).state, JobState::Done);
    driver.shut_down();
    is_whole(&scratch, &dest);
}

fn once(call: Call, errno: Errno, sticky: bool) -> Arc<Faulty> {
    let fault = Fault {
        call: Some(call),
        nth: 0,
        sticky,
        kind: FaultKind::Fail(errno),
    };
    Arc::new(Faulty::new(below(call), Some(fault)))
}

/// For who may not mount: the same by calls that fail.
#[test]
fn whatever_call_finds_no_room_is_made_again() {
    for (call, errno) in [
        (Call::CreateNew, Errno::NOSPC),
        (Call::WriteAt, Errno::NOSPC),
        (Call::WriteAt, Errno::DQUOT),
        (Call::Sync, Errno::NOSPC),
        (Call::Close, Errno::DQUOT),
        (Call::Rename, Errno::NOSPC),
        (Call::RenameNew, Errno::DQUOT),
        (Call::CreateNameless, Errno::NOSPC),
        (Call::LinkOpen, Errno::DQUOT),
        (Call::MakeDir, Errno::NOSPC),
    ] {
        let scratch = Scratch::quick();
        let dest = scratch.dir("dest");
        let mut wanted = tree(&scratch, &dest);
        fs::create_dir(scratch.at("source/deeper")).expect("made");
        wanted.strategy = Strategy::Buffered;
        wanted.wait_for_space = true;
        wanted.retries = 0;
        let sys = once(call, errno, false);
        let mut driver = Driver::on(sys.clone());
        let job = driver.add(&wanted, Start::Now);
        let summary = driver.until_ended(job);
        assert_eq!(sys.hit(), Some(call));
        assert_eq!(summary.state, JobState::Done, "{call:?}");
        assert_eq!(driver.failures(job), [], "{call:?}");
        assert_eq!(summary.files.copied, 6, "{call:?}");
        driver.shut_down();
        fs::remove_dir(scratch.at("source/deeper")).expect("removed");
        is_whole(&scratch, &dest);
    }
}

#[test]
fn what_is_not_begun_is_listed_one_by_one() {
    for (errno, words) in [(Errno::NOSPC, "no space"), (Errno::DQUOT, "quota exceeded")] {
        let scratch = Scratch::quick();
        let dest = scratch.dir("dest");
        let mut wanted = tree(&scratch, &dest);
        wanted.strategy = Strategy::Buffered;
        wanted.tuning.file_workers = Some(1);
        let sys = once(Call::WriteAt, errno, true);
        let ended = run(sys.clone(), &wanted);
        ended.assert_balance();
        assert_eq!(ended.failures.len(), 6, "{:?}", ended.failures);
        let reason = format!("not started: {words}");
        let left = ended
            .failures
            .iter()
            .filter(|failure| failure.reason == reason);
        assert_eq!(left.count(), 5, "{:?}", ended.failures);
        let writes = sys
            .calls()
            .iter()
            .filter(|call| **call == Call::WriteAt)
            .count();
        assert_eq!(writes, 1, "no further file was begun");
        assert_eq!(temporaries(&dest), Vec::<Vec<u8>>::new());
    }
}

#[test]
fn a_job_that_waits_can_be_cancelled() {
    let scratch = Scratch::quick();
    let dest = scratch.dir("dest");
    let mut wanted = tree(&scratch, &dest);
    wanted.wait_for_space = true;
    wanted.strategy = Strategy::Buffered;
    let mut driver = Driver::on(once(Call::WriteAt, Errno::DQUOT, true));
    let job = driver.add(&wanted, Start::Now);
    until_waiting(&mut driver, job);
    driver.send(Request::Cancel {
        job,
        keep_partial: false,
    });
    assert_eq!(driver.until_ended(job).state, JobState::Cancelled);
    driver.shut_down();
    assert_eq!(fs::read(dest.join("source/big")).expect("there"), b"old");
    assert_eq!(temporaries(&dest), Vec::<Vec<u8>>::new());
}

#[test]
fn without_a_screen_it_is_said_and_a_signal_ends_it() {
    let mut scratch = Scratch::quick();
    let Some(dest) = scratch.mount("small", 1024) else {
        return;
    };
    tree(&scratch, &dest);
    let world = World::new();
    let (source, to) = (scratch.text("source"), scratch.text("small"));
    let words = ["copy", "--conflict", "overwrite", &source, &to];
    let (code, _, err) = world.run(words);
    assert_eq!(code, 1, "{err}");
    let first = format!("haul: no space on '{to}'");
    assert!(err.starts_with(&first), "{err}");
    assert!(err.contains("; no further file is begun"), "{err}");
    // What has ended needs nothing.
    assert!(!err.contains(": 0 B needed"), "{err}");

    let mut child = Command::new(env!("CARGO_BIN_EXE_haul"))
        .args(["copy", "--wait-for-space"])
        .args(&words[1..])
        .env_clear()
        .env("HOME", world.path())
        .stderr(Stdio::piped())
        .spawn()
        .expect("starts");
    let mut said = String::new();
    let mut pipe = std::io::BufReader::new(child.stderr.take().expect("a pipe"));
    let began = Instant::now();
    while !said.contains("waiting until there is room") {
        assert!(began.elapsed() < Duration::from_secs(20), "{said}");
        let read = std::io::BufRead::read_line(&mut pipe, &mut said);
        assert!(read.expect("reads") > 0, "{said}");
    }
    assert!(said.contains(" needed, "), "{said}");
    kill_process(Pid::from_child(&child), Signal::INT).expect("sent");
    assert_eq!(child.wait().expect("ended").code(), Some(130), "{said}");
    assert_eq!(temporaries(&dest), Vec::<Vec<u8>>::new());
    assert_eq!(fs::read(dest.join("source/big")).expect("there"), b"old");
}
