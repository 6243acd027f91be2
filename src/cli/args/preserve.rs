//! `--preserve` and `--no-preserve`: lists that take effect in the order in which they are typed.
//!
//! Everything is kept unless something is said, so `--no-preserve all --preserve mode` keeps the
//! mode only and `--preserve mode` alone changes nothing. The derived parser forgets the order of
//! two different options; this one asks for it.

use crate::config;
use crate::proto::Preserve;
use clap::error::Error;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};

/// What is kept and dropped, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    steps: Vec<(bool, String)>,
}

const KEEP: &str = "preserve";
const DROP: &str = "no_preserve";

impl Kept {
    /// Takes the steps one after the other.
    ///
    /// # Errors
    /// Names what cannot be kept.
    pub fn apply(&self, preserve: &mut Preserve) -> Result<(), String> {
        for (keep, name) in &self.steps {
            config::keep_or_drop(preserve, name, *keep)?;
        }
        Ok(())
    }
}

fn name(text: &str) -> Result<String, String> {
    let mut any = Preserve::ALL;
    config::keep_or_drop(&mut any, text, true).map(|()| text.to_owned())
}

impl Args for Kept {
    fn augment_args(command: Command) -> Command {
        let list = |id: &'static str| {
            Arg::new(id)
                .long(if id == KEEP { KEEP } else { "no-preserve" })
                .value_name("LIST")
                .action(ArgAction::Append)
                .value_delimiter(',')
                .value_parser(name)
        };
        command
            .arg(list(KEEP).help(
                "Keep these too: mode, owner, times, xattr, acl, links, all; taken in order with \
                 --no-preserve",
            ))
            .arg(list(DROP).help("Do not keep these; everything is kept by default"))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Kept {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let mut typed = Vec::new();
        for id in [KEEP, DROP] {
            let names = matches.get_many::<String>(id).unwrap_or_default();
            let places = matches.indices_of(id).unwrap_or_default();
            typed.extend(
                places
                    .zip(names)
                    .map(|(at, name)| (at, id == KEEP, name.clone())),
            );
        }
        typed.sort_by_key(|(at, ..)| *at);
        let steps = typed.into_iter().map(|(_, keep, name)| (keep, name));
        Ok(Self {
            steps: steps.collect(),
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
