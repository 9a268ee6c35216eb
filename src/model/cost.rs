//! What the target costs to run, and what that makes of a million requests.

use super::capacity::Level;
use super::load::Tally;
use super::sampled::SampledRequest;
use super::signals::{CacheState, Storing};

/// Bytes of a gigabyte, as networks are billed.
const GB: f64 = 1e9;

/// Mebibytes of a gigabyte, as functions are billed.
const MIB_PER_GB: f64 = 1024.0;

/// What the target costs, as the plan says.
#[derive(Debug, Clone, PartialEq)]
pub struct Cost {
    /// Machines or containers that serve it.
    pub instances: u32,
    /// Price of one for an hour, in `currency`; 0 where nothing is paid by the hour.
    pub price_per_hour: f64,
    /// ISO 4217 code, `USD`.
    pub currency: String,
    /// What functions cost that are paid by use.
    pub serverless: Option<Serverless>,
    /// What bytes cost that leave for clients.
    pub egress: Option<Egress>,
}

/// Functions that are paid by request and by time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Serverless {
    /// Price of a million requests.
    pub per_million_requests: f64,
    /// Price of one gigabyte of memory for a second.
    pub per_gb_second: f64,
    /// Memory of a function, MiB.
    pub memory_mib: f64,
}

/// Traffic to clients, through a CDN.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Egress {
    /// Price of a gigabyte (10⁹ bytes) from the CDN to clients.
    pub per_gb: f64,
    /// Price of a gigabyte from the origin to the CDN: of what the cache does not have.
    pub origin_per_gb: f64,
    /// Share that the cache has, 0–1; `None` takes what was measured.
    pub hit_ratio: Option<f64>,
}

/// What was measured, as far as it costs something.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Used {
    /// Requests per second that did not fail.
    pub per_second: f64,
    /// Mean time of a response, seconds.
    pub seconds: f64,
    /// Bytes of a response.
    pub bytes: f64,
    /// Share that a cache answered, 0–1, where headers tell.
    pub hit_ratio: Option<f64>,
}

impl Used {
    /// What all requests of a load used over so many seconds.
    pub fn of(total: &Tally, elapsed: f64) -> Option<Self> {
        let answered = total.requests.saturating_sub(total.failed);
        (answered > 0 && elapsed > 0.0).then(|| Self {
            per_second: answered as f64 / elapsed,
            seconds: total.duration.mean().unwrap_or_default().as_secs_f64(),
            // What failed is paid for and no request served.
            bytes: total.bytes_received as f64 / answered as f64,
            hit_ratio: hit_ratio(total),
        })
    }

    /// The same of a level of a search for the capacity; a cache is seen by the run as a whole.
    pub fn of_level(level: &Level, hit_ratio: Option<f64>) -> Option<Self> {
        let seconds = level.mean?.as_secs_f64();
        (level.throughput > 0.0).then_some(Self {
            per_second: level.throughput,
            seconds,
            bytes: level.bytes_per_request,
            hit_ratio,
        })
    }
}

/// The share of hits that a cache which works well has: what it would save is told.
pub const GOOD_HIT_RATIO: f64 = 0.95;

/// Headers in which caches say whether they had the answer: RFC 9211 and those before it.
const CACHE_HEADERS: [&str; 6] =
    ["cache-status", "cf-cache-status", "x-cache", "x-cache-status", "x-vercel-cache", "cdn-cache"];

/// The share of responses that a cache had, where such a header is observed.
pub fn hit_ratio(total: &Tally) -> Option<f64> {
    let header = CACHE_HEADERS.into_iter().find(|header| {
        total.observed.iter().any(|observed| observed.header.eq_ignore_ascii_case(header))
    });
    let Some(header) = header else { return drawn_hit_ratio(total) };
    let mut of_it = (0, 0);
    for observed in total.observed.iter().filter(|one| one.header.eq_ignore_ascii_case(header)) {
        let value = observed.value.to_ascii_lowercase();
        // `MISS, HIT` is a hit of the cache that is nearer.
        let words = value.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
        let is_hit = words.into_iter().any(|word| word == "hit");
        of_it.0 += if is_hit { observed.count } else { 0 };
        of_it.1 += observed.count;
    }
    // A response without the header passed no cache.
    let all = total.responses().max(of_it.1);
    (all > 0).then(|| of_it.0 as f64 / all as f64)
}

