//! What the kernel says of an inode and of a file system, in our own plain types.

use rustix::fs::FileType;

/// Seconds and nanoseconds since the epoch, as stored by the file system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time {
    /// Seconds; negative before 1970.
    pub secs: i64,
    /// Nanoseconds, `0..1_000_000_000`.
    pub nanos: u32,
}

/// What `O_DIRECT` wants, in bytes; powers of two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alignment {
    /// Of addresses.
    pub memory: u32,
    /// Of offsets and lengths.
    pub offset: u32,
}

/// What an inode is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Regular file.
    File,
    /// Directory.
    Dir,
    /// Symbolic link.
    Link,
    /// Named pipe.
    Fifo,
    /// Socket.
    Socket,
    /// Character device.
    Char,
    /// Block device.
    Block,
}

impl Kind {
    /// The kind a directory entry claims; `None` for `DT_UNKNOWN`.
    pub fn from_file_type(kind: FileType) -> Option<Self> {
        Some(match kind {
            FileType::RegularFile => Self::File,
            FileType::Directory => Self::Dir,
            FileType::Symlink => Self::Link,
            FileType::Fifo => Self::Fifo,
            FileType::Socket => Self::Socket,
            FileType::CharacterDevice => Self::Char,
            FileType::BlockDevice => Self::Block,
            FileType::Unknown => return None,
        })
    }

    /// The kind as the type bits of a mode.
    pub fn file_type(self) -> FileType {
        match self {
            Self::File => FileType::RegularFile,
            Self::Dir => FileType::Directory,
            Self::Link => FileType::Symlink,
            Self::Fifo => FileType::Fifo,
            Self::Socket => FileType::Socket,
            Self::Char => FileType::CharacterDevice,
            Self::Block => FileType::BlockDevice,
        }
    }

    /// The word for messages.
    pub const fn word(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Dir => "directory",
            Self::Link => "symbolic link",
            Self::Fifo => "named pipe",
            Self::Socket => "socket",
            Self::Char => "character device",
            Self::Block => "block device",
        }
    }
}

/// An inode's metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stat {
    /// Device.
    pub dev: u64,
    /// Inode number on that device.
    pub ino: u64,
    /// What it is.
    pub kind: Kind,
    /// Permission bits with set-id and sticky, without the type.
    pub mode: u32,
    /// Hard links.
    pub nlink: u64,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Device number of a device node.
    pub rdev: u64,
    /// Length in bytes.
    pub size: u64,
    /// Blocks of 512 bytes in use.
    pub blocks: u64,
    /// Last access.
    pub atime: Time,
    /// Last change of the content.
    pub mtime: Time,
    /// Last change of the inode.
    pub ctime: Time,
}

impl Stat {
    /// True when both are one inode.
    pub fn same_inode(&self, other: &Self) -> bool {
        self.dev == other.dev && self.ino == other.ino
    }

    /// True when some of the length has no blocks behind it. A hint only: compressed files look so too.
    pub fn looks_sparse(&self) -> bool {
        self.blocks.saturating_mul(512) < self.size
    }
}

impl From<rustix::fs::Stat> for Stat {
    fn from(stat: rustix::fs::Stat) -> Self {
        // The field types differ between architectures; the widest fits all.
        #[allow(
            clippy::useless_conversion,
            clippy::unnecessary_cast,
            reason = "field types differ by architecture"
        )]
        Self {
            dev: stat.st_dev as u64,
            ino: stat.st_ino as u64,
            kind: Kind::from_file_type(FileType::from_raw_mode(stat.st_mode)).unwrap_or(Kind::File),
            mode: stat.st_mode & 0o7777,
            nlink: stat.st_nlink as u64,
            uid: stat.st_uid,
            gid: stat.st_gid,
            rdev: stat.st_rdev as u64,
            size: stat.st_size as u64,
            blocks: stat.st_blocks as u64,
            atime: Time {
                secs: stat.st_atime as i64,
                nanos: stat.st_atime_nsec as u32,
            },
            mtime: Time {
                secs: stat.st_mtime as i64,
                nanos: stat.st_mtime_nsec as u32,
            },
            ctime: Time {
                secs: stat.st_ctime as i64,
                nanos: stat.st_ctime_nsec as u32,
            },
        }
    }
}

