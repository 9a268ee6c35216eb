//! Plan file and flags, resolved: every default filled in, every mistake found before anything is
//! sent. Reads files, sends nothing.

mod types;

pub use types::{
    Connection, CrawlSettings, Executor, Late, Limits, Output, Plan, ScanSettings, Scenario,
    StopIf, TlsPolicy,
};
