//! The plan as it was understood: everything substituted, every default filled in.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value as Json;

use super::document::{Entry, Node, Place, Scalar, Value};
use super::executor::{Executor, Late, Spacing};
use super::print;
use super::reader::NamedFile;
use super::slots::Use;
use super::sources::Sources;
use super::types::{Connection, Cookies, Plan, Protocol, Scenario, TlsPolicy};
use crate::flow::Variable;
use crate::model::ConnectionReuse;
use crate::model::Conversation;

/// The tree that a plan was read from, with what it left out.
#[derive(Debug, Clone)]
pub struct Resolved {
    tree: Node,
    included: Vec<PathBuf>,
    named: Vec<PathBuf>,
    sources: Sources,
    /// By request: values that it needs, and where it says so.
    uses: Vec<Vec<(Variable, Place)>>,
}

impl Resolved {
    /// What `tree` came to.
    pub(super) fn new(
        mut tree: Node,
        plan: &Plan,
        sources: Sources,
        (files, uses): (Vec<NamedFile>, Vec<Vec<Use>>),
    ) -> Self {
        for file in &files {
            if let Some(name) = &file.from_plan {
                rename(&mut tree, &file.at, name);
            }
        }
        fill(&mut tree, plan);
        let mut named: Vec<PathBuf> = Vec::new();
        for file in files {
            if file.path.is_file() && !named.contains(&file.path) {
                named.push(file.path);
            }
        }
        let included = sources.included().iter().map(|source| source.name.clone().into());
        let included = included.collect();
        let uses = uses.into_iter().map(|of| of.into_iter().map(|one| (one.variable, one.at)));
        let uses = uses.map(Iterator::collect).collect();
        Self { tree, included, named, sources, uses }
    }

    /// Files that the plan includes, in the order in which they were read.
    pub fn included(&self) -> &[PathBuf] {
        &self.included
    }

    /// The plan's own text and those of the files that it includes, as they were read.
    pub fn texts(&self) -> impl Iterator<Item = &str> + '_ {
        let sources = self.sources.plan().into_iter().chain(self.sources.included());
        sources.map(|source| source.text.as_str())
    }

    /// Other files that it names and a run reads: data, bodies, certificates, secrets.
    pub fn named(&self) -> &[PathBuf] {
        &self.named
    }

    /// Where the request of that index says that it needs the value: `plan.yml:7:12`.
    pub fn place_of_use(&self, request: usize, variable: Variable) -> Option<String> {
        let (_, at) = self.uses.get(request)?.iter().find(|(used, _)| *used == variable)?;
        Some(self.sources.shown(at))
    }

    /// A plan that reads back to the same run.
    pub fn yaml(&self) -> String {
        print::yaml(&self.tree)
    }

    /// The same as JSON.
    pub fn json(&self) -> Json {
        print::json(&self.tree)
    }
}

/// Gives the scalar at `at` another text: a file that is named in another directory.
fn rename(node: &mut Node, at: &Place, name: &str) {
    match &mut node.value {
        Value::Scalar(_) if node.at == *at => *node = Node { at: at.clone(), ..text(name) },
        Value::Scalar(_) | Value::Unsubstituted => {}
        Value::List(items) => {
            for item in items {
                rename(item, at, name);
            }
        }
        Value::Map(entries) => {
            for entry in entries {
                rename(&mut entry.node, at, name);
            }
        }
    }
}

fn fill(tree: &mut Node, plan: &Plan) {
    let Value::Map(entries) = &mut tree.value else { return };
    // Anchors have been resolved, and what is free stays the author's.
    entries.retain(|entry| !entry.key.starts_with("x-"));
    if !entries.iter().any(|entry| entry.key == "targets") {
        put(entries, "target", text(&plan.target.origin.to_string()));
    }
    let scope = section(entries, "scope");
    let origins = plan.scope.origins().iter().map(|origin| text(&origin.to_string()));
    put(scope, "origins", node(Value::List(origins.collect())));
    connection(entries, &plan.connection);
    let has_stop = plan.limits.stop_if.as_ref();
    if let (Some(stop), Some(limits)) = (has_stop, inner(entries, "limits")) {
        put(section(limits, "stop_if"), "for", duration(stop.hold));
    }
    let keeps = match plan.cookies {
        Cookies::PerIteration => "per-iteration",
        Cookies::PerUser => "per-user",
        Cookies::Off => "off",
    };
    put(entries, "cookies", text(keeps));
    if let (Some(tracing), Some(trace)) = (&plan.trace, inner(entries, "trace")) {
        put(trace, "sample", plain(&tracing.share.to_string()));
    }
    if let (true, Some(under_load)) = (plan.watched.is_any(), inner(entries, "under_load")) {
        let share = 100.0 / plan.watched.every as f64;
        put(under_load, "sample", plain(&format!("{share}%")));
    }
    hide_export_headers(entries);
    requests(entries, plan);
    for scenario in &plan.scenarios {
        if let Some(entries) = inner(entries, "scenarios").and_then(|of| inner(of, &scenario.name))
        {
            fill_scenario(entries, scenario);
        }
    }
    scan(entries, plan);
    capacity(entries, plan);
}

