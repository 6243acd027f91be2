//! The table of settings: names, words for people, and how each is read and written.

use super::{Config, Level, Sort, When};
use crate::proto::{Conflict, Durability, Strategy};
use crate::{text, units};
use std::borrow::Cow;

/// Workers of one kind at most: beyond it threads only wait for each other.
pub const MAX_WORKERS: u16 = 1024;

/// Bytes of one buffer at most; each worker has one.
pub const MAX_BUFFER_SIZE: u64 = 1 << 30;

/// A value as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A string of the file.
    Text(String),
    /// A number of the file.
    Number(i64),
    /// `true` or `false` of the file.
    Flag(bool),
    /// A list of strings of the file.
    List(Vec<String>),
    /// The text of an environment variable: whatever the setting wants, spelled out.
    Raw(String),
}

/// One setting.
#[derive(Debug)]
pub struct Key {
    /// The table of the file it is in.
    pub section: &'static str,
    /// Its name in that table.
    pub name: &'static str,
    /// The environment variable that sets it.
    pub variable: &'static str,
    /// What it does, a sentence a line.
    pub doc: &'static str,
    /// Takes a value over, or says in words what is wrong with it.
    pub set: fn(&mut Config, &Value) -> Result<(), String>,
    /// The value as the file would hold it.
    pub get: fn(&Config) -> String,
}

/// Every setting, in the order of the example file; those of a section stand together.
pub const KEYS: &[Key] = &[
    Key {
        section: "copy",
        name: "strategy",
        variable: "HAUL_STRATEGY",
        doc: "How bytes are moved: auto, baseline, buffered, sendfile, copy-file-range, reflink, parallel.",
        set: |config, value| {
            let names = Strategy::ALL.map(Strategy::name);
            word(value, Strategy::from_name, &names).map(|strategy| config.copy.strategy = strategy)
        },
        get: |config| quoted(config.copy.strategy.name()),
    },
    Key {
        section: "copy",
        name: "conflict",
        variable: "HAUL_CONFLICT",
        doc: "What happens to an existing name with other content: refuse, skip, overwrite, newer, rename.",
        set: |config, value| {
            let names = Conflict::ALL.map(Conflict::name);
            word(value, Conflict::from_name, &names).map(|policy| config.copy.conflict = policy)
        },
        get: |config| quoted(config.copy.conflict.name()),
    },
    Key {
        section: "copy",
        name: "sync",
        variable: "HAUL_SYNC",
        doc: "What must be on the device at the end: none, job (one flush at the end), file (each file).",
        set: |config, value| {
            let names = Durability::ALL.map(Durability::name);
            word(value, Durability::from_name, &names).map(|level| config.copy.sync = level)
        },
        get: |config| quoted(config.copy.sync.name()),
    },
    Key {
        section: "copy",
        name: "file_workers",
        variable: "HAUL_FILE_WORKERS",
        doc: "Files in flight at a time, or auto.",
        set: |config, value| workers(value).map(|count| config.copy.tuning.file_workers = count),
        get: |config| automatic(config.copy.tuning.file_workers, |count| count.to_string()),
    },
    Key {
        section: "copy",
        name: "chunk_workers",
        variable: "HAUL_CHUNK_WORKERS",
        doc: "Ranges of one large file in flight at a time, or auto.",
        set: |config, value| workers(value).map(|count| config.copy.tuning.chunk_workers = count),
        get: |config| automatic(config.copy.tuning.chunk_workers, |count| count.to_string()),
    },
    Key {
        section: "copy",
        name: "chunk_size",
        variable: "HAUL_CHUNK_SIZE",
        doc: "Size of one range of a large file, such as \"64MiB\", or auto. Rounded up to 2 MiB.",
        set: |config, value| {
            size(value, 1, u64::MAX).map(|size| config.copy.tuning.chunk_size = size)
        },
        get: |config| automatic(config.copy.tuning.chunk_size, exact_size),
    },
    Key {
        section: "copy",
        name: "buffer_size",
        variable: "HAUL_BUFFER_SIZE",
        doc: "Size of one worker's buffer, such as \"1MiB\", or auto (256 KiB).",
        set: |config, value| {
            size(value, 1, MAX_BUFFER_SIZE).map(|size| config.copy.tuning.buffer_size = size)
        },
        get: |config| automatic(config.copy.tuning.buffer_size, exact_size),
    },
    Key {
        section: "copy",
        name: "parallel_min_size",
        variable: "HAUL_PARALLEL_MIN_SIZE",
        doc: "Size from which a file is copied in ranges by several workers, or auto (128 MiB).",
        set: |config, value| {
            size(value, 0, u64::MAX).map(|size| config.copy.tuning.parallel_min_size = size)
        },
        get: |config| automatic(config.copy.tuning.parallel_min_size, exact_size),
    },
    Key {
        section: "copy",
        name: "exclude",
        variable: "HAUL_EXCLUDE",
        doc: "Patterns of what to leave out; one with a `/` is matched against the whole path below the source.\nThe variable separates them with colons; --exclude adds to them.",
        set: |config, value| patterns(value).map(|list| config.copy.filters.exclude = list),
        get: |config| {
            let patterns: Vec<String> = config
                .copy
                .filters
                .exclude
                .iter()
                .map(|one| quoted(one))
                .collect();
            format!("[{}]", patterns.join(", "))
        },
    },
    Key {
        section: "copy",
        name: "exclude_vcs",
        variable: "HAUL_EXCLUDE_VCS",
        doc: "Whether version control's own data (.git, .hg, .svn and kin) is left out.",
        set: |config, value| flag(value).map(|on| config.copy.filters.exclude_vcs = on),
        get: |config| config.copy.filters.exclude_vcs.to_string(),
    },
    Key {
        section: "screen",
        name: "frames_per_second",
        variable: "HAUL_FRAMES_PER_SECOND",
        doc: "Frames drawn in a second at most, 1 to 20; fewer spare a slow connection.",
        set: |config, value| {
            number(value, 1, 20).map(|frames| config.screen.frames_per_second = frames as u16)
        },
        get: |config| config.screen.frames_per_second.to_string(),
    },
    Key {
        section: "screen",
        name: "show_hidden",
        variable: "HAUL_SHOW_HIDDEN",
        doc: "Whether the panes begin with hidden files shown. They are copied either way.",
        set: |config, value| flag(value).map(|on| config.screen.show_hidden = on),
        get: |config| config.screen.show_hidden.to_string(),
    },
    Key {
        section: "screen",
        name: "sort",
        variable: "HAUL_SORT",
        doc: "What the panes begin sorted by: name, size, date, extension.",
        set: |config, value| {
            let names: Vec<_> = Sort::ALL.iter().map(|sort| sort.name()).collect();
            word(value, Sort::from_name, &names).map(|sort| config.screen.sort = sort)
        },
        get: |config| quoted(config.screen.sort.name()),
    },
    Key {
        section: "screen",
        name: "ascii",
        variable: "HAUL_ASCII",
        doc: "Whether plain ASCII is drawn in place of lines and blocks: auto, always, never.",
        set: |config, value| when(value).map(|when| config.screen.ascii = when),
        get: |config| quoted(config.screen.ascii.name()),
    },
    Key {
        section: "screen",
        name: "colour",
        variable: "HAUL_COLOUR",
        doc: "Whether colour is used: auto (NO_COLOR is respected), always, never.",
        set: |config, value| when(value).map(|when| config.screen.colour = when),
        get: |config| quoted(config.screen.colour.name()),
    },
    Key {
        section: "log",
        name: "level",
        variable: "HAUL_LOG",
        doc: "How much goes into the log: off, error, warn, info, debug, trace.",
        set: |config, value| {
            let names: Vec<_> = Level::ALL.iter().map(|level| level.name()).collect();
            word(value, Level::from_name, &names).map(|level| config.log.level = level)
        },
        get: |config| quoted(config.log.level.name()),
    },
];

