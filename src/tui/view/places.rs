//! The list of places.

use super::draw::{self, Line, Pen};
use crate::text;
use crate::tui::layers::PlacesLayer;
use crate::tui::layout::middle;
use crate::tui::model::Model;
use crate::tui::update::places;
use crate::units;
use ratatui::layout::Rect;

/// Cells of what a place is.
const WHAT: usize = 9;
/// Cells of its room.
const FREE: usize = 11;

/// Draws the list.
pub fn draw(pen: &mut Pen, model: &Model, layer: &PlacesLayer, body: Rect) {
    let look = model.look;
    let rows = places::rows(model, layer);
    let width = body.width.min(90);
    let wanted = rows.len().max(2).min(places::height(model)) as u16 + 2;
    let title = format!("PLACES FOR {}", layer.side.word());
    let inner = pen.frame(middle(body, width, wanted), &title);
    if rows.is_empty() {
        let words = if layer.mounts.is_none() {
            "reading what is mounted"
        } else {
            "none: a makes a bookmark of the directory shown"
        };
        pen.text(inner.x, inner.y, inner.width, words, look.dim());
        return;
    }
    let at = layer.at.min(rows.len() - 1);
    for (row, place) in rows
        .iter()
        .enumerate()
        .skip(layer.top)
        .take(usize::from(inner.height))
    {
        let area = Rect {
            y: inner.y + (row - layer.top) as u16,
            height: 1,
            ..inner
        };
        let free = place.free.map_or_else(String::new, |free| {
            format!("{} free", units::size_short(free))
        });
        let room = usize::from(inner.width).saturating_sub(2 + WHAT + 1 + FREE);
        let path = look.name(place.path.as_bytes());
        let path = text::cut_middle(&path, room, look.ellipsis());
        let cursor = if row == at { look.cursor() } else { " " };
        let line = Line::of(format!("{cursor} "), look.strong())
            .then(draw::left(&look.words(&place.what), WHAT, look), look.dim())
            .then(" ", look.plain())
            .then(draw::left(&path, room, look), look.plain())
            .then(draw::right(&free, FREE, look), look.plain());
        pen.line(area, &line);
        if row == at {
            pen.tint(area, look.selected());
        }
    }
}
