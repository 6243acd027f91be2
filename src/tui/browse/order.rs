//! Orders of a pane, and the way a person orders names.

use std::cmp::Ordering;

/// What a pane is ordered by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SortKey {
    /// The name, numbers in it by value.
    #[default]
    Name,
    /// The size, largest first; of a directory once it is counted.
    Size,
    /// The modification time, newest first.
    Date,
    /// What follows the last dot.
    Extension,
}

impl SortKey {
    /// Its word on screen.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Size => "size",
            Self::Date => "date",
            Self::Extension => "extension",
        }
    }

    /// True when it needs details of every entry.
    pub const fn needs_details(self) -> bool {
        matches!(self, Self::Size | Self::Date)
    }
}

/// An order. Directories come first whatever it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Sort {
    /// By what.
    pub key: SortKey,
    /// Turned round.
    pub reversed: bool,
}

/// What an order goes by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject<'a> {
    pub name: &'a [u8],
    pub directory: bool,
    pub size: Option<u64>,
    pub mtime: Option<i64>,
}

/// Compares two rows; names decide where nothing else does, so that the order is total.
pub(super) fn compare(a: &Subject<'_>, b: &Subject<'_>, sort: Sort) -> Ordering {
    let by_name = || natural(a.name, b.name);
    let key = match sort.key {
        SortKey::Name => by_name(),
        SortKey::Size => b.size.cmp(&a.size),
        SortKey::Date => b.mtime.cmp(&a.mtime),
        SortKey::Extension => extension(a.name).cmp(extension(b.name)),
    };
    let key = if sort.reversed { key.reverse() } else { key };
    let directories = b.directory.cmp(&a.directory);
    directories.then(key).then_with(by_name)
}

fn extension(name: &[u8]) -> &[u8] {
    match name.iter().rposition(|byte| *byte == b'.') {
        Some(dot) if dot > 0 => &name[dot + 1..],
        _ => &[],
    }
}

/// Compares names as a person orders them: letters in either case, runs of digits by value; names
/// that agree so far are ordered by their bytes, so that the order is total.
pub fn natural(a: &[u8], b: &[u8]) -> Ordering {
    let (mut left, mut right) = (a, b);
    loop {
        let (Some(&first), Some(&other)) = (left.first(), right.first()) else {
            return left.len().cmp(&right.len()).then_with(|| a.cmp(b));
        };
        let (taken, other_taken, order) = if first.is_ascii_digit() && other.is_ascii_digit() {
            let (run, other_run) = (digits(left), digits(right));
            let (value, other_value) = (trim_zeros(&left[..run]), trim_zeros(&right[..other_run]));
            let order = value
                .len()
                .cmp(&other_value.len())
                .then_with(|| value.cmp(other_value));
            (run, other_run, order)
        } else {
            let order = first.to_ascii_lowercase().cmp(&other.to_ascii_lowercase());
            (1, 1, order)
        };
        if order != Ordering::Equal {
            return order;
        }
        (left, right) = (&left[taken..], &right[other_taken..]);
    }
}

fn digits(text: &[u8]) -> usize {
    text.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

fn trim_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == b'0').count();
    &number[zeros..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn natural_order_is_total_and_consistent() {
        let names: [&[u8]; 8] = [b"", b"a", b"A", b"a1", b"a01", b"a10", b"a2b", b"\xff"];
        for a in names {
            for b in names {
                assert_eq!(natural(a, b), natural(b, a).reverse());
                assert_eq!(natural(a, b) == Ordering::Equal, a == b);
            }
        }
    }
}
