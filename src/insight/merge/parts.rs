//! Whether reports are the parts of one run, each once and none missing.

use std::collections::BTreeMap;

use super::error::MergeError;
use crate::model::Report;
use crate::model::RunInfo;

/// The reports in the order of their parts, and where each stood.
///
/// # Errors
/// [`MergeError`] for anything that makes them not the parts of one run.
pub(super) fn in_order(reports: Vec<Report>) -> Result<Vec<Report>, MergeError> {
    let mut ordered: BTreeMap<u32, (usize, Report)> = BTreeMap::new();
    let mut first: Option<RunInfo> = None;
    let mut of = 0;
    for (place, report) in (1..).zip(reports) {
        let info = report.run.clone().ok_or(MergeError::NoPart(place))?;
        let part = info.part.ok_or(MergeError::NoPart(place))?;
        if report.verdict.is_none() {
            return Err(MergeError::Partial(place));
        }
        match &first {
            None => of = part.of,
            Some(first) => {
                if part.of != of {
                    return Err(MergeError::OtherNumber { place, found: part.to_string(), of });
                }
                if let Some((what, cure)) = difference(first, &info) {
                    return Err(MergeError::Differs { place, what, cure });
                }
            }
        }
        if let Some((known, _)) = ordered.get(&part.number) {
            let (first, part) = (*known, part.to_string());
            return Err(MergeError::Twice { first, second: place, part });
        }
        first.get_or_insert(info);
        ordered.insert(part.number, (place, report));
    }
    if ordered.is_empty() {
        return Err(MergeError::Nothing);
    }
    let missing: Vec<u32> = (1..=of).filter(|number| !ordered.contains_key(number)).collect();
    if !missing.is_empty() {
        return Err(MergeError::Missing { missing, of });
    }
    same_load(ordered.into_values().collect())
}

fn difference(one: &RunInfo, other: &RunInfo) -> Option<(&'static str, &'static str)> {
    if one.plan_hash != other.plan_hash {
        return Some(("plan", ""));
    }
    if one.command != other.command {
        return Some(("command", ""));
    }
    if one.seed != other.seed {
        return Some(("seed", "; give all parts the same --seed, or none"));
    }
    if one.zero_unix_ms.is_none() || other.zero_unix_ms.is_none() {
        return Some(("kind of clock", ""));
    }
    (one.version != other.version).then_some(("version of Shakedown", ""))
}

/// Scenarios and endpoints have the same places in all of them.
fn same_load(parts: Vec<(usize, Report)>) -> Result<Vec<Report>, MergeError> {
    let (_, first) = &parts[0];
    for (place, part) in &parts[1..] {
        let place = *place;
        let scenarios = |report: &Report| -> Vec<_> {
            report.scenarios.iter().map(|(meta, _)| meta.clone()).collect()
        };
        let endpoints = |report: &Report| -> Vec<_> {
            report.endpoints.iter().map(|endpoint| endpoint.meta.clone()).collect()
        };
        let cure = "";
        if scenarios(first) != scenarios(part) {
            return Err(MergeError::Differs { place, what: "list of scenarios", cure });
        }
        if endpoints(first) != endpoints(part) {
            return Err(MergeError::Differs { place, what: "list of endpoints", cure });
        }
    }
    Ok(parts.into_iter().map(|(_, report)| report).collect())
}
