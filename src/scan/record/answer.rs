//! An answer as a row.

use std::io::Read as _;
use std::io::Write as _;
use std::time::Duration;

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use rusqlite::Connection;
use rusqlite::OptionalExtension as _;
use rusqlite::params;

use super::sealed::Part;
use super::sealed::Sealed;
use crate::model::HttpVersion;

/// Longest body that is read back: what the client reads at most, and some room.
const MAX_BODY: u64 = 64 << 20;

pub(super) const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS answers (
    id INTEGER PRIMARY KEY, request INTEGER NOT NULL, status INTEGER NOT NULL, reason TEXT NOT NULL,
    version TEXT NOT NULL, head BLOB NOT NULL, head_removed TEXT NOT NULL, body BLOB NOT NULL,
    body_removed TEXT NOT NULL, wire_len INTEGER NOT NULL, truncated INTEGER NOT NULL,
    duration_us INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS answers_by_request ON answers (request);
";

/// Writes an answer to the request of that key.
pub(super) fn insert(
    connection: &Connection,
    request: i64,
    answer: &Sealed,
) -> rusqlite::Result<()> {
    let mut body = DeflateEncoder::new(Vec::new(), Compression::fast());
    body.write_all(&answer.body.bytes).expect("a vector takes everything");
    let body = body.finish().expect("a vector takes everything");
    let mut statement = connection.prepare_cached(
        "INSERT INTO answers (request, status, reason, version, head, head_removed, body, \
         body_removed, wire_len, truncated, duration_us) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )?;
    statement.execute(params![
        request,
        answer.status,
        answer.reason,
        answer.version.number(),
        answer.head.bytes,
        answer.head.removed_text(),
        body,
        answer.body.removed_text(),
        i64::try_from(answer.wire_len).unwrap_or(i64::MAX),
        answer.truncated,
        i64::try_from(answer.duration.as_micros()).unwrap_or(i64::MAX),
    ])?;
    Ok(())
}

/// `None` for what is not readable as an answer.
pub(super) fn read(connection: &Connection, id: i64) -> rusqlite::Result<Option<Sealed>> {
    let mut statement = connection.prepare_cached(
        "SELECT status, reason, version, head, head_removed, body, body_removed, wire_len, \
         truncated, duration_us FROM answers WHERE id = ?1",
    )?;
    let read = statement
        .query_row([id], |row| {
            let (version, packed): (String, Vec<u8>) = (row.get(2)?, row.get(5)?);
            let mut body = Vec::new();
            let unpacked =
                DeflateDecoder::new(packed.as_slice()).take(MAX_BODY).read_to_end(&mut body);
            let (Ok(_), Some(version)) = (unpacked, HttpVersion::parse(&version)) else {
                return Ok(None);
            };
            let (head_removed, body_removed): (String, String) = (row.get(4)?, row.get(6)?);
            let (wire_len, duration): (i64, i64) = (row.get(7)?, row.get(9)?);
            Ok(Some(Sealed {
                status: row.get(0)?,
                reason: row.get(1)?,
                version,
                head: Part::of(row.get(3)?, &head_removed),
                body: Part::of(body, &body_removed),
                wire_len: wire_len.unsigned_abs(),
                truncated: row.get(8)?,
                duration: Duration::from_micros(duration.unsigned_abs()),
            }))
        })
        .optional()?;
    Ok(read.flatten())
}
