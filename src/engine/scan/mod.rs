//! The scan: reads the source tree, makes the destination's directories, and hands out slices.
//!
//! One thread a job, depth first, so that few directories are open at a time. It runs ahead of the
//! copy: work is handed over while it goes on, and totals are final only when it has ended. It
//! waits at the job's gate before each directory, for it writes too. Trees are read relative to
//! held descriptors; nothing is opened through a link.

mod lost;
mod mapped;
mod sources;
mod sweep;

use crate::clock;
use crate::engine::failure::{Trouble, dest, no_directory_there, refused_new, source};
use crate::engine::filter::Filter;
use crate::engine::gate::Pass;
use crate::engine::report::{Notable, Notables, Retry, What};
use crate::engine::route::Route;
use crate::engine::shots;
use crate::engine::temp::{TempNames, is_temp};
use crate::engine::tree::{Dir, DirFds, Made, Names, OpenPairs, Slice, SliceBuilder};
use crate::engine::worker::{Bound, Shared, complete, rules};
use crate::proto::{BytePath, ErrorClass, Failure, JobSpec, Op, Operation, Side, Totals};
use crate::sys::{Child, Errno, Kind, Stat, Time};
use std::collections::{HashMap, HashSet};
use std::ffi::{CStr, CString};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Bytes for one `getdents64`: some 2,000 names of a shot directory a call.
const LIST_BUFFER: usize = 128 * 1024;

/// Slices in one report at most, and how long the first may wait.
const REPORT_SLICES: usize = 64;
const REPORT_TIME: Duration = Duration::from_millis(10);

/// A directory still to be scanned.
#[derive(Debug)]
pub struct Subtree {
    parent: Arc<Dir>,
    src_name: CString,
    dst_name: CString,
    /// Device of the source argument.
    home: u64,
    /// Index of the source argument.
    source: u32,
    /// What was counted in it though it could not be made at the destination.
    lost: Totals,
}

impl Subtree {
    /// What was counted as found and failed in it: to be found once more when it is scanned again.
    pub fn lost(&self) -> Totals {
        self.lost
    }

    /// The source argument it is in, by its index.
    pub fn source(&self) -> u32 {
        self.source
    }

    /// Before it is scanned again: its parents wait for it once more.
    pub fn expect_again(&self) {
        self.parent.expect_again();
    }

    /// What failures call it, on either side.
    pub fn paths(&self) -> [BytePath; 2] {
        let of = |side, name: &CStr| self.parent.full_path(side, Some(name));
        [
            of(Side::Source, &self.src_name),
            of(Side::Dest, &self.dst_name),
        ]
    }

    /// The directory it is in.
    pub fn parent(&self) -> &Arc<Dir> {
        &self.parent
    }
}

/// What to scan.
#[derive(Debug)]
pub struct Assignment {
    /// Indexes of source arguments.
    pub sources: Vec<usize>,
    /// Directories that failed before.
    pub subtrees: Vec<Subtree>,
    /// The first free entry number.
    pub next: u32,
    /// Times that source directories had before an earlier run of a move removed something in them.
    pub times: DirTimes,
}

/// Times of source directories, by device and inode.
#[derive(Clone, Debug, Default)]
pub struct DirTimes(HashMap<(u64, u64), [Time; 2]>);

impl DirTimes {
    /// What a directory had when it was opened first; a place has nothing to be kept.
    pub fn remember(&mut self, dir: &Dir) {
        if let Some((_, _, stat)) = dir.in_parent() {
            let times = [stat.atime, stat.mtime];
            self.0.entry((stat.dev, stat.ino)).or_insert(times);
        }
    }

    fn put_back(&self, stat: Stat) -> Stat {
        match self.0.get(&(stat.dev, stat.ino)) {
            Some([atime, mtime]) => Stat {
                atime: *atime,
                mtime: *mtime,
                ..stat
            },
            None => stat,
        }
    }
}

