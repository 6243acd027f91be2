//! The end of a move: a source is removed only when what is at its new name was read back and is
//! equal, byte for byte, and both are still what was compared.
//!
//! Nothing here trusts what the copy said of itself. What was skipped as identical by size and
//! time is compared like everything else; what differs, changed or cannot be read keeps its source.

use super::content::Content;
use super::{Worker, contain, existing};
use crate::engine::failure::{Trouble, dest, source};
use crate::engine::gate::Pass;
use crate::engine::report::Notable;
use crate::engine::tree::{Dir, DirFds, Entry, Slice};
use crate::proto::{ErrorClass, FileId, FilePhase, Op, Side};
use crate::sys::{Errno, Kind, Stat, Sys, Time};
use std::ffi::CStr;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;

/// An entry of a move that is to be compared.
#[derive(Clone, Copy, Debug)]
pub struct Candidate {
    /// Its place in the slice.
    pub index: usize,
    /// The copy left what was there, as identical or by policy.
    pub skipped: bool,
}

/// An entry whose copy was read back and is equal, and what both sides were then.
#[derive(Clone, Copy, Debug)]
pub struct Equal {
    index: usize,
    src_changed: Time,
    dst_ino: u64,
    dst_changed: Time,
}

/// Entries of a slice that are equal on both sides.
#[derive(Clone, Debug)]
pub struct Proof {
    /// The slice.
    pub slice: Arc<Slice>,
    /// Those that are equal.
    pub equal: Vec<Equal>,
}

/// What a comparison found.
enum Found {
    Equal(Equal),
    /// The policy left something else at the destination.
    LeftByPolicy,
    Stopped,
}

impl Worker {
    /// Compares entries with their copies; what is equal is reported as a [`Proof`].
    pub(super) fn prove(&mut self, slice: &Arc<Slice>, candidates: &[Candidate]) {
        let mut equal = Vec::with_capacity(candidates.len());
        for candidate in candidates {
            if self.shared.gate.look() == Pass::Stop {
                break;
            }
            let index = candidate.index;
            let id = slice.id(index);
            self.cell.begin(id, slice.entries()[index].size, 0);
            self.cell.phase(FilePhase::Finishing);
            let found = contain(|| self.compare(slice, *candidate));
            match found.and_then(|found| found) {
                Ok(Found::Equal(one)) => equal.push(one),
                Ok(Found::LeftByPolicy) => self.note_kept(slice, index, Notable::LeftByPolicy),
                Ok(Found::Stopped) if self.shared.gate.look() == Pass::Stop => break,
                Ok(Found::Stopped) => self.keep(slice, index, given_up()),
                Err(trouble) => self.keep(slice, index, trouble),
            }
            self.send_batch_if_due();
        }
        let slice = slice.clone();
        self.batch.proofs.push(Proof { slice, equal });
        self.batch.slices += 1;
    }

    /// Removes the sources of proven entries, each only while both sides are what was compared.
    pub(super) fn take_away(&mut self, proof: &Proof) {
        let slice = &proof.slice;
        for equal in &proof.equal {
            if self.shared.gate.look() == Pass::Stop {
                break;
            }
            self.cell.begin(slice.id(equal.index), 0, 0);
            self.cell.phase(FilePhase::Finishing);
            let removed = contain(|| self.remove_source(slice, equal));
            match removed.and_then(|removed| removed) {
                Ok(true) => self.batch.removed.push(slice.id(equal.index)),
                Ok(false) if self.shared.gate.look() == Pass::Stop => break,
                Ok(false) => self.keep(slice, equal.index, given_up()),
                Err(trouble) => self.keep(slice, equal.index, trouble),
            }
            self.send_batch_if_due();
        }
        self.batch.slices += 1;
    }

    /// Removes source directories that are empty now, children before their parents: `dirs` is in
    /// the order the scan met them.
    pub(super) fn take_away_dirs(&mut self, dirs: &[Arc<Dir>]) {
        for dir in dirs.iter().rev() {
            if self.shared.gate.look() == Pass::Stop {
                break;
            }
            let removed = contain(|| self.remove_source_dir(dir));
            match removed.and_then(|removed| removed) {
                Ok(true) => self.batch.removed_dirs.push(dir.clone()),
                Ok(false) => {
                    let path = || dir.full_path(Side::Source, None);
                    self.batch.notables.add_at(Notable::DirsKept, path);
                }
                Err(trouble) => {
                    let path = dir.full_path(trouble.side, None);
                    self.batch.failures.push(trouble.failure(None, path));
                    self.batch.spoilt.extend(dir.source());
                }
            }
            self.send_batch_if_due();
        }
        self.batch.slices += 1;
    }

