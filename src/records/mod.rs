//! What haul keeps of finished jobs: a receipt each, and lists of failures somebody asked for.
//!
//! Owns `history.jsonl` in the state directory and the lists beside it, and no other file. Every
//! call may block on the file system: whoever must not wait calls from a thread of its own.

mod export;
mod history;

pub use export::Export;
pub use history::{KEPT, Receipt, append, read};
