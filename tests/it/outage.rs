//! A side that answers nothing any more is one cause, told once; a process without descriptors
//! waits for some; a second signal ends at once.

use crate::crash::shut_down;
use crate::support::engine::{Driver, below, meanwhile, run, spec};
use crate::support::scratch::Scratch;
use crate::support::{skip, walk};
use haul::proto::{Conflict, Durability, ErrorClass, JobState, Start, Strategy};
use haul::sys::{Call, Errno, Fault, FaultKind, Faulty, Real};
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

const FILES: usize = 500;

fn many(scratch: &Scratch) -> PathBuf {
    let from = scratch.dir("from");
    for number in 0..FILES {
        fs::write(from.join(format!("f{number:03}")), vec![number as u8; 2000]).expect("written");
    }
    from
}

fn failing(call: Call, nth: u64, errno: Errno) -> Arc<Faulty> {
    let fault = Fault {
        call: Some(call),
        nth,
        sticky: true,
        kind: FaultKind::Fail(errno),
    };
    Arc::new(Faulty::new(below(call), Some(fault)))
}

#[test]
fn what_is_gone_is_told_once_and_the_count_stays_honest() {
    for (call, errno, side) in [
        (Call::CreateNew, Errno::IO, "destination"),
        (Call::CreateNew, Errno::ROFS, "destination"),
        (Call::CreateNameless, Errno::IO, "destination"),
        (Call::LinkOpen, Errno::ROFS, "destination"),
        (Call::WriteAt, Errno::STALE, "destination"),
        (Call::OpenSource, Errno::STALE, "source"),
        (Call::OpenSource, Errno::IO, "source"),
    ] {
        let scratch = Scratch::quick();
        let mut wanted = spec(&many(&scratch), &scratch.dir("to"));
        wanted.strategy = Strategy::Buffered;
        wanted.retries = 1;
        let ended = run(failing(call, 100, errno), &wanted);
        let what = format!("{call:?} {errno:?}");
        assert_eq!(ended.summary.state, JobState::DoneWithFailures, "{what}");
        let failures = ended.failures.len();
        assert!(failures < 60, "{what}: {failures} lines");
        let cause: Vec<_> = ended
            .failures
            .iter()
            .filter(|failure| failure.reason.contains("seems to be gone"))
            .collect();
        assert_eq!(cause.len(), 1, "{what}: {:?}", ended.failures);
        assert!(cause[0].reason.contains(side), "{what}: {:?}", cause[0]);
        let view = &ended.view;
        // Every file that was found counts, and the cause itself; what the scan did not come to
        // nobody knows, and it says so by not being final.
        let found = view.found.files;
        assert_eq!(view.copied + view.failed, found + 1, "{what}");
        assert!(found <= FILES as u64, "{what}: {found}");
        assert!(view.copied >= 90, "{what}: {}", view.copied);
    }
}

#[test]
fn a_few_bad_files_are_no_outage() {
    let scratch = Scratch::quick();
    let mut wanted = spec(&many(&scratch), &scratch.dir("to"));
    wanted.strategy = Strategy::Buffered;
    // Every read fails: bad sectors, as far as anybody can tell.
    let ended = run(failing(Call::ReadAt, 100, Errno::IO), &wanted);
    ended.assert_balance();
    assert_eq!(ended.view.failed + ended.view.copied, FILES as u64);
    let listed = ended
        .failures
        .iter()
        .filter(|failure| failure.class == ErrorClass::Device);
    assert_eq!(listed.count() as u64, ended.view.failed);
}

#[test]
fn what_was_gone_is_copied_by_trying_again() {
    let scratch = Scratch::quick();
    let from = many(&scratch);
    let mut wanted = spec(&from, &scratch.dir("to"));
    wanted.strategy = Strategy::Buffered;
    let mut driver = Driver::on(failing(Call::CreateNew, 100, Errno::ROFS));
    let job = driver.add(&wanted, Start::Now);
    driver.until_ended(job);
    driver.shut_down();
    wanted.conflict = Conflict::Refuse;
    run(Arc::new(Real), &wanted).assert_good();
    assert_eq!(walk::differences(&from, &scratch.at("to/from")), [""; 0]);
}

