//! What `auto` would choose between two places, for files of some sizes. Reads, never writes.

use super::job::{wanted, workers};
use super::profile;
use super::route::Route;
use crate::proto::{JobSpec, Strategy};
use crate::sys::{Errno, Sys, SysResult};
use serde::Serialize;
use std::os::fd::AsFd;
use std::path::Path;

/// The choice for a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Advice {
    /// Its size in bytes.
    pub size: u64,
    /// What would move it.
    pub strategy: Strategy,
    /// Why.
    pub reason: String,
    /// What would be tried next where that does not work, in order.
    pub then: Vec<Strategy>,
}

/// What a job like `spec` would choose from one directory to another. What is known not to work
/// there may be named in `without`.
pub fn advice(
    sys: &dyn Sys,
    spec: &JobSpec,
    [source, dest]: [&Path; 2],
    without: &[Strategy],
    sizes: &[u64],
) -> SysResult<Vec<Advice>> {
    let look = |path: &Path| {
        let dir = sys.open_root(path)?;
        Ok::<_, Errno>((sys.stat(dir.as_fd())?.dev, sys.space(dir.as_fd())?.kind))
    };
    let ((src_dev, src_kind), (dst_dev, dst_kind)) = (look(source)?, look(dest)?);
    let route = Route::new(src_dev, dst_dev, src_kind, dst_kind)
        .letting_pages_go(spec.durability, crate::sys::kernel_lets_pages_go());
    for strategy in without {
        // The words are for a job's notices.
        route.refused(*strategy, Errno::OPNOTSUPP);
    }
    let best = profile::best(sys, spec, src_dev, dst_dev);
    let (_, chunk_workers) = workers(spec, best);
    let chunk = spec.tuning.chunk_size.unwrap_or(super::chunk::DEFAULT);
    let wanted = wanted(spec, best, chunk_workers, chunk);
    let choose = |size: &u64| {
        let ladder = route.ladder(wanted, *size, None);
        let (strategy, reason) = ladder.first()?;
        Some(Advice {
            size: *size,
            strategy,
            reason: reason.text().to_owned() + &route.unless_in_memory(wanted, *size),
            then: ladder.iter().skip(1).map(|(next, _)| next).collect(),
        })
    };
    Ok(sizes.iter().filter_map(choose).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::Durability;
    use crate::sys::Real;

    #[test]
    fn what_is_known_not_to_work_is_not_advised() {
        let dir = tempfile::tempdir().expect("a directory");
        let ask = |without: &[Strategy]| {
            let places = [dir.path(), dir.path()];
            // What need not be flushed is not read and written past the page cache.
            let spec = JobSpec {
                durability: Durability::None,
                ..JobSpec::default()
            };
            advice(&Real, &spec, places, without, &[100, 1 << 30])
        };
        let free = ask(&[]).expect("readable");
        // Some file systems are known not to share blocks, and it is not tried there.
        let opened = std::fs::File::open(dir.path()).expect("opens");
        let kind = Real.space(opened.as_fd()).expect("told").kind;
        if kind.never_shares_blocks() {
            assert_eq!(free[0].strategy, Strategy::Buffered);
            assert_eq!(free[1].strategy, Strategy::CopyFileRange);
            assert_eq!(free[1].then, [Strategy::Buffered]);
        } else {
            assert_eq!(free[0].strategy, Strategy::Reflink);
            assert_eq!(free[0].then, [Strategy::Buffered]);
            assert_eq!(free[1].strategy, Strategy::Reflink);
            assert_eq!(free[1].then, [Strategy::CopyFileRange, Strategy::Buffered]);
        }
        let bound = ask(&[Strategy::Reflink]).expect("readable");
        assert_eq!(bound[0].strategy, Strategy::Buffered);
        assert_eq!(bound[1].strategy, Strategy::CopyFileRange);
    }
}
