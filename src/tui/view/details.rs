//! Everything about one job, as a scrollable text.

use super::draw::{self, Line, Pen};
use super::task::{figures_text, file_line, numbered, worker_line};
use crate::proto::{JobState, JobView, Lane, ShotRow, Start};
use crate::text;
use crate::tui::chart;
use crate::tui::layers::DetailsLayer;
use crate::tui::look::Look;
use crate::tui::model::Model;
use crate::tui::words;
use crate::units;
use ratatui::layout::Rect;

/// Cells kept for the count of lines below.
const BELOW: usize = 17;

/// Draws the text over the whole body.
pub fn draw(pen: &mut Pen, model: &Model, layer: &DetailsLayer, area: Rect) {
    let look = pen.look;
    pen.clear(area);
    let body = super::below_title(area);
    let (lines, _) = lines(model, layer, area.width);
    let mut title = Line::of(format!("JOB {}", layer.job), look.strong());
    if let Some(job) = model.job(layer.job) {
        // Its end is where the count of lines stands.
        let room = usize::from(area.width).saturating_sub(title.width() + 4 + BELOW);
        let name = words::title(job, look);
        let name = text::cut_middle(&name, room, look.ellipsis());
        title = title.then(format!("  {name}"), look.plain());
    }
    pen.rule(Rect { height: 1, ..area }, &title);
    let top = layer
        .top
        .min(lines.len().saturating_sub(usize::from(body.height)));
    for (at, line) in lines
        .iter()
        .skip(top)
        .take(usize::from(body.height))
        .enumerate()
    {
        let y = body.y + at as u16;
        pen.line(
            Rect {
                y,
                height: 1,
                ..body
            },
            line,
        );
    }
    let below = lines.len().saturating_sub(top + usize::from(body.height));
    if below > 0 {
        let text = format!(" {} below ", words::many(below as u64, "line", "lines"));
        let width = text.len() as u16;
        pen.text(
            area.right().saturating_sub(width + 1),
            area.y,
            width,
            &text,
            look.warn(),
        );
    }
}

/// `frames 57 of 240, 1 failed`.
pub fn frames(shot: &ShotRow) -> String {
    let failed = match shot.failed {
        0 => String::new(),
        some => format!(", {some} not copied"),
    };
    format!("frames {} of {}{failed}", shot.done, shot.frames)
}

/// The lines at that width, and the one that holds the selected file.
pub fn lines(model: &Model, layer: &DetailsLayer, width: u16) -> (Vec<Line>, Option<usize>) {
    let Some(job) = model.job(layer.job) else {
        return (Vec::new(), None);
    };
    let look = model.look;
    let width = usize::from(width);
    let mut page = Page {
        lines: Vec::new(),
        look,
        width,
    };
    standing(&mut page, job);
    if !job.history.is_empty() {
        page.head(&format!(
            "Throughput, one cell a second; {}",
            figures_text(job)
        ));
        for row in chart::rows(&job.history, width.saturating_sub(3), 3, look.ascii) {
            page.lines.push(Line::of(format!(" {row}"), look.graph()));
        }
    }
    if !job.workers.is_empty() {
        page.head(&format!(
            "Workers: {}{}",
            job.workers.len(),
            legend(job, width)
        ));
        for (number, worker) in numbered(&job.workers) {
            page.lines.push(worker_line(worker, number, width, look));
        }
    }
    let mut selected = None;
    if !job.in_flight.is_empty() {
        page.head(if width < 60 {
            "Files in flight"
        } else {
            "Files in flight (select one to pause or cancel it alone)"
        });
        for file in &job.in_flight {
            let mut line = file_line(file, width, look);
            if layer.file == Some(file.id) {
                selected = Some(page.lines.len());
                for (_, style) in &mut line.0 {
                    *style = style.patch(look.selected());
                }
                if let Some((text, _)) = line.0.first_mut() {
                    text.replace_range(..1, look.cursor());
                }
            }
            page.lines.push(line);
        }
    }
    if job.shots.sequences > 0 {
        page.head(&format!(
            "Sequences with every frame of the source copied: {} of {}",
            units::count(job.shots.whole),
            units::count(job.shots.sequences)
        ));
        for shot in &job.shots.in_work {
            let frames = frames(shot);
            let cells = width.saturating_sub(5 + frames.len());
            let label = look.name(shot.label.as_bytes());
            let label = crate::text::cut_middle(&label, cells, look.ellipsis());
            page.lines
                .push(Line::of(format!("   {label}  {frames}"), look.plain()));
        }
    }
    if !job.used.is_empty() {
        page.head("Finished files were copied by");
        for used in &job.used {
            page.text(&format!(
                "{}: {}, {}: {}",
                used.strategy,
                words::many(used.files, "file", "files"),
                units::size(used.bytes),
                look.words(&used.reason)
            ));
        }
    }
    if !job.notices.is_empty() {
        page.head("To know");
        for notice in &job.notices {
            let times = if notice.count > 1 {
                format!(" ({} times)", units::count(notice.count))
            } else {
                String::new()
            };
            page.text(&format!("{}{times}", look.words(&notice.text)));
        }
    }
    asked(&mut page, job);
    (page.lines, selected)
}

