//! Progress as a bar on a terminal.

use super::{Progress, say_on_stderr, words};
use crate::proto::JobView;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::time::Instant;

/// Steps of the bar.
const STEPS: u64 = 1000;

/// Redraws in a second at most.
const HZ: u8 = 10;

/// One line: phase, bar, figures. Drawn from the view alone; it measures nothing itself.
pub struct Bar {
    bar: ProgressBar,
}

impl Default for Bar {
    fn default() -> Self {
        let target = ProgressDrawTarget::stderr_with_hz(HZ);
        let bar = ProgressBar::with_draw_target(Some(STEPS), target);
        // The figures fill the rest of the line and are cut there, so that it never wraps. A
        // template is refused only for what is written wrong in it.
        if let Ok(style) = ProgressStyle::with_template("{prefix:8} [{bar:24}] {wide_msg}") {
            bar.set_style(style.progress_chars("=> "));
        }
        Self { bar }
    }
}

impl Progress for Bar {
    fn show(&mut self, view: &JobView, _now: Instant) {
        if view.state.is_final() {
            return;
        }
        self.bar.set_prefix(words::phase(view));
        self.bar.set_message(words::figures(view));
        self.bar.set_position(u64::from(words::permille(view)));
    }

    fn say(&mut self, line: &str) {
        self.bar.suspend(|| say_on_stderr(line));
    }

    fn clear(&mut self) {
        self.bar.finish_and_clear();
    }

    fn wants_summary(&self) -> bool {
        true
    }
}
