//! Source trees, the same for the same seed: every kind of entry, size, mode, time and name that a
//! copy may trip over.

use rustix::fs::{AtFlags, CWD, FileType, Mode, Timespec, Timestamps, mknodat, utimensat};
use std::ffi::OsStr;
use std::fs::{self, File, Permissions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

/// Numbers that look random (xorshift64*, Vigna 2016).
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

    /// Bytes of which no page is like another.
    pub fn bytes(&mut self, len: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(len + 8);
        while bytes.len() < len {
            bytes.extend_from_slice(&self.roll().to_le_bytes());
        }
        bytes.truncate(len);
        bytes
    }
}

/// Sizes at which buffers, pages, pieces and ranges end.
pub const SIZES: [usize; 13] = [
    0,
    1,
    4095,
    4096,
    4097,
    65_535,
    65_536,
    65_537,
    (256 << 10) - 1,
    256 << 10,
    (256 << 10) + 1,
    (1 << 20) + 1,
    9 << 20,
];

/// Names that are no text, or that act on a terminal, a shell or a careless program.
pub fn hostile_names() -> Vec<Vec<u8>> {
    vec![
        b"invalid-\xff\xfe-utf8".to_vec(),
        b"new\nline".to_vec(),
        b"esc\x1b[2J\x1b]0;x\x07".to_vec(),
        b"-rf".to_vec(),
        b"--help".to_vec(),
        "right\u{202e}left".as_bytes().to_vec(),
        vec![b'n'; 255],
        b"  spaces  ".to_vec(),
        b" ".to_vec(),
        b"trailing\\".to_vec(),
        b".hidden".to_vec(),
        b"~".to_vec(),
        b"*?[".to_vec(),
        b"%s%n".to_vec(),
    ]
}

/// A name of any bytes below a directory.
pub fn below(dir: &Path, name: &[u8]) -> PathBuf {
    dir.join(OsStr::from_bytes(name))
}

/// Sets access and modification time of the entry itself.
pub fn set_times(path: &Path, secs: i64, nanos: i64) {
    let spec = Timespec {
        tv_sec: secs,
        tv_nsec: nanos,
    };
    let times = Timestamps {
        last_access: spec,
        last_modification: spec,
    };
    utimensat(CWD, path, &times, AtFlags::SYMLINK_NOFOLLOW).expect("times can be set");
}

/// Sets the mode.
pub fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("a mode can be set");
}

/// Makes a named pipe.
pub fn pipe(path: &Path) {
    mknodat(CWD, path, FileType::Fifo, Mode::from_raw_mode(0o640), 0).expect("a pipe can be made");
}

/// Writes data at the given places of a file of `len` bytes and leaves holes between.
pub fn sparse(path: &Path, len: u64, data: &[(u64, usize)], dice: &mut Dice) {
    let file = File::create(path).expect("a file can be made");
    file.set_len(len).expect("a length can be set");
    for (at, count) in data {
        file.write_all_at(&dice.bytes(*count), *at)
            .expect("data can be written");
    }
}

/// Builds the whole tree at `root`, which must not exist.
pub fn build(root: &Path, seed: u64) {
    let mut dice = Dice::new(seed);
    fs::create_dir(root).expect("the root can be made");
    let write = |path: PathBuf, bytes: Vec<u8>| fs::write(path, bytes).expect("a file is written");
    for (number, size) in SIZES.iter().enumerate() {
        let path = root.join(format!("size-{size}"));
        write(path.clone(), dice.bytes(*size));
        let times = [
            (0, 1),
            (-5_000_000, 999_999_999),
            (1_700_000_000, 123_456_789),
        ];
        let (secs, nanos) = times[number % times.len()];
        set_times(&path, secs, nanos);
    }
    let hostile = root.join("names");
    fs::create_dir(&hostile).expect("a directory is made");
    for name in hostile_names() {
        let size = dice.below(9000) as usize;
        write(below(&hostile, &name), dice.bytes(size));
    }
    fs::create_dir(hostile.join("dir\x1b[1m\n")).expect("a directory is made");
    write(hostile.join("dir\x1b[1m\n/inside"), dice.bytes(10));

    let modes = root.join("modes");
    fs::create_dir(&modes).expect("a directory is made");
    for mode in [0o600, 0o640, 0o755, 0o444, 0o4755, 0o2711, 0o400] {
        let path = modes.join(format!("file-{mode:o}"));
        write(path.clone(), dice.bytes(100));
        set_mode(&path, mode);
    }

    let links = root.join("links");
    fs::create_dir(&links).expect("a directory is made");
    let long = format!("{}end", "far/".repeat(1000));
    for (name, target) in [
        ("relative", "../size-1"),
        ("absolute", "/etc/hostname"),
        ("dangling", "no/such/thing"),
        ("to-dir", "../modes"),
        ("to-itself", "to-itself"),
        ("long", long.as_str()),
    ] {
        symlink(target, links.join(name)).expect("a link is made");
    }
    symlink(OsStr::from_bytes(b"no\xfftext\x1b"), links.join("bytes")).expect("a link is made");
    set_times(&links.join("relative"), 1_234_567_890, 987_654_321);
    pipe(&root.join("pipe"));

    let holes = root.join("holes");
    fs::create_dir(&holes).expect("a directory is made");
    let (mib, page) = (1u64 << 20, 4096);
    sparse(
        &holes.join("all-three"),
        6 * mib,
        &[(mib, page), (3 * mib + 8192, 65_536)],
        &mut dice,
    );
    sparse(
        &holes.join("leading"),
        2 * mib,
        &[(2 * mib - 4096, page)],
        &mut dice,
    );
    sparse(&holes.join("trailing-odd"), mib + 1, &[(0, 10)], &mut dice);
    sparse(&holes.join("nothing-but"), 3 * mib + 5, &[], &mut dice);
    sparse(
        &holes.join("large"),
        24 * mib,
        &[(5 * mib, 65_536), (23 * mib, page)],
        &mut dice,
    );

    let mut deep = root.to_path_buf();
    for level in 0..12 {
        deep.push(format!("level-{level}"));
        fs::create_dir(&deep).expect("a directory is made");
        write(deep.join("file"), dice.bytes(level * 700));
    }
    let dirs = root.join("dirs");
    fs::create_dir(&dirs).expect("a directory is made");
    for (name, mode) in [
        ("0555", 0o555),
        ("0700", 0o700),
        ("0755", 0o755),
        ("1777", 0o1777),
    ] {
        let dir = dirs.join(name);
        fs::create_dir_all(dir.join("empty")).expect("directories are made");
        write(dir.join("file"), dice.bytes(33));
        set_times(&dir.join("empty"), 86_400, 7);
        set_mode(&dir, mode);
        set_times(&dir, 1_600_000_000, i64::from(mode));
    }
    set_times(root, 1_500_000_000, 42);
}
