//! `haul bench`: runs a plan, shows where it is, prints and writes what it found.

use super::args::{BenchArgs, What};
use super::{complain, print, refuse, signals};
use crate::bench::{
    self, BenchError, Moment, Plan, Results, Stop, Watch, baseline, launch, report, traverse,
};
use crate::config;
use crate::exit::Exit;
use crate::proto::{Best, BytePath, RouteProfile};
use crate::{text, units};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::{self, IsTerminal};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;

/// Redraws of the progress line in a second at most.
const HZ: u8 = 5;

/// What haul does when it was started by its own bench, else nothing: see [`launch`] and
/// [`traverse`].
pub fn own_words(arguments: &[OsString]) -> Option<Exit> {
    let done = match arguments {
        [_, word, task] if word == launch::WORD => launch::carry_out(&task.to_string_lossy()),
        [_, word, rest @ ..] if word == traverse::WORD => traverse::carry_out(rest),
        _ => return None,
    };
    Some(match done {
        Ok(answer) => print(format!("{answer}\n").as_bytes()),
        Err(error) => {
            complain(&error.to_string());
            Exit::Failed
        }
    })
}

/// Runs the command; `config` is the file that [`BenchArgs::save`] adds to.
pub fn run(args: &BenchArgs, config: Option<&Path>) -> Exit {
    let before = match args.baseline.as_deref().map(read).transpose() {
        Ok(before) => before,
        Err(reason) => return refuse(&reason),
    };
    // Better now than after half an hour.
    for path in [&args.json, &args.report, &args.markdown]
        .into_iter()
        .flatten()
    {
        if let Err(error) = OpenOptions::new().create(true).append(true).open(path) {
            return refuse(&format!("cannot write '{}': {error}", shown(path)));
        }
    }
    if args.save && args.suite == What::Show {
        return refuse("--save keeps what is measured now; show measures nothing");
    }
    let found = match args.suite {
        What::Show => show(args),
        What::Measure(suites) => std::env::current_exe()
            .map_err(|error| refuse(&format!("cannot tell which program this is: {error}")))
            .and_then(|haul| args.plan(suites, haul).map_err(|reason| refuse(&reason)))
            .and_then(|plan| measure(&plan, args.quiet)),
    };
    match found {
        Ok(results) => {
            let told = tell(args, &results, before.as_ref());
            if args.save {
                told.worst(save(args, &results, config))
            } else {
                told
            }
        }
        Err(exit) => exit,
    }
}

fn measure(plan: &Plan, quiet: bool) -> Result<Results, Exit> {
    let stop = Arc::new(Stop::default());
    let asked = stop.clone();
    signals::each(move |number| asked.ask(number)).map_err(|error| {
        complain(&format!("cannot take signals: {error}"));
        Exit::Failed
    })?;
    let mut line = Line::new(quiet);
    let found = bench::run(plan, &mut line, &stop);
    line.bar.finish_and_clear();
    found.map_err(|error| match error {
        BenchError::Stopped(signal) => {
            complain("stopped; what was made is removed");
            Exit::Signal(signal)
        }
        error => {
            complain(&error.to_string());
            Exit::Failed
        }
    })
}

/// Results of several files as one; what they say of the machine is that of the first.
fn show(args: &BenchArgs) -> Result<Results, Exit> {
    let mut whole: Option<Results> = None;
    for path in &args.paths {
        let one = read(path).map_err(|reason| refuse(&reason))?;
        match &mut whole {
            Some(whole) => whole.cases.extend(one.cases),
            None => whole = Some(one),
        }
    }
    whole.ok_or_else(|| refuse("files of results are missing: haul bench show FILE..."))
}

fn read(path: &Path) -> Result<Results, String> {
    let text = fs::read_to_string(path)
        .map_err(|error| format!("cannot read '{}': {error}", shown(path)))?;
    serde_json::from_str(&text).map_err(|error| {
        let reason = text::shown(error.to_string().as_bytes()).into_owned();
        format!("'{}' holds no results: {reason}", shown(path))
    })
}

