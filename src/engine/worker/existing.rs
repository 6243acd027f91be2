//! What is at the destination already, and what the policy makes of it.

use super::super::failure::{Trouble, dest, directory_there};
use super::super::tree::Entry;
use super::temporary::NAMES;
use crate::proto::{Conflict, ErrorClass, Op, Side};
use crate::sys::{Errno, Kind, Stat, Sys, Time};
use std::ffi::{CStr, CString};
use std::os::fd::BorrowedFd;

/// What to do about the destination name.
#[derive(Debug)]
pub(super) enum Way {
    /// Nothing is there.
    Free,
    /// The same file is there by size and time.
    Identical,
    /// The chosen policy leaves what is there.
    Leave,
    /// What is there is to be replaced.
    Replace(Stat),
    /// What is there stays; a free name beside it is to be found.
    Beside,
    /// Somebody is to be asked; this is there.
    Ask(Stat),
}

/// What an entry is besides what its listing tells.
#[derive(Clone, Debug)]
pub(super) enum Nature {
    /// Nothing else: a file, a pipe, a socket.
    Plain,
    /// A link, and where it leads; `None` where that cannot be read.
    Link(Option<CString>),
    /// A device, and which.
    Device(u64),
}

/// Looks at `name` in `dir`.
pub(super) fn look(
    sys: &dyn Sys,
    dir: BorrowedFd<'_>,
    name: &CStr,
    entry: &Entry,
    src_dev: u64,
    nature: &Nature,
    policy: Conflict,
) -> Result<Way, Trouble> {
    let there = match sys.stat_at(dir, name) {
        Ok(there) => there,
        Err(Errno::NOENT) => return Ok(Way::Free),
        Err(errno) => return Err(Trouble::kernel(Op::Stat, Side::Dest, errno)),
    };
    if there.ino == entry.ino && there.dev == src_dev {
        return Err(Trouble::own(
            Op::Compare,
            Side::Dest,
            ErrorClass::Refused,
            "source and destination are the same file",
        ));
    }
    if there.kind == Kind::Dir {
        return Err(directory_there(entry.kind));
    }
    if is_identical(sys, dir, name, entry, &there, nature)? {
        return Ok(Way::Identical);
    }
    Ok(match policy {
        Conflict::Refuse => {
            return Err(Trouble::own(
                Op::Compare,
                Side::Dest,
                ErrorClass::Conflict,
                describe(entry, &there),
            ));
        }
        Conflict::Skip => Way::Leave,
        Conflict::Newer if entry.mtime <= there.mtime => Way::Leave,
        Conflict::Newer | Conflict::Overwrite => Way::Replace(there),
        Conflict::Rename if is_beside(sys, dir, name, entry, nature)? => Way::Identical,
        Conflict::Rename => Way::Beside,
        Conflict::Ask => Way::Ask(there),
    })
}

