//! Journeys at the keyboard: keys in, state and requests out.

use crate::tui_world::{World, busy_job, failure, job, plan, queue};
use haul::proto::{
    BytePath, Conflict, Event, FailuresBy, FailuresPage, FileId, JobId, JobState, Naming, PlanId,
    Request, Start, Strategy, Update,
};
use haul::sys::count::Counted;
use haul::sys::listing::Kind;
use haul::tui::browse::{Side, SortKey};
use haul::tui::layers::Layer;
use haul::tui::model::{Focus, Phase};
use haul::tui::msg::{Effect, Msg};
use std::path::Path;

fn current(world: &World, side: Side) -> String {
    world
        .model
        .pane(side)
        .current()
        .map(|row| String::from_utf8_lossy(row.name).into_owned())
        .unwrap_or_default()
}

fn added(requests: &[Request]) -> Option<(&haul::proto::JobSpec, Start)> {
    requests.iter().find_map(|request| match request {
        Request::Add { spec, start } => Some((&**spec, *start)),
        _ => None,
    })
}

#[test]
fn marks_then_f5_then_enter_copies_the_marked_into_the_destination() {
    let mut world = World::new(80, 24);
    world.keys("jj<space>j<space><F5>");
    let requests = world.requests();
    assert!(
        matches!(
            &requests[..],
            [Request::Plan {
                plan: PlanId(1),
                ..
            }]
        ),
        "{requests:?}"
    );
    world.keys("<enter>");
    let requests = world.requests();
    assert_eq!(requests[0], Request::DropPlan { plan: PlanId(1) });
    let (spec, start) = added(&requests).expect("a job");
    assert_eq!(start, Start::Now);
    assert_eq!(
        spec.sources,
        [
            BytePath::from("/mnt/nas/ABC/sh010/comp_v012.1001.exr"),
            BytePath::from("/mnt/nas/ABC/sh010/comp_v012.1010.exr"),
        ]
    );
    assert_eq!(spec.dest, BytePath::from("/mnt/fast/ABC/sh010"));
    assert_eq!(spec.naming, Naming::Into);
    assert!(world.model.pane(Side::Source).marks.is_empty());
    assert!(world.model.layers.is_empty());
}

#[test]
fn without_marks_the_entry_under_the_cursor_is_copied_and_f2_queues_it() {
    let mut world = World::new(80, 24);
    world.keys("c<F2>");
    let requests = world.requests();
    let (spec, start) = added(&requests).expect("a job");
    assert_eq!(start, Start::Queued);
    assert_eq!(spec.sources, [BytePath::from("/mnt/nas/ABC/sh010/cache")]);
}

#[test]
fn a_plan_that_is_left_copies_nothing_and_is_dropped() {
    let mut world = World::new(80, 24);
    world.keys("<F5><esc>");
    let requests = world.requests();
    assert_eq!(
        requests.last(),
        Some(&Request::DropPlan { plan: PlanId(1) })
    );
    assert!(added(&requests).is_none());
}

#[test]
fn the_destination_of_a_plan_is_fixed_when_it_opens() {
    let mut world = World::new(80, 24);
    world.keys("<F5>");
    // A late listing takes the pane elsewhere while the plan is open.
    world.model.pane_mut(Side::Dest).path = "/elsewhere".into();
    world.keys("<enter>");
    let requests = world.requests();
    let (spec, _) = added(&requests).expect("a job");
    assert_eq!(spec.dest, BytePath::from("/mnt/fast/ABC/sh010"));
}

#[test]
fn every_field_of_the_plan_can_be_changed() {
    let mut world = World::new(80, 24);
    world.keys("<F5> <right> <down><right><right> <down><right> <down><left> <down><right> <F2>");
    let requests = world.requests();
    let (spec, _) = added(&requests).expect("a job");
    assert_eq!(spec.strategy, Strategy::Baseline);
    assert_eq!(spec.tuning.file_workers, Some(2));
    assert_eq!(spec.tuning.chunk_workers, Some(1));
    assert_eq!(spec.conflict, Conflict::Ask);
    assert_eq!(spec.durability.name(), "file");
}

