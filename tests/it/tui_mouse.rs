//! The mouse: clicks, the wheel, drags over rows; and a terminal that gets its own mouse back.

use crate::terminal::{find, given_back, open_with, world_of};
use crate::tui_world::{World, job, queue};
use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use haul::proto::{JobId, JobState, Request};
use haul::sys::listing::Kind;
use haul::tui::browse::{Item, Side};
use haul::tui::layers::Layer;
use haul::tui::model::Focus;
use haul::tui::msg::{Effect, Msg};
use rustix::process::Signal;

const PRESS: MouseEventKind = MouseEventKind::Down(MouseButton::Left);
const DRAG: MouseEventKind = MouseEventKind::Drag(MouseButton::Left);
const RELEASE: MouseEventKind = MouseEventKind::Up(MouseButton::Left);

fn mouse(world: &mut World, kind: MouseEventKind, column: u16, row: u16) {
    world.send(Msg::Mouse(MouseEvent {
        kind,
        column,
        row,
        modifiers: KeyModifiers::NONE,
    }));
}

/// Where the screen shows the words.
fn place(world: &World, words: &str) -> (u16, u16) {
    let screen = world.screen();
    let lines = screen.lines().enumerate();
    let mut found = lines.filter_map(|(y, line)| Some((line.find(words)? as u16, y as u16)));
    found.next().unwrap_or_else(|| panic!("{words}:\n{screen}"))
}

fn click(world: &mut World, words: &str) {
    let (x, y) = place(world, words);
    mouse(world, PRESS, x, y);
    mouse(world, RELEASE, x, y);
}

fn under_cursor(world: &World, side: Side) -> String {
    let row = world.model.pane(side).current().expect("a row");
    String::from_utf8_lossy(row.name).into_owned()
}

