//! The rows of a pane: an entry, or a sequence folded into one.
//!
//! A sequence that is not whole says so in words as far as there is room. When there is little, the
//! date gives way first, then what is said of its troubles down to their number, then the middle of
//! the name; the numbers, the extension, the count and the size stay.

use super::draw::{self, Line, Pen};
use crate::sys::listing::Kind;
use crate::text;
use crate::tui::browse::{FoldSum, Item, Known, Pane, Row};
use crate::tui::look::Look;
use crate::tui::model::Model;
use crate::units;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// Cells of the size column.
const SIZE: usize = 6;

/// Cells of the count of a sequence, at least and where there is room.
const COUNT: (usize, usize) = (3, 5);

/// Fewest cells for the name of a sequence.
const NAME: usize = 12;

/// Draws a row.
pub fn draw(pen: &mut Pen, model: &Model, pane: &Pane, item: Item, area: Rect) {
    match item {
        Item::Entry(at) => entry(pen, model, pane, &pane.row(at), area),
        Item::Fold(fold) => sequence(pen, model, pane, fold, area),
    }
}

/// Cursor, mark, name, size, date as far as there is room.
fn entry(pen: &mut Pen, model: &Model, pane: &Pane, row: &Row<'_>, area: Rect) {
    let look = pen.look;
    let marked = pane.marks.contains(row.entry);
    let width = usize::from(area.width);
    let date = date_cells(width);
    let gap = usize::from(date > 0);
    let room = width.saturating_sub(2 + 1 + SIZE + gap + date);
    let name = look.ended(row.name);
    let suffix = match row.kind {
        Kind::Dir => "/",
        Kind::Link => "@",
        Kind::Special => "=",
        Kind::File | Kind::Unknown => "",
    };
    // Below the head of its sequence.
    let indent = if pane.folding && pane.entries.fold_of(row.entry).is_some() {
        "  "
    } else {
        ""
    };
    let cells = room.saturating_sub(suffix.len() + indent.len());
    let name = text::cut_middle(&name, cells, look.ellipsis());
    let name = draw::left(&format!("{indent}{name}{suffix}"), room, look);
    let style = if marked {
        look.marked()
    } else {
        kind_style(row.kind, look)
    };
    let size = draw::right(&size(pane, row), SIZE, look);
    let mut line = Line::of(if marked { " *" } else { "  " }, look.marked())
        .then(name, style)
        .then(format!(" {size}"), look.plain());
    if date > 0 {
        let date = date_of(
            row.details.details().map(|details| details.mtime),
            model,
            date,
        );
        line = line.then(format!(" {date}"), look.dim());
    }
    pen.line(area, &line);
}

