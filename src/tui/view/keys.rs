//! The last line: the keys that do something now; or, for a while, a line to be read once.

use super::draw::{Line, Pen};
use crate::proto::{FailuresBy, JobState};
use crate::text;
use crate::tui::action::{ACTIONS, Action, Context, Row};
use crate::tui::layers::{Layer, Purpose};
use crate::tui::model::{Model, Phase};
use crate::tui::update::can_retry;
use ratatui::layout::Rect;

/// Draws the line.
pub fn draw(pen: &mut Pen, model: &Model, area: Rect) {
    let look = pen.look;
    pen.clear(area);
    if let Some(notice) = &model.notice {
        let style = if notice.bad {
            look.bad()
        } else {
            look.strong()
        };
        let cut = text::cut_middle(&notice.text, usize::from(area.width) - 1, look.ellipsis());
        pen.text(area.x + 1, area.y, area.width - 1, &cut, style);
        return;
    }
    let mut line = Line::new();
    for (key, hint) in hints(model) {
        let gap = if line.0.is_empty() { "" } else { "  " };
        let piece = Line::of(gap, look.plain())
            .then(key, look.strong())
            .then(" ", look.plain())
            .then(hint, look.plain());
        // Half a hint is a riddle.
        if line.width() + piece.width() > usize::from(area.width) {
            continue;
        }
        line.0.extend(piece.0);
    }
    pen.line(area, &line);
}

fn hints(model: &Model) -> Vec<(String, String)> {
    if matches!(model.phase, Phase::Closing | Phase::Closed) {
        return vec![("^C".to_string(), "leave at once".to_string())];
    }
    let Some(context) = model.context() else {
        let enter = match model.layers.last() {
            Some(Layer::Pattern(layer)) if layer.mark => "mark",
            Some(Layer::Pattern(_)) => "unmark",
            Some(Layer::Limit(_)) => "cap the rate",
            Some(Layer::Name(layer)) => match layer.purpose {
                Purpose::MakeDir => "make it",
                Purpose::Rename(_) => "rename",
                Purpose::Find => "stay here",
            },
            Some(Layer::Palette(_)) => "run it",
            _ => "keep the filter",
        };
        return vec![
            ("Enter".to_string(), enter.to_string()),
            ("Esc".to_string(), "leave".to_string()),
            ("^U".to_string(), "empty".to_string()),
        ];
    };
    ACTIONS
        .iter()
        .enumerate()
        .filter(|(_, row)| row.contexts.contains(&context) && !row.hint.is_empty())
        .filter(|(_, row)| available(model, context, row.action))
        .filter_map(|(at, row)| Some((key_of(model, context, at)?, hint(model, row))))
        .collect()
}

/// The first key of a row; two keys that belong together have one hint. `None` without a key.
fn key_of(model: &Model, context: Context, at: usize) -> Option<String> {
    let first = |at: usize| model.keymap.labels(context, at).into_iter().next();
    let row = &ACTIONS[at];
    let partner = match row.action {
        Action::Later => Some(Action::Earlier),
        Action::FewerWorkers => Some(Action::MoreWorkers),
        Action::Down => Some(Action::Up),
        Action::Right if context == Context::Plan => Some(Action::Left),
        _ => None,
    };
    if row.action == Action::AnswerSkipAll {
        let all = [
            Action::AnswerSkipAll,
            Action::AnswerOverwriteAll,
            Action::AnswerNewerAll,
            Action::AnswerRenameAll,
        ];
        let all = all.map(|action| model.keymap.key(context, action));
        return Some(all.join("/"));
    }
    let own = first(at)?;
    let partner = partner
        .and_then(|partner| {
            ACTIONS
                .iter()
                .position(|row| row.action == partner && row.contexts.contains(&context))
        })
        .and_then(first);
    Some(match (row.action, partner) {
        (Action::Later, Some(other)) => format!("{own}/{other}"),
        (_, Some(other)) => format!("{other}/{own}"),
        (_, None) => own,
    })
}

fn hint(model: &Model, row: &Row) -> String {
    match row.action {
        Action::Pause => pause_word(model).to_string(),
        Action::Yes => match model.layers.last() {
            Some(Layer::Question(question)) => question.yes().word(&question.asked).to_lowercase(),
            _ => row.hint.to_string(),
        },
        Action::Group => match model.layers.last() {
            Some(Layer::Errors(layer)) if layer.by == FailuresBy::Cause => {
                "by sequence".to_string()
            }
            _ => row.hint.to_string(),
        },
        Action::PauseAll if !anything_runs(model) => "resume all".to_string(),
        Action::PauseAll => "pause all".to_string(),
        Action::Quit if model.phase == Phase::WhenDone => "stay open".to_string(),
        _ => row.hint.to_string(),
    }
}

fn pause_word(model: &Model) -> &'static str {
    let Some(job) = model.subject() else {
        return "pause";
    };
    if let Some(Layer::Details(details)) = model.layers.last()
        && let Some(file) = details.file
        && let Some(row) = job.in_flight.iter().find(|row| row.id == file)
    {
        return if row.paused {
            "resume file"
        } else {
            "pause file"
        };
    }
    if matches!(job.state, JobState::Paused | JobState::Pausing) {
        "resume"
    } else {
        "pause"
    }
}

fn anything_runs(model: &Model) -> bool {
    model
        .snapshot
        .jobs
        .iter()
        .any(|job| matches!(job.state, JobState::Running | JobState::Scanning))
}

/// False for a key that would only say why it does nothing.
fn available(model: &Model, context: Context, action: Action) -> bool {
    let job = model.subject();
    match action {
        Action::Pause => job.is_some_and(|job| {
            !job.state.is_final()
                && !matches!(
                    job.state,
                    JobState::Flushing | JobState::Verifying | JobState::Cancelling
                )
        }),
        Action::Cancel => job.is_some_and(|job| !job.state.is_final()),
        Action::Conflicts => job.is_some_and(|job| job.parked > 0),
        Action::Errors => job.is_some_and(|job| job.listed > 0),
        Action::Retry | Action::RetryRow => job.is_some_and(can_retry),
        Action::Details => job.is_some() || context == Context::History,
        Action::Files | Action::Chart => job.is_some(),
        Action::Limit | Action::FewerWorkers => job.is_some_and(|job| !job.state.is_final()),
        Action::StartNow => job.is_some_and(|job| job.state == JobState::Queued),
        Action::Later => model.snapshot.jobs.len() > 1,
        Action::PauseAll => {
            anything_runs(model)
                || model
                    .snapshot
                    .jobs
                    .iter()
                    .any(|job| job.state == JobState::Paused)
        }
        Action::Mark => context == Context::Panes,
        _ => true,
    }
}
