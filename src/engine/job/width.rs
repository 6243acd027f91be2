//! How many files of a job are in flight: as many as pay.
//!
//! Where a call takes long (a filer, a slow disk, a cold cache), workers wait most of the time and
//! more of them copy more; where the processors are the limit, more of them only get in each
//! other's way; and a filer that queues gets slower for everybody. None of this is known before, so
//! it is tried: the number is doubled while that brings a gain, or taken by four where the workers
//! only wait; it is taken back when nothing is gained, and tried again now and then, in both
//! directions. Reads no clock: what happened is told.

use std::time::{Duration, Instant};

/// What is compared is taken over so long at the least.
const WINDOW: Duration = Duration::from_millis(200);
/// The same until the first rest: a short job on a slow server is over before much is tried.
const FIRST_WINDOW: Duration = Duration::from_millis(100);
/// Where files end more seldom, what is compared is taken over as many of them as there are
/// workers, so that each has had its turn with those that are new, but never for longer than this.
const WINDOW_MAX: Duration = Duration::from_secs(3);
/// Bytes that stand for a file's end there: the pieces in which a large file moves.
const PIECE: u64 = 1 << 20;
/// More workers must bring so much, or they are not worth it.
const GAIN: f64 = 1.15;
/// Half the workers may cost so much and are still better: others use the same server.
const LOSS: f64 = 0.95;
/// Above this share of all processors more workers cannot bring more.
const BUSY: f64 = 0.75;
/// Nor where each waits for a processor for so much of the time: others are on them, be it the scan,
/// the file system's own threads or another program.
const CROWDED: f64 = 0.1;
/// The wait before something else is tried; it doubles each time nothing was gained.
const HOLD: Duration = Duration::from_secs(3);
/// The first wait where more than the fewest seemed to bring nothing: one disturbed comparison must
/// not be what a job of seconds is done with.
const SECOND_LOOK: Duration = Duration::from_secs(1);
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
    /// Files that workers were through with so far.
    pub files: u64,
    /// Time on a processor so far, of the workers of files.
    pub cpu: Duration,
    /// Time so far in which they could have gone on and had no processor.
    pub waited: Duration,
}

#[derive(Clone, Copy, Debug)]
enum Course {
    /// So many times as many are tried; these were before.
    Up { from: u16, rate: f64, times: u16 },
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
    /// Nothing was rested from yet.
    begins: bool,
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
            begins: true,
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

    /// True when a reading taken at that time may tell something.
    pub fn is_due(&self, at: Instant) -> bool {
        self.since
            .is_none_or(|since| at.saturating_duration_since(since.at) >= self.window())
    }

    fn window(&self) -> Duration {
        if self.begins { FIRST_WINDOW } else { WINDOW }
    }

