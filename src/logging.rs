//! The log: a file below the state directory, written by a thread of its own, never the screen.
//!
//! Callers hand lines to a bounded queue and go on; lines that find it full are dropped and
//! counted. No log is no reason not to copy: whoever calls [`start`] turns its error into a notice.
//! The file is begun anew when it has grown past [`MAX_BYTES`]; one older file is kept.

use crate::config::Level;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tracing::level_filters::LevelFilter;
use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};

/// Bytes after which a new file is begun.
pub const MAX_BYTES: u64 = 8 << 20;

/// Lines that may wait for the disk; beyond it they are dropped and counted, as the copy must not
/// wait for its log. Room for all of them is made and touched at the start (32 bytes a line), so what
/// is said rarely gets little.
const fn max_lines(level: Level) -> usize {
    match level {
        Level::Off | Level::Error | Level::Warn | Level::Info => 1_024,
        Level::Debug | Level::Trace => 16_384,
    }
}

/// The running log. Dropping it writes what still waits.
#[must_use = "the log ends when this is dropped"]
pub struct Log {
    dropped: ErrorCounter,
    failed: Arc<AtomicU64>,
    path: PathBuf,
    _writer: WorkerGuard,
}

impl Log {
    /// Lines that never reached the file: the queue was full, or the file could not be written.
    pub fn lost(&self) -> u64 {
        self.dropped.dropped_lines() as u64 + self.failed.load(Ordering::Relaxed)
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Starts logging to `haul.log` in `dir`, which is made (for its owner alone) if it is missing.
///
/// # Errors
/// The directory or the file cannot be made, or the process already has a log.
pub fn start(level: Level, dir: &Path) -> io::Result<Log> {
    let path = dir.join("haul.log");
    let (writer, failed) = open(dir, &path)?;
    let (writer, guard): (NonBlocking, WorkerGuard) = NonBlockingBuilder::default()
        .lossy(true)
        .buffered_lines_limit(max_lines(level))
        .thread_name("haul-log")
        .finish(writer);
    let dropped = writer.error_counter();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(writer)
        .with_ansi(false)
        // Its own troubles would be printed on the screen.
        .log_internal_errors(false)
        .with_max_level(filter(level))
        .finish();
    tracing::subscriber::set_global_default(subscriber).map_err(io::Error::other)?;
    Ok(Log {
        dropped,
        failed,
        path,
        _writer: guard,
    })
}

fn open(dir: &Path, path: &Path) -> io::Result<(Rolling, Arc<AtomicU64>)> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    let file = open_file(path)?;
    let failed = Arc::new(AtomicU64::new(0));
    let rolling = Rolling {
        written: file.metadata()?.len(),
        file,
        path: path.to_path_buf(),
        failed: Arc::clone(&failed),
    };
    Ok((rolling, failed))
}

fn open_file(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)
}

const fn filter(level: Level) -> LevelFilter {
    match level {
        Level::Off => LevelFilter::OFF,
        Level::Error => LevelFilter::ERROR,
        Level::Warn => LevelFilter::WARN,
        Level::Info => LevelFilter::INFO,
        Level::Debug => LevelFilter::DEBUG,
        Level::Trace => LevelFilter::TRACE,
    }
}

/// The file with its limit. Lives on the log's thread. tracing-appender's own rolling file prints
/// to the screen when it cannot begin a new one.
struct Rolling {
    file: File,
    path: PathBuf,
    written: u64,
    failed: Arc<AtomicU64>,
}

impl Rolling {
    fn roll(&mut self) -> io::Result<()> {
        fs::rename(&self.path, self.path.with_extension("log.1"))?;
        self.file = open_file(&self.path)?;
        self.written = 0;
        Ok(())
    }

    fn append(&mut self, line: &[u8]) -> io::Result<()> {
        if self.written >= MAX_BYTES {
            self.roll()?;
        }
        self.file.write_all(line)?;
        self.written += line.len() as u64;
        Ok(())
    }
}

impl Write for Rolling {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let result = self.append(line);
        if result.is_err() {
            self.failed.fetch_add(1, Ordering::Relaxed);
        }
        result.map(|()| line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_directory_is_private_and_the_file_starts_anew_when_it_is_large() {
        let temp = tempfile::tempdir().expect("a directory");
        let dir = temp.path().join("state/haul");
        let path = dir.join("haul.log");
        let (mut writer, failed) = open(&dir, &path).expect("opens");
        let mode = |path: &Path| fs::metadata(path).expect("exists").permissions().mode() & 0o777;
        assert_eq!((mode(&dir), mode(&path)), (0o700, 0o600));

        writer.write_all(b"first\n").expect("writes");
        writer.written = MAX_BYTES;
        writer.write_all(b"second\n").expect("writes");
        assert_eq!(fs::read(&path).expect("reads"), b"second\n");
        assert_eq!(fs::read(dir.join("haul.log.1")).expect("reads"), b"first\n");

        fs::remove_dir_all(&dir).expect("removes");
        writer.written = MAX_BYTES;
        assert!(writer.write(b"third\n").is_err());
        assert_eq!(failed.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn a_place_that_cannot_be_written_is_an_error_and_no_panic() {
        assert!(start(Level::Info, Path::new("/proc/nowhere")).is_err());
    }
}
