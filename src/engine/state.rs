//! The one table of a job's states.

use crate::proto::JobState;
use JobState::{
    Cancelled, Cancelling, Done, DoneWithFailures, Failed, Flushing, Paused, Pausing, Queued,
    Running, Scanning, Verifying,
};

/// A transition that the table does not know: a defect of the engine, never of a door.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a job cannot go from {from:?} to {to:?}")]
pub struct Illegal {
    /// Where it stands.
    pub from: JobState,
    /// Where it was to go.
    pub to: JobState,
}

/// The states that may follow `from`.
pub const fn successors(from: JobState) -> &'static [JobState] {
    match from {
        Queued => &[Scanning, Paused, Cancelled],
        Scanning => &[
            Running,
            Pausing,
            Cancelling,
            Flushing,
            Verifying,
            Done,
            DoneWithFailures,
            Failed,
        ],
        Running => &[
            Pausing,
            Cancelling,
            Flushing,
            Verifying,
            Done,
            DoneWithFailures,
        ],
        Pausing => &[Paused, Running, Scanning, Cancelling],
        Paused => &[Running, Scanning, Queued, Cancelling, Cancelled],
        Flushing => &[Verifying, Done, DoneWithFailures, Cancelling],
        Verifying => &[Done, DoneWithFailures, Cancelling],
        Cancelling => &[Cancelled],
        // Retrying takes an ended job back to work.
        Done => &[],
        Cancelled | Failed => &[Queued],
        // The last thing left was a conflict, and the answer was to leave it.
        DoneWithFailures => &[Queued, Done],
    }
}

/// Checks a transition against the table.
pub fn transition(from: JobState, to: JobState) -> Result<JobState, Illegal> {
    if successors(from).contains(&to) {
        Ok(to)
    } else {
        Err(Illegal { from, to })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_state_is_reachable_and_ends() {
        let mut seen = vec![Queued];
        let mut next = 0;
        while next < seen.len() {
            for state in successors(seen[next]) {
                if !seen.contains(state) {
                    seen.push(*state);
                }
            }
            next += 1;
        }
        for state in JobState::ALL {
            assert!(seen.contains(&state), "{state:?} cannot be reached");
            let ends = state.is_final() || !successors(state).is_empty();
            assert!(ends, "{state:?} is a dead end");
        }
    }

    fn any_state() -> impl Strategy<Value = JobState> {
        (0..JobState::ALL.len()).prop_map(|at| JobState::ALL[at])
    }

    proptest! {
        /// A random walk of wishes: only the table's steps are taken, a final state is left only
        /// to be queued again, and nothing runs that was not started through the queue.
        #[test]
        fn a_walk_obeys_the_table(wishes in proptest::collection::vec(any_state(), 0..60)) {
            let mut at = Queued;
            for wish in wishes {
                match transition(at, wish) {
                    Ok(to) => {
                        prop_assert!(successors(at).contains(&to));
                        if at.is_final() {
                            prop_assert!(to == Queued || (at, to) == (DoneWithFailures, Done));
                        }
                        if at == Cancelling {
                            prop_assert_eq!(to, Cancelled);
                        }
                        if to == Done {
                            let worked = at.is_active() || at == DoneWithFailures;
                            prop_assert!(worked, "done without having worked");
                        }
                        at = to;
                    }
                    Err(illegal) => {
                        prop_assert_eq!(illegal.from, at);
                        prop_assert!(!successors(at).contains(&wish));
                    }
                }
            }
        }
    }
}
