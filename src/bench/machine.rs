//! What the results say of the machine, and of the places copied from and to.

use crate::sys::probe::{self, Place};
use crate::sys::{FsKind, SysResult};
use std::fs;
use std::path::Path;

/// Release of the kernel.
pub fn kernel() -> String {
    probe::machine().kernel
}

/// Processors this process may use.
pub fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Bytes of memory; 0 where the kernel does not say.
pub fn memory() -> u64 {
    let text = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    line.and_then(|rest| {
        rest.trim()
            .trim_end_matches("kB")
            .trim()
            .parse::<u64>()
            .ok()
    })
    .map_or(0, |kib| kib * 1024)
}

/// A directory's file system.
#[derive(Clone, Debug)]
pub struct Fs {
    /// Its kind, as mounted.
    pub kind: String,
    /// Device number.
    pub dev: u64,
    /// Bytes free for this user.
    pub free: u64,
}

/// Looks at a directory's file system.
///
/// # Errors
/// It is not there or may not be looked at.
pub fn fs_of(dir: &Path) -> SysResult<Fs> {
    let place = Place::at(dir)?;
    let mount = place.mount();
    Ok(Fs {
        kind: mount.map_or_else(|| FsKind::name(place.space.kind), |mount| mount.kind),
        dev: place.dev,
        free: place.space.free,
    })
}
