//! `haul copy` from outside: what is copied, said, printed as JSON and returned to the shell.

use crate::support::{World, outcome};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// A small tree `a` with files, a directory in a directory, a link and an empty file.
fn tree(world: &World) {
    let root = world.path();
    fs::create_dir_all(root.join("a/sub/deep")).expect("made");
    fs::write(root.join("a/plate.1001.exr"), vec![7; 300_000]).expect("written");
    fs::write(root.join("a/sub/notes"), "hello").expect("written");
    fs::write(root.join("a/sub/deep/empty"), "").expect("written");
    std::os::unix::fs::symlink("notes", root.join("a/sub/link")).expect("linked");
}

/// So many files in `a` that exist in `b` with other content and another time.
fn conflicts(world: &World, count: usize) {
    for dir in ["a", "b/a"] {
        fs::create_dir_all(world.path().join(dir)).expect("made");
        for number in 0..count {
            let path = world.path().join(dir).join(format!("f{number:04}"));
            fs::write(path, dir).expect("written");
        }
    }
}

fn lines_of_json(out: &str) -> Vec<Value> {
    out.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

fn last_of(out: &str) -> Value {
    let last = lines_of_json(out).pop().expect("a last line");
    assert_eq!(last["type"], "summary", "{out}");
    last
}

#[test]
fn a_tree_is_copied_quietly_and_a_second_time_nothing_is_done() {
    let world = World::new();
    tree(&world);
    fs::create_dir(world.path().join("b")).expect("made");
    assert_eq!(
        world.run(["copy", "a", "b"]),
        (0, String::new(), String::new())
    );
    let read = |name: &str| fs::read(world.path().join(name)).expect("copied");
    assert_eq!(read("b/a/plate.1001.exr"), vec![7; 300_000]);
    assert_eq!(read("b/a/sub/link"), b"hello");
    assert_eq!(read("b/a/sub/deep/empty"), b"");

    let (code, out, err) = world.run(["copy", "--json", "a", "b"]);
    assert_eq!((code, err.as_str()), (0, ""));
    let summary = last_of(&out);
    assert_eq!(summary["files"]["copied"], 0, "{summary}");
    assert_eq!(summary["files"]["skipped"], 4, "{summary}");
}

#[test]
fn names_follow_the_rule_of_cp() {
    let world = World::new();
    fs::write(world.path().join("f"), "x").expect("written");
    fs::create_dir(world.path().join("d")).expect("made");
    for (words, made) in [
        (&["copy", "f", "d"][..], "d/f"),
        (&["copy", "f", "new"], "new"),
        (&["copy", "-t", "d", "new"], "d/new"),
        (&["copy", "-T", "f", "exact"], "exact"),
    ] {
        let (code, _, err) = world.run(words.iter().copied());
        assert_eq!(code, 0, "{words:?}: {err}");
        assert_eq!(fs::read(world.path().join(made)).expect("copied"), b"x");
    }
    let (code, _, err) = world.run(["copy", "-t", "nowhere", "f"]);
    assert_eq!(code, 1, "{err}");
    assert!(err.contains("'nowhere'"), "{err}");
}

#[test]
fn json_begins_with_hello_and_ends_with_the_summary() {
    let world = World::new();
    tree(&world);
    let (code, out, err) = world.run(["copy", "--json", "a", "b"]);
    assert_eq!((code, err.as_str()), (0, ""));
    let lines = lines_of_json(&out);
    assert_eq!(lines[0]["type"], "hello");
    let summaries = lines.iter().filter(|line| line["type"] == "summary");
    assert_eq!(summaries.count(), 1);
    let summary = last_of(&out);
    assert_eq!(summary["files"]["copied"], 4, "{summary}");
    assert_eq!(summary["bytes_copied"], 300_005, "{summary}");
    assert!(summary["elapsed_seconds"].is_f64() && summary["bytes_per_second"].is_u64());
    let files: u64 = summary["strategies"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|used| used["files"].as_u64().expect("a count"))
        .sum();
    assert!(files >= 2, "{summary}");
}

/// Each change of state is told, and before the first snapshot that shows the state.
#[test]
fn json_tells_every_state_before_it_shows_it() {
    let world = World::new();
    tree(&world);
    for round in 0..20 {
        let dest = format!("b{round}");
        let (code, out, err) = world.run(["copy", "--json", "a", &dest]);
        assert_eq!((code, err.as_str()), (0, ""));
        let mut told = vec![Value::from("queued")];
        for line in lines_of_json(&out) {
            if line["type"] == "event" && line["event"] == "state" {
                assert_eq!(Some(&line["from"]), told.last(), "{out}");
                told.push(line["to"].clone());
            }
            if line["type"] == "snapshot" && !line["jobs"][0].is_null() {
                assert!(told.contains(&line["jobs"][0]["state"]), "{out}");
            }
        }
        assert_eq!(told.last(), Some(&Value::from("done")), "{out}");
    }
}

/// The standard library opens `/dev/null` in place of a closed standard output.
#[test]
fn a_closed_standard_output_is_an_error() {
    let world = World::new();
    tree(&world);
    let run = |words: &str, target: &str| {
        let mut command = assert_cmd::Command::new("sh");
        command
            .args(["-c", &format!("exec \"$0\" {words} {target}")])
            .arg(env!("CARGO_BIN_EXE_haul"))
            .env("HOME", world.path().join("home"))
            .current_dir(world.path());
        outcome(command)
    };
    for words in [
        "copy --json a b",
        "copy -n a c",
        "copy -n --json a c",
        "doctor",
        "doctor --json",
        "keys",
        "--help",
    ] {
        let (code, _, err) = run(words, ">&-");
        assert_eq!(code, 1, "{words}: {err}");
        assert!(err.contains("cannot write to standard output: "), "{err}");
        let (code, _, err) = run(words, ">/dev/null");
        assert_eq!((code, err.as_str()), (0, ""), "{words}");
    }
    assert!(world.path().join("b/sub/notes").exists());
    assert_eq!(run("copy a d", ">&-").0, 0, "prints nothing");
}

#[test]
fn every_conflict_is_a_line_and_the_code_is_three() {
    let world = World::new();
    conflicts(&world, 450);
    let (code, out, err) = world.run(["copy", "a", "b"]);
    assert_eq!((code, out.as_str()), (3, ""));
    let mut lines: Vec<&str> = err.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines.len(), 450, "{err}");
    for (number, line) in lines.iter().enumerate() {
        let start = format!("haul: cannot copy to 'b/a/f{number:04}': ");
        assert!(line.starts_with(&start), "{line} is not {start}");
    }
    let (code, out, _) = world.run(["copy", "--json", "a", "b"]);
    assert_eq!(code, 3);
    let listed: usize = lines_of_json(&out)
        .iter()
        .filter(|line| line["type"] == "failures")
        .map(|page| page["failures"].as_array().expect("a list").len())
        .sum();
    assert_eq!(listed, 450);
    assert_eq!(last_of(&out)["files"]["conflicts"], 450);

    let (code, _, err) = world.run(["copy", "--conflict", "skip", "a", "b"]);
    assert_eq!((code, err.as_str()), (0, ""));
    let (code, _, err) = world.run(["copy", "-q", "--conflict", "overwrite", "a", "b"]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert_eq!(
        fs::read(world.path().join("b/a/f0000")).expect("read"),
        b"a"
    );
}

#[test]
fn what_fails_or_is_refused_is_said_and_the_rest_is_copied() {
    let world = World::new();
    tree(&world);
    fs::create_dir(world.path().join("b")).expect("made");
    let (code, out, err) = world.run(["copy", "missing", "a/sub", "b"]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.starts_with("haul: cannot "), "{err}");
    assert!(
        err.contains("'missing': ") && err.to_lowercase().contains("no such file"),
        "{err}"
    );
    assert_eq!(err.lines().count(), 1, "{err}");
    assert!(world.path().join("b/sub/notes").exists());

    let (code, out, err) = world.run(["copy", "--json", "a", "a/sub"]);
    assert_eq!(code, 1, "{err}");
    assert_eq!(last_of(&out)["files"]["failed"], 1);
    assert!(err.contains("into itself"), "{err}");
}

#[test]
fn hostile_names_reach_no_terminal() {
    let world = World::new();
    let hostile = std::ffi::OsStr::from_bytes(b"\x1b]0;owned\x07\n\xff\xe2\x80\xae");
    for dir in ["a", "b/a"] {
        fs::create_dir_all(world.path().join(dir)).expect("made");
        fs::write(world.path().join(dir).join(hostile), dir).expect("written");
    }
    let (code, _, err) = world.run(["copy", "-v", "a", "b"]);
    assert_eq!(code, 3);
    assert!(
        err.contains("b/a/\\x1b]0;owned\\x07\\n\\xff\\u{202e}'"),
        "{err}"
    );
    assert!(!err.contains(['\x1b', '\x07', '\u{202e}']), "{err:?}");
    let (_, out, _) = world.run(["copy", "--json", "a", "b"]);
    assert!(!out.contains(['\x1b', '\x07']), "{out:?}");
    let log = fs::read_to_string(world.path().join("home/.local/state/haul/haul.log"));
    let log = log.expect("a log");
    assert!(
        log.contains("owned") && !log.contains(['\x1b', '\x07']),
        "{log:?}"
    );
}

#[test]
fn a_dry_run_says_what_would_be_done_and_does_nothing() {
    let world = World::new();
    tree(&world);
    let (code, out, err) = world.run(["copy", "-n", "a", "b"]);
    assert_eq!((code, err.as_str()), (0, ""));
    for expected in ["found: 4 files", "new: 4\n", "fits", "by: "] {
        assert!(out.contains(expected), "{expected}: {out}");
    }
    assert!(!world.path().join("b").exists());
    let (code, out, _) = world.run(["copy", "-n", "--json", "a", "b"]);
    let lines = lines_of_json(&out);
    assert_eq!((code, lines.len()), (0, 2));
    assert_eq!(
        (&lines[0]["type"], &lines[0]["new"]),
        (&"plan".into(), &4.into())
    );
    let last = last_of(&out);
    assert_eq!(
        (&last["dry_run"], &last["state"]),
        (&true.into(), &"done".into())
    );
    assert_eq!(
        (&last["files"]["copied"], &last["dirs"]),
        (&0.into(), &3.into())
    );

    let (code, _, err) = world.run(["copy", "-n", "missing", "b"]);
    assert_eq!(code, 1);
    assert!(err.contains("'missing'"), "{err}");
    let (code, out, _) = world.run(["copy", "-n", "--json", "missing", "b"]);
    assert_eq!((code, &last_of(&out)["files"]["failed"]), (1, &1.into()));

    let world = World::new();
    conflicts(&world, 3);
    let (code, out, _) = world.run(["copy", "-n", "a", "b"]);
    assert_eq!(code, 3, "{out}");
    assert!(out.contains("conflicts: 3"), "{out}");
    let (code, _, _) = world.run(["copy", "-n", "--conflict", "skip", "a", "b"]);
    assert_eq!(code, 0);
}

#[test]
fn more_and_less_is_said_as_asked() {
    let world = World::new();
    tree(&world);
    let (_, out, err) = world.run(["copy", "-v", "a", "b"]);
    assert_eq!(out, "");
    let last = err.lines().next_back().expect("a last line");
    assert!(last.starts_with("copied 4 files, 293 KiB in "), "{err}");
    assert!(err.lines().count() >= 2, "no strategy is named: {err}");
    let (_, _, err) = world.run(["copy", "--progress", "plain", "a", "c"]);
    assert!(
        err.lines()
            .next_back()
            .is_some_and(|line| line.starts_with("copied 4 files")),
        "{err}"
    );
    let (_, _, err) = world.run(["copy", "-q", "--progress", "plain", "a", "d"]);
    assert_eq!(err, "");
}

#[test]
fn standard_output_that_fails_harms_no_copy() {
    let world = World::new();
    tree(&world);
    let run = |dest: &str, out: Stdio| {
        let output = start(&world, &["copy", "--json", "a", dest], out).wait_with_output();
        assert_eq!(
            fs::read(world.path().join(dest).join("sub/notes")).expect("copied"),
            b"hello"
        );
        output.expect("ended")
    };
    let full = File::options()
        .write(true)
        .open("/dev/full")
        .expect("opens");
    let output = run("b", full.into());
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{err}");
    assert_eq!(
        err.matches("cannot write to standard output").count(),
        1,
        "{err}"
    );

    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let output = run("c", writer.into());
    assert_eq!(
        (output.status.code(), output.stderr.as_slice()),
        (Some(0), &b""[..])
    );
}

fn start(world: &World, words: &[&str], out: Stdio) -> Child {
    Command::new(env!("CARGO_BIN_EXE_haul"))
        .args(words)
        .env_clear()
        .env("HOME", world.path().join("home"))
        .current_dir(world.path())
        .stdout(out)
        .stderr(Stdio::piped())
        .spawn()
        .expect("starts")
}

/// Names below a directory.
fn names(dir: &Path) -> Vec<String> {
    fs::read_dir(dir)
        .expect("listed")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect()
}

/// Starts a copy that takes a second or so, and waits until it has begun to write.
fn slow_copy(world: &World, out: Stdio) -> Child {
    let (source, dest) = (world.path().join("big"), world.path().join("d"));
    fs::write(&source, vec![1; 300 << 20]).expect("written");
    fs::create_dir(&dest).expect("made");
    let words = [
        "copy",
        "--json",
        "--strategy",
        "buffered",
        "--buffer-size",
        "4096",
        "--sync",
        "none",
        "big",
        "d",
    ];
    let child = start(world, &words, out);
    let begun = Instant::now();
    while names(&dest).is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(20), "it never began");
        sleep(Duration::from_millis(1));
    }
    child
}

