//! How much the target can take: what was asked of a search for it, what each level came to, and
//! what follows.
//!
//! A *level* is a stretch of load at one rate or number of users, held until its figures no longer
//! drift. The *answer* is the highest level that meets the service level objective (SLO).

use std::time::Duration;

use super::suspect::Suspect;
use super::threshold::Criterion;
use super::units::{format_number, plural};

/// Between the answer and the lowest level that fails, at most: the answer is within 5 % of the limit
/// with room for what two measurements of one level differ by.
pub const PRECISION: f64 = 1.04;

/// What is raised from level to level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CapacityModel {
    /// Arrivals per second, whatever the target does: an open model.
    Rate,
    /// Users who wait for their answers: a closed model.
    Users,
}

impl CapacityModel {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Rate, Self::Users];

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rate => "rate",
            Self::Users => "users",
        }
    }

    /// The model of a stable name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|model| model.as_str() == name)
    }

    /// So much of it, for people: `410/s`, `12 users`.
    pub fn amount(self, asked: f64) -> String {
        match self {
            Self::Rate => format!("{}/s", format_number((asked * 100.0).round() / 100.0)),
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "users are whole, far below 2^53"
            )]
            Self::Users => plural(asked.round() as u64, "user", "users"),
        }
    }
}

/// What a search for the capacity is to find, and how far it may go.
#[derive(Debug, Clone, PartialEq)]
pub struct CapacityAim {
    /// What is raised.
    pub model: CapacityModel,
    /// What must hold of a level. Never empty.
    pub slo: Vec<Criterion>,
    /// The first level: iterations per second, or users.
    pub start: f64,
    /// The highest level.
    pub max: f64,
    /// A level is held at least and at most this long.
    pub settle: (Duration, Duration),
    /// For the whole search.
    pub max_time: Duration,
    /// Users of an open model at most; `None` is what the objective asks for at the highest level.
    pub max_vus: Option<u32>,
    /// Share of the answer that is kept free in operation, 0–1.
    pub reserve: f64,
    /// The answer that is asked for; less fails the run.
    pub at_least: Option<f64>,
    /// The rate or the number of users for which instances are counted.
    pub wanted: Option<f64>,
    /// Requests that are measured alone at most, and the others without them, behind the search.
    pub suspects: u32,
}

/// Whether a level's figures had come to rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Steadiness {
    /// Its blocks of time no longer differed by more than chance, and agreed within a few per cent.
    Steady,
    /// They still differed up and down when its time was over.
    Noisy,
    /// Latency was still rising when its time was over: more arrives than is served.
    Rising,
    /// It failed so clearly that it was ended early.
    Abandoned,
    /// The run ended before it did.
    Unfinished,
}

impl Steadiness {
    /// Every state.
    pub const ALL: [Self; 5] =
        [Self::Steady, Self::Noisy, Self::Rising, Self::Abandoned, Self::Unfinished];

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Steady => "steady",
            Self::Noisy => "noisy",
            Self::Rising => "rising",
            Self::Abandoned => "abandoned",
            Self::Unfinished => "unfinished",
        }
    }

    /// The state of a stable name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }
}

/// What came of one level.
#[derive(Debug, Clone, PartialEq)]
pub struct Level {
    /// Iterations per second, or users.
    pub asked: f64,
    /// Where its figures begin, since the run's start: the transition to it is left out.
    pub from: Duration,
    /// Where they end.
    pub to: Duration,
    /// Requests answered per second, failed ones left out.
    pub throughput: f64,
    /// Requests under way on average: users, or by Little's law rate times mean duration.
    pub concurrency: f64,
    /// `http_req_latency`: median, p95, p99, maximum; `None` where nothing was answered.
    pub latency: Option<[Duration; 4]>,
    /// Mean `http_req_duration`.
    pub mean: Option<Duration>,
    /// Share of requests that failed, 0–1.
    pub failed: f64,
    /// Share of arrivals that found no free user, 0–1: so much of the rate was not delivered.
    pub dropped: f64,
    /// Bytes of responses per request, for what traffic costs.
    pub bytes_per_request: f64,
    /// Whether the figures had come to rest.
    pub steadiness: Steadiness,
    /// What did not hold, a sentence each with the figure that decided; empty is met.
    pub broken: Vec<String>,
    /// Why the level says nothing about the target: the generator was at its own limit.
    pub generator: Option<String>,
}

