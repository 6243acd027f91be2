//! Finished jobs, and lists of failures written into files.

use super::Effects;
use super::layers::scrolled;
use crate::proto::{Failure, JobId, Request};
use crate::records::Receipt;
use crate::tui::action::Action;
use crate::tui::browse::follow;
use crate::tui::layers::{HistoryLayer, Layer, PAGE};
use crate::tui::layout::layout;
use crate::tui::model::Model;
use crate::tui::msg::Effect;
use crate::tui::view;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// Opens the list and has it read.
pub fn open(model: &mut Model, effects: &mut Effects) {
    model.layers.push(Layer::History(HistoryLayer::default()));
    effects.push(Effect::ReadHistory);
}

/// Takes what was read.
pub fn take(model: &mut Model, read: Result<(Vec<Receipt>, usize), String>) {
    for layer in &mut model.layers {
        if let Layer::History(layer) = layer {
            layer.read = Some(read);
            return;
        }
    }
}

/// Carries out an action in the list.
pub fn act(model: &mut Model, action: Action) {
    let height = usize::from(layout(model).body.height).max(2) / 2;
    let lines = view::receipt_height(model);
    let Some(Layer::History(layer)) = model.layers.last_mut() else {
        return;
    };
    if let Some(top) = layer.receipt {
        layer.receipt = match action {
            Action::Close | Action::Details => None,
            _ => scrolled(action, top, lines, 2 * height - 1).or(Some(top)),
        };
        return;
    }
    let last = match &layer.read {
        Some(Ok((receipts, _))) => receipts.len().saturating_sub(1),
        _ => 0,
    };
    let cursor = layer.cursor;
    layer.cursor = match action {
        Action::Close => {
            model.layers.pop();
            return;
        }
        Action::Details => {
            layer.receipt = (lines > 0).then_some(0);
            return;
        }
        Action::Up => cursor.saturating_sub(1),
        Action::Down => cursor + 1,
        Action::PageUp | Action::HalfUp => cursor.saturating_sub(height),
        Action::PageDown | Action::HalfDown => cursor + height,
        Action::Top => 0,
        Action::Bottom => last,
        _ => return,
    }
    .min(last);
}

/// Keeps the cursor on screen.
pub fn settle(layer: &mut HistoryLayer, height: usize) {
    if let Some(Ok((receipts, _))) = &layer.read {
        layer.cursor = layer.cursor.min(receipts.len().saturating_sub(1));
        layer.top = follow(layer.top, layer.cursor, receipts.len(), height / 2);
    }
}

/// Begins to write the failures of a job into a file: page by page, as they come.
pub fn export(model: &mut Model, id: JobId, effects: &mut Effects) {
    if model.exporting.is_some() {
        return model.say("a list is being written already");
    }
    model.exporting = Some((id, 0));
    ask(id, 0, effects);
}

fn ask(job: JobId, from: u32, effects: &mut Effects) {
    effects.push(Effect::Send(Request::Failures {
        job,
        from,
        limit: PAGE,
    }));
}

/// Takes a page that the list that is being written waits for; the list on screen may wait for
/// the same one.
pub fn exports(
    model: &mut Model,
    job: JobId,
    from: u32,
    failures: &[Failure],
    effects: &mut Effects,
) {
    if model.exporting != Some((job, from)) {
        return;
    }
    let next = from + failures.len() as u32;
    let ends = failures.len() < PAGE as usize;
    effects.push(Effect::Export {
        job,
        failures: failures.to_vec(),
        begins: from == 0,
        ends,
    });
    model.exporting = (!ends).then_some((job, next));
    if !ends {
        ask(job, next, effects);
    }
}

/// The file is complete, or cannot be.
pub fn exported(model: &mut Model, result: Result<PathBuf, String>) {
    match result {
        Ok(path) => {
            let path = model.look.name(path.as_os_str().as_bytes()).into_owned();
            model.say(format!("written: {path}"));
        }
        Err(reason) => {
            model.exporting = None;
            let reason = model.look.words(&reason).into_owned();
            model.warn(format!("the list was not written: {reason}"));
        }
    }
}
