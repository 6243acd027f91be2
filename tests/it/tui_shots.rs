//! Sequences in the panes: folded, unfolded, marked, filtered, ordered, and what is said of them.

use crate::tui_world::{World, busy_job, failure, listed, plan};
use haul::proto::{
    BytePath, FailuresBy, FaultyShot, JobId, JobShots, PlanShots, Request, ShotRow, Update,
};
use haul::sys::listing::Kind;
use haul::tui::browse::{Item, Side};

/// A shot with a gap, an empty and a cut frame, a whole one, tiles, and names that are no frames.
pub fn shots(width: u16, height: u16) -> World {
    let mut world = World::blank(width, height);
    let mut names: Vec<String> = (1001..=1240)
        .map(|at| format!("comp_v012.{at}.exr"))
        .collect();
    names.extend(
        (1001..=1240)
            .filter(|at| ![1050, 1051, 1200].contains(at))
            .map(|at| format!("plate_bg.{at}.dpx")),
    );
    names.extend((1..=24).map(|at| format!("a_rather_long_name_of_a_cache_v003.{at:04}.bgeo.sc")));
    for name in [
        "tex.1001.tx",
        "tex.1011.tx",
        "notes.txt",
        "take_1.mov",
        "take_2.mov",
        ".roto.1.exr",
        ".roto.2.exr",
    ] {
        names.push(name.to_string());
    }
    let mut rows: Vec<(&[u8], Kind)> = names
        .iter()
        .map(|name| (name.as_bytes(), Kind::File))
        .collect();
    rows.push((b"cache", Kind::Dir));
    world.list(Side::Source, &rows);
    world.list(Side::Dest, &[]);
    world.answer_details();
    world
}

fn rows(world: &World) -> Vec<String> {
    let pane = world.model.pane(Side::Source);
    pane.shown
        .iter()
        .map(|item| match item {
            Item::Fold(fold) => {
                let (head, numbers, tail) = pane.entries.label(*fold);
                let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
                format!("{}{numbers}{}", text(head), text(tail))
            }
            Item::Entry(entry) => String::from_utf8_lossy(pane.entries.name(*entry)).into_owned(),
        })
        .collect()
}

#[test]
fn sequences_are_one_row_each_and_everything_else_is_itself() {
    let world = shots(80, 24);
    assert_eq!(
        rows(&world),
        [
            "cache",
            "a_rather_long_name_of_a_cache_v003.[0001-0024].bgeo.sc",
            "comp_v012.[1001-1240].exr",
            "notes.txt",
            "plate_bg.[1001-1240].dpx",
            "take_1.mov",
            "take_2.mov",
            "tex.[1001,1011].tx",
        ]
    );
}

#[test]
fn z_lists_the_frames_of_one_sequence_and_folds_them_again() {
    let mut world = shots(80, 24);
    world.keys("jjz");
    assert_eq!(rows(&world).len(), 8 + 240);
    assert_eq!(rows(&world)[3], "comp_v012.1001.exr");
    world.keys("jjj");
    // On a frame, too: the cursor goes to the row that stands for it.
    world.keys("z");
    assert_eq!(rows(&world).len(), 8);
    assert_eq!(world.model.pane(Side::Source).cursor, 2);
    world.keys("<enter>");
    assert_eq!(
        rows(&world).len(),
        8 + 240,
        "Enter opens a sequence as well"
    );
    world.keys("Z");
    assert_eq!(rows(&world).len(), 240 + 237 + 24 + 2 + 3 + 1);
    world.keys("Z");
    assert_eq!(rows(&world).len(), 8);
}

#[test]
fn marking_a_sequence_marks_its_members_and_the_copy_gets_their_exact_names() {
    let mut world = shots(80, 24);
    world.keys("/plate<enter><space><F5>");
    let requests = world.requests();
    let Some(Request::Plan { spec, .. }) = requests.last() else {
        panic!("{requests:?}");
    };
    let expected: Vec<BytePath> = (1001..=1240)
        .filter(|at| ![1050, 1051, 1200].contains(at))
        .map(|at| BytePath::from(format!("/mnt/nas/ABC/sh010/plate_bg.{at}.dpx").as_str()))
        .collect();
    assert_eq!(spec.sources, expected);
}

