//! Keys: their notation, and which action they mean in which context.
//!
//! The notation is that of vim: a character stands for itself, the rest is in angle brackets
//! (`<F5>`, `<space>`, `<C-d>`, `<S-tab>`), and several in a row are a sequence (`gg`).

use super::action::{ACTIONS, Action, Context};
use crate::config::Binding;
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

/// The keys of one row of the table in one place.
#[derive(Clone, Debug)]
struct Entry {
    context: Context,
    row: usize,
    keys: Vec<(String, Vec<Key>)>,
}

/// Which keys mean what.
#[derive(Clone, Debug)]
pub struct Keymap {
    entries: Vec<Entry>,
}

impl Default for Keymap {
    fn default() -> Self {
        let mut entries = Vec::new();
        for (row, known) in ACTIONS.iter().enumerate() {
            for context in known.contexts {
                let keys = known.keys.iter();
                let keys = keys.filter_map(|text| Some(((*text).to_string(), parse(text)?)));
                entries.push(Entry {
                    context: *context,
                    row,
                    keys: keys.collect(),
                });
            }
        }
        Self { entries }
    }
}

impl Keymap {
    /// The default keys, with those of the configuration in place of some. What is bound in one
    /// place goes before what is bound everywhere.
    ///
    /// # Errors
    /// Names the action or key that is not known, or both actions that would share a key.
    pub fn configured(bindings: &[Binding]) -> Result<Self, String> {
        let mut map = Self::default();
        let (everywhere, here): (Vec<_>, Vec<_>) =
            bindings.iter().partition(|binding| binding.place.is_none());
        for binding in everywhere.into_iter().chain(here) {
            map.bind(binding)?;
        }
        map.check()?;
        Ok(map)
    }

    fn bind(&mut self, binding: &Binding) -> Result<(), String> {
        let shown = |text: &str| crate::text::shown(text.as_bytes()).into_owned();
        let context = match &binding.place {
            None => None,
            Some(name) => Some(
                Context::ALL
                    .into_iter()
                    .find(|context| context.name() == name)
                    .ok_or_else(|| {
                        let names = Context::ALL.map(Context::name).join(", ");
                        format!("keys.{}: no such place; there are {names}", shown(name))
                    })?,
            ),
        };
        let mut keys = Vec::new();
        for text in &binding.keys {
            let parsed = parse(text).filter(|keys| !keys.is_empty()).ok_or_else(|| {
                format!(
                    "keys.{}: '{}' is no key; a character, <F5>, <space>, <C-d> or a sequence such as gg is",
                    shown(&binding.action),
                    shown(text)
                )
            })?;
            keys.push((text.clone(), parsed));
        }
        let mut bound = Vec::new();
        for entry in &mut self.entries {
            if ACTIONS[entry.row].name == binding.action
                && context.is_none_or(|context| context == entry.context)
            {
                // An action with two rows in one place has its keys in the first.
                entry.keys = if bound.contains(&entry.context) {
                    Vec::new()
                } else {
                    keys.clone()
                };
                bound.push(entry.context);
            }
        }
        if bound.is_empty() {
            let place =
                context.map_or_else(String::new, |context| format!(" in {}", context.name()));
            return Err(format!(
                "keys.{}: no such action{place}; `haul config --default` lists them",
                shown(&binding.action)
            ));
        }
        Ok(())
    }

