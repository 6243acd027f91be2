//! How many colours a terminal shows, and what becomes of one that it cannot show.
//!
//! Pure: the environment is handed in, and no terminal is asked.

use crate::config::{Colours, Ink};
use ratatui::style::Color;

/// The colours of a terminal, from fewest to most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// None at all: bold, dim and reversed only.
    None,
    /// The sixteen of its own palette.
    Sixteen,
    /// Those, a cube of 216 and 24 greys.
    TwoFiftySix,
    /// All there are.
    True,
}

/// Terminals that show all colours, by their `TERM`: over SSH `COLORTERM` is not handed on.
const TRUE: [&str; 8] = [
    "alacritty",
    "contour",
    "foot",
    "iterm",
    "wezterm",
    "xterm-ghostty",
    "xterm-kitty",
    "mintty",
];

/// Terminals without colour: no capability of theirs names one in terminfo.
const NONE: [&str; 6] = ["dumb", "vt100", "vt102", "vt220", "vt320", "xterm-mono"];

impl Depth {
    /// What is wanted, or else what the environment says of the terminal. `auto` gives way to
    /// `NO_COLOR`; `always` does not.
    pub fn of(wanted: Colours, variable: &dyn Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        match wanted {
            Colours::Never => return Self::None,
            Colours::Sixteen => return Self::Sixteen,
            Colours::TwoFiftySix => return Self::TwoFiftySix,
            Colours::True => return Self::True,
            Colours::Auto if set("NO_COLOR").is_some() => return Self::None,
            Colours::Auto | Colours::Always => {}
        }
        let term = set("TERM").unwrap_or_default();
        let begins = |names: &[&str]| names.iter().any(|name| term.starts_with(name));
        if begins(&NONE) {
            // Who says always knows better than a name.
            return match wanted {
                Colours::Always => Self::Sixteen,
                _ => Self::None,
            };
        }
        let declared =
            set("COLORTERM").is_some_and(|value| value == "truecolor" || value == "24bit");
        // GNU screen hands its own environment on and garbles what it does not know.
        let screen = term.starts_with("screen") && set("STY").is_some();
        if (declared && !screen) || term.ends_with("-direct") || begins(&TRUE) {
            Self::True
        } else if term.contains("256color") {
            Self::TwoFiftySix
        } else {
            Self::Sixteen
        }
    }

    /// The nearest that this terminal shows; `None` where it shows none.
    pub fn nearest(self, ink: Ink) -> Option<Color> {
        let ink = match (self, ink) {
            (Self::None, _) => return None,
            (_, Ink::Default) => return Some(Color::Reset),
            (_, Ink::Palette(number @ 0..16)) => return Some(OWN[usize::from(number)]),
            (Self::Sixteen, Ink::Palette(number)) => {
                let (red, green, blue) = fixed(number);
                Ink::True(red, green, blue)
            }
            (_, ink) => ink,
        };
        Some(match (self, ink) {
            (_, Ink::Default) => Color::Reset,
            (_, Ink::Palette(number)) => Color::Indexed(number),
            (Self::True, Ink::True(red, green, blue)) => Color::Rgb(red, green, blue),
            (Self::TwoFiftySix, Ink::True(red, green, blue)) => {
                Color::Indexed(of_256(red, green, blue))
            }
            (_, Ink::True(red, green, blue)) => OWN[usize::from(of_16(red, green, blue))],
        })
    }
}

/// The sixteen of the terminal's own palette, in its order.
const OWN: [Color; 16] = [
    Color::Black,
    Color::Red,
    Color::Green,
    Color::Yellow,
    Color::Blue,
    Color::Magenta,
    Color::Cyan,
    Color::Gray,
    Color::DarkGray,
    Color::LightRed,
    Color::LightGreen,
    Color::LightYellow,
    Color::LightBlue,
    Color::LightMagenta,
    Color::LightCyan,
    Color::White,
];

/// Levels of the cube's channels, as every terminal with 256 colours has them.
const LEVELS: [u8; 6] = [0, 95, 135, 175, 215, 255];

/// What a number from 16 on is, in red, green and blue.
fn fixed(number: u8) -> (u8, u8, u8) {
    match number {
        0..16 => (0, 0, 0),
        16..232 => {
            let at = usize::from(number - 16);
            (LEVELS[at / 36], LEVELS[at / 6 % 6], LEVELS[at % 6])
        }
        232.. => {
            let level = 8 + 10 * (number - 232);
            (level, level, level)
        }
    }
}

/// How far two colours are apart, squared.
fn apart(one: (u8, u8, u8), other: (u8, u8, u8)) -> u32 {
    let square = |a: u8, b: u8| u32::from(a.abs_diff(b)).pow(2);
    square(one.0, other.0) + square(one.1, other.1) + square(one.2, other.2)
}

/// The nearest of the cube and the greys; never of the first sixteen, which each terminal has of
/// its own.
fn of_256(red: u8, green: u8, blue: u8) -> u8 {
    let level = |channel: u8| {
        let apart = |at: &usize| channel.abs_diff(LEVELS[*at]);
        (0..LEVELS.len()).min_by_key(apart).unwrap_or_default() as u8
    };
    let cube = 16 + 36 * level(red) + 6 * level(green) + level(blue);
    let mean = (u16::from(red) + u16::from(green) + u16::from(blue)) / 3;
    let grey = 232 + ((mean.saturating_sub(3)) / 10).min(23) as u8;
    let wanted = (red, green, blue);
    if apart(wanted, fixed(grey)) < apart(wanted, fixed(cube)) {
        grey
    } else {
        cube
    }
}

