//! What may be typed after `haul bench`.

use crate::bench::{Cache, Plan, Shape, Size, Suite};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueHint};
use std::path::PathBuf;

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Measure these.
    Measure(&'static [Suite]),
    /// Show results measured before.
    Show,
}

/// `haul bench`.
#[derive(Debug, Args)]
#[command(
    after_help = "traversal reads a tree in several ways; sizes, strategies, buffers and workers say what haul does\n\
                  best here; pipeline plans and copies several folders; compare is haul against the programs\n\
                  that are installed; memory is what stays resident; all is all of them. show reads PATH...,\n\
                  results measured before, and makes reports of them.\n\
                  Every copy is compared with its source before its time counts. What is made lies in one\n\
                  directory in DIR, .haul-bench-..., and is removed.\n\
                  Exit: 0 measured, 1 a copy was wrong or a median got worse, 2 wrong usage, 128+n signal n."
)]
pub struct BenchArgs {
    /// What to measure
    #[arg(value_name = "SUITE", value_parser = suites())]
    pub suite: What,

    /// The tree to measure with, in place of trees made for it; for show, files of results
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub paths: Vec<PathBuf>,

    /// Make the copies in this directory; by default where temporary files go
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub to: Option<PathBuf>,

    /// Make the trees in this directory; by default where the copies go
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub from: Option<PathBuf>,

    /// How large the trees are
    #[arg(long, value_parser = sizes(), default_value = Size::Small.name())]
    pub size: Size,

    /// Trees of these shapes only; several with commas
    #[arg(long, value_name = "SHAPE", value_parser = shapes(), value_delimiter = ',')]
    pub shape: Vec<Shape>,

    /// Measured runs of each; 5, of tiny trees 1
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub rounds: Option<u32>,

    /// Runs of each before that, which do not count; 1, of tiny trees 0
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=100))]
    pub warm_up: Option<u32>,

    /// What is in memory when a run begins: the source, none of its content, nothing (root only)
    #[arg(long, value_parser = caches(), default_value = Cache::Hot.name())]
    pub cache: Cache,

    /// Measure until everything is on the device
    #[arg(long)]
    pub durable: bool,

    /// Compare with these programs only; several with commas, none for none
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub against: Vec<String>,

    /// Trees of one seed are the same
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,

    /// Write the results here
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub json: Option<PathBuf>,

    /// Write a page with charts here
    #[arg(long, value_name = "FILE.html", value_hint = ValueHint::FilePath)]
    pub report: Option<PathBuf>,

    /// Write a document here, and its charts into the directory that --charts names
    #[arg(long, value_name = "FILE.md", requires = "charts", value_hint = ValueHint::FilePath)]
    pub markdown: Option<PathBuf>,

    /// With --markdown: where the charts go
    #[arg(long, value_name = "DIR", requires = "markdown", value_hint = ValueHint::DirPath)]
    pub charts: Option<PathBuf>,

    /// Compare with results measured before
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub baseline: Option<PathBuf>,

    /// With --baseline: how much worse a median may be
    #[arg(long, value_name = "PERCENT", default_value_t = 10.0, value_parser = percent)]
    pub worse_than: f64,

    /// Keep what is clearly best in the configuration, as a route that auto begins with
    #[arg(long)]
    pub save: bool,

    /// Print errors only
    #[arg(short, long)]
    pub quiet: bool,
}

impl BenchArgs {
    /// The directories that trees are made in and copied to.
    fn places(&self) -> [PathBuf; 2] {
        let to = self.to.clone().unwrap_or_else(std::env::temp_dir);
        [self.from.clone().unwrap_or_else(|| to.clone()), to]
    }

    /// The two ends of what is measured: where it is read and where it is written.
    pub fn route(&self) -> [PathBuf; 2] {
        let [from, to] = self.places();
        [self.paths.first().cloned().unwrap_or(from), to]
    }

    /// The plan of these arguments, to be carried out with the program `haul`.
    ///
    /// # Errors
    /// Says in words what does not go together.
    pub fn plan(&self, suites: &[Suite], haul: PathBuf) -> Result<Plan, String> {
        if self.paths.len() > 1 {
            return Err("one PATH can be measured, not several".to_owned());
        }
        let known = crate::bench::peer_names();
        let none = self.against == ["none"];
        for name in self.against.iter().filter(|_| !none) {
            if !known.contains(&name.as_str()) {
                return Err(format!(
                    "'{}' is none of {}",
                    crate::text::shown(name.as_bytes()),
                    known.join(", ")
                ));
            }
        }
        let against = match self.against.as_slice() {
            [] => None,
            _ if none => Some(Vec::new()),
            named => Some(named.to_vec()),
        };
        let [from, to] = self.places();
        Ok(Plan {
            suites: suites.to_vec(),
            tree: self.paths.first().cloned(),
            from,
            to,
            rounds: self.rounds.unwrap_or(self.size.of(1, 5, 5)),
            warm_up: self.warm_up.unwrap_or(self.size.of(0, 1, 1)),
            cache: self.cache,
            durable: self.durable,
            size: self.size,
            seed: self.seed,
            shapes: self.shape.clone(),
            against,
            haul,
        })
    }
}

