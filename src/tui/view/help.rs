//! The list of keys, made from the table of actions.

use super::draw::{self, Line, Pen};
use crate::tui::action::{Context, keys_of};
use crate::tui::model::Model;
use ratatui::layout::Rect;

/// Cells of the keys.
const KEYS: usize = 22;

/// Draws the list over the whole body.
pub fn draw(pen: &mut Pen, model: &Model, top: usize, area: Rect) {
    let look = pen.look;
    pen.clear(area);
    let lines = lines(model, area.width);
    let body = super::below_title(area);
    let top = top.min(lines.len().saturating_sub(usize::from(body.height)));
    let last = (top + usize::from(body.height)).min(lines.len());
    let title = Line::of("KEYS", look.strong()).then(
        format!("  lines {}-{last} of {}", top + 1, lines.len()),
        look.plain(),
    );
    pen.rule(Rect { height: 1, ..area }, &title);
    for (at, line) in lines[top..last].iter().enumerate() {
        let y = body.y + at as u16;
        pen.line(
            Rect {
                y,
                height: 1,
                ..body
            },
            line,
        );
    }
}

/// The lines at that width.
pub fn lines(model: &Model, width: u16) -> Vec<Line> {
    let look = model.look;
    let width = usize::from(width);
    let keys = KEYS.min(width / 3);
    let mut lines = Vec::new();
    let mut context = "";
    // What can be pressed where the help was asked for comes first.
    let here = model.context_below().map(Context::title);
    let rows = keys_of(&model.keymap);
    let (first, rest): (Vec<_>, Vec<_>) =
        rows.into_iter().partition(|row| Some(row.context) == here);
    for row in first.into_iter().chain(rest) {
        if row.context != context {
            if !context.is_empty() {
                lines.push(Line::new());
            }
            context = row.context;
            lines.push(Line::of(context, look.strong()));
        }
        let names = draw::wrap(&row.keys, keys);
        let docs = draw::wrap(row.doc, width.saturating_sub(keys + 4));
        for at in 0..names.len().max(docs.len()) {
            let name = names.get(at).map_or("", String::as_str);
            let doc = docs.get(at).map_or("", String::as_str);
            lines.push(
                Line::of(format!("  {}", draw::left(name, keys, look)), look.strong())
                    .then(format!("  {doc}"), look.plain()),
            );
        }
    }
    lines
}
