//! Receipts of finished jobs, one JSON object a line.
//!
//! A line is appended by one write under a lock of the file, so that several programs may write at
//! a time; what cannot be read is left out and counted, never a reason to give up.

use crate::proto::Summary;
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Receipts kept at least; the file is cut down to them when it has grown to twice as many.
pub const KEPT: usize = 1_000;

/// Bytes of the file from which its receipts are counted.
const LARGE: u64 = 256 << 10;

/// How a job ended, and when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Receipt {
    /// Seconds since 1970 UTC.
    pub ended: i64,
    /// The program's run it belongs to: a job that is tried again has a receipt for each end, and
    /// the last one of a run is the one that counts.
    pub run: u64,
    /// How it ended.
    #[serde(flatten)]
    pub summary: Summary,
}

fn path(dir: &Path) -> PathBuf {
    dir.join("history.jsonl")
}

/// Appends a receipt; makes directory and file where they are missing, for the user alone.
pub fn append(dir: &Path, receipt: &Receipt) -> io::Result<()> {
    fs::create_dir_all(dir)?;
    let mut line = serde_json::to_vec(receipt)?;
    line.push(b'\n');
    let mut file = locked(&path(dir))?;
    // A write that was cut short by a crash must not swallow this line as well.
    if ends_in_mid_line(&mut file)? {
        line.insert(0, b'\n');
    }
    file.write_all(&line)?;
    if file.metadata()?.len() >= LARGE {
        cut(dir, &mut file)?;
    }
    Ok(())
}

