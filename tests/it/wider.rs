//! At no instant is anything at the destination open to more than it is in the end: somebody looks
//! before every single call of a copy.

use crate::support::engine::{exact, faulty, meanwhile, run};
use crate::support::is_root;
use crate::support::scratch::Scratch;
use crate::support::{skip, tree};
use haul::proto::{JobSpec, Strategy};
use haul::sys::{Call, Errno, FaultKind};
use rustix::fs::{XattrFlags, lgetxattr, setxattr};
use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

const ACCESS: &str = "system.posix_acl_access";

/// An ACL by which user 1234 may do what `named` says and the group nothing, whatever the mode says
/// of the group.
fn acl(named: u16) -> Vec<u8> {
    let mut bytes = 2u32.to_le_bytes().to_vec();
    for (tag, bits, id) in [
        (1u16, 6u16, u32::MAX),
        (2, named, 1234),
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

/// The mask of a list that [`acl`] could have made.
fn mask(list: &[u8]) -> u16 {
    let entries = list[4..].chunks_exact(8);
    let mut masks = entries.filter(|entry| entry[..2] == 0x10u16.to_le_bytes());
    let entry = masks.next().expect("every list here has a mask");
    u16::from_le_bytes([entry[2], entry[3]])
}

/// What decides who may do what with an entry.
#[derive(Clone, Debug, PartialEq)]
struct Access {
    owner: (u32, u32),
    mode: u32,
    acl: Option<Vec<u8>>,
}

impl Access {
    fn of(path: &Path) -> Option<Self> {
        // A temporary may go between the listing and the look.
        let metadata = fs::symlink_metadata(path).ok()?;
        let mut value = [0; 200];
        let acl = match lgetxattr(path, ACCESS, &mut value) {
            Ok(len) => Some(len),
            // None, or the file went after the look at its mode.
            Err(Errno::NODATA | Errno::NOENT) => None,
            Err(error) => panic!("{}: {error}", path.display()),
        };
        Some(Self {
            owner: (metadata.uid(), metadata.gid()),
            mode: metadata.mode() & 0o7777,
            acl: acl.map(|len| value[..len].to_vec()),
        })
    }

    /// Why it is open to somebody to whom it is not in the end.
    fn wider_than(&self, end: &Self) -> Option<&'static str> {
        let others = self.mode & 0o7077;
        if self.owner != end.owner {
            return (others != 0).then_some("before it has its owner");
        }
        if self.mode & !end.mode != 0 {
            return Some("by its mode");
        }
        // A list lets in whom both its mask and the bits of the group let in (acl(5)). They are one
        // and the same, but btrfs sets the mode first and then the list within a single setxattr.
        let mask = self.acl.as_deref().map_or(0o7, mask);
        let lets_in = mask != 0 && self.mode & 0o070 != 0;
        (self.acl != end.acl && lets_in).then_some("without its list")
    }
}

/// Everything below a directory that is no longer, or not yet, what it was before the copy.
fn entries(to: &Path) -> Vec<PathBuf> {
    let walk = walkdir::WalkDir::new(to).min_depth(1);
    walk.into_iter()
        .filter_map(Result::ok)
        .map(|entry| entry.path().to_path_buf())
        .collect()
}

struct Scene {
    scratch: Scratch,
    from: PathBuf,
}

impl Scene {
    /// `None` where there are no lists of access.
    fn new() -> Option<Self> {
        let scratch = Scratch::new();
        let from = scratch.dir("from");
        let none = XattrFlags::empty();
        for (name, mode) in [
            ("f", 0o640),
            ("runs", 0o6750),
            ("with list", 0o660),
            ("open", 0o644),
        ] {
            fs::write(from.join(name), vec![b'x'; 5000]).expect("written");
            chown(from.join(name), Some(1111), Some(2222)).expect("given");
            tree::set_mode(&from.join(name), mode);
        }
        fs::create_dir(from.join("dir")).expect("made");
        fs::write(from.join("dir/f"), "x").expect("written");
        chown(from.join("dir"), Some(1111), Some(2222)).expect("given");
        tree::set_mode(&from.join("dir"), 0o2750);
        tree::pipe(&from.join("pipe"));
        chown(from.join("pipe"), Some(1111), Some(2222)).expect("given");
        tree::set_mode(&from.join("pipe"), 0o620);
        setxattr(from.join("with list"), ACCESS, &acl(4), none).ok()?;
        // What is made at the destination is given a list that lets 1234 in.
        let to = scratch.dir("above");
        setxattr(&to, "system.posix_acl_default", &acl(6), none).ok()?;
        Some(Self { scratch, from })
    }

    fn job(&self, strategy: Strategy) -> JobSpec {
        let mut job = exact(&self.from, &self.to(), strategy);
        job.tuning.file_workers = Some(1);
        job.tuning.parallel_min_size = Some(1);
        job
    }

    fn to(&self) -> PathBuf {
        self.scratch.at("above/to")
    }

    fn clear(&self) {
        crate::support::scratch::make_removable(&self.to());
        fs::remove_dir_all(self.to()).expect("removed");
    }
}

/// What an entry at the destination is to become: by its name, or, where it is a temporary, any of
/// what is of its kind in that directory.
fn ends<'a>(path: &Path, known: &'a HashMap<PathBuf, Access>) -> Vec<(&'a PathBuf, &'a Access)> {
    if let Some((path, access)) = known.get_key_value(path) {
        return vec![(path, access)];
    }
    let beside = |other: &&PathBuf| other.parent() == path.parent();
    let all = known.iter().filter(|(other, _)| beside(other));
    all.collect()
}