struct Page {
    lines: Vec<Line>,
    look: Look,
    width: usize,
}

impl Page {
    fn head(&mut self, text: &str) {
        self.lines.push(Line::new());
        self.lines.push(Line::of(text, self.look.strong()));
    }

    fn text(&mut self, text: &str) {
        for line in draw::wrap(text, self.width.saturating_sub(2)) {
            self.lines
                .push(Line::of(format!(" {line}"), self.look.plain()));
        }
    }

    /// A name and its value; the value goes on below itself where it is long.
    fn pair(&mut self, name: &str, value: &str) {
        let indent = 12;
        for (at, line) in draw::wrap(value, self.width.saturating_sub(indent + 1))
            .into_iter()
            .enumerate()
        {
            let name = if at == 0 { name } else { "" };
            self.lines.push(
                Line::of(format!(" {name:<11}"), self.look.dim()).then(line, self.look.plain()),
            );
        }
    }
}

fn standing(page: &mut Page, job: &JobView) {
    let look = page.look;
    let percent = words::percent_text(job);
    let cells = page.width.saturating_sub(percent.len() + 4).min(60);
    let bar = draw::bar(words::percent(job) as f64 / 100.0, cells, look);
    let state = format!(" {}  ", words::standing(job));
    let room = page.width.saturating_sub(state.len() + 1);
    // Why a job is paused may be long, and its end is what to do about it.
    for (at, line) in draw::wrap(&words::remark(job), room)
        .into_iter()
        .enumerate()
    {
        let head = if at == 0 {
            state.clone()
        } else {
            " ".repeat(state.len())
        };
        page.lines
            .push(Line::of(head, words::style(job.state, look)).then(line, look.plain()));
    }
    page.lines
        .push(Line::of(format!(" {bar} {percent}"), look.plain()));
    let more = match words::still_counts(job) {
        "" => "",
        _ => " so far",
    };
    page.pair(
        "Copied",
        &format!(
            "{} of {}{more}",
            units::size(job.bytes_copied),
            units::size(job.bytes_total())
        ),
    );
    page.pair("On device", &flushed(job));
    if job.bytes_cloned > 0 {
        page.pair(
            "Shared",
            &format!("{} by reflink, not written", units::size(job.bytes_cloned)),
        );
    }
    page.pair(
        "Files",
        &format!(
            "{} finished of {}{}: {} copied, {} skipped, {}, {}{}; {}",
            job.files_done,
            job.found.files,
            words::still_counts(job),
            job.copied,
            job.skipped,
            failed(job),
            conflicts(job),
            words::cancelled(job.cancelled),
            words::many(job.found.dirs, "directory", "directories"),
        ),
    );
    if job.unnamed > 0 {
        let many = words::many(job.unnamed, "file is", "files are");
        let many = format!("{many} copied, and named once known to be on the device");
        page.pair("", &many);
    }
    let ended = job.state.is_final();
    let now = if ended {
        String::new()
    } else {
        format!("{} now, ", words::rate(job, false))
    };
    let (mean, time) = (units::rate(job.rate_mean), over(job.elapsed_ms));
    page.pair("Rate", &format!("{now}{mean} on average {time} of work"));
    if let Some((low, high)) = job.rate_range {
        let (low, high) = (units::rate(low), units::rate(high));
        page.pair(
            "Extremes",
            &format!("{low} in the slowest second, {high} in the fastest"),
        );
    }
    if let Some(limit) = job.limit {
        page.pair("Cap", &format!("{} at most", units::rate(limit)));
    }
    if !ended {
        page.pair("Time left", &words::time_left(job));
    }
}

