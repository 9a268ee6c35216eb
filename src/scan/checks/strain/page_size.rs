//! Pages as large as whoever asks likes: a parameter that says how many entries there are to be has no
//! upper bound.
//!
//! Entries are counted (the longest array of JSON, else rows and items of HTML). The parameter must do
//! what it says at its own value, and give more than a thousand entries, and many times more, when
//! asked for ten thousand, twice; where there are not as many, some hundreds are a hint. Nothing larger
//! is asked for. Cost at a clean point: 2 requests, 3 where it is found.

use crate::model::Confidence;
use crate::model::EvidenceRole;
use crate::model::InsertionKind;
use crate::scan::checks::names::promises;
use crate::scan::probe::Checking;
use crate::scan::probe::Exhibit;
use crate::scan::probe::InsertionPoint;
use crate::scan::probe::Outcome;
use crate::scan::probe::PointCheck;
use crate::scan::probe::Probe;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Proof;
use crate::scan::probe::Shot;

/// Names of parameters that say how many, or how far back: one entry for each day, mostly.
const NAMES: [&str; 22] = [
    "limit",
    "size",
    "perpage",
    "page_size",
    "pagesize",
    "count",
    "rows",
    "top",
    "first",
    "last",
    "take",
    "max",
    "results",
    "num",
    "per",
    "amount",
    "length",
    "hours",
    "days",
    "weeks",
    "months",
    "years",
];

/// Entries that are asked for at most.
const MANY: u64 = 10_000;

/// More than a careful bound would be.
const BEYOND_BOUNDS: usize = 1000;

/// More than a page would have.
const HINT: usize = 200;

/// So many times more than the parameter's own value gives.
const TIMES: usize = 4;

/// Levels of JSON that are looked into.
const MAX_DEPTH: u32 = 4;

/// See the module.
pub(crate) struct PageSize;

impl PointCheck for PageSize {
    fn id(&self) -> &'static str {
        "page-size"
    }

    fn root_cause(&self) -> &'static str {
        "page-size"
    }

    fn applies(&self, point: &InsertionPoint) -> bool {
        matches!(point.reference.kind, InsertionKind::Query | InsertionKind::Json)
            && promises(&point.reference.name, &NAMES)
            && point.value.parse::<u64>().is_ok_and(|value| (1..MANY / 4).contains(&value))
    }

    fn run<'a>(&'a self, probe: &'a mut Probe) -> Checking<'a> {
        Box::pin(check(probe))
    }
}

async fn check(probe: &mut Probe) -> Result<Outcome, ProbeStop> {
    let own: usize = probe.point().value.parse().unwrap_or_default();
    let baseline = probe.baseline().await?;
    let few = entries(&baseline);
    if few == 0 || baseline.response().status >= 400 {
        return Ok(Outcome::Clean);
    }
    let attack = probe.fire(&MANY.to_string()).await?;
    let many = entries(&attack);
    // Bounded, whatever is asked for; or it says something else.
    if many < HINT || many < few * TIMES || few > own || attack.response().status >= 400 {
        return Ok(Outcome::Clean);
    }
    let replay = probe.fire(&(MANY - 1).to_string()).await?;
    let again = entries(&replay);
    let is_bound = |count: usize| count.is_multiple_of(100) && (count as u64) < MANY;
    if again.abs_diff(many) > 1 {
        return Ok(Outcome::Clean);
    }
    let confidence = if many > BEYOND_BOUNDS && !is_bound(many) {
        Confidence::Firm
    } else if is_bound(many) {
        // A round number is a bound, if a large one.
        return Ok(Outcome::Clean);
    } else {
        Confidence::Tentative
    };
    let detail = format!(
        "{own} gives {few} entries, {} gives {many} ({} bytes instead of {}), and {} gives {again}",
        attack.value,
        attack.response().body.len(),
        baseline.response().body.len(),
        replay.value
    );
    let payloads = vec![attack.value.clone(), replay.value.clone()];
    let exhibits = vec![
        Exhibit::new(EvidenceRole::Baseline, baseline),
        Exhibit::new(EvidenceRole::Attack, attack),
        Exhibit::new(EvidenceRole::Replay, replay),
    ];
    Ok(Outcome::Found(Box::new(Proof { confidence, detail, exhibits, payloads })))
}

/// Entries of an answer.
fn entries(shot: &Shot) -> usize {
    let body = &shot.response().body;
    if let Ok(value) = serde_json::from_slice::<serde_json::Value>(body) {
        return longest(&value, 0);
    }
    let rows = [b"<tr".as_slice(), b"<li", b"<article", b"<option"].into_iter();
    rows.map(|row| memchr::memmem::find_iter(body, row).count()).max().unwrap_or(0)
}

fn longest(value: &serde_json::Value, depth: u32) -> usize {
    if depth > MAX_DEPTH {
        return 0;
    }
    match value {
        serde_json::Value::Array(items) => items.len(),
        serde_json::Value::Object(members) => {
            members.values().map(|member| longest(member, depth + 1)).max().unwrap_or(0)
        }
        serde_json::Value::Null
        | serde_json::Value::Bool(_)
        | serde_json::Value::Number(_)
        | serde_json::Value::String(_) => 0,
    }
}
