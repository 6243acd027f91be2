//! The bar of a headless copy, on a terminal that remembers.

use crate::support::World;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use std::fs::{self, File};
use std::io::Read;
use std::num::NonZero;
use std::process::{Command, Stdio};

const ROWS: u16 = 200;
const COLS: u16 = 200;

/// Runs the program with standard error on a terminal: exit code, the bytes the terminal got, and
/// what its screen shows at the end, line by line.
fn on_terminal(world: &World, words: &[&str]) -> (Option<i32>, String, Vec<String>) {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
    grantpt(&master).expect("granted");
    unlockpt(&master).expect("unlocked");
    let name = ptsname(&master, Vec::new()).expect("a name");
    let slave = File::options()
        .read(true)
        .write(true)
        .open(name.to_str().expect("text"))
        .expect("opened");
    rustix::termios::tcsetwinsize(
        &slave,
        rustix::termios::Winsize {
            ws_row: ROWS,
            ws_col: COLS,
            ws_xpixel: 0,
            ws_ypixel: 0,
        },
    )
    .expect("sized");
    let mut child = Command::new(env!("CARGO_BIN_EXE_haul"))
        .args(words)
        .env_clear()
        .env("HOME", world.path().join("home"))
        .env("TERM", "xterm-256color")
        .current_dir(world.path())
        .stdout(Stdio::null())
        .stderr(slave)
        .spawn()
        .expect("starts");
    let mut bytes = Vec::new();
    let mut master = File::from(master);
    // Ends with an error once the program has closed its side; what came before is kept.
    let ended = master.read_to_end(&mut bytes);
    assert!(ended.is_err() || !bytes.is_empty());
    let code = child.wait().expect("ended").code();
    let cells = |count: u16| NonZero::new(count).expect("not zero");
    let mut screen = vt100::Parser::new(cells(ROWS), cells(COLS), 0);
    screen.process(&bytes);
    let lines = screen
        .screen()
        .rows(0, COLS)
        .map(|line| line.trim_end().to_owned());
    let lines = lines.filter(|line| !line.is_empty()).collect();
    (code, String::from_utf8_lossy(&bytes).into_owned(), lines)
}

#[test]
fn the_bar_never_tears_an_error_and_is_gone_at_the_end() {
    let world = World::new();
    for dir in ["a", "b/a"] {
        fs::create_dir_all(world.path().join(dir)).expect("made");
        for number in 0..60 {
            let path = world.path().join(dir).join(format!("f{number:02}"));
            fs::write(path, dir).expect("written");
        }
    }
    fs::write(world.path().join("a/big"), vec![1; 150 << 20]).expect("written");
    let words = [
        "copy",
        "--strategy",
        "buffered",
        "--buffer-size",
        "4096",
        "--sync",
        "none",
        "a",
        "b",
    ];
    let (code, bytes, lines) = on_terminal(&world, &words);
    assert_eq!(code, Some(3), "{lines:?}");
    assert!(
        bytes.contains("copying") && bytes.contains("150 MiB"),
        "no bar: {bytes:?}"
    );
    assert!(!bytes.contains("100%"), "{bytes:?}");
    let (last, errors) = lines.split_last().expect("a screen");
    assert!(last.starts_with("copied 1 file, 150 MiB in "), "{lines:#?}");
    assert_eq!(errors.len(), 60, "{lines:#?}");
    for line in errors {
        assert!(line.starts_with("haul: cannot copy to 'b/a/f"), "{line}");
    }
}

#[test]
fn a_dumb_terminal_and_no_progress_get_no_escapes() {
    let world = World::new();
    fs::write(world.path().join("f"), "x").expect("written");
    for words in [
        &["copy", "--progress", "none", "f", "g"][..],
        &["copy", "-q", "f", "h"],
        &["copy", "--progress", "plain", "f", "i"],
    ] {
        let (code, bytes, _) = on_terminal(&world, words);
        assert_eq!(code, Some(0), "{bytes}");
        assert!(!bytes.contains('\x1b'), "{words:?}: {bytes:?}");
    }
}
