//! Holes: kept where they are, made and filled when asked, and never believed without end.

use crate::support::engine::{copying, exact, faulty, run, run_real};
use crate::support::scratch::Scratch;
use crate::support::tree::{self, Dice};
use crate::support::walk::{assert_same, data_map, same_bytes, temporaries};
use crate::support::{is_root, is_thorough, skip};
use haul::proto::{JobState, Sparse, Strategy};
use haul::sys::{Call, FaultKind, Faulty, Real};
use rustix::fs::{FallocateFlags, fallocate};
use std::fs::{self, File};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

fn blocks(path: &Path) -> u64 {
    fs::metadata(path).expect("there").blocks() * 512
}

#[test]
fn holes_at_every_place_are_kept_and_take_no_room() {
    let scratch = Scratch::new();
    let from = scratch.dir("from");
    let (mib, mut dice) = (1u64 << 20, Dice::new(31));
    for (name, len, data) in [
        ("leading", 3 * mib, &[(2 * mib, 4096)][..]),
        ("middle", 3 * mib + 1, &[(0, 5000), (2 * mib, 70_000)]),
        ("trailing", 3 * mib + 7, &[(0, 100)]),
        ("nothing", 5 * mib + 4095, &[]),
        ("one byte in", mib + 1, &[(mib, 1)]),
        ("many", 8 * mib, &[(mib, 1), (3 * mib, 1), (5 * mib, 1)]),
    ] {
        tree::sparse(&from.join(name), len, data, &mut dice);
    }
    if blocks(&from.join("nothing")) != 0 {
        return skip("no holes on this file system");
    }
    for strategy in copying() {
        let to = scratch.at("to");
        let mut job = exact(&from, &to, strategy);
        job.tuning.parallel_min_size = Some(1);
        job.tuning.chunk_workers = Some(3);
        run_real(&job).assert_good();
        // The map of data is part of what is compared.
        assert_same(&from, &to);
        for entry in fs::read_dir(&from).expect("there") {
            let name = entry.expect("readable").file_name();
            let (had, has) = (blocks(&from.join(&name)), blocks(&to.join(&name)));
            assert!(has <= had, "{strategy}: {name:?} grew from {had} to {has}");
        }
        fs::remove_dir_all(&to).expect("removed");
    }
}

/// A pieces of data, a hole, and so on: thousands of them.
#[test]
fn thousands_of_extents_are_copied_one_by_one() {
    const EXTENTS: u64 = 10_000;
    let scratch = Scratch::quick();
    let from = scratch.at("from");
    let file = File::create(&from).expect("made");
    file.set_len(EXTENTS * 8192).expect("sized");
    let bytes = Dice::new(32).bytes(4096 + EXTENTS as usize);
    for extent in 0..EXTENTS {
        let at = extent as usize;
        file.write_all_at(&bytes[at..at + 4096], extent * 8192)
            .expect("written");
    }
    for strategy in copying() {
        let to = scratch.at("to");
        run_real(&exact(&from, &to, strategy)).assert_good();
        assert!(same_bytes(&from, &to), "{strategy}");
        assert_eq!(blocks(&to), blocks(&from), "{strategy}");
        fs::remove_file(&to).expect("removed");
    }
}

/// Room that was set aside reads as zeros and is no hole to every file system.
#[test]
fn room_set_aside_is_copied_as_zeros() {
    let scratch = Scratch::new();
    let from = scratch.dir("from");
    for (name, flags) in [
        ("within", FallocateFlags::empty()),
        ("beyond", FallocateFlags::KEEP_SIZE),
    ] {
        let file = File::create(from.join(name)).expect("made");
        file.set_len(1 << 20).expect("sized");
        if fallocate(&file, flags, 0, 4 << 20).is_err() {
            return skip("this file system sets no room aside");
        }
        file.write_all_at(b"data", 300_000).expect("written");
    }
    for strategy in copying() {
        let to = scratch.at("to");
        run_real(&exact(&from, &to, strategy)).assert_good();
        for name in ["within", "beyond"] {
            assert!(same_bytes(&from.join(name), &to.join(name)), "{strategy}");
            let room = blocks(&to.join(name));
            let len = fs::metadata(from.join(name)).expect("there").len();
            assert!(room <= len + (64 << 10), "{strategy}: {name} takes {room}");
        }
        fs::remove_dir_all(&to).expect("removed");
    }
}

