//! One regular file: open, temporary, bytes, checks, metadata, flush, close, name.

use super::super::failure::{Trouble, dest, source};
use super::super::report::{Notable, Status};
use super::super::route::{Ladder, Reason, Rung};
use super::super::strategy::{Control, Moved, Pair, Stop};
use super::super::tree::{DirFds, Slice};
use super::existing::{self, Way};
use super::publish::{self, Named};
use super::{Big, Held, Outcome, Worker};
use crate::proto::{Durability, ErrorClass, FileId, FilePhase, Op, Side, Strategy};
use crate::sys::{Errno, Kind, Stat, Sys};
use std::ffi::{CStr, CString};
use std::ops::Range;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

/// Names tried before giving up on a free one.
const NAMES: u32 = 10_000;

/// How far a file is read whose length cannot be trusted: to its end.
const TO_THE_END: u64 = i64::MAX as u64;

/// A regular file in the middle of its copy. Whoever drops it without
/// [`Worker::finish`]ing or [`Worker::discard`]ing it leaves a temporary behind.
#[derive(Debug)]
pub struct OpenFile {
    /// Its slice.
    pub slice: Arc<Slice>,
    /// Its place in the slice.
    pub index: usize,
    /// Its number.
    pub id: FileId,
    /// The source as it was when it was opened.
    pub stat: Stat,
    /// Bytes done from the start, without a gap, holes included.
    pub done: u64,
    /// Of those, holes that were skipped.
    pub holes: u64,
    /// What is at the destination name, and so how it gets its name.
    pub(super) way: Placing,
    pub(super) fds: Arc<DirFds>,
    pub(super) src: OwnedFd,
    pub(super) dst: OwnedFd,
    pub(super) temp: CString,
    ladder: Ladder,
    /// What moves it now.
    pub(super) rung: Option<Rung>,
}

impl OpenFile {
    /// What moves it.
    pub fn strategy(&self) -> Option<Strategy> {
        self.rung.map(|(strategy, _)| strategy)
    }
}

/// How a finished file gets its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Placing {
    /// Nothing may have the name.
    New,
    /// What has the name is replaced.
    Over,
    /// The first free name beside it.
    Beside,
}

impl Worker {
    /// Begins a regular file and goes as far as it can.
    pub(super) fn file(&mut self, slice: &Arc<Slice>, index: usize) -> Outcome {
        match self.open(slice, index) {
            Ok(Opened::File(file)) => self.go_on_with(*file),
            Ok(Opened::Settled(status)) => Outcome::Ended(status),
            Err(trouble) => Outcome::Trouble(trouble),
        }
    }

    fn open(&mut self, slice: &Arc<Slice>, index: usize) -> Result<Opened, Trouble> {
        let shared = self.shared.clone();
        let sys = &*shared.sys;
        let (entry, name, dest_name) = slice.entry(index);
        let dir = &slice.dir;
        let fds = dir.acquire(sys)?;
        let way = if dir.fresh {
            Placing::New
        } else {
            let way = existing::look(
                sys,
                fds.dst(),
                dest_name,
                &entry,
                dir.route.src_dev,
                None,
                shared.conflict,
            )?;
            match way {
                Way::Free => Placing::New,
                Way::Identical | Way::Leave => return Ok(Opened::Settled(Status::Skipped)),
                Way::Replace => Placing::Over,
                Way::Beside => Placing::Beside,
            }
        };
        let src = sys.open_source(fds.src(), name).map_err(source(Op::Open))?;
        let stat = sys.stat(src.as_fd()).map_err(source(Op::Stat))?;
        if stat.kind != Kind::File || stat.ino != entry.ino {
            return Err(Trouble::own(
                Op::Open,
                Side::Source,
                ErrorClass::Changed,
                format!(
                    "was replaced by another {} since it was listed",
                    stat.kind.word()
                ),
            ));
        }
        let (temp, dst) = self.create_temp(fds.dst())?;
        Ok(Opened::File(Box::new(OpenFile {
            slice: slice.clone(),
            index,
            id: slice.id(index),
            done: 0,
            holes: 0,
            way,
            ladder: dir.route.ladder(shared.wanted, stat.size),
            rung: None,
            stat,
            fds,
            src,
            dst,
            temp,
        })))
    }

