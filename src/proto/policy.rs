//! What a job is asked to do, where there is a choice: how bytes move, what becomes of existing names,
//! what must be on the device, what becomes of the sources and of holes.

use super::choice::choices;
use serde::{Deserialize, Serialize};
use std::fmt;

choices! {
    /// How the bytes of a file are moved. The table in `README.md` says what each one does.
    #[derive(PartialOrd, Ord, Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    Strategy {
        /// Chosen per file from the route, the size and the holes; the choice and its reason are
        /// recorded.
        #[default]
        Auto = "auto",
        /// The standard library's copy, one file at a time: the yardstick.
        Baseline = "baseline",
        /// `read(2)` and `write(2)` through one buffer a worker.
        Buffered = "buffered",
        /// `sendfile(2)`, bytes stay in the kernel.
        Sendfile = "sendfile",
        /// `copy_file_range(2)`, bytes stay in the kernel or on the server.
        CopyFileRange = "copy-file-range",
        /// `ioctl(FICLONE)`: shares the blocks, an error where the file system cannot.
        Reflink = "reflink",
        /// Reads and writes kept in flight on a ring (`io_uring`), through the page cache.
        IoUring = "io-uring",
        /// The same past the page cache (`O_DIRECT`).
        Direct = "direct",
        /// Ranges of one file by several workers.
        Parallel = "parallel",
    }
}

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

choices! {
    /// What happens to a name that exists at the destination with other content.
    ///
    /// A destination with the source's size and modification time is *identical* and skipped whatever
    /// the policy. A destination symlink is an existing name like any other: the policy applies to the
    /// link, never to what it points at.
    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    Conflict {
        /// Left alone until somebody answers: parked, while the rest of the job goes on. Only where
        /// there is somebody to ask; without a screen it is `refuse`.
        Ask = "ask",
        /// Left alone and reported as a conflict.
        #[default]
        Refuse = "refuse",
        /// Left alone; counted as skipped.
        Skip = "skip",
        /// Replaced, atomically and after the new bytes are on the device.
        Overwrite = "overwrite",
        /// Replaced when the source's modification time is later, else skipped.
        Newer = "newer",
        /// Kept; the new file gets a free name beside it.
        Rename = "rename",
    }
}

impl Conflict {
    /// Those that need nobody to ask.
    pub const HEADLESS: [Self; 5] = [
        Self::Refuse,
        Self::Skip,
        Self::Overwrite,
        Self::Newer,
        Self::Rename,
    ];

    /// What a parked conflict can be answered with.
    pub const ANSWERS: [Self; 4] = [Self::Skip, Self::Overwrite, Self::Newer, Self::Rename];

    /// The policy where nobody can be asked.
    #[must_use]
    pub const fn headless(self) -> Self {
        match self {
            Self::Ask => Self::Refuse,
            other => other,
        }
    }
}

choices! {
    /// What must be on the device before a file, or the job, is called done.
    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    Durability {
        /// Nothing is flushed, except a file that replaces another (it would be lost with the old
        /// one).
        None = "none",
        /// Files wait for a common `syncfs(2)` (each 256 MiB, 4,096 files or 2 s, and at the end) and
        /// get their names after it; a last one makes the names durable, shown as a phase of its own.
        #[default]
        Job = "job",
        /// Every file is flushed before it gets its name.
        File = "file",
    }
}

choices! {
    /// What a job does with its sources.
    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    Operation {
        /// They stay.
        #[default]
        Copy = "copy",
        /// They are removed, each only once its copy is on the device and was read back equal.
        Move = "move",
    }
}

choices! {
    /// What becomes of holes.
    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    Sparse {
        /// Holes stay holes.
        #[default]
        Auto = "auto",
        /// Runs of zeros become holes too.
        Always = "always",
        /// Holes are filled: every block is written.
        Never = "never",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::de::DeserializeOwned;
    use std::fmt::Debug;

    fn agree<T: Copy + Debug + PartialEq + Serialize + DeserializeOwned>(
        all: &[T],
        name: impl Fn(T) -> &'static str,
        from_name: impl Fn(&str) -> Option<T>,
    ) {
        for choice in all {
            let json = serde_json::to_string(choice).expect("serialises");
            assert_eq!(json, format!("\"{}\"", name(*choice)));
            assert_eq!(serde_json::from_str::<T>(&json).expect("reads"), *choice);
            assert_eq!(from_name(name(*choice)), Some(*choice));
        }
    }

    #[test]
    fn a_choice_has_one_word_everywhere() {
        agree(&Strategy::ALL, Strategy::name, Strategy::from_name);
        agree(&Conflict::ALL, Conflict::name, Conflict::from_name);
        agree(&Durability::ALL, Durability::name, Durability::from_name);
        agree(&Operation::ALL, Operation::name, Operation::from_name);
        agree(&Sparse::ALL, Sparse::name, Sparse::from_name);
        assert_eq!(Strategy::from_name("fast"), None);
    }
}
