//! The first line: how everything stands. On the smallest terminals it is the only one.

use super::draw::{Line, Pen};
use crate::proto::JobState;
use crate::text;
use crate::tui::layout::SMALLEST;
use crate::tui::model::{Model, Phase};
use crate::tui::words;
use crate::units;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// Draws the line of totals.
pub fn draw(pen: &mut Pen, model: &Model, area: Rect) {
    if model.size.0 < SMALLEST.0 || model.size.1 < SMALLEST.1 {
        return pen.line(area, &summary(model));
    }
    let narrow = area.width < 60;
    let (rate, eta) = words::overall(&model.snapshot);
    let mut figures = String::new();
    if let Some(rate) = rate {
        figures = if narrow {
            format!("{}/s", units::size_short(rate))
        } else {
            units::rate(rate)
        };
    }
    let left = words::overall_left(&model.snapshot, eta);
    if !left.is_empty() {
        figures.push(' ');
        figures.push_str(&left);
        if !narrow {
            figures.push_str(" left");
        }
    }
    if model.phase == Phase::WhenDone {
        figures.push_str(if narrow {
            " quits"
        } else {
            "  quits when done"
        });
    }
    let wanted = text::width(&figures) as u16;
    let room = area.width.saturating_sub(wanted + 1);
    let mut line = Line::of("haul", pen.look.strong());
    let counts = counts(model, area.width);
    if counts.is_empty() {
        line = line.then("  no jobs", pen.look.dim());
    }
    let gap = if narrow { " " } else { "  " };
    for (text, style) in counts {
        // Half a count would be a wrong one; the most telling come first.
        if line.width() + gap.len() + text.len() <= usize::from(room) {
            line = line.then(gap, pen.look.plain()).then(text, style);
        }
    }
    pen.line(
        Rect {
            width: room,
            ..area
        },
        &line,
    );
    let x = area.right().saturating_sub(wanted);
    pen.text(x, area.y, wanted, &figures, pen.look.strong());
}

fn counts(model: &Model, width: u16) -> Vec<(String, Style)> {
    let look = model.look;
    let running = model.in_state(JobState::Running) + model.in_state(JobState::Scanning);
    let paused = model.in_state(JobState::Paused) + model.in_state(JobState::Pausing);
    let jobs = &model.snapshot.jobs;
    let failed: u64 = jobs.iter().map(|job| job.failed).sum();
    let parked: u64 = jobs.iter().map(|job| job.parked).sum();
    let conflicts: u64 = jobs.iter().map(|job| job.conflicts).sum();
    let conflicts = conflicts.saturating_sub(parked);
    let conflict_word = if conflicts == 1 {
        "conflict"
    } else {
        "conflicts"
    };
    let done = jobs.iter().filter(|job| job.state.is_final()).count();
    let stopping = model.in_state(JobState::Cancelling);
    let flushing = model.in_state(JobState::Flushing) + model.in_state(JobState::Verifying);
    let queued = model.in_state(JobState::Queued);
    [
        (running as u64, "running", "run", "run", look.good()),
        (failed, "failed", "failed", "err", look.bad()),
        (conflicts, conflict_word, conflict_word, "cfl", look.warn()),
        (parked, "to answer", "to answer", "ask", look.warn()),
        (paused as u64, "paused", "paused", "pau", look.warn()),
        (flushing as u64, "flushing", "flush", "fl", look.good()),
        (stopping as u64, "stopping", "stopping", "stp", look.warn()),
        (queued as u64, "queued", "queued", "que", look.plain()),
        (done as u64, "ended", "ended", "end", look.dim()),
    ]
    .into_iter()
    .filter(|(number, ..)| *number > 0)
    .map(|(number, long, word, short, style)| {
        let bad = match short {
            "err" | "cfl" => "!",
            "ask" => "?",
            _ => "",
        };
        let number = units::count(number);
        let text = match width {
            ..60 => format!("{bad}{number}{short}"),
            60..100 => format!("{bad}{number} {word}"),
            _ => format!("{bad}{number} {long}"),
        };
        (text, style)
    })
    .collect()
}

/// What fits on one short line: the first unfinished job's state, percent, rate, time left.
fn summary(model: &Model) -> Line {
    let jobs = &model.snapshot.jobs;
    let running = jobs.iter().filter(|job| job.state.is_active()).count();
    let job = jobs
        .iter()
        .find(|job| job.state.is_active())
        .or_else(|| jobs.iter().find(|job| !job.state.is_final()))
        .or(jobs.last());
    let Some(job) = job else {
        return Line::of("haul: no jobs", Style::new());
    };
    let more = if running > 1 {
        format!(" +{}", running - 1)
    } else {
        String::new()
    };
    let troubles: u64 = jobs.iter().map(words::troubles).sum();
    let troubles = if troubles > 0 {
        format!(" !{}", units::count(troubles))
    } else {
        String::new()
    };
    Line::of(
        format!(
            "{} {}{more}{troubles} {} {}",
            words::percent_text(job),
            job.state.word(),
            words::rate(job, true),
            words::time_left(job),
        ),
        Style::new(),
    )
}
