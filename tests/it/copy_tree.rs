//! Every strategy copies the same tree to the same result, and a second run has nothing to do; the
//! names that a destination gets.

use crate::support::engine::{Ended, run_real, spec};
use crate::support::scratch::Scratch;
use crate::support::tree::{self, Dice};
use crate::support::walk::{self, assert_same, temporaries};
use crate::support::{is_root, skip};
use haul::proto::{
    BytePath, Conflict, Durability, ErrorClass, JobSpec, JobState, Naming, Strategy,
};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, chown, lchown, symlink};
use std::path::{Path, PathBuf};

/// The full tree below a new directory; as root, some of it belongs to others.
fn source(scratch: &Scratch) -> PathBuf {
    let root = scratch.at("source");
    tree::build(&root, 7);
    if is_root() {
        chown(root.join("size-4096"), Some(1234), Some(4321)).expect("root may give files away");
        lchown(root.join("links/dangling"), Some(1234), Some(1)).expect("and links");
        chown(root.join("dirs/0700"), Some(99), Some(98)).expect("and directories");
        // chown has cleared the bits.
        tree::set_mode(&root.join("modes/file-4755"), 0o4755);
        chown(root.join("modes/file-4755"), Some(77), Some(77)).expect("root may");
        tree::set_mode(&root.join("modes/file-4755"), 0o4755);
    }
    root
}

fn directories(root: &Path) -> u64 {
    let entries = walk::entries(root);
    entries.values().filter(|entry| entry.is_dir()).count() as u64
}

fn assert_whole(ended: &Ended, source: &Path, copy: &Path) {
    ended.assert_good();
    assert_same(source, copy);
    assert_eq!(ended.summary.files.copied, walk::files(source));
    assert_eq!(ended.summary.files.skipped, 0);
    assert_eq!(ended.summary.dirs, directories(source));
    assert!(temporaries(copy).is_empty());
}

/// What tells a rewritten file from one that was left alone.
fn identities(root: &Path) -> BTreeMap<Vec<u8>, (u64, i64)> {
    let entries = walk::entries(root).into_iter();
    entries
        .filter(|(_, metadata)| !metadata.is_dir())
        .map(|(path, metadata)| (path, (metadata.ino(), metadata.mtime_nsec())))
        .collect()
}

fn copies_and_then_skips(from: &Path, to: &Scratch, strategy: Strategy) {
    for workers in [1, 4] {
        let copy = to.at(format!("{strategy}-{workers}"));
        let mut job = spec(from, &copy);
        job.strategy = strategy;
        job.naming = Naming::Exact;
        job.tuning.file_workers = Some(workers);
        assert_whole(&run_real(&job), from, &copy);
        let before = identities(&copy);
        let again = run_real(&job);
        again.assert_good();
        assert_eq!(again.summary.files.copied, 0, "{strategy}");
        assert_eq!(again.summary.files.skipped, walk::files(from), "{strategy}");
        assert_eq!(again.summary.bytes_copied, 0, "{strategy}");
        assert_eq!(identities(&copy), before, "{strategy} rewrote something");
        assert_same(from, &copy);
        crate::support::scratch::make_removable(&copy);
        fs::remove_dir_all(&copy).expect("a copy can be removed");
    }
}

const COPYING: [Strategy; 8] = [
    Strategy::Baseline,
    Strategy::Buffered,
    Strategy::Sendfile,
    Strategy::CopyFileRange,
    Strategy::IoUring,
    Strategy::Direct,
    Strategy::Parallel,
    Strategy::Auto,
];

#[test]
fn every_strategy_copies_everything_and_then_nothing() {
    let scratch = Scratch::new();
    let from = source(&scratch);
    for strategy in COPYING {
        copies_and_then_skips(&from, &scratch, strategy);
    }
}

