//! What the screen must never show, whatever the names, the size and the figures.

use crate::tui_conflicts::parked;
use crate::tui_queue::receipt;
use crate::tui_world::{World, busy_job, failure, job, listed, plan, queue};
use haul::config::Binding;
use haul::proto::{
    BytePath, ConflictSample, EntryState, ErrorClass, FailureFold, FailuresBy, FailuresPage,
    FileEntry, FileId, FilesOrder, FilesPage, JobId, JobState, Mark, Update,
};
use haul::sys::listing::Kind;
use haul::tui::browse::Side;
use haul::tui::keymap::Keymap;
use haul::tui::layers::MountRow;
use haul::tui::msg::Msg;

#[test]
fn below_the_smallest_size_one_line_says_how_it_stands() {
    let mut world = World::new(39, 10);
    world.jobs(vec![busy_job(1)]);
    let screen = world.screen();
    assert_eq!(screen.trim_end(), "61% RUN 402M/s ~18s");
}

/// Names made to act on a terminal, to hide, or to look like another.
const HOSTILE: [&[u8]; 9] = [
    b"\x1b]52;c;ZXZpbA==\x07",
    b"\x1b[2J\x1b[31mred",
    b"bell\x07\x08\x7f",
    b"new\nline\r\ttab",
    "\u{202e}exe.txt\u{2066}".as_bytes(),
    "c1\u{9b}2J\u{85}".as_bytes(),
    "zero\u{200b}width\u{200d}\u{feff}".as_bytes(),
    b"invalid\xff\xfe\x9b31m",
    b" ",
];

fn hostile_world(width: u16, height: u16) -> World {
    let mut world = World::blank(width, height);
    let names: Vec<(&[u8], Kind)> = HOSTILE.iter().map(|name| (*name, Kind::File)).collect();
    world.list(Side::Source, &names);
    world.list(Side::Dest, &names);
    world.answer_details();
    let evil = BytePath::from_bytes(&HOSTILE.concat());
    let text = "\x1b[2J\u{202e}\u{9b}reason\x07".to_string();
    let mut bad = busy_job(1);
    bad.source = evil.clone();
    bad.dest = evil.clone();
    bad.listed = 3;
    bad.parked = 1;
    bad.conflicts = 1;
    bad.failed = 3;
    for worker in &mut bad.workers {
        worker.path = Some(evil.clone());
    }
    for file in &mut bad.in_flight {
        file.path = evil.clone();
    }
    for used in &mut bad.used {
        used.reason.clone_from(&text);
    }
    for notice in &mut bad.notices {
        notice.text.clone_from(&text);
    }
    let mut failed = failure("x");
    failed.path = evil;
    failed.reason = text;
    bad.last_failure = Some(failed);
    world.jobs(vec![bad]);
    world
}

fn assert_plain(screen: &str, scene: &str) {
    for character in screen.chars().filter(|character| *character != '\n') {
        let acts = character.is_control()
            || matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
                | '\u{2066}'..='\u{2069}' | '\u{feff}');
        assert!(!acts, "{scene}: {character:?} reached a cell");
    }
}

