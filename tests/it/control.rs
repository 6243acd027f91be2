//! Pause, resume, cancel, the queue: on slow file systems, in the middle of files.

use crate::support::engine::{Driver, LONG, slow, spec};
use crate::support::say;
use crate::support::scratch::Scratch;
use crate::support::tree::{Dice, set_times};
use crate::support::walk::{assert_same, entries, files, temporaries};
use haul::proto::{
    Conflict, Durability, FileId, JobId, JobSpec, JobState, JobView, Lane, Naming, Request, Start,
    Strategy,
};
use haul::sys::{Call, Errno, Fault, FaultKind, Faulty, Real};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What a pause or a cancel is promised to take is 200 ms and one call; a busy machine gets more.
const SOON: Duration = Duration::from_secs(1);

pub const CALL: Duration = Duration::from_millis(20);

/// A source of some files of `kilobytes` each.
pub fn source(scratch: &Scratch, count: u64, kilobytes: usize) -> PathBuf {
    let root = scratch.dir("source");
    for number in 0..count {
        let bytes = Dice::new(number).bytes(kilobytes << 10);
        fs::write(root.join(format!("file-{number}")), bytes).expect("written");
    }
    root
}

/// A job by one worker in small pieces.
pub fn job(source: &Path, dest: &Path, strategy: Strategy) -> JobSpec {
    let mut job = spec(source, dest);
    job.naming = Naming::Exact;
    job.strategy = strategy;
    job.tuning.file_workers = Some(1);
    job.tuning.buffer_size = Some(64 << 10);
    job.tuning.parallel_min_size = Some(1 << 20);
    job.tuning.chunk_size = Some(1);
    job.tuning.chunk_workers = Some(4);
    job
}

/// The bytes of all temporaries in a directory.
fn unfinished(dest: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt;
    let sizes = temporaries(dest).into_iter().map(|path| {
        let metadata = fs::metadata(dest.join(OsStr::from_bytes(&path)));
        metadata.map_or(0, |metadata| metadata.blocks() + metadata.len())
    });
    sizes.sum()
}

/// Waits until a file is in mid-copy; its number.
fn in_mid_file(driver: &mut Driver, id: JobId) -> FileId {
    let half = |view: &JobView| {
        let mut rows = view.in_flight.iter().filter(|row| !row.paused);
        rows.any(|row| row.done > 0 && row.done < row.size)
    };
    let view = driver.until_view(id, "in mid-file", half);
    let mut rows = view.in_flight.iter();
    let row = rows.find(|row| row.done > 0 && !row.paused);
    row.expect("a file in flight").id
}

fn assert_still(driver: &mut Driver, dest: &Path) {
    let before = (unfinished(dest), files(dest));
    driver.idle(Duration::from_millis(500));
    assert_eq!(
        (unfinished(dest), files(dest)),
        before,
        "moved while paused"
    );
}

fn soon(what: &str, took: Duration) {
    say(&format!("{what} after {} ms", took.as_millis()));
    assert!(took < SOON + CALL, "{what} took {took:?}");
}

/// Copying strategies with the call that is slowed.
const WAYS: [(Strategy, Call); 7] = [
    (Strategy::Buffered, Call::WriteAt),
    (Strategy::Buffered, Call::ReadAt),
    (Strategy::CopyFileRange, Call::CopyRange),
    (Strategy::IoUring, Call::RingRead),
    (Strategy::IoUring, Call::RingWrite),
    (Strategy::Direct, Call::RingWrite),
    (Strategy::Parallel, Call::WriteAt),
];

/// Kilobytes of a file that takes a second or so.
fn weight(strategy: Strategy) -> usize {
    match strategy {
        // It asks for at least a mebibyte a call.
        Strategy::CopyFileRange => 40 << 10,
        Strategy::Parallel => 12 << 10,
        _ => 3 << 10,
    }
}

#[test]
fn a_paused_job_writes_nothing_and_goes_on_where_it_was() {
    for (strategy, call) in WAYS {
        let scratch = Scratch::quick();
        let (from, to) = (source(&scratch, 2, weight(strategy)), scratch.at("to"));
        let mut driver = Driver::on(slow(call, CALL));
        let id = driver.add(&job(&from, &to, strategy), Start::Now);
        in_mid_file(&mut driver, id);
        driver.send(Request::Pause { job: id });
        let took = driver.until_state(id, JobState::Paused);
        soon(&format!("{strategy} by {call:?}: paused"), took);
        assert_still(&mut driver, &to);
        assert!(unfinished(&to) > 0, "paused in mid-file");
        driver.send(Request::Resume { job: id });
        let summary = driver.until_ended(id);
        assert_eq!(summary.state, JobState::Done);
        assert_eq!(summary.files.copied, 2);
        driver.shut_down();
        assert_same(&from, &to);
    }
}

