//! `haul bench` through the real program: every suite at its smallest, copies that are wrong, being
//! stopped, being killed, comparing with earlier results.

use crate::support::scratch::Scratch;
use crate::support::{World, outcome};
use serde_json::Value;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Longer than anything here takes on a busy machine.
const LONG: Duration = Duration::from_secs(300);

/// A world with a directory for the bench and one for programs, which stands alone on PATH beside
/// the system's.
struct Bench {
    world: World,
}

impl Bench {
    fn new() -> Self {
        let world = World::new();
        fs::create_dir(world.path().join("work")).expect("made");
        fs::create_dir(world.path().join("bin")).expect("made");
        Self { world }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.world.path().join(name)
    }

    /// A program of that name, which is a script.
    fn program(&self, name: &str, script: &str) {
        let path = self.path("bin").join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("written");
        fs::set_permissions(path, Permissions::from_mode(0o755)).expect("set");
    }

    fn paths(&self) -> String {
        format!("{}:/usr/bin:/bin", self.path("bin").display())
    }

    /// Runs it with trees as small as they get.
    fn run(&self, words: &str) -> (i32, String, String) {
        self.run_at(Path::new("work"), words)
    }

    fn run_at(&self, place: &Path, words: &str) -> (i32, String, String) {
        let words = format!("bench {words} --size tiny --to {}", place.display());
        let mut command = self.world.haul(words.split_whitespace());
        command.env("PATH", self.paths()).timeout(LONG);
        outcome(command)
    }

    fn results(&self, name: &str) -> Value {
        let text = fs::read_to_string(self.path(name)).expect("results were written");
        serde_json::from_str(&text).expect("results are JSON")
    }

    fn nothing_is_left(&self) -> bool {
        let mut entries = fs::read_dir(self.path("work")).expect("listed");
        entries.next().is_none()
    }
}

fn rows(results: &Value) -> Vec<&Value> {
    let cases = results["cases"].as_array().expect("cases").iter();
    cases
        .flat_map(|case| case["rows"].as_array().expect("rows"))
        .collect()
}

#[test]
fn every_suite_copies_right_keeps_everything_and_leaves_nothing() {
    let bench = Bench::new();
    let (code, out, err) = bench.run("all --against cp --json r.json");
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    let results = bench.results("r.json");
    for suite in haul::bench::Suite::ALL {
        let of_suite = |case: &&Value| case["suite"] == suite.name();
        let cases = results["cases"].as_array().expect("cases");
        assert!(cases.iter().any(|case| of_suite(&case)), "{}", suite.name());
        assert!(out.contains(suite.name()), "{out}");
    }
    let mut measured = 0;
    for row in rows(&results) {
        let left_out = row["outcome"].get("left-out").is_some();
        assert!(left_out || row["outcome"] == "right", "{row}");
        if left_out {
            continue;
        }
        measured += 1;
        let run = &row["runs"][0];
        assert!(run["seconds"].as_f64().expect("seconds") > 0.0, "{row}");
        assert!(run["peak"].as_u64().expect("bytes") > 500_000, "{row}");
        assert_eq!(row["not_kept"].as_array().map(Vec::len), Some(0), "{row}");
    }
    assert!(measured > 60, "only {measured}");
    assert!(bench.nothing_is_left());
}

#[test]
fn one_s_own_tree_is_measured_and_stays_as_it_is() {
    let bench = Bench::new();
    let own = bench.path("own");
    for folder in ["a", "b", "b/.git"] {
        fs::create_dir_all(own.join(folder)).expect("made");
        fs::write(own.join(folder).join("f"), folder).expect("written");
    }
    let before = crate::support::walk::entries(&own).len();
    for suite in ["compare", "pipeline", "traversal", "strategies"] {
        let words = format!("{suite} own --against cp --json r.json");
        let (code, out, err) = bench.run(&words);
        assert_eq!((code, err.as_str()), (0, ""), "{suite}: {out}");
        let results = bench.results("r.json");
        assert_eq!(results["cases"][0]["files"], 3, "{suite}");
    }
    assert_eq!(crate::support::walk::entries(&own).len(), before);
    assert!(bench.nothing_is_left());
}

