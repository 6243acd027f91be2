//! The end of a file: what it keeps besides its bytes, and only then its name.

use super::attributes::{self, Bearer};
use super::staged::Temp;
use crate::engine::failure::{Trouble, dest, refused_new, source};
use crate::engine::report::Notable;
use crate::engine::route::Route;
use crate::proto::{ErrorClass, Op, Preserve, Side};
use crate::sys::{Errno, Kind, Stat, Sys};
use std::cmp::Ordering;
use std::ffi::CStr;
use std::os::fd::BorrowedFd;

/// Mode bits that must not survive a change of owner.
const SET_ID: u32 = 0o6000;

/// What a job keeps, and where what could not be kept is told.
pub(super) struct Dress<'a> {
    /// The file systems.
    pub sys: &'a dyn Sys,
    /// What is to be kept.
    pub keep: Preserve,
    /// What the process takes from the mode of new files, for modes that are not kept.
    pub umask: u32,
    /// The route, which remembers that a file system has no attributes.
    pub route: &'a Route,
    /// The permissions that the ACL which the destination directory hands down leaves at most to what
    /// is made in it; `None` when it hands none down.
    pub inherits: Option<u32>,
    /// True for a directory that was there before: what is not kept of the source stays as it is.
    pub was_there: bool,
    /// Told what could not be kept.
    pub notable: &'a mut dyn FnMut(Notable),
}

