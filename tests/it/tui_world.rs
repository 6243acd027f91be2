//! A made-up world for the screen's tests: directories, jobs, and keys typed into a model.

use crossterm::event::KeyEvent;
use haul::proto::{
    BytePath, Conflict, Durability, ErrorClass, Failure, FailureFold, FailuresBy, FailuresPage,
    FileId, FilePhase, FileRow, FlushView, JobId, JobState, JobView, Lane, Notice, Op, Plan,
    PlanId, Preview, Side as TreeSide, Snapshot, Start, Strategy, StrategyUse, Totals, Update,
    WorkerId, WorkerRow,
};
use haul::sequence::FrameTypes;
use haul::sys::listing::{Details, Kind, Space};
use haul::tui::browse::{Entries, FoldSum, Side};
use haul::tui::look::Look;
use haul::tui::model::Model;
use haul::tui::msg::{Effect, Listing, Msg};
use haul::tui::theme::Theme;
use haul::tui::{Settings, keymap, update, view};
use jiff::tz::TimeZone;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use std::sync::Arc;

pub const MIB: u64 = 1 << 20;
pub const GIB: u64 = 1 << 30;

/// Details that are made up from the name: frame 1107 is empty, frame 1120 was cut short.
fn made_up(entry: u32, name: &[u8]) -> Details {
    let has = |part: &[u8]| name.windows(part.len()).any(|at| at == part);
    let size = match name {
        _ if has(b"1107") => 0,
        _ if has(b"1120") => 700,
        name => 1000 * (name.len() as u64).pow(3),
    };
    Details {
        kind: if name.ends_with(b"latest") {
            Kind::Link
        } else {
            Kind::File
        },
        size,
        mtime: 1_790_000_000 + i64::from(entry) * 86_400,
    }
}

/// A model, what it wants done, and somebody at the keyboard.
pub struct World {
    pub model: Model,
    pub effects: Vec<Effect>,
}

impl World {
    /// Two panes that have not been read yet.
    pub fn blank(width: u16, height: u16) -> Self {
        let look = Look {
            ascii: true,
            theme: Theme::default(),
        };
        let mut model = Model::new(
            &Settings::default(),
            "/mnt/nas/ABC/sh010".into(),
            "/mnt/fast/ABC/sh010".into(),
            Some("/home/ana".into()),
            look,
            TimeZone::UTC,
        );
        model.size = (width, height);
        let effects = update::begin(&mut model);
        Self { model, effects }
    }

    /// Two panes with a few entries each.
    pub fn new(width: u16, height: u16) -> Self {
        let mut world = Self::blank(width, height);
        // Three frames, each a row: what folding does has tests of its own.
        for pane in &mut world.model.panes {
            pane.folding = false;
        }
        world.list(
            Side::Source,
            &[
                (b"cache", Kind::Dir),
                (b"refs", Kind::Dir),
                (b"comp_v012.1001.exr", Kind::File),
                (b"comp_v012.1002.exr", Kind::File),
                (b"comp_v012.1010.exr", Kind::File),
                (b"latest", Kind::Link),
                (b"notes.txt", Kind::File),
                (b".hidden", Kind::File),
            ],
        );
        world.list(
            Side::Dest,
            &[(b"notes.txt", Kind::File), (b"old\x1bname.txt", Kind::File)],
        );
        world.answer_details();
        world
    }

    pub fn send(&mut self, msg: Msg) {
        let effects = haul::tui::update(&mut self.model, msg);
        self.effects.extend(effects);
    }

    /// Answers the newest listing asked for on that side.
    pub fn list(&mut self, side: Side, names: &[(&[u8], Kind)]) {
        let generation = self.model.pane(side).generation;
        self.send(Msg::Listing {
            side,
            generation,
            result: Ok(Listing {
                entries: Arc::new(Entries::new(
                    names.iter().copied().collect(),
                    &FrameTypes::default(),
                )),
                ordered: None,
                whole: true,
                space: Some(Space {
                    free: 2 * GIB * 1024,
                    total: 4 * GIB * 1024,
                }),
            }),
        });
    }

