//! `haul bench`: what copying costs here, measured on trees made for it or on one's own.
//!
//! Owns the trees it makes, the list of who is measured, the order in which they run, the judge that
//! looks at every copy before its time counts, and the figures. haul itself runs as a program of its
//! own, as its peers do. Everything it makes lies in one directory it removes again (`place`).
//! Never prints: what happens is told to a [`Watch`]; the results are data for `report`. Runs on the
//! thread that calls it, which waits; [`Stop`] may be used from any thread.

pub mod baseline;
pub mod best;
mod case;
pub mod corpus;
pub mod judge;
pub mod launch;
mod machine;
mod peers;
mod place;
pub mod report;
pub mod results;
mod rows;
mod run;
pub mod stats;
mod suites;
pub mod traverse;
mod turns;
mod watch;

pub use case::Suite;
pub use corpus::{Shape, Size};
pub use launch::Stop;
pub use peers::names as peer_names;
pub use results::{Cache, CaseResult, Outcome, Results, Row, Run};
pub use run::run;
pub use watch::{BenchError, Moment, Watch};

use std::path::PathBuf;

/// What is to be measured, and how.
#[derive(Clone, Debug)]
pub struct Plan {
    /// In this order.
    pub suites: Vec<Suite>,
    /// A tree to measure in place of generated ones.
    pub tree: Option<PathBuf>,
    /// Directory in which trees are generated.
    pub from: PathBuf,
    /// Directory in which copies are made.
    pub to: PathBuf,
    /// Measured runs of each.
    pub rounds: u32,
    /// Runs of each before that, which are judged and do not count.
    pub warm_up: u32,
    /// What is in memory when a run begins.
    pub cache: Cache,
    /// The time includes that everything is on the device.
    pub durable: bool,
    /// How large generated trees are.
    pub size: Size,
    /// Trees of one seed are the same.
    pub seed: u64,
    /// Trees that `compare` and `strategies` use.
    pub shapes: Vec<Shape>,
    /// Peers by name; `None` is all that are installed.
    pub against: Option<Vec<String>>,
    /// The program `haul`.
    pub haul: PathBuf,
}
