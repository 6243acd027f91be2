//! The trees a bench makes: the same for the same seed, of bytes that no file system can squeeze.
//!
//! Every tree but the empty ones holds a pinch of what copies lose: a link, a second name, an odd
//! mode, an old time, an attribute, a hole. It weighs nothing and shows what was not kept.

use super::launch::Stop;
use rustix::fs::{XattrFlags, setxattr};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};
use std::fs::{self, File, FileTimes, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Files of one directory of a deep tree.
const A_DIR: u64 = 50;

/// Directories in one directory of a deep tree.
const FAN: u64 = 8;

/// Bytes written at a time.
const PIECE: usize = 1 << 20;

/// Numbers that look random (xorshift64*, Vigna 2016).
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// The same numbers for the same seed.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(2).wrapping_add(1))
    }

    /// The next one.
    pub fn roll(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// One below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.roll() % end.max(1)
    }

    /// Fills a buffer.
    pub fn fill(&mut self, buffer: &mut [u8]) {
        for eight in buffer.chunks_mut(8) {
            let bytes = self.roll().to_le_bytes();
            eight.copy_from_slice(&bytes[..eight.len()]);
        }
    }
}

/// How large generated trees are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Size {
    /// A second or two in all: for checking that everything works.
    Tiny,
    /// Some hundred megabytes.
    #[default]
    Small,
    /// What the bars of this project are about: 40,000 files, 2 GiB.
    Full,
}

impl Size {
    /// Every size.
    pub const ALL: [Self; 3] = [Self::Tiny, Self::Small, Self::Full];

    /// The word on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tiny => "tiny",
            Self::Small => "small",
            Self::Full => "full",
        }
    }

    /// The figure for this size.
    pub const fn of<T: Copy>(self, tiny: T, small: T, full: T) -> T {
        match self {
            Self::Tiny => tiny,
            Self::Small => small,
            Self::Full => full,
        }
    }
}

/// The shapes of trees that can be asked for by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// Small files of many sizes in a deep tree.
    SmallFiles,
    /// Small files in one directory.
    Flat,
    /// A sequence of frames of 26 MB.
    Frames,
    /// A long sequence of frames of 1 MB.
    LightFrames,
    /// One large file.
    Large,
    /// One file that is mostly holes.
    Sparse,
}

impl Shape {
    /// Every shape, in the order they are measured.
    pub const ALL: [Self; 6] = [
        Self::SmallFiles,
        Self::Flat,
        Self::Frames,
        Self::LightFrames,
        Self::Large,
        Self::Sparse,
    ];

    /// The shapes that are measured unless others are asked for.
    pub const USUAL: [Self; 5] = [
        Self::SmallFiles,
        Self::Flat,
        Self::Frames,
        Self::Large,
        Self::Sparse,
    ];

    /// The word on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SmallFiles => "small-files",
            Self::Flat => "flat",
            Self::Frames => "frames",
            Self::LightFrames => "light-frames",
            Self::Large => "large",
            Self::Sparse => "sparse",
        }
    }

    /// The tree of this shape.
    pub const fn tree(self, size: Size) -> Tree {
        match self {
            Self::SmallFiles => Tree::Deep {
                files: size.of(200, 10_000, 40_000),
                mean: 11 << 10,
            },
            Self::Flat => Tree::Flat {
                files: size.of(200, 5_000, 20_000),
                each: 4 << 10,
            },
            Self::Frames => Tree::Flat {
                files: size.of(3, 20, 80),
                each: size.of(1_000_000, 26_000_000, 26_000_000),
            },
            Self::LightFrames => Tree::Flat {
                files: size.of(10, 250, 1_000),
                each: size.of(100_000, 1_000_000, 1_000_000),
            },
            Self::Large => Tree::Flat {
                files: 1,
                each: size.of(4 << 20, 512 << 20, 2 << 30),
            },
            Self::Sparse => Tree::Sparse {
                len: size.of(64 << 20, 4 << 30, 16 << 30),
                pieces: size.of(16, 1_000, 4_000),
                piece: 64 << 10,
            },
        }
    }
}

