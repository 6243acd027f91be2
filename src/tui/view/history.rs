//! Finished jobs: a line each, the receipt of the highlighted one below.

use super::draw::{self, Line, Pen};
use crate::proto::{JobState, Summary};
use crate::records::Receipt;
use crate::text;
use crate::tui::browse::follow;
use crate::tui::layers::{HistoryLayer, Layer};
use crate::tui::look::Look;
use crate::tui::model::Model;
use crate::tui::words;
use crate::units;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use ratatui::layout::Rect;
use std::os::unix::ffi::OsStrExt;

/// Cells of the word for how a job ended.
const STATE: usize = 11;

/// Rows from which the figures are given their names.
const WITH_HEADS: usize = 12;

/// Fewest cells of a row with all figures.
const ALL_FIGURES: usize = 76;

/// Draws the list over the whole body.
pub fn draw(pen: &mut Pen, model: &Model, layer: &HistoryLayer, area: Rect) {
    let look = pen.look;
    pen.clear(area);
    let list = super::below_title(area);
    let title = Line::of("HISTORY", look.strong());
    let (receipts, unread) = match &layer.read {
        Some(Ok((receipts, unread))) => (receipts, *unread),
        other => {
            pen.rule(Rect { height: 1, ..area }, &title);
            let (words, style) = match other {
                Some(Err(reason)) => (look.words(reason).into_owned(), look.bad()),
                _ => ("being read".to_string(), look.dim()),
            };
            pen.text(
                list.x + 2,
                list.y,
                list.width.saturating_sub(2),
                &words,
                style,
            );
            return;
        }
    };
    let mut told = format!(
        "  {} of {}, the newest first",
        (layer.cursor + 1).min(receipts.len()),
        words::many(receipts.len() as u64, "finished job", "finished jobs")
    );
    if unread > 0 {
        told = format!("{told}; {unread} could not be read");
    }
    pen.rule(Rect { height: 1, ..area }, &title.then(told, look.plain()));
    let Some(receipt) = receipts.get(layer.cursor) else {
        let words = "no job has ended yet";
        pen.text(
            list.x + 2,
            list.y,
            list.width.saturating_sub(2),
            words,
            look.dim(),
        );
        return;
    };
    let detail = receipt_lines(receipt, look, &model.zone, usize::from(area.width));
    let rows = usize::from(list.height);
    if let Some(top) = layer.receipt {
        let top = top.min(detail.len().saturating_sub(rows));
        for (at, line) in detail.iter().skip(top).take(rows).enumerate() {
            let y = list.y + at as u16;
            let height = 1;
            pen.line(Rect { y, height, ..list }, line);
        }
        return;
    }
    // The receipt has the lower half at most; what does not fit is less telling.
    let below = (detail.len() + 1).min(rows / 2);
    let heads = usize::from(area.width >= 60 && rows >= WITH_HEADS);
    let shown = rows - below - heads;
    if heads == 1 {
        let names = ["files", "bytes", "time", "mean"].map(str::to_string);
        let tail = tail(names, usize::from(area.width));
        let state = draw::left("State", STATE, look);
        let head = format!("  {:<11} {state}Copy", "Ended");
        let cells = usize::from(area.width).saturating_sub(tail.len());
        let heads = format!("{}{tail}", draw::left(&head, cells, look));
        pen.text(list.x, list.y, list.width, &heads, look.dim());
    }
    let top = follow(layer.top, layer.cursor, receipts.len(), shown);
    for (at, receipt) in receipts.iter().enumerate().skip(top).take(shown) {
        let line = Rect {
            y: list.y + (heads + at - top) as u16,
            height: 1,
            ..list
        };
        let width = usize::from(area.width);
        pen.line(line, &row(receipt, look, &model.zone, width));
        if at == layer.cursor {
            pen.tint(line, look.selected());
            pen.text(line.x, line.y, 1, look.cursor(), look.strong());
        }
    }
    if below == 0 {
        return;
    }
    let y = list.bottom() - below as u16;
    pen.rule(
        Rect {
            y,
            height: 1,
            ..list
        },
        &Line::new(),
    );
    for (at, line) in detail.iter().take(below - 1).enumerate() {
        let y = y + 1 + at as u16;
        pen.line(
            Rect {
                y,
                height: 1,
                ..list
            },
            line,
        );
    }
}

/// Lines of the highlighted receipt; 0 without one.
pub fn receipt_height(model: &Model) -> usize {
    let Some(Layer::History(layer)) = model.layers.last() else {
        return 0;
    };
    let receipts = layer.read.as_ref().and_then(|read| read.as_ref().ok());
    let receipt = receipts.and_then(|(receipts, _)| receipts.get(layer.cursor));
    receipt.map_or(0, |receipt| {
        receipt_lines(receipt, model.look, &model.zone, usize::from(model.size.0)).len()
    })
}

