//! The flush: beside the copy while it runs, and as a phase of its own at the end.
//!
//! One at a time, also across runs: a cancelled run leaves its flush behind in the kernel, and the
//! next run waits for what it says before it flushes itself.

use super::Job;
use crate::clock;
use crate::engine::failure;
use crate::engine::report::What;
use crate::engine::threads;
use crate::engine::worker::contain;
use crate::proto::{Durability, Event, Failure, FlushView, JobState, Op};
use std::io;
use std::os::fd::AsFd;
use std::time::Instant;

/// Bytes after which a running job with `--sync job` begins to flush what it has, beside the copy:
/// the last flush is short, and the flushed figure is alive.
const FLUSH_EVERY: u64 = 256 << 20;

/// How a flush ended.
#[derive(Debug)]
pub struct Flushed {
    /// The run of the job that began it.
    pub run: u32,
    /// It is the last of that run.
    pub last: bool,
    /// The bytes that had been copied when it began.
    pub result: Result<u64, Box<Failure>>,
}

impl Job {
    pub(super) fn flush_meanwhile(&mut self) {
        let due = self.bytes_copied().saturating_sub(self.flush_mark) >= FLUSH_EVERY;
        if self.spec.durability == Durability::Job
            && due
            && !self.flushing
            && !self.flush_failed
            && !self.targets.is_empty()
            && let Err(error) = self.spawn_flush(false)
        {
            // Nothing is lost: the last flush is about all bytes.
            tracing::warn!(job = self.id.0, "no thread for a flush: {error}");
        }
    }

    /// Everything is copied: flushes where that is asked for, else ends.
    pub(super) fn flush_or_end(&mut self, now: Instant, events: &mut Vec<Event>) {
        // What an earlier run copied may not be on the device, and a move goes by that.
        let changed = self.counts.copied > 0 || self.found.dirs > 0 || self.is_move();
        let due = self.spec.durability != Durability::None && changed && !self.targets.is_empty();
        // One under way may still fail, and the job must not have ended well by then.
        if !due && !self.flushing {
            self.end_or_move(events);
            return;
        }
        self.set_state(JobState::Flushing, events);
        self.flush_began = Some(now);
        self.flush = Some(FlushView {
            elapsed_ms: 0,
            done: false,
        });
        if !self.flushing {
            self.last_flush(events);
        }
    }

    fn last_flush(&mut self, events: &mut Vec<Event>) {
        if let Err(error) = self.spawn_flush(true) {
            let words = format!("what was copied is not flushed: no thread for it: {error}");
            self.own_failure(Op::Flush, words);
            self.end(events);
        }
    }

    /// Flushes every destination file system on a thread of its own: it cannot be interrupted.
    fn spawn_flush(&mut self, last: bool) -> io::Result<()> {
        let Some(crew) = &self.crew else {
            return Err(io::Error::other("the workers have left"));
        };
        let shared = crew.shared.clone();
        let (mark, run) = (self.bytes_copied(), self.runs);
        // Whatever becomes of it, the next is due so many bytes later.
        self.flush_mark = mark;
        let path = self.spec.dest.clone();
        let targets = self.targets.clone();
        let flush = move || {
            let flush = || {
                targets
                    .iter()
                    .try_for_each(|fd| shared.sys.sync_fs(fd.as_fd()))
                    .map_err(failure::dest(Op::Flush))
            };
            let result = contain(flush)
                .and_then(|flushed| flushed)
                .map(|()| mark)
                .map_err(|trouble| {
                    let mut failure = trouble.failure(None, path);
                    failure.op = Op::Flush;
                    failure.reason += ": what was copied since the last flush may not be on the device; copy it again";
                    Box::new(failure)
                });
            shared.report(What::Flushed(Flushed { run, last, result }));
        };
        threads::spawn("haul-flush", flush)?;
        self.flushing = true;
        Ok(())
    }

    pub(super) fn flushed(&mut self, flushed: Flushed, events: &mut Vec<Event>) {
        let Flushed { run, last, result } = flushed;
        let ours = run == self.runs;
        let ok = result.is_ok();
        self.flushing = false;
        match result {
            // A mark of an earlier run may be of figures that were forgotten.
            Ok(mark) if ours => self.flushed = self.flushed.max(mark),
            Ok(_) => {}
            Err(failure) => {
                self.flush_failed = true;
                self.note_lost(*failure);
            }
        }
        if self.state != JobState::Flushing {
            return;
        }
        if !last || !ours {
            // It began before the last byte; another must follow it.
            self.last_flush(events);
            return;
        }
        if let (Some(began), Some(flush)) = (self.flush_began, &mut self.flush) {
            flush.elapsed_ms = began.elapsed().as_millis() as u64;
            flush.done = ok;
        }
        self.pace
            .feed(clock::now(), self.bytes_copied(), self.counts.ended);
        self.end_or_move(events);
    }

    fn end_or_move(&mut self, events: &mut Vec<Event>) {
        if !self.begin_moving(events) {
            self.end(events);
        }
    }

    /// A flush failed. The kernel tells an error once, so it is remembered here whatever a later
    /// flush says; also one of an earlier run, for what that run copied is not copied again. Said
    /// twice in the same words it is no news.
    fn note_lost(&mut self, failure: Failure) {
        let known = |known: &Failure| known.op == Op::Flush && known.reason == failure.reason;
        if !self.lasting.iter().any(known) {
            self.counts.failed += 1;
            self.lasting.push(failure.clone());
            self.failures.push(failure);
        }
    }
}
