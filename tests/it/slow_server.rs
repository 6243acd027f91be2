//! Copies onto a server that takes its time, and whose line takes only so much.

use crate::support::engine::{Driver, run_real, spec};
use crate::support::scratch::Scratch;
use crate::support::slowfs;
use crate::support::tree::Dice;
use crate::support::walk::{assert_same, same_bytes};
use haul::proto::{Durability, Strategy};
use haul::sys::Real;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

const LINE: u32 = 8 << 20;

/// What the server stores, and where it is mounted.
fn places(scratch: &Scratch) -> (PathBuf, PathBuf) {
    (scratch.dir("backing"), scratch.dir("server"))
}

#[test]
fn many_files_are_in_flight_and_the_line_takes_what_it_takes() {
    let scratch = Scratch::quick();
    let (backing, server) = places(&scratch);
    let options = ["--delay", "5000", "--bandwidth", &LINE.to_string()];
    let Some(_mounted) = slowfs::mount(&backing, &server, &options) else {
        return;
    };
    let from = scratch.dir("from");
    let mut dice = Dice::new(8);
    for number in 0..240 {
        fs::write(from.join(format!("f{number:03}")), dice.bytes(50_000)).expect("written");
    }
    let to = server.join("to");
    let begun = Instant::now();
    let mut driver = Driver::on(Arc::new(Real));
    let most = driver.most_workers(spec(&from, &to));
    // No copy is faster than the line it goes over: else it went another way.
    let least = Duration::from_secs_f64(f64::from(240 * 50_000) / f64::from(LINE));
    assert!(begun.elapsed() >= least, "{:?}", begun.elapsed());
    assert!(most > 8, "{most} workers");
    assert_same(&from, &backing.join("to"));
}

/// Between two places of one mount the server copies by itself.
#[test]
fn within_one_server_no_byte_goes_over_the_line() {
    let scratch = Scratch::quick();
    let (backing, server) = places(&scratch);
    // So slow that ten minutes would not do.
    let options = ["--delay", "100", "--bandwidth", "20000"];
    fs::write(backing.join("from"), Dice::new(9).bytes(24 << 20)).expect("written");
    let Some(_mounted) = slowfs::mount(&backing, &server, &options) else {
        return;
    };
    let mut job = spec(&server.join("from"), &server.join("to"));
    job.durability = Durability::None;
    let ended = run_real(&job);
    ended.assert_good();
    let used = &ended.summary.strategies;
    assert!(
        used.iter()
            .any(|used| used.strategy == Strategy::CopyFileRange && used.bytes == 24 << 20),
        "{used:?}"
    );
    assert!(same_bytes(&backing.join("from"), &backing.join("to")));
}
