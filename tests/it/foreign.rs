//! Destinations as other systems have them (FAT, by a file system of this process): what cannot be
//! there is listed and leaves nothing behind, and all else is copied and found again.

use crate::support::engine::{copying, exact, run_real};
use crate::support::foreign::{self, Ways};
use crate::support::oddfs;
use crate::support::scratch::Scratch;
use crate::support::tree::{Dice, set_times};
use crate::support::walk::{same_bytes, temporaries};
use haul::proto::{JobState, Strategy};
use std::fs;
use std::os::unix::fs::symlink;

/// Stands for the 4 GiB of FAT32.
const LIMIT: u64 = 1 << 20;

#[test]
fn what_a_foreign_destination_refuses_is_listed_and_all_else_is_copied() {
    let scratch = Scratch::quick();
    let from = scratch.dir("from");
    let mut dice = Dice::new(111);
    let refused = [
        "a:b",
        "what?",
        "ends with a dot.",
        "and a blank ",
        "large",
        "link",
    ];
    for name in refused.iter().take(4).chain(&["CON", "good", "dir"]) {
        match *name {
            "dir" => fs::create_dir(from.join("dir")).expect("made"),
            name => fs::write(from.join(name), dice.bytes(70_000)).expect("written"),
        }
    }
    fs::create_dir(from.join("dir:1")).expect("made");
    fs::write(from.join("dir:1/below"), "lost").expect("written");
    fs::write(from.join("dir/below"), "kept").expect("written");
    fs::write(from.join("large"), dice.bytes(LIMIT as usize + 1)).expect("written");
    fs::write(from.join("largest"), dice.bytes(LIMIT as usize)).expect("written");
    symlink("good", from.join("link")).expect("linked");
    let disk = scratch.dir("disk");
    let ways = Ways {
        fat: true,
        limit: Some(LIMIT),
    };
    let Some(session) = foreign::mount(&disk, ways) else {
        return;
    };
    for strategy in copying() {
        let to = disk.join(strategy.name());
        let mut job = exact(&from, &to, strategy);
        job.tuning.parallel_min_size = Some(1);
        let ended = run_real(&job);
        assert_eq!(ended.summary.state, JobState::DoneWithFailures);
        ended.assert_balance();
        let mut failed: Vec<_> = ended
            .failures
            .iter()
            .map(|failure| {
                let name = failure.path.as_path().file_name().expect("a name");
                let errno = failure.errno.expect("the kernel's number");
                (name.to_str().expect("text").to_owned(), errno)
            })
            .collect();
        failed.sort();
        let mut expected: Vec<_> = refused
            .iter()
            .map(|name| {
                let errno = match *name {
                    "large" => libc::EFBIG,
                    "link" => libc::EPERM,
                    _ => libc::EINVAL,
                };
                ((*name).to_owned(), errno)
            })
            .chain([("dir:1".to_owned(), libc::EINVAL)])
            .collect();
        expected.sort();
        assert_eq!(failed, expected, "{strategy}");
        for name in ["CON", "good", "largest", "dir/below"] {
            assert!(same_bytes(&from.join(name), &to.join(name)), "{strategy}");
        }
        assert_eq!(ended.summary.files.copied, 4, "{strategy}");
        // Seven, and the file below the directory.
        assert_eq!(ended.summary.files.failed, 8, "{strategy}");
        assert!(temporaries(&to).is_empty(), "{strategy}");
    }
    oddfs::unmount(session, &disk);
}

/// A time that was cut to two seconds is told, and is the same time for the next run.
#[test]
fn times_of_two_seconds_are_told_once_and_found_again() {
    let scratch = Scratch::quick();
    let from = scratch.dir("from");
    for number in 0..10 {
        let path = from.join(format!("f{number}"));
        fs::write(&path, "bytes").expect("written");
        set_times(&path, 1_000_000_000 + number, 123_456_789);
    }
    let disk = scratch.dir("disk");
    let ways = Ways {
        fat: true,
        limit: None,
    };
    let Some(session) = foreign::mount(&disk, ways) else {
        return;
    };
    let job = exact(&from, &disk.join("to"), Strategy::Auto);
    let ended = run_real(&job);
    ended.assert_good();
    let told = |notice: &&haul::proto::Notice| notice.text.starts_with("modification time");
    let notices = &ended.summary.notices;
    let notice = notices.iter().find(told).expect("told");
    // The directory has a time of its own as well.
    assert!((10..=11).contains(&notice.count), "{notices:?}");
    let again = run_real(&job);
    again.assert_good();
    assert_eq!(
        (again.summary.files.skipped, again.summary.files.copied),
        (10, 0)
    );
    // Two seconds later is another time.
    set_times(&from.join("f4"), 1_000_000_006, 0);
    let again = run_real(&job);
    assert_eq!(again.summary.files.conflicts, 1, "{:?}", again.failures);
    oddfs::unmount(session, &disk);
}
