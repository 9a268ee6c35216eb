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
use crate::scan::probe::Outcome;
use crate::scan::probe::PointCheck;
use crate::scan::probe::Probe;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Proof;
use crate::scan::probe::Shot;

/// See the module.
pub(crate) struct SqliError;

/// A character that ends a string (or a numeric expression), and how often it must stand to mean
/// itself.
const BREAKS: [(&str, &str); 3] = [("'", "''"), ("\"", "\"\""), ("\\", "\\\\")];

impl PointCheck for SqliError {
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
        let seen = Seen { baseline: &baseline, known: &known, attack: &attack, error: &error };
        if let Some(proof) = confirm(probe, seen, (quote, doubled)).await? {
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

/// A message of the same product: another break may be worded in another way.
fn shows(shot: &Shot, error: &DbError, known: &[DbError]) -> Option<DbError> {
    let mut errors = db_errors(&shot.response().body).into_iter();
    errors.find(|again| {
        again.product == error.product && known.iter().all(|old| old.signature != again.signature)
    })
}

/// What was seen so far at a point.
struct Seen<'a> {
    baseline: &'a Shot,
    /// Messages that the unchanged page shows.
    known: &'a [DbError],
    attack: &'a Shot,
    error: &'a DbError,
}

async fn confirm(
    probe: &mut Probe,
    seen: Seen<'_>,
    (quote, doubled): (&str, &str),
) -> Result<Option<Proof>, ProbeStop> {
    let Seen { baseline, known, attack, error } = &seen;
    let value = baseline.value.clone();
    let Some(control) = repaired(probe, &value, quote, doubled).await? else {
        return Ok(None);
    };
    let word = probe.word();
    let replay = probe.fire(&format!("{value}{quote}{word}")).await?;
    let Some(error_again) = shows(&replay, error, known) else { return Ok(None) };
    if !follows_the_quote(probe, &seen, quote).await? {
        return Ok(None);
    }
    let detail = format!(
        "`{}` brought a {} error message, `{}` brought one again, and neither the unchanged \
         request nor `{}` does: the value is part of the SQL statement's text",
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
            Exhibit::new(EvidenceRole::Baseline, (*baseline).clone()),
            Exhibit::marked(EvidenceRole::Attack, (*attack).clone(), Some(attack_mark)),
            Exhibit::new(EvidenceRole::Control, control),
            Exhibit::marked(EvidenceRole::Replay, replay, Some(replay_mark)),
        ],
        payloads,
    }))
}

/// Breaks and unchanged requests in random order: a message that comes and goes by itself comes at the
/// wrong time.
async fn follows_the_quote(
    probe: &mut Probe,
    seen: &Seen<'_>,
    quote: &str,
) -> Result<bool, ProbeStop> {
    let mut breaks = [true, false, true, false, true, false];
    // A message that comes every other time follows every other question.
    while breaks.windows(2).all(|two| two[0] != two[1]) {
        probe.shuffle(&mut breaks);
    }
    for is_break in breaks {
        let shot = if is_break {
            let word = probe.word();
            probe.fire(&format!("{}{quote}{word}", seen.baseline.value)).await?
        } else {
            probe.baseline().await?
        };
        if shows(&shot, seen.error, seen.known).is_some() != is_break {
            return Ok(false);
        }
    }
    Ok(true)
}

/// A request that is as odd as the attack but leaves the statement whole: the doubled quote inside a
/// string; a balanced condition after it; or arithmetic where the value is a number.
async fn repaired(
    probe: &mut Probe,
    value: &str,
    quote: &str,
    doubled: &str,
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
        if db_errors(&control.response().body).is_empty() {
            return Ok(Some(control));
        }
    }
    Ok(None)
}
