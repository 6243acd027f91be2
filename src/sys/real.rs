//! The real kernel.

use super::{
    Alignment, Caching, Child, Errno, FsKind, Kind, Layout, Reserve, Ring, Space, Stat, Sys,
    SysResult, Time, buf, cached, ring,
};
use rustix::fs::{
    self, AtFlags, FlockOperation, Mode, OFlags, RenameFlags, SeekFrom, Timespec, Timestamps,
};
use rustix::io;
use std::ffi::{CStr, CString};
use std::fs::File;
use std::io::Read as _;
use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd, IntoRawFd, OwnedFd};
use std::path::Path;

/// Most bytes one offload call is asked for: below 2 GiB, where kernels and C libraries have had
/// their sign errors (glibc 2.41, coreutils 9.8 NEWS).
const OFFLOAD_MAX: usize = 1 << 30;

/// Calls that reach the kernel.
#[derive(Clone, Copy, Debug, Default)]
pub struct Real;

fn timestamps(atime: Time, mtime: Time) -> Timestamps {
    let spec = |time: Time| Timespec {
        tv_sec: time.secs,
        tv_nsec: time.nanos.into(),
    };
    Timestamps {
        last_access: spec(atime),
        last_modification: spec(mtime),
    }
}

fn owner(uid: u32, gid: u32) -> (Option<fs::Uid>, Option<fs::Gid>) {
    // u32::MAX means "leave" to the kernel and is no valid id.
    (
        (uid != u32::MAX).then(|| fs::Uid::from_raw(uid)),
        (gid != u32::MAX).then(|| fs::Gid::from_raw(gid)),
    )
}

/// The inode that a place (`O_PATH`) was opened on, as a path: the kernel goes from the descriptor
/// straight to it, and no further where it is a link. For calls that take no such descriptor: those
/// for attributes before 6.13, chmod before 6.6.
fn itself(place: BorrowedFd<'_>) -> String {
    format!("/proc/self/fd/{}", place.as_raw_fd())
}

/// Reads something whose length was just asked for; once more when it grew in between.
fn grown(len: usize, read: impl Fn(&mut [u8]) -> SysResult<usize>) -> SysResult<Vec<u8>> {
    if len == 0 {
        return Ok(Vec::new());
    }
    // The kernel's own bound for a value and for a list (XATTR_SIZE_MAX, xattr(7)).
    for len in [len, 65_536] {
        let mut buffer = vec![0; len];
        match read(&mut buffer) {
            Ok(got) => {
                buffer.truncate(got);
                return Ok(buffer);
            }
            Err(Errno::RANGE) => {}
            Err(errno) => return Err(errno),
        }
    }
    Err(Errno::RANGE)
}

impl Sys for Real {
    fn open_root(&self, path: &Path) -> SysResult<OwnedFd> {
        let flags = OFlags::DIRECTORY | OFlags::CLOEXEC;
        match fs::open(path, flags | OFlags::RDONLY, Mode::empty()) {
            // What may be entered and not listed is still a place to start from.
            Err(Errno::ACCESS) => fs::open(path, flags | OFlags::PATH, Mode::empty()),
            result => result,
        }
    }

    fn open_dir(&self, at: BorrowedFd<'_>, name: &CStr) -> SysResult<OwnedFd> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        fs::openat(at, name, flags, Mode::empty())
    }

    fn open_place(&self, at: BorrowedFd<'_>, name: &CStr) -> SysResult<OwnedFd> {
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        fs::openat(at, name, flags, Mode::empty())
    }

    fn open_place_followed(&self, at: BorrowedFd<'_>, name: &CStr) -> SysResult<OwnedFd> {
        fs::openat(at, name, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())
    }

    fn open_source(&self, at: BorrowedFd<'_>, name: &CStr) -> SysResult<OwnedFd> {
        let flags =
            OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        fs::openat(at, name, flags, Mode::empty())
    }

    fn create_new(&self, at: BorrowedFd<'_>, name: &CStr) -> SysResult<OwnedFd> {
        let flags =
            OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        fs::openat(at, name, flags, Mode::RUSR | Mode::WUSR)
    }

