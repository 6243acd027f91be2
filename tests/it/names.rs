//! Names, targets and shapes of trees at the edge of what the kernel takes.

use crate::support::deep::Deep;
use crate::support::engine::{copying, exact, run_real};
use crate::support::privileges::as_nobody;
use crate::support::scratch::Scratch;
use crate::support::tree;
use crate::support::walk::{self, assert_same};
use crate::support::{World, is_root, is_thorough, skip};
use haul::proto::{ErrorClass, Strategy};
use rustix::fs::{CWD, FileType, Mode, makedev, mknodat};
use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt, symlink};
use std::path::Path;
use std::process::Command;

#[test]
fn every_byte_may_be_in_a_name() {
    let scratch = Scratch::quick();
    let from = scratch.dir("from");
    for byte in 1..=255u8 {
        if byte == b'/' {
            continue;
        }
        for name in [vec![byte], vec![b'a', byte, b'b'], vec![byte; 255]] {
            if name != b"." && name != b".." {
                let path = tree::below(&from, &name);
                fs::write(path, &name).expect("written");
            }
        }
    }
    for strategy in [Strategy::Auto, Strategy::Baseline] {
        let to = scratch.at("to");
        run_real(&exact(&from, &to, strategy)).assert_good();
        assert_same(&from, &to);
        fs::remove_dir_all(&to).expect("removed");
    }
}

#[test]
fn names_that_look_like_options_or_nothing_are_arguments_all_the_same() {
    let world = World::new();
    let names = [
        "-rf", "--help", " ", "\t", "a\nb", "end\\", "'", "*", "%s", "-", "~",
    ];
    fs::create_dir(world.path().join("-to")).expect("made");
    let mut words = vec!["copy", "--"];
    for name in names {
        fs::write(world.path().join(name), name).expect("written");
        words.push(name);
    }
    words.push("-to");
    let (code, _, err) = world.run(words);
    assert_eq!((code, err.as_str()), (0, ""));
    for name in names {
        let there = fs::read(world.path().join("-to").join(name)).expect("copied");
        assert_eq!(there, name.as_bytes());
    }
}

#[test]
fn targets_of_links_are_kept_byte_for_byte() {
    // Where a target may be as long as a path.
    let scratch = Scratch::new();
    let from = scratch.dir("from");
    let long = "x".repeat(4095);
    let climbing = "../".repeat(1365);
    for (name, target) in [
        ("longest", long.as_str()),
        ("climbing", climbing.as_str()),
        ("escaping", "../../../../etc/passwd"),
        ("absolute", "/etc/passwd"),
        ("slash", "dir/"),
        ("dots", "./.././/x"),
        ("self", "self"),
        ("blank", " "),
    ] {
        if symlink(target, from.join(name)).is_err() {
            return skip("this file system holds no long targets");
        }
    }
    let to = scratch.at("to");
    run_real(&exact(&from, &to, Strategy::Auto)).assert_good();
    assert_same(&from, &to);
    // A link whose length the kernel says is 0.
    let magic = Path::new("/proc/self/ns/user");
    assert_eq!(fs::symlink_metadata(magic).expect("there").len(), 0);
    run_real(&exact(magic, &scratch.at("magic"), Strategy::Auto)).assert_good();
    let target = |path: &Path| fs::read_link(path).expect("a link");
    assert_eq!(target(&scratch.at("magic")), target(magic));
}

#[test]
fn a_link_that_leads_to_itself_is_listed_when_followed() {
    let world = World::new();
    let from = world.path().join("from");
    fs::create_dir(&from).expect("made");
    symlink("loop", from.join("loop")).expect("linked");
    symlink("nowhere", from.join("dangling")).expect("linked");
    fs::write(from.join("f"), "bytes").expect("written");
    let (code, _, err) = world.run(["copy", "-L", "from", "to"]);
    assert_eq!(code, 1, "{err}");
    assert!(
        err.contains("'from/loop'") && err.contains("too many links"),
        "{err}"
    );
    assert!(err.contains("'from/dangling'"), "{err}");
    assert_eq!(
        fs::read(world.path().join("to/f")).expect("copied"),
        b"bytes"
    );
}

