//! Failures as a list to be looked at: what failed for one cause is one row where its names are one
//! sequence, or where they are in one directory.
//!
//! The rows are made on a thread of their own, from a copy of the names; the coordinator only keeps
//! the numbers that come back.

use super::Job;
use super::failures::Cause;
use crate::engine::report::{Report, What};
use crate::engine::shots::types_of;
use crate::engine::threads;
use crate::engine::worker::contain;
use crate::proto::{BytePath, FailureFold, FailuresBy, FailuresPage, JobId};
use crate::sequence::{self, FrameTypes};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use tokio::sync::mpsc;

/// Rows that stand for several failures; what would be beyond them is listed one by one.
const FOLDS: usize = 1_000;

/// Failures in the order of a list: those of each fold, then those that stand for themselves.
#[derive(Debug)]
pub struct Folded {
    by: FailuresBy,
    /// Failures there were when it was made, and since which emptying of the list.
    of: (u32, u64),
    folds: Vec<FailureFold>,
    order: Vec<u32>,
}

/// What a job knows of its failures as a list.
#[derive(Debug, Default)]
pub struct Lists {
    folded: Option<Folded>,
    /// What is being made, and the page that waits for it.
    making: Option<(FailuresBy, (u32, u64), u32, u32)>,
}

impl Job {
    /// A page of the failures, folded; `None` when that is being done and the page comes later.
    pub fn failures_page(
        &mut self,
        by: FailuresBy,
        from: u32,
        limit: u32,
        reports: &mpsc::Sender<Report>,
    ) -> Option<FailuresPage> {
        let now = (self.failures.len() as u32, self.failures.emptied());
        // After a retry the old numbers mean other failures, or none.
        let valid = |folded: &&Folded| folded.by == by && folded.of.1 == now.1;
        let known = self.lists.folded.as_ref().filter(valid);
        let fresh = known.is_some_and(|folded| folded.of == now);
        let page = known.map(|folded| self.page_of(folded, from, limit));
        if !fresh {
            self.fold(by, now, (from, limit), reports);
        }
        // An old list is better than none.
        page
    }

    /// Takes a list that was made; the page that waited for it.
    pub fn take_folded(&mut self, folded: Folded) -> Option<FailuresPage> {
        let asked = |making: &mut (FailuresBy, (u32, u64), u32, u32)| {
            (making.0, making.1) == (folded.by, folded.of)
        };
        let (_, _, from, limit) = self.lists.making.take_if(asked)?;
        if folded.of.1 != self.failures.emptied() {
            return None;
        }
        let page = self.page_of(&folded, from, limit);
        self.lists.folded = Some(folded);
        Some(page)
    }

    /// Failures from a place of a list on, by their numbers; `None` when it is not that list any more.
    pub(super) fn listed(
        &self,
        by: FailuresBy,
        list: u64,
        from: u32,
        count: u32,
    ) -> Option<Vec<u32>> {
        let that = |folded: &&Folded| folded.by == by && folded.of.1 == list;
        let folded = self.lists.folded.as_ref().filter(that)?;
        let current = list == self.failures.emptied();
        let places = folded.order.iter().skip(from as usize).take(count as usize);
        current.then(|| places.copied().collect())
    }

    fn page_of(&self, folded: &Folded, from: u32, limit: u32) -> FailuresPage {
        let places = folded.order.iter().skip(from as usize).take(limit as usize);
        FailuresPage {
            by: folded.by,
            list: folded.of.1,
            of: folded.order.len() as u32,
            folds: folded.folds.clone(),
            from,
            failures: places
                .filter_map(|at| self.failures.get(*at as usize).cloned())
                .collect(),
        }
    }

    fn fold(
        &mut self,
        by: FailuresBy,
        of: (u32, u64),
        (from, limit): (u32, u32),
        reports: &mpsc::Sender<Report>,
    ) {
        if let Some(making) = &mut self.lists.making
            && making.0 == by
            && making.1.1 == of.1
        {
            // The list that is being made is near enough; the page that is wanted now waits for it.
            (making.2, making.3) = (from, limit);
            return;
        }
        let folding = Folding {
            by,
            of,
            types: types_of(&self.spec),
            causes: self.failures.causes(),
        };
        let (id, reports) = (self.id, reports.clone());
        let spawned = threads::spawn("haul-fold", move || {
            let empty = Folded {
                by,
                of,
                folds: Vec::new(),
                order: Vec::new(),
            };
            tell(&reports, id, contain(|| folding.fold()).unwrap_or(empty));
        });
        match spawned {
            Ok(()) => self.lists.making = Some((by, of, from, limit)),
            Err(error) => tracing::warn!("no thread to list the failures of a job: {error}"),
        }
    }
}

/// With the engine gone nobody needs the answer.
fn tell(reports: &mpsc::Sender<Report>, job: JobId, folded: Folded) {
    let what = What::Folded(Box::new(folded));
    drop(reports.blocking_send(Report { job, what }));
}

/// What making a list needs.
struct Folding {
    by: FailuresBy,
    of: (u32, u64),
    types: FrameTypes,
    causes: Vec<Cause>,
}