/// One of sixteen: what the real ones look like is the terminal's affair, so the hue decides, and
/// whether it is a bright one. Nearest by distance would make every pale colour grey.
fn of_16(red: u8, green: u8, blue: u8) -> u8 {
    let most = red.max(green).max(blue);
    let least = red.min(green).min(blue);
    if most - least < 48 {
        return match most {
            0..48 => 0,
            48..160 => 8,
            160..232 => 7,
            232.. => 15,
        };
    }
    let middle = least + (most - least) / 2;
    let bit = |channel: u8, bit: u8| if channel > middle { bit } else { 0 };
    let hue = bit(red, 1) | bit(green, 2) | bit(blue, 4);
    if most >= 192 { hue + 8 } else { hue }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn depth(wanted: Colours, variables: &[(&str, &str)]) -> Depth {
        Depth::of(wanted, &|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_string())
        })
    }

    #[test]
    fn the_environment_says_how_many_there_are() {
        for (variables, expected) in [
            (&[][..], Depth::Sixteen),
            (&[("TERM", "linux")], Depth::Sixteen),
            (&[("TERM", "xterm")], Depth::Sixteen),
            (&[("TERM", "screen")], Depth::Sixteen),
            (&[("TERM", "dumb")], Depth::None),
            (&[("TERM", "vt100")], Depth::None),
            (&[("TERM", "vt220")], Depth::None),
            (&[("TERM", "xterm-256color")], Depth::TwoFiftySix),
            (&[("TERM", "tmux-256color")], Depth::TwoFiftySix),
            (&[("TERM", "xterm-kitty")], Depth::True),
            (&[("TERM", "foot")], Depth::True),
            (&[("TERM", "xterm-direct")], Depth::True),
            (
                &[("TERM", "xterm"), ("COLORTERM", "truecolor")],
                Depth::True,
            ),
            (&[("TERM", "xterm"), ("COLORTERM", "24bit")], Depth::True),
            (&[("TERM", "xterm"), ("COLORTERM", "")], Depth::Sixteen),
            (
                &[
                    ("TERM", "screen-256color"),
                    ("COLORTERM", "truecolor"),
                    ("STY", "1.pts"),
                ],
                Depth::TwoFiftySix,
            ),
            (&[("TERM", "xterm-kitty"), ("NO_COLOR", "1")], Depth::None),
            (&[("TERM", "xterm"), ("NO_COLOR", "")], Depth::Sixteen),
        ] {
            assert_eq!(depth(Colours::Auto, variables), expected, "{variables:?}");
        }
        let without = [("TERM", "xterm-256color"), ("NO_COLOR", "1")];
        for (wanted, expected) in [
            (Colours::Never, Depth::None),
            (Colours::Sixteen, Depth::Sixteen),
            (Colours::TwoFiftySix, Depth::TwoFiftySix),
            (Colours::True, Depth::True),
            (Colours::Always, Depth::TwoFiftySix),
        ] {
            assert_eq!(depth(wanted, &without), expected, "{wanted:?}");
        }
        assert_eq!(depth(Colours::Always, &[("TERM", "vt100")]), Depth::Sixteen);
    }

    #[test]
    fn of_256_the_nearest_is_taken() {
        for number in 16..=255 {
            let (red, green, blue) = fixed(number);
            let found = of_256(red, green, blue);
            assert_eq!(fixed(found), (red, green, blue), "{number}");
        }
        let steps = || (0..=255).step_by(15);
        for red in steps() {
            for green in steps() {
                for blue in steps() {
                    let wanted = (red, green, blue);
                    let best = (16..=255).map(|number| apart(wanted, fixed(number))).min();
                    let found = apart(wanted, fixed(of_256(red, green, blue)));
                    assert_eq!(Some(found), best, "{wanted:?}");
                }
            }
        }
    }

    #[test]
    fn of_sixteen_the_hue_is_kept() {
        for ((red, green, blue), expected) in [
            ((0, 0, 0), 0),
            ((0x7f, 0x7f, 0x7f), 8),
            ((0xc0, 0xc4, 0xc8), 7),
            ((0xff, 0xff, 0xff), 15),
            ((0xff, 0x7b, 0x72), 9),
            ((0xb0, 0x00, 0x20), 1),
            ((0x7f, 0xb4, 0xff), 12),
            ((0x0b, 0x4f, 0x94), 4),
            ((0xf2, 0xc1, 0x4e), 11),
            ((0x7a, 0x5c, 0x00), 3),
            ((0x00, 0x69, 0x5c), 6),
            ((0x7f, 0xd1, 0x7f), 10),
            ((0x80, 0x00, 0x80), 5),
        ] {
            assert_eq!(of_16(red, green, blue), expected, "{red} {green} {blue}");
        }
    }

    #[test]
    fn a_colour_is_never_more_than_the_terminal_has() {
        let inks = [
            Ink::Default,
            Ink::Palette(3),
            Ink::Palette(208),
            Ink::True(1, 200, 3),
        ];
        for ink in inks {
            assert_eq!(Depth::None.nearest(ink), None);
            let sixteen = Depth::Sixteen.nearest(ink).expect("some");
            assert!(
                !matches!(sixteen, Color::Rgb(..) | Color::Indexed(_)),
                "{ink:?}"
            );
            let more = Depth::TwoFiftySix.nearest(ink).expect("some");
            assert!(!matches!(more, Color::Rgb(..)), "{ink:?}");
        }
        assert_eq!(
            Depth::True.nearest(Ink::True(1, 2, 3)),
            Some(Color::Rgb(1, 2, 3))
        );
        // The terminal's own are left to it, however many it has.
        assert_eq!(Depth::True.nearest(Ink::Palette(3)), Some(Color::Yellow));
    }
}