#[test]
fn a_file_that_is_all_hole_may_be_of_any_size() {
    let mut scratch = Scratch::new();
    let Some(xfs) = scratch.mount_image("xfs") else {
        return;
    };
    let from = xfs.join("from");
    for size in [1u64 << 40, 16 << 40, i64::MAX as u64] {
        let file = File::create(&from).expect("made");
        if file.set_len(size).is_err() {
            crate::support::say(&format!("no file of {size} bytes on this xfs"));
            continue;
        }
        for strategy in copying() {
            let to = xfs.join("to");
            let mut job = exact(&from, &to, strategy);
            job.tuning.chunk_workers = Some(4);
            run_real(&job).assert_good();
            assert_eq!(fs::metadata(&to).expect("there").len(), size, "{strategy}");
            assert_eq!(blocks(&to), 0, "{strategy}");
            fs::remove_file(&to).expect("removed");
        }
    }
    // More than the destination's format can say.
    let Some(ext4) = scratch.mount_image("ext4") else {
        return;
    };
    let file = File::create(&from).expect("made");
    file.set_len(32 << 40).expect("sized");
    file.write_all_at(b"end", (32 << 40) - 3).expect("written");
    for strategy in copying() {
        let ended = run_real(&exact(&from, &ext4.join("to"), strategy));
        assert_eq!(
            ended.summary.state,
            JobState::DoneWithFailures,
            "{strategy}"
        );
        let reason = &ended.failures[0].reason;
        assert!(reason.contains("file too large"), "{strategy}: {reason}");
        assert!(!ext4.join("to").exists() && temporaries(&ext4).is_empty());
    }
}

/// cp 9.9 went on for ever here.
#[test]
fn a_file_that_grows_while_its_holes_are_read_comes_to_an_end() {
    let (scratch, rounds) = if is_thorough() {
        (Scratch::new(), 10)
    } else {
        (Scratch::quick(), 2)
    };
    let from = scratch.at("from");
    for _ in 0..rounds {
        for strategy in copying() {
            let file = File::create(&from).expect("made");
            let stop = AtomicBool::new(false);
            file.set_len(1 << 20).expect("sized");
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    let mut at = 1 << 20;
                    while !stop.load(Ordering::Relaxed) && at < 32 << 20 {
                        file.write_all_at(&[1; 5000], at).expect("written");
                        at += 20_000;
                    }
                });
                let to = scratch.at("to");
                let ended = run_real(&exact(&from, &to, strategy));
                stop.store(true, Ordering::Relaxed);
                if ended.failures.is_empty() {
                    // What it was at the beginning, or some bytes more: written once and for all.
                    let (copy, now) = (
                        fs::read(&to).expect("there"),
                        fs::read(&from).expect("there"),
                    );
                    assert!(
                        copy.len() >= 1 << 20 && now.starts_with(&copy),
                        "{strategy}"
                    );
                    fs::remove_file(&to).expect("removed");
                } else {
                    let reason = &ended.failures[0].reason;
                    assert!(reason.contains("grew"), "{strategy}: {reason}");
                }
            });
            assert!(temporaries(scratch.path()).is_empty(), "{strategy}");
        }
    }
}

