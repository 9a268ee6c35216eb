//! Whether the figures of a level have come to rest.
//!
//! A level is cut into equal blocks of time, and the deciding quantile is taken of each. While a
//! queue still fills, the blocks climb; once they no longer do, what is left between them is noise,
//! and its size says how well the level's figure is known. That is the batch-means method of
//! simulation: A. Law, "Simulation Modeling and Analysis", chapter 9.

/// Blocks that a level is cut into.
pub(super) const BLOCKS: usize = 5;

/// From the first block to the last, of the mean: less than this is no drift.
const LEVEL: f64 = 0.10;

/// Always upwards, and more than this, is a queue that grows.
const GROWING: f64 = 0.5;

/// Where the blocks of a level go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Drift {
    /// No further than chance takes them.
    None,
    /// Upwards, each above the one before.
    Rising,
    /// Somewhere, or it cannot be told.
    Moving,
}

/// What blocks of time say of a level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rest {
    pub(super) drift: Drift,
    /// The standard error of the blocks' mean, of the mean.
    pub(super) error: f64,
}

impl Rest {
    /// Nothing can be told.
    pub(super) const UNKNOWN: Self = Self { drift: Drift::Moving, error: f64::INFINITY };

    /// Of the same figure of each block, in order of time.
    pub(super) fn of(blocks: &[f64]) -> Self {
        let count = blocks.len() as f64;
        let mean = blocks.iter().sum::<f64>() / count;
        if blocks.len() < BLOCKS || mean <= 0.0 {
            return Self::UNKNOWN;
        }
        let variance =
            blocks.iter().map(|block| (block - mean).powi(2)).sum::<f64>() / (count - 1.0);
        let error = (variance / count).sqrt() / mean;
        let rise = slope(blocks) * (count - 1.0) / mean;
        let climbs = blocks.windows(2).all(|pair| pair[1] > pair[0]);
        let drift = if climbs && rise > GROWING {
            Drift::Rising
        } else if rise.abs() <= LEVEL.max(2.0 * error) {
            Drift::None
        } else {
            Drift::Moving
        };
        Self { drift, error }
    }
}

/// Of the straight line through equally spaced values, per step.
fn slope(values: &[f64]) -> f64 {
    let middle = (values.len() as f64 - 1.0) / 2.0;
    let (mut up, mut across) = (0.0, 0.0);
    for (place, value) in values.iter().enumerate() {
        let off = place as f64 - middle;
        up += off * value;
        across += off * off;
    }
    up / across
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_that_grows_is_told_from_noise() {
        let drift = |blocks: &[f64]| Rest::of(blocks).drift;
        assert_eq!(drift(&[100.0, 102.0, 99.0, 101.0, 100.0]), Drift::None);
        assert_eq!(drift(&[100.0, 180.0, 260.0, 340.0, 420.0]), Drift::Rising);
        assert_eq!(drift(&[100.0, 160.0, 90.0, 140.0, 110.0]), Drift::None);
        assert_eq!(drift(&[100.0, 110.0, 120.0, 130.0, 140.0]), Drift::Moving, "on its way");
        assert_eq!(drift(&[400.0, 120.0, 101.0, 100.0, 100.0]), Drift::Moving, "coming down");
        assert_eq!(Rest::of(&[]), Rest::UNKNOWN);
    }

    #[test]
    fn the_error_is_that_of_the_mean() {
        // Five values with a standard deviation of 10: 10 / √5 of 100.
        let error = Rest::of(&[90.0, 110.0, 100.0, 90.0, 110.0]).error;
        assert!((error - 10.0 / 5.0_f64.sqrt() / 100.0).abs() < 1e-9, "{error}");
    }
}
