//! A slow file server: `examples/slowfs.rs` as a process of its own.

use super::oddfs::detach;
use super::skip;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

/// A directory mounted once more, slowly, until this is dropped.
pub struct SlowFs {
    server: Child,
    at: PathBuf,
}

impl Drop for SlowFs {
    fn drop(&mut self) {
        let gone = detach(&self.at);
        // It ends when its mount is gone; where that failed it must not stay.
        let ended = if gone {
            self.server.wait()
        } else {
            self.server.kill().and(self.server.wait())
        };
        assert!(
            std::thread::panicking() || (gone && ended.is_ok()),
            "it is still there"
        );
    }
}

/// Mounts `backing` at `at`, with the program's options; `None`, said loudly, where that cannot be.
pub fn mount(backing: &Path, at: &Path, options: &[&str]) -> Option<SlowFs> {
    // Cargo puts the examples beside the tests, which it builds together unless told otherwise.
    let tests = std::env::current_exe().expect("this program");
    let program = tests
        .parent()
        .and_then(Path::parent)
        .map(|dir| dir.join("examples/slowfs"));
    let Some(program) = program.filter(|program| program.exists()) else {
        skip(
            "the example slowfs was not built: `cargo test` builds it, `cargo test --test it` does not",
        );
        return None;
    };
    let before = std::fs::metadata(at).expect("there");
    let mut server = Command::new(program)
        .args(options)
        .args([backing, at])
        .spawn()
        .expect("it starts");
    let begun = Instant::now();
    loop {
        use std::os::unix::fs::MetadataExt;
        if let Some(status) = server.try_wait().expect("asked") {
            skip(&format!("no slow file server can be mounted: {status}"));
            return None;
        }
        if std::fs::metadata(at).is_ok_and(|now| now.dev() != before.dev()) {
            return Some(SlowFs {
                server,
                at: at.to_owned(),
            });
        }
        assert!(
            begun.elapsed() < Duration::from_secs(30),
            "it does not mount"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
}
