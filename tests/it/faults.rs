//! Every call of a small job fails once, and from then on for good: whatever happens, a name holds
//! the whole old or the whole new file, what is missing is listed, and nothing is left lying about.

use crate::support::engine::{Driver, below, named, run};
use crate::support::scratch::Scratch;
use crate::support::struck::{TwoRanges, World, check, strike};
use crate::support::walk;
use crate::support::{is_thorough, say};
use haul::proto::{Durability, Failure, JobState, Op, Request, Start, Strategy};
use haul::sys::{Call, Errno, Fault, FaultKind, Faulty, Real};
use std::fs;
use std::sync::Arc;
use std::time::Instant;

const ERRORS: [Errno; 3] = [Errno::IO, Errno::NOSPC, Errno::ACCESS];

/// Calls whose failure means that something is not as it was asked for.
const NEVER_IGNORED: [Call; 21] = [
    Call::OpenSource,
    Call::ReadAt,
    Call::RingRead,
    Call::RingWrite,
    Call::RingWait,
    Call::ReadLink,
    Call::SeekData,
    Call::SeekHole,
    Call::CreateNew,
    Call::MakeDir,
    Call::MakeLink,
    Call::MakeNode,
    Call::WriteAt,
    Call::CloneFile,
    Call::CopyRange,
    Call::SendFile,
    Call::SetLen,
    Call::SetMode,
    Call::SetTimes,
    Call::SetTimesOf,
    Call::Close,
];

fn once(nth: u64, kind: FaultKind) -> Fault {
    Fault {
        call: None,
        nth,
        sticky: false,
        kind,
    }
}

fn for_good(nth: u64, kind: FaultKind) -> Fault {
    Fault {
        sticky: true,
        ..once(nth, kind)
    }
}

/// Every call fails in every way.
fn sweep(strategy: Strategy) {
    sweep_in(World::new(two_ranges(strategy)), strategy);
}

fn two_ranges(strategy: Strategy) -> TwoRanges {
    match strategy {
        Strategy::Parallel => TwoRanges::Whole,
        _ => TwoRanges::None,
    }
}

fn sweep_in(mut world: World, strategy: Strategy) {
    let began = Instant::now();
    let large = world.two_ranges == TwoRanges::Whole;
    let (clean, sys) = strike(&mut world, strategy, None);
    clean.assert_good();
    let calls = sys.calls().len() as u64;
    assert!(calls > 100, "{calls} calls");
    for nth in 0..calls {
        for errno in ERRORS {
            let fault = once(nth, FaultKind::Fail(errno));
            let (ended, sys) = strike(&mut world, strategy, Some(fault));
            // Not permitted may mean that another way has to be taken; the others are failures.
            let hit = sys.hit().filter(|_| errno != Errno::ACCESS);
            if let Some(call) = hit.filter(|call| NEVER_IGNORED.contains(call)) {
                assert!(
                    !ended.failures.is_empty(),
                    "{errno:?} from {call:?} was lost"
                );
            }
        }
        for kind in [FaultKind::Fail(Errno::INTR), FaultKind::Short] {
            let (ended, sys) = strike(&mut world, strategy, Some(once(nth, kind)));
            let failures = &ended.failures;
            assert!(
                failures.is_empty(),
                "{kind:?} at {nth}, {:?}: {failures:#?}",
                sys.hit()
            );
        }
        let kinds = [
            FaultKind::Fail(ERRORS[0]),
            FaultKind::Fail(ERRORS[1]),
            FaultKind::Fail(ERRORS[2]),
            FaultKind::Fail(Errno::INTR),
            FaultKind::Short,
        ];
        let thorough = is_thorough();
        for (number, kind) in kinds.into_iter().enumerate() {
            // Megabytes byte by byte take minutes; two ranges of few bytes are swept by themselves.
            if large && kind == FaultKind::Short {
                continue;
            }
            if thorough || nth as usize % kinds.len() == number {
                strike(&mut world, strategy, Some(for_good(nth, kind)));
            }
        }
    }
    say(&format!(
        "{strategy}: {calls} calls, {} runs in {:.1}s",
        world.runs,
        began.elapsed().as_secs_f64()
    ));
}

#[test]
fn any_call_of_a_buffered_copy_may_fail() {
    sweep(Strategy::Buffered);
}

#[test]
fn any_call_of_copy_file_range_may_fail() {
    sweep(Strategy::CopyFileRange);
}

#[test]
fn any_call_of_sendfile_may_fail() {
    sweep(Strategy::Sendfile);
}

#[test]
fn any_call_of_a_copy_by_ring_may_fail() {
    sweep(Strategy::IoUring);
}

#[test]
fn any_call_of_a_direct_copy_may_fail() {
    sweep(Strategy::Direct);
}

