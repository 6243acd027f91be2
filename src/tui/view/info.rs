//! The panel about one row: what the kernel tells of an entry, or the report of a sequence.

use super::draw::{self, Line, Pen};
use crate::sequence::{self, number, ranges};
use crate::sys::inspect::{Extents, Inspected, Kind, Time};
use crate::text;
use crate::tui::browse::{Item, Sum};
use crate::tui::layers::InfoLayer;
use crate::tui::layout::middle;
use crate::tui::look::Look;
use crate::tui::model::Model;
use crate::tui::words;
use crate::units;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use ratatui::layout::Rect;

/// Cells of the names of facts.
const LABEL: usize = 11;

/// Widest the panel gets.
const WIDEST: u16 = 90;

/// Ranges of numbers that are written out.
const NAMED: usize = 40;

/// Draws the panel in the middle of the body.
pub fn draw(pen: &mut Pen, model: &Model, layer: &InfoLayer, body: Rect) {
    let lines = lines(model, layer, body.width);
    let height = (lines.len() as u16).saturating_add(2);
    let area = middle(body, body.width.min(WIDEST), height);
    let inner = pen.frame(area, "INFO");
    let rows = usize::from(inner.height);
    let top = layer.top.min(lines.len().saturating_sub(rows));
    for (at, line) in lines.iter().skip(top).take(rows).enumerate() {
        let y = inner.y + at as u16;
        pen.line(
            Rect {
                y,
                height: 1,
                ..inner
            },
            line,
        );
    }
    let below = lines.len().saturating_sub(top + rows);
    if below > 0 {
        let text = format!(" {} below ", words::many(below as u64, "line", "lines"));
        let width = text.len() as u16;
        let x = area.right().saturating_sub(width + 1);
        pen.text(x, area.y, width, &text, pen.look.warn());
    }
}

/// The lines at that width of the body.
pub fn lines(model: &Model, layer: &InfoLayer, width: u16) -> Vec<Line> {
    let look = model.look;
    let mut facts = Facts {
        look,
        width: usize::from(width.min(WIDEST)).saturating_sub(4 + LABEL),
        lines: Vec::new(),
    };
    match layer.item {
        Item::Entry(entry) => {
            facts.add("name", &look.ended(layer.entries.name(entry)));
            if let Some(parts) = text::parts(layer.entries.name(entry)) {
                facts.add("in parts", &parts);
            }
            facts.add("in", &look.name(layer.path.as_os_str().as_encoded_bytes()));
            match &layer.inspected {
                None => facts.wait(model, layer),
                Some(Err(reason)) => facts.bad("cannot say", &look.words(reason)),
                Some(Ok(told)) => entry_facts(&mut facts, model, layer, told),
            }
        }
        Item::Fold(fold) => shot_facts(&mut facts, model, layer, fold),
    }
    facts.lines
}

struct Facts {
    look: Look,
    width: usize,
    lines: Vec<Line>,
}

impl Facts {
    fn add(&mut self, label: &str, text: &str) {
        self.push(label, text, false);
    }

    fn bad(&mut self, label: &str, text: &str) {
        self.push(label, text, true);
    }

    fn push(&mut self, label: &str, text: &str, bad: bool) {
        let style = if bad {
            self.look.bad()
        } else {
            self.look.plain()
        };
        for (at, piece) in draw::wrap(text, self.width).into_iter().enumerate() {
            let label = if at == 0 { label } else { "" };
            let line = Line::of(draw::left(label, LABEL, self.look), self.look.dim());
            self.lines.push(line.then(piece, style));
        }
    }

    fn wait(&mut self, model: &Model, layer: &InfoLayer) {
        let waited = model.now_ms.saturating_sub(layer.since_ms) / 1000;
        let words = match waited {
            0 => "reading".to_string(),
            _ => format!("reading, no answer for {waited}s"),
        };
        self.push("", &words, false);
    }
}

