//! What a job would do, counted for a door before it is begun. Reads, never writes.
//!
//! One thread a plan; jwalk reads the source trees ahead of it. By path: a tree that changes
//! meanwhile makes the count wrong, never the copy.

use super::failure::{self, Trouble, source};
use super::filter::Filter;
use super::job::{wanted, workers};
use super::mix::Mix;
use super::profile;
use super::report::{Report, What};
use super::resolve::{self, Target};
use super::room;
use super::route::Route;
use super::shots::{Counter, types_of};
use super::temp::is_temp;
use super::threads;
use super::worker::{contain, is_same_time};
use crate::clock;
use crate::proto::{
    Best, BytePath, Conflict, ConflictSample, ErrorClass, JobId, JobSpec, Mark, Naming, Op, Plan,
    PlanId, Preview, Side, Sparse, Strategy, Totals,
};
use crate::sys::walk::{self, Bounds, Met};
use crate::sys::{Errno, Kind, Space, Stat, Sys, may_make_in, may_share_blocks};
use std::collections::HashSet;
use std::ffi::{CStr, CString, OsStr};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// Samples of conflicts shown.
const SAMPLES: usize = 20;
/// Problems told one by one; those beyond are counted.
const PROBLEMS: usize = 100;
/// How often the door hears of the progress.
const TELL: Duration = Duration::from_millis(100);

struct Count {
    sys: Arc<dyn Sys>,
    spec: JobSpec,
    filter: Arc<Filter>,
    stop: Arc<AtomicBool>,
    reports: mpsc::Sender<Report>,
    plan: Plan,
    shots: Counter,
    told: Instant,
    alive: bool,
    /// What moves the sizes found, once the route is known.
    mix: Option<Mix>,
    /// The directory that was last asked whether something can be made in it, and its answer.
    writable: Option<(PathBuf, Result<(), Errno>)>,
}

/// Begins to count on a thread of its own; answers arrive as [`What::Plan`] until one is final.
///
/// # Errors
/// No thread can be had: the plan that says so, which is final.
pub fn spawn(
    sys: Arc<dyn Sys>,
    id: PlanId,
    spec: JobSpec,
    stop: Arc<AtomicBool>,
    reports: mpsc::Sender<Report>,
) -> Result<(), Box<Plan>> {
    let (file_workers, chunk_workers) = workers(&spec, Best::default());
    let plan = Plan {
        plan: id,
        is_final: false,
        found: Totals::default(),
        new: 0,
        identical: 0,
        identical_bytes: 0,
        conflicts: 0,
        samples: Vec::new(),
        unreachable: 0,
        new_dirs: 0,
        new_bytes: 0,
        conflict_bytes: 0,
        newer_bytes: 0,
        free: None,
        free_inodes: None,
        problems: Vec::new(),
        more_problems: 0,
        preview: Preview {
            file_workers,
            chunk_workers,
            strategy: spec.strategy,
            ..Preview::default()
        },
        shots: crate::proto::PlanShots::default(),
    };
    let first = spec.sources.first().cloned().unwrap_or_default();
    let mut unbegun = Box::new(Plan {
        is_final: true,
        ..plan.clone()
    });
    let begin = move || {
        let (filter, bad_glob) = match Filter::new(&spec.filters) {
            Ok(filter) => (filter, None),
            Err(words) => (Filter::default(), Some(words)),
        };
        let shots = Counter::new(types_of(&spec));
        let mut count = Count {
            sys,
            spec,
            filter: Arc::new(filter),
            stop,
            reports,
            plan,
            shots,
            told: clock::now(),
            alive: true,
            mix: None,
            writable: None,
        };
        if let Some(words) = bad_glob {
            let dest = count.spec.dest.clone();
            count.problem(
                Trouble::own(Op::Resolve, Side::Source, ErrorClass::Other, words),
                dest,
            );
        } else if let Err(defect) = contain(|| count.all()) {
            // A door waits for a plan that is final: it gets one.
            let dest = count.spec.dest.clone();
            count.problem(defect, dest);
        }
        count.shots.end(&mut count.plan.shots);
        count.plan.is_final = true;
        count.tell();
    };
    threads::spawn("haul-plan", begin).map_err(|error| {
        let words = format!("no thread to count with: {error}");
        let trouble = Trouble::own(Op::Resolve, Side::Source, ErrorClass::Other, words);
        unbegun.problems.push(trouble.failure(None, first));
        unbegun
    })
}

impl Count {
    fn tell(&mut self) {
        self.told = clock::now();
        if let Some(mix) = &self.mix {
            mix.tell(&mut self.plan.preview);
        }
        let what = What::Plan(Box::new(self.plan.clone()));
        self.alive &= self
            .reports
            .blocking_send(Report {
                job: JobId(0),
                what,
            })
            .is_ok();
    }

