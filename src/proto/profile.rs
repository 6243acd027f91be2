//! What was measured between two file systems, kept so that `auto` begins with it.

use super::{BytePath, Strategy};
use serde::{Deserialize, Serialize};

/// What was found to be best on a route; nothing where nothing was clearly better than the default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Best {
    /// What moves files that are not small.
    pub strategy: Option<Strategy>,
    /// Files in flight at the beginning; what is measured while the job runs changes it.
    pub file_workers: Option<u16>,
    /// Ranges of one large file in flight at a time.
    pub chunk_workers: Option<u16>,
    /// Bytes of one buffer.
    pub buffer_size: Option<u64>,
}

/// A route and what is best on it. It counts for jobs whose first source is on the file system
/// of `from` and whose destination is on that of `to`, where nobody asked for something else.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteProfile {
    /// Any directory of the file system that is read.
    pub from: BytePath,
    /// Any directory of the file system that is written.
    pub to: BytePath,
    /// What is best.
    #[serde(flatten)]
    pub best: Best,
}
