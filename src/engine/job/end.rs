//! The end of a job: when everything is copied, when nothing is left to do, and how it ended.

use super::Job;
use crate::engine::report::Status;
use crate::proto::{Event, JobState};
use std::time::Instant;

impl Job {
    /// True when nothing is left to copy, though some may wait for names, and links for those.
    pub(super) fn is_copied(&self) -> bool {
        self.scan_ended
            && self.next_slice == self.slices.len()
            && self.again.is_empty()
            && self.issued == self.finished
            && self.held.is_empty()
            && self.resumed.is_empty()
            && self.bigs.is_empty()
    }

    pub(super) fn is_worked_off(&self) -> bool {
        self.is_copied() && self.naming.is_empty() && self.waiting == 0
    }

    pub(super) fn end_or_flush(&mut self, now: Instant, events: &mut Vec<Event>) {
        if self.begun {
            self.flush_or_end(now, events);
        } else {
            self.dismiss();
            self.set_state(JobState::Failed, events);
        }
    }

    pub(super) fn end(&mut self, events: &mut Vec<Event>) {
        self.dismiss();
        let state = if self.is_clean() {
            JobState::Done
        } else {
            JobState::DoneWithFailures
        };
        self.set_state(state, events);
        if !self.answered.is_empty() {
            self.queue_answered(events);
        }
    }

    /// True when nothing is left to be tried, answered or told.
    pub(super) fn is_clean(&self) -> bool {
        self.counts.failed == 0
            && self.counts.conflicts == 0
            && self.failures.is_empty()
            && !self
                .status
                .values()
                .any(|status| *status == Status::Cancelled)
    }
}
