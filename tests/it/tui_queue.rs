//! Keys about jobs in the queue: what each asks of the engine and what is shown for it.

use crate::tui_conflicts::unanswered;
use crate::tui_world::{MIB, World, busy_job, failure, job, listed, queue};
use haul::proto::{
    BytePath, EntryState, FailuresBy, FileEntry, FileId, FilesBy, FilesOrder, FilesPage, JobId,
    JobState, Request, Summary, Update,
};
use haul::records::Receipt;
use haul::tui::layers::Layer;
use haul::tui::msg::{Effect, Msg};

/// The queue has the keys, and the job of that state is selected.
fn at(state: JobState) -> World {
    let mut world = World::new(80, 24);
    world.jobs(vec![job(1, state), job(2, JobState::Queued)]);
    world.keys("<tab><tab>gg");
    world.taken();
    world
}

#[test]
fn each_key_asks_for_one_thing() {
    let job = JobId(1);
    for (keys, state, request) in [
        ("!", JobState::Queued, Request::StartNow { job }),
        ("+", JobState::Running, Request::Workers { job, by: 1 }),
        ("-", JobState::Running, Request::Workers { job, by: -1 }),
        ("R", JobState::Done, Request::Duplicate { job }),
        ("X", JobState::Done, Request::RemoveEnded),
        (
            "b20M<enter>",
            JobState::Running,
            Request::Limit {
                job,
                rate: Some(20 << 20),
            },
        ),
        (
            "b1G/s<enter>",
            JobState::Paused,
            Request::Limit {
                job,
                rate: Some(1 << 30),
            },
        ),
        (
            "b<enter>",
            JobState::Queued,
            Request::Limit { job, rate: None },
        ),
    ] {
        let mut world = at(state);
        world.keys(keys);
        assert_eq!(world.requests(), [request], "{keys}");
    }
    for (keys, up) in [("<", true), (">", false)] {
        let mut world = at(JobState::Queued);
        world.keys(&keys.replace('<', "<lt>"));
        let [Request::Move { by, .. }] = world.requests()[..] else {
            panic!("no move by {keys}");
        };
        assert!(by.abs() > 1_000 && (by < 0) == up, "{by}");
    }
}

#[test]
fn keys_that_can_do_nothing_say_why_and_ask_for_nothing() {
    for (keys, state, words) in [
        ("!", JobState::Running, "does not wait in the queue"),
        ("+", JobState::Done, "has ended"),
        ("b", JobState::Done, "has ended"),
        ("r", JobState::Done, "nothing failed"),
        ("C", JobState::Done, "no conflict of job 1 waits"),
        ("e", JobState::Done, "nothing failed"),
    ] {
        let mut world = at(state);
        world.keys(keys);
        assert!(world.requests().is_empty(), "{keys}");
        let screen = world.screen();
        assert!(screen.contains(words), "{keys}: {screen}");
    }
    let mut world = at(JobState::Running);
    world.model.snapshot = {
        let mut one = job(1, JobState::Running);
        one.file_workers = 1;
        std::sync::Arc::new(haul::proto::Snapshot {
            seq: 1,
            jobs: vec![one],
        })
    };
    world.keys("-");
    assert!(world.requests().is_empty());
    assert!(world.screen().contains("one file in flight is the least"));
}

#[test]
fn a_cancelled_job_that_was_cut_short_is_taken_up_again() {
    let mut world = World::new(80, 24);
    let mut cancelled = job(1, JobState::Cancelled);
    (cancelled.found_is_final, cancelled.found.files) = (true, 61);
    cancelled.files_done = 60;
    world.jobs(vec![cancelled.clone()]);
    world.keys("<tab><tab>r");
    assert_eq!(world.requests(), [Request::RetryFailed { job: JobId(1) }]);
    cancelled.files_done = 61;
    world.jobs(vec![cancelled]);
    world.keys("r");
    assert!(world.requests().is_empty(), "all of it was copied");
}

#[test]
fn a_file_cancelled_by_itself_is_no_error_and_is_copied_after_all() {
    let mut world = World::new(80, 24);
    let mut left = job(1, JobState::DoneWithFailures);
    (left.copied, left.cancelled) = (239, 1);
    left.files_done = 240;
    world.jobs(vec![left]);
    let screen = world.screen();
    assert!(
        screen.contains("done, but for 1 file that was cancelled"),
        "{screen}"
    );
    assert!(!screen.contains("see the errors"), "{screen}");
    assert!(!screen.contains("100%"), "{screen}");
    world.keys("<tab><tab><enter>");
    let screen = world.screen();
    assert!(screen.contains("1 cancelled; 3 directories"), "{screen}");
    world.keys("r");
    assert_eq!(world.requests(), [Request::RetryFailed { job: JobId(1) }]);
}