#[test]
fn any_call_of_a_parallel_copy_may_fail() {
    sweep(Strategy::Parallel);
}

/// From any call on everything is read and written byte by byte, in two ranges at a time.
#[test]
fn every_count_of_two_ranges_may_be_short_from_any_call_on() {
    let mut world = World::new(TwoRanges::Holed);
    let (clean, sys) = strike(&mut world, Strategy::Parallel, None);
    clean.assert_good();
    let used = &clean.summary.strategies;
    assert!(
        used.iter().any(|used| used.strategy == Strategy::Parallel),
        "{used:#?}"
    );
    let step = if is_thorough() { 1 } else { 5 };
    for nth in (0..sys.calls().len() as u64).step_by(step) {
        let fault = Some(for_good(nth, FaultKind::Short));
        strike(&mut world, Strategy::Parallel, fault)
            .0
            .assert_good();
    }
}

#[test]
fn any_call_of_a_copy_by_whatever_is_best_may_fail() {
    sweep(Strategy::Auto);
}

/// Where blocks are shared: as asked for, and as what is best.
#[test]
fn any_call_of_a_copy_that_shares_blocks_may_fail() {
    // What is best is what is asked for, wherever it works.
    let last = if is_thorough() { 2 } else { 1 };
    for strategy in [Strategy::Reflink, Strategy::Auto].into_iter().take(last) {
        let mut scratch = Scratch::new();
        let Some(root) = scratch.mount_image("xfs") else {
            return;
        };
        let mut world = World::at(scratch, root, TwoRanges::None);
        let (clean, sys) = strike(&mut world, strategy, None);
        clean.assert_good();
        assert!(sys.calls().contains(&Call::CloneFile), "nothing was cloned");
        sweep_in(world, strategy);
    }
}

/// Every call fails once; then the job is asked to try again what failed.
fn retried(strategy: Strategy) {
    let mut world = World::new(two_ranges(strategy));
    let (_, sys) = strike(&mut world, strategy, None);
    let mut helped = 0;
    for nth in 0..sys.calls().len() as u64 {
        let dest = world.dest();
        let fault = Some(once(nth, FaultKind::Fail(Errno::IO)));
        let sys = Arc::new(Faulty::new(Arc::new(Real), fault));
        let mut driver = Driver::on(sys.clone());
        let job = driver.add(&world.job(&dest, strategy), Start::Now);
        let first = driver.until_ended(job);
        let listed = driver.failures(job);
        let whole = |failure: &Failure| failure.op == Op::Flush && failure.file.is_none();
        if listed.first().is_some_and(whole) {
            // Which bytes it was about nobody knows, so that trying again cannot help.
            assert_eq!(first.state, JobState::DoneWithFailures);
            driver.send(Request::RetryFailed { job });
            assert_eq!(driver.failures(job).len(), 1);
            assert_eq!(driver.shut_down()[0].state, JobState::DoneWithFailures);
            continue;
        }
        if first.state != JobState::Done {
            driver.send(Request::RetryFailed { job });
            driver.until("begun again", |driver| {
                driver.states(job).contains(&JobState::Queued)
            });
            driver.until_ended(job);
            helped += 1;
        }
        let failures = driver.failures(job);
        let said = format!("{strategy}, {:?} failed at {nth}: {failures:#?}", sys.hit());
        let view = driver.shut_down().remove(0);
        assert_eq!(view.state, JobState::Done, "{said}");
        let found = walk::files(&world.source);
        assert_eq!(view.found.files, found, "{said}");
        assert_eq!(view.copied + view.skipped, found, "{said}");
        assert_eq!(view.files_done, found, "{said}");
        assert_eq!(
            view.bytes_copied + view.bytes_left_out,
            view.found.bytes,
            "{said}"
        );
        let differences = walk::differences(&world.source, &dest);
        assert!(differences.is_empty(), "{said}\n{}", differences.join("\n"));
        fs::remove_dir_all(&dest).expect("removed");
    }
    assert!(helped > 50, "only {helped} runs failed at first");
}

#[test]
fn what_failed_once_is_done_by_trying_again() {
    for strategy in [
        Strategy::Buffered,
        Strategy::IoUring,
        Strategy::Direct,
        Strategy::Parallel,
    ] {
        retried(strategy);
    }
}

