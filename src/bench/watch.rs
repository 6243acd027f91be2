//! What somebody who waits for a bench is told: where it is, and why it could not be done.

use super::case::Suite;
use crate::{text, units};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::time::Duration;

/// Why a bench could not be done, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// It was asked to stop, for that signal.
    #[error("stopped")]
    Stopped(u8),
    /// A place cannot be used.
    #[error("cannot {what} '{}': {source}", text::shown(.path.as_os_str().as_bytes()))]
    Place {
        /// What was tried.
        what: &'static str,
        /// Where.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The trees would not fit.
    #[error("'{}' has {} free, and this needs {}", text::shown(.path.as_os_str().as_bytes()), units::size(*.free), units::size(*.needed))]
    Room {
        /// Where.
        path: PathBuf,
        /// Bytes free.
        free: u64,
        /// Bytes needed.
        needed: u64,
    },
}

/// Where a bench is.
#[derive(Clone, Debug)]
pub struct Moment<'a> {
    /// The suite.
    pub suite: Suite,
    /// The case.
    pub case: &'a str,
    /// Who is measured; empty while a tree is made.
    pub who: &'a str,
    /// The round, from 1; 0 while warming up.
    pub round: u32,
    /// Rounds that are measured.
    pub rounds: u32,
    /// Runs that are done, of all suites.
    pub done: usize,
    /// Runs in all.
    pub total: usize,
    /// Roughly what is left; `None` before anything can be said.
    pub left: Option<Duration>,
}

/// Is told where a bench is.
pub trait Watch {
    /// Something begins.
    fn begins(&mut self, moment: &Moment<'_>);

    /// Something a person should know, a line.
    fn says(&mut self, line: &str);
}
