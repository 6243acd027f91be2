//! Rings: refused ones, files that `O_DIRECT` does not fit, resumed files, panics in mid-flight.

use crate::support::engine::{Ended, run, run_real, spec};
use crate::support::scratch::Scratch;
use crate::support::tree::Dice;
use crate::support::walk::{assert_same, temporaries};
use haul::proto::{Durability, JobSpec, JobState, Naming, Sparse, Strategy};
use haul::sys::{Call, Errno, Fault, FaultKind, Faulty, Real};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

const BOTH: [Strategy; 2] = [Strategy::IoUring, Strategy::Direct];

/// Files around every border: of blocks, of buffers, of the space in flight.
fn source(scratch: &Scratch) -> PathBuf {
    let root = scratch.dir("source");
    let mut dice = Dice::new(5);
    for size in [
        0,
        1,
        511,
        4096,
        4097,
        65_536,
        65_537,
        1 << 20,
        (3 << 20) + 5,
    ] {
        fs::write(root.join(format!("f{size}")), dice.bytes(size)).expect("written");
    }
    root
}

fn job(from: &Path, to: &Path, strategy: Strategy) -> JobSpec {
    let mut job = spec(from, to);
    job.naming = Naming::Exact;
    job.strategy = strategy;
    job.tuning.file_workers = Some(1);
    job.tuning.buffer_size = Some(64 << 10);
    job
}

fn strike(job: &JobSpec, call: Call, nth: u64, sticky: bool, kind: FaultKind) -> (Ended, bool) {
    let fault = Fault {
        call: Some(call),
        nth,
        sticky,
        kind,
    };
    let sys = Arc::new(Faulty::new(Arc::new(Real), Some(fault)));
    let ended = run(sys.clone(), job);
    (ended, sys.hit().is_some())
}

/// Files by what moved them.
fn used(ended: &Ended) -> BTreeMap<Strategy, u64> {
    let mut used = BTreeMap::new();
    for one in &ended.summary.strategies {
        *used.entry(one.strategy).or_default() += one.files;
    }
    used
}

#[test]
fn a_refused_ring_is_said_once_and_costs_nothing_else() {
    for errno in [Errno::NOSYS, Errno::PERM, Errno::NOMEM] {
        for strategy in BOTH {
            let scratch = Scratch::quick();
            let (from, to) = (source(&scratch), scratch.at("to"));
            let mut spec = job(&from, &to, strategy);
            let refused = FaultKind::Fail(errno);
            let ended = if strategy == Strategy::Direct {
                // The first is the kernel's; threads are not refused.
                strike(&spec, Call::RingSetup, 0, false, refused).0
            } else {
                spec.tuning.file_workers = Some(3);
                strike(&spec, Call::RingSetup, 0, true, refused).0
            };
            ended.assert_good();
            assert_same(&from, &to);
            let notices = &ended.view.notices;
            assert_eq!(notices.len(), 1, "{notices:#?}");
            assert!(notices[0].text.contains("io_uring"), "{notices:#?}");
            let strategies = used(&ended);
            match strategy {
                Strategy::Direct => assert_eq!(strategies, [(Strategy::Direct, 9)].into()),
                _ => assert!(
                    strategies.get(&Strategy::Buffered) == Some(&8),
                    "{strategies:?}"
                ),
            }
        }
    }
}

#[test]
fn everything_is_moved_by_what_was_asked_for() {
    for strategy in BOTH {
        let scratch = Scratch::new();
        let (from, to) = (source(&scratch), scratch.at("to"));
        let ended = run_real(&job(&from, &to, strategy));
        ended.assert_good();
        assert_same(&from, &to);
        if ended.view.notices.is_empty() {
            assert_eq!(used(&ended), [(strategy, 9)].into());
        }
    }
}

/// Refused in the middle of a file, the next rung goes on at the very byte.
#[test]
fn what_does_not_fit_goes_on_another_way_where_it_was() {
    for strategy in BOTH {
        for call in [Call::RingRead, Call::RingWrite, Call::SetDirect] {
            let mut struck = 0;
            for nth in 0..60 {
                let scratch = Scratch::quick();
                let (from, to) = (source(&scratch), scratch.at("to"));
                let spec = job(&from, &to, strategy);
                let refused = FaultKind::Fail(Errno::INVAL);
                let (ended, hit) = strike(&spec, call, nth, false, refused);
                if !hit {
                    break;
                }
                struck += 1;
                let failed = ended.summary.files.failed;
                // Only switching `O_DIRECT` off again may fail for good.
                assert!(
                    failed == 0 || call == Call::SetDirect,
                    "{:#?}",
                    ended.failures
                );
                assert_eq!(temporaries(&to), [[0; 0]; 0]);
                if failed == 0 {
                    assert_same(&from, &to);
                    let fell_back = used(&ended).get(&Strategy::Buffered) == Some(&1);
                    assert!(fell_back || call == Call::SetDirect, "{:?}", used(&ended));
                    assert_eq!(ended.view.notices.len(), 1, "{:#?}", ended.view.notices);
                }
            }
            assert!(struck > 20 || (strategy, call) == (Strategy::IoUring, Call::SetDirect));
        }
    }
}

