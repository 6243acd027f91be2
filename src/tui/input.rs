//! Reading keys, and noticing that the terminal has gone.
//!
//! Two threads that own nothing else. crossterm's own wait spins for ever once a terminal hangs up
//! (its issue 793), so it is only called when the kernel says that there is something to read; and
//! since the line may drop inside such a call, the second thread waits for nothing but that. Both
//! block on the bounded channel while the screen is behind; keys then wait in the kernel.

use super::msg::Msg;
use crate::sys::tty::{self, Readiness};
use crossterm::event::{self, Event};
use std::io;
use std::thread;
use std::time::Duration;
use tokio::sync::mpsc;

/// A terminal that has gone counts as this signal.
pub const SIGHUP: u8 = 1;

/// What crossterm is given to look for what is there. It must not be zero: its `use-dev-tty` source
/// then looks at nothing. (Its usual source waits edge-triggered and loses the first key after a
/// change of the window's size: both arrive in one wait, and it returns with the size.)
const LOOK: Duration = Duration::from_millis(1);

/// Pause when the kernel has bytes that crossterm does not take yet: half a sequence.
const UNTAKEN: Duration = Duration::from_millis(20);

/// Starts both threads; they end with the process or the terminal.
pub fn start(keys: mpsc::Sender<Msg>) -> io::Result<()> {
    let gone = keys.clone();
    thread::Builder::new()
        .name("haul-hangup".to_string())
        .spawn(move || {
            if let Err(error) = tty::wait_hangup() {
                tracing::warn!(%error, "the terminal cannot be watched");
                return;
            }
            hang_up(&gone);
        })?;
    thread::Builder::new()
        .name("haul-input".to_string())
        .spawn(move || {
            if let Err(error) = read(&keys) {
                tracing::warn!(%error, "no more keys can be read");
                hang_up(&keys);
            }
        })?;
    Ok(())
}

fn read(keys: &mpsc::Sender<Msg>) -> io::Result<()> {
    loop {
        if tty::wait_input()? == Readiness::HungUp {
            // The other thread says so.
            return Ok(());
        }
        let mut taken = false;
        while event::poll(LOOK)? {
            taken = true;
            let msg = match event::read()? {
                Event::Key(key) => Msg::Key(key),
                Event::Mouse(event) => Msg::Mouse(event),
                Event::Paste(text) => Msg::Paste(text),
                Event::FocusGained => Msg::Focus(true),
                Event::FocusLost => Msg::Focus(false),
                Event::Resize(..) => continue,
            };
            if keys.blocking_send(msg).is_err() {
                return Ok(());
            }
        }
        if !taken {
            thread::sleep(UNTAKEN);
        }
    }
}

fn hang_up(keys: &mpsc::Sender<Msg>) {
    if keys.blocking_send(Msg::Signal(SIGHUP)).is_err() {
        tracing::debug!("the screen ended before its terminal");
    }
}
