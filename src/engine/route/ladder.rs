//! The strategies for one file, best first, each with the reason why it is tried.

use crate::proto::Strategy;

/// Why a strategy was taken for a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It was asked for.
    Asked,
    /// It was measured to be best on this route.
    Measured,
    /// Same file system, and it can share blocks.
    SharesBlocks,
    /// Same file system: the kernel moves the bytes without this process seeing them.
    InKernel,
    /// Both ends may be one server, which then copies by itself.
    ServerSide,
    /// Two file systems: the kernel has no offload between them.
    TwoDevices,
    /// Two file systems of this machine: within the kernel each page is copied once.
    CopiedOnce,
    /// Too small for anything else to pay.
    Small,
    /// Read and written so that its pages do not stay.
    PagesGo,
    /// It is read from the device in any case, and past the memory that costs least.
    NotInMemory,
    /// Large, and nothing offloads it: several ranges at a time.
    Large,
    /// Too small to be cut in ranges.
    NotWorthRanges,
    /// What was wanted is not supported here.
    FellBack,
    /// Files of the kernel's own making must be read to the end.
    Pseudo,
    /// The file system tells a length that is not the file's.
    AnyLength,
    /// Holes are to be made or filled, which needs the bytes.
    Holes,
    /// Nothing to move.
    Empty,
}

impl Reason {
    /// The reason in words.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Asked => "asked for",
            Self::Measured => "measured to be best on this route",
            Self::SharesBlocks => "same file system: shares the blocks instead of copying them",
            Self::InKernel => {
                "same file system: the kernel copies without passing the bytes through haul"
            }
            Self::ServerSide => "network file systems of one kind: the server may copy by itself",
            Self::TwoDevices => "two file systems: the kernel offers no offload between them",
            Self::CopiedOnce => {
                "two file systems: the kernel copies each page once, reading and writing twice"
            }
            Self::Small => "under 64 KiB: one read and one write are cheapest",
            Self::PagesGo => "read and written without filling the memory with its pages",
            Self::NotInMemory => {
                "not in memory, and to be on the device: the kernel reads ahead and writes behind"
            }
            Self::Large => "large, and nothing offloads it here: several ranges at a time",
            Self::NotWorthRanges => "smaller than the parallel minimum",
            Self::FellBack => "what was wanted is not supported on this route",
            Self::Pseudo => "made by the kernel on reading: its length cannot be trusted",
            Self::AnyLength => "its length is not what the file system tells: read to its end",
            Self::Holes => "holes are to be made or filled, so the bytes must be seen",
            Self::Empty => "empty",
        }
    }
}

/// A rung of the ladder for one file.
pub type Rung = (Strategy, Reason);

/// The rungs for one file, best first. A file has never more than four.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ladder {
    rungs: [Option<Rung>; 4],
}

impl Ladder {
    pub(super) fn of(rungs: &[Rung]) -> Self {
        let mut ladder = Self::default();
        for (place, rung) in ladder.rungs.iter_mut().zip(rungs) {
            *place = Some(*rung);
        }
        ladder
    }

    /// Best first.
    pub fn iter(&self) -> impl Iterator<Item = Rung> + '_ {
        self.rungs.iter().flatten().copied()
    }

    /// True when a rung cuts the file in ranges, for several workers.
    pub fn in_ranges(self) -> bool {
        self.iter()
            .any(|(strategy, _)| strategy == Strategy::Parallel)
    }

    /// The best rung.
    pub fn first(self) -> Option<Rung> {
        self.rungs[0]
    }
}
