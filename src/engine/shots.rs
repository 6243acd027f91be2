//! Image sequences of a plan and of a job: how many, which are not whole, how far each has come.
//!
//! Sequences are found by the thread that has read the names, never by the coordinator, which only
//! counts what ends: a bit and a number an entry.

use super::report::Status;
use super::tree::Slice;
use crate::proto::{BytePath, FaultyShot, FileId, JobShots, JobSpec, PlanShots, ShotRow};
use crate::sequence::{self, Faults, FrameTypes, Names, Role};
use crate::sys::{Kind, Stat};
use std::collections::HashSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Faulty sequences told of.
const WORST: usize = 20;
/// Sequences shown while files of them are in flight.
const IN_WORK: usize = 8;
/// In [`Tracked::of`]: in no sequence.
const NONE: u32 = u32::MAX;

/// The files of one directory.
#[derive(Debug, Default)]
struct Files {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    /// Size, where it is a file and not a link.
    sizes: Vec<Option<u64>>,
}

impl Files {
    fn push(&mut self, name: &[u8], size: Option<u64>) {
        self.bytes.extend_from_slice(name);
        self.ends.push(self.bytes.len());
        self.sizes.push(size);
    }
}

impl Names for Files {
    fn count(&self) -> usize {
        self.ends.len()
    }

    fn name(&self, at: u32) -> &[u8] {
        let at = at as usize;
        let from = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.bytes[from..self.ends[at]]
    }

    fn role(&self, at: u32) -> Role {
        match self.sizes[at as usize] {
            Some(_) => Role::File,
            None => Role::Perhaps,
        }
    }
}

/// The label of a sequence in a directory.
fn labelled(dir: &Path, files: &Files, grouping: &sequence::Grouping, id: u32) -> BytePath {
    let gaps = sequence::gaps(files, grouping, id);
    let (head, numbers, tail) = grouping.label(files, id, &gaps);
    let name = [head, numbers.as_bytes(), tail].concat();
    BytePath::from(dir.join(OsStr::from_bytes(&name)))
}

/// Which names can be frames in a job.
pub fn types_of(spec: &JobSpec) -> FrameTypes {
    let chosen = spec.frame_types.as_ref();
    chosen.map_or_else(FrameTypes::default, FrameTypes::new)
}

/// Finds sequences while a tree is counted, depth first: a directory that was left is done with.
#[derive(Debug)]
pub struct Counter {
    types: FrameTypes,
    open: Vec<(PathBuf, Files)>,
}

impl Counter {
    /// Nothing met yet; names of these types can be frames.
    pub const fn new(types: FrameTypes) -> Self {
        Self {
            types,
            open: Vec::new(),
        }
    }

    /// Takes an entry of a tree, by its path below the source.
    pub fn meet(&mut self, path: &Path, stat: &Stat, shots: &mut PlanShots) {
        let dir = path.parent().unwrap_or(Path::new(""));
        while self
            .open
            .last()
            .is_some_and(|(open, _)| !dir.starts_with(open))
        {
            self.close(shots);
        }
        if self.open.last().is_none_or(|(open, _)| open != dir) {
            self.open.push((dir.to_path_buf(), Files::default()));
        }
        let size = match stat.kind {
            Kind::File => Some(stat.size),
            Kind::Link => None,
            _ => return,
        };
        if let (Some((_, files)), Some(name)) = (self.open.last_mut(), path.file_name()) {
            files.push(name.as_bytes(), size);
        }
    }

    /// Nothing more comes.
    pub fn end(&mut self, shots: &mut PlanShots) {
        while !self.open.is_empty() {
            self.close(shots);
        }
    }

