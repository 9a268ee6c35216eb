//! What the plan says about scanning.

use std::path::{Path, PathBuf};

use super::access::settings::access;
use super::boundary::{RATE, is_rate};
use super::document::{Entry, Node, Value};
use super::file::Overrides;
use super::probing::probing;
use super::reader::{Fields, Keys, Reader};
use super::templates::templates;
use super::types::{Browsing, CrawlSettings, Limits, RobotsPolicy, ScanSettings};
use crate::flow::auth::Sessions;
use crate::model::RequestTemplate;

pub(super) const SCAN: Keys = Keys {
    of: "scan",
    known: &[
        "crawl",
        "active",
        "policy",
        "strength",
        "budgets",
        "races",
        "overrides",
        "tag_probes",
        "timed",
        "credentials",
        "allow_unsafe",
        "max_rps",
        "concurrency",
        "rules",
        "templates",
        "rate_limits",
        "during_load",
        "as",
        "access",
    ],
    later: &["passive"],
};
pub(super) const CRAWL: Keys = Keys {
    of: "crawl",
    known: &[
        "depth",
        "max_urls",
        "per_kind",
        "max_time",
        "max_bytes",
        "robots",
        "import",
        "browser",
    ],
    later: &[],
};
pub(super) const BROWSER: Keys =
    Keys { of: "browser", known: &["max_pages", "max_time"], later: &[] };

/// What probes may do to the service's data.
#[derive(Default)]
struct Unsafe {
    all: bool,
    requests: Vec<usize>,
}

/// The settings, if the plan scans.
pub(super) fn scan(
    plan: &Fields<'_>,
    limits: &Limits,
    (requests, sessions): (&[RequestTemplate], &Sessions),
    overrides: &Overrides,
    reader: &mut Reader,
) -> Option<ScanSettings> {
    let entry = plan.entry("scan")?;
    let fields = reader.fields(&entry.node, &entry.key_at, &SCAN)?;
    let defaults = ScanSettings::default();
    let allowed = fields
        .get("allow_unsafe")
        .map(|node| allow_unsafe(node, requests, reader))
        .unwrap_or_default();
    let mut settings = ScanSettings {
        crawl: crawl(&fields, &overrides.directory, reader),
        active: fields
            .get("active")
            .map(|node| active(node, &overrides.known_checks, reader))
            .unwrap_or_default(),
        probing: probing(&fields, overrides, reader),
        max_rps: max_rps(&fields, limits, defaults.max_rps, reader),
        concurrency: fields
            .get("concurrency")
            .and_then(|node| {
                reader.number(node, "a whole number from 1 to 1000", |n: usize| {
                    (1..=1000).contains(&n)
                })
            })
            .unwrap_or(defaults.concurrency),
        allow_unsafe: allowed.all,
        unsafe_requests: allowed.requests,
        rule_dirs: rule_dirs(fields.get("rules"), &overrides.directory, reader),
        templates: templates(fields.get("templates"), reader),
        imported: Vec::new(),
        passive_during_load: fields
            .get("during_load")
            .is_some_and(|node| during_load(node, reader)),
    };
    access(&fields, (plan, sessions), &mut settings, &overrides.known_checks, reader);
    Some(settings)
}

fn crawl(scan: &Fields<'_>, base: &Path, reader: &mut Reader) -> CrawlSettings {
    let defaults = CrawlSettings::default();
    let Some(fields) =
        scan.entry("crawl").and_then(|entry| reader.fields(&entry.node, &entry.key_at, &CRAWL))
    else {
        return defaults;
    };
    CrawlSettings {
        depth: fields
            .get("depth")
            .and_then(|node| reader.number(node, "a whole number", |_: u32| true))
            .unwrap_or(defaults.depth),
        max_urls: fields
            .get("max_urls")
            .and_then(|node| reader.number(node, "a whole number above 0", |urls: u64| urls > 0))
            .unwrap_or(defaults.max_urls),
        per_kind: fields
            .get("per_kind")
            .and_then(|node| reader.number(node, "a whole number, 0 for no bound", |_: u32| true))
            .unwrap_or(defaults.per_kind),
        max_time: fields.get("max_time").and_then(|node| reader.duration(node)),
        max_bytes: fields.get("max_bytes").and_then(|node| {
            reader.number(node, "a whole number of bytes above 0", |bytes: u64| bytes > 0)
        }),
        robots: fields
            .get("robots")
            .and_then(|node| robots(node, reader))
            .unwrap_or(defaults.robots),
        import: files(fields.get("import"), base, reader),
        browser: fields.entry("browser").and_then(|entry| browser(entry, reader)),
    }
}

fn robots(node: &Node, reader: &mut Reader) -> Option<RobotsPolicy> {
    let known = (&RobotsPolicy::ALL[..], RobotsPolicy::as_str as fn(RobotsPolicy) -> _);
    reader.named(node, "only-as-source, respect or ignore", "policy", known)
}