#[test]
fn a_cancelled_job_leaves_whole_files_only() {
    for (strategy, call) in WAYS {
        for paused in [false, true] {
            let scratch = Scratch::quick();
            let (from, to) = (source(&scratch, 3, weight(strategy) / 2), scratch.at("to"));
            let mut driver = Driver::on(slow(call, CALL));
            let id = driver.add(&job(&from, &to, strategy), Start::Now);
            driver.until_view(id, "one copied", |view| view.copied == 1);
            in_mid_file(&mut driver, id);
            if paused {
                driver.send(Request::Pause { job: id });
                driver.until_state(id, JobState::Paused);
            }
            driver.send(Request::Cancel {
                job: id,
                keep_partial: false,
            });
            let took = driver.until_state(id, JobState::Cancelled);
            soon(&format!("{strategy} by {call:?}: cancelled"), took);
            assert!(temporaries(&to).is_empty());
            let there = files(&to);
            assert!((1..3).contains(&there), "{there} files");
            driver.idle(Duration::from_millis(300));
            assert_eq!(files(&to), there, "written after the cancel");
            let view = driver.shut_down().remove(0);
            assert_eq!(view.copied, there);
            assert_eq!(view.files_done, there, "what was given up is not done");
            assert_eq!(view.bytes_total(), view.found.bytes);
            assert!(view.bytes_copied < view.bytes_total());
            for (name, _) in entries(&to).iter().filter(|(_, entry)| entry.is_file()) {
                let name = OsStr::from_bytes(name);
                assert_same(&from.join(name), &to.join(name));
            }
        }
    }
}

/// What waits for workers may be minutes of work, and names must not stand behind it.
#[test]
fn names_come_while_it_copies_and_what_is_whole_stays_on_a_cancel() {
    let scratch = Scratch::new();
    let (from, to) = (scratch.dir("from"), scratch.at("to"));
    for number in 0..400 {
        scratch.file(format!("from/{number}"), vec![7; 30_000]);
    }
    let spec = JobSpec {
        durability: Durability::Job,
        limit: Some(2_000_000),
        ..spec(&from, &to)
    };
    let mut driver = Driver::on(Arc::new(Real));
    let id = driver.add(&spec, Start::Now);
    let whole = |view: &JobView| view.copied > 0;
    let view = driver.until_view(id, "named beside the copy", whole);
    assert!(view.bytes_copied < 9_000_000, "{}", view.bytes_copied);
    let had = view.bytes_copied + 600_000;
    let more = |view: &JobView| view.bytes_copied > had;
    let view = driver.until_view(id, "some more whole", more);
    driver.send(Request::Cancel {
        job: id,
        keep_partial: false,
    });
    let summary = driver.until_ended(id);
    assert_eq!(summary.state, JobState::Cancelled);
    assert!(temporaries(&to).is_empty());
    // Of what was copied only what was in hand is not whole.
    let least = view.bytes_copied / 30_000 - 10;
    assert!(summary.files.copied >= least, "{summary:?}");
    assert_eq!(files(&to), summary.files.copied);
}

/// Names of partial files that were kept.
fn kept(dest: &Path) -> Vec<String> {
    let names = entries(dest).into_keys();
    let names = names.map(|name| String::from_utf8_lossy(&name).into_owned());
    names
        .filter(|name| name.contains(".haul-partial"))
        .collect()
}