fn entry_facts(facts: &mut Facts, model: &Model, layer: &InfoLayer, told: &Inspected) {
    let look = model.look;
    let stat = &told.stat;
    facts.add("kind", stat.kind.word());
    if let Some(link) = &told.link {
        facts.add("leads to", &look.name(&link.target));
        match &link.leads {
            Ok(kind) => facts.add("", &format!("which is there: a {}", kind.word())),
            Err(reason) => facts.bad("", &format!("which is not there: {}", look.words(reason))),
        }
    }
    if matches!(stat.kind, Kind::File | Kind::Link) {
        facts.add("size", &bytes(stat.size));
    }
    if stat.kind == Kind::Dir {
        let words = match layer.counted {
            Some(size) => format!(
                "{} in {}{}",
                bytes(size.counted.bytes),
                words::many(size.counted.files, "file", "files"),
                if size.done { "" } else { ", still counting" }
            ),
            None => "not counted: d in the pane counts it".to_string(),
        };
        facts.add("holds", &words);
    }
    if let Some((major, minor)) = told.device {
        facts.add("device", &format!("{major}, {minor}"));
    }
    let blocks = stat.blocks.saturating_mul(512);
    facts.add(
        "blocks",
        &format!("{} in {} of 512", bytes(blocks), stat.blocks),
    );
    if stat.kind == Kind::File {
        match &layer.extents {
            None => facts.add("holes", "being counted"),
            Some(Ok(extents)) => extent_facts(facts, extents, stat.looks_sparse()),
            Some(Err(reason)) => facts.add("holes", &format!("not told: {}", look.words(reason))),
        }
    }
    facts.add("owner", &owner(told.owner.as_ref(), stat.uid, look));
    facts.add("group", &owner(told.group.as_ref(), stat.gid, look));
    facts.add("mode", &format!("{} {:04o}", mode(stat.mode), stat.mode));
    facts.add("changed", &when(stat.mtime, &model.zone));
    facts.add("metadata", &when(stat.ctime, &model.zone));
    facts.add("read", &when(stat.atime, &model.zone));
    let names = words::many(stat.nlink, "name", "names");
    facts.add(
        "inode",
        &format!("{} on device {}, {names}", stat.ino, stat.dev),
    );
    match &told.xattrs {
        Ok(list) if list.is_empty() => facts.add("attributes", "none"),
        Ok(list) => {
            for (at, attribute) in list.iter().enumerate() {
                let is_acl = matches!(
                    &*attribute.name,
                    b"system.posix_acl_access" | b"system.posix_acl_default" | b"system.nfs4_acl"
                );
                let acl = if is_acl { " (an ACL)" } else { "" };
                let label = if at == 0 { "attributes" } else { "" };
                let name = look.name(&attribute.name);
                let text = format!("{name}, {}{acl}", bytes(attribute.len));
                facts.add(label, &text);
            }
        }
        Err(reason) => facts.add("attributes", &format!("not told: {}", look.words(reason))),
    }
}

fn extent_facts(facts: &mut Facts, found: &Extents, sparse: bool) {
    let least = if found.complete { "" } else { "at least " };
    match found.holes {
        0 if found.complete && sparse => {
            facts.add(
                "holes",
                "none; fewer blocks than bytes: compressed, or inline",
            );
        }
        0 if found.complete => facts.add("holes", "none"),
        holes => {
            let count = words::many(holes, "hole", "holes");
            facts.add(
                "holes",
                &format!("{least}{count}, {}", bytes(found.hole_bytes)),
            );
        }
    }
    match found.mapped {
        None => facts.add("extents", "this file system does not tell"),
        Some(mapped) => {
            let count = words::many(mapped.extents, "extent", "extents");
            let shared = match mapped.shared {
                0 => "none shared".to_string(),
                some => format!("{some} shared, {}", bytes(mapped.shared_bytes)),
            };
            facts.add("extents", &format!("{least}{count}, {shared}"));
        }
    }
}

fn shot_facts(facts: &mut Facts, model: &Model, layer: &InfoLayer, fold: u32) {
    let look = model.look;
    let entries = &layer.entries;
    let (head, numbers, tail) = entries.label(fold);
    let its = entries.sequence(fold);
    let gaps = entries.gaps(fold);
    let (head, tail) = (look.name(head), look.name(tail));
    facts.add("sequence", &format!("{head}{numbers}{tail}"));
    let (first, last) = (number(gaps.first, its.shape), number(gaps.last, its.shape));
    facts.add(
        "as printf",
        &format!("{head}{}{tail} {first}-{last}", its.shape.printf()),
    );
    facts.add("in", &look.name(layer.path.as_os_str().as_encoded_bytes()));
    let (one, many) = match its.kind {
        sequence::Kind::Frames => ("frame", "frames"),
        sequence::Kind::Tiles => ("tile", "tiles"),
        sequence::Kind::Spans => ("file of one clip", "files of one clip"),
    };
    let mut range = format!(
        "{}, {first} to {last}",
        words::many(its.len() as u64, one, many)
    );
    match gaps.step {
        Some(step) if step != 1 => {
            range = format!("{range}, every {}", number(step, its.shape));
        }
        _ => {}
    }
    facts.add(many.split(' ').next().unwrap_or(many), &range);
    match gaps.missing_count {
        0 if its.kind == sequence::Kind::Tiles => facts.add("missing", "not asked of tiles"),
        0 => facts.add("missing", "none"),
        some => facts.bad(
            "missing",
            &format!("{some}: {}", gaps.absent(its.shape, NAMED)),
        ),
    }
    if its.doubled > 0 {
        let words = words::many(u64::from(its.doubled), "number", "numbers");
        facts.bad(
            "twice",
            &format!("{words} with another count of zeros as well"),
        );
    }
    match &layer.sum {
        None => facts.wait(model, layer),
        Some(sum) => sum_facts(facts, model, layer, fold, sum),
    }
}