#[test]
fn hostile_names_reach_no_cell_in_any_screen() {
    let scenes = [
        "",
        "<tab>",
        "<tab><tab>",
        "w",
        "<F5>",
        "<enter>",
        "/a",
        "<space><space>",
        "+",
        "?",
        "<C-c>",
        "x",
        "<tab><tab><enter>",
        "<tab><tab><enter>jj",
        "<tab><tab><enter>jx",
        "e",
        "d",
        "l",
        "C",
        "H",
        "'",
        ":",
        "s",
        "i",
        "G<F6>",
        "<F7>x<enter>",
        "fx",
        "<C-t>",
        "<tab><tab>f",
        "<tab><tab>t",
        "<tab><tab>b",
        "<tab><tab>e<tab>",
    ];
    for ascii in [true, false] {
        for (width, height) in [(40, 10), (80, 24), (200, 50), (30, 5)] {
            for scene in scenes {
                let mut world = hostile_world(width, height);
                world.model.look.ascii = ascii;
                world.keys(scene);
                let mut plan = plan(1);
                let evil = BytePath::from_bytes(&HOSTILE.concat());
                plan.samples = vec![ConflictSample {
                    path: evil.clone(),
                    source_size: 1,
                    dest_size: 2,
                    newer: Mark::Same,
                }];
                plan.preview.reason = "\x1b]0;x\x07".to_string();
                plan.preview.source_fs = "\u{202e}".to_string();
                let mut problem = failure("x");
                problem.path = evil.clone();
                plan.problems = vec![problem.clone()];
                world.engine(Update::Plan(Box::new(plan)));
                problem.reason = "\x1b[5n".to_string();
                let page = listed(FailuresBy::Sequence, None, vec![problem; 3]);
                world.engine(Update::FailureList {
                    job: JobId(1),
                    page: Box::new(page),
                });
                hostile_answers(&mut world);
                assert_plain(&world.screen(), scene);
            }
        }
    }
}

/// Whatever else was asked for is answered with names and words of the same kind.
fn hostile_answers(world: &mut World) {
    let evil = BytePath::from_bytes(&HOSTILE.concat());
    let words = "\x1b[2J\u{202e}\u{9b}reason\x07".to_string();
    let mut parked = parked(1);
    parked.path = evil.clone();
    let mut receipt = receipt(1);
    receipt.summary.source = evil.clone();
    receipt.summary.dest = evil.clone();
    for notice in &mut receipt.summary.notices {
        notice.text.clone_from(&words);
    }
    for used in &mut receipt.summary.strategies {
        used.reason.clone_from(&words);
    }
    world.send(Msg::History(Ok((vec![receipt], 0))));
    world.send(Msg::Mounts {
        side: Side::Source,
        mounts: vec![MountRow {
            point: evil.clone(),
            kind: words.clone(),
            free: None,
        }],
    });
    world.send(Msg::Edited {
        side: Side::Source,
        path: "/mnt/nas/ABC/sh010".into(),
        from: None,
        name: HOSTILE.concat().into(),
        result: Err(words.clone()),
    });
    let file = FileEntry {
        file: FileId(1),
        path: evil.clone(),
        size: 1,
        state: EntryState::Failed,
    };
    let mut failed = failure("x");
    failed.path = evil.clone();
    failed.reason.clone_from(&words);
    let list = FailuresPage {
        by: FailuresBy::Cause,
        list: 0,
        of: 3,
        folds: vec![FailureFold {
            path: Some(evil),
            class: ErrorClass::Permission,
            reason: words.clone(),
            count: 2,
            first: 0,
        }],
        from: 0,
        failures: vec![failed; 3],
    };
    let job = JobId(1);
    for update in [
        Update::Conflicts {
            job,
            from: 0,
            conflicts: vec![parked],
        },
        Update::Files {
            job,
            page: Box::new(FilesPage {
                order: FilesOrder::default(),
                from: 0,
                total: 1,
                files: vec![file],
            }),
        },
        Update::FailureList {
            job,
            page: Box::new(list),
        },
    ] {
        world.engine(update);
    }
    assert_plain(&world.screen(), "answered");
    // What is said of it for a while, without what is open above.
    world.send(Msg::Trouble(words));
    assert_plain(&world.screen(), "in trouble");
}

#[test]
fn names_that_differ_look_different() {
    let mut world = World::blank(100, 40);
    let names: [&[u8]; 8] = [
        b"a\x1b",
        b"a\\x1b",
        b"a\x9b",
        "a\u{9b}".as_bytes(),
        b"a",
        b"a ",
        b"a  ",
        "a\u{200b}".as_bytes(),
    ];
    let rows: Vec<(&[u8], Kind)> = names.iter().map(|name| (*name, Kind::File)).collect();
    world.list(Side::Source, &rows);
    let screen = world.screen();
    let mut shown: Vec<&str> = screen
        .lines()
        .filter_map(|line| line.split('|').next())
        .map(|line| line.trim_start_matches('>').trim())
        .filter(|line| line.starts_with('a'))
        .collect();
    assert_eq!(shown.len(), names.len(), "{screen}");
    shown.sort_unstable();
    shown.dedup();
    assert_eq!(shown.len(), names.len(), "{screen}");
}

