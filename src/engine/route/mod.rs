//! What works between two devices, and what `auto` makes of it.
//!
//! One [`Route`] per pair of devices, shared by all workers of a job. A rung that answers
//! "unsupported" is dropped for the whole route, once: a million files do not pay for a million
//! refused calls.

mod ladder;

pub use ladder::{Ladder, Reason, Rung};

use crate::engine::failure::reason;
use crate::proto::{Durability, Sparse, Strategy};
use crate::sys::{Caching, Errno, FsKind};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering};

/// Below this many bytes one read and one write beat every offload but shared blocks: the extra
/// calls cost more than the copy through a buffer (oc-rsync's thresholds; `reference: engines §2a-7`).
pub const SMALL: u64 = 64 * 1024;

/// From so many bytes on the pages of a file do not stay in memory, where that can be chosen.
pub const LARGE: u64 = 1 << 20;

/// Less than one part in so many is in memory of a file that is as good as not in memory.
const COLD: u64 = 8;

/// What the ladder depends on besides the route.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// The strategy asked for.
    pub strategy: Strategy,
    /// What `auto` takes first for files that are not small, where it was measured.
    pub first: Option<Strategy>,
    /// Ranges of one file that may be in flight.
    pub chunk_workers: u16,
    /// From this size on a file is cut in ranges.
    pub parallel_min_size: u64,
    /// Where holes are made or filled, bytes must be seen and blocks must not be shared.
    pub sparse: Sparse,
}

/// A pair of devices.
#[derive(Debug)]
pub struct Route {
    /// Device of the source.
    pub src_dev: u64,
    /// Device of the destination.
    pub dst_dev: u64,
    /// Kind of the source's file system.
    pub src_kind: FsKind,
    /// Kind of the destination's.
    pub dst_kind: FsKind,
    dropped: AtomicU32,
    no_attributes: AtomicBool,
    refusals: AtomicU32,
    odd_said: AtomicBool,
    nameless: AtomicU8,
    cloned: AtomicBool,
    /// Whether workers may make temporaries in directories of their own.
    stages: AtomicBool,
    /// Whether pages can go, of what is read and of what is written.
    pages_go: [AtomicBool; 2],
    /// Whether the copies are flushed.
    flushed: bool,
}

/// Whether files can be made without a name and given one later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nameless {
    /// Nobody tried.
    Unknown,
    /// They can.
    Works,
    /// They cannot: the file system, the kernel or a filter says no.
    Refused,
}

/// Refusals that may be about single files before the route is given up: a tree of a million such
/// files must not pay for a million refused calls.
const PATIENCE: u32 = 64;

fn bit(strategy: Strategy) -> u32 {
    1 << Strategy::ALL
        .iter()
        .position(|known| *known == strategy)
        .unwrap_or(31)
}

impl Route {
    /// A route of which nothing is known yet.
    pub fn new(src_dev: u64, dst_dev: u64, src_kind: FsKind, dst_kind: FsKind) -> Self {
        Self {
            src_dev,
            dst_dev,
            src_kind,
            dst_kind,
            dropped: AtomicU32::new(0),
            no_attributes: AtomicBool::new(false),
            refusals: AtomicU32::new(0),
            odd_said: AtomicBool::new(false),
            cloned: AtomicBool::new(false),
            stages: AtomicBool::new(dst_kind.asks_for_each_name()),
            pages_go: [AtomicBool::new(false), AtomicBool::new(false)],
            flushed: false,
            nameless: AtomicU8::new(if dst_kind.can_be_nameless() { 0 } else { 2 }),
        }
    }

    /// The same for copies that are flushed so, on a kernel that lets pages go or does not. What
    /// need not be on the device is faster left in memory.
    pub fn letting_pages_go(mut self, flushed: Durability, kernel: bool) -> Self {
        self.flushed = flushed != Durability::None;
        let kernel = kernel && self.flushed;
        for (place, kind) in self.pages_go.iter().zip([self.src_kind, self.dst_kind]) {
            place.store(kernel && kind.lets_pages_go(), Ordering::Relaxed);
        }
        self
    }

