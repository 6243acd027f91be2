//! Everything the screen shows and every key can change, in one value.
//!
//! Only [`super::update()`] changes it; [`super::view()`] reads it. Times are milliseconds since the
//! start, as the last tick told them.

use super::action::Context;
use super::browse::{Pane, Side};
use super::keymap::{Key, Keymap};
use super::layers::Layer;
use super::look::Look;
use super::places::Places;
use super::settings::Settings;
use super::tabs::Tabs;
use super::update::Pressed;
use crate::config::Hangup;
use crate::proto::{JobId, JobSpec, JobState, JobView, Snapshot};
use jiff::tz::TimeZone;
use std::path::PathBuf;
use std::sync::Arc;

/// Which part of the screen has the keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Focus {
    /// A pane.
    Pane(Side),
    /// The queue.
    Queue,
}

impl Focus {
    /// The next part.
    #[must_use]
    pub const fn next(self) -> Self {
        match self {
            Self::Pane(Side::Source) => Self::Pane(Side::Dest),
            Self::Pane(Side::Dest) => Self::Queue,
            Self::Queue => Self::Pane(Side::Source),
        }
    }

    /// The part before.
    #[must_use]
    pub const fn previous(self) -> Self {
        self.next().next()
    }
}

/// The queue's own state.
#[derive(Clone, Copy, Debug)]
pub struct QueueState {
    /// The job under the cursor.
    pub selected: Option<JobId>,
    /// Its last place, for when it is taken off the list.
    pub place: usize,
    /// First row on screen.
    pub top: usize,
    /// Whether the selected job's workers are shown.
    pub unfolded: bool,
    /// Whether the queue has the whole screen.
    pub zoomed: bool,
}

/// Whether haul is about to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// No.
    Open,
    /// As soon as nothing runs or waits any more.
    WhenDone,
    /// The engine was asked to end.
    Closing,
    /// The engine has ended.
    Closed,
}

/// A line to be read once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The words, safe to show.
    pub text: String,
    /// True for bad news.
    pub bad: bool,
    /// When it goes away.
    pub until_ms: u64,
}

/// Milliseconds a notice stays: it covers the line of keys.
const NOTICE_MS: u64 = 3_000;

/// Milliseconds bad news stays.
const WARNING_MS: u64 = 8_000;

/// The state of the interactive program.
#[derive(Clone, Debug)]
pub struct Model {
    /// Columns and rows.
    pub size: (u16, u16),
    /// The clock.
    pub now_ms: u64,
    /// Whether the terminal is looked at, as far as it tells: whoever starts haul does.
    pub looked_at: bool,
    /// Glyphs and styles.
    pub look: Look,
    /// For dates of files.
    pub zone: TimeZone,
    /// Where `~` leads.
    pub home: Option<PathBuf>,
    /// Which keys mean what.
    pub keymap: Keymap,
    /// Keys of an unfinished sequence.
    pub typed: Vec<Key>,
    /// Which part has the keys.
    pub focus: Focus,
    /// The panes, source first.
    pub panes: [Pane; 2],
    /// Places of the panes that are not shown.
    pub tabs: [Tabs; 2],
    /// The newest news of the engine.
    pub snapshot: Arc<Snapshot>,
    /// The queue.
    pub queue: QueueState,
    /// What the mouse pressed last.
    pub pressed: Pressed,
    /// What lies over panes and queue, the last on top.
    pub layers: Vec<Layer>,
    /// A line to be read once.
    pub notice: Option<Notice>,
    /// What a new plan begins with.
    pub defaults: JobSpec,
    /// The number of the next plan.
    pub next_plan: u64,
    /// The number of the last panel about a row.
    pub next_info: u64,
    /// Whether haul is about to end.
    pub phase: Phase,
    /// What becomes of copies when the terminal goes away.
    pub hangup: Hangup,
    /// The terminal has gone, and copies are finished without it.
    pub alone: bool,
    /// The signal that ended it.
    pub signal: Option<u8>,
    /// A job to select once a snapshot shows it.
    pub expected: Option<JobId>,
    /// The list of failures that is being written into a file: of which job, and how many are.
    pub exporting: Option<(JobId, u32)>,
    /// Bookmarks and recent destinations.
    pub places: Places,
    /// When the room of the panes was last asked for.
    pub space_asked_ms: u64,
    /// When a pane was read last because a job fills what was empty.
    pub empty_asked_ms: u64,
}

impl Model {
    /// The state at the start. Nothing is read yet; see [`super::update::begin`].
    pub fn new(
        settings: &Settings,
        source: PathBuf,
        dest: PathBuf,
        home: Option<PathBuf>,
        look: Look,
        zone: TimeZone,
    ) -> Self {
        let pane = |path| Pane::new(path, settings.sort, settings.show_hidden);
        Self {
            size: (80, 24),
            now_ms: 0,
            looked_at: true,
            look,
            zone,
            home,
            keymap: settings.keymap.clone(),
            typed: Vec::new(),
            focus: Focus::Pane(Side::Source),
            panes: [pane(source), pane(dest)],
            tabs: Default::default(),
            snapshot: Arc::default(),
            queue: QueueState {
                selected: None,
                place: 0,
                top: 0,
                unfolded: true,
                zoomed: false,
            },
            pressed: Pressed::default(),
            layers: Vec::new(),
            notice: None,
            defaults: settings.defaults.clone(),
            next_plan: 1,
            next_info: 0,
            phase: Phase::Open,
            hangup: settings.hangup,
            alone: false,
            signal: None,
            expected: None,
            exporting: None,
            places: Places::default(),
            space_asked_ms: 0,
            empty_asked_ms: 0,
        }
    }

