//! Themes: how each role is drawn, for the colours that the terminal has.

use super::depth::Depth;
use crate::config::{self, Paint, Role, ThemeName};
use ratatui::style::{Modifier, Style};

/// A style for each role. The default has no colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Theme([Style; Role::ALL.len()]);

impl Default for Theme {
    fn default() -> Self {
        Self::of(&config::Theme::default(), Depth::None, &|_| None)
    }
}

/// What each role is in a theme, in the order of the roles.
type Paints = [&'static str; Role::ALL.len()];

/// The terminal's own colours: they suit its background, whatever that is.
const TERMINAL: Paints = [
    "plain",
    "dim",
    "bold",
    "reversed",
    "bold yellow",
    "bold blue",
    "cyan",
    "green",
    "yellow",
    "bold red",
    "dim",
    "green",
];

const DARK: Paints = [
    "plain",
    "#9aa0a6",
    "bold",
    "#ffffff on #1f4b87",
    "bold #f2c14e",
    "bold #7fb4ff",
    "#5fd7d7",
    "#7fd17f",
    "#ffb454",
    "bold #ff7b72",
    "#7a808a",
    "#5fc9a8",
];

const LIGHT: Paints = [
    "plain",
    "#5a6068",
    "bold",
    "#000000 on #a8c7fa",
    "bold #7a5c00",
    "bold #0b4f94",
    "#00696b",
    "#1b6e2a",
    "#8a4b00",
    "bold #b00020",
    "#6a7078",
    "#00695c",
];

const MONO: Paints = [
    "plain", "dim", "bold", "reversed", "bold", "bold", "plain", "plain", "plain", "bold", "dim",
    "plain",
];

impl Theme {
    /// What was chosen, for a terminal with so many colours. `variable` answers for the
    /// environment: `COLORFGBG` is the one thing that tells a light background from a dark one
    /// without asking the terminal.
    pub fn of(
        chosen: &config::Theme,
        depth: Depth,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Self {
        let paints = match chosen.name {
            ThemeName::Auto => match variable("COLORFGBG").as_deref().and_then(is_light) {
                Some(true) => &LIGHT,
                Some(false) => &DARK,
                None => &TERMINAL,
            },
            ThemeName::Terminal => &TERMINAL,
            ThemeName::Dark => &DARK,
            ThemeName::Light => &LIGHT,
            ThemeName::Mono => &MONO,
        };
        let mut styles = [Style::new(); Role::ALL.len()];
        for (at, role) in Role::ALL.iter().enumerate() {
            // The paints above are proven to be readable.
            let built_in = || Paint::parse(paints[at]).unwrap_or_default();
            let paint = chosen.paints[at].unwrap_or_else(built_in);
            styles[at] = style(*role, paint, depth);
        }
        Self(styles)
    }

    /// How that role is drawn.
    pub const fn style(&self, role: Role) -> Style {
        self.0[role as usize]
    }
}

fn style(role: Role, paint: Paint, depth: Depth) -> Style {
    let mut style = Style::new();
    if let Some(colour) = paint.ink.and_then(|ink| depth.nearest(ink)) {
        style = style.fg(colour);
    }
    if let Some(colour) = paint.paper.and_then(|paper| depth.nearest(paper)) {
        style = style.bg(colour);
    }
    for (manner, modifier) in [
        ("bold", Modifier::BOLD),
        ("dim", Modifier::DIM),
        ("italic", Modifier::ITALIC),
        ("underlined", Modifier::UNDERLINED),
        ("reversed", Modifier::REVERSED),
    ] {
        if paint.has(manner) {
            style = style.add_modifier(modifier);
        }
    }
    // What a colour behind the letters said must not be lost with the colour.
    if role == Role::Selected && depth == Depth::None {
        style = style.add_modifier(Modifier::REVERSED);
    }
    style
}

/// Whether a background is light, by the last number of `COLORFGBG` (`0;15`, `15;default;0`).
fn is_light(variable: &str) -> Option<bool> {
    let number: u8 = variable.rsplit(';').next()?.parse().ok()?;
    match number {
        7 | 9..=15 => Some(true),
        0..=6 | 8 => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Ink;
    use ratatui::style::Color;

    fn theme(name: ThemeName, depth: Depth) -> Theme {
        let chosen = config::Theme {
            name,
            ..config::Theme::default()
        };
        Theme::of(&chosen, depth, &|_| None)
    }

    #[test]
    fn every_paint_that_is_built_in_can_be_read() {
        for paint in [TERMINAL, DARK, LIGHT, MONO].iter().flatten() {
            Paint::parse(paint).expect(paint);
        }
    }

    /// Luminance of a colour, as in WCAG 2.
    fn luminance((red, green, blue): (u8, u8, u8)) -> f64 {
        let linear = |channel: u8| {
            let share = f64::from(channel) / 255.0;
            if share <= 0.04045 {
                share / 12.92
            } else {
                ((share + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
    }

    fn contrast(one: (u8, u8, u8), other: (u8, u8, u8)) -> f64 {
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    #[test]
    fn dark_and_light_are_legible_on_what_they_are_made_for() {
        for (paints, papers) in [
            (DARK, [(0, 0, 0), (0x1e, 0x1e, 0x2e)]),
            (LIGHT, [(0xff, 0xff, 0xff), (0xf5, 0xf0, 0xe6)]),
        ] {
            for (at, words) in paints.iter().enumerate() {
                let paint = Paint::parse(words).expect("reads");
                let Some(Ink::True(red, green, blue)) = paint.ink else {
                    continue;
                };
                let least = if Role::ALL[at] == Role::Line {
                    3.0
                } else {
                    4.5
                };
                for terminal in papers {
                    let paper = match paint.paper {
                        Some(Ink::True(red, green, blue)) => (red, green, blue),
                        _ => terminal,
                    };
                    let found = contrast((red, green, blue), paper);
                    assert!(found >= least, "{words}: {found}");
                }
            }
        }
    }

    #[test]
    fn what_is_good_waits_or_is_bad_differs_in_every_number_of_colours() {
        for name in [ThemeName::Terminal, ThemeName::Dark, ThemeName::Light] {
            for depth in [Depth::Sixteen, Depth::TwoFiftySix, Depth::True] {
                let theme = theme(name, depth);
                let of = |role| theme.style(role).fg;
                let (good, warn, bad) = (of(Role::Good), of(Role::Warn), of(Role::Bad));
                assert!(
                    good != warn && warn != bad && good != bad,
                    "{name:?} {depth:?}"
                );
                assert_ne!(theme.style(Role::Selected), Style::new());
            }
        }
    }

    #[test]
    fn without_colours_the_cursor_is_still_seen() {
        for name in ThemeName::ALL {
            let theme = theme(name, Depth::None);
            for role in Role::ALL {
                let style = theme.style(role);
                assert_eq!((style.fg, style.bg), (None, None), "{name:?} {role:?}");
            }
            let cursor = theme.style(Role::Selected);
            assert!(cursor.add_modifier.contains(Modifier::REVERSED), "{name:?}");
        }
        for role in Role::ALL {
            let style = theme(ThemeName::Mono, Depth::True).style(role);
            assert_eq!((style.fg, style.bg), (None, None), "{role:?}");
        }
    }

    #[test]
    fn the_background_is_believed_when_it_is_told_and_paints_of_ones_own_win() {
        let mut chosen = config::Theme::default();
        let with = |chosen: &config::Theme, value: &'static str| {
            Theme::of(chosen, Depth::True, &|_| Some(value.to_string()))
        };
        let named = |name| theme(name, Depth::True);
        assert_eq!(with(&chosen, "0;15"), named(ThemeName::Light));
        assert_eq!(with(&chosen, "15;default;0"), named(ThemeName::Dark));
        assert_eq!(with(&chosen, "default;default"), named(ThemeName::Terminal));
        chosen.paints[Role::Bad as usize] = Some(Paint::parse("#010203 on 17").expect("reads"));
        let own = with(&chosen, "0;15");
        assert_eq!(
            own.style(Role::Bad),
            Style::new().fg(Color::Rgb(1, 2, 3)).bg(Color::Indexed(17))
        );
        let light = named(ThemeName::Light);
        assert_eq!(own.style(Role::Good), light.style(Role::Good));
    }
}
