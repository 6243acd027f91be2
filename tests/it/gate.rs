//! The gate: the system calls of a whole copy, as strace sees them. Nothing below the two roots may
//! be reached by a path, files are made private and exclusive, and what a small file costs is known.

use crate::support::scratch::Scratch;
use crate::support::skip;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Command;

/// The calls of `haul copy`, one a line; `None` where strace cannot be had.
fn calls(scratch: &Scratch, words: &[&str]) -> Option<Vec<String>> {
    let log = scratch.at("calls");
    let output = Command::new("strace")
        .args(["-f", "-qq", "-e", "trace=%file,%desc", "-o"])
        .arg(&log)
        .arg(env!("CARGO_BIN_EXE_haul"))
        .arg("copy")
        .args(words)
        .env("HOME", scratch.at("home"))
        .output();
    match output {
        Ok(output) if output.status.success() => {}
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(
                said.contains("ptrace") || said.contains("Operation not permitted"),
                "{said}"
            );
            skip("strace may not trace here");
            return None;
        }
        Err(_) => {
            skip("no strace");
            return None;
        }
    }
    let text = fs::read(&log).expect("strace wrote its log");
    let lines = String::from_utf8_lossy(&text).into_owned();
    // "PID  call(…) = …": the number goes.
    let call = |line: &str| {
        line.split_once(' ')
            .map(|(_, call)| call.trim_start().to_owned())
    };
    Some(lines.lines().filter_map(call).collect())
}

#[test]
fn nothing_below_the_roots_is_reached_by_path() {
    let scratch = Scratch::quick();
    let from = scratch.dir("from");
    scratch.dir("from/inner/deep");
    for number in 0..20 {
        fs::write(
            from.join(format!("inner/f{number}")),
            vec![1; 5000 * number],
        )
        .expect("written");
    }
    fs::set_permissions(from.join("inner/f3"), fs::Permissions::from_mode(0o4755)).expect("set");
    symlink("f1", from.join("inner/deep/link")).expect("linked");
    scratch.dir("to/from/inner");
    fs::write(scratch.at("to/from/inner/f1"), "old").expect("written");
    let (source, dest) = (scratch.text("from"), scratch.text("to"));
    let Some(calls) = calls(&scratch, &["--conflict", "overwrite", &source, &dest]) else {
        return;
    };
    assert!(calls.len() > 200, "{} calls", calls.len());
    let mut created = 0;
    for call in &calls {
        let below = [format!("\"{source}/"), format!("\"{dest}/")];
        // The one path that is asked for before the roots are open: what the destination name is.
        let asks = call.starts_with("newfstatat(") || call.starts_with("statx(");
        assert!(
            asks || !below.iter().any(|path| call.contains(path)),
            "by path: {call}"
        );
        for old in [
            "open(",
            "chmod(",
            "chown(",
            "lchown(",
            "utime(",
            "utimes(",
            "setxattr(",
            "truncate(",
            "mkdir(",
            "rename(",
            "unlink(",
            "symlink(",
            "link(",
            "mknod(",
        ] {
            // The roots themselves are paths a person gave, and where the way to one begins.
            let roots = [
                "(\"/\", ".to_owned(),
                format!("\"{dest}\""),
                format!("\"{}/\"", scratch.text(".").trim_end_matches("/.")),
            ];
            let harmless = roots.iter().any(|root| call.contains(root))
                || call.contains("/proc/self/fd/")
                || call.contains("/home");
            assert!(harmless || !call.starts_with(old), "by path: {call}");
        }
        if call.starts_with("openat(") && call.contains("O_CREAT") && call.contains(".part\"") {
            created += 1;
            assert!(
                call.contains("O_EXCL") && call.contains("O_NOFOLLOW"),
                "{call}"
            );
            assert!(call.contains("0600"), "wider than it must be: {call}");
        }
        if call.starts_with("openat(") && !call.contains("AT_FDCWD") {
            assert!(
                call.contains("O_NOFOLLOW") || call.contains("\"..\"") || call.contains("\".\""),
                "{call}"
            );
        }
    }
    assert_eq!(created, 20);
    // Set-id bits are set once, after everything that would clear them or run with them.
    let set_id: Vec<&String> = calls.iter().filter(|call| call.contains("04755")).collect();
    assert_eq!(set_id.len(), 1, "{set_id:?}");
}

/// Files of the tree whose calls are counted.
const FILES: usize = 500;

#[test]
fn what_a_small_file_costs_is_known() {
    let scratch = Scratch::quick();
    let from = scratch.dir("from");
    for number in 0..FILES {
        fs::write(from.join(format!("f{number}")), [1; 1000]).expect("written");
    }
    let (source, dest) = (scratch.text("from"), scratch.text("to"));
    let words = [
        "--sync",
        "none",
        "--strategy",
        "auto",
        "-j",
        "1",
        &source,
        &dest,
    ];
    let Some(calls) = calls(&scratch, &words) else {
        return;
    };
    // A debug build asks for the flags of each descriptor before it closes it.
    let counted = calls
        .iter()
        .filter(|call| !call.starts_with("fcntl(") && !call.starts_with("<..."));
    let per_file = counted.count() as f64 / FILES as f64;
    // stat, 2 open, lock, 4 fstat, read, write, xattrs, chmod, times, 2 close, rename.
    assert!(per_file < 18.0, "{per_file} calls a file");
    assert!(per_file > 8.0, "too few to be true: {per_file}");
}
