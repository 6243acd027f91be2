//! Which rows a pane shows, and in which order.
//!
//! Pure, over shared data: a small directory is arranged between two keys, a large one on a thread,
//! by the same function.

use super::entries::{Entries, FoldSum, Item, Known};
use super::order::{Sort, SortKey, Subject, compare};
use crate::sys::listing::Kind;
use crate::tui::pattern::Search;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// What a pane wants to show of its entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// In which order.
    pub sort: Sort,
    /// Whether sequences are one row.
    pub folding: bool,
    /// Of these, sequences whose members are listed below.
    pub unfolded: HashSet<u32>,
    /// Whether dot names are shown.
    pub hidden: bool,
    /// What names must hold.
    pub filter: String,
}

/// Everything an arrangement is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    /// Answers to others are stale.
    pub ticket: u64,
    /// The names.
    pub entries: Arc<Entries>,
    /// What is known of each.
    pub known: Arc<Vec<Known>>,
    /// What is known of the sequences.
    pub sums: Arc<Vec<FoldSum>>,
    /// Bytes counted below directories.
    pub counted: HashMap<Box<[u8]>, u64>,
    /// What is wanted.
    pub wish: Wish,
    /// The order, where only the rest has changed.
    pub order: Option<Arc<Vec<Item>>>,
}

/// The rows of a pane.
#[derive(Clone, Debug, Default)]
pub struct Arranged {
    /// All of them, folded, in order.
    pub order: Arc<Vec<Item>>,
    /// Those that are shown.
    pub shown: Vec<Item>,
    /// The place among these of the one that fits the filter best.
    pub best: Option<usize>,
    /// Names under what is shown.
    pub names: usize,
}

impl Task {
    /// Arranges.
    pub fn arrange(&self) -> Arranged {
        let order = self.order.clone().unwrap_or_else(|| Arc::new(self.order()));
        let mut search = Search::new(&self.wish.filter);
        let mut arranged = Arranged::default();
        let mut best_score = 0;
        for item in order.iter() {
            if !self.wish.hidden && self.entries.is_hidden(self.entries.lead(*item)) {
                continue;
            }
            if let Some(search) = &mut search {
                let Some(score) = self.score(search, *item) else {
                    continue;
                };
                if score > best_score {
                    best_score = score;
                    arranged.best = Some(arranged.shown.len());
                }
            }
            arranged.names += self.entries.under(item).len();
            arranged.shown.push(*item);
            if let Item::Fold(fold) = item
                && self.wish.unfolded.contains(fold)
            {
                self.unfold(*fold, search.as_mut(), &mut arranged.shown);
            }
        }
        arranged.order = order;
        arranged
    }

    /// All rows in the order wanted, as far as it is known.
    pub fn order(&self) -> Vec<Item> {
        let count = self.entries.len() as u32;
        let mut order: Vec<Item> = if self.wish.folding {
            (0..self.entries.folds() as u32)
                .map(Item::Fold)
                .chain(
                    (0..count)
                        .filter(|entry| self.entries.fold_of(*entry).is_none())
                        .map(Item::Entry),
                )
                .collect()
        } else {
            (0..count).map(Item::Entry).collect()
        };
        order
            .sort_unstable_by(|a, b| compare(&self.subject(*a), &self.subject(*b), self.wish.sort));
        order
    }

    fn subject(&self, item: Item) -> Subject<'_> {
        let lead = self.entries.lead(item);
        let name = self.entries.name(lead);
        let details = |entry: u32| self.known.get(entry as usize).and_then(Known::details);
        let (size, mtime) = match item {
            // Nothing of the kind is asked for an order by name.
            _ if !self.wish.sort.key.needs_details() => (None, None),
            Item::Fold(fold) => match self.sums.get(fold as usize) {
                Some(FoldSum::Yes(sum)) => (Some(sum.bytes), sum.newest),
                _ => (None, None),
            },
            Item::Entry(entry) if self.entries.kind(entry) == Kind::Dir => (
                self.counted.get(name).copied(),
                details(entry).map(|details| details.mtime),
            ),
            Item::Entry(entry) => (
                details(entry).map(|details| details.size),
                details(entry).map(|details| details.mtime),
            ),
        };
        Subject {
            name,
            directory: matches!(item, Item::Entry(entry) if self.entries.kind(entry) == Kind::Dir),
            size,
            mtime,
        }
    }

    /// A sequence fits when its label does, or the name of any member.
    fn score(&self, search: &mut Search, item: Item) -> Option<u32> {
        if let Item::Fold(fold) = item {
            let (head, numbers, tail) = self.entries.label(fold);
            let label = [head, numbers.as_bytes(), tail].concat();
            // Members differ in digits alone.
            if search.score(&label).is_some() || !search.has_digits() {
                return search.score(&label);
            }
        }
        self.entries
            .under(&item)
            .iter()
            .filter_map(|entry| search.score(self.entries.name(*entry)))
            .max()
    }

    fn unfold(&self, fold: u32, search: Option<&mut Search>, shown: &mut Vec<Item>) {
        let members = self.entries.members(fold);
        let mut below: Vec<Item> = members.iter().copied().map(Item::Entry).collect();
        if let Some(search) = search {
            let fits = |item: &Item| search.score(self.entries.name(self.entries.lead(*item)));
            let mut fits = fits;
            let some: Vec<Item> = below
                .iter()
                .copied()
                .filter(|item| fits(item).is_some())
                .collect();
            // Where only the label fits, all of it is meant.
            if !some.is_empty() {
                below = some;
            }
        }
        if self.wish.sort.key.needs_details() {
            below.sort_by(|a, b| compare(&self.subject(*a), &self.subject(*b), self.wish.sort));
        } else if self.wish.sort.reversed && self.wish.sort.key == SortKey::Name {
            below.reverse();
        }
        shown.append(&mut below);
    }
}
