//! A power cut, as far as one can be had: the file system is shut down under the copy, with its log
//! flushed and without, then mounted again. Needs root, loop mounts and `xfs_io`.

use crate::support::engine::{run_real, spec};
use crate::support::scratch::Scratch;
use crate::support::{skip, walk};
use haul::proto::{Conflict, Durability, JobState, Naming};
use std::fs;
use std::path::Path;
use std::process::Command;

/// Shuts a mounted file system down at once; with `log` what is in the log is written first, data
/// never is (`FS_IOC_SHUTDOWN`, for ext4 and xfs).
pub fn shut_down(at: &Path, log: bool) -> bool {
    let how = if log { "shutdown -f" } else { "shutdown" };
    let output = Command::new("xfs_io")
        .args(["-x", "-c", how])
        .arg(at)
        .output();
    output.is_ok_and(|output| output.status.success())
}

#[test]
fn after_a_job_that_was_flushed_a_power_cut_loses_nothing() {
    let source = Scratch::quick();
    let from = source.dir("from");
    for number in 0..200 {
        let dir = source.dir(format!("from/d{}", number % 7));
        fs::write(
            dir.join(format!("f{number}")),
            vec![number as u8; 3000 * number],
        )
        .expect("written");
    }
    for kind in ["ext4", "xfs"] {
        for log in [true, false] {
            for (durability, over) in [
                (Durability::Job, false),
                (Durability::File, false),
                (Durability::None, true),
            ] {
                let words = format!("{kind}, log {log}, {durability:?}");
                let mut scratch = Scratch::new();
                let Some(disk) = scratch.mount_image(kind) else {
                    return;
                };
                let to = disk.join("to");
                let mut job = spec(&from, &to);
                job.naming = Naming::Exact;
                job.durability = durability;
                if over {
                    // What replaces another file is flushed whatever is asked for.
                    job.durability = Durability::Job;
                    run_real(&job).assert_good();
                    for number in 0..200 {
                        let name = to.join(format!("d{}/f{number}", number % 7));
                        fs::write(&name, "old").expect("written");
                    }
                    assert!(
                        Command::new("sync")
                            .status()
                            .is_ok_and(|status| status.success())
                    );
                    job.durability = durability;
                    job.conflict = Conflict::Overwrite;
                }
                let ended = run_real(&job);
                assert_eq!(ended.summary.state, JobState::Done, "{words}");
                if !shut_down(&disk, log) {
                    skip("a file system cannot be shut down here (xfs_io)");
                    return;
                }
                scratch.remount_image(kind);
                if over {
                    for number in 0..200 {
                        let name = format!("d{}/f{number}", number % 7);
                        let bytes = fs::read(to.join(&name)).expect("there");
                        let whole =
                            bytes == b"old" || bytes == fs::read(from.join(&name)).expect("there");
                        assert!(
                            whole,
                            "{words}: {name} is neither old nor new: {} bytes",
                            bytes.len()
                        );
                    }
                } else {
                    let found = walk::differences(&from, &to);
                    assert!(found.is_empty(), "{words}:\n{}", found.join("\n"));
                }
            }
        }
    }
}
