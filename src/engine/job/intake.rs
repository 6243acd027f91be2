//! What a job's threads report, taken into its figures.

use super::Job;
use crate::engine::report::{Batch, Retry, Status, What};
use crate::engine::worker::Big;
use crate::proto::{ErrorClass, Event, JobState, Lane, Totals};
use std::sync::Arc;

impl Job {
    /// Takes a report in.
    pub fn take(&mut self, what: What, events: &mut Vec<Event>) {
        self.stands_still = false;
        match what {
            What::Found(slices, totals) => {
                self.find(totals);
                if let Some(last) = slices.last() {
                    self.next_file = last.base.0 + last.entries().len() as u32;
                }
                self.slices.extend(slices);
            }
            What::ScanFailed(failure, retry) => {
                match retry {
                    Retry::Source(usize::MAX) => {
                        self.retry_sources = (0..self.spec.sources.len()).collect();
                    }
                    Retry::Source(index) => self.retry_sources.push(index),
                    Retry::Subtree(subtree) => self.retry_subtrees.push(*subtree),
                    Retry::Dir(dir) => self.retry_dirs.push(dir),
                    Retry::Never if failure.class == ErrorClass::Refused => {
                        self.lasting.push(failure.clone());
                    }
                    Retry::Never => self.unseen = true,
                }
                self.counts.failed += 1 + failure.below;
                self.failures.push(failure);
            }
            What::Lost(totals, source) => {
                if let Some(source) = source {
                    self.lost_sources.insert(source, totals);
                }
                self.find(totals);
                self.counts.ended += totals.files;
                self.left_out += totals.bytes;
            }
            What::Shots(shots) => {
                let status = &self.status;
                self.shots.take(shots, |file| status.contains_key(&file));
            }
            What::ScanNotices(notables) => self.notables.merge(*notables),
            What::Targets(fds) => self.targets.extend(fds.into_iter().map(Arc::new)),
            What::Dirs(dirs) => self.moving.dirs.extend(dirs),
            What::Spoilt(Some(source)) => {
                self.moving.spoilt.insert(source);
            }
            What::Spoilt(None) => self.moving.all_spoilt = true,
            What::Short(shortage) => self.run_short(shortage),
            What::Room(who) => self.find_room(who, events),
            What::Named(naming) => {
                if self.spec.naming != naming {
                    Arc::make_mut(&mut self.spec).naming = naming;
                }
            }
            What::ScanEnded { begun, whole } => {
                self.scan_ended = true;
                self.begun |= begun;
                self.unseen |= !whole;
            }
            What::Batch(batch) => self.batch(*batch, events),
            What::Join(big) => self.join(&big),
            What::Flushed(flushed) => self.flushed(flushed, events),
            What::Left(id) => {
                if let Some(at) = self.hands.iter().position(|hand| hand.id == id) {
                    let hand = self.hands.remove(at);
                    self.moved_before += hand.cell.moved();
                    if hand.lane == Lane::Files {
                        self.through_before += hand.cell.through();
                    }
                    self.written_before += hand.cell.written();
                }
            }
            What::Plan(_) | What::Device(..) | What::Sorted(_) | What::Folded(_) => {}
        }
    }

    fn find(&mut self, totals: Totals) {
        self.found.files += totals.files;
        self.found.bytes += totals.bytes;
        self.found.dirs += totals.dirs;
    }

    /// What was lost is scanned again: nothing of it is found or has ended.
    pub(super) fn lose_again(&mut self, lost: Totals) {
        let less = |known: &mut u64, by| *known = known.saturating_sub(by);
        less(&mut self.found.files, lost.files);
        less(&mut self.found.bytes, lost.bytes);
        less(&mut self.found.dirs, lost.dirs);
        less(&mut self.counts.ended, lost.files);
        less(&mut self.left_out, lost.bytes);
    }

    fn batch(&mut self, batch: Batch, events: &mut Vec<Event>) {
        for (id, status) in batch.ended {
            self.bigs.remove(&id);
            self.resumed.remove(&id);
            self.counts.ended += 1;
            self.shots.ended(id, status);
            self.files.end(id, status);
            match status {
                Status::Copied => self.counts.copied += 1,
                Status::Skipped => self.counts.skipped += 1,
                Status::Conflict => self.counts.conflicts += 1,
                Status::Failed => self.counts.failed += 1,
                Status::Cancelled => {
                    self.counts.given_up += 1;
                    let size = self
                        .entry(id)
                        .map_or(0, |(slice, index)| slice.entries()[index].size);
                    self.given_up += size;
                }
            }
            if status == Status::Skipped && self.is_move() {
                self.moving.skipped.insert(id);
            }
            // Copied is what most become and needs no memory of its own.
            if matches!(
                status,
                Status::Failed | Status::Conflict | Status::Cancelled
            ) {
                self.status.insert(id, status);
            }
        }
        self.parked.extend(batch.parked);
        // Directories are no entries: their failures are counted here, those of entries above.
        self.counts.failed += batch
            .failures
            .iter()
            .filter(|failure| failure.file.is_none())
            .count() as u64;
        self.unseen |= batch.broken;
        self.moving.spoilt.extend(batch.spoilt);
        self.moving.all_spoilt |= batch.broken && self.moving.spoilt.is_empty();
        self.moving.proofs.extend(batch.proofs);
        self.note_removed(&batch.removed, &batch.removed_dirs);
        for id in batch.kept {
            self.keep_source(id);
        }
        self.retry_dirs.extend(batch.dirs);
        self.failures.extend(batch.failures);
        for used in batch.used {
            match self
                .used
                .iter_mut()
                .find(|known| known.strategy == used.strategy && known.reason == used.reason)
            {
                Some(known) => {
                    known.files += used.files;
                    known.bytes += used.bytes;
                }
                None => self.used.push(used),
            }
        }
        self.resized += batch.resized;
        self.left_out += batch.left_out;
        self.wasted += batch.wasted;
        self.cloned += batch.cloned;
        self.flushed_singly += batch.flushed;
        self.finished += u64::from(batch.slices);
        self.waiting += batch.waiting;
        for unnamed in batch.unnamed {
            let id = unnamed.id();
            self.bigs.remove(&id);
            self.resumed.remove(&id);
            self.naming.add(unnamed);
        }
        for held in batch.held {
            let id = held.id();
            self.bigs.remove(&id);
            self.resumed.remove(&id);
            self.held.insert(id, held);
        }
        for (strategy, reason) in batch.dropped {
            events.push(Event::Fallback {
                job: self.id,
                from: strategy,
                reason: reason.clone(),
            });
            self.dropped.push((strategy, reason));
        }
        self.notables.merge(batch.notables);
        if self.state == JobState::Scanning && self.counts.ended > 0 {
            self.set_state(JobState::Running, events);
        }
    }

    /// A large file: others may join.
    fn join(&mut self, big: &Arc<Big>) {
        self.bigs.insert(big.id, big.clone());
        self.offer_lanes(big, false);
    }
}
