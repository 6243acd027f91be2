//! The command line: what may be typed, and how it becomes a job.
//!
//! Help, man page and completions follow from these types. Values that are wrong are refused here,
//! before anything is started; a flag that is absent leaves the configuration as it is.

use crate::config::{self, Config, Value};
use crate::proto::{BytePath, Conflict, Durability, JobSpec, Naming, Strategy};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum, ValueHint};
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

/// How progress is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Show {
    /// A bar on a terminal, lines elsewhere once it takes longer than 5 seconds
    #[default]
    Auto,
    /// A bar
    Bar,
    /// A line every 5 seconds
    Plain,
    /// Nothing
    None,
}

/// A number that may be left to haul (`auto`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Automatic<T>(pub Option<T>);

/// `haul copy`.
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a flag that is typed or not"
)]
#[derive(Debug, Args)]
#[command(
    override_usage = "haul copy [OPTIONS] SOURCE... DEST\n       haul copy [OPTIONS] -t DIR SOURCE...",
    after_help = "DEST is the directory to copy into when it exists, else the new name.\n\
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

    /// How bytes are moved
    #[arg(long, value_parser = strategies())]
    pub strategy: Option<Strategy>,

    /// Files in flight at a time, or auto
    #[arg(short = 'j', long, value_name = "N", value_parser = workers)]
    pub file_workers: Option<Automatic<u16>>,

    /// Ranges of one large file in flight at a time, or auto
    #[arg(long, value_name = "N", value_parser = workers)]
    pub chunk_workers: Option<Automatic<u16>>,

    /// Size of one range of a large file (64MiB), or auto
    #[arg(long, value_name = "SIZE", value_parser = chunk_size)]
    pub chunk_size: Option<Automatic<u64>>,

    /// Size of one worker's buffer (1MiB), or auto
    #[arg(long, value_name = "SIZE", value_parser = buffer_size)]
    pub buffer_size: Option<Automatic<u64>>,

    /// Size from which a file is copied in ranges (128MiB), or auto
    #[arg(long, value_name = "SIZE", value_parser = any_size)]
    pub parallel_min_size: Option<Automatic<u64>>,

    /// What happens to an existing name with other content
    #[arg(long, value_name = "POLICY", value_parser = policies())]
    pub conflict: Option<Conflict>,

    /// What must be on the device at the end
    #[arg(long, value_name = "LEVEL", value_parser = levels())]
    pub sync: Option<Durability>,

    /// Leave out what matches; may be given again
    #[arg(long, value_name = "GLOB", value_parser = config::pattern)]
    pub exclude: Vec<String>,

    /// Leave out version control's own data (.git, .hg, .svn and kin)
    #[arg(long)]
    pub exclude_vcs: bool,

    /// Only say what would be done
    #[arg(short = 'n', long)]
    pub dry_run: bool,

    /// How progress is shown, on standard error
    #[arg(
        long,
        value_enum,
        default_value_t,
        hide_possible_values = true,
        value_name = "auto|bar|plain|none"
    )]
    pub progress: Show,

    /// Print updates on standard output, one JSON object a line, the summary last
    #[arg(long)]
    pub json: bool,

    /// Print errors only
    #[arg(short, long, conflicts_with = "verbose")]
    pub quiet: bool,

    /// Say what moved the bytes, and why
    #[arg(short, long, action = ArgAction::SetTrue)]
    pub verbose: bool,
}

impl CopyArgs {
    /// The job these arguments ask for, on top of the configuration.
    ///
    /// # Errors
    /// Says in words which argument is missing.
    pub fn spec(&self, config: &Config) -> Result<JobSpec, String> {
        let (sources, dest, naming) = match (&self.target_directory, self.paths.as_slice()) {
            (Some(dir), sources) => (sources, dir, Naming::Into),
            (None, [sources @ .., dest]) if !sources.is_empty() => (sources, dest, self.naming()),
            _ => return Err("a destination is missing: haul copy SOURCE... DEST".to_owned()),
        };
        if sources.len() > 1 && naming == Naming::Exact {
            return Err("-T takes one source: several cannot have the same new name".to_owned());
        }
        let copy = &config.copy;
        let mut tuning = copy.tuning.clone();
        merge(&mut tuning.file_workers, self.file_workers);
        merge(&mut tuning.chunk_workers, self.chunk_workers);
        merge(&mut tuning.chunk_size, self.chunk_size);
        merge(&mut tuning.buffer_size, self.buffer_size);
        merge(&mut tuning.parallel_min_size, self.parallel_min_size);
        let mut filters = copy.filters.clone();
        filters.exclude.extend(self.exclude.iter().cloned());
        filters.exclude_vcs |= self.exclude_vcs;
        Ok(JobSpec {
            sources: sources
                .iter()
                .map(|path| BytePath::from(path.as_path()))
                .collect(),
            dest: BytePath::from(dest.as_path()),
            naming,
            strategy: self.strategy.unwrap_or(copy.strategy),
            tuning,
            conflict: self.conflict.unwrap_or(copy.conflict),
            durability: self.sync.unwrap_or(copy.sync),
            filters,
            ..JobSpec::default()
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

fn merge<T>(configured: &mut Option<T>, given: Option<Automatic<T>>) {
    if let Some(Automatic(value)) = given {
        *configured = value;
    }
}

fn strategies() -> impl TypedValueParser<Value = Strategy> {
    PossibleValuesParser::new(Strategy::ALL.map(Strategy::name))
        .try_map(|name| Strategy::from_name(&name).ok_or("no such strategy"))
}

fn policies() -> impl TypedValueParser<Value = Conflict> {
    PossibleValuesParser::new(Conflict::ALL.map(Conflict::name))
        .try_map(|name| Conflict::from_name(&name).ok_or("no such policy"))
}

fn levels() -> impl TypedValueParser<Value = Durability> {
    PossibleValuesParser::new(Durability::ALL.map(Durability::name))
        .try_map(|name| Durability::from_name(&name).ok_or("no such level"))
}

fn workers(text: &str) -> Result<Automatic<u16>, String> {
    config::workers(&Value::Raw(text.to_owned())).map(Automatic)
}

fn sized(text: &str, least: u64, most: u64) -> Result<Automatic<u64>, String> {
    config::size(&Value::Raw(text.to_owned()), least, most).map(Automatic)
}

fn chunk_size(text: &str) -> Result<Automatic<u64>, String> {
    sized(text, 1, u64::MAX)
}

fn buffer_size(text: &str) -> Result<Automatic<u64>, String> {
    sized(text, 1, config::MAX_BUFFER_SIZE)
}

fn any_size(text: &str) -> Result<Automatic<u64>, String> {
    sized(text, 0, u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
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
            &["--strategy", "fast", "a", "b"],
            &["--exclude", "[", "a", "b"],
            &["-q", "-v", "a", "b"],
        ] {
            assert!(copy(words).is_err(), "{words:?}");
        }
    }
}