#[test]
fn what_was_counted_stays_while_another_strategy_is_looked_at() {
    let mut world = World::new(80, 24);
    world.keys("<F5>");
    let mut counted = plan(1);
    counted.is_final = true;
    world.engine(Update::Plan(Box::new(counted)));
    world.keys("<right>");
    let mut fresh = plan(2);
    fresh.found.files = 1;
    fresh.preview.strategy = Strategy::Baseline;
    world.engine(Update::Plan(Box::new(fresh)));
    let Some(Layer::Plan(layer)) = world.model.layers.last() else {
        panic!("no plan");
    };
    assert_eq!(layer.counted.as_ref().expect("counted").found.files, 480);
    assert_eq!(
        layer.preview.as_ref().expect("seen").strategy,
        Strategy::Baseline
    );
    // News of the first count come too late.
    let mut stale = plan(1);
    stale.preview.strategy = Strategy::Sendfile;
    world.engine(Update::Plan(Box::new(stale)));
    let Some(Layer::Plan(layer)) = world.model.layers.last() else {
        panic!("no plan");
    };
    assert_eq!(
        layer.preview.as_ref().expect("seen").strategy,
        Strategy::Baseline
    );
}

#[test]
fn tab_goes_round_source_destination_queue() {
    let mut world = World::new(80, 24);
    let mut seen = Vec::new();
    for _ in 0..4 {
        seen.push(world.model.focus);
        world.keys("<tab>");
    }
    assert_eq!(
        seen,
        [
            Focus::Pane(Side::Source),
            Focus::Pane(Side::Dest),
            Focus::Queue,
            Focus::Pane(Side::Source)
        ]
    );
}

#[test]
fn the_cursor_walks_as_in_vi() {
    let mut world = World::new(80, 24);
    world.keys("G");
    assert_eq!(current(&world, Side::Source), "notes.txt");
    world.keys("gg");
    assert_eq!(current(&world, Side::Source), "cache");
    world.keys("jjk");
    assert_eq!(current(&world, Side::Source), "refs");
    // A broken sequence does not swallow its second key.
    world.keys("gj");
    assert_eq!(current(&world, Side::Source), "comp_v012.1001.exr");
}

#[test]
fn marks_by_pattern_and_inverted() {
    let mut world = World::new(80, 24);
    world.keys("+*.exr<enter>");
    assert_eq!(world.model.pane(Side::Source).marks.len(), 3);
    world.keys("-*1010*<enter>");
    assert_eq!(world.model.pane(Side::Source).marks.len(), 2);
    world.keys("*");
    let pane = world.model.pane(Side::Source);
    assert_eq!(pane.marks.len(), 5);
    let hidden = (0..8).find(|entry| pane.entries.name(*entry) == b".hidden");
    assert!(
        !pane.marks.contains(hidden.expect("there")),
        "what is hidden is not marked"
    );
}

#[test]
fn a_filter_narrows_while_typed_is_kept_by_enter_and_dropped_by_esc() {
    let mut world = World::new(80, 24);
    world.keys("/comp");
    assert_eq!(world.model.pane(Side::Source).shown.len(), 3);
    world.keys("<enter>j");
    assert_eq!(current(&world, Side::Source), "comp_v012.1002.exr");
    world.keys("<esc>");
    assert_eq!(world.model.pane(Side::Source).shown.len(), 7);
    assert_eq!(current(&world, Side::Source), "comp_v012.1002.exr");
}

#[test]
fn letters_in_a_text_field_are_letters() {
    let mut world = World::new(80, 24);
    world.jobs(queue());
    world.keys("/qxpP");
    assert!(world.requests().is_empty());
    assert_eq!(world.model.phase, Phase::Open);
}