    /// No key may mean two things in one place, nor begin a sequence and mean something itself.
    fn check(&self) -> Result<(), String> {
        for (at, entry) in self.entries.iter().enumerate() {
            for other in self.entries[at..]
                .iter()
                .filter(|other| other.context == entry.context)
            {
                for (text, keys) in &entry.keys {
                    for (other_text, other_keys) in &other.keys {
                        let same = std::ptr::eq(text, other_text);
                        let clash = keys.starts_with(other_keys) || other_keys.starts_with(keys);
                        if clash && !same {
                            return Err(format!(
                                "keys: '{}' is '{}' and '{}' is '{}' in {}: one of them needs another key",
                                label(text),
                                ACTIONS[entry.row].name,
                                label(other_text),
                                ACTIONS[other.row].name,
                                entry.context.name()
                            ));
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// Looks the sequence up.
    pub fn meaning(&self, context: Context, typed: &[Key]) -> Meaning {
        let mut longer = false;
        for entry in self.entries.iter().filter(|entry| entry.context == context) {
            for (_, keys) in &entry.keys {
                if keys.starts_with(typed) {
                    if keys.len() == typed.len() {
                        return Meaning::Action(ACTIONS[entry.row].action);
                    }
                    longer = true;
                }
            }
        }
        if longer {
            Meaning::Prefix
        } else {
            Meaning::Nothing
        }
    }

    /// The keys of a row of the table in one place, as a person reads them.
    pub fn labels(&self, context: Context, row: usize) -> Vec<String> {
        self.entries
            .iter()
            .filter(|entry| entry.context == context && entry.row == row)
            .flat_map(|entry| entry.keys.iter().map(|(text, _)| label(text)))
            .collect()
    }

    /// The first key of an action in one place, for a sentence that names it; where it has none, how the
    /// list of actions is told of it.
    pub fn key(&self, context: Context, action: Action) -> String {
        let rows = ACTIONS.iter().enumerate();
        let mut rows =
            rows.filter(|(_, row)| row.action == action && row.contexts.contains(&context));
        rows.next().map_or_else(String::new, |(at, row)| {
            let first = self.labels(context, at).into_iter().next();
            first.unwrap_or_else(|| format!(":{}", row.name))
        })
    }

    /// What may follow the keys typed so far: the rest of the sequence, and what it does.
    pub fn continuations(&self, context: Context, typed: &[Key]) -> Vec<(String, &'static str)> {
        let entries = self.entries.iter().filter(|entry| entry.context == context);
        let mut found = Vec::new();
        for entry in entries {
            for (_, keys) in &entry.keys {
                if keys.len() > typed.len() && keys.starts_with(typed) {
                    let rest = keys[typed.len()..].iter().map(|key| key.label()).collect();
                    found.push((rest, ACTIONS[entry.row].doc));
                }
            }
        }
        found
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
        assert_eq!(Keymap::default().check(), Ok(()));
    }

    fn binding(place: Option<&str>, action: &str, keys: &[&str]) -> Binding {
        Binding {
            place: place.map(str::to_owned),
            action: action.to_owned(),
            keys: keys.iter().map(|key| (*key).to_owned()).collect(),
        }
    }

    #[test]
    fn every_action_can_have_other_keys_and_lose_its_own() {
        for row in ACTIONS {
            // A key that nothing has.
            let map = Keymap::configured(&[binding(None, row.name, &["<F12>"])]);
            let map = map.unwrap_or_else(|error| panic!("{}: {error}", row.name));
            let typed = parse("<F12>").expect("a key");
            for context in row.contexts {
                assert_eq!(map.meaning(*context, &typed), Meaning::Action(row.action));
            }
        }
        let map = Keymap::configured(&[
            binding(None, "pause", &["<F11>"]),
            binding(Some("queue"), "pause", &["<C-p>"]),
            binding(None, "mark", &[]),
        ])
        .expect("a map");
        let means = |context, text| map.meaning(context, &parse(text).expect("a key"));
        assert_eq!(
            means(Context::Details, "<F11>"),
            Meaning::Action(Action::Pause)
        );
        assert_eq!(
            means(Context::Queue, "<C-p>"),
            Meaning::Action(Action::Pause)
        );
        assert_eq!(means(Context::Queue, "<F11>"), Meaning::Nothing);
        assert_eq!(means(Context::Panes, "<space>"), Meaning::Nothing);
    }

    #[test]
    fn what_cannot_be_bound_is_named() {
        for (bindings, expected) in [
            (vec![binding(None, "cancel", &["p"])], "'pause'"),
            (vec![binding(None, "cancel", &["p"])], "'cancel'"),
            (vec![binding(None, "pause", &["g"])], "'top'"),
            (
                vec![binding(None, "paws", &["z"])],
                "keys.paws: no such action",
            ),
            (
                vec![binding(Some("plan"), "mark", &["z"])],
                "no such action in plan",
            ),
            (
                vec![binding(Some("attic"), "mark", &["z"])],
                "keys.attic: no such place",
            ),
            (
                vec![binding(None, "mark", &["<nonsense>"])],
                "'<nonsense>' is no key",
            ),
            (vec![binding(None, "mark", &[""])], "is no key"),
        ] {
            let error = Keymap::configured(&bindings).expect_err("refused");
            assert!(error.contains(expected), "{error}");
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
