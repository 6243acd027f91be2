//! `haul doctor`: what the kernel and the file systems offer here, and what `auto` would choose.
//!
//! It asks and tries by itself ([`probe`]): there is no job, so no engine is started. What it says
//! is one table for a person, or one object of JSON.

use super::args::DoctorArgs;
use super::{complain, load, print, refuse_output};
use crate::config::Copying;
use crate::exit::Exit;
use crate::proto::{BytePath, Strategy};
use crate::session::{self, Advice};
use crate::sys::probe::{self, Limit, Machine, Mount, Place, Trial, Trials};
use crate::{text, units};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// The sizes that a choice is told for: a small file, a frame, a plate.
const SIZES: [u64; 3] = [16 << 10, 32 << 20, 4 << 30];

/// Cells that the names of the lines take.
const NAMES: usize = 16;

#[derive(Serialize)]
struct Findings {
    machine: Machine,
    paths: Vec<Finding>,
    #[serde(skip_serializing_if = "Option::is_none")]
    route: Option<Chosen>,
}

#[derive(Serialize)]
struct Finding {
    path: BytePath,
    /// Why nothing can be said.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(flatten)]
    found: Option<Found>,
}

#[derive(Serialize)]
struct Found {
    directory: BytePath,
    device: u64,
    mount: Option<Mount>,
    file_system: String,
    bytes_free: u64,
    bytes_total: u64,
    inodes_free: u64,
    inodes_total: u64,
    trials: Option<Trials>,
    /// Why nothing was tried.
    not_tried: Option<String>,
}

#[derive(Serialize)]
struct Chosen {
    from: BytePath,
    to: BytePath,
    auto: Vec<Advice>,
}

/// Looks, tries, and prints; something that cannot be looked at makes the exit code 1.
pub fn run(config: Option<&Path>, args: &DoctorArgs) -> Exit {
    let loaded = match load(config) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    let here = [PathBuf::from(".")];
    let paths = match args.paths.as_slice() {
        [] => &here[..],
        named => named,
    };
    let mut findings = Findings {
        machine: probe::machine(),
        paths: paths.iter().map(|path| look(path)).collect(),
        route: None,
    };
    let mut exit = Exit::Good;
    for finding in &findings.paths {
        if let Some(reason) = &finding.error {
            complain(&format!(
                "cannot look at '{}': {reason}",
                shown(&finding.path)
            ));
            exit = Exit::Failed;
        }
    }
    if let [from, to] = findings.paths.as_slice() {
        match choose(from, to, &loaded.config.copy) {
            Ok(chosen) => findings.route = chosen,
            Err(error) => {
                complain(&format!("cannot look at the two together: {error}"));
                exit = Exit::Failed;
            }
        }
    }
    let printed = if args.json {
        match serde_json::to_string(&findings) {
            Ok(line) => print(format!("{}\n", text::safe_json(line)).as_bytes()),
            Err(error) => refuse_output(&error.into()),
        }
    } else {
        print(told(&findings).as_bytes())
    };
    printed.worst(exit)
}

fn look(path: &Path) -> Finding {
    let (error, found) = match Place::at(path) {
        Ok(place) => (None, Some(look_at(&place))),
        Err(errno) => (Some(probe::words(errno)), None),
    };
    Finding {
        path: BytePath::from(path),
        error,
        found,
    }
}

fn look_at(place: &Place) -> Found {
    let mut names = session::temp_names();
    let (trials, not_tried) = match place.trials(&mut names) {
        Ok(trials) => (Some(trials), None),
        Err(errno) => (None, Some(probe::words(errno))),
    };
    Found {
        directory: BytePath::from(place.dir.as_path()),
        device: place.dev,
        mount: place.mount(),
        file_system: place.space.kind.name(),
        bytes_free: place.space.free,
        bytes_total: place.space.total,
        inodes_free: place.space.inodes_free,
        inodes_total: place.space.inodes_total,
        trials,
        not_tried,
    }
}

/// What `auto` would do; a strategy that was tried where the copy would go and does not work there
/// is not begun with.
fn choose(from: &Finding, to: &Finding, copy: &Copying) -> std::io::Result<Option<Chosen>> {
    let (Some(source), Some(dest)) = (&from.found, &to.found) else {
        return Ok(None);
    };
    let mut without = Vec::new();
    if let Some(trials) = &dest.trials {
        let tried = [
            (Strategy::Reflink, &trials.reflink),
            (Strategy::CopyFileRange, &trials.copy_file_range),
            (Strategy::Direct, &trials.o_direct),
        ];
        let failed = tried.iter().filter(|(_, trial)| trial.works == Some(false));
        without.extend(failed.map(|(strategy, _)| *strategy));
    }
    let mut spec = copy.spec();
    spec.strategy = Strategy::Auto;
    let places = [source.directory.as_path(), dest.directory.as_path()];
    Ok(Some(Chosen {
        from: from.path.clone(),
        to: to.path.clone(),
        auto: session::advice(&spec, places, &without, &SIZES)?,
    }))
}

