//! Long values that break the service: a symptom of buffers that do not grow, and of lengths that nobody
//! looks at.
//!
//! Letters in steps of four times as many; an answer that refuses (400, 413, 414, 422, 431, or one that says
//! that something is too long) is a limit, and ends it. Where a length is answered with an error of the
//! server, or not at all, it must be so twice more in random order with other letters, and a quarter of the
//! length must be answered as ever each time. It says that something breaks, not what: the program may have
//! caught it. Cost at a clean point: 5 requests for bodies, 4 where servers bound the head of a request.

use std::sync::LazyLock;

use regex::bytes::Regex;

use crate::model::Confidence;
use crate::model::EvidenceRole;
use crate::model::Failure;
use crate::model::FailureClass;
use crate::model::InsertionKind;
use crate::scan::probe::Attempt;
use crate::scan::probe::Checking;
use crate::scan::probe::Exhibit;
use crate::scan::probe::InsertionPoint;
use crate::scan::probe::Outcome;
use crate::scan::probe::PointCheck;
use crate::scan::probe::Probe;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Proof;
use crate::scan::probe::Shot;

/// Letters of each question; the last is the most that is ever sent.
const LENGTHS: [usize; 5] = [256, 1024, 4096, 16_384, 65_536];

/// Beyond it, servers refuse the head of a request as such (8 KiB by default in common ones).
const MOST_IN_HEAD: usize = 4096;

/// Letters that nothing stumbles over.
const FEW: usize = 16;

/// Questions of each kind, once a length is suspected.
const ROUNDS: usize = 2;

/// How refusals are worded.
static LIMITS: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r"(?i)too (?:long|large|big|many)|exceed|maximum|max(?:imal)? length|at most|limit|shorter than|value too";
    Regex::new(pattern).expect("the tests compile it")
});

/// See the module.
pub(crate) struct BufferOverflow;

impl PointCheck for BufferOverflow {
    fn id(&self) -> &'static str {
        "buffer-overflow"
    }

    fn root_cause(&self) -> &'static str {
        "buffer-overflow"
    }

    fn applies(&self, point: &InsertionPoint) -> bool {
        !matches!(
            point.reference.kind,
            InsertionKind::RawQuery | InsertionKind::HeaderName | InsertionKind::ParameterName
        )
    }

    fn run<'a>(&'a self, probe: &'a mut Probe) -> Checking<'a> {
        Box::pin(check(probe))
    }
}

/// What came of a value.
enum Answer {
    Usual(Shot),
    /// The service says that it is too much.
    Refused,
    /// An error of the service.
    Error(Attempt),
    /// The connection ended without an answer.
    Dropped(Attempt),
}

async fn check(probe: &mut Probe) -> Result<Outcome, ProbeStop> {
    let most = if is_in_body(probe.point()) { usize::MAX } else { MOST_IN_HEAD };
    let mut below = FEW;
    for length in LENGTHS.into_iter().filter(|length| *length <= most) {
        match ask(probe, length).await? {
            Answer::Usual(_) => below = length,
            Answer::Refused => return Ok(Outcome::Clean),
            Answer::Error(_) | Answer::Dropped(_) => {
                let proof = confirm(probe, below, length).await?;
                return Ok(proof.map_or(Outcome::Clean, |proof| Outcome::Found(Box::new(proof))));
            }
        }
    }
    Ok(Outcome::Clean)
}

fn is_in_body(point: &InsertionPoint) -> bool {
    matches!(point.reference.kind, InsertionKind::Form | InsertionKind::Json | InsertionKind::Xml)
}

async fn ask(probe: &mut Probe, length: usize) -> Result<Answer, ProbeStop> {
    let word = probe.word();
    let value: String = word.chars().cycle().take(length).collect();
    let attempt = probe.attempt(&value).await?;
    let attempt = Attempt { value: format!("{word}… ({length} letters)"), ..attempt };
    let is_gone =
        |failure: &Failure| matches!(failure.class, FailureClass::Closed | FailureClass::Reset);
    if attempt.failure().is_some_and(is_gone) {
        return Ok(Answer::Dropped(attempt));
    }
    let shot = attempt.clone().answered()?;
    let status = shot.response().status;
    let is_limit = matches!(status, 400 | 413 | 414 | 422 | 431)
        || status >= 400 && LIMITS.is_match(&shot.response().body);
    Ok(match () {
        () if is_limit => Answer::Refused,
        () if status >= 500 => Answer::Error(attempt),
        () => Answer::Usual(shot),
    })
}

/// Long ones must fail and short ones must not, in whatever order.
async fn confirm(
    probe: &mut Probe,
    below: usize,
    length: usize,
) -> Result<Option<Proof>, ProbeStop> {
    let mut questions = [[below, length]; ROUNDS].concat();
    probe.shuffle(&mut questions);
    let (mut attacks, mut controls) = (Vec::new(), Vec::new());
    for asked in questions {
        match (ask(probe, asked).await?, asked == length) {
            (Answer::Usual(shot), false) => controls.push(shot),
            (Answer::Error(attempt) | Answer::Dropped(attempt), true) => attacks.push(attempt),
            _ => return Ok(None),
        }
    }
    let baseline = probe.baseline().await?;
    let Some(control) = controls.pop().filter(|_| baseline.response().status < 500) else {
        return Ok(None);
    };
    // Who forwards tells with 502 that whom it asked has gone.
    let statuses = attacks.iter().map(|it| it.exchange.response().map(|answer| answer.status));
    let is_gone = statuses.clone().all(|status| status.is_none_or(|status| status == 502));
    let confidence = if is_gone { Confidence::Firm } else { Confidence::Tentative };
    let what = match statuses.flatten().next() {
        Some(status) => format!("with {status}"),
        None => "by an end of the connection".to_owned(),
    };
    let detail = format!(
        "{length} letters are answered {what}, {} times, while {below} letters, {ROUNDS} times in random \
         order with them, are answered with {}: the length is not looked at before it breaks something",
        ROUNDS + 1,
        control.response().status,
    );
    let payloads = vec![format!("{length} letters"), format!("{below} letters")];
    let mut exhibits = vec![Exhibit::new(EvidenceRole::Baseline, baseline)];
    let roles = [EvidenceRole::Attack, EvidenceRole::Replay];
    let shown = roles.into_iter().zip(attacks);
    exhibits.extend(shown.map(|(role, attack)| Exhibit::attempted(role, attack)));
    exhibits.push(Exhibit::new(EvidenceRole::Control, control));
    Ok(Some(Proof { confidence, detail, exhibits, payloads }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_told_from_errors() {
        for text in ["Name is too long", "must be at most 80 characters", "exceeds the maximum"] {
            assert!(LIMITS.is_match(text.as_bytes()), "{text}");
        }
        assert!(!LIMITS.is_match(b"<h1>Internal Server Error</h1>"));
    }
}
