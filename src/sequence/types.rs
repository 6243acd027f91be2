//! Which names can be frames: by what follows their last dots.
//!
//! An image or a cache of one frame is one file among many; a movie is a clip of its own, however
//! its name is numbered. Letters count in either case. Which types are frames can be chosen; what
//! only wraps another type, and what a clip's parts are, cannot.

use std::sync::Arc;

/// What a name's type says about numbers in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// One file a frame.
    Frame,
    /// One clip in several files, numbered by its recorder.
    Span,
    /// Numbers mean nothing.
    Whole,
}

/// Types of which each file is one frame, unless others are chosen.
const FRAMES: &[&str] = &[
    "3fr", "ari", "arw", "ass", "bgeo", "bmp", "cin", "cr2", "cr3", "dng", "dpx", "dtex", "exr",
    "geo", "gif", "gto", "hdr", "heic", "heif", "iff", "iiq", "j2c", "j2k", "jp2", "jpc", "jpeg",
    "jpg", "jxl", "kfx", "mnc", "nef", "obj", "orf", "pcd", "pfm", "pic", "pict", "ply", "png",
    "pnm", "ppm", "psb", "psd", "ptc", "raf", "rat", "rgb", "rgba", "rib", "rla", "rpf", "rw2",
    "sgi", "sim", "sxr", "tex", "tga", "tif", "tiff", "tx", "usd", "usdc", "vdb", "webp", "xpm",
    "yuv", "zfr",
];

/// Types that only wrap another: packed data, and what is written beside a frame about it.
const WRAPPERS: &[&str] = &[
    "blake3", "blosc", "bz2", "c4", "crc", "gz", "lz4", "md5", "sc", "sha1", "sha256", "sha512",
    "xmp", "xxh", "xxh128", "xxh3", "xxh64", "xz", "zst",
];

/// Types of which a clip may span several files.
const SPANS: &[&str] = &["r3d"];

/// Types that hold textures, whose numbers are tiles where they look like them.
const TILES: &[&str] = &["rat", "tex", "tx"];

/// Bytes of the longest type there can be.
const LONGEST: usize = 16;

/// Types of which each file is one frame: words such as `exr`, in small letters and in order. A
/// clone shares them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrameTypes(Arc<[Box<str>]>);

impl Default for FrameTypes {
    /// The images and caches that are usual where pictures are made.
    fn default() -> Self {
        Self(FRAMES.iter().map(|word| Box::from(*word)).collect())
    }
}

impl FrameTypes {
    /// These types, in either case and in any order; a word that is none (see [`Self::is_type`]) is
    /// no name's type. Without any only names without a type are frames.
    pub fn new(words: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let words = words.into_iter();
        let mut types: Vec<Box<str>> = words
            .map(|word| word.as_ref().to_ascii_lowercase().into_boxed_str())
            .collect();
        types.sort_unstable();
        types.dedup();
        Self(types.into())
    }

    /// True for 1 to 16 ASCII letters and digits.
    pub fn is_type(word: &str) -> bool {
        (1..=LONGEST).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_alphanumeric())
    }

    /// The types.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(AsRef::as_ref)
    }

    /// What the end of a name, from its first dot on (or empty), says.
    pub(super) fn form(&self, tail: &[u8]) -> Form {
        let Some(word) = type_word(tail) else {
            // A name without an extension may be a frame as well.
            return Form::Frame;
        };
        if is_in(&self.0, word) {
            Form::Frame
        } else if is_in(SPANS, word) {
            Form::Span
        } else {
            Form::Whole
        }
    }
}

/// True for types whose numbers may be tiles.
pub(super) fn may_be_tiles(tail: &[u8]) -> bool {
    type_word(tail).is_some_and(|word| is_in(TILES, word))
}

/// Bytes at the end of a tail in which digits belong to the type: `.mp4`, `.bgeo.sc`.
pub(super) fn type_len(tail: &[u8]) -> usize {
    type_word(tail).map_or(0, |word| {
        let from = word.as_ptr() as usize - tail.as_ptr() as usize;
        // With the dot before it.
        tail.len() - from + 1
    })
}

/// The last component that is no wrapper; `None` for an empty tail.
fn type_word(tail: &[u8]) -> Option<&[u8]> {
    let mut words = tail.rsplit(|byte| *byte == b'.');
    let mut word = words.next().filter(|_| !tail.is_empty())?;
    while is_in(WRAPPERS, word) {
        match words.next() {
            Some(inner) if !inner.is_empty() => word = inner,
            _ => break,
        }
    }
    Some(word)
}

fn is_in<T: AsRef<str>>(list: &[T], word: &[u8]) -> bool {
    if word.len() > LONGEST {
        return false;
    }
    let mut lower = [0; LONGEST];
    let lower = &mut lower[..word.len()];
    lower.copy_from_slice(word);
    lower.make_ascii_lowercase();
    list.binary_search_by(|known| known.as_ref().as_bytes().cmp(lower))
        .is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_can_be_searched() {
        for list in [FRAMES, WRAPPERS, SPANS, TILES] {
            assert!(list.is_sorted() && list.iter().all(|word| word.len() <= LONGEST));
        }
    }

    #[test]
    fn a_wrapper_shows_what_it_wraps() {
        let form = |tail: &[u8]| FrameTypes::default().form(tail);
        assert_eq!(form(b".bgeo.sc"), Form::Frame);
        assert_eq!(form(b".exr.md5"), Form::Frame);
        assert_eq!(form(b".EXR"), Form::Frame);
        assert_eq!(form(b".md5"), Form::Whole);
        assert_eq!(form(b".mov.md5"), Form::Whole);
        assert_eq!(form(b".exr.tmp"), Form::Whole);
        assert_eq!(form(b".R3D"), Form::Span);
        assert_eq!(type_len(b".v2.bgeo.sc"), 8);
        assert_eq!(type_len(b""), 0);
    }

    #[test]
    fn the_types_of_frames_are_those_chosen() {
        let types = FrameTypes::new(["NPY", "bgeo", "npy"]);
        assert_eq!(types.words().collect::<Vec<_>>(), ["bgeo", "npy"]);
        assert_eq!(types.form(b".npy"), Form::Frame);
        assert_eq!(types.form(b".Npy.zst"), Form::Frame);
        assert_eq!(types.form(b".exr"), Form::Whole);
        assert_eq!(types.form(b".R3D"), Form::Span);
        assert_eq!(types.form(b""), Form::Frame);
        for bad in ["", ".exr", "a b", "*", "seventeenletters7", "\u{e9}xr"] {
            assert!(!FrameTypes::is_type(bad), "{bad}");
        }
        let usual = FrameTypes::default();
        assert!(usual.words().all(FrameTypes::is_type));
        assert_eq!(FrameTypes::new(usual.words()), usual);
    }
}