    fn stopped(&self) -> bool {
        !self.alive || self.stop.load(Ordering::Relaxed)
    }

    fn problem(&mut self, trouble: Trouble, path: BytePath) {
        if self.plan.problems.len() < PROBLEMS {
            self.plan.problems.push(trouble.failure(None, path));
        } else {
            self.plan.more_problems += 1;
        }
    }

    /// Each source has a new name of its own. What is not there yet is not made for counting.
    fn mapped(&mut self) {
        let spec = self.spec.clone();
        let mut names = HashSet::new();
        let mut devices = HashSet::new();
        for (src, dst) in spec.sources.iter().zip(&spec.targets) {
            if self.stopped() {
                return;
            }
            let sys = self.sys.clone();
            let counted = resolve::new_name(dst)
                .and_then(|new| resolve::unmade(&*sys, &new))
                .and_then(|target| {
                    if devices.insert(target.above.first().map(|dir| dir.dev)) {
                        // Room on several file systems is no one figure.
                        let space = room::space(&*sys, target.dir.as_fd());
                        self.room(space.filter(|_| devices.len() == 1));
                    }
                    self.source(src, &target, &mut names)
                });
            if let Err(trouble) = counted {
                let path = match trouble.side {
                    Side::Source => src,
                    Side::Dest => dst,
                };
                self.problem(trouble, path.clone());
            }
        }
    }

    fn room(&mut self, space: Option<Space>) {
        self.plan.free = space.map(|space| space.free);
        let limited = space.filter(|space| space.inodes_total > 0);
        self.plan.free_inodes = limited.map(|space| space.inodes_free);
    }

    fn all(&mut self) {
        let spec = self.spec.clone();
        if spec.naming == Naming::Mapped {
            self.mapped();
            return;
        }
        let target = match resolve::target(&*self.sys, &spec.dest, spec.naming, spec.sources.len())
        {
            Ok(target) => target,
            Err(trouble) => {
                self.problem(trouble, spec.dest.clone());
                return;
            }
        };
        self.room(room::space(&*self.sys, target.dir.as_fd()));
        let mut names = HashSet::new();
        for path in &spec.sources {
            if self.stopped() {
                return;
            }
            if let Err(trouble) = self.source(path, &target, &mut names) {
                let path = if trouble.side == Side::Source {
                    path.clone()
                } else {
                    spec.dest.clone()
                };
                self.problem(trouble, path);
            }
        }
    }

    fn source(
        &mut self,
        path: &BytePath,
        target: &Target,
        names: &mut HashSet<PathBuf>,
    ) -> Result<(), Trouble> {
        let sys = self.sys.clone();
        let origin = resolve::origin(path)?;
        let found = resolve::find(&*sys, &origin, self.spec.follow_links)?;
        let name = target.name.clone().unwrap_or_else(|| origin.name.clone());
        if name.as_c_str() == c"." {
            if target
                .above
                .iter()
                .any(|above| above.same_inode(&found.stat))
            {
                let words = "a directory cannot be copied into itself";
                return Err(Trouble::own(
                    Op::Compare,
                    Side::Source,
                    ErrorClass::Refused,
                    words,
                ));
            }
        } else {
            let dest = target.path.join(OsStr::from_bytes(name.to_bytes()));
            if !names.insert(dest) {
                let words = "another source has the same name at the destination";
                return Err(Trouble::own(
                    Op::Compare,
                    Side::Source,
                    ErrorClass::Refused,
                    words,
                ));
            }
            resolve::check(&*sys, &found.stat, target, &name)?;
        }
        self.preview(&found.stat, &found, target);
        let dest = if name.as_c_str() == c"." {
            target.path.clone()
        } else {
            resolve::tidy(&target.path).join(OsStr::from_bytes(name.to_bytes()))
        };
        // Of a directory that is still to be made the nearest one above it is asked.
        self.writable = dest
            .parent()
            .map(|parent| (parent.to_path_buf(), may_make_in(target.dir.as_fd())));
        if found.stat.kind == Kind::Dir {
            self.tree(path.as_path(), &dest, found.stat.dev);
        } else {
            self.shots
                .meet(path.as_path(), &found.stat, &mut self.plan.shots);
            self.entry(&found.stat, path.as_path(), &dest, &name, true);
        }
        if self.told.elapsed() >= TELL {
            self.tell();
        }
        Ok(())
    }

