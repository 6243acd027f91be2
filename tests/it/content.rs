//! Bytes, whatever the kernel says about them: sizes at every edge, offloads that refuse, stop
//! early or answer nothing, and ranges that end in any order.

use crate::support::engine::{copying, exact, faulty, run, run_real, slow};
use crate::support::scratch::Scratch;
use crate::support::tree::{self, Dice};
use crate::support::walk::{assert_same, data_map, same_bytes, temporaries};
use crate::support::{is_root, say, skip};
use haul::proto::{Durability, ErrorClass, JobState, Strategy};
use haul::sys::{Call, Errno, FaultKind};
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// Around what a range is cut at, and around a last buffer of a range.
#[test]
fn sizes_around_a_range_are_copied_whole() {
    const RANGE: usize = 2 << 20;
    let scratch = Scratch::quick();
    let from = scratch.dir("from");
    let mut dice = Dice::new(21);
    for size in [
        RANGE - 1,
        RANGE,
        RANGE + 1,
        2 * RANGE - 1,
        2 * RANGE,
        2 * RANGE + 4097,
    ] {
        fs::write(from.join(format!("f{size}")), dice.bytes(size)).expect("written");
    }
    for strategy in copying() {
        for lanes in [1, 3] {
            let to = scratch.at("to");
            let mut job = exact(&from, &to, strategy);
            job.tuning.chunk_size = Some(RANGE as u64);
            job.tuning.chunk_workers = Some(lanes);
            job.tuning.parallel_min_size = Some(1);
            run_real(&job).assert_good();
            assert_same(&from, &to);
            fs::remove_dir_all(&to).expect("removed");
        }
    }
}

/// Offsets past what fits 31 and 32 bits: the file is mostly holes, its data lies at the edges.
#[test]
fn sizes_around_two_and_four_gibibytes_are_copied_whole() {
    let scratch = Scratch::new();
    let from = scratch.dir("from");
    let mut dice = Dice::new(22);
    let edges = [1u64 << 31, 1 << 32];
    for size in edges
        .into_iter()
        .flat_map(|edge| [edge - 1, edge, edge + 1])
    {
        let path = from.join(format!("f{size}"));
        let file = File::create(&path).expect("made");
        file.set_len(size).expect("sized");
        for at in [0, (1 << 31) - 5000, size - 4097] {
            file.write_all_at(&dice.bytes(4097), at).expect("written");
        }
    }
    for strategy in copying() {
        let to = scratch.at("to");
        let mut job = exact(&from, &to, strategy);
        job.tuning.chunk_workers = Some(2);
        run_real(&job).assert_good();
        for entry in fs::read_dir(&from).expect("there") {
            let name = entry.expect("readable").file_name();
            assert_same_data(&from.join(&name), &to.join(&name));
        }
        fs::remove_dir_all(&to).expect("removed");
    }
}

/// Compares where data is, and the data; what is long and empty is not read.
fn assert_same_data(from: &Path, to: &Path) {
    let len = |path: &Path| fs::metadata(path).expect("there").len();
    assert_eq!(len(from), len(to), "{}", to.display());
    let map = data_map(from);
    assert_eq!(map, data_map(to), "{}", to.display());
    let open = |path: &Path| File::open(path).expect("readable");
    let (one, other) = (open(from), open(to));
    for (start, end) in map {
        let read = |file: &File| {
            let mut bytes = vec![0; (end - start) as usize];
            file.read_exact_at(&mut bytes, start).expect("readable");
            bytes
        };
        assert!(read(&one) == read(&other), "{}: at {start}", to.display());
    }
}

#[test]
fn an_offload_that_refuses_at_the_first_byte_is_gone_round() {
    let scratch = Scratch::quick();
    let from = scratch.file("from", Dice::new(1).bytes((1 << 20) + 3));
    for (strategy, call) in [
        (Strategy::CopyFileRange, Call::CopyRange),
        (Strategy::Auto, Call::CopyRange),
        (Strategy::Sendfile, Call::SendFile),
    ] {
        for errno in [
            Errno::PERM,
            Errno::NOSYS,
            Errno::INVAL,
            Errno::TXTBSY,
            Errno::XDEV,
            Errno::OPNOTSUPP,
            Errno::BADF,
            Errno::ACCESS,
            Errno::NOENT,
        ] {
            let to = scratch.at("to");
            let sys = faulty(call, 0, true, FaultKind::Fail(errno));
            let ended = run(sys.clone(), &exact(&from, &to, strategy));
            ended.assert_good();
            assert_eq!(sys.hit(), Some(call));
            assert!(same_bytes(&from, &to), "{strategy} {errno:?}");
            // What is told is what was really done.
            let used = &ended.summary.strategies;
            assert_eq!(used.len(), 1, "{used:?}");
            assert_eq!(used[0].strategy, Strategy::Buffered, "{used:?}");
            fs::remove_file(&to).expect("removed");
        }
    }
}

