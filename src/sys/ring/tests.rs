//! Both kinds of ring, on their own and struck by faults.

use super::super::{Caching, Errno, Fault, FaultKind, Faulty, Real, Sys};
use super::*;
use std::fs::File;
use std::io::Read as _;
use std::os::fd::AsFd;
use std::sync::Arc;

const LAYOUT: Layout = Layout {
    slots: 4,
    slot_size: 8192,
    threads: false,
};

/// Both kinds; the kernel's only where it grants one.
fn rings() -> Vec<Box<dyn Ring>> {
    let threads = Layout {
        threads: true,
        ..LAYOUT
    };
    let mut rings = vec![Real.ring(threads).expect("threads")];
    match Real.ring(LAYOUT) {
        Ok(ring) => rings.push(ring),
        Err(Errno::NOSYS | Errno::PERM | Errno::NOMEM) => {}
        Err(errno) => panic!("{errno}"),
    }
    rings
}

fn transfer(way: Way, file: &File, slot: usize, bytes: Range<usize>, offset: u64) -> Transfer<'_> {
    Transfer {
        way,
        file: file.as_fd(),
        slot,
        bytes,
        offset,
        pages: Caching::Stay,
    }
}

#[test]
fn bytes_go_through_slots_in_any_order() {
    for mut ring in rings() {
        let mut file = tempfile::tempfile().expect("a file");
        for slot in 0..4 {
            ring.bytes(slot)[..100].fill(slot as u8 + 1);
            ring.push(transfer(Way::Write, &file, slot, 0..100, slot as u64 * 100));
        }
        assert_eq!(ring.in_flight(), 4);
        ring.wait(4).expect("served");
        let mut ends: Vec<_> = std::iter::from_fn(|| ring.take()).collect();
        ends.sort_by_key(|end| end.slot);
        for (slot, end) in ends.iter().enumerate() {
            assert_eq!((end.slot, end.way, end.result), (slot, Way::Write, Ok(100)));
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).expect("read");
        let wanted: Vec<u8> = (0..400).map(|at| (at / 100) as u8 + 1).collect();
        assert_eq!(bytes, wanted);
        // Beyond the end: fewer, then none; into the middle of a slot.
        ring.push(transfer(Way::Read, &file, 2, 4000..5000, 350));
        ring.push(transfer(Way::Read, &file, 3, 0..10, 400));
        ring.wait(2).expect("served");
        let mut ends: Vec<_> = std::iter::from_fn(|| ring.take()).collect();
        ends.sort_by_key(|end| end.slot);
        assert_eq!((ends[0].result, ends[1].result), (Ok(50), Ok(0)));
        assert_eq!(ring.bytes(2)[4000..4050], [4; 50]);
        assert_eq!(ring.in_flight(), 0);
    }
}

#[test]
fn an_error_is_that_of_one_transfer() {
    for mut ring in rings() {
        let dir = File::open("/").expect("opens");
        let file = tempfile::tempfile().expect("a file");
        ring.push(transfer(Way::Read, &dir, 0, 0..10, 0));
        ring.push(transfer(Way::Write, &file, 1, 0..10, 0));
        ring.wait(2).expect("served");
        for _ in 0..2 {
            let end = ring.take().expect("ended");
            match end.slot {
                0 => assert_eq!(end.result, Err(Errno::ISDIR)),
                _ => assert_eq!(end.result, Ok(10)),
            }
        }
    }
}

#[test]
#[should_panic(expected = "in flight")]
fn a_slot_in_flight_cannot_be_looked_at() {
    let mut ring = rings().remove(0);
    let file = tempfile::tempfile().expect("a file");
    ring.push(transfer(Way::Write, &file, 1, 0..10, 0));
    ring.bytes(1);
}

#[test]
fn settling_gives_up_what_has_not_begun() {
    for mut ring in rings() {
        let file = tempfile::tempfile().expect("a file");
        ring.push(transfer(Way::Write, &file, 0, 0..10, 0));
        ring.settle();
        assert_eq!(ring.in_flight(), 0);
        assert_eq!(file.metadata().expect("there").len(), 0);
        ring.bytes(0).fill(1);
        ring.push(transfer(Way::Write, &file, 0, 0..10, 0));
        ring.wait(1).expect("served");
        drop(ring);
        assert_eq!(file.metadata().expect("there").len(), 10);
    }
}

#[test]
fn faults_strike_single_transfers() {
    let fault = |call, kind| Fault {
        call: Some(call),
        nth: 1,
        sticky: false,
        kind,
    };
    let threads = Layout {
        threads: true,
        ..LAYOUT
    };
    for (kind, wanted) in [
        (FaultKind::Fail(Errno::IO), Err(Errno::IO)),
        (FaultKind::Short, Ok(1)),
    ] {
        let sys = Faulty::new(
            Arc::new(Real),
            Some(fault(super::super::Call::RingWrite, kind)),
        );
        let mut ring = sys.ring(threads).expect("threads");
        let file = tempfile::tempfile().expect("a file");
        for slot in 0..3 {
            ring.push(transfer(Way::Write, &file, slot, 0..10, 0));
        }
        assert_eq!(ring.in_flight(), 3);
        ring.wait(3).expect("served");
        let mut ends: Vec<_> = std::iter::from_fn(|| ring.take()).collect();
        ends.sort_by_key(|end| end.slot);
        let results: Vec<_> = ends.iter().map(|end| end.result).collect();
        assert_eq!(results, [Ok(10), wanted, Ok(10)]);
        assert_eq!(ring.in_flight(), 0);
        assert_eq!(sys.hit(), Some(super::super::Call::RingWrite));
    }
}
