//! Small dialogs: questions, the menu of orders, a pattern to mark by, the goodbye.

use super::draw::{self, Pen};
use crate::proto::Conflict;
use crate::text;
use crate::tui::browse::Side;
use crate::tui::layers::{Asked, LimitLayer, NameLayer, PatternLayer, Purpose, Question};
use crate::tui::layout::{layout, middle};
use crate::tui::model::Model;
use crate::tui::update::ORDERS;
use crate::tui::words;
use ratatui::layout::{Position, Rect};
use tui_input::Input;

/// A question laid out.
struct Laid {
    /// The box.
    area: Rect,
    /// Its words, a list of lines each.
    paragraphs: Vec<Vec<String>>,
    /// The choices as they are written, and where.
    buttons: Vec<(String, Rect)>,
}

/// The choice at that place of the screen.
pub fn choice_at(model: &Model, question: &Question, at: Position) -> Option<usize> {
    let laid = lay_out(model, question, layout(model).body);
    laid.buttons.iter().position(|(_, area)| area.contains(at))
}

fn lay_out(model: &Model, question: &Question, body: Rect) -> Laid {
    let width = body.width.min(64);
    let paragraphs: Vec<Vec<String>> = words_of(model, question)
        .iter()
        .map(|words| draw::wrap(words, usize::from(width).saturating_sub(4)))
        .collect();
    let wanted: usize = paragraphs.iter().map(Vec::len).sum();
    let choices = question.choices();
    let buttons: usize = choices
        .iter()
        .map(|choice| choice.word(&question.asked).len() + 5)
        .sum();
    let in_a_row = buttons <= usize::from(width).saturating_sub(4);
    let button_lines = if in_a_row { 1 } else { choices.len() };
    let height = wanted + 1 + button_lines + 2;
    let area = middle(body, width, height as u16);
    let inner = draw::inside(area);
    let mut x = inner.x;
    let mut y = inner.bottom().saturating_sub(button_lines as u16);
    let mut buttons = Vec::new();
    for (at, choice) in choices.iter().enumerate() {
        let word = choice.word(&question.asked);
        let text = if at == question.at {
            format!("[>{word}<]")
        } else {
            format!("[ {word} ]")
        };
        let cells = (text::width(&text) as u16).min(inner.right().saturating_sub(x));
        buttons.push((text, Rect::new(x, y, cells, 1)));
        if in_a_row {
            x += cells + 1;
        } else {
            y += 1;
        }
    }
    Laid {
        area,
        paragraphs,
        buttons,
    }
}

/// Draws a question with its choices.
pub fn draw(pen: &mut Pen, model: &Model, question: &Question, body: Rect) {
    let look = pen.look;
    let laid = lay_out(model, question, body);
    let title = match question.asked {
        Asked::Cancel { .. } => "CANCEL?",
        Asked::AnswerAll { .. } => "REPLACE?",
        Asked::Quit | Asked::QuitUnanswered => "QUIT?",
    };
    let inner = pen.frame(laid.area, title);
    let top = laid
        .buttons
        .first()
        .map_or(inner.bottom(), |(_, area)| area.y);
    // On a small screen the words give way, never the choices.
    let room = usize::from(top.saturating_sub(inner.y));
    let mut at = 0;
    for paragraph in &laid.paragraphs {
        // Half a sentence may say the opposite.
        if at + paragraph.len() > room {
            continue;
        }
        for line in paragraph {
            let y = inner.y + at as u16;
            pen.text(inner.x, y, inner.width, line, look.plain());
            at += 1;
        }
    }
    for (at, (text, area)) in laid.buttons.iter().enumerate() {
        let style = if at == question.at {
            look.selected()
        } else {
            look.plain()
        };
        pen.text(area.x, area.y, area.width, text, style);
    }
}

