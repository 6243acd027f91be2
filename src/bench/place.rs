//! The one directory a bench works in: made, found again when a bench was killed, removed.
//!
//! Its name and a lock make it recognisable: one whose lock nobody holds belongs to a bench that
//! was killed, and the next one removes it. Only directories of the same user are looked at.

use crate::sys;
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use std::fs::{self, DirBuilder, File, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

const PREFIX: &str = ".haul-bench-";
const LOCK: &str = "lock";

/// A directory of this bench.
#[derive(Debug)]
pub struct Place {
    path: PathBuf,
    // Held open for its lock.
    _lock: File,
}

impl Place {
    /// Makes one in `dir`, and removes what killed benches left there.
    ///
    /// # Errors
    /// It cannot be made, or what was left cannot be removed.
    pub fn make(dir: &Path) -> io::Result<Self> {
        sweep(dir)?;
        let path = dir.join(format!("{PREFIX}{:016x}", sys::seed()));
        DirBuilder::new().mode(0o700).create(&path)?;
        let lock = File::create_new(path.join(LOCK))?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive)?;
        Ok(Self { path, _lock: lock })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Removes it with everything in it.
    ///
    /// # Errors
    /// Something in it cannot be removed.
    pub fn remove(self) -> io::Result<()> {
        remove_tree(&self.path)
    }
}

fn sweep(dir: &Path) -> io::Result<()> {
    let own = sys::effective_user();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let named = entry
            .file_name()
            .as_encoded_bytes()
            .starts_with(PREFIX.as_bytes());
        if !named || !entry.file_type()?.is_dir() || entry.metadata()?.uid() != own {
            continue;
        }
        let lock = match File::open(entry.path().join(LOCK)) {
            Ok(lock) => lock,
            // Another bench is just making it.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => remove_tree(&entry.path())?,
            // Another bench is at work in it.
            Err(Errno::WOULDBLOCK) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
    Ok(())
}

/// Removes a tree, also where a directory in it may not be written to. What is not there is removed.
///
/// # Errors
/// Something cannot be removed.
pub fn remove_tree(root: &Path) -> io::Result<()> {
    match remove(root) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            open_up(root)?;
            remove(root)
        }
        other => other,
    }
}

fn remove(root: &Path) -> io::Result<()> {
    let removed = match fs::symlink_metadata(root) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(root),
        Ok(_) => fs::remove_file(root),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

fn open_up(dir: &Path) -> io::Result<()> {
    if !fs::symlink_metadata(dir)?.is_dir() {
        return Ok(());
    }
    fs::set_permissions(dir, Permissions::from_mode(0o700))?;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            open_up(&entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_of_a_killed_bench_is_removed_and_one_in_use_is_not() {
        let dir = tempfile::tempdir().expect("a directory");
        let held = Place::make(dir.path()).expect("made");
        let killed = Place::make(dir.path()).expect("made");
        let left = killed.path().to_path_buf();
        fs::create_dir(left.join("copy")).expect("made");
        fs::write(left.join("copy/f"), "x").expect("written");
        drop(killed);
        fs::create_dir(dir.path().join(".haul-bench-of-somebody")).expect("made");
        let next = Place::make(dir.path()).expect("made");
        assert!(held.path().is_dir() && next.path().is_dir() && !left.exists());
        assert!(
            dir.path().join(".haul-bench-of-somebody").is_dir(),
            "no lock"
        );
        for place in [held, next] {
            let path = place.path().to_path_buf();
            place.remove().expect("removed");
            assert!(!path.exists());
        }
    }

    #[test]
    fn write_protected_directories_are_removed_too() {
        let dir = tempfile::tempdir().expect("a directory");
        let root = dir.path().join("a");
        fs::create_dir_all(root.join("b")).expect("made");
        fs::write(root.join("b/f"), "x").expect("written");
        fs::set_permissions(root.join("b"), Permissions::from_mode(0o500)).expect("set");
        fs::set_permissions(&root, Permissions::from_mode(0o500)).expect("set");
        remove_tree(&root).expect("removed");
        assert!(!root.exists());
        remove_tree(&root).expect("nothing is removed again");
    }
}
