//! Workers that were asked to leave because fewer files are to be in flight.

use super::Shared;
use std::sync::atomic::Ordering;

impl Shared {
    /// True for as many callers as there are workers too many: each leaves, or stays after all.
    pub fn one_too_many(&self) -> bool {
        self.surplus.load(Ordering::Relaxed) > 0
            && self
                .surplus
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |some| {
                    some.checked_sub(1)
                })
                .is_ok()
    }
}
