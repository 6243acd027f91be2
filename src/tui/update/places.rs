//! The list of places: bookmarks, recent destinations, mounts.

use super::{Effects, panes};
use crate::proto::BytePath;
use crate::tui::action::Action;
use crate::tui::browse::{Side, follow};
use crate::tui::layers::{Layer, PlacesLayer};
use crate::tui::layout::layout;
use crate::tui::model::Model;
use crate::tui::msg::Effect;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// What it is: `bookmark`, `recent`, or the kind of its file system.
    pub what: String,
    /// Where.
    pub path: BytePath,
    /// Room, once it is known.
    pub free: Option<u64>,
    /// True where it can be forgotten.
    pub kept: bool,
}

/// Opens the list, and asks what is mounted.
pub fn open(model: &mut Model, side: Side, effects: &mut Effects) {
    effects.push(Effect::Mounts { side });
    model.layers.push(Layer::Places(PlacesLayer {
        side,
        at: 0,
        top: 0,
        mounts: None,
    }));
}

/// The rows of the list.
pub fn rows(model: &Model, layer: &PlacesLayer) -> Vec<Place> {
    let kept = |what: &str, path: &BytePath| Place {
        what: what.to_string(),
        path: path.clone(),
        free: None,
        kept: true,
    };
    let places = &model.places;
    let bookmarks = places.bookmarks.iter().map(|path| kept("bookmark", path));
    let recent = places.recent.iter().map(|path| kept("recent", path));
    let mounts = layer.mounts.iter().flatten().map(|mount| Place {
        what: mount.kind.clone(),
        path: mount.point.clone(),
        free: mount.free,
        kept: false,
    });
    bookmarks.chain(recent).chain(mounts).collect()
}

/// Carries out an action in the list.
pub fn act(model: &mut Model, action: Action, effects: &mut Effects) {
    let Some(Layer::Places(layer)) = model.layers.last() else {
        return;
    };
    let rows = rows(model, layer);
    let (side, at) = (layer.side, layer.at.min(rows.len().saturating_sub(1)));
    let to = match action {
        Action::Up => at.saturating_sub(1),
        Action::Down => at + 1,
        Action::Top => 0,
        Action::Bottom => rows.len(),
        Action::Confirm => {
            if let Some(place) = rows.get(at) {
                model.layers.pop();
                let path = place.path.as_path().to_path_buf();
                panes::visit(model, side, path, None, effects);
            }
            return;
        }
        Action::Bookmark => {
            let path = BytePath::from(model.pane(side).path.clone());
            let added = model.places.toggle(&path);
            model.say(if added {
                "this directory is a bookmark now"
            } else {
                "this directory is no bookmark any more"
            });
            return effects.push(Effect::KeepPlaces(model.places.clone()));
        }
        Action::Remove => {
            match rows.get(at).filter(|place| place.kept) {
                Some(place) => {
                    model.places.forget(&place.path);
                    effects.push(Effect::KeepPlaces(model.places.clone()));
                }
                None => model.say("what is mounted stays in the list"),
            }
            return;
        }
        Action::Close => {
            model.layers.pop();
            return;
        }
        _ => return,
    };
    let height = height(model);
    if let Some(Layer::Places(layer)) = model.layers.last_mut() {
        layer.at = to.min(rows.len().saturating_sub(1));
        layer.top = follow(layer.top, layer.at, rows.len(), height);
    }
}

/// Rows that fit.
pub fn height(model: &Model) -> usize {
    usize::from(layout(model).body.height)
        .saturating_sub(2)
        .clamp(1, 30)
}
