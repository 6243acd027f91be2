//! The terminal's life with haul in it: taken away without a word, made tiny and huge, of every
//! kind; and what a job keeps to while the panes and the keys go elsewhere.

use crate::support::pty::{ENTER, ESC, F5, PATIENCE, Streams, TAB, Terminal};
use crate::terminal::{
    ENDLESS, LARGE, SLOWLY, bytes, done, given_back, haul, in_mid_copy, open_with, percent,
    same_content, stands, start_copy, temporaries, tree, turn, world_of, world_with_large,
};
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

/// T5: the line drops and the signal that says so is ignored from above, as below `nohup` or a
/// shell with a trap. It is noticed all the same; nobody spins and nothing half is left.
#[test]
fn a_terminal_that_goes_without_a_signal_is_noticed() {
    let _turn = turn();
    let world = world_with_large(ENDLESS);
    let direct = haul(&world, &SLOWLY);
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", "trap '' HUP; exec \"$0\" src dst"])
        .arg(direct.get_program())
        .env_clear()
        .current_dir(world.path());
    for (name, value) in direct.get_envs() {
        command.env(name, value.expect("a value"));
    }
    let mut terminal = Terminal::start(command, (80, 24), Streams::All);
    in_mid_copy(&terminal);
    terminal.hang_up();
    assert_eq!(terminal.end_within(PATIENCE), 129);
    assert_eq!(temporaries(world.path()), [] as [PathBuf; 0]);
    assert_eq!(tree(&world.path().join("dst")).len(), 0);
}

/// T6: whatever is open stays open and usable, through one cell and through very many.
#[test]
fn any_size_with_anything_open_is_drawn_and_left_again() {
    let world = world_of(&[("a.txt", bytes(70_000, 1)), ("b.txt", bytes(70_000, 2))]);
    let mut terminal = open_with(&world, &[]);
    terminal.shows("a.txt");
    terminal.until("both panes", |screen| screen.contains("empty directory"));
    for (keys, title) in [
        ("+", "MARK BY PATTERN"),
        (":", "ACTIONS"),
        ("s", "ORDER OF SRC"),
        ("?", "KEYS"),
        ("\x1b[18~", "NEW DIRECTORY"),
        ("'", "PLACES FOR SRC"),
        ("H", "HISTORY"),
        (F5, "PLAN OF A COPY"),
    ] {
        terminal.keys(keys);
        terminal.shows(title);
        for size in [(40, 10), (1, 1), (500, 200), (2, 60), (300, 2), (80, 24)] {
            terminal.resize(size.0, size.1);
        }
        terminal.shows(title);
        terminal.resize(40, 10);
        terminal.until(title, |screen| {
            screen.contains(title) && screen.lines().all(|line| line.chars().count() <= 40)
        });
        terminal.keys(ESC);
        terminal.until("it is left", |screen| {
            !screen.contains(title) && screen.contains("[SRC]")
        });
        terminal.resize(80, 24);
        terminal.until("as before", |screen| {
            screen.contains("QUEUE") && screen.contains("b.txt")
        });
    }
    terminal.keys("q");
    assert_eq!(terminal.end(), 0);
    given_back(&terminal);
}

/// T6: forty columns and ten rows show how the top job stands, and take the keys that matter.
#[test]
fn the_smallest_screen_shows_and_steers_a_copy() {
    let _turn = turn();
    let world = world_with_large(ENDLESS);
    let mut terminal = open_with(&world, &SLOWLY);
    in_mid_copy(&terminal);
    terminal.resize(40, 10);
    terminal.keys("w");
    terminal.until("state, percent and rate", |screen| {
        stands(screen, 1, "RUN")
            && percent(screen, 1).is_some()
            && crate::terminal::row(screen, 1).is_some_and(|row| row.contains("M/s"))
    });
    terminal.keys("p");
    terminal.until("paused", |screen| stands(screen, 1, "PAUSED"));
    // Below that one line is left, and it says the same.
    terminal.resize(30, 3);
    terminal.until("one line", |screen| screen.contains("PAUSED"));
    terminal.resize(40, 10);
    terminal.until("back", |screen| stands(screen, 1, "PAUSED"));
    terminal.keys("q");
    terminal.shows("[>Stay<]");
    terminal.keys(ESC);
    terminal.until("it stays", |screen| !screen.contains("QUIT?"));
    terminal.keys("x");
    terminal.shows("[>No, go on<]");
    terminal.keys("y");
    terminal.until("cancelled", |screen| screen.contains("JOB 1 CANCELLED"));
    terminal.keys("q");
    assert_eq!(terminal.end(), 0);
    given_back(&terminal);
}

