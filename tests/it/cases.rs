//! The page of cases speaks of tests that exist, and of every case once.

use std::fs;
use std::path::Path;

/// The number, and the last column, of every row.
fn rows(page: &str) -> Vec<(u32, String)> {
    let row = |line: &str| {
        let mut columns = line.strip_prefix("| ")?.split(" | ");
        let number = columns.next()?.parse().ok()?;
        let proof = columns.nth(1)?.trim_end_matches(" |");
        Some((number, proof.to_owned()))
    };
    page.lines().filter_map(row).collect()
}

/// What stands between backticks and is named like a test.
fn named(proof: &str) -> impl Iterator<Item = (&str, &str)> {
    let quoted = proof.split('`').skip(1).step_by(2);
    quoted.filter_map(|words| words.split_once("::"))
}

fn exists(root: &Path, module: &str, name: &str) -> bool {
    let places = [
        root.join("tests/it").join(format!("{module}.rs")),
        root.join("src").join(format!("{module}.rs")),
        root.join("src").join(module).join("mod.rs"),
    ];
    places.into_iter().any(|path| {
        let text = fs::read_to_string(path).unwrap_or_default();
        text.contains(&format!("fn {name}("))
    })
}

#[test]
fn every_case_has_tests_that_exist_or_a_reason() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("tests/CASES.md")).expect("readable");
    let rows = rows(&page);
    let numbers: Vec<u32> = rows.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, (1..=127).collect::<Vec<u32>>());
    let mut complaints = Vec::new();
    for (number, proof) in &rows {
        let tests: Vec<_> = named(proof).collect();
        if tests.is_empty() && !proof.starts_with("No: ") {
            complaints.push(format!("{number}: neither a test nor a reason"));
        }
        for (module, name) in tests {
            if !exists(root, module, name) {
                complaints.push(format!("{number}: there is no {module}::{name}"));
            }
        }
    }
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
    assert!(!exists(root, "cases", "nothing_like_this"));
}

#[test]
fn every_case_of_a_terminal_has_tests_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("tests/TERMINAL.md")).expect("readable");
    let plain = page.replace("\n| T", "\n| ");
    let rows = rows(&plain);
    let numbers: Vec<u32> = rows.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, (1..=27).collect::<Vec<u32>>());
    for (number, proof) in &rows {
        let tests: Vec<_> = named(proof).collect();
        assert!(!tests.is_empty(), "T{number}: no test");
        for (module, name) in tests {
            assert!(
                exists(root, module, name) || is_screen(root, module, name),
                "T{number}: there is no {module}::{name}"
            );
        }
    }
}

/// Screens are listed in a table rather than written as functions.
fn is_screen(root: &Path, module: &str, name: &str) -> bool {
    let snapshot = format!("tests/it/snapshots/screens/{name}.snap");
    module == "tui_screens" && root.join(snapshot).exists()
}