#[test]
fn what_is_partial_is_kept_on_request_as_the_first_bytes_of_its_file_and_under_no_real_name() {
    for (strategy, call) in WAYS {
        for paused in [false, true] {
            let scratch = Scratch::quick();
            let (from, to) = (source(&scratch, 2, weight(strategy)), scratch.at("to"));
            let mut driver = Driver::on(slow(call, CALL));
            let id = driver.add(&job(&from, &to, strategy), Start::Now);
            let file = in_mid_file(&mut driver, id);
            if paused {
                driver.send(Request::PauseFile { job: id, file });
                driver.until_view(id, "the file is set aside", |view| {
                    view.in_flight
                        .iter()
                        .any(|row| row.id == file && row.paused)
                });
            }
            let keep_partial = true;
            driver.send(Request::Cancel {
                job: id,
                keep_partial,
            });
            driver.until_state(id, JobState::Cancelled);
            let words = format!("{strategy} by {call:?}, paused: {paused}");
            assert!(temporaries(&to).is_empty(), "{words}");
            let partial = kept(&to);
            assert!(!partial.is_empty(), "{words}: nothing was kept");
            for name in &partial {
                let real = name.strip_suffix(".haul-partial").expect("its ending");
                assert!(!to.join(real).exists(), "{words}: {real} has its name");
                let bytes = fs::read(to.join(name)).expect("readable");
                let whole = fs::read(from.join(real)).expect("readable");
                assert!(
                    !bytes.is_empty() && bytes.len() < whole.len() && whole.starts_with(&bytes),
                    "{words}: {} bytes of {} are not the first",
                    bytes.len(),
                    whole.len()
                );
            }
            let told = driver.until_view(id, "the kept are told", |view| !view.notices.is_empty());
            let notice = &told.notices[0];
            assert_eq!(notice.count, partial.len() as u64, "{words}");
            assert!(notice.text.contains(".haul-partial"), "{}", notice.text);
            // Trying again begins anew, and what was kept stays somebody's own.
            driver.send(Request::RetryFailed { job: id });
            driver.until_state(id, JobState::Queued);
            assert_eq!(driver.until_ended(id).state, JobState::Done, "{words}");
            driver.shut_down();
            assert_eq!(kept(&to), partial, "{words}");
            for name in ["file-0", "file-1"] {
                assert_same(&from.join(name), &to.join(name));
            }
        }
    }
}

#[test]
fn a_partial_file_replaces_nothing_and_one_that_cannot_be_kept_is_removed_and_told() {
    let scratch = Scratch::quick();
    let (from, to) = (source(&scratch, 1, 3 << 10), scratch.dir("to"));
    scratch.file("to/file-0.haul-partial", b"mine");
    let cancelled = |sys: Arc<dyn haul::sys::Sys>| {
        let mut driver = Driver::on(sys);
        let id = driver.add(&job(&from, &to, Strategy::Buffered), Start::Now);
        in_mid_file(&mut driver, id);
        let keep_partial = true;
        driver.send(Request::Cancel {
            job: id,
            keep_partial,
        });
        driver.until_state(id, JobState::Cancelled);
        driver.shut_down().remove(0)
    };
    cancelled(slow(Call::WriteAt, CALL));
    assert_eq!(kept(&to), ["file-0.haul-partial", "file-0.haul-partial-2"]);
    let mine = fs::read(to.join("file-0.haul-partial")).expect("readable");
    assert_eq!(mine, b"mine");
    // The name is refused: nothing is left, and why is in the list.
    let refused = Fault {
        call: Some(Call::RenameNew),
        nth: 0,
        sticky: true,
        kind: FaultKind::Fail(Errno::IO),
    };
    let view = cancelled(Arc::new(Faulty::new(
        slow(Call::WriteAt, CALL),
        Some(refused),
    )));
    assert_eq!(kept(&to).len(), 2);
    assert!(temporaries(&to).is_empty());
    assert_eq!((view.failed, view.notices.len()), (1, 0));
}

#[test]
fn a_cancelled_job_can_be_finished_later() {
    let scratch = Scratch::quick();
    let (from, to) = (source(&scratch, 3, 1 << 10), scratch.at("to"));
    let mut driver = Driver::on(slow(Call::WriteAt, CALL));
    let id = driver.add(&job(&from, &to, Strategy::Buffered), Start::Now);
    in_mid_file(&mut driver, id);
    driver.send(Request::Cancel {
        job: id,
        keep_partial: false,
    });
    driver.until_state(id, JobState::Cancelled);
    driver.send(Request::RetryFailed { job: id });
    driver.until_state(id, JobState::Queued);
    let summary = driver.until_ended(id);
    assert_eq!(summary.state, JobState::Done);
    driver.shut_down();
    assert_same(&from, &to);
}

