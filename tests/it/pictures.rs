//! The pictures of the README: the program driven in a terminal, its cells written as SVG.
//!
//! Not a test of anything, so it is ignored; `assets/pictures/make` runs it with the release build.
//! What moves (rates, times) differs from run to run, where things are does not.

use crate::support::pty::{ENTER, ESC, F5, Streams, Terminal};
use rustix::fs::{FallocateFlags, fallocate};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use vt100::{Cell, Color, Screen};

const COLUMNS: u16 = 100;
const ROWS: u16 = 30;
/// A cell in pixels.
const WIDTH: f32 = 8.4;
const HEIGHT: f32 = 18.0;
const MARGIN: f32 = 12.0;

const PAPER: &str = "#1b1e24";
const INK: &str = "#d5d8de";
const FAINT: &str = "#8b929d";

#[test]
#[ignore = "makes pictures, proves nothing: assets/pictures/make"]
fn pictures() {
    let program = std::env::var_os("HAUL_PROGRAM").expect("HAUL_PROGRAM names the program");
    let to = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets");
    let demo = Demo::new();
    let mut command = Command::new(program);
    command
        .args([demo.path("shots/sh010"), demo.path("backup/sh010")])
        .env_clear()
        .env("HOME", demo.path("home"))
        .env("TERM", "xterm-256color")
        .env("LC_ALL", "C.UTF-8")
        .env("HAUL_STRATEGY", "buffered")
        // As fast as a good line: a disk here may be done before a time left can be told.
        .env("HAUL_LIMIT", "600M")
        .env("HAUL_FILE_WORKERS", "4")
        .env("HAUL_SYNC", "none");
    let mut terminal = Terminal::start(command, (COLUMNS, ROWS), Streams::All);
    let take = |name: &str| {
        let svg = terminal.look(|seen| svg(seen.screen()));
        fs::write(to.join(format!("{name}.svg")), svg).expect("written");
    };
    terminal.shows("notes.txt");
    // The frames are one row.
    terminal.keys("jj ");
    terminal.shows("4 marked");
    terminal.until("details of every row", |screen| {
        screen.contains("4.0G") && screen.contains("1.2G")
    });
    take("panes");
    terminal.keys(F5);
    terminal.shows("Of these");
    take("plan");
    terminal.keys(ENTER);
    terminal.until("the middle of job 1", |screen| {
        let numbers = screen
            .split('%')
            .filter_map(|before| before.rsplit(' ').next());
        let mut numbers = numbers.filter_map(|number| number.parse().ok());
        let far = numbers.any(|number: u32| (45..90).contains(&number));
        far && screen.contains(" W3 ") && screen.contains("mean") && screen.contains('~')
    });
    // A notice gives way to the keys of the bottom line.
    terminal.keys("k");
    terminal.shows("F1 keys");
    take("running");
    terminal.keys("?");
    terminal.shows("KEYS");
    take("help");
    terminal.keys(ESC);
    terminal.shows("[SRC]");
    terminal.keys("xy");
    terminal.shows("CANCELLED");
    terminal.keys("q");
    assert_eq!(terminal.end(), 0);
}

/// Two directories with something to copy, removed at the end.
struct Demo(PathBuf);

impl Demo {
    fn new() -> Self {
        // A name a person may read; it is not anybody else's.
        let root = std::env::temp_dir().join("demo");
        fs::create_dir(&root).expect("no directory 'demo' among the temporary ones yet");
        let demo = Self(root);
        for dir in [
            "shots/sh010/cache",
            "shots/sh010/refs",
            "backup/sh010",
            "home",
        ] {
            fs::create_dir_all(demo.path(dir)).expect("made");
        }
        for frame in 1001..1005 {
            demo.file(&format!("shots/sh010/comp_v012.{frame}.exr"), 1 << 30);
        }
        demo.file("shots/sh010/plate.mov", 5 << 28);
        fs::write(demo.path("shots/sh010/notes.txt"), "final, really").expect("written");
        fs::write(demo.path("backup/sh010/notes.txt"), "final").expect("written");
        demo
    }

    fn path(&self, below: &str) -> PathBuf {
        self.0.join(below)
    }

    /// A file of that size that takes no time to make.
    fn file(&self, below: &str, size: u64) {
        let file = File::create(self.path(below)).expect("made");
        fallocate(&file, FallocateFlags::empty(), 0, size).expect("room for the demo");
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// How a run of cells is drawn.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Look {
    ink: &'static str,
    bold: bool,
    inverse: bool,
}

impl Look {
    fn of(cell: &Cell) -> Self {
        let ink = match cell.fgcolor() {
            Color::Idx(1 | 9) => "#e8786f",
            Color::Idx(2 | 10) => "#8ac77a",
            Color::Idx(3 | 11) => "#e2c06b",
            Color::Idx(4 | 12) => "#7ab0e8",
            Color::Idx(6 | 14) => "#74c7c7",
            _ if cell.dim() => FAINT,
            _ => INK,
        };
        Self {
            ink,
            bold: cell.bold(),
            inverse: cell.inverse(),
        }
    }

    fn paint(self) -> &'static str {
        if self.inverse { PAPER } else { self.ink }
    }
}

