//! What users change of a load while it runs, as the log and the report tell it.

use std::time::Duration;

use super::units::{format_duration, format_number};

/// A change of the load by hand.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadChange {
    /// From when on it holds, since the run's start.
    pub at: Duration,
    /// Who asked for it.
    pub by: String,
    /// Of which scenario alone; `None` is all of them.
    pub scenario: Option<String>,
    /// What changed.
    pub kind: LoadChangeKind,
}

impl LoadChange {
    /// Who changes the load from level to level where the capacity is searched for.
    pub const SEARCH: &str = "the search for the capacity";

    /// Who turns a burden off and on, to see what it costs the others.
    pub const COLLATERAL: &str = "the measurement of collateral";

    /// Whether it is the program's own, and not by hand.
    pub fn is_own(&self) -> bool {
        self.is_search() || self.by == Self::COLLATERAL
    }

    /// Whether it is a level of the search for the capacity.
    pub fn is_search(&self) -> bool {
        self.by == Self::SEARCH
    }
}

/// What changed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum LoadChangeKind {
    /// The arrival rates.
    Rate {
        /// Times the plan's.
        factor: f64,
        /// Of all scenarios together at that moment, or of the one that was changed.
        per_second: f64,
    },
    /// The users of closed scenarios.
    Vus {
        /// Times the plan's.
        factor: f64,
        /// Of all scenarios together at that moment, or of the one that was changed.
        vus: u64,
    },
    /// No iteration starts any more.
    Paused,
    /// They start again.
    Resumed,
    /// Requests of the plan are left out; users wait as long as they usually take.
    Requests {
        /// So many are sent.
        sent: u32,
        /// Of so many.
        of: u32,
    },
}

impl std::fmt::Display for LoadChangeKind {
    /// `rate 150% of the plan (75/s)`, `paused`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let percent = |factor: &f64| format_number((factor * 1e4).round() / 100.0);
        match self {
            Self::Rate { factor, per_second } => {
                let rate = format_number((per_second * 100.0).round() / 100.0);
                write!(f, "rate {}% of the plan ({rate}/s)", percent(factor))
            }
            Self::Vus { factor, vus } => {
                write!(f, "users {}% of the plan ({vus})", percent(factor))
            }
            Self::Paused => f.write_str("paused"),
            Self::Resumed => f.write_str("resumed"),
            Self::Requests { sent, of } => write!(f, "{sent} of {of} requests are sent"),
        }
    }
}

impl std::fmt::Display for LoadChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let of = self.scenario.as_ref().map(|scenario| format!(" of scenario `{scenario}`"));
        let hand = if self.is_own() { "" } else { " by hand" };
        write!(
            f,
            "the load{} was changed{hand} at {}: {}, by {}",
            of.unwrap_or_default(),
            format_duration(self.at),
            self.kind,
            self.by
        )
    }
}
