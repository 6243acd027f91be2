//! The source arguments of a scan: found, checked against each other and the destination, and begun.

use super::{Scan, Subtree};
use crate::engine::failure::{Trouble, dest, source};
use crate::engine::gate::Pass;
use crate::engine::report::{Retry, What};
use crate::engine::resolve::{self, Found, Origin, Target};
use crate::engine::tree::{Dir, DirFds, Place, SliceBuilder};
use crate::engine::worker::rules;
use crate::proto::{ErrorClass, Naming, Op, Side, Totals};
use crate::sys::Kind;
use std::collections::HashSet;
use std::ffi::CString;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::sync::Arc;

/// Names given out so far: device and inode of their directory, and the name.
pub(super) type TakenNames = HashSet<((u64, u64), CString)>;

/// Single files that are being collected, and the two directories they have in common.
pub(super) type FilesOf = Option<([PathBuf; 2], SliceBuilder)>;

impl Scan {
    pub(super) fn sources(&mut self, wanted: &[usize]) -> bool {
        if wanted.is_empty() {
            return false;
        }
        let spec = self.spec.clone();
        if spec.naming == Naming::Mapped {
            return self.mapped(wanted);
        }
        self.shared.gate.enter();
        let shared = self.shared.clone();
        let target = shared.with_files(|| {
            resolve::target(&*shared.sys, &spec.dest, spec.naming, spec.sources.len())
        });
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
        let top = target.above.first();
        self.tops.extend(top.map(|top| (top.dev, top.ino)));
        let mut begun = false;
        let mut names = TakenNames::new();
        let mut files = None;
        for &index in wanted {
            let Some(path) = spec.sources.get(index) else {
                continue;
            };
            if self.shared.gate.look() == Pass::Stop || !self.alive {
                self.whole = false;
                break;
            }
            let found = resolve::origin(path).and_then(|origin| {
                let found = self.find(&origin)?;
                Ok((origin, found))
            });
            match found.and_then(|(origin, found)| {
                self.begin(index, origin, found, &target, &mut names, &mut files)
            }) {
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

    /// Looks for a source argument; where this process has no descriptor to spare, once others have
    /// given some back.
    pub(super) fn find(&self, origin: &Origin) -> Result<Found, Trouble> {
        let shared = &self.shared;
        shared.gate.enter();
        let follow = self.spec.follow_links;
        let found = shared.with_files(|| resolve::find(&*shared.sys, origin, follow));
        shared.gate.leave();
        found
    }

    /// One source argument, found. Plain files of one parent share a place and slices.
    pub(super) fn begin(
        &mut self,
        index: usize,
        mut origin: Origin,
        found: Found,
        target: &Target,
        names: &mut TakenNames,
        files: &mut FilesOf,
    ) -> Result<(), Trouble> {
        let shared = self.shared.clone();
        let sys = &*shared.sys;
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
            let dir = target
                .above
                .first()
                .map_or((0, 0), |dir| (dir.dev, dir.ino));
            if !names.insert((dir, dst_name.clone())) {
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
            let into = target.name.is_none() && dst_name.as_c_str() != c".";
            let place = self.place(&origin, found.parent, target)?;
            if into {
                self.sweep_place(&place)?;
            }
            place.expect();
            self.stack.push(Subtree {
                parent: place,
                src_name: origin.name,
                dst_name,
                home: found.stat.dev,
                source: index as u32,
                lost: Totals::default(),
            });
            self.descend();
            return Ok(());
        }
        let dirs = [origin.parent.clone(), target.path.clone()];
        if files.as_ref().is_none_or(|(known, _)| *known != dirs) {
            self.close_files(files.take());
            let place = self.place(&origin, found.parent, target)?;
            self.sweep_place(&place)?;
            *files = Some((dirs, SliceBuilder::new(place)));
        }
        if let Some((_, builder)) = files {
            let source = index as u32;
            let full = builder.push_source(source, &origin.name, &dst_name, &found.stat);
            self.count(&found.stat);
            if full {
                let slice = builder.take(&mut self.next);
                self.found.extend(slice);
            }
        }
        self.flush_if_due();
        Ok(())
    }

    pub(super) fn close_files(&mut self, files: FilesOf) {
        if let Some((_, mut builder)) = files {
            let slice = builder.take(&mut self.next);
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
        let dirs = [origin.parent.clone(), target.path.clone()];
        if let Some((known, place)) = &self.place
            && shareable
            && *known == dirs
        {
            return Ok(place.clone());
        }
        let shared = self.shared.clone();
        let dst = shared
            .sys
            .duplicate(target.dir.as_fd())
            .map_err(dest(Op::Resolve))?;
        let fds = DirFds::new(parent, dst, &self.open);
        let src = shared.sys.stat(fds.src()).map_err(source(Op::Stat))?;
        let dst = shared.sys.stat(fds.dst()).map_err(dest(Op::Stat))?;
        let route = self.route(&fds, src.dev, dst.dev)?;
        let place = Place {
            src_path: resolve::tidy(&origin.parent),
            dst_path: resolve::tidy(&target.path),
            inodes: (self.spec.naming == Naming::Mapped).then_some([src, dst]),
        };
        let rules = rules(&*shared.sys, fds.dst(), false);
        let place = Dir::place(Arc::new(place), fds, route, rules);
        if shareable {
            self.place = Some((dirs, place.clone()));
        }
        Ok(place)
    }
}
