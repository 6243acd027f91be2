//! Extended attributes and access control lists: read from one descriptor, set on another, read
//! back.
//!
//! ACLs are the attributes `system.posix_acl_access` and `system.posix_acl_default` and are carried
//! byte for byte. What the destination cannot keep is counted, never a failure: the bytes are what
//! the copy is for.

use crate::engine::report::Notable;
use crate::engine::tree::Rules;
use crate::proto::Preserve;
use crate::sys::{Errno, Stat, Sys, Time};
use std::ffi::CStr;
use std::os::fd::BorrowedFd;

const ACCESS_ACL: &CStr = c"system.posix_acl_access";
const DEFAULT_ACL: &CStr = c"system.posix_acl_default";

/// Something that bears metadata.
#[derive(Clone, Copy, Debug)]
pub(super) enum Bearer<'a> {
    /// An open file or directory.
    Open(BorrowedFd<'a>),
    /// What is not opened to be copied, by a descriptor that is only its place (`O_PATH`): whoever
    /// swaps its name meanwhile changes nothing about that.
    Place(BorrowedFd<'a>),
}

impl Bearer<'_> {
    fn list(self, sys: &dyn Sys) -> Result<Vec<u8>, Errno> {
        match self {
            Self::Open(fd) => sys.list_xattrs(fd),
            Self::Place(fd) => sys.list_xattrs_of(fd),
        }
    }

    fn get(self, sys: &dyn Sys, attribute: &CStr) -> Result<Vec<u8>, Errno> {
        match self {
            Self::Open(fd) => sys.get_xattr(fd, attribute),
            Self::Place(fd) => sys.get_xattr_of(fd, attribute),
        }
    }

    fn remove(self, sys: &dyn Sys, attribute: &CStr) -> Result<(), Errno> {
        match self {
            Self::Open(fd) => sys.remove_xattr(fd, attribute),
            Self::Place(fd) => sys.remove_xattr_of(fd, attribute),
        }
    }

    pub(super) fn stat(self, sys: &dyn Sys) -> Result<Stat, Errno> {
        let (Self::Open(fd) | Self::Place(fd)) = self;
        sys.stat(fd)
    }

    pub(super) fn set_owner(self, sys: &dyn Sys, uid: u32, gid: u32) -> Result<(), Errno> {
        match self {
            Self::Open(fd) => sys.set_owner(fd, uid, gid),
            Self::Place(fd) => sys.set_owner_of(fd, uid, gid),
        }
    }

    pub(super) fn set_mode(self, sys: &dyn Sys, mode: u32) -> Result<(), Errno> {
        match self {
            Self::Open(fd) => sys.set_mode(fd, mode),
            Self::Place(fd) => sys.set_mode_of(fd, mode),
        }
    }

    pub(super) fn set_times(self, sys: &dyn Sys, atime: Time, mtime: Time) -> Result<(), Errno> {
        match self {
            Self::Open(fd) => sys.set_times(fd, atime, mtime),
            Self::Place(fd) => sys.set_times_of(fd, atime, mtime),
        }
    }

    fn set(self, sys: &dyn Sys, attribute: &CStr, value: &[u8]) -> Result<(), Errno> {
        match self {
            Self::Open(fd) => sys.set_xattr(fd, attribute, value),
            Self::Place(fd) => sys.set_xattr_of(fd, attribute, value),
        }
    }
}

/// An attribute that is of the file, rather than of the machine or the file system it lies on.
/// Overlay's own marks change what a directory means; a security label is the receiving system's
/// to give; xfs shows root its ACLs a second time, in a form of its own (`trusted.SGI_ACL_FILE`).
fn travels(attribute: &CStr, keep: Preserve) -> bool {
    let name = attribute.to_bytes();
    if is_acl(attribute) {
        return keep.acl;
    }
    keep.xattr
        && !name.starts_with(b"trusted.overlay.")
        && !name.starts_with(b"user.overlay.")
        && !name.starts_with(b"trusted.SGI_")
        && !name.starts_with(b"system.")
        && name != b"security.selinux"
}