    /// What becomes of the pages of a file of `size` bytes: of what is read, and of what is written.
    /// Those of large files go: what is copied is seldom read again soon, and fresh pages for a
    /// shot cost more than its bytes (see `ARCHITECTURE.md` for what was measured).
    pub fn pages(&self, size: u64) -> [Caching; 2] {
        [0, 1].map(|side| {
            if size >= LARGE && self.pages_go[side].load(Ordering::Relaxed) {
                Caching::Go
            } else {
                Caching::Stay
            }
        })
    }

    /// True when it matters for a file of `size` bytes whether it is in memory: a large one that is
    /// not, and whose copy is flushed, is copied within the kernel (see `ARCHITECTURE.md` for what was
    /// measured, on ext4 and xfs).
    pub fn asks_for_residents(&self, wanted: Wanted, size: u64) -> bool {
        wanted.strategy == Strategy::Auto
            && wanted.first.is_none()
            && wanted.sparse == Sparse::Auto
            && size >= LARGE
            && self.copies_unread().is_some()
            && !self.shares_blocks()
    }

    /// What a plan adds for a file of `size` bytes, as it does not look where its bytes are.
    pub fn unless_in_memory(&self, wanted: Wanted, size: u64) -> String {
        match self.copies_unread() {
            Some(strategy) if self.asks_for_residents(wanted, size) => {
                format!("; {strategy} where the source is not in memory")
            }
            _ => String::new(),
        }
    }

    /// True for a file of `size` bytes between two file systems that the kernel can copy by itself and
    /// whose pages may stay in memory (see `ARCHITECTURE.md` for what was measured).
    fn is_copied_once(&self, size: u64) -> bool {
        self.src_dev != self.dst_dev
            && self.src_kind.is_quicker_copied_once()
            && self.dst_kind.is_quicker_copied_once()
            && self.pages(size) == [Caching::Stay; 2]
            && self.offers(Strategy::Sendfile)
    }

    /// What copies files that are not in memory, where that is known to be something else than what
    /// copies the others.
    fn copies_unread(&self) -> Option<Strategy> {
        let strategy = if self.src_dev == self.dst_dev {
            Strategy::CopyFileRange
        } else {
            Strategy::Sendfile
        };
        let known = self.flushed
            && self.src_kind.is_quickest_in_kernel()
            && self.dst_kind.is_quickest_in_kernel()
            && self.offers(strategy);
        known.then_some(strategy)
    }

    /// Until it is found not to.
    fn shares_blocks(&self) -> bool {
        self.src_dev == self.dst_dev
            && self.offers(Strategy::Reflink)
            && !self.dst_kind.never_shares_blocks()
    }

    /// A file system did not let them go.
    pub fn keep_pages(&self) {
        for place in &self.pages_go {
            place.store(false, Ordering::Relaxed);
        }
    }

    /// What is known of files without a name at the destination.
    pub fn nameless(&self) -> Nameless {
        match self.nameless.load(Ordering::Relaxed) {
            0 => Nameless::Unknown,
            1 => Nameless::Works,
            _ => Nameless::Refused,
        }
    }

    /// It was tried.
    pub fn found_nameless(&self, works: bool) {
        self.nameless
            .store(if works { 1 } else { 2 }, Ordering::Relaxed);
    }

    /// True where staging directories are worth their while, and were not refused.
    pub fn may_stage(&self) -> bool {
        self.stages.load(Ordering::Relaxed)
    }

    /// A staging directory could not be made, or nothing be moved into it.
    pub fn refuse_stages(&self) {
        self.stages.store(false, Ordering::Relaxed);
    }

    /// A file was cloned on this route.
    pub fn found_cloning(&self) {
        self.cloned.store(true, Ordering::Relaxed);
    }

    /// True when a file on this ladder is whole at once, whatever its size: it begins with a clone,
    /// and others were cloned before it.
    pub fn is_at_once(&self, ladder: Ladder) -> bool {
        let first = ladder.first().map(|(strategy, _)| strategy);
        first == Some(Strategy::Reflink) && self.cloned.load(Ordering::Relaxed)
    }

