//! What is left out of a tree.

use crate::globs::spelled_out;
use crate::proto::Filters;
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// What version control systems keep for themselves.
const VCS: [&[u8]; 9] = [
    b".git",
    b".hg",
    b".svn",
    b".bzr",
    b"_darcs",
    b"CVS",
    b".jj",
    b".pijul",
    b".fslckout",
];

/// Patterns of one kind.
#[derive(Debug, Default)]
struct Patterns {
    names: GlobSet,
    paths: GlobSet,
    dir_names: GlobSet,
    dir_paths: GlobSet,
}

impl Patterns {
    fn new(patterns: &[String]) -> Result<Self, String> {
        let mut sets = [(); 4].map(|()| GlobSetBuilder::new());
        for pattern in patterns {
            let (text, dirs) = match pattern.strip_suffix('/') {
                Some(text) => (text, true),
                None => (pattern.as_str(), false),
            };
            let is_path = text.contains('/');
            let not_one = |reason| format!("'{pattern}' is not a glob: {reason}");
            let text = text.strip_prefix('/').unwrap_or(text);
            let glob = GlobBuilder::new(&spelled_out(text).map_err(not_one)?)
                .literal_separator(true)
                .backslash_escape(true)
                .build()
                .map_err(|error| not_one(error.kind().to_string()))?;
            sets[usize::from(is_path) + 2 * usize::from(dirs)].add(glob);
        }
        let [names, paths, dir_names, dir_paths] = sets.map(|set| set.build());
        let built = |set: Result<GlobSet, globset::Error>| set.map_err(|error| error.to_string());
        Ok(Self {
            names: built(names)?,
            paths: built(paths)?,
            dir_names: built(dir_names)?,
            dir_paths: built(dir_paths)?,
        })
    }

    fn matches(&self, name: &Path, path: &Path, is_dir: bool) -> bool {
        self.names.is_match(name)
            || self.paths.is_match(path)
            || (is_dir && (self.dir_names.is_match(name) || self.dir_paths.is_match(path)))
    }
}

/// Compiled patterns; by default none, so that nothing is left out.
#[derive(Debug, Default)]
pub struct Filter {
    exclude: Patterns,
    include: Patterns,
    vcs: bool,
    empty: bool,
}

impl Filter {
    /// Compiles; the message names the pattern that is no glob.
    ///
    /// A pattern without `/` is matched against the name alone, one with `/` against the whole
    /// path below the source (`*` does not cross a `/`, `**` does); one that ends in `/` is for
    /// directories only. What `include` matches stays, whatever `exclude` says.
    pub fn new(filters: &Filters) -> Result<Self, String> {
        Ok(Self {
            exclude: Patterns::new(&filters.exclude)?,
            include: Patterns::new(&filters.include)?,
            vcs: filters.exclude_vcs,
            empty: filters.exclude.is_empty() && !filters.exclude_vcs,
        })
    }

    /// True when nothing is ever left out: the path below the source need not be put together.
    pub fn is_empty(&self) -> bool {
        self.empty
    }

    /// True when the entry is left out. `path` is the path below the source argument.
    pub fn leaves_out(&self, name: &[u8], path: &Path, is_dir: bool) -> bool {
        if self.empty {
            return false;
        }
        let excluded = self.vcs && VCS.contains(&name);
        let name = Path::new(OsStr::from_bytes(name));
        (excluded || self.exclude.matches(name, path, is_dir))
            && !self.include.matches(name, path, is_dir)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(exclude: &[&str]) -> Filter {
        let exclude = exclude
            .iter()
            .map(|pattern| (*pattern).to_owned())
            .collect();
        Filter::new(&Filters {
            exclude,
            ..Filters::default()
        })
        .expect("globs")
    }

    fn out(filter: &Filter, path: &str, is_dir: bool) -> bool {
        let path = Path::new(path);
        filter.leaves_out(path.file_name().expect("a name").as_bytes(), path, is_dir)
    }

    #[test]
    fn names_paths_and_directories() {
        let tmp = filter(&["*.tmp", "cache/", "renders/old", "deep/**/x"]);
        assert!(out(&tmp, "a/b/c.tmp", false));
        assert!(!out(&tmp, "a/b/c.tmpx", false));
        assert!(out(&tmp, "a/cache", true));
        assert!(!out(&tmp, "a/cache", false), "a file of that name stays");
        assert!(out(&tmp, "renders/old", true));
        assert!(
            !out(&tmp, "a/renders/old", true),
            "a path is anchored at the source"
        );
        assert!(out(&tmp, "deep/1/2/x", false));
        assert!(!out(&tmp, "plain", false));
    }

    #[test]
    fn what_is_included_stays() {
        let filters = Filters {
            exclude: vec!["*.exr".into()],
            include: vec!["hero.*".into(), "keep/*.exr".into()],
            ..Filters::default()
        };
        let filter = Filter::new(&filters).expect("globs");
        assert!(out(&filter, "a/b.exr", false));
        assert!(!out(&filter, "a/hero.exr", false));
        assert!(!out(&filter, "keep/b.exr", false));
    }

    #[test]
    fn version_control() {
        let vcs = Filter::new(&Filters {
            exclude_vcs: true,
            ..Filters::default()
        })
        .expect("no globs");
        assert!(out(&vcs, "a/.git", true));
        assert!(!out(&vcs, "a/.gitignore", false));
    }

    #[test]
    fn a_bad_glob_is_named() {
        let exclude = vec!["[".to_owned()];
        let error = Filter::new(&Filters {
            exclude,
            ..Filters::default()
        })
        .expect_err("not a glob");
        assert!(error.contains("'['"), "{error}");
    }
}