impl Dress<'_> {
    /// Gives `to` what `stat` and `from` have, and reads it back. `now` is what `to` has.
    ///
    /// In this order: chown clears set-id bits and capabilities; attributes of the user need write
    /// permission, which the mode may take away; an ACL changes the mode; everything changes the
    /// times. Set-id bits come with the mode, after all else, and not at all without their owner.
    pub fn put_on(
        &mut self,
        from: Bearer<'_>,
        to: Bearer<'_>,
        stat: &Stat,
        now: &Stat,
    ) -> Result<(), Trouble> {
        let mut mode = if self.keep.mode {
            stat.mode
        } else if self.was_there {
            now.mode
        } else {
            self.mode_of_new(stat, now)
        };
        let owned = !self.keep.owner || self.owner(to, stat, now)?;
        if !owned {
            (self.notable)(Notable::OwnerNotKept);
            if mode & SET_ID != 0 && stat.kind != Kind::Dir {
                mode &= !SET_ID;
                (self.notable)(Notable::SetIdDropped);
            }
        }
        // Without its owner a file runs as somebody else: the same as after a failed chown.
        if !self.keep.owner && stat.kind != Kind::Dir && stat.uid != now.uid {
            mode &= !SET_ID;
        }
        if self.route.has_attributes() {
            let carried = attributes::carry(
                self.sys,
                from,
                to,
                self.keep,
                self.inherits.is_some(),
                self.notable,
                &mut || self.route.drop_attributes(),
            );
            if let Some(bits) = carried {
                mode = mode & !0o070 | bits << 3 & mode;
            }
        } else if self.inherits.is_some() && self.keep.acl {
            attributes::shed_inherited(self.sys, to, self.notable);
        }
        // What was made with its mode keeps it, but for what an ACL made of it.
        let has_it = now.mode == mode;
        if stat.kind != Kind::Link && !has_it {
            self.mode(to, mode)?;
        }
        if self.keep.times {
            self.times(to, stat)?;
        }
        let owned = owned && self.keep.owner;
        let back = to.stat(self.sys).map_err(dest(Op::Stat))?;
        if stat.kind != Kind::Link && has_it && back.mode != mode {
            self.mode(to, mode)?;
            let back = to.stat(self.sys).map_err(dest(Op::Stat))?;
            self.look_back(&back, stat, mode, owned);
        } else {
            self.look_back(&back, stat, mode, owned);
        }
        Ok(())
    }

    /// What cp(1) gives where modes are not kept: the source's bits less the mask, and to a directory
    /// the sticky bit and what it got from the one it was made in (mkdir(2): the set-group-id bit).
    /// An ACL that is handed down and stays takes the place of the mask (acl(5)).
    fn mode_of_new(&self, stat: &Stat, now: &Stat) -> u32 {
        const STICKY: u32 = 0o1000;
        const SET_GROUP_ID: u32 = 0o2000;
        let given = match self.inherits {
            Some(most) if !self.keep.acl => stat.mode & most,
            _ => stat.mode & 0o777 & !self.umask,
        };
        match stat.kind {
            Kind::Dir => given | stat.mode & STICKY | now.mode & SET_GROUP_ID,
            _ => given,
        }
    }

    /// Owner and group where they differ; the group alone where only that is permitted. False when
    /// something had to be left: no failure, an ordinary user may not give files away.
    fn owner(&self, to: Bearer<'_>, stat: &Stat, now: &Stat) -> Result<bool, Trouble> {
        /// "Leave it" for chown(2).
        const LEAVE: u32 = u32::MAX;
        if stat.uid == now.uid && stat.gid == now.gid {
            return Ok(true);
        }
        match to.set_owner(self.sys, stat.uid, stat.gid) {
            Ok(()) => return Ok(true),
            Err(errno) if is_not_for_us(errno) => {}
            Err(errno) => return Err(Trouble::kernel(Op::Owner, Side::Dest, errno)),
        }
        if stat.gid != now.gid {
            match to.set_owner(self.sys, LEAVE, stat.gid) {
                Ok(()) => {}
                Err(errno) if is_not_for_us(errno) => return Ok(false),
                Err(errno) => return Err(Trouble::kernel(Op::Owner, Side::Dest, errno)),
            }
        }
        Ok(stat.uid == now.uid)
    }

    fn mode(&mut self, to: Bearer<'_>, mode: u32) -> Result<(), Trouble> {
        match to.set_mode(self.sys, mode) {
            // Told by the look back, which sees what the file has.
            Ok(()) => Ok(()),
            Err(errno) if is_not_for_us(errno) => Ok(()),
            Err(errno) => Err(Trouble::kernel(Op::Mode, Side::Dest, errno)),
        }
    }

    fn times(&mut self, to: Bearer<'_>, stat: &Stat) -> Result<(), Trouble> {
        match to.set_times(self.sys, stat.atime, stat.mtime) {
            Ok(()) => Ok(()),
            Err(errno) if is_not_for_us(errno) => Ok(()),
            Err(errno) => Err(Trouble::kernel(Op::Times, Side::Dest, errno)),
        }
    }

    /// File systems change metadata without an error (times are clamped and rounded, modes made
    /// up): only what is read back was kept.
    fn look_back(&mut self, back: &Stat, stat: &Stat, mode: u32, owned: bool) {
        if stat.kind != Kind::Link && self.keep.mode && back.mode != mode {
            (self.notable)(Notable::ModeNotKept);
        }
        if self.keep.times && back.mtime != stat.mtime {
            (self.notable)(Notable::TimesNotKept);
        } else if self.keep.times && back.atime != stat.atime {
            (self.notable)(Notable::AccessTimeNotKept);
        }
        if owned && (back.uid, back.gid) != (stat.uid, stat.gid) {
            (self.notable)(Notable::OwnerNotKept);
        }
    }
}

/// The file system, the kernel or the permissions do not let this be kept; nothing is broken.
/// EINVAL: an id without a mapping in this user namespace (chown(2), `user_namespaces(7)`), or a
/// time the file system cannot hold.
fn is_not_for_us(errno: Errno) -> bool {
    matches!(
        errno,
        Errno::PERM | Errno::INVAL | Errno::OPNOTSUPP | Errno::NOSYS | Errno::OVERFLOW
    )
}

/// What became of a source's inode during its copy.
#[derive(Debug)]
pub(super) enum Since {
    /// Nothing.
    Unchanged,
    /// It has another owner, mode or number of names, and its length and modification time of before:
    /// that explains its change time, and so would a change of content whose time was set back. The
    /// bytes must tell.
    Touched(Stat),
}

