//! What the interactive program is started with and what it leaves behind.

use super::browse::Sort;
use super::keymap::Keymap;
use crate::config::{Colours, Hangup, Theme};
use crate::proto::{JobSpec, Naming};
use crate::sequence::FrameTypes;
use std::path::PathBuf;

/// How the screen behaves; the configuration is mapped into it.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Most frames drawn in a second, 1 to 20.
    pub frames_per_second: u32,
    /// Whether names that begin with a dot are listed.
    pub show_hidden: bool,
    /// Order of the panes.
    pub sort: Sort,
    /// Plain ASCII instead of box and braille characters; `None`: by the locale.
    pub ascii: Option<bool>,
    /// How many colours.
    pub colour: Colours,
    /// Which ones.
    pub theme: Theme,
    /// Names of which types can be frames, in the panes; of a job its own settings say it.
    pub frame_types: FrameTypes,
    /// Which keys mean what.
    pub keymap: Keymap,
    /// A slow line: two frames a second unless a key was pressed; `None`: over SSH.
    pub slow_line: Option<bool>,
    /// Progress in the window's title, and in the taskbar where it is known; `None`: where the
    /// terminal takes it.
    pub title: Option<bool>,
    /// Whether the mouse is listened to, which takes it from the terminal's own selecting; `None`:
    /// unless the line is an SSH one.
    pub mouse: Option<bool>,
    /// What becomes of copies when the terminal goes away.
    pub hangup: Hangup,
    /// Where receipts of finished jobs are kept; `None` keeps none.
    pub state_dir: Option<PathBuf>,
    /// A line to show at the start.
    pub notice: Option<String>,
    /// What a new plan begins with; its sources, destination and naming are replaced.
    pub defaults: JobSpec,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            frames_per_second: 20,
            show_hidden: false,
            sort: Sort::default(),
            ascii: None,
            colour: Colours::Auto,
            theme: Theme::default(),
            frame_types: FrameTypes::default(),
            keymap: Keymap::default(),
            slow_line: None,
            title: None,
            mouse: None,
            hangup: Hangup::Stop,
            state_dir: None,
            notice: None,
            defaults: JobSpec {
                naming: Naming::Into,
                ..JobSpec::default()
            },
        }
    }
}

/// How the interactive program ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The signal that ended it; a hang-up of the terminal counts as `SIGHUP`.
    pub signal: Option<u8>,
    /// Lines for the screen that is left behind, safe to print.
    pub lines: Vec<String>,
    /// True when the engine was not waited for any longer: a thread of it is stuck in the kernel.
    pub engine_stuck: bool,
}

impl Outcome {
    /// The exit code: 0, or 128 and the number of the signal.
    pub fn code(&self) -> u8 {
        self.signal
            .map_or(0, |number| 128_u8.saturating_add(number))
    }
}

/// Why the interactive program could not begin, or could not go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Standard input or output is not a terminal: wrong usage, exit code 2.
    #[error(
        "the interactive program needs a terminal on standard input and output; \
         use 'haul copy SOURCE... DEST' in scripts and pipes"
    )]
    NoTerminal,
    /// The terminal refused.
    #[error("the terminal cannot be used: {0}")]
    Terminal(#[from] std::io::Error),
    /// The engine ended by itself.
    #[error("the copy engine ended unexpectedly")]
    EngineEnded,
}

impl Error {
    /// The exit code for it.
    pub const fn code(&self) -> u8 {
        match self {
            Self::NoTerminal => 2,
            Self::Terminal(_) | Self::EngineEnded => 1,
        }
    }
}
