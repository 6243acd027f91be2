//! What scanners and workers tell the coordinator.
//!
//! One bounded channel for the whole engine: a thread that reports waits while it is full, the
//! coordinator never does, so nothing can lock up.

use super::job::Flushed;
use super::room::Admitted;
use super::route::{Reason, Rung};
use super::scan::Subtree;
use super::shots::Shot;
use super::tree::{Dir, Slice};
use super::worker::{Held, Proof, Unnamed};
use crate::proto::{
    Best, BytePath, Facts, Failure, FileId, JobId, Naming, Plan, Shortage, Strategy, Totals,
    WorkerId,
};
use std::os::fd::OwnedFd;
use std::sync::Arc;

/// Reports that may be waiting.
pub const REPORTS: usize = 1024;

/// From whom, and what.
#[derive(Debug)]
pub struct Report {
    /// The job it is about.
    pub job: JobId,
    /// What.
    pub what: What,
}

/// The kinds of report.
#[derive(Debug)]
pub enum What {
    /// The scan found work.
    Found(Vec<Arc<Slice>>, Totals),
    /// The scan could not look at something: one failure, and what to scan again on retry.
    ScanFailed(Failure, Retry),
    /// Found and failed at once: what is in a directory that could not be made; in the source argument
    /// of that index, where the whole of it is meant.
    Lost(Totals, Option<usize>),
    /// The sequences among what a scan has found.
    Shots(Vec<Shot>),
    /// The scan met things to know.
    ScanNotices(Box<Notables>),
    /// Source directories of a move, each after its parent.
    Dirs(Vec<Arc<Dir>>),
    /// Something failed in the source argument of that index; in some one, when it is not known.
    Spoilt(Option<u32>),
    /// The destination has no room, or now so much.
    Short(Shortage),
    /// The destination seems to have room again, for those.
    Room(Admitted),
    /// The destination file systems, for the flush at the end.
    Targets(Vec<OwnedFd>),
    /// How the destination argument was read: whoever scans again must read it so, though the
    /// first scan may have made it meanwhile.
    Named(Naming),
    /// The scan has ended.
    ScanEnded {
        /// True when at least one source was accepted.
        begun: bool,
        /// False when it was stopped before it had seen everything.
        whole: bool,
    },
    /// Results of a worker.
    Batch(Box<Batch>),
    /// A large file that other workers may join.
    Join(Arc<super::worker::Big>),
    /// A flush ended.
    Flushed(Flushed),
    /// The device a job will write to; `None` where it cannot be told yet.
    Device(Option<u64>, Best),
    /// The entries of a job in another order.
    Sorted(Box<super::job::Sorted>),
    /// The failures of a job as a list.
    Folded(Box<super::job::Folded>),
    /// A plan's counting.
    Plan(Box<Plan>),
    /// A worker has ended.
    Left(WorkerId),
}

/// What a scan failure leaves to be tried again.
#[derive(Debug)]
pub enum Retry {
    /// A source argument, by its index.
    Source(usize),
    /// A directory that could not be looked into.
    Subtree(Box<Subtree>),
    /// A directory whose metadata could not be set.
    Dir(Arc<Dir>),
    /// Nothing smaller than the whole: what was refused stays refused, anything else means that
    /// the scan has not seen everything.
    Never,
}

/// How an entry ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// At the destination now.
    Copied,
    /// Identical, or left alone by a policy that was chosen.
    Skipped,
    /// Left alone and reported.
    Conflict,
    /// Failed or refused.
    Failed,
    /// Given up because the file or the job was cancelled.
    Cancelled,
}

