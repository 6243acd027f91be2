//! Moves: a source goes only after its copy was flushed, read back and found equal; whatever fails
//! in between, every byte is somewhere under its old or its new name.

use crate::support::engine::{Driver, run, run_real, spec};
use crate::support::scratch::Scratch;
use crate::support::walk::temporaries;
use haul::proto::{
    BytePath, Conflict, Durability, ErrorClass, JobSpec, JobState, Naming, Op, Operation, Request,
    Start,
};
use haul::sys::{Call, Errno, Fault, FaultKind, Faulty, Real};
use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Two single files and a tree, moved to names of their own.
struct World {
    scratch: Scratch,
    files: Vec<&'static str>,
}

const DIRS: [(&str, &str); 4] = [
    ("s/one", "d/new/uno"),
    ("s/two", "d/new/two"),
    ("s/tree", "d/tree of old"),
    ("s/other", "d/other"),
];

impl World {
    fn new() -> Self {
        let scratch = Scratch::quick();
        let files = vec![
            "one",
            "two",
            "tree/a",
            "tree/sub/b",
            "tree/sub/c",
            "other/x",
            "other/y",
        ];
        for dir in ["s/tree/sub/empty", "s/other"] {
            scratch.dir(dir);
        }
        for (number, name) in files.iter().enumerate() {
            scratch.file(format!("s/{name}"), content(name, 100 + 3000 * number));
        }
        symlink("a", scratch.at("s/tree/link")).expect("linked");
        Self { scratch, files }
    }

    fn spec(&self) -> JobSpec {
        let path = |name: &str| BytePath::from(self.scratch.at(name));
        JobSpec {
            sources: DIRS.iter().map(|(src, _)| path(src)).collect(),
            targets: DIRS.iter().map(|(_, dst)| path(dst)).collect(),
            naming: Naming::Mapped,
            operation: Operation::Move,
            durability: Durability::Job,
            ..spec(&self.scratch.at("s"), &self.scratch.at("d"))
        }
    }

    fn old(&self, name: &str) -> PathBuf {
        self.scratch.at("s").join(name)
    }

    fn new_of(&self, name: &str) -> PathBuf {
        let name = Path::new("s").join(name);
        let find = DIRS.iter().find_map(|(src, dst)| {
            let below = name.strip_prefix(src).ok()?;
            Some(
                self.scratch
                    .at(dst)
                    .components()
                    .chain(below.components())
                    .collect(),
            )
        });
        find.expect("one of them")
    }

    /// Every file is whole under its old name or under its new one; how many are still at the old.
    fn check(&self, what: &str) -> usize {
        let mut old = 0;
        for (number, name) in self.files.iter().enumerate() {
            let bytes = content(name, 100 + 3000 * number);
            let (from, to) = (fs::read(self.old(name)), fs::read(self.new_of(name)));
            let from = from.is_ok_and(|from| from == bytes);
            let to = to.is_ok_and(|to| to == bytes);
            assert!(from || to, "{what}: {name} is lost");
            old += usize::from(from);
        }
        old
    }
}

fn content(name: &str, len: usize) -> Vec<u8> {
    name.bytes().cycle().take(len).collect()
}

fn failing(call: Option<Call>, nth: u64, sticky: bool, kind: FaultKind) -> Arc<Faulty> {
    let fault = Fault {
        call,
        nth,
        sticky,
        kind,
    };
    Arc::new(Faulty::new(Arc::new(Real), Some(fault)))
}

#[test]
fn everything_is_at_its_new_name_and_nothing_at_the_old() {
    let world = World::new();
    let ended = run_real(&world.spec());
    ended.assert_good();
    assert_eq!((ended.view.removed, ended.view.copied), (8, 8));
    assert_eq!(world.check("moved"), 0);
    let left: Vec<_> = fs::read_dir(world.scratch.at("s"))
        .expect("listed")
        .collect();
    assert!(left.is_empty(), "{left:?}");
    assert!(world.scratch.at("d/tree of old/sub/empty").is_dir());
    let link = fs::read_link(world.scratch.at("d/tree of old/link")).expect("a link");
    assert_eq!(link, Path::new("a"));
}

