//! Door and engine in one process: the channels joined directly, the engine on a thread of its own.

use super::{Client, REQUESTS, UPDATES};
use crate::engine::{self, Ends};
use crate::proto::Snapshot;
use crate::sys::{Real, Steady, Sys};
use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use tokio::sync::{mpsc, watch};

/// The engine's thread.
#[derive(Debug)]
pub struct Engine {
    thread: JoinHandle<()>,
}

impl Engine {
    /// Waits for the engine to end: it does once the client asked for shutdown, or is dropped,
    /// and every job has stopped. Fails when the engine panicked.
    pub fn join(self) -> io::Result<()> {
        self.thread
            .join()
            .map_err(|_| io::Error::other("the copy engine panicked"))
    }
}

/// Starts an engine on the real file systems.
pub fn local() -> io::Result<(Client, Engine)> {
    local_with(Arc::new(Real))
}

/// Starts an engine on the given system layer; calls interrupted by a signal are repeated.
pub fn local_with(sys: Arc<dyn Sys>) -> io::Result<(Client, Engine)> {
    let sys: Arc<dyn Sys> = Arc::new(Steady::new(sys));
    let (request_tx, requests) = mpsc::channel(REQUESTS);
    let (updates, update_rx) = mpsc::channel(UPDATES);
    let (snapshots, snapshot_rx) = watch::channel(Arc::new(Snapshot::default()));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()?;
    let ends = Ends {
        requests,
        updates,
        snapshots,
    };
    let thread = std::thread::Builder::new()
        .name("haul-engine".into())
        .spawn(move || runtime.block_on(engine::run(sys, ends)))?;
    Ok((
        Client::new(request_tx, update_rx, snapshot_rx),
        Engine { thread },
    ))
}
