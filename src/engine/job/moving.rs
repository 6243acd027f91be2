//! The end of a move: everything is compared, then what is equal is removed at its source.
//!
//! Begins after the flush, and only when that succeeded. All is compared before anything is
//! removed, so that a mapping in which anything failed keeps its source as it was. Work is handed
//! out as in the copy; no state here knows a thread.
//!
//! What is removed is remembered, entry by entry. A move that is tried again begins anew with the
//! mappings that were not moved: they are read again, for what failed may have been put right, and
//! what of them was copied before is found identical, compared like all else and only then removed.

use super::Job;
use super::files::Bits;
use crate::engine::report::{Notable, Status};
use crate::engine::scan::{DirTimes, Subtree};
use crate::engine::tree::{Dir, Slice};
use crate::engine::worker::{Candidate, Proof, Work};
use crate::proto::{Event, FileId, JobState, Op, Operation, Side};
use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

/// What a move knows besides the copy.
#[derive(Debug, Default)]
pub(super) struct Moving {
    /// Source directories, in the order the scan met them.
    pub(super) dirs: Vec<Arc<Dir>>,
    /// Sources of the job in which something failed, as the threads say.
    pub(super) spoilt: HashSet<u32>,
    /// Sources in which an entry or a directory failed, as is known here.
    failed: HashSet<u32>,
    /// Something failed, and nobody knows in which source.
    pub(super) all_spoilt: bool,
    /// Entries left as they were, as identical or by policy.
    pub(super) skipped: HashSet<FileId>,
    /// What was compared and is equal.
    pub(super) proofs: Vec<Proof>,
    /// Entries that were removed at their source.
    gone: Bits,
    /// Sources of which nothing is left to do, in any run of the job.
    moved: HashSet<u32>,
    /// Times that directories had before entries of theirs were removed.
    times: DirTimes,
    /// What is left to hand out in this step.
    queue: VecDeque<Work>,
    step: Step,
}

/// The steps, in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Step {
    #[default]
    Compare,
    Files,
    Dirs,
}

impl Moving {
    fn is_spoilt(&self, source: u32) -> bool {
        self.spoilt.contains(&source) || self.failed.contains(&source)
    }
}

impl Job {
    pub(super) fn is_move(&self) -> bool {
        self.spec.operation == Operation::Move
    }

    /// Everything is copied and on the device: compares, where sources are to be removed. False
    /// when there is nothing of that to do.
    pub(super) fn begin_moving(&mut self, events: &mut Vec<Event>) -> bool {
        if !self.is_move() || self.crew.is_none() {
            return false;
        }
        let unflushed = self.lasting.iter().any(|failure| failure.op == Op::Flush);
        if unflushed || self.moving.all_spoilt {
            self.notables
                .add(Notable::SourcesKept, self.found.files.max(1));
            return false;
        }
        self.find_failed();
        self.moving.step = Step::Compare;
        for at in 0..self.slices.len() {
            let slice = self.slices[at].clone();
            let candidates = self.candidates(&slice);
            if !candidates.is_empty() {
                self.moving.queue.push_back(Work::Prove(slice, candidates));
            }
        }
        self.set_state(JobState::Verifying, events);
        true
    }

    /// Sources in which an entry or a directory failed.
    fn find_failed(&mut self) {
        let of_entries = self
            .status
            .keys()
            .filter_map(|id| self.entry(*id))
            .filter_map(|(slice, index)| slice.source(index));
        let of_dirs = self.retry_dirs.iter().filter_map(|dir| dir.source());
        let of_subtrees = self.retry_subtrees.iter().map(Subtree::source);
        self.moving.failed = of_entries.chain(of_dirs).chain(of_subtrees).collect();
    }

    fn is_spoilt(&self, dir: &Dir) -> bool {
        dir.source()
            .is_some_and(|source| self.moving.is_spoilt(source))
    }

    fn note_mapping_kept(&mut self, slice: &Slice, count: usize) {
        if count > 0 {
            let path = || slice.dir.full_path(Side::Source, None);
            self.notables.add_at(Notable::MappingKept, path);
            self.notables.add(Notable::MappingKept, count as u64 - 1);
        }
    }

    /// What of a slice may be removed if it is equal; the rest is noted.
    fn candidates(&mut self, slice: &Arc<Slice>) -> Vec<Candidate> {
        if self.is_spoilt(&slice.dir) {
            self.note_mapping_kept(slice, slice.entries().len());
            return Vec::new();
        }
        (0..slice.entries().len())
            .filter(|index| {
                let moved = slice.source(*index).is_some_and(|source| {
                    // Of an earlier run of the job.
                    self.moving.moved.contains(&source)
                });
                let status = self.status.get(&slice.id(*index));
                !moved
                    && !self.moving.gone.get(slice.id(*index).0)
                    && !matches!(
                        status,
                        Some(Status::Failed | Status::Conflict | Status::Cancelled)
                    )
            })
            .map(|index| Candidate {
                index,
                skipped: self.moving.skipped.contains(&slice.id(index)),
            })
            .collect()
    }

