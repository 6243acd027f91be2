//! Other programs that copy trees, and how each is asked to do its best at what haul does.
//!
//! Only those found on `PATH` are measured. Each is asked to keep as much as it can, because that
//! is what haul does; what it does not keep the judge says.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The word that stands for the source in a command.
pub const SOURCE: &str = "SOURCE";

/// The word that stands for the copy, which does not exist when the command begins.
pub const COPY: &str = "COPY";

/// A way to copy with another program.
struct Known {
    name: &'static str,
    program: &'static str,
    words: &'static [&'static str],
    /// Further words for trees of holes.
    for_holes: &'static [&'static str],
}

const PYTHON: &str = "import shutil, sys; shutil.copytree(sys.argv[1], sys.argv[2], symlinks=True)";

const KNOWN: [Known; 11] = [
    Known {
        name: "cp",
        program: "cp",
        words: &["-a", SOURCE, COPY],
        for_holes: &[],
    },
    Known {
        name: "rsync",
        program: "rsync",
        words: &["-aHAX", "SOURCE/", COPY],
        for_holes: &["-S"],
    },
    Known {
        name: "xcp",
        program: "xcp",
        words: &["-r", "-T", SOURCE, COPY],
        for_holes: &[],
    },
    Known {
        name: "fcp",
        program: "fcp",
        words: &[SOURCE, COPY],
        for_holes: &[],
    },
    Known {
        name: "cpz",
        program: "cpz",
        words: &[SOURCE, COPY],
        for_holes: &[],
    },
    Known {
        name: "rclone",
        program: "rclone",
        words: &[
            "copy",
            "-q",
            "--config",
            "",
            "--links",
            "--metadata",
            "--create-empty-src-dirs",
            "--transfers",
            "8",
            SOURCE,
            COPY,
        ],
        for_holes: &[],
    },
    Known {
        name: "syq",
        program: "syq",
        words: &["cp", "--preserve=times,permissions", SOURCE, "--as", COPY],
        for_holes: &[],
    },
    Known {
        name: "rcp",
        program: "rcp",
        words: &["--preserve-settings=all+acl", SOURCE, COPY],
        for_holes: &[],
    },
    Known {
        name: "cpx",
        program: "cpx",
        // A directory named without the point is copied to below the other one.
        words: &["copy", "--no-config", "-a", "SOURCE/.", COPY],
        for_holes: &[],
    },
    Known {
        name: "ripsync",
        program: "ripsync",
        words: &[
            "-q",
            "--no-tui",
            // Else it leaves a file of its own in the copy.
            "--no-index",
            "-H",
            "--xattrs",
            "--acls",
            "--owner",
            "--group",
            SOURCE,
            COPY,
        ],
        // With `-S` its 1.2.0 leaves out the hole at a file's end, which makes the file shorter.
        for_holes: &[],
    },
    Known {
        name: "shutil",
        program: "python3",
        words: &["-c", PYTHON, SOURCE, COPY],
        for_holes: &[],
    },
];

/// Another program that is installed.
#[derive(Clone, Debug)]
pub struct Peer {
    /// Its name in reports.
    pub name: &'static str,
    /// Its version, as it says.
    pub version: Option<String>,
    /// What to run, [`SOURCE`] and [`COPY`] standing for the trees.
    pub words: Vec<OsString>,
    /// Further words for trees of holes, before all others.
    pub for_holes: &'static [&'static str],
}

/// The names of all peers that are known.
pub fn names() -> Vec<&'static str> {
    KNOWN.iter().map(|known| known.name).collect()
}

/// Those that are installed, of the ones named, or of all.
pub fn installed(named: Option<&[String]>) -> Vec<Peer> {
    let wanted =
        |known: &&Known| named.is_none_or(|named| named.iter().any(|one| one == known.name));
    KNOWN
        .iter()
        .filter(wanted)
        .filter_map(|known| {
            let mut program = found(known.program)?;
            if known.program == "python3" {
                // What is on PATH may be a script that looks for the interpreter each time.
                let said = first_line(&program, &["-c", "import sys; print(sys.executable)"]);
                program = said.map(PathBuf::from).filter(|path| path.is_file())?;
            }
            let mut words = vec![program.clone().into_os_string()];
            words.extend(known.words.iter().map(OsString::from));
            Some(Peer {
                name: known.name,
                version: version(&program),
                words,
                for_holes: known.for_holes,
            })
        })
        .collect()
}

fn found(program: &str) -> Option<PathBuf> {
    let paths = env::var_os("PATH")?;
    env::split_paths(&paths)
        .map(|dir| dir.join(program))
        .find(|path| {
            fs::metadata(path)
                .is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
        })
}

fn first_line(program: &Path, words: &[&str]) -> Option<String> {
    let output = Command::new(program)
        .args(words)
        .stdin(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().next().map(|line| line.trim().to_owned())
}

/// The first word with a digit and a point in what it says of its version.
fn version(program: &Path) -> Option<String> {
    let line = first_line(program, &["--version"])?;
    line.split([' ', ','])
        .map(|word| word.trim_start_matches('v'))
        .find(|word| word.starts_with(|first: char| first.is_ascii_digit()) && word.contains('.'))
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_peer_is_told_where_from_and_where_to() {
        for known in &KNOWN {
            let has = |word: &str| known.words.iter().any(|one| one.starts_with(word));
            assert!(has(SOURCE) && has(COPY), "{}", known.name);
        }
    }

    #[test]
    fn what_is_installed_is_found_and_what_was_not_named_is_not() {
        let named = ["cp".to_owned(), "no such".to_owned()];
        let peers = installed(Some(&named));
        assert_eq!(peers.len(), 1);
        assert_eq!(peers[0].name, "cp");
        assert!(Path::new(&peers[0].words[0]).is_absolute());
        assert!(installed(Some(&[])).is_empty());
        assert_eq!(found("no such program"), None);
    }
}
