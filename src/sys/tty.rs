//! The controlling terminal as the kernel sees it: is there one, how large is it, is it readable,
//! has it gone.
//!
//! Owns no state and writes no byte. Reading keys is left to crossterm, whose own wait never
//! returns once the terminal has gone; [`wait_input`] and [`wait_hangup`] are what is waited on
//! instead. Any thread may call these.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Signal, getpid, kill_process};
use rustix::stdio::{stdin as keyboard, stdout as screen};
use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// What a wait on the terminal ended with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// There is something to read.
    Input,
    /// The terminal is gone.
    HungUp,
}

/// True unless standard output was closed when the program was started. Before `main` the standard
/// library puts `/dev/null` in the place of what is closed, and takes every write for done.
pub fn has_output() -> bool {
    !CLOSED.load(Ordering::Relaxed)
}

/// Standard output was no open file when the program was started.
static CLOSED: AtomicBool = AtomicBool::new(false);

extern "C" fn look_at_output() {
    // SAFETY: the number is only asked about, by one system call that takes any number.
    let told = unsafe { libc::fcntl(libc::STDOUT_FILENO, libc::F_GETFD) };
    CLOSED.store(told == -1, Ordering::Relaxed);
}

// SAFETY: the C library calls what this section lists before `main`; one system call and one store
// need nothing that is set up later.
#[used]
#[unsafe(link_section = ".init_array")]
static LOOK_AT_OUTPUT: extern "C" fn() = look_at_output;

/// True when both standard input and standard output are terminals.
pub fn interactive() -> bool {
    rustix::termios::isatty(keyboard()) && rustix::termios::isatty(screen())
}

/// Columns and rows of the terminal on standard output; `None` when it does not tell.
pub fn window_size() -> Option<(u16, u16)> {
    let size = rustix::termios::tcgetwinsize(screen()).ok()?;
    Some((size.ws_col, size.ws_row))
}

/// Waits until standard input can be read, or is gone.
pub fn wait_input() -> io::Result<Readiness> {
    let flags = wait(&keyboard(), PollFlags::IN, None)?;
    // What was typed before the line dropped no longer has anybody to answer to.
    if flags.intersects(gone()) {
        return Ok(Readiness::HungUp);
    }
    Ok(Readiness::Input)
}

/// Waits until standard input is gone, whatever there is to read meanwhile.
pub fn wait_hangup() -> io::Result<()> {
    loop {
        if wait(&keyboard(), PollFlags::empty(), None)?.intersects(gone()) {
            return Ok(());
        }
    }
}

/// True when standard output takes bytes within `patience`; false when it is stopped or gone.
pub fn writable(patience: Duration) -> bool {
    match wait(&screen(), PollFlags::OUT, Some(patience)) {
        Ok(flags) => flags.contains(PollFlags::OUT) && !flags.intersects(gone()),
        Err(_) => false,
    }
}

/// Standard output without the line buffering of the standard library: one write is one write.
pub fn output() -> io::Result<File> {
    Ok(File::from(screen().try_clone_to_owned()?))
}

/// Stops this process, as Ctrl-Z would; returns when it is continued.
pub fn stop_self() -> io::Result<()> {
    kill_process(getpid(), Signal::STOP).map_err(io::Error::from)
}

fn gone() -> PollFlags {
    PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL
}

fn wait(fd: &impl AsFd, flags: PollFlags, patience: Option<Duration>) -> io::Result<PollFlags> {
    let timeout = match patience {
        Some(patience) => Some(
            Timespec::try_from(patience)
                .map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?,
        ),
        None => None,
    };
    let mut fds = [PollFd::new(fd, flags)];
    loop {
        match poll(&mut fds, timeout.as_ref()) {
            Ok(_) => return Ok(fds[0].revents()),
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
}
