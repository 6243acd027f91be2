//! The JSON batch of `haul apply`: read whole, bounded, and every entry that is wrong is named.

use super::report::safe;
use crate::config::MAX_WORKERS;
use crate::proto::{BytePath, Operation};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Bytes of a batch at most: a million mappings of usual length.
const MAX_BYTES: u64 = 256 << 20;

/// Bytes of a `batch_id` at most; it is repeated in every line of `--json`.
const MAX_ID: usize = 1024;

/// A batch whose form is right; whether its paths can be used is another question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Sources, each with its new name.
    pub mappings: Vec<(BytePath, BytePath)>,
    /// What is done with each.
    pub operation: Operation,
    /// Files in flight at a time.
    pub file_workers: Option<u16>,
    /// Threads that move bytes, at most.
    pub max_workers: Option<u16>,
    /// What to repeat in every line of `--json`.
    pub id: Option<String>,
}

/// The outermost object; what is in it is looked at one by one, so that all that is wrong is told.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Outer<'a> {
    #[serde(borrow)]
    mappings: Vec<&'a RawValue>,
    operation_type: Option<Value>,
    file_workers: Option<Value>,
    max_workers: Option<Value>,
    batch_id: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    src: Value,
    dst: Value,
}

/// Reads a batch from a file, or from standard input for `-`.
///
/// # Errors
/// The file cannot be read, or holds more than a batch may.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let limit = MAX_BYTES + 1;
    if path == Path::new("-") {
        io::stdin().lock().take(limit).read_to_end(&mut bytes)?;
    } else {
        File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    }
    if bytes.len() as u64 > MAX_BYTES {
        let words = format!("longer than a batch may be, {} MiB", MAX_BYTES >> 20);
        return Err(io::Error::other(words));
    }
    Ok(bytes)
}

/// Takes a batch apart.
///
/// # Errors
/// Everything that is wrong, a line each: safe to show, entries by their index from 0.
pub fn parse(bytes: &[u8]) -> Result<Batch, Vec<String>> {
    // Some programs write a mark of the encoding first, which may be passed over (RFC 8259, 8.1).
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    // Without this the format's library would take a list for the object, by position, and tell of
    // other values by what they are called in this program.
    match bytes.trim_ascii_start().first() {
        None | Some(b'{') => {}
        Some(b'[') => return Err(vec!["a batch is a JSON object, not a list".to_owned()]),
        Some(_) => return Err(vec!["a batch is a JSON object".to_owned()]),
    }
    let outer: Outer<'_> =
        serde_json::from_slice(bytes).map_err(|error| vec![plain(&error.to_string())])?;
    let mut wrong = Vec::new();
    let mut mappings = Vec::with_capacity(outer.mappings.len());
    for (index, raw) in outer.mappings.iter().enumerate() {
        match entry(raw) {
            Ok(mapping) => mappings.push(mapping),
            Err(reasons) => wrong.extend(
                reasons
                    .iter()
                    .map(|reason| format!("mappings[{index}]: {}", safe(reason))),
            ),
        }
    }
    if outer.mappings.is_empty() {
        wrong.push("mappings: is empty, there is nothing to do".to_owned());
    }
    let mut keep = |result: Result<(), String>| wrong.extend(result.err());
    let mut operation = Operation::default();
    keep(operation_type(outer.operation_type, &mut operation));
    let mut file_workers = None;
    keep(workers(
        "file_workers",
        outer.file_workers,
        &mut file_workers,
    ));
    let mut max_workers = None;
    keep(workers("max_workers", outer.max_workers, &mut max_workers));
    let mut id = None;
    keep(batch_id(outer.batch_id, &mut id));
    if !wrong.is_empty() {
        return Err(wrong);
    }
    Ok(Batch {
        mappings,
        operation,
        file_workers,
        max_workers,
        id,
    })
}

/// What the format's library says, where it speaks of types in the words of JSON.
fn plain(words: &str) -> String {
    let at = words.rfind(" at line ").unwrap_or(words.len());
    if words[..at].ends_with("expected a sequence") {
        return format!("mappings must be a list of objects{}", &words[at..]);
    }
    safe(words).into_owned()
}

fn entry(raw: &RawValue) -> Result<(BytePath, BytePath), Vec<String>> {
    if !raw.get().starts_with('{') {
        return Err(vec!["is no object with src and dst".to_owned()]);
    }
    let entry: Entry = serde_json::from_str(raw.get()).map_err(|error| {
        // The place is of the entry's own text, which nobody counts in.
        let words = error.to_string();
        let end = words.rfind(" at line ").unwrap_or(words.len());
        vec![words[..end].to_owned()]
    })?;
    match (path("src", &entry.src), path("dst", &entry.dst)) {
        (Ok(src), Ok(dst)) => Ok((src, dst)),
        (src, dst) => Err([src.err(), dst.err()].into_iter().flatten().collect()),
    }
}

/// A path: a string, or `{"hex": "..."}` for bytes that are no UTF-8, as `--json` prints them.
fn path(side: &str, value: &Value) -> Result<BytePath, String> {
    let path = match value {
        Value::String(text) => BytePath::from(text.as_str()),
        Value::Object(object) => BytePath::from_bytes(&hex(side, object)?),
        _ => return Err(format!("{side} must be a string or {{\"hex\": \"...\"}}")),
    };
    if path.as_bytes().is_empty() {
        return Err(format!("{side} is empty"));
    }
    if path.as_bytes().contains(&0) {
        return Err(format!("{side} holds a NUL byte"));
    }
    Ok(path)
}

