//! What lies over the panes and the queue: the plan, details, errors, questions, help.

use super::browse::Side;
use crate::proto::{Conflict, Failure, FileId, JobId, JobSpec, Parked, Plan, PlanId, Preview};
use std::collections::BTreeMap;
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
    /// A question.
    Question(Question),
    /// The list of keys.
    Help {
        /// First line on screen.
        top: usize,
    },
    /// A pattern to mark or unmark by.
    Pattern(PatternLayer),
    /// The menu of orders.
    Sort {
        /// Of which pane.
        side: Side,
        /// The highlighted row.
        at: usize,
    },
}

/// The plan of a copy.
#[derive(Clone, Debug)]
pub struct PlanLayer {
    /// Which count answers it; others are stale.
    pub id: PlanId,
    /// What would be asked for.
    pub spec: JobSpec,
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

/// Failures asked for at a time.
pub const PAGE: u32 = 200;

/// Pages kept; a list of a million failures must not become resident by scrolling.
pub const PAGES_KEPT: usize = 8;

/// The failures of one job.
#[derive(Clone, Debug)]
pub struct ErrorsLayer {
    /// Which job.
    pub job: JobId,
    /// The highlighted failure.
    pub cursor: usize,
    /// First one on screen.
    pub top: usize,
    /// Pages by number.
    pub pages: BTreeMap<u32, Page>,
}

/// One page of failures.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// What has come; `None` until something has.
    pub failures: Option<Vec<Failure>>,
    /// How many it should have had when it was last asked for.
    pub asked: usize,
}

impl ErrorsLayer {
    /// The failure at that place, once its page has come.
    pub fn at(&self, place: usize) -> Option<&Failure> {
        let page = self.pages.get(&(place as u32 / PAGE))?;
        page.failures.as_ref()?.get(place % PAGE as usize)
    }
}

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

/// What is being asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Cancel the job, or only a file of it.
    Cancel {
        /// Which job.
        job: JobId,
        /// The selected file.
        file: Option<FileId>,
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
    /// Cancel the job.
    Job,
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
            Asked::Cancel { file: None, .. } => &[Choice::No, Choice::Job],
            Asked::Cancel { file: Some(_), .. } => &[Choice::No, Choice::OnlyFile, Choice::Job],
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
