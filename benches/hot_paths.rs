//! What runs for every name, key and frame, and a small tree by every strategy.
//!
//! `cargo bench` runs them; timings are compared between two runs on one machine, never asserted.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use haul::proto::{
    BytePath, Conflict, Durability, Filters, JobSpec, JobState, Naming, Request, Start, Strategy,
    Tuning, Update,
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
        let keys: [(&str, &[KeyCode]); 6] = [
            ("ends", &[KeyCode::Char('G'), KeyCode::Home]),
            ("invert", &[KeyCode::Char('*')]),
            ("mark_one_of_half", &[KeyCode::Char(' ')]),
            ("hidden", &[KeyCode::Char('.')]),
            ("unfold", &[KeyCode::Char('z')]),
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

criterion_group!(benches, names, sequences, screen, whole_pane, strategies);
criterion_main!(benches);
