//! Which exchanges are kept of those that were seen: what is left of two lists is what would be left
//! of both together.

use std::cmp::Reverse;

use super::load::Exemplar;

/// The slowest, and as many of the first errors.
const KEPT: usize = 5;

/// The slowest of those whose trace is known: seldom are they among the slowest of all.
const TRACED_KEPT: usize = 10;

/// The first errors whose trace is known.
const TRACED_ERRORS_KEPT: usize = 50;

/// Those worth keeping: answers, the slowest first, and then failures in the order of time.
pub(super) fn worth_keeping(all: Vec<Exemplar>) -> Vec<Exemplar> {
    let (mut failures, mut answers): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|exemplar| exemplar.failure.is_some());
    // Those that failed, though answered, are told in the order of time.
    answers.sort_by_key(|exemplar| exemplar.at);
    let mut errors = Quota(TRACED_ERRORS_KEPT);
    let is_told: Vec<bool> =
        answers.iter().map(|it| is_traced_error(it) && errors.take()).collect();
    let mut answers: Vec<_> = answers.into_iter().zip(is_told).collect();
    answers.sort_by_key(|(exemplar, _)| Reverse(exemplar.latency));
    let (mut slow, mut traced) = (Quota(KEPT), Quota(TRACED_KEPT));
    answers.retain(|(exemplar, is_told)| {
        let is_slow = slow.take();
        let is_slow_traced = exemplar.trace_id.is_some() && traced.take();
        is_slow || is_slow_traced || *is_told
    });
    failures.sort_by_key(|exemplar| exemplar.at);
    // A class that comes late is told too, however many failures of others came before.
    let mut classes = Vec::new();
    let (mut first, mut traced) = (Quota(KEPT), Quota(TRACED_ERRORS_KEPT));
    failures.retain(|exemplar| {
        let class = exemplar.failure.as_ref().map(|(class, _)| *class);
        let is_first = !classes.contains(&class);
        classes.extend(is_first.then_some(class));
        let is_among_first = first.take();
        let is_traced = is_traced_error(exemplar) && traced.take();
        is_first || is_among_first || is_traced
    });
    answers.into_iter().map(|(exemplar, _)| exemplar).chain(failures).collect()
}

fn is_traced_error(exemplar: &Exemplar) -> bool {
    exemplar.failed && exemplar.trace_id.is_some()
}

/// So many more.
struct Quota(usize);

impl Quota {
    fn take(&mut self) -> bool {
        let is_left = self.0 > 0;
        self.0 = self.0.saturating_sub(1);
        is_left
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::model::FailureClass;

    fn exemplars() -> impl Strategy<Value = Vec<Exemplar>> {
        let one = (0..3u8, any::<bool>(), 0..1_000_000u64);
        proptest::collection::vec(one, 0..200).prop_map(|kinds| {
            let made = kinds.into_iter().enumerate().map(|(place, (kind, is_traced, latency))| {
                let failure = (kind == 2).then(|| (FailureClass::Reset, String::new()));
                // No two are alike, so that there is one order.
                let at = place as u64;
                Exemplar {
                    at: Duration::from_nanos(at),
                    latency: Duration::from_nanos(latency * 1_000 + at),
                    phases: [Duration::ZERO; 7],
                    status: (kind < 2).then_some(200),
                    failed: kind > 0,
                    failure,
                    trace_id: is_traced.then(|| format!("{place:032x}")),
                    span_id: None,
                }
            });
            made.collect()
        })
    }

    proptest! {
        #[test]
        fn the_order_of_merging_does_not_matter(all in exemplars(), cut in 0..200usize) {
            let whole = worth_keeping(all.clone());
            let (one, other) = all.split_at(cut.min(all.len()));
            let parts = [worth_keeping(other.to_vec()), worth_keeping(one.to_vec())].concat();
            prop_assert_eq!(worth_keeping(parts), whole);
        }

        #[test]
        fn no_traced_error_is_lost_for_those_without_a_trace(all in exemplars()) {
            let count = |of: &[Exemplar], has: fn(&Exemplar) -> bool| {
                of.iter().filter(|exemplar| has(exemplar)).count()
            };
            let kept = worth_keeping(all.clone());
            for (has, most) in [
                (is_traced_error as fn(&Exemplar) -> bool, TRACED_ERRORS_KEPT),
                (|it| it.failure.is_none() && it.trace_id.is_some(), TRACED_KEPT),
                (|it| it.failure.is_none(), KEPT),
            ] {
                prop_assert!(count(&kept, has) >= count(&all, has).min(most));
            }
            prop_assert!(kept.len() <= 2 * KEPT + TRACED_KEPT + 2 * TRACED_ERRORS_KEPT + 1);
        }
    }
}
