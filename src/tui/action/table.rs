//! The rows of the table: every intent with its name, keys, places and what it does.

use super::{Action, Context, Row};
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
    AnswerSkipAll "answer-skip-all" "for all" ["S"] in &[Conflicts],
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
    FilesBy "files-by" "order" ["s"] in &[Files],
        "Order by something else: scan, name, size, state";
    FilesReverse "files-reverse" "reverse" ["S"] in &[Files],
        "Turn the order round";
    Filter "filter" "filter" ["/"] in &[Files],
        "Show only paths that hold what is typed";
    ChartSpan "chart-span" "last minutes/whole run" ["<tab>", "t", "<space>"] in &[Chart],
        "Show the last five minutes by the second, or the whole run";
    Retry "retry" "retry" ["r"] in &[Panes, Queue, Details],
        "Run what failed or was cancelled in an ended job again";
    RetryRow "retry-row" "retry row" ["r"] in &[Errors],
        "Run what the highlighted row lists again, once the job has ended; the other failures stay";
    Retry "retry" "retry all" ["R"] in &[Errors],
        "Run everything that failed in an ended job again, whatever row is highlighted";
    Export "export" "export" ["w"] in &[Errors],
        "Write the list into a text file in the state directory";
    Quit "quit" "quit" ["q", "<C-c>"] in BASE,
        "Leave haul; asks while there is work";
    PauseAll "pause-all" "all" ["P"] in JOBS,
        "Pause all jobs, those that wait too; when nothing runs, resume all";
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
