//! SQL injection by union: a row that the database has worked out stands on the page.
//!
//! A text that breaks every statement tells whether anything can be found. `ORDER BY 1` behind a comment
//! that hides the rest must keep the page and a column that does not exist must not: that is how the value
//! is quoted, and then how many columns there are. A union with a product in them is to show it.
//!
//! Costs at a clean point: 3 requests; where the page takes offence at the first text 10 at medium strength,
//! 7 at low, 14 at high.

use super::computed::Answer;
use super::computed::Question;
use super::computed::works_out;
use super::statement::sql_by_design;
use super::truth::KnownPage;
use super::truth::known_page;
use super::truth::takes_offence;
use crate::scan::probe::Checking;
use crate::scan::probe::InsertionPoint;
use crate::scan::probe::Outcome;
use crate::scan::probe::PointCheck;
use crate::scan::probe::Probe;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Proof;
use crate::scan::probe::Strength;

/// See the module.
pub(crate) struct SqliUnion;

/// What ends the value, most frequent first.
const ENDS: [&str; 11] = ["'", "", "\"", "')", ")", "%'", "\")", "%')", "'))", "))", "\"))"];

/// Columns that a statement has at most, as far as is looked.
const MAX_COLUMNS: usize = 40;

/// Columns that are tried one by one.
const MAX_SINGLE: usize = 12;

/// How products of databases put a text together, and what a `SELECT` without a table ends with.
const TEXTS: [(&str, &str, &str); 4] = [
    ("MySQL, PostgreSQL or SQL Server", "CONCAT('«l»',«a»*«b»,'«r»')", ""),
    ("SQLite or PostgreSQL", "'«l»'||(«a»*«b»)||'«r»'", ""),
    ("Oracle", "'«l»'||(«a»*«b»)||'«r»'", " FROM DUAL"),
    ("SQL Server", "'«l»'+CAST(«a»*«b» AS VARCHAR(20))+'«r»'", ""),
];

impl PointCheck for SqliUnion {
    fn id(&self) -> &'static str {
        "sqli-union"
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
    let page = match known_page(probe, &value, 2).await? {
        Ok(page) => page,
        Err(reason) => return Ok(Outcome::Skipped(reason)),
    };
    if let Some(reason) = page.is_error() {
        return Ok(Outcome::Skipped(reason));
    }
    if !takes_offence(probe, &page).await? {
        return Ok(Outcome::Clean);
    }
    let ends = match probe.strength() {
        Strength::Low => 4,
        Strength::Medium => 7,
        Strength::High => ENDS.len(),
    };
    for end in &ENDS[..ends] {
        let Some(columns) = columns(probe, &page, end).await? else { continue };
        if let Some(proof) = union(probe, &format!("{value}{end}"), columns).await? {
            return Ok(Outcome::Found(Box::new(proof)));
        }
    }
    Ok(Outcome::Clean)
}

/// How many columns the statement has, if this is what ends the value.
async fn columns(
    probe: &mut Probe,
    page: &KnownPage,
    end: &str,
) -> Result<Option<usize>, ProbeStop> {
    if !is_sorted(probe, page, end, 1).await? || is_sorted(probe, page, end, 1000).await? {
        return Ok(None);
    }
    let (mut fits, mut fails) = (1, 2);
    while fails <= MAX_COLUMNS && is_sorted(probe, page, end, fails).await? {
        (fits, fails) = (fails, fails * 2);
    }
    while fails - fits > 1 {
        let middle = usize::midpoint(fits, fails);
        if is_sorted(probe, page, end, middle).await? {
            fits = middle;
        } else {
            fails = middle;
        }
    }
    Ok((fits <= MAX_COLUMNS).then_some(fits))
}

/// Whether the page stays what it is when its rows are sorted by this column.
async fn is_sorted(
    probe: &mut Probe,
    page: &KnownPage,
    end: &str,
    column: usize,
) -> Result<bool, ProbeStop> {
    let shot = probe.fire(&format!("{}{end} ORDER BY {column}-- -", page.value)).await?;
    Ok(page.shows(&shot))
}

/// First a text in every column, then a number, then, as some databases are strict about types, a text
/// in one column after the other.
async fn union(probe: &mut Probe, start: &str, columns: usize) -> Result<Option<Proof>, ProbeStop> {
    for (of, text, table) in TEXTS {
        let select = format!("{}{table}", vec![text; columns].join(","));
        if let Some(proof) = select_shows(probe, start, of, &select, Answer::Product).await? {
            return Ok(Some(proof));
        }
    }
    let numbers = vec!["«a»*«b»"; columns].join(",");
    let of = "a number in every column";
    if let Some(proof) = select_shows(probe, start, of, &numbers, Answer::BareProduct).await? {
        return Ok(Some(proof));
    }
    for column in 0..columns.min(MAX_SINGLE) {
        for (of, text, table) in [TEXTS[1], TEXTS[2], TEXTS[3]] {
            let mut row = vec!["NULL"; columns];
            row[column] = text;
            let select = format!("{}{table}", row.join(","));
            if let Some(proof) = select_shows(probe, start, of, &select, Answer::Product).await? {
                return Ok(Some(proof));
            }
        }
    }
    Ok(None)
}

/// Whether the page shows what a row of these columns holds, and nothing else does.
async fn select_shows(
    probe: &mut Probe,
    start: &str,
    of: &str,
    select: &str,
    answer: Answer,
) -> Result<Option<Proof>, ProbeStop> {
    let of = format!("a row of its statement ({of})");
    let ask = format!("«v» AND 1=2 UNION ALL SELECT {select}-- -");
    let inert = format!("«v» {select}-- -");
    works_out(probe, &Question { of: &of, ask: &ask, inert: &inert, answer }, start).await
}
