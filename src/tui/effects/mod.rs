//! Looking into directories, away from the thread that draws.
//!
//! Each look has a thread of its own: on a dead mount it hangs for ever, nothing waits for it, and
//! only its pane shows it. Answers carry the generation they are for, so a late one is dropped. The
//! threads block on the bounded channel to the screen while it is behind; the screen never waits
//! for them.

mod details;
mod reading;

pub use details::Wanted;

use super::browse::{Entries, Item, Side, Sort, Task};
use super::layers::MountRow;
use super::msg::{Msg, Told};
use crate::sequence::FrameTypes;
use crate::sys::{count, edit, inspect, listing, probe};
use details::Asking;
use reading::{Order, read, room};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use tokio::sync::mpsc;

/// Threads a pane may have at a time; more means that a mount does not answer.
const THREADS: usize = 16;

/// Why nothing more is tried.
const NO_ANSWER: &str = "the file system does not answer, and too many looks at it wait already";

/// The threads of both panes.
#[derive(Debug)]
pub struct Looks {
    answers: mpsc::Sender<Msg>,
    /// What can be frames, in every directory.
    types: FrameTypes,
    panes: [PaneLooks; 2],
    /// Set to stop asking about a row.
    inspecting: Arc<AtomicBool>,
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
    /// Of which listing the room was asked last, and whether that has been answered.
    space: (u64, Arc<AtomicBool>),
}

impl Looks {
    /// No thread yet; answers go to that channel. Names of these types can be frames.
    pub fn new(answers: mpsc::Sender<Msg>, types: FrameTypes) -> Self {
        Self {
            answers,
            types,
            panes: Default::default(),
            inspecting: Arc::default(),
        }
    }