#[test]
fn a_paused_file_lets_the_others_pass() {
    for (strategy, call) in WAYS {
        let scratch = Scratch::quick();
        let (from, to) = (source(&scratch, 3, weight(strategy) / 2), scratch.at("to"));
        let mut driver = Driver::on(slow(call, CALL));
        let id = driver.add(&job(&from, &to, strategy), Start::Now);
        let file = in_mid_file(&mut driver, id);
        driver.send(Request::PauseFile { job: id, file });
        let aside = |view: &JobView| {
            let mut rows = view.in_flight.iter();
            rows.any(|row| row.id == file && row.paused && row.workers == 0)
        };
        driver.until_view(id, "set aside", aside);
        let moved_on = |view: &JobView| {
            let mut rows = view.workers.iter();
            rows.any(|row| row.file.is_some_and(|other| other != file))
        };
        driver.until_view(id, "at another file", moved_on);
        let view = driver.until_view(id, "the others copied", |view| view.copied == 2);
        assert_eq!(view.state, JobState::Running, "it still has a file to copy");
        assert_eq!(temporaries(&to).len(), 1);
        assert_still(&mut driver, &to);
        driver.send(Request::ResumeFile { job: id, file });
        let summary = driver.until_ended(id);
        assert_eq!(summary.state, JobState::Done, "{strategy} by {call:?}");
        assert_eq!(summary.files.copied, 3);
        driver.shut_down();
        assert_same(&from, &to);
    }
}

#[test]
fn a_cancelled_file_is_the_only_one_missing() {
    for (strategy, call) in WAYS {
        for paused in [false, true] {
            let scratch = Scratch::quick();
            let (from, to) = (source(&scratch, 3, weight(strategy) / 2), scratch.at("to"));
            let mut driver = Driver::on(slow(call, CALL));
            let id = driver.add(&job(&from, &to, strategy), Start::Now);
            let file = in_mid_file(&mut driver, id);
            if paused {
                driver.send(Request::PauseFile { job: id, file });
                driver.until_view(id, "set aside", |view| {
                    view.in_flight
                        .iter()
                        .any(|row| row.id == file && row.paused)
                });
            }
            driver.send(Request::CancelFile { job: id, file });
            let summary = driver.until_ended(id);
            let said = format!("{strategy} by {call:?}, paused: {paused}");
            assert_eq!(summary.state, JobState::DoneWithFailures, "{said}");
            assert_eq!(summary.files.copied, 2, "{said}");
            assert_eq!(summary.files.cancelled, 1, "{said}");
            assert!(temporaries(&to).is_empty(), "{said}");
            assert_eq!(files(&to), 2, "{said}");
            // It can still be had.
            driver.send(Request::RetryFailed { job: id });
            driver.until("begun again", |driver| {
                driver.states(id).contains(&JobState::Queued)
            });
            assert_eq!(driver.until_ended(id).state, JobState::Done, "{said}");
            driver.shut_down();
            assert_same(&from, &to);
        }
    }
}

#[test]
fn several_lanes_are_on_a_large_file() {
    let scratch = Scratch::quick();
    let (from, to) = (source(&scratch, 1, 24 << 10), scratch.at("to"));
    let mut driver = Driver::on(slow(Call::WriteAt, CALL));
    let id = driver.add(&job(&from, &to, Strategy::Parallel), Start::Now);
    let four = |view: &JobView| {
        let busy = view.workers.iter().filter(|row| row.file.is_some());
        busy.count() == 4 && view.in_flight.iter().any(|row| row.workers == 4)
    };
    let view = driver.until_view(id, "four at work", four);
    let lanes = view.workers.iter().filter(|row| row.lane == Lane::Ranges);
    assert_eq!(lanes.count(), 3);
    assert_eq!(driver.until_ended(id).state, JobState::Done);
    driver.shut_down();
    assert_same(&from, &to);
}

/// A tree of directories with a file each.
fn wide(scratch: &Scratch, count: u32) -> PathBuf {
    let root = scratch.dir("source");
    for number in 0..count {
        let dir = scratch.dir(format!("source/dir-{number:03}"));
        fs::write(dir.join("file"), format!("{number}")).expect("written");
    }
    root
}

