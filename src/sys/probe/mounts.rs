//! The table of mounts, as the kernel prints it for this process (proc(5), `mountinfo`).

use crate::proto::BytePath;
use rustix::fs::{AtFlags, StatxFlags, statx};
use serde::Serialize;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::path::Path;
use std::{fs, io};

/// A mount.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mount {
    /// Where.
    pub point: BytePath,
    /// Kind of file system, with its subtype.
    pub kind: String,
    /// What is mounted: a device, a server's path, or a word.
    pub source: BytePath,
    /// Options of the mount.
    pub options: String,
    /// Options of the file system.
    pub fs_options: String,
}

/// What is mounted where the descriptor points; `None` where `/proc` does not tell.
pub fn mount_of(fd: BorrowedFd<'_>) -> Option<Mount> {
    let table = fs::read("/proc/self/mountinfo").ok()?;
    // Since 5.8 the kernel says which mount it is.
    let id = statx(fd, c"", AtFlags::EMPTY_PATH, StatxFlags::MNT_ID)
        .ok()
        .filter(|stat| stat.stx_mask & StatxFlags::MNT_ID.bits() != 0)
        .map(|stat| stat.stx_mnt_id);
    let path = fs::read_link(format!("/proc/self/fd/{}", fd.as_raw_fd())).ok();
    choose(&table, id, path.as_deref())
}

/// Kinds that hold no files of a person's.
const UNREAL: [&str; 20] = [
    "autofs",
    "binfmt_misc",
    "bpf",
    "cgroup",
    "cgroup2",
    "configfs",
    "debugfs",
    "devpts",
    "devtmpfs",
    "efivarfs",
    "fusectl",
    "hugetlbfs",
    "mqueue",
    "nsfs",
    "proc",
    "pstore",
    "rpc_pipefs",
    "securityfs",
    "sysfs",
    "tracefs",
];

/// Below these is only what the kernel tells, whatever kind it is mounted with: a tmpfs holds together
/// the older control groups (cgroups(7), `/sys/fs/cgroup`).
const KERNELS: [&str; 2] = ["/proc", "/sys"];

/// Everything mounted that can hold a person's files, a place covered by another left out.
/// Nothing but the table is read.
///
/// # Errors
/// The kernel does not give its table: `/proc` is not there, or not readable.
pub fn mounts() -> io::Result<Vec<Mount>> {
    Ok(real(&fs::read("/proc/self/mountinfo")?))
}

fn real(table: &[u8]) -> Vec<Mount> {
    let mut found: Vec<Mount> = Vec::new();
    for (_, mount) in table.split(|byte| *byte == b'\n').filter_map(parse) {
        found.retain(|known| known.point != mount.point);
        let at = mount.point.as_path();
        let kernels = KERNELS.iter().any(|dir| at.starts_with(dir));
        if !kernels && !UNREAL.contains(&mount.kind.as_str()) {
            found.push(mount);
        }
    }
    found
}

/// The mount of that id; without one, the innermost that the path is in, the last of several that
/// cover each other.
fn choose(table: &[u8], id: Option<u64>, path: Option<&Path>) -> Option<Mount> {
    let mut best: Option<Mount> = None;
    for line in table.split(|byte| *byte == b'\n') {
        let Some((its_id, mount)) = parse(line) else {
            continue;
        };
        if id.is_some() {
            if id == Some(its_id) {
                return Some(mount);
            }
            continue;
        }
        let deep = |mount: &Mount| mount.point.as_path().components().count();
        if path.is_some_and(|path| path.starts_with(mount.point.as_path()))
            && best
                .as_ref()
                .is_none_or(|known| deep(&mount) >= deep(known))
        {
            best = Some(mount);
        }
    }
    best
}

/// `36 35 98:0 /root /mnt rw,noatime master:1 - ext3 /dev/root rw,errors=continue`
fn parse(line: &[u8]) -> Option<(u64, Mount)> {
    let mut fields = line.split(|byte| *byte == b' ');
    let text = |field: &[u8]| String::from_utf8_lossy(&unescaped(field)).into_owned();
    let id = std::str::from_utf8(fields.next()?).ok()?.parse().ok()?;
    let point = fields.nth(3)?;
    let options = fields.next()?;
    fields.find(|field| *field == b"-")?;
    let (kind, source) = (fields.next()?, fields.next()?);
    let fs_options = fields.next().unwrap_or_default();
    Some((
        id,
        Mount {
            point: BytePath::from_bytes(&unescaped(point)),
            kind: text(kind),
            source: BytePath::from_bytes(&unescaped(source)),
            options: text(options),
            fs_options: text(fs_options),
        },
    ))
}

/// Blanks, line ends and backslashes are written as three octal digits.
fn unescaped(field: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((first, after)) = rest.split_first() {
        let digits = after.get(..3).filter(|digits| {
            *first == b'\\' && digits.iter().all(|digit| (b'0'..=b'7').contains(digit))
        });
        if let Some(digits) = digits {
            let value = digits
                .iter()
                .fold(0_u32, |value, digit| value * 8 + u32::from(digit - b'0'));
            out.push(value as u8);
            rest = &after[3..];
        } else {
            out.push(*first);
            rest = after;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsFd;

    const TABLE: &[u8] = b"20 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n\
        30 20 8:2 / /mnt rw - xfs /dev/sdb rw,inode64\n\
        31 20 8:3 / /mnt/a\\040b ro,nosuid master:2 propagate_from:1 - nfs4 srv:/x\\134y rw,vers=4.2\n\
        32 30 8:4 / /mnt rw - tmpfs tmpfs rw\n\
        nonsense\n";

    #[test]
    fn a_mount_is_found_by_number_or_by_path() {
        let by_id = choose(TABLE, Some(31), None).expect("there");
        assert_eq!(by_id.point, "/mnt/a b".into());
        assert_eq!(by_id.source, "srv:/x\\y".into());
        assert_eq!(
            (by_id.kind.as_str(), by_id.options.as_str()),
            ("nfs4", "ro,nosuid")
        );
        assert_eq!(by_id.fs_options, "rw,vers=4.2");
        let by_path = |path: &str| {
            choose(TABLE, None, Some(Path::new(path)))
                .expect("there")
                .kind
        };
        assert_eq!(by_path("/mnt/a b/c"), "nfs4");
        assert_eq!(by_path("/mnt/a"), "tmpfs", "the later covers");
        assert_eq!(by_path("/home"), "ext4");
        assert_eq!(choose(TABLE, Some(99), None), None);
    }

    #[test]
    fn only_what_holds_files_of_a_person_s_is_listed_and_the_later_covers() {
        let table = [
            TABLE,
            b"33 20 0:9 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n\
              34 20 0:9 / /systems rw - tmpfs tmpfs rw\n\
              35 20 0:9 / /proc rw - proc proc rw\n",
        ]
        .concat();
        let points: Vec<_> = real(&table).into_iter().map(|mount| mount.point).collect();
        assert_eq!(
            points,
            ["/", "/mnt/a b", "/mnt", "/systems"].map(BytePath::from)
        );
    }

    #[test]
    fn this_machine_s_own_table_is_understood() {
        let root = fs::File::open("/").expect("opens");
        let mount = mount_of(root.as_fd()).expect("a mount");
        assert_eq!(mount.point, "/".into());
    }
}
