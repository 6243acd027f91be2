//! Colours and how they are written: `bold #ffcc00 on black`, `dim`, `plain`.
//!
//! Plain data without a terminal: what of it a terminal can show is decided where it is drawn.

use super::values::Value;
use crate::text;
use std::fmt;

/// One colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    /// What the terminal writes in, or on, by itself.
    Default,
    /// One of the terminal's palette: 0 to 15 are its own, the others are fixed.
    Palette(u8),
    /// Red, green and blue.
    True(u8, u8, u8),
}

/// How one role of the screen is drawn. The default changes nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Paint {
    /// Colour of the letters.
    pub ink: Option<Ink>,
    /// Colour behind them.
    pub paper: Option<Ink>,
    /// Which of [`Paint::MANNERS`], a bit each, from the lowest.
    manners: u8,
}

/// Names of the terminal's own sixteen colours, in their order.
const NAMES: [&str; 16] = [
    "black",
    "red",
    "green",
    "yellow",
    "blue",
    "magenta",
    "cyan",
    "white",
    "bright-black",
    "bright-red",
    "bright-green",
    "bright-yellow",
    "bright-blue",
    "bright-magenta",
    "bright-cyan",
    "bright-white",
];

impl Paint {
    /// Words for what is no colour.
    pub const MANNERS: [&str; 5] = ["bold", "dim", "italic", "underlined", "reversed"];

    /// Whether it is drawn in that manner; false for what is no manner.
    pub fn has(self, manner: &str) -> bool {
        Self::MANNERS
            .iter()
            .position(|known| *known == manner)
            .is_some_and(|bit| self.manners & 1 << bit != 0)
    }

    /// Reads manners, a colour, and `on` with another; what is wrong is said in safe words.
    pub fn parse(words: &str) -> Result<Self, String> {
        let mut paint = Self::default();
        let mut words = words.split_whitespace().peekable();
        if words.peek().is_none() {
            return Err(expected());
        }
        while let Some(word) = words.next() {
            if let Some(bit) = Self::MANNERS.iter().position(|known| *known == word) {
                paint.manners |= 1 << bit;
            } else if word == "on" {
                let Some(colour) = words.next() else {
                    return Err("a colour is expected after 'on'".to_owned());
                };
                if paint.paper.replace(ink(colour)?).is_some() {
                    return Err("there are two colours behind the letters".to_owned());
                }
            } else if word != "plain" && paint.ink.replace(ink(word)?).is_some() {
                return Err("there are two colours of letters".to_owned());
            }
        }
        Ok(paint)
    }
}

impl fmt::Display for Paint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words: Vec<String> = Self::MANNERS
            .iter()
            .filter(|manner| self.has(manner))
            .map(|manner| (*manner).to_owned())
            .collect();
        words.extend(self.ink.map(|ink| ink.to_string()));
        words.extend(self.paper.map(|paper| format!("on {paper}")));
        if words.is_empty() {
            words.push("plain".to_owned());
        }
        f.write_str(&words.join(" "))
    }
}

impl fmt::Display for Ink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Palette(number) => match NAMES.get(usize::from(*number)) {
                Some(name) => f.write_str(name),
                None => write!(f, "{number}"),
            },
            Self::True(red, green, blue) => write!(f, "#{red:02x}{green:02x}{blue:02x}"),
        }
    }
}

fn ink(word: &str) -> Result<Ink, String> {
    if word == "default" {
        return Ok(Ink::Default);
    }
    if let Some(at) = NAMES.iter().position(|name| *name == word) {
        return Ok(Ink::Palette(at as u8));
    }
    if let Some(digits) = word.strip_prefix('#') {
        let hex = digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        if let (true, Ok(number)) = (hex, u32::from_str_radix(digits, 16)) {
            let [_, red, green, blue] = number.to_be_bytes();
            return Ok(Ink::True(red, green, blue));
        }
    } else if let Ok(number) = word.parse() {
        return Ok(Ink::Palette(number));
    }
    let shown = text::shown(word.as_bytes());
    Err(format!("'{shown}' is no colour; {}", expected()))
}

fn expected() -> String {
    format!(
        "words such as \"bold #ffcc00 on black\" are expected: {}, a colour ({}, default, a number \
         from 0 to 255, or #rrggbb), and 'on' with another; or \"plain\"",
        Paint::MANNERS.join(", "),
        NAMES.join(", ")
    )
}

/// How a role is drawn; `None`, written `theme`, is as the theme has it.
pub fn paint(value: &Value) -> Result<Option<Paint>, String> {
    let (Value::Text(words) | Value::Raw(words)) = value else {
        return Err(expected());
    };
    if words == "theme" {
        return Ok(None);
    }
    Paint::parse(words).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        for words in [
            "plain",
            "bold",
            "dim italic underlined reversed",
            "red",
            "bold bright-white on 238",
            "#ffcc00 on black",
            "default on default",
        ] {
            let paint = Paint::parse(words).expect("reads");
            assert_eq!(paint.to_string(), words);
        }
        assert_eq!(
            Paint::parse("#A0b1C2").expect("reads").ink,
            Some(Ink::True(0xa0, 0xb1, 0xc2))
        );
        assert_eq!(Paint::parse("3").expect("reads").to_string(), "yellow");
        assert!(Paint::parse("bold").expect("reads").has("bold"));
        assert!(!Paint::parse("bold").expect("reads").has("dim"));
    }

    #[test]
    fn what_is_no_paint_is_said() {
        for (words, said) in [
            ("", "are expected"),
            ("shiny", "'shiny' is no colour"),
            ("256", "'256' is no colour"),
            ("#12345", "'#12345' is no colour"),
            ("#+12345", "is no colour"),
            ("on", "after 'on'"),
            ("red blue", "two colours of letters"),
            ("on red on blue", "two colours behind"),
            ("\u{1b}[31m", "\\x1b"),
        ] {
            let reason = Paint::parse(words).expect_err(words);
            assert!(
                reason.contains(said) && !reason.contains('\x1b'),
                "{reason}"
            );
        }
    }
}
