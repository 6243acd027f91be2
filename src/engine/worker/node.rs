//! What is not a regular file: symbolic links byte for byte, pipes, sockets and devices recreated.
//! None of them is ever opened but as a place (`O_PATH`), by which its metadata is read and set.

use super::super::failure::{Trouble, dest, refused_new, source};
use super::super::report::Status;
use super::super::tree::Slice;
use super::attributes::Bearer;
use super::existing::{self, Nature, Way};
use super::publish::{self, Dress, Named, Nascent};
use super::staged::Temp;
use super::temporary::NAMES;
use super::{Outcome, Worker};
use crate::proto::{ErrorClass, FilePhase, Op, Side};
use crate::sys::{Errno, Kind, Stat};
use std::ffi::CStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

impl Worker {
    /// Copies a link, pipe, socket or device.
    pub(super) fn node(&mut self, slice: &Arc<Slice>, index: usize) -> Outcome {
        match self.try_node(slice, index) {
            Ok(status) => Outcome::Ended(status),
            Err(trouble) => Outcome::Trouble(trouble),
        }
    }

    fn try_node(&mut self, slice: &Arc<Slice>, index: usize) -> Result<Status, Trouble> {
        let shared = self.shared.clone();
        let sys = &*shared.sys;
        let (entry, name, dest_name) = slice.entry(index);
        let dir = &slice.dir;
        let fds = dir.acquire(sys)?;
        // Held from here on: what is read of it is of one inode, whatever becomes of its name.
        let place = if shared.follow_links {
            sys.open_place_followed(fds.src(), name)
        } else {
            sys.open_place(fds.src(), name)
        }
        .map_err(source(Op::Open))?;
        let stat = sys.stat(place.as_fd()).map_err(source(Op::Stat))?;
        if stat.kind != entry.kind {
            return Err(Trouble::own(
                Op::Stat,
                Side::Source,
                ErrorClass::Changed,
                format!(
                    "was replaced by another {} since it was listed",
                    stat.kind.word()
                ),
            ));
        }
        let target = match entry.kind {
            Kind::Link => {
                let target = sys.read_link(place.as_fd(), c"");
                Some(target.map_err(source(Op::Read))?)
            }
            _ => None,
        };
        let mut over = false;
        let mut beside = None;
        if !dir.is_fresh() {
            let src_dev = dir.route.src_dev;
            let policy = self.policy(slice.id(index));
            let nature = match entry.kind {
                Kind::Link => Nature::Link(target.clone()),
                Kind::Char | Kind::Block => Nature::Device(stat.rdev),
                _ => Nature::Plain,
            };
            match existing::look(sys, fds.dst(), dest_name, &entry, src_dev, &nature, policy)? {
                Way::Free => {}
                Way::Identical | Way::Leave => return Ok(Status::Skipped),
                Way::Replace(there) => {
                    self.may_replace(slice, index, &fds, &there)?;
                    over = true;
                }
                Way::Beside => beside = Some(1),
                Way::Ask(there) => return Ok(self.park(slice, index, &there)),
            }
        }
        dir.may_rename()?;
        self.await_room(slice.id(index), fds.dst(), 0)?;
        self.cell.phase(FilePhase::Finishing);
        let temp = self.create_node(fds.dst(), &stat, target.as_deref())?;
        let dressed = self
            .made(fds.dst(), temp.name(), &stat, target.as_deref())
            .and_then(|made| self.dress_node(slice, index, &place, &made, &stat))
            .map_err(|mut trouble| {
                // Links carry no lock: another run may have taken it for an orphan.
                if trouble.errno == Some(Errno::NOENT) {
                    trouble.class = ErrorClass::Transient;
                }
                trouble
            });
        let placed = dressed.and_then(|()| {
            if over {
                self.may_still_replace(slice, index, &fds)?;
                publish::name_over(sys, fds.dst(), &temp, dest_name)?;
                return Ok(());
            }
            loop {
                let free = beside.map(|number| existing::beside(dest_name, number));
                let name = free.as_deref().unwrap_or(dest_name);
                match publish::name_new(sys, fds.dst(), Nascent::Temporary(&temp), name)? {
                    Named::Done => return Ok(()),
                    Named::Taken => match &mut beside {
                        Some(number) if *number < NAMES => *number += 1,
                        _ => {
                            self.may_be_taken(slice, index, &fds)?;
                            dir.found_shared();
                            return Err(Trouble::own(
                                Op::Rename,
                                Side::Dest,
                                ErrorClass::Transient,
                                "appeared at the destination during the copy",
                            ));
                        }
                    },
                }
            }
        });
        if let Err(trouble) = placed {
            return Err(self.cleaned_up(fds.dst(), Some(&temp), trouble));
        }
        if beside.is_none() {
            self.remember(fds.dst(), dest_name)?;
        }
        Ok(Status::Copied)
    }

