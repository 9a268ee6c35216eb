//! The figures that are compared, out of any sum of blocks.

use crate::model::ComparedFigure;

/// What is taken of a sum of blocks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Measure {
    /// A quantile of latency, 0–1.
    Quantile(f64),
    /// Share of failed requests.
    ErrorRate,
    /// Requests per second that did not fail.
    Throughput,
}

impl Measure {
    /// What a figure is measured by.
    pub(super) fn of(figure: ComparedFigure) -> Self {
        match figure {
            ComparedFigure::Median => Self::Quantile(0.5),
            ComparedFigure::P95 => Self::Quantile(0.95),
            ComparedFigure::ErrorRate => Self::ErrorRate,
            ComparedFigure::Throughput => Self::Throughput,
        }
    }

    /// Whether its change is a share of the old value; else a difference.
    fn is_relative(self) -> bool {
        self != Self::ErrorRate
    }
}

/// What one block counted.
#[derive(Debug, Clone, Default)]
pub(super) struct Cells {
    /// Column of the pool and requests, where there are any: few of many.
    pub(super) counts: Vec<(usize, u64)>,
    /// Responses and failures together.
    pub(super) requests: u64,
    /// Of these failed.
    pub(super) failed: u64,
    /// Time that it covers.
    pub(super) seconds: f64,
}

/// Everything that some blocks together counted.
#[derive(Debug, Clone, Default)]
pub(super) struct Sum {
    /// Requests by column of the pool, which are latencies in ascending order.
    pub(super) counts: Vec<u64>,
    /// Responses and failures together.
    pub(super) requests: u64,
    /// Of these failed.
    pub(super) failed: u64,
    /// Time that the blocks cover.
    pub(super) seconds: f64,
}

impl Sum {
    /// Nothing, of a pool with so many columns.
    pub(super) fn of(columns: usize) -> Self {
        Self { counts: vec![0; columns], ..Self::default() }
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.counts.fill(0);
        (self.requests, self.failed, self.seconds) = (0, 0, 0.0);
    }

    /// Adds a block.
    pub(super) fn add(&mut self, block: &Cells) {
        for (column, count) in &block.counts {
            self.counts[*column] += count;
        }
        self.requests += block.requests;
        self.failed += block.failed;
        self.seconds += block.seconds;
    }

    /// A measure of it; latencies in the columns' unit.
    pub(super) fn measure(&self, measure: Measure, columns: &[f64]) -> Option<f64> {
        match measure {
            Measure::Quantile(q) => self.quantile(q, columns),
            Measure::ErrorRate => {
                (self.requests > 0).then(|| self.failed as f64 / self.requests as f64)
            }
            Measure::Throughput => (self.seconds > 0.0)
                .then(|| self.requests.saturating_sub(self.failed) as f64 / self.seconds),
        }
    }

    /// The least column up to which there are as many as the quantile says.
    fn quantile(&self, q: f64, columns: &[f64]) -> Option<f64> {
        let total: u64 = self.counts.iter().sum();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between nothing and the total"
        )]
        let wanted = ((total as f64 * q).ceil() as u64).max(1);
        let mut seen = 0;
        self.counts.iter().zip(columns).find_map(|(count, value)| {
            seen += count;
            (seen >= wanted).then_some(*value)
        })
    }
}

/// By how much a measure differs: a logarithm where changes are shares, so that twice and half are as
/// far, else the difference. `None` where there is nothing to compare.
pub(super) fn distance(measure: Measure, old: Option<f64>, new: Option<f64>) -> Option<f64> {
    let (old, new) = (old?, new?);
    if !measure.is_relative() {
        return Some(new - old);
    }
    (old > 0.0 && new > 0.0).then(|| (new / old).ln())
}

/// The change that a distance is, as it is told.
pub(super) fn change_of(measure: Measure, distance: f64) -> f64 {
    if measure.is_relative() { distance.exp_m1() } else { distance }
}
