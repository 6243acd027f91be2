//! Names typed in a pane: of a new directory, of an entry that gets another, of one looked for.

use super::{Effects, panes};
use crate::sys::edit::is_name;
use crate::tui::action::Action;
use crate::tui::browse::{Item, Side};
use crate::tui::layers::{Layer, NameLayer, Purpose};
use crate::tui::model::Model;
use crate::tui::msg::Effect;
use std::path::PathBuf;
use tui_input::Input;

/// Opens the field.
pub fn open(model: &mut Model, side: Side, action: Action) {
    let pane = model.pane(side);
    let mut text = String::new();
    let purpose = match action {
        Action::MakeDir if pane.listed == 0 => return model.say("no directory is shown here"),
        Action::MakeDir => Purpose::MakeDir,
        Action::Find => Purpose::Find,
        _ => {
            let Some(Item::Entry(entry)) = pane.item() else {
                return model.say("one name at a time: z lists the frames of a sequence");
            };
            let name = pane.entries.name(entry);
            // What is no text cannot be edited as text; it can be typed anew.
            if let Ok(known) = std::str::from_utf8(name) {
                text = known.to_string();
            }
            Purpose::Rename(name.into())
        }
    };
    model.layers.push(Layer::Name(NameLayer {
        side,
        purpose,
        input: Input::new(text),
        wrong: None,
    }));
}

/// After each letter: the cursor goes to the first row that begins with what was typed.
pub fn typed(model: &mut Model) {
    let Some(Layer::Name(layer)) = model.layers.last_mut() else {
        return;
    };
    layer.wrong = None;
    if layer.purpose != Purpose::Find {
        return;
    }
    let (side, text) = (layer.side, layer.input.value().to_string());
    let found = text.is_empty() || find(model, side, &text, 0);
    if let Some(Layer::Name(layer)) = model.layers.last_mut()
        && !found
    {
        layer.wrong = Some("no name begins so".to_string());
    }
}

/// The next row that begins with what was typed; after the last the first.
pub fn next(model: &mut Model) {
    if let Some(Layer::Name(layer)) = model.layers.last()
        && layer.purpose == Purpose::Find
    {
        let (side, text) = (layer.side, layer.input.value().to_string());
        let after = model.pane(side).cursor + 1;
        if !text.is_empty() && !find(model, side, &text, after) {
            find(model, side, &text, 0);
        }
    }
}

fn find(model: &mut Model, side: Side, text: &str, from: usize) -> bool {
    let pane = model.pane_mut(side);
    let place = pane.beginning(text, from);
    if let Some(place) = place {
        pane.cursor = place;
    }
    place.is_some()
}

/// Takes what was typed.
pub fn finish(model: &mut Model, effects: &mut Effects) {
    let Some(Layer::Name(layer)) = model.layers.last_mut() else {
        return;
    };
    let name: Box<[u8]> = layer.input.value().as_bytes().into();
    if layer.purpose != Purpose::Find && !is_name(&name) {
        layer.wrong = Some("a name without /, not empty, not . or ..".to_string());
        return;
    }
    let (side, purpose) = (layer.side, layer.purpose.clone());
    model.layers.pop();
    let path = model.pane(side).path.clone();
    match purpose {
        Purpose::Find => {}
        Purpose::Rename(from) if from == name => {}
        Purpose::MakeDir => effects.push(Effect::Edit {
            side,
            path,
            from: None,
            name,
        }),
        Purpose::Rename(from) => effects.push(Effect::Edit {
            side,
            path,
            from: Some(from),
            name,
        }),
    }
}

/// What was asked for: a directory, or another name for an entry.
#[derive(Debug)]
pub struct Edited {
    /// In which pane.
    pub side: Side,
    /// In which directory.
    pub path: PathBuf,
    /// The entry's old name; none for a new directory.
    pub from: Option<Box<[u8]>>,
    /// The new name.
    pub name: Box<[u8]>,
}

/// What became of it.
pub fn take(model: &mut Model, edited: Edited, result: Result<(), String>, effects: &mut Effects) {
    let Edited {
        side,
        path,
        from,
        name,
    } = edited;
    let reason = match result {
        Ok(()) => {
            if model.pane(side).path == path {
                panes::visit(model, side, path.clone(), Some(name), effects);
            }
            let other = side.other();
            if model.pane(other).path == path {
                panes::reload(model, other, effects);
            }
            return;
        }
        Err(reason) => reason,
    };
    // What was typed is there again, to be mended, unless one has gone on meanwhile.
    if model.layers.is_empty()
        && model.pane(side).path == path
        && let Ok(text) = std::str::from_utf8(&name)
    {
        model.layers.push(Layer::Name(NameLayer {
            side,
            purpose: from.map_or(Purpose::MakeDir, Purpose::Rename),
            input: Input::new(text.to_string()),
            wrong: Some(model.look.words(&reason).into_owned()),
        }));
        return;
    }
    let shown = model.look.name(&name).into_owned();
    model.warn(format!("{shown}: {reason}"));
}
