//! What failed: in order of occurrence, and by cause and directory as it comes in, so that nobody
//! has to go through a million failures to say what they have in common.

use crate::proto::{BytePath, ErrorClass, Failure};
use std::collections::HashMap;
use std::ops::Deref;

/// Causes kept apart; what comes beyond is together by its class alone.
const CAUSES: usize = 1_000;

/// The failures of a job.
#[derive(Debug, Default)]
pub struct Failures {
    all: Vec<Failure>,
    /// Which of them have one cause in one directory.
    causes: Vec<Vec<u32>>,
    by_cause: HashMap<(ErrorClass, String, Option<BytePath>), usize>,
    emptied: u64,
}

/// Failures of one cause in one directory, to be looked at away from the coordinator.
#[derive(Debug)]
pub struct Cause {
    /// Kind of trouble.
    pub class: ErrorClass,
    /// The reason they share; empty where only the class is shared.
    pub reason: String,
    /// The directory they are in; `None` where they are in many.
    pub dir: Option<BytePath>,
    /// Their places in the list.
    pub failures: Vec<u32>,
    /// Their names, one after the other, and where each ends.
    names: (Vec<u8>, Vec<usize>),
}

impl Cause {
    /// The names of the failures, without the directory.
    pub fn names(&self) -> Vec<&[u8]> {
        let (bytes, ends) = &self.names;
        let starts = std::iter::once(&0).chain(ends);
        starts
            .zip(ends)
            .map(|(from, to)| &bytes[*from..*to])
            .collect()
    }
}

impl Failures {
    /// One more.
    pub fn push(&mut self, failure: Failure) {
        let dir = failure.path.as_path().parent().map(BytePath::from);
        let mut key = (failure.class, reason_of(&failure), dir);
        if self.causes.len() >= CAUSES && !self.by_cause.contains_key(&key) {
            key = (failure.class, String::new(), None);
        }
        let at = *self.by_cause.entry(key).or_insert_with(|| {
            self.causes.push(Vec::new());
            self.causes.len() - 1
        });
        self.causes[at].push(self.all.len() as u32);
        self.all.push(failure);
    }

    /// Some more.
    pub fn extend(&mut self, failures: impl IntoIterator<Item = Failure>) {
        for failure in failures {
            self.push(failure);
        }
    }

    /// These and no others.
    pub fn replace(&mut self, failures: &[Failure]) {
        *self = Self {
            emptied: self.emptied + 1,
            ..Self::default()
        };
        self.extend(failures.iter().cloned());
    }

    /// How many times what was known was given up for others.
    pub const fn emptied(&self) -> u64 {
        self.emptied
    }

    /// What they have in common, with a copy of their names.
    pub fn causes(&self) -> Vec<Cause> {
        let known = self.by_cause.iter();
        let causes = known.map(|((class, reason, dir), at)| {
            let failures = self.causes[*at].clone();
            let (mut bytes, mut ends) = (Vec::new(), Vec::with_capacity(failures.len()));
            for failure in &failures {
                let path = self.all[*failure as usize].path.as_bytes();
                let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or(path);
                bytes.extend_from_slice(name);
                ends.push(bytes.len());
            }
            Cause {
                class: *class,
                reason: reason.clone(),
                dir: dir.clone(),
                failures,
                names: (bytes, ends),
            }
        });
        causes.collect()
    }
}

impl Deref for Failures {
    type Target = [Failure];

    fn deref(&self) -> &[Failure] {
        &self.all
    }
}

/// The reason without what differs from file to file.
fn reason_of(failure: &Failure) -> String {
    let text = match failure.reason.split_once(" (") {
        Some((before, _)) if failure.errno.is_none() => before,
        _ => &failure.reason,
    };
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::{Op, Side};

    fn failure(path: &str, errno: Option<i32>, reason: &str) -> Failure {
        Failure {
            file: None,
            op: Op::Open,
            side: Side::Source,
            path: BytePath::from(path),
            errno,
            offset: None,
            class: ErrorClass::Permission,
            reason: reason.to_owned(),
            below: 0,
        }
    }

    #[test]
    fn one_cause_in_one_directory_is_one() {
        let mut failures = Failures::default();
        for at in 0..5 {
            failures.push(failure(&format!("/a/{at}"), Some(13), "Permission denied"));
        }
        failures.push(failure("/b/x", Some(13), "Permission denied"));
        failures.push(failure("/a/y", None, "it is there (7 bytes)"));
        failures.push(failure("/a/z", None, "it is there (8 bytes)"));
        let mut told: Vec<(Vec<u32>, String, usize)> = failures
            .causes()
            .into_iter()
            .map(|cause| {
                (
                    cause.failures.clone(),
                    cause.reason.clone(),
                    cause.names().len(),
                )
            })
            .collect();
        told.sort();
        assert_eq!(
            told,
            [
                (vec![0, 1, 2, 3, 4], "Permission denied".to_owned(), 5),
                (vec![5], "Permission denied".to_owned(), 1),
                (vec![6, 7], "it is there".to_owned(), 2),
            ]
        );
        failures.replace(&[]);
        assert!(failures.is_empty() && failures.causes().is_empty());
        assert_eq!(failures.emptied(), 1);
    }

    #[test]
    fn causes_are_bounded_and_none_is_lost() {
        let mut failures = Failures::default();
        for at in 0..3 * CAUSES {
            failures.push(failure(&format!("/{at}/x"), Some(13), "Permission denied"));
        }
        let causes = failures.causes();
        assert!(causes.len() <= CAUSES + 1);
        let count: usize = causes.iter().map(|cause| cause.failures.len()).sum();
        assert_eq!(count, 3 * CAUSES);
        let rest = causes.iter().max_by_key(|cause| cause.failures.len());
        assert_eq!(
            rest.and_then(|cause| cause.dir.clone()),
            None,
            "the rest, together"
        );
    }
}
