//! Files whose length nobody can tell before they are read: where the file system may tell any, the
//! end of a file is looked for, and a copy ends where its source does.
//!
//! GNU cp reads such a file to its end and says nothing; rsync stops at the length that is told, or
//! fills up with zeros what is missing of it. Here a file whose end is not where it should be is
//! begun again and read through one buffer until nothing more comes: bytes that an offload or a ring
//! moved up to a length that is none are not built upon.

use super::Worker;
use super::file::OpenFile;
use super::publish::{self, Since};
use crate::engine::failure::{Trouble, dest, source};
use crate::proto::{Op, Side};
use crate::sys::{Caching, Stat, Sys};
use std::os::fd::{AsFd, BorrowedFd};

/// How far a file is read whose length is not believed: to its end.
pub(super) const TO_THE_END: u64 = i64::MAX as u64;

/// True when a file of a file system that may tell any length ends where it is said to. (A ring's
/// read beyond the end of a FUSE file that is opened for direct I/O was answered with its whole
/// length, on Linux 6.18: what was moved says nothing.)
pub(super) fn ends_there(sys: &dyn Sys, src: BorrowedFd<'_>, end: u64) -> Result<bool, Trouble> {
    let last = end.saturating_sub(1);
    let mut around = [0; 2];
    let got = sys
        .read_at(src, &mut around, last, Caching::Stay)
        .map_err(|errno| Trouble::kernel(Op::Read, Side::Source, errno).at(last))?;
    Ok(got as u64 == end - last)
}

/// The source must be what it was when it was opened, by what whoever keeps it says now: a length
/// that moved is a change, and only one that stands and is not true is none to be believed.
pub(super) fn check_unchanged(
    sys: &dyn Sys,
    src: BorrowedFd<'_>,
    opened: &Stat,
) -> Result<Since, Trouble> {
    let now = sys.stat_anew(src).map_err(source(Op::Stat))?;
    publish::since(&now, opened)
}

impl Worker {
    /// Begins a file again whose end is not where it was said to be; from now on it is read to it.
    pub(super) fn begin_to_the_end(&mut self, file: &mut OpenFile) -> Result<(), Trouble> {
        let shared = self.shared.clone();
        check_unchanged(&*shared.sys, file.src.as_fd(), &file.stat)?;
        let cut = shared.sys.set_len(file.dst.as_fd(), 0);
        cut.map_err(dest(Op::Truncate))?;
        self.batch.wasted += file.done - file.holes;
        (file.done, file.holes) = (0, 0);
        file.to_the_end = true;
        file.ladder = file.slice.dir.route.to_the_end();
        Ok(())
    }
}
