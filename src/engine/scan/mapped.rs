//! Sources that each have a new name of their own: one job of any number of mappings.
//!
//! Neighbours in the list that share both directories share a place and slices, so that a batch of
//! thousands of files of one shot costs what a directory of them does.

use super::Scan;
use super::sources::{FilesOf, TakenNames};
use crate::engine::failure::Trouble;
use crate::engine::gate::Pass;
use crate::engine::report::{Retry, What};
use crate::engine::resolve::{self, Target};
use crate::proto::{BytePath, ErrorClass, Failure, Side, Totals};
use crate::sys::Kind;
use std::os::fd::AsFd;
use std::path::PathBuf;

/// The directory of the last new name, for others in it.
type LastTarget = Option<(PathBuf, Target)>;

impl Scan {
    /// Begins the mappings of these indexes; true when at least one was.
    pub(super) fn mapped(&mut self, wanted: &[usize]) -> bool {
        let spec = self.spec.clone();
        let mut begun = false;
        let mut names = TakenNames::new();
        let mut files = None;
        let mut last = None;
        for &index in wanted {
            let (Some(src), Some(dst)) = (spec.sources.get(index), spec.targets.get(index)) else {
                continue;
            };
            if self.shared.gate.look() == Pass::Stop || !self.alive {
                self.whole = false;
                break;
            }
            match self.mapping(index, (src, dst), &mut last, &mut names, &mut files) {
                Ok(()) => begun = true,
                Err((trouble, lost)) => {
                    let path = match trouble.side {
                        Side::Source => src,
                        Side::Dest => dst,
                    };
                    let retry = match trouble.class {
                        ErrorClass::Refused => Retry::Never,
                        _ => Retry::Source(index),
                    };
                    let failure = Failure {
                        below: lost.files,
                        ..trouble.failure(None, path.clone())
                    };
                    self.report(What::Lost(lost, Some(index)));
                    self.report(What::ScanFailed(failure, retry));
                }
            }
        }
        self.close_files(files);
        begun
    }

    /// Begins one; what was counted of it where its place cannot be.
    fn mapping(
        &mut self,
        index: usize,
        (src, dst): (&BytePath, &BytePath),
        last: &mut LastTarget,
        names: &mut TakenNames,
        files: &mut FilesOf,
    ) -> Result<(), (Trouble, Totals)> {
        let shared = self.shared.clone();
        let sys = &*shared.sys;
        let alone = |trouble| (trouble, Totals::default());
        let origin = resolve::origin(src).map_err(alone)?;
        // Before any directory is made for it.
        let found = self.find(&origin).map_err(alone)?;
        let new = resolve::new_name(dst).map_err(alone)?;
        let target = match last.take() {
            Some((parent, target)) if parent == new.parent => Target {
                name: Some(new.name),
                only_dir: new.only_dir,
                ..target
            },
            _ => {
                shared.gate.enter();
                let target = loop {
                    if shared.gate.look() == Pass::Stop {
                        break Ok(None);
                    }
                    match shared.with_files(|| resolve::made(sys, &new, shared.umask)) {
                        Err(trouble) if self.waited_above(&new, &trouble) => {}
                        made => break made.map(Some),
                    }
                };
                shared.gate.leave();
                let target = match target {
                    Ok(target) => target,
                    Err(trouble) if found.stat.kind == Kind::Dir => {
                        let at = (found.parent.as_fd(), &*origin.name);
                        let lost = self.lost_at(at, found.stat.dev, PathBuf::new(), &|_| false);
                        return Err((trouble, lost));
                    }
                    Err(trouble) => return Err(alone(trouble)),
                };
                let Some(target) = target else {
                    self.whole = false;
                    return Ok(());
                };
                let top = target.above.first();
                self.tops.extend(top.map(|top| (top.dev, top.ino)));
                target
            }
        };
        let began = self.begin(index, origin, found, &target, names, files);
        *last = Some((new.parent, target));
        began.map_err(alone)
    }

    /// Waits for room where a directory could not be made for lack of it.
    fn waited_above(&mut self, new: &resolve::NewName, trouble: &Trouble) -> bool {
        match resolve::nearest(&*self.shared.sys, &new.parent) {
            Ok((near, _, _)) => self.waited_for_room(near.as_fd(), trouble),
            // Nowhere to wait: the caller tells what stood in the way of the directory.
            Err(_) => false,
        }
    }
}
