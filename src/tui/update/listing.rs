//! What comes back from directories, and what has to be asked of them.

use super::{Effects, panes};
use crate::proto::JobView;
use crate::sys::count::Counted;
use crate::sys::listing::Details;
use crate::tui::browse::{
    DirSize, Edge, FoldSum, Item, Known, NAMES_KEPT, Pane, Remembered, SUMMED, Side,
};
use crate::tui::layout::{layout, pane_rows};
use crate::tui::model::Model;
use crate::tui::msg::{Effect, Listing, Msg};
use std::collections::HashSet;
use std::sync::Arc;

/// Between two looks at the room of the panes while something is copied.
const SPACE_MS: u64 = 2_000;

/// Between two readings of a pane that is empty though a job writes there: reading nothing is cheap.
const EMPTY_MS: u64 = 500;

/// Takes a message about a directory; anything stale is dropped.
pub fn take(model: &mut Model, msg: Msg, effects: &mut Effects) {
    match msg {
        Msg::Reading {
            side,
            generation,
            names,
        } => {
            if let Some(pending) = &mut model.pane_mut(side).pending
                && pending.generation == generation
            {
                pending.read = names;
            }
        }
        Msg::Listing {
            side,
            generation,
            result,
        } => listing(model, side, generation, result, effects),
        Msg::Details {
            side,
            generation,
            found,
            complete,
        } => {
            let pane = model.pane_mut(side);
            if pane.listed == generation {
                details(pane, found, complete);
            }
        }
        Msg::FoldSum {
            side,
            generation,
            fold,
            sum,
        } => {
            let pane = model.pane_mut(side);
            if pane.listed == generation && !pane.partial {
                pane.learn_sum(fold, sum);
            }
        }
        Msg::Arranged {
            side,
            ticket,
            arranged,
        } => {
            let pane = model.pane_mut(side);
            if pane.ticket == ticket {
                pane.show(arranged, None);
            }
        }
        Msg::DirSize {
            side,
            generation,
            name,
            counted,
            done,
        } => {
            let pane = model.pane_mut(side);
            if pane.listed == generation {
                dir_size(pane, &name, counted, done);
            }
        }
        Msg::Space {
            side,
            generation,
            space,
        } => {
            let pane = model.pane_mut(side);
            if pane.listed == generation {
                pane.space = space;
            }
        }
        _ => {}
    }
}

fn listing(
    model: &mut Model,
    side: Side,
    generation: u64,
    result: Result<Listing, String>,
    effects: &mut Effects,
) {
    let look = model.look;
    let pane = model.pane_mut(side);
    let asked = |pending: &crate::tui::browse::Pending| pending.generation == generation;
    let first = matches!(&result, Ok(listing) if !listing.whole);
    if first {
        // What is shown of the same directory is better than its beginning.
        if let Some(pending) = pane.pending.clone()
            && asked(&pending)
            && (pane.listed == 0 || pane.path != pending.path)
            && let Ok(listing) = result
        {
            arrive(pane, pending.path, generation);
            pane.partial = true;
            take_rows(pane, listing, pending.select, false);
        }
        return;
    }
    let Some(pending) = pane.pending.take_if(|pending| asked(pending)) else {
        return;
    };
    match result {
        Ok(listing) => {
            let counting = !pane.sizes.is_empty();
            let grown = pane.partial && pane.listed == generation;
            if !grown {
                arrive(pane, pending.path, generation);
            }
            pane.partial = false;
            let select = pending.select.filter(|_| !grown || pane.cursor == 0);
            take_rows(pane, listing, select, grown);
            if counting {
                effects.push(Effect::StopCount { side });
            }
            ask_all(pane, side, effects);
        }
        Err(reason) => {
            let path = look
                .name(pending.path.as_os_str().as_encoded_bytes())
                .into_owned();
            if pane.listed == 0 {
                pane.path = pending.path;
                pane.failure = Some(reason);
            } else {
                if pane.path == pending.path {
                    // What is shown may be gone: say so where it is shown.
                    pane.failure = Some(reason.clone());
                }
                model.warn(format!("cannot open {path}: {reason}"));
            }
        }
    }
}

/// Leaves what is shown for that directory: what was marked there is remembered, and what was
/// marked here when it was left is marked again.
fn arrive(pane: &mut Pane, path: std::path::PathBuf, generation: u64) {
    pane.sizes.clear();
    pane.listed = generation;
    pane.partial = false;
    if pane.path == path && !pane.entries.is_empty() {
        return;
    }
    let names = pane.marks.iter().take(NAMES_KEPT + 1);
    let mut marks: Vec<Box<[u8]>> = names.map(|entry| pane.entries.name(entry).into()).collect();
    if marks.len() > NAMES_KEPT {
        marks.clear();
    }
    let cursor = pane.current().map(|row| row.name.into());
    let left = std::mem::replace(&mut pane.path, path);
    pane.memory.keep(left, Remembered { marks, cursor });
    pane.unmark_all();
    pane.filter = None;
    // The end of a list that has not begun may have been asked for.
    if !pane.entries.is_empty() || pane.edge.is_none() {
        pane.to_edge(Edge::First);
    }
    pane.top = 0;
    // A name of the directory left must not be looked for in the one entered.
    pane.shown.clear();
}

