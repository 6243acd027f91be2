//! The model as cells.
//!
//! Pure: reads the model, writes the frame, and touches nothing else. Only rows in view become
//! text, so a frame costs what the screen holds, never what the lists hold.

mod conflicts;
mod details;
mod draw;
mod errors;
mod files;
mod header;
mod help;
mod history;
mod info;
mod keys;
mod palette;
mod panes;
mod places;
mod plan;
mod questions;
mod queue;
mod rows;
mod task;
mod throughput;

use super::layers::{DetailsLayer, InfoLayer, Layer};
use super::layout::layout;
use super::model::{Model, Phase};
use draw::Pen;
use ratatui::Frame;
use ratatui::layout::Rect;

pub use history::receipt_height;
pub use questions::choice_at;

/// Draws the whole screen.
pub fn view(model: &Model, frame: &mut Frame) {
    let layout = layout(model);
    let frame_area = frame.area();
    let mut pen = Pen::new(frame.buffer_mut(), model.look);
    pen.tint(frame_area, model.look.plain());
    if let Some(area) = layout.header {
        header::draw(&mut pen, model, area);
    }
    let Some(keys) = layout.keys else {
        return;
    };
    let covered = model.layers.iter().rposition(|layer| {
        matches!(
            layer,
            Layer::Details(_)
                | Layer::Errors(_)
                | Layer::Conflicts(_)
                | Layer::Files(_)
                | Layer::Chart(_)
                | Layer::History(_)
                | Layer::Help { .. }
        )
    });
    if covered.is_none() {
        panes::draw(&mut pen, model, &layout);
        queue::draw(&mut pen, model, &layout);
        task::draw(&mut pen, model, &layout);
    }
    let mut cursor = panes::text_cursor(model, &layout);
    for layer in &model.layers[covered.unwrap_or(0)..] {
        let body = layout.body;
        match layer {
            Layer::Details(details) => details::draw(&mut pen, model, details, body),
            Layer::Errors(errors) => errors::draw(&mut pen, model, errors, body),
            Layer::Conflicts(conflicts) => conflicts::draw(&mut pen, model, conflicts, body),
            Layer::Files(files) => {
                cursor = files::draw(&mut pen, model, files, body).or(cursor);
            }
            Layer::Chart(chart) => throughput::draw(&mut pen, model, chart, body),
            Layer::History(history) => history::draw(&mut pen, model, history, body),
            Layer::Palette(palette) => {
                cursor = Some(palette::draw(&mut pen, model, palette, body));
            }
            Layer::Limit(limit) => cursor = Some(questions::limit(&mut pen, limit, body)),
            Layer::Help { top } => help::draw(&mut pen, model, *top, body),
            Layer::Plan(plan) => plan::draw(&mut pen, model, plan, body),
            Layer::Question(question) => questions::draw(&mut pen, model, question, body),
            Layer::Info(layer) => info::draw(&mut pen, model, layer, body),
            Layer::Places(layer) => places::draw(&mut pen, model, layer, body),
            Layer::Name(layer) => cursor = Some(questions::name(&mut pen, model, layer, body)),
            Layer::Sort { side, at } => questions::sort_menu(&mut pen, model, *side, *at, body),
            Layer::Pattern(pattern) => {
                cursor = Some(questions::pattern(&mut pen, pattern, body));
            }
        }
    }
    if !model.typed.is_empty() {
        questions::continuations(&mut pen, model, layout.body);
    }
    if matches!(model.phase, Phase::Closing | Phase::Closed) {
        questions::closing(&mut pen, model, layout.body);
    }
    keys::draw(&mut pen, model, keys);
    if let Some(position) = cursor {
        frame.set_cursor_position(position);
    }
}

/// Lines of the help at the present width.
pub fn help_height(model: &Model) -> usize {
    help::lines(model, layout(model).body.width).len()
}

/// Lines of the panel about a row at the present width.
pub fn info_height(model: &Model, layer: &InfoLayer) -> usize {
    info::lines(model, layer, layout(model).body.width).len()
}

/// Lines of a job's details at the present width.
pub fn details_height(model: &Model, layer: &DetailsLayer) -> usize {
    details::lines(model, layer, layout(model).body.width)
        .0
        .len()
}

/// The line of a job's details that holds the selected file.
pub fn details_file_line(model: &Model, layer: &DetailsLayer) -> Option<usize> {
    details::lines(model, layer, layout(model).body.width).1
}

/// The area below the first line of another.
fn below_title(area: Rect) -> Rect {
    Rect {
        y: area.y + 1,
        height: area.height.saturating_sub(1),
        ..area
    }
}
