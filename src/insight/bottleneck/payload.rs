//! Answers that are many times as large as others.

use super::claim::Claim;
use super::claim::shown;
use super::claim::shown_bytes;
use super::line;
use super::rows::Row;
use super::rows::Rows;
use super::rows::median;
use super::rows::middle;
use crate::model::BottleneckCause;
use crate::model::Certainty;
use crate::model::Report;

/// Below this an answer is not large, whatever others are: it goes out at once, in the first ten segments
/// of a new connection (<https://www.rfc-editor.org/rfc/rfc6928>).
const LARGE: f64 = 14_600.0;

/// Seconds that making a byte of an answer takes at most: what is slower than 10 MB/s is other work.
const MADE: f64 = 1e-7;

/// Times the usual size.
const LARGER: f64 = 5.0;

/// Each endpoint with large answers.
pub(super) fn look<'a>(rows: &Rows<'a>) -> Vec<Claim<'a>> {
    large(rows)
        .into_iter()
        .map(|(endpoint, size, usual)| claim(rows, endpoint, size, usual))
        .collect()
}

/// Each endpoint whose large answers fill a line: two causes of one queue, of which each would end it.
pub(super) fn filling<'a>(rows: &Rows<'a>, report: &Report) -> Vec<Claim<'a>> {
    let large = large(rows);
    if large.is_empty() {
        return Vec::new();
    }
    let Some(line) = line::look(rows, report) else { return Vec::new() };
    let claims = large.into_iter().filter_map(|(endpoint, size, usual)| {
        let saved = line.saved(rows, endpoint, usual)?;
        let without = rows.changed_at(|place, row| {
            let of_receive = saved[place].clamp(0.0, row.receive);
            row.receive -= of_receive;
            row.around -= (saved[place] - of_receive).clamp(0.0, row.around);
        });
        let mut claim = claim(rows, endpoint, size, usual);
        claim.numbers.push(format!(
            "all answers wait for it on a line of {}/s",
            shown_bytes(line.bytes_per_second)
        ));
        Some(Claim { without, ..claim })
    });
    claims.collect()
}

/// Endpoints with large answers: which, how large they are, and how large others are.
fn large(rows: &Rows<'_>) -> Vec<(usize, f64, f64)> {
    let sizes: Vec<(usize, f64)> =
        rows.known().filter_map(|at| Some((at, size(rows, at)?))).collect();
    let large = sizes.iter().filter_map(|(endpoint, size)| {
        let others = sizes.iter().filter(|(other, _)| other != endpoint);
        let usual = middle(others.map(|(_, size)| *size)).unwrap_or(LARGE);
        (*size >= LARGE && *size >= LARGER * usual).then_some((*endpoint, *size, usual))
    });
    large.collect()
}

fn size(rows: &Rows<'_>, endpoint: usize) -> Option<f64> {
    median(rows.of_endpoint(endpoint).iter(), |row| row.request.bytes as f64)
}

fn claim<'a>(rows: &Rows<'a>, endpoint: usize, size: f64, usual: f64) -> Claim<'a> {
    // As if it were as large as others are: what is left of it takes its share of the time.
    let left = usual / size;
    let own = rows.of_endpoint(endpoint).iter();
    let receive = median(own.clone(), |row| row.receive).unwrap_or(0.0);
    let work = made(rows, endpoint).min(MADE * size);
    let without = rows.changed(std::iter::once(endpoint), |row| {
        row.receive *= left;
        row.shorten_wait(work * (1.0 - left));
    });
    let mut numbers = vec![format!(
        "an answer has {}, others have {} (median); receiving it takes {}",
        shown_bytes(size),
        shown_bytes(usual),
        shown(receive),
    )];
    if work > 0.0 {
        numbers.push(format!("and making it takes {} more than others take", shown(work)));
    }
    Claim {
        cause: BottleneckCause::Payload,
        endpoint: Some(endpoint),
        backend: None,
        certainty: Certainty::High,
        numbers,
        advice: "Send less: pages of a list, fewer fields, compression, smaller images, ranges."
            .to_owned(),
        without,
    }
}

/// What the application, and what is around it, takes beyond what it takes elsewhere, where the server
/// tells its time: a large answer has to be made. Time of databases and locks is not of the making.
fn made(rows: &Rows<'_>, endpoint: usize) -> f64 {
    let app = |row: &Row<'_>| {
        let parts = row.request.signals.server.iter();
        let parts = parts.filter(|part| !part.is_whole() && part.name.contains("app"));
        row.around + parts.map(|part| part.took.as_secs_f64()).sum::<f64>()
    };
    let of = |endpoint: usize| {
        median(rows.of_endpoint(endpoint).iter().filter(|row| row.is_told()), app)
    };
    let others = middle(rows.known().filter(|other| *other != endpoint).filter_map(of));
    (of(endpoint).unwrap_or(0.0) - others.unwrap_or(0.0)).max(0.0)
}
