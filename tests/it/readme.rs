//! The README is true: its keys are those of the program, and it leaves no option, strategy or
//! variable out.

use crate::support::World;
use haul::config::KEYS;
use haul::proto::{Conflict, Durability, Strategy};
use haul::tui::{KeyRow, keys_table};
use std::fs;
use std::path::Path;

const BEGIN: &str = "<!-- keys: generated, UPDATE_GENERATED=1 cargo test -->\n";
const END: &str = "<!-- end of keys -->";

fn path() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")
}

/// What `haul keys` prints, as a table: a key that means the same in several places is one row.
fn table(listed: &[KeyRow]) -> String {
    let mut places: Vec<&str> = listed.iter().map(|row| row.context).collect();
    places.dedup();
    let mut rows: Vec<(&str, &str, Vec<&str>)> = Vec::new();
    for row in listed {
        let (keys, doc) = (row.keys.as_str(), row.doc);
        match rows
            .iter_mut()
            .find(|known| (known.0, known.1) == (keys, doc))
        {
            Some(known) => known.2.push(row.context),
            None => rows.push((keys, doc, vec![row.context])),
        }
    }
    let mut lines = vec![
        "| Keys | What they do | Where |".to_owned(),
        "|---|---|---|".to_owned(),
    ];
    for (keys, doc, here) in rows {
        let keys: Vec<String> = keys
            .split_whitespace()
            .map(|key| format!("`{key}`"))
            .collect();
        let doc = doc.replace('*', "\\*").replace('|', "\\|");
        let here = if here.len() == places.len() {
            "everywhere".to_owned()
        } else {
            here.join(", ")
        };
        lines.push(format!("| {} | {doc} | {here} |", keys.join(" ")));
    }
    lines.push(String::new());
    lines.join("\n")
}

#[test]
fn the_keys_of_the_readme_are_fresh() {
    let fresh = table(&keys_table());
    assert!(fresh.lines().count() > 40, "{fresh}");
    let text = fs::read_to_string(path()).expect("a README");
    let (before, rest) = text.split_once(BEGIN).expect("the keys begin");
    let (found, after) = rest.split_once(END).expect("the keys end");
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        fs::write(path(), format!("{before}{BEGIN}{fresh}{END}{after}")).expect("written");
    } else {
        assert!(
            found == fresh,
            "stale; UPDATE_GENERATED=1 cargo test makes it anew"
        );
    }
}

#[test]
fn the_keys_line_up_when_printed() {
    let (_, listed, _) = World::new().run(["keys"]);
    let rows: Vec<&str> = listed
        .lines()
        .filter(|line| line.starts_with("  "))
        .collect();
    let keys = keys_table();
    assert_eq!(rows.len(), keys.len());
    let mut columns: Vec<Option<usize>> = rows
        .iter()
        .zip(&keys)
        .map(|(row, key)| row.rfind(key.doc))
        .collect();
    columns.dedup();
    assert!(columns.len() == 1 && columns[0].is_some(), "{listed}");
}

#[test]
fn the_readme_leaves_nothing_out() {
    let text = fs::read_to_string(path()).expect("a README");
    let (_, help, _) = World::new().run(["copy", "--help"]);
    let options = help
        .split_whitespace()
        .filter(|word| word.starts_with("--"));
    let options = options.map(|word| word.trim_end_matches(','));
    let mut names: Vec<&str> = options.filter(|option| *option != "--help").collect();
    names.extend(KEYS.iter().map(|key| key.variable));
    names.extend(Strategy::ALL.map(Strategy::name));
    names.extend(Conflict::ALL.map(Conflict::name));
    names.extend(Durability::ALL.map(Durability::name));
    assert!(names.len() > 40, "{names:?}");
    let missing: Vec<&&str> = names.iter().filter(|name| !text.contains(**name)).collect();
    assert!(missing.is_empty(), "not in the README: {missing:?}");
    // And nothing that the command line does not know.
    let (_, after) = text.split_once("| Option |").expect("a table of options");
    let (rows, _) = after.split_once("\n\n").expect("its end");
    for row in rows.lines().skip(2) {
        let option = row
            .split(['`', ' ', ','])
            .find(|word| word.starts_with("--"));
        let option = option.unwrap_or_else(|| panic!("no option in {row}"));
        assert!(help.contains(option), "{option} is not known");
    }
}

#[test]
fn pictures_of_the_readme_are_there_and_small() {
    let text = fs::read_to_string(path()).expect("a README");
    let pictures: Vec<&str> = text
        .split("](")
        .skip(1)
        .filter_map(|after| after.split(')').next())
        .filter(|target| {
            Path::new(target)
                .extension()
                .is_some_and(|end| end == "svg")
        })
        .collect();
    assert_eq!(pictures.len(), 2);
    for picture in pictures {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(picture);
        let svg = fs::read_to_string(path).expect("a picture");
        assert!(
            svg.starts_with("<svg ") && svg.ends_with("</svg>\n"),
            "{picture}"
        );
        assert!(svg.len() < 60_000, "{picture} has {} bytes", svg.len());
    }
}
