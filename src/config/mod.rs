//! What can be configured, where it comes from, and what it is when nobody says anything.
//!
//! [`Config`] is plain data. The table in `keys` is the only list of settings: the file, the
//! environment, `haul config` and `config.example.toml` all follow from it. Later beats earlier:
//! defaults, file, environment, command line. Nothing here reads the command line or prints; it
//! runs once, on the main thread, before anything else starts.

mod file;
mod keys;
mod load;
mod paint;
mod paths;
mod routes;
mod values;

pub use keys::{KEYS, Key, example};
pub use load::{ConfigError, Loaded, Origin, load, path};
pub use paint::{Ink, Paint};
pub use paths::state_dir;
pub use routes::{SaveError, save as save_route};
pub use values::{
    MAX_BUFFER_SIZE, MAX_RETRIES, MAX_WORKERS, MIN_BUFFER_BUDGET, MIN_BUFFER_SIZE, Value,
    keep_or_drop, limit, pattern, size, workers,
};

use crate::proto::choice::choices;
use crate::proto::{
    Conflict, DEFAULT_RETRIES, Durability, Filters, JobSpec, Preserve, RouteProfile, Sparse,
    Strategy, Tuning,
};
use crate::sequence::FrameTypes;

/// Everything that can be configured. The default is what haul does untold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// How jobs copy unless they are told otherwise.
    pub copy: Copying,
    /// How the interactive program looks.
    pub screen: Screen,
    /// Its colours.
    pub theme: Theme,
    /// What goes into the log.
    pub log: Log,
    /// Keys that are bound otherwise than by default, in the order of the file.
    pub keys: Vec<Binding>,
}

/// Keys of one action, as the file names them; whether there is such an action and such a key the
/// interactive program knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// Only in this place; `None` is wherever the action works.
    pub place: Option<String>,
    /// The action.
    pub action: String,
    /// Its keys, in place of the default ones; none takes them away.
    pub keys: Vec<String>,
}

/// How jobs copy unless they are told otherwise; `None` in the tuning means automatic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copying {
    /// How bytes are moved.
    pub strategy: Strategy,
    /// What happens to existing names.
    pub conflict: Conflict,
    /// What must be on the device at the end.
    pub sync: Durability,
    /// Concurrency and sizes.
    pub tuning: Tuning,
    /// What is left out.
    pub filters: Filters,
    /// What is kept besides the bytes.
    pub preserve: Preserve,
    /// What becomes of holes.
    pub sparse: Sparse,
    /// Bytes per second, at most.
    pub limit: Option<u64>,
    /// Times a file is begun again after trouble that may pass.
    pub retries: u8,
    /// Names of which types can be frames of a sequence, in panes, plans and jobs.
    pub frame_types: FrameTypes,
    /// What was measured on routes, in the order of the file.
    pub routes: Vec<RouteProfile>,
}

impl Default for Copying {
    fn default() -> Self {
        Self {
            strategy: Strategy::default(),
            conflict: Conflict::Ask,
            sync: Durability::default(),
            tuning: Tuning::default(),
            filters: Filters::default(),
            preserve: Preserve::ALL,
            sparse: Sparse::default(),
            limit: None,
            retries: DEFAULT_RETRIES,
            frame_types: FrameTypes::default(),
            routes: Vec::new(),
        }
    }
}

impl Copying {
    /// A job that copies so, from and to nowhere yet, with nobody to ask.
    pub fn spec(&self) -> JobSpec {
        JobSpec {
            strategy: self.strategy,
            tuning: self.tuning.clone(),
            conflict: self.conflict.headless(),
            durability: self.sync,
            filters: self.filters.clone(),
            preserve: self.preserve,
            sparse: self.sparse,
            limit: self.limit,
            retries: self.retries,
            frame_types: (self.frame_types != FrameTypes::default())
                .then(|| self.frame_types.words().map(str::to_owned).collect()),
            routes: self.routes.clone(),
            ..JobSpec::default()
        }
    }
}

