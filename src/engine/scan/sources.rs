//! The source arguments of a scan: found, checked against each other and the destination, and begun.

use super::{Scan, Subtree};
use crate::engine::failure::{Trouble, dest, source};
use crate::engine::gate::Pass;
use crate::engine::report::{Retry, What};
use crate::engine::resolve::{self, Origin, Target};
use crate::engine::tree::{Dir, DirFds, Place, SliceBuilder};
use crate::engine::worker::hands_down;
use crate::proto::{BytePath, ErrorClass, Naming, Op, Side};
use crate::sys::Kind;
use std::collections::HashSet;
use std::ffi::CString;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;

impl Scan {
    pub(super) fn sources(&mut self, wanted: &[usize]) -> bool {
        if wanted.is_empty() {
            return false;
        }
        let spec = self.spec.clone();
        self.shared.gate.enter();
        let target = resolve::target(
            &*self.shared.sys,
            &spec.dest,
            spec.naming,
            spec.sources.len(),
        );
        self.shared.gate.leave();
        let target = match target {
            Ok(target) => target,
            Err(trouble) => {
                // Without a destination no source can begin; the reason is said once.
                let failure = trouble.failure(None, spec.dest.clone());
                self.report(What::ScanFailed(failure, Retry::Source(usize::MAX)));
                return false;
            }
        };
        self.report(What::Named(match target.name {
            Some(_) => Naming::Exact,
            None => Naming::Into,
        }));
        self.tops.extend(target.above.first().copied());
        let mut begun = false;
        let mut names = HashSet::new();
        let mut files: Option<(PathBuf, SliceBuilder)> = None;
        for &index in wanted {
            let Some(path) = spec.sources.get(index) else {
                continue;
            };
            if self.shared.gate.look() == Pass::Stop || !self.alive {
                self.whole = false;
                break;
            }
            match self.source(path, &target, &mut names, &mut files) {
                Ok(()) => begun = true,
                Err(trouble) => {
                    let path = if trouble.side == Side::Source {
                        path.clone()
                    } else {
                        spec.dest.clone()
                    };
                    let retry = match trouble.class {
                        ErrorClass::Refused => Retry::Never,
                        _ => Retry::Source(index),
                    };
                    self.report(What::ScanFailed(trouble.failure(None, path), retry));
                }
            }
        }
        self.close_files(files);
        begun
    }

    /// One source argument. Plain files of one parent share a place and slices.
    fn source(
        &mut self,
        path: &BytePath,
        target: &Target,
        names: &mut HashSet<CString>,
        files: &mut Option<(PathBuf, SliceBuilder)>,
    ) -> Result<(), Trouble> {
        let shared = self.shared.clone();
        let sys = &*shared.sys;
        let mut origin = resolve::origin(path)?;
        let found = resolve::find(sys, &origin, self.spec.follow_links)?;
        let own_name = origin.name.clone();
        let through_link = origin.follow && {
            // `link/`: the opened parent is the directory itself.
            let parent = sys.stat(found.parent.as_fd()).map_err(source(Op::Stat))?;
            parent.same_inode(&found.stat)
        };
        if through_link {
            c".".clone_into(&mut origin.name);
        }
        let dst_name = match &target.name {
            Some(name) => name.clone(),
            None => own_name,
        };
        if dst_name.as_c_str() == c"." {
            if target
                .above
                .iter()
                .any(|above| above.same_inode(&found.stat))
            {
                return Err(Trouble::own(
                    Op::Compare,
                    Side::Source,
                    ErrorClass::Refused,
                    "a directory cannot be copied into itself",
                ));
            }
        } else {
            if !names.insert(dst_name.clone()) {
                return Err(Trouble::own(
                    Op::Compare,
                    Side::Source,
                    ErrorClass::Refused,
                    "another source has the same name at the destination",
                ));
            }
            resolve::check(sys, &found.stat, target, &dst_name)?;
        }
        if found.stat.kind == Kind::Dir {
            self.close_files(files.take());
            let place = self.place(&origin, found.parent, target)?;
            place.expect();
            self.stack.push(Subtree {
                parent: place,
                src_name: origin.name,
                dst_name,
                home: found.stat.dev,
            });
            self.descend();
            return Ok(());
        }
        if files
            .as_ref()
            .is_none_or(|(parent, _)| *parent != origin.parent)
        {
            self.close_files(files.take());
            let place = self.place(&origin, found.parent, target)?;
            self.sweep_place(&place)?;
            *files = Some((origin.parent.clone(), SliceBuilder::new(place)));
        }
        if let Some((_, builder)) = files {
            let full = builder.push(&origin.name, &found.stat);
            self.count(&found.stat);
            if full || target.name.is_some() {
                let slice = builder.take(&mut self.next, target.name.clone());
                self.found.extend(slice);
            }
        }
        self.flush_if_due();
        Ok(())
    }

    fn close_files(&mut self, files: Option<(PathBuf, SliceBuilder)>) {
        if let Some((_, mut builder)) = files {
            let slice = builder.take(&mut self.next, None);
            self.found.extend(slice);
        }
    }

    fn place(
        &mut self,
        origin: &Origin,
        parent: OwnedFd,
        target: &Target,
    ) -> Result<Arc<Dir>, Trouble> {
        // Sources of one parent share a place, and its descriptors. Where the content of a directory
        // is meant, the parent is that directory itself.
        let shareable = origin.name.as_c_str() != c".";
        if let Some((path, place)) = &self.place
            && shareable
            && *path == origin.parent
        {
            return Ok(place.clone());
        }
        let shared = self.shared.clone();
        let dst = shared
            .sys
            .duplicate(target.dir.as_fd())
            .map_err(dest(Op::Resolve))?;
        let fds = DirFds::new(parent, dst, &self.open);
        let src_dev = shared.sys.stat(fds.src()).map_err(source(Op::Stat))?.dev;
        let dst_dev = shared.sys.stat(fds.dst()).map_err(dest(Op::Stat))?.dev;
        let route = self.route(&fds, src_dev, dst_dev)?;
        let place = Place {
            src_path: tidy(&origin.parent),
            dst_path: tidy(&target.path),
        };
        let inherits = hands_down(&*shared.sys, fds.dst());
        let place = Dir::place(Arc::new(place), fds, route, inherits);
        if shareable {
            self.place = Some((origin.parent.clone(), place.clone()));
        }
        Ok(place)
    }
}

/// `dir/./` shown as `dir`, and `./` not at all.
fn tidy(path: &Path) -> PathBuf {
    let mut parts = path.components();
    if path.starts_with(".") {
        parts.next();
    }
    parts.collect()
}
