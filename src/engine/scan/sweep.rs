//! Removes what a killed run left behind.

use super::Scan;
use crate::engine::failure::{Trouble, dest};
use crate::engine::gate::Pass;
use crate::engine::report::Notable;
use crate::engine::temp::is_temp;
use crate::engine::tree::{Dir, DirFds};
use crate::proto::Op;
use crate::sys::{Child, Errno, Kind};
use std::ffi::{CStr, CString};
use std::os::fd::AsFd;
use std::sync::Arc;

impl Scan {
    /// Removes what a killed run left in a directory that was there before: a temporary by its
    /// name, of this user (for root, of any), with one link, and locked by nobody. What cannot be
    /// removed stays for the next run, and the log says why: it stands in no file's way.
    pub(super) fn sweep(&mut self, fds: &DirFds) {
        let names = match self.leftovers(fds) {
            Ok(names) => names,
            Err(errno) => {
                tracing::warn!("no look for what a killed run left behind: {errno}");
                return;
            }
        };
        for name in names {
            match self.remove_leftover(fds, &name) {
                Ok(true) => self.notables.add(Notable::OrphansRemoved, 1),
                // Gone since it was listed counts as somebody else's.
                Ok(false) | Err(Errno::NOENT) => {}
                Err(errno) => {
                    tracing::warn!("what a killed run left behind is not removed: {errno}");
                }
            }
        }
    }

    /// Names in the destination directory that look like temporaries.
    fn leftovers(&mut self, fds: &DirFds) -> Result<Vec<CString>, Errno> {
        let shared = self.shared.clone();
        let listing = shared.sys.open_dir(fds.dst(), c".")?;
        let mut names = Vec::new();
        let mut add = |child: Child<'_>| {
            if is_temp(child.name.to_bytes()) {
                names.push(child.name.to_owned());
            }
        };
        while shared
            .sys
            .list(listing.as_fd(), &mut self.buffer, &mut add)?
        {}
        Ok(names)
    }

    /// True when it was a leftover, and is gone; false when it is somebody's.
    fn remove_leftover(&self, fds: &DirFds, name: &CStr) -> Result<bool, Errno> {
        let sys = &*self.shared.sys;
        let there = sys.stat_at(fds.dst(), name)?;
        let me = crate::sys::effective_user();
        // Root gives a temporary to the source's owner before it has its name.
        let ours = there.uid == me || me == 0;
        if !ours || there.dev != sys.stat(fds.dst())?.dev || there.kind == Kind::Dir {
            return Ok(false);
        }
        if there.kind == Kind::File {
            let fd = sys.open_source(fds.dst(), name)?;
            let now = sys.stat(fd.as_fd())?;
            if !now.same_inode(&there) || now.nlink != 1 || !sys.try_lock(fd.as_fd())? {
                return Ok(false);
            }
        }
        sys.unlink(fds.dst(), name).map(|()| true)
    }

    /// The same for a directory that gets single files; once, before the first.
    pub(super) fn sweep_place(&mut self, place: &Arc<Dir>) -> Result<(), Trouble> {
        let shared = self.shared.clone();
        let fds = place.acquire(&*shared.sys)?;
        let own = shared.sys.stat(fds.dst()).map_err(dest(Op::Stat))?;
        if !self.swept.insert((own.dev, own.ino)) {
            return Ok(());
        }
        shared.gate.enter();
        if shared.gate.look() != Pass::Stop {
            self.sweep(&fds);
        }
        shared.gate.leave();
        Ok(())
    }
}
