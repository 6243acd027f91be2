//! Everything a person can ask for, in one table.
//!
//! The table is the single source of the key map, the help screen, the bottom line, `haul keys`
//! and the README: what is not in it cannot be done, and what is in it is documented.

use super::keymap;

/// An intent, whichever key it came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// One row up, or the field before.
    Up,
    /// One row down, or the field after.
    Down,
    /// The value before, or the choice to the left.
    Left,
    /// The value after, or the choice to the right.
    Right,
    /// A screenful up.
    PageUp,
    /// A screenful down.
    PageDown,
    /// Half a screenful up.
    HalfUp,
    /// Half a screenful down.
    HalfDown,
    /// The first row.
    Top,
    /// The last row.
    Bottom,
    /// The next of source, destination and queue.
    FocusNext,
    /// The one before.
    FocusPrevious,
    /// Into the directory under the cursor.
    Enter,
    /// Out of the directory.
    Leave,
    /// Marks or unmarks the entry and steps on.
    Mark,
    /// Marks what is not marked and the other way round.
    Invert,
    /// Marks by pattern.
    MarkPattern,
    /// Unmarks by pattern.
    UnmarkPattern,
    /// Narrows the pane to names that hold what is typed.
    Filter,
    /// Shows or hides names that begin with a dot.
    Hidden,
    /// Opens the menu of orders.
    SortMenu,
    /// Orders by name.
    SortName,
    /// Orders by size.
    SortSize,
    /// Orders by date.
    SortDate,
    /// Orders by extension.
    SortExtension,
    /// Turns the order round.
    SortReverse,
    /// Counts what directories hold.
    CountSizes,
    /// Goes to the home directory.
    Home,
    /// Swaps source and destination.
    Swap,
    /// The other pane goes where this one is.
    Follow,
    /// Reads the directory again.
    Reload,
    /// Opens the plan of a copy.
    Copy,
    /// Pauses or resumes the selected job, or the selected file.
    Pause,
    /// Pauses everything, or resumes everything.
    PauseAll,
    /// Asks whether to cancel.
    Cancel,
    /// Moves the job one place later.
    Later,
    /// Moves the job one place earlier.
    Earlier,
    /// Runs what failed again.
    Retry,
    /// Lists what failed.
    Errors,
    /// Everything about the job.
    Details,
    /// Opens or closes the worker rows below the queue.
    Unfold,
    /// Takes an ended job off the list.
    Remove,
    /// Gives the queue the whole screen, or takes it back.
    Zoom,
    /// Runs the plan now.
    RunNow,
    /// Puts the plan into the queue.
    RunQueued,
    /// Takes the highlighted choice.
    Confirm,
    /// Answers yes.
    Yes,
    /// Closes this.
    Close,
    /// Lists the keys.
    Help,
    /// Leaves haul.
    Quit,
    /// Paints the whole screen again.
    Repaint,
    /// Stops haul as a shell job.
    Suspend,
}

/// Where a key means something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Context {
    /// A pane has the keys.
    Panes,
    /// The queue has the keys.
    Queue,
    /// The plan of a copy.
    Plan,
    /// Everything about one job.
    Details,
    /// The failures of one job.
    Errors,
    /// The list of keys.
    Help,
    /// A question with choices.
    Question,
    /// The menu of orders.
    Sort,
}

impl Context {
    /// Every context, in the order of the help screen.
    pub const ALL: [Self; 8] = [
        Self::Panes,
        Self::Queue,
        Self::Plan,
        Self::Details,
        Self::Errors,
        Self::Question,
        Self::Sort,
        Self::Help,
    ];

    /// Its heading.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Panes => "Panes",
            Self::Queue => "Queue",
            Self::Plan => "Plan of a copy",
            Self::Details => "Details of a job",
            Self::Errors => "Errors of a job",
            Self::Question => "Questions",
            Self::Sort => "Order menu",
            Self::Help => "This list",
        }
    }
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The intent.
    pub action: Action,
    /// Its name in the configuration.
    pub name: &'static str,
    /// What it does, as a sentence without a full stop.
    pub doc: &'static str,
    /// The word for the bottom line; empty keeps it out of there.
    pub hint: &'static str,
    /// Where it works.
    pub contexts: &'static [Context],
    /// Default keys, in the notation of [`keymap::parse`].
    pub keys: &'static [&'static str],
}

