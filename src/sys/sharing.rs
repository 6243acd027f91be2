//! Whether a file system can share blocks between files, asked without writing.

use super::FsKind;
use rustix::ioctl::{Getter, Opcode, ioctl, opcode};
use std::os::fd::BorrowedFd;

/// What xfs tells of itself (`struct xfs_fsop_geom_v1` of `xfs_fs.h`), of which only the flags are
/// of use here.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
struct Geometry {
    sizes: [u32; 8],
    blocks: [u64; 4],
    id: [u8; 16],
    stripes: [u32; 2],
    version: i32,
    flags: u32,
    sectors: [u32; 3],
}

/// `XFS_IOC_FSGEOMETRY_V1`: every xfs answers it, to everybody.
const ASK: Opcode = opcode::read::<Geometry>(b'X', 100);

/// `XFS_FSOP_GEOM_FLAGS_REFLINK`.
const REFLINK: u32 = 1 << 20;

/// False where it is known that no two files on the file system of `fd`, which is of this kind, can
/// share blocks: by its kind, or because an xfs was made without (`mkfs.xfs -m reflink=0`, or before
/// xfsprogs 5.1). True says only that it may be tried.
pub fn may_share_blocks(fd: BorrowedFd<'_>, kind: FsKind) -> bool {
    if kind.name() != "xfs" {
        return !kind.never_shares_blocks();
    }
    // SAFETY: the opcode names the size of `Geometry`, any content of which is valid.
    let told = unsafe { ioctl(fd, Getter::<ASK, Geometry>::new()) };
    // What may only be entered (`O_PATH`) cannot be asked.
    told.map_or(true, |told| told.flags & REFLINK != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_question_is_the_kernel_s() {
        // As in xfs_fs.h: _IOR('X', 100, struct xfs_fsop_geom_v1), of 112 bytes.
        assert_eq!(size_of::<Geometry>(), 112);
        assert_eq!(std::mem::offset_of!(Geometry, flags), 92);
        assert_eq!(u64::from(ASK) & 0xFFFF_FFFF, 0x8070_5864);
    }
}
