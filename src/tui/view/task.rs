//! Below the queue: the selected job's workers, files in flight and throughput.

use super::draw::{self, Line, Pen};
use crate::proto::{FilePhase, FileRow, JobView, Lane, WorkerRow};
use crate::text;
use crate::tui::chart;
use crate::tui::layout::{Layout, MANY_ROWS, WIDE_TASK, file_rows, worker_columns};
use crate::tui::look::Look;
use crate::tui::model::Model;
use crate::tui::words;
use crate::units;
use ratatui::layout::Rect;
use std::os::unix::ffi::OsStrExt;

/// Most cells of a name: figures too far from it are hard to follow.
const NAME_MOST: usize = 60;

/// Draws the selected job's part, where it is shown.
pub fn draw(pen: &mut Pen, model: &Model, layout: &Layout) {
    let Some(area) = layout.task else { return };
    let Some(job) = model.queue.selected.and_then(|id| model.job(id)) else {
        return;
    };
    let look = pen.look;
    let state = if area.width < 60 {
        match words::time_left(job).as_str() {
            "-" => words::standing(job).to_string(),
            left => format!("{} {left} left", words::standing(job)),
        }
    } else {
        words::sentence(job)
    };
    let title = Line::of(format!("JOB {}", job.id), look.strong())
        .then(" ", look.plain())
        .then(state, words::style(job.state, look));
    let title = match job.shots.in_work.first() {
        Some(shot) => {
            let frames = super::details::frames(shot);
            let cells = usize::from(area.width).saturating_sub(title.width() + frames.len() + 8);
            let label = look.name(shot.label.name().as_bytes());
            let label = text::cut_middle(&label, cells, look.ellipsis()).into_owned();
            // Less than this says nothing of which sequence it is.
            if cells < 12 {
                title
            } else {
                title.then(format!("  {label} {frames}"), look.plain())
            }
        }
        None => title,
    };
    pen.rule(Rect { height: 1, ..area }, &title);
    let all = model.size.1 >= MANY_ROWS;
    let mut rest = super::below_title(area);
    let take = |rest: &mut Rect| {
        let line = Rect { height: 1, ..*rest };
        *rest = super::below_title(*rest);
        line
    };
    if rest.height > 0 {
        let line = take(&mut rest);
        pen.line(line, &figures(job, area.width, look));
    }
    if let Some(failure) = &job.last_failure
        && rest.height > 0
    {
        let line = Rect {
            y: rest.bottom() - 1,
            height: 1,
            ..rest
        };
        rest.height -= 1;
        let text = format!(" last error: {}", super::errors::sentence(failure, look));
        let cut = text::cut_middle(&text, usize::from(line.width), look.ellipsis());
        pen.text(line.x, line.y, line.width, &cut, look.bad());
    }
    if area.width >= WIDE_TASK {
        let half = area.width * 3 / 5;
        let left = Rect {
            width: half,
            ..rest
        };
        let right = Rect {
            x: rest.x + half + 1,
            width: rest.width - half - 1,
            ..rest
        };
        rows(pen, job, all, left);
        history(pen, job, right);
        return;
    }
    // The history keeps a line when workers would take them all.
    let wanted = worker_lines(job, area.width) + file_rows(job, model.size.1);
    let chart = if job.history.is_empty() || rest.height == 0 {
        0
    } else {
        rest.height.saturating_sub(wanted).clamp(1, 4)
    };
    let upper = Rect {
        height: rest.height - chart,
        ..rest
    };
    rows(pen, job, all, upper);
    history(
        pen,
        job,
        Rect {
            y: upper.bottom(),
            height: chart,
            ..rest
        },
    );
}

fn worker_lines(job: &JobView, width: u16) -> u16 {
    job.workers.len().div_ceil(worker_columns(width)) as u16
}

/// Copied and on the device are two figures: what the kernel took is not yet safe.
fn figures(job: &JobView, width: u16, look: Look) -> Line {
    if words::is_uncounted(job) {
        let words = if job.state.is_final() {
            " was not counted"
        } else {
            " not counted yet"
        };
        return Line::of(words, look.dim());
    }
    if width < 60 {
        let (copied, total) = (job.bytes_copied, job.bytes_total());
        return Line::of(
            format!(
                " {}/{} copied, {}",
                units::size_short(copied),
                units::size_short(total),
                words::on_device(job, true)
            ),
            look.plain(),
        );
    }
    let whole = counts(job, width, false, look);
    // The counts of what went wrong are at its end.
    if whole.width() > usize::from(width) {
        counts(job, width, true, look)
    } else {
        whole
    }
}

