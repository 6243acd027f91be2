//! The gate of a job: open, closed for a while, or closed for good.
//!
//! Workers pass it on the way into work and look at it between pieces; the coordinator turns it.
//! After [`Gate::is_quiet`] has said yes on a closed gate, no worker of the job makes a
//! file-system call until it is opened.

use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

const OPEN: u8 = 0;
const HELD: u8 = 1;
const SHUT: u8 = 2;

std::thread_local! {
    /// True while this thread is busy; a thread passes the gate of one job only.
    static INSIDE: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// What the gate says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// Go on.
    Go,
    /// Wait at the gate.
    Hold,
    /// Stop and clean up.
    Stop,
}

/// One job's gate.
#[derive(Debug, Default)]
pub struct Gate {
    word: AtomicU8,
    busy: AtomicU32,
    /// Guards the pair (word, busy) against a worker entering while the gate is being closed; held
    /// for a few instructions, never across a system call.
    turn: Mutex<()>,
    turned: Condvar,
}

impl Gate {
    fn lock(&self) -> MutexGuard<'_, ()> {
        // The mutex guards no data, so a panic while it was held left nothing broken.
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn turn_to(&self, word: u8) {
        let turn = self.lock();
        // Cancelled is for good.
        if self.word.load(Ordering::Relaxed) != SHUT {
            self.word.store(word, Ordering::Release);
        }
        drop(turn);
        self.turned.notify_all();
    }

    /// Closes the gate for a while.
    pub fn hold(&self) {
        self.turn_to(HELD);
    }

    /// Opens it.
    pub fn open(&self) {
        self.turn_to(OPEN);
    }

    /// Closes it for good and lets everybody out who waits.
    pub fn shut(&self) {
        self.turn_to(SHUT);
    }

    /// What it says now, without waiting: one relaxed load.
    pub fn look(&self) -> Pass {
        match self.word.load(Ordering::Relaxed) {
            OPEN => Pass::Go,
            HELD => Pass::Hold,
            _ => Pass::Stop,
        }
    }

    /// True while no worker is between [`Self::enter`] and [`Self::leave`] (those that wait in
    /// [`Self::wait`] do not count).
    pub fn is_quiet(&self) -> bool {
        self.busy.load(Ordering::Acquire) == 0
    }

    /// True while somebody besides a busy caller is.
    pub fn has_others(&self) -> bool {
        self.busy.load(Ordering::Acquire) > 1
    }

    /// Waits until the gate is open or shut, then counts the caller as busy. The caller looks
    /// again before it writes: shut lets it in so that it can clean up.
    pub fn enter(&self) {
        let mut turn = self.lock();
        while self.word.load(Ordering::Relaxed) == HELD {
            turn = self
                .turned
                .wait(turn)
                .unwrap_or_else(PoisonError::into_inner);
        }
        self.busy.fetch_add(1, Ordering::AcqRel);
        INSIDE.set(true);
    }

    /// The caller is busy no more.
    pub fn leave(&self) {
        INSIDE.set(false);
        self.busy.fetch_sub(1, Ordering::AcqRel);
    }

    /// For a caller whose work panicked: leaves if it was busy, or no pause would ever be quiet.
    pub fn leave_after_panic(&self) {
        if INSIDE.get() {
            self.leave();
        }
    }

    /// For a busy caller with nothing in flight: steps out, waits while the gate is held, steps
    /// back in. False when the gate was shut.
    pub fn wait(&self) -> bool {
        self.leave();
        self.enter();
        self.look() != Pass::Stop
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::AtomicU64;
    use std::time::Duration;

    #[test]
    fn nothing_moves_after_quiet() {
        let gate = Arc::new(Gate::default());
        let moved = Arc::new(AtomicU64::new(0));
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let (gate, moved) = (gate.clone(), moved.clone());
                std::thread::spawn(move || {
                    gate.enter();
                    loop {
                        match gate.look() {
                            Pass::Go => {
                                moved.fetch_add(1, Ordering::SeqCst);
                            }
                            Pass::Hold => {
                                if !gate.wait() {
                                    break;
                                }
                            }
                            Pass::Stop => break,
                        }
                    }
                    gate.leave();
                })
            })
            .collect();
        for _ in 0..20 {
            std::thread::sleep(Duration::from_millis(2));
            gate.hold();
            while !gate.is_quiet() {
                std::thread::yield_now();
            }
            let before = moved.load(Ordering::SeqCst);
            std::thread::sleep(Duration::from_millis(2));
            assert_eq!(
                moved.load(Ordering::SeqCst),
                before,
                "moved behind a closed gate"
            );
            gate.open();
        }
        gate.shut();
        gate.open();
        assert_eq!(gate.look(), Pass::Stop, "shut is for good");
        for thread in threads {
            thread.join().expect("a worker panicked");
        }
        assert!(gate.is_quiet());
    }
}