/// `true`, or the bounds of what the browser does.
fn browser(entry: &Entry, reader: &mut Reader) -> Option<Browsing> {
    let defaults = Browsing::default();
    if let Value::Scalar(_) | Value::Unsubstituted = entry.node.value {
        return reader.boolean(&entry.node)?.then_some(defaults);
    }
    let fields = reader.fields(&entry.node, &entry.key_at, &BROWSER)?;
    Some(Browsing {
        max_pages: fields
            .get("max_pages")
            .and_then(|node| reader.number(node, "a whole number above 0", |pages: u64| pages > 0))
            .unwrap_or(defaults.max_pages),
        max_time: fields
            .get("max_time")
            .and_then(|node| reader.positive_duration(node))
            .unwrap_or(defaults.max_time),
    })
}

/// Files that describe the service, relative to the plan's directory.
fn files(node: Option<&Node>, base: &Path, reader: &mut Reader) -> Vec<PathBuf> {
    let Some(node) = node else { return Vec::new() };
    let mut files = Vec::new();
    for (text, at) in reader.texts(node, "files like openapi.yml") {
        let path = base.join(text);
        if path.is_file() {
            files.push(path);
        } else {
            reader.problem(at, format!("`{}` is not a file", path.display()));
        }
    }
    files
}

/// Ids of native checks, or `all`; several that begin alike go by that: `rate-limit`.
fn active(node: &Node, known: &[String], reader: &mut Reader) -> Vec<String> {
    if node.scalar().is_some_and(|scalar| scalar.text == "all") {
        return known.to_vec();
    }
    let mut ids: Vec<String> = Vec::new();
    for (id, at) in reader.texts(node, "checks (or the word `all`)") {
        let meant = meant(id, known);
        if meant.is_empty() {
            reader.unknown(at, "check", id, known.iter().map(String::as_str));
        }
        for check in meant {
            if !ids.contains(check) {
                ids.push(check.clone());
            }
        }
    }
    ids
}

/// The check of that name, or else all whose names go on from it.
fn meant<'k>(name: &str, known: &'k [String]) -> Vec<&'k String> {
    let is_one = known.iter().any(|check| check == name);
    let goes_on =
        |check: &String| check.strip_prefix(name).is_some_and(|rest| rest.starts_with('-'));
    let is_meant = |check: &&String| if is_one { *check == name } else { goes_on(check) };
    known.iter().filter(is_meant).collect()
}

/// What runs on load traffic: `[passive]`, nothing else yet.
fn during_load(node: &Node, reader: &mut Reader) -> bool {
    let mut passive = false;
    for (name, at) in reader.texts(node, "a list: [passive]") {
        if name == "passive" {
            passive = true;
        } else {
            reader.unknown(at, "kind of check", name, ["passive"]);
        }
    }
    passive
}

/// The scan's own pace; the default gives way to a lower cap of the whole run.
fn max_rps(scan: &Fields<'_>, limits: &Limits, default: f64, reader: &mut Reader) -> f64 {
    let cap = limits.max_rps.unwrap_or(f64::INFINITY);
    let Some(node) = scan.get("max_rps") else { return default.min(cap) };
    let rate = reader.number(node, RATE, is_rate).unwrap_or(default);
    if rate > cap {
        reader.problem(&node.at, format!("`max_rps: {rate}` is above `limits.max_rps: {cap}`"));
    }
    rate
}

fn allow_unsafe(node: &Node, requests: &[RequestTemplate], reader: &mut Reader) -> Unsafe {
    if let Value::Scalar(_) | Value::Unsubstituted = node.value {
        return Unsafe { all: reader.boolean(node).unwrap_or(false), requests: Vec::new() };
    }
    let mut allowed = Unsafe::default();
    for (name, at) in reader.texts(node, "requests (or true)") {
        if let Some(index) = requests.iter().position(|request| request.name == name) {
            if !requests[index].enabled {
                let text = format!("`{name}` has `enabled: false`, so no probe may send it");
                reader.problem_with_help(at, text, "remove one of the two");
            }
            allowed.requests.push(index);
        } else {
            let names = requests.iter().map(|request| request.name.as_str());
            reader.unknown(at, "request", name, names);
        }
    }
    allowed
}

/// Directories with rules, relative to the plan's directory.
fn rule_dirs(node: Option<&Node>, base: &Path, reader: &mut Reader) -> Vec<PathBuf> {
    let Some(node) = node else { return Vec::new() };
    let mut dirs = Vec::new();
    for (text, at) in reader.texts(node, "directories") {
        let path = base.join(text);
        if path.is_dir() {
            dirs.push(path);
        } else {
            reader.problem(at, format!("`{}` is not a directory", path.display()));
        }
    }
    dirs
}
