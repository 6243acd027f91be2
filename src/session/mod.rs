//! The door to the engine: one pair of typed channels and nothing else.
//!
//! Screens and the command line are written against [`Client`] alone. In process the pair is joined
//! directly ([`local()`]); a socket would carry the same types and nothing above could tell.

mod local;

pub use crate::engine::{Advice, Wrong};
pub use local::{Engine, local, local_with};

use crate::engine;
use crate::proto::{Filters, JobSpec, Request, Snapshot, Strategy, Update};
use crate::sys::{Real, Steady};
use std::ffi::CString;
use std::io;
use std::path::Path;
use std::sync::Arc;
use tokio::sync::{mpsc, watch};

/// Requests a door may have waiting. A door that is ahead of the engine by this many waits for it
/// (the engine never waits for a door, so this cannot deadlock).
pub const REQUESTS: usize = 64;

/// Events, pages and plans a door may leave unread; beyond it they are dropped and counted
/// ([`crate::proto::Event::Missed`]), never waited for.
pub const UPDATES: usize = 256;

/// The engine has ended: nothing more will be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the copy engine has ended")]
pub struct Ended;

/// Whether the engine can take these patterns: a door asks before it adds a job.
///
/// # Errors
/// Names the pattern that is none.
pub fn check_filters(filters: &Filters) -> Result<(), String> {
    engine::Filter::new(filters).map(|_| ())
}

/// What is wrong with the mappings of a job, in their order; nothing means that it may begin.
/// Looks at the file systems and changes nothing.
pub fn check_mappings(spec: &JobSpec) -> Vec<Wrong> {
    engine::check_mappings(&Steady::new(Arc::new(Real)), spec)
}

/// What a job like `spec` would choose from one directory to another, for files of these sizes.
/// What the door knows not to work there it names in `without`.
///
/// # Errors
/// One of the two cannot be looked at.
pub fn advice(
    spec: &JobSpec,
    places: [&Path; 2],
    without: &[Strategy],
    sizes: &[u64],
) -> io::Result<Vec<Advice>> {
    let sys = Steady::new(Arc::new(Real));
    Ok(engine::advice(&sys, spec, places, without, sizes)?)
}

/// Names like those of the engine's temporaries: what carries one and is left behind by a program
/// that was killed is removed by the next copy into its directory.
pub fn temp_names() -> impl FnMut() -> CString {
    let mut names = engine::TempNames::fresh();
    move || names.draw()
}

/// One door's end.
#[derive(Debug)]
pub struct Client {
    requests: mpsc::Sender<Request>,
    updates: mpsc::Receiver<Update>,
    snapshots: watch::Receiver<Arc<Snapshot>>,
}

impl Client {
    pub(crate) fn new(
        requests: mpsc::Sender<Request>,
        updates: mpsc::Receiver<Update>,
        snapshots: watch::Receiver<Arc<Snapshot>>,
    ) -> Self {
        Self {
            requests,
            updates,
            snapshots,
        }
    }

    /// Sends a request, waiting while [`REQUESTS`] are unread.
    pub async fn send(&self, request: Request) -> Result<(), Ended> {
        self.requests.send(request).await.map_err(|_| Ended)
    }

    /// A handle that sends requests from elsewhere (a signal handler, another task).
    pub fn sender(&self) -> mpsc::Sender<Request> {
        self.requests.clone()
    }

    /// The next update: events, pages and plans in order, and the newest snapshot whenever there
    /// is a newer one than last returned; never a snapshot before an event that was sent before it.
    /// Cancel-safe. `None` once the engine has ended and everything was read.
    pub async fn next(&mut self) -> Option<Update> {
        tokio::select! {
            biased;
            Some(update) = self.updates.recv() => Some(update),
            // With the engine gone `changed` still reports a snapshot that was not seen, once.
            Ok(()) = self.snapshots.changed() => Some(match self.updates.try_recv() {
                // Both came since the first look; the update was sent first.
                Ok(update) => {
                    self.snapshots.mark_changed();
                    update
                }
                Err(_) => Update::Snapshot(self.snapshots.borrow_and_update().clone()),
            }),
            else => None,
        }
    }

    /// The newest snapshot, without waiting.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshots.borrow().clone()
    }
}
