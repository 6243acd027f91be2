//! The job of one file, every one of whose calls goes wrong in every way, once and for good: the
//! destination is the old or the new file, nothing is left unsaid, and the job says "failed" when
//! something did and only then.

use crate::support::engine::{Ended, copying, exact, run};
use crate::support::scratch::Scratch;
use crate::support::tree::{self, Dice};
use crate::support::walk::{self, temporaries};
use crate::support::{is_thorough, say};
use haul::proto::{Conflict, Durability, JobSpec, JobState, Strategy};
use haul::sys::{Call, Errno, Fault, FaultKind, Faulty, Real};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const WAYS: [FaultKind; 7] = [
    FaultKind::Fail(Errno::IO),
    FaultKind::Fail(Errno::NOSPC),
    FaultKind::Fail(Errno::INTR),
    FaultKind::Fail(Errno::ACCESS),
    FaultKind::Fail(Errno::NOMEM),
    FaultKind::Short,
    FaultKind::Nothing,
];

const OLD: &[u8] = b"the old one";

struct OneFile {
    _scratch: Scratch,
    from: PathBuf,
    dir: PathBuf,
}

impl OneFile {
    fn new() -> Self {
        let scratch = Scratch::quick();
        let root = scratch.path().to_path_buf();
        Self::at(scratch, &root)
    }

    fn at(scratch: Scratch, root: &Path) -> Self {
        let from = root.join("from");
        // With a hole, so that those calls are made as well.
        let data = [(0, 9000), (90_000, 9001)];
        tree::sparse(&from, 120_000, &data, &mut Dice::new(61));
        tree::set_mode(&from, 0o4750);
        tree::set_times(&from, 1_000_000_000, 123_456_789);
        let dir = root.join("to");
        fs::create_dir(&dir).expect("made");
        Self {
            _scratch: scratch,
            from,
            dir,
        }
    }

    fn to(&self) -> PathBuf {
        self.dir.join("file")
    }

    fn job(&self, strategy: Strategy) -> JobSpec {
        let mut job = exact(&self.from, &self.to(), strategy);
        job.conflict = Conflict::Overwrite;
        job.durability = Durability::File;
        job.retries = 0;
        job.tuning.chunk_workers = Some(2);
        job.tuning.parallel_min_size = Some(1);
        job.tuning.buffer_size = Some(4096);
        job
    }

    /// Runs over the old file, or where nothing is.
    fn strike(&self, strategy: Strategy, over: bool, fault: Option<Fault>) -> Arc<Faulty> {
        if over {
            fs::write(self.to(), OLD).expect("written");
        }
        let sys = Arc::new(Faulty::new(Arc::new(Real), fault));
        let ended = run(sys.clone(), &self.job(strategy));
        let said = format!("{strategy} over {over} with {fault:?}, hit {:?}", sys.hit());
        self.check(&said, over, &ended, &sys);
        fs::remove_dir_all(&self.dir).expect("removed");
        fs::create_dir(&self.dir).expect("made");
        sys
    }

    fn check(&self, said: &str, over: bool, ended: &Ended, sys: &Faulty) {
        let (to, failures) = (self.to(), &ended.failures);
        let said = format!("{said}: {failures:#?}");
        let bytes = fs::read(&to).ok();
        let new = fs::read(&self.from).expect("readable");
        let is_new = bytes.as_ref() == Some(&new);
        let is_old = bytes.as_deref() == over.then_some(OLD);
        assert!(is_new || is_old, "{said}: neither old nor new");
        if failures.is_empty() {
            assert_eq!(ended.summary.state, JobState::Done, "{said}");
            assert!(is_new, "{said}: called done");
            same(&self.from, &to, &said, &ended.summary.notices);
        } else {
            let state = ended.summary.state;
            let bad = [JobState::DoneWithFailures, JobState::Failed].contains(&state);
            assert!(bad, "{said}: {state:?}");
        }
        let left = temporaries(&self.dir);
        let owned_up = failures.iter().any(|it| it.reason.contains("left behind"));
        let could_not = sys.calls().contains(&Call::Unlink);
        assert!(
            left.is_empty() || (owned_up && could_not),
            "{said}: {left:?}"
        );
        assert!(left.len() <= 1, "{said}: {left:?}");
        let others = fs::read_dir(&self.dir).expect("there").count();
        assert_eq!(others, left.len() + usize::from(bytes.is_some()), "{said}");
    }
}

/// What is called done is done, but for what a notice owns up to.
fn same(from: &Path, to: &Path, said: &str, notices: &[haul::proto::Notice]) {
    let mut found = walk::differences(from, to);
    if !notices.is_empty() {
        found.retain(|line| line.contains("bytes") || line.contains("length"));
    }
    assert!(found.is_empty(), "{said}\n{}", found.join("\n"));
}

/// Every call, every way, one strategy; how many runs it took.
fn sweep(strategy: Strategy, world: &OneFile) -> u64 {
    let mut runs = 0;
    let clean = world.strike(strategy, true, None);
    let calls = clean.calls().len() as u64;
    assert!(calls > 20, "{strategy}: {calls} calls");
    for nth in 0..calls {
        for (number, kind) in WAYS.into_iter().enumerate() {
            for sticky in [false, true] {
                // Every other case, unless there is time: the strategies share most of the calls.
                let turn = nth + number as u64 + u64::from(sticky) + strategy as u64;
                if !is_thorough() && !turn.is_multiple_of(2) {
                    continue;
                }
                let fault = Fault {
                    call: None,
                    nth,
                    sticky,
                    kind,
                };
                for over in [true, false] {
                    if is_thorough() || over == turn.is_multiple_of(4) {
                        world.strike(strategy, over, Some(fault));
                        runs += 1;
                    }
                }
            }
        }
    }
    runs
}

#[test]
fn any_call_of_a_job_of_one_file_may_fail_in_any_way() {
    // Most of a run is waiting: all strategies at a time.
    let runs: u64 = std::thread::scope(|scope| {
        let sweeps: Vec<_> = copying()
            .map(|strategy| scope.spawn(move || sweep(strategy, &OneFile::new())))
            .collect();
        let runs = sweeps.into_iter().map(|sweep| match sweep.join() {
            Ok(runs) => runs,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        runs.sum()
    });
    say(&format!("{runs} runs"));
}

#[test]
fn any_call_of_a_job_that_clones_one_file_may_fail_in_any_way() {
    let mut scratch = Scratch::new();
    let Some(root) = scratch.mount_image("xfs") else {
        return;
    };
    let world = OneFile::at(scratch, &root);
    let clean = world.strike(Strategy::Reflink, true, None);
    assert!(clean.calls().contains(&Call::CloneFile));
    let runs = sweep(Strategy::Reflink, &world);
    say(&format!("{runs} runs"));
}
