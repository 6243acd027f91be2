//! What failed: in order of occurrence, and grouped by cause and directory as it comes in, so that
//! nobody has to go through a million failures to say what they have in common.

use crate::proto::{BytePath, ErrorClass, Failure, FailureGroup};
use std::collections::HashMap;
use std::ops::Deref;

/// Groups kept apart; what comes beyond is grouped by its class alone.
const GROUPS: usize = 1_000;

/// The failures of a job.
#[derive(Debug, Default)]
pub struct Failures {
    all: Vec<Failure>,
    groups: Vec<FailureGroup>,
    by_cause: HashMap<(ErrorClass, String, Option<BytePath>), usize>,
}

impl Failures {
    /// One more.
    pub fn push(&mut self, failure: Failure) {
        let first = self.all.len() as u32;
        let reason = cause(&failure);
        let dir = failure.path.as_path().parent().map(BytePath::from);
        let mut key = (failure.class, reason, dir);
        if self.groups.len() >= GROUPS && !self.by_cause.contains_key(&key) {
            key = (failure.class, String::new(), None);
        }
        let at = *self.by_cause.entry(key).or_insert_with_key(|key| {
            self.groups.push(FailureGroup {
                class: key.0,
                reason: key.1.clone(),
                dir: key.2.clone(),
                count: 0,
                first,
            });
            self.groups.len() - 1
        });
        self.groups[at].count += 1;
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
        *self = Self::default();
        self.extend(failures.iter().cloned());
    }

    /// The groups, the largest first.
    pub fn groups(&self) -> Vec<FailureGroup> {
        let mut groups = self.groups.clone();
        groups.sort_by(|a, b| b.count.cmp(&a.count).then(a.first.cmp(&b.first)));
        groups
    }
}

impl Deref for Failures {
    type Target = [Failure];

    fn deref(&self) -> &[Failure] {
        &self.all
    }
}

/// The reason without what differs from file to file.
fn cause(failure: &Failure) -> String {
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
        }
    }

    #[test]
    fn one_cause_in_one_directory_is_one_group() {
        let mut failures = Failures::default();
        for at in 0..5 {
            failures.push(failure(&format!("/a/{at}"), Some(13), "Permission denied"));
        }
        failures.push(failure("/b/x", Some(13), "Permission denied"));
        failures.push(failure("/a/y", None, "it is there (7 bytes)"));
        failures.push(failure("/a/z", None, "it is there (8 bytes)"));
        let groups = failures.groups();
        let told: Vec<(u64, &str, u32)> = groups
            .iter()
            .map(|group| (group.count, group.reason.as_str(), group.first))
            .collect();
        assert_eq!(
            told,
            [
                (5, "Permission denied", 0),
                (2, "it is there", 6),
                (1, "Permission denied", 5)
            ]
        );
        assert_eq!(groups[0].dir, Some(BytePath::from("/a")));
        failures.replace(&[]);
        assert!(failures.is_empty() && failures.groups().is_empty());
    }

    #[test]
    fn groups_are_bounded_and_none_is_lost() {
        let mut failures = Failures::default();
        for at in 0..3 * GROUPS {
            failures.push(failure(&format!("/{at}/x"), Some(13), "Permission denied"));
        }
        let groups = failures.groups();
        assert!(groups.len() <= GROUPS + 1);
        let count: u64 = groups.iter().map(|group| group.count).sum();
        assert_eq!(count, 3 * GROUPS as u64);
        assert_eq!(groups[0].dir, None, "the rest, together");
    }
}
