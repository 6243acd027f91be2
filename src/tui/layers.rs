//! What lies over the panes and the queue: the plan, details, errors, questions, help.

use super::browse::{DirSize, Entries, Item, Side, Sum};
pub use super::failures::ErrorsLayer;
use crate::proto::{
    BytePath, Conflict, FileId, FilesOrder, FilesPage, JobId, JobSpec, Parked, Plan, PlanId,
    Preview,
};
use crate::records::Receipt;
use crate::sys::inspect::{Extents, Inspected};
use std::path::PathBuf;
use std::sync::Arc;
use tui_input::Input;

/// One layer; the last of a stack has the keys.
#[derive(Clone, Debug)]
pub enum Layer {
    /// The plan of a copy.
    Plan(Box<PlanLayer>),
    /// Everything about one job.
    Details(DetailsLayer),
    /// The failures of one job.
    Errors(ErrorsLayer),
    /// The conflicts of one job that wait for an answer.
    Conflicts(ConflictsLayer),
    /// The files of one job.
    Files(FilesLayer),
    /// The throughput of one job.
    Chart(ChartLayer),
    /// The finished jobs.
    History(HistoryLayer),
    /// A cap on the rate of a job.
    Limit(LimitLayer),
    /// An action being looked up.
    Palette(PaletteLayer),
    /// A question.
    Question(Question),
    /// The list of keys.
    Help {
        /// First line on screen.
        top: usize,
    },
    /// A pattern to mark or unmark by.
    Pattern(PatternLayer),
    /// A name in a pane.
    Name(NameLayer),
    /// Bookmarks, recent destinations, mounts.
    Places(PlacesLayer),
    /// The panel about a row of a pane.
    Info(Box<InfoLayer>),
    /// The menu of orders.
    Sort {
        /// Of which pane.
        side: Side,
        /// The highlighted row.
        at: usize,
    },
}

/// What a name is typed for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A new directory.
    MakeDir,
    /// Another name for this entry.
    Rename(Box<[u8]>),
    /// The cursor goes to what begins so.
    Find,
}

/// A name being typed.
#[derive(Clone, Debug)]
pub struct NameLayer {
    /// Of which pane.
    pub side: Side,
    /// What for.
    pub purpose: Purpose,
    /// The text.
    pub input: Input,
    /// What is wrong with it.
    pub wrong: Option<String>,
}

/// The list of places.
#[derive(Clone, Debug)]
pub struct PlacesLayer {
    /// The pane that goes there.
    pub side: Side,
    /// The highlighted row.
    pub at: usize,
    /// First row on screen.
    pub top: usize,
    /// What is mounted, once it is known.
    pub mounts: Option<Vec<MountRow>>,
}

/// What is known of a row of a pane, as it was when the panel was opened.
#[derive(Clone, Debug)]
pub struct InfoLayer {
    /// Answers to others are stale.
    pub ticket: u64,
    /// The listing the row is of.
    pub entries: Arc<Entries>,
    /// The row.
    pub item: Item,
    /// The directory.
    pub path: PathBuf,
    /// What a directory was counted to hold.
    pub counted: Option<DirSize>,
    /// When it was asked for, in milliseconds of the model's clock.
    pub since_ms: u64,
    /// First line on screen.
    pub top: usize,
    /// What is known of an entry.
    pub inspected: Option<Result<Box<Inspected>, String>>,
    /// Where a file has holes and shared blocks.
    pub extents: Option<Result<Extents, String>>,
    /// The members of a sequence, added up.
    pub sum: Option<Sum>,
}

impl InfoLayer {
    /// True while something of it has not come.
    pub fn waits(&self) -> bool {
        match self.item {
            Item::Entry(_) => self.inspected.is_none(),
            Item::Fold(_) => self.sum.is_none(),
        }
    }
}

/// Something mounted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MountRow {
    /// Where.
    pub point: BytePath,
    /// Kind of file system.
    pub kind: String,
    /// Bytes free for this user, once they are known.
    pub free: Option<u64>,
}

