//! Two entries that come to one name: the second is refused, and the first stays whole.

use crate::support::engine::{Ended, run_real, spec};
use crate::support::foreign::{self, Ways};
use crate::support::oddfs;
use crate::support::scratch::Scratch;
use crate::support::walk;
use haul::proto::{BytePath, Conflict, Durability, ErrorClass, JobState, Naming};
use std::fs;
use std::path::Path;

/// What the two names hold; the one that is there must be the one that was not refused.
fn assert_first_is_whole(from: &Path, to: &Path, pair: [&str; 2], ended: &Ended, words: &str) {
    let refused = |name: &&str| {
        let of_it = |path: &Path| path == to.join(name) || path == from.join(name);
        ended
            .failures
            .iter()
            .any(|failure| of_it(failure.path.as_path()))
    };
    let left: Vec<&str> = pair.into_iter().filter(|name| !refused(name)).collect();
    assert_eq!(left.len(), 1, "{words}: {:#?}", ended.failures);
    let there = fs::read(to.join(left[0])).expect("there");
    let source = fs::read(from.join(left[0])).expect("there");
    assert!(there == source, "{words}: {} was replaced", left[0]);
}

#[test]
fn names_that_differ_in_case_are_one_where_the_destination_says_so() {
    let scratch = Scratch::quick();
    let disk = scratch.dir("disk");
    let Some(session) = foreign::mount(&disk, Ways::default()) else {
        return;
    };
    names_are_one(&scratch, &disk);
    oddfs::unmount(session, &disk);
}

/// The same by a driver of others.
#[test]
fn names_that_differ_in_case_are_one_on_ntfs() {
    let mut scratch = Scratch::quick();
    if let Some(disk) = scratch.mount_ignoring_case() {
        names_are_one(&scratch, &disk);
    }
}

fn names_are_one(scratch: &Scratch, disk: &Path) {
    let from = scratch.dir("from");
    for (name, bytes) in [
        ("a", "one"),
        ("A", "the other"),
        ("same", "x"),
        ("1001", "y"),
    ] {
        fs::write(from.join(name), bytes).expect("written");
    }
    for (dir, bytes) in [("dir", "one"), ("DIR", "the other")] {
        fs::create_dir(from.join(dir)).expect("made");
        fs::write(from.join(dir).join("file"), bytes).expect("written");
    }
    std::os::unix::fs::symlink("one", from.join("link")).expect("made");
    std::os::unix::fs::symlink("the other", from.join("LINK")).expect("made");
    fs::hard_link(from.join("same"), from.join("SAME")).expect("linked");
    for durability in [Durability::None, Durability::Job] {
        for conflict in [Conflict::Overwrite, Conflict::Newer, Conflict::Refuse] {
            let to = disk.join(format!("{durability:?}-{conflict:?}"));
            let mut job = spec(&from, &to);
            job.naming = Naming::Exact;
            job.durability = durability;
            job.conflict = conflict;
            let words = format!("{durability:?}, {conflict:?}");
            let ended = run_real(&job);
            assert_eq!(ended.summary.state, JobState::DoneWithFailures, "{words}");
            for failure in &ended.failures {
                assert_eq!(failure.class, ErrorClass::Refused, "{words}: {failure:?}");
                assert!(failure.reason.contains("one name"), "{words}: {failure:?}");
            }
            assert_eq!(ended.failures.len(), 4, "{words}: {:#?}", ended.failures);
            assert_first_is_whole(&from, &to, ["a", "A"], &ended, &words);
            let one = fs::read(to.join("dir/file")).expect("there");
            assert!(one == b"one" || one == b"the other", "{words}");
            // Into what is there now, whatever the policy.
            if conflict == Conflict::Overwrite {
                let time = std::time::SystemTime::now();
                for name in ["a", "A"] {
                    let file = fs::File::options().append(true).open(from.join(name));
                    file.expect("open").set_modified(time).expect("set");
                }
                let again = run_real(&job);
                assert_first_is_whole(&from, &to, ["a", "A"], &again, &words);
            }
            assert!(walk::temporaries(&to).is_empty(), "{words}");
        }
    }
}

#[test]
fn what_one_source_brought_another_does_not_replace() {
    for durability in [Durability::None, Durability::Job] {
        let scratch = Scratch::quick();
        for (dir, bytes) in [("one", "first"), ("two", "second, and longer")] {
            scratch.dir(dir);
            scratch.file(format!("{dir}/file"), bytes);
            scratch.file(format!("{dir}/old"), bytes);
            std::os::unix::fs::symlink(bytes, scratch.at(dir).join("link")).expect("made");
        }
        scratch.file("two/of its own", "x");
        let to = scratch.dir("to");
        // What was there before is replaced, once.
        scratch.file("to/old", "old");
        let mut job = spec(&scratch.at("one/."), &to);
        job.sources.push(BytePath::from(scratch.at("two/.")));
        job.conflict = Conflict::Overwrite;
        job.durability = durability;
        job.tuning.file_workers = Some(1);
        let ended = run_real(&job);
        assert_eq!(ended.failures.len(), 3, "{:#?}", ended.failures);
        for failure in &ended.failures {
            assert_eq!(failure.class, ErrorClass::Refused, "{failure:?}");
            assert!(failure.reason.contains("another source"), "{failure:?}");
        }
        for name in ["file", "old"] {
            assert_eq!(fs::read(to.join(name)).expect("there"), b"first", "{name}");
        }
        let link = fs::read_link(to.join("link")).expect("there");
        assert_eq!(link, Path::new("first"));
        assert!(to.join("of its own").exists());
    }
}
