//! Keys of whatever lies over panes and queue.

use super::{Effects, close, conflicts, errors, files, history, info, jobs, panes, places, plan};
use crate::proto::{FileId, JobId, Request, Snapshot};
use crate::tui::action::Action;
use crate::tui::browse::{Side, Sort, SortKey, follow};
use crate::tui::layers::{
    Asked, ChartLayer, Choice, DetailsLayer, ErrorsLayer, FilesLayer, Layer, LimitLayer,
};
use crate::tui::layout::layout;
use crate::tui::model::{Model, Phase};
use crate::tui::msg::Effect;
use crate::tui::view;

/// Carries out an action in the layer on top.
pub fn act(model: &mut Model, action: Action, effects: &mut Effects) {
    match model.layers.last() {
        Some(Layer::Plan(_)) => plan::act(model, action, effects),
        Some(Layer::Details(_)) => details(model, action, effects),
        Some(Layer::Errors(_)) => errors::act(model, action, effects),
        Some(Layer::Conflicts(_)) => conflicts::act(model, action, effects),
        Some(Layer::Question(_)) => question(model, action, effects),
        Some(Layer::Sort { .. }) => sort_menu(model, action, effects),
        Some(Layer::Help { top }) => {
            let top = *top;
            if action == Action::Close {
                model.layers.pop();
            } else if let Some(to) = scrolled(action, top, view::help_height(model), page(model)) {
                model.layers.pop();
                model.layers.push(Layer::Help { top: to });
            }
        }
        Some(Layer::Files(_)) => files::act(model, action, effects),
        Some(Layer::Chart(_)) => files::chart(model, action, effects),
        Some(Layer::History(_)) => history::act(model, action),
        Some(Layer::Places(_)) => places::act(model, action, effects),
        Some(Layer::Info(_)) => info::act(model, action, effects),
        Some(Layer::Pattern(_) | Layer::Limit(_) | Layer::Palette(_) | Layer::Name(_)) | None => {}
    }
}

/// The first line after scrolling a text of that many lines of which `height` are shown.
pub fn scrolled(action: Action, top: usize, lines: usize, height: usize) -> Option<usize> {
    let last = lines.saturating_sub(height);
    stepped(action, top.min(last), last, height)
}

/// Where an action takes a cursor that goes from 0 to `last`, with `height` rows on a screen; `None`
/// for an action that moves no cursor.
pub fn stepped(action: Action, cursor: usize, last: usize, height: usize) -> Option<usize> {
    let to = match action {
        Action::Up => cursor.saturating_sub(1),
        Action::Down => cursor + 1,
        Action::PageUp => cursor.saturating_sub(height),
        Action::PageDown => cursor + height,
        Action::HalfUp => cursor.saturating_sub(height / 2),
        Action::HalfDown => cursor + height / 2,
        Action::Top => 0,
        Action::Bottom => last,
        _ => return None,
    };
    Some(to.min(last))
}

/// Rows of a full-screen layer below its title.
pub fn page(model: &Model) -> usize {
    usize::from(layout(model).body.height)
        .saturating_sub(1)
        .max(1)
}

fn details(model: &mut Model, action: Action, effects: &mut Effects) {
    let Some(Layer::Details(layer)) = model.layers.last().cloned() else {
        return;
    };
    let DetailsLayer { job, file, top } = layer;
    match action {
        Action::Close => {
            model.layers.pop();
        }
        Action::Pause => jobs::pause(model, job, file, effects),
        Action::Cancel => jobs::cancel(model, job, file, effects),
        Action::Up | Action::Down => step_file(model, action == Action::Down),
        _ => {
            let lines = view::details_height(model, &layer);
            match scrolled(action, top, lines, page(model)) {
                Some(to) => {
                    if let Some(Layer::Details(layer)) = model.layers.last_mut() {
                        layer.top = to;
                    }
                }
                None => jobs::act(model, action, effects),
            }
        }
    }
}

/// Up and down in the details go through the files in flight; above the first is the job itself.
fn step_file(model: &mut Model, down: bool) {
    let Some(Layer::Details(layer)) = model.layers.last().cloned() else {
        return;
    };
    let Some(job) = model.job(layer.job) else {
        return;
    };
    let place = layer
        .file
        .and_then(|file| job.in_flight.iter().position(|row| row.id == file));
    let file = match (place, down) {
        (None, true) => job.in_flight.first(),
        (None | Some(0), false) => None,
        (Some(at), true) => job.in_flight.get(at + 1).or(job.in_flight.last()),
        (Some(at), false) => job.in_flight.get(at - 1),
    }
    .map(|row| row.id);
    let moved = DetailsLayer { file, ..layer };
    // The selected file is scrolled into view; without files, the keys scroll.
    let height = page(model);
    let lines = view::details_height(model, &moved);
    let top = match (file, down) {
        (Some(_), _) => view::details_file_line(model, &moved)
            .map_or(moved.top, |line| follow(moved.top, line, lines, height)),
        (None, true) => moved.top + 1,
        (None, false) => moved.top.saturating_sub(1),
    };
    if let Some(Layer::Details(layer)) = model.layers.last_mut() {
        layer.file = file;
        layer.top = top.min(lines.saturating_sub(height));
    }
}

