//! Hard links within a job: the first name of an inode is copied, the others become links to it.
//!
//! Shared by the workers. A group is remembered only until all its names are linked, so memory
//! follows the links that are still open, not the files. Names outside the tree, or left out by a
//! pattern, keep their group open to the end of the job.

use super::tree::{Dir, Slice};
use crate::proto::FileId;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ffi::CString;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// An inode: device and number.
pub type Inode = (u64, u64);

/// A name that waits for the first one of its inode.
pub type Waiting = (Arc<Slice>, usize);

/// What a worker is to do with a name of an inode that has several.
#[derive(Debug)]
pub enum Part {
    /// Copy it: it is the first.
    Lead,
    /// Nothing: it will be handed to the worker that copies the first.
    Wait,
    /// Link it to this name at the destination.
    Link(Arc<Dir>, CString),
}

#[derive(Debug)]
enum State {
    Copying {
        leader: FileId,
        waiting: Vec<Waiting>,
    },
    Copied(Arc<Dir>, CString),
}

#[derive(Debug)]
struct Group {
    /// Names not met yet, or met and not linked.
    left: u64,
    state: State,
}

/// The open groups of a job.
#[derive(Debug, Default)]
pub struct Links {
    groups: Mutex<HashMap<Inode, Group>>,
}

impl Links {
    fn lock(&self) -> MutexGuard<'_, HashMap<Inode, Group>> {
        // Held for a look-up; a panic in between leaves a whole map.
        self.groups.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A name of an inode that has `names` of them.
    pub fn meet(&self, inode: Inode, names: u64, slice: &Arc<Slice>, index: usize) -> Part {
        let mut groups = self.lock();
        match groups.entry(inode) {
            Entry::Vacant(vacant) => {
                let state = State::Copying {
                    leader: slice.id(index),
                    waiting: Vec::new(),
                };
                vacant.insert(Group {
                    left: names.saturating_sub(1),
                    state,
                });
                Part::Lead
            }
            Entry::Occupied(mut occupied) => {
                let group = occupied.get_mut();
                match &mut group.state {
                    // The leader itself, begun again.
                    State::Copying { leader, .. } if *leader == slice.id(index) => Part::Lead,
                    State::Copying { waiting, .. } => {
                        group.left = group.left.saturating_sub(1);
                        waiting.push((slice.clone(), index));
                        Part::Wait
                    }
                    State::Copied(dir, name) => Part::Link(dir.clone(), name.clone()),
                }
            }
        }
    }

    /// A name was linked. One that could not be keeps its group: it may be tried again, and is then
    /// to find what was copied.
    pub fn linked(&self, inode: Inode) {
        if let Entry::Occupied(mut occupied) = self.lock().entry(inode) {
            let group = occupied.get_mut();
            group.left = group.left.saturating_sub(1);
            if group.left == 0 {
                occupied.remove();
            }
        }
    }

    /// The copy that was to be linked to cannot be: this name leads from here on.
    pub fn lead_anew(&self, inode: Inode, leader: FileId) {
        if let Some(group) = self.lock().get_mut(&inode)
            && matches!(group.state, State::Copied(..))
        {
            group.left = group.left.saturating_sub(1);
            group.state = State::Copying {
                leader,
                waiting: Vec::new(),
            };
        }
    }

    /// A name has ended. Where it led, the others that wait for it are returned: to be linked when
    /// it is at the destination as `copied`, else to find a new leader among themselves.
    pub fn ended(
        &self,
        inode: Inode,
        id: FileId,
        copied: Option<(&Arc<Dir>, CString)>,
    ) -> Vec<Waiting> {
        let mut groups = self.lock();
        let Entry::Occupied(mut occupied) = groups.entry(inode) else {
            return Vec::new();
        };
        let group = occupied.get_mut();
        let State::Copying { leader, waiting } = &mut group.state else {
            return Vec::new();
        };
        if *leader != id {
            return Vec::new();
        }
        let waiting = std::mem::take(waiting);
        // Those that wait will be met once more.
        group.left += waiting.len() as u64;
        match copied {
            Some((dir, name)) if group.left > 0 => group.state = State::Copied(dir.clone(), name),
            _ => {
                occupied.remove();
            }
        }
        waiting
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::open::{DirFds, OpenPairs};
    use crate::engine::route::Route;
    use crate::engine::tree::{Place, Rules, SliceBuilder};
    use crate::sys::{FsKind, Real, Sys};
    use std::os::fd::AsFd;
    use std::path::{Path, PathBuf};

    /// A slice of names, all of one inode.
    fn names(count: usize) -> Arc<Slice> {
        let root = || Real.open_root(Path::new("/")).expect("there is a root");
        let stat = Real.stat(root().as_fd()).expect("known");
        let place = Place {
            src_path: PathBuf::new(),
            dst_path: PathBuf::new(),
            inodes: None,
        };
        let route = Arc::new(Route::new(1, 1, FsKind(0), FsKind(0)));
        let fds = DirFds::new(root(), root(), &OpenPairs::new(8));
        let mut builder =
            SliceBuilder::new(Dir::place(Arc::new(place), fds, route, Rules::default()));
        for number in 0..count {
            let name = CString::new(format!("n{number}")).expect("no zero byte");
            builder.push(&name, &stat);
        }
        builder.take(&mut 0).expect("a slice of them")
    }

    /// A copied file's other names come before, and after, it has its own.
    #[test]
    fn an_inode_is_forgotten_with_the_last_of_its_names() {
        const NAMES: usize = 5;
        let slice = names(NAMES);
        for early in 0..NAMES {
            let links = Links::default();
            for inode in 0..1000 {
                let inode = (7, inode);
                let meet = |at| links.meet(inode, NAMES as u64, &slice, at);
                assert!(matches!(meet(0), Part::Lead));
                for at in 1..=early {
                    assert!(matches!(meet(at), Part::Wait));
                }
                let copied = Some((&slice.dir, c"n0".to_owned()));
                let waited = links.ended(inode, slice.id(0), copied);
                assert_eq!(waited.len(), early);
                for at in 1..NAMES {
                    assert!(matches!(meet(at), Part::Link(..)));
                    links.linked(inode);
                }
            }
            assert!(links.lock().is_empty(), "{early} of them early");
        }
    }
}
