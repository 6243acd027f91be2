//! What the results say should be asked for on a route, in words.

use crate::bench::Suite;
use crate::bench::best::{count, is_better};
use crate::bench::results::{CaseResult, Outcome, Results, Row};

/// A line for each case in which haul had a choice; nothing where it had none.
pub fn advice(results: &Results) -> Vec<String> {
    results.cases.iter().filter_map(line).collect()
}

fn line(case: &CaseResult) -> Option<String> {
    let (option, usual): (fn(&str) -> String, _) = match case.suite {
        Suite::Strategies => (
            |name| format!("--strategy {}", name.trim_start_matches("haul ")),
            Some("haul auto"),
        ),
        Suite::Buffers => (|name| format!("--buffer-size {name}"), Some("256KiB")),
        Suite::Workers => (
            |name| match name.split_once(' ') {
                Some((count, "files")) => format!("--file-workers {count}"),
                Some((count, _)) => format!("--chunk-workers {count}"),
                None => name.to_owned(),
            },
            None,
        ),
        _ => return None,
    };
    let rows: Vec<&Row> = case
        .ranked()
        .into_iter()
        .filter(|row| row.outcome == Outcome::Right && row.seconds().is_some())
        .collect();
    let best = *rows.first()?;
    // Where nothing is usual the fewest are: more threads than pay only disturb others.
    let usual = match usual {
        Some(name) => rows.iter().find(|row| row.name == name).copied()?,
        None => *rows
            .iter()
            .min_by_key(|row| count(&row.name).unwrap_or(u16::MAX))?,
    };
    let place = format!("on {}, {} {}", case.route(), case.suite.name(), case.name);
    let (told, other) = (best.seconds()?, usual.seconds()?);
    if !is_better(best, usual) {
        return Some(format!(
            "{place}: nothing is clearly better than {}",
            usual.name
        ));
    }
    let percent = (1.0 - told.median / other.median) * 100.0;
    Some(format!(
        "{place}: {}, {percent:.0}% less time than {}",
        option(&best.name),
        usual.name
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::results::tests::{results, row};

    fn told(suite: Suite, rows: Vec<Row>) -> Vec<String> {
        let mut found = results(rows);
        found.cases[0].suite = suite;
        advice(&found)
    }

    #[test]
    fn what_is_clearly_better_is_advised() {
        let rows = vec![
            row("haul auto", false, &[2.0]),
            row("haul sendfile", false, &[1.0]),
        ];
        assert_eq!(
            told(Suite::Strategies, rows.clone()),
            ["on ext4 to xfs, strategies flat: --strategy sendfile, 50% less time than haul auto"]
        );
        let mut wrong = rows;
        wrong[1].outcome = Outcome::Wrong(Vec::new());
        assert_eq!(
            told(Suite::Strategies, wrong),
            ["on ext4 to xfs, strategies flat: nothing is clearly better than haul auto"]
        );
        let rows = ["1 files", "8 files"]
            .into_iter()
            .zip([[4.0], [1.0]])
            .map(|(name, seconds)| row(name, false, &seconds));
        assert!(told(Suite::Workers, rows.collect())[0].contains("--file-workers 8, 75% less"));
        assert!(told(Suite::Compare, vec![row("haul", false, &[1.0])]).is_empty());
    }

    #[test]
    fn noise_is_no_advice() {
        for seconds in [[1.97, 1.98, 1.99], [1.0, 1.0, 2.5]] {
            let rows = vec![
                row("haul auto", false, &[2.0, 2.0, 1.02]),
                row("haul sendfile", false, &seconds),
            ];
            let line = &told(Suite::Strategies, rows)[0];
            assert!(line.contains("nothing is clearly better"), "{line}");
        }
    }
}
