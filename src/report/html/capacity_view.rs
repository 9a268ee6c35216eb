//! The part of the page on the capacity.

use serde::Serialize;

use crate::model::Capacity;
use crate::model::Report;

use super::super::capacity::answer;
use super::super::capacity::columns;
use super::super::capacity::facts;
use super::super::capacity::row;
use super::cell::Cell;
use super::view::Fact;
use super::view::line;

/// What a search for the capacity found.
#[derive(Serialize)]
pub(super) struct CapacityView {
    answer: String,
    facts: Vec<Fact>,
    columns: Vec<&'static str>,
    levels: Vec<LevelRow>,
}

#[derive(Serialize)]
struct LevelRow {
    class: &'static str,
    figures: Vec<Cell>,
    state: String,
}

impl CapacityView {
    /// The part on what was found.
    pub(super) fn of(report: &Report, capacity: &Capacity) -> Self {
        let mut titles = columns(capacity.model).to_vec();
        titles.truncate(titles.len() - 1);
        let levels = capacity.levels.iter().map(|level| {
            let [asked, answered, at_once, p95, failed, state] = row(capacity, level);
            let figures = [asked, answered, at_once, p95, failed];
            let class = match (level.counts(), level.meets()) {
                (false, _) => "",
                (true, true) => "good",
                (true, false) => "warn",
            };
            let p95 = level.latency.map_or(-1.0, |[_, p95, ..]| p95.as_secs_f64());
            let sorts = [level.asked, level.throughput, level.concurrency, p95, level.failed];
            let figures = figures.into_iter().zip(sorts);
            LevelRow {
                class,
                figures: figures.map(|(text, sort)| Cell::worded(text, sort)).collect(),
                state: line(&state),
            }
        });
        Self {
            answer: line(&answer(capacity)),
            facts: facts(report, capacity),
            columns: titles,
            levels: levels.collect(),
        }
    }
}
