//! Patterns over names: what `/`, `+` and `-` match with.
//!
//! Names are bytes; a pattern is what a person typed. Letters match in either case unless the
//! pattern has a capital. A filter is fuzzy, a mark is not: what is to be copied is said exactly.

use crate::globs::spelled_out;
use globset::{GlobBuilder, GlobMatcher};
use nucleo_matcher::pattern::{self, CaseMatching, Normalization};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// A pattern of whole names, compiled.
#[derive(Clone, Debug)]
pub struct Pattern(GlobMatcher);

impl Pattern {
    /// For marking: the whole name. `None` when the pattern is malformed.
    pub fn whole(text: &str) -> Option<Self> {
        let glob = GlobBuilder::new(&spelled_out(text).ok()?)
            .case_insensitive(!text.chars().any(char::is_uppercase))
            .literal_separator(true)
            .build()
            .ok()?;
        Some(Self(glob.compile_matcher()))
    }

    /// True when the name matches.
    pub fn matches(&self, name: &[u8]) -> bool {
        self.0.is_match(Path::new(OsStr::from_bytes(name)))
    }
}

/// What a filter looks for.
pub struct Search {
    form: Form,
    digits: bool,
}

enum Form {
    Glob(Pattern),
    Fuzzy {
        atoms: pattern::Pattern,
        matcher: Box<Matcher>,
        buffer: Vec<char>,
    },
}

impl Search {
    /// Letters that a name holds in this order, not necessarily side by side; or a pattern of whole
    /// names where there is a wildcard. `None` for an empty text, which every name fits.
    pub fn new(text: &str) -> Option<Self> {
        if text.trim().is_empty() {
            return None;
        }
        let glob = text
            .contains(['*', '?', '[', '{'])
            .then(|| Pattern::whole(text));
        let form = glob.flatten().map_or_else(
            || Form::Fuzzy {
                atoms: pattern::Pattern::parse(text, CaseMatching::Smart, Normalization::Smart),
                matcher: Box::new(Matcher::new(Config::DEFAULT)),
                buffer: Vec::new(),
            },
            Form::Glob,
        );
        Some(Self {
            form,
            digits: text.contains(|character: char| !character.is_alphabetic()),
        })
    }

    /// How well the name fits, at least 1; `None` when it does not.
    pub fn score(&mut self, name: &[u8]) -> Option<u32> {
        match &mut self.form {
            Form::Glob(glob) => glob.matches(name).then_some(1),
            Form::Fuzzy {
                atoms,
                matcher,
                buffer,
            } => {
                let text = String::from_utf8_lossy(name);
                let score = atoms.score(Utf32Str::new(&text, buffer), matcher)?;
                Some(score.max(1))
            }
        }
    }

    /// True when names that differ in their digits alone may fit differently.
    pub const fn has_digits(&self) -> bool {
        self.digits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(text: &str, name: &[u8]) -> bool {
        Search::new(text).expect("made").score(name).is_some()
    }

    #[test]
    fn a_filter_is_letters_in_order_or_a_pattern() {
        assert!(fits("comp", b"sh010_COMP.exr") && !fits("comp", b"plate.exr"));
        assert!(fits("s1c", b"sh010_comp.exr") && !fits("cs1", b"sh010_comp.exr"));
        assert!(!fits("COMP", b"comp.exr"));
        assert!(fits("*.exr", b"a.EXR") && !fits("*.exr", b"a.exr.bak"));
        assert!(fits("*.exr", b"\xff.exr") && fits("exr", b"\xff.exr"));
        assert!(fits("!exr", b"a.mov") && fits(".exr$", b"a.exr") && !fits(".exr$", b"a.exr.md5"));
        assert!(Search::new("").is_none() && Search::new(" ").is_none());
    }

    #[test]
    fn a_better_fit_scores_higher() {
        let mut search = Search::new("comp").expect("made");
        assert!(search.score(b"comp.exr") > search.score(b"c_o_m_p.exr"));
    }

    #[test]
    fn a_malformed_pattern_still_filters_as_text_but_marks_nothing() {
        assert!(Pattern::whole("[a").is_none());
        assert!(fits("[a", b"x[a]"));
    }
}
