//! Where the configuration and the logs live, as the XDG base directories say.
//!
//! Nothing is made or read here.

use directories::{BaseDirs, ProjectDirs};
use std::path::PathBuf;

/// The configuration file when none is named: `$XDG_CONFIG_HOME/haul/config.toml`, by default
/// below `~/.config`. `None` without a home directory.
pub fn config_file() -> Option<PathBuf> {
    let dirs = project()?;
    // A relative home directory would be looked for wherever haul is started.
    let file = dirs.config_dir().join("config.toml");
    file.is_absolute().then_some(file)
}

/// The directory of the logs: `$XDG_STATE_HOME/haul`, by default below `~/.local/state`.
///
/// # Errors
/// Why there is none, in words: no home directory is told, or the one told is no absolute path or
/// is not there. A home directory is never made: `/nonexistent` is that of users who must have none.
pub fn state_dir() -> Result<PathBuf, &'static str> {
    // `directories` takes this one, where it is absolute, in place of the home directory.
    let named = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from);
    let dirs = project().ok_or("no home directory")?;
    let state = dirs.state_dir().ok_or("no home directory")?;
    if named.is_some_and(|named| named.is_absolute() && state.starts_with(&named)) {
        return Ok(state.to_path_buf());
    }
    match BaseDirs::new() {
        None => Err("no home directory"),
        Some(base) if !base.home_dir().is_absolute() => {
            Err("the home directory is no absolute path")
        }
        Some(base) if !base.home_dir().is_dir() => Err("the home directory is not there"),
        Some(_) => Ok(state.to_path_buf()),
    }
}

fn project() -> Option<ProjectDirs> {
    ProjectDirs::from("", "", "haul")
}
