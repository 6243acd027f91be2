//! Values as they are found in the file, the environment and the arguments, and how each kind is
//! read and written. Pure functions; what is wrong is said in words that are safe to show.

use crate::proto::Preserve;
use crate::sequence::FrameTypes;
use crate::{globs, text, units};
use std::borrow::Cow;

/// Workers of one kind at most: beyond it threads only wait for each other.
pub const MAX_WORKERS: u16 = 1024;

/// Bytes of one buffer at most.
pub const MAX_BUFFER_SIZE: u64 = 1 << 30;

/// Bytes of one buffer at least: a page.
pub const MIN_BUFFER_SIZE: u64 = 4096;

/// Bytes of all buffers of a job at least.
pub const MIN_BUFFER_BUDGET: u64 = 1 << 20;

/// Times a file may be begun again at most.
pub const MAX_RETRIES: u8 = 100;

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

/// The choice of that word, or all choices.
pub fn word<T>(value: &Value, from: fn(&str) -> Option<T>, names: &[&str]) -> Result<T, String> {
    let (Value::Text(word) | Value::Raw(word)) = value else {
        return Err(format!("one of {} is expected", names.join(", ")));
    };
    from(word).ok_or_else(|| format!("'{}' is none of {}", shown(word), names.join(", ")))
}

/// Yes or no.
pub fn flag(value: &Value) -> Result<bool, String> {
    match value {
        Value::Flag(on) => Ok(*on),
        Value::Raw(word) if word == "true" || word == "1" => Ok(true),
        Value::Raw(word) if word == "false" || word == "0" => Ok(false),
        _ => Err("true or false is expected".to_owned()),
    }
}

/// A whole number from `least` to `most`.
pub fn number(value: &Value, least: i64, most: i64) -> Result<i64, String> {
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

/// A list of patterns.
pub fn patterns(value: &Value) -> Result<Vec<String>, String> {
    list(value)?.into_iter().map(|one| pattern(&one)).collect()
}

/// A list of types of files that are frames.
pub fn frame_types(value: &Value) -> Result<FrameTypes, String> {
    let list = list(value)?;
    if let Some(word) = list.iter().find(|word| !FrameTypes::is_type(word)) {
        let word = shown(word);
        return Err(format!(
            "'{word}' is no type: letters and digits without the dot are expected, such as \"exr\""
        ));
    }
    Ok(FrameTypes::new(list))
}

/// A pattern of names, as it is given, or what is wrong with it.
pub fn pattern(text: &str) -> Result<String, String> {
    let compiled = globs::spelled_out(text)
        .and_then(|glob| globset::Glob::new(&glob).map_err(|error| error.kind().to_string()));
    match compiled {
        Ok(_) => Ok(text.to_owned()),
        Err(reason) => Err(format!("'{}' is no pattern: {reason}", shown(text))),
    }
}

/// Bytes per second at most, with or without `/s`; `None` is no limit.
pub fn limit(value: &Value) -> Result<Option<u64>, String> {
    let bytes = match value {
        Value::Text(word) | Value::Raw(word) if word == "none" => return Ok(None),
        Value::Text(word) | Value::Raw(word) => {
            units::parse_size(word.strip_suffix("/s").unwrap_or(word))?
        }
        Value::Number(bytes) => {
            u64::try_from(*bytes).map_err(|_| format!("{bytes} is not a rate"))?
        }
        _ => return Err("a rate such as \"20MiB\", or \"none\", is expected".to_owned()),
    };
    match bytes {
        0 => Err("nothing would ever be copied at 0 bytes a second".to_owned()),
        bytes => Ok(Some(bytes)),
    }
}

/// What is kept besides the bytes: exactly what is listed.
pub fn kept(value: &Value) -> Result<Preserve, String> {
    let names = match value {
        Value::Raw(words) => words.split([',', ':']).map(str::to_owned).collect(),
        Value::Text(word) => vec![word.clone()],
        _ => list(value)?,
    };
    let mut keep = Preserve::NOTHING;
    if names == ["none"] {
        return Ok(keep);
    }
    for name in names {
        keep_or_drop(&mut keep, &name, true)?;
    }
    Ok(keep)
}

/// Chooses or drops what is kept by its name.
pub fn keep_or_drop(keep: &mut Preserve, name: &str, on: bool) -> Result<(), String> {
    if keep.set(name, on) {
        return Ok(());
    }
    let names = Preserve::NAMES.join(", ");
    Err(format!("'{}' is none of {names}, all", shown(name)))
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

/// A value as the file holds it, `auto` for none.
pub fn automatic<T>(value: Option<T>, write: impl Fn(T) -> String) -> String {
    value.map_or_else(|| quoted("auto"), write)
}

/// The size in the largest unit that says it without loss.
pub fn exact_size(bytes: u64) -> String {
    for (shift, unit) in [(30, "GiB"), (20, "MiB"), (10, "KiB")] {
        if bytes > 0 && bytes.trailing_zeros() >= shift {
            return quoted(&format!("{}{unit}", bytes >> shift));
        }
    }
    quoted(&bytes.to_string())
}

/// A list of the file.
pub fn quoted_list(list: &[String]) -> String {
    let items: Vec<String> = list.iter().map(|one| quoted(one)).collect();
    format!("[{}]", items.join(", "))
}

/// A string of the file in which nothing acts on a terminal.
pub fn quoted(text: &str) -> String {
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

    #[test]
    fn what_is_kept_is_what_is_listed() {
        let raw = |words: &str| kept(&Value::Raw(words.to_owned()));
        assert_eq!(raw("all"), Ok(Preserve::ALL));
        assert_eq!(raw("none"), Ok(Preserve::NOTHING));
        assert_eq!(kept(&Value::List(Vec::new())), Ok(Preserve::NOTHING));
        let two = raw("mode,times").expect("known");
        assert_eq!(two.names(), ["mode", "times"]);
        assert!(raw("mode,time").expect_err("unknown").contains("'time'"));
        assert!(raw("mode,none").is_err() && kept(&Value::Flag(true)).is_err());
    }

    #[test]
    fn types_of_frames_are_words_without_a_dot() {
        let raw = |words: &str| frame_types(&Value::Raw(words.to_owned()));
        let two = raw("NPY:exr").expect("types");
        assert_eq!(two.words().collect::<Vec<_>>(), ["exr", "npy"]);
        assert_eq!(
            frame_types(&Value::List(Vec::new())),
            Ok(FrameTypes::new([""; 0]))
        );
        let reason = raw("exr:.npy").expect_err("a dot");
        assert!(reason.contains("'.npy'"), "{reason}");
        assert!(frame_types(&Value::Number(3)).is_err());
    }

    #[test]
    fn limits_are_rates_and_never_nothing() {
        let raw = |word: &str| limit(&Value::Raw(word.to_owned()));
        assert_eq!(raw("20MiB"), Ok(Some(20 << 20)));
        assert_eq!(raw("1MB/s"), Ok(Some(1_000_000)));
        assert_eq!(raw("none"), Ok(None));
        assert_eq!(limit(&Value::Number(4096)), Ok(Some(4096)));
        assert!(raw("0").is_err() && raw("fast").is_err() && raw("").is_err());
        assert!(limit(&Value::Number(-1)).is_err() && limit(&Value::Flag(true)).is_err());
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
