//! What is found in the source trees of a plan, compared with what is at the destination.
//!
//! By path, on the plan's thread; jwalk reads ahead of it. What the copy will refuse is a problem of
//! the plan, in the same words.

use super::{Count, SAMPLES, TELL};
use crate::engine::failure::{self, source};
use crate::engine::temp::is_temp;
use crate::engine::worker::is_same_time;
use crate::proto::{BytePath, Conflict, ConflictSample, Mark, Op, Sparse};
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
        let keep: Arc<walk::Keep> = Arc::new(move |below: &Path, name: &OsStr, is_dir: bool| {
            !is_temp(name.as_bytes()) && !filter.leaves_out(name.as_bytes(), below, is_dir)
        });
        let bounds = Bounds {
            follow_links: self.spec.follow_links,
            device: self.spec.one_file_system.then_some(device),
        };
        // Directories that cannot be at the destination, and with them what is in them.
        // Each with the place of its problem, where that is told.
        let mut refused: Vec<(PathBuf, Option<usize>)> = Vec::new();
        walk::walk(root, bounds, &keep, |met| {
            let refusal = |path: &Path| refused.iter().find(|(dir, _)| path.starts_with(dir));
            let is_refused = |path: &Path| refusal(path).is_some();
            match met {
                Met::Unreadable(path, _) if is_refused(&path) => {}
                Met::Dir(path) if is_refused(&path) => {
                    self.plan.found.dirs += 1;
                }
                Met::Entry(path, stat) if is_refused(&path) => {
                    self.found(&stat);
                    self.plan.unreachable += 1;
                    let told = refusal(&path).and_then(|(_, at)| *at);
                    if let Some(problem) = told.and_then(|at| self.plan.problems.get_mut(at)) {
                        problem.below += 1;
                    }
                }
                Met::Dir(path) => {
                    self.plan.found.dirs += 1;
                    let below = path.strip_prefix(root).unwrap_or(&path);
                    let may_be = if fresh && !below.as_os_str().is_empty() {
                        self.plan.new_dirs += 1;
                        true
                    } else {
                        self.may_be_dir(dest, below)
                    };
                    if !may_be {
                        let at = self.plan.problems.len().checked_sub(1);
                        refused.push((path, at.filter(|_| self.plan.more_problems == 0)));
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

    /// True unless a directory can neither be entered nor made at the destination: because something
    /// that is no directory, links to one included, has its name (that of the root was looked at
    /// before), or nothing can be made where it is to be. Then the plan has a problem, as the copy
    /// will.
    fn may_be_dir(&mut self, root: &Path, below: &Path) -> bool {
        let is_root = below.as_os_str().is_empty();
        let path;
        let dest = if is_root {
            root
        } else {
            path = root.join(below);
            &path
        };
        let trouble = match walk::stat(dest) {
            Ok(there) if there.kind == Kind::Dir || is_root => return true,
            Ok(_) => failure::no_directory_there(),
            Err(Errno::NOENT) => match self.may_make(dest) {
                Ok(()) => {
                    self.plan.new_dirs += 1;
                    return true;
                }
                Err(errno) => failure::dest(Op::MakeDir)(errno),
            },
            // What cannot be looked at is told of each entry in it.
            Err(_) => return true,
        };
        self.problem(trouble, BytePath::from(dest));
        false
    }

    /// Whether the directory that `dest` is to be in takes new names. What is not there yet is made
    /// by this user, and takes them.
    fn may_make(&mut self, dest: &Path) -> Result<(), Errno> {
        let Some(parent) = dest.parent() else {
            return Ok(());
        };
        if let Some((asked, answer)) = &self.writable
            && asked == parent
        {
            return *answer;
        }
        let answer = match walk::may_make_in(parent) {
            Err(Errno::NOENT) => Ok(()),
            answer => answer,
        };
        self.writable = Some((parent.to_path_buf(), answer));
        answer
    }

    fn will_move(&mut self, stat: &Stat) {
        if stat.kind == Kind::File
            && let Some(mix) = &mut self.mix
        {
            mix.add(stat.size);
        }
    }

    /// Counts an entry that was met; the bytes that its copy takes.
    fn found(&mut self, stat: &Stat) -> u64 {
        self.plan.found.files += 1;
        if stat.kind != Kind::File {
            return 0;
        }
        self.plan.found.bytes += stat.size;
        if self.spec.sparse != Sparse::Never && stat.looks_sparse() {
            stat.blocks.saturating_mul(512)
        } else {
            stat.size
        }
    }

    /// Counts an entry and compares it with what is at the destination. Where that cannot be looked
    /// at, or nothing can be made there, the plan has a problem.
    pub(super) fn entry(&mut self, stat: &Stat, path: &Path, dest: &Path, name: &CStr, look: bool) {
        let size = if stat.kind == Kind::File {
            stat.size
        } else {
            0
        };
        let takes = self.found(stat);
        let there = match look.then(|| walk::stat(dest)) {
            Some(Ok(there)) => there,
            told => {
                let trouble = match told {
                    // Below a directory that is made by this job.
                    None => None,
                    Some(Err(errno)) if !matches!(errno, Errno::NOENT | Errno::NOTDIR) => {
                        Some(failure::dest(Op::Stat)(errno))
                    }
                    Some(_) => self.may_make(dest).err().map(failure::dest(Op::Create)),
                };
                if let Some(trouble) = trouble {
                    self.problem(trouble, BytePath::from(dest));
                    return;
                }
                self.plan.new += 1;
                self.plan.new_bytes += takes;
                self.will_move(stat);
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
        let newer = stat.mtime > there.mtime;
        let is_copied = match self.spec.conflict {
            Conflict::Refuse | Conflict::Skip | Conflict::Ask => false,
            Conflict::Newer => newer,
            Conflict::Overwrite | Conflict::Rename => true,
        };
        if is_copied {
            if let Err(errno) = self.may_make(dest) {
                self.problem(failure::dest(Op::Create)(errno), BytePath::from(dest));
                return;
            }
            self.will_move(stat);
        }
        self.plan.conflicts += 1;
        self.plan.conflict_bytes += takes;
        self.plan.newer_bytes += [0, takes][usize::from(newer)];
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