fn send(child: &Child, signal: Signal) {
    let pid = Pid::from_child(child);
    kill_process(pid, signal).expect("sent");
}

#[test]
fn a_signal_leaves_nothing_unfinished_and_is_named_by_the_exit_code() {
    for (signal, code) in [
        (Signal::INT, 130),
        (Signal::TERM, 143),
        (Signal::HUP, 129),
        (Signal::QUIT, 131),
    ] {
        let world = World::new();
        let child = slow_copy(&world, Stdio::piped());
        send(&child, signal);
        let output = child.wait_with_output().expect("ended");
        let err = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{err}");
        assert_eq!(
            names(&world.path().join("d")),
            Vec::<String>::new(),
            "{err}"
        );
        let summary = last_of(&String::from_utf8_lossy(&output.stdout));
        assert_eq!(summary["state"], "cancelled", "{summary}");
    }
}

#[test]
fn a_signal_counts_even_while_nobody_reads_the_output() {
    stopped_unread(false);
}

#[test]
fn the_same_signal_twice_waits_for_nobody() {
    stopped_unread(true);
}

fn stopped_unread(twice: bool) {
    let world = World::new();
    let (reader, writer) = std::io::pipe().expect("a pipe");
    // Filled up, so that the first line already waits.
    let filler = writer.try_clone().expect("a copy");
    rustix::io::ioctl_fionbio(&filler, true).expect("set");
    while rustix::io::write(&filler, &[b' '; 4096]).is_ok() {}
    rustix::io::ioctl_fionbio(&filler, false).expect("set");
    drop(filler);
    let mut child = slow_copy(&world, writer.into());
    send(&child, Signal::TERM);
    let begun = Instant::now();
    while !names(&world.path().join("d")).is_empty() {
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "the copy went on"
        );
        sleep(Duration::from_millis(5));
    }
    // Still there, and read by nobody.
    let reader = twice.then_some(reader);
    if twice {
        send(&child, Signal::TERM);
    }
    assert_eq!(child.wait().expect("ended").code(), Some(143));
    drop(reader);
}

