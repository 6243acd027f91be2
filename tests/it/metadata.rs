//! What a file is besides its bytes, at its edges: every mode, owners nobody knows, attributes that
//! do not fit, file systems that have none, times that cannot be said.

use crate::support::engine::{Driver, Ended, exact, faulty, run, run_real};
use crate::support::privileges::{NOBODY, as_nobody};
use crate::support::scratch::Scratch;
use crate::support::tree;
use crate::support::walk::{self, assert_same, temporaries};
use crate::support::{is_root, is_thorough, skip};
use haul::proto::{JobState, Request, Start, Strategy};
use haul::sys::{Call, Errno, FaultKind};
use rustix::fs::{XattrFlags, getxattr, lgetxattr, lsetxattr, setxattr};
use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt, chown, symlink};
use std::path::Path;
use std::process::Command;

fn notices(ended: &Ended) -> Vec<(&str, u64)> {
    let notices = ended.summary.notices.iter();
    notices
        .map(|notice| (notice.text.as_str(), notice.count))
        .collect()
}

/// How often a notice that begins with these words was given.
fn told(ended: &Ended, words: &str) -> u64 {
    let notices = notices(ended);
    let with = notices.iter().filter(|(text, _)| text.starts_with(words));
    with.map(|(_, count)| count).sum()
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).expect("there").mode() & 0o7777
}

#[test]
fn every_mode_is_kept_by_root() {
    if !is_root() {
        return skip("only root keeps every mode of every owner");
    }
    let scratch = Scratch::quick();
    let from = scratch.dir("from");
    for bits in 0..0o10000 {
        let path = from.join(format!("{bits:04o}"));
        fs::write(&path, "x").expect("written");
        if bits % 3 == 0 {
            chown(&path, Some(1234), Some(4321)).expect("given");
        }
        tree::set_mode(&path, bits);
    }
    let to = scratch.at("to");
    let ended = run_real(&exact(&from, &to, Strategy::Auto));
    ended.assert_good();
    assert_eq!(notices(&ended), []);
    assert_same(&from, &to);
}

/// His own files: all bits. Others' files: all but those that would run them as him.
#[test]
fn every_mode_that_may_be_kept_is_kept_by_an_ordinary_user() {
    let scratch = Scratch::quick();
    let (from, others) = (scratch.dir("from"), scratch.dir("others"));
    for bits in 0..0o10000 {
        // What may not be read cannot be copied.
        let (own, other) = (format!("{bits:04o}"), bits | 0o004);
        fs::write(from.join(&own), "x").expect("written");
        fs::write(others.join(&own), "x").expect("written");
        if is_root() {
            chown(from.join(&own), Some(NOBODY), Some(NOBODY)).expect("given");
        }
        tree::set_mode(&from.join(&own), bits | 0o400);
        tree::set_mode(&others.join(&own), other);
    }
    let to = scratch.dir("to");
    tree::set_mode(&to, 0o777);
    let Some(mut command) = as_nobody(&scratch) else {
        return;
    };
    let output = command.args(["copy", "from", "others", "to"]).output();
    let output = output.expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}");
    for bits in 0..0o10000 {
        let name = format!("{bits:04o}");
        assert_eq!(mode(&to.join("from").join(&name)), bits | 0o400, "{name}");
        let there = mode(&to.join("others").join(&name));
        let wanted = (bits | 0o004) & if is_root() { !0o6000 } else { !0 };
        assert_eq!(there, wanted, "{name} of another");
    }
    if is_root() {
        assert!(said.contains("owner or group not kept"), "{said}");
        assert!(said.contains("set-id bits dropped"), "{said}");
    }
}

