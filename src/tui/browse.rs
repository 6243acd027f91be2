//! One pane: a directory's names, their order, what is shown of them, the cursor and the marks.
//!
//! Pure data and sums. Names stay bytes; rows are found by an index that never changes while the
//! listing lives, and order and filter are lists of such indices. No file-system call is made here.

use super::pattern::Pattern;
use crate::sys::count::Counted;
use crate::sys::listing::{Details, Kind, Name, Space};
use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
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

/// What a pane is ordered by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SortKey {
    /// The name, numbers in it by value.
    #[default]
    Name,
    /// The size, largest first; of a directory once it is counted.
    Size,
    /// The modification time, newest first.
    Date,
    /// What follows the last dot.
    Extension,
}

impl SortKey {
    /// Its word on screen.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Size => "size",
            Self::Date => "date",
            Self::Extension => "extension",
        }
    }

    /// True when it needs details of every entry.
    pub const fn needs_details(self) -> bool {
        matches!(self, Self::Size | Self::Date)
    }
}

/// An order. Directories come first whatever it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Sort {
    /// By what.
    pub key: SortKey,
    /// Turned round.
    pub reversed: bool,
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The bytes of the name.
    pub name: Box<[u8]>,
    /// What it is.
    pub kind: Kind,
    /// Size and time, once asked.
    pub details: Known,
}

/// What is known of an entry's details.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// Not asked.
    No,
    /// Asked; the answer is on its way.
    Asked,
    /// The answer.
    Yes(Details),
    /// It could not be told.
    Never,
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

/// One pane.
#[derive(Clone, Debug)]
pub struct Pane {
    /// The directory shown.
    pub path: PathBuf,
    /// Raised with every listing asked for.
    pub generation: u64,
    /// The generation of the listing shown: details of others are stale.
    pub listed: u64,
    /// The listing under way.
    pub pending: Option<Pending>,
    /// Why nothing is shown.
    pub failure: Option<String>,
    /// The entries, in the order they were read.
    pub rows: Vec<Row>,
    /// Indices of `rows`, in order.
    pub order: Vec<u32>,
    /// Indices of `rows`, in order, that pass filter and hidden.
    pub shown: Vec<u32>,
    /// The cursor, as a place in `shown`.
    pub cursor: usize,
    /// The first place of `shown` on screen.
    pub top: usize,
    /// Names that are marked.
    pub marks: HashSet<Box<[u8]>>,
    /// The order.
    pub sort: Sort,
    /// True while the order waits for details of every entry.
    pub sorting: bool,
    /// Whether dot names are shown.
    pub hidden: bool,
    /// The filter, if any.
    pub filter: Option<Filter>,
    /// Room on the file system.
    pub space: Option<Space>,
    /// Counts of directories in this one.
    pub sizes: HashMap<Box<[u8]>, DirSize>,
}

impl Pane {
    /// An empty pane that is to show that directory.
    pub fn new(path: PathBuf, sort: Sort, hidden: bool) -> Self {
        Self {
            path,
            generation: 0,
            listed: 0,
            pending: None,
            failure: None,
            rows: Vec::new(),
            order: Vec::new(),
            shown: Vec::new(),
            cursor: 0,
            top: 0,
            marks: HashSet::new(),
            sort,
            sorting: false,
            hidden,
            filter: None,
            space: None,
            sizes: HashMap::new(),
        }
    }

    /// The entry under the cursor.
    pub fn current(&self) -> Option<&Row> {
        self.at(self.cursor)
    }

    /// The entry at that place of what is shown.
    pub fn at(&self, place: usize) -> Option<&Row> {
        self.shown
            .get(place)
            .and_then(|index| self.rows.get(*index as usize))
    }

    /// The path of an entry.
    pub fn path_of(&self, name: &[u8]) -> PathBuf {
        self.path.join(OsStr::from_bytes(name))
    }