/// `config.example.toml`: every setting with its words and its default, commented out.
pub fn example() -> String {
    let mut lines: Vec<String> = [
        "# Configuration of haul. Every line that is commented out shows a default.",
        "# `haul config --path` says where the file belongs, `haul config` what is in force and why.",
        "# An environment variable beats the file, an option on the command line beats both.",
    ]
    .map(str::to_owned)
    .to_vec();
    let config = Config::default();
    let mut section = "";
    for key in KEYS {
        if key.section != section {
            section = key.section;
            lines.extend([String::new(), format!("[{section}]")]);
        }
        lines.push(String::new());
        lines.extend(key.doc.lines().map(|line| format!("# {line}")));
        lines.push(format!("# Environment: {}", key.variable));
        lines.push(format!("#{} = {}", key.name, (key.get)(&config)));
    }
    lines.push(String::new());
    lines.join("\n")
}

fn word<T>(value: &Value, from: fn(&str) -> Option<T>, names: &[&str]) -> Result<T, String> {
    let (Value::Text(word) | Value::Raw(word)) = value else {
        return Err(format!("one of {} is expected", names.join(", ")));
    };
    from(word).ok_or_else(|| format!("'{}' is none of {}", shown(word), names.join(", ")))
}

fn when(value: &Value) -> Result<When, String> {
    let names: Vec<_> = When::ALL.iter().map(|when| when.name()).collect();
    word(value, When::from_name, &names)
}

fn flag(value: &Value) -> Result<bool, String> {
    match value {
        Value::Flag(on) => Ok(*on),
        Value::Raw(word) if word == "true" || word == "1" => Ok(true),
        Value::Raw(word) if word == "false" || word == "0" => Ok(false),
        _ => Err("true or false is expected".to_owned()),
    }
}

