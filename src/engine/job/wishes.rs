//! What a door may ask of a job: pause, resume, cancel, for the job or one file, and retry.

use super::Job;
use crate::engine::room::Admitted;
use crate::engine::tally::Wish;
use crate::engine::tree::Slice;
use crate::engine::worker::{Held, Work};
use crate::proto::{Event, FileId, JobSpec, JobState, Op, Start};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

impl Job {
    /// Closes the gate.
    pub fn pause(&mut self, events: &mut Vec<Event>) {
        // Somebody wants it so: room alone does not end it.
        self.waits_for_room = false;
        match self.state {
            JobState::Queued => self.set_state(JobState::Paused, events),
            JobState::Scanning | JobState::Running => {
                if let Some(crew) = &self.crew {
                    crew.shared.gate.hold();
                }
                self.set_state(JobState::Pausing, events);
            }
            _ => {}
        }
    }

    /// Opens it; what waits for room is tried.
    pub fn resume(&mut self, events: &mut Vec<Event>) {
        let paused = matches!(self.state, JobState::Paused | JobState::Pausing);
        if let Some(crew) = self.crew.as_ref().filter(|_| paused) {
            crew.shared.room.admit(Admitted::Anyway);
        }
        self.go_on(events);
    }

    /// Opens it.
    pub(super) fn go_on(&mut self, events: &mut Vec<Event>) {
        if !matches!(self.state, JobState::Paused | JobState::Pausing) {
            return;
        }
        let to = match &self.crew {
            None => JobState::Queued,
            Some(crew) => {
                self.waits_for_room = false;
                self.shortage = None;
                crew.shared.gate.open();
                if self.counts.ended > 0 || self.bytes_copied() > 0 {
                    JobState::Running
                } else {
                    JobState::Scanning
                }
            }
        };
        self.set_state(to, events);
    }

    /// Stops for good; what is partial is kept under another name, or removed.
    pub fn cancel(&mut self, keep_partial: bool, events: &mut Vec<Event>) {
        match self.state {
            JobState::Queued => self.cancel_unbegun(events),
            JobState::Paused if self.crew.is_none() => self.cancel_unbegun(events),
            state if state.is_active() || state == JobState::Paused => {
                let in_place = state == JobState::Flushing && self.is_worked_off();
                if let Some(crew) = &self.crew {
                    let keep = &crew.shared.keep_partial;
                    keep.store(keep_partial, Ordering::Relaxed);
                    crew.shared.gate.shut();
                }
                self.set_state(JobState::Cancelling, events);
                if in_place {
                    // Everything is in place; only the wait for the device is given up.
                    self.set_state(JobState::Cancelled, events);
                    self.dismiss();
                }
            }
            _ => {}
        }
    }

    /// Being cancelled, it waits for nothing any more.
    pub fn cancel_at_once(&self) {
        if let (JobState::Cancelling, Some(crew)) = (self.state, &self.crew) {
            crew.shared.forsake_whole.store(true, Ordering::Relaxed);
        }
    }

    fn cancel_unbegun(&mut self, events: &mut Vec<Event>) {
        self.take_answers_back();
        self.unseen |= self.runs == 0;
        self.set_state(JobState::Cancelled, events);
    }

    /// Sets one file aside, or lets it go on.
    pub fn pause_file(&mut self, file: FileId, pause: bool) {
        if pause {
            for hand in &self.hands {
                if hand.cell.slot().file == Some(file) {
                    hand.cell.wish(file, Wish::Park);
                }
            }
        } else {
            self.clear_wish(file);
            self.resume_held(file);
        }
    }

    /// Gives one file up.
    pub fn cancel_file(&mut self, file: FileId) {
        // A held file goes to whichever worker is free, and says itself what is wished of it: a
        // worker's gauge holds one wish, which may be about another file.
        match self.held.get(&file) {
            Some(Held::File(_)) => {
                if let Some(Held::File(open)) = self.held.remove(&file) {
                    self.resumed.insert(file);
                    self.again.push_back(Work::Discard(open));
                }
            }
            Some(Held::Big(_)) => {
                if let Some(Held::Big(big)) = self.held.remove(&file) {
                    big.reopen_to_cancel();
                    self.bigs.insert(file, big.clone());
                    self.again.push_back(Work::Lane(big, true));
                }
            }
            None => {
                for hand in &self.hands {
                    if hand.cell.slot().file == Some(file) {
                        hand.cell.wish(file, Wish::Drop);
                    }
                }
            }
        }
    }

    /// Begins at once, beside whatever runs.
    pub fn start_now(&mut self) {
        if self.state == JobState::Queued {
            self.start = Start::Now;
        }
    }

    /// Caps the rate, or takes the cap away.
    pub fn limit(&mut self, rate: Option<u64>) {
        Arc::make_mut(&mut self.spec).limit = rate.map(|rate| rate.max(1));
        self.pace.expect_another_rate();
        if let Some(crew) = &self.crew {
            crew.shared.throttle.set(rate);
        }
    }