#[test]
fn every_strategy_copies_between_two_devices() {
    let (disk, memory) = (Scratch::new(), Scratch::quick());
    let device = |scratch: &Scratch| fs::metadata(scratch.path()).expect("there").dev();
    if device(&disk) == device(&memory) {
        return skip("temporary directories and /dev/shm are one file system");
    }
    for (from, to) in [(&disk, &memory), (&memory, &disk)] {
        let from = source(from);
        for strategy in COPYING {
            copies_and_then_skips(&from, to, strategy);
        }
    }
}

#[test]
fn a_reflink_is_one_or_fails() {
    let scratch = Scratch::new();
    let from = source(&scratch);
    let copy = scratch.at("copy");
    let mut job = spec(&from, &copy);
    job.strategy = Strategy::Reflink;
    let ended = run_real(&job);
    if ended.failures.is_empty() {
        assert_whole(&ended, &from, &copy);
        assert_eq!(ended.summary.bytes_cloned, ended.summary.bytes_copied);
        return;
    }
    skip("the file system shares no blocks: only the refusal is tested");
    ended.assert_balance();
    let entries = walk::entries(&from);
    let with_bytes = |entry: &&fs::Metadata| entry.is_file() && entry.len() > 0;
    let expected = entries.values().filter(with_bytes).count();
    assert_eq!(ended.failures.len(), expected);
    for failure in &ended.failures {
        assert_eq!(failure.class, ErrorClass::Unsupported, "{failure:?}");
        assert!(failure.reason.contains("reflink"), "{failure:?}");
    }
    for (path, metadata) in walk::entries(&copy) {
        assert!(!metadata.is_file() || metadata.len() == 0, "{path:?}");
    }
    assert!(temporaries(&copy).is_empty());
    // Everything that is no bytes is there.
    assert_eq!(ended.summary.files.copied, walk::files(&copy));
    assert_eq!(directories(&from), directories(&copy));
}

#[test]
fn several_lanes_copy_one_file_whole() {
    let scratch = Scratch::new();
    let from = source(&scratch);
    for (name, lanes) in [
        ("size-9437184", 4),
        ("holes/large", 4),
        ("holes/all-three", 2),
    ] {
        let copy = scratch.at(format!("copy-{lanes}-{}", name.replace('/', "-")));
        let mut job = spec(&from.join(name), &copy);
        job.strategy = Strategy::Parallel;
        job.tuning.chunk_workers = Some(lanes);
        job.tuning.parallel_min_size = Some(1 << 20);
        job.tuning.chunk_size = Some(1);
        job.tuning.buffer_size = Some(64 << 10);
        job.durability = Durability::File;
        let ended = run_real(&job);
        assert_whole(&ended, &from.join(name), &copy);
        let used = &ended.summary.strategies;
        assert_eq!(used.len(), 1);
        assert_eq!(used[0].strategy, Strategy::Parallel);
        assert_eq!(ended.view.bytes_flushed, ended.view.bytes_copied);
    }
}

#[test]
fn many_small_files_and_many_directories_use_few_descriptors() {
    let scratch = Scratch::quick();
    let from = scratch.dir("source");
    let mut dice = Dice::new(3);
    // More directories than are held open at a time, so that some are opened again.
    for number in 0..300 {
        let dir = from.join(format!("{}/{}", number % 7, number));
        fs::create_dir_all(&dir).expect("made");
        for file in 0..3 {
            fs::write(dir.join(format!("f{file}")), dice.bytes(file * 50)).expect("written");
        }
        tree::set_times(&dir, 1000 + number, 5);
    }
    let copy = scratch.at("copy");
    let mut job = spec(&from, &copy);
    job.tuning.file_workers = Some(4);
    assert_whole(&run_real(&job), &from, &copy);
}

/// One case of the naming rule: how it is asked for, and what must be there afterwards.
struct Case {
    sources: &'static [&'static str],
    dest: &'static str,
    naming: Naming,
    there: &'static [&'static str],
}