    /// Takes a reading; a number when there are to be that many workers from now on.
    pub fn take(&mut self, now: Reading) -> Option<u16> {
        let Some(since) = self.since else {
            self.since = Some(now);
            return None;
        };
        let time = now.at.saturating_duration_since(since.at);
        let bytes = now.bytes.saturating_sub(since.bytes);
        let files = now.files.saturating_sub(since.files);
        let turns = files + bytes / PIECE;
        if time < self.window() || (turns < u64::from(self.now) && time < WINDOW_MAX) {
            return None;
        }
        self.since = Some(now);
        let rate = (bytes + files * FILE) as f64 / time.as_secs_f64();
        let cpu = now.cpu.saturating_sub(since.cpu);
        let share = cpu.as_secs_f64() / (time.as_secs_f64() * f64::from(self.cores));
        let waited = now.waited.saturating_sub(since.waited);
        let crowded = waited.as_secs_f64() / (time.as_secs_f64() * f64::from(self.now));
        let busy = share > BUSY || crowded > CROWDED;
        tracing::debug!(workers = self.now, rate, share, crowded, "files in flight");
        // Four times as many would still leave the processors time: the workers wait.
        let times = if share * 4.0 < BUSY { 4 } else { 2 };
        if rate == 0.0 {
            // Everything waits for one thing: nothing can be told.
            return None;
        }
        let before = self.now;
        match self.course {
            None if busy || self.now >= self.most => self.rest(now.at, true),
            None => self.grow(rate, times),
            Some(Course::Up {
                from,
                rate: old,
                times: tried,
            }) => {
                if rate < old * GAIN {
                    self.now = from;
                    if tried > 2 {
                        // Between the two there may be a number that pays.
                        self.grow(old, 2);
                    } else {
                        self.rest(now.at, true);
                    }
                } else {
                    self.hold = HOLD;
                    if busy || self.now >= self.most {
                        self.rest(now.at, true);
                    } else {
                        self.grow(rate, times);
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
                    self.grow(rate, times);
                }
            }
        }
        (self.now != before).then_some(self.now)
    }

    fn grow(&mut self, rate: f64, times: u16) {
        self.course = Some(Course::Up {
            from: self.now,
            rate,
            times,
        });
        self.now = self.now.saturating_mul(times).min(self.most);
    }

    fn rest(&mut self, at: Instant, then_down: bool) {
        let first = std::mem::take(&mut self.begins);
        let hold = if first && self.now == self.least {
            SECOND_LOOK
        } else {
            let hold = self.hold;
            self.hold = (hold * 2).min(HOLD_MAX);
            hold
        };
        self.course = Some(Course::Hold {
            until: at + hold,
            then_down,
        });
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
        every_tick(server, seconds)
            .into_iter()
            .skip(19)
            .step_by(20)
            .collect()
    }

    /// The numbers of workers, twenty times a second.
    fn every_tick(server: Server, seconds: u64) -> Vec<u16> {
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
                waited: Duration::ZERO,
            };
            workers = width.take(reading).unwrap_or(workers);
            seen.push(workers);
        }
        seen
    }

    /// Beyond four it serves fewer the more there are.
    fn queues(workers: f64) -> (f64, f64) {
        if workers <= 4.0 {
            (workers * 100.0, 0.1)
        } else {
            (1600.0 / workers, 0.1)
        }
    }

    #[test]
    fn latency_is_met_with_more_files_in_flight_at_once() {
        // 10 ms a file, whatever the others do.
        let seen = run(|workers| (workers * 100.0, 0.1), 10);
        assert_eq!(seen[0], 64, "{seen:?}");
        assert!(
            seen.iter().filter(|workers| **workers == 64).count() >= 6,
            "{seen:?}"
        );
    }

    #[test]
    fn workers_that_only_wait_become_four_times_as_many() {
        let seen = every_tick(|workers| (workers * 100.0, 0.1), 1);
        // Two readings make the first comparison, and each number is tried for as long.
        assert_eq!((seen[2], seen[4], seen[6]), (8, 32, 64), "{seen:?}");
    }

    #[test]
    fn where_four_times_as_many_would_be_too_much_twice_as_many_are_tried() {
        // A fifth of a processor for each.
        let seen = every_tick(|workers| (workers * 100.0, workers * 0.2), 2);
        assert_eq!((seen[2], seen[4], seen[6]), (4, 8, 8), "{seen:?}");
        assert!(seen.iter().all(|workers| *workers <= 8), "{seen:?}");
        // Eight bring no more than two, four do.
        let seen = every_tick(queues, 2);
        assert!(seen.ends_with(&[4; 20]), "{seen:?}");
    }

    #[test]
    fn where_files_end_seldom_it_waits_for_as_many_as_there_are_workers() {
        // Half a second a file.
        let seen = run(|workers| (workers * 2.0, 0.0), 10);
        assert_eq!(seen[9], 64, "{seen:?}");
    }

    #[test]
    fn busy_processors_are_left_alone() {
        let seen = run(|_| (1000.0, 1.9), 10);
        assert!(seen.iter().all(|workers| *workers == 2), "{seen:?}");
    }

    #[test]
    fn where_others_are_on_the_processors_more_are_not_tried() {
        // The workers get half of what they could use; the rest goes to a scan, a file system's
        // threads, or another program.
        let tried = |waited: f64| {
            let mut width = Width::new(2, 64, 2);
            let start = clock::now();
            (0..100u32).any(|step| {
                let seconds = f64::from(step) * 0.05;
                let reading = Reading {
                    at: start + Duration::from_secs_f64(seconds),
                    bytes: 0,
                    files: u64::from(step) * 50,
                    cpu: Duration::from_secs_f64(seconds),
                    waited: Duration::from_secs_f64(seconds * waited),
                };
                width.take(reading).is_some()
            })
        };
        assert!(!tried(0.8), "two workers, each 40 % of the time");
        assert!(tried(0.05), "they sleep for the rest of it");
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
        let seen = run(queues, 60);
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
                waited: Duration::ZERO,
            };
            assert_eq!(width.take(reading), None);
        }
    }
}
