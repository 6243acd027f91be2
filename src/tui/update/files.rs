//! The files of one job and its throughput: lists and figures that are asked for as they are shown.

use super::Effects;
use super::layers::{page, stepped};
use crate::proto::{FilesBy, FilesPage, JobId, JobState, Request};
use crate::tui::action::Action;
use crate::tui::browse::follow;
use crate::tui::layers::{ChartLayer, FilesLayer, Layer, PAGE};
use crate::tui::model::Model;
use crate::tui::msg::Effect;
use tui_input::Input;

/// A page that is on screen is asked for again so often while its job works.
const AGAIN_MS: u64 = 1_000;

/// The rates of the whole run grow by one in ten seconds.
const CHART_AGAIN_MS: u64 = 5_000;

/// Carries out an action in the list of files.
pub fn act(model: &mut Model, action: Action, effects: &mut Effects) {
    let height = page(model);
    let Some(Layer::Files(layer)) = model.layers.last_mut() else {
        return;
    };
    let last = layer.total().saturating_sub(1);
    let cursor = layer.cursor;
    layer.cursor = match action {
        Action::Close if layer.order.filter.is_empty() => {
            model.layers.pop();
            return;
        }
        Action::Close => {
            layer.order.filter.clear();
            0
        }
        Action::FilesBy => {
            let at = FilesBy::ALL.iter().position(|by| *by == layer.order.by);
            layer.order.by = FilesBy::ALL[(at.unwrap_or(0) + 1) % FilesBy::ALL.len()];
            0
        }
        Action::FilesReverse => {
            layer.order.reversed = !layer.order.reversed;
            0
        }
        Action::Filter => {
            layer.input = Some(Input::new(layer.order.filter.clone()));
            return;
        }
        _ => match stepped(action, cursor, last, height) {
            Some(to) => to,
            None => return super::jobs::act(model, action, effects),
        },
    };
}

/// Takes a page; one of another order comes too late.
pub fn take(model: &mut Model, id: JobId, page: FilesPage) {
    for layer in &mut model.layers {
        if let Layer::Files(layer) = layer
            && layer.job == id
            && layer.order == page.order
        {
            layer.page = Some(page);
            return;
        }
    }
}

/// Keeps the cursor in the list and asks for what it shows.
pub fn settle(layer: &mut FilesLayer, height: usize, now_ms: u64, effects: &mut Effects) {
    let total = layer.total();
    layer.cursor = layer.cursor.min(total.saturating_sub(1));
    layer.top = follow(layer.top, layer.cursor, total, height);
    let from = (layer.cursor as u32 / (PAGE / 2) * (PAGE / 2)).saturating_sub(PAGE / 4);
    let fresh = layer.asked.as_ref().is_some_and(|(order, place, when)| {
        *order == layer.order && *place == from && now_ms < when + AGAIN_MS
    });
    if !fresh {
        layer.asked = Some((layer.order.clone(), from, now_ms));
        effects.push(Effect::Send(Request::Files {
            job: layer.job,
            order: layer.order.clone(),
            from,
            limit: PAGE,
        }));
    }
}

/// Carries out an action in the chart.
pub fn chart(model: &mut Model, action: Action, effects: &mut Effects) {
    let Some(Layer::Chart(layer)) = model.layers.last_mut() else {
        return;
    };
    match action {
        Action::Close => {
            model.layers.pop();
        }
        Action::ChartSpan => layer.whole = !layer.whole,
        _ => super::jobs::act(model, action, effects),
    }
}

/// Asks for the rates of the whole run while they are shown.
pub fn settle_chart(layer: &mut ChartLayer, now_ms: u64, effects: &mut Effects) {
    let due = layer
        .asked_ms
        .is_none_or(|when| now_ms >= when + CHART_AGAIN_MS);
    if layer.whole && due {
        layer.asked_ms = Some(now_ms);
        effects.push(Effect::Send(Request::Throughput { job: layer.job }));
    }
}

/// Takes the rates of a whole run.
pub fn take_chart(model: &mut Model, id: JobId, seconds: u64, rates: Vec<u64>) {
    for layer in &mut model.layers {
        if let Layer::Chart(layer) = layer
            && layer.job == id
        {
            (layer.seconds, layer.rates) = (seconds, rates);
            return;
        }
    }
}

/// True while what a layer shows must be asked for again by the clock.
pub fn follows(model: &Model) -> bool {
    let works = |id: JobId| {
        model
            .job(id)
            .is_some_and(|job| job.state.is_active() && job.state != JobState::Flushing)
    };
    model.layers.iter().any(|layer| match layer {
        Layer::Files(layer) => works(layer.job),
        Layer::Chart(layer) => layer.whole && works(layer.job),
        Layer::Errors(layer) => {
            let job = model.job(layer.job);
            job.is_some_and(|job| layer.of != Some(job.listed))
        }
        _ => false,
    })
}
