//! The two panes.

use super::draw::{self, Line, Pen};
use super::rows;
use crate::proto::JobView;
use crate::text;
use crate::tui::action::{Action, Context};
use crate::tui::browse::{Item, Pane, Side, SortKey};
use crate::tui::layout::{Layout, pane_foot, pane_rows};
use crate::tui::look::Look;
use crate::tui::model::{Focus, Model};
use crate::tui::words;
use crate::units;
use ratatui::layout::{Position, Rect};

/// Rows in which sequences are counted for the foot: a frame must not cost what a pane holds.
const MOST_LOOKED_AT: usize = 20_000;

/// Draws the panes that are shown.
pub fn draw(pen: &mut Pen, model: &Model, layout: &Layout) {
    for side in [Side::Source, Side::Dest] {
        if let Some(area) = layout.panes[side.index()] {
            pane(pen, model, side, area);
        }
    }
    if let Some(wall) = layout.wall {
        pen.wall(wall);
    }
}

fn pane(pen: &mut Pen, model: &Model, side: Side, area: Rect) {
    let look = pen.look;
    let pane = model.pane(side);
    let focused = model.focus == Focus::Pane(side);
    pen.rule(
        Rect { height: 1, ..area },
        &title(model, side, focused, area, look),
    );
    let rows = pane_rows(area);
    let first = Rect {
        y: area.y + 1,
        height: 1,
        ..area
    };
    if let Some(text) = instead(pane, model) {
        for (at, line) in draw::wrap(&text, usize::from(area.width.saturating_sub(4)))
            .into_iter()
            .take(rows)
            .enumerate()
        {
            let y = first.y + at as u16;
            let style = if pane.failure.is_some() {
                look.bad()
            } else {
                look.dim()
            };
            pen.text(area.x + 2, y, area.width.saturating_sub(2), &line, style);
        }
    } else {
        for at in 0..rows {
            let place = pane.top + at;
            let Some(item) = pane.shown.get(place) else {
                break;
            };
            let line = Rect {
                y: first.y + at as u16,
                ..first
            };
            rows::draw(pen, model, pane, *item, line);
            if place == pane.cursor && focused {
                pen.tint(line, look.selected());
            }
            if place == pane.cursor {
                pen.text(line.x, line.y, 1, look.cursor(), look.strong());
            }
        }
    }
    if pane_foot(area) == 1 {
        let foot = Rect {
            y: area.bottom() - 1,
            height: 1,
            ..area
        };
        pen.line(foot, &foot_line(pane, model, usize::from(foot.width), look));
    }
}

fn title(model: &Model, side: Side, focused: bool, area: Rect, look: Look) -> Line {
    let pane = model.pane(side);
    let word = if focused {
        format!("[{}]", side.word())
    } else {
        side.word().to_string()
    };
    let tabs = &model.tabs[side.index()];
    let word = match tabs.count() {
        1 => word,
        count => format!("{word} {}/{count}", tabs.at() + 1),
    };
    let free = pane
        .space
        .map(|space| format!("{} free", units::size_short(space.free)));
    let free = free.unwrap_or_default();
    let room = usize::from(area.width)
        .saturating_sub(4 + word.len() + 1 + free.len() + usize::from(!free.is_empty()) * 2);
    let path = look.name(pane.path.as_os_str().as_encoded_bytes());
    let path = text::cut_middle(&path, room, look.ellipsis()).into_owned();
    let style = if focused { look.strong() } else { look.plain() };
    let mut line = Line::of(word, style)
        .then(" ", look.plain())
        .then(path, style);
    if !free.is_empty() {
        line = line.then("  ", look.plain()).then(free, look.plain());
    }
    line
}

/// Words in place of the rows, when there are none.
fn instead(pane: &Pane, model: &Model) -> Option<String> {
    if let Some(reason) = &pane.failure {
        return Some(format!("cannot be read: {}", model.look.words(reason)));
    }
    if pane.listed == 0 {
        return Some(match &pane.pending {
            Some(pending) => reading(
                model,
                pending.read,
                model.now_ms - pending.since_ms.min(model.now_ms),
            ),
            None => "not read".to_string(),
        });
    }
    if !pane.shown.is_empty() {
        return None;
    }
    Some(if pane.entries.is_empty() {
        match writer(pane, model) {
            Some(job) => format!("empty when read; job {} writes here", job.id),
            None => "empty directory".to_string(),
        }
    } else if pane.filter.is_some() {
        "no name matches the filter".to_string()
    } else {
        format!(
            "{} hidden; {} shows {}",
            words::entries(pane.entries.len()),
            model.keymap.key(Context::Panes, Action::Hidden),
            if pane.entries.len() == 1 {
                "it"
            } else {
                "them"
            }
        )
    })
}