/// The source must be what it was when it was opened, or the copy is a mixture of two states.
pub(super) fn check_unchanged(
    sys: &dyn Sys,
    src: BorrowedFd<'_>,
    opened: &Stat,
) -> Result<Since, Trouble> {
    let now = sys.stat(src).map_err(source(Op::Stat))?;
    since(&now, opened)
}

/// What became of a source that is this now.
pub(super) fn since(now: &Stat, opened: &Stat) -> Result<Since, Trouble> {
    let same_content = now.size == opened.size && now.mtime == opened.mtime;
    // The change time moves even when the modification time was forged.
    if same_content && now.ctime == opened.ctime {
        return Ok(Since::Unchanged);
    }
    let touched = now.nlink != opened.nlink
        || now.mode != opened.mode
        || now.uid != opened.uid
        || now.gid != opened.gid;
    if same_content && touched {
        return Ok(Since::Touched(*now));
    }
    Err(changed(match now.size.cmp(&opened.size) {
        Ordering::Greater => "grew while it was being copied",
        Ordering::Less => "shrank while it was being copied",
        Ordering::Equal => "changed while it was being copied",
    }))
}

/// The source is another than what was copied.
pub(super) fn changed(words: &str) -> Trouble {
    Trouble::own(Op::Read, Side::Source, ErrorClass::Changed, words)
}

/// How a finished temporary got its name, or why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// It has it.
    Done,
    /// Something else has it since we looked.
    Taken,
}

/// A whole file that has yet to get its name.
#[derive(Clone, Copy, Debug)]
pub(super) enum Nascent<'a> {
    /// It has a temporary's.
    Temporary(&'a Temp),
    /// It has none at all.
    Nameless(BorrowedFd<'a>),
}

/// Gives a finished file its name without ever replacing anything.
pub(super) fn name_new(
    sys: &dyn Sys,
    dir: BorrowedFd<'_>,
    nascent: Nascent<'_>,
    name: &CStr,
) -> Result<Named, Trouble> {
    let temp = match nascent {
        Nascent::Temporary(temp) => temp,
        Nascent::Nameless(file) => {
            return match sys.link_open(file, dir, name) {
                Ok(()) => Ok(Named::Done),
                Err(Errno::EXIST) => Ok(Named::Taken),
                Err(errno) => Err(refused_new(sys, dir, Op::Rename, errno)),
            };
        }
    };
    let (from, temp) = (temp.dir(dir), temp.name());
    match sys.rename_new(from, temp, dir, name) {
        Ok(()) => Ok(Named::Done),
        Err(Errno::EXIST) => Ok(Named::Taken),
        // Not every file system knows RENAME_NOREPLACE (renameat2(2)); a second link is as atomic.
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
            match sys.link(from, temp, dir, name) {
                Ok(()) => {
                    sys.unlink(from, temp).map_err(dest(Op::Remove))?;
                    Ok(Named::Done)
                }
                Err(Errno::EXIST) => Ok(Named::Taken),
                // Neither: look and rename. Somebody may come between; nothing better exists there.
                Err(Errno::PERM | Errno::OPNOTSUPP | Errno::NOSYS | Errno::MLINK) => {
                    match sys.stat_at(dir, name) {
                        Ok(_) => Ok(Named::Taken),
                        Err(Errno::NOENT) => {
                            sys.rename(from, temp, dir, name)
                                .map_err(dest(Op::Rename))?;
                            Ok(Named::Done)
                        }
                        Err(errno) => Err(Trouble::kernel(Op::Stat, Side::Dest, errno)),
                    }
                }
                Err(errno) => Err(refused_new(sys, dir, Op::Rename, errno)),
            }
        }
        Err(errno) => Err(refused_new(sys, dir, Op::Rename, errno)),
    }
}

/// Gives a finished file its name in place of what has it. What has no name at all is only made
/// where nothing is to be replaced.
pub(super) fn name_over(
    sys: &dyn Sys,
    dir: BorrowedFd<'_>,
    temp: &Temp,
    name: &CStr,
) -> Result<(), Trouble> {
    sys.rename(temp.dir(dir), temp.name(), dir, name)
        .map_err(dest(Op::Rename))
}
