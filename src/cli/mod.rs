//! The command line: arguments, the headless copy, its reports, and what is printed for shells.
//!
//! Only this layer and `main` write to standard output and standard error. It reaches the engine
//! through [`crate::session::Client`] alone.

mod apply;
pub mod args;
mod batch;
mod bench;
pub mod copy;
mod doctor;
pub mod generate;
pub mod report;
mod screen;
mod signals;

use crate::clock;
use crate::config::{self, KEYS, Level, Loaded, Origin};
use crate::exit::Exit;
use crate::logging::{self, Log};
use crate::proto::{Conflict, JobSpec, Plan, Request, Update};
use crate::session::{self, Client};
use crate::sys::{process, tty};
use crate::text;
use crate::tui::keymap::Keymap;
use args::{ApplyArgs, Cli, Command, ConfigArgs, CopyArgs, Show, Telling};
use clap::Parser;
use report::{Bar, Json, Plain, Progress, Quiet, Report, Verbosity};
use signals::{Came, Target};
use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use tokio::runtime::Runtime;
use tokio::sync::watch;

/// Runs the program with these arguments, the program's own name first.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> Exit {
    process::spare_addresses();
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    if let Some(exit) = bench::own_words(&arguments) {
        return exit;
    }
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => return refuse_arguments(&error),
    };
    let Some(command) = cli.command else {
        return screen::open(cli.config.as_deref(), cli.source_dir, cli.dest_dir);
    };
    if let Some(path) = cli.source_dir {
        let path = text::shown(path.as_os_str().as_bytes()).into_owned();
        return refuse(&format!("'{path}' before a command: a command comes first"));
    }
    match command {
        Command::Copy(args) => copy_files(cli.config.as_deref(), &args),
        Command::Apply(args) => apply_batch(cli.config.as_deref(), &args),
        Command::Doctor(args) => doctor::run(cli.config.as_deref(), &args),
        Command::Bench(args) => {
            let config = config::path(cli.config.as_deref(), &|name| std::env::var_os(name));
            bench::run(&args, config.as_deref())
        }
        Command::Keys => show_keys(cli.config.as_deref()),
        Command::Config(args) => show_config(cli.config.as_deref(), &args),
        Command::Completions { shell } => print(&generate::completions(shell)),
        Command::Man => print(&generate::man()),
    }
}

fn copy_files(config: Option<&Path>, args: &CopyArgs) -> Exit {
    let loaded = match load(config) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    let spec = match args.spec(&loaded.config) {
        Ok(spec) => spec,
        Err(reason) => return refuse(&reason),
    };
    carry_out(&loaded, spec, &args.telling, None, args.dry_run)
}

fn apply_batch(config: Option<&Path>, args: &ApplyArgs) -> Exit {
    let loaded = match load(config) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    match apply::spec(args, &loaded.config) {
        Ok((spec, id)) => carry_out(&loaded, spec, &args.telling, id, args.dry_run),
        Err(reasons) => {
            for reason in &reasons {
                complain(reason);
            }
            if reasons.len() > 1 {
                complain(&format!(
                    "{} things are wrong: nothing was touched",
                    reasons.len()
                ));
            }
            Exit::Usage
        }
    }
}

/// Runs one job from beginning to end, or only says what it would do.
fn carry_out(
    loaded: &Loaded,
    spec: JobSpec,
    telling: &Telling,
    batch_id: Option<String>,
    dry_run: bool,
) -> Exit {
    let (log, notice) = start_log(loaded);
    let mut report = report_of(telling, batch_id, notice);
    let exit = match with_engine(|client, signals, target, runtime| {
        if dry_run {
            let conflict = spec.conflict;
            match runtime.block_on(copy::plan(client, spec, signals)) {
                Ok(plan) => show_plan(&plan, conflict, telling, &mut report),
                Err(exit) => {
                    report.end_of_plan(&copy::no_plan(exit));
                    exit
                }
            }
        } else {
            let follower = copy::Follower::new(client, &mut report, target);
            runtime.block_on(follower.run(spec, signals))
        }
    }) {
        Ok(exit) => exit,
        Err(error) => {
            report.say(&format!("cannot start the copy engine: {error}"));
            report.end(&copy::nothing_done());
            Exit::Failed
        }
    };
    end_log(log, telling);
    exit
}

