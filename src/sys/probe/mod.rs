//! What this machine and a file system offer, found out by asking and by trying.
//!
//! For `haul doctor`. Asking reads; trying ([`Trials`]) works in files without a name where the
//! file system has such, and removes at once what must have one. Calls may hang with the file
//! system they are about. Any thread may call; nothing is kept.

mod mounts;
mod trial;

pub use mounts::{Mount, mount_of};
pub use trial::{Trial, Trials};

use super::{Errno, Kind, Real, Space, Sys, SysResult};
use rustix::process::{Resource, Rlimit, getrlimit};
use serde::Serialize;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

/// A limit of this process; `None` is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Limit {
    /// In force.
    pub soft: Option<u64>,
    /// What the soft one may be raised to.
    pub hard: Option<u64>,
}

/// The kernel and what it grants this process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Machine {
    /// Release of the kernel.
    pub kernel: String,
    /// Files that may be open.
    pub open_files: Limit,
    /// Bytes that may be locked in memory.
    pub locked_memory: Limit,
    /// `kernel.io_uring_disabled`: 0 for all, 1 for a group only, 2 for nobody; `None` where the
    /// kernel does not tell (before 6.6, or without `/proc`).
    pub io_uring_disabled: Option<u8>,
    /// A ring, tried out.
    pub io_uring: Trial,
}

/// Asks the kernel about itself.
pub fn machine() -> Machine {
    let limit = |of| {
        let Rlimit { current, maximum } = getrlimit(of);
        Limit {
            soft: current,
            hard: maximum,
        }
    };
    let disabled = std::fs::read_to_string("/proc/sys/kernel/io_uring_disabled");
    Machine {
        kernel: rustix::system::uname().release().to_string_lossy().into(),
        open_files: limit(Resource::Nofile),
        locked_memory: limit(Resource::Memlock),
        io_uring_disabled: disabled.ok().and_then(|text| text.trim().parse().ok()),
        io_uring: trial::ring(),
    }
}

/// A place that is there.
#[derive(Debug)]
pub struct Place {
    /// The directory: the place itself, or the one a file is in.
    pub dir: PathBuf,
    /// Its device.
    pub dev: u64,
    /// Its room and kind.
    pub space: Space,
    fd: OwnedFd,
}

impl Place {
    /// Looks at a path; links are followed, as an argument's are.
    pub fn at(path: &Path) -> SysResult<Self> {
        let dir = match Real.stat_path(path)?.kind {
            Kind::Dir => path.to_path_buf(),
            _ => match path.parent() {
                Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
                _ => PathBuf::from("."),
            },
        };
        let fd = Real.open_root(&dir)?;
        Ok(Self {
            dev: Real.stat(fd.as_fd())?.dev,
            space: Real.space(fd.as_fd())?,
            dir,
            fd,
        })
    }

    /// What works in this directory, tried out. `name` makes names that no file has and that the
    /// next copy into the directory recognises as left over, should this program be killed.
    pub fn trials(&self, name: &mut dyn FnMut() -> std::ffi::CString) -> SysResult<Trials> {
        trial::all(self.fd.as_fd(), name)
    }

    /// What is mounted there; `None` where the kernel does not tell.
    pub fn mount(&self) -> Option<Mount> {
        mount_of(self.fd.as_fd())
    }
}

/// The system's words for an error.
pub fn words(errno: Errno) -> String {
    let text = std::io::Error::from(errno).to_string();
    match text.split_once(" (os error") {
        Some((words, _)) => words.to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_says_something() {
        let machine = machine();
        assert!(
            machine
                .kernel
                .starts_with(|first: char| first.is_ascii_digit())
        );
        assert!(machine.open_files.soft.is_none_or(|files| files > 0));
        if machine.io_uring_disabled == Some(0) && machine.io_uring.works == Some(false) {
            let reason = &machine.io_uring.detail;
            assert!(!reason.is_empty(), "a filter forbids it, and that is said");
        }
    }

    #[test]
    fn a_file_stands_for_its_directory() {
        let dir = tempfile::tempdir().expect("a directory");
        let file = dir.path().join("f");
        std::fs::write(&file, "x").expect("written");
        let place = Place::at(&file).expect("there");
        assert_eq!(place.dir, dir.path());
        assert!(place.space.total > 0 || place.space.inodes_total == 0);
        let missing = Place::at(&dir.path().join("g")).expect_err("missing");
        assert_eq!(words(missing), "No such file or directory");
    }
}
