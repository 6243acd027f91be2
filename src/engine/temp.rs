//! The names of temporaries: random, short enough for any name's place, and recognisable.
//!
//! `.haul-<16 hex>-<8 hex>.part`, where the second number is computed from the first: no file of a
//! person's own can match by accident, so a later run may remove what carries such a name and is
//! locked by nobody.

use std::ffi::{CStr, CString};

const PREFIX: &[u8] = b".haul-";
const SUFFIX: &[u8] = b".part";

/// Makes names; one a worker.
#[derive(Debug)]
pub struct TempNames {
    state: u64,
}

/// The output function of `SplitMix64` (Steele, Lea, Flood 2014): every bit of the state reaches
/// every bit of the result.
fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

fn check(random: u64) -> u32 {
    // Any fixed constant will do; this one is the text "haul" twice.
    (mix(random ^ 0x6861_756C_6861_756C) >> 32) as u32
}

impl TempNames {
    /// Begins at a seed nobody else knows.
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// Begins somewhere.
    pub fn fresh() -> Self {
        Self::new(crate::sys::seed())
    }

    /// A name not used before by this worker.
    pub fn draw(&mut self) -> CString {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let random = mix(self.state);
        let name = format!(".haul-{random:016x}-{:08x}.part", check(random));
        CString::new(name).unwrap_or_default()
    }
}

/// What is added to the name of a file of which only the beginning was copied and kept. No
/// temporary: no run removes it, and none takes it for the file.
const PARTIAL: &str = ".haul-partial";

/// The most bytes of a name (`NAME_MAX`, limits.h).
const LONGEST: usize = 255;

/// The name of what is kept of a file; the `number`th that is tried, from 1. A name that is too
/// long loses its end, whole characters where it is text.
pub fn partial(name: &CStr, number: u32) -> CString {
    let suffix = match number {
        1 => PARTIAL.to_owned(),
        _ => format!("{PARTIAL}-{number}"),
    };
    let name = name.to_bytes();
    let mut end = name.len().min(LONGEST - suffix.len());
    while end < name.len() && end > 1 && name[end] & 0xC0 == 0x80 {
        end -= 1;
    }
    let bytes = [&name[..end], suffix.as_bytes()].concat();
    CString::new(bytes).unwrap_or_default()
}

/// True for a name that [`TempNames`] made, in whatever run.
pub fn is_temp(name: &[u8]) -> bool {
    let Some(middle) = name
        .strip_prefix(PREFIX)
        .and_then(|rest| rest.strip_suffix(SUFFIX))
    else {
        return false;
    };
    let (Some(random), Some(b'-'), Some(sum)) =
        (middle.get(..16), middle.get(16), middle.get(17..))
    else {
        return false;
    };
    let parse = |hex: &[u8]| {
        let text = std::str::from_utf8(hex).ok()?;
        let lower = text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        lower.then(|| u64::from_str_radix(text, 16).ok()).flatten()
    };
    sum.len() == 8
        && parse(random)
            .zip(parse(sum))
            .is_some_and(|(random, sum)| u64::from(check(random)) == sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_named_after_its_file_and_is_no_temporary() {
        assert_eq!(partial(c"a.exr", 1).as_c_str(), c"a.exr.haul-partial");
        assert_eq!(partial(c"a.exr", 7).as_c_str(), c"a.exr.haul-partial-7");
        assert!(!is_temp(partial(c"a.exr", 1).as_bytes()));
        let long = CString::new("\u{e9}".repeat(127) + "x").expect("no zero");
        let kept = partial(&long, 12);
        assert!(kept.as_bytes().len() <= 255 && kept.as_bytes().len() > 250);
        assert!(kept.to_str().is_ok(), "cut within a character");
        let bytes = CString::new(vec![0x80; 255]).expect("no zero");
        assert!(partial(&bytes, 1).as_bytes().starts_with(b"\x80"));
    }

    #[test]
    fn names_are_recognised_and_nothing_else_is() {
        let mut names = TempNames::new(42);
        for _ in 0..1000 {
            let name = names.draw();
            // Far below the 255 of Linux and the 143 of eCryptfs.
            assert!(name.as_bytes().len() < 40);
            assert!(is_temp(name.as_bytes()), "{name:?}");
            let mut other = name.as_bytes().to_vec();
            other[8] = if other[8] == b'0' { b'1' } else { b'0' };
            assert!(!is_temp(&other), "the sum does not guard {name:?}");
        }
        for name in [
            &b".haul-"[..],
            b".haul-.part",
            b".haul-0000000000000000-00000000.part",
            b"x.part",
        ] {
            assert!(!is_temp(name));
        }
    }
}
