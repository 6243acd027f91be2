//! Sources that do not stay what they were: they grow, shrink, vanish, are replaced or rewritten
//! behind haul's back, between any two of its calls. A copy is the whole of one state, or it is
//! reported and what was at the destination stays.

use crate::support::engine::{copying, exact, meanwhile, mover, run, run_real, spec};
use crate::support::scratch::Scratch;
use crate::support::tree::{Dice, set_mode};
use crate::support::walk::{self, same_bytes, temporaries};
use crate::support::{is_root, skip};
use haul::proto::{Conflict, ErrorClass, JobState, Strategy};
use haul::sys::Call;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::{FileExt, MetadataExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

const SIZE: usize = (3 << 20) + 5;
const OLD: &[u8] = b"the old one";

/// Two files, the second of which something happens to while it is copied.
struct Scene {
    /// Goes away with it.
    _scratch: Scratch,
    from: PathBuf,
    to: PathBuf,
}

impl Scene {
    fn new() -> Self {
        let scratch = Scratch::quick();
        let (from, to) = (scratch.dir("from"), scratch.dir("to"));
        fs::write(from.join("other"), "not touched").expect("written");
        fs::write(from.join("victim"), Dice::new(41).bytes(SIZE)).expect("written");
        fs::write(to.join("victim"), OLD).expect("written");
        Self {
            _scratch: scratch,
            from,
            to,
        }
    }

    /// Copies; before the `nth` call of a kind `act` is done to the source file.
    fn copy(
        &self,
        strategy: Strategy,
        (call, nth): (Call, u64),
        act: impl Fn(&Path) + Send + Sync + 'static,
    ) -> Option<haul::proto::Failure> {
        let mut job = exact(&self.from, &self.to, strategy);
        job.conflict = Conflict::Overwrite;
        job.retries = 0;
        // So that "the n-th call" is about the one file.
        job.sources = vec![haul::proto::BytePath::from(
            self.from.join("victim").as_path(),
        )];
        job.dest = haul::proto::BytePath::from(self.to.join("victim").as_path());
        job.tuning.file_workers = Some(1);
        job.tuning.chunk_workers = Some(2);
        job.tuning.parallel_min_size = Some(1);
        job.tuning.buffer_size = Some(1 << 20);
        let victim = self.from.join("victim");
        let sys = meanwhile(call, nth, move || act(&victim));
        let ended = run(sys.clone(), &job);
        assert_eq!(sys.hit(), Some(call), "{strategy}: nothing happened");
        assert!(temporaries(&self.to).is_empty(), "{strategy}");
        let failure = ended.failures.into_iter().next();
        if let Some(failure) = &failure {
            let there = fs::read(self.to.join("victim")).expect("there");
            assert_eq!(there, OLD, "{strategy}: {failure:?}");
        }
        // The rest, on the real file systems, is done all the same.
        let mut rest = spec(&self.from, &self.to);
        rest.conflict = Conflict::Skip;
        run_real(&rest);
        assert!(self.to.join("from/other").exists());
        failure
    }
}

/// Right after the file was opened, and where it can be told, between two of its pieces.
fn instants(strategy: Strategy) -> Vec<(Call, u64)> {
    let mut instants = vec![(Call::CreateNew, 0)];
    instants.extend(mover(strategy).map(|call| (call, 1)));
    instants
}

#[test]
fn a_source_that_grows_is_not_taken_for_whole() {
    for strategy in copying() {
        for instant in instants(strategy) {
            let scene = Scene::new();
            let failure = scene.copy(strategy, instant, |path| {
                let file = File::options().append(true).open(path).expect("open");
                file.write_all_at(b"more", SIZE as u64).expect("written");
            });
            let failure = failure.unwrap_or_else(|| panic!("{strategy} {instant:?}: not noticed"));
            assert_eq!(failure.class, ErrorClass::Changed);
            assert!(failure.reason.contains("grew"), "{failure:?}");
        }
    }
}

#[test]
fn a_source_that_shrinks_is_not_padded() {
    for strategy in copying() {
        for instant in instants(strategy) {
            for left in [0, 1 << 20, SIZE as u64 - 1] {
                let scene = Scene::new();
                let failure = scene.copy(strategy, instant, move |path| {
                    let file = File::options().write(true).open(path).expect("open");
                    file.set_len(left).expect("cut");
                });
                let said = format!("{strategy} {instant:?} cut to {left}");
                let failure = failure.unwrap_or_else(|| panic!("{said}: not noticed"));
                assert_eq!(failure.class, ErrorClass::Changed, "{said}: {failure:?}");
                assert!(failure.reason.contains("shrank"), "{said}: {failure:?}");
            }
        }
    }
}

/// Cut and filled up again to the same length: the times tell.
#[test]
fn a_source_that_is_rewritten_is_not_mixed() {
    for strategy in copying() {
        for forged in [false, true] {
            for instant in instants(strategy) {
                let scene = Scene::new();
                let failure = scene.copy(strategy, instant, move |path| {
                    let before = fs::metadata(path).expect("there");
                    let file = File::options().write(true).open(path).expect("open");
                    file.set_len(0).expect("cut");
                    file.write_all_at(&Dice::new(42).bytes(SIZE), 0)
                        .expect("written");
                    if forged {
                        // As some programs do; the change time cannot be forged.
                        let time = before.modified().expect("a time");
                        file.set_modified(time).expect("set");
                    }
                });
                let said = format!("{strategy} {instant:?} {forged}");
                let failure = failure.unwrap_or_else(|| panic!("{said}: not noticed"));
                assert_eq!(failure.class, ErrorClass::Changed, "{said}: {failure:?}");
            }
        }
    }
}

/// A new mode explains the change time, and hides nothing: the bytes are compared.
#[test]
fn a_source_that_is_touched_is_copied_and_not_mixed() {
    for strategy in copying() {
        for rewritten in [false, true] {
            for instant in instants(strategy) {
                let scene = Scene::new();
                let failure = scene.copy(strategy, instant, move |path| {
                    let before = fs::metadata(path).expect("there");
                    if rewritten {
                        let file = File::options().write(true).open(path).expect("open");
                        let bytes = Dice::new(44).bytes(SIZE);
                        file.write_all_at(&bytes, 0).expect("written");
                        let time = before.modified().expect("a time");
                        file.set_modified(time).expect("set");
                    }
                    set_mode(path, before.mode() ^ 0o020);
                });
                let said = format!("{strategy} {instant:?} {rewritten}");
                let (from, to) = (scene.from.join("victim"), scene.to.join("victim"));
                match failure {
                    None => assert!(same_bytes(&from, &to), "{said}: a mixture"),
                    Some(failure) => {
                        assert!(rewritten, "{said}: {failure:?}");
                        assert_eq!(failure.class, ErrorClass::Changed, "{said}: {failure:?}");
                        continue;
                    }
                }
                // Rewritten before its first byte was read it is whole.
                let first = instant.0 == Call::CreateNew;
                assert!(first || !rewritten, "{said}: not noticed");
            }
        }
    }
}

#[test]
fn a_source_that_vanishes_is_listed() {
    for strategy in copying() {
        let scene = Scene::new();
        let failure = scene.copy(strategy, (Call::OpenSource, 0), |path| {
            fs::remove_file(path).expect("removed");
        });
        assert_eq!(failure.expect("listed").class, ErrorClass::Vanished);
        // Once it is open it may lose its name: what was opened is copied whole.
        let scene = Scene::new();
        let bytes = fs::read(scene.from.join("victim")).expect("read");
        let failure = scene.copy(strategy, (Call::CreateNew, 0), |path| {
            fs::remove_file(path).expect("removed");
        });
        assert!(failure.is_none(), "{failure:?}");
        assert!(fs::read(scene.to.join("victim")).expect("there") == bytes);
    }
}

/// Saved by another program in the way of most: written beside and renamed.
#[test]
fn a_source_that_is_replaced_is_copied_from_one_of_the_two() {
    let save = |path: &Path| {
        let beside = path.with_extension("new");
        fs::write(&beside, Dice::new(43).bytes(SIZE - 1000)).expect("written");
        fs::rename(beside, path).expect("renamed");
    };
    for strategy in copying() {
        let scene = Scene::new();
        let failure = scene.copy(strategy, (Call::OpenSource, 0), save);
        assert!(failure.is_none(), "{failure:?}");
        let (from, to) = (scene.from.join("victim"), scene.to.join("victim"));
        assert!(same_bytes(&from, &to), "{strategy}: the new one");
        for instant in instants(strategy) {
            let scene = Scene::new();
            let bytes = fs::read(scene.from.join("victim")).expect("read");
            let failure = scene.copy(strategy, instant, save);
            assert!(failure.is_none(), "{failure:?}");
            let there = fs::read(scene.to.join("victim")).expect("there");
            assert!(there == bytes, "{strategy} {instant:?}: the old one");
        }
    }
}

#[test]
fn a_source_that_becomes_something_else_is_not_opened() {
    type Act = fn(&Path);
    let become_: [(&str, Act); 4] = [
        ("a link", |path| {
            let secret = path.with_extension("secret");
            fs::write(&secret, "SECRET").expect("written");
            symlink(secret, path).expect("linked");
        }),
        ("a dangling link", |path| {
            symlink("/nowhere", path).expect("linked");
        }),
        ("a pipe", crate::support::tree::pipe),
        ("a directory", |path| fs::create_dir(path).expect("made")),
    ];
    for strategy in copying() {
        for (what, act) in become_ {
            let scene = Scene::new();
            let failure = scene.copy(strategy, (Call::OpenSource, 0), move |path| {
                fs::remove_file(path).expect("removed");
                act(path);
            });
            let failure = failure.unwrap_or_else(|| panic!("{strategy} {what}: copied"));
            assert_eq!(failure.class, ErrorClass::Changed, "{what}: {failure:?}");
        }
    }
}

/// Whatever call it moves before: deeper, below one of its own siblings.
#[test]
fn a_directory_that_moves_away_is_listed_and_makes_no_circle() {
    let (mut listed, mut stayed) = (0, 0);
    for call in [Call::OpenDir, Call::List, Call::OpenSource] {
        for nth in 0.. {
            let scratch = Scratch::quick();
            let from = scratch.dir("from");
            for name in ["a/b/c", "d/e", "f"] {
                fs::create_dir_all(from.join(name)).expect("made");
                fs::write(from.join(name).join("file"), name).expect("written");
            }
            let top = from.clone();
            let sys = meanwhile(call, nth, move || {
                fs::rename(top.join("a"), top.join("d/e/a")).expect("moved");
            });
            let to = scratch.at("to");
            let mut job = exact(&from, &to, Strategy::Auto);
            job.retries = 0;
            job.tuning.file_workers = Some(1);
            let ended = run(sys.clone(), &job);
            if sys.hit().is_none() {
                assert!(nth > 2, "{call:?}");
                break;
            }
            ended.assert_balance();
            for failure in &ended.failures {
                assert_eq!(failure.class, ErrorClass::Vanished, "{failure:?}");
            }
            listed += ended.failures.len();
            // Where it was, where it is, or listed.
            let there = ["a", "d/e/a"].map(|name| to.join(name).join("b/c/file").exists());
            stayed += usize::from(there[0]);
            let told = !ended.failures.is_empty();
            let said = format!("{call:?} {nth}: {:?}", ended.failures);
            assert!(there.contains(&true) || told, "{said}: silently left out");
            for name in ["d/e", "f"] {
                let bytes = fs::read(to.join(name).join("file")).expect("the rest is done");
                assert_eq!(bytes, name.as_bytes(), "{said}");
            }
            for path in walk::entries(&to).keys() {
                let depth = path.split(|byte| *byte == b'/').count();
                assert!(depth < 8, "{path:?}");
            }
        }
    }
    assert!(listed > 0 && stayed > 0, "never at a bad moment");
}

/// Names come and go while a directory is read: it ends, and no name is met twice.
#[test]
fn names_that_come_and_go_are_met_once() {
    let scratch = Scratch::quick();
    let from = scratch.dir("from");
    for number in 0..3000 {
        fs::write(from.join(format!("stays-{number}")), "x").expect("written");
    }
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut number = 0;
            while !stop.load(Ordering::Relaxed) {
                let name = from.join(format!("goes-{number}"));
                fs::write(&name, "y").expect("written");
                if number >= 20 {
                    let old = from.join(format!("goes-{}", number - 20));
                    fs::remove_file(old).expect("removed");
                }
                number += 1;
            }
        });
        for round in 0..4 {
            let to = scratch.at(format!("to-{round}"));
            let mut job = exact(&from, &to, Strategy::Auto);
            job.retries = 0;
            let ended = run_real(&job);
            ended.assert_balance();
            // A name met twice would be found at the destination the second time.
            let files = &ended.summary.files;
            assert_eq!((files.skipped, files.conflicts), (0, 0), "{files:?}");
            let mut met = BTreeSet::new();
            for failure in &ended.failures {
                assert_eq!(failure.class, ErrorClass::Vanished, "{failure:?}");
                assert!(met.insert(failure.path.clone()), "{failure:?} twice");
            }
            for number in 0..3000 {
                let name = format!("stays-{number}");
                assert!(to.join(&name).exists(), "round {round}: no {name}");
            }
        }
        stop.store(true, Ordering::Relaxed);
    });
}