/// A tree that can be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tree {
    /// Files of many sizes in a deep tree.
    Deep {
        /// How many.
        files: u64,
        /// Bytes of one, about, on average.
        mean: u64,
    },
    /// Files of one size in one directory.
    Flat {
        /// How many.
        files: u64,
        /// Bytes of each.
        each: u64,
    },
    /// A file of pieces with holes between.
    Sparse {
        /// Its length in bytes.
        len: u64,
        /// How many pieces.
        pieces: u64,
        /// Bytes of each.
        piece: u64,
    },
    /// Directories side by side, each a deep tree with data of version control in it.
    Components {
        /// How many.
        count: u64,
        /// Files of each.
        files: u64,
        /// Bytes of one, about, on average.
        mean: u64,
    },
    /// Files without content in a deep tree, and nothing else.
    Empty {
        /// How many.
        files: u64,
    },
}

impl Tree {
    /// Bytes that it needs on a device, at most, blocks of 4 KiB counted whole.
    pub const fn needs(self) -> u64 {
        const BLOCK: u64 = 4096;
        let (files, bytes) = match self {
            Self::Deep { files, mean } => (files, files * mean * 6 / 5),
            Self::Flat { files, each } => (files, files * each),
            Self::Sparse { pieces, piece, .. } => (pieces, pieces * piece),
            Self::Components { count, files, mean } => {
                (count * files, count * files * mean * 8 / 5)
            }
            Self::Empty { files } => (files, 0),
        };
        bytes + files * BLOCK + (1 << 20)
    }

    /// Makes it at `root`, which must not exist.
    ///
    /// # Errors
    /// Something cannot be written, or it was asked to stop.
    pub fn make(self, root: &Path, seed: u64, stop: &Stop) -> io::Result<()> {
        let mut maker = Maker {
            dice: Dice::new(seed),
            buffer: vec![0; PIECE],
            stop,
        };
        fs::create_dir(root)?;
        match self {
            Self::Deep { files, mean } => maker.deep(root, files, mean)?,
            Self::Flat { files, each } => {
                for at in 0..files {
                    // Frames are counted from 1001 where shots are made.
                    let name = format!("plate_v012.{:04}.exr", 1001 + at);
                    maker.file(&root.join(name), each)?;
                }
            }
            Self::Sparse { len, pieces, piece } => {
                maker.sparse(&root.join("volume.vdb"), len, pieces, piece)?;
            }
            Self::Components { count, files, mean } => {
                for at in 0..count {
                    let component = root.join(format!("component-{at}"));
                    fs::create_dir(&component)?;
                    maker.deep(&component, files, mean)?;
                    let vcs = component.join(".git");
                    fs::create_dir(&vcs)?;
                    maker.deep(&vcs, files / 4, mean)?;
                }
                return maker.pinch(&root.join("component-0/odd"));
            }
            Self::Empty { files } => {
                maker.deep(root, files, 0)?;
                return Ok(());
            }
        }
        maker.pinch(&root.join("odd"))
    }
}

struct Maker<'a> {
    dice: Dice,
    buffer: Vec<u8>,
    stop: &'a Stop,
}