/// squashfs keeps no holes; what it says about them must not lead astray.
#[test]
fn a_file_system_that_answers_simply_about_holes_is_believed() {
    if !is_root() {
        return skip("mounting needs root");
    }
    let mut scratch = Scratch::new();
    let packed = scratch.dir("packed");
    let mut dice = Dice::new(33);
    let data = [(1 << 20, 5000), (3 << 20, 100)];
    tree::sparse(&packed.join("holes"), 4 << 20, &data, &mut dice);
    fs::write(packed.join("small"), dice.bytes(700)).expect("written");
    fs::write(packed.join("dense"), dice.bytes(600_000)).expect("written");
    let Some(from) = scratch.mount_packed(&packed) else {
        return;
    };
    for strategy in copying() {
        let to = scratch.at("to");
        run_real(&exact(&from, &to, strategy)).assert_good();
        for name in ["holes", "small", "dense"] {
            assert!(same_bytes(&from.join(name), &to.join(name)), "{strategy}");
        }
        fs::remove_dir_all(&to).expect("removed");
    }
}

#[test]
fn holes_are_made_and_filled_by_every_strategy_that_was_asked() {
    const SIZE: u64 = 3 << 20;
    let scratch = Scratch::new();
    let mut dice = Dice::new(34);
    let from = scratch.at("from");
    let data = [(0, 4096), (SIZE - 4096, 4096)];
    tree::sparse(&from, SIZE, &data, &mut dice);
    if blocks(&from) >= SIZE {
        return skip("no holes on this file system");
    }
    let zeros = scratch.at("zeros");
    fs::copy(&from, &zeros).expect("copied");
    let bytes = fs::read(&from).expect("read");
    fs::write(&zeros, bytes).expect("written");
    for strategy in copying() {
        let to = scratch.at("to");
        let mut job = exact(&from, &to, strategy);
        job.sparse = Sparse::Never;
        run_real(&job).assert_good();
        assert!(same_bytes(&from, &to), "{strategy}");
        assert!(blocks(&to) >= SIZE, "{strategy}: holes were left");
        fs::remove_file(&to).expect("removed");

        let mut job = exact(&zeros, &to, strategy);
        job.sparse = Sparse::Always;
        run_real(&job).assert_good();
        assert!(same_bytes(&from, &to), "{strategy}");
        assert_eq!(data_map(&to), data_map(&from), "{strategy}");
        fs::remove_file(&to).expect("removed");
    }
}

/// btrfs: no copy-on-write, compressed, inline, and from one subvolume into another.
#[test]
fn odd_files_of_btrfs_are_copied_right() {
    let mut scratch = Scratch::new();
    let Some(btrfs) = scratch.mount_image("btrfs") else {
        return;
    };
    let run = |program: &str, words: &[&str], at: &Path| {
        let status = Command::new(program)
            .args(words)
            .current_dir(at)
            .stdout(std::process::Stdio::null())
            .status();
        status.is_ok_and(|status| status.success())
    };
    let made = run("btrfs", &["subvolume", "create", "from"], &btrfs)
        && run("btrfs", &["subvolume", "create", "other"], &btrfs);
    assert!(made, "no subvolume can be made");
    let from = btrfs.join("from");
    let mut dice = Dice::new(35);
    File::create(from.join("nocow")).expect("made");
    assert!(run("chattr", &["+C", "nocow"], &from), "no chattr");
    File::create(from.join("packed")).expect("made");
    assert!(run("chattr", &["+c", "packed"], &from), "no chattr");
    fs::write(from.join("nocow"), dice.bytes(300_000)).expect("written");
    fs::write(from.join("packed"), vec![b'x'; 900_000]).expect("written");
    fs::write(from.join("inline"), dice.bytes(1500)).expect("written");
    rustix::fs::syncfs(File::open(&btrfs).expect("open")).expect("flushed");
    for strategy in copying().chain([Strategy::Reflink]) {
        let to = btrfs.join("other/to");
        let ended = run_real(&exact(&from, &to, strategy));
        for name in ["nocow", "packed", "inline"] {
            if strategy == Strategy::Reflink && !to.join(name).exists() {
                // Blocks under copy-on-write are not shared with what has none: said, not copied.
                let of_it = |failure: &haul::proto::Failure| failure.path.as_path().ends_with(name);
                assert!(ended.failures.iter().any(of_it), "{:?}", ended.failures);
                continue;
            }
            assert!(same_bytes(&from.join(name), &to.join(name)), "{strategy}");
        }
        if strategy != Strategy::Reflink {
            ended.assert_good();
        }
        fs::remove_dir_all(&to).expect("removed");
    }
}

