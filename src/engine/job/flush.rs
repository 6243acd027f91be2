//! The flush: beside the copy while it runs, and as a phase of its own at the end.

use super::Job;
use crate::clock;
use crate::engine::failure;
use crate::engine::report::What;
use crate::proto::{Durability, Event, Failure, JobState, Op};
use std::os::fd::{AsFd, OwnedFd};

/// Bytes after which a running job with `--sync job` begins to flush what it has, beside the copy:
/// the last flush is short, and the flushed figure is alive.
const FLUSH_EVERY: u64 = 256 << 20;

impl Job {
    pub(super) fn flush_meanwhile(&mut self) {
        let due = self.bytes_copied().saturating_sub(self.flushed) >= FLUSH_EVERY;
        if self.spec.durability == Durability::Job
            && due
            && !self.flushing
            && !self.targets.is_empty()
        {
            self.spawn_flush(false);
        }
    }

    /// Flushes every destination file system on a thread of its own: it cannot be interrupted.
    pub(super) fn spawn_flush(&mut self, last: bool) {
        let Some(crew) = &self.crew else { return };
        let shared = crew.shared.clone();
        let mark = self.bytes_copied();
        let path = self.spec.dest.clone();
        // Duplicates, so that the job keeps its own for later flushes.
        let targets: Result<Vec<OwnedFd>, _> = self
            .targets
            .iter()
            .map(|fd| shared.sys.duplicate(fd.as_fd()))
            .collect();
        self.flushing = true;
        let spawned = std::thread::Builder::new().name("haul-flush".into()).spawn(move || {
            let result = targets
                .and_then(|targets| targets.iter().try_for_each(|fd| shared.sys.sync_fs(fd.as_fd())))
                .map(|()| mark)
                .map_err(|errno| {
                    let words = format!(
                        "{}: what was copied since the last flush may not be on the device; copy it again",
                        failure::reason(errno)
                    );
                    let trouble = failure::dest(Op::Flush)(errno).words(words);
                    Box::new(trouble.failure(None, path))
                });
            shared.report(What::Flushed(result, last));
        });
        if let Err(error) = spawned {
            self.flushing = false;
            self.own_failure(Op::Flush, format!("no thread for the flush: {error}"));
        }
    }

    pub(super) fn flushed(
        &mut self,
        result: Result<u64, Box<Failure>>,
        last: bool,
        events: &mut Vec<Event>,
    ) {
        self.flushing = false;
        let ok = result.is_ok();
        match result {
            Ok(mark) => self.flushed = self.flushed.max(mark),
            // An error is told once by the kernel, so it is remembered here whatever a later
            // flush says.
            Err(failure) => {
                self.counts.failed += 1;
                self.lasting.push(Failure::clone(&failure));
                self.failures.push(*failure);
            }
        }
        if last && self.state == JobState::Flushing {
            if let (Some(began), Some(flush)) = (self.flush_began, &mut self.flush) {
                flush.elapsed_ms = began.elapsed().as_millis() as u64;
                flush.done = ok;
            }
            self.pace
                .feed(clock::now(), self.bytes_copied(), self.counts.ended);
            self.end(events);
        }
    }
}
