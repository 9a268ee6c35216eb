//! One rate cap over everything that shares it.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::Mutex;

use super::clock::Clock;

/// Hands out slots on an absolute schedule, one interval apart: idle time is not saved up, so there
/// is no burst. Clones share the schedule.
#[derive(Debug, Clone)]
pub struct Pacer {
    clock: Clock,
    schedule: Option<Arc<Schedule>>,
}

#[derive(Debug)]
struct Schedule {
    interval_nanos: u64,
    /// The first instant that is not taken, in nanoseconds of the clock.
    next_free: AtomicU64,
    /// Held by the one task that waits for its slot; the others queue up behind it in order.
    turn: Mutex<()>,
}

impl Pacer {
    /// At most `max_per_second` slots a second; `None` is no cap, and a rate that is not positive
    /// lets only one through.
    pub fn new(max_per_second: Option<f64>, clock: Clock) -> Self {
        let schedule = max_per_second.map(|rate| {
            // Saturates: a cap so low that the interval overflows is one slot in 584 years.
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a positive number of nanoseconds, rounded up so that the cap holds"
            )]
            let interval_nanos = (1e9 / rate.max(f64::MIN_POSITIVE)).ceil() as u64;
            Arc::new(Schedule {
                interval_nanos: interval_nanos.max(1),
                next_free: AtomicU64::new(0),
                turn: Mutex::new(()),
            })
        });
        Self { clock, schedule }
    }

    /// Waits for the next slot. Waiters are served in the order in which they came.
    ///
    /// Cancel safe: whoever gives up wastes at most one slot, so the cap holds.
    pub async fn acquire(&self) {
        let Some(schedule) = &self.schedule else { return };
        // One sleeper at a time: if all slept for slots of their own, a stalled runtime would wake
        // them together, which is the burst that a cap is to prevent.
        let _turn = schedule.turn.lock().await;
        let now = self.clock.now();
        let wait = schedule.reserve(now).saturating_sub(now);
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
    }

    /// Takes the next slot and tells when it is, never before `now` (both by the clock this pacer
    /// was made with). For threads that wait by themselves; lock-free.
    pub fn next_slot(&self, now: Duration) -> Duration {
        self.schedule.as_ref().map_or(now, |schedule| schedule.reserve(now))
    }
}

impl Schedule {
    fn reserve(&self, now: Duration) -> Duration {
        let now = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
        let after = |free: u64| free.max(now).saturating_add(self.interval_nanos);
        // Only this one number is shared, so no order among several memory places is needed.
        let free = self
            .next_free
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |free| Some(after(free)))
            .unwrap_or_else(|free| free);
        Duration::from_nanos(free.max(now))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn slots_are_never_closer_than_the_cap_allows(
            rate in 0.5_f64..100_000.0, gaps in proptest::collection::vec(0_u64..50_000_000, 1..60),
        ) {
            let pacer = Pacer::new(Some(rate), Clock::start());
            let mut now = Duration::ZERO;
            let mut last = None;
            for gap in gaps {
                now += Duration::from_nanos(gap);
                let slot = pacer.clone().next_slot(now);
                prop_assert!(slot >= now);
                if let Some(last) = last {
                    let apart = slot.saturating_sub(last);
                    prop_assert!(apart.as_secs_f64() * rate >= 0.999_999, "{apart:?} apart");
                }
                last = Some(slot);
            }
        }
    }

    #[test]
    fn a_senseless_rate_is_no_way_around_the_cap() {
        for rate in [0.0, -1.0, f64::NAN, 1e-300] {
            let pacer = Pacer::new(Some(rate), Clock::start());
            assert_eq!(pacer.next_slot(Duration::ZERO), Duration::ZERO);
            assert!(pacer.next_slot(Duration::ZERO) > Duration::from_secs(1 << 32), "{rate}");
        }
    }

    #[test]
    fn steady_demand_gets_the_whole_rate_without_drift() {
        let pacer = Pacer::new(Some(300.0), Clock::start());
        let slots: Vec<_> = (0..=3000).map(|_| pacer.next_slot(Duration::ZERO)).collect();
        let last = slots[3000];
        assert!(last.abs_diff(Duration::from_secs(10)) < Duration::from_micros(10), "{last:?}");
    }

    #[test]
    fn threads_share_one_schedule() {
        let pacer = Pacer::new(Some(1000.0), Clock::start());
        let mut slots: Vec<_> = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..4)
                .map(|_| {
                    let take = || (0..250).map(|_| pacer.next_slot(Duration::ZERO)).collect();
                    scope.spawn(take)
                })
                .collect();
            let joined = workers.into_iter().map(|worker| worker.join().expect("no panic"));
            joined.collect::<Vec<Vec<_>>>().concat()
        });
        slots.sort_unstable();
        slots.dedup();
        assert_eq!(slots.len(), 1000);
        assert_eq!(slots.last(), Some(&Duration::from_millis(999)));
    }

    #[tokio::test]
    async fn waiters_are_served_in_order_and_no_cap_does_not_wait() {
        Pacer::new(None, Clock::start()).acquire().await;
        let clock = Clock::start();
        let pacer = Pacer::new(Some(200.0), clock);
        let start = clock.now();
        let (first, second, third) = tokio::join!(
            async { (pacer.acquire().await, clock.now()).1 },
            async { (pacer.acquire().await, clock.now()).1 },
            async { (pacer.acquire().await, clock.now()).1 },
        );
        assert!(first <= second && second <= third);
        // A cap is a lower bound of time: no load on the machine makes it shorter.
        assert!(third.saturating_sub(start) >= Duration::from_micros(9_990));
    }
}