    fn close(&mut self, shots: &mut PlanShots) {
        let Some((dir, files)) = self.open.pop() else {
            return;
        };
        let grouping = sequence::group(&files, &self.types);
        for (id, its) in (0..).zip(grouping.sequences()) {
            let members = grouping.members(id);
            shots.sequences += 1;
            shots.frames += members.len() as u64;
            let sizes: Vec<(u32, u64)> = (0..)
                .zip(members)
                .filter_map(|(place, at)| files.sizes[*at as usize].map(|size| (place, size)))
                .collect();
            let sizes = sequence::sizes(&sizes);
            let number = |place: &u32| its.shape.value(files.name(members[*place as usize]));
            let empty: Vec<i64> = sizes.empty.iter().map(number).collect();
            let odd: Vec<i64> = sizes.odd.iter().map(number).collect();
            let gaps = sequence::gaps(&files, &grouping, id);
            let faults = Faults::of(its, &gaps, &empty, &odd);
            if faults.is_empty() {
                continue;
            }
            shots.faulty += 1;
            let total = faults.total();
            let place = shots.worst.partition_point(|worse| worse.faults >= total);
            if place < WORST {
                shots.worst.truncate(WORST - 1);
                let worse = FaultyShot {
                    label: labelled(&dir, &files, &grouping, id),
                    frames: members.len() as u64,
                    faults: total,
                    words: faults.words(),
                };
                shots.worst.insert(place, worse);
            }
        }
    }
}

/// One sequence of a job, as a scan found it.
#[derive(Debug)]
pub struct Shot {
    label: BytePath,
    files: Vec<FileId>,
}

/// The sequences among the entries of a scan; the slices of one directory follow each other. Names
/// of these types can be frames.
pub fn find(slices: &[Arc<Slice>], types: &FrameTypes) -> Vec<Shot> {
    let mut shots = Vec::new();
    for part in slices.chunk_by(|a, b| Arc::ptr_eq(&a.dir, &b.dir)) {
        let mut files = Files::default();
        let mut ids = Vec::new();
        for slice in part {
            for index in 0..slice.entries().len() {
                let (entry, name, _) = slice.entry(index);
                let size = match entry.kind {
                    Kind::File => Some(entry.size),
                    Kind::Link => None,
                    _ => continue,
                };
                files.push(name.to_bytes(), size);
                ids.push(slice.id(index));
            }
        }
        let grouping = sequence::group(&files, types);
        let dir = part[0].dir.below_path(None);
        let dir = match dir.as_path().to_str() {
            Some(".") => Path::new(""),
            _ => dir.as_path(),
        };
        for id in 0..grouping.sequences().len() as u32 {
            shots.push(Shot {
                label: labelled(dir, &files, &grouping, id),
                files: grouping
                    .members(id)
                    .iter()
                    .map(|at| ids[*at as usize])
                    .collect(),
            });
        }
    }
    shots
}

/// The sequences of a job and how far they have come.
#[derive(Debug, Default)]
pub struct Tracked {
    /// Entries that ended well, as bits.
    done: Vec<u64>,
    of: Vec<u32>,
    rows: Vec<ShotRow>,
    whole: u64,
}

impl Tracked {
    /// An entry has ended.
    pub fn ended(&mut self, file: FileId, status: Status) {
        let well = matches!(status, Status::Copied | Status::Skipped);
        let (word, bit) = (file.0 as usize / 64, 1 << (file.0 % 64));
        if well {
            if word >= self.done.len() {
                self.done.resize(word + 1, 0);
            }
            // A file that is copied again because its flush failed is no frame more.
            if self.done[word] & bit != 0 {
                return;
            }
            self.done[word] |= bit;
        }
        let row = self.of.get(file.0 as usize).map_or(NONE, |row| *row);
        let Some(row) = self.rows.get_mut(row as usize) else {
            return;
        };
        if well {
            row.done += 1;
            self.whole += u64::from(row.done == row.frames);
        } else {
            row.failed += 1;
        }
    }

    /// What failed is tried again.
    pub fn again(&mut self) {
        for row in &mut self.rows {
            row.failed = 0;
        }
    }

    /// One that had ended otherwise is tried again.
    pub fn once_more(&mut self, file: FileId) {
        let row = self.of.get(file.0 as usize).map_or(NONE, |row| *row);
        if let Some(row) = self.rows.get_mut(row as usize) {
            row.failed = row.failed.saturating_sub(1);
        }
    }

