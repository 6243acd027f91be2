//! What would be done, counted without doing it: nothing is written, and what cannot be counted is
//! said.

use crate::support::World;
use std::fs;
use std::os::unix::fs::symlink;

#[test]
fn problems_beyond_those_that_are_listed_are_counted() {
    let world = World::new();
    fs::create_dir(world.path().join("to")).expect("made");
    let names: Vec<String> = (0..130).map(|number| format!("gone-{number}")).collect();
    let mut words = vec!["copy", "-n", "-t", "to"];
    words.extend(names.iter().map(String::as_str));
    let (code, _, err) = world.run(words);
    assert_eq!(code, 1, "{err}");
    let lines: Vec<&str> = err.lines().collect();
    assert_eq!(lines.len(), 101, "{err}");
    assert!(lines[99].contains("'gone-99'"), "{err}");
    assert!(lines[100].contains("30 more"), "{err}");
}

#[test]
fn a_destination_that_cannot_be_looked_at_is_a_problem_and_not_simply_new() {
    let world = World::new();
    let at = |path: &str| world.path().join(path);
    fs::create_dir_all(at("from/below")).expect("made");
    fs::write(at("from/below/file"), "content").expect("written");
    fs::create_dir(at("to")).expect("made");
    symlink("below", at("to/below")).expect("linked");
    let (code, out, err) = world.run(["copy", "-n", "-T", "from", "to"]);
    assert_eq!(code, 1, "{out}{err}");
    assert!(err.contains("/to/below/file'"), "{err}");
    assert!(out.contains("new: 1\n"), "{out}");
    assert!(at("to/below").is_symlink());
}
