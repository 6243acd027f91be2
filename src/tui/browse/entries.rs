//! What a directory holds, as it was read: names, the sequences among them, what is known of each.
//!
//! The names never change while a listing lives and are shared with the threads that look at them;
//! an entry is its place among them.

use super::marks::Marks;
use crate::sequence::{self, Faults, FrameTypes, Gaps, Grouping, Sequence};
use crate::sys::listing::{Details, Kind, Names};

/// Names and how they belong together.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Entries {
    names: Names,
    grouping: Grouping,
    gaps: Vec<Gaps>,
    /// Kept apart, as the names of a million rows are not where the rows are.
    dotted: Marks,
}

/// One row of a pane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Item {
    /// A name.
    Entry(u32),
    /// A sequence folded into one row, or the head of one that is not.
    Fold(u32),
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

impl Known {
    /// The details, once they are known.
    pub const fn details(&self) -> Option<Details> {
        match self {
            Self::Yes(details) => Some(*details),
            _ => None,
        }
    }
}

/// What is known of the members of a sequence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum FoldSum {
    /// Not asked.
    #[default]
    No,
    /// Asked; the answer is on its way.
    Asked,
    /// The answer.
    Yes(Sum),
}

/// The members of a sequence together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// Bytes of the files.
    pub bytes: u64,
    /// Modification time of the newest.
    pub newest: Option<i64>,
    /// Numbers of empty files.
    pub empty: Vec<i64>,
    /// Numbers of files whose size stands out.
    pub odd: Vec<i64>,
    /// Members that are links; their sizes are not counted.
    pub links: u32,
    /// Members that could not be looked at.
    pub unknown: u32,
}

impl Entries {
    /// Groups the names, of which those of these types can be frames.
    pub fn new(names: Names, types: &FrameTypes) -> Self {
        let grouping = sequence::group(&names, types);
        let gaps = (0..grouping.sequences().len() as u32)
            .map(|id| sequence::gaps(&names, &grouping, id))
            .collect();
        let mut dotted = Marks::default();
        for entry in
            (0..names.len() as u32).filter(|entry| names.get(*entry).first() == Some(&b'.'))
        {
            dotted.set(entry, true);
        }
        Self {
            names,
            grouping,
            gaps,
            dotted,
        }
    }

    /// How many names.
    pub const fn len(&self) -> usize {
        self.names.len()
    }

    /// True when the directory is empty.
    pub const fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// How many sequences.
    pub const fn folds(&self) -> usize {
        self.gaps.len()
    }

    /// The bytes of a name.
    pub fn name(&self, entry: u32) -> &[u8] {
        self.names.get(entry)
    }

    /// True for a name that begins with a dot.
    pub fn is_hidden(&self, entry: u32) -> bool {
        self.dotted.contains(entry)
    }

    /// What the directory says it is.
    pub fn kind(&self, entry: u32) -> Kind {
        self.names.kind(entry)
    }

    /// The members of a sequence, in the order of their numbers.
    pub fn members(&self, fold: u32) -> &[u32] {
        self.grouping.members(fold)
    }

    /// The sequence an entry is in.
    pub fn fold_of(&self, entry: u32) -> Option<u32> {
        self.grouping.of(entry)
    }

    /// The numbers of a sequence, and which are missing; for a fold that is there.
    pub fn gaps(&self, fold: u32) -> &Gaps {
        &self.gaps[fold as usize]
    }

    /// The sequence itself; for a fold that is there.
    pub fn sequence(&self, fold: u32) -> &Sequence {
        &self.grouping.sequences()[fold as usize]
    }

    /// The entry whose name stands for a row in orders and when the cursor is to stay with it.
    pub fn lead(&self, item: Item) -> u32 {
        match item {
            Item::Entry(entry) => entry,
            Item::Fold(fold) => self.members(fold).first().copied().unwrap_or(0),
        }
    }

    /// The entries a row stands for.
    pub fn under<'a>(&'a self, item: &'a Item) -> &'a [u32] {
        match item {
            Item::Entry(entry) => std::slice::from_ref(entry),
            Item::Fold(fold) => self.members(*fold),
        }
    }

    /// What stands before the numbers of a sequence, the numbers, and what stands after; bytes that
    /// are still to be made safe.
    pub fn label(&self, fold: u32) -> (&[u8], String, &[u8]) {
        self.grouping.label(&self.names, fold, self.gaps(fold))
    }

    /// What a sequence is known by when its directory is read again.
    pub fn fold_key(&self, fold: u32) -> Box<[u8]> {
        let shape = self.sequence(fold).shape;
        let name = self.name(self.lead(Item::Fold(fold)));
        [
            shape.head(name),
            b"/",
            shape.tail(name),
            &[shape.pad, shape.sub],
        ]
        .concat()
        .into()
    }

    /// What is wrong with a sequence, as far as it is known.
    pub fn faults(&self, fold: u32, sum: &FoldSum) -> Faults {
        let (empty, odd): (&[i64], &[i64]) = match sum {
            FoldSum::Yes(sum) => (&sum.empty, &sum.odd),
            _ => (&[], &[]),
        };
        Faults::of(self.sequence(fold), self.gaps(fold), empty, odd)
    }

    /// Sums up the members of a sequence from what was found of each, in their order.
    pub fn sum(&self, fold: u32, found: impl Iterator<Item = Option<Details>>) -> Sum {
        let mut sum = Sum::default();
        let mut sizes = Vec::new();
        for (place, details) in (0..).zip(found) {
            let Some(details) = details else {
                sum.unknown += 1;
                continue;
            };
            sum.newest = sum.newest.max(Some(details.mtime));
            if details.kind == Kind::File {
                sizes.push((place, details.size));
            } else {
                sum.links += 1;
            }
        }
        let sizes = sequence::sizes(&sizes);
        let shape = self.sequence(fold).shape;
        let members = self.members(fold);
        let number = |place: &u32| shape.value(self.name(members[*place as usize]));
        sum.bytes = sizes.bytes;
        sum.empty = sizes.empty.iter().map(number).collect();
        sum.odd = sizes.odd.iter().map(number).collect();
        sum
    }
}
