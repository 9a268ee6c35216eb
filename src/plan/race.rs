//! A race: what must hold although a request is sent many times at one instant. Pure.

use crate::extract::JsonPath;
use crate::flow::Extraction;
use crate::model::format_number;

/// What must hold although a request is sent many times at one instant.
#[derive(Debug, Clone, PartialEq)]
pub struct Race {
    /// The plan's name.
    pub name: String,
    /// What is sent before each time, in order.
    pub before: Vec<RaceRequest>,
    /// What is sent many times.
    pub request: RaceRequest,
    /// How many times at one instant.
    pub copies: u32,
    /// How often that is done.
    pub rounds: u32,
    /// What must hold before and behind.
    pub invariant: Invariant,
}

/// A request of the plan in a race.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RaceRequest {
    /// Index into [`super::Plan::requests`].
    pub request: usize,
    /// As whom it is sent, an index into the plan's identities; `None` is whoever looks at the site.
    pub identity: Option<usize>,
    /// What is taken out of its answer.
    pub takes: Vec<Extraction>,
}

/// A number that a request reads, and what it must be.
#[derive(Debug, Clone, PartialEq)]
pub struct Invariant {
    /// What is asked.
    pub request: RaceRequest,
    /// Where in the answer the number stands.
    pub json: JsonPath,
    /// It is no less.
    pub at_least: Option<f64>,
    /// It is no more.
    pub at_most: Option<f64>,
}

impl Race {
    /// Requests at most. What is sent before, the copies, and the number read before and behind them make
    /// a round; beside those of the plan there are one in which the copies follow each other, and one that
    /// repeats what was seen only once.
    pub fn most_requests(&self) -> u64 {
        let each = self.before.len() as u64 + u64::from(self.copies) + 2;
        each * (u64::from(self.rounds) + 2)
    }
}

impl Invariant {
    /// Whether a number is what it must be.
    pub fn holds(&self, value: f64) -> bool {
        self.at_least.is_none_or(|least| value >= least)
            && self.at_most.is_none_or(|most| value <= most)
    }

    /// How far a number is beyond what it must be; nothing or less where it is not.
    pub fn excess(&self, value: f64) -> f64 {
        let below = self.at_least.map_or(f64::NEG_INFINITY, |least| least - value);
        let above = self.at_most.map_or(f64::NEG_INFINITY, |most| value - most);
        below.max(above)
    }

    /// What it must be: `limit 1`, `at least 0`, `from 0 to 10`.
    pub fn limit(&self) -> String {
        match (self.at_least, self.at_most) {
            (Some(least), Some(most)) => {
                format!("from {} to {}", format_number(least), format_number(most))
            }
            (Some(least), None) => format!("at least {}", format_number(least)),
            (None, Some(most)) => format!("limit {}", format_number(most)),
            (None, None) => "no limit".to_owned(),
        }
    }

    /// What the number is called: the last name of its path, else the path.
    pub fn name(&self) -> &str {
        let path = self.json.as_str();
        let last = path.rsplit('.').next().unwrap_or(path);
        let is_name = !last.is_empty() && last.chars().all(|c| c.is_alphanumeric() || c == '_');
        if is_name { last } else { path }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn race(before: usize, copies: u32, rounds: u32) -> Race {
        let request = RaceRequest { request: 0, identity: None, takes: Vec::new() };
        let json = JsonPath::parse("$.cart.used_count").expect("a path");
        let invariant =
            Invariant { request: request.clone(), json, at_least: None, at_most: Some(1.0) };
        let before = vec![request.clone(); before];
        Race { name: "coupon".to_owned(), before, request, copies, rounds, invariant }
    }

    #[test]
    fn the_most_is_a_control_each_round_and_one_more() {
        assert_eq!(race(1, 20, 5).most_requests(), 7 * (1 + 20 + 2));
        assert_eq!(race(0, 2, 1).most_requests(), 3 * (2 + 2));
        assert_eq!(race(3, 100, 20).most_requests(), 22 * (3 + 100 + 2));
    }

    #[test]
    fn a_number_is_within_its_limits_or_not() {
        let mut invariant = race(0, 2, 1).invariant;
        assert!(invariant.holds(1.0) && !invariant.holds(2.0) && invariant.holds(-5.0));
        assert!(invariant.excess(7.0) > invariant.excess(2.0) && invariant.excess(1.0) <= 0.0);
        assert_eq!((invariant.name(), invariant.limit().as_str()), ("used_count", "limit 1"));
        invariant.at_least = Some(0.0);
        assert!(invariant.holds(0.0) && !invariant.holds(-0.5));
        assert_eq!(invariant.limit(), "from 0 to 1");
        invariant.at_most = None;
        assert_eq!(invariant.limit(), "at least 0");
        invariant.json = JsonPath::parse("$.uses[0]").expect("a path");
        assert_eq!(invariant.name(), "$.uses[0]");
    }
}
