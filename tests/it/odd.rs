//! Sources on a file system that says untrue things of its files: what is copied is what can be read,
//! or it is told.

use crate::support::engine::{copying, exact, run_real};
use crate::support::oddfs::{self, Odd};
use crate::support::scratch::Scratch;
use crate::support::tree::{Dice, set_times};
use crate::support::walk::temporaries;
use haul::proto::{Durability, Op, Operation, Strategy};
use std::fs;
use std::ops::Range;
use std::os::unix::fs::MetadataExt;
use std::sync::atomic::AtomicU32;

const SIZE: usize = 300_000;

/// What can be read is copied, neither padded nor cut, and that the length is none is said.
#[test]
fn a_length_that_is_not_true_is_no_end() {
    let scratch = Scratch::new();
    let from = scratch.dir("from");
    let bytes = Dice::new(71).bytes(SIZE);
    let lying = |name, told| Odd {
        told,
        ..Odd::new(name, bytes.clone())
    };
    let files = vec![
        Odd::new("true", bytes.clone()),
        Odd::new("empty", Vec::new()),
        lying("too large", SIZE as u64 + 5000),
        lying("too small", SIZE as u64 - 5000),
        lying("none", 0),
        Odd {
            told: 7,
            ..Odd::new("nothing", Vec::new())
        },
    ];
    let Some(session) = oddfs::mount(&from, files) else {
        return;
    };
    for strategy in copying() {
        for workers in [1, 3] {
            let to = scratch.at("to");
            let mut job = exact(&from, &to, strategy);
            job.tuning.chunk_size = Some(64 << 10);
            job.tuning.file_workers = Some(workers);
            let ended = run_real(&job);
            ended.assert_good();
            for name in ["true", "too large", "too small", "none"] {
                let copy = fs::read(to.join(name)).expect("there");
                assert!(copy == bytes, "{strategy}: {name}: {} bytes", copy.len());
            }
            for name in ["empty", "nothing"] {
                assert!(fs::read(to.join(name)).expect("there").is_empty());
            }
            let notices = &ended.summary.notices;
            let said = notices
                .iter()
                .find(|said| said.text.starts_with("copied to their end"));
            assert_eq!(said.map(|said| said.count), Some(4), "{notices:?}");
            assert!(temporaries(&to).is_empty(), "{strategy}");
            // All of it is there, as its bytes say; and one byte less is not it.
            let again = run_real(&job);
            again.assert_good();
            assert_eq!(again.summary.files.skipped, 6, "{strategy}");
            let path = to.join("none");
            let mut other = bytes.clone();
            other[SIZE - 1] ^= 1;
            for changed in [&other[..], &bytes[..SIZE - 1]] {
                let time = fs::metadata(&path).expect("there");
                fs::write(&path, changed).expect("written");
                set_times(&path, time.mtime(), time.mtime_nsec());
                let again = run_real(&job);
                assert_eq!(again.summary.files.skipped, 5, "{strategy}");
                assert_eq!(again.summary.files.conflicts, 1, "{strategy}");
            }
            fs::remove_dir_all(&to).expect("removed");
        }
    }
    // A move compares them as well, and would remove them, which these files do not let it.
    let to = scratch.at("to");
    let mut job = exact(&from, &to, Strategy::Buffered);
    job.operation = Operation::Move;
    job.durability = Durability::Job;
    let ended = run_real(&job);
    assert!(!ended.failures.is_empty());
    for failure in &ended.failures {
        assert_eq!(failure.op, Op::RemoveSource, "{failure:?}");
    }
    oddfs::unmount(session, &from);
}

/// A length that moves is a change of the file, also where the kernel would not have asked again.
#[test]
fn a_length_that_moves_is_a_change() {
    let bytes = Dice::new(74).bytes(SIZE);
    let moving = |name, lens, remembered| Odd {
        moves: Some((AtomicU32::new(1), lens)),
        remembered,
        ..Odd::new(name, bytes.clone())
    };
    for strategy in [Strategy::Auto, Strategy::Buffered, Strategy::Parallel] {
        for remembered in [false, true] {
            let scratch = Scratch::new();
            let from = scratch.dir("from");
            let files = vec![
                moving("grew", [SIZE - 9000, SIZE], remembered),
                moving("shrank", [SIZE, SIZE - 150_000], remembered),
                moving("grew from nothing", [0, SIZE], remembered),
            ];
            let Some(session) = oddfs::mount(&from, files) else {
                return;
            };
            let to = scratch.at("to");
            let mut job = exact(&from, &to, strategy);
            job.tuning.chunk_size = Some(64 << 10);
            job.retries = 0;
            let ended = run_real(&job);
            let what = format!("{strategy} {remembered}: {:?}", ended.failures);
            assert_eq!(ended.failures.len(), 3, "{what}");
            for failure in &ended.failures {
                let name = failure.path.as_path().file_name().expect("a name");
                let word = name.to_string_lossy();
                let word = word.split(' ').next().expect("a word");
                assert!(failure.reason.contains(word), "{what}");
            }
            assert_eq!(fs::read_dir(&to).expect("there").count(), 0, "{what}");
            oddfs::unmount(session, &from);
        }
    }
}

