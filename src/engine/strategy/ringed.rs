//! Reads and writes kept in flight together: a copy takes the longer of the two, not their sum.
//!
//! Two strategies are made of it: `io-uring`, through the page cache, and `direct`, past it.
//! Within a range, pieces of a buffer each are read, written, and counted in the order of the
//! file, whatever order they end in.

use super::direct;
use super::flight::Flight;
use super::{Control, Moved, Mover, Pair, Stop};
use crate::proto::Strategy;
use crate::sys::{Errno, Layout, Ring, Sys};
use std::ops::Range;
use std::time::{Duration, Instant};

/// What is in flight should have ended after about this long, so that pause and cancel are
/// answered in time.
const DRAIN_TIME: Duration = Duration::from_millis(50);
/// Bytes in flight before anything is known of the speed.
const WINDOW_START: u64 = 2 << 20;
/// Bytes in flight are not cut to fewer for the sake of a slow device.
pub(super) const WINDOW_MIN: u64 = 64 << 10;

/// A worker's ring, made when it is first needed.
#[derive(Debug)]
pub struct Ringed {
    strategy: Strategy,
    layout: Layout,
    ring: Option<Box<dyn Ring>>,
    /// Why the kernel's own is not to be had.
    refused: Option<Errno>,
    /// Kept from file to file.
    window: Window,
}

impl Ringed {
    /// `io-uring` or `direct`, with buffers as in `layout`.
    pub fn new(strategy: Strategy, layout: Layout) -> Self {
        Self {
            strategy,
            layout,
            ring: None,
            refused: None,
            window: Window::new((layout.slots * layout.slot_size) as u64),
        }
    }

    /// Sees to it that there is a ring; for `direct` one of threads where the kernel refuses.
    fn make(&mut self, sys: &dyn Sys) -> Result<(), Errno> {
        if self.ring.is_some() {
            return Ok(());
        }
        let errno = match self.refused {
            Some(errno) => errno,
            None => match sys.ring(self.layout) {
                Ok(ring) => {
                    self.ring = Some(ring);
                    return Ok(());
                }
                Err(errno) => errno,
            },
        };
        self.refused = Some(errno);
        if self.strategy != Strategy::Direct {
            return Err(errno);
        }
        self.ring = Some(sys.ring(Layout {
            threads: true,
            ..self.layout
        })?);
        Ok(())
    }
}

impl Mover for Ringed {
    fn strategy(&self) -> Strategy {
        self.strategy
    }

    fn move_range(
        &mut self,
        sys: &dyn Sys,
        pair: Pair<'_>,
        range: Range<u64>,
        control: &mut Control<'_>,
    ) -> Moved {
        let made = self.make(sys);
        if let Some(errno) = self.refused {
            control.refuse_ring(errno);
        }
        let ring = match (made, &mut self.ring) {
            (Ok(()), Some(ring)) => ring,
            (made, _) => {
                let errno = made.err().unwrap_or(Errno::NOSYS);
                let stop = Stop::Unsupported(errno);
                return Moved { bytes: 0, stop };
            }
        };
        let mut flight = Flight::new(sys, pair, &mut **ring);
        let moved = if self.strategy == Strategy::Direct {
            direct::move_range(&mut flight, range, control, &mut self.window)
        } else {
            flight.run(range, control, &mut self.window)
        };
        if flight.is_lost() {
            drop(flight);
            self.ring = None;
        }
        moved
    }
}

/// How many bytes may be in flight, by the measured speed.
#[derive(Debug)]
pub(super) struct Window {
    bytes: u64,
    most: u64,
    since: Option<Instant>,
    moved: u64,
}

impl Window {
    /// At most so many.
    fn new(most: u64) -> Self {
        Self {
            bytes: WINDOW_START.min(most),
            most,
            since: None,
            moved: 0,
        }
    }

    /// Bytes that may be in flight.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// After a pause the clock begins anew.
    pub(super) fn rest(&mut self) {
        self.since = None;
        self.moved = 0;
    }

    /// So many bytes more have arrived.
    pub(super) fn fed(&mut self, bytes: u64) {
        let now = crate::clock::now();
        let since = *self.since.get_or_insert(now);
        self.moved += bytes;
        let took = now.duration_since(since);
        if took < DRAIN_TIME / 4 {
            return;
        }
        let rate = self.moved as f64 / took.as_secs_f64();
        let fits = (rate * DRAIN_TIME.as_secs_f64()) as u64;
        // Less at once, more step by step: one slow transfer says little.
        self.bytes = fits
            .clamp(WINDOW_MIN, self.bytes.saturating_mul(2))
            .min(self.most);
        self.since = Some(now);
        self.moved = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_device_gets_little_at_once() {
        let mut window = Window::new(64 << 20);
        assert_eq!(window.bytes(), WINDOW_START);
        window.fed(1 << 20);
        std::thread::sleep(Duration::from_millis(60));
        window.fed(1 << 20);
        assert!(window.bytes() < 2 << 20, "{}", window.bytes());
        // It grows while what is in flight ends in time, never beyond the buffers.
        for _ in 0..20 {
            std::thread::sleep(Duration::from_millis(13));
            window.fed(1 << 30);
        }
        assert_eq!(window.bytes(), 64 << 20);
    }
}
