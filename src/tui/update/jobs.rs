//! Keys about jobs, wherever they are pressed.

use super::Effects;
use crate::proto::{FileId, JobId, JobState, JobView, Request, Strategy};
use crate::tui::action::{Action, Context};
use crate::tui::browse::follow;
use crate::tui::layers::{
    Asked, ChartLayer, DetailsLayer, ErrorsLayer, FilesLayer, Layer, LimitLayer, Question,
};
use crate::tui::layout::{layout, queue_rows};
use crate::tui::model::Model;
use crate::tui::msg::Effect;
use crate::tui::words;
use crate::units;
use tui_input::Input;

/// Places that lead past the end of any queue.
const MANY: i32 = 1_000_000;

/// Carries out an action about the selected job, or in the list of jobs.
pub fn act(model: &mut Model, action: Action, effects: &mut Effects) {
    if walk(model, action) {
        return;
    }
    match action {
        Action::PauseAll => return pause_all(model, effects),
        Action::RemoveEnded => return effects.push(Effect::Send(Request::RemoveEnded)),
        _ => {}
    }
    let Some(job) = model.subject() else {
        let key = model.keymap.key(Context::Panes, Action::Copy);
        model.say(format!(
            "there is no job: mark something, then {key} plans a copy"
        ));
        return;
    };
    let id = job.id;
    match action {
        Action::Pause => pause(model, id, None, effects),
        Action::Cancel => cancel(model, id, None, effects),
        Action::Retry => retry(model, id, effects),
        Action::Errors => errors(model, id),
        Action::Conflicts => super::conflicts::open(model, id),
        Action::Details => model.layers.push(Layer::Details(DetailsLayer {
            job: id,
            file: None,
            top: 0,
        })),
        Action::Unfold => model.queue.unfolded = !model.queue.unfolded,
        Action::Files => model.layers.push(Layer::Files(FilesLayer::new(id))),
        Action::Chart => model.layers.push(Layer::Chart(ChartLayer {
            job: id,
            whole: false,
            seconds: 0,
            rates: Vec::new(),
            asked_ms: None,
        })),
        Action::Limit if job.state.is_final() => model.say(format!("job {id} has ended")),
        Action::Limit => {
            let now = job.limit.map_or_else(String::new, units::size_exact);
            model.layers.push(Layer::Limit(LimitLayer {
                job: id,
                input: Input::new(now),
                wrong: None,
            }));
        }
        Action::MoreWorkers => workers(model, id, 1, effects),
        Action::FewerWorkers => workers(model, id, -1, effects),
        Action::StartNow if job.state == JobState::Queued => {
            effects.push(Effect::Send(Request::StartNow { job: id }));
        }
        Action::StartNow => model.say(format!("job {id} does not wait in the queue")),
        Action::Duplicate => effects.push(Effect::Send(Request::Duplicate { job: id })),
        Action::First => effects.push(Effect::Send(Request::Move { job: id, by: -MANY })),
        Action::Last => effects.push(Effect::Send(Request::Move { job: id, by: MANY })),
        Action::Earlier => effects.push(Effect::Send(Request::Move { job: id, by: -1 })),
        Action::Later => effects.push(Effect::Send(Request::Move { job: id, by: 1 })),
        Action::Remove if job.state.is_final() => {
            effects.push(Effect::Send(Request::Remove { job: id }));
        }
        Action::Remove => model.say(format!("job {id} has not ended: x cancels it")),
        _ => {}
    }
}

/// Changes the number of files in flight, and says what it will be.
fn workers(model: &mut Model, id: JobId, by: i32, effects: &mut Effects) {
    let Some(job) = model.job(id) else { return };
    if job.state.is_final() {
        return model.say(format!("job {id} has ended"));
    }
    if job.strategy == Strategy::Baseline {
        return model.say("baseline copies one file at a time: it is the yardstick");
    }
    let wanted = (i32::from(job.file_workers) + by).clamp(1, 256) as u64;
    if wanted == u64::from(job.file_workers) {
        return model.say(format!("job {id}: one file in flight is the least"));
    }
    effects.push(Effect::Send(Request::Workers { job: id, by }));
    let files = words::many(wanted, "file", "files");
    model.say(format!("job {id}: {files} in flight at a time"));
}

/// Moves the cursor of the queue; false when the action is about something else.
pub fn walk(model: &mut Model, action: Action) -> bool {
    let jobs = model.snapshot.jobs.len();
    let height = layout(model)
        .queue
        .map_or(1, |queue| queue_rows(queue, jobs))
        .max(1);
    let place = model.selected_place().unwrap_or(0);
    let target = match action {
        Action::Up => place.saturating_sub(1),
        Action::Down => place + 1,
        Action::PageUp => place.saturating_sub(height),
        Action::PageDown => place + height,
        Action::HalfUp => place.saturating_sub((height / 2).max(1)),
        Action::HalfDown => place + (height / 2).max(1),
        Action::Top => 0,
        Action::Bottom => jobs,
        _ => return false,
    };
    model.queue.selected = model
        .snapshot
        .jobs
        .get(target.min(jobs.saturating_sub(1)))
        .map(|job| job.id);
    true
}