/// The thread's state.
#[derive(Debug)]
pub struct Scan {
    shared: Arc<Shared>,
    spec: Arc<JobSpec>,
    filter: Filter,
    open: Arc<OpenPairs>,
    routes: Vec<Arc<Route>>,
    /// What is written to at the top, as device and inode: never read, however the source leads there.
    tops: HashSet<(u64, u64)>,
    /// The last place that was made, for sources of the same parent and the same destination.
    place: Option<([PathBuf; 2], Arc<Dir>)>,
    next: u32,
    stack: Vec<Subtree>,
    found: Vec<Arc<Slice>>,
    /// Source directories of a move that were not reported yet.
    dirs: Vec<Arc<Dir>>,
    /// Everything found, until the sequences among it are.
    all: Vec<Arc<Slice>>,
    totals: Totals,
    since: Instant,
    buffer: Vec<MaybeUninit<u8>>,
    notables: Notables,
    alive: bool,
    /// Nothing was left out because the job was cancelled.
    whole: bool,
    /// Directories that get single files and were looked through for orphans: device and inode.
    swept: HashSet<(u64, u64)>,
    times: DirTimes,
}

impl Scan {
    /// A scan for a job; `routes` is what earlier scans of it learnt.
    pub fn new(shared: Arc<Shared>, spec: Arc<JobSpec>, filter: Filter) -> Self {
        Self {
            shared,
            spec,
            filter,
            open: OpenPairs::new(crate::sys::open_files()),
            routes: Vec::new(),
            tops: HashSet::new(),
            place: None,
            next: 0,
            stack: Vec::new(),
            found: Vec::new(),
            dirs: Vec::new(),
            all: Vec::new(),
            totals: Totals::default(),
            since: clock::now(),
            buffer: vec![MaybeUninit::uninit(); LIST_BUFFER],
            notables: Notables::default(),
            alive: true,
            whole: true,
            swept: HashSet::new(),
            times: DirTimes::default(),
        }
    }

    /// Scans; the thread's whole life.
    pub fn run(mut self, assignment: Assignment) {
        self.next = assignment.next;
        self.times = assignment.times;
        let begun = !assignment.subtrees.is_empty();
        self.stack = assignment.subtrees;
        self.descend();
        let begun = self.sources(&assignment.sources) || begun;
        self.flush();
        let notables = Box::new(std::mem::take(&mut self.notables));
        self.shared.report(What::ScanNotices(notables));
        let whole = self.whole;
        self.shared.report(What::ScanEnded { begun, whole });
        // Nothing waits for it: what is copied already is counted when it comes.
        if whole {
            let types = shots::types_of(&self.spec);
            self.shared
                .report(What::Shots(shots::find(&self.all, &types)));
        }
    }

    /// The route between two devices; a device that is new as a destination is reported for the
    /// flush at the end.
    fn route(&mut self, fds: &DirFds, src_dev: u64, dst_dev: u64) -> Result<Arc<Route>, Trouble> {
        let known = |route: &&Arc<Route>| route.src_dev == src_dev && route.dst_dev == dst_dev;
        if let Some(route) = self.routes.iter().find(known) {
            return Ok(route.clone());
        }
        let shared = self.shared.clone();
        let sys = &*shared.sys;
        let src_kind = sys.space(fds.src()).map_err(source(Op::Stat))?.kind;
        let dst_kind = sys.space(fds.dst()).map_err(dest(Op::Stat))?.kind;
        if !self.routes.iter().any(|route| route.dst_dev == dst_dev) {
            let fd = self.flushable(fds)?;
            self.report(What::Targets(vec![fd]));
        }
        let route = Arc::new(
            Route::new(src_dev, dst_dev, src_kind, dst_kind)
                .letting_pages_go(self.spec.durability, crate::sys::kernel_lets_pages_go()),
        );
        self.routes.push(route.clone());
        Ok(route)
    }

    /// A descriptor by which the destination's file system can be flushed. One that is only a place
    /// cannot (syncfs(2)): a file that is made for it, and has no name any more, stands in.
    fn flushable(&self, fds: &DirFds) -> Result<OwnedFd, Trouble> {
        let sys = &*self.shared.sys;
        match sys.open_dir(fds.dst(), c".") {
            Err(Errno::ACCESS) => {
                let name = TempNames::fresh().draw();
                let fd = sys.create_new(fds.dst(), &name).map_err(dest(Op::Create))?;
                sys.unlink(fds.dst(), &name).map_err(dest(Op::Remove))?;
                Ok(fd)
            }
            opened => opened.map_err(dest(Op::Open)),
        }
    }

