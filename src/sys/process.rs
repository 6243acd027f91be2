//! What the kernel says of this process itself.

use std::fs::File;
use std::io::Read;
use std::sync::OnceLock;

/// What the user takes away from the mode of new files. Read from `/proc`, because umask(2)
/// can only be asked by changing it; 022 where that cannot be read.
pub fn umask() -> u32 {
    *UMASK.get_or_init(current_umask)
}

/// The user's mask, from when it was first asked for.
static UMASK: OnceLock<u32> = OnceLock::new();

/// From now on a mask that takes permissions from the owner does not keep haul itself out of what
/// it makes; [`umask`] still tells it.
pub fn keep_own_permissions() {
    const OWNER: u32 = 0o700;
    let mask = umask();
    if mask & OWNER != 0 {
        rustix::process::umask(rustix::fs::Mode::from_raw_mode(mask & !OWNER));
    }
}

fn current_umask() -> u32 {
    status("Umask")
        .and_then(|mask| u32::from_str_radix(mask, 8).ok())
        .unwrap_or(0o022)
}

/// What the kernel says of this process under `field` (proc(5), `status`), as it was when this was
/// first asked; `None` without `/proc`.
pub fn status(field: &str) -> Option<&'static str> {
    static STATUS: OnceLock<String> = OnceLock::new();
    let status = STATUS.get_or_init(|| {
        // Its length is told as nothing, and to begin with little would be many reads.
        let mut status = String::with_capacity(4096);
        let read =
            File::open("/proc/self/status").and_then(|mut file| file.read_to_string(&mut status));
        if read.is_err() {
            status.clear();
        }
        status
    });
    let mut values = status.lines().filter_map(|line| line.split_once(':'));
    values.find_map(|(name, value)| (name == field).then(|| value.trim()))
}
