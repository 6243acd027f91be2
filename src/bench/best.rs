//! What the results say `auto` should begin with on this route.
//!
//! A choice is kept when it is clearly better than the usual one for a tree at least, and clearly
//! worse for none: one profile serves them all.

use super::case::Suite;
use super::results::{CaseResult, Outcome, Results, Row};
use crate::proto::{Best, Strategy};
use crate::units;

/// A difference counts when median and minimum both show it by more than this: below it medians of
/// a few runs differ by chance.
pub const NOISE: f64 = 0.05;

/// From this mean size of its files on a tree says something of strategies: smaller files are read
/// and written in one piece whatever is asked for.
const NOT_SMALL: u64 = 64 << 10;

/// True when the first row took clearly less time than the second.
pub fn is_better(one: &Row, other: &Row) -> bool {
    let (Some(one), Some(other)) = (one.seconds(), other.seconds()) else {
        return false;
    };
    let less = |one: f64, other: f64| one < other * (1.0 - NOISE);
    less(one.median, other.median) && less(one.min, other.min)
}

/// What is to be kept; nothing where nothing is clearly better, or was not measured.
pub fn best(results: &Results) -> Best {
    let of = |suite| {
        let cases = results.cases.iter();
        cases.filter(move |case: &&CaseResult| case.suite == suite)
    };
    let large = |case: &&CaseResult| case.bytes >= NOT_SMALL * case.files.max(1);
    let workers = |kind: &'static str| {
        let cases: Vec<_> = of(Suite::Workers)
            .filter(|case| case.rows.iter().any(|row| row.name.ends_with(kind)))
            .collect();
        let least = |case: &CaseResult| {
            let counted = case.rows.iter().filter_map(|row| count(&row.name));
            counted.min().map(|least| format!("{least}{kind}"))
        };
        winner(&cases, &least).and_then(|name| count(&name))
    };
    let strategies: Vec<_> = of(Suite::Strategies).filter(large).collect();
    let buffers: Vec<_> = of(Suite::Buffers).collect();
    Best {
        strategy: winner(&strategies, &|_| Some("haul auto".to_owned()))
            .and_then(|name| Strategy::from_name(name.trim_start_matches("haul "))),
        file_workers: workers(" files"),
        chunk_workers: workers(" ranges"),
        buffer_size: winner(&buffers, &|_| Some("256KiB".to_owned()))
            // Rows of this suite are named by what was asked for: all are sizes.
            .and_then(|name| units::parse_size(&name).ok()),
    }
}

/// The number that the name of a row begins with; `None` for a name that begins with none.
pub fn count(name: &str) -> Option<u16> {
    name.split(' ')
        .next()
        .and_then(|number| number.parse().ok())
}

/// The row that is clearly better than the usual one in some case, clearly worse in none, and saves
/// most over all of them.
fn winner(cases: &[&CaseResult], usual: &dyn Fn(&CaseResult) -> Option<String>) -> Option<String> {
    let row = |case: &CaseResult, name: &str| {
        let right = |row: &&Row| row.outcome == Outcome::Right && row.name == name;
        case.rows.iter().find(right).cloned()
    };
    let mut names: Vec<&str> = cases
        .iter()
        .flat_map(|case| case.rows.iter().map(|row| row.name.as_str()))
        .collect();
    names.sort_unstable();
    names.dedup();
    let mut found: Option<(f64, String)> = None;
    for name in names {
        let (mut gain, mut better) = (1.0, false);
        let fits = cases.iter().all(|case| {
            let usual = usual(case).and_then(|usual| row(case, &usual));
            let (Some(usual), Some(other)) = (usual, row(case, name)) else {
                return false;
            };
            if let (Some(one), Some(two)) = (other.seconds(), usual.seconds()) {
                gain *= one.median / two.median;
            }
            better |= is_better(&other, &usual);
            !is_better(&usual, &other)
        });
        if fits && better && found.as_ref().is_none_or(|(least, _)| gain < *least) {
            found = Some((gain, name.to_owned()));
        }
    }
    found.map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::results::tests::{results, row};

    fn case(suite: Suite, rows: &[(&str, f64)]) -> CaseResult {
        let rows = rows.iter().map(|(name, took)| row(name, false, &[*took]));
        let mut case = results(rows.collect()).cases.remove(0);
        (case.suite, case.files, case.bytes) = (suite, 10, 10 << 20);
        case
    }

    fn of(cases: Vec<CaseResult>) -> Best {
        let mut all = results(Vec::new());
        all.cases = cases;
        best(&all)
    }

    #[test]
    fn what_is_better_for_one_and_worse_for_none_is_kept() {
        let frames = case(
            Suite::Strategies,
            &[
                ("haul auto", 2.0),
                ("haul direct", 1.0),
                ("haul sendfile", 1.9),
            ],
        );
        let large = |direct| {
            case(
                Suite::Strategies,
                &[
                    ("haul auto", 2.0),
                    ("haul direct", direct),
                    ("haul sendfile", 1.5),
                ],
            )
        };
        let kept = of(vec![frames.clone(), large(2.02)]);
        assert_eq!(kept.strategy, Some(Strategy::Direct));
        let kept = of(vec![frames.clone(), large(3.0)]);
        assert_eq!(kept.strategy, Some(Strategy::Sendfile));
        let mut small = frames;
        small.bytes = 10 << 10;
        assert_eq!(of(vec![small]), Best::default(), "no word on large files");
    }

    #[test]
    fn numbers_are_kept_with_their_kind() {
        let files = case(
            Suite::Workers,
            &[("1 files", 4.0), ("8 files", 1.0), ("16 files", 0.99)],
        );
        let ranges = case(Suite::Workers, &[("1 ranges", 1.0), ("4 ranges", 1.01)]);
        let buffers = case(Suite::Buffers, &[("256KiB", 2.0), ("1MiB", 1.0)]);
        let kept = of(vec![files, ranges, buffers]);
        assert_eq!((kept.file_workers, kept.chunk_workers), (Some(16), None));
        assert_eq!((kept.strategy, kept.buffer_size), (None, Some(1 << 20)));
    }
}
