//! The program and the engine as somebody who may not do everything.

use super::scratch::Scratch;
use super::{is_root, skip, tree};
use rustix::thread::{CapabilitySet, capabilities, set_capabilities};
use std::fs;
use std::io::ErrorKind;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// The user and the group that own nothing.
pub const NOBODY: u32 = 65534;

/// The program in a scratch directory, with nothing set.
pub fn haul(scratch: &Scratch) -> Command {
    program(Path::new(env!("CARGO_BIN_EXE_haul")), scratch)
}

fn program(path: &Path, scratch: &Scratch) -> Command {
    let mut command = Command::new(path);
    let home = scratch.dir("home");
    tree::set_mode(&home, 0o777);
    command
        .env_clear()
        .env("HOME", home)
        .env("LC_ALL", "C.UTF-8")
        .current_dir(scratch.path())
        .stdin(Stdio::null());
    command
}

/// The program as an ordinary user: whoever runs the tests, or nobody when that is root; `None`,
/// said loudly, where that cannot be.
pub fn as_nobody(scratch: &Scratch) -> Option<Command> {
    if !is_root() {
        return Some(haul(scratch));
    }
    // The built program may lie where only root can reach it.
    let copy = scratch.at("haul");
    if !copy.exists() {
        fs::copy(env!("CARGO_BIN_EXE_haul"), &copy).expect("the program can be copied");
        tree::set_mode(&copy, 0o755);
        tree::set_mode(scratch.path(), 0o777);
    }
    let command = || {
        let mut command = program(&copy, scratch);
        command.uid(NOBODY).gid(NOBODY);
        command
    };
    // What another test starts at this moment may hold the copy open for writing until it runs.
    for _ in 0..100 {
        match command().arg("--version").output() {
            Ok(output) if output.status.success() => return Some(command()),
            Err(error) if error.kind() == ErrorKind::ExecutableFileBusy => {
                std::thread::sleep(Duration::from_millis(20));
            }
            _ => break,
        }
    }
    skip("no program can be run as another user");
    None
}

/// Runs something to which permission bits apply: root without what lets it pass them by, on a
/// thread of its own, which the engine's threads inherit from.
pub fn without_override(test: impl FnOnce() + Send) {
    let drop_and_run = || {
        let mut sets = capabilities(None).expect("readable");
        sets.effective -= CapabilitySet::DAC_OVERRIDE | CapabilitySet::DAC_READ_SEARCH;
        set_capabilities(None, sets).expect("less is always permitted");
        test();
    };
    std::thread::scope(|scope| {
        let thread = scope.spawn(drop_and_run);
        if let Err(panic) = thread.join() {
            std::panic::resume_unwind(panic);
        }
    });
}
