//! Which entries are marked: one bit an entry.

/// A set of entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    bits: Vec<u64>,
    count: usize,
}

impl Marks {
    /// How many.
    pub const fn len(&self) -> usize {
        self.count
    }

    /// True when none is.
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// True when that entry is.
    pub fn contains(&self, entry: u32) -> bool {
        self.bits
            .get(entry as usize / 64)
            .is_some_and(|word| word >> (entry % 64) & 1 == 1)
    }

    /// Marks or unmarks an entry; true when that changed something.
    pub fn set(&mut self, entry: u32, on: bool) -> bool {
        if self.contains(entry) == on {
            return false;
        }
        let word = entry as usize / 64;
        if word >= self.bits.len() {
            self.bits.resize(word + 1, 0);
        }
        self.bits[word] ^= 1 << (entry % 64);
        if on {
            self.count += 1;
        } else {
            self.count -= 1;
        }
        true
    }

    /// Unmarks everything.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// The marked entries, in the order they were read.
    pub fn iter(&self) -> impl Iterator<Item = u32> {
        self.bits.iter().enumerate().flat_map(|(at, word)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                (left != 0).then(|| {
                    let bit = left.trailing_zeros();
                    left &= left - 1;
                    at as u32 * 64 + bit
                })
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_count_and_come_in_order() {
        let mut marks = Marks::default();
        for entry in [130, 3, 64, 3] {
            marks.set(entry, true);
        }
        assert_eq!(marks.iter().collect::<Vec<_>>(), [3, 64, 130]);
        assert!(!marks.set(64, true) && marks.set(64, false) && !marks.set(9_999, false));
        assert_eq!((marks.len(), marks.contains(64)), (2, false));
    }
}
