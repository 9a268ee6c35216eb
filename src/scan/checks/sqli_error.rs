//! SQL injection by error message.
//!
//! A quote that breaks the statement brings a database's error message, the repaired statement does
//! not, and another break brings it again. A message that the unchanged page shows too counts for
//! nothing.

use super::db_errors::DbError;
use super::db_errors::db_errors;
use super::statement::sql_by_design;
use crate::model::Confidence;
use crate::model::EvidenceRole;
use crate::scan::probe::Checking;
use crate::scan::probe::Exhibit;
use crate::scan::probe::InsertionPoint;
use crate::scan::probe::NativeCheck;
use crate::scan::probe::Outcome;
use crate::scan::probe::Probe;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Proof;
use crate::scan::probe::Shot;

/// See the module.
pub(super) struct SqliError;

/// A character that ends a string (or a numeric expression), and how often it must stand to mean
/// itself.
const BREAKS: [(&str, &str); 3] = [("'", "''"), ("\"", "\"\""), ("\\", "\\\\")];

impl NativeCheck for SqliError {
    fn id(&self) -> &'static str {
        "sqli-error"
    }

    fn root_cause(&self) -> &'static str {
        "sql-injection"
    }

    fn applies(&self, _point: &InsertionPoint) -> bool {
        true
    }

    fn run<'a>(&'a self, probe: &'a mut Probe) -> Checking<'a> {
        Box::pin(check(probe))
    }
}

async fn check(probe: &mut Probe) -> Result<Outcome, ProbeStop> {
    let value = probe.point().value.clone();
    if let Some(reason) = sql_by_design(&value) {
        return Ok(Outcome::Skipped(reason));
    }
    let baseline = probe.baseline().await?;
    let known = db_errors(&baseline.response().body);
    for (quote, doubled) in BREAKS {
        let attack = probe.fire(&format!("{value}{quote}")).await?;
        let Some(error) = new_error(&attack, &known) else { continue };
        if let Some(proof) = confirm(probe, &baseline, &attack, &error, (quote, doubled)).await? {
            return Ok(Outcome::Found(Box::new(proof)));
        }
    }
    Ok(Outcome::Clean)
}

/// The first message that the unchanged page does not show.
fn new_error(shot: &Shot, known: &[DbError]) -> Option<DbError> {
    db_errors(&shot.response().body)
        .into_iter()
        .find(|error| known.iter().all(|old| old.signature != error.signature))
}

fn shows(shot: &Shot, error: &DbError) -> Option<DbError> {
    db_errors(&shot.response().body).into_iter().find(|again| again.signature == error.signature)
}

async fn confirm(
    probe: &mut Probe,
    baseline: &Shot,
    attack: &Shot,
    error: &DbError,
    (quote, doubled): (&str, &str),
) -> Result<Option<Proof>, ProbeStop> {
    let value = baseline.value.clone();
    let Some(control) = repaired(probe, &value, quote, doubled, error).await? else {
        return Ok(None);
    };
    let word = probe.word();
    let replay = probe.fire(&format!("{value}{quote}{word}")).await?;
    let again = probe.baseline().await?;
    let Some(error_again) = shows(&replay, error) else { return Ok(None) };
    if shows(&again, error).is_some() {
        return Ok(None);
    }
    let detail = format!(
        "`{}` brought a {} error message, `{}` brought it again, and neither the unchanged \
         request nor `{}` shows it: the value is part of the SQL statement's text",
        attack.value, error.product, replay.value, control.value
    );
    let payloads =
        [attack, &control, &replay].iter().map(|shot| shot.value.clone()).collect::<Vec<_>>();
    let attack_mark = attack.in_body(error.at.clone());
    let replay_mark = replay.in_body(error_again.at);
    Ok(Some(Proof {
        confidence: Confidence::Firm,
        detail,
        exhibits: vec![
            Exhibit::new(EvidenceRole::Baseline, baseline.clone()),
            Exhibit::marked(EvidenceRole::Attack, attack.clone(), Some(attack_mark)),
            Exhibit::new(EvidenceRole::Control, control),
            Exhibit::marked(EvidenceRole::Replay, replay, Some(replay_mark)),
        ],
        payloads,
    }))
}

/// A request that is as odd as the attack but leaves the statement whole: the doubled quote inside a
/// string; a balanced condition after it; or arithmetic where the value is a number.
async fn repaired(
    probe: &mut Probe,
    value: &str,
    quote: &str,
    doubled: &str,
    error: &DbError,
) -> Result<Option<Shot>, ProbeStop> {
    let number = probe.number();
    let mut repairs = vec![format!("{value}{doubled}")];
    if quote != "\\" {
        repairs.push(format!("{value}{quote} AND {quote}{number}{quote}={quote}{number}"));
    }
    if value.parse::<i64>().is_ok() {
        repairs.push(format!("{value} AND {number}={number}"));
    }
    for repair in repairs {
        let control = probe.fire(&repair).await?;
        // A repaired statement brings no message at all, not merely another one.
        if shows(&control, error).is_none() && db_errors(&control.response().body).is_empty() {
            return Ok(Some(control));
        }
    }
    Ok(None)
}