#[test]
fn a_paste_goes_into_a_text_field_or_nowhere() {
    let mut world = World::new(80, 24);
    world.jobs(queue());
    world.requests();
    world.send(Msg::Paste("dd\nQ\nyx<F5>q".to_string()));
    assert!(world.requests().is_empty());
    assert!(world.model.layers.is_empty());
    world.keys("/");
    world.send(Msg::Paste("co\nmp\x1b[2J".to_string()));
    let filter = world.model.pane(Side::Source).filter.as_ref();
    assert_eq!(filter.expect("open").input.value(), "comp[2J");
}

#[test]
fn entering_keeps_the_old_rows_until_the_new_ones_come_and_leaving_finds_the_way_back() {
    let mut world = World::new(80, 24);
    world.taken();
    world.keys("j<enter>");
    let effects = world.taken();
    let [Effect::List { path, .. }] = &effects[..] else {
        panic!("{effects:?}");
    };
    assert_eq!(path, Path::new("/mnt/nas/ABC/sh010/refs"));
    assert_eq!(world.model.pane(Side::Source).shown.len(), 7);
    world.list(Side::Source, &[(b"one", Kind::File)]);
    assert_eq!(current(&world, Side::Source), "one");
    world.keys("h");
    world.list(
        Side::Source,
        &[(b"a", Kind::Dir), (b"refs", Kind::Dir), (b"z", Kind::Dir)],
    );
    assert_eq!(current(&world, Side::Source), "refs");
}

#[test]
fn an_answer_for_a_directory_that_was_left_is_dropped() {
    let mut world = World::new(80, 24);
    let old = world.model.pane(Side::Source).generation;
    world.keys("<enter>");
    world.send(Msg::Listing {
        side: Side::Source,
        generation: old,
        result: Err("stale".to_string()),
    });
    assert!(world.model.pane(Side::Source).pending.is_some());
    world.send(Msg::Details {
        side: Side::Source,
        generation: old + 7,
        found: vec![(0, None)],
        complete: false,
    });
}

#[test]
fn a_directory_that_cannot_be_opened_leaves_the_pane_where_it_is() {
    let mut world = World::new(80, 24);
    world.keys("<enter>");
    let generation = world.model.pane(Side::Source).generation;
    world.send(Msg::Listing {
        side: Side::Source,
        generation,
        result: Err("Permission denied".to_string()),
    });
    let pane = world.model.pane(Side::Source);
    assert_eq!(pane.path, Path::new("/mnt/nas/ABC/sh010"));
    assert_eq!(pane.shown.len(), 7);
    let notice = world.model.notice.as_ref().expect("said");
    assert!(notice.bad && notice.text.contains("Permission denied"));
}

#[test]
fn details_are_asked_for_what_is_in_view_and_once() {
    let mut world = World::blank(80, 24);
    let names: Vec<String> = (0..10_000).map(|at| format!("f{at}.mov")).collect();
    let rows: Vec<(&[u8], Kind)> = names
        .iter()
        .map(|name| (name.as_bytes(), Kind::File))
        .collect();
    world.taken();
    world.list(Side::Source, &rows);
    let asked = |world: &mut World| -> usize {
        world
            .taken()
            .iter()
            .map(|effect| match effect {
                Effect::Stat { rows, all, .. } => {
                    assert!(!all);
                    rows.len()
                }
                _ => 0,
            })
            .sum()
    };
    let first = asked(&mut world);
    assert!((5..40).contains(&first), "{first}");
    world.keys("j");
    assert_eq!(asked(&mut world), 0);
    world.keys("G");
    assert_eq!(asked(&mut world), first);
}

#[test]
fn an_order_by_size_asks_for_everything_and_waits_for_it() {
    let mut world = World::new(80, 24);
    world.taken();
    // Only what is not known is asked: two of the rows are out of view.
    world.keys("ss");
    assert_eq!(world.model.pane(Side::Source).sort.key, SortKey::Size);
    world.answer_details();
    assert!(!world.model.pane(Side::Source).sorting);
    let pane = world.model.pane(Side::Source);
    let sizes: Vec<u64> = (0..pane.shown.len())
        .filter_map(|place| pane.at(place))
        .filter(|row| row.kind == Kind::File)
        .filter_map(|row| pane.size_of(&row))
        .collect();
    assert_eq!(sizes.len(), 4);
    assert!(sizes.is_sorted_by(|a, b| a >= b), "{sizes:?}");
    world.keys("sr");
    assert!(world.model.pane(Side::Source).sort.reversed);
}

