//! How much of the load somebody wants.

use std::fmt;

use super::units::parse_rate;

/// How much of something.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Amount {
    /// Times what the plan has.
    OfPlan(f64),
    /// So much more, or less, of what the plan has than now: 0.1 is ten per cent.
    Step(f64),
    /// So much over all scenarios together, now; later as the plan goes.
    Total(f64),
}

impl Amount {
    /// Reads `150%`, `2x`, `+10%`, `-10%`, and rates: `75`, `75/s`, `600/m`.
    ///
    /// # Errors
    /// What was expected.
    pub fn parse_rate(text: &str) -> Result<Self, String> {
        if let Some(relative) = relative(text) {
            return relative;
        }
        let rate = parse_rate(text).map_err(|_| {
            format!("`{text}` is no rate: a number as 75 or 600/m, or 150%, 2x, +10%, -10%")
        })?;
        above_zero(rate).map(Self::Total)
    }

    /// Reads `150%`, `2x`, `+10%`, `-10%`, and numbers of virtual users: `20`.
    ///
    /// # Errors
    /// What was expected.
    pub fn parse_vus(text: &str) -> Result<Self, String> {
        if let Some(relative) = relative(text) {
            return relative;
        }
        let vus: u32 = text.trim().parse().map_err(|_| {
            format!("`{text}` is no number of users: as 20, or 150%, 2x, +10%, -10%")
        })?;
        above_zero(f64::from(vus)).map(Self::Total)
    }
}

impl fmt::Display for Amount {
    /// As it can be read again.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OfPlan(factor) => write!(f, "{factor}x"),
            Self::Step(step) => write!(f, "{:+}%", step * 100.0),
            Self::Total(total) => write!(f, "{total}"),
        }
    }
}

/// `None` without `%` or `x`.
fn relative(text: &str) -> Option<Result<Amount, String>> {
    let text = text.trim();
    let wrong = || format!("`{text}` is no amount: expected something as 150%, 2x, +10% or -10%");
    let number = |digits: &str| digits.parse::<f64>().ok().filter(|number| number.is_finite());
    if let Some(factor) = text.strip_suffix('x') {
        return Some(number(factor).ok_or_else(wrong).and_then(above_zero).map(Amount::OfPlan));
    }
    let percent = text.strip_suffix('%')?;
    let Some(value) = number(percent) else { return Some(Err(wrong())) };
    Some(if percent.starts_with(['+', '-']) {
        Ok(Amount::Step(value / 100.0))
    } else {
        above_zero(value / 100.0).map(Amount::OfPlan)
    })
}

fn above_zero(value: f64) -> Result<f64, String> {
    if value > 0.0 {
        Ok(value)
    } else {
        Err("nothing would start any more; use `pause`".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn amounts_are_read_as_users_write_them() {
        assert_eq!(Amount::parse_rate("150%"), Ok(Amount::OfPlan(1.5)));
        assert_eq!(Amount::parse_rate("2x"), Ok(Amount::OfPlan(2.0)));
        assert_eq!(Amount::parse_rate("+10%"), Ok(Amount::Step(0.1)));
        assert_eq!(Amount::parse_vus("-25%"), Ok(Amount::Step(-0.25)));
        assert_eq!(Amount::parse_rate("600/m"), Ok(Amount::Total(10.0)));
        assert_eq!(Amount::parse_vus("20"), Ok(Amount::Total(20.0)));
        for text in ["", "x", "%", "0", "0%", "-3", "nanx", "1e400x", "inf", "5 %!"] {
            assert!(Amount::parse_rate(text).is_err(), "{text}");
            assert!(Amount::parse_vus(text).is_err(), "{text}");
        }
        assert!(Amount::parse_vus("2.5").is_err());
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(factor in 1e-3..1e3f64, step in -1e3..1e3f64) {
            let factor = Amount::OfPlan(factor);
            prop_assert_eq!(Amount::parse_rate(&factor.to_string()), Ok(factor));
            let Ok(Amount::Step(read)) = Amount::parse_vus(&Amount::Step(step).to_string()) else {
                return Err(TestCaseError::fail("no step"));
            };
            prop_assert!((read - step).abs() < 1e-9);
        }
    }
}