impl Level {
    /// How long its figures were taken.
    pub fn length(&self) -> Duration {
        self.to.saturating_sub(self.from)
    }

    /// Whether it says something about the target.
    pub fn counts(&self) -> bool {
        self.generator.is_none() && self.steadiness != Steadiness::Unfinished
    }

    /// Whether everything that was asked for held; what does not count meets nothing.
    pub fn meets(&self) -> bool {
        self.counts() && self.broken.is_empty()
    }
}

/// How a search ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SearchEnd {
    /// The answer and the lowest level that fails are close enough, and both were measured again.
    Found,
    /// The highest level allowed meets the objective: the limit is above it.
    MaxReached,
    /// The lowest level that makes sense fails.
    NoneMet,
    /// Above the answer the generator was at its limit, not the target.
    Generator,
    /// Something ended the search before: why.
    CutShort(String),
}

impl SearchEnd {
    /// The stable name.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::MaxReached => "max-reached",
            Self::NoneMet => "none-met",
            Self::Generator => "generator",
            Self::CutShort(_) => "cut-short",
        }
    }

    /// The end of a stable name, with the reason of one that was cut short.
    pub fn parse(name: &str, why: Option<&str>) -> Option<Self> {
        let all = [Self::Found, Self::MaxReached, Self::NoneMet, Self::Generator];
        let cut = Self::CutShort(why.unwrap_or_default().to_owned());
        all.into_iter().chain([cut]).find(|end| end.as_str() == name)
    }
}

/// Where more load costs more time than it brings throughput: the level at which throughput divided
/// by mean duration is greatest. L. Kleinrock, "Power and deterministic rules of thumb for
/// probabilistic problems in computer communications", ICC (1979).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Knee {
    /// The level.
    pub asked: f64,
    /// Its requests per second.
    pub throughput: f64,
    /// Its mean duration.
    pub mean: Duration,
}

/// An estimate and where it lies with 95 % confidence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The most likely value.
    pub value: f64,
    /// The interval's lower end.
    pub low: f64,
    /// The interval's upper end.
    pub high: f64,
}

impl Estimate {
    /// Whether the interval has it.
    pub fn includes(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }
}

/// The universal scalability law: `X(N) = λN / (1 + σ(N−1) + κN(N−1))` is the throughput at
/// concurrency `N`. N. Gunther, "Guerrilla Capacity Planning", Springer (2007), and
/// <https://arxiv.org/abs/0808.1431>.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct UslFit {
    /// λ: requests per second of one request at a time.
    pub lambda: Estimate,
    /// σ: the share that is done one after the other (contention), 0–1.
    pub sigma: Estimate,
    /// κ: what agreeing with each other costs (coherency).
    pub kappa: Estimate,
    /// R² of the throughputs.
    pub r_squared: f64,
    /// Levels that it rests on.
    pub levels: usize,
    /// Least and greatest concurrency that was measured; everything outside is extrapolated.
    pub measured: (f64, f64),
}

impl UslFit {
    /// Requests per second at a concurrency.
    pub fn throughput(&self, concurrency: f64) -> f64 {
        let n = concurrency;
        let slowed = 1.0 + self.sigma.value * (n - 1.0) + self.kappa.value * n * (n - 1.0);
        self.lambda.value * n / slowed
    }

