//! What is measured: a case is one tree and everyone who copies it. Plain data, which the suites make
//! and the run works through.

use super::corpus::Tree;
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::path::PathBuf;

/// A family of measurements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Suite {
    /// Reading a tree: jwalk, walkdir, and relative to descriptors; one thread and many.
    Traversal,
    /// Files of one size, 1 KiB to 1 GiB.
    Sizes,
    /// Every strategy.
    Strategies,
    /// Sizes of the buffer.
    Buffers,
    /// Files in flight, and ranges of one file in flight: 1 2 4 8 16.
    Workers,
    /// Several folders: planned, then copied, one after the other or side by side.
    Pipeline,
    /// haul and the other programs that are installed.
    Compare,
    /// Memory by strategy, size and number of files.
    Memory,
}

impl Suite {
    /// Every suite, in the order `all` runs them.
    pub const ALL: [Self; 8] = [
        Self::Traversal,
        Self::Sizes,
        Self::Strategies,
        Self::Buffers,
        Self::Workers,
        Self::Pipeline,
        Self::Compare,
        Self::Memory,
    ];

    /// The word on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Traversal => "traversal",
            Self::Sizes => "sizes",
            Self::Strategies => "strategies",
            Self::Buffers => "buffers",
            Self::Workers => "workers",
            Self::Pipeline => "pipeline",
            Self::Compare => "compare",
            Self::Memory => "memory",
        }
    }
}

/// Where a case's source comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Made for it.
    Made(Tree),
    /// There already.
    Given(PathBuf),
}

/// What the judge looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judged {
    /// The copy.
    Copy,
    /// These folders of the copy, which leave out data of version control.
    Folders(Vec<OsString>),
    /// Two numbers that were printed: files and directories.
    Count,
}

/// One tree and everyone who is measured on it.
#[derive(Clone, Debug)]
pub struct Case {
    /// The suite.
    pub suite: Suite,
    /// Its name in the suite.
    pub name: String,
    /// The tree.
    pub source: Source,
    /// What is judged.
    pub judged: Judged,
    /// Who is measured.
    pub contestants: Vec<Contestant>,
}

/// One who is measured.
#[derive(Clone, Debug)]
pub struct Contestant {
    /// Name in reports.
    pub name: String,
    /// Its version.
    pub version: Option<String>,
    /// Another program than haul.
    pub peer: bool,
    /// Steps one after the other, each of programs side by side. `SOURCE` and `COPY`, alone or
    /// followed by a slash and more, stand for the trees.
    pub steps: Vec<Vec<Vec<OsString>>>,
    /// A batch for `haul apply`, in a file that the word [`BATCH`] stands for: pairs of names, each
    /// with `SOURCE` or `COPY` in it as above.
    pub batch: Vec<[OsString; 2]>,
    /// Why it is not asked.
    pub left_out: Option<String>,
}

/// What suites need to know of the route.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// Source and copy can share blocks.
    pub shares_blocks: bool,
}

/// The word that stands for the file of a batch.
pub const BATCH: &str = "BATCH";
