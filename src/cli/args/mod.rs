//! The command line: what may be typed, and how it becomes a job.
//!
//! Help, man page and completions follow from these types. Values that are wrong are refused here,
//! before anything is started; a flag that is absent leaves the configuration as it is.

mod bench;
mod options;
mod preserve;

pub use bench::{BenchArgs, What};
pub use options::{Automatic, JobOptions, Show, Telling};
pub use preserve::Kept;

use crate::config::Config;
use crate::proto::{BytePath, JobSpec, Naming};
use clap::{Args, Parser, Subcommand, ValueHint};
use std::path::PathBuf;

/// Copies files, fast and safely, with two panes and a queue or without a screen.
///
/// Without a command, opens the interactive program: the source on the left, the destination on
/// the right. A directory that is named like a command is given as ./NAME.
#[derive(Debug, Parser)]
#[command(
    name = "haul",
    version,
    max_term_width = 100,
    override_usage = "haul [OPTIONS] [SOURCE_DIR [DEST_DIR]]\n       haul COMMAND"
)]
pub struct Cli {
    /// What to do without a screen
    #[command(subcommand)]
    pub command: Option<Command>,

    /// Directory the left pane opens; the current one by default
    #[arg(value_hint = ValueHint::DirPath)]
    pub source_dir: Option<PathBuf>,

    /// Directory the right pane opens
    #[arg(value_hint = ValueHint::DirPath)]
    pub dest_dir: Option<PathBuf>,

    /// Read this configuration file in place of the usual one
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub config: Option<PathBuf>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Copy files and directories without a screen
    Copy(Box<CopyArgs>),
    /// Copy or move what a JSON batch lists, as one job
    Apply(Box<ApplyArgs>),
    /// Say what the kernel and the file systems offer here, and what auto would choose
    Doctor(DoctorArgs),
    /// Measure what copying costs here, and compare with other programs
    Bench(Box<BenchArgs>),
    /// List the keys of the interactive program
    Keys,
    /// Show the configuration in force and where each value comes from
    Config(ConfigArgs),
    /// Print a completion script
    Completions {
        /// For this shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
}

/// What `haul config` shows.
#[derive(Debug, Args)]
pub struct ConfigArgs {
    /// Print a file with every setting and its default
    #[arg(long, conflicts_with = "path")]
    pub default: bool,

    /// Print where the file is looked for
    #[arg(long)]
    pub path: bool,
}

/// `haul copy`.
#[derive(Debug, Args)]
#[command(
    override_usage = "haul copy [OPTIONS] SOURCE... DEST\n       haul copy [OPTIONS] -t DIR SOURCE...",
    after_help = "DEST is the directory to copy into when it exists, else the new name.\n\
                  GLOB: without a / it is matched against each name, at any depth; with one against the path\n\
                  below the source; with one at its end against directories only. * and ? stop at a /, ** does\n\
                  not; [a-z], [!a] and {a,b} as in a shell. What is left out is not entered; a SOURCE is never\n\
                  left out.\n\
                  Exit: 0 all copied or identical, 1 something failed or was refused, 2 wrong usage,\n\
                  3 conflicts were left, 128+n ended by signal n."
)]
pub struct CopyArgs {
    /// Files and directories to copy, and last the destination
    #[arg(value_name = "PATH", required = true, value_hint = ValueHint::AnyPath)]
    pub paths: Vec<PathBuf>,

    /// Copy everything into this directory, which must exist
    #[arg(short, long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub target_directory: Option<PathBuf>,

    /// Take DEST as the new name, never as a directory to copy into
    #[arg(short = 'T', long, conflicts_with = "target_directory")]
    pub no_target_directory: bool,

    /// How to copy.
    #[command(flatten)]
    pub job: JobOptions,

    /// Only say what would be done
    #[arg(short = 'n', long)]
    pub dry_run: bool,

    /// What to tell.
    #[command(flatten)]
    pub telling: Telling,
}

