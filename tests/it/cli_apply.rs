//! `haul apply` from outside: batches that are refused whole, and batches that become one job.

use crate::support::{World, outcome};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Runs a batch that comes from standard input.
fn apply(world: &World, words: &[&str], batch: &Value) -> (i32, String, String) {
    let words = ["apply"].iter().chain(words).chain(&["-"]).copied();
    let mut command = world.haul(words);
    command.write_stdin(batch.to_string());
    outcome(command)
}

fn batch(mappings: &[(&str, &str)]) -> Value {
    let one = |(src, dst): &(&str, &str)| json!({"src": src, "dst": dst});
    json!({ "mappings": mappings.iter().map(one).collect::<Vec<_>>() })
}

/// Files by their paths; what ends in `/` is a directory.
fn make(world: &World, paths: &[&str]) {
    for path in paths {
        let full = world.path().join(path);
        if path.ends_with('/') {
            fs::create_dir_all(full).expect("made");
        } else {
            fs::create_dir_all(full.parent().expect("a parent")).expect("made");
            fs::write(full, path).expect("written");
        }
    }
}

fn read(world: &World, path: impl AsRef<Path>) -> String {
    let path = world.path().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"))
}

/// Everything below, with what files hold.
fn everything(world: &World) -> Vec<(String, Option<Vec<u8>>)> {
    let walk = walkdir::WalkDir::new(world.path()).sort_by_file_name();
    walk.into_iter()
        .map(|entry| entry.expect("an entry"))
        .filter(|entry| !entry.path().starts_with(world.path().join("home")))
        .map(|entry| {
            let content = entry.file_type().is_file();
            let content = content.then(|| fs::read(entry.path()).expect("read"));
            (entry.path().to_string_lossy().into_owned(), content)
        })
        .collect()
}

#[test]
fn each_source_gets_exactly_its_new_name() {
    let world = World::new();
    make(
        &world,
        &["a/one", "a/two", "tree/sub/x", "there/", "tree/y"],
    );
    std::os::unix::fs::symlink("one", world.path().join("a/link")).expect("linked");
    let mappings = [
        ("a/one", "new/dirs/uno"),
        ("a/two", "there/two"),
        ("tree", "new/copy of tree"),
        ("a/link", "there/link"),
        ("a/one", "new/copy of tree/extra"),
    ];
    let (code, out, err) = apply(&world, &[], &batch(&mappings));
    assert_eq!((code, out.as_str(), err.as_str()), (0, "", ""));
    assert_eq!(read(&world, "new/dirs/uno"), "a/one");
    assert_eq!(read(&world, "there/two"), "a/two");
    assert_eq!(read(&world, "new/copy of tree/sub/x"), "tree/sub/x");
    assert_eq!(read(&world, "new/copy of tree/extra"), "a/one");
    let link = fs::read_link(world.path().join("there/link")).expect("a link");
    assert_eq!(link, Path::new("one"));
    let again = apply(&world, &["--json"], &batch(&mappings));
    let last: Value = serde_json::from_str(again.1.lines().last().expect("a line")).expect("JSON");
    assert_eq!(
        (again.0, &last["files"]["skipped"]),
        (0, &json!(6)),
        "{last}"
    );
    assert!(last.get("batch_id").is_none(), "{last}");
}

#[test]
fn directories_that_are_made_are_as_mkdir_makes_them() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::new();
    make(&world, &["f"]);
    let script = "umask 027; exec \"$0\" apply -";
    let mut command = assert_cmd::Command::new("sh");
    command.args(["-c", script, env!("CARGO_BIN_EXE_haul")]);
    command
        .current_dir(world.path())
        .env("HOME", world.path().join("home"));
    command.write_stdin(batch(&[("f", "x/y/f")]).to_string());
    assert_eq!(outcome(command).0, 0);
    for dir in ["x", "x/y"] {
        let mode = fs::metadata(world.path().join(dir))
            .expect("made")
            .permissions();
        assert_eq!(mode.mode() & 0o7777, 0o750, "{dir}");
    }
    // A link that leads nowhere is not followed to make a directory there.
    std::os::unix::fs::symlink("elsewhere", world.path().join("dangling")).expect("linked");
    let (code, _, err) = apply(&world, &[], &batch(&[("f", "dangling/d/f")]));
    assert_eq!(code, 1, "{err}");
    assert!(!world.path().join("elsewhere").exists());
}

