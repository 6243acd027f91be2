//! The failures of one job: a row each, or one for all frames of a sequence; the highlighted one in
//! full below.

use super::draw::{self, Line, Pen};
use crate::proto::{Failure, FailureFold, FailuresBy, JobView, Side};
use crate::tui::failures::{ErrorsLayer, Row};
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
    let len = layer.rows();
    pen.rule(Rect { height: 1, ..area }, &title(job, layer, look));
    let list = super::below_title(area);
    if layer.of.is_none() {
        let width = list.width.saturating_sub(2);
        pen.text(list.x + 2, list.y, width, "being listed", look.dim());
    }
    let width = usize::from(area.width);
    let selected = in_full(layer, look);
    let lines = draw::wrap(&selected, width.saturating_sub(1));
    let detail = if selected.is_empty() { 0 } else { lines.len() };
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
        let text = match layer.row(place) {
            Some(Row::Fold(at)) => several(&layer.folds[at], width, look),
            Some(Row::Member(_, at)) => single(layer.failure(at), "    ", width, look),
            Some(Row::Single(at)) => single(layer.failure(at), "  ", width, look),
            None => String::new(),
        };
        pen.text(line.x, line.y, line.width, &text, look.plain());
        if place == layer.cursor {
            pen.tint(line, look.selected());
            pen.text(line.x, line.y, 1, look.cursor(), look.strong());
        }
    }
    if detail > 0 {
        let y = list.bottom() - detail as u16 - 1;
        pen.rule(
            Rect {
                y,
                height: 1,
                ..list
            },
            &Line::new(),
        );
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

fn title(job: &JobView, layer: &ErrorsLayer, look: Look) -> Line {
    let by = match layer.by {
        FailuresBy::Sequence => "",
        FailuresBy::Cause => ", by cause and directory",
    };
    Line::of(format!("ERRORS of job {}", job.id), look.strong()).then(
        format!(
            "  {} of {}: {} failed, {}{by}",
            units::count((layer.cursor + 1).min(layer.rows()) as u64),
            words::many(layer.rows() as u64, "row", "rows"),
            units::count(job.failed),
            words::many(job.conflicts - job.parked, "conflict", "conflicts")
        ),
        look.plain(),
    )
}

/// What is highlighted, in full; empty until it is known.
fn in_full(layer: &ErrorsLayer, look: Look) -> String {
    match layer.row(layer.cursor) {
        Some(Row::Fold(at)) => {
            let (fold, open) = &layer.folds[at];
            let key = if *open { "z folds" } else { "z lists" };
            format!(
                "{} failures of one cause, {}: {}. {key} them.",
                units::count(fold.count),
                place(fold, look),
                reason(fold, look),
            )
        }
        Some(Row::Member(_, at) | Row::Single(at)) => layer
            .failure(at)
            .map_or_else(String::new, |failure| sentence(failure, look)),
        None => String::new(),
    }
}

fn place(fold: &FailureFold, look: Look) -> String {
    match &fold.path {
        Some(path) => look.name(path.as_bytes()).into_owned(),
        None => "many directories".to_owned(),
    }
}

fn reason(fold: &FailureFold, look: Look) -> String {
    match fold.reason.as_str() {
        "" => fold.class.word().to_owned(),
        reason => look.words(reason).into_owned(),
    }
}

/// `+ permission  240  /a/comp.[1001-1240].exr: Permission denied`.
fn several((fold, open): &(FailureFold, bool), width: usize, look: Look) -> String {
    let sign = if *open { '-' } else { '+' };
    let count = units::count(fold.count);
    let place = place(fold, look);
    if width < 60 {
        let cells = width.saturating_sub(4 + count.len());
        // The end of it says which frames.
        let place = crate::text::cut_middle(&place, cells, look.ellipsis());
        return format!(" {sign}{count} {place}");
    }
    let reason = reason(fold, look);
    let class = draw::left(fold.class.word(), 11, look);
    let reason_cells = crate::text::width(&reason).min(width / 2);
    let cells = width.saturating_sub(2 + 12 + count.len() + 2 + reason_cells + 2);
    let place = crate::text::cut_middle(&place, cells, look.ellipsis());
    format!(" {sign}{class} {count}  {place}: {reason}")
}

fn single(failure: Option<&Failure>, indent: &str, width: usize, look: Look) -> String {
    match failure {
        Some(failure) => row(failure, indent, width, look),
        None => format!("{indent}..."),
    }
}

/// `  permission  a/b.exr: Permission denied`.
fn row(failure: &Failure, indent: &str, width: usize, look: Look) -> String {
    let width = width.saturating_sub(indent.len());
    if width < 58 {
        let name = look.name(failure.path.as_bytes());
        let name = crate::text::cut_middle(&name, width, look.ellipsis());
        return format!("{indent}{name}");
    }
    let reason = look.words(&failure.told()).into_owned();
    let class = draw::left(failure.class.word(), 11, look);
    let reason_cells = crate::text::width(&reason).min(width / 2);
    let name_cells = width.saturating_sub(12 + reason_cells + 2);
    let name = look.name(failure.path.as_bytes());
    let name = crate::text::cut_middle(&name, name_cells, look.ellipsis());
    format!("{indent}{class} {name}: {reason}")
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
        look.words(&failure.told()),
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
                below: 0,
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
