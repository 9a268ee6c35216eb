//! Many comparisons at once: the correction for it.

/// Holm's step-down correction: by it, the chance that any of the comparisons raises a wrong alarm
/// is that of one. Gives each `p`, corrected, in the order given.
///
/// Source: S. Holm, "A Simple Sequentially Rejective Multiple Test Procedure", Scandinavian Journal of
/// Statistics 6 (1979).
pub(super) fn corrected(all: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..all.len()).collect();
    order.sort_by(|one, other| all[*one].total_cmp(&all[*other]));
    let mut out = vec![1.0; all.len()];
    let mut least: f64 = 0.0;
    for (rank, index) in order.into_iter().enumerate() {
        let remaining = (all.len() - rank) as f64;
        least = least.max((all[index] * remaining).min(1.0));
        out[index] = least;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of R's `p.adjust(c(0.01, 0.02, 0.03, 0.005), "holm")`.
    #[test]
    fn holm_steps_down() {
        let all = corrected(&[0.01, 0.02, 0.03, 0.005]);
        for (got, wanted) in all.iter().zip([0.03, 0.04, 0.04, 0.02]) {
            assert!((got - wanted).abs() < 1e-12, "{all:?}");
        }
        assert!(corrected(&[]).is_empty());
        assert_eq!(corrected(&[0.7, 0.9]), [1.0, 1.0]);
    }
}