/// The word for how a job ended.
const fn word(summary: &Summary, narrow: bool) -> &'static str {
    match summary.state {
        JobState::DoneWithFailures
            if summary.files.failed == 0 && summary.files.conflicts > 0 && !narrow =>
        {
            "CONFLICTS"
        }
        state => state.word(),
    }
}

fn when(seconds: i64, zone: &TimeZone, format: &str) -> String {
    Timestamp::from_second(seconds).map_or_else(
        |_| "-".to_string(),
        |time| time.to_zoned(zone.clone()).strftime(format).to_string(),
    )
}

/// What was copied and where to.
fn ends(summary: &Summary, look: Look) -> (String, String) {
    let more = match summary.sources {
        0 | 1 => String::new(),
        sources => format!(" +{}", sources - 1),
    };
    let from = look.ended(summary.source.name().as_bytes());
    let to = look.name(&words::last_two(&summary.dest)).into_owned();
    (format!("{from}{more}"), to)
}

/// The figures at the end of a row, or what they are called.
fn tail([files, bytes, time, rate]: [String; 4], width: usize) -> String {
    if width < ALL_FIGURES {
        // What was copied must be readable; the rest is in the receipt below.
        return format!(" {bytes:>6} {time:>7}");
    }
    format!(" {files:>6} {bytes:>6} {time:>7} {rate:>8}")
}

/// Nothing takes no time.
fn time(seconds: f64) -> String {
    match seconds {
        ..1.0 => "<1s".to_string(),
        _ => units::duration(seconds as u64),
    }
}

/// `  11-20 14:02 DONE  sh010 -> fast/ABC   240  11.2G  27s  402M/s`.
fn row(receipt: &Receipt, look: Look, zone: &TimeZone, width: usize) -> Line {
    let summary = &receipt.summary;
    let format = if width < 60 { "%m-%d" } else { "%m-%d %H:%M" };
    let head = format!("  {} ", when(receipt.ended, zone, format));
    let narrow = width < 60;
    let state = draw::left(word(summary, narrow), if narrow { 10 } else { STATE }, look);
    let tail = if width < 60 {
        format!(" {:>6}", units::size_short(summary.bytes_copied))
    } else {
        let figures = [
            units::count(summary.files.copied),
            units::size_short(summary.bytes_copied),
            time(summary.elapsed_seconds),
            format!("{}/s", units::size_short(summary.bytes_per_second)),
        ];
        tail(figures, width)
    };
    let cells = width.saturating_sub(head.len() + text::width(&state) + tail.len());
    let title = if narrow {
        let name = look.ended(summary.source.name().as_bytes());
        text::cut_middle(&name, cells, look.ellipsis()).into_owned()
    } else {
        words::both_in(ends(summary, look), cells, look)
    };
    Line::of(head, look.dim())
        .then(state, words::style(summary.state, look))
        .then(draw::left(&title, cells, look), look.plain())
        .then(tail, look.plain())
}

/// The receipt in full.
fn receipt_lines(receipt: &Receipt, look: Look, zone: &TimeZone, width: usize) -> Vec<Line> {
    let summary = &receipt.summary;
    let mut lines = Vec::new();
    let mut pair = |name: &str, value: String| {
        for (at, line) in draw::wrap(&value, width.saturating_sub(14))
            .into_iter()
            .enumerate()
        {
            let name = if at == 0 { name } else { "" };
            lines.push(Line::of(format!(" {name:<11} "), look.dim()).then(line, look.plain()));
        }
    };
    let files = summary.files;
    pair(
        "Ended",
        format!(
            "{} {}, {} of work",
            word(summary, false),
            when(receipt.ended, zone, "%Y-%m-%d %H:%M:%S"),
            units::took((summary.elapsed_seconds * 1000.0) as u64)
        ),
    );
    pair(
        "Files",
        format!(
            "{} copied, {} skipped, {} failed, {}{}",
            files.copied,
            files.skipped,
            files.failed,
            words::many(files.conflicts, "conflict", "conflicts"),
            words::cancelled(files.cancelled)
        ),
    );
    let mut bytes = format!(
        "{}, {} on average",
        units::size(summary.bytes_copied),
        units::rate(summary.bytes_per_second)
    );
    if summary.bytes_cloned > 0 {
        bytes = format!(
            "{bytes}; {} shared by reflink",
            units::size(summary.bytes_cloned)
        );
    }
    pair("Bytes", bytes);
    pair("From", look.name(summary.source.as_bytes()).into_owned());
    pair("To", look.name(summary.dest.as_bytes()).into_owned());
    for used in &summary.strategies {
        pair(
            "Copied by",
            format!(
                "{}: {}, {}: {}",
                used.strategy,
                words::many(used.files, "file", "files"),
                units::size(used.bytes),
                look.words(&used.reason)
            ),
        );
    }
    for notice in &summary.notices {
        let times = match notice.count {
            0 | 1 => String::new(),
            count => format!(" ({} times)", units::count(count)),
        };
        pair("To know", format!("{}{times}", look.words(&notice.text)));
    }
    lines
}
