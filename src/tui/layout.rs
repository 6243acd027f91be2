//! Where everything goes, for any size of terminal.
//!
//! Pure: `update` asks it how many rows a list has, `view` draws into what it says. Panes shrink
//! first, then the workers of the selected job, then one part at a time is shown; below 40 x 10
//! there is one line.

use super::model::{Focus, Model};
use crate::proto::JobView;
use ratatui::layout::Rect;

/// Regions of the screen; a part that is not shown is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// The line of totals.
    pub header: Option<Rect>,
    /// The panes, source first; each with its title and, if it has room, a foot line.
    pub panes: [Option<Rect>; 2],
    /// The column between the panes.
    pub wall: Option<Rect>,
    /// The queue with its title and, if it has room, column heads.
    pub queue: Option<Rect>,
    /// The selected job's workers and history, with their title.
    pub task: Option<Rect>,
    /// The line of keys.
    pub keys: Option<Rect>,
    /// Everything between header and keys: what a full-screen layer takes.
    pub body: Rect,
}

/// Fewest columns and rows with more than one line shown.
pub const SMALLEST: (u16, u16) = (40, 10);

/// Fewest columns and rows with panes and queue together.
const TOGETHER: (u16, u16) = (60, 16);

/// Columns from which workers and history stand side by side.
pub const WIDE_TASK: u16 = 120;

/// Rows from which there is room for more than what is needed.
pub const MANY_ROWS: u16 = 35;

/// Rows both panes keep: title, five entries, foot.
const PANES_MIN: u16 = 7;

/// Lays the screen out.
pub fn layout(model: &Model) -> Layout {
    let (width, height) = model.size;
    if width < SMALLEST.0 || height < SMALLEST.1 {
        return Layout {
            header: (width > 0 && height > 0).then(|| Rect::new(0, 0, width, 1)),
            body: Rect::new(0, 0, width, height),
            ..Layout::default()
        };
    }
    let mut layout = Layout {
        header: Some(Rect::new(0, 0, width, 1)),
        keys: Some(Rect::new(0, height - 1, width, 1)),
        body: Rect::new(0, 1, width, height - 2),
        ..Layout::default()
    };
    let body = layout.body;
    let together = width >= TOGETHER.0 && height >= TOGETHER.1;
    let queue_alone = model.queue.zoomed || (!together && model.focus == Focus::Queue);
    if queue_alone {
        // Jobs come first, but the selected one keeps its figures.
        let jobs = model.snapshot.jobs.len().max(1) as u16;
        let spare = body.height.saturating_sub(2 + jobs).max(body.height / 4);
        let task = task_rows(model, spare);
        layout.queue = Some(Rect {
            height: body.height - task,
            ..body
        });
        layout.task = bottom_of(body, task);
        return layout;
    }
    if !together {
        match model.focus {
            Focus::Pane(side) => layout.panes[side.index()] = Some(body),
            Focus::Queue => {}
        }
        return layout;
    }
    let jobs = model.snapshot.jobs.len() as u16;
    let heads = u16::from(jobs > 0);
    let most = (body.height / 4).max(3);
    let queue = 1 + heads + jobs.clamp(1, most);
    let spare = body.height.saturating_sub(queue + PANES_MIN);
    let task = task_rows(model, spare);
    let panes = body.height - queue - task;
    let half = (width - 1) / 2;
    layout.panes = [
        Some(Rect::new(0, body.y, half, panes)),
        Some(Rect::new(half + 1, body.y, width - half - 1, panes)),
    ];
    layout.wall = Some(Rect::new(half, body.y, 1, panes));
    layout.queue = Some(Rect::new(0, body.y + panes, width, queue));
    layout.task = bottom_of(body, task);
    layout
}

fn bottom_of(body: Rect, rows: u16) -> Option<Rect> {
    (rows > 0).then(|| Rect::new(body.x, body.bottom() - rows, body.width, rows))
}

/// Rows the selected job's part gets of those that are spare.
fn task_rows(model: &Model, spare: u16) -> u16 {
    if !model.queue.unfolded || spare < 2 {
        return 0;
    }
    let Some(job) = model.queue.selected.and_then(|id| model.job(id)) else {
        return 0;
    };
    task_wanted(job, model.size).min(spare)
}

fn task_wanted(job: &JobView, (width, height): (u16, u16)) -> u16 {
    let workers = job.workers.len().div_ceil(worker_columns(width)) as u16;
    let files = file_rows(job, height);
    let history = match (job.history.is_empty(), height >= MANY_ROWS) {
        (true, _) => 0,
        (false, true) => 4,
        (false, false) => 1,
    };
    let failure = u16::from(job.last_failure.is_some());
    if width >= WIDE_TASK {
        2 + (workers + files).max(history) + failure
    } else {
        2 + workers + files + history + failure
    }
}

/// Files of the selected job that get a row: on small screens those that no worker's row shows.
pub fn file_rows(job: &JobView, height: u16) -> u16 {
    let shown = job
        .in_flight
        .iter()
        .filter(|file| height >= MANY_ROWS || file.paused || file.workers != 1)
        .count();
    shown.min(8) as u16
}

/// Workers side by side in the selected job's part.
pub fn worker_columns(width: u16) -> usize {
    if (76..WIDE_TASK).contains(&width) {
        2
    } else {
        1
    }
}

/// Rows of entries in a pane of that size.
pub const fn pane_rows(pane: Rect) -> usize {
    pane.height.saturating_sub(1 + pane_foot(pane)) as usize
}

/// Whether a pane of that size has a foot line: 1 or 0.
pub const fn pane_foot(pane: Rect) -> u16 {
    if pane.height >= 4 { 1 } else { 0 }
}

/// Rows of jobs in a queue of that size.
pub const fn queue_rows(queue: Rect, jobs: usize) -> usize {
    queue.height.saturating_sub(1 + queue_heads(queue, jobs)) as usize
}

/// Whether a queue of that size has column heads: 1 or 0.
pub const fn queue_heads(queue: Rect, jobs: usize) -> u16 {
    if queue.height >= 3 && queue.width >= 60 && jobs > 0 {
        1
    } else {
        0
    }
}

/// The rectangle of a dialog in the middle of the screen: as large as wanted, where there is room.
pub fn middle(body: Rect, width: u16, height: u16) -> Rect {
    let width = width.min(body.width);
    let height = height.min(body.height);
    Rect::new(
        body.x + (body.width - width) / 2,
        body.y + (body.height - height) / 2,
        width,
        height,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_tile_the_screen_at_every_size() {
        let mut model = crate::tui::update::tests_model();
        for focus in [Focus::Queue, Focus::Pane(crate::tui::browse::Side::Dest)] {
            model.focus = focus;
            for width in 0..140 {
                for height in 0..50 {
                    model.size = (width, height);
                    let layout = layout(&model);
                    let mut area = 0_u32;
                    let parts = [
                        layout.header,
                        layout.panes[0],
                        layout.panes[1],
                        layout.wall,
                        layout.queue,
                        layout.task,
                        layout.keys,
                    ];
                    for part in parts.into_iter().flatten() {
                        assert!(part.right() <= width && part.bottom() <= height);
                        area += part.area();
                    }
                    if width >= SMALLEST.0 && height >= SMALLEST.1 {
                        assert_eq!(area, u32::from(width) * u32::from(height));
                    }
                }
            }
        }
    }
}
