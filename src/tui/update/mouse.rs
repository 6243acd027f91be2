//! What the mouse does: a click puts the cursor where it is, a second one on the same row opens it,
//! the wheel scrolls what is under the pointer, a drag over rows marks them.
//!
//! Nothing can be done by mouse alone: every click stands for keys of the table.

use super::{Effects, act, focus};
use crate::tui::action::{Action, Context};
use crate::tui::browse::{Item, Pane, Side};
use crate::tui::layers::Layer;
use crate::tui::layout::{layout, pane_rows, queue_heads, queue_rows};
use crate::tui::model::{Focus, Model};
use crate::tui::view;
use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect};

/// Rows a notch of the wheel moves.
const NOTCH: usize = 3;

/// Two clicks on one row within so many milliseconds are a double click.
const DOUBLE_MS: u64 = 400;

/// What was pressed last, and what the drag that may have begun there does.
#[derive(Clone, Debug, Default)]
pub struct Pressed {
    /// The row and when it was pressed; `None` once that was a double click.
    click: Option<(Row, u64)>,
    /// A drag over the rows of a pane.
    drag: Option<Drag>,
}

/// A row that can be pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Row {
    Pane(Side, usize),
    Job(usize),
    File(usize),
}

#[derive(Clone, Copy, Debug)]
struct Drag {
    side: Side,
    /// The row it began on, and that it went over last.
    from: usize,
    last: usize,
    /// Whether it marks or takes marks away; `None` until it has left its first row.
    marks: Option<bool>,
    /// The listing its places are of.
    listed: u64,
}

/// Takes an event of the mouse.
pub fn take(model: &mut Model, event: MouseEvent, effects: &mut Effects) {
    let at = Position::new(event.column, event.row);
    model.typed.clear();
    match event.kind {
        MouseEventKind::ScrollUp => scroll(model, at, false, effects),
        MouseEventKind::ScrollDown => scroll(model, at, true, effects),
        MouseEventKind::Down(MouseButton::Left) => press(model, at, effects),
        MouseEventKind::Drag(MouseButton::Left) => drag(model, at),
        MouseEventKind::Up(MouseButton::Left) => model.pressed.drag = None,
        _ => {}
    }
}

fn press(model: &mut Model, at: Position, effects: &mut Effects) {
    model.pressed.drag = None;
    model.notice = None;
    match model.layers.last() {
        Some(Layer::Question(question)) => {
            let choice = view::choice_at(model, question, at);
            if let (Some(choice), Some(Layer::Question(question))) =
                (choice, model.layers.last_mut())
            {
                question.at = choice;
                act(model, Action::Confirm, effects);
            }
            return;
        }
        Some(Layer::Files(files)) => {
            let list = layout(model).body;
            let row = usize::from(at.y.saturating_sub(list.y + 1)) + files.top;
            if at.y > list.y && list.contains(at) && row < files.total() {
                if let Some(Layer::Files(files)) = model.layers.last_mut() {
                    files.cursor = row;
                }
                click(model, Row::File(row));
            }
            return;
        }
        Some(_) => return,
        None => {}
    }
    let layout = layout(model);
    for side in [Side::Source, Side::Dest] {
        let Some(area) = layout.panes[side.index()].filter(|area| area.contains(at)) else {
            continue;
        };
        keep_filters(model);
        focus(model, Focus::Pane(side));
        let pane = model.pane_mut(side);
        let Some(place) = row_of(pane, area, at) else {
            return;
        };
        pane.cursor = place;
        let listed = pane.listed;
        if click(model, Row::Pane(side, place)) {
            return act(model, Action::Enter, effects);
        }
        model.pressed.drag = Some(Drag {
            side,
            from: place,
            last: place,
            marks: None,
            listed,
        });
        return;
    }
    if let Some(area) = layout.queue.filter(|area| area.contains(at)) {
        keep_filters(model);
        focus(model, Focus::Queue);
        let jobs = model.snapshot.jobs.len();
        let first = area.y + 1 + queue_heads(area, jobs);
        let row = usize::from(at.y.saturating_sub(first)) + model.queue.top;
        if at.y < first || usize::from(at.y - first) >= queue_rows(area, jobs) || row >= jobs {
            return;
        }
        model.queue.selected = model.snapshot.jobs.get(row).map(|job| job.id);
        if click(model, Row::Job(row)) {
            act(model, Action::Details, effects);
        }
    }
}