/// The same by what the heads of single responses said.
fn drawn_hit_ratio(total: &Tally) -> Option<f64> {
    let has_cache = total.sampled.iter().any(|one| one.signals.cache.is_some());
    let is_hit = |one: &SampledRequest| one.signals.cache.is_some_and(CacheState::is_served);
    has_cache.then(|| drawn_share(total, is_hit))
}

/// The share of responses that say that a shared cache may keep them, by those that were drawn; `None`
/// where none were.
pub fn cacheable_share(total: &Tally) -> Option<f64> {
    let may = |one: &SampledRequest| one.signals.storing == Storing::May;
    (!total.sampled.is_empty()).then(|| drawn_share(total, may))
}

fn drawn_share(total: &Tally, is: impl Fn(&SampledRequest) -> bool) -> f64 {
    let weight = |sum: f64, one: &SampledRequest| sum + one.weight;
    let whole = total.sampled.iter().fold(0.0, weight);
    total.sampled.iter().filter(|one| is(one)).fold(0.0, weight) / whole.max(1e-9)
}

impl Cost {
    /// Of all instances, for an hour.
    pub fn per_hour(&self) -> f64 {
        f64::from(self.instances) * self.price_per_hour
    }

    /// Of a million requests, part by part in the order of the plan.
    ///
    /// The time of a response stands for the time that a function runs: it has the network in it, so
    /// that part is an upper bound.
    pub fn parts(&self, used: &Used) -> Vec<(&'static str, f64)> {
        let mut parts = Vec::new();
        if self.price_per_hour > 0.0 {
            parts.push(("instances", self.per_hour() / (used.per_second * 3600.0) * 1e6));
        }
        if let Some(function) = &self.serverless {
            let gb_seconds = function.memory_mib / MIB_PER_GB * used.seconds * 1e6;
            parts.push(("requests", function.per_million_requests));
            parts.push(("compute", gb_seconds * function.per_gb_second));
        }
        if let Some(egress) = &self.egress {
            let gigabytes = used.bytes * 1e6 / GB;
            let missed = 1.0 - egress.hit_ratio.or(used.hit_ratio).unwrap_or(0.0);
            parts.push(("egress", gigabytes * (egress.per_gb + missed * egress.origin_per_gb)));
        }
        parts
    }

    /// Of a million requests.
    pub fn per_million(&self, used: &Used) -> f64 {
        self.parts(used).iter().map(|(_, amount)| amount).sum()
    }

    /// How much less a million requests would cost if a cache answered that share of them; `None` where
    /// it does already. Extrapolated: as if a hit cost the origin nothing, and as if what serves the
    /// rest could be as much smaller.
    pub fn saved_by_cache(&self, used: &Used, hit_ratio: f64) -> Option<f64> {
        let has = self.egress.and_then(|egress| egress.hit_ratio).or(used.hit_ratio).unwrap_or(0.0);
        if has >= hit_ratio {
            return None;
        }
        let left = (1.0 - hit_ratio) / (1.0 - has);
        let origin: f64 = self
            .parts(used)
            .iter()
            .filter(|(name, _)| *name != "egress")
            .map(|(_, amount)| amount * (1.0 - left))
            .sum();
        let traffic = self
            .egress
            .map_or(0.0, |egress| used.bytes * 1e6 / GB * (hit_ratio - has) * egress.origin_per_gb);
        Some(origin + traffic)
    }