/// The mode of a copy does not depend on who made it with which mask.
#[test]
fn the_mask_neither_widens_nor_narrows_what_is_kept() {
    let scratch = Scratch::quick();
    for bits in [0o600, 0o644, 0o666, 0o777, 0o4755] {
        tree::set_mode(&scratch.file(format!("f{bits:o}"), "x"), bits);
        scratch.dir(format!("d{bits:o}"));
        tree::set_mode(&scratch.at(format!("d{bits:o}")), bits & 0o777);
    }
    for mask in ["000", "022", "077", "777"] {
        for (keep, with_mask) in [("", false), ("--no-preserve=mode", true)] {
            let to = scratch.dir("to");
            let script = format!("umask {mask}; exec \"$HAUL\" copy {keep} f* d* to");
            let output = Command::new("sh")
                .args(["-c", &script])
                .env("HAUL", env!("CARGO_BIN_EXE_haul"))
                .env("HOME", scratch.dir("home"))
                .current_dir(scratch.path())
                .output()
                .expect("it runs");
            assert_eq!(output.status.code(), Some(0), "{output:?}");
            let masked = u32::from_str_radix(mask, 8).expect("octal");
            for bits in [0o600, 0o644, 0o666, 0o777, 0o4755] {
                let there = mode(&to.join(format!("f{bits:o}")));
                let wanted = if with_mask {
                    bits & 0o777 & !masked
                } else {
                    bits
                };
                assert_eq!(there, wanted, "umask {mask} {keep} f{bits:o}");
                let dir = mode(&to.join(format!("d{bits:o}")));
                let wanted = if with_mask {
                    bits & 0o777 & !masked
                } else {
                    bits & 0o777
                };
                assert_eq!(dir, wanted, "umask {mask} {keep} d{bits:o}");
            }
            crate::support::scratch::make_removable(&to);
            fs::remove_dir_all(&to).expect("removed");
        }
    }
}

/// A mask may keep the owner out as well: of what is copied, if its mode is not kept, never of what
/// haul makes on the way.
#[test]
fn a_mask_that_keeps_the_owner_out_stops_no_copy() {
    let scratch = Scratch::quick();
    scratch.dir("from/below");
    scratch.file("from/below/f", "x");
    tree::set_mode(&scratch.dir("to"), 0o777);
    let Some(program) = as_nobody(&scratch) else {
        return;
    };
    let mut shell = Command::new("sh");
    if is_root() {
        std::os::unix::process::CommandExt::uid(&mut shell, NOBODY);
    }
    let output = shell
        .args(["-c", "umask 777; exec \"$HAUL\" copy from to"])
        .env("HAUL", program.get_program())
        .env("HOME", scratch.at("to"))
        .current_dir(scratch.path())
        .output()
        .expect("it runs");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    for name in ["from", "from/below", "from/below/f"] {
        assert_eq!(mode(&scratch.at("to").join(name)), mode(&scratch.at(name)));
    }
}

/// Without modes a copy is made as anything else is in its place: what a directory hands down stays,
/// and what was there before keeps its own.
#[test]
fn where_modes_are_not_kept_directories_are_like_those_around_them() {
    if !is_root() {
        return skip("a group of one's choice needs root");
    }
    let scratch = Scratch::quick();
    scratch.dir("from/there");
    scratch.dir("from/below");
    scratch.file("from/below/f", "x");
    tree::set_mode(&scratch.at("from/below"), 0o1777);
    tree::set_mode(&scratch.at("from/there"), 0o755);
    let to = scratch.dir("to");
    chown(&to, None, Some(4321)).expect("given");
    tree::set_mode(&to, 0o2775);
    scratch.dir("to/there");
    tree::set_mode(&to.join("there"), 0o711);
    let mut job = exact(&scratch.at("from"), &to, Strategy::Auto);
    job.preserve.mode = false;
    job.preserve.owner = false;
    run_real(&job).assert_good();
    let masked = !haul::sys::umask();
    assert_eq!(mode(&to.join("below")), 0o3000 | 0o777 & masked);
    assert_eq!(fs::metadata(to.join("below/f")).expect("there").gid(), 4321);
    assert_eq!(mode(&to.join("there")), 0o711);
    assert_eq!(mode(&to), 0o2775);
}

/// Whoever does not own a file must not be run as by it.
#[test]
fn without_its_owner_a_file_loses_its_set_id_bits() {
    if !is_root() {
        return skip("files of two people need root");
    }
    let scratch = Scratch::quick();
    let from = scratch.dir("from");
    for bits in [0o4755, 0o2755, 0o6711, 0o1644] {
        let path = from.join(format!("{bits:o}"));
        fs::write(&path, "x").expect("written");
        chown(&path, Some(1234), Some(4321)).expect("given");
        tree::set_mode(&path, bits);
    }
    for errno in [Errno::PERM, Errno::INVAL] {
        let to = scratch.at("to");
        let sys = faulty(Call::SetOwner, 0, true, FaultKind::Fail(errno));
        let ended = run(sys, &exact(&from, &to, Strategy::Auto));
        assert_eq!(ended.summary.state, JobState::Done, "{:?}", ended.failures);
        for bits in [0o4755, 0o2755, 0o6711, 0o1644] {
            assert_eq!(mode(&to.join(format!("{bits:o}"))), bits & 0o1777);
        }
        assert_eq!(told(&ended, "owner or group not kept"), 4);
        assert_eq!(told(&ended, "set-id bits dropped"), 3);
        fs::remove_dir_all(&to).expect("removed");
    }
}

