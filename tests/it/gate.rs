//! The gate: the system calls of a whole copy, as strace sees them. Nothing below the two roots may
//! be reached by a path, files are made private and exclusive, and what a small file costs is known.

use crate::support::scratch::Scratch;
use crate::support::tree::{pipe, set_mode};
use crate::support::{is_root, say, skip};
use rustix::fs::{XattrFlags, setxattr};
use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::{lchown, symlink};
use std::process::Command;

/// The calls of haul, one a line; `None` where strace cannot be had.
fn calls(scratch: &Scratch, words: &[&str]) -> Option<Vec<String>> {
    calls_with(scratch, None, words)
}

/// The same, with one of them going wrong.
fn calls_with(scratch: &Scratch, inject: Option<&str>, words: &[&str]) -> Option<Vec<String>> {
    let log = scratch.at("calls");
    let inject = inject.map(|inject| format!("inject={inject}"));
    let output = Command::new("strace")
        .args(["-f", "-qq", "-e", "trace=%file,%desc"])
        .args(inject.iter().flat_map(|inject| ["-e", inject]))
        .arg("-o")
        .arg(&log)
        .arg(env!("CARGO_BIN_EXE_haul"))
        .args(words)
        .env("HOME", scratch.dir("home"))
        .output();
    match output {
        Ok(output) if output.status.success() => {}
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(
                said.contains("ptrace") || said.contains("Operation not permitted"),
                "{said}"
            );
            skip("strace may not trace here");
            return None;
        }
        Err(_) => {
            skip("no strace");
            return None;
        }
    }
    let text = fs::read(&log).expect("strace wrote its log");
    let lines = String::from_utf8_lossy(&text).into_owned();
    Some(whole_calls(&lines))
}

/// "PID  call(…) = …" without the number, and calls that others came between in one piece.
fn whole_calls(log: &str) -> Vec<String> {
    let mut begun: HashMap<&str, String> = HashMap::new();
    let mut calls = Vec::new();
    for line in log.lines() {
        let Some((thread, call)) = line.split_once(' ') else {
            continue;
        };
        let call = call.trim_start();
        if let Some(first) = call.strip_suffix("<unfinished ...>") {
            begun.insert(thread, first.trim_end().to_owned());
        } else if let Some((_, rest)) = call.split_once(" resumed>") {
            let first = begun.remove(thread).unwrap_or_default();
            calls.push(first + rest);
        } else {
            calls.push(call.to_owned());
        }
    }
    calls
}

/// What a copy from `source` to `dest` must not do, as the complaints about it.
fn complaints(calls: &[String], source: &str, dest: &str) -> Vec<String> {
    let of = |words: &'static str| move |call: &&String| rule(call, source, dest) == Some(words);
    let kinds = [
        "below a root by path",
        "through a link",
        "metadata by name",
        "made wider than it must be",
        "may be somebody else's",
        "an old name is opened for writing",
    ];
    let of_kind = |words| {
        calls
            .iter()
            .filter(of(words))
            .map(move |call| format!("{words}: {call}"))
    };
    kinds.into_iter().flat_map(of_kind).collect()
}

