//! The judge: whether a copy is one, and what it did not keep.
//!
//! Looks with the standard library alone, so that nothing of haul's own is taken at its word. Names,
//! kinds, bytes and targets of links must be the same: else the copy is wrong. Modes, times, owners,
//! attributes, hard links and holes may be lost, which is counted.

use super::launch::Stop;
use crate::text;
use rustix::fs::{lgetxattr, llistxattr};
use rustix::io::Errno;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ffi::{CStr, OsStr, OsString};
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

/// Differences that are put into words; more are counted only.
const WORDS: usize = 5;

/// Bytes compared at a time.
const PIECE: usize = 256 * 1024;

/// A copy may use this much more room than a source with holes before they count as lost: block
/// sizes and what a file system allots ahead differ.
const SLACK: u64 = 256 * 1024;

/// Names of version control's own data, which some copies leave out on purpose.
pub const VCS: [&str; 3] = [".git", ".hg", ".svn"];

/// What the judge found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// In words, the first few differences that make the copy wrong.
    pub wrong: Vec<String>,
    /// How many there are.
    pub differences: u64,
    /// What was not kept, and of how many entries.
    pub lost: BTreeMap<&'static str, u64>,
}

/// What a tree holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Content {
    /// Everything that is no directory.
    pub files: u64,
    /// Directories below the root.
    pub dirs: u64,
    /// Bytes of regular files, holes counted.
    pub bytes: u64,
}

/// A file by what no other has: its device and inode.
type Inode = (u64, u64);

/// Compares one tree with another.
#[derive(Debug)]
pub struct Judge<'a> {
    stop: &'a Stop,
    /// Version control's own data is not expected.
    without_vcs: bool,
    verdict: Verdict,
    linked: HashMap<Inode, Inode>,
    buffers: [Vec<u8>; 2],
}

/// Judges a copy; ends early, with an error, once asked to stop.
///
/// # Errors
/// The source cannot be read, or it was asked to stop. What is wrong with the copy is no error.
pub fn judge(source: &Path, copy: &Path, without_vcs: bool, stop: &Stop) -> io::Result<Verdict> {
    let mut judge = Judge {
        stop,
        without_vcs,
        verdict: Verdict::default(),
        linked: HashMap::new(),
        buffers: [vec![0; PIECE], vec![0; PIECE]],
    };
    judge.entry(source, copy)?;
    Ok(judge.verdict)
}

/// Counts what a tree holds.
///
/// # Errors
/// Something cannot be read.
pub fn content(root: &Path) -> io::Result<Content> {
    let mut found = Content::default();
    let mut dirs = vec![root.to_path_buf()];
    if !fs::symlink_metadata(root)?.is_dir() {
        return Ok(Content {
            files: 1,
            dirs: 0,
            bytes: fs::symlink_metadata(root)?.len(),
        });
    }
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(dir)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            if kind.is_dir() {
                found.dirs += 1;
                dirs.push(entry.path());
                continue;
            }
            found.files += 1;
            if kind.is_file() {
                found.bytes += entry.metadata()?.len();
            }
        }
    }
    Ok(found)
}

