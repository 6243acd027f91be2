//! Blocks set aside before the bytes come: where that is known to pay, and nowhere else.

use crate::support::engine::{exact, faulty, run};
use crate::support::scratch::Scratch;
use crate::support::tree::Dice;
use crate::support::{is_root, skip};
use haul::proto::{Durability, Sparse, Strategy};
use haul::sys::{Call, Errno, FaultKind, Faulty, Real};
use std::fs::{self, File};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::sync::Arc;

const LARGE: usize = (3 << 20) + 5;

/// Large and dense, just as large with a hole, and small.
fn make(dir: &Path) {
    fs::create_dir(dir).expect("made");
    let mut dice = Dice::new(3);
    fs::write(dir.join("dense"), dice.bytes(LARGE)).expect("written");
    let file = File::create(dir.join("hole")).expect("made");
    file.write_all_at(&dice.bytes(1 << 20), 2 << 20)
        .expect("written");
    file.set_len(8 << 20).expect("sized");
    fs::write(dir.join("small"), dice.bytes(1 << 20)).expect("written");
}

/// How often blocks were set aside for a copy.
fn reserved(from: &Path, to: &Path, strategy: Strategy, sparse: Sparse) -> usize {
    let sys = Arc::new(Faulty::new(Arc::new(Real), None));
    let mut job = exact(from, to, strategy);
    job.sparse = sparse;
    job.durability = Durability::Job;
    run(sys.clone(), &job).assert_good();
    let calls = sys.calls();
    calls.iter().filter(|call| **call == Call::Reserve).count()
}

#[test]
fn room_is_set_aside_for_large_files_without_holes_where_it_pays() {
    if !is_root() {
        return skip("mounting needs root");
    }
    let mut scratch = Scratch::new();
    for (kind, usual, direct) in [("ext4", 1, 1), ("xfs", 1, 1), ("btrfs", 0, 1)] {
        let Some(disk) = scratch.mount_image(kind) else {
            continue;
        };
        let (from, to) = (disk.join("from"), disk.join("to"));
        make(&from);
        for (strategy, expected) in [
            (Strategy::Buffered, usual),
            (Strategy::Sendfile, usual),
            (Strategy::IoUring, usual),
            (Strategy::Parallel, usual),
            (Strategy::Direct, direct),
        ] {
            let times = reserved(&from, &to, strategy, Sparse::Auto);
            assert_eq!(times, expected, "{kind} {strategy}");
            let blocks = |path: &Path| fs::metadata(path).expect("there").blocks();
            // Some of what describes a file's extents may be counted with it.
            let most = blocks(&from.join("dense")) + 16;
            assert!(blocks(&to.join("dense")) <= most, "{kind} {strategy}");
            // xfs sets some aside behind the end by itself.
            assert!(
                blocks(&to.join("hole")) < (8 << 20) / 512,
                "{kind} {strategy}"
            );
            fs::remove_dir_all(&to).expect("removed");
        }
        // What may get holes gets no room.
        assert_eq!(reserved(&from, &to, Strategy::Auto, Sparse::Always), 0);
    }
    // Where nothing is gained nothing is asked.
    let quick = Scratch::quick();
    make(&quick.at("from"));
    let times = reserved(
        &quick.at("from"),
        &quick.at("to"),
        Strategy::Buffered,
        Sparse::Auto,
    );
    assert_eq!(times, 0);
}

#[test]
fn without_room_set_aside_a_file_is_copied_all_the_same() {
    if !is_root() {
        return skip("mounting needs root");
    }
    let mut scratch = Scratch::new();
    let Some(disk) = scratch.mount_image("ext4") else {
        return;
    };
    let (from, to) = (disk.join("from"), disk.join("to"));
    fs::write(&from, Dice::new(4).bytes(LARGE)).expect("written");
    for strategy in [Strategy::Buffered, Strategy::Direct, Strategy::Parallel] {
        for errno in [Errno::OPNOTSUPP, Errno::NOSPC, Errno::INTR, Errno::PERM] {
            let sys = faulty(Call::Reserve, 0, true, FaultKind::Fail(errno));
            run(sys.clone(), &exact(&from, &to, strategy)).assert_good();
            assert_eq!(sys.hit(), Some(Call::Reserve), "{strategy}");
            let (read, copied) = (fs::read(&from), fs::read(&to));
            assert!(read.expect("there") == copied.expect("there"), "{strategy}");
            fs::remove_file(&to).expect("removed");
        }
    }
}
