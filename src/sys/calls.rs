//! The seam: one method a system call, relative to descriptors.

use super::{Alignment, Caching, Errno, Kind, Layout, Reserve, Ring, Space, Stat, Time};
use std::ffi::CStr;
use std::fmt::Debug;
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::Path;

/// What a call returns: its value, or the kernel's error number.
pub type SysResult<T> = Result<T, Errno>;

/// A name met in a directory.
#[derive(Clone, Copy, Debug)]
pub struct Child<'a> {
    /// The name; never `.` or `..`.
    pub name: &'a CStr,
    /// Its kind, where the file system says it without a further call.
    pub kind: Option<Kind>,
    /// Its inode number.
    pub ino: u64,
}

/// Calls whose arguments can be used twice: declared once, and passed on by every wrapper.
///
/// `$apply!` receives the list; `real.rs` is the only hand-written implementation.
macro_rules! each_call {
    ($apply:ident) => {
        $apply! {
            /// Opens a directory argument by path, following links (the caller checks whose); where it
            /// may be entered but not listed, as a place only (`O_PATH`).
            open_root => OpenRoot(path: &Path) -> OwnedFd;
            /// Opens the directory `name` in `at` for listing and as a base; never through a link.
            open_dir => OpenDir(at: BorrowedFd<'_>, name: &CStr) -> OwnedFd;
            /// A descriptor that is only a place (`O_PATH`): of `name` in `at`, whatever it is, of the
            /// link itself when it is one. Needs no permission on the inode.
            open_place => OpenPlace(at: BorrowedFd<'_>, name: &CStr) -> OwnedFd;
            /// The same of what `name` leads to, links followed.
            open_place_followed => OpenPlaceFollowed(at: BorrowedFd<'_>, name: &CStr) -> OwnedFd;
            /// Opens the file `name` in `at` for reading: not through a link, never blocking on a
            /// pipe, never taking a terminal.
            open_source => OpenSource(at: BorrowedFd<'_>, name: &CStr) -> OwnedFd;
            /// Creates `name` in `at` with mode 0600; an error when the name exists in any form.
            create_new => CreateNew(at: BorrowedFd<'_>, name: &CStr) -> OwnedFd;
            /// Creates a file without a name on the file system of the directory `at` (`O_TMPFILE`,
            /// open(2)), with that mode less the umask. It is gone when it is closed, unless it was
            /// linked.
            create_nameless => CreateNameless(at: BorrowedFd<'_>, mode: u32) -> OwnedFd;
            /// Gives an open file a name in `at`; an error when the name exists. The kernel allows it to
            /// whoever opened the file since 6.10, before that to root (linkat(2), `AT_EMPTY_PATH`).
            link_open => LinkOpen(fd: BorrowedFd<'_>, at: BorrowedFd<'_>, name: &CStr) -> ();
            /// Takes the advisory lock that marks a temporary as in use; false when another holds it.
            try_lock => TryLock(fd: BorrowedFd<'_>) -> bool;
            /// Metadata of an open descriptor.
            stat => StatFd(fd: BorrowedFd<'_>) -> Stat;
            /// The same, asked of whoever keeps the file (a server, a FUSE program) rather than taken
            /// from what the kernel remembers of it (statx(2), `AT_STATX_FORCE_SYNC`).
            stat_anew => StatAnew(fd: BorrowedFd<'_>) -> Stat;
            /// True for a directory in which names may be made, and none changed or taken away (the
            /// append-only flag of chattr(1), told by statx(2) since Linux 4.11); false where the kernel
            /// or the file system does not tell.
            only_grows => OnlyGrows(dir: BorrowedFd<'_>) -> bool;
            /// Metadata of a name, of the link itself when it is one.
            stat_at => StatAt(at: BorrowedFd<'_>, name: &CStr) -> Stat;
            /// Metadata of a path, following links.
            stat_path => StatPath(path: &Path) -> Stat;
            /// Room on the file system behind a descriptor.
            space => Statfs(fd: BorrowedFd<'_>) -> Space;
            /// Creates a directory with mode 0700.
            make_dir => MakeDir(at: BorrowedFd<'_>, name: &CStr) -> ();
            /// Creates a symbolic link.
            make_link => MakeLink(target: &CStr, at: BorrowedFd<'_>, name: &CStr) -> ();
            /// Creates a FIFO, socket or device node with mode 0600.
            make_node => MakeNode(at: BorrowedFd<'_>, name: &CStr, kind: Kind, rdev: u64) -> ();
            /// The target of a symbolic link; of the link that `at` is a place of, for an empty name.
            read_link => ReadLink(at: BorrowedFd<'_>, name: &CStr) -> std::ffi::CString;
            /// Writes bytes at an offset; may write fewer. EOPNOTSUPP where pages cannot go.
            write_at => WriteAt(fd: BorrowedFd<'_>, bytes: &[u8], offset: u64, pages: Caching) -> usize;
            /// `copy_file_range(2)` between two offsets; may move fewer; 0 at the end of the source.
            copy_range => CopyRange(src: BorrowedFd<'_>, dst: BorrowedFd<'_>, offset: u64, len: usize) -> usize;
            /// `sendfile(2)` from an offset to the position of `dst`; may move fewer.
            send_file => SendFile(src: BorrowedFd<'_>, dst: BorrowedFd<'_>, offset: u64, len: usize) -> usize;
            /// `ioctl(FICLONE)`: makes `dst` share all blocks of `src`.
            clone_file => CloneFile(src: BorrowedFd<'_>, dst: BorrowedFd<'_>) -> ();
            /// The standard library's copy of up to `len` bytes at the same offset in both.
            std_copy => StdCopy(src: BorrowedFd<'_>, dst: BorrowedFd<'_>, offset: u64, len: u64) -> u64;
            /// Moves the position of a descriptor.
            seek => Seek(fd: BorrowedFd<'_>, offset: u64) -> ();
            /// The first data at or after an offset; `None` when only a hole follows.
            seek_data => SeekData(fd: BorrowedFd<'_>, offset: u64) -> Option<u64>;
            /// The first hole at or after an offset (the end counts as one).
            seek_hole => SeekHole(fd: BorrowedFd<'_>, offset: u64) -> u64;
            /// Sets the length.
            set_len => SetLen(fd: BorrowedFd<'_>, len: u64) -> ();
            /// Sets owner and group of an open file.
            set_owner => SetOwner(fd: BorrowedFd<'_>, uid: u32, gid: u32) -> ();
            /// Sets owner and group of what a place (`O_PATH`) is, be it a link.
            set_owner_of => SetOwnerOf(place: BorrowedFd<'_>, uid: u32, gid: u32) -> ();
            /// Sets the mode of an open file.
            set_mode => SetMode(fd: BorrowedFd<'_>, mode: u32) -> ();
            /// Sets the mode of what a place is; a link has none to set.
            set_mode_of => SetModeOf(place: BorrowedFd<'_>, mode: u32) -> ();
            /// Sets access and modification time of an open file.
            set_times => SetTimes(fd: BorrowedFd<'_>, atime: Time, mtime: Time) -> ();
            /// Sets the times of what a place is, be it a link.
            set_times_of => SetTimesOf(place: BorrowedFd<'_>, atime: Time, mtime: Time) -> ();
            /// Flushes one file to the device. After an error the bytes must be written again.
            sync => Sync(fd: BorrowedFd<'_>) -> ();
            /// Flushes the whole file system behind a descriptor.
            sync_fs => SyncFs(fd: BorrowedFd<'_>) -> ();
            /// Opens what `name` in `at` leads to, links followed, for reading.
            open_followed => OpenFollowed(at: BorrowedFd<'_>, name: &CStr) -> OwnedFd;
            /// Opens the directory that `name` in `at` leads to, links followed.
            open_dir_followed => OpenDirFollowed(at: BorrowedFd<'_>, name: &CStr) -> OwnedFd;
            /// Metadata of what a name leads to, links followed.
            stat_followed => StatFollowed(at: BorrowedFd<'_>, name: &CStr) -> Stat;
            /// Names of an open file's extended attributes, each ended by a NUL.
            list_xattrs => ListXattrs(fd: BorrowedFd<'_>) -> Vec<u8>;
            /// Value of one of them.
            get_xattr => GetXattr(fd: BorrowedFd<'_>, attribute: &CStr) -> Vec<u8>;
            /// Sets one of them.
            set_xattr => SetXattr(fd: BorrowedFd<'_>, attribute: &CStr, value: &[u8]) -> ();
            /// Removes one of them.
            remove_xattr => RemoveXattr(fd: BorrowedFd<'_>, attribute: &CStr) -> ();
            /// The same four for what a place is, be it a link.
            list_xattrs_of => ListXattrsOf(place: BorrowedFd<'_>) -> Vec<u8>;
            /// Value of an attribute of a place.
            get_xattr_of => GetXattrOf(place: BorrowedFd<'_>, attribute: &CStr) -> Vec<u8>;
            /// Sets an attribute of a place.
            set_xattr_of => SetXattrOf(place: BorrowedFd<'_>, attribute: &CStr, value: &[u8]) -> ();
            /// Removes an attribute of a place.
            remove_xattr_of => RemoveXattrOf(place: BorrowedFd<'_>, attribute: &CStr) -> ();
            /// Renames, replacing what has the new name.
            rename => Rename(from_dir: BorrowedFd<'_>, from: &CStr, to_dir: BorrowedFd<'_>, to: &CStr) -> ();
            /// Renames; an error when the new name exists.
            rename_new => RenameNew(from_dir: BorrowedFd<'_>, from: &CStr, to_dir: BorrowedFd<'_>, to: &CStr) -> ();
            /// A second name for an inode; an error when it exists. Not through a link.
            link => Link(from_dir: BorrowedFd<'_>, from: &CStr, to_dir: BorrowedFd<'_>, to: &CStr) -> ();
            /// Removes a name that is no directory.
            unlink => Unlink(at: BorrowedFd<'_>, name: &CStr) -> ();
            /// Removes an empty directory.
            remove_dir => RemoveDir(at: BorrowedFd<'_>, name: &CStr) -> ();
            /// Lets go of a flushed file's pages in memory, so that it is read from the device.
            forget_pages => ForgetPages(fd: BorrowedFd<'_>) -> ();
            /// A ring of transfers with its buffers, for the calling thread.
            ring => RingSetup(layout: Layout) -> Box<dyn Ring>;
            /// Makes all that is read and written through the open file pass by the page cache, or
            /// not (`O_DIRECT`). Of the open file, not of the descriptor.
            set_direct => SetDirect(fd: BorrowedFd<'_>, direct: bool) -> ();
            /// What `O_DIRECT` wants of an open file; `None` where it cannot be used.
            alignment => Alignment(fd: BorrowedFd<'_>) -> Option<Alignment>;
            /// Bytes of the first `len` of a file whose pages are in memory (cachestat(2), Linux 6.5).
            resident => Resident(fd: BorrowedFd<'_>, len: u64) -> u64;
            /// Sets blocks aside for the first `len` bytes of a file, where its file system can:
            /// EOPNOTSUPP where it cannot.
            reserve => Reserve(fd: BorrowedFd<'_>, len: u64, what: Reserve) -> ();
            /// A second descriptor for the same open file.
            duplicate => Duplicate(fd: BorrowedFd<'_>) -> OwnedFd;
        }
    };
}
pub(super) use each_call;

macro_rules! declare {
    ($($(#[$doc:meta])* $name:ident => $call:ident($($arg:ident: $ty:ty),*) -> $ret:ty;)*) => {
        /// Names the calls, for the fault plan and for what a test recorded.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Call {
            $($(#[$doc])* $call,)*
            /// Reads a piece of a directory.
            List,
            /// Reads bytes at an offset.
            ReadAt,
            /// A read that a ring carries out.
            RingRead,
            /// A write that a ring carries out.
            RingWrite,
            /// Waits for what a ring carries out.
            RingWait,
            /// Closes a descriptor that was written to.
            Close,
        }

        /// The file-system calls. Each is one system call (or says which few); errors are the
        /// kernel's own numbers, uninterpreted.
        pub trait Sys: Send + Sync + Debug {
            $($(#[$doc])* fn $name(&self, $($arg: $ty),*) -> SysResult<$ret>;)*

            /// Reads the next piece of a directory through `buffer` and hands each name to
            /// `each`; false at the end.
            fn list(
                &self,
                dir: BorrowedFd<'_>,
                buffer: &mut [MaybeUninit<u8>],
                each: &mut dyn FnMut(Child<'_>),
            ) -> SysResult<bool>;

            /// Reads bytes at an offset; may read fewer; 0 at the end. EOPNOTSUPP where pages cannot
            /// go.
            fn read_at(
                &self,
                fd: BorrowedFd<'_>,
                buffer: &mut [u8],
                offset: u64,
                pages: Caching,
            ) -> SysResult<usize>;

            /// Closes and says whether the kernel took everything: network file systems report a
            /// full disk here. The descriptor is gone whatever is returned; never retried.
            fn close(&self, fd: OwnedFd) -> SysResult<()>;
        }
    };
}
each_call!(declare);
