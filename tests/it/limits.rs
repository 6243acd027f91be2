//! Few descriptors, odd mounts, and files of the kernel's own making, through the real program.

use crate::support::deep::Deep;
use crate::support::engine::{exact, run};
use crate::support::scratch::Scratch;
use crate::support::{skip, walk};
use haul::proto::Strategy;
use haul::sys::{Call, Faulty, Real};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

fn haul_with_files(limit: u32, words: &str, at: &Path) -> Output {
    let script = format!("ulimit -n {limit}; exec \"$HAUL\" copy --sync none {words}");
    Command::new("sh")
        .args(["-c", &script])
        .env("HAUL", env!("CARGO_BIN_EXE_haul"))
        .env("HOME", at)
        .current_dir(at)
        .output()
        .expect("the program runs")
}

fn assert_good(output: &Output) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
}

/// However few files may be open, it copies or says why not.
#[test]
fn too_few_descriptors_are_said_and_no_panic() {
    let scratch = Scratch::quick();
    scratch.file("from", "x");
    for limit in 4..24 {
        let output = haul_with_files(limit, &format!("from to-{limit}"), &scratch.at("."));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!said.contains("panicked"), "{limit}: {said}");
        match output.status.code() {
            Some(0) => assert!(scratch.at(format!("to-{limit}")).is_file(), "{limit}"),
            // With less than it takes to load the program there is nothing to say.
            Some(127) if limit < 6 => {}
            Some(1) => assert!(said.contains("oo many open files"), "{limit}: {said}"),
            other => panic!("{limit}: {other:?}: {said}"),
        }
    }
}

/// A limit on addresses, as batch systems set it, is not used up by heaps that threads hardly use.
#[test]
fn few_addresses_are_enough_for_every_thread() {
    let scratch = Scratch::quick();
    let from = scratch.dir("from");
    for number in 0..20 {
        fs::write(from.join(format!("{number}")), vec![number; 100_000]).expect("written");
    }
    // Where it is too little depends on the program's own size and on how many threads there are.
    for kibibytes in (140_000..320_000).step_by(5_000) {
        let to = format!("to-{kibibytes}");
        let script = format!("ulimit -v {kibibytes}; exec \"$HAUL\" copy --sync none from {to}");
        let output = Command::new("sh")
            .args(["-c", &script])
            .env("HAUL", env!("CARGO_BIN_EXE_haul"))
            .env("HOME", scratch.at("."))
            .current_dir(scratch.at("."))
            .output()
            .expect("the program runs");
        assert_good(&output);
        assert_eq!(walk::differences(&from, &scratch.at(&to)), [""; 0]);
    }
}

#[test]
fn a_wide_tree_needs_few_descriptors() {
    let scratch = Scratch::quick();
    let from = scratch.dir("from");
    for number in 0..400 {
        let dir = from.join(format!("shot-{number}/plates"));
        fs::create_dir_all(&dir).expect("made");
        fs::write(dir.join("f.exr"), vec![number as u8; 200_000]).expect("written");
    }
    let output = haul_with_files(64, "-j 1 from to", &scratch.at("."));
    assert_good(&output);
    assert_eq!(walk::differences(&from, &scratch.at("to")), [""; 0]);
}

#[test]
fn a_deep_tree_needs_few_descriptors() {
    let scratch = Scratch::quick();
    let from = scratch.dir("from");
    let mut dir = from.clone();
    for number in 0..150 {
        dir.push(format!("d{number}"));
        fs::create_dir(&dir).expect("made");
        fs::write(dir.join("f"), "x").expect("written");
    }
    assert_good(&haul_with_files(64, "from to", &scratch.at(".")));
    assert_eq!(walk::differences(&from, &scratch.at("to")), [""; 0]);
}

/// Down and up again a directory's neighbours are open: nothing is reached from the top at every level.
#[test]
fn a_deep_tree_is_walked_in_few_calls() {
    const LEVELS: usize = 600;
    let scratch = Scratch::quick();
    let from = scratch.dir("from");
    let mut dir = from.clone();
    for _ in 0..LEVELS {
        dir.push("d");
        fs::create_dir(&dir).expect("made");
        fs::write(dir.join("f"), "x").expect("written");
    }
    let sys = Arc::new(Faulty::new(Arc::new(Real), None));
    run(
        sys.clone(),
        &exact(&from, &scratch.at("to"), Strategy::Buffered),
    )
    .assert_good();
    let calls = sys.calls();
    let opened = calls.iter().filter(|call| **call == Call::OpenDir).count();
    assert!(opened < 30 * LEVELS, "{opened} directories opened");
    assert_eq!(walk::differences(&from, &scratch.at("to")), [""; 0]);
}