#[test]
fn nothing_is_made_while_a_scanning_job_is_paused() {
    let scratch = Scratch::quick();
    let (from, to) = (wide(&scratch, 60), scratch.at("to"));
    let mut driver = Driver::on(slow(Call::List, CALL));
    let id = driver.add(&job(&from, &to, Strategy::Buffered), Start::Now);
    driver.until_view(id, "some found", |view| view.found.dirs > 3);
    driver.send(Request::Pause { job: id });
    soon("a scan: paused", driver.until_state(id, JobState::Paused));
    let before = entries(&to).len();
    driver.idle(Duration::from_millis(500));
    assert_eq!(entries(&to).len(), before, "made while paused");
    assert!(before < 120, "the scan had ended");
    driver.send(Request::Resume { job: id });
    assert_eq!(driver.until_ended(id).state, JobState::Done);
    driver.shut_down();
    assert_same(&from, &to);
}

/// One directory, so large that listing it takes seconds.
#[test]
fn a_scan_stops_in_the_middle_of_a_directory() {
    for cancel in [false, true] {
        let scratch = Scratch::quick();
        let (from, to) = (scratch.dir("source"), scratch.at("to"));
        let count = 4000;
        for number in 0..count {
            let name = format!("{number:04}-{}", "x".repeat(20));
            fs::write(from.join(name), "").expect("written");
        }
        let mut driver = Driver::on(slow(Call::StatAt, Duration::from_micros(800)));
        let mut spec = job(&from, &to, Strategy::Buffered);
        spec.tuning.file_workers = Some(2);
        let id = driver.add(&spec, Start::Now);
        driver.until_view(id, "some copied", |view| view.copied > 10);
        let (request, state) = if cancel {
            (
                Request::Cancel {
                    job: id,
                    keep_partial: false,
                },
                JobState::Cancelled,
            )
        } else {
            (Request::Pause { job: id }, JobState::Paused)
        };
        driver.send(request);
        soon(
            "in a large directory: stopped",
            driver.until_state(id, state),
        );
        let there = files(&to);
        driver.idle(Duration::from_millis(300));
        assert_eq!(files(&to), there);
        assert!(there < count, "it was all copied before");
        driver.send(if cancel {
            Request::RetryFailed { job: id }
        } else {
            Request::Resume { job: id }
        });
        driver.until("left", |driver| driver.state(id) != state);
        assert_eq!(driver.until_ended(id).state, JobState::Done);
        driver.shut_down();
        assert_same(&from, &to);
    }
}

#[test]
fn copying_begins_before_the_scan_has_ended() {
    let scratch = Scratch::quick();
    let (from, to) = (wide(&scratch, 60), scratch.at("to"));
    let mut driver = Driver::on(slow(Call::List, CALL));
    let id = driver.add(&job(&from, &to, Strategy::Buffered), Start::Now);
    let view = driver.until_view(id, "copied something", |view| view.copied > 2);
    assert!(!view.found_is_final, "the scan had ended before");
    assert!(view.found.files < 60);
    let mut last = 0;
    while !driver.state(id).is_final() {
        let view = driver.view(id).expect("it is there");
        assert!(
            view.files_done >= last && view.files_done <= view.found.files,
            "{view:?}"
        );
        assert!(view.fraction() < 1.0 || view.state.is_final());
        last = view.files_done;
        driver.idle(Duration::from_millis(30));
    }
    let view = driver.shut_down().remove(0);
    assert!(view.found_is_final);
    assert_eq!(view.found.files, 60);
    assert_same(&from, &to);
}

#[test]
fn a_door_that_leaves_takes_its_jobs_along() {
    let scratch = Scratch::quick();
    let (from, to) = (source(&scratch, 3, 2 << 10), scratch.at("to"));
    let mut driver = Driver::on(slow(Call::WriteAt, CALL));
    let id = driver.add(&job(&from, &to, Strategy::Buffered), Start::Now);
    driver.add(
        &job(&from, &scratch.at("other"), Strategy::Buffered),
        Start::Queued,
    );
    in_mid_file(&mut driver, id);
    let began = Instant::now();
    driver.leave();
    soon("the door gone: ended", began.elapsed());
    assert!(temporaries(&to).is_empty());
    assert!(!scratch.at("other").exists());
}

