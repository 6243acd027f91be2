//! What people and machines get wrong, through the real program: the message names the path and the
//! reason, the exit code is right, and nothing is destroyed.

use crate::support::privileges::{as_nobody, haul};
use crate::support::scratch::{Scratch, remount_read_only};
use crate::support::tree::{self, Dice};
use crate::support::walk::{self, assert_same, entries, temporaries};
use crate::support::{is_root, skip};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt, symlink};
use std::path::Path;
use std::process::Output;

fn copy<S: AsRef<OsStr>>(scratch: &Scratch, words: &[S]) -> (i32, String) {
    let output = haul(scratch).arg("copy").args(words).output();
    told(&output.expect("the program runs"))
}

/// Exit code and what was said, which is safe to show.
pub fn told(output: &Output) -> (i32, String) {
    let code = output.status.code().expect("it ended by itself");
    let said = std::str::from_utf8(&output.stderr).expect("messages are text");
    let hidden = |character: char| {
        (character.is_control() && character != '\n')
            || ('\u{202a}'..='\u{202e}').contains(&character)
    };
    assert!(!said.contains(hidden), "{said:?}");
    for line in said.lines() {
        assert!(
            line.starts_with("haul: ") || line.contains("copied"),
            "{line:?}"
        );
    }
    (code, said.to_owned())
}

/// What a refusal must leave as it was.
fn identities(scratch: &Scratch) -> Vec<(Vec<u8>, u64, u64, i64, i64)> {
    let entries = entries(scratch.path()).into_iter();
    let kept = entries.filter(|(path, _)| !path.starts_with(b"home"));
    kept.filter(|(_, metadata)| !metadata.is_dir())
        .map(|(path, entry)| {
            (
                path,
                entry.ino(),
                entry.len(),
                entry.mtime(),
                entry.mtime_nsec(),
            )
        })
        .collect()
}

fn world() -> Scratch {
    let scratch = Scratch::quick();
    scratch.dir("dir/sub");
    scratch.dir("dest");
    scratch.file("dir/one", "one");
    scratch.file("dir/sub/two", "two");
    scratch.file("file", "the file");
    scratch.file("other", "another file");
    fs::hard_link(scratch.at("file"), scratch.at("hard")).expect("linked");
    symlink("file", scratch.at("soft")).expect("linked");
    symlink("dir", scratch.at("to-dir")).expect("linked");
    symlink("nowhere/at/all", scratch.at("dangling")).expect("linked");
    scratch
}

#[test]
fn what_would_destroy_or_cannot_be_is_refused() {
    for (words, path, reason) in [
        (&["gone", "dest"][..], "gone", "no such file or directory"),
        (&["dir/no/gone", "dest"], "dir/no/gone", "no such file"),
        (&["file/", "dest"], "file/", "not a directory"),
        (&["file", "dir/one/x"], "dir/one/x", "not a directory"),
        (&["file", "nowhere/x"], "nowhere/x", "no such file"),
        (&["file", "other", "gone"], "gone", "does not exist"),
        (&["dir", "other"], "dir", "no directory"),
        (&["dir", "-t", "other"], "other", "not a directory"),
        (&["dir", "dir"], "dir", "into itself"),
        (&["dir", "./dir/sub"], "dir", "into itself"),
        (&["dir", "dir/sub/new"], "dir", "into itself"),
        (&["dir", "to-dir/sub"], "dir", "into itself"),
        (&["dir", "to-dir"], "dir", "into itself"),
        (&["dir/", "dir/../dir/sub"], "dir/", "into itself"),
        (&["file", "file"], "file", "are the same"),
        (&["file", "./file"], "file", "are the same"),
        (&["file", "hard"], "file", "are the same"),
        (&["file", "soft"], "file", "link to the source"),
        (&["file", "."], "file", "are the same"),
        (&["-T", "dir", "to-dir"], "dir", "no directory"),
        (&["-T", "file", "dir"], "file", "directory of that name"),
    ] {
        for policy in ["refuse", "overwrite", "rename"] {
            let scratch = world();
            let before = identities(&scratch);
            let mut words = words.to_vec();
            words.extend(["--conflict", policy]);
            let (code, said) = copy(&scratch, &words);
            assert_eq!(code, 1, "{words:?}: {said}");
            assert!(said.contains(&format!("'{path}'")), "{words:?}: {said}");
            assert!(said.contains(reason), "{words:?}: {said}");
            assert_eq!(identities(&scratch), before, "{words:?} changed something");
        }
    }
}

#[test]
fn one_bad_source_does_not_stop_the_others() {
    let scratch = world();
    let (code, said) = copy(
        &scratch,
        &["file", "gone", "dir", "dir/one", "dir/sub/../one", "dest"],
    );
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("'gone'"), "{said}");
    assert!(
        said.contains("'dir/sub/../one'") && said.contains("same name"),
        "{said}"
    );
    for name in ["file", "dir", "one"] {
        let from = if name == "one" { "dir/one" } else { name };
        assert_same(&scratch.at(from), &scratch.at("dest").join(name));
    }
}

