//! The interactive program as a person meets it: the real binary in a real terminal.
//!
//! The other tests of the screen drive a model; these prove what only a terminal can: that keys
//! reach the engine, that what is shown is what was copied, that the terminal is given back on
//! every way out, and that no byte is written that should not be.

use crate::support::World;
use crate::support::pty::{CTRL_C, DOWN, ENTER, ESC, F5, PATIENCE, Seen, Streams, TAB, Terminal};
use haul::units;
use rustix::fs::{FallocateFlags, fallocate};
use rustix::process::Signal;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use walkdir::WalkDir;

pub const MIB: u64 = 1 << 20;

/// The program on `src` and `dst`, in the world's directory, with nothing set but this.
pub fn haul(world: &World, variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_haul"));
    command
        .args(["src", "dst"])
        .env_clear()
        .env("HOME", world.path().join("home"))
        .env("TERM", "xterm-256color")
        .env("LC_ALL", "C.UTF-8")
        .current_dir(world.path())
        .envs(variables.iter().copied());
    command
}

pub fn open(world: &World) -> Terminal {
    open_with(world, &[])
}

pub fn open_with(world: &World, variables: &[(&str, &str)]) -> Terminal {
    Terminal::start(haul(world, variables), (80, 24), Streams::All)
}

/// A world with `src` and `dst`, and these files in `src`.
pub fn world_of(files: &[(&str, Vec<u8>)]) -> World {
    let world = World::new();
    for dir in ["src", "dst"] {
        fs::create_dir(world.path().join(dir)).expect("made");
    }
    for (name, content) in files {
        let path = world.path().join("src").join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        fs::write(path, content).expect("written");
    }
    world
}

/// Bytes that differ from place to place.
pub fn bytes(len: usize, seed: usize) -> Vec<u8> {
    (0..len)
        .map(|at| ((at * 31 + seed * 131) % 251) as u8)
        .collect()
}

/// Every file below, by its path, with what is in it.
pub fn tree(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = WalkDir::new(root)
        .into_iter()
        .map(|entry| entry.expect("listed"));
    let files = entries.filter(|entry| entry.file_type().is_file());
    files
        .map(|entry| {
            let below = entry.path().strip_prefix(root).expect("below");
            (below.to_owned(), fs::read(entry.path()).expect("read"))
        })
        .collect()
}

/// The temporaries below a directory.
pub fn temporaries(root: &Path) -> Vec<PathBuf> {
    let entries = WalkDir::new(root).into_iter().filter_map(Result::ok);
    let paths = entries.map(walkdir::DirEntry::into_path);
    paths
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with(".haul-") && name.ends_with(".part")
        })
        .collect()
}

/// Copies of large files take turns: two at a time would make each other's waits long.
pub fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The smallest buffer and no help from the kernel: a large file takes long enough to act in.
pub const SLOWLY: [(&str, &str); 3] = [
    ("HAUL_STRATEGY", "buffered"),
    ("HAUL_BUFFER_SIZE", "4096"),
    ("HAUL_SYNC", "none"),
];

/// Long enough to be stopped in its middle, short enough to be copied to its end.
pub const LARGE: u64 = 512 * MIB;

/// For copies that are never let come to their end.
pub const ENDLESS: u64 = 3 * 1024 * MIB;

/// A world whose `src` holds `big.bin` and the small `then.txt`. The blocks of the large file are
/// allocated, so that none is skipped as a hole, and every eighth MiB says where it is.
pub fn world_with_large(size: u64) -> World {
    let world = world_of(&[("then.txt", bytes(70_000, 3))]);
    let file = File::create(world.path().join("src/big.bin")).expect("made");
    fallocate(&file, FallocateFlags::empty(), 0, size).expect("room for a large file");
    for at in (0..size).step_by(8 << 20) {
        file.write_all_at(&bytes(4096, at as usize), at)
            .expect("written");
    }
    world
}

pub fn same_content(one: &Path, other: &Path) -> bool {
    let (mut one, mut other) = (
        File::open(one).expect("one"),
        File::open(other).expect("other"),
    );
    let (mut a, mut b) = (vec![0; 1 << 20], vec![0; 1 << 20]);
    loop {
        let got = one.read(&mut a).expect("read");
        if got == 0 {
            return other.read(&mut b).expect("read") == 0;
        }
        if other.read_exact(&mut b[..got]).is_err() || a[..got] != b[..got] {
            return false;
        }
    }
}