#[test]
fn every_count_may_be_short() {
    for strategy in [
        Strategy::Buffered,
        Strategy::CopyFileRange,
        Strategy::Sendfile,
        Strategy::IoUring,
        Strategy::Direct,
        Strategy::Parallel,
        Strategy::Baseline,
        Strategy::Auto,
    ] {
        // All at once, and each by itself: a short read makes every write a whole one.
        for call in [
            None,
            Some(Call::ReadAt),
            Some(Call::WriteAt),
            Some(Call::CopyRange),
            Some(Call::SendFile),
            Some(Call::RingRead),
            Some(Call::RingWrite),
        ] {
            let mut world = World::new(TwoRanges::None);
            let fault = Fault {
                call,
                ..for_good(0, FaultKind::Short)
            };
            strike(&mut world, strategy, Some(fault)).0.assert_good();
        }
    }
}

fn failing(call: Call, nth: u64, sticky: bool) -> Fault {
    Fault {
        call: Some(call),
        nth,
        sticky,
        kind: FaultKind::Fail(Errno::IO),
    }
}

/// What happened between a flush that failed and the next name: the bytes that it was about were
/// removed, and written again.
fn assert_written_again(calls: &[Call], at: usize) {
    let interest = |call: &&Call| {
        use Call::{CreateNameless, CreateNew, LinkOpen, Rename, RenameNew, Sync, Unlink};
        matches!(
            call,
            CreateNew | CreateNameless | Sync | Rename | RenameNew | LinkOpen | Unlink
        )
    };
    let next: Vec<Call> = calls[at..].iter().filter(interest).copied().collect();
    // The first file of a route has a temporary's name; others may have none to be removed.
    let expected = [Call::Sync, Call::Unlink, Call::CreateNameless, Call::Sync];
    let named = [Call::Sync, Call::Unlink, Call::CreateNew, Call::Sync];
    let nameless = [Call::Sync, Call::CreateNameless, Call::Sync];
    assert!(
        next.starts_with(&expected) || next.starts_with(&named) || next.starts_with(&nameless),
        "after a failed flush: {next:?}"
    );
}

#[test]
fn a_file_whose_flush_failed_is_copied_again_once() {
    for strategy in [Strategy::Buffered, Strategy::Parallel] {
        for sticky in [false, true] {
            let mut world = World::new(TwoRanges::None);
            let dest = world.dest();
            let mut job = world.job(&dest, strategy);
            job.durability = Durability::File;
            let sys = Arc::new(Faulty::new(
                Arc::new(Real),
                Some(failing(Call::Sync, 0, sticky)),
            ));
            let ended = run(sys.clone(), &job);
            check("a flush fails", &world.source, &dest, &ended, &sys);
            let calls = sys.calls();
            let first = calls.iter().position(|call| *call == Call::Sync);
            if strategy == Strategy::Parallel {
                // Lanes of several files come between each other; each flush has its creation.
                let made = |call: &&Call| matches!(call, Call::CreateNew | Call::CreateNameless);
                let made = calls.iter().filter(made).count();
                assert_eq!(made, if sticky { 16 } else { 9 });
            } else {
                assert_written_again(&calls, first.expect("flushed"));
            }
            let syncs = calls.iter().filter(|call| **call == Call::Sync).count();
            let notice = |notice: &haul::proto::Notice| notice.text.contains("a second time");
            assert!(ended.view.notices.iter().any(notice), "said");
            if sticky {
                // Eight regular files, each twice and no more.
                assert_eq!((ended.failures.len(), syncs), (8, 16));
                for failure in &ended.failures {
                    assert_eq!((failure.op, failure.errno), (Op::Flush, Some(5)));
                }
            } else {
                ended.assert_good();
                assert_eq!(syncs, 9);
            }
        }
    }
}

#[test]
fn a_flush_of_all_that_fails_has_each_file_asked() {
    // Only the flush that comes before the names.
    let mut world = World::new(TwoRanges::None);
    let fault = failing(Call::SyncFs, 0, false);
    let (ended, sys) = strike(&mut world, Strategy::Buffered, Some(fault));
    ended.assert_good();
    let syncs = |sys: &Faulty| {
        sys.calls()
            .iter()
            .filter(|call| **call == Call::Sync)
            .count()
    };
    // The empty one has nothing to lose.
    assert_eq!(syncs(&sys), 7);

    // Only the flush of the names; and both.
    for fault in [
        failing(Call::SyncFs, 1, false),
        failing(Call::SyncFs, 0, true),
    ] {
        let (ended, _) = strike(&mut world, Strategy::Buffered, Some(fault));
        assert_eq!(ended.summary.state, JobState::DoneWithFailures);
        assert_eq!(ended.failures.len(), 1);
        let failure = &ended.failures[0];
        assert_eq!((failure.op, failure.errno), (Op::Flush, Some(5)));
    }

    // The flush of all, and then that of every single file.
    for sticky in [false, true] {
        let dest = world.dest();
        let below = Arc::new(Faulty::new(
            Arc::new(Real),
            Some(failing(Call::Sync, 0, sticky)),
        ));
        let sys = Arc::new(Faulty::new(below, Some(failing(Call::SyncFs, 0, false))));
        let ended = run(sys.clone(), &world.job(&dest, Strategy::Buffered));
        check("both fail", &world.source, &dest, &ended, &sys);
        let calls = sys.calls();
        let first = calls.iter().position(|call| *call == Call::Sync);
        if sticky {
            assert_eq!((ended.failures.len(), syncs(&sys)), (7, 14));
        } else {
            assert_written_again(&calls, first.expect("flushed"));
            ended.assert_good();
        }
    }
}

