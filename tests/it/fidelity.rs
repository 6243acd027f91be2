//! What a file is besides its bytes: hard links, extended attributes, access control lists.

use crate::support::engine::{run_real, spec};
use crate::support::scratch::Scratch;
use crate::support::{skip, walk};
use haul::proto::{Conflict, JobState, Naming, Preserve, Strategy};
use rustix::fs::{AtFlags, CWD, XattrFlags, getxattr, setxattr};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

fn inode(path: &Path) -> u64 {
    fs::symlink_metadata(path).expect("there").ino()
}

#[test]
fn names_of_one_inode_stay_names_of_one_inode() {
    for workers in [1, 4] {
        let scratch = Scratch::new();
        let from = scratch.dir("from");
        scratch.dir("from/deep/er");
        for group in 0..20 {
            let first = from.join(format!("g{group}"));
            fs::write(&first, vec![group as u8; 5000 * (group + 1)]).expect("written");
            for name in 0..10 {
                let place = if name % 2 == 0 { "deep" } else { "deep/er" };
                fs::hard_link(&first, from.join(place).join(format!("g{group}-{name}")))
                    .expect("linked");
            }
        }
        // One of its names is elsewhere: its group never closes.
        fs::write(scratch.at("outside"), "x").expect("written");
        fs::hard_link(scratch.at("outside"), from.join("inside")).expect("linked");
        let to = scratch.at("to");
        let mut job = spec(&from, &to);
        job.naming = Naming::Exact;
        job.tuning.file_workers = Some(workers);
        let ended = run_real(&job);
        ended.assert_good();
        assert_eq!(walk::differences(&from, &to), [""; 0]);
        for group in 0..20 {
            let first = inode(&to.join(format!("g{group}")));
            for name in 0..10 {
                let place = if name % 2 == 0 { "deep" } else { "deep/er" };
                assert_eq!(
                    inode(&to.join(place).join(format!("g{group}-{name}"))),
                    first
                );
            }
            assert_eq!(
                fs::metadata(to.join(format!("g{group}")))
                    .expect("there")
                    .nlink(),
                11
            );
        }
        assert_eq!(ended.summary.files.copied, 221);
        assert!(
            ended.summary.notices.is_empty(),
            "{:?}",
            ended.summary.notices
        );
        // Again: everything is there.
        let again = run_real(&job);
        again.assert_good();
        assert_eq!(again.summary.files.skipped, 221);
        // Overwritten over other files: linked all the same.
        for group in 0..20 {
            let name = to.join(format!("deep/g{group}-0"));
            fs::remove_file(&name).expect("removed");
            fs::write(&name, "other").expect("written");
        }
        job.conflict = Conflict::Overwrite;
        run_real(&job).assert_good();
        assert_eq!(walk::differences(&from, &to), [""; 0]);
        // Not wanted: files of their own.
        let to = scratch.at("apart");
        let mut job = spec(&from, &to);
        job.naming = Naming::Exact;
        job.preserve = Preserve {
            links: false,
            ..Preserve::ALL
        };
        run_real(&job).assert_good();
        assert_eq!(fs::metadata(to.join("g0")).expect("there").nlink(), 1);
    }
}

/// What an earlier run left undone becomes a name of what it did, where the name that is met first is
/// there; else that is told.
#[test]
fn names_that_are_missing_join_those_that_are_there() {
    const NAMES: usize = 6;
    for link in [false, true] {
        let mut apart = 0;
        for missing in 0..NAMES {
            let scratch = Scratch::quick();
            let (from, to) = (scratch.dir("from"), scratch.at("to"));
            let name = |number: usize| format!("n{number}");
            if link {
                std::os::unix::fs::symlink("somewhere", from.join(name(0))).expect("linked");
            } else {
                fs::write(from.join(name(0)), vec![7; 3000]).expect("written");
            }
            for number in 1..NAMES {
                fs::hard_link(from.join(name(0)), from.join(name(number))).expect("linked");
            }
            let mut job = spec(&from, &to);
            job.naming = Naming::Exact;
            job.tuning.file_workers = Some(1);
            run_real(&job).assert_good();
            fs::remove_file(to.join(name(missing))).expect("removed");
            let ended = run_real(&job);
            ended.assert_good();
            assert_eq!(
                (ended.summary.files.copied, ended.summary.files.skipped),
                (1, 5)
            );
            let notices = &ended.summary.notices;
            if inode(&to.join(name(missing))) == inode(&to.join(name((missing + 1) % NAMES))) {
                assert!(notices.is_empty(), "{notices:?}");
                assert_eq!(walk::differences(&from, &to), [""; 0]);
            } else {
                apart += 1;
                assert!(
                    notices[0].text.contains("files of their own"),
                    "{notices:?}"
                );
                assert_eq!(notices[0].count, NAMES as u64 - 1);
            }
        }
        assert_eq!(apart, 1, "only what is met first can be missed");
    }
}