    fn descend(&mut self) {
        while let Some(subtree) = self.stack.pop() {
            self.shared.gate.enter();
            let stopped = self.shared.gate.look() == Pass::Stop || !self.alive;
            if stopped || self.shared.outage.is_given_up() {
                self.whole = false;
                self.complete(&subtree.parent);
            } else {
                self.subtree(subtree);
            }
            self.shared.gate.leave();
        }
    }

    fn subtree(&mut self, mut subtree: Subtree) {
        let shared = self.shared.clone();
        match shared.with_files(|| self.open(&subtree)) {
            Ok((dir, entered)) => {
                self.totals.dirs += 1;
                if self.spec.operation == Operation::Move {
                    self.dirs.push(dir.clone());
                }
                if !entered {
                    self.notables.add_at(Notable::OtherFileSystems, || {
                        dir.full_path(Side::Source, None)
                    });
                } else if let Err(trouble) = self.list(&dir, subtree.home) {
                    // What was listed before stays listed; the directory as a whole failed.
                    let path = dir.full_path(trouble.side, None);
                    self.report(What::Spoilt(dir.source()));
                    self.fail(trouble, path, 0, Retry::Never);
                }
                self.complete(&dir);
                self.flush_if_due();
            }
            Err(trouble) if self.waited_below(&subtree.parent, &trouble) => {
                self.stack.push(subtree);
            }
            Err(trouble) => {
                let name: &CStr = match trouble.side {
                    Side::Source => &subtree.src_name,
                    Side::Dest => &subtree.dst_name,
                };
                let path = subtree.parent.full_path(trouble.side, Some(name));
                let parent = subtree.parent.clone();
                self.report(What::Spoilt(Some(subtree.source)));
                subtree.lost = match trouble.side {
                    Side::Source => Totals::default(),
                    Side::Dest => self.lost(&subtree),
                };
                let lost = subtree.lost;
                self.report(What::Lost(lost, None));
                let retry = match trouble.class {
                    ErrorClass::Refused => Retry::Never,
                    _ => Retry::Subtree(Box::new(subtree)),
                };
                self.fail(trouble, path, lost.files, retry);
                self.complete(&parent);
            }
        }
    }

    /// Tells a failure, which stands for so many files below it, and the cause where it was one too
    /// many of its kind.
    fn fail(&mut self, trouble: Trouble, path: BytePath, below: u64, retry: Retry) {
        let cause = self.shared.outage.failed(&trouble);
        let gone = cause.map(|words| Trouble {
            words: Some(words),
            ..trouble.clone()
        });
        let failure = Failure {
            below,
            ..trouble.failure(None, path.clone())
        };
        self.report(What::ScanFailed(failure, retry));
        if let Some(gone) = gone {
            self.report(What::ScanFailed(gone.failure(None, path), Retry::Never));
        }
    }

    /// Waits for room where that was the trouble and the job is to wait; false where not.
    fn waited_for_room(&mut self, dir: BorrowedFd<'_>, trouble: &Trouble) -> bool {
        let (ErrorClass::Space, Some(errno)) = (trouble.class, trouble.errno) else {
            return false;
        };
        let shared = self.shared.clone();
        shared.meet_no_room(dir, errno);
        if !shared.room.waits() {
            return false;
        }
        self.flush();
        shared.wait_for_room(dir, 0, || false);
        true
    }

    fn waited_below(&mut self, parent: &Arc<Dir>, trouble: &Trouble) -> bool {
        let fds = parent.acquire(&*self.shared.sys);
        // Nowhere to wait: the caller tells the trouble that it has.
        fds.is_ok_and(|fds| self.waited_for_room(fds.dst(), trouble))
    }

