//! A cap on the bytes per second of a job.
//!
//! One instant says when the next byte may be moved; who has moved bytes pushes it on by what they cost.
//! Nothing is saved up while a job rests: after a pause it goes on at its rate, not in a burst.

use crate::clock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How far behind the clock the next instant may be: bytes of so long may go out at once.
const SLACK: Duration = Duration::from_millis(20);

/// A rate shared by the workers of a job.
#[derive(Debug)]
pub struct Throttle {
    began: Instant,
    /// Nanoseconds after `began` from which on the next byte may go.
    next: AtomicU64,
    /// Bytes per second; 0 is no cap.
    rate: AtomicU64,
}

impl Throttle {
    /// At most so many bytes a second; `None` is no cap.
    pub fn new(rate: Option<u64>) -> Self {
        Self {
            began: clock::now(),
            next: AtomicU64::new(0),
            rate: AtomicU64::new(rate.map_or(0, |rate| rate.max(1))),
        }
    }

    /// From now on that rate. What was spent at another one is forgotten: nobody goes on waiting
    /// for a cap that is gone.
    pub fn set(&self, rate: Option<u64>) {
        let rate = rate.map_or(0, |rate| rate.max(1));
        self.rate.store(rate, Ordering::Relaxed);
        self.next.store(0, Ordering::Relaxed);
    }

    /// Bytes that a single call may move so that the rate is kept smoothly: 25 ms of it.
    pub fn piece(&self) -> u64 {
        match self.rate.load(Ordering::Relaxed) {
            0 => u64::MAX,
            rate => (rate / 40).max(4096),
        }
    }

    fn now(&self) -> u64 {
        self.began.elapsed().as_nanos() as u64
    }

    /// How long to wait before more bytes may be moved.
    pub fn due(&self) -> Duration {
        if self.rate.load(Ordering::Relaxed) == 0 {
            return Duration::ZERO;
        }
        Duration::from_nanos(self.next.load(Ordering::Relaxed).saturating_sub(self.now()))
    }

    /// So many bytes were moved.
    pub fn spend(&self, bytes: u64) {
        let rate = self.rate.load(Ordering::Relaxed);
        if rate == 0 {
            return;
        }
        let cost = (u128::from(bytes) * 1_000_000_000 / u128::from(rate)) as u64;
        let earliest = self.now().saturating_sub(SLACK.as_nanos() as u64);
        let mut next = self.next.load(Ordering::Relaxed);
        loop {
            let end = next.max(earliest).saturating_add(cost);
            match self
                .next
                .compare_exchange_weak(next, end, Ordering::Relaxed, Ordering::Relaxed)
            {
                Ok(_) => return,
                Err(other) => next = other,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_add_up_to_the_rate() {
        let throttle = Throttle::new(Some(1_000_000));
        for _ in 0..100 {
            throttle.spend(100_000);
        }
        let due = throttle.due();
        assert!(
            due > Duration::from_millis(9_900) && due <= Duration::from_secs(10),
            "{due:?}"
        );
    }

    #[test]
    fn another_rate_holds_at_once_and_no_cap_means_no_wait() {
        let throttle = Throttle::new(Some(1_000));
        throttle.spend(1_000_000);
        assert!(throttle.due() > Duration::from_secs(900));
        throttle.set(Some(1_000_000));
        throttle.spend(1_000_000);
        let due = throttle.due();
        assert!(due > Duration::from_millis(900) && due <= Duration::from_secs(1));
        throttle.set(None);
        throttle.spend(1 << 40);
        assert_eq!(
            (throttle.due(), throttle.piece()),
            (Duration::ZERO, u64::MAX)
        );
        throttle.set(Some(40 * 8192));
        assert_eq!(throttle.piece(), 8192);
    }

    #[test]
    fn nothing_is_saved_up() {
        let throttle = Throttle::new(Some(1_000_000));
        std::thread::sleep(Duration::from_millis(60));
        assert_eq!(throttle.due(), Duration::ZERO);
        throttle.spend(1_000_000);
        assert!(
            throttle.due() > Duration::from_millis(900),
            "{:?}",
            throttle.due()
        );
    }
}