/// Devices are only root's to make: each that another meets is listed, never read.
#[test]
fn devices_are_listed_by_an_ordinary_user() {
    if !is_root() {
        return skip("only root makes devices");
    }
    let scratch = Scratch::new();
    let from = scratch.dir("from");
    for (name, kind, number) in [
        ("zero", FileType::CharacterDevice, makedev(1, 5)),
        ("terminal", FileType::CharacterDevice, makedev(5, 0)),
        ("disk", FileType::BlockDevice, makedev(7, 250)),
        // What an overlay makes where a file was removed.
        ("whiteout", FileType::CharacterDevice, makedev(0, 0)),
    ] {
        let made = mknodat(
            CWD,
            from.join(name),
            kind,
            Mode::from_raw_mode(0o666),
            number,
        );
        made.expect("made");
    }
    tree::pipe(&from.join("pipe"));
    fs::write(from.join("f"), "bytes").expect("written");
    let to = scratch.at("to");
    run_real(&exact(&from, &to, Strategy::Auto)).assert_good();
    for name in ["zero", "terminal", "disk", "whiteout"] {
        let look = |root: &Path| fs::symlink_metadata(root.join(name)).expect("there");
        assert_eq!(look(&to).rdev(), look(&from).rdev(), "{name}");
        assert_eq!(look(&to).file_type(), look(&from).file_type(), "{name}");
    }
    // Another device of the same time is another one.
    fs::remove_file(to.join("zero")).expect("removed");
    let (kind, mode) = (FileType::CharacterDevice, Mode::from_raw_mode(0o666));
    mknodat(CWD, to.join("zero"), kind, mode, makedev(1, 3)).expect("made");
    let then = fs::symlink_metadata(from.join("zero")).expect("there");
    tree::set_times(&to.join("zero"), then.mtime(), then.mtime_nsec());
    let ended = run_real(&exact(&from, &to, Strategy::Auto));
    assert_eq!(ended.failures.len(), 1, "{:?}", ended.failures);
    assert_eq!(ended.failures[0].class, ErrorClass::Conflict);
    assert_eq!(
        ended.failures[0].reason,
        "another character device is there, left alone"
    );
    tree::set_mode(&scratch.dir("theirs"), 0o777);
    let Some(mut command) = as_nobody(&scratch) else {
        return;
    };
    let output = command.args(["copy", "from", "theirs"]).output();
    let output = output.expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    for name in ["zero", "terminal", "disk"] {
        let line = format!("'from/{name}'");
        let there = format!("'theirs/from/{name}'");
        assert!(said.contains(&line) || said.contains(&there), "{said}");
    }
    assert!(said.contains("only root"), "{said}");
    let there = scratch.at("theirs/from");
    assert_eq!(fs::read(there.join("f")).expect("copied"), b"bytes");
    let pipe = fs::symlink_metadata(there.join("pipe")).expect("made");
    assert!(pipe.file_type().is_fifo());
}

#[test]
fn a_path_may_be_longer_than_a_path() {
    let levels = if is_thorough() { 1_000 } else { 500 };
    for (name, levels) in [("n".repeat(200), 300), ("d".to_owned(), levels)] {
        let deep = Deep::new(name, levels);
        let scratch = Scratch::quick();
        let (from, to) = (scratch.at("from"), scratch.at("to"));
        deep.make(&from);
        let mut job = exact(&from, &to, Strategy::Auto);
        job.tuning.file_workers = Some(2);
        run_real(&job).assert_good();
        deep.assert_there(&to);
        deep.remove(&from);
        deep.remove(&to);
    }
}

/// Mode, owner, time, attribute and ACL on each of many levels.
#[test]
fn every_level_of_a_deep_tree_keeps_what_it_has() {
    let scratch = Scratch::new();
    let from = scratch.dir("from");
    let mut dir = from.clone();
    let mut paths = Vec::new();
    for level in 0..70u32 {
        dir.push(format!("l{level}"));
        fs::create_dir(&dir).expect("made");
        let file = dir.join("f");
        fs::write(&file, level.to_string()).expect("written");
        for path in [&dir, &file] {
            let value = level.to_le_bytes();
            let flags = rustix::fs::XattrFlags::empty();
            if rustix::fs::setxattr(path, c"user.level", &value, flags).is_err() {
                return skip("no attributes on this file system");
            }
        }
        paths.push(dir.clone());
    }
    for (level, dir) in paths.iter().enumerate().rev() {
        let level = level as u32;
        if is_root() {
            std::os::unix::fs::chown(dir, Some(1000 + level), Some(level)).expect("given");
        }
        tree::set_mode(&dir.join("f"), [0o600, 0o444, 0o4711][level as usize % 3]);
        tree::set_times(&dir.join("f"), i64::from(level) * 1000, 5);
        tree::set_mode(dir, [0o755, 0o2750, 0o1777, 0o555][level as usize % 4]);
        tree::set_times(dir, i64::from(level) * 77, 999);
    }
    for strategy in copying() {
        let to = scratch.at("to");
        run_real(&exact(&from, &to, strategy)).assert_good();
        assert_same(&from, &to);
        for (level, dir) in paths.iter().enumerate() {
            let there = to.join(dir.strip_prefix(&from).expect("below"));
            for path in [&there, &there.join("f")] {
                let mut value = [0; 4];
                rustix::fs::getxattr(path, c"user.level", &mut value).expect("kept");
                assert_eq!(u32::from_le_bytes(value), level as u32);
            }
        }
        crate::support::scratch::make_removable(&to);
        fs::remove_dir_all(&to).expect("removed");
    }
}