/// Two things fail: the cause is told, and what was left behind because of the other.
#[test]
fn a_clean_up_that_fails_does_not_hide_why_it_was_needed() {
    for (call, op) in [
        (Call::WriteAt, Op::Write),
        (Call::ReadAt, Op::Read),
        (Call::TryLock, Op::Create),
        (Call::Close, Op::Close),
        (Call::RenameNew, Op::Rename),
        (Call::SetTimesOf, Op::Times),
    ] {
        for strategy in [Strategy::Buffered, Strategy::Parallel] {
            let mut world = World::new(TwoRanges::Whole);
            let dest = world.dest();
            let fail = |call| Fault {
                call: Some(call),
                nth: 0,
                sticky: true,
                kind: FaultKind::Fail(Errno::IO),
            };
            let below = Arc::new(Faulty::new(named(), Some(fail(call))));
            let sys = Arc::new(Faulty::new(below, Some(fail(Call::Unlink))));
            let ended = run(sys.clone(), &world.job(&dest, strategy));
            let said = format!("{strategy} {call:?}");
            check(&said, &world.source, &dest, &ended, &sys);
            assert!(!ended.failures.is_empty(), "{said}");
            for failure in &ended.failures {
                assert_eq!(failure.op, op, "{said}: {failure:?}");
                assert!(
                    failure.reason.contains("input/output error"),
                    "{said}: {failure:?}"
                );
                assert!(
                    failure.reason.contains("left behind"),
                    "{said}: {failure:?}"
                );
            }
        }
    }
}

/// File systems without `RENAME_NOREPLACE`, or without links as well, or locks.
#[test]
fn what_a_file_system_lacks_is_gone_round() {
    for (call, errno) in [
        (Call::RenameNew, Errno::INVAL),
        (Call::RenameNew, Errno::NOSYS),
        (Call::TryLock, Errno::OPNOTSUPP),
        (Call::CopyRange, Errno::XDEV),
        (Call::CopyRange, Errno::NOSYS),
        (Call::SendFile, Errno::INVAL),
        (Call::CloneFile, Errno::OPNOTSUPP),
        (Call::SetOwner, Errno::PERM),
    ] {
        for strategy in [Strategy::Auto, Strategy::CopyFileRange, Strategy::Sendfile] {
            let mut world = World::new(TwoRanges::None);
            let fault = Fault {
                call: Some(call),
                nth: 0,
                sticky: true,
                kind: FaultKind::Fail(errno),
            };
            let (ended, _) = strike(&mut world, strategy, Some(fault));
            ended.assert_good();
        }
    }
}

/// Several workers: no order to rely on, the same promises.
#[test]
fn failures_among_several_workers_are_all_listed() {
    let mut world = World::new(TwoRanges::Whole);
    for (call, errno) in [
        (Call::WriteAt, Errno::NOSPC),
        (Call::ReadAt, Errno::IO),
        (Call::CreateNew, Errno::DQUOT),
        (Call::CreateNameless, Errno::DQUOT),
        (Call::LinkOpen, Errno::IO),
        (Call::RenameNew, Errno::IO),
        (Call::Rename, Errno::ACCESS),
        (Call::Unlink, Errno::IO),
        (Call::SetTimes, Errno::IO),
        (Call::Close, Errno::IO),
        (Call::OpenDir, Errno::MFILE),
        (Call::List, Errno::IO),
        (Call::StatAt, Errno::STALE),
    ] {
        for nth in 0..6 {
            let dest = world.dest();
            let fault = Fault {
                call: Some(call),
                nth,
                sticky: true,
                kind: FaultKind::Fail(errno),
            };
            let sys = Arc::new(Faulty::new(below(call), Some(fault)));
            let mut job = world.job(&dest, Strategy::Parallel);
            job.tuning.file_workers = Some(4);
            job.tuning.chunk_workers = Some(4);
            let ended = run(sys.clone(), &job);
            check(
                &format!("{call:?} {nth}"),
                &world.source,
                &dest,
                &ended,
                &sys,
            );
            fs::remove_dir_all(&dest).expect("removed");
        }
    }
}