fn number(value: &Value, least: i64, most: i64) -> Result<i64, String> {
    let number = match value {
        Value::Number(number) => Some(*number),
        Value::Raw(word) => word.parse().ok(),
        _ => None,
    };
    number
        .filter(|number| (least..=most).contains(number))
        .ok_or_else(|| format!("a number from {least} to {most} is expected"))
}

fn is_auto(value: &Value) -> bool {
    matches!(value, Value::Text(word) | Value::Raw(word) if word == "auto")
}

/// A number of workers; `None` is automatic.
pub fn workers(value: &Value) -> Result<Option<u16>, String> {
    if is_auto(value) {
        return Ok(None);
    }
    number(value, 1, i64::from(MAX_WORKERS))
        .map(|count| Some(count as u16))
        .map_err(|reason| format!("{reason}, or \"auto\""))
}

/// A size in bytes from `least` to `most`; `None` is automatic.
pub fn size(value: &Value, least: u64, most: u64) -> Result<Option<u64>, String> {
    if is_auto(value) {
        return Ok(None);
    }
    let bytes = match value {
        Value::Text(word) | Value::Raw(word) => units::parse_size(word)?,
        Value::Number(bytes) => {
            u64::try_from(*bytes).map_err(|_| format!("{bytes} is not a size"))?
        }
        _ => return Err("a size such as \"4MiB\", or \"auto\", is expected".to_owned()),
    };
    if (least..=most).contains(&bytes) {
        return Ok(Some(bytes));
    }
    Err(format!(
        "{} is out of range: {} to {}",
        units::size(bytes),
        units::size(least),
        units::size(most)
    ))
}

fn patterns(value: &Value) -> Result<Vec<String>, String> {
    list(value)?.into_iter().map(|one| pattern(&one)).collect()
}

/// A pattern of what to leave out, as it is given, or what is wrong with it.
pub fn pattern(text: &str) -> Result<String, String> {
    match globset::Glob::new(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(format!("'{}' is no pattern: {}", shown(text), error.kind())),
    }
}

fn list(value: &Value) -> Result<Vec<String>, String> {
    match value {
        Value::List(list) => Ok(list.clone()),
        Value::Raw(words) => Ok(words
            .split(':')
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect()),
        _ => Err("a list of strings is expected".to_owned()),
    }
}

fn automatic<T>(value: Option<T>, write: impl Fn(T) -> String) -> String {
    value.map_or_else(|| quoted("auto"), write)
}

/// The size in the largest unit that says it without loss.
fn exact_size(bytes: u64) -> String {
    for (shift, unit) in [(30, "GiB"), (20, "MiB"), (10, "KiB")] {
        if bytes > 0 && bytes.trailing_zeros() >= shift {
            return quoted(&format!("{}{unit}", bytes >> shift));
        }
    }
    quoted(&bytes.to_string())
}

/// A string of the file in which nothing acts on a terminal.
fn quoted(text: &str) -> String {
    let inside: String = text
        .chars()
        .map(|character| match character {
            '"' | '\\' => format!("\\{character}"),
            _ if matches!(shown(character.encode_utf8(&mut [0; 4])), Cow::Borrowed(_)) => {
                character.to_string()
            }
            _ => format!("\\U{:08x}", u32::from(character)),
        })
        .collect();
    format!("\"{inside}\"")
}

fn shown(text: &str) -> Cow<'_, str> {
    text::shown(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::{DEFAULT_BUFFER_SIZE, DEFAULT_PARALLEL_MIN_SIZE};

    #[test]
    fn the_table_is_sound() {
        for (at, key) in KEYS.iter().enumerate() {
            assert!(key.variable.starts_with("HAUL_"), "{}", key.name);
            assert!(
                !key.doc.is_empty() && key.doc.ends_with('.'),
                "{}",
                key.name
            );
            for other in &KEYS[at + 1..] {
                assert_ne!(key.variable, other.variable);
                assert_ne!((key.section, key.name), (other.section, other.name));
            }
        }
    }

    #[test]
    fn the_words_in_the_docs_are_the_defaults() {
        assert_eq!(units::size(DEFAULT_BUFFER_SIZE), "256 KiB");
        assert_eq!(units::size(DEFAULT_PARALLEL_MIN_SIZE), "128 MiB");
    }

    #[test]
    fn sizes_are_written_without_loss() {
        for bytes in [0, 1, 1023, 1024, 3 << 20, (3 << 20) + 1, 5 << 30, u64::MAX] {
            let written = exact_size(bytes);
            assert_eq!(
                units::parse_size(written.trim_matches('"')),
                Ok(bytes),
                "{written}"
            );
        }
    }
}
