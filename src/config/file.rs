//! The configuration file: which of its values is which setting, and on which line something is
//! wrong. Reads text; where the text comes from is the business of `load`.

use super::keys::KEYS;
use super::load::Origin;
use super::{Binding, Config, Value, routes};
use crate::text;
use toml::de::{DeTable, DeValue};

/// What is wrong in a file, and on which line, from 1; safe to show.
pub type Wrong = (usize, String);

/// Takes over what the text of a file says; `origins` are those of [`KEYS`].
///
/// # Errors
/// The text is no TOML, or holds what no setting knows or takes. What came before it in the text has
/// been taken over.
pub fn read(text: &str, config: &mut Config, origins: &mut [Origin]) -> Result<(), Wrong> {
    let bad = |offset: usize, reason: String| {
        let before = text.bytes().take(offset);
        (1 + before.filter(|byte| *byte == b'\n').count(), reason)
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
            config.copy.routes = routes::read(table.get_ref(), section.span().start)
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
            config.keys = bindings;
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
                .and_then(|plain| (KEYS[at].set)(config, &plain))
                .map_err(|reason| bad(value.span().start, format!("'{full}': {reason}")))?;
            origins[at] = Origin::File;
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

/// A value as settings take it.
///
/// # Errors
/// It is of a kind that no setting has: a date, a fraction, a table, a list of other things than
/// strings.
pub fn plain(value: &DeValue<'_>) -> Result<Value, String> {
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

    fn read_text(text: &str) -> Result<Config, Wrong> {
        let mut config = Config::default();
        read(text, &mut config, &mut vec![Origin::Default; KEYS.len()]).map(|()| config)
    }

    fn refused(text: &str) -> String {
        let (line, reason) = read_text(text).expect_err("refused");
        format!("{line}: {reason}")
    }

    #[test]
    fn keys_are_read_for_everywhere_and_for_one_place() {
        let text = "[keys]\npause = \"z\"\nmark = []\n[keys.queue]\ncancel = [\"x\", \"<del>\"]\n";
        let config = read_text(text).expect("read");
        let told: Vec<_> = config
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
            ("[keys]\npause = 3\n", "2: 'keys.pause': a key or a list"),
            (
                "[keys.queue]\n\npause = [3]\n",
                "3: 'keys.queue.pause': a key",
            ),
        ] {
            let message = refused(text);
            assert!(message.contains(expected), "{message}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        for (text, expected) in [
            (
                "[copy]\n\nstrateg = \"auto\"\n",
                "3: 'copy.strateg': unknown key",
            ),
            (
                "[copy]\nstrategy = \"fast\"\n",
                "2: 'copy.strategy': 'fast' is none of auto",
            ),
            ("[copy]\nstrategy = 3\n", "2: 'copy.strategy': one of auto"),
            ("\n[copi]\n", "2: 'copi': unknown key"),
            ("copy = 3\n", "1: 'copy': a section"),
            ("\n[route]\nfrom = \"/a\"\n", "2: 'route': [[route]]"),
            ("[[route]]\nfrom = \"/a\"\n", "1: 'route': 'to' is missing"),
            (
                "[[route]]\nfrom = \"/a\"\nto = \"/b\"\nspeed = 3\n",
                "4: 'route.speed': unknown key; known are from",
            ),
            (
                "[[route]]\nfrom = \"/a\"\nto = \"/b\"\nstrategy = \"x\"\n",
                "4: 'route.strategy': 'x' is none of",
            ),
            (
                "[[route]]\nfrom = \"a\"\nto = \"/b\"\n",
                "2: 'route.from': a path from / on",
            ),
            (
                "[copy]\nfile_workers = 0\n",
                "2: 'copy.file_workers': a number from 1",
            ),
            (
                "[copy]\nfile_workers = \"4\"\n",
                "2: 'copy.file_workers': a number",
            ),
            (
                "[copy]\nchunk_size = \"4Q\"\n",
                "2: 'copy.chunk_size': '4Q' is not a size",
            ),
            (
                "[copy]\nbuffer_size = \"0\"\n",
                "2: 'copy.buffer_size': 0 B is out of range",
            ),
            (
                "[copy]\nexclude = [1]\n",
                "2: 'copy.exclude': a list of strings",
            ),
            (
                "[screen]\nframes_per_second = 60\n",
                "2: 'screen.frames_per_second': a number from 1 to 20",
            ),
            ("[copy]\nsync = \"a\"\nsync = \"b\"\n", "3: duplicate key"),
            (
                "[copy]\npreserve = [\"mode\", \"tags\"]\n",
                "2: 'copy.preserve': 'tags' is none of mode",
            ),
            ("[copy]\nlimit = 0\n", "2: 'copy.limit': nothing would ever"),
            (
                "[copy]\nretries = 101\n",
                "2: 'copy.retries': a number from 0 to 100",
            ),
            ("[copy\n", "1: "),
        ] {
            let message = refused(text);
            assert!(message.contains(expected), "{message}");
        }
        let message = refused("[copy]\nsync = \"\\u001b[2J\"\n");
        assert!(!message.contains('\x1b'), "{message}");
    }
}
