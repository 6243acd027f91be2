//! A small job that a fault strikes, and what must be true of it whatever the fault.

use super::engine::{Ended, run, spec};
use super::scratch::Scratch;
use super::tree::{self, Dice};
use super::walk::{self, temporaries};
use haul::proto::{Conflict, Durability, ErrorClass, JobSpec, JobState, Naming, Op, Strategy};
use haul::sys::{Call, Errno, Fault, FaultKind, Faulty, Real};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What was at the destination before, under names the job replaces.
const OLD: [&str; 2] = ["d/one", "d/replaced"];

/// A source of ten entries in three directories, and what it is copied over.
pub struct World {
    _scratch: Scratch,
    root: PathBuf,
    pub source: PathBuf,
    pub two_ranges: TwoRanges,
    pub runs: u32,
}

/// What there is of a file that is copied in two ranges.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum TwoRanges {
    None,
    Whole,
    /// A few bytes at the beginning of each: what is moved byte by byte for good comes to an end.
    Holed,
}

impl World {
    pub fn new(two_ranges: TwoRanges) -> Self {
        let scratch = Scratch::quick();
        let root = scratch.path().to_path_buf();
        Self::at(scratch, root, two_ranges)
    }

    pub fn at(scratch: Scratch, root: PathBuf, two_ranges: TwoRanges) -> Self {
        let source = root.join("source");
        let mut dice = Dice::new(11);
        fs::create_dir_all(source.join("d/e")).expect("made");
        for (name, size) in [
            ("d/empty", 0),
            ("d/one", 1),
            ("d/replaced", 5000),
            ("d/e/page", 4096),
            ("d/e/odd", 9001),
            ("other", 70_000),
            ("d/link-like", 12),
        ] {
            fs::write(source.join(name), dice.bytes(size)).expect("written");
        }
        let path = source.join("two-ranges");
        match two_ranges {
            TwoRanges::None => {}
            TwoRanges::Whole => fs::write(path, dice.bytes((2 << 20) + 77)).expect("written"),
            TwoRanges::Holed => {
                let data = [(0, 4096), (2 << 20, 77)];
                tree::sparse(&path, (2 << 20) + 77, &data, &mut dice);
            }
        }
        let data = [(4096, 4096), (12_288, 100)];
        tree::sparse(&source.join("holes"), 20_000, &data, &mut dice);
        symlink("d/one", source.join("link")).expect("made");
        tree::pipe(&source.join("d/pipe"));
        tree::set_mode(&source.join("d/e"), 0o750);
        tree::set_mode(&source.join("d/one"), 0o640);
        for name in ["d/e", "d", "other", "d/one", "d/replaced", ""] {
            tree::set_times(&source.join(name), 1_000_000_000, 123);
        }
        Self {
            _scratch: scratch,
            root,
            source,
            two_ranges,
            runs: 0,
        }
    }

    /// A new destination with the old files in it.
    pub fn dest(&mut self) -> PathBuf {
        self.runs += 1;
        let dest = self.root.join(format!("dest-{}", self.runs));
        fs::create_dir_all(dest.join("d")).expect("made");
        for name in OLD {
            fs::write(dest.join(name), format!("the old {name}")).expect("written");
        }
        dest
    }

    pub fn job(&self, dest: &Path, strategy: Strategy) -> JobSpec {
        let mut job = spec(&self.source, dest);
        job.naming = Naming::Exact;
        job.strategy = strategy;
        job.conflict = Conflict::Overwrite;
        job.durability = Durability::Job;
        job.tuning.file_workers = Some(1);
        job.tuning.chunk_workers = Some(2);
        job.tuning.parallel_min_size = Some(1);
        job.tuning.chunk_size = Some(1);
        job.tuning.buffer_budget = Some(1 << 20);
        if self.two_ranges == TwoRanges::Whole {
            job.tuning.buffer_size = Some(512 << 10);
        }
        job
    }
}

