//! Putting the configuration together: defaults, then the file, then the environment.

use super::keys::{KEYS, Key};
use super::{Binding, Config, Value, paths, routes};
use crate::text;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::{fs, io};
use toml::de::{DeTable, DeValue};

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
    };
    if let Some(path) = loaded.path.clone() {
        match fs::read_to_string(&path) {
            Ok(text) => {
                loaded.found = true;
                read_file(&mut loaded, &path, &text)?;
            }
            Err(error)
                if named.is_none()
                    && matches!(
                        error.kind(),
                        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                    ) => {}
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

fn read_file(loaded: &mut Loaded, path: &Path, text: &str) -> Result<(), ConfigError> {
    let bad = |offset: usize, reason: String| ConfigError::Bad {
        path: path.to_path_buf(),
        line: text
            .char_indices()
            .filter(|(at, character)| *at < offset && *character == '\n')
            .count()
            + 1,
        reason,
    };
    let document = DeTable::parse(text).map_err(|error| {
        let reason = text::shown(error.message().as_bytes()).into_owned();
        bad(error.span().map_or(0, |span| span.start), reason)
    })?;
    for (section, table) in document.get_ref() {
        let sections = || {
            let mut names: Vec<_> = KEYS.iter().map(|key| key.section).collect();
            names.dedup();
            names.extend(["keys", "route"]);
            names.join(", ")
        };
        let shown = text::shown(section.get_ref().as_bytes());
        if section.get_ref() == "route" {
            loaded.config.copy.routes = routes::read(table.get_ref(), section.span().start)
                .map_err(|(at, reason)| bad(at, reason))?;
            continue;
        }
        let is_keys = section.get_ref() == "keys";
        if !is_keys && !KEYS.iter().any(|key| key.section == section.get_ref()) {
            let reason = format!("'{shown}': unknown key; the sections are {}", sections());
            return Err(bad(section.span().start, reason));
        }
        let DeValue::Table(table) = table.get_ref() else {
            let reason = format!("'{shown}': a section is expected, [{shown}]");
            return Err(bad(section.span().start, reason));
        };
        if is_keys {
            let mut bindings = Vec::new();
            read_bindings(table, None, &mut bindings)
                .map_err(|(at, reason)| bad(at, format!("'keys.{reason}")))?;
            loaded.config.keys = bindings;
            continue;
        }
        for (name, value) in table {
            let full = format!("{shown}.{}", text::shown(name.get_ref().as_bytes()));
            let known = KEYS
                .iter()
                .position(|key| key.section == section.get_ref() && key.name == name.get_ref());
            let Some(at) = known else {
                let names: Vec<_> = KEYS
                    .iter()
                    .filter(|key| key.section == section.get_ref())
                    .map(|key| key.name)
                    .collect();
                let reason = format!("'{full}': unknown key; known are {}", names.join(", "));
                return Err(bad(name.span().start, reason));
            };
            plain(value.get_ref())
                .and_then(|plain| (KEYS[at].set)(&mut loaded.config, &plain))
                .map_err(|reason| bad(value.span().start, format!("'{full}': {reason}")))?;
            loaded.origins[at] = Origin::File;
        }
    }
    Ok(())
}

/// Reads `[keys]`, and `[keys.queue]` and its kin below it; what is wrong, and where.
fn read_bindings(
    table: &DeTable<'_>,
    place: Option<&str>,
    bindings: &mut Vec<Binding>,
) -> Result<(), (usize, String)> {
    for (name, value) in table {
        let shown = text::shown(name.get_ref().as_bytes()).into_owned();
        let wrong = |reason: &str| (value.span().start, format!("{shown}': {reason}"));
        let keys = match value.get_ref() {
            DeValue::Table(inner) if place.is_none() => {
                read_bindings(inner, Some(name.get_ref()), bindings)
                    .map_err(|(at, reason)| (at, format!("{shown}.{reason}")))?;
                continue;
            }
            DeValue::Table(_) => return Err(wrong("a key or a list of keys is expected")),
            other => match plain(other) {
                Ok(Value::Text(key)) => vec![key],
                Ok(Value::List(keys)) => keys,
                _ => return Err(wrong("a key or a list of keys is expected")),
            },
        };
        bindings.push(Binding {
            place: place.map(str::to_owned),
            action: name.get_ref().to_string(),
            keys,
        });
    }
    Ok(())
}

pub(super) fn plain(value: &DeValue<'_>) -> Result<Value, String> {
    match value {
        DeValue::String(text) => Ok(Value::Text(text.to_string())),
        DeValue::Boolean(on) => Ok(Value::Flag(*on)),
        DeValue::Integer(digits) => i64::from_str_radix(digits.as_str(), digits.radix())
            .map(Value::Number)
            .map_err(|_| "the number is too large".to_owned()),
        DeValue::Array(items) => items
            .iter()
            .map(|item| match item.get_ref() {
                DeValue::String(text) => Ok(text.to_string()),
                _ => Err("a list of strings is expected".to_owned()),
            })
            .collect::<Result<_, _>>()
            .map(Value::List),
        other => Err(format!("a {} has no place here", other.type_str())),
    }
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

    fn refused(text: &str) -> String {
        from_text(text).expect_err("refused").to_string()
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
    fn keys_are_read_for_everywhere_and_for_one_place() {
        let text = "[keys]\npause = \"z\"\nmark = []\n[keys.queue]\ncancel = [\"x\", \"<del>\"]\n";
        let loaded = from_text(text).expect("loads");
        let told: Vec<_> = loaded
            .config
            .keys
            .iter()
            .map(|one| {
                (
                    one.place.as_deref(),
                    one.action.as_str(),
                    one.keys.join(" "),
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                (None, "mark", String::new()),
                (None, "pause", "z".to_owned()),
                (Some("queue"), "cancel", "x <del>".to_owned())
            ]
        );
        for (text, expected) in [
            (
                "[keys]\npause = 3\n",
                "c.toml:2: 'keys.pause': a key or a list",
            ),
            (
                "[keys.queue]\n\npause = [3]\n",
                "c.toml:3: 'keys.queue.pause': a key",
            ),
        ] {
            let message = refused(text);
            assert!(message.contains(expected), "{message}");
        }
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
    fn what_is_wrong_is_named_with_its_line() {
        for (text, expected) in [
            (
                "[copy]\n\nstrateg = \"auto\"\n",
                "c.toml:3: 'copy.strateg': unknown key",
            ),
            (
                "[copy]\nstrategy = \"fast\"\n",
                "c.toml:2: 'copy.strategy': 'fast' is none of auto",
            ),
            (
                "[copy]\nstrategy = 3\n",
                "c.toml:2: 'copy.strategy': one of auto",
            ),
            ("\n[copi]\n", "c.toml:2: 'copi': unknown key"),
            ("copy = 3\n", "c.toml:1: 'copy': a section"),
            ("\n[route]\nfrom = \"/a\"\n", "c.toml:2: 'route': [[route]]"),
            (
                "[[route]]\nfrom = \"/a\"\n",
                "c.toml:1: 'route': 'to' is missing",
            ),
            (
                "[[route]]\nfrom = \"/a\"\nto = \"/b\"\nspeed = 3\n",
                "c.toml:4: 'route.speed': unknown key; known are from",
            ),
            (
                "[[route]]\nfrom = \"/a\"\nto = \"/b\"\nstrategy = \"x\"\n",
                "c.toml:4: 'route.strategy': 'x' is none of",
            ),
            (
                "[[route]]\nfrom = \"a\"\nto = \"/b\"\n",
                "c.toml:2: 'route.from': a path from / on",
            ),
            (
                "[copy]\nfile_workers = 0\n",
                "c.toml:2: 'copy.file_workers': a number from 1",
            ),
            (
                "[copy]\nfile_workers = \"4\"\n",
                "c.toml:2: 'copy.file_workers': a number",
            ),
            (
                "[copy]\nchunk_size = \"4Q\"\n",
                "c.toml:2: 'copy.chunk_size': '4Q' is not a size",
            ),
            (
                "[copy]\nbuffer_size = \"0\"\n",
                "c.toml:2: 'copy.buffer_size': 0 B is out of range",
            ),
            (
                "[copy]\nexclude = [1]\n",
                "c.toml:2: 'copy.exclude': a list of strings",
            ),
            (
                "[screen]\nframes_per_second = 60\n",
                "c.toml:2: 'screen.frames_per_second': a number from 1 to 20",
            ),
            (
                "[copy]\nsync = \"a\"\nsync = \"b\"\n",
                "c.toml:3: duplicate key",
            ),
            (
                "[copy]\npreserve = [\"mode\", \"tags\"]\n",
                "c.toml:2: 'copy.preserve': 'tags' is none of mode",
            ),
            (
                "[copy]\nlimit = 0\n",
                "c.toml:2: 'copy.limit': nothing would ever",
            ),
            (
                "[copy]\nretries = 101\n",
                "c.toml:2: 'copy.retries': a number from 0 to 100",
            ),
            ("[copy\n", "c.toml:1: "),
        ] {
            let message = refused(text);
            assert!(message.contains(expected), "{message}");
        }
        let message = refused("[copy]\nsync = \"\\u001b[2J\"\n");
        assert!(!message.contains('\x1b'), "{message}");
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
