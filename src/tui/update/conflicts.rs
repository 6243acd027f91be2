//! The conflicts that wait: looked through, and answered one by one or all at once.

use super::Effects;
use super::layers::{page, stepped};
use crate::proto::{Conflict, JobId, Parked, Request};
use crate::tui::action::Action;
use crate::tui::browse::follow;
use crate::tui::layers::{Asked, ConflictsLayer, Layer, PAGE, Question};
use crate::tui::model::Model;
use crate::tui::msg::Effect;
use crate::tui::words;

/// Opens the list, where there is something in it.
pub fn open(model: &mut Model, id: JobId) {
    match model.job(id).map(|job| job.parked) {
        Some(0) | None => model.say(format!("no conflict of job {id} waits for an answer")),
        Some(_) => model.layers.push(Layer::Conflicts(ConflictsLayer::new(id))),
    }
}

/// Carries out an action in the list.
pub fn act(model: &mut Model, action: Action, effects: &mut Effects) {
    let height = page(model);
    let Some(Layer::Conflicts(layer)) = model.layers.last() else {
        return;
    };
    let (id, cursor) = (layer.job, layer.cursor);
    let last = model
        .job(id)
        .map_or(0, |job| job.parked as usize)
        .saturating_sub(1);
    let to = match action {
        Action::Close => {
            model.layers.pop();
            return;
        }
        Action::AnswerSkip => return answer(model, Conflict::Skip, effects),
        Action::AnswerOverwrite => return answer(model, Conflict::Overwrite, effects),
        Action::AnswerNewer => return answer(model, Conflict::Newer, effects),
        Action::AnswerRename => return answer(model, Conflict::Rename, effects),
        Action::AnswerSkipAll => return answer_all(model, id, Conflict::Skip, effects),
        Action::AnswerRenameAll => return answer_all(model, id, Conflict::Rename, effects),
        Action::AnswerOverwriteAll | Action::AnswerNewerAll => {
            let with = if action == Action::AnswerNewerAll {
                Conflict::Newer
            } else {
                Conflict::Overwrite
            };
            let asked = Asked::AnswerAll { job: id, with };
            model
                .layers
                .push(Layer::Question(Question { asked, at: 0 }));
            return;
        }
        _ => match stepped(action, cursor, last, height) {
            Some(to) => to,
            None => return,
        },
    };
    if let Some(Layer::Conflicts(layer)) = model.layers.last_mut() {
        layer.cursor = to;
    }
}

/// Answers the highlighted conflict; the next one comes under the cursor.
fn answer(model: &mut Model, with: Conflict, effects: &mut Effects) {
    let Some(Layer::Conflicts(layer)) = model.layers.last_mut() else {
        return;
    };
    // Its page is still on the way.
    let Some(file) = layer.at(layer.cursor).map(|parked| parked.file) else {
        return;
    };
    layer.rows.retain(|parked| parked.file != file);
    effects.push(Effect::Send(Request::Answer {
        job: layer.job,
        file: Some(file),
        with,
    }));
}

/// Answers all that wait and leaves the list.
pub fn answer_all(model: &mut Model, id: JobId, with: Conflict, effects: &mut Effects) {
    let count = model.job(id).map_or(0, |job| job.parked);
    effects.push(Effect::Send(Request::Answer {
        job: id,
        file: None,
        with,
    }));
    model
        .layers
        .retain(|layer| !matches!(layer, Layer::Conflicts(open) if open.job == id));
    model.say(format!(
        "{} of job {id}: {}",
        words::many(count, "conflict", "conflicts"),
        match with {
            Conflict::Skip => "what was there stays",
            Conflict::Overwrite => "replaced by the source",
            Conflict::Newer => "replaced where the source is newer",
            _ => "what was there stays, each copy gets a free name",
        }
    ));
}

/// Takes a page.
pub fn take(model: &mut Model, id: JobId, from: u32, conflicts: Vec<Parked>) {
    for layer in &mut model.layers {
        if let Layer::Conflicts(layer) = layer
            && layer.job == id
        {
            layer.from = from as usize;
            layer.rows = conflicts;
            return;
        }
    }
}

/// Keeps the cursor in the list and asks for what it shows.
pub fn settle(layer: &mut ConflictsLayer, parked: u64, height: usize, effects: &mut Effects) {
    let len = parked as usize;
    layer.cursor = layer.cursor.min(len.saturating_sub(1));
    layer.top = follow(layer.top, layer.cursor, len, height);
    // One page at a time, the one of the cursor, beginning half a page early: what is above the
    // cursor on screen is in it.
    let from = (layer.cursor as u32 / (PAGE / 2) * (PAGE / 2)).saturating_sub(PAGE / 4);
    if layer.asked != Some((from, parked)) {
        layer.asked = Some((from, parked));
        effects.push(Effect::Send(Request::Conflicts {
            job: layer.job,
            from,
            limit: PAGE,
        }));
    }
}
