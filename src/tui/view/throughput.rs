//! The throughput of one job over the whole screen.

use super::draw::{self, Line, Pen};
use crate::tui::chart;
use crate::tui::layers::ChartLayer;
use crate::tui::model::Model;
use crate::tui::words;
use crate::units;
use ratatui::layout::Rect;

/// Cells of the scale at the left.
const SCALE: u16 = 7;

/// Draws the chart over the whole body.
pub fn draw(pen: &mut Pen, model: &Model, layer: &ChartLayer, area: Rect) {
    let look = pen.look;
    pen.clear(area);
    let Some(job) = model.job(layer.job) else {
        return;
    };
    let (rates, seconds, span) = if layer.whole {
        (&layer.rates, layer.seconds.max(1), "the whole run")
    } else {
        (&job.history, 1, "the last five minutes")
    };
    let title = Line::of(format!("THROUGHPUT of job {}", job.id), look.strong())
        .then(format!("  {span}"), look.plain());
    pen.rule(Rect { height: 1, ..area }, &title);
    let body = super::below_title(area);
    let figures = if area.width < 60 {
        short_figures(job)
    } else {
        figures(job, look.ascii)
    };
    let below = draw::wrap(&figures, usize::from(area.width).saturating_sub(2));
    let rows = body.height.saturating_sub(below.len() as u16 + 1);
    if rates.is_empty() || rows == 0 || area.width <= SCALE + 4 {
        let words = "nothing was copied for a second yet";
        pen.text(
            body.x + 2,
            body.y,
            body.width.saturating_sub(2),
            words,
            look.dim(),
        );
    } else {
        let width = area.width - SCALE - 1;
        let per_cell = if look.ascii { 1 } else { 2 };
        let room = usize::from(width) * per_cell;
        let (rates, seconds) = fit(rates, seconds, room);
        let highest = rates.iter().copied().max().unwrap_or(0);
        let chart = chart::rows(&rates, usize::from(width), usize::from(rows), look.ascii);
        for (at, row) in chart.iter().enumerate() {
            let y = body.y + at as u16;
            let label = match at as u16 {
                0 => units::size_short(highest),
                at if at == rows - 1 => "0".to_string(),
                at if at == rows / 2 && rows >= 5 => {
                    units::size_short(highest * u64::from(rows - at) / u64::from(rows))
                }
                _ => String::new(),
            };
            let label = draw::right(&label, usize::from(SCALE) - 1, look);
            pen.text(body.x, y, SCALE, &label, look.dim());
            pen.text(body.x + SCALE, y, width, row, look.graph());
        }
        // The last of them may have begun only now.
        let shown = (seconds * rates.len() as u64).min(job.elapsed_ms / 1000);
        let axis = format!(
            "{}{} a cell, {} in view{}",
            " ".repeat(usize::from(SCALE)),
            units::duration(seconds * per_cell as u64),
            units::duration(shown),
            if area.width < 60 {
                ""
            } else {
                ", now at the right"
            },
        );
        pen.text(body.x, body.y + rows, body.width, &axis, look.dim());
    }
    for (at, line) in below.iter().enumerate() {
        let y = body.bottom() - below.len() as u16 + at as u16;
        pen.text(
            body.x + 1,
            y,
            body.width.saturating_sub(1),
            line,
            look.plain(),
        );
    }
}

/// As many rates as fit: where there are more, so many of them are made one.
fn fit(rates: &[u64], seconds: u64, room: usize) -> (Vec<u64>, u64) {
    let each = rates.len().div_ceil(room.max(1)).max(1);
    let mean = |some: &[u64]| {
        let sum: u128 = some.iter().map(|rate| u128::from(*rate)).sum();
        (sum / some.len().max(1) as u128) as u64
    };
    (
        rates.chunks(each).map(mean).collect(),
        seconds * each as u64,
    )
}

/// The same figures where there is no room for words.
fn short_figures(job: &crate::proto::JobView) -> String {
    let mut text = format!(
        "now {} mean {}/s",
        words::rate(job, true),
        units::size_short(job.rate_mean)
    );
    if let Some((low, high)) = job.rate_range {
        let (low, high) = (units::size_short(low), units::size_short(high));
        text = format!("{text} low {low} high {high}");
    }
    if let Some(limit) = job.limit {
        text = format!("{text} cap {}/s", units::size_short(limit));
    }
    text
}

/// Now, mean, lowest, highest; and what is not in them.
fn figures(job: &crate::proto::JobView, ascii: bool) -> String {
    let dot = if ascii { "," } else { " \u{b7}" };
    let mut parts = vec![
        format!("now {}", words::rate(job, false)),
        format!("mean {}", units::rate(job.rate_mean)),
    ];
    if let Some((low, high)) = job.rate_range {
        parts.push(format!("lowest second {}", units::rate(low)));
        parts.push(format!("highest {}", units::rate(high)));
    }
    if let Some(limit) = job.limit {
        parts.push(format!("capped at {}", units::rate(limit)));
    }
    if job.bytes_cloned > 0 {
        parts.push(format!(
            "{} shared by reflink, not in the rates",
            units::size(job.bytes_cloned)
        ));
    }
    parts.push(format!(
        "{} of work, paused and waiting time left out",
        units::duration(job.elapsed_ms / 1000)
    ));
    parts.join(&format!("{dot} "))
}

#[cfg(test)]
mod tests {
    use super::fit;

    #[test]
    fn a_long_run_is_made_to_fit_by_means() {
        assert_eq!(fit(&[1, 3, 5, 7, 9], 10, 3), (vec![2, 6, 9], 20));
        assert_eq!(fit(&[1, 2], 1, 300), (vec![1, 2], 1));
        assert_eq!(fit(&[], 1, 10), (vec![], 1));
    }
}
