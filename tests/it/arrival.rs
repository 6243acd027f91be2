//! The way to the destination argument: whose links are followed, and through what.

use crate::support::privileges::as_nobody;
use crate::support::scratch::Scratch;
use crate::support::{is_root, skip, tree};
use std::fs;
use std::os::unix::fs::{lchown, symlink};
use std::path::Path;
use std::process::{Command, Output};

/// Somebody who is neither root nor the one who runs haul.
const SOMEBODY: u32 = 12_345;

fn copy(command: Option<Command>, words: &[&str]) -> Option<Output> {
    let mut command = command?;
    Some(command.arg("copy").args(words).output().expect("it runs"))
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_link_that_somebody_else_put_on_the_way_is_not_followed() {
    if !is_root() {
        skip("only root can make links of another user");
        return;
    }
    let scratch = Scratch::new();
    scratch.file("f", "x");
    let real = scratch.dir("real");
    scratch.dir("real/below");
    for dir in ["real", "real/below"] {
        tree::set_mode(&scratch.at(dir), 0o777);
    }
    for (link, owner) in [("theirs", SOMEBODY), ("roots", 0), ("own", 65_534)] {
        symlink(&real, scratch.at(link)).expect("made");
        lchown(scratch.at(link), Some(owner), Some(owner)).expect("given");
    }
    for dest in ["theirs", "theirs/", "theirs/below", "theirs/new"] {
        for words in [vec!["f", dest], vec!["-T", "f", dest]] {
            if words.contains(&"-T") && dest.trim_end_matches('/') == "theirs" {
                // There the link is the name itself, which is not followed either.
                continue;
            }
            let output = copy(as_nobody(&scratch), &words).expect("it runs as nobody");
            let said = text(&output);
            assert_eq!(output.status.code(), Some(1), "{words:?}: {said}");
            assert!(said.contains("user 12345 put there"), "{words:?}: {said}");
        }
    }
    let names = |dir: &Path| fs::read_dir(dir).expect("there").count();
    assert_eq!((names(&real), names(&real.join("below"))), (1, 0));
    for dest in ["roots/below/a", "own/b", "roots"] {
        let output = copy(as_nobody(&scratch), &["f", dest]).expect("it runs as nobody");
        assert!(output.status.success(), "{dest}: {}", text(&output));
    }
    for name in ["below/a", "b", "f"] {
        assert_eq!(fs::read(real.join(name)).expect("there"), b"x", "{name}");
    }
}

/// Root may read what the owner of a link may not: who made it counts. Others may only read what they
/// may, through whatever link.
#[test]
fn a_link_that_somebody_else_put_on_the_way_to_a_source_is_not_followed_by_root() {
    if !is_root() {
        skip("only root can make links of another user");
        return;
    }
    let scratch = Scratch::new();
    let real = scratch.dir("real/below");
    fs::write(real.join("f"), "x").expect("written");
    let to = scratch.dir("to");
    tree::set_mode(&to, 0o777);
    for (link, owner) in [("theirs", SOMEBODY), ("roots", 0)] {
        symlink("real", scratch.at(link)).expect("made");
        lchown(scratch.at(link), Some(owner), Some(owner)).expect("given");
    }
    let as_root = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_haul"));
        command
            .env("HOME", scratch.dir("home of root"))
            .current_dir(scratch.path());
        command
    };
    for source in [
        "theirs/below/f",
        "theirs/below",
        "theirs/",
        "theirs/below/.",
    ] {
        for words in [&["copy"][..], &["copy", "--dry-run"]] {
            let mut command = as_root();
            let output = command.args(words).args([source, "to"]).output();
            let output = output.expect("it runs");
            let said = text(&output) + &String::from_utf8_lossy(&output.stdout);
            assert!(!output.status.success(), "{source}: {said}");
            assert!(said.contains("user 12345 put there"), "{source}: {said}");
        }
    }
    assert_eq!(fs::read_dir(&to).expect("there").count(), 0);
    // The link itself is copied as what it is, and others are followed.
    for source in ["theirs", "roots/below/f"] {
        let mut command = as_root();
        let output = command
            .args(["copy", source, "to"])
            .output()
            .expect("it runs");
        assert!(output.status.success(), "{source}: {}", text(&output));
    }
    assert_eq!(fs::read(to.join("f")).expect("there"), b"x");
    let output = copy(as_nobody(&scratch), &["theirs/below", "to"]).expect("it runs as nobody");
    assert!(output.status.success(), "{}", text(&output));
    assert_eq!(fs::read(to.join("below/f")).expect("there"), b"x");
}

