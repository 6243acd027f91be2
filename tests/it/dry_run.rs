//! What would be done, counted without doing it: nothing is written, and what cannot be counted is
//! said.

use crate::support::deep::Deep;
use crate::support::privileges::as_nobody;
use crate::support::scratch::Scratch;
use crate::support::{World, outcome, skip, tree};
use serde_json::Value;
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
    assert!(out.contains("new: 0; cannot be copied: 1\n"), "{out}");
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
    assert!(out.contains("found: 4 files in 3 directories"), "{out}");
    // Two directories and what is in them, and a file over a directory.
    assert!(out.contains("new: 1; cannot be copied: 5\n"), "{out}");
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

/// A tmpfs with these options at `to`, while the closure runs; a skip where mounts need root.
fn mounted(world: &World, options: &str, test: impl FnOnce()) {
    let to = world.path().join("to");
    fs::create_dir_all(&to).expect("made");
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", options, "haul-test"])
        .arg(&to)
        .status();
    if !mounted.is_ok_and(|status| status.success()) {
        return skip("mounts need root");
    }
    let tried = std::panic::catch_unwind(std::panic::AssertUnwindSafe(test));
    let unmounted = Command::new("umount").arg(&to).status();
    assert!(unmounted.is_ok_and(|status| status.success()));
    if let Err(panic) = tried {
        std::panic::resume_unwind(panic);
    }
}

#[test]
fn a_plan_knows_of_inodes_room_and_mounts_that_are_read_only() {
    let world = World::new();
    let many = world.path().join("many");
    fs::create_dir(&many).expect("made");
    for number in 0..500 {
        fs::write(many.join(format!("f{number}")), "tiny").expect("written");
    }
    mounted(&world, "size=1m,nr_inodes=200", || {
        let (code, out, _) = world.run(["copy", "-n", "many", "to"]);
        assert_eq!(code, 1, "{out}");
        assert!(out.contains("space: 501 inodes needed, "), "{out}");
        assert!(out.contains("free: does not fit"), "{out}");
        assert!(out.contains("by: buffered, "), "{out}");
        assert!(!out.contains("several ranges at a time"), "{out}");
    });
    fs::write(world.path().join("large"), vec![1; 2 << 20]).expect("written");
    mounted(&world, "size=1m", || {
        let (code, out, _) = world.run(["copy", "-n", "large", "to"]);
        assert_eq!(code, 1, "{out}");
        assert!(out.contains("does not fit"), "{out}");
        let (code, out, err) = world.run(["copy", "-q", "-n", "large", "to"]);
        assert_eq!((code, out.as_str()), (1, ""));
        assert!(err.contains("does not fit"), "{err}");
        let (code, out, _) = world.run(["copy", "-n", "--json", "large", "to"]);
        let last = out.lines().last().expect("a line");
        assert_eq!(code, 1, "{out}");
        assert!(
            last.contains("\"summary\"") && last.contains("does not fit"),
            "{last}"
        );
    });
    mounted(&world, "ro", || {
        for source in ["large", "many"] {
            let (code, out, planned) = world.run(["copy", "-n", source, "to"]);
            assert_eq!(code, 1, "{out}");
            assert!(out.contains("new: 0; cannot be copied: "), "{out}");
            let (code, _, told) = world.run(["copy", source, "to"]);
            assert_eq!(code, 1);
            assert_eq!(planned.lines().next(), told.lines().next());
        }
    });
}

#[test]
fn a_destination_that_may_not_be_written_is_a_problem_of_the_plan() {
    let scratch = Scratch::quick();
    scratch.dir("from/below");
    scratch.file("from/below/new", "content");
    tree::set_mode(&scratch.dir("to/below"), 0o555);
    for (words, path) in [
        (["copy", "-n", "-T", "from", "to"], "'to/below/new'"),
        (["copy", "-nq", "-t", "to", "from/below"], "'to/below/new'"),
        (
            ["copy", "-n", "-T", "from", "to/below/tree"],
            "'to/below/tree'",
        ),
    ] {
        let Some(mut command) = as_nobody(&scratch) else {
            return;
        };
        command.args(words);
        let (code, out, err) = outcome(assert_cmd::Command::from_std(command));
        assert_eq!(code, 1, "{out}{err}");
        assert!(err.contains("cannot create") && err.contains(path), "{err}");
        assert!(err.contains("permission denied"), "{err}");
    }
}

