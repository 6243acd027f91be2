//! From gauges to figures: rate, mean, history and time left.
//!
//! Fed by the coordinator at its tick with the job's running totals; keeps only what the figures
//! need, however long the job runs. Time in which the job is paused or waits is not fed and so
//! does not count.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The rate is taken over so long.
const RATE_WINDOW: Duration = Duration::from_secs(3);
/// One cell of the history.
const CELL: Duration = Duration::from_secs(1);
/// Cells kept.
const CELLS: usize = 300;
/// One cell of the history of the whole run.
const LONG_CELL: Duration = Duration::from_secs(10);
/// Cells kept of it: twelve hours. A longer run has two cells made into one, again and again.
const LONG_CELLS: usize = 4_320;
/// Cells the time left is estimated from.
const FIT_CELLS: usize = 30;
/// Between two looks, far more than there ever is in a process that runs.
pub const GAP: Duration = Duration::from_secs(2);
/// Active time before anything is said of the time left.
const SILENCE: Duration = Duration::from_secs(4);

#[derive(Clone, Copy, Debug, Default)]
struct Cell {
    bytes: u64,
    files: u64,
    time: Duration,
}

impl Cell {
    /// Bytes per second.
    fn rate(&self) -> u64 {
        (self.bytes as f64 / self.time.as_secs_f64().max(0.001)) as u64
    }

    fn add(&mut self, other: &Self) {
        self.bytes += other.bytes;
        self.files += other.files;
        self.time += other.time;
    }
}

/// A job's pace.
#[derive(Debug, Default)]
pub struct Pace {
    active: Duration,
    last: Option<Instant>,
    bytes: u64,
    files: u64,
    /// (active time, bytes) points of the rate window.
    window: VecDeque<(Duration, u64)>,
    cells: VecDeque<Cell>,
    open: Cell,
    /// The whole run, and how many times [`LONG_CELL`] a cell of it is.
    long: Vec<Cell>,
    long_open: Cell,
    long_scale: u32,
    /// Lowest and highest second.
    extremes: Option<(u64, u64)>,
    /// Active time at which another rate was asked for: what was before says nothing of what is left.
    since: Duration,
}

impl Pace {
    /// Feeds the totals at an active instant.
    pub fn feed(&mut self, now: Instant, bytes: u64, files: u64) {
        let step = self
            .last
            .map_or(Duration::ZERO, |last| now.saturating_duration_since(last));
        let step = self.worked(step, bytes.saturating_sub(self.bytes));
        self.last = Some(now);
        self.active += step;
        self.open.bytes += bytes.saturating_sub(self.bytes);
        self.open.files += files.saturating_sub(self.files);
        self.open.time += step;
        self.bytes = bytes;
        self.files = files;
        if self.open.time >= CELL {
            self.close_cell();
        }
        self.window.push_back((self.active, bytes));
        while self.window.len() > 2 && self.active.saturating_sub(self.window[1].0) >= RATE_WINDOW {
            self.window.pop_front();
        }
    }

    /// Of the time since the last look, what was worked. Looks are many a second whatever the disks do:
    /// a long gap is a process that was stopped (Ctrl-Z and `fg`), and of it only counts what the bytes
    /// that came would have taken.
    fn worked(&self, step: Duration, bytes: u64) -> Duration {
        let rate = self.mean();
        if step < GAP || rate == 0 {
            return step;
        }
        step.min(Duration::from_secs_f64(bytes as f64 / rate as f64))
    }

    fn close_cell(&mut self) {
        let cell = std::mem::take(&mut self.open);
        let rate = cell.rate();
        let (low, high) = self.extremes.unwrap_or((rate, rate));
        self.extremes = Some((low.min(rate), high.max(rate)));
        self.long_open.add(&cell);
        if self.long_open.time >= LONG_CELL * self.long_scale() {
            self.long.push(std::mem::take(&mut self.long_open));
            if self.long.len() == LONG_CELLS {
                let pairs = self.long.chunks(2).map(|pair| {
                    let mut both = Cell::default();
                    for cell in pair {
                        both.add(cell);
                    }
                    both
                });
                self.long = pairs.collect();
                self.long_scale = self.long_scale() * 2;
            }
        }
        if self.cells.len() == CELLS {
            self.cells.pop_front();
        }
        self.cells.push_back(cell);
    }

    fn long_scale(&self) -> u32 {
        self.long_scale.max(1)
    }

    /// Everything is copied and the device is catching up: that time counts, but not as seconds
    /// in which nothing moved.
    pub fn feed_flush(&mut self, now: Instant) {
        let step = self
            .last
            .map_or(Duration::ZERO, |last| now.saturating_duration_since(last));
        self.last = Some(now);
        self.active += step;
    }

