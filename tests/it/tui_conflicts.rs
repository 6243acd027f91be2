//! The list of conflicts that wait: what it shows, and what each key asks of the engine.

use crate::tui_world::{MIB, World, job};
use haul::proto::{
    BytePath, Conflict, EntryKind, Facts, FileId, JobId, JobState, JobView, Parked, Request, Update,
};
use haul::tui::layers::Layer;
use haul::tui::msg::Effect;

/// An ended job of which so many conflicts wait.
pub fn unanswered(id: u64, parked: u64) -> JobView {
    let mut view = job(id, JobState::DoneWithFailures);
    view.conflicts = parked;
    view.parked = parked;
    view.copied = 231;
    view
}

pub fn parked(file: u32) -> Parked {
    let facts = |size: u64, secs: i64| Facts {
        kind: EntryKind::File,
        size,
        secs,
        nanos: 0,
    };
    let older = i64::from(file % 3) - 1;
    Parked {
        file: FileId(file),
        path: BytePath::from(format!("/mnt/fast/ABC/sh010/comp_v012.{}.exr", 1000 + file).as_str()),
        source: facts(47 * MIB + u64::from(file), 1_763_650_800),
        dest: facts(44 * MIB, 1_763_650_800 + older * 86_400),
    }
}

/// The list of a job with three that wait, open.
pub fn open(width: u16, height: u16) -> World {
    let mut world = World::new(width, height);
    world.jobs(vec![unanswered(4, 3)]);
    world.keys("C");
    page(&mut world, 0..3);
    world.taken();
    world
}

fn page(world: &mut World, files: std::ops::Range<u32>) {
    world.engine(Update::Conflicts {
        job: JobId(4),
        from: files.start,
        conflicts: files.map(parked).collect(),
    });
}

fn answers(world: &mut World) -> Vec<(Option<u32>, Conflict)> {
    let requests = world.requests().into_iter();
    requests
        .filter_map(|request| match request {
            Request::Answer { file, with, .. } => Some((file.map(|file| file.0), with)),
            _ => None,
        })
        .collect()
}

#[test]
fn each_key_answers_the_highlighted_conflict_and_goes_on_to_the_next() {
    let mut world = open(80, 24);
    world.keys("o");
    assert_eq!(answers(&mut world), [(Some(0), Conflict::Overwrite)]);
    // The answered one is off the list at once: the same key is about the next.
    world.keys("s");
    assert_eq!(answers(&mut world), [(Some(1), Conflict::Skip)]);
    world.keys("r");
    assert_eq!(answers(&mut world), [(Some(2), Conflict::Rename)]);
    // Nothing is left to answer until the engine says otherwise.
    world.keys("n");
    assert_eq!(answers(&mut world), []);
    world.jobs(vec![unanswered(4, 0)]);
    assert!(world.model.layers.is_empty(), "the list closes by itself");
}

#[test]
fn all_at_once_asks_before_anything_is_replaced_and_its_default_replaces_nothing() {
    for (key, with) in [("O", Conflict::Overwrite), ("N", Conflict::Newer)] {
        let mut world = open(80, 24);
        world.keys(key);
        let screen = world.screen();
        assert!(screen.contains("3 conflicts wait in job 4"), "{screen}");
        assert!(screen.contains("[>No, touch nothing<]"), "{screen}");
        world.keys("<enter>");
        assert_eq!(answers(&mut world), []);
        world.keys(key);
        world.keys("y");
        assert_eq!(answers(&mut world), [(None, with)]);
    }
    for (key, with) in [("S", Conflict::Skip), ("R", Conflict::Rename)] {
        let mut world = open(80, 24);
        world.keys(key);
        assert_eq!(answers(&mut world), [(None, with)], "nothing is lost by it");
        assert!(world.model.layers.is_empty());
    }
}