/// The queue's row of a job: its number and state begin it.
pub fn row(screen: &str, job: u32) -> Option<&str> {
    screen.lines().find(|line| {
        let mut words = line.trim_start_matches(['>', '▶', ' ']).split_whitespace();
        words.next() == Some(&job.to_string())
            && words
                .next()
                .is_some_and(|state| state.chars().all(|c| c.is_ascii_uppercase() || c == '?'))
    })
}

pub fn stands(screen: &str, job: u32, state: &str) -> bool {
    row(screen, job).is_some_and(|row| row.split_whitespace().any(|word| word == state))
}

pub fn percent(screen: &str, job: u32) -> Option<u32> {
    let words = row(screen, job)?.split_whitespace();
    words
        .filter_map(|word| word.trim_end_matches('+').strip_suffix('%'))
        .find_map(|number| number.parse().ok())
}

/// Opens the plan of a copy of what the cursor is on or of what is marked.
pub fn plan(terminal: &Terminal) {
    // Both directories must have been read: until then it says why there is no plan.
    loop {
        terminal.keys(F5);
        let screen = terminal.until("a plan, or why there is none", |screen| {
            screen.contains("Of these") || screen.contains("no directory yet")
        });
        if screen.contains("Of these") {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Plans a copy of what the cursor is on and starts it.
pub fn start_copy(terminal: &Terminal) {
    plan(terminal);
    terminal.keys(ENTER);
}

/// Starts the copy of the large file and waits until it is in the middle of it.
pub fn in_mid_copy(terminal: &Terminal) {
    in_mid_copy_of(terminal, "big.bin");
}

/// The same where it is below what the cursor is on.
pub fn in_mid_copy_of(terminal: &Terminal, shown: &str) {
    terminal.shows(shown);
    start_copy(terminal);
    terminal.until("job 1 in the middle of its file", |screen| {
        stands(screen, 1, "RUN") && percent(screen, 1).is_some_and(|done| done >= 1)
    });
}

pub fn done(terminal: &Terminal, job: u32) -> String {
    terminal.until(&format!("job {job} done"), |screen| {
        stands(screen, job, "DONE")
    })
}

/// The program has ended: the terminal is as it was, and nothing was asked of it.
pub fn given_back(terminal: &Terminal) {
    assert!(
        terminal.is_restored(),
        "modes of the terminal were left behind"
    );
    terminal.look(|seen| {
        let screen = seen.screen();
        assert!(!screen.alternate_screen(), "on the alternate screen");
        assert!(!screen.hide_cursor(), "without a cursor");
        assert!(!screen.bracketed_paste(), "with pastes in brackets");
        let mouse = (
            screen.mouse_protocol_mode(),
            screen.mouse_protocol_encoding(),
        );
        let none = (
            vt100::MouseProtocolMode::None,
            vt100::MouseProtocolEncoding::Default,
        );
        assert_eq!(mouse, none, "with the mouse");
    });
    let bytes = terminal.bytes();
    for taken in ["\x1b[?1049h", "\x1b[?2004h", "\x1b[?25l"] {
        assert!(
            find(&bytes, taken.as_bytes()).is_some(),
            "{taken:?} never sent"
        );
    }
    never_asked(&bytes);
}

pub fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|at| at == what)
}

/// No question to the terminal: nobody may be there to answer.
fn never_asked(bytes: &[u8]) {
    for question in [
        "\x1b[6n", "\x1b[5n", "\x1b[c", "\x1b[0c", "\x1b[>c", "\x1b[?u", "\x1b[18t",
    ] {
        assert_eq!(
            find(bytes, question.as_bytes()),
            None,
            "{question:?} was asked"
        );
    }
}

#[test]
fn marked_entries_are_planned_copied_and_counted_right() {
    let mut files: Vec<(String, Vec<u8>)> = (1001..1021)
        .map(|frame| (format!("shots/comp.{frame}.exr"), bytes(300_000, frame)))
        .collect();
    files.push(("shots/notes/readme.txt".to_owned(), b"hello".to_vec()));
    files.push(("plate.mov".to_owned(), bytes(5_000_000, 9)));
    files.push(("unmarked.txt".to_owned(), b"stays here".to_vec()));
    let named: Vec<(&str, Vec<u8>)> = files
        .iter()
        .map(|(name, content)| (name.as_str(), content.clone()))
        .collect();
    let world = world_of(&named);
    let (src, dst) = (world.path().join("src"), world.path().join("dst"));
    let mut expected = tree(&src);
    expected.remove(Path::new("unmarked.txt"));
    let total: usize = expected.values().map(Vec::len).sum();
    let total = units::size(total as u64);

    let mut terminal = open(&world);
    terminal.until("two panes", |screen| {
        screen.contains("[SRC]")
            && screen.contains("DST")
            && screen.contains("unmarked.txt")
            && screen.contains("empty directory")
    });
    // Directories come first: the cursor is on shots, the file after it is plate.mov.
    terminal.keys("  ");
    terminal.shows("2 marked");
    terminal.keys(F5);
    let plan = terminal.shows("Of these");
    assert!(plan.contains("2 entries: shots, plate.mov"), "{plan}");
    assert!(
        plan.contains(&format!("22 files, {total}, 2 directories")),
        "{plan}"
    );
    assert!(plan.contains("22 new"), "{plan}");
    assert_eq!(tree(&dst).len(), 0, "a plan copies nothing");
    terminal.keys(ENTER);
    let screen = done(&terminal, 1);
    assert!(
        row(&screen, 1).is_some_and(|row| row.contains("22/22")),
        "{screen}"
    );
    assert!(
        screen.contains(&format!("copied {total} of {total}")),
        "{screen}"
    );
    assert!(tree(&dst) == expected, "the destination differs");
    // The destination's pane shows what came, without being asked.
    terminal.until("the new names", |screen| {
        screen.matches("plate.mov").count() == 2
    });

    terminal.keys(TAB).keys(TAB).keys(ENTER);
    let details = terminal.shows("Finished files were copied by");
    assert!(
        details.contains("22 finished of 22: 22 copied, 0 skipped, 0 failed"),
        "{details}"
    );
    terminal.keys("q");
    terminal.shows("[QUEUE]");
    terminal.keys("q");
    assert_eq!(terminal.end(), 0);
    given_back(&terminal);
    let farewell = terminal.look(Seen::text);
    assert!(
        farewell.contains(&format!("DONE, {total} copied in 22 files")),
        "{farewell}"
    );
}

#[test]
fn a_pause_in_the_middle_of_a_file_stands_still_and_goes_on() {
    let _turn = turn();
    let world = world_with_large(LARGE);
    let dst = world.path().join("dst");
    let mut terminal = open_with(&world, &SLOWLY);
    in_mid_copy(&terminal);
    terminal.keys("p");
    let screen = terminal.until("job 1 paused", |screen| stands(screen, 1, "PAUSED"));
    assert!(
        percent(&screen, 1).is_some_and(|done| done < 99),
        "{screen}"
    );
    let [part] = temporaries(&dst).try_into().expect("one temporary");
    let written = || {
        let found = fs::metadata(&part).expect("still there");
        (found.len(), found.modified().expect("known"))
    };
    let paused_at = written();
    let began = Instant::now();
    while began.elapsed() < Duration::from_millis(500) {
        assert_eq!(written(), paused_at, "written to while paused");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(paused_at.0 < LARGE, "all of it was there already");
    assert!(
        !dst.join("big.bin").exists(),
        "a partial file under its real name"
    );
    terminal.keys("p");
    done(&terminal, 1);
    assert!(same_content(
        &world.path().join("src/big.bin"),
        &dst.join("big.bin")
    ));
    assert_eq!(temporaries(&dst), [] as [PathBuf; 0]);
    terminal.keys("q");
    assert_eq!(terminal.end(), 0);
    given_back(&terminal);
}

#[test]
fn a_cancel_is_asked_for_defaults_to_no_and_leaves_nothing() {
    let _turn = turn();
    let world = world_with_large(ENDLESS);
    let dst = world.path().join("dst");
    let mut terminal = open_with(&world, &SLOWLY);
    in_mid_copy(&terminal);
    for no in [ENTER, ESC] {
        terminal.keys("x");
        terminal.shows("[>No, go on<]");
        terminal.keys(no);
        let screen = terminal.until("no question", |screen| !screen.contains("CANCEL?"));
        assert!(stands(&screen, 1, "RUN"), "{screen}");
    }
    terminal.keys("x");
    terminal.shows("[>No, go on<]");
    terminal.keys("y");
    terminal.until("job 1 cancelled", |screen| stands(screen, 1, "CANCELLED"));
    assert_eq!(temporaries(&dst), [] as [PathBuf; 0]);
    assert_eq!(tree(&dst).len(), 0, "a partial file was left");

    terminal.keys(DOWN);
    start_copy(&terminal);
    done(&terminal, 2);
    assert!(same_content(
        &world.path().join("src/then.txt"),
        &dst.join("then.txt")
    ));
    terminal.keys("q");
    assert_eq!(terminal.end(), 0);
    given_back(&terminal);
}

#[test]
fn ctrl_c_asks_and_escape_keeps_copying() {
    let _turn = turn();
    let world = world_with_large(ENDLESS);
    let mut terminal = open_with(&world, &SLOWLY);
    in_mid_copy(&terminal);
    terminal.keys(CTRL_C);
    terminal.shows("[>Stay<]");
    terminal.keys(ESC);
    let screen = terminal.until("no question", |screen| !screen.contains("QUIT?"));
    assert!(stands(&screen, 1, "RUN"), "{screen}");
    let then = percent(&screen, 1);
    terminal.until("more copied", |screen| percent(screen, 1) > then);

    // Asked again, the answer is to cancel and leave.
    terminal.keys(CTRL_C);
    terminal.shows("[>Stay<]");
    terminal.keys(TAB).keys(TAB);
    terminal.shows("[>Cancel and quit<]");
    terminal.keys(ENTER);
    assert_eq!(terminal.end(), 0);
    given_back(&terminal);
    assert_eq!(
        tree(&world.path().join("dst")).len(),
        0,
        "something was left"
    );
    let farewell = terminal.look(Seen::text);
    assert!(farewell.contains("CANCELLED"), "{farewell}");
}

#[test]
fn the_terminal_is_given_back_on_a_signal_and_on_leaving() {
    let world = world_of(&[("a.txt", b"a".to_vec())]);
    for (signal, code) in [
        (None, 0),
        (Some(Signal::TERM), 143),
        (Some(Signal::HUP), 129),
        (Some(Signal::INT), 130),
        (Some(Signal::QUIT), 131),
        (Some(Signal::USR1), 138),
        (Some(Signal::XCPU), 152),
        (Some(Signal::ALARM), 142),
    ] {
        let mut terminal = open(&world);
        terminal.shows("a.txt");
        assert!(!terminal.is_restored(), "the terminal was never taken");
        match signal {
            Some(signal) => terminal.signal(signal),
            None => drop(terminal.keys("q")),
        }
        assert_eq!(terminal.end(), code, "{signal:?}");
        given_back(&terminal);
    }
}

#[test]
fn a_signal_in_mid_copy_leaves_no_temporary() {
    let _turn = turn();
    let world = world_with_large(ENDLESS);
    let mut terminal = open_with(&world, &SLOWLY);
    in_mid_copy(&terminal);
    terminal.signal(Signal::TERM);
    assert_eq!(terminal.end(), 143);
    given_back(&terminal);
    assert_eq!(temporaries(world.path()), [] as [PathBuf; 0]);
    assert_eq!(
        tree(&world.path().join("dst")).len(),
        0,
        "a partial file was left"
    );
}

#[test]
fn a_line_that_drops_in_mid_copy_ends_it_in_order() {
    let _turn = turn();
    let world = world_with_large(ENDLESS);
    let mut terminal = open_with(&world, &SLOWLY);
    in_mid_copy(&terminal);
    assert_eq!(
        temporaries(&world.path().join("dst")).len(),
        1,
        "nothing was being written"
    );
    terminal.hang_up();
    assert_eq!(terminal.end_within(Duration::from_secs(5)), 129);
    assert_eq!(temporaries(world.path()), [] as [PathBuf; 0]);
    assert_eq!(
        tree(&world.path().join("dst")).len(),
        0,
        "a partial file was left"
    );
}

#[test]
fn a_storm_of_resizes_during_a_copy_hurts_nothing() {
    const SIZES: [(u16, u16); 5] = [(80, 24), (40, 10), (20, 5), (200, 50), (80, 24)];
    let _turn = turn();
    let world = world_with_large(LARGE);
    let mut terminal = open_with(&world, &SLOWLY);
    in_mid_copy(&terminal);
    // As fast as it goes, and then each until it is drawn.
    for _ in 0..40 {
        for (columns, rows) in SIZES {
            terminal.resize(columns, rows);
        }
    }
    for (columns, rows) in SIZES {
        terminal.resize(columns, rows);
        drawn(&terminal, columns);
    }
    done(&terminal, 1);
    drawn(&terminal, 80);
    assert!(same_content(
        &world.path().join("src/big.bin"),
        &world.path().join("dst/big.bin")
    ));
    terminal.keys("q");
    assert_eq!(terminal.end(), 0);
    given_back(&terminal);
}

/// Waits until the whole screen is drawn for a width: what an older, wider frame leaves behind
/// never has its first line, its last, and rules of that very length.
fn drawn(terminal: &Terminal, columns: u16) {
    terminal.until(&format!("a whole screen of {columns} columns"), |screen| {
        let lines: Vec<&str> = screen.lines().collect();
        let rule =
            |line: &&&str| line.starts_with('─') && line.chars().count() == usize::from(columns);
        let (Some(first), Some(last)) = (lines.first(), lines.last()) else {
            return false;
        };
        match columns {
            // Below the smallest size one line says how it stands.
            20 => !first.is_empty() && lines[1..].iter().all(|line| line.is_empty()),
            40 => first.starts_with("haul") && last.starts_with("F1") && lines.len() == 10,
            _ => {
                first.starts_with("haul")
                    && screen.contains("[SRC]")
                    && lines.iter().filter(rule).count() >= 3
                    && last.starts_with("F1")
            }
        }
    });
}

/// Names that would act on a terminal, hide, or pass for another.
const HOSTILE: [&[u8]; 8] = [
    b"\x1b]52;c;ZXZpbA==\x07",
    b"\x1b[9;9r\x1b[5n",
    b"bell\x07\x08\x7f",
    b"new\nline\r\ttab",
    "\u{202e}exe.txt\u{2066}".as_bytes(),
    "c1\u{9b}2J\u{85}".as_bytes(),
    "zero\u{200b}width\u{feff}".as_bytes(),
    b"invalid\xff\xfe\x9b31m",
];

/// What of a stream is neither plain text nor one of haul's own sequences.
fn foreign(bytes: &[u8]) -> Vec<String> {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return vec!["not UTF-8".to_owned()];
    };
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        // The window's title, which holds words and figures of our own and no name.
        if let Some((title, after)) = rest
            .strip_prefix("\x1b]2;haul")
            .and_then(|after| after.split_once("\x1b\\"))
            && title
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || " %".contains(c))
        {
            rest = after;
            continue;
        }
        let kept = ["\x1b[22;2t", "\x1b[23;2t"]
            .into_iter()
            .find_map(|kept| rest.strip_prefix(kept));
        if let Some(after) = kept {
            rest = after;
            continue;
        }
        let sequence = rest.strip_prefix("\x1b[").map(|after| {
            let end = after
                .find(|c: char| ('\x40'..='\x7e').contains(&c))
                .unwrap_or(0);
            &rest[..=2 + end]
        });
        if let Some(sequence) = sequence {
            if !sequence.ends_with(['m', 'C', 'H', 'J', 'K', 'h', 'l']) {
                found.push(format!("{sequence:?}"));
            }
            rest = &rest[sequence.len()..];
            continue;
        }
        let hides = matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}' | '\u{feff}');
        // Lines after the screen end as lines do.
        if hides || (character.is_control() && !matches!(character, '\n' | '\r')) {
            found.push(format!("{character:?}"));
        }
        rest = &rest[character.len_utf8()..];
    }
    found
}