fn told(findings: &Findings) -> String {
    let mut lines = machine_lines(&findings.machine);
    for finding in &findings.paths {
        if let Some(found) = &finding.found {
            lines.extend([String::new(), shown(&finding.path)]);
            lines.extend(found_lines(found).iter().map(|line| format!("  {line}")));
        }
    }
    if let Some(chosen) = &findings.route {
        let (from, to) = (shown(&chosen.from), shown(&chosen.to));
        lines.extend([String::new(), format!("auto, from '{from}' to '{to}'")]);
        for advice in &chosen.auto {
            let mut choice = advice.strategy.to_string();
            for next in &advice.then {
                choice += ", else ";
                choice += next.name();
            }
            choice = format!("{choice} ({})", advice.reason);
            let size = format!("{} file", units::size(advice.size));
            lines.push(format!("  {}", line(&size, &choice)));
        }
    }
    lines.push(String::new());
    lines.join("\n")
}

fn line(name: &str, value: &str) -> String {
    format!("{name:<NAMES$} {value}")
}

fn machine_lines(machine: &Machine) -> Vec<String> {
    let limit = |limit: Limit, word: fn(u64) -> String| {
        let word = |figure: Option<u64>| figure.map_or_else(|| "no limit".to_owned(), word);
        if limit.soft == limit.hard {
            word(limit.soft)
        } else {
            format!("{}, at most {}", word(limit.soft), word(limit.hard))
        }
    };
    let files = limit(machine.open_files, |files| files.to_string());
    let io_uring = match (machine.io_uring_disabled, machine.io_uring.works) {
        (_, Some(true)) => "yes",
        (Some(1), _) => "no: for one group only (kernel.io_uring_disabled = 1)",
        (Some(2..), _) => "no: switched off (kernel.io_uring_disabled = 2)",
        _ => "no",
    };
    let detail = match machine.io_uring.detail.as_str() {
        "" => String::new(),
        detail => format!(": {}", text::shown(detail.as_bytes())),
    };
    vec![
        line("Kernel", &text::shown(machine.kernel.as_bytes())),
        line("Open files", &format!("{files} (haul takes what it may)")),
        line("Locked memory", &limit(machine.locked_memory, units::size)),
        line("io_uring", &format!("{io_uring}{detail}")),
    ]
}

fn found_lines(found: &Found) -> Vec<String> {
    let mut lines = Vec::new();
    let safe = |words: &str| text::shown(words.as_bytes()).into_owned();
    match &found.mount {
        Some(mount) => {
            let (kind, source) = (safe(&mount.kind), shown(&mount.source));
            lines.push(line("Mount point", &shown(&mount.point)));
            lines.push(line("File system", &format!("{kind}, {source}")));
            lines.push(line("Mount options", &safe(&mount.options)));
            lines.push(line("FS options", &safe(&mount.fs_options)));
        }
        None => lines.push(line("File system", &safe(&found.file_system))),
    }
    let (free, total) = (
        units::size(found.bytes_free),
        units::size(found.bytes_total),
    );
    lines.push(line("Space", &format!("{free} free of {total}")));
    let inodes = match found.inodes_total {
        0 => "not counted".to_owned(),
        total => format!(
            "{} free of {}",
            units::count(found.inodes_free),
            units::count(total)
        ),
    };
    lines.push(line("Inodes", &inodes));
    match (&found.trials, &found.not_tried) {
        (Some(trials), _) => lines.extend(trial_lines(trials)),
        (None, reason) => {
            let reason = reason.as_deref().unwrap_or("no reason known");
            lines.push(line("Not tried", &format!("no file can be made: {reason}")));
        }
    }
    lines
}

fn trial_lines(trials: &Trials) -> Vec<String> {
    let told = |(name, trial): (&str, &Trial)| {
        let word = match trial.works {
            Some(true) => "yes",
            Some(false) => "no",
            None => "not found out",
        };
        let detail = match trial.detail.as_str() {
            "" => String::new(),
            detail => format!(": {}", text::shown(detail.as_bytes())),
        };
        line(name, &format!("{word}{detail}"))
    };
    [
        ("Reflink", &trials.reflink),
        ("copy_file_range", &trials.copy_file_range),
        ("O_DIRECT", &trials.o_direct),
        ("User xattrs", &trials.user_xattrs),
        ("POSIX ACLs", &trials.posix_acls),
        ("Holes", &trials.holes),
        ("Case-sensitive", &trials.case_sensitive),
        ("flock", &trials.flock),
    ]
    .map(told)
    .to_vec()
}

fn shown(path: &BytePath) -> String {
    text::shown(path.as_bytes()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_lines_up() {
        let findings = Findings {
            machine: probe::machine(),
            paths: vec![look(Path::new(".")), look(Path::new("/proc"))],
            route: None,
        };
        let said = told(&findings);
        for name in ["Kernel", "  Mount point", "  Space", "  Not tried"] {
            let found = said.lines().find(|line| line.starts_with(name));
            let found = found.unwrap_or_else(|| panic!("no {name}: {said}"));
            let indent = name.len() - name.trim_start().len();
            let (before, value) = found.split_at(indent + NAMES + 1);
            assert!(before.ends_with(' ') && !value.starts_with(' '), "{said}");
        }
    }
}
