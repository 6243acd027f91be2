//! Keys: their notation, and which action they mean in which context.
//!
//! The notation is that of vim: a character stands for itself, the rest is in angle brackets
//! (`<F5>`, `<space>`, `<C-d>`, `<S-tab>`), and several in a row are a sequence (`gg`).

use super::action::{ACTIONS, Action, Context};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// A key with its modifiers, reduced to what every terminal can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// The key.
    pub code: KeyCode,
    /// Control was held.
    pub control: bool,
    /// Alt was held.
    pub alt: bool,
}

impl Key {
    /// The key of an event. Shift is part of the character where there is one.
    pub fn of(event: &KeyEvent) -> Self {
        let mut code = event.code;
        if code == KeyCode::Tab && event.modifiers.contains(KeyModifiers::SHIFT) {
            code = KeyCode::BackTab;
        }
        let control = event.modifiers.contains(KeyModifiers::CONTROL);
        if let KeyCode::Char(character) = code
            && control
        {
            code = KeyCode::Char(character.to_ascii_lowercase());
        }
        Self {
            code,
            control,
            alt: event.modifiers.contains(KeyModifiers::ALT),
        }
    }

    /// An event of that key.
    pub fn event(self) -> KeyEvent {
        let mut modifiers = KeyModifiers::empty();
        if self.control {
            modifiers |= KeyModifiers::CONTROL;
        }
        if self.alt {
            modifiers |= KeyModifiers::ALT;
        }
        KeyEvent::new(self.code, modifiers)
    }

    /// The key as a person reads it.
    pub fn label(self) -> String {
        let name = match self.code {
            KeyCode::Char(' ') => "Space".to_string(),
            KeyCode::Char(character) if self.control => character.to_ascii_uppercase().to_string(),
            KeyCode::Char(character) => character.to_string(),
            KeyCode::F(number) => format!("F{number}"),
            other => NAMES
                .iter()
                .find(|(_, code, _)| *code == other)
                .map_or_else(String::new, |(_, _, label)| (*label).to_string()),
        };
        match (self.control, self.alt) {
            (true, _) => format!("^{name}"),
            (_, true) => format!("Alt-{name}"),
            _ => name,
        }
    }
}

const NAMES: [(&str, KeyCode, &str); 17] = [
    ("lt", KeyCode::Char('<'), "<"),
    ("space", KeyCode::Char(' '), "Space"),
    ("enter", KeyCode::Enter, "Enter"),
    ("esc", KeyCode::Esc, "Esc"),
    ("tab", KeyCode::Tab, "Tab"),
    ("s-tab", KeyCode::BackTab, "Shift-Tab"),
    ("backspace", KeyCode::Backspace, "Backspace"),
    ("ins", KeyCode::Insert, "Ins"),
    ("del", KeyCode::Delete, "Del"),
    ("home", KeyCode::Home, "Home"),
    ("end", KeyCode::End, "End"),
    ("pgup", KeyCode::PageUp, "PgUp"),
    ("pgdn", KeyCode::PageDown, "PgDn"),
    ("up", KeyCode::Up, "Up"),
    ("down", KeyCode::Down, "Down"),
    ("left", KeyCode::Left, "Left"),
    ("right", KeyCode::Right, "Right"),
];

/// Reads a sequence of keys; `None` when a name in angle brackets is not known.
pub fn parse(text: &str) -> Option<Vec<Key>> {
    let mut keys = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let named = rest
            .strip_prefix('<')
            .and_then(|tail| tail.split_once('>'))
            .filter(|(name, _)| !name.is_empty());
        if let Some((name, tail)) = named {
            keys.push(named_key(name)?);
            rest = tail;
        } else {
            keys.push(Key {
                code: KeyCode::Char(first),
                control: false,
                alt: false,
            });
            rest = &rest[first.len_utf8()..];
        }
    }
    Some(keys)
}

fn named_key(name: &str) -> Option<Key> {
    let lower = name.to_ascii_lowercase();
    let plain = |code| Key {
        code,
        control: false,
        alt: false,
    };
    if let Some((_, code, _)) = NAMES.iter().find(|(known, _, _)| *known == lower) {
        return Some(plain(*code));
    }
    if let Some(number) = lower.strip_prefix('f').and_then(|tail| tail.parse().ok()) {
        return Some(plain(KeyCode::F(number)));
    }
    if let Some(tail) = lower.strip_prefix("c-") {
        let mut inner = parse(tail)?;
        let key = inner.pop().filter(|_| inner.is_empty())?;
        return Some(Key {
            control: true,
            ..key
        });
    }
    None
}

/// The keys of one row of the table, as a person reads them.
pub fn names(keys: &[&str]) -> String {
    keys.iter()
        .map(|text| label(text))
        .collect::<Vec<_>>()
        .join(" ")
}

/// One binding as a person reads it.
pub fn label(text: &str) -> String {
    parse(text)
        .unwrap_or_default()
        .into_iter()
        .map(Key::label)
        .collect()
}

/// What the keys typed so far mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// An action.
    Action(Action),
    /// The beginning of a longer sequence.
    Prefix,
    /// Nothing.
    Nothing,
}

/// Which keys mean what.
#[derive(Clone, Debug)]
pub struct Keymap {
    bindings: Vec<(Context, Vec<Key>, Action)>,
}

impl Default for Keymap {
    fn default() -> Self {
        let mut bindings = Vec::new();
        for row in ACTIONS {
            for keys in row.keys.iter().filter_map(|text| parse(text)) {
                for context in row.contexts {
                    bindings.push((*context, keys.clone(), row.action));
                }
            }
        }
        Self { bindings }
    }
}

impl Keymap {
    /// Looks the sequence up.
    pub fn meaning(&self, context: Context, typed: &[Key]) -> Meaning {
        let mut longer = false;
        for (bound_in, keys, action) in &self.bindings {
            if *bound_in == context && keys.starts_with(typed) {
                if keys.len() == typed.len() {
                    return Meaning::Action(*action);
                }
                longer = true;
            }
        }
        if longer {
            Meaning::Prefix
        } else {
            Meaning::Nothing
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_binding_of_the_table_parses_and_has_a_label() {
        for row in ACTIONS {
            for text in row.keys {
                assert!(parse(text).is_some_and(|keys| !keys.is_empty()), "{text}");
                assert!(!label(text).is_empty(), "{text}");
            }
        }
    }

    #[test]
    fn no_context_binds_a_key_twice_or_hides_a_sequence() {
        let map = Keymap::default();
        for (at, (context, keys, action)) in map.bindings.iter().enumerate() {
            for (other_context, other, other_action) in &map.bindings[at + 1..] {
                assert!(
                    context != other_context
                        || !(keys.starts_with(other) || other.starts_with(keys)),
                    "{context:?}: {action:?} and {other_action:?} share {keys:?}"
                );
            }
        }
    }

    #[test]
    fn sequences_and_names_are_told_apart() {
        let map = Keymap::default();
        let g = parse("g").expect("parses");
        assert_eq!(map.meaning(Context::Panes, &g), Meaning::Prefix);
        let gg = parse("gg").expect("parses");
        assert_eq!(
            map.meaning(Context::Panes, &gg),
            Meaning::Action(Action::Top)
        );
        assert_eq!(parse("<C-d>").expect("parses")[0].label(), "^D");
        assert_eq!(parse("<nonsense>"), None);
        assert_eq!(parse("<<").expect("parses").len(), 2);
    }
}
