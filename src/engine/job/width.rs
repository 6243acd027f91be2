//! How many files of a job are in flight: as many as pay.
//!
//! Where a call takes long (a filer, a slow disk, a cold cache), workers wait most of the time and
//! more of them copy more; where the processors are the limit, more of them only get in each
//! other's way; and a filer that queues gets slower for everybody. None of this is known before, so
//! it is tried: the number is doubled while that brings a gain, taken back when it does not, and
//! tried again now and then, in both directions. Reads no clock: what happened is told.

use std::time::{Duration, Instant};

/// What is compared is taken over so long: outcomes arrive about ten times a second.
const WINDOW: Duration = Duration::from_millis(200);
/// Twice the workers must bring so much, or they are not worth it.
const GAIN: f64 = 1.15;
/// Half the workers may cost so much and are still better: others use the same server.
const LOSS: f64 = 0.95;
/// Above this share of all processors more workers cannot bring more.
const BUSY: f64 = 0.75;
/// The wait before something else is tried; it doubles each time nothing was gained.
const HOLD: Duration = Duration::from_secs(3);
const HOLD_MAX: Duration = Duration::from_secs(60);
/// A file's own cost, in bytes: what opening, creating, naming and closing it cost at the least.
const FILE: u64 = 64 << 10;

/// What was done up to an instant.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    /// When.
    pub at: Instant,
    /// Bytes moved so far.
    pub bytes: u64,
    /// Files ended so far.
    pub files: u64,
    /// Time on a processor so far, of all threads.
    pub cpu: Duration,
}

#[derive(Clone, Copy, Debug)]
enum Course {
    /// Twice as many are tried; these were before.
    Up { from: u16, rate: f64 },
    /// Half as many are tried; these were before.
    Down { from: u16, rate: f64 },
    /// Nothing is tried for a while.
    Hold { until: Instant, then_down: bool },
}

/// The number of a job's workers of files.
#[derive(Debug)]
pub struct Width {
    now: u16,
    least: u16,
    most: u16,
    cores: u16,
    hold: Duration,
    course: Option<Course>,
    since: Option<Reading>,
}

impl Width {
    /// Begins with `least` workers, which are also the fewest, and takes at most `most`. `cores`
    /// processors are there.
    pub fn new(least: u16, most: u16, cores: u16) -> Self {
        Self {
            now: least,
            least,
            most: most.max(least),
            cores: cores.max(1),
            hold: HOLD,
            course: None,
            since: None,
        }
    }

    /// Begins with another number than the fewest.
    pub fn begin_at(mut self, number: u16) -> Self {
        self.now = number.clamp(self.least, self.most);
        self
    }

    /// What was measured last is not to be compared: the job stood still, or there was too little
    /// to do.
    pub fn pass(&mut self) {
        self.since = None;
    }

    /// Takes a reading; a number when there are to be that many workers from now on.
    pub fn take(&mut self, now: Reading) -> Option<u16> {
        let Some(since) = self.since else {
            self.since = Some(now);
            return None;
        };
        let time = now.at.saturating_duration_since(since.at);
        if time < WINDOW {
            return None;
        }
        self.since = Some(now);
        let bytes = now.bytes.saturating_sub(since.bytes);
        let files = now.files.saturating_sub(since.files);
        let rate = (bytes + files * FILE) as f64 / time.as_secs_f64();
        let cpu = now.cpu.saturating_sub(since.cpu);
        let busy = cpu.as_secs_f64() / (time.as_secs_f64() * f64::from(self.cores)) > BUSY;
        if rate == 0.0 {
            // Everything waits for one thing: nothing can be told.
            return None;
        }
        let before = self.now;
        match self.course {
            None if busy || self.now >= self.most => self.rest(now.at, true),
            None => self.grow(rate),
            Some(Course::Up { from, rate: old }) => {
                if rate < old * GAIN {
                    self.now = from;
                    self.rest(now.at, true);
                } else {
                    self.hold = HOLD;
                    if busy || self.now >= self.most {
                        self.rest(now.at, true);
                    } else {
                        self.grow(rate);
                    }
                }
            }
            Some(Course::Down { from, rate: old }) => {
                if rate < old * LOSS {
                    self.now = from;
                }
                self.rest(now.at, false);
            }
            Some(Course::Hold { until, .. }) if now.at < until => {}
            Some(Course::Hold { then_down, .. }) => {
                if then_down && self.now > self.least {
                    self.course = Some(Course::Down {
                        from: self.now,
                        rate,
                    });
                    self.now = (self.now / 2).max(self.least);
                } else if busy || self.now >= self.most {
                    self.rest(now.at, true);
                } else {
                    self.grow(rate);
                }
            }
        }
        (self.now != before).then_some(self.now)
    }

