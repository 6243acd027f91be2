//! What is left of a file whose copy was given up, where that is to be kept: its first bytes without
//! a gap, under a name that says what it is. It never gets the file's own name, and nothing of haul
//! removes it, goes on with it or takes it for the file.

use super::Worker;
use super::file::OpenFile;
use super::publish::{self, Named, Nascent};
use super::staged::Temp;
use super::temporary::NAMES;
use crate::engine::failure::{Trouble, dest};
use crate::engine::gate::Pass;
use crate::engine::report::Notable;
use crate::engine::temp::partial;
use crate::engine::tree::Slice;
use crate::proto::{ErrorClass, Op, Side};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::Ordering;

/// The beginning of a file.
pub(super) struct Beginning<'a> {
    pub slice: &'a Slice,
    pub index: usize,
    pub dir: BorrowedFd<'a>,
    /// The temporary's name; what has none cannot be kept.
    pub temp: Option<&'a Temp>,
    /// Bytes from the start without a gap.
    pub bytes: u64,
}

impl Worker {
    /// True where the job was cancelled and what is partial is to be kept: not for a file that was
    /// given up by itself, and not for one without a name or a byte.
    pub(super) fn keeps(&self, what: &Beginning<'_>) -> bool {
        self.shared.keep_partial.load(Ordering::Relaxed)
            && self.shared.gate.look() == Pass::Stop
            && what.temp.is_some()
            && what.bytes > 0
    }

    /// Gives a file up: keeps its beginning where that is wished, else removes its temporary.
    pub(super) fn leave_off(&mut self, file: OpenFile) -> Result<(), Trouble> {
        let what = Beginning {
            slice: &file.slice,
            index: file.index,
            dir: file.fds.dst(),
            temp: file.temp.as_ref(),
            bytes: file.done,
        };
        if !self.keeps(&what) {
            return self.discard(file);
        }
        self.batch.wasted += file.done - file.holes;
        self.keep_beginning(&what, Ok(file.dst))
    }

    /// Cuts a temporary to its beginning and gives it the name of a partial file. Where that fails it
    /// is removed, and the failure is told.
    pub(super) fn keep_beginning(
        &mut self,
        what: &Beginning<'_>,
        dst: Result<OwnedFd, Trouble>,
    ) -> Result<(), Trouble> {
        let sys = self.shared.sys.clone();
        let cut = dst.and_then(|dst| {
            sys.set_len(dst.as_fd(), what.bytes)
                .map_err(dest(Op::Truncate))?;
            sys.close(dst).map_err(dest(Op::Close))
        });
        cut.and_then(|()| self.name_partial(what))
            .map_err(|trouble| self.cleaned_up(what.dir, what.temp, trouble))
    }

    fn name_partial(&mut self, what: &Beginning<'_>) -> Result<(), Trouble> {
        let sys = self.shared.sys.clone();
        let Some(temp) = what.temp else {
            return Ok(());
        };
        let name = what.slice.entry(what.index).2;
        for number in 1..=NAMES {
            let kept = partial(name, number);
            let nascent = Nascent::Temporary(temp);
            if publish::name_new(&*sys, what.dir, nascent, &kept)? == Named::Done {
                let path = || what.slice.dir.full_path(Side::Dest, Some(&kept));
                self.batch.notables.add_at(Notable::PartialsKept, path);
                return Ok(());
            }
        }
        Err(Trouble::own(
            Op::Rename,
            Side::Dest,
            ErrorClass::Other,
            "no free name for what was copied of it",
        ))
    }
}