#[test]
fn directories_are_counted_on_demand_and_forgotten_when_read_again() {
    let mut world = World::new(80, 24);
    world.taken();
    world.keys("d");
    let effects = world.taken();
    assert!(
        matches!(&effects[..], [Effect::Count { names, .. }] if *names == [Box::from(&b"cache"[..])]),
        "{effects:?}"
    );
    let generation = world.model.pane(Side::Source).listed;
    let answer = |bytes, done| Msg::DirSize {
        side: Side::Source,
        generation,
        name: Box::from(&b"cache"[..]),
        counted: Counted {
            files: 3,
            dirs: 0,
            bytes,
            unreadable: 0,
        },
        done,
    };
    world.send(answer(2048, false));
    assert!(world.screen().contains("2.0K+"), "{}", world.screen());
    world.send(answer(4096, true));
    let screen = world.screen();
    assert!(
        screen.contains("4.0K") && !screen.contains("4.0K+"),
        "{screen}"
    );
    world.keys("d");
    assert!(world.taken().is_empty(), "a count is kept");
    world.keys("<C-r>");
    world.list(Side::Source, &[(b"cache", Kind::Dir)]);
    assert!(world.model.pane(Side::Source).sizes.is_empty());
    // The last words of a stopped count change nothing.
    world.send(answer(9999, true));
    assert!(world.model.pane(Side::Source).sizes.is_empty());
}

#[test]
fn pause_resume_and_cancel_name_the_selected_job() {
    let mut world = World::new(80, 24);
    world.jobs(queue());
    world.keys("p");
    assert_eq!(world.requests(), [Request::Pause { job: JobId(1) }]);
    world.keys("<tab><tab>jjp");
    assert_eq!(world.requests(), [Request::Resume { job: JobId(3) }]);
    world.keys("x<enter>");
    assert!(world.requests().is_empty(), "the default is no");
    world.keys("x<right><right><enter>");
    let job = JobId(3);
    let keep_partial = true;
    assert_eq!(world.requests(), [Request::Cancel { job, keep_partial }]);
    assert!(world.screen().contains("NAME.haul-partial"));
    world.keys("x<right><enter>");
    assert_eq!(
        world.requests(),
        [Request::Cancel {
            job: JobId(3),
            keep_partial: false
        }]
    );
    world.keys("xy");
    assert_eq!(
        world.requests(),
        [Request::Cancel {
            job: JobId(3),
            keep_partial: false
        }]
    );
    world.keys("xn x<esc>");
    assert!(world.requests().is_empty());
}

#[test]
fn pause_all_pauses_while_anything_runs_and_resumes_when_nothing_does() {
    let mut world = World::new(80, 24);
    world.jobs(queue());
    world.keys("P");
    assert_eq!(world.requests(), [Request::PauseAll]);
    world.jobs(vec![job(3, JobState::Paused), job(4, JobState::Queued)]);
    world.keys("P");
    assert_eq!(world.requests(), [Request::ResumeAll]);
}

#[test]
fn a_single_file_is_paused_and_given_up_from_the_details() {
    let mut world = World::new(80, 24);
    world.jobs(vec![busy_job(1)]);
    world.keys("<tab><tab><enter>p");
    assert_eq!(world.requests(), [Request::Pause { job: JobId(1) }]);
    world.keys("jjp");
    let file = FileId(2);
    assert_eq!(
        world.requests(),
        [Request::PauseFile {
            job: JobId(1),
            file
        }]
    );
    world.keys("x<enter>x<right><enter>");
    assert_eq!(
        world.requests(),
        [Request::CancelFile {
            job: JobId(1),
            file
        }]
    );
    world.keys("Gjjjjjp");
    assert_eq!(
        world.requests(),
        [Request::ResumeFile {
            job: JobId(1),
            file: FileId(9)
        }]
    );
}