/// Runs with a fault; what must be true of any run is checked.
pub fn strike(world: &mut World, strategy: Strategy, fault: Option<Fault>) -> (Ended, Arc<Faulty>) {
    let dest = world.dest();
    let sys = Arc::new(Faulty::new(Arc::new(Real), fault));
    let ended = run(sys.clone(), &world.job(&dest, strategy));
    let said = format!("{strategy} with {fault:?}, hit {:?}", sys.hit());
    check(&said, &world.source, &dest, &ended, &sys);
    if let Some(Fault {
        call: None,
        nth,
        kind: FaultKind::Fail(errno),
        sticky: false,
    }) = fault
        && errno != Errno::INTR
        && sys.hit() == Some(Call::SyncFs)
    {
        let told = ended.failures.iter().any(|failure| failure.op == Op::Flush);
        let asked = sys.calls()[nth as usize..].contains(&Call::Sync);
        assert!(
            told || asked,
            "{said}: a failed flush was believed to be none"
        );
    }
    fs::remove_dir_all(&dest).expect("removed");
    (ended, sys)
}

/// What must be true of any run: a name holds the whole old or the whole new file, what is missing is
/// listed, and what was left behind is owned up to.
pub fn check(said: &str, source: &Path, dest: &Path, ended: &Ended, sys: &Faulty) {
    let (from, to) = (walk::entries(source), walk::entries(dest));
    let join = |root: &Path, path: &[u8]| root.join(OsStr::from_bytes(path));
    let mut missing = Vec::new();
    for (path, metadata) in &from {
        let name = String::from_utf8_lossy(path);
        let Some(there) = to.get(path) else {
            missing.push(path.clone());
            continue;
        };
        assert_eq!(there.file_type(), metadata.file_type(), "{said}: {name}");
        if !metadata.is_file() {
            continue;
        }
        let bytes = fs::read(join(dest, path)).expect("readable");
        if OLD.contains(&&*name) && bytes == format!("the old {name}").as_bytes() {
            missing.push(path.clone());
            continue;
        }
        let whole = bytes == fs::read(join(source, path)).expect("readable");
        assert!(whole, "{said}: {name} is neither the old nor the new file");
    }

    // Nothing else is there, but a temporary that could not be removed, which is said.
    let left = temporaries(dest);
    for path in to.keys() {
        let known = from.contains_key(path) || left.contains(path);
        assert!(known, "{said}: {:?} appeared", OsStr::from_bytes(path));
    }
    let owned_up = ended
        .failures
        .iter()
        .filter(|failure| failure.reason.contains("left behind"));
    let owned_up = owned_up.count();
    assert!(
        left.is_empty() || (owned_up >= left.len() && sys.calls().contains(&Call::Unlink)),
        "{said}: {left:?} left, and {owned_up} owned up to: {:#?}",
        ended.failures
    );

    // What is missing is listed: itself or something above it.
    for path in &missing {
        let listed = ended.failures.iter().any(|failure| {
            let listed = failure.path.as_path();
            join(source, path).starts_with(listed) || join(dest, path).starts_with(listed)
        });
        assert!(
            listed,
            "{said}: {:?} is missing and not listed",
            OsStr::from_bytes(path)
        );
    }
    for failure in &ended.failures {
        let path = failure.path.as_path();
        assert!(
            path.starts_with(source) || path.starts_with(dest),
            "{said}: {failure:?}"
        );
        assert!(!failure.reason.is_empty(), "{said}: {failure:?}");
        assert_ne!(failure.class, ErrorClass::Conflict, "{said}: {failure:?}");
    }

    ended.assert_balance();
    if ended.failures.is_empty() {
        assert_eq!(ended.summary.state, JobState::Done, "{said}");
        let differences = walk::differences(source, dest);
        assert!(
            differences.is_empty(),
            "{said}:\n{}",
            differences.join("\n")
        );
    }
}
