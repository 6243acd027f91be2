//! A job as a door sees it: built at each snapshot from the job and its gauges. Costs workers and
//! files in flight, never files.

use super::job::{Job, STALL};
use super::report::Used;
use super::route::Reason;
use super::sample::GAP;
use super::worker::Held;
use crate::proto::{
    FileId, FilePhase, FileRow, JobState, JobView, Lane, Notice, Strategy, StrategyUse, Totals,
    WorkerRow,
};
use crate::{text, units};
use std::cmp::Reverse;
use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

/// Takes the gauges' readings; called at every tick of an active job.
pub fn read_gauges(job: &mut Job, now: Instant) {
    for hand in &mut job.hands {
        let slot = hand.cell.slot();
        let moved = hand.cell.moved();
        if read_on(&mut hand.recent, now, moved) {
            hand.seen.2 = now;
        }
        let waits = matches!(slot.phase, FilePhase::Idle | FilePhase::Paused);
        if waits || hand.seen.0 != slot.file || hand.seen.1 != moved {
            hand.seen = (slot.file, moved, now);
        }
    }
}

/// One more reading of a gauge: those of the last second are kept. True where none was taken for
/// long, as the job was paused or the process stopped: in that time nobody stalls, and no rate is
/// taken over it.
fn read_on(recent: &mut VecDeque<(Instant, u64)>, now: Instant, moved: u64) -> bool {
    let last = recent.back().map(|last| last.0);
    let gap = last.is_some_and(|last| now.saturating_duration_since(last) >= GAP);
    if gap {
        recent.clear();
    }
    recent.push_back((now, moved));
    while recent.len() > 2 && now.saturating_duration_since(recent[1].0) >= Duration::from_secs(1) {
        recent.pop_front();
    }
    gap
}

/// Bytes per second over the readings.
fn rate(recent: &VecDeque<(Instant, u64)>) -> u64 {
    match (recent.front(), recent.back()) {
        (Some(first), Some(last)) if last.0 > first.0 => {
            let time = last.0.saturating_duration_since(first.0).as_secs_f64();
            (last.1.saturating_sub(first.1) as f64 / time) as u64
        }
        _ => 0,
    }
}

/// The view.
pub fn view(job: &Job, now: Instant, waits_for: Option<crate::proto::JobId>) -> JobView {
    let spec = &job.spec;
    let found = Totals {
        bytes: job.found_bytes(),
        ..job.found
    };
    let bytes_copied = job.bytes_copied();
    // While a job runs, a file that was given up is one less to do; of a job that was given up as a
    // whole it must not look as if all were done.
    let cancelled = matches!(job.state(), JobState::Cancelling | JobState::Cancelled);
    let (files_done, left_out) = if cancelled {
        (
            job.counts.ended.saturating_sub(job.counts.given_up),
            job.left_out.saturating_sub(job.given_up),
        )
    } else {
        (job.counts.ended, job.left_out)
    };
    let bytes_total = found.bytes.saturating_sub(left_out).max(bytes_copied);
    let (worker_rows, in_flight) = rows(job, now);
    let shots = job.shots.view(in_flight.iter().map(|file| file.id));
    let running = matches!(job.state(), JobState::Scanning | JobState::Running);
    JobView {
        id: job.id,
        state: job.state(),
        source: spec.sources.first().cloned().unwrap_or_default(),
        sources: spec.sources.len() as u32,
        dest: spec.dest.clone(),
        strategy: spec.strategy,
        conflict: spec.conflict,
        durability: spec.durability,
        start: job.start,
        waits_for,
        found,
        found_is_final: job.found_is_final(),
        files_done,
        copied: job.counts.copied,
        skipped: job.counts.skipped,
        failed: job.counts.failed,
        unnamed: job.unnamed(),
        conflicts: job.counts.conflicts,
        // Of a job that was cancelled as a whole no file was cancelled by itself.
        cancelled: if cancelled { 0 } else { job.counts.given_up },
        removed: job.removed,
        shortage: job.shortage,
        parked: job.parked.len() as u64,
        bytes_copied,
        bytes_left_out: left_out,
        bytes_cloned: job.cloned,
        bytes_flushed: job.bytes_flushed(),
        rate: if running { job.pace.rate() } else { None },
        rate_mean: job.pace.mean(),
        rate_range: job.pace.extremes(),
        limit: spec.limit,
        file_workers: job.file_workers(),
        eta: (running && job.found_is_final())
            .then(|| {
                let files = found.files.saturating_sub(job.counts.ended);
                let bytes = bytes_total.saturating_sub(bytes_copied);
                // What is cloned takes no time that a cap could say.
                let limit = spec.limit.filter(|_| job.cloned == 0);
                job.pace
                    .left(bytes, files)
                    .map(|left| no_sooner_than(left, bytes, limit))
            })
            .flatten(),
        elapsed_ms: job.pace.active().as_millis() as u64,
        history: job.pace.history(),
        workers: worker_rows,
        in_flight,
        shots,
        flush: job.flush,
        used: used(job),
        notices: notices(job),
        listed: job.failures.len() as u32,
        last_failure: job.failures.last().cloned(),
    }
}

/// The time left of so many bytes, where a cap says how long they take at least: what was copied
/// before the cap was faster.
fn no_sooner_than((low, high): (u64, u64), bytes: u64, limit: Option<u64>) -> (u64, u64) {
    let least = limit.map_or(0, |rate| bytes / rate.max(1));
    (low.max(least), high.max(least))
}