fn words_of(model: &Model, question: &Question) -> Vec<String> {
    let look = model.look;
    match question.asked {
        Asked::Cancel { job, file, partial } => {
            let Some(job) = model.job(job) else {
                return Vec::new();
            };
            let mut words = vec![format!(
                "Cancel job {}, {}?",
                job.id,
                words::title(job, look)
            )];
            if let Some(row) = file.and_then(|file| job.in_flight.iter().find(|row| row.id == file))
            {
                words.push(format!("Selected file: {}", look.name(row.path.as_bytes())));
            }
            words.push(if partial {
                "What is half copied is removed, or kept as NAME.haul-partial.".to_string()
            } else {
                "No partial file is left.".to_string()
            });
            if job.copied > 0 {
                words.push(format!(
                    "{} already copied: what is finished stays at the destination.",
                    words::many(job.copied, "file", "files")
                ));
            }
            words
        }
        Asked::AnswerAll { job, with } => {
            let count = model.job(job).map_or(0, |job| job.parked);
            let waits = words::many(count, "conflict waits", "conflicts wait");
            vec![
                format!("{waits} in job {job}."),
                if with == Conflict::Newer {
                    "What is there is replaced wherever the source is newer.".to_string()
                } else {
                    "What is there is replaced by the source, whichever is newer.".to_string()
                },
            ]
        }
        Asked::QuitUnanswered => {
            let count = model.unanswered();
            let waits = words::many(count, "conflict waits", "conflicts wait");
            vec![
                format!("{waits} for an answer."),
                "Quitting leaves the files that are there as they are.".to_string(),
            ]
        }
        Asked::Quit => {
            let mut parts = Vec::new();
            let all = model.unfinished().count();
            let waiting = model
                .unfinished()
                .filter(|job| !job.state.is_active())
                .count();
            if all > waiting {
                parts.push(format!("{} at work", all - waiting));
            }
            if waiting > 0 {
                parts.push(format!("{waiting} waiting or paused"));
            }
            let jobs = if all == 1 { "job has" } else { "jobs have" };
            vec![
                format!("{all} {jobs} not ended: {}.", parts.join(", ")),
                format!(
                    "Quitting now cancels {}.",
                    if all == 1 { "it" } else { "them" }
                ),
                "Finished files stay; no partial file is left.".to_string(),
            ]
        }
    }
}

/// Draws the menu of orders.
pub fn sort_menu(pen: &mut Pen, model: &Model, side: Side, at: usize, body: Rect) {
    let look = pen.look;
    let sort = model.pane(side).sort;
    let title = format!("ORDER OF {}", side.word());
    let inner = pen.frame(middle(body, 34, 7), &title);
    let keys = ["n", "s", "d", "e"];
    let rows = ORDERS
        .iter()
        .zip(keys)
        .map(|(key, letter)| (letter, format!("by {}", key.word()), *key == sort.key))
        .chain(std::iter::once((
            "r",
            "reversed".to_string(),
            sort.reversed,
        )));
    for (place, (letter, word, on)) in rows.enumerate() {
        let y = inner.y + place as u16;
        if y >= inner.bottom() {
            break;
        }
        let tick = if on { "x" } else { " " };
        let cursor = if place == at { look.cursor() } else { " " };
        let style = if place == at {
            look.selected()
        } else {
            look.plain()
        };
        let text = format!("{cursor} {letter}  [{tick}] {word}");
        pen.text(inner.x, y, inner.width, &text, style);
    }
}

/// Draws the pattern being typed; gives where the text cursor stands.
pub fn pattern(pen: &mut Pen, layer: &PatternLayer, body: Rect) -> Position {
    let title = if layer.mark {
        "MARK BY PATTERN"
    } else {
        "UNMARK BY PATTERN"
    };
    let hint = if layer.wrong {
        "this is not a pattern: a bracket is left open"
    } else {
        "whole names: *.exr, shot_0?.mov"
    };
    field(pen, title, &layer.input, hint, layer.wrong, body)
}

