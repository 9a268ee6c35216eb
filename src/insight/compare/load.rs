//! The load of two runs: which figures of what, whether they have changed, and how certain that is.

use std::time::Duration;

use super::family::corrected;
use super::figures::Measure;
use super::figures::change_of;
use super::figures::distance;
use super::pool::BLOCKS_MIN;
use super::pool::Latency;
use super::pool::Pool;
use super::pool::RunBlocks;
use super::pool::join;
use super::pool::stride;
use crate::model::BlockTally;
use crate::model::Change;
use crate::model::ChangeKind;
use crate::model::ComparedFigure;
use crate::model::ComparisonLimits;
use crate::model::EndpointReport;
use crate::model::Headline;
use crate::model::Histogram;
use crate::model::LeftOut;
use crate::model::Report;
use crate::model::Seed;
use crate::model::Subject;
use crate::model::Tally;

/// Requests that a median, a share and a rate need in each run.
const REQUESTS_MIN: u64 = 20;

/// Requests that a 95th percentile needs in each run: five lie above it.
const REQUESTS_P95: u64 = 100;

/// Error rates that differ by less than a tenth of a percentage point are the same.
const ERROR_RATE_MIN: f64 = 0.001;

/// Shuffles at least, and at most.
const SHUFFLES: (u64, u64) = (1_000, 100_000);

/// What is compared of load.
#[derive(Debug, Default)]
pub(super) struct LoadChanges {
    pub(super) changes: Vec<Change>,
    pub(super) left_out: Vec<LeftOut>,
    /// Blocks that were drawn from, of the old run and the new one.
    pub(super) blocks: (usize, usize),
}

/// A subject with everything that is known of it in both runs.
struct Pair {
    subject: Subject,
    totals: [Tally; 2],
    seconds: [f64; 2],
    blocks: [RunBlocks; 2],
}

/// Compares the load of both runs by `headline`.
pub(super) fn compare_load(
    runs: [&Report; 2],
    headline: Headline,
    limits: &ComparisonLimits,
) -> LoadChanges {
    let mut found = LoadChanges::default();
    let latency: Latency = match headline {
        Headline::Latency => |tally| &tally.latency,
        Headline::Duration => |tally| &tally.duration,
    };
    let whole = runs.map(|run| blocks_of(run, None));
    let stride = stride([&whole[0], &whole[1]], latency);
    found.blocks = (join(&whole[0], stride).len(), join(&whole[1], stride).len());
    let mut pairs = pairs(runs, &mut found.left_out);
    for pair in &mut pairs {
        pair.blocks = [join(&pair.blocks[0], stride), join(&pair.blocks[1], stride)];
    }
    let mut candidates: Vec<(usize, ComparedFigure)> = Vec::new();
    for (index, pair) in pairs.iter().enumerate() {
        candidates.extend(pair.comparable(&mut found.left_out).map(|figure| (index, figure)));
    }
    let mut changes: Vec<Change> = Vec::new();
    for (index, pair) in pairs.iter().enumerate() {
        let own = candidates.iter().filter(|(pair, _)| *pair == index);
        let own: Vec<ComparedFigure> = own.map(|(_, figure)| *figure).collect();
        changes.extend(pair.changes(&own, latency, limits, candidates.len()));
    }
    judge(&mut changes, limits);
    found.changes = changes;
    found
}

/// Corrects for the number of comparisons, and says what each means.
fn judge(changes: &mut [Change], limits: &ComparisonLimits) {
    let chances: Vec<f64> = changes.iter().map(|change| change.p).collect();
    for (change, p) in changes.iter_mut().zip(corrected(&chances)) {
        change.p = p;
        let excludes_none = change.interval.is_none_or(|(low, high)| low > 0.0 || high < 0.0);
        let is_worse = (change.new > change.old) == change.figure.grows_worse();
        change.kind = match change.kind {
            ChangeKind::Same => ChangeKind::Same,
            _ if p > 1.0 - limits.confidence || !excludes_none => ChangeKind::Noise,
            _ if is_worse => ChangeKind::Worse,
            _ => ChangeKind::Better,
        };
    }
}