    /// The names an action is about: the marked ones in order, or the one under the cursor.
    pub fn chosen(&self) -> Vec<&[u8]> {
        if self.marks.is_empty() {
            return self.current().map(|row| &*row.name).into_iter().collect();
        }
        self.order
            .iter()
            .filter_map(|index| self.rows.get(*index as usize))
            .filter(|row| self.marks.contains(&row.name))
            .map(|row| &*row.name)
            .collect()
    }

    /// Takes a listing as what is shown; cursor and marks stay with their names.
    pub fn take(&mut self, names: Vec<Name>, select: Option<Box<[u8]>>) {
        let select = select.or_else(|| self.current().map(|row| row.name.clone()));
        self.rows = names
            .into_iter()
            .map(|name| Row {
                name: name.bytes,
                kind: name.kind,
                details: Known::No,
            })
            .collect();
        self.failure = None;
        if !self.marks.is_empty() {
            let alive: HashSet<&[u8]> = self.rows.iter().map(|row| &*row.name).collect();
            self.marks.retain(|name| alive.contains(&**name));
        }
        self.order = (0..self.rows.len() as u32).collect();
        self.sort_rows();
        self.select(select.as_deref());
    }

    /// Puts the rows in order, as far as details are known, and shows them.
    pub fn sort_rows(&mut self) {
        let keep = self.current().map(|row| row.name.clone());
        let mut order = std::mem::take(&mut self.order);
        let (rows, sizes, sort) = (&self.rows, &self.sizes, self.sort);
        order.sort_unstable_by(|a, b| {
            let (a, b) = (&rows[*a as usize], &rows[*b as usize]);
            compare(a, b, sort, |row| shown_size(row, sizes))
        });
        self.order = order;
        self.refresh();
        self.select(keep.as_deref());
    }

    /// Applies hidden and filter again; the cursor stays with its name where it can.
    pub fn refresh(&mut self) {
        let keep = self.current().map(|row| row.name.clone());
        let pattern = self
            .filter
            .as_ref()
            .and_then(|filter| Pattern::filter(filter.input.value()));
        self.shown = self
            .order
            .iter()
            .copied()
            .filter(|index| {
                let name = &self.rows[*index as usize].name;
                (self.hidden || name.first() != Some(&b'.'))
                    && pattern.as_ref().is_none_or(|pattern| pattern.matches(name))
            })
            .collect();
        self.select(keep.as_deref());
    }

    /// Puts the cursor on that name, or keeps its place.
    pub fn select(&mut self, name: Option<&[u8]>) {
        let found = name.and_then(|name| {
            self.shown
                .iter()
                .position(|index| &*self.rows[*index as usize].name == name)
        });
        if let Some(found) = found {
            self.cursor = found;
        }
        self.cursor = self.cursor.min(self.shown.len().saturating_sub(1));
    }

    /// Keeps the cursor on screen, of which there are `height` rows.
    pub fn follow_cursor(&mut self, height: usize) {
        self.top = follow(self.top, self.cursor, self.shown.len(), height);
    }

    /// The size shown for an entry: its own, or what was counted below it.
    pub fn size_of(&self, row: &Row) -> Option<u64> {
        shown_size(row, &self.sizes)
    }