fn tell(args: &BenchArgs, results: &Results, before: Option<&Results>) -> Exit {
    let mut exit = if results.bad() {
        Exit::Failed
    } else {
        Exit::Good
    };
    if !args.quiet {
        exit = exit.worst(print(report::table(results).as_bytes()));
    }
    if let Some(path) = &args.json {
        let written = serde_json::to_string_pretty(results)
            .map_err(io::Error::from)
            .and_then(|text| fs::write(path, text + "\n"));
        exit = exit.worst(wrote(path, written));
    }
    if let Some(path) = &args.report {
        exit = exit.worst(wrote(path, fs::write(path, report::page(results))));
    }
    if let (Some(path), Some(charts)) = (&args.markdown, &args.charts) {
        exit = exit.worst(document(results, path, charts));
    }
    match before {
        Some(before) => exit.worst(compared(args, before, results)),
        None => exit,
    }
}

/// Keeps what is best between the two directories in the configuration.
fn save(args: &BenchArgs, results: &Results, config: Option<&Path>) -> Exit {
    let best = bench::best::best(results);
    if best == Best::default() {
        return told(
            args,
            "nothing is clearly better than the defaults: no [[route]] is kept\n",
        );
    }
    let Some(config) = config else {
        complain("there is no home directory, and so no place for a configuration");
        return Exit::Failed;
    };
    let [from, to] = args.route().map(|path| path.canonicalize());
    let (from, to) = match (from, to) {
        (Ok(from), Ok(to)) => (from, to),
        (Err(error), _) | (_, Err(error)) => {
            complain(&format!("the route cannot be named: {error}"));
            return Exit::Failed;
        }
    };
    let route = RouteProfile {
        from: BytePath::from(from.as_path()),
        to: BytePath::from(to.as_path()),
        best,
    };
    match config::save_route(config, &route) {
        Ok(()) => told(
            args,
            &format!("kept as a [[route]] in '{}'\n", shown(config)),
        ),
        Err(error) => {
            complain(&format!("cannot keep it in '{}': {error}", shown(config)));
            Exit::Failed
        }
    }
}

fn told(args: &BenchArgs, line: &str) -> Exit {
    if args.quiet {
        Exit::Good
    } else {
        print(line.as_bytes())
    }
}

/// Writes the document and its charts, whose directory is made where it is missing.
fn document(results: &Results, path: &Path, charts: &Path) -> Exit {
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let places = fs::create_dir_all(charts)
        .and_then(|()| charts.canonicalize())
        .map_err(|error| (charts, error))
        .and_then(|to| match parent.canonicalize() {
            Ok(from) => Ok((from, to)),
            Err(error) => Err((parent, error)),
        });
    let (from, to) = match places {
        Ok(places) => places,
        Err((place, error)) => return wrote(place, Err(error)),
    };
    for case in &results.cases {
        let chart = charts.join(report::chart_name(case));
        let written = fs::write(&chart, report::chart(case));
        if written.is_err() {
            return wrote(&chart, written);
        }
    }
    let link = below(&from, &to);
    wrote(path, fs::write(path, report::document(results, &link)))
}

/// The way from one directory to another, both without links in them.
fn below(from: &Path, to: &Path) -> String {
    let (mut from, mut to) = (from.components().peekable(), to.components().peekable());
    while from.peek().is_some() && from.peek() == to.peek() {
        from.next();
        to.next();
    }
    let up = from.map(|_| "..".to_owned());
    let down = to.map(|part| part.as_os_str().to_string_lossy().into_owned());
    let way: Vec<String> = up.chain(down).collect();
    if way.is_empty() {
        ".".to_owned()
    } else {
        way.join("/")
    }
}

