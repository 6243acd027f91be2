//! Results as a document in Markdown with its charts beside it.

use super::figures::{HEADINGS, about, cells, machine, seconds};
use crate::bench::results::{CaseResult, Results, Row};
use std::collections::BTreeMap;

/// The name of a case's chart, without a directory: letters, digits and dashes only.
pub fn chart_name(case: &CaseResult) -> String {
    let durable = if case.durable { " durable" } else { "" };
    let words = format!(
        "bench {} {} {} {}{durable}",
        case.suite.name(),
        case.name,
        case.route(),
        case.cache.name()
    );
    let mut name = String::new();
    for character in words.chars() {
        if character.is_ascii_alphanumeric() {
            name.push(character.to_ascii_lowercase());
        } else if !name.ends_with('-') {
            name.push('-');
        }
    }
    format!("{}.svg", name.trim_end_matches('-'))
}

/// The document. `charts` is where the charts are, seen from it, without a slash at the end.
pub fn document(results: &Results, charts: &str) -> String {
    let mut lines = vec![
        "# Results of haul bench".to_owned(),
        String::new(),
        format!("{}.", safe(&machine(results))),
        "Medians of runs that take turns; every copy was compared with its source before its time counted.".to_owned(),
        "*To peer* is the ratio to the fastest other program, below 1 is faster. CPU seconds are user and system together.".to_owned(),
        "A program that was far behind twice did not run again: its runs, of how many, are behind its times.".to_owned(),
        "Memory is the peak of one process. *Not kept* is what the judge found missing, and of how many entries.".to_owned(),
        String::new(),
        "## Summary".to_owned(),
        String::new(),
        "| Case | haul | fastest other | ratio of medians | ratio of minima | ratio of CPU seconds |".to_owned(),
        "|---|---:|---|---:|---:|---:|".to_owned(),
    ];
    lines.extend(results.cases.iter().filter_map(summary));
    for case in &results.cases {
        lines.extend(section(case, charts));
    }
    lines.extend(commands(results));
    lines.push(String::new());
    lines.join("\n")
}

fn summary(case: &CaseResult) -> Option<String> {
    let own = case.rows.iter().find(|row| !row.peer)?;
    let peers = case.rows.iter().filter(|row| row.peer);
    let least =
        |of: &dyn Fn(&Row) -> Option<f64>| peers.clone().filter_map(of).min_by(f64::total_cmp);
    let median = |row: &Row| row.seconds().map(|told| told.median);
    let (ours, best) = (own.seconds()?, least(&median)?);
    let name = peers.clone().find(|row| median(row) == Some(best))?;
    let ratio = |ours: f64, other: Option<f64>| match other {
        Some(other) if other > 0.0 => format!("{:.2}", ours / other),
        _ => String::new(),
    };
    Some(format!(
        "| {}: {} | {} | {} {} | **{}** | {} | {} |",
        safe(&case.name),
        safe(&about(case)),
        seconds(ours.median),
        safe(&name.name),
        seconds(best),
        ratio(ours.median, Some(best)),
        ratio(ours.min, least(&|row| row.seconds().map(|told| told.min))),
        ratio(
            own.cpu()?.median,
            least(&|row| row.cpu().map(|told| told.median))
        ),
    ))
}

fn section(case: &CaseResult, charts: &str) -> Vec<String> {
    let mut lines = vec![
        String::new(),
        format!(
            "## {} {}, {}",
            case.suite.name(),
            safe(&case.name),
            safe(&case.route())
        ),
        String::new(),
        format!("{}.", safe(&about(case))),
        String::new(),
        format!(
            "![{} {}]({charts}/{})",
            case.suite.name(),
            safe(&case.name),
            chart_name(case)
        ),
        String::new(),
        format!("| {} |", HEADINGS.join(" | ")),
        format!("|---|{}---|", "---:|".repeat(HEADINGS.len() - 2)),
    ];
    for row in case.ranked() {
        let mut cells = cells(case, row).map(|cell| safe(&cell));
        if !row.peer {
            cells[0] = format!("**{}**", cells[0]);
        }
        lines.push(format!("| {} |", cells.join(" | ")));
    }
    lines
}

/// Who was measured: version and what was typed, once each.
fn commands(results: &Results) -> Vec<String> {
    let mut known: BTreeMap<&str, (&str, &str)> = BTreeMap::new();
    for row in results.cases.iter().flat_map(|case| &case.rows) {
        let version = row.version.as_deref().unwrap_or("");
        known.entry(&row.name).or_insert((version, &row.command));
    }
    let mut lines = vec![
        String::new(),
        "## Who was measured".to_owned(),
        String::new(),
        "| Name | Version | Command |".to_owned(),
        "|---|---|---|".to_owned(),
    ];
    for (name, (version, command)) in known {
        let [name, version, command] = [name, version, command].map(safe);
        lines.push(format!("| {name} | {version} | `{command}` |"));
    }
    lines
}

/// Text in which nothing is taken for markup of a table.
fn safe(words: &str) -> String {
    super::svg::escaped(words)
        .replace('|', "\\|")
        .replace('`', "'")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::results::Outcome;
    use crate::bench::results::tests::{results, row};

    #[test]
    fn losing_rows_stay_and_the_summary_says_by_how_much() {
        let mut bad = row("x|cp", true, &[]);
        bad.outcome = Outcome::Failed("a | b".to_owned());
        let found = results(vec![
            row("haul", false, &[3.0, 2.0, 9.0]),
            row("cp", true, &[1.5]),
            bad,
        ]);
        let text = document(&found, "../assets");
        assert!(
            text.contains("| 3.00 | cp 1.50 | **2.00** | 1.33 | 1.00 |"),
            "{text}"
        );
        assert!(
            text.contains("(../assets/bench-compare-flat-ext4-to-xfs-hot.svg)"),
            "{text}"
        );
        assert!(
            text.contains("x\\|cp") && text.contains("a \\| b"),
            "{text}"
        );
        let columns = |line: &str| line.replace("\\|", "").matches('|').count();
        let table: Vec<_> = text.lines().filter(|line| line.starts_with('|')).collect();
        for rows in table.windows(2).filter(|rows| rows[1].starts_with("|---")) {
            assert_eq!(columns(rows[0]), columns(rows[1]));
        }
    }

    #[test]
    fn names_of_charts_are_plain() {
        let mut found = results(Vec::new());
        found.cases[0].name = "../a b/\x1b".to_owned();
        let name = chart_name(&found.cases[0]);
        assert_eq!(name, "bench-compare-a-b-ext4-to-xfs-hot.svg");
    }
}