/// Half a file system's truth: lengths and blocks are right, and no data is found, from the start or
/// from somewhere on.
#[test]
fn a_file_system_that_hides_data_is_not_believed() {
    hide_data(0, copying());
    for nth in 1..3 {
        hide_data(nth, [Strategy::Buffered, Strategy::Parallel]);
    }
}

fn hide_data(nth: u64, strategies: impl IntoIterator<Item = Strategy>) {
    let scratch = Scratch::quick();
    let (mib, mut dice) = (1u64 << 20, Dice::new(36));
    let from = scratch.dir("from");
    for (name, len, data) in [
        ("short", 3 * mib, &[(2 * mib, 4096)][..]),
        ("one byte", 9 * mib, &[(8 * mib + 5, 1)]),
        ("head", 65 * mib, &[(100, 100)]),
        ("tail", 66 * mib, &[(66 * mib - 7, 7)]),
        ("within", 67 * mib, &[(40 * mib, 2 << 20)]),
        ("twice", 4 * mib, &[(mib, 5000), (3 * mib, 5000)]),
    ] {
        tree::sparse(&from.join(name), len, data, &mut dice);
    }
    for strategy in strategies {
        let to = scratch.at("to");
        let mut job = exact(&from, &to, strategy);
        job.tuning.parallel_min_size = Some(1);
        job.tuning.chunk_workers = Some(3);
        let ended = run(faulty(Call::SeekData, nth, true, FaultKind::Nothing), &job);
        ended.assert_good();
        for entry in fs::read_dir(&from).expect("there") {
            let name = entry.expect("readable").file_name();
            let same = same_bytes(&from.join(&name), &to.join(&name));
            assert!(same, "{strategy}: {}", name.display());
        }
        let notices = &ended.summary.notices;
        let said = notices
            .iter()
            .filter(|said| said.text.contains("copied in full"));
        assert_eq!(said.count(), 1, "{strategy}: {notices:?}");
        fs::remove_dir_all(&to).expect("removed");
    }
}

/// What is all hole indeed stays so, and is no work.
#[test]
fn a_file_that_is_all_hole_is_read_at_a_few_places_only() {
    let scratch = Scratch::quick();
    let (from, to) = (scratch.at("from"), scratch.at("to"));
    let file = File::create(&from).expect("made");
    file.set_len(1 << 40).expect("sized");
    for strategy in [Strategy::Buffered, Strategy::Parallel] {
        let counting = Arc::new(Faulty::new(Arc::new(Real), None));
        let mut job = exact(&from, &to, strategy);
        job.tuning.chunk_workers = Some(4);
        let ended = run(counting.clone(), &job);
        ended.assert_good();
        assert!(
            ended.summary.notices.is_empty(),
            "{:?}",
            ended.summary.notices
        );
        assert_eq!(
            (fs::metadata(&to).expect("there").len(), blocks(&to)),
            (1 << 40, 0)
        );
        let calls = counting.calls();
        let reads = calls.iter().filter(|call| **call == Call::ReadAt).count();
        // Each lane looks for itself at the beginning.
        let lanes = if strategy == Strategy::Parallel { 4 } else { 1 };
        assert!(
            (1000..1100 * lanes).contains(&reads),
            "{strategy}: {reads} reads"
        );
        fs::remove_file(&to).expect("removed");
    }
}