#[test]
fn a_link_at_the_destination_is_never_written_through() {
    let scratch = world();
    let (code, said) = copy(&scratch, &["file", "dangling"]);
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("'dangling'"), "{said}");
    assert!(said.contains("symbolic link"), "{said}");
    let (code, said) = copy(&scratch, &["--conflict", "overwrite", "file", "dangling"]);
    assert_eq!(code, 0, "{said}");
    assert!(!scratch.at("nowhere").exists());
    assert!(!scratch.at("dangling").is_symlink());
    // Nor one that leads to itself, which is a name like any other.
    symlink("round", scratch.at("round")).expect("linked");
    let (code, said) = copy(&scratch, &["file", "round"]);
    assert_eq!(code, 3, "{said}");
    assert!(scratch.at("round").is_symlink());
    let (code, said) = copy(&scratch, &["file", "round/x"]);
    assert_eq!(code, 1, "{said}");
    let (code, said) = copy(
        &scratch,
        &["-T", "--conflict", "overwrite", "file", "round"],
    );
    assert_eq!(code, 0, "{said}");
    assert_same(&scratch.at("file"), &scratch.at("round"));
    // A directory below a link is not gone into.
    scratch.dir("dest/dir");
    scratch.dir("elsewhere");
    symlink("../../elsewhere", scratch.at("dest/dir/sub")).expect("linked");
    let (code, said) = copy(&scratch, &["--conflict", "overwrite", "dir", "dest"]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("dest/dir/sub'"), "{said}");
    assert!(
        walk::files(&scratch.at("elsewhere")) == 0,
        "written through a link"
    );
    assert!(scratch.at("dest/dir/one").exists(), "the rest is copied");
}

#[test]
fn files_and_directories_do_not_replace_each_other() {
    let scratch = world();
    scratch.dir("dest/dir");
    scratch.file("dest/dir/sub", "a file where a directory should be");
    scratch.dir("dest/dir/one/keep");
    for policy in ["refuse", "overwrite", "skip", "newer", "rename"] {
        let before = identities(&scratch);
        let (code, said) = copy(&scratch, &["--conflict", policy, "dir", "dest"]);
        assert_eq!(code, 1, "{policy}: {said}");
        assert!(said.contains("dest/dir/sub'"), "{policy}: {said}");
        assert!(said.contains("dest/dir/one'"), "{policy}: {said}");
        assert!(
            said.contains("cannot replace a directory"),
            "{policy}: {said}"
        );
        assert_eq!(identities(&scratch), before, "{policy}");
        assert!(scratch.at("dest/dir/one/keep").is_dir());
    }
}

#[test]
fn an_existing_file_is_treated_as_asked() {
    for (policy, code, at_name, beside) in [
        ("refuse", 3, "old", None),
        ("skip", 0, "old", None),
        ("overwrite", 0, "new", None),
        ("newer", 0, "new", None),
        ("rename", 0, "old", Some("new")),
    ] {
        let scratch = Scratch::quick();
        let (from, to) = (scratch.file("shot.exr", "new"), scratch.dir("to"));
        fs::write(to.join("shot.exr"), "old").expect("written");
        tree::set_times(&from, 2000, 0);
        tree::set_times(&to.join("shot.exr"), 1000, 0);
        let (exit, said) = copy(&scratch, &["--conflict", policy, "shot.exr", "to"]);
        assert_eq!(exit, code, "{policy}: {said}");
        let read = |name: &str| fs::read_to_string(to.join(name)).ok();
        assert_eq!(read("shot.exr").as_deref(), Some(at_name), "{policy}");
        assert_eq!(read("shot_1.exr").as_deref(), beside, "{policy}");
        if code == 3 {
            assert!(
                said.contains("'to/shot.exr'") && said.contains("older"),
                "{said}"
            );
        } else {
            assert_eq!(said, "", "{policy}");
        }
    }
    // A later file at the destination stays under `newer`; the same file is no conflict at all.
    let scratch = Scratch::quick();
    let (from, to) = (scratch.file("f", "new"), scratch.file("to", "old"));
    tree::set_times(&from, 1000, 5);
    tree::set_times(&to, 1000, 6);
    assert_eq!(copy(&scratch, &["--conflict", "newer", "f", "to"]).0, 0);
    assert_eq!(fs::read(&to).expect("readable"), b"old");
    tree::set_times(&to, 1000, 5);
    assert_eq!(copy(&scratch, &["f", "to"]), (0, String::new()));
}

