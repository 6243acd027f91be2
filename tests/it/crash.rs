//! A power cut, as far as one can be had: the file system is shut down under the copy, with its log
//! flushed and without, then mounted again. Needs root, loop mounts and `xfs_io`.

use crate::support::engine::{run_real, spec};
use crate::support::scratch::Scratch;
use crate::support::tree::Dice;
use crate::support::{say, skip, walk};
use haul::proto::{Conflict, Durability, JobSpec, JobState, Naming};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;

/// Shuts a mounted file system down at once; with `log` what is in the log is written first, data
/// never is (`FS_IOC_SHUTDOWN`, for ext4 and xfs).
pub fn shut_down(at: &Path, log: bool) -> bool {
    let how = if log { "shutdown -f" } else { "shutdown" };
    let output = Command::new("xfs_io")
        .args(["-x", "-c", how])
        .arg(at)
        .output();
    output.is_ok_and(|output| output.status.success())
}

const FILES: usize = 240;

fn name(number: usize) -> String {
    format!("d{}/f{number}", number % 12)
}

/// A tree of small files, some of them empty, of other bytes for another `seed`.
fn tree_of(root: &Path, seed: u64) {
    let mut dice = Dice::new(seed);
    for number in 0..FILES {
        let path = root.join(name(number));
        fs::create_dir_all(path.parent().expect("in a directory")).expect("made");
        let size = number % 40 * 1000;
        fs::write(path, dice.bytes(size)).expect("written");
    }
}

/// How many files have arrived: those with the times of the source's.
fn arrived(from: &Path, to: &Path) -> usize {
    let time = |root: &Path, number: usize| {
        let metadata = fs::symlink_metadata(root.join(name(number)));
        metadata
            .ok()
            .map(|metadata| (metadata.mtime(), metadata.mtime_nsec()))
    };
    (0..FILES)
        .filter(|number| time(to, *number) == time(from, *number))
        .count()
}

/// Copies, and cuts the power when so many files have arrived, or soon after.
fn cut_in_mid_job(job: &JobSpec, disk: &Path, log: bool, wanted: usize) -> bool {
    std::thread::scope(|scope| {
        let copy = scope.spawn(|| run_real(job));
        let (from, to) = (job.sources[0].as_path(), job.dest.as_path());
        while arrived(from, to) < wanted && !copy.is_finished() {
            std::thread::yield_now();
        }
        let cut = shut_down(disk, log);
        copy.join().expect("whatever the disk does, no panic");
        cut
    })
}

/// In mid-job: what has its name is whole, what is replaced is old or new, and the same command
/// once more completes the tree.
#[test]
fn a_power_cut_in_mid_job_finds_whole_files_and_a_second_run_completes() {
    let source = Scratch::quick();
    let (from, before) = (source.dir("from"), source.dir("before"));
    tree_of(&from, 1);
    tree_of(&before, 2);
    let mut partly = 0;
    for kind in ["ext4", "xfs"] {
        let mut scratch = Scratch::new();
        let Some(disk) = scratch.mount_image(kind) else {
            return;
        };
        for (round, log) in [true, false, true, false, true].into_iter().enumerate() {
            for over in [false, true] {
                let to = disk.join(format!("to-{round}-{over}"));
                if over {
                    tree_of(&to, 2);
                    let flushed = Command::new("sync").status();
                    assert!(flushed.is_ok_and(|status| status.success()));
                }
                let mut job = spec(&from, &to);
                job.naming = Naming::Exact;
                job.durability = Durability::Job;
                if over {
                    job.conflict = Conflict::Overwrite;
                }
                let wanted = round * FILES / 4;
                let words = format!("{kind}, log {log}, over {over}, at {wanted}");
                if !cut_in_mid_job(&job, &disk, log, wanted) {
                    skip("a file system cannot be shut down here (xfs_io)");
                    return;
                }
                scratch.remount_image(kind);
                let mut whole = 0;
                for number in 0..FILES {
                    let Ok(bytes) = fs::read(to.join(name(number))) else {
                        assert!(!over, "{words}: {} is gone", name(number));
                        continue;
                    };
                    let new = fs::read(from.join(name(number))).expect("there");
                    let size = new.len();
                    let new = bytes == new;
                    // Of the old one every byte is asked for: zeros of its length are what a cut leaves
                    // of a file that was named before it was on the device.
                    let old = over && fs::read(before.join(name(number))).expect("there") == bytes;
                    assert!(
                        new || old,
                        "{words}: {} has {} of {size} bytes",
                        name(number),
                        bytes.len()
                    );
                    whole += usize::from(new);
                }
                partly += usize::from(whole > 0 && whole < FILES);
                let ended = run_real(&job);
                assert_eq!(
                    ended.summary.state,
                    JobState::Done,
                    "{words}: {:#?}",
                    ended.failures
                );
                let found = walk::differences(&from, &to);
                assert!(found.is_empty(), "{words}:\n{}", found.join("\n"));
                assert!(walk::temporaries(&to).is_empty(), "{words}: left over");
            }
        }
    }
    say(&format!("{partly} of 20 cuts found a part of the names"));
    assert!(partly > 0, "no cut was in mid-job");
}

#[test]
fn after_a_job_that_was_flushed_a_power_cut_loses_nothing() {
    let source = Scratch::quick();
    let from = source.dir("from");
    for number in 0..200 {
        let dir = source.dir(format!("from/d{}", number % 7));
        fs::write(
            dir.join(format!("f{number}")),
            vec![number as u8; 3000 * number],
        )
        .expect("written");
    }
    for kind in ["ext4", "xfs"] {
        for log in [true, false] {
            for (durability, over) in [
                (Durability::Job, false),
                (Durability::File, false),
                (Durability::None, true),
            ] {
                let words = format!("{kind}, log {log}, {durability:?}");
                let mut scratch = Scratch::new();
                let Some(disk) = scratch.mount_image(kind) else {
                    return;
                };
                let to = disk.join("to");
                let mut job = spec(&from, &to);
                job.naming = Naming::Exact;
                job.durability = durability;
                if over {
                    // What replaces another file is flushed whatever is asked for.
                    job.durability = Durability::Job;
                    run_real(&job).assert_good();
                    for number in 0..200 {
                        let name = to.join(format!("d{}/f{number}", number % 7));
                        fs::write(&name, "old").expect("written");
                    }
                    assert!(
                        Command::new("sync")
                            .status()
                            .is_ok_and(|status| status.success())
                    );
                    job.durability = durability;
                    job.conflict = Conflict::Overwrite;
                }
                let ended = run_real(&job);
                assert_eq!(ended.summary.state, JobState::Done, "{words}");
                if !shut_down(&disk, log) {
                    skip("a file system cannot be shut down here (xfs_io)");
                    return;
                }
                scratch.remount_image(kind);
                if over {
                    for number in 0..200 {
                        let name = format!("d{}/f{number}", number % 7);
                        let bytes = fs::read(to.join(&name)).expect("there");
                        let whole =
                            bytes == b"old" || bytes == fs::read(from.join(&name)).expect("there");
                        assert!(
                            whole,
                            "{words}: {name} is neither old nor new: {} bytes",
                            bytes.len()
                        );
                    }
                } else {
                    let found = walk::differences(&from, &to);
                    assert!(found.is_empty(), "{words}:\n{}", found.join("\n"));
                }
            }
        }
    }
}
