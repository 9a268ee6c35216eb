//! Headers of the sender's own: a line break in a value ends a header of the answer, and what follows
//! is another one.
//!
//! A header with a random name and a random value must stand in the answer, twice; a header that only
//! holds the value, line break and all, is none. The first spelling is tried everywhere, the others
//! where the value is seen in a header. Cost at a clean point: 1 request.

use crate::model::Confidence;
use crate::model::EvidenceRole;
use crate::scan::probe::Checking;
use crate::scan::probe::Exhibit;
use crate::scan::probe::InsertionPoint;
use crate::scan::probe::Outcome;
use crate::scan::probe::PointCheck;
use crate::scan::probe::Probe;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Proof;
use crate::scan::probe::Shot;

/// Line breaks: as they are, alone, as what servers that cut characters to a byte make of them, and
/// for what is decoded once more.
const BREAKS: [&str; 6] = ["\r\n", "\n", "\r", "\u{560d}\u{560a}", "%0d%0a", "%E5%98%8D%E5%98%8A"];

/// See the module.
pub(crate) struct Crlf;

impl PointCheck for Crlf {
    fn id(&self) -> &'static str {
        "crlf-injection"
    }

    fn root_cause(&self) -> &'static str {
        "crlf-injection"
    }

    fn applies(&self, point: &InsertionPoint) -> bool {
        // In a header of the request a line break would end that one.
        !point.is_aside()
    }

    fn run<'a>(&'a self, probe: &'a mut Probe) -> Checking<'a> {
        Box::pin(check(probe))
    }
}

async fn check(probe: &mut Probe) -> Result<Outcome, ProbeStop> {
    let mut is_in_header = false;
    for (index, line_break) in BREAKS.iter().enumerate() {
        if index > 0 && !is_in_header {
            break;
        }
        let (attack, planted) = fire(probe, line_break).await?;
        is_in_header |= planted.is_reflected(&attack);
        if !planted.is_a_header(&attack) {
            continue;
        }
        let (replay, again) = fire(probe, line_break).await?;
        if again.is_a_header(&replay) {
            return Ok(Outcome::Found(Box::new(proof((attack, planted), (replay, again)))));
        }
    }
    Ok(Outcome::Clean)
}

/// A header that no server sends.
pub(super) struct Planted {
    /// Stands in front of the line break.
    pub(super) mark: String,
    pub(super) name: String,
    pub(super) value: String,
}

impl Planted {
    /// With three random words.
    pub(super) fn new([mark, name, value]: [String; 3]) -> Self {
        Self { mark, name: format!("x-{name}"), value }
    }

    /// What is put behind a value.
    pub(super) fn text(&self, line_break: &str) -> String {
        format!("{}{line_break}{}:{}", self.mark, self.name, self.value)
    }

    /// Whether the answer has the header.
    pub(super) fn is_a_header(&self, shot: &Shot) -> bool {
        // Something may follow: a slash, the rest of an address.
        shot.response()
            .headers_named(&self.name)
            .any(|it| it.text().trim().starts_with(&self.value))
    }

    /// Whether what stands before the line break is in a header.
    fn is_reflected(&self, shot: &Shot) -> bool {
        shot.response().headers.iter().any(|header| header.text().contains(&self.mark))
    }
}

async fn fire(probe: &mut Probe, line_break: &str) -> Result<(Shot, Planted), ProbeStop> {
    let planted = Planted::new([probe.word(), probe.word(), probe.word()]);
    let value = format!("{}{}", probe.point().value, planted.text(line_break));
    Ok((probe.fire(&value).await?, planted))
}

/// The same header in two answers, with other words.
pub(super) fn proof((attack, first): (Shot, Planted), (replay, again): (Shot, Planted)) -> Proof {
    let detail = format!(
        "a line break in the request makes the answer have the header `{}: {}`, and again \
         `{}: {}`",
        first.name, first.value, again.name, again.value
    );
    let payloads = vec![attack.value.clone(), replay.value.clone()];
    let (mark, replay_mark) = (attack.find(&first.name), replay.find(&again.name));
    Proof {
        confidence: Confidence::Confirmed,
        detail,
        exhibits: vec![
            Exhibit::marked(EvidenceRole::Attack, attack, mark),
            Exhibit::marked(EvidenceRole::Replay, replay, replay_mark),
        ],
        payloads,
    }
}