/// A transfer the ring could not carry out for now is carried out all the same.
#[test]
fn a_ring_that_says_later_is_no_failure() {
    for strategy in BOTH {
        for errno in [Errno::AGAIN, Errno::CANCELED, Errno::INTR] {
            for call in [Call::RingRead, Call::RingWrite] {
                let scratch = Scratch::quick();
                let (from, to) = (source(&scratch), scratch.at("to"));
                let spec = job(&from, &to, strategy);
                let (ended, hit) = strike(&spec, call, 0, true, FaultKind::Fail(errno));
                assert!(hit);
                ended.assert_good();
                assert_same(&from, &to);
                assert_eq!(used(&ended), [(strategy, 9)].into());
            }
        }
    }
}

/// A ring that breaks costs the file it was at; the next gets another ring.
#[test]
fn a_broken_ring_is_replaced() {
    for strategy in BOTH {
        for nth in 0..20 {
            let scratch = Scratch::quick();
            let (from, to) = (source(&scratch), scratch.at("to"));
            let mut spec = job(&from, &to, strategy);
            spec.retries = 0;
            let broken = FaultKind::Fail(Errno::BADF);
            let (ended, hit) = strike(&spec, Call::RingWait, nth, false, broken);
            assert_eq!(
                ended.summary.files.failed,
                u64::from(hit),
                "{:#?}",
                ended.failures
            );
            assert_eq!(ended.summary.files.copied, 9 - u64::from(hit));
            assert_eq!(temporaries(&to), [[0; 0]; 0]);
        }
    }
}

/// What was in flight when a panic passed has ended before the file is removed, and the worker's
/// ring serves the next file.
#[test]
fn a_panic_in_mid_flight_costs_one_file() {
    for strategy in BOTH {
        for (call, nth) in [
            (Call::RingRead, 9),
            (Call::RingWrite, 12),
            (Call::RingWait, 6),
        ] {
            let scratch = Scratch::quick();
            let (from, to) = (source(&scratch), scratch.at("to"));
            let spec = job(&from, &to, strategy);
            let (ended, hit) = strike(&spec, call, nth, false, FaultKind::Panic);
            assert!(hit);
            assert_eq!(ended.summary.state, JobState::DoneWithFailures);
            assert_eq!(ended.summary.files.failed, 1, "{:#?}", ended.failures);
            assert_eq!(ended.summary.files.copied, 8);
            for entry in fs::read_dir(&to).expect("listed") {
                let name = entry.expect("an entry").file_name();
                let there = fs::read(to.join(&name)).expect("read");
                let temporary = name.to_string_lossy().starts_with(".haul-");
                assert!(temporary || there == fs::read(from.join(&name)).expect("read"));
            }
        }
    }
}

#[test]
fn holes_are_kept_and_filled_on_request() {
    for strategy in BOTH {
        let scratch = Scratch::new();
        let from = scratch.at("from");
        let file = fs::File::create(&from).expect("made");
        std::os::unix::fs::FileExt::write_all_at(&file, &[7; 10_000], 1 << 20).expect("written");
        file.set_len(3 << 20).expect("sized");
        let blocks = |path: &Path| fs::metadata(path).expect("there").blocks() * 512;
        for (sparse, filled) in [(Sparse::Auto, false), (Sparse::Never, true)] {
            let to = scratch.at(format!("{strategy}-{}", sparse.name()));
            let mut spec = job(&from, &to, strategy);
            spec.sparse = sparse;
            run_real(&spec).assert_good();
            assert!(fs::read(&to).expect("read") == fs::read(&from).expect("read"));
            assert_eq!(
                blocks(&to) >= 3 << 20,
                filled,
                "{strategy} {sparse:?}: {}",
                blocks(&to)
            );
        }
    }
}

/// Where only whole blocks of 4 KiB go past the page cache, files end as they will.
#[test]
fn a_disk_of_large_sectors_takes_every_size() {
    let mut scratch = Scratch::new();
    let Some(disk) = scratch.mount_large_sectors("xfs") else {
        return;
    };
    let from = disk.join("from");
    fs::create_dir(&from).expect("made");
    let mut dice = Dice::new(6);
    let sizes = [
        1,
        511,
        512,
        513,
        4095,
        4096,
        4097,
        65_535,
        66_048,
        (3 << 20) + 513,
    ];
    for size in sizes {
        fs::write(from.join(format!("f{size}")), dice.bytes(size)).expect("written");
    }
    let reads = |bytes: &str| {
        let words = [
            &format!("if={}", from.join("f4096").display()),
            "of=/dev/null",
            "count=1",
        ];
        let output = Command::new("dd")
            .args(words)
            .args([bytes, "iflag=direct"])
            .output();
        output.is_ok_and(|output| output.status.success())
    };
    assert!(
        reads("bs=4096") && !reads("bs=512"),
        "the disk takes anything"
    );
    for buffer in [4096, 5120, 65_536] {
        for strategy in [Strategy::Direct, Strategy::IoUring, Strategy::Parallel] {
            let to = disk.join("to");
            let mut spec = job(&from, &to, strategy);
            spec.durability = Durability::Job;
            spec.tuning.buffer_size = Some(buffer);
            spec.tuning.parallel_min_size = Some(1);
            let ended = run_real(&spec);
            ended.assert_good();
            assert_same(&from, &to);
            if strategy == Strategy::Direct {
                let all = [(strategy, sizes.len() as u64)];
                assert_eq!(used(&ended), all.into(), "buffer {buffer}");
            }
            fs::remove_dir_all(&to).expect("removed");
        }
    }
}