/// The rule that a call breaks.
fn rule(call: &str, source: &str, dest: &str) -> Option<&'static str> {
    let (name, rest) = call.split_once('(')?;
    // What the destination name is, is asked before the roots are open: one look, at the argument.
    let asks = matches!(name, "newfstatat" | "statx" | "stat" | "lstat")
        && (call.contains(&format!("\"{dest}\"")) || call.contains(&format!("\"{source}\"")));
    let is_root_itself = [source, dest]
        .iter()
        .any(|root| rest.starts_with(&format!("\"{root}\"")));
    let below = |root: &str| rest.contains(&format!("\"{root}/"));
    if !asks && (below(source) || below(dest)) {
        return Some("below a root by path");
    }
    // What a held descriptor is, and nothing below it: for calls that have no other form.
    if let Some(at) = rest.find("/proc/self/fd/") {
        let path = rest[at + 14..].split('"').next().unwrap_or_default();
        if path.contains('/') {
            return Some("metadata by name");
        }
    } else if name == "open" && call.contains("O_DIRECTORY") && is_root_itself {
        return None;
    } else if rest.starts_with('"')
        && [
            "open",
            "creat",
            "chmod",
            "chown",
            "lchown",
            "utime",
            "utimes",
            "setxattr",
            "lsetxattr",
            "removexattr",
            "truncate",
            "mkdir",
            "rmdir",
            "rename",
            "unlink",
            "symlink",
            "link",
            "mknod",
        ]
        .contains(&name)
        && (rest.contains(source) || rest.contains(dest))
    {
        return Some("below a root by path");
    }
    let held = rest.starts_with(|first: char| first.is_ascii_digit());
    let wide = match name {
        // What has no name cannot be opened by it: it may have its mode at once.
        "openat" if call.contains("O_CREAT") => held && !call.contains("0600)"),
        "mkdirat" => held && !call.contains("0700)"),
        "mknodat" => held && !call.contains("|0600"),
        _ => false,
    };
    if wide {
        return Some("made wider than it must be");
    }
    if name == "openat" && held {
        if call.contains("O_CREAT") && !(call.contains("O_EXCL") && call.contains("O_NOFOLLOW")) {
            return Some("may be somebody else's");
        }
        let writes = ["O_WRONLY", "O_RDWR", "O_TRUNC"]
            .iter()
            .any(|flag| call.contains(flag));
        if writes && !call.contains("O_CREAT") && !call.contains("O_TMPFILE") {
            return Some("an old name is opened for writing");
        }
        let itself = call.contains("\"..\"") || call.contains("\".\"");
        if !call.contains("O_NOFOLLOW") && !itself {
            return Some("through a link");
        }
    }
    let by_name = !rest.contains("AT_EMPTY_PATH") && !rest.contains(", NULL, ");
    match name {
        "fchownat" | "utimensat" | "fchmodat" | "fchmodat2" if held && by_name => {
            Some("metadata by name")
        }
        "newfstatat" if held && by_name && !call.contains("AT_SYMLINK_NOFOLLOW") => {
            Some("through a link")
        }
        "linkat" if held && call.contains("AT_SYMLINK_FOLLOW") => Some("through a link"),
        _ => None,
    }
}

/// A tree of everything, half of which is at the destination in an older form.
fn tree_of_everything(scratch: &Scratch) {
    let from = scratch.dir("from");
    scratch.dir("from/inner/deep");
    for number in 0..20 {
        let bytes = vec![1; 5000 * number];
        fs::write(from.join(format!("inner/f{number}")), bytes).expect("written");
    }
    set_mode(&from.join("inner/f3"), 0o4755);
    symlink("f1", from.join("inner/deep/link")).expect("linked");
    symlink("f1", from.join("inner/old-link")).expect("linked");
    fs::hard_link(from.join("inner/f5"), from.join("inner/deep/hard")).expect("linked");
    fs::hard_link(from.join("inner/f6"), from.join("inner/old-hard")).expect("linked");
    pipe(&from.join("inner/pipe"));
    pipe(&from.join("inner/old-pipe"));
    let flags = XattrFlags::empty();
    for name in ["inner/f7", "inner/deep"] {
        // Where there are none, the calls that ask are still seen.
        if setxattr(from.join(name), c"user.shot", b"sh010", flags).is_err() {
            say("no attributes here");
        }
    }
    if is_root() {
        use rustix::fs::{CWD, FileType, Mode, makedev, mknodat};
        let (mode, null) = (Mode::from_raw_mode(0o666), makedev(1, 3));
        mknodat(
            CWD,
            from.join("inner/null"),
            FileType::CharacterDevice,
            mode,
            null,
        )
        .expect("made");
        for name in ["f8", "deep", "deep/link", "pipe", "null"] {
            lchown(from.join("inner").join(name), Some(1234), Some(4321)).expect("given");
        }
        rustix::fs::lsetxattr(from.join("inner/deep/link"), c"trusted.x", b"y", flags)
            .expect("set");
    }
    let there = scratch.dir("to/from/inner");
    for name in ["f1", "f9", "old-hard", "old-link", "old-pipe"] {
        fs::write(there.join(name), "old").expect("written");
    }
}