#[test]
fn whatever_call_fails_nothing_is_lost() {
    let counting = Arc::new(Faulty::new(Arc::new(Real), None));
    let world = World::new();
    run(counting.clone(), &world.spec()).assert_good();
    let calls = counting.calls().len() as u64;
    assert!(calls > 150, "{calls}");
    let mut kept = 0;
    for nth in 0..calls {
        for sticky in [false, true] {
            for errno in [Errno::IO, Errno::NOSPC] {
                let world = World::new();
                let sys = failing(None, nth, sticky, FaultKind::Fail(errno));
                let what = format!("{errno} at {nth} sticky={sticky}");
                let ended = run(sys.clone(), &world.spec());
                let old = world.check(&format!("{what} ({:?})", sys.hit()));
                kept += old;
                // What is kept is said, and what is said to be removed is.
                if old > 0 {
                    assert_ne!(
                        ended.summary.state,
                        JobState::Done,
                        "{what} {:?}",
                        sys.hit()
                    );
                }
                if sys.hit() != Some(Call::Unlink) && !sticky {
                    let left = temporaries(&world.scratch.at("d"));
                    assert!(left.is_empty(), "{what}: {left:?}");
                }
            }
        }
    }
    assert!(kept > 0);
}

#[test]
fn nothing_is_removed_when_the_flush_failed() {
    let world = World::new();
    let sys = failing(Some(Call::SyncFs), 0, true, FaultKind::Fail(Errno::IO));
    let ended = run(sys.clone(), &world.spec());
    assert_eq!((ended.view.removed, world.check("unflushed")), (0, 7));
    assert_eq!(ended.summary.state, JobState::DoneWithFailures);
    let told = |words: &str| {
        ended
            .view
            .notices
            .iter()
            .any(|notice| notice.text.contains(words))
    };
    assert!(told("sources kept"), "{:?}", ended.view.notices);
    let removed = |call: &Call| matches!(call, Call::RemoveDir);
    assert!(!sys.calls().iter().any(removed));
}

#[test]
fn the_flush_comes_before_the_first_removal_and_the_reading_between() {
    let world = World::new();
    let sys = Arc::new(Faulty::new(Arc::new(Real), None));
    run(sys.clone(), &world.spec()).assert_good();
    let calls = sys.calls();
    let flushed = calls.iter().rposition(|call| *call == Call::SyncFs);
    let flushed = flushed.expect("flushed");
    let unlinks: Vec<usize> = (0..calls.len())
        .filter(|at| calls[*at] == Call::Unlink)
        .collect();
    assert_eq!(unlinks.len(), 8, "each source once and nothing else");
    assert!(unlinks.iter().all(|at| *at > flushed));
    let read = calls[flushed..unlinks[0]].iter();
    let read = read.filter(|call| **call == Call::ReadAt).count();
    assert!(read >= 14, "both sides of seven files: {read}");
}

/// Does something while the copies are flushed, and gives back how the move ended.
fn meddled(world: &World, spec: &JobSpec, meddle: impl FnOnce()) -> crate::support::engine::Ended {
    let delay = FaultKind::Delay(Duration::from_millis(700));
    let mut driver = Driver::on(failing(Some(Call::SyncFs), 0, true, delay));
    let job = driver.add(spec, Start::Now);
    // The last flush comes after the names.
    driver.until_view(job, "named", |view| {
        view.state == JobState::Flushing && view.files_done == view.found.files
    });
    meddle();
    let summary = driver.until_ended(job);
    let failures = driver.failures(job);
    let view = driver.shut_down().remove(0);
    assert!(world.scratch.path().exists());
    crate::support::engine::Ended {
        summary,
        view,
        failures,
    }
}

#[test]
fn a_source_that_changed_is_kept_and_its_whole_tree() {
    let world = World::new();
    let ended = meddled(&world, &world.spec(), || {
        fs::write(world.old("tree/sub/b"), "new words").expect("written");
    });
    let read = |path| fs::read_to_string(path).expect("there");
    assert_eq!(read(world.old("tree/sub/b")), "new words");
    assert!(world.old("tree/a").exists() && world.old("tree/sub/c").exists());
    assert!(!world.old("one").exists() && !world.old("other").exists());
    assert_eq!(ended.failures.len(), 1, "{:?}", ended.failures);
    let failure = &ended.failures[0];
    assert_eq!(
        (failure.op, failure.class),
        (Op::Verify, ErrorClass::Changed)
    );
    assert_eq!((ended.view.failed, ended.view.removed), (1, 4));
    let notice = ended
        .view
        .notices
        .iter()
        .find(|notice| notice.text.contains("their mapping"));
    assert_eq!(notice.expect("said").count, 3, "{:?}", ended.view.notices);
}