#[test]
fn a_wrong_copy_is_shown_and_its_time_is_not() {
    let bench = Bench::new();
    bench.program(
        "cpz",
        "cp -a \"$1\" \"$2\" && printf x | dd of=\"$2\"/odd/one-name conv=notrunc 2>/dev/null",
    );
    let (code, out, err) = bench.run("compare --shape flat --against cpz --json r.json");
    assert_eq!(code, 1, "{out}{err}");
    assert!(
        err.contains("cpz: WRONG") && err.contains("other bytes at 0"),
        "{err}"
    );
    let results = bench.results("r.json");
    let wrong = rows(&results)
        .into_iter()
        .find(|row| row["name"] == "cpz")
        .expect("a row");
    assert!(wrong["outcome"]["wrong"].is_array(), "{wrong}");
    assert_eq!(wrong["runs"].as_array().map(Vec::len), Some(0));
}

#[test]
fn what_a_peer_loses_is_said_and_a_peer_that_fails_fails_alone() {
    let bench = Bench::new();
    bench.program("cpz", "cp -r --no-preserve=mode,timestamps \"$1\" \"$2\"");
    bench.program("fcp", "echo cannot copy >&2; exit 4");
    let (code, out, err) = bench.run("compare --shape flat --against cpz,fcp");
    assert_eq!(code, 0, "{out}{err}");
    let line = |name: &str| {
        let found = out.lines().find(|line| line.trim_start().starts_with(name));
        found
            .unwrap_or_else(|| panic!("no {name}: {out}"))
            .to_owned()
    };
    assert!(line("cpz").contains("dir times (2)"), "{out}");
    assert!(line("cpz").contains("hard links (1)"), "{out}");
    assert!(line("fcp").contains("exit 4: cannot copy"), "{out}");
}

#[test]
fn a_peer_that_fills_the_place_fails_alone() {
    let mut scratch = Scratch::quick();
    let Some(place) = scratch.mount("small", 16 * 1024) else {
        return;
    };
    let bench = Bench::new();
    bench.program("cpz", "mkdir \"$2\" && cat /dev/zero >\"$2\"/fill");
    let words = "compare --shape flat --against cpz,cp --json r.json";
    let (code, out, err) = bench.run_at(&place, words);
    assert_eq!(code, 0, "{out}{err}");
    let results = bench.results("r.json");
    for row in rows(&results) {
        let right = row["outcome"] == "right";
        assert_eq!(right, row["name"] != "cpz", "{row}");
    }
}

#[test]
fn a_median_that_got_worse_than_allowed_is_exit_1() {
    let bench = Bench::new();
    let (code, _, err) = bench.run("compare --shape flat --against none --json r.json");
    assert_eq!(code, 0, "{err}");
    let mut before = bench.results("r.json");
    let mut with = |seconds: f64| {
        // Where blocks can be shared there is a second row, of a copy that shares none.
        for row in before["cases"][0]["rows"].as_array_mut().expect("rows") {
            row["runs"][0]["seconds"] = seconds.into();
        }
        fs::write(bench.path("before.json"), before.to_string()).expect("written");
        bench.run("compare --shape flat --against none --baseline before.json --worse-than 20")
    };
    let (code, out, err) = with(1000.0);
    assert_eq!(code, 0, "{err}");
    let good = ["0 of 1 medians", "0 of 2 medians"];
    assert!(good.iter().any(|words| out.contains(words)), "{out}");
    let (code, out, err) = with(1e-6);
    assert_eq!(code, 1, "{out}");
    assert!(err.contains("compare flat: haul"), "{err}");
    let (code, _, err) = bench.run("compare --against none --baseline missing.json");
    assert_eq!(code, 2, "{err}");
}

