//! haul: an interactive terminal file copier, and the engine behind it.
//!
//! Layers, an arrow pointing at what may be used (a test reads the `use` lines):
//!
//! ```text
//! proto <- sys <- engine <- session <- tui
//!                                   <- cli
//! ```
//! `config` and `bench` sit beside them; `text`, `units`, `globs`, `sequence` and `clock` are leaves that anything may use.

pub mod bench;
pub mod cli;
pub mod clock;
pub mod config;
pub mod engine;
pub mod exit;
pub mod globs;
pub mod logging;
pub mod proto;
pub mod records;
pub mod sequence;
pub mod session;
pub mod sys;
pub mod text;
pub mod tui;
pub mod units;
