//! The one integration binary: linking is the slow part on small machines.

#![allow(
    clippy::unnecessary_debug_formatting,
    reason = "a failed test shows names with their odd bytes"
)]

mod arrival;
mod bad_input;
mod bench;
mod cases;
mod cli_apply;
mod cli_bar;
mod cli_copy;
mod cli_doctor;
mod cli_options;
mod cli_usage;
mod collisions;
mod conflicts;
mod content;
mod control;
mod copy_tree;
mod crash;
mod dry_run;
mod engine_edges;
mod errors;
mod faults;
mod fidelity;
mod gate;
mod holes;
mod killed;
mod limits;
mod matrix;
mod metadata;
mod moving;
mod moving_links;
mod moving_source;
mod names;
mod odd;
mod ordinary;
mod orphans;
mod outage;
mod pictures;
mod queue;
mod queue_controls;
mod races;
mod readme;
mod replacing;
mod rings;
mod room;
mod routes;
mod shots;
mod stopped;
mod support;
mod sweep;
mod terminal;
mod terminal_figures;
mod terminal_flush;
mod terminal_hung;
mod terminal_life;
mod terminal_line;
mod thrift;
mod tidy;
mod tui_conflicts;
mod tui_edges;
mod tui_info;
mod tui_mouse;
mod tui_places;
mod tui_queue;
mod tui_screens;
mod tui_shots;
mod tui_tabs;
mod tui_update;
mod tui_view;
mod tui_world;
mod width;
