//! Whose turn it is: an order for each round.
//!
//! Who comes after one that filled the memory with its pages, or used up what a device lends for a
//! while, is slower for it: 16 GiB of holes took haul 0.42 s right after a program that had filled
//! them, 0.14 s after others. So it is not enough that another one begins each round: nobody is to
//! follow the same one each time.

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
    use std::collections::HashMap;

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
