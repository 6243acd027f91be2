//! The one integration binary: linking is the slow part on small machines.

mod bad_input;
mod cli_usage;
mod control;
mod copy_tree;
mod faults;
mod orphans;
mod support;
mod tidy;
