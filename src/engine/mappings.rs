//! Whether the mappings of a batch can be one job: what is wrong is found before anything is
//! touched, and each mapping that cannot be is named with its reason.
//!
//! Paths are compared with links, `.` and `..` taken out of what exists. Whatever is changed behind
//! haul's back afterwards is met by the copy itself, which goes by descriptor and inode.

use super::failure::{Trouble, reason};
use super::resolve::{self, Found, NewName};
use crate::proto::{BytePath, JobSpec, Op, Operation, Side};
use crate::sys::{self, Errno, Kind, Sys};
use crate::text;
use std::collections::HashMap;
use std::ffi::OsStr;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Bytes of a file name, at most, on Linux (`NAME_MAX`).
const NAME_MAX: usize = 255;

/// A mapping that cannot be carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// Its place in the list, from 0.
    pub index: usize,
    /// Why, in words; names in them are safe to show.
    pub reason: String,
}

/// A mapping that is sound by itself, its paths without links.
struct Sound {
    index: usize,
    src: PathBuf,
    dst: PathBuf,
    is_dir: bool,
}

/// What is wrong with the mappings of `spec` (its sources and targets), in their order.
pub fn check_mappings(sys: &dyn Sys, spec: &JobSpec) -> Vec<Wrong> {
    let mut wrong = Vec::new();
    let mut sound = Vec::new();
    let mut known = HashMap::new();
    for (index, (src, dst)) in spec.sources.iter().zip(&spec.targets).enumerate() {
        match alone(sys, spec, (src, dst), &mut known) {
            Ok((src, dst, is_dir)) => sound.push(Sound {
                index,
                src,
                dst,
                is_dir,
            }),
            Err(reason) => wrong.push(Wrong { index, reason }),
        }
    }
    wrong.extend(together(&sound, spec.operation));
    wrong.sort_by_key(|wrong| wrong.index);
    wrong
}

/// Directories whose path without links is known.
type Known = HashMap<PathBuf, PathBuf>;

/// A mapping for itself; source and destination without links, and whether the source is a directory.
fn alone(
    sys: &dyn Sys,
    spec: &JobSpec,
    (src, dst): (&BytePath, &BytePath),
    known: &mut Known,
) -> Result<(PathBuf, PathBuf, bool), String> {
    for (side, path) in [("src", src), ("dst", dst)] {
        if path.as_bytes().is_empty() {
            return Err(format!("{side} is empty"));
        }
        if path.as_bytes().contains(&0) {
            return Err(format!("{side} holds a NUL byte"));
        }
    }
    let of = |side: &'static str, path: &BytePath| {
        let shown = text::shown(path.as_bytes()).into_owned();
        move |trouble: Trouble| format!("{side} '{shown}': {}", words(&trouble))
    };
    let origin = resolve::origin(src).map_err(of("src", src))?;
    let found = resolve::find(sys, &origin, spec.follow_links).map_err(|trouble| {
        let words = of("src", src)(trouble.clone());
        match trouble.errno {
            Some(Errno::NOENT) if spec.operation == Operation::Move => {
                and_moved_before(sys, dst, words)
            }
            _ => words,
        }
    })?;
    let new = resolve::new_name(dst).map_err(of("dst", dst))?;
    if new.name.as_bytes().len() > NAME_MAX {
        return Err(format!(
            "{}: its name is longer than {NAME_MAX} bytes",
            quoted("dst", dst)
        ));
    }
    let target = resolve::unmade(sys, &new).map_err(of("dst", dst))?;
    resolve::check(sys, &found.stat, &target, &new.name).map_err(of("dst", dst))?;
    let at_src = source_path(&origin, &found, known).map_err(of("src", src))?;
    if spec.operation == Operation::Move {
        let cwd = sys::canonical(Path::new(".")).map_err(reason)?;
        dangerous(sys, &origin, &found, &at_src, &cwd)
            .map_err(|words| format!("{}: {words}", quoted("src", src)))?;
    }
    let at_dst = dest_path(sys, &new, known).map_err(of("dst", dst))?;
    if at_src == at_dst {
        return Err(format!("{}: is its own source", quoted("dst", dst)));
    }
    Ok((at_src, at_dst, found.stat.kind == Kind::Dir))
}

/// Of a source that is not there: whether it looks as if an earlier run of the batch had moved it.
/// That what is at the destination is its copy nobody can tell any more, so it is not taken for it.
fn and_moved_before(sys: &dyn Sys, dst: &BytePath, words: String) -> String {
    match sys.stat_path(dst.as_path()) {
        Ok(_) => format!(
            "{words}, and {} is there: moved before, it seems; to move the others, leave this mapping out",
            quoted("dst", dst)
        ),
        Err(_) => words,
    }
}

