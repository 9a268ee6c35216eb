//! When iterations start: an arrival is where the area under the rate reaches its number.
//!
//! Completions never enter.

use std::sync::Arc;

use rand::RngExt as _;
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use super::part::Part;
use super::part::Turns;
use super::rate::Rate;
use crate::http::reactor::Nanos;
use crate::model::Seed;
use crate::plan::Spacing;

/// Intended start times of one shard, since the scenario's start, in order.
#[derive(Debug)]
pub struct Arrivals {
    rate: Arc<Rate>,
    points: Points,
    turns: Turns,
    /// Where the last one was.
    piece: usize,
    /// Since the last change of the scale: how many arrivals there were by then, what the area was,
    /// and how many arrivals a unit of area has been since.
    done: f64,
    area: f64,
    scale: f64,
}

/// The arrivals of a share on the scale of the whole schedule, where one is one unit.
#[derive(Debug)]
enum Points {
    /// By number, `burst` of the whole at once.
    Numbered { next: u64, first: f64, burst: u64 },
    /// Those of a process of unit rate, by number too; `at` is where the next one is.
    Chance { rng: Box<StdRng>, next: u64, at: f64 },
}

impl Points {
    /// The next arrival: what must be within the schedule, and where it is.
    fn current(&self) -> (f64, f64) {
        match self {
            Self::Numbered { next, first, burst } => {
                (*next as f64 + first, (next - next % burst) as f64 + first)
            }
            Self::Chance { at, .. } => (*at, *at),
        }
    }

    fn advance(&mut self, turns: &Turns) {
        let after = |next: u64| turns.from(next.saturating_add(1)).unwrap_or(NEVER);
        match self {
            Self::Numbered { next, .. } => *next = after(*next),
            Self::Chance { rng, next, at } => {
                let following = after(*next);
                wait(rng, at, following - *next);
                *next = following;
            }
        }
    }
}

/// The number of no arrival: no schedule has that many.
const NEVER: u64 = u64::MAX;

/// Goes on by so many waits of a Poisson process of unit rate. One by one: sums in another order
/// would differ from shard to shard in the last digit.
fn wait(rng: &mut StdRng, at: &mut f64, count: u64) {
    for _ in 0..count {
        *at -= (1.0 - rng.random::<f64>()).ln();
    }
}

impl Arrivals {
    /// The share of shard `index` of `shards`: every `shards`-th arrival, so that all shares
    /// together are the whole schedule and each is as even as it.
    pub fn share(rate: Rate, index: u32, shards: u32) -> Self {
        let turns = Turns::new(Part::new(index, shards, 1), shards);
        Self::spaced(rate, Spacing::Even, Seed(0), turns)
    }

    /// Those that are dealt by `turns`, spread as `spacing` says. Chance is time-rescaled: a process of unit rate on the
    /// area, so that it has the schedule's rate at any time; all shards draw the same one from
    /// `seed`.
    pub fn spaced(rate: Rate, spacing: Spacing, seed: Seed, turns: Turns) -> Self {
        let next = turns.from(0).unwrap_or(NEVER);
        let first = rate.first;
        let points = match spacing {
            Spacing::Poisson if next < NEVER => {
                let mut rng = Box::new(StdRng::seed_from_u64(seed.0));
                let mut at = 0.0;
                wait(&mut rng, &mut at, next + 1);
                Points::Chance { rng, next, at }
            }
            Spacing::Even | Spacing::Poisson => Points::Numbered { next, first, burst: 1 },
            Spacing::Bursts(size) => {
                Points::Numbered { next, first, burst: u64::from(size.max(1)) }
            }
        };
        Self { rate: Arc::new(rate), points, turns, piece: 0, done: 0.0, area: 0.0, scale: 1.0 }
    }

    /// When the next arrival is, without taking it.
    pub fn peek(&mut self) -> Option<Nanos> {
        let (within, at) = self.points.current();
        if self.area_of(within) >= self.rate.limit() {
            return None;
        }
        self.rate.time_of(self.area_of(at).max(0.0), &mut self.piece)
    }