/// The job that writes into the directory that is shown: what it has made there since is not known
/// before it is read again.
fn writer<'a>(pane: &Pane, model: &'a Model) -> Option<&'a JobView> {
    model.snapshot.jobs.iter().find(|job| {
        !job.state.is_final() && job.elapsed_ms > 0 && job.dest.as_path() == pane.path.as_path()
    })
}

fn reading(model: &Model, names: usize, waited_ms: u64) -> String {
    let waited = waited_ms / 1000;
    let stop = model.keymap.key(Context::Panes, Action::Close);
    match (names, waited) {
        (0, 0) => "reading".to_string(),
        (0, _) => format!("no answer for {waited}s ({stop} stops)"),
        _ => format!("{} names so far ({stop} stops)", units::count(names as u64)),
    }
}

fn foot_line(pane: &Pane, model: &Model, width: usize, look: Look) -> Line {
    if let Some(filter) = &pane.filter {
        let text = look.name(filter.input.value().as_bytes()).into_owned();
        let shown = if pane.arranging {
            "  looking".to_string()
        } else {
            format!("  {} of {}", pane.shown_names, pane.entries.len())
        };
        return Line::of("/", look.strong())
            .then(text, look.strong())
            .then(shown, look.dim());
    }
    if let Some(pending) = &pane.pending
        && pane.listed > 0
    {
        let waited = model.now_ms.saturating_sub(pending.since_ms);
        // A quick answer needs no words.
        if waited >= 300 {
            let words = reading(model, pending.read, waited);
            // How long it has been and what ends it says more than the way to it.
            let path = look.name(pending.path.as_os_str().as_encoded_bytes());
            let cells = width.saturating_sub(text::width(&words) + 3);
            let words = if cells < 4 {
                format!(" {words}")
            } else {
                let path = text::cut_middle(&path, cells, look.ellipsis());
                format!(" {path}: {words}")
            };
            return Line::of(words, look.warn());
        }
    }
    if pane.listed == 0 || pane.failure.is_some() {
        // Nothing is known of what it holds.
        return Line::new();
    }
    if !pane.marks.is_empty() {
        let sum = pane.mark_sum;
        let more = if sum.complete {
            String::new()
        } else {
            let key = model.keymap.key(Context::Panes, Action::CountSizes);
            format!("+; {key} counts the rest")
        };
        let sequences = match sum.sequences {
            0 => String::new(),
            some => format!(", {}", words::many(some as u64, "sequence", "sequences")),
        };
        let bytes = size_named(sum.bytes);
        return Line::of(
            format!(" {} marked{sequences}, {bytes}{more}", sum.entries),
            look.marked(),
        );
    }
    if pane.partial {
        let words = format!(
            " first {} only, the rest was not read",
            words::entries(pane.entries.len())
        );
        return Line::of(words, look.warn());
    }
    let folds = pane
        .shown
        .iter()
        .take(MOST_LOOKED_AT)
        .filter(|item| matches!(item, Item::Fold(_)));
    let mut text = format!(" {}", words::entries(pane.shown_names));
    if let Some(job) = writer(pane, model) {
        text = format!("{text} when read; job {} writes", job.id);
        return Line::of(text, look.dim());
    }
    match folds.count() {
        0 => {}
        _ if pane.shown.len() > MOST_LOOKED_AT => {}
        some => {
            let sequences = words::many(some as u64, "sequence", "sequences");
            text = format!("{text}, {sequences}");
        }
    }
    let hidden = pane.entries.len() - pane.shown_names.min(pane.entries.len());
    if hidden > 0 {
        text = format!("{text}, {hidden} hidden");
    }
    if !pane.folding {
        text.push_str(", unfolded");
    }
    if pane.sort.key != SortKey::Name || pane.sort.reversed {
        text = format!("{text}, by {}", pane.sort.key.word());
        if pane.sort.reversed {
            text.push_str(" reversed");
        }
    }
    if pane.arranging {
        text.push_str(" (putting in order)");
    } else if pane.sorting {
        text.push_str(" (reading details)");
    }
    Line::of(text, look.dim())
}

/// A short size that is not taken for a count: below a kibibyte it has its unit too.
fn size_named(bytes: u64) -> String {
    let short = units::size_short(bytes);
    if bytes < 1024 {
        format!("{short} B")
    } else {
        short
    }
}

/// Where the text cursor stands while a filter is typed.
pub fn text_cursor(model: &Model, layout: &Layout) -> Option<Position> {
    let Focus::Pane(side) = model.focus else {
        return None;
    };
    if !model.layers.is_empty() {
        return None;
    }
    let filter = model.pane(side).filter.as_ref()?;
    let area = layout.panes[side.index()]?;
    if !filter.editing || pane_foot(area) == 0 {
        return None;
    }
    let before: String = filter
        .input
        .value()
        .chars()
        .take(filter.input.cursor())
        .collect();
    let cells = text::width(&model.look.name(before.as_bytes())) as u16;
    let x = (area.x + 1 + cells).min(area.right().saturating_sub(1));
    Some(Position::new(x, area.bottom() - 1))
}
