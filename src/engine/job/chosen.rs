//! Failures that are tried again by themselves, while the other failures of the job stay.

use super::Job;
use crate::engine::report::Status;
use crate::engine::scan::Subtree;
use crate::engine::tree::Dir;
use crate::engine::worker::Work;
use crate::proto::{BytePath, Event, Failure, FailuresBy, FileId, JobState, Op, Side};
use std::collections::HashSet;
use std::sync::Arc;

/// What is begun again besides entries.
#[derive(Debug, Default)]
pub(super) struct Chosen {
    /// Indexes of source arguments.
    pub sources: Vec<usize>,
    /// Directories that could not be scanned or made.
    pub subtrees: Vec<Subtree>,
}

impl Job {
    /// Queues an ended job for some of its failures: `count` of them from a place of the list `by` on.
    /// Where they cannot be tried by themselves, which is so of a move, whose sources are begun anew,
    /// and of what broke a scan off, everything is. False when the list is no longer that one or there
    /// is nothing to try.
    pub fn retry_listed(
        &mut self,
        by: FailuresBy,
        list: u64,
        (from, count): (u32, u32),
        events: &mut Vec<Event>,
    ) -> bool {
        if !matches!(
            self.state,
            JobState::DoneWithFailures | JobState::Cancelled | JobState::Failed
        ) {
            return false;
        }
        let Some(mut places) = self.listed(by, list, from, count) else {
            return false;
        };
        // What was refused will be again.
        let lasting: HashSet<(&BytePath, Op)> = self
            .lasting
            .iter()
            .map(|failure| (&failure.path, failure.op))
            .collect();
        places.retain(|at| {
            self.failures
                .get(*at as usize)
                .is_none_or(|failure| !lasting.contains(&(&failure.path, failure.op)))
        });
        if places.is_empty() {
            return false;
        }
        let alone = self.can_go_alone(&places);
        if self.is_move() || self.runs == 0 || !alone {
            return self.retry(events);
        }
        self.chosen = places;
        self.only_answered = true;
        self.set_state(JobState::Queued, events);
        true
    }

    /// True where what failed is known well enough to begin it and nothing else.
    fn can_go_alone(&self, places: &[u32]) -> bool {
        let failures = places.iter().map(|at| self.failures.get(*at as usize));
        let mut known: Option<HashSet<BytePath>> = None;
        failures.into_iter().all(|failure| match failure {
            Some(Failure { file: Some(id), .. }) => {
                self.status.contains_key(id) && !self.parked.contains_key(id)
            }
            Some(failure) => {
                let known = known.get_or_insert_with(|| self.paths_to_retry());
                known.contains(&failure.path)
            }
            None => false,
        })
    }

    /// What failures call the directories and arguments that can be begun again.
    fn paths_to_retry(&self) -> HashSet<BytePath> {
        let sources = self.retry_sources.iter();
        let sources = sources.filter_map(|at| self.spec.sources.get(*at).cloned());
        let subtrees = self.retry_subtrees.iter().flat_map(Subtree::paths);
        let dirs = self.retry_dirs.iter().flat_map(paths_of);
        sources.chain(subtrees).chain(dirs).collect()
    }

    /// Makes work of the failures that were chosen.
    pub(super) fn take_up_chosen(&mut self) -> Chosen {
        let places: HashSet<u32> = std::mem::take(&mut self.chosen).into_iter().collect();
        let mut chosen = Chosen::default();
        if places.is_empty() {
            return chosen;
        }
        let mut files: HashSet<FileId> = HashSet::new();
        let mut paths: HashSet<BytePath> = HashSet::new();
        let failures = places.iter();
        for failure in failures.filter_map(|at| self.failures.get(*at as usize)) {
            if let Some(file) = failure.file {
                files.insert(file);
            } else {
                paths.insert(failure.path.clone());
            }
        }
        for file in &files {
            match self.status.remove(file) {
                Some(Status::Failed) => self.counts.failed = self.counts.failed.saturating_sub(1),
                Some(Status::Conflict) => {
                    self.counts.conflicts = self.counts.conflicts.saturating_sub(1);
                }
                _ => {}
            }
            self.shots.once_more(*file);
        }
        self.take_up(files.iter().copied().collect());
        let spec = self.spec.clone();
        let named = |index: &mut usize| {
            let source = spec.sources.get(*index);
            source.is_some_and(|source| paths.contains(source))
        };
        chosen.sources = self.retry_sources.extract_if(.., named).collect();
        for index in &chosen.sources {
            if let Some(lost) = self.lost_sources.remove(index) {
                self.lose_again(lost);
            }
        }
        let subtrees = &mut self.retry_subtrees;
        let at_one = |tree: &mut Subtree| tree.paths().iter().any(|path| paths.contains(path));
        chosen.subtrees = subtrees.extract_if(.., at_one).collect();
        for subtree in &chosen.subtrees {
            subtree.expect_again();
            self.lose_again(subtree.lost());
        }
        let dirs = &mut self.retry_dirs;
        let dirs: Vec<_> = dirs
            .extract_if(.., |dir| {
                paths_of(dir).iter().any(|path| paths.contains(path))
            })
            .collect();
        for dir in dirs {
            dir.expect_again();
            self.again.push_back(Work::Dir(dir));
        }
        let (mut kept, mut dirs_gone) = (Vec::new(), 0);
        for (at, failure) in (0..).zip(self.failures.iter()) {
            match failure.file {
                Some(file) if files.contains(&file) => {}
                None if places.contains(&at) => dirs_gone += 1 + failure.below,
                _ => kept.push(failure.clone()),
            }
        }
        self.counts.failed = self.counts.failed.saturating_sub(dirs_gone);
        self.failures.replace(&kept);
        self.flush = None;
        chosen
    }
}

fn paths_of(dir: &Arc<Dir>) -> [BytePath; 2] {
    [Side::Source, Side::Dest].map(|side| dir.full_path(side, None))
}
