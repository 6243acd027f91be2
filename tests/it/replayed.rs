//! A power cut at any write to the disk: whichever of the writes since the last flush it has, every
//! name holds the whole old or the whole new file, and what was called done is there.

use crate::support::engine::{run, run_real, slow, spec};
use crate::support::recorder::Recorder;
use crate::support::scratch::Scratch;
use crate::support::tree::Dice;
use crate::support::{is_root, is_thorough, say, skip, walk};
use haul::proto::{Conflict, Durability, Naming};
use haul::sys::Call;
use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

const FILES: usize = 60;

fn name(number: usize) -> String {
    format!("d{}/f{number}", number % 5)
}

/// Files of up to 39,000 bytes, each third of them old ones at the destination.
fn make(root: &Path, seed: u64, all: bool) {
    let mut dice = Dice::new(seed);
    for number in 0..FILES {
        let path = root.join(name(number));
        fs::create_dir_all(path.parent().expect("in a directory")).expect("made");
        let bytes = dice.bytes(1 + number % 14 * 3000);
        if all || number % 3 == 0 {
            fs::write(path, bytes).expect("written");
        }
    }
}

fn cut_anywhere(kind: &'static str, durability: Durability) {
    let source = Scratch::quick();
    let (from, before) = (source.dir("from"), source.dir("before"));
    make(&from, 91, true);
    make(&before, 92, false);
    let Some(disk) = Recorder::new(kind) else {
        return;
    };
    let to = disk.path().join("to");
    make(&to, 92, false);
    let recording = disk.begin();
    let mut job = spec(&from, &to);
    job.naming = Naming::Exact;
    job.conflict = Conflict::Overwrite;
    job.durability = durability;
    job.tuning.file_workers = Some(1);
    // Names are given one by one, for longer than the file system waits with them.
    if durability == Durability::Job && kind != "xfs" {
        let sys = slow(Call::RenameNew, Duration::from_millis(50));
        run(sys, &job).assert_good();
    } else {
        run_real(&job).assert_good();
    }
    let done = recording.steps();
    assert!(done > 10, "{kind}: {done} steps");
    let mut dice = Dice::new(93);
    let cuts = if is_thorough() { 150 } else { 25 };
    let mut cuts: Vec<usize> = (0..cuts)
        .map(|_| dice.below(done as u64) as usize)
        .collect();
    // What was called done is so from this moment on.
    cuts.extend([done, done, done]);
    cuts.sort_unstable();
    let mut partly = 0;
    recording.cut_after(&cuts, &mut dice, |cut, after| {
        let said = format!("{kind} {durability:?}, after {cut} of {done}");
        let mut new = 0;
        for number in 0..FILES {
            let name = name(number);
            let had = content(&before.join(&name));
            let has = content(&after.join("to").join(&name));
            let whole = Some(fs::read(from.join(&name)).expect("the source is there"));
            let is_new = has == whole;
            new += usize::from(is_new);
            let len = has.as_ref().map(Vec::len);
            assert!(
                is_new || has == had,
                "{said}: {name} is {len:?} bytes of neither"
            );
        }
        partly += usize::from(new > 0 && new < FILES);
        if cut == done && durability != Durability::None {
            assert_eq!(new, FILES, "{said}");
            let found = walk::differences(&from, &after.join("to"));
            assert!(found.is_empty(), "{said}:\n{}", found.join("\n"));
        }
    });
    say(&format!(
        "{kind} {durability:?}: {done} steps, {} cuts, {partly} of them found a part",
        cuts.len()
    ));
}

/// What a file holds; `None` where it is not there. One that cannot be read is neither.
fn content(path: &Path) -> Option<Vec<u8>> {
    match fs::read(path) {
        Ok(bytes) => Some(bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => panic!("{}: {error}", path.display()),
    }
}

#[test]
fn a_power_cut_at_any_write_leaves_whole_files() {
    if !is_root() {
        return skip("mounting needs root");
    }
    for kind in ["ext4", "xfs", "btrfs"] {
        for durability in [Durability::Job, Durability::File] {
            cut_anywhere(kind, durability);
        }
    }
}
