//! The words and figures that say how a job stands: one vocabulary for every part of the screen.
//!
//! Pure. Figures that are not known are a dash, never a zero and never a guess.

use super::look::Look;
use crate::proto::{BytePath, Durability, JobState, JobView, Lack, ShotRow, Snapshot, Totals};
use crate::{text, units};
use ratatui::style::Style;
use std::os::unix::ffi::OsStrExt;

/// The word for how a job stands: its state, or that it waits for answers and nothing else.
pub const fn standing(job: &JobView) -> &'static str {
    if waits_for_answers(job) {
        "WAIT?"
    } else {
        job.state.word()
    }
}

/// True when all that is left of an ended job are conflicts that were not answered.
pub const fn waits_for_answers(job: &JobView) -> bool {
    matches!(job.state, JobState::DoneWithFailures)
        && job.failed + job.cancelled == 0
        && job.parked > 0
        && job.parked == job.conflicts
}

/// The same as a sentence.
pub fn sentence(job: &JobView) -> String {
    match job.state {
        JobState::Queued => match job.waits_for {
            Some(other) => format!("queued: waits for job {other}"),
            None => "queued".to_string(),
        },
        JobState::Scanning => "scanning: nothing is copied yet".to_string(),
        JobState::Running if job.found_is_final => "running".to_string(),
        JobState::Running => "running; the scan still counts".to_string(),
        JobState::Pausing => "pausing: pieces in flight are finished".to_string(),
        JobState::Paused => match shortage(job) {
            Some(words) => format!("paused by itself: {words}; goes on when there is room"),
            None => "paused: nothing is written".to_string(),
        },
        JobState::Verifying => "verifying: copies are read back, equal sources removed".to_string(),
        JobState::Flushing => "flushing: all is copied, the device is catching up".to_string(),
        JobState::Cancelling => {
            "cancelling: what is whole is flushed and gets its name, the rest is removed"
                .to_string()
        }
        JobState::Cancelled => {
            "cancelled: finished files stay, no name holds half a file".to_string()
        }
        JobState::Done => "done".to_string(),
        JobState::DoneWithFailures if waits_for_answers(job) => format!(
            "done; {} for your answer",
            many(job.parked, "conflict waits", "conflicts wait")
        ),
        // A file that was cancelled is in no list of errors.
        JobState::DoneWithFailures if job.listed == 0 && job.cancelled > 0 => format!(
            "done, but for {}",
            many(
                job.cancelled,
                "file that was cancelled",
                "files that were cancelled"
            )
        ),
        JobState::DoneWithFailures if job.parked > 0 => format!(
            "done but for errors, and {} for your answer",
            many(job.parked, "conflict waits", "conflicts wait")
        ),
        JobState::DoneWithFailures => "done, but not everything: see the errors".to_string(),
        JobState::Failed => "failed: could not begin, nothing was written".to_string(),
    }
}

/// What the sentence says besides the word for the state, where it stands beside that word.
pub fn remark(job: &JobView) -> String {
    let sentence = sentence(job);
    let word = sentence
        .find(|letter: char| !letter.is_ascii_lowercase())
        .unwrap_or(sentence.len());
    match sentence.split_at(word) {
        (_, "") => String::new(),
        (_, rest) if !waits_for_answers(job) => match rest.get(..2) {
            Some(": " | "; ") => rest[2..].to_string(),
            _ => sentence,
        },
        _ => sentence,
    }
}

/// What the destination has too little of, where it has.
pub fn shortage(job: &JobView) -> Option<String> {
    let shortage = job.shortage?;
    let needed = job.bytes_total().saturating_sub(job.bytes_copied);
    let free = match shortage.free {
        Some(free) => format!("{} free", units::size(free)),
        None => "free space unknown".to_string(),
    };
    let dest = text::shown(job.dest.as_bytes());
    if shortage.lack == Lack::Inodes {
        // Bytes say nothing about them.
        return Some(format!("{} on {dest}", shortage.lack.words()));
    }
    let needed = units::size(needed);
    Some(format!(
        "{}: {needed} needed, {free} on {dest}",
        shortage.lack.words()
    ))
}

