//! Patterns over names: what `/`, `+` and `-` match with.
//!
//! Names are bytes; a pattern is what a person typed. Letters match in either case unless the
//! pattern has a capital.

use globset::{GlobBuilder, GlobMatcher};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// A pattern, compiled.
#[derive(Clone, Debug)]
pub struct Pattern(Form);

#[derive(Clone, Debug)]
enum Form {
    Glob(GlobMatcher),
    Part { needle: Vec<u8>, any_case: bool },
}

impl Pattern {
    /// For the filter: a part of the name, or a whole-name pattern when it has a wildcard.
    pub fn filter(text: &str) -> Option<Self> {
        if text.is_empty() {
            return None;
        }
        if text.contains(['*', '?', '[', '{'])
            && let Some(glob) = Self::whole(text)
        {
            return Some(glob);
        }
        let any_case = !text.chars().any(char::is_uppercase);
        let needle = if any_case {
            text.to_lowercase()
        } else {
            text.to_string()
        };
        Some(Self(Form::Part {
            needle: needle.into_bytes(),
            any_case,
        }))
    }

    /// For marking: the whole name. `None` when the pattern is malformed.
    pub fn whole(text: &str) -> Option<Self> {
        let glob = GlobBuilder::new(text)
            .case_insensitive(!text.chars().any(char::is_uppercase))
            .literal_separator(true)
            .build()
            .ok()?;
        Some(Self(Form::Glob(glob.compile_matcher())))
    }

    /// True when the name matches.
    pub fn matches(&self, name: &[u8]) -> bool {
        match &self.0 {
            Form::Glob(glob) => glob.is_match(Path::new(OsStr::from_bytes(name))),
            Form::Part { needle, any_case } => {
                if !any_case {
                    return holds(name, needle);
                }
                if name.is_ascii() {
                    return holds(&name.to_ascii_lowercase(), needle);
                }
                match std::str::from_utf8(name) {
                    Ok(text) => holds(text.to_lowercase().as_bytes(), needle),
                    Err(_) => holds(&name.to_ascii_lowercase(), needle),
                }
            }
        }
    }
}

fn holds(name: &[u8], needle: &[u8]) -> bool {
    name.windows(needle.len()).any(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_a_part_or_a_pattern() {
        let part = Pattern::filter("comp").expect("made");
        assert!(part.matches(b"sh010_COMP.exr") && !part.matches(b"plate.exr"));
        let exact = Pattern::filter("COMP").expect("made");
        assert!(!exact.matches(b"comp.exr"));
        let glob = Pattern::filter("*.exr").expect("made");
        assert!(glob.matches(b"a.EXR") && !glob.matches(b"a.exr.bak"));
        assert!(glob.matches(b"\xff.exr"));
        assert!(Pattern::filter("").is_none());
    }

    #[test]
    fn a_malformed_pattern_still_filters_as_text_but_marks_nothing() {
        assert!(Pattern::whole("[a").is_none());
        assert!(Pattern::filter("[a").expect("made").matches(b"x[a]"));
    }
}
