//! Where in a name the frame number is: rules R1, R3 and R4.
//!
//! Bytes only; digits are the ten of ASCII. Nothing is copied.

/// Most digits of a frame number: what fits an `i64`.
const MOST_DIGITS: usize = 18;

/// Longest name looked at; a directory's names have at most 255 bytes.
pub(super) const LONGEST_NAME: usize = u16::MAX as usize;

/// A run of digits that may be a frame number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    /// First byte, the sign included.
    pub start: usize,
    /// Byte after the last.
    pub end: usize,
    /// The number.
    pub value: i64,
    /// True when zeros before it fix its width.
    pub padded: bool,
}

impl Run {
    /// Bytes it takes, the sign counted as printf counts it.
    pub const fn width(&self) -> usize {
        self.end - self.start
    }
}

/// Bytes of the tail: the longest run of components at the end, dots included, that each hold a
/// letter; the first component of a name is never part of it.
pub(super) fn tail_len(name: &[u8]) -> usize {
    let mut tail = 0;
    let mut letter = false;
    for (back, byte) in name.iter().rev().enumerate() {
        if *byte == b'.' {
            if !letter {
                break;
            }
            tail = back + 1;
            letter = false;
        } else {
            letter |= is_letter(*byte);
        }
    }
    tail
}

/// What a person would call a letter; beyond ASCII anything may be one.
const fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte >= 0x80
}

/// The run of digits that ends at `end`, where it may be a frame number.
pub(super) fn run_ending_at(name: &[u8], end: usize) -> Option<Run> {
    let digits = name[..end]
        .iter()
        .rev()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let mut start = end - digits;
    if digits == 0 || digits > MOST_DIGITS || is_version(name, start) {
        return None;
    }
    let mut value = name[start..end]
        .iter()
        .fold(0, |value, digit| value * 10 + i64::from(digit - b'0'));
    let padded = digits > 1 && name[start] == b'0';
    // printf writes no negative zero: the hyphen before one is a separator.
    let signed = start > 0
        && name[start - 1] == b'-'
        && matches!(name[..start - 1].last(), None | Some(b'.' | b'_'))
        && value != 0;
    if signed {
        start -= 1;
        value = -value;
    }
    Some(Run {
        start,
        end,
        value,
        padded,
    })
}

/// True right after a `v` that begins a word.
fn is_version(name: &[u8], start: usize) -> bool {
    start > 0
        && matches!(name[start - 1], b'v' | b'V')
        && !name[..start - 1]
            .last()
            .is_some_and(|byte| is_letter(*byte))
}

/// Every run of the first `end` bytes that may be a frame number, from the left.
pub(super) fn runs(name: &[u8], end: usize) -> impl Iterator<Item = Run> {
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < end {
            if !name[at].is_ascii_digit() {
                at += 1;
                continue;
            }
            while at < end && name[at].is_ascii_digit() {
                at += 1;
            }
            if let Some(run) = run_ending_at(name, at) {
                return Some(run);
            }
        }
        None
    })
}

/// The component of digits before a component of digits: `0001` of `a.0001.5000`, given where the
/// second one starts.
pub(super) fn whole_before(name: &[u8], start: usize) -> Option<Run> {
    let dot = start.checked_sub(1).filter(|dot| name[*dot] == b'.')?;
    let run = run_ending_at(name, dot)?;
    let alone = run.value >= 0 && matches!(name[..run.start].last(), None | Some(b'.'));
    alone.then_some(run)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(name: &str) -> Option<(&str, i64)> {
        let end = name.len() - tail_len(name.as_bytes());
        run_ending_at(name.as_bytes(), end).map(|run| (&name[run.start..run.end], run.value))
    }

    #[test]
    fn the_token_is_the_run_before_the_tail() {
        for (name, expected) in [
            ("a.1001.exr", Some(("1001", 1001))),
            ("sim.0002.bgeo.sc", Some(("0002", 2))),
            ("beauty.1001.v2.exr", Some(("1001", 1001))),
            ("img1001", Some(("1001", 1001))),
            ("shot-001.exr", Some(("001", 1))),
            ("a.-002.exr", Some(("-002", -2))),
            ("a.-000.exr", Some(("000", 0))),
            ("-5.exr", Some(("-5", -5))),
            ("v1.exr", None),
            ("sh_v001.exr", None),
            ("mov1.exr", Some(("1", 1))),
            ("b11.mp3", Some(("11", 11))),
            ("a.mp4", None),
            ("a.1234567890123456789.exr", None),
            ("1001", Some(("1001", 1001))),
            ("", None),
            ("...", None),
        ] {
            assert_eq!(token(name), expected, "{name}");
        }
    }

    #[test]
    fn every_run_but_versions_is_found() {
        let name = b"sh010_v002_-12_l.1001.exr";
        let found: Vec<i64> = runs(name, name.len() - 4).map(|run| run.value).collect();
        assert_eq!(found, [10, -12, 1001]);
    }
}
