//! The important parts as an ordinary user: his own trees are kept whole by every strategy, of
//! others' he keeps what he may, and what he may not is listed and stops nothing.

use crate::support::engine::copying;
use crate::support::is_root;
use crate::support::privileges::{NOBODY, as_nobody};
use crate::support::scratch::{Scratch, make_removable};
use crate::support::tree::{self, Dice};
use crate::support::walk::{self, assert_same, temporaries};
use std::fs;
use std::os::unix::fs::{MetadataExt, chown, lchown};
use std::path::Path;
use std::process::Output;
use std::time::Duration;

/// Gives a whole tree to the ordinary user.
fn give(root: &Path) {
    if !is_root() {
        return;
    }
    for path in walk::entries(root).keys() {
        let path = tree::below(root, path);
        lchown(path, Some(NOBODY), Some(NOBODY)).expect("given");
    }
}

fn run(scratch: &Scratch, words: &[&str]) -> Option<(i32, String, Output)> {
    let output = as_nobody(scratch)?.args(words).output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Some((output.status.code().expect("it ended"), said, output))
}

#[test]
fn his_own_tree_is_kept_by_every_strategy_and_then_left_alone() {
    let scratch = Scratch::quick();
    let from = scratch.at("from");
    tree::build(&from, 81);
    let before = walk::entries(&from);
    give(&from);
    // Giving a file away clears its set-id bits.
    for (path, metadata) in &before {
        if metadata.is_file() && metadata.mode() & 0o6000 != 0 {
            tree::set_mode(&tree::below(&from, path), metadata.mode() & 0o7777);
        }
    }
    tree::set_mode(&scratch.dir("to"), 0o777);
    for strategy in copying() {
        let words = [
            "copy",
            "--sync",
            "none",
            "--strategy",
            strategy.name(),
            "-T",
            "from",
            "to/x",
        ];
        let Some((code, said, _)) = run(&scratch, &words) else {
            return;
        };
        assert_eq!((code, said.as_str()), (0, ""), "{strategy}");
        assert_same(&from, &scratch.at("to/x"));
        let mut again = words.to_vec();
        again.push("--json");
        let Some((code, _, output)) = run(&scratch, &again) else {
            return;
        };
        let out = String::from_utf8_lossy(&output.stdout).into_owned();
        let summary = out.lines().last().unwrap_or_default();
        assert_eq!(code, 0, "{strategy}: {out}");
        assert!(summary.contains("\"copied\":0,"), "{strategy}: {summary}");
        make_removable(&scratch.at("to/x"));
        fs::remove_dir_all(scratch.at("to/x")).expect("removed");
    }
}

#[test]
fn of_anothers_tree_he_keeps_what_he_may() {
    let scratch = Scratch::quick();
    let from = scratch.dir("from");
    for (name, mode) in [
        ("read by all", 0o644),
        ("read by none", 0o000),
        ("runs as its owner", 0o4755),
        ("runs as its group", 0o2755),
        ("protected", 0o444),
    ] {
        fs::write(from.join(name), name).expect("written");
        tree::set_times(&from.join(name), 1_000, 1);
        tree::set_mode(&from.join(name), mode);
    }
    fs::create_dir(from.join("closed")).expect("made");
    fs::write(from.join("closed/inside"), "inside").expect("written");
    tree::set_mode(&from.join("closed"), 0o700);
    if is_root() {
        chown(from.join("closed"), Some(1234), Some(1234)).expect("given");
    } else {
        tree::set_mode(&from.join("closed"), 0o000);
    }
    tree::set_mode(&scratch.dir("to"), 0o777);
    for strategy in copying() {
        let words = ["copy", "--strategy", strategy.name(), "-T", "from", "to/x"];
        let Some((code, said, _)) = run(&scratch, &words) else {
            return;
        };
        assert_eq!(code, 1, "{strategy}: {said}");
        for name in ["'from/read by none'", "'from/closed'"] {
            let lines = said.lines().filter(|line| line.contains(name)).count();
            assert_eq!(lines, 1, "{strategy}: {name} in {said}");
        }
        let to = scratch.at("to/x");
        for (name, mode) in [
            ("read by all", 0o644),
            ("runs as its owner", if is_root() { 0o755 } else { 0o4755 }),
            ("runs as its group", if is_root() { 0o755 } else { 0o2755 }),
            ("protected", 0o444),
        ] {
            let there = fs::metadata(to.join(name)).expect("copied");
            assert_eq!(there.mode() & 0o7777, mode, "{strategy}: {name}");
            assert_eq!((there.mtime(), there.mtime_nsec()), (1_000, 1));
            assert_eq!(fs::read(to.join(name)).expect("read"), name.as_bytes());
        }
        assert!(!to.join("read by none").exists() && !to.join("closed/inside").exists());
        if is_root() {
            assert!(said.contains("owner or group not kept"), "{said}");
            assert!(said.contains("set-id bits dropped"), "{said}");
        }
        assert!(temporaries(&to).is_empty());
        make_removable(&to);
        fs::remove_dir_all(&to).expect("removed");
    }
}

