//! SQL injection by truth: a true condition leaves the page as it is, a false one changes it.
//!
//! Nothing is concluded from one answer. The page must be stable enough to be compared; the true
//! condition must give the page of the unchanged request; the false one, which differs only in a
//! number, must not; both several times, with new numbers and other operators, in random order; and
//! a statement that the same text breaks must not give the page either.

use super::statement::sql_by_design;
use crate::model::Confidence;
use crate::model::EvidenceRole;
use crate::scan::probe::Checking;
use crate::scan::probe::Exhibit;
use crate::scan::probe::InsertionPoint;
use crate::scan::probe::Likeness;
use crate::scan::probe::NativeCheck;
use crate::scan::probe::Outcome;
use crate::scan::probe::Probe;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Proof;
use crate::scan::probe::Shape;
use crate::scan::probe::Shot;

/// See the module.
pub(super) struct SqliBoolean;

/// What stands around the condition: before it (after the value) and after it, for a value in a
/// number, a string, a `LIKE` pattern, with and without brackets. `#` is a random word.
const CONTEXTS: [(&str, &str); 11] = [
    (" AND ", ""),
    ("' AND ", " AND '#'='#"),
    ("%' AND ", " AND '%'='"),
    ("\" AND ", " AND \"#\"=\"#"),
    (") AND (", ""),
    ("') AND ", " AND ('#'='#"),
    ("%') AND ", " AND ('%'='"),
    ("' AND ", "-- "),
    ("%' AND ", "-- "),
    ("%\" AND ", " AND \"%\"=\""),
    ("\") AND ", " AND (\"#\"=\"#"),
];

/// Conditions of which each pair differs in one number only.
const CONDITIONS: [(&str, &str); 4] = [
    ("{a}={a}", "{a}={b}"),
    ("{a} IN ({b},{a})", "{a} IN ({b},{c})"),
    ("NOT {a}={b}", "NOT {a}={a}"),
    ("{a} BETWEEN {a} AND {a}", "{a} BETWEEN {b} AND {b}"),
];

/// Fetches of the unchanged request that tell what the page is.
const BASELINES: usize = 3;

/// Times a page that changes during the check is learnt anew.
const ATTEMPTS: usize = 2;

/// Values seen at the point that are tried: one that finds nothing can prove nothing.
const MAX_VALUES: usize = 3;

impl NativeCheck for SqliBoolean {
    fn id(&self) -> &'static str {
        "sqli-boolean"
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
    if let Some(reason) = sql_by_design(&probe.point().value) {
        return Ok(Outcome::Skipped(reason));
    }
    let (mut reason, mut compared) = (None, false);
    for value in values_to_try(probe) {
        match check_value(probe, &value).await? {
            Outcome::Found(proof) => return Ok(Outcome::Found(proof)),
            Outcome::Clean => compared = true,
            Outcome::Skipped(why) => reason = reason.or(Some(why)),
        }
    }
    Ok(match reason {
        Some(reason) if !compared => Outcome::Skipped(reason),
        _ => Outcome::Clean,
    })
}

/// Every context at one value. A page that somebody else changes meanwhile (a review, a counter)
/// tells nothing about the conditions: then once more from the start.
async fn check_value(probe: &mut Probe, value: &str) -> Result<Outcome, ProbeStop> {
    for _ in 0..ATTEMPTS {
        let page = match known_page(probe, value).await? {
            Ok(page) => page,
            Err(reason) => return Ok(Outcome::Skipped(reason)),
        };
        for context in CONTEXTS {
            if let Some(proof) = try_context(probe, &page, context).await? {
                return Ok(Outcome::Found(Box::new(proof)));
            }
        }
        let unchanged = probe.fire(value).await?;
        if page.shows(&unchanged) {
            return Ok(Outcome::Clean);
        }
    }
    Ok(Outcome::Skipped("the page kept changing while it was checked".to_owned()))
}

/// Seen values, and for a text a frequent letter: searches find something by it.
fn values_to_try(probe: &Probe) -> Vec<String> {
    let mut values = probe.seen_values();
    let is_text = values.iter().all(|value| value.parse::<f64>().is_err());
    if is_text && !values.iter().any(|value| value == "a") {
        values.truncate(MAX_VALUES - 1);
        values.push("a".to_owned());
    }
    values.truncate(MAX_VALUES);
    values
}

/// The page that the unchanged value gives.
struct KnownPage {
    value: String,
    first: Shot,
    likeness: Likeness,
}

impl KnownPage {
    fn shows(&self, shot: &Shot) -> bool {
        self.likeness.is(&Shape::of(shot.response(), &shot.value, &self.value))
    }
}

