//! What tests of gates measure, and what they find.

use std::time::Duration;

use crate::model::Confidence;
use crate::model::Finding;
use crate::model::FindingStatus;
use crate::model::GeneratorWindow;
use crate::model::Headline;
use crate::model::LoadWindow;
use crate::model::RuleMeta;
use crate::model::RunInfo;
use crate::model::SeriesId;
use crate::model::SeriesKind;
use crate::model::SeriesMeta;
use crate::model::SeriesWindow;
use crate::model::Severity;
use crate::model::Tally;
use crate::model::stateless_template;

/// The only series of a load.
pub(super) fn home() -> SeriesMeta {
    SeriesMeta {
        id: SeriesId(0),
        scenario: "s".to_owned(),
        request: "home".to_owned(),
        method: "GET".to_owned(),
        path_template: "/".to_owned(),
        url: "http://127.0.0.1/".to_owned(),
        kind: SeriesKind::Http,
        tags: std::collections::BTreeMap::new(),
    }
}

/// A window of a second with all that its only series did.
pub(super) fn window(second: u64, tally: Tally) -> LoadWindow {
    LoadWindow {
        from: Duration::from_secs(second),
        to: Duration::from_secs(second + 1),
        warmup: false,
        series: vec![SeriesWindow { series: home().id, tally }],
        scenarios: Vec::new(),
        generator: GeneratorWindow::default(),
    }
}

/// A finding of `sqli-error` at a URL, whose fingerprint does not know the origin.
pub(super) fn finding(url: &str) -> Finding {
    let path = url.splitn(4, '/').last().map(|path| format!("/{path}")).unwrap_or_default();
    Finding {
        rule: RuleMeta {
            id: "sqli-error".to_owned(),
            title: "SQL injection".to_owned(),
            severity: Severity::High,
            cwe: vec![89],
            owasp: Vec::new(),
            api: Vec::new(),
            cvss: None,
            why: String::new(),
            fix: String::new(),
            references: Vec::new(),
            tags: Vec::new(),
        },
        severity: Severity::High,
        confidence: Confidence::Firm,
        status: FindingStatus::New,
        acceptance: None,
        method: "GET".to_owned(),
        url: url.to_owned(),
        path_template: stateless_template(&path),
        insertion_point: None,
        also: Vec::new(),
        detail: String::new(),
        evidence: Vec::new(),
        payloads: Vec::new(),
        reproduce: String::new(),
        fingerprint: format!("sqli-error {path}"),
        occurrences: 1,
        found_at: None,
    }
}

/// A scan of nothing in particular.
pub(super) fn run_info() -> RunInfo {
    RunInfo {
        version: "0".to_owned(),
        command: "scan".to_owned(),
        target: "http://127.0.0.1:1/".to_owned(),
        started_unix: 0,
        seed: 0,
        plan_hash: String::new(),
        host: String::new(),
        authorised_by: None,
        planned: None,
        headline: Headline::default(),
        cost: None,
        part: None,
        zero_unix_ms: None,
        trace_link: None,
    }
}