/// Killed, gone on with, and what root left there is root's to remove.
#[test]
fn killed_he_goes_on_and_removes_his_own_temporaries_only() {
    let scratch = Scratch::quick();
    let from = scratch.dir("from");
    for number in 0..60u64 {
        let bytes = Dice::new(number).bytes(200_000);
        fs::write(from.join(format!("f{number}")), bytes).expect("written");
    }
    give(&from);
    let to = scratch.dir("to");
    tree::set_mode(&to, 0o777);
    let mut left = 0;
    for round in 0..8 {
        let Some(mut command) = as_nobody(&scratch) else {
            return;
        };
        let words = [
            "copy",
            "--sync",
            "none",
            "--conflict",
            "overwrite",
            "-T",
            "from",
            "to",
        ];
        let mut child = command.args(words).spawn().expect("it runs");
        std::thread::sleep(Duration::from_millis(4 * round));
        child.kill().expect("killed");
        child.wait().expect("it ended");
        left += temporaries(&to).len();
    }
    crate::support::say(&format!("{left} temporaries were left by 8 kills"));
    // A temporary of root's own, as another killed run would leave it.
    let roots = is_root().then(|| {
        let orphans = temporaries(&to);
        let name = orphans.first().map(|name| tree::below(&to, name))?;
        chown(&name, Some(0), Some(0)).expect("given");
        Some(name)
    });
    let words = ["copy", "--conflict", "overwrite", "-T", "from", "to"];
    let Some((code, said, _)) = run(&scratch, &words) else {
        return;
    };
    assert_eq!(code, 0, "{said}");
    let still = temporaries(&to);
    match roots.flatten() {
        Some(roots) => {
            assert!(roots.exists(), "removed what is root's");
            assert_eq!(still.len(), 1);
            fs::remove_file(roots).expect("removed");
        }
        None => assert!(still.is_empty(), "{still:?}"),
    }
    let found = walk::differences(&from, &to);
    let of_files: Vec<_> = found.iter().filter(|line| line.contains("/to/")).collect();
    assert!(of_files.is_empty(), "{of_files:?}");
}

#[test]
fn a_home_that_may_not_be_entered_is_no_reason_not_to_copy() {
    let scratch = Scratch::new();
    let home = scratch.dir("somebody");
    scratch.file("source", "bytes");
    tree::set_mode(&scratch.at("source"), 0o644);
    let Some(mut command) = as_nobody(&scratch) else {
        return;
    };
    tree::set_mode(&home, 0);
    command.env("HOME", &home).args(["copy", "source", "to"]);
    let output = command.output().expect("it runs");
    tree::set_mode(&home, 0o700);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(
        said.contains("cannot be reached, so the defaults hold"),
        "{said}"
    );
    assert_eq!(fs::read(scratch.at("to")).expect("copied"), b"bytes");
}

#[test]
fn a_configuration_that_may_not_be_read_is_an_error() {
    let scratch = Scratch::new();
    let Some(mut command) = as_nobody(&scratch) else {
        return;
    };
    let dir = scratch.dir("home/.config/haul");
    let file = dir.join("config.toml");
    fs::write(&file, "").expect("written");
    tree::set_mode(&file, 0);
    let output = command
        .args(["copy", "source", "to"])
        .output()
        .expect("it runs");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot read configuration"));
}