    fn preview(&mut self, stat: &Stat, found: &resolve::Found, target: &Target) {
        if !self.plan.preview.source_fs.is_empty() {
            return;
        }
        // A kind that nobody tells is an unknown one: no strategy is left out for it.
        let kind = |fd| {
            room::space(&*self.sys, fd)
                .map(|space| space.kind)
                .unwrap_or_default()
        };
        let src_kind = kind(found.parent.as_fd());
        let dst_kind = kind(target.dir.as_fd());
        let dst_dev = target.above.first().map_or(0, |dir| dir.dev);
        let route = Route::new(stat.dev, dst_dev, src_kind, dst_kind)
            .letting_pages_go(self.spec.durability, crate::sys::kernel_lets_pages_go());
        if !may_share_blocks(target.dir.as_fd(), dst_kind) {
            // The words are for a job's notices.
            route.refused(Strategy::Reflink, Errno::OPNOTSUPP);
        }
        let chunk = self.spec.tuning.chunk_size.unwrap_or(super::chunk::DEFAULT);
        let best = profile::best(&*self.sys, &self.spec, stat.dev, dst_dev);
        let preview = &mut self.plan.preview;
        (preview.file_workers, preview.chunk_workers) = workers(&self.spec, best);
        let wanted = wanted(&self.spec, best, preview.chunk_workers, chunk);
        let mix = Mix::new(route, wanted);
        mix.tell(preview);
        self.mix = Some(mix);
        preview.source_fs = src_kind.name();
        preview.dest_fs = dst_kind.name();
    }

    /// A directory: read ahead of this thread; what is left out is not entered.
    fn tree(&mut self, root: &Path, dest: &Path, device: u64) {
        let fresh = matches!(walk::stat(dest), Err(Errno::NOENT));
        let filter = self.filter.clone();
        let keep = move |below: &Path, name: &OsStr, is_dir: bool| {
            !is_temp(name.as_bytes()) && !filter.leaves_out(name.as_bytes(), below, is_dir)
        };
        let bounds = Bounds {
            follow_links: self.spec.follow_links,
            device: self.spec.one_file_system.then_some(device),
        };
        // Directories that cannot be at the destination, and with them what is in them.
        let mut refused: Vec<PathBuf> = Vec::new();
        walk::walk(root, bounds, Arc::new(keep), |met| {
            let is_refused = |path: &Path| refused.iter().any(|refused| path.starts_with(refused));
            match met {
                Met::Unreadable(path, _) if is_refused(&path) => {}
                Met::Dir(path) if is_refused(&path) => {
                    self.plan.found.dirs += 1;
                    self.plan.unreachable += 1;
                }
                Met::Entry(path, stat) if is_refused(&path) => {
                    self.found(&stat);
                    self.plan.unreachable += 1;
                }
                Met::Dir(path) => {
                    self.plan.found.dirs += 1;
                    let below = path.strip_prefix(root).unwrap_or(&path);
                    let may_be = if fresh && !below.as_os_str().is_empty() {
                        self.plan.new_dirs += 1;
                        true
                    } else {
                        self.may_be_dir(dest, below)
                    };
                    if !may_be {
                        refused.push(path);
                    }
                }
                Met::Entry(path, stat) => {
                    let below = path.strip_prefix(root).unwrap_or(&path);
                    self.shots.meet(&path, &stat, &mut self.plan.shots);
                    // A path that the kernel gave has no zero byte to refuse.
                    let name = CString::new(below.as_os_str().as_bytes()).unwrap_or_default();
                    self.entry(&stat, &path, &dest.join(below), &name, !fresh);
                }
                Met::Unreadable(path, errno) => {
                    self.problem(source(Op::List)(errno), BytePath::from(path));
                }
            }
            if self.told.elapsed() >= TELL {
                self.tell();
            }
            !self.stopped()
        });
    }

    /// True unless a directory can neither be entered nor made at the destination: because something
    /// that is no directory, links to one included, has its name (that of the root was looked at
    /// before), or nothing can be made where it is to be. Then the plan has a problem, as the copy
    /// will.
    fn may_be_dir(&mut self, root: &Path, below: &Path) -> bool {
        let is_root = below.as_os_str().is_empty();
        let path;
        let dest = if is_root {
            root
        } else {
            path = root.join(below);
            &path
        };
        let trouble = match walk::stat(dest) {
            Ok(there) if there.kind == Kind::Dir || is_root => return true,
            Ok(_) => failure::no_directory_there(),
            Err(Errno::NOENT) => match self.may_make(dest) {
                Ok(()) => {
                    self.plan.new_dirs += 1;
                    return true;
                }
                Err(errno) => failure::dest(Op::MakeDir)(errno),
            },
            // What cannot be looked at is told of each entry in it.
            Err(_) => return true,
        };
        self.problem(trouble, BytePath::from(dest));
        false
    }