/// True where nothing is flushed because nobody wants it: there is no figure of what is on the
/// device.
pub fn is_unflushed(job: &JobView) -> bool {
    job.durability == Durability::None && job.bytes_flushed == 0
}

/// What is on the device, or that nothing is brought there.
pub fn on_device(job: &JobView, short: bool) -> String {
    match short {
        _ if is_unflushed(job) => "not flushed".to_string(),
        true => format!("{} on device", units::size_short(job.bytes_flushed)),
        false => units::size(job.bytes_flushed),
    }
}

/// The style for a state.
pub const fn style(state: JobState, look: Look) -> Style {
    match state {
        JobState::Running
        | JobState::Scanning
        | JobState::Flushing
        | JobState::Verifying
        | JobState::Done => look.good(),
        JobState::Queued | JobState::Cancelled => look.plain(),
        JobState::Pausing | JobState::Paused | JobState::Cancelling => look.warn(),
        JobState::DoneWithFailures | JobState::Failed => look.bad(),
    }
}

/// Share done in percent: rounded down, and 100 only for what has ended well.
pub fn percent(job: &JobView) -> u64 {
    let most = match job.state {
        JobState::Done | JobState::DoneWithFailures => 100,
        _ => 99,
    };
    ((job.fraction() * 100.0) as u64).min(most)
}

/// The percent column: with a `+` while the scan still counts, a dash before anything is known.
pub fn percent_text(job: &JobView) -> String {
    match job.state {
        JobState::Queued | JobState::Scanning | JobState::Failed if job.bytes_copied == 0 => {
            "-".to_string()
        }
        _ if is_uncounted(job) => "-".to_string(),
        _ if job.found_is_final || job.state.is_final() => format!("{}%", percent(job)),
        _ => format!("{}%+", percent(job)),
    }
}

/// The rate column.
pub fn rate(job: &JobView, short: bool) -> String {
    match (job.state, job.rate) {
        (JobState::Running | JobState::Scanning | JobState::Pausing, Some(rate)) if short => {
            format!("{}/s", units::size_short(rate))
        }
        (JobState::Running | JobState::Scanning | JobState::Pausing, Some(rate)) => {
            units::rate(rate)
        }
        (JobState::Flushing, _) => "flush".to_string(),
        _ => "-".to_string(),
    }
}

/// The time left, as a range when the estimates are apart.
pub fn time_left(job: &JobView) -> String {
    match (job.state, job.eta) {
        (JobState::Running | JobState::Scanning | JobState::Flushing, Some((low, high))) => {
            span(low, high)
        }
        _ => "-".to_string(),
    }
}

/// An estimate between two numbers of seconds.
fn span(low: u64, high: u64) -> String {
    let (low, high) = (coarse(low), coarse(high));
    let (short, long) = (units::duration(low), units::duration(high));
    // A range says something only where its ends are clearly apart.
    if short == long || high <= low + low / 4 {
        return format!("~{long}");
    }
    between(low, high)
}

/// `20-45s`, `40s-3m`, `8-12m`, `50m-2h`, `1.5-3h`, `2-4d`: what is so uncertain is not told to the
/// second, and fits where a certain time does.
fn between(low: u64, high: u64) -> String {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 3_600;
    const DAY: u64 = 86_400;
    let in_unit = |secs: u64| {
        let (unit, letter) = match secs {
            ..MINUTE => (1, 's'),
            MINUTE..HOUR => (MINUTE, 'm'),
            HOUR..DAY => (HOUR, 'h'),
            _ => (DAY, 'd'),
        };
        // Halves matter where there are few.
        let halves = (secs * 2 + unit / 2) / unit;
        let number = match halves {
            2..8 if unit > MINUTE && halves % 2 == 1 => format!("{}.5", halves / 2),
            _ => halves.div_ceil(2).to_string(),
        };
        (number, letter)
    };
    let ((low, low_unit), (high, unit)) = (in_unit(low), in_unit(high));
    if low_unit == unit {
        format!("{low}-{high}{unit}")
    } else {
        format!("{low}{low_unit}-{high}{unit}")
    }
}