    /// Opens a directory on both sides, making it at the destination. False with it when it is a
    /// mount point that is not to be entered.
    fn open(&mut self, subtree: &Subtree) -> Result<(Arc<Dir>, bool), Trouble> {
        let shared = self.shared.clone();
        let sys = &*shared.sys;
        let Subtree {
            parent,
            src_name,
            dst_name,
            home,
            source: index,
            lost: _,
        } = subtree;
        let up = parent.acquire(sys)?;
        let follow = self.spec.follow_links;
        let src = if follow {
            sys.open_dir_followed(up.src(), src_name)
        } else {
            sys.open_dir(up.src(), src_name)
        }
        .map_err(source(Op::Open))?;
        let stat = sys.stat(src.as_fd()).map_err(source(Op::Stat))?;
        let stat = self.times.put_back(stat);
        if self.tops.contains(&(stat.dev, stat.ino)) {
            return Err(Trouble::own(
                Op::Open,
                Side::Source,
                ErrorClass::Refused,
                "this is the destination itself, reached from inside the source",
            ));
        }
        if parent.is_source_at_or_above(&stat) {
            return Err(Trouble::own(
                Op::Open,
                Side::Source,
                ErrorClass::Refused,
                "directory contains itself (a mount of or a link to its own parent)",
            ));
        }
        let fresh = if dst_name.as_c_str() == c"." {
            false
        } else {
            match sys.make_dir(up.dst(), dst_name) {
                Ok(()) => true,
                Err(Errno::EXIST) => false,
                Err(errno) => return Err(refused_new(sys, up.dst(), Op::MakeDir, errno)),
            }
        };
        let dst = sys
            .open_dir(up.dst(), dst_name)
            .map_err(|errno| match errno {
                Errno::LOOP | Errno::NOTDIR => no_directory_there(),
                errno => Trouble::kernel(Op::Open, Side::Dest, errno),
            })?;
        let dst_stat = sys.stat(dst.as_fd()).map_err(dest(Op::Stat))?;
        if dst_stat.same_inode(&stat) {
            return Err(Trouble::own(
                Op::Compare,
                Side::Source,
                ErrorClass::Refused,
                "source and destination are the same directory",
            ));
        }
        if !fresh && dst_name.as_c_str() != c"." {
            // Two directories of the source that the destination takes for one are not mixed.
            let bound = Bound {
                src: up.src(),
                dst: up.dst(),
                name: dst_name,
            };
            if parent.is_made() {
                bound.refuse_if_taken_by_twin(sys)?;
            } else if src_name == dst_name {
                bound.refuse_if_folded(sys, &dst_stat)?;
            }
        }
        if parent.is_place() {
            self.tops.insert((dst_stat.dev, dst_stat.ino));
        }
        let fds = DirFds::new(src, dst, &self.open);
        let route = self.route(&fds, stat.dev, dst_stat.dev)?;
        if !fresh {
            self.sweep(&fds);
        }
        let made = Made {
            fresh,
            rules: rules(sys, fds.dst(), fresh),
        };
        let entered = !self.spec.one_file_system || stat.dev == *home;
        let names = Names {
            src: src_name.clone(),
            dst: dst_name.clone(),
            follow,
        };
        Ok((
            Dir::child(parent, *index, names, stat, fds, route, made),
            entered,
        ))
    }

    /// Lists a directory: files into slices, directories onto the stack.
    fn list(&mut self, dir: &Arc<Dir>, home: u64) -> Result<(), Trouble> {
        let shared = self.shared.clone();
        let sys = &*shared.sys;
        let fds = dir.acquire(sys)?;
        let mut builder = SliceBuilder::new(dir.clone());
        let mut below = Vec::new();
        // Names stay where the kernel put them until they are in a slice: no allocation a file.
        let mut buffer = std::mem::take(&mut self.buffer);
        let result = loop {
            let more = sys.list(fds.src(), &mut buffer, &mut |child| {
                // A directory can hold a million names, and every one may be asked about.
                if self.may_go_on() {
                    self.child(dir, &fds, home, &mut builder, &mut below, &child);
                }
            });
            match more {
                Ok(true) if self.may_go_on() => self.flush_if_due(),
                Ok(_) => break Ok(()),
                Err(errno) => break Err(Trouble::kernel(Op::List, Side::Source, errno)),
            }
        };
        self.buffer = buffer;
        let slice = builder.take(&mut self.next);
        self.found.extend(slice);
        // Reversed: the stack gives them back in the order they were met.
        while let Some(subtree) = below.pop() {
            self.stack.push(subtree);
        }
        result
    }