/// The report of a headless copy, or of its plan.
fn report_of(telling: &Telling, batch_id: Option<String>, notice: Option<String>) -> Report {
    let verbosity = match (telling.quiet, telling.verbose) {
        (true, _) => Verbosity::Quiet,
        (_, true) => Verbosity::Verbose,
        _ => Verbosity::Normal,
    };
    let json = telling.json.then(|| Json::new(output(), batch_id));
    let mut report = Report::new(progress(telling), json, verbosity);
    if let Some(notice) = notice.filter(|_| verbosity != Verbosity::Quiet) {
        report.say(&notice);
    }
    report
}

fn end_log(log: Option<Log>, telling: &Telling) {
    if let Some(log) = &log
        && log.lost() > 0
        && telling.verbose
    {
        complain(&format!("note: {} lines of the log were lost", log.lost()));
    }
    drop(log);
}

/// Runs `work` with an engine of its own, and waits for the engine to end. An error means that
/// nothing was begun.
fn with_engine(
    work: impl FnOnce(&mut Client, watch::Receiver<Came>, Target, &Runtime) -> Exit,
) -> io::Result<Exit> {
    let (mut client, engine) = session::local()?;
    let target = Target::default();
    let signals = signals::watch(client.sender(), target.clone())?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()?;
    let done = work(&mut client, signals, target, &runtime);
    if runtime.block_on(client.send(Request::Shutdown)).is_ok() {
        tracing::debug!("engine asked to end");
    }
    drop(client);
    match engine.join() {
        Ok(()) => Ok(done),
        Err(error) => {
            complain(&error.to_string());
            Ok(Exit::Failed.worst(done))
        }
    }
}

fn progress(telling: &Telling) -> Box<dyn Progress> {
    let can_draw = io::stderr().is_terminal()
        && std::env::var_os("TERM").is_none_or(|term| !term.is_empty() && term != "dumb");
    match telling.progress {
        _ if telling.quiet => Box::new(Quiet),
        Show::None => Box::new(Quiet),
        // The stream of objects is progress enough.
        Show::Auto if telling.json => Box::new(Quiet),
        Show::Auto | Show::Bar if can_draw => Box::new(Bar::default()),
        Show::Auto => Box::new(Plain::new(false)),
        Show::Bar | Show::Plain => Box::new(Plain::new(true)),
    }
}

/// Says what the job would do, and ends as it would.
fn show_plan(plan: &Plan, conflict: Conflict, telling: &Telling, report: &mut Report) -> Exit {
    for problem in &plan.problems {
        report.failure(problem);
    }
    if plan.more_problems > 0 {
        complain(&format!("and {} more problems", plan.more_problems));
    }
    let exit = copy::plan_exit(plan, conflict);
    if telling.json {
        report.update(&Update::Plan(Box::new(plan.clone())), clock::now());
        report.end_of_plan(&copy::summary_of_plan(plan, conflict));
        let lost = [Exit::Good, Exit::Failed][usize::from(report.output_failed())];
        return exit.worst(lost);
    }
    if telling.quiet {
        if plan.lack(conflict).is_some() {
            report.say(&report::space_line(plan, conflict));
        }
        return exit;
    }
    let mut lines = report::plan_lines(plan, conflict).join("\n");
    lines.push('\n');
    exit.worst(print(lines.as_bytes()))
}

/// The keys in force.
fn show_keys(config: Option<&Path>) -> Exit {
    let keys = load(config).and_then(|loaded| {
        Keymap::configured(&loaded.config.keys).map_err(|reason| refuse(&reason))
    });
    match keys {
        Ok(keymap) => print(&generate::keys(&keymap)),
        Err(exit) => exit,
    }
}

fn show_config(config: Option<&Path>, args: &ConfigArgs) -> Exit {
    if args.default {
        return print(generate::example().as_bytes());
    }
    if args.path {
        return match config::path(config, &|name| std::env::var_os(name)) {
            Some(path) => {
                let path = text::shown(path.as_os_str().as_bytes()).into_owned();
                print(format!("{path}\n").as_bytes())
            }
            None => refuse("there is no home directory to look for the configuration in"),
        };
    }
    match load(config) {
        Ok(loaded) => print(effective(&loaded).as_bytes()),
        Err(exit) => exit,
    }
}