/// Seconds as exact as an estimate can be: what flickers says nothing.
const fn coarse(secs: u64) -> u64 {
    let step = match secs {
        0..20 => 1,
        20..60 => 5,
        60..600 => 10,
        600..3_600 => 60,
        _ => 300,
    };
    // Rounded to the nearest.
    (secs + step / 2) / step * step
}

/// True of a job that never came to look at its sources: its zeros would be figures of nothing.
pub fn is_uncounted(job: &JobView) -> bool {
    let may_not_have = matches!(
        job.state,
        JobState::Queued | JobState::Paused | JobState::Cancelled
    );
    may_not_have && !job.found_is_final && job.found == Totals::default()
}

/// The `+` after totals while the scan still counts.
pub const fn still_counts(job: &JobView) -> &'static str {
    if job.found_is_final || job.state.is_final() {
        ""
    } else {
        "+"
    }
}

/// Cells that files have in the narrow queue.
pub const FILES: usize = 9;

/// Entries finished of those found: `147/240`, `3000/3002`; of very many the last as `12 left`.
pub fn files(job: &JobView) -> String {
    if is_uncounted(job) {
        return "-".to_string();
    }
    let (done, all) = (job.files_done, job.found.files);
    let more = still_counts(job);
    let rounded = (units::count(done), units::count(all));
    if done == all || rounded.0 != rounded.1 {
        return format!("{}/{}{more}", rounded.0, rounded.1);
    }
    // Rounded, the last of many would look done.
    let exact = format!("{done}/{all}{more}");
    if exact.len() <= FILES {
        exact
    } else {
        format!("{}{more} left", units::count(all - done))
    }
}

/// `, 2 cancelled` for the end of a list of counts; nothing where none was.
pub fn cancelled(files: u64) -> String {
    match files {
        0 => String::new(),
        files => format!(", {} cancelled", units::count(files)),
    }
}

/// Failures and conflicts together, for the narrow column.
pub const fn troubles(job: &JobView) -> u64 {
    job.failed + job.conflicts
}

/// The same as text: `!3` for what went wrong, `?3` where only answers are waited for.
pub fn troubles_text(job: &JobView) -> String {
    match troubles(job) {
        0 => "0".to_string(),
        all if all == job.parked => format!("?{}", units::count(all)),
        all => format!("!{}", units::count(all)),
    }
}

/// `sh010 +2 -> fast/ABC`; of a job that is one sequence and nothing else, the sequence:
/// `comp_v012.[1001-1240].exr -> fast/ABC`.
pub fn title(job: &JobView, look: Look) -> String {
    let (from, to) = ends(job, look);
    format!("{from} {} {to}", look.arrow())
}

/// Fewest cells for two names.
const BOTH: usize = 14;

/// The same in so many cells: both names lose of their middle what is too much, the longer one
/// more, and the arrow between them stays. Where neither could be read, it is the first alone.
pub fn title_in(job: &JobView, cells: usize, look: Look) -> String {
    both_in(ends(job, look), cells, look)
}

/// Two names with an arrow between them, in so many cells.
pub fn both_in((from, to): (String, String), cells: usize, look: Look) -> String {
    let arrow = format!(" {} ", look.arrow());
    let whole = format!("{from}{arrow}{to}");
    if text::width(&whole) <= cells {
        return whole;
    }
    let Some(room) = cells
        .checked_sub(text::width(&arrow))
        .filter(|room| *room >= BOTH)
    else {
        return text::cut_middle(&from, cells, look.ellipsis()).into_owned();
    };
    let for_to = text::width(&to).min((room / 2).max(room.saturating_sub(text::width(&from))));
    let from = text::cut_middle(&from, room - for_to, look.ellipsis());
    let to = text::cut_middle(&to, for_to, look.ellipsis());
    format!("{from}{arrow}{to}")
}