/// Pauses or resumes a job, or one file of it.
pub fn pause(model: &mut Model, id: JobId, file: Option<FileId>, effects: &mut Effects) {
    let Some(job) = model.job(id) else { return };
    if let Some(file) = file
        && let Some(row) = job.in_flight.iter().find(|row| row.id == file)
    {
        let request = if row.paused {
            Request::ResumeFile { job: id, file }
        } else {
            Request::PauseFile { job: id, file }
        };
        effects.push(Effect::Send(request));
        return;
    }
    match job.state {
        JobState::Paused | JobState::Pausing => {
            effects.push(Effect::Send(Request::Resume { job: id }));
        }
        JobState::Queued | JobState::Scanning | JobState::Running => {
            effects.push(Effect::Send(Request::Pause { job: id }));
        }
        JobState::Flushing => {
            model.say(format!(
                "job {id} is being flushed to the device: all is copied, nothing to pause"
            ));
        }
        JobState::Verifying => {
            model.say(format!(
                "job {id} compares what it copied: it can only be cancelled"
            ));
        }
        JobState::Cancelling => model.say(format!(
            "job {id} is being cancelled: what is whole gets its name after a flush; x once more waits for none"
        )),
        _ => model.say(format!("job {id} has ended")),
    }
}

fn pause_all(model: &mut Model, effects: &mut Effects) {
    let any = |states: &[JobState]| {
        model
            .snapshot
            .jobs
            .iter()
            .any(|job| states.contains(&job.state))
    };
    if any(&[JobState::Scanning, JobState::Running]) {
        effects.push(Effect::Send(Request::PauseAll));
    } else if any(&[JobState::Paused, JobState::Pausing]) {
        effects.push(Effect::Send(Request::ResumeAll));
    } else {
        model.say("nothing runs and nothing is paused");
    }
}

/// Asks whether to cancel a job, or one file of it. A job that is being cancelled already is told
/// to wait for nothing.
pub fn cancel(model: &mut Model, id: JobId, file: Option<FileId>, effects: &mut Effects) {
    let Some(job) = model.job(id) else { return };
    if job.state.is_final() {
        model.say(format!("job {id} has ended: Del takes it off the list"));
    } else if job.state == JobState::Cancelling {
        model.say(format!(
            "job {id}: no flush is waited for, what has no name yet is removed"
        ));
        effects.push(Effect::Send(Request::CancelAtOnce { job: id }));
    } else {
        model.layers.push(Layer::Question(Question {
            asked: Asked::Cancel {
                job: id,
                file,
                partial: job.state != JobState::Queued,
            },
            at: 0,
        }));
    }
}

/// Runs what failed again.
pub fn retry(model: &mut Model, id: JobId, effects: &mut Effects) {
    let Some(job) = model.job(id) else { return };
    if !job.state.is_final() {
        model.say(format!(
            "job {id} has not ended: what failed can be retried then"
        ));
    } else if !can_retry(job) && job.parked > 0 {
        model.say(format!(
            "nothing failed in job {id}; its conflicts wait for an answer"
        ));
    } else if !can_retry(job) {
        model.say(format!("nothing failed in job {id}"));
    } else {
        let what = match job.state {
            JobState::Cancelled => "what was not copied is taken up again",
            _ if job.failed + job.conflicts == 0 => "what was cancelled is copied after all",
            _ if job.cancelled > 0 => "what failed or was cancelled is tried again",
            _ => "everything that failed is tried again",
        };
        effects.push(Effect::Send(Request::RetryFailed { job: id }));
        model.say(format!("job {id}: {what}"));
    }
}

/// True when there is something to run again.
pub fn can_retry(job: &JobView) -> bool {
    let cut_short = job.state == JobState::Cancelled
        && !(job.found_is_final && job.files_done == job.found.files);
    let failed = job.listed > 0 || job.failed + job.cancelled > 0 || job.conflicts > job.parked;
    job.state.is_final() && (failed || cut_short)
}

/// Opens the list of what failed.
pub fn errors(model: &mut Model, id: JobId) {
    let Some(job) = model.job(id) else { return };
    if job.listed == 0 {
        model.say(format!("nothing failed in job {id}"));
    } else {
        model.layers.push(Layer::Errors(ErrorsLayer::new(id)));
    }
}

/// Keeps a job selected and on screen.
pub fn settle(model: &mut Model) {
    let jobs = model.snapshot.jobs.len();
    if let Some(expected) = model.expected
        && model.job(expected).is_some()
    {
        model.queue.selected = Some(expected);
        model.expected = None;
    }
    if model.selected_place().is_none() {
        let place = model.queue.place.min(jobs.saturating_sub(1));
        model.queue.selected = model.snapshot.jobs.get(place).map(|job| job.id);
    }
    model.queue.place = model.selected_place().unwrap_or(0);
    let height = layout(model)
        .queue
        .map_or(0, |queue| queue_rows(queue, jobs));
    model.queue.top = follow(model.queue.top, model.queue.place, jobs, height);
}
