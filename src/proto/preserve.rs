//! What a copy keeps of a file besides its bytes.

use serde::{Deserialize, Serialize};

/// What a copy keeps of a file besides its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "six independent choices of the user"
)]
pub struct Preserve {
    /// Permission bits, set-id bits included.
    pub mode: bool,
    /// Owner and group, by number, where permitted.
    pub owner: bool,
    /// Access and modification time, to the nanosecond.
    pub times: bool,
    /// Extended attributes, where permitted.
    pub xattr: bool,
    /// POSIX access control lists.
    pub acl: bool,
    /// Hard links within the job.
    pub links: bool,
}

impl Preserve {
    /// Everything.
    pub const ALL: Self = Self {
        mode: true,
        owner: true,
        times: true,
        xattr: true,
        acl: true,
        links: true,
    };

    /// Nothing but the bytes.
    pub const NOTHING: Self = Self {
        mode: false,
        owner: false,
        times: false,
        xattr: false,
        acl: false,
        links: false,
    };

    /// The names used on the command line and in the configuration.
    pub const NAMES: [&'static str; 6] = ["mode", "owner", "times", "xattr", "acl", "links"];

    /// The names of what is kept, in the usual order.
    pub fn names(self) -> Vec<&'static str> {
        let kept = [
            self.mode, self.owner, self.times, self.xattr, self.acl, self.links,
        ];
        let named = Self::NAMES.into_iter().zip(kept);
        named
            .filter(|(_, kept)| *kept)
            .map(|(name, _)| name)
            .collect()
    }

    /// Chooses or drops one by its name, or all of them by `all`; false when there is no such name.
    pub fn set(&mut self, name: &str, keep: bool) -> bool {
        match name {
            "mode" => self.mode = keep,
            "owner" => self.owner = keep,
            "times" => self.times = keep,
            "xattr" => self.xattr = keep,
            "acl" => self.acl = keep,
            "links" => self.links = keep,
            "all" => {
                *self = if keep { Self::ALL } else { Self::NOTHING };
            }
            _ => return false,
        }
        true
    }
}

impl Default for Preserve {
    fn default() -> Self {
        Self::ALL
    }
}
