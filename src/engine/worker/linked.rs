//! Names of an inode that has several: linked at the destination instead of copied again.

use super::existing::{self, Nature, Way};
use super::publish;
use super::staged::Temp;
use super::temporary::NAMES;
use super::{Outcome, Worker};
use crate::engine::failure::{Trouble, dest};
use crate::engine::links::{Inode, Part};
use crate::engine::report::{Notable, Status};
use crate::engine::tree::{Dir, DirFds, Entry, Slice};
use crate::proto::{Conflict, ErrorClass, Op, Side};
use crate::sys::{Errno, Kind, Sys};
use std::ffi::CStr;
use std::sync::Arc;

impl Worker {
    /// The inode of an entry that shares it with other names and is to be kept so.
    pub(super) fn shared_inode(&self, slice: &Slice, index: usize) -> Option<Inode> {
        let entry = slice.entries()[index];
        let keeps = self.shared.preserve.links && entry.links > 1 && entry.kind != Kind::Dir;
        keeps.then_some((slice.dir.route.src_dev, entry.ino))
    }

    /// Begins an entry that shares its inode. `None`: it is to be copied like any other.
    pub(super) fn linked(
        &mut self,
        inode: Inode,
        slice: &Arc<Slice>,
        index: usize,
    ) -> Option<Outcome> {
        let names = u64::from(slice.entries()[index].links);
        match self.shared.clone().links.meet(inode, names, slice, index) {
            Part::Lead => None,
            Part::Wait => {
                // The directory and the job wait for it as well.
                slice.dir.expect();
                self.batch.waiting += 1;
                Some(Outcome::Later)
            }
            Part::Link(dir, name) => match self.link_to(&dir, &name, slice, index) {
                Ok(Some(status)) => {
                    if matches!(status, Status::Copied | Status::Skipped) {
                        self.shared.links.linked(inode);
                    }
                    Some(Outcome::Ended(status))
                }
                Ok(None) => {
                    self.shared.links.lead_anew(inode, slice.id(index));
                    let (_, _, to) = slice.entry(index);
                    let path = || slice.dir.full_path(Side::Dest, Some(to));
                    self.batch.notables.add_at(Notable::HardLinksSplit, path);
                    None
                }
                Err(trouble) => Some(Outcome::Trouble(trouble)),
            },
        }
    }

    /// After an entry has ended: the names that waited for it come next on this worker.
    pub(super) fn wake_linked(&mut self, slice: &Arc<Slice>, index: usize, status: Status) {
        let Some(inode) = self.shared_inode(slice, index) else {
            return;
        };
        let (_, _, name) = slice.entry(index);
        // A file that had to take another name, and one that was left because of a policy, are
        // nothing to link to.
        let policy = self.policy(slice.id(index));
        let there = match status {
            Status::Copied => policy != Conflict::Rename || slice.dir.is_fresh(),
            Status::Skipped => self.is_there(slice, index),
            _ => false,
        };
        let copied = there.then(|| (&slice.dir, name.to_owned()));
        let waiting = self.shared.links.ended(inode, slice.id(index), copied);
        self.woken.extend(waiting);
    }

    /// True when an entry that was skipped was so because it is at the destination already.
    fn is_there(&self, slice: &Slice, index: usize) -> bool {
        let sys = &*self.shared.sys;
        let (entry, name, dest_name) = slice.entry(index);
        // What cannot be looked at is not linked to: the next name is copied.
        let Ok(fds) = slice.dir.acquire(sys) else {
            return false;
        };
        let nature = nature(sys, &fds, &entry, name);
        let way = existing::look(
            sys,
            fds.dst(),
            dest_name,
            &entry,
            slice.dir.route.src_dev,
            &nature,
            Conflict::Skip,
        );
        matches!(way, Ok(Way::Identical))
    }

    /// Works through the names that were woken.
    pub(super) fn take_woken(&mut self) {
        while let Some((slice, index)) = self.woken.pop_front() {
            self.batch.waiting -= 1;
            self.entry(&slice, index, 0);
            self.complete(&slice.dir);
        }
    }

