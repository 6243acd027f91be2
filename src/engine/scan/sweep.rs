//! Removes what a killed run left behind.

use super::Scan;
use crate::clock;
use crate::engine::failure::{Trouble, dest};
use crate::engine::gate::Pass;
use crate::engine::report::Notable;
use crate::engine::temp::is_temp;
use crate::engine::tree::{Dir, DirFds};
use crate::proto::Op;
use crate::sys::{Child, Errno, Kind, Stat};
use std::ffi::{CStr, CString};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::Duration;

/// Between its creation and its lock, and between its close and its name, a temporary is locked by
/// nobody, and it was changed a moment ago. One that was is looked at once more so much later.
const IN_HAND: Duration = Duration::from_millis(250);

/// What a name that looks like a temporary's is.
enum Leftover {
    /// A killed run left it; it is gone.
    Removed,
    /// It is in use, or somebody's.
    InUse,
    /// It was changed just now, and is locked by nobody.
    Fresh(Stat),
}

impl Scan {
    /// Removes what a killed run left in a directory that was there before: a temporary by its
    /// name, of this user (for root, of any), with one link, and locked by nobody. What cannot be
    /// removed stays for the next run, and the log says why: it stands in no file's way.
    pub(super) fn sweep(&mut self, fds: &DirFds) {
        let dir = fds.dst();
        let names = match self.leftovers(dir) {
            Ok(names) => names,
            Err(errno) => {
                tracing::warn!("no look for what a killed run left behind: {errno}");
                return;
            }
        };
        let mut fresh = Vec::new();
        for name in names {
            if let Some(stat) = self.sweep_one(dir, &name, None) {
                fresh.push((name, stat));
            }
        }
        if fresh.is_empty() {
            return;
        }
        let asked = clock::now();
        while asked.elapsed() < IN_HAND {
            if self.shared.gate.look() == Pass::Stop {
                return;
            }
            std::thread::sleep(IN_HAND / 10);
        }
        for (name, before) in fresh {
            self.sweep_one(dir, &name, Some(&before));
        }
    }

    /// One of them; what it is when it is to be looked at once more.
    fn sweep_one(
        &mut self,
        dir: BorrowedFd<'_>,
        name: &CStr,
        before: Option<&Stat>,
    ) -> Option<Stat> {
        match self.remove_leftover(dir, name, before) {
            Ok(Leftover::Removed) => self.notables.add(Notable::OrphansRemoved, 1),
            Ok(Leftover::Fresh(stat)) => return Some(stat),
            // Gone since it was listed counts as somebody else's.
            Ok(Leftover::InUse) | Err(Errno::NOENT) => {}
            Err(errno) => {
                tracing::warn!("what a killed run left behind is not removed: {errno}");
            }
        }
        None
    }

    /// Names in a directory that look like temporaries.
    fn leftovers(&mut self, dir: BorrowedFd<'_>) -> Result<Vec<CString>, Errno> {
        let shared = self.shared.clone();
        let listing = shared.sys.open_dir(dir, c".")?;
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

    /// Removes it if a killed run left it. `before`: what it was when it was found to be fresh.
    fn remove_leftover(
        &mut self,
        dir: BorrowedFd<'_>,
        name: &CStr,
        before: Option<&Stat>,
    ) -> Result<Leftover, Errno> {
        let shared = self.shared.clone();
        let sys = &*shared.sys;
        let there = sys.stat_at(dir, name)?;
        let me = crate::sys::effective_user();
        // Root gives a temporary to the source's owner before it has its name.
        let ours = there.uid == me || me == 0;
        if !ours || there.dev != sys.stat(dir)?.dev {
            return Ok(Leftover::InUse);
        }
        match before {
            None if is_fresh(&there) => return Ok(Leftover::Fresh(there)),
            Some(before) if before.ctime != there.ctime || !before.same_inode(&there) => {
                return Ok(Leftover::InUse);
            }
            _ => {}
        }
        if there.kind == Kind::Dir {
            return self.remove_stage(dir, name, there);
        }
        if there.kind == Kind::File {
            let fd = sys.open_source(dir, name)?;
            let now = sys.stat(fd.as_fd())?;
            if !now.same_inode(&there) || now.nlink != 1 || !sys.try_lock(fd.as_fd())? {
                return Ok(Leftover::InUse);
            }
        }
        sys.unlink(dir, name).map(|()| Leftover::Removed)
    }

    /// Removes a staging directory with the temporaries of a killed run that are in it. One that
    /// holds anything else stays. A run that is alive makes do without it.
    fn remove_stage(
        &mut self,
        dir: BorrowedFd<'_>,
        name: &CStr,
        there: Stat,
    ) -> Result<Leftover, Errno> {
        let shared = self.shared.clone();
        let sys = &*shared.sys;
        let stage = sys.open_dir(dir, name)?;
        if !sys.stat(stage.as_fd())?.same_inode(&there) {
            return Ok(Leftover::InUse);
        }
        let mut fresh = false;
        for temp in self.leftovers(stage.as_fd())? {
            // What is in use there stays, and with it the directory. None is a directory: there are
            // no staging directories in staging directories.
            let kind = sys.stat_at(stage.as_fd(), &temp)?.kind;
            fresh |= kind != Kind::Dir && self.sweep_one(stage.as_fd(), &temp, None).is_some();
        }
        match sys.remove_dir(dir, name) {
            Ok(()) => Ok(Leftover::Removed),
            Err(Errno::NOTEMPTY | Errno::EXIST) if fresh => {
                Ok(Leftover::Fresh(sys.stat(stage.as_fd())?))
            }
            Err(Errno::NOTEMPTY | Errno::EXIST) => Ok(Leftover::InUse),
            Err(errno) => Err(errno),
        }
    }

    /// The same for the destination, into which sources come under their own names, and for
    /// directories that get single files; once, before the first.
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

/// Changed a moment ago, or, by another clock than ours, in the future.
fn is_fresh(stat: &Stat) -> bool {
    let (secs, nanos) = clock::unix_now();
    let nanoseconds = |secs: i64, nanos: u32| i128::from(secs) * 1_000_000_000 + i128::from(nanos);
    let age = nanoseconds(secs, nanos) - nanoseconds(stat.ctime.secs, stat.ctime.nanos);
    age < IN_HAND.as_nanos() as i128
}
