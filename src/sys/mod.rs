//! Every file-system call haul makes, behind one trait.
//!
//! Owns: the seam [`Sys`], its real implementation ([`Real`]), the wrapper that goes on after a
//! signal ([`Steady`]) and the one that fails, shortens or delays the n-th call ([`Faulty`]), so
//! that every error path above can be tested. Below the roots everything is one component relative
//! to a held directory descriptor and never follows a link.
//!
//! Never: decides policy, keeps state of a copy, prints. The only layer that may hold `unsafe`.
//! Called from worker, scanner and listing threads; no call is made on a door's or the
//! coordinator's thread.

mod buf;
pub mod cached;
mod caching;
mod calls;
pub mod child;
pub mod count;
pub mod edit;
mod fault;
pub mod inspect;
pub mod listing;
mod long;
pub mod probe;
pub mod process;
mod real;
mod reserve;
mod ring;
mod sharing;
mod stat;
mod steady;
pub mod tty;
pub mod walk;

pub use caching::{Caching, kernel_lets_pages_go};
pub use calls::{Call, Child, Sys, SysResult};
pub use fault::{Fault, FaultKind, Faulty};
pub use process::{keep_own_permissions, umask};
pub use real::Real;
pub use reserve::Reserve;
pub use ring::{Completion, Layout, Ring, Transfer, Way};
pub use rustix::io::Errno;
pub use sharing::may_share_blocks;
pub use stat::{Alignment, FsKind, Kind, Space, Stat, Time};
pub use steady::Steady;

/// A number nobody else can know, for names of temporaries. Where the kernel gives no random
/// bytes the address of a fresh allocation stands in: such names only have to be unlikely, for a
/// name that exists is never opened.
pub fn seed() -> u64 {
    let mut bytes = [0u8; 8];
    match rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::NONBLOCK) {
        Ok(8) => u64::from_ne_bytes(bytes),
        _ => std::ptr::from_ref(&*Box::new(0u8)) as u64 ^ u64::from(std::process::id()) << 32,
    }
}

/// Files this process may have open, after asking for as many as it is allowed (the soft limit of
/// many systems, 1024, is for programs that use select(2)).
pub fn open_files() -> u64 {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let wanted = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    let raised = limit.current == limit.maximum || setrlimit(Resource::Nofile, wanted).is_ok();
    let files = if raised { limit.maximum } else { limit.current };
    files.unwrap_or(u64::MAX)
}

/// From now on a write beyond the limit on file sizes (`ulimit -f`) is an error like any other,
/// "file too large", instead of a signal that ends the process (setrlimit(2), `RLIMIT_FSIZE`).
pub fn survive_file_size_limit() {
    // SAFETY: no code runs on the signal; it is ignored from then on.
    let before = unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
    if before == libc::SIG_ERR {
        let error = std::io::Error::last_os_error();
        tracing::debug!("SIGXFSZ is not ignored: {error}");
    }
}

/// Whether this user may make something in a directory, as far as the kernel tells without trying:
/// its mode and lists, and whether its file system can be written to (faccessat2(2)).
pub fn may_make_in(dir: std::os::fd::BorrowedFd<'_>) -> SysResult<()> {
    may_make(dir, std::path::Path::new("."))
}

fn may_make(from: std::os::fd::BorrowedFd<'_>, dir: &std::path::Path) -> SysResult<()> {
    use rustix::fs::{Access, AtFlags, accessat};
    let wanted = Access::WRITE_OK | Access::EXEC_OK;
    match accessat(from, dir, wanted, AtFlags::EACCESS) {
        // A kernel before 5.8 cannot be asked for the user that counts: it is found by trying.
        Err(Errno::NOSYS | Errno::INVAL) => Ok(()),
        told => told,
    }
}

/// The path of something that exists, without links, `.` and `..`: for comparing paths before a
/// job, never for reaching anything.
pub fn canonical(path: &std::path::Path) -> SysResult<std::path::PathBuf> {
    std::fs::canonicalize(path).map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))
}

/// The user haul acts as.
pub fn effective_user() -> u32 {
    rustix::process::geteuid().as_raw()
}
