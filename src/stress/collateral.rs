//! Whether a few requests make all others slow: one client's exports, a search that scans everything,
//! what cannot even be read.
//!
//! The run turns those requests off and on again while everything else goes on, in the order on, off, off,
//! on, so that what changes steadily (a cache that fills, a stage that rises) is on both sides. Each stretch
//! gives one p95 of all others; whether those with the burden are greater is judged by ranks, whether more
//! requests fail by the proportions.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::found::Finder;
use super::found::Found;
use crate::insight::rank_score;
use crate::insight::share_score;
use crate::model::Confidence;
use crate::model::Digits;
use crate::model::Finding;
use crate::model::Histogram;
use crate::model::LoadWindow;
use crate::model::Redactor;
use crate::model::Request;
use crate::model::RuleMeta;
use crate::model::SeriesId;
use crate::model::SeriesKind;
use crate::model::SeriesMeta;
use crate::model::SeriesWindow;
use crate::model::format_duration;
use crate::model::format_percent;
use crate::rules::Registry;

pub(super) const RULE: &str = "collateral";

/// Length of a stretch.
const STRETCH: Duration = Duration::from_secs(4);

/// Requests of a stretch, and stretches of each kind, from which on they are compared.
const REQUESTS: u64 = 50;
const STRETCHES: usize = 5;

/// How much slower, how many more failures, and how surely.
const SLOWER: f64 = 1.15;
const SLOWER_BY: f64 = 0.0005;
const MORE_FAIL: f64 = 0.005;
const SURELY_SLOWER: f64 = 2.5;
const SURELY_FAIL: f64 = 4.0;

/// Turns of the burden, and what they have shown.
pub struct Collateral {
    finder: Finder,
    /// The plan's names of the requests that are a burden, and the first of them as it is sent.
    names: Vec<String>,
    /// Those that go with it, because they need its answers: neither the burden nor the others.
    beside: Vec<String>,
    shown: Request,
    burden: BTreeSet<SeriesId>,
    others: BTreeSet<SeriesId>,
    /// Where the first stretch begins.
    start: Option<Duration>,
    /// Whether the burden is on, and since when.
    turned: (bool, Duration),
    stretches: Vec<Stretch>,
    /// Windows in which the burden was off and its answers came all the same.
    burdened: usize,
    /// How long the burden's requests take.
    usual: Histogram,
}

/// What was measured in a part of the load.
struct Stretch {
    is_on: bool,
    duration: Histogram,
    requests: u64,
    failed: u64,
    burden: u64,
}

/// What both kinds of stretches say.
struct Side {
    /// Of each stretch, in seconds.
    p95: Vec<f64>,
    /// Share of each that failed.
    failing: Vec<f64>,
    requests: u64,
    failed: u64,
    burden: u64,
}

impl Side {
    fn failed_share(&self) -> f64 {
        self.failed as f64 / self.requests.max(1) as f64
    }
}

/// What came of it.
pub enum Conclusion {
    /// The load was too short or too thin to say anything.
    TooLittle(String),
    /// The others are as they are without it.
    NoHarm(String),
    /// They are not.
    Harm(Box<Finding>),
}

impl Collateral {
    /// For the requests with these names, of which one is shown, and those that go with them.
    pub fn new(
        (names, beside): (Vec<String>, Vec<String>),
        shown: Request,
        registry: Arc<Registry>,
        redactor: Redactor,
        origin_alias: &str,
    ) -> Self {
        Self {
            finder: Finder::new(registry, redactor, origin_alias),
            names,
            beside,
            shown,
            burden: BTreeSet::new(),
            others: BTreeSet::new(),
            start: None,
            turned: (true, Duration::ZERO),
            stretches: Vec::new(),
            burdened: 0,
            usual: Histogram::new(Digits::Two),
        }
    }

    /// How long a request of the burden usually takes.
    pub fn usual(&self) -> Duration {
        self.usual.quantile(0.5).unwrap_or_default()
    }

    /// The rule.
    pub fn rule(&self) -> Option<RuleMeta> {
        self.finder.registry().meta(RULE).cloned()
    }

    /// The load's series.
    pub fn declared(&mut self, series: &[SeriesMeta]) {
        let of_http = series.iter().filter(|series| series.kind == SeriesKind::Http);
        let of_http = of_http.filter(|series| !self.beside.contains(&series.request));
        for series in of_http {
            let is_burden = self.names.contains(&series.request);
            let ids = if is_burden { &mut self.burden } else { &mut self.others };
            ids.insert(series.id);
        }
    }

    /// Takes a window in; whether the burden is to be turned on or off now.
    pub fn take(&mut self, window: &LoadWindow) -> Option<bool> {
        if window.warmup {
            return None;
        }
        let start = *self.start.get_or_insert(window.from);
        let (is_on, since) = self.turned;
        let place = |at: Duration| at.saturating_sub(start).as_nanos() / STRETCH.as_nanos();
        let index = usize::try_from(place(window.from)).unwrap_or(usize::MAX);
        let is_whole =
            place(window.to.saturating_sub(Duration::from_nanos(1))) == place(window.from);
        // What was sent before the burden was turned off is still on its way.
        let is_of_burden = |series: &SeriesWindow| self.burden.contains(&series.series);
        let mut of_burden = window.series.iter().filter(|series| is_of_burden(series));
        let is_burdened = of_burden.any(|series| series.tally.requests > 0);
        let is_of_stretch = is_on == is_on_at(index) && is_whole && window.from >= since;
        if is_of_stretch && !is_on && is_burdened {
            self.burdened += 1;
        } else if is_of_stretch {
            self.count(index, window);
        }
        let next = usize::try_from(place(window.to)).unwrap_or(usize::MAX);
        (is_on_at(next) != is_on).then(|| is_on_at(next))
    }

