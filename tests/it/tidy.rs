//! The house rules that no compiler checks: layers, where `unsafe` and printing may be, docs, sizes.
//!
//! Each rule is a function from a file's path and text to complaints; one test runs them all over
//! `src`, and one test a rule feeds it code that breaks it, so that none can fall asleep.

use std::fs;
use std::path::Path;
use walkdir::WalkDir;

type Rule = fn(&str, &str) -> Vec<String>;

const RULES: [Rule; 8] = [
    layers,
    unsafe_stays_in_sys,
    unsafe_says_why,
    printing_stays_at_the_edge,
    one_place_for_the_time_of_day,
    allowances_have_reasons,
    files_stay_small,
    files_are_introduced,
];

const LEAVES: [&str; 6] = ["text", "units", "globs", "clock", "exit", "sequence"];

/// What each layer may use beside itself and the leaves; `a::b` opens one module of `a` only.
const MAY_USE: [(&str, &[&str]); 11] = [
    ("proto", &[]),
    ("sys", &["proto"]),
    ("engine", &["proto", "sys"]),
    // It joins an engine to the real file systems; it never calls them.
    (
        "session",
        &["proto", "engine", "sys::Real", "sys::Steady", "sys::Sys"],
    ),
    ("config", &["proto"]),
    ("logging", &["proto", "config"]),
    ("records", &["proto"]),
    ("bench", &["proto", "sys", "engine", "session", "config"]),
    (
        "tui",
        &[
            "proto",
            "session",
            "config",
            "records",
            "sys::tty",
            "sys::listing",
            "sys::count",
            "sys::edit",
            "sys::inspect",
            "sys::probe",
        ],
    ),
    // `haul doctor` tells what the kernel offers: no job, so nothing to ask an engine for.
    (
        "cli",
        &[
            "proto",
            "session",
            "config",
            "logging",
            "tui",
            "bench",
            "sys::tty",
            "sys::probe",
            "sys::process",
        ],
    ),
    ("main", &["cli"]),
];

const MAX_LINES: usize = 600;

#[test]
fn the_tree_is_tidy() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut seen = 0;
    let mut complaints = Vec::new();
    for entry in WalkDir::new(root.join("src")).sort_by_file_name() {
        let entry = entry.expect("src can be listed");
        let path = entry.path();
        if path.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        seen += 1;
        let name = path.strip_prefix(root).expect("below the root");
        let name = name.to_str().expect("file names are text");
        let text = fs::read_to_string(path).expect("src can be read");
        complaints.extend(RULES.iter().flat_map(|rule| rule(name, &text)));
        complaints.extend(names_say_what_things_are(name));
    }
    assert!(
        seen > 10,
        "only {seen} files found: looking in the wrong place"
    );
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

fn layers(path: &str, text: &str) -> Vec<String> {
    let layer = layer_of(path);
    if layer == "lib" {
        return Vec::new();
    }
    let leaf = LEAVES.contains(&layer);
    let allowed = MAY_USE.iter().find(|(name, _)| *name == layer);
    if allowed.is_none() && !leaf {
        return vec![format!("{path}: no layer '{layer}' is known to this test")];
    }
    let allowed = allowed.map_or(&["proto"][..], |(_, allowed)| allowed);
    // The vocabulary stands alone: the leaves may speak of it.
    let leaves: &[&str] = if layer == "proto" { &[] } else { &LEAVES };
    mentions(&code_of(text))
        .into_iter()
        .filter(|mention| {
            let root = mention.split("::").next().unwrap_or_default();
            root != layer
                && (MAY_USE.iter().any(|(name, _)| *name == root) || LEAVES.contains(&root))
                && !allowed
                    .iter()
                    .chain(leaves)
                    .any(|open| mention == open || mention.starts_with(&format!("{open}::")))
        })
        .map(|mention| format!("{path}: {layer} may not use {mention}"))
        .collect()
}

fn layer_of(path: &str) -> &str {
    let below = path.strip_prefix("src/").unwrap_or(path);
    let first = below.split('/').next().unwrap_or(below);
    first.strip_suffix(".rs").unwrap_or(first)
}

/// Every path that begins at the crate's root, groups in braces taken apart.
fn mentions(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for root in ["crate::", "haul::"] {
        for (at, _) in code.match_indices(root) {
            let before = code[..at].chars().next_back();
            if !before.is_some_and(|character| character.is_alphanumeric() || character == '_') {
                expand(&code[at + root.len()..], "", &mut found);
            }
        }
    }
    found
}

