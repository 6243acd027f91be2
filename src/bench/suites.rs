//! What each suite measures: which trees, who copies them, with which settings.
//!
//! Plans only; nothing is made or run here.

mod pipeline;

use super::Plan;
use super::case::{Case, Contestant, Judged, Route, Source, Suite};
use super::corpus::{Shape, Tree};
use super::peers::{COPY, Peer, SOURCE};
use super::traverse::{self, Way};
use crate::proto::Strategy;
use std::ffi::OsString;
use std::io;

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
