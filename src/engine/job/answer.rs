//! Conflicts that were parked, and what is said about them.

use super::Job;
use crate::engine::worker::facts;
use crate::proto::{Conflict, Event, FileId, JobState, Parked, Side};

impl Job {
    /// Some of the conflicts that wait, in the order of the scan.
    pub fn parked_page(&self, from: usize, limit: usize) -> Vec<Parked> {
        let page = self.parked.iter().skip(from).take(limit);
        page.filter_map(|(id, dest)| {
            let (slice, index) = self.entry(*id)?;
            let (entry, _, name) = slice.entry(index);
            Some(Parked {
                file: *id,
                path: slice.dir.full_path(Side::Dest, Some(name)),
                source: facts(entry.kind, entry.size, entry.mtime),
                dest: *dest,
            })
        })
        .collect()
    }

    /// Says what becomes of one parked conflict, or of all.
    pub fn answer(&mut self, file: Option<FileId>, with: Conflict, events: &mut Vec<Event>) {
        if !Conflict::ANSWERS.contains(&with) || self.state == JobState::Cancelling {
            return;
        }
        let ids: Vec<FileId> = match file {
            Some(id) if self.parked.contains_key(&id) => vec![id],
            Some(_) => Vec::new(),
            None => self.parked.keys().copied().collect(),
        };
        if ids.is_empty() {
            return;
        }
        if with == Conflict::Skip {
            for id in ids {
                self.parked.remove(&id);
                self.status.remove(&id);
                self.counts.conflicts = self.counts.conflicts.saturating_sub(1);
                self.counts.skipped += 1;
            }
            if self.state == JobState::DoneWithFailures && self.is_clean() {
                self.set_state(JobState::Done, events);
            }
            return;
        }
        for id in ids {
            self.answers.set(id, with);
            if let Some(dest) = self.parked.remove(&id) {
                self.answered.insert(id, dest);
            }
        }
        let works = matches!(
            self.state,
            JobState::Scanning | JobState::Running | JobState::Pausing | JobState::Paused
        );
        if works && self.crew.is_some() {
            self.take_up_answered();
        } else if self.state.is_final() {
            self.queue_answered(events);
        }
        // A job in the queue takes them with it, one that is flushed begins again after it.
    }

    /// Queues the ended job for what was answered.
    pub(super) fn queue_answered(&mut self, events: &mut Vec<Event>) {
        self.only_answered = true;
        self.set_state(JobState::Queued, events);
    }

    /// Makes work of what was answered.
    pub(super) fn take_up_answered(&mut self) {
        let ids: Vec<FileId> = std::mem::take(&mut self.answered).into_keys().collect();
        for id in &ids {
            self.status.remove(id);
        }
        self.counts.conflicts = self.counts.conflicts.saturating_sub(ids.len() as u64);
        self.take_up(ids);
        self.flush = None;
    }

    /// The job does not begin after all: what was answered waits for an answer again.
    pub(super) fn take_answers_back(&mut self) {
        self.only_answered = false;
        self.chosen.clear();
        self.parked.append(&mut self.answered);
    }
}