/// Entries by the hundred thousand in one directory, and memory that does not follow their names.
#[test]
fn a_directory_of_very_many_names_needs_little_memory() {
    let count = if is_thorough() { 300_000u64 } else { 20_000 };
    let scratch = Scratch::quick();
    let from = scratch.dir("from");
    for number in 0..count {
        fs::File::create(from.join(format!("shot-{number:010}.exr"))).expect("made");
    }
    let (code, peak) = copied_within(&scratch);
    assert_eq!(code, Some(0));
    assert_eq!(walk::files(&scratch.at("to")), count);
    crate::support::say(&format!("{count} names: {peak} KiB at most"));
    // What a program of this size needs anyway, and at most 300 bytes a name.
    let most = 40 * 1024 + count * 300 / 1024;
    assert!((1000..most).contains(&peak), "{peak} KiB for {count} names");
}

/// Hard links by the hundred thousand: in pairs, whose first names are all remembered at once, and as
/// many names of one file as a file system allows.
#[test]
fn very_many_hard_links_need_little_memory() {
    let (pairs, names) = if is_thorough() {
        (200_000u64, 60_000u64)
    } else {
        (5_000, 5_000)
    };
    let scratch = Scratch::quick();
    let from = scratch.dir("from");
    let (first, second) = (scratch.dir("from/first"), scratch.dir("from/second"));
    for number in 0..pairs {
        let name = format!("{number}");
        fs::write(first.join(&name), "x").expect("written");
        fs::hard_link(first.join(&name), second.join(&name)).expect("linked");
    }
    fs::write(from.join("one"), "y").expect("written");
    for number in 1..names {
        fs::hard_link(from.join("one"), from.join(format!("{number}"))).expect("linked");
    }
    let (code, peak) = copied_within(&scratch);
    assert_eq!(code, Some(0));
    let to = scratch.at("to");
    assert_eq!(walk::files(&to), 2 * pairs + names);
    let links = |path: std::path::PathBuf| fs::metadata(path).expect("there").nlink();
    assert_eq!(links(to.join("one")), names);
    for number in 0..pairs {
        assert_eq!(links(to.join(format!("second/{number}"))), 2, "{number}");
    }
    crate::support::say(&format!("{pairs} pairs, {names} names: {peak} KiB at most"));
    // What a program of this size needs anyway, and at most 600 bytes a pair and 100 a name.
    let most = 40 * 1024 + (pairs * 600 + names * 100) / 1024;
    assert!((1000..most).contains(&peak), "{peak} KiB");
}

/// Copies `from` to `to` by the real program: its exit code, and the most memory it had, in KiB.
fn copied_within(scratch: &Scratch) -> (Option<i32>, u64) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_haul"))
        .args(["copy", "-q", "--sync", "none", "from", "to"])
        .env("HOME", scratch.dir("home"))
        .current_dir(scratch.path())
        .spawn()
        .expect("it runs");
    let mut peak = 0;
    loop {
        let status = fs::read_to_string(format!("/proc/{}/status", child.id()));
        let line = status.ok().and_then(|status| {
            let line = status.lines().find(|line| line.starts_with("VmHWM"))?;
            line.split_whitespace().nth(1)?.parse::<u64>().ok()
        });
        peak = peak.max(line.unwrap_or(0));
        if let Some(status) = child.try_wait().expect("known") {
            break (status.code(), peak);
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}