/// Carries what `keep` asks for. `unsupported` is told when the source's file system has no
/// attributes at all, so that its other files are not asked. Returns the bits (0..=7) the group's
/// permissions must be cut to, where an ACL that took some away could not be kept.
pub(super) fn carry(
    sys: &dyn Sys,
    from: Bearer<'_>,
    to: Bearer<'_>,
    keep: Preserve,
    inherits: bool,
    notable: &mut dyn FnMut(Notable),
    unsupported: &mut dyn FnMut(),
) -> Option<u32> {
    if !keep.xattr && !keep.acl {
        return None;
    }
    let list = match from.list(sys) {
        Ok(list) => list,
        Err(Errno::OPNOTSUPP | Errno::NOSYS) => {
            unsupported();
            Vec::new()
        }
        Err(_) => {
            notable(Notable::XattrNotKept);
            Vec::new()
        }
    };
    let names = || {
        list.split_inclusive(|byte| *byte == 0)
            .filter_map(|name| CStr::from_bytes_with_nul(name).ok())
            .filter(|attribute| travels(attribute, keep))
    };
    // An ACL may take away the write permission that the others need: it comes last.
    for attribute in names().filter(|attribute| !is_acl(attribute)) {
        let kept = from
            .get(sys, attribute)
            .is_ok_and(|value| set_and_read_back(sys, to, attribute, &value));
        if !kept {
            notable(Notable::XattrNotKept);
        }
    }
    if inherits && keep.acl && !names().any(|attribute| attribute == ACCESS_ACL) {
        shed_inherited(sys, to, notable);
    }
    let mut group_bits = None;
    for attribute in names().filter(|attribute| is_acl(attribute)) {
        let value = from.get(sys, attribute);
        if value
            .as_ref()
            .is_ok_and(|value| set_and_read_back(sys, to, attribute, value))
        {
            continue;
        }
        notable(Notable::AclNotKept);
        if attribute == ACCESS_ACL {
            // An ACL that cannot be read might have given the group nothing.
            group_bits = Some(value.ok().and_then(|acl| owning_group(&acl)).unwrap_or(0));
        }
    }
    group_bits
}

/// Takes off the ACL that a directory's default ACL put on a new entry: the source has none, and
/// with one the mode would mean something else.
pub(super) fn shed_inherited(sys: &dyn Sys, to: Bearer<'_>, notable: &mut dyn FnMut(Notable)) {
    for attribute in [ACCESS_ACL, DEFAULT_ACL] {
        match to.remove(sys, attribute) {
            Ok(()) | Err(Errno::NODATA | Errno::OPNOTSUPP | Errno::NOSYS | Errno::ACCESS) => {}
            Err(_) => notable(Notable::AclNotKept),
        }
    }
}

/// What a directory at the destination makes of new names; `fresh` when this run made it, and no
/// flag can have been set on it.
pub fn rules(sys: &dyn Sys, dir: BorrowedFd<'_>, fresh: bool) -> Rules {
    Rules {
        inherits: hands_down(sys, dir),
        // Where it is not told, the calls that it forbids tell it.
        only_grows: !fresh && sys.only_grows(dir).unwrap_or(false),
    }
}

/// The permissions (0o777) that the ACL which a directory hands down leaves at most to what is made
/// in it; `None` when it hands none down.
fn hands_down(sys: &dyn Sys, dir: BorrowedFd<'_>) -> Option<u32> {
    let acl = sys.get_xattr(dir, DEFAULT_ACL).ok()?;
    // What is not understood takes nothing away: the mask of the process is no part of it.
    (!acl.is_empty()).then(|| most_of(&acl).unwrap_or(0o777))
}

fn is_acl(attribute: &CStr) -> bool {
    attribute == ACCESS_ACL || attribute == DEFAULT_ACL
}

