//! Rows that are drawn whole when anything in them changes.
//!
//! Of characters that are drawn onto one another terminals make more cells or fewer than the tables say.
//! What such a name has drawn beyond its cells would stay when it goes: nothing is sent for cells that
//! are thought to be blank before and after. Pure; the screen asks it before each frame is compared.

use ratatui::buffer::{Buffer, Cell, CellDiffOption, CellWidth};
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::num::NonZeroU16;

/// The rows of the last frame that are watched.
#[derive(Debug, Default)]
pub struct Fragile(BTreeMap<u16, Row>);

#[derive(Clone, Copy, Debug, Default)]
struct Row {
    looks: u64,
    /// A cell that says its width is another than one that does not, and is the same to the eye: turned
    /// round, every cell of the row is sent again, and left alone, none.
    turned: bool,
}

impl Fragile {
    /// Sees to it that such rows are compared as a whole.
    pub fn settle(&mut self, buffer: &mut Buffer) {
        let area = buffer.area;
        for y in area.y..area.bottom() {
            let from = buffer.index_of(area.x, y);
            let cells = &mut buffer.content[from..from + usize::from(area.width)];
            let fragile = cells
                .iter()
                .any(|cell| cell.symbol().chars().nth(1).is_some());
            let known = self.0.get(&y).copied();
            if !fragile && known.is_none() {
                continue;
            }
            let looks = looks(cells);
            let mut row = known.unwrap_or_default();
            if row.looks != looks {
                row.looks = looks;
                row.turned = !row.turned;
            }
            if row.turned {
                cells.iter_mut().for_each(turn);
            }
            if fragile || row.turned {
                self.0.insert(y, row);
            } else {
                self.0.remove(&y);
            }
        }
    }
}

fn looks(cells: &[Cell]) -> u64 {
    let mut hasher = DefaultHasher::new();
    cells.hash(&mut hasher);
    hasher.finish()
}

fn turn(cell: &mut Cell) {
    let width = NonZeroU16::new(cell.cell_width()).unwrap_or(NonZeroU16::MIN);
    cell.set_diff_option(CellDiffOption::ForcedWidth(width));
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    /// The cells sent for each of these rows of text, one after the other.
    fn sent(texts: &[&str]) -> Vec<usize> {
        let area = Rect::new(0, 0, 10, 1);
        let mut fragile = Fragile::default();
        let mut shown = Buffer::empty(area);
        let mut sent = Vec::new();
        for text in texts {
            let mut next = Buffer::empty(area);
            next.set_string(0, 0, text, Style::new());
            fragile.settle(&mut next);
            sent.push(shown.diff(&next).len());
            shown = next;
        }
        sent
    }

    #[test]
    fn a_row_with_joined_characters_goes_as_a_whole_and_never_in_vain() {
        let joined = "a\u{1100}\u{1100}b";
        let drawn = sent(&["abc", joined, joined, "abc", "abc", "abd"]);
        // The first of a joined pair stands for the cells behind it.
        assert!((6..=9).contains(&drawn[1]), "{drawn:?}");
        assert_eq!(drawn, [3, drawn[1], 0, 10, 0, 1]);
        let other = "ka\u{301}b";
        // A row that is turned goes as a whole once more before it is like any other.
        let drawn = sent(&[joined, other, "x", "x", "y", "z"]);
        assert_eq!(drawn[1..], [10, 10, 0, 10, 1]);
    }

    #[test]
    fn other_rows_cost_what_changes() {
        assert_eq!(sent(&["abc", "abd", "\u{e9}bd", "\u{754c}d"]), [3, 1, 1, 1]);
    }
}
