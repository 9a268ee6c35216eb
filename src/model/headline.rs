//! Which of the two latencies stands first where one is shown.

use std::time::Duration;

use super::histogram::Histogram;
use super::load::Tally;
use super::report::TimelinePoint;

/// Both are measured in every run, and both stand in its report; this is the one that is shown
/// first, and by which endpoints are compared. Thresholds name their metric themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Headline {
    /// `http_req_latency`: from the intended start, so that a stall of the target shows in what was
    /// due meanwhile (`--latency-correction`).
    #[default]
    Latency,
    /// `http_req_duration`: send, wait and receive (`--no-latency-correction`).
    Duration,
}

impl Headline {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Latency, Self::Duration];

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Latency => "latency",
            Self::Duration => "duration",
        }
    }

    /// What it is, for the head of a table or a chart.
    pub fn title(self) -> &'static str {
        match self {
            Self::Latency => "latency from the intended start",
            Self::Duration => "duration",
        }
    }

    /// The one of a stable name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|headline| headline.as_str() == name)
    }

    /// Of what was counted, the one that stands first.
    pub fn of(self, tally: &Tally) -> &Histogram {
        match self {
            Self::Latency => &tally.latency,
            Self::Duration => &tally.duration,
        }
    }

    /// The same of an interval: median, p95, p99, maximum.
    pub fn of_point(self, point: &TimelinePoint) -> Option<[Duration; 4]> {
        match self {
            Self::Latency => point.latency,
            Self::Duration => point.duration,
        }
    }
}
