//! The ends of a list that grows or is still being put in order.
//!
//! A cursor stays with its name when rows come or change places. At an end that is wrong: the first of
//! the names that came first is seldom the first of all, and who asked for the last row did not mean the
//! last that had come.

use super::Pane;

/// An end of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// The first row.
    First,
    /// The last row.
    Last,
}

impl Pane {
    /// Puts the cursor on that end, of the rows that are still to come too.
    pub fn to_edge(&mut self, edge: Edge) {
        self.cursor = match edge {
            Edge::First => 0,
            Edge::Last => self.shown.len().saturating_sub(1),
        };
        self.edge = Some((edge, self.cursor));
    }

    /// The end the cursor is on because it was asked for.
    pub(super) fn kept_edge(&self) -> Option<Edge> {
        self.edge
            .filter(|(_, place)| *place == self.cursor)
            .map(|(edge, _)| edge)
    }

    /// Once every row has its place, the cursor stays with its name again.
    pub fn settle_edge(&mut self) {
        if !self.partial && !self.arranging && !self.sorting && self.pending.is_none() {
            self.edge = None;
        }
    }
}
