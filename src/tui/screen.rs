//! Frames as bytes: what ratatui draws on, and what is sent to the terminal.
//!
//! Nothing is written here. Each frame is collected whole, wrapped in a synchronised update, and
//! handed out; a frame in which nothing changed is no bytes at all. The size is told, never asked,
//! and the cursor is remembered: no question ever goes to the terminal, so none can be left
//! unanswered.

use super::cells::encode;
use super::fragile::Fragile;
use super::model::Model;
use super::term;
use super::view::view;
use crossterm::Command;
use crossterm::cursor::{Hide, MoveTo, Show};
use crossterm::style::{Attribute, SetAttribute};
use crossterm::terminal::{BeginSynchronizedUpdate, Clear, EndSynchronizedUpdate};
use ratatui::Terminal;
use ratatui::backend::{Backend, ClearType, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};
use std::cell::RefCell;
use std::io;
use std::rc::Rc;

/// The screen of one terminal.
#[derive(Debug)]
pub struct Screen {
    terminal: Terminal<Collector>,
    fragile: Fragile,
    bytes: Bytes,
}

impl Screen {
    /// An empty screen of that size; its first frame paints everything.
    pub fn new(size: (u16, u16)) -> io::Result<Self> {
        let bytes = Bytes::default();
        let collector = Collector {
            bytes: bytes.clone(),
            size: Size::new(size.0, size.1),
            cursor: None,
        };
        let mut screen = Self {
            terminal: Terminal::new(collector)?,
            fragile: Fragile::default(),
            bytes,
        };
        let mut start = screen.bytes.0.borrow_mut();
        term::push(&mut start, SetAttribute(Attribute::Reset))?;
        term::push(&mut start, Clear(crossterm::terminal::ClearType::All))?;
        drop(start);
        screen.terminal.hide_cursor()?;
        Ok(screen)
    }

    /// The bytes that bring the terminal to what the model shows, and what it is told `beside` its
    /// cells; `None` when it shows it already.
    pub fn frame(&mut self, model: &Model, beside: &[u8]) -> io::Result<Option<Vec<u8>>> {
        let (width, height) = model.size;
        self.terminal.backend_mut().size = Size::new(width, height);
        let fragile = &mut self.fragile;
        self.terminal.draw(|frame| {
            view(model, frame);
            fragile.settle(frame.buffer_mut());
        })?;
        let drawn = std::mem::take(&mut *self.bytes.0.borrow_mut());
        if drawn.is_empty() {
            return Ok((!beside.is_empty()).then(|| beside.to_vec()));
        }
        let mut frame = Vec::with_capacity(drawn.len() + 16);
        term::push(&mut frame, BeginSynchronizedUpdate)?;
        frame.extend_from_slice(&drawn);
        term::push(&mut frame, EndSynchronizedUpdate)?;
        frame.extend_from_slice(beside);
        Ok(Some(frame))
    }
}

#[derive(Clone, Debug, Default)]
struct Bytes(Rc<RefCell<Vec<u8>>>);

impl Bytes {
    fn add(&self, command: impl Command) -> io::Result<()> {
        term::push(&mut self.0.borrow_mut(), command)
    }
}

/// A backend that collects, and that knows size and cursor by itself.
#[derive(Debug)]
struct Collector {
    bytes: Bytes,
    size: Size,
    /// Where the cursor shows; `None` while it is hidden, which it is from the start.
    cursor: Option<Position>,
}

impl Backend for Collector {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let mut content = content.peekable();
        // Even nothing is drawn with resets around it; an idle screen must be no bytes.
        if content.peek().is_none() {
            return Ok(());
        }
        // Drawing moves the cursor; it is put back if it shows.
        self.cursor = self.cursor.map(|_| Position::new(u16::MAX, u16::MAX));
        let drawn = encode(content);
        self.bytes
            .0
            .borrow_mut()
            .extend_from_slice(drawn.as_bytes());
        Ok(())
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        if self.cursor.take().is_some() {
            self.bytes.add(Hide)?;
        }
        Ok(())
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        if self.cursor.is_none() {
            self.cursor = Some(Position::new(u16::MAX, u16::MAX));
            self.bytes.add(Show)?;
        }
        Ok(())
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        Ok(self.cursor.unwrap_or_default())
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        let position = position.into();
        if self.cursor != Some(position) {
            if self.cursor.is_some() {
                self.cursor = Some(position);
            }
            self.bytes.add(MoveTo(position.x, position.y))?;
        }
        Ok(())
    }

    fn clear(&mut self) -> io::Result<()> {
        self.clear_region(ClearType::All)
    }

    fn clear_region(&mut self, clear_type: ClearType) -> io::Result<()> {
        let kind = match clear_type {
            ClearType::All => crossterm::terminal::ClearType::All,
            ClearType::AfterCursor => crossterm::terminal::ClearType::FromCursorDown,
            ClearType::BeforeCursor => crossterm::terminal::ClearType::FromCursorUp,
            ClearType::CurrentLine => crossterm::terminal::ClearType::CurrentLine,
            ClearType::UntilNewLine => crossterm::terminal::ClearType::UntilNewLine,
        };
        self.bytes.add(Clear(kind))
    }

    fn size(&self) -> io::Result<Size> {
        Ok(self.size)
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        Ok(WindowSize {
            columns_rows: self.size,
            pixels: Size::default(),
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::update::tests_model;

    #[test]
    fn an_unchanged_screen_is_no_bytes_and_a_frame_is_one_update() {
        let mut model = tests_model();
        let mut screen = Screen::new(model.size).expect("made");
        let first = screen.frame(&model, &[]).expect("drawn").expect("painted");
        assert!(first.starts_with(b"\x1b[?2026h") && first.ends_with(b"\x1b[?2026l"));
        assert_eq!(screen.frame(&model, &[]).expect("drawn"), None);
        model.say("news");
        assert!(screen.frame(&model, &[]).expect("drawn").is_some());
        assert_eq!(screen.frame(&model, &[]).expect("drawn"), None);
    }

    #[test]
    fn the_terminal_is_never_asked_anything_at_any_size() {
        let mut model = tests_model();
        let mut screen = Screen::new(model.size).expect("made");
        for size in [(80, 24), (40, 10), (1, 1), (0, 0), (200, 50), (79, 24)] {
            model.size = size;
            let bytes = screen
                .frame(&model, &[])
                .expect("drawn")
                .unwrap_or_default();
            for question in [&b"\x1b[6n"[..], b"\x1b[c", b"\x1b[5n"] {
                assert!(!bytes.windows(question.len()).any(|at| at == question));
            }
        }
    }
}
