//! Several folders that are each planned and then copied, as a script would: one after the other, side
//! by side, as one job, as one batch.

use super::{Maker, own};
use crate::bench::case::{BATCH, Case, Judged};
use crate::bench::corpus::Tree;
use crate::bench::judge::VCS;
use crate::bench::peers::{COPY, SOURCE};
use std::ffi::OsString;
use std::path::Path;
use std::{fs, io};

impl Maker<'_> {
    /// The folders of a tree, planned and then copied.
    ///
    /// # Errors
    /// A given tree cannot be read.
    pub(super) fn pipeline(&self) -> io::Result<Vec<Case>> {
        let size = self.plan.size;
        let count = size.of(3, 4, 8);
        let folders: Vec<OsString> = match &self.plan.tree {
            Some(given) => folders_of(given)?,
            None => (0..count)
                .map(|at| OsString::from(format!("component-{at}")))
                .collect(),
        };
        let below = |root: &str, name: &OsString| {
            let mut path = OsString::from(root);
            path.push("/");
            path.push(name);
            path
        };
        let plan_of = |name: &OsString| {
            let mut words = self.copy(&["--exclude-vcs", "--dry-run", "-T"]);
            words.extend([below(SOURCE, name), below(COPY, name)]);
            words
        };
        let copy_of = |name: &OsString| {
            let mut words = self.copy(&["--exclude-vcs", "-T"]);
            words.extend([below(SOURCE, name), below(COPY, name)]);
            words
        };
        let base = vec![vec![OsString::from("mkdir"), OsString::from(COPY)]];
        let then = |steps: Vec<Vec<Vec<OsString>>>| [vec![base.clone()], steps].concat();
        let each = |of: &dyn Fn(&OsString) -> Vec<OsString>| -> Vec<Vec<OsString>> {
            folders.iter().map(of).collect()
        };
        let in_turn = |of: &dyn Fn(&OsString) -> Vec<OsString>| -> Vec<Vec<Vec<OsString>>> {
            folders.iter().map(|name| vec![of(name)]).collect()
        };
        let one_job = |plan: bool| {
            let mut words = self.copy(&["--exclude-vcs"]);
            words.extend(plan.then(|| OsString::from("--dry-run")));
            words.extend(["-t", COPY].map(OsString::from));
            words.extend(folders.iter().map(|name| below(SOURCE, name)));
            words
        };
        let apply = |more: &[&str]| {
            let mut words = vec![self.plan.haul.clone().into_os_string()];
            let sync = if self.plan.durable { "job" } else { "none" };
            words.extend(["apply", "-q", "--exclude-vcs", "--sync", sync].map(OsString::from));
            words.extend(more.iter().map(OsString::from));
            words.push(BATCH.into());
            words
        };
        let steps = vec![vec![apply(&["--dry-run"])], vec![apply(&[])]];
        let mut batch = own("one batch", then(steps));
        let pair = |name: &OsString| [below(SOURCE, name), below(COPY, name)];
        batch.batch = folders.iter().map(pair).collect();
        let contestants = vec![
            own(
                "one after the other",
                then([in_turn(&plan_of), in_turn(&copy_of)].concat()),
            ),
            own("side by side", then(vec![each(&plan_of), each(&copy_of)])),
            batch,
            own(
                "one job",
                then(vec![vec![one_job(true)], vec![one_job(false)]]),
            ),
        ];
        let tree = Tree::Components {
            count,
            files: size.of(40, 1_000, 4_000),
            mean: 11 << 10,
        };
        let mut case = self.case("components", tree, contestants);
        case.judged = Judged::Folders(folders);
        Ok(vec![case])
    }
}

/// The directories in a directory, without those of version control.
fn folders_of(dir: &Path) -> io::Result<Vec<OsString>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name();
        if entry.file_type()?.is_dir() && !VCS.iter().any(|vcs| name == *vcs) {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}
