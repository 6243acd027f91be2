//! One pane: a directory's names, their order, what is shown of them, the cursor and the marks.
//!
//! Pure data and sums. Names stay bytes; entries are found by an index that never changes while the
//! listing lives, and order and filter are lists of such indices. A sequence is one row that stands
//! for the exact names it was made of. No file-system call is made here.

mod arrange;
mod edge;
mod entries;
mod marking;
mod marks;
mod memory;
mod order;
mod seek;

pub use arrange::{Arranged, Task, Wish};
pub use edge::Edge;
pub use entries::{Entries, FoldSum, Item, Known, Sum};
pub use marking::MarkSum;
pub use marks::Marks;
pub use memory::{Memory, NAMES as NAMES_KEPT, Remembered};
pub use order::{Sort, SortKey, natural};

use crate::sys::count::Counted;
use crate::sys::listing::{Details, Kind, Space};
use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::sync::Arc;
use tui_input::Input;

/// Which of the two panes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// Where copies come from.
    Source,
    /// Where they go.
    Dest,
}

impl Side {
    /// Its place in an array of two.
    pub const fn index(self) -> usize {
        match self {
            Self::Source => 0,
            Self::Dest => 1,
        }
    }

    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Source => Self::Dest,
            Self::Dest => Self::Source,
        }
    }

    /// Its word on screen.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Source => "SRC",
            Self::Dest => "DST",
        }
    }
}

/// One entry, as it is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row<'a> {
    /// Its place among the entries.
    pub entry: u32,
    /// The bytes of the name.
    pub name: &'a [u8],
    /// What it is.
    pub kind: Kind,
    /// Size and time, once asked.
    pub details: Known,
}

/// A directory's count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DirSize {
    /// So far, or in all.
    pub counted: Counted,
    /// True when it is in all.
    pub done: bool,
}

/// A listing that was asked for and has not come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// Which one; answers to others are stale.
    pub generation: u64,
    /// Of which directory.
    pub path: PathBuf,
    /// The name to put the cursor on.
    pub select: Option<Box<[u8]>>,
    /// When it was asked for, in milliseconds of the model's clock.
    pub since_ms: u64,
    /// Names read so far.
    pub read: usize,
}

/// A filter, being typed or kept.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// The text.
    pub input: Input,
    /// True while it is typed.
    pub editing: bool,
}

/// Entries that are arranged between two keys; more go to a thread.
pub const AT_ONCE: usize = 20_000;

/// Members of a sequence that are looked at without being asked to; more are counted on demand, as
/// directories are.
pub const SUMMED: usize = 20_000;

/// One pane.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of its own that a key turns"
)]
#[derive(Clone, Debug)]
pub struct Pane {
    /// The directory shown.
    pub path: PathBuf,
    /// Raised with every listing asked for.
    pub generation: u64,
    /// The generation of the listing shown: details of others are stale.
    pub listed: u64,
    /// True while only the first names of it have come.
    pub partial: bool,
    /// The listing under way.
    pub pending: Option<Pending>,
    /// Why nothing is shown.
    pub failure: Option<String>,
    /// The entries, in the order they were read.
    pub entries: Arc<Entries>,
    /// What is known of each.
    pub known: Arc<Vec<Known>>,
    /// What is known of each sequence.
    pub sums: Arc<Vec<FoldSum>>,
    /// The rows, in order.
    pub order: Arc<Vec<Item>>,
    /// The rows that pass filter and hidden, with the members of what is unfolded.
    pub shown: Vec<Item>,
    /// Names under the rows shown.
    pub shown_names: usize,
    /// The cursor, as a place in `shown`.
    pub cursor: usize,
    /// The end of the list that is wanted while rows are on their way, and the place it had: it is the
    /// cursor's among those that come too, unless it was moved since.
    pub edge: Option<(Edge, usize)>,
    /// The first place of `shown` on screen.
    pub top: usize,
    /// Entries that are marked.
    pub marks: Marks,
    /// Marked members of each sequence.
    pub fold_marks: Vec<u32>,
    /// What is marked, added up; settled after each message.
    pub mark_sum: MarkSum,
    /// True when `mark_sum` is to be added up again.
    pub marks_changed: bool,
    /// The order.
    pub sort: Sort,
    /// True while the order waits for details of every entry.
    pub sorting: bool,
    /// Whether sequences are one row.
    pub folding: bool,
    /// Sequences whose members are listed, by [`Entries::fold_key`].
    pub unfolded: HashSet<Box<[u8]>>,
    /// Whether dot names are shown.
    pub hidden: bool,
    /// The filter, if any.
    pub filter: Option<Filter>,
    /// Room on the file system.
    pub space: Option<Space>,
    /// Counts of directories in this one.
    pub sizes: HashMap<Box<[u8]>, DirSize>,
    /// Raised with every arrangement wanted.
    pub ticket: u64,
    /// The arrangement to be made away from the keys, until it is asked for.
    pub wanted: Option<Box<Task>>,
    /// True while a thread arranges.
    pub arranging: bool,
    /// What was marked in directories that were left, and where the cursor stood.
    pub memory: Memory,
}

