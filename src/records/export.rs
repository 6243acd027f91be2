//! A list of failures as a text file, for a ticket or a colleague.

use crate::proto::Failure;
use crate::text;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// A list that is being written.
#[derive(Debug)]
pub struct Export {
    path: PathBuf,
    out: BufWriter<File>,
}

impl Export {
    /// Begins a list in `dir`, under a name that is free.
    pub fn begin(dir: &Path, name: &str) -> io::Result<Self> {
        fs::create_dir_all(dir)?;
        let mut number = 1;
        loop {
            let name = match number {
                1 => format!("{name}.txt"),
                _ => format!("{name}-{number}.txt"),
            };
            let path = dir.join(name);
            let made = OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&path);
            match made {
                Ok(file) => {
                    let out = BufWriter::new(file);
                    return Ok(Self { path, out });
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && number < 10_000 => {
                    number += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// A line a failure: class, operation, path with everything odd made visible, reason.
    pub fn write(&mut self, failures: &[Failure]) -> io::Result<()> {
        for failure in failures {
            writeln!(
                self.out,
                "{}\t{}\t{}\t{}",
                failure.class.word(),
                failure.op.verb(),
                text::shown(failure.path.as_bytes()),
                text::shown(failure.told().as_bytes()),
            )?;
        }
        Ok(())
    }

    /// Ends the list; where it is.
    pub fn end(mut self) -> io::Result<PathBuf> {
        self.out.flush()?;
        Ok(self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::{BytePath, ErrorClass, Op, Side};

    #[test]
    fn a_list_has_a_line_a_failure_and_no_raw_name() {
        let dir = tempfile::tempdir().expect("a directory");
        let failure = Failure {
            file: None,
            op: Op::Open,
            side: Side::Source,
            path: BytePath::from_bytes(b"/a/\x1b[2J\nb"),
            errno: Some(13),
            offset: None,
            class: ErrorClass::Permission,
            reason: "Permission denied".to_owned(),
            below: 0,
        };
        let mut paths = Vec::new();
        for _ in 0..2 {
            let mut export = Export::begin(dir.path(), "errors-job-7").expect("made");
            export
                .write(&[failure.clone(), failure.clone()])
                .expect("written");
            paths.push(export.end().expect("ended"));
        }
        assert_ne!(paths[0], paths[1], "an older list is left alone");
        let text = fs::read_to_string(&paths[1]).expect("there");
        let line = "permission\topen\t/a/\\x1b[2J\\nb\tPermission denied\n";
        assert_eq!(text, line.repeat(2));
    }
}
