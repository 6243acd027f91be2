//! Whose turn it is: an order for each round.
//!
//! Who comes after one that filled the memory with its pages, or used up what a device lends for a
//! while, is slower for it: 16 GiB of holes took haul 0.42 s right after a program that had filled
//! them, 0.14 s after others. So it is not enough that another one begins each round: nobody is to
//! follow the same one each time.
//!
//! And nobody needs all rounds whose place is known after two: programs that fill 16 GiB of holes took
//! two thirds of the time of all results, each time to say the same.

use super::results::Row;

/// Another program that takes this many times as long as anybody ever did is far behind.
const FAR: f64 = 4.0;

/// Runs after which that is believed.
const ENOUGH: usize = 2;

/// True where more runs of a row would change nothing: it is another program's, and the least of its
/// times is [`FAR`] times the longest of somebody who ran as often.
pub fn decided(rows: &[Row], who: usize) -> bool {
    let row = &rows[who];
    if !row.peer || row.runs.len() < ENOUGH {
        return false;
    }
    let Some(least) = row.seconds().map(|told| told.min) else {
        return false;
    };
    rows.iter()
        .filter(|other| other.runs.len() >= ENOUGH)
        .filter_map(Row::seconds)
        .any(|other| least > FAR * other.max)
}

/// The numbers below `count`, in the order of that round.
///
/// They are taken with the step of the round around a circle whose length is a prime: in every round
/// each once, after another one than in the rounds before, until the steps begin anew.
pub fn order(count: usize, round: usize) -> impl Iterator<Item = usize> {
    // Between a number and its double there is always one (Bertrand).
    let around = (count + 1..=2 * count + 2)
        .find(|length| is_prime(*length))
        .unwrap_or(1);
    let step = round % (around - 1).max(1) + 1;
    (1..around)
        .map(move |place| place * step % around)
        .filter(move |at| (1..=count).contains(at))
        .map(|at| at - 1)
}

fn is_prime(number: usize) -> bool {
    number > 1
        && (2..number)
            .take_while(|low| low * low <= number)
            .all(|low| !number.is_multiple_of(low))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::results::tests::row;
    use std::collections::HashMap;

    #[test]
    fn only_a_peer_that_is_far_behind_twice_has_run_enough() {
        let rows = [
            row("haul", false, &[9.0, 9.0, 9.0]),
            row("cp", true, &[1.0, 2.0]),
            row("twice far", true, &[8.1, 8.1]),
            row("once far", true, &[7.9, 90.0]),
            row("one run", true, &[90.0]),
        ];
        let ended: Vec<bool> = (0..rows.len()).map(|who| decided(&rows, who)).collect();
        assert_eq!(ended, [false, false, true, false, false]);
        // One run of another's may have been a lucky one.
        let rows = [row("cp", true, &[1.0]), row("xcp", true, &[8.0, 8.0])];
        assert!(!decided(&rows, 1));
    }

    #[test]
    fn everybody_has_a_turn_each_round_and_follows_others() {
        for count in 1..=14 {
            let mut followed: HashMap<(usize, usize), usize> = HashMap::new();
            let mut first = Vec::new();
            for round in 0..5 {
                let turns: Vec<usize> = order(count, round).collect();
                let mut sorted = turns.clone();
                sorted.sort_unstable();
                assert_eq!(sorted, (0..count).collect::<Vec<_>>(), "{count}, {round}");
                first.push(turns[0]);
                for pair in turns.windows(2) {
                    *followed.entry((pair[0], pair[1])).or_default() += 1;
                }
            }
            if count >= 5 {
                first.sort_unstable();
                first.dedup();
                assert_eq!(first.len(), 5, "{count}");
                let most = followed.values().max();
                assert!(most <= Some(&2), "{count}: {followed:?}");
            }
        }
        assert_eq!(order(0, 0).count(), 0);
    }
}