fn question(model: &mut Model, action: Action, effects: &mut Effects) {
    let Some(Layer::Question(question)) = model.layers.last_mut() else {
        return;
    };
    let choices = question.choices();
    let choice = match action {
        Action::Left => {
            question.at = question.at.saturating_sub(1);
            return;
        }
        Action::Right => {
            question.at = (question.at + 1) % choices.len();
            return;
        }
        Action::Close => Choice::No,
        Action::Yes => question.yes(),
        Action::Confirm => choices[question.at.min(choices.len() - 1)],
        _ => return,
    };
    let asked = question.asked.clone();
    model.layers.pop();
    match (choice, asked) {
        (Choice::Job | Choice::Keep, Asked::Cancel { job, .. }) => {
            let keep_partial = choice == Choice::Keep;
            effects.push(Effect::Send(Request::Cancel { job, keep_partial }));
            if keep_partial {
                model.say("what is half copied is kept as NAME.haul-partial");
            }
        }
        (
            Choice::OnlyFile,
            Asked::Cancel {
                job,
                file: Some(file),
                ..
            },
        ) => {
            effects.push(Effect::Send(Request::CancelFile { job, file }));
        }
        (Choice::Wait, Asked::Quit) => {
            model.phase = Phase::WhenDone;
            model.say("haul quits when everything is done; q takes that back");
        }
        (Choice::Replace, Asked::AnswerAll { job, with }) => {
            conflicts::answer_all(model, job, with, effects);
        }
        (Choice::Leave, Asked::Quit | Asked::QuitUnanswered) => close::shut_down(model, effects),
        _ => {}
    }
}

/// Rows of the menu of orders.
pub const ORDERS: [SortKey; 4] = [
    SortKey::Name,
    SortKey::Size,
    SortKey::Date,
    SortKey::Extension,
];

/// The menu row of an order.
pub fn sort_place(sort: Sort) -> usize {
    ORDERS.iter().position(|key| *key == sort.key).unwrap_or(0)
}

fn sort_menu(model: &mut Model, action: Action, effects: &mut Effects) {
    let Some(Layer::Sort { side, at }) = model.layers.last_mut() else {
        return;
    };
    let side: Side = *side;
    let last = ORDERS.len();
    let key = match action {
        Action::Up => {
            *at = at.checked_sub(1).unwrap_or(last);
            return;
        }
        Action::Down => {
            *at = (*at + 1) % (last + 1);
            return;
        }
        Action::Confirm => ORDERS.get(*at).copied(),
        Action::SortName => Some(SortKey::Name),
        Action::SortSize => Some(SortKey::Size),
        Action::SortDate => Some(SortKey::Date),
        Action::SortExtension => Some(SortKey::Extension),
        Action::SortReverse => None,
        Action::Close => {
            model.layers.pop();
            return;
        }
        _ => return,
    };
    model.layers.pop();
    panes::sort(
        model,
        side,
        |sort| match key {
            Some(key) => sort.key = key,
            None => sort.reversed = !sort.reversed,
        },
        effects,
    );
}

/// Closes layers whose job is gone, keeps cursors on screen, asks for the failures in view.
pub fn settle(model: &mut Model, effects: &mut Effects) {
    let snapshot = model.snapshot.clone();
    let alive = |id| snapshot.jobs.iter().any(|job| job.id == id);
    model.layers.retain(|layer| match layer {
        Layer::Details(DetailsLayer { job, .. }) | Layer::Errors(ErrorsLayer { job, .. }) => {
            alive(*job)
        }
        Layer::Question(question) => match question.asked {
            Asked::Cancel { job, .. } => snapshot
                .jobs
                .iter()
                .any(|view| view.id == job && !view.state.is_final()),
            Asked::AnswerAll { job, .. } => snapshot
                .jobs
                .iter()
                .any(|view| view.id == job && view.parked > 0),
            Asked::Quit | Asked::QuitUnanswered => true,
        },
        Layer::Files(FilesLayer { job, .. })
        | Layer::Chart(ChartLayer { job, .. })
        | Layer::Limit(LimitLayer { job, .. }) => alive(*job),
        Layer::Conflicts(layer) => snapshot
            .jobs
            .iter()
            .any(|view| view.id == layer.job && view.parked > 0),
        _ => true,
    });
    let height = page(model);
    let now_ms = model.now_ms;
    for layer in &mut model.layers {
        match layer {
            Layer::Files(layer) => files::settle(layer, height, now_ms, effects),
            Layer::Chart(layer) => files::settle_chart(layer, now_ms, effects),
            Layer::History(layer) => history::settle(layer, height),
            Layer::Details(details) => {
                let job = details.job;
                details.file = details.file.filter(|file| in_flight(&snapshot, job, *file));
            }
            Layer::Question(question) => {
                // The file may end while its question is open: what is left must not slide under
                // the finger that was about to choose it.
                if let Asked::Cancel { job, file, .. } = &mut question.asked
                    && let Some(wanted) = *file
                    && !in_flight(&snapshot, *job, wanted)
                {
                    *file = None;
                    question.at = 0;
                }
            }
            Layer::Errors(errors) => {
                let job = snapshot.jobs.iter().find(|job| job.id == errors.job);
                let listed = job.map_or(0, |job| job.listed);
                errors::settle(errors, listed, height, now_ms, effects);
            }
            Layer::Conflicts(layer) => {
                let job = snapshot.jobs.iter().find(|job| job.id == layer.job);
                conflicts::settle(layer, job.map_or(0, |job| job.parked), height, effects);
            }
            _ => {}
        }
    }
}

fn in_flight(snapshot: &Snapshot, job: JobId, file: FileId) -> bool {
    snapshot
        .jobs
        .iter()
        .find(|view| view.id == job)
        .is_some_and(|view| view.in_flight.iter().any(|row| row.id == file))
}
