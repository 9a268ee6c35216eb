//! Connections that are made for requests which could go on ones that are there.

use super::claim::Claim;
use super::claim::shown;
use super::rows::Row;
use super::rows::Rows;
use super::rows::median;
use crate::model::BottleneckCause;
use crate::model::Certainty;
use crate::model::PhaseKind;
use crate::model::format_percent;

/// Share of requests with a connection of their own from which on it is no accident.
const MANY: f64 = 0.3;

/// What making connections costs.
pub(super) fn look<'a>(rows: &Rows<'a>) -> Vec<Claim<'a>> {
    let weight = |row: &Row<'_>| row.weight;
    let whole: f64 = rows.list.iter().map(weight).sum();
    let connecting = || rows.list.iter().filter(|row| row.request.is_connecting());
    let share = connecting().map(weight).sum::<f64>() / whole.max(1e-9);
    if share < MANY {
        return Vec::new();
    }
    let closing =
        rows.list.iter().filter(|row| row.request.signals.closes).map(weight).sum::<f64>();
    let is_closed = closing >= whole / 2.0;
    // What a new connection adds to the wait behind it, where the server tells its own time: beyond a
    // round trip nobody else has to be waited for at that point but whoever accepts it.
    let beyond = |row: &Row<'_>| {
        let connect = row.request.phase(PhaseKind::Connect).as_secs_f64();
        (row.around - connect).max(0.0)
    };
    let accept = median(connecting().filter(|row| row.is_told()), beyond).unwrap_or(0.0);
    let without = rows.changed(rows.known(), |row| {
        if row.request.is_connecting() {
            row.setup = 0.0;
            if is_closed && row.is_told() {
                row.around -= accept.min(row.around);
            }
        }
    });
    let setup = median(connecting(), |row| row.setup).unwrap_or(0.0);
    let mut numbers = vec![format!(
        "{} of the requests made a connection of their own, which took {} (median)",
        format_percent(share),
        shown(setup),
    )];
    if is_closed {
        numbers.push(
            "the target ends connections itself: its answers say Connection: close".to_owned(),
        );
    }
    vec![Claim {
        cause: BottleneckCause::Connections,
        endpoint: None,
        backend: None,
        certainty: if is_closed { Certainty::High } else { Certainty::Medium },
        numbers,
        advice: if is_closed {
            "Switch keep-alive on at the target or the proxy before it (nginx: keepalive_timeout, and \
             keepalive for upstreams; HTTP/1.1 between them)."
        } else {
            "Keep connections: the plan or its flags may have it otherwise (noConnectionReuse), and so \
             may an idle timeout of the target that is shorter than the pauses of the load."
        }
        .to_owned(),
        without,
    }]
}