    /// Hands out what fits, and goes on to the next step when one is worked off.
    pub(super) fn advance_moving(&mut self, events: &mut Vec<Event>) {
        loop {
            while let Some(work) = self.moving.queue.pop_front() {
                let Some(crew) = &self.crew else { return };
                if let Err(refused) = crew.files.try_send(work) {
                    self.moving.queue.push_front(refused.into_inner());
                    return;
                }
                self.issued += 1;
            }
            if self.issued != self.finished {
                return;
            }
            match self.moving.step {
                Step::Compare => self.begin_removal(),
                Step::Files => self.begin_dirs(),
                Step::Dirs => {
                    self.note_moved();
                    self.end(events);
                    return;
                }
            }
        }
    }

    fn begin_removal(&mut self) {
        self.moving.step = Step::Files;
        for proof in std::mem::take(&mut self.moving.proofs) {
            if self.is_spoilt(&proof.slice.dir) {
                self.note_mapping_kept(&proof.slice, proof.equal.len());
            } else if !proof.equal.is_empty() {
                self.moving.queue.push_back(Work::TakeAway(proof));
            }
        }
    }

    fn begin_dirs(&mut self) {
        self.moving.step = Step::Dirs;
        let mut dirs = self.moving.dirs.clone();
        dirs.retain(|dir| {
            let source = dir.source();
            !self.is_spoilt(dir) && source.is_none_or(|source| !self.moving.moved.contains(&source))
        });
        if !dirs.is_empty() {
            self.moving.queue.push_back(Work::TakeAwayDirs(dirs));
        }
    }

    /// An entry differs from its copy, or could not be compared or removed.
    pub(super) fn keep_source(&mut self, id: FileId) {
        self.counts.failed += 1;
        self.status.insert(id, Status::Failed);
        let source = self
            .entry(id)
            .and_then(|(slice, index)| slice.source(index));
        self.moving.failed.extend(source);
    }

    /// Sources that are not at their old names any more. A source that is one entry is moved by
    /// that.
    pub(super) fn note_removed(&mut self, entries: &[FileId], dirs: &[Arc<Dir>]) {
        self.removed += entries.len() as u64;
        for id in entries {
            self.moving.gone.set(id.0, true);
            let Some((slice, index)) = self.entry(*id) else {
                continue;
            };
            if slice.dir.is_place() {
                let source = slice.source(index);
                self.moving.moved.extend(source);
            }
        }
        for dir in dirs {
            match dir.in_parent() {
                Some((parent, _, _)) if parent.is_place() => {
                    self.moving.moved.extend(dir.source());
                }
                Some((parent, _, _)) => self.moving.times.remember(parent),
                None => {}
            }
        }
    }

    /// Everything was tried: what began and in which nothing failed is moved, or left as its policy
    /// says.
    fn note_moved(&mut self) {
        let of_entries = self
            .slices
            .iter()
            .flat_map(|slice| (0..slice.entries().len()).filter_map(|index| slice.source(index)));
        let of_dirs = self.moving.dirs.iter().filter_map(|dir| dir.source());
        let well: Vec<u32> = of_entries
            .chain(of_dirs)
            .filter(|source| !self.moving.is_spoilt(*source))
            .collect();
        self.moving.moved.extend(well);
    }

    /// The sources that are still to be done, by their indexes.
    pub(super) fn unmoved(&self) -> Vec<usize> {
        (0..self.spec.sources.len())
            .filter(|index| !self.moving.moved.contains(&(*index as u32)))
            .collect()
    }

    /// Times that directories had before this job removed something in them.
    pub(super) fn known_times(&self) -> DirTimes {
        self.moving.times.clone()
    }

    /// What of a move stays known when it begins anew with the rest.
    pub(super) fn moving_again(&mut self) -> Moving {
        for slice in &self.slices {
            let gone = |index| self.moving.gone.get(slice.id(index).0);
            if (0..slice.entries().len()).any(gone) {
                self.moving.times.remember(&slice.dir);
            }
        }
        Moving {
            moved: std::mem::take(&mut self.moving.moved),
            times: std::mem::take(&mut self.moving.times),
            ..Moving::default()
        }
    }

    /// Of a move that is stopped: what is not begun is not done.
    pub(super) fn stop_moving(&mut self) {
        self.moving.queue.clear();
    }
}
