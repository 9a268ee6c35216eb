//! What a template has done, as rows: it is not asked again, and what it found comes back.

use std::collections::HashSet;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::OptionalExtension as _;
use rusqlite::params;

use super::sealed::Part;
use super::sealed::Sealed;
use crate::model::HttpVersion;

pub(super) const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS templates (
    id INTEGER PRIMARY KEY, key INTEGER NOT NULL UNIQUE, asked INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS hits (
    id INTEGER PRIMARY KEY, template INTEGER NOT NULL, status INTEGER, reason TEXT NOT NULL,
    version TEXT NOT NULL, wire_len INTEGER NOT NULL, truncated INTEGER NOT NULL,
    duration_us INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS hits_by_template ON hits (template);
CREATE TABLE IF NOT EXISTS hit_parts (
    id INTEGER PRIMARY KEY, hit INTEGER NOT NULL, name TEXT NOT NULL, bytes BLOB NOT NULL,
    removed TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS hit_parts_by_hit ON hit_parts (hit);
";

/// Names of the parts that an answer has.
const HEAD: &str = "answer head";
const BODY: &str = "answer body";

/// What a template did, without what nobody else may know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SealedOutcome {
    /// Requests that it asked for.
    pub(super) asked: u64,
    pub(super) hits: Vec<SealedHit>,
}

/// One thing that it found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SealedHit {
    /// By name, in order; names may come more than once.
    pub(super) parts: Vec<(String, Part)>,
    pub(super) answer: Option<Sealed>,
}

/// Templates that are done.
pub(super) fn keys(connection: &Connection) -> rusqlite::Result<HashSet<i64>> {
    let mut statement = connection.prepare("SELECT key FROM templates")?;
    let found = statement.query_map([], |row| row.get(0))?;
    found.collect()
}

/// Writes what a template did; what was written of it before is no more.
pub(super) fn insert(
    connection: &Connection,
    key: i64,
    outcome: &SealedOutcome,
) -> rusqlite::Result<()> {
    let known: Option<i64> = connection
        .query_row("SELECT id FROM templates WHERE key = ?1", [key], |row| row.get(0))
        .optional()?;
    if let Some(known) = known {
        let parts = "DELETE FROM hit_parts WHERE hit IN (SELECT id FROM hits WHERE template = ?1)";
        connection.execute(parts, [known])?;
        connection.execute("DELETE FROM hits WHERE template = ?1", [known])?;
        connection.execute("DELETE FROM templates WHERE id = ?1", [known])?;
    }
    let asked = i64::try_from(outcome.asked).unwrap_or(i64::MAX);
    connection
        .prepare_cached("INSERT INTO templates (key, asked) VALUES (?1, ?2)")?
        .execute(params![key, asked])?;
    let template = connection.last_insert_rowid();
    for hit in &outcome.hits {
        insert_hit(connection, template, hit)?;
    }
    Ok(())
}

fn insert_hit(connection: &Connection, template: i64, hit: &SealedHit) -> rusqlite::Result<()> {
    let answer = hit.answer.as_ref();
    connection
        .prepare_cached(
            "INSERT INTO hits (template, status, reason, version, wire_len, truncated, duration_us) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            template,
            answer.map(|answer| answer.status),
            answer.map_or("", |answer| answer.reason.as_str()),
            answer.map_or("", |answer| answer.version.number()),
            answer.map_or(0, |answer| i64::try_from(answer.wire_len).unwrap_or(i64::MAX)),
            answer.is_some_and(|answer| answer.truncated),
            answer.map_or(0, |answer| {
                i64::try_from(answer.duration.as_micros()).unwrap_or(i64::MAX)
            }),
        ])?;
    let id = connection.last_insert_rowid();
    let of_answer =
        answer.into_iter().flat_map(|answer| [(HEAD, &answer.head), (BODY, &answer.body)]);
    let own = hit.parts.iter().map(|(name, part)| (name.as_str(), part));
    let mut statement = connection.prepare_cached(
        "INSERT INTO hit_parts (hit, name, bytes, removed) VALUES (?1, ?2, ?3, ?4)",
    )?;
    for (name, part) in own.chain(of_answer) {
        statement.execute(params![id, name, part.bytes, part.removed_text()])?;
    }
    Ok(())
}

/// `None` where a template is not done, or what it did cannot be read.
pub(super) fn read(connection: &Connection, key: i64) -> rusqlite::Result<Option<SealedOutcome>> {
    let known: Option<(i64, i64)> = connection
        .query_row("SELECT id, asked FROM templates WHERE key = ?1", [key], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    let Some((template, asked)) = known else { return Ok(None) };
    let mut statement = connection.prepare_cached(
        "SELECT id, status, reason, version, wire_len, truncated, duration_us FROM hits \
         WHERE template = ?1 ORDER BY id",
    )?;
    let rows = statement.query_map([template], |row| {
        let head = Head {
            status: row.get(1)?,
            reason: row.get(2)?,
            version: row.get(3)?,
            wire_len: row.get(4)?,
            truncated: row.get(5)?,
            duration_us: row.get(6)?,
        };
        Ok((row.get::<_, i64>(0)?, head))
    })?;
    let mut hits = Vec::new();
    for row in rows {
        let (id, head) = row?;
        let Some(hit) = read_hit(connection, id, head)? else { return Ok(None) };
        hits.push(hit);
    }
    Ok(Some(SealedOutcome { asked: asked.unsigned_abs(), hits }))
}

/// An answer but for its parts.
struct Head {
    status: Option<u16>,
    reason: String,
    version: String,
    wire_len: i64,
    truncated: bool,
    duration_us: i64,
}

fn read_hit(connection: &Connection, id: i64, head: Head) -> rusqlite::Result<Option<SealedHit>> {
    let mut statement = connection
        .prepare_cached("SELECT name, bytes, removed FROM hit_parts WHERE hit = ?1 ORDER BY id")?;
    let rows = statement.query_map([id], |row| {
        let (name, bytes, removed): (String, Vec<u8>, String) =
            (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok((name, Part::of(bytes, &removed)))
    })?;
    let all: Vec<(String, Part)> = rows.collect::<rusqlite::Result<_>>()?;
    let (of_answer, parts): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|(name, _)| name == HEAD || name == BODY);
    let Some(status) = head.status else { return Ok(Some(SealedHit { parts, answer: None })) };
    let part = |wanted: &str| {
        let found = of_answer.iter().find(|(name, _)| name == wanted);
        found.map(|(_, part)| part.clone())
    };
    let (Some(version), Some(top), Some(body)) =
        (HttpVersion::parse(&head.version), part(HEAD), part(BODY))
    else {
        return Ok(None);
    };
    let answer = Sealed {
        status,
        reason: head.reason,
        version,
        head: top,
        body,
        wire_len: head.wire_len.unsigned_abs(),
        truncated: head.truncated,
        duration: Duration::from_micros(head.duration_us.unsigned_abs()),
    };
    Ok(Some(SealedHit { parts, answer: Some(answer) }))
}
