//! The states a job goes through, and the words for them.

use serde::{Deserialize, Serialize};

/// Where a job stands. [`crate::engine`] holds the table of legal transitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JobState {
    /// Waits for its turn.
    Queued,
    /// The scan has begun and nothing has been copied yet.
    Scanning,
    /// Copies (the scan may still be running).
    Running,
    /// Asked to pause; some worker is still finishing a piece.
    Pausing,
    /// Nothing is written until it is resumed.
    Paused,
    /// All bytes are accepted by the kernel; the device is being flushed.
    Flushing,
    /// A move whose copies are on the device: they are compared with their sources, and what is
    /// equal is removed at its source.
    Verifying,
    /// Asked to stop; temporaries are being removed.
    Cancelling,
    /// Stopped on request; finished files stay, no temporary is left.
    Cancelled,
    /// Everything is copied or was identical or skipped by the chosen policy.
    Done,
    /// Ended, and something failed, was refused or is a conflict.
    DoneWithFailures,
    /// Could not begin: nothing was written.
    Failed,
}

impl JobState {
    /// Every state.
    pub const ALL: [Self; 12] = [
        Self::Queued,
        Self::Scanning,
        Self::Running,
        Self::Pausing,
        Self::Paused,
        Self::Flushing,
        Self::Verifying,
        Self::Cancelling,
        Self::Cancelled,
        Self::Done,
        Self::DoneWithFailures,
        Self::Failed,
    ];

    /// True once nothing more happens without a new request.
    pub const fn is_final(self) -> bool {
        matches!(
            self,
            Self::Cancelled | Self::Done | Self::DoneWithFailures | Self::Failed
        )
    }

    /// True while the job reads or writes, or is about to.
    pub const fn is_active(self) -> bool {
        matches!(
            self,
            Self::Scanning
                | Self::Running
                | Self::Pausing
                | Self::Flushing
                | Self::Verifying
                | Self::Cancelling
        )
    }

    /// The word shown for the state; it carries the meaning without colour.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Queued => "QUEUED",
            Self::Scanning => "SCAN",
            Self::Running => "RUN",
            Self::Pausing => "PAUSING",
            Self::Paused => "PAUSED",
            Self::Flushing => "FLUSH",
            Self::Verifying => "VERIFY",
            Self::Cancelling => "STOPPING",
            Self::Cancelled => "CANCELLED",
            Self::Done => "DONE",
            Self::DoneWithFailures => "DONE !",
            Self::Failed => "FAILED",
        }
    }
}