#[test]
fn thousands_of_mappings_are_one_job() {
    let world = World::new();
    let mut mappings = Vec::new();
    for number in 0..5000 {
        let src = format!("src/d{:03}/f{number:04}", number % 100);
        let path = world.path().join(&src);
        fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        fs::write(path, &src).expect("written");
        mappings
            .push(json!({"src": src, "dst": format!("out/{:03}/new{number:04}", number % 331)}));
    }
    let whole = json!({"mappings": mappings, "batch_id": "shot\u{7}1", "file_workers": 3, "max_workers": 2});
    let (code, out, err) = apply(&world, &["--json", "-n"], &whole);
    assert_eq!((code, err.as_str()), (0, ""));
    let first = out.lines().next().expect("a line");
    let plan: Value = serde_json::from_str(first).expect("JSON");
    assert_eq!(
        (&plan["new"], &plan["batch_id"]),
        (&json!(5000), &json!("shot\u{7}1"))
    );
    assert_eq!(plan["preview"]["file_workers"], 2, "{plan}");
    assert!(!world.path().join("out").exists());

    // Far fewer descriptors than there are directories.
    let script = "ulimit -n 64; exec \"$0\" apply --json -";
    let mut command = assert_cmd::Command::new("sh");
    command.args(["-c", script, env!("CARGO_BIN_EXE_haul")]);
    command
        .current_dir(world.path())
        .env("HOME", world.path().join("home"));
    command.write_stdin(whole.to_string());
    let (code, out, err) = outcome(command);
    assert_eq!((code, err.as_str()), (0, ""));
    let lines: Vec<Value> = out
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert!(lines.iter().all(|line| line["batch_id"] == "shot\u{7}1"));
    let of = |kind: &str| lines.iter().filter(|line| line["type"] == kind).count();
    assert_eq!((of("hello"), of("summary")), (1, 1));
    let last = lines.last().expect("a line");
    assert_eq!(last["files"]["copied"], 5000, "{last}");
    for number in [0, 330, 331, 4999] {
        let new = format!("out/{:03}/new{number:04}", number % 331);
        assert_eq!(
            read(&world, new),
            format!("src/d{:03}/f{number:04}", number % 100)
        );
    }
}

#[test]
fn what_is_typed_beats_the_batch() {
    let world = World::new();
    make(&world, &["a"]);
    let mut wanted = batch(&[("a", "b")]);
    wanted["file_workers"] = json!(7);
    wanted["max_workers"] = json!(9);
    let workers = |words: &[&str]| {
        let (code, out, err) = apply(&world, &[words, &["-n", "--json"]].concat(), &wanted);
        assert_eq!(code, 0, "{err}");
        let first = out.lines().next().expect("a line");
        let plan: Value = serde_json::from_str(first).expect("JSON");
        plan["preview"]["file_workers"].as_u64().expect("a count")
    };
    assert_eq!(workers(&[]), 7);
    assert_eq!(workers(&["-j", "3"]), 3);
    assert_eq!(workers(&["-j", "9", "--max-workers", "5"]), 5);
    assert_eq!(workers(&["-j", "12", "--max-workers", "auto"]), 12);
}

