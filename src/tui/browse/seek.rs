//! The row whose name begins with some letters.
//!
//! The rows are in an order that has nothing to do with where their names lie: a million names looked at
//! row by row are a million reads from all over the memory, and a letter typed would be late. So the names
//! are looked at as they lie, and the rows only for whether theirs was one of them.

use super::{Marks, Pane};

impl Pane {
    /// The first place from that one on whose name begins with these letters; in either case, unless one of
    /// them is a capital.
    pub fn beginning(&self, text: &str, from: usize) -> Option<usize> {
        let exact = text.chars().any(char::is_uppercase);
        let wanted = text.as_bytes();
        let begins = |name: &[u8]| {
            name.get(..wanted.len()).is_some_and(|head| {
                if exact {
                    head == wanted
                } else {
                    head.eq_ignore_ascii_case(wanted)
                }
            })
        };
        let mut found = Marks::default();
        for entry in 0..self.entries.len() as u32 {
            if begins(self.entries.name(entry)) {
                found.set(entry, true);
            }
        }
        let rows = self.shown.get(from..)?;
        let at = rows
            .iter()
            .position(|item| found.contains(self.entries.lead(*item)))?;
        Some(from + at)
    }
}
