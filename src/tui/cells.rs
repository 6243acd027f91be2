//! Cells as bytes for the terminal.
//!
//! In place of ratatui's own encoder for two reasons. It writes each of the sixteen colours as one
//! of 256, which a terminal with sixteen takes for blinking and crossed-out; and it says everything
//! anew where little changes, which a slow line pays for. Here a change of style is what changes,
//! the cursor goes forward by a count within a row, and after a name in a script whose width
//! terminals disagree about it is placed anew, so that no border is pushed aside.

use ratatui::buffer::Cell;
use ratatui::style::{Color, Modifier};

/// How the terminal draws what comes next.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Pen {
    ink: Color,
    paper: Color,
    manners: Modifier,
}

const PLAIN: Pen = Pen {
    ink: Color::Reset,
    paper: Color::Reset,
    manners: Modifier::empty(),
};

/// The manners that are drawn, with their parameters.
const MANNERS: [(Modifier, u8); 6] = [
    (Modifier::BOLD, 1),
    (Modifier::DIM, 2),
    (Modifier::ITALIC, 3),
    (Modifier::UNDERLINED, 4),
    (Modifier::REVERSED, 7),
    (Modifier::CROSSED_OUT, 9),
];

/// The bytes that draw these cells, each at its column and row. The terminal draws plainly before
/// and after.
pub fn encode<'a>(content: impl Iterator<Item = (u16, u16, &'a Cell)>) -> String {
    let mut out = String::new();
    let mut pen = PLAIN;
    // Where the cursor certainly is.
    let mut cursor: Option<(u16, u16)> = None;
    for (x, y, cell) in content {
        place(&mut out, cursor, (x, y));
        let wanted = Pen {
            ink: cell.fg,
            paper: cell.bg,
            manners: cell.modifier,
        };
        dip(&mut out, pen, wanted);
        pen = wanted;
        let symbol = cell.symbol();
        out.push_str(symbol);
        cursor = is_one_wide(symbol).then_some((x + 1, y));
    }
    dip(&mut out, pen, PLAIN);
    out
}

/// Moves the cursor, with as few bytes as it takes.
fn place(out: &mut String, from: Option<(u16, u16)>, (x, y): (u16, u16)) {
    match from {
        Some(at) if at == (x, y) => {}
        Some((before, row)) if row == y && before < x => match x - before {
            1 => out.push_str("\x1b[C"),
            cells => say(out, format_args!("\x1b[{cells}C")),
        },
        _ if x == 0 => say(out, format_args!("\x1b[{}H", y + 1)),
        _ => say(out, format_args!("\x1b[{};{}H", y + 1, x + 1)),
    }
}

/// Changes how the terminal draws.
fn dip(out: &mut String, from: Pen, to: Pen) {
    if from == to {
        return;
    }
    if to == PLAIN {
        return out.push_str("\x1b[m");
    }
    let mut parameters = String::new();
    // There is no common way to take one manner away.
    let anew = !to.manners.contains(from.manners);
    let from = if anew {
        parameters.push(';');
        PLAIN
    } else {
        from
    };
    for (manner, number) in MANNERS {
        if (to.manners - from.manners).contains(manner) {
            say(&mut parameters, format_args!("{number};"));
        }
    }
    if to.ink != from.ink {
        colour(&mut parameters, to.ink, 30);
    }
    if to.paper != from.paper {
        colour(&mut parameters, to.paper, 40);
    }
    parameters.pop();
    say(out, format_args!("\x1b[{parameters}m"));
}

/// The parameters of a colour; `base` is 30 for letters and 40 for what is behind them.
fn colour(out: &mut String, colour: Color, base: u8) {
    let own = |number: u8| {
        if number < 8 {
            base + number
        } else {
            base + 52 + number
        }
    };
    let number = match colour {
        Color::Reset => base + 9,
        Color::Black => own(0),
        Color::Red => own(1),
        Color::Green => own(2),
        Color::Yellow => own(3),
        Color::Blue => own(4),
        Color::Magenta => own(5),
        Color::Cyan => own(6),
        Color::Gray => own(7),
        Color::DarkGray => own(8),
        Color::LightRed => own(9),
        Color::LightGreen => own(10),
        Color::LightYellow => own(11),
        Color::LightBlue => own(12),
        Color::LightMagenta => own(13),
        Color::LightCyan => own(14),
        Color::White => own(15),
        Color::Indexed(number) => return say(out, format_args!("{};5;{number};", base + 8)),
        Color::Rgb(red, green, blue) => {
            return say(out, format_args!("{};2;{red};{green};{blue};", base + 8));
        }
    };
    say(out, format_args!("{number};"));
}

