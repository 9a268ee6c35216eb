//! What holds when a plan or a command line says nothing. k6's and oha's values where they have one.

use std::time::Duration;

use super::probing::Probing;
use super::templates::TemplateSettings;
use super::types::{Browsing, CrawlSettings, RobotsPolicy, ScanSettings};

/// k6's `http` timeout; from the first byte of the request to the last of the response.
pub(super) const LOAD_TIMEOUT: Duration = Duration::from_secs(60);
/// A scanner has thousands of requests to make and should not wait a minute for each.
pub(super) const SCAN_TIMEOUT: Duration = Duration::from_secs(30);
/// k6's `gracefulStop`.
pub(super) const GRACEFUL_STOP: Duration = Duration::from_secs(30);
/// k6's `gracefulRampDown`.
pub(super) const GRACEFUL_RAMP_DOWN: Duration = Duration::from_secs(30);
/// k6's `startVUs`.
pub(super) const START_VUS: u32 = 1;
/// k6's `timeUnit`.
pub(super) const TIME_UNIT: Duration = Duration::from_secs(1);
/// k6's `maxDuration` of shared-iterations and per-vu-iterations.
pub(super) const MAX_DURATION: Duration = Duration::from_secs(600);
/// How long a condition of the kill switch must hold.
pub(super) const STOP_IF_HOLD: Duration = Duration::from_secs(10);
/// oha's `-c`.
pub(super) const CONNECTIONS: u32 = 50;
/// oha's `-n`.
pub(super) const REQUESTS: u64 = 200;
/// A one-liner that counts requests has no other end; this one only keeps it finite.
pub(super) const COUNTED_RUN: Duration = Duration::from_secs(24 * 3600);

impl Default for ScanSettings {
    /// The safe mode at a pace that no service minds.
    fn default() -> Self {
        Self {
            crawl: CrawlSettings::default(),
            active: Vec::new(),
            probing: Probing::default(),
            max_rps: 50.0,
            concurrency: 10,
            allow_unsafe: false,
            unsafe_requests: Vec::new(),
            passive_during_load: false,
            rule_dirs: Vec::new(),
            templates: TemplateSettings::default(),
            imported: Vec::new(),
        }
    }
}

impl Default for CrawlSettings {
    fn default() -> Self {
        Self {
            depth: 5,
            max_urls: 2000,
            per_kind: 12,
            max_time: None,
            max_bytes: None,
            robots: RobotsPolicy::default(),
            import: Vec::new(),
            browser: None,
        }
    }
}

impl Default for Browsing {
    /// Enough for one of every kind of page of most sites.
    fn default() -> Self {
        Self { max_pages: 100, max_time: Duration::from_secs(600) }
    }
}