impl From<rustix::fs::Statx> for Stat {
    fn from(told: rustix::fs::Statx) -> Self {
        let time = |time: rustix::fs::StatxTimestamp| Time {
            secs: time.tv_sec,
            nanos: time.tv_nsec,
        };
        let mode = u32::from(told.stx_mode);
        Self {
            dev: rustix::fs::makedev(told.stx_dev_major, told.stx_dev_minor),
            ino: told.stx_ino,
            kind: Kind::from_file_type(FileType::from_raw_mode(mode)).unwrap_or(Kind::File),
            mode: mode & 0o7777,
            nlink: u64::from(told.stx_nlink),
            uid: told.stx_uid,
            gid: told.stx_gid,
            rdev: rustix::fs::makedev(told.stx_rdev_major, told.stx_rdev_minor),
            size: told.stx_size,
            blocks: told.stx_blocks,
            atime: time(told.stx_atime),
            mtime: time(told.stx_mtime),
            ctime: time(told.stx_ctime),
        }
    }
}

/// Kind of file system, by the magic number of `statfs(2)`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FsKind(pub u64);

impl FsKind {
    /// The usual name, or its number in hexadecimal. Numbers: `linux/magic.h` and statfs(2).
    pub fn name(self) -> String {
        match self.0 {
            0xEF53 => "ext4".into(),
            0x5846_5342 => "xfs".into(),
            0x9123_683E => "btrfs".into(),
            0x0102_1994 => "tmpfs".into(),
            0x6969 => "nfs".into(),
            0xFF53_4D42 => "cifs".into(),
            0xFE53_4D42 => "smb2".into(),
            0x6573_5546 => "fuse".into(),
            0x794C_7630 => "overlay".into(),
            0x2FC1_2FC1 => "zfs".into(),
            0xF2F5_2010 => "f2fs".into(),
            0x4D44 => "vfat".into(),
            0x2011_BAB0 => "exfat".into(),
            0x5346_544E | 0x7366_746E => "ntfs".into(),
            0x7371_7368 => "squashfs".into(),
            0x9660 => "iso9660".into(),
            0x00C3_6400 => "ceph".into(),
            0x0BD0_0BD0 => "lustre".into(),
            0x4750_4653 => "gpfs".into(),
            0x9FA0 => "proc".into(),
            0x6265_6572 => "sysfs".into(),
            0x0102_1997 => "9p".into(),
            0xCA45_1A4E => "bcachefs".into(),
            other => format!("0x{other:x}"),
        }
    }

    /// True where no two files can share blocks, whatever the kernel: it need not be tried. ext2 to
    /// ext4, tmpfs, ramfs, FAT, exFAT, NTFS, squashfs and ISO 9660 have no `remap_file_range`.
    pub fn never_shares_blocks(self) -> bool {
        matches!(
            self.0,
            0xEF53
                | 0x0102_1994
                | 0x8584_58F6
                | 0x4D44
                | 0x2011_BAB0
                | 0x5346_544E
                | 0x7366_746E
                | 0x7371_7368
                | 0x9660
        )
    }

    /// True where a file can be made without a name and given one later (`O_TMPFILE`), and where
    /// closing a file cannot fail for what was written: ext2 to ext4, xfs, btrfs, tmpfs.
    pub fn can_be_nameless(self) -> bool {
        matches!(self.0, 0xEF53 | 0x5846_5342 | 0x9123_683E | 0x0102_1994)
    }

    /// True where two threads that make files in one directory put each other to sleep, and do not in
    /// two: xfs.
    pub fn makes_names_singly(self) -> bool {
        self.0 == 0x5846_5342
    }

    /// True where the pages of single reads and writes can be let go ([`Caching::Go`]): ext2 to
    /// ext4, xfs, btrfs.
    ///
    /// [`Caching::Go`]: super::Caching::Go
    pub fn lets_pages_go(self) -> bool {
        matches!(self.0, 0xEF53 | 0x5846_5342 | 0x9123_683E)
    }

    /// True where what is not in memory is known to be copied quickest within the kernel: ext4, xfs.
    pub fn is_quickest_in_kernel(self) -> bool {
        matches!(self.0, 0xEF53 | 0x5846_5342)
    }

    /// True where what goes to or comes from another file system is known to be copied quicker by
    /// sendfile(2), which copies each page once, than by reading and writing, which copies it twice:
    /// ext2 to ext4, xfs, btrfs, tmpfs.
    pub fn is_quicker_copied_once(self) -> bool {
        matches!(self.0, 0xEF53 | 0x5846_5342 | 0x9123_683E | 0x0102_1994)
    }

    /// True where a large file is known to be written in less time once its blocks are set aside:
    /// ext4, xfs. On btrfs nothing is gained, and what it would compress is not compressed then.
    pub fn is_quicker_with_room(self) -> bool {
        matches!(self.0, 0xEF53 | 0x5846_5342)
    }

    /// True where a large file is known to be written past the page cache in less time once it has
    /// its length: ext4, xfs, btrfs.
    pub fn is_quicker_at_its_length(self) -> bool {
        matches!(self.0, 0xEF53 | 0x5846_5342 | 0x9123_683E)
    }