impl Pane {
    /// An empty pane that is to show that directory.
    pub fn new(path: PathBuf, sort: Sort, hidden: bool) -> Self {
        Self {
            path,
            generation: 0,
            listed: 0,
            partial: false,
            pending: None,
            failure: None,
            entries: Arc::default(),
            known: Arc::default(),
            sums: Arc::default(),
            order: Arc::default(),
            shown: Vec::new(),
            shown_names: 0,
            cursor: 0,
            edge: None,
            top: 0,
            marks: Marks::default(),
            fold_marks: Vec::new(),
            mark_sum: MarkSum::default(),
            marks_changed: false,
            sort,
            sorting: false,
            folding: true,
            unfolded: HashSet::new(),
            hidden,
            filter: None,
            space: None,
            sizes: HashMap::new(),
            ticket: 0,
            wanted: None,
            arranging: false,
            memory: Memory::default(),
        }
    }

    /// The generation and the ticket asked for last: answers to others are stale.
    pub const fn numbers(&self) -> (u64, u64) {
        (self.generation, self.ticket)
    }

    /// The row under the cursor.
    pub fn item(&self) -> Option<Item> {
        self.shown.get(self.cursor).copied()
    }

    /// The entry under the cursor; of a sequence its first.
    pub fn current(&self) -> Option<Row<'_>> {
        self.at(self.cursor)
    }

    /// The entry at that place of what is shown; of a sequence its first.
    pub fn at(&self, place: usize) -> Option<Row<'_>> {
        self.shown
            .get(place)
            .map(|item| self.row(self.entries.lead(*item)))
    }

    /// An entry.
    pub fn row(&self, entry: u32) -> Row<'_> {
        let details = self.known.get(entry as usize).copied();
        let details = details.unwrap_or(Known::No);
        let kind = match (self.entries.kind(entry), details) {
            (Kind::Unknown, Known::Yes(details)) => details.kind,
            (kind, _) => kind,
        };
        Row {
            entry,
            name: self.entries.name(entry),
            kind,
            details,
        }
    }

    /// What is known of a sequence.
    pub fn sum(&self, fold: u32) -> &FoldSum {
        self.sums.get(fold as usize).unwrap_or(&FoldSum::No)
    }

    /// The path of an entry.
    pub fn path_of(&self, name: &[u8]) -> PathBuf {
        self.path.join(OsStr::from_bytes(name))
    }

    /// Takes entries as what is shown; cursor, marks and what was unfolded stay with their names.
    /// Entries that begin with those shown before (`grown`) keep what is known of them.
    /// `ordered` are its rows in the order wanted, where a thread has made it.
    pub fn take(
        &mut self,
        entries: Arc<Entries>,
        ordered: Option<Arc<Vec<Item>>>,
        select: Option<Box<[u8]>>,
        grown: bool,
    ) {
        if select.is_some() {
            self.edge = None;
        }
        let select = select.or_else(|| self.current().map(|row| row.name.into()));
        let old = std::mem::replace(&mut self.entries, entries);
        let mut known = if grown {
            std::mem::take(&mut self.known).to_vec()
        } else {
            Vec::new()
        };
        known.resize(self.entries.len(), Known::No);
        self.known = Arc::new(known);
        self.sums = Arc::new(vec![FoldSum::No; self.entries.folds()]);
        self.failure = None;
        let marks = std::mem::take(&mut self.marks);
        self.fold_marks = vec![0; self.entries.folds()];
        self.marks_changed = true;
        self.mark_again(&old, &marks);
        self.arrange(ordered, select.as_deref());
    }

    /// Puts the rows in order, as far as details are known, and shows them.
    pub fn sort_rows(&mut self) {
        self.arrange(None, None);
    }

    /// Applies hidden, filter and what is unfolded again.
    pub fn refresh(&mut self) {
        self.arrange(Some(self.order.clone()), None);
    }

    /// Arranges now where that is quick, else asks for it. The cursor stays with its name where it
    /// can, or goes to `select`.
    fn arrange(&mut self, order: Option<Arc<Vec<Item>>>, select: Option<&[u8]>) {
        self.ticket += 1;
        let task = Task {
            ticket: self.ticket,
            entries: self.entries.clone(),
            known: self.known.clone(),
            sums: self.sums.clone(),
            counted: self
                .sizes
                .iter()
                .map(|(name, size)| (name.clone(), size.counted.bytes))
                .collect(),
            wish: self.wish(),
            order,
        };
        let plain = task.order.is_some() && task.wish.filter.is_empty();
        if plain || self.entries.len() <= AT_ONCE {
            self.wanted = None;
            self.arranging = false;
            let arranged = task.arrange();
            self.show(arranged, select);
        } else {
            self.wanted = Some(Box::new(task));
            self.arranging = true;
            // What was shown of other entries means nothing any more.
            self.shown.retain(|item| match item {
                Item::Entry(entry) => (*entry as usize) < self.entries.len(),
                Item::Fold(fold) => (*fold as usize) < self.entries.folds(),
            });
            if let Some(edge) = self.kept_edge() {
                self.to_edge(edge);
            } else if let Some(name) = select {
                self.select(name);
            }
        }
    }

    fn wish(&self) -> Wish {
        let filter = self.filter.as_ref();
        let unfolded = if self.unfolded.is_empty() {
            HashSet::new()
        } else {
            (0..self.entries.folds() as u32)
                .filter(|fold| self.unfolded.contains(&self.entries.fold_key(*fold)))
                .collect()
        };
        Wish {
            sort: self.sort,
            folding: self.folding,
            unfolded,
            hidden: self.hidden,
            filter: filter.map_or_else(String::new, |filter| filter.input.value().to_string()),
        }
    }

    /// Takes an arrangement.
    pub fn show(&mut self, arranged: Arranged, select: Option<&[u8]>) {
        let keep = self.item();
        let edge = self.kept_edge();
        self.order = arranged.order;
        self.shown = arranged.shown;
        self.shown_names = arranged.names;
        self.arranging = false;
        let typing = self.filter.as_ref().is_some_and(|filter| filter.editing);
        if let (true, Some(best)) = (typing, arranged.best) {
            self.cursor = best;
        } else if let Some(edge) = edge {
            self.to_edge(edge);
        } else if let Some(name) = select {
            self.select(name);
        } else if let Some(item) = keep {
            self.select_item(item);
        }
        self.cursor = self.cursor.min(self.shown.len().saturating_sub(1));
    }

    /// Puts the cursor on that row, on the sequence it is in, or on what stands for that.
    pub fn select_item(&mut self, item: Item) {
        let entry = self.entries.lead(item);
        let fold = self.entries.fold_of(entry);
        let mut nearest = None;
        for (place, shown) in self.shown.iter().enumerate() {
            if *shown == item {
                nearest = Some(place);
                break;
            }
            let akin = match shown {
                Item::Entry(shown) => *shown == entry,
                Item::Fold(shown) => Some(*shown) == fold,
            };
            if akin {
                nearest = Some(place);
            }
        }
        self.cursor = nearest.unwrap_or(self.cursor);
    }

    /// Puts the cursor on that name, or keeps its place.
    pub fn select(&mut self, name: &[u8]) {
        let found = (0..self.entries.len() as u32).find(|entry| self.entries.name(*entry) == name);
        if let Some(entry) = found {
            let fold = self.entries.fold_of(entry).map(Item::Fold);
            let leads = fold.filter(|fold| self.entries.lead(*fold) == entry && self.folding);
            self.select_item(leads.unwrap_or(Item::Entry(entry)));
        }
        self.cursor = self.cursor.min(self.shown.len().saturating_sub(1));
    }

    /// Keeps the cursor on screen, of which there are `height` rows.
    pub fn follow_cursor(&mut self, height: usize) {
        self.top = follow(self.top, self.cursor, self.shown.len(), height);
    }

    /// The size shown for an entry: its own, or what was counted below it.
    pub fn size_of(&self, row: &Row<'_>) -> Option<u64> {
        if row.kind == Kind::Dir {
            return self.sizes.get(row.name).map(|size| size.counted.bytes);
        }
        row.details.details().map(|details| details.size)
    }

    /// Takes what was found of an entry.
    pub fn learn(&mut self, entry: u32, details: Option<Details>) {
        if let Some(known) = Arc::make_mut(&mut self.known).get_mut(entry as usize) {
            *known = details.map_or(Known::Never, Known::Yes);
            self.marks_changed |= self.marks.contains(entry);
        }
    }

    /// Takes what was found of a sequence.
    pub fn learn_sum(&mut self, fold: u32, sum: FoldSum) {
        if let Some(known) = Arc::make_mut(&mut self.sums).get_mut(fold as usize) {
            *known = sum;
            self.marks_changed |= self.fold_marks.get(fold as usize).is_some_and(|m| *m > 0);
        }
    }
}