fn expand(tree: &str, prefix: &str, found: &mut Vec<String>) {
    let tree = tree.trim_start();
    if let Some(group) = tree.strip_prefix('{') {
        let (mut depth, mut from) = (0, 0);
        for (at, character) in group.char_indices() {
            match character {
                '{' => depth += 1,
                '}' if depth > 0 => depth -= 1,
                ',' | '}' if depth == 0 => {
                    expand(&group[from..at], prefix, found);
                    from = at + 1;
                    if character == '}' {
                        return;
                    }
                }
                _ => {}
            }
        }
        return;
    }
    let end = tree
        .find(|character: char| !(character.is_alphanumeric() || character == '_'))
        .unwrap_or(tree.len());
    if end == 0 {
        return;
    }
    let path = match (prefix, &tree[..end]) {
        ("", name) => name.to_owned(),
        (prefix, "self") => prefix.to_owned(),
        (prefix, name) => format!("{prefix}::{name}"),
    };
    match tree[end..].strip_prefix("::") {
        Some(rest) if rest.starts_with(['{', '_']) || rest.starts_with(char::is_alphanumeric) => {
            expand(rest, &path, found);
        }
        _ => found.push(path),
    }
}

fn unsafe_stays_in_sys(path: &str, text: &str) -> Vec<String> {
    if path.starts_with("src/sys/") {
        return Vec::new();
    }
    lines_with(path, text, "`unsafe` outside src/sys", |line| {
        has_word(line, "unsafe")
    })
}

fn unsafe_says_why(path: &str, text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    code_of(text)
        .lines()
        .enumerate()
        .filter(|(_, line)| has_word(line, "unsafe") && !line.contains("unsafe fn"))
        .filter(|(at, _)| {
            let mut above = lines[..*at].iter().rev().take_while(|line| {
                let line = line.trim_start();
                // A statement broken before its block, and attributes, may stand between.
                line.starts_with("//") || line.starts_with("#[") || line.ends_with('=')
            });
            !above.any(|line| line.contains("SAFETY:"))
        })
        .map(|(at, _)| format!("{path}:{}: unsafe without a SAFETY comment", at + 1))
        .collect()
}

const PRINTING: [&str; 6] = [
    "print!",
    "println!",
    "eprint!",
    "eprintln!",
    "stdout()",
    "stderr()",
];

fn printing_stays_at_the_edge(path: &str, text: &str) -> Vec<String> {
    let edge = ["src/cli/", "src/main.rs", "src/tui/term.rs"];
    if edge.iter().any(|open| path.starts_with(open)) {
        return Vec::new();
    }
    lines_with(path, text, "prints outside src/cli", |line| {
        PRINTING.iter().any(|form| has_word(line, form))
    })
}

fn one_place_for_the_time_of_day(path: &str, text: &str) -> Vec<String> {
    if path == "src/clock.rs" {
        return Vec::new();
    }
    lines_with(path, text, "SystemTime::now outside src/clock.rs", |line| {
        line.contains("SystemTime::now")
    })
}

fn allowances_have_reasons(path: &str, text: &str) -> Vec<String> {
    let code = code_of(text);
    ["#[allow(", "#![allow(", "#[expect(", "#![expect("]
        .iter()
        .flat_map(|form| code.match_indices(form).collect::<Vec<_>>())
        .filter(|(at, _)| {
            let attribute = code[*at..].split(']').next().unwrap_or_default();
            !attribute.contains("reason")
        })
        .map(|(at, _)| {
            let line = code[..at].lines().count().max(1);
            format!("{path}:{line}: a lint is allowed without a reason")
        })
        .collect()
}

fn files_stay_small(path: &str, text: &str) -> Vec<String> {
    match text.lines().count() {
        lines if lines > MAX_LINES => {
            vec![format!("{path}: {lines} lines: what is the second idea?")]
        }
        _ => Vec::new(),
    }
}

fn files_are_introduced(path: &str, text: &str) -> Vec<String> {
    if text.starts_with("//!") {
        return Vec::new();
    }
    vec![format!("{path}: does not open with `//!` docs")]
}

fn names_say_what_things_are(path: &str) -> Vec<String> {
    const EMPTY: [&str; 7] = [
        "utils", "util", "helpers", "helper", "manager", "common", "misc",
    ];
    path.trim_end_matches(".rs")
        .split('/')
        .filter(|part| EMPTY.contains(part))
        .map(|part| format!("{path}: '{part}' does not say what is in it"))
        .collect()
}

fn lines_with(path: &str, text: &str, what: &str, bad: impl Fn(&str) -> bool) -> Vec<String> {
    code_of(text)
        .lines()
        .enumerate()
        .filter(|(_, line)| bad(line))
        .map(|(at, _)| format!("{path}:{}: {what}", at + 1))
        .collect()
}

fn has_word(line: &str, word: &str) -> bool {
    let joins = |character: char| character.is_alphanumeric() || character == '_';
    line.match_indices(word).any(|(at, _)| {
        let after = line[at + word.len()..].chars().next();
        let open_end = !word.ends_with(char::is_alphanumeric);
        !line[..at].ends_with(joins) && (open_end || !after.is_some_and(joins))
    })
}

/// The text with comments and literals blanked out; lines keep their numbers.
fn code_of(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut previous = ' ';
    while let Some(character) = rest.chars().next() {
        let joined = previous.is_alphanumeric() || previous == '_';
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if character == '"' {
            quoted(rest)
        } else if !joined && (rest.starts_with("r\"") || rest.starts_with("r#")) {
            raw(rest)
        } else if character == '\'' {
            char_literal(rest)
        } else {
            0
        };
        let taken = if skipped == 0 {
            out.push(character);
            character.len_utf8()
        } else {
            out.extend(rest[..skipped].chars().filter(|skipped| *skipped == '\n'));
            out.push(' ');
            skipped
        };
        previous = character;
        rest = &rest[taken..];
    }
    out
}