/// The place of what is shown under the pointer.
fn row_of(pane: &Pane, area: Rect, at: Position) -> Option<usize> {
    let row = usize::from(at.y.checked_sub(area.y + 1)?);
    let place = pane.top + row;
    (row < pane_rows(area) && place < pane.shown.len()).then_some(place)
}

/// Remembers a click; true when it is the second one on that row.
fn click(model: &mut Model, row: Row) -> bool {
    let now = model.now_ms;
    let double = model
        .pressed
        .click
        .is_some_and(|(known, when)| known == row && now <= when + DOUBLE_MS);
    model.pressed.click = (!double).then_some((row, now));
    double
}

/// A filter that is being typed is left as Enter would leave it.
fn keep_filters(model: &mut Model) {
    for pane in &mut model.panes {
        if pane.filter.as_ref().is_some_and(|filter| filter.editing) {
            super::panes::keep_filter(&mut pane.filter);
            pane.refresh();
        }
    }
}

/// Rows between the first and the one under the pointer are marked, or unmarked where the first
/// one was marked; beyond the edge the pane scrolls, a row an event.
fn drag(model: &mut Model, at: Position) {
    let Some(mut drag) = model.pressed.drag else {
        return;
    };
    let Some(area) = layout(model).panes[drag.side.index()] else {
        return;
    };
    if !model.layers.is_empty() {
        return;
    }
    let pane = model.pane_mut(drag.side);
    if pane.listed != drag.listed || pane.shown.is_empty() {
        model.pressed.drag = None;
        return;
    }
    let last = pane.shown.len() - 1;
    let first = area.y + 1;
    let place = if at.y < first {
        pane.top.saturating_sub(1)
    } else {
        (pane.top + usize::from(at.y - first).min(pane_rows(area))).min(last)
    };
    if place == drag.last && drag.marks.is_none() {
        return;
    }
    let on = *drag
        .marks
        .get_or_insert_with(|| !is_marked(pane, drag.from.min(last)));
    let from = drag.last.min(place);
    for row in from..=drag.last.max(place).min(last) {
        mark(pane, row, on);
    }
    mark(pane, drag.from.min(last), on);
    pane.cursor = place;
    drag.last = place;
    model.pressed.drag = Some(drag);
}

fn is_marked(pane: &Pane, place: usize) -> bool {
    let item = pane.shown[place];
    pane.marked_under(item) == pane.entries.under(&item).len()
}

fn mark(pane: &mut Pane, place: usize, on: bool) {
    let item: Item = pane.shown[place];
    let entries = pane.entries.clone();
    for entry in entries.under(&item) {
        pane.mark(*entry, on);
    }
}

fn scroll(model: &mut Model, at: Position, down: bool, effects: &mut Effects) {
    let step = if down { Action::Down } else { Action::Up };
    if !model.layers.is_empty() {
        // Where the arrows go through choices, or text is typed, the wheel means nothing.
        let lists = !matches!(
            model.context(),
            None | Some(Context::Question | Context::Plan | Context::Sort)
        );
        for _ in 0..if lists { NOTCH } else { 0 } {
            act(model, step, effects);
        }
        return;
    }
    let layout = layout(model);
    for side in [Side::Source, Side::Dest] {
        let Some(area) = layout.panes[side.index()].filter(|area| area.contains(at)) else {
            continue;
        };
        let height = pane_rows(area).max(1);
        let pane = model.pane_mut(side);
        let most = pane.shown.len().saturating_sub(height);
        pane.top = if down {
            (pane.top + NOTCH).min(most)
        } else {
            pane.top.saturating_sub(NOTCH)
        };
        let last = (pane.top + height - 1).min(pane.shown.len().saturating_sub(1));
        pane.cursor = pane.cursor.clamp(pane.top.min(last), last);
        return;
    }
    if layout.queue.is_some_and(|area| area.contains(at)) {
        super::jobs::walk(model, step);
    }
}
