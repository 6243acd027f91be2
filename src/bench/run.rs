//! Running a plan: trees made, contestants run in turn, every copy judged, everything removed.
//!
//! Contestants of a case take turns, each round in another order, so that neither what disturbs the
//! machine for a while nor what one of them leaves behind meets always the same one. Between two runs
//! everything is written out, so that nobody pays for another's writes.

use super::case::{BATCH, Case, Contestant, Judged, Route, Source};
use super::corpus::Tree;
use super::judge::{Content, Verdict, content, judge};
use super::launch::{Stop, Task, last_words, launch, printed};
use super::machine::{Fs, fs_of};
use super::place::{Place, remove_tree};
use super::results::{Cache, CaseResult, FORM, Outcome, Results, Row};
use super::rows::{note, replaced, row};
use super::watch::{BenchError, Moment, Watch};
use super::{Plan, machine, peers, suites, turns};
use crate::proto::BytePath;
use crate::session;
use crate::sys::cached::{forget, forget_everything, write_out};
use crate::sys::probe;
use crate::{clock, text};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Instant;

fn place(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> BenchError {
    let path = path.to_path_buf();
    move |source| BenchError::Place { what, path, source }
}

/// Carries out a plan; what it made is removed, however it ends.
///
/// # Errors
/// A place cannot be used, or it was asked to stop.
pub fn run(plan: &Plan, watch: &mut dyn Watch, stop: &Stop) -> Result<Results, BenchError> {
    let to = Place::make(&plan.to).map_err(place("work in", &plan.to))?;
    let from = match Place::make(&plan.from) {
        Ok(from) => from,
        Err(error) => {
            to.remove().map_err(place("remove from", &plan.to))?;
            return Err(place("work in", &plan.from)(error));
        }
    };
    let done = Bench::new(plan, &from, &to, stop).and_then(|mut bench| bench.all(watch));
    let removed = [(from, &plan.from), (to, &plan.to)]
        .map(|(one, dir)| one.remove().map_err(place("remove what was made in", dir)));
    if stop.is_asked() {
        return Err(BenchError::Stopped(stop.signal()));
    }
    let results = done?;
    for one in removed {
        one?;
    }
    Ok(results)
}

struct Bench<'a> {
    plan: &'a Plan,
    from: &'a Path,
    to: &'a Path,
    stop: &'a Stop,
    fs: [Fs; 2],
    began: Instant,
    done: usize,
    total: usize,
    made: Option<Tree>,
}

impl<'a> Bench<'a> {
    fn new(
        plan: &'a Plan,
        from: &'a Place,
        to: &'a Place,
        stop: &'a Stop,
    ) -> Result<Self, BenchError> {
        let look = |path: &Path| fs_of(path).map_err(|errno| place("look at", path)(errno.into()));
        let source = plan.tree.as_deref().unwrap_or(&plan.from);
        Ok(Self {
            plan,
            from: from.path(),
            to: to.path(),
            stop,
            fs: [look(source)?, look(&plan.to)?],
            began: clock::now(),
            done: 0,
            total: 0,
            made: None,
        })
    }

    fn same_fs(&self) -> bool {
        self.fs[0].dev == self.fs[1].dev
    }

    fn all(&mut self, watch: &mut dyn Watch) -> Result<Results, BenchError> {
        let (began, _) = clock::unix_now();
        let peers = peers::installed(self.plan.against.as_deref());
        let route = Route {
            shares_blocks: self.same_fs() && shares_blocks(self.to),
        };
        let mut cases = Vec::new();
        for suite in &self.plan.suites {
            let more = suites::cases(*suite, self.plan, route, &peers).map_err(place(
                "read",
                self.plan.tree.as_deref().unwrap_or(self.from),
            ))?;
            cases.extend(more);
        }
        let each = (self.plan.rounds + self.plan.warm_up) as usize;
        let runs = |case: &Case| {
            let asked = case.contestants.iter().filter(|one| one.left_out.is_none());
            asked.count() * each
        };
        self.total = cases.iter().map(runs).sum();
        let mut results = Results {
            form: FORM,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            began,
            kernel: machine::kernel(),
            processors: machine::processors(),
            memory: machine::memory(),
            seed: self.plan.seed,
            cases: Vec::new(),
        };
        for case in &cases {
            results.cases.push(self.case(case, watch)?);
        }
        Ok(results)
    }