/// True for what every terminal draws one cell wide: ASCII and haul's own glyphs.
fn is_one_wide(symbol: &str) -> bool {
    let mut characters = symbol.chars();
    let (Some(character), None) = (characters.next(), characters.next()) else {
        return false;
    };
    matches!(character, ' '..='~' | '…' | '→' | '─'..='▟' | '▶' | '\u{2800}'..='\u{28ff}')
}

fn say(out: &mut String, what: std::fmt::Arguments<'_>) {
    out.push_str(&what.to_string());
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::buffer::Buffer;
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    #[test]
    fn what_is_written_is_what_an_emulator_shows() {
        let area = Rect::new(0, 0, 30, 6);
        let mut buffer = Buffer::empty(area);
        let styles = [
            Style::new(),
            Style::new().fg(Color::Red).add_modifier(Modifier::BOLD),
            Style::new().fg(Color::LightBlue).bg(Color::Gray),
            Style::new().fg(Color::Indexed(208)).bg(Color::DarkGray),
            Style::new()
                .fg(Color::Rgb(1, 2, 3))
                .add_modifier(Modifier::DIM),
            Style::new().add_modifier(Modifier::REVERSED | Modifier::UNDERLINED),
        ];
        for y in 0..6_u16 {
            for x in 0..10_u16 {
                let style = styles[usize::from((x * 5 + y * 7) % 6)];
                let text = ["a", "B", "─", "界", " ", "⣿"][usize::from((x + y) % 6)];
                buffer.set_stringn(x * 3, y, text, 2, style);
            }
        }
        let empty = Buffer::empty(area);
        let bytes = encode(empty.diff(&buffer).into_iter());
        let mut emulator = vt100::Parser::new(cells(6), cells(30), 0);
        emulator.process(bytes.as_bytes());
        for y in 0..6 {
            for x in 0..30 {
                let wanted = &buffer[(x, y)];
                let shown = emulator.screen().cell(y, x).expect("a cell");
                let at = format!("{x} {y} {wanted:?}");
                if shown.is_wide_continuation() {
                    continue;
                }
                let symbol = if shown.has_contents() {
                    shown.contents()
                } else {
                    " "
                };
                assert_eq!(symbol, wanted.symbol(), "{at}");
                assert_eq!(shown.fgcolor(), seen(wanted.fg), "{at}");
                assert_eq!(shown.bgcolor(), seen(wanted.bg), "{at}");
                let has = |manner| wanted.modifier.contains(manner);
                assert_eq!(shown.bold(), has(Modifier::BOLD), "{at}");
                assert_eq!(shown.dim(), has(Modifier::DIM), "{at}");
                assert_eq!(shown.inverse(), has(Modifier::REVERSED), "{at}");
                assert_eq!(shown.underline(), has(Modifier::UNDERLINED), "{at}");
            }
        }
        assert!(bytes.ends_with("\x1b[m"));
    }

    fn cells(count: u16) -> std::num::NonZero<u16> {
        std::num::NonZero::new(count).expect("not zero")
    }

    fn seen(colour: Color) -> vt100::Color {
        match colour {
            Color::Red => vt100::Color::Idx(1),
            Color::Gray => vt100::Color::Idx(7),
            Color::DarkGray => vt100::Color::Idx(8),
            Color::LightBlue => vt100::Color::Idx(12),
            Color::Indexed(number) => vt100::Color::Idx(number),
            Color::Rgb(red, green, blue) => vt100::Color::Rgb(red, green, blue),
            _ => vt100::Color::Default,
        }
    }

    #[test]
    fn little_is_said_where_little_changes_and_sixteen_colours_are_sixteen() {
        let cell = |symbol: &'static str, style: Style| {
            let mut cell = Cell::new(symbol);
            cell.set_style(style);
            cell
        };
        let red = Style::new().fg(Color::LightRed);
        let cells = [
            (3, 2, cell("a", Style::new())),
            (4, 2, cell("b", red)),
            (5, 2, cell("c", red.add_modifier(Modifier::BOLD))),
            (6, 2, cell("d", red)),
            (9, 2, cell("é", Style::new())),
            (10, 2, cell("e", Style::new())),
            (0, 3, cell("f", Style::new())),
        ];
        let bytes = encode(cells.iter().map(|(x, y, cell)| (*x, *y, cell)));
        assert_eq!(
            bytes,
            "\x1b[3;4Ha\x1b[91mb\x1b[1mc\x1b[;91md\x1b[2C\x1b[mé\x1b[3;11He\x1b[4Hf"
        );
        assert_eq!(encode(std::iter::empty()), "");
    }
}