/// Counted below a directory that cannot be made, a tree of any depth needs no more.
#[test]
fn a_deep_tree_that_cannot_be_copied_is_counted_with_few_descriptors() {
    let scratch = Scratch::quick();
    scratch.dir("from");
    let deep = Deep::new("d".repeat(100), 3000);
    deep.make(&scratch.at("from/dir"));
    scratch.dir("to");
    scratch.file("to/dir", "no directory");
    let output = haul_with_files(64, "--json -T from to", &scratch.at("."));
    deep.remove(&scratch.at("from/dir"));
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{told}");
    let words = format!("not copied below it: {} files", deep.files());
    assert!(told.contains(&words), "{told}");
    let out = String::from_utf8_lossy(&output.stdout);
    let last = out.lines().last().expect("a line");
    let summary: serde_json::Value = serde_json::from_str(last).expect("JSON");
    assert_eq!(summary["dirs"], 3002, "{summary}");
    assert_eq!(summary["files"]["failed"], deep.files() + 1, "{summary}");
}

#[test]
fn many_source_arguments_need_few_descriptors() {
    let scratch = Scratch::quick();
    for number in 0..300 {
        let dir = scratch.dir(format!("many/{number}"));
        fs::write(dir.join("f"), "x").expect("written");
    }
    scratch.dir("to");
    assert_good(&haul_with_files(64, "many/* to", &scratch.at(".")));
    let to = scratch.at("to");
    let mut differences = walk::differences(&scratch.at("many"), &to);
    // The destination itself is not a copy of anything.
    differences.retain(|line| !line.starts_with(&format!("{}: time", to.display())));
    assert_eq!(differences, [""; 0]);
}

#[test]
fn files_the_kernel_makes_on_reading_are_read_to_their_end() {
    let scratch = Scratch::quick();
    scratch.dir("to");
    let mut words = String::new();
    let mut wanted = Vec::new();
    for path in [
        "/proc/version",
        "/proc/config.gz",
        "/sys/kernel/btf/vmlinux",
        "/proc/filesystems",
    ] {
        if let Ok(bytes) = fs::read(path) {
            words += path;
            words.push(' ');
            wanted.push((path, bytes));
        }
    }
    assert!(!wanted.is_empty(), "no /proc here");
    assert_good(&haul_with_files(
        256,
        &format!("{words} to"),
        &scratch.at("."),
    ));
    for (path, bytes) in wanted {
        let name = Path::new(path).file_name().expect("a name");
        let copy = fs::read(scratch.at("to").join(name)).expect("copied");
        assert!(
            copy == bytes,
            "{path}: {} bytes became {}",
            bytes.len(),
            copy.len()
        );
    }
}

#[test]
fn a_destination_mounted_inside_the_source_is_not_copied_into_itself() {
    let scratch = Scratch::quick();
    let inside = scratch.dir("src/sub");
    fs::write(scratch.at("src/f"), "x").expect("written");
    let elsewhere = scratch.dir("elsewhere");
    let mounted = Command::new("mount")
        .arg("--bind")
        .args([&inside, &elsewhere])
        .status();
    if !mounted.is_ok_and(|status| status.success()) {
        skip("bind mounts need root");
        return;
    }
    let output = haul_with_files(256, "src elsewhere/out", &scratch.at("."));
    let unmounted = Command::new("umount").arg(&elsewhere).status();
    assert!(unmounted.is_ok_and(|status| status.success()));
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("destination itself"), "{said}");
    assert_eq!(
        fs::read(inside.join("out/f")).expect("the rest is copied"),
        b"x"
    );
    assert!(
        !inside.join("out/sub/out").exists(),
        "it copied its own output"
    );
}

/// A queue of messages says that it has 80 bytes, and has fewer; reading it changes its times.
#[test]
fn a_length_that_the_kernel_makes_up_is_no_end() {
    let scratch = Scratch::quick();
    let queues = scratch.dir("queues");
    let mounted = Command::new("mount")
        .args(["-t", "mqueue", "none"])
        .arg(&queues)
        .status();
    if !mounted.is_ok_and(|status| status.success()) {
        skip("mounts need root");
        return;
    }
    let queue = queues.join("haul-test");
    let made = fs::write(&queue, "").and_then(|()| fs::read(&queue));
    let told = fs::metadata(&queue).map(|stat| stat.len());
    let output = haul_with_files(256, "queues/haul-test to", &scratch.at("."));
    let removed = fs::remove_file(&queue);
    let unmounted = Command::new("umount").arg(&queues).status();
    assert!(removed.is_ok() && unmounted.is_ok_and(|status| status.success()));
    assert_good(&output);
    let bytes = made.expect("read");
    assert_eq!(fs::read(scratch.at("to")).expect("copied"), bytes);
    assert_ne!(told.expect("there"), bytes.len() as u64);
}