/// The whole, and every endpoint that both runs have.
fn pairs(runs: [&Report; 2], left_out: &mut Vec<LeftOut>) -> Vec<Pair> {
    let seconds = runs.map(|run| run.load_elapsed.as_secs_f64());
    let mut pairs = vec![Pair {
        subject: Subject::Whole,
        totals: runs.map(Report::total),
        seconds,
        blocks: runs.map(|run| blocks_of(run, None)),
    }];
    let [old, new] = runs;
    let there = |run: &'_ Report, subject: &Subject| -> Option<EndpointReport> {
        let mut all = run.endpoints.iter();
        all.find(|endpoint| Subject::of(&endpoint.meta) == *subject).cloned()
    };
    for endpoint in &new.endpoints {
        let subject = Subject::of(&endpoint.meta);
        let Some(before) = there(old, &subject) else {
            let reason = "the old run has no such endpoint".to_owned();
            left_out.push(LeftOut { subject, figure: None, reason });
            continue;
        };
        let blocks = [blocks_of(old, Some(&before)), blocks_of(new, Some(endpoint))];
        let totals = [before.total, endpoint.total.clone()];
        pairs.push(Pair { subject, totals, seconds, blocks });
    }
    for endpoint in &old.endpoints {
        let subject = Subject::of(&endpoint.meta);
        if there(new, &subject).is_none() {
            let reason = "the new run has no such endpoint".to_owned();
            left_out.push(LeftOut { subject, figure: None, reason });
        }
    }
    // The whole is that of its only endpoint.
    if pairs.len() == 2 && old.endpoints.len() == 1 && new.endpoints.len() == 1 {
        pairs.truncate(1);
    }
    pairs
}

/// The blocks of the whole or of one endpoint. The last is left out where it is a stump: its rate
/// would say nothing.
pub(super) fn blocks_of(run: &Report, endpoint: Option<&EndpointReport>) -> RunBlocks {
    let mut list = run.blocks.list.as_slice();
    if let [rest @ .., last] = list
        && last.to.saturating_sub(last.from) < run.blocks.length / 2
    {
        list = rest;
    }
    let lists_series = list.iter().any(|block| !block.series.is_empty());
    if endpoint.is_some() && !lists_series {
        return Vec::new();
    }
    list.iter()
        .map(|block| {
            let tally = match endpoint {
                None => block.whole.clone(),
                Some(endpoint) => {
                    block.of(endpoint.meta.id).cloned().unwrap_or_else(BlockTally::default)
                }
            };
            (tally, block.to.saturating_sub(block.from).as_secs_f64())
        })
        .collect()
}

impl Pair {
    /// Figures that can be compared; the reasons of the others are noted.
    fn comparable(&self, left_out: &mut Vec<LeftOut>) -> impl Iterator<Item = ComparedFigure> {
        let mut note = |figure, reason| {
            left_out.push(LeftOut { subject: self.subject.clone(), figure, reason });
        };
        let blocks = self.blocks.each_ref().map(Vec::len);
        let requests = self.totals.each_ref().map(|total| total.requests);
        if requests == [0, 0] {
            note(None, "neither run has sent a request".to_owned());
            return Vec::new().into_iter();
        }
        if blocks.iter().any(|count| *count < BLOCKS_MIN) {
            let [old, new] = blocks;
            let reason = if old.min(new) == 0 {
                "a report has no histograms by time: it is older than they are, was imported, or has \
                 too many endpoints"
                    .to_owned()
            } else {
                format!(
                    "too short: {old} blocks of time in the old run and {new} in the new one, \
                     {BLOCKS_MIN} are needed in each"
                )
            };
            note(None, reason);
            return Vec::new().into_iter();
        }
        let fits = |figure: &ComparedFigure| {
            let least = if *figure == ComparedFigure::P95 { REQUESTS_P95 } else { REQUESTS_MIN };
            let [old, new] = requests;
            let is_enough = old.min(new) >= least;
            if !is_enough {
                let reason = format!(
                    "too few requests: {old} in the old run and {new} in the new one, {least} are \
                     needed in each"
                );
                note(Some(*figure), reason);
            }
            is_enough
        };
        let fitting: Vec<_> = ComparedFigure::ALL.into_iter().filter(fits).collect();
        fitting.into_iter()
    }