    /// True until the strategy was found not to work here.
    pub fn offers(&self, strategy: Strategy) -> bool {
        self.dropped.load(Ordering::Relaxed) & bit(strategy) == 0
    }

    /// True until the source's file system was found to have no extended attributes.
    pub fn has_attributes(&self) -> bool {
        !self.no_attributes.load(Ordering::Relaxed)
    }

    /// The source's file system has none: its other files are not asked.
    pub fn drop_attributes(&self) {
        self.no_attributes.store(true, Ordering::Relaxed);
    }

    /// A strategy was refused for a file; words the first time the route loses it for good, `None`
    /// else. What is about the two file systems drops it at once; what may be about the one file
    /// (no copy-on-write for it, a running program, emptied meanwhile) only after many.
    pub fn refused(&self, strategy: Strategy, errno: Errno) -> Option<String> {
        let about_the_route = matches!(
            errno,
            Errno::NOSYS | Errno::NOTTY | Errno::OPNOTSUPP | Errno::XDEV
        );
        if !about_the_route && self.refusals.fetch_add(1, Ordering::Relaxed) < PATIENCE {
            return None;
        }
        let before = self.dropped.fetch_or(bit(strategy), Ordering::Relaxed);
        (before & bit(strategy) == 0).then(|| {
            format!(
                "{strategy} does not work from {} to {}: {}",
                self.src_kind.name(),
                self.dst_kind.name(),
                reason(errno)
            )
        })
    }

    /// A strategy that nobody asked for is worth less here than was thought.
    pub fn drop_quietly(&self, strategy: Strategy) {
        self.dropped.fetch_or(bit(strategy), Ordering::Relaxed);
    }

    /// A strategy that was asked for was refused for a file, and the route keeps it: words the
    /// first time.
    pub fn odd(&self, strategy: Strategy, errno: Errno) -> Option<String> {
        if !self.offers(strategy) || self.odd_said.swap(true, Ordering::Relaxed) {
            return None;
        }
        let reason = reason(errno);
        Some(format!(
            "{strategy} is not possible for every file here: {reason}"
        ))
    }

    /// The rungs for a file of `size` bytes, with what was found in memory where it was
    /// [asked for](Self::asks_for_residents).
    pub fn ladder(&self, wanted: Wanted, size: u64, residents: Option<u64>) -> Ladder {
        use Strategy::{
            Auto, Baseline, Buffered, CopyFileRange, Direct, IoUring, Parallel, Reflink, Sendfile,
        };
        if self.src_kind.is_pseudo() {
            return self.to_the_end();
        }
        let ranges = size >= wanted.parallel_min_size && wanted.chunk_workers > 1;
        // These write whatever they read, and look for zeros no more than the kernel does.
        let fills = wanted.sparse == Sparse::Never && matches!(wanted.strategy, IoUring | Direct);
        if wanted.sparse != Sparse::Auto && !fills {
            let parallel = ranges && matches!(wanted.strategy, Auto | Parallel);
            return Ladder::of(&[(if parallel { Parallel } else { Buffered }, Reason::Holes)]);
        }
        let or_buffered = |strategy| {
            if self.offers(strategy) {
                Ladder::of(&[(strategy, Reason::Asked), (Buffered, Reason::FellBack)])
            } else {
                Ladder::of(&[(Buffered, Reason::FellBack)])
            }
        };
        match wanted.strategy {
            Auto => self.automatic(wanted, size, residents),
            Baseline => Ladder::of(&[(Baseline, Reason::Asked)]),
            Buffered => Ladder::of(&[(Buffered, Reason::Asked)]),
            // No second rung: who asks for shared blocks must not get a copy without knowing.
            Reflink => Ladder::of(&[(Reflink, Reason::Asked)]),
            Sendfile => or_buffered(Sendfile),
            IoUring => or_buffered(IoUring),
            Direct => or_buffered(Direct),
            CopyFileRange => or_buffered(CopyFileRange),
            Parallel if ranges => Ladder::of(&[(Parallel, Reason::Asked)]),
            Parallel => Ladder::of(&[(Buffered, Reason::NotWorthRanges)]),
        }
    }

