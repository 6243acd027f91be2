//! Typing text: the filter of a pane and the pattern to mark by. Pastes end here or nowhere.

use super::{Effects, close, panes};
use crate::proto::Request;
use crate::tui::action::ACTIONS;
use crate::tui::browse::Side;
use crate::tui::keymap::Key;
use crate::tui::layers::{Layer, PatternLayer};
use crate::tui::model::{Focus, Model};
use crate::tui::msg::Effect;
use crate::tui::palette;
use crate::tui::pattern::Pattern;
use crate::units;
use crossterm::event::{KeyCode, KeyEvent};
use tui_input::{Input, InputRequest};

/// Most bytes a text field takes: names have at most 255.
const LONGEST: usize = 1024;

/// Takes a key while text is typed.
pub fn key(model: &mut Model, event: &KeyEvent, effects: &mut Effects) {
    let key = Key::of(event);
    if key.control && key.code == KeyCode::Char('c') {
        return close::ask(model, effects);
    }
    match key.code {
        KeyCode::Esc => cancel(model),
        KeyCode::Enter => finish(model, effects),
        KeyCode::Up | KeyCode::Down if matches!(model.layers.last(), Some(Layer::Palette(_))) => {
            let found = found(model).len();
            if let Some(Layer::Palette(layer)) = model.layers.last_mut() {
                let by = if key.code == KeyCode::Up { -1 } else { 1 };
                let last = found.saturating_sub(1);
                layer.at = layer.at.saturating_add_signed(by).min(last);
            }
        }
        KeyCode::Up | KeyCode::Down if model.layers.is_empty() => {
            // A filter leaves the arrows to the list it narrows.
            if let Focus::Pane(side) = model.focus {
                let pane = model.pane_mut(side);
                let by = if key.code == KeyCode::Up { -1 } else { 1 };
                let last = pane.shown.len().saturating_sub(1);
                pane.cursor = pane.cursor.saturating_add_signed(by).min(last);
            }
        }
        _ => {
            if let Some(request) = request(key) {
                edit(model, |input| {
                    if input.value().len() < LONGEST
                        || !matches!(request, InputRequest::InsertChar(_))
                    {
                        input.handle(request);
                    }
                });
            }
        }
    }
}

/// Takes a paste: text goes into the open text field, without one nothing happens.
pub fn paste(model: &mut Model, text: &str) {
    if model.context().is_some() {
        return;
    }
    edit(model, |input| {
        for character in text.chars().filter(|character| !character.is_control()) {
            if input.value().len() >= LONGEST {
                break;
            }
            input.handle(InputRequest::InsertChar(character));
        }
    });
}

fn request(key: Key) -> Option<InputRequest> {
    Some(match (key.code, key.control) {
        (KeyCode::Char(character), false) if !key.alt => InputRequest::InsertChar(character),
        (KeyCode::Backspace, _) | (KeyCode::Char('h'), true) => InputRequest::DeletePrevChar,
        (KeyCode::Delete, _) => InputRequest::DeleteNextChar,
        (KeyCode::Left, _) => InputRequest::GoToPrevChar,
        (KeyCode::Right, _) => InputRequest::GoToNextChar,
        (KeyCode::Home, _) | (KeyCode::Char('a'), true) => InputRequest::GoToStart,
        (KeyCode::End, _) | (KeyCode::Char('e'), true) => InputRequest::GoToEnd,
        (KeyCode::Char('w'), true) => InputRequest::DeletePrevWord,
        (KeyCode::Char('u'), true) => InputRequest::DeleteLine,
        _ => return None,
    })
}

/// What the palette on top finds.
fn found(model: &Model) -> Vec<usize> {
    match (model.layers.last(), model.context_below()) {
        (Some(Layer::Palette(layer)), Some(context)) => {
            palette::found(context, layer.input.value())
        }
        _ => Vec::new(),
    }
}

