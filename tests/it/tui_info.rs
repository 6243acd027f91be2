//! The panel about a row: what it says of files, links, directories and sequences, and that it
//! waits alone.

use crate::terminal::{given_back, open, world_of};
use crate::tui_world::World;
use haul::sys::inspect::{Attribute, Extents, Inspected, Link, Mapped};
use haul::sys::listing::Kind;
use haul::sys::{Stat, Time};
use haul::tui::browse::{Item, Side};
use haul::tui::layers::Layer;
use haul::tui::msg::{Effect, Msg, Told};
use std::os::unix::fs::FileExt;

fn asked(world: &mut World) -> (u64, Item) {
    let asked = world.taken().into_iter().find_map(|effect| match effect {
        Effect::Inspect { ticket, item, .. } => Some((ticket, item)),
        _ => None,
    });
    asked.expect("asked")
}

fn stat() -> Stat {
    let time = |secs| Time { secs, nanos: 0 };
    Stat {
        dev: 42,
        ino: 4711,
        kind: haul::sys::Kind::File,
        mode: 0o640,
        nlink: 2,
        uid: 1000,
        gid: 4321,
        rdev: 0,
        size: 3 << 20,
        blocks: 2048,
        atime: time(1_790_000_000),
        mtime: time(1_780_000_000),
        ctime: time(1_785_000_000),
    }
}

fn attribute(name: &[u8], len: u64) -> Attribute {
    Attribute {
        name: name.into(),
        len,
    }
}

fn told() -> Inspected {
    Inspected {
        stat: stat(),
        owner: Some("ana\x1b[2J".to_string()),
        group: None,
        device: None,
        link: None,
        xattrs: Ok(vec![
            attribute(b"system.posix_acl_access", 44),
            attribute(b"user.\x07shot", 5),
        ]),
    }
}

/// The panel with everything that can be known of a file.
pub fn known(width: u16, height: u16) -> World {
    let mut world = World::new(width, height);
    world.keys("G i");
    let (ticket, _) = asked(&mut world);
    let extents = Extents {
        holes: 7,
        hole_bytes: 2 << 20,
        mapped: Some(Mapped {
            extents: 12,
            shared: 3,
            shared_bytes: 4096,
        }),
        complete: false,
    };
    for told in [
        Told::Entry(Ok(Box::new(told()))),
        Told::Extents(Ok(extents)),
    ] {
        world.send(Msg::Inspected { ticket, told });
    }
    world
}

#[test]
fn everything_known_of_a_file_is_said_and_nothing_raw() {
    let mut world = World::new(80, 30);
    world.keys("G i");
    let (ticket, item) = asked(&mut world);
    assert!(matches!(item, Item::Entry(_)));
    assert!(world.screen().contains("reading"), "{}", world.screen());
    world.send(Msg::Inspected {
        ticket,
        told: Told::Entry(Ok(Box::new(told()))),
    });
    assert!(world.screen().contains("being counted"));
    let mut world = known(80, 30);
    let screen = world.screen();
    for words in [
        "name       notes.txt",
        "/mnt/nas/ABC/sh010",
        "kind       file",
        "3 MiB (3145728 bytes)",
        "1 MiB (1048576 bytes) in 2048 of 512",
        "at least 7 holes, 2 MiB (2097152 bytes)",
        "at least 12 extents, 3 shared, 4 KiB (4096 bytes)",
        "ana\\x1b[2J (1000)",
        "4321, which has no name here",
        "rw-r----- 0640",
        "2026-05-28 20:26:40 +0000",
        "4711 on device 42, 2 names",
        "system.posix_acl_access, 44 bytes (an ACL)",
        "user.\\x07shot, 5 bytes",
    ] {
        assert!(screen.contains(words), "{words}:\n{screen}");
    }
    world.keys("i");
    assert!(world.model.layers.is_empty());
    assert_eq!(world.taken(), [Effect::StopInspect]);
}

#[test]
fn names_that_look_alike_are_told_apart() {
    for (name, parts) in [("e\u{301}.txt", true), ("\u{e9}.txt", false)] {
        let mut world = World::blank(80, 24);
        world.list(Side::Source, &[(name.as_bytes(), Kind::File)]);
        world.keys("i");
        let screen = world.screen();
        assert_eq!(screen.contains("e\\u{301}.txt"), parts, "{screen}");
    }
}

