//! Times of several processes on one clock, and what was measured by time.

use std::time::Duration;

use crate::model::Block;
use crate::model::BlockTally;
use crate::model::Blocks;
use crate::model::Histogram;
use crate::model::Report;
use crate::model::TimelinePoint;

/// How much later than the first part's clock each part's clock began.
pub(super) fn offsets(parts: &[Report]) -> Vec<Duration> {
    let zero = |report: &Report| report.run.as_ref().and_then(|run| run.zero_unix_ms).unwrap_or(0);
    let first = parts.iter().map(zero).min().unwrap_or(0);
    parts.iter().map(|part| Duration::from_millis(zero(part) - first)).collect()
}

/// When the load of a part began and ended, on the common clock.
pub(super) fn span(part: &Report, offset: Duration) -> Option<(Duration, Duration)> {
    let (first, last) = (part.timeline.first()?, part.timeline.last()?);
    Some((first.from + offset, last.to + offset))
}

/// The blocks of all parts on one grid: as long as the longest.
pub(super) fn merged_blocks(parts: &[Report], offsets: &[Duration]) -> Blocks {
    let used = parts.iter().zip(offsets).filter(|(part, _)| !part.blocks.list.is_empty());
    let used: Vec<_> = used.collect();
    let length = used.iter().map(|(part, _)| part.blocks.length).max();
    let origin = used.iter().map(|(part, offset)| part.blocks.origin + **offset).min();
    let (Some(length), Some(origin)) = (length, origin) else { return Blocks::default() };
    let mut merged = Blocks { length, origin, list: Vec::new() };
    for (part, offset) in used {
        for block in &part.blocks.list {
            merged.put(Block {
                from: block.from + *offset,
                to: block.to + *offset,
                ..block.clone()
            });
        }
    }
    merged
}

/// One point per block: what a point shows of latency cannot be put together from points, and can
/// from blocks. Warm-up, which blocks leave out, has its counts alone.
pub(super) fn merged_timeline(
    parts: &[Report],
    offsets: &[Duration],
    blocks: &Blocks,
) -> Vec<TimelinePoint> {
    let mut points: Vec<TimelinePoint> = blocks.list.iter().map(point).collect();
    for (part, offset) in parts.iter().zip(offsets) {
        for own in &part.timeline {
            let (from, to) = (own.from + *offset, own.to + *offset);
            if own.warmup {
                add_warmup(&mut points, own, (from, to));
                continue;
            }
            let middle = (from + to) / 2;
            let mut known = points.iter_mut().filter(|point| !point.warmup);
            if let Some(point) = known.find(|point| point.from <= middle && middle < point.to) {
                point.bytes_received += own.bytes_received;
            }
        }
    }
    add_users(parts, offsets, &mut points);
    points.sort_by_key(|point| (point.from, point.to));
    points
}

fn point(block: &Block) -> TimelinePoint {
    let BlockTally { requests, failed, latency, duration } = &block.whole;
    TimelinePoint {
        from: block.from,
        to: block.to,
        requests: *requests,
        failed: *failed,
        latency: quartet(latency),
        duration: quartet(duration),
        ..TimelinePoint::default()
    }
}

/// Median, p95, p99 and maximum.
fn quartet(trend: &Histogram) -> Option<[Duration; 4]> {
    let max = trend.max()?;
    let at = |q| trend.quantile(q).unwrap_or(max);
    Some([at(0.5), at(0.95), at(0.99), max])
}

fn add_warmup(points: &mut Vec<TimelinePoint>, own: &TimelinePoint, at: (Duration, Duration)) {
    let middle = (at.0 + at.1) / 2;
    let mut known = points.iter_mut().filter(|point| point.warmup);
    if let Some(point) = known.find(|point| point.from <= middle && middle < point.to) {
        point.requests += own.requests;
        point.failed += own.failed;
        point.bytes_received += own.bytes_received;
        return;
    }
    let (from, to) = at;
    points.push(TimelinePoint { from, to, latency: None, duration: None, ..own.clone() });
}

/// Users at the end of each point: of each part, those of its last point until then.
fn add_users(parts: &[Report], offsets: &[Duration], points: &mut [TimelinePoint]) {
    for point in points {
        point.vus = parts
            .iter()
            .zip(offsets)
            .filter_map(|(part, offset)| {
                let until = point.to;
                let mut before = part.timeline.iter();
                let last = before.rfind(|own| (own.from + own.to) / 2 + *offset < until)?;
                Some(last.vus)
            })
            .sum();
    }
}
