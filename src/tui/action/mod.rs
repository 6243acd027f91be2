//! Everything a person can ask for, in one table.
//!
//! The table is the single source of the key map, the help screen, the bottom line, `haul keys`
//! and the README: what is not in it cannot be done, and what is in it is documented.

mod listed;
mod table;

pub use super::context::Context;
pub use listed::{KeyRow, keys_example, keys_of, keys_table};
pub use table::ACTIONS;

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
    /// Lists the members of a sequence, or the failures of a row, or folds them again.
    Fold,
    /// Lists every name by itself, or folds sequences again.
    FoldAll,
    /// Makes a directory.
    MakeDir,
    /// Gives an entry another name.
    Rename,
    /// Goes to the name that begins with what is typed.
    Find,
    /// Lists bookmarks, recent destinations and mounts.
    Places,
    /// Makes a bookmark of a directory, or takes it away.
    Bookmark,
    /// Shows what is known of the row under the cursor.
    Info,
    /// Counts what directories hold.
    CountSizes,
    /// Goes to the home directory.
    Home,
    /// Swaps source and destination.
    Swap,
    /// The other pane goes where this one is.
    Follow,
    /// Keeps this place and opens another one in the same pane.
    TabNew,
    /// Closes this place of the pane.
    TabClose,
    /// Shows the next place of the pane.
    TabNext,
    /// Shows the place before.
    TabPrevious,
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
    /// Runs again what a row of the failures lists.
    RetryRow,
    /// Lists what failed.
    Errors,
    /// Lists the conflicts that wait for an answer.
    Conflicts,
    /// Leaves what is there.
    AnswerSkip,
    /// Replaces what is there.
    AnswerOverwrite,
    /// Replaces what is there where the source is newer.
    AnswerNewer,
    /// Keeps both: the copy gets a free name.
    AnswerRename,
    /// The same for every conflict that waits.
    AnswerSkipAll,
    /// The same for every conflict that waits; asks first.
    AnswerOverwriteAll,
    /// The same for every conflict that waits; asks first.
    AnswerNewerAll,
    /// The same for every conflict that waits.
    AnswerRenameAll,
    /// Puts failures together by cause and directory, or by sequence.
    Group,
    /// Writes the list of failures into a file.
    Export,
    /// Lists the files of the job.
    Files,
    /// Orders the files of a job by something else.
    FilesBy,
    /// Turns the order of the files of a job round.
    FilesReverse,
    /// Shows the throughput over the whole screen.
    Chart,
    /// Shows the last minutes, or the whole run.
    ChartSpan,
    /// Lists finished jobs of this run and of earlier ones.
    History,
    /// Begins a job that waits at once.
    StartNow,
    /// Asks for a cap on the rate.
    Limit,
    /// One file more in flight.
    MoreWorkers,
    /// One file less in flight.
    FewerWorkers,
    /// Adds the same job again.
    Duplicate,
    /// Takes all jobs that are over off the list.
    RemoveEnded,
    /// Moves the job to the front.
    First,
    /// Moves the job to the end.
    Last,
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
    /// Looks an action up by name.
    Palette,
    /// Stops haul as a shell job.
    Suspend,
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
    /// Default keys, in the notation of `keymap`.
    pub keys: &'static [&'static str],
}