/// Whoever writes a key into the plan itself does not want it shown either.
fn hide_export_headers(entries: &mut [Entry]) {
    let Some(exports) = entries.iter_mut().find(|entry| entry.key == "export") else { return };
    let Value::List(items) = &mut exports.node.value else { return };
    for item in items {
        for kind in ["otlp", "prometheus_rw"] {
            let Value::Map(places) = &mut item.value else { continue };
            let headers = inner(places, kind).and_then(|place| inner(place, "headers"));
            for Entry { node, .. } in headers.into_iter().flatten() {
                if let Value::Scalar(scalar) = &mut node.value {
                    scalar.is_secret = true;
                }
            }
        }
    }
}

fn connection(entries: &mut Vec<Entry>, connection: &Connection) {
    put(entries, "timeout", duration(connection.timeout));
    put(entries, "insecure", boolean(connection.tls == TlsPolicy::AcceptAndReport));
    let block = section(entries, "connection");
    put(block, "keepalive", boolean(connection.reuse == ConnectionReuse::On));
    let (http, key, users) = match connection.protocol {
        Protocol::Http1 { pipeline } => ("1.1", "pipeline", pipeline),
        Protocol::Http2 { streams } => ("2", "streams", streams),
        Protocol::Http3 { streams } => ("3", "streams", streams),
    };
    put(block, "http", plain(http));
    put(block, key, plain(&users.to_string()));
}

fn requests(entries: &mut [Entry], plan: &Plan) {
    let Some(requests) = inner(entries, "requests") else { return };
    for template in &plan.requests {
        let Some(keys) = inner(requests, &template.name) else { continue };
        put(keys, "enabled", boolean(template.enabled));
        if template.conversation == Conversation::Response {
            put(keys, "redirects", plain(&template.redirects.to_string()));
        }
    }
}

fn fill_scenario(keys: &mut Vec<Entry>, scenario: &Scenario) {
    match &scenario.executor {
        Executor::ConstantVus { vus, .. } => put(keys, "vus", number(vus)),
        Executor::RampingVus { start_vus, graceful_ramp_down, .. } => {
            put(keys, "startVUs", number(start_vus));
            put(keys, "gracefulRampDown", duration(*graceful_ramp_down));
        }
        Executor::SharedIterations { vus, iterations, max_duration }
        | Executor::PerVuIterations { vus, iterations, max_duration } => {
            put(keys, "vus", number(vus));
            put(keys, "iterations", number(iterations));
            put(keys, "maxDuration", duration(*max_duration));
        }
        Executor::ConstantArrivalRate { max_vus, late, arrivals, .. }
        | Executor::RampingArrivalRate { max_vus, late, arrivals, .. } => {
            if let Executor::RampingArrivalRate { start_rate, .. } = &scenario.executor
                && *start_rate == 0.0
            {
                put(keys, "startRate", plain("0"));
            }
            // Rates are per `timeUnit`: where it is absent, it is a second.
            put(keys, "timeUnit", plain("1s"));
            put(keys, "maxVUs", number(max_vus));
            put(keys, "late", text(if *late == Late::Queue { "queue" } else { "drop" }));
            let spread = if *arrivals == Spacing::Poisson { "poisson" } else { "even" };
            put(keys, "arrivals", text(spread));
        }
    }
    put(keys, "startTime", duration(scenario.start_time));
    put(keys, "gracefulStop", duration(scenario.graceful_stop));
    put(keys, "warmup", boolean(scenario.warmup));
}