/// Workers are told to leave and not waited for: they may hold a descriptor for a moment.
fn until_closed(below: &Path) {
    let began = Instant::now();
    loop {
        let open: Vec<PathBuf> = fs::read_dir("/proc/self/fd")
            .expect("listed")
            .filter_map(|entry| fs::read_link(entry.ok()?.path()).ok())
            .filter(|path| path.starts_with(below))
            .collect();
        if open.is_empty() {
            return;
        }
        assert!(
            began.elapsed() < Duration::from_secs(20),
            "still open: {open:?}"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_file_system_that_is_shut_down_in_mid_job_ends_it() {
    for kind in ["ext4", "xfs"] {
        let source = Scratch::quick();
        let from = source.dir("from");
        for number in 0..3000 {
            let dir = source.dir(format!("from/d{}", number % 30));
            fs::write(dir.join(format!("f{number}")), vec![number as u8; 20_000]).expect("written");
        }
        let mut scratch = Scratch::new();
        let Some(disk) = scratch.mount_image(kind) else {
            return;
        };
        let mut wanted = spec(&from, &disk);
        wanted.durability = Durability::Job;
        // Names are given every two seconds: it must still run then.
        wanted.limit = Some(8 << 20);
        let mut driver = Driver::on(Arc::new(Real));
        let job = driver.add(&wanted, Start::Now);
        driver.until_view(job, "begun", |view| view.copied > 300);
        if !shut_down(&disk, false) {
            skip("a file system cannot be shut down here (xfs_io)");
            return;
        }
        let summary = driver.until_ended(job);
        assert_eq!(summary.state, JobState::DoneWithFailures, "{kind}");
        let failures = driver.failures(job);
        let cause = failures
            .iter()
            .filter(|failure| failure.reason.contains("seems to be gone"));
        assert_eq!(cause.count(), 1, "{kind}: {failures:#?}");
        assert!(failures.len() < 100, "{kind}: {} lines", failures.len());
        driver.shut_down();
        until_closed(&disk);
        scratch.remount_image(kind);
        wanted.limit = None;
        wanted.conflict = Conflict::Overwrite;
        run(Arc::new(Real), &wanted).assert_good();
        assert_eq!(
            walk::differences(&from, &disk.join("from")),
            [""; 0],
            "{kind}"
        );
    }
}

#[test]
fn a_mount_that_becomes_read_only_in_mid_job_is_one_cause() {
    let mut scratch = Scratch::quick();
    let from = many(&scratch);
    let Some(disk) = scratch.mount("disk", 20 * 1024) else {
        return;
    };
    let mut wanted = spec(&from, &disk);
    // A file open for writing keeps a mount writable. The one worker has none when it opens a source.
    wanted.tuning.file_workers = Some(1);
    let mounted = disk.clone();
    let sys = meanwhile(Call::OpenSource, 60, move || {
        let status = Command::new("mount")
            .args(["-o", "remount,ro"])
            .arg(&mounted)
            .status()
            .expect("mount runs");
        assert!(status.success(), "{status}");
    });
    let mut driver = Driver::on(sys);
    let job = driver.add(&wanted, Start::Now);
    driver.until_ended(job);
    let failures = driver.failures(job);
    driver.shut_down();
    let cause = failures
        .iter()
        .filter(|failure| failure.reason.contains("seems to be gone"));
    assert_eq!(cause.count(), 1, "{failures:#?}");
}

fn haul_with_files(limit: u32, words: &str, at: &Path) -> (Option<i32>, String) {
    let script = format!("ulimit -n {limit}; exec \"$HAUL\" copy --sync none {words}");
    let output = Command::new("sh")
        .args(["-c", &script])
        .env("HAUL", env!("CARGO_BIN_EXE_haul"))
        .env("HOME", at)
        .current_dir(at)
        .output()
        .expect("the program runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), said)
}

#[test]
fn too_few_descriptors_make_it_slow_and_not_wrong() {
    let scratch = Scratch::quick();
    let from = scratch.dir("from");
    for number in 0..120 {
        let dir = scratch.dir(format!("from/d{}/e{}", number % 12, number % 5));
        fs::write(dir.join(format!("f{number}")), vec![number as u8; 100_000]).expect("written");
    }
    let (code, said) = haul_with_files(32, "-j 8 from to", &scratch.at("."));
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(walk::differences(&from, &scratch.at("to")), [""; 0]);
}

#[test]
fn a_call_without_a_descriptor_is_made_again_without_a_retry() {
    for call in [Call::OpenSource, Call::CreateNew, Call::OpenDir] {
        let scratch = Scratch::quick();
        let from = many(&scratch);
        fs::create_dir(from.join("dir")).expect("made");
        let mut wanted = spec(&from, &scratch.dir("to"));
        wanted.retries = 0;
        let fault = Fault {
            call: Some(call),
            nth: 1,
            sticky: false,
            kind: FaultKind::Fail(Errno::MFILE),
        };
        let ended = run(Arc::new(Faulty::new(Arc::new(Real), Some(fault))), &wanted);
        ended.assert_good();
    }
}

fn begun(words: &str, at: &Path) -> std::process::Child {
    let child = Command::new("sh")
        .args(["-c", &format!("exec \"$HAUL\" {words}")])
        .env("HAUL", env!("CARGO_BIN_EXE_haul"))
        .env("HOME", at)
        .current_dir(at)
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("starts");
    let began = Instant::now();
    while walk::temporaries(&at.join("to")).is_empty() {
        assert!(began.elapsed() < Duration::from_secs(20), "it never began");
        std::thread::sleep(Duration::from_millis(2));
    }
    child
}

#[test]
fn every_signal_ends_a_batch_in_a_defined_state() {
    for (signal, code) in [
        (Signal::INT, 130),
        (Signal::TERM, 143),
        (Signal::HUP, 129),
        (Signal::QUIT, 131),
    ] {
        for operation in ["copy", "move"] {
            let scratch = Scratch::quick();
            scratch.dir("to");
            scratch.file("big", vec![1; 64 << 20]);
            let batch = format!(
                r#"{{"mappings":[{{"src":"big","dst":"to/new"}}],"operation_type":"{operation}"}}"#
            );
            scratch.file("batch.json", batch);
            let words = "apply --limit 4MiB --progress plain batch.json";
            let child = begun(words, &scratch.at("."));
            kill_process(Pid::from_child(&child), signal).expect("sent");
            let output = child.wait_with_output().expect("ended");
            let said = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(code), "{operation}: {said}");
            assert!(said.contains("stopped: copied 0 files"), "{said}");
            let left = fs::read_dir(scratch.at("to")).expect("listed").count();
            assert_eq!(left, 0, "{operation}: {said}");
            assert_eq!(
                fs::metadata(scratch.at("big")).expect("there").len(),
                64 << 20
            );
        }
    }
}

#[test]
fn the_same_signal_again_ends_at_once_and_another_does_not() {
    let scratch = Scratch::quick();
    scratch.dir("to");
    // Reading from a pipe nobody writes to would do; a stopped reader of the output does as well.
    scratch.file("big", vec![1; 64 << 20]);
    let (reader, writer) = std::io::pipe().expect("a pipe");
    let filler = writer.try_clone().expect("a copy");
    rustix::io::ioctl_fionbio(&filler, true).expect("set");
    while rustix::io::write(&filler, &[b' '; 4096]).is_ok() {}
    rustix::io::ioctl_fionbio(&filler, false).expect("set");
    drop(filler);
    let mut child = Command::new(env!("CARGO_BIN_EXE_haul"))
        .args(["copy", "--json", "--limit", "4MiB", "big", "to"])
        .env("HOME", scratch.path())
        .current_dir(scratch.path())
        .stdout(writer)
        .spawn()
        .expect("starts");
    let began = Instant::now();
    while walk::temporaries(&scratch.at("to")).is_empty() {
        assert!(began.elapsed() < Duration::from_secs(20), "it never began");
        std::thread::sleep(Duration::from_millis(2));
    }
    let pid = Pid::from_child(&child);
    kill_process(pid, Signal::INT).expect("sent");
    std::thread::sleep(Duration::from_millis(300));
    // The end of a session: it is being ended already, and its output is not read yet.
    kill_process(pid, Signal::HUP).expect("sent");
    std::thread::sleep(Duration::from_millis(300));
    assert!(child.try_wait().expect("asked").is_none(), "another signal");
    kill_process(pid, Signal::INT).expect("sent");
    assert_eq!(child.wait().expect("ended").code(), Some(130));
    drop(reader);
}
