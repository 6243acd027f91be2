//! From the kernel's number to a failure a person can act on.

use super::threads::panic_words;
use crate::proto::{BytePath, ErrorClass, Failure, FileId, Op, Side};
use crate::sys::{Errno, Kind, Sys};
use std::os::fd::BorrowedFd;

/// What kind of trouble an error number is while doing `op` (numbers: errno(3)).
pub fn classify(errno: Errno, op: Op) -> ErrorClass {
    match errno {
        Errno::NOSPC | Errno::DQUOT => ErrorClass::Space,
        Errno::ACCESS | Errno::PERM | Errno::ROFS => ErrorClass::Permission,
        Errno::NOENT if matches!(op, Op::Open | Op::Stat | Op::List | Op::Read) => {
            ErrorClass::Vanished
        }
        // A temporary of ours that is gone: another run took it for an orphan, or somebody tidied.
        Errno::NOENT if op == Op::Rename => ErrorClass::Transient,
        Errno::LOOP | Errno::NOTDIR if matches!(op, Op::Open | Op::List) => ErrorClass::Changed,
        Errno::INTR
        | Errno::AGAIN
        | Errno::STALE
        | Errno::MFILE
        | Errno::NFILE
        | Errno::NOMEM
        | Errno::NOBUFS
        | Errno::TIMEDOUT => ErrorClass::Transient,
        Errno::NOSYS | Errno::OPNOTSUPP | Errno::NOTTY | Errno::XDEV => ErrorClass::Unsupported,
        Errno::IO | Errno::NXIO | Errno::NODEV | Errno::SHUTDOWN => ErrorClass::Device,
        _ => ErrorClass::Other,
    }
}

/// A directory is to be where something else is.
pub fn no_directory_there() -> Trouble {
    let words = "something that is no directory has the name, so nothing below it is copied; a link is not followed";
    Trouble::own(Op::MakeDir, Side::Dest, ErrorClass::Refused, words)
}

/// Only a temporary, which would stay for ever, could become what is to be in a directory.
pub fn only_grows() -> Trouble {
    let words =
        "the directory is append-only (chattr +a): nothing in it can be replaced or renamed";
    Trouble::own(Op::Create, Side::Dest, ErrorClass::Permission, words)
}

/// Something else is to be where a directory is.
pub fn directory_there(kind: Kind) -> Trouble {
    let words = format!("cannot replace a directory with a {}", kind.word());
    Trouble::own(Op::Compare, Side::Dest, ErrorClass::Refused, words)
}

/// The reason in words: what a person would say first, then the kernel's number.
pub fn reason(errno: Errno) -> String {
    let words = match errno {
        Errno::NOSPC => "no space left on the device",
        Errno::DQUOT => "disk quota exceeded",
        Errno::ACCESS => "permission denied",
        Errno::PERM => "operation not permitted",
        Errno::ROFS => "read-only file system",
        Errno::NOENT => "no such file or directory",
        Errno::LOOP => "is a symbolic link now, or too many links",
        Errno::NOTDIR => "not a directory",
        Errno::ISDIR => "is a directory",
        Errno::EXIST => "exists already",
        Errno::IO => "input/output error",
        Errno::XDEV => "not possible between two file systems",
        Errno::OPNOTSUPP | Errno::NOTTY | Errno::NOSYS => "not supported by the file system",
        Errno::NAMETOOLONG => "file name too long",
        Errno::FBIG => "file too large for the file system or the limit",
        Errno::STALE => "stale network file handle",
        Errno::MFILE | Errno::NFILE => "too many open files",
        Errno::TXTBSY => "file is a program that is running",
        _ => {
            let text = std::io::Error::from_raw_os_error(errno.raw_os_error()).to_string();
            return text.to_lowercase();
        }
    };
    format!("{words} (os error {})", errno.raw_os_error())
}

/// Something that failed, not yet tied to a job's path: what workers pass around.
#[derive(Clone, Debug)]
pub struct Trouble {
    /// What was being done.
    pub op: Op,
    /// On which side.
    pub side: Side,
    /// What kind.
    pub class: ErrorClass,
    /// The kernel's number, where it spoke.
    pub errno: Option<Errno>,
    /// Offset in bytes.
    pub offset: Option<u64>,
    /// Words, where the number does not say it.
    pub words: Option<String>,
    /// A temporary could not be removed, which the words say: another attempt must not hide it.
    pub left_behind: bool,
}

