//! A gate on a change: whether noise alone may have made it.

use super::figures::Measure;
use super::load::blocks_of;
use super::pool::BLOCKS_MIN;
use super::pool::Latency;
use super::pool::Pool;
use super::pool::RunBlocks;
use super::pool::join;
use super::pool::stride;
use crate::model::Aggregate;
use crate::model::AnswerFilter;
use crate::model::BlockTally;
use crate::model::Condition;
use crate::model::MetricName;
use crate::model::MetricSelector;
use crate::model::Report;
use crate::model::Seed;

/// Shuffles at most: a chance of one in twenty is told from others by far fewer.
const SHUFFLES: u64 = 2_000;

/// How often chance alone changes what the condition takes of the metric by as much as it has changed
/// from `old` to `new`, 0–1; `None` where that cannot be said: of other metrics than
/// `http_req_latency`, `http_req_duration` and `http_req_failed`, of other aggregates than percentiles
/// and rates, and of runs that are too short.
pub fn chance_of_change(
    old: &Report,
    new: &Report,
    selector: &MetricSelector,
    condition: &Condition,
) -> Option<f64> {
    let measure = match condition.aggregate {
        Aggregate::Med => Measure::Quantile(0.5),
        Aggregate::Percentile(p) => Measure::Quantile(p / 100.0),
        Aggregate::Rate if selector.metric == MetricName::HttpReqFailed => Measure::ErrorRate,
        _ => return None,
    };
    let latency: Latency = match selector.metric {
        MetricName::HttpReqLatency => |tally| &tally.latency,
        MetricName::HttpReqDuration | MetricName::HttpReqFailed => |tally| &tally.duration,
        _ => return None,
    };
    // Blocks do not tell answers apart.
    if AnswerFilter::of(&selector.tags).is_some() {
        return None;
    }
    let whole = [old, new].map(|run| blocks_of(run, None));
    let stride = stride([&whole[0], &whole[1]], latency);
    let [old, new] = [old, new].map(|run| selected(run, selector).map(|run| join(&run, stride)));
    let (old, new) = (old?, new?);
    if old.len().min(new.len()) < BLOCKS_MIN {
        return None;
    }
    let pool = Pool::new(&old, &new, latency);
    let seed = Seed(0).derive(&selector.to_string()).0;
    pool.distance(measure)?;
    pool.chance(&[measure], SHUFFLES, seed).first().copied()
}

/// The blocks of all endpoints that the selector fits; `None` where there is none.
fn selected(run: &Report, selector: &MetricSelector) -> Option<RunBlocks> {
    if selector.tags.is_empty() {
        return Some(blocks_of(run, None));
    }
    let fitting = run.endpoints.iter().filter(|endpoint| endpoint.meta.fits(&selector.tags));
    let mut lists = fitting.map(|endpoint| blocks_of(run, Some(endpoint)));
    let mut sum = lists.next()?;
    for list in lists {
        for ((mine, _), (theirs, _)) in sum.iter_mut().zip(list) {
            BlockTally::merge(mine, &theirs);
        }
    }
    Some(sum)
}
