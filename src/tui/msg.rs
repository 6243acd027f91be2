//! What reaches the model, and what it wants done.

use super::browse::{Arranged, Entries, FoldSum, Item, Side, Sort, Sum, Task};
use super::layers::MountRow;
use super::places::Places;
use crate::proto::{Failure, JobId, Request, Summary, Update};
use crate::records::Receipt;
use crate::sys::count::Counted;
use crate::sys::inspect::{Extents, Inspected};
use crate::sys::listing::{Details, Space};
use crossterm::event::{KeyEvent, MouseEvent};
use std::path::PathBuf;
use std::sync::Arc;

/// Something happened.
#[derive(Debug)]
pub enum Msg {
    /// A key.
    Key(KeyEvent),
    /// A button of the mouse, its wheel, or a drag.
    Mouse(MouseEvent),
    /// The terminal is looked at, or no longer.
    Focus(bool),
    /// A bracketed paste.
    Paste(String),
    /// The terminal has this many columns and rows.
    Resize(u16, u16),
    /// Milliseconds since the start.
    Tick(u64),
    /// The engine says something.
    Engine(Box<Update>),
    /// The engine has ended.
    EngineEnded,
    /// Names read so far.
    Reading {
        /// Which pane.
        side: Side,
        /// Of which listing.
        generation: u64,
        /// How many.
        names: usize,
    },
    /// A directory was read.
    Listing {
        /// Which pane.
        side: Side,
        /// Of which listing.
        generation: u64,
        /// The names, or why not.
        result: Result<Listing, String>,
    },
    /// Details of entries, by row.
    Details {
        /// Which pane.
        side: Side,
        /// Of which listing.
        generation: u64,
        /// The rows and what was found.
        found: Vec<(u32, Option<Details>)>,
        /// True when this was the last part of a request for every entry.
        complete: bool,
    },
    /// The members of a sequence, added up.
    FoldSum {
        /// Which pane.
        side: Side,
        /// Of which listing.
        generation: u64,
        /// Which sequence.
        fold: u32,
        /// What was found.
        sum: FoldSum,
    },
    /// Rows put in order.
    Arranged {
        /// Which pane.
        side: Side,
        /// Answers which wish.
        ticket: u64,
        /// The rows.
        arranged: Arranged,
    },
    /// A directory was made or an entry renamed, or not.
    Edited {
        /// Which pane.
        side: Side,
        /// In which directory.
        path: PathBuf,
        /// The entry's old name; none for a new directory.
        from: Option<Box<[u8]>>,
        /// The new name.
        name: Box<[u8]>,
        /// Why not.
        result: Result<(), String>,
    },
    /// What is mounted, with the room as far as it is known.
    Mounts {
        /// The pane it was asked for.
        side: Side,
        /// The mounts.
        mounts: Vec<MountRow>,
    },
    /// Something of what a panel about a row shows.
    Inspected {
        /// Which panel.
        ticket: u64,
        /// What.
        told: Told,
    },
    /// A directory's count.
    DirSize {
        /// Which pane.
        side: Side,
        /// Of which listing.
        generation: u64,
        /// The directory's name.
        name: Box<[u8]>,
        /// The count so far.
        counted: Counted,
        /// True when it is in all.
        done: bool,
    },
    /// Room on the file system of a pane.
    Space {
        /// Which pane.
        side: Side,
        /// Of which listing.
        generation: u64,
        /// The room.
        space: Option<Space>,
    },
    /// The receipts of finished jobs, and how many could not be read; or why there are none.
    History(Result<(Vec<Receipt>, usize), String>),
    /// A list of failures was written; where to, or why not.
    Exported(Result<PathBuf, String>),
    /// A signal asks haul to end; also a terminal that has gone, as `SIGHUP`.
    Signal(u8),
    /// An effect could not be carried out.
    Trouble(String),
}

/// A part of what is known of a row.
#[derive(Debug)]
pub enum Told {
    /// An entry, or why not.
    Entry(Result<Box<Inspected>, String>),
    /// Where it has holes and shared blocks, or why that cannot be told.
    Extents(Result<Extents, String>),
    /// The members of a sequence, added up.
    Sum(Sum),
}

