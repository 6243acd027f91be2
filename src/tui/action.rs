//! Everything a person can ask for, in one table.
//!
//! The table is the single source of the key map, the help screen, the bottom line, `haul keys`
//! and the README: what is not in it cannot be done, and what is in it is documented.

pub use super::context::Context;
use super::keymap::Keymap;

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

/// Every default key of every context, in the order of the help screen.
pub fn keys_table() -> Vec<KeyRow> {
    keys_of(&Keymap::default())
}

/// Every key of every context; what has none is left out.
pub fn keys_of(keymap: &Keymap) -> Vec<KeyRow> {
    let mut rows = Vec::new();
    for context in Context::ALL {
        for (at, row) in ACTIONS.iter().enumerate() {
            let keys = keymap.labels(context, at).join(" ");
            if row.contexts.contains(&context) && !keys.is_empty() {
                rows.push(KeyRow {
                    context: context.title(),
                    keys,
                    action: row.name,
                    doc: row.doc,
                });
            }
        }
    }
    rows
}

/// The section of the configuration that rebinds keys, with every action and its default keys
/// commented out.
pub fn keys_example() -> String {
    let mut lines: Vec<String> = [
        "",
        "[keys]",
        "",
        "# Keys of an action, in place of its own: a character, <F5>, <space>, <C-d>, or a sequence such",
        "# as gg; several in a list, none in an empty one. An action that is listed below [keys.PLACE] has",
        "# these keys in that place only. Two actions on one key are refused.",
    ]
    .map(str::to_owned)
    .to_vec();
    for context in Context::ALL {
        lines.push(String::new());
        lines.push(format!("#[keys.{}]", context.name()));
        for row in ACTIONS.iter().filter(|row| row.contexts.contains(&context)) {
            let keys: Vec<String> = row
                .keys
                .iter()
                .map(|key| format!("\"{}\"", key.replace('\\', "\\\\")))
                .collect();
            lines.push(format!(
                "#{} = [{}] # {}",
                row.name,
                keys.join(", "),
                row.doc
            ));
        }
    }
    lines.push(String::new());
    lines.join("\n")
}

use Context::{
    Chart, Conflicts, Details, Errors, Files, Help, History, Panes, Plan, Question, Queue, Sort,
};

const BASE: &[Context] = &[Panes, Queue];
const LISTS: &[Context] = &[
    Panes,
    Queue,
    Details,
    Errors,
    Conflicts,
    Files,
    History,
    Context::Info,
    Help,
];
const PAGES: &[Context] = &[
    Panes,
    Queue,
    Details,
    Errors,
    Conflicts,
    Files,
    History,
    Context::Info,
    Help,
    Plan,
];
const JOBS: &[Context] = &[Panes, Queue, Details];
const ALL: &[Context] = &Context::ALL;

macro_rules! rows {
    ($($action:ident $name:literal $hint:literal $keys:tt in $contexts:expr, $doc:literal;)*) => {
        &[$(Row {
            action: Action::$action,
            name: $name,
            doc: $doc,
            hint: $hint,
            contexts: $contexts,
            keys: &$keys,
        }),*]
    };
}

