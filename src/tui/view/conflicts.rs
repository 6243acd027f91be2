//! The conflicts of one job that wait: a line each, both files of the highlighted one below.

use super::draw::{self, Line, Pen};
use crate::proto::{EntryKind, Facts, Mark, Parked};
use crate::text;
use crate::tui::browse::follow;
use crate::tui::layers::ConflictsLayer;
use crate::tui::look::Look;
use crate::tui::model::Model;
use crate::tui::words;
use crate::units;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use ratatui::layout::Rect;
use std::os::unix::ffi::OsStrExt;

/// Lines below the list: a rule, the path, both files.
const BELOW: u16 = 4;

/// Draws the list over the whole body.
pub fn draw(pen: &mut Pen, model: &Model, layer: &ConflictsLayer, area: Rect) {
    let look = pen.look;
    pen.clear(area);
    let Some(job) = model.job(layer.job) else {
        return;
    };
    let len = job.parked as usize;
    let title = Line::of(format!("CONFLICTS of job {}", job.id), look.strong()).then(
        format!(
            "  {} of {}: nothing is touched until you answer",
            (layer.cursor + 1).min(len),
            words::many(len as u64, "that waits", "that wait")
        ),
        look.plain(),
    );
    pen.rule(Rect { height: 1, ..area }, &title);
    let list = super::below_title(area);
    let below = if list.height >= BELOW * 2 { BELOW } else { 0 };
    let rows = usize::from(list.height - below);
    let top = follow(layer.top, layer.cursor, len, rows);
    for at in 0..rows.min(len.saturating_sub(top)) {
        let place = top + at;
        let line = Rect {
            y: list.y + at as u16,
            height: 1,
            ..list
        };
        let text = match layer.at(place) {
            Some(parked) => row(parked, usize::from(area.width), look),
            None => "   ...".to_string(),
        };
        pen.text(line.x, line.y, line.width, &text, look.plain());
        if place == layer.cursor {
            pen.tint(line, look.selected());
            pen.text(line.x, line.y, 1, look.cursor(), look.strong());
        }
    }
    if let Some(parked) = layer.at(layer.cursor)
        && below > 0
    {
        let at = |row: u16| Rect {
            y: list.bottom() - below + row,
            height: 1,
            ..list
        };
        pen.rule(at(0), &Line::new());
        let path = look.name(parked.path.as_bytes());
        let path = text::cut_middle(&path, usize::from(area.width) - 2, look.ellipsis());
        pen.line(at(1), &Line::of(format!(" {path}"), look.strong()));
        let newer = parked.newer();
        // What an interrupted save leaves must not replace a whole file unseen.
        let emptied = parked.source.kind == EntryKind::File
            && parked.source.size == 0
            && parked.dest.kind == EntryKind::File
            && parked.dest.size > 0;
        // What is newer by less than a second would look as old.
        let exact = newer != Mark::Same && parked.source.secs == parked.dest.secs;
        for (row, name, facts, is_newer) in [
            (2, "source", &parked.source, newer == Mark::Source),
            (3, "there ", &parked.dest, newer == Mark::Dest),
        ] {
            let mark = if is_newer { "  NEWER" } else { "" };
            let line = Line::of(format!(" {name}  "), look.dim())
                .then(sentence(facts, &model.zone, exact), look.plain())
                .then(mark, look.good())
                .then(if emptied && row == 2 { "  EMPTY" } else { "" }, look.bad());
            pen.line(at(row), &line);
        }
    }
}

/// `  path   47.0M -> 44.0M  source newer`.
fn row(parked: &Parked, width: usize, look: Look) -> String {
    let newer = match (parked.newer(), width) {
        (Mark::Source, ..60) => "src newer",
        (Mark::Dest, ..60) => "dst newer",
        (Mark::Same, ..60) => "same time",
        (Mark::Source, _) => "source newer",
        (Mark::Dest, _) => "there newer",
        (Mark::Same, _) => "same time",
    };
    let size = |facts: &Facts| match facts.kind {
        EntryKind::File => units::size_short(facts.size),
        kind => kind.word().to_string(),
    };
    let tail = if width < 60 {
        format!(" {newer}")
    } else {
        format!(
            "  {:>7} {} {:<7}  {newer:<12}",
            size(&parked.source),
            look.arrow(),
            size(&parked.dest)
        )
    };
    let cells = width.saturating_sub(2 + text::width(&tail));
    let path = if width < 60 {
        parked.path.name().as_bytes()
    } else {
        parked.path.as_bytes()
    };
    format!("  {}{tail}", draw::middle(&look.ended(path), cells, look))
}

/// `47 MiB (49283072 bytes), 2026-11-20 14:02:31`, or with every digit of the time.
fn sentence(facts: &Facts, zone: &TimeZone, exact: bool) -> String {
    let time = Timestamp::new(facts.secs, facts.nanos as i32).map_or_else(
        |_| "time unknown".to_string(),
        |time| {
            let time = time.to_zoned(zone.clone());
            let seconds = time.strftime("%Y-%m-%d %H:%M:%S").to_string();
            if exact {
                format!("{seconds}{}", time.strftime("%.9f"))
            } else {
                seconds
            }
        },
    );
    match facts.kind {
        EntryKind::File => format!("{}, {time}", super::info::bytes(facts.size)),
        kind => format!("{}, {time}", kind.word()),
    }
}