    /// Each figure with its chance, not yet corrected for the whole family.
    fn changes(
        &self,
        figures: &[ComparedFigure],
        latency: Latency,
        limits: &ComparisonLimits,
        family: usize,
    ) -> Vec<Change> {
        let pool = Pool::new(&self.blocks[0], &self.blocks[1], latency);
        // The same reports give the same draws, whatever else is compared.
        let seed = Seed(0).derive(&self.subject.to_string()).0;
        let measures: Vec<Measure> = figures.iter().map(|figure| Measure::of(*figure)).collect();
        let intervals = pool.intervals(&measures, limits.confidence, seed);
        let mut changes: Vec<Change> = figures
            .iter()
            .zip(intervals)
            .filter_map(|(figure, interval)| self.change(*figure, interval, latency, limits))
            .collect();
        let asked: Vec<ComparedFigure> = changes
            .iter()
            .filter(|change| change.kind != ChangeKind::Same)
            .map(|change| change.figure)
            .collect();
        if asked.is_empty() {
            return changes;
        }
        let measures: Vec<Measure> = asked.iter().map(|figure| Measure::of(*figure)).collect();
        let chances = pool.chance(&measures, shuffles(family, limits), seed);
        for (figure, chance) in asked.iter().zip(chances) {
            let mut own = changes.iter_mut().filter(|change| change.figure == *figure);
            own.by_ref().for_each(|change| change.p = chance);
        }
        changes
    }

    /// The figure of both runs as a whole, and whether it is beyond the floors.
    fn change(
        &self,
        figure: ComparedFigure,
        interval: Option<(f64, f64)>,
        latency: Latency,
        limits: &ComparisonLimits,
    ) -> Option<Change> {
        let [old, new] = [0, 1].map(|run| self.total(run, figure, latency));
        let (old, new) = (old?, new?);
        let measure = Measure::of(figure);
        let change = match distance(measure, Some(old), Some(new)) {
            Some(distance) => change_of(measure, distance),
            None if (new - old).abs() < f64::EPSILON => 0.0,
            // Of nothing, anything is infinitely more; nothing of anything is all of it less.
            None if new > old => f64::INFINITY,
            None => -1.0,
        };
        let kind =
            if is_beyond(figure, old, new, limits) { ChangeKind::Noise } else { ChangeKind::Same };
        let told = |(low, high)| (change_of(measure, low), change_of(measure, high));
        let interval = interval.map(told);
        let subject = self.subject.clone();
        Some(Change { subject, figure, old, new, change, interval, p: 1.0, kind })
    }

    /// From the run's totals, which are finer than its blocks.
    fn total(&self, run: usize, figure: ComparedFigure, latency: Latency) -> Option<f64> {
        let total = &self.totals[run];
        // What is picked of a block is picked of the total.
        let tally = BlockTally {
            latency: total.latency.clone(),
            duration: total.duration.clone(),
            ..BlockTally::default()
        };
        let trend: &Histogram = latency(&tally);
        let millis = |value: Duration| value.as_nanos() as f64 / 1e6;
        match figure {
            ComparedFigure::Median => trend.quantile(0.5).map(millis),
            ComparedFigure::P95 => trend.quantile(0.95).map(millis),
            ComparedFigure::ErrorRate => {
                (total.requests > 0).then(|| total.failed as f64 / total.requests as f64)
            }
            ComparedFigure::Throughput => {
                let seconds = self.seconds[run];
                let good = total.requests.saturating_sub(total.failed);
                (seconds > 0.0).then(|| good as f64 / seconds)
            }
        }
    }
}

/// Whether a figure differs by more than both floors.
fn is_beyond(figure: ComparedFigure, old: f64, new: f64, limits: &ComparisonLimits) -> bool {
    let difference = (new - old).abs();
    let least = match figure {
        ComparedFigure::Median | ComparedFigure::P95 => limits.min_absolute.as_secs_f64() * 1e3,
        ComparedFigure::ErrorRate => ERROR_RATE_MIN,
        ComparedFigure::Throughput => 0.0,
    };
    difference > 0.0 && difference >= least && difference >= limits.min_relative * old.abs()
}

/// As many as make the least chance that can be found ten times smaller than what the correction asks
/// of one figure in the family.
fn shuffles(family: usize, limits: &ComparisonLimits) -> u64 {
    let alpha = (1.0 - limits.confidence).max(1e-6);
    let wanted = 10.0 * family as f64 / alpha;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "positive, and clamped behind the cast, which saturates"
    )]
    let wanted = wanted as u64;
    wanted.clamp(SHUFFLES.0, SHUFFLES.1)
}