#[test]
fn a_file_that_ends_while_its_question_is_open_does_not_move_the_answer_to_the_job() {
    let mut world = World::new(80, 24);
    world.jobs(vec![busy_job(1)]);
    world.keys("<tab><tab><enter>jx<right>");
    let mut later = busy_job(1);
    later.in_flight.remove(0);
    world.jobs(vec![later]);
    world.keys("<enter>");
    assert!(world.requests().is_empty());
}

#[test]
fn jobs_are_moved_retried_and_removed() {
    let mut world = World::new(80, 24);
    world.jobs(queue());
    world.keys("<tab><tab>JK");
    assert_eq!(
        world.requests(),
        [
            Request::Move {
                job: JobId(1),
                by: 1
            },
            Request::Move {
                job: JobId(1),
                by: -1
            }
        ]
    );
    world.keys("r<del>");
    assert!(world.requests().is_empty(), "the job has not ended");
    world.keys("Gr<del>");
    assert_eq!(
        world.requests(),
        [
            Request::RetryFailed { job: JobId(7) },
            Request::Remove { job: JobId(7) }
        ]
    );
}

#[test]
fn the_selection_stays_with_its_job_when_the_queue_changes() {
    let mut world = World::new(80, 24);
    world.jobs(queue());
    world.keys("<tab><tab>jj");
    let mut jobs = queue();
    jobs.swap(0, 2);
    world.jobs(jobs.clone());
    assert_eq!(world.model.queue.selected, Some(JobId(3)));
    jobs.remove(0);
    world.jobs(jobs);
    assert_eq!(world.model.queue.selected, Some(JobId(2)));
}

#[test]
fn a_new_job_is_selected_whichever_of_event_and_snapshot_comes_first() {
    let mut world = World::new(80, 24);
    world.jobs(vec![job(1, JobState::Running)]);
    world.engine(Update::Event(Event::Added { job: JobId(2) }));
    assert_eq!(world.model.queue.selected, Some(JobId(1)));
    world.jobs(vec![job(1, JobState::Running), job(2, JobState::Queued)]);
    assert_eq!(world.model.queue.selected, Some(JobId(2)));
}

#[test]
fn failures_are_asked_for_by_page_as_they_come_into_view() {
    let mut world = World::new(80, 24);
    let mut failed = job(1, JobState::DoneWithFailures);
    failed.listed = 100_000;
    failed.failed = 100_000;
    world.jobs(vec![failed]);
    world.keys("e");
    let by = FailuresBy::Sequence;
    let page = |from| Request::FailureList {
        job: JobId(1),
        by,
        from,
        limit: 200,
    };
    let answer = |world: &mut World, from: u32| {
        let page = FailuresPage {
            by,
            list: 0,
            of: 100_000,
            folds: Vec::new(),
            from,
            failures: vec![failure("/a/b"); 200],
        };
        world.engine(Update::FailureList {
            job: JobId(1),
            page: Box::new(page),
        });
    };
    assert_eq!(world.requests(), [page(0)]);
    world.keys("jj");
    assert!(world.requests().is_empty(), "asked once");
    answer(&mut world, 0);
    world.keys("G");
    assert_eq!(world.requests(), [page(99_800)]);
    answer(&mut world, 99_800);
    for _ in 0..60 {
        world.keys("<pgup><pgup><pgup><pgup><pgup><pgup><pgup><pgup><pgup><pgup>");
        for request in world.requests() {
            let Request::FailureList { from, .. } = request else {
                panic!("{request:?}");
            };
            answer(&mut world, from);
        }
    }
    let Some(Layer::Errors(errors)) = world.model.layers.last() else {
        panic!("closed");
    };
    let kept = (0..100_000).step_by(200);
    let kept = kept.filter(|at| errors.failure(*at).is_some()).count();
    assert!((1..=8).contains(&kept), "{kept}");
}