/// The file, open for appending and locked; another program may have replaced it meanwhile.
fn locked(path: &Path) -> io::Result<File> {
    loop {
        let file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .mode(0o600)
            .open(path)?;
        flock(&file, FlockOperation::LockExclusive)?;
        let mine = file.metadata()?;
        match fs::metadata(path) {
            Ok(there) if (there.dev(), there.ino()) == (mine.dev(), mine.ino()) => return Ok(file),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
}

fn ends_in_mid_line(file: &mut File) -> io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(false);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

/// Keeps the last receipts once there are twice as many as are kept. The old file stays whole
/// until the new one has its name.
fn cut(dir: &Path, file: &mut File) -> io::Result<()> {
    file.seek(SeekFrom::Start(0))?;
    let lines: Vec<Vec<u8>> = BufReader::new(&*file)
        .split(b'\n')
        .collect::<io::Result<_>>()?;
    if lines.len() < 2 * KEPT {
        return Ok(());
    }
    let new = dir.join(format!("history.jsonl.{}", std::process::id()));
    let mut kept = lines[lines.len() - KEPT..].join(&b'\n');
    kept.push(b'\n');
    let mut out = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&new)?;
    out.write_all(&kept)?;
    out.sync_all()?;
    fs::rename(&new, path(dir))
}

/// The receipts, the newest first, the last of each job of a run; and how many lines could not be
/// read. No file is no receipts.
pub fn read(dir: &Path) -> io::Result<(Vec<Receipt>, usize)> {
    let file = match File::open(path(dir)) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((Vec::new(), 0)),
        Err(error) => return Err(error),
    };
    let mut receipts: Vec<Receipt> = Vec::new();
    let mut unread = 0;
    for line in BufReader::new(file).split(b'\n') {
        let line = line?;
        if line.is_empty() {
            continue;
        }
        match serde_json::from_slice(&line) {
            Ok(receipt) => receipts.push(receipt),
            Err(_) => unread += 1,
        }
    }
    receipts.reverse();
    let mut seen = std::collections::HashSet::new();
    receipts.retain(|receipt| seen.insert((receipt.run, receipt.summary.job)));
    Ok((receipts, unread))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::{BytePath, JobId, JobState, SummaryFiles};

    fn receipt(run: u64, job: u64, copied: u64) -> Receipt {
        Receipt {
            ended: 1_763_650_800,
            run,
            summary: Summary {
                job: JobId(job),
                source: BytePath::from_bytes(b"/src/odd \xff \x1b[2J\nname"),
                sources: 1,
                dest: BytePath::from("/dst"),
                state: JobState::Done,
                dry_run: false,
                files: SummaryFiles {
                    copied,
                    ..SummaryFiles::default()
                },
                dirs: 1,
                bytes_copied: 5,
                bytes_cloned: 0,
                elapsed_seconds: 1.5,
                bytes_per_second: 3,
                strategies: Vec::new(),
                notices: Vec::new(),
            },
        }
    }

    #[test]
    fn receipts_come_back_the_newest_first_and_the_last_of_each_job() {
        let dir = tempfile::tempdir().expect("a directory");
        let dir = dir.path().join("made/when/needed");
        assert_eq!(read(&dir).expect("read").0, []);
        for (run, job, copied) in [(1, 1, 1), (1, 2, 2), (2, 1, 3), (1, 2, 4)] {
            append(&dir, &receipt(run, job, copied)).expect("appended");
        }
        let (back, unread) = read(&dir).expect("read");
        let told: Vec<u64> = back.iter().map(|one| one.summary.files.copied).collect();
        assert_eq!((told, unread), (vec![4, 3, 1], 0));
        assert_eq!(
            back[2],
            receipt(1, 1, 1),
            "odd names come back byte by byte"
        );
        let mode = fs::metadata(path(&dir)).expect("there").mode() & 0o777;
        assert_eq!(mode, 0o600);
    }

    #[test]
    fn what_cannot_be_read_is_left_out_and_hurts_nothing_after_it() {
        let dir = tempfile::tempdir().expect("a directory");
        let dir = dir.path();
        append(dir, &receipt(1, 1, 1)).expect("appended");
        let mut text = fs::read(path(dir)).expect("there");
        text.extend_from_slice(b"not json\n\xff\xfe\n{\"ended\":1}\n{\"ended\":17,\"ru");
        fs::write(path(dir), text).expect("written");
        append(dir, &receipt(1, 2, 2)).expect("appended");
        let (back, unread) = read(dir).expect("read");
        assert_eq!((back.len(), unread), (2, 4));
        // What a later program adds is no trouble.
        let mut text = fs::read_to_string(path(dir)).unwrap_or_default();
        if text.is_empty() {
            text = String::from_utf8_lossy(&fs::read(path(dir)).expect("there")).into_owned();
        }
        fs::write(
            path(dir),
            text.replace("{\"ended\"", "{\"novel\":[1],\"ended\""),
        )
        .expect("written");
        assert_eq!(read(dir).expect("read").0.len(), 2);
    }

    #[test]
    fn the_file_stays_bounded() {
        let dir = tempfile::tempdir().expect("a directory");
        let line = serde_json::to_string(&receipt(1, 1, 1)).expect("made");
        let many: Vec<String> = (0..3 * KEPT as u64)
            .map(|job| line.replace("\"job\":1", &format!("\"job\":{job}")))
            .collect();
        fs::write(path(dir.path()), many.join("\n")).expect("written");
        append(dir.path(), &receipt(2, 7, 7)).expect("appended");
        let (back, unread) = read(dir.path()).expect("read");
        assert_eq!((back.len(), unread), (KEPT, 0));
        assert_eq!(back[0].run, 2, "the newest is kept");
        assert_eq!(fs::read_dir(dir.path()).expect("listed").count(), 1);
    }

    #[test]
    fn two_programs_may_write_at_a_time() {
        let dir = tempfile::tempdir().expect("a directory");
        let dir = dir.path();
        std::thread::scope(|scope| {
            for run in 0..4 {
                scope.spawn(move || {
                    for job in 0..50 {
                        append(dir, &receipt(run, job, 1)).expect("appended");
                    }
                });
            }
        });
        let (back, unread) = read(dir).expect("read");
        assert_eq!((back.len(), unread), (200, 0));
    }
}
