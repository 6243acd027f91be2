//! The failures of one job, a line each; the highlighted one in full below.

use super::draw::{self, Line, Pen};
use crate::proto::{Failure, Side};
use crate::tui::layers::ErrorsLayer;
use crate::tui::look::Look;
use crate::tui::model::Model;
use crate::tui::words;
use crate::units;
use ratatui::layout::Rect;

/// Draws the list over the whole body.
pub fn draw(pen: &mut Pen, model: &Model, layer: &ErrorsLayer, area: Rect) {
    let look = pen.look;
    pen.clear(area);
    let Some(job) = model.job(layer.job) else {
        return;
    };
    let len = job.listed as usize;
    if layer.grouped {
        return groups(pen, layer, len, area);
    }
    let title = Line::of(format!("ERRORS of job {}", job.id), look.strong()).then(
        format!(
            "  {} of {len}: {} failed, {}",
            (layer.cursor + 1).min(len),
            job.failed,
            words::many(job.conflicts - job.parked, "conflict", "conflicts")
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

/// The failures by cause and directory, the largest group first.
fn groups(pen: &mut Pen, layer: &ErrorsLayer, len: usize, area: Rect) {
    let look = pen.look;
    let known = layer.groups.as_deref().unwrap_or_default();
    let title = Line::of(format!("ERRORS of job {}", layer.job), look.strong()).then(
        format!(
            "  {} of {len} in all; Tab lists from the first of a group",
            words::many(known.len() as u64, "group", "groups")
        ),
        look.plain(),
    );
    pen.rule(Rect { height: 1, ..area }, &title);
    let list = super::below_title(area);
    if layer.groups.is_none() {
        pen.text(
            list.x + 2,
            list.y,
            list.width.saturating_sub(2),
            "being grouped",
            look.dim(),
        );
    }
    let rows = usize::from(list.height);
    let top = crate::tui::browse::follow(0, layer.group, known.len(), rows);
    for (at, group) in known.iter().enumerate().skip(top).take(rows) {
        let line = Rect {
            y: list.y + (at - top) as u16,
            height: 1,
            ..list
        };
        let reason = match group.reason.as_str() {
            "" => group.class.word().to_string(),
            reason => look.words(reason).into_owned(),
        };
        let dir = match &group.dir {
            Some(dir) => look.name(dir.as_bytes()).into_owned(),
            None => "many directories".to_string(),
        };
        let count = draw::right(&units::count(group.count), 7, look);
        let width = usize::from(area.width);
        let cells = width.saturating_sub(11 + crate::text::width(&reason).min(width / 2));
        let dir = crate::text::cut_middle(&dir, cells, look.ellipsis());
        let text = format!("  {count} {dir}: {reason}");
        pen.text(line.x, line.y, line.width, &text, look.plain());
        if at == layer.group {
            pen.tint(line, look.selected());
            pen.text(line.x, line.y, 1, look.cursor(), look.strong());
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

/// The failure as a sentence: what, which path, which side, why, and the kernel's number, once.
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
    // Reasons in the kernel's words have it in them.
    if let Some(errno) = failure.errno
        && !failure.reason.contains(&format!("(os error {errno})"))
    {
        text = format!("{text} (errno {errno})");
    }
    if let Some(offset) = failure.offset {
        text = format!("{text} at byte {offset}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::{BytePath, ErrorClass, Op};
    use crate::tui::theme::Theme;

    #[test]
    fn the_number_is_said_once() {
        let told = |reason: &str| {
            let failure = Failure {
                file: None,
                op: Op::Resolve,
                side: Side::Source,
                path: BytePath::from("/a/gone"),
                errno: Some(2),
                offset: None,
                class: ErrorClass::Vanished,
                reason: reason.to_owned(),
            };
            let look = Look {
                ascii: true,
                theme: Theme::default(),
            };
            sentence(&failure, look)
        };
        let both = "no such file or directory (os error 2)";
        assert_eq!(
            told(both),
            format!("cannot resolve source '/a/gone': {both}")
        );
        assert!(told("is not there").ends_with("is not there (errno 2)"));
    }
}
