//! The plan of a copy: what, where to, whether it fits, how.

use super::draw::{self, Line, Pen};
use crate::proto::{
    Conflict, ConflictSample, Durability, Lack, Mark, Plan, PlanShots, Preview, Strategy,
};
use crate::text;
use crate::tui::layers::{Field, PlanLayer};
use crate::tui::layout::middle;
use crate::tui::look::Look;
use crate::tui::model::Model;
use crate::tui::words;
use crate::units;
use ratatui::layout::Rect;

/// Sequences that are not whole named before "and so many more".
const SHOTS: usize = 10;

/// Problems told one by one before "and so many more".
const PROBLEMS: usize = 20;

/// Cells of the names of lines and fields.
const NAMES: usize = 17;

/// Draws the plan in the middle of the body.
pub fn draw(pen: &mut Pen, model: &Model, layer: &PlanLayer, body: Rect) {
    let look = model.look;
    let width = body.width.min(100);
    let (lines, at) = lines(layer, look, usize::from(width).saturating_sub(4));
    let height = (lines.len() as u16).saturating_add(2);
    let inner = pen.frame(
        middle(body, width, height),
        &heading(layer, &lines, at, body),
    );
    // The highlighted field is in view, unless the plan itself is being read.
    let room = usize::from(inner.height);
    let top = match layer.top {
        Some(top) => top.min(lines.len().saturating_sub(room)),
        None => crate::tui::browse::follow(0, at + 1, lines.len(), room),
    };
    for (row, line) in lines.iter().skip(top).take(room).enumerate() {
        let y = inner.y + row as u16;
        let area = Rect {
            y,
            height: 1,
            ..inner
        };
        pen.line(area, line);
        if top + row == at {
            pen.tint(area, look.selected());
        }
    }
}

/// The title, with how much of the plan is out of view.
fn heading(layer: &PlanLayer, lines: &[Line], at: usize, body: Rect) -> String {
    let room = usize::from(body.height).saturating_sub(2).min(lines.len());
    let last = lines.len() - room;
    let top = match layer.top {
        Some(top) => top.min(last),
        None => crate::tui::browse::follow(0, at + 1, lines.len(), room),
    };
    match last - top.min(last) {
        0 => "PLAN OF A COPY".to_string(),
        below => format!("PLAN OF A COPY  {below} more below"),
    }
}

/// The lines at that width, and the one of the highlighted field.
fn lines(layer: &PlanLayer, look: Look, width: usize) -> (Vec<Line>, usize) {
    let mut lines = Vec::new();
    let spec = &layer.spec;
    // On a small screen only the first lines are seen at once.
    let fits = layer.counted.as_ref().map(|plan| room(plan, spec.conflict));
    let mut pair = |name: &str, value: &str, style| {
        for (at, line) in draw::wrap(value, width.saturating_sub(NAMES))
            .into_iter()
            .enumerate()
        {
            let name = if at == 0 { name } else { "" };
            lines.push(
                Line::of(draw::left(&format!("  {name}"), NAMES, look), look.dim())
                    .then(line, style),
            );
        }
    };
    if let Some((words, false)) = &fits {
        pair("Room", words, look.bad());
    }
    pair("Copy", &what(layer, look), look.strong());
    pair("Into", &look.name(spec.dest.as_bytes()), look.strong());
    let counted = layer.counted.as_ref();
    pair("Counted", &counting(counted), look.plain());
    if let Some(plan) = counted {
        pair("Of these", &parts(plan), look.plain());
        if plan.shots.sequences > 0 {
            let good = plan.shots.faulty == 0;
            let style = if good { look.plain() } else { look.warn() };
            pair("Sequences", &shots(&plan.shots), style);
        }
        if let Some((words, true)) = &fits {
            pair("Room", words, look.good());
        }
    }
    if let Some(preview) = &layer.preview {
        // Where all sources were refused there is no way between two places.
        if !preview.source_fs.is_empty() {
            pair("Route", &route(preview, look), look.plain());
        }
    } else {
        pair("Route", "being looked at", look.dim());
    }
    lines.push(Line::new());
    let mut at = 0;
    for field in Field::ALL {
        let chosen = field == layer.field;
        if chosen {
            at = lines.len();
        }
        let mut line = field_line(field, layer, chosen, look);
        if width < 56 {
            // The value says enough; its explanation would only be cut.
            line.0.pop();
            if let Some((value, _)) = line.0.last_mut() {
                value.truncate(value.trim_end().len());
            }
        }
        lines.push(line);
    }
    if let Some(plan) = counted {
        troubles(plan, &mut lines, look, width);
    }
    (lines, at)
}