fn suites() -> impl TypedValueParser<Value = What> {
    let names = Suite::ALL
        .map(Suite::name)
        .into_iter()
        .chain(["all", "show"]);
    PossibleValuesParser::new(names).try_map(|name| {
        let one = Suite::ALL.iter().position(|suite| suite.name() == name);
        match (name.as_str(), one) {
            ("all", _) => Ok(What::Measure(&ALL)),
            ("show", _) => Ok(What::Show),
            (_, Some(at)) => Ok(What::Measure(&ALL[at..=at])),
            (_, None) => Err("no such suite"),
        }
    })
}

static ALL: [Suite; 8] = Suite::ALL;

fn sizes() -> impl TypedValueParser<Value = Size> {
    PossibleValuesParser::new(Size::ALL.map(Size::name)).try_map(|name| {
        let found = Size::ALL.into_iter().find(|size| size.name() == name);
        found.ok_or("no such size")
    })
}

fn shapes() -> impl TypedValueParser<Value = Shape> {
    PossibleValuesParser::new(Shape::ALL.map(Shape::name)).try_map(|name| {
        let found = Shape::ALL.into_iter().find(|shape| shape.name() == name);
        found.ok_or("no such shape")
    })
}

fn caches() -> impl TypedValueParser<Value = Cache> {
    PossibleValuesParser::new(Cache::ALL.map(Cache::name)).try_map(|name| {
        let found = Cache::ALL.into_iter().find(|cache| cache.name() == name);
        found.ok_or("no such state")
    })
}

fn percent(text: &str) -> Result<f64, String> {
    let number = text.trim_end_matches('%').parse::<f64>().ok();
    number
        .filter(|number| number.is_finite() && *number >= 0.0)
        .ok_or_else(|| "a number of percent is expected, such as 10".to_owned())
}

#[cfg(test)]
mod tests {
    use crate::bench::{Cache, Shape, Size, Suite};
    use crate::cli::args::{Cli, Command};
    use clap::Parser;

    fn plan(words: &[&str]) -> Result<crate::bench::Plan, String> {
        let words = ["haul", "bench"].iter().chain(words);
        let cli = Cli::try_parse_from(words).map_err(|error| error.to_string())?;
        let Some(Command::Bench(args)) = cli.command else {
            panic!("no bench");
        };
        match args.suite {
            super::What::Measure(suites) => args.plan(suites, "haul".into()),
            super::What::Show => Err("show".to_owned()),
        }
    }

    #[test]
    fn what_is_typed_becomes_a_plan() {
        let plain = plan(&["all"]).expect("parses");
        assert_eq!(plain.suites, Suite::ALL);
        assert_eq!(
            (plain.rounds, plain.warm_up, plain.cache),
            (5, 1, Cache::Hot)
        );
        assert_eq!((plain.against, plain.from == plain.to), (None, true));
        let tiny = plan(&["compare", "--size", "tiny", "--shape", "flat,large", "/a"]);
        let tiny = tiny.expect("parses");
        assert_eq!((tiny.rounds, tiny.warm_up, tiny.size), (1, 0, Size::Tiny));
        assert_eq!(tiny.shapes, [Shape::Flat, Shape::Large]);
        assert_eq!(tiny.tree, Some("/a".into()));
        let one = plan(&["memory", "--against", "cp,rsync", "--to", "/b", "--from=/c"]);
        let one = one.expect("parses");
        assert_eq!(one.suites, [Suite::Memory]);
        assert_eq!(one.against, Some(vec!["cp".to_owned(), "rsync".to_owned()]));
        assert_eq!((one.from, one.to), ("/c".into(), "/b".into()));
        assert_eq!(
            plan(&["all", "--against", "none"]).expect("parses").against,
            Some(Vec::new())
        );
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for words in [
            &["fast"][..],
            &[],
            &["all", "/a", "/b"],
            &["all", "--rounds", "0"],
            &["all", "--against", "mv"],
            &["all", "--size", "huge"],
            &["all", "--worse-than", "-1"],
            &["all", "--worse-than", "some"],
        ] {
            assert!(plan(words).is_err(), "{words:?}");
        }
    }
}