/// The first row on screen such that the cursor is on it and no room is wasted.
pub fn follow(top: usize, cursor: usize, len: usize, height: usize) -> usize {
    if height == 0 {
        return cursor;
    }
    let top = top.min(cursor).max((cursor + 1).saturating_sub(height));
    top.min(len.saturating_sub(height))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sequence::FrameTypes;

    fn pane(names: &[(&str, Kind)]) -> Pane {
        let mut pane = Pane::new(PathBuf::from("/p"), Sort::default(), false);
        pane.folding = false;
        let names = names.iter().map(|(name, kind)| (name.as_bytes(), *kind));
        pane.take(
            Arc::new(Entries::new(names.collect(), &FrameTypes::default())),
            None,
            None,
            false,
        );
        pane
    }

    fn listed(pane: &Pane) -> Vec<String> {
        (0..pane.shown.len())
            .filter_map(|place| pane.at(place))
            .map(|row| String::from_utf8_lossy(row.name).into_owned())
            .collect()
    }

    #[test]
    fn frames_sort_by_number_and_directories_come_first() {
        let pane = pane(&[
            ("f.10.exr", Kind::File),
            ("F.2.exr", Kind::File),
            ("f.002.exr", Kind::File),
            ("z", Kind::Dir),
            (".dot", Kind::File),
        ]);
        assert_eq!(listed(&pane), ["z", "F.2.exr", "f.002.exr", "f.10.exr"]);
    }

    #[test]
    fn the_cursor_stays_with_its_name_through_order_filter_and_reading_again() {
        let mut pane = pane(&[
            ("a.txt", Kind::File),
            ("b.exr", Kind::File),
            ("c.txt", Kind::File),
        ]);
        pane.cursor = 1;
        pane.sort.reversed = true;
        pane.sort_rows();
        assert_eq!(pane.current().map(|r| r.name), Some(&b"b.exr"[..]));
        pane.filter = Some(Filter {
            input: Input::new("exr".into()),
            editing: true,
        });
        pane.refresh();
        assert_eq!((listed(&pane).len(), pane.cursor), (1, 0));
        pane.filter = None;
        pane.refresh();
        assert_eq!(pane.current().map(|r| r.name), Some(&b"b.exr"[..]));
    }

    #[test]
    fn marks_stay_with_their_names_when_entries_come_go_and_change_places() {
        let names: Vec<String> = (0..200).map(|at| format!("n{at:03}")).collect();
        let listed = |names: &[String]| {
            let names = names.iter().map(|name| (name.as_bytes(), Kind::File));
            Arc::new(Entries::new(names.collect(), &FrameTypes::default()))
        };
        let mut pane = pane(&[]);
        pane.take(listed(&names), None, None, false);
        for entry in (0..200).step_by(3) {
            pane.mark(entry, true);
        }
        let wanted: Vec<String> = names.iter().step_by(3).cloned().collect();
        let mut changed = names.clone();
        changed.retain(|name| name != "n000" && name != "n001" && name != "n060");
        changed.swap(5, 150);
        changed.insert(40, "new".to_string());
        changed.rotate_left(70);
        pane.take(listed(&changed), None, None, false);
        let mut marked: Vec<String> = pane
            .marks
            .iter()
            .map(|entry| String::from_utf8_lossy(pane.entries.name(entry)).into_owned())
            .collect();
        marked.sort();
        let gone = ["n000", "n060"];
        let wanted: Vec<String> = wanted
            .into_iter()
            .filter(|name| !gone.contains(&name.as_str()))
            .collect();
        assert_eq!(marked, wanted);
    }

    #[test]
    fn scrolling_keeps_the_cursor_in_view_and_wastes_no_room() {
        assert_eq!(follow(0, 9, 100, 10), 0);
        assert_eq!(follow(0, 10, 100, 10), 1);
        assert_eq!(follow(50, 40, 100, 10), 40);
        assert_eq!(follow(95, 99, 100, 10), 90);
        assert_eq!(follow(5, 2, 3, 10), 0);
    }
}
