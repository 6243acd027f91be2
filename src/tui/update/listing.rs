//! What comes back from directories, and what has to be asked of them.

use super::Effects;
use crate::sys::count::Counted;
use crate::sys::listing::{Details, Kind};
use crate::tui::browse::{DirSize, Known, Pane, Side};
use crate::tui::layout::{layout, pane_rows};
use crate::tui::model::Model;
use crate::tui::msg::{Effect, Listing, Msg};

/// Between two looks at the room of the panes while something is copied.
const SPACE_MS: u64 = 5_000;

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
    let Some(pending) = pane
        .pending
        .take_if(|pending| pending.generation == generation)
    else {
        return;
    };
    match result {
        Ok(listing) => {
            let same = pane.path == pending.path;
            let counting = !pane.sizes.is_empty();
            if !same {
                pane.marks.clear();
                pane.filter = None;
                pane.cursor = 0;
                pane.top = 0;
            }
            pane.sizes.clear();
            pane.path = pending.path;
            pane.listed = generation;
            pane.space = listing.space;
            if !same {
                // A name of the directory left must not be looked for in the one entered.
                pane.shown.clear();
            }
            pane.take(listing.names, pending.select);
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

/// Asks for the details an order needs of every entry.
pub fn ask_all(pane: &mut Pane, side: Side, effects: &mut Effects) {
    pane.sorting = false;
    if !pane.sort.key.needs_details() {
        return;
    }
    let names: Vec<(u32, Box<[u8]>)> = pane
        .rows
        .iter_mut()
        .enumerate()
        .filter(|(_, row)| matches!(row.details, Known::No))
        .map(|(index, row)| {
            row.details = Known::Asked;
            (index as u32, row.name.clone())
        })
        .collect();
    if names.is_empty() {
        return;
    }
    pane.sorting = true;
    effects.push(Effect::Stat {
        side,
        generation: pane.listed,
        path: pane.path.clone(),
        names,
        all: true,
    });
}

fn details(pane: &mut Pane, found: Vec<(u32, Option<Details>)>, complete: bool) {
    for (index, details) in found {
        if let Some(row) = pane.rows.get_mut(index as usize) {
            row.details = match details {
                Some(details) => {
                    if row.kind == Kind::Unknown {
                        row.kind = details.kind;
                    }
                    Known::Yes(details)
                }
                None => Known::Never,
            };
        }
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
        let pane = model.pane(side);
        if pane.listed > 0 && pane.pending.is_none() {
            effects.push(Effect::Space {
                side,
                generation: pane.listed,
                path: pane.path.clone(),
            });
        }
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
        let mut names = Vec::new();
        let end = (pane.top + height).min(pane.shown.len());
        for place in pane.top..end {
            let index = pane.shown[place];
            let row = &mut pane.rows[index as usize];
            if row.details == Known::No {
                row.details = Known::Asked;
                names.push((index, row.name.clone()));
            }
        }
        if !names.is_empty() {
            effects.push(Effect::Stat {
                side,
                generation: pane.listed,
                path: pane.path.clone(),
                names,
                all: false,
            });
        }
    }
}