    fn note_kept(&mut self, slice: &Slice, index: usize, what: Notable) {
        let (_, name, _) = slice.entry(index);
        let path = || slice.dir.full_path(Side::Source, Some(name));
        self.batch.notables.add_at(what, path);
    }

    /// The source stays, and why.
    fn keep(&mut self, slice: &Arc<Slice>, index: usize, trouble: Trouble) {
        let failure = Self::failure(slice, index, trouble);
        self.batch.kept.push(slice.id(index));
        self.batch.failures.push(failure);
    }

    fn compare(&mut self, slice: &Arc<Slice>, candidate: Candidate) -> Result<Found, Trouble> {
        let shared = self.shared.clone();
        let sys = &*shared.sys;
        let index = candidate.index;
        let fds = slice.dir.acquire(sys)?;
        let (entry, name, dest_name) = slice.entry(index);
        let src = sys.stat_at(fds.src(), name).map_err(source(Op::Stat))?;
        is_listed(&entry, &src)?;
        let dst = sys.stat_at(fds.dst(), dest_name);
        let dst = match dst {
            Err(Errno::NOENT) => {
                return Err(Trouble::own(
                    Op::Verify,
                    Side::Dest,
                    ErrorClass::Vanished,
                    "is not there: its source is kept",
                ));
            }
            dst => dst.map_err(dest(Op::Stat))?,
        };
        if dst.same_inode(&src) {
            let words = "source and destination are the same file: it is kept";
            return Err(Trouble::own(
                Op::Verify,
                Side::Source,
                ErrorClass::Refused,
                words,
            ));
        }
        // What the scan took for a copy by size and time must be one; anything else that was left
        // was left by a policy that was chosen.
        let looks_equal = dst.kind == src.kind
            && (src.kind != Kind::File
                || (dst.size == src.size || slice.dir.route.may_tell_any_length())
                    && existing::is_same_time(entry.mtime, dst.mtime));
        if candidate.skipped && !looks_equal {
            return Ok(Found::LeftByPolicy);
        }
        let differs = |words: &str| {
            let words = format!("{words}, which is kept");
            Err(Trouble::own(
                Op::Verify,
                Side::Dest,
                ErrorClass::Changed,
                words,
            ))
        };
        if dst.kind != src.kind {
            return differs("is not of the kind of its source");
        }
        match src.kind {
            Kind::File => {
                let names = [name, dest_name];
                match self.compare_files(&slice.dir, &fds, names, [&src, &dst], slice.id(index))? {
                    Content::Equal => {}
                    Content::Stopped => return Ok(Found::Stopped),
                    Content::DiffersAt(at) => {
                        let words = "differs from its source, which is kept";
                        let trouble =
                            Trouble::own(Op::Verify, Side::Dest, ErrorClass::Changed, words);
                        return Err(trouble.at(at));
                    }
                }
            }
            Kind::Link => {
                let from = sys.read_link(fds.src(), name).map_err(source(Op::Read))?;
                let to = sys
                    .read_link(fds.dst(), dest_name)
                    .map_err(dest(Op::Read))?;
                if from != to {
                    return if candidate.skipped {
                        Ok(Found::LeftByPolicy)
                    } else {
                        differs("leads elsewhere than its source")
                    };
                }
            }
            _ if src.rdev != dst.rdev => return differs("is another device than its source"),
            _ => {}
        }
        Ok(Found::Equal(Equal {
            index,
            src_changed: src.ctime,
            dst_ino: dst.ino,
            dst_changed: dst.ctime,
        }))
    }

    /// Both files, read to their ends; nothing is believed but the bytes.
    fn compare_files(
        &mut self,
        dir: &Dir,
        fds: &DirFds,
        [src_name, dst_name]: [&CStr; 2],
        [src_stat, dst_stat]: [&Stat; 2],
        id: FileId,
    ) -> Result<Content, Trouble> {
        let shared = self.shared.clone();
        let sys = &*shared.sys;
        let src = sys
            .open_source(fds.src(), src_name)
            .map_err(source(Op::Open))?;
        let dst = sys
            .open_source(fds.dst(), dst_name)
            .map_err(dest(Op::Open))?;
        is_still(sys, src.as_fd(), src_stat, Side::Source)?;
        is_still(sys, dst.as_fd(), dst_stat, Side::Dest)?;
        // What is in memory may never have reached the device. It is flushed, so it may be
        // forgotten; a file system that cannot do that gives what it has.
        if let Err(errno) = sys.forget_pages(dst.as_fd()) {
            tracing::debug!("a copy is compared from memory: {errno}");
        }
        let both = [src.as_fd(), dst.as_fd()];
        let content = self.compare_content(&dir.route, both, [src_stat, dst_stat], id)?;
        is_still(sys, src.as_fd(), src_stat, Side::Source)?;
        is_still(sys, dst.as_fd(), dst_stat, Side::Dest)?;
        Ok(content)
    }

