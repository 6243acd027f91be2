//! The interactive program: two panes, a queue, and what can be asked about each job.
//!
//! `update(&mut Model, Msg) -> Vec<Effect>` and `view(&Model, &mut Frame)` are pure: no clock, no
//! file system, no environment, no channel; time arrives as a message. One shell (`run`) owns the
//! terminal, the channels and the threads, and carries out the effects. The engine is reached
//! through [`crate::session::Client`] and nothing else. Everything here lives on the main thread,
//! except the reading of keys, the writing of frames and whatever looks into directories.

pub mod action;
pub mod browse;
mod cells;
mod chart;
mod context;
pub mod depth;
mod effects;
pub mod failures;
mod fragile;
mod input;
mod keeper;
pub mod keymap;
pub mod layers;
pub mod layout;
pub mod look;
pub mod model;
pub mod msg;
mod outside;
mod palette;
mod pattern;
pub mod places;
mod run;
mod screen;
mod settings;
pub mod tabs;
mod term;
pub mod theme;
pub mod update;
pub mod view;
mod words;
mod writer;

pub use action::{KeyRow, keys_example, keys_of, keys_table};
pub use run::run;
pub use settings::{Error, Outcome, Settings};
pub use update::update;
pub use view::view;
