//! The failures of one job as rows: several that are one row until they are unfolded, and those that
//! stand for themselves.
//!
//! The engine says what belongs together and lists the failures in that order; only pages of them
//! are here, those near what is shown.

use super::layers::PAGE;
use crate::proto::{Failure, FailureFold, FailuresBy, FailuresPage, JobId};
use std::collections::BTreeMap;

/// Pages kept; a list of a million failures must not become resident by scrolling.
const PAGES_KEPT: usize = 8;

/// The failures of one job.
#[derive(Clone, Debug)]
pub struct ErrorsLayer {
    /// Which job.
    pub job: JobId,
    /// The highlighted row.
    pub cursor: usize,
    /// First row on screen.
    pub top: usize,
    /// By what they are put together.
    pub by: FailuresBy,
    /// Which list of the job the pages are of.
    list: Option<u64>,
    /// A list some of which is tried again: what still comes of it is out of date.
    spent: Option<u64>,
    /// Failures in the list; `None` until something of it has come.
    pub of: Option<u32>,
    /// What is one row, and whether its failures are listed below it.
    pub folds: Vec<(FailureFold, bool)>,
    /// Failures in the order of the list, by page.
    pages: BTreeMap<u32, Vec<Failure>>,
    /// The page that was asked for last, of which list, and when.
    pub asked: Option<((FailuresBy, u32), u64)>,
}

/// One row of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Row {
    /// Several failures; which of the folds.
    Fold(usize),
    /// One of an unfolded row: of which, and its place in the list.
    Member(usize, usize),
    /// One that stands for itself: its place in the list.
    Single(usize),
}

impl ErrorsLayer {
    /// On the first failure of a job.
    pub const fn new(job: JobId) -> Self {
        Self {
            job,
            cursor: 0,
            top: 0,
            by: FailuresBy::Sequence,
            list: None,
            spent: None,
            of: None,
            folds: Vec::new(),
            pages: BTreeMap::new(),
            asked: None,
        }
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        let folded = self.folds.iter();
        let hidden: usize = folded
            .filter(|(_, open)| !open)
            .map(|(fold, _)| fold.count as usize)
            .sum();
        (self.of.unwrap_or(0) as usize + self.folds.len()).saturating_sub(hidden)
    }

    /// The row at that place.
    pub fn row(&self, place: usize) -> Option<Row> {
        let mut left = place;
        let mut listed = 0;
        for (at, (fold, open)) in self.folds.iter().enumerate() {
            let Some(below) = left.checked_sub(1) else {
                return Some(Row::Fold(at));
            };
            let count = fold.count as usize;
            if *open && below < count {
                return Some(Row::Member(at, listed + below));
            }
            left = if *open { below - count } else { below };
            listed += count;
        }
        (listed + left < self.of? as usize).then_some(Row::Single(listed + left))
    }

    /// Where a row stands that is there.
    fn place(&self, row: Row) -> usize {
        let mut place = 0;
        let mut listed = 0;
        for (at, (fold, open)) in self.folds.iter().enumerate() {
            match row {
                Row::Fold(wanted) if wanted == at => return place,
                Row::Member(wanted, member) if wanted == at => {
                    return if *open {
                        place + 1 + member - listed
                    } else {
                        place
                    };
                }
                _ => {}
            }
            let count = fold.count as usize;
            place += if *open { 1 + count } else { 1 };
            listed += count;
        }
        match row {
            Row::Single(single) => place + single.saturating_sub(listed),
            Row::Fold(_) | Row::Member(..) => 0,
        }
    }

    /// The failure at a place of the list, once its page has come.
    pub fn failure(&self, place: usize) -> Option<&Failure> {
        let page = self.pages.get(&(place as u32 / PAGE))?;
        page.get(place % PAGE as usize)
    }

    /// The failure at a row, once it has come; of several none.
    pub fn failure_at(&self, place: usize) -> Option<&Failure> {
        match self.row(place)? {
            Row::Fold(_) => None,
            Row::Member(_, at) | Row::Single(at) => self.failure(at),
        }
    }