/// What the letters before the numbers of workers stand for, where there is more than one of them.
fn legend(job: &JobView, width: usize) -> String {
    let kinds = [
        (Lane::Ranges, ", R ranges of a large file"),
        (Lane::Names, ", N gives names"),
    ];
    let there = |lane| job.workers.iter().any(|worker| worker.lane == lane);
    let others: String = kinds
        .into_iter()
        .filter(|(lane, _)| there(*lane))
        .map(|(_, words)| words)
        .collect();
    if others.is_empty() || width < 70 {
        return String::new();
    }
    format!(" (W takes files{others})")
}

/// `over 27s`, or `in under 1 s`.
fn over(millis: u64) -> String {
    let word = if millis < 1000 { "in" } else { "over" };
    format!("{word} {}", units::took(millis))
}

/// `8 failed, 1 of them no file`: a directory that could not be listed, a flush. Without that the
/// counts would not add up to the files.
fn failed(job: &JobView) -> String {
    let outcomes = job.copied + job.skipped + job.failed + job.conflicts + job.cancelled;
    match outcomes.saturating_sub(job.files_done).min(job.failed) {
        0 => format!("{} failed", job.failed),
        others => format!("{} failed ({others} of them no file)", job.failed),
    }
}

/// `2 conflicts, 1 waits for an answer`.
fn conflicts(job: &JobView) -> String {
    let all = words::many(job.conflicts, "conflict", "conflicts");
    match job.parked {
        0 => all,
        1 => format!("{all}, 1 waits for an answer"),
        some => format!("{all}, {} wait for an answer", units::count(some)),
    }
}

/// How much is known to be on the device, and what the flush does.
fn flushed(job: &JobView) -> String {
    if words::is_unflushed(job) {
        return "not flushed, as asked for".to_string();
    }
    let bytes = units::size(job.bytes_flushed);
    match job.flush {
        Some(flush) if flush.done => {
            format!("{bytes}; flushed in {}", units::took(flush.elapsed_ms))
        }
        Some(flush) if job.state == JobState::Flushing => {
            format!("{bytes}; flushing for {}", units::took(flush.elapsed_ms))
        }
        _ => bytes,
    }
}

fn asked(page: &mut Page, job: &JobView) {
    let look = page.look;
    page.head("As it was asked for");
    let more = match job.sources {
        0 | 1 => String::new(),
        sources => format!(" and {} more", sources - 1),
    };
    page.pair(
        "From",
        &format!("{}{more}", look.name(job.source.as_bytes())),
    );
    page.pair("To", &look.name(job.dest.as_bytes()));
    page.pair("Strategy", job.strategy.name());
    page.pair("Existing", job.conflict.name());
    page.pair("Durability", job.durability.name());
    let start = match (job.start, job.waits_for) {
        (Start::Now, _) => "at once".to_string(),
        (Start::Queued, Some(other)) => format!("in its turn, after job {other}"),
        (Start::Queued, None) => "in its turn".to_string(),
    };
    page.pair("Start", &start);
}
