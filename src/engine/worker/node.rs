//! What is not a regular file: symbolic links byte for byte, pipes, sockets and devices recreated.
//! None of them is ever opened.

use super::super::failure::{Trouble, dest, refused_new, source};
use super::super::report::Status;
use super::super::tree::{DirFds, Slice};
use super::attributes::Bearer;
use super::existing::{self, Way};
use super::publish::{self, Dress, Named, Nascent};
use super::{Outcome, Worker};
use crate::proto::{ErrorClass, FilePhase, Op, Side};
use crate::sys::{Errno, Kind, Stat};
use std::ffi::{CStr, CString};
use std::os::fd::BorrowedFd;
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
        let stat = sys.stat_at(fds.src(), name).map_err(source(Op::Stat))?;
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
            Kind::Link => Some(sys.read_link(fds.src(), name).map_err(source(Op::Read))?),
            _ => None,
        };
        let mut over = false;
        let mut beside = None;
        if !dir.is_fresh() {
            let src_dev = dir.route.src_dev;
            let policy = self.policy(slice.id(index));
            match existing::look(
                sys,
                fds.dst(),
                dest_name,
                &entry,
                src_dev,
                target.as_deref(),
                policy,
            )? {
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
        self.await_room(slice.id(index), fds.dst(), 0)?;
        self.cell.phase(FilePhase::Finishing);
        let temp = self.create_node(fds.dst(), &stat, target.as_deref())?;
        let dressed = self
            .dress_node(slice, index, &fds, &temp, &stat)
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
                        Some(number) if *number < 10_000 => *number += 1,
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
    ) -> Result<CString, Trouble> {
        loop {
            let temp = self.temps.draw();
            let made = match target {
                Some(target) => self.shared.sys.make_link(target, dir, &temp),
                None => self.shared.sys.make_node(dir, &temp, stat.kind, stat.rdev),
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

    /// Owner, attributes, mode and times, by name: the name is random and new, and no call
    /// follows a link.
    fn dress_node(
        &mut self,
        slice: &Arc<Slice>,
        index: usize,
        fds: &DirFds,
        temp: &CStr,
        stat: &Stat,
    ) -> Result<(), Trouble> {
        let shared = self.shared.clone();
        let (_, name, dest_name) = slice.entry(index);
        let to = Bearer::Named(fds.dst(), temp);
        let now = to.stat(&*shared.sys).map_err(dest(Op::Stat))?;
        let notables = &mut self.batch.notables;
        Dress {
            sys: &*shared.sys,
            keep: shared.preserve,
            umask: shared.umask,
            route: &slice.dir.route,
            inherits: slice.dir.inherits && stat.kind != Kind::Link,
            notable: &mut |what| {
                notables.add_at(what, || slice.dir.full_path(Side::Dest, Some(dest_name)));
            },
        }
        .put_on(Bearer::Named(fds.src(), name), to, stat, &now)
    }
}