fn rows(job: &Job, now: Instant) -> (Vec<WorkerRow>, Vec<FileRow>) {
    let mut files: BTreeMap<FileId, FileRow> = BTreeMap::new();
    let path = |id: FileId| {
        job.entry(id)
            .map(|(slice, index)| slice.dir.below_path(Some(slice.entry(index).1)))
    };
    let mut workers = Vec::with_capacity(job.hands.len());
    for hand in &job.hands {
        let slot = hand.cell.slot();
        let path = slot.file.and_then(path);
        if let (Some(id), Some(path)) = (slot.file, &path) {
            let row = files.entry(id).or_insert_with(|| FileRow {
                id,
                path: path.clone(),
                done: slot.done,
                size: slot.size,
                workers: 0,
                strategy: slot.strategy,
                paused: false,
            });
            row.workers += 1;
        }
        let since = now.saturating_duration_since(hand.seen.2);
        // With nothing to do they are no information.
        if hand.lane != Lane::Files && slot.file.is_none() {
            continue;
        }
        workers.push(WorkerRow {
            id: hand.id,
            lane: hand.lane,
            phase: slot.phase,
            file: slot.file,
            path,
            offset: slot.done,
            size: slot.size,
            rate: if slot.file.is_some() {
                rate(&hand.recent)
            } else {
                0
            },
            strategy: slot.strategy,
            stalled_ms: (slot.file.is_some() && since >= STALL).then_some(since.as_millis() as u64),
        });
    }
    for (id, big) in &job.bigs {
        // One that is to be begun anew is with a worker by whom nothing moves.
        if let Some(row) = files.get_mut(id).filter(|row| row.strategy.is_some()) {
            row.done = big.done();
        }
    }
    for (id, held) in &job.held {
        let (done, size, strategy) = match held {
            Held::File(file) => (file.done, file.stat.size, file.strategy()),
            Held::Big(big) => (
                big.done(),
                big.stat.size,
                Some(crate::proto::Strategy::Parallel),
            ),
        };
        if let Some(path) = path(*id) {
            files.insert(
                *id,
                FileRow {
                    id: *id,
                    path,
                    done,
                    size,
                    workers: 0,
                    strategy,
                    paused: true,
                },
            );
        }
    }
    (workers, files.into_values().collect())
}

/// One row a strategy, in the order in which they were first used; where it was taken for several
/// reasons they are told together, the one of most files first.
fn used(job: &Job) -> Vec<StrategyUse> {
    let dropped = job.dropped.first().map(|(_, words)| words.as_str());
    let words = |reason| match (reason, dropped) {
        (Reason::FellBack, Some(words)) => words,
        (reason, _) => reason.text(),
    };
    let mut ways: Vec<(Strategy, Vec<&Used>)> = Vec::new();
    for used in &job.used {
        match ways.iter_mut().find(|(known, _)| *known == used.strategy) {
            Some((_, parts)) => parts.push(used),
            None => ways.push((used.strategy, vec![used])),
        }
    }
    let row = |(strategy, mut parts): (Strategy, Vec<&Used>)| {
        parts.sort_by_key(|used| Reverse(used.files));
        let reason = match &*parts {
            [one] => words(one.reason).to_owned(),
            several => {
                let told = several.iter().map(|used| {
                    let files = units::files(used.files);
                    format!("{} ({files})", words(used.reason))
                });
                told.collect::<Vec<_>>().join("; ")
            }
        };
        StrategyUse {
            strategy,
            files: parts.iter().map(|used| used.files).sum(),
            bytes: parts.iter().map(|used| used.bytes).sum(),
            reason,
        }
    };
    ways.into_iter().map(row).collect()
}

fn notices(job: &Job) -> Vec<Notice> {
    let dropped = job
        .dropped
        .iter()
        // `auto` tries what may not work; that it does not is no news there.
        .filter(|_| job.spec.strategy != crate::proto::Strategy::Auto)
        .map(|(_, words)| Notice {
            text: words.clone(),
            count: 1,
        });
    let counted = job.notables.iter().map(|(what, count, first)| Notice {
        text: match first {
            Some(path) => format!("{} (first: {})", what.text(), text::shown(path.as_bytes())),
            None => what.text().to_owned(),
        },
        count,
    });
    dropped.chain(counted).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_rate_is_taken_over_a_time_that_was_not_worked() {
        let start = crate::clock::now();
        let mut recent = VecDeque::new();
        for tick in 0..30 {
            let at = start + Duration::from_millis(tick * 100);
            assert!(
                !read_on(&mut recent, at, tick * 1_000_000),
                "a gap at {tick}"
            );
        }
        assert_eq!(rate(&recent), 10_000_000);
        let later = start + Duration::from_secs(600);
        assert!(read_on(&mut recent, later, 30_000_000));
        assert!(!read_on(
            &mut recent,
            later + Duration::from_millis(500),
            35_000_000
        ));
        assert_eq!(rate(&recent), 10_000_000);
    }

    #[test]
    fn a_cap_bounds_the_time_left() {
        assert_eq!(no_sooner_than((2, 7), 240, Some(10)), (24, 24));
        assert_eq!(no_sooner_than((2, 30), 240, Some(10)), (24, 30));
        assert_eq!(no_sooner_than((2, 7), 240, None), (2, 7));
    }
}
