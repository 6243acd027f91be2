//! `haul doctor` from outside.

use crate::support::scratch::Scratch;
use crate::support::{World, is_root, skip};
use serde_json::Value;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

fn json(world: &World, words: &[&str]) -> (i32, Value) {
    let words = ["doctor", "--json"].iter().chain(words).copied();
    let (code, out, _) = world.run(words);
    assert_eq!(out.lines().count(), 1, "{out}");
    (code, serde_json::from_str(&out).expect("an object"))
}

#[test]
fn everything_is_looked_at_and_nothing_is_left_behind() {
    let world = World::new();
    let (code, out, err) = world.run(["doctor"]);
    assert_eq!((code, err.as_str()), (0, ""));
    for expected in [
        "Kernel",
        "Open files",
        "Locked memory",
        "io_uring",
        "Mount point",
        "File system",
        "Space",
        "Inodes",
        "Reflink",
        "copy_file_range",
        "O_DIRECT",
        "User xattrs",
        "POSIX ACLs",
        "Holes",
        "Case-sensitive",
        "flock",
    ] {
        assert!(out.contains(expected), "{expected}: {out}");
    }
    let left: Vec<_> = fs::read_dir(world.path())
        .expect("listed")
        .map(|entry| entry.expect("an entry").file_name())
        .filter(|name| name != "home")
        .collect();
    assert!(left.is_empty(), "{left:?}");
    let (code, found) = json(&world, &[]);
    assert_eq!(code, 0);
    let place = &found["paths"][0];
    assert!(
        place["bytes_total"].as_u64().expect("a size") > 0,
        "{found}"
    );
    assert_eq!(place["trials"]["flock"]["works"], true, "{found}");
    assert!(found["machine"]["kernel"].is_string() && found.get("route").is_none());
}

#[test]
fn two_places_get_a_choice_with_a_reason() {
    let world = World::new();
    fs::create_dir(world.path().join("a")).expect("made");
    fs::create_dir(world.path().join("b")).expect("made");
    let (code, found) = json(&world, &["a", "b"]);
    assert_eq!(code, 0);
    let auto = found["route"]["auto"].as_array().expect("choices");
    let shares = found["paths"][1]["trials"]["reflink"]["works"] == true;
    let small = if shares { "reflink" } else { "buffered" };
    assert_eq!(auto[0]["strategy"], small, "{found}");
    let large = auto.last().expect("a large one");
    assert_eq!(large["strategy"] == "reflink", shares, "{found}");
    let (_, out, _) = world.run(["doctor", "a", "b"]);
    assert!(out.contains("auto, from 'a' to 'b'"), "{out}");
    assert_eq!(out.contains("under 64 KiB"), !shares, "{out}");
}

#[test]
fn two_file_systems_have_no_reflink_between_them() {
    if !is_root() {
        return skip("mounting needs root");
    }
    let mut scratch = Scratch::new();
    if scratch.mount("far", 1024).is_none() {
        return;
    }
    let (here, far) = (scratch.text(""), scratch.text("far"));
    let world = World::new();
    let (code, found) = json(&world, &[&here, &far]);
    assert_eq!(code, 0);
    assert_eq!(found["paths"][1]["mount"]["point"], far.as_str(), "{found}");
    assert_eq!(found["paths"][1]["mount"]["kind"], "tmpfs");
    let large = found["route"]["auto"].as_array().expect("choices").last();
    assert_eq!(large.expect("one")["strategy"], "parallel", "{found}");
}

#[test]
fn what_cannot_be_looked_at_or_tried_is_said() {
    let world = World::new();
    let (code, out, err) = world.run(["doctor", "missing", "."]);
    assert_eq!(code, 1);
    assert_eq!(
        err,
        "haul: cannot look at 'missing': No such file or directory\n"
    );
    assert!(out.contains("Mount point"), "{out}");
    let (code, out, _) = world.run(["doctor", "/proc"]);
    assert_eq!(code, 0);
    assert!(
        out.contains("Not tried") && !out.contains("Reflink"),
        "{out}"
    );
    if !is_root() {
        let shut = world.path().join("shut");
        fs::create_dir(&shut).expect("made");
        fs::set_permissions(&shut, Permissions::from_mode(0o555)).expect("set");
        let (_, out, _) = world.run(["doctor", "shut"]);
        assert!(
            out.contains("no file can be made: Permission denied"),
            "{out}"
        );
    }
}

#[test]
fn json_shows_no_name_that_acts_on_a_terminal() {
    let world = World::new();
    let name = "a\u{9b}2J\u{202e}b";
    fs::create_dir(world.path().join(name)).expect("made");
    let (code, out, err) = world.run(["doctor", "--json", name]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(!out.contains(['\u{9b}', '\u{202e}']), "{out:?}");
    let told: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(told["paths"][0]["path"], name);
    let (code, out, _) = world.run(["copy", "--json", name, "b"]);
    assert_eq!(code, 0);
    assert!(!out.contains(['\u{9b}', '\u{202e}']), "{out:?}");
    assert!(out.contains("a\\u009b2J\\u202eb"), "{out}");
}
