//! Every strategy between every pair of ext4, xfs, btrfs and tmpfs, over a tree that holds every
//! kind of inode; an independent walker compares. Needs root and loop mounts.

use crate::support::engine::{Ended, run_real, spec};
use crate::support::scratch::Scratch;
use crate::support::walk;
use haul::proto::{JobState, Naming, Strategy};
use rustix::fs::{CWD, FileType, Mode, XattrFlags, getxattr, makedev, mknodat, setxattr};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File, Permissions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt, chown, lchown, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// `user::rw-, user:4321:r--, group::r--, mask::r--, other::---`
fn acl() -> Vec<u8> {
    let mut bytes = 2u32.to_le_bytes().to_vec();
    let none = u32::MAX;
    for (tag, bits, id) in [
        (1u16, 6u16, none),
        (2, 4, 4321),
        (4, 4, none),
        (0x10, 4, none),
        (0x20, 0, none),
    ] {
        bytes.extend(tag.to_le_bytes());
        bytes.extend(bits.to_le_bytes());
        bytes.extend(id.to_le_bytes());
    }
    bytes
}

fn make_tree(root: &Path) {
    fs::create_dir(root).expect("made");
    let at = |name: &str| root.join(name);
    for (number, size) in [0usize, 1, 4095, 4096, 65_535, 65_537, 262_145, 9 << 20]
        .into_iter()
        .enumerate()
    {
        let bytes: Vec<u8> = (0..size).map(|at| (at * 31 + number) as u8).collect();
        fs::write(at(&format!("f{size}")), bytes).expect("written");
    }
    for (name, data) in [("middle", [0u64, 8 << 20]), ("leading", [4 << 20, 6 << 20])] {
        let file = File::create(at(name)).expect("made");
        file.set_len(16 << 20).expect("sized");
        for offset in data {
            file.write_all_at(&vec![7; 65_536], offset)
                .expect("written");
        }
    }
    File::create(at("all-hole"))
        .expect("made")
        .set_len(64 << 20)
        .expect("sized");
    for (name, mode) in [
        ("m0600", 0o600),
        ("m4755", 0o4755),
        ("m2644", 0o2644),
        ("m0444", 0o444),
    ] {
        fs::write(at(name), name).expect("written");
        chown(at(name), Some(1234), Some(4321)).expect("given");
        fs::set_permissions(at(name), Permissions::from_mode(mode)).expect("set");
    }
    fs::create_dir(at("dir")).expect("made");
    fs::hard_link(at("f4096"), at("dir/second name")).expect("linked");
    fs::hard_link(at("f4096"), at("third")).expect("linked");
    symlink("dir/../f1", at("link")).expect("linked");
    symlink("/nowhere/at/all", at("dangling")).expect("linked");
    lchown(at("link"), Some(1234), Some(4321)).expect("given");
    for (name, kind, dev) in [
        ("pipe", FileType::Fifo, 0),
        ("socket", FileType::Socket, 0),
        ("null", FileType::CharacterDevice, makedev(1, 3)),
        ("loop", FileType::BlockDevice, makedev(7, 200)),
    ] {
        mknodat(CWD, at(name), kind, Mode::from_raw_mode(0o640), dev).expect("made");
    }
    fs::write(root.join(OsStr::from_bytes(b"not \xff text\n")), "x").expect("written");
    setxattr(at("f1"), c"user.shot", b"a\0b", XattrFlags::empty()).expect("set");
    setxattr(at("f1"), c"trusted.haul", b"root only", XattrFlags::empty()).expect("set");
    setxattr(
        at("f4095"),
        c"system.posix_acl_access",
        &acl(),
        XattrFlags::empty(),
    )
    .expect("set");
    let time = |secs: u64| SystemTime::UNIX_EPOCH + Duration::new(secs, 123_456_789);
    for (name, secs) in [("f0", 1), ("f65537", 2_000_000_000), ("m0444", 86_400)] {
        let file = File::open(at(name)).expect("open");
        file.set_modified(time(secs)).expect("set");
    }
    fs::set_permissions(at("dir"), Permissions::from_mode(0o2555)).expect("set");
    File::open(at("dir"))
        .expect("open")
        .set_modified(time(1_000_000_000))
        .expect("set");
}

