//! Whether the pages of what is read or written stay in memory.

use rustix::io::ReadWriteFlags;
use std::sync::OnceLock;

/// What becomes of the pages that a read or a write brings into memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Caching {
    /// They stay, as the kernel likes.
    #[default]
    Stay,
    /// They go as soon as they are on the device, which begins at once (`RWF_DONTCACHE`,
    /// preadv2(2)); what was in memory before stays.
    Go,
}

impl Caching {
    /// The flag of [`Caching::Go`], which rustix does not name yet: `RWF_DONTCACHE` of
    /// `linux/fs.h`.
    pub(super) const fn go() -> ReadWriteFlags {
        ReadWriteFlags::from_bits_retain(0x80)
    }

    /// The same as a number, for the kernel's rings.
    pub(super) const fn bits(self) -> i32 {
        match self {
            Self::Stay => 0,
            Self::Go => Self::go().bits() as i32,
        }
    }
}

/// True when the kernel can let pages go and is not among the first that could. Linux 6.14 brought
/// it; nothing older than 6.18 was tried here, and what is new in a page cache is left to others for
/// two releases.
pub fn kernel_lets_pages_go() -> bool {
    static ANSWER: OnceLock<bool> = OnceLock::new();
    *ANSWER.get_or_init(|| {
        let name = rustix::system::uname();
        is_since_6_16(&name.release().to_string_lossy())
    })
}

fn is_since_6_16(release: &str) -> bool {
    let mut numbers = release
        .split(|character: char| !character.is_ascii_digit())
        .map(|number| number.parse::<u32>().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) >= (6, 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_told_apart() {
        for (release, since) in [
            ("6.15.9", false),
            ("6.14.0-1-amd64", false),
            ("5.19", false),
            ("6.16.0-rc1", true),
            ("6.18.44-fc-v657", true),
            ("7.0", true),
            ("", false),
            ("odd", false),
        ] {
            assert_eq!(is_since_6_16(release), since, "{release}");
        }
    }
}
