//! A terminal with a program in it: a real pty in front, an emulator that remembers behind it.
//!
//! One thread reads what the program writes and feeds the emulator; whoever tests types keys and
//! waits for what the screen shows. Nothing here sleeps to let something happen: every wait is for
//! a condition, with a deadline that is far beyond what any machine needs.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, ioctl_tiocsctty, kill_process, setsid};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcgetattr, tcsetwinsize};
use std::fs::File;
use std::io::{Read, Write};
use std::num::NonZero;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How long anything may take before it counts as never.
pub const PATIENCE: Duration = Duration::from_secs(20);

pub const ESC: &str = "\x1b";
pub const ENTER: &str = "\r";
pub const TAB: &str = "\t";
pub const DOWN: &str = "\x1b[B";
pub const F5: &str = "\x1b[15~";
pub const CTRL_C: &str = "\x03";

/// What came out of the program so far.
pub struct Seen {
    emulator: vt100::Parser,
    bytes: Vec<u8>,
    last: Instant,
    closed: bool,
}

fn last(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).rposition(|at| at == what)
}

impl Seen {
    /// False inside a frame: what is shown then is half of one thing and half of another.
    fn is_whole(&self) -> bool {
        let tail = &self.bytes[self.bytes.len().saturating_sub(256 * 1024)..];
        last(tail, b"\x1b[?2026h") <= last(tail, b"\x1b[?2026l")
    }

    /// The emulator's screen.
    pub fn screen(&self) -> &vt100::Screen {
        self.emulator.screen()
    }

    /// Everything written so far.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What it shows, a line a row, without blanks at the ends.
    pub fn text(&self) -> String {
        let (_, width) = self.screen().size();
        let rows = self.screen().rows(0, width.get());
        let rows: Vec<String> = rows.map(|row| row.trim_end().to_owned()).collect();
        rows.join("\n")
    }
}

/// A terminal and the program in it, which is killed with it.
pub struct Terminal {
    master: Option<Arc<File>>,
    // Held open: what the terminal's modes are can be asked after the program has ended.
    slave: File,
    child: Child,
    seen: Arc<(Mutex<Seen>, Condvar)>,
    stop: Arc<AtomicBool>,
    reader: Option<JoinHandle<()>>,
    modes: String,
}

/// Which of the program's three streams are the terminal.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Streams {
    /// All three, and it is the controlling terminal of a session of its own.
    All,
    /// Standard error alone.
    ErrorOnly,
}

fn cells(count: u16) -> NonZero<u16> {
    NonZero::new(count).expect("not zero")
}

fn winsize(rows: u16, columns: u16) -> Winsize {
    Winsize {
        ws_row: rows,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    }
}