#[test]
fn a_source_that_was_replaced_by_its_like_is_kept() {
    let world = World::new();
    let (old, stand_in) = (world.old("one"), world.old("stand-in"));
    fs::copy(&old, &stand_in).expect("copied");
    let times = fs::metadata(&old)
        .expect("there")
        .modified()
        .expect("a time");
    let file = fs::File::options()
        .write(true)
        .open(&stand_in)
        .expect("opens");
    file.set_modified(times).expect("set");
    let ended = meddled(&world, &world.spec(), || {
        fs::rename(&stand_in, &old).expect("renamed");
    });
    assert!(old.exists(), "another inode under the name");
    assert_eq!(ended.failures.len(), 1, "{:?}", ended.failures);
}

#[test]
fn a_copy_that_differs_or_is_gone_keeps_its_source() {
    let world = World::new();
    let ended = meddled(&world, &world.spec(), || {
        let other = world.new_of("two");
        let bytes = fs::metadata(&other).expect("there").len() as usize;
        fs::write(&other, vec![b'#'; bytes]).expect("written");
        fs::remove_file(world.new_of("other/x")).expect("removed");
    });
    for name in ["two", "other/x", "other/y"] {
        assert!(world.old(name).exists(), "{name}");
    }
    assert!(!world.old("one").exists() && !world.old("tree").exists());
    assert_eq!(ended.failures.len(), 2, "{:?}", ended.failures);
}

#[test]
fn what_was_there_already_is_compared_before_its_source_goes() {
    let world = World::new();
    let mut copy = world.spec();
    copy.operation = Operation::Copy;
    run_real(&copy).assert_good();
    // The same size and time, and other bytes.
    let old = world.old("two");
    let times = fs::metadata(&old)
        .expect("there")
        .modified()
        .expect("a time");
    let new = world.new_of("two");
    let bytes = fs::metadata(&new).expect("there").len() as usize;
    fs::write(&new, vec![b'#'; bytes]).expect("written");
    let file = fs::File::options().write(true).open(&new).expect("opens");
    file.set_modified(times).expect("set");

    let ended = run_real(&world.spec());
    assert_eq!((ended.view.copied, ended.view.skipped), (0, 8));
    assert_eq!(ended.view.removed, 7);
    assert!(old.exists() && !world.old("one").exists() && !world.old("tree").exists());
    assert_eq!(ended.failures.len(), 1, "{:?}", ended.failures);
    assert_eq!(ended.failures[0].offset, Some(0));
}

#[test]
fn what_the_policy_leaves_stays_on_both_sides() {
    let world = World::new();
    world.scratch.dir("d/new");
    world.scratch.file("d/new/uno", "older, and other");
    let mut wanted = world.spec();
    wanted.conflict = Conflict::Skip;
    let ended = run_real(&wanted);
    assert_eq!(ended.summary.state, JobState::Done, "{:?}", ended.failures);
    assert!(world.old("one").exists() && !world.old("two").exists());
    let kept = fs::read(world.scratch.at("d/new/uno")).expect("there");
    assert_eq!(kept, b"older, and other");
    let notice = ended
        .view
        .notices
        .iter()
        .find(|notice| notice.text.contains("policy"));
    assert_eq!(notice.expect("said").count, 1);
}

#[test]
fn hard_links_go_one_by_one() {
    let world = World::new();
    for name in ["tree/again", "tree/sub/again"] {
        fs::hard_link(world.old("tree/a"), world.old(name)).expect("linked");
    }
    let ended = run_real(&world.spec());
    ended.assert_good();
    assert!(!world.old("tree").exists());
    let inode = |name| fs::metadata(world.new_of(name)).expect("there").ino();
    assert_eq!(inode("tree/a"), inode("tree/sub/again"));
}

/// Whoever cancels one file while it is compared keeps that source, and the others go.
#[test]
fn a_file_that_is_cancelled_in_its_comparison_stays_alone() {
    let world = World::new();
    let mut wanted = world.spec();
    wanted.tuning.file_workers = Some(1);
    let delay = FaultKind::Delay(Duration::from_millis(150));
    let mut driver = Driver::on(failing(Some(Call::ForgetPages), 0, true, delay));
    let job = driver.add(&wanted, Start::Now);
    let view = driver.until_view(job, "being compared", |view| {
        view.state == JobState::Verifying && !view.in_flight.is_empty()
    });
    let file = view.in_flight[0].id;
    driver.send(Request::CancelFile { job, file });
    driver.until_ended(job);
    let failures = driver.failures(job);
    assert_eq!(failures.len(), 1, "{failures:?}");
    assert_eq!((failures[0].file, failures[0].op), (Some(file), Op::Verify));
    assert!(failures[0].reason.contains("cancelled"), "{failures:?}");
    driver.shut_down();
    assert_ne!(world.check("one was cancelled"), 0);
}