/// A directory's names and room.
#[derive(Debug)]
pub struct Listing {
    /// The names, and the sequences among them.
    pub entries: Arc<Entries>,
    /// Rows in an order, where a thread has made one.
    pub ordered: Option<Ordered>,
    /// Room on its file system; `None` where it cannot be told.
    pub space: Option<Space>,
    /// False for the first names of many: the rest is on its way.
    pub whole: bool,
}

/// Rows in an order.
#[derive(Debug)]
pub struct Ordered {
    /// By what, as far as names tell.
    pub sort: Sort,
    /// Whether sequences are one row.
    pub folding: bool,
    /// The rows.
    pub items: Vec<Item>,
}

/// Something to be done by the shell.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Sends a request to the engine.
    Send(Request),
    /// Reads a directory; answered by [`Msg::Listing`].
    List {
        /// Which pane.
        side: Side,
        /// Of which listing.
        generation: u64,
        /// The directory.
        path: PathBuf,
        /// The order wanted.
        sort: Sort,
        /// Whether sequences are one row.
        folding: bool,
    },
    /// Asks details of entries, then adds up sequences; answered by [`Msg::Details`] and
    /// [`Msg::FoldSum`].
    Stat {
        /// Which pane.
        side: Side,
        /// Of which listing.
        generation: u64,
        /// The directory.
        path: PathBuf,
        /// The names.
        entries: Arc<Entries>,
        /// Entries to be asked, each for itself.
        rows: Vec<u32>,
        /// Sequences to be added up.
        folds: Vec<u32>,
        /// True when these are all that were not known.
        all: bool,
    },
    /// Makes a directory, or gives an entry another name; answered by [`Msg::Edited`].
    Edit {
        /// Which pane.
        side: Side,
        /// In which directory.
        path: PathBuf,
        /// The entry; `None` makes a directory.
        from: Option<Box<[u8]>>,
        /// The new name.
        name: Box<[u8]>,
    },
    /// Asks what is mounted; answered by [`Msg::Mounts`], again once the room is known.
    Mounts {
        /// For which pane.
        side: Side,
    },
    /// Keeps bookmarks and recent destinations.
    KeepPlaces(Places),
    /// Arranges rows; answered by [`Msg::Arranged`].
    Arrange {
        /// Which pane.
        side: Side,
        /// What is wanted.
        task: Box<Task>,
    },
    /// Counts directories one after the other; answered by [`Msg::DirSize`].
    Count {
        /// Which pane.
        side: Side,
        /// Of which listing.
        generation: u64,
        /// The directory that holds them.
        path: PathBuf,
        /// Their names.
        names: Vec<Box<[u8]>>,
    },
    /// Stops counting in a pane.
    StopCount {
        /// Which pane.
        side: Side,
    },
    /// Asks the room on a pane's file system; answered by [`Msg::Space`].
    Space {
        /// Which pane.
        side: Side,
        /// Of which listing.
        generation: u64,
        /// The directory.
        path: PathBuf,
    },
    /// Asks everything about a row; answered by [`Msg::Inspected`], part by part. What was asked for
    /// another panel is given up.
    Inspect {
        /// Which pane.
        side: Side,
        /// For which panel.
        ticket: u64,
        /// The directory.
        path: PathBuf,
        /// The names.
        entries: Arc<Entries>,
        /// The row.
        item: Item,
    },
    /// Nobody waits for what is still asked about a row.
    StopInspect,
    /// Keeps the receipt of a job that has ended.
    Record(Box<Summary>),
    /// Reads the receipts; answered by [`Msg::History`].
    ReadHistory,
    /// Writes failures into a file: the first part begins it, the last one ends it and is answered
    /// by [`Msg::Exported`].
    Export {
        /// Which job they are of.
        job: JobId,
        /// The failures.
        failures: Vec<Failure>,
        /// True for the first part.
        begins: bool,
        /// True for the last part.
        ends: bool,
    },
    /// Paints the whole screen again.
    Repaint,
    /// Stops the process until it is continued.
    Suspend,
    /// Asks the engine to end, and waits for it.
    Shutdown,
    /// Leaves at once.
    Exit,
}
