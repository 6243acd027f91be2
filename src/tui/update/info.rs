//! The panel about the row under the cursor.
//!
//! Everything in it is asked on a thread of its own, so that a mount that does not answer leaves
//! the panel waiting and nothing else.

use super::Effects;
use super::layers::scrolled;
use crate::tui::action::Action;
use crate::tui::browse::{Item, Side};
use crate::tui::layers::{InfoLayer, Layer};
use crate::tui::layout::layout;
use crate::tui::model::Model;
use crate::tui::msg::{Effect, Told};
use crate::tui::view;

/// Opens the panel and asks what it shows.
pub fn open(model: &mut Model, side: Side, effects: &mut Effects) {
    let pane = model.pane(side);
    let Some(item) = pane.item() else {
        return model.say("there is no row under the cursor");
    };
    let entries = pane.entries.clone();
    let path = pane.path.clone();
    let counted = match item {
        Item::Entry(entry) => pane.sizes.get(entries.name(entry)).copied(),
        Item::Fold(_) => None,
    };
    model.next_info += 1;
    let ticket = model.next_info;
    model.layers.push(Layer::Info(Box::new(InfoLayer {
        ticket,
        entries: entries.clone(),
        item,
        path: path.clone(),
        counted,
        since_ms: model.now_ms,
        top: 0,
        inspected: None,
        extents: None,
        sum: None,
    })));
    effects.push(Effect::Inspect {
        side,
        ticket,
        path,
        entries,
        item,
    });
}

/// Takes an answer; one that nobody waits for any more is dropped.
pub fn take(model: &mut Model, ticket: u64, told: Told) {
    for layer in &mut model.layers {
        if let Layer::Info(layer) = layer
            && layer.ticket == ticket
        {
            match told {
                Told::Entry(result) => layer.inspected = Some(result),
                Told::Extents(result) => layer.extents = Some(result),
                Told::Sum(sum) => layer.sum = Some(sum),
            }
            return;
        }
    }
}

/// Keys of the panel.
pub fn act(model: &mut Model, action: Action, effects: &mut Effects) {
    let Some(Layer::Info(layer)) = model.layers.last() else {
        return;
    };
    if action == Action::Close {
        model.layers.pop();
        return effects.push(Effect::StopInspect);
    }
    let lines = view::info_height(model, layer);
    let top = layer.top;
    let height = usize::from(layout(model).body.height)
        .saturating_sub(2)
        .max(1);
    let to = scrolled(action, top, lines, height);
    if let (Some(to), Some(Layer::Info(layer))) = (to, model.layers.last_mut()) {
        layer.top = to;
    }
}
