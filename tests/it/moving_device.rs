//! What a move compares is what the device has of a copy, not what memory has: the memory of a file
//! whose bytes the device lost is right for as long as it is kept.

use crate::support::engine::{Driver, meanwhile, spec};
use crate::support::scratch::Scratch;
use crate::support::tree::Dice;
use crate::support::{is_root, skip};
use haul::proto::{Durability, Naming, Op, Operation, Start};
use haul::sys::Call;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::Path;

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
        // Before anything is compared: the copies are flushed, and have their names.
        let (image, copy) = (scratch.at(format!("{kind}.image")), to.join("lost"));
        let sys = meanwhile(Call::ForgetPages, 0, move || {
            rustix::fs::syncfs(File::open(&copy).expect("it opens")).expect("flushed");
            flip(&image, &lost);
            let in_memory = fs::read(&copy).expect("there");
            assert!(in_memory == lost, "memory knows nothing of it");
        });
        let mut driver = Driver::on(sys.clone());
        let id = driver.add(&job, Start::Now);
        let summary = driver.until_ended(id);
        assert_eq!(sys.hit(), Some(Call::ForgetPages), "{kind}");
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