fn edit(model: &mut Model, change: impl FnOnce(&mut Input)) {
    match model.layers.last_mut() {
        Some(Layer::Palette(layer)) => {
            layer.at = 0;
            return change(&mut layer.input);
        }
        Some(Layer::Limit(layer)) => {
            layer.wrong = None;
            return change(&mut layer.input);
        }
        Some(Layer::Files(layer)) => {
            if let Some(input) = &mut layer.input {
                change(input);
                input.value().clone_into(&mut layer.order.filter);
                layer.cursor = 0;
            }
            return;
        }
        _ => {}
    }
    if let Some(Layer::Pattern(pattern)) = model.layers.last_mut() {
        pattern.wrong = false;
        change(&mut pattern.input);
        return;
    }
    if let Focus::Pane(side) = model.focus {
        let pane = model.pane_mut(side);
        if let Some(filter) = &mut pane.filter {
            change(&mut filter.input);
            pane.refresh();
        }
    }
}

fn cancel(model: &mut Model) {
    if let Some(Layer::Files(layer)) = model.layers.last_mut() {
        layer.input = None;
        layer.order.filter.clear();
    } else if let Some(Layer::Limit(_) | Layer::Palette(_)) = model.layers.last() {
        model.layers.pop();
    } else if let Some(Layer::Pattern(_)) = model.layers.last() {
        model.layers.pop();
    } else if let Focus::Pane(side) = model.focus {
        let pane = model.pane_mut(side);
        pane.filter = None;
        pane.refresh();
    }
}

/// Takes the cap that was typed: a size, with or without `/s`; nothing, 0 or "none" is no cap.
fn finish_limit(model: &mut Model, effects: &mut Effects) {
    let Some(Layer::Limit(layer)) = model.layers.last_mut() else {
        return;
    };
    let text = layer.input.value().trim();
    let rate = match text.trim_end_matches("/s") {
        "" | "0" | "none" => Ok(None),
        size => units::parse_size(size).map(Some),
    };
    match rate {
        Ok(rate) => {
            let job = layer.job;
            model.layers.pop();
            effects.push(Effect::Send(Request::Limit { job, rate }));
            model.say(match rate {
                Some(rate) => format!("job {job}: {} at most", units::rate(rate)),
                None => format!("job {job}: no cap"),
            });
        }
        Err(reason) => layer.wrong = Some(reason),
    }
}

fn finish(model: &mut Model, effects: &mut Effects) {
    if let Some(Layer::Limit(_)) = model.layers.last() {
        return finish_limit(model, effects);
    }
    if let Some(Layer::Palette(layer)) = model.layers.last() {
        let row = found(model).get(layer.at).copied();
        if let Some(row) = row {
            model.layers.pop();
            super::act(model, ACTIONS[row].action, effects);
        }
        return;
    }
    if let Some(Layer::Files(layer)) = model.layers.last_mut() {
        layer.input = None;
        return;
    }
    if let Some(Layer::Pattern(layer)) = model.layers.last_mut() {
        let text = layer.input.value();
        if text.is_empty() {
            model.layers.pop();
            return;
        }
        let Some(pattern) = Pattern::whole(text) else {
            layer.wrong = true;
            return;
        };
        let PatternLayer { side, mark, .. } = *layer;
        model.layers.pop();
        let changed = apply(model, side, mark, &pattern);
        let verb = if mark { "marked" } else { "unmarked" };
        model.say(format!("{changed} {verb}"));
    } else if let Focus::Pane(side) = model.focus {
        panes::keep_filter(&mut model.pane_mut(side).filter);
        model.pane_mut(side).refresh();
    }
}

/// Marks or unmarks by pattern what is shown, members of folded sequences each by its own name.
fn apply(model: &mut Model, side: Side, mark: bool, pattern: &Pattern) -> usize {
    let pane = model.pane_mut(side);
    let shown = std::mem::take(&mut pane.shown);
    let entries = pane.entries.clone();
    let mut changed = 0;
    for item in &shown {
        for entry in entries.under(item) {
            if pattern.matches(entries.name(*entry)) && pane.mark(*entry, mark) {
                changed += 1;
            }
        }
    }
    pane.shown = shown;
    changed
}
