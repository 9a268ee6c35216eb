//! Whether one list of figures is greater than another, whatever their distribution.

/// Figures of each list from which on something is said.
const ENOUGH: usize = 4;

/// How surely the first are greater than the second: the normal score of Wilcoxon's rank sum, ties
/// shared. 3 happens by chance once in 740.
pub fn rank_score(first: &[f64], second: &[f64]) -> f64 {
    let (n, m) = (first.len() as f64, second.len() as f64);
    if first.len() < ENOUGH || second.len() < ENOUGH {
        return 0.0;
    }
    let mut all: Vec<(f64, bool)> = first.iter().map(|value| (*value, true)).collect();
    all.extend(second.iter().map(|value| (*value, false)));
    all.sort_unstable_by(|one, other| one.0.total_cmp(&other.0));
    let mut sum = 0.0;
    let mut from = 0;
    while from < all.len() {
        let same = all[from..].iter().take_while(|one| one.0 <= all[from].0).count();
        let rank = from as f64 + f64::midpoint(same as f64, 1.0);
        sum += rank * all[from..from + same].iter().filter(|one| one.1).count() as f64;
        from += same;
    }
    let mean = n * (n + m + 1.0) / 2.0;
    (sum - mean) / (n * m * (n + m + 1.0) / 12.0).sqrt()
}

/// How surely a share of `n` is greater than another of `m`, each as (share, count): the normal score of
/// two proportions; 0 where both are nothing or all.
pub fn share_score((first, n): (f64, f64), (second, m): (f64, f64)) -> f64 {
    let pooled = (first * n + second * m) / (n + m).max(1.0);
    let error = (pooled * (1.0 - pooled) * (1.0 / n + 1.0 / m)).sqrt();
    if error > 0.0 { (first - second) / error } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::rank_score;

    #[test]
    fn ranks_tell_what_is_greater_and_are_silent_where_nothing_is() {
        let low: Vec<f64> = (0..40).map(f64::from).collect();
        let high: Vec<f64> = (0..40).map(|value| f64::from(value) + 30.0).collect();
        assert!(rank_score(&high, &low) > 5.0);
        assert!(rank_score(&low, &high) < -5.0);
        assert!(rank_score(&low, &low).abs() < 1e-9);
        assert!(rank_score(&[1.0; 40], &[1.0; 50]).abs() < 1e-9);
    }
}
