//! The queue: one row a job. Columns go when there is no room for them, the less telling first;
//! state, percent, rate and errors never do.

use super::draw::{self, Line, Pen};
use crate::proto::{JobState, JobView};
use crate::tui::action::{Action, Context};
use crate::tui::layout::{Layout, queue_heads, queue_rows};
use crate::tui::look::Look;
use crate::tui::model::{Focus, Model};
use crate::tui::words;
use crate::units;
use ratatui::layout::Rect;

/// Cells of each column at one width of the terminal; 0 leaves it out.
struct Columns {
    id: usize,
    state: usize,
    name: usize,
    bar: usize,
    percent: usize,
    rate: usize,
    left: usize,
    files: usize,
    copied: usize,
    flushed: usize,
    strategy: usize,
    errors: usize,
    short: bool,
}

/// One column of them.
type Pick = fn(&mut Columns) -> &mut usize;

/// Draws the queue, where it is shown.
pub fn draw(pen: &mut Pen, model: &Model, layout: &Layout) {
    let Some(area) = layout.queue else { return };
    let look = pen.look;
    let jobs = &model.snapshot.jobs;
    let focused = model.focus == Focus::Queue;
    pen.rule(
        Rect { height: 1, ..area },
        &title(model, focused, queue_rows(area, jobs.len())),
    );
    let mut line = Rect {
        y: area.y + 1,
        height: 1,
        ..area
    };
    if jobs.is_empty() {
        let key = |action| model.keymap.key(Context::Panes, action);
        let hint = format!(
            "no jobs: mark entries with {}, then {} plans a copy",
            key(Action::Mark),
            key(Action::Copy)
        );
        pen.text(
            line.x + 2,
            line.y,
            line.width.saturating_sub(2),
            &hint,
            look.dim(),
        );
        return;
    }
    let columns = columns(jobs, usize::from(area.width));
    if queue_heads(area, jobs.len()) == 1 {
        pen.line(line, &heads(&columns, look));
        line.y += 1;
    }
    for at in 0..queue_rows(area, jobs.len()) {
        let Some(job) = jobs.get(model.queue.top + at) else {
            break;
        };
        let selected = model.queue.selected == Some(job.id);
        pen.line(line, &row(job, &columns, look));
        if selected && focused {
            pen.tint(line, look.selected());
        }
        if selected {
            pen.text(line.x, line.y, 1, look.cursor(), look.strong());
        }
        line.y += 1;
    }
}

fn title(model: &Model, focused: bool, shown: usize) -> Line {
    let look = model.look;
    let jobs = model.snapshot.jobs.len();
    let word = if focused { "[QUEUE]" } else { "QUEUE" };
    let style = if focused { look.strong() } else { look.plain() };
    let line = Line::of(word, style);
    match jobs {
        0 => line,
        1 => line.then(" 1 job", look.plain()),
        _ if shown < jobs => {
            let first = model.queue.top + 1;
            let last = (model.queue.top + shown).min(jobs);
            line.then(
                format!(" jobs {first}-{last} of {jobs}, in the order they run"),
                look.plain(),
            )
        }
        _ => line.then(format!(" {jobs} jobs, in the order they run"), look.plain()),
    }
}

fn columns(jobs: &[JobView], width: usize) -> Columns {
    let id = jobs
        .iter()
        .map(|job| job.id.to_string().len())
        .max()
        .unwrap_or(1);
    let state = jobs
        .iter()
        .map(|job| words::standing(job).len())
        .max()
        .unwrap_or(6)
        .max("State".len());
    let short = width < 100;
    let mut columns = Columns {
        id,
        state: if short { state } else { state.max(9) },
        name: 0,
        bar: 0,
        percent: 4,
        rate: if short { 8 } else { 11 },
        left: if width < 60 { 0 } else { 9 },
        files: 0,
        copied: 0,
        flushed: 0,
        strategy: 0,
        errors: if width < 60 { 4 } else { 5 },
        short,
    };
    // Each is given room only while the name keeps enough to be known by.
    let name = 12.max(width / 5);
    let mut room = width.saturating_sub(columns.fixed() + name);
    if (40..60).contains(&width) && room > 6 {
        columns.left = 6.min(room);
        room -= columns.left + 1;
    }
    let wishes: [(Pick, usize); 6] = [
        (
            |columns| &mut columns.files,
            if short { words::FILES } else { 12 },
        ),
        (|columns| &mut columns.bar, if short { 6 } else { 10 }),
        (|columns| &mut columns.copied, 19),
        (|columns| &mut columns.flushed, 10),
        (|columns| &mut columns.strategy, 15),
        (|columns| &mut columns.bar, 20),
    ];
    if width >= 60 {
        for (pick, cells) in wishes {
            let column = pick(&mut columns);
            let more = cells.saturating_sub(*column) + usize::from(*column == 0);
            if more <= room {
                room -= more;
                *column = cells;
            }
        }
    }
    columns.name = width.saturating_sub(columns.fixed());
    columns
}

