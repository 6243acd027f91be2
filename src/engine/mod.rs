//! The copy engine: scan, plan, route, schedule, move, finish, flush.
//!
//! Owns all job state, on one thread (`haul-engine`) that never blocks; bytes are moved by worker
//! threads, trees are read by scan threads. Knows nothing of terminals and reaches the file system
//! only through [`crate::sys`]. Doors talk to it through [`crate::session`].

mod advice;
mod answers;
mod arrival;
mod budget;
mod chunk;
mod coordinator;
mod door;
mod failure;
mod filter;
mod gate;
mod job;
mod links;
mod mappings;
mod mix;
mod open;
mod outage;
mod plan;
mod profile;
mod report;
mod resolve;
mod room;
mod route;
mod sample;
mod scan;
mod shots;
mod slice;
mod stage;
mod state;
mod strategy;
mod tally;
mod temp;
mod threads;
mod throttle;
mod tree;
mod turns;
mod view;
mod worker;

pub use advice::{Advice, advice};
pub use coordinator::{Ends, run};
pub use filter::Filter;
pub use mappings::{Wrong, check_mappings};
pub use state::{Illegal, successors, transition};
pub use temp::TempNames;
