//! Errors of every kind, at the call where they come: each has its words, the rest is done, and
//! what was at the destination is whole.

use crate::support::engine::{Ended, copying, exact, faulty, meanwhile, mover, run};
use crate::support::scratch::Scratch;
use crate::support::tree::Dice;
use crate::support::walk::{self, assert_same, same_bytes, temporaries};
use crate::support::{is_root, is_thorough, skip};
use haul::proto::{Conflict, Durability, ErrorClass, Failure, JobSpec, JobState, Op, Strategy};
use haul::sys::{Call, Errno, FaultKind, Real};
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

/// Ten files, of which `f3` is at the destination already.
fn ten(scratch: &Scratch, size: usize) -> (PathBuf, PathBuf) {
    let (from, to) = (scratch.dir("from"), scratch.dir("to"));
    for number in 0..10u64 {
        let bytes = Dice::new(number).bytes(size);
        fs::write(from.join(format!("f{number}")), bytes).expect("written");
    }
    fs::write(to.join("f3"), "the old one").expect("written");
    (from, to)
}

fn over(from: &Path, to: &Path, strategy: Strategy) -> JobSpec {
    let mut job = exact(from, to, strategy);
    job.conflict = Conflict::Overwrite;
    job.tuning.file_workers = Some(1);
    job.tuning.chunk_workers = Some(2);
    job.tuning.parallel_min_size = Some(1);
    job
}

/// Whatever failed is listed; all else is whole.
fn assert_told(said: &str, ended: &Ended, from: &Path, to: &Path) {
    ended.assert_balance();
    assert!(temporaries(to).is_empty(), "{said}");
    for number in 0..10 {
        let name = format!("f{number}");
        let there = to.join(&name);
        let of_it = |failure: &haul::proto::Failure| failure.path.as_path().ends_with(&name);
        if ended.failures.iter().any(of_it) {
            let old = fs::read(&there).ok();
            assert!(
                old.is_none_or(|bytes| number == 3 && bytes == b"the old one"),
                "{said}: {name} is half done"
            );
        } else {
            assert!(same_bytes(&from.join(&name), &there), "{said}: {name}");
        }
    }
}

#[test]
fn a_read_that_fails_fails_its_file_only() {
    for strategy in copying() {
        let Some(call) = mover(strategy) else {
            continue;
        };
        let scratch = Scratch::quick();
        let (from, to) = ten(&scratch, 300_000);
        let sys = faulty(call, 3, false, FaultKind::Fail(Errno::IO));
        let ended = run(sys, &over(&from, &to, strategy));
        assert_told(strategy.name(), &ended, &from, &to);
        assert_eq!(ended.failures.len(), 1, "{strategy}");
        let failure = &ended.failures[0];
        assert_eq!(failure.class, ErrorClass::Device);
        assert!(failure.offset.is_some(), "where: {failure:?}");
        assert!(failure.reason.contains("input/output error"));
        assert_eq!(ended.summary.files.copied, 9);
    }
}

/// A full disk that only the flush or the closing tells of.
#[test]
fn a_full_disk_that_is_told_late_is_believed() {
    for (call, op) in [(Call::Sync, Op::Flush), (Call::Close, Op::Close)] {
        for errno in [Errno::NOSPC, Errno::DQUOT, Errno::IO] {
            let scratch = Scratch::quick();
            let (from, to) = ten(&scratch, 1000);
            let mut job = over(&from, &to, Strategy::Buffered);
            job.durability = haul::proto::Durability::File;
            job.retries = 0;
            let ended = {
                // One flush that fails is answered by copying again.
                let sticky = call == Call::Sync && errno == Errno::IO;
                let sys = faulty(call, 3, sticky, FaultKind::Fail(errno));
                let mut driver = crate::support::engine::Driver::on(sys);
                let id = driver.add(&job, haul::proto::Start::Now);
                driver.until("told", |driver| {
                    let state = driver.state(id);
                    state.is_final() || state == JobState::Paused
                });
                let failures = driver.failures(id);
                driver.leave();
                failures
            };
            let said = format!("{call:?} {errno:?}: {ended:?}");
            // A job that waits for room has nothing to list yet.
            for failure in &ended {
                let unbegun = failure.reason.starts_with("not started");
                assert!(unbegun || failure.op == op, "{said}");
            }
            let done = (0..10).filter(|number| {
                let name = format!("f{number}");
                let there = fs::read(to.join(&name)).unwrap_or_default();
                there == fs::read(from.join(&name)).expect("readable")
            });
            assert!(done.count() < 10, "{said}: called done");
            assert!(temporaries(&to).is_empty(), "{said}");
        }
    }
}