    fn case(&mut self, case: &Case, watch: &mut dyn Watch) -> Result<CaseResult, BenchError> {
        let moment = self.moment(case, "", 0);
        watch.begins(&moment);
        let source = self.source(case)?;
        let found = content(&source).map_err(place("read", &source))?;
        let mut rows: Vec<Row> = case.contestants.iter().map(row).collect();
        if self.plan.cache == Cache::Hot {
            self.read(&source).map_err(place("read", &source))?;
        }
        for round in 0..self.plan.warm_up + self.plan.rounds {
            for who in turns::order(rows.len(), round as usize) {
                let contestant = &case.contestants[who];
                if contestant.left_out.is_some() {
                    continue;
                }
                let counted = (round + 1).saturating_sub(self.plan.warm_up);
                watch.begins(&self.moment(case, &contestant.name, counted));
                if rows[who].outcome == Outcome::Right && !turns::decided(&rows, who) {
                    self.once(
                        case,
                        contestant,
                        &source,
                        found,
                        counted > 0,
                        &mut rows[who],
                    )?;
                }
                self.done += 1;
            }
        }
        for row in &rows {
            let (word, reason) = match &row.outcome {
                Outcome::Wrong(words) => ("WRONG", words.join("; ")),
                Outcome::Failed(words) => ("failed", words.clone()),
                Outcome::Right | Outcome::LeftOut(_) => continue,
            };
            let reason = text::shown(reason.as_bytes());
            watch.says(&format!(
                "{} {}: {}: {word}: {reason}",
                case.suite.name(),
                case.name,
                row.name
            ));
        }
        Ok(CaseResult {
            suite: case.suite,
            name: case.name.clone(),
            files: found.files,
            dirs: found.dirs,
            bytes: found.bytes,
            source_fs: self.fs[0].kind.clone(),
            dest_fs: self.fs[1].kind.clone(),
            same_fs: self.same_fs(),
            cache: self.plan.cache,
            durable: self.plan.durable,
            rows,
        })
    }

    fn moment<'m>(&self, case: &'m Case, who: &'m str, round: u32) -> Moment<'m> {
        let left = (self.done > 0).then(|| {
            let share = (self.total - self.done) as f64 / self.done as f64;
            self.began.elapsed().mul_f64(share)
        });
        Moment {
            suite: case.suite,
            case: &case.name,
            who,
            round,
            rounds: self.plan.rounds,
            done: self.done,
            total: self.total,
            left,
        }
    }

    /// The tree of a case, made unless it is the one that is there.
    fn source(&mut self, case: &Case) -> Result<PathBuf, BenchError> {
        let tree = match &case.source {
            Source::Given(path) => return Ok(path.clone()),
            Source::Made(tree) => *tree,
        };
        let path = self.from.join("source");
        if self.made == Some(tree) {
            return Ok(path);
        }
        self.made = None;
        remove_tree(&path).map_err(place("remove", &path))?;
        let twice = if self.same_fs() { 2 } else { 1 };
        for (dir, needed) in [(self.from, tree.needs() * twice), (self.to, tree.needs())] {
            let free = fs_of(dir)
                .map_err(|errno| place("look at", dir)(errno.into()))?
                .free;
            if free < needed {
                return Err(BenchError::Room {
                    path: dir.to_path_buf(),
                    free,
                    needed,
                });
            }
        }
        tree.make(&path, self.plan.seed, self.stop)
            .map_err(place("make a tree in", self.from))?;
        self.made = Some(tree);
        Ok(path)
    }

    /// One run of one contestant, judged.
    fn once(
        &self,
        case: &Case,
        contestant: &Contestant,
        source: &Path,
        found: Content,
        counts: bool,
        row: &mut Row,
    ) -> Result<(), BenchError> {
        let copy = self.to.join("copy");
        self.settle(source)?;
        let steps: Vec<_> = contestant
            .steps
            .iter()
            .map(|step| {
                step.iter()
                    .map(|words| replaced(words, [source, &copy, &self.to.join(BATCH)]))
                    .collect()
            })
            .collect();
        if !contestant.batch.is_empty() {
            self.batch(&contestant.batch, source, &copy)
                .map_err(place("write in", self.to))?;
        }
        let task = Task {
            steps: &steps,
            // haul does it by itself.
            write_out: (self.plan.durable && contestant.peer).then_some(self.to),
            dir: self.to,
        };
        let measured =
            launch(&self.plan.haul, &task, self.stop).map_err(place("measure in", self.to))?;
        if measured.code == 0 {
            let verdict = self.judge(case, source, &copy, found)?;
            note(row, &measured, &verdict, counts);
        } else {
            let said = last_words(self.to);
            row.outcome = Outcome::Failed(format!("exit {}: {said}", measured.code));
            row.runs.clear();
        }
        remove_tree(&copy).map_err(place("remove", &copy))
    }

