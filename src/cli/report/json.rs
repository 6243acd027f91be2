//! The update stream as JSON, one object a line: the same schema a socket would carry.

use crate::proto::{JobState, Update};
use crate::text;
use serde::Serialize;
use std::io::{self, Write};
use std::time::{Duration, Instant};

/// Time between two snapshots that differ in figures only.
pub const EVERY: Duration = Duration::from_millis(500);

/// Prints updates until they can no longer be written. It blocks while the reader does not read;
/// the copy goes on meanwhile, as the engine waits for no door.
pub struct Json<W> {
    out: W,
    batch_id: Option<String>,
    last: Option<(Instant, Vec<JobState>)>,
    broken: Option<io::Error>,
}

#[derive(Serialize)]
struct Line<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    batch_id: Option<&'a str>,
    #[serde(flatten)]
    update: &'a Update,
}

impl<W: Write> Json<W> {
    /// Prints there; with a `batch_id` it is in every line.
    pub fn new(out: W, batch_id: Option<String>) -> Self {
        Self {
            out,
            batch_id,
            last: None,
            broken: None,
        }
    }

    /// Prints the update, unless it is a snapshot that comes too soon and has no news. A summary
    /// of the engine's is left out: the last line is printed once, by whoever knows it is the last.
    pub fn update(&mut self, update: &Update, now: Instant) {
        match update {
            Update::Summary(_) => return,
            Update::Snapshot(snapshot) => {
                let states: Vec<_> = snapshot.jobs.iter().map(|job| job.state).collect();
                if let Some((last, known)) = &self.last
                    && *known == states
                    && now.duration_since(*last) < EVERY
                {
                    return;
                }
                self.last = Some((now, states));
            }
            _ => {}
        }
        self.update_now(update);
    }

    /// Prints the update.
    pub fn update_now(&mut self, update: &Update) {
        if self.broken.is_some() {
            return;
        }
        let line = Line {
            batch_id: self.batch_id.as_deref(),
            update,
        };
        let result = serde_json::to_string(&line)
            .map_err(io::Error::from)
            .and_then(|line| {
                let mut line = text::safe_json(line);
                line.push('\n');
                self.out.write_all(line.as_bytes())?;
                self.out.flush()
            });
        self.broken = result.err();
    }

    /// Why lines were lost, unless it is that the reader went away, which is its own choice.
    pub fn error(&self) -> Option<&io::Error> {
        self.broken
            .as_ref()
            .filter(|error| error.kind() != io::ErrorKind::BrokenPipe)
    }

    /// True when lines were lost.
    pub fn failed(&self) -> bool {
        self.error().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::copy::tests::view;
    use crate::clock;
    use crate::proto::{Snapshot, Summary};
    use std::sync::Arc;

    fn snapshot(state: JobState) -> Update {
        Update::Snapshot(Arc::new(Snapshot {
            seq: 1,
            jobs: vec![view(state)],
        }))
    }

    #[test]
    fn snapshots_are_thinned_and_state_changes_are_not() {
        let mut json = Json::new(Vec::new(), None);
        let start = clock::now();
        for ms in (0..1000).step_by(50) {
            json.update(
                &snapshot(JobState::Running),
                start + Duration::from_millis(ms),
            );
        }
        json.update(
            &snapshot(JobState::Flushing),
            start + Duration::from_millis(1001),
        );
        json.update(
            &snapshot(JobState::Done),
            start + Duration::from_millis(1002),
        );
        let summary = Update::Summary(Box::new(Summary::of(&view(JobState::Done))));
        json.update(&summary, start);
        json.update_now(&summary);
        let text = String::from_utf8(json.out).expect("text");
        let types: Vec<String> = text
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("parses"))
            .map(|value| value["type"].as_str().expect("a type").to_owned())
            .collect();
        assert_eq!(
            types,
            ["snapshot", "snapshot", "snapshot", "snapshot", "summary"]
        );
    }

    #[test]
    fn a_reader_that_left_is_no_error_and_a_full_disk_is() {
        struct Refuses(io::ErrorKind);
        impl Write for Refuses {
            fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
                Err(self.0.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        for (kind, failed) in [
            (io::ErrorKind::BrokenPipe, false),
            (io::ErrorKind::StorageFull, true),
        ] {
            let mut json = Json::new(Refuses(kind), None);
            json.update(&snapshot(JobState::Running), clock::now());
            assert_eq!(json.failed(), failed);
        }
    }
}