/// The configuration in force, as a file that could be used, each value with where it is from.
fn effective(loaded: &Loaded) -> String {
    let file = loaded.path.as_ref().map_or_else(
        || "no home directory, so no file".to_owned(),
        |path| {
            let there = if loaded.found { "" } else { " (not there)" };
            format!("{}{there}", text::shown(path.as_os_str().as_bytes()))
        },
    );
    let mut lines = vec![format!("# {file}")];
    let mut section = "";
    for (key, origin) in KEYS.iter().zip(&loaded.origins) {
        if key.section != section {
            section = key.section;
            lines.extend([String::new(), format!("[{section}]")]);
        }
        let origin = match origin {
            Origin::Default => "default",
            Origin::File => "file",
            Origin::Variable => key.variable,
        };
        let setting = format!("{} = {}", key.name, (key.get)(&loaded.config));
        lines.push(format!("{setting:<40} # {origin}"));
    }
    lines.push(String::new());
    lines.join("\n")
}

fn load(config: Option<&Path>) -> Result<Loaded, Exit> {
    config::load(config, &|name| std::env::var_os(name)).map_err(|error| refuse(&error.to_string()))
}

/// Starts the log; says in words for a notice why there is none, or no configuration.
fn start_log(loaded: &Loaded) -> (Option<Log>, Option<String>) {
    let (log, trouble) = match try_log(loaded.config.log.level) {
        Ok(log) => (log, None),
        Err(trouble) => (None, Some(trouble)),
    };
    let barred = loaded.path.as_ref().filter(|_| loaded.barred).map(|path| {
        let path = text::shown(path.as_os_str().as_bytes());
        format!("the configuration '{path}' cannot be reached, so the defaults hold")
    });
    let troubles: Vec<String> = barred.into_iter().chain(trouble).collect();
    let notice = (!troubles.is_empty()).then(|| format!("note: {}", troubles.join("; ")));
    (log, notice)
}

fn try_log(level: Level) -> Result<Option<Log>, String> {
    if level == Level::Off {
        return Ok(None);
    }
    let dir = config::state_dir().map_err(|reason| format!("{reason}, so no log"))?;
    logging::start(level, &dir).map(Some).map_err(|error| {
        let dir = text::shown(dir.as_os_str().as_bytes());
        format!("no log in '{dir}': {error}")
    })
}

/// Help and version are answers; everything else is wrong usage. What was typed is repeated, so it
/// is made safe to show.
fn refuse_arguments(error: &clap::Error) -> Exit {
    let rendered = error.render().to_string();
    if !error.use_stderr() {
        return print(rendered.as_bytes());
    }
    let safe: Vec<_> = rendered.lines().map(report::safe).collect();
    let whole = format!("{}\n", safe.join("\n"));
    report::say_on_stderr(whole.trim_end());
    Exit::Usage
}

fn refuse(reason: &str) -> Exit {
    complain(reason);
    Exit::Usage
}

fn complain(reason: &str) {
    report::say_on_stderr(&format!("haul: {reason}"));
}

/// Prints on standard output; a reader that went away has read enough.
fn print(bytes: &[u8]) -> Exit {
    let mut out = output();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Ok(()) => Exit::Good,
        Err(error) => refuse_output(&error),
    }
}

/// Standard output. Where it was closed when the program was started every write fails: the
/// standard library puts `/dev/null` there, and what is printed would be lost without a word.
fn output() -> Box<dyn Write> {
    if tty::has_output() {
        Box::new(io::stdout())
    } else {
        Box::new(Closed)
    }
}

/// A standard output that is closed.
struct Closed;

impl Write for Closed {
    fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
        Err(io::Error::other("it is closed"))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn refuse_output(error: &io::Error) -> Exit {
    if error.kind() == io::ErrorKind::BrokenPipe {
        return Exit::Good;
    }
    complain(&format!("cannot write to standard output: {error}"));
    Exit::Failed
}