    fn grow(&mut self, rate: f64) {
        self.course = Some(Course::Up {
            from: self.now,
            rate,
        });
        self.now = self.now.saturating_mul(2).min(self.most);
    }

    fn rest(&mut self, at: Instant, then_down: bool) {
        self.course = Some(Course::Hold {
            until: at + self.hold,
            then_down,
        });
        self.hold = (self.hold * 2).min(HOLD_MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    /// Files a second with so many workers, and the share of one processor that takes.
    type Server = fn(f64) -> (f64, f64);

    /// The numbers of workers, second by second.
    fn run(server: Server, seconds: u64) -> Vec<u16> {
        let mut width = Width::new(2, 64, 2);
        let (mut workers, mut files, mut cpu) = (2, 0.0, 0.0);
        let start = clock::now();
        let mut seen = Vec::new();
        for step in 0..seconds * 20 {
            let (rate, share) = server(f64::from(workers));
            files += rate / 20.0;
            cpu += share / 20.0;
            let reading = Reading {
                at: start + Duration::from_millis(step * 50),
                bytes: 0,
                files: files as u64,
                cpu: Duration::from_secs_f64(cpu),
            };
            workers = width.take(reading).unwrap_or(workers);
            if step % 20 == 19 {
                seen.push(workers);
            }
        }
        seen
    }

    #[test]
    fn latency_is_met_with_more_files_in_flight_at_once() {
        // 10 ms a file, whatever the others do.
        let seen = run(|workers| (workers * 100.0, 0.1), 10);
        assert!(seen[0] >= 32, "{seen:?}");
        assert!(
            seen.iter().filter(|workers| **workers == 64).count() >= 6,
            "{seen:?}"
        );
    }

    #[test]
    fn busy_processors_are_left_alone() {
        let seen = run(|_| (1000.0, 1.9), 10);
        assert!(seen.iter().all(|workers| *workers == 2), "{seen:?}");
    }

    #[test]
    fn what_does_not_pay_is_taken_back() {
        // Eight are served at a time; more only wait.
        let seen = run(|workers| (workers.min(8.0) * 100.0, 0.1), 60);
        let right = seen.iter().filter(|workers| **workers == 8).count();
        assert!(right >= 50, "{seen:?}");
    }

    #[test]
    fn a_server_that_queues_gets_less() {
        // Beyond four it serves fewer the more there are.
        let seen = run(
            |workers| {
                (
                    if workers <= 4.0 {
                        workers * 100.0
                    } else {
                        1600.0 / workers
                    },
                    0.1,
                )
            },
            60,
        );
        assert!(
            seen.iter().filter(|workers| **workers <= 4).count() >= 55,
            "{seen:?}"
        );
    }

    #[test]
    fn standing_still_tells_nothing() {
        let mut width = Width::new(2, 64, 2);
        let start = clock::now();
        for step in 0..100u64 {
            let reading = Reading {
                at: start + Duration::from_millis(step * 50),
                bytes: 0,
                files: 0,
                cpu: Duration::ZERO,
            };
            assert_eq!(width.take(reading), None);
        }
    }
}
