//! The words of the reports: pure functions from what the engine says to one line of text.

use crate::proto::{
    Conflict, ErrorClass, Failure, JobState, JobView, Lack, Plan, Strategy, StrategyUse, Summary,
};
use crate::{text, units};
use std::borrow::Cow;

/// A failure or conflict as one line, without the program's name.
pub fn failure_line(failure: &Failure) -> String {
    let path = text::shown(failure.path.as_bytes());
    let told = failure.told();
    let reason = safe(&told);
    if failure.class == ErrorClass::Conflict {
        return format!("cannot copy to '{path}': {reason}");
    }
    match failure.offset {
        Some(offset) => format!(
            "cannot {} '{path}' at byte {offset}: {reason}",
            failure.op.verb()
        ),
        None => format!("cannot {} '{path}': {reason}", failure.op.verb()),
    }
}

/// Words that are safe by contract, as they are. Should something in them act on a terminal or hide
/// nevertheless, they are treated as a name is. A backslash alone is no reason: it is how a name in
/// them was made safe.
pub fn safe(words: &str) -> Cow<'_, str> {
    let plain = |part: &str| matches!(text::shown(part.as_bytes()), Cow::Borrowed(_));
    if words.split('\\').all(plain) {
        Cow::Borrowed(words)
    } else {
        text::shown(words.as_bytes())
    }
}

/// What the job does, in one word.
pub const fn phase(view: &JobView) -> &'static str {
    match view.state {
        JobState::Queued => "waiting",
        JobState::Scanning => "scanning",
        JobState::Running => "copying",
        JobState::Pausing | JobState::Paused => "paused",
        JobState::Flushing => "flushing",
        JobState::Verifying => "verifying",
        JobState::Cancelling => "stopping",
        JobState::Cancelled => "stopped",
        JobState::Done | JobState::DoneWithFailures => "done",
        JobState::Failed => "failed",
    }
}

/// The share done in thousandths; 1000 only once it has ended.
pub fn permille(view: &JobView) -> u16 {
    let share = (view.fraction() * 1000.0).floor() as u16;
    match view.state {
        JobState::Done | JobState::DoneWithFailures => 1000,
        _ => share.min(999),
    }
}

/// Percent, bytes, rate, time left and files; a `+` marks totals that still grow.
pub fn figures(view: &JobView) -> String {
    let more = if view.found_is_final { "" } else { "+" };
    let mut parts = vec![
        format!("{}%", permille(view) / 10),
        format!(
            "{} of {}{more}",
            units::size(view.bytes_copied),
            units::size(view.bytes_total())
        ),
    ];
    if view.state == JobState::Running {
        parts.extend(view.rate.map(units::rate));
        // Half of the range: what remains is an estimate in any case.
        let left = view.eta.map(|(low, high)| low.midpoint(high));
        parts.extend(left.map(|left| format!("{} left", units::duration(left))));
    }
    parts.push(format!(
        "{}/{}{more} files",
        view.files_done, view.found.files
    ));
    if view.removed > 0 {
        parts.push(format!("{} removed at the source", view.removed));
    }
    if view.failed > 0 {
        parts.push(format!("{} failed", view.failed));
    }
    parts.join("  ")
}

/// What the destination has too little of, where it has.
pub fn shortage_line(view: &JobView) -> Option<String> {
    let shortage = view.shortage?;
    let place = text::shown(view.dest.as_bytes());
    if shortage.lack == Lack::Inodes {
        // Bytes say nothing about them.
        let words = shortage.lack.words();
        return Some(format!("{words} on '{place}': no further file can be made"));
    }
    let needed = view.bytes_total().saturating_sub(view.bytes_copied);
    let free = shortage.free.map_or_else(
        || "free space unknown".to_owned(),
        |free| format!("{} free", units::size(free)),
    );
    let more = if view.found_is_final { "" } else { " or more" };
    if needed == 0 {
        // All else has ended by now; what did not fit is listed by itself.
        return Some(format!("{} on '{place}'", shortage.lack.words()));
    }
    Some(format!(
        "{} on '{place}': {}{more} needed, {free}",
        shortage.lack.words(),
        units::size(needed)
    ))
}