#[test]
fn what_may_pass_is_tried_again_and_what_does_not_is_listed() {
    for errno in [Errno::STALE, Errno::AGAIN, Errno::MFILE, Errno::NOMEM] {
        for call in [
            Call::OpenSource,
            Call::CreateNew,
            Call::CreateNameless,
            Call::ReadAt,
            Call::WriteAt,
        ] {
            for sticky in [false, true] {
                let scratch = Scratch::quick();
                let (from, to) = ten(&scratch, 5000);
                let sys = faulty(call, 4, sticky, FaultKind::Fail(errno));
                let ended = run(sys.clone(), &over(&from, &to, Strategy::Buffered));
                let said = format!("{call:?} {errno:?} {sticky}: {:?}", ended.failures);
                assert_eq!(sys.hit(), Some(call), "{said}");
                assert_told(&said, &ended, &from, &to);
                assert_eq!(ended.failures.is_empty(), !sticky, "{said}");
                for failure in &ended.failures {
                    assert_eq!(failure.class, ErrorClass::Transient, "{said}");
                }
            }
        }
    }
}

#[test]
fn inodes_that_ran_out_and_a_quota_are_told_from_a_full_disk() {
    let mut scratch = Scratch::new();
    let from = scratch.dir("from");
    for number in 0..10 {
        fs::write(from.join(format!("f{number}")), "x").expect("written");
    }
    let Some(few) = scratch.mount_image_with("ext4", &["-N", "32"]) else {
        return;
    };
    // As many as it holds, less what the directory and a part of the files need.
    let mut taken = 0;
    while fs::write(few.join(format!("taken-{taken}")), "").is_ok() {
        taken += 1;
    }
    for number in 0..5 {
        fs::remove_file(few.join(format!("taken-{number}"))).expect("removed");
    }
    let (code, said) = copy(&scratch, &["-T", "from", "ext4/to"]);
    assert_eq!(code, 1, "{said}");
    assert!(
        said.contains("no space left") && said.contains("inode"),
        "{said}"
    );
    assert!(temporaries(&few).is_empty());

    let Some(limited) = scratch.mount_image("btrfs") else {
        return;
    };
    for words in [
        &["quota", "enable", "."][..],
        &["subvolume", "create", "to"],
        &["qgroup", "limit", "1M", "to"],
    ] {
        let output = Command::new("btrfs")
            .args(words)
            .current_dir(&limited)
            .output();
        assert!(
            output.is_ok_and(|output| output.status.success()),
            "{words:?}"
        );
    }
    scratch.file("large", Dice::new(1).bytes(3 << 20));
    let (code, said) = copy(&scratch, &["large", "btrfs/to"]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("quota"), "{said}");
    assert!(walk::files(&limited.join("to")) == 0);
}

fn copy(scratch: &Scratch, words: &[&str]) -> (i32, String) {
    let output = crate::support::privileges::haul(scratch)
        .arg("copy")
        .args(words)
        .output();
    crate::bad_input::told(&output.expect("it runs"))
}

fn in_shell(scratch: &Scratch, script: &str) -> Output {
    Command::new("bash")
        .args(["-c", script])
        .env("HAUL", env!("CARGO_BIN_EXE_haul"))
        .env("HOME", scratch.dir("home"))
        .current_dir(scratch.path())
        .output()
        .expect("a shell runs")
}

/// The limit on the size of files kills a program that does not expect it.
#[test]
fn a_limit_on_file_sizes_is_an_error_like_any_other() {
    let scratch = Scratch::quick();
    let (from, to) = ten(&scratch, 10_000);
    fs::write(from.join("f5"), Dice::new(5).bytes(3 << 20)).expect("written");
    for strategy in copying() {
        // In blocks of 1 KiB.
        let script = format!(
            "ulimit -f 1024; exec \"$HAUL\" copy --conflict overwrite -j1 --sync none \
             --strategy {strategy} -T from to"
        );
        let output = in_shell(&scratch, &script);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{strategy}: {output:?}");
        assert!(said.contains("too large"), "{strategy}: {said}");
        for number in (0..10).filter(|number| *number != 5) {
            let name = format!("f{number}");
            assert!(same_bytes(&from.join(&name), &to.join(&name)), "{strategy}");
        }
        assert!(!to.join("f5").exists() && temporaries(&to).is_empty());
        fs::remove_dir_all(&to).expect("removed");
        fs::create_dir(&to).expect("made");
    }
}

/// Descriptors that whoever started the program left open, more than select(2) can count.
#[test]
fn many_descriptors_that_are_open_already_harm_nothing() {
    let scratch = Scratch::quick();
    let (from, to) = ten(&scratch, 10_000);
    let script = "ulimit -n 2000 || exit 77; for n in $(seq 100 1200); do eval \"exec $n</dev/null\"; done; \
                  exec \"$HAUL\" copy --conflict overwrite --sync none -T from to";
    let output = in_shell(&scratch, script);
    if output.status.code() == Some(77) {
        return skip("so many descriptors are not permitted");
    }
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_same(&from, &to);
}

