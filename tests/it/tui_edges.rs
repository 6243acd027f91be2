//! The ends of a list whose rows are on their way.

use crate::tui_world::World;
use haul::sequence::FrameTypes;
use haul::sys::listing::Kind;
use haul::tui::browse::{Entries, Side};
use haul::tui::msg::{Listing, Msg};
use std::sync::Arc;

fn came(world: &mut World, names: &[&str], whole: bool) {
    let generation = world.model.pane(Side::Source).generation;
    let names = names.iter().map(|name| (name.as_bytes(), Kind::File));
    world.send(Msg::Listing {
        side: Side::Source,
        generation,
        result: Ok(Listing {
            entries: Arc::new(Entries::new(names.collect(), &FrameTypes::default())),
            ordered: None,
            whole,
            space: None,
        }),
    });
}

fn at(world: &World) -> String {
    let row = world.model.pane(Side::Source).current().expect("a row");
    String::from_utf8_lossy(row.name).into_owned()
}

const FIRST: &[&str] = &["d", "f", "e", "g"];
const ALL: &[&str] = &["d", "f", "e", "g", "a", "k", "b", "m"];

/// The name under the cursor after these keys among the first names, and when all have come.
fn after(keys: &str) -> [String; 2] {
    let mut world = World::blank(80, 24);
    came(&mut world, FIRST, false);
    world.keys(keys);
    let before = at(&world);
    came(&mut world, ALL, true);
    [before, at(&world)]
}

#[test]
fn who_is_at_an_end_of_what_has_come_is_there_of_all() {
    assert_eq!(after(""), ["d", "a"]);
    assert_eq!(after("Ggg"), ["d", "a"]);
    assert_eq!(after("G"), ["g", "m"]);
    // Elsewhere, and once moved, the cursor stays with its name.
    assert_eq!(after("j"), ["e", "e"]);
    assert_eq!(after("Gk"), ["f", "f"]);
}

#[test]
fn an_end_asked_for_before_anything_came_is_kept() {
    let mut world = World::blank(80, 24);
    world.keys("G");
    came(&mut world, FIRST, false);
    came(&mut world, ALL, true);
    assert_eq!(at(&world), "m");
}

#[test]
fn once_all_are_in_place_the_cursor_stays_with_its_name() {
    let mut world = World::blank(80, 24);
    came(&mut world, FIRST, true);
    world.keys("G<C-r>");
    came(&mut world, ALL, true);
    assert_eq!(at(&world), "g");
}
