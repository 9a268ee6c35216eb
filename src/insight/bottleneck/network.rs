//! The way to the target: what each round trip takes beside the server's work, how fast bytes come, and
//! whether answers wait for each other's.

use super::claim::Claim;
use super::claim::shown;
use super::claim::shown_bytes;
use super::line;
use super::line::Line;
use super::rows::Row;
use super::rows::Rows;
use super::rows::median;
use super::rows::middle;
use super::rows::quantile;
use crate::model::BottleneckCause;
use crate::model::Certainty;
use crate::model::Report;

/// Seconds of a round trip from which on it is worth a word: less is a way within one data centre, or the
/// server's own reading and writing, and nobody makes it shorter.
const LONG: f64 = 0.0015;

/// Answers from this size on say how fast bytes come; smaller ones fit into the first packets.
const LARGE: u64 = 16 * 1024;

/// Rates of endpoints that differ by no more than this are of one line.
const ALIKE: f64 = 2.0;

/// Of waits, those in the least quarter are what the line takes at least.
const LEAST: f64 = 0.25;

/// Delay, bandwidth and the queue for it, as one claim: they are of one line.
pub(super) fn look<'a>(rows: &Rows<'a>, report: &Report) -> Vec<Claim<'a>> {
    let line = line::look(rows, report);
    let delay = delay(rows, line.as_ref()).filter(|delay| delay.seconds >= LONG);
    let bandwidth = if line.is_none() { bandwidth(rows) } else { None };
    if delay.is_none() && line.is_none() && bandwidth.is_none() {
        return Vec::new();
    }
    let mut is_known = vec![false; rows.endpoints.len()];
    rows.known().for_each(|endpoint| is_known[endpoint] = true);
    let without = rows.changed_at(|place, row| {
        if !is_known[row.endpoint] {
            return;
        }
        if let Some(line) = &line {
            let of_receive = line.under_way[place].min(row.receive);
            row.receive -= of_receive;
            row.around -= (line.under_way[place] - of_receive).min(row.around);
        }
        // That a new connection takes round trips of its own is the connection's cost.
        if let Some(delay) = &delay {
            row.around -= delay.seconds.min(row.around);
        }
        if bandwidth.is_some() {
            row.receive = 0.0;
        }
    });
    let mut numbers = Vec::new();
    let mut certainty = Certainty::High;
    if let Some(delay) = delay {
        numbers.push(format!(
            "each round trip takes {} {}",
            shown(delay.seconds),
            delay.known_from
        ));
        certainty = delay.certainty;
    }
    if let Some(line) = line {
        numbers.push(format!(
            "answers wait for each other's bytes as before a line of {}/s, whatever they ask for",
            shown_bytes(line.bytes_per_second)
        ));
    }
    if let Some(rate) = bandwidth {
        numbers.push(format!("bytes come at {}/s, at every endpoint alike", shown_bytes(rate)));
    }
    vec![Claim {
        cause: BottleneckCause::Network,
        endpoint: None,
        backend: None,
        certainty,
        numbers,
        advice: "Measure from where the users are, or from beside the target; fewer round trips \
                 (HTTP/2, kept connections), compression and a cache near the users make the way \
                 shorter."
            .to_owned(),
        without,
    }]
}

struct Delay {
    seconds: f64,
    known_from: &'static str,
    certainty: Certainty,
}

/// What every request waits beside the server's own time, under the least load of the run.
fn delay(rows: &Rows<'_>, line: Option<&Line>) -> Option<Delay> {
    let connecting = rows.list.iter().filter(|row| row.request.is_connecting());
    let connect = |row: &Row<'_>| row.request.phase(crate::model::PhaseKind::Connect).as_secs_f64();
    let trip = quantile(connecting.map(|row| (connect(row), 1.0)), LEAST);
    let told = rows.list.iter().filter(|row| row.is_told()).count();
    if told * 2 < rows.list.len() {
        return trip.map(|seconds| Delay {
            seconds,
            known_from: "(the TCP connect; the server does not tell its own time)",
            certainty: Certainty::Medium,
        });
    }
    // By endpoint, so that one with a slow front does not stand for all; the least of them.
    let around = |endpoint: usize| {
        let told = rows.places_of(endpoint).filter(|place| rows.list[*place].is_told());
        // What it waits for others' bytes is not the way's length.
        let beyond = |place: usize| line.map_or(0.0, |line| line.under_way[place]);
        let around = told.map(|place| {
            let row = &rows.list[place];
            let of_wait = (beyond(place) - row.receive).max(0.0);
            ((row.around - of_wait).max(0.0), row.weight)
        });
        quantile(around, LEAST)
    };
    let least = quantile(rows.known().filter_map(around).map(|wait| (wait, 1.0)), LEAST)?;
    // Where nearly every request has a connection of its own, what follows one (a server that is slow
    // to accept) cannot be told from the line, but the connect itself can.
    let all_connect = rows.list.iter().filter(|row| row.request.is_connecting()).count() * 10
        > rows.list.len() * 9;
    let least = if all_connect { least.min(trip.unwrap_or(least)) } else { least };
    Some(Delay {
        seconds: least,
        known_from: "(the wait without the server's own time)",
        certainty: Certainty::High,
    })
}

/// Bytes per second, where large answers of several endpoints come equally slowly.
fn bandwidth(rows: &Rows<'_>) -> Option<f64> {
    let rate = |endpoint: usize| {
        let large = rows.of_endpoint(endpoint).iter().filter(|row| row.request.bytes >= LARGE);
        if large.clone().count() < 10 {
            return None;
        }
        median(large, |row| row.request.bytes as f64 / row.receive.max(1e-6))
    };
    let rates: Vec<f64> = rows.known().filter_map(rate).collect();
    if rates.len() < 2 {
        return None;
    }
    let least = rates.iter().copied().fold(f64::INFINITY, f64::min);
    let most = rates.iter().copied().fold(0.0, f64::max);
    (most <= ALIKE * least).then(|| middle(rates.into_iter())).flatten()
}