fn case(
    sources: &'static [&'static str],
    dest: &'static str,
    naming: Naming,
    there: &'static [&'static str],
) -> Case {
    Case {
        sources,
        dest,
        naming,
        there,
    }
}

/// A world of `a/f`, `a/sub/g`, `b/f`, `x`, `old/` and some links.
fn world() -> Scratch {
    let scratch = Scratch::quick();
    scratch.dir("a/sub");
    scratch.dir("b");
    scratch.dir("old");
    scratch.file("a/f", "af");
    scratch.file("a/sub/g", "g");
    scratch.file("b/f", "another f");
    scratch.file("x", "x");
    symlink("a", scratch.at("to-a")).expect("a link");
    symlink("old", scratch.at("to-old")).expect("a link");
    scratch
}

fn job_in(scratch: &Scratch, case: &Case) -> JobSpec {
    // Joined as text: paths would lose their trailing slashes and dots.
    let path = |name: &&str| BytePath::from(scratch.text(name).as_str());
    let mut job = spec(Path::new(""), Path::new(""));
    job.sources = case.sources.iter().map(path).collect();
    job.dest = path(&case.dest);
    job.naming = case.naming;
    job
}

#[test]
fn names_are_given_as_cp_gives_them() {
    use Naming::{Cp, Exact, Into};
    for case in [
        case(&["a"], "old", Cp, &["old/a/f", "old/a/sub/g"]),
        case(&["a"], "new", Cp, &["new/f", "new/sub/g"]),
        case(&["a/"], "old", Cp, &["old/a/f"]),
        case(&["a/"], "new", Cp, &["new/f"]),
        case(&["a/."], "old", Cp, &["old/f", "old/sub/g"]),
        case(&["a/."], "new", Cp, &["new/f", "new/sub/g"]),
        case(&["a"], "new/", Cp, &["new/f"]),
        case(&["a"], "old", Exact, &["old/f", "old/sub/g"]),
        case(&["a"], "new", Exact, &["new/f"]),
        case(&["a"], "old", Into, &["old/a/f"]),
        case(&["a"], "to-old", Cp, &["old/a/f"]),
        case(&["a"], "old/.", Cp, &["old/a/f"]),
        case(&["a"], "old/..//old///", Cp, &["old/a/f"]),
        case(&["x"], "old", Cp, &["old/x"]),
        case(&["x"], "new", Cp, &["new"]),
        case(&["x"], "new", Exact, &["new"]),
        case(
            &["x", "a", "b/f"],
            "old",
            Cp,
            &["old/x", "old/a/f", "old/f"],
        ),
        case(&["a/sub/.."], "old", Cp, &["old/f", "old/sub/g"]),
        case(&["to-a"], "old", Cp, &["old/to-a"]),
        case(&["to-a/"], "old", Cp, &["old/to-a/f"]),
        case(&["to-a/."], "old", Cp, &["old/f"]),
    ] {
        let scratch = world();
        let ended = run_real(&job_in(&scratch, &case));
        ended.assert_good();
        let said = format!("{:?} to {}", case.sources, case.dest);
        for name in case.there {
            let there = fs::symlink_metadata(scratch.at(name)).is_ok();
            assert!(there, "{said}: no {name}");
        }
        let copied = ended.summary.files.copied;
        let files = walk::files(&scratch.at("old")) + walk::files(&scratch.at("new"));
        assert_eq!(copied, files, "{said}: something else was made");
    }
    // The link itself, not what it leads to.
    let scratch = world();
    run_real(&job_in(&scratch, &case(&["to-a"], "old", Cp, &[]))).assert_good();
    assert!(scratch.at("old/to-a").is_symlink());
    let scratch = world();
    run_real(&job_in(&scratch, &case(&["to-a/"], "old", Cp, &[]))).assert_good();
    assert!(!scratch.at("old/to-a").is_symlink());
}