    /// True where the length of a source may be any.
    pub fn may_tell_any_length(&self) -> bool {
        self.src_kind.is_pseudo() || self.src_kind.may_tell_any_length()
    }

    /// The rung for a file whose length is not believed: the only way that needs none.
    pub fn to_the_end(&self) -> Ladder {
        let pseudo = self.src_kind.is_pseudo();
        let reason = [Reason::AnyLength, Reason::Pseudo][usize::from(pseudo)];
        Ladder::of(&[(Strategy::Buffered, reason)])
    }

    fn automatic(&self, wanted: Wanted, size: u64, residents: Option<u64>) -> Ladder {
        use Strategy::{Buffered, CopyFileRange, Parallel, Reflink};
        let same = self.src_dev == self.dst_dev;
        let shares = self.shares_blocks();
        if size < SMALL {
            let reason = [Reason::Small, Reason::Empty][usize::from(size == 0)];
            // What is shared is neither read nor written, and has nothing to flush.
            if shares && size > 0 {
                return Ladder::of(&[(Reflink, Reason::SharesBlocks), (Buffered, reason)]);
            }
            return Ladder::of(&[(Buffered, reason)]);
        }
        let mut rungs: Vec<Rung> = Vec::with_capacity(4);
        let ranges = size >= wanted.parallel_min_size && wanted.chunk_workers > 1;
        if let Some(first) = wanted.first
            && self.offers(first)
            && (first != Parallel || ranges)
        {
            rungs.push((first, Reason::Measured));
            if first == Parallel {
                return Ladder::of(&rungs);
            }
        }
        if shares {
            rungs.push((Reflink, Reason::SharesBlocks));
        }
        if residents.is_some_and(|residents| residents < size / COLD)
            && let Some(strategy) = self.copies_unread()
        {
            rungs.push((strategy, Reason::NotInMemory));
        }
        if same && self.pages(size)[1] == Caching::Go {
            rungs.push((Buffered, Reason::PagesGo));
        }
        let server = self.src_kind == self.dst_kind && self.src_kind.is_network();
        if (same || server) && self.offers(CopyFileRange) {
            rungs.push((
                CopyFileRange,
                if server {
                    Reason::ServerSide
                } else {
                    Reason::InKernel
                },
            ));
        } else if rungs.is_empty() && ranges && !self.dst_kind.is_network() {
            return Ladder::of(&[(Parallel, Reason::Large)]);
        } else if self.is_copied_once(size) {
            rungs.push((Strategy::Sendfile, Reason::CopiedOnce));
        }
        rungs.push((
            Buffered,
            if same {
                Reason::FellBack
            } else {
                Reason::TwoDevices
            },
        ));
        // What was measured is not tried a second time.
        let mut seen = Vec::with_capacity(rungs.len());
        rungs.retain(|(strategy, _)| {
            !seen.contains(strategy) && {
                seen.push(*strategy);
                true
            }
        });
        Ladder::of(&rungs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXT4: FsKind = FsKind(0xEF53);
    const XFS: FsKind = FsKind(0x5846_5342);
    const NFS: FsKind = FsKind(0x6969);
    const FUSE: FsKind = FsKind(0x6573_5546);

    fn wanted(strategy: Strategy) -> Wanted {
        Wanted {
            strategy,
            first: None,
            chunk_workers: 4,
            parallel_min_size: 128 << 20,
            sparse: Sparse::Auto,
        }
    }

    fn names(route: &Route, strategy: Strategy, size: u64) -> Vec<&'static str> {
        route
            .ladder(wanted(strategy), size, None)
            .iter()
            .map(|(strategy, _)| strategy.name())
            .collect()
    }

    #[test]
    fn auto_by_route_and_size() {
        let one = Route::new(1, 1, XFS, XFS);
        assert_eq!(names(&one, Strategy::Auto, 0), ["buffered"]);
        assert_eq!(names(&one, Strategy::Auto, 100), ["reflink", "buffered"]);
        assert_eq!(
            names(&one, Strategy::Auto, 1 << 20),
            ["reflink", "copy-file-range", "buffered"]
        );
        assert!(one.refused(Strategy::Reflink, Errno::OPNOTSUPP).is_some());
        assert!(
            one.refused(Strategy::Reflink, Errno::OPNOTSUPP).is_none(),
            "said once"
        );
        assert_eq!(names(&one, Strategy::Auto, 100), ["buffered"]);
        assert_eq!(
            names(&one, Strategy::Auto, 1 << 20),
            ["copy-file-range", "buffered"]
        );

        let plain = Route::new(1, 1, EXT4, EXT4);
        assert_eq!(
            names(&plain, Strategy::Auto, 1 << 20),
            ["copy-file-range", "buffered"],
            "what no such file system can is not tried"
        );
        let two = Route::new(1, 2, EXT4, XFS);
        assert_eq!(
            names(&two, Strategy::Auto, 1 << 20),
            ["sendfile", "buffered"]
        );
        assert_eq!(names(&two, Strategy::Auto, SMALL - 1), ["buffered"]);
        assert_eq!(names(&two, Strategy::Auto, 1 << 30), ["parallel"]);
        for (from, to) in [(EXT4, NFS), (NFS, EXT4), (EXT4, FUSE), (FUSE, XFS)] {
            let other = Route::new(1, 2, from, to);
            assert_eq!(names(&other, Strategy::Auto, 1 << 20), ["buffered"]);
        }
        assert!(two.refused(Strategy::Sendfile, Errno::OPNOTSUPP).is_some());
        assert_eq!(names(&two, Strategy::Auto, 1 << 20), ["buffered"]);
        let to_network = Route::new(1, 2, EXT4, NFS);
        assert_eq!(
            names(&to_network, Strategy::Auto, 1 << 30),
            ["buffered"],
            "one stream a file"
        );
        let server = Route::new(1, 2, NFS, NFS);
        assert_eq!(
            names(&server, Strategy::Auto, 1 << 20),
            ["copy-file-range", "buffered"]
        );
    }

    #[test]
    fn pages_of_large_files_go_where_that_can_be() {
        let (go, stay) = (Caching::Go, Caching::Stay);
        let plain = Route::new(1, 1, EXT4, EXT4).letting_pages_go(Durability::Job, true);
        assert_eq!(plain.pages(LARGE), [go, go]);
        assert_eq!(plain.pages(LARGE - 1), [stay, stay]);
        assert_eq!(
            names(&plain, Strategy::Auto, 1 << 20),
            ["buffered", "copy-file-range"]
        );
        assert_eq!(
            names(&plain, Strategy::Auto, 1 << 19),
            ["copy-file-range", "buffered"]
        );
        plain.keep_pages();
        assert_eq!(plain.pages(LARGE), [stay, stay]);
        assert_eq!(
            names(&plain, Strategy::Auto, 1 << 20),
            ["copy-file-range", "buffered"]
        );
        let shares = Route::new(1, 1, XFS, XFS).letting_pages_go(Durability::Job, true);
        assert_eq!(
            names(&shares, Strategy::Auto, 1 << 20),
            ["reflink", "buffered", "copy-file-range"]
        );
        let from_memory =
            Route::new(1, 2, FsKind(0x0102_1994), EXT4).letting_pages_go(Durability::Job, true);
        assert_eq!(from_memory.pages(LARGE), [stay, go]);
        assert_eq!(names(&from_memory, Strategy::Auto, LARGE), ["buffered"]);
        assert_eq!(
            names(&from_memory, Strategy::Auto, LARGE - 1),
            ["sendfile", "buffered"]
        );
        for (flushed, kernel) in [(Durability::Job, false), (Durability::None, true)] {
            let kept = Route::new(1, 1, EXT4, EXT4).letting_pages_go(flushed, kernel);
            assert_eq!(kept.pages(LARGE), [stay, stay]);
        }
    }

    #[test]
    fn what_is_not_in_memory_is_copied_by_the_kernel_where_it_is_flushed() {
        let cold = |route: &Route, size| {
            let wanted = wanted(Strategy::Auto);
            let residents = route.asks_for_residents(wanted, size).then_some(0);
            let ladder = route.ladder(wanted, size, residents);
            ladder.iter().map(|(one, _)| one.name()).collect::<Vec<_>>()
        };
        let plain = Route::new(1, 1, EXT4, EXT4).letting_pages_go(Durability::Job, true);
        assert_eq!(cold(&plain, LARGE), ["copy-file-range", "buffered"]);
        assert_eq!(cold(&plain, LARGE - 1), ["copy-file-range", "buffered"]);
        let size = 1 << 30;
        let half = plain.ladder(wanted(Strategy::Auto), size, Some(size / 2));
        let first = half.first().map(|(strategy, _)| strategy);
        assert_eq!(first, Some(Strategy::Buffered), "half of it is in memory");
        let two = Route::new(1, 2, EXT4, XFS).letting_pages_go(Durability::File, false);
        assert_eq!(cold(&two, size), ["sendfile", "buffered"]);
        assert!(two.refused(Strategy::Sendfile, Errno::OPNOTSUPP).is_some());
        assert_eq!(cold(&two, size), ["parallel"]);
        let unflushed = Route::new(1, 1, EXT4, EXT4).letting_pages_go(Durability::None, true);
        assert_eq!(cold(&unflushed, size), ["copy-file-range", "buffered"]);
        let shares = Route::new(1, 1, XFS, XFS).letting_pages_go(Durability::Job, true);
        assert_eq!(
            cold(&shares, size),
            ["reflink", "buffered", "copy-file-range"],
            "what is cloned is not read"
        );
        assert!(
            shares
                .refused(Strategy::Reflink, Errno::OPNOTSUPP)
                .is_some()
        );
        assert_eq!(cold(&shares, size), ["copy-file-range", "buffered"]);
    }

    #[test]
    fn what_was_measured_is_tried_first_and_once() {
        let plain = Route::new(1, 1, EXT4, EXT4);
        let names = |first, size| {
            let wanted = Wanted {
                first: Some(first),
                ..wanted(Strategy::Auto)
            };
            let ladder = plain.ladder(wanted, size, None);
            ladder.iter().map(|(one, _)| one.name()).collect::<Vec<_>>()
        };
        let (direct, buffered) = (Strategy::Direct, Strategy::Buffered);
        assert_eq!(
            names(direct, 1 << 20),
            ["direct", "copy-file-range", "buffered"]
        );
        assert_eq!(names(direct, 100), ["buffered"], "too small for it");
        assert_eq!(names(buffered, 1 << 20), ["buffered", "copy-file-range"]);
        assert_eq!(names(Strategy::Parallel, 1 << 30), ["parallel"]);
        assert!(plain.refused(direct, Errno::OPNOTSUPP).is_some());
        assert_eq!(names(direct, 1 << 20), ["copy-file-range", "buffered"]);
    }

    #[test]
    fn one_odd_file_does_not_cost_the_route() {
        let route = Route::new(1, 1, XFS, XFS);
        for _ in 0..PATIENCE {
            assert!(route.refused(Strategy::Reflink, Errno::INVAL).is_none());
            assert!(route.offers(Strategy::Reflink));
        }
        assert!(route.refused(Strategy::Reflink, Errno::INVAL).is_some());
        assert!(!route.offers(Strategy::Reflink));
    }

    #[test]
    fn reflink_asked_for_never_becomes_a_copy() {
        let route = Route::new(1, 2, EXT4, XFS);
        assert_eq!(names(&route, Strategy::Reflink, 1 << 20), ["reflink"]);
        route.refused(Strategy::Reflink, Errno::XDEV);
        assert_eq!(names(&route, Strategy::Reflink, 1 << 20), ["reflink"]);
    }
}
