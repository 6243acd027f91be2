//! The only layer that makes file-system and terminal calls, and the only one that may hold
//! `unsafe` code.

pub mod count;
pub mod listing;
pub mod tty;
