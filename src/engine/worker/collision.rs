//! Two entries that come to one name: because the destination takes two spellings for one (it
//! ignores case, or normalises), or because two sources are merged into one directory. The second
//! is refused, whatever the policy: what this very job copied is never replaced by it.

use super::Worker;
use crate::engine::failure::{Trouble, dest};
use crate::engine::resolve;
use crate::engine::tree::{DirFds, Slice};
use crate::proto::{ErrorClass, JobSpec, Op, Side};
use crate::sys::{Errno, Kind, Stat, Sys};
use crate::text;
use std::collections::HashSet;
use std::ffi::{CStr, CString};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Mutex, PoisonError};

/// Bytes for one `getdents64`; a directory is looked through only after a name was found taken.
const LIST_BUFFER: usize = 32 * 1024;

/// What a job created, by device and inode, where several sources are merged into one directory.
/// Grows with the files of such a job, and is not kept for others.
#[derive(Debug, Default)]
pub struct Created(Mutex<HashSet<(u64, u64)>>);

impl Created {
    /// For a job that needs it: a source given as `dir/.` among others.
    pub fn of(spec: &JobSpec) -> Option<Self> {
        // A path that is none is refused by the scan.
        let merged =
            |path| resolve::origin(path).is_ok_and(|origin| origin.name.as_c_str() == c".");
        (spec.sources.len() > 1 && spec.sources.iter().any(merged)).then(Self::default)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashSet<(u64, u64)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Worker {
    /// Refuses to replace what this job itself copied, and what has the name only because the
    /// destination takes another spelling for it.
    pub(super) fn may_replace(
        &self,
        slice: &Slice,
        index: usize,
        fds: &DirFds,
        there: &Stat,
    ) -> Result<(), Trouble> {
        if let Some(created) = &self.shared.created
            && created.lock().contains(&(there.dev, there.ino))
        {
            return Err(refusal(
                "another source of this job was copied to this name",
            ));
        }
        if self.leads_to(slice, index, fds, there) {
            return Err(refusal("the source is a link to it"));
        }
        match bound(slice, index, fds) {
            Some(bound) => bound.refuse_if_folded(&*self.shared.sys, there),
            None => Ok(()),
        }
    }

    /// True for a link that leads to `there`: in its place it would lead to itself, and what it led
    /// to would be gone.
    fn leads_to(&self, slice: &Slice, index: usize, fds: &DirFds, there: &Stat) -> bool {
        let (entry, name, _) = slice.entry(index);
        // A link that cannot be followed leads to nothing that could be lost.
        entry.kind == Kind::Link
            && there.kind != Kind::Link
            && self
                .shared
                .sys
                .stat_followed(fds.src(), name)
                .is_ok_and(|found| found.same_inode(there))
    }

    /// After a name was found taken that was free before.
    pub(super) fn may_be_taken(
        &self,
        slice: &Slice,
        index: usize,
        fds: &DirFds,
    ) -> Result<(), Trouble> {
        match bound(slice, index, fds) {
            Some(bound) => bound.refuse_if_taken_by_twin(&*self.shared.sys),
            None => Ok(()),
        }
    }

    /// The same for a name that is about to be replaced, looked at again.
    pub(super) fn may_still_replace(
        &self,
        slice: &Slice,
        index: usize,
        fds: &DirFds,
    ) -> Result<(), Trouble> {
        if self.shared.created.is_none() {
            return Ok(());
        }
        let (_, _, name) = slice.entry(index);
        match self.shared.sys.stat_at(fds.dst(), name) {
            Ok(there) => self.may_replace(slice, index, fds, &there),
            Err(Errno::NOENT) => Ok(()),
            Err(errno) => Err(Trouble::kernel(Op::Stat, Side::Dest, errno)),
        }
    }

    /// Remembers what has just been given this name.
    pub(super) fn remember(&self, dir: BorrowedFd<'_>, name: &CStr) -> Result<(), Trouble> {
        let Some(created) = &self.shared.created else {
            return Ok(());
        };
        let there = self.shared.sys.stat_at(dir, name).map_err(dest(Op::Stat))?;
        created.lock().insert((there.dev, there.ino));
        Ok(())
    }
}

/// `None` for an entry that gets another name than it has: nothing beside it in the source says
/// anything of that name.
fn bound<'a>(slice: &'a Slice, index: usize, fds: &'a DirFds) -> Option<Bound<'a>> {
    let (_, own, name) = slice.entry(index);
    (own == name).then(|| Bound {
        src: fds.src(),
        dst: fds.dst(),
        name,
    })
}

/// An entry of the source by the name it has there, and the directory it goes to.
#[derive(Clone, Copy, Debug)]
pub struct Bound<'a> {
    /// The source's directory.
    pub src: BorrowedFd<'a>,
    /// The destination's.
    pub dst: BorrowedFd<'a>,
    /// The name, in both.
    pub name: &'a CStr,
}

impl Bound<'_> {
    /// After the name was found taken that nothing had before: refuses where another entry of the
    /// source has it, by another spelling.
    pub fn refuse_if_taken_by_twin(self, sys: &dyn Sys) -> Result<(), Trouble> {
        let there = match sys.stat_at(self.dst, self.name) {
            Ok(there) => there,
            // It came and went.
            Err(Errno::NOENT) => return Ok(()),
            Err(errno) => return Err(Trouble::kernel(Op::Stat, Side::Dest, errno)),
        };
        match self.twin(sys, &there)? {
            // Two names of one inode look the same from here; the listing tells them apart.
            Some(twin) if there.nlink == 1 || !self.has(sys, &[self.name, &twin])? => {
                Err(self.refusal(&twin))
            }
            _ => Ok(()),
        }
    }

