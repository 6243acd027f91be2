//! The terminal's modes: taken at the start, given back on every way out.
//!
//! Giving back is idempotent and may be called from any thread, from a panic hook and from `Drop`;
//! it is best effort, as on a terminal that has gone there is nothing left to restore.

use crate::sys::tty;
use crossterm::cursor::{Hide, Show};
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::style::ResetColor;
use crossterm::terminal::{
    EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode,
    enable_raw_mode,
};
use crossterm::{Command, queue};
use std::io::{self, Write};
use std::panic;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// True while the terminal is in our modes.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// How long a stopped terminal may hold up the way out.
const PATIENCE: Duration = Duration::from_millis(300);

/// Gives the terminal back when it is dropped, whatever happened.
#[derive(Debug)]
pub struct Guard(());

impl Drop for Guard {
    fn drop(&mut self) {
        leave();
    }
}

/// What is sent beside the modes when the terminal is given back.
static PARTING: Mutex<String> = Mutex::new(String::new());

/// Asks for buttons, the wheel and drags, with places beyond column 223. Not for motion alone: a
/// hand on the mouse must not cost bytes.
pub const TAKE_MOUSE: &str = "\x1b[?1000h\x1b[?1002h\x1b[?1006h";
/// Gives the mouse back.
pub const LEAVE_MOUSE: &str = "\x1b[?1006l\x1b[?1002l\x1b[?1000l";

/// Takes the terminal: raw, alternate screen, no cursor, pastes in brackets. `greeting` is sent
/// with it, `parting` when it is given back.
pub fn enter(greeting: &str, parting: String) -> io::Result<Guard> {
    enable_raw_mode()?;
    TAKEN.store(true, Ordering::SeqCst);
    *PARTING.lock().unwrap_or_else(PoisonError::into_inner) = parting;
    let guard = Guard(());
    let mut bytes = greeting.as_bytes().to_vec();
    queue!(bytes, EnterAlternateScreen, EnableBracketedPaste, Hide)?;
    tty::output()?.write_all(&bytes)?;
    Ok(guard)
}

/// Gives the terminal back, once.
pub fn leave() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    // Writing to a stopped terminal would hang the way out; raw mode is undone all the same.
    if tty::writable(PATIENCE)
        && let Err(error) = restore()
    {
        tracing::debug!(%error, "the screen was not restored");
    }
    if let Err(error) = disable_raw_mode() {
        tracing::debug!(%error, "raw mode was not undone");
    }
}

fn restore() -> io::Result<()> {
    let mut bytes = Vec::new();
    // The end of a synchronised update first: a frame may have been cut short.
    queue!(
        bytes,
        EndSynchronizedUpdate,
        DisableBracketedPaste,
        ResetColor,
        Show,
        LeaveAlternateScreen
    )?;
    let parting = PARTING.lock().unwrap_or_else(PoisonError::into_inner);
    bytes.extend_from_slice(parting.as_bytes());
    drop(parting);
    tty::output()?.write_all(&bytes)
}

/// Appends what a command writes to a terminal.
pub fn push(bytes: &mut Vec<u8>, command: impl Command) -> io::Result<()> {
    queue!(bytes, command)
}

/// Messages of panics in other threads, kept for the screen that is left behind.
pub type Panics = Arc<Mutex<Vec<String>>>;

/// Makes a panic of this thread give the terminal back before it is printed, and keeps those of
/// other threads off the screen. Undone by [`unhook`].
pub fn hook() -> (Panics, Hook) {
    let panics = Panics::default();
    let kept = panics.clone();
    let screen = thread::current().id();
    let previous: Hook = Arc::from(panic::take_hook());
    let next = previous.clone();
    panic::set_hook(Box::new(move |info| {
        if thread::current().id() == screen {
            leave();
            next(info);
            return;
        }
        let thread = thread::current().name().unwrap_or("unnamed").to_string();
        tracing::error!(%thread, %info, "panic");
        kept.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(format!("internal error in thread {thread}: {info}"));
    }));
    (panics, previous)
}

/// What prints a panic.
pub type Hook = Arc<dyn Fn(&panic::PanicHookInfo<'_>) + Send + Sync>;

/// Puts the hook back that was there before.
pub fn unhook(previous: Hook) {
    panic::set_hook(Box::new(move |info| previous(info)));
}