/// Kept means: set, read back, and equal.
fn set_and_read_back(sys: &dyn Sys, to: Bearer<'_>, attribute: &CStr, value: &[u8]) -> bool {
    to.set(sys, attribute, value).is_ok() && to.get(sys, attribute).is_ok_and(|back| back == value)
}

/// The permission bits (0..=7) an access ACL really gives the owning group: its entry, cut by the
/// mask.
fn owning_group(acl: &[u8]) -> Option<u32> {
    let bits = Bits::of(acl)?;
    bits.group.map(|group| group & bits.mask.unwrap_or(7))
}

/// The permissions (0o777) a default ACL leaves at most to what inherits it: those of the group's
/// class are the mask's, where there is one (acl(5)).
fn most_of(acl: &[u8]) -> Option<u32> {
    let bits = Bits::of(acl)?;
    Some(bits.owner? << 6 | bits.mask.or(bits.group)? << 3 | bits.others?)
}

/// The permission bits (0..=7) of the entries of an ACL that name nobody.
#[derive(Default)]
struct Bits {
    owner: Option<u32>,
    group: Option<u32>,
    mask: Option<u32>,
    others: Option<u32>,
}

impl Bits {
    /// Layout: `linux/posix_acl_xattr.h`, version 2, little-endian entries of tag, bits and id.
    fn of(acl: &[u8]) -> Option<Self> {
        const HEADER: usize = 4;
        const ENTRY: usize = 8;
        const USER_OBJ: u16 = 0x01;
        const GROUP_OBJ: u16 = 0x04;
        const MASK: u16 = 0x10;
        const OTHER: u16 = 0x20;
        if acl.get(..HEADER)? != 2u32.to_le_bytes() {
            return None;
        }
        let mut all = Self::default();
        for entry in acl[HEADER..].chunks_exact(ENTRY) {
            let bits = Some(u32::from(u16::from_le_bytes([entry[2], entry[3]])) & 7);
            match u16::from_le_bytes([entry[0], entry[1]]) {
                USER_OBJ => all.owner = bits,
                GROUP_OBJ => all.group = bits,
                MASK => all.mask = bits,
                OTHER => all.others = bits,
                _ => {}
            }
        }
        Some(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn acl(entries: &[(u16, u16)]) -> Vec<u8> {
        let mut bytes = 2u32.to_le_bytes().to_vec();
        for (tag, bits) in entries {
            bytes.extend(tag.to_le_bytes());
            bytes.extend(bits.to_le_bytes());
            bytes.extend(u32::MAX.to_le_bytes());
        }
        bytes
    }

    #[test]
    fn a_lost_acl_never_widens_the_group() {
        // user::rw-, user:bob:rw-, group::---, mask::rw-, other::--- shows as mode 0660.
        let value = acl(&[(0x01, 6), (0x02, 6), (0x04, 0), (0x10, 6), (0x20, 0)]);
        assert_eq!(owning_group(&value), Some(0));
        let value = acl(&[(0x01, 7), (0x04, 7), (0x10, 5), (0x20, 0)]);
        assert_eq!(owning_group(&value), Some(5));
        assert_eq!(owning_group(b"\x01\0\0\0"), None);
        assert_eq!(owning_group(b""), None);
    }

    #[test]
    fn what_belongs_to_the_system_stays() {
        let all = Preserve::ALL;
        assert!(travels(c"user.shot", all));
        assert!(travels(c"security.capability", all));
        assert!(travels(ACCESS_ACL, all));
        assert!(!travels(c"trusted.overlay.opaque", all));
        assert!(!travels(c"security.selinux", all));
        assert!(!travels(c"trusted.SGI_ACL_FILE", all));
        assert!(!travels(ACCESS_ACL, Preserve { acl: false, ..all }));
        assert!(!travels(
            c"user.shot",
            Preserve {
                xattr: false,
                ..all
            }
        ));
    }
}
