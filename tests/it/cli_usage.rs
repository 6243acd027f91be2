//! What the program says before it copies anything: usage, configuration, what it prints for shells.

use crate::support::{World, outcome};
use std::fs;
use std::os::unix::ffi::OsStrExt;

#[test]
fn wrong_usage_is_exit_code_two_and_says_what_is_wrong() {
    let world = World::new();
    for (words, expected) in [
        (&["copy"][..], "<PATH>..."),
        (&["copy", "a"], "a destination is missing"),
        (&["copy", "", "b"], "<PATH>..."),
        (&["copy", "a", ""], "<PATH>..."),
        (&["copy", "--no-such-option", "a", "b"], "--no-such-option"),
        (&["copy", "--strategy", "fast", "a", "b"], "'fast'"),
        (&["copy", "--conflict", "ask", "a", "b"], "'ask'"),
        (&["copy", "-j", "0", "a", "b"], "1 to 1024"),
        (
            &["copy", "--chunk-size", "4Q", "a", "b"],
            "'4Q' is not a size",
        ),
        (&["copy", "--exclude", "[", "a", "b"], "'[' is no pattern"),
        (&["copy", "--include", "[", "a", "b"], "'[' is no pattern"),
        (
            &["copy", "--exclude", "a\\/", "a", "b"],
            "'a\\/' is not a glob",
        ),
        (&["copy", "--limit", "0", "a", "b"], "nothing would ever"),
        (&["copy", "--retries", "101", "a", "b"], "101"),
        (
            &["copy", "--preserve", "tags", "a", "b"],
            "'tags' is none of",
        ),
        (
            &["copy", "--strategy=reflink", "--sparse=never", "a", "b"],
            "--sparse never",
        ),
        (&["copy", "-T", "a", "b", "c"], "-T takes one source"),
        (&["a", "copy", "b", "c"], "'a' before a command"),
        (&["completions", "cmd.exe"], "cmd.exe"),
        (&["a", "b", "c"], "'c'"),
    ] {
        let (code, out, err) = world.run(words.iter().copied());
        assert_eq!(code, 2, "{words:?}: {err}");
        assert_eq!(out, "", "{words:?}");
        assert!(err.contains(expected), "{words:?}: {err}");
    }
}

#[test]
fn what_was_typed_is_repeated_safely() {
    let world = World::new();
    let mut command = world.haul(["copy"]);
    command.arg(std::ffi::OsStr::from_bytes(b"--\x1b]0;owned\x07\xff"));
    let (code, _, err) = outcome(command);
    assert_eq!(code, 2);
    assert!(!err.contains(['\x1b', '\x07']), "{err:?}");
}

#[test]
fn without_a_terminal_the_screen_is_refused_without_escapes() {
    let world = World::new();
    for words in [&[][..], &["."], &[".", "./copy"]] {
        let (code, out, err) = world.run(words.iter().copied());
        assert_eq!((code, out.as_str()), (2, ""));
        assert!(err.contains("needs a terminal; use `haul copy`"), "{err}");
        assert!(!err.contains('\x1b'));
    }
}

