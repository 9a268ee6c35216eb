//! A figure in a table: how it is shown, and what the table is sorted by.

use std::time::Duration;

use serde::Serialize;

use crate::model::format_duration;
use crate::model::grouped;

use super::super::figures::percent;

/// A figure in a table.
#[derive(Serialize)]
pub(super) struct Cell {
    text: String,
    /// Below all others where there was nothing to measure.
    sort: f64,
}

impl Cell {
    /// How many.
    pub(super) fn count(count: u64) -> Self {
        Self { text: grouped(count), sort: count as f64 }
    }

    /// How long; a dash where there was nothing to measure.
    pub(super) fn time(time: Option<Duration>) -> Self {
        match time {
            Some(time) => Self { text: format_duration(time), sort: time.as_secs_f64() },
            None => Self { text: "–".to_owned(), sort: -1.0 },
        }
    }

    /// A share of 0–1.
    pub(super) fn share(share: f64) -> Self {
        Self { text: percent(share), sort: share }
    }

    /// A figure that somebody else has put into words.
    pub(super) fn worded(text: String, sort: f64) -> Self {
        Self { text, sort }
    }
}