/// The plan of a copy.
#[derive(Clone, Debug)]
pub struct PlanLayer {
    /// Which count answers it; others are stale.
    pub id: PlanId,
    /// What would be asked for.
    pub spec: JobSpec,
    /// How the sources are called: their first rows, and how many rows they are.
    pub called: (Vec<BytePath>, usize),
    /// What was counted. Kept while a changed plan is counted anew.
    pub counted: Option<Plan>,
    /// What would move the bytes; `None` until the engine says.
    pub preview: Option<Preview>,
    /// The highlighted field.
    pub field: Field,
    /// First line on screen where that was chosen; else the highlighted field decides.
    pub top: Option<usize>,
}

/// A field of the plan that can be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// How bytes are moved.
    Strategy,
    /// Files in flight.
    FileWorkers,
    /// Ranges of a large file in flight.
    ChunkWorkers,
    /// What happens to existing names.
    Conflict,
    /// What must be on the device.
    Durability,
}

impl Field {
    /// Every field, in order.
    pub const ALL: [Self; 5] = [
        Self::Strategy,
        Self::FileWorkers,
        Self::ChunkWorkers,
        Self::Conflict,
        Self::Durability,
    ];
}

/// Everything about one job.
#[derive(Clone, Debug)]
pub struct DetailsLayer {
    /// Which job.
    pub job: JobId,
    /// The selected file in flight; keys act on the job while there is none.
    pub file: Option<FileId>,
    /// First line on screen.
    pub top: usize,
}

/// Rows of a list asked for at a time.
pub const PAGE: u32 = 200;

/// The conflicts of one job that wait for an answer: a window of a page into them.
#[derive(Clone, Debug)]
pub struct ConflictsLayer {
    /// Which job.
    pub job: JobId,
    /// The highlighted conflict, counted over all.
    pub cursor: usize,
    /// First one on screen.
    pub top: usize,
    /// The page that was asked for last, and how many waited then; what was answered shifts the
    /// rest, so that it is asked for again.
    pub asked: Option<(u32, u64)>,
    /// Place of the first of `rows`.
    pub from: usize,
    /// The conflicts that came, less those answered since.
    pub rows: Vec<Parked>,
}

impl ConflictsLayer {
    /// On the first conflict of a job.
    pub const fn new(job: JobId) -> Self {
        Self {
            job,
            cursor: 0,
            top: 0,
            asked: None,
            from: 0,
            rows: Vec::new(),
        }
    }

    /// The conflict at that place, once its page has come.
    pub fn at(&self, place: usize) -> Option<&Parked> {
        self.rows.get(place.checked_sub(self.from)?)
    }
}

/// The files of one job: a window into a list that may be long.
#[derive(Clone, Debug)]
pub struct FilesLayer {
    /// Which job.
    pub job: JobId,
    /// In which order.
    pub order: FilesOrder,
    /// The highlighted file.
    pub cursor: usize,
    /// First one on screen.
    pub top: usize,
    /// The newest page.
    pub page: Option<FilesPage>,
    /// The page that was asked for last: its order, its first place, and when.
    pub asked: Option<(FilesOrder, u32, u64)>,
    /// A filter that is being typed.
    pub input: Option<Input>,
}

impl FilesLayer {
    /// The first files of a job, as the scan found them.
    pub fn new(job: JobId) -> Self {
        Self {
            job,
            order: FilesOrder::default(),
            cursor: 0,
            top: 0,
            page: None,
            asked: None,
            input: None,
        }
    }

    /// Files in the list, as far as that is known.
    pub fn total(&self) -> usize {
        self.page.as_ref().map_or(0, |page| page.total as usize)
    }
}

/// The throughput of one job over the whole screen.
#[derive(Clone, Debug)]
pub struct ChartLayer {
    /// Which job.
    pub job: JobId,
    /// The whole run instead of the last minutes.
    pub whole: bool,
    /// Seconds a rate of the whole run stands for.
    pub seconds: u64,
    /// The rates of the whole run.
    pub rates: Vec<u64>,
    /// When they were asked for last.
    pub asked_ms: Option<u64>,
}

