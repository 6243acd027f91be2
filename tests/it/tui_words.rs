//! What a stranger reads: words that say nothing twice, counts that add up, and lines that tell all
//! of what matters.

use crate::tui_conflicts::{parked, unanswered};
use crate::tui_queue::{chart, grouped, receipt};
use crate::tui_world::{World, busy_job, job};
use haul::proto::{BytePath, JobId, JobState, Lack, Lane, Shortage, Update};
use haul::tui::action::ACTIONS;
use haul::tui::action::Context::Panes;
use haul::tui::browse::Side;
use haul::tui::msg::Msg;

/// The details of that job, open.
fn details(width: u16, height: u16, one: haul::proto::JobView) -> World {
    let mut world = World::new(width, height);
    world.jobs(vec![one]);
    world.keys("<tab><tab><enter>");
    world
}

/// The text between the sides of a box, with its lines made one.
fn joined(screen: &str) -> String {
    let lines = screen.lines().map(|line| line.replace(['│', '|'], " "));
    let words: Vec<String> = lines
        .flat_map(|line| {
            line.split_whitespace()
                .map(str::to_string)
                .collect::<Vec<_>>()
        })
        .collect();
    words.join(" ")
}

#[test]
fn the_state_of_a_job_is_said_once() {
    for (state, line) in [
        (JobState::Done, " DONE"),
        (JobState::Running, " RUN"),
        (JobState::Paused, " PAUSED  nothing is written"),
        (
            JobState::Flushing,
            " FLUSH  all is copied, the device is catching up",
        ),
    ] {
        let screen = details(80, 24, job(1, state)).screen();
        assert!(
            screen.lines().any(|row| row.trim_end() == line),
            "{line}\n{screen}"
        );
    }
    // That nothing else is left says a word of its own.
    let screen = details(80, 24, unanswered(1, 2)).screen();
    assert!(
        screen.contains(" WAIT?  done; 2 conflicts wait"),
        "{screen}"
    );
}

#[test]
fn why_a_job_is_paused_is_told_to_its_end() {
    let mut full = job(1, JobState::Paused);
    full.dest = BytePath::from("/mnt/a_rather_long_name_of_a_server/projects/ABC/sh010");
    full.shortage = Some(Shortage {
        lack: Lack::Space,
        free: Some(64 << 20),
    });
    let screen = joined(&details(80, 24, full).screen());
    assert!(screen.contains("64 MiB free on"), "{screen}");
    assert!(screen.contains("goes on when there is room"), "{screen}");
}

#[test]
fn workers_are_counted_from_one_in_each_kind_whatever_their_ids() {
    let mut one = busy_job(1);
    let lanes = [Lane::Files, Lane::Ranges, Lane::Files, Lane::Ranges];
    for (worker, lane) in one.workers.iter_mut().zip(lanes) {
        worker.lane = lane;
    }
    let screen = details(80, 40, one).screen();
    let heads: Vec<&str> = screen
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .filter(|head| ["W", "R"].iter().any(|lane| head.starts_with(lane)) && head.len() == 2)
        .collect();
    assert_eq!(heads, ["W1", "R1", "W2", "R2"], "{screen}");
}

#[test]
fn what_failed_and_is_no_file_is_told_from_the_files() {
    let mut one = job(1, JobState::DoneWithFailures);
    (one.copied, one.failed, one.files_done) = (14, 8, 21);
    let screen = joined(&details(80, 24, one).screen());
    assert!(
        screen.contains("14 copied, 0 skipped, 8 failed (1 of them no file), 0 conflicts"),
        "{screen}"
    );
}

#[test]
fn a_palette_tells_all_of_what_the_highlighted_action_does() {
    for (width, height) in [(80, 24), (60, 15), (200, 50)] {
        let mut told = 0;
        for row in ACTIONS.iter().filter(|row| row.contexts.contains(&Panes)) {
            let mut world = World::new(width, height);
            world.keys(&format!(":{}", row.name));
            let screen = world.screen();
            let highlighted = screen.lines().find_map(|line| line.split_once("| > "));
            let name = highlighted.and_then(|(_, rest)| rest.split_whitespace().nth(1));
            // What has no key has its name first, and of two rows with one name the first is found.
            if name == Some(row.name) && joined(&screen).contains(&format!("{} ", row.doc)) {
                told += 1;
            }
        }
        assert!(told > 40, "{told} at {width}x{height}");
    }
}

#[test]
fn what_is_newer_by_less_than_a_second_is_seen_to_be() {
    let mut world = World::new(80, 24);
    world.jobs(vec![unanswered(4, 1)]);
    world.keys("C");
    let mut one = parked(1);
    one.dest.secs = one.source.secs;
    (one.source.nanos, one.dest.nanos) = (5, 400_000_000);
    one.source.size = 40;
    world.engine(Update::Conflicts {
        job: JobId(4),
        from: 0,
        conflicts: vec![one],
    });
    let screen = world.screen();
    assert!(screen.contains(":00.000000005"), "{screen}");
    assert!(screen.contains(":00.400000000  NEWER"), "{screen}");
    assert!(screen.contains("40 bytes, "), "{screen}");
}

