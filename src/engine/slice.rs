//! Slices: some entries of one directory, the unit in which work travels from the scan to the workers.
//!
//! Owns how entries are packed and numbered. Never looks at a file; what is to be done with an entry
//! is the worker's matter. Built on the scan's thread, read by whichever worker gets it.

use super::tree::Dir;
use crate::proto::FileId;
use crate::sys::{Kind, Stat, Time};
use std::ffi::CStr;
use std::sync::Arc;

/// One entry of a slice, as the scan saw it.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    name_at: u32,
    /// Of the destination's name; the same place where it is the source's.
    dest_at: u32,
    /// What it is.
    pub kind: Kind,
    /// Length in bytes; 0 for anything but a file.
    pub size: u64,
    /// Names the inode has.
    pub links: u32,
    /// Inode number.
    pub ino: u64,
    /// Modification time.
    pub mtime: Time,
}

/// Some entries of one directory: the unit of work, so that one flat directory is shared by all
/// workers and a small file costs no allocation.
#[derive(Debug)]
pub struct Slice {
    /// Their directory.
    pub dir: Arc<Dir>,
    /// The number of the first entry; the others follow.
    pub base: FileId,
    names: Box<[u8]>,
    entries: Box<[Entry]>,
    /// The source argument each entry is, by its index, where the directory is a place.
    sources: Box<[u32]>,
}

impl Slice {
    /// The source argument that the entry at `index` is or is in, by its index.
    pub fn source(&self, index: usize) -> Option<u32> {
        let own = self.sources.get(index).copied();
        self.dir.source().or(own)
    }

    /// True when what it holds is many entries rather than many bytes.
    pub fn is_small(&self) -> bool {
        let bytes = self.entries.iter().map(|entry| entry.size).sum::<u64>();
        bytes < SLICE_BYTES / 4
    }

    /// The entries.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entry at `index` with its source name and destination name.
    pub fn entry(&self, index: usize) -> (Entry, &CStr, &CStr) {
        let entry = self.entries[index];
        let name = |at: u32| CStr::from_bytes_until_nul(&self.names[at as usize..]).unwrap_or(c"");
        (entry, name(entry.name_at), name(entry.dest_at))
    }

    /// The number of the entry at `index`.
    pub fn id(&self, index: usize) -> FileId {
        FileId(self.base.0 + index as u32)
    }
}

/// Entries in one slice at most.
const SLICE_ENTRIES: usize = 16;
/// A slice is closed when it holds so many bytes: files worth some work are shared out singly.
const SLICE_BYTES: u64 = 8 << 20;

/// Collects entries of one directory into slices.
#[derive(Debug)]
pub struct SliceBuilder {
    dir: Arc<Dir>,
    names: Vec<u8>,
    entries: Vec<Entry>,
    sources: Vec<u32>,
    bytes: u64,
}

impl SliceBuilder {
    /// For the entries of `dir`.
    pub fn new(dir: Arc<Dir>) -> Self {
        Self {
            dir,
            names: Vec::new(),
            entries: Vec::new(),
            sources: Vec::new(),
            bytes: 0,
        }
    }

    /// Adds an entry of a directory, which keeps its name; true when the slice should be taken now.
    pub fn push(&mut self, name: &CStr, stat: &Stat) -> bool {
        self.add(name, name, stat)
    }

    /// Adds a source argument that is to have the name `dest`, by its index; true when the slice
    /// should be taken now.
    pub fn push_source(&mut self, source: u32, name: &CStr, dest: &CStr, stat: &Stat) -> bool {
        self.sources.push(source);
        self.add(name, dest, stat)
    }

    fn add(&mut self, name: &CStr, dest: &CStr, stat: &Stat) -> bool {
        let size = if stat.kind == Kind::File {
            stat.size
        } else {
            0
        };
        let name_at = self.names.len() as u32;
        self.names.extend_from_slice(name.to_bytes_with_nul());
        let mut dest_at = name_at;
        if dest != name {
            dest_at = self.names.len() as u32;
            self.names.extend_from_slice(dest.to_bytes_with_nul());
        }
        self.entries.push(Entry {
            name_at,
            dest_at,
            kind: stat.kind,
            size,
            links: u32::try_from(stat.nlink).unwrap_or(u32::MAX),
            ino: stat.ino,
            mtime: stat.mtime,
        });
        self.bytes += size;
        self.entries.len() >= SLICE_ENTRIES || self.bytes >= SLICE_BYTES
    }

    /// The slice so far, numbered from `next`, which moves on; `None` when it is empty. The
    /// directory waits for it.
    pub fn take(&mut self, next: &mut u32) -> Option<Arc<Slice>> {
        if self.entries.is_empty() {
            return None;
        }
        let base = FileId(*next);
        *next += self.entries.len() as u32;
        self.dir.expect();
        self.bytes = 0;
        let slice = Slice {
            dir: self.dir.clone(),
            base,
            names: self.names.as_slice().into(),
            entries: self.entries.as_slice().into(),
            sources: self.sources.as_slice().into(),
        };
        // Copied out, so that what they grew to serves the next slice.
        self.names.clear();
        self.entries.clear();
        self.sources.clear();
        Some(Arc::new(slice))
    }
}
