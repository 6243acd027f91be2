//! The end of a regular file: checks, metadata, flush, close, name; or its removal.

use super::attributes::Bearer;
use super::existing::{self, Nature, Way};
use super::file::{OpenFile, Placing};
use super::length;
use super::publish::{self, Dress, Named, Nascent, Since};
use super::staged::Temp;
use super::temporary::NAMES;
use super::{Outcome, Worker};
use crate::engine::failure::{Trouble, dest};
use crate::engine::report::{Notable, Status};
use crate::engine::route::Rung;
use crate::engine::tree::{DirFds, Slice};
use crate::proto::{Conflict, ErrorClass, FilePhase, Op, Side, Sparse, Strategy};
use crate::sys::{Stat, Sys};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
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
            to_the_end,
            ..
        } = file;
        let end = if to_the_end { done } else { stat.size };
        let finishing = Finishing {
            slice: &slice,
            index,
            done,
            holes,
            way,
            fds: &fds,
            temp: temp.as_ref(),
        };
        self.cell.phase(FilePhase::Finishing);
        let settled = self.settle(&finishing, (&stat, end), src.as_fd(), dst.as_fd());
        if settled.is_ok() && end != stat.size && !slice.dir.route.src_kind.is_pseudo() {
            let (_, name, _) = slice.entry(index);
            let path = || slice.dir.full_path(Side::Source, Some(name));
            self.batch.notables.add_at(Notable::LengthNotBelieved, path);
        }
        if settled.is_ok() && self.waits_for_flush(&finishing, rung) {
            return self.await_flush(&finishing, rung, dst);
        }
        self.close_and_conclude(&finishing, settled, dst, rung)
    }

    /// Closes the file and gives it its name, or removes it.
    pub(super) fn close_and_conclude(
        &mut self,
        file: &Finishing<'_>,
        settled: Result<(), Trouble>,
        dst: OwnedFd,
        rung: Option<Rung>,
    ) -> Result<Outcome, Trouble> {
        let sys = self.shared.sys.clone();
        if file.temp.is_some() {
            // Closed before it has its name: a network file system may report a full disk only here.
            let closed = sys.close(dst).map_err(dest(Op::Close));
            return self.conclude_file(file, None, settled.and(closed), rung);
        }
        // Closed, it would be gone. Where a file may be without a name closing does not fail;
        // should it all the same, that is told.
        let concluded = self.conclude_file(file, Some(dst.as_fd()), settled, rung);
        let closed = sys.close(dst).map_err(dest(Op::Close));
        concluded.and_then(|outcome| closed.map(|()| outcome))
    }

    /// Checks, metadata and flush of a file whose bytes are all there: the source as it was when it
    /// was opened, and where it ends.
    pub(super) fn settle(
        &mut self,
        file: &Finishing<'_>,
        (stat, end): (&Stat, u64),
        src: BorrowedFd<'_>,
        dst: BorrowedFd<'_>,
    ) -> Result<(), Trouble> {
        let shared = self.shared.clone();
        let sys = &*shared.sys;
        let kind = file.slice.dir.route.src_kind;
        let since = if kind.is_pseudo() {
            Since::Unchanged
        } else if end != stat.size || end == 0 && kind.may_tell_any_length() {
            length::check_unchanged(sys, src, stat)?
        } else {
            publish::check_unchanged(sys, src, stat)?
        };
        if file.holes > 0 || shared.sparse == Sparse::Always {
            // A hole at the end is only a length.
            sys.set_len(dst, file.done).map_err(dest(Op::Truncate))?;
        }
        let now = sys.stat(dst).map_err(dest(Op::Stat))?;
        if now.size != file.done || file.done != end {
            return Err(Trouble::own(
                Op::Compare,
                Side::Dest,
                ErrorClass::Device,
                format!("the copy has {} bytes, the source {end}", now.size),
            ));
        }
        if let Since::Touched(touched) = since {
            let (route, id) = (&file.slice.dir.route, file.slice.id(file.index));
            self.check_touched(route, [src, dst], [&touched, &now], id)?;
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
            was_there: false,
            route: &slice.dir.route,
            inherits: slice.dir.rules.inherits,
            notable: &mut notable,
        }
        .put_on(Bearer::Open(src), Bearer::Open(dst), stat, &now)?;
        if self.flushes_singly(file) {
            // A failed flush is believed: the bytes are written again from the source, if at all.
            sys.sync(dst).map_err(dest(Op::Flush))?;
        }
        Ok(())
    }

    /// Gives the file its name, or removes the temporary; counts. `dst` is the file where it has no
    /// name at all.
    pub(super) fn conclude_file(
        &mut self,
        file: &Finishing<'_>,
        dst: Option<BorrowedFd<'_>>,
        settled: Result<(), Trouble>,
        rung: Option<Rung>,
    ) -> Result<Outcome, Trouble> {
        let sys = self.shared.sys.clone();
        let dir = file.fds.dst();
        let named = settled.and_then(|()| {
            let nascent = match (file.temp, dst) {
                (Some(temp), _) => Nascent::Temporary(temp),
                (None, Some(dst)) => Nascent::Nameless(dst),
                (None, None) => return Err(internal("closed without a name")),
            };
            self.name(&*sys, file, nascent)
        });
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
        let single = self.flushes_singly(file);
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

    fn name(
        &mut self,
        sys: &dyn Sys,
        file: &Finishing<'_>,
        nascent: Nascent<'_>,
    ) -> Result<Status, Trouble> {
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
                        match existing::look(
                            sys,
                            dir,
                            name,
                            &entry,
                            src_dev,
                            &Nature::Plain,
                            policy,
                        )? {
                            Way::Identical | Way::Leave => return Ok(Status::Skipped),
                            Way::Free | Way::Replace(_) | Way::Beside | Way::Ask(_) => {}
                        }
                    }
                    self.may_still_replace(file.slice, file.index, file.fds)?;
                    let Nascent::Temporary(temp) = nascent else {
                        return Err(internal("what replaces a file has a temporary's name"));
                    };
                    publish::name_over(sys, dir, temp, name)?;
                    self.remember(dir, name)?;
                    return Ok(Status::Copied);
                }
                Placing::New => {
                    let pair = &file.slice.dir;
                    if pair.make(|| publish::name_new(sys, dir, nascent, name))? == Named::Done {
                        self.remember(dir, name)?;
                        return Ok(Status::Copied);
                    }
                    self.may_be_taken(file.slice, file.index, file.fds)?;
                    // Somebody made it meanwhile: the policy decides, as if it had been there.
                    let src_dev = file.slice.dir.route.src_dev;
                    match existing::look(sys, dir, name, &entry, src_dev, &Nature::Plain, policy)? {
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
                    if publish::name_new(sys, dir, nascent, &free)? == Named::Done {
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
        self.remove(file.fds.dst(), file.temp.as_ref())
    }
}

fn internal(words: &str) -> Trouble {
    let words = format!("internal error: {words}");
    Trouble::own(Op::Rename, Side::Dest, ErrorClass::Other, words)
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
    /// The temporary's name; `None` where it has none at all.
    pub temp: Option<&'a Temp>,
}