#[test]
fn no_hostile_name_reaches_the_terminal_raw() {
    assert_eq!(
        foreign("é\x1b[1;2H\x1b[?2026h\x1b[31m\r\n".as_bytes()),
        [] as [String; 0]
    );
    for name in HOSTILE {
        assert!(
            !foreign(name).is_empty() || name == b"new\nline\r\ttab",
            "{name:?} passes"
        );
    }
    for (locale, policy) in [("C.UTF-8", "refuse"), ("C", "ask")] {
        let world = world_of(&[]);
        // Some are copied, one cannot be, one is a conflict.
        for (at, name) in HOSTILE.iter().enumerate() {
            let name = OsStr::from_bytes(name);
            fs::write(world.path().join("src").join(name), bytes(100 + at, at)).expect("written");
            let dir = world.path().join("src/dir").join(name);
            fs::create_dir_all(&dir).expect("made");
            fs::write(dir.join(name), b"x").expect("written");
        }
        let taken = world.path().join("dst").join(OsStr::from_bytes(HOSTILE[0]));
        fs::write(&taken, b"something else").expect("written");
        let mut terminal = open_with(&world, &[("LC_ALL", locale), ("HAUL_CONFLICT", policy)]);
        terminal.shows("202e");
        terminal.keys("*");
        terminal.shows("9 marked");
        plan(&terminal);
        terminal.shows("with other content");
        terminal.keys(ENTER);
        let (word, list, back) = match policy {
            "ask" => ("WAIT?", "C", "S"),
            _ => ("DONE !", "e", "q"),
        };
        terminal.until("job 1 ended", |screen| screen.contains(word));
        terminal.keys(list);
        terminal.shows("\\x1b]52");
        terminal.keys(back);
        // Into the directory, whose name is in the header and the next title too.
        terminal.keys("gg").keys(ENTER);
        terminal.shows("src/dir");
        terminal.keys(ENTER);
        terminal.until("one entry", |screen| screen.contains(" 1 entry"));
        terminal.keys("c");
        terminal.shows("Of these");
        terminal.keys(ENTER);
        terminal.until("job 2 ended", |screen| {
            row(screen, 2).is_some_and(|row| row.contains(word))
        });
        terminal.keys(TAB).keys(TAB).keys(ENTER);
        terminal.shows("As it was asked for");
        terminal.keys("q").keys("q");
        if policy == "ask" {
            terminal.shows("1 conflict waits for an answer");
            terminal.keys("y");
        }
        terminal.until_seen("the end", |seen| !seen.screen().alternate_screen());
        assert_eq!(terminal.end(), 0);
        given_back(&terminal);
        assert_eq!(
            foreign(&terminal.bytes()),
            [] as [String; 0],
            "with {locale}"
        );
        assert!(
            locale != "C" || terminal.bytes().is_ascii(),
            "not ASCII with LC_ALL=C"
        );
        // A person's own name is copied byte by byte all the same.
        let copied = world.path().join("dst").join(OsStr::from_bytes(HOSTILE[7]));
        assert_eq!(fs::read(copied).expect("copied"), bytes(107, 7));
    }
}