impl Trouble {
    /// The kernel refused.
    pub fn kernel(op: Op, side: Side, errno: Errno) -> Self {
        Self {
            op,
            side,
            class: classify(errno, op),
            errno: Some(errno),
            offset: None,
            words: None,
            left_behind: false,
        }
    }

    /// haul itself refuses or noticed something.
    pub fn own(op: Op, side: Side, class: ErrorClass, words: impl Into<String>) -> Self {
        Self {
            op,
            side,
            class,
            errno: None,
            offset: None,
            words: Some(words.into()),
            left_behind: false,
        }
    }

    /// A defect of haul's own, by what the panic says.
    pub fn defect(panic: &(dyn std::any::Any + Send)) -> Self {
        let words = panic_words(panic);
        Self::own(Op::Copy, Side::Dest, ErrorClass::Other, words)
    }

    /// At this offset.
    pub fn at(mut self, offset: u64) -> Self {
        self.offset = Some(offset);
        self
    }

    /// With these words in place of the kernel's.
    pub fn words(mut self, words: impl Into<String>) -> Self {
        self.words = Some(words.into());
        self
    }

    /// As stored and listed.
    pub fn failure(self, file: Option<FileId>, path: BytePath) -> Failure {
        Failure {
            file,
            op: self.op,
            side: self.side,
            path,
            errno: self.errno.map(Errno::raw_os_error),
            offset: self.offset,
            class: self.class,
            reason: match (self.words, self.errno) {
                (Some(words), _) => words,
                (None, Some(errno)) => reason(errno),
                (None, None) => "unknown".to_owned(),
            },
            below: 0,
        }
    }
}

/// True when this process, or the system, may open no further file at the moment.
pub fn is_out_of_files(trouble: &Trouble) -> bool {
    matches!(trouble.errno, Some(Errno::MFILE | Errno::NFILE))
}

/// The kernel refused something new in a directory. Where the file system has room and no inodes
/// left, that is said, for removing large files would not help; and where the directory itself was
/// removed, which the kernel tells as anything from "no such file" to "not permitted".
pub fn refused_new(sys: &dyn Sys, dir: BorrowedFd<'_>, op: Op, errno: Errno) -> Trouble {
    let number = errno.raw_os_error();
    // Where the file system does not tell, the kernel's own words are given.
    let out_of_inodes = || {
        sys.space(dir)
            .is_ok_and(|space| space.inodes_total > 0 && space.inodes_free == 0)
    };
    let removed = || sys.stat(dir).is_ok_and(|dir| dir.nlink == 0);
    match errno {
        Errno::NOSPC if out_of_inodes() => Trouble::kernel(op, Side::Dest, errno).words(format!(
            "no space left for more files: the file system has no inodes left (os error {number})"
        )),
        Errno::NOENT | Errno::PERM | Errno::STALE if removed() => Trouble {
            // Another attempt would meet the same.
            class: ErrorClass::Vanished,
            ..Trouble::kernel(op, Side::Dest, errno).words(format!(
                "the directory at the destination has gone (os error {number})"
            ))
        },
        _ => Trouble::kernel(op, Side::Dest, errno),
    }
}

/// For `map_err` on a call of the system layer.
pub fn source(op: Op) -> impl Fn(Errno) -> Trouble {
    move |errno| Trouble::kernel(op, Side::Source, errno)
}

/// For `map_err` on a call of the system layer.
pub fn dest(op: Op) -> impl Fn(Errno) -> Trouble {
    move |errno| Trouble::kernel(op, Side::Dest, errno)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::Real;
    use std::os::fd::AsFd;

    /// ENOENT, EPERM: what the kernel says of a new name in a directory that was removed.
    #[test]
    fn a_directory_that_was_removed_is_said_to_have_gone() {
        let parent = tempfile::tempdir().expect("a directory");
        let path = parent.path().join("there");
        std::fs::create_dir(&path).expect("made");
        let dir = Real.open_root(&path).expect("opens");
        let told = |errno| refused_new(&Real, dir.as_fd(), Op::Create, errno);
        assert_eq!(told(Errno::PERM).class, ErrorClass::Permission);
        std::fs::remove_dir(&path).expect("removed");
        for errno in [Errno::PERM, Errno::NOENT] {
            let trouble = told(errno);
            assert_eq!(trouble.class, ErrorClass::Vanished);
            let words = trouble.failure(None, BytePath::default()).reason;
            assert!(
                words.contains("the directory at the destination has gone"),
                "{words}"
            );
        }
        assert_eq!(told(Errno::ROFS).class, ErrorClass::Permission);
    }
}