#[test]
fn an_ignored_hang_up_stays_ignored() {
    let world = World::new();
    tree(&world);
    let script = "trap '' HUP; kill -HUP $$; exec \"$0\" copy a b";
    let mut command = assert_cmd::Command::new("sh");
    command.args(["-c", script, env!("CARGO_BIN_EXE_haul")]);
    command.current_dir(world.path()).env("HOME", world.path());
    assert_eq!(outcome(command).0, 0);

    let source = world.path().join("big");
    fs::write(source, vec![1; 100 << 20]).expect("written");
    let script =
        "trap '' HUP; exec \"$0\" copy --strategy buffered --buffer-size 4096 --sync none big c";
    let child = Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_haul")])
        .current_dir(world.path())
        .env("HOME", world.path())
        .stderr(Stdio::piped())
        .spawn()
        .expect("starts");
    let begun = Instant::now();
    while names(world.path())
        .iter()
        .all(|name| ["a", "b", "big", ".local", "home"].contains(&name.as_str()))
    {
        assert!(begun.elapsed() < Duration::from_secs(20), "it never began");
        sleep(Duration::from_millis(1));
    }
    send(&child, Signal::HUP);
    let output = child.wait_with_output().expect("ended");
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(
        fs::metadata(world.path().join("c")).expect("copied").len(),
        100 << 20
    );
}

/// Taken for several reasons, a strategy is one row all the same.
#[test]
fn a_strategy_is_told_once_with_all_its_reasons() {
    let world = World::new();
    fs::create_dir(world.path().join("from")).expect("made");
    for (name, bytes) in [("a", "12"), ("b", "345"), ("empty", "")] {
        fs::write(world.path().join("from").join(name), bytes).expect("written");
    }
    let (code, out, err) = world.run(["copy", "--json", "--sparse", "always", "from", "to"]);
    assert_eq!(code, 0, "{err}");
    let last = out.lines().last().expect("a line");
    let summary: serde_json::Value = serde_json::from_str(last).expect("JSON");
    let used = summary["strategies"].as_array().expect("a list");
    assert_eq!(used.len(), 1, "{summary}");
    assert_eq!(used[0]["strategy"], "buffered", "{summary}");
    assert_eq!(
        (&used[0]["files"], &used[0]["bytes"]),
        (&3.into(), &5.into())
    );
    let reason = used[0]["reason"].as_str().expect("text");
    assert!(reason.contains("(2 files); empty (1 file)"), "{reason}");
}