    /// Whether the directory that `dest` is to be in takes new names. What is not there yet is made
    /// by this user, and takes them.
    fn may_make(&mut self, dest: &Path) -> Result<(), Errno> {
        let Some(parent) = dest.parent() else {
            return Ok(());
        };
        if let Some((asked, answer)) = &self.writable
            && asked == parent
        {
            return *answer;
        }
        let answer = match walk::may_make_in(parent) {
            Err(Errno::NOENT) => Ok(()),
            answer => answer,
        };
        self.writable = Some((parent.to_path_buf(), answer));
        answer
    }

    fn will_move(&mut self, stat: &Stat) {
        if stat.kind == Kind::File
            && let Some(mix) = &mut self.mix
        {
            mix.add(stat.size);
        }
    }

    /// Counts an entry that was met; the bytes that its copy takes.
    fn found(&mut self, stat: &Stat) -> u64 {
        self.plan.found.files += 1;
        if stat.kind != Kind::File {
            return 0;
        }
        self.plan.found.bytes += stat.size;
        if self.spec.sparse != Sparse::Never && stat.looks_sparse() {
            stat.blocks.saturating_mul(512)
        } else {
            stat.size
        }
    }

    /// Counts an entry and compares it with what is at the destination. Where that cannot be looked
    /// at, or nothing can be made there, the plan has a problem.
    fn entry(&mut self, stat: &Stat, path: &Path, dest: &Path, name: &CStr, look: bool) {
        let size = if stat.kind == Kind::File {
            stat.size
        } else {
            0
        };
        let takes = self.found(stat);
        let there = match look.then(|| walk::stat(dest)) {
            Some(Ok(there)) => there,
            told => {
                let trouble = match told {
                    // Below a directory that is made by this job.
                    None => None,
                    Some(Err(errno)) if !matches!(errno, Errno::NOENT | Errno::NOTDIR) => {
                        Some(failure::dest(Op::Stat)(errno))
                    }
                    Some(_) => self.may_make(dest).err().map(failure::dest(Op::Create)),
                };
                if let Some(trouble) = trouble {
                    self.problem(trouble, BytePath::from(dest));
                    return;
                }
                self.plan.new += 1;
                self.plan.new_bytes += takes;
                self.will_move(stat);
                return;
            }
        };
        if there.kind == Kind::Dir {
            let trouble = failure::directory_there(stat.kind);
            self.problem(trouble, BytePath::from(dest));
            return;
        }
        let same = there.kind == stat.kind
            && match stat.kind {
                Kind::File => there.size == size && is_same_time(stat.mtime, there.mtime),
                Kind::Link => walk::read_link(path)
                    .is_ok_and(|target| walk::read_link(dest).is_ok_and(|there| there == target)),
                _ => there.rdev == stat.rdev && is_same_time(stat.mtime, there.mtime),
            };
        if same {
            self.plan.identical += 1;
            self.plan.identical_bytes += size;
            return;
        }
        let newer = stat.mtime > there.mtime;
        let is_copied = match self.spec.conflict {
            Conflict::Refuse | Conflict::Skip | Conflict::Ask => false,
            Conflict::Newer => newer,
            Conflict::Overwrite | Conflict::Rename => true,
        };
        if is_copied {
            if let Err(errno) = self.may_make(dest) {
                self.problem(failure::dest(Op::Create)(errno), BytePath::from(dest));
                return;
            }
            self.will_move(stat);
        }
        self.plan.conflicts += 1;
        self.plan.conflict_bytes += takes;
        self.plan.newer_bytes += [0, takes][usize::from(newer)];
        if self.plan.samples.len() < SAMPLES {
            self.plan.samples.push(ConflictSample {
                path: BytePath::from_bytes(name.to_bytes()),
                source_size: size,
                dest_size: there.size,
                newer: match stat.mtime.cmp(&there.mtime) {
                    std::cmp::Ordering::Greater => Mark::Source,
                    std::cmp::Ordering::Less => Mark::Dest,
                    std::cmp::Ordering::Equal => Mark::Same,
                },
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::threads::refusal::refuse;
    use crate::sys::Real;

    #[test]
    fn without_a_thread_the_plan_says_so_and_is_final() {
        let (reports, _kept) = mpsc::channel(1);
        refuse(Some("haul-plan"));
        let spec = JobSpec::default();
        let told = spawn(Arc::new(Real), PlanId(7), spec, Arc::default(), reports);
        refuse(None);
        let plan = told.expect_err("refused");
        assert!(plan.is_final && plan.plan == PlanId(7));
        assert!(plan.problems[0].reason.contains("no thread"), "{plan:?}");
    }
}