/// One line of `haul keys`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRow {
    /// Where it works, as a heading.
    pub context: &'static str,
    /// The keys as a person reads them, separated by blanks.
    pub keys: String,
    /// The action's name in the configuration.
    pub action: &'static str,
    /// What it does.
    pub doc: &'static str,
}

/// Every key of every context, in the order of the help screen.
pub fn keys_table() -> Vec<KeyRow> {
    let mut rows = Vec::new();
    for context in Context::ALL {
        for row in ACTIONS.iter().filter(|row| row.contexts.contains(&context)) {
            rows.push(KeyRow {
                context: context.title(),
                keys: keymap::names(row.keys),
                action: row.name,
                doc: row.doc,
            });
        }
    }
    rows
}

use Context::{Details, Errors, Help, Panes, Plan, Question, Queue, Sort};

const BASE: &[Context] = &[Panes, Queue];
const LISTS: &[Context] = &[Panes, Queue, Details, Errors, Help];
const JOBS: &[Context] = &[Panes, Queue, Details];
const ALL: &[Context] = &Context::ALL;

const fn row(
    action: Action,
    name: &'static str,
    hint: &'static str,
    keys: &'static [&'static str],
    contexts: &'static [Context],
    doc: &'static str,
) -> Row {
    Row {
        action,
        name,
        doc,
        hint,
        contexts,
        keys,
    }
}