/// Draws the cap being typed; gives where the text cursor stands.
pub fn limit(pen: &mut Pen, layer: &LimitLayer, body: Rect) -> Position {
    let title = format!("BYTES A SECOND, JOB {}", layer.job);
    let hint = "such as 20M or 1G; empty: no cap";
    let wrong = layer.wrong.as_deref();
    field(
        pen,
        &title,
        &layer.input,
        wrong.unwrap_or(hint),
        wrong.is_some(),
        body,
    )
}

/// Draws the name being typed in a pane; gives where the text cursor stands.
pub fn name(pen: &mut Pen, model: &Model, layer: &NameLayer, body: Rect) -> Position {
    // On a small screen the field covers the row that was found.
    let found = model.pane(layer.side).current().map(|row| {
        let name = pen.look.name(row.name).into_owned();
        format!("{name}  (Down: the next)")
    });
    let (title, hint) = match &layer.purpose {
        Purpose::MakeDir => ("NEW DIRECTORY".to_string(), "its name"),
        Purpose::Find => (
            "GO TO THE NAME THAT BEGINS WITH".to_string(),
            found.as_deref().unwrap_or("there is no name"),
        ),
        Purpose::Rename(from) => (
            format!("RENAME {}", pen.look.name(from)),
            "its new name; nothing is replaced",
        ),
    };
    let wrong = layer.wrong.as_deref();
    let hint = wrong.unwrap_or(hint);
    field(pen, &title, &layer.input, hint, wrong.is_some(), body)
}

/// A text field with a line below it that helps or complains.
fn field(
    pen: &mut Pen,
    title: &str,
    input: &Input,
    hint: &str,
    wrong: bool,
    body: Rect,
) -> Position {
    let look = pen.look;
    let inner = pen.frame(middle(body, 54, 4), title);
    let style = if wrong { look.bad() } else { look.dim() };
    let before: String = input.value().chars().take(input.cursor()).collect();
    let text = look.name(input.value().as_bytes());
    let cells = text::width(&look.name(before.as_bytes())) as u16;
    // A long text is shown from where its cursor is in view.
    let skip = (cells + 1).saturating_sub(inner.width);
    let shown: String = text.chars().skip(usize::from(skip)).collect();
    pen.text(inner.x, inner.y, inner.width, &shown, look.strong());
    if inner.height > 1 {
        pen.text(inner.x, inner.y + 1, inner.width, hint, style);
    }
    let x = (inner.x + cells - skip).min(inner.right().saturating_sub(1));
    Position::new(x, inner.y)
}

/// Draws what may follow the keys typed so far, above the line of keys.
pub fn continuations(pen: &mut Pen, model: &Model, body: Rect) {
    let Some(context) = model.context() else {
        return;
    };
    let look = pen.look;
    let typed: String = model.typed.iter().map(|key| key.label()).collect();
    let rows = model.keymap.continuations(context, &model.typed);
    let height = (rows.len() as u16 + 2).min(body.height);
    let area = Rect {
        y: body.bottom() - height,
        height,
        width: body.width.min(64),
        ..body
    };
    let inner = pen.frame(area, &format!("{typed} ..."));
    for (at, (rest, doc)) in rows.iter().take(usize::from(inner.height)).enumerate() {
        let y = inner.y + at as u16;
        let key = draw::left(&format!("{typed}{rest}"), 8, look);
        let used = pen.text(inner.x, y, inner.width, &key, look.strong());
        pen.text(
            inner.x + used,
            y,
            inner.width.saturating_sub(used),
            doc,
            look.plain(),
        );
    }
}

/// Draws the goodbye while the engine ends.
pub fn closing(pen: &mut Pen, model: &Model, body: Rect) {
    let look = pen.look;
    let inner = pen.frame(middle(body, 52, 4), "CLOSING");
    let words = if model.unfinished().next().is_some() {
        "Stopping the copies and removing temporaries."
    } else {
        "One moment."
    };
    for (at, line) in draw::wrap(words, usize::from(inner.width))
        .iter()
        .take(usize::from(inner.height))
        .enumerate()
    {
        pen.text(
            inner.x,
            inner.y + at as u16,
            inner.width,
            line,
            look.plain(),
        );
    }
}
