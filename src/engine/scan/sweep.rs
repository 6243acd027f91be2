//! Removes what a killed run left behind.

use super::Scan;
use crate::engine::failure::{Trouble, dest};
use crate::engine::gate::Pass;
use crate::engine::report::Notable;
use crate::engine::temp::is_temp;
use crate::engine::tree::{Dir, DirFds};
use crate::proto::Op;
use crate::sys::Kind;
use std::os::fd::AsFd;
use std::sync::Arc;

impl Scan {
    /// Removes what a killed run left in a directory that was there before: a temporary by its
    /// name, of this user (for root, of any), with one link, and locked by nobody.
    pub(super) fn sweep(&mut self, fds: &DirFds) {
        let shared = self.shared.clone();
        let sys = &*shared.sys;
        let Ok(own) = sys.stat(fds.dst()) else { return };
        let Ok(listing) = sys.open_dir(fds.dst(), c".") else {
            return;
        };
        let mut names = Vec::new();
        loop {
            let more = sys.list(listing.as_fd(), &mut self.buffer, &mut |child| {
                if is_temp(child.name.to_bytes()) {
                    names.push(child.name.to_owned());
                }
            });
            if !matches!(more, Ok(true)) {
                break;
            }
        }
        let me = crate::sys::effective_user();
        for name in names {
            let Ok(there) = sys.stat_at(fds.dst(), &name) else {
                continue;
            };
            // Root gives a temporary to the source's owner before it has its name.
            let ours = there.uid == me || me == 0;
            if !ours || there.dev != own.dev {
                continue;
            }
            if there.kind == Kind::File {
                let Ok(fd) = sys.open_source(fds.dst(), &name) else {
                    continue;
                };
                let same = sys
                    .stat(fd.as_fd())
                    .is_ok_and(|stat| stat.same_inode(&there) && stat.nlink == 1);
                if !same || !matches!(sys.try_lock(fd.as_fd()), Ok(true)) {
                    continue;
                }
                if sys.unlink(fds.dst(), &name).is_ok() {
                    self.notables.add(Notable::OrphansRemoved, 1);
                }
            } else if there.kind != Kind::Dir && sys.unlink(fds.dst(), &name).is_ok() {
                self.notables.add(Notable::OrphansRemoved, 1);
            }
        }
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
