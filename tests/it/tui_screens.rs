//! Every screen and dialog at the sizes that matter: in ASCII, with lines and blocks, and the roles
//! its colours come from. A file a screen, so that a stranger can read all of it in one place.

use crate::tui_world::{World, failure, job, listed, plan, queue};
use crate::{tui_conflicts, tui_info, tui_queue, tui_shots};
use haul::config::{self, Paint, Role};
use haul::proto::{FailuresBy, JobId, JobState, Update};
use haul::sys::listing::Kind;
use haul::tui::browse::Side;
use haul::tui::depth::Depth;
use haul::tui::layers::MountRow;
use haul::tui::look::Look;
use haul::tui::msg::Msg;
use haul::tui::theme::Theme;
use haul::tui::view;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::style::Color;
use std::fmt::Write as _;

const SIZES: [(u16, u16); 3] = [(40, 10), (80, 24), (200, 50)];

/// A theme in which every role has a colour of its own: 16 and its place in the list.
fn telling() -> Theme {
    let mut chosen = config::Theme::default();
    for (at, paint) in chosen.paints.iter_mut().enumerate() {
        let words = match Role::ALL[at] {
            Role::Selected => format!("on {}", 16 + at),
            _ => (16 + at).to_string(),
        };
        *paint = Some(Paint::parse(&words).expect("a paint"));
    }
    Theme::of(&chosen, Depth::True, &|_| None)
}

fn drawn(world: &mut World, look: Look) -> Buffer {
    world.model.look = look;
    let model = &world.model;
    let (width, height) = model.size;
    let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a terminal");
    terminal.draw(|frame| view(model, frame)).expect("drawn");
    terminal.backend().buffer().clone()
}

fn text(buffer: &Buffer) -> String {
    let mut text = String::new();
    for y in 0..buffer.area.height {
        let row: String = (0..buffer.area.width)
            .map(|x| buffer[(x, y)].symbol())
            .collect();
        writeln!(text, "{}", row.trim_end()).expect("written");
    }
    text
}

/// The roles of a buffer that was drawn with the telling theme: for each row, which columns are
/// drawn as what. Ordinary text is left out.
fn roles(buffer: &Buffer) -> String {
    let role = |colour: Color| match colour {
        Color::Indexed(number) => Role::ALL.get(usize::from(number) - 16).copied(),
        _ => None,
    };
    let mut lines = String::new();
    for y in 0..buffer.area.height {
        let mut runs: Vec<(String, u16, u16)> = Vec::new();
        for x in 0..buffer.area.width {
            let cell = &buffer[(x, y)];
            let ink = role(cell.fg).filter(|role| *role != Role::Text);
            let mut word = ink.map_or_else(String::new, |role| role.name().to_owned());
            if role(cell.bg) == Some(Role::Selected) {
                word.push('+');
            }
            match runs.last_mut() {
                Some((last, _, end)) if *last == word => *end = x,
                _ => runs.push((word, x, x)),
            }
        }
        runs.retain(|(word, ..)| !word.is_empty());
        if !runs.is_empty() {
            let told: Vec<String> = runs
                .iter()
                .map(|(word, start, end)| format!("{word} {start}-{end}"))
                .collect();
            writeln!(lines, "{y:2}: {}", told.join(", ")).expect("written");
        }
    }
    lines
}

