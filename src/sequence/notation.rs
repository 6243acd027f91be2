//! How the numbers of a sequence are written for people: ranges, steps, patterns.
//!
//! For reading only: no file is ever opened by what is written here.

use super::{Gaps, Sequence};

/// Where the number is in the names of a sequence, and how it is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Shape {
    /// Bytes before it.
    pub head: u16,
    /// Bytes after it.
    pub tail: u16,
    /// Width that zeros fill up to; 0 where none do.
    pub pad: u8,
    /// Width of the shortest.
    pub least: u8,
    /// Digits of the subframe that follows a dot; 0 for none.
    pub sub: u8,
}

impl Shape {
    /// What stands before the number in a name of the sequence.
    pub fn head<'n>(&self, name: &'n [u8]) -> &'n [u8] {
        &name[..usize::from(self.head)]
    }

    /// What stands after it.
    pub fn tail<'n>(&self, name: &'n [u8]) -> &'n [u8] {
        &name[name.len() - usize::from(self.tail)..]
    }

    /// The number in a name of the sequence; with subframes, in their smallest part.
    pub fn value(&self, name: &[u8]) -> i64 {
        let digits = &name[usize::from(self.head)..name.len() - usize::from(self.tail)];
        let value = digits
            .iter()
            .filter(|byte| byte.is_ascii_digit())
            .fold(0, |value, digit| value * 10 + i64::from(digit - b'0'));
        if digits.first() == Some(&b'-') {
            -value
        } else {
            value
        }
    }

    /// The number as printf would be told to write it: `%04d`.
    pub fn printf(&self) -> String {
        let width = match self.pad {
            // Without zeros the shortest width writes every one; short ones say nothing.
            0 if self.least >= 4 => self.least,
            pad => pad,
        };
        let main = match width {
            0 => "%d".to_string(),
            width => format!("%0{width}d"),
        };
        match self.sub {
            0 => main,
            sub => format!("{main}.%0{sub}d"),
        }
    }

    /// A number as it stands in the names.
    pub fn padded(&self, value: i64) -> String {
        let unit = 10_i64.pow(u32::from(self.sub));
        let width = usize::from(self.pad);
        let main = value.div_euclid(unit);
        // The sign counts, as it does for printf.
        let sign = if main < 0 { "-" } else { "" };
        let width = width.saturating_sub(sign.len());
        let text = format!("{sign}{:0width$}", main.unsigned_abs());
        match usize::from(self.sub) {
            0 => text,
            sub => format!("{text}.{:0sub$}", value.rem_euclid(unit)),
        }
    }
}

/// A number for people: without zeros before it, subframes as decimals.
pub fn number(value: i64, shape: Shape) -> String {
    let unit = 10_i64.pow(u32::from(shape.sub));
    let (main, part) = (value.div_euclid(unit), value.rem_euclid(unit));
    if part == 0 {
        return main.to_string();
    }
    let part = format!("{part:0width$}", width = usize::from(shape.sub));
    format!("{main}.{}", part.trim_end_matches('0'))
}

/// Ranges of numbers as `1001-1003,1005`; at most `most` of them, then `,..`.
pub fn ranges(list: &[(i64, i64)], most: usize, write: impl Fn(i64) -> String) -> String {
    let mut text = String::new();
    for (at, (first, last)) in list.iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        if at == most {
            text.push_str("..");
            break;
        }
        text.push_str(&write(*first));
        if first != last {
            text.push('-');
            text.push_str(&write(*last));
        }
    }
    text
}

impl Gaps {
    /// The whole range as it stands in the names, with its step: `1001-1240`, `0001-0239x2`.
    pub fn span(&self, sequence: &Sequence) -> String {
        let shape = sequence.shape;
        let mut text = format!("{}-{}", shape.padded(self.first), shape.padded(self.last));
        self.push_step(&mut text, shape);
        text
    }

    /// The ranges that are there, as `1001-1003,1005`, at most `most` of them.
    pub fn present(&self, shape: Shape, most: usize) -> String {
        let mut text = ranges(&self.runs, most, |value| number(value, shape));
        if self.runs.iter().any(|(first, last)| first != last) {
            self.push_step(&mut text, shape);
        }
        text
    }

    /// The numbers that are missing, at most `most` ranges of them.
    pub fn absent(&self, shape: Shape, most: usize) -> String {
        let mut text = ranges(&self.missing, most, |value| number(value, shape));
        if self.missing.iter().any(|(first, last)| first != last) {
            self.push_step(&mut text, shape);
        }
        text
    }

    fn push_step(&self, text: &mut String, shape: Shape) {
        let unit = 10_i64.pow(u32::from(shape.sub));
        if let Some(step) = self.step.filter(|step| *step != unit || shape.sub > 0) {
            text.push('x');
            text.push_str(&number(step, shape));
        }
    }
}
