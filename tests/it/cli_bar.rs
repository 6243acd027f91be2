//! The bar of a headless copy, on a terminal that remembers.

use crate::support::World;
use crate::support::pty::{Seen, Streams, Terminal};
use std::fs;
use std::process::Command;

/// Runs the program with standard error on a terminal: exit code, the bytes the terminal got, and
/// what its screen shows at the end, line by line.
fn on_terminal(world: &World, words: &[&str]) -> (Option<i32>, String, Vec<String>) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_haul"));
    command
        .args(words)
        .env_clear()
        .env("HOME", world.path().join("home"))
        .env("TERM", "xterm-256color")
        .current_dir(world.path());
    let mut terminal = Terminal::start(command, (200, 200), Streams::ErrorOnly);
    let code = terminal.end();
    let text = terminal.look(Seen::text);
    let lines = text.lines().filter(|line| !line.is_empty());
    let bytes = String::from_utf8_lossy(&terminal.bytes()).into_owned();
    (Some(code), bytes, lines.map(str::to_owned).collect())
}

#[test]
fn the_bar_never_tears_an_error_and_is_gone_at_the_end() {
    let world = World::new();
    for dir in ["a", "b/a"] {
        fs::create_dir_all(world.path().join(dir)).expect("made");
        for number in 0..60 {
            let path = world.path().join(dir).join(format!("f{number:02}"));
            fs::write(path, dir).expect("written");
        }
    }
    fs::write(world.path().join("a/big"), vec![1; 150 << 20]).expect("written");
    let words = [
        "copy",
        "--strategy",
        "buffered",
        "--buffer-size",
        "4096",
        "--sync",
        "none",
        "a",
        "b",
    ];
    let (code, bytes, lines) = on_terminal(&world, &words);
    assert_eq!(code, Some(3), "{lines:?}");
    assert!(
        bytes.contains("copying") && bytes.contains("150 MiB"),
        "no bar: {bytes:?}"
    );
    assert!(!bytes.contains("100%"), "{bytes:?}");
    let (last, errors) = lines.split_last().expect("a screen");
    assert!(last.starts_with("copied 1 file, 150 MiB in "), "{lines:#?}");
    assert_eq!(errors.len(), 60, "{lines:#?}");
    for line in errors {
        assert!(line.starts_with("haul: cannot copy to 'b/a/f"), "{line}");
    }
}

#[test]
fn a_dumb_terminal_and_no_progress_get_no_escapes() {
    let world = World::new();
    fs::write(world.path().join("f"), "x").expect("written");
    for words in [
        &["copy", "--progress", "none", "f", "g"][..],
        &["copy", "-q", "f", "h"],
        &["copy", "--progress", "plain", "f", "i"],
    ] {
        let (code, bytes, _) = on_terminal(&world, words);
        assert_eq!(code, Some(0), "{bytes}");
        assert!(!bytes.contains('\x1b'), "{words:?}: {bytes:?}");
    }
}