impl Folding {
    fn fold(self) -> Folded {
        let mut folds: Vec<(FailureFold, Vec<u32>)> = Vec::new();
        let mut single: Vec<u32> = Vec::new();
        for cause in self.causes {
            let found = match self.by {
                FailuresBy::Cause => cause.whole(),
                FailuresBy::Sequence => cause.sequences(&self.types, &mut single),
            };
            for (fold, members) in found {
                match members[..] {
                    [] => {}
                    [only] => single.push(only),
                    _ => folds.push((fold, members)),
                }
            }
        }
        folds.sort_by(|(_, a), (_, b)| b.len().cmp(&a.len()).then(a.first().cmp(&b.first())));
        for (_, members) in folds.drain(FOLDS.min(folds.len())..) {
            single.extend(members);
        }
        single.sort_unstable();
        let mut order = Vec::with_capacity(self.of.0 as usize);
        let mut rows = Vec::with_capacity(folds.len());
        for (fold, members) in folds {
            order.extend(members);
            rows.push(fold);
        }
        order.extend(single);
        Folded {
            by: self.by,
            of: self.of,
            folds: rows,
            order,
        }
    }
}

impl Cause {
    fn fold(&self, path: Option<BytePath>, members: &[u32]) -> FailureFold {
        FailureFold {
            path,
            class: self.class,
            reason: self.reason.clone(),
            count: members.len() as u64,
            first: members.iter().copied().min().unwrap_or(0),
        }
    }

    fn whole(self) -> Vec<(FailureFold, Vec<u32>)> {
        let fold = self.fold(self.dir.clone(), &self.failures);
        vec![(fold, self.failures)]
    }

    /// The sequences among the names; what is in none goes to `single`.
    fn sequences(self, types: &FrameTypes, single: &mut Vec<u32>) -> Vec<(FailureFold, Vec<u32>)> {
        // Where several directories are together, names of one sequence need not belong together.
        let Some(dir) = &self.dir else {
            single.extend(self.failures);
            return Vec::new();
        };
        let names = self.names();
        let grouping = sequence::group(&names[..], types);
        let alone = (0..).zip(&self.failures);
        single.extend(
            alone
                .filter(|(at, _)| grouping.of(*at).is_none())
                .map(|(_, failure)| *failure),
        );
        let sequences = 0..grouping.sequences().len() as u32;
        sequences
            .map(|id| {
                let gaps = sequence::gaps(&names[..], &grouping, id);
                let (head, numbers, tail) = grouping.label(&names[..], id, &gaps);
                let name = [head, numbers.as_bytes(), tail].concat();
                let path = dir.as_path().join(OsStr::from_bytes(&name));
                let members = grouping.members(id).iter();
                let members: Vec<u32> = members.map(|at| self.failures[*at as usize]).collect();
                (self.fold(Some(BytePath::from(path)), &members), members)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::failures::Failures;
    use super::*;
    use crate::proto::{ErrorClass, Failure, Op, Side};

    fn failures(paths: &[&str]) -> Failures {
        let mut failures = Failures::default();
        failures.extend(paths.iter().map(|path| Failure {
            file: None,
            op: Op::Open,
            side: Side::Source,
            path: BytePath::from(*path),
            errno: Some(13),
            offset: None,
            class: ErrorClass::Permission,
            reason: "permission denied".to_owned(),
            below: 0,
        }));
        failures
    }

    fn folded(by: FailuresBy, failures: &Failures) -> (Vec<(String, u64)>, Vec<u32>) {
        let folding = Folding {
            by,
            of: (failures.len() as u32, 0),
            types: FrameTypes::default(),
            causes: failures.causes(),
        };
        let folded = folding.fold();
        let path = |fold: &FailureFold| {
            let path = fold.path.as_ref().expect("a path").as_bytes();
            String::from_utf8_lossy(path).into_owned()
        };
        let folds = folded.folds.iter().map(|fold| (path(fold), fold.count));
        (folds.collect(), folded.order)
    }

    #[test]
    fn frames_of_one_cause_are_one_row_and_everything_is_listed_once() {
        let failures = failures(&[
            "/a/x.0003.exr",
            "/b/x.0004.exr",
            "/a/notes.txt",
            "/a/x.0001.exr",
            "/a/y.1.dpx",
            "/a/x.0002.exr",
            "/a/y.7.dpx",
        ]);
        let (folds, order) = folded(FailuresBy::Sequence, &failures);
        let row = |path: &str, count| (path.to_owned(), count);
        assert_eq!(
            folds,
            [row("/a/x.[0001-0003].exr", 3), row("/a/y.[1-7].dpx", 2)]
        );
        // The frames in the order of their numbers, then the rest as it came.
        assert_eq!(order, [3, 5, 0, 4, 6, 1, 2]);
        let (folds, order) = folded(FailuresBy::Cause, &failures);
        assert_eq!(folds, [row("/a", 6)]);
        assert_eq!(order, [0, 2, 3, 4, 5, 6, 1]);
    }

    #[test]
    fn rows_are_bounded_and_no_failure_is_lost() {
        let paths: Vec<String> = (0..3 * FOLDS)
            .flat_map(|at| {
                [
                    format!("/{}/s{at}_a.1.exr", at / 4),
                    format!("/{}/s{at}_a.2.exr", at / 4),
                ]
            })
            .collect();
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        let failures = failures(&paths);
        let (folds, mut order) = folded(FailuresBy::Sequence, &failures);
        assert_eq!(folds.len(), FOLDS);
        order.sort_unstable();
        assert_eq!(order, (0..6 * FOLDS as u32).collect::<Vec<_>>());
    }
}
