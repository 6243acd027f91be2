//! `pread` and `pwrite` through one buffer: works everywhere, and the rung everything ends on.
//!
//! Where a call takes long whatever it carries (a filer, FUSE) the buffer grows while that is so: one
//! stream of 1 GiB onto a FUSE file system with 0.5 ms a call took 6.8 to 7.7 s by 256 KiB, 3.3 s by
//! 1 MiB and 3.0 s by 4 MiB a call, two cores.

use super::{Control, Moved, Mover, Pair, Stop};
use crate::clock;
use crate::proto::{Op, Side, Strategy};
use crate::sys::{Caching, Errno, Sys};
use std::ops::Range;
use std::time::Duration;

/// Reading and writing a buffer takes so long where a larger one may pay: at less, memory is the
/// limit and a larger one leaves the caches; at more, a pause would wait for it.
const SLOW: Range<Duration> = Duration::from_millis(1)..Duration::from_micros(12_500);

/// One worker's buffer.
#[derive(Debug)]
pub struct Buffered {
    buffer: Vec<u8>,
    most: usize,
}

impl Buffered {
    /// With a buffer of `size` bytes (at least a page), which may grow to `most`.
    pub fn new(size: usize, most: usize) -> Self {
        Self {
            buffer: vec![0; size.max(4096)],
            most,
        }
    }

    /// A whole buffer was read and written in `took`.
    fn follow(&mut self, took: Duration) {
        if SLOW.contains(&took) {
            // Its pages are not touched before they are used.
            self.buffer = vec![0; (2 * self.buffer.len()).min(self.most)];
        }
    }
}

impl Mover for Buffered {
    fn strategy(&self) -> Strategy {
        Strategy::Buffered
    }

    fn move_range(
        &mut self,
        sys: &dyn Sys,
        pair: Pair<'_>,
        range: Range<u64>,
        control: &mut Control<'_>,
    ) -> Moved {
        let mut at = range.start;
        let ended = |at: u64, stop: Stop| Moved {
            bytes: at - range.start,
            stop,
        };
        while at < range.end {
            if let Some(stop) = control.go_on() {
                return ended(at, stop);
            }
            let want = usize::try_from((range.end - at).min(control.cap()))
                .unwrap_or(usize::MAX)
                .min(self.buffer.len());
            let may_grow = want == self.buffer.len() && want < self.most;
            let began = may_grow.then(clock::now);
            let read = sys.read_at(pair.src, &mut self.buffer[..want], at, pair.read_pages);
            let got = match read {
                Ok(0) => return ended(at, Stop::SourceEnded),
                Ok(got) => got,
                Err(errno) if cannot_go(pair.read_pages, errno) => {
                    return ended(at, Stop::Unsupported(errno));
                }
                Err(errno) => return ended(at, Stop::Failed(Op::Read, Side::Source, errno)),
            };
            let mut rest = &self.buffer[..got];
            while !rest.is_empty() {
                let zeros = if pair.punch {
                    leading_zeros(rest, at)
                } else {
                    0
                };
                if zeros > 0 {
                    rest = &rest[zeros..];
                    at += zeros as u64;
                    control.moved(zeros as u64, at);
                    continue;
                }
                let data = if pair.punch {
                    leading_data(rest, at)
                } else {
                    rest.len()
                };
                match sys.write_at(pair.dst, &rest[..data], at, pair.written_pages) {
                    // A write that takes nothing and gives no reason would loop for ever.
                    Ok(0) => {
                        return ended(at, Stop::Failed(Op::Write, Side::Dest, Errno::IO));
                    }
                    Ok(put) => {
                        rest = &rest[put..];
                        at += put as u64;
                        control.moved(put as u64, at);
                    }
                    Err(errno) if cannot_go(pair.written_pages, errno) => {
                        return ended(at, Stop::Unsupported(errno));
                    }
                    Err(errno) => return ended(at, Stop::Failed(Op::Write, Side::Dest, errno)),
                }
            }
            if let Some(began) = began
                && got == want
            {
                self.follow(began.elapsed());
            }
        }
        ended(at, Stop::Complete)
    }
}

/// The file system does not let pages go: nothing is wrong with the bytes.
fn cannot_go(pages: Caching, errno: Errno) -> bool {
    pages == Caching::Go && errno == Errno::OPNOTSUPP
}

/// Blocks of a file system are at least this large, and a hole is whole blocks.
const BLOCK: usize = 4096;

/// Bytes from a block boundary that are whole blocks of zeros.
fn leading_zeros(bytes: &[u8], at: u64) -> usize {
    if !at.is_multiple_of(BLOCK as u64) {
        return 0;
    }
    let blocks = bytes.chunks_exact(BLOCK);
    blocks.take_while(|block| is_zero(block)).count() * BLOCK
}

/// Bytes up to the next whole block of zeros.
fn leading_data(bytes: &[u8], at: u64) -> usize {
    let mut from = (BLOCK - (at % BLOCK as u64) as usize) % BLOCK;
    while let Some(block) = bytes.get(from..from + BLOCK) {
        if from > 0 && is_zero(block) {
            return from;
        }
        from += BLOCK;
    }
    bytes.len()
}

fn is_zero(block: &[u8]) -> bool {
    block.iter().fold(0, |all, byte| all | byte) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_are_found_at_block_boundaries_only() {
        let mut bytes = vec![0; 5 * BLOCK];
        bytes[2 * BLOCK + 17] = 1;
        assert_eq!(leading_zeros(&bytes, 0), 2 * BLOCK);
        assert_eq!(leading_zeros(&bytes, 100), 0);
        assert_eq!(leading_data(&bytes[2 * BLOCK..], 2 * BLOCK as u64), BLOCK);
        assert_eq!(
            leading_data(&bytes[2 * BLOCK..][..100], 2 * BLOCK as u64),
            100
        );
        // From the middle of a block: up to the boundary at least.
        assert_eq!(leading_data(&bytes, 4000), 96);
        assert_eq!(
            leading_zeros(&bytes[..100], 0),
            0,
            "less than a block is data"
        );
    }
}
