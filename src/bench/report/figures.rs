//! The figures of a row in words, the same in every report.

use crate::bench::results::{Cache, CaseResult, Outcome, Results, Row};
use crate::bench::stats::per_second;
use crate::units;

/// Headings of the columns.
pub const HEADINGS: [&str; 9] = [
    "",
    "median",
    "min to max",
    "MB/s",
    "files/s",
    "CPU s",
    "memory",
    "to peer",
    "not kept",
];

/// One row in words: a cell a column.
pub fn cells(case: &CaseResult, row: &Row) -> [String; HEADINGS.len()] {
    let mut cells: [String; HEADINGS.len()] = std::array::from_fn(|_| String::new());
    cells[0].clone_from(&row.name);
    match &row.outcome {
        Outcome::Right => {}
        Outcome::Wrong(_) => "WRONG".clone_into(&mut cells[1]),
        Outcome::Failed(_) => "failed".clone_into(&mut cells[1]),
        Outcome::LeftOut(_) => "left out".clone_into(&mut cells[1]),
    }
    if let (Some(time), Some(cpu)) = (row.seconds(), row.cpu()) {
        cells[1] = seconds(time.median);
        cells[2] = format!("{} to {}", seconds(time.min), seconds(time.max));
        let most = case.rows.iter().map(|row| row.runs.len()).max();
        if most > Some(row.runs.len()) {
            cells[2] = format!("{} ({} of {})", cells[2], row.runs.len(), most.unwrap_or(0));
        }
        // Powers of 1000, as devices and networks are rated.
        cells[3] = figure(per_second(case.bytes, time.median) / 1e6);
        cells[4] = figure(per_second(case.files, time.median));
        cells[5] = format!("{:.2}", cpu.median);
        cells[6] = row.peak().map(units::size).unwrap_or_default();
        if let Some(best) = case.best_peer() {
            cells[7] = format!("{:.2}x", time.median / best);
        }
    }
    cells[8] = not_kept(row);
    cells
}

/// What was lost, or why there are no figures.
fn not_kept(row: &Row) -> String {
    match &row.outcome {
        Outcome::Right => {
            let each =
                |loss: &crate::bench::results::Loss| format!("{} ({})", loss.what, loss.entries);
            row.not_kept.iter().map(each).collect::<Vec<_>>().join(", ")
        }
        Outcome::Wrong(words) => words.first().cloned().unwrap_or_default(),
        Outcome::Failed(words) | Outcome::LeftOut(words) => words.clone(),
    }
}

/// What a case is about: "10000 files, 128 MiB, ext4 to xfs, hot cache, not flushed".
pub fn about(case: &CaseResult) -> String {
    let files = match case.files {
        1 => "1 file".to_owned(),
        many => format!("{many} files"),
    };
    let cache = match case.cache {
        Cache::Hot => "source in memory",
        Cache::Cold => "source not in memory",
        Cache::Dropped => "nothing in memory",
    };
    let until = if case.durable {
        ", until it is on the device"
    } else {
        ""
    };
    format!(
        "{files}, {}, {}, {cache}{until}",
        units::size(case.bytes),
        case.route()
    )
}

/// What it was measured on.
pub fn machine(results: &Results) -> String {
    format!(
        "haul {}, Linux {}, {} processors, {} of memory",
        results.version,
        results.kernel,
        results.processors,
        units::size(results.memory)
    )
}

/// Seconds with three digits that mean something.
pub fn seconds(seconds: f64) -> String {
    let decimals = match seconds {
        large if large >= 100.0 => 0,
        middle if middle >= 10.0 => 1,
        small if small >= 1.0 => 2,
        _ => 3,
    };
    format!("{seconds:.decimals$}")
}

fn figure(value: f64) -> String {
    if value < 9.95 {
        format!("{value:.1}")
    } else {
        format!("{value:.0}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::results::Loss;
    use crate::bench::results::tests::{results, row};

    #[test]
    fn a_row_says_everything_that_was_measured() {
        let mut cp = row("cp", true, &[2.0, 4.0, 3.0]);
        cp.not_kept = vec![Loss {
            what: "holes".to_owned(),
            entries: 2,
        }];
        let found = results(vec![row("haul", false, &[1.5]), cp]);
        let case = &found.cases[0];
        assert_eq!(
            cells(case, &case.rows[1]),
            [
                "cp",
                "3.00",
                "2.00 to 4.00",
                "3.5",
                "33",
                "0.30",
                "5 MiB",
                "1.00x",
                "holes (2)"
            ]
        );
        assert_eq!(cells(case, &case.rows[0])[7], "0.50x");
        assert_eq!(cells(case, &case.rows[0])[2], "1.50 to 1.50 (1 of 3)");
        assert_eq!(
            about(case),
            "100 files, 10 MiB, ext4 to xfs, source in memory"
        );
    }

    #[test]
    fn a_row_without_figures_says_why() {
        let mut bad = row("cp", true, &[]);
        bad.outcome = Outcome::Wrong(vec!["'a': missing".to_owned()]);
        let found = results(vec![bad]);
        let told = cells(&found.cases[0], &found.cases[0].rows[0]);
        assert_eq!(
            (told[1].as_str(), told[8].as_str()),
            ("WRONG", "'a': missing")
        );
    }
}
