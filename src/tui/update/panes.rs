//! Keys of the panes.

use super::{Effects, info, listing, naming, places, tabs};
use crate::sys::count::Counted;
use crate::sys::listing::Kind;
use crate::tui::action::{Action, Context};
use crate::tui::browse::{DirSize, Edge, Filter, FoldSum, Item, Pending, Side, Sort};
use crate::tui::layers::{Layer, PatternLayer};
use crate::tui::layout::{layout, pane_rows};
use crate::tui::model::Model;
use crate::tui::msg::Effect;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use tui_input::Input;

/// A reading that has brought nothing for so long waits for a server that is away.
const HANGS_MS: u64 = 2_000;

/// Carries out an action in a pane.
pub fn act(model: &mut Model, side: Side, action: Action, effects: &mut Effects) {
    let height = layout(model).panes[side.index()]
        .map_or(1, pane_rows)
        .max(1);
    let now_empty = model.pane(side).shown.is_empty();
    match action {
        Action::Up => step(model, side, -1),
        Action::Down => step(model, side, 1),
        Action::PageUp => step(model, side, -(height as isize)),
        Action::PageDown => step(model, side, height as isize),
        Action::HalfUp => step(model, side, -(height as isize / 2).max(1)),
        Action::HalfDown => step(model, side, (height as isize / 2).max(1)),
        Action::Top => model.pane_mut(side).to_edge(Edge::First),
        Action::Bottom => model.pane_mut(side).to_edge(Edge::Last),
        Action::Enter => enter(model, side, effects),
        Action::Leave => leave(model, side, effects),
        Action::Mark if !now_empty => mark(model, side),
        Action::Invert => invert(model, side),
        Action::MarkPattern | Action::UnmarkPattern => {
            model.layers.push(Layer::Pattern(PatternLayer {
                side,
                mark: action == Action::MarkPattern,
                input: Input::default(),
                wrong: false,
            }));
        }
        Action::Filter => {
            let filter = model.pane_mut(side).filter.get_or_insert_default();
            filter.editing = true;
        }
        Action::Hidden => {
            let pane = model.pane_mut(side);
            pane.hidden = !pane.hidden;
            pane.refresh();
        }
        Action::SortMenu => {
            let at = super::layers::sort_place(model.pane(side).sort);
            model.layers.push(Layer::Sort { side, at });
        }
        Action::MakeDir | Action::Rename | Action::Find => naming::open(model, side, action),
        Action::Places => places::open(model, side, effects),
        Action::Fold => unfold(model, side),
        Action::FoldAll => unfold_all(model, side, effects),
        Action::Info => info::open(model, side, effects),
        Action::CountSizes => count(model, side, effects),
        Action::Home => match model.home.clone() {
            Some(home) => visit(model, side, home, None, effects),
            None => model.warn("no home directory is known"),
        },
        Action::Follow => {
            let path = model.pane(side).path.clone();
            visit(model, side.other(), path, None, effects);
        }
        Action::TabNew | Action::TabClose | Action::TabNext | Action::TabPrevious => {
            tabs::act(model, side, action, effects);
        }
        Action::Close => stop(model, side, effects),
        _ => {}
    }
}

fn step(model: &mut Model, side: Side, by: isize) {
    let pane = model.pane_mut(side);
    let last = pane.shown.len().saturating_sub(1);
    pane.cursor = pane.cursor.saturating_add_signed(by).min(last);
}

/// Marks what is under the cursor, or unmarks it; a sequence with all its members.
fn mark(model: &mut Model, side: Side) {
    let pane = model.pane_mut(side);
    let Some(item) = pane.item() else { return };
    let entries = pane.entries.clone();
    let members = entries.under(&item);
    let on = pane.marked_under(item) < members.len();
    for entry in members {
        pane.mark(*entry, on);
    }
    // Below the head of what is unfolded its members come, which are marked now as well.
    let below = pane.shown[pane.cursor + 1..]
        .iter()
        .take_while(|next| {
            matches!((item, next), (Item::Fold(fold), Item::Entry(entry))
                if entries.fold_of(*entry) == Some(fold))
        })
        .count();
    step(model, side, 1 + below as isize);
}