impl Columns {
    /// Cells of everything but the name, gaps included.
    fn fixed(&self) -> usize {
        let columns = [
            self.bar,
            self.percent,
            self.rate,
            self.left,
            self.files,
            self.copied,
            self.flushed,
            self.strategy,
            self.errors,
        ];
        let cells: usize = columns
            .into_iter()
            .filter(|cells| *cells > 0)
            .map(|cells| cells + 1)
            .sum();
        2 + self.id + 1 + self.state + 1 + cells
    }
}

fn heads(columns: &Columns, look: Look) -> Line {
    let mut text = format!(
        "  {} {} {}",
        draw::right("#", columns.id, look),
        draw::left("State", columns.state, look),
        draw::left("Copy", columns.name, look),
    );
    for (head, cells, right) in [
        (
            if columns.bar < 8 { "Done" } else { "Progress" },
            columns.bar,
            false,
        ),
        ("", columns.percent, true),
        ("Copied", columns.copied, true),
        ("On device", columns.flushed, true),
        ("Rate", columns.rate, true),
        ("Left", columns.left, true),
        ("Files", columns.files, true),
        ("Strategy", columns.strategy, false),
        ("Err", columns.errors, true),
    ] {
        if cells > 0 {
            text.push(' ');
            text.push_str(&if right {
                draw::right(head, cells, look)
            } else {
                draw::left(head, cells, look)
            });
        }
    }
    Line::of(text, look.dim())
}

fn row(job: &JobView, columns: &Columns, look: Look) -> Line {
    let style = words::style(job.state, look);
    let mut line = Line::of(
        format!("  {} ", draw::right(&job.id.to_string(), columns.id, look)),
        look.plain(),
    )
    .then(draw::left(words::standing(job), columns.state, look), style)
    .then(" ", look.plain());
    let title = title_cells(job, columns.name, look);
    line = line.then(title, look.plain());
    if job.state == JobState::Queued && job.bytes_copied == 0 {
        return line.then(queued(job, columns, look), look.dim());
    }
    let percent = words::percent_text(job);
    let cells = [
        (bar(job, columns.bar, look), columns.bar, false),
        (
            percent.trim_end_matches('+').to_string(),
            columns.percent,
            true,
        ),
        (copied(job), columns.copied, true),
        (flushed(job), columns.flushed, true),
        (words::rate(job, columns.short), columns.rate, true),
        (words::time_left(job), columns.left, true),
        (words::files(job), columns.files, true),
        (job.strategy.name().to_string(), columns.strategy, false),
    ];
    for (text, cells, right) in cells {
        if cells > 0 {
            let text = if right {
                draw::right(&text, cells, look)
            } else {
                draw::left(&text, cells, look)
            };
            line = line.then(format!(" {text}"), look.plain());
        }
    }
    line.then(" ", look.plain()).then(
        errors(job, columns.errors, look),
        if words::troubles(job) > 0 {
            look.bad()
        } else {
            look.plain()
        },
    )
}

/// The name, cut so that source and destination both keep their ends.
fn title_cells(job: &JobView, cells: usize, look: Look) -> String {
    draw::left(&words::title_in(job, cells, look), cells, look)
}

fn bar(job: &JobView, cells: usize, look: Look) -> String {
    if job.state == JobState::Scanning {
        return draw::left(if cells < 8 { "scan" } else { "scanning" }, cells, look);
    }
    draw::bar(words::percent(job) as f64 / 100.0, cells, look)
}

fn flushed(job: &JobView) -> String {
    if words::is_unflushed(job) {
        return "-".to_string();
    }
    units::size(job.bytes_flushed)
}

fn copied(job: &JobView) -> String {
    if words::is_uncounted(job) {
        return "-".to_string();
    }
    let total = units::size(job.bytes_total());
    let more = words::still_counts(job);
    format!("{}/{total}{more}", units::size(job.bytes_copied))
}

fn errors(job: &JobView, cells: usize, look: Look) -> String {
    draw::right(&words::troubles_text(job), cells, look)
}

/// What a job that has not begun says in place of figures.
fn queued(job: &JobView, columns: &Columns, look: Look) -> String {
    let words = match job.waits_for {
        Some(other) => format!("after job {other}"),
        None => "waits".to_string(),
    };
    let room = columns.fixed() - (2 + columns.id + 1 + columns.state + 1);
    draw::left(&format!(" {words}"), room, look)
}