fn sum_facts(facts: &mut Facts, model: &Model, layer: &InfoLayer, fold: u32, sum: &Sum) {
    let its = layer.entries.sequence(fold);
    let listed = |numbers: &[i64]| {
        let single: Vec<(i64, i64)> = numbers.iter().map(|value| (*value, *value)).collect();
        let list = ranges(&single, NAMED, |value| number(value, its.shape));
        format!("{}: {list}", numbers.len())
    };
    for (label, numbers) in [("empty", &sum.empty), ("odd sizes", &sum.odd)] {
        if numbers.is_empty() {
            facts.add(label, "none");
        } else {
            facts.bad(label, &listed(numbers));
        }
    }
    if sum.links > 0 {
        let links = words::many(u64::from(sum.links), "link", "links");
        facts.add("links", &format!("{links}, whose sizes are not counted"));
    }
    if sum.unknown > 0 {
        let files = words::many(u64::from(sum.unknown), "file", "files");
        facts.bad("unknown", &format!("{files} could not be looked at"));
    }
    facts.add("total", &bytes(sum.bytes));
    let files = its.len() as u64 - u64::from(sum.links) - u64::from(sum.unknown);
    if let Some(mean) = sum.bytes.checked_div(files) {
        facts.add("each", &format!("{} in the mean", units::size(mean)));
    }
    if let Some(newest) = sum.newest {
        let newest = Time {
            secs: newest,
            nanos: 0,
        };
        facts.add("newest", &when(newest, &model.zone));
    }
}

/// `1.2 GiB (1288490188 bytes)`; below a kibibyte the bytes alone.
pub fn bytes(count: u64) -> String {
    match count {
        0..1024 => words::many(count, "byte", "bytes"),
        _ => format!("{} ({count} bytes)", units::size(count)),
    }
}

fn owner(name: Option<&String>, id: u32, look: Look) -> String {
    match name {
        Some(name) => format!("{} ({id})", look.name(name.as_bytes())),
        None => format!("{id}, which has no name here"),
    }
}

/// `rwxr-s--t`, as `ls` writes it.
fn mode(mode: u32) -> String {
    let mut text = String::new();
    for (shift, special, set, unset) in [
        (6, 0o4000, 's', 'S'),
        (3, 0o2000, 's', 'S'),
        (0, 0o1000, 't', 'T'),
    ] {
        let bits = mode >> shift & 7;
        text.push(if bits & 4 == 0 { '-' } else { 'r' });
        text.push(if bits & 2 == 0 { '-' } else { 'w' });
        text.push(match (bits & 1 != 0, mode & special != 0) {
            (true, true) => set,
            (false, true) => unset,
            (true, false) => 'x',
            (false, false) => '-',
        });
    }
    text
}

/// A time to the second, with its offset from UTC.
fn when(time: Time, zone: &TimeZone) -> String {
    let Ok(instant) = Timestamp::from_second(time.secs) else {
        return format!("{} s, which is no date", time.secs);
    };
    let local = instant.to_zoned(zone.clone());
    let minutes = local.offset().seconds() / 60;
    let sign = if minutes < 0 { '-' } else { '+' };
    format!(
        "{:04}-{:02}-{:02} {:02}:{:02}:{:02} {sign}{:02}{:02}",
        local.year(),
        local.month(),
        local.day(),
        local.hour(),
        local.minute(),
        local.second(),
        minutes.abs() / 60,
        minutes.abs() % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_written_as_ls_does() {
        assert_eq!(mode(0o755), "rwxr-xr-x");
        assert_eq!(mode(0o6640), "rwSr-S---");
        assert_eq!(mode(0o1777), "rwxrwxrwt");
    }

    #[test]
    fn times_say_where_they_are_meant() {
        let time = Time { secs: 0, nanos: 0 };
        assert_eq!(when(time, &TimeZone::UTC), "1970-01-01 00:00:00 +0000");
        let far = Time {
            secs: i64::MAX,
            nanos: 0,
        };
        assert!(when(far, &TimeZone::UTC).ends_with("no date"));
    }
}
