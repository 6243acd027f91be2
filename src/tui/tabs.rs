//! Several places of one pane, of which one is shown.
//!
//! Each place is a pane of its own with directory, cursor, order, filter and marks. The one shown
//! lives in the model; the others wait here as they were left.

use super::browse::Pane;

/// Places one pane may have. More than fit between two keys are searched for, not switched to.
pub const MOST: usize = 9;

/// The places of a pane that are not shown.
#[derive(Clone, Debug, Default)]
pub struct Tabs {
    /// Those before the one shown.
    before: Vec<Pane>,
    /// Those after it.
    after: Vec<Pane>,
}

impl Tabs {
    /// How many places there are, the one shown included.
    pub const fn count(&self) -> usize {
        self.before.len() + 1 + self.after.len()
    }

    /// Which of them is shown, from 0.
    pub const fn at(&self) -> usize {
        self.before.len()
    }

    /// Shows `new` beside what is shown, which waits before it.
    pub fn open(&mut self, shown: &mut Pane, new: Pane) {
        self.before.push(std::mem::replace(shown, new));
    }

    /// Shows the place of that number instead; false where it is shown or is none.
    pub fn show(&mut self, shown: &mut Pane, number: usize) -> bool {
        let at = self.at();
        if number == at || number >= self.count() {
            return false;
        }
        let mut all = std::mem::take(&mut self.before);
        all.push(std::mem::replace(
            shown,
            Pane::new("".into(), shown.sort, false),
        ));
        all.append(&mut self.after);
        self.after = all.split_off(number + 1);
        if let Some(pane) = all.pop() {
            *shown = pane;
        }
        self.before = all;
        true
    }

    /// Drops what is shown for its neighbour; false where it is the only place.
    pub fn close(&mut self, shown: &mut Pane) -> bool {
        let next = if self.after.is_empty() {
            self.before.pop()
        } else {
            Some(self.after.remove(0))
        };
        match next {
            Some(pane) => {
                *shown = pane;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::browse::Sort;

    fn pane(path: &str) -> Pane {
        Pane::new(path.into(), Sort::default(), false)
    }

    #[test]
    fn places_keep_their_order_whichever_is_shown_or_closed() {
        let mut tabs = Tabs::default();
        let mut shown = pane("a");
        for path in ["b", "c", "d"] {
            tabs.open(&mut shown, pane(path));
        }
        let mut seen = Vec::new();
        for number in [0, 2, 1, 3] {
            assert!(tabs.show(&mut shown, number));
            assert_eq!((tabs.at(), tabs.count()), (number, 4));
            seen.push(shown.path.to_string_lossy().into_owned());
        }
        assert_eq!(seen, ["a", "c", "b", "d"]);
        assert!(!tabs.show(&mut shown, 3) && !tabs.show(&mut shown, 4));
        assert!(tabs.show(&mut shown, 1) && tabs.close(&mut shown));
        assert_eq!((shown.path.to_str(), tabs.at()), (Some("c"), 1));
        assert!(tabs.close(&mut shown) && tabs.close(&mut shown));
        assert_eq!((shown.path.to_str(), tabs.count()), (Some("a"), 1));
        assert!(!tabs.close(&mut shown), "the last place stays");
    }
}
