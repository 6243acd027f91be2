//! The options that several commands share: how to copy, and what to tell of it.

use super::Kept;
use crate::config::{self, Copying, Value};
use crate::proto::{Conflict, Durability, JobSpec, Sparse, Strategy};
use crate::session;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{ArgAction, Args, ValueEnum};

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

/// How to copy.
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a flag that is typed or not"
)]
#[derive(Debug, Args)]
pub struct JobOptions {
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

    /// Size of one buffer (1MiB), 4KiB to 1GiB, or auto
    #[arg(long, value_name = "SIZE", value_parser = buffer_size)]
    pub buffer_size: Option<Automatic<u64>>,

    /// All buffers together (64MiB), or auto; buffers are made smaller to fit
    #[arg(long, value_name = "SIZE", value_parser = buffer_budget)]
    pub buffer_budget: Option<Automatic<u64>>,

    /// Size from which a file is copied in ranges (128MiB), or auto
    #[arg(long, value_name = "SIZE", value_parser = any_size)]
    pub parallel_min_size: Option<Automatic<u64>>,

    /// What happens to an existing name with other content
    #[arg(long, value_name = "POLICY", value_parser = policies())]
    pub conflict: Option<Conflict>,

    /// What must be on the device at the end
    #[arg(long, value_name = "LEVEL", value_parser = levels())]
    pub sync: Option<Durability>,

    /// What to keep besides the bytes.
    #[command(flatten)]
    pub kept: Kept,

    /// What becomes of holes: kept, made of zeros too, filled
    #[arg(long, value_name = "HOW", value_parser = holes())]
    pub sparse: Option<Sparse>,

    /// Copy what links point to in place of the links
    #[arg(short = 'L', long)]
    pub dereference: bool,

    /// Leave out what is on another file system than the source
    #[arg(short = 'x', long)]
    pub one_file_system: bool,

    /// Leave out what matches, a directory with all that is in it; may be given again
    #[arg(
        long,
        value_name = "GLOB",
        value_parser = config::pattern,
        help = "Leave out what matches, a directory with all that is in it; may be given again \
                (HAUL_EXCLUDE separates several with colons)"
    )]
    pub exclude: Vec<String>,

    /// Keep what matches although --exclude says otherwise; may be given again
    #[arg(
        long,
        value_name = "GLOB",
        value_parser = config::pattern,
        help = "Keep what matches although --exclude says otherwise; what is in a directory left out is \
                not reached ('*/' keeps all directories); may be given again (HAUL_INCLUDE separates \
                several with colons)"
    )]
    pub include: Vec<String>,

    /// Leave out version control's own data (.git, .hg, .svn and kin)
    #[arg(long)]
    pub exclude_vcs: bool,

    /// Bytes per second at most (20MiB), or none
    #[arg(long, value_name = "RATE", value_parser = limit)]
    pub limit: Option<Automatic<u64>>,

    /// Times a file is begun again after trouble that may pass
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(..=i64::from(config::MAX_RETRIES)))]
    pub retries: Option<u8>,

    /// Wait when the destination has no room, and go on when it has some
    #[arg(long)]
    pub wait_for_space: bool,
}

/// What to tell, and where.
#[derive(Debug, Args)]
pub struct Telling {
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

impl JobOptions {
    /// A job that copies so, on top of the configuration, from and to nowhere yet.
    ///
    /// # Errors
    /// Says in words what does not go together or is no pattern.
    pub fn spec(&self, copy: &Copying) -> Result<JobSpec, String> {
        let mut spec = copy.spec();
        merge(&mut spec.tuning.file_workers, self.file_workers);
        merge(&mut spec.tuning.chunk_workers, self.chunk_workers);
        merge(&mut spec.tuning.chunk_size, self.chunk_size);
        merge(&mut spec.tuning.buffer_size, self.buffer_size);
        merge(&mut spec.tuning.buffer_budget, self.buffer_budget);
        merge(&mut spec.tuning.parallel_min_size, self.parallel_min_size);
        merge(&mut spec.limit, self.limit);
        spec.filters.exclude.extend(self.exclude.iter().cloned());
        spec.filters.include.extend(self.include.iter().cloned());
        spec.filters.exclude_vcs |= self.exclude_vcs;
        self.kept.apply(&mut spec.preserve)?;
        spec.strategy = self.strategy.unwrap_or(spec.strategy);
        spec.conflict = self.conflict.unwrap_or(spec.conflict);
        spec.durability = self.sync.unwrap_or(spec.durability);
        spec.sparse = self.sparse.unwrap_or(spec.sparse);
        spec.retries = self.retries.unwrap_or(spec.retries);
        spec.wait_for_space = self.wait_for_space;
        spec.follow_links = self.dereference;
        spec.one_file_system = self.one_file_system;
        if spec.strategy == Strategy::Reflink && spec.sparse != Sparse::Auto {
            return Err(format!(
                "--strategy reflink shares the blocks as they are, holes included: it does not go \
                 with --sparse {}",
                spec.sparse.name()
            ));
        }
        session::check_filters(&spec.filters)?;
        Ok(spec)
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
    PossibleValuesParser::new(Conflict::HEADLESS.map(Conflict::name))
        .try_map(|name| Conflict::from_name(&name).ok_or("no such policy"))
}

fn levels() -> impl TypedValueParser<Value = Durability> {
    PossibleValuesParser::new(Durability::ALL.map(Durability::name))
        .try_map(|name| Durability::from_name(&name).ok_or("no such level"))
}

pub(super) fn workers(text: &str) -> Result<Automatic<u16>, String> {
    config::workers(&Value::Raw(text.to_owned())).map(Automatic)
}

fn sized(text: &str, least: u64, most: u64) -> Result<Automatic<u64>, String> {
    config::size(&Value::Raw(text.to_owned()), least, most).map(Automatic)
}

fn chunk_size(text: &str) -> Result<Automatic<u64>, String> {
    sized(text, 1, u64::MAX)
}

fn buffer_size(text: &str) -> Result<Automatic<u64>, String> {
    sized(text, config::MIN_BUFFER_SIZE, config::MAX_BUFFER_SIZE)
}

fn buffer_budget(text: &str) -> Result<Automatic<u64>, String> {
    sized(text, config::MIN_BUFFER_BUDGET, u64::MAX)
}

fn any_size(text: &str) -> Result<Automatic<u64>, String> {
    sized(text, 0, u64::MAX)
}

fn holes() -> impl TypedValueParser<Value = Sparse> {
    PossibleValuesParser::new(Sparse::ALL.map(Sparse::name))
        .try_map(|name| Sparse::from_name(&name).ok_or("no such choice"))
}

fn limit(text: &str) -> Result<Automatic<u64>, String> {
    config::limit(&Value::Raw(text.to_owned())).map(Automatic)
}