#[test]
fn a_move_that_is_cancelled_loses_nothing() {
    for call in [
        Call::ForgetPages,
        Call::Unlink,
        Call::SyncFs,
        Call::RemoveDir,
    ] {
        let world = World::new();
        let delay = FaultKind::Delay(Duration::from_millis(40));
        let mut driver = Driver::on(failing(Some(call), 0, true, delay));
        let job = driver.add(&world.spec(), Start::Now);
        let reached = if call == Call::SyncFs {
            JobState::Flushing
        } else {
            JobState::Verifying
        };
        driver.until_state(job, reached);
        driver.idle(Duration::from_millis(60));
        driver.send(Request::Cancel {
            job,
            keep_partial: false,
        });
        let summary = driver.until_ended(job);
        assert!(summary.state.is_final());
        driver.shut_down();
        world.check(&format!("cancelled in {call:?}"));
    }
}

#[test]
fn a_directory_that_got_something_new_stays() {
    let world = World::new();
    let ended = meddled(&world, &world.spec(), || {
        fs::write(world.old("other/late"), "late").expect("written");
    });
    assert_eq!(ended.summary.state, JobState::Done, "{:?}", ended.failures);
    assert!(world.old("other/late").exists() && !world.old("other/x").exists());
    assert!(!world.old("tree").exists());
    let notice = ended
        .view
        .notices
        .iter()
        .find(|notice| notice.text.contains("not empty"));
    assert_eq!(notice.expect("said").count, 1);
}

#[test]
fn a_move_without_a_flush_is_none() {
    let world = World::new();
    let mut wanted = world.spec();
    wanted.durability = Durability::None;
    let ended = run_real(&wanted);
    assert_eq!(ended.summary.state, JobState::Failed);
    assert_eq!(world.check("refused"), 7);
    assert!(!world.scratch.at("d").exists());
}

/// A move in which something failed, tried again after the cause is gone.
struct Again {
    driver: Driver,
    job: haul::proto::JobId,
}

impl Again {
    fn after(sys: Arc<Faulty>, wanted: &JobSpec) -> (Self, crate::support::engine::Ended) {
        let mut driver = Driver::on(sys);
        let job = driver.add(wanted, Start::Now);
        let mut this = Self { driver, job };
        let ended = this.ended();
        (this, ended)
    }

    fn ended(&mut self) -> crate::support::engine::Ended {
        let summary = self.driver.until_ended(self.job);
        let failures = self.driver.failures(self.job);
        let state = summary.state;
        let view = self
            .driver
            .until_view(self.job, "ended", |view| view.state == state);
        crate::support::engine::Ended {
            summary,
            view,
            failures,
        }
    }

    fn retry(&mut self) -> crate::support::engine::Ended {
        let before = self.driver.summaries.len();
        self.driver.send(Request::RetryFailed { job: self.job });
        self.driver
            .until("begun", |driver| driver.summaries.len() > before);
        self.ended()
    }
}

fn missing(path: &Path) -> bool {
    fs::symlink_metadata(path).is_err()
}

