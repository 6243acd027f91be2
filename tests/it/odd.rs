//! Sources on a file system that says untrue things of its files: what is copied is what can be read,
//! or it is told.

use crate::support::engine::{copying, exact, run_real};
use crate::support::oddfs::{self, Odd};
use crate::support::scratch::Scratch;
use crate::support::tree::Dice;
use crate::support::walk::temporaries;
use haul::proto::{JobState, Strategy};
use std::collections::BTreeSet;
use std::fs;
use std::sync::atomic::AtomicU32;

const SIZE: usize = 300_000;

/// Too large a length is no reason to pad, too small a one none to cut, and neither is passed over.
#[test]
fn a_length_that_is_not_true_is_told() {
    let scratch = Scratch::new();
    let from = scratch.dir("from");
    let bytes = Dice::new(71).bytes(SIZE);
    let lying = |name, told| Odd {
        told,
        ..Odd::new(name, bytes.clone())
    };
    let files = vec![
        Odd::new("true", bytes.clone()),
        lying("too large", SIZE as u64 + 5000),
        lying("too small", SIZE as u64 - 5000),
        lying("none", 0),
    ];
    let Some(session) = oddfs::mount(&from, files) else {
        return;
    };
    for strategy in copying() {
        let to = scratch.at("to");
        let ended = run_real(&exact(&from, &to, strategy));
        assert_eq!(
            ended.summary.state,
            JobState::DoneWithFailures,
            "{strategy}"
        );
        let failed: BTreeSet<_> = ended
            .failures
            .iter()
            .filter_map(|failure| failure.path.as_path().file_name())
            .map(|name| name.to_string_lossy().into_owned())
            .collect();
        let expected = ["none", "too large", "too small"].map(str::to_owned);
        assert_eq!(failed, expected.into(), "{strategy}: {:?}", ended.failures);
        assert_eq!(
            fs::read(to.join("true")).expect("there"),
            bytes,
            "{strategy}"
        );
        assert_eq!(fs::read_dir(&to).expect("there").count(), 1, "{strategy}");
        assert!(temporaries(&to).is_empty(), "{strategy}");
        fs::remove_dir_all(&to).expect("removed");
    }
    session.umount_and_join().expect("unmounted");
}

/// By the kernel's own way, not only through the seam of the tests.
#[test]
fn data_that_is_hidden_is_found() {
    let scratch = Scratch::new();
    let from = scratch.dir("from");
    let bytes = Dice::new(72).bytes(SIZE);
    let files = vec![Odd {
        hidden: true,
        ..Odd::new("hidden", bytes.clone())
    }];
    let Some(session) = oddfs::mount(&from, files) else {
        return;
    };
    for strategy in copying() {
        let to = scratch.at("to");
        let ended = run_real(&exact(&from, &to, strategy));
        ended.assert_good();
        assert_eq!(
            fs::read(to.join("hidden")).expect("there"),
            bytes,
            "{strategy}"
        );
        let notices = &ended.summary.notices;
        let said = notices
            .iter()
            .any(|said| said.text.starts_with("copied in full"));
        assert!(said, "{strategy}: {notices:?}");
        fs::remove_dir_all(&to).expect("removed");
    }
    session.umount_and_join().expect("unmounted");
}

/// A handle that a server forgot is asked for anew; one that stays forgotten is listed.
#[test]
fn a_stale_handle_is_asked_for_anew() {
    let scratch = Scratch::new();
    let from = scratch.dir("from");
    let bytes = Dice::new(73).bytes(SIZE);
    let stale = |name, opens, reads| Odd {
        stale_opens: AtomicU32::new(opens),
        stale_reads: AtomicU32::new(reads),
        ..Odd::new(name, bytes.clone())
    };
    let files = vec![
        stale("opened late", 2, 0),
        stale("read late", 0, 2),
        stale("never", 0, u32::MAX),
    ];
    let Some(session) = oddfs::mount(&from, files) else {
        return;
    };
    let to = scratch.at("to");
    let mut job = exact(&from, &to, Strategy::Buffered);
    job.retries = 3;
    let ended = run_real(&job);
    assert_eq!(ended.failures.len(), 1, "{:?}", ended.failures);
    assert!(
        ended.failures[0].reason.contains("stale"),
        "{:?}",
        ended.failures
    );
    for name in ["opened late", "read late"] {
        assert_eq!(fs::read(to.join(name)).expect("there"), bytes, "{name}");
    }
    assert_eq!(fs::read_dir(&to).expect("there").count(), 2);
    session.umount_and_join().expect("unmounted");
}