#[test]
fn a_batch_with_anything_wrong_is_refused_whole() {
    let world = World::new();
    make(
        &world,
        &["a", "b", "tree/x", "tree/sub/y", "there/z", "other/"],
    );
    std::os::unix::fs::symlink("other", world.path().join("alias")).expect("linked");
    fs::hard_link(world.path().join("a"), world.path().join("a2")).expect("linked");
    let here = world
        .path()
        .file_name()
        .expect("a name")
        .to_string_lossy()
        .into_owned();
    let around = format!("other/../../{here}/p");
    let before = everything(&world);
    for (mappings, index, words) in [
        (
            &[("a", "p"), ("missing", "q")][..],
            1,
            "src 'missing': no such file",
        ),
        (&[("a", "p"), ("b", "p")], 1, "the same dst as mappings[0]"),
        (
            &[("a", "p"), ("b", "./other/..//p")],
            1,
            "the same dst as mappings[0]",
        ),
        (
            &[("a", "p"), ("b", &around)],
            1,
            "the same dst as mappings[0]",
        ),
        (
            &[("a", "other/p"), ("b", "alias/p")],
            1,
            "the same dst as mappings[0]",
        ),
        (
            &[("a", "nd/p"), ("b", "nd/p")],
            1,
            "the same dst as mappings[0]",
        ),
        (
            &[("a", "p"), ("b", "p/q")],
            1,
            "below the dst of mappings[0]",
        ),
        (
            &[("b", "p/q/r"), ("a", "p")],
            0,
            "below the dst of mappings[1]",
        ),
        (&[("a", "a")], 0, "the same"),
        (&[("a", "a2")], 0, "the same"),
        (&[("tree", "tree/in/it")], 0, "into itself"),
        (
            &[("tree", "p"), ("a", "p/x")],
            1,
            "mappings[0] copies something to the same",
        ),
        (
            &[("tree", "p"), ("a", "p/x/y")],
            1,
            "mappings[0] copies something to the same",
        ),
        (
            &[("tree", "p"), ("a", "tree/new")],
            1,
            "lies in the src of mappings[0]",
        ),
        (
            &[("a", "b"), ("b", "a")],
            0,
            "dst is the src of mappings[1]",
        ),
        (
            &[("tree", "there"), ("there/z", "q")],
            1,
            "lies in the dst of mappings[0]",
        ),
        (&[("a", "there")], 0, "a directory of that name"),
        (&[("tree", "a")], 0, "cannot replace what is no directory"),
        (&[("a", "a/b")], 0, "on the way cannot be opened"),
        (&[("a", "..")], 0, "ends in no name"),
        (&[("a", "new/")], 0, "is not a directory"),
        (&[("a", "nowhere/../p")], 0, "no such file"),
        (&[("", "p")], 0, "src is empty"),
        (&[("a", "p\0q")], 0, "dst holds a NUL byte"),
    ] {
        let (code, out, err) = apply(&world, &[], &batch(mappings));
        assert_eq!((code, out.as_str()), (2, ""), "{mappings:?}: {err}");
        let start = format!("haul: standard input: mappings[{index}]: ");
        let line = err.lines().find(|line| line.starts_with(&start));
        let line = line.unwrap_or_else(|| panic!("{mappings:?}: no {start}: {err}"));
        assert!(line.contains(words), "{mappings:?}: {err}");
        assert_eq!(everything(&world), before, "{mappings:?}");
    }
    let long = "x".repeat(256);
    let (code, _, err) = apply(&world, &[], &batch(&[("a", "p"), ("b", &long)]));
    assert!(code == 2 && err.contains("longer than 255 bytes"), "{err}");
    // All that is wrong is told at once.
    let many = batch(&[("a", "p"), ("no", "q"), ("b", "r"), ("nor this", "s")]);
    let (code, _, err) = apply(&world, &[], &many);
    assert_eq!(code, 2);
    assert!(
        err.contains("mappings[1]") && err.contains("mappings[3]"),
        "{err}"
    );
    assert!(
        err.contains("2 things are wrong: nothing was touched"),
        "{err}"
    );
}

