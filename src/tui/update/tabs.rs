//! Keys of the places of a pane.

use super::{Effects, listing, panes};
use crate::tui::action::Action;
use crate::tui::browse::{FoldSum, Known, Memory, Pane, Side};
use crate::tui::model::Model;
use crate::tui::msg::Effect;
use crate::tui::tabs::MOST;
use std::sync::Arc;

/// Carries out an action about the places of a pane.
pub fn act(model: &mut Model, side: Side, action: Action, effects: &mut Effects) {
    let at = model.tabs[side.index()].at();
    let count = model.tabs[side.index()].count();
    match action {
        Action::TabNew => open(model, side, effects),
        Action::TabNext => show(model, side, (at + 1) % count, effects),
        Action::TabPrevious => show(model, side, (at + count - 1) % count, effects),
        Action::TabClose => {
            let left = model.pane(side).numbers();
            let tabs = &mut model.tabs[side.index()];
            if tabs.close(&mut model.panes[side.index()]) {
                arrive(model, side, left, effects);
            } else {
                model.say("this is the only place of the pane");
            }
        }
        _ => {}
    }
}

/// A new place on the same directory, with nothing marked and nothing filtered.
fn open(model: &mut Model, side: Side, effects: &mut Effects) {
    let shown = model.pane(side);
    if model.tabs[side.index()].count() >= MOST {
        return model.say(format!("{MOST} places are the most a pane has"));
    }
    let mut new = Pane {
        memory: Memory::default(),
        filter: None,
        ..shown.clone()
    };
    new.unmark_all();
    let left = shown.numbers();
    let filtered = shown.filter.is_some();
    model.tabs[side.index()].open(&mut model.panes[side.index()], new);
    if filtered {
        model.pane_mut(side).refresh();
    }
    arrive(model, side, left, effects);
}

fn show(model: &mut Model, side: Side, number: usize, effects: &mut Effects) {
    let left = model.pane(side).numbers();
    let tabs = &mut model.tabs[side.index()];
    if tabs.show(&mut model.panes[side.index()], number) {
        arrive(model, side, left, effects);
    } else {
        model.say("this is the only place of the pane");
    }
}

/// What was shown when the place was left is shown at once and read again: it may have changed.
fn arrive(model: &mut Model, side: Side, left: (u64, u64), effects: &mut Effects) {
    effects.push(Effect::StopCount { side });
    let pane = model.pane_mut(side);
    resume(pane, side, left, effects);
    let (path, select) = match pane.pending.take() {
        Some(pending) => (pending.path, pending.select),
        None => (pane.path.clone(), None),
    };
    panes::visit(model, side, path, select, effects);
}

/// Takes a pane up again whose answers went elsewhere: what is under way for it, or for what was
/// shown in its place (of which `numbers` are the generation and the ticket), is stale, and what
/// was not answered is asked again.
pub fn resume(pane: &mut Pane, side: Side, numbers: (u64, u64), effects: &mut Effects) {
    pane.generation = pane.generation.max(numbers.0) + 1;
    pane.ticket = pane.ticket.max(numbers.1) + 1;
    if pane.listed > 0 {
        pane.listed = pane.generation;
    }
    for known in Arc::make_mut(&mut pane.known) {
        if *known == Known::Asked {
            *known = Known::No;
        }
    }
    for sum in Arc::make_mut(&mut pane.sums) {
        if *sum == FoldSum::Asked {
            *sum = FoldSum::No;
        }
    }
    if pane.arranging {
        pane.sort_rows();
    }
    pane.sizes.retain(|_, size| size.done);
    listing::ask_all(pane, side, effects);
}
