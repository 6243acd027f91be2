//! What is made of several measurements: median, least, most. Pure functions.

/// Median, least and most of some figures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// The middle one; of an even number, halfway between the two in the middle.
    pub median: f64,
    /// The least.
    pub min: f64,
    /// The most.
    pub max: f64,
}

/// The spread; `None` of nothing. Figures that are no numbers are left out.
pub fn spread(figures: impl IntoIterator<Item = f64>) -> Option<Spread> {
    let mut sorted: Vec<f64> = figures.into_iter().filter(|one| one.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    let (min, max) = (*sorted.first()?, *sorted.last()?);
    let upper = sorted[sorted.len() / 2];
    let lower = sorted[(sorted.len() - 1) / 2];
    Some(Spread {
        median: lower.midpoint(upper),
        min,
        max,
    })
}

/// A figure a second; 0 where no time passed.
pub fn per_second(figure: u64, seconds: f64) -> f64 {
    if seconds > 0.0 {
        figure as f64 / seconds
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        let of = |figures: &[f64]| spread(figures.iter().copied());
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[f64::NAN]), None);
        let told = of(&[3.0, 1.0, 2.0]).expect("figures");
        assert_eq!((told.min, told.median, told.max), (1.0, 2.0, 3.0));
        let told = of(&[4.0, 1.0, 2.0, 100.0]).expect("figures");
        assert_eq!((told.min, told.median, told.max), (1.0, 3.0, 100.0));
        let told = of(&[5.0]).expect("figures");
        assert_eq!((told.min, told.median, told.max), (5.0, 5.0, 5.0));
    }

    #[test]
    fn no_time_is_no_rate() {
        assert!(per_second(10, 0.0).abs() < f64::EPSILON);
        assert!((per_second(10, 4.0) - 2.5).abs() < f64::EPSILON);
    }
}
