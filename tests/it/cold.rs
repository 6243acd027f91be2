//! What is not in memory is copied another way than what is.

use crate::support::engine::{exact, run};
use crate::support::scratch::Scratch;
use crate::support::tree::Dice;
use crate::support::walk::{assert_same, temporaries};
use haul::proto::{Durability, JobState, Strategy};
use haul::sys::{Call, Errno, Fault, FaultKind, Faulty, Real, Sys, cached};
use std::fs;
use std::sync::Arc;

#[test]
fn what_is_not_in_memory_is_copied_by_the_kernel_where_it_is_flushed() {
    let mut scratch = Scratch::new();
    let Some(disk) = scratch.mount_image("ext4") else {
        return;
    };
    let from = disk.join("from");
    fs::create_dir(&from).expect("made");
    let mut dice = Dice::new(6);
    for (name, size) in [
        ("even", 4 << 20),
        ("odd", (2 << 20) + 77),
        ("small", 70_000),
    ] {
        fs::write(from.join(name), dice.bytes(size)).expect("written");
    }
    let forget = || {
        cached::write_out(&disk).expect("written out");
        for name in ["even", "odd", "small"] {
            cached::forget(&from.join(name)).expect("forgotten");
        }
    };
    // Files copied so because they were not in memory.
    let copied = |to: &str, durability, sys: Arc<dyn Sys>| {
        let to = disk.join(to);
        let mut job = exact(&from, &to, Strategy::Auto);
        job.durability = durability;
        let ended = run(sys, &job);
        assert_eq!(ended.summary.state, JobState::Done);
        assert!(ended.view.notices.is_empty(), "nobody asked for it");
        assert_same(&from, &to);
        assert!(temporaries(&to).is_empty());
        let used = ended.summary.strategies.iter();
        used.filter(|used| used.strategy == Strategy::CopyFileRange)
            .filter(|used| used.reason.starts_with("not in memory"))
            .map(|used| used.files)
            .sum::<u64>()
    };
    let real = || Arc::new(Real) as Arc<dyn Sys>;
    forget();
    let cold = copied("cold", Durability::Job, real());
    assert!(cold >= 2, "the small one is not worth the question: {cold}");
    // Looked at, and so in memory.
    assert_eq!(copied("warm", Durability::Job, real()), 0);
    forget();
    assert_eq!(copied("unflushed", Durability::None, real()), 0);
    // What the kernel does not tell, or cannot do, is no failure.
    for (to, call, errno) in [
        ("untold", Call::Resident, Errno::NOSYS),
        ("not-ours", Call::Resident, Errno::PERM),
        ("no-range", Call::CopyRange, Errno::OPNOTSUPP),
    ] {
        forget();
        let fault = Fault {
            call: Some(call),
            nth: 0,
            sticky: true,
            kind: FaultKind::Fail(errno),
        };
        let sys = Arc::new(Faulty::new(Arc::new(Real), Some(fault)));
        assert_eq!(copied(to, Durability::Job, sys.clone()), 0, "{to}");
        assert!(sys.hit().is_some(), "{to}: met");
    }
}
