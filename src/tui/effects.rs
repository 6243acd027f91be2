//! Looking into directories, away from the thread that draws.
//!
//! Each look has a thread of its own: on a dead mount it hangs for ever, nothing waits for it, and
//! only its pane shows it. Answers carry the generation they are for, so a late one is dropped. The
//! threads block on the bounded channel to the screen while it is behind; the screen never waits
//! for them.

use super::browse::Side;
use super::msg::{Listing, Msg};
use crate::clock;
use crate::sys::{count, listing};
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;
use tokio::sync::mpsc;

/// Threads a pane may have at a time; more means that a mount does not answer.
const THREADS: usize = 16;

/// Details sent in one message.
const BATCH: usize = 2_000;

/// Between two reports of how much was read.
const REPORT: Duration = Duration::from_millis(200);

/// Why nothing more is tried.
const NO_ANSWER: &str = "the file system does not answer, and too many looks at it wait already";

/// The threads of both panes.
#[derive(Debug)]
pub struct Looks {
    answers: mpsc::Sender<Msg>,
    panes: [PaneLooks; 2],
}

#[derive(Debug, Default)]
struct PaneLooks {
    threads: Arc<AtomicUsize>,
    /// Set to stop the listing that is under way.
    listing: Arc<AtomicBool>,
    /// Set to stop asking details; of which listing they are.
    details: (u64, Arc<AtomicBool>),
    /// Set to stop counting.
    counting: Arc<AtomicBool>,
}

impl Looks {
    /// No thread yet; answers go to that channel.
    pub fn new(answers: mpsc::Sender<Msg>) -> Self {
        Self {
            answers,
            panes: Default::default(),
        }
    }

    /// Reads a directory; a reading of the same pane that is under way is stopped.
    pub fn list(&mut self, side: Side, generation: u64, path: PathBuf) -> Result<(), String> {
        let pane = &mut self.panes[side.index()];
        pane.listing.store(true, Ordering::Relaxed);
        let stop = Arc::new(AtomicBool::new(false));
        pane.listing = stop.clone();
        let answers = self.answers.clone();
        self.spawn(side, "haul-list", move || {
            let result = read(side, generation, &path, &stop, &answers);
            if !stop.load(Ordering::Relaxed) {
                tell(
                    &answers,
                    Msg::Listing {
                        side,
                        generation,
                        result: result.map_err(|error| words(&error)),
                    },
                );
            }
        })
    }

    /// Asks details; what is still asked of an older listing of the pane is stopped.
    pub fn stat(
        &mut self,
        side: Side,
        generation: u64,
        path: PathBuf,
        names: Vec<(u32, Box<[u8]>)>,
        all: bool,
    ) -> Result<(), String> {
        let pane = &mut self.panes[side.index()];
        if pane.details.0 != generation {
            pane.details.1.store(true, Ordering::Relaxed);
            pane.details = (generation, Arc::default());
        }
        let stop = pane.details.1.clone();
        let answers = self.answers.clone();
        self.spawn(side, "haul-stat", move || {
            let parts = names.len().div_ceil(BATCH);
            for (part, batch) in names.chunks(BATCH).enumerate() {
                let asked = batch.iter().map(|(_, name)| &**name);
                let go_on = || !stop.load(Ordering::Relaxed);
                // A directory that is gone has no details; the rows say so.
                let found = listing::details(&path, asked, go_on).unwrap_or_default();
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                let found = batch
                    .iter()
                    .enumerate()
                    .map(|(at, (index, _))| (*index, found.get(at).copied().flatten()))
                    .collect();
                let complete = all && part + 1 == parts;
                if !tell(
                    &answers,
                    Msg::Details {
                        side,
                        generation,
                        found,
                        complete,
                    },
                ) {
                    return;
                }
            }
        })
    }

    /// Counts directories, one after the other.
    pub fn count(
        &mut self,
        side: Side,
        generation: u64,
        path: PathBuf,
        names: Vec<Box<[u8]>>,
    ) -> Result<(), String> {
        let stop = self.panes[side.index()].counting.clone();
        let answers = self.answers.clone();
        self.spawn(side, "haul-count", move || {
            for name in names {
                let root = path.join(name_of(&name));
                let report = |counted, done| {
                    !stop.load(Ordering::Relaxed)
                        && tell(
                            &answers,
                            Msg::DirSize {
                                side,
                                generation,
                                name: name.clone(),
                                counted,
                                done,
                            },
                        )
                };
                let counted = count::count(&root, |counted| report(counted, false));
                if !report(counted, true) {
                    return;
                }
            }
        })
    }

    /// Stops counting in a pane.
    pub fn stop_count(&mut self, side: Side) {
        let counting = &mut self.panes[side.index()].counting;
        counting.store(true, Ordering::Relaxed);
        *counting = Arc::default();
    }

    /// Asks the room on a pane's file system.
    pub fn space(&mut self, side: Side, generation: u64, path: PathBuf) -> Result<(), String> {
        let answers = self.answers.clone();
        self.spawn(side, "haul-space", move || {
            let space = listing::space(&path).ok();
            tell(
                &answers,
                Msg::Space {
                    side,
                    generation,
                    space,
                },
            );
        })
    }

    fn spawn(
        &self,
        side: Side,
        name: &str,
        work: impl FnOnce() + Send + 'static,
    ) -> Result<(), String> {
        let threads = self.panes[side.index()].threads.clone();
        if threads.load(Ordering::Relaxed) >= THREADS {
            return Err(NO_ANSWER.to_string());
        }
        threads.fetch_add(1, Ordering::Relaxed);
        let counted = threads.clone();
        let spawned = thread::Builder::new()
            .name(name.to_string())
            .spawn(move || {
                work();
                counted.fetch_sub(1, Ordering::Relaxed);
            });
        if let Err(error) = spawned {
            threads.fetch_sub(1, Ordering::Relaxed);
            return Err(format!("no thread could be started: {}", words(&error)));
        }
        Ok(())
    }
}

fn read(
    side: Side,
    generation: u64,
    path: &Path,
    stop: &AtomicBool,
    answers: &mpsc::Sender<Msg>,
) -> io::Result<Listing> {
    let mut told = clock::now();
    let names = listing::names(path, |names| {
        if stop.load(Ordering::Relaxed) {
            return ControlFlow::Break(());
        }
        if told.elapsed() >= REPORT {
            told = clock::now();
            tell(
                answers,
                Msg::Reading {
                    side,
                    generation,
                    names,
                },
            );
        }
        ControlFlow::Continue(())
    })?;
    Ok(Listing {
        names,
        space: listing::space(path).ok(),
    })
}

/// Sends an answer; false once nobody listens.
fn tell(answers: &mpsc::Sender<Msg>, msg: Msg) -> bool {
    answers.blocking_send(msg).is_ok()
}

fn name_of(name: &[u8]) -> &std::ffi::OsStr {
    std::os::unix::ffi::OsStrExt::from_bytes(name)
}

/// The reason without the number, which means nothing to most.
fn words(error: &io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error") {
        Some(at) => text[..at].to_string(),
        None => text,
    }
}