/// The table: intent, name, word for the bottom line, keys, contexts, what it does. Its order is
/// that of the help screen, and decides what the bottom line keeps longest.
pub const ACTIONS: &[Row] = rows! {
    Help "help" "keys" ["<F1>", "?"] in &[
        Panes, Queue, Plan, Details, Errors, Conflicts, Files, Chart, History, Question, Sort,
    ],
        "List the keys";
    AnswerSkip "answer-skip" "skip" ["s"] in &[Conflicts],
        "Leave what is there: the highlighted conflict is skipped";
    AnswerOverwrite "answer-overwrite" "overwrite" ["o"] in &[Conflicts],
        "Replace what is there by the source";
    AnswerNewer "answer-newer" "newer" ["n"] in &[Conflicts],
        "Replace what is there if the source is newer, else leave it";
    AnswerRename "answer-rename" "keep both" ["r"] in &[Conflicts],
        "Keep both: the copy gets a free name beside it";
    AnswerSkipAll "answer-skip-all" "S/O/N/R for all" ["S"] in &[Conflicts],
        "Skip every conflict of the job that waits";
    AnswerOverwriteAll "answer-overwrite-all" "" ["O"] in &[Conflicts],
        "Replace in every conflict of the job that waits; asks first";
    AnswerNewerAll "answer-newer-all" "" ["N"] in &[Conflicts],
        "Replace where the source is newer, in every conflict that waits; asks first";
    AnswerRenameAll "answer-rename-all" "" ["R"] in &[Conflicts],
        "Keep both in every conflict of the job that waits";
    RunNow "run-now" "run now" ["<enter>"] in &[Plan],
        "Run the copy now, beside whatever runs";
    RunQueued "run-queued" "queue" ["<F2>"] in &[Plan],
        "Put the copy at the end of the queue";
    Confirm "confirm" "choose" ["<enter>"] in &[Question, Sort],
        "Take the highlighted choice";
    Yes "yes" "yes" ["y"] in &[Question],
        "Answer yes";
    Close "close" "back" ["<esc>", "q"] in &[Details, Errors, Files, Chart, History, Help],
        "Close and go back";
    Close "close" "later" ["<esc>", "q", "<enter>"] in &[Conflicts],
        "Answer later: nothing is touched";
    Close "close" "no" ["<esc>", "n", "q"] in &[Question],
        "Answer no: nothing changes";
    Close "close" "leave" ["<esc>", "q"] in &[Plan],
        "Leave without copying";
    Close "close" "leave" ["<esc>", "q"] in &[Sort],
        "Leave the order as it is";
    Close "close" "" ["<F1>", "?"] in &[Help],
        "Close and go back";
    Close "close" "" ["<esc>"] in BASE,
        "Drop the filter; stop reading or counting a directory";
    Mark "mark" "mark" ["<space>", "<ins>"] in &[Panes],
        "Mark or unmark the entry and step on";
    Copy "copy" "copy" ["<F5>", "c"] in BASE,
        "Plan a copy of what is marked in SRC (or is under its cursor) into the directory of DST";
    FocusNext "focus-next" "next" ["<tab>"] in BASE,
        "Go to the next of SRC, DST, QUEUE";
    Details "details" "details" ["<enter>"] in &[Queue],
        "Show everything about the job";
    Details "details" "receipt" ["<enter>"] in &[History],
        "Give the receipt the whole screen, or take it back";
    Pause "pause" "pause" ["p"] in &[Panes, Queue, Details, Chart],
        "Pause or resume the selected job; in its details, the selected file";
    Cancel "cancel" "cancel" ["x"] in JOBS,
        "Cancel the selected job, or only the selected file; asks first";
    Conflicts "conflicts" "conflicts" ["C"] in JOBS,
        "Answer the conflicts of the selected job that wait";
    Errors "errors" "errors" ["e"] in JOBS,
        "List what failed in the selected job";
    Fold "fold" "unfold" ["z", "<enter>"] in &[Errors],
        "List every failure of the row below it, or fold them into one row again";
    FoldAll "fold-all" "" ["Z"] in &[Errors],
        "List every failure by itself, or fold them again";
    Group "group" "by cause" ["<tab>"] in &[Errors],
        "Put together what failed for one cause in one directory, or the frames of one sequence";
    Export "export" "write a list" ["w"] in &[Errors],
        "Write the list into a text file in the state directory";
    FilesBy "files-by" "order" ["s"] in &[Files],
        "Order by something else: scan, name, size, state";
    FilesReverse "files-reverse" "reverse" ["S"] in &[Files],
        "Turn the order round";
    Filter "filter" "filter" ["/"] in &[Files],
        "Show only paths that hold what is typed";
    ChartSpan "chart-span" "last minutes/whole run" ["<tab>", "t", "<space>"] in &[Chart],
        "Show the last five minutes by the second, or the whole run";
    Retry "retry" "retry all" ["r"] in &[Panes, Queue, Details, Errors],
        "Run everything that failed in an ended job again, whatever row is highlighted";
    Quit "quit" "quit" ["q", "<C-c>"] in BASE,
        "Leave haul; asks while there is work";
    PauseAll "pause-all" "all" ["P"] in JOBS,
        "Pause everything that runs; when nothing runs, resume everything";
    Files "files" "files" ["f"] in &[Queue, Details],
        "List the files of the job, a million of them if need be";
    Chart "chart" "throughput" ["t"] in &[Queue, Details],
        "Show the throughput over the whole screen";
    Limit "limit" "cap" ["b"] in &[Queue, Details],
        "Cap the rate of the job, or take the cap away; at once, also while it runs";
    MoreWorkers "more-workers" "" ["+"] in &[Queue, Details],
        "One file more in flight";
    FewerWorkers "fewer-workers" "workers" ["-"] in &[Queue, Details],
        "One file less in flight; a worker leaves when it has ended what it is at";
    StartNow "start-now" "start now" ["!"] in &[Queue, Details],
        "Begin a job that waits at once, beside whatever runs";
    History "history" "history" ["H"] in BASE,
        "List finished jobs with a receipt each, those of earlier runs too";
    Earlier "earlier" "" ["K"] in &[Queue],
        "Move the job one place earlier";
    Later "later" "move" ["J"] in &[Queue],
        "Move the job one place later";
    Zoom "zoom" "queue" ["w"] in BASE,
        "Give the queue the whole screen, or take it back";
    Quit "quit" "" ["<C-c>"] in &[
        Plan, Details, Errors, Conflicts, Files, Chart, History, Help, Question, Sort,
    ],
        "Leave haul; asks while there is work";
    Left "left" "" ["<left>", "h", "-"] in &[Plan],
        "Take the value before";
    Right "right" "change" ["<right>", "l", "<space>", "+"] in &[Plan],
        "Take the value after";
    Left "left" "" ["<left>", "h", "<S-tab>", "<up>", "k"] in &[Question],
        "Go to the choice before";
    Right "right" "other choice" ["<tab>", "<right>", "l", "<down>", "j"] in &[Question],
        "Go to the choice after";
    Up "up" "" ["<up>", "k"] in LISTS,
        "Go one row up";
    Down "down" "move" ["<down>", "j"] in &[Details, Errors, Conflicts, Files, History, Context::Info, Help],
        "Go one row down";
    Down "down" "" ["<down>", "j"] in BASE,
        "Go one row down";
    Up "up" "" ["<up>", "k", "<S-tab>"] in &[Plan, Sort],
        "Go to the field before";
    Down "down" "field" ["<down>", "j", "<tab>"] in &[Plan, Sort],
        "Go to the field after";
    PageUp "page-up" "" ["<pgup>", "<C-b>"] in PAGES,
        "Go a screenful up";
    PageDown "page-down" "" ["<pgdn>", "<C-f>"] in PAGES,
        "Go a screenful down";
    HalfUp "half-up" "" ["<C-u>"] in LISTS,
        "Go half a screenful up";
    HalfDown "half-down" "" ["<C-d>"] in LISTS,
        "Go half a screenful down";
    Top "top" "" ["gg", "<home>"] in LISTS,
        "Go to the first row";
    Bottom "bottom" "" ["G", "<end>"] in LISTS,
        "Go to the last row";
    FocusPrevious "focus-previous" "" ["<S-tab>"] in BASE,
        "Go to the previous of SRC, DST, QUEUE";
    Enter "enter" "" ["<enter>", "l", "<right>"] in &[Panes],
        "Go into the directory";
    Leave "leave" "" ["<backspace>", "h", "<left>"] in &[Panes],
        "Go out to the parent directory";
    Filter "filter" "filter" ["/"] in &[Panes],
        "Show only names that hold the letters typed, in this order (* and ? make it a pattern)";
    SortMenu "sort" "sort" ["s"] in &[Panes],
        "Choose the order: name, size, date, extension, reversed";
    Fold "fold" "unfold" ["z"] in &[Panes],
        "List the frames of a sequence below it, or fold them into one row again";
    FoldAll "fold-all" "" ["Z"] in &[Panes],
        "List every name by itself, or fold sequences into one row each again";
    Places "places" "places" ["'"] in &[Panes],
        "List bookmarks, recent destinations and what is mounted, to go there";
    Find "find" "" ["f"] in &[Panes],
        "Go to the name that begins with what is typed; Down goes to the next";
    MakeDir "make-directory" "" ["<F7>"] in &[Panes],
        "Make a directory";
    Rename "rename" "" ["<F6>"] in &[Panes],
        "Give the entry another name; nothing is ever replaced";
    Confirm "confirm" "go there" ["<enter>"] in &[Context::Places],
        "Go to the highlighted place";
    Bookmark "bookmark" "bookmark" ["a"] in &[Context::Places],
        "Make a bookmark of the directory shown, or take it away";
    Remove "remove" "forget" ["<del>", "D"] in &[Context::Places],
        "Forget the highlighted bookmark or recent destination";
    Close "close" "leave" ["<esc>", "q", "'"] in &[Context::Places],
        "Stay where the pane is";
    Up "up" "" ["<up>", "k"] in &[Context::Places],
        "Go one row up";
    Down "down" "" ["<down>", "j"] in &[Context::Places],
        "Go one row down";
    Top "top" "" ["gg", "<home>"] in &[Context::Places],
        "Go to the first row";
    Bottom "bottom" "" ["G", "<end>"] in &[Context::Places],
        "Go to the last row";
    Info "info" "info" ["i"] in &[Panes],
        "Show everything about the row: kind, size, owner, times, attributes, holes, shared extents; of a sequence its report";
    Close "close" "back" ["<esc>", "q", "i"] in &[Context::Info],
        "Close and go back";
    CountSizes "count-sizes" "dir size" ["d"] in &[Panes],
        "Count what the marked directories hold, or the one under the cursor; add up a very long sequence";
    Invert "invert-marks" "" ["*"] in &[Panes],
        "Mark what is not marked, unmark what is";
    MarkPattern "mark-pattern" "" ["+"] in &[Panes],
        "Mark by pattern, such as *.exr";
    UnmarkPattern "unmark-pattern" "" ["-"] in &[Panes],
        "Unmark by pattern";
    Hidden "hidden" "" ["."] in &[Panes],
        "Show or hide names that begin with a dot";
    Home "home" "" ["~"] in &[Panes],
        "Go to the home directory";
    Follow "follow" "" ["="] in &[Panes],
        "Bring the other pane to this directory";
    TabNew "tab-new" "" ["<C-t>"] in &[Panes],
        "Keep this place and open another one in the same pane, on the same directory";
    TabNext "tab-next" "" ["gt"] in &[Panes],
        "Show the next place of the pane";
    TabPrevious "tab-previous" "" ["gT"] in &[Panes],
        "Show the previous place of the pane";
    TabClose "tab-close" "" ["<C-w>"] in &[Panes],
        "Close this place of the pane";
    Swap "swap" "" ["\\"] in BASE,
        "Swap SRC and DST";
    Reload "reload" "" ["<C-r>"] in BASE,
        "Read the directories again";
    Unfold "unfold" "" ["o", "<right>", "l"] in &[Queue],
        "Show or hide the workers and files of the selected job";
    First "first" "" ["<"] in &[Queue],
        "Move the job to the front of the queue";
    Last "last" "" [">"] in &[Queue],
        "Move the job to the end of the queue";
    Duplicate "duplicate" "" ["R"] in &[Queue],
        "Put the same copy into the queue again";
    RemoveEnded "remove-ended" "" ["X"] in &[Queue],
        "Take all jobs off the list that are done or cancelled and leave nothing to retry or answer";
    Remove "remove" "" ["<del>", "D"] in &[Queue],
        "Take an ended job off the list; copied files stay";
    SortName "sort-name" "" ["n"] in &[Sort],
        "Order by name";
    SortSize "sort-size" "" ["s"] in &[Sort],
        "Order by size";
    SortDate "sort-date" "" ["d"] in &[Sort],
        "Order by date";
    SortExtension "sort-extension" "" ["e"] in &[Sort],
        "Order by extension";
    SortReverse "sort-reverse" "" ["r"] in &[Sort],
        "Turn the order round";
    Repaint "repaint" "" ["<C-l>"] in ALL,
        "Paint the whole screen again";
    Palette "palette" "" [":"] in &[Panes, Queue, Details, Errors, Conflicts, Files, Chart, History],
        "Look an action up by name and run it";
    Suspend "suspend" "" ["<C-z>"] in BASE,
        "Stop haul and go to the shell ('fg' continues); copies stand still meanwhile";
};
