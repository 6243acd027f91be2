//! Putting text into cells: cut to fit, never outside, never a raw name.

use crate::text;
use crate::tui::look::Look;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// A piece of text with its style.
pub type Span = (String, Style);

/// One line made of pieces.
#[derive(Clone, Debug, Default)]
pub struct Line(pub Vec<Span>);

impl Line {
    /// An empty line.
    pub fn new() -> Self {
        Self::default()
    }

    /// The line with a piece more.
    #[must_use]
    pub fn then(mut self, text: impl Into<String>, style: Style) -> Self {
        self.0.push((text.into(), style));
        self
    }

    /// The line in one style.
    pub fn of(text: impl Into<String>, style: Style) -> Self {
        Self::new().then(text, style)
    }

    /// The line without what of its last piece does not fit, clause by clause: half a clause would
    /// say what nobody meant.
    fn clauses(&self, width: usize) -> Self {
        let mut line = self.clone();
        while line.width() > width {
            let Some((text, _)) = line.0.last_mut() else {
                break;
            };
            let ends = ["  ", ", ", "; ", ": "];
            let Some(at) = ends
                .iter()
                .filter_map(|end| text.trim_end().rfind(end))
                .max()
            else {
                break;
            };
            text.truncate(at);
        }
        line
    }

    /// Cells it takes.
    pub fn width(&self) -> usize {
        self.0.iter().map(|(text, _)| text::width(text)).sum()
    }
}

/// Writes into the cells of one area.
pub struct Pen<'a> {
    buffer: &'a mut Buffer,
    /// Glyphs and styles.
    pub look: Look,
}

impl<'a> Pen<'a> {
    /// A pen for that buffer.
    pub const fn new(buffer: &'a mut Buffer, look: Look) -> Self {
        Self { buffer, look }
    }

    /// Writes text from a cell on, at most `width` cells of it; gives the cells used.
    pub fn text(&mut self, x: u16, y: u16, width: u16, text: &str, style: Style) -> u16 {
        let area = *self.buffer.area();
        if width == 0 || x >= area.right() || y >= area.bottom() || x < area.x || y < area.y {
            return 0;
        }
        let width = width.min(area.right() - x);
        let cut = text::cut_end(text, usize::from(width), self.look.ellipsis());
        let (end, _) = self
            .buffer
            .set_stringn(x, y, cut.as_ref(), usize::from(width), style);
        end - x
    }

    /// Writes a line; what does not fit is cut.
    pub fn line(&mut self, area: Rect, line: &Line) {
        if area.height == 0 {
            return;
        }
        let mut x = area.x;
        for (text, style) in &line.0 {
            let left = area.right().saturating_sub(x);
            if left == 0 {
                break;
            }
            x += self.text(x, area.y, left, text, *style);
        }
    }

    /// Sets the style of a whole area.
    pub fn tint(&mut self, area: Rect, style: Style) {
        let area = area.intersection(*self.buffer.area());
        self.buffer.set_style(area, style);
    }

    /// Empties an area.
    pub fn clear(&mut self, area: Rect) {
        let plain = self.look.plain();
        for position in area.intersection(*self.buffer.area()).positions() {
            if let Some(cell) = self.buffer.cell_mut(position) {
                cell.reset();
                cell.set_style(plain);
            }
        }
    }

    /// A horizontal line with a title in it.
    pub fn rule(&mut self, area: Rect, title: &Line) {
        let rule = self.look.rule().repeat(usize::from(area.width));
        let style = self.look.line();
        self.text(area.x, area.y, area.width, &rule, style);
        if title.width() > 0 && area.width > 4 {
            let inner = Rect {
                x: area.x + 1,
                width: area.width - 2,
                ..area
            };
            let title = title.clauses(usize::from(inner.width) - 1);
            let padded = Line(
                std::iter::once((" ".to_string(), self.look.plain()))
                    .chain(title.0.iter().cloned())
                    .chain(std::iter::once((" ".to_string(), self.look.plain())))
                    .collect(),
            );
            self.line(inner, &padded);
        }
    }

    /// A vertical line.
    pub fn wall(&mut self, area: Rect) {
        for y in area.y..area.bottom() {
            let style = self.look.line();
            self.text(area.x, y, 1, self.look.wall(), style);
        }
    }

    /// An empty box with a title; gives what is inside.
    pub fn frame(&mut self, area: Rect, title: &str) -> Rect {
        self.clear(area);
        if area.width < 4 || area.height < 3 {
            return area;
        }
        let look = self.look;
        let corners = if look.ascii {
            ["+", "+", "+", "+"]
        } else {
            ["┌", "┐", "└", "┘"]
        };
        let (right, bottom) = (area.right() - 1, area.bottom() - 1);
        let inner = area.width - 2;
        let rule = look.rule().repeat(usize::from(inner));
        for (y, at) in [(area.y, 0), (bottom, 2)] {
            self.text(area.x, y, 1, corners[at], look.line());
            self.text(area.x + 1, y, inner, &rule, look.line());
            self.text(right, y, 1, corners[at + 1], look.line());
        }
        for y in area.y + 1..bottom {
            self.text(area.x, y, 1, look.wall(), look.line());
            self.text(right, y, 1, look.wall(), look.line());
        }
        self.text(
            area.x + 1,
            area.y,
            inner,
            &format!(" {title} "),
            look.strong(),
        );
        inside(area)
    }
}

/// What is inside a box of [`Pen::frame`]; one that is too small has no border.
pub const fn inside(area: Rect) -> Rect {
    if area.width < 4 || area.height < 3 {
        return area;
    }
    Rect {
        x: area.x + 2,
        y: area.y + 1,
        width: area.width - 4,
        height: area.height - 2,
    }
}

/// The text in exactly so many cells, from the left.
pub fn left(text: &str, width: usize, look: Look) -> String {
    let cut = text::cut_end(text, width, look.ellipsis());
    fill(&cut, width, false)
}

/// The text in exactly so many cells, against the right.
pub fn right(text: &str, width: usize, look: Look) -> String {
    let cut = text::cut_end(text, width, look.ellipsis());
    fill(&cut, width, true)
}

/// The text in exactly so many cells, cut in its middle so that both ends stay.
pub fn middle(text: &str, width: usize, look: Look) -> String {
    let cut = text::cut_middle(text, width, look.ellipsis());
    fill(&cut, width, false)
}

fn fill(text: &str, width: usize, before: bool) -> String {
    let blanks = " ".repeat(width.saturating_sub(text::width(text)));
    if before {
        format!("{blanks}{text}")
    } else {
        format!("{text}{blanks}")
    }
}

/// A bar of so many cells, filled to a share of 0..=1.
pub fn bar(share: f64, width: usize, look: Look) -> String {
    let filled = ((share.clamp(0.0, 1.0) * width as f64) as usize).min(width);
    let (full, empty) = look.bar();
    format!("{}{}", full.repeat(filled), empty.repeat(width - filled))
}

/// Breaks words into lines of at most so many cells; a word that is longer is cut into pieces.
pub fn wrap(words: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in words.split(' ') {
        let mut word = word.to_string();
        let gap = usize::from(!line.is_empty());
        if text::width(&line) + gap + text::width(&word) > width && !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        while text::width(&word) > width {
            let head = text::cut_end(&word, width, "").into_owned();
            if head.is_empty() {
                break;
            }
            word = word[head.len()..].to_string();
            lines.push(head);
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(&word);
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    lines
}