#[test]
fn what_is_no_batch_is_wrong_usage() {
    let world = World::new();
    make(&world, &["a"]);
    for (text, words) in [
        ("", "line 1 column 0"),
        ("{\"mappings\":[]}", "nothing to do"),
        (
            "{\"mappings\":[{\"src\":\"a\",\"dst\":\"b\"},]}",
            "line 1 column",
        ),
        (
            "{\"mappings\":[{\"src\":\"a\",\"dst\":\"b\"}],\"retries\":1}",
            "unknown field",
        ),
        (
            "{\"mappings\":[{\"src\":\"a\",\"dst\":\"b\"}],\"operation_type\":\"link\"}",
            "operation_type",
        ),
    ] {
        fs::write(world.path().join("batch.json"), text).expect("written");
        let (code, out, err) = world.run(["apply", "batch.json"]);
        assert_eq!((code, out.as_str()), (2, ""), "{text}: {err}");
        assert!(
            err.starts_with("haul: 'batch.json': ") && err.contains(words),
            "{text}: {err}"
        );
    }
    let (code, _, err) = world.run(["apply", "no\u{1b}where"]);
    assert_eq!(code, 2);
    assert!(
        err.contains("'no\\x1bwhere'") && !err.contains('\u{1b}'),
        "{err}"
    );
    assert!(!world.path().join("b").exists());
}

#[test]
fn names_that_are_no_text_travel_as_json_prints_them() {
    let world = World::new();
    let hostile = std::ffi::OsStr::from_bytes(b"\x1b]0;x\x07\n\xff");
    fs::write(world.path().join(hostile), "in").expect("written");
    let src: String = hostile
        .as_bytes()
        .iter()
        .fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    let whole = json!({"mappings": [{"src": {"hex": src}, "dst": {"hex": format!("61{src}")}}]});
    let (code, _, err) = apply(&world, &[], &whole);
    assert_eq!((code, err.as_str()), (0, ""));
    let mut new = b"a".to_vec();
    new.extend_from_slice(hostile.as_bytes());
    assert_eq!(read(&world, std::ffi::OsStr::from_bytes(&new)), "in");
    // And in what is said of them.
    let (code, _, err) = apply(
        &world,
        &[],
        &json!({"mappings": [{"src": {"hex": "ff1b"}, "dst": "b\u{1b}"}]}),
    );
    assert!(
        code == 2 && err.contains("\\xff\\x1b") && !err.contains('\u{1b}'),
        "{err:?}"
    );
}

#[test]
fn failures_and_conflicts_are_told_as_by_copy() {
    let world = World::new();
    make(&world, &["a", "b", "c", "there/b"]);
    let mappings = batch(&[("a", "there/a"), ("b", "there/b"), ("c", "there/c")]);
    let (code, _, err) = apply(&world, &[], &mappings);
    assert_eq!(code, 3, "{err}");
    assert!(err.starts_with("haul: cannot copy to 'there/b': "), "{err}");
    assert_eq!(
        (read(&world, "there/a"), read(&world, "there/b")),
        ("a".into(), "there/b".into())
    );
    let (code, _, err) = apply(&world, &["--conflict", "overwrite", "-v"], &mappings);
    assert_eq!(
        (code, read(&world, "there/b")),
        (0, "b".to_owned()),
        "{err}"
    );
    assert!(err.contains("copied 1 file"), "{err}");
}

#[test]
fn a_move_removes_what_it_copied() {
    let world = World::new();
    make(&world, &["a/one", "tree/sub/x", "tree/y", "there/"]);
    let mut whole = batch(&[("a/one", "new/uno"), ("tree", "there/tree")]);
    whole["operation_type"] = json!("move");
    let (code, out, err) = apply(&world, &["--json"], &whole);
    assert_eq!((code, err.as_str()), (0, ""));
    let last: Value = serde_json::from_str(out.lines().last().expect("a line")).expect("JSON");
    assert_eq!(
        (&last["files"]["removed"], &last["state"]),
        (&json!(3), &json!("done"))
    );
    assert!(out.contains("\"to\":\"verifying\""), "{out}");
    assert_eq!(read(&world, "there/tree/sub/x"), "tree/sub/x");
    assert!(!world.path().join("tree").exists() && !world.path().join("a/one").exists());
    assert!(world.path().join("a").exists(), "only what was named goes");
}