    /// Reads a directory; a reading of the same pane that is under way is stopped.
    pub fn list(
        &mut self,
        side: Side,
        generation: u64,
        path: PathBuf,
        sort: Sort,
        folding: bool,
    ) -> Result<(), String> {
        let pane = &mut self.panes[side.index()];
        pane.listing.store(true, Ordering::Relaxed);
        let stop = Arc::new(AtomicBool::new(false));
        pane.listing = stop.clone();
        let answers = self.answers.clone();
        let order = Order {
            sort,
            folding,
            types: self.types.clone(),
        };
        self.spawn(side, "haul-list", move || {
            let result = read(side, generation, &path, &order, &stop, &answers);
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
    pub fn stat(&mut self, side: Side, generation: u64, wanted: Wanted) -> Result<(), String> {
        let pane = &mut self.panes[side.index()];
        if pane.details.0 != generation {
            pane.details.1.store(true, Ordering::Relaxed);
            pane.details = (generation, Arc::default());
        }
        let asking = Asking {
            side,
            generation,
            stop: pane.details.1.clone(),
            answers: self.answers.clone(),
        };
        self.spawn(side, "haul-stat", move || asking.all(&wanted))
    }

    /// Makes a directory, or gives an entry another name.
    pub fn edit(
        &mut self,
        side: Side,
        path: PathBuf,
        from: Option<Box<[u8]>>,
        name: Box<[u8]>,
    ) -> Result<(), String> {
        let answers = self.answers.clone();
        self.spawn(side, "haul-edit", move || {
            let done = match &from {
                Some(from) => edit::rename(&path, from, &name),
                None => edit::make_dir(&path, &name),
            };
            let result = done.map_err(|error| match error.kind() {
                io::ErrorKind::AlreadyExists => "something has that name already".to_string(),
                _ => words(&error),
            });
            tell(
                &answers,
                Msg::Edited {
                    side,
                    path,
                    from,
                    name,
                    result,
                },
            );
        })
    }

    /// Lists what is mounted, then the room of each; a mount that does not answer leaves the rest
    /// of the rooms unknown.
    pub fn mounts(&mut self, side: Side) -> Result<(), String> {
        let answers = self.answers.clone();
        self.spawn(side, "haul-mounts", move || {
            let found = probe::mounts().unwrap_or_else(|error| {
                let error = words(&error);
                let trouble = format!("what is mounted here cannot be told: {error}");
                tell(&answers, Msg::Trouble(trouble));
                Vec::new()
            });
            let mut mounts: Vec<MountRow> = found
                .into_iter()
                .map(|mount| MountRow {
                    point: mount.point,
                    kind: mount.kind,
                    free: None,
                })
                .collect();
            // Servers may be away: they are asked last.
            let is_far = |mount: &MountRow| {
                [
                    "nfs", "cifs", "smb", "fuse", "ceph", "9p", "lustre", "beegfs",
                ]
                .iter()
                .any(|kind| mount.kind.starts_with(kind))
            };
            mounts.sort_by_key(is_far);
            for at in 0..=mounts.len() {
                // The near ones together, then one by one.
                if at == 0 || at == mounts.len() || is_far(&mounts[at]) {
                    let mounts = mounts.clone();
                    if !tell(&answers, Msg::Mounts { side, mounts }) {
                        return;
                    }
                }
                if let Some(mount) = mounts.get_mut(at) {
                    let space = room(mount.point.as_path());
                    mount.free = space.map(|space| space.free);
                }
            }
        })
    }

    /// Puts rows in order.
    pub fn arrange(&mut self, side: Side, task: Box<Task>) -> Result<(), String> {
        let answers = self.answers.clone();
        self.spawn(side, "haul-order", move || {
            let arranged = task.arrange();
            tell(
                &answers,
                Msg::Arranged {
                    side,
                    ticket: task.ticket,
                    arranged,
                },
            );
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

    /// Asks everything about a row: what is quick to tell first.
    pub fn inspect(
        &mut self,
        side: Side,
        ticket: u64,
        path: PathBuf,
        entries: Arc<Entries>,
        item: Item,
    ) -> Result<(), String> {
        self.stop_inspect();
        let stop = self.inspecting.clone();
        let answers = self.answers.clone();
        self.spawn(side, "haul-info", move || {
            let go_on = || !stop.load(Ordering::Relaxed);
            let say = |told| tell(&answers, Msg::Inspected { ticket, told });
            let entry = match item {
                Item::Entry(entry) => entry,
                Item::Fold(fold) => {
                    let members = entries.members(fold);
                    let names = members.iter().map(|entry| entries.name(*entry));
                    // A directory that is gone has no details; the sum says how many it lacks.
                    let mut found = listing::details(&path, names, go_on).unwrap_or_default();
                    found.resize(members.len(), None);
                    if go_on() {
                        say(Told::Sum(entries.sum(fold, found.into_iter())));
                    }
                    return;
                }
            };
            let name = entries.name(entry);
            let told = inspect::inspect(&path, name);
            let is_file = matches!(&told, Ok(told) if told.stat.kind == inspect::Kind::File);
            let told = told.map(Box::new).map_err(|error| words(&error));
            if go_on() && say(Told::Entry(told)) && is_file {
                let extents = inspect::extents(&path, name, go_on);
                if go_on() {
                    say(Told::Extents(extents.map_err(|error| words(&error))));
                }
            }
        })
    }

    /// Stops asking about a row.
    pub fn stop_inspect(&mut self) {
        self.inspecting.store(true, Ordering::Relaxed);
        self.inspecting = Arc::default();
    }

    /// Asks the room on a pane's file system. It is asked every few seconds: one that has not
    /// answered is not asked again, else its threads would be all that the pane may have.
    pub fn space(&mut self, side: Side, generation: u64, path: PathBuf) -> Result<(), String> {
        let answers = self.answers.clone();
        let (asked, answered) = &self.panes[side.index()].space;
        if *asked == generation && !answered.load(Ordering::Relaxed) {
            return Ok(());
        }
        let answered = Arc::new(AtomicBool::new(false));
        self.panes[side.index()].space = (generation, answered.clone());
        self.spawn(side, "haul-space", move || {
            let space = room(&path);
            answered.store(true, Ordering::Relaxed);
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
