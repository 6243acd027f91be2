//! Results as people read them: a table of text, charts, a page, a document.
//!
//! Pure functions from [`super::Results`] to text. Names of trees and of programs come from outside
//! and are made safe for the form they go into.

mod figures;
mod table;

pub use table::table;