/// The source's device is gone in the middle of a file.
#[test]
fn a_source_whose_device_dies_is_listed_and_harms_nothing() {
    if !is_root() {
        return crate::support::skip("mounting needs root");
    }
    for strategy in [Strategy::Buffered, Strategy::Auto, Strategy::Baseline] {
        let mut scratch = Scratch::new();
        let Some(disk) = scratch.mount_image("xfs") else {
            return;
        };
        let from = disk.join("from");
        fs::create_dir(&from).expect("made");
        for number in 0..5 {
            fs::write(
                from.join(format!("f{number}")),
                Dice::new(44).bytes(2 << 20),
            )
            .expect("written");
        }
        let to = scratch.dir("to");
        fs::write(to.join("f3"), OLD).expect("written");
        let mut job = exact(&from, &to, strategy);
        job.conflict = Conflict::Overwrite;
        job.tuning.file_workers = Some(1);
        job.retries = 1;
        let shut = disk.clone();
        let sys = meanwhile(Call::CreateNew, 2, move || {
            let output = Command::new("xfs_io")
                .args(["-x", "-c", "shutdown"])
                .arg(&shut)
                .output();
            assert!(output.is_ok_and(|output| output.status.success()));
        });
        let ended = run(sys, &job);
        assert_eq!(ended.summary.state, JobState::DoneWithFailures);
        assert!(ended.failures.len() >= 2, "{:?}", ended.failures);
        let there = fs::read(to.join("f3")).expect("there");
        assert!(
            there == OLD || there.len() == 2 << 20,
            "neither old nor new"
        );
        assert!(temporaries(&to).is_empty());
        let copied = walk::files(&to);
        assert!(copied < 5, "{strategy}: {copied} files of a dead device");
        for entry in walk::entries(&to).values().filter(|entry| entry.is_file()) {
            assert!([OLD.len() as u64, 2 << 20].contains(&entry.len()));
            assert!(entry.nlink() == 1);
        }
    }
}

/// A clone is of the source as it is then: what grew is told as grown, and its copy gets no name.
#[test]
fn a_source_that_grows_before_it_is_cloned_is_told_as_grown() {
    if !is_root() {
        return skip("mounting needs root");
    }
    let mut scratch = Scratch::new();
    let Some(disk) = scratch.mount_image("btrfs") else {
        return;
    };
    let (from, to) = (disk.join("from"), disk.join("to"));
    for strategy in [Strategy::Reflink, Strategy::Auto] {
        fs::write(&from, vec![1; 1 << 20]).expect("written");
        let path = from.clone();
        let sys = meanwhile(Call::CloneFile, 0, move || {
            let mut file = File::options().append(true).open(&path).expect("opened");
            file.write_all(&[2; 5000]).expect("appended");
        });
        let mut job = exact(&from, &to, strategy);
        job.retries = 0;
        let ended = run(sys, &job);
        let reason = &ended.failures[0].reason;
        assert!(reason.contains("grew"), "{strategy}: {reason}");
        assert!(!to.exists() && temporaries(&disk).is_empty(), "{strategy}");
    }
}
