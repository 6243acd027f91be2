//! The end of a regular file: checks, metadata, flush, close, name; or its removal.

use super::attributes::Bearer;
use super::existing::{self, Way};
use super::file::{NAMES, OpenFile, Placing};
use super::publish::{self, Dress, Named};
use super::{Outcome, Worker};
use crate::engine::failure::{self, Trouble, dest};
use crate::engine::report::Status;
use crate::engine::route::Rung;
use crate::engine::tree::{DirFds, Slice};
use crate::proto::{Conflict, ErrorClass, FilePhase, Op, Side, Sparse, Strategy};
use crate::sys::{Errno, Stat, Sys};
use std::ffi::CStr;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;

impl Worker {
    /// Everything after the last byte.
    pub(super) fn finish(&mut self, file: OpenFile) -> Result<Outcome, Trouble> {
        let OpenFile {
            slice,
            index,
            stat,
            done,
            holes,
            way,
            fds,
            src,
            dst,
            temp,
            rung,
            ..
        } = file;
        let finishing = Finishing {
            slice: &slice,
            index,
            done,
            holes,
            way,
            fds: &fds,
            temp: &temp,
        };
        self.cell.phase(FilePhase::Finishing);
        let settled = self.settle(&finishing, &stat, src.as_fd(), dst.as_fd());
        if settled.is_ok() && self.waits_for_flush(&finishing, rung) {
            return self.await_flush(&finishing, rung, dst);
        }
        // Closed before it has its name: a network file system may report a full disk only here.
        let closed = self.shared.sys.close(dst).map_err(dest(Op::Close));
        self.conclude_file(&finishing, settled.and(closed), rung)
    }

    /// Checks, metadata and flush of a file whose bytes are all there.
    pub(super) fn settle(
        &mut self,
        file: &Finishing<'_>,
        stat: &Stat,
        src: BorrowedFd<'_>,
        dst: BorrowedFd<'_>,
    ) -> Result<(), Trouble> {
        let shared = self.shared.clone();
        let sys = &*shared.sys;
        let pseudo = file.slice.dir.route.src_kind.is_pseudo();
        if !pseudo {
            publish::check_unchanged(sys, src, stat)?;
        }
        if file.holes > 0 || shared.sparse == Sparse::Always {
            // A hole at the end is only a length.
            sys.set_len(dst, file.done).map_err(dest(Op::Truncate))?;
        }
        let now = sys.stat(dst).map_err(dest(Op::Stat))?;
        if now.size != file.done || (!pseudo && file.done != stat.size) {
            return Err(Trouble::own(
                Op::Compare,
                Side::Dest,
                ErrorClass::Device,
                format!("the copy has {} bytes, the source {}", now.size, stat.size),
            ));
        }
        let notables = &mut self.batch.notables;
        let slice = file.slice;
        let mut notable = |what| {
            let name = slice.entry(file.index).2;
            notables.add_at(what, || slice.dir.full_path(Side::Dest, Some(name)));
        };
        Dress {
            sys,
            keep: shared.preserve,
            umask: shared.umask,
            route: &slice.dir.route,
            inherits: slice.dir.inherits,
            notable: &mut notable,
        }
        .put_on(Bearer::Open(src), Bearer::Open(dst), stat, &now)?;
        if self.flushes_singly(file.way) {
            // A failed flush is believed: the bytes are written again from the source, if at all.
            sys.sync(dst).map_err(dest(Op::Flush))?;
        }
        Ok(())
    }

    /// Gives the file its name, or removes the temporary; counts.
    pub(super) fn conclude_file(
        &mut self,
        file: &Finishing<'_>,
        settled: Result<(), Trouble>,
        rung: Option<Rung>,
    ) -> Result<Outcome, Trouble> {
        let sys = self.shared.sys.clone();
        let dir = file.fds.dst();
        let named = settled.and_then(|()| self.name(&*sys, file));
        match named {
            Ok(Status::Copied) => self.shared.room.went_well(),
            Ok(other) => {
                self.remove(dir, file.temp)?;
                self.batch.wasted += file.done - file.holes;
                return Ok(Outcome::Ended(other));
            }
            Err(trouble) => {
                return Err(self.cleaned_up(dir, file.temp, trouble));
            }
        }
        let planned = file.slice.entries()[file.index].size;
        let single = self.flushes_singly(file.way);
        let batch = &mut self.batch;
        batch.resized += file.done as i64 - planned as i64;
        batch.left_out += file.holes;
        let moved = file.done - file.holes;
        if let Some(rung) = rung {
            batch.used(rung, moved);
            if rung.0 == Strategy::Reflink {
                batch.cloned += moved;
            }
        }
        if single {
            batch.flushed += moved;
        }
        Ok(Outcome::Ended(Status::Copied))
    }

