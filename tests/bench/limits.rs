//! The gate's limits.
//!
//! Measured on 2026-11-28 with the `dist` profile of Rust 1.95, valgrind 3.19 and strace 6.1 on an
//! x86-64 virtual machine (AMD Zen 4, Linux 6.18); instructions on 2026-12-01, since when answers
//! can be looked at while they come. A limit is a little above what was measured, never above the
//! bar of its row (so a figure that misses its bar fails the gate): whoever makes the engine cheaper
//! lowers it.

/// The most that a figure may be.
pub(crate) struct Limit {
    pub(crate) row: &'static str,
    pub(crate) figure: &'static str,
    pub(crate) at_most: f64,
    /// What it was when the limit was set.
    pub(crate) measured: f64,
}

const fn limit(row: &'static str, figure: &'static str, at_most: f64, measured: f64) -> Limit {
    Limit { row, figure, at_most, measured }
}

/// By row and figure.
pub(crate) const LIMITS: &[Limit] = &[
    limit("instructions", "same head", 1950.0, 1893.0),
    limit("instructions", "changing head", 2200.0, 2183.0),
    limit("syscalls", "shakedown", 2.1, 2.03),
    limit("observer", "on − off", 300.0, 296.0),
    limit("connections", "bytes per connection", 1024.0, 567.0),
    limit("requests", "growth", 1.0, 0.14),
    limit("endpoints", "stated", 256.0, 254.0),
    limit("endpoints", "after a minute", 140.0, 110.0),
];
