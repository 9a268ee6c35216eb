//! Numbers that are too large for what holds them.
//!
//! A little more than 2^31, 2^32, 2^63 and 2^64, by a random number each time. A page that shows what is
//! left of it after the bits that fit were kept (2^32 + 70,123 is shown as 70123) has counted with it: that
//! is proof, with another number and a control below the bound. An error of the server is a symptom only,
//! twice more and with a number below the bound that is answered as ever each time.
//!
//! Cost at a clean point with a number: 4 requests.

use std::ops::Range;

use serde_json::Value;

use crate::model::Confidence;
use crate::model::EvidenceRole;
use crate::model::InsertionKind;
use crate::model::Request;
use crate::scan::probe::Checking;
use crate::scan::probe::Exhibit;
use crate::scan::probe::InsertionPoint;
use crate::scan::probe::Outcome;
use crate::scan::probe::PointCheck;
use crate::scan::probe::Probe;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Proof;
use crate::scan::probe::Shot;

/// Bits that a number may be kept in.
#[derive(Debug, Clone, Copy)]
struct Width {
    bits: u32,
    /// Whether one of them is the sign.
    signed: bool,
}

const WIDTHS: [Width; 4] = [
    Width { bits: 32, signed: true },
    Width { bits: 32, signed: false },
    Width { bits: 64, signed: true },
    Width { bits: 64, signed: false },
];

/// Questions of each kind, once an error was seen.
const ROUNDS: usize = 2;

impl Width {
    /// The first number that does not fit.
    fn bound(self) -> i128 {
        1 << (self.bits - u32::from(self.signed))
    }

    /// What is left of a number beyond the bound.
    fn kept(self, number: i128) -> i128 {
        number - (1_i128 << self.bits)
    }
}

/// See the module.
pub(crate) struct IntegerOverflow;

impl PointCheck for IntegerOverflow {
    fn id(&self) -> &'static str {
        "integer-overflow"
    }

    fn root_cause(&self) -> &'static str {
        "integer-overflow"
    }

    fn applies(&self, point: &InsertionPoint) -> bool {
        let digits = point.value.strip_prefix('-').unwrap_or(&point.value);
        let is_number = !digits.is_empty() && digits.len() < 10;
        is_number && digits.bytes().all(|byte| byte.is_ascii_digit()) && !point.is_aside()
    }

    fn run<'a>(&'a self, probe: &'a mut Probe) -> Checking<'a> {
        Box::pin(check(probe))
    }
}

async fn check(probe: &mut Probe) -> Result<Outcome, ProbeStop> {
    for width in WIDTHS {
        let asked = ask(probe, width, Side::Beyond).await?;
        let found = match &asked {
            Asked { shot, .. } if shot.response().status >= 500 => {
                broken(probe, width, asked).await?
            }
            Asked { kept: Some(_), .. } => wrapped(probe, width, asked).await?,
            Asked { .. } => continue,
        };
        return Ok(found.map_or(Outcome::Clean, |proof| Outcome::Found(Box::new(proof))));
    }
    Ok(Outcome::Clean)
}

/// On which side of the bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Beyond,
    Below,
}

struct Asked {
    shot: Shot,
    /// What is left of the number, and where it is shown.
    left: i128,
    kept: Option<Range<usize>>,
}

async fn ask(probe: &mut Probe, width: Width, side: Side) -> Result<Asked, ProbeStop> {
    // Five digits or more: on no page by chance.
    let more = i128::from(probe.number()) * 10 + i128::from(probe.number() % 10);
    let number = match side {
        Side::Beyond => width.bound() + more,
        Side::Below => width.bound() - more,
    };
    let value = number.to_string();
    let request = placed(probe, &value);
    let shot = probe.ask(request, &value).await?;
    let left = width.kept(number);
    let kept = number_in(&shot, left).filter(|_| side == Side::Beyond);
    Ok(Asked { shot, left, kept })
}

/// Numbers of JSON stay numbers.
fn placed(probe: &Probe, value: &str) -> Request {
    let (point, base) = (probe.point(), probe.base());
    let mut request = point.place(base, value);
    let is_number = point.reference.kind == InsertionKind::Json
        && serde_json::from_slice::<Value>(&base.body)
            .is_ok_and(|body| body.pointer(&point.reference.name).is_some_and(Value::is_number));
    if is_number {
        let body = String::from_utf8_lossy(&request.body);
        request.body = body.replace(&format!("\"{value}\""), value).into_bytes();
    }
    request
}