/// Something that was not kept or is worth saying, counted rather than repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notable {
    /// Owner or group could not be set.
    OwnerNotKept,
    /// Set-user-id and set-group-id bits were dropped because the owner could not be set.
    SetIdDropped,
    /// The mode is another than the source's.
    ModeNotKept,
    /// The modification time is another than the source's.
    TimesNotKept,
    /// Only the access time is.
    AccessTimeNotKept,
    /// An extended attribute could not be kept.
    XattrNotKept,
    /// An access control list could not be kept.
    AclNotKept,
    /// Names of one inode became files of their own.
    HardLinksSplit,
    /// Hard links were at the destination already, as files of their own.
    HardLinksApart,
    /// Orphaned temporaries of an earlier run were removed.
    OrphansRemoved,
    /// Unfinished files of a cancelled job that were kept as what they are.
    PartialsKept,
    /// Temporaries of a copy into the source tree were not copied.
    TemporariesSkipped,
    /// Files copied from the source a second time, because the first flush of them failed.
    CopiedAgain,
    /// Entries a pattern left out.
    Excluded,
    /// Mount points that were not entered.
    OtherFileSystems,
    /// Sources of a move whose copy was not made, as the policy says.
    LeftByPolicy,
    /// Sources of a move in a directory in which something failed.
    MappingKept,
    /// All sources of a move, because what was copied may not be on the device or not all was seen.
    SourcesKept,
    /// Source directories of a move that are not empty.
    DirsKept,
    /// Files said to have a hole in which data was found: copied without regard to holes.
    HolesNotBelieved,
    /// Files whose length is not what their file system tells.
    LengthNotBelieved,
}

impl Notable {
    /// Every kind.
    pub const ALL: [Self; 21] = [
        Self::OwnerNotKept,
        Self::SetIdDropped,
        Self::ModeNotKept,
        Self::TimesNotKept,
        Self::AccessTimeNotKept,
        Self::XattrNotKept,
        Self::AclNotKept,
        Self::HardLinksSplit,
        Self::HardLinksApart,
        Self::OrphansRemoved,
        Self::PartialsKept,
        Self::TemporariesSkipped,
        Self::CopiedAgain,
        Self::Excluded,
        Self::OtherFileSystems,
        Self::LeftByPolicy,
        Self::MappingKept,
        Self::SourcesKept,
        Self::DirsKept,
        Self::HolesNotBelieved,
        Self::LengthNotBelieved,
    ];

    /// The words shown.
    pub const fn text(self) -> &'static str {
        match self {
            Self::OwnerNotKept => "owner or group not kept",
            Self::SetIdDropped => "set-id bits dropped, because the owner could not be kept",
            Self::ModeNotKept => "mode not kept: the destination has another",
            Self::TimesNotKept => "modification time not kept: the destination has another",
            Self::AccessTimeNotKept => "access time not kept: the destination has another",
            Self::XattrNotKept => "extended attribute not kept",
            Self::AclNotKept => {
                "access control list not kept; the group was given no more than it had"
            }
            Self::HardLinksSplit => "hard-linked names copied as files of their own",
            Self::HardLinksApart => {
                "hard-linked names that were there already, as files of their own, left so"
            }
            Self::OrphansRemoved => "temporaries of an interrupted run removed",
            Self::PartialsKept => {
                "unfinished files kept, each under its name with .haul-partial added"
            }
            Self::TemporariesSkipped => "temporaries of a running copy in the source left out",
            Self::CopiedAgain => {
                "copied a second time, because the flush to the device failed once"
            }
            Self::Excluded => "entries left out by a pattern",
            Self::OtherFileSystems => "mount points not entered",
            Self::LeftByPolicy => "sources kept: the policy left something else at the destination",
            Self::MappingKept => "sources kept: something of their mapping failed",
            Self::SourcesKept => {
                "sources kept: what was copied may not be on the device, or not all could be read"
            }
            Self::DirsKept => "source directories kept: they are not empty",
            Self::HolesNotBelieved => {
                "copied in full: the file system says that they hold no data where they do"
            }
            Self::LengthNotBelieved => {
                "copied to their end: the file system tells lengths that are not theirs"
            }
        }
    }
}

/// Counts by [`Notable`], each with the first path it was said of.
#[derive(Clone, Debug, Default)]
pub struct Notables([(u64, Option<BytePath>); Notable::ALL.len()]);

impl Notables {
    /// Counts some.
    pub fn add(&mut self, what: Notable, count: u64) {
        self.0[what as usize].0 += count;
    }

    /// Counts one, at a path that is asked for when it is the first.
    pub fn add_at(&mut self, what: Notable, path: impl FnOnce() -> BytePath) {
        let (count, first) = &mut self.0[what as usize];
        *count += 1;
        if first.is_none() {
            *first = Some(path());
        }
    }

