//! Moves of files with several names: haul's own removal of one is not taken for a change of the
//! file, and a change of the file is not taken for that.

use crate::support::engine::{meanwhile, run, spec};
use crate::support::scratch::Scratch;
use haul::proto::{Durability, JobSpec, JobState, Operation};
use haul::sys::Call;
use std::fs;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// One file of several names, open for writing.
fn linked(names: &[PathBuf]) -> fs::File {
    fs::write(&names[0], "linked".repeat(1000)).expect("written");
    for name in &names[1..] {
        fs::hard_link(&names[0], name).expect("linked");
    }
    // Where the kernel counts in its ticks, what changes the inode from here on is to be seen.
    std::thread::sleep(Duration::from_millis(20));
    let file = fs::File::options().write(true).open(&names[0]);
    file.expect("opened")
}

/// The move of `s` to `d`.
fn whole_move(scratch: &Scratch, workers: u16) -> JobSpec {
    let mut wanted = spec(&scratch.at("s"), &scratch.at("d"));
    wanted.operation = Operation::Move;
    wanted.durability = Durability::Job;
    wanted.tuning.file_workers = Some(workers);
    wanted
}

/// Removing one name changes the ctime that tells whether the other is still what was compared.
#[test]
fn workers_that_remove_names_of_one_inode_do_not_disturb_each_other() {
    const NAMES: usize = 12;
    let scratch = Scratch::quick();
    // In directories of their own, so that several workers have some.
    let names: Vec<_> = (0..NAMES)
        .map(|at| scratch.dir(format!("s/{at}")))
        .collect();
    let names: Vec<_> = names.iter().map(|dir| dir.join("name")).collect();
    let file = linked(&names);
    let wanted = whole_move(&scratch, 4);
    // Every name is compared once before the first is removed. The first that is compared once more
    // is given time to see another name removed, if another may be.
    let sys = meanwhile(Call::ForgetPages, NAMES as u64, move || {
        let names = || file.metadata().expect("known").nlink();
        let (before, until) = (names(), Instant::now() + Duration::from_millis(300));
        while names() == before && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(1));
        }
    });
    let ended = run(sys.clone(), &wanted);
    assert_eq!(
        sys.hit(),
        Some(Call::ForgetPages),
        "nothing was compared again"
    );
    ended.assert_good();
    assert_eq!(ended.view.removed, NAMES as u64);
    assert!(!scratch.at("s").exists());
}

/// A ctime that the removal of another name explains is no excuse: the bytes are compared again.
#[test]
fn a_name_whose_inode_was_rewritten_stays() {
    let scratch = Scratch::quick();
    let dir = scratch.dir("s");
    let file = linked(&[dir.join("a"), dir.join("b")]);
    let wanted = whole_move(&scratch, 1);
    // Right before the first of the two is removed, with the time of the content as it was.
    let sys = meanwhile(Call::Unlink, 0, move || {
        let was = file.metadata().and_then(|meta| meta.modified());
        file.write_all_at(b"!", 7).expect("written");
        file.set_modified(was.expect("known")).expect("set");
    });
    let ended = run(sys.clone(), &wanted);
    assert_eq!(sys.hit(), Some(Call::Unlink));
    assert_eq!(ended.summary.state, JobState::DoneWithFailures);
    assert_eq!(ended.failures.len(), 1, "{:?}", ended.failures);
    assert_eq!(ended.failures[0].offset, Some(7), "{:?}", ended.failures);
    let left = fs::read_dir(&dir).expect("listed");
    let left: Vec<_> = left.map(|entry| entry.expect("read").path()).collect();
    assert_eq!(left.len(), 1, "{left:?}");
    assert_eq!(fs::read(&left[0]).expect("read")[7], b'!');
}