#[test]
fn an_offload_that_fails_later_fails_the_file() {
    let scratch = Scratch::quick();
    let from = scratch.file("from", Dice::new(2).bytes(6 << 20));
    for (strategy, call) in [
        (Strategy::CopyFileRange, Call::CopyRange),
        (Strategy::Sendfile, Call::SendFile),
    ] {
        for errno in [Errno::IO, Errno::INVAL, Errno::PERM] {
            let to = scratch.file("to", "the old one");
            let mut job = exact(&from, &to, strategy);
            job.conflict = haul::proto::Conflict::Overwrite;
            let ended = run(faulty(call, 1, true, FaultKind::Fail(errno)), &job);
            assert_eq!(ended.summary.state, JobState::DoneWithFailures);
            assert_eq!(ended.failures[0].errno, Some(errno.raw_os_error()));
            assert_eq!(ended.failures[0].offset, Some(1 << 20), "where it stopped");
            assert_eq!(fs::read(&to).expect("there"), b"the old one");
            assert!(temporaries(scratch.path()).is_empty());
        }
    }
}

/// GNU cp went on with another way after these until 9.2, and could hide corruption.
#[test]
fn a_clone_that_fails_for_the_device_is_no_reason_to_copy() {
    for strategy in [Strategy::Reflink, Strategy::Auto] {
        // `auto` clones only where blocks may be shared at all.
        let mut scratch = Scratch::new();
        let Some(disk) = scratch.mount_image("xfs") else {
            return;
        };
        let from = disk.join("from");
        fs::write(&from, Dice::new(3).bytes(100_000)).expect("written");
        for errno in [Errno::IO, Errno::NOMEM, Errno::NOSPC, Errno::DQUOT] {
            let to = disk.join("to");
            let mut job = exact(&from, &to, strategy);
            job.retries = 0;
            let sys = faulty(Call::CloneFile, 0, true, FaultKind::Fail(errno));
            let ended = run(sys.clone(), &job);
            assert_eq!(sys.hit(), Some(Call::CloneFile));
            assert_eq!(ended.failures.len(), 1, "{strategy} {errno:?}");
            assert_eq!(ended.failures[0].errno, Some(errno.raw_os_error()));
            let moved = [Call::CopyRange, Call::WriteAt, Call::SendFile];
            let fell_through = sys.calls().iter().any(|call| moved.contains(call));
            assert!(!fell_through, "{strategy} {errno:?}: copied after all");
            assert!(!to.exists());
            assert!(temporaries(&disk).is_empty());
        }
    }
}

/// What is cloned has no name before it is whole, however large; one file among the others that
/// cannot be cloned gets its name all the same.
#[test]
fn a_large_file_without_a_name_that_cannot_be_cloned_is_copied() {
    let mut scratch = Scratch::new();
    let Some(disk) = scratch.mount_image("xfs") else {
        return;
    };
    let (from, to) = (disk.join("from"), disk.join("to"));
    fs::create_dir(&from).expect("made");
    for name in ["a", "b", "c", "d"] {
        fs::write(from.join(name), Dice::new(8).bytes(3 << 20)).expect("written");
    }
    let mut job = exact(&from, &to, Strategy::Auto);
    job.tuning.file_workers = Some(1);
    let sys = faulty(Call::CloneFile, 2, false, FaultKind::Fail(Errno::INVAL));
    let ended = run(sys.clone(), &job);
    assert_eq!(sys.hit(), Some(Call::CloneFile));
    ended.assert_good();
    assert_same(&from, &to);
    assert!(temporaries(&to).is_empty());
    let used = &ended.summary.strategies;
    let ways: Vec<_> = used.iter().map(|way| (way.strategy, way.files)).collect();
    assert!(ways.contains(&(Strategy::Reflink, 3)), "{ways:?}");
    assert!(ways.contains(&(Strategy::CopyFileRange, 1)), "{ways:?}");
    let calls = sys.calls();
    let of = |call: Call| calls.iter().filter(|one| **one == call).count();
    // The first has a temporary: nothing was cloned before it. The second tells whether a file can
    // be without a name, and then has a temporary's.
    assert_eq!((of(Call::LinkOpen), of(Call::RenameNew)), (3, 2));
}

