//! What lies below a directory that cannot be at the destination: counted, so that the figures of
//! a job account for every file of its source, with one failure for all of them.
//!
//! Walks with one descriptor, back by `..`, which must lead to the directory it came from: nothing
//! is at the destination by which a [`Dir`](crate::engine::tree::Dir) could be held. What cannot be
//! looked at is not counted: the directory's own failure is told in any case.

use super::{Scan, Subtree};
use crate::engine::temp::is_temp;
use crate::proto::Totals;
use crate::sys::{Errno, Kind, Stat, Sys};
use std::ffi::{CStr, CString, OsStr};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// A directory on the way down.
struct Level {
    stat: Stat,
    /// Where it was entered from, where that is not sure to be its `..`: it may be behind a link.
    up: Option<OwnedFd>,
    /// Directories in it that are still to be counted.
    below: Vec<CString>,
}

impl Scan {
    /// Counts what the job would have found in the directory and below it.
    pub(super) fn lost(&mut self, subtree: &Subtree) -> Totals {
        let Subtree {
            parent,
            src_name,
            home,
            ..
        } = subtree;
        let Ok(up) = parent.acquire(&*self.shared.sys) else {
            return Totals::default();
        };
        let path = if parent.is_place() {
            PathBuf::new()
        } else {
            parent.inner_path(src_name)
        };
        let above = |stat: &Stat| parent.is_source_at_or_above(stat);
        self.lost_at((up.src(), src_name), *home, path, &above)
    }

    /// The same for a directory by its name in another, with its path below the source argument;
    /// `above` tells what is above it in the source.
    pub(super) fn lost_at(
        &mut self,
        (up, name): (BorrowedFd<'_>, &CStr),
        home: u64,
        mut path: PathBuf,
        above: &dyn Fn(&Stat) -> bool,
    ) -> Totals {
        let mut totals = Totals::default();
        let shared = self.shared.clone();
        let sys = &*shared.sys;
        let Ok((mut here, stat)) = self.enter(sys, up, name) else {
            return totals;
        };
        let below = self.count_in(sys, (here.as_fd(), &stat), home, &path, &mut totals);
        let up = None;
        let mut levels = vec![Level { stat, up, below }];
        while self.may_go_on() {
            let Some(level) = levels.last_mut() else {
                break;
            };
            if let Some(name) = level.below.pop() {
                let Ok((fd, stat)) = self.enter(sys, here.as_fd(), &name) else {
                    continue;
                };
                if self.tops.contains(&(stat.dev, stat.ino))
                    || levels.iter().any(|level| level.stat.same_inode(&stat))
                    || above(&stat)
                {
                    continue;
                }
                path.push(OsStr::from_bytes(name.to_bytes()));
                let below = self.count_in(sys, (fd.as_fd(), &stat), home, &path, &mut totals);
                let up = std::mem::replace(&mut here, fd);
                let up = self.spec.follow_links.then_some(up);
                levels.push(Level { stat, up, below });
                continue;
            }
            let up = levels.pop().and_then(|level| level.up);
            let Some(level) = levels.last() else {
                break;
            };
            path.pop();
            match up.map_or_else(|| back(sys, here.as_fd(), &level.stat), Ok) {
                Ok(fd) => here = fd,
                Err(_) => break,
            }
        }
        totals
    }

    fn enter(
        &self,
        sys: &dyn Sys,
        at: BorrowedFd<'_>,
        name: &CStr,
    ) -> Result<(OwnedFd, Stat), Errno> {
        let fd = if self.spec.follow_links {
            sys.open_dir_followed(at, name)?
        } else {
            sys.open_dir(at, name)?
        };
        let stat = sys.stat(fd.as_fd())?;
        Ok((fd, stat))
    }

    /// Counts the directory and its files; the directories in it, which are to be entered. None in
    /// a mount point that is to be left alone.
    fn count_in(
        &mut self,
        sys: &dyn Sys,
        (dir, stat): (BorrowedFd<'_>, &Stat),
        home: u64,
        path: &Path,
        totals: &mut Totals,
    ) -> Vec<CString> {
        totals.dirs += 1;
        let mut below = Vec::new();
        if self.spec.one_file_system && stat.dev != home {
            return below;
        }
        let follow = self.spec.follow_links;
        let mut buffer = std::mem::take(&mut self.buffer);
        let mut more = Ok(true);
        while matches!(more, Ok(true)) && self.may_go_on() {
            more = sys.list(dir, &mut buffer, &mut |child| {
                let name = child.name;
                if is_temp(name.to_bytes()) {
                    return;
                }
                let looked = match child.kind {
                    Some(Kind::Dir) => Ok(None),
                    _ => match sys.stat_at(dir, name) {
                        Ok(stat) if stat.kind == Kind::Link && follow => {
                            sys.stat_followed(dir, name).map(Some)
                        }
                        looked => looked.map(Some),
                    },
                };
                let Ok(looked) = looked else { return };
                let file = looked.filter(|stat| stat.kind != Kind::Dir);
                if !self.filter.is_empty() {
                    let inner = path.join(OsStr::from_bytes(name.to_bytes()));
                    let is_dir = file.is_none();
                    if self.filter.leaves_out(name.to_bytes(), &inner, is_dir) {
                        return;
                    }
                }
                match file {
                    None => below.push(name.to_owned()),
                    Some(stat) => {
                        totals.files += 1;
                        totals.bytes += if stat.kind == Kind::File {
                            stat.size
                        } else {
                            0
                        };
                    }
                }
            });
        }
        self.buffer = buffer;
        below
    }
}

/// The directory above, which must be the one that was left.
fn back(sys: &dyn Sys, from: BorrowedFd<'_>, above: &Stat) -> Result<OwnedFd, Errno> {
    let fd = sys.open_dir(from, c"..")?;
    if sys.stat(fd.as_fd())?.same_inode(above) {
        Ok(fd)
    } else {
        Err(Errno::STALE)
    }
}