#[test]
fn what_may_not_be_read_or_written_is_named() {
    let scratch = Scratch::new();
    let (dir, dest) = (scratch.dir("dir"), scratch.dir("dest"));
    for name in ["closed", "dir-closed/x", "good"] {
        fs::create_dir_all(dir.join(name).parent().expect("below")).expect("made");
        fs::write(dir.join(name), name).expect("written");
    }
    tree::set_mode(&dir.join("closed"), 0o000);
    tree::set_mode(&dir.join("dir-closed"), 0o000);
    tree::set_mode(&dest, 0o777);
    let Some(mut command) = as_nobody(&scratch) else {
        return;
    };
    let output = command.args(["copy", "dir", "dest"]).output();
    let (code, said) = told(&output.expect("it runs"));
    assert_eq!(code, 1, "{said}");
    for name in ["'dir/closed'", "'dir/dir-closed'"] {
        let line = said.lines().find(|line| line.contains(name));
        let line = line.unwrap_or_else(|| panic!("no {name} in {said}"));
        assert!(line.contains("permission denied"), "{line}");
    }
    assert_eq!(fs::read(dest.join("dir/good")).expect("copied"), b"good");
    assert!(temporaries(&dest).is_empty());

    // A directory that may not be written to.
    let shut = scratch.dir("shut");
    fs::write(shut.join("good"), "as it was").expect("written");
    tree::set_mode(&shut, 0o555);
    let Some(mut command) = as_nobody(&scratch) else {
        return;
    };
    let words = ["copy", "--conflict", "overwrite", "dir/good", "shut"];
    let (code, said) = told(&command.args(words).output().expect("it runs"));
    assert_eq!(code, 1, "{said}");
    assert!(
        said.contains("'shut/good'") && said.contains("permission denied"),
        "{said}"
    );
    assert_eq!(fs::read(shut.join("good")).expect("readable"), b"as it was");
}

#[test]
fn an_ordinary_user_keeps_what_may_be_kept() {
    let scratch = Scratch::new();
    let from = scratch.dir("from");
    fs::write(from.join("file"), "bytes").expect("written");
    tree::set_mode(&from.join("file"), 0o4755);
    fs::create_dir(from.join("closed")).expect("made");
    fs::write(from.join("closed/inside"), "inside").expect("written");
    tree::set_mode(&from.join("closed"), 0o555);
    tree::set_times(&from.join("closed"), 1_000, 1);
    tree::set_mode(&scratch.dir("to"), 0o777);
    let Some(mut command) = as_nobody(&scratch) else {
        return;
    };
    let output = command.args(["copy", "from", "to"]).output();
    let (code, said) = told(&output.expect("it runs"));
    assert_eq!(code, 0, "{said}");
    let look = |path: &str| fs::metadata(scratch.at(path)).expect("copied");
    assert_eq!(look("to/from/closed").mode() & 0o7777, 0o555);
    assert_eq!(look("to/from/closed").mtime(), 1000);
    assert!(scratch.at("to/from/closed/inside").exists());
    if is_root() {
        // Somebody else's set-id bit would be this user's now.
        assert_eq!(look("to/from/file").mode() & 0o7777, 0o755);
        assert!(said.contains("owner or group not kept"), "{said}");
        assert!(said.contains("set-id bits dropped"), "{said}");
    }
}

#[test]
fn a_full_disk_is_said_and_nothing_half_is_left() {
    let mut scratch = Scratch::new();
    let Some(small) = scratch.mount("small", 1024) else {
        return;
    };
    let from = scratch.dir("from");
    for number in 0..6u64 {
        let bytes = Dice::new(number).bytes(300 << 10);
        fs::write(from.join(format!("f{number}")), bytes).expect("written");
    }
    fs::create_dir(small.join("from")).expect("made");
    fs::write(small.join("from/f0"), "the old one").expect("written");
    let (code, said) = copy(&scratch, &["--conflict", "overwrite", "from", "small"]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("no space left"), "{said}");
    assert!(temporaries(&small).is_empty());
    let mut there = 0;
    for number in 0..6 {
        let name = format!("from/f{number}");
        match fs::read(small.join(&name)) {
            Ok(bytes) if number == 0 && bytes == b"the old one" => {
                assert!(said.contains(&format!("'small/{name}'")), "{name}: {said}");
            }
            Ok(bytes) => {
                there += 1;
                assert!(
                    bytes == fs::read(scratch.at(&name)).expect("readable"),
                    "{name}"
                );
            }
            Err(_) => assert!(said.contains(&format!("'small/{name}'")), "{name}: {said}"),
        }
    }
    assert!((1..4).contains(&there), "{there} copied");
}