#[test]
fn help_and_version_are_answers() {
    let world = World::new();
    let (code, out, err) = world.run(["--version"]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert_eq!(out, format!("haul {}\n", env!("CARGO_PKG_VERSION")));
    let (code, out, _) = world.run(["copy", "--help"]);
    assert_eq!(code, 0);
    assert!(out.contains("--parallel-min-size <SIZE>"), "{out}");
}

#[test]
fn a_bad_configuration_is_named_with_file_key_and_line() {
    let world = World::new();
    let file = world.path().join("c.toml");
    for (text, expected) in [
        (
            "[copy]\nstrateg = \"auto\"\n",
            "c.toml:2: 'copy.strateg': unknown key",
        ),
        (
            "[copy]\nstrategy = \"fast\"\n",
            "c.toml:2: 'copy.strategy': 'fast' is none of",
        ),
        (
            "[copy]\n\nchunk_size = \"4Q\"\n",
            "c.toml:3: 'copy.chunk_size'",
        ),
        ("[copy\n", "c.toml:1: "),
    ] {
        fs::write(&file, text).expect("written");
        for command in [&["config"][..], &["copy", "a", "b"]] {
            let words = command.iter().copied().chain(["--config", "c.toml"]);
            let (code, out, err) = world.run(words);
            assert_eq!((code, out.as_str()), (2, ""), "{err}");
            assert!(err.contains(expected), "{err}");
            assert_eq!(err.lines().count(), 1, "{err}");
        }
    }
    let (code, _, err) = world.run(["--config", "missing.toml", "config"]);
    assert_eq!(code, 2);
    assert!(err.contains("'missing.toml'"), "{err}");
    let mut command = world.haul(["config"]);
    command.env("HAUL_CHUNK_SIZE", "big");
    let (code, _, err) = outcome(command);
    assert_eq!(code, 2);
    assert!(err.contains("variable HAUL_CHUNK_SIZE: 'big'"), "{err}");
}

#[test]
fn the_configuration_in_force_says_where_it_is_from() {
    let world = World::new();
    let file = world.path().join("home/.config/haul/config.toml");
    let (code, out, _) = world.run(["config", "--path"]);
    assert_eq!((code, out), (0, format!("{}\n", file.display())));
    fs::create_dir_all(file.parent().expect("a parent")).expect("made");
    fs::write(
        &file,
        "[copy]\nbuffer_size = \"1024KiB\"\nfile_workers = 3\n",
    )
    .expect("written");
    let mut command = world.haul(["config"]);
    command.env("HAUL_FILE_WORKERS", "5").env("HAUL_NOVEL", "1");
    let (code, out, err) = outcome(command);
    assert_eq!((code, err.as_str()), (0, ""));
    let line = |name: &str| {
        let line = out.lines().find(|line| line.starts_with(name));
        let line = line.unwrap_or_else(|| panic!("no {name} in {out}"));
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(line("buffer_size"), "buffer_size = \"1MiB\" # file");
    assert_eq!(line("file_workers"), "file_workers = 5 # HAUL_FILE_WORKERS");
    assert_eq!(line("conflict"), "conflict = \"ask\" # default");

    // What is printed is itself a configuration.
    fs::write(world.path().join("again.toml"), &out).expect("written");
    let (code, _, err) = world.run(["config", "--config", "again.toml"]);
    assert_eq!((code, err.as_str()), (0, ""));
}

#[test]
fn generated_files_are_fresh() {
    let world = World::new();
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut stale = Vec::new();
    for (file, words) in [
        ("config.example.toml", &["config", "--default"][..]),
        ("assets/haul.1", &["man"]),
        ("assets/completions/haul.bash", &["completions", "bash"]),
        ("assets/completions/haul.fish", &["completions", "fish"]),
        ("assets/completions/_haul", &["completions", "zsh"]),
    ] {
        let (code, fresh, err) = world.run(words.iter().copied());
        assert_eq!((code, err.as_str()), (0, ""), "{file}");
        assert!(fresh.lines().count() > 20, "{file} is nearly empty");
        if std::env::var_os("UPDATE_GENERATED").is_some() {
            fs::write(root.join(file), &fresh).expect("written");
        }
        if fs::read_to_string(root.join(file)).ok().as_deref() != Some(fresh.as_str()) {
            stale.push(file);
        }
    }
    assert!(
        stale.is_empty(),
        "stale: {stale:?}; UPDATE_GENERATED=1 cargo test makes them anew"
    );
}

#[test]
fn the_keys_are_listed() {
    let (code, out, err) = World::new().run(["keys"]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.lines().count() > 20 && !out.contains('\x1b'), "{out}");
}

#[test]
fn the_manual_page_knows_every_option() {
    let world = World::new();
    let (_, help, _) = world.run(["copy", "--help"]);
    let (_, man, _) = world.run(["man"]);
    let man = man.replace("\\-", "-");
    let options: Vec<&str> = help
        .split_whitespace()
        .filter(|word| word.starts_with("--"))
        .collect();
    assert!(options.len() > 15, "{options:?}");
    for option in options {
        assert!(man.contains(option), "{option}");
    }
    assert!(man.contains("EXIT STATUS") && man.contains("HAUL_STRATEGY"));
}

#[test]
fn a_full_standard_output_is_told_and_a_reader_that_left_is_not() {
    let world = World::new();
    let full = fs::File::options()
        .write(true)
        .open("/dev/full")
        .expect("opens");
    let run = |out: std::process::Stdio| {
        std::process::Command::new(env!("CARGO_BIN_EXE_haul"))
            .args(["man"])
            .env("HOME", world.path())
            .stdout(out)
            .output()
            .expect("runs")
    };
    let output = run(full.into());
    assert_eq!(output.status.code(), Some(1));
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(err.contains("cannot write to standard output"), "{err}");

    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let output = run(writer.into());
    assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0));
}

/// Every line of the example can be taken out of its comment.
#[test]
fn the_default_configuration_is_a_valid_file() {
    let world = World::new();
    let (code, out, _) = world.run(["config", "--default"]);
    assert_eq!(code, 0);
    let settings: Vec<&str> = out
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(rest) if rest.starts_with(|first: char| first == '[' || first.is_lowercase()) => {
                rest
            }
            _ => line,
        })
        .collect();
    fs::write(world.path().join("all.toml"), settings.join("\n")).expect("written");
    for words in ["config", "keys"] {
        let (code, _, err) = world.run(["--config", "all.toml", words]);
        assert_eq!((code, err.as_str()), (0, ""), "{words}");
    }
    let help = settings.iter().position(|line| *line == "[keys.help]");
    let close = "close = [\"<esc>\", \"q\", \"<F1>\", \"?\"]";
    let below = &settings[help.expect("a section")..];
    assert!(
        below.iter().any(|line| line.starts_with(close)),
        "{below:?}"
    );
}

/// Users who must have no home have one that is not there; a relative one may be anything.
#[test]
fn no_home_directory_is_made_for_a_log() {
    let world = World::new();
    fs::write(world.path().join("a"), "x").expect("written");
    let copy = |home: &str, state: Option<&str>, to: &str| {
        let mut command = world.haul(["copy", "a", to]);
        command.env("HOME", home);
        if let Some(state) = state {
            command.env("XDG_STATE_HOME", state);
        }
        outcome(command)
    };
    let missing = world.path().join("nobody");
    let missing = missing.to_str().expect("UTF-8");
    for (home, words) in [
        (missing, "note: the home directory is not there, so no log"),
        (
            "rel",
            "note: the home directory is no absolute path, so no log",
        ),
    ] {
        let (code, out, err) = copy(home, None, "b");
        assert_eq!((code, out.as_str()), (0, ""), "{home}");
        assert_eq!(err, format!("haul: {words}\n"));
        assert!(!world.path().join(home).exists(), "{home}");
    }
    let state = world.path().join("state");
    let (code, _, err) = copy(missing, state.to_str(), "b");
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(state.join("haul/haul.log").exists());
}
