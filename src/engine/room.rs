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
/// length, and what they count may not be what is short. Doubles with every attempt in vain, for one
/// that fails wrote all that was free.
const TRIED_ANYWAY: Duration = Duration::from_secs(60);
const DOUBLINGS: u32 = 10;

/// Everybody goes on where there is room for so many files of the length of the one that looked, as
/// many as can be in flight, and none of them less than [`LEAST`]. Where there is room for fewer,
/// one goes alone: files that fit singly would fill it together, and all begin anew.
const ENOUGH: u64 = 64;
const LEAST: u64 = 64 << 10;

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
    /// The coordinator has heard of it as it is.
    told: bool,
    /// When room ran out, or when something was last copied since.
    since: Instant,
    /// When to look next, whoever looks.
    look: Instant,
    /// Who may go on alone.
    let_in: Option<u32>,
}

/// Shared by the workers and the scan of a job.
#[derive(Debug)]
pub struct Room {
    /// Waits for room in place of giving up.
    waits: bool,
    full: AtomicBool,
    /// Somebody went on alone, and has not told how that went.
    tried: AtomicBool,
    /// Attempts in vain since a file was last finished.
    vain: AtomicU32,
    /// How often everybody was to go on, whatever the figures say.
    wishes: AtomicU32,
    /// Counts those who wait, for their numbers.
    waiters: AtomicU32,
    /// Held for a few instructions.
    state: Mutex<Option<State>>,
}

/// Somebody who waits for room, for so many bytes.
#[derive(Debug)]
pub struct Waiter {
    number: u32,
    need: u64,
    since: Instant,
    /// When to look next.
    next: Instant,
    /// Wishes that everybody goes on, when it began.
    wishes: u32,
    /// At the last look there was no room, and nobody at work.
    alone: bool,
}

/// Who may go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admitted {
    /// Everybody, whatever the figures say: somebody wishes it.
    Anyway,
    /// Everybody whose file fits.
    All,
    /// The waiter of that number.
    One(u32),
}

/// What somebody who waits is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Not yet.
    Wait,
    /// Nothing has changed but, where given, what is free.
    Short(Option<Shortage>),
    /// There seems to be room: the coordinator is to be asked.
    Try(Admitted),
    /// Go on.
    Go,
}