/// `CAP_NET_RAW`, effective and permitted, as version 2 of the kernel's form.
const CAPABILITY: [u8; 20] = [
    1, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
];

#[test]
fn capabilities_are_kept_by_root_and_their_loss_is_told_to_others() {
    if !is_root() {
        return skip("capabilities of files need root");
    }
    let scratch = Scratch::new();
    let from = scratch.dir("from");
    let file = from.join("ping");
    fs::write(&file, "program").expect("written");
    chown(&file, Some(1234), Some(1234)).expect("given");
    tree::set_mode(&file, 0o755);
    let name = c"security.capability";
    setxattr(&file, name, &CAPABILITY, XattrFlags::empty()).expect("set");
    let to = scratch.at("to");
    let ended = run_real(&exact(&from, &to, Strategy::Auto));
    ended.assert_good();
    assert_eq!(notices(&ended), []);
    let mut value = [0; 64];
    let len = getxattr(to.join("ping"), name, &mut value).expect("kept");
    assert_eq!(value[..len], CAPABILITY);

    tree::set_mode(&scratch.dir("theirs"), 0o777);
    let Some(mut command) = as_nobody(&scratch) else {
        return;
    };
    let output = command.args(["copy", "from", "theirs"]).output();
    let output = output.expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("extended attribute not kept"), "{said}");
    assert!(getxattr(scratch.at("theirs/from/ping"), name, &mut value).is_err());
}

/// One warning, however many files: and the group is given no more than an ACL gave it.
#[test]
fn a_file_system_without_attributes_costs_one_warning() {
    let mut scratch = Scratch::new();
    let from = scratch.dir("from");
    // user::rw-, user:1234:rw-, group::---, mask::rw-, other::---: the mode looks like 0660.
    let mut acl = 2u32.to_le_bytes().to_vec();
    for (tag, bits, id) in [
        (1u16, 6u16, u32::MAX),
        (2, 6, 1234),
        (4, 0, u32::MAX),
        (0x10, 6, u32::MAX),
        (0x20, 0, u32::MAX),
    ] {
        acl.extend(tag.to_le_bytes());
        acl.extend(bits.to_le_bytes());
        acl.extend(id.to_le_bytes());
    }
    for number in 0..50 {
        let path = from.join(format!("f{number}"));
        fs::write(&path, "x").expect("written");
        let flags = XattrFlags::empty();
        if setxattr(&path, c"user.shot", b"sh010", flags).is_err()
            || setxattr(&path, c"system.posix_acl_access", &acl, flags).is_err()
        {
            return skip("no attributes on this file system");
        }
    }
    let Some(plain) = scratch.mount_without_attributes() else {
        return;
    };
    let to = plain.join("to");
    let ended = run_real(&exact(&from, &to, Strategy::Auto));
    assert_eq!(ended.summary.state, JobState::Done, "{:?}", ended.failures);
    assert!(ended.failures.is_empty());
    assert_eq!(ended.summary.notices.len(), 2, "{:?}", notices(&ended));
    assert_eq!(told(&ended, "extended attribute not kept"), 50);
    assert_eq!(told(&ended, "access control list not kept"), 50);
    for number in 0..50 {
        assert_eq!(mode(&to.join(format!("f{number}"))), 0o600);
    }
    // And back from there: nothing to keep, nothing to say.
    let back = scratch.at("back");
    let ended = run_real(&exact(&to, &back, Strategy::Auto));
    ended.assert_good();
    assert_eq!(notices(&ended), []);
}