impl Judge<'_> {
    fn wrong(&mut self, path: &Path, what: &str) {
        self.verdict.differences += 1;
        if self.verdict.wrong.len() < WORDS {
            let path = text::shown(path.as_os_str().as_bytes());
            self.verdict.wrong.push(format!("'{path}': {what}"));
        }
    }

    fn lost(&mut self, what: &'static str) {
        *self.verdict.lost.entry(what).or_default() += 1;
    }

    fn entry(&mut self, source: &Path, copy: &Path) -> io::Result<()> {
        if self.stop.is_asked() {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let from = fs::symlink_metadata(source)?;
        let to = match fs::symlink_metadata(copy) {
            Ok(to) => to,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.wrong(copy, "missing");
                return Ok(());
            }
            Err(error) => {
                self.wrong(copy, &error.to_string());
                return Ok(());
            }
        };
        if kind(&from) != kind(&to) {
            let what = format!("a {} became a {}", kind(&from), kind(&to));
            self.wrong(copy, &what);
            return Ok(());
        }
        // First: looking into it changes none of what is compared.
        self.kept(source, copy, &from, &to)?;
        if from.is_dir() {
            return self.dir(source, copy);
        }
        if from.is_symlink() && fs::read_link(source)? != fs::read_link(copy)? {
            self.wrong(copy, "leads elsewhere");
        }
        if from.is_file() {
            self.file(source, copy, &from, &to)?;
        }
        if kind(&from) == "device" && from.rdev() != to.rdev() {
            self.wrong(copy, "another device");
        }
        Ok(())
    }

    fn dir(&mut self, source: &Path, copy: &Path) -> io::Result<()> {
        let expected: Vec<OsString> = names(source)?
            .into_iter()
            .filter(|name| !self.without_vcs || !VCS.iter().any(|vcs| OsStr::new(vcs) == name))
            .collect();
        let mut found: BTreeSet<OsString> = match names(copy) {
            Ok(found) => found.into_iter().collect(),
            Err(error) => {
                self.wrong(copy, &error.to_string());
                return Ok(());
            }
        };
        for name in expected {
            found.remove(&name);
            self.entry(&source.join(&name), &copy.join(&name))?;
        }
        for name in found {
            self.wrong(&copy.join(name), "not in the source");
        }
        Ok(())
    }

    fn file(
        &mut self,
        source: &Path,
        copy: &Path,
        from: &Metadata,
        to: &Metadata,
    ) -> io::Result<()> {
        if from.len() != to.len() {
            let what = format!("{} bytes became {}", from.len(), to.len());
            self.wrong(copy, &what);
            return Ok(());
        }
        let mut one = File::open(source)?;
        let mut two = match File::open(copy) {
            Ok(file) => file,
            Err(error) => {
                self.wrong(copy, &error.to_string());
                return Ok(());
            }
        };
        let [left, right] = &mut self.buffers;
        let mut at = 0_u64;
        let difference = loop {
            if self.stop.is_asked() {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let got = fill(&mut one, left)?;
            match fill(&mut two, right) {
                Ok(other) if left[..got] == right[..other] => {}
                Ok(_) => {
                    let same = left
                        .iter()
                        .zip(right.iter())
                        .take_while(|(a, b)| a == b)
                        .count();
                    break Some(format!("other bytes at {}", at + same as u64));
                }
                Err(error) => break Some(error.to_string()),
            }
            if got < left.len() {
                break None;
            }
            at += got as u64;
        };
        if let Some(what) = difference {
            self.wrong(copy, &what);
        }
        Ok(())
    }

    fn kept(
        &mut self,
        source: &Path,
        copy: &Path,
        from: &Metadata,
        to: &Metadata,
    ) -> io::Result<()> {
        // A link has no mode of its own.
        if !from.is_symlink() && from.mode() & 0o7777 != to.mode() & 0o7777 {
            self.lost("mode");
        }
        if (from.uid(), from.gid()) != (to.uid(), to.gid()) {
            self.lost("owner");
        }
        if (from.mtime(), from.mtime_nsec()) != (to.mtime(), to.mtime_nsec()) {
            self.lost(match () {
                () if from.is_dir() => "dir times",
                () if from.is_symlink() => "link times",
                () => "times",
            });
        }
        if !from.is_dir() && from.nlink() > 1 {
            let copied = (to.dev(), to.ino());
            let first = self
                .linked
                .entry((from.dev(), from.ino()))
                .or_insert(copied);
            if *first != copied {
                self.lost("hard links");
            }
        }
        let allotted = |metadata: &Metadata| metadata.blocks() * 512;
        if from.is_file() && allotted(from) < from.len() && allotted(to) > allotted(from) + SLACK {
            self.lost("holes");
        }
        // Of a copy whose attributes cannot be read nothing is known to have been kept.
        if attributes(copy).ok() != Some(attributes(source)?) {
            self.lost("xattr");
        }
        Ok(())
    }
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

fn names(dir: &Path) -> io::Result<Vec<OsString>> {
    fs::read_dir(dir)?
        .map(|entry| Ok(entry?.file_name()))
        .collect()
}

/// Reads until the buffer is full or the file ends.
fn fill(file: &mut File, buffer: &mut [u8]) -> io::Result<usize> {
    let mut got = 0;
    while got < buffer.len() {
        match file.read(&mut buffer[got..]) {
            Ok(0) => break,
            Ok(count) => got += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(got)
}

/// What users and lists of access attach to an entry; nothing where the file system has none.
///
/// # Errors
/// They cannot be read.
fn attributes(path: &Path) -> io::Result<BTreeMap<Vec<u8>, Vec<u8>>> {
    let mut list = vec![0_u8; 4096];
    let got = loop {
        match llistxattr(path, list.as_mut_slice()) {
            Ok(got) => break got,
            Err(Errno::RANGE) if list.len() < 1 << 20 => list.resize(list.len() * 16, 0),
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => return Ok(BTreeMap::new()),
            Err(errno) => return Err(errno.into()),
        }
    };
    let mut found = BTreeMap::new();
    for name in list[..got].split_inclusive(|byte| *byte == 0) {
        let Ok(name) = CStr::from_bytes_with_nul(name) else {
            continue;
        };
        let wanted = [&b"user."[..], b"system.posix_acl_"];
        if !wanted
            .iter()
            .any(|space| name.to_bytes().starts_with(space))
        {
            continue;
        }
        let mut value = vec![0_u8; 65_536];
        let got = lgetxattr(path, name, value.as_mut_slice())?;
        value.truncate(got);
        found.insert(name.to_bytes().to_vec(), value);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::Permissions;
    use std::os::unix::fs::{FileExt, PermissionsExt, symlink};
    use std::time::{Duration, SystemTime};

    /// Two trees that are the same, to be changed.
    struct Pair {
        dir: tempfile::TempDir,
    }

    impl Pair {
        fn new() -> Self {
            let pair = Self {
                dir: tempfile::tempdir().expect("a directory"),
            };
            for side in ["source", "copy"] {
                let root = pair.dir.path().join(side);
                fs::create_dir_all(root.join("d/.git")).expect("made");
                fs::write(root.join("d/f"), vec![7; 600_000]).expect("written");
                fs::write(root.join("one"), "x").expect("written");
                fs::hard_link(root.join("one"), root.join("two")).expect("linked");
                symlink("one", root.join("link")).expect("linked");
                let sparse = File::create(root.join("holes")).expect("made");
                sparse.set_len(8 << 20).expect("set");
                sparse.write_all_at(&[1; 4096], 1 << 20).expect("written");
                for name in ["d/f", "one", "holes", "d/.git", "d", ""] {
                    let time = SystemTime::UNIX_EPOCH + Duration::new(1_000_000_000, 123_456_789);
                    let file = File::open(root.join(name)).expect("opens");
                    file.set_modified(time).expect("set");
                }
            }
            let (source, copy) = (pair.path("source/link"), pair.path("copy/link"));
            let stamp = |path: &Path| {
                use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, utimensat};
                let time = Timespec {
                    tv_sec: 5,
                    tv_nsec: 6,
                };
                let times = Timestamps {
                    last_access: time,
                    last_modification: time,
                };
                utimensat(CWD, path, &times, AtFlags::SYMLINK_NOFOLLOW).expect("set");
            };
            stamp(&source);
            stamp(&copy);
            pair
        }

        fn path(&self, below: &str) -> std::path::PathBuf {
            self.dir.path().join(below)
        }

        fn judge(&self, without_vcs: bool) -> Verdict {
            let (source, copy) = (self.path("source"), self.path("copy"));
            judge(&source, &copy, without_vcs, &Stop::default()).expect("readable")
        }

        /// Changes an entry of the copy and sets its time back.
        fn change(&self, name: &str, change: impl FnOnce(&Path)) {
            let path = self.path("copy").join(name);
            let parent = path.parent().expect("a parent").to_path_buf();
            let times = [&path, &parent].map(|path| {
                fs::metadata(path)
                    .and_then(|found| found.modified())
                    .expect("a time")
            });
            change(&path);
            for (path, time) in [&path, &parent].into_iter().zip(times) {
                if let Ok(file) = File::open(path) {
                    file.set_modified(time).expect("set");
                }
            }
        }
    }

    #[test]
    fn attributes_that_cannot_be_read_are_not_taken_for_none() {
        assert!(attributes(Path::new("/nonexistent")).is_err());
    }

    #[test]
    fn a_copy_that_is_one_is_right_and_keeps_everything() {
        assert_eq!(Pair::new().judge(false), Verdict::default());
    }

    #[test]
    fn every_difference_of_content_is_wrong() {
        type Change = fn(&Path);
        let changes: [(&str, Change); 6] = [
            ("d/f", |path| {
                let file = File::options().write(true).open(path).expect("opens");
                file.write_all_at(&[8], 500_001).expect("written");
            }),
            ("d/f", |path| fs::write(path, "short").expect("written")),
            ("d/f", |path| fs::remove_file(path).expect("removed")),
            ("one", |path| {
                fs::remove_file(path).expect("removed");
                fs::create_dir(path).expect("made");
            }),
            ("d/more", |path| {
                let below = path.parent().expect("a parent").join("extra");
                fs::write(below, "").expect("written");
            }),
            ("holes", |path| {
                let file = File::options().write(true).open(path).expect("opens");
                file.write_all_at(&[1], 0).expect("written");
            }),
        ];
        for (number, (name, change)) in changes.into_iter().enumerate() {
            let pair = Pair::new();
            if name == "d/more" {
                change(&pair.path("copy/d/more"));
            } else {
                pair.change(name, change);
            }
            let verdict = pair.judge(false);
            assert_eq!(verdict.differences, 1, "{number}: {verdict:?}");
        }
        let pair = Pair::new();
        let link = pair.path("copy/link");
        fs::remove_file(&link).expect("removed");
        symlink("two", &link).expect("linked");
        assert_eq!(pair.judge(false).differences, 1);
        let pair = Pair::new();
        fs::remove_dir_all(pair.path("copy")).expect("removed");
        assert_eq!(pair.judge(false).differences, 1);
    }

    #[test]
    fn where_bytes_differ_is_said() {
        let pair = Pair::new();
        pair.change("d/f", |path| {
            let file = File::options().write(true).open(path).expect("opens");
            file.write_all_at(&[8], 300_000).expect("written");
        });
        let verdict = pair.judge(false);
        assert!(
            verdict.wrong[0].ends_with("other bytes at 300000"),
            "{verdict:?}"
        );
    }

    #[test]
    fn what_is_not_kept_is_counted_and_is_not_wrong() {
        let lost = |what: &str, name: &str, change: &dyn Fn(&Path)| {
            let pair = Pair::new();
            pair.change(name, change);
            let verdict = pair.judge(false);
            assert_eq!(verdict.differences, 0, "{verdict:?}");
            let found: Vec<_> = verdict.lost.keys().copied().collect();
            assert_eq!(found, [what]);
        };
        lost("mode", "d/f", &|path| {
            fs::set_permissions(path, Permissions::from_mode(0o600)).expect("set");
        });
        lost("hard links", "two", &|path| {
            fs::remove_file(path).expect("removed");
            fs::write(path, "x").expect("written");
        });
        lost("holes", "holes", &|path| {
            let file = File::options().write(true).open(path).expect("opens");
            file.write_all_at(&vec![0; 1 << 20], 0).expect("written");
        });
        let pair = Pair::new();
        let file = File::open(pair.path("copy/d/f")).expect("opens");
        let time = SystemTime::UNIX_EPOCH + Duration::new(1_000_000_000, 123_456_000);
        file.set_modified(time).expect("set");
        assert_eq!(pair.judge(false).lost, [("times", 1)].into());
        let dir = File::open(pair.path("copy/d")).expect("opens");
        dir.set_modified(time).expect("set");
        assert_eq!(
            pair.judge(false).lost,
            [("times", 1), ("dir times", 1)].into()
        );
    }

    #[test]
    fn data_of_version_control_is_left_out_where_that_was_asked_for() {
        let pair = Pair::new();
        pair.change("d/.git", |path| fs::remove_dir(path).expect("removed"));
        assert_eq!(pair.judge(false).differences, 1);
        assert_eq!(pair.judge(true).differences, 0);
        fs::create_dir(pair.path("copy/d/.git")).expect("made");
        assert_eq!(pair.judge(true).differences, 1, "not wanted there");
    }

    #[test]
    fn it_stops_when_asked() {
        let pair = Pair::new();
        let stop = Stop::default();
        stop.ask(2);
        let judged = judge(&pair.path("source"), &pair.path("copy"), false, &stop);
        assert_eq!(
            judged.expect_err("stopped").kind(),
            io::ErrorKind::Interrupted
        );
    }
}
