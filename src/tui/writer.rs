//! Writing frames, so that a terminal that does not take them stops nobody.
//!
//! One thread that owns the output and one frame at a time. While it writes, no new frame is made;
//! the next one shows what is true then, not what was missed.

use crate::clock;
use crate::sys::tty;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::Duration;
use tokio::sync::Notify;

/// The writing thread as seen by the one that draws.
#[derive(Debug)]
pub struct Writer {
    frames: SyncSender<Vec<u8>>,
    busy: Arc<AtomicBool>,
    free: Arc<Notify>,
}

impl Writer {
    /// Starts the thread; it ends with the writer.
    pub fn start() -> std::io::Result<Self> {
        let mut output = tty::output()?;
        // One slot, and it is only filled when the thread is free: nobody ever blocks on it.
        let (frames, waiting) = sync_channel::<Vec<u8>>(1);
        let busy = Arc::new(AtomicBool::new(false));
        let free = Arc::new(Notify::new());
        let (is_busy, is_free) = (busy.clone(), free.clone());
        thread::Builder::new()
            .name("haul-screen".to_string())
            .spawn(move || {
                while let Ok(frame) = waiting.recv() {
                    // A terminal that has gone is noticed by the thread that waits for that.
                    if let Err(error) = output.write_all(&frame) {
                        tracing::debug!(%error, "a frame was not written");
                    }
                    is_busy.store(false, Ordering::Release);
                    is_free.notify_one();
                }
            })?;
        Ok(Self { frames, busy, free })
    }

    /// True when a frame would be written at once.
    pub fn is_free(&self) -> bool {
        !self.busy.load(Ordering::Acquire)
    }

    /// Waits until a frame would be written at once. Cancel-safe.
    pub async fn freed(&self) {
        while !self.is_free() {
            self.free.notified().await;
        }
    }

    /// Hands a frame over; false when the last one is still being written.
    pub fn offer(&self, frame: Vec<u8>) -> bool {
        if !self.is_free() {
            return false;
        }
        self.busy.store(true, Ordering::Release);
        match self.frames.try_send(frame) {
            Ok(()) => true,
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                self.busy.store(false, Ordering::Release);
                false
            }
        }
    }

    /// Waits a little for the frame that is being written: what follows must not land inside it.
    pub fn settle(&self, patience: Duration) {
        let start = clock::now();
        while !self.is_free() && start.elapsed() < patience {
            thread::sleep(Duration::from_millis(5));
        }
    }
}
