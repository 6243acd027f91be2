//! What is generated from the code: the manual page, the completions, the list of keys.
//!
//! The copies under `assets/` are made from these; a test fails when they are stale.

use super::args::Cli;
use crate::config::{self, KEYS};
use crate::tui::keymap::Keymap;
use crate::tui::{keys_example, keys_of};
use clap::CommandFactory;
use clap_complete::Shell;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};
use std::io;

/// The completion script of a shell.
pub fn completions(shell: Shell) -> Vec<u8> {
    let mut out = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "haul", &mut out);
    out
}

/// The example of a configuration: every setting, and every action with its keys.
pub fn example() -> String {
    format!("{}{}", config::example(), keys_example())
}

/// The keys of the interactive program, as text: a heading a place, a line a key.
pub fn keys(keymap: &Keymap) -> Vec<u8> {
    let mut lines = Vec::new();
    let mut place = "";
    let rows = keys_of(keymap);
    let widest = rows.iter().map(|row| row.keys.len()).max().unwrap_or(0);
    for row in rows {
        if row.context != place {
            if !place.is_empty() {
                lines.push(String::new());
            }
            place = row.context;
            lines.push(place.to_owned());
        }
        lines.push(format!("  {:<widest$}  {}", row.keys, row.doc));
    }
    lines.push(String::new());
    lines.join("\n").into_bytes()
}

/// The manual page: the program, then each command with its options.
pub fn man() -> Vec<u8> {
    let mut out = Vec::new();
    // Writing to memory cannot fail.
    if write_man(&mut out).is_err() {
        out.clear();
    }
    // Each part brings the definition of an apostrophe along; one is enough.
    let page = String::from_utf8_lossy(&out).replace(APOSTROPHE, "");
    format!("{APOSTROPHE}{page}").into_bytes()
}

const APOSTROPHE: &str = ".ie \\n(.g .ds Aq \\(aq\n.el .ds Aq '\n";

fn write_man(out: &mut Vec<u8>) -> io::Result<()> {
    let mut command = Cli::command();
    command.build();
    let page = Man::new(command.clone());
    page.render_title(out)?;
    page.render_name_section(out)?;
    page.render_synopsis_section(out)?;
    page.render_description_section(out)?;
    page.render_options_section(out)?;
    for sub in command.get_subcommands() {
        if sub.get_name() == "help" {
            continue;
        }
        let title = format!("HAUL {}", sub.get_name().to_uppercase());
        let mut heading = Roff::new();
        heading.control("SH", [title.as_str()]);
        heading.to_writer(out)?;
        let page = Man::new(sub.clone());
        let mut part = Vec::new();
        page.render_description_section(&mut part)?;
        page.render_synopsis_section(&mut part)?;
        page.render_options_section(&mut part)?;
        if sub.get_after_help().is_some() {
            page.render_extra_section(&mut part)?;
        }
        // One page: what would be sections of its own are parts of the command's section.
        let part = String::from_utf8_lossy(&part)
            .replace(".SH EXTRA", ".SH NOTES")
            .replace(".SH ", ".SS ");
        out.extend_from_slice(part.as_bytes());
    }
    write_contract(out)
}

fn write_contract(out: &mut Vec<u8>) -> io::Result<()> {
    let mut roff = Roff::new();
    roff.control("SH", ["EXIT STATUS"]);
    for (code, meaning) in [
        (
            "0",
            "Everything was copied, was identical, or was skipped by the chosen policy.",
        ),
        ("1", "Something failed or was refused as dangerous."),
        ("2", "Wrong usage or configuration."),
        ("3", "Nothing failed, but conflicts were left."),
        ("128+n", "Ended by signal n."),
    ] {
        roff.control("TP", []);
        roff.text([bold(code)]);
        roff.text([roman(meaning)]);
    }
    roff.control("SH", ["ENVIRONMENT"]);
    roff.control("TP", []);
    roff.text([bold("HAUL_CONFIG")]);
    roff.text([roman("The configuration file, in place of the usual one.")]);
    for key in KEYS {
        roff.control("TP", []);
        roff.text([bold(key.variable)]);
        roff.text([roman(key.doc.replace('\n', " "))]);
    }
    roff.control("SH", ["FILES"]);
    for (path, meaning) in [
        (
            "~/.config/haul/config.toml",
            "The configuration; `haul config --default` prints one with every setting.",
        ),
        ("~/.local/state/haul/haul.log", "The log."),
    ] {
        roff.control("TP", []);
        roff.text([bold(path)]);
        roff.text([roman(meaning)]);
    }
    roff.to_writer(out)
}
