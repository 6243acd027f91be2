//! What a bench found, as data: what the JSON file holds, and what every report is made of.

use super::case::Suite;
use super::stats::{Spread, spread};
use serde::{Deserialize, Serialize};

/// Number of this form of the file; another one is not compared with.
pub const FORM: u32 = 1;

/// What is in memory when a run begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cache {
    /// The source, as far as there is room: it was read just before.
    #[default]
    Hot,
    /// None of the source's content (`posix_fadvise`); names and inodes may be.
    Cold,
    /// Nothing: the kernel was told to drop everything, which only root may ask for.
    Dropped,
}

impl Cache {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Hot, Self::Cold, Self::Dropped];

    /// The word for reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hot => "hot",
            Self::Cold => "cold",
            Self::Dropped => "dropped",
        }
    }
}

/// Everything a bench found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Results {
    /// [`FORM`].
    pub form: u32,
    /// Version of haul.
    pub version: String,
    /// Seconds since 1970 UTC when it began.
    pub began: i64,
    /// Release of the kernel.
    pub kernel: String,
    /// Processors it could use.
    pub processors: usize,
    /// Bytes of memory.
    pub memory: u64,
    /// Seed of the generated trees.
    pub seed: u64,
    /// In the order measured.
    pub cases: Vec<CaseResult>,
}

/// One tree and all who copied it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CaseResult {
    /// The suite it belongs to.
    pub suite: Suite,
    /// Its name within the suite.
    pub name: String,
    /// What the tree holds: regular files.
    pub files: u64,
    /// And directories.
    pub dirs: u64,
    /// And bytes, holes counted.
    pub bytes: u64,
    /// Kind of the file system it is read from.
    pub source_fs: String,
    /// Kind of the file system it is copied to.
    pub dest_fs: String,
    /// Whether both are one file system.
    pub same_fs: bool,
    /// What was in memory when a run began.
    pub cache: Cache,
    /// The times include that everything is on the device.
    pub durable: bool,
    /// In the order measured.
    pub rows: Vec<Row>,
}

/// One who copied it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Who.
    pub name: String,
    /// Its version, as it says.
    pub version: Option<String>,
    /// What was typed, with SOURCE and COPY for the two trees.
    pub command: String,
    /// Another program than haul.
    pub peer: bool,
    /// What to make of it.
    pub outcome: Outcome,
    /// Measured runs; none unless the outcome is right.
    pub runs: Vec<Run>,
    /// What its copies did not keep, and of how many entries.
    pub not_kept: Vec<Loss>,
}

/// What to make of a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Every copy has all names and all bytes.
    Right,
    /// A copy differs from the source; in words, the first few.
    Wrong(Vec<String>),
    /// It said itself that it could not; in its last words.
    Failed(String),
    /// It was not asked, because of this.
    LeftOut(String),
}

/// One run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// From the start of the program to its end (and to the device, where that is measured).
    pub seconds: f64,
    /// On processors, in the program's own code.
    pub user_seconds: f64,
    /// On processors, in the kernel's code.
    pub system_seconds: f64,
    /// Bytes of memory at the peak; some 3 MB are the floor of what can be told.
    pub peak: u64,
}

/// Something a copy did not keep.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loss {
    /// What.
    pub what: String,
    /// Of how many entries, in the worst run.
    pub entries: u64,
}

impl Row {
    /// The spread of the seconds.
    pub fn seconds(&self) -> Option<Spread> {
        spread(self.runs.iter().map(|run| run.seconds))
    }

    /// The spread of the seconds on processors.
    pub fn cpu(&self) -> Option<Spread> {
        spread(
            self.runs
                .iter()
                .map(|run| run.user_seconds + run.system_seconds),
        )
    }

    /// The most memory of any run.
    pub fn peak(&self) -> Option<u64> {
        self.runs.iter().map(|run| run.peak).max()
    }
}