#[test]
fn no_receipt_says_that_work_took_no_time() {
    let mut world = World::new(80, 24);
    let mut short = receipt(1);
    short.summary.elapsed_seconds = 0.4;
    world.keys("H");
    world.send(Msg::History(Ok((vec![short], 0))));
    let screen = world.screen();
    // One word for how it ended, in the row and in the receipt.
    assert_eq!(screen.matches("CONFLICTS").count(), 2, "{screen}");
    assert!(screen.contains("under 1 s of work"), "{screen}");
    assert!(
        screen.contains(" <1s ") && !screen.contains(" 0s"),
        "{screen}"
    );
}

#[test]
fn a_chart_shows_no_more_time_than_there_was() {
    let mut world = chart(80, 24);
    world.keys("<tab>");
    let mut one = busy_job(1);
    one.elapsed_ms = 7_200;
    world.jobs(vec![one]);
    world.engine(Update::Throughput {
        job: JobId(1),
        seconds: 10,
        rates: vec![50 << 20],
    });
    let screen = world.screen();
    assert!(screen.contains(" 7s in view"), "{screen}");
}

#[test]
fn long_names_leave_room_for_the_rest_of_a_plan() {
    let mut world = World::blank(80, 24);
    let names = [[b'a'; 255], [b'b'; 255], [b'c'; 255]];
    let rows: Vec<(&[u8], haul::sys::listing::Kind)> = names
        .iter()
        .map(|name| (name.as_slice(), haul::sys::listing::Kind::File))
        .collect();
    world.list(Side::Source, &rows);
    world.list(Side::Dest, &[]);
    world.keys("*<F5>");
    let screen = world.screen();
    assert!(screen.contains("Durability"), "{screen}");
    assert!(screen.contains("ccc"), "{screen}");
}

#[test]
fn a_name_of_blanks_is_seen_in_the_queue() {
    let mut world = World::new(80, 24);
    let mut one = job(1, JobState::Done);
    one.source = BytePath::from("/src/ ");
    world.jobs(vec![one]);
    assert!(world.screen().contains("\\x20 "), "{}", world.screen());
}

#[test]
fn the_line_of_keys_tells_the_retries_of_a_row_and_of_all_apart() {
    let mut world = grouped(80, 24);
    let mut one = job(7, JobState::DoneWithFailures);
    (one.failed, one.listed) = (3, 3);
    world.jobs(vec![one]);
    let screen = world.screen();
    let keys = screen.lines().last().expect("a line");
    assert!(keys.contains("r retry row  R retry all"), "{screen}");
}

#[test]
fn a_narrow_history_still_says_what_was_copied() {
    let mut world = World::new(60, 15);
    world.keys("H");
    world.send(Msg::History(Ok(((1..4).map(receipt).collect(), 0))));
    let screen = world.screen();
    assert!(screen.contains("comp -> ABC/sh010"), "{screen}");
}

#[test]
fn a_receipt_keeps_the_arrow_and_how_many_more() {
    let mut world = World::new(80, 24);
    let mut long = receipt(1);
    long.summary.source = BytePath::from("/src/a_rather_long_name_of_a_movie.mov");
    long.summary.sources = 3;
    world.keys("H");
    world.send(Msg::History(Ok((vec![long], 0))));
    let screen = world.screen();
    let row = screen.lines().nth(3).expect("a row");
    assert!(
        row.contains(" +2 -> ") && row.contains("sh010 "),
        "{screen}"
    );
}

#[test]
fn a_narrow_task_says_its_counts_to_the_end() {
    let mut world = World::new(64, 24);
    let mut one = busy_job(1);
    (one.failed, one.conflicts) = (3, 2);
    world.jobs(vec![one]);
    let screen = world.screen();
    assert!(
        screen.contains("copied 10.5G/17.0G  on device 8.0G  files 147/240  3 failed"),
        "{screen}"
    );
}

#[test]
fn a_job_that_never_began_has_no_figures() {
    for (state, words) in [
        (JobState::Paused, "not counted yet"),
        (JobState::Cancelled, "was not counted"),
    ] {
        let mut world = World::new(80, 24);
        let mut one = job(1, state);
        (one.found, one.found_is_final) = (haul::proto::Totals::default(), false);
        (one.bytes_copied, one.files_done, one.copied) = (0, 0, 0);
        world.jobs(vec![one]);
        let screen = world.screen();
        assert!(screen.contains(words), "{screen}");
        assert!(
            !screen.contains("0/0") && !screen.contains("0%"),
            "{screen}"
        );
        assert!(!screen.contains("0 B+"), "{screen}");
    }
}

#[test]
fn the_last_files_of_many_are_not_rounded_away() {
    for (done, all, words) in [
        (3_000, 3_002, "files 3000/3002"),
        (602_001, 602_003, "files 2 left"),
        (147, 240, "files 147/240"),
        (3_002, 3_002, "files 3.0k/3.0k"),
    ] {
        let mut world = World::new(80, 24);
        let mut one = job(1, JobState::Running);
        (one.files_done, one.found.files) = (done, all);
        world.jobs(vec![one]);
        let screen = world.screen();
        assert!(screen.contains(words), "{words}\n{screen}");
        world.keys("<tab><tab><enter>");
        let screen = joined(&world.screen());
        assert!(
            screen.contains(&format!("{done} finished of {all}:")),
            "{screen}"
        );
    }
}

#[test]
fn one_job_is_not_called_them() {
    for (jobs, words) in [(1, "cancels it."), (2, "cancels them.")] {
        let mut world = World::new(80, 24);
        world.jobs((1..=jobs).map(|id| job(id, JobState::Running)).collect());
        world.keys("q");
        let screen = world.screen();
        assert!(screen.contains(words), "{screen}");
    }
}
