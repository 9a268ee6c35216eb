//! How a run stands, for whoever steers it.

use std::time::Duration;

use super::event::Phase;

/// A run at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct RunStatus {
    /// Since the run's start.
    pub elapsed: Duration,
    /// Of the load's own time, pauses left out.
    pub load_elapsed: Duration,
    /// How long the load is planned to take, where it is bounded by time.
    pub planned: Option<Duration>,
    /// The part that started last.
    pub phase: Option<Phase>,
    /// It has been told to wind down.
    pub stopping: bool,
    /// Load is running.
    pub loading: bool,
    /// Nothing new starts, by hand.
    pub paused: bool,
    /// Arrivals per second asked for now.
    pub per_second: f64,
    /// Times the plan's.
    pub rate_factor: f64,
    /// Users of closed scenarios asked for now.
    pub vus: u64,
    /// Times the plan's.
    pub vus_factor: f64,
    /// Each scenario, in the plan's order.
    pub scenarios: Vec<ScenarioPace>,
    /// Responses and failures so far.
    pub requests: u64,
    /// Of these: failed.
    pub failed: u64,
    /// Latency from the intended start; `None` before the first response.
    pub p95: Option<Duration>,
}

/// What one scenario is asked for at a moment.
#[derive(Debug, Clone, PartialEq)]
pub struct ScenarioPace {
    /// The plan's name for it.
    pub name: String,
    /// It has begun and is not over.
    pub running: bool,
    /// Arrivals per second; `None` without an arrival rate.
    pub per_second: Option<f64>,
    /// Users; `None` where they cannot be changed.
    pub vus: Option<u64>,
}
