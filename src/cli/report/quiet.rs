//! No progress at all: errors only.

use super::{Progress, say_on_stderr};
use crate::proto::JobView;
use std::time::Instant;

/// Shows nothing and passes lines on.
#[derive(Debug, Default)]
pub struct Quiet;

impl Progress for Quiet {
    fn show(&mut self, _view: &JobView, _now: Instant) {}

    fn say(&mut self, line: &str) {
        say_on_stderr(line);
    }

    fn clear(&mut self) {}

    fn wants_summary(&self) -> bool {
        false
    }
}
