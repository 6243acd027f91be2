//! `[[route]]`: what was measured between two file systems. Read with the rest of the file; written
//! by `haul bench --save`, which leaves every other line as it is.

use super::file::plain;
use super::values::{Value, exact_size, size, word, workers};
use super::{MAX_BUFFER_SIZE, MIN_BUFFER_SIZE};
use crate::proto::{Best, BytePath, RouteProfile, Strategy};
use std::path::{Path, PathBuf};
use std::{fs, io};
use toml::de::{DeTable, DeValue};
use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, value};

/// The keys of a route, in the order they are written.
const KEYS: [&str; 6] = [
    "from",
    "to",
    "strategy",
    "file_workers",
    "chunk_workers",
    "buffer_size",
];

/// What the example file says of them: there is no default to show.
pub(super) fn example() -> Vec<String> {
    [
        "",
        "# What was measured between two file systems, each named by any directory on it; `haul bench",
        "# strategies --from /shots --to /mnt/filer --save` writes it. Where nobody asks for something else",
        "# `auto` begins with it. There may be several; the first that fits counts.",
        "# [[route]]",
        "# from = \"/shots\"",
        "# to = \"/mnt/filer\"",
        "# strategy = \"direct\"",
        "# file_workers = 16",
        "# chunk_workers = 4",
        "# buffer_size = \"1MiB\"",
    ]
    .map(str::to_owned)
    .to_vec()
}

/// Reads all routes; what is wrong, and where. `at` is where the first begins.
pub(super) fn read(routes: &DeValue<'_>, at: usize) -> Result<Vec<RouteProfile>, (usize, String)> {
    let wrong = || (at, "'route': [[route]] is expected".to_owned());
    let DeValue::Array(routes) = routes else {
        return Err(wrong());
    };
    let one = |route: &toml::Spanned<DeValue<'_>>| match route.get_ref() {
        DeValue::Table(table) => read_one(table, route.span().start),
        _ => Err(wrong()),
    };
    routes.iter().map(one).collect()
}

fn read_one(table: &DeTable<'_>, at: usize) -> Result<RouteProfile, (usize, String)> {
    let mut route = RouteProfile::default();
    for (name, value) in table {
        let shown = crate::text::shown(name.get_ref().as_bytes()).into_owned();
        let set = plain(value.get_ref()).and_then(|plain| match name.get_ref().as_ref() {
            "from" => directory(&plain).map(|path| route.from = path),
            "to" => directory(&plain).map(|path| route.to = path),
            key => set(&mut route.best, key, &plain),
        });
        let known = KEYS.contains(&name.get_ref().as_ref());
        let place = if known { value.span() } else { name.span() };
        set.map_err(|reason| (place.start, format!("'route.{shown}': {reason}")))?;
    }
    for (name, path) in [("from", &route.from), ("to", &route.to)] {
        if path.as_path().as_os_str().is_empty() {
            return Err((at, format!("'route': '{name}' is missing")));
        }
    }
    Ok(route)
}

fn set(best: &mut Best, key: &str, value: &Value) -> Result<(), String> {
    match key {
        "strategy" => {
            let names = Strategy::ALL.map(Strategy::name);
            best.strategy = Some(word(value, Strategy::from_name, &names)?);
        }
        "file_workers" => best.file_workers = workers(value)?,
        "chunk_workers" => best.chunk_workers = workers(value)?,
        "buffer_size" => {
            best.buffer_size = size(value, MIN_BUFFER_SIZE, MAX_BUFFER_SIZE)?;
        }
        _ => return Err(format!("unknown key; known are {}", KEYS.join(", "))),
    }
    Ok(())
}

fn directory(value: &Value) -> Result<BytePath, String> {
    match value {
        Value::Text(path) if Path::new(path).is_absolute() => Ok(BytePath::from(Path::new(path))),
        _ => Err("a path from / on is expected".to_owned()),
    }
}

/// Why a route could not be kept.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    /// The file cannot be read or written.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It is no TOML, or holds something else where routes belong.
    #[error("it cannot be added to: {0}")]
    Form(String),
    /// A path that the file cannot hold.
    #[error("a path is not text")]
    Path,
}