/// The screen as a picture. Letters are text; lines, blocks and braille are drawn, so that they
/// meet whatever font there is.
fn svg(screen: &Screen) -> String {
    let (width, height) = (
        f32::from(COLUMNS) * WIDTH + 2.0 * MARGIN,
        f32::from(ROWS) * HEIGHT + 2.0 * MARGIN,
    );
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" \
         font-family=\"DejaVu Sans Mono,Menlo,Consolas,monospace\" font-size=\"14\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{PAPER}\"/>\n"
    );
    for row in 0..ROWS {
        let mut column = 0;
        while column < COLUMNS {
            let start = column;
            let look = screen.cell(row, start).map(Look::of).expect("a cell");
            let mut text = String::new();
            while column < COLUMNS {
                let cell = screen.cell(row, column).expect("a cell");
                if Look::of(cell) != look {
                    break;
                }
                text.push_str(if cell.has_contents() {
                    cell.contents()
                } else {
                    " "
                });
                column += 1;
            }
            run(&mut out, (start, row), &text, look);
        }
    }
    out.push_str("</svg>\n");
    out
}

/// One run of cells that look alike.
fn run(out: &mut String, (column, row): (u16, u16), text: &str, look: Look) {
    let x = MARGIN + f32::from(column) * WIDTH;
    let y = MARGIN + f32::from(row) * HEIGHT;
    let cells = text.chars().count();
    if look.inverse {
        let wide = cells as f32 * WIDTH;
        writeln!(
            out,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{wide:.1}\" height=\"{HEIGHT}\" fill=\"{}\"/>",
            look.ink
        )
        .expect("text");
    }
    let mut strokes = String::new();
    let mut shade = String::new();
    let mut letters = String::new();
    for (at, character) in text.chars().enumerate() {
        let x = x + at as f32 * WIDTH;
        if drawn(character, x, y, &mut strokes, &mut shade) {
            letters.push(' ');
        } else {
            letters.push(character);
        }
    }
    if !strokes.is_empty() {
        writeln!(out, "<path fill=\"{}\" d=\"{strokes}\"/>", look.paint()).expect("text");
    }
    if !shade.is_empty() {
        let paint = look.paint();
        writeln!(
            out,
            "<path fill=\"{paint}\" opacity=\".25\" d=\"{shade}\"/>"
        )
        .expect("text");
    }
    // Words that are far apart are words of their own: blanks need not be kept then.
    let mut at = 0;
    for piece in letters.split("  ") {
        let begins = at + piece.len() - piece.trim_start().len();
        let word = piece.trim();
        if !word.is_empty() {
            let before = letters[..begins].chars().count();
            let wide = word.chars().count() as f32 * WIDTH;
            let bold = if look.bold {
                " font-weight=\"bold\""
            } else {
                ""
            };
            writeln!(
                out,
                "<text x=\"{:.1}\" y=\"{:.1}\" textLength=\"{wide:.1}\" fill=\"{}\"{bold}>{}</text>",
                x + before as f32 * WIDTH,
                y + 13.5,
                look.paint(),
                word.replace('&', "&amp;").replace('<', "&lt;"),
            )
            .expect("text");
        }
        at += piece.len() + 2;
    }
}

/// Draws what is made of lines and blocks; false for a letter.
fn drawn(character: char, x: f32, y: f32, strokes: &mut String, shade: &mut String) -> bool {
    let (middle, centre) = (x + WIDTH / 2.0, y + HEIGHT / 2.0);
    let mut bar = |x: f32, y: f32, wide: f32, high: f32| {
        write!(strokes, "M{x:.1} {y:.1}h{wide:.1}v{high:.1}h-{wide:.1}z").expect("text");
    };
    let half = (WIDTH / 2.0, HEIGHT / 2.0);
    match character {
        '─' => bar(x, centre, WIDTH, 1.0),
        '│' => bar(middle, y, 1.0, HEIGHT),
        '┌' => {
            bar(middle, centre, half.0, 1.0);
            bar(middle, centre, 1.0, half.1);
        }
        '┐' => {
            bar(x, centre, half.0, 1.0);
            bar(middle, centre, 1.0, half.1);
        }
        '└' => {
            bar(middle, centre, half.0, 1.0);
            bar(middle, y, 1.0, half.1);
        }
        '┘' => {
            bar(x, centre, half.0, 1.0);
            bar(middle, y, 1.0, half.1);
        }
        '█' => bar(x, y + 3.0, WIDTH, HEIGHT - 6.0),
        '░' => {
            let high = HEIGHT - 6.0;
            write!(
                shade,
                "M{x:.1} {:.1}h{WIDTH:.1}v{high}h-{WIDTH:.1}z",
                y + 3.0
            )
            .expect("text");
        }
        '\u{2800}'..='\u{28ff}' => {
            // Dots 1-3 and 7 are the left column, 4-6 and 8 the right one (Unicode, Braille).
            const PLACES: [(f32, f32); 8] = [
                (0.0, 0.0),
                (0.0, 1.0),
                (0.0, 2.0),
                (1.0, 0.0),
                (1.0, 1.0),
                (1.0, 2.0),
                (0.0, 3.0),
                (1.0, 3.0),
            ];
            let bits = u32::from(character) - 0x2800;
            for (bit, (right, down)) in PLACES.iter().enumerate() {
                if bits >> bit & 1 == 1 {
                    bar(x + 1.5 + right * 4.0, y + 1.5 + down * 4.4, 2.0, 2.0);
                }
            }
        }
        _ => return false,
    }
    true
}
