//! What is wrong with a sequence, in words.

use super::{Gaps, Kind, Sequence, number, ranges};

/// What is wrong with a sequence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    parts: Vec<(u64, &'static str, String)>,
}

/// Ranges named of each kind of fault.
const NAMED: usize = 3;

impl Faults {
    /// Gaps, empty files and odd sizes (by their numbers), and numbers that are there twice.
    pub fn of(sequence: &Sequence, gaps: &Gaps, empty: &[i64], odd: &[i64]) -> Self {
        let shape = sequence.shape;
        let listed = |numbers: &[i64]| {
            let single: Vec<(i64, i64)> = numbers.iter().map(|value| (*value, *value)).collect();
            ranges(&single, NAMED, |value| number(value, shape))
        };
        let missing = match sequence.kind {
            Kind::Spans => "missing part",
            Kind::Frames | Kind::Tiles => "missing",
        };
        let mut parts = vec![
            (gaps.missing_count, missing, gaps.absent(shape, NAMED)),
            (empty.len() as u64, "empty", listed(empty)),
            (odd.len() as u64, "odd size", listed(odd)),
            (u64::from(sequence.doubled), "twice", String::new()),
        ];
        parts.retain(|(count, ..)| *count > 0);
        Self { parts }
    }

    /// True when nothing is.
    pub const fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// How many numbers are concerned.
    pub fn total(&self) -> u64 {
        self.parts.iter().map(|(count, ..)| count).sum()
    }

    /// `missing 1050-1051,1200, empty 1107`: which numbers.
    pub fn words(&self) -> String {
        self.joined(|count, word, which| match which {
            "" => format!("{count} {word}"),
            which => format!("{word} {which}"),
        })
    }

    /// `3 missing, 1 empty`: how many.
    pub fn counted(&self) -> String {
        self.joined(|count, word, _| format!("{count} {word}"))
    }

    fn joined(&self, write: impl Fn(u64, &str, &str) -> String) -> String {
        let parts = self.parts.iter();
        let words: Vec<String> = parts
            .map(|(count, word, which)| write(*count, word, which))
            .collect();
        words.join(", ")
    }
}