    /// Links an entry to a name at the destination. `None` where that cannot be (too many links,
    /// no links here, the other is gone): it is to be copied.
    fn link_to(
        &mut self,
        dir: &Arc<Dir>,
        name: &CStr,
        slice: &Arc<Slice>,
        index: usize,
    ) -> Result<Option<Status>, Trouble> {
        let shared = self.shared.clone();
        let sys = &*shared.sys;
        let (entry, own_name, to) = slice.entry(index);
        let from = dir.acquire(sys)?;
        let fds = slice.dir.acquire(sys)?;
        let mut over = false;
        let mut beside = None;
        if !slice.dir.is_fresh() {
            let (src_dev, policy) = (slice.dir.route.src_dev, self.policy(slice.id(index)));
            // The same inode as the first name's copy: nothing is left to do. What cannot be looked at
            // here is met, and told, by the calls below.
            let there = sys.stat_at(fds.dst(), to).ok();
            let first = sys.stat_at(from.dst(), name).ok();
            if there
                .zip(first)
                .is_some_and(|(there, first)| there.same_inode(&first))
            {
                return Ok(Some(Status::Skipped));
            }
            let nature = nature(sys, &fds, &entry, own_name);
            match existing::look(sys, fds.dst(), to, &entry, src_dev, &nature, policy)? {
                Way::Free => {}
                Way::Identical => {
                    // Both were there before, as files of their own.
                    let path = || slice.dir.full_path(Side::Dest, Some(to));
                    self.batch.notables.add_at(Notable::HardLinksApart, path);
                    return Ok(Some(Status::Skipped));
                }
                Way::Leave => return Ok(Some(Status::Skipped)),
                Way::Replace(there) => {
                    self.may_replace(slice, index, &fds, &there)?;
                    over = true;
                }
                Way::Beside => beside = Some(1),
                Way::Ask(there) => return Ok(Some(self.park(slice, index, &there))),
            }
        }
        let linked = if over {
            slice.dir.may_rename()?;
            self.may_still_replace(slice, index, &fds)?;
            self.link_over(&from, name, &fds, to)
        } else {
            loop {
                let free = beside.map(|number| existing::beside(to, number));
                match sys.link(from.dst(), name, fds.dst(), free.as_deref().unwrap_or(to)) {
                    Err(Errno::EXIST) => match &mut beside {
                        Some(number) if *number < NAMES => *number += 1,
                        _ => {
                            self.may_be_taken(slice, index, &fds)?;
                            slice.dir.found_shared();
                            return Err(Trouble::own(
                                Op::Rename,
                                Side::Dest,
                                ErrorClass::Transient,
                                "appeared at the destination during the copy",
                            ));
                        }
                    },
                    result => break result.map_err(dest(Op::Create)),
                }
            }
        };
        match linked {
            Ok(()) => {
                // Its bytes were found, and need not be moved.
                self.batch.left_out += entry.size;
                Ok(Some(Status::Copied))
            }
            Err(trouble) => match trouble.errno {
                Some(
                    Errno::MLINK
                    | Errno::XDEV
                    | Errno::PERM
                    | Errno::OPNOTSUPP
                    | Errno::NOSYS
                    | Errno::NOENT,
                ) => Ok(None),
                _ => Err(trouble),
            },
        }
    }

    fn link_over(
        &mut self,
        from: &DirFds,
        name: &CStr,
        fds: &DirFds,
        to: &CStr,
    ) -> Result<(), Trouble> {
        let sys = self.shared.sys.clone();
        let temp = Temp::beside(self.temps.draw());
        sys.link(from.dst(), name, fds.dst(), temp.name())
            .map_err(dest(Op::Create))?;
        publish::name_over(&*sys, fds.dst(), &temp, to)
            .map_err(|trouble| self.cleaned_up(fds.dst(), Some(&temp), trouble))
    }
}

/// What is not in an entry's listing. What cannot be looked at is no copy of anything.
fn nature(sys: &dyn Sys, fds: &DirFds, entry: &Entry, name: &CStr) -> Nature {
    match entry.kind {
        Kind::Link => Nature::Link(sys.read_link(fds.src(), name).ok()),
        Kind::Char | Kind::Block => match sys.stat_at(fds.src(), name) {
            Ok(stat) => Nature::Device(stat.rdev),
            Err(_) => Nature::Link(None),
        },
        _ => Nature::Plain,
    }
}
