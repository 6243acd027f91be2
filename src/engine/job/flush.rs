//! The flush: beside the copy while it runs, and as a phase of its own at the end.
//!
//! With `--sync job` a file gets its name after a flush that began when it was whole: a power cut
//! at any instant finds whole files under final names, or none. The last flush is about the names.
//!
//! One at a time, also across runs: a cancelled run leaves its flush behind in the kernel, and the
//! next run waits for what it says before it flushes itself.

use super::Job;
use crate::clock;
use crate::engine::failure;
use crate::engine::report::What;
use crate::engine::threads;
use crate::engine::worker::{Unnamed, Work, contain};
use crate::proto::{Durability, Event, Failure, FileId, FlushView, JobState, Op};
use std::io;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

/// Bytes after which a running job with `--sync job` begins to flush what it has, beside the copy:
/// the last flush is short, and the flushed figure is alive.
const FLUSH_EVERY: u64 = 256 << 20;

/// Files that wait for names after which a flush begins, and how long the first may wait: what a
/// kill makes the next run copy again, and how often a journal is made to commit.
const NAME_EVERY: usize = 4096;
const NAME_AFTER: Duration = Duration::from_secs(2);

/// Files that wait at most, those in the workers' hands not counted: no new ones are begun then.
const NAMELESS: usize = 2 * NAME_EVERY;

/// Files named in one piece of work.
const NAMED_AT_ONCE: usize = 64;

/// Files that wait for their names.
#[derive(Debug, Default)]
pub(super) struct Naming {
    /// Whole since the flush under way began.
    fresh: Vec<Unnamed>,
    /// When the first of them came.
    since: Option<Instant>,
    /// What the flush under way is about.
    flushing: Vec<Unnamed>,
}

impl Job {
    /// Files that are copied and wait for a flush to get their names.
    pub fn unnamed(&self) -> u64 {
        self.naming.len() as u64
    }
}

impl Naming {
    /// The files that wait for their names.
    pub(super) fn ids(&self) -> impl Iterator<Item = FileId> + '_ {
        self.fresh.iter().chain(&self.flushing).map(Unnamed::id)
    }

    pub(super) fn add(&mut self, file: Unnamed) {
        self.since.get_or_insert_with(clock::now);
        self.fresh.push(file);
    }

    pub(super) fn len(&self) -> usize {
        self.fresh.len() + self.flushing.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn is_full(&self) -> bool {
        self.len() >= NAMELESS
    }

    fn is_due(&self, now: Instant) -> bool {
        let age = self.since.map(|since| now.saturating_duration_since(since));
        self.fresh.len() >= NAME_EVERY || age.is_some_and(|age| age >= NAME_AFTER)
    }

    fn begin(&mut self) {
        self.since = None;
        self.flushing.append(&mut self.fresh);
    }
}

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
    pub(super) fn flush_meanwhile(&mut self, now: Instant) {
        if self.spec.durability != Durability::Job || self.targets.is_empty() {
            return;
        }
        if self.flush_failed {
            self.name_unnamed(false);
            return;
        }
        let much = self.bytes_copied().saturating_sub(self.flush_mark) >= FLUSH_EVERY;
        if !self.flushing && (much || self.naming.is_due(now)) {
            self.flush_beside();
        }
    }

    fn flush_beside(&mut self) {
        if let Err(error) = self.spawn_flush(false) {
            tracing::warn!(job = self.id.0, "no thread for a flush: {error}");
            self.flush_no_more();
            self.name_unnamed(false);
        }
    }

    /// From now on each file is flushed by itself before it gets its name.
    fn flush_no_more(&mut self) {
        self.flush_failed = true;
        if let Some(crew) = &self.crew {
            crew.shared.flushes.set_failed();
        }
    }

    /// Has files named: those that the flush that just ended was about; without one to vouch for
    /// them, all that wait.
    pub(super) fn name_unnamed(&mut self, flushed: bool) {
        if !flushed {
            self.naming.begin();
        }
        let mut files = std::mem::take(&mut self.naming.flushing).into_iter();
        loop {
            let some: Vec<Unnamed> = files.by_ref().take(NAMED_AT_ONCE).collect();
            if some.is_empty() {
                break;
            }
            self.again.push_back(Work::Name(some, flushed));
        }
    }

    /// Everything is copied: flushes where that is asked for, else ends.
    pub(super) fn flush_or_end(&mut self, now: Instant, events: &mut Vec<Event>) {
        // What an earlier run copied may not be on the device, and a move goes by that.
        let changed = self.counts.copied > 0
            || self.found.dirs > 0
            || !self.naming.is_empty()
            || self.is_move();
        let due = self.spec.durability != Durability::None && changed && !self.targets.is_empty();
        // One under way may still fail, and the job must not have ended well by then.
        if !due && !self.flushing {
            // Links whose first name was in another worker's hands have a report under way.
            if self.waiting == 0 {
                self.end_or_move(events);
            }
            return;
        }
        self.set_state(JobState::Flushing, events);
        self.flush_began = Some(now);
        self.flush = Some(FlushView {
            elapsed_ms: 0,
            done: false,
        });
        self.next_flush(events);
    }

    /// The flush that is due now that everything is copied: one for those that wait for names, as
    /// long as there are any, then the last.
    pub(super) fn next_flush(&mut self, events: &mut Vec<Event>) {
        if self.flushing {
            return;
        }
        if !self.naming.is_empty() {
            if self.flush_failed {
                self.name_unnamed(false);
            } else {
                self.flush_beside();
            }
        } else if self.is_worked_off() {
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
        self.naming.begin();
        Ok(())
    }

    pub(super) fn flushed(&mut self, flushed: Flushed, events: &mut Vec<Event>) {
        let Flushed { run, last, result } = flushed;
        let ours = run == self.runs;
        let ok = result.is_ok();
        self.flushing = false;
        match result {
            Ok(mark) => {
                // A mark of an earlier run may be of figures that were forgotten.
                if ours {
                    self.flushed = self.flushed.max(mark);
                }
                self.name_unnamed(true);
            }
            Err(failure) => {
                tracing::warn!(job = self.id.0, last, "a flush failed: {}", failure.reason);
                // It may have been about any file that has no name yet.
                self.flush_no_more();
                self.name_unnamed(false);
                if last {
                    self.note_lost(*failure);
                }
            }
        }
        if self.state != JobState::Flushing {
            return;
        }
        if !last || !ours {
            // It was not about the last names; another must follow it.
            if self.is_copied() {
                self.next_flush(events);
            }
            return;
        }
        if let (Some(began), Some(flush)) = (self.flush_began, &mut self.flush) {
            flush.elapsed_ms = began.elapsed().as_millis() as u64;
            flush.done = ok;
        }
        self.pace.feed_flush(clock::now());
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
