//! How things look: the glyph set, the styles, and the one door through which names become cells.
//!
//! State never hangs on colour alone: whatever a style says, a word or a glyph says too.

use crate::text;
use ratatui::style::{Color, Modifier, Style};
use std::borrow::Cow;
use std::fmt::Write as _;

/// Glyphs and styles of this terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Plain ASCII only.
    pub ascii: bool,
    /// Colours may be used.
    pub colour: bool,
}

impl Look {
    /// A name or path as it is shown: nothing hidden, nothing that acts, and in an ASCII terminal
    /// nothing that it would garble.
    pub fn name(self, bytes: &[u8]) -> Cow<'_, str> {
        let shown = text::shown(bytes);
        if self.ascii && !shown.is_ascii() {
            return Cow::Owned(escape_beyond_ascii(&shown));
        }
        shown
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
    pub const fn plain(self) -> Style {
        Style::new()
    }

    /// Less important text.
    pub const fn dim(self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    /// Headings and what stands out.
    pub const fn strong(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// The row under the cursor of the part that has the keys.
    pub const fn selected(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// A marked entry.
    pub const fn marked(self) -> Style {
        self.tint(Color::Yellow, Modifier::BOLD)
    }

    /// A directory.
    pub const fn directory(self) -> Style {
        self.tint(Color::Blue, Modifier::BOLD)
    }

    /// A link.
    pub const fn link(self) -> Style {
        self.tint(Color::Cyan, Modifier::empty())
    }

    /// Going well.
    pub const fn good(self) -> Style {
        self.tint(Color::Green, Modifier::empty())
    }

    /// Waits for somebody.
    pub const fn warn(self) -> Style {
        self.tint(Color::Yellow, Modifier::empty())
    }

    /// Went wrong.
    pub const fn bad(self) -> Style {
        self.tint(Color::Red, Modifier::BOLD)
    }

    const fn tint(self, colour: Color, modifier: Modifier) -> Style {
        let style = Style::new().add_modifier(modifier);
        if self.colour { style.fg(colour) } else { style }
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
    fn an_ascii_terminal_gets_ascii_and_names_stay_distinct() {
        let look = Look {
            ascii: true,
            colour: false,
        };
        assert_eq!(look.name("né".as_bytes()), "n\\u{e9}");
        assert_eq!(look.name(b"n\\u{e9}"), "n\\\\u{e9}");
        assert_eq!(look.words("a\\b"), "a\\b");
        assert_eq!(look.words("a\x1bb"), "a\\x1bb");
    }
}
