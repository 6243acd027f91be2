//! Looking an action up by what it is called or does.
//!
//! Pure. Only actions that work where the palette was opened are found; fuzzy matching is
//! nucleo's.

use super::action::{ACTIONS, Action, Context};
use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

/// Rows of the table that match, the best first; all of the place without a text.
pub fn found(context: Context, text: &str) -> Vec<usize> {
    let rows = ACTIONS.iter().enumerate().filter(|(at, row)| {
        let first = |action: Action| {
            let mut rows = ACTIONS.iter();
            rows.position(|row| row.action == action && row.contexts.contains(&context))
        };
        // An action with several rows of keys is one action.
        row.contexts.contains(&context)
            && row.action != Action::Palette
            && first(row.action) == Some(*at)
    });
    if text.trim().is_empty() {
        return rows.map(|(at, _)| at).collect();
    }
    let pattern = Pattern::parse(text, CaseMatching::Ignore, Normalization::Smart);
    let mut matcher = Matcher::new(Config::DEFAULT);
    let mut buffer = Vec::new();
    let mut scored: Vec<(u32, usize)> = rows
        .filter_map(|(at, row)| {
            // A name says more than a sentence: it counts twice.
            let name = pattern
                .score(Utf32Str::new(row.name, &mut buffer), &mut matcher)
                .map(|score| score * 2);
            let doc = pattern.score(Utf32Str::new(row.doc, &mut buffer), &mut matcher);
            name.max(doc).map(|score| (score, at))
        })
        .collect();
    scored.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    scored.into_iter().map(|(_, at)| at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_are_found_by_parts_of_their_names_and_only_where_they_work() {
        let best = |text| ACTIONS[found(Context::Queue, text)[0]].action;
        assert_eq!(best("pause"), Action::Pause);
        assert_eq!(best("mrwork"), Action::MoreWorkers);
        assert_eq!(best("hist"), Action::History);
        let marks = found(Context::Queue, "mark-pattern");
        assert!(
            marks
                .iter()
                .all(|at| ACTIONS[*at].action != Action::MarkPattern)
        );
        assert!(found(Context::Panes, "").len() > 20);
        assert_eq!(found(Context::Panes, "zzqq"), [0; 0]);
    }
}