/// Where a number stands in the body, and not as a part of a longer one.
fn number_in(shot: &Shot, number: i128) -> Option<Range<usize>> {
    let (body, number) = (&shot.response().body, number.to_string());
    let is_digit =
        |at: Option<usize>| at.and_then(|at| body.get(at)).is_some_and(u8::is_ascii_digit);
    let mut found = memchr::memmem::find_iter(body, number.as_bytes());
    let at = found.find(|at| !is_digit(at.checked_sub(1)) && !is_digit(Some(at + number.len())))?;
    Some(shot.in_body(at..at + number.len()))
}

/// What is left of another number must be shown too, and a number below the bound as it is.
async fn wrapped(
    probe: &mut Probe,
    width: Width,
    attack: Asked,
) -> Result<Option<Proof>, ProbeStop> {
    let replay = ask(probe, width, Side::Beyond).await?;
    let control = ask(probe, width, Side::Below).await?;
    let (Some(mark), Some(again)) = (attack.kept, replay.kept) else { return Ok(None) };
    // A page full of numbers has both.
    let is_of_other = number_in(&attack.shot, replay.left).is_some()
        || number_in(&replay.shot, attack.left).is_some();
    let is_there_anyway =
        [attack.left, replay.left].into_iter().any(|left| number_in(&control.shot, left).is_some());
    if is_of_other || is_there_anyway {
        return Ok(None);
    }
    let detail = format!(
        "`{}` is taken for {} and `{}` for {}, as {} bits keep them; `{}` is not cut",
        attack.shot.value,
        attack.left,
        replay.shot.value,
        replay.left,
        width.bits,
        control.shot.value,
    );
    let baseline = probe.baseline().await?;
    let payloads = vec![attack.shot.value.clone(), replay.shot.value.clone()];
    Ok(Some(Proof {
        confidence: Confidence::Confirmed,
        detail,
        exhibits: vec![
            Exhibit::new(EvidenceRole::Baseline, baseline),
            Exhibit::marked(EvidenceRole::Attack, attack.shot, Some(mark)),
            Exhibit::marked(EvidenceRole::Replay, replay.shot, Some(again)),
            Exhibit::new(EvidenceRole::Control, control.shot),
        ],
        payloads,
    }))
}

/// Numbers beyond the bound must fail and those below must not, in whatever order.
async fn broken(
    probe: &mut Probe,
    width: Width,
    attack: Asked,
) -> Result<Option<Proof>, ProbeStop> {
    let mut sides = [[Side::Below, Side::Beyond]; ROUNDS].concat();
    probe.shuffle(&mut sides);
    let (mut errors, mut controls) = (Vec::new(), Vec::new());
    for side in sides {
        let Asked { shot, .. } = ask(probe, width, side).await?;
        if (shot.response().status >= 500) != (side == Side::Beyond) {
            return Ok(None);
        }
        if side == Side::Beyond { errors.push(shot) } else { controls.push(shot) }
    }
    let (Some(replay), Some(control)) = (errors.pop(), controls.pop()) else { return Ok(None) };
    let baseline = probe.baseline().await?;
    if baseline.response().status >= 500 {
        return Ok(None);
    }
    let kind = if width.signed { "signed" } else { "unsigned" };
    let detail = format!(
        "`{}` is answered with {}, and so are {ROUNDS} other numbers beyond what {} {kind} bits hold; \
         `{}`, just below, is answered with {}",
        attack.shot.value,
        attack.shot.response().status,
        width.bits,
        control.value,
        control.response().status,
    );
    let payloads = vec![attack.shot.value.clone(), replay.value.clone(), control.value.clone()];
    Ok(Some(Proof {
        confidence: Confidence::Tentative,
        detail,
        exhibits: vec![
            Exhibit::new(EvidenceRole::Baseline, baseline),
            Exhibit::new(EvidenceRole::Attack, attack.shot),
            Exhibit::new(EvidenceRole::Replay, replay),
            Exhibit::new(EvidenceRole::Control, control),
        ],
        payloads,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_of_a_number_is_what_its_bits_keep() {
        for width in WIDTHS {
            let number = width.bound() + 12_345;
            let kept = match (width.bits, width.signed) {
                (32, true) => i128::from(u32::try_from(number).expect("it fits").cast_signed()),
                (64, true) => i128::from(u64::try_from(number).expect("it fits").cast_signed()),
                _ => 12_345,
            };
            assert_eq!(width.kept(number), kept, "{width:?}");
        }
    }
}
