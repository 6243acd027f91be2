//! Looks at two trees with the standard library alone and says where they differ.

use rustix::fs::{SeekFrom, lgetxattr, llistxattr, seek};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File, Metadata};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;
use walkdir::WalkDir;

/// Every entry below `root` by its path there, the root itself under the empty one.
pub type Entries = BTreeMap<Vec<u8>, Metadata>;

/// Lists a tree; nothing is followed.
pub fn entries(root: &Path) -> Entries {
    let mut found = Entries::new();
    if fs::symlink_metadata(root).is_err() {
        return found;
    }
    for entry in WalkDir::new(root).follow_root_links(false) {
        let entry = entry.expect("a tree can be listed");
        let path = entry.path().strip_prefix(root).expect("below the root");
        let metadata = fs::symlink_metadata(entry.path()).expect("an entry can be looked at");
        found.insert(path.as_os_str().as_bytes().to_vec(), metadata);
    }
    found
}

/// The number of entries that are no directories.
pub fn files(root: &Path) -> u64 {
    let entries = entries(root);
    entries.values().filter(|entry| !entry.is_dir()).count() as u64
}

/// Temporaries (and everything named like one) below `root`.
pub fn temporaries(root: &Path) -> Vec<Vec<u8>> {
    let named = |path: &[u8]| {
        let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or(path);
        name.starts_with(b".haul-") && name.ends_with(b".part")
    };
    let paths = entries(root).into_keys();
    paths.filter(|path| named(path)).collect()
}

/// Where the data of a file is, as far as its file system says.
pub fn data_map(path: &Path) -> Vec<(u64, u64)> {
    let file = File::open(path).expect("a file can be opened");
    let mut map = Vec::new();
    let mut at = 0;
    while let Ok(data) = seek(&file, SeekFrom::Data(at)) {
        let hole = seek(&file, SeekFrom::Hole(data)).expect("data ends somewhere");
        map.push((data, hole));
        at = hole;
    }
    map
}

fn kind(metadata: &Metadata) -> &'static str {
    let kind = metadata.file_type();
    match () {
        () if kind.is_file() => "file",
        () if kind.is_dir() => "directory",
        () if kind.is_symlink() => "link",
        () if kind.is_fifo() => "pipe",
        () if kind.is_socket() => "socket",
        () => "device",
    }
}

/// Extended attributes of an entry, ACLs among them, of the link itself when it is one; without what
/// a security module gives by itself, and without what xfs shows of an ACL a second time.
pub fn attributes(path: &Path) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let mut found = BTreeMap::new();
    // The kernel's own bounds (XATTR_LIST_MAX, XATTR_SIZE_MAX).
    let mut list = vec![0; 65_536];
    let Ok(len) = llistxattr(path, &mut list[..]) else {
        return found;
    };
    let names = list[..len].split(|byte| *byte == 0);
    let by_itself = |name: &[u8]| name == b"security.selinux" || name.starts_with(b"trusted.SGI_");
    for name in names.filter(|name| !name.is_empty() && !by_itself(name)) {
        let mut value = vec![0; 65_536];
        let len = lgetxattr(path, name, &mut value[..]).expect("a listed attribute can be read");
        value.truncate(len);
        found.insert(name.to_owned(), value);
    }
    found
}

/// Whether two regular files hold the same bytes.
pub fn same_bytes(one: &Path, two: &Path) -> bool {
    fs::read(one).expect("a file can be read") == fs::read(two).expect("a file can be read")
}

/// How the entry at `copy` differs from that at `source`: everything that is preserved.
pub fn differs(source: &Path, copy: &Path) -> Vec<String> {
    let look = |path: &Path| fs::symlink_metadata(path).expect("an entry can be looked at");
    let (from, to) = (look(source), look(copy));
    let mut found = Vec::new();
    let mut note = |what: &str, from: String, to: String| {
        if from != to {
            found.push(format!("{}: {what} {from} became {to}", copy.display()));
        }
    };
    note("kind", kind(&from).into(), kind(&to).into());
    if kind(&from) != kind(&to) {
        return found;
    }
    let mode = |metadata: &Metadata| format!("{:o}", metadata.mode());
    note("mode", mode(&from), mode(&to));
    let owner = |metadata: &Metadata| format!("{}:{}", metadata.uid(), metadata.gid());
    note("owner", owner(&from), owner(&to));
    let time = |metadata: &Metadata| format!("{}.{:09}", metadata.mtime(), metadata.mtime_nsec());
    note("time", time(&from), time(&to));
    note(
        "attributes",
        format!("{:?}", attributes(source)),
        format!("{:?}", attributes(copy)),
    );
    note("device", from.rdev().to_string(), to.rdev().to_string());
    if from.is_file() {
        note("length", from.len().to_string(), to.len().to_string());
        let same = same_bytes(source, copy);
        note(
            "bytes",
            "these".into(),
            if same { "these" } else { "others" }.into(),
        );
        let map = |path: &Path| format!("{:?}", data_map(path));
        note("data map", map(source), map(copy));
    }
    if from.is_symlink() {
        let target = |path: &Path| format!("{:?}", fs::read_link(path).expect("a link"));
        note("target", target(source), target(copy));
    }
    found
}

/// Every difference between two trees.
pub fn differences(source: &Path, copy: &Path) -> Vec<String> {
    let (from, to) = (entries(source), entries(copy));
    let mut found = Vec::new();
    for path in from.keys().filter(|path| !to.contains_key(*path)) {
        found.push(format!("missing: {:?}", OsStr::from_bytes(path)));
    }
    for path in to.keys() {
        let name = OsStr::from_bytes(path);
        if from.contains_key(path) {
            // Joining the empty path would add a slash, and so follow a link.
            let join = |root: &Path| {
                if path.is_empty() {
                    root.to_path_buf()
                } else {
                    root.join(name)
                }
            };
            found.extend(differs(&join(source), &join(copy)));
        } else {
            found.push(format!("not in the source: {name:?}"));
        }
    }
    found
}

/// Fails unless both trees are the same.
pub fn assert_same(source: &Path, copy: &Path) {
    let found = differences(source, copy);
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}
