//! The end of a directory: when nothing in it is waited for any more, it gets its owner, mode and
//! times.

use super::attributes::Bearer;
use super::publish::Dress;
use super::{Shared, contain};
use crate::engine::failure::{Trouble, dest};
use crate::engine::report::Notable;
use crate::engine::tree::{Dir, DirFds};
use crate::proto::{Failure, Op};
use crate::sys::{Stat, Sys};
use std::sync::Arc;

/// One thing less to wait for in `dir`; every directory that becomes complete gets its owner, mode
/// and times. Used by workers and by the scan, whichever is last.
pub fn complete(
    shared: &Shared,
    dir: &Arc<Dir>,
    failed: &mut dyn FnMut(Failure, &Arc<Dir>),
    notable: &mut dyn FnMut(Notable, &Arc<Dir>),
) {
    dir.complete(|dir, stat| {
        if shared.outage.is_given_up() {
            return;
        }
        let mut notable = |what| notable(what, dir);
        // Those above must complete whatever happens. Before the times: they change with each name.
        let cleared = contain(|| shared.with_files(|| shared.remove_stages(dir)));
        let finished = contain(|| {
            let Some(stat) = stat else { return Ok(()) };
            shared.with_files(|| finish_dir(shared, dir, stat, &mut notable))
        });
        for done in [cleared, finished] {
            if let Err(trouble) = done.and_then(|done| done) {
                let path = dir.full_path(trouble.side, None);
                failed(trouble.failure(None, path), dir);
            }
        }
    });
}

/// Before something is tried again in a directory: where this run made it, it may have completed
/// and have a mode that keeps its owner out, which its next completion gives back.
pub fn reopen(shared: &Shared, dir: &Arc<Dir>) {
    if !dir.is_fresh() {
        return;
    }
    let sys = &*shared.sys;
    let opened = dir.acquire(sys).and_then(|fds| {
        let now = sys.stat(fds.dst()).map_err(dest(Op::Stat))?;
        let_owner_in(sys, &fds, &now)
    });
    if let Err(trouble) = opened {
        // What is tried in it now fails and says why.
        tracing::debug!("a directory stays as it is: {trouble:?}");
    }
}

fn let_owner_in(sys: &dyn Sys, fds: &DirFds, now: &Stat) -> Result<(), Trouble> {
    /// Write and search permission of the owner.
    const NEEDED: u32 = 0o300;
    if now.mode & NEEDED == NEEDED {
        return Ok(());
    }
    sys.set_mode(fds.dst(), now.mode | NEEDED)
        .map_err(dest(Op::Mode))
}

fn finish_dir(
    shared: &Shared,
    dir: &Arc<Dir>,
    stat: &Stat,
    notable: &mut dyn FnMut(Notable),
) -> Result<(), Trouble> {
    let sys = &*shared.sys;
    let fds = dir.acquire(sys)?;
    let now = sys.stat(fds.dst()).map_err(dest(Op::Stat))?;
    if dir.is_fresh() && dir.route.has_attributes() {
        // It may have completed before: setting attributes needs write permission.
        let_owner_in(sys, &fds, &now)?;
    }
    Dress {
        sys,
        keep: shared.preserve,
        umask: shared.umask,
        was_there: !dir.is_made(),
        route: &dir.route,
        inherits: dir.rules.inherits,
        notable,
    }
    .put_on(Bearer::Open(fds.src()), Bearer::Open(fds.dst()), stat, &now)
}
