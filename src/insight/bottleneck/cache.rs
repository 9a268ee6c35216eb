//! Answers that are made although a cache might have them.

use super::claim::Claim;
use super::claim::shown;
use super::rows::Row;
use super::rows::Rows;
use super::rows::median;
use crate::model::BottleneckCause;
use crate::model::CacheState;
use crate::model::Certainty;
use crate::model::Storing;
use crate::model::format_percent;

/// A hit ratio that a cache which works has.
const GOOD: f64 = 0.95;

/// Hits, and answers that were made, from which on they are compared.
const ENOUGH: usize = 8;

/// By how much an answer that is made is slower than a hit, at least.
const SLOWER: f64 = 1.5;

/// Whether the answer says that a cache may keep it; a cookie beside that is an oversight more often
/// than not.
fn is_cacheable(row: &Row<'_>) -> bool {
    matches!(row.request.signals.storing, Storing::May | Storing::SetsCookie)
}

/// Share of the answers that were made from which on a reason is worth a word.
const NOTABLE: f64 = 0.2;

/// Why what might come from a cache is made, as far as it can be told.
fn reasons(rows: &Rows<'_>, endpoint: usize, was_hit: bool) -> Vec<String> {
    let made = || {
        let own = rows.of_endpoint(endpoint).iter();
        own.filter(|row| row.request.signals.cache.is_some_and(|state| !state.is_served()))
    };
    let whole: f64 = made().map(|row| row.weight).sum();
    let share = |is: &dyn Fn(&Row<'_>) -> bool| {
        made().filter(|row| is(row)).map(|row| row.weight).sum::<f64>() / whole.max(1e-9)
    };
    let state = |state| share(&|row: &Row<'_>| row.request.signals.cache == Some(state));
    let storing = |storing| share(&|row: &Row<'_>| row.request.signals.storing == storing);
    let template = &rows.endpoints[endpoint].meta.path_template;
    let misses = state(CacheState::Miss);
    let known = [
        (
            state(CacheState::Bypass),
            "the cache was told not to look (BYPASS): a rule, a cookie or a header of the request",
        ),
        (
            state(CacheState::Dynamic),
            "the cache does not keep such answers at all (DYNAMIC): a rule of its own, by path or type",
        ),
        (
            if template.contains('{') { misses } else { 0.0 },
            "its addresses differ, and each is an entry of its own",
        ),
        (
            if was_hit && !template.contains('{') { misses } else { 0.0 },
            "entries are there at times: they live too short, are evicted, or the key has more in it \
             than the address",
        ),
        (
            if was_hit || template.contains('{') { 0.0 } else { misses },
            "the cache looked and never had it: nothing is stored, or the key differs each time",
        ),
    ];
    let against = Storing::ALL.into_iter().filter(|one| *one != Storing::May);
    let against = against.map(|one| (storing(one), one.reason()));
    let told = known.into_iter().chain(against).filter(|(share, _)| *share >= NOTABLE);
    told.map(|(share, why)| format!("{} of those made: {why}", format_percent(share))).collect()
}

/// Each endpoint that a cache could serve and does not.
pub(super) fn look<'a>(rows: &Rows<'a>) -> Vec<Claim<'a>> {
    rows.known().filter_map(|endpoint| at(rows, endpoint)).collect()
}

fn at<'a>(rows: &Rows<'a>, endpoint: usize) -> Option<Claim<'a>> {
    let own = rows.of_endpoint(endpoint);
    let is_served = |row: &&Row<'a>| row.request.signals.cache.is_some_and(CacheState::is_served);
    let is_made = |row: &&Row<'a>| row.request.signals.cache.is_some() && !is_served(row);
    let weight = |rows: &mut dyn Iterator<Item = &Row<'a>>| rows.map(|row| row.weight).sum::<f64>();
    let (served, made) = (|| own.iter().filter(is_served), || own.iter().filter(is_made));
    let (hits, misses) = (weight(&mut served()), weight(&mut made()));
    let ratio = hits / (hits + misses).max(1e-9);
    if made().count() < ENOUGH || ratio >= GOOD {
        return None;
    }
    let slow = median(made(), Row::wait)?;
    let (quick, certainty) = if served().count() >= ENOUGH {
        (median(served(), Row::wait)?, Certainty::High)
    } else {
        // Never seen to come from the cache: what the server took is what it would not take.
        (slow - median(made(), |row| row.server)?, Certainty::Medium)
    };
    let may = made().filter(|row| is_cacheable(row));
    let may = weight(&mut may.into_iter());
    // Who says that it must not be kept has a reason; who says nothing may have forgotten it.
    if slow < SLOWER * quick.max(1e-6) || may < misses / 2.0 {
        return None;
    }
    // A cache that works has some misses left.
    let mut left = (1.0 - GOOD) * (hits + misses);
    let without = rows.changed(std::iter::once(endpoint), |row| {
        if !is_made(&&*row) {
            return;
        }
        if left > 0.0 {
            left -= row.weight;
        } else {
            // A hit takes as long as hits do, however long it would have taken to make it.
            row.shorten_wait((row.wait() - quick).max(0.0));
        }
    });
    Some(Claim {
        cause: BottleneckCause::Cache,
        endpoint: Some(endpoint),
        backend: None,
        certainty,
        numbers: [
            format!(
                "{} of the answers came from a cache; those that were made took {}, and {} from a \
                 cache (median wait)",
                format_percent(ratio),
                shown(slow),
                shown(quick),
            ),
            format!("{} of them may be kept by a shared cache", format_percent(may / misses)),
        ]
        .into_iter()
        .chain(reasons(rows, endpoint, hits > 0.0))
        .collect(),
        advice:
            "Look at why the cache passes: its key (query, cookies, Vary), its rules, its size, \
                 and how long entries live."
                .to_owned(),
        without,
    })
}