#[test]
fn what_was_not_counted_yet_is_no_zero() {
    let mut world = World::new(80, 24);
    let mut queued = job(1, JobState::Queued);
    (queued.found, queued.found_is_final) = (haul::proto::Totals::default(), false);
    (queued.bytes_copied, queued.files_done) = (0, 0);
    world.jobs(vec![queued]);
    let screen = world.screen();
    assert!(screen.contains("not counted yet"), "{screen}");
    assert!(!screen.contains("0 B of 0 B"), "{screen}");
}

#[test]
fn a_receipt_calls_a_cancelled_file_no_conflict() {
    let mut world = World::new(80, 24);
    let mut receipt = receipt(1);
    receipt.summary.state = JobState::DoneWithFailures;
    let files = &mut receipt.summary.files;
    (files.failed, files.conflicts, files.cancelled) = (0, 0, 1);
    world.keys("H");
    world.send(Msg::History(Ok((vec![receipt], 0))));
    let screen = world.screen();
    assert!(!screen.contains("CONFLICTS"), "{screen}");
    assert!(screen.contains("0 conflicts, 1 cancelled"), "{screen}");
}

#[test]
fn a_cap_that_is_no_size_is_refused_in_words_and_the_present_one_is_shown() {
    let mut world = at(JobState::Running);
    let mut capped = job(1, JobState::Running);
    capped.limit = Some(20 << 20);
    world.jobs(vec![capped]);
    world.keys("b");
    assert!(world.screen().contains("20M"), "{}", world.screen());
    world.keys("<C-u>fast<enter>");
    assert!(
        world.screen().contains("'fast' is not a size"),
        "{}",
        world.screen()
    );
    assert!(world.requests().is_empty());
    world.keys("<esc>");
    assert!(world.model.layers.is_empty());
}

fn files(order: FilesOrder, from: u32, total: u32) -> Update {
    let states = [
        EntryState::Failed,
        EntryState::Copying,
        EntryState::Waiting,
        EntryState::Copied,
    ];
    let entries = (from..total.min(from + 200)).map(|at| FileEntry {
        file: FileId(at),
        path: BytePath::from(format!("comp/frame.{at:07}.exr").as_str()),
        size: u64::from(at) * MIB,
        state: states[at as usize % 4],
    });
    Update::Files {
        job: JobId(1),
        page: Box::new(FilesPage {
            order,
            from,
            total,
            files: entries.collect(),
        }),
    }
}

/// The list of a million files, open.
pub fn million(width: u16, height: u16) -> World {
    let mut world = World::new(width, height);
    world.jobs(vec![busy_job(1)]);
    world.keys("<tab><tab>f");
    world.engine(files(FilesOrder::default(), 0, 1_000_000));
    world.taken();
    world
}

fn asked(world: &mut World) -> Vec<(FilesOrder, u32)> {
    let requests = world.requests().into_iter();
    requests
        .filter_map(|request| match request {
            Request::Files { order, from, .. } => Some((order, from)),
            _ => None,
        })
        .collect()
}

#[test]
fn a_million_files_scroll_by_page() {
    let mut world = million(80, 24);
    assert!(
        world.screen().contains("1 of 1.0M files"),
        "{}",
        world.screen()
    );
    world.keys("G");
    let from = asked(&mut world)[0].1;
    assert!((999_700..1_000_000).contains(&from), "{from}");
    world.engine(files(FilesOrder::default(), from, 1_000_000));
    assert!(
        world.screen().contains("frame.0999999.exr"),
        "{}",
        world.screen()
    );
    let Some(Layer::Files(layer)) = world.model.layers.last() else {
        panic!("no list");
    };
    assert!(
        layer
            .page
            .as_ref()
            .is_some_and(|page| page.files.len() <= 200)
    );
}