/// An attribute that does not fit is lost and said; the disk is not called full.
#[test]
fn an_attribute_that_does_not_fit_is_told_and_nothing_else_happens() {
    let mut scratch = Scratch::new();
    let Some(xfs) = scratch.mount_image("xfs") else {
        return;
    };
    let from = xfs.join("from");
    fs::create_dir(&from).expect("made");
    for (name, len) in [("small", 100), ("large", 15_500), ("huge", 65_536)] {
        let path = from.join(name);
        fs::write(&path, name).expect("written");
        setxattr(&path, c"user.blob", &vec![7; len], XattrFlags::empty()).expect("set");
    }
    for kind in ["ext4", "btrfs"] {
        let Some(disk) = scratch.mount_image(kind) else {
            return;
        };
        let to = disk.join("to");
        let ended = run_real(&exact(&from, &to, Strategy::Auto));
        assert_eq!(ended.summary.state, JobState::Done, "{:?}", ended.failures);
        let mut kept = 0;
        for (name, len) in [("small", 100), ("large", 15_500), ("huge", 65_536)] {
            assert_eq!(fs::read(to.join(name)).expect("copied"), name.as_bytes());
            let mut value = vec![0; 65_536];
            let there = getxattr(to.join(name), c"user.blob", &mut value[..]);
            kept += u64::from(there.is_ok_and(|there| there == len));
        }
        assert!((1..3).contains(&kept), "{kind}: {kept} kept");
        assert_eq!(told(&ended, "extended attribute not kept"), 3 - kept);
    }
}

#[test]
fn a_hundred_attributes_are_kept_on_whatever_may_bear_them() {
    let scratch = Scratch::new();
    let from = scratch.dir("from");
    fs::write(from.join("file"), "x").expect("written");
    fs::create_dir(from.join("dir")).expect("made");
    // Names that look alike are not: é composed and decomposed, Latin and Cyrillic a.
    let alike = ["user.\u{e9}", "user.e\u{301}", "user.a", "user.\u{430}"];
    let mut names: Vec<String> = (0..96).map(|number| format!("user.n{number}")).collect();
    names.extend(alike.map(str::to_owned));
    for path in [from.join("file"), from.join("dir")] {
        for name in &names {
            let value = &name.as_bytes()[5..];
            if setxattr(&path, name.as_str(), value, XattrFlags::empty()).is_err() {
                return skip("not so many attributes on this file system");
            }
        }
    }
    symlink("file", from.join("link")).expect("linked");
    let of_link = c"trusted.of-the-link";
    let link = from.join("link");
    if is_root() {
        lsetxattr(&link, of_link, b"itself", XattrFlags::empty()).expect("set");
        // What an overlay says of its own directories would mean something else elsewhere.
        let opaque = c"trusted.overlay.opaque";
        setxattr(from.join("dir"), opaque, b"y", XattrFlags::empty()).expect("set");
    }
    tree::set_mode(&from.join("file"), 0o444);
    tree::set_mode(&from.join("dir"), 0o555);
    let to = scratch.at("to");
    let ended = run_real(&exact(&from, &to, Strategy::Auto));
    ended.assert_good();
    assert_eq!(notices(&ended), []);
    let mut value = [0; 100];
    for path in [to.join("file"), to.join("dir")] {
        for name in &names {
            let len = getxattr(&path, name.as_str(), &mut value).expect("kept");
            assert_eq!(&value[..len], &name.as_bytes()[5..]);
        }
    }
    if is_root() {
        let len = lgetxattr(to.join("link"), of_link, &mut value).expect("kept");
        assert_eq!(&value[..len], b"itself");
        assert!(getxattr(to.join("dir"), c"trusted.overlay.opaque", &mut value).is_err());
    }
}

/// A time that a file system cannot hold is cut without an error: only looking back tells.
#[test]
fn times_that_cannot_be_kept_are_told_one_by_one() {
    let mut scratch = Scratch::new();
    let Some(from) = scratch.mount("from", 1024) else {
        return;
    };
    let times = [
        -(1i64 << 31) - 10,
        -(1 << 31),
        -1,
        0,
        1 << 31,
        1 << 32,
        15_000_000_000,
        16_299_260_425,
        1 << 40,
    ];
    for (number, secs) in times.iter().enumerate() {
        let path = from.join(format!("f{number}"));
        fs::write(&path, "x").expect("written");
        tree::set_times(&path, *secs, 123_456_789);
    }
    tree::set_times(&from, 1_000_000_000, 1);
    for (kind, options, cut) in [
        ("ext4", &[][..], true),
        ("ext4", &["-I", "128"], true),
        ("xfs", &[], true),
        ("btrfs", &[], false),
    ] {
        let Some(disk) = scratch.mount_image_with(kind, options) else {
            return;
        };
        let to = disk.join("to");
        let ended = run_real(&exact(&from, &to, Strategy::Auto));
        assert_eq!(ended.summary.state, JobState::Done, "{:?}", ended.failures);
        let time = |path: &Path| {
            let metadata = fs::metadata(path).expect("there");
            (metadata.mtime(), metadata.mtime_nsec())
        };
        let mut names: Vec<String> = (0..times.len()).map(|at| format!("f{at}")).collect();
        names.push(".".to_owned());
        let differ = names
            .iter()
            .filter(|name| time(&from.join(name)) != time(&to.join(name)));
        let differ = differ.count() as u64;
        assert_eq!(told(&ended, "modification time not kept"), differ, "{kind}");
        assert_eq!(differ > 0, cut, "{kind} {options:?}: {differ} differ");
        scratch.unmount_image(kind);
    }
}