    /// Before `there` is replaced: refuses where the directory ignores case, `there` goes by
    /// another spelling, and the source has both. Costs one look where case counts.
    pub fn refuse_if_folded(self, sys: &dyn Sys, there: &Stat) -> Result<(), Trouble> {
        let Some(swapped) = swapped_case(self.name) else {
            return Ok(());
        };
        match sys.stat_at(self.dst, &swapped) {
            Ok(stat) if stat.same_inode(there) => match self.twin(sys, there)? {
                Some(twin) if !self.has(sys, &[self.name])? => Err(self.refusal(&twin)),
                _ => Ok(()),
            },
            // A spelling the file system does not allow is no other name of it.
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// Another name in the source that leads to `there` at the destination.
    fn twin(self, sys: &dyn Sys, there: &Stat) -> Result<Option<CString>, Trouble> {
        let folded = |name: &CStr| name.to_string_lossy().to_lowercase();
        let wanted = folded(self.name);
        let mut alike = Vec::new();
        each_name(sys, self.src, Side::Source, &mut |name| {
            // What is not ASCII may be normalised in ways that only the destination knows.
            let may_be = folded(name) == wanted
                || !(name.to_bytes().is_ascii() || self.name.to_bytes().is_ascii());
            if may_be && name != self.name {
                alike.push(name.to_owned());
            }
        })?;
        // A name that the destination does not have, or does not allow, leads nowhere.
        let leads_there = |name: &CString| {
            sys.stat_at(self.dst, name)
                .is_ok_and(|stat| stat.same_inode(there))
        };
        Ok(alike.into_iter().find(leads_there))
    }

    /// True when the destination lists all of these, letter for letter.
    fn has(self, sys: &dyn Sys, names: &[&CStr]) -> Result<bool, Trouble> {
        let mut found = 0;
        each_name(sys, self.dst, Side::Dest, &mut |name| {
            found += usize::from(names.contains(&name));
        })?;
        Ok(found >= names.len())
    }

    fn refusal(self, twin: &CStr) -> Trouble {
        let (twin, name) = (
            text::shown(twin.to_bytes()),
            text::shown(self.name.to_bytes()),
        );
        refusal(&format!(
            "'{twin}' and '{name}' are one name at the destination"
        ))
    }
}

fn each_name(
    sys: &dyn Sys,
    dir: BorrowedFd<'_>,
    side: Side,
    each: &mut dyn FnMut(&CStr),
) -> Result<(), Trouble> {
    let trouble = |errno| Trouble::kernel(Op::List, side, errno);
    // A position of its own: the scan may be reading the same directory.
    let listing = match sys.open_dir(dir, c".") {
        Ok(listing) => listing,
        // Who may not list it cannot be told: the policy decides.
        Err(Errno::ACCESS) => return Ok(()),
        Err(errno) => return Err(trouble(errno)),
    };
    let mut buffer = vec![MaybeUninit::uninit(); LIST_BUFFER];
    while sys
        .list(listing.as_fd(), &mut buffer, &mut |child| each(child.name))
        .map_err(trouble)?
    {}
    Ok(())
}

/// The name with the case of each letter changed; `None` where that changes nothing.
fn swapped_case(name: &CStr) -> Option<CString> {
    let text = name.to_str().ok()?;
    let mut swapped = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_lowercase() {
            swapped.extend(letter.to_uppercase());
        } else {
            swapped.extend(letter.to_lowercase());
        }
    }
    (swapped != text).then(|| CString::new(swapped).ok())?
}

fn refusal(words: &str) -> Trouble {
    Trouble::own(Op::Compare, Side::Dest, ErrorClass::Refused, words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_spelling_is_made_where_there_is_one() {
        let swapped = |name: &CStr| swapped_case(name);
        assert_eq!(swapped(c"Shot_a.EXR").as_deref(), Some(c"sHOT_A.exr"));
        assert_eq!(
            swapped(c"\xc3\xa9t\xc3\xa9").as_deref(),
            Some(c"\xc3\x89T\xc3\x89")
        );
        assert_eq!(swapped(c"1001"), None);
        assert_eq!(swapped(c"\xff"), None);
    }
}