/// Cursor, mark, label, troubles, count, size, date as far as there is room.
fn sequence(pen: &mut Pen, model: &Model, pane: &Pane, fold: u32, area: Rect) {
    let look = pen.look;
    let members = pane.entries.members(fold).len();
    let marked = pane.marked_under(Item::Fold(fold));
    let width = usize::from(area.width);
    let (head, numbers, tail) = pane.entries.label(fold);
    let (head, end) = (look.name(head), format!("{numbers}{}", look.name(tail)));
    let wanted = text::width(&head) + text::width(&end);
    let (size, newest) = match pane.sum(fold) {
        FoldSum::Yes(sum) if sum.unknown > 0 => {
            (format!("{}?", units::size_short(sum.bytes)), sum.newest)
        }
        FoldSum::Yes(sum) => (units::size_short(sum.bytes), sum.newest),
        FoldSum::Asked => (look.ellipsis().to_string(), None),
        FoldSum::No => ("-".to_string(), None),
    };
    let full = date_cells(width);
    let count = units::count(members as u64);
    let count_cells = count.len().max(if full > 0 { COUNT.1 } else { COUNT.0 });
    // A size that needs no sixth cell leaves it to the name.
    let size_cells = text::width(&size).max(if full > 0 { SIZE } else { SIZE - 1 });
    let fixed = 2 + 1 + count_cells + 1 + size_cells;
    let troubles = troubles(pane, fold);
    let room = |date: usize| width.saturating_sub(fixed + date + usize::from(date > 0));
    let fits = |words: &str, date| wanted + 2 + text::width(words) <= room(date);
    // The dates line up with those of other rows, or are not there.
    let date = if troubles.first().is_none_or(|words| fits(words, full)) {
        full
    } else {
        0
    };
    let room = room(date);
    let words = troubles
        .iter()
        .find(|words| fits(words, date))
        .or(troubles.last())
        .map_or("", String::as_str);
    let gap = if words.is_empty() {
        0
    } else {
        1 + text::width(words)
    };
    let cells = room.saturating_sub(gap).max(NAME.min(room));
    // The numbers and the extension tell more than the middle of the name.
    let head = text::cut_middle(
        &head,
        cells.saturating_sub(text::width(&end)),
        look.ellipsis(),
    );
    let label = text::cut_middle(&format!("{head}{end}"), cells, look.ellipsis()).into_owned();
    let style = if marked > 0 {
        look.marked()
    } else {
        look.strong()
    };
    let mark = match marked {
        0 => "  ",
        all if all == members => " *",
        _ => " ~",
    };
    let blanks = room.saturating_sub(text::width(&label) + text::width(words));
    let mut line = Line::of(mark, look.marked())
        .then(label, style)
        .then(" ".repeat(blanks), look.plain())
        .then(words, look.bad())
        .then(
            format!(" {}", draw::right(&count, count_cells, look)),
            look.plain(),
        )
        .then(
            format!(" {}", draw::right(&size, size_cells, look)),
            look.plain(),
        );
    if date > 0 {
        line = line.then(format!(" {}", date_of(newest, model, date)), look.dim());
    }
    pen.line(area, &line);
}

/// What is wrong with a sequence: in full, counted, and as one number; nothing when it is whole.
fn troubles(pane: &Pane, fold: u32) -> Vec<String> {
    let faults = pane.entries.faults(fold, pane.sum(fold));
    if faults.is_empty() {
        return Vec::new();
    }
    let number = format!("!{}", units::count(faults.total()));
    vec![faults.words(), faults.counted(), number]
}

/// Cells for the date at that width of a pane: date and time, the date, or nothing.
const fn date_cells(width: usize) -> usize {
    match width {
        64.. => 16,
        50.. => 10,
        _ => 0,
    }
}

fn date_of(mtime: Option<i64>, model: &Model, cells: usize) -> String {
    mtime.map_or_else(
        || " ".repeat(cells),
        |mtime| when(mtime, &model.zone, cells),
    )
}

const fn kind_style(kind: Kind, look: Look) -> Style {
    match kind {
        Kind::Dir => look.directory(),
        Kind::Link => look.link(),
        Kind::Special => look.dim(),
        Kind::File | Kind::Unknown => look.plain(),
    }
}

fn size(pane: &Pane, row: &Row<'_>) -> String {
    if row.kind == Kind::Dir {
        return match pane.sizes.get(row.name) {
            Some(size) if size.done && size.counted.unreadable > 0 => {
                format!("{}?", units::size_short(size.counted.bytes))
            }
            Some(size) if size.done => units::size_short(size.counted.bytes),
            Some(size) => format!("{}+", units::size_short(size.counted.bytes)),
            None => "<dir>".to_string(),
        };
    }
    match (row.kind, row.details) {
        (Kind::Link, _) => "<link>".to_string(),
        (Kind::Special, _) => "<spec>".to_string(),
        (_, Known::Yes(details)) => units::size_short(details.size),
        (_, Known::Never) => "?".to_string(),
        _ => String::new(),
    }
}

/// A date in local time, in exactly so many cells.
fn when(mtime: i64, zone: &TimeZone, width: usize) -> String {
    let Ok(instant) = Timestamp::from_second(mtime) else {
        return format!("{:>width$}", "?");
    };
    let local = instant.to_zoned(zone.clone());
    let mut date = format!(
        "{:04}-{:02}-{:02}",
        local.year(),
        local.month(),
        local.day()
    );
    if width >= 16 {
        date = format!("{date} {:02}:{:02}", local.hour(), local.minute());
    }
    format!("{date:>width$}")
}
