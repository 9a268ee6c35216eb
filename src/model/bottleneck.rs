//! What makes requests slow: the result, and how it is told. How it is found out is `insight`'s.

use std::time::Duration;

use super::comparison::Subject;
use super::units::{format_duration, format_number, format_percent};

/// Where time is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BottleneckCause {
    /// The generator could not keep up: the figures are its own.
    Generator,
    /// The target lets only so many requests in.
    RateLimit,
    /// The way to the target: delay of each round trip, or bandwidth.
    Network,
    /// Connections are made anew where they could be kept.
    Connections,
    /// One of several backends is slower than the others.
    Backend,
    /// What could come from a cache is made each time.
    Cache,
    /// Answers are large.
    Payload,
    /// Requests wait for each other: a lock, a pool, a processor.
    Contention,
    /// The endpoint's own work.
    Endpoint,
}

impl BottleneckCause {
    /// Every cause.
    pub const ALL: [Self; 9] = [
        Self::Generator,
        Self::RateLimit,
        Self::Network,
        Self::Connections,
        Self::Backend,
        Self::Cache,
        Self::Payload,
        Self::Contention,
        Self::Endpoint,
    ];

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Generator => "generator",
            Self::RateLimit => "rate_limit",
            Self::Network => "network",
            Self::Connections => "connections",
            Self::Backend => "backend",
            Self::Cache => "cache",
            Self::Payload => "payload",
            Self::Contention => "contention",
            Self::Endpoint => "endpoint",
        }
    }

    /// In a few words, for a heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Generator => "the generator itself",
            Self::RateLimit => "a rate limit",
            Self::Network => "the network",
            Self::Connections => "making connections",
            Self::Backend => "one slow backend",
            Self::Cache => "no cache hit",
            Self::Payload => "large answers",
            Self::Contention => "waiting for each other",
            Self::Endpoint => "slow work",
        }
    }

    /// How it is found out, for `explain`.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Generator => {
                "The load's own checks say that requests were late before they were sent, or that the \
                 machine was full. Nothing else is claimed then: the times are the generator's."
            }
            Self::RateLimit => {
                "Answers 429, or 503 with Retry-After, beyond a load that was let through before; or \
                 requests that wait and are let in one after the other at an even pace, whatever \
                 they ask for."
            }
            Self::Network => {
                "What is left of the wait when the server's own time (Server-Timing and the like) is \
                 taken away, or the time of a TCP connect where it says nothing; and the time of \
                 receiving, where bytes come equally slowly at every endpoint. A line that is full is \
                 told by replaying its queue: how long answers are under way follows from the bytes \
                 before them."
            }
            Self::Connections => {
                "Requests for which a connection was made, though the flow kept others: how long \
                 connect and TLS took, and how many there were."
            }
            Self::Backend => {
                "Requests by what X-Served-By and its like, affinity cookies or an observed header \
                 say, each measured against the same endpoint at the other backends."
            }
            Self::Cache => {
                "Requests by what Cache-Status, X-Cache and the like say: how slow those are that were \
                 made against those that came from a cache, where the response's own headers would \
                 let a cache keep it."
            }
            Self::Payload => {
                "The time of receiving, and how it grows with the answers' size, at endpoints whose \
                 answers are many times as large as others' and too large to go out at once. Of the \
                 time to make them a tenth of a microsecond for each byte is counted."
            }
            Self::Contention => {
                "The latency of several endpoints rises together with the load, by more than their \
                 own work does; or the server names time that it waited for a lock or a pool."
            }
            Self::Endpoint => {
                "The server's own time at one endpoint is far above that of the others, or one part \
                 of it (a database, say) is most of its time."
            }
        }
    }
}

/// How sure it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Certainty {
    /// It fits, and something else might fit as well.
    Low,
    /// It fits better than all else that was looked at.
    Medium,
    /// The target says so itself, or the figures leave nothing else.
    High,
}

impl Certainty {
    /// Every degree, the least first.
    pub const ALL: [Self; 3] = [Self::Low, Self::Medium, Self::High];

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// From which load on it shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Since {
    /// Since the run's start.
    pub at: Duration,
    /// Requests per second at that moment, all endpoints together.
    pub rate: f64,
}

/// One cause, somewhere, with what it costs.
#[derive(Debug, Clone, PartialEq)]
pub struct Bottleneck {
    /// What it is.
    pub cause: BottleneckCause,
    /// Where: everything, or one endpoint.
    pub subject: Subject,
    /// The backend, where it is one.
    pub backend: Option<String>,
    /// Share of that place's p95 that would not be there without it, 0–1.
    pub explains_p95: f64,
    /// Likewise of its p99.
    pub explains_p99: f64,
    /// Since when; `None` if from the first request on.
    pub since: Option<Since>,
    /// How sure.
    pub certainty: Certainty,
    /// The figures it rests on, as sentences.
    pub numbers: Vec<String>,
    /// What to try.
    pub advice: String,
}

impl Bottleneck {
    /// Takes in what the same cause does in another way.
    pub fn take_in(&mut self, other: Self) {
        self.explains_p95 = self.explains_p95.max(other.explains_p95);
        self.explains_p99 = self.explains_p99.max(other.explains_p99);
        self.since = match (self.since, other.since) {
            (Some(one), Some(other)) => Some(if one.at <= other.at { one } else { other }),
            _ => None,
        };
        self.certainty = self.certainty.max(other.certainty);
        self.numbers.extend(other.numbers);
    }

    /// `one slow backend (app-3) at all requests: explains 41% of the p95 and 38% of the p99`.
    pub fn sentence(&self) -> String {
        let backend = self.backend.as_ref().map_or(String::new(), |name| format!(" ({name})"));
        format!(
            "{}{backend} at {}: explains {} of the p95 and {} of the p99",
            self.cause.title(),
            self.subject,
            format_percent(self.explains_p95),
            format_percent(self.explains_p99),
        )
    }

    /// `since 12s, at 85 requests/s`; `from the first request on`.
    pub fn since_shown(&self) -> String {
        match self.since {
            Some(Since { at, rate }) => {
                format!("since {}, at {} requests/s", format_duration(at), format_number(rate))
            }
            None => "from the first request on".to_owned(),
        }
    }
}
