//! Keys of the list of failures, and what has to be asked for it.

use super::layers::{page, stepped};
use super::{Effects, history, jobs};
use crate::proto::{ErrorClass, FailuresBy, FailuresPage, JobId, Request};
use crate::tui::action::Action;
use crate::tui::browse::follow;
use crate::tui::layers::{ErrorsLayer, Layer, PAGE};
use crate::tui::model::Model;
use crate::tui::msg::Effect;

/// Between two questions for the same page of a list that grows.
const AGAIN_MS: u64 = 500;

/// Carries out an action in the list.
pub fn act(model: &mut Model, action: Action, effects: &mut Effects) {
    let height = page(model);
    let Some(Layer::Errors(layer)) = model.layers.last_mut() else {
        return;
    };
    let (id, cursor, last) = (layer.job, layer.cursor, layer.rows().saturating_sub(1));
    layer.cursor = match action {
        Action::Close => {
            model.layers.pop();
            return;
        }
        Action::Group => {
            return layer.put_together(match layer.by {
                FailuresBy::Sequence => FailuresBy::Cause,
                FailuresBy::Cause => FailuresBy::Sequence,
            });
        }
        Action::Fold => {
            if !layer.fold() {
                model.say("this row is one failure");
            }
            return;
        }
        Action::FoldAll => return layer.fold_all(),
        Action::RetryRow => return retry_row(model, effects),
        Action::Export => return history::export(model, id, effects),
        _ => match stepped(action, cursor, last, height) {
            Some(to) => to,
            None => return jobs::act(model, action, effects),
        },
    };
}

/// Runs again what the row lists.
fn retry_row(model: &mut Model, effects: &mut Effects) {
    let Some(Layer::Errors(layer)) = model.layers.last() else {
        return;
    };
    let (id, by, chosen) = (layer.job, layer.by, layer.chosen());
    let refused = layer
        .failure_at(layer.cursor)
        .is_some_and(|failure| failure.class == ErrorClass::Refused && failure.file.is_none());
    if refused {
        return model.say("this was refused, and would be again: make way, then copy it anew");
    }
    let ended = model.job(id).is_some_and(|job| job.state.is_final());
    let Some((list, from, count)) = chosen.filter(|_| ended) else {
        // It says why not.
        return jobs::retry(model, id, effects);
    };
    effects.push(Effect::Send(Request::RetryListed {
        job: id,
        by,
        list,
        from,
        count,
    }));
    if let Some(Layer::Errors(layer)) = model.layers.last_mut() {
        layer.spend();
    }
    model.say(format!("job {id}: what this row lists is tried again"));
}

/// Takes a page of the list.
pub fn take(model: &mut Model, id: JobId, page: FailuresPage) {
    for layer in &mut model.layers {
        if let Layer::Errors(layer) = layer
            && layer.job == id
        {
            return layer.take(page);
        }
    }
}

/// Keeps the cursor on screen and asks for what is not there, and for what has become more.
pub fn settle(
    layer: &mut ErrorsLayer,
    listed: u32,
    height: usize,
    now_ms: u64,
    effects: &mut Effects,
) {
    let rows = layer.rows();
    layer.cursor = layer.cursor.min(rows.saturating_sub(1));
    layer.top = follow(layer.top, layer.cursor, rows, height);
    let stale = layer.of != Some(listed);
    let Some(page) = layer.missing(height).or(stale.then_some(0)) else {
        return;
    };
    let by = layer.by;
    let asked = |(asked, when): (_, u64)| asked == (by, page) && now_ms < when + AGAIN_MS;
    if !layer.asked.is_some_and(asked) {
        layer.asked = Some(((by, page), now_ms));
        effects.push(Effect::Send(Request::FailureList {
            job: layer.job,
            by,
            from: page * PAGE,
            limit: PAGE,
        }));
    }
}