/// The line of plain progress.
pub fn progress_line(view: &JobView) -> String {
    format!("{}: {}", phase(view), figures(view).replace("  ", ", "))
}

/// The closing line.
pub fn summary_line(summary: &Summary) -> String {
    let files = &summary.files;
    let seconds = summary.elapsed_seconds;
    let took = if seconds < 10.0 {
        format!("{seconds:.1}s")
    } else {
        units::duration(seconds as u64)
    };
    let how = match summary.state {
        JobState::Cancelled | JobState::Cancelling => "stopped: ",
        JobState::Failed => "not copied: ",
        _ => "",
    };
    let mut line = format!(
        "{how}copied {}, {} in {took}",
        units::files(files.copied),
        units::size(summary.bytes_copied)
    );
    if summary.bytes_copied > 0 {
        line = format!("{line} ({})", units::rate(summary.bytes_per_second));
    }
    let rest: Vec<String> = [
        (files.removed, "removed at the source"),
        (files.skipped, "skipped"),
        (files.failed, "failed"),
        (files.conflicts, "left as conflicts"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, word)| format!("{count} {word}"))
    .collect();
    if !rest.is_empty() {
        line = format!("{line}; {}", rest.join(", "));
    }
    line
}

/// What moved the bytes and why, a line each.
pub fn strategy_lines(summary: &Summary) -> Vec<String> {
    let line = |used: &StrategyUse| {
        format!(
            "{}: {}, {}: {}",
            used.strategy,
            units::files(used.files),
            units::size(used.bytes),
            safe(&used.reason)
        )
    };
    summary.strategies.iter().map(line).collect()
}

/// What a job would do with that policy for existing names, a line each.
pub fn plan_lines(plan: &Plan, conflict: Conflict) -> Vec<String> {
    let dirs = match plan.found.dirs {
        0 => String::new(),
        1 => " in 1 directory".to_owned(),
        dirs => format!(" in {dirs} directories"),
    };
    let mut parts = vec![format!("new: {}", plan.new)];
    if plan.identical > 0 {
        let bytes = units::size(plan.identical_bytes);
        parts.push(format!("identical: {} ({bytes})", plan.identical));
    }
    if plan.conflicts > 0 {
        parts.push(format!("conflicts: {}", plan.conflicts));
    }
    if plan.failing() > 0 {
        parts.push(format!("cannot be copied: {}", plan.failing()));
    }
    let mut lines = vec![
        format!(
            "found: {}{dirs}, {}",
            units::files(plan.found.files),
            units::size(plan.found.bytes)
        ),
        parts.join("; "),
    ];
    for sample in &plan.samples {
        lines.push(format!(
            "  '{}': {} here, {} at the destination",
            text::shown(sample.path.as_bytes()),
            units::size(sample.source_size),
            units::size(sample.dest_size)
        ));
    }
    let hidden = plan.conflicts.saturating_sub(plan.samples.len() as u64);
    if hidden > 0 && !plan.samples.is_empty() {
        lines.push(format!("  and {hidden} more"));
    }
    let preview = &plan.preview;
    // Nothing was found that could be moved by anything.
    if preview.source_fs.is_empty() {
        return lines;
    }
    lines.push(space_line(plan, conflict));
    let strategy = if preview.strategy == Strategy::Auto {
        "chosen per file".to_owned()
    } else {
        preview.strategy.to_string()
    };
    lines.push(format!(
        "by: {strategy}, {} to {}: {}",
        safe(&preview.source_fs),
        safe(&preview.dest_fs),
        safe(&preview.reason)
    ));
    lines.push(format!(
        "with: {} files in flight, {} ranges of a large file",
        preview.file_workers, preview.chunk_workers
    ));
    lines
}

