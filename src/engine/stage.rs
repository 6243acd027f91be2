//! Staging directories: where workers make their temporaries when they stand in each other's way.
//!
//! While a name is made in a directory, the kernel keeps that directory locked, and where a name is a
//! request to a server (NFS, SMB, FUSE) it is locked for as long as the request takes. Many files in
//! flight in one directory then wait for each other twice a file, for the temporary and for the name.
//! So each worker that meets another there gets a directory of its own in it, which has a
//! temporary's name, and makes its temporaries in that; what is left for the common lock is the
//! renaming. A program in C that makes the calls for 1,000 frames of 1 MB, half a millisecond a
//! request, 8 and 16 threads, seconds: all in one directory 3.3 and 3.3, with directories of their
//! own 1.8 and 1.7, without temporaries 1.6 and 1.6.
//!
//! In a staging directory are temporaries only, under a temporary's name each: no file has its real
//! name there at any time. It is removed when its directory is complete, and, after a kill, by the
//! next run (`scan/sweep`).

use crate::proto::WorkerId;
use crate::sys::{Errno, Sys};
use std::ffi::CString;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Staging directories of a job at a time: each is open.
pub const MOST: u32 = 64;

/// A worker's own directory in that of its files.
#[derive(Debug)]
pub struct Stage {
    /// Its name there, a temporary's.
    pub name: CString,
    /// Open.
    pub fd: OwnedFd,
}

/// One that could not be removed, and why.
#[derive(Debug)]
pub struct Left(pub CString, pub Errno);

/// The staging directories in one directory.
#[derive(Debug, Default)]
pub struct Stages {
    /// Workers that make a temporary in the directory itself now.
    inside: AtomicU16,
    /// Two did at the same time.
    crowded: AtomicBool,
    /// Held for a few instructions.
    there: Mutex<Vec<(WorkerId, Arc<Stage>)>>,
}

struct Inside<'a>(&'a AtomicU16);

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Stages {
    /// Makes something in the directory itself, and notices when another does so at the same time.
    pub fn beside_others<T>(&self, make: impl FnOnce() -> T) -> T {
        if self.inside.fetch_add(1, Ordering::Relaxed) > 0 {
            self.crowded.store(true, Ordering::Relaxed);
        }
        let _inside = Inside(&self.inside);
        make()
    }

    /// True once two workers were in each other's way.
    pub fn are_needed(&self) -> bool {
        self.crowded.load(Ordering::Relaxed)
    }

    /// A worker's.
    pub fn of(&self, worker: WorkerId) -> Option<Arc<Stage>> {
        let there = self.there();
        let own = there.iter().find(|(whose, _)| *whose == worker);
        own.map(|(_, stage)| stage.clone())
    }

    /// Gives a worker one, where it has none.
    pub fn give(&self, worker: WorkerId, stage: &Arc<Stage>) {
        self.there().push((worker, stage.clone()));
    }

    /// A worker's is gone: somebody removed it. How many that are: none where it was known already.
    pub fn forget(&self, worker: WorkerId) -> u32 {
        let mut there = self.there();
        let before = there.len();
        there.retain(|(whose, _)| *whose != worker);
        (before - there.len()) as u32
    }

    /// True when there are none.
    pub fn are_none(&self) -> bool {
        self.there().is_empty()
    }

    /// Removes them all from `dir`, in which nothing is waited for any more. Where that has changed
    /// since, as `awaited` tells, one that is in use stays, and goes the next time. Returns how many
    /// will not be tried again, and one of those that could not be removed.
    pub fn remove(
        &self,
        sys: &dyn Sys,
        dir: BorrowedFd<'_>,
        awaited: impl Fn() -> bool,
    ) -> (u32, Option<Left>) {
        let (mut gone, mut left) = (0, None);
        // Whoever used one may be through with it by the second time.
        for last in [false, true] {
            let all = std::mem::take(&mut *self.there());
            let mut used = Vec::new();
            for (worker, stage) in all {
                match sys.remove_dir(dir, &stage.name) {
                    Ok(()) | Err(Errno::NOENT) => gone += 1,
                    Err(Errno::NOTEMPTY | Errno::EXIST) if !last => used.push((worker, stage)),
                    Err(errno) => {
                        gone += 1;
                        left = Some(Left(stage.name.clone(), errno));
                    }
                }
            }
            if used.is_empty() {
                break;
            }
            // Given back before it is asked: who is through after that finds them.
            self.there().append(&mut used);
            if awaited() {
                break;
            }
        }
        (gone, left)
    }

    fn there(&self) -> MutexGuard<'_, Vec<(WorkerId, Arc<Stage>)>> {
        self.there.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::Real;
    use std::os::fd::AsFd;

    #[test]
    fn one_in_use_stays_while_something_is_awaited_and_is_told_else() {
        let scratch = tempfile::tempdir().expect("made");
        let (dir, stages) = (
            Real.open_root(scratch.path()).expect("open"),
            Stages::default(),
        );
        let add = |number: u16, name: &std::ffi::CStr| {
            Real.make_dir(dir.as_fd(), name).expect("made");
            let fd = Real.open_dir(dir.as_fd(), name).expect("open");
            let name = name.to_owned();
            stages.give(WorkerId(number), &Arc::new(Stage { name, fd }));
        };
        add(1, c"empty");
        add(2, c"used");
        std::fs::write(scratch.path().join("used/file"), "x").expect("written");

        let (gone, left) = stages.remove(&Real, dir.as_fd(), || true);
        assert!(gone == 1 && left.is_none(), "{left:?}");
        assert!(stages.of(WorkerId(1)).is_none() && stages.of(WorkerId(2)).is_some());

        let (gone, left) = stages.remove(&Real, dir.as_fd(), || false);
        let Left(name, errno) = left.expect("nobody waits, and it is there");
        assert!(gone == 1 && name.as_c_str() == c"used" && errno == Errno::NOTEMPTY);
        assert!(stages.are_none());

        add(3, c"gone");
        std::fs::remove_dir(scratch.path().join("gone")).expect("removed");
        let (gone, left) = stages.remove(&Real, dir.as_fd(), || false);
        assert!(gone == 1 && left.is_none(), "{left:?}");
        assert_eq!(stages.forget(WorkerId(3)), 0);
    }

    #[test]
    fn one_alone_needs_none_and_two_at_once_do() {
        let stages = Stages::default();
        stages.beside_others(|| ());
        stages.beside_others(|| ());
        assert!(!stages.are_needed(), "one after the other");
        stages.beside_others(|| stages.beside_others(|| ()));
        assert!(stages.are_needed());
    }
}