#[test]
fn a_late_answer_is_not_taken_for_another_row() {
    let mut world = World::new(80, 30);
    world.keys("G i");
    let (old, _) = asked(&mut world);
    world.keys("q k i");
    let (new, _) = asked(&mut world);
    assert_ne!(old, new);
    world.send(Msg::Inspected {
        ticket: old,
        told: Told::Entry(Ok(Box::new(told()))),
    });
    assert!(!world.screen().contains("4711"), "{}", world.screen());
    world.send(Msg::Inspected {
        ticket: new,
        told: Told::Entry(Err("Stale file handle".to_string())),
    });
    assert!(world.screen().contains("Stale file handle"));
}

#[test]
fn a_link_says_whether_it_leads_anywhere() {
    let mut world = World::new(80, 30);
    world.keys("f l a t <enter> i");
    for (leads, words) in [
        (Ok(haul::sys::Kind::Dir), "which is there: a directory"),
        (Err("Too many levels".to_string()), "not there: Too many"),
    ] {
        let ticket = match world.model.layers.last() {
            Some(Layer::Info(info)) => info.ticket,
            other => panic!("{other:?}"),
        };
        let mut link = told();
        link.stat.kind = haul::sys::Kind::Link;
        link.link = Some(Link {
            target: Box::from(&b"../v\n2"[..]),
            leads,
        });
        world.send(Msg::Inspected {
            ticket,
            told: Told::Entry(Ok(Box::new(link))),
        });
        let screen = world.screen();
        assert!(
            screen.contains("../v\\n2") && screen.contains(words),
            "{screen}"
        );
        assert!(!screen.contains("being counted"), "a link has no holes");
    }
}

#[test]
fn a_sequence_has_a_report() {
    let mut world = World::new(100, 30);
    let names: Vec<String> = (1001..=1125)
        .filter(|frame| !(1050..=1052).contains(frame))
        .map(|frame| format!("comp_v012.{frame}.exr"))
        .collect();
    let names: Vec<(&[u8], Kind)> = names
        .iter()
        .map(|name| (name.as_bytes(), Kind::File))
        .collect();
    world.keys("Z <C-r>");
    world.list(Side::Source, &names);
    world.keys("gg i");
    let (ticket, item) = asked(&mut world);
    assert!(matches!(item, Item::Fold(_)));
    let entries = world.model.pane(Side::Source).entries.clone();
    let sum = haul::tui::browse::Sum {
        bytes: 11 << 30,
        newest: Some(1_790_000_000),
        empty: vec![1107],
        odd: vec![1120, 1121],
        links: 0,
        unknown: 1,
    };
    assert_eq!(entries.folds(), 1);
    world.send(Msg::Inspected {
        ticket,
        told: Told::Sum(sum),
    });
    let screen = world.screen();
    for words in [
        "comp_v012.[1001-1125].exr",
        "comp_v012.%04d.exr 1001-1125",
        "122 frames, 1001 to 1125",
        "3: 1050-1052",
        "1: 1107",
        "2: 1120,1121",
        "1 file could not be looked at",
        "11 GiB (11811160064 bytes)",
        "2026-09-21 14:13:20 +0000",
    ] {
        assert!(screen.contains(words), "{words}:\n{screen}");
    }
}

#[test]
fn a_panel_that_gets_no_answer_says_so_and_holds_nothing_up() {
    let mut world = World::new(40, 10);
    world.send(Msg::Tick(1_000));
    world.keys("G i");
    assert!(world.model.needs_ticks());
    world.send(Msg::Tick(9_000));
    assert!(
        world.screen().contains("no answer for 8s"),
        "{}",
        world.screen()
    );
    world.keys("<esc> k <space>");
    assert_eq!(world.model.pane(Side::Source).marks.len(), 1);
    assert!(!world.model.needs_ticks());
}

#[test]
fn the_real_program_tells_of_a_real_file() {
    let world = world_of(&[("a.bin", Vec::new())]);
    let file = std::fs::File::options()
        .write(true)
        .open(world.path().join("src/a.bin"))
        .expect("opened");
    file.set_len(4 << 20).expect("grown");
    file.write_all_at(&[7; 4096], 1 << 20).expect("written");
    file.sync_all().expect("flushed");
    let mut terminal = open(&world);
    terminal.shows("a.bin");
    terminal.keys("i");
    terminal.until("the facts", |screen| {
        screen.contains("4 MiB (4194304 bytes)") && screen.contains("2 holes")
    });
    terminal.keys("iq");
    assert_eq!(terminal.end(), 0);
    given_back(&terminal);
}
