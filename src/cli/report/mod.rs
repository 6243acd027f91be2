//! What a headless copy tells: errors and progress on standard error, JSON on standard output.
//!
//! A [`Report`] is fed updates and the newest view of the job; it draws no conclusions beyond
//! words. It lives on the main thread. Standard error that cannot be written is given up silently
//! (there is nobody left to tell, and the exit code still says it); standard output that cannot is
//! remembered for the exit code, except a reader that went away.

mod bar;
mod json;
mod plain;
mod quiet;
mod words;

pub use bar::Bar;
pub use json::Json;
pub use plain::Plain;
pub use quiet::Quiet;
pub use words::{
    failure_line, plan_lines, progress_line, safe, shortage_line, space_line, summary_line,
};

use crate::proto::{Event, Failure, JobView, Summary, Update};
use std::io::{self, Write};
use std::time::Instant;

/// Something that shows how far a job is.
pub trait Progress {
    /// Shows the newest view.
    fn show(&mut self, view: &JobView, now: Instant);
    /// Puts a line out without tearing what is shown.
    fn say(&mut self, line: &str);
    /// Takes what is shown off the screen.
    fn clear(&mut self);
    /// Whether the reader expects a closing line.
    fn wants_summary(&self) -> bool;
}

/// How much is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verbosity {
    /// Errors only.
    Quiet,
    /// Errors, notices, the summary.
    #[default]
    Normal,
    /// And what moved the bytes, and why.
    Verbose,
}

/// Everything a headless copy tells.
pub struct Report {
    progress: Box<dyn Progress>,
    json: Option<Json<Box<dyn Write>>>,
    verbosity: Verbosity,
}

impl Report {
    /// A report that shows progress so, and prints JSON where asked to.
    pub fn new(
        progress: Box<dyn Progress>,
        json: Option<Json<Box<dyn Write>>>,
        verbosity: Verbosity,
    ) -> Self {
        Self {
            progress,
            json,
            verbosity,
        }
    }

    /// Takes an update of the engine.
    pub fn update(&mut self, update: &Update, now: Instant) {
        if let Some(json) = &mut self.json {
            let before = json.failed();
            json.update(update, now);
            self.tell_of_json(before);
        }
        match update {
            Update::Snapshot(snapshot) => {
                if let Some(view) = snapshot.jobs.first() {
                    self.progress.show(view, now);
                }
            }
            Update::Event(Event::Fallback { from, reason, .. })
                if self.verbosity == Verbosity::Verbose =>
            {
                self.say(&format!("{from} is not used: {}", safe(reason)));
            }
            _ => {}
        }
    }

    /// Shows time passing while no update comes.
    pub fn tick(&mut self, view: &JobView, now: Instant) {
        self.progress.show(view, now);
    }

    /// Prints a failure or a conflict.
    pub fn failure(&mut self, failure: &Failure) {
        self.say(&failure_line(failure));
    }

    /// Prints a line that starts with the program's name.
    pub fn say(&mut self, line: &str) {
        self.progress.say(&format!("haul: {line}"));
    }

    /// Says how it ended; nothing may follow.
    pub fn end(&mut self, summary: &Summary) {
        self.progress.clear();
        if self.verbosity != Verbosity::Quiet {
            for notice in &summary.notices {
                let times = match notice.count {
                    0 | 1 => String::new(),
                    count => format!(" ({count} times)"),
                };
                self.say(&format!("note: {}{times}", safe(&notice.text)));
            }
        }
        if self.verbosity == Verbosity::Verbose {
            for line in words::strategy_lines(summary) {
                self.progress.say(&line);
            }
        }
        let closing = match self.verbosity {
            Verbosity::Quiet => false,
            Verbosity::Normal => self.progress.wants_summary(),
            Verbosity::Verbose => true,
        };
        if closing {
            self.progress.say(&summary_line(summary));
        }
        self.last_line(summary);
    }

    /// Ends what was only planned: the last line of JSON, where JSON is printed; nothing may follow.
    pub fn end_of_plan(&mut self, summary: &Summary) {
        self.progress.clear();
        self.last_line(summary);
    }

    fn last_line(&mut self, summary: &Summary) {
        if let Some(json) = &mut self.json {
            let before = json.failed();
            json.update_now(&Update::Summary(Box::new(summary.clone())));
            self.tell_of_json(before);
        }
    }

    /// True when JSON was lost, other than by a reader that went away.
    pub fn output_failed(&self) -> bool {
        self.json.as_ref().is_some_and(Json::failed)
    }

    fn tell_of_json(&mut self, before: bool) {
        if let Some(error) = self.json.as_ref().and_then(Json::error)
            && !before
        {
            let line = format!("cannot write to standard output: {error}");
            self.say(&line);
        }
    }
}

/// Writes a line on standard error, whole; what cannot be written is given up (see the module).
pub fn say_on_stderr(line: &str) {
    let whole = format!("{line}\n");
    if io::stderr().write_all(whole.as_bytes()).is_err() {
        // Nobody is left to tell.
    }
}
