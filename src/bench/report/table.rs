//! Results as a table of plain text.

use super::figures::{HEADINGS, about, cells, machine};
use crate::bench::results::{CaseResult, Results};
use crate::text;

/// Everything as lines: a heading a case, a row a contestant, fastest first; then the advice.
pub fn table(results: &Results) -> String {
    let mut lines = vec![machine(results)];
    for case in &results.cases {
        lines.push(String::new());
        lines.extend(case_lines(case));
    }
    let advice = super::advice(results);
    if !advice.is_empty() {
        lines.push(String::new());
        lines.extend(
            advice
                .iter()
                .map(|line| text::shown(line.as_bytes()).into_owned()),
        );
    }
    lines.push(String::new());
    lines.join("\n")
}

fn case_lines(case: &CaseResult) -> Vec<String> {
    let mut rows: Vec<Vec<String>> = vec![HEADINGS.map(str::to_owned).to_vec()];
    for row in case.ranked() {
        rows.push(
            cells(case, row)
                .map(|cell| text::shown(cell.as_bytes()).into_owned())
                .to_vec(),
        );
    }
    // A column that says nothing anywhere is left out.
    let empty: Vec<bool> = (0..HEADINGS.len())
        .map(|column| rows[1..].iter().all(|row| row[column].is_empty()))
        .collect();
    let widths: Vec<usize> = (0..HEADINGS.len())
        .map(|column| {
            rows.iter()
                .map(|row| text::width(&row[column]))
                .max()
                .unwrap_or(0)
        })
        .collect();
    let mut lines = vec![format!(
        "{} {}: {}",
        case.suite.name(),
        case.name,
        about(case)
    )];
    for row in rows {
        let mut line = String::from(" ");
        for (column, cell) in row.iter().enumerate() {
            if empty[column] {
                continue;
            }
            let gap = " ".repeat(widths[column] - text::width(cell));
            // Names and words begin at the left, figures end at the right.
            let words = column == 0 || column + 1 == HEADINGS.len();
            line.push(' ');
            let (first, second) = if words { (cell, &gap) } else { (&gap, cell) };
            line.push_str(first);
            line.push_str(second);
            line.push(' ');
        }
        lines.push(line.trim_end().to_owned());
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::results::Outcome;
    use crate::bench::results::tests::{results, row};

    #[test]
    fn columns_line_up_and_the_fastest_is_first() {
        let mut bad = row("rsync", true, &[]);
        bad.outcome = Outcome::Failed("a\x1b[2J".to_owned());
        let found = results(vec![
            bad,
            row("cp", true, &[11.0]),
            row("haul", false, &[0.5]),
        ]);
        let told = table(&found);
        let lines: Vec<&str> = told.lines().skip(2).collect();
        assert_eq!(
            lines[0],
            "compare flat: 100 files, 10 MiB, ext4 to xfs, source in memory"
        );
        assert!(lines[2].trim_start().starts_with("haul "), "{told}");
        assert!(lines[3].trim_start().starts_with("cp "), "{told}");
        assert!(
            lines[4].contains("failed") && lines[4].ends_with("a\\x1b[2J"),
            "{told}"
        );
        let ends: Vec<_> = [1, 2, 3]
            .iter()
            .map(|at| {
                lines[*at]
                    .find(["median", "0.500", "11.0"][*at - 1])
                    .expect("there")
                    + ["median", "0.500", "11.0"][*at - 1].len()
            })
            .collect();
        assert_eq!(ends[0], ends[1]);
        assert_eq!(ends[1], ends[2]);
    }
}
