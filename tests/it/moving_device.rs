//! What a move compares is what the device has of a copy, not what memory has: the memory of a file
//! whose bytes the device lost is right for as long as it is kept.

use crate::support::engine::{Driver, faulty, spec};
use crate::support::scratch::Scratch;
use crate::support::tree::Dice;
use crate::support::{is_root, skip};
use haul::proto::{Durability, JobState, Naming, Op, Operation, Start};
use haul::sys::{Call, FaultKind};
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Duration;

/// Changes one byte of what the disk in `image` holds of these bytes, which are in one piece there.
fn flip(image: &Path, bytes: &[u8]) {
    let disk = fs::read(image).expect("readable");
    let at = memchr::memmem::find(&disk, bytes).expect("it is on the disk");
    let file = File::options().write(true).open(image).expect("it opens");
    let middle = bytes.len() / 2;
    file.write_all_at(&[!bytes[middle]], (at + middle) as u64)
        .expect("written");
}

#[test]
fn a_copy_that_the_device_lost_keeps_its_source() {
    if !is_root() {
        return skip("mounting needs root");
    }
    for kind in ["ext4", "xfs"] {
        let mut scratch = Scratch::quick();
        let Some(disk) = scratch.mount_image(kind) else {
            return;
        };
        let from = scratch.dir("from");
        let mut dice = Dice::new(101);
        for name in ["good", "lost"] {
            fs::write(from.join(name), dice.bytes(64 << 10)).expect("written");
        }
        let lost = fs::read(from.join("lost")).expect("there");
        let to = disk.join("to");
        let mut job = spec(&from, &to);
        job.naming = Naming::Exact;
        job.operation = Operation::Move;
        job.durability = Durability::Job;
        let delay = FaultKind::Delay(Duration::from_millis(700));
        let mut driver = Driver::on(faulty(Call::SyncFs, 0, true, delay));
        let id = driver.add(&job, Start::Now);
        // The last flush comes after the names.
        driver.until_view(id, "named", |view| {
            view.state == JobState::Flushing && view.files_done == view.found.files
        });
        rustix::fs::syncfs(File::open(&disk).expect("it opens")).expect("flushed");
        flip(&scratch.at(format!("{kind}.image")), &lost);
        let in_memory = fs::read(to.join("lost")).expect("there");
        assert!(in_memory == lost, "{kind}: memory knows nothing of it");
        let summary = driver.until_ended(id);
        let failures = driver.failures(id);
        driver.shut_down();
        assert_eq!(failures.len(), 1, "{kind}: {failures:?}");
        assert_eq!(failures[0].op, Op::Verify, "{kind}: {failures:?}");
        assert_eq!(failures[0].offset, Some(32 << 10), "{kind}: {failures:?}");
        assert!(from.join("lost").exists(), "{kind}: there is no other");
        // What lay beside it stays too: a mapping is moved as a whole.
        assert_eq!(summary.files.removed, 0, "{kind}");
        assert!(from.join("good").exists());
    }
}
