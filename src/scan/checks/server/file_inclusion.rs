//! File inclusion: a value that names a file of the application may name what the attacker sends, so
//! that the page holds it, or the server runs it.
//!
//! Asked in the way of what follows, each proven by what the request does not hold:
//!
//! * `data:` with a sum of products in PHP: the product comes back, twice.
//! * `data:` with base64: the words behind it come back, twice, but not those of base64 alone.
//! * the own file through the filters of PHP: its source comes back as base64 and by another cipher.
//! * an address of ours: somebody calls it.
//!
//! Nothing is included that does something. Cost at a clean point: 5 requests, only where name or
//! value promise a file.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::file_like::is_file_like;
use crate::model::Confidence;
use crate::model::EvidenceRole;
use crate::model::InsertionKind;
use crate::scan::probe::Checking;
use crate::scan::probe::Exhibit;
use crate::scan::probe::InsertionPoint;
use crate::scan::probe::Outcome;
use crate::scan::probe::PointCheck;
use crate::scan::probe::Probe;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Proof;
use crate::scan::probe::Shot;

/// Characters of a run of base64 that is looked into.
const MIN_RUN: usize = 24;

/// See the module.
pub(crate) struct FileInclusion;

impl PointCheck for FileInclusion {
    fn id(&self) -> &'static str {
        "file-inclusion"
    }

    fn root_cause(&self) -> &'static str {
        "file-inclusion"
    }

    fn applies(&self, point: &InsertionPoint) -> bool {
        let kind = point.reference.kind;
        matches!(kind, InsertionKind::Query | InsertionKind::Form | InsertionKind::Json)
            && is_file_like(point)
    }

    fn run<'a>(&'a self, probe: &'a mut Probe) -> Checking<'a> {
        Box::pin(check(probe))
    }
}

async fn check(probe: &mut Probe) -> Result<Outcome, ProbeStop> {
    let baseline = probe.baseline().await?;
    for way in [Way::Run, Way::Shown] {
        if let Some(proof) = sent_along(probe, &baseline, way).await? {
            return Ok(Outcome::Found(Box::new(proof)));
        }
    }
    if let Some(proof) = own_source(probe, &baseline).await? {
        return Ok(Outcome::Found(Box::new(proof)));
    }
    call(probe, &baseline).await?;
    Ok(Outcome::Clean)
}

/// What becomes of what is sent along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// The server runs it.
    Run,
    /// The page shows it.
    Shown,
}

/// A value, and what it gives that it does not hold.
fn question(probe: &mut Probe, way: Way) -> (String, String) {
    match way {
        Way::Run => {
            let (a, b) = (u64::from(probe.number()), u64::from(probe.number()));
            let word = probe.word();
            let value = format!("data:text/plain,<?php echo '{word}'.({a}*{b}).'{word}'; ?>");
            (value, format!("{word}{}{word}", a * b))
        }
        Way::Shown => {
            // Without padding, and with room for what is put behind it.
            let words = format!("{}{}{}", probe.word(), probe.word(), probe.word());
            (format!("data:text/plain;base64,{}", STANDARD.encode(&words)), words)
        }
    }
}

async fn sent_along(
    probe: &mut Probe,
    baseline: &Shot,
    way: Way,
) -> Result<Option<Proof>, ProbeStop> {
    let (value, given) = question(probe, way);
    let attack = probe.fire(&value).await?;
    let Some(mark) = attack.find(&given) else { return Ok(None) };
    let (value, again) = question(probe, way);
    let replay = probe.fire(&value).await?;
    let Some(replay_mark) = replay.find(&again) else { return Ok(None) };
    // A page that decodes base64 wherever it sees it includes nothing.
    let (value, bare) = question(probe, way);
    let (_, bare_value) = value.split_once(',').unwrap_or_default();
    let control = probe.fire(bare_value).await?;
    if control.find(&bare).is_some() {
        return Ok(None);
    }
    let what = match way {
        Way::Run => "the product that the code in it computes",
        Way::Shown => "what its base64 stands for",
    };
    let detail = format!(
        "`{}` is included: the page holds `{given}`, {what}; again with other values (`{again}`), \
         and not without `data:`",
        attack.value
    );
    let payloads = [&attack, &replay, &control].map(|shot| shot.value.clone()).to_vec();
    Ok(Some(Proof {
        confidence: Confidence::Confirmed,
        detail,
        exhibits: vec![
            Exhibit::new(EvidenceRole::Baseline, baseline.clone()),
            Exhibit::marked(EvidenceRole::Attack, attack, Some(mark)),
            Exhibit::marked(EvidenceRole::Replay, replay, Some(replay_mark)),
            Exhibit::new(EvidenceRole::Control, control),
        ],
        payloads,
    }))
}

