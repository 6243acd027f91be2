//! What each suite measures: which trees, who copies them, with which settings.
//!
//! Plans only; nothing is made or run here.

use super::Plan;
use super::corpus::{Shape, Tree};
use super::judge::VCS;
use super::peers::{COPY, Peer, SOURCE};
use super::traverse::{self, Way};
use crate::proto::Strategy;
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A family of measurements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Suite {
    /// Reading a tree: jwalk, walkdir, and relative to descriptors; one thread and many.
    Traversal,
    /// Files of one size, 1 KiB to 1 GiB.
    Sizes,
    /// Every strategy.
    Strategies,
    /// Sizes of the buffer.
    Buffers,
    /// Files in flight, and ranges of one file in flight: 1 2 4 8 16.
    Workers,
    /// Several folders: planned, then copied, one after the other or side by side.
    Pipeline,
    /// haul and the other programs that are installed.
    Compare,
    /// Memory by strategy, size and number of files.
    Memory,
}

impl Suite {
    /// Every suite, in the order `all` runs them.
    pub const ALL: [Self; 8] = [
        Self::Traversal,
        Self::Sizes,
        Self::Strategies,
        Self::Buffers,
        Self::Workers,
        Self::Pipeline,
        Self::Compare,
        Self::Memory,
    ];

    /// The word on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Traversal => "traversal",
            Self::Sizes => "sizes",
            Self::Strategies => "strategies",
            Self::Buffers => "buffers",
            Self::Workers => "workers",
            Self::Pipeline => "pipeline",
            Self::Compare => "compare",
            Self::Memory => "memory",
        }
    }
}

/// Where a case's source comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Made for it.
    Made(Tree),
    /// There already.
    Given(PathBuf),
}

/// What the judge looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judged {
    /// The copy.
    Copy,
    /// These folders of the copy, which leave out data of version control.
    Folders(Vec<OsString>),
    /// Two numbers that were printed: files and directories.
    Count,
}

/// One tree and everyone who is measured on it.
#[derive(Clone, Debug)]
pub struct Case {
    /// The suite.
    pub suite: Suite,
    /// Its name in the suite.
    pub name: String,
    /// The tree.
    pub source: Source,
    /// What is judged.
    pub judged: Judged,
    /// Who is measured.
    pub contestants: Vec<Contestant>,
}

/// One who is measured.
#[derive(Clone, Debug)]
pub struct Contestant {
    /// Name in reports.
    pub name: String,
    /// Its version.
    pub version: Option<String>,
    /// Another program than haul.
    pub peer: bool,
    /// Steps one after the other, each of programs side by side. [`SOURCE`] and [`COPY`], alone or
    /// followed by a slash and more, stand for the trees.
    pub steps: Vec<Vec<Vec<OsString>>>,
    /// A batch for `haul apply`, in a file that the word [`BATCH`] stands for: pairs of names, each
    /// with [`SOURCE`] or [`COPY`] in it as above.
    pub batch: Vec<[OsString; 2]>,
    /// Why it is not asked.
    pub left_out: Option<String>,
}

/// What suites need to know of the route.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// Source and copy can share blocks.
    pub shares_blocks: bool,
}

/// The word that stands for the file of a batch.
pub const BATCH: &str = "BATCH";

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

/// The cases of a suite.
///
/// # Errors
/// A given tree cannot be read.
pub fn cases(suite: Suite, plan: &Plan, route: Route, peers: &[Peer]) -> io::Result<Vec<Case>> {
    let maker = Maker {
        suite,
        plan,
        route,
        peers,
    };
    Ok(match suite {
        Suite::Traversal => maker.traversal(),
        Suite::Sizes => maker.sizes(),
        Suite::Strategies => maker.strategies(),
        Suite::Buffers => maker.buffers(),
        Suite::Workers => maker.workers(),
        Suite::Pipeline => maker.pipeline()?,
        Suite::Compare => maker.compare(),
        Suite::Memory => maker.memory(),
    })
}

struct Maker<'a> {
    suite: Suite,
    plan: &'a Plan,
    route: Route,
    peers: &'a [Peer],
}