/// The same where there is room for words; sizes may be short.
fn counts(job: &JobView, width: u16, short: bool, look: Look) -> Line {
    let size = if short {
        units::size_short
    } else {
        units::size
    };
    let more = words::still_counts(job);
    let of = if short { "/" } else { " of " };
    let on_device = if words::is_unflushed(job) {
        words::on_device(job, false)
    } else {
        size(job.bytes_flushed)
    };
    let mut line = Line::of(" copied ", look.dim())
        .then(size(job.bytes_copied), look.strong())
        .then(
            format!("{of}{}{more}", size(job.bytes_total())),
            look.plain(),
        )
        .then("  on device ", look.dim())
        .then(on_device, look.strong());
    if job.bytes_cloned > 0 {
        line = line
            .then("  shared ", look.dim())
            .then(size(job.bytes_cloned), look.plain());
    }
    line = line.then(format!("  files {}", words::files(job)), look.plain());
    // Else an idle worker beside files that are not done looks like a copy that hangs.
    if job.unnamed > 0 {
        let words = if width < 120 {
            "to flush"
        } else {
            "copied, named once they are on the device"
        };
        let count = units::count(job.unnamed);
        line = line.then(format!(" +{count} {words}"), look.plain());
    }
    let conflicts = if job.conflicts == 1 {
        "conflict"
    } else {
        "conflicts"
    };
    for (number, word, style) in [
        (job.skipped, "skipped", look.plain()),
        (job.failed, "failed", look.bad()),
        (job.conflicts, conflicts, look.warn()),
        (job.cancelled, "cancelled", look.warn()),
    ] {
        if number > 0 {
            line = line.then(format!("  {} {word}", units::count(number)), style);
        }
    }
    line
}

/// Workers first, then files that no worker has, as far as there is room.
fn rows(pen: &mut Pen, job: &JobView, all: bool, area: Rect) {
    let look = pen.look;
    let columns = worker_columns(area.width);
    let cell = area.width / columns as u16;
    let lines = job.workers.len().div_ceil(columns);
    for (at, (number, worker)) in numbered(&job.workers).enumerate() {
        let (column, line) = (at / lines.max(1), at % lines.max(1));
        if line as u16 >= area.height {
            continue;
        }
        let place = Rect::new(area.x + column as u16 * cell, area.y + line as u16, cell, 1);
        pen.line(place, &worker_line(worker, number, usize::from(cell), look));
    }
    // A file with one worker is in that worker's row already.
    let (alone, more): (Vec<_>, Vec<_>) = job
        .in_flight
        .iter()
        .partition(|file| !file.paused && file.workers == 1);
    let files = more.into_iter().chain(alone.into_iter().filter(|_| all));
    let room = usize::from(area.height).saturating_sub(lines);
    for (at, file) in files.take(room).enumerate() {
        let y = area.y + (lines + at) as u16;
        let place = Rect {
            y,
            height: 1,
            ..area
        };
        pen.line(place, &file_line(file, usize::from(area.width), look));
    }
}

/// Each worker with its place among those of its kind that are shown, counted from one. Ids go
/// through all kinds and are not used again: shown, they would look as if workers were missing.
pub fn numbered(workers: &[WorkerRow]) -> impl Iterator<Item = (usize, &WorkerRow)> {
    workers.iter().enumerate().map(|(at, worker)| {
        let before = workers[..at].iter();
        let same = before.filter(|other| other.lane == worker.lane).count();
        (same + 1, worker)
    })
}