fn what(layer: &PlanLayer, look: Look) -> String {
    let (spec, (names, rows)) = (&layer.spec, &layer.called);
    let more = rows - names.len();
    // Of several long names each would take lines from what is to be decided.
    let most = if names.len() > 1 { 48 } else { usize::MAX };
    let names: Vec<_> = names
        .iter()
        .map(|name| {
            let name = look.ended(name.as_bytes());
            text::cut_middle(&name, most, look.ellipsis()).into_owned()
        })
        .collect();
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    let total = if spec.sources.len() > 1 {
        format!("{}: ", words::entries(spec.sources.len()))
    } else {
        String::new()
    };
    format!("{total}{}{more}", names.join(", "))
}

fn counting(plan: Option<&Plan>) -> String {
    let Some(plan) = plan else {
        return "counting".to_string();
    };
    let more = if plan.is_final {
        ""
    } else {
        " so far, still counting"
    };
    let dirs = match plan.found.dirs {
        0 => String::new(),
        dirs => format!(", {}", words::many(dirs, "directory", "directories")),
    };
    format!(
        "{}, {}{dirs}{more}",
        words::many(plan.found.files, "file", "files"),
        units::size(plan.found.bytes)
    )
}

fn parts(plan: &Plan) -> String {
    let mut parts = vec![format!("{} new", units::count(plan.new))];
    if plan.identical > 0 {
        let (files, bytes) = (plan.identical, plan.identical_bytes);
        let (files, bytes) = (units::count(files), units::size(bytes));
        parts.push(format!("{files} identical (skipped, {bytes})"));
    }
    if plan.conflicts > 0 {
        parts.push(format!("{} in conflict", units::count(plan.conflicts)));
    }
    if plan.unreachable > 0 {
        let below = units::count(plan.unreachable);
        parts.push(format!("{below} below what cannot be made"));
    }
    parts.join(", ")
}

/// The way the bytes go, in words.
fn route(preview: &Preview, look: Look) -> String {
    // No strategy was chosen where there is nothing to choose one for.
    let begins = match preview.strategy {
        Strategy::Auto => String::new(),
        strategy => format!("; begins with {strategy}"),
    };
    format!(
        "{} {} {}{begins}: {}",
        look.words(&preview.source_fs),
        look.arrow(),
        look.words(&preview.dest_fs),
        look.words(&preview.reason)
    )
}

/// How many sequences and frames, and whether they are whole.
fn shots(shots: &PlanShots) -> String {
    let all = format!(
        "{}, {}",
        words::many(shots.sequences, "sequence", "sequences"),
        words::many(shots.frames, "frame", "frames")
    );
    match shots.faulty {
        0 => format!("{all}, none with a gap, an empty or an odd frame"),
        some => format!("{all}; LOOK AT {}, listed below", units::count(some)),
    }
}

/// Whether it fits: what is to be written against what is free.
fn room(plan: &Plan, conflict: Conflict) -> (String, bool) {
    let wanted = plan.to_write(conflict);
    let lack = plan.lack(conflict);
    if let (Some(Lack::Inodes), Some(free)) = (lack, plan.free_inodes) {
        let short = units::count(plan.to_make(conflict) - free);
        let free = units::count(free);
        return (
            format!("DOES NOT FIT: {free} inodes free, {short} too few"),
            false,
        );
    }
    let Some(free) = plan.free else {
        return ("free space cannot be told".to_string(), true);
    };
    let free_text = units::size(free);
    if wanted > free {
        let short = units::size(wanted - free);
        return match lack {
            Some(_) => (
                format!("DOES NOT FIT: {free_text} free, {short} too little"),
                false,
            ),
            None => (
                format!("{free_text} free: fits only where the blocks are shared"),
                true,
            ),
        };
    }
    let left = units::size(free - wanted);
    if plan.is_final {
        (format!("fits: {free_text} free, {left} stay free"), true)
    } else {
        (format!("{free_text} free, fits so far"), true)
    }
}

fn field_line(field: Field, layer: &PlanLayer, chosen: bool, look: Look) -> Line {
    let spec = &layer.spec;
    let workers = |number: Option<u16>, auto: Option<u16>| match (number, auto) {
        (Some(number), _) => number.to_string(),
        (None, Some(auto)) => format!("auto ({auto})"),
        (None, None) => "auto".to_string(),
    };
    let preview = layer.preview.as_ref();
    let (name, value, doc) = match field {
        Field::Strategy => (
            "Strategy",
            spec.strategy.name().to_string(),
            strategy(spec.strategy),
        ),
        Field::FileWorkers => (
            "File workers",
            workers(spec.tuning.file_workers, preview.map(|p| p.file_workers)),
            "files in flight at a time",
        ),
        Field::ChunkWorkers => (
            "Chunk workers",
            workers(spec.tuning.chunk_workers, preview.map(|p| p.chunk_workers)),
            "ranges of one large file at a time",
        ),
        Field::Conflict => (
            "Existing names",
            spec.conflict.name().to_string(),
            conflict(spec.conflict),
        ),
        Field::Durability => (
            "Durability",
            spec.durability.name().to_string(),
            durability(spec.durability),
        ),
    };
    let mark = if chosen { look.cursor() } else { " " };
    Line::of(
        draw::left(&format!("{mark} {name}"), NAMES, look),
        look.strong(),
    )
    .then(draw::left(&format!("< {value} >"), 20, look), look.strong())
    .then(format!(" {doc}"), look.plain())
}

