//! What a small file costs the process itself, beside the system calls: no allocation.

use crate::support::engine::{Driver, exact};
use crate::support::scratch::Scratch;
use haul::proto::{Start, Strategy};
use haul::sys::Real;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::alloc::System;
use std::fs;
use std::process::Command;
use std::sync::Arc;

#[global_allocator]
static COUNTED: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Set where nothing but the one test runs, so that every allocation is of the copy.
const ALONE: &str = "HAUL_TEST_COUNTS_ALLOCATIONS";

#[test]
fn a_small_file_costs_no_allocation() {
    if std::env::var_os(ALONE).is_some() {
        count();
        return;
    }
    let output = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "thrift::a_small_file_costs_no_allocation"])
        .args(["--nocapture", "--test-threads", "1"])
        .env(ALONE, "1")
        .output()
        .expect("it runs once more");
    let out = String::from_utf8_lossy(&output.stdout);
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{out}\n{err}");
    assert!(out.contains("1 passed"), "nothing was counted: {out}");
}

fn count() {
    const FEW: usize = 1_000;
    const MANY: usize = 9_000;
    let scratch = Scratch::quick();
    // The first copy makes what stays.
    allocations(&scratch, "first", FEW);
    let few = allocations(&scratch, "few", FEW);
    let many = allocations(&scratch, "many", MANY);
    let each = (many as f64 - few as f64) / (MANY - FEW) as f64;
    // A slice of sixteen has three, and its report some.
    assert!(each < 0.4, "{each:.3} allocations a file: {few}, {many}");
}

/// Allocations, and allocations made anew in another size, of the copy of so many small files.
fn allocations(scratch: &Scratch, name: &str, files: usize) -> usize {
    let from = scratch.dir(name);
    for number in 0..files {
        fs::write(from.join(format!("f{number}")), [7; 600]).expect("written");
    }
    let to = scratch.at(format!("{name}-copy"));
    let mut driver = Driver::on(Arc::new(Real));
    let region = Region::new(COUNTED);
    let job = driver.add(&exact(&from, &to, Strategy::Auto), Start::Now);
    let summary = driver.until_ended(job);
    let change = region.change();
    assert_eq!(summary.files.copied, files as u64, "{summary:?}");
    change.allocations + change.reallocations
}