    /// The pane of that side.
    pub fn pane(&self, side: Side) -> &Pane {
        &self.panes[side.index()]
    }

    /// The pane of that side, to change.
    pub fn pane_mut(&mut self, side: Side) -> &mut Pane {
        &mut self.panes[side.index()]
    }

    /// The job of that id.
    pub fn job(&self, id: JobId) -> Option<&JobView> {
        self.snapshot.jobs.iter().find(|job| job.id == id)
    }

    /// The job that keys are about: that of the layer on top, else the one selected in the queue.
    pub fn subject(&self) -> Option<&JobView> {
        let id = match self.layers.last() {
            Some(Layer::Details(details)) => Some(details.job),
            Some(Layer::Errors(errors)) => Some(errors.job),
            Some(Layer::Conflicts(conflicts)) => Some(conflicts.job),
            Some(Layer::Files(files)) => Some(files.job),
            Some(Layer::Chart(chart)) => Some(chart.job),
            _ => self.queue.selected,
        };
        id.and_then(|id| self.job(id))
    }

    /// The place of the selected job in the queue.
    pub fn selected_place(&self) -> Option<usize> {
        let id = self.queue.selected?;
        self.snapshot.jobs.iter().position(|job| job.id == id)
    }

    /// Where the next key means something; `None` while text is typed.
    pub fn context(&self) -> Option<Context> {
        self.context_of(&self.layers)
    }

    /// Where an action of the palette on top would be carried out, or the help was asked for.
    pub fn context_below(&self) -> Option<Context> {
        self.context_of(&self.layers[..self.layers.len().saturating_sub(1)])
    }

    fn context_of(&self, layers: &[Layer]) -> Option<Context> {
        match layers.last() {
            Some(Layer::Plan(_)) => Some(Context::Plan),
            Some(Layer::Details(_)) => Some(Context::Details),
            Some(Layer::Errors(_)) => Some(Context::Errors),
            Some(Layer::Conflicts(_)) => Some(Context::Conflicts),
            Some(Layer::Question(_)) => Some(Context::Question),
            Some(Layer::Help { .. }) => Some(Context::Help),
            Some(Layer::Sort { .. }) => Some(Context::Sort),
            Some(Layer::Places(_)) => Some(Context::Places),
            Some(Layer::Info(_)) => Some(Context::Info),
            Some(Layer::Files(files)) => files.input.is_none().then_some(Context::Files),
            Some(Layer::Chart(_)) => Some(Context::Chart),
            Some(Layer::History(_)) => Some(Context::History),
            Some(Layer::Pattern(_) | Layer::Limit(_) | Layer::Palette(_) | Layer::Name(_)) => None,
            None => match self.focus {
                Focus::Queue => Some(Context::Queue),
                Focus::Pane(side) => {
                    let editing = self
                        .pane(side)
                        .filter
                        .as_ref()
                        .is_some_and(|filter| filter.editing);
                    (!editing).then_some(Context::Panes)
                }
            },
        }
    }

    /// Shows a line for a while.
    pub fn say(&mut self, text: impl Into<String>) {
        self.notice = Some(Notice {
            text: text.into(),
            bad: false,
            until_ms: self.now_ms + NOTICE_MS,
        });
    }

    /// Shows bad news for a while.
    pub fn warn(&mut self, text: impl Into<String>) {
        self.notice = Some(Notice {
            text: text.into(),
            bad: true,
            until_ms: self.now_ms + WARNING_MS,
        });
    }

    /// Jobs that would be cancelled if haul left now.
    pub fn unfinished(&self) -> impl Iterator<Item = &JobView> {
        self.snapshot
            .jobs
            .iter()
            .filter(|job| !job.state.is_final())
    }

    /// Conflicts of ended jobs that still wait for an answer.
    pub fn unanswered(&self) -> u64 {
        let ended = self.snapshot.jobs.iter().filter(|job| job.state.is_final());
        ended.map(|job| job.parked).sum()
    }

    /// Jobs in that state.
    pub fn in_state(&self, state: JobState) -> usize {
        self.snapshot
            .jobs
            .iter()
            .filter(|job| job.state == state)
            .count()
    }

    /// True while something on screen changes with time alone.
    pub fn needs_ticks(&self) -> bool {
        self.notice.is_some()
            || super::update::follows(self)
            || matches!(self.layers.last(), Some(Layer::Info(info)) if info.waits())
            || self.panes.iter().any(|pane| pane.pending.is_some())
            || self.snapshot.jobs.iter().any(|job| job.state.is_active())
    }
}
