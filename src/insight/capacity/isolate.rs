//! What holds the target back at its capacity: the endpoints that take most of the time, each measured
//! alone, and the others without it.
//!
//! Whatever is left out is waited for as long as it usually takes, so everything that is still sent
//! comes at the same rate as before, in an open model and in a closed one. All of the mix is measured
//! first and last; a drift of the target stands in both.

use std::collections::BTreeMap;
use std::time::Duration;

use super::generator;
use crate::insight::rank::rank_score;
use crate::model::CapacityAim;
use crate::model::Digits;
use crate::model::Histogram;
use crate::model::LoadWindow;
use crate::model::Report;
use crate::model::SeriesId;
use crate::model::Suspect;
use crate::model::format_percent;

/// Whether a request can be sent without all others, and they without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Possible {
    /// It alone, with what it needs.
    pub alone: bool,
    /// The others, without what needs it.
    pub without: bool,
}

/// By the plan's names of its requests.
pub type Parts = BTreeMap<String, Possible>;

/// What is sent from now on.
#[derive(Debug, Clone, PartialEq)]
pub enum Sent {
    /// Everything.
    All,
    /// This request, and what it needs. Users wait for the others as long as stands here, by name.
    Alone(String, BTreeMap<String, Duration>),
    /// Everything but this request and what needs it; likewise.
    Without(String, BTreeMap<String, Duration>),
}

impl std::fmt::Display for Sent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::All => f.write_str("everything together"),
            Self::Alone(request, _) => write!(f, "{request} alone"),
            Self::Without(request, _) => write!(f, "everything but {request}"),
        }
    }
}

/// What comes next.
#[derive(Debug, PartialEq)]
pub(super) enum Progress {
    /// More seconds of the same.
    Same,
    /// A phase is over, and another begins.
    Next(Sent),
    /// There is nothing more to measure.
    Over,
}

/// Of a phase's time, what is left out at its beginning.
const TRANSITION: f64 = 0.25;

/// A phase is so many times as long as a level at least: near its limit a target's times vary much from
/// second to second.
const LONGER: f64 = 1.5;

/// Share of the time that makes a request a suspect, and requests of it in the first phase.
const NOTABLE: f64 = 0.02;
const ENOUGH: u64 = 40;

/// Times as long with the others as alone, or as without it, that counts.
const SLOWER: f64 = 1.2;

/// How surely: once in 44 by chance, and the size must be there too.
const SURELY: f64 = 2.0;

/// Answers are other ones if so many more of them fail, or their size differs by so much.
const FAILED: f64 = 0.05;
const LARGER: f64 = 1.3;

/// One phase.
#[derive(Debug)]
struct Phase {
    sent: Sent,
    windows: Vec<LoadWindow>,
}

/// Measures suspects.
#[derive(Debug)]
pub(super) struct Isolation {
    parts: Parts,
    most: usize,
    length: Duration,
    /// When the phase under way began to hold.
    since: Option<Duration>,
    phases: Vec<Phase>,
    /// What is still to be measured, the next one last.
    left: Vec<Sent>,
    /// Known from the first phase, by name.
    usual: BTreeMap<String, Usual>,
    suspects: Vec<String>,
}

/// What a request of the plan takes in the mix.
#[derive(Debug, Clone, Copy, Default)]
struct Usual {
    requests: u64,
    seconds: f64,
}

impl Usual {
    fn mean(&self) -> f64 {
        self.seconds / self.requests.max(1) as f64
    }
}

impl Isolation {
    /// Of the plan's requests, `most` of which are looked at.
    pub(super) fn new(parts: Parts, most: usize, aim: &CapacityAim) -> Self {
        Self {
            parts,
            most,
            length: aim.settle.0.mul_f64(LONGER),
            since: None,
            phases: vec![Phase { sent: Sent::All, windows: Vec::new() }],
            left: Vec::new(),
            usual: BTreeMap::new(),
            suspects: Vec::new(),
        }
    }

    /// Requests that are looked at, at most.
    pub(super) fn most(&self) -> usize {
        self.most
    }

    /// How long it takes for so many suspects.
    pub(super) fn takes(suspects: usize, aim: &CapacityAim) -> Duration {
        let phases = u32::try_from(2 + 2 * suspects).unwrap_or(u32::MAX);
        // Of each, the second in which it changed is of two.
        (aim.settle.0.mul_f64(LONGER) + Duration::from_secs(2)).saturating_mul(phases)
    }

    /// What was asked for last holds since a moment of the run.
    pub(super) fn changed(&mut self, at: Duration) {
        self.since = Some(at);
    }

    /// Adds a second.
    pub(super) fn add(&mut self, window: &LoadWindow, declared: &Report) -> Progress {
        let Some(since) = self.since.filter(|since| window.from >= *since) else {
            return Progress::Same;
        };
        let phase = self.phases.last_mut().expect("there is a first one");
        phase.windows.push(window.clone());
        if window.to.saturating_sub(since) < self.length {
            return Progress::Same;
        }
        if self.phases.len() == 1 {
            self.choose(declared);
        }
        match self.left.pop() {
            Some(sent) => {
                self.since = None;
                self.phases.push(Phase { sent: sent.clone(), windows: Vec::new() });
                Progress::Next(sent)
            }
            None => Progress::Over,
        }
    }

