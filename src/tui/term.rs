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

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    use rustix::termios::tcgetattr;
    use std::fs::File;
    use std::io::Read;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::process::{Command, Stdio};

    /// Says that this process is the one that panics.
    const CHILD: &str = "HAUL_UNIT_TEST_PANICS";

    /// T1: what the terminal was sent, byte for byte, when the thread that draws panics, and one
    /// beside it.
    #[test]
    fn a_panic_gives_the_terminal_back_before_it_is_told() {
        if std::env::var_os(CHILD).is_some() {
            return panics();
        }
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
        grantpt(&master).expect("granted");
        unlockpt(&master).expect("unlocked");
        let name = ptsname(&master, Vec::new()).expect("a name");
        let slave = File::options()
            .read(true)
            .write(true)
            .open(name.to_str().expect("text"))
            .expect("opened");
        let modes = |of: &File| format!("{:?}", tcgetattr(of).expect("modes"));
        let before = modes(&slave);
        let stream = || Stdio::from(slave.try_clone().expect("duplicated"));
        let program = std::env::current_exe().expect("this program");
        let status = Command::new(program)
            .args(["--exact", "--nocapture"])
            .arg("tui::term::tests::a_panic_gives_the_terminal_back_before_it_is_told")
            .env(CHILD, "1")
            .stdin(stream())
            .stdout(stream())
            .stderr(stream())
            .status()
            .expect("it ran");
        assert!(status.success());
        assert_eq!(modes(&slave), before, "modes were left behind");
        let mut bytes = vec![0; 64 * 1024];
        let got = File::from(master).read(&mut bytes).expect("read");
        let text = String::from_utf8_lossy(&bytes[..got]).into_owned();
        let at = |what: &str| {
            assert_eq!(text.matches(what).count(), 1, "{what:?} in {text:?}");
            text.find(what).expect("found")
        };
        let taken = at("\x1b[?1049h");
        let given_back = at("\x1b[?1049l");
        assert!(taken < given_back);
        for mode in ["\x1b[?2026l", "\x1b[?2004l", "\x1b[?25h", "\x1b]9;4;0"] {
            assert!(at(mode) > taken, "{mode:?}");
        }
        // Told once, after the screen was left; what happened beside it is kept for then.
        assert!(at("drawn badly") > given_back);
        assert!(at("kept: internal error in thread beside") > given_back);
    }

    fn panics() {
        let (panics, previous) = hook();
        let guard = enter("", "\x1b]9;4;0\x1b\\".to_string()).expect("taken");
        let beside = thread::Builder::new().name("beside".to_string());
        let beside = beside.spawn(|| panic!("beside")).expect("begun");
        assert!(beside.join().is_err());
        let drawing = catch_unwind(AssertUnwindSafe(|| panic!("drawn badly")));
        assert!(drawing.is_err());
        drop(guard);
        unhook(previous);
        let mut out = tty::output().expect("the terminal");
        for line in panics.lock().expect("kept").iter() {
            let line = line.lines().next().unwrap_or_default();
            out.write_all(format!("kept: {line}\r\n").as_bytes())
                .expect("written");
        }
    }
}
