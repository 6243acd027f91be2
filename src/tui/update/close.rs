//! Leaving: never without a question while there is work, never without the engine's goodbye.

use super::Effects;
use crate::config::Hangup;
use crate::proto::{JobState, JobView};
use crate::tui::layers::{Asked, Layer, Question};
use crate::tui::model::{Model, Phase};
use crate::tui::msg::Effect;

/// The signal of a terminal that has gone.
const SIGHUP: u8 = 1;

/// The signal a second Ctrl-C while closing counts as.
const SIGINT: u8 = 2;

/// `q` and Ctrl-C: leaves, or asks first.
pub fn ask(model: &mut Model, effects: &mut Effects) {
    match model.phase {
        // The engine was asked already and is still at it: a second time means at once.
        Phase::Closing | Phase::Closed => {
            model.signal.get_or_insert(SIGINT);
            effects.push(Effect::Exit);
        }
        Phase::WhenDone => {
            model.phase = Phase::Open;
            model.say("haul stays open");
        }
        Phase::Open => {
            let asked = if model.unfinished().next().is_some() {
                Asked::Quit
            } else if model.unanswered() > 0 {
                Asked::QuitUnanswered
            } else {
                return shut_down(model, effects);
            };
            let is_open = model.layers.iter().any(|layer| {
                matches!(layer, Layer::Question(q)
                    if matches!(q.asked, Asked::Quit | Asked::QuitUnanswered))
            });
            if !is_open {
                model
                    .layers
                    .push(Layer::Question(Question { asked, at: 0 }));
            }
        }
    }
}

/// Asks the engine to end; the screen stays until it has.
pub fn shut_down(model: &mut Model, effects: &mut Effects) {
    if matches!(model.phase, Phase::Open | Phase::WhenDone) {
        model.phase = Phase::Closing;
        model.layers.clear();
        effects.push(Effect::Shutdown);
    }
}

/// A signal from outside, or a terminal that has gone: no question can be answered.
pub fn signal(model: &mut Model, number: u8, effects: &mut Effects) {
    model.signal.get_or_insert(number);
    if number == SIGHUP && model.hangup == Hangup::Finish && model.phase != Phase::Closing {
        // Nobody watches any more: what runs and waits is finished, what is paused would be for
        // ever.
        model.alone = true;
        model.layers.clear();
        model.phase = Phase::WhenDone;
        return;
    }
    shut_down(model, effects);
}

/// The engine has said its last.
pub fn engine_ended(model: &mut Model, effects: &mut Effects) {
    model.phase = Phase::Closed;
    effects.push(Effect::Exit);
}

/// Leaves once everything is done, where that was chosen.
pub fn settle(model: &mut Model, effects: &mut Effects) {
    let left = |job: &&JobView| !(model.alone && job.state == JobState::Paused);
    if model.phase == Phase::WhenDone && !model.unfinished().any(|job| left(&job)) {
        shut_down(model, effects);
    }
}
