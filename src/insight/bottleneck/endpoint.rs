//! Work of one endpoint that takes far longer than that of the others.

use std::collections::BTreeSet;

use super::claim::Claim;
use super::claim::shown;
use super::rates::Rates;
use super::rows::Row;
use super::rows::Rows;
use super::rows::median;
use super::rows::middle;
use crate::model::BottleneckCause;
use crate::model::Certainty;
use crate::model::Report;
use crate::model::format_percent;

/// How many times as long as at the others, at least.
const SLOWER: f64 = 2.0;

/// Share of the p95 that is worth a claim. Endpoints of one service differ in their work, so a little is
/// always explained by that.
pub(super) const FLOOR: f64 = 0.25;

/// Times the median work that work of one request may be.
const MOST_OWN: f64 = 2.5;

/// How far from the next slowest it must be: of endpoints that differ anyway, one is the slowest.
const APART: f64 = 1.3;

/// Each endpoint, as a whole and by the parts of its time that the server tells.
pub(super) fn look<'a>(rows: &Rows<'a>, report: &Report) -> Vec<Claim<'a>> {
    let told = rows.list.iter().filter(|row| row.is_told()).count();
    let quiet = Quiet::of(rows, report);
    let mut claims = if told * 2 < rows.list.len() {
        outliers(rows, &quiet, None, &|row| row.wait())
    } else {
        outliers(rows, &quiet, None, &|row| row.server)
    };
    let parts: BTreeSet<&str> = rows
        .list
        .iter()
        .flat_map(|row| &row.request.signals.server)
        .filter(|part| !part.is_whole())
        .map(|part| part.name.as_str())
        .collect();
    for part in parts {
        claims.extend(outliers(rows, &quiet, Some(part), &|row| of_part(row, part)));
    }
    claims
}

/// Seconds of a part of the server's time, as far as no other cause has taken them.
fn of_part(row: &Row<'_>, name: &str) -> f64 {
    let part = row.request.signals.server.iter().find(|part| part.name == name);
    part.map_or(0.0, |part| part.took.as_secs_f64()).min(row.server)
}

/// Rows that came under little load. What an endpoint takes then is its own work; what it takes more
/// under much is somebody else's.
struct Quiet {
    rates: Rates,
    most: f64,
}

impl Quiet {
    /// Rows of an endpoint from which on those alone are looked at.
    const ENOUGH: usize = 12;

    fn of(rows: &Rows<'_>, report: &Report) -> Self {
        let rates = Rates::of(report);
        let most = rates.quantile(rows, 1.0 / 3.0).unwrap_or(f64::INFINITY);
        Self { rates, most }
    }

    /// The median of something of an endpoint's rows under little load.
    fn median<'a>(
        &self,
        rows: &Rows<'a>,
        endpoint: usize,
        of: &dyn Fn(&Row<'a>) -> f64,
    ) -> Option<f64> {
        let own = || rows.of_endpoint(endpoint).iter();
        let quiet = || own().filter(|row| self.rates.at(row) <= self.most);
        if quiet().count() < Self::ENOUGH {
            return median(own(), of);
        }
        // That few came by chance does not make work of it.
        Some(median(quiet(), of)?.min(median(own(), of)?))
    }
}

fn outliers<'a>(
    rows: &Rows<'a>,
    quiet: &Quiet,
    part: Option<&str>,
    time: &dyn Fn(&Row<'a>) -> f64,
) -> Vec<Claim<'a>> {
    let of = |endpoint: usize| Some((endpoint, quiet.median(rows, endpoint, time)?));
    let times: Vec<(usize, f64)> = rows.known().filter_map(of).collect();
    if times.len() < 3 {
        return Vec::new();
    }
    let claims = times.iter().filter_map(|(endpoint, own)| {
        let others = times.iter().filter(|(other, _)| other != endpoint).map(|(_, time)| *time);
        let usual = middle(others.clone())?;
        let next = others.filter(|time| time <= own).fold(usual, f64::max);
        (*own >= SLOWER * usual && *own >= APART * next)
            .then(|| claim(rows, *endpoint, part, (*own, usual), time))
    });
    claims.collect()
}

fn claim<'a>(
    rows: &Rows<'a>,
    endpoint: usize,
    part: Option<&str>,
    (own, usual): (f64, f64),
    time: &dyn Fn(&Row<'a>) -> f64,
) -> Claim<'a> {
    let without = rows.changed(std::iter::once(endpoint), |row| {
        // No more than its own work: what is beyond grows with the load.
        let seconds = time(&*row).min(MOST_OWN * own) * (1.0 - usual / own);
        row.shorten_wait(seconds);
    });
    let what = part.map_or("its work".to_owned(), |part| format!("`{part}`"));
    let whole = median(rows.of_endpoint(endpoint).iter(), Row::latency).unwrap_or(own);
    Claim {
        cause: BottleneckCause::Endpoint,
        endpoint: Some(endpoint),
        backend: None,
        certainty: if part.is_some() { Certainty::High } else { Certainty::Medium },
        numbers: vec![format!(
            "{what} takes {} here and {} at the other endpoints (medians), {} of the latency",
            shown(own),
            shown(usual),
            format_percent((own / whole.max(1e-9)).min(1.0)),
        )],
        advice: match part {
            Some(part) if part.to_ascii_lowercase().contains("db") => {
                "Look at its queries: one per row of a list (N+1), an index that is missing, rows that \
                 are read and not shown."
            }
            Some(_) => "Look at this part of its work: the server measures it itself.",
            None => {
                "Profile it; a Server-Timing header (`db;dur=…, app;dur=…`) would let the next run say \
                 where within it."
            }
        }
        .to_owned(),
        without,
    }
}
