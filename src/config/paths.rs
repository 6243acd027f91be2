//! Where the configuration and the logs live, as the XDG base directories say.
//!
//! Nothing is made or read here.

use directories::ProjectDirs;
use std::path::PathBuf;

/// The configuration file when none is named: `$XDG_CONFIG_HOME/haul/config.toml`, by default
/// below `~/.config`. `None` without a home directory.
pub fn config_file() -> Option<PathBuf> {
    project().map(|dirs| dirs.config_dir().join("config.toml"))
}

/// The directory of the logs: `$XDG_STATE_HOME/haul`, by default below `~/.local/state`. `None`
/// without a home directory.
pub fn state_dir() -> Option<PathBuf> {
    project().and_then(|dirs| dirs.state_dir().map(PathBuf::from))
}

fn project() -> Option<ProjectDirs> {
    ProjectDirs::from("", "", "haul")
}