#[test]
fn an_engine_that_nobody_reads_copies_all_the_same() {
    let scratch = Scratch::quick();
    let (from, to) = (wide(&scratch, 300), scratch.at("to"));
    let mut driver = Driver::on(Arc::new(Real));
    for number in 0..40 {
        let spec = job(&from, &to.join(format!("{number}")), Strategy::Auto);
        fs::create_dir_all(&to).expect("made");
        driver.send(Request::Add {
            spec: Box::new(spec),
            start: Start::Queued,
        });
        driver.send(Request::PauseAll);
        driver.send(Request::ResumeAll);
    }
    let began = Instant::now();
    while files(&to) < 40 * 300 {
        assert!(began.elapsed() < LONG, "{} files", files(&to));
        std::thread::sleep(Duration::from_millis(50));
    }
    driver.until("all told", |driver| driver.summaries.len() == 40);
    let jobs = driver.shut_down();
    assert!(jobs.iter().all(|job| job.state == JobState::Done));
}

/// Somebody else makes a file of that name after haul has looked.
#[test]
fn a_name_that_appears_during_the_copy_is_not_replaced() {
    for strategy in [Strategy::Buffered, Strategy::Parallel] {
        for conflict in Conflict::ALL {
            let replaces = matches!(conflict, Conflict::Overwrite | Conflict::Newer);
            if replaces && strategy == Strategy::Parallel {
                // A file that went to lanes is not begun again.
                continue;
            }
            let scratch = Scratch::quick();
            let (from, to) = (source(&scratch, 1, 3 << 10), scratch.at("to"));
            let mut driver = Driver::on(slow(Call::RenameNew, Duration::from_millis(300)));
            let mut spec = job(&from, &to, strategy);
            spec.conflict = conflict;
            let id = driver.add(&spec, Start::Now);
            driver.until("begun", |_| {
                to.exists() && fs::read_dir(&to).is_ok_and(|names| names.count() > 0)
            });
            fs::write(to.join("file-0"), "theirs").expect("written");
            set_times(&to.join("file-0"), 1_000, 0);
            let summary = driver.until_ended(id);
            let said = format!("{strategy} {conflict:?}: {summary:?}");
            if replaces {
                assert_same(&from, &to);
            } else {
                let bytes = fs::read(to.join("file-0")).expect("there");
                assert_eq!(bytes, b"theirs", "{said}");
            }
            assert!(temporaries(&to).is_empty(), "{said}");
            let counts = (
                summary.files.copied,
                summary.files.skipped,
                summary.files.conflicts,
            );
            let expected = match conflict {
                Conflict::Skip => (0, 1, 0),
                Conflict::Refuse | Conflict::Ask => (0, 0, 1),
                _ => (1, 0, 0),
            };
            assert_eq!(counts, expected, "{said}");
            if conflict == Conflict::Rename {
                assert_same(&from.join("file-0"), &to.join("file-0_1"));
            }
            driver.shut_down();
        }
    }
}

/// The same for a link, which is a conflict like any other and not a failure.
#[test]
fn a_link_s_name_that_appears_during_the_copy_is_a_conflict() {
    let scratch = Scratch::quick();
    let (from, to) = (scratch.dir("source"), scratch.at("to"));
    std::os::unix::fs::symlink("target", from.join("link")).expect("made");
    let mut driver = Driver::on(slow(Call::RenameNew, Duration::from_millis(300)));
    let id = driver.add(&job(&from, &to, Strategy::Auto), Start::Now);
    driver.until("begun", |_| {
        fs::read_dir(&to).is_ok_and(|names| names.count() > 0)
    });
    fs::write(to.join("link"), "theirs").expect("written");
    let summary = driver.until_ended(id);
    assert_eq!((summary.files.conflicts, summary.files.failed), (1, 0));
    assert_eq!(fs::read(to.join("link")).expect("there"), b"theirs");
    assert_eq!(files(&to), 1);
    driver.shut_down();
}

/// The row of a file in ranges moves with every piece, not by whole ranges.
#[test]
fn a_file_in_ranges_advances_within_them() {
    let scratch = Scratch::quick();
    let (from, to) = (source(&scratch, 1, 16 << 10), scratch.at("to"));
    let mut driver = Driver::on(slow(Call::WriteAt, CALL));
    let mut spec = job(&from, &to, Strategy::Parallel);
    spec.tuning.chunk_size = Some(8 << 20);
    let id = driver.add(&spec, Start::Now);
    let within = |view: &JobView| {
        let mut rows = view.in_flight.iter();
        rows.any(|row| row.done > 0 && row.done % (2 << 20) != 0)
    };
    driver.until_view(id, "within a range", within);
    assert_eq!(driver.until_ended(id).state, JobState::Done);
    driver.shut_down();
    assert_same(&from, &to);
}
