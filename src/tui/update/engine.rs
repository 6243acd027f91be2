//! What the engine says.

use super::{Effects, listing, panes, plan};
use crate::proto::{Event, JobId, JobState, Strategy, Update};
use crate::tui::browse::Side;
use crate::tui::model::Model;
use crate::tui::msg::Effect;

/// Takes one update.
pub fn take(model: &mut Model, update: Update, effects: &mut Effects) {
    match update {
        Update::Snapshot(snapshot) => model.snapshot = snapshot,
        Update::Event(event) => happened(model, &event, effects),
        Update::Failures {
            job,
            from,
            failures,
        } => super::history::exports(model, job, from, &failures, effects),
        Update::FailureList { job, page } => super::errors::take(model, job, *page),
        Update::Conflicts {
            job,
            from,
            conflicts,
        } => super::conflicts::take(model, job, from, conflicts),
        Update::Plan(news) => plan::take(model, *news),
        Update::Files { job, page } => super::files::take(model, job, *page),
        Update::Throughput {
            job,
            seconds,
            rates,
        } => super::files::take_chart(model, job, seconds, rates),
        Update::Summary(summary) => effects.push(Effect::Record(summary)),
        Update::Hello(_) => {}
    }
}

fn happened(model: &mut Model, event: &Event, effects: &mut Effects) {
    match event {
        Event::Added { job } => model.expected = Some(*job),
        Event::State { job, to, .. } if to.is_final() => ended(model, *job, effects),
        // It may have paused by itself for lack of room, and nothing else asks while nothing runs.
        Event::State {
            to: JobState::Paused,
            ..
        } => {
            for side in [Side::Source, Side::Dest] {
                listing::ask_space_of(model, side, effects);
            }
        }
        // That `auto` went past a rung is no news to a person: the details say what was used.
        Event::Fallback { job, from, reason } if asked_for(model, *job, *from) => {
            let reason = model.look.words(reason).into_owned();
            // The reason names the strategy and both file systems.
            model.say(format!("job {job}: {reason}"));
        }
        // What was missed may have been the end of a job.
        Event::Missed { .. } => panes::reload_both(model, effects),
        Event::State { .. } | Event::Fallback { .. } => {}
    }
}

fn asked_for(model: &Model, job: JobId, strategy: Strategy) -> bool {
    model.job(job).is_some_and(|view| view.strategy == strategy)
}

/// A job has ended: what it wrote is shown, and what room that leaves.
fn ended(model: &mut Model, id: JobId, effects: &mut Effects) {
    let Some(dest) = model.job(id).map(|job| job.dest.as_path().to_path_buf()) else {
        // It was so quick that no snapshot has shown it yet.
        return panes::reload_both(model, effects);
    };
    for side in [Side::Source, Side::Dest] {
        if model.pane(side).path == dest {
            panes::reload(model, side, effects);
        } else {
            // It may show the same device, or the source of a move.
            listing::ask_space_of(model, side, effects);
        }
    }
}