    /// Files and bytes marked, as far as they are known, and whether that is all.
    pub fn marked_bytes(&self) -> (u64, bool) {
        let mut bytes = 0;
        let mut complete = true;
        let mut seen = 0;
        for row in self
            .rows
            .iter()
            .filter(|row| self.marks.contains(&row.name))
        {
            seen += 1;
            match shown_size(row, &self.sizes) {
                Some(size) => bytes += size,
                None => complete = false,
            }
            if row.kind == Kind::Dir && !self.sizes.get(&row.name).is_some_and(|size| size.done) {
                complete = false;
            }
        }
        (bytes, complete && seen == self.marks.len())
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

fn shown_size(row: &Row, sizes: &HashMap<Box<[u8]>, DirSize>) -> Option<u64> {
    if row.kind == Kind::Dir {
        return sizes.get(&row.name).map(|size| size.counted.bytes);
    }
    match row.details {
        Known::Yes(details) => Some(details.size),
        _ => None,
    }
}

fn compare(a: &Row, b: &Row, sort: Sort, size: impl Fn(&Row) -> Option<u64>) -> Ordering {
    let directories = (b.kind == Kind::Dir).cmp(&(a.kind == Kind::Dir));
    let mtime = |row: &Row| match row.details {
        Known::Yes(details) => Some(details.mtime),
        _ => None,
    };
    let by_name = || natural(&a.name, &b.name);
    let key = match sort.key {
        SortKey::Name => by_name(),
        SortKey::Size => size(b).cmp(&size(a)),
        SortKey::Date => mtime(b).cmp(&mtime(a)),
        SortKey::Extension => extension(&a.name).cmp(extension(&b.name)),
    };
    let key = if sort.reversed { key.reverse() } else { key };
    directories.then(key).then_with(by_name)
}

fn extension(name: &[u8]) -> &[u8] {
    match name.iter().rposition(|byte| *byte == b'.') {
        Some(dot) if dot > 0 => &name[dot + 1..],
        _ => &[],
    }
}

/// Compares names as a person orders them: letters in either case, runs of digits by value; names
/// that agree so far are ordered by their bytes, so that the order is total.
pub fn natural(a: &[u8], b: &[u8]) -> Ordering {
    let (mut left, mut right) = (a, b);
    loop {
        let (Some(&first), Some(&other)) = (left.first(), right.first()) else {
            return left.len().cmp(&right.len()).then_with(|| a.cmp(b));
        };
        let (taken, other_taken, order) = if first.is_ascii_digit() && other.is_ascii_digit() {
            let (run, other_run) = (digits(left), digits(right));
            let (value, other_value) = (trim_zeros(&left[..run]), trim_zeros(&right[..other_run]));
            let order = value
                .len()
                .cmp(&other_value.len())
                .then_with(|| value.cmp(other_value));
            (run, other_run, order)
        } else {
            let order = first.to_ascii_lowercase().cmp(&other.to_ascii_lowercase());
            (1, 1, order)
        };
        if order != Ordering::Equal {
            return order;
        }
        (left, right) = (&left[taken..], &right[other_taken..]);
    }
}

fn digits(text: &[u8]) -> usize {
    text.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

fn trim_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == b'0').count();
    &number[zeros..]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pane(names: &[(&str, Kind)]) -> Pane {
        let mut pane = Pane::new(PathBuf::from("/p"), Sort::default(), false);
        pane.take(
            names
                .iter()
                .map(|(name, kind)| Name {
                    bytes: name.as_bytes().into(),
                    kind: *kind,
                })
                .collect(),
            None,
        );
        pane
    }

    fn listed(pane: &Pane) -> Vec<String> {
        (0..pane.shown.len())
            .filter_map(|place| pane.at(place))
            .map(|row| String::from_utf8_lossy(&row.name).into_owned())
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
        assert_eq!(pane.current().map(|r| &*r.name), Some(&b"b.exr"[..]));
        pane.filter = Some(Filter {
            input: Input::new("exr".into()),
            editing: true,
        });
        pane.refresh();
        assert_eq!((listed(&pane).len(), pane.cursor), (1, 0));
        pane.filter = None;
        pane.refresh();
        assert_eq!(pane.current().map(|r| &*r.name), Some(&b"b.exr"[..]));
    }

    #[test]
    fn natural_order_is_total_and_consistent() {
        let names: [&[u8]; 8] = [b"", b"a", b"A", b"a1", b"a01", b"a10", b"a2b", b"\xff"];
        for a in names {
            for b in names {
                assert_eq!(natural(a, b), natural(b, a).reverse());
                assert_eq!(natural(a, b) == Ordering::Equal, a == b);
            }
        }
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