#[test]
fn some_frames_of_a_sequence_can_be_marked_and_the_row_says_so() {
    let mut world = shots(80, 24);
    world.keys("+*.110?.exr<enter>");
    let pane = world.model.pane(Side::Source);
    assert_eq!(pane.marks.len(), 10);
    assert_eq!(
        pane.marked_under(Item::Fold(pane.entries.fold_of(0).expect("a frame"))),
        10
    );
    let screen = world.screen();
    assert!(
        screen.contains("\n ~") && screen.contains("012.[1001-1240].exr !2"),
        "{screen}"
    );
    // Space makes it all of them, then none.
    world.keys("jj<space>");
    assert_eq!(world.model.pane(Side::Source).marks.len(), 240);
    world.keys("k<space>");
    assert!(world.model.pane(Side::Source).marks.is_empty());
}

#[test]
fn inverting_marks_each_name_once_whatever_is_unfolded() {
    let mut world = shots(80, 24);
    world.keys("jjz*");
    let pane = world.model.pane(Side::Source);
    assert_eq!(
        pane.marks.len(),
        pane.entries.len() - 2,
        "all but the hidden ones"
    );
    world.keys("*");
    assert!(world.model.pane(Side::Source).marks.is_empty());
}

#[test]
fn a_filter_finds_a_sequence_by_its_label_or_by_one_of_its_frames() {
    let mut world = shots(80, 24);
    world.keys("/cmpv012<enter>");
    assert_eq!(rows(&world), ["comp_v012.[1001-1240].exr"]);
    world.keys("<esc>/bg.1107<enter>");
    assert_eq!(rows(&world), ["plate_bg.[1001-1240].dpx"]);
    world.keys("z");
    assert_eq!(
        rows(&world),
        ["plate_bg.[1001-1240].dpx", "plate_bg.1107.dpx"]
    );
}

#[test]
fn a_sequence_is_ordered_by_what_its_members_are_together() {
    let mut world = shots(80, 24);
    world.keys("ss");
    world.answer_details();
    assert_eq!(rows(&world)[2], "comp_v012.[1001-1240].exr");
    world.keys("sr");
    assert_eq!(rows(&world)[1], "notes.txt");
}

#[test]
fn what_was_marked_or_unfolded_stays_when_the_directory_is_read_again_and_when_it_is_left() {
    let mut world = shots(80, 24);
    world.keys("jjz<space><C-r>");
    let names: Vec<String> = (1001..=1241)
        .map(|at| format!("comp_v012.{at}.exr"))
        .collect();
    let mut again: Vec<(&[u8], Kind)> = names
        .iter()
        .map(|name| (name.as_bytes(), Kind::File))
        .collect();
    again.push((b"cache", Kind::Dir));
    world.list(Side::Source, &again);
    let pane = world.model.pane(Side::Source);
    assert_eq!(
        pane.marks.len(),
        240,
        "a frame that came since is not marked"
    );
    assert_eq!(pane.shown.len(), 2 + 241);
    world.keys("gg<enter>");
    world.list(Side::Source, &[(b"x", Kind::File)]);
    assert!(world.model.pane(Side::Source).marks.is_empty());
    world.keys("h");
    world.list(Side::Source, &again);
    assert_eq!(world.model.pane(Side::Source).marks.len(), 240);
}

#[test]
fn troubles_are_said_in_words_and_give_way_in_steps() {
    let wide = shots(200, 50);
    let screen = wide.screen();
    assert!(screen.contains("empty 1107, odd size 1120"), "{screen}");
    assert!(
        screen.contains("missing 1050-1051,1200, empty 1107, odd size 1120"),
        "{screen}"
    );
    let usual = shots(100, 24);
    let screen = usual.screen();
    assert!(screen.contains("plate_bg.[1001-1240].dpx"), "{screen}");
    for (width, height) in [(80, 24), (40, 10)] {
        let world = shots(width, height);
        let screen = world.screen();
        assert!(screen.contains("bg.[1001-1240].dpx"), "{screen}");
        assert!(screen.contains("!5 237"), "{screen}");
        assert!(
            !screen.contains("tex.[1001,1011].tx !"),
            "tiles are not missing\n{screen}"
        );
        assert!(
            screen.contains(".[0001-0024].bgeo.sc"),
            "numbers and extension stay\n{screen}"
        );
    }
}