fn invert(model: &mut Model, side: Side) {
    let pane = model.pane_mut(side);
    let shown = std::mem::take(&mut pane.shown);
    let entries = pane.entries.clone();
    for item in &shown {
        // Members that are listed below their head are met by it.
        if let Item::Entry(entry) = item
            && pane.folding
            && entries.fold_of(*entry).is_some()
        {
            continue;
        }
        for entry in entries.under(item) {
            let on = !pane.marks.contains(*entry);
            pane.mark(*entry, on);
        }
    }
    pane.shown = shown;
}

/// Lists the members of the sequence under the cursor below it, or folds them again.
fn unfold(model: &mut Model, side: Side) {
    let pane = model.pane_mut(side);
    let Some(item) = pane.item() else { return };
    if !pane.folding {
        return model.say("every name is listed by itself; Z folds sequences again");
    }
    let fold = match item {
        Item::Fold(fold) => Some(fold),
        Item::Entry(entry) => pane.entries.fold_of(entry),
    };
    let Some(fold) = fold else {
        return model.say("this is no sequence");
    };
    let key = pane.entries.fold_key(fold);
    if !pane.unfolded.remove(&key) {
        pane.unfolded.insert(key);
    }
    pane.refresh();
    pane.select_item(Item::Fold(fold));
}

/// Lists every name by itself, or folds sequences again.
fn unfold_all(model: &mut Model, side: Side, effects: &mut Effects) {
    let pane = model.pane_mut(side);
    pane.folding = !pane.folding;
    pane.unfolded.clear();
    let words = if pane.folding {
        "sequences are one row each"
    } else {
        "every name is listed by itself"
    };
    pane.sort_rows();
    listing::ask_all(pane, side, effects);
    model.say(words);
}

fn enter(model: &mut Model, side: Side, effects: &mut Effects) {
    let pane = model.pane(side);
    if let Some(Item::Fold(_)) = pane.item() {
        return unfold(model, side);
    }
    let Some(row) = pane.current() else {
        return;
    };
    match row.kind {
        Kind::Dir | Kind::Link | Kind::Unknown => {
            let path = pane.path_of(row.name);
            visit(model, side, path, None, effects);
        }
        Kind::File | Kind::Special => {
            let name = model.look.name(row.name).into_owned();
            let key = model.keymap.key(Context::Panes, Action::Copy);
            model.say(format!(
                "{name} is not a directory; {key} plans a copy of it"
            ));
        }
    }
}

fn leave(model: &mut Model, side: Side, effects: &mut Effects) {
    let path = model.pane(side).path.clone();
    if let Some(parent) = path.parent() {
        let came_from = path.file_name().map(|name| name.as_bytes().into());
        visit(model, side, parent.to_path_buf(), came_from, effects);
    }
}

/// Asks for a listing; what is shown stays until it has come.
pub fn visit(
    model: &mut Model,
    side: Side,
    path: PathBuf,
    select: Option<Box<[u8]>>,
    effects: &mut Effects,
) {
    let now_ms = model.now_ms;
    let pane = model.pane_mut(side);
    pane.generation += 1;
    pane.pending = Some(Pending {
        generation: pane.generation,
        path: path.clone(),
        select,
        since_ms: now_ms,
        read: 0,
    });
    effects.push(Effect::List {
        side,
        generation: pane.generation,
        path,
        sort: pane.sort,
        folding: pane.folding,
    });
}

/// Reads what both panes show again.
pub fn reload_both(model: &mut Model, effects: &mut Effects) {
    for side in [Side::Source, Side::Dest] {
        reload(model, side, effects);
    }
}

