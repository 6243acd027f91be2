//! Comparing results with earlier ones: which medians got worse, and by how much.

use super::results::{FORM, Outcome, Results};

/// Something that got worse, or can no longer be told.
#[derive(Clone, Debug, PartialEq)]
pub struct Worse {
    /// Suite, case and row, in words.
    pub what: String,
    /// The median before, in seconds.
    pub before: f64,
    /// The median now; `None` where the row has no right copy any more.
    pub now: Option<f64>,
}

/// What comparing found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Compared {
    /// Rows that both have.
    pub rows: usize,
    /// Those of haul that got worse by more than was allowed.
    pub worse: Vec<Worse>,
}

/// Compares the rows of haul that both have, by suite, case and name. Other programs are not what
/// is being watched.
///
/// # Errors
/// Says in words why the two cannot be compared.
pub fn compare(before: &Results, now: &Results, percent: f64) -> Result<Compared, String> {
    if before.form != FORM {
        return Err(format!("its form is {}, not {FORM}", before.form));
    }
    let mut compared = Compared::default();
    for old in &before.cases {
        let same = now.cases.iter().find(|case| {
            (case.suite, &case.name, case.files, case.bytes)
                == (old.suite, &old.name, old.files, old.bytes)
                && (case.cache, case.durable, case.route()) == (old.cache, old.durable, old.route())
        });
        let Some(new) = same else { continue };
        for row in old.rows.iter().filter(|row| !row.peer) {
            let Some(then) = row.seconds() else { continue };
            let Some(today) = new.rows.iter().find(|one| one.name == row.name) else {
                continue;
            };
            compared.rows += 1;
            let median = match today.outcome {
                Outcome::Right => today.seconds().map(|seconds| seconds.median),
                _ => None,
            };
            let allowed = then.median * (1.0 + percent / 100.0);
            if median.is_none_or(|median| median > allowed) {
                compared.worse.push(Worse {
                    what: format!("{} {}: {}", old.suite.name(), old.name, row.name),
                    before: then.median,
                    now: median,
                });
            }
        }
    }
    if compared.rows == 0 {
        return Err("it has no row of haul in common with what was measured (suite, tree, route and conditions count)".to_owned());
    }
    Ok(compared)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::results::Cache;
    use crate::bench::results::tests::{results, row};

    #[test]
    fn only_what_got_worse_by_more_than_allowed_is_told() {
        let before = results(vec![row("haul", false, &[1.0]), row("cp", true, &[1.0])]);
        let now =
            |seconds: &[f64]| results(vec![row("haul", false, seconds), row("cp", true, &[9.0])]);
        let worse = |seconds: &[f64]| {
            let compared = compare(&before, &now(seconds), 10.0).expect("comparable");
            assert_eq!(compared.rows, 1);
            compared.worse
        };
        assert!(worse(&[0.5]).is_empty());
        assert!(worse(&[1.09]).is_empty());
        let told = worse(&[1.2]);
        assert_eq!(told[0].what, "compare flat: haul");
        assert_eq!((told[0].before, told[0].now), (1.0, Some(1.2)));
        let mut broken = now(&[]);
        broken.cases[0].rows[0].outcome = Outcome::Wrong(Vec::new());
        let told = compare(&before, &broken, 10.0).expect("comparable").worse;
        assert_eq!(told[0].now, None);
    }

    #[test]
    fn what_cannot_be_compared_is_refused() {
        let before = results(vec![row("haul", false, &[1.0])]);
        let mut now = before.clone();
        now.cases[0].cache = Cache::Cold;
        assert!(compare(&before, &now, 10.0).is_err());
        let mut now = before.clone();
        now.cases[0].bytes += 1;
        assert!(compare(&before, &now, 10.0).is_err());
        let mut other = before.clone();
        other.form += 1;
        assert!(compare(&other, &before, 10.0).is_err());
    }
}