    fn create_node(
        &mut self,
        dir: BorrowedFd<'_>,
        stat: &Stat,
        target: Option<&CStr>,
    ) -> Result<Temp, Trouble> {
        loop {
            let temp = Temp::beside(self.temps.draw());
            let made = match target {
                Some(target) => self.shared.sys.make_link(target, dir, temp.name()),
                None => self
                    .shared
                    .sys
                    .make_node(dir, temp.name(), stat.kind, stat.rdev),
            };
            match made {
                Ok(()) => return Ok(temp),
                Err(Errno::EXIST) => {}
                Err(Errno::PERM) if target.is_none() => {
                    return Err(Trouble::kernel(Op::Create, Side::Dest, Errno::PERM)
                        .words(format!("only root may create a {}", stat.kind.word())));
                }
                Err(errno) => return Err(refused_new(&*self.shared.sys, dir, Op::Create, errno)),
            }
        }
    }

    /// The node that was just made, held. Somebody who may write in the directory could have put
    /// another under its name by now, and is to gain nothing by that: what is held is of the same
    /// kind, leads to the same, and has no other name.
    fn made(
        &self,
        dir: BorrowedFd<'_>,
        temp: &CStr,
        stat: &Stat,
        target: Option<&CStr>,
    ) -> Result<Made, Trouble> {
        let sys = &*self.shared.sys;
        let place = sys.open_place(dir, temp).map_err(dest(Op::Create))?;
        let now = sys.stat(place.as_fd()).map_err(dest(Op::Stat))?;
        let is_device = matches!(stat.kind, Kind::Char | Kind::Block);
        let same = now.kind == stat.kind
            && now.nlink <= 1
            && (!is_device || now.rdev == stat.rdev)
            && match target {
                None => true,
                Some(target) => {
                    let there = sys.read_link(place.as_fd(), c"");
                    there.map_err(dest(Op::Read))?.as_c_str() == target
                }
            };
        if !same {
            return Err(Trouble::own(
                Op::Create,
                Side::Dest,
                ErrorClass::Changed,
                "somebody put something else in the place of its temporary",
            ));
        }
        Ok(Made { place, now })
    }

    /// Owner, attributes, mode and times, by descriptors that are held.
    fn dress_node(
        &mut self,
        slice: &Arc<Slice>,
        index: usize,
        from: &OwnedFd,
        made: &Made,
        stat: &Stat,
    ) -> Result<(), Trouble> {
        let shared = self.shared.clone();
        let (_, _, dest_name) = slice.entry(index);
        let notables = &mut self.batch.notables;
        Dress {
            sys: &*shared.sys,
            keep: shared.preserve,
            umask: shared.umask,
            was_there: false,
            route: &slice.dir.route,
            inherits: slice.dir.rules.inherits.filter(|_| stat.kind != Kind::Link),
            notable: &mut |what| {
                notables.add_at(what, || slice.dir.full_path(Side::Dest, Some(dest_name)));
            },
        }
        .put_on(
            Bearer::Place(from.as_fd()),
            Bearer::Place(made.place.as_fd()),
            stat,
            &made.now,
        )
    }
}

/// A node that was made, by a descriptor that is only its place.
struct Made {
    place: OwnedFd,
    now: Stat,
}
