//! Identifiers: newtypes, so that a job's number can never be passed where a file's is meant.

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0)
            }
        }
    };
}

id! {
    /// A job, unique for the life of a session; numbers are never reused.
    JobId(u64)
}
id! {
    /// An entry (file, link, special file or directory) of one job, in the order the scan met it.
    FileId(u32)
}
id! {
    /// A worker thread of one job.
    WorkerId(u16)
}
id! {
    /// A plan that is being counted for a door; chosen by the door.
    PlanId(u64)
}
