//! The interactive program beside a mount that never answers.

use crate::support::oddfs::mount_silent;
use crate::support::pty::{CTRL_C, ENTER, ESC, TAB};
use crate::terminal::{
    ENDLESS, SLOWLY, bytes, done, given_back, in_mid_copy, open, open_with, percent, stands,
    start_copy, turn, world_with_large,
};
use std::fs;

/// T27: who walks onto such a mount waits in that pane alone. The other pane, the queue and the way
/// out stay as they were.
#[test]
fn a_mount_that_never_answers_freezes_its_pane_alone() {
    let _turn = turn();
    let world = world_with_large(ENDLESS);
    let dead = world.path().join("dead");
    fs::create_dir(&dead).expect("made");
    fs::write(world.path().join("beside.txt"), bytes(70_000, 1)).expect("written");
    let Some(mount) = mount_silent(&dead) else {
        return;
    };
    let mut terminal = open_with(&world, &SLOWLY);
    in_mid_copy(&terminal);

    // Its parent is listed with sizes, and it is walked into.
    terminal.keys("\x7f");
    terminal.until("the rows beside it with their sizes", |screen| {
        let sized = |line: &str| line.contains("beside.txt") && line.contains("68.4K");
        screen.contains("dead/") && screen.lines().any(sized)
    });
    terminal.keys("gg").keys(ENTER);
    terminal.shows("no answer for");

    // The other pane goes where it likes.
    terminal.keys(TAB).keys("\x7f");
    terminal.until("the parent in the other pane", |screen| {
        screen.contains("[DST]") && screen.contains("no answer for") && screen.contains("beside")
    });
    // The queue obeys.
    terminal.keys("p");
    terminal.until("paused", |screen| stands(screen, 1, "PAUSED"));
    terminal.keys("p");
    let before = terminal.until("on again", |screen| stands(screen, 1, "RUN"));
    let before = percent(&before, 1);
    terminal.until("more of it", |screen| percent(screen, 1) > before);
    // Questions to it answer nothing and hold up nothing.
    terminal.keys(TAB).keys(TAB);
    for (key, opened) in [("i", "INFO"), ("'", "PLACES")] {
        terminal.keys(key);
        terminal.shows(opened);
        terminal.keys(ESC);
        terminal.until("closed", |screen| !screen.contains(opened));
    }
    terminal.keys("\x12").keys(" ");
    terminal.shows("*dead/");
    // Esc gives the reading up, and the pane is where it was.
    terminal.keys(ESC);
    terminal.until("the pane is back", |screen| {
        !screen.contains("no answer for") && screen.contains("[SRC]")
    });
    terminal.keys("x");
    terminal.shows("[>No, go on<]");
    terminal.keys("y");
    terminal.until("cancelled", |screen| stands(screen, 1, "CANCELLED"));
    terminal.keys("q");
    assert_eq!(terminal.end(), 0);
    given_back(&terminal);
    drop(terminal);
    drop(mount);
}

/// T27: begun on such a mount, the program is there all the same, copies elsewhere and is left.
#[test]
fn begun_on_a_mount_that_never_answers_it_is_there_and_is_left() {
    let world = world_with_large(1 << 20);
    fs::create_dir(world.path().join("else")).expect("made");
    let Some(mount) = mount_silent(&world.path().join("dst")) else {
        return;
    };
    let mut terminal = open(&world);
    terminal.until("one pane is read", |screen| {
        screen.contains("then.txt") && screen.contains("no answer for")
    });
    // The other pane is taken elsewhere, and copied into.
    terminal.keys(TAB).keys(ESC);
    terminal.shows("not read");
    terminal.keys("\x7f");
    terminal.until("the parent", |screen| screen.contains("else/"));
    terminal.keys("/else").keys(ENTER).keys(ENTER);
    terminal.shows("empty directory");
    terminal.keys(TAB).keys(TAB);
    start_copy(&terminal);
    done(&terminal, 1);
    terminal.keys(CTRL_C);
    assert_eq!(terminal.end(), 0);
    given_back(&terminal);
    drop(terminal);
    drop(mount);
}