    /// Another rate is asked for: the time left is taken from what comes now.
    pub fn expect_another_rate(&mut self) {
        self.since = self.active;
    }

    /// Lowest and highest bytes per second of the whole seconds so far.
    pub fn extremes(&self) -> Option<(u64, u64)> {
        self.extremes
    }

    /// Bytes per second over the whole run, oldest first, and the seconds one of them stands for.
    pub fn whole_run(&self) -> (u64, Vec<u64>) {
        let open = (self.long_open.time > Duration::ZERO).then_some(&self.long_open);
        let cells = self.long.iter().chain(open).map(Cell::rate);
        (
            LONG_CELL.as_secs() * u64::from(self.long_scale()),
            cells.collect(),
        )
    }

    /// The job stops being active: time from here on does not count until it is fed again.
    pub fn rest(&mut self) {
        self.last = None;
        self.window.clear();
    }

    /// Active time so far.
    pub fn active(&self) -> Duration {
        self.active
    }

    /// Bytes per second over the last seconds; `None` right after the start or a pause.
    pub fn rate(&self) -> Option<u64> {
        let (first, last) = (self.window.front()?, self.window.back()?);
        let time = last.0.checked_sub(first.0)?;
        if time < Duration::from_millis(250) {
            return None;
        }
        Some((last.1.saturating_sub(first.1) as f64 / time.as_secs_f64()) as u64)
    }

    /// Mean bytes per second over the active time.
    pub fn mean(&self) -> u64 {
        let seconds = self.active.as_secs_f64();
        if seconds > 0.0 {
            (self.bytes as f64 / seconds) as u64
        } else {
            0
        }
    }

    /// Bytes of each of the last seconds, oldest first.
    pub fn history(&self) -> Vec<u64> {
        self.cells.iter().map(Cell::rate).collect()
    }

    /// Seconds left for so many bytes and files, low and high; `None` while nothing can be said.
    ///
    /// Two terms, so that a job of one huge and a million tiny files is not misjudged at either
    /// end: a cost per byte and a cost per file, fitted to the last active seconds.
    pub fn left(&self, bytes: u64, files: u64) -> Option<(u64, u64)> {
        let known = self.active.saturating_sub(self.since);
        if known < SILENCE {
            return None;
        }
        // A cell that was begun at the earlier rate says nothing either: ten times as fast as the
        // others, it would outweigh them all.
        let whole = known.saturating_sub(self.open.time).as_secs() as usize;
        let cells = FIT_CELLS.min(whole);
        let recent: Vec<Cell> = self.cells.iter().rev().take(cells).copied().collect();
        let (per_byte, per_file) = fit(&recent)?;
        let seconds = per_byte * bytes as f64 + per_file * files as f64;
        if !seconds.is_finite() || seconds > 1e9 {
            return None;
        }
        let spread = spread(&recent);
        Some((
            (seconds * (1.0 - spread)) as u64,
            (seconds * (1.0 + spread)).ceil() as u64,
        ))
    }
}

/// Least squares of seconds = a·bytes + b·files with a, b ≥ 0. With one term without meaning
/// (collinear, or negative) the other carries all.
fn fit(cells: &[Cell]) -> Option<(f64, f64)> {
    let (mut bb, mut bf, mut ff, mut bt, mut ft) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for cell in cells {
        let (bytes, files) = (cell.bytes as f64, cell.files as f64);
        bb += bytes * bytes;
        bf += bytes * files;
        ff += files * files;
        bt += bytes * cell.time.as_secs_f64();
        ft += files * cell.time.as_secs_f64();
    }
    let det = bb * ff - bf * bf;
    if det > 1e-6 * bb * ff {
        let (a, b) = ((bt * ff - ft * bf) / det, (ft * bb - bt * bf) / det);
        if a >= 0.0 && b >= 0.0 {
            return Some((a, b));
        }
    }
    let seconds: f64 = cells.iter().map(|cell| cell.time.as_secs_f64()).sum();
    let bytes: u64 = cells.iter().map(|cell| cell.bytes).sum();
    let files: u64 = cells.iter().map(|cell| cell.files).sum();
    if bytes > 0 {
        Some((seconds / bytes as f64, 0.0))
    } else if files > 0 {
        Some((0.0, seconds / files as f64))
    } else {
        None
    }
}