    /// From `at` on, there are `scale` times as many arrivals as the rate says. What was due before
    /// stays where it was, and no part of an arrival is lost or made.
    pub fn rescale(&mut self, at: Nanos, scale: f64) {
        let area = self.rate.area_until(at);
        self.done += (area - self.area) * self.scale;
        (self.area, self.scale) = (area, scale);
        self.piece = 0;
    }

    fn area_of(&self, point: f64) -> f64 {
        self.area + (point - self.done) / self.scale
    }
}

impl Iterator for Arrivals {
    type Item = Nanos;

    fn next(&mut self) -> Option<Nanos> {
        let time = self.peek()?;
        self.points.advance(&self.turns);
        Some(time)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::model::RunPart;
    use crate::plan::Stage;

    fn constant(per_second: f64, millis: u64) -> Rate {
        Rate::constant(per_second, Duration::from_millis(millis))
    }

    fn ramp(start: f64, stages: &[(f64, u64)]) -> Rate {
        let stage = |(target, millis): &(f64, u64)| Stage {
            target: *target,
            duration: Duration::from_millis(*millis),
        };
        Rate::ramp(start, &stages.iter().map(stage).collect::<Vec<_>>())
    }

    fn whole(rate: &Rate) -> Vec<Nanos> {
        Arrivals::share(rate.clone(), 0, 1).collect()
    }

    /// Area up to `at`, from the definition: the mean of both ends of each stage, up to there.
    fn area_until(start: f64, stages: &[(f64, u64)], at: f64) -> f64 {
        let (mut begin, mut from, mut area) = (0.0, start, 0.0);
        for (target, millis) in stages {
            let length = *millis as f64 / 1e3;
            let inside = (at - begin).clamp(0.0, length);
            if length > 0.0 {
                let reached = from + (target - from) * inside / length;
                area += f64::midpoint(from, reached) * inside;
            }
            (begin, from) = (begin + length, *target);
        }
        area
    }

    /// Up to five stages; jumps and silence are common.
    fn stages() -> impl Strategy<Value = (f64, Vec<(f64, u64)>)> {
        let rate = || prop_oneof![2 => 0.0f64..300.0, 1 => Just(0.0)];
        let length = prop_oneof![3 => 1u64..4_000, 1 => Just(0)];
        (rate(), prop::collection::vec((rate(), length), 1..6))
    }

    #[test]
    fn whole_areas_are_exact_and_a_started_arrival_counts() {
        for (per_second, millis, count) in
            [(5000.0, 8000, 40_000), (0.1, 30_000, 3), (1.0, 2500, 3), (0.0, 2500, 0)]
        {
            assert_eq!(whole(&constant(per_second, millis)).len(), count, "{per_second}/s");
        }
    }

    #[test]
    fn an_hour_does_not_drift() {
        let last = Arrivals::share(constant(3.0, 3_600_000), 0, 1).last();
        assert_eq!(last, Some(3_599_666_666_666));
    }

    /// The example of k6's documentation of the algorithm: 2/s for 5 s, then up to 3/s in 5 s.
    #[test]
    fn a_ramp_starts_arrivals_where_k6_does() {
        let times = whole(&ramp(2.0, &[(2.0, 5_000), (3.0, 5_000)]));
        assert_eq!(times.len(), 22);
        assert_eq!((times[0], times[9]), (500_000_000, 5_000_000_000));
        // 2y + y²/10 = 2.
        let twelfth = 5.0 + (120.0f64.sqrt() - 10.0);
        assert!((times[11] as f64 / 1e9 - twelfth).abs() < 2e-9, "{}", times[11]);
    }

    #[test]
    fn a_long_ramp_to_zero_is_exact_at_its_end() {
        // 1000/s to 0 in an hour: the area is 1,800,000, and the last one falls on the end.
        let times = whole(&ramp(1_000.0, &[(0.0, 3_600_000)]));
        assert_eq!(times.len(), 1_800_000);
        assert_eq!(times[1_799_999], 3_600_000_000_000);
        // One arrival before the end: y²/2 × 1000/3600 = 1.
        let before = 3_600.0 - 7.2f64.sqrt();
        assert!((times[1_799_998] as f64 / 1e9 - before).abs() < 1e-8, "{}", times[1_799_998]);
    }

    #[test]
    fn the_waits_of_chance_are_exponential_and_follow_the_seed() {
        let times = |seed| -> Vec<_> {
            Arrivals::spaced(constant(1_000.0, 20_000), Spacing::Poisson, Seed(seed), Turns::all())
                .collect()
        };
        assert_eq!(times(1), times(1));
        assert_ne!(times(1), times(2));
        let waits: Vec<f64> =
            times(1).windows(2).map(|pair| (pair[1] - pair[0]) as f64 / 1e6).collect();
        let count = waits.len() as f64;
        let longer = |than: f64| waits.iter().filter(|wait| **wait > than).count() as f64 / count;
        // Of 20,000 waits: the share that is longer than x is e^-x.
        for than in [0.1, 0.5, 1.0, 2.0, 4.0] {
            assert!((longer(than) - (-than).exp()).abs() < 0.015, "{than}: {}", longer(than));
        }
    }

    #[test]
    fn parts_of_a_run_are_the_whole_schedule_whatever_their_threads() {
        let rate = ramp(3.0, &[(40.0, 4_000), (40.0, 3_000), (0.0, 2_000)]);
        for spacing in [Spacing::Even, Spacing::Poisson, Spacing::Bursts(4)] {
            let of = |turns| Arrivals::spaced(rate.clone(), spacing, Seed(5), turns);
            let whole: Vec<_> = of(Turns::all()).collect();
            // Twelve users do not divide by what some of the parts have in threads.
            let mut times: Vec<_> = [2, 1, 3]
                .into_iter()
                .zip(1..)
                .flat_map(|(shards, number)| {
                    let run = RunPart { number, of: 3 };
                    (0..shards).map(move |shard| Part::of_run(run, (shard, shards), 4, 1))
                })
                .flat_map(|part| of(Turns::new(part, 12)))
                .collect();
            times.sort_unstable();
            assert_eq!(times, whole, "{spacing:?}");
        }
    }

    #[test]
    fn bursts_start_together_and_the_last_may_be_smaller() {
        // 4 every 300 ms; 10 of them.
        let rate = Rate::constant(4.0 / 0.3, Duration::from_secs_f64(9.5 * 0.3 / 4.0));
        for shards in [1, 3] {
            let mut times: Vec<_> = (0..shards)
                .flat_map(|index| {
                    let turns = Turns::new(Part::new(index, shards, 1), shards);
                    Arrivals::spaced(rate.clone(), Spacing::Bursts(4), Seed(0), turns)
                })
                .map(|time| (time + 500_000) / 1_000_000)
                .collect();
            times.sort_unstable();
            assert_eq!(times, [0, 0, 0, 0, 300, 300, 300, 300, 600, 600]);
        }
    }

    #[test]
    fn silence_holds_back_a_part_of_an_arrival() {
        // 2.5 arrivals, ten seconds of nothing, then 1/s.
        let times =
            whole(&ramp(1.0, &[(1.0, 2_500), (0.0, 0), (0.0, 10_000), (1.0, 0), (1.0, 2_000)]));
        let seconds: Vec<f64> = times.iter().map(|time| *time as f64 / 1e9).collect();
        assert_eq!(seconds, [1.0, 2.0, 13.0, 14.0]);
    }

    proptest! {
        #[test]
        fn times_never_go_back_and_stay_inside(
            per_second in 0.01f64..20_000.0,
            millis in 1u64..5_000,
        ) {
            let times = whole(&constant(per_second, millis));
            prop_assert!(times.is_sorted());
            prop_assert!(times.last().is_none_or(|last| *last <= millis * 1_000_000));
        }

        #[test]
        fn count_is_the_area(per_second in 0.01f64..20_000.0, millis in 1u64..5_000) {
            let area = per_second * millis as f64 / 1e3;
            let count = whole(&constant(per_second, millis)).len() as f64;
            prop_assert!(count >= area - 1e-6 && count < area + 1.0, "{count} for {area}");
        }

        #[test]
        fn a_ramps_arrivals_are_where_its_area_is_whole((start, stages) in stages()) {
            let times = whole(&ramp(start, &stages));
            let end: u64 = stages.iter().map(|(_, millis)| millis * 1_000_000).sum();
            let total = area_until(start, &stages, f64::INFINITY);
            prop_assert!(times.is_sorted());
            prop_assert!(times.last().is_none_or(|last| *last <= end));
            let count = times.len() as f64;
            prop_assert!(count <= total + 1e-6 && count > total - 1.0 - 1e-6, "{count} for {total}");
            for (index, time) in times.iter().enumerate() {
                // A nanosecond at 300/s is 3e-7 of an arrival.
                let area = area_until(start, &stages, *time as f64 / 1e9);
                prop_assert!((area - (index + 1) as f64).abs() < 1e-6, "{area} at {index}");
            }
        }

        #[test]
        fn shards_partition_the_whole((start, stages) in stages(), shards in 1u32..9) {
            for rate in [ramp(start, &stages), constant(start, 3_000)] {
                let mut parts: Vec<_> = (0..shards)
                    .flat_map(|index| Arrivals::share(rate.clone(), index, shards))
                    .collect();
                parts.sort_unstable();
                prop_assert_eq!(parts, whole(&rate));
            }
        }

        #[test]
        fn chance_is_shared_out_too(
            (start, stages) in stages(), seed in any::<u64>(),
            shards in 1u32..9, group in 1u32..5, users in 1u32..30,
        ) {
            let rate = ramp(start, &stages);
            let share = |turns| {
                Arrivals::spaced(rate.clone(), Spacing::Poisson, Seed(seed), turns)
            };
            let dealt = |place| Turns::new(Part::new(place, shards, group), users);
            let mut parts: Vec<_> = (0..shards).flat_map(|place| share(dealt(place))).collect();
            parts.sort_unstable();
            let whole: Vec<_> = share(Turns::all()).collect();
            prop_assert!(whole.is_sorted());
            prop_assert_eq!(&parts, &whole);
            // Six standard deviations: one in a billion.
            let area = rate.total();
            let off = (whole.len() as f64 - area).abs();
            prop_assert!(off <= 6.0 * area.sqrt() + 6.0, "{} for {area}", whole.len());
        }

        #[test]
        fn a_change_of_scale_neither_loses_nor_makes_arrivals(
            (start, stages) in stages(),
            changes in prop::collection::vec((0u64..8_000, 0.1f64..5.0), 1..5),
            shards in 1u32..5,
        ) {
            let rate = ramp(start, &stages);
            let mut changes: Vec<_> =
                changes.into_iter().map(|(at, scale)| (at * 1_000_000, scale)).collect();
            changes.sort_by_key(|(at, _)| *at);
            let run = |index, shards| {
                let mut arrivals = Arrivals::share(rate.clone(), index, shards);
                let mut times = Vec::new();
                for (at, scale) in &changes {
                    while arrivals.peek().is_some_and(|next| next < *at) {
                        times.extend(arrivals.next());
                    }
                    arrivals.rescale(*at, *scale);
                }
                times.extend(arrivals);
                times
            };
            let whole = run(0, 1);
            prop_assert!(whole.is_sorted());
            let mut parts: Vec<_> = (0..shards).flat_map(|index| run(index, shards)).collect();
            parts.sort_unstable();
            prop_assert_eq!(&parts, &whole);
            // The area under the rate that was really asked for.
            let (mut asked, mut from, mut scale) = (0.0, 0, 1.0);
            for (at, next) in changes.iter().copied().chain([(u64::MAX, 1.0)]) {
                asked += (rate.area_until(at) - rate.area_until(from)) * scale;
                (from, scale) = (at, next);
            }
            prop_assert!((whole.len() as f64 - asked).abs() <= 1.0 + 1e-6, "{} for {asked}", whole.len());
        }
    }
}