fn hex(side: &str, object: &Map<String, Value>) -> Result<Vec<u8>, String> {
    let wrong = || format!("{side} must be {{\"hex\": \"...\"}} of pairs of hexadecimal digits");
    let Some(Value::String(digits)) = object.get("hex").filter(|_| object.len() == 1) else {
        return Err(wrong());
    };
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    if digits.len() % 2 != 0 {
        return Err(wrong());
    }
    digits
        .as_bytes()
        .chunks_exact(2)
        .map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?))
        .collect::<Option<Vec<u8>>>()
        .ok_or_else(wrong)
}

fn operation_type(value: Option<Value>, operation: &mut Operation) -> Result<(), String> {
    let Some(value) = value else { return Ok(()) };
    *operation = value
        .as_str()
        .and_then(Operation::from_name)
        .ok_or_else(|| "operation_type must be \"copy\" or \"move\"".to_owned())?;
    Ok(())
}

fn workers(name: &str, value: Option<Value>, count: &mut Option<u16>) -> Result<(), String> {
    let Some(value) = value else { return Ok(()) };
    let number = value.as_u64().and_then(|number| u16::try_from(number).ok());
    *count = number.filter(|number| (1..=MAX_WORKERS).contains(number));
    match count {
        Some(_) => Ok(()),
        None => Err(format!("{name} must be a number from 1 to {MAX_WORKERS}")),
    }
}

fn batch_id(value: Option<Value>, id: &mut Option<String>) -> Result<(), String> {
    match value {
        None => Ok(()),
        Some(Value::String(text)) if text.len() <= MAX_ID => {
            *id = Some(text);
            Ok(())
        }
        Some(_) => Err(format!(
            "batch_id must be a string of {MAX_ID} bytes at most"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(text: &str) -> Vec<String> {
        parse(text.as_bytes()).expect_err(text)
    }

    #[test]
    fn a_whole_batch_is_read() {
        let text = r#"{"mappings":[{"src":"a","dst":"b"},{"src":{"hex":"66fF6f"},"dst":"d\u00e9"}],
            "operation_type":"move","file_workers":4,"max_workers":9,"batch_id":"n\u0000 1"}"#;
        let batch = parse(text.as_bytes()).expect("sound");
        assert_eq!(batch.mappings[0], ("a".into(), "b".into()));
        assert_eq!(batch.mappings[1].0.as_bytes(), b"f\xffo");
        assert_eq!(batch.mappings[1].1.as_bytes(), "dé".as_bytes());
        assert_eq!(batch.operation, Operation::Move);
        assert_eq!((batch.file_workers, batch.max_workers), (Some(4), Some(9)));
        assert_eq!(batch.id.as_deref(), Some("n\0 1"));
        let least = parse(br#"{"mappings":[{"src":"a","dst":"b"}]}"#).expect("sound");
        assert_eq!((least.operation, least.id), (Operation::Copy, None));
    }

    #[test]
    fn everything_that_is_wrong_is_told_with_its_index() {
        let text = r#"{"mappings":[{"src":"a","dst":"b"},{"src":"","dst":7},{"src":"a"},
            {"src":"a","dst":"b","mode":1},{"src":"a","src":"b","dst":"c"},[],
            {"src":"a\u0000b","dst":{"hex":"6"}},{"src":{"hex":"+1"},"dst":{"hex":"61","x":1}}],
            "operation_type":"link","file_workers":0,"max_workers":"3","batch_id":5}"#;
        let said = wrong(text).join("\n");
        for line in [
            "mappings[1]: src is empty",
            "mappings[1]: dst must be a string or",
            "mappings[2]: missing field `dst`",
            "mappings[3]: unknown field `mode`",
            "mappings[4]: duplicate field `src`",
            "mappings[5]: ",
            "mappings[6]: src holds a NUL byte",
            "mappings[6]: dst must be {\"hex\"",
            "mappings[7]: src must be {\"hex\"",
            "mappings[7]: dst must be {\"hex\"",
            "operation_type must be",
            "file_workers must be",
            "max_workers must be",
            "batch_id must be",
        ] {
            assert!(said.contains(line), "{line}:\n{said}");
        }
        assert!(!said.contains("mappings[0]"), "{said}");
    }

    #[test]
    fn a_mark_of_the_encoding_is_passed_over() {
        let text = "\u{feff}{\"mappings\":[{\"src\":\"/a\",\"dst\":\"/b\"}]}";
        assert!(parse(text.as_bytes()).is_ok());
    }

    #[test]
    fn what_is_no_batch_is_told_with_line_and_column() {
        for (text, words) in [
            ("", "line 1"),
            (" 5", "a batch is a JSON object"),
            ("\"a\"", "a batch is a JSON object"),
            (
                "{\"mappings\":7}",
                "mappings must be a list of objects at line 1",
            ),
            ("[]", "a batch is a JSON object, not a list"),
            (
                " [[{\"src\":\"a\",\"dst\":\"b\"}],null,null,null,null]",
                "not a list",
            ),
            (
                "{\"mappings\":[[\"a\",\"b\"]]}",
                "mappings[0]: is no object",
            ),
            ("{\"mappings\":[\n}", "line 2"),
            ("{\"mappings\":{}}", "line 1"),
            ("{\"mapings\":[]}", "unknown field `mapings`"),
            ("{}", "missing field `mappings`"),
            ("{\"mappings\":[]} x", "trailing"),
            ("{\"mappings\":[]}", "nothing to do"),
        ] {
            let said = wrong(text).join("\n");
            assert!(said.contains(words), "{text}: {said}");
            for internal in ["Outer", "Entry", "struct", "sequence"] {
                assert!(!said.contains(internal), "{text}: {said}");
            }
        }
        assert!(parse(b"{\"mappings\":[{\"src\":\"\xff\",\"dst\":\"b\"}]}").is_err());
        let said = wrong("{\"\\u001b[2J\":1}").join("");
        assert!(!said.contains('\x1b'), "{said}");
    }
}
