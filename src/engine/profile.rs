//! Which of the route profiles of a job is about its route.

use crate::proto::{Best, JobSpec};
use crate::sys::Sys;
use std::path::Path;

/// What was measured between these two devices, by the first profile that names them; nothing
/// where none does. Looks at the directories that the profiles name, which may take as long as a
/// file system that hangs.
pub fn best(sys: &dyn Sys, spec: &JobSpec, src_dev: u64, dst_dev: u64) -> Best {
    let is_on = |path: &Path, device: u64| {
        // A directory that is gone, or that nobody may look at, is on no device that matters.
        sys.stat_path(path).is_ok_and(|stat| stat.dev == device)
    };
    spec.routes
        .iter()
        .find(|route| is_on(route.from.as_path(), src_dev) && is_on(route.to.as_path(), dst_dev))
        .map(|route| route.best)
        .unwrap_or_default()
}