async fn known_page(
    probe: &mut Probe,
    value: &str,
) -> Result<Result<KnownPage, String>, ProbeStop> {
    let mut shots = Vec::new();
    for _ in 0..BASELINES {
        shots.push(probe.fire(value).await?);
    }
    let first = shots[0].clone();
    if first.response().status >= 400 {
        let status = first.response().status;
        return Ok(Err(format!("the unchanged request is answered with {status}")));
    }
    let shapes: Vec<Shape> =
        shots.iter().map(|shot| Shape::of(shot.response(), value, value)).collect();
    Ok(match Likeness::of(&shapes) {
        Some(likeness) => Ok(KnownPage { value: value.to_owned(), first, likeness }),
        None => Err("the page changes too much by itself to be compared".to_owned()),
    })
}

/// One context with its word filled in.
struct Template {
    before: String,
    after: String,
}

impl Template {
    fn payload(&self, condition: &str) -> String {
        format!("{}{condition}{}", self.before, self.after)
    }
}

async fn try_context(
    probe: &mut Probe,
    page: &KnownPage,
    (before, after): (&str, &str),
) -> Result<Option<Proof>, ProbeStop> {
    let word = probe.word();
    let template =
        Template { before: format!("{}{before}", page.value), after: after.replace('#', &word) };
    let (yes, no) = conditions(probe, 0);
    let control = probe.fire(&template.payload(&yes)).await?;
    if !page.shows(&control) {
        return Ok(None);
    }
    let attack = probe.fire(&template.payload(&no)).await?;
    if page.shows(&attack) {
        return Ok(None);
    }
    let mut replay = None;
    for round in 1..CONDITIONS.len() {
        match confirm_round(probe, page, &template, round).await? {
            Some(shots) => replay = replay.or(Some(shots)),
            None => return Ok(None),
        }
    }
    let broken = probe.fire(&template.payload(&format!("{yes} AND"))).await?;
    let unchanged = probe.fire(&page.value).await?;
    let Some((replay_yes, replay_no)) = replay else { return Ok(None) };
    if page.shows(&broken) || !page.shows(&unchanged) {
        return Ok(None);
    }
    Ok(Some(proof(page, control, attack, (replay_yes, replay_no), broken)))
}

/// Two true and two false conditions in random order; all must tell the same.
async fn confirm_round(
    probe: &mut Probe,
    page: &KnownPage,
    template: &Template,
    round: usize,
) -> Result<Option<(Shot, Shot)>, ProbeStop> {
    let mut questions = Vec::new();
    for _ in 0..2 {
        let (yes, no) = conditions(probe, round);
        questions.push((yes, true));
        questions.push((no, false));
    }
    probe.shuffle(&mut questions);
    let (mut yes, mut no) = (None, None);
    for (condition, truth) in questions {
        let shot = probe.fire(&template.payload(&condition)).await?;
        if page.shows(&shot) != truth {
            return Ok(None);
        }
        if truth {
            yes = Some(shot);
        } else {
            no = Some(shot);
        }
    }
    Ok(yes.zip(no))
}

/// The true and the false condition of a round, with new numbers.
fn conditions(probe: &mut Probe, round: usize) -> (String, String) {
    let a = probe.number();
    let b = a + 1 + probe.number();
    let c = b + 1 + probe.number();
    let fill = |text: &str| {
        text.replace("{a}", &a.to_string())
            .replace("{b}", &b.to_string())
            .replace("{c}", &c.to_string())
    };
    let (yes, no) = CONDITIONS[round];
    (fill(yes), fill(no))
}

fn proof(
    page: &KnownPage,
    control: Shot,
    attack: Shot,
    (replay_yes, replay_no): (Shot, Shot),
    broken: Shot,
) -> Proof {
    let rounds = (CONDITIONS.len() - 1) * 2 + 1;
    let detail = format!(
        "the true condition `{}` gives the page of `{}`, the false one `{}` another, {rounds} times \
         each with new numbers and operators in random order; `{}`, which breaks the statement, \
         does not give the page either",
        control.value, page.value, attack.value, broken.value
    );
    let payloads = [&control, &attack, &replay_yes, &replay_no, &broken]
        .iter()
        .map(|shot| shot.value.clone())
        .collect();
    Proof {
        confidence: Confidence::Firm,
        detail,
        exhibits: vec![
            Exhibit::new(EvidenceRole::Baseline, page.first.clone()),
            Exhibit::new(EvidenceRole::Attack, attack),
            Exhibit::new(EvidenceRole::Control, control),
            Exhibit::new(EvidenceRole::Replay, replay_no),
            Exhibit::new(EvidenceRole::Control, replay_yes),
            Exhibit::new(EvidenceRole::Control, broken),
        ],
        payloads,
    }
}
