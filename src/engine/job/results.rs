//! What workers tell of their entries, counted into the job.

use super::Job;
use crate::engine::report::{Batch, Status};
use crate::proto::{Event, JobState};

impl Job {
    /// Counts a worker's results.
    pub(super) fn batch(&mut self, batch: Batch, events: &mut Vec<Event>) {
        for (id, status) in batch.ended {
            self.bigs.remove(&id);
            self.resumed.remove(&id);
            self.counts.ended += 1;
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
        self.removed += batch.removed;
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
}