/// What is copied and where to, each short.
fn ends(job: &JobView, look: Look) -> (String, String) {
    let to = look.name(&last_two(&job.dest)).into_owned();
    let only = job.shots.only.as_ref();
    if let Some(only) = only.filter(|only| is_all(job, only)) {
        return (look.name(only.label.name().as_bytes()).into_owned(), to);
    }
    let more = match job.sources {
        0 | 1 => String::new(),
        sources => format!(" +{}", sources - 1),
    };
    let from = format!("{}{more}", look.ended(job.source.name().as_bytes()));
    (from, to)
}

/// Whether the frames of a sequence were what was asked for: each a source, and nothing else found.
fn is_all(job: &JobView, shot: &ShotRow) -> bool {
    u64::from(job.sources) == shot.frames && job.found.files == shot.frames
}

/// The end of a path: enough to know it by.
pub fn last_two(path: &BytePath) -> Vec<u8> {
    let bytes = path.as_bytes();
    let mut slashes = bytes
        .iter()
        .enumerate()
        .rev()
        .filter(|(_, byte)| **byte == b'/')
        .map(|(at, _)| at);
    match slashes.nth(1) {
        Some(at) if at > 0 => bytes[at + 1..].to_vec(),
        _ => bytes.to_vec(),
    }
}

/// Totals of the header: rate of all jobs and the time until the last of those running is done.
pub fn overall(snapshot: &Snapshot) -> (Option<u64>, Option<(u64, u64)>) {
    let mut rate = None;
    let mut eta: Option<(u64, u64)> = None;
    for job in snapshot.jobs.iter().filter(|job| job.state.is_active()) {
        if let Some(now) = job.rate {
            rate = Some(rate.unwrap_or(0) + now);
        }
        if let Some((low, high)) = job.eta {
            let (most_low, most_high) = eta.unwrap_or((0, 0));
            eta = Some((most_low.max(low), most_high.max(high)));
        }
    }
    (rate, eta)
}

/// The time left over all jobs; with a `+` where some wait behind them or tell none.
pub fn overall_left(snapshot: &Snapshot, eta: Option<(u64, u64)>) -> String {
    let untold = |job: &JobView| {
        let active = job.state.is_active() && job.state != JobState::Flushing;
        job.state == JobState::Queued || (active && job.eta.is_none())
    };
    let more = if snapshot.jobs.iter().any(untold) {
        "+"
    } else {
        ""
    };
    eta.map_or_else(String::new, |(low, high)| {
        format!("{}{more}", span(low, high))
    })
}

/// Entries in words: `1 entry`, `3 entries`.
pub fn entries(number: usize) -> String {
    many(number as u64, "entry", "entries")
}

/// A number and its word: `1 file`, `1.9k files`.
pub fn many(number: u64, one: &str, more: &str) -> String {
    let word = if number == 1 { one } else { more };
    format!("{} {word}", units::count(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn estimates_are_a_range_only_when_they_are_apart() {
        assert_eq!(span(180, 190), "~3m10s");
        assert_eq!(span(480, 700), "8-12m");
        for (low, high, words) in [
            (20, 44, "20-45s"),
            (40, 170, "40s-3m"),
            (170, 520, "3-9m"),
            (3_000, 7_300, "50m-2h"),
            (5_500, 11_000, "1.5-3h"),
            (26 * 3_600, 42 * 3_600, "1-2d"),
            (400, 360_000, "7m-4d"),
        ] {
            assert_eq!(span(low, high), words);
            assert!(words.len() <= 7);
        }
        assert_eq!(span(0, 0), "~0s");
    }

    #[test]
    fn a_long_destination_keeps_its_end() {
        assert_eq!(last_two(&BytePath::from("/mnt/fast/ABC")), b"fast/ABC");
        assert_eq!(last_two(&BytePath::from("/mnt")), b"/mnt");
        assert_eq!(last_two(&BytePath::from("/")), b"/");
        assert_eq!(last_two(&BytePath::from("/a/b")), b"/a/b");
    }
}
