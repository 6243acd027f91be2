//! The plan of a copy: opened, changed, run, left.

use super::Effects;
use crate::proto::{
    BytePath, Conflict, Durability, JobSpec, Naming, Plan, PlanId, Request, Start, Strategy,
};
use crate::sequence::{self, FrameTypes};
use crate::tui::action::Action;
use crate::tui::browse::Side;
use crate::tui::layers::{Field, Layer, PlanLayer};
use crate::tui::layout::layout;
use crate::tui::model::Model;
use crate::tui::msg::Effect;
use std::collections::HashSet;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Most workers that can be chosen by key; more is a matter of the configuration.
const MOST_WORKERS: u16 = 64;

/// Sources called by their names.
const NAMED: usize = 3;

/// Sources looked at for sequences when a plan is opened: some milliseconds. Of more, single names
/// are shown; the count of sequences comes with the plan.
const FOLDED: usize = 10_000;

/// Opens the plan for what is chosen in the source pane, into the destination pane's directory.
/// Both are fixed here, wherever the panes go later.
pub fn open(model: &mut Model, effects: &mut Effects) {
    let source = model.pane(Side::Source);
    let dest = model.pane(Side::Dest);
    if source.listed == 0 || dest.listed == 0 || dest.failure.is_some() {
        let which = if source.listed == 0 { "SRC" } else { "DST" };
        model.warn(format!("{which} shows no directory yet: nothing to plan"));
        return;
    }
    if source.partial {
        // What is not read yet would be left out of a sequence without a word.
        model.warn("SRC is still being read: only its first names are known");
        return;
    }
    let sources: Vec<BytePath> = source
        .chosen()
        .into_iter()
        .map(|entry| BytePath::from(source.path_of(source.entries.name(entry))))
        .collect();
    if sources.is_empty() {
        model.say("nothing to copy: SRC shows no entry");
        return;
    }
    let spec = JobSpec {
        sources,
        dest: BytePath::from(dest.path.clone()),
        naming: Naming::Into,
        // Somebody is there to make room, or to cancel.
        wait_for_space: true,
        ..model.defaults.clone()
    };
    let id = next_id(model);
    effects.push(count(id, &spec));
    model.layers.push(Layer::Plan(Box::new(PlanLayer {
        id,
        called: called(&spec),
        spec,
        counted: None,
        preview: None,
        field: Field::Strategy,
        top: Some(0),
    })));
}

/// The sources as rows: what is a sequence is one, as in the pane it was marked in.
fn called(spec: &JobSpec) -> (Vec<BytePath>, usize) {
    let names: Vec<&[u8]> = spec
        .sources
        .iter()
        .map(|source| source.name().as_bytes())
        .collect();
    let plain = || names.iter().map(|name| BytePath::from_bytes(name));
    let parent = |source: &BytePath| source.as_path().parent().map(Path::to_path_buf);
    let first = spec.sources.first().map(parent);
    let together = spec
        .sources
        .iter()
        .all(|source| Some(parent(source)) == first);
    if !together || names.len() > FOLDED {
        return (plain().take(NAMED).collect(), names.len());
    }
    let types = spec.frame_types.as_ref();
    let types = types.map_or_else(FrameTypes::default, FrameTypes::new);
    let grouping = sequence::group(&names[..], &types);
    let mut seen = HashSet::new();
    let mut rows = Vec::new();
    for (at, name) in (0..).zip(plain()) {
        match grouping.of(at) {
            None => rows.push(name),
            Some(id) if seen.insert(id) => {
                let gaps = sequence::gaps(&names[..], &grouping, id);
                let (head, numbers, tail) = grouping.label(&names[..], id, &gaps);
                rows.push(BytePath::from_bytes(
                    &[head, numbers.as_bytes(), tail].concat(),
                ));
            }
            Some(_) => {}
        }
    }
    let count = rows.len();
    rows.truncate(NAMED);
    (rows, count)
}

fn next_id(model: &mut Model) -> PlanId {
    let id = PlanId(model.next_plan);
    model.next_plan += 1;
    id
}

fn count(id: PlanId, spec: &JobSpec) -> Effect {
    Effect::Send(Request::Plan {
        plan: id,
        spec: Box::new(spec.clone()),
    })
}

