//! What all levels say together.

use super::usl::scalability;
use crate::model::Capacity;
use crate::model::CapacityAim;
use crate::model::Criterion;
use crate::model::Knee;
use crate::model::Level;
use crate::model::Scalability;
use crate::model::SearchEnd;
use crate::model::SecondInstance;
use crate::model::same;

/// The result of a search that ended so.
pub fn conclude(aim: &CapacityAim, levels: Vec<Level>, end: SearchEnd) -> Capacity {
    let (answer, failing) = bracket(&levels);
    let (scalability, saturated_levels) = scalability(&levels);
    let mut capacity = Capacity {
        model: aim.model,
        slo: aim.slo.iter().map(Criterion::to_string).collect(),
        knee: knee(&levels),
        levels,
        end,
        answer,
        failing,
        scalability,
        saturated_levels,
        reserve: aim.reserve,
        second: None,
        at_least: aim.at_least,
        wanted: aim.wanted,
        suspects: Vec::new(),
        not_isolated: None,
    };
    capacity.second = second(&capacity);
    capacity
}

/// The highest level that met the objective below each that did not, and the lowest that did not,
/// each by the majority of its measurements.
fn bracket(levels: &[Level]) -> (Option<f64>, Option<f64>) {
    let mut tallies: Vec<(f64, i32)> = Vec::new();
    for level in levels.iter().filter(|level| level.counts()) {
        let vote = if level.meets() { 1 } else { -1 };
        match tallies.iter_mut().find(|(asked, _)| same(*asked, level.asked)) {
            Some((_, votes)) => *votes += vote,
            None => tallies.push((level.asked, vote)),
        }
    }
    tallies.sort_by(|one, other| one.0.total_cmp(&other.0));
    // What cannot be told is not promised.
    let failing = tallies.iter().find(|(_, votes)| *votes <= 0).map(|(asked, _)| *asked);
    let below = |asked: f64| failing.is_none_or(|failing| asked < failing);
    let met = tallies.iter().filter(|(asked, votes)| *votes > 0 && below(*asked));
    (met.map(|(asked, _)| *asked).next_back(), failing)
}

/// Of levels at rest, the one with the most throughput per time; `None` where that is the highest.
fn knee(levels: &[Level]) -> Option<Knee> {
    let mut ascending: Vec<&Level> = levels.iter().filter(|level| level.counts()).collect();
    ascending.sort_by(|one, other| one.asked.total_cmp(&other.asked));
    let power = |level: &Level| {
        let mean = level.mean.map_or(f64::INFINITY, |mean| mean.as_secs_f64().max(1e-9));
        level.throughput / mean
    };
    let best = ascending.iter().max_by(|one, other| power(one).total_cmp(&power(other)))?;
    let highest = ascending.last()?;
    if same(best.asked, highest.asked) {
        return None;
    }
    Some(Knee { asked: best.asked, throughput: best.throughput, mean: best.mean? })
}

/// What a second instance would bring.
fn second(capacity: &Capacity) -> Option<SecondInstance> {
    let answer = capacity.answer?;
    let concurrency = capacity.at_answer()?.concurrency;
    let shared = match &capacity.scalability {
        Scalability::Fitted(fit) => {
            let ratio = fit.throughput(2.0 * concurrency) / fit.throughput(concurrency);
            Some(answer * ratio.clamp(0.0, 2.0))
        }
        Scalability::Refused(_) => None,
    };
    Some(SecondInstance { separate: 2.0 * answer, shared })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::search::Step;
    use super::super::search::next;
    use super::*;
    use crate::model::CapacityModel;
    use crate::model::Steadiness;

    fn level(asked: f64, broken: bool, mean_ms: u64) -> Level {
        Level {
            asked,
            from: Duration::ZERO,
            to: Duration::from_secs(10),
            throughput: asked,
            concurrency: asked * mean_ms as f64 / 1e3,
            latency: None,
            mean: Some(Duration::from_millis(mean_ms)),
            failed: 0.0,
            dropped: 0.0,
            bytes_per_request: 0.0,
            steadiness: Steadiness::Steady,
            broken: if broken { vec!["too slow".to_owned()] } else { Vec::new() },
            generator: None,
        }
    }

    fn aim() -> CapacityAim {
        CapacityAim {
            model: CapacityModel::Rate,
            slo: Vec::new(),
            start: 100.0,
            max: 1000.0,
            settle: (Duration::from_secs(10), Duration::from_secs(60)),
            max_time: Duration::from_secs(600),
            max_vus: None,
            reserve: 0.3,
            at_least: None,
            wanted: None,
            suspects: 0,
        }
    }

    #[test]
    fn what_cannot_be_told_is_not_promised() {
        let levels = vec![level(100.0, false, 10), level(150.0, true, 20), level(150.0, false, 20)];
        let capacity = conclude(&aim(), levels, SearchEnd::CutShort("time".to_owned()));
        assert_eq!((capacity.answer, capacity.failing), (Some(100.0), Some(150.0)));
        assert_eq!(capacity.in_operation(), Some(70.0));
    }

    #[test]
    fn the_knee_is_where_time_grows_faster_than_throughput() {
        let levels = vec![level(100.0, false, 10), level(150.0, false, 11), level(200.0, true, 40)];
        let knee = conclude(&aim(), levels, SearchEnd::Found).knee.expect("a knee");
        assert_eq!((knee.asked, knee.mean), (150.0, Duration::from_millis(11)));
        let levels = vec![level(100.0, false, 10), level(150.0, false, 11)];
        assert_eq!(conclude(&aim(), levels, SearchEnd::MaxReached).knee, None, "not reached yet");
    }

    #[test]
    fn instances_keep_the_reserve_each() {
        let capacity = conclude(&aim(), vec![level(100.0, false, 10)], SearchEnd::Found);
        assert_eq!(capacity.instances_for(70.0, 1), Some(1));
        assert_eq!(capacity.instances_for(71.0, 1), Some(2));
        assert_eq!(capacity.instances_for(140.0, 2), Some(4));
        assert_eq!(capacity.headroom(80.0).map(|free| (free * 100.0).round()), Some(20.0));
    }

    #[test]
    fn the_search_and_its_end_agree() {
        let levels = vec![level(100.0, false, 10), level(150.0, true, 20)];
        assert!(
            matches!(next(&aim(), &levels), Step::Measure(asked) if (122.0..123.0).contains(&asked))
        );
    }
}
