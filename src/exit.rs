//! The exit codes, and which of several counts. A contract: scripts rely on it.

use crate::proto::{JobState, Summary};
use std::process::ExitCode;

/// How the program ends, from best to worst; [`Exit::worst`] merges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// Everything was copied, was identical, or was skipped by the chosen policy: 0.
    #[default]
    Good,
    /// Nothing failed, but existing names were left alone and reported: 3.
    Conflicts,
    /// Something failed or was refused as dangerous: 1.
    Failed,
    /// Wrong usage or configuration: 2.
    Usage,
    /// Ended by that signal: 128 and its number.
    Signal(u8),
}

/// Signals that ask the program to end, which it does in order: what a keyboard, a closing line and
/// `kill` send first, and then `SIGUSR1`, `SIGUSR2`, `SIGALRM` and `SIGXCPU`, which batch systems,
/// `timeout -s` and limits send, and whose default is to end a process where it stands. The numbers are
/// those of x86 and ARM (signal(7)).
pub const ENDING: [u8; 8] = [15, 1, 2, 3, 10, 12, 14, 24];

impl Exit {
    /// The number the shell sees.
    pub const fn code(self) -> u8 {
        match self {
            Self::Good => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Conflicts => 3,
            Self::Signal(number) => 128_u8.saturating_add(number),
        }
    }

    /// The worse of the two.
    #[must_use]
    pub fn worst(self, other: Self) -> Self {
        self.max(other)
    }

    /// What the end of a job means. A job that was cancelled without a signal has not done what
    /// was asked, so it counts as failed.
    pub fn of(summary: &Summary) -> Self {
        let files = &summary.files;
        match summary.state {
            JobState::Cancelled | JobState::Failed => Self::Failed,
            _ if files.failed + files.cancelled > 0 => Self::Failed,
            _ if files.conflicts > 0 => Self::Conflicts,
            JobState::Done => Self::Good,
            // Not ended, or ended with something that no count explains.
            _ => Self::Failed,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::SummaryFiles;

    fn ended(state: JobState, failed: u64, conflicts: u64) -> Exit {
        let files = SummaryFiles {
            failed,
            conflicts,
            ..SummaryFiles::default()
        };
        Exit::of(&Summary::bare(state, files))
    }

    #[test]
    fn the_worst_of_all_files_counts() {
        assert_eq!(ended(JobState::Done, 0, 0), Exit::Good);
        assert_eq!(ended(JobState::DoneWithFailures, 0, 2), Exit::Conflicts);
        assert_eq!(ended(JobState::DoneWithFailures, 1, 2), Exit::Failed);
        assert_eq!(ended(JobState::DoneWithFailures, 0, 0), Exit::Failed);
        assert_eq!(ended(JobState::Cancelled, 0, 0), Exit::Failed);
        assert_eq!(ended(JobState::Failed, 0, 0), Exit::Failed);
        assert_eq!(ended(JobState::Running, 0, 0), Exit::Failed);
    }

    #[test]
    fn merging_is_by_severity_and_not_by_number() {
        assert_eq!(Exit::Failed.worst(Exit::Conflicts), Exit::Failed);
        assert_eq!(Exit::Conflicts.worst(Exit::Good), Exit::Conflicts);
        assert_eq!(Exit::Failed.worst(Exit::Signal(2)).code(), 130);
        assert_eq!(
            [
                Exit::Good,
                Exit::Failed,
                Exit::Usage,
                Exit::Conflicts,
                Exit::Signal(15)
            ]
            .map(Exit::code),
            [0, 1, 2, 3, 143]
        );
    }
}
