//! How things look: the glyph set, the styles, and the one door through which names become cells.
//!
//! State never hangs on colour alone: whatever a style says, a word or a glyph says too.

use super::theme::Theme;
use crate::config::Role;
use crate::text;
use ratatui::style::Style;
use std::borrow::Cow;
use std::fmt::Write as _;

/// Glyphs and styles of this terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Plain ASCII only.
    pub ascii: bool,
    /// How each role is drawn.
    pub theme: Theme,
}

impl Look {
    /// True where the environment does not say that more than ASCII can be shown: the first of
    /// `LC_ALL`, `LC_CTYPE` and `LANG` that is set decides. The font of the Linux console has no
    /// braille, whatever the locale; the terminals of old have nothing but ASCII.
    pub fn needs_ascii(variable: &dyn Fn(&str) -> Option<String>) -> bool {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let term = set("TERM").unwrap_or_default();
        let old = term == "linux" || term == "dumb" || term.starts_with("vt");
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set);
        let utf8 = locale.is_some_and(|locale| {
            let locale = locale.to_ascii_lowercase();
            locale.contains("utf-8") || locale.contains("utf8")
        });
        old || !utf8
    }

    /// A name or path as it is shown: nothing hidden, nothing that acts, and in an ASCII terminal
    /// nothing that it would garble.
    pub fn name(self, bytes: &[u8]) -> Cow<'_, str> {
        let shown = text::shown(bytes);
        if self.ascii && !shown.is_ascii() {
            return Cow::Owned(escape_beyond_ascii(&shown));
        }
        shown
    }

    /// The name of one entry where nothing after it says where it ends: blanks there show too.
    pub fn ended(self, bytes: &[u8]) -> Cow<'_, str> {
        let name = self.name(bytes);
        let shown = name.trim_end_matches(' ').len();
        match name.len() - shown {
            0 => name,
            blanks => Cow::Owned(format!("{}{}", &name[..shown], "\\x20".repeat(blanks))),
        }
    }

    /// Words from the engine or the kernel: left alone unless something in them is not plain.
    pub fn words(self, words: &str) -> Cow<'_, str> {
        let plain = words.chars().all(|character| {
            character == '\\'
                || matches!(
                    text::shown(character.encode_utf8(&mut [0; 4]).as_bytes()),
                    Cow::Borrowed(_)
                )
        });
        if plain && (!self.ascii || words.is_ascii()) {
            Cow::Borrowed(words)
        } else {
            self.name(words.as_bytes())
        }
    }

    /// What stands for what was cut.
    pub const fn ellipsis(self) -> &'static str {
        if self.ascii { "~" } else { "…" }
    }

    /// The line between regions.
    pub const fn rule(self) -> &'static str {
        if self.ascii { "-" } else { "─" }
    }

    /// The line between panes.
    pub const fn wall(self) -> &'static str {
        if self.ascii { "|" } else { "│" }
    }

    /// The mark of the row under the cursor.
    pub const fn cursor(self) -> &'static str {
        if self.ascii { ">" } else { "▶" }
    }

    /// Done and to do in a bar.
    pub const fn bar(self) -> (&'static str, &'static str) {
        if self.ascii {
            ("#", "-")
        } else {
            ("█", "░")
        }
    }

    /// Between a source and a destination.
    pub const fn arrow(self) -> &'static str {
        if self.ascii { "->" } else { "→" }
    }

    /// Ordinary text.
    pub const fn plain(&self) -> Style {
        self.theme.style(Role::Text)
    }

    /// Less important text.
    pub const fn dim(&self) -> Style {
        self.theme.style(Role::Dim)
    }

    /// Headings and what stands out.
    pub const fn strong(&self) -> Style {
        self.theme.style(Role::Strong)
    }

    /// The row under the cursor of the part that has the keys.
    pub const fn selected(&self) -> Style {
        self.theme.style(Role::Selected)
    }

    /// A marked entry.
    pub const fn marked(&self) -> Style {
        self.theme.style(Role::Marked)
    }

    /// A directory.
    pub const fn directory(&self) -> Style {
        self.theme.style(Role::Directory)
    }

    /// A link.
    pub const fn link(&self) -> Style {
        self.theme.style(Role::Link)
    }

    /// Going well.
    pub const fn good(&self) -> Style {
        self.theme.style(Role::Good)
    }

    /// Waits for somebody.
    pub const fn warn(&self) -> Style {
        self.theme.style(Role::Warn)
    }

    /// Went wrong.
    pub const fn bad(&self) -> Style {
        self.theme.style(Role::Bad)
    }

    /// Lines between regions.
    pub const fn line(&self) -> Style {
        self.theme.style(Role::Line)
    }

    /// Charts of throughput.
    pub const fn graph(&self) -> Style {
        self.theme.style(Role::Graph)
    }
}

fn escape_beyond_ascii(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    for character in text.chars() {
        if character.is_ascii() {
            out.push(character);
        } else if write!(out, "\\u{{{:x}}}", u32::from(character)).is_err() {
            // Writing to a string cannot fail; were it to, the name must not look like another.
            out.push('?');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_locale_that_is_set_decides() {
        for (variables, ascii) in [
            (&[][..], true),
            (&[("LANG", "C")], true),
            (&[("LANG", "POSIX")], true),
            (&[("LANG", "de_DE.UTF-8")], false),
            (&[("LANG", "de_DE.utf8")], false),
            (&[("LANG", "de_DE.ISO-8859-1")], true),
            (&[("LC_CTYPE", "C.UTF-8"), ("LANG", "C")], false),
            (&[("LC_ALL", "C"), ("LC_CTYPE", "C.UTF-8")], true),
            (&[("LC_ALL", ""), ("LANG", "C.UTF-8")], false),
            (&[("LANG", "C.UTF-8"), ("TERM", "linux")], true),
            (&[("LANG", "C.UTF-8"), ("TERM", "vt100")], true),
        ] {
            let found = Look::needs_ascii(&|name| {
                let known = variables.iter().find(|(known, _)| *known == name);
                known.map(|(_, value)| (*value).to_string())
            });
            assert_eq!(found, ascii, "{variables:?}");
        }
    }

    #[test]
    fn an_ascii_terminal_gets_ascii_and_names_stay_distinct() {
        let look = Look {
            ascii: true,
            theme: Theme::default(),
        };
        assert_eq!(look.name("né".as_bytes()), "n\\u{e9}");
        assert_eq!(look.name(b"n\\u{e9}"), "n\\\\u{e9}");
        assert_eq!(look.words("a\\b"), "a\\b");
        assert_eq!(look.words("a\x1bb"), "a\\x1bb");
    }
}