/// What would be written against what is free; the last words say whether it fits.
pub fn space_line(plan: &Plan, conflict: Conflict) -> String {
    let needed = units::size(plan.to_write(conflict));
    let lack = plan.lack(conflict);
    if let (Some(Lack::Inodes), Some(free)) = (lack, plan.free_inodes) {
        let names = plan.to_make(conflict);
        return format!("space: {names} inodes needed, {free} free: does not fit");
    }
    let Some(free) = plan.free else {
        return format!("space: {needed} to copy, free space unknown");
    };
    let verdict = match lack {
        Some(_) => "does not fit",
        None if plan.to_write(conflict) > free => "fits only where the blocks are shared",
        None => "fits",
    };
    format!(
        "space: {needed} to copy, {} free: {verdict}",
        units::size(free)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::copy::tests::view;
    use crate::proto::{BytePath, Op, Shortage, Side};

    fn failure(class: ErrorClass, reason: &str) -> Failure {
        Failure {
            file: None,
            op: Op::Open,
            side: Side::Source,
            path: BytePath::from_bytes(b"a\x1b[2J\nb"),
            errno: Some(13),
            offset: None,
            class,
            reason: reason.to_owned(),
            below: 0,
        }
    }

    #[test]
    fn an_error_is_one_line_with_path_operation_and_reason() {
        let line = failure_line(&failure(ErrorClass::Permission, "Permission denied"));
        assert_eq!(line, "cannot open 'a\\x1b[2J\\nb': Permission denied");
        let line = failure_line(&failure(ErrorClass::Conflict, "exists and differs"));
        assert_eq!(line, "cannot copy to 'a\\x1b[2J\\nb': exists and differs");
        let line = failure_line(&failure(ErrorClass::Other, "a\nb\x1b"));
        assert!(!line.contains(['\n', '\x1b']), "{line}");
        assert_eq!(safe("not 'a\\x1b'"), "not 'a\\x1b'");
        assert_eq!(safe("a\u{202e}b"), "a\\u{202e}b");
        let mut at = failure(ErrorClass::Device, "Input/output error");
        at.offset = Some(4096);
        assert!(failure_line(&at).ends_with("at byte 4096: Input/output error"));
    }

    #[test]
    fn nothing_says_a_hundred_percent_before_it_has_ended() {
        let mut job = view(JobState::Flushing);
        job.bytes_copied = job.found.bytes;
        assert_eq!((permille(&job), phase(&job)), (999, "flushing"));
        assert!(figures(&job).starts_with("99%"), "{}", figures(&job));
        job.state = JobState::Done;
        assert_eq!(permille(&job), 1000);
    }

    #[test]
    fn totals_that_still_grow_are_marked() {
        let mut job = view(JobState::Running);
        assert_eq!(
            progress_line(&job),
            "copying: 25%, 1 GiB of 4 GiB, 400 MiB/s, 16s left, 10/40 files"
        );
        job.found_is_final = false;
        assert_eq!(
            figures(&job),
            "25%  1 GiB of 4 GiB+  400 MiB/s  16s left  10/40+ files"
        );
    }

    #[test]
    fn a_shortage_says_what_is_known_of_it() {
        let mut job = view(JobState::Running);
        let said = |job: &JobView| shortage_line(job).expect("short");
        let free = Some(5 << 20);
        let lack = Lack::Space;
        job.shortage = Some(Shortage { lack, free });
        assert!(
            said(&job).contains("3 GiB needed, 5 MiB free"),
            "{}",
            said(&job)
        );
        job.bytes_copied = job.bytes_total();
        assert!(!said(&job).contains("needed"), "{}", said(&job));
        let lack = Lack::Inodes;
        job.shortage = Some(Shortage { lack, free });
        assert!(!said(&job).contains("MiB"), "{}", said(&job));
    }

    #[test]
    fn the_closing_line_counts_everything() {
        let mut job = view(JobState::DoneWithFailures);
        (job.copied, job.skipped, job.failed, job.conflicts) = (240, 3, 1, 2);
        (job.elapsed_ms, job.rate_mean) = (25_400, 460 << 20);
        assert_eq!(
            summary_line(&Summary::of(&job)),
            "copied 240 files, 1 GiB in 25s (40.3 MiB/s); 3 skipped, 1 failed, 2 left as conflicts"
        );
        job = view(JobState::Cancelled);
        (job.copied, job.bytes_copied, job.elapsed_ms) = (1, 0, 300);
        assert_eq!(
            summary_line(&Summary::of(&job)),
            "stopped: copied 1 file, 0 B in 0.3s"
        );
    }
}
