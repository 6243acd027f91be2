//! The built program in a world of its own: no configuration, no home, no environment of the
//! person who runs the tests.

pub mod child;
pub mod deep;
pub mod engine;
pub mod foreign;
pub mod oddfs;
pub mod privileges;
pub mod pty;
pub mod recorder;
pub mod scratch;
pub mod slowfs;
pub mod struck;
pub mod tree;
pub mod walk;

use assert_cmd::Command;
use std::path::Path;
use tempfile::TempDir;

/// A directory to work in, and the program run there.
pub struct World {
    dir: TempDir,
}

impl World {
    /// A new, empty one.
    pub fn new() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::create_dir(dir.path().join("home")).expect("made");
        Self { dir }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// The program, in this directory, with nothing set.
    pub fn haul<'a>(&self, words: impl IntoIterator<Item = &'a str>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_haul"));
        command
            .env_clear()
            .env("HOME", self.path().join("home"))
            .env("TERM", "xterm-256color")
            .env("LC_ALL", "C.UTF-8")
            .current_dir(self.path())
            .args(words)
            .timeout(std::time::Duration::from_secs(60));
        command
    }

    /// Runs the program and gives back its exit code, standard output and standard error.
    pub fn run<'a>(&self, words: impl IntoIterator<Item = &'a str>) -> (i32, String, String) {
        outcome(self.haul(words))
    }
}

/// Runs it and gives back exit code, standard output and standard error.
pub fn outcome(mut command: Command) -> (i32, String, String) {
    let output = command.output().expect("the program runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code().expect("ended by itself"),
        text(&output.stdout),
        text(&output.stderr),
    )
}

/// Says something in the output of the test.
#[allow(
    clippy::print_stderr,
    reason = "what a test measured or left out is for its reader"
)]
pub fn say(line: &str) {
    eprintln!("{line}");
}

/// Says that a case could not be tried here; a failure where `HAUL_TESTS_NO_SKIP=1` asks for every
/// case.
pub fn skip(reason: &str) {
    say(&format!("SKIPPED: {reason}"));
    let strict = std::env::var_os("HAUL_TESTS_NO_SKIP").is_some_and(|value| value == "1");
    assert!(!strict, "skipped: {reason}");
}

/// Whether there is time for the long versions: more rounds, more instants, more bytes.
pub fn is_thorough() -> bool {
    std::env::var_os("HAUL_TESTS_THOROUGH").is_some_and(|value| value == "1")
}

/// Whether the tests run as root.
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}