/// A large file is not read into memory, whatever moves it.
#[test]
fn a_large_file_needs_little_memory() {
    let size = if is_thorough() { 1 << 30 } else { 96 << 20 };
    let scratch = Scratch::quick();
    let file = fs::File::create(scratch.at("from")).expect("made");
    let piece = Dice::new(1).bytes(1 << 20);
    for number in 0..size >> 20 {
        std::os::unix::fs::FileExt::write_all_at(&file, &piece, number << 20).expect("written");
    }
    for strategy in copying() {
        let script = format!(
            "\"$HAUL\" copy --sync none --strategy {strategy} --parallel-min-size 8M from to & id=$!; \
             while read -r peak < <(sed -n 's/^VmHWM:[^0-9]*//p' /proc/$id/status 2>/dev/null); do \
             last=$peak; sleep 0.005; done; wait $id || exit; echo \"${{last% kB}}\""
        );
        // On a busy machine the copy can be over between two looks, the last of which saw a program
        // that had not begun: then nothing was measured.
        let mut peaks = (0..50).map(|_| {
            let output = in_shell(&scratch, &script);
            assert_eq!(output.status.code(), Some(0), "{output:?}");
            fs::remove_file(scratch.at("to")).expect("removed");
            let peak = String::from_utf8_lossy(&output.stdout);
            peak.trim().parse::<u64>().unwrap_or(0)
        });
        let peak = peaks.find(|peak| *peak >= 1000);
        let peak = peak.unwrap_or_else(|| panic!("{strategy}: never seen at work"));
        assert!(peak < 64 << 10, "{strategy}: {peak} KiB");
    }
}

/// ext4 finds itself broken and goes read-only in the middle of a job.
#[test]
fn a_file_system_that_becomes_read_only_is_told() {
    if !is_root() {
        return skip("mounting needs root");
    }
    let mut scratch = Scratch::new();
    let (from, _) = ten(&scratch, 20_000);
    let Some(disk) = scratch.mount_image("ext4") else {
        return;
    };
    let to = disk.join("to");
    fs::create_dir(&to).expect("made");
    fs::write(to.join("f3"), "the old one").expect("written");
    let remounted = Command::new("mount")
        .args(["-o", "remount,errors=remount-ro"])
        .arg(&disk)
        .status();
    assert!(remounted.is_ok_and(|status| status.success()));
    let mounts = fs::read_to_string("/proc/self/mounts").expect("readable");
    let line = mounts
        .lines()
        .find(|line| line.split(' ').nth(1) == disk.to_str());
    let device = line
        .and_then(|line| line.split(' ').next())
        .expect("mounted");
    let device = device.trim_start_matches("/dev/");
    let trigger = PathBuf::from(format!("/sys/fs/ext4/{device}/trigger_fs_error"));
    if !trigger.exists() {
        return skip("this kernel breaks no ext4 on request");
    }
    let sys = meanwhile(Call::CreateNew, 4, move || {
        fs::write(&trigger, "broken on purpose").expect("triggered");
    });
    let ended = run(sys, &over(&from, &to, Strategy::Buffered));
    assert_ne!(ended.summary.state, JobState::Done);
    assert!(!ended.failures.is_empty());
    for failure in &ended.failures {
        let known = ["read-only file system", "input/output error", "shut down"];
        let told = known.iter().any(|words| failure.reason.contains(words));
        assert!(told || failure.errno.is_none(), "{failure:?}");
    }
    for number in 0..10 {
        let name = format!("f{number}");
        if let Ok(bytes) = fs::read(to.join(&name)) {
            let whole = bytes == fs::read(from.join(&name)).expect("readable");
            assert!(whole || bytes == b"the old one", "{name} is half done");
        }
    }
}

/// Stopped and continued, as by a shell's job control: it goes on as if nothing had been.
#[test]
fn a_copy_that_is_stopped_and_continued_is_whole() {
    let scratch = Scratch::quick();
    let (from, to) = ten(&scratch, 8 << 20);
    let mut child = crate::support::privileges::haul(&scratch)
        .args([
            "copy",
            "-q",
            "-j2",
            "--conflict",
            "overwrite",
            "--limit",
            "100M",
        ])
        .args(["-T", "from", "to"])
        .stderr(Stdio::piped())
        .spawn()
        .expect("it runs");
    let pid = Pid::from_child(&child);
    for _ in 0..5 {
        std::thread::sleep(Duration::from_millis(40));
        kill_process(pid, Signal::STOP).expect("stopped");
        std::thread::sleep(Duration::from_millis(40));
        kill_process(pid, Signal::CONT).expect("continued");
    }
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
    assert_same(&from, &to);
}