/// Where each call takes long, one carries more; a size that was asked for stays.
#[test]
fn a_buffer_grows_where_calls_take_long() {
    let scratch = Scratch::quick();
    let from = scratch.file("from", Dice::new(9).bytes(16 << 20));
    for (asked, least, most) in [(None, 4, 40), (Some(256 << 10), 64, 64)] {
        let to = scratch.at("to");
        let mut job = exact(&from, &to, Strategy::Buffered);
        job.tuning.buffer_size = asked;
        let sys = slow(Call::WriteAt, Duration::from_millis(3));
        let ended = run(sys.clone(), &job);
        ended.assert_good();
        assert_same(&from, &to);
        let calls = sys.calls();
        let writes = calls.iter().filter(|call| **call == Call::WriteAt).count();
        assert!((least..=most).contains(&writes), "{asked:?}: {writes}");
        fs::remove_file(&to).expect("removed");
    }
}

/// "Nothing moved, no error": the end of the source only where a read says so too.
#[test]
fn a_call_that_moves_nothing_is_no_end() {
    let scratch = Scratch::quick();
    let from = scratch.file("from", Dice::new(4).bytes((5 << 20) + 1));
    for (strategy, call) in [
        (Strategy::CopyFileRange, Call::CopyRange),
        (Strategy::Sendfile, Call::SendFile),
        (Strategy::Buffered, Call::ReadAt),
        (Strategy::Buffered, Call::WriteAt),
        (Strategy::Parallel, Call::ReadAt),
        (Strategy::Parallel, Call::WriteAt),
    ] {
        for (nth, sticky) in [(0, false), (0, true), (1, false), (1, true)] {
            let to = scratch.at("to");
            let mut job = exact(&from, &to, strategy);
            job.retries = 0;
            job.tuning.parallel_min_size = Some(1);
            job.tuning.chunk_workers = Some(2);
            let sys = faulty(call, nth, sticky, FaultKind::Nothing);
            let ended = run(sys.clone(), &job);
            assert_eq!(sys.hit(), Some(call));
            let said = format!("{strategy} {call:?} {nth} {sticky}: {:?}", ended.failures);
            // An offload is gone round by one that reads.
            let offload = matches!(call, Call::CopyRange | Call::SendFile);
            assert!(ended.failures.is_empty() || !offload, "{said}");
            if ended.failures.is_empty() {
                ended.assert_good();
                assert!(same_bytes(&from, &to), "{said}");
                fs::remove_file(&to).expect("removed");
            } else {
                assert!(!to.exists(), "{said}");
            }
            assert!(temporaries(scratch.path()).is_empty(), "{said}");
        }
    }
}

/// A lane held up in any of its writes: the others overtake it.
#[test]
fn ranges_may_end_in_any_order() {
    let scratch = Scratch::quick();
    let from = scratch.file("from", Dice::new(5).bytes((9 << 20) + 77));
    for nth in 0..10 {
        let to = scratch.at("to");
        let mut job = exact(&from, &to, Strategy::Parallel);
        job.tuning.parallel_min_size = Some(1);
        job.tuning.chunk_size = Some(2 << 20);
        job.tuning.chunk_workers = Some(4);
        job.tuning.buffer_size = Some(1 << 20);
        let delay = FaultKind::Delay(Duration::from_millis(40));
        run(faulty(Call::WriteAt, nth, false, delay), &job).assert_good();
        assert!(same_bytes(&from, &to), "held up at write {nth}");
        // And one that fails fails the file, whatever the others do.
        let fail = FaultKind::Fail(Errno::IO);
        fs::remove_file(&to).expect("removed");
        let ended = run(faulty(Call::WriteAt, nth, false, fail), &job);
        assert_eq!(ended.failures.len(), 1, "{:?}", ended.failures);
        assert!(!to.exists() && temporaries(scratch.path()).is_empty());
    }
}

#[test]
fn between_two_devices_it_says_what_it_really_did() {
    let mut scratch = Scratch::new();
    let Some(other) = scratch.mount("other", 8 << 10) else {
        return;
    };
    let from = scratch.file("from", Dice::new(6).bytes(3 << 20));
    // The other one is a tmpfs; where this one is as local, each page is copied once.
    let kind = rustix::fs::statfs(&from).expect("told").f_type;
    let automatic = match kind as u32 {
        0xEF53 | 0x5846_5342 | 0x9123_683E | 0x0102_1994 => Strategy::Sendfile,
        _ => Strategy::Buffered,
    };
    for (asked, used_then) in [
        (Strategy::Auto, automatic),
        (Strategy::CopyFileRange, Strategy::Buffered),
    ] {
        let to = other.join("to");
        let ended = run_real(&exact(&from, &to, asked));
        ended.assert_good();
        assert!(same_bytes(&from, &to));
        let used = &ended.summary.strategies;
        assert_eq!(used.len(), 1, "{used:?}");
        assert_eq!(used[0].strategy, used_then, "asked for {asked}");
        fs::remove_file(&to).expect("removed");
    }
    let ended = run_real(&exact(&from, &other.join("to"), Strategy::Reflink));
    assert_eq!(ended.failures.len(), 1);
    assert_eq!(ended.failures[0].class, ErrorClass::Unsupported);
    assert!(fs::read_dir(&other).expect("there").next().is_none());
}