/// A hole in the middle is looked into where a file system may say anything, and kept when it is one.
#[test]
fn a_hole_that_is_claimed_over_data_is_not_believed() {
    let scratch = Scratch::new();
    let from = scratch.dir("from");
    let hollow = 64 << 10..192 << 10;
    let full = Dice::new(75).bytes(SIZE);
    let mut hollow_bytes = full.clone();
    hollow_bytes[64 << 10..192 << 10].fill(0);
    let with = |name, bytes: &Vec<u8>| Odd {
        hollow: hollow.clone(),
        ..Odd::new(name, bytes.clone())
    };
    let files = vec![with("lies", &full), with("says so", &hollow_bytes)];
    let Some(session) = oddfs::mount(&from, files) else {
        return;
    };
    for strategy in copying() {
        let to = scratch.at("to");
        let mut job = exact(&from, &to, strategy);
        job.tuning.chunk_size = Some(64 << 10);
        let ended = run_real(&job);
        ended.assert_good();
        for (name, bytes) in [("lies", &full), ("says so", &hollow_bytes)] {
            let copy = fs::read(to.join(name)).expect("there");
            assert!(copy == *bytes, "{strategy}: {name}");
        }
        let blocks = fs::metadata(to.join("says so")).expect("there").blocks();
        assert!(blocks * 512 < SIZE as u64, "{strategy}: {blocks} blocks");
        let notices = &ended.summary.notices;
        let said = notices
            .iter()
            .find(|said| said.text.starts_with("copied in full"));
        assert_eq!(
            said.map(|said| said.count),
            Some(1),
            "{strategy}: {notices:?}"
        );
        fs::remove_dir_all(&to).expect("removed");
    }
    oddfs::unmount(session, &from);
}

/// However long the hole is, and wherever in it the data: all of it is read.
#[test]
fn a_long_hole_that_is_claimed_over_little_data_is_not_believed() {
    const LONG: usize = 100 << 20;
    let scratch = Scratch::quick();
    let from = scratch.dir("from");
    // Where a look at a thousand places would not have looked.
    let hollow = 1 << 20..99 << 20;
    let mut bytes = vec![0; LONG];
    bytes[(1 << 20) + 500 * (98 << 20) / 1001 + 40_000] = 1;
    let mut truly = vec![0; LONG];
    for end in [&mut bytes, &mut truly] {
        end[0] = 2;
        end[LONG - 1] = 3;
    }
    let with = |name, bytes: &Vec<u8>, hollow: &Range<u64>| Odd {
        hollow: hollow.clone(),
        ..Odd::new(name, bytes.clone())
    };
    let mut lonely = bytes.clone();
    (lonely[0], lonely[LONG - 1]) = (0, 0);
    let files = vec![
        with("within", &bytes, &hollow),
        Odd {
            hidden: true,
            ..Odd::new("nothing said", lonely.clone())
        },
        with("truly", &truly, &hollow),
    ];
    let Some(session) = oddfs::mount(&from, files) else {
        return;
    };
    for strategy in [Strategy::Buffered, Strategy::Parallel] {
        let to = scratch.at("to");
        let mut job = exact(&from, &to, strategy);
        job.tuning.chunk_size = Some(16 << 20);
        let ended = run_real(&job);
        ended.assert_good();
        for (name, bytes) in [
            ("within", &bytes),
            ("nothing said", &lonely),
            ("truly", &truly),
        ] {
            let copy = fs::read(to.join(name)).expect("there");
            assert!(copy == *bytes, "{strategy}: {name}");
        }
        let blocks = fs::metadata(to.join("truly")).expect("there").blocks();
        assert!(blocks * 512 < 8 << 20, "{strategy}: {blocks} blocks");
        fs::remove_dir_all(&to).expect("removed");
    }
    oddfs::unmount(session, &from);
}

/// By the kernel's own way, not only through the seam of the tests.
#[test]
fn data_that_is_hidden_is_found() {
    let scratch = Scratch::new();
    let from = scratch.dir("from");
    let bytes = Dice::new(72).bytes(SIZE);
    let files = vec![Odd {
        hidden: true,
        ..Odd::new("hidden", bytes.clone())
    }];
    let Some(session) = oddfs::mount(&from, files) else {
        return;
    };
    for strategy in copying() {
        let to = scratch.at("to");
        let ended = run_real(&exact(&from, &to, strategy));
        ended.assert_good();
        assert_eq!(
            fs::read(to.join("hidden")).expect("there"),
            bytes,
            "{strategy}"
        );
        let notices = &ended.summary.notices;
        let said = notices
            .iter()
            .any(|said| said.text.starts_with("copied in full"));
        assert!(said, "{strategy}: {notices:?}");
        fs::remove_dir_all(&to).expect("removed");
    }
    oddfs::unmount(session, &from);
}

/// A handle that a server forgot is asked for anew; one that stays forgotten is listed.
#[test]
fn a_stale_handle_is_asked_for_anew() {
    let scratch = Scratch::new();
    let from = scratch.dir("from");
    let bytes = Dice::new(73).bytes(SIZE);
    let stale = |name, opens, reads| Odd {
        stale_opens: AtomicU32::new(opens),
        stale_reads: AtomicU32::new(reads),
        ..Odd::new(name, bytes.clone())
    };
    let files = vec![
        stale("opened late", 2, 0),
        stale("read late", 0, 2),
        stale("never", 0, u32::MAX),
    ];
    let Some(session) = oddfs::mount(&from, files) else {
        return;
    };
    let to = scratch.at("to");
    let mut job = exact(&from, &to, Strategy::Buffered);
    job.retries = 3;
    let ended = run_real(&job);
    assert_eq!(ended.failures.len(), 1, "{:?}", ended.failures);
    assert!(
        ended.failures[0].reason.contains("stale"),
        "{:?}",
        ended.failures
    );
    for name in ["opened late", "read late"] {
        assert_eq!(fs::read(to.join(name)).expect("there"), bytes, "{name}");
    }
    assert_eq!(fs::read_dir(&to).expect("there").count(), 2);
    oddfs::unmount(session, &from);
}