#[test]
fn a_finished_job_shows_its_files_in_the_destination_pane() {
    let mut world = World::new(80, 24);
    world.jobs(vec![job(1, JobState::Done)]);
    world.taken();
    world.engine(Update::Event(Event::State {
        job: JobId(1),
        from: JobState::Flushing,
        to: JobState::Done,
    }));
    let effects = world.taken();
    // The other pane may be on the same device: its room is asked for.
    assert!(
        matches!(
            &effects[..],
            [
                Effect::Space {
                    side: Side::Source,
                    ..
                },
                Effect::List {
                    side: Side::Dest,
                    ..
                }
            ]
        ),
        "{effects:?}"
    );
}

/// A job that found no room stands still, and so would the figure.
#[test]
fn the_room_of_the_panes_is_asked_for_when_a_job_pauses() {
    let mut world = World::new(80, 24);
    world.jobs(vec![job(1, JobState::Paused)]);
    world.taken();
    world.engine(Update::Event(Event::State {
        job: JobId(1),
        from: JobState::Pausing,
        to: JobState::Paused,
    }));
    let effects = world.taken();
    let room = |effect: &&Effect| matches!(effect, Effect::Space { .. });
    assert_eq!(effects.iter().filter(room).count(), 2, "{effects:?}");
}

/// "Empty directory" is said of a pane only as long as it is so.
#[test]
fn a_pane_that_shows_nothing_is_read_again_while_a_job_writes_there() {
    let mut world = World::new(80, 24);
    world.jobs(vec![job(1, JobState::Running)]);
    let reads = |world: &mut World, at: u64| {
        world.taken();
        world.send(Msg::Tick(at));
        let effects = world.taken();
        let dest =
            |effect: &Effect| matches!(effect, Effect::List { side, .. } if *side == Side::Dest);
        effects.iter().any(dest)
    };
    assert!(!reads(&mut world, 6_000), "it shows something");
    world.keys("<C-r>");
    world.list(Side::Dest, &[]);
    assert!(reads(&mut world, 12_000));
    world.jobs(vec![job(1, JobState::Paused)]);
    world.list(Side::Dest, &[]);
    world.taken();
    world.send(Msg::Tick(18_000));
    assert!(world.taken().is_empty(), "nothing is written");
    let screen = world.screen();
    assert!(
        screen.contains("empty when read; job 1 writes here"),
        "{screen}"
    );
    // While it is, it is read again at once, and not only when the room is asked.
    world.jobs(vec![job(1, JobState::Running)]);
    for at in [18_600, 19_200] {
        assert!(reads(&mut world, at), "at {at}");
        assert!(!reads(&mut world, at + 100), "one reading at a time");
        world.list(Side::Dest, &[]);
    }
    world.jobs(vec![job(1, JobState::Done)]);
    world.list(Side::Dest, &[]);
    assert!(world.screen().contains("empty directory"));
}

/// Jobs that end while a directory does not answer must not pile up threads at it.
#[test]
fn a_reading_that_does_not_answer_is_not_begun_again_beside_it() {
    let mut world = World::new(80, 24);
    world.jobs(vec![job(1, JobState::Done)]);
    let ends = |world: &mut World| {
        world.taken();
        world.engine(Update::Event(Event::State {
            job: JobId(1),
            from: JobState::Flushing,
            to: JobState::Done,
        }));
        let dest =
            |effect: &Effect| matches!(effect, Effect::List { side, .. } if *side == Side::Dest);
        world.taken().iter().any(dest)
    };
    assert!(ends(&mut world), "it is read");
    assert!(ends(&mut world), "what came since may be missing");
    world.send(Msg::Tick(3_000));
    assert!(!ends(&mut world), "it waits already");
    world.keys("<tab><esc>");
    assert!(ends(&mut world), "given up, it is begun anew");
}