impl CaseResult {
    /// The median of the fastest other program that was right.
    pub fn best_peer(&self) -> Option<f64> {
        let peers = self.rows.iter().filter(|row| row.peer);
        peers
            .filter_map(Row::seconds)
            .map(|seconds| seconds.median)
            .min_by(f64::total_cmp)
    }

    /// The rows, fastest first; those without figures last.
    pub fn ranked(&self) -> Vec<&Row> {
        let mut rows: Vec<&Row> = self.rows.iter().collect();
        rows.sort_by(|one, two| {
            let key = |row: &Row| row.seconds().map_or(f64::INFINITY, |told| told.median);
            key(one).total_cmp(&key(two))
        });
        rows
    }

    /// "ext4", or "ext4 to xfs".
    pub fn route(&self) -> String {
        if self.same_fs {
            return self.source_fs.clone();
        }
        format!("{} to {}", self.source_fs, self.dest_fs)
    }
}

impl Results {
    /// True when a copy was wrong, or haul could not copy.
    pub fn bad(&self) -> bool {
        let rows = self.cases.iter().flat_map(|case| &case.rows);
        rows.into_iter().any(|row| match &row.outcome {
            Outcome::Wrong(_) => true,
            Outcome::Failed(_) => !row.peer,
            Outcome::Right | Outcome::LeftOut(_) => false,
        })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A row that took so long.
    pub fn row(name: &str, peer: bool, seconds: &[f64]) -> Row {
        Row {
            name: name.to_owned(),
            version: Some("1.0".to_owned()),
            command: format!("{name} SOURCE COPY"),
            peer,
            outcome: Outcome::Right,
            runs: seconds
                .iter()
                .map(|seconds| Run {
                    seconds: *seconds,
                    user_seconds: 0.1,
                    system_seconds: 0.2,
                    peak: 5 << 20,
                })
                .collect(),
            not_kept: Vec::new(),
        }
    }

    /// Results of one case with these rows.
    pub fn results(rows: Vec<Row>) -> Results {
        Results {
            form: FORM,
            version: "0.1.0".to_owned(),
            began: 1_700_000_000,
            kernel: "6.1".to_owned(),
            processors: 2,
            memory: 8 << 30,
            seed: 1,
            cases: vec![CaseResult {
                suite: Suite::Compare,
                name: "flat".to_owned(),
                files: 100,
                dirs: 2,
                bytes: 10 << 20,
                source_fs: "ext4".to_owned(),
                dest_fs: "xfs".to_owned(),
                same_fs: false,
                cache: Cache::Hot,
                durable: false,
                rows,
            }],
        }
    }

    #[test]
    fn wrong_copies_and_own_failures_are_bad() {
        let mut found = results(vec![row("haul", false, &[1.0]), row("cp", true, &[2.0])]);
        assert!(!found.bad());
        found.cases[0].rows[1].outcome = Outcome::Failed("no".to_owned());
        assert!(!found.bad(), "a peer's own trouble");
        found.cases[0].rows[1].outcome = Outcome::Wrong(vec!["a".to_owned()]);
        assert!(found.bad());
        found.cases[0].rows[1].outcome = Outcome::Right;
        found.cases[0].rows[0].outcome = Outcome::Failed("no".to_owned());
        assert!(found.bad());
    }

    #[test]
    fn the_fastest_comes_first_and_only_peers_are_peers() {
        let mut failed = row("rsync", true, &[]);
        failed.outcome = Outcome::Failed("no".to_owned());
        let rows = vec![
            failed,
            row("cp", true, &[3.0, 2.0, 9.0]),
            row("haul", false, &[1.0]),
        ];
        let found = results(rows);
        let names: Vec<_> = found.cases[0]
            .ranked()
            .iter()
            .map(|row| row.name.clone())
            .collect();
        assert_eq!(names, ["haul", "cp", "rsync"]);
        assert_eq!(found.cases[0].best_peer(), Some(3.0));
        let text = serde_json::to_string(&found).expect("written");
        assert_eq!(serde_json::from_str::<Results>(&text).expect("read"), found);
    }
}
