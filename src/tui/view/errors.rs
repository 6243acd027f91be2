//! The failures of one job, a line each; the highlighted one in full below.

use super::draw::{self, Line, Pen};
use crate::proto::{Failure, Side};
use crate::tui::layers::ErrorsLayer;
use crate::tui::look::Look;
use crate::tui::model::Model;
use ratatui::layout::Rect;

/// Draws the list over the whole body.
pub fn draw(pen: &mut Pen, model: &Model, layer: &ErrorsLayer, area: Rect) {
    let look = pen.look;
    pen.clear(area);
    let Some(job) = model.job(layer.job) else {
        return;
    };
    let len = job.listed as usize;
    let title = Line::of(format!("ERRORS of job {}", job.id), look.strong()).then(
        format!(
            "  {} of {len}: {} failed, {}",
            (layer.cursor + 1).min(len),
            job.failed,
            crate::tui::words::many(job.conflicts - job.parked, "conflict", "conflicts")
        ),
        look.plain(),
    );
    pen.rule(Rect { height: 1, ..area }, &title);
    let list = super::below_title(area);
    let selected = layer.at(layer.cursor);
    let detail = selected.map_or(0, |failure| {
        draw::wrap(&sentence(failure, look), usize::from(area.width) - 1).len()
    });
    // The full text takes the lower rows, but never the highlighted one.
    let detail = detail.min(usize::from(list.height) / 2);
    let rows = usize::from(list.height) - detail - usize::from(detail > 0);
    let top = crate::tui::browse::follow(layer.top, layer.cursor, len, rows);
    for at in 0..rows.min(len.saturating_sub(top)) {
        let place = top + at;
        let line = Rect {
            y: list.y + at as u16,
            height: 1,
            ..list
        };
        let text = match layer.at(place) {
            Some(failure) => row(failure, usize::from(area.width), look),
            None => "   ...".to_string(),
        };
        pen.text(line.x, line.y, line.width, &text, look.plain());
        if place == layer.cursor {
            pen.tint(line, look.selected());
            pen.text(line.x, line.y, 1, look.cursor(), look.strong());
        }
    }
    if let Some(failure) = selected
        && detail > 0
    {
        let y = list.bottom() - detail as u16 - 1;
        pen.rule(
            Rect {
                y,
                height: 1,
                ..list
            },
            &Line::new(),
        );
        let lines = draw::wrap(&sentence(failure, look), usize::from(area.width) - 1);
        for (at, text) in lines.iter().take(detail).enumerate() {
            pen.text(
                list.x + 1,
                y + 1 + at as u16,
                list.width - 1,
                text,
                look.bad(),
            );
        }
    }
}

/// `  permission  open     a/b.exr: Permission denied`.
fn row(failure: &Failure, width: usize, look: Look) -> String {
    if width < 60 {
        let name = look.name(failure.path.as_bytes());
        let name = crate::text::cut_middle(&name, width - 2, look.ellipsis());
        return format!("  {name}");
    }
    let reason = look.words(&failure.reason).into_owned();
    let class = draw::left(failure.class.word(), 11, look);
    let reason_cells = crate::text::width(&reason).min(width / 2);
    let name_cells = width.saturating_sub(2 + 12 + reason_cells + 2);
    let name = look.name(failure.path.as_bytes());
    let name = crate::text::cut_middle(&name, name_cells, look.ellipsis());
    format!("  {class} {name}: {reason}")
}

/// The failure as a sentence: what, which path, which side, why, and the kernel's number.
pub fn sentence(failure: &Failure, look: Look) -> String {
    let side = match failure.side {
        Side::Source => "source",
        Side::Dest => "destination",
    };
    let mut text = format!(
        "cannot {} {} '{}': {}",
        failure.op.verb(),
        side,
        look.name(failure.path.as_bytes()),
        look.words(&failure.reason),
    );
    if let Some(errno) = failure.errno {
        text = format!("{text} (errno {errno})");
    }
    if let Some(offset) = failure.offset {
        text = format!("{text} at byte {offset}");
    }
    text
}