    fn child(
        &mut self,
        dir: &Arc<Dir>,
        fds: &DirFds,
        home: u64,
        builder: &mut SliceBuilder,
        below: &mut Vec<Subtree>,
        child: &Child<'_>,
    ) {
        let (name, kind) = (child.name, child.kind);
        if is_temp(name.to_bytes()) {
            self.notables.add(Notable::TemporariesSkipped, 1);
            return;
        }
        // Directories need no metadata yet: they are looked at when they are opened.
        let sys = self.shared.sys.clone();
        let look = || match sys.stat_at(fds.src(), name) {
            Ok(stat) if stat.kind == Kind::Link && self.spec.follow_links => {
                sys.stat_followed(fds.src(), name)
            }
            looked => looked,
        };
        let stat = match kind {
            Some(Kind::Dir) => None,
            _ => match look() {
                Ok(stat) => Some(stat),
                Err(errno) => {
                    let trouble = Trouble::kernel(Op::Stat, Side::Source, errno);
                    let path = dir.full_path(Side::Source, Some(name));
                    self.report(What::Spoilt(dir.source()));
                    self.fail(trouble, path, 0, Retry::Never);
                    return;
                }
            },
        };
        let is_dir = stat.is_none_or(|stat| stat.kind == Kind::Dir);
        if !self.filter.is_empty() {
            let inner = dir.inner_path(name);
            if self.filter.leaves_out(name.to_bytes(), &inner, is_dir) {
                self.notables.add(Notable::Excluded, 1);
                return;
            }
        }
        match stat {
            Some(stat) if !is_dir => {
                self.count(&stat);
                if builder.push(name, &stat) {
                    let slice = builder.take(&mut self.next);
                    self.found.extend(slice);
                    self.flush_if_due();
                }
            }
            _ => {
                dir.expect();
                below.push(Subtree {
                    parent: dir.clone(),
                    src_name: name.to_owned(),
                    dst_name: name.to_owned(),
                    home,
                    // Only a place has none, and a place is never listed.
                    source: dir.source().unwrap_or(u32::MAX),
                    lost: Totals::default(),
                });
            }
        }
    }

    fn count(&mut self, stat: &Stat) {
        self.totals.files += 1;
        if stat.kind == Kind::File {
            self.totals.bytes += stat.size;
        }
    }

    /// Waits while the job is held. False once it was stopped: something is left out then.
    fn may_go_on(&mut self) -> bool {
        let gate = &self.shared.gate;
        let goes_on = match gate.look() {
            Pass::Go => true,
            Pass::Hold => gate.wait(),
            Pass::Stop => false,
        };
        let goes_on = goes_on && !self.shared.outage.is_given_up();
        self.whole &= goes_on;
        goes_on
    }

    fn complete(&mut self, dir: &Arc<Dir>) {
        let shared = self.shared.clone();
        let mut failures = Vec::new();
        let notables = &mut self.notables;
        complete(
            &shared,
            dir,
            &mut |failure, dir| failures.push((failure, dir.clone())),
            &mut |what, dir| notables.add_at(what, || dir.full_path(Side::Dest, None)),
        );
        for (failure, dir) in failures {
            self.report(What::ScanFailed(failure, Retry::Dir(dir)));
        }
    }

    fn report(&mut self, what: What) {
        self.alive &= self.shared.report(what);
    }

    fn flush_if_due(&mut self) {
        if self.found.len() >= REPORT_SLICES || self.since.elapsed() >= REPORT_TIME {
            self.flush();
        }
    }

    fn flush(&mut self) {
        self.since = clock::now();
        if !self.dirs.is_empty() {
            let dirs = std::mem::take(&mut self.dirs);
            self.report(What::Dirs(dirs));
        }
        if self.found.is_empty() && self.totals == Totals::default() {
            return;
        }
        let found = std::mem::take(&mut self.found);
        self.all.extend(found.iter().cloned());
        let totals = std::mem::take(&mut self.totals);
        self.report(What::Found(found, totals));
    }
}