/// `W1 comp.1148.exr  33.1M/46.8M  71% 104M/s buffered`.
pub fn worker_line(worker: &WorkerRow, number: usize, width: usize, look: Look) -> Line {
    let lane = match worker.lane {
        Lane::Files => "W",
        Lane::Ranges => "R",
        Lane::Names => "N",
    };
    let head = format!(" {lane}{number:<2} ");
    let Some(path) = &worker.path else {
        let word = if worker.phase == FilePhase::Paused {
            "paused"
        } else {
            "idle"
        };
        return Line::of(head, look.plain()).then(word, look.dim());
    };
    let state = match (worker.stalled_ms, worker.phase) {
        (Some(ms), _) => format!("STALLED {}", units::duration(ms / 1000)),
        (None, FilePhase::Opening) => "opening".to_string(),
        (None, FilePhase::Finishing) => "finishing".to_string(),
        (None, FilePhase::Paused) => "paused".to_string(),
        (None, FilePhase::Moving | FilePhase::Idle) => {
            format!("{}/s", units::size_short(worker.rate))
        }
    };
    let style = if worker.stalled_ms.is_some() {
        look.bad()
    } else {
        look.plain()
    };
    let mut tail = format!(" {:>4}", share(worker.offset, worker.size));
    if width >= 56 {
        tail = format!(
            " {:>6}/{:<6}{tail}",
            units::size_short(worker.offset),
            units::size_short(worker.size)
        );
    }
    let state = format!(" {}", draw::right(&state, 10, look));
    let strategy = match worker.strategy {
        Some(strategy) if width >= 72 => format!(" {:<15}", strategy.name()),
        _ => String::new(),
    };
    let used = head.len() + text::width(&tail) + text::width(&state) + strategy.len();
    // In little room the name says more than the way to it.
    let path = if width < 56 {
        path.name().as_bytes()
    } else {
        path.as_bytes()
    };
    let name = draw::middle(
        &look.name(path),
        width.saturating_sub(used + 1).min(NAME_MOST),
        look,
    );
    Line::of(head, look.dim())
        .then(name, look.plain())
        .then(tail, look.plain())
        .then(state, style)
        .then(strategy, look.dim())
}

/// `   comp.1148.exr  33.1M/46.8M  71%  2 workers  buffered`.
pub fn file_line(file: &FileRow, width: usize, look: Look) -> Line {
    let state = match (file.paused, file.workers) {
        (true, _) => "PAUSED".to_string(),
        (false, 1) => "1 worker".to_string(),
        (false, workers) => format!("{workers} workers"),
    };
    let mut tail = format!(
        " {:>4} {}",
        share(file.done, file.size),
        draw::left(&state, 10, look)
    );
    if width >= 56 {
        tail = format!(
            " {:>6}/{:<6}{tail}",
            units::size_short(file.done),
            units::size_short(file.size)
        );
    }
    if let Some(strategy) = file.strategy
        && width >= 72
    {
        tail = format!("{tail} {:<15}", strategy.name());
    }
    let used = text::width(&tail) + 2;
    let path = if width < 56 {
        file.path.name().as_bytes()
    } else {
        file.path.as_bytes()
    };
    let name = draw::middle(
        &look.name(path),
        width.saturating_sub(used + 1).min(NAME_MOST + 2),
        look,
    );
    let style = if file.paused {
        look.warn()
    } else {
        look.plain()
    };
    Line::of(format!("  {name}"), style).then(tail, style)
}

/// Percent of a file, rounded down; an empty one is whole.
fn share(done: u64, size: u64) -> String {
    match (u128::from(done) * 100).checked_div(u128::from(size)) {
        Some(percent) => format!("{}%", percent.min(100)),
        None => "-".to_string(),
    }
}

/// The chart with its figures below or beside it.
fn history(pen: &mut Pen, job: &JobView, area: Rect) {
    if area.height == 0 || area.width < 8 || job.history.is_empty() {
        return;
    }
    let look = pen.look;
    let figures = figures_text(job);
    let cells = text::width(&figures);
    let width = usize::from(area.width);
    // With a single row the figures stand at its end, else below.
    let (chart_width, chart_rows) = if area.height == 1 {
        (width.saturating_sub(cells + 3), 1)
    } else {
        (width - 2, usize::from(area.height) - 1)
    };
    if chart_width >= 4 {
        let rows = chart::rows(&job.history, chart_width, chart_rows, look.ascii);
        for (at, row) in rows.iter().enumerate() {
            pen.text(
                area.x + 1,
                area.y + at as u16,
                chart_width as u16,
                row,
                look.graph(),
            );
        }
    }
    let (x, y) = if area.height == 1 {
        (area.right().saturating_sub(cells as u16 + 1), area.y)
    } else {
        (area.x + 1, area.bottom() - 1)
    };
    pen.text(
        x.max(area.x),
        y,
        area.width.saturating_sub(1),
        &figures,
        look.dim(),
    );
}

/// The seconds shown, and their lowest, mean and highest rate.
pub fn figures_text(job: &JobView) -> String {
    let Some((low, mean, high)) = chart::figures(&job.history) else {
        return String::new();
    };
    format!(
        "{}: low {} mean {} high {}/s",
        units::duration(job.history.len() as u64),
        units::size_short(low),
        units::size_short(mean),
        units::size_short(high),
    )
}