/// T8: on terminals of all kinds how a job stands is a word, and without colour nothing else is
/// needed to tell it.
#[test]
fn states_are_words_on_every_kind_of_terminal() {
    for term in ["linux", "xterm", "screen", "tmux-256color", "vt100"] {
        for variables in [
            vec![("TERM", term), ("NO_COLOR", "1"), ("LC_ALL", "C")],
            vec![("TERM", term), ("LC_ALL", "C.UTF-8")],
        ] {
            let world = world_of(&[("a.txt", bytes(70_000, 1))]);
            let mut terminal = open_with(&world, &variables);
            terminal.shows("a.txt");
            start_copy(&terminal);
            let screen = done(&terminal, 1);
            assert!(screen.contains("JOB 1 done"), "{variables:?}\n{screen}");
            let coloured = terminal.look(|seen| {
                let screen = seen.screen();
                let (rows, columns) = screen.size();
                let cells = (0..rows.get()).flat_map(|y| (0..columns.get()).map(move |x| (y, x)));
                cells
                    .filter_map(|(y, x)| screen.cell(y, x))
                    .any(|cell| cell.fgcolor() != vt100::Color::Default)
            });
            let colours = variables.len() == 2 && term != "vt100";
            assert_eq!(coloured, colours, "{variables:?}");
            terminal.keys("q");
            assert_eq!(terminal.end(), 0);
            given_back(&terminal);
        }
    }
}

/// T20: a cancel is asked for at once and, once the screen says so, nothing is written any more.
#[test]
fn after_a_cancel_is_acknowledged_nothing_is_written() {
    let _turn = turn();
    let world = world_with_large(ENDLESS);
    let dst = world.path().join("dst");
    let mut terminal = open_with(&world, &SLOWLY);
    in_mid_copy(&terminal);
    let [part] = temporaries(&dst).try_into().expect("one temporary");
    // Held open, it can be watched after it lost its name.
    let held = fs::File::open(&part).expect("opened");
    terminal.keys("x");
    terminal.shows("[>No, go on<]");
    terminal.keys("y");
    terminal.until("cancelled", |screen| stands(screen, 1, "CANCELLED"));
    let size = |file: &fs::File| {
        let found = file.metadata().expect("known");
        (found.len(), found.modified().expect("known"))
    };
    let then = size(&held);
    assert!(then.0 < ENDLESS, "all of it was written");
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(size(&held), then, "written to after the acknowledgement");
    assert!(!part.exists() && !dst.join("big.bin").exists());
    terminal.keys("q");
    assert_eq!(terminal.end(), 0);
}

/// T21: a question about a paused job that is answered with no leaves it paused; a paused job does
/// not hold up the next, and going on with one starts no other.
#[test]
fn a_paused_job_stays_paused_and_holds_up_nobody() {
    let _turn = turn();
    let world = world_with_large(LARGE);
    let mut terminal = open_with(&world, &SLOWLY);
    in_mid_copy(&terminal);
    terminal.keys("p");
    terminal.until("paused", |screen| stands(screen, 1, "PAUSED"));
    terminal.keys("x");
    terminal.shows("[>No, go on<]");
    terminal.keys(ESC);
    let screen = terminal.until("no question", |screen| !screen.contains("CANCEL?"));
    assert!(stands(&screen, 1, "PAUSED"), "{screen}");
    // Queued behind it, on the same device.
    terminal.keys("\x1b[B").keys(F5);
    terminal.shows("Of these");
    terminal.keys("\x1bOQ");
    let screen = done(&terminal, 2);
    assert!(stands(&screen, 1, "PAUSED"), "{screen}");
    let percent_paused = percent(&screen, 1);
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(
        terminal.look(|seen| percent(&seen.text(), 1)),
        percent_paused
    );
    terminal.signal(rustix::process::Signal::TERM);
    assert_eq!(terminal.end(), 143);
}

/// T22: where a job goes was decided when it was planned, wherever the panes are by then; and a
/// source that became something else before its turn is a failure said in words, no stuck job.
#[test]
fn a_queued_job_goes_where_it_was_planned_and_says_what_became_of_its_source() {
    let _turn = turn();
    let world = world_with_large(LARGE);
    let src = world.path().join("src");
    fs::create_dir(world.path().join("dst/elsewhere")).expect("made");
    fs::write(src.join("zz-gone.txt"), bytes(10, 1)).expect("written");
    let mut terminal = open_with(&world, &SLOWLY);
    in_mid_copy(&terminal);
    for _ in 0..2 {
        terminal.keys("\x1b[B").keys(F5);
        terminal.shows("Of these");
        terminal.keys("\x1bOQ");
        terminal.until("left", |screen| !screen.contains("PLAN OF"));
    }
    terminal.until("both wait", |screen| {
        stands(screen, 2, "QUEUED") && stands(screen, 3, "QUEUED")
    });
    fs::remove_file(src.join("zz-gone.txt")).expect("removed");
    // The destination's pane goes elsewhere meanwhile.
    terminal.keys(TAB).keys(ENTER);
    terminal.until("elsewhere", |screen| screen.contains("/elsewhere "));
    done(&terminal, 2);
    terminal.until("job 3 failed", |screen| stands(screen, 3, "FAILED"));
    assert!(same_content(
        &src.join("then.txt"),
        &world.path().join("dst/then.txt")
    ));
    assert_eq!(tree(&world.path().join("dst/elsewhere")).len(), 0);
    terminal.keys("q");
    assert_eq!(terminal.end(), 0);
    given_back(&terminal);
}
