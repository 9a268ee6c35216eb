//! What the target costs to run, and what that makes of a million requests.

use std::time::Duration;

/// What the target costs, as the plan says.
#[derive(Debug, Clone, PartialEq)]
pub struct Cost {
    /// Machines, containers or functions that serve it.
    pub instances: u32,
    /// Price of one for an hour, in `currency`.
    pub price_per_hour: f64,
    /// ISO 4217 code, `USD`.
    pub currency: String,
}

impl Cost {
    /// Of all instances, for an hour.
    pub fn per_hour(&self) -> f64 {
        f64::from(self.instances) * self.price_per_hour
    }

    /// Of a million requests at the rate of `answered` requests in `elapsed`; `None` where nothing
    /// was answered. What failed is paid for and no request served.
    pub fn per_million(&self, answered: u64, elapsed: Duration) -> Option<f64> {
        let hours = elapsed.as_secs_f64() / 3600.0;
        (answered > 0 && hours > 0.0).then(|| self.per_hour() * hours / answered as f64 * 1e6)
    }

    /// An amount with its currency: `0.68 USD`; small ones with as many places as they need.
    pub fn amount(&self, amount: f64) -> String {
        let places = if amount >= 0.1 || amount == 0.0 { 2 } else { 4 };
        format!("{amount:.places$} {}", self.currency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_million_requests_cost_what_their_time_does() {
        let cost = Cost { instances: 4, price_per_hour: 0.18, currency: "USD".to_owned() };
        assert!((cost.per_hour() - 0.72).abs() < 1e-9);
        // 200/s are 720,000 an hour.
        let per_million = cost.per_million(2_000, Duration::from_secs(10)).expect("answered");
        assert!((per_million - 1.0).abs() < 1e-9);
        assert_eq!(cost.per_million(0, Duration::from_secs(10)), None);
        assert_eq!(cost.per_million(5, Duration::ZERO), None);
        assert_eq!(cost.amount(0.72), "0.72 USD");
        assert_eq!(cost.amount(0.00123), "0.0012 USD");
    }
}