/// How uncertain: the relative deviation of the seconds' rates, at most a half.
fn spread(cells: &[Cell]) -> f64 {
    let rates: Vec<f64> = cells
        .iter()
        .map(|cell| (cell.bytes + cell.files * 4096) as f64 / cell.time.as_secs_f64().max(0.001))
        .collect();
    let mean = rates.iter().sum::<f64>() / rates.len().max(1) as f64;
    if mean <= 0.0 {
        return 0.5;
    }
    let variance = rates.iter().map(|rate| (rate - mean).powi(2)).sum::<f64>() / rates.len() as f64;
    // The mean of n seconds is known better than one second is.
    (variance.sqrt() / mean / (rates.len() as f64).sqrt()).clamp(0.0, 0.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fed(pace: &mut Pace, from: Instant, seconds: u64, per_second: u64, files: u64) {
        for tick in 1..=seconds * 10 {
            let at = from + Duration::from_millis(tick * 100);
            pace.feed(
                at,
                pace.bytes + per_second / 10,
                pace.files + u64::from(files > 0 && tick % (10 / files.min(10)) == 0),
            );
        }
    }

    #[test]
    fn a_steady_copy() {
        let start = crate::clock::now();
        let mut pace = Pace::default();
        pace.feed(start, 0, 0);
        fed(&mut pace, start, 10, 1_000_000, 0);
        let rate = pace.rate().expect("a rate");
        assert!((990_000..=1_010_000).contains(&rate), "{rate}");
        let (low, high) = pace.left(60_000_000, 0).expect("an estimate");
        assert!(low <= 60 && (60..=66).contains(&high), "{low}..{high}");
        assert_eq!(pace.history().len(), 10);
    }

    #[test]
    fn paused_time_does_not_count() {
        let start = crate::clock::now();
        let mut pace = Pace::default();
        pace.feed(start, 0, 0);
        fed(&mut pace, start, 5, 1_000_000, 0);
        pace.rest();
        assert_eq!(pace.rate(), None);
        let later = start + Duration::from_secs(600);
        pace.feed(later, pace.bytes, 0);
        fed(&mut pace, later, 5, 1_000_000, 0);
        assert_eq!(pace.active().as_secs(), 10);
        assert!(
            (990_000..=1_010_000).contains(&pace.mean()),
            "{}",
            pace.mean()
        );
    }

    #[test]
    fn the_time_a_process_was_stopped_does_not_count() {
        let start = crate::clock::now();
        let mut pace = Pace::default();
        pace.feed(start, 0, 0);
        fed(&mut pace, start, 5, 1_000_000, 0);
        let later = start + Duration::from_secs(600);
        pace.feed(later, pace.bytes + 100_000, 0);
        assert_eq!(pace.active().as_secs(), 5);
        let rate = pace.rate().expect("a rate");
        assert!((900_000..=1_100_000).contains(&rate), "{rate}");
        // One that was late and worked on is told from it by its bytes.
        pace.feed(later + Duration::from_secs(3), pace.bytes + 3_000_000, 0);
        assert_eq!(pace.active().as_secs(), 8);
    }

    #[test]
    fn the_time_left_follows_a_rate_that_was_asked_for() {
        let start = crate::clock::now();
        let mut pace = Pace::default();
        pace.feed(start, 0, 0);
        fed(&mut pace, start, 20, 100_000_000, 0);
        assert_eq!(pace.left(1_000_000_000, 0), Some((10, 10)));
        pace.expect_another_rate();
        assert_eq!(pace.left(1_000_000_000, 0), None, "nothing is known yet");
        fed(&mut pace, start + Duration::from_secs(20), 5, 10_000_000, 0);
        let (low, high) = pace.left(1_000_000_000, 0).expect("known by now");
        assert!(low >= 95 && high <= 105, "{low} to {high}");
    }

    #[test]
    fn a_second_in_which_the_rate_changed_says_nothing_of_what_is_left() {
        let start = crate::clock::now();
        let mut pace = Pace::default();
        pace.feed(start, 0, 0);
        // Asked for in the middle of a second, as people do.
        for tick in 1..=150 {
            let at = start + Duration::from_millis(tick * 100);
            let more = if tick <= 4 { 50_000_000 } else { 1_000_000 };
            pace.feed(at, pace.bytes + more, 0);
            if tick == 4 {
                pace.expect_another_rate();
            }
            if let Some((low, high)) = pace.left(240_000_000, 0) {
                assert!(low >= 22 && high <= 26, "{low} to {high} at tick {tick}");
            }
        }
        assert!(pace.left(240_000_000, 0).is_some());
    }

    /// A copy at a steady pace of so many seconds for a byte and a file, sampled ten times a
    /// second; the figures after each second.
    fn trace(per_byte: f64, per_file: f64, sizes: &[u64], pauses: bool) -> (Pace, f64) {
        let start = crate::clock::now();
        let mut pace = Pace::default();
        let (mut now, mut done) = (start, 0.0);
        let (mut bytes, mut files) = (0, 0);
        pace.feed(now, 0, 0);
        let mut next = 0.1;
        for (at, size) in sizes.iter().enumerate() {
            let took = per_file + per_byte * *size as f64;
            while next <= done + took {
                let share = ((next - done) / took).clamp(0.0, 1.0);
                now += Duration::from_millis(100);
                pace.feed(now, bytes + (share * *size as f64) as u64, files);
                next += 0.1;
            }
            done += took;
            bytes += size;
            files += 1;
            if pauses && at % 7 == 3 {
                pace.rest();
                now += Duration::from_secs(3_600);
                pace.feed(now, bytes, files);
            }
        }
        (pace, done)
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(40))]

        /// However a job is made up, what is left is known within a factor once it has worked for
        /// a while, and pauses change nothing of it.
        #[test]
        fn what_is_left_is_known_whatever_the_mixture(
            per_byte in 1e-9_f64..1e-7,
            per_file in 1e-3_f64..0.1,
            sizes in proptest::collection::vec(0_u64..20_000_000, 100..200),
            pauses in proptest::prelude::any::<bool>(),
        ) {
            let (pace, took) = trace(per_byte, per_file, &sizes, pauses);
            proptest::prop_assume!(took > 12.0);
            let active = pace.active().as_secs_f64();
            proptest::prop_assert!((active - took).abs() < 1.0, "{active} of {took}");
            // The same again is left.
            let bytes: u64 = sizes.iter().sum();
            let (low, high) = pace.left(bytes, sizes.len() as u64).expect("known");
            proptest::prop_assert!(low <= high);
            let middle = f64::midpoint(low as f64, high as f64);
            let error = middle / took;
            proptest::prop_assert!((0.6..1.7).contains(&error), "{middle} for {took}");
        }

        /// Any totals at any times: no figure is absurd, no seconds are lost.
        #[test]
        fn no_trace_makes_a_figure_absurd(
            steps in proptest::collection::vec((0_u64..2_000, 0_u64..1 << 40, 0_u64..1000, 0_u8..8), 0..200),
        ) {
            let mut now = crate::clock::now();
            let mut pace = Pace::default();
            let (mut bytes, mut files, mut active) = (0_u64, 0_u64, 0_u64);
            let mut resting = true;
            for (ms, more, some, what) in steps {
                now += Duration::from_millis(ms);
                match what {
                    0 => {
                        pace.rest();
                        resting = true;
                        continue;
                    }
                    1 => pace.feed_flush(now),
                    _ => {
                        bytes += more;
                        files += some;
                        pace.feed(now, bytes, files);
                    }
                }
                active += if resting { 0 } else { ms };
                resting = false;
                if let Some((low, high)) = pace.left(more, some) {
                    proptest::prop_assert!(low <= high && high <= 2_000_000_000);
                }
                if let Some((low, high)) = pace.extremes() {
                    proptest::prop_assert!(low <= high);
                }
                proptest::prop_assert!(pace.history().len() <= CELLS);
                let (seconds, rates) = pace.whole_run();
                proptest::prop_assert!(seconds >= 10 && rates.len() <= LONG_CELLS);
            }
            proptest::prop_assert_eq!(pace.active().as_millis() as u64, active);
        }
    }

    #[test]
    fn a_run_of_days_keeps_its_whole_history_in_bounds() {
        let start = crate::clock::now();
        let mut pace = Pace::default();
        for second in 0..200_000 {
            pace.feed(start + Duration::from_secs(second), second * 1_000, 0);
        }
        let (seconds, rates) = pace.whole_run();
        assert!(rates.len() <= LONG_CELLS && seconds > 10, "{}", rates.len());
        let covered = seconds * rates.len() as u64;
        assert!((190_000..220_000).contains(&covered), "{covered}");
        assert!(rates.iter().all(|rate| (990..=1_010).contains(rate)));
        assert_eq!(pace.history().len(), CELLS);
    }

    #[test]
    fn nothing_is_said_of_nothing() {
        let mut pace = Pace::default();
        assert_eq!(pace.rate(), None);
        assert_eq!(pace.left(1, 1), None);
        let start = crate::clock::now();
        pace.feed(start, 0, 0);
        fed(&mut pace, start, 10, 0, 0);
        assert_eq!(pace.rate(), Some(0));
        assert_eq!(pace.left(1000, 10), None, "no pace, no promise");
    }

    #[test]
    fn files_and_bytes_are_told_apart() {
        // 1 s for 1 MB, 10 ms a file: cells of different mixes.
        let cells: Vec<Cell> = (1..20)
            .map(|at| Cell {
                bytes: at * 100_000,
                files: 40 - at,
                time: Duration::from_millis(at * 100 + (40 - at) * 10),
            })
            .collect();
        let (per_byte, per_file) = fit(&cells).expect("a fit");
        assert!(
            (per_byte - 1e-6).abs() < 1e-9 && (per_file - 0.01).abs() < 1e-6,
            "{per_byte} {per_file}"
        );
    }
}
