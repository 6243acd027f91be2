//! The throughput history as characters: braille where the terminal has them, `.:|` elsewhere.
//!
//! Pure. One value is one second; the newest is at the right end.

/// Rows of text, top first, each `width` cells wide, scaled so that the highest value fills them.
pub fn rows(history: &[u64], width: usize, height: usize, ascii: bool) -> Vec<String> {
    let per_cell = if ascii { 1 } else { 2 };
    let levels_per_row = if ascii { 3 } else { 4 };
    let room = width * per_cell;
    let shown = &history[history.len().saturating_sub(room)..];
    let highest = shown.iter().copied().max().unwrap_or(0).max(1);
    let levels = (height * levels_per_row) as u128;
    let mut heights = vec![0_usize; room - shown.len()];
    // Rounded up: a second in which something moved shows at least a dot.
    heights.extend(
        shown
            .iter()
            .map(|value| (u128::from(*value) * levels).div_ceil(u128::from(highest)) as usize),
    );
    (0..height)
        .map(|row| {
            let below = (height - 1 - row) * levels_per_row;
            heights
                .chunks(per_cell)
                .map(|cell| {
                    let fill = |at: usize| {
                        cell.get(at)
                            .map_or(0, |level| level.saturating_sub(below).min(levels_per_row))
                    };
                    if ascii {
                        [' ', '.', ':', '|'][fill(0)]
                    } else {
                        braille(fill(0), fill(1))
                    }
                })
                .collect()
        })
        .collect()
}

/// A braille character with so many dots filled from below in its two columns.
fn braille(left: usize, right: usize) -> char {
    const LEFT: [u32; 5] = [0, 0x40, 0x44, 0x46, 0x47];
    const RIGHT: [u32; 5] = [0, 0x80, 0xa0, 0xb0, 0xb8];
    if left == 0 && right == 0 {
        return ' ';
    }
    char::from_u32(0x2800 + LEFT[left.min(4)] + RIGHT[right.min(4)]).unwrap_or('|')
}

/// Lowest, mean and highest of the seconds shown, all of which are over.
pub fn figures(history: &[u64]) -> Option<(u64, u64, u64)> {
    let low = *history.iter().min()?;
    let high = *history.iter().max()?;
    let sum: u128 = history.iter().map(|value| u128::from(*value)).sum();
    Some((low, (sum / history.len() as u128) as u64, high))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_second_counts_as_the_others_do() {
        assert_eq!(figures(&[]), None);
        assert_eq!(figures(&[8]), Some((8, 8, 8)));
        assert_eq!(figures(&[8, 4]), Some((4, 6, 8)));
    }

    #[test]
    fn the_newest_second_is_at_the_right_and_the_highest_fills_the_rows() {
        assert_eq!(rows(&[1, 3], 4, 1, true), ["  .|"]);
        assert_eq!(rows(&[6, 3], 2, 2, true), ["| ", "||"]);
        assert_eq!(rows(&[1, 2, 3], 2, 1, true), [":|"]);
        assert_eq!(rows(&[], 3, 1, true), ["   "]);
        assert_eq!(rows(&[0, 0], 1, 1, false), [" "]);
        assert_eq!(rows(&[4, 4], 1, 1, false), ["⣿"]);
        assert_eq!(rows(&[u64::MAX, 1], 1, 1, false), ["⣇"]);
    }
}