/// What several mappings do to each other.
fn together(sound: &[Sound], operation: Operation) -> Vec<Wrong> {
    let mut wrong = Vec::new();
    let mut dsts: HashMap<&Path, &Sound> = HashMap::new();
    let mut srcs: HashMap<&Path, &Sound> = HashMap::new();
    for mapping in sound {
        let first = srcs.entry(&mapping.src).or_insert(mapping);
        if operation == Operation::Move && first.index != mapping.index {
            wrong.push(Wrong {
                index: mapping.index,
                reason: format!("the same src as mappings[{}]", first.index),
            });
        }
        if let Some(first) = dsts.get(mapping.dst.as_path()) {
            wrong.push(Wrong {
                index: mapping.index,
                reason: format!("the same dst as mappings[{}]", first.index),
            });
        } else {
            dsts.insert(&mapping.dst, mapping);
        }
    }
    for mapping in sound {
        let moved = || {
            (operation == Operation::Move)
                .then(|| moved_twice(mapping, &srcs))
                .flatten()
        };
        if let Some(reason) = in_the_way(mapping, &dsts, &srcs).or_else(moved) {
            wrong.push(Wrong {
                index: mapping.index,
                reason,
            });
        }
    }
    wrong
}

/// What a move must not do to its source, in words.
fn dangerous(
    sys: &dyn Sys,
    origin: &resolve::Origin,
    found: &Found,
    at: &Path,
    cwd: &Path,
) -> Result<(), String> {
    if origin.name.as_c_str() == c"." {
        return Err("a move needs the name of what is moved".to_owned());
    }
    let parent = sys.stat(found.parent.as_fd()).map_err(reason)?;
    // `link/` is found as the directory it leads to.
    if parent.same_inode(&found.stat) {
        return Err("is a link, and what it leads to would be moved".to_owned());
    }
    if found.stat.dev != parent.dev {
        return Err("is a mount point: it cannot be removed".to_owned());
    }
    if cwd.starts_with(at) {
        return Err("haul itself works in it: it cannot be removed".to_owned());
    }
    Ok(())
}

fn moved_twice(mapping: &Sound, srcs: &HashMap<&Path, &Sound>) -> Option<String> {
    let mut above = mapping.src.ancestors().skip(1);
    if let Some(other) = above.find_map(|above| srcs.get(above)) {
        return Some(format!(
            "src lies in the src of mappings[{}], which moves it too",
            other.index
        ));
    }
    (mapping.src.starts_with(&mapping.dst)).then(|| "src lies in its own dst".to_owned())
}

fn in_the_way(
    mapping: &Sound,
    dsts: &HashMap<&Path, &Sound>,
    srcs: &HashMap<&Path, &Sound>,
) -> Option<String> {
    if let Some(other) = srcs.get(mapping.dst.as_path()) {
        return Some(format!("dst is the src of mappings[{}]", other.index));
    }
    for above in mapping.dst.ancestors().skip(1) {
        if let Some(other) = srcs.get(above) {
            return Some(format!(
                "dst lies in the src of mappings[{}], which would or would not be copied with it",
                other.index
            ));
        }
        let Some(other) = dsts.get(above) else {
            continue;
        };
        if !other.is_dir {
            return Some(format!(
                "dst lies below the dst of mappings[{}], which is no directory",
                other.index
            ));
        }
        let below = mapping.dst.strip_prefix(above).unwrap_or(&mapping.dst);
        if !matches!(
            crate::sys::walk::stat(&other.src.join(below)),
            Err(Errno::NOENT)
        ) {
            return Some(format!(
                "mappings[{}] copies something to the same dst",
                other.index
            ));
        }
    }
    let other = mapping
        .src
        .ancestors()
        .skip(1)
        .filter_map(|above| dsts.get(above))
        .find(|other| other.index != mapping.index)?;
    Some(format!("src lies in the dst of mappings[{}]", other.index))
}

fn quoted(side: &str, path: &BytePath) -> String {
    format!("{side} '{}'", text::shown(path.as_bytes()))
}

fn words(trouble: &Trouble) -> String {
    match (&trouble.words, trouble.errno) {
        (Some(words), _) => words.clone(),
        (None, Some(errno)) => reason(errno),
        (None, None) => "cannot be used".to_owned(),
    }
}

fn kernel(errno: Errno) -> Trouble {
    Trouble::kernel(Op::Resolve, Side::Source, errno)
}

fn canonical(path: &Path, known: &mut Known) -> Result<PathBuf, Trouble> {
    if let Some(found) = known.get(path) {
        return Ok(found.clone());
    }
    let found = sys::canonical(path).map_err(kernel)?;
    known.insert(path.to_path_buf(), found.clone());
    Ok(found)
}

fn source_path(
    origin: &resolve::Origin,
    found: &Found,
    known: &mut Known,
) -> Result<PathBuf, Trouble> {
    let parent = canonical(&origin.parent, known)?;
    if origin.name.as_c_str() == c"." {
        return Ok(parent);
    }
    let path = parent.join(OsStr::from_bytes(origin.name.to_bytes()));
    if origin.follow && found.stat.kind == Kind::Dir {
        // `link/`: what it leads to.
        return sys::canonical(&path).map_err(kernel);
    }
    Ok(path)
}

fn dest_path(sys: &dyn Sys, new: &NewName, known: &mut Known) -> Result<PathBuf, Trouble> {
    let name = OsStr::from_bytes(new.name.as_bytes());
    if let Some(parent) = known.get(&new.parent) {
        return Ok(parent.join(name));
    }
    let (_, there, missing) = resolve::nearest(sys, &new.parent)?;
    let mut parent = canonical(&there, known)?;
    for name in &missing {
        parent.push(OsStr::from_bytes(name.as_bytes()));
    }
    known.insert(new.parent.clone(), parent.clone());
    Ok(parent.join(name))
}