/// `haul apply`.
#[derive(Debug, Args)]
#[command(
    override_usage = "haul apply [OPTIONS] FILE|-",
    after_help = "The batch: {\"mappings\": [{\"src\": \"a\", \"dst\": \"b\"}, ...], and where wanted\n\
                  \"operation_type\": \"copy\" or \"move\", \"file_workers\": N, \"max_workers\": N,\n\
                  \"batch_id\": \"...\"}. A path is a string, or {\"hex\": \"66ff6f\"} for bytes that are no UTF-8;\n\
                  a relative one is below the current directory. dst is always the new name, also of a directory; what\n\
                  is missing of the directories above it is made. The batch is checked whole first: when one\n\
                  mapping is wrong, every one that is wrong is named by its index, counted from 0, and nothing\n\
                  is touched. move copies, flushes, reads both back and compares, and only then removes the\n\
                  source. What is typed beats what the batch says. batch_id is repeated in every line of --json.\n\
                  Exit: 0 all copied or identical, 1 something failed or was refused, 2 wrong usage or a wrong\n\
                  batch, 3 conflicts were left, 128+n ended by signal n."
)]
pub struct ApplyArgs {
    /// The batch; - is standard input
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: PathBuf,

    /// Threads that move bytes, whole files and ranges together, at most, or auto
    #[arg(long, value_name = "N", value_parser = options::workers)]
    pub max_workers: Option<Automatic<u16>>,

    /// How to copy.
    #[command(flatten)]
    pub job: JobOptions,

    /// Only say what would be done
    #[arg(short = 'n', long)]
    pub dry_run: bool,

    /// What to tell.
    #[command(flatten)]
    pub telling: Telling,
}

/// `haul doctor`.
#[derive(Debug, Args)]
#[command(
    after_help = "In a directory that may be written it tries what it lists, in files without a name where the\n\
                  file system has such; nothing is left behind. With two paths it says what auto would\n\
                  choose from the first to the second."
)]
pub struct DoctorArgs {
    /// Places to look at; the current directory by default
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub paths: Vec<PathBuf>,

    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

impl CopyArgs {
    /// The job these arguments ask for, on top of the configuration.
    ///
    /// # Errors
    /// Says in words what is missing or does not go together.
    pub fn spec(&self, config: &Config) -> Result<JobSpec, String> {
        let (sources, dest, naming) = match (&self.target_directory, self.paths.as_slice()) {
            (Some(dir), sources) => (sources, dir, Naming::Into),
            (None, [sources @ .., dest]) if !sources.is_empty() => (sources, dest, self.naming()),
            _ => return Err("a destination is missing: haul copy SOURCE... DEST".to_owned()),
        };
        if sources.len() > 1 && naming == Naming::Exact {
            return Err("-T takes one source: several cannot have the same new name".to_owned());
        }
        Ok(JobSpec {
            sources: sources
                .iter()
                .map(|path| BytePath::from(path.as_path()))
                .collect(),
            dest: BytePath::from(dest.as_path()),
            naming,
            ..self.job.spec(&config.copy)?
        })
    }