    /// Answers every request for details with made-up ones.
    pub fn answer_details(&mut self) {
        for effect in std::mem::take(&mut self.effects) {
            let Effect::Stat {
                side,
                generation,
                entries,
                rows,
                folds,
                all,
                ..
            } = effect
            else {
                self.effects.push(effect);
                continue;
            };
            let found = |entry: u32| (entry, Some(made_up(entry, entries.name(entry))));
            for fold in folds {
                let members = entries.members(fold);
                let details: Vec<_> = members.iter().map(|entry| found(*entry)).collect();
                let sum = entries.sum(fold, details.iter().map(|(_, details)| *details));
                self.send(Msg::Details {
                    side,
                    generation,
                    found: details,
                    complete: false,
                });
                self.send(Msg::FoldSum {
                    side,
                    generation,
                    fold,
                    sum: FoldSum::Yes(sum),
                });
            }
            self.send(Msg::Details {
                side,
                generation,
                found: rows.into_iter().map(found).collect(),
                complete: all,
            });
        }
    }

    /// Types keys: blanks are for the reader, `<space>` and kin are keys.
    pub fn keys(&mut self, text: &str) -> &mut Self {
        let text: String = text.split_whitespace().collect();
        for key in keymap::parse(&text).expect("keys") {
            let event: KeyEvent = key.event();
            self.send(Msg::Key(event));
        }
        self
    }