/// The own file's source, where the application runs on PHP.
async fn own_source(probe: &mut Probe, baseline: &Shot) -> Result<Option<Proof>, ProbeStop> {
    let value = probe.point().value.clone();
    if value.is_empty() {
        return Ok(None);
    }
    let attack =
        probe.fire(&format!("php://filter/convert.base64-encode/resource={value}")).await?;
    let body = attack.response().body_text().into_owned();
    let Some(source) = decoded(&body) else { return Ok(None) };
    let replay = probe.fire(&format!("php://filter/string.rot13/resource={value}")).await?;
    let (start, _) = source.split_at_checked(MIN_RUN / 2).unwrap_or((&source, ""));
    let Some(mark) = replay.find(&rot13(start)) else { return Ok(None) };
    if baseline.find(&rot13(start)).is_some() {
        return Ok(None);
    }
    let detail = format!(
        "`{}` gives the file as base64, which begins with `{}`, and `{}` gives the same by the \
         cipher that it names",
        attack.value,
        start.trim(),
        replay.value
    );
    let payloads = vec![attack.value.clone(), replay.value.clone()];
    Ok(Some(Proof {
        confidence: Confidence::Confirmed,
        detail,
        exhibits: vec![
            Exhibit::new(EvidenceRole::Baseline, baseline.clone()),
            Exhibit::new(EvidenceRole::Attack, attack),
            Exhibit::marked(EvidenceRole::Replay, replay, Some(mark)),
        ],
        payloads,
    }))
}

/// The text behind the first run of base64 that stands for a text.
fn decoded(body: &str) -> Option<String> {
    let is_in = |c: char| c.is_ascii_alphanumeric() || "+/=".contains(c);
    let runs = body.split(|c| !is_in(c)).filter(|run| run.len() >= MIN_RUN);
    let mut texts = runs.filter_map(|run| {
        let text = String::from_utf8(STANDARD.decode(run).ok()?).ok()?;
        let is_text = text.chars().all(|c| !c.is_control() || c.is_ascii_whitespace());
        (is_text && text.chars().filter(char::is_ascii_alphabetic).count() >= MIN_RUN / 4)
            .then_some(text)
    });
    texts.next()
}

fn rot13(text: &str) -> String {
    let turned = |c: char| match c {
        'a'..='m' | 'A'..='M' => char::from(c as u8 + 13),
        'n'..='z' | 'N'..='Z' => char::from(c as u8 - 13),
        _ => c,
    };
    text.chars().map(turned).collect()
}

/// What is at an address of ours; what is put behind the value becomes a query.
async fn call(probe: &mut Probe, baseline: &Shot) -> Result<(), ProbeStop> {
    let Some(address) = probe.sender().address() else { return Ok(()) };
    let attack = probe.fire(&format!("http://{address}?")).await?;
    let detail = format!("`{}`, sent where a file is named, is fetched", attack.value);
    let proof = Proof {
        confidence: Confidence::Confirmed,
        detail,
        payloads: vec![attack.value.clone()],
        exhibits: vec![
            Exhibit::new(EvidenceRole::Baseline, baseline.clone()),
            Exhibit::new(EvidenceRole::Attack, attack),
        ],
    };
    probe.sender().expect_call(address, proof);
    Ok(())
}
