//! The end of a file: metadata on the descriptor, flush, close, and only then its name.

use super::super::failure::{Trouble, dest};
use super::super::report::Notable;
use crate::proto::{ErrorClass, Op, Side};
use crate::sys::{Errno, Stat, Sys};
use std::ffi::CStr;
use std::os::fd::BorrowedFd;

/// Mode bits that must not survive a change of owner.
const SET_ID: u32 = 0o6000;

/// Gives an open file or directory the owner, mode and times of `stat`, in this order: chown
/// clears set-id bits, and everything before the times changes them. `now` is what it has.
pub(super) fn set_metadata(
    sys: &dyn Sys,
    fd: BorrowedFd<'_>,
    stat: &Stat,
    now: &Stat,
    notable: &mut dyn FnMut(Notable),
) -> Result<(), Trouble> {
    let mut mode = stat.mode;
    if !set_owner(stat, now, &mut |uid, gid| sys.set_owner(fd, uid, gid))? {
        notable(Notable::OwnerNotKept);
        if mode & SET_ID != 0 && stat.kind != crate::sys::Kind::Dir {
            mode &= !SET_ID;
            notable(Notable::SetIdDropped);
        }
    }
    if mode != now.mode || mode & SET_ID != 0 {
        sys.set_mode(fd, mode).map_err(dest(Op::Mode))?;
    }
    sys.set_times(fd, stat.atime, stat.mtime)
        .map_err(dest(Op::Times))
}

/// Sets owner and group where they differ; the group alone where only that is permitted. False
/// when something had to be left: that is no failure, an ordinary user may not give files away.
pub(super) fn set_owner(
    stat: &Stat,
    now: &Stat,
    set: &mut dyn FnMut(u32, u32) -> Result<(), Errno>,
) -> Result<bool, Trouble> {
    /// "Leave it" for chown(2).
    const LEAVE: u32 = u32::MAX;
    if stat.uid == now.uid && stat.gid == now.gid {
        return Ok(true);
    }
    let not_permitted = |errno: Errno| {
        // EINVAL: the id has no mapping in this user namespace (chown(2), user_namespaces(7)).
        matches!(
            errno,
            Errno::PERM | Errno::INVAL | Errno::OPNOTSUPP | Errno::NOSYS
        )
    };
    match set(stat.uid, stat.gid) {
        Ok(()) => return Ok(true),
        Err(errno) if not_permitted(errno) => {}
        Err(errno) => return Err(Trouble::kernel(Op::Owner, Side::Dest, errno)),
    }
    if stat.gid != now.gid {
        match set(LEAVE, stat.gid) {
            Ok(()) => {}
            Err(errno) if not_permitted(errno) => return Ok(false),
            Err(errno) => return Err(Trouble::kernel(Op::Owner, Side::Dest, errno)),
        }
    }
    Ok(stat.uid == now.uid)
}

/// The source must be what it was when it was opened, or the copy is a mixture of two states.
pub(super) fn check_unchanged(
    sys: &dyn Sys,
    src: BorrowedFd<'_>,
    opened: &Stat,
) -> Result<(), Trouble> {
    let now = sys
        .stat(src)
        .map_err(super::super::failure::source(Op::Stat))?;
    let same_content = now.size == opened.size && now.mtime == opened.mtime;
    // The change time moves even when the modification time was forged; a new link, owner or mode
    // explains it without a change of content.
    let explained = now.nlink != opened.nlink
        || now.mode != opened.mode
        || now.uid != opened.uid
        || now.gid != opened.gid;
    if same_content && (now.ctime == opened.ctime || explained) {
        return Ok(());
    }
    let words = match now.size.cmp(&opened.size) {
        std::cmp::Ordering::Greater => "grew while it was being copied",
        std::cmp::Ordering::Less => "shrank while it was being copied",
        std::cmp::Ordering::Equal => "changed while it was being copied",
    };
    Err(Trouble::own(
        Op::Read,
        Side::Source,
        ErrorClass::Changed,
        words,
    ))
}

/// How a finished temporary got its name, or why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// It has it.
    Done,
    /// Something else has it since we looked.
    Taken,
}

/// Gives the finished temporary its name without ever replacing anything.
pub(super) fn name_new(
    sys: &dyn Sys,
    dir: BorrowedFd<'_>,
    temp: &CStr,
    name: &CStr,
) -> Result<Named, Trouble> {
    match sys.rename_new(dir, temp, name) {
        Ok(()) => Ok(Named::Done),
        Err(Errno::EXIST) => Ok(Named::Taken),
        // Not every file system knows RENAME_NOREPLACE (renameat2(2)); a second link is as atomic.
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => match sys.link(dir, temp, name) {
            Ok(()) => {
                sys.unlink(dir, temp).map_err(dest(Op::Remove))?;
                Ok(Named::Done)
            }
            Err(Errno::EXIST) => Ok(Named::Taken),
            // Neither: look and rename. Somebody may come between; nothing better exists there.
            Err(Errno::PERM | Errno::OPNOTSUPP | Errno::NOSYS | Errno::MLINK) => {
                match sys.stat_at(dir, name) {
                    Ok(_) => Ok(Named::Taken),
                    Err(Errno::NOENT) => {
                        sys.rename(dir, temp, name).map_err(dest(Op::Rename))?;
                        Ok(Named::Done)
                    }
                    Err(errno) => Err(Trouble::kernel(Op::Stat, Side::Dest, errno)),
                }
            }
            Err(errno) => Err(Trouble::kernel(Op::Rename, Side::Dest, errno)),
        },
        Err(errno) => Err(Trouble::kernel(Op::Rename, Side::Dest, errno)),
    }
}

/// Gives the finished temporary its name in place of what has it.
pub(super) fn name_over(
    sys: &dyn Sys,
    dir: BorrowedFd<'_>,
    temp: &CStr,
    name: &CStr,
) -> Result<(), Trouble> {
    sys.rename(dir, temp, name).map_err(dest(Op::Rename))
}