#[test]
fn impossible_names_are_refused_and_change_nothing() {
    use Naming::{Cp, Exact, Into};
    for (case, words) in [
        (case(&["a/f", "b/f"], "old", Cp, &["old/f"]), "same name"),
        (case(&["x", "x"], "old", Cp, &["old/x"]), "same name"),
        (case(&["x", "a"], "new", Cp, &[]), "more than one source"),
        (case(&["x", "a"], "b/f", Cp, &[]), "not a directory"),
        (case(&["x"], "new", Into, &[]), "no such file"),
        (case(&["x"], "b/f", Into, &[]), "not a directory"),
        (case(&["x"], "new/", Cp, &[]), "not a directory"),
        (case(&["x"], "new/", Exact, &[]), "not a directory"),
        (case(&["x"], "no/new", Cp, &[]), "no such file"),
        (case(&["x/"], "old", Cp, &[]), "not a directory"),
        (case(&["x/."], "old", Cp, &[]), "not a directory"),
        (case(&["x"], "old", Exact, &[]), "directory"),
        (case(&["a"], "x", Cp, &[]), "no directory"),
        (case(&["gone"], "old", Cp, &[]), "no such file"),
        (case(&["a"], "a", Cp, &[]), "into itself"),
        (case(&["a/."], "a", Cp, &[]), "into itself"),
        (case(&["a"], "a/sub", Cp, &[]), "into itself"),
        (case(&["a"], "a/new", Cp, &[]), "into itself"),
        (case(&["a"], "to-a/sub", Cp, &[]), "into itself"),
        (case(&["x"], "x", Cp, &[]), "are the same"),
        (case(&["x"], ".", Cp, &[]), "are the same"),
    ] {
        let scratch = world();
        let before = walk::entries(scratch.path());
        let ended = run_real(&job_in(&scratch, &case));
        let said = format!("{:?} to {}", case.sources, case.dest);
        assert_eq!(ended.failures.len(), 1, "{said}: {:?}", ended.failures);
        let reason = &ended.failures[0].reason;
        assert!(reason.contains(words), "{said}: {reason}");
        ended.assert_balance();
        let nothing = case.there.is_empty();
        let state = if nothing {
            JobState::Failed
        } else {
            JobState::DoneWithFailures
        };
        assert_eq!(ended.summary.state, state, "{said}");
        let after = walk::entries(scratch.path());
        let new: Vec<_> = after
            .keys()
            .filter(|path| !before.contains_key(*path))
            .collect();
        assert_eq!(new.len(), case.there.len(), "{said}: {new:?}");
        for (path, metadata) in before.iter().filter(|(_, metadata)| metadata.is_file()) {
            let now = &after[path];
            let same = (metadata.ino(), metadata.len(), metadata.mtime_nsec());
            assert_eq!(
                (now.ino(), now.len(), now.mtime_nsec()),
                same,
                "{said}: {path:?}"
            );
        }
    }
}

#[test]
fn a_name_of_any_length_is_given_a_free_one_beside_it() {
    let scratch = Scratch::quick();
    let (from, copy) = (scratch.dir("from"), scratch.dir("to"));
    let long = "n".repeat(255);
    fs::write(from.join(&long), "new").expect("written");
    fs::write(copy.join(&long), "older").expect("written");
    let mut job = spec(&from.join(&long), &copy);
    job.conflict = Conflict::Rename;
    run_real(&job).assert_good();
    let beside = format!("{}_1", "n".repeat(253));
    assert_eq!(fs::read(copy.join(beside)).expect("there"), b"new");
    assert_eq!(fs::read(copy.join(long)).expect("there"), b"older");
    // Once more: it is there, if not by its own name.
    let again = run_real(&job);
    again.assert_good();
    assert_eq!(
        (again.summary.files.copied, again.summary.files.skipped),
        (0, 1)
    );
    assert_eq!(fs::read_dir(&copy).expect("there").count(), 2);
}