    /// Writes the batch of a contestant.
    fn batch(&self, pairs: &[[OsString; 2]], source: &Path, copy: &Path) -> io::Result<()> {
        let mapping = |pair: &[OsString; 2]| {
            let [src, dst] = [0, 1].map(|at| {
                let words = replaced(&pair[at..=at], [source, copy, Path::new(BATCH)]);
                words
                    .first()
                    .map(|word| BytePath::from_bytes(word.as_bytes()))
            });
            serde_json::json!({ "src": src, "dst": dst })
        };
        let mappings: Vec<_> = pairs.iter().map(mapping).collect();
        let batch = serde_json::json!({ "mappings": mappings });
        fs::write(self.to.join(BATCH), batch.to_string())
    }

    fn judge(
        &self,
        case: &Case,
        source: &Path,
        copy: &Path,
        found: Content,
    ) -> Result<Verdict, BenchError> {
        let trees = |source: &Path, copy: &Path, without_vcs: bool| {
            judge(source, copy, without_vcs, self.stop).map_err(place("judge a copy of", source))
        };
        match &case.judged {
            Judged::Copy => trees(source, copy, false),
            Judged::Folders(folders) => {
                let mut whole = Verdict::default();
                for folder in folders {
                    let one = trees(&source.join(folder), &copy.join(folder), true)?;
                    whole.differences += one.differences;
                    whole.wrong.extend(one.wrong);
                    for (what, entries) in one.lost {
                        *whole.lost.entry(what).or_default() += entries;
                    }
                }
                Ok(whole)
            }
            Judged::Count => {
                let said = printed(self.to).map_err(place("read", self.to))?;
                let expected = format!("{} {}", found.files, found.dirs);
                let mut verdict = Verdict::default();
                if said.trim() != expected {
                    verdict.differences = 1;
                    verdict
                        .wrong
                        .push(format!("counted {}, not {expected}", said.trim()));
                }
                Ok(verdict)
            }
        }
    }

    /// Everything is written out, and in memory is what the plan says.
    fn settle(&self, source: &Path) -> Result<(), BenchError> {
        for dir in [self.to, self.from] {
            write_out(dir).map_err(place("write out", dir))?;
        }
        match self.plan.cache {
            Cache::Hot => Ok(()),
            Cache::Cold => each_file(source, self.stop, &mut |path| forget(path))
                .map_err(place("forget", source)),
            Cache::Dropped => {
                forget_everything().map_err(place("drop", Path::new("/proc/sys/vm/drop_caches")))
            }
        }
    }

    fn read(&self, source: &Path) -> io::Result<()> {
        each_file(source, self.stop, &mut |path| {
            io::copy(&mut File::open(path)?, &mut io::sink()).map(|_| ())
        })
    }
}

/// Calls `act` with every regular file of a tree.
fn each_file(
    root: &Path,
    stop: &Stop,
    act: &mut dyn FnMut(&Path) -> io::Result<()>,
) -> io::Result<()> {
    if stop.is_asked() {
        return Err(io::ErrorKind::Interrupted.into());
    }
    let kind = fs::symlink_metadata(root)?.file_type();
    if kind.is_file() {
        return act(root);
    }
    if kind.is_dir() {
        for entry in fs::read_dir(root)? {
            each_file(&entry?.path(), stop, act)?;
        }
    }
    Ok(())
}

/// True where a file system was seen to share blocks. Where that cannot be tried, the suites leave
/// out what only sharing makes worth measuring.
fn shares_blocks(dir: &Path) -> bool {
    let mut names = session::temp_names();
    let trials = probe::Place::at(dir).and_then(|place| place.trials(&mut names));
    trials.is_ok_and(|trials| trials.reflink.works == Some(true))
}