fn attribute(path: &Path, name: &str) -> Option<Vec<u8>> {
    let mut buffer = [0; 256];
    let len = getxattr(path, name, &mut buffer).ok()?;
    Some(buffer[..len].to_vec())
}

/// Names of one inode, by the first of them.
fn groups(root: &Path) -> Vec<Vec<Vec<u8>>> {
    let mut groups: BTreeMap<u64, Vec<Vec<u8>>> = BTreeMap::new();
    for (path, metadata) in walk::entries(root) {
        if !metadata.is_dir() {
            groups.entry(metadata.ino()).or_default().push(path);
        }
    }
    let mut groups: Vec<_> = groups
        .into_values()
        .filter(|names| names.len() > 1)
        .collect();
    groups.sort();
    groups
}

fn compare(words: &str, from: &Path, to: &Path) {
    let found = walk::differences(from, to);
    assert!(found.is_empty(), "{words}:\n{}", found.join("\n"));
    assert_eq!(groups(to), groups(from), "{words}: hard links");
    for (file, name) in [
        ("f1", "user.shot"),
        ("f1", "trusted.haul"),
        ("f4095", "system.posix_acl_access"),
    ] {
        let (mine, theirs) = (
            attribute(&to.join(file), name),
            attribute(&from.join(file), name),
        );
        assert_eq!(mine, theirs, "{words}: {name} of {file}");
    }
    for device in ["null", "loop"] {
        let number = |root: &Path| {
            fs::symlink_metadata(root.join(device))
                .expect("there")
                .rdev()
        };
        assert_eq!(number(to), number(from), "{words}: {device}");
    }
}

fn copy(from: &Path, to: &Path, strategy: Strategy) -> Ended {
    let mut job = spec(from, to);
    job.naming = Naming::Exact;
    job.strategy = strategy;
    job.tuning.chunk_workers = Some(3);
    job.tuning.chunk_size = Some(2 << 20);
    run_real(&job)
}

#[test]
fn every_strategy_between_every_pair_of_file_systems() {
    let mut scratch = Scratch::new();
    let mut places: Vec<(&str, PathBuf)> = Vec::new();
    for kind in ["ext4", "xfs", "btrfs"] {
        let Some(path) = scratch.mount_image(kind) else {
            return;
        };
        places.push((kind, path));
    }
    let Some(path) = scratch.mount("tmpfs", 400 << 10) else {
        return;
    };
    places.push(("tmpfs", path));
    for (_, place) in &places {
        make_tree(&place.join("tree"));
    }
    for (source_kind, source) in &places {
        for (dest_kind, dest) in &places {
            for strategy in Strategy::ALL {
                let words = format!("{strategy} from {source_kind} to {dest_kind}");
                let (from, to) = (source.join("tree"), dest.join("copy"));
                let ended = copy(&from, &to, strategy);
                let shares = source_kind == dest_kind && ["xfs", "btrfs"].contains(dest_kind);
                if strategy == Strategy::Reflink && !shares {
                    assert_eq!(ended.summary.state, JobState::DoneWithFailures, "{words}");
                    assert!(!to.join("f4096").exists(), "{words}: copied all the same");
                } else {
                    assert_eq!(
                        ended.summary.state,
                        JobState::Done,
                        "{words}: {:#?}",
                        ended.failures
                    );
                    compare(&words, &from, &to);
                    assert_eq!(walk::temporaries(&to), [[0; 0]; 0], "{words}");
                }
                crate::support::scratch::make_removable(&to);
                fs::remove_dir_all(&to).expect("removed");
            }
        }
    }
}
