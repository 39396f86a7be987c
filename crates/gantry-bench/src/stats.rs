//! Medians and percentiles.

use std::time::Duration;

/// The middle of some figures; of an even number, the mean of the two in the middle.
pub(crate) fn median(figures: &[f64]) -> Option<f64> {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        odd if odd % 2 == 1 => Some(sorted[middle]),
        _ => Some(f64::midpoint(sorted[middle - 1], sorted[middle])),
    }
}

/// The least time that `share` of the answers took no longer than (nearest rank). Sorts in place.
pub(crate) fn percentile(times: &mut [Duration], share: f64) -> Option<Duration> {
    if times.is_empty() {
        return None;
    }
    let rank = (share * times.len() as f64).ceil() as usize;
    let index = rank.clamp(1, times.len()) - 1;
    Some(*times.select_nth_unstable(index).1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
    }

    #[test]
    fn a_percentile_is_one_of_the_times() {
        let mut times: Vec<_> = (1..=200).rev().map(Duration::from_millis).collect();
        assert_eq!(percentile(&mut times, 0.99), Some(Duration::from_millis(198)));
        assert_eq!(percentile(&mut times, 0.5), Some(Duration::from_millis(100)));
        assert_eq!(percentile(&mut times, 1.0), Some(Duration::from_millis(200)));
        assert_eq!(percentile(&mut [], 0.99), None);
    }
}
