//! Signals of a headless copy, taken on a thread of their own.
//!
//! The main thread may be waiting for a reader that does not read; a signal must stop the copy
//! nevertheless. The first asks the engine to stop and to remove what is unfinished; the same once
//! more ends the program where it stands (what is unfinished is removed by the next run into that
//! directory). Another kind says what is being waited for: a closing session sends two at once. A
//! signal that whoever started the program had ignored (`nohup`, a background job of a script) stays
//! ignored.

use crate::exit::{ENDING, Exit};
use crate::proto::{JobId, Request};
use std::io;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::thread;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, watch};

/// What came: how many, and the number of the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Came {
    /// How many signals.
    pub count: u32,
    /// The number of the first; 0 before.
    pub first: u8,
}

/// The job that a signal cancels, once it is known.
#[derive(Clone, Debug, Default)]
pub struct Target(Arc<AtomicU64>);

impl Target {
    /// The job is known.
    pub fn set(&self, job: JobId) {
        // Ids may begin at 0, which stands for unknown here.
        self.0.store(job.0.saturating_add(1), Ordering::Relaxed);
    }

    fn request(&self) -> Request {
        match self.0.load(Ordering::Relaxed) {
            0 => Request::Shutdown,
            known => Request::Cancel {
                job: JobId(known - 1),
                keep_partial: false,
            },
        }
    }
}

/// Takes signals from now on: requests go to `requests`, what came is told by the receiver.
///
/// # Errors
/// No thread or no handler can be had.
pub fn watch(requests: mpsc::Sender<Request>, target: Target) -> io::Result<watch::Receiver<Came>> {
    let (tell, told) = watch::channel(Came::default());
    on_a_thread(move |runtime, handlers| {
        runtime.block_on(take(handlers, &requests, &target, &tell));
    })?;
    Ok(told)
}

/// Calls `act` with the number of each signal from now on; the third ends the program where it
/// stands.
///
/// # Errors
/// No thread or no handler can be had.
pub fn each(mut act: impl FnMut(u8) + Send + 'static) -> io::Result<()> {
    on_a_thread(move |runtime, mut handlers| {
        for count in 1.. {
            let number = runtime.block_on(next(&mut handlers));
            if count >= 3 {
                std::process::exit(i32::from(Exit::Signal(number).code()));
            }
            act(number);
        }
    })
}

/// Does `work` on a thread of its own, once its handlers are in place, and returns then.
fn on_a_thread(work: impl FnOnce(&Runtime, Handlers) + Send + 'static) -> io::Result<()> {
    let (ready, is_ready) = std::sync::mpsc::sync_channel(1);
    thread::Builder::new()
        .name("haul-signals".to_owned())
        .spawn(move || match start() {
            Ok((runtime, handlers)) => {
                if ready.send(Ok(())).is_ok() {
                    work(&runtime, handlers);
                }
            }
            // The starter is waiting for it; should it be gone there is nobody to tell.
            Err(error) => drop(ready.send(Err(error))),
        })?;
    is_ready.recv().map_err(io::Error::other)?
}

type Handlers = Vec<(u8, Signal)>;

fn start() -> io::Result<(Runtime, Handlers)> {
    // tokio makes a pair of sockets with the runtime, and panics where no more files may be open. Other
    // threads open files meanwhile: there is to be room for more than that one.
    let room = [(); 4].map(|()| UnixStream::pair());
    for pair in room {
        pair?;
    }
    let runtime = Builder::new_current_thread().enable_io().build()?;
    let entered = runtime.enter();
    // Without /proc nothing is known to be ignored.
    let ignored = ignored(crate::sys::process::status("SigIgn"));
    let mut handlers = Vec::new();
    for number in ENDING {
        if ignored >> (number - 1) & 1 == 0 {
            let kind = SignalKind::from_raw(i32::from(number));
            handlers.push((number, signal(kind)?));
        }
    }
    drop(entered);
    Ok((runtime, handlers))
}

/// The set of ignored signals, signal 1 in the lowest bit (proc(5), `SigIgn`).
fn ignored(hex: Option<&str>) -> u64 {
    hex.and_then(|hex| u64::from_str_radix(hex, 16).ok())
        .unwrap_or(0)
}

/// The next signal of any handler.
async fn next(handlers: &mut Handlers) -> u8 {
    std::future::poll_fn(|context| {
        for (number, handler) in handlers.iter_mut() {
            if handler.poll_recv(context).is_ready() {
                return Poll::Ready(*number);
            }
        }
        Poll::Pending
    })
    .await
}

async fn take(
    mut handlers: Handlers,
    requests: &mpsc::Sender<Request>,
    target: &Target,
    tell: &watch::Sender<Came>,
) {
    let mut seen = 0_u64;
    loop {
        let number = next(&mut handlers).await;
        let again = seen >> number & 1 == 1;
        seen |= 1 << number;
        tell.send_modify(|came| {
            came.count += 1;
            if came.first == 0 {
                came.first = number;
            }
        });
        let came = *tell.borrow();
        if again {
            std::process::exit(i32::from(Exit::Signal(came.first).code()));
        }
        if came.count == 1 && requests.send(target.request()).await.is_err() {
            // The engine has ended by itself: there is nothing left to stop.
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cancelled_is_the_job_or_everything() {
        let target = Target::default();
        assert_eq!(target.request(), Request::Shutdown);
        target.set(JobId(0));
        assert_eq!(
            target.request(),
            Request::Cancel {
                job: JobId(0),
                keep_partial: false
            }
        );
    }

    #[test]
    fn ignored_signals_are_read_from_the_kernel_s_own_words() {
        assert_eq!(ignored(Some("0000000000001001")), 0x1001);
        assert_eq!(ignored(None), 0);
        // Rust's runtime ignores SIGPIPE, 13.
        let told = crate::sys::process::status("SigIgn");
        assert_eq!(ignored(told) >> 12 & 1, 1, "{told:?}");
    }
}
