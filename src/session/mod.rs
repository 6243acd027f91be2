//! The door to the engine: one pair of typed channels and nothing else.
//!
//! Screens and the command line are written against [`Client`] alone. In process the pair is joined
//! directly ([`local`]); a socket would carry the same types and nothing above could tell.

mod local;

pub use local::{Engine, local, local_with};

use crate::proto::{Request, Snapshot, Update};
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

/// One door's end.
#[derive(Debug)]
pub struct Client {
    requests: mpsc::Sender<Request>,
    updates: mpsc::Receiver<Update>,
    snapshots: watch::Receiver<Arc<Snapshot>>,
    /// Number of the last snapshot handed out.
    seen: u64,
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
            seen: 0,
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
    /// is a newer one than last returned. Cancel-safe. `None` once the engine has ended and
    /// everything was read.
    pub async fn next(&mut self) -> Option<Update> {
        tokio::select! {
            biased;
            update = self.updates.recv() => match update {
                Some(update) => Some(update),
                None => self.last_snapshot(),
            },
            changed = self.snapshots.changed() => match changed {
                Ok(()) => Some(self.take_snapshot()),
                // The engine is gone; what it still sent is drained first.
                Err(_) => match self.updates.recv().await {
                    Some(update) => Some(update),
                    None => self.last_snapshot(),
                },
            },
        }
    }

    /// The newest snapshot, without waiting.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshots.borrow().clone()
    }

    fn take_snapshot(&mut self) -> Update {
        let snapshot = self.snapshots.borrow_and_update().clone();
        self.seen = snapshot.seq;
        Update::Snapshot(snapshot)
    }

    /// What a watch channel has unseen cannot be asked of a closed one, so the numbers tell.
    fn last_snapshot(&mut self) -> Option<Update> {
        let unseen = self.snapshots.borrow().seq > self.seen;
        unseen.then(|| self.take_snapshot())
    }
}
