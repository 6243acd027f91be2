//! Whether two files hold the same bytes: both are read, and nothing else is believed.

use super::holes::{self, Look};
use super::length::TO_THE_END;
use super::{Worker, existing};
use crate::engine::failure::{Trouble, dest, source};
use crate::engine::gate::Pass;
use crate::engine::route::Route;
use crate::engine::strategy::Stop;
use crate::engine::tree::{DirFds, Slice};
use crate::proto::{FileId, Op, Side};
use crate::sys::{Caching, Errno, Kind, Stat, Sys};
use std::ops::Range;
use std::os::fd::{AsFd, BorrowedFd};

/// Bytes read from each side at a time. Large enough that two devices, or the two ends of one
/// disk, are not asked in turn for every page.
const COMPARED: usize = 1 << 20;

/// What a comparison of two files found.
pub(super) enum Content {
    /// Every byte is the same, and so are the lengths.
    Equal,
    /// The first byte that is not.
    DiffersAt(u64),
    /// It was given up before its end.
    Stopped,
}

impl Worker {
    /// True when a file whose length may be any is at the destination already, as its bytes say: its
    /// length is none to compare by. Asked only where the length differs and the time does not (files
    /// of the kernel's own making have none but that of the look).
    pub(super) fn is_there_to_the_end(
        &mut self,
        slice: &Slice,
        index: usize,
        fds: &DirFds,
    ) -> Result<Content, Trouble> {
        let shared = self.shared.clone();
        let sys = &*shared.sys;
        let (entry, name, dest_name) = slice.entry(index);
        let route = &slice.dir.route;
        if !route.may_tell_any_length() {
            return Ok(Content::DiffersAt(0));
        }
        // What is not there, or cannot be looked at, is met by the look that follows.
        let Ok(there) = sys.stat_at(fds.dst(), dest_name) else {
            return Ok(Content::DiffersAt(0));
        };
        let may_be = there.kind == Kind::File
            && there.size != entry.size
            && !(there.ino == entry.ino && there.dev == route.src_dev)
            && (route.src_kind.is_pseudo() || existing::is_same_time(entry.mtime, there.mtime));
        if !may_be {
            return Ok(Content::DiffersAt(0));
        }
        let src = if shared.follow_links {
            sys.open_followed(fds.src(), name)
        } else {
            sys.open_source(fds.src(), name)
        };
        let src = src.map_err(source(Op::Open))?;
        let dst = sys
            .open_source(fds.dst(), dest_name)
            .map_err(dest(Op::Open))?;
        let src_stat = sys.stat(src.as_fd()).map_err(source(Op::Stat))?;
        let both = [src.as_fd(), dst.as_fd()];
        self.compare_content(route, both, [&src_stat, &there], slice.id(index))
    }

    /// Two open files, read to their ends. Where the source's length may be any, an other length of
    /// the copy is none of its own: both end where nothing more comes.
    pub(super) fn compare_content(
        &mut self,
        route: &Route,
        [src, dst]: [BorrowedFd<'_>; 2],
        [src_stat, dst_stat]: [&Stat; 2],
        id: FileId,
    ) -> Result<Content, Trouble> {
        let shared = self.shared.clone();
        let sys = &*shared.sys;
        let same_size = src_stat.size == dst_stat.size;
        if !same_size && !route.may_tell_any_length() {
            return Ok(Content::DiffersAt(src_stat.size.min(dst_stat.size)));
        }
        let size = if same_size { src_stat.size } else { TO_THE_END };
        let mut sparse = same_size && src_stat.looks_sparse() && dst_stat.looks_sparse();
        let mut buffers = [vec![0; COMPARED], vec![0; COMPARED]];
        let mut at = 0;
        while at < size {
            match self.pass(id) {
                Pass::Stop => return Ok(Content::Stopped),
                Pass::Go | Pass::Hold => {}
            }
            if sparse {
                match self.common_hole(route, [src, dst], at..size, id)? {
                    Some(end) => at = end,
                    None if self.pass(id) == Pass::Stop => return Ok(Content::Stopped),
                    // Reading finds what differs, what fails and where it ends.
                    None => sparse = false,
                }
                if at >= size {
                    break;
                }
            }
            let want = COMPARED.min(usize::try_from(size - at).unwrap_or(COMPARED));
            let [from, to] = &mut buffers;
            let got = read_full(sys, src, &mut from[..want], at, Side::Source)?;
            let back = read_full(sys, dst, &mut to[..want], at, Side::Dest)?;
            let same = from[..got]
                .iter()
                .zip(&to[..back])
                .take_while(|(a, b)| a == b);
            let differs = if from[..got] == to[..back] {
                None
            } else {
                Some(at + same.count() as u64)
            };
            if let Some(differs) = differs {
                return Ok(Content::DiffersAt(differs));
            }
            if got < want && !same_size {
                return Ok(Content::Equal);
            }
            if got < want {
                // Both ended before their length.
                return Ok(Content::DiffersAt(at + got as u64));
            }
            at += got as u64;
        }
        Ok(Content::Equal)
    }

    /// Up to where both files have a hole, and so both have zeros; `None` when one of them is not to
    /// be believed, or the look was stopped. Holes are believed as they are by the copy.
    fn common_hole(
        &mut self,
        route: &Route,
        [src, dst]: [BorrowedFd<'_>; 2],
        rest: Range<u64>,
        id: FileId,
    ) -> Result<Option<u64>, Trouble> {
        let shared = self.shared.clone();
        let sys = &*shared.sys;
        let next = |fd, side| match sys.seek_data(fd, rest.start) {
            Ok(next) => Ok(next),
            Err(Errno::INVAL | Errno::OPNOTSUPP) => Ok(Some(rest.start)),
            Err(errno) => Err(Trouble::kernel(Op::Read, side, errno)),
        };
        let ends = [next(src, Side::Source)?, next(dst, Side::Dest)?];
        let end = ends.into_iter().flatten().min().unwrap_or(rest.end);
        let hole = rest.start..end.min(rest.end);
        if hole.is_empty() {
            return Ok(Some(hole.end));
        }
        for (fd, kind) in [(src, route.src_kind), (dst, route.dst_kind)] {
            if end < rest.end && kind.tells_true_holes() {
                continue;
            }
            let mut go_on = || (self.pass(id) == Pass::Stop).then_some(Stop::Cancelled);
            match holes::are_all(sys, fd, hole.clone(), Look::at(kind), &mut go_on) {
                Ok(true) => {}
                Ok(false) | Err(_) => return Ok(None),
            }
        }
        Ok(Some(hole.end))
    }
}

/// Reads until the buffer is full or the file ends.
fn read_full(
    sys: &dyn Sys,
    fd: BorrowedFd<'_>,
    buffer: &mut [u8],
    at: u64,
    side: Side,
) -> Result<usize, Trouble> {
    let mut got = 0;
    while got < buffer.len() {
        let at = at + got as u64;
        match sys.read_at(fd, &mut buffer[got..], at, Caching::Stay) {
            Ok(0) => break,
            Ok(read) => got += read,
            Err(errno) => return Err(Trouble::kernel(Op::Read, side, errno).at(at)),
        }
    }
    Ok(got)
}
