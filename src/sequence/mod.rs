//! Image sequences: which names of one directory are frames of one shot.
//!
//! Owns the rules by which names are grouped (`media` notes R0–R10 in the code below) and what can
//! be said of a group: range, step, missing and doubled frames. Names are bytes and are only looked
//! at: every name is in exactly one place, a sequence or alone, and no name is ever made from a
//! pattern. Pure; any thread may call it. Costs a few dozen bytes a name while it works and eight
//! when it is done; the result does not depend on the order of the names.

mod faults;
mod leftover;
mod notation;
mod report;
mod token;
mod types;

pub use faults::Faults;
pub use notation::{Shape, number, ranges};
pub use report::{Gaps, Sizes, gaps, sizes};
pub use types::FrameTypes;

use foldhash::fast::FixedState;
use hashbrown::HashTable;
use std::hash::{BuildHasher, Hasher};
use token::Run;
use types::Form;

/// The names of one directory.
pub trait Names {
    /// How many.
    fn count(&self) -> usize;
    /// The bytes of one.
    fn name(&self, at: u32) -> &[u8];
    /// Whether it may be a frame: a directory never is, and what is not known to be a file is one
    /// only when its extension says so.
    fn role(&self, at: u32) -> Role;
}

/// What a name may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A file.
    File,
    /// A link, or not known: a frame when it has a frame's extension.
    Perhaps,
    /// Never a frame.
    Never,
}

impl<T: AsRef<[u8]>> Names for [T] {
    fn count(&self) -> usize {
        self.len()
    }

    fn name(&self, at: u32) -> &[u8] {
        self[at as usize].as_ref()
    }

    fn role(&self, _: u32) -> Role {
        Role::File
    }
}

/// What the numbers of a sequence are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Frames; one that is not there is missing.
    Frames,
    /// Tiles of a texture (UDIM); those not there were not painted.
    Tiles,
    /// Files of one clip, as its recorder cut it.
    Spans,
}

/// Names that belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sequence {
    from: u32,
    to: u32,
    /// What their numbers are.
    pub kind: Kind,
    /// Where the number is in each of the names.
    pub shape: Shape,
    /// Frames that another name, with more or fewer zeros, claims as well.
    pub doubled: u32,
}

impl Sequence {
    /// How many names.
    pub const fn len(&self) -> usize {
        (self.to - self.from) as usize
    }

    /// Never: one name alone is no sequence.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A frame number that several names claim, each with another number of zeros.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Double {
    /// The number.
    pub frame: i64,
    /// The names.
    pub names: Vec<u32>,
}

/// How the names of a directory belong together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grouping {
    sequences: Vec<Sequence>,
    members: Vec<u32>,
    of: Vec<u32>,
    doubles: Vec<Double>,
}

/// In [`Grouping::of`]: in no sequence.
const ALONE: u32 = u32::MAX;

impl Grouping {
    /// The sequences.
    pub fn sequences(&self) -> &[Sequence] {
        &self.sequences
    }

    /// The names of a sequence, in the order of their numbers.
    pub fn members(&self, sequence: u32) -> &[u32] {
        self.sequences
            .get(sequence as usize)
            .map_or(&[], |sequence| {
                &self.members[sequence.from as usize..sequence.to as usize]
            })
    }

    /// The sequence a name is in.
    pub fn of(&self, name: u32) -> Option<u32> {
        self.of
            .get(name as usize)
            .copied()
            .filter(|sequence| *sequence != ALONE)
    }

    /// What stands for a sequence: `comp_v012.[1001-1240].exr` in three parts, of which the first and
    /// last are bytes that are still to be made safe; for a sequence that is there.
    pub fn label<'n, N: Names + ?Sized>(
        &self,
        names: &'n N,
        sequence: u32,
        gaps: &Gaps,
    ) -> (&'n [u8], String, &'n [u8]) {
        let its = &self.sequences[sequence as usize];
        let name = names.name(self.members(sequence)[0]);
        let numbers = match its.kind {
            Kind::Tiles => gaps.present(its.shape, 3),
            Kind::Frames | Kind::Spans => gaps.span(its),
        };
        (
            its.shape.head(name),
            format!("[{numbers}]"),
            its.shape.tail(name),
        )
    }

    /// Frame numbers that several names claim.
    pub fn doubles(&self) -> &[Double] {
        &self.doubles
    }
}