impl Maker<'_> {
    fn file(&mut self, path: &Path, len: u64) -> io::Result<()> {
        let mut file = File::create_new(path)?;
        let mut left = len;
        while left > 0 {
            if self.stop.is_asked() {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let piece = (self.buffer.len() as u64).min(left) as usize;
            self.dice.fill(&mut self.buffer[..piece]);
            file.write_all(&self.buffer[..piece])?;
            left -= piece as u64;
        }
        Ok(())
    }

    /// Most files below the mean, some above, a few far above: as in trees that people keep.
    fn len(&mut self, mean: u64) -> u64 {
        match self.dice.below(20) {
            0 => 3 * mean + self.dice.below(7 * mean),
            1..=5 => mean + self.dice.below(2 * mean),
            _ => self.dice.below(mean),
        }
    }

    fn deep(&mut self, root: &Path, files: u64, mean: u64) -> io::Result<()> {
        let mut dirs: Vec<PathBuf> = Vec::new();
        for at in 0..files {
            if self.stop.is_asked() {
                return Err(io::ErrorKind::Interrupted.into());
            }
            if at.is_multiple_of(A_DIR) {
                let number = dirs.len() as u64;
                let parent = match number {
                    0 => root,
                    _ => &dirs[((number - 1) / FAN) as usize],
                };
                let dir = parent.join(format!("dir-{number:04}"));
                fs::create_dir(&dir)?;
                dirs.push(dir);
            }
            let dir = &dirs[(at / A_DIR) as usize];
            let path = dir.join(format!("file_{:08x}.{at:06}", self.dice.roll() as u32));
            let len = self.len(mean);
            self.file(&path, len)?;
        }
        Ok(())
    }

    fn sparse(&mut self, path: &Path, len: u64, pieces: u64, piece: u64) -> io::Result<()> {
        let file = File::create_new(path)?;
        file.set_len(len)?;
        let stride = len / pieces.max(1);
        let mut bytes = vec![0; piece as usize];
        for at in 0..pieces {
            if self.stop.is_asked() {
                return Err(io::ErrorKind::Interrupted.into());
            }
            self.dice.fill(&mut bytes);
            file.write_all_at(&bytes, at * stride)?;
        }
        Ok(())
    }

    fn pinch(&mut self, odd: &Path) -> io::Result<()> {
        fs::create_dir(odd)?;
        self.file(&odd.join("private"), 700)?;
        symlink("private", odd.join("link"))?;
        self.file(&odd.join("one-name"), 700)?;
        fs::hard_link(odd.join("one-name"), odd.join("other-name"))?;
        self.sparse(&odd.join("holes"), 4 << 20, 1, 4096)?;
        self.file(&odd.join("attribute"), 700)?;
        let attribute = (odd.join("attribute"), "user.haul.bench");
        match setxattr(attribute.0, attribute.1, b"kept", XattrFlags::CREATE) {
            Ok(()) | Err(Errno::OPNOTSUPP | Errno::PERM) => {}
            Err(errno) => return Err(errno.into()),
        }
        let old = SystemTime::UNIX_EPOCH + Duration::new(946_684_799, 123_456_789);
        File::options()
            .write(true)
            .open(odd.join("private"))?
            .set_times(FileTimes::new().set_modified(old))?;
        fs::set_permissions(odd.join("private"), Permissions::from_mode(0o400))?;
        fs::set_permissions(odd, Permissions::from_mode(0o750))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::judge::{content, judge};

    #[test]
    fn trees_of_one_seed_are_the_same_and_of_another_are_not() {
        let dir = tempfile::tempdir().expect("a directory");
        let stop = Stop::default();
        let make = |name: &str, seed| {
            let root = dir.path().join(name);
            let tree = Shape::SmallFiles.tree(Size::Tiny);
            tree.make(&root, seed, &stop).expect("made");
            root
        };
        let (one, two, other) = (make("one", 7), make("two", 7), make("other", 8));
        let verdict = judge(&one, &two, false, &stop).expect("readable");
        assert_eq!(verdict.differences, 0, "{verdict:?}");
        assert_ne!(
            judge(&one, &other, false, &stop)
                .expect("readable")
                .differences,
            0
        );
    }

    #[test]
    fn trees_hold_what_was_asked_for_and_need_no_more_than_they_say() {
        let dir = tempfile::tempdir().expect("a directory");
        let stop = Stop::default();
        let odd = 6;
        for (number, (tree, files)) in [
            (
                Tree::Deep {
                    files: 120,
                    mean: 5000,
                },
                120 + odd,
            ),
            (
                Tree::Flat {
                    files: 3,
                    each: 1 << 20,
                },
                3 + odd,
            ),
            (
                Tree::Sparse {
                    len: 32 << 20,
                    pieces: 4,
                    piece: 4096,
                },
                1 + odd,
            ),
            (
                Tree::Components {
                    count: 2,
                    files: 20,
                    mean: 100,
                },
                2 * 25 + odd,
            ),
            (Tree::Empty { files: 101 }, 101),
        ]
        .into_iter()
        .enumerate()
        {
            let root = dir.path().join(number.to_string());
            tree.make(&root, 1, &stop).expect("made");
            assert_eq!(content(&root).expect("readable").files, files, "{tree:?}");
            let allotted: u64 = walkdir::WalkDir::new(&root)
                .into_iter()
                .map(|entry| entry.expect("listed").metadata().expect("there"))
                .filter(Metadata::is_file)
                .map(|metadata| metadata.blocks() * 512)
                .sum();
            assert!(
                allotted <= tree.needs(),
                "{tree:?}: {allotted} > {}",
                tree.needs()
            );
        }
    }

    use std::fs::Metadata;
    use std::os::unix::fs::MetadataExt;
}
