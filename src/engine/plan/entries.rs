//! What is found in the source trees of a plan, compared with what is at the destination.
//!
//! By path, on the plan's thread; jwalk reads ahead of it. What the copy will refuse is a problem of
//! the plan, in the same words.

use super::{Count, SAMPLES, TELL};
use crate::engine::failure::{self, source};
use crate::engine::temp::is_temp;
use crate::engine::worker::is_same_time;
use crate::proto::{BytePath, ConflictSample, Mark, Op};
use crate::sys::walk::{self, Bounds, Met};
use crate::sys::{Errno, Kind, Stat};
use std::ffi::{CStr, CString, OsStr};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

impl Count {
    /// A directory: read ahead of this thread; what is left out is not entered.
    pub(super) fn tree(&mut self, root: &Path, dest: &Path, device: u64) {
        let fresh = matches!(walk::stat(dest), Err(Errno::NOENT));
        let filter = self.filter.clone();
        let keep = move |below: &Path, name: &OsStr, is_dir: bool| {
            !is_temp(name.as_bytes()) && !filter.leaves_out(name.as_bytes(), below, is_dir)
        };
        let bounds = Bounds {
            follow_links: self.spec.follow_links,
            device: self.spec.one_file_system.then_some(device),
        };
        // Directories that cannot be at the destination, and with them what is in them.
        let mut refused: Vec<PathBuf> = Vec::new();
        walk::walk(root, bounds, Arc::new(keep), |met| {
            let is_refused = |path: &Path| refused.iter().any(|refused| path.starts_with(refused));
            match met {
                Met::Dir(path) | Met::Entry(path, _) | Met::Unreadable(path, _)
                    if is_refused(&path) => {}
                Met::Dir(path) => {
                    let below = path.strip_prefix(root).unwrap_or(&path);
                    if fresh || self.may_be_dir(&dest.join(below), below) {
                        self.plan.found.dirs += 1;
                    } else {
                        refused.push(path);
                    }
                }
                Met::Entry(path, stat) => {
                    let below = path.strip_prefix(root).unwrap_or(&path);
                    self.shots.meet(&path, &stat, &mut self.plan.shots);
                    // A path that the kernel gave has no zero byte to refuse.
                    let name = CString::new(below.as_os_str().as_bytes()).unwrap_or_default();
                    self.entry(&stat, &path, &dest.join(below), &name, !fresh);
                }
                Met::Unreadable(path, errno) => {
                    self.problem(source(Op::List)(errno), BytePath::from(path));
                }
            }
            if self.told.elapsed() >= TELL {
                self.tell();
            }
            !self.stopped()
        });
    }

    /// True unless something that is no directory, links to one included, has the name of a
    /// directory below the root: then the plan has a problem, as the copy will.
    fn may_be_dir(&mut self, dest: &Path, below: &Path) -> bool {
        let in_the_way = !below.as_os_str().is_empty()
            && walk::stat(dest).is_ok_and(|there| there.kind != Kind::Dir);
        if in_the_way {
            let trouble = failure::no_directory_there();
            self.problem(trouble, BytePath::from(dest));
        }
        !in_the_way
    }

    /// Counts an entry and compares it with what is at the destination. Where that cannot be looked
    /// at the entry counts as new, and the plan has a problem.
    pub(super) fn entry(&mut self, stat: &Stat, path: &Path, dest: &Path, name: &CStr, look: bool) {
        let size = if stat.kind == Kind::File {
            stat.size
        } else {
            0
        };
        self.plan.found.files += 1;
        self.plan.found.bytes += size;
        let there = match look.then(|| walk::stat(dest)) {
            Some(Ok(there)) => there,
            told => {
                self.plan.new += 1;
                if let Some(Err(errno)) = told
                    && !matches!(errno, Errno::NOENT | Errno::NOTDIR)
                {
                    self.problem(failure::dest(Op::Stat)(errno), BytePath::from(dest));
                }
                return;
            }
        };
        if there.kind == Kind::Dir {
            let trouble = failure::directory_there(stat.kind);
            self.problem(trouble, BytePath::from(dest));
            return;
        }
        let same = there.kind == stat.kind
            && match stat.kind {
                Kind::File => there.size == size && is_same_time(stat.mtime, there.mtime),
                Kind::Link => walk::read_link(path)
                    .is_ok_and(|target| walk::read_link(dest).is_ok_and(|there| there == target)),
                _ => there.rdev == stat.rdev && is_same_time(stat.mtime, there.mtime),
            };
        if same {
            self.plan.identical += 1;
            self.plan.identical_bytes += size;
            return;
        }
        self.plan.conflicts += 1;
        if self.plan.samples.len() < SAMPLES {
            self.plan.samples.push(ConflictSample {
                path: BytePath::from_bytes(name.to_bytes()),
                source_size: size,
                dest_size: there.size,
                newer: match stat.mtime.cmp(&there.mtime) {
                    std::cmp::Ordering::Greater => Mark::Source,
                    std::cmp::Ordering::Less => Mark::Dest,
                    std::cmp::Ordering::Equal => Mark::Same,
                },
            });
        }
    }
}