/// The table. Order decides the order of the help screen and what the bottom line keeps longest.
pub const ACTIONS: &[Row] = &[
    row(Action::Help, "help", "keys", &["<F1>", "?"], &[Panes, Queue, Plan, Details, Errors, Question, Sort], "List the keys"),
    row(Action::RunNow, "run-now", "run now", &["<enter>"], &[Plan], "Run the copy now, beside whatever runs"),
    row(Action::RunQueued, "run-queued", "queue", &["<F2>"], &[Plan], "Put the copy at the end of the queue"),
    row(Action::Confirm, "confirm", "choose", &["<enter>"], &[Question, Sort], "Take the highlighted choice"),
    row(Action::Yes, "yes", "yes", &["y"], &[Question], "Answer yes"),
    row(Action::Close, "close", "back", &["<esc>", "q"], &[Details, Errors, Help], "Close and go back"),
    row(Action::Close, "close", "no", &["<esc>", "n", "q"], &[Question], "Answer no: nothing changes"),
    row(Action::Close, "close", "leave", &["<esc>", "q"], &[Plan], "Leave without copying"),
    row(Action::Close, "close", "leave", &["<esc>", "q"], &[Sort], "Leave the order as it is"),
    row(Action::Close, "close", "", &["<F1>", "?"], &[Help], "Close and go back"),
    row(Action::Close, "close", "", &["<esc>"], BASE, "Drop the filter; stop reading or counting a directory"),
    row(Action::Mark, "mark", "mark", &["<space>", "<ins>"], &[Panes], "Mark or unmark the entry and step on"),
    row(Action::Copy, "copy", "copy", &["<F5>", "c"], BASE, "Plan a copy of what is marked in SRC (or is under its cursor) into the directory of DST"),
    row(Action::FocusNext, "focus-next", "next part", &["<tab>"], BASE, "Go to the next of SRC, DST, QUEUE"),
    row(Action::Details, "details", "details", &["<enter>"], &[Queue], "Show everything about the job"),
    row(Action::Pause, "pause", "pause", &["p"], JOBS, "Pause or resume the selected job; in its details, the selected file"),
    row(Action::Cancel, "cancel", "cancel", &["x"], JOBS, "Cancel the selected job, or only the selected file; asks first"),
    row(Action::Errors, "errors", "errors", &["e"], JOBS, "List what failed in the selected job"),
    row(Action::Retry, "retry", "retry", &["r"], &[Panes, Queue, Details, Errors], "Run what failed in an ended job again"),
    row(Action::PauseAll, "pause-all", "all", &["P"], JOBS, "Pause everything that runs; when nothing runs, resume everything"),
    row(Action::Earlier, "earlier", "", &["K"], &[Queue], "Move the job one place earlier"),
    row(Action::Later, "later", "move", &["J"], &[Queue], "Move the job one place later"),
    row(Action::Zoom, "zoom", "queue", &["w"], BASE, "Give the queue the whole screen, or take it back"),
    row(Action::Quit, "quit", "quit", &["q", "<C-c>"], BASE, "Leave haul; asks while there is work"),
    row(Action::Quit, "quit", "", &["<C-c>"], &[Plan, Details, Errors, Help, Question, Sort], "Leave haul; asks while there is work"),
    row(Action::Left, "left", "", &["<left>", "h", "-"], &[Plan], "Take the value before"),
    row(Action::Right, "right", "change", &["<right>", "l", "<space>", "+"], &[Plan], "Take the value after"),
    row(Action::Left, "left", "", &["<left>", "h", "<S-tab>", "<up>", "k"], &[Question], "Go to the choice before"),
    row(Action::Right, "right", "other choice", &["<right>", "l", "<tab>", "<down>", "j"], &[Question], "Go to the choice after"),
    row(Action::Up, "up", "", &["<up>", "k"], LISTS, "Go one row up"),
    row(Action::Down, "down", "move", &["<down>", "j"], &[Details, Errors, Help], "Go one row down"),
    row(Action::Down, "down", "", &["<down>", "j"], BASE, "Go one row down"),
    row(Action::Up, "up", "", &["<up>", "k", "<S-tab>"], &[Plan, Sort], "Go to the field before"),
    row(Action::Down, "down", "field", &["<down>", "j", "<tab>"], &[Plan, Sort], "Go to the field after"),
    row(Action::PageUp, "page-up", "", &["<pgup>", "<C-b>"], LISTS, "Go a screenful up"),
    row(Action::PageDown, "page-down", "", &["<pgdn>", "<C-f>"], LISTS, "Go a screenful down"),
    row(Action::HalfUp, "half-up", "", &["<C-u>"], LISTS, "Go half a screenful up"),
    row(Action::HalfDown, "half-down", "", &["<C-d>"], LISTS, "Go half a screenful down"),
    row(Action::Top, "top", "", &["gg", "<home>"], LISTS, "Go to the first row"),
    row(Action::Bottom, "bottom", "", &["G", "<end>"], LISTS, "Go to the last row"),
    row(Action::FocusPrevious, "focus-previous", "", &["<S-tab>"], BASE, "Go to the previous of SRC, DST, QUEUE"),
    row(Action::Enter, "enter", "", &["<enter>", "l", "<right>"], &[Panes], "Go into the directory"),
    row(Action::Leave, "leave", "", &["<backspace>", "h", "<left>"], &[Panes], "Go out to the parent directory"),
    row(Action::Filter, "filter", "filter", &["/"], &[Panes], "Show only names that hold what is typed (* and ? make it a pattern)"),
    row(Action::SortMenu, "sort", "sort", &["s"], &[Panes], "Choose the order: name, size, date, extension, reversed"),
    row(Action::CountSizes, "count-sizes", "dir size", &["d"], &[Panes], "Count what the marked directories hold, or the one under the cursor"),
    row(Action::Invert, "invert-marks", "", &["*"], &[Panes], "Mark what is not marked, unmark what is"),
    row(Action::MarkPattern, "mark-pattern", "", &["+"], &[Panes], "Mark by pattern, such as *.exr"),
    row(Action::UnmarkPattern, "unmark-pattern", "", &["-"], &[Panes], "Unmark by pattern"),
    row(Action::Hidden, "hidden", "", &["."], &[Panes], "Show or hide names that begin with a dot"),
    row(Action::Home, "home", "", &["~"], &[Panes], "Go to the home directory"),
    row(Action::Follow, "follow", "", &["="], &[Panes], "Bring the other pane to this directory"),
    row(Action::Swap, "swap", "", &["\\"], BASE, "Swap SRC and DST"),
    row(Action::Reload, "reload", "", &["<C-r>"], BASE, "Read the directories again"),
    row(Action::Unfold, "unfold", "", &["o", "<right>", "l"], &[Queue], "Show or hide the workers and files of the selected job"),
    row(Action::Remove, "remove", "", &["<del>", "D"], &[Queue], "Take an ended job off the list; copied files stay"),
    row(Action::SortName, "sort-name", "", &["n"], &[Sort], "Order by name"),
    row(Action::SortSize, "sort-size", "", &["s"], &[Sort], "Order by size"),
    row(Action::SortDate, "sort-date", "", &["d"], &[Sort], "Order by date"),
    row(Action::SortExtension, "sort-extension", "", &["e"], &[Sort], "Order by extension"),
    row(Action::SortReverse, "sort-reverse", "", &["r"], &[Sort], "Turn the order round"),
    row(Action::Repaint, "repaint", "", &["<C-l>"], ALL, "Paint the whole screen again"),
    row(Action::Suspend, "suspend", "", &["<C-z>"], BASE, "Stop haul and go to the shell ('fg' continues); copies stand still meanwhile"),
];