#[test]
fn results_are_shown_again() {
    let bench = Bench::new();
    let (code, first, _) = bench.run("compare --shape flat --against cp --json r.json");
    assert_eq!(code, 0);
    let (code, again, err) = bench.run("show r.json");
    assert_eq!((code, again), (0, first), "{err}");
    let words = "show -q r.json --report r.html --markdown r.md --charts charts";
    assert_eq!(bench.run(words), (0, String::new(), String::new()));
    let text = |name: &str| fs::read_to_string(bench.path(name)).expect("written");
    assert!(text("r.html").contains("</svg>") && text("r.html").ends_with("</html>\n"));
    let (_, link) = text("r.md")
        .split_once("](")
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .expect("a chart");
    let chart = link.split(')').next().expect("a name").to_owned();
    assert!(chart.starts_with("charts/"), "{chart}");
    assert!(text(&chart).starts_with("<svg "));
    assert_eq!(
        bench.run("show r.json --markdown r.md").0,
        2,
        "charts have no place"
    );
    let (code, _, err) = bench.run("show -q r.json --markdown r.md --charts r.json/x");
    assert!(code == 1 && err.contains("'r.json/x'"), "{code} {err}");
    fs::write(bench.path("no.json"), "{}").expect("written");
    assert_eq!(bench.run("show no.json").0, 2);
    assert_eq!(bench.run("show").0, 2);
}

/// Starts a bench whose only peer never ends, and waits until that runs.
#[allow(
    clippy::zombie_processes,
    reason = "the caller waits; a failed test ends the program"
)]
fn stuck(bench: &Bench) -> (std::process::Child, u32) {
    bench.program(
        "cpz",
        "[ \"$1\" = --version ] && exit; echo $$ >>\"$HOME\"; exec sleep 1000",
    );
    let pids = bench.path("pids");
    let child = Command::new(env!("CARGO_BIN_EXE_haul"))
        .args("bench compare --shape flat --against cpz --size tiny --to work".split(' '))
        .env_clear()
        .env("HOME", &pids)
        .env("PATH", bench.paths())
        .current_dir(bench.world.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("started");
    let began = Instant::now();
    loop {
        let text = fs::read_to_string(&pids).unwrap_or_default();
        if let Some(pid) = text.strip_suffix('\n').and_then(|pid| pid.parse().ok()) {
            return (child, pid);
        }
        assert!(began.elapsed() < LONG, "the peer does not start");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn ends(pid: u32) -> bool {
    let began = Instant::now();
    // A process that ended but was not waited for has no command line.
    while fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|words| !words.is_empty()) {
        if began.elapsed() > LONG {
            return false;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    true
}

fn signal(child: &std::process::Child, name: &str) {
    let pid = child.id().to_string();
    let sent = Command::new("kill").args(["-s", name, &pid]).status();
    assert!(sent.expect("kill runs").success());
}

#[test]
fn a_signal_ends_what_runs_and_removes_everything() {
    let bench = Bench::new();
    let (mut child, peer) = stuck(&bench);
    assert!(!bench.nothing_is_left());
    // Not INT: whatever a shell starts in the background has it ignored.
    signal(&child, "TERM");
    assert_eq!(child.wait().expect("ends").code(), Some(143));
    assert!(bench.nothing_is_left());
    assert!(ends(peer));
}

#[test]
fn what_a_killed_bench_left_is_removed_by_the_next() {
    let bench = Bench::new();
    let (mut child, peer) = stuck(&bench);
    signal(&child, "KILL");
    child.wait().expect("ends");
    assert!(ends(peer), "what it ran ends with it");
    let left: Vec<_> = fs::read_dir(bench.path("work")).expect("listed").collect();
    assert!(!left.is_empty());
    for entry in left {
        let name = entry.expect("listed").file_name();
        assert!(
            name.to_string_lossy().starts_with(".haul-bench-"),
            "{name:?}"
        );
    }
    let (code, _, err) = bench.run("compare --shape flat --against none");
    assert_eq!(code, 0, "{err}");
    assert!(bench.nothing_is_left());
}

#[test]
fn a_place_that_cannot_be_used_is_said_and_nothing_is_measured() {
    let bench = Bench::new();
    let words = ["bench", "compare", "--size", "tiny", "--to", "no/such"];
    let (code, out, err) = bench.world.run(words);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.contains("'no/such'"), "{err}");
    assert!(!Path::new(&bench.path("no")).exists());
}
