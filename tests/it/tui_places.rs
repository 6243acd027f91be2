//! Going places and naming things: bookmarks, recent destinations, mounts, find, mkdir, rename.

use crate::tui_world::World;
use haul::proto::BytePath;
use haul::sys::listing::Kind;
use haul::tui::browse::Side;
use haul::tui::layers::{Layer, MountRow};
use haul::tui::msg::{Effect, Msg};

fn edits(world: &mut World) -> Vec<(Option<Vec<u8>>, Vec<u8>)> {
    world
        .taken()
        .into_iter()
        .filter_map(|effect| match effect {
            Effect::Edit { from, name, .. } => Some((from.map(Vec::from), name.into())),
            _ => None,
        })
        .collect()
}

fn visited(world: &mut World) -> Vec<String> {
    world
        .taken()
        .into_iter()
        .filter_map(|effect| match effect {
            Effect::List { path, .. } => Some(path.display().to_string()),
            _ => None,
        })
        .collect()
}

#[test]
fn a_directory_is_made_by_name_and_never_by_path() {
    let mut world = World::new(80, 24);
    for wrong in ["a/b", ".", "..", ""] {
        world.keys(&format!("<F7>{wrong}<enter>"));
        assert!(
            matches!(world.model.layers.last(), Some(Layer::Name(_))),
            "{wrong}"
        );
        assert!(edits(&mut world).is_empty());
        world.keys("<esc>");
    }
    world.keys("<F7>sh020<enter>");
    assert_eq!(edits(&mut world), [(None, b"sh020".to_vec())]);
    let done = |name: &[u8], result| Msg::Edited {
        side: Side::Source,
        path: "/mnt/nas/ABC/sh010".into(),
        from: None,
        name: name.into(),
        result,
    };
    // What was typed is there again, with what is wrong about it, to be mended.
    let taken = || Err("something has that name already".to_string());
    world.send(done(b"sh020", taken()));
    let screen = world.screen();
    assert!(
        screen.contains("something has that name already"),
        "{screen}"
    );
    world.keys("b<enter>");
    assert_eq!(edits(&mut world), [(None, b"sh020b".to_vec())]);
    // Unless one is at something else by then.
    world.keys("?");
    world.send(done(b"sh\x1b020", taken()));
    let notice = world.model.notice.clone().expect("said");
    assert!(
        notice.bad && notice.text == "sh\\x1b020: something has that name already",
        "{notice:?}"
    );
    world.keys("<esc>");
    world.send(done(b"sh020b", Ok(())));
    assert_eq!(visited(&mut world), ["/mnt/nas/ABC/sh010"]);
}

#[test]
fn an_entry_gets_another_name_and_a_folded_sequence_does_not() {
    let mut world = World::new(80, 24);
    world.keys("G<F6><backspace><backspace><backspace>md<enter>");
    assert_eq!(
        edits(&mut world),
        [(Some(b"notes.txt".to_vec()), b"notes.md".to_vec())]
    );
    // The same name is no change.
    world.keys("<F6><enter>");
    assert!(edits(&mut world).is_empty() && world.model.layers.is_empty());
    world.keys("Zggjj<F6>");
    assert!(world.model.layers.is_empty());
    assert!(world.model.notice.is_some());
}

#[test]
fn letters_after_f_go_to_the_name_that_begins_so() {
    let mut world = World::new(80, 24);
    let name = |world: &World| {
        let row = world.model.pane(Side::Source).current().expect("a row");
        String::from_utf8_lossy(row.name).into_owned()
    };
    world.keys("fco");
    assert_eq!(name(&world), "comp_v012.1001.exr");
    world.keys("<down>");
    assert_eq!(name(&world), "comp_v012.1002.exr");
    world.keys("<down><down>");
    assert_eq!(name(&world), "comp_v012.1001.exr");
    world.keys("x");
    assert!(
        world.screen().contains("no name begins so"),
        "{}",
        world.screen()
    );
    world.keys("<esc>");
    assert_eq!(name(&world), "comp_v012.1001.exr");
}

#[test]
fn bookmarks_recent_destinations_and_mounts_are_one_list() {
    let mut world = World::new(80, 24);
    world.keys("<F5><enter>");
    let kept = world.taken().into_iter().find_map(|effect| match effect {
        Effect::KeepPlaces(places) => Some(places),
        _ => None,
    });
    assert_eq!(
        kept.expect("kept").recent,
        [BytePath::from("/mnt/fast/ABC/sh010")]
    );
    world.keys("'a");
    world.send(Msg::Mounts {
        side: Side::Source,
        mounts: vec![
            MountRow {
                point: "/".into(),
                kind: "ext4".to_string(),
                free: Some(5 << 30),
            },
            MountRow {
                point: BytePath::from_bytes(b"/mnt/\x1b]0;x"),
                kind: "nfs4".to_string(),
                free: None,
            },
        ],
    });
    let screen = world.screen();
    for row in [
        "bookmark  /mnt/nas/ABC/sh010",
        "recent    /mnt/fast/ABC/sh010",
        "ext4      /",
        "/mnt/\\x1b]0;x",
    ] {
        assert!(screen.contains(row), "{row}: {screen}");
    }
    world.keys("GD");
    assert!(world.model.notice.is_some(), "a mount cannot be forgotten");
    world.taken();
    world.keys("ggj<enter>");
    assert_eq!(visited(&mut world), ["/mnt/fast/ABC/sh010"]);
    world.keys("'D");
    assert!(world.model.places.bookmarks.is_empty());
    world.keys("<esc>");
    assert!(world.model.layers.is_empty());
}

#[test]
fn what_is_typed_is_looked_for_in_the_order_of_the_rows() {
    let mut world = World::blank(80, 24);
    let names: &[(&[u8], Kind)] = &[
        (b"zebra", Kind::File),
        (b"Sail", Kind::File),
        (b".sly", Kind::File),
        (b"shot", Kind::Dir),
        (b"s\xc3\xa9ance", Kind::File),
    ];
    world.list(Side::Source, names);
    let at = |world: &World| {
        let row = world.model.pane(Side::Source).current().expect("a row");
        String::from_utf8_lossy(row.name).into_owned()
    };
    for (keys, name) in [
        ("fs", "shot"),
        ("fS", "Sail"),
        ("f.<esc>", "Sail"),
        ("fs\u{e9}", "s\u{e9}ance"),
        ("fs<down>", "Sail"),
        ("fs<down><down><down>", "shot"),
    ] {
        world.keys(keys);
        assert_eq!(at(&world), name, "{keys}");
        world.keys("<esc>");
    }
}