fn quoted(rest: &str) -> usize {
    let mut escaped = false;
    for (at, character) in rest.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

fn raw(rest: &str) -> usize {
    let hashes = rest[1..]
        .chars()
        .take_while(|character| *character == '#')
        .count();
    if !rest[1 + hashes..].starts_with('"') {
        return 0;
    }
    let close = format!("\"{}", "#".repeat(hashes));
    rest[2 + hashes..]
        .find(&close)
        .map_or(rest.len(), |end| 2 + hashes + end + close.len())
}

/// The length of a character literal, or 0 for a lifetime.
fn char_literal(rest: &str) -> usize {
    let mut characters = rest.char_indices().skip(1);
    match characters.next() {
        Some((_, '\\')) => rest[3..].find('\'').map_or(0, |end| 3 + end + 1),
        Some(_) => match characters.next() {
            Some((at, '\'')) => at + 1,
            _ => 0,
        },
        None => 0,
    }
}

#[test]
fn a_layer_that_reaches_the_wrong_way_is_named() {
    let bad = |path, code| !layers(path, code).is_empty();
    assert!(bad("src/engine/scan.rs", "use crate::tui::Model;"));
    assert!(bad("src/tui/run.rs", "fn a() { crate::engine::start() }"));
    assert!(bad(
        "src/tui/run.rs",
        "use crate::{proto::JobId, sys::{tty, real::Fd}};"
    ));
    assert!(bad("src/proto/job.rs", "use crate::text::shown;"));
    assert!(bad("src/text.rs", "use crate::session;"));
    assert!(bad("src/main.rs", "use haul::engine;"));
    assert!(bad("src/novel.rs", ""));

    assert!(!bad(
        "src/tui/run.rs",
        "use crate::{proto::{JobId, Op}, sys::tty::Guard, text};"
    ));
    assert!(!bad("src/tui/run.rs", "use crate::tui::model::Model;"));
    assert!(!bad(
        "src/tui/run.rs",
        "//! See [`crate::engine`].\nlet a = \"crate::engine\";"
    ));
    assert!(!bad(
        "src/session/mod.rs",
        "use crate::engine::{self, Engine};"
    ));
}

#[test]
fn stray_unsafe_is_named() {
    let code = "fn a() {\n    unsafe { b() }\n}";
    assert_eq!(unsafe_stays_in_sys("src/engine/a.rs", code).len(), 1);
    assert!(unsafe_stays_in_sys("src/sys/a.rs", code).is_empty());
    assert!(
        unsafe_stays_in_sys(
            "src/engine/a.rs",
            "// unsafe\nlet unsafe_word = \"unsafe\";"
        )
        .is_empty()
    );

    assert_eq!(
        unsafe_says_why("src/sys/a.rs", code),
        ["src/sys/a.rs:2: unsafe without a SAFETY comment"]
    );
    let said = "// SAFETY: b has no conditions.\nlet c =\n    unsafe { b() };";
    assert!(unsafe_says_why("src/sys/a.rs", said).is_empty());
}

#[test]
fn stray_printing_and_dates_are_named() {
    for code in [
        "println!(\"a\");",
        "eprint!(\"a\")",
        "io::stdout().lock()",
        "std::io::stderr()",
    ] {
        assert_eq!(
            printing_stays_at_the_edge("src/engine/a.rs", code).len(),
            1,
            "{code}"
        );
        assert!(printing_stays_at_the_edge("src/cli/a.rs", code).is_empty());
    }
    assert_eq!(
        one_place_for_the_time_of_day("src/cli/a.rs", "SystemTime::now()").len(),
        1
    );
}

#[test]
fn the_rules_about_files_can_fail() {
    assert_eq!(
        allowances_have_reasons("src/a.rs", "#[allow(dead_code)]\nfn a() {}").len(),
        1
    );
    assert!(
        allowances_have_reasons("src/a.rs", "#[allow(dead_code, reason = \"why\")]").is_empty()
    );
    assert_eq!(
        files_stay_small("src/a.rs", &"\n".repeat(MAX_LINES + 1)).len(),
        1
    );
    assert_eq!(files_are_introduced("src/a.rs", "use a;").len(), 1);
    assert_eq!(names_say_what_things_are("src/engine/utils.rs").len(), 1);
    assert_eq!(names_say_what_things_are("src/common/mod.rs").len(), 1);
    assert!(names_say_what_things_are("src/text.rs").is_empty());
}

#[test]
fn literals_and_comments_are_no_code() {
    let text = "a /* b\n */ c \"d\\\"e\" 'f' '\\'' &'g h r#\"i\"# // j\nk";
    let code = code_of(text);
    assert_eq!(code.lines().count(), text.lines().count());
    let words: Vec<&str> = code.split_whitespace().collect();
    assert_eq!(words, ["a", "c", "&'g", "h", "k"]);
}