const fn strategy(strategy: Strategy) -> &'static str {
    match strategy {
        Strategy::Auto => "chosen for each file, with its reason",
        Strategy::Baseline => "one file at a time, the yardstick",
        Strategy::Buffered => "read and write through a buffer",
        Strategy::Sendfile => "sendfile, bytes stay in the kernel",
        Strategy::CopyFileRange => "bytes stay in the kernel or on the server",
        Strategy::Reflink => "shares the blocks, or fails",
        Strategy::IoUring => "reads and writes in flight on a ring",
        Strategy::Direct => "the same, past the page cache",
        Strategy::Parallel => "ranges of a file by several workers",
    }
}

const fn conflict(conflict: Conflict) -> &'static str {
    match conflict {
        Conflict::Refuse => "left alone and listed as a conflict",
        Conflict::Skip => "left alone, counted as skipped",
        Conflict::Overwrite => "REPLACED by the source",
        Conflict::Newer => "replaced where the source is newer",
        Conflict::Rename => "kept; the new file gets a free name",
        Conflict::Ask => "parked; you answer, the rest goes on",
    }
}

const fn durability(durability: Durability) -> &'static str {
    match durability {
        Durability::None => "nothing is flushed at the end",
        Durability::Job => "flushed to the device at the end",
        Durability::File => "every file is flushed before it has its name",
    }
}

/// Refusals first, then conflicts.
fn troubles(plan: &Plan, lines: &mut Vec<Line>, look: Look, width: usize) {
    if !plan.problems.is_empty() {
        lines.push(Line::new());
        let all = plan.problems.len() as u64 + plan.more_problems;
        let head = format!("  Problems: {}", units::count(all));
        lines.push(Line::of(head, look.bad()));
        for failure in plan.problems.iter().take(PROBLEMS) {
            let text = super::errors::sentence(failure, look);
            for line in draw::wrap(&text, width.saturating_sub(4)) {
                lines.push(Line::of(format!("    {line}"), look.bad()));
            }
        }
        let more = all.saturating_sub(PROBLEMS as u64);
        if more > 0 {
            let more = format!("    and {} more", units::count(more));
            lines.push(Line::of(more, look.bad()));
        }
    }
    if plan.shots.faulty > 0 {
        lines.push(Line::new());
        let head = format!("  Sequences that are not whole: {}", plan.shots.faulty);
        lines.push(Line::of(head, look.warn()));
        for shot in plan.shots.worst.iter().take(SHOTS) {
            // With its directories: shots of one name are what a tree of takes is made of.
            let name = look.name(shot.label.as_bytes());
            for (at, line) in
                draw::wrap(&format!("{name}: {}", shot.words), width.saturating_sub(6))
                    .into_iter()
                    .enumerate()
            {
                let indent = if at == 0 { "    " } else { "      " };
                lines.push(Line::of(format!("{indent}{line}"), look.plain()));
            }
        }
        let more = plan.shots.faulty - plan.shots.worst.len().min(SHOTS) as u64;
        if more > 0 {
            lines.push(Line::of(
                format!("    and {} more", units::count(more)),
                look.plain(),
            ));
        }
    }
    if plan.conflicts > 0 {
        lines.push(Line::new());
        let head = format!("  Existing with other content: {}", plan.conflicts);
        lines.push(Line::of(head, look.warn()));
        for sample in &plan.samples {
            lines.push(sample_line(sample, look, width));
        }
    }
}

fn sample_line(sample: &ConflictSample, look: Look, width: usize) -> Line {
    let newer = match sample.newer {
        Mark::Source => "source is newer",
        Mark::Dest => "destination is newer",
        Mark::Same => "same time",
    };
    let tail = format!(
        "  {} {} {}, {newer}",
        units::size_short(sample.source_size),
        look.arrow(),
        units::size_short(sample.dest_size)
    );
    let cells = width.saturating_sub(4 + crate::text::width(&tail));
    let name = look.name(sample.path.as_bytes());
    let name = crate::text::cut_middle(&name, cells, look.ellipsis());
    Line::of(format!("    {name}{tail}"), look.plain())
}
