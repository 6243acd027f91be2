//! What runs for every name, key and frame, and a small tree by every strategy.
//!
//! `cargo bench` runs them; timings are compared between two runs on one machine, never asserted.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use haul::proto::{
    BytePath, Conflict, Durability, FilesBy, FilesOrder, Filters, JobId, JobSpec, JobState, Naming,
    Request, Start, Strategy, Tuning, Update,
};
use haul::sequence::FrameTypes;
use haul::sys::listing::{Kind, Names};
use haul::tui::browse::{Entries, Item, Side};
use haul::tui::look::Look;
use haul::tui::model::Model;
use haul::tui::msg::{Effect, Listing, Msg, Ordered};
use haul::tui::theme::Theme;
use haul::tui::{Settings, update, view};
use jiff::tz::TimeZone;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

/// A million names of many shots, and a million that are like nothing.
fn sequences(c: &mut Criterion) {
    let mut group = c.benchmark_group("sequence");
    group.sample_size(10);
    let million = 1_000_000_u64;
    let shots =
        (0..million).map(|at| format!("sh{:03}_comp_v012.{:04}.exr", at / 240, 1001 + at % 240));
    let one = (0..million).map(|at| format!("cache.{at:07}.vdb"));
    let noise =
        (0..million).map(|at| format!("{:016x}.png", at.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
    let middle = (0..million).map(|at| format!("p{:04}_{}_l.exr", at % 1000, at / 1000));
    let inputs: [(&str, Vec<String>); 4] = [
        ("shots", shots.collect()),
        ("one", one.collect()),
        ("noise", noise.collect()),
        ("middle", middle.collect()),
    ];
    let types = FrameTypes::default();
    for (label, names) in &inputs {
        group.throughput(Throughput::Elements(million));
        group.bench_function(BenchmarkId::new("group", label), |b| {
            b.iter(|| {
                haul::sequence::group(black_box(names.as_slice()), &types)
                    .sequences()
                    .len()
            });
        });
    }
    group.finish();
}

fn names(c: &mut Criterion) {
    let mut group = c.benchmark_group("text");
    for (label, name) in [
        ("plain", &b"comp_v012.1001.exr"[..]),
        ("hostile", b"a\x1b]0;x\x07\xff\xe2\x80\xae.exr"),
    ] {
        group.bench_with_input(BenchmarkId::new("shown", label), name, |b, name| {
            b.iter(|| haul::text::shown(black_box(name)).len());
        });
    }
    let long = "a_rather_long_shot_name_that_does_not_fit_v012.1001.exr";
    group.bench_function("cut_middle", |b| {
        b.iter(|| haul::text::cut_middle(black_box(long), 24, "…").len());
    });
    group.finish();
}

fn model(entries: usize) -> Model {
    let look = Look {
        ascii: false,
        theme: Theme::default(),
    };
    let (source, dest) = ("/src".into(), "/dst".into());
    let mut model = Model::new(
        &Settings::default(),
        source,
        dest,
        None,
        look,
        TimeZone::UTC,
    );
    model.size = (200, 50);
    drop(update::begin(&mut model));
    let mut names = Names::default();
    for at in 0..entries {
        // Every third is a frame of a long sequence, the others are like nothing.
        let name = if at % 3 == 0 {
            format!("comp_v012.{at:07}.exr")
        } else {
            format!("{:07}_notes.txt", at * 7919 % 10_000_019)
        };
        assert!(names.push(name.as_bytes(), Kind::File));
    }
    let generation = model.pane(Side::Source).generation;
    let listing = Listing {
        entries: Arc::new(Entries::new(names, &FrameTypes::default())),
        ordered: None,
        space: None,
        whole: true,
    };
    drop(update(
        &mut model,
        Msg::Listing {
            side: Side::Source,
            generation,
            result: Ok(listing),
        },
    ));
    model
}

/// A key and a frame must cost the same in a directory of a hundred entries and of a million.
fn screen(c: &mut Criterion) {
    let mut group = c.benchmark_group("screen");
    for entries in [100, 10_000, 1_000_000] {
        let mut model = model(entries);
        settle(&mut model);
        let mut terminal = Terminal::new(TestBackend::new(200, 50)).expect("a screen in memory");
        group.bench_function(BenchmarkId::new("view", entries), |b| {
            b.iter(|| {
                terminal
                    .draw(|frame| view(&model, frame))
                    .map(|frame| frame.area.width)
                    .expect("drawn")
            });
        });
        group.bench_function(BenchmarkId::new("down", entries), |b| {
            b.iter(|| press(&mut model, KeyCode::Down));
        });
    }
    group.finish();
}

fn press(model: &mut Model, code: KeyCode) -> usize {
    update(model, Msg::Key(KeyEvent::new(code, KeyModifiers::NONE))).len()
}

/// What one key may cost that is about every row: these are not flat, and have 50 ms.
fn whole_pane(c: &mut Criterion) {
    let mut group = c.benchmark_group("pane");
    group.sample_size(10);
    for entries in [100, 10_000, 1_000_000] {
        let mut model = model(entries);
        settle(&mut model);
        let keys: [(&str, &[KeyCode]); 7] = [
            ("ends", &[KeyCode::Char('G'), KeyCode::Home]),
            ("invert", &[KeyCode::Char('*')]),
            ("mark_one_of_half", &[KeyCode::Char(' ')]),
            ("hidden", &[KeyCode::Char('.')]),
            ("unfold", &[KeyCode::Char('z')]),
            (
                "find",
                &[KeyCode::Char('f'), KeyCode::Char('9'), KeyCode::Esc],
            ),
            (
                "filter",
                &[KeyCode::Char('/'), KeyCode::Char('c'), KeyCode::Esc],
            ),
        ];
        for (label, keys) in keys {
            group.bench_function(BenchmarkId::new(label, entries), |b| {
                b.iter(|| {
                    keys.iter()
                        .map(|key| press(&mut model, *key))
                        .sum::<usize>()
                });
            });
            settle(&mut model);
        }
        let generation = model.pane(Side::Source).generation;
        let known = model.pane(Side::Source).entries.clone();
        group.bench_function(BenchmarkId::new("listing", entries), |b| {
            b.iter_batched(
                || {
                    press(&mut model, KeyCode::Home);
                    let mut one = model.clone();
                    let reload = KeyEvent::new(KeyCode::Char('r'), KeyModifiers::CONTROL);
                    drop(update(&mut one, Msg::Key(reload)));
                    one
                },
                |mut one| {
                    let items = known_order(&known);
                    let listing = Listing {
                        entries: known.clone(),
                        ordered: Some(Ordered {
                            sort: one.pane(Side::Source).sort,
                            folding: true,
                            items,
                        }),
                        space: None,
                        whole: true,
                    };
                    let answer = Msg::Listing {
                        side: Side::Source,
                        generation: generation + 1,
                        result: Ok(listing),
                    };
                    drop(update(&mut one, answer));
                    one
                },
                criterion::BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

fn known_order(entries: &Entries) -> Vec<Item> {
    let folds = (0..entries.folds() as u32).map(Item::Fold);
    let lone = (0..entries.len() as u32).filter(|entry| entries.fold_of(*entry).is_none());
    folds.chain(lone.map(Item::Entry)).collect()
}

/// Arranges what was left to a thread: the first arrangement is lost, so it is wished for anew.
fn settle(model: &mut Model) {
    if model.pane(Side::Source).arranging {
        model.pane_mut(Side::Source).sort_rows();
    }
    let home = KeyEvent::new(KeyCode::Home, KeyModifiers::NONE);
    let effects = update(model, Msg::Key(home));
    arrange(model, effects);
}

fn arrange(model: &mut Model, effects: Vec<Effect>) {
    for effect in effects {
        if let Effect::Arrange { side, task } = effect {
            let arranged = task.arrange();
            let ticket = task.ticket;
            let answer = Msg::Arranged {
                side,
                ticket,
                arranged,
            };
            drop(update(model, answer));
        }
    }
}

fn copy(source: &Path, dest: &Path, strategy: Strategy) {
    let (mut client, engine) = haul::session::local().expect("an engine");
    let spec = JobSpec {
        sources: vec![BytePath::from(source)],
        dest: BytePath::from(dest),
        naming: Naming::Exact,
        strategy,
        tuning: Tuning::default(),
        conflict: Conflict::Refuse,
        durability: Durability::None,
        filters: Filters::default(),
        ..JobSpec::default()
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    let state = runtime.block_on(async {
        client
            .send(Request::Add {
                spec: Box::new(spec),
                start: Start::Now,
            })
            .await
            .expect("taken");
        loop {
            match client.next().await {
                Some(Update::Summary(summary)) => break summary.state,
                Some(_) => {}
                None => panic!("the engine ended"),
            }
        }
    });
    assert_eq!(state, JobState::Done);
    drop(client);
    engine.join().expect("the engine ended in order");
}

/// 500 files of 4 KiB and 4 of 8 MiB, in memory.
fn strategies(c: &mut Criterion) {
    let base = if Path::new("/dev/shm").is_dir() {
        Path::new("/dev/shm")
    } else {
        Path::new("/tmp")
    };
    let dir = tempfile::tempdir_in(base).expect("a directory");
    let source = dir.path().join("source");
    std::fs::create_dir(&source).expect("made");
    for at in 0..500 {
        std::fs::write(source.join(format!("small.{at:04}")), [7; 4096]).expect("written");
    }
    for at in 0..4 {
        std::fs::write(source.join(format!("large.{at}")), vec![7; 8 << 20]).expect("written");
    }
    let mut group = c.benchmark_group("tree");
    group.sample_size(10);
    group.throughput(Throughput::Bytes(500 * 4096 + 4 * (8 << 20)));
    for strategy in Strategy::ALL {
        // Shares blocks or fails: nothing to compare where it fails.
        if strategy == Strategy::Reflink {
            continue;
        }
        let mut run = 0;
        group.bench_function(strategy.name(), |b| {
            b.iter_batched(
                || {
                    run += 1;
                    dir.path().join(format!("{strategy}-{run}"))
                },
                |dest| {
                    copy(&source, &dest, strategy);
                    std::fs::remove_dir_all(&dest).expect("removed");
                },
                criterion::BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

/// A door that asks for pages of the files of a job.
struct Pages {
    client: haul::session::Client,
    runtime: tokio::runtime::Runtime,
    job: JobId,
}

impl Pages {
    fn ask(&self, order: &FilesOrder, from: u32) {
        let request = Request::Files {
            job: self.job,
            order: order.clone(),
            from,
            limit: 200,
        };
        let asked = self.runtime.block_on(self.client.send(request));
        asked.expect("taken");
    }

    /// Waits for the page in that order; how many entries the list has.
    fn page(&mut self, order: &FilesOrder) -> u32 {
        loop {
            match self.runtime.block_on(self.client.next()) {
                Some(Update::Files { page, .. }) if page.order == *order => break page.total,
                Some(_) => {}
                None => panic!("the engine ended"),
            }
        }
    }
}

/// The files of a job of a million: a page, every order, and a filter typed letter by letter, from
/// the request to the page. Keys of the list never wait for these; what a person waits for is here.
fn files(c: &mut Criterion) {
    let mut group = c.benchmark_group("files");
    group.sample_size(10);
    let base = if Path::new("/dev/shm").is_dir() {
        Path::new("/dev/shm")
    } else {
        Path::new("/tmp")
    };
    for entries in [10_000, 1_000_000_usize] {
        let dir = tempfile::tempdir_in(base).expect("a directory");
        let source = dir.path().join("source");
        // Names are what counts, so that a few inodes have them all.
        for at in 0..entries {
            let below = source.join(format!("d{:03}", at * 7919 % 500));
            if at < 500 {
                std::fs::create_dir_all(&below).expect("made");
            }
            let first = source.join(format!("inode{}", at / 50_000));
            if at % 50_000 == 0 {
                std::fs::write(&first, [7; 2]).expect("written");
            }
            let name = format!("shot{:04}_v{:02}.{at:07}.exr", at % 1_000, at % 37);
            std::fs::hard_link(&first, below.join(name)).expect("linked");
        }
        let (client, engine) = haul::session::local().expect("an engine");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .expect("a runtime");
        let mut pages = Pages {
            client,
            runtime,
            job: JobId(1),
        };
        // So slow that nothing of it is copied meanwhile, and everything is found.
        let spec = JobSpec {
            sources: vec![BytePath::from(source.as_path())],
            dest: BytePath::from(dir.path().join("to").as_path()),
            naming: Naming::Exact,
            limit: Some(1),
            durability: Durability::None,
            ..JobSpec::default()
        };
        let add = Request::Add {
            spec: Box::new(spec),
            start: Start::Now,
        };
        let added = pages.runtime.block_on(pages.client.send(add));
        added.expect("taken");
        loop {
            let snapshot = pages.client.snapshot();
            if snapshot.jobs.iter().any(|job| job.found_is_final) {
                assert!(snapshot.jobs[0].found.files as usize >= entries);
                pages.job = snapshot.jobs[0].id;
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        let orders = FilesBy::ALL.map(|by| FilesOrder {
            by,
            ..FilesOrder::default()
        });
        for order in &orders {
            // The other way round and back: what is in order already is not ordered again.
            let other = FilesOrder {
                reversed: true,
                ..order.clone()
            };
            group.bench_function(BenchmarkId::new(order.by.name(), entries), |b| {
                b.iter(|| {
                    pages.ask(&other, 0);
                    pages.page(&other);
                    pages.ask(order, 0);
                    pages.page(order)
                });
            });
        }
        let order = orders[1].clone();
        let mut at = 0;
        pages.ask(&order, 0);
        pages.page(&order);
        group.bench_function(BenchmarkId::new("scroll", entries), |b| {
            b.iter(|| {
                at = (at + 7_919 * 61) % entries as u32;
                pages.ask(&order, at);
                pages.page(&order)
            });
        });
        // Seven letters at once, the page of the last.
        group.bench_function(BenchmarkId::new("type_a_filter", entries), |b| {
            b.iter(|| {
                let word = "0123.ex";
                let mut order = order.clone();
                for to in 1..=word.len() {
                    word[..to].clone_into(&mut order.filter);
                    pages.ask(&order, 0);
                }
                pages.page(&order)
            });
        });
        drop(pages.client);
        engine.join().expect("the engine ended in order");
    }
    group.finish();
}

criterion_group!(
    benches, names, sequences, screen, whole_pane, files, strategies
);
criterion_main!(benches);