#[test]
fn an_idle_screen_writes_nothing() {
    let world = world_of(&[("a.txt", b"a".to_vec())]);
    let mut terminal = open(&world);
    terminal.shows("a.txt");
    for ended in [false, true] {
        if ended {
            start_copy(&terminal);
            done(&terminal, 1);
        }
        terminal.until_quiet(Duration::from_secs(1));
        let before = terminal.bytes().len();
        std::thread::sleep(Duration::from_secs(2));
        let after = terminal.bytes();
        assert_eq!(
            String::from_utf8_lossy(&after[before..]),
            "",
            "written on an idle screen (a job has ended: {ended})"
        );
    }
    terminal.keys("q");
    assert_eq!(terminal.end(), 0);
}

/// The colours a stream asks for: parameters of its SGR sequences that are one.
fn colours(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    text.split("\x1b[")
        .skip(1)
        .filter_map(|after| after.split_once('m').map(|(parameters, _)| parameters))
        .filter(|parameters| parameters.chars().all(|c| c.is_ascii_digit() || c == ';'))
        .flat_map(|parameters| parameters.split(';').map(str::to_owned).collect::<Vec<_>>())
        .filter(|one| {
            one.parse::<u32>()
                .is_ok_and(|one| matches!(one, 30..=38 | 40..=48 | 90..=97 | 100..=107))
        })
        .collect()
}