#[test]
fn no_size_panics_in_any_screen() {
    let scenes = [
        "",
        "<tab>",
        "<tab><tab>",
        "w",
        "<F5>",
        "/x",
        "+*.exr",
        "?",
        "s",
        "<C-c>",
        "xl",
        "<tab><tab><enter>jj<pgdn>",
        "<tab><tab>Ge<pgdn>",
        "?G",
    ];
    for scene in scenes {
        let mut world = World::new(80, 24);
        world.jobs(queue());
        world.keys(scene);
        world.engine(Update::Plan(Box::new(plan(1))));
        for (width, height) in [
            (0, 0),
            (0, 9),
            (9, 0),
            (1, 1),
            (2, 30),
            (39, 9),
            (40, 10),
            (41, 11),
            (59, 15),
            (60, 16),
            (76, 20),
            (119, 34),
            (120, 35),
            (500, 200),
            (500, 1),
            (1, 500),
        ] {
            world.send(haul::tui::msg::Msg::Resize(width, height));
            world.keys("<pgdn>k");
            world.screen();
        }
    }
}

#[test]
fn figures_without_anything_known_are_dashes_and_nothing_divides_by_zero() {
    let mut world = World::new(120, 40);
    let mut empty = job(1, JobState::Running);
    empty.found = haul::proto::Totals::default();
    empty.bytes_copied = 0;
    empty.files_done = 0;
    empty.copied = 0;
    empty.rate = None;
    empty.eta = None;
    empty.history = vec![0; 5];
    empty.workers = busy_job(1).workers;
    for worker in &mut empty.workers {
        worker.size = 0;
        worker.offset = 0;
    }
    world.jobs(vec![empty]);
    let screen = world.screen();
    for wrong in ["NaN", "inf", "-1"] {
        assert!(!screen.contains(wrong), "{screen}");
    }
    assert!(screen.contains("0%"), "{screen}");
}

#[test]
fn a_running_job_never_says_a_hundred_percent() {
    let mut world = World::new(80, 24);
    let mut full = job(1, JobState::Running);
    full.bytes_copied = full.found.bytes;
    world.jobs(vec![full]);
    let screen = world.screen();
    assert!(
        screen.contains("99%") && !screen.contains("100%"),
        "{screen}"
    );
}

#[test]
fn a_hung_directory_says_how_long_it_has_not_answered() {
    let mut world = World::blank(80, 24);
    world.send(haul::tui::msg::Msg::Tick(7_000));
    let screen = world.screen();
    assert!(screen.contains("no answer for 7s"), "{screen}");
}

#[test]
fn sentences_name_the_keys_that_there_are() {
    let binding = |action: &str, keys: &[&str]| Binding {
        place: None,
        action: action.to_string(),
        keys: keys.iter().map(|key| (*key).to_string()).collect(),
    };
    let rebound = [
        binding("mark", &["m"]),
        binding("copy", &["<F9>"]),
        binding("hidden", &[]),
        binding("answer-skip-all", &["<F2>"]),
    ];
    let keymap = Keymap::configured(&rebound).expect("no two on one key");
    let mut world = World::blank(80, 24);
    world.model.keymap = keymap.clone();
    world.list(Side::Source, &[(b".profile", Kind::File)]);
    let screen = world.screen();
    assert!(
        screen.contains("mark entries with m, then F9 plans"),
        "{screen}"
    );
    assert!(
        screen.contains("1 entry hidden; :hidden shows it"),
        "{screen}"
    );
    world.keys("p");
    let screen = world.screen();
    assert!(screen.contains("mark something, then F9 plans"), "{screen}");
    let mut world = crate::tui_conflicts::open(80, 24);
    world.model.keymap = keymap;
    let screen = world.screen();
    assert!(screen.contains("F2/O/N/R for all"), "{screen}");
}