#[test]
fn a_read_only_file_system_is_said() {
    let mut scratch = Scratch::new();
    let Some(fixed) = scratch.mount("fixed", 256) else {
        return;
    };
    fs::write(fixed.join("old"), "old").expect("written");
    remount_read_only(&fixed);
    scratch.file("new", "new");
    fs::create_dir_all(scratch.at("dir/sub")).expect("made");
    let (code, said) = copy(&scratch, &["new", "dir", "fixed"]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("'fixed/new'"), "{said}");
    assert!(said.contains("'fixed/dir'"), "{said}");
    assert!(said.contains("read-only file system"), "{said}");
}

#[test]
fn files_of_the_kernel_s_making_are_read_to_their_end() {
    let scratch = Scratch::quick();
    let (code, said) = copy(&scratch, &["/proc/version", "/proc/sys/kernel/ostype", "."]);
    assert_eq!(code, 0, "{said}");
    let read = |path: &Path| fs::read(path).expect("readable");
    let version = read(&scratch.at("version"));
    assert!(!version.is_empty());
    assert_eq!(version, read(Path::new("/proc/version")));
    assert_eq!(read(&scratch.at("ostype")), b"Linux\n");
}

#[test]
fn pipes_and_devices_are_made_anew_and_never_read() {
    let scratch = Scratch::quick();
    let from = scratch.dir("from");
    tree::pipe(&from.join("pipe"));
    let _listener = std::os::unix::net::UnixListener::bind(from.join("socket")).expect("bound");
    fs::create_dir(from.join("empty")).expect("made");
    fs::write(from.join("nothing"), "").expect("written");
    if is_root() {
        use rustix::fs::{CWD, FileType, Mode, makedev, mknodat};
        let zero = makedev(1, 5);
        let mode = Mode::from_raw_mode(0o666);
        mknodat(
            CWD,
            from.join("zero"),
            FileType::CharacterDevice,
            mode,
            zero,
        )
        .expect("made");
    } else {
        skip("only root makes devices");
    }
    for strategy in ["auto", "baseline", "sendfile", "copy-file-range"] {
        let to = format!("to-{strategy}");
        let (code, said) = copy(&scratch, &["--strategy", strategy, "from", &to]);
        assert_eq!(code, 0, "{said}");
        assert_same(&from, &scratch.at(&to));
        let look = |name: &str| fs::symlink_metadata(scratch.at(&to).join(name)).expect("there");
        assert!(look("pipe").file_type().is_fifo());
        assert!(look("socket").file_type().is_socket());
        if is_root() {
            assert!(look("zero").file_type().is_char_device());
            assert_eq!(
                look("zero").rdev(),
                fs::metadata("/dev/zero").expect("there").rdev()
            );
        }
    }
}

#[test]
fn names_reach_a_message_only_in_a_safe_form() {
    let scratch = Scratch::quick();
    let (from, to) = (scratch.dir("from"), scratch.dir("to"));
    for name in tree::hostile_names() {
        fs::write(tree::below(&from, &name), "new").expect("written");
        fs::write(tree::below(&to, &name), "other").expect("written");
    }
    let (code, said) = copy(&scratch, &["-T", "from", "to"]);
    assert_eq!(code, 3, "{said}");
    let conflicts = said.lines().filter(|line| line.contains("left alone"));
    assert_eq!(conflicts.count(), tree::hostile_names().len(), "{said}");
    assert!(said.contains("\\x1b") && said.contains("\\n") && said.contains("\\u{202e}"));
    // As an argument, and in the refusals that speak of one.
    for name in [
        &b"gone\x1b[2J\nline"[..],
        "gone\u{202e}".as_bytes(),
        b"gone\xff",
    ] {
        let words: [OsString; 2] = [OsStr::from_bytes(name).into(), "to".into()];
        let (code, said) = copy(&scratch, &words);
        assert_eq!((code, said.lines().count()), (1, 1), "{said}");
        let (code, said) = copy(
            &scratch,
            &[words[1].clone(), words[0].clone(), words[0].clone()],
        );
        assert_eq!(code, 1, "{said}");
    }
    // And on standard output, where a name that is no text has a form of its own.
    let output = haul(&scratch)
        .args(["copy", "--json", "from", "to/more"])
        .output();
    let output = output.expect("it runs");
    assert_eq!(output.status.code(), Some(0));
    let out = String::from_utf8(output.stdout).expect("JSON is text");
    assert!(!out.contains(|character: char| character.is_control() && character != '\n'));
    let last = out.lines().last().expect("a summary");
    let last: serde_json::Value = serde_json::from_str(last).expect("JSON");
    assert_eq!(last["type"], "summary");
    assert_eq!(last["files"]["copied"], tree::hostile_names().len());
}

#[test]
fn without_a_terminal_no_screen_is_drawn() {
    let scratch = Scratch::quick();
    let output = haul(&scratch).output().expect("it runs");
    let (code, said) = told(&output);
    assert_eq!(code, 2);
    assert!(said.contains("terminal"), "{said}");
    assert!(output.stdout.is_empty());
}