    fn name(&mut self, sys: &dyn Sys, file: &Finishing<'_>) -> Result<Status, Trouble> {
        let (entry, _, name) = file.slice.entry(file.index);
        let dir = file.fds.dst();
        let mut way = file.way;
        let mut number = 0;
        let policy = self.policy(file.slice.id(file.index));
        loop {
            match way {
                Placing::Over => {
                    // What was older when the copy began may have been saved meanwhile.
                    if policy == Conflict::Newer {
                        let src_dev = file.slice.dir.route.src_dev;
                        match existing::look(sys, dir, name, &entry, src_dev, None, policy)? {
                            Way::Identical | Way::Leave => return Ok(Status::Skipped),
                            Way::Free | Way::Replace(_) | Way::Beside | Way::Ask(_) => {}
                        }
                    }
                    self.may_still_replace(file.slice, file.index, file.fds)?;
                    publish::name_over(sys, dir, file.temp, name)?;
                    self.remember(dir, name)?;
                    return Ok(Status::Copied);
                }
                Placing::New => {
                    if publish::name_new(sys, dir, file.temp, name)? == Named::Done {
                        self.remember(dir, name)?;
                        return Ok(Status::Copied);
                    }
                    self.may_be_taken(file.slice, file.index, file.fds)?;
                    // Somebody made it meanwhile: the policy decides, as if it had been there.
                    let src_dev = file.slice.dir.route.src_dev;
                    match existing::look(sys, dir, name, &entry, src_dev, None, policy)? {
                        Way::Free => {}
                        Way::Identical | Way::Leave => return Ok(Status::Skipped),
                        Way::Replace(_) => {
                            file.slice.dir.found_shared();
                            return Err(Trouble::own(
                                Op::Rename,
                                Side::Dest,
                                ErrorClass::Transient,
                                "appeared at the destination during the copy",
                            ));
                        }
                        Way::Beside => way = Placing::Beside,
                        Way::Ask(there) => return Ok(self.park(file.slice, file.index, &there)),
                    }
                }
                Placing::Beside => {
                    number += 1;
                    let free = existing::beside(name, number);
                    if publish::name_new(sys, dir, file.temp, &free)? == Named::Done {
                        return Ok(Status::Copied);
                    }
                }
            }
            if number > NAMES {
                return Err(Trouble::own(
                    Op::Rename,
                    Side::Dest,
                    ErrorClass::Other,
                    "no free name beside it",
                ));
            }
        }
    }

    /// Gives a file up: closes it and removes its temporary.
    pub(super) fn discard(&mut self, file: OpenFile) -> Result<(), Trouble> {
        self.cell.phase(FilePhase::Finishing);
        self.batch.wasted += file.done - file.holes;
        // What close says of bytes that are thrown away does not matter; that they are gone does.
        drop(file.dst);
        self.remove(file.fds.dst(), &file.temp)
    }

    /// The trouble after its temporary was removed; where that fails too, it says so as well.
    pub(super) fn cleaned_up(&self, dir: BorrowedFd<'_>, temp: &CStr, trouble: Trouble) -> Trouble {
        match self.remove(dir, temp) {
            Ok(()) => trouble,
            Err(left) => and_left_behind(trouble, &left),
        }
    }

    /// Removes a temporary.
    pub(super) fn remove(&self, dir: BorrowedFd<'_>, temp: &CStr) -> Result<(), Trouble> {
        match self.shared.sys.unlink(dir, temp) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(errno) => Err(
                Trouble::kernel(Op::Remove, Side::Dest, errno).words(format!(
                    "{} left behind: {}",
                    temp.to_string_lossy(),
                    failure::reason(errno)
                )),
            ),
        }
    }
}

/// What finishing a file needs to know of it, whoever copied it.
#[derive(Debug)]
pub(super) struct Finishing<'a> {
    pub slice: &'a Arc<Slice>,
    pub index: usize,
    pub done: u64,
    pub holes: u64,
    pub way: Placing,
    pub fds: &'a DirFds,
    pub temp: &'a CStr,
}

pub(super) fn and_left_behind(mut trouble: Trouble, left: &Trouble) -> Trouble {
    let first = match (&trouble.words, trouble.errno) {
        (Some(words), _) => words.clone(),
        (None, Some(errno)) => failure::reason(errno),
        (None, None) => String::new(),
    };
    trouble.words = Some(format!(
        "{first}; and its temporary {}",
        left.words.as_deref().unwrap_or("was left behind")
    ));
    trouble.left_behind = true;
    trouble
}