#[test]
fn a_move_of_what_is_dangerous_is_refused_whole() {
    let world = World::new();
    make(&world, &["a", "b", "tree/sub/x", "here/deep/"]);
    std::os::unix::fs::symlink("tree", world.path().join("link")).expect("linked");
    let before = everything(&world);
    let refused = |words: &[&str], mappings: &[(&str, &str)], said: &str| {
        let mut whole = batch(mappings);
        whole["operation_type"] = json!("move");
        let (code, _, err) = apply(&world, words, &whole);
        assert_eq!(code, 2, "{mappings:?}: {err}");
        assert!(err.contains(said), "{mappings:?}: {err}");
        assert_eq!(everything(&world), before, "{mappings:?}");
    };
    refused(&[], &[("tree/.", "p")], "needs the name of what is moved");
    refused(
        &[],
        &[("/", "p")],
        "a directory cannot be copied into itself",
    );
    refused(&[], &[("/proc", "p")], "is a mount point");
    refused(&[], &[("link/", "p")], "is a link");
    refused(
        &[],
        &[("a", "p"), ("a", "q")],
        "the same src as mappings[0]",
    );
    refused(
        &[],
        &[("tree", "p"), ("tree/sub", "q")],
        "lies in the src of mappings[0]",
    );
    refused(&[], &[("tree/sub", "tree")], "lies in its own dst");
    refused(&["--sync", "none"], &[("a", "p")], "--sync none");
    refused(&["-L"], &[("a", "p")], "--dereference");
    refused(
        &["--conflict", "rename"],
        &[("a", "p")],
        "--conflict rename",
    );
    let inside = world.path().join("here/deep");
    let target = world.path().join("p");
    let mut whole = json!({"mappings": [{"src": world.path().join("here"), "dst": target}]});
    whole["operation_type"] = json!("move");
    let mut command = world.haul(["apply", "-"]);
    command.current_dir(inside).write_stdin(whole.to_string());
    let (code, _, err) = outcome(command);
    assert!(
        code == 2 && err.contains("haul itself works in it"),
        "{err}"
    );
}

/// What an earlier run moved is not taken for moved, as nobody can tell that it was; it is named.
#[test]
fn a_move_that_was_partly_done_says_what_seems_done() {
    let world = World::new();
    make(&world, &["a", "b"]);
    fs::create_dir(world.path().join("to")).expect("made");
    fs::write(world.path().join("to/b"), "another one").expect("written");
    let mut wanted = batch(&[("a", "to/a"), ("b", "to/b")]);
    wanted["operation_type"] = json!("move");
    assert_eq!(apply(&world, &[], &wanted).0, 3);
    assert!(!world.path().join("a").exists());
    let (code, _, err) = apply(&world, &["--conflict", "overwrite"], &wanted);
    assert_eq!(code, 2, "{err}");
    assert!(err.contains("mappings[0]: src 'a': no such file"), "{err}");
    assert!(
        err.contains("dst 'to/a' is there: moved before, it seems; to move the others, leave this mapping out"),
        "{err}"
    );
    assert!(!err.contains("mappings[1]"), "{err}");
    assert!(world.path().join("b").exists(), "nothing is touched");
    // One that never was is only missing.
    wanted["mappings"][0] = json!({"src": "never", "dst": "to/never"});
    let (code, _, err) = apply(&world, &[], &wanted);
    assert_eq!(code, 2);
    assert!(!err.contains("moved before"), "{err}");
}