/// What a policy does not copy takes no room, and of a sparse file only its blocks do.
#[test]
fn the_room_a_plan_asks_for_is_what_would_be_written() {
    let world = World::new();
    let at = |path: &str| world.path().join(path);
    for dir in ["from", "to"] {
        fs::create_dir(at(dir)).expect("made");
        fs::write(at(dir).join("other"), vec![1; 3000 + dir.len()]).expect("written");
    }
    fs::write(at("from/new"), vec![1; 1000]).expect("written");
    let space = |words: &[&str]| {
        let mut all = vec!["copy", "-n", "-T", "from", "to"];
        all.extend(words);
        let (_, out, _) = world.run(all);
        let line = out.lines().find(|line| line.starts_with("space: "));
        line.expect("a line").to_owned()
    };
    for policy in ["refuse", "skip"] {
        let line = space(&["--conflict", policy]);
        assert!(
            line.starts_with("space: 1000 B to copy"),
            "{policy}: {line}"
        );
    }
    for policy in ["overwrite", "rename"] {
        let line = space(&["--conflict", policy]);
        assert!(
            line.starts_with("space: 3.9 KiB to copy"),
            "{policy}: {line}"
        );
    }
    let sparse = fs::File::create(at("from/sparse")).expect("made");
    sparse.set_len(1 << 41).expect("lengthened");
    let line = space(&[]);
    assert!(
        line.starts_with("space: 1000 B") && line.ends_with("fits"),
        "{line}"
    );
    let line = space(&["--sparse", "never"]);
    assert!(
        line.starts_with("space: 2.0 TiB") && line.ends_with("does not fit"),
        "{line}"
    );
}

#[test]
fn the_strategy_of_a_plan_is_that_of_the_sizes_found() {
    let world = World::new();
    fs::create_dir(world.path().join("from")).expect("made");
    for number in 0..9 {
        let path = world.path().join(format!("from/f{number}"));
        fs::write(path, vec![number; 300_000]).expect("written");
    }
    let plan = |to: &str| {
        let (code, out, err) = world.run(["copy", "-n", "--json", "from", to]);
        assert_eq!(code, 0, "{err}");
        let first = out.lines().next().expect("a line");
        let plan: serde_json::Value = serde_json::from_str(first).expect("JSON");
        plan["preview"].clone()
    };
    let planned = plan("to")["strategy"].clone();
    let (_, out, _) = world.run(["copy", "--json", "from", "to"]);
    let last = out.lines().last().expect("a line");
    let summary: serde_json::Value = serde_json::from_str(last).expect("JSON");
    let used = summary["strategies"].as_array().expect("a list");
    let used: Vec<_> = used.iter().map(|used| &used["strategy"]).collect();
    // A clone is tried, and may not work.
    if planned != "reflink" {
        assert_eq!(used, [&planned], "{summary}");
    }
    fs::write(world.path().join("from/small"), "few").expect("written");
    let reason = plan("to2")["reason"].as_str().expect("text").to_owned();
    // Small files share blocks too.
    let mixed = "; so 2.6 MiB of 9 files, buffered 3 B of 1 file";
    assert_eq!(reason.contains(mixed), planned != "reflink", "{reason}");
}

/// Where the kernel takes no path any more the plan goes on as the copy does: what is new, what is
/// there, what differs, and what a pattern leaves out.
#[test]
fn a_plan_of_a_tree_deeper_than_a_path_is_that_of_its_copy() {
    let world = World::new();
    let at = |path: &str| world.path().join(path);
    // Longer than two paths; and of short names, so that the last of a path is met at many levels.
    for deep in [Deep::new("n".repeat(200), 50), Deep::new("ab", 3000)] {
        deep.make(&at("from"));
        let all = deep.files();
        let planned = |words: &[&'static str]| {
            let words = ["copy", "-n", "--json"].iter().chain(words).copied();
            let (code, out, err) = world.run(words);
            let lines: Vec<Value> = out
                .lines()
                .map(|line| serde_json::from_str(line).expect("JSON"))
                .collect();
            (code, lines[0].clone(), err)
        };
        let (code, plan, err) = planned(&["-T", "from", "to"]);
        assert_eq!((code, err.as_str()), (0, ""), "{plan}");
        assert_eq!(plan["new"], all, "{plan}");
        assert_eq!(plan["found"]["dirs"], deep.levels() + 1, "{plan}");
        let (code, _, err) = world.run(["copy", "-T", "--sync", "none", "from", "to"]);
        assert_eq!((code, err.as_str()), (0, ""));
        let (code, plan, err) = planned(&["-T", "from", "to"]);
        assert_eq!((code, err.as_str()), (0, ""), "{plan}");
        assert_eq!((&plan["new"], &plan["identical"]), (&0.into(), &all.into()));
        let (_, plan, _) = planned(&["-T", "--exclude", "file", "from", "to"]);
        assert_eq!(plan["found"]["files"], 0, "{plan}");
        deep.spoil(&at("to"));
        let (code, plan, err) = planned(&["-T", "from", "to"]);
        assert_eq!(code, 3, "{plan}{err}");
        assert_eq!(plan["conflicts"], 1, "{plan}");
        let (code, _, _) = world.run(["copy", "-q", "-T", "from", "to"]);
        assert_eq!(code, 3);
        deep.remove(&at("from"));
        deep.remove(&at("to"));
    }
}