#[test]
fn enter_and_escape_answer_nothing() {
    for key in ["<enter>", "<esc>", "q"] {
        let mut world = open(80, 24);
        world.keys(key);
        assert!(world.model.layers.is_empty(), "{key}");
        assert_eq!(answers(&mut world), []);
    }
}

#[test]
fn a_long_list_is_asked_for_by_page_as_it_scrolls() {
    let mut world = World::new(80, 24);
    world.jobs(vec![unanswered(4, 100_000)]);
    world.taken();
    world.keys("CG");
    let asked: Vec<u32> = world
        .taken()
        .into_iter()
        .filter_map(|effect| match effect {
            Effect::Send(Request::Conflicts { from, limit, .. }) => {
                assert!(limit <= 200);
                Some(from)
            }
            _ => None,
        })
        .collect();
    assert_eq!(asked.len(), 2, "the first page, and the last: {asked:?}");
    let from = asked[1];
    assert!((99_700..99_999).contains(&from), "{from}");
    page(&mut world, from..100_000);
    let screen = world.screen();
    assert!(screen.contains("100000 of 100k that wait"), "{screen}");
    assert!(screen.contains(".100999.exr"), "{screen}");
    let Some(Layer::Conflicts(layer)) = world.model.layers.last() else {
        panic!("no list");
    };
    assert!(layer.rows.len() <= 300);
}

#[test]
fn a_job_that_only_waits_says_so_and_leaving_asks() {
    let mut world = World::new(80, 24);
    world.jobs(vec![unanswered(4, 1)]);
    world.keys("<tab><tab>");
    let screen = world.screen();
    assert!(screen.contains("WAIT?"), "{screen}");
    assert!(
        screen.contains("done; 1 conflict waits for your answer"),
        "{screen}"
    );
    assert!(screen.contains("?1 to answer"), "{screen}");
    assert!(screen.contains("C conflicts"), "{screen}");
    world.keys("r");
    assert!(world.requests().is_empty(), "nothing failed");
    world.keys("q");
    let screen = world.screen();
    assert!(
        screen.contains("1 conflict waits for an answer."),
        "{screen}"
    );
    world.keys("<enter>");
    assert!(!world.taken().contains(&Effect::Shutdown));
    world.keys("qy");
    assert!(world.taken().contains(&Effect::Shutdown));
}

/// A bar that is full beside hundreds of questions says that nothing is left to do.
#[test]
fn a_job_that_waits_for_answers_is_not_a_hundred_percent_done() {
    let mut world = World::new(80, 24);
    let mut all = unanswered(1, 240);
    (all.files_done, all.copied) = (240, 0);
    let mut some = unanswered(2, 12);
    some.files_done = 240;
    world.jobs(vec![all, some]);
    let screen = world.screen();
    let row = |job: &str| {
        let found = screen.lines().find(|line| line.contains(job));
        found.expect("its row").to_owned()
    };
    assert!(row("1 WAIT?").contains(" 0%"), "{screen}");
    assert!(row("2 WAIT?").contains(" 96%"), "{screen}");
    assert!(!screen.contains("100%"), "{screen}");
}

#[test]
fn an_empty_source_over_a_file_that_is_not_is_pointed_out() {
    let mut world = open(80, 24);
    assert!(!world.screen().contains("EMPTY"), "{}", world.screen());
    let mut empty = parked(0);
    empty.source.size = 0;
    world.engine(Update::Conflicts {
        job: JobId(4),
        from: 0,
        conflicts: vec![empty],
    });
    assert!(world.screen().contains("EMPTY"), "{}", world.screen());
}

#[test]
fn failures_beside_conflicts_that_wait_hide_neither() {
    let mut world = World::new(80, 24);
    let mut job = unanswered(4, 3);
    (job.failed, job.listed) = (1, 1);
    world.jobs(vec![job]);
    let screen = world.screen();
    assert!(
        screen.contains("done but for errors, and 3 conflicts wait"),
        "{screen}"
    );
}
