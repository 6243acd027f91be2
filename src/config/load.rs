//! Putting the configuration together: defaults, then the file, then the environment.

use super::keys::{KEYS, Key};
use super::{Config, Value, file, paths};
use crate::text;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// Where a value in force comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// Nobody said anything.
    #[default]
    Default,
    /// The configuration file.
    File,
    /// The setting's environment variable.
    Variable,
}

/// The configuration in force.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The values.
    pub config: Config,
    /// Where each comes from, in the order of [`KEYS`].
    pub origins: Vec<Origin>,
    /// The file that was looked for; `None` without a home directory and without a name given.
    pub path: Option<PathBuf>,
    /// Whether it was there.
    pub found: bool,
    /// Its usual place may not be entered: somebody else's home, as after a change of user that kept
    /// `HOME`. The defaults hold.
    pub barred: bool,
}

/// Why there is no configuration. Each ends the program with exit code 2.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read configuration '{}': {source}", show(.path))]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is not what it should be.
    #[error("{}:{line}: {reason}", show(.path))]
    Bad {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The key, where there is one, and what is wrong; safe to show.
        reason: String,
    },
    /// An environment variable is not what it should be.
    #[error("environment variable {name}: {reason}")]
    Variable {
        /// Its name.
        name: &'static str,
        /// What is wrong; safe to show.
        reason: String,
    },
}

fn show(path: &Path) -> String {
    text::shown(path.as_os_str().as_bytes()).into_owned()
}

/// Loads the configuration. `named` is the file of the command line; without it `HAUL_CONFIG` is
/// asked, then the usual place, where it need not exist. `variable` answers for the environment;
/// an empty variable is none, and one that no setting knows is nobody's business.
pub fn load(
    named: Option<&Path>,
    variable: &dyn Fn(&str) -> Option<OsString>,
) -> Result<Loaded, ConfigError> {
    let named = by_name(named, variable);
    let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
    let mut loaded = Loaded {
        config: Config::default(),
        origins: vec![Origin::Default; KEYS.len()],
        path: named.clone().or_else(paths::config_file),
        found: false,
        barred: false,
    };
    if let Some(path) = loaded.path.clone() {
        match fs::read_to_string(&path) {
            Ok(text) => {
                loaded.found = true;
                file::read(&text, &mut loaded.config, &mut loaded.origins)
                    .map_err(|(line, reason)| ConfigError::Bad { path, line, reason })?;
            }
            Err(error)
                if named.is_none()
                    && matches!(
                        error.kind(),
                        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                    ) => {}
            // A file that is there and may not be read is the caller's own mistake, and is told.
            Err(error)
                if named.is_none()
                    && error.kind() == io::ErrorKind::PermissionDenied
                    && is_out_of_reach(&path) =>
            {
                loaded.barred = true;
            }
            Err(source) => return Err(ConfigError::Read { path, source }),
        }
    }
    for (at, key) in KEYS.iter().enumerate() {
        if let Some(value) = variable(key.variable) {
            read_variable(&mut loaded.config, key, &value)?;
            loaded.origins[at] = Origin::Variable;
        }
    }
    Ok(loaded)
}

/// True when not even whether it is there may be known.
fn is_out_of_reach(path: &Path) -> bool {
    fs::symlink_metadata(path).is_err_and(|error| error.kind() == io::ErrorKind::PermissionDenied)
}

/// The file that [`load`] would read, whether it is there or not; `None` without a home directory.
pub fn path(named: Option<&Path>, variable: &dyn Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    by_name(named, variable).or_else(paths::config_file)
}

fn by_name(named: Option<&Path>, variable: &dyn Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let configured = || variable("HAUL_CONFIG").filter(|value| !value.is_empty());
    named
        .map(PathBuf::from)
        .or_else(|| configured().map(PathBuf::from))
}