/// The finished jobs.
#[derive(Clone, Debug, Default)]
pub struct HistoryLayer {
    /// Their receipts, the newest first, and how many could not be read; or why there are none.
    pub read: Option<Result<(Vec<Receipt>, usize), String>>,
    /// The highlighted one.
    pub cursor: usize,
    /// First one on screen.
    pub top: usize,
    /// The highlighted receipt has the whole screen: its first line shown.
    pub receipt: Option<usize>,
}

/// A cap on the rate of a job, being typed.
#[derive(Clone, Debug)]
pub struct LimitLayer {
    /// Which job.
    pub job: JobId,
    /// The text.
    pub input: Input,
    /// What is wrong with what was entered.
    pub wrong: Option<String>,
}

/// An action being looked up.
#[derive(Clone, Debug, Default)]
pub struct PaletteLayer {
    /// The text.
    pub input: Input,
    /// The highlighted one of what was found.
    pub at: usize,
}

/// What is being asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Cancel the job, or only a file of it.
    Cancel {
        /// Which job.
        job: JobId,
        /// The selected file.
        file: Option<FileId>,
        /// Whether a file of it may be half copied.
        partial: bool,
    },
    /// Answer every conflict of a job that waits, where files are replaced.
    AnswerAll {
        /// Which job.
        job: JobId,
        /// With what.
        with: Conflict,
    },
    /// Leave while there is work.
    Quit,
    /// Leave while nothing but conflicts waits.
    QuitUnanswered,
}

/// A choice of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Nothing changes.
    No,
    /// Cancel only the file.
    OnlyFile,
    /// Cancel the job; what is partial is removed.
    Job,
    /// Cancel the job; what is partial is kept under a name that says so.
    Keep,
    /// Leave when everything has ended.
    Wait,
    /// Cancel everything and leave.
    Leave,
    /// Replace.
    Replace,
}

impl Choice {
    /// The word on its button.
    pub const fn word(self, asked: &Asked) -> &'static str {
        match (self, asked) {
            (Self::No, Asked::Cancel { .. }) => "No, go on",
            (Self::No, Asked::AnswerAll { .. }) => "No, touch nothing",
            (Self::No, Asked::Quit | Asked::QuitUnanswered) => "Stay",
            (Self::Leave, Asked::QuitUnanswered) => "Leave them and quit",
            (Self::Replace, _) => "Replace",
            (Self::OnlyFile, _) => "Only this file",
            (Self::Job, _) => "Cancel the job",
            (Self::Keep, _) => "Cancel, keep partial",
            (Self::Wait, _) => "Quit when done",
            (Self::Leave, _) => "Cancel and quit",
        }
    }
}

/// A question; the first choice is the default and changes nothing.
#[derive(Clone, Debug)]
pub struct Question {
    /// What is asked.
    pub asked: Asked,
    /// The highlighted choice.
    pub at: usize,
}

impl Question {
    /// The choices, the harmless one first.
    pub fn choices(&self) -> &'static [Choice] {
        match self.asked {
            Asked::Cancel { partial: false, .. } => &[Choice::No, Choice::Job],
            Asked::Cancel { file: None, .. } => &[Choice::No, Choice::Job, Choice::Keep],
            Asked::Cancel { file: Some(_), .. } => {
                &[Choice::No, Choice::OnlyFile, Choice::Job, Choice::Keep]
            }
            Asked::Quit => &[Choice::No, Choice::Wait, Choice::Leave],
            Asked::QuitUnanswered => &[Choice::No, Choice::Leave],
            Asked::AnswerAll { .. } => &[Choice::No, Choice::Replace],
        }
    }

    /// What a plain "yes" means.
    pub const fn yes(&self) -> Choice {
        match self.asked {
            Asked::Cancel { file: Some(_), .. } => Choice::OnlyFile,
            Asked::Cancel { file: None, .. } => Choice::Job,
            Asked::Quit | Asked::QuitUnanswered => Choice::Leave,
            Asked::AnswerAll { .. } => Choice::Replace,
        }
    }
}

/// A pattern being typed.
#[derive(Clone, Debug)]
pub struct PatternLayer {
    /// Of which pane.
    pub side: Side,
    /// True to mark, false to unmark.
    pub mark: bool,
    /// The text.
    pub input: Input,
    /// True when what was entered is malformed.
    pub wrong: bool,
}