    fn create_nameless(&self, at: BorrowedFd<'_>, mode: u32) -> SysResult<OwnedFd> {
        let flags = OFlags::RDWR | OFlags::TMPFILE | OFlags::CLOEXEC;
        fs::openat(at, c".", flags, Mode::from_raw_mode(mode))
    }

    fn link_open(&self, fd: BorrowedFd<'_>, at: BorrowedFd<'_>, name: &CStr) -> SysResult<()> {
        fs::linkat(fd, c"", at, name, AtFlags::EMPTY_PATH)
    }

    fn try_lock(&self, fd: BorrowedFd<'_>) -> SysResult<bool> {
        match fs::flock(fd, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(true),
            Err(Errno::WOULDBLOCK) => Ok(false),
            Err(errno) => Err(errno),
        }
    }

    fn stat(&self, fd: BorrowedFd<'_>) -> SysResult<Stat> {
        fs::fstat(fd).map(Stat::from)
    }

    fn stat_anew(&self, fd: BorrowedFd<'_>) -> SysResult<Stat> {
        let asked = AtFlags::EMPTY_PATH | AtFlags::STATX_FORCE_SYNC;
        match fs::statx(fd, c"", asked, fs::StatxFlags::BASIC_STATS) {
            Ok(told) => Ok(Stat::from(told)),
            // Linux before 4.11, or a filter that does not know the call.
            Err(Errno::NOSYS | Errno::PERM) => self.stat(fd),
            Err(errno) => Err(errno),
        }
    }

    fn only_grows(&self, dir: BorrowedFd<'_>) -> SysResult<bool> {
        match fs::statx(dir, c"", AtFlags::EMPTY_PATH, fs::StatxFlags::TYPE) {
            Ok(told) => Ok(told.stx_attributes.contains(fs::StatxAttributes::APPEND)),
            Err(Errno::NOSYS | Errno::INVAL | Errno::PERM) => Ok(false),
            Err(errno) => Err(errno),
        }
    }

    fn stat_at(&self, at: BorrowedFd<'_>, name: &CStr) -> SysResult<Stat> {
        fs::statat(at, name, AtFlags::SYMLINK_NOFOLLOW).map(Stat::from)
    }

    fn stat_path(&self, path: &Path) -> SysResult<Stat> {
        fs::stat(path).map(Stat::from)
    }

