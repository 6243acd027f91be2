//! The actions that what is typed finds.

use super::draw::{self, Line, Pen};
use crate::text;
use crate::tui::action::{ACTIONS, Row};
use crate::tui::browse;
use crate::tui::layers::PaletteLayer;
use crate::tui::layout::middle;
use crate::tui::model::Model;
use crate::tui::palette::found;
use ratatui::layout::{Position, Rect};

/// Fewest lines inside the box that leave some for what an action does, in full.
const TALL: u16 = 8;
/// Fewest cells of a line that also says what its action does: a word of a sentence says nothing,
/// the name does.
const WIDE: u16 = 50;

/// Draws them; gives where the text cursor stands.
pub fn draw(pen: &mut Pen, model: &Model, layer: &PaletteLayer, body: Rect) -> Position {
    let look = pen.look;
    let context = model.context_below();
    let found = context.map_or_else(Vec::new, |context| found(context, layer.input.value()));
    let height = (body.height * 2 / 3).max(12);
    let inner = pen.frame(middle(body, 112, height), "ACTIONS");
    let text = look.name(layer.input.value().as_bytes()).into_owned();
    pen.text(inner.x, inner.y, 2, ": ", look.dim());
    let shown = text::cut_end(&text, usize::from(inner.width).saturating_sub(3), "");
    let cells = pen.text(
        inner.x + 2,
        inner.y,
        inner.width.saturating_sub(2),
        &shown,
        look.strong(),
    );
    let list = Rect {
        y: inner.y + 1,
        height: inner.height.saturating_sub(1),
        ..inner
    };
    let list = match found.get(layer.at) {
        Some(row) => in_full(pen, &ACTIONS[*row], list),
        None => list,
    };
    let rows = usize::from(list.height);
    let top = browse::follow(0, layer.at, found.len(), rows);
    for (place, row) in found.iter().enumerate().skip(top).take(rows) {
        let known = &ACTIONS[*row];
        let keys = context.map_or_else(Vec::new, |context| model.keymap.labels(context, *row));
        let key = draw::left(keys.first().map_or("", String::as_str), 9, look);
        let name = draw::left(known.name, 20, look);
        let line = Rect {
            y: list.y + (place - top) as u16,
            height: 1,
            ..list
        };
        let doc = if line.width < WIDE { "" } else { known.doc };
        let text = format!("  {key} {name} {doc}");
        pen.text(line.x, line.y, line.width, &text, look.plain());
        if place == layer.at {
            pen.tint(line, look.selected());
            pen.text(line.x, line.y, 1, look.cursor(), look.strong());
        }
    }
    if found.is_empty() && list.height > 0 {
        pen.text(
            list.x + 2,
            list.y,
            list.width.saturating_sub(2),
            "no action is called that",
            look.dim(),
        );
    }
    let x = inner.x + 2 + cells;
    Position::new(x.min(inner.right().saturating_sub(1)), inner.y)
}

/// Says at the bottom what the highlighted action does, all of it: in its row the end may be cut.
/// Gives what is left for the rows.
fn in_full(pen: &mut Pen, row: &Row, list: Rect) -> Rect {
    if list.height < TALL - 1 {
        return list;
    }
    let look = pen.look;
    let width = usize::from(list.width);
    // As many lines whatever is highlighted, so that the list stays where it is.
    let lines = |row: &Row| draw::wrap(row.doc, width);
    let most = ACTIONS.iter().map(|row| lines(row).len()).max();
    let most = (most.unwrap_or(0) as u16).min(list.height / 3);
    let left = Rect {
        height: list.height - most - 1,
        ..list
    };
    let rule = Rect {
        y: left.bottom(),
        height: 1,
        ..list
    };
    pen.rule(rule, &Line::new());
    for (at, line) in lines(row).iter().take(usize::from(most)).enumerate() {
        let y = rule.y + 1 + at as u16;
        pen.text(list.x, y, list.width, line, look.plain());
    }
    left
}