/// A file that was just written, of which the device has nothing yet: what once made file systems
/// report holes where there was data.
#[test]
fn what_was_just_written_never_becomes_zeros() {
    let rounds = if crate::support::is_thorough() { 20 } else { 3 };
    let mut dice = Dice::new(7);
    for round in 0..rounds {
        for strategy in copying() {
            let scratch = Scratch::new();
            let from = scratch.dir("from");
            for number in 0..50u64 {
                let path = from.join(format!("f{number}"));
                if number % 2 == 0 {
                    let len = (1 << 18) + dice.below(1 << 18);
                    let at = dice.below(len - 9000);
                    tree::sparse(&path, len, &[(at, 5000)], &mut dice);
                } else {
                    let size = dice.below(200_000) as usize;
                    fs::write(&path, dice.bytes(size)).expect("written");
                }
            }
            let to = scratch.at("to");
            run_real(&exact(&from, &to, strategy)).assert_good();
            for number in 0..50 {
                let name = format!("f{number}");
                let same = same_bytes(&from.join(&name), &to.join(&name));
                assert!(same, "{strategy}, round {round}: {name}");
            }
        }
    }
}

/// A directory in which somebody planted the name of a temporary: another is drawn.
#[test]
fn a_planted_temporary_is_left_alone() {
    let scratch = Scratch::quick();
    let from = scratch.file("from", "bytes");
    let to = scratch.dir("to");
    for nth in 0..3 {
        let sys = faulty(Call::CreateNew, nth, false, FaultKind::Fail(Errno::EXIST));
        let mut job = exact(&from, &to.join(format!("f{nth}")), Strategy::Auto);
        job.retries = 0;
        run(sys, &job).assert_good();
    }
    // Every name taken: it gives up.
    let sys = faulty(Call::CreateNew, 0, true, FaultKind::Fail(Errno::EXIST));
    let ended = run(sys, &exact(&from, &to.join("never"), Strategy::Auto));
    assert_eq!(ended.failures.len(), 1);
    assert!(ended.failures[0].reason.contains("no free name"));
}

/// A plan does not promise what the file system was made without.
#[test]
fn a_plan_promises_shared_blocks_only_where_there_may_be_some() {
    for (options, shares) in [
        (&["-m", "reflink=0"][..], false),
        (&["-m", "reflink=1"], true),
    ] {
        let mut scratch = Scratch::new();
        let Some(xfs) = scratch.mount_image_with("xfs", options) else {
            return;
        };
        fs::write(xfs.join("f"), vec![1; 200_000]).expect("written");
        let output = Command::new(env!("CARGO_BIN_EXE_haul"))
            .args(["copy", "--dry-run", "f", "g"])
            .env("HOME", scratch.dir("home"))
            .current_dir(&xfs)
            .output()
            .expect("it runs");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(said.contains("reflink"), shares, "{options:?}: {said}");
        assert!(said.contains("copy-file-range"), "{options:?}: {said}");
    }
}

/// Pages that are not to stay in memory are a wish: a file system that refuses it, at once or in
/// the middle, is asked for the bytes alone.
#[test]
fn pages_that_cannot_go_stay() {
    if !is_root() {
        return skip("mounting needs root");
    }
    let mut scratch = Scratch::new();
    let Some(disk) = scratch.mount_image("ext4") else {
        return;
    };
    let from = disk.join("from");
    fs::write(&from, Dice::new(1).bytes((5 << 20) + 3)).expect("written");
    for (strategy, call) in [
        (Strategy::Auto, Call::ReadAt),
        (Strategy::Buffered, Call::WriteAt),
        (Strategy::Parallel, Call::ReadAt),
        (Strategy::Parallel, Call::WriteAt),
        (Strategy::IoUring, Call::RingWrite),
    ] {
        for nth in [0, 3] {
            let to = disk.join("to");
            let sys = faulty(call, nth, false, FaultKind::Fail(Errno::OPNOTSUPP));
            let mut job = exact(&from, &to, strategy);
            job.retries = 0;
            job.durability = Durability::Job;
            let ended = run(sys.clone(), &job);
            if haul::sys::kernel_lets_pages_go() {
                ended.assert_good();
                assert_eq!(sys.hit(), Some(call), "{strategy}");
                assert!(same_bytes(&from, &to), "{strategy} {call:?} {nth}");
            } else {
                say("this kernel does not let pages go");
            }
            fs::remove_file(&to).expect("removed");
        }
    }
}
