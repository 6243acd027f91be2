//! The one integration binary: linking is the slow part on small machines.

#![allow(
    clippy::unnecessary_debug_formatting,
    reason = "a failed test shows names with their odd bytes"
)]

mod bad_input;
mod bench;
mod cli_apply;
mod cli_bar;
mod cli_copy;
mod cli_doctor;
mod cli_options;
mod cli_usage;
mod conflicts;
mod control;
mod copy_tree;
mod crash;
mod engine_edges;
mod faults;
mod fidelity;
mod gate;
mod limits;
mod matrix;
mod moving;
mod orphans;
mod outage;
mod pictures;
mod queue;
mod races;
mod readme;
mod room;
mod stopped;
mod support;
mod terminal;
mod tidy;
mod tui_conflicts;
mod tui_update;
mod tui_view;
mod tui_world;
mod width;