    /// True where the bytes live on another machine, or may: server-side offload is worth a try
    /// between two mounts, and writers should stay sequential.
    pub fn is_network(self) -> bool {
        matches!(
            self.0,
            0x6969
                | 0xFF53_4D42
                | 0xFE53_4D42
                | 0x00C3_6400
                | 0x0BD0_0BD0
                | 0x4750_4653
                | 0x0102_1997
        )
    }

    /// True where making a name is a request to a server or to another process, for which the kernel
    /// keeps the directory locked: network file systems, FUSE, Ceph, `OrangeFS`, AFS.
    pub fn asks_for_each_name(self) -> bool {
        let others = [0x6573_5546, 0x00C3_6400, 0x2003_0528, 0x5346_414F];
        self.is_network() || others.contains(&self.0)
    }

    /// True where a length may be any: not one of those that keep the length of what is stored in
    /// them. FUSE programs tell what they like (0, or a guess, where they learn it only by reading),
    /// 9p what another machine's `/proc` tells, and of a kind that nobody knows here nothing is known.
    pub fn may_tell_any_length(self) -> bool {
        !self.is_pseudo()
            && !matches!(
                self.0,
                // ext2 to ext4, xfs, btrfs, tmpfs, ramfs, hugetlbfs, f2fs, bcachefs, zfs, zonefs
                0xEF53 | 0x5846_5342 | 0x9123_683E | 0x0102_1994 | 0x8584_58F6 | 0x9584_58F6
                | 0xF2F5_2010 | 0xCA45_1A4E | 0x2FC1_2FC1 | 0x5A4F_4653
                // jfs, reiserfs, nilfs, ubifs, jffs2, minix (three), hfs, hfs+
                | 0x3153_464A | 0x5265_4973 | 0x3434 | 0x2405_1905 | 0x72B6
                | 0x137F | 0x2468 | 0x4D5A | 0x4244 | 0x482B
                // FAT, exFAT, NTFS (two), ISO 9660, UDF, squashfs, erofs, cramfs, romfs
                | 0x4D44 | 0x2011_BAB0 | 0x5346_544E | 0x7366_746E | 0x9660 | 0x1501_3346
                | 0x7371_7368 | 0xE0F5_E1E2 | 0x28CD_3D45 | 0x7275
                // NFS, CIFS, SMB (two), Ceph, Lustre, GPFS, GFS2, OCFS2, AFS, OrangeFS
                | 0x6969 | 0xFF53_4D42 | 0xFE53_4D42 | 0x517B | 0x00C3_6400 | 0x0BD0_0BD0
                | 0x4750_4653 | 0x0116_1970 | 0x7461_636F | 0x5346_414F | 0x2003_0528
                // overlay, eCryptfs
                | 0x794C_7630 | 0xF15F
            )
    }

    /// True for file systems of the kernel's own making, whose files claim length 0 or a wrong
    /// one and must be read to the end (`copy_file_range` copied nothing from them up to 5.18); in
    /// some the reading changes their times.
    pub fn is_pseudo(self) -> bool {
        matches!(
            self.0,
            // proc, sysfs, debugfs, tracefs, cgroup (two), securityfs
            0x9FA0
                | 0x6265_6572
                | 0x6462_6720
                | 0x7472_6163
                | 0x0027_E0EB
                | 0x6367_7270
                | 0x7363_6673
                // configfs, binfmt_misc, mqueue, selinuxfs, smackfs, resctrl
                | 0x6265_6570
                | 0x4249_4E4D
                | 0x1980_0202
                | 0xF97C_FF8C
                | 0x4341_5D53
                | 0x0765_5821
        )
    }

    /// True where what is said to be a hole is one: ext2 to ext4, xfs, btrfs, tmpfs and f2fs look into
    /// the page cache before they say so. Others have said it of data that was not written out yet
    /// (ZFS, `openzfs/zfs#15526`; an NFS server), or say what a program tells them (FUSE).
    pub fn tells_true_holes(self) -> bool {
        matches!(
            self.0,
            0xEF53 | 0x5846_5342 | 0x9123_683E | 0x0102_1994 | 0xF2F5_2010
        )
    }

    /// True where a link may lead to an inode and not to what it reads as (`/proc/PID/root`).
    pub fn has_magic_links(self) -> bool {
        self.0 == 0x9FA0
    }
}

/// Room on a file system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Space {
    /// Bytes this user may still write.
    pub free: u64,
    /// Bytes in all.
    pub total: u64,
    /// Inodes left; 0 with `inodes_total` 0 where the file system does not count them.
    pub inodes_free: u64,
    /// Inodes in all.
    pub inodes_total: u64,
    /// Kind of file system.
    pub kind: FsKind,
}