    /// Counts another's.
    pub fn merge(&mut self, other: Self) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            mine.0 += theirs.0;
            mine.1 = mine.1.take().or(theirs.1);
        }
    }

    /// What was counted.
    pub fn iter(&self) -> impl Iterator<Item = (Notable, u64, Option<&BytePath>)> + '_ {
        Notable::ALL
            .into_iter()
            .zip(&self.0)
            .filter(|(_, (count, _))| *count > 0)
            .map(|(what, (count, first))| (what, *count, first.as_ref()))
    }
}

/// Files and bytes moved one way for one reason.
#[derive(Clone, Copy, Debug)]
pub struct Used {
    /// By what.
    pub strategy: Strategy,
    /// Why.
    pub reason: Reason,
    /// Files.
    pub files: u64,
    /// Bytes.
    pub bytes: u64,
}

/// Results of one worker since its last report.
#[derive(Debug, Default)]
pub struct Batch {
    /// Entries that ended.
    pub ended: Vec<(FileId, Status)>,
    /// Of those, the conflicts that wait for an answer, with what is at the destination.
    pub parked: Vec<(FileId, Facts)>,
    /// Their failures.
    pub failures: Vec<Failure>,
    /// What moved their bytes.
    pub used: Vec<Used>,
    /// Bytes by which files turned out longer (or shorter) than the scan saw.
    pub resized: i64,
    /// Bytes found that will not be moved: skipped, failed, cancelled, holes.
    pub left_out: u64,
    /// Bytes moved in vain, for files that failed or were cancelled.
    pub wasted: u64,
    /// Bytes shared instead of written.
    pub cloned: u64,
    /// Bytes of files that were flushed singly.
    pub flushed: u64,
    /// A defect ended a piece of work before its end: what it had not come to is unknown.
    pub broken: bool,
    /// Names that began to wait for the first one of their inode, less those that stopped to.
    pub waiting: i64,
    /// Slices that were worked through.
    pub slices: u32,
    /// Files set aside.
    pub held: Vec<Held>,
    /// Files that wait to be on the device for their names.
    pub unnamed: Vec<Unnamed>,
    /// Directories whose metadata could not be set.
    pub dirs: Vec<Arc<Dir>>,
    /// Rungs dropped.
    pub dropped: Vec<(Strategy, String)>,
    /// Entries of a move that were compared and are equal.
    pub proofs: Vec<Proof>,
    /// Entries of a move whose source is kept because comparing or removing failed.
    pub kept: Vec<FileId>,
    /// Entries whose sources were removed.
    pub removed: Vec<FileId>,
    /// Source directories that were removed.
    pub removed_dirs: Vec<Arc<Dir>>,
    /// Source arguments in which a defect ended a piece of work.
    pub spoilt: Vec<u32>,
    /// Things to know.
    pub notables: Notables,
}

impl Batch {
    /// True when there is nothing to tell. Every field is asked: what is only counted (bytes moved
    /// in vain by a lane whose file another worker ends) is lost with its worker otherwise.
    pub fn is_empty(&self) -> bool {
        let Self {
            ended,
            parked,
            failures,
            used,
            resized,
            left_out,
            wasted,
            cloned,
            flushed,
            broken,
            waiting,
            slices,
            held,
            unnamed,
            dirs,
            dropped,
            proofs,
            kept,
            removed,
            removed_dirs,
            spoilt,
            notables,
        } = self;
        ended.is_empty()
            && parked.is_empty()
            && failures.is_empty()
            && used.is_empty()
            && (*resized, *left_out, *wasted, *cloned) == (0, 0, 0, 0)
            && (*flushed, *broken, *waiting, *slices) == (0, false, 0, 0)
            && held.is_empty()
            && unnamed.is_empty()
            && dirs.is_empty()
            && dropped.is_empty()
            && proofs.is_empty()
            && kept.is_empty()
            && removed.is_empty()
            && removed_dirs.is_empty()
            && spoilt.is_empty()
            && notables.iter().next().is_none()
    }

    /// Counts a file that was moved.
    pub fn used(&mut self, (strategy, reason): Rung, bytes: u64) {
        match self
            .used
            .iter_mut()
            .find(|used| used.strategy == strategy && used.reason == reason)
        {
            Some(used) => {
                used.files += 1;
                used.bytes += bytes;
            }
            None => self.used.push(Used {
                strategy,
                reason,
                files: 1,
                bytes,
            }),
        }
    }
}
