//! The files of one job, a line each.

use super::draw::{self, Line, Pen};
use crate::proto::{EntryState, FileEntry, FilesBy};
use crate::tui::browse::follow;
use crate::tui::layers::FilesLayer;
use crate::tui::look::Look;
use crate::tui::model::Model;
use crate::tui::words;
use crate::units;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

/// Draws the list over the whole body; where the text cursor stands while a filter is typed.
pub fn draw(pen: &mut Pen, model: &Model, layer: &FilesLayer, area: Rect) -> Option<Position> {
    let look = pen.look;
    pen.clear(area);
    let total = layer.total();
    let by = match layer.order.by {
        FilesBy::Scan => "as they are copied".to_string(),
        by => format!("by {}", by.name()),
    };
    let order = format!(
        "{by}{}",
        if layer.order.reversed {
            " reversed"
        } else {
            ""
        }
    );
    let narrow = area.width < 60;
    let count = match &layer.page {
        None => "being read".to_string(),
        // The rows are still those of the last order, and so is their number.
        Some(page) if page.order != layer.order => "being put in order".to_string(),
        Some(_) => format!(
            "{} of {}",
            (layer.cursor + 1).min(total),
            words::many(total as u64, "file", "files")
        ),
    };
    let title = if narrow {
        "FILES".to_string()
    } else {
        format!("FILES of job {}", layer.job)
    };
    let mut title = Line::of(title, look.strong());
    let mut cursor = None;
    if layer.input.is_some() || !layer.order.filter.is_empty() {
        let filter = look.name(layer.order.filter.as_bytes());
        title = title.then("  /", look.strong());
        // What is typed is never cut away by the counts; the cursor stands behind it.
        let before = title.width() + crate::text::width(&filter);
        title = title.then(filter.into_owned(), look.strong());
        if layer.input.is_some() {
            let x = area.x + 2 + before as u16;
            cursor = Some(Position::new(x.min(area.right().saturating_sub(1)), area.y));
        }
    }
    title = title.then(format!("  {count}, {order}"), look.plain());
    pen.rule(Rect { height: 1, ..area }, &title);
    let list = super::below_title(area);
    let rows = usize::from(list.height);
    let top = follow(layer.top, layer.cursor, total, rows);
    let page = layer.page.as_ref();
    for at in 0..rows.min(total.saturating_sub(top)) {
        let place = top + at;
        let line = Rect {
            y: list.y + at as u16,
            height: 1,
            ..list
        };
        let entry = page.and_then(|page| {
            let within = place.checked_sub(page.from as usize)?;
            page.files.get(within)
        });
        match entry {
            Some(entry) => {
                let done = done(model, layer, entry);
                pen.line(line, &row(entry, done, usize::from(area.width), look));
            }
            None => pen.line(line, &Line::of("   ...", look.dim())),
        }
        if place == layer.cursor {
            pen.tint(line, look.selected());
            pen.text(line.x, line.y, 1, look.cursor(), look.strong());
        }
    }
    if page.is_some() && total == 0 {
        let words = if layer.order.filter.is_empty() {
            "nothing was found yet"
        } else {
            "no path holds that"
        };
        pen.text(
            list.x + 2,
            list.y,
            list.width.saturating_sub(2),
            words,
            look.dim(),
        );
    }
    cursor
}

/// Percent of a file in work, from the snapshot: it is newer than the page.
fn done(model: &Model, layer: &FilesLayer, entry: &FileEntry) -> Option<u64> {
    let job = model.job(layer.job)?;
    let row = job.in_flight.iter().find(|row| row.id == entry.file)?;
    (u128::from(row.done) * 100)
        .checked_div(u128::from(row.size))
        .map(|percent| percent.min(99) as u64)
}

fn row(entry: &FileEntry, done: Option<u64>, width: usize, look: Look) -> Line {
    let state = match (entry.state, done) {
        (EntryState::Copying | EntryState::Waiting, Some(percent)) => format!("{percent}%"),
        (state, _) => state.word().to_string(),
    };
    let tail = format!(" {:>6}", units::size_short(entry.size));
    let cells = width.saturating_sub(2 + 10 + tail.len());
    let path = draw::middle(&look.ended(entry.path.as_bytes()), cells, look);
    Line::of("  ", look.plain())
        .then(draw::left(&state, 10, look), style(entry.state, look))
        .then(path, look.plain())
        .then(tail, look.plain())
}

const fn style(state: EntryState, look: Look) -> Style {
    match state {
        EntryState::Failed => look.bad(),
        EntryState::Conflict | EntryState::Paused => look.warn(),
        EntryState::Copying | EntryState::Copied => look.good(),
        EntryState::Cancelled | EntryState::Waiting | EntryState::Skipped => look.dim(),
    }
}