    /// The effects since last asked.
    pub fn taken(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// The requests to the engine since last asked.
    pub fn requests(&mut self) -> Vec<haul::proto::Request> {
        self.taken()
            .into_iter()
            .filter_map(|effect| match effect {
                Effect::Send(request) => Some(request),
                _ => None,
            })
            .collect()
    }

    pub fn engine(&mut self, update: Update) {
        self.send(Msg::Engine(Box::new(update)));
    }

    pub fn jobs(&mut self, jobs: Vec<JobView>) {
        self.engine(Update::Snapshot(Arc::new(Snapshot { seq: 1, jobs })));
    }

    /// The screen as text, a line a row.
    pub fn screen(&self) -> String {
        let (width, height) = self.model.size;
        let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a terminal");
        terminal
            .draw(|frame| view(&self.model, frame))
            .expect("drawn");
        let buffer = terminal.backend().buffer();
        let mut text = String::new();
        for y in 0..height {
            let mut line = String::new();
            for x in 0..width {
                line.push_str(buffer[(x, y)].symbol());
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

/// A job that runs, half way.
pub fn job(id: u64, state: JobState) -> JobView {
    JobView {
        id: JobId(id),
        state,
        source: BytePath::from("/mnt/nas/ABC/sh010/comp"),
        sources: 1,
        dest: BytePath::from("/mnt/fast/ABC/sh010"),
        strategy: Strategy::Auto,
        conflict: Conflict::Refuse,
        durability: Durability::Job,
        start: Start::Queued,
        waits_for: None,
        found: Totals {
            files: 240,
            bytes: 17 * GIB,
            dirs: 3,
        },
        found_is_final: true,
        files_done: 147,
        copied: 147,
        skipped: 0,
        failed: 0,
        conflicts: 0,
        parked: 0,
        unnamed: 0,
        cancelled: 0,
        removed: 0,
        shortage: None,
        bytes_copied: 10 * GIB + 512 * MIB,
        bytes_left_out: 0,
        bytes_cloned: 0,
        bytes_flushed: 8 * GIB,
        rate: Some(402 * MIB),
        rate_mean: 398 * MIB,
        rate_range: Some((311 * MIB, 455 * MIB)),
        limit: None,
        file_workers: 4,
        eta: Some((16, 18)),
        elapsed_ms: 27_000,
        history: Vec::new(),
        workers: Vec::new(),
        in_flight: Vec::new(),
        shots: haul::proto::JobShots::default(),
        flush: None,
        used: Vec::new(),
        notices: Vec::new(),
        listed: 0,
        last_failure: None,
    }
}

/// The same with workers, files and a history.
pub fn busy_job(id: u64) -> JobView {
    let path = |frame: u32| BytePath::from(format!("comp/comp_v012.{frame}.exr").as_str());
    let worker = |number: u16, offset: u64| WorkerRow {
        id: WorkerId(number),
        lane: Lane::Files,
        phase: FilePhase::Moving,
        file: Some(FileId(u32::from(number))),
        path: Some(path(1147 + u32::from(number))),
        offset,
        size: 47 * MIB,
        rate: 104 * MIB,
        strategy: Some(Strategy::CopyFileRange),
        stalled_ms: None,
    };
    let mut stalled = worker(4, 3 * MIB);
    stalled.rate = 0;
    stalled.stalled_ms = Some(6_200);
    let file = |number: u32, done: u64| FileRow {
        id: FileId(number),
        path: path(1147 + number),
        done,
        size: 47 * MIB,
        workers: 1,
        strategy: Some(Strategy::CopyFileRange),
        paused: false,
    };
    let mut paused = file(9, 20 * MIB);
    paused.paused = true;
    paused.workers = 0;
    JobView {
        history: (0..60_u64).map(|at| (at * 37 % 11 + 300) * MIB).collect(),
        workers: vec![
            worker(1, 33 * MIB),
            worker(2, 19 * MIB),
            worker(3, 6 * MIB),
            stalled,
        ],
        in_flight: vec![
            file(1, 33 * MIB),
            file(2, 19 * MIB),
            file(3, 6 * MIB),
            file(4, 3 * MIB),
            paused,
        ],
        used: vec![StrategyUse {
            strategy: Strategy::CopyFileRange,
            files: 147,
            bytes: 10 * GIB,
            reason: "both sides are on one NFS server".to_string(),
        }],
        notices: vec![Notice {
            text: "owner not kept: not permitted".to_string(),
            count: 147,
        }],
        ..job(id, JobState::Running)
    }
}

/// A queue with a job in every interesting state.
pub fn queue() -> Vec<JobView> {
    let mut scanning = job(2, JobState::Running);
    scanning.found_is_final = false;
    scanning.source = BytePath::from("/mnt/nas/plates");
    scanning.dest = BytePath::from("/mnt/lto_stage");
    scanning.eta = Some((480, 700));
    scanning.bytes_copied = 5 * GIB;
    let mut paused = job(3, JobState::Paused);
    paused.rate = None;
    paused.eta = None;
    paused.source = BytePath::from("/mnt/nas/refs");
    paused.sources = 3;
    let mut flush = job(5, JobState::Flushing);
    flush.bytes_copied = 17 * GIB;
    flush.files_done = 240;
    flush.flush = Some(FlushView {
        elapsed_ms: 4_000,
        done: false,
    });
    let mut queued = job(6, JobState::Queued);
    queued.waits_for = Some(JobId(1));
    queued.bytes_copied = 0;
    queued.files_done = 0;
    queued.found = Totals::default();
    let mut failed = job(7, JobState::DoneWithFailures);
    failed.bytes_copied = 17 * GIB;
    failed.failed = 3;
    failed.conflicts = 2;
    failed.listed = 5;
    failed.last_failure = Some(failure("sh005/lock.db"));
    vec![busy_job(1), scanning, paused, flush, queued, failed]
}

/// A page of failures that all are of one cause, of which the first `count` are one row.
pub fn listed(by: FailuresBy, fold: Option<(&str, u64)>, failures: Vec<Failure>) -> FailuresPage {
    let as_row = |(path, count): (&str, u64)| FailureFold {
        path: Some(BytePath::from(path)),
        class: ErrorClass::Permission,
        reason: "Permission denied".to_string(),
        count,
        first: 0,
    };
    FailuresPage {
        by,
        list: 0,
        of: failures.len() as u32,
        folds: fold.map(as_row).into_iter().collect(),
        from: 0,
        failures,
    }
}

pub fn failure(path: &str) -> Failure {
    Failure {
        file: Some(FileId(7)),
        op: Op::Open,
        side: TreeSide::Source,
        path: BytePath::from_bytes(path.as_bytes()),
        errno: Some(13),
        offset: None,
        class: ErrorClass::Permission,
        reason: "Permission denied".to_string(),
        below: 0,
    }
}

pub fn plan(id: u64) -> Plan {
    Plan {
        plan: PlanId(id),
        is_final: false,
        found: Totals {
            files: 480,
            bytes: 17 * GIB,
            dirs: 12,
        },
        new: 470,
        identical: 7,
        identical_bytes: GIB,
        unreachable: 0,
        new_dirs: 0,
        new_bytes: 16 * GIB,
        conflict_bytes: 0,
        newer_bytes: 0,
        free_inodes: None,
        conflicts: 3,
        samples: vec![haul::proto::ConflictSample {
            path: BytePath::from("comp/comp_v012.1001.exr"),
            source_size: 47 * MIB,
            dest_size: 44 * MIB,
            newer: haul::proto::Mark::Source,
        }],
        free: Some(2 * GIB * 1024),
        shots: haul::proto::PlanShots::default(),
        problems: Vec::new(),
        more_problems: 0,
        preview: Preview {
            source_fs: "nfs4".to_string(),
            dest_fs: "xfs".to_string(),
            strategy: Strategy::Buffered,
            reason: "two file systems".to_string(),
            file_workers: 4,
            chunk_workers: 2,
        },
    }
}
