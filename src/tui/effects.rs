//! Looking into directories, away from the thread that draws.
//!
//! Each look has a thread of its own: on a dead mount it hangs for ever, nothing waits for it, and
//! only its pane shows it. Answers carry the generation they are for, so a late one is dropped. The
//! threads block on the bounded channel to the screen while it is behind; the screen never waits
//! for them.

use super::browse::{Entries, FoldSum, Item, Side, Sort, Task, Wish};
use super::layers::MountRow;
use super::msg::{Listing, Msg, Ordered, Told};
use crate::clock;
use crate::sequence::FrameTypes;
use crate::sys::listing::{Details, Kind, Names};
use crate::sys::{count, edit, inspect, listing, probe};
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

/// Names that are shown before the rest has come: what one sweep of a large directory brings.
const FIRST: usize = 2_000;

/// Between two reports of how much was read.
const REPORT: Duration = Duration::from_millis(200);

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
            let done = match from {
                Some(from) => edit::rename(&path, &from, &name),
                None => edit::make_dir(&path, &name),
            };
            let result = done.map_err(|error| words(&error));
            tell(
                &answers,
                Msg::Edited {
                    side,
                    path,
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

/// What is asked of a directory.
pub struct Wanted {
    /// The directory.
    pub path: PathBuf,
    /// Its names.
    pub entries: Arc<Entries>,
    /// Entries, each for itself.
    pub rows: Vec<u32>,
    /// Sequences to be added up.
    pub folds: Vec<u32>,
    /// True when these are all that were not known.
    pub all: bool,
}

struct Asking {
    side: Side,
    generation: u64,
    stop: Arc<AtomicBool>,
    answers: mpsc::Sender<Msg>,
}

impl Asking {
    fn all(&self, wanted: &Wanted) {
        let Wanted { rows, folds, .. } = wanted;
        // A directory may be a mount that does not answer: what else there is comes before it.
        let is_dir = |row: &&u32| wanted.entries.kind(**row) == Kind::Dir;
        let (dirs, others): (Vec<u32>, Vec<u32>) = rows.iter().partition(is_dir);
        let batches = others.chunks(BATCH).chain(dirs.chunks(BATCH));
        let parts = others.len().div_ceil(BATCH) + dirs.len().div_ceil(BATCH);
        for (part, batch) in batches.enumerate() {
            let Some(found) = self.look(wanted, batch) else {
                return;
            };
            let complete = wanted.all && folds.is_empty() && part + 1 == parts;
            if !self.tell_details(batch, &found, complete) {
                return;
            }
        }
        for (at, fold) in folds.iter().enumerate() {
            let members = wanted.entries.members(*fold);
            let mut found = Vec::with_capacity(members.len());
            for batch in members.chunks(BATCH) {
                let Some(some) = self.look(wanted, batch) else {
                    return;
                };
                if !self.tell_details(batch, &some, false) {
                    return;
                }
                found.extend(some);
            }
            let sum = wanted.entries.sum(*fold, found.into_iter());
            let sum = Msg::FoldSum {
                side: self.side,
                generation: self.generation,
                fold: *fold,
                sum: FoldSum::Yes(sum),
            };
            let complete = wanted.all && at + 1 == folds.len();
            if !tell(&self.answers, sum) || complete && !self.tell_details(&[], &[], true) {
                return;
            }
        }
    }

    /// Details of entries; `None` once nobody wants them.
    fn look(&self, wanted: &Wanted, batch: &[u32]) -> Option<Vec<Option<Details>>> {
        let asked = batch.iter().map(|entry| wanted.entries.name(*entry));
        let go_on = || !self.stop.load(Ordering::Relaxed);
        // A directory that is gone has no details; the rows say so.
        let mut found = listing::details(&wanted.path, asked, go_on).unwrap_or_default();
        found.resize(batch.len(), None);
        (!self.stop.load(Ordering::Relaxed)).then_some(found)
    }

    fn tell_details(&self, batch: &[u32], found: &[Option<Details>], complete: bool) -> bool {
        tell(
            &self.answers,
            Msg::Details {
                side: self.side,
                generation: self.generation,
                found: batch.iter().copied().zip(found.iter().copied()).collect(),
                complete,
            },
        )
    }
}

struct Order {
    sort: Sort,
    folding: bool,
    types: FrameTypes,
}

fn read(
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
fn room(path: &Path) -> Option<listing::Space> {
    listing::space(path)
        .inspect_err(|error| tracing::debug!("a file system does not tell its room: {error}"))
        .ok()
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