/// A name whose number stands before its tail.
#[derive(Clone, Copy, Debug)]
struct Frame {
    name: u32,
    bucket: u32,
    value: i64,
    width: u8,
    padded: bool,
    /// Width the sequence pads to; 0 for none. Known once all of a bucket are.
    pad: u8,
}

/// Names that agree before and after their number.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    head: u16,
    tail: u16,
    form: Form,
    /// A name of it.
    sample: u32,
    /// Widths that zeros fix, as bits.
    pads: u32,
    /// Digits of the subframe.
    sub: u8,
}

/// Groups the names, of which those of these types can be frames.
pub fn group<N: Names + ?Sized>(names: &N, types: &FrameTypes) -> Grouping {
    let mut work = Work {
        names,
        types,
        frames: Vec::new(),
        buckets: Vec::new(),
        leftovers: Vec::new(),
        result: Grouping {
            of: vec![ALONE; names.count()],
            ..Grouping::default()
        },
    };
    work.sort_into_buckets();
    work.join_subframes();
    work.choose_pads();
    work.cut_into_sequences();
    leftover::group(&mut work);
    work.result
}

struct Work<'a, N: ?Sized> {
    names: &'a N,
    types: &'a FrameTypes,
    frames: Vec<Frame>,
    buckets: Vec<Bucket>,
    /// Names that are in no sequence yet and may be in one.
    leftovers: Vec<u32>,
    result: Grouping,
}

/// Places of what has a name, by its hash: names are looked at only where the hashes are the same.
type Table = HashTable<(u64, u32)>;

fn hash(parts: [&[u8]; 2]) -> u64 {
    let mut hasher = FixedState::with_seed(0).build_hasher();
    hasher.write(parts[0]);
    hasher.write_u8(b'/');
    hasher.write(parts[1]);
    hasher.finish()
}