fn scan(entries: &mut Vec<Entry>, plan: &Plan) {
    let Some(settings) = &plan.scan else { return };
    let scan = section(entries, "scan");
    let crawl = section(scan, "crawl");
    put(crawl, "depth", number(&settings.crawl.depth));
    put(crawl, "max_urls", number(&settings.crawl.max_urls));
    put(crawl, "per_kind", number(&settings.crawl.per_kind));
    put(crawl, "robots", plain(settings.crawl.robots.as_str()));
    if let Some(browsing) = &settings.crawl.browser {
        let browser = section(crawl, "browser");
        put(browser, "max_pages", number(&browsing.max_pages));
        put(browser, "max_time", duration(browsing.max_time));
    }
    let ids = settings.active.iter().map(|id| text(id)).collect();
    replace(scan, "active", node(Value::List(ids)));
    put(scan, "strength", plain(settings.probing.strength.as_str()));
    put(scan, "tag_probes", boolean(settings.probing.tagged));
    put(scan, "timed", boolean(!settings.probing.untimed));
    put(scan, "allow_unsafe", boolean(settings.allow_unsafe));
    put(scan, "max_rps", plain(&settings.max_rps.to_string()));
    put(scan, "concurrency", number(&settings.concurrency));
    put(scan, "during_load", node(Value::List(Vec::new())));
    if let (Some(access), Some(keys)) = (&settings.probing.access, inner(scan, "access")) {
        let names = access.identities.iter().map(|name| text(name)).collect();
        put(keys, "identities", node(Value::List(names)));
    }
    for race in &settings.probing.races {
        let keys = inner(scan, "races").and_then(|races| inner(races, &race.name));
        let Some(keys) = keys else { continue };
        put(keys, "copies", number(&race.copies));
        put(keys, "rounds", number(&race.rounds));
    }
}

fn capacity(entries: &mut [Entry], plan: &Plan) {
    let Some(aim) = &plan.capacity else { return };
    let Some(keys) = inner(entries, "capacity") else { return };
    let slo = aim.slo.iter().map(|criterion| text(&criterion.to_string())).collect();
    put(keys, "slo", node(Value::List(slo)));
    put(keys, "model", text(aim.model.as_str()));
    put(keys, "start", number(&aim.start));
    put(keys, "max", number(&aim.max));
    let [least, most] = [aim.settle.0, aim.settle.1].map(shown);
    put(keys, "settle", text(&format!("{least}..{most}")));
    put(keys, "max_time", duration(aim.max_time));
    put(keys, "headroom", number(&aim.reserve));
}

/// Adds a key that is not there.
fn put(entries: &mut Vec<Entry>, key: &str, node: Node) {
    if !entries.iter().any(|entry| entry.key == key) {
        entries.push(Entry { key: key.to_owned(), key_at: 0..0, node });
    }
}

/// Adds a key, or gives it another value.
fn replace(entries: &mut Vec<Entry>, key: &str, node: Node) {
    match entries.iter_mut().find(|entry| entry.key == key) {
        Some(entry) => entry.node = node,
        None => put(entries, key, node),
    }
}

/// The mapping under `key`, an empty one where there is none.
fn section<'a>(entries: &'a mut Vec<Entry>, key: &str) -> &'a mut Vec<Entry> {
    let is_map = |entry: &Entry| entry.key == key && matches!(entry.node.value, Value::Map(_));
    if !entries.iter().any(is_map) {
        replace(entries, key, node(Value::Map(Vec::new())));
    }
    inner(entries, key).expect("it was just put there")
}

/// The mapping under `key`.
fn inner<'a>(entries: &'a mut [Entry], key: &str) -> Option<&'a mut Vec<Entry>> {
    let entry = entries.iter_mut().find(|entry| entry.key == key)?;
    match &mut entry.node.value {
        Value::Map(entries) => Some(entries),
        Value::Scalar(_) | Value::List(_) | Value::Unsubstituted => None,
    }
}

fn node(value: Value) -> Node {
    Node { value, at: 0..0 }
}

/// As YAML types it.
fn plain(text: &str) -> Node {
    node(Value::Scalar(Scalar::plain(text.to_owned())))
}

fn number(number: &impl ToString) -> Node {
    plain(&number.to_string())
}

fn text(text: &str) -> Node {
    let mut scalar = Scalar::plain(text.to_owned());
    scalar.typed = text.into();
    scalar.plain = false;
    node(Value::Scalar(scalar))
}

fn boolean(value: bool) -> Node {
    plain(if value { "true" } else { "false" })
}

/// In the largest unit that it is a whole number of.
fn duration(duration: Duration) -> Node {
    text(&shown(duration))
}

/// As a plan writes it.
fn shown(duration: Duration) -> String {
    let nanos = duration.as_nanos();
    let units = [("s", 1_000_000_000), ("ms", 1_000_000), ("us", 1_000)];
    let whole = units.into_iter().find(|(_, unit)| nanos.is_multiple_of(*unit));
    match whole {
        Some((name, unit)) => format!("{}{name}", nanos / unit),
        None => format!("{}us", duration.as_secs_f64() * 1e6),
    }
}