/// The time of the last access is kept as well as the kernel lets it be seen.
#[test]
fn access_times_are_kept() {
    let scratch = Scratch::quick();
    let from = scratch.dir("from");
    let file = from.join("f");
    fs::write(&file, "x").expect("written");
    let set = |accessed: u64, modified: u64| {
        let at = |secs| std::time::UNIX_EPOCH + std::time::Duration::new(secs, 987_654_321);
        let times = fs::FileTimes::new()
            .set_accessed(at(accessed))
            .set_modified(at(modified));
        File::open(&file)
            .expect("open")
            .set_times(times)
            .expect("set");
    };
    set(4_000_000_000, 1_000_000_000);
    for strategy in crate::support::engine::copying() {
        let to = scratch.at("to");
        run_real(&exact(&from, &to, strategy)).assert_good();
        let there = fs::metadata(to.join("f")).expect("there");
        assert_eq!(
            (there.atime(), there.atime_nsec()),
            (4_000_000_000, 987_654_321)
        );
        assert_eq!(there.mtime(), 1_000_000_000);
        fs::remove_dir_all(&to).expect("removed");
    }
}

/// ext4 ends in 2446 and says nothing: only what is read back is kept.
#[test]
fn an_access_time_that_is_not_kept_is_told() {
    let mut scratch = Scratch::quick();
    let from = scratch.file("from", "x");
    let accessed = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1 << 36);
    let times = fs::FileTimes::new().set_accessed(accessed);
    File::open(&from)
        .expect("open")
        .set_times(times)
        .expect("set");
    if fs::metadata(&from).expect("there").atime() != 1 << 36 {
        return skip("no such time here");
    }
    let Some(disk) = scratch.mount_image("ext4") else {
        return;
    };
    let ended = run_real(&exact(&from, &disk.join("to"), Strategy::Auto));
    ended.assert_good();
    assert_eq!(told(&ended, "access time not kept"), 1);
    assert_eq!(told(&ended, "modification time not kept"), 0);
}

/// However an attribute is refused: it is told, the file is whole, and nobody waits for room.
#[test]
fn an_attribute_that_is_refused_is_no_full_disk() {
    let scratch = Scratch::new();
    let from = scratch.dir("from");
    for name in ["a", "b"] {
        fs::write(from.join(name), name).expect("written");
        let set = setxattr(from.join(name), c"user.shot", b"x", XattrFlags::empty());
        if set.is_err() {
            return skip("no attributes here");
        }
    }
    for errno in [Errno::TOOBIG, Errno::RANGE, Errno::NOSPC, Errno::DQUOT] {
        let to = scratch.at("to");
        let sys = faulty(Call::SetXattr, 0, true, FaultKind::Fail(errno));
        let mut job = exact(&from, &to, Strategy::Auto);
        job.wait_for_space = true;
        let ended = run(sys, &job);
        ended.assert_good();
        assert_eq!(told(&ended, "extended attribute not kept"), 2, "{errno}");
        for name in ["a", "b"] {
            assert_eq!(fs::read(to.join(name)).expect("there"), name.as_bytes());
        }
        fs::remove_dir_all(&to).expect("removed");
    }
}