/// Reads what a pane shows again, unless it is on its way elsewhere or a reading does not answer: a
/// second one would wait beside it.
pub fn reload(model: &mut Model, side: Side, effects: &mut Effects) {
    let pane = model.pane(side);
    let hangs =
        |pending: &Pending| pending.read == 0 && model.now_ms >= pending.since_ms + HANGS_MS;
    if pane
        .pending
        .as_ref()
        .is_none_or(|pending| pending.path == pane.path && !hangs(pending))
    {
        let path = pane.path.clone();
        visit(model, side, path, None, effects);
    }
}

/// Swaps the panes.
pub fn swap(model: &mut Model, effects: &mut Effects) {
    if model.panes.iter().any(|pane| pane.pending.is_some()) {
        let key = model.keymap.key(Context::Panes, Action::Close);
        model.say(format!(
            "a directory is still being read: {key} in its pane stops it, then swap"
        ));
        return;
    }
    model.panes.swap(0, 1);
    model.tabs.swap(0, 1);
    // Answers under way are for the old sides: the generation tells them apart, and what was not
    // answered is asked again.
    let numbers = [Side::Source, Side::Dest].map(|side| model.pane(side).numbers());
    for side in [Side::Source, Side::Dest] {
        effects.push(Effect::StopCount { side });
        let before = numbers[side.other().index()];
        tabs::resume(model.pane_mut(side), side, before, effects);
    }
}

fn count(model: &mut Model, side: Side, effects: &mut Effects) {
    let pane = model.pane_mut(side);
    let chosen = pane.chosen();
    let mut long = false;
    for entry in &chosen {
        if let Some(fold) = pane.entries.fold_of(*entry)
            && *pane.sum(fold) == FoldSum::No
        {
            long = true;
            listing::ask_fold(pane, side, fold, effects);
        }
    }
    let names: Vec<Box<[u8]>> = chosen
        .into_iter()
        .map(|entry| pane.row(entry))
        .filter(|row| row.kind == Kind::Dir && !pane.sizes.contains_key(row.name))
        .map(|row| row.name.into())
        .collect();
    if names.is_empty() && long {
        return;
    }
    if names.is_empty() {
        let key = model.keymap.key(Context::Panes, Action::Reload);
        model.say(format!(
            "no directory here that is not counted already ({key} forgets the counts)"
        ));
        return;
    }
    for name in &names {
        pane.sizes.insert(
            name.clone(),
            DirSize {
                counted: Counted::default(),
                done: false,
            },
        );
    }
    effects.push(Effect::Count {
        side,
        generation: pane.listed,
        path: pane.path.clone(),
        names,
    });
}

/// Esc in a pane: what is under way is stopped first, then the filter goes, then the marks.
fn stop(model: &mut Model, side: Side, effects: &mut Effects) {
    let pane = model.pane_mut(side);
    if pane.pending.take().is_some() {
        // The thread may hang for ever; nothing waits for it, and its answer is stale now.
        if pane.listed == 0 {
            pane.failure = Some("not read: stopped".to_string());
        }
    } else if pane.sizes.values().any(|size| !size.done) {
        pane.sizes.retain(|_, size| size.done);
        effects.push(Effect::StopCount { side });
    } else if pane.filter.take().is_some() {
        pane.refresh();
    } else {
        pane.unmark_all();
    }
}

/// Changes the order of a pane.
pub fn sort(model: &mut Model, side: Side, change: impl FnOnce(&mut Sort), effects: &mut Effects) {
    let pane = model.pane_mut(side);
    change(&mut pane.sort);
    pane.sort_rows();
    listing::ask_all(pane, side, effects);
}

/// Opens the filter line with what it has.
pub fn keep_filter(filter: &mut Option<Filter>) {
    if filter
        .as_ref()
        .is_some_and(|filter| filter.input.value().is_empty())
    {
        *filter = None;
    } else if let Some(filter) = filter {
        filter.editing = false;
    }
}
