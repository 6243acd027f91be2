//! The one integration binary: linking is the slow part on small machines.

mod tidy;
mod tui_update;
mod tui_view;
mod tui_world;