/// How the interactive program looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Screen {
    /// Frames drawn in a second at most, 1 to 20.
    pub frames_per_second: u16,
    /// Whether the panes begin with hidden files shown.
    pub show_hidden: bool,
    /// What the panes begin sorted by.
    pub sort: Sort,
    /// Whether plain ASCII is drawn in place of lines and blocks.
    pub ascii: When,
    /// How many colours are used.
    pub colour: Colours,
    /// Whether the line is taken for a slow one: few frames, unless a key was pressed.
    pub slow_line: When,
    /// Whether progress is shown in the window's title, and in the taskbar where that is known.
    pub title: When,
    /// Whether the mouse is listened to.
    pub mouse: When,
    /// What becomes of copies when the terminal goes away.
    pub hangup: Hangup,
}

impl Default for Screen {
    fn default() -> Self {
        Self {
            frames_per_second: 20,
            show_hidden: false,
            sort: Sort::default(),
            ascii: When::default(),
            colour: Colours::default(),
            slow_line: When::default(),
            title: When::default(),
            mouse: When::default(),
            hangup: Hangup::default(),
        }
    }
}

/// The colours of the screen: a theme, and what is drawn otherwise than it says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Theme {
    /// The theme.
    pub name: ThemeName,
    /// Paints of one's own, in the order of [`Role::ALL`]; `None` is as the theme has it.
    pub paints: [Option<Paint>; Role::ALL.len()],
}

/// What goes into the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Log {
    /// The least important that is still written.
    pub level: Level,
}

choices! {
    /// What a pane is sorted by.
    Sort {
        /// Name, with numbers in it compared as numbers.
        #[default]
        Name = "name",
        /// Size, largest first.
        Size = "size",
        /// Time of last change, newest first.
        Date = "date",
        /// Extension, then name.
        Extension = "extension",
    }
}

choices! {
    /// Whether to do something that depends on the terminal.
    When {
        /// As the terminal and the environment suggest.
        #[default]
        Auto = "auto",
        /// Always.
        Always = "always",
        /// Never.
        Never = "never",
    }
}

choices! {
    /// How many colours the screen is drawn with.
    Colours {
        /// As many as the terminal says it has; none with `NO_COLOR`.
        #[default]
        Auto = "auto",
        /// As many as the terminal says it has, `NO_COLOR` or not.
        Always = "always",
        /// None.
        Never = "never",
        /// The terminal's own sixteen.
        Sixteen = "16",
        /// 256.
        TwoFiftySix = "256",
        /// All there are.
        True = "true",
    }
}

choices! {
    /// A theme that is built in.
    ThemeName {
        /// `light` or `dark` by what the terminal says of its background, else `terminal`.
        #[default]
        Auto = "auto",
        /// The terminal's own sixteen colours, which fit its background.
        Terminal = "terminal",
        /// For a dark background.
        Dark = "dark",
        /// For a light background.
        Light = "light",
        /// Bold, dim and reversed only.
        Mono = "mono",
    }
}

choices! {
    /// What is drawn in one way wherever it stands on the screen.
    Role {
        /// Ordinary text, and everything else where it says nothing.
        #[default]
        Text = "text",
        /// Less important text.
        Dim = "dim",
        /// Headings, keys and what has the keys.
        Strong = "strong",
        /// The row under the cursor.
        Selected = "selected",
        /// A marked entry.
        Marked = "marked",
        /// A directory.
        Directory = "directory",
        /// A symbolic link.
        Link = "link",
        /// Going well.
        Good = "good",
        /// Waits for somebody.
        Warn = "warn",
        /// Went wrong.
        Bad = "bad",
        /// Lines between regions.
        Line = "line",
        /// Charts of throughput.
        Graph = "graph",
    }
}

choices! {
    /// What becomes of copies when the terminal goes away.
    Hangup {
        /// They are cancelled; what is finished stays.
        #[default]
        Stop = "stop",
        /// What runs and waits is finished; then haul ends.
        Finish = "finish",
    }
}

choices! {
    /// How much is logged.
    Level {
        /// Nothing, and no file is made.
        Off = "off",
        /// What went wrong.
        Error = "error",
        /// And what is suspicious.
        Warn = "warn",
        /// And what was begun and ended.
        #[default]
        Info = "info",
        /// And what was decided.
        Debug = "debug",
        /// Everything.
        Trace = "trace",
    }
}
