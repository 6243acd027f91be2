//! Temporaries that lie in a staging directory of their worker.

use super::temporary::left_behind;
use super::{Shared, Worker};
use crate::engine::failure::Trouble;
use crate::engine::stage::{Left, MOST, Stage};
use crate::engine::tree::Dir;
use std::ffi::{CStr, CString};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// A temporary: its name, and where it is.
#[derive(Clone, Debug)]
pub struct Temp {
    name: CString,
    /// `None`: in the directory of its file.
    stage: Option<Arc<Stage>>,
}

impl Temp {
    /// In the directory of its file.
    pub fn beside(name: CString) -> Self {
        Self { name, stage: None }
    }

    /// In a staging directory.
    pub fn staged(name: CString, stage: Arc<Stage>) -> Self {
        let stage = Some(stage);
        Self { name, stage }
    }

    /// Its name.
    pub fn name(&self) -> &CStr {
        &self.name
    }

    /// The directory it is in; `dir` is that of its file.
    pub fn dir<'a>(&'a self, dir: BorrowedFd<'a>) -> BorrowedFd<'a> {
        self.stage.as_ref().map_or(dir, |stage| stage.fd.as_fd())
    }
}

impl Shared {
    /// Removes the staging directories in `dir`, which is complete. All are tried; one that stays is
    /// told.
    pub(super) fn remove_stages(&self, dir: &Arc<Dir>) -> Result<(), Trouble> {
        if dir.stages.are_none() {
            return Ok(());
        }
        let fds = dir.acquire(&*self.sys)?;
        let awaited = || dir.is_awaited();
        let (gone, left) = dir.stages.remove(&*self.sys, fds.dst(), awaited);
        self.stages.fetch_sub(gone, Ordering::Relaxed);
        left.map_or(Ok(()), |Left(name, errno)| Err(left_behind(&name, errno)))
    }
}

impl Worker {
    /// The worker's staging directory in `pair`, where it has one.
    pub(super) fn own_stage(&self, pair: &Dir) -> Option<Arc<Stage>> {
        if !pair.route.may_stage() || !pair.stages.are_needed() {
            return None;
        }
        pair.stages.of(self.id)
    }

    /// The worker's staging directory is not there any more; it has none now.
    pub(super) fn lost_stage(&self, pair: &Dir) {
        let gone = pair.stages.forget(self.id);
        self.shared.stages.fetch_sub(gone, Ordering::Relaxed);
    }

    /// Moves a temporary that was just made in `dir` into a staging directory of this worker, where
    /// workers are in each other's way there. That it can be moved shows that it can be moved back.
    pub(super) fn stage(&mut self, pair: &Dir, dir: BorrowedFd<'_>, temp: CString) -> Temp {
        let route = &pair.route;
        let wanted = pair.stages.are_needed() && !pair.rules.only_grows;
        if !wanted || !route.may_stage() {
            return Temp::beside(temp);
        }
        let (shared, sys) = (self.shared.clone(), self.shared.sys.clone());
        if shared.stages.fetch_add(1, Ordering::Relaxed) >= MOST {
            shared.stages.fetch_sub(1, Ordering::Relaxed);
            return Temp::beside(temp);
        }
        let name = self.temps.draw();
        let made = sys.make_dir(dir, &name).and_then(|()| {
            let opened = sys.open_dir(dir, &name);
            let moved = opened.and_then(|fd| {
                let to = fd.as_fd();
                sys.rename(dir, &temp, to, &temp).map(|()| fd)
            });
            moved.inspect_err(|_| {
                if let Err(errno) = sys.remove_dir(dir, &name) {
                    tracing::warn!("{} left behind: {errno}", name.to_string_lossy());
                }
            })
        });
        match made {
            Ok(fd) => {
                let stage = Arc::new(Stage { name, fd });
                pair.stages.give(self.id, &stage);
                Temp::staged(temp, stage)
            }
            Err(errno) => {
                // Copied as before; nothing is lost but time.
                tracing::info!("no staging directories on this route: {errno}");
                route.refuse_stages();
                shared.stages.fetch_sub(1, Ordering::Relaxed);
                Temp::beside(temp)
            }
        }
    }
}
