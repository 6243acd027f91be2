//! The one integration binary: linking is the slow part on small machines.

mod cli_bar;
mod cli_copy;
mod cli_usage;
mod control;
mod copy_tree;
mod faults;
mod pictures;
mod readme;
mod support;
mod terminal;
mod tidy;
mod tui_update;
mod tui_view;
mod tui_world;