impl Room {
    /// With room, until somebody meets that there is none.
    pub fn new(waits: bool) -> Self {
        Self {
            waits,
            full: AtomicBool::new(false),
            tried: AtomicBool::new(false),
            vain: AtomicU32::new(0),
            wishes: AtomicU32::new(0),
            waiters: AtomicU32::new(0),
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

    /// True where it tells nothing new that somebody finds no room.
    pub fn is_known_full(&self) -> bool {
        self.is_full() && !self.tried.load(Ordering::Relaxed)
    }

    /// Somebody found no room; what is short the first time, and when one went on alone in vain.
    pub fn met(&self, errno: Errno, space: Option<Space>) -> Option<Shortage> {
        let mut state = self.state();
        let was_full = self.full.swap(true, Ordering::Relaxed);
        if !self.tried.swap(false, Ordering::Relaxed) && was_full {
            return None;
        }
        let shortage = Shortage {
            lack: lack(errno, space),
            free: space.map(|space| space.free),
        };
        let vain = self.vain.fetch_add(1, Ordering::Relaxed).min(DOUBLINGS);
        let now = clock::now();
        *state = Some(State {
            shortage,
            told: true,
            since: now,
            look: now + (FIRST_WAIT * (1 << vain)).min(LONGEST_WAIT),
            let_in: None,
        });
        Some(shortage)
    }

    /// There may be room again: as the coordinator says, after it was asked or by itself.
    pub fn admit(&self, who: Admitted) {
        let mut state = self.state();
        if let Some(state) = state.as_mut() {
            state.told = false;
            match who {
                Admitted::Anyway => {
                    self.wishes.fetch_add(1, Ordering::Relaxed);
                    self.full.store(false, Ordering::Relaxed);
                }
                Admitted::All => self.full.store(false, Ordering::Relaxed),
                Admitted::One(number) => state.let_in = Some(number),
            }
        }
    }

    /// A file was finished: there was room for it.
    pub fn went_well(&self) {
        if self.vain.load(Ordering::Relaxed) == 0 && !self.tried.load(Ordering::Relaxed) {
            return;
        }
        self.vain.store(0, Ordering::Relaxed);
        self.tried.store(false, Ordering::Relaxed);
        if let Some(state) = self.state().as_mut() {
            state.since = clock::now();
            state.look = state.since;
        }
    }

    /// Why a file is not begun.
    pub fn not_started(&self) -> Trouble {
        let lack = self.state().as_ref().map(|state| state.shortage.lack);
        let words = format!("not started: {}", lack.unwrap_or_default().words());
        Trouble::own(Op::Create, Side::Dest, ErrorClass::Space, words)
    }

    /// Begins to wait with something that needs so many bytes.
    pub fn waiter(&self, need: u64) -> Waiter {
        let now = clock::now();
        Waiter {
            number: self.waiters.fetch_add(1, Ordering::Relaxed),
            need,
            since: now,
            next: now,
            wishes: self.wishes.load(Ordering::Relaxed),
            alone: false,
        }
    }

    /// Whether to go on. `alone` is true while nobody is at work; `space` is asked when it is time
    /// for a look.
    pub fn look(
        &self,
        waiter: &mut Waiter,
        alone: bool,
        space: impl FnOnce() -> Option<Space>,
    ) -> Look {
        let now = clock::now();
        {
            let mut state = self.state();
            let Some(state) = state.as_mut() else {
                return Look::Go;
            };
            if self.wishes.load(Ordering::Relaxed) != waiter.wishes {
                return Look::Go;
            }
            if state.let_in == Some(waiter.number) {
                state.let_in = None;
                self.tried.store(true, Ordering::Relaxed);
                return Look::Go;
            }
            if waiter.next > now || self.is_full() && state.look > now {
                return Look::Wait;
            }
            waiter.next = now + FIRST_WAIT;
        }
        // Not under the lock: a file system may take long to answer.
        let space = space();
        let mut state = self.state();
        let Some(state) = state.as_mut() else {
            return Look::Go;
        };
        let (fits, enough) = match (space, state.shortage.lack) {
            (Some(space), Lack::Space) => {
                let free = space.free;
                let each = waiter.need.max(LEAST);
                (free > 0 && free >= waiter.need, free / ENOUGH >= each)
            }
            (Some(space), Lack::Inodes) => (space.inodes_free > 0, space.inodes_free > ENOUGH),
            // No figure tells; that is tried.
            (_, Lack::Quota) | (None, _) => (true, false),
        };
        let vain = self
            .vain
            .load(Ordering::Relaxed)
            .saturating_sub(1)
            .min(DOUBLINGS);
        let late =
            |since: Instant| now.saturating_duration_since(since) >= TRIED_ANYWAY * (1 << vain);
        if !self.is_full() {
            // Others go on. Whose file does not fit waits for them to end; then there is none for it.
            let short = alone && waiter.alone;
            waiter.alone = alone;
            if fits || late(waiter.since) {
                return Look::Go;
            }
            if !short {
                return Look::Wait;
            }
            self.full.store(true, Ordering::Relaxed);
        } else if fits && enough {
            return Look::Try(Admitted::All);
        } else if fits || late(state.since) {
            if !alone {
                return Look::Wait;
            }
            // One at a time is to be asked about.
            state.look = now + FIRST_WAIT;
            return Look::Try(Admitted::One(waiter.number));
        }
        let free = space.map(|space| space.free);
        let news = !state.told || state.shortage.free != free;
        state.shortage.free = free;
        state.told = true;
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

    /// As if the time to look had come.
    fn due(room: &Room, waiter: &mut Waiter) {
        waiter.next = clock::now();
        if let Some(state) = room.state().as_mut() {
            state.look = clock::now();
        }
    }

    fn look(room: &Room, waiter: &mut Waiter, alone: bool, free: u64) -> Look {
        due(room, waiter);
        room.look(waiter, alone, || Some(space(free, 5)))
    }

    const MIB: u64 = 1 << 20;

    #[test]
    fn it_is_tried_again_when_there_is_room_and_not_before() {
        let room = Room::new(true);
        assert!(!room.is_full());
        assert!(room.met(Errno::NOSPC, Some(space(10, 5))).is_some());
        assert!(room.met(Errno::NOSPC, None).is_none(), "said once");
        assert!(room.is_full() && room.is_known_full());
        let mut waiter = room.waiter(MIB);
        let plenty = || Some(space(1000 * MIB, 5));
        assert_eq!(room.look(&mut waiter, true, plenty), Look::Wait, "too soon");
        assert_eq!(look(&room, &mut waiter, true, 10), Look::Short(None));
        let news = look(&room, &mut waiter, true, 20);
        assert!(matches!(
            news,
            Look::Short(Some(Shortage { free: Some(20), .. }))
        ));
        // Room for many is for all, whoever is at work.
        let all = Look::Try(Admitted::All);
        assert_eq!(look(&room, &mut waiter, false, 64 * MIB), all);
        room.admit(Admitted::All);
        assert!(!room.is_full());
        assert_eq!(look(&room, &mut waiter, true, 64 * MIB), Look::Go);
        assert!(room.met(Errno::DQUOT, Some(space(1, 1))).is_some());
        let words = room.not_started().words.unwrap_or_default();
        assert!(words.contains("quota"), "{words}");
    }

    #[test]
    fn what_fits_singly_goes_singly() {
        let room = Room::new(true);
        assert!(room.met(Errno::NOSPC, None).is_some());
        let (mut one, mut other) = (room.waiter(3 * MIB), room.waiter(3 * MIB));
        let free = 5 * MIB;
        assert_eq!(look(&room, &mut one, false, free), Look::Wait, "not alone");
        let Look::Try(Admitted::One(number)) = look(&room, &mut one, true, free) else {
            panic!("it fits");
        };
        assert_eq!(number, one.number);
        other.next = clock::now();
        let space_now = || Some(space(free, 5));
        assert_eq!(
            room.look(&mut other, true, space_now),
            Look::Wait,
            "another asks"
        );
        room.admit(Admitted::One(number));
        assert_eq!(
            look(&room, &mut other, true, 0),
            Look::Short(Some(Shortage {
                lack: Lack::Space,
                free: Some(0),
            }))
        );
        assert_eq!(look(&room, &mut one, true, free), Look::Go);
        assert!(room.is_full() && !room.is_known_full());
        // In vain, which is told, and then waited for longer.
        assert!(room.met(Errno::NOSPC, None).is_some());
        assert!(room.met(Errno::NOSPC, None).is_none());
        assert_eq!(room.vain.load(Ordering::Relaxed), 2);
        room.went_well();
        assert_eq!(room.vain.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn what_does_not_fit_waits_while_others_go_on() {
        let room = Room::new(true);
        assert!(room.met(Errno::NOSPC, None).is_some());
        let mut large = room.waiter(900 * MIB);
        room.admit(Admitted::All);
        for alone in [false, true, false, true] {
            assert_eq!(look(&room, &mut large, alone, 500 * MIB), Look::Wait);
        }
        // Nobody else is at work any more: there is no room for what is left.
        let short = look(&room, &mut large, true, 500 * MIB);
        assert!(matches!(short, Look::Short(Some(_))), "{short:?}");
        assert!(room.is_full());
        // Who is told to go on goes on.
        room.admit(Admitted::Anyway);
        assert_eq!(look(&room, &mut large, true, 500 * MIB), Look::Go);
        // What the figures are against is tried now and then, ever more seldom.
        let mut large = room.waiter(900 * MIB);
        let hours = Duration::from_secs(7200);
        large.since = clock::now().checked_sub(hours).expect("it was up by then");
        assert_eq!(look(&room, &mut large, true, 500 * MIB), Look::Go);
    }
}