    /// A new temporary, marked as in use.
    fn create_temp(&mut self, dir: BorrowedFd<'_>) -> Result<(CString, OwnedFd), Trouble> {
        let sys = &*self.shared.sys;
        for _ in 0..NAMES {
            let temp = self.temps.next();
            let fd = match sys.create_new(dir, &temp) {
                Ok(fd) => fd,
                // Planted, or 2^64 was not enough: take another.
                Err(Errno::EXIST) => continue,
                Err(errno) => return Err(Trouble::kernel(Op::Create, Side::Dest, errno)),
            };
            // The lock only tells other runs that the file is in use; a file system without
            // locks gives the same answer to them.
            match sys.try_lock(fd.as_fd()) {
                Ok(true) | Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL | Errno::NOLCK) => {
                    return Ok((temp, fd));
                }
                // Another run got hold of it first and will remove it.
                Ok(false) => {}
                Err(errno) => {
                    drop(fd);
                    let trouble = Trouble::kernel(Op::Create, Side::Dest, errno);
                    return Err(self.cleaned_up(dir, &temp, trouble));
                }
            }
        }
        Err(Trouble::own(
            Op::Create,
            Side::Dest,
            ErrorClass::Other,
            "no free name for a temporary",
        ))
    }

    /// Moves what is left, then finishes; or sets it aside; or cleans up.
    pub(super) fn go_on_with(&mut self, mut file: OpenFile) -> Outcome {
        let result = self.climb(&mut file);
        match result {
            Ok(Climbed::Top) => {
                let (id, moved) = (file.id, file.done - file.holes);
                match self.finish(file) {
                    Ok(outcome) => outcome,
                    Err(trouble) => {
                        self.batch.wasted += moved;
                        tracing::debug!(file = id.0, "{trouble:?}");
                        Outcome::Trouble(trouble)
                    }
                }
            }
            Ok(Climbed::Parked) => {
                file.slice.dir.expect();
                self.batch.held.push(Held::File(Box::new(file)));
                Outcome::Later
            }
            Ok(Climbed::Lanes) => self.begin_lanes(file),
            Ok(Climbed::Cancelled) => match self.discard(file) {
                Ok(()) => Outcome::Ended(Status::Cancelled),
                Err(trouble) => Outcome::Trouble(trouble),
            },
            // The first trouble is the one to tell; a temporary that cannot be removed as well is
            // said with it.
            Err(trouble) => match self.discard(file) {
                Ok(()) => Outcome::Trouble(trouble),
                Err(left) => Outcome::Trouble(and_left_behind(trouble, &left)),
            },
        }
    }

    /// Takes the rungs of the ladder from the top until one reaches the end of the file.
    fn climb(&mut self, file: &mut OpenFile) -> Result<Climbed, Trouble> {
        let shared = self.shared.clone();
        let sys = &*shared.sys;
        let route = file.slice.dir.route.clone();
        let cell = self.cell.clone();
        if file.stat.size == 0 && !route.src_kind.is_pseudo() {
            file.rung = file
                .ladder
                .first()
                .map(|(strategy, _)| (strategy, Reason::Empty));
            return Ok(Climbed::Top);
        }
        let end = if route.src_kind.is_pseudo() {
            TO_THE_END
        } else {
            file.stat.size
        };
        let mut refused = None;
        for rung in file.ladder.iter() {
            let (strategy, _) = rung;
            file.rung = Some(rung);
            if strategy == Strategy::Parallel {
                return Ok(Climbed::Lanes);
            }
            let mut control = Control::new(&shared.gate, &cell, file.id);
            control.begin(strategy, file.done);
            let pair = Pair {
                src: file.src.as_fd(),
                dst: file.dst.as_fd(),
                size: file.stat.size,
            };
            let spread = Spread {
                sparse: file.stat.looks_sparse(),
                strategy,
            };
            let moved = self.span(
                sys,
                pair,
                file.done..end,
                spread,
                &mut control,
                &mut file.holes,
            );
            file.done += moved.bytes;
            match moved.stop {
                Stop::Complete => return Ok(Climbed::Top),
                Stop::SourceEnded if end == TO_THE_END => return Ok(Climbed::Top),
                Stop::Parked => return Ok(Climbed::Parked),
                Stop::Cancelled => return Ok(Climbed::Cancelled),
                Stop::SourceEnded => {
                    return Err(Trouble::own(
                        Op::Read,
                        Side::Source,
                        ErrorClass::Changed,
                        "ended before its length: it shrank while it was being copied",
                    )
                    .at(file.done));
                }
                Stop::Failed(op, side, errno) => {
                    return Err(Trouble::kernel(op, side, errno).at(file.done));
                }
                Stop::Unsupported(errno) => {
                    if let Some(words) = route.drop_rung(strategy, errno) {
                        self.batch.dropped.push((strategy, words));
                    }
                    refused = Some((strategy, errno));
                }
            }
        }
        let (strategy, errno) = refused.unwrap_or((Strategy::Auto, Errno::NOSYS));
        let mut trouble = Trouble::kernel(Op::Copy, Side::Dest, errno);
        trouble.class = ErrorClass::Unsupported;
        Err(trouble.words(format!(
            "{strategy} is not possible: {}",
            super::super::failure::reason(errno)
        )))
    }

    /// Moves a span, stepping over holes when the file seems to have some.
    pub(super) fn span(
        &mut self,
        sys: &dyn Sys,
        pair: Pair<'_>,
        span: Range<u64>,
        spread: Spread,
        control: &mut Control<'_>,
        holes: &mut u64,
    ) -> Moved {
        let mover = self.movers.of(spread.strategy);
        if !spread.sparse || spread.strategy == Strategy::Reflink {
            return mover.move_range(sys, pair, span, control);
        }
        let mut at = span.start;
        while at < span.end {
            if let Some(stop) = control.go_on() {
                return Moved {
                    bytes: at - span.start,
                    stop,
                };
            }
            let data = match next_data(sys, pair.src, at..span.end) {
                Ok(data) => data,
                Err(errno) => {
                    let stop = Stop::Failed(Op::Read, Side::Source, errno);
                    return Moved {
                        bytes: at - span.start,
                        stop,
                    };
                }
            };
            *holes += data.start - at;
            at = data.start;
            if data.is_empty() {
                continue;
            }
            let moved = mover.move_range(sys, pair, data, control);
            at += moved.bytes;
            if moved.stop != Stop::Complete {
                return Moved {
                    bytes: at - span.start,
                    stop: moved.stop,
                };
            }
        }
        Moved {
            bytes: span.end - span.start,
            stop: Stop::Complete,
        }
    }

    /// Everything after the last byte.
    fn finish(&mut self, file: OpenFile) -> Result<Outcome, Trouble> {
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
            stat: &stat,
            done,
            holes,
            way,
            fds: &fds,
            temp: &temp,
        };
        self.cell.phase(FilePhase::Finishing);
        let settled = self.settle(&finishing, src.as_fd(), dst.as_fd());
        // Closed before it has its name: a network file system may report a full disk only here.
        let closed = self.shared.sys.close(dst).map_err(dest(Op::Close));
        self.conclude_file(&finishing, settled.and(closed), rung)
    }

    /// Checks, metadata and flush of a file whose bytes are all there.
    pub(super) fn settle(
        &mut self,
        file: &Finishing<'_>,
        src: BorrowedFd<'_>,
        dst: BorrowedFd<'_>,
    ) -> Result<(), Trouble> {
        let shared = self.shared.clone();
        let sys = &*shared.sys;
        let pseudo = file.slice.dir.route.src_kind.is_pseudo();
        if !pseudo {
            publish::check_unchanged(sys, src, file.stat)?;
        }
        if file.holes > 0 {
            // A hole at the end is only a length.
            sys.set_len(dst, file.done).map_err(dest(Op::Truncate))?;
        }
        let now = sys.stat(dst).map_err(dest(Op::Stat))?;
        if now.size != file.done || (!pseudo && file.done != file.stat.size) {
            return Err(Trouble::own(
                Op::Compare,
                Side::Dest,
                ErrorClass::Device,
                format!(
                    "the copy has {} bytes, the source {}",
                    now.size, file.stat.size
                ),
            ));
        }
        let notables = &mut self.batch.notables;
        publish::set_metadata(sys, dst, file.stat, &now, &mut |what| notables.add(what, 1))?;
        if file.stat.nlink > 1 {
            notables.add(Notable::HardLinksSplit, 1);
        }
        if file.way == Placing::Over || shared.durability == Durability::File {
            // Renaming over a file whose new bytes are not on the device loses both in a crash.
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
            Ok(Status::Copied) => {}
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
        if file.way == Placing::Over || self.shared.durability == Durability::File {
            batch.flushed += moved;
        }
        Ok(Outcome::Ended(Status::Copied))
    }

    fn name(&mut self, sys: &dyn Sys, file: &Finishing<'_>) -> Result<Status, Trouble> {
        let (entry, _, name) = file.slice.entry(file.index);
        let dir = file.fds.dst();
        let mut way = file.way;
        let mut number = 0;
        loop {
            match way {
                Placing::Over => {
                    publish::name_over(sys, dir, file.temp, name)?;
                    return Ok(Status::Copied);
                }
                Placing::New => {
                    if publish::name_new(sys, dir, file.temp, name)? == Named::Done {
                        return Ok(Status::Copied);
                    }
                    // Somebody made it meanwhile: the policy decides, as if it had been there.
                    let (src_dev, policy) = (file.slice.dir.route.src_dev, self.shared.conflict);
                    match existing::look(sys, dir, name, &entry, src_dev, None, policy)? {
                        Way::Free => {}
                        Way::Identical | Way::Leave => return Ok(Status::Skipped),
                        Way::Replace => {
                            return Err(Trouble::own(
                                Op::Rename,
                                Side::Dest,
                                ErrorClass::Transient,
                                "appeared at the destination during the copy",
                            ));
                        }
                        Way::Beside => way = Placing::Beside,
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

    /// Removes a temporary.
    pub(super) fn remove(&self, dir: BorrowedFd<'_>, temp: &CStr) -> Result<(), Trouble> {
        match self.shared.sys.unlink(dir, temp) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(errno) => Err(
                Trouble::kernel(Op::Remove, Side::Dest, errno).words(format!(
                    "{} left behind: {}",
                    temp.to_string_lossy(),
                    super::super::failure::reason(errno)
                )),
            ),
        }
    }

    /// The trouble after its temporary was removed; where that fails too, it says so as well.
    pub(super) fn cleaned_up(&self, dir: BorrowedFd<'_>, temp: &CStr, trouble: Trouble) -> Trouble {
        match self.remove(dir, temp) {
            Ok(()) => trouble,
            Err(left) => and_left_behind(trouble, &left),
        }
    }

    /// Hands a large file to lanes and takes part.
    fn begin_lanes(&mut self, file: OpenFile) -> Outcome {
        let slice = file.slice.clone();
        let big = Arc::new(Big::new(file, self.shared.chunk_size));
        // The directory waits for the file, whoever of the lanes ends last.
        slice.dir.expect();
        if !self.shared.report(super::What::Join(big.clone())) {
            tracing::debug!("the engine ended; this worker copies {} alone", big.id);
        }
        if let Some(outcome) = self.lane(&big) {
            self.conclude(&slice, big.index, outcome);
            self.complete(&slice.dir);
        }
        Outcome::Later
    }
}

enum Opened {
    File(Box<OpenFile>),
    Settled(Status),
}

enum Climbed {
    Top,
    Parked,
    Cancelled,
    Lanes,
}

/// How a span is moved.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spread {
    /// The file seems to have holes.
    pub sparse: bool,
    /// What moves the data.
    pub strategy: Strategy,
}

/// What finishing a file needs to know of it, whoever copied it.
#[derive(Debug)]
pub(super) struct Finishing<'a> {
    pub slice: &'a Arc<Slice>,
    pub index: usize,
    pub stat: &'a Stat,
    pub done: u64,
    pub holes: u64,
    pub way: Placing,
    pub fds: &'a DirFds,
    pub temp: &'a CStr,
}

fn and_left_behind(mut trouble: Trouble, left: &Trouble) -> Trouble {
    let first = match (&trouble.words, trouble.errno) {
        (Some(words), _) => words.clone(),
        (None, Some(errno)) => super::super::failure::reason(errno),
        (None, None) => String::new(),
    };
    trouble.words = Some(format!(
        "{first}; and its temporary {}",
        left.words.as_deref().unwrap_or("was left behind")
    ));
    trouble
}

/// The next data within `span`: where it begins and ends; an empty range at the end of the span
/// when only holes follow. A file system that knows no holes has none.
fn next_data(sys: &dyn Sys, src: BorrowedFd<'_>, span: Range<u64>) -> Result<Range<u64>, Errno> {
    let start = match sys.seek_data(src, span.start) {
        Ok(Some(start)) => start.max(span.start),
        Ok(None) => return Ok(span.end..span.end),
        Err(Errno::INVAL | Errno::OPNOTSUPP | Errno::NOSYS) => return Ok(span),
        Err(errno) => return Err(errno),
    };
    if start >= span.end {
        return Ok(span.end..span.end);
    }
    let end = match sys.seek_hole(src, start) {
        // A hole at the data's own start would never get anywhere (cp 9.9 looped so on a file that
        // was being written): take the rest as data.
        Ok(hole) if hole > start => hole.min(span.end),
        Ok(_) | Err(Errno::NXIO | Errno::INVAL) => span.end,
        Err(errno) => return Err(errno),
    };
    Ok(start..end)
}