#[test]
fn what_failed_is_moved_when_it_is_tried_again() {
    let world = World::new();
    // One mapping's source vanished in the queue, the name of another's copy is taken.
    fs::rename(world.old("other"), world.scratch.at("aside")).expect("renamed");
    world.scratch.dir("d/tree of old/a");
    let (mut again, ended) = Again::after(
        failing(None, u64::MAX, false, FaultKind::Short),
        &world.spec(),
    );
    assert_eq!(ended.summary.state, JobState::DoneWithFailures);
    assert_eq!(ended.view.removed, 2, "{:?}", ended.failures);
    assert!(missing(&world.old("one")) && world.old("tree/sub/b").exists());

    // Nothing was done about it: the same again, and what is gone is no failure.
    let same = again.retry();
    assert_eq!(same.summary.state, JobState::DoneWithFailures);
    assert_eq!(
        same.failures.len(),
        ended.failures.len(),
        "{:?}",
        same.failures
    );
    assert_eq!(same.view.removed, 2);

    fs::rename(world.scratch.at("aside"), world.old("other")).expect("renamed");
    fs::remove_dir(world.scratch.at("d/tree of old/a")).expect("removed");
    // And what was saved since is what is moved.
    fs::write(world.old("tree/sub/c"), "newer").expect("written");
    fs::remove_file(world.new_of("tree/sub/c")).expect("removed");
    let ended = again.retry();
    ended.assert_good();
    assert_eq!(ended.view.removed, 8);
    assert!(missing(&world.old("tree")) && missing(&world.old("other")));
    assert_eq!(
        fs::read(world.new_of("tree/sub/c")).expect("there"),
        b"newer"
    );
    for name in ["tree/a", "tree/sub/b", "other/x", "other/y", "one", "two"] {
        assert!(world.new_of(name).exists(), "{name}");
    }
    // There is nothing left to try.
    again.driver.send(Request::RetryFailed { job: again.job });
    again.driver.idle(Duration::from_millis(100));
    assert_eq!(again.driver.state(again.job), JobState::Done);
}

/// Wherever it was stopped by a call that failed once, the second attempt moves the rest.
#[test]
fn whatever_call_failed_once_the_next_attempt_moves_the_rest() {
    let counting = Arc::new(Faulty::new(Arc::new(Real), None));
    let world = World::new();
    run(counting.clone(), &world.spec()).assert_good();
    let calls = counting.calls().len() as u64;
    let (mut retried, mut partly) = (0, 0);
    for nth in 0..calls {
        let world = World::new();
        let times = |dir: &Path| {
            let stat = fs::metadata(dir).expect("there");
            (stat.mtime(), stat.mtime_nsec())
        };
        let before = ["tree", "tree/sub", "other"].map(|name| times(&world.old(name)));
        let sys = failing(None, nth, false, FaultKind::Fail(Errno::IO));
        let (mut again, ended) = Again::after(sys.clone(), &world.spec());
        let what = format!("EIO at {nth} ({:?})", sys.hit());
        if ended.summary.state == JobState::Done {
            continue;
        }
        retried += 1;
        partly += u64::from(ended.view.removed > 0);
        let flush = ended.failures.iter().any(|failure| failure.op == Op::Flush);
        let ended = again.retry();
        world.check(&what);
        if flush {
            // What that flush was about is not copied again, and so never removed.
            assert_eq!(ended.view.removed, 0, "{what}");
            continue;
        }
        assert_eq!(
            ended.summary.state,
            JobState::Done,
            "{what}: {:?}",
            ended.failures
        );
        assert_eq!(ended.view.removed, 8, "{what}");
        assert_eq!(world.check(&what), 0, "{what}");
        for name in ["one", "two", "tree", "other"] {
            assert!(missing(&world.old(name)), "{what}: {name}");
        }
        let new = |name: &str| world.new_of(name).parent().expect("one").to_path_buf();
        let after = ["tree/a", "tree/sub/b", "other/x"].map(|name| times(&new(name)));
        assert_eq!(after, before, "{what}");
    }
    assert!(retried > 20 && partly > 5, "{retried} {partly}");
}

#[test]
fn a_cancelled_move_goes_on_with_what_is_left() {
    for call in [Call::ForgetPages, Call::Unlink, Call::RemoveDir] {
        let world = World::new();
        let delay = FaultKind::Delay(Duration::from_millis(60));
        let mut wanted = world.spec();
        wanted.tuning.file_workers = Some(1);
        let mut driver = Driver::on(failing(Some(call), 0, true, delay));
        let job = driver.add(&wanted, Start::Now);
        driver.until_state(job, JobState::Verifying);
        driver.idle(Duration::from_millis(150));
        driver.send(Request::Cancel {
            job,
            keep_partial: false,
        });
        let mut again = Again { driver, job };
        let ended = again.ended();
        if ended.summary.state == JobState::Done {
            continue;
        }
        let ended = again.retry();
        assert_eq!(
            ended.summary.state,
            JobState::Done,
            "{call:?}: {:?}",
            ended.failures
        );
        assert_eq!(ended.view.removed, 8, "{call:?}");
        assert_eq!(world.check(&format!("{call:?}")), 0);
        for name in ["one", "two", "tree", "other"] {
            assert!(missing(&world.old(name)), "{call:?}: {name}");
        }
    }
}
