//! The table of actions as text: for `haul keys`, the help screen, the README and the configuration.

use super::{ACTIONS, Context};
use crate::tui::keymap::Keymap;

/// One line of `haul keys`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRow {
    /// Where it works, as a heading.
    pub context: &'static str,
    /// The keys as a person reads them, separated by blanks.
    pub keys: String,
    /// The action's name in the configuration.
    pub action: &'static str,
    /// What it does.
    pub doc: &'static str,
}

/// Every default key of every context, in the order of the help screen.
pub fn keys_table() -> Vec<KeyRow> {
    keys_of(&Keymap::default())
}

/// Every key of every context; what has none is left out.
pub fn keys_of(keymap: &Keymap) -> Vec<KeyRow> {
    let mut rows = Vec::new();
    for context in Context::ALL {
        for (at, row) in ACTIONS.iter().enumerate() {
            let keys = keymap.labels(context, at).join(" ");
            if row.contexts.contains(&context) && !keys.is_empty() {
                rows.push(KeyRow {
                    context: context.title(),
                    keys,
                    action: row.name,
                    doc: row.doc,
                });
            }
        }
    }
    rows
}

/// The section of the configuration that rebinds keys, with every action and its default keys
/// commented out.
pub fn keys_example() -> String {
    let mut lines: Vec<String> = [
        "",
        "[keys]",
        "",
        "# Keys of an action, in place of its own: a character, <F5>, <space>, <C-d>, or a sequence such",
        "# as gg; several in a list, none in an empty one. An action that is listed below [keys.PLACE] has",
        "# these keys in that place only. Two actions on one key are refused.",
    ]
    .map(str::to_owned)
    .to_vec();
    for context in Context::ALL {
        lines.push(String::new());
        lines.push(format!("#[keys.{}]", context.name()));
        let rows: Vec<_> = ACTIONS
            .iter()
            .filter(|row| row.contexts.contains(&context))
            .collect();
        for (at, row) in rows.iter().enumerate() {
            // An action with two rows is one setting, which has the keys of both.
            if rows[..at].iter().any(|before| before.name == row.name) {
                continue;
            }
            let keys: Vec<String> = rows
                .iter()
                .filter(|other| other.name == row.name)
                .flat_map(|other| other.keys.iter())
                .map(|key| format!("\"{}\"", key.replace('\\', "\\\\")))
                .collect();
            lines.push(format!(
                "#{} = [{}] # {}",
                row.name,
                keys.join(", "),
                row.doc
            ));
        }
    }
    lines.push(String::new());
    lines.join("\n")
}