fn marked(world: &World) -> Vec<String> {
    let pane = world.model.pane(Side::Source);
    let names = pane.marks.iter().map(|entry| pane.entries.name(entry));
    let mut names: Vec<String> = names
        .map(|name| String::from_utf8_lossy(name).into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn a_click_puts_the_cursor_and_a_second_one_opens() {
    let mut world = World::new(80, 24);
    click(&mut world, "latest");
    assert_eq!(under_cursor(&world, Side::Source), "latest");
    click(&mut world, "old\\x1bname.txt");
    assert_eq!(world.model.focus, Focus::Pane(Side::Dest));
    assert_eq!(under_cursor(&world, Side::Dest), "old\x1bname.txt");
    world.taken();

    click(&mut world, "refs/");
    let lists = |effects: Vec<Effect>| {
        effects
            .into_iter()
            .filter(|effect| matches!(effect, Effect::List { .. }))
            .count()
    };
    assert_eq!(lists(world.taken()), 0, "one click opens nothing");
    world.send(Msg::Tick(1_000));
    click(&mut world, "refs/");
    assert_eq!(lists(world.taken()), 0, "two slow ones neither");
    click(&mut world, "refs/");
    assert_eq!(lists(world.taken()), 1);
}

#[test]
fn a_click_beside_the_rows_changes_no_cursor() {
    let mut world = World::new(80, 24);
    let before = under_cursor(&world, Side::Source);
    for (column, row) in [(3, 1), (3, 15), (39, 5), (3, 23), (3, 0), (200, 100)] {
        mouse(&mut world, PRESS, column, row);
        mouse(&mut world, RELEASE, column, row);
        assert_eq!(under_cursor(&world, Side::Source), before, "{column},{row}");
    }
}

#[test]
fn jobs_are_chosen_and_opened_and_questions_answered() {
    let mut world = World::new(80, 24);
    world.jobs(queue());
    click(&mut world, "PAUSED");
    assert_eq!(world.model.focus, Focus::Queue);
    assert_eq!(world.model.queue.selected, Some(JobId(3)));
    click(&mut world, "PAUSED");
    assert!(matches!(
        world.model.layers.last(),
        Some(Layer::Details(details)) if details.job == JobId(3)
    ));
    world.keys("x");
    world.taken();
    // Beside the buttons nothing is answered.
    click(&mut world, "CANCEL?");
    assert!(matches!(
        world.model.layers.last(),
        Some(Layer::Question(_))
    ));
    click(&mut world, "Cancel the job");
    assert_eq!(
        world.requests(),
        [Request::Cancel {
            job: JobId(3),
            keep_partial: false
        }]
    );
}

/// A listing that is longer than its pane, with the cursor on its first row.
fn list_a_hundred(world: &mut World) {
    let names: Vec<String> = (0..100).map(|at| format!("n{at:03}.txt")).collect();
    let names: Vec<(&[u8], Kind)> = names
        .iter()
        .map(|name| (name.as_bytes(), Kind::File))
        .collect();
    world.keys("<C-r>");
    world.list(Side::Source, &names);
    world.keys("gg");
}

#[test]
fn the_wheel_scrolls_what_is_under_the_pointer() {
    let mut world = World::new(80, 24);
    list_a_hundred(&mut world);
    mouse(&mut world, MouseEventKind::ScrollDown, 5, 5);
    let pane = world.model.pane(Side::Source);
    assert_eq!((pane.top, pane.cursor), (3, 3));
    for _ in 0..100 {
        mouse(&mut world, MouseEventKind::ScrollDown, 5, 5);
    }
    assert!(world.screen().contains("n099.txt"), "{}", world.screen());
    for _ in 0..100 {
        mouse(&mut world, MouseEventKind::ScrollUp, 5, 5);
    }
    assert_eq!(world.model.pane(Side::Source).top, 0);
    // The other pane has the keys, and stays where it is.
    assert_eq!(world.model.pane(Side::Dest).cursor, 0);
    world.keys("<F1>");
    let top = world.screen();
    mouse(&mut world, MouseEventKind::ScrollDown, 5, 5);
    assert_ne!(world.screen(), top, "the help scrolls");
}

#[test]
fn a_drag_marks_rows_and_a_drag_from_a_marked_one_unmarks() {
    let mut world = World::new(80, 24);
    let (x, y) = place(&world, "comp_v012.1001");
    mouse(&mut world, PRESS, x, y);
    mouse(&mut world, DRAG, x + 3, y);
    assert!(marked(&world).is_empty(), "not out of its row");
    mouse(&mut world, DRAG, x, y + 2);
    mouse(&mut world, RELEASE, x, y + 2);
    let frames = [
        "comp_v012.1001.exr",
        "comp_v012.1002.exr",
        "comp_v012.1010.exr",
    ];
    assert_eq!(marked(&world), frames);
    // Nothing is dragged once the button is up.
    mouse(&mut world, DRAG, x, y + 4);
    assert_eq!(marked(&world), frames);
    mouse(&mut world, PRESS, x, y + 1);
    mouse(&mut world, DRAG, x, y + 2);
    assert_eq!(marked(&world), frames[..1]);
}

#[test]
fn a_drag_below_the_edge_scrolls_and_one_over_another_listing_does_nothing() {
    let mut world = World::new(80, 24);
    list_a_hundred(&mut world);
    mouse(&mut world, PRESS, 5, 3);
    for _ in 0..30 {
        mouse(&mut world, DRAG, 5, 22);
    }
    assert!(world.model.pane(Side::Source).top > 20);
    let count = marked(&world).len();
    assert!(count > 30, "{count}");
    world.keys("<C-r>");
    world.list(
        Side::Source,
        &[(b"n000.txt", Kind::File), (b"n001.txt", Kind::File)],
    );
    mouse(&mut world, DRAG, 5, 2);
    assert!(marked(&world).len() <= 2);
}

#[test]
fn a_fold_is_marked_whole_by_a_drag() {
    let mut world = World::new(80, 24);
    world.keys("Z");
    let fold = place(&world, "[1001-1010]");
    let item = world.model.pane(Side::Source).shown.clone();
    assert!(item.iter().any(|item| matches!(item, Item::Fold(_))));
    mouse(&mut world, PRESS, fold.0, fold.1);
    mouse(&mut world, DRAG, fold.0, fold.1 + 1);
    assert_eq!(marked(&world).len(), 4);
}

#[test]
fn a_click_leaves_a_filter_as_enter_does() {
    let mut world = World::new(80, 24);
    world.jobs(vec![job(1, JobState::Paused)]);
    world.keys("/ n o t e");
    click(&mut world, "PAUSED");
    let pane = world.model.pane(Side::Source);
    let filter = pane.filter.as_ref().expect("kept");
    assert!(!filter.editing && filter.input.value() == "note");
    assert_eq!(world.model.focus, Focus::Queue);
}

/// Over SSH the terminal keeps its mouse; elsewhere it is taken, works, and is given back.
#[test]
fn the_mouse_is_taken_where_it_is_wanted_and_given_back() {
    let ssh = ("SSH_CONNECTION", "10.0.0.1 1 10.0.0.2 22");
    for (variables, taken) in [
        (&[][..], true),
        (&[ssh], false),
        (&[ssh, ("HAUL_MOUSE", "always")], true),
        (&[("HAUL_MOUSE", "never")], false),
    ] {
        let world = world_of(&[("a.txt", vec![1]), ("b.txt", vec![2])]);
        let mut terminal = open_with(&world, variables);
        terminal.shows("b.txt");
        if taken {
            // A press and a release on the second row, as a terminal tells of them.
            terminal.keys("\x1b[<0;4;4M\x1b[<0;4;4m");
            terminal.until("the cursor on b.txt", |screen| {
                screen
                    .lines()
                    .any(|line| line.starts_with('▶') && line.contains("b.txt"))
            });
        }
        terminal.signal(Signal::TERM);
        terminal.end();
        given_back(&terminal);
        let asked = find(&terminal.bytes(), b"\x1b[?1000h").is_some();
        assert_eq!(asked, taken, "{variables:?}");
    }
}
