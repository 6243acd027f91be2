//! Which strategies move the files of a plan: what the route's ladder says of the sizes found.
//!
//! Sizes are put into classes by their power of two, so that a million files cost nothing: the
//! bounds between strategies are powers of two too, or are asked for by the user, where a class
//! goes by its largest file.

use super::route::{Ladder, Route, Wanted};
use crate::proto::{Preview, Strategy};
use crate::units;

/// A frame of a shot or more: what is told of before anything is found.
const LARGE: u64 = 1 << 30;

/// Files of sizes with the same highest bit.
#[derive(Clone, Copy, Debug, Default)]
struct Class {
    files: u64,
    bytes: u64,
    largest: u64,
}

/// Files and bytes that begin with one strategy.
struct Share {
    ladder: Ladder,
    /// Bytes of the largest file.
    largest: u64,
    strategy: Strategy,
    files: u64,
    bytes: u64,
}

/// The files found so far, and the route they take.
#[derive(Debug)]
pub struct Mix {
    route: Route,
    wanted: Wanted,
    /// By the number of bits of the size.
    classes: [Class; 65],
}

/// The reason for no strategy at all.
const NOTHING: &str = "no file has to be copied";

impl Mix {
    /// Nothing found yet.
    pub fn new(route: Route, wanted: Wanted) -> Self {
        Self {
            route,
            wanted,
            classes: [Class::default(); 65],
        }
    }

    /// A file of `size` bytes is to be moved.
    pub fn add(&mut self, size: u64) {
        let class = &mut self.classes[(u64::BITS - size.leading_zeros()) as usize];
        class.files += 1;
        class.bytes = class.bytes.saturating_add(size);
        class.largest = class.largest.max(size);
    }

    /// Puts the strategy of most of the bytes there, with its reason, and names those of the rest.
    pub fn tell(&self, preview: &mut Preview) {
        let mut shares = self.shares();
        // What has no bytes is moved by nothing.
        if shares.iter().any(|share| share.bytes > 0) {
            shares.retain(|share| share.bytes > 0);
        }
        shares.sort_by_key(|share| std::cmp::Reverse((share.bytes, share.files)));
        let first = shares.first();
        let (ladder, largest) = first.map_or_else(
            || (self.route.ladder(self.wanted, LARGE, None), LARGE),
            |share| (share.ladder, share.largest),
        );
        let Some((strategy, reason)) = ladder.first() else {
            return;
        };
        preview.strategy = strategy;
        reason.text().clone_into(&mut preview.reason);
        preview.reason += &self.route.unless_in_memory(self.wanted, largest);
        // Whether a rung holds is known only once it was tried.
        let first_rung = strategy;
        for (position, (strategy, _)) in ladder.iter().skip(1).enumerate() {
            let words = if position == 0 {
                format!("; where {first_rung} does not work, ")
            } else {
                ", then ".to_owned()
            };
            preview.reason += &words;
            preview.reason += strategy.name();
        }
        let of = |share: &Share| {
            let (bytes, files) = (units::size(share.bytes), units::files(share.files));
            [bytes, files].join(" of ")
        };
        let [first, rest @ ..] = &shares[..] else {
            return;
        };
        if rest.is_empty() {
            return;
        }
        preview.reason += "; so ";
        preview.reason += &of(first);
        for share in rest {
            preview.reason += ", ";
            preview.reason += share.strategy.name();
            preview.reason += " ";
            preview.reason += &of(share);
        }
    }

    /// Says so where all was counted and nothing is to be moved: the way of a large file, which is told
    /// until something is found, would be a promise.
    pub fn tell_if_nothing(&self, preview: &mut Preview) {
        if self.classes.iter().all(|class| class.files == 0) {
            preview.strategy = self.wanted.strategy;
            NOTHING.clone_into(&mut preview.reason);
        }
    }

    /// The classes, put together by the strategy they begin with.
    fn shares(&self) -> Vec<Share> {
        let mut shares: Vec<Share> = Vec::new();
        for class in self.classes.iter().filter(|class| class.files > 0) {
            let ladder = self.route.ladder(self.wanted, class.largest, None);
            let Some((strategy, _)) = ladder.first() else {
                continue;
            };
            match shares.iter_mut().find(|share| share.strategy == strategy) {
                Some(share) => {
                    // The reason told is that of the larger part.
                    if class.bytes > share.bytes {
                        share.ladder = ladder;
                    }
                    share.largest = share.largest.max(class.largest);
                    share.files += class.files;
                    share.bytes = share.bytes.saturating_add(class.bytes);
                }
                None => shares.push(Share {
                    ladder,
                    largest: class.largest,
                    strategy,
                    files: class.files,
                    bytes: class.bytes,
                }),
            }
        }
        shares
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::route::{Reason, SMALL};
    use crate::proto::Sparse;
    use crate::sys::FsKind;

    #[test]
    fn what_moves_most_of_the_bytes_is_told_first_and_the_rest_named() {
        let ext4 = FsKind(0xEF53);
        let wanted = Wanted {
            strategy: Strategy::Auto,
            first: None,
            chunk_workers: 4,
            parallel_min_size: 128 << 20,
            sparse: Sparse::Auto,
        };
        let told = |sizes: &[(u64, u64)]| {
            let mut mix = Mix::new(Route::new(1, 2, ext4, ext4), wanted);
            for (size, count) in sizes {
                (0..*count).for_each(|_| mix.add(*size));
            }
            let mut preview = Preview::default();
            mix.tell(&mut preview);
            (preview.strategy, preview.reason)
        };
        assert_eq!(told(&[]).0, Strategy::Parallel, "of a large file");
        let mut nothing = Preview::default();
        Mix::new(Route::new(1, 2, ext4, ext4), wanted).tell_if_nothing(&mut nothing);
        assert_eq!(
            (nothing.strategy, &*nothing.reason),
            (Strategy::Auto, NOTHING)
        );
        // Two devices that are one file system begin with a rung that may not hold.
        let one = Mix::new(
            Route::new(1, 1, FsKind(0x5846_5342), FsKind(0x5846_5342)),
            wanted,
        );
        let mut preview = Preview::default();
        one.tell(&mut preview);
        let named = format!("; where {} does not work, ", preview.strategy);
        assert!(preview.reason.contains(&named), "{}", preview.reason);
        let (strategy, reason) = told(&[(4, 500)]);
        assert_eq!(
            (strategy, &*reason),
            (Strategy::Buffered, Reason::Small.text())
        );
        let (strategy, reason) = told(&[(SMALL - 1, 1), (300 << 10, 39)]);
        assert_eq!(strategy, Strategy::Sendfile);
        assert_eq!(
            reason,
            format!(
                "{}; where sendfile does not work, buffered; so 11.4 MiB of 39 files, buffered 64.0 KiB of 1 file",
                Reason::CopiedOnce.text()
            )
        );
        let (strategy, reason) = told(&[(4, 500), (1 << 30, 1), (0, 9)]);
        assert_eq!(strategy, Strategy::Parallel);
        assert_eq!(
            reason,
            format!(
                "{}; so 1 GiB of 1 file, buffered 2.0 KiB of 509 files",
                Reason::Large.text()
            )
        );
    }
}
