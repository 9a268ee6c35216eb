//! The rows of the table, one function each.

mod compared;
mod memory;
mod traced;

use crate::figure::Noise;
use crate::figure::Row;
use crate::problem::Problem;

/// All of them, in the table's order.
pub(crate) const ALL: &[Row] = &[
    Row {
        name: "h1-small",
        what: "HTTP/1.1, 13 bytes, 64 connections: shakedown / wrk",
        noise: Noise::Noisy,
        measure: compared::small,
    },
    Row {
        name: "instructions",
        what: "user-mode instructions per request, everything counted (callgrind)",
        noise: Noise::Steady,
        measure: traced::instructions,
    },
    Row {
        name: "syscalls",
        what: "system calls per request at saturation (strace)",
        noise: Noise::Steady,
        measure: traced::syscalls,
    },
    Row {
        name: "observer",
        what: "instructions per request for watching one response header",
        noise: Noise::Steady,
        measure: traced::observer,
    },
    Row {
        name: "oha",
        what: "HTTP/1.1, 13 bytes, 64 connections: shakedown / oha",
        noise: Noise::Noisy,
        measure: compared::oha,
    },
    Row {
        name: "h1-large",
        what: "HTTP/1.1, 10 KB, 64 connections: shakedown / wrk",
        noise: Noise::Noisy,
        measure: compared::large,
    },
    Row {
        name: "tls",
        what: "TLS 1.3, 13 bytes, 64 connections: shakedown / wrk",
        noise: Noise::Noisy,
        measure: compared::tls,
    },
    Row {
        name: "many-connections",
        what: "processor time per request at 10,000 connections against 64",
        noise: Noise::Noisy,
        measure: compared::many_connections,
    },
    Row {
        name: "connections",
        what: "memory from 64 to 10,000 connections",
        noise: Noise::Steady,
        measure: memory::connections,
    },
    Row {
        name: "requests",
        what: "memory from one to many million requests",
        noise: Noise::Steady,
        measure: memory::requests,
    },
    Row {
        name: "endpoints",
        what: "memory of 16 scenarios × 200 endpoints over an hour of windows",
        noise: Noise::Steady,
        measure: memory::endpoints,
    },
];

/// The rows of these names, or all; with `gate` only the steady ones.
pub(crate) fn chosen(names: &[String], gate: bool) -> Result<Vec<&'static Row>, Problem> {
    if let Some(unknown) = names.iter().find(|name| ALL.iter().all(|row| row.name != **name)) {
        return Err(Problem::UnknownRow(unknown.clone()));
    }
    let is_named = |row: &&Row| names.is_empty() || names.iter().any(|name| name == row.name);
    let is_steady = |row: &&Row| !gate || row.noise == Noise::Steady;
    Ok(ALL.iter().filter(is_named).filter(is_steady).collect())
}