#[test]
fn files_are_ordered_turned_round_and_narrowed_by_the_engine() {
    let mut world = million(80, 24);
    world.keys("s");
    let order = asked(&mut world)[0].0.clone();
    assert_eq!((order.by, order.reversed), (FilesBy::Name, false));
    world.keys("sS");
    let order = asked(&mut world).pop().expect("asked").0;
    assert_eq!((order.by, order.reversed), (FilesBy::Size, true));
    // A page of an older order comes too late.
    world.engine(files(FilesOrder::default(), 0, 7));
    assert!(!world.screen().contains("of 7 files"));
    world.keys("/99.EXR");
    let order = asked(&mut world).pop().expect("asked").0;
    assert_eq!(order.filter, "99.EXR");
    world.engine(files(order.clone(), 0, 0));
    assert!(
        world.screen().contains("no path holds that"),
        "{}",
        world.screen()
    );
    world.keys("<enter>");
    assert!(matches!(world.model.layers.last(), Some(Layer::Files(_))));
    // Once for the filter, once for the list.
    world.keys("<esc>");
    assert_eq!(asked(&mut world).pop().expect("asked").0.filter, "");
    world.keys("<esc>");
    assert!(world.model.layers.is_empty());
}

#[test]
fn a_list_on_screen_is_asked_for_again_while_its_job_works() {
    let mut world = million(80, 24);
    world.send(Msg::Tick(500));
    assert_eq!(asked(&mut world), []);
    world.send(Msg::Tick(1_500));
    assert_eq!(asked(&mut world).len(), 1);
    assert!(world.model.needs_ticks());
    world.jobs(vec![job(1, JobState::Paused)]);
    assert!(!world.model.needs_ticks(), "a paused job changes nothing");
}

/// The failures of a job, grouped.
pub fn grouped(width: u16, height: u16) -> World {
    let mut world = World::new(width, height);
    world.jobs(queue());
    world.keys("<tab><tab>Ge<tab>");
    let path = |at| format!("/mnt/nas/ABC/sh005/{at}.db");
    let mut failures: Vec<_> = (0..3).map(|at| failure(&path(at))).collect();
    failures.push(failure("/mnt/nas/ABC/sh006/lock"));
    failures.push(failure("/mnt/nas/ABC/sh007/lock"));
    let page = listed(FailuresBy::Cause, Some(("/mnt/nas/ABC/sh005", 3)), failures);
    world.engine(Update::FailureList {
        job: JobId(7),
        page: Box::new(page),
    });
    world
}

#[test]
fn failures_are_grouped_and_a_group_lists_its_own() {
    let mut world = grouped(80, 24);
    assert!(world.requests().contains(&Request::FailureList {
        job: JobId(7),
        by: FailuresBy::Cause,
        from: 0,
        limit: 200
    }));
    let screen = world.screen();
    assert!(
        screen.contains("3  /mnt/nas/ABC/sh005: Permission denied"),
        "{screen}"
    );
    assert!(screen.contains("/mnt/nas/ABC/sh006/lock:"), "{screen}");
    assert!(!screen.contains("/1.db"), "{screen}");
    world.keys("z");
    let screen = world.screen();
    assert!(
        screen.contains("/sh005/2.db: Permission denied"),
        "{screen}"
    );
}

#[test]
fn a_list_of_failures_is_written_page_by_page() {
    let mut world = World::new(80, 24);
    let mut failed = job(7, JobState::DoneWithFailures);
    failed.failed = 250;
    failed.listed = 250;
    world.jobs(vec![failed]);
    world.keys("<tab><tab>e");
    world.taken();
    world.keys("w");
    let page = |world: &mut World, from: u32, count: usize| {
        world.taken();
        world.engine(Update::Failures {
            job: JobId(7),
            from,
            failures: vec![failure("/a/b"); count],
        });
        let mut parts = world.taken().into_iter().filter_map(|effect| match effect {
            Effect::Export {
                failures,
                begins,
                ends,
                ..
            } => Some((failures.len(), begins, ends)),
            _ => None,
        });
        parts.next()
    };
    assert_eq!(page(&mut world, 0, 200), Some((200, true, false)));
    assert_eq!(page(&mut world, 200, 50), Some((50, false, true)));
    assert_eq!(page(&mut world, 200, 50), None, "it is complete");
    world.send(Msg::Exported(Ok("/state/errors-job-7.txt".into())));
    assert!(world.screen().contains("written: /state/errors-job-7.txt"));
    world.keys("w");
    world.send(Msg::Exported(Err("No space left on device".to_string())));
    assert!(world.screen().contains("not written: No space left"));
}