/// Puts a route into the file at `path`, in place of what it says of the same two directories; the
/// file is made when there is none. Written beside it and renamed.
pub fn save(path: &Path, route: &RouteProfile) -> Result<(), SaveError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error.into()),
    };
    let mut document: DocumentMut = text
        .parse()
        .map_err(|error: toml_edit::TomlError| SaveError::Form(error.message().to_owned()))?;
    let routes = document
        .entry("route")
        .or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()))
        .as_array_of_tables_mut()
        .ok_or_else(|| SaveError::Form("'route' is no list of tables".to_owned()))?;
    let table = table(route)?;
    let same = |known: &Table| {
        ["from", "to"].iter().all(|key| {
            known.get(key).and_then(Item::as_str) == table.get(key).and_then(Item::as_str)
        })
    };
    let known = routes.iter().position(same);
    match known.and_then(|at| routes.get_mut(at)) {
        Some(known) => {
            for key in KEYS {
                match table.get(key) {
                    Some(item) => known[key] = item.clone(),
                    None => {
                        known.remove(key);
                    }
                }
            }
        }
        None => routes.push(table.clone()),
    }
    let parent = path.parent().filter(|up| !up.as_os_str().is_empty());
    let parent: PathBuf = parent.unwrap_or(Path::new(".")).to_path_buf();
    fs::create_dir_all(&parent)?;
    let beside = path.with_extension("toml.new");
    fs::write(&beside, document.to_string())?;
    fs::rename(&beside, path)?;
    Ok(())
}

fn table(route: &RouteProfile) -> Result<Table, SaveError> {
    let text = |path: &BytePath| path.as_path().to_str().map(value).ok_or(SaveError::Path);
    let mut table = Table::new();
    table["from"] = text(&route.from)?;
    table["to"] = text(&route.to)?;
    let Best {
        strategy,
        file_workers,
        chunk_workers,
        buffer_size,
    } = route.best;
    if let Some(strategy) = strategy {
        table["strategy"] = value(strategy.name());
    }
    for (key, count) in [
        ("file_workers", file_workers),
        ("chunk_workers", chunk_workers),
    ] {
        if let Some(count) = count {
            table[key] = value(i64::from(count));
        }
    }
    if let Some(size) = buffer_size {
        table["buffer_size"] = value(exact_size(size).trim_matches('"'));
    }
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;

    #[test]
    fn what_is_saved_is_read_again_and_all_else_stays() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("haul/config.toml");
        let mut route = RouteProfile {
            from: BytePath::from(Path::new("/shots")),
            to: BytePath::from(Path::new("/mnt/filer")),
            best: Best {
                strategy: Some(Strategy::Direct),
                file_workers: Some(16),
                chunk_workers: None,
                buffer_size: Some(1 << 20),
            },
        };
        save(&path, &route).expect("made");
        let before = fs::read_to_string(&path).expect("text");
        let mine = format!("# mine\n[copy]\nsync = \"file\" # safe\n\n{before}");
        fs::write(&path, mine).expect("written");

        route.best.strategy = None;
        save(&path, &route).expect("replaced");
        let other = RouteProfile {
            to: BytePath::from(Path::new("/tape")),
            ..route.clone()
        };
        save(&path, &other).expect("added");
        let text = fs::read_to_string(&path).expect("text");
        assert!(
            text.starts_with("# mine\n[copy]\nsync = \"file\" # safe\n"),
            "{text}"
        );
        let loaded = config::load(Some(&path), &|_| None).expect("loads");
        assert_eq!(loaded.config.copy.routes, [route, other]);
        assert!(!path.with_extension("toml.new").exists());
    }

    #[test]
    fn what_is_no_configuration_is_left_alone() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("c.toml");
        for text in ["[copy\n", "route = 3\n"] {
            fs::write(&path, text).expect("written");
            assert!(matches!(
                save(&path, &RouteProfile::default()),
                Err(SaveError::Form(_))
            ));
            assert_eq!(fs::read_to_string(&path).expect("text"), text);
        }
    }
}