#[test]
fn extended_attributes_are_kept_even_of_a_read_only_file() {
    let scratch = Scratch::new();
    let from = scratch.dir("from");
    let file = from.join("frame.exr");
    fs::write(&file, "pixels").expect("written");
    if setxattr(&file, c"user.shot", b"sh010\0\xff", XattrFlags::empty()).is_err() {
        skip("no extended attributes on this file system");
        return;
    }
    for number in 0..20 {
        setxattr(
            &file,
            format!("user.n{number}"),
            &[number; 50],
            XattrFlags::empty(),
        )
        .expect("set");
    }
    setxattr(&from, c"user.dir", b"yes", XattrFlags::empty()).expect("set");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o444)).expect("set");
    for strategy in [Strategy::Buffered, Strategy::Parallel] {
        let to = scratch.at(strategy.name());
        let mut job = spec(&from, &to);
        job.naming = Naming::Exact;
        job.strategy = strategy;
        let ended = run_real(&job);
        ended.assert_good();
        assert!(
            ended.summary.notices.is_empty(),
            "{:?}",
            ended.summary.notices
        );
        let value = |path: &Path, name: &str| {
            let mut buffer = [0; 100];
            let len = getxattr(path, name, &mut buffer).expect("an attribute");
            buffer[..len].to_vec()
        };
        assert_eq!(value(&to.join("frame.exr"), "user.shot"), b"sh010\0\xff");
        assert_eq!(value(&to.join("frame.exr"), "user.n19"), [19; 50]);
        assert_eq!(value(&to, "user.dir"), b"yes");
    }
    let to = scratch.at("without");
    let mut job = spec(&from, &to);
    job.naming = Naming::Exact;
    job.preserve = Preserve {
        xattr: false,
        ..Preserve::ALL
    };
    run_real(&job).assert_good();
    assert!(getxattr(to.join("frame.exr"), c"user.shot", &mut [0; 100]).is_err());
}

/// `user::rw-, user:1234:rw-, group::---, mask::rw-, other::---`
fn acl() -> Vec<u8> {
    let mut bytes = 2u32.to_le_bytes().to_vec();
    for (tag, bits, id) in [
        (1u16, 6u16, u32::MAX),
        (2, 6, 1234),
        (4, 0, u32::MAX),
        (0x10, 6, u32::MAX),
        (0x20, 0, u32::MAX),
    ] {
        bytes.extend(tag.to_le_bytes());
        bytes.extend(bits.to_le_bytes());
        bytes.extend(id.to_le_bytes());
    }
    bytes
}

#[test]
fn access_control_lists_are_kept_and_none_is_inherited() {
    let scratch = Scratch::new();
    let from = scratch.dir("from");
    let (with, without) = (from.join("with"), from.join("without"));
    fs::write(&with, "x").expect("written");
    fs::write(&without, "x").expect("written");
    fs::set_permissions(&without, fs::Permissions::from_mode(0o640)).expect("set");
    if setxattr(
        &with,
        c"system.posix_acl_access",
        &acl(),
        XattrFlags::empty(),
    )
    .is_err()
    {
        skip("no access control lists on this file system");
        return;
    }
    let to = scratch.dir("to");
    // Everything made in it is given an ACL that lets 1234 in.
    setxattr(
        &to,
        c"system.posix_acl_default",
        &acl(),
        XattrFlags::empty(),
    )
    .expect("set");
    let ended = run_real(&spec(&from, &to));
    ended.assert_good();
    let there = to.join("from");
    let mut buffer = [0; 200];
    let len =
        getxattr(there.join("with"), c"system.posix_acl_access", &mut buffer).expect("an ACL");
    assert_eq!(buffer[..len], acl());
    for plain in [there.join("without"), there.clone()] {
        for name in [c"system.posix_acl_access", c"system.posix_acl_default"] {
            assert!(
                getxattr(&plain, name, &mut buffer).is_err(),
                "{} inherited one",
                plain.display()
            );
        }
    }
    let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o7777;
    assert_eq!(mode(&there.join("without")), 0o640);
    assert_eq!(mode(&there.join("with")), 0o660);
}

