//! What every message does to the model.
//!
//! Pure: the same model and message give the same model and effects. After each message the model
//! is settled: cursors are kept on screen, and what has come into view is asked for.

mod close;
mod conflicts;
mod engine;
mod errors;
mod files;
mod history;
mod info;
mod jobs;
mod layers;
mod listing;
mod mouse;
mod naming;
mod panes;
pub mod places;
mod plan;
mod tabs;
mod text_entry;

pub use files::follows;
pub use jobs::can_retry;
pub use layers::ORDERS;
pub use mouse::Pressed;

use super::action::Action;
use super::browse::Side;
use super::keymap::{Key, Meaning};
use super::layers::{Layer, PaletteLayer};
use super::model::{Focus, Model};
use super::msg::{Effect, Msg};
use crossterm::event::{KeyEvent, KeyEventKind};

/// Effects that are to be carried out, in order.
type Effects = Vec<Effect>;

/// Asks for what the screen shows first.
pub fn begin(model: &mut Model) -> Effects {
    let mut effects = Effects::new();
    for side in [Side::Source, Side::Dest] {
        let path = model.pane(side).path.clone();
        panes::visit(model, side, path, None, &mut effects);
    }
    effects
}

/// Takes one message.
pub fn update(model: &mut Model, msg: Msg) -> Effects {
    let mut effects = Effects::new();
    match msg {
        Msg::Key(event) => key(model, &event, &mut effects),
        Msg::Mouse(event) => mouse::take(model, event, &mut effects),
        Msg::Paste(text) => text_entry::paste(model, &text),
        Msg::Resize(width, height) => model.size = (width, height),
        Msg::Tick(now_ms) => tick(model, now_ms, &mut effects),
        Msg::Engine(update) => engine::take(model, *update, &mut effects),
        Msg::EngineEnded => close::engine_ended(model, &mut effects),
        Msg::Signal(number) => close::signal(model, number, &mut effects),
        Msg::History(read) => history::take(model, read),
        Msg::Exported(result) => history::exported(model, result),
        Msg::Inspected { ticket, told } => info::take(model, ticket, told),
        Msg::Trouble(text) => {
            let text = model.look.words(&text).into_owned();
            model.warn(text);
        }
        Msg::Focus(on) => model.looked_at = on,
        Msg::Edited {
            side,
            path,
            from,
            name,
            result,
        } => {
            let edited = naming::Edited {
                side,
                path,
                from,
                name,
            };
            naming::take(model, edited, result, &mut effects);
        }
        Msg::Mounts { side, mounts } => {
            if let Some(Layer::Places(layer)) = model.layers.last_mut()
                && layer.side == side
            {
                layer.mounts = Some(mounts);
            }
        }
        other => listing::take(model, other, &mut effects),
    }
    settle(model, &mut effects);
    effects
}

fn tick(model: &mut Model, now_ms: u64, effects: &mut Effects) {
    model.now_ms = now_ms;
    if model
        .notice
        .as_ref()
        .is_some_and(|notice| notice.until_ms <= now_ms)
    {
        model.notice = None;
    }
    listing::ask_space(model, effects);
    listing::fill_empty(model, effects);
}

fn key(model: &mut Model, event: &KeyEvent, effects: &mut Effects) {
    if event.kind == KeyEventKind::Release {
        return;
    }
    let Some(context) = model.context() else {
        model.typed.clear();
        text_entry::key(model, event, effects);
        return;
    };
    // What was said has been read by now, and the keys line is wanted again.
    model.notice = None;
    let key = Key::of(event);
    model.typed.push(key);
    match model.keymap.meaning(context, &model.typed) {
        Meaning::Prefix => {}
        Meaning::Action(action) => {
            model.typed.clear();
            act(model, action, effects);
        }
        // The first key of a broken sequence is dropped, the second means what it means alone.
        Meaning::Nothing if model.typed.len() > 1 => {
            model.typed.clear();
            self::key(model, event, effects);
        }
        Meaning::Nothing => model.typed.clear(),
    }
}

fn act(model: &mut Model, action: Action, effects: &mut Effects) {
    match action {
        Action::Quit => return close::ask(model, effects),
        Action::Repaint => return effects.push(Effect::Repaint),
        Action::Palette => {
            return model.layers.push(Layer::Palette(PaletteLayer::default()));
        }
        Action::Help if !matches!(model.layers.last(), Some(Layer::Help { .. })) => {
            return model.layers.push(Layer::Help { top: 0 });
        }
        _ => {}
    }
    if !model.layers.is_empty() {
        return layers::act(model, action, effects);
    }
    match action {
        Action::FocusNext => focus(model, model.focus.next()),
        Action::FocusPrevious => focus(model, model.focus.previous()),
        Action::Zoom => {
            model.queue.zoomed = !model.queue.zoomed;
            if model.queue.zoomed {
                model.focus = Focus::Queue;
            }
        }
        Action::History => history::open(model, effects),
        Action::Suspend => effects.push(Effect::Suspend),
        Action::Copy => plan::open(model, effects),
        Action::Swap => panes::swap(model, effects),
        Action::Reload => panes::reload_both(model, effects),
        Action::Pause
        | Action::PauseAll
        | Action::Cancel
        | Action::Errors
        | Action::Conflicts
        | Action::Retry
        | Action::Details
        | Action::Remove
        | Action::Later
        | Action::Earlier
        | Action::Files
        | Action::Chart
        | Action::Limit
        | Action::MoreWorkers
        | Action::FewerWorkers
        | Action::StartNow
        | Action::Duplicate
        | Action::RemoveEnded
        | Action::First
        | Action::Last
        | Action::Unfold => jobs::act(model, action, effects),
        _ => match model.focus {
            Focus::Queue => jobs::act(model, action, effects),
            Focus::Pane(side) => panes::act(model, side, action, effects),
        },
    }
}

fn focus(model: &mut Model, focus: Focus) {
    model.focus = focus;
    // A zoomed queue hides the panes: the keys must not go where nothing shows.
    if focus != Focus::Queue {
        model.queue.zoomed = false;
    }
}

fn settle(model: &mut Model, effects: &mut Effects) {
    jobs::settle(model);
    listing::settle(model, effects);
    layers::settle(model, effects);
    close::settle(model, effects);
}

/// A model for the tests of this crate's units.
#[cfg(test)]
pub fn tests_model() -> Model {
    Model::new(
        &super::Settings::default(),
        "/src".into(),
        "/dst".into(),
        None,
        super::look::Look {
            ascii: true,
            theme: super::theme::Theme::default(),
        },
        jiff::tz::TimeZone::UTC,
    )
}