fn wrote(path: &Path, written: io::Result<()>) -> Exit {
    match written {
        Ok(()) => Exit::Good,
        Err(error) => {
            complain(&format!("cannot write '{}': {error}", shown(path)));
            Exit::Failed
        }
    }
}

fn compared(args: &BenchArgs, before: &Results, now: &Results) -> Exit {
    let compared = match baseline::compare(before, now, args.worse_than) {
        Ok(compared) => compared,
        Err(reason) => {
            complain(&format!("the baseline cannot be compared with: {reason}"));
            return Exit::Failed;
        }
    };
    for worse in &compared.worse {
        let now = worse
            .now
            .map_or_else(|| "no right copy".to_owned(), |now| format!("{now:.3}s"));
        let what = text::shown(worse.what.as_bytes());
        complain(&format!("{what}: {:.3}s before, now {now}", worse.before));
    }
    let (worse, rows, percent) = (compared.worse.len(), compared.rows, args.worse_than);
    if !args.quiet {
        let line =
            format!("{worse} of {rows} medians are more than {percent}% worse than before\n");
        let printed = print(line.as_bytes());
        if printed != Exit::Good {
            return printed;
        }
    }
    if worse > 0 { Exit::Failed } else { Exit::Good }
}

fn shown(path: &Path) -> String {
    text::shown(path.as_os_str().as_bytes()).into_owned()
}

/// One line that says where the bench is; nothing where no terminal shows it.
struct Line {
    bar: ProgressBar,
}

impl Line {
    fn new(quiet: bool) -> Self {
        let target = if quiet || !io::stderr().is_terminal() {
            ProgressDrawTarget::hidden()
        } else {
            ProgressDrawTarget::stderr_with_hz(HZ)
        };
        let bar = ProgressBar::with_draw_target(Some(1), target);
        // A template is refused only for what is written wrong in it.
        if let Ok(style) = ProgressStyle::with_template("{wide_msg}") {
            bar.set_style(style);
        }
        Self { bar }
    }
}

impl Watch for Line {
    fn begins(&mut self, moment: &Moment<'_>) {
        self.bar.set_message(words(moment));
        self.bar.tick();
    }

    fn says(&mut self, line: &str) {
        self.bar.suspend(|| complain(line));
    }
}

fn words(moment: &Moment<'_>) -> String {
    let what = format!(
        "{} {}",
        moment.suite.name(),
        text::shown(moment.case.as_bytes())
    );
    let doing = match (moment.who, moment.round) {
        ("", _) => "making the tree".to_owned(),
        (who, 0) => format!("{who}, warming up"),
        (who, round) => format!("{who}, round {round} of {}", moment.rounds),
    };
    let left = moment.left.map_or_else(String::new, |left| {
        format!(", about {} left", units::duration(left.as_secs()))
    });
    format!("{what}: {doing} ({}/{}{left})", moment.done, moment.total)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::Suite;
    use std::time::Duration;

    #[test]
    fn the_way_to_the_charts_is_seen_from_the_document() {
        for (from, to, way) in [
            ("/a/benches", "/a/assets", "../assets"),
            ("/a", "/a/assets", "assets"),
            ("/a", "/a", "."),
            ("/a/b/c", "/a", "../.."),
        ] {
            assert_eq!(below(Path::new(from), Path::new(to)), way);
        }
    }

    #[test]
    fn where_it_is_is_said_in_words() {
        let mut moment = Moment {
            suite: Suite::Compare,
            case: "flat",
            who: "",
            round: 0,
            rounds: 5,
            done: 0,
            total: 40,
            left: None,
        };
        assert_eq!(words(&moment), "compare flat: making the tree (0/40)");
        moment.who = "cp";
        assert_eq!(words(&moment), "compare flat: cp, warming up (0/40)");
        (moment.round, moment.done) = (3, 20);
        moment.left = Some(Duration::from_secs(200));
        assert_eq!(
            words(&moment),
            "compare flat: cp, round 3 of 5 (20/40, about 3m20s left)"
        );
    }
}