/// A small copy from start to end, with these variables set: every byte that was written.
fn journey(variables: &[(&str, &str)]) -> Vec<u8> {
    let world = world_of(&[
        ("dir/a.txt", b"a".to_vec()),
        ("n\u{e9}e.txt", b"b".to_vec()),
    ]);
    let mut terminal = open_with(&world, variables);
    terminal.shows("dir/");
    terminal.keys("  ");
    terminal.shows("2 marked");
    start_copy(&terminal);
    done(&terminal, 1);
    terminal.keys("?");
    terminal.shows("KEYS");
    terminal.keys(ESC);
    terminal.shows("[SRC]");
    terminal.keys("q");
    assert_eq!(terminal.end(), 0);
    given_back(&terminal);
    terminal.bytes()
}

#[test]
fn no_colour_and_plain_ascii_are_respected() {
    let usual = journey(&[]);
    assert!(!colours(&usual).is_empty() && !usual.is_ascii());
    assert_eq!(colours(&journey(&[("NO_COLOR", "1")])), [] as [String; 0]);
    // Set to nothing it means nothing (no-color.org).
    assert!(!colours(&journey(&[("NO_COLOR", "")])).is_empty());
    assert!(journey(&[("LC_ALL", "C")]).is_ascii());
}

/// T8: as many colours as the terminal says it has, or as many as it is told to use.
#[test]
fn colours_are_those_the_terminal_has() {
    let extended = |variables: &[(&str, &str)], mode: &str| {
        let bytes = journey(variables);
        assert!(!colours(&bytes).is_empty(), "{variables:?}");
        let text = String::from_utf8_lossy(&bytes).into_owned();
        text.contains(&format!("38;{mode};")) || text.contains(&format!("48;{mode};"))
    };
    for (variables, of_256, of_all) in [
        (
            &[("HAUL_THEME", "dark"), ("TERM", "xterm")][..],
            false,
            false,
        ),
        (&[("HAUL_THEME", "dark")], true, false),
        (
            &[("HAUL_THEME", "light"), ("COLORTERM", "truecolor")],
            false,
            true,
        ),
        (
            &[("HAUL_THEME", "light"), ("HAUL_COLOUR", "16")],
            false,
            false,
        ),
        (&[("HAUL_THEME_DIRECTORY", "bold 208")], true, false),
        // The terminal's own colours, untold.
        (&[("COLORTERM", "truecolor")], false, false),
        (
            &[("COLORFGBG", "15;0"), ("HAUL_COLOUR", "true")],
            false,
            true,
        ),
    ] {
        assert_eq!(extended(variables, "5"), of_256, "{variables:?}");
        assert_eq!(extended(variables, "2"), of_all, "{variables:?}");
    }
    for variables in [
        &[("HAUL_THEME", "mono")][..],
        &[("HAUL_COLOUR", "never"), ("HAUL_THEME", "dark")],
        &[("TERM", "vt100")],
    ] {
        assert_eq!(
            colours(&journey(variables)),
            [] as [String; 0],
            "{variables:?}"
        );
    }
}

#[test]
fn a_terminal_that_can_do_nothing_is_refused_in_words() {
    let world = world_of(&[]);
    let mut terminal = open_with(&world, &[("TERM", "dumb")]);
    assert_eq!(terminal.end(), 2);
    assert!(terminal.is_restored());
    let bytes = String::from_utf8_lossy(&terminal.bytes()).into_owned();
    assert!(!bytes.contains('\x1b'), "{bytes:?}");
    assert!(
        bytes.contains("TERM") && bytes.contains("haul copy"),
        "{bytes:?}"
    );
}

#[test]
fn a_paste_outside_a_text_field_does_nothing() {
    let world = world_of(&[("a.txt", b"a".to_vec())]);
    let mut terminal = open(&world);
    terminal.shows("a.txt");
    terminal.keys("\x1b[200~c\rq\ry\x1b[201~");
    // The key after it shows that it was taken.
    terminal.keys(" ");
    let screen = terminal.shows("1 marked");
    assert!(
        screen.contains("no jobs") && !screen.contains("PLAN"),
        "{screen}"
    );
    terminal.keys("q");
    assert_eq!(terminal.end_within(PATIENCE), 0);
}
