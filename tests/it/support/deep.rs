//! Trees deeper than a path is long.

use rustix::fs::{AtFlags, Mode, OFlags, mkdirat, openat, unlinkat};
use std::fs;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::path::Path;

/// One name in each level; the levels by descriptors, as their path is longer than any path may be.
pub struct Deep {
    name: String,
    levels: usize,
}

impl Deep {
    /// So many levels of one name.
    pub fn new(name: impl Into<String>, levels: usize) -> Self {
        let name = name.into();
        Self { name, levels }
    }

    /// How many files are in it.
    pub fn files(&self) -> u64 {
        (0..self.levels).step_by(50).count() as u64 + 1
    }

    /// How many levels there are below its root.
    pub fn levels(&self) -> usize {
        self.levels
    }

    /// Another content for the file of the last level.
    pub fn spoil(&self, root: &Path) {
        let mut at = open_dir(root);
        for _ in 0..self.levels {
            at = open_below(&at, &self.name);
        }
        write(&at, self.levels * 1000);
    }

    /// Makes it, a file in every fiftieth level and in the last.
    pub fn make(&self, root: &Path) {
        fs::create_dir(root).expect("made");
        let mut at = open_dir(root);
        for level in 0..self.levels {
            if level % 50 == 0 {
                write(&at, level);
            }
            mkdirat(&at, &self.name, Mode::RWXU).expect("made");
            at = open_below(&at, &self.name);
        }
        write(&at, self.levels);
    }

    /// Fails unless it is all there.
    pub fn assert_there(&self, root: &Path) {
        let mut at = open_dir(root);
        for level in 0..self.levels {
            if level % 50 == 0 {
                assert_eq!(read(&at), level.to_string());
            }
            at = open_below(&at, &self.name);
        }
        assert_eq!(read(&at), self.levels.to_string());
    }

    /// From the bottom up, with two descriptors.
    pub fn remove(&self, root: &Path) {
        let mut at = open_dir(root);
        for _ in 0..self.levels {
            at = open_below(&at, &self.name);
        }
        for level in (0..=self.levels).rev() {
            if level == self.levels || level % 50 == 0 {
                unlinkat(&at, "file", AtFlags::empty()).expect("removed");
            }
            if level == 0 {
                break;
            }
            at = open_below(&at, "..");
            unlinkat(&at, &self.name, AtFlags::REMOVEDIR).expect("removed");
        }
        fs::remove_dir_all(root).expect("removed");
    }
}

fn open_dir(path: &Path) -> OwnedFd {
    fs::File::open(path).expect("a directory opens").into()
}

fn open_below(at: &OwnedFd, name: &str) -> OwnedFd {
    openat(at, name, OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty()).expect("it opens")
}

fn write(at: &OwnedFd, level: usize) {
    let flags = OFlags::WRONLY | OFlags::CREATE;
    let file = openat(at, "file", flags, Mode::from_raw_mode(0o644)).expect("it opens");
    fs::File::from(file)
        .write_all(level.to_string().as_bytes())
        .expect("written");
}

fn read(at: &OwnedFd) -> String {
    let file = openat(at, "file", OFlags::RDONLY, Mode::empty()).expect("copied");
    let mut text = String::new();
    fs::File::from(file)
        .read_to_string(&mut text)
        .expect("readable");
    text
}