/// Of what is listed, and of what is only looked at, as of what is read.
#[test]
fn access_times_of_directories_and_links_are_kept() {
    let scratch = Scratch::new();
    let from = scratch.dir("from");
    let (below, link) = (scratch.dir("from/below"), from.join("link"));
    fs::write(below.join("f"), "x").expect("written");
    symlink("below/f", &link).expect("made");
    // In the future, so that listing and reading them here moves nothing (mount(8), relatime).
    let at = |tv_sec, tv_nsec| rustix::fs::Timespec { tv_sec, tv_nsec };
    let times = rustix::fs::Timestamps {
        last_access: at(4_000_000_000, 123_456_789),
        last_modification: at(1_000_000_000, 987_654_321),
    };
    for path in [&link, &below, &from] {
        rustix::fs::utimensat(CWD, path, &times, AtFlags::SYMLINK_NOFOLLOW).expect("set");
    }
    let to = scratch.at("to");
    let mut job = spec(&from, &to);
    job.naming = Naming::Exact;
    run_real(&job).assert_good();
    for path in [to.join("link"), to.join("below"), to] {
        let there = fs::symlink_metadata(&path).expect("there");
        let told = (there.atime(), there.atime_nsec());
        assert_eq!(told, (4_000_000_000, 123_456_789), "{}", path.display());
        let told = (there.mtime(), there.mtime_nsec());
        assert_eq!(told, (1_000_000_000, 987_654_321), "{}", path.display());
    }
}

/// What other security modules than `SELinux` keep in attributes goes with the file, and is no reason to
/// fail where it may not be set; a label of `SELinux` is the receiving system's to give.
#[test]
fn security_labels_are_kept_but_for_those_of_selinux() {
    let scratch = Scratch::new();
    let from = scratch.file("from", "x");
    let labels = [c"security.haul-test", c"security.selinux"];
    for label in labels {
        if setxattr(&from, label, b"a label", XattrFlags::empty()).is_err() {
            return skip("no security labels may be set here");
        }
    }
    let to = scratch.at("to");
    let mut job = spec(&from, &to);
    job.naming = Naming::Exact;
    run_real(&job).assert_good();
    let mut buffer = [0; 100];
    let len = getxattr(&to, labels[0], &mut buffer).expect("kept");
    assert_eq!(&buffer[..len], b"a label");
    // Where `SELinux` runs, the copy has a label of its own.
    let len = getxattr(&to, labels[1], &mut buffer).unwrap_or(0);
    assert_ne!(&buffer[..len], b"a label");
}

/// Where neither modes nor ACLs are kept, what is made is as cp(1) makes it: the ACL that is handed
/// down takes the place of the mask, and is never widened by the mode of the source.
#[test]
fn a_list_that_is_handed_down_is_not_widened() {
    let scratch = Scratch::new();
    let from = scratch.dir("from");
    let (file, below) = (from.join("file"), scratch.dir("from/below"));
    fs::write(&file, "x").expect("written");
    rustix::fs::mknodat(
        CWD,
        from.join("pipe"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o644),
        0,
    )
    .expect("made");
    for (path, mode) in [(&file, 0o644), (&below, 0o755)] {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("set");
    }
    // Others are kept out, 1234 is let in.
    for to in [scratch.dir("by-haul"), scratch.dir("by-cp")] {
        let set = setxattr(
            &to,
            c"system.posix_acl_default",
            &acl(),
            XattrFlags::empty(),
        );
        if set.is_err() {
            skip("no access control lists on this file system");
            return;
        }
    }
    let mut job = spec(&from, &scratch.at("by-haul"));
    job.preserve = Preserve {
        mode: false,
        acl: false,
        ..Preserve::ALL
    };
    run_real(&job).assert_good();
    let cp = std::process::Command::new("cp")
        .arg("-r")
        .args([&from, &scratch.at("by-cp")])
        .status();
    assert!(cp.expect("cp").success());
    for name in ["from", "from/file", "from/below", "from/pipe"] {
        let seen = ["by-haul", "by-cp"].map(|by| {
            let path = scratch.at(by).join(name);
            let mode = fs::metadata(&path).expect("there").permissions().mode();
            let mut buffer = [0; 200];
            let len = getxattr(&path, c"system.posix_acl_access", &mut buffer).expect("an ACL");
            (mode, buffer[..len].to_vec())
        });
        assert_eq!(seen[0], seen[1], "{name}");
        assert_eq!(seen[0].0 & 0o007, 0, "{name} lets others in");
    }
}

#[test]
fn what_is_not_wanted_is_not_kept() {
    let scratch = Scratch::new();
    let from = scratch.dir("from");
    let file = from.join("f");
    fs::write(&file, "x").expect("written");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o4777)).expect("set");
    let old = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
    fs::File::options()
        .write(true)
        .open(&file)
        .expect("open")
        .set_modified(old)
        .expect("set");
    let to = scratch.at("to");
    let mut job = spec(&from, &to);
    job.naming = Naming::Exact;
    job.preserve = Preserve {
        mode: false,
        times: false,
        ..Preserve::ALL
    };
    let ended = run_real(&job);
    assert_eq!(ended.summary.state, JobState::Done);
    let metadata = fs::metadata(to.join("f")).expect("there");
    assert_ne!(metadata.modified().expect("a time"), old);
    assert_eq!(
        metadata.permissions().mode() & 0o7000,
        0,
        "set-id bits are part of the mode"
    );
}
