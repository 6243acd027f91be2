//! What would be done, counted without doing it: nothing is written, and what cannot be counted is
//! said.

use crate::support::privileges::as_nobody;
use crate::support::scratch::Scratch;
use crate::support::{World, outcome, skip, tree};
use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

#[test]
fn problems_beyond_those_that_are_listed_are_counted() {
    let world = World::new();
    fs::create_dir(world.path().join("to")).expect("made");
    let names: Vec<String> = (0..130).map(|number| format!("gone-{number}")).collect();
    let mut words = vec!["copy", "-n", "-t", "to"];
    words.extend(names.iter().map(String::as_str));
    let (code, _, err) = world.run(words);
    assert_eq!(code, 1, "{err}");
    let lines: Vec<&str> = err.lines().collect();
    assert_eq!(lines.len(), 101, "{err}");
    assert!(lines[99].contains("'gone-99'"), "{err}");
    assert!(lines[100].contains("30 more"), "{err}");
}

#[test]
fn a_destination_that_cannot_be_looked_at_is_a_problem_and_not_simply_new() {
    let scratch = Scratch::quick();
    scratch.dir("from/below");
    scratch.file("from/below/file", "content");
    tree::set_mode(&scratch.dir("to/below"), 0);
    let Some(mut command) = as_nobody(&scratch) else {
        return;
    };
    command.args(["copy", "-n", "-T", "from", "to"]);
    let (code, out, err) = outcome(assert_cmd::Command::from_std(command));
    tree::set_mode(&scratch.at("to/below"), 0o700);
    assert_eq!(code, 1, "{out}{err}");
    assert!(err.contains("'to/below/file'"), "{err}");
    assert!(out.contains("new: 1\n"), "{out}");
}

/// What stops a copy stops it in its plan: with the same words, of the same names as they were given.
#[test]
fn what_cannot_replace_another_kind_is_a_problem_of_the_plan() {
    let world = World::new();
    let at = |path: &str| world.path().join(path);
    fs::create_dir_all(at("from/dir")).expect("made");
    fs::create_dir_all(at("from/link")).expect("made");
    for file in ["from/dir/file", "from/link/file", "from/file", "from/other"] {
        fs::write(at(file), "content").expect("written");
    }
    fs::create_dir_all(at("to/file")).expect("made");
    fs::create_dir(at("elsewhere")).expect("made");
    fs::write(at("elsewhere/file"), "another").expect("written");
    fs::write(at("to/dir"), "no directory").expect("written");
    symlink("../elsewhere", at("to/link")).expect("linked");
    let lines = |err: &str| {
        let mut lines: Vec<String> = err.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    let (code, out, planned) = world.run(["copy", "-n", "-T", "from", "to"]);
    assert_eq!(code, 1, "{out}{planned}");
    assert!(out.contains("found: 2 files in 1 directory"), "{out}");
    assert!(out.contains("new: 1\n"), "{out}");
    let (code, out, told) = world.run(["copy", "-T", "from", "to"]);
    assert_eq!(code, 1, "{out}{told}");
    assert_eq!(lines(&planned), lines(&told));
    assert_eq!(lines(&told).len(), 3, "{told}");
    assert!(
        told.contains("'to/dir'") && told.contains("'to/link'"),
        "{told}"
    );
    assert_eq!(fs::read(at("elsewhere/file")).expect("there"), b"another");
}

#[test]
fn a_plan_follows_links_and_stays_on_one_file_system_as_the_copy_does() {
    let world = World::new();
    let at = |path: &str| world.path().join(path);
    fs::create_dir_all(at("from/real")).expect("made");
    fs::write(at("from/real/file"), "12345").expect("written");
    symlink("real", at("from/link")).expect("linked");
    symlink("real/file", at("from/to-file")).expect("linked");
    for (words, found) in [
        (
            &["copy", "-n", "from", "to"][..],
            "found: 3 files in 2 directories, 5 B",
        ),
        (
            &["copy", "-n", "-L", "from", "to"],
            "found: 3 files in 3 directories, 15 B",
        ),
    ] {
        let (code, out, err) = world.run(words.iter().copied());
        assert_eq!((code, err.as_str()), (0, ""), "{out}");
        assert!(out.contains(found), "{words:?}\n{out}");
    }
    symlink("../link", at("from/real/round")).expect("linked");
    let (code, _, err) = world.run(["copy", "-n", "-L", "from", "to"]);
    assert_eq!(code, 1, "{err}");
    assert!(err.contains("round'"), "{err}");
    fs::remove_file(at("from/real/round")).expect("removed");
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "haul-test"])
        .arg(at("from/real"))
        .status();
    if !mounted.is_ok_and(|status| status.success()) {
        return skip("mounts need root");
    }
    fs::write(at("from/real/other"), "1234567").expect("written");
    let (_, all, _) = world.run(["copy", "-n", "from", "to"]);
    let (_, one, _) = world.run(["copy", "-n", "-x", "from", "to"]);
    let unmounted = Command::new("umount").arg(at("from/real")).status();
    assert!(unmounted.is_ok_and(|status| status.success()));
    assert!(
        all.contains("found: 3 files in 2 directories, 7 B"),
        "{all}"
    );
    assert!(
        one.contains("found: 2 files in 2 directories, 0 B"),
        "{one}"
    );
}

/// Of a link that leads elsewhere the length is no proof, nor the time of another device.
#[test]
fn a_plan_takes_for_identical_what_the_copy_takes_for_it() {
    let world = World::new();
    let at = |path: &str| world.path().join(path);
    for dir in ["from", "to"] {
        fs::create_dir(at(dir)).expect("made");
        symlink("same", at(dir).join("same")).expect("linked");
        symlink(&dir[..2], at(dir).join("link")).expect("linked");
    }
    let (code, out, err) = world.run(["copy", "-n", "-T", "from", "to"]);
    assert_eq!(code, 3, "{err}");
    assert!(out.contains("identical: 1 (0 B); conflicts: 1\n"), "{out}");
    let (code, _, err) = world.run(["copy", "-T", "from", "to"]);
    assert_eq!(code, 3, "{err}");
    assert!(
        err.contains("'to/link': another symbolic link is there, left alone"),
        "{err}"
    );
}