#[test]
fn the_plan_warns_of_sequences_that_are_not_whole_before_the_copy() {
    let mut world = shots(80, 24);
    world.keys("<F5>");
    let mut news = plan(1);
    news.shots = PlanShots {
        sequences: 40,
        frames: 9_600,
        faulty: 12,
        worst: (1..=12)
            .map(|at| FaultyShot {
                label: BytePath::from(format!("sh{at:03}/plate\x1b.[1001-1240].dpx").as_str()),
                frames: 237,
                faults: 5,
                words: "missing 1050-1051,1200, empty 1107".to_string(),
            })
            .collect(),
    };
    world.engine(Update::Plan(Box::new(news)));
    let screen = world.screen();
    assert!(
        screen.contains("40 sequences, 9.6k frames; LOOK AT 12"),
        "{screen}"
    );
    world.keys("<pgdn><pgdn>");
    let screen = world.screen();
    // Each with its directory: they may all be called the same.
    for shot in ["sh005/plate", "sh006/plate"] {
        let line = format!("{shot}\\x1b.[1001-1240].dpx: missing 1050-1051,1200, empty");
        assert!(screen.contains(&line), "{screen}");
    }
    assert!(screen.contains("and 2 more"), "{screen}");
}

#[test]
fn a_plan_whose_sources_were_all_refused_names_no_route() {
    let mut world = shots(80, 24);
    world.keys("<F5>");
    let mut news = plan(1);
    news.preview.source_fs.clear();
    news.preview.dest_fs.clear();
    world.engine(Update::Plan(Box::new(news)));
    let screen = world.screen();
    assert!(!screen.contains("Route"), "{screen}");
}

#[test]
fn a_job_that_is_one_sequence_is_called_by_it() {
    let mut world = shots(180, 50);
    let mut job = busy_job(1);
    job.sources = 240;
    job.shots.sequences = 1;
    job.shots.only = Some(ShotRow {
        label: BytePath::from("comp\x1b.[1001-1240].exr"),
        frames: 240,
        done: 57,
        failed: 0,
    });
    world.jobs(vec![job.clone()]);
    let title = "comp\\x1b.[1001-1240].exr -> ";
    assert!(world.screen().contains(title), "{}", world.screen());
    // A directory that holds one sequence, or one with something beside it, keeps its own name.
    for (sources, files) in [(1, 240), (240, 241)] {
        job.sources = sources;
        job.found.files = files;
        world.jobs(vec![job.clone()]);
        let screen = world.screen();
        assert!(
            !screen.contains(title) && screen.contains("comp"),
            "{screen}"
        );
    }
}

#[test]
fn a_job_shows_the_sequence_in_work_by_its_frames() {
    let mut world = shots(100, 50);
    let mut job = busy_job(1);
    job.shots = JobShots {
        sequences: 12,
        whole: 3,
        only: None,
        in_work: vec![ShotRow {
            label: BytePath::from("sh010/comp_v012.[1001-1240].exr"),
            frames: 240,
            done: 57,
            failed: 2,
        }],
    };
    world.jobs(vec![job]);
    let screen = world.screen();
    assert!(
        screen.contains("comp_v012.[1001-1240].exr frames 57 of 240, 2 not copied"),
        "{screen}"
    );
    world.keys("<tab><tab><enter>");
    let screen = world.screen();
    assert!(
        screen.contains("Sequences with every frame of the source copied: 3 of 12"),
        "{screen}"
    );
    assert!(
        screen.contains("sh010/comp_v012.[1001-1240].exr  frames 57 of 240, 2 not copied"),
        "{screen}"
    );
}

/// The errors of a job of which all frames of one sequence and another file failed.
pub fn failed(width: u16, height: u16) -> World {
    let mut world = World::new(width, height);
    let mut view = crate::tui_world::job(1, haul::proto::JobState::DoneWithFailures);
    (view.failed, view.listed) = (241, 241);
    world.jobs(vec![view]);
    world.keys("<tab><tab>e");
    let path = |at| format!("/mnt/nas/ABC/sh010/comp_v012.{at}.exr");
    let mut failures: Vec<_> = (1001..=1240).map(|at| failure(&path(at))).collect();
    failures.push(failure("/mnt/nas/ABC/sh010/notes.txt"));
    let fold = ("/mnt/nas/ABC/sh010/comp_v012.[1001-1240].exr", 240);
    let mut page = listed(FailuresBy::Sequence, Some(fold), failures);
    page.failures.truncate(200);
    world.engine(Update::FailureList {
        job: JobId(1),
        page: Box::new(page),
    });
    world
}