    fn naming(&self) -> Naming {
        if self.no_target_directory {
            Naming::Exact
        } else {
            Naming::Cp
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::{Conflict, Durability, Preserve, Sparse, Strategy};
    use clap::CommandFactory;

    fn copy(words: &[&str]) -> Result<JobSpec, String> {
        let words = ["haul", "copy"].iter().chain(words);
        let cli = Cli::try_parse_from(words).map_err(|error| error.to_string())?;
        let Some(Command::Copy(args)) = cli.command else {
            panic!("no copy");
        };
        let mut config = Config::default();
        config.copy.tuning.file_workers = Some(7);
        config.copy.filters.exclude = vec!["*.bak".to_owned()];
        args.spec(&config)
    }

    #[test]
    fn the_definitions_are_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_last_path_is_the_destination_unless_a_directory_is_named() {
        let spec = copy(&["a", "b", "c"]).expect("parses");
        assert_eq!(spec.sources, ["a".into(), "b".into()]);
        assert_eq!((spec.dest, spec.naming), ("c".into(), Naming::Cp));
        let spec = copy(&["-t", "c", "a"]).expect("parses");
        assert_eq!(spec.sources, ["a".into()]);
        assert_eq!((spec.dest, spec.naming), ("c".into(), Naming::Into));
        let spec = copy(&["-T", "a", "b"]).expect("parses");
        assert_eq!(spec.naming, Naming::Exact);
        let spec = copy(&["--", "-a", "-b"]).expect("parses");
        assert_eq!(spec.dest, "-b".into());
    }

    #[test]
    fn flags_beat_the_configuration_and_patterns_add_up() {
        let spec = copy(&["a", "b"]).expect("parses");
        assert_eq!(spec.tuning.file_workers, Some(7));
        let words = [
            "-j",
            "auto",
            "--chunk-size",
            "4MiB",
            "--buffer-size=8M",
            "--exclude",
            "*.tmp",
            "--exclude-vcs",
            "--strategy",
            "copy-file-range",
            "--conflict",
            "newer",
            "--sync",
            "none",
            "--parallel-min-size",
            "0",
            "a",
            "b",
        ];
        let spec = copy(&words).expect("parses");
        assert_eq!(spec.tuning.file_workers, None);
        assert_eq!(spec.tuning.chunk_size, Some(4 << 20));
        assert_eq!(spec.tuning.buffer_size, Some(8 << 20));
        assert_eq!(spec.tuning.parallel_min_size, Some(0));
        assert_eq!(spec.filters.exclude, ["*.bak", "*.tmp"]);
        assert!(spec.filters.exclude_vcs);
        assert_eq!(spec.strategy, Strategy::CopyFileRange);
        assert_eq!(spec.conflict, Conflict::Newer);
        assert_eq!(spec.durability, Durability::None);
    }

    #[test]
    fn what_is_kept_follows_the_order_typed() {
        let kept = |words: &[&str]| {
            let words: Vec<_> = words.iter().copied().chain(["a", "b"]).collect();
            copy(&words).expect("parses").preserve.names()
        };
        assert_eq!(kept(&[]), Preserve::NAMES);
        assert_eq!(kept(&["--preserve", "mode"]), Preserve::NAMES);
        assert_eq!(
            kept(&["--no-preserve", "all", "--preserve", "times,mode"]),
            ["mode", "times"]
        );
        assert_eq!(
            kept(&[
                "--no-preserve=all",
                "--preserve=xattr,acl",
                "--no-preserve=xattr"
            ]),
            ["acl"]
        );
        let none: [&str; 0] = [];
        assert_eq!(kept(&["--preserve=mode,acl", "--no-preserve", "all"]), none);
        assert_eq!(
            kept(&["--no-preserve", "owner", "--no-preserve", "links,times"]),
            ["mode", "xattr", "acl"]
        );
    }

    #[test]
    fn the_newer_options_reach_the_job() {
        let spec = copy(&["a", "b"]).expect("parses");
        let told = JobSpec::default();
        assert_eq!((spec.sparse, spec.limit), (told.sparse, told.limit));
        assert_eq!(spec.retries, told.retries);
        assert!(!spec.follow_links && !spec.one_file_system);
        let words = [
            "-L",
            "-x",
            "--sparse=never",
            "--include",
            "a*",
            "--include=b",
            "--limit",
            "20MiB",
            "--retries",
            "0",
            "a",
            "b",
        ];
        let spec = copy(&words).expect("parses");
        assert!(spec.follow_links && spec.one_file_system);
        assert_eq!((spec.sparse, spec.limit), (Sparse::Never, Some(20 << 20)));
        assert_eq!((spec.retries, spec.filters.include.len()), (0, 2));
        assert_eq!(
            copy(&["--limit=none", "a", "b"]).expect("parses").limit,
            None
        );
        assert!(copy(&["--strategy", "reflink", "a", "b"]).is_ok());
    }

    #[test]
    fn wrong_values_are_refused() {
        for words in [
            &["a"][..],
            &[],
            &["", "b"],
            &["a", ""],
            &["-T", "a", "b", "c"],
            &["-T", "-t", "c", "a"],
            &["-j", "0", "a", "b"],
            &["--chunk-size", "4Q", "a", "b"],
            &["--buffer-size", "2GiB", "a", "b"],
            &["--buffer-size", "4095", "a", "b"],
            &["--strategy", "fast", "a", "b"],
            &["--exclude", "[", "a", "b"],
            &["--exclude", "a\\/", "a", "b"],
            &["--include", "[", "a", "b"],
            &["--limit", "0", "a", "b"],
            &["--limit", "fast", "a", "b"],
            &["--retries", "101", "a", "b"],
            &["--retries", "-1", "a", "b"],
            &["--sparse", "maybe", "a", "b"],
            &["--preserve", "mode,context", "a", "b"],
            &["--no-preserve", "", "a", "b"],
            &["--strategy=reflink", "--sparse=always", "a", "b"],
            &["--strategy=reflink", "--sparse=never", "a", "b"],
            &["-q", "-v", "a", "b"],
        ] {
            assert!(copy(words).is_err(), "{words:?}");
        }
    }
}