    /// Picks suspects by the mix, and what is to be measured of them.
    fn choose(&mut self, declared: &Report) {
        self.usual = usual(measured(&self.phases[0].windows), declared);
        let whole: f64 = self.usual.values().map(|usual| usual.seconds).sum();
        let mut candidates: Vec<(&String, &Usual)> = self
            .usual
            .iter()
            .filter(|(name, usual)| {
                usual.requests >= ENOUGH
                    && usual.seconds >= NOTABLE * whole
                    && self.parts.get(*name).is_some_and(|can| can.alone || can.without)
            })
            .collect();
        candidates.sort_by(|one, other| other.1.seconds.total_cmp(&one.1.seconds));
        self.suspects =
            candidates.iter().take(self.most).map(|(name, _)| (*name).clone()).collect();
        let waits: BTreeMap<String, Duration> = self
            .usual
            .iter()
            .map(|(name, usual)| (name.clone(), Duration::from_secs_f64(usual.mean())))
            .collect();
        for name in &self.suspects {
            let can = self.parts[name];
            let alone = can.alone.then(|| Sent::Alone(name.clone(), waits.clone()));
            let without = can.without.then(|| Sent::Without(name.clone(), waits.clone()));
            self.left.extend(alone.into_iter().chain(without));
        }
        if !self.left.is_empty() {
            self.left.push(Sent::All);
        }
        self.left.reverse();
    }

    /// What there is about each suspect, and why there is none.
    pub(super) fn finish(
        &self,
        aim: &CapacityAim,
        declared: &Report,
    ) -> (Vec<Suspect>, Option<String>) {
        if self.suspects.is_empty() {
            let none = "no request takes a share of the time that could be told from the rest";
            return (Vec::new(), Some(none.to_owned()));
        }
        let is_whole = self.left.is_empty()
            && self.phases.last().is_some_and(|phase| measured(&phase.windows).len() > 2);
        let mix: Vec<&LoadWindow> = self
            .phases
            .iter()
            .filter(|phase| phase.sent == Sent::All)
            .flat_map(|phase| measured(&phase.windows))
            .collect();
        let mix = Seconds { windows: mix, declared };
        let suspects = self.suspects.iter().filter_map(|name| self.judge(name, &mix, aim));
        let cut = "the phases with single requests were cut short".to_owned();
        (suspects.collect(), (!is_whole).then_some(cut))
    }

    fn judge(&self, name: &str, mix: &Seconds<'_>, aim: &CapacityAim) -> Option<Suspect> {
        let whole: f64 = self.usual.values().map(|usual| usual.seconds).sum();
        let own = self.usual[name];
        let first = measured(&self.phases[0].windows).len().max(1);
        let mut suspect = Suspect {
            request: name.to_owned(),
            rate: own.requests as f64 / first as f64,
            share: own.seconds / whole.max(1e-9),
            mix: mix.quantiles(name)?,
            alone: None,
            others: None,
            is_faster_alone: false,
            are_others_faster: false,
            unclear: None,
        };
        let seconds = |is: &dyn Fn(&Sent) -> bool| {
            let phase = self.phases.iter().find(|phase| is(&phase.sent))?;
            let windows: Vec<&LoadWindow> = measured(&phase.windows).iter().collect();
            (windows.len() > 2).then_some(Seconds { windows, declared: mix.declared })
        };
        let mut unclear = Vec::new();
        let alone = seconds(&|sent| matches!(sent, Sent::Alone(request, _) if request == name));
        if !self.parts[name].alone {
            unclear.push("it needs all others".to_owned());
        } else if let Some(alone) = alone {
            match alone.is_spoilt(name, mix, aim) {
                Some(why) => unclear.push(format!("alone: {why}")),
                None => compare_alone(name, mix, &alone, &mut suspect),
            }
        }
        let without = seconds(&|sent| matches!(sent, Sent::Without(request, _) if request == name));
        if !self.parts[name].without {
            unclear.push("nothing can be sent without it".to_owned());
        } else if let Some(without) = without {
            match without.limit(aim) {
                Some(why) => unclear.push(format!("without it: {why}")),
                None => self.without(name, mix, &without, &mut suspect),
            }
        }
        suspect.unclear = (!unclear.is_empty()).then(|| unclear.join("; "));
        Some(suspect)
    }

    fn without(&self, name: &str, mix: &Seconds<'_>, without: &Seconds<'_>, suspect: &mut Suspect) {
        // Endpoint by endpoint: what is left has another make-up than the mix.
        let left: Vec<&str> = without.names();
        let scale = |request: &str| {
            let counts = request != name && left.contains(&request);
            self.usual
                .get(request)
                .filter(|_| counts)
                .map_or(0.0, |usual| 1.0 / usual.mean().max(1e-6))
        };
        let (with, without) = (mix.means(scale), without.means(scale));
        let mean = |list: &[f64]| list.iter().sum::<f64>() / list.len().max(1) as f64;
        if with.is_empty() || without.is_empty() {
            return;
        }
        let others = mean(&without) / mean(&with).max(1e-9);
        suspect.others = Some(others);
        suspect.are_others_faster = others * SLOWER <= 1.0 && rank_score(&with, &without) >= SURELY;
    }
}