    /// False when it was stopped.
    fn remove_source(&mut self, slice: &Arc<Slice>, equal: &Equal) -> Result<bool, Trouble> {
        let shared = self.shared.clone();
        let sys = &*shared.sys;
        let (entry, name, dest_name) = slice.entry(equal.index);
        let inode = (slice.dir.route.src_dev, entry.ino);
        let id = slice.id(equal.index);
        // What other workers do to the inode by removing names of theirs is over or not begun.
        let _turn = if entry.links > 1 {
            let turn = shared.turns.take(inode, || self.pass(id) != Pass::Stop);
            let Some(turn) = turn else { return Ok(false) };
            Some(turn)
        } else {
            None
        };
        let fds = slice.dir.acquire(sys)?;
        let mut equal = *equal;
        let src = sys.stat_at(fds.src(), name).map_err(source(Op::Stat))?;
        if src.ctime != equal.src_changed && entry.links > 1 {
            // Removing another name of the inode changed it; whether that is all, the bytes say.
            let candidate = Candidate {
                index: equal.index,
                skipped: false,
            };
            match self.compare(slice, candidate)? {
                Found::Equal(again) => equal = again,
                Found::LeftByPolicy => return Err(changed(Side::Source)),
                Found::Stopped => return Ok(false),
            }
        }
        let dst = sys.stat_at(fds.dst(), dest_name).map_err(dest(Op::Stat))?;
        if (dst.ino, dst.ctime) != (equal.dst_ino, equal.dst_changed) {
            return Err(changed(Side::Dest));
        }
        let src = sys.stat_at(fds.src(), name).map_err(source(Op::Stat))?;
        if src.ctime != equal.src_changed {
            return Err(changed(Side::Source));
        }
        is_listed(&entry, &src)?;
        sys.unlink(fds.src(), name)
            .map_err(source(Op::RemoveSource))?;
        Ok(true)
    }

    /// False when it is not empty.
    fn remove_source_dir(&mut self, dir: &Arc<Dir>) -> Result<bool, Trouble> {
        let sys = self.shared.sys.clone();
        let Some((parent, name, known)) = dir.in_parent() else {
            return Ok(true);
        };
        let fds = parent.acquire(&*sys)?;
        // Its copy must be there, or an empty directory would be lost.
        drop(dir.acquire(&*sys)?);
        dir.let_go();
        let now = sys.stat_at(fds.src(), name).map_err(source(Op::Stat))?;
        if !now.same_inode(known) {
            return Err(changed(Side::Source));
        }
        match sys.remove_dir(fds.src(), name) {
            Ok(()) => Ok(true),
            // rmdir(2): which of them is up to the file system; BUSY is a mount point.
            Err(Errno::NOTEMPTY | Errno::EXIST | Errno::BUSY) => Ok(false),
            Err(errno) => Err(Trouble::kernel(Op::RemoveSource, Side::Source, errno)),
        }
    }
}

fn changed(side: Side) -> Trouble {
    let words = match side {
        Side::Source => "changed since it was compared: it is kept",
        Side::Dest => "changed since it was compared: its source is kept",
    };
    Trouble::own(Op::Verify, side, ErrorClass::Changed, words)
}

/// Somebody cancelled this one while it was compared.
fn given_up() -> Trouble {
    let words = "its comparison was cancelled: it is kept";
    Trouble::own(Op::Verify, Side::Source, ErrorClass::Other, words)
}

/// The source must be what the scan saw: what was saved since is for its owner to look at.
fn is_listed(entry: &Entry, now: &Stat) -> Result<(), Trouble> {
    let same = now.kind == entry.kind
        && now.ino == entry.ino
        && now.mtime == entry.mtime
        && (now.kind != Kind::File || now.size == entry.size);
    if same {
        return Ok(());
    }
    let words = "changed since it was listed: it is kept";
    Err(Trouble::own(
        Op::Verify,
        Side::Source,
        ErrorClass::Changed,
        words,
    ))
}

fn is_still(sys: &dyn Sys, fd: BorrowedFd<'_>, known: &Stat, side: Side) -> Result<(), Trouble> {
    let now = sys
        .stat(fd)
        .map_err(|errno| Trouble::kernel(Op::Stat, side, errno))?;
    let same = now.same_inode(known)
        && now.size == known.size
        && now.mtime == known.mtime
        && now.ctime == known.ctime;
    if same { Ok(()) } else { Err(changed(side)) }
}