/// A source that may not be changed is copied; a destination that may not is left, and said.
#[test]
fn where_names_may_only_be_added_no_temporary_is_left() {
    let mut scratch = Scratch::new();
    let (from, _) = ten(&scratch, 5000);
    fs::write(from.join("large"), Dice::new(11).bytes(3 << 20)).expect("written");
    symlink("f1", from.join("link")).expect("linked");
    let Some(disk) = scratch.mount_image("ext4") else {
        return;
    };
    let flag = |words: &str, path: &Path| {
        let status = Command::new("chattr").arg(words).arg(path).status();
        status.is_ok_and(|status| status.success())
    };
    let runs = [
        (Strategy::Auto, Durability::Job),
        (Strategy::Parallel, Durability::None),
        (Strategy::Buffered, Durability::File),
    ];
    for (strategy, durability) in runs {
        let to = disk.join(strategy.to_string());
        fs::create_dir(&to).expect("made");
        if !flag("+a", &to) {
            return skip("no chattr");
        }
        let mut job = over(&from, &to, strategy);
        job.durability = durability;
        // A temporary would get its name by renaming, and never go.
        let first = run(Arc::new(Real), &job);
        fs::write(from.join("f1"), strategy.to_string()).expect("written");
        let second = run(Arc::new(Real), &job);
        assert!(flag("-a", &to), "the flag cannot be taken away again");
        for (ended, copied, failed) in [(first, 11, 1), (second, 0, 2)] {
            ended.assert_balance();
            assert_eq!(ended.summary.files.copied, copied, "{strategy}");
            assert_eq!(ended.failures.len(), failed, "{:?}", ended.failures);
            let refused = |failure: &Failure| failure.reason.contains("append-only");
            assert!(ended.failures.iter().all(refused), "{:?}", ended.failures);
        }
        assert_eq!(temporaries(&to), Vec::<Vec<u8>>::new());
        for name in ["f0", "f9", "large"] {
            let read = |dir: &Path| fs::read(dir.join(name)).expect("read");
            assert!(read(&to) == read(&from), "{name} by {strategy}");
        }
    }
}

#[test]
fn what_may_not_be_changed_is_listed_and_stays() {
    let mut scratch = Scratch::new();
    let (from, _) = ten(&scratch, 5000);
    let Some(disk) = scratch.mount_image("ext4") else {
        return;
    };
    let flag = |words: &str, path: &Path| {
        let status = Command::new("chattr").arg(words).arg(path).status();
        status.is_ok_and(|status| status.success())
    };
    let fixed = disk.join("fixed");
    fs::create_dir(&fixed).expect("made");
    fs::write(fixed.join("f3"), "the old one").expect("written");
    if !flag("+i", &fixed.join("f3")) {
        return skip("no chattr");
    }
    let ended = run(Arc::new(Real), &over(&from, &fixed, Strategy::Auto));
    assert!(flag("-i", &fixed.join("f3")));
    assert_told("immutable", &ended, &from, &fixed);
    assert_eq!(ended.failures.len(), 1, "{:?}", ended.failures);
    assert!(ended.failures[0].reason.contains("not permitted"));

    // And a source with the flag is a source like any other.
    let back = scratch.at("back");
    fs::write(fixed.join("f4"), "fixed").expect("written");
    assert!(flag("+i", &fixed.join("f4")));
    let ended = run(Arc::new(Real), &exact(&fixed, &back, Strategy::Auto));
    assert!(flag("-i", &fixed.join("f4")));
    ended.assert_good();
    assert_same(&fixed, &back);
}

/// A defect in the middle of a file costs that file and is told.
#[test]
fn a_panic_costs_what_it_struck_and_nothing_else() {
    for (call, nth) in [
        (Call::OpenSource, 3),
        (Call::CreateNew, 3),
        (Call::CreateNameless, 3),
        (Call::LinkOpen, 3),
        (Call::ReadAt, 3),
        (Call::SetTimes, 3),
        (Call::RenameNew, 3),
    ] {
        let scratch = Scratch::quick();
        let (from, to) = ten(&scratch, 5000);
        let sys = faulty(call, nth, false, FaultKind::Panic);
        let ended = run(sys.clone(), &over(&from, &to, Strategy::Buffered));
        let said = format!("{call:?}: {:?}", ended.failures);
        assert_eq!(sys.hit(), Some(call), "{said}");
        assert_eq!(ended.summary.state, JobState::DoneWithFailures, "{said}");
        assert!(
            ended
                .failures
                .iter()
                .any(|it| it.reason.contains("internal error")),
            "{said}"
        );
        assert_eq!(ended.failures.len(), 1, "{said}");
        assert!(ended.summary.files.copied >= 9, "{said}");
    }
}