impl<N: Names + ?Sized> Work<'_, N> {
    /// R3, R4, R7: names by what stands before and after their number.
    fn sort_into_buckets(&mut self) {
        let mut table: Table = HashTable::new();
        for at in 0..self.names.count() as u32 {
            let name = self.names.name(at);
            let role = self.names.role(at);
            if role == Role::Never || name.len() > token::LONGEST_NAME {
                continue;
            }
            let tail = token::tail_len(name);
            let end = name.len() - tail;
            let form = self.types.form(&name[end..]);
            if form == Form::Whole || role == Role::Perhaps && tail == 0 {
                continue;
            }
            let run = token::run_ending_at(name, end)
                .filter(|run| form != Form::Span || is_span(name, run));
            let Some(run) = run else {
                if form == Form::Frame {
                    self.leftovers.push(at);
                }
                continue;
            };
            let bucket = self.bucket(&mut table, at, &run, tail, form);
            self.push(at, bucket, &run);
        }
    }

    fn bucket(&mut self, table: &mut Table, at: u32, run: &Run, tail: usize, form: Form) -> u32 {
        let name = self.names.name(at);
        let parts = [&name[..run.start], &name[name.len() - tail..]];
        // Names mostly come in runs of one shot.
        if let Some(last) = self.frames.last()
            && self.buckets[last.bucket as usize].parts(self.names) == parts
        {
            return last.bucket;
        }
        let (buckets, names) = (&mut self.buckets, self.names);
        let key = hash(parts);
        let found = table.find(key, |(its, id)| {
            *its == key && buckets[*id as usize].parts(names) == parts
        });
        if let Some((_, id)) = found {
            return *id;
        }
        let id = buckets.len() as u32;
        buckets.push(Bucket {
            head: run.start as u16,
            tail: tail as u16,
            form,
            sample: at,
            pads: 0,
            sub: 0,
        });
        table.insert_unique(key, (key, id), |(key, _)| *key);
        id
    }

    fn push(&mut self, name: u32, bucket: u32, run: &Run) {
        self.frames.push(Frame {
            name,
            bucket,
            value: run.value,
            width: run.width() as u8,
            padded: run.padded,
            pad: 0,
        });
    }

    /// R6: two components of digits, of which the second counts parts of the first.
    fn join_subframes(&mut self) {
        // Buckets with a component of digits before the number, by what stands before both.
        let mut table: Table = HashTable::new();
        let mut sets: Vec<SubSet> = Vec::new();
        let mut set_of = vec![ALONE; self.buckets.len()];
        for (id, bucket) in self.buckets.iter().enumerate() {
            let name = self.names.name(bucket.sample);
            let Some(main) = token::whole_before(name, usize::from(bucket.head)) else {
                continue;
            };
            let parts = [&name[..main.start], bucket.parts(self.names)[1]];
            let key = hash(parts);
            let names = self.names;
            let found = table.find(key, |(its, set)| {
                *its == key && sets[*set as usize].parts(names) == parts
            });
            let set = if let Some((_, set)) = found {
                *set
            } else {
                let set = sets.len() as u32;
                sets.push(SubSet {
                    sample: bucket.sample,
                    head: main.start as u16,
                    tail: bucket.tail,
                    ..SubSet::default()
                });
                table.insert_unique(key, (key, set), |(key, _)| *key);
                set
            };
            sets[set as usize].mains += 1;
            sets[set as usize].longest = sets[set as usize].longest.max(main.width() as u8);
            set_of[id] = set;
        }
        if sets.is_empty() {
            return;
        }
        for frame in &self.frames {
            if let Some(set) = sets.get_mut(set_of[frame.bucket as usize] as usize) {
                set.see(frame);
            }
        }
        for set in &mut sets {
            if set.is_subframes() {
                set.bucket = self.buckets.len() as u32;
                self.buckets.push(Bucket {
                    head: set.head,
                    tail: set.tail,
                    form: Form::Frame,
                    sample: set.sample,
                    pads: 0,
                    sub: set.width,
                });
            }
        }
        for frame in &mut self.frames {
            let Some(set) = sets.get(set_of[frame.bucket as usize] as usize) else {
                continue;
            };
            if !set.is_subframes() {
                continue;
            }
            let name = self.names.name(frame.name);
            let head = usize::from(self.buckets[frame.bucket as usize].head);
            if let Some(main) = token::whole_before(name, head) {
                frame.value += main.value * 10_i64.pow(u32::from(set.width));
                frame.width = main.width() as u8;
                frame.padded = main.padded;
                frame.bucket = set.bucket;
            }
        }
    }

    /// R5: numbers with zeros before them fix widths; others join the widest that fits them.
    fn choose_pads(&mut self) {
        for frame in self.frames.iter().filter(|frame| frame.padded) {
            self.buckets[frame.bucket as usize].pads |= 1 << frame.width;
        }
        for frame in &mut self.frames {
            frame.pad = pad(
                self.buckets[frame.bucket as usize].pads,
                frame.width,
                frame.padded,
            );
        }
        self.frames
            .sort_unstable_by_key(|frame| (frame.bucket, frame.pad, frame.value, frame.name));
    }

    /// R9: two or more are a sequence, one alone may still find others.
    fn cut_into_sequences(&mut self) {
        let frames = std::mem::take(&mut self.frames);
        for all in frames.chunk_by(|a, b| a.bucket == b.bucket) {
            let bucket = self.buckets[all[0].bucket as usize];
            let first_new = self.result.sequences.len();
            for part in all.chunk_by(|a, b| a.pad == b.pad) {
                if let [lone] = part {
                    if bucket.form == Form::Frame {
                        self.leftovers.push(lone.name);
                    }
                    continue;
                }
                let shape = Shape {
                    head: bucket.head,
                    tail: bucket.tail,
                    pad: part[0].pad,
                    least: part.iter().map(|frame| frame.width).min().unwrap_or(0),
                    sub: bucket.sub,
                };
                let kind = self.kind(&bucket, part);
                self.add(kind, shape, part.iter().map(|frame| frame.name));
            }
            if bucket.pads != 0 && all[0].pad != all[all.len() - 1].pad {
                self.note_doubles(all, first_new);
            }
        }
    }

    fn kind(&self, bucket: &Bucket, part: &[Frame]) -> Kind {
        let tail = bucket.parts(self.names)[1];
        let is_tile = |frame: &Frame| (1001..=9999).contains(&frame.value);
        if bucket.form == Form::Span {
            Kind::Spans
        } else if types::may_be_tiles(tail) && part.iter().all(is_tile) {
            Kind::Tiles
        } else {
            Kind::Frames
        }
    }

    fn add(&mut self, kind: Kind, shape: Shape, names: impl Iterator<Item = u32>) {
        let id = self.result.sequences.len() as u32;
        let from = self.result.members.len() as u32;
        for name in names {
            self.result.of[name as usize] = id;
            self.result.members.push(name);
        }
        self.result.sequences.push(Sequence {
            from,
            to: self.result.members.len() as u32,
            kind,
            shape,
            doubled: 0,
        });
    }

    /// R10: one number under several widths.
    fn note_doubles(&mut self, all: &[Frame], first_new: usize) {
        let mut sorted: Vec<&Frame> = all.iter().collect();
        sorted.sort_unstable_by_key(|frame| (frame.value, frame.pad));
        for same in sorted.chunk_by(|a, b| a.value == b.value) {
            if same.len() < 2 {
                continue;
            }
            let names: Vec<u32> = same.iter().map(|frame| frame.name).collect();
            for name in &names {
                let id = self.result.of[*name as usize];
                if id != ALONE && id as usize >= first_new {
                    self.result.sequences[id as usize].doubled += 1;
                }
            }
            self.result.doubles.push(Double {
                frame: same[0].value,
                names,
            });
        }
    }
}

