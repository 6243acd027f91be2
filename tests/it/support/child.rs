//! `haul copy` as a child that can be killed where it stands.

use super::scratch::Scratch;
use std::process::{Child, Command, Stdio};

/// Starts a copy that flushes nothing unless it is told to, in the scratch directory; what it says on standard error is
/// piped.
pub fn start(scratch: &Scratch, words: &[&str]) -> Child {
    let flush: &[&str] = if words.contains(&"--sync") {
        &[]
    } else {
        &["--sync=none"]
    };
    Command::new(env!("CARGO_BIN_EXE_haul"))
        .env_clear()
        .env("HOME", scratch.dir("home"))
        .current_dir(scratch.path())
        .arg("copy")
        .args(words)
        .args(flush)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs")
}

/// Runs one to its end, fails unless everything was copied, and gives back what it said on standard
/// error.
pub fn complete(scratch: &Scratch, words: &[&str]) -> String {
    let output = start(scratch, words).wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}");
    said
}
