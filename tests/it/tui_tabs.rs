//! Several places of one pane: each keeps its directory, cursor, order, filter and marks.

use crate::tui_world::World;
use haul::sys::listing::Kind;
use haul::tui::browse::{Arranged, Side, SortKey};
use haul::tui::msg::{Effect, Msg};

fn lists(effects: &[Effect]) -> Vec<(Side, String)> {
    let listed = effects.iter().filter_map(|effect| match effect {
        Effect::List { side, path, .. } => Some((*side, path.display().to_string())),
        _ => None,
    });
    listed.collect()
}

const REFS: &[(&[u8], Kind)] = &[(b"a.jpg", Kind::File), (b"b.jpg", Kind::File)];

fn here(world: &World) -> (String, String, usize) {
    let pane = world.model.pane(Side::Source);
    let name = pane.current().map(|row| row.name.to_vec());
    (
        pane.path.display().to_string(),
        String::from_utf8(name.unwrap_or_default()).expect("text"),
        pane.marks.len(),
    )
}

#[test]
fn each_place_keeps_directory_cursor_order_filter_and_marks() {
    let mut world = World::new(80, 24);
    world.keys("<down><down><space>");
    let first = here(&world);
    assert_eq!(first.2, 1);
    world.taken();

    world.keys("<C-t>");
    assert_eq!(here(&world), (first.0.clone(), first.1.clone(), 0));
    assert!(world.screen().contains("[SRC] 2/2"), "{}", world.screen());
    world.list(
        Side::Source,
        &[(b"cache", Kind::Dir), (b"notes.txt", Kind::File)],
    );
    world.keys("gg <enter>");
    world.list(Side::Source, REFS);
    world.answer_details();
    world.keys("s s G <space> / b <enter>");
    world.answer_details();
    let second = here(&world);
    assert_eq!(
        second,
        ("/mnt/nas/ABC/sh010/cache".into(), "b.jpg".into(), 1)
    );
    world.taken();

    // Back at once, with nothing waited for; what it shows is read again beside it.
    world.keys("gT");
    assert_eq!(here(&world), first);
    assert_eq!(world.model.pane(Side::Source).sort.key, SortKey::Name);
    assert!(world.model.pane(Side::Source).filter.is_none());
    assert_eq!(lists(&world.taken()), [(Side::Source, first.0.clone())]);

    world.keys("gt");
    assert_eq!(here(&world), second);
    let pane = world.model.pane(Side::Source);
    assert_eq!(pane.sort.key, SortKey::Size);
    assert_eq!(
        pane.filter.as_ref().map(|filter| filter.input.value()),
        Some("b")
    );

    world.keys("<C-w>");
    assert_eq!(here(&world), first);
    assert!(!world.screen().contains("1/1"), "{}", world.screen());
    world.keys("<C-w>");
    assert_eq!(here(&world), first, "the last place stays");
}

#[test]
fn answers_for_another_place_change_nothing() {
    let mut world = World::new(80, 24);
    let old = world.model.pane(Side::Source).numbers();
    world.keys("<C-t>");
    let before = world.screen();
    world.send(Msg::Details {
        side: Side::Source,
        generation: old.0,
        found: vec![(0, None)],
        complete: true,
    });
    world.send(Msg::Arranged {
        side: Side::Source,
        ticket: old.1,
        arranged: Arranged::default(),
    });
    assert_eq!(world.screen(), before);
}

#[test]
fn rows_put_in_order_for_one_side_are_not_shown_on_the_other_after_a_swap() {
    let mut world = World::new(80, 24);
    let tickets = [Side::Source, Side::Dest].map(|side| world.model.pane(side).ticket);
    world.keys("\\");
    let before = world.screen();
    for side in [Side::Source, Side::Dest] {
        for ticket in tickets {
            world.send(Msg::Arranged {
                side,
                ticket,
                arranged: Arranged::default(),
            });
        }
    }
    assert_eq!(world.screen(), before);
}

#[test]
fn a_place_on_a_mount_that_does_not_answer_is_left_and_asked_again_on_return() {
    let mut world = World::new(80, 24);
    world.keys("<C-t>");
    world.list(Side::Source, &[(b"dead", Kind::Dir)]);
    world.keys("gg <enter>");
    world.taken();
    world.keys("gT");
    assert_eq!(here(&world).0, "/mnt/nas/ABC/sh010");
    assert!(world.model.pane(Side::Source).entries.len() > 2);
    world.taken();
    world.keys("gt");
    let asked = lists(&world.taken());
    assert_eq!(
        asked,
        [(Side::Source, "/mnt/nas/ABC/sh010/dead".to_string())]
    );
}

#[test]
fn nine_places_are_the_most_and_they_swap_with_their_side() {
    let mut world = World::new(80, 24);
    for _ in 0..12 {
        world.keys("<C-t>");
        world.list(Side::Source, REFS);
    }
    assert!(world.screen().contains("[SRC] 9/9"), "{}", world.screen());
    world.keys("\\");
    let screen = world.screen();
    assert!(screen.contains("DST 9/9"), "{screen}");
    assert!(!screen.contains("[SRC] 9/9"), "{screen}");
}
