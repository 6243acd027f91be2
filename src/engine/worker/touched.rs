//! A source that got another owner, mode or name while it was copied, and perhaps other content.

use super::Worker;
use super::content::Content;
use super::publish::changed;
use crate::engine::failure::{Trouble, source};
use crate::engine::route::Route;
use crate::proto::{FileId, Op};
use crate::sys::Stat;
use std::os::fd::BorrowedFd;

impl Worker {
    /// The copy must be what the source is now, or it may be a mixture: both are read once more, which
    /// such a file is rare enough for. What was written need not be on the device yet: this says
    /// nothing about that.
    pub(super) fn check_touched(
        &mut self,
        route: &Route,
        [src, dst]: [BorrowedFd<'_>; 2],
        [touched, copy]: [&Stat; 2],
        id: FileId,
    ) -> Result<(), Trouble> {
        let shared = self.shared.clone();
        let sys = &*shared.sys;
        let content = self.compare_content(route, [src, dst], [touched, copy], id)?;
        let now = sys.stat(src).map_err(source(Op::Stat))?;
        let still = now.ctime == touched.ctime && now.size == touched.size;
        match content {
            Content::Equal if still => Ok(()),
            // One that was given up meanwhile is not begun again, whatever it is told here.
            Content::Equal | Content::Stopped | Content::DiffersAt(_) => {
                Err(changed("changed while it was being copied"))
            }
        }
    }
}