/// The directories of a mapping's new name are reached, and made, like any destination.
#[test]
fn a_link_that_somebody_else_put_on_the_way_of_a_mapping_is_not_followed() {
    if !is_root() {
        skip("only root can make links of another user");
        return;
    }
    let scratch = Scratch::new();
    scratch.file("f", "x");
    let real = scratch.dir("real");
    for (link, owner) in [("theirs", SOMEBODY), ("roots", 0)] {
        symlink("real", scratch.at(link)).expect("made");
        lchown(scratch.at(link), Some(owner), Some(owner)).expect("given");
    }
    let apply = |dst: &str| {
        let batch = format!(r#"{{"mappings":[{{"src":"f","dst":"{dst}"}}]}}"#);
        fs::write(scratch.at("batch"), batch).expect("written");
        let mut command = Command::new(env!("CARGO_BIN_EXE_haul"));
        command
            .env("HOME", scratch.dir("home"))
            .current_dir(scratch.path());
        command.args(["apply", "batch"]).output().expect("it runs")
    };
    for dst in ["theirs/f", "theirs/new/deep/f", "real/../theirs/new/f"] {
        let output = apply(dst);
        let said = text(&output);
        assert!(!output.status.success(), "{dst}: {said}");
        assert!(said.contains("user 12345 put there"), "{dst}: {said}");
    }
    assert_eq!(fs::read_dir(&real).expect("there").count(), 0);
    let output = apply("roots/new/deep/f");
    assert!(output.status.success(), "{}", text(&output));
    assert_eq!(fs::read(real.join("new/deep/f")).expect("there"), b"x");
}

#[test]
fn a_directory_that_may_be_entered_and_not_listed_is_no_obstacle() {
    let scratch = Scratch::new();
    scratch.file("f", "x");
    scratch.dir("way");
    scratch.dir("way/dest");
    scratch.dir("way/closed");
    scratch.dir("tree/d");
    scratch.file("tree/d/f", "x");
    for dir in ["way/dest", "way/closed"] {
        tree::set_mode(&scratch.at(dir), 0o777);
    }
    // Entered, and for one of them written to, but not listed.
    tree::set_mode(&scratch.at("way/closed"), 0o333);
    tree::set_mode(&scratch.at("way"), 0o111);
    for words in [
        vec!["f", "way/dest"],
        vec!["f", "way/dest/new"],
        vec!["tree", "way/dest"],
        vec!["f", "way/closed"],
        vec!["tree", "way/closed"],
        vec!["--sync", "none", "f", "way/closed/other"],
    ] {
        let Some(output) = copy(as_nobody(&scratch), &words) else {
            return;
        };
        let said = text(&output);
        assert!(output.status.success(), "{words:?}: {said}");
    }
    tree::set_mode(&scratch.at("way"), 0o755);
    tree::set_mode(&scratch.at("way/closed"), 0o755);
    for name in [
        "dest/f",
        "dest/new",
        "dest/tree/d/f",
        "closed/f",
        "closed/tree/d/f",
        "closed/other",
    ] {
        assert_eq!(
            fs::read(scratch.at("way").join(name)).expect("there"),
            b"x",
            "{name}"
        );
    }
    assert_eq!(
        fs::read_dir(scratch.at("way/closed"))
            .expect("there")
            .count(),
        3
    );
}