    /// The concurrency N* with the greatest throughput, and that throughput X*; `None` where
    /// throughput never falls.
    pub fn peak(&self) -> Option<(f64, f64)> {
        let n = ((1.0 - self.sigma.value).max(0.0) / self.kappa.value).sqrt();
        (self.kappa.value > 0.0 && n.is_finite()).then(|| {
            let n = n.max(1.0);
            (n, self.throughput(n))
        })
    }

    /// Whether a concurrency lies outside what was measured.
    pub fn is_extrapolated(&self, concurrency: f64) -> bool {
        !(self.measured.0..=self.measured.1).contains(&concurrency)
    }
}

/// The scalability of the target, or why nothing is said of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Scalability {
    /// The law fits.
    Fitted(UslFit),
    /// It does not, or could not be told.
    Refused(String),
}

/// What a second instance would bring. Always extrapolated: one was measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SecondInstance {
    /// The answer of two that share nothing, the most there can be.
    pub separate: f64,
    /// The answer of two if what holds one back is what both share (database, locks), as the
    /// scalability law has it; `None` without a fit.
    pub shared: Option<f64>,
}

/// What a search for the capacity has found.
#[derive(Debug, Clone, PartialEq)]
pub struct Capacity {
    /// What was raised.
    pub model: CapacityModel,
    /// The objective, condition by condition.
    pub slo: Vec<String>,
    /// In the order in which they were measured; a level may be there more than once.
    pub levels: Vec<Level>,
    /// How the search ended.
    pub end: SearchEnd,
    /// The answer: the highest level that meets the objective, below every one that does not.
    pub answer: Option<f64>,
    /// The lowest level that does not meet it.
    pub failing: Option<f64>,
    /// `None` where more load still brought more than it cost.
    pub knee: Option<Knee>,
    /// The scalability law.
    pub scalability: Scalability,
    /// Levels that the fit does without because the generator was at its limit.
    pub saturated_levels: usize,
    /// Share of the answer that is kept free in operation, 0–1.
    pub reserve: f64,
    /// What a second instance would bring; `None` without an answer.
    pub second: Option<SecondInstance>,
    /// The answer that was asked for.
    pub at_least: Option<f64>,
    /// The rate or number of users for which instances are counted.
    pub wanted: Option<f64>,
    /// The requests that take most of the time at the answer, the greatest share first.
    pub suspects: Vec<Suspect>,
    /// Why there is none, or fewer than could be.
    pub not_isolated: Option<String>,
}

impl Capacity {
    /// What the target should carry in operation: the answer less the reserve.
    pub fn in_operation(&self) -> Option<f64> {
        Some(self.answer? * (1.0 - self.reserve))
    }

    /// How much of the answer is free where so much is wanted, −∞–1; below 0 it is too much.
    pub fn headroom(&self, wanted: f64) -> Option<f64> {
        Some(1.0 - wanted / self.answer.filter(|answer| *answer > 0.0)?)
    }

    /// Instances for so much, with the reserve, where `present` of them were measured. More than those
    /// is extrapolated: as if instances shared nothing.
    pub fn instances_for(&self, wanted: f64, present: u32) -> Option<u32> {
        let each = self.in_operation()? / f64::from(present.max(1));
        let instances = (wanted / each).ceil();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a whole number between 1 and the bound"
        )]
        (each > 0.0 && instances <= 1e6).then(|| instances.max(1.0) as u32)
    }

    /// What the answer's level has come to: of several, the last that met the objective.
    pub fn at_answer(&self) -> Option<&Level> {
        let answer = self.answer?;
        self.levels.iter().rev().find(|level| same(level.asked, answer) && level.meets())
    }

    /// How far apart the answer and the lowest failing level are, of the answer.
    pub fn gap(&self) -> Option<f64> {
        Some(self.failing? / self.answer? - 1.0)
    }
}

/// Whether two levels were asked for the same.
pub fn same(one: f64, other: f64) -> bool {
    (one - other).abs() <= 1e-9 * one.abs().max(other.abs())
}