fn read_variable(config: &mut Config, key: &Key, value: &OsStr) -> Result<(), ConfigError> {
    let name = key.variable;
    let Some(value) = value.to_str() else {
        let reason = format!("'{}' is not text", text::shown(value.as_bytes()));
        return Err(ConfigError::Variable { name, reason });
    };
    (key.set)(config, &Value::Raw(value.to_owned()))
        .map_err(|reason| ConfigError::Variable { name, reason })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Level, example};
    use crate::proto::{Conflict, Sparse, Strategy};

    fn from_text(text: &str) -> Result<Loaded, ConfigError> {
        from_both(text, &[])
    }

    fn from_both(text: &str, environment: &[(&str, &str)]) -> Result<Loaded, ConfigError> {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("c.toml");
        fs::write(&path, text).expect("written");
        load(Some(&path), &|name| {
            let found = environment.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| OsString::from(value))
        })
    }

    #[test]
    fn the_example_uncommented_is_the_default() {
        let text: String = example()
            .lines()
            .map(|line| match line.strip_prefix('#') {
                Some(rest) if !rest.starts_with(' ') => format!("{rest}\n"),
                _ => format!("{line}\n"),
            })
            .collect();
        let loaded = from_text(&text).expect("loads");
        assert_eq!(loaded.config, Config::default());
        assert!(loaded.origins.iter().all(|origin| *origin == Origin::File));
        let as_is = from_text(&example()).expect("loads");
        assert_eq!(as_is.config, Config::default());
        assert!(
            as_is
                .origins
                .iter()
                .all(|origin| *origin == Origin::Default)
        );
    }

    #[test]
    fn later_beats_earlier() {
        let text = "[copy]\nstrategy = \"buffered\"\nfile_workers = 4\nbuffer_size = \"1MiB\"\n\
                    exclude = [\"*.tmp\"]\n[screen]\nshow_hidden = true\n";
        let loaded = from_both(
            text,
            &[
                ("HAUL_STRATEGY", "reflink"),
                ("HAUL_LOG", "debug"),
                ("HAUL_CHUNK_WORKERS", "3"),
                ("HAUL_FILE_WORKERS", ""),
                ("HAUL_UNHEARD_OF", "x"),
                ("HAUL_PRESERVE", "mode,times"),
                ("HAUL_SPARSE", "never"),
                ("HAUL_LIMIT", "20MiB"),
                ("HAUL_RETRIES", "0"),
                ("HAUL_INCLUDE", "a*:b"),
            ],
        )
        .expect("loads");
        assert_eq!(loaded.config.copy.strategy, Strategy::Reflink);
        assert_eq!(loaded.config.copy.tuning.file_workers, Some(4));
        assert_eq!(loaded.config.copy.tuning.chunk_workers, Some(3));
        assert_eq!(loaded.config.copy.tuning.buffer_size, Some(1 << 20));
        assert_eq!(loaded.config.copy.filters.exclude, ["*.tmp"]);
        assert_eq!(loaded.config.copy.conflict, Conflict::Ask);
        assert_eq!(loaded.config.copy.spec().conflict, Conflict::Refuse);
        assert_eq!(loaded.config.log.level, Level::Debug);
        assert!(loaded.config.screen.show_hidden);
        let spec = loaded.config.copy.spec();
        assert_eq!(spec.preserve.names(), ["mode", "times"]);
        assert_eq!(spec.sparse, Sparse::Never);
        assert_eq!((spec.limit, spec.retries), (Some(20 << 20), 0));
        assert_eq!(spec.filters.include, ["a*", "b"]);
        assert_eq!(loaded.origins[0], Origin::Variable);
        assert_eq!(loaded.origins[1], Origin::Default);
        let workers = KEYS.iter().position(|key| key.name == "file_workers");
        assert_eq!(loaded.origins[workers.expect("a setting")], Origin::File);
    }

    #[test]
    fn a_bad_variable_is_named() {
        let error = from_both("", &[("HAUL_FILE_WORKERS", "many")]).expect_err("refused");
        assert_eq!(
            error.to_string(),
            "environment variable HAUL_FILE_WORKERS: a number from 1 to 1024 is expected, or \"auto\""
        );
    }

    #[test]
    fn a_file_that_was_named_must_be_there() {
        let missing = Path::new("/nonexistent/haul.toml");
        let error = load(Some(missing), &|_| None).expect_err("refused");
        assert!(
            error.to_string().contains("'/nonexistent/haul.toml'"),
            "{error}"
        );
        let by_variable =
            |name: &str| (name == "HAUL_CONFIG").then(|| OsString::from("/nonexistent/haul.toml"));
        assert!(load(None, &by_variable).is_err());
    }
}
