//! Starting a program so that what it used can be told exactly.
//!
//! The kernel never says less memory of a program than its parent had, so everything that is
//! measured is started by a launcher: haul itself, started anew for one task, before it has done
//! anything that takes memory. The launcher also measures the time, so that its own start is not in
//! it. A task is steps one after the other; the programs of a step run side by side.

use crate::clock;
use crate::proto::BytePath;
use crate::sys::cached::write_out;
use crate::sys::child::{end_group, end_with_parent, ended, reap};
use serde::{Deserialize, Serialize};
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, PoisonError};

/// The first argument that makes haul a launcher; not a command for people.
pub const WORD: &str = "bench-launch";

/// Last bytes of a program's errors that are looked at.
const LAST_WORDS: usize = 2000;

/// A program and its arguments.
pub type Words = Vec<OsString>;

/// Asks a bench to stop, from any thread.
#[derive(Debug, Default)]
pub struct Stop {
    signal: AtomicU8,
    running: Mutex<Option<u32>>,
}

impl Stop {
    /// Stops the bench, for that signal, and ends what it runs at the moment.
    pub fn ask(&self, signal: u8) {
        self.signal.store(signal.max(1), Ordering::SeqCst);
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(number) = *running
            && let Err(error) = end_group(number)
        {
            tracing::debug!("process {number} could not be ended: {error}");
        }
    }

    /// True once it was asked.
    pub fn is_asked(&self) -> bool {
        self.signal() != 0
    }

    /// The signal it was asked for; 0 before.
    pub fn signal(&self) -> u8 {
        self.signal.load(Ordering::SeqCst)
    }

    fn runs(&self, number: Option<u32>) {
        *self.running.lock().unwrap_or_else(PoisonError::into_inner) = number;
    }
}

/// What a launcher is told.
#[derive(Debug, Serialize, Deserialize)]
struct Told {
    steps: Vec<Vec<Vec<BytePath>>>,
    /// Directory whose file system is written out at the end, inside the time.
    write_out: Option<BytePath>,
    /// Directory for what the programs print.
    prints: BytePath,
}

/// What a launcher says.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// The worst exit code; 128 and a number for a signal.
    pub code: i32,
    /// From the start of the first program to the end of the last.
    pub seconds: f64,
    /// On processors, in the programs' own code.
    pub user_seconds: f64,
    /// On processors, in the kernel's code.
    pub system_seconds: f64,
    /// Bytes of memory at the peak, of the programs of one step together.
    pub peak: u64,
}

/// What is to be run.
#[derive(Debug)]
pub struct Task<'a> {
    /// Steps one after the other, each of programs side by side.
    pub steps: &'a [Vec<Words>],
    /// Directory whose file system is written out at the end, inside the time.
    pub write_out: Option<&'a Path>,
    /// An empty configuration, and where what is printed goes.
    pub dir: &'a Path,
}

/// Has a launcher, which is the program `haul`, run the task.
///
/// # Errors
/// Nothing can be started, or the bench was asked to stop.
pub fn launch(haul: &Path, task: &Task<'_>, stop: &Stop) -> io::Result<Measured> {
    let bytes = |words: &Words| words.iter().map(|word| word_bytes(word)).collect();
    let told = Told {
        steps: task
            .steps
            .iter()
            .map(|step| step.iter().map(bytes).collect())
            .collect(),
        write_out: task.write_out.map(BytePath::from),
        prints: BytePath::from(task.dir),
    };
    let told = serde_json::to_string(&told).map_err(io::Error::from)?;
    let mut command = Command::new(haul);
    command
        .args([WORD, told.as_str()])
        .stdin(Stdio::null())
        // Not a file: a program that fills the file system must not take the answer with it.
        .stdout(Stdio::piped())
        .stderr(File::create(task.dir.join("stderr"))?)
        .process_group(0);
    // What the person has set must not change what is measured.
    for (name, _) in std::env::vars_os() {
        if name.as_bytes().starts_with(b"HAUL_") {
            command.env_remove(name);
        }
    }
    let config = task.dir.join("empty.toml");
    if !config.exists() {
        File::create(&config)?;
    }
    command.env("HAUL_CONFIG", &config).env("HAUL_LOG", "off");
    if stop.is_asked() {
        return Err(io::ErrorKind::Interrupted.into());
    }
    let mut launcher = end_with_parent(&mut command).spawn()?;
    let number = launcher.id();
    stop.runs(Some(number));
    if stop.is_asked() {
        // Asked between the look and the start.
        stop.ask(stop.signal());
    }
    let waited = ended(number);
    stop.runs(None);
    waited?;
    let end = reap(number)?;
    if stop.is_asked() {
        return Err(io::ErrorKind::Interrupted.into());
    }
    let mut answer = String::new();
    if let Some(mut told) = launcher.stdout.take() {
        told.read_to_string(&mut answer)?;
    }
    serde_json::from_str(&answer).map_err(|_| {
        let said = last_words(task.dir);
        io::Error::other(format!("the launcher ended with {}: {said}", end.code))
    })
}