#[test]
fn q_leaves_at_once_without_work_and_asks_with_it() {
    let mut world = World::new(80, 24);
    world.taken();
    world.jobs(vec![job(1, JobState::Done)]);
    world.keys("q");
    assert_eq!(world.taken(), [Effect::Shutdown]);
    assert_eq!(world.model.phase, Phase::Closing);
    world.send(Msg::EngineEnded);
    assert_eq!(world.taken(), [Effect::Exit]);

    let mut world = World::new(80, 24);
    world.taken();
    world.jobs(queue());
    world.keys("q<enter>");
    assert!(world.taken().is_empty(), "the default stays");
    assert_eq!(world.model.phase, Phase::Open);
}

#[test]
fn ctrl_c_never_ends_a_copy_without_a_question_wherever_it_is_pressed() {
    for place in [
        "",
        "<F5>",
        "/a",
        "+a",
        "?",
        "s",
        "<tab><tab><enter>",
        "x",
        "w",
    ] {
        let mut world = World::new(80, 24);
        world.jobs(queue());
        world.keys(place);
        world.taken();
        world.keys("<C-c>");
        assert!(
            matches!(world.model.layers.last(), Some(Layer::Question(_))),
            "{place}"
        );
        world.keys("<C-c><C-c>");
        assert!(world.taken().is_empty(), "{place}");
        assert_eq!(world.model.phase, Phase::Open, "{place}");
    }
}

#[test]
fn leaving_can_wait_for_the_work_and_be_taken_back() {
    let mut world = World::new(80, 24);
    world.jobs(vec![job(1, JobState::Running)]);
    world.taken();
    world.keys("q<right><enter>");
    assert_eq!(world.model.phase, Phase::WhenDone);
    world.keys("q");
    assert_eq!(world.model.phase, Phase::Open);
    world.keys("q<right><enter>");
    world.jobs(vec![job(1, JobState::Done)]);
    assert_eq!(world.taken(), [Effect::Shutdown]);
}

#[test]
fn a_signal_ends_in_order_without_a_question_and_a_second_ctrl_c_at_once() {
    let mut world = World::new(80, 24);
    world.jobs(queue());
    world.taken();
    world.send(Msg::Signal(15));
    assert_eq!(world.taken(), [Effect::Shutdown]);
    assert_eq!(world.model.signal, Some(15));
    world.keys("<C-c>");
    assert_eq!(world.taken(), [Effect::Exit]);
    assert_eq!(
        world.model.signal,
        Some(15),
        "the first signal is the reason"
    );
}

#[test]
fn swapped_panes_take_no_answers_meant_for_the_other_side() {
    let mut world = World::new(80, 24);
    let stale = world.model.pane(Side::Source).listed;
    world.keys("\\");
    assert_eq!(
        world.model.pane(Side::Source).path,
        Path::new("/mnt/fast/ABC/sh010")
    );
    world.send(Msg::Details {
        side: Side::Source,
        generation: stale,
        found: vec![(0, None)],
        complete: false,
    });
    let row = world.model.pane(Side::Source).row(0);
    assert!(!matches!(row.details, haul::tui::browse::Known::Never));
}

#[test]
fn the_other_pane_follows_and_home_is_home() {
    let mut world = World::new(80, 24);
    world.taken();
    world.keys("=~");
    let paths: Vec<_> = world
        .taken()
        .into_iter()
        .filter_map(|effect| match effect {
            Effect::List { side, path, .. } => Some((side, path)),
            _ => None,
        })
        .collect();
    assert_eq!(
        paths,
        [
            (Side::Dest, "/mnt/nas/ABC/sh010".into()),
            (Side::Source, "/home/ana".into())
        ]
    );
}

#[test]
fn esc_stops_a_directory_that_does_not_answer() {
    let mut world = World::new(80, 24);
    world.keys("<enter><esc>");
    let pane = world.model.pane(Side::Source);
    assert!(pane.pending.is_none());
    assert_eq!(pane.shown.len(), 7);
}

#[test]
fn the_key_table_has_every_action_documented() {
    let rows = haul::tui::keys_table();
    assert!(rows.len() > 60);
    for row in &rows {
        assert!(!row.doc.is_empty() && !row.keys.is_empty(), "{row:?}");
        assert!(!row.doc.ends_with('.'), "{row:?}");
    }
}