    /// Unfolds the row under the cursor, or folds what it belongs to; false where it stands for
    /// itself.
    pub fn fold(&mut self) -> bool {
        let Some(row @ (Row::Fold(at) | Row::Member(at, _))) = self.row(self.cursor) else {
            return false;
        };
        self.folds[at].1 = row == Row::Fold(at) && !self.folds[at].1;
        self.cursor = self.place(Row::Fold(at));
        true
    }

    /// Unfolds every row, or folds them all when none is folded.
    pub fn fold_all(&mut self) {
        let row = self.row(self.cursor);
        let open = self.folds.iter().any(|(_, open)| !open);
        for fold in &mut self.folds {
            fold.1 = open;
        }
        if let Some(row) = row {
            self.cursor = self.place(row);
        }
    }

    /// Puts the failures together by something else.
    pub fn put_together(&mut self, by: FailuresBy) {
        *self = Self {
            by,
            spent: self.spent,
            ..Self::new(self.job)
        };
    }

    /// The failures of the row under the cursor: of which list, the place of the first, how many.
    pub fn chosen(&self) -> Option<(u64, u32, u32)> {
        let list = self.list?;
        let before = |at: usize| self.folds[..at].iter().map(|(fold, _)| fold.count).sum();
        Some(match self.row(self.cursor)? {
            Row::Fold(at) => {
                let from: u64 = before(at);
                (list, from as u32, self.folds[at].0.count as u32)
            }
            Row::Member(_, at) | Row::Single(at) => (list, at as u32, 1),
        })
    }

    /// Some of the list is tried again: the next list is another one.
    pub fn spend(&mut self) {
        self.spent = self.list;
        self.put_together(self.by);
    }

    /// Takes a page. The cursor stays on what it is on, and what is unfolded unfolded, as far as they
    /// are still there.
    pub fn take(&mut self, page: FailuresPage) {
        if page.by != self.by || Some(page.list) == self.spent {
            return;
        }
        let same = self.list == Some(page.list)
            && self.of == Some(page.of)
            && self.folds.len() == page.folds.len()
            && self.folds.iter().zip(&page.folds).all(|((a, _), b)| a == b);
        if !same {
            let listed: u64 = self.folds.iter().map(|(fold, _)| fold.count).sum();
            let on = self.row(self.cursor);
            let old = std::mem::take(&mut self.folds);
            let was = |fold: &FailureFold| old.iter().position(|(old, _)| old.first == fold.first);
            self.folds = page
                .folds
                .into_iter()
                .map(|fold| {
                    let open = was(&fold).is_some_and(|at| old[at].1);
                    (fold, open)
                })
                .collect();
            (self.of, self.list) = (Some(page.of), Some(page.list));
            self.pages.clear();
            let now: u64 = self.folds.iter().map(|(fold, _)| fold.count).sum();
            self.cursor = match on {
                Some(Row::Fold(at) | Row::Member(at, _)) => {
                    let mut folds = self.folds.iter();
                    folds
                        .position(|(fold, _)| was(fold) == Some(at))
                        .map_or(0, |at| self.place(Row::Fold(at)))
                }
                Some(Row::Single(at)) => {
                    self.place(Row::Single((at as u64 - listed + now) as usize))
                }
                None => 0,
            };
        }
        self.pages.insert(page.from / PAGE, page.failures);
        let near = page.from / PAGE;
        while self.pages.len() > PAGES_KEPT {
            let known = self.pages.keys().copied();
            match known.max_by_key(|known| known.abs_diff(near)) {
                Some(farthest) => self.pages.remove(&farthest),
                None => break,
            };
        }
    }

    /// The first page that is not here of those the rows from `top` on need.
    pub fn missing(&self, height: usize) -> Option<u32> {
        let rows = (self.top..self.top + height).map_while(|place| self.row(place));
        let pages = rows.filter_map(|row| match row {
            Row::Fold(_) => None,
            Row::Member(_, at) | Row::Single(at) => Some(at as u32 / PAGE),
        });
        let mut missing = pages.filter(|page| !self.pages.contains_key(page));
        missing.next()
    }
}