/// A name that could not be linked is tried again later: it becomes a link all the same.
#[test]
fn a_name_that_is_linked_on_retry_is_a_name_of_the_same_inode() {
    let scratch = Scratch::quick();
    let from = scratch.dir("from");
    fs::write(from.join("n0"), "bytes").expect("written");
    for number in 1..4 {
        fs::hard_link(from.join("n0"), from.join(format!("n{number}"))).expect("linked");
    }
    for nth in 0..3 {
        let to = scratch.at("to");
        let mut job = exact(&from, &to, Strategy::Auto);
        job.retries = 0;
        let mut driver = Driver::on(faulty(Call::Link, nth, false, FaultKind::Fail(Errno::IO)));
        let job = driver.add(&job, Start::Now);
        let first = driver.until_ended(job);
        assert_eq!(
            (first.state, first.files.failed),
            (JobState::DoneWithFailures, 1)
        );
        driver.send(Request::RetryFailed { job });
        driver.until("tried again", |driver| driver.state(job) == JobState::Done);
        driver.shut_down();
        for number in 0..4 {
            let there = fs::metadata(to.join(format!("n{number}"))).expect("there");
            assert_eq!(there.nlink(), 4, "n{number} after call {nth} failed");
        }
        fs::remove_dir_all(&to).expect("removed");
    }
}

/// No more links fit, or there are none: the bytes are copied again, and it is said.
#[test]
fn names_that_cannot_be_linked_become_files() {
    let scratch = Scratch::quick();
    let from = scratch.dir("from");
    fs::write(from.join("n0"), "bytes").expect("written");
    for number in 1..8 {
        fs::hard_link(from.join("n0"), from.join(format!("n{number}"))).expect("linked");
    }
    for errno in [Errno::MLINK, Errno::OPNOTSUPP, Errno::PERM] {
        for (nth, sticky) in [(0, true), (3, false), (3, true)] {
            let to = scratch.at("to");
            let sys = faulty(Call::Link, nth, sticky, FaultKind::Fail(errno));
            let mut job = exact(&from, &to, Strategy::Auto);
            job.tuning.file_workers = Some(1);
            let ended = run(sys, &job);
            ended.assert_good();
            assert!(told(&ended, "hard-linked names copied") > 0);
            for number in 0..8 {
                let bytes = fs::read(to.join(format!("n{number}"))).expect("there");
                assert_eq!(bytes, b"bytes");
            }
            assert!(temporaries(&to).is_empty());
            fs::remove_dir_all(&to).expect("removed");
        }
    }
    if !is_thorough() {
        return;
    }
    // For real: ext4 holds 65,000 names of an inode, tmpfs more.
    let mut scratch = Scratch::quick();
    let from = scratch.dir("from");
    fs::write(from.join("first"), "bytes").expect("written");
    for number in 0..65_100 {
        fs::hard_link(from.join("first"), from.join(format!("n{number}"))).expect("linked");
    }
    let Some(disk) = scratch.mount_image("ext4") else {
        return;
    };
    let to = disk.join("to");
    let ended = run_real(&exact(&from, &to, Strategy::Auto));
    ended.assert_good();
    assert!(told(&ended, "hard-linked names copied") > 0);
    assert_eq!(walk::files(&to), 65_101);
    assert!(
        walk::entries(&to)
            .values()
            .all(|entry| entry.is_dir() || entry.len() == 5)
    );
}

#[test]
fn owners_nobody_knows_are_numbers_like_any_other() {
    if !is_root() {
        return skip("only root gives files away");
    }
    let scratch = Scratch::new();
    tree::set_mode(scratch.path(), 0o755);
    let from = scratch.dir("from");
    for id in [0, NOBODY, 1 << 31, u32::MAX - 1] {
        let path = from.join(format!("f{id}"));
        fs::write(&path, "x").expect("written");
        chown(&path, Some(id), Some(id)).expect("given");
    }
    let to = scratch.at("to");
    run_real(&exact(&from, &to, Strategy::Auto)).assert_good();
    assert_same(&from, &to);
    // In a user namespace those ids have no number at all: said, and the job goes on.
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user"])
        .arg(env!("CARGO_BIN_EXE_haul"))
        .args(["copy", "-T", "from", "inside"])
        .env("HOME", scratch.dir("home"))
        .current_dir(scratch.path())
        .output();
    let Some(output) = output.ok().filter(|output| {
        let said = String::from_utf8_lossy(&output.stderr);
        !said.contains("unshare")
    }) else {
        return skip("no user namespaces");
    };
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("owner or group not kept"), "{said}");
    assert_eq!(walk::files(&scratch.at("inside")), 4);
}
