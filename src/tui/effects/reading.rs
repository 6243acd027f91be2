//! Reading the names of a directory and putting them in order, on the thread that was started for it.

use super::tell;
use crate::clock;
use crate::sequence::FrameTypes;
use crate::sys::listing::{self, Names};
use crate::tui::browse::{Entries, Side, Sort, Task, Wish};
use crate::tui::msg::{Listing, Msg, Ordered};
use std::io;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::mpsc;

/// Names that are shown before the rest has come: what one sweep of a large directory brings.
const FIRST: usize = 2_000;

/// Between two reports of how much was read.
const REPORT: Duration = Duration::from_millis(200);

/// How the rows of a pane are put together.
pub(super) struct Order {
    pub(super) sort: Sort,
    pub(super) folding: bool,
    pub(super) types: FrameTypes,
}

/// Reads a directory; the first names of many are told before the rest has come.
pub(super) fn read(
    side: Side,
    generation: u64,
    path: &Path,
    order: &Order,
    stop: &AtomicBool,
    answers: &mpsc::Sender<Msg>,
) -> io::Result<Listing> {
    let mut told = None;
    let names = listing::names(path, |names| {
        if stop.load(Ordering::Relaxed) {
            return ControlFlow::Break(());
        }
        let now = clock::now();
        match told {
            // The first names of many show at once; what they stand among comes later.
            None if names.len() >= FIRST => {
                told = Some(now);
                let result = Ok(listing_of(names.clone(), order, path, false));
                tell(
                    answers,
                    Msg::Listing {
                        side,
                        generation,
                        result,
                    },
                );
            }
            Some(at) if now.duration_since(at) >= REPORT => {
                told = Some(now);
                tell(
                    answers,
                    Msg::Reading {
                        side,
                        generation,
                        names: names.len(),
                    },
                );
            }
            _ => {}
        }
        ControlFlow::Continue(())
    })?;
    Ok(listing_of(names, order, path, true))
}

/// Names, grouped and ordered here, so that the screen does not wait for it.
fn listing_of(names: Names, order: &Order, path: &Path, whole: bool) -> Listing {
    let entries = Arc::new(Entries::new(names, &order.types));
    let task = Task {
        ticket: 0,
        entries: entries.clone(),
        known: Arc::default(),
        sums: Arc::default(),
        counted: std::collections::HashMap::new(),
        wish: Wish {
            sort: order.sort,
            folding: order.folding,
            ..Wish::default()
        },
        order: None,
    };
    Listing {
        ordered: Some(Ordered {
            sort: order.sort,
            folding: order.folding,
            items: task.order(),
        }),
        entries,
        space: room(path),
        whole,
    }
}

/// The room of the file system a path is on; `None`, with the reason in the log, where it does not
/// say: the screen then shows none, or that it is unknown.
pub(super) fn room(path: &Path) -> Option<listing::Space> {
    listing::space(path)
        .inspect_err(|error| tracing::debug!("a file system does not tell its room: {error}"))
        .ok()
}