/// Carries out an action in the plan on top.
pub fn act(model: &mut Model, action: Action, effects: &mut Effects) {
    let next = PlanId(model.next_plan);
    let page = usize::from(layout(model).body.height)
        .saturating_sub(3)
        .max(1);
    let Some(Layer::Plan(plan)) = model.layers.last_mut() else {
        return;
    };
    match action {
        Action::Up | Action::Down => {
            let by = if action == Action::Up { -1 } else { 1 };
            plan.field = neighbour(&Field::ALL, plan.field, by);
            plan.top = None;
        }
        Action::PageUp => plan.top = Some(plan.top.unwrap_or(0).saturating_sub(page)),
        Action::PageDown => plan.top = Some(plan.top.unwrap_or(0).saturating_add(page)),
        Action::Left | Action::Right => {
            plan.top = None;
            let by = if action == Action::Left { -1 } else { 1 };
            change(plan, by);
            // What would move the bytes depends on the strategy and the workers; what was counted
            // is kept on screen meanwhile.
            if matches!(
                plan.field,
                Field::Strategy | Field::FileWorkers | Field::ChunkWorkers
            ) {
                plan.id = next;
                plan.preview = None;
                effects.push(count(plan.id, &plan.spec));
                model.next_plan += 1;
            }
        }
        Action::RunNow | Action::RunQueued => {
            let start = if action == Action::RunNow {
                Start::Now
            } else {
                Start::Queued
            };
            let (id, spec) = (plan.id, plan.spec.clone());
            let into = spec.dest.clone();
            effects.push(Effect::Send(Request::DropPlan { plan: id }));
            effects.push(Effect::Send(Request::Add {
                spec: Box::new(spec),
                start,
            }));
            model.layers.pop();
            model.places.used(&into);
            effects.push(Effect::KeepPlaces(model.places.clone()));
            model.pane_mut(Side::Source).unmark_all();
            // The queue shows it; a line about it would only cover the keys. Where there is no
            // queue on screen, something must say so.
            if layout(model).queue.is_none() {
                model.say(match start {
                    Start::Now => "the copy was started",
                    Start::Queued => "the copy was put into the queue",
                });
            }
        }
        Action::Close => {
            effects.push(Effect::Send(Request::DropPlan { plan: plan.id }));
            model.layers.pop();
        }
        _ => {}
    }
}

fn change(plan: &mut PlanLayer, by: isize) {
    let spec = &mut plan.spec;
    match plan.field {
        Field::Strategy => spec.strategy = neighbour(&Strategy::ALL, spec.strategy, by),
        Field::Conflict => spec.conflict = neighbour(&Conflict::ALL, spec.conflict, by),
        Field::Durability => spec.durability = neighbour(&Durability::ALL, spec.durability, by),
        Field::FileWorkers => spec.tuning.file_workers = workers(spec.tuning.file_workers, by),
        Field::ChunkWorkers => spec.tuning.chunk_workers = workers(spec.tuning.chunk_workers, by),
    }
}

/// Automatic, then 1, 2, 3 …
fn workers(now: Option<u16>, by: isize) -> Option<u16> {
    let number = now.unwrap_or(0).saturating_add_signed(by as i16);
    (number > 0).then_some(number.min(MOST_WORKERS))
}

/// The value before or after, round the ends.
fn neighbour<T: Copy + PartialEq>(all: &[T], now: T, by: isize) -> T {
    let at = all.iter().position(|value| *value == now).unwrap_or(0);
    all[(at as isize + by).rem_euclid(all.len() as isize) as usize]
}

/// Takes what the engine counted; anything for an older plan is dropped.
pub fn take(model: &mut Model, news: Plan) {
    for layer in &mut model.layers {
        let Layer::Plan(plan) = layer else { continue };
        if plan.id != news.plan {
            continue;
        }
        plan.preview = Some(news.preview.clone());
        let kept = plan
            .counted
            .as_ref()
            .is_some_and(|counted| counted.is_final && !news.is_final);
        if !kept {
            plan.counted = Some(news);
        }
        return;
    }
}