/// What a request takes alone, beside the mix.
fn compare_alone(name: &str, mix: &Seconds<'_>, alone: &Seconds<'_>, suspect: &mut Suspect) {
    suspect.alone = alone.quantiles(name);
    let Some([_, p95]) = suspect.alone else { return };
    let means = |seconds: &Seconds<'_>| seconds.means(|request| f64::from(request == name));
    suspect.is_faster_alone = suspect.mix[1].as_secs_f64() >= SLOWER * p95.as_secs_f64()
        && rank_score(&means(mix), &means(alone)) >= SURELY;
}

/// Seconds behind the transition.
fn measured(windows: &[LoadWindow]) -> &[LoadWindow] {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a part of a small length"
    )]
    let skipped = (windows.len() as f64 * TRANSITION).ceil() as usize;
    &windows[skipped.min(windows.len())..]
}

fn name_of(declared: &Report, series: SeriesId) -> &str {
    declared.endpoints.get(series.0 as usize).map_or("", |endpoint| &endpoint.meta.request)
}

fn usual(windows: &[LoadWindow], declared: &Report) -> BTreeMap<String, Usual> {
    let mut usual: BTreeMap<String, Usual> = BTreeMap::new();
    for series in windows.iter().flat_map(|window| &window.series) {
        let entry = usual.entry(name_of(declared, series.series).to_owned()).or_default();
        let mean = series.tally.duration.mean().unwrap_or_default().as_secs_f64();
        entry.requests += series.tally.duration.len();
        entry.seconds += mean * series.tally.duration.len() as f64;
    }
    usual
}

/// Some seconds of load.
struct Seconds<'a> {
    windows: Vec<&'a LoadWindow>,
    declared: &'a Report,
}

impl Seconds<'_> {
    fn series(&self, name: &str) -> impl Iterator<Item = &crate::model::SeriesWindow> {
        let all = self.windows.iter().flat_map(|window| &window.series);
        all.filter(move |series| name_of(self.declared, series.series) == name)
    }

    /// Requests that were sent.
    fn names(&self) -> Vec<&str> {
        let all = self.windows.iter().flat_map(|window| &window.series);
        let mut names: Vec<&str> = all.map(|one| name_of(self.declared, one.series)).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Median and p95 of a request's duration.
    fn quantiles(&self, name: &str) -> Option<[Duration; 2]> {
        let mut sum = Histogram::new(Digits::Two);
        self.series(name).for_each(|series| sum.merge(&series.tally.duration));
        Some([sum.quantile(0.5)?, sum.quantile(0.95)?])
    }

    /// Of each second, the mean duration of its responses, each times what `scale` says of its request;
    /// those that it scales by nothing do not count.
    fn means(&self, scale: impl Fn(&str) -> f64) -> Vec<f64> {
        let mean = |window: &&LoadWindow| {
            let mut seconds = 0.0;
            let mut requests = 0;
            for series in &window.series {
                let scale = scale(name_of(self.declared, series.series));
                let duration = &series.tally.duration;
                if scale > 0.0
                    && let Some(mean) = duration.mean()
                {
                    seconds += scale * mean.as_secs_f64() * duration.len() as f64;
                    requests += duration.len();
                }
            }
            (requests > 0).then(|| seconds / requests as f64)
        };
        self.windows.iter().filter_map(mean).collect()
    }

    /// Share of a request's sendings that failed, and bytes of a response.
    fn answers(&self, name: &str) -> (f64, f64) {
        let (requests, failed, bytes) =
            self.series(name).fold((0, 0, 0), |(requests, failed, bytes), series| {
                let tally = &series.tally;
                (requests + tally.requests, failed + tally.failed, bytes + tally.bytes_received)
            });
        let requests = requests.max(1) as f64;
        (failed as f64 / requests, bytes as f64 / requests)
    }

    fn limit(&self, aim: &CapacityAim) -> Option<String> {
        let windows: Vec<LoadWindow> =
            self.windows.iter().map(|window| (*window).clone()).collect();
        generator::limit(aim.model, &windows)
    }

    /// Why a request's times here are none of those in the mix.
    fn is_spoilt(&self, name: &str, mix: &Self, aim: &CapacityAim) -> Option<String> {
        let ((failed, bytes), (usual_failed, usual_bytes)) =
            (self.answers(name), mix.answers(name));
        if failed > usual_failed + FAILED {
            return Some(format!(
                "{} of its requests failed, so it needs others before it",
                format_percent(failed)
            ));
        }
        if bytes.max(usual_bytes) > LARGER * bytes.min(usual_bytes) {
            return Some("its answers were other ones, so it needs others before it".to_owned());
        }
        self.limit(aim)
    }
}
