//! A row of the table, and the figures that measuring it gives.

use std::fmt;

use serde::Serialize;

use crate::bed::Bed;
use crate::problem::Problem;

/// One row: how something is measured.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
    pub(crate) noise: Noise,
    /// About how long it takes.
    pub(crate) seconds: fn(&Bed) -> f64,
    pub(crate) measure: fn(&Bed) -> Result<Vec<Figure>, Problem>,
}

/// Whether a row's figures depend on what else the machine does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Noise {
    /// Hardly: it may be a gate.
    Steady,
    /// They do.
    Noisy,
}

/// What is asked of a figure.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Bar {
    AtMost(f64),
    AtLeast(f64),
    Below(f64),
    Exactly(f64),
    /// It is told for comparison.
    None,
}

impl Bar {
    /// Whether `value` is on the right side.
    pub(crate) fn holds(self, value: f64) -> bool {
        match self {
            Self::AtMost(most) => value <= most,
            Self::AtLeast(least) => value >= least,
            Self::Below(limit) => value < limit,
            Self::Exactly(wanted) => value.total_cmp(&wanted).is_eq(),
            Self::None => true,
        }
    }
}

impl fmt::Display for Bar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtMost(most) => write!(f, "≤ {}", number(*most)),
            Self::AtLeast(least) => write!(f, "≥ {}", number(*least)),
            Self::Below(limit) => write!(f, "< {}", number(*limit)),
            Self::Exactly(wanted) => write!(f, "= {}", number(*wanted)),
            Self::None => Ok(()),
        }
    }
}

/// A figure, or why there is none.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Figure {
    /// Unique in its row.
    pub(crate) name: &'static str,
    pub(crate) bar: Bar,
    pub(crate) value: Option<f64>,
    pub(crate) unit: &'static str,
    /// Where the value lies with 95 %, or between which values it was the median.
    pub(crate) interval: Option<(f64, f64)>,
    /// What it was computed from, or why it was not measured.
    pub(crate) note: String,
}

impl Figure {
    /// A measured value.
    pub(crate) fn new(name: &'static str, bar: Bar, value: f64, unit: &'static str) -> Self {
        Self { name, bar, value: Some(value), unit, interval: None, note: String::new() }
    }

    /// One that could not be had.
    pub(crate) fn missing(name: &'static str, bar: Bar, why: &Problem) -> Self {
        Self { name, bar, value: None, unit: "", interval: None, note: why.to_string() }
    }

    /// With the interval around it.
    pub(crate) fn within(mut self, low: f64, high: f64) -> Self {
        self.interval = Some((low, high));
        self
    }

    /// With a word on it.
    pub(crate) fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    /// `ok`, `MISSED`, nothing without a bar, or that it was not measured.
    pub(crate) fn verdict(&self) -> &'static str {
        match self.value {
            None => "not measured",
            Some(_) if self.bar == Bar::None => "",
            Some(value) if self.bar.holds(value) => "ok",
            Some(_) => "MISSED",
        }
    }
}

/// Three significant digits below a thousand, whole numbers above.
pub(crate) fn number(value: f64) -> String {
    let magnitude = value.abs();
    if magnitude >= 1000.0 {
        thousands(value)
    } else if magnitude >= 100.0 || value.fract() == 0.0 {
        format!("{value:.0}")
    } else if magnitude >= 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}

fn thousands(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) && !out.ends_with('-') {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