/// True when an earlier run gave the same entry a free name beside the one that is taken.
fn is_beside(
    sys: &dyn Sys,
    dir: BorrowedFd<'_>,
    name: &CStr,
    entry: &Entry,
    nature: &Nature,
) -> Result<bool, Trouble> {
    for number in 1..=NAMES {
        let beside = beside(name, number);
        let there = match sys.stat_at(dir, &beside) {
            Ok(there) => there,
            Err(Errno::NOENT) => return Ok(false),
            Err(errno) => return Err(Trouble::kernel(Op::Stat, Side::Dest, errno)),
        };
        if is_identical(sys, dir, &beside, entry, &there, nature)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn is_identical(
    sys: &dyn Sys,
    dir: BorrowedFd<'_>,
    name: &CStr,
    entry: &Entry,
    there: &Stat,
    nature: &Nature,
) -> Result<bool, Trouble> {
    if there.kind != entry.kind {
        return Ok(false);
    }
    let same_time = is_same_time(entry.mtime, there.mtime);
    Ok(match nature {
        Nature::Link(target) => {
            let there = sys.read_link(dir, name).map_err(dest(Op::Read))?;
            target.as_ref().is_some_and(|target| *target == there)
        }
        Nature::Device(device) => *device == there.rdev && same_time,
        Nature::Plain => (entry.kind != Kind::File || there.size == entry.size) && same_time,
    })
}

/// True when a file with the time `there` may be a copy of one with the time `source`: the same, or
/// the same cut to what the destination can store. Exactly cut, not merely near: a file that was
/// changed within the same second is another file.
///
/// 100 ns: NTFS and SMB. 1 µs: some FUSE and NFS servers. 10 ms: exFAT. 1 s: ext3, HFS+, many
/// servers. 2 s: FAT.
pub fn is_same_time(source: Time, there: Time) -> bool {
    const NANOSECONDS: [u32; 4] = [100, 1_000, 10_000_000, 1_000_000_000];
    let cut = |unit| Time {
        nanos: source.nanos - source.nanos % unit,
        ..source
    };
    let even = Time {
        secs: source.secs - source.secs.rem_euclid(2),
        nanos: 0,
    };
    there == source || there == even || NANOSECONDS.into_iter().any(|unit| there == cut(unit))
}

fn describe(entry: &Entry, there: &Stat) -> String {
    if there.kind == entry.kind && entry.kind != Kind::File {
        return format!("another {} is there, left alone", there.kind.word());
    }
    let what = if there.kind == entry.kind {
        match there.mtime.cmp(&entry.mtime) {
            std::cmp::Ordering::Greater => "a newer file is there",
            std::cmp::Ordering::Less => "an older file is there",
            std::cmp::Ordering::Equal => "a file of the same time and another size is there",
        }
    } else {
        return format!("a {} is there, left alone", there.kind.word());
    };
    format!(
        "{what}, left alone ({} bytes there, {} bytes here)",
        there.size, entry.size
    )
}

/// Bytes of a file name, at most, on Linux (`NAME_MAX`).
const NAME_MAX: usize = 255;

/// The `number`-th free-name candidate: `shot_1.exr` for `shot.exr`, cut to fit.
pub(super) fn beside(name: &CStr, number: u32) -> CString {
    let bytes = name.to_bytes();
    let dot = bytes
        .iter()
        .rposition(|byte| *byte == b'.')
        .filter(|at| *at > 0);
    let (stem, extension) = bytes.split_at(dot.unwrap_or(bytes.len()));
    let tail = format!("_{number}");
    let room = NAME_MAX.saturating_sub(tail.len() + extension.len());
    let mut new = stem[..stem.len().min(room)].to_vec();
    new.extend_from_slice(tail.as_bytes());
    new.extend_from_slice(extension);
    CString::new(new).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_free_name_keeps_extension_and_length() {
        assert_eq!(beside(c"shot.1001.exr", 1).as_c_str(), c"shot.1001_1.exr");
        assert_eq!(beside(c".profile", 2).as_c_str(), c".profile_2");
        assert_eq!(beside(c"plain", 10).as_c_str(), c"plain_10");
        let long = CString::new([b"x".repeat(251), b".exr".to_vec()].concat()).expect("no NUL");
        let new = beside(&long, 1);
        assert_eq!(new.as_bytes().len(), 255);
        assert!(new.as_bytes().ends_with(b"x_1.exr"));
    }

    #[test]
    fn a_time_cut_by_the_destination_is_the_same() {
        let at = |secs, nanos| Time { secs, nanos };
        let source = at(1_700_000_001, 123_456_789);
        for (secs, nanos) in [
            (1_700_000_001, 123_456_789),
            (1_700_000_001, 123_456_700),
            (1_700_000_001, 123_456_000),
            (1_700_000_001, 120_000_000),
            (1_700_000_001, 0),
            (1_700_000_000, 0),
        ] {
            assert!(is_same_time(source, at(secs, nanos)), "{secs}.{nanos}");
        }
        for (secs, nanos) in [
            (1_700_000_001, 123_456_788),
            (1_700_000_001, 123_456_800),
            (1_700_000_001, 123_000_000),
            (1_700_000_001, 100_000_000),
            (1_700_000_002, 0),
            (1_699_999_999, 0),
            (1_700_000_000, 123_456_789),
        ] {
            assert!(!is_same_time(source, at(secs, nanos)), "{secs}.{nanos}");
        }
        // What the source lost the destination may not have.
        assert!(!is_same_time(at(1_700_000_001, 0), source));
        // Before 1970 file systems cut downwards as well.
        assert!(is_same_time(at(-3, 5), at(-4, 0)));
    }
}