#[test]
fn nothing_is_open_to_more_than_in_the_end_at_any_instant() {
    if !is_root() {
        return skip("owners need root");
    }
    let Some(scene) = Scene::new() else {
        return skip("no access control lists on this file system");
    };
    for strategy in [Strategy::Auto, Strategy::Buffered, Strategy::Parallel] {
        // Every new file has a name all along on the second.
        for named in [false, true] {
            let job = scene.job(strategy);
            let call = if named {
                Call::CreateNew
            } else {
                Call::OpenSource
            };
            let sys = faulty(call, u64::MAX, false, FaultKind::Short);
            run(sys.clone(), &job).assert_good();
            let known: HashMap<PathBuf, Access> = entries(&scene.to())
                .into_iter()
                .filter_map(|path| Some((path.clone(), Access::of(&path)?)))
                .collect();
            assert_eq!(known.len(), 7);
            let listed = known.values().filter(|access| access.acl.is_some()).count();
            assert_eq!(listed, 1, "the list, and none that was handed down");
            let mut nth: HashMap<Call, u64> = HashMap::new();
            let mut looks = 0;
            for call in sys.calls() {
                scene.clear();
                let count = nth.entry(call).or_default();
                let seen = Arc::new(Mutex::new(Vec::new()));
                let (keep, to) = (seen.clone(), scene.to());
                let look = move || {
                    let now = entries(&to).into_iter();
                    let now = now.filter_map(|path| Some((path.clone(), Access::of(&path)?)));
                    keep.lock().expect("whole").extend(now);
                };
                run(meanwhile(call, *count, look), &job).assert_good();
                *count += 1;
                for (path, access) in seen.lock().expect("whole").iter() {
                    looks += 1;
                    let ends = ends(path, &known);
                    let wide: Vec<_> = ends
                        .iter()
                        .map(|(path, end)| access.wider_than(end).map(|why| (path, why)))
                        .collect();
                    // It is on its way to one of them.
                    let fits = wide.iter().any(Option::is_none);
                    let name = path.display();
                    assert!(
                        fits,
                        "{strategy}, before {call:?} {count}: {name} is {access:?}: {wide:?}"
                    );
                }
            }
            assert!(looks > 100, "{looks} looks");
            scene.clear();
        }
    }
}