#[test]
fn frames_that_failed_for_one_cause_are_one_row_until_they_are_unfolded() {
    let mut world = failed(80, 24);
    // The other file is on a page that was not here when it came into view.
    assert!(world.requests().contains(&Request::FailureList {
        job: JobId(1),
        by: FailuresBy::Sequence,
        from: 200,
        limit: 200
    }));
    let screen = world.screen();
    let row = "+permission  240  /mnt/nas/ABC/sh0~comp_v012.[1001-1240].exr: Permis";
    assert!(screen.contains("1 of 2 rows: 241 failed"), "{screen}");
    assert!(screen.contains(row), "{screen}");
    assert!(!screen.contains("comp_v012.1001.exr"), "{screen}");
    world.keys("z");
    let screen = world.screen();
    assert!(screen.contains("1 of 242 rows"), "{screen}");
    assert!(
        screen.contains("/mnt/nas/ABC/sh010/comp_v012.1001.exr: Permis"),
        "{screen}"
    );
    // Folded from within, the cursor is on the row it was in; what stands for itself cannot be.
    world.keys("ggjjz");
    assert!(world.screen().contains("1 of 2 rows"), "{}", world.screen());
    world.keys("Gz");
    assert!(
        world.screen().contains("this row is one failure"),
        "{}",
        world.screen()
    );
    // A row is tried again by itself, and what comes of the old list is out of date.
    let row = |from, count| Request::RetryListed {
        job: JobId(1),
        by: FailuresBy::Sequence,
        list: 0,
        from,
        count,
    };
    let mut other = failed(80, 24);
    other.keys("Gr");
    assert!(other.requests().contains(&row(240, 1)));
    let mut other = failed(80, 24);
    other.keys("zjjr");
    assert!(other.requests().contains(&row(1, 1)));
    let mut other = failed(80, 24);
    other.taken();
    other.keys("r");
    assert_eq!(other.requests()[0], row(0, 240));
    let old = listed(FailuresBy::Sequence, None, vec![failure("/old")]);
    other.engine(Update::FailureList {
        job: JobId(1),
        page: Box::new(old),
    });
    assert!(!other.screen().contains("/old"), "{}", other.screen());
    // All at once; and all are tried again.
    world.keys("Z");
    assert!(
        world.screen().contains("242 of 242 rows"),
        "{}",
        world.screen()
    );
    world.taken();
    world.keys("R");
    assert_eq!(world.requests(), [Request::RetryFailed { job: JobId(1) }]);
}

#[test]
fn a_list_of_failures_that_grows_keeps_its_cursor_and_what_is_unfolded() {
    let mut world = failed(80, 24);
    world.keys("zG");
    let path = |at| format!("/mnt/nas/ABC/sh010/comp_v012.{at}.exr");
    let mut failures: Vec<_> = (1001..=1250).map(|at| failure(&path(at))).collect();
    failures.push(failure("/mnt/nas/ABC/sh010/notes.txt"));
    failures.push(failure("/mnt/nas/ABC/sh010/other.txt"));
    let fold = ("/mnt/nas/ABC/sh010/comp_v012.[1001-1250].exr", 250);
    let page = listed(FailuresBy::Sequence, Some(fold), failures);
    world.engine(Update::FailureList {
        job: JobId(1),
        page: Box::new(page),
    });
    assert!(
        world.screen().contains("252 of 253 rows"),
        "{}",
        world.screen()
    );
}

#[test]
fn the_plan_calls_what_is_marked_by_its_rows() {
    for (width, keys, called) in [
        // Ten of the frames are a sequence of their own.
        (
            200,
            "+*.110?.exr<enter><f5>",
            "10 entries: comp_v012.[1100-1109].exr",
        ),
        (
            200,
            "+plate*<enter><f5>",
            "237 entries: plate_bg.[1001-1240].dpx",
        ),
        (
            200,
            "+comp*<enter>+take*<enter><f5>",
            "242 entries: comp_v012.[1001-1240].exr, take_1.mov, take_2.mov",
        ),
    ] {
        let mut world = shots(width, 50);
        world.keys(keys);
        let screen = world.screen();
        assert!(screen.contains(called), "{called}\n{screen}");
    }
}