    #[allow(
        clippy::unnecessary_cast,
        reason = "field types differ by architecture"
    )]
    fn space(&self, fd: BorrowedFd<'_>) -> SysResult<Space> {
        let stat = fs::fstatfs(fd)?;
        let block = if stat.f_frsize > 0 {
            stat.f_frsize
        } else {
            stat.f_bsize
        } as u64;
        Ok(Space {
            free: (stat.f_bavail as u64).saturating_mul(block),
            total: (stat.f_blocks as u64).saturating_mul(block),
            inodes_free: stat.f_ffree as u64,
            inodes_total: stat.f_files as u64,
            kind: FsKind(stat.f_type as u64 & 0xFFFF_FFFF),
        })
    }

    fn make_dir(&self, at: BorrowedFd<'_>, name: &CStr) -> SysResult<()> {
        fs::mkdirat(at, name, Mode::RWXU)
    }

    fn make_link(&self, target: &CStr, at: BorrowedFd<'_>, name: &CStr) -> SysResult<()> {
        fs::symlinkat(target, at, name)
    }

    fn make_node(&self, at: BorrowedFd<'_>, name: &CStr, kind: Kind, rdev: u64) -> SysResult<()> {
        fs::mknodat(at, name, kind.file_type(), Mode::RUSR | Mode::WUSR, rdev)
    }

    fn read_link(&self, at: BorrowedFd<'_>, name: &CStr) -> SysResult<CString> {
        fs::readlinkat(at, name, Vec::new())
    }

    fn write_at(
        &self,
        fd: BorrowedFd<'_>,
        bytes: &[u8],
        offset: u64,
        pages: Caching,
    ) -> SysResult<usize> {
        match pages {
            Caching::Stay => io::pwrite(fd, bytes, offset),
            Caching::Go => io::pwritev2(fd, &[IoSlice::new(bytes)], offset, Caching::go()),
        }
    }

    fn copy_range(
        &self,
        src: BorrowedFd<'_>,
        dst: BorrowedFd<'_>,
        offset: u64,
        len: usize,
    ) -> SysResult<usize> {
        let (mut from, mut to) = (offset, offset);
        fs::copy_file_range(
            src,
            Some(&mut from),
            dst,
            Some(&mut to),
            len.min(OFFLOAD_MAX),
        )
    }

    fn send_file(
        &self,
        src: BorrowedFd<'_>,
        dst: BorrowedFd<'_>,
        offset: u64,
        len: usize,
    ) -> SysResult<usize> {
        let mut from = offset;
        fs::sendfile(dst, src, Some(&mut from), len.min(OFFLOAD_MAX))
    }

    fn clone_file(&self, src: BorrowedFd<'_>, dst: BorrowedFd<'_>) -> SysResult<()> {
        fs::ioctl_ficlone(dst, src)
    }

    fn std_copy(
        &self,
        src: BorrowedFd<'_>,
        dst: BorrowedFd<'_>,
        offset: u64,
        len: u64,
    ) -> SysResult<u64> {
        fs::seek(src, SeekFrom::Start(offset))?;
        self.seek(dst, offset)?;
        let errno = |error: std::io::Error| Errno::from_io_error(&error).unwrap_or(Errno::IO);
        let from = File::from(src.try_clone_to_owned().map_err(errno)?);
        let mut to = File::from(dst.try_clone_to_owned().map_err(errno)?);
        std::io::copy(&mut from.take(len), &mut to).map_err(errno)
    }

    fn seek(&self, fd: BorrowedFd<'_>, offset: u64) -> SysResult<()> {
        match fs::seek(fd, SeekFrom::Start(offset)) {
            Ok(_) => Ok(()),
            // An offset that the file system's format cannot say (lseek(2)): what a write there
            // would be told.
            Err(Errno::INVAL) => Err(Errno::FBIG),
            Err(errno) => Err(errno),
        }
    }

    fn seek_data(&self, fd: BorrowedFd<'_>, offset: u64) -> SysResult<Option<u64>> {
        match fs::seek(fd, SeekFrom::Data(offset)) {
            Ok(at) => Ok(Some(at)),
            Err(Errno::NXIO) => Ok(None),
            Err(errno) => Err(errno),
        }
    }

    fn seek_hole(&self, fd: BorrowedFd<'_>, offset: u64) -> SysResult<u64> {
        fs::seek(fd, SeekFrom::Hole(offset))
    }

    fn set_len(&self, fd: BorrowedFd<'_>, len: u64) -> SysResult<()> {
        fs::ftruncate(fd, len)
    }

    fn set_owner(&self, fd: BorrowedFd<'_>, uid: u32, gid: u32) -> SysResult<()> {
        let (uid, gid) = owner(uid, gid);
        fs::fchown(fd, uid, gid)
    }

    fn set_owner_of(&self, place: BorrowedFd<'_>, uid: u32, gid: u32) -> SysResult<()> {
        let (uid, gid) = owner(uid, gid);
        fs::chownat(place, c"", uid, gid, AtFlags::EMPTY_PATH)
    }

    fn set_mode(&self, fd: BorrowedFd<'_>, mode: u32) -> SysResult<()> {
        fs::fchmod(fd, Mode::from_raw_mode(mode))
    }

    fn set_mode_of(&self, place: BorrowedFd<'_>, mode: u32) -> SysResult<()> {
        fs::chmod(itself(place), Mode::from_raw_mode(mode))
    }

    fn set_times(&self, fd: BorrowedFd<'_>, atime: Time, mtime: Time) -> SysResult<()> {
        fs::futimens(fd, &timestamps(atime, mtime))
    }

    fn set_times_of(&self, place: BorrowedFd<'_>, atime: Time, mtime: Time) -> SysResult<()> {
        fs::utimensat(place, c"", &timestamps(atime, mtime), AtFlags::EMPTY_PATH)
    }

    fn sync(&self, fd: BorrowedFd<'_>) -> SysResult<()> {
        fs::fsync(fd)
    }

    fn sync_fs(&self, fd: BorrowedFd<'_>) -> SysResult<()> {
        fs::syncfs(fd)
    }

    fn rename(
        &self,
        from_dir: BorrowedFd<'_>,
        from: &CStr,
        to_dir: BorrowedFd<'_>,
        to: &CStr,
    ) -> SysResult<()> {
        fs::renameat(from_dir, from, to_dir, to)
    }

    fn rename_new(
        &self,
        from_dir: BorrowedFd<'_>,
        from: &CStr,
        to_dir: BorrowedFd<'_>,
        to: &CStr,
    ) -> SysResult<()> {
        fs::renameat_with(from_dir, from, to_dir, to, RenameFlags::NOREPLACE)
    }

    fn link(
        &self,
        from_dir: BorrowedFd<'_>,
        from: &CStr,
        to_dir: BorrowedFd<'_>,
        to: &CStr,
    ) -> SysResult<()> {
        fs::linkat(from_dir, from, to_dir, to, AtFlags::empty())
    }

    fn open_followed(&self, at: BorrowedFd<'_>, name: &CStr) -> SysResult<OwnedFd> {
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        fs::openat(at, name, flags, Mode::empty())
    }

    fn open_dir_followed(&self, at: BorrowedFd<'_>, name: &CStr) -> SysResult<OwnedFd> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        fs::openat(at, name, flags, Mode::empty())
    }

    fn stat_followed(&self, at: BorrowedFd<'_>, name: &CStr) -> SysResult<Stat> {
        fs::statat(at, name, AtFlags::empty()).map(Stat::from)
    }

    fn list_xattrs(&self, fd: BorrowedFd<'_>) -> SysResult<Vec<u8>> {
        // Most files have none: asking for the length alone needs no memory.
        grown(fs::flistxattr_query(fd)?, |buffer| {
            fs::flistxattr(fd, buffer)
        })
    }

    fn get_xattr(&self, fd: BorrowedFd<'_>, attribute: &CStr) -> SysResult<Vec<u8>> {
        grown(fs::fgetxattr_query(fd, attribute)?, |buffer| {
            fs::fgetxattr(fd, attribute, buffer)
        })
    }

    fn set_xattr(&self, fd: BorrowedFd<'_>, attribute: &CStr, value: &[u8]) -> SysResult<()> {
        fs::fsetxattr(fd, attribute, value, fs::XattrFlags::empty())
    }

    fn remove_xattr(&self, fd: BorrowedFd<'_>, attribute: &CStr) -> SysResult<()> {
        fs::fremovexattr(fd, attribute)
    }

    fn list_xattrs_of(&self, place: BorrowedFd<'_>) -> SysResult<Vec<u8>> {
        let path = itself(place);
        grown(fs::listxattr_query(&path)?, |buffer| {
            fs::listxattr(&path, buffer)
        })
    }

    fn get_xattr_of(&self, place: BorrowedFd<'_>, attribute: &CStr) -> SysResult<Vec<u8>> {
        let path = itself(place);
        grown(fs::getxattr_query(&path, attribute)?, |buffer| {
            fs::getxattr(&path, attribute, buffer)
        })
    }

    fn set_xattr_of(&self, place: BorrowedFd<'_>, attribute: &CStr, value: &[u8]) -> SysResult<()> {
        fs::setxattr(itself(place), attribute, value, fs::XattrFlags::empty())
    }

    fn remove_xattr_of(&self, place: BorrowedFd<'_>, attribute: &CStr) -> SysResult<()> {
        fs::removexattr(itself(place), attribute)
    }

    fn unlink(&self, at: BorrowedFd<'_>, name: &CStr) -> SysResult<()> {
        fs::unlinkat(at, name, AtFlags::empty())
    }

    fn remove_dir(&self, at: BorrowedFd<'_>, name: &CStr) -> SysResult<()> {
        fs::unlinkat(at, name, AtFlags::REMOVEDIR)
    }

    fn forget_pages(&self, fd: BorrowedFd<'_>) -> SysResult<()> {
        fs::fadvise(fd, 0, None, fs::Advice::DontNeed)
    }

    fn ring(&self, layout: Layout) -> SysResult<Box<dyn Ring>> {
        Ok(if layout.threads {
            Box::new(ring::Threads::new(layout)?)
        } else {
            Box::new(ring::Kernel::new(layout)?)
        })
    }

    fn set_direct(&self, fd: BorrowedFd<'_>, direct: bool) -> SysResult<()> {
        let mut flags = fs::fcntl_getfl(fd)?;
        flags.set(OFlags::DIRECT, direct);
        fs::fcntl_setfl(fd, flags)
    }

    fn alignment(&self, fd: BorrowedFd<'_>) -> SysResult<Option<Alignment>> {
        // Where the kernel (6.1) or the file system does not tell, whole pages fit everything known.
        let page = Alignment {
            memory: buf::PAGE as u32,
            offset: buf::PAGE as u32,
        };
        let told = match fs::statx(fd, c"", AtFlags::EMPTY_PATH, fs::StatxFlags::DIOALIGN) {
            Ok(told) => told,
            Err(Errno::NOSYS | Errno::INVAL | Errno::PERM) => return Ok(Some(page)),
            Err(errno) => return Err(errno),
        };
        if told.stx_mask & fs::StatxFlags::DIOALIGN.bits() == 0 {
            return Ok(Some(page));
        }
        let (memory, offset) = (told.stx_dio_mem_align, told.stx_dio_offset_align);
        let usable = memory.is_power_of_two() && offset.is_power_of_two();
        Ok(usable.then_some(Alignment { memory, offset }))
    }

    fn resident(&self, fd: BorrowedFd<'_>, len: u64) -> SysResult<u64> {
        cached::resident(fd, len)
    }

    fn reserve(&self, fd: BorrowedFd<'_>, len: u64, what: Reserve) -> SysResult<()> {
        // Never the C library's posix_fallocate, which writes every block where the file system
        // has no such call.
        fs::fallocate(fd, what.flags(), 0, len)
    }

    fn duplicate(&self, fd: BorrowedFd<'_>) -> SysResult<OwnedFd> {
        io::fcntl_dupfd_cloexec(fd, 0)
    }

    fn list(
        &self,
        dir: BorrowedFd<'_>,
        buffer: &mut [MaybeUninit<u8>],
        each: &mut dyn FnMut(Child<'_>),
    ) -> SysResult<bool> {
        let mut entries = fs::RawDir::new(dir, buffer);
        while let Some(entry) = entries.next() {
            let entry = entry?;
            let name = entry.file_name();
            if name != c"." && name != c".." {
                each(Child {
                    name,
                    kind: Kind::from_file_type(entry.file_type()),
                    ino: entry.ino(),
                });
            }
            // One getdents64 a call, so that a fault or a cancel can strike between two.
            if entries.is_buffer_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn read_at(
        &self,
        fd: BorrowedFd<'_>,
        buffer: &mut [u8],
        offset: u64,
        pages: Caching,
    ) -> SysResult<usize> {
        match pages {
            Caching::Stay => io::pread(fd, buffer, offset),
            Caching::Go => io::preadv2(fd, &mut [IoSliceMut::new(buffer)], offset, Caching::go()),
        }
    }

    fn close(&self, fd: OwnedFd) -> SysResult<()> {
        // SAFETY: `into_raw_fd` gives up ownership, so nothing else closes this descriptor.
        let result = unsafe { libc::close(fd.into_raw_fd()) };
        if result == 0 {
            return Ok(());
        }
        let error = std::io::Error::last_os_error();
        Err(Errno::from_io_error(&error).unwrap_or(Errno::IO))
    }
}