impl Terminal {
    /// Starts a program in a new terminal of that many columns and rows.
    pub fn start(mut command: Command, (columns, rows): (u16, u16), streams: Streams) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)
            .expect("a terminal");
        grantpt(&master).expect("granted");
        unlockpt(&master).expect("unlocked");
        let name = ptsname(&master, Vec::new()).expect("a name");
        let slave = File::options()
            .read(true)
            .write(true)
            .custom_flags(rustix::fs::OFlags::NOCTTY.bits() as i32)
            .open(name.to_str().expect("text"))
            .expect("opened");
        tcsetwinsize(&slave, winsize(rows, columns)).expect("sized");
        let modes = modes(&slave);
        let stream = || Stdio::from(slave.try_clone().expect("duplicated"));
        command.stderr(stream());
        if streams == Streams::All {
            command.stdin(stream()).stdout(stream());
            // SAFETY: between fork and exec only two system calls are made; neither allocates.
            unsafe {
                command.pre_exec(|| {
                    setsid()?;
                    ioctl_tiocsctty(rustix::stdio::stdin())?;
                    Ok(())
                });
            }
        } else {
            command.stdin(Stdio::null()).stdout(Stdio::null());
        }
        let child = command.spawn().expect("starts");
        let seen = Arc::new((
            Mutex::new(Seen {
                emulator: vt100::Parser::new(cells(rows), cells(columns), 0),
                bytes: Vec::new(),
                last: Instant::now(),
                closed: false,
            }),
            Condvar::new(),
        ));
        let master = Arc::new(File::from(master));
        let stop = Arc::new(AtomicBool::new(false));
        let reader = {
            let (master, seen, stop) = (master.clone(), seen.clone(), stop.clone());
            std::thread::spawn(move || read(&master, &seen, &stop))
        };
        Self {
            master: Some(master),
            slave,
            child,
            seen,
            stop,
            reader: Some(reader),
            modes,
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.0.lock().expect("the reader lives")
    }

    /// Types.
    pub fn keys(&self, keys: &str) -> &Self {
        let mut master: &File = self.master.as_ref().expect("not hung up");
        master.write_all(keys.as_bytes()).expect("typed");
        self
    }

    /// Waits until `ready` says so of the screen; gives back its text.
    pub fn until(&self, what: &str, ready: impl Fn(&str) -> bool) -> String {
        self.until_seen(what, |seen| ready(&seen.text()))
    }

    /// Waits until the screen holds the words.
    pub fn shows(&self, words: &str) -> String {
        self.until(words, |screen| screen.contains(words))
    }

    /// Waits until `ready` says so of everything seen; gives back the screen's text.
    pub fn until_seen(&self, what: &str, ready: impl Fn(&Seen) -> bool) -> String {
        let deadline = Instant::now() + PATIENCE;
        let mut seen = self.seen();
        while !(seen.is_whole() && ready(&seen)) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || seen.closed {
                let text = seen.text();
                drop(seen);
                panic!("never seen: {what}\n{text}");
            }
            let step = left.min(Duration::from_millis(100));
            (seen, _) = self.seen.1.wait_timeout(seen, step).expect("reader lives");
        }
        seen.text()
    }

    /// Looks at what is seen now.
    pub fn look<T>(&self, look: impl FnOnce(&Seen) -> T) -> T {
        look(&self.seen())
    }

    /// Waits until nothing was written for that long.
    pub fn until_quiet(&self, quiet: Duration) {
        self.until_seen("quiet", |seen| seen.last.elapsed() >= quiet);
    }

    /// Everything written so far.
    pub fn bytes(&self) -> Vec<u8> {
        self.seen().bytes.clone()
    }

    /// Another size, of which the program is told by the kernel.
    pub fn resize(&self, columns: u16, rows: u16) {
        // The emulator first: what is drawn for the new size must not meet the old one.
        let mut seen = self.seen();
        seen.emulator.set_size(cells(rows), cells(columns));
        let master = self.master.as_ref().expect("not hung up");
        tcsetwinsize(master, winsize(rows, columns)).expect("sized");
    }

    /// Sends the program a signal.
    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).expect("signalled");
    }

    /// Waits until the program is stopped (state T in `proc_pid_stat(5)`).
    pub fn until_stopped(&self) {
        let stat = format!("/proc/{}/stat", self.child.id());
        let began = Instant::now();
        loop {
            let line = std::fs::read_to_string(&stat).expect("it is there");
            let state = line.rsplit_once(") ").map(|(_, rest)| rest.as_bytes()[0]);
            if state == Some(b'T') {
                return;
            }
            assert!(
                began.elapsed() < crate::support::engine::LONG,
                "not stopped: {line}"
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Takes the terminal away, as a line that drops does.
    pub fn hang_up(&mut self) {
        self.stop_reading();
        let master = self.master.take().expect("not hung up");
        assert_eq!(Arc::strong_count(&master), 1, "somebody holds it open");
    }

    /// Reads nothing from now on, as a terminal that was stopped.
    pub fn stop_reading(&mut self) {
        self.stop.store(true, Ordering::Release);
        if let Some(reader) = self.reader.take() {
            reader.join().expect("the reader ended");
        }
    }

    /// Waits for the program's end, no longer than that: the code a shell would see.
    pub fn end_within(&mut self, patience: Duration) -> i32 {
        let deadline = Instant::now() + patience;
        let status = loop {
            match self.child.try_wait().expect("waited") {
                Some(status) => break status,
                None if Instant::now() < deadline => {
                    std::thread::sleep(Duration::from_millis(10));
                }
                None => panic!("still there after {patience:?}\n{}", self.look(Seen::text)),
            }
        };
        self.stop_reading();
        let killed = status.signal().map(|number| 128 + number);
        status.code().or(killed).expect("ended")
    }

    /// Waits for the program's end.
    pub fn end(&mut self) -> i32 {
        self.end_within(PATIENCE)
    }

    /// True when the terminal's modes are what they were before the program.
    pub fn is_restored(&self) -> bool {
        modes(&self.slave) == self.modes
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It may have ended, which is as good.
        drop(self.child.kill());
        drop(self.child.wait());
        self.stop.store(true, Ordering::Release);
        if let Some(reader) = self.reader.take() {
            drop(reader.join());
        }
    }
}

fn modes(terminal: &File) -> String {
    format!("{:?}", tcgetattr(terminal).expect("modes"))
}

/// Reads until told to stop, and then what is left.
fn read(mut master: &File, seen: &(Mutex<Seen>, Condvar), stop: &AtomicBool) {
    let mut buffer = vec![0; 64 * 1024];
    let wait = Timespec {
        tv_sec: 0,
        tv_nsec: 20_000_000,
    };
    loop {
        let stopping = stop.load(Ordering::Acquire);
        let mut fds = [PollFd::new(master, PollFlags::IN)];
        let ready = poll(&mut fds, Some(&wait)).unwrap_or(0);
        if ready == 0 {
            if stopping {
                break;
            }
            continue;
        }
        let Ok(got @ 1..) = master.read(&mut buffer) else {
            break;
        };
        let mut now = seen.0.lock().expect("nobody panicked");
        now.emulator.process(&buffer[..got]);
        now.bytes.extend_from_slice(&buffer[..got]);
        now.last = Instant::now();
        seen.1.notify_all();
    }
    if let Ok(mut now) = seen.0.lock() {
        now.closed = true;
    }
    seen.1.notify_all();
}
