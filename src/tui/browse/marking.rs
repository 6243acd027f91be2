//! What is marked in a pane, and what an action is therefore about.
//!
//! Marks belong to entries; a sequence is marked as far as its members are.

use super::{Entries, FoldSum, Item, Marks, Pane};
use crate::sys::listing::Kind;
use std::collections::HashSet;

/// What is marked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MarkSum {
    /// Entries, members of sequences each for itself.
    pub entries: usize,
    /// Of these, in sequences that are marked.
    pub sequences: usize,
    /// Bytes, as far as they are known.
    pub bytes: u64,
    /// True when that is all.
    pub complete: bool,
}

impl Pane {
    /// The entries an action is about, in order: the marked ones, or what is under the cursor, all
    /// members of a sequence included.
    pub fn chosen(&self) -> Vec<u32> {
        if self.marks.is_empty() {
            let item = self.item();
            return item.map_or_else(Vec::new, |item| self.entries.under(&item).to_vec());
        }
        self.order
            .iter()
            .flat_map(|item| self.entries.under(item))
            .copied()
            .filter(|entry| self.marks.contains(*entry))
            .collect()
    }

    /// Marks or unmarks an entry; true when that changed something.
    pub fn mark(&mut self, entry: u32, on: bool) -> bool {
        let changed = self.marks.set(entry, on);
        if changed {
            self.marks_changed = true;
            if let Some(fold) = self.entries.fold_of(entry)
                && let Some(marked) = self.fold_marks.get_mut(fold as usize)
            {
                *marked = if on { *marked + 1 } else { *marked - 1 };
            }
        }
        changed
    }

    /// Unmarks everything.
    pub fn unmark_all(&mut self) {
        self.marks.clear();
        self.fold_marks.fill(0);
        self.marks_changed = true;
    }

    /// Of the entries of a row: how many are marked.
    pub fn marked_under(&self, item: Item) -> usize {
        match item {
            Item::Entry(entry) => usize::from(self.marks.contains(entry)),
            Item::Fold(fold) => self
                .fold_marks
                .get(fold as usize)
                .map_or(0, |marked| *marked as usize),
        }
    }

    /// Marks the entries of those names.
    pub fn mark_names(&mut self, names: &HashSet<&[u8]>) {
        if names.is_empty() {
            return;
        }
        let entries = self.entries.clone();
        for entry in 0..entries.len() as u32 {
            if names.contains(entries.name(entry)) {
                self.mark(entry, true);
            }
        }
    }

    /// Marks the names that were marked among `old`. A directory is mostly read in the order it was
    /// read in before, so each name is looked for where the last one was found, and only what is not
    /// near there costs a look at all names: a million marks must not hold a key up.
    pub fn mark_again(&mut self, old: &Entries, marks: &Marks) {
        const NEAR: isize = 16;
        let entries = self.entries.clone();
        let mut shift = 0;
        let mut far = HashSet::new();
        for entry in marks.iter() {
            let name = old.name(entry);
            let at = |shift: isize| {
                let place = u32::try_from(entry as isize + shift).ok()?;
                ((place as usize) < entries.len() && entries.name(place) == name).then_some(place)
            };
            let near = (1..=NEAR).flat_map(|by| [shift - by, shift + by]);
            let found = std::iter::once(shift)
                .chain(near)
                .find(|by| at(*by).is_some());
            match found {
                Some(by) => {
                    shift = by;
                    if let Some(place) = at(by) {
                        self.mark(place, true);
                    }
                }
                None => {
                    far.insert(name);
                }
            }
        }
        self.mark_names(&far);
    }

    /// Adds up what is marked, where that may have changed.
    pub fn settle_marks(&mut self) {
        if !std::mem::take(&mut self.marks_changed) {
            return;
        }
        let mut sum = MarkSum {
            entries: self.marks.len(),
            complete: true,
            ..MarkSum::default()
        };
        for entry in self.marks.iter() {
            // A sequence that is marked whole and added up needs no second look.
            let whole = self.entries.fold_of(entry).filter(|fold| {
                self.marked_under(Item::Fold(*fold)) == self.entries.members(*fold).len()
            });
            if let Some(fold) = whole {
                if self.entries.lead(Item::Fold(fold)) == entry {
                    sum.sequences += 1;
                    match self.sum(fold) {
                        FoldSum::Yes(of) => sum.bytes += of.bytes,
                        _ => sum.complete = false,
                    }
                }
                continue;
            }
            let row = self.row(entry);
            sum.bytes += self.size_of(&row).unwrap_or(0);
            sum.complete &= match row.kind {
                Kind::Dir => self.sizes.get(row.name).is_some_and(|size| size.done),
                _ => row.details.details().is_some(),
            };
        }
        self.mark_sum = sum;
    }
}