/// Snapshots one scene, and proves of each variant that it only differs in what it may.
fn screen(name: &str, scene: impl Fn(u16, u16) -> World) {
    let mut all = String::new();
    for (width, height) in SIZES {
        let mut world = scene(width, height);
        let mut of = |ascii, theme| drawn(&mut world, Look { ascii, theme });
        let (plain, telling) = (Theme::default(), telling());
        let ascii = of(true, plain);
        assert!(
            ascii.content.iter().all(|cell| cell.symbol().is_ascii()),
            "{name}: not ASCII"
        );
        assert!(
            ascii
                .content
                .iter()
                .all(|cell| (cell.fg, cell.bg) == (Color::Reset, Color::Reset)),
            "{name}: colours where there are none"
        );
        let coloured = of(true, telling);
        assert_eq!(
            text(&ascii),
            text(&coloured),
            "{name}: colour changes words"
        );
        writeln!(all, "== {width}x{height}, ASCII\n{}", text(&ascii)).expect("written");
        writeln!(
            all,
            "== {width}x{height}, UTF-8\n{}",
            text(&of(false, plain))
        )
        .expect("written");
        writeln!(all, "== {width}x{height}, roles\n{}", roles(&coloured)).expect("written");
    }
    insta::with_settings!({
        snapshot_path => "snapshots/screens",
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, {
        insta::assert_snapshot!(name, all);
    });
}

/// Panes without jobs, and these keys.
fn panes(keys: &'static str) -> impl Fn(u16, u16) -> World {
    move |width, height| {
        let mut world = World::new(width, height);
        world.keys(keys);
        world
    }
}

/// A queue with a job of every state, and these keys.
fn jobs(keys: &'static str) -> impl Fn(u16, u16) -> World {
    move |width, height| {
        let mut world = World::new(width, height);
        world.jobs(queue());
        world.keys(keys);
        world
    }
}

macro_rules! screens {
    ($($name:ident $scene:expr;)*) => {
        $(#[test]
        fn $name() {
            screen(stringify!($name), $scene);
        })*
    };
}

screens! {
    panes_marked panes("jj<space>");
    panes_empty |width, height| {
        let mut world = World::blank(width, height);
        world.list(Side::Source, &[]);
        world.send(Msg::Tick(7_000));
        world
    };
    panes_unreadable |width, height| {
        let mut world = World::blank(width, height);
        let generation = world.model.pane(Side::Source).generation;
        world.send(Msg::Listing {
            side: Side::Source,
            generation,
            result: Err("Permission denied".to_string()),
        });
        world.list(Side::Dest, &[(b".only", Kind::File)]);
        world
    };
    sequences |width, height| {
        let mut world = tui_shots::shots(width, height);
        world.keys("jjj<space>");
        world
    };
    sequence_unfolded |width, height| {
        let mut world = tui_shots::shots(width, height);
        world.keys("jz+*1003*<enter>");
        world
    };
    panes_queue jobs("");
    queue_focused jobs("<tab><tab>");
    queue_zoomed jobs("wjj");
    flush |width, height| {
        let mut world = World::new(width, height);
        world.jobs(vec![queue().remove(3)]);
        world.keys("w");
        world
    };
    states |width, height| {
        let mut world = World::new(width, height);
        let all = [
            JobState::Queued, JobState::Scanning, JobState::Running, JobState::Pausing,
            JobState::Paused, JobState::Flushing, JobState::Verifying, JobState::Cancelling,
            JobState::Done, JobState::DoneWithFailures, JobState::Failed, JobState::Cancelled,
        ];
        world.jobs((1..).zip(all).map(|(id, state)| job(id, state)).collect());
        world.keys("w");
        world
    };
    plan_counting |width, height| {
        let mut world = World::new(width, height);
        world.keys("jj<space><space><F5>");
        world.engine(Update::Plan(Box::new(plan(1))));
        world.keys("<down>");
        world.engine(Update::Plan(Box::new(plan(1))));
        world
    };
    plan_full |width, height| {
        let mut world = World::new(width, height);
        world.keys("<F5>");
        let mut plan = plan(1);
        plan.is_final = true;
        plan.free = Some(1 << 30);
        plan.problems = vec![failure("/mnt/nas/ABC/sh010/cache/locked")];
        world.engine(Update::Plan(Box::new(plan)));
        world
    };
    details jobs("<tab><tab><enter>jj");
    errors |width, height| {
        let mut world = World::new(width, height);
        world.jobs(queue());
        world.keys("<tab><tab>Ge");
        let path = |at| format!("/mnt/nas/ABC/sh005/{at}/lock.db");
        let failures = (0..5).map(|at| failure(&path(at))).collect();
        let page = listed(FailuresBy::Sequence, None, failures);
        world.engine(Update::FailureList { job: JobId(7), page: Box::new(page) });
        world.keys("j");
        world
    };
    errors_sequence tui_shots::failed;
    errors_unfolded |width, height| {
        let mut world = tui_shots::failed(width, height);
        world.keys("zjj");
        world
    };
    errors_grouped tui_queue::grouped;
    conflicts tui_conflicts::open;
    conflicts_replace_all |width, height| {
        let mut world = tui_conflicts::open(width, height);
        world.keys("O");
        world
    };
    files tui_queue::million;
    files_filter |width, height| {
        let mut world = tui_queue::million(width, height);
        world.keys("/99.exr");
        world
    };
    history tui_queue::history;
    history_receipt |width, height| {
        let mut world = tui_queue::history(width, height);
        world.keys("<enter>");
        world
    };
    throughput tui_queue::chart;
    cancel jobs("<tab><tab><enter>jx");
    quit jobs("<C-c>");
    closing jobs("<C-c>cy");
    several_places panes("<C-t>");
    info tui_info::known;
    help panes("?");
    help_end panes("?G");
    palette panes(":pause");
    palette_nothing panes(":zzz");
    sort_menu panes("sj");
    limit jobs("<tab><tab>b");
    places |width, height| {
        let mut world = World::new(width, height);
        world.keys("'a");
        let row = |point: &str, kind: &str, free| MountRow {
            point: point.into(),
            kind: kind.to_string(),
            free,
        };
        let mounts = vec![
            row("/", "ext4", Some(5 << 30)),
            row("/mnt/nas", "nfs4", None),
            row("/mnt/a/rather/long/way/down/to/a/place", "fuse.sshfs", Some(900 << 40)),
        ];
        world.send(Msg::Mounts { side: Side::Source, mounts });
        world
    };
    make_directory panes("<F7>sh020");
    rename panes("G<F6>");
    find panes("fco");
    mark_by_pattern panes("+*.exr");
    unmark_by_pattern panes("-*.ex[");
    filter panes("/exr");
    filter_nothing panes("/nothing");
    key_begun panes("g");
}

/// T8: how a job stands is told by a word of its own.
#[test]
fn states_differ_without_colour() {
    let all = [
        JobState::Queued,
        JobState::Scanning,
        JobState::Running,
        JobState::Pausing,
        JobState::Paused,
        JobState::Flushing,
        JobState::Verifying,
        JobState::Cancelling,
        JobState::Done,
        JobState::DoneWithFailures,
        JobState::Failed,
        JobState::Cancelled,
    ];
    for (width, height) in SIZES {
        let mut words: Vec<String> = all
            .iter()
            .map(|state| {
                let mut world = World::new(width, height);
                world.jobs(vec![job(1, *state)]);
                world.keys("w");
                let screen = world.screen();
                let row = screen
                    .lines()
                    .find_map(|line| line.strip_prefix("> 1 "))
                    .expect("its row");
                row.chars().take(6).collect()
            })
            .collect();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), all.len(), "{width}x{height}: {words:?}");
    }
}

/// T15: wide, joined, combined, and of no agreed width: what stands right of a name stays there.
#[test]
fn borders_stay_straight_whatever_is_in_a_name() {
    let names = [
        "漢字の名前がとても長いのでどこかで切られるはずです.exr",
        "👨‍👩‍👧‍👦 family.mov",
        "🇩🇪🇫🇷 flags.txt",
        "e\u{301}e\u{301}e\u{301} combined.txt",
        "¡ambiguous½§.txt",
        "عربي.txt",
    ];
    for width in 40..=120 {
        let mut world = World::blank(width, 24);
        let rows: Vec<(&[u8], Kind)> = names
            .iter()
            .map(|name| (name.as_bytes(), Kind::File))
            .collect();
        world.list(Side::Source, &rows);
        world.list(Side::Dest, &rows);
        world.answer_details();
        let look = Look {
            ascii: false,
            theme: Theme::default(),
        };
        let buffer = drawn(&mut world, look);
        let walls = |y: u16| -> Vec<u16> {
            let at = |x: &u16| buffer[(*x, y)].symbol() == "│";
            (0..width).filter(at).collect()
        };
        let expected = walls(1);
        for y in 2..8 {
            assert_eq!(walls(y), expected, "{width}, row {y}");
        }
    }
}
