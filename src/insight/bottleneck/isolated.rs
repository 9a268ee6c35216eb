//! What the requests that a search for the capacity measured by themselves say of the causes: whether
//! an endpoint waits for others is measured there, and need not be concluded from how it looks.

use super::FLOOR;
use super::contention;
use crate::model::Bottleneck;
use crate::model::BottleneckCause;
use crate::model::Capacity;
use crate::model::Certainty;
use crate::model::Report;
use crate::model::Subject;
use crate::model::Suspect;
use crate::model::SuspectVerdict;

/// Puts what was measured beside what was found, and says what only the measurement has shown.
pub(super) fn weigh(found: &mut Vec<Bottleneck>, report: &Report) {
    let Some(capacity) = &report.capacity else { return };
    for bottleneck in found.iter_mut() {
        for suspect in &capacity.suspects {
            hold_against(bottleneck, suspect);
        }
    }
    if !found.iter().any(|one| one.cause == BottleneckCause::Contention) {
        found.extend(shared(capacity));
    }
}

fn hold_against(bottleneck: &mut Bottleneck, suspect: &Suspect) {
    use BottleneckCause::{Contention, Endpoint};
    use SuspectVerdict::{OwnWork, Shares, Slows, Waits};
    let is_here = match &bottleneck.subject {
        Subject::Endpoint { request, .. } => *request == suspect.request,
        _ => false,
    };
    let is_whole = bottleneck.subject == Subject::Whole;
    let certainty = match (bottleneck.cause, suspect.verdict()) {
        (Endpoint, OwnWork | Slows) if is_here => Certainty::High,
        (Contention, Waits | Shares) if is_here || is_whole => Certainty::High,
        // What it waits for is another's; and what is its own is nobody's else.
        (Endpoint, Waits | Shares) | (Contention, OwnWork) if is_here => Certainty::Low,
        _ => return,
    };
    bottleneck.certainty = certainty;
    bottleneck.numbers.push(suspect.sentence());
}

/// That endpoints wait for each other, where they were seen to be faster alone and nothing else says it.
fn shared(capacity: &Capacity) -> Option<Bottleneck> {
    let waiting = capacity.suspects.iter().filter_map(|suspect| {
        let [_, alone] = suspect.alone?;
        let less = 1.0 - alone.as_secs_f64() / suspect.mix[1].as_secs_f64().max(1e-9);
        suspect.is_faster_alone.then_some((suspect, less))
    });
    let waiting: Vec<(&Suspect, f64)> = waiting.collect();
    let rate: f64 = waiting.iter().map(|(suspect, _)| suspect.rate).sum();
    let explains = waiting.iter().map(|(suspect, less)| suspect.rate * less).sum::<f64>();
    let explains = explains / rate.max(1e-9);
    (explains >= FLOOR).then(|| Bottleneck {
        cause: BottleneckCause::Contention,
        subject: Subject::Whole,
        backend: None,
        explains_p95: explains,
        // Phases are short: their p99 would be that of a few requests.
        explains_p99: explains,
        since: None,
        certainty: Certainty::High,
        numbers: waiting.iter().map(|(suspect, _)| suspect.sentence()).collect(),
        advice: contention::advice(),
    })
}
