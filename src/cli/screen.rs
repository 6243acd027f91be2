//! The way into the interactive program: an engine, the settings, and what is left to say after it.

use super::{complain, load, refuse, report, start_log};
use crate::config::{self, Config, When};
use crate::exit::Exit;
use crate::proto::{JobSpec, Naming};
use crate::session;
use crate::tui::browse::{Sort, SortKey};
use crate::tui::keymap::Keymap;
use crate::tui::{self, Settings};
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

/// Opens the interactive program on the two directories; the current one where none is named.
pub fn open(config: Option<&Path>, source: Option<PathBuf>, dest: Option<PathBuf>) -> Exit {
    // Asked before the configuration is read and a log is made, and before a byte is written.
    if !(io::stdin().is_terminal() && io::stdout().is_terminal()) {
        return refuse(
            "the interactive program needs a terminal; use `haul copy` to copy without one",
        );
    }
    if std::env::var_os("TERM").is_some_and(|term| term.is_empty() || term == "dumb") {
        return refuse(
            "the interactive program cannot be drawn on this terminal (TERM is 'dumb' or empty); use `haul copy` to copy without it",
        );
    }
    let loaded = match load(config) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    let keymap = match Keymap::configured(&loaded.config.keys) {
        Ok(keymap) => keymap,
        Err(reason) => return refuse(&reason),
    };
    let (log, notice) = start_log(&loaded);
    let exit = match run(&loaded.config, keymap, notice, source, dest) {
        Ok(exit) => exit,
        Err(error) => {
            complain(&error.to_string());
            Exit::Failed
        }
    };
    drop(log);
    exit
}

fn run(
    config: &Config,
    keymap: Keymap,
    notice: Option<String>,
    source: Option<PathBuf>,
    dest: Option<PathBuf>,
) -> io::Result<Exit> {
    let here = || PathBuf::from(".");
    let source = std::path::absolute(source.unwrap_or_else(here))?;
    let dest = std::path::absolute(dest.unwrap_or_else(here))?;
    let (client, engine) = session::local()?;
    let mut stuck = false;
    let settings = Settings {
        notice,
        keymap,
        // Without one nothing is kept, which the notice about the log says.
        state_dir: config::state_dir().ok(),
        ..settings(config)
    };
    let exit = match tui::run(client, settings, source, dest) {
        Ok(outcome) => {
            // A thread that hangs in the kernel would keep the shell waiting; the process's end
            // takes it along as soon as the kernel lets go.
            stuck = outcome.engine_stuck;
            for line in &outcome.lines {
                report::say_on_stderr(line);
            }
            outcome.signal.map_or(Exit::Good, Exit::Signal)
        }
        Err(error) => {
            complain(&error.to_string());
            match error {
                tui::Error::NoTerminal => Exit::Usage,
                tui::Error::Terminal(_) | tui::Error::EngineEnded => Exit::Failed,
            }
        }
    };
    if !stuck {
        engine.join()?;
    }
    Ok(exit)
}

fn settings(config: &Config) -> Settings {
    Settings {
        frames_per_second: u32::from(config.screen.frames_per_second),
        show_hidden: config.screen.show_hidden,
        sort: Sort {
            key: match config.screen.sort {
                crate::config::Sort::Name => SortKey::Name,
                crate::config::Sort::Size => SortKey::Size,
                crate::config::Sort::Date => SortKey::Date,
                crate::config::Sort::Extension => SortKey::Extension,
            },
            reversed: false,
        },
        frame_types: config.copy.frame_types.clone(),
        keymap: Keymap::default(),
        slow_line: wanted(config.screen.slow_line),
        title: wanted(config.screen.title),
        mouse: wanted(config.screen.mouse),
        hangup: config.screen.hangup,
        state_dir: None,
        notice: None,
        ascii: wanted(config.screen.ascii),
        colour: config.screen.colour,
        theme: config.theme.clone(),
        defaults: JobSpec {
            naming: Naming::Into,
            conflict: config.copy.conflict,
            ..config.copy.spec()
        },
    }
}

const fn wanted(when: When) -> Option<bool> {
    match when {
        When::Auto => None,
        When::Always => Some(true),
        When::Never => Some(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::Strategy;
    use crate::sequence::FrameTypes;

    #[test]
    fn the_configuration_reaches_the_screen() {
        let mut config = Config::default();
        config.copy.strategy = Strategy::Reflink;
        config.copy.tuning.file_workers = Some(3);
        config.screen.sort = crate::config::Sort::Date;
        config.screen.ascii = When::Always;
        config.copy.frame_types = FrameTypes::new(["npy"]);
        config.screen.colour = crate::config::Colours::Never;
        config.theme.name = crate::config::ThemeName::Light;
        let settings = settings(&config);
        assert_eq!(settings.defaults.strategy, Strategy::Reflink);
        assert_eq!(settings.defaults.tuning.file_workers, Some(3));
        assert_eq!(settings.sort.key, SortKey::Date);
        assert_eq!(settings.ascii, Some(true));
        assert_eq!(settings.colour, crate::config::Colours::Never);
        assert_eq!(settings.theme, config.theme);
        assert_eq!(settings.frame_types, config.copy.frame_types);
        assert_eq!(settings.defaults.frame_types, Some(vec!["npy".to_owned()]));
    }
}
