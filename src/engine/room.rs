//! Whether the destination has room, as the workers of a job met it.
//!
//! When a write is refused for lack of room, no further file is begun; those in flight go on as far
//! as they fit. Then either what is left is told, or the workers wait here, looking now and then
//! whether there is room again. A full file system costs a relaxed load a file.

use super::failure::Trouble;
use crate::clock;
use crate::proto::{ErrorClass, Lack, Op, Shortage, Side};
use crate::sys::{Errno, Space, Sys};
use std::os::fd::BorrowedFd;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The wait before the first attempt after room ran out; it doubles with every attempt in vain.
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// After so long a file is tried although the figures are against it: it may need less than its
/// length, and what they count may not be what is short.
const TRIED_ANYWAY: Duration = Duration::from_secs(60);

/// The room of the file system a directory is on; `None`, with the reason in the log, where it does
/// not say. Nothing fails for it: a figure is then shown as unknown.
pub fn space(sys: &dyn Sys, dir: BorrowedFd<'_>) -> Option<Space> {
    sys.space(dir)
        .inspect_err(|errno| tracing::debug!("a file system does not tell its room: {errno}"))
        .ok()
}

/// What is short, by what the kernel said and what the file system says of itself.
pub fn lack(errno: Errno, space: Option<Space>) -> Lack {
    match space {
        _ if errno == Errno::DQUOT => Lack::Quota,
        Some(space) if space.inodes_total > 0 && space.inodes_free == 0 => Lack::Inodes,
        _ => Lack::Space,
    }
}

#[derive(Debug)]
struct State {
    shortage: Shortage,
    /// When room ran out.
    since: Instant,
    /// When to look next.
    look: Instant,
}

/// Shared by the workers and the scan of a job.
#[derive(Debug)]
pub struct Room {
    /// Waits for room in place of giving up.
    waits: bool,
    full: AtomicBool,
    /// Attempts in vain since a file was last finished.
    vain: AtomicU32,
    /// Held for a few instructions.
    state: Mutex<Option<State>>,
}

/// What a look at a full file system says to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Not yet.
    Wait,
    /// Nothing has changed but, where given, what is free.
    Short(Option<Shortage>),
    /// There seems to be room.
    Try,
}

impl Room {
    /// With room, until somebody meets that there is none.
    pub fn new(waits: bool) -> Self {
        Self {
            waits,
            full: AtomicBool::new(false),
            vain: AtomicU32::new(0),
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, Option<State>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// True when what finds no room waits for some.
    pub fn waits(&self) -> bool {
        self.waits
    }

    /// True while no further file is to be begun.
    pub fn is_full(&self) -> bool {
        self.full.load(Ordering::Relaxed)
    }

    /// Somebody found no room; what is short the first time.
    pub fn met(&self, errno: Errno, space: Option<Space>) -> Option<Shortage> {
        let mut state = self.state();
        if self.full.swap(true, Ordering::Relaxed) {
            return None;
        }
        let shortage = Shortage {
            lack: lack(errno, space),
            free: space.map(|space| space.free),
        };
        let vain = self.vain.fetch_add(1, Ordering::Relaxed).min(10);
        let now = clock::now();
        *state = Some(State {
            shortage,
            since: now,
            look: now + (FIRST_WAIT * (1 << vain)).min(LONGEST_WAIT),
        });
        Some(shortage)
    }

    /// There may be room again.
    pub fn open(&self) {
        self.full.store(false, Ordering::Relaxed);
    }

    /// A file was finished: there was room for it.
    pub fn went_well(&self) {
        if self.vain.load(Ordering::Relaxed) != 0 {
            self.vain.store(0, Ordering::Relaxed);
        }
    }

    /// Why a file is not begun.
    pub fn not_started(&self) -> Trouble {
        let lack = self.state().as_ref().map(|state| state.shortage.lack);
        let words = format!("not started: {}", lack.unwrap_or_default().words());
        Trouble::own(Op::Create, Side::Dest, ErrorClass::Space, words)
    }

    /// Whether to go on with something that needs so many bytes. `space` is asked when it is time
    /// for a look.
    pub fn look(&self, need: u64, space: impl FnOnce() -> Option<Space>) -> Look {
        let now = clock::now();
        {
            let mut state = self.state();
            let Some(state) = state.as_mut().filter(|state| state.look <= now) else {
                return Look::Wait;
            };
            state.look = now + FIRST_WAIT;
        }
        // Not under the lock: a file system may take long to answer.
        let Some(space) = space() else {
            return Look::Try;
        };
        let mut state = self.state();
        let Some(state) = state.as_mut() else {
            return Look::Wait;
        };
        let fits = match state.shortage.lack {
            Lack::Space => space.free > 0 && space.free >= need,
            Lack::Inodes => space.inodes_free > 0,
            // No figure tells; that is tried.
            Lack::Quota => true,
        };
        if fits || now.saturating_duration_since(state.since) >= TRIED_ANYWAY {
            return Look::Try;
        }
        let news = state.shortage.free != Some(space.free);
        state.shortage.free = Some(space.free);
        Look::Short(news.then_some(state.shortage))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn space(free: u64, inodes_free: u64) -> Space {
        Space {
            free,
            inodes_free,
            inodes_total: 100,
            ..Space::default()
        }
    }

    #[test]
    fn what_is_short_is_told_apart() {
        assert_eq!(lack(Errno::DQUOT, Some(space(5, 0))), Lack::Quota);
        assert_eq!(lack(Errno::NOSPC, Some(space(5, 0))), Lack::Inodes);
        assert_eq!(lack(Errno::NOSPC, Some(space(5, 5))), Lack::Space);
        assert_eq!(lack(Errno::NOSPC, None), Lack::Space);
        // btrfs and some others have no inodes to count.
        assert_eq!(lack(Errno::NOSPC, Some(Space::default())), Lack::Space);
    }

    #[test]
    fn it_is_tried_again_when_there_is_room_and_not_before() {
        let room = Room::new(true);
        assert!(!room.is_full());
        assert!(room.met(Errno::NOSPC, Some(space(10, 5))).is_some());
        assert!(room.met(Errno::NOSPC, None).is_none(), "said once");
        assert!(room.is_full());
        assert_eq!(
            room.look(100, || Some(space(1000, 5))),
            Look::Wait,
            "too soon"
        );
        let due = || {
            if let Some(state) = room.state().as_mut() {
                state.look = clock::now();
            }
        };
        due();
        assert_eq!(room.look(100, || Some(space(10, 5))), Look::Short(None));
        due();
        let news = room.look(100, || Some(space(20, 5)));
        assert!(matches!(
            news,
            Look::Short(Some(Shortage { free: Some(20), .. }))
        ));
        due();
        assert_eq!(room.look(100, || Some(space(100, 5))), Look::Try);
        room.open();
        assert!(room.met(Errno::DQUOT, Some(space(1, 1))).is_some());
        assert!(
            room.not_started()
                .words
                .is_some_and(|words| words.contains("quota"))
        );
    }
}