#[test]
fn nothing_below_the_roots_is_reached_by_path() {
    // A copy; one in which something may pass and is tried again; one of which all is there.
    for (words, inject) in [
        (&["--conflict", "overwrite"][..], None),
        (
            &[
                "--conflict",
                "overwrite",
                "--strategy",
                "buffered",
                "--sync",
                "file",
            ],
            Some("pwrite64:error=EAGAIN:when=3"),
        ),
        (&["--conflict", "rename"], None),
    ] {
        let scratch = Scratch::quick();
        tree_of_everything(&scratch);
        let (source, dest) = (scratch.text("from"), scratch.text("to"));
        let mut all = [&["copy"][..], words].concat();
        all.extend([source.as_str(), dest.as_str()]);
        let Some(calls) = calls_with(&scratch, inject, &all) else {
            return;
        };
        assert!(calls.len() > 200, "{} calls", calls.len());
        let mut found = complaints(&calls, &source, &dest);
        // The one look through a link: whether it leads to the file it is about to replace.
        let looks = found.len();
        found.retain(|call| {
            !call.contains("through a link: newfstatat(") || !call.contains("\"old-link\"")
        });
        let replaces = usize::from(words[1] == "overwrite");
        assert_eq!(looks - found.len(), replaces, "{words:?}");
        assert!(found.is_empty(), "{words:?}\n{}", found.join("\n"));
        let count = |words: &[&str]| {
            let with = |call: &&String| words.iter().all(|word| call.contains(word));
            calls.iter().filter(with).count()
        };
        // Each worker meets it once; what got a name beside the old one is nothing to link to.
        let again = if inject.is_some() { 8 } else { 0 };
        let apart = if words[1] == "rename" { 2 } else { 0 };
        let named = count(&["openat(", "O_CREAT", ".part\""]);
        let made = named + count(&["openat(", "\".\"", "O_TMPFILE"]);
        assert!(
            (20..=20 + again + apart).contains(&made),
            "{words:?}: {made} made"
        );
        // Set-id bits are set once, after everything that would clear them or run with them.
        assert_eq!(count(&["04755"]), 1);
        if words[1] == "overwrite" {
            // In place of an old file in one step: nothing is removed or cut first.
            for name in ["f1", "f9", "old-hard", "old-link", "old-pipe"] {
                let name = format!("\"{name}\"");
                assert_eq!(count(&["rename", ".haul-", &name]), 1, "{name}");
                assert_eq!(count(&["unlinkat(", &name]), 0, "{name}");
                assert_eq!(count(&["truncate", &name]), 0, "{name}");
            }
        }
        let Some(again) = calls_with(&scratch, None, &all) else {
            return;
        };
        let found = complaints(&again, &source, &dest);
        assert!(found.is_empty(), "again {words:?}\n{}", found.join("\n"));
    }
}

/// A move reads everything twice and removes it: by descriptors, and by no name of more than one
/// component.
#[test]
fn nothing_that_is_moved_is_reached_by_path() {
    let scratch = Scratch::quick();
    tree_of_everything(&scratch);
    let (source, dest) = (scratch.text("from/inner"), scratch.text("moved"));
    let batch = serde_json::json!({
        "operation_type": "move",
        "mappings": [{ "src": source, "dst": dest }],
    });
    let batch = scratch.file("batch", batch.to_string());
    let words = ["apply", batch.to_str().expect("text")];
    let Some(calls) = calls(&scratch, &words) else {
        return;
    };
    assert!(!scratch.at("from/inner").exists(), "it was moved");
    assert!(scratch.at("moved/deep/hard").exists());
    let found = complaints(&calls, &source, &dest);
    assert!(found.is_empty(), "{}", found.join("\n"));
    let removed = calls.iter().filter(|call| call.starts_with("unlinkat("));
    assert!(removed.count() > 20);
    let by_path = |call: &&String| call.starts_with("unlinkat(") && call.contains('/');
    assert_eq!(calls.iter().filter(by_path).count(), 0);
}

#[test]
fn calls_in_two_pieces_are_joined() {
    let log = "12 openat(5, \"f\",  <unfinished ...>\n7  close(3) = 0\n12 <... openat resumed>O_RDONLY) = 6\n";
    let calls = whole_calls(log);
    assert_eq!(calls, ["close(3) = 0", "openat(5, \"f\",O_RDONLY) = 6"]);
}