    /// Takes what a scan has found. `failed` tells of entries that have ended otherwise.
    pub fn take(&mut self, shots: Vec<Shot>, failed: impl Fn(FileId) -> bool) {
        for shot in shots {
            let id = self.rows.len() as u32;
            let mut row = ShotRow {
                label: shot.label,
                frames: shot.files.len() as u64,
                done: 0,
                failed: 0,
            };
            for file in shot.files {
                let at = file.0 as usize;
                if at >= self.of.len() {
                    self.of.resize(at + 1, NONE);
                }
                self.of[at] = id;
                let word = self.done.get(at / 64).copied().unwrap_or(0);
                if word >> (at % 64) & 1 == 1 {
                    row.done += 1;
                } else if failed(file) {
                    row.failed += 1;
                }
            }
            self.whole += u64::from(row.done == row.frames);
            self.rows.push(row);
        }
    }

    /// What a door is told: the sequences of these files, which are in flight.
    pub fn view(&self, in_flight: impl Iterator<Item = FileId>) -> JobShots {
        let mut seen = HashSet::new();
        let in_work = in_flight
            .filter_map(|file| self.of.get(file.0 as usize))
            .filter(|row| seen.insert(**row))
            .filter_map(|row| self.rows.get(*row as usize))
            .take(IN_WORK)
            .cloned()
            .collect();
        JobShots {
            sequences: self.rows.len() as u64,
            whole: self.whole,
            only: match &self.rows[..] {
                [only] => Some(only.clone()),
                _ => None,
            },
            in_work,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shot(files: std::ops::Range<u32>) -> Shot {
        Shot {
            label: BytePath::from("a.[1-4].exr"),
            files: files.map(FileId).collect(),
        }
    }

    #[test]
    fn frames_count_once_whether_they_end_before_or_after_the_sequence_is_known() {
        let mut tracked = Tracked::default();
        tracked.ended(FileId(10), Status::Copied);
        tracked.take(vec![shot(10..14)], |file| file == FileId(11));
        let now = |tracked: &Tracked| {
            let view = tracked.view([FileId(13), FileId(12)].into_iter());
            assert_eq!(view.in_work.len(), 1);
            (view.in_work[0].done, view.in_work[0].failed, view.whole)
        };
        assert_eq!(now(&tracked), (1, 1, 0));
        tracked.ended(FileId(10), Status::Copied);
        tracked.ended(FileId(12), Status::Skipped);
        tracked.ended(FileId(13), Status::Copied);
        assert_eq!(now(&tracked), (3, 1, 0));
        tracked.again();
        tracked.ended(FileId(11), Status::Copied);
        assert_eq!(now(&tracked), (4, 0, 1));
    }

    #[test]
    fn a_plan_groups_by_directory_and_names_the_worst() {
        let stat = |size| Stat {
            size,
            ..file_stat()
        };
        let mut counter = Counter::new(FrameTypes::default());
        let mut shots = PlanShots::default();
        for frame in [1, 2, 4, 7] {
            counter.meet(
                Path::new(&format!("left/a.{frame}.exr")),
                &stat(9),
                &mut shots,
            );
        }
        counter.meet(Path::new("left/deep/b.1.exr"), &stat(9), &mut shots);
        counter.meet(Path::new("left/deep/b.2.exr"), &stat(0), &mut shots);
        counter.meet(Path::new("right/b.3.exr"), &stat(9), &mut shots);
        counter.end(&mut shots);
        assert_eq!((shots.sequences, shots.frames, shots.faulty), (2, 6, 2));
        assert_eq!(shots.worst[0].label, BytePath::from("left/a.[1-7].exr"));
        assert_eq!(shots.worst[0].words, "missing 3,5-6");
        assert_eq!(
            shots.worst[1].label,
            BytePath::from("left/deep/b.[1-2].exr")
        );
        assert_eq!(shots.worst[1].words, "empty 2");
    }

    #[test]
    fn a_plan_groups_the_types_that_were_chosen() {
        let spec = JobSpec {
            frame_types: Some(vec!["npy".to_owned()]),
            ..JobSpec::default()
        };
        let mut counter = Counter::new(types_of(&spec));
        let mut shots = PlanShots::default();
        for name in ["a.1.npy", "a.2.npy", "a.1.exr", "a.2.exr"] {
            counter.meet(Path::new(name), &file_stat(), &mut shots);
        }
        counter.end(&mut shots);
        assert_eq!((shots.sequences, shots.frames), (1, 2));
    }

    fn file_stat() -> Stat {
        let file = tempfile::NamedTempFile::new().expect("a file");
        crate::sys::walk::stat(file.path()).expect("its metadata")
    }
}
