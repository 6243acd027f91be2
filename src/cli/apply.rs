//! `haul apply`: a batch of mappings becomes one job, or is refused whole.

use super::args::ApplyArgs;
use super::batch::{self, Batch};
use super::report::safe;
use crate::config::Config;
use crate::proto::{BytePath, Conflict, Durability, JobSpec, Naming, Operation};
use crate::session;
use crate::text;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// The job a batch asks for, and what to repeat in every line of `--json`.
///
/// # Errors
/// All that is wrong with the batch, a line each; nothing was touched.
pub fn spec(args: &ApplyArgs, config: &Config) -> Result<(JobSpec, Option<String>), Vec<String>> {
    let shown = match args.file.as_os_str().as_bytes() {
        b"-" => "standard input".to_owned(),
        path => format!("'{}'", text::shown(path)),
    };
    let named = |line: String| format!("{shown}: {line}");
    let all_named = |lines: Vec<String>| lines.into_iter().map(named).collect::<Vec<_>>();
    let base = args.job.spec(&config.copy).map_err(|reason| vec![reason])?;
    let bytes = batch::read(&args.file).map_err(|error| all_named(vec![error.to_string()]))?;
    let batch = batch::parse(&bytes).map_err(all_named)?;
    let id = batch.id.clone();
    let spec = job(args, base, batch);
    goes_together(&spec).map_err(|words| vec![named(words.to_owned())])?;
    let wrong = session::check_mappings(&spec);
    if wrong.is_empty() {
        return Ok((spec, id));
    }
    let line = |wrong: &session::Wrong| {
        named(format!(
            "mappings[{}]: {}",
            wrong.index,
            safe(&wrong.reason)
        ))
    };
    Err(wrong.iter().map(line).collect())
}

/// What a move cannot be sound with is refused.
fn goes_together(spec: &JobSpec) -> Result<(), &'static str> {
    if spec.operation != Operation::Move {
        return Ok(());
    }
    if spec.durability == Durability::None {
        return Err(
            "a move removes a source only once its copy is on the device: it does not go with --sync none",
        );
    }
    if spec.follow_links {
        return Err("a move takes links as links: it does not go with --dereference");
    }
    if spec.conflict == Conflict::Rename {
        return Err(
            "a move needs each file at its own new name: it does not go with --conflict rename",
        );
    }
    Ok(())
}

/// What is typed beats what the batch says, which beats the configuration.
fn job(args: &ApplyArgs, base: JobSpec, batch: Batch) -> JobSpec {
    let mut spec = base;
    if args.job.file_workers.is_none() {
        spec.tuning.file_workers = batch.file_workers.or(spec.tuning.file_workers);
    }
    spec.tuning.max_workers = match args.max_workers {
        Some(typed) => typed.0,
        None => batch.max_workers,
    };
    spec.operation = batch.operation;
    spec.naming = Naming::Mapped;
    (spec.sources, spec.targets) = batch.mappings.into_iter().unzip();
    spec.dest = BytePath::from(shared_dir(&spec.targets));
    spec
}

/// The directory all new names are below, as far as their words say it.
fn shared_dir(targets: &[BytePath]) -> PathBuf {
    let mut parents = targets.iter().map(|target| {
        let parent = target.as_path().parent();
        parent.unwrap_or(Path::new(""))
    });
    let mut shared = parents.next().unwrap_or(Path::new("")).to_path_buf();
    for parent in parents {
        while !parent.starts_with(&shared) {
            if !shared.pop() {
                shared.clear();
            }
        }
    }
    if shared.as_os_str().is_empty() {
        shared.push(".");
    }
    shared
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_directory_shown_is_the_one_they_share() {
        let shared = |targets: &[&str]| {
            let targets: Vec<BytePath> = targets.iter().map(|path| BytePath::from(*path)).collect();
            shared_dir(&targets)
        };
        assert_eq!(shared(&["/a/b/c", "/a/b/d/e"]), Path::new("/a/b"));
        assert_eq!(shared(&["/a/bc/c", "/a/b/d/e"]), Path::new("/a"));
        assert_eq!(shared(&["x"]), Path::new("."));
        assert_eq!(shared(&["x/y", "z/y"]), Path::new("."));
        assert_eq!(shared(&["/x", "y"]), Path::new("."));
    }
}
