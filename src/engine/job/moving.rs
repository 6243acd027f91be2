//! The end of a move: everything is compared, then what is equal is removed at its source.
//!
//! Begins after the flush, and only when that succeeded. All is compared before anything is
//! removed, so that a mapping in which anything failed keeps its source as it was. Work is handed
//! out as in the copy; no state here knows a thread.

use super::Job;
use crate::engine::report::{Notable, Status};
use crate::engine::scan::Subtree;
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
    /// Sources of the job in which something failed.
    pub(super) spoilt: HashSet<u32>,
    /// Something failed, and nobody knows in which source.
    pub(super) all_spoilt: bool,
    /// Entries left as they were, as identical or by policy.
    pub(super) skipped: HashSet<FileId>,
    /// What was compared and is equal.
    pub(super) proofs: Vec<Proof>,
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
        self.find_spoilt();
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
    fn find_spoilt(&mut self) {
        let of_entries: Vec<u32> = self
            .status
            .keys()
            .filter_map(|id| self.entry(*id))
            .filter_map(|(slice, _)| slice.dir.source())
            .collect();
        let of_dirs = self.retry_dirs.iter().filter_map(|dir| dir.source());
        let of_subtrees = self.retry_subtrees.iter().map(Subtree::source);
        let all: Vec<u32> = of_entries
            .into_iter()
            .chain(of_dirs)
            .chain(of_subtrees)
            .collect();
        self.moving.spoilt.extend(all);
    }

    fn is_spoilt(&self, dir: &Dir) -> bool {
        dir.source()
            .is_some_and(|source| self.moving.spoilt.contains(&source))
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
                let status = self.status.get(&slice.id(*index));
                !matches!(
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
        let mut dirs = std::mem::take(&mut self.moving.dirs);
        dirs.retain(|dir| !self.is_spoilt(dir));
        if !dirs.is_empty() {
            self.moving.queue.push_back(Work::TakeAwayDirs(dirs));
        }
    }

    /// An entry differs from its copy, or could not be compared or removed.
    pub(super) fn keep_source(&mut self, id: FileId) {
        self.counts.failed += 1;
        let source = self.entry(id).and_then(|(slice, _)| slice.dir.source());
        self.moving.spoilt.extend(source);
    }

    /// Of a move that is stopped: what is not begun is not done.
    pub(super) fn stop_moving(&mut self) {
        self.moving.queue.clear();
    }
}
