//! The blocks of two runs, shuffled and drawn from.

use std::collections::BTreeMap;

use rand::RngExt as _;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;

use super::figures::Cells;
use super::figures::Measure;
use super::figures::Sum;
use super::figures::distance;
use crate::model::BlockTally;
use crate::model::Histogram;

/// Blocks that a run must have at least: of six and six there are 924 ways to share them out, of
/// which the two most extreme are 0.2 %.
pub(super) const BLOCKS_MIN: usize = 6;

/// Blocks that are left where they are made longer.
const BLOCKS_LEFT: usize = 8;

/// Draws of the bootstrap.
const DRAWS: usize = 1000;

/// Shuffles as far out as the runs are, after which there is nothing more to learn: the runs are no
/// stranger than chance. J. Besag and P. Clifford, "Sequential Monte Carlo p-values", Biometrika 78
/// (1991).
const ENOUGH: u64 = 30;

/// Which latency is compared.
pub(super) type Latency = fn(&BlockTally) -> &Histogram;

/// One run's blocks of one subject: what was counted, and the seconds it took.
pub(super) type RunBlocks = Vec<(BlockTally, f64)>;

/// The blocks of both runs of one subject.
#[derive(Debug)]
pub(super) struct Pool {
    /// Latencies that occur, ascending, in milliseconds.
    columns: Vec<f64>,
    /// The old run's, then the new one's.
    blocks: Vec<Cells>,
    /// How many are the old run's.
    old: usize,
}

impl Pool {
    /// Of two runs' blocks.
    pub(super) fn new(old: &RunBlocks, new: &RunBlocks, latency: Latency) -> Self {
        let mut columns: BTreeMap<u64, usize> = BTreeMap::new();
        let both = || old.iter().chain(new);
        let all: Vec<Vec<(u64, u64)>> = both().map(|(tally, _)| buckets(latency(tally))).collect();
        for (micros, _) in all.iter().flatten() {
            columns.insert(*micros, 0);
        }
        for (index, place) in columns.values_mut().enumerate() {
            *place = index;
        }
        let blocks = all.iter().zip(both()).map(|(buckets, (tally, seconds))| {
            let counts = buckets.iter().map(|(micros, count)| (columns[micros], *count)).collect();
            Cells { counts, requests: tally.requests, failed: tally.failed, seconds: *seconds }
        });
        let blocks = blocks.collect();
        let columns = columns.into_keys().map(|micros| micros as f64 / 1e3).collect();
        Self { columns, blocks, old: old.len() }
    }

    /// By how much a measure of the whole runs differs.
    pub(super) fn distance(&self, measure: Measure) -> Option<f64> {
        let (old, new) = (self.sum(0..self.old), self.sum(self.old..self.blocks.len()));
        self.distance_of(measure, &old, &new)
    }

    fn distance_of(&self, measure: Measure, old: &Sum, new: &Sum) -> Option<f64> {
        distance(measure, old.measure(measure, &self.columns), new.measure(measure, &self.columns))
    }

    fn sum(&self, places: impl Iterator<Item = usize>) -> Sum {
        let mut sum = Sum::of(self.columns.len());
        places.for_each(|place| sum.add(&self.blocks[place]));
        sum
    }

    /// How often each measure differs by as much as it does where blocks are dealt to the runs by
    /// chance: the two-sided p of the permutation test. At most so many shuffles.
    ///
    /// What is dealt is each block's own value, and what is looked at is the mean of each side: of
    /// quantiles the mean of the blocks' logarithms. The quantile of all requests of a side would not
    /// do: where every request takes 50 ms before and 60 ms after, the medians of any two sides that
    /// are not mixed half and half are as far apart as those of the runs.
    pub(super) fn chance(&self, measures: &[Measure], shuffles: u64, seed: u64) -> Vec<f64> {
        let dealt: Vec<Dealt> = measures.iter().map(|measure| self.dealt(*measure)).collect();
        let mut rng = StdRng::seed_from_u64(seed);
        let mut order: Vec<usize> = (0..self.blocks.len()).collect();
        let observed: Vec<Option<f64>> =
            dealt.iter().map(|one| one.apart(&order, self.old)).collect();
        let mut as_far = vec![0_u64; measures.len()];
        let mut done = 0;
        while done < shuffles && as_far.iter().any(|count| *count < ENOUGH) {
            order.shuffle(&mut rng);
            done += 1;
            for (index, one) in dealt.iter().enumerate() {
                // What cannot be said of a shuffle is as far as can be.
                let far = one.apart(&order, self.old).map_or(f64::INFINITY, f64::abs);
                // Sums in another order differ in the last digits.
                let least = observed[index].map(|far| far.abs() * (1.0 - 1e-9) - 1e-12);
                as_far[index] += u64::from(least.is_none_or(|least| far >= least));
            }
        }
        let chance = |(index, count): (usize, &u64)| {
            // Where the blocks and the runs as wholes point in different directions, nothing is certain.
            let whole = self.distance(measures[index]);
            let agree = whole.zip(observed[index]).is_some_and(|(whole, own)| whole * own > 0.0);
            // The runs as they are are one of the ways to deal them.
            if agree { (count + 1) as f64 / (done + 1) as f64 } else { 1.0 }
        };
        as_far.iter().enumerate().map(chance).collect()
    }