    /// The burden is on or off from then on.
    pub fn turned(&mut self, is_on: bool, at: Duration) {
        self.turned = (is_on, at);
    }

    fn count(&mut self, index: usize, window: &LoadWindow) {
        while self.stretches.len() <= index {
            self.stretches.push(Stretch::new(is_on_at(self.stretches.len())));
        }
        let stretch = &mut self.stretches[index];
        for series in &window.series {
            if self.burden.contains(&series.series) {
                stretch.burden += series.tally.requests;
                self.usual.merge(&series.tally.duration);
            } else if self.others.contains(&series.series) {
                stretch.requests += series.tally.requests;
                stretch.failed += series.tally.failed;
                stretch.duration.merge(&series.tally.duration);
            }
        }
    }

    /// What all stretches say.
    pub fn conclude(&self) -> Conclusion {
        let (on, off) = (self.side(true), self.side(false));
        let names = self.names.join(", ");
        if off.p95.len() < STRETCHES && self.burdened > off.p95.len() {
            return Conclusion::TooLittle(format!(
                "collateral of {names}: its answers come while it is turned off, so nothing can be said: \
                 what is sent may depend on it, or it takes longer than {}",
                format_duration(STRETCH)
            ));
        }
        if on.p95.len() < STRETCHES || off.p95.len() < STRETCHES {
            return Conclusion::TooLittle(format!(
                "collateral of {names}: {} and {} stretches with and without it could be measured, and {} \
                 of each are needed: {} of load, with {REQUESTS} other requests in each {}",
                on.p95.len(),
                off.p95.len(),
                STRETCHES,
                format_duration(STRETCH * 2 * u32::try_from(STRETCHES).unwrap_or(u32::MAX)),
                format_duration(STRETCH),
            ));
        }
        if on.burden == 0 {
            return Conclusion::TooLittle(format!("collateral of {names}: it was never sent"));
        }
        let (with, without) = (middle(&on.p95), middle(&off.p95));
        let is_slower = with >= SLOWER * without
            && with >= without + SLOWER_BY
            && rank_score(&on.p95, &off.p95) >= SURELY_SLOWER;
        let (failing, usual) = (on.failed_share(), off.failed_share());
        let counts = ((failing, on.requests as f64), (usual, off.requests as f64));
        let is_failing = failing >= usual + MORE_FAIL
            && share_score(counts.0, counts.1) >= SURELY_FAIL
            && rank_score(&on.failing, &off.failing) >= SURELY_SLOWER;
        let shown = |seconds: f64| format_duration(Duration::from_secs_f64(seconds));
        let share = on.burden as f64 / (on.burden + on.requests).max(1) as f64;
        let text = format!(
            "while {names} is {} of the requests, the p95 of all others is {}, without it {} ({:.1} times; \
             {} and {} stretches of {}, in turn); {} of them fail, without it {}",
            format_percent(share),
            shown(with),
            shown(without),
            with / without.max(1e-9),
            on.p95.len(),
            off.p95.len(),
            format_duration(STRETCH),
            format_percent(failing),
            format_percent(usual),
        );
        if !is_slower && !is_failing {
            return Conclusion::NoHarm(text);
        }
        let found = Found {
            rule: RULE,
            about: String::new(),
            confidence: Confidence::Confirmed,
            detail: text.clone(),
            evidence: Vec::new(),
            occurrences: 1,
        };
        match self.finder.finding_at(&self.shown, found) {
            Some(finding) => Conclusion::Harm(Box::new(finding)),
            None => Conclusion::NoHarm(text),
        }
    }

    fn side(&self, is_on: bool) -> Side {
        let mut side =
            Side { p95: Vec::new(), failing: Vec::new(), requests: 0, failed: 0, burden: 0 };
        let own = self.stretches.iter().filter(|stretch| stretch.is_on == is_on);
        for stretch in own.filter(|stretch| stretch.requests >= REQUESTS) {
            let Some(p95) = stretch.duration.quantile(0.95) else { continue };
            side.p95.push(p95.as_secs_f64());
            side.failing.push(stretch.failed as f64 / stretch.requests as f64);
            side.requests += stretch.requests;
            side.failed += stretch.failed;
            side.burden += stretch.burden;
        }
        side
    }
}

impl Stretch {
    fn new(is_on: bool) -> Self {
        Self { is_on, duration: Histogram::new(Digits::Two), requests: 0, failed: 0, burden: 0 }
    }
}

/// On, off, off, on.
fn is_on_at(stretch: usize) -> bool {
    matches!(stretch % 4, 0 | 3)
}

/// The median; there is one.
fn middle(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}