#[test]
fn the_gate_can_shut() {
    for (call, words) in [
        (
            "openat(AT_FDCWD, \"/s/f\", O_RDONLY) = 3",
            "below a root by path",
        ),
        ("chmod(\"/d/f\", 0644) = 0", "below a root by path"),
        (
            "newfstatat(AT_FDCWD, \"/s/f\", {}, 0) = 0",
            "below a root by path",
        ),
        (
            "utimensat(AT_FDCWD, \"/d/f\", [], 0) = 0",
            "below a root by path",
        ),
        ("chown(\"/d\", 1, 1) = 0", "below a root by path"),
        ("chmod(\"/proc/self/fd/7/f\", 0644) = 0", "metadata by name"),
        (
            "lsetxattr(\"/proc/self/fd/7/f\", \"user.x\", \"\", 0, 0) = 0",
            "metadata by name",
        ),
        (
            "utimensat(5, \"f\", [], AT_SYMLINK_NOFOLLOW) = 0",
            "metadata by name",
        ),
        ("openat(5, \"f\", O_RDONLY|O_CLOEXEC) = 6", "through a link"),
        (
            "fchownat(5, \"f\", 1, 1, AT_SYMLINK_NOFOLLOW) = 0",
            "metadata by name",
        ),
        ("fchmodat(5, \"f\", 0644) = 0", "metadata by name"),
        ("newfstatat(5, \"f\", {}, 0) = 0", "through a link"),
        (
            "openat(5, \".t\", O_WRONLY|O_CREAT|O_EXCL|O_NOFOLLOW, 0644) = 6",
            "made wider than it must be",
        ),
        ("mkdirat(5, \"d\", 0755) = 0", "made wider than it must be"),
        (
            "mknodat(5, \"p\", S_IFIFO|0666) = 0",
            "made wider than it must be",
        ),
        (
            "openat(5, \".t\", O_WRONLY|O_CREAT|O_NOFOLLOW, 0600) = 6",
            "may be somebody else's",
        ),
        (
            "openat(5, \"f\", O_WRONLY|O_TRUNC|O_NOFOLLOW) = 6",
            "an old name is opened for writing",
        ),
    ] {
        assert_eq!(rule(call, "/s", "/d"), Some(words), "{call}");
    }
    for call in [
        "newfstatat(AT_FDCWD, \"/d\", {}, 0) = 0",
        "openat(AT_FDCWD, \"/d\", O_RDONLY|O_DIRECTORY) = 3",
        "openat(5, \"f\", O_RDONLY|O_NOFOLLOW|O_NONBLOCK) = 6",
        "openat(5, \".t\", O_WRONLY|O_CREAT|O_EXCL|O_NOFOLLOW, 0600) = 6",
        "openat(5, \".\", O_RDWR|O_TMPFILE, 0644) = 6",
        "linkat(6, \"\", 5, \"f\", AT_EMPTY_PATH) = 0",
        "chmod(\"/proc/self/fd/7\", 04755) = 0",
        "setxattr(\"/proc/self/fd/7\", \"user.x\", \"\", 0, 0) = 0",
        "fchownat(7, \"\", 1, 1, AT_EMPTY_PATH) = 0",
        "newfstatat(5, \"f\", {}, AT_SYMLINK_NOFOLLOW) = 0",
        "utimensat(5, NULL, [], 0) = 0",
    ] {
        assert_eq!(rule(call, "/s", "/d"), None, "{call}");
    }
}

/// Files of the tree whose calls are counted.
const FILES: usize = 500;

#[test]
fn what_a_small_file_costs_is_known() {
    let scratch = Scratch::quick();
    let from = scratch.dir("from");
    for number in 0..FILES {
        fs::write(from.join(format!("f{number}")), [1; 1000]).expect("written");
    }
    let (source, dest) = (scratch.text("from"), scratch.text("to"));
    let words = [
        "copy",
        "--sync",
        "none",
        "--strategy",
        "auto",
        "-j",
        "1",
        &source,
        &dest,
    ];
    let Some(calls) = calls(&scratch, &words) else {
        return;
    };
    // A debug build asks for the flags of each descriptor before it closes it.
    let counted = calls.iter().filter(|call| !call.starts_with("fcntl("));
    let per_file = counted.count() as f64 / FILES as f64;
    // stat, 2 open, 4 fstat, read, write, xattrs, times, 2 close, link.
    assert!(per_file < 16.0, "{per_file} calls a file");
    assert!(per_file > 8.0, "too few to be true: {per_file}");
}