    /// What each block has of a measure.
    fn dealt(&self, measure: Measure) -> Dealt {
        let mut sum = Sum::of(self.columns.len());
        let mut of = |block: &Cells| match measure {
            Measure::ErrorRate => (block.failed as f64, block.requests as f64),
            Measure::Throughput => {
                (block.requests.saturating_sub(block.failed) as f64, block.seconds)
            }
            Measure::Quantile(_) => {
                sum.clear();
                sum.add(block);
                let value = sum.measure(measure, &self.columns).filter(|value| *value > 0.0);
                value.map_or((0.0, 0.0), |value| (value.ln(), 1.0))
            }
        };
        Dealt(self.blocks.iter().map(&mut of).collect())
    }

    /// Where the distance of each measure is with that confidence: percentiles of what blocks drawn
    /// again, each run from its own, give.
    pub(super) fn intervals(
        &self,
        measures: &[Measure],
        confidence: f64,
        seed: u64,
    ) -> Vec<Option<(f64, f64)>> {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut draws: Vec<Vec<f64>> = measures.iter().map(|_| Vec::with_capacity(DRAWS)).collect();
        let (mut old, mut new) = (Sum::of(self.columns.len()), Sum::of(self.columns.len()));
        for _ in 0..DRAWS {
            self.draw(&mut rng, 0..self.old, &mut old);
            self.draw(&mut rng, self.old..self.blocks.len(), &mut new);
            for (measure, draws) in measures.iter().zip(&mut draws) {
                draws.extend(self.distance_of(*measure, &old, &new));
            }
        }
        draws.into_iter().map(|draws| middle(draws, confidence)).collect()
    }

    fn draw(&self, rng: &mut StdRng, from: std::ops::Range<usize>, into: &mut Sum) {
        into.clear();
        for _ in from.clone() {
            into.add(&self.blocks[rng.random_range(from.clone())]);
        }
    }
}

/// Of each block a value and its weight.
struct Dealt(Vec<(f64, f64)>);

impl Dealt {
    /// How far apart the means of both sides are, where the first `old` of an order are the old run's;
    /// `None` where a side has nothing.
    fn apart(&self, order: &[usize], old: usize) -> Option<f64> {
        let mean = |places: &[usize]| {
            let (mut value, mut weight) = (0.0, 0.0);
            for place in places {
                value += self.0[*place].0;
                weight += self.0[*place].1;
            }
            (weight > 0.0).then(|| value / weight)
        };
        let (old, new) = order.split_at(old);
        Some(mean(new)? - mean(old)?)
    }
}

/// Between which of the draws so many of them lie; `None` where too few could be made.
fn middle(mut draws: Vec<f64>, confidence: f64) -> Option<(f64, f64)> {
    if draws.len() < DRAWS / 2 {
        return None;
    }
    draws.sort_by(f64::total_cmp);
    let last = draws.len() - 1;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of the last index"
    )]
    let cut = ((1.0 - confidence) / 2.0 * last as f64).floor() as usize;
    Some((draws[cut], draws[last - cut]))
}

fn buckets(histogram: &Histogram) -> Vec<(u64, u64)> {
    let micros = |value: std::time::Duration| u64::try_from(value.as_micros()).unwrap_or(u64::MAX);
    histogram.buckets().into_iter().map(|(value, count)| (micros(value), count)).collect()
}

/// How many neighbours have to be made one so that blocks no longer resemble their neighbours.
pub(super) fn stride(runs: [&RunBlocks; 2], latency: Latency) -> usize {
    let mut stride = 1;
    loop {
        let joined = runs.map(|run| join(run, stride));
        let resemble = [0.5, 0.95].into_iter().any(|q| {
            joined.iter().any(|run| {
                let series: Vec<f64> = run
                    .iter()
                    .filter_map(|(tally, _)| latency(tally).quantile(q))
                    .map(|value| value.as_secs_f64().ln())
                    .collect();
                resembles_itself(&series)
            })
        });
        let shortest = joined.iter().map(Vec::len).min().unwrap_or(0);
        if !resemble || shortest / 2 < BLOCKS_LEFT {
            return stride;
        }
        stride *= 2;
    }
}

/// Whether neighbours have more in common than chance gives them (one-sided, 10 %).
fn resembles_itself(series: &[f64]) -> bool {
    let count = series.len() as f64;
    let mean = series.iter().sum::<f64>() / count;
    let off: Vec<f64> = series.iter().map(|value| value - mean).collect();
    let spread: f64 = off.iter().map(|value| value * value).sum();
    let shared: f64 = off.windows(2).map(|pair| pair[0] * pair[1]).sum();
    spread > 0.0 && shared / spread > 1.28 / count.sqrt()
}

/// Every `stride` neighbours as one; those left over at the end belong to the last.
pub(super) fn join(run: &RunBlocks, stride: usize) -> RunBlocks {
    let whole = (run.len() / stride.max(1)).max(1);
    let mut joined: RunBlocks = Vec::with_capacity(whole);
    for (index, (tally, seconds)) in run.iter().enumerate() {
        let place = (index / stride.max(1)).min(whole - 1);
        match joined.get_mut(place) {
            Some((sum, length)) => {
                sum.merge(tally);
                *length += seconds;
            }
            None => joined.push((tally.clone(), *seconds)),
        }
    }
    joined
}
