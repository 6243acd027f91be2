//! Results as people read them: a table of text, charts, a page, a document.
//!
//! Pure functions from [`super::Results`] to text. Names of trees and of programs come from outside
//! and are made safe for the form they go into.

mod advice;
mod document;
mod figures;
mod page;
mod svg;
mod table;

pub use advice::advice;
pub use document::{chart_name, document};
pub use page::page;
pub use svg::chart;
pub use table::table;
