//! The row of results that the runs of one contestant become.

use super::case::{BATCH, Contestant};
use super::judge::Verdict;
use super::launch::Measured;
use super::peers::{COPY, SOURCE};
use super::results::{Loss, Outcome, Row, Run};
use crate::text;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

/// Differences of a wrong copy that are kept in words.
const WORDS: usize = 5;

/// The row of one who has not run yet.
pub fn row(contestant: &Contestant) -> Row {
    let shown = |words: &Vec<OsString>| {
        let mut words = words.iter();
        let program = words
            .next()
            .map(|path| Path::new(path).file_name().unwrap_or(path));
        let words: Vec<_> = program
            .into_iter()
            .chain(words.map(OsString::as_os_str))
            .map(|word: &OsStr| text::shown(word.as_bytes()).into_owned())
            .collect();
        words.join(" ")
    };
    let steps: Vec<String> = contestant
        .steps
        .iter()
        .map(|step| step.iter().map(shown).collect::<Vec<_>>().join(" & "))
        .collect();
    Row {
        name: contestant.name.clone(),
        version: contestant.version.clone(),
        command: steps.join("; "),
        peer: contestant.peer,
        outcome: match &contestant.left_out {
            Some(reason) => Outcome::LeftOut(reason.clone()),
            None => Outcome::Right,
        },
        runs: Vec::new(),
        not_kept: Vec::new(),
    }
}

/// The words with the two trees and the file of a batch in their place.
pub fn replaced(words: &[OsString], places: [&Path; 3]) -> Vec<OsString> {
    let replace = |word: &OsString| {
        for (stands, path) in [SOURCE, COPY, BATCH].into_iter().zip(places) {
            if let Some(rest) = word.as_bytes().strip_prefix(stands.as_bytes())
                && (rest.is_empty() || rest.starts_with(b"/"))
            {
                let mut bytes = path.as_os_str().as_bytes().to_vec();
                bytes.extend_from_slice(rest);
                return OsString::from_vec(bytes);
            }
        }
        word.clone()
    };
    words.iter().map(replace).collect()
}

/// Adds a run to its row: what it took where it `counts`, what it did not keep in any case. A copy
/// that is wrong takes the times of all runs with it.
pub fn note(row: &mut Row, measured: &Measured, verdict: &Verdict, counts: bool) {
    if verdict.differences > 0 {
        let mut words: Vec<_> = verdict.wrong.iter().take(WORDS).cloned().collect();
        let more = verdict.differences.saturating_sub(words.len() as u64);
        if more > 0 {
            words.push(format!("and {more} more"));
        }
        row.outcome = Outcome::Wrong(words);
        row.runs.clear();
        return;
    }
    let mut lost: BTreeMap<String, u64> = row
        .not_kept
        .drain(..)
        .map(|loss| (loss.what, loss.entries))
        .collect();
    for (what, entries) in &verdict.lost {
        let worst = lost.entry((*what).to_owned()).or_default();
        *worst = (*worst).max(*entries);
    }
    row.not_kept = lost
        .into_iter()
        .map(|(what, entries)| Loss { what, entries })
        .collect();
    if counts {
        row.runs.push(Run {
            seconds: measured.seconds,
            user_seconds: measured.user_seconds,
            system_seconds: measured.system_seconds,
            peak: measured.peak,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trees_take_the_place_of_their_words_and_of_nothing_else() {
        let words = ["SOURCE", "COPY/a", "BATCH", "SOURCES", "-c", "x SOURCE"].map(OsString::from);
        let found = replaced(&words, ["/s", "/c", "/b"].map(Path::new));
        assert_eq!(found, ["/s", "/c/a", "/b", "SOURCES", "-c", "x SOURCE"]);
    }

    #[test]
    fn a_wrong_copy_takes_its_times_with_it() {
        let contestant = Contestant {
            name: "haul".to_owned(),
            version: None,
            peer: false,
            batch: Vec::new(),
            steps: vec![vec![vec!["/bin/haul".into(), "copy".into()]]],
            left_out: None,
        };
        let mut row = row(&contestant);
        assert_eq!(row.command, "haul copy");
        let measured = Measured {
            code: 0,
            seconds: 1.0,
            user_seconds: 0.0,
            system_seconds: 0.0,
            peak: 0,
        };
        let mut verdict = Verdict::default();
        verdict.lost.insert("mode", 3);
        note(&mut row, &measured, &verdict, true);
        note(&mut row, &measured, &verdict, false);
        assert_eq!((row.runs.len(), row.not_kept[0].entries), (1, 3));
        verdict.differences = 9;
        verdict.wrong = vec!["one".to_owned()];
        note(&mut row, &measured, &verdict, true);
        assert!(row.runs.is_empty());
        assert_eq!(
            row.outcome,
            Outcome::Wrong(vec!["one".to_owned(), "and 8 more".to_owned()])
        );
    }
}
