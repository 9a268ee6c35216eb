//! Format strings: the value is read as one, and its conversions are carried out.
//!
//! `%%` must come back as `%` and `%08x` as eight digits or more between random words, twice, while
//! `%%08x` comes back as `%08x`: nobody but a formatter does that. Languages that notice a missing argument
//! complain, or say so in the text (Go). At high strength many `%s` are sent, which may end a program that
//! takes numbers for addresses; `%n`, which writes, never is.
//!
//! Costs at a clean point: 3 requests, 4 at high strength.

use std::ops::Range;
use std::sync::LazyLock;

use regex::bytes::Regex;

use super::complaint::Complaint;
use super::complaint::complains;
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
use crate::scan::probe::Strength;

/// See the module.
pub(crate) struct FormatString;

/// Messages of Python, Ruby, PHP, Java, .NET and C libraries.
static MESSAGES: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r"(?i)not enough arguments for format string|not all arguments converted|unsupported format character|incomplete format|too few arguments \(ArgumentError\)|ArgumentError.{0,20}too few arguments|malformed format string|ArgumentCountError|\d+ arguments are required, \d+ given|s?printf\(\): Too few arguments|(?:MissingFormatArgument|UnknownFormatConversion|IllegalFormat\w*)Exception|Input string was not in a correct format";
    Regex::new(pattern).expect("the tests compile it")
});

/// `%s` of a program that may not survive them.
const MANY: usize = 24;

/// Times that it must not, and that its twin must be answered.
const CRASHES: usize = 3;

impl PointCheck for FormatString {
    fn id(&self) -> &'static str {
        "format-string"
    }

    fn root_cause(&self) -> &'static str {
        "format-string"
    }

    fn applies(&self, _point: &InsertionPoint) -> bool {
        true
    }

    fn run<'a>(&'a self, probe: &'a mut Probe) -> Checking<'a> {
        Box::pin(check(probe))
    }
}

async fn check(probe: &mut Probe) -> Result<Outcome, ProbeStop> {
    let mut proof = converted(probe).await?;
    if proof.is_none() {
        proof = complaint(probe).await?;
    }
    if proof.is_none() && probe.strength() == Strength::High {
        proof = crash(probe).await?;
    }
    Ok(proof.map_or(Outcome::Clean, |proof| Outcome::Found(Box::new(proof))))
}

/// A text between words, and where its conversion stands in the answer.
async fn ask(probe: &mut Probe, percent: &str) -> Result<(Shot, Option<Range<usize>>), ProbeStop> {
    let (left, middle, right) = (probe.word(), probe.word(), probe.word());
    let payload = format!("{left}%%{middle}{percent}08x{right}");
    let shot = probe.fire_and_see(&payload).await?;
    let pattern = format!(
        "{left}%{middle}(?:[0-9a-f]{{8,16}}|%!x\\((?:MISSING|NOVERB|BADINDEX)\\)|%!0?8?x\\(MISSING\\)){right}"
    );
    let pattern = Regex::new(&pattern).expect("words of letters");
    let mark = pattern.find(&shot.response().to_wire()).map(|found| found.range());
    Ok((shot, mark))
}

async fn converted(probe: &mut Probe) -> Result<Option<Proof>, ProbeStop> {
    let (attack, Some(mark)) = ask(probe, "%").await? else { return Ok(None) };
    let (replay, Some(replay_mark)) = ask(probe, "%").await? else { return Ok(None) };
    let (control, None) = ask(probe, "%%").await? else { return Ok(None) };
    let wire = attack.response().to_wire();
    let text = String::from_utf8_lossy(&wire[mark.clone()]).into_owned();
    let detail = format!(
        "`{}` comes back as `{text}`, and so does `{}` with other words, but `{}` does not: the value is \
         carried out as a format string",
        attack.value, replay.value, control.value
    );
    let payloads = [&attack, &replay, &control].iter().map(|shot| shot.value.clone()).collect();
    let baseline = probe.baseline().await?;
    Ok(Some(Proof {
        confidence: Confidence::Confirmed,
        detail,
        exhibits: vec![
            Exhibit::new(EvidenceRole::Baseline, baseline),
            Exhibit::marked(EvidenceRole::Attack, attack, Some(mark)),
            Exhibit::marked(EvidenceRole::Replay, replay, Some(replay_mark)),
            Exhibit::new(EvidenceRole::Control, control),
        ],
        payloads,
    }))
}

async fn complaint(probe: &mut Probe) -> Result<Option<Proof>, ProbeStop> {
    let value = probe.point().value.clone();
    let baseline = probe.baseline().await?;
    let complaint = Complaint {
        of: "a formatter",
        messages: &MESSAGES,
        broken: [&format!("{value}%x%d%x%d"), &format!("{value}%d%d%d%d%d")],
        mended: &[format!("{value}%%x%%d%%x%%d")],
    };
    complains(probe, &baseline, &complaint).await
}

/// Many `%s` are answered with an error or not at all, as many `%%s` like anything else.
async fn crash(probe: &mut Probe) -> Result<Option<Proof>, ProbeStop> {
    let value = probe.point().value.clone();
    let mut questions: Vec<&str> = [["%s", "%%s"]; CRASHES].concat();
    // The first one decides whether there is anything to see.
    probe.shuffle(&mut questions[1..]);
    let (mut attacks, mut controls, mut unanswered) = (Vec::new(), Vec::new(), 0);
    for question in questions {
        let payload = format!("{value}{}", question.repeat(MANY));
        let shot = match probe.fire(&payload).await {
            Ok(shot) => Some(shot),
            Err(ProbeStop::Failed(_)) => None,
            Err(stop) => return Err(stop),
        };
        let is_down = shot.as_ref().is_none_or(|shot| shot.response().status >= 500);
        if is_down != (question == "%s") {
            return Ok(None);
        }
        unanswered += usize::from(shot.is_none());
        if question == "%s" {
            attacks.extend(shot);
        } else {
            controls.extend(shot);
        }
    }
    let baseline = probe.baseline().await?;
    let Some(control) = controls.pop().filter(|_| baseline.response().status < 500) else {
        return Ok(None);
    };
    let payload = format!("{value}{}", "%s".repeat(MANY));
    let mut exhibits = vec![Exhibit::new(EvidenceRole::Baseline, baseline)];
    exhibits.extend(attacks.pop().map(|shot| Exhibit::new(EvidenceRole::Attack, shot)));
    let detail = format!(
        "`{payload}` is answered with an error, {unanswered} of {CRASHES} times not at all, and as many \
         times `{}` is not: the program may take what stands on its stack for addresses of texts",
        control.value
    );
    let payloads = vec![payload, control.value.clone()];
    exhibits.push(Exhibit::new(EvidenceRole::Control, control));
    Ok(Some(Proof { confidence: Confidence::Tentative, detail, exhibits, payloads }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_formatters_are_told_from_prose() {
        for text in [
            "TypeError: not enough arguments for format string",
            "java.util.MissingFormatArgumentException: Format specifier '%x'",
            "Uncaught ArgumentCountError: 5 arguments are required, 2 given",
        ] {
            assert!(MESSAGES.is_match(text.as_bytes()), "{text}");
        }
        assert!(!MESSAGES.is_match(b"too few arguments were brought forward"));
    }
}
