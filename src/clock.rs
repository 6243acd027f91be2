//! The clocks: one for intervals, one for dates. No other module reads the time of day.
//!
//! Intervals come from the monotonic clock, so that a set clock or a time server never shows as a
//! rate or a wait. Any thread may call all of them.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// The monotonic clock, for intervals.
pub fn now() -> Instant {
    Instant::now()
}

/// Seconds and nanoseconds since 1970 UTC, for dates that are shown or stored; the seconds are
/// negative for a clock set before that.
pub fn unix_now() -> (i64, u32) {
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => (since.as_secs() as i64, since.subsec_nanos()),
        Err(before) => {
            let before = before.duration();
            let secs = -(before.as_secs() as i64);
            match before.subsec_nanos() {
                0 => (secs, 0),
                nanos => (secs - 1, 1_000_000_000 - nanos),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_date_is_past_this_program_s_making() {
        let (secs, nanos) = super::unix_now();
        assert!(secs > 1_700_000_000 && nanos < 1_000_000_000);
        assert!(super::now() <= super::now());
    }
}