fn word_bytes(word: &OsStr) -> BytePath {
    BytePath::from_bytes(word.as_bytes())
}

/// The last line that the programs of a task wrote to their standard error, or why nobody knows.
pub fn last_words(dir: &Path) -> String {
    let bytes = match fs::read(dir.join("stderr")) {
        Ok(bytes) => bytes,
        Err(error) => return format!("what it said cannot be read: {error}"),
    };
    let from = bytes.len().saturating_sub(LAST_WORDS);
    let text = String::from_utf8_lossy(&bytes[from..]).into_owned();
    let last = text.lines().rev().find(|line| !line.trim().is_empty());
    last.unwrap_or_default().trim().to_owned()
}

/// What the programs of a task wrote to their standard output.
///
/// # Errors
/// It cannot be read.
pub fn printed(dir: &Path) -> io::Result<String> {
    fs::read_to_string(dir.join("stdout"))
}

/// A launcher's whole life: runs the task and gives back what is to be printed.
///
/// # Errors
/// The task is not understood, or a program cannot be started.
pub fn carry_out(task: &str) -> io::Result<String> {
    let told: Told = serde_json::from_str(task).map_err(io::Error::from)?;
    let prints = told.prints.as_path().join("stdout");
    let out = File::create(prints)?;
    let mut measured = Measured {
        code: 0,
        seconds: 0.0,
        user_seconds: 0.0,
        system_seconds: 0.0,
        peak: 0,
    };
    let began = clock::now();
    for step in &told.steps {
        let mut numbers = Vec::with_capacity(step.len());
        for words in step {
            let mut words = words
                .iter()
                .map(|word| OsString::from_vec(word.as_bytes().to_vec()));
            let program = words.next().ok_or(io::ErrorKind::InvalidInput)?;
            let mut command = Command::new(program);
            command
                .args(words)
                .stdin(Stdio::null())
                .stdout(out.try_clone()?);
            numbers.push(end_with_parent(&mut command).spawn()?.id());
        }
        let mut peak = 0;
        for number in numbers {
            let end = reap(number)?;
            measured.code = measured.code.max(end.code);
            measured.user_seconds += end.used.user.as_secs_f64();
            measured.system_seconds += end.used.system.as_secs_f64();
            peak += end.used.peak;
        }
        measured.peak = measured.peak.max(peak);
        if measured.code != 0 {
            break;
        }
    }
    if let Some(dir) = &told.write_out
        && measured.code == 0
    {
        write_out(dir.as_path())?;
    }
    measured.seconds = began.elapsed().as_secs_f64();
    serde_json::to_string(&measured).map_err(io::Error::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(steps: &[&[&str]]) -> (Measured, tempfile::TempDir) {
        let dir = tempfile::tempdir().expect("a directory");
        let shell = |script: &&str| ["/bin/sh", "-c", script].map(word_of).to_vec();
        let told = Told {
            steps: steps
                .iter()
                .map(|step| step.iter().map(shell).collect())
                .collect(),
            write_out: None,
            prints: BytePath::from(dir.path()),
        };
        let answer = carry_out(&serde_json::to_string(&told).expect("written")).expect("run");
        (serde_json::from_str(&answer).expect("understood"), dir)
    }

    fn word_of(word: &str) -> BytePath {
        word.into()
    }

    #[test]
    fn steps_follow_each_other_and_programs_of_a_step_run_side_by_side() {
        // Each waits for the other: one after the other they would wait for ever.
        let meets = tempfile::tempdir().expect("a directory");
        let meet = |mine: &str, other: &str| {
            let [mine, other] = [mine, other].map(|name| meets.path().join(name));
            let (mine, other) = (mine.display(), other.display());
            format!("touch {mine}; until [ -e {other} ]; do sleep 0.01; done")
        };
        let (one, two) = (meet("a", "b"), meet("b", "a"));
        let (measured, dir) = run(&[&[&one, &two], &["echo done"]]);
        assert_eq!(measured.code, 0);
        assert_eq!(printed(dir.path()).expect("printed"), "done\n");
        assert!(measured.peak > 0);
    }

    #[test]
    fn after_a_program_that_failed_nothing_is_begun() {
        let (measured, dir) = run(&[&["exit 3"], &["echo no"]]);
        assert_eq!(measured.code, 3);
        assert_eq!(printed(dir.path()).expect("printed"), "");
    }

    #[test]
    fn stopping_is_remembered() {
        let stop = Stop::default();
        assert!(!stop.is_asked());
        stop.ask(15);
        assert_eq!((stop.is_asked(), stop.signal()), (true, 15));
    }
}