    /// An amount with its currency: `0.68 USD`; small ones with as many places as they need.
    pub fn amount(&self, amount: f64) -> String {
        let places = if amount >= 0.1 || amount == 0.0 { 2 } else { 4 };
        format!("{amount:.places$} {}", self.currency)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::{Digits, Histogram, Observed};

    fn cost() -> Cost {
        Cost {
            instances: 4,
            price_per_hour: 0.18,
            currency: "USD".to_owned(),
            serverless: None,
            egress: None,
        }
    }

    fn total(answered: u64) -> Tally {
        let mut total = Tally::new(Digits::Three);
        (total.requests, total.bytes_received) = (answered, 20_000 * answered);
        total.statuses.insert(200, answered);
        total.duration.record(Duration::from_millis(200));
        total
    }

    #[test]
    fn a_million_requests_cost_what_their_time_does() {
        let cost = cost();
        assert!((cost.per_hour() - 0.72).abs() < 1e-9);
        // 200/s are 720,000 an hour.
        let used = Used::of(&total(2_000), 10.0).expect("answered");
        assert!((cost.per_million(&used) - 1.0).abs() < 1e-9);
        assert_eq!(Used::of(&total(0), 10.0), None);
        assert_eq!(Used::of(&total(5), 0.0), None);
        assert_eq!(cost.amount(0.72), "0.72 USD");
        assert_eq!(cost.amount(0.00123), "0.0012 USD");
    }

    #[test]
    fn functions_are_paid_by_request_and_by_time() {
        let function =
            Serverless { per_million_requests: 0.2, per_gb_second: 0.00001, memory_mib: 512.0 };
        let cost = Cost { price_per_hour: 0.0, serverless: Some(function), ..cost() };
        let used = Used::of(&total(100), 10.0).expect("answered");
        // Half a gigabyte for 200 ms, a million times: 100,000 GB-s.
        let parts = cost.parts(&used);
        assert_eq!(parts[0], ("requests", 0.2));
        assert!(parts[1].0 == "compute" && (parts[1].1 - 1.0).abs() < 1e-3, "{parts:?}");
    }

    #[test]
    fn what_the_cache_has_does_not_leave_the_origin() {
        let egress = Egress { per_gb: 0.1, origin_per_gb: 0.05, hit_ratio: None };
        let cost = Cost { price_per_hour: 0.0, egress: Some(egress), ..cost() };
        let mut total = total(1_000);
        let observed = |value: &str, count| Observed {
            header: "X-Cache".to_owned(),
            value: value.to_owned(),
            count,
            duration: Histogram::new(Digits::Two),
        };
        total.observed = vec![
            observed("Hit from cloudfront", 500),
            observed("MISS, HIT", 250),
            observed("MISS", 250),
        ];
        let used = Used::of(&total, 10.0).expect("answered");
        assert_eq!(used.hit_ratio, Some(0.75));
        // 20 GB leave the CDN, a quarter of them the origin too.
        assert!((cost.per_million(&used) - (2.0 + 0.25)).abs() < 1e-9);
        total.observed.clear();
        let unknown = Used::of(&total, 10.0).expect("answered");
        assert!((cost.per_million(&unknown) - 3.0).abs() < 1e-9, "nothing is known to be a hit");
        // Of 20 GB, a fifth less leaves the origin: from 75 % to 95 %.
        let saved = cost.saved_by_cache(&used, GOOD_HIT_RATIO).expect("more could be had");
        assert!((saved - 20.0 * 0.2 * 0.05).abs() < 1e-9, "{saved}");
        let said = Egress { hit_ratio: Some(1.0), ..egress };
        let cost = Cost { egress: Some(said), ..cost };
        assert!((cost.per_million(&used) - 2.0).abs() < 1e-9, "what the plan says counts");
        assert_eq!(cost.saved_by_cache(&used, GOOD_HIT_RATIO), None, "there is no more to be had");
    }

    #[test]
    fn a_cache_saves_what_the_origin_need_not_make() {
        let cost = cost();
        let used = Used::of(&total(2_000), 10.0).expect("answered");
        // A million cost 1.00, nothing comes from a cache: a twentieth would still be made.
        let saved = cost.saved_by_cache(&used, GOOD_HIT_RATIO).expect("all could be had");
        assert!((saved - 0.95).abs() < 1e-9, "{saved}");
        // Four in five do: of the fifth that is made, a quarter would be.
        let some = Used { hit_ratio: Some(0.8), ..used };
        let saved = cost.saved_by_cache(&some, GOOD_HIT_RATIO).expect("more could be had");
        assert!((saved - 0.75).abs() < 1e-9, "{saved}");
    }
}
