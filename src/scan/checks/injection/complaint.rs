//! Error messages of an interpreter that a broken text brings and a mended one does not.
//!
//! A message that the unchanged page shows too counts for nothing; another broken text must bring one
//! again, and the unchanged request still must not.

use std::ops::Range;

use regex::bytes::Regex;

use crate::model::Confidence;
use crate::model::EvidenceRole;
use crate::scan::probe::Exhibit;
use crate::scan::probe::Probe;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Proof;
use crate::scan::probe::Shot;

/// What to break and how.
pub(crate) struct Complaint<'a> {
    /// Whose messages they are, for people.
    pub(crate) of: &'a str,
    pub(crate) messages: &'a Regex,
    /// Values that break the text; the second is another one.
    pub(crate) broken: [&'a str; 2],
    /// As odd as a broken one, but whole. One of them must bring no message.
    pub(crate) mended: &'a [String],
}

/// Asks once where nobody complains.
///
/// # Errors
/// As [`Probe::fire`].
pub(crate) async fn complains(
    probe: &mut Probe,
    baseline: &Shot,
    complaint: &Complaint<'_>,
) -> Result<Option<Proof>, ProbeStop> {
    let message = |shot: &Shot| first(complaint.messages, shot);
    if message(baseline).is_some() {
        return Ok(None);
    }
    let attack = probe.fire(complaint.broken[0]).await?;
    let Some(mark) = message(&attack) else { return Ok(None) };
    let mut control = None;
    for mended in complaint.mended {
        let shot = probe.fire(mended).await?;
        if message(&shot).is_none() {
            control = Some(shot);
            break;
        }
    }
    let Some(control) = control else { return Ok(None) };
    let replay = probe.fire(complaint.broken[1]).await?;
    let unchanged = probe.baseline().await?;
    let Some(replay_mark) = message(&replay).filter(|_| message(&unchanged).is_none()) else {
        return Ok(None);
    };
    let detail = format!(
        "`{}` brought an error message of {}, `{}` brought one again, and neither the unchanged request \
         nor `{}` does: the value is part of the text that it reads",
        attack.value, complaint.of, replay.value, control.value
    );
    let payloads = [&attack, &control, &replay].iter().map(|shot| shot.value.clone()).collect();
    let (attack_mark, replay_mark) = (attack.in_body(mark), replay.in_body(replay_mark));
    Ok(Some(Proof {
        confidence: Confidence::Firm,
        detail,
        exhibits: vec![
            Exhibit::new(EvidenceRole::Baseline, baseline.clone()),
            Exhibit::marked(EvidenceRole::Attack, attack, Some(attack_mark)),
            Exhibit::new(EvidenceRole::Control, control),
            Exhibit::marked(EvidenceRole::Replay, replay, Some(replay_mark)),
        ],
        payloads,
    }))
}

/// Where the first message stands in the body.
fn first(messages: &Regex, shot: &Shot) -> Option<Range<usize>> {
    messages.find(&shot.response().body).map(|found| found.range())
}