    /// True when it holds nothing that somebody may still want: a failure, a conflict, a retry.
    pub fn is_over(&self) -> bool {
        match self.state {
            JobState::Done => true,
            JobState::Cancelled => self.failures.is_empty() && self.parked.is_empty(),
            _ => false,
        }
    }

    fn clear_wish(&self, file: FileId) {
        for hand in &self.hands {
            if hand.cell.wished(file) != Wish::None {
                hand.cell.wish(file, Wish::None);
            }
        }
    }

    pub(super) fn resume_held(&mut self, file: FileId) {
        match self.held.remove(&file) {
            Some(Held::File(open)) => {
                self.resumed.insert(file);
                self.again.push_back(Work::File(open));
            }
            Some(Held::Big(big)) => {
                big.reopen();
                self.bigs.insert(file, big.clone());
                self.offer_lanes(&big, true);
            }
            None => {}
        }
    }

    /// Queues an ended job to try again what failed, was a conflict, or was cancelled. False when
    /// there is nothing to try. What is known of the last run stays until the job begins: it may
    /// be cancelled in the queue.
    pub fn retry(&mut self, events: &mut Vec<Event>) -> bool {
        if !matches!(
            self.state,
            JobState::DoneWithFailures | JobState::Cancelled | JobState::Failed
        ) {
            return false;
        }
        if self.is_move() && self.runs > 0 {
            return self.retry_move(events);
        }
        // What waits for an answer would only be parked again.
        let something = self.unseen
            || self.status.len() > self.parked.len()
            || !self.retry_dirs.is_empty()
            || !self.retry_sources.is_empty()
            || !self.retry_subtrees.is_empty();
        if something {
            self.set_state(JobState::Queued, events);
        }
        something
    }

    /// The same for a move: the sources that were not moved are begun anew.
    fn retry_move(&mut self, events: &mut Vec<Event>) -> bool {
        let something = self.state != JobState::DoneWithFailures
            || self.unseen
            || self.counts.failed > 0
            || self.status.len() > self.parked.len();
        let something = something && !self.unmoved().is_empty();
        if something {
            self.unseen = true;
            self.set_state(JobState::Queued, events);
        }
        something
    }

    /// Turns what is left of the last run into work.
    pub(super) fn take_up_again(&mut self) {
        self.counts.given_up = 0;
        self.given_up = 0;
        let parked = &self.parked;
        let ids: Vec<FileId> = self
            .status
            .extract_if(|id, _| !parked.contains_key(id))
            .map(|(id, _)| id)
            .collect();
        self.answered.clear();
        self.take_up(ids);
        for dir in std::mem::take(&mut self.retry_dirs) {
            dir.expect_again();
            self.again.push_back(Work::Dir(dir));
        }
        let sources = &self.retry_sources;
        let again = self
            .lost_sources
            .extract_if(|index, _| sources.contains(index));
        let mut lost: Vec<_> = again.map(|(_, lost)| lost).collect();
        for subtree in &self.retry_subtrees {
            subtree.expect_again();
            lost.push(subtree.lost());
        }
        for lost in lost {
            self.lose_again(lost);
        }
        let lasting = self.lasting.iter().map(|failure| 1 + failure.below);
        self.counts.failed = lasting.sum();
        self.counts.conflicts = self.parked.len() as u64;
        self.failures.replace(&self.lasting);
        self.flush = None;
        self.flush_failed = false;
        self.retrying = true;
        self.shots.again();
    }

    /// Makes work of entries that had ended.
    pub(super) fn take_up(&mut self, mut ids: Vec<FileId>) {
        ids.sort_unstable();
        let mut by_slice: BTreeMap<FileId, (Arc<Slice>, Vec<usize>)> = BTreeMap::new();
        for id in ids {
            let Some((slice, index)) = self.entry(id).map(|(slice, index)| (slice.clone(), index))
            else {
                continue;
            };
            self.counts.ended = self.counts.ended.saturating_sub(1);
            self.files.begin_again(id);
            self.left_out = self.left_out.saturating_sub(slice.entries()[index].size);
            by_slice
                .entry(slice.base)
                .or_insert_with(|| (slice, Vec::new()))
                .1
                .push(index);
        }
        for (_, (slice, indexes)) in by_slice {
            slice.dir.expect_again();
            self.again.push_back(Work::Again(slice, indexes));
        }
    }

    /// Forgets everything but what was asked for: all is scanned again, and what is there already
    /// is found identical.
    pub(super) fn start_over(&mut self) {
        let spec = JobSpec::clone(&self.spec);
        let mut new = Self::new(self.id, spec, self.start);
        // What was refused will be again; that a flush failed must not be forgotten.
        new.lasting = std::mem::take(&mut self.lasting);
        new.lasting.retain(|failure| failure.op == Op::Flush);
        new.failures.replace(&new.lasting);
        new.counts.failed = new.lasting.len() as u64;
        let moving = self.moving_again();
        *self = Self {
            moving,
            removed: self.removed,
            device: self.device,
            added: self.added,
            state: self.state,
            // Workers of the last run may still be about to say that they left.
            next_worker: self.next_worker,
            runs: self.runs,
            // Its flush may still be under way.
            flushing: self.flushing,
            ..new
        };
    }
}