impl Maker<'_> {
    fn case(&self, name: impl Into<String>, tree: Tree, contestants: Vec<Contestant>) -> Case {
        let source = match &self.plan.tree {
            Some(given) => Source::Given(given.clone()),
            None => Source::Made(tree),
        };
        Case {
            suite: self.suite,
            name: name.into(),
            source,
            judged: Judged::Copy,
            contestants,
        }
    }

    /// The shapes to measure, by name; one's own tree counts as one.
    fn trees(&self, shapes: &[Shape]) -> Vec<(String, Tree)> {
        let tree = |shape: &Shape| (shape.name().to_owned(), shape.tree(self.plan.size));
        match (&self.plan.tree, shapes.first()) {
            (Some(_), Some(first)) => vec![("given".to_owned(), first.tree(self.plan.size))],
            _ => shapes.iter().map(tree).collect(),
        }
    }

    fn shapes<'s>(&'s self, usual: &'s [Shape]) -> &'s [Shape] {
        if self.plan.shapes.is_empty() {
            usual
        } else {
            &self.plan.shapes
        }
    }

    /// `haul copy` with these options.
    fn haul(&self, name: impl Into<String>, options: &[&str]) -> Contestant {
        let mut words = self.copy(options);
        words.extend(["-T", SOURCE, COPY].map(OsString::from));
        own(name, vec![vec![words]])
    }

    fn copy(&self, options: &[&str]) -> Vec<OsString> {
        let sync = if self.plan.durable { "job" } else { "none" };
        let mut words = vec![self.plan.haul.clone().into_os_string()];
        words.extend(["copy", "-q", "--sync", sync].map(OsString::from));
        words.extend(options.iter().map(OsString::from));
        words
    }

    fn strategy(&self, strategy: Strategy, more: &[&str]) -> Contestant {
        let mut options = vec!["--strategy", strategy.name()];
        options.extend(more);
        let mut one = self.haul(format!("haul {strategy}"), &options);
        if strategy == Strategy::Reflink && !self.route.shares_blocks {
            one.left_out = Some("blocks cannot be shared on this route".to_owned());
        }
        one
    }

    fn every_strategy(&self) -> Vec<Contestant> {
        Strategy::ALL
            .into_iter()
            .map(|strategy| self.strategy(strategy, &[]))
            .collect()
    }

    fn cp(&self) -> Option<Contestant> {
        let cp = self.peers.iter().find(|peer| peer.name == "cp");
        cp.map(|cp| the_peer(cp, false))
    }

    fn traversal(&self) -> Vec<Case> {
        let many = super::machine::processors().max(2);
        let mut cases = Vec::new();
        for details in ["names", "details"] {
            let mut contestants = Vec::new();
            for way in Way::ALL {
                for threads in [1, many] {
                    if way == Way::Walkdir && threads > 1 {
                        continue;
                    }
                    let mut words = vec![self.plan.haul.clone().into_os_string()];
                    let threads_word = threads.to_string();
                    let more = [traverse::WORD, way.name(), &threads_word, details, SOURCE];
                    words.extend(more.map(OsString::from));
                    let name = match threads {
                        1 => way.name().to_owned(),
                        many => format!("{} x{many}", way.name()),
                    };
                    contestants.push(own(name, vec![vec![words]]));
                }
            }
            let tree = Shape::SmallFiles.tree(self.plan.size);
            let mut case = self.case(details, tree, contestants);
            case.judged = Judged::Count;
            cases.push(case);
        }
        cases
    }

    fn sizes(&self) -> Vec<Case> {
        let size = self.plan.size;
        let total = size.of(MIB, 64 * MIB, 1024 * MIB);
        let most = size.of(16, 2_000, 10_000);
        let all = [KIB, 4 * KIB, 16 * KIB, 64 * KIB, 256 * KIB]
            .into_iter()
            .chain([MIB, 4 * MIB, 16 * MIB, 64 * MIB, 256 * MIB, 1024 * MIB]);
        let name = |each: u64| crate::units::size(each);
        let mut cases = Vec::new();
        // The tiny run looks at the two ends only as far as a second allows.
        for each in all.filter(|each| *each <= size.of(MIB, 1024 * MIB, 1024 * MIB)) {
            let files = (total / each).clamp(1, most);
            let mut contestants = vec![
                self.strategy(Strategy::Auto, &[]),
                self.strategy(Strategy::Baseline, &[]),
            ];
            contestants.extend(self.cp());
            let mut case = self.case(name(each), Tree::Flat { files, each }, contestants);
            // One's own tree has the sizes it has.
            case.source = Source::Made(Tree::Flat { files, each });
            cases.push(case);
        }
        cases
    }

    fn strategies(&self) -> Vec<Case> {
        let usual = [Shape::SmallFiles, Shape::Frames, Shape::Large];
        let mut cases = Vec::new();
        for (name, tree) in self.trees(self.shapes(&usual)) {
            cases.push(self.case(name, tree, self.every_strategy()));
        }
        cases
    }

    fn buffers(&self) -> Vec<Case> {
        let sizes = [
            "64KiB", "128KiB", "256KiB", "512KiB", "1MiB", "2MiB", "4MiB", "8MiB",
        ];
        let mut cases = Vec::new();
        for (name, tree) in self.trees(self.shapes(&[Shape::Frames, Shape::Large])) {
            let contestants = sizes
                .iter()
                .map(|size| self.haul(*size, &["--strategy", "buffered", "--buffer-size", size]))
                .collect();
            cases.push(self.case(name, tree, contestants));
        }
        cases
    }

    fn workers(&self) -> Vec<Case> {
        let counts = ["1", "2", "4", "8", "16"];
        let mut cases = Vec::new();
        for (name, tree) in self.trees(self.shapes(&[Shape::SmallFiles, Shape::Frames])) {
            let contestants = counts
                .iter()
                .map(|count| self.haul(format!("{count} files"), &["--file-workers", count]))
                .collect();
            cases.push(self.case(format!("files: {name}"), tree, contestants));
        }
        let contestants: Vec<_> = counts
            .iter()
            .map(|count| {
                let options = [
                    "--strategy",
                    "parallel",
                    "--parallel-min-size",
                    "1",
                    "--file-workers",
                    "1",
                    "--chunk-workers",
                    count,
                ];
                self.haul(format!("{count} ranges"), &options)
            })
            .collect();
        let ranges = self
            .trees(&[Shape::Large])
            .into_iter()
            .map(|(name, tree)| self.case(format!("ranges: {name}"), tree, contestants.clone()));
        cases.extend(ranges);
        cases
    }

    fn pipeline(&self) -> io::Result<Vec<Case>> {
        let size = self.plan.size;
        let count = size.of(3, 4, 8);
        let folders: Vec<OsString> = match &self.plan.tree {
            Some(given) => folders_of(given)?,
            None => (0..count)
                .map(|at| OsString::from(format!("component-{at}")))
                .collect(),
        };
        let below = |root: &str, name: &OsString| {
            let mut path = OsString::from(root);
            path.push("/");
            path.push(name);
            path
        };
        let plan_of = |name: &OsString| {
            let mut words = self.copy(&["--exclude-vcs", "--dry-run", "-T"]);
            words.extend([below(SOURCE, name), below(COPY, name)]);
            words
        };
        let copy_of = |name: &OsString| {
            let mut words = self.copy(&["--exclude-vcs", "-T"]);
            words.extend([below(SOURCE, name), below(COPY, name)]);
            words
        };
        let base = vec![vec![OsString::from("mkdir"), OsString::from(COPY)]];
        let then = |steps: Vec<Vec<Vec<OsString>>>| [vec![base.clone()], steps].concat();
        let each = |of: &dyn Fn(&OsString) -> Vec<OsString>| -> Vec<Vec<OsString>> {
            folders.iter().map(of).collect()
        };
        let in_turn = |of: &dyn Fn(&OsString) -> Vec<OsString>| -> Vec<Vec<Vec<OsString>>> {
            folders.iter().map(|name| vec![of(name)]).collect()
        };
        let one_job = |plan: bool| {
            let mut words = self.copy(&["--exclude-vcs"]);
            words.extend(plan.then(|| OsString::from("--dry-run")));
            words.extend(["-t", COPY].map(OsString::from));
            words.extend(folders.iter().map(|name| below(SOURCE, name)));
            words
        };
        let apply = |more: &[&str]| {
            let mut words = vec![self.plan.haul.clone().into_os_string()];
            let sync = if self.plan.durable { "job" } else { "none" };
            words.extend(["apply", "-q", "--exclude-vcs", "--sync", sync].map(OsString::from));
            words.extend(more.iter().map(OsString::from));
            words.push(BATCH.into());
            words
        };
        let steps = vec![vec![apply(&["--dry-run"])], vec![apply(&[])]];
        let mut batch = own("one batch", then(steps));
        let pair = |name: &OsString| [below(SOURCE, name), below(COPY, name)];
        batch.batch = folders.iter().map(pair).collect();
        let contestants = vec![
            own(
                "one after the other",
                then([in_turn(&plan_of), in_turn(&copy_of)].concat()),
            ),
            own("side by side", then(vec![each(&plan_of), each(&copy_of)])),
            batch,
            own(
                "one job",
                then(vec![vec![one_job(true)], vec![one_job(false)]]),
            ),
        ];
        let tree = Tree::Components {
            count,
            files: size.of(40, 1_000, 4_000),
            mean: 11 << 10,
        };
        let mut case = self.case("components", tree, contestants);
        case.judged = Judged::Folders(folders);
        Ok(vec![case])
    }

    fn compare(&self) -> Vec<Case> {
        let mut cases = Vec::new();
        for (name, tree) in self.trees(self.shapes(&Shape::USUAL)) {
            let holes = matches!(tree, Tree::Sparse { .. }) || self.plan.tree.is_some();
            let mut contestants = vec![self.haul("haul", &[])];
            if self.route.shares_blocks {
                // What shares blocks is told apart from what copies.
                contestants.push(self.haul("haul, no clone", &["--strategy", "buffered"]));
                if let Some(mut cp) = self.cp() {
                    "cp, no clone".clone_into(&mut cp.name);
                    cp.steps[0][0].insert(1, "--reflink=never".into());
                    contestants.push(cp);
                }
            }
            contestants.extend(self.peers.iter().map(|peer| the_peer(peer, holes)));
            cases.push(self.case(name, tree, contestants));
        }
        cases
    }

    fn memory(&self) -> Vec<Case> {
        let size = self.plan.size;
        let mut cases = Vec::new();
        for files in [
            size.of(100, 1_000, 1_000),
            size.of(1_000, 10_000, 100_000),
            size.of(2_000, 100_000, 1_000_000),
        ] {
            let mut contestants = vec![self.strategy(Strategy::Auto, &[])];
            contestants.extend(self.peers.iter().map(|peer| the_peer(peer, false)));
            let name = format!("{files} empty files");
            let mut case = self.case(name, Tree::Empty { files }, contestants);
            case.source = Source::Made(Tree::Empty { files });
            cases.push(case);
        }
        for len in [MIB, size.of(64 * MIB, 1024 * MIB, 1 << 40)] {
            let tree = Tree::Sparse {
                len,
                pieces: 1,
                piece: 64 * KIB,
            };
            let mut case = self.case(
                format!("{} of holes", crate::units::size(len)),
                tree,
                vec![self.strategy(Strategy::Auto, &[])],
            );
            case.source = Source::Made(tree);
            cases.push(case);
        }
        for (name, tree) in self.trees(&[Shape::Large]) {
            cases.push(self.case(name, tree, self.every_strategy()));
        }
        cases
    }
}

/// One that is haul.
fn own(name: impl Into<String>, steps: Vec<Vec<Vec<OsString>>>) -> Contestant {
    Contestant {
        name: name.into(),
        version: Some(env!("CARGO_PKG_VERSION").to_owned()),
        peer: false,
        steps,
        batch: Vec::new(),
        left_out: None,
    }
}

/// One that is not.
fn the_peer(peer: &Peer, holes: bool) -> Contestant {
    let mut words = peer.words.clone();
    if holes {
        words.splice(1..1, peer.for_holes.iter().map(OsString::from));
    }
    Contestant {
        name: peer.name.to_owned(),
        version: peer.version.clone(),
        peer: true,
        steps: vec![vec![words]],
        batch: Vec::new(),
        left_out: None,
    }
}

/// The directories in a directory, without those of version control.
fn folders_of(dir: &Path) -> io::Result<Vec<OsString>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name();
        if entry.file_type()?.is_dir() && !VCS.iter().any(|vcs| name == *vcs) {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}