/// R5 for one number: the widest of the fixed widths that is not wider than it; 0 for none.
fn pad(pads: u32, width: u8, padded: bool) -> u8 {
    if padded {
        return width;
    }
    let fitting = pads & ((2 << width) - 1);
    fitting.checked_ilog2().map_or(0, |pad| pad as u8)
}

/// RED's recorders number the files of a clip with three digits after an underscore.
fn is_span(name: &[u8], run: &Run) -> bool {
    run.value > 0 && run.width() == 3 && name[..run.start].ends_with(b"_")
}

impl Bucket {
    fn parts<'n, N: Names + ?Sized>(&self, names: &'n N) -> [&'n [u8]; 2] {
        let name = names.name(self.sample);
        [
            &name[..usize::from(self.head)],
            &name[name.len() - usize::from(self.tail)..],
        ]
    }
}

/// What may be frames with subframes.
#[derive(Clone, Copy, Debug, Default)]
struct SubSet {
    sample: u32,
    head: u16,
    tail: u16,
    /// Different components before the last.
    mains: u32,
    /// Digits of the longest of them.
    longest: u8,
    /// Digits of the last components; 0 while none was seen.
    width: u8,
    first: i64,
    uneven: bool,
    several: bool,
    zero: bool,
    bucket: u32,
}

impl SubSet {
    fn parts<'n, N: Names + ?Sized>(&self, names: &'n N) -> [&'n [u8]; 2] {
        let name = names.name(self.sample);
        [
            &name[..usize::from(self.head)],
            &name[name.len() - usize::from(self.tail)..],
        ]
    }

    fn see(&mut self, frame: &Frame) {
        if self.width == 0 {
            self.width = frame.width;
            self.first = frame.value;
        }
        self.uneven |= frame.width != self.width;
        self.several |= frame.value != self.first;
        self.zero |= frame.value == 0;
    }

    /// Equal width, several values and a zero among them, under several frames; and numbers that
    /// fit.
    const fn is_subframes(&self) -> bool {
        !self.uneven
            && self.several
            && self.zero
            && self.mains > 1
            && self.width + self.longest <= 18
    }
}

#[cfg(test)]
mod tests;