fn take_rows(pane: &mut Pane, listing: Listing, select: Option<Box<[u8]>>, grown: bool) {
    pane.space = listing.space;
    let remembered = pane.memory.take(&pane.path);
    let select = select.or(remembered.cursor);
    let ordered = listing
        .ordered
        .filter(|ordered| ordered.sort == pane.sort && ordered.folding == pane.folding)
        .map(|ordered| Arc::new(ordered.items));
    pane.take(listing.entries, ordered, select, grown);
    let marks: HashSet<&[u8]> = remembered.marks.iter().map(|name| &**name).collect();
    pane.mark_names(&marks);
}

/// Asks for the details an order needs of every entry.
pub fn ask_all(pane: &mut Pane, side: Side, effects: &mut Effects) {
    pane.sorting = false;
    if !pane.sort.key.needs_details() || pane.partial {
        return;
    }
    let entries = pane.entries.clone();
    let folds: Vec<u32> = (0..entries.folds() as u32)
        .filter(|fold| pane.folding && *pane.sum(*fold) == FoldSum::No)
        .collect();
    let rows: Vec<u32> = (0..entries.len() as u32)
        .filter(|entry| !pane.folding || entries.fold_of(*entry).is_none())
        .collect();
    ask(pane, side, rows, folds, true, effects);
}

/// Asks for what of these is not known and not on its way.
fn ask(
    pane: &mut Pane,
    side: Side,
    mut rows: Vec<u32>,
    folds: Vec<u32>,
    all: bool,
    effects: &mut Effects,
) {
    rows.retain(|entry| pane.known.get(*entry as usize) == Some(&Known::No));
    if rows.is_empty() && folds.is_empty() {
        return;
    }
    let known = Arc::make_mut(&mut pane.known);
    for entry in &rows {
        known[*entry as usize] = Known::Asked;
    }
    for fold in &folds {
        pane.learn_sum(*fold, FoldSum::Asked);
    }
    pane.sorting |= all;
    effects.push(Effect::Stat {
        side,
        generation: pane.listed,
        path: pane.path.clone(),
        entries: pane.entries.clone(),
        rows,
        folds,
        all,
    });
}

/// Asks for the sum of a sequence that is too long to be added up unasked.
pub fn ask_fold(pane: &mut Pane, side: Side, fold: u32, effects: &mut Effects) {
    if *pane.sum(fold) == FoldSum::No && !pane.partial {
        ask(pane, side, Vec::new(), vec![fold], false, effects);
    }
}

fn details(pane: &mut Pane, found: Vec<(u32, Option<Details>)>, complete: bool) {
    for (entry, details) in found {
        pane.learn(entry, details);
    }
    if complete && pane.sorting {
        pane.sorting = false;
        pane.sort_rows();
    }
}

fn dir_size(pane: &mut Pane, name: &[u8], counted: Counted, done: bool) {
    // One that is not waited for any more was stopped; its last words come too late.
    let Some(size) = pane.sizes.get_mut(name) else {
        return;
    };
    *size = DirSize { counted, done };
    pane.marks_changed = true;
    let all_done = pane.sizes.values().all(|size| size.done);
    if done && all_done && pane.sort.key.needs_details() {
        pane.sort_rows();
    }
}

/// Keeps the room shown true while something is copied.
pub fn ask_space(model: &mut Model, effects: &mut Effects) {
    let copying = model.snapshot.jobs.iter().any(|job| job.state.is_active());
    if !copying || model.now_ms < model.space_asked_ms + SPACE_MS {
        return;
    }
    model.space_asked_ms = model.now_ms;
    for side in [Side::Source, Side::Dest] {
        ask_space_of(model, side, effects);
    }
}

/// Reads a pane again in which nothing is to be seen though a job writes there.
pub fn fill_empty(model: &mut Model, effects: &mut Effects) {
    if model.now_ms < model.empty_asked_ms + EMPTY_MS {
        return;
    }
    for side in [Side::Source, Side::Dest] {
        let pane = model.pane(side);
        let written =
            |job: &JobView| job.state.is_active() && job.dest.as_path() == pane.path.as_path();
        if pane.failure.is_none()
            && pane.pending.is_none()
            && pane.shown.is_empty()
            && model.snapshot.jobs.iter().any(written)
        {
            model.empty_asked_ms = model.now_ms;
            panes::reload(model, side, effects);
        }
    }
}

/// Asks the room of a pane that is not about to be read, which brings it along.
pub fn ask_space_of(model: &Model, side: Side, effects: &mut Effects) {
    let pane = model.pane(side);
    if pane.listed > 0 && pane.pending.is_none() {
        effects.push(Effect::Space {
            side,
            generation: pane.listed,
            path: pane.path.clone(),
        });
    }
}

/// Keeps cursors on screen and asks details of the rows that have come into view.
pub fn settle(model: &mut Model, effects: &mut Effects) {
    let layout = layout(model);
    for side in [Side::Source, Side::Dest] {
        let Some(area) = layout.panes[side.index()] else {
            continue;
        };
        let height = pane_rows(area);
        let pane = model.pane_mut(side);
        pane.follow_cursor(height);
        pane.settle_marks();
        pane.settle_edge();
        if let Some(task) = pane.wanted.take() {
            effects.push(Effect::Arrange { side, task });
        }
        let mut rows = Vec::new();
        let mut folds = Vec::new();
        for item in pane.shown.iter().skip(pane.top).take(height) {
            match item {
                Item::Entry(entry) => rows.push(*entry),
                Item::Fold(fold)
                    if *pane.sum(*fold) == FoldSum::No
                        && !pane.partial
                        && pane.entries.members(*fold).len() <= SUMMED =>
                {
                    folds.push(*fold);
                }
                Item::Fold(_) => {}
            }
        }
        ask(pane, side, rows, folds, false, effects);
    }
}