pub fn receipt(job: u64) -> Receipt {
    let mut view = unanswered(job, 2);
    view.used = busy_job(1).used;
    view.notices = busy_job(1).notices;
    if job.is_multiple_of(2) {
        view.state = JobState::Done;
        (view.conflicts, view.parked) = (0, 0);
    }
    Receipt {
        ended: 1_763_650_800 - job as i64 * 3_600,
        run: 1,
        summary: Summary::of(&view),
    }
}

/// The finished jobs, open.
pub fn history(width: u16, height: u16) -> World {
    let mut world = World::new(width, height);
    world.keys("H");
    world.send(Msg::History(Ok(((1..30).map(receipt).collect(), 1))));
    world
}

#[test]
fn a_job_that_ends_leaves_a_receipt_and_receipts_are_shown() {
    let mut world = World::new(80, 24);
    let summary = Summary::of(&job(1, JobState::Done));
    world.engine(Update::Summary(Box::new(summary.clone())));
    assert_eq!(
        world.taken().last(),
        Some(&Effect::Record(Box::new(summary)))
    );
    world.keys("H");
    assert!(world.taken().contains(&Effect::ReadHistory));
    let mut world = history(80, 24);
    let screen = world.screen();
    assert!(screen.contains("1 of 29 finished jobs"), "{screen}");
    assert!(screen.contains("1 could not be read"), "{screen}");
    assert!(
        screen.contains("231 copied, 0 skipped, 0 failed, 2 conflicts"),
        "{screen}"
    );
    assert!(screen.contains("copy-file-range: 147 files"), "{screen}");
    world.keys("jG<esc>");
    assert!(world.model.layers.is_empty());
    world.keys("H");
    world.send(Msg::History(Err("no home directory\x1b[2J".to_string())));
    let screen = world.screen();
    assert!(screen.contains("no home directory\\x1b[2J"), "{screen}");
}

/// The throughput of a job, open.
pub fn chart(width: u16, height: u16) -> World {
    let mut world = World::new(width, height);
    world.jobs(vec![busy_job(1)]);
    world.keys("<tab><tab>t");
    world.taken();
    world
}

#[test]
fn the_throughput_is_zoomed_for_minutes_and_for_the_whole_run() {
    let mut world = chart(80, 24);
    let screen = world.screen();
    assert!(screen.contains("the last five minutes"), "{screen}");
    assert!(screen.contains("lowest second 311 MiB/s"), "{screen}");
    world.keys("<tab>");
    assert!(
        world
            .requests()
            .contains(&Request::Throughput { job: JobId(1) })
    );
    world.engine(Update::Throughput {
        job: JobId(1),
        seconds: 10,
        rates: (0..500).map(|at| at * MIB).collect(),
    });
    let screen = world.screen();
    assert!(screen.contains("the whole run"), "{screen}");
    assert!(screen.contains("a cell"), "{screen}");
    world.send(Msg::Tick(6_000));
    assert!(
        world
            .requests()
            .contains(&Request::Throughput { job: JobId(1) })
    );
    world.keys("p");
    assert!(world.requests().contains(&Request::Pause { job: JobId(1) }));
}

#[test]
fn an_ended_job_tells_no_present_rate_and_no_time_left() {
    for (state, ended) in [(JobState::Running, false), (JobState::Done, true)] {
        let mut world = World::new(80, 24);
        world.jobs(vec![job(1, state)]);
        world.keys("<tab><tab><enter>");
        let screen = world.screen();
        assert!(screen.contains("398 MiB/s on average"), "{screen}");
        assert_eq!(screen.contains("Time left"), !ended, "{screen}");
        assert_eq!(screen.contains(" now, "), !ended, "{screen}");
    }
}

#[test]
fn letters_of_workers_are_explained_where_there_are_several() {
    let mut world = World::new(80, 50);
    let mut one = busy_job(1);
    for worker in &mut one.workers {
        worker.lane = haul::proto::Lane::Files;
    }
    world.jobs(vec![one.clone()]);
    world.keys("<tab><tab><enter>");
    assert!(!world.screen().contains("W takes"), "{}", world.screen());
    one.workers[0].lane = haul::proto::Lane::Names;
    world.jobs(vec![one]);
    let words = "(W takes files, N gives names)";
    assert!(world.screen().contains(words), "{}", world.screen());
}
