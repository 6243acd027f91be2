//! What reaches the model, and what it wants done.

use super::browse::Side;
use crate::proto::{Failure, JobId, Request, Summary, Update};
use crate::records::Receipt;
use crate::sys::count::Counted;
use crate::sys::listing::{Details, Name, Space};
use crossterm::event::KeyEvent;
use std::path::PathBuf;

/// Something happened.
#[derive(Debug)]
pub enum Msg {
    /// A key.
    Key(KeyEvent),
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

/// A directory's names and room.
#[derive(Debug)]
pub struct Listing {
    /// The names.
    pub names: Vec<Name>,
    /// Room on its file system; `None` where it cannot be told.
    pub space: Option<Space>,
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
    },
    /// Asks details of entries; answered by [`Msg::Details`].
    Stat {
        /// Which pane.
        side: Side,
        /// Of which listing.
        generation: u64,
        /// The directory.
        path: PathBuf,
        /// The rows and their names.
        names: Vec<(u32, Box<[u8]>)>,
        /// True when these are all that were not known.
        all: bool,
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
