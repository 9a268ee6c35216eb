//! What a plan would send, for people and as JSON.

use std::fmt::Write as _;
use std::path::PathBuf;

use serde_json::Value as Json;
use serde_json::json;

use crate::model::Conversation;
use crate::model::HttpVersion;
use crate::model::RequestTemplate;
use crate::model::format_duration;
use crate::model::format_number;
use crate::model::grouped;
use crate::model::inert;
use crate::model::plural;
use crate::plan::AsideForecast;
use crate::plan::Forecast;
use crate::plan::Plan;
use crate::plan::Policy;
use crate::plan::RequestForecast;
use crate::plan::Resolved;
use crate::plan::ScanSettings;
use crate::plan::ScenarioForecast;
use crate::plan::TemplateSettings;
use crate::rules::template::Fuzzed;
use crate::scan::most_requests_of_limits;

const INFALLIBLE: &str = "writing to a string does not fail";

/// Requests that are told one by one.
const REQUESTS_TOLD: usize = 200;

/// Section by section; `width` columns.
pub(super) fn text(plan: &Plan, resolved: &Resolved, width: usize) -> String {
    let forecast = &plan.forecast();
    let mut out = String::new();
    let nothing = forecast.scenarios.is_empty() && plan.scan.is_none();
    let valid = if nothing { "valid, and sends nothing" } else { "valid; it would send:" };
    writeln!(out, "The plan is {valid}").expect(INFALLIBLE);
    let mut section = |title: &str, rows: &[(String, String)]| {
        if !rows.is_empty() {
            writeln!(out, "\n{title}").expect(INFALLIBLE);
            table(rows, width, &mut out);
        }
    };
    section("Load", &load(plan, forecast));
    section("Scan", &scan(plan));
    section("Capacity", &capacity(plan));
    section("Requests", &requests(plan, forecast, resolved));
    section("Hosts", &hosts(forecast));
    section("Limits", &limits(plan));
    let gates = plan.thresholds.iter().map(|gate| {
        let abort = if gate.abort_on_fail { "ends the run when it fails" } else { "" };
        (inert(&gate.to_string(), 200), abort.to_owned())
    });
    section("Gates", &gates.collect::<Vec<_>>());
    let files = plan.outputs.iter().map(|output| {
        (inert(&output.path.display().to_string(), 200), output.kind.as_str().to_owned())
    });
    section("Files", &files.collect::<Vec<_>>());
    section("Read", &read(resolved));
    out
}

/// What `capacity` would search for.
fn capacity(plan: &Plan) -> Vec<(String, String)> {
    let Some(aim) = &plan.capacity else { return Vec::new() };
    let slo = aim.slo.iter().map(|criterion| inert(&criterion.to_string(), 200));
    let levels = format!(
        "from {} to {}, each held {} to {}, {} in all",
        aim.model.amount(aim.start),
        aim.model.amount(aim.max),
        format_duration(aim.settle.0),
        format_duration(aim.settle.1),
        format_duration(aim.max_time)
    );
    vec![
        ("objective".to_owned(), slo.collect::<Vec<_>>().join(", ")),
        ("levels".to_owned(), levels),
    ]
}

/// Files that the plan is made of, and that it names.
fn read(resolved: &Resolved) -> Vec<(String, String)> {
    let row =
        |path: &PathBuf, what: &str| (inert(&path.display().to_string(), 200), what.to_owned());
    let included = resolved.included().iter().map(|path| row(path, "included"));
    included.chain(resolved.named().iter().map(|path| row(path, "named by the plan"))).collect()
}

/// Two columns; the second one is broken between words.
fn table(rows: &[(String, String)], width: usize, out: &mut String) {
    let longest = rows.iter().map(|(left, _)| left.chars().count()).max().unwrap_or(0);
    let column = longest.min(40) + 4;
    for (left, right) in rows {
        write!(out, "  {left}").expect(INFALLIBLE);
        let mut at = 2 + left.chars().count();
        if right.is_empty() {
            out.push('\n');
            continue;
        }
        if at + 2 > column {
            out.push('\n');
            at = 0;
        }
        for word in right.split(' ') {
            let length = word.chars().count();
            if at < column {
                write!(out, "{:gap$}", "", gap = column - at).expect(INFALLIBLE);
                at = column;
            } else if at + 1 + length > width && at > column {
                write!(out, "\n{:column$}", "").expect(INFALLIBLE);
                at = column;
            } else {
                out.push(' ');
                at += 1;
            }
            out.push_str(word);
            at += length;
        }
        out.push('\n');
    }
}

fn load(plan: &Plan, forecast: &Forecast) -> Vec<(String, String)> {
    if plan.scenarios.is_empty() {
        return Vec::new();
    }
    let mut rows: Vec<_> =
        forecast.scenarios.iter().map(|one| (one.name.clone(), scenario(one))).collect();
    rows.extend(forecast.asides.iter().map(|one| (one.name.clone(), aside(one))));
    let total = match forecast.requests {
        Some(count) => format!("at most {}", plural(count, "request", "requests")),
        None => "as many requests as the target answers".to_owned(),
    };
    let users = plural(forecast.users, "user", "users");
    let ends = format_duration(forecast.ends);
    rows.push(("in all".to_owned(), format!("{total}, {users} at once, over after {ends}")));
    rows
}

fn aside(one: &AsideForecast) -> String {
    let total = match one.requests {
        Some(count) => format!("at most {}", plural(count, "request", "requests")),
        None => "as many requests as the target answers".to_owned(),
    };
    format!("{}; {total}", one.words)
}

fn scenario(one: &ScenarioForecast) -> String {
    let mut out = one.words.clone();
    if let (Some(iterations), Some(requests)) = (one.iterations, one.requests) {
        let bound = if one.by_chance { "about" } else { "at most" };
        let iterations = plural(iterations, "iteration", "iterations");
        let requests = plural(requests, "request", "requests");
        write!(out, "; {bound} {iterations}, {requests}").expect(INFALLIBLE);
    } else {
        let each = plural(one.requests_each, "request", "requests");
        write!(out, "; iterations of {each}, as many as the target answers").expect(INFALLIBLE);
    }
    if !one.starts.is_zero() {
        write!(out, "; begins after {}", format_duration(one.starts)).expect(INFALLIBLE);
    }
    if one.warmup {
        out.push_str("; a warm-up, kept out of figures and gates");
    }
    out
}

fn scan(plan: &Plan) -> Vec<(String, String)> {
    let Some(scan) = &plan.scan else { return Vec::new() };
    let row = |name: &str, text: String| (name.to_owned(), text);
    let checks = if scan.is_active() {
        let probing = &scan.probing;
        let policy = probing.policy.map(|policy| format!("those of policy {}", policy.as_str()));
        let checks: Vec<String> = policy.into_iter().chain(scan.active.iter().cloned()).collect();
        format!("{} at strength {}", checks.join(", "), probing.strength.as_str())
    } else {
        "none: it fetches what the site links to, and looks".to_owned()
    };
    let changes = match (scan.allow_unsafe, scan.unsafe_requests.as_slice()) {
        (true, _) => "whatever it finds may be sent, forms with POST too".to_owned(),
        (false, []) if scan.probing.races.is_empty() => "only GET and HEAD are sent".to_owned(),
        (false, []) => "only GET and HEAD are sent, and what races name".to_owned(),
        (false, some) => {
            let names = some.iter().map(|index| plan.requests[*index].name.as_str());
            let names = names.collect::<Vec<_>>().join(", ");
            format!("of what may change something, only {names}")
        }
    };
    let mut rows = vec![
        row(
            "crawl",
            format!(
                "{} at most, {} deep from {}",
                plural(scan.crawl.max_urls, "URL", "URLs"),
                plural(scan.crawl.depth.into(), "link", "links"),
                inert(&plan.target.url(), 200)
            ),
        ),
        row("probes", checks),
        row("changes", changes),
        row(
            "pace",
            format!(
                "{} requests/s, {} at once",
                format_number(scan.max_rps),
                grouped(scan.concurrency as u64)
            ),
        ),
    ];
    if let Some(who) = plan.sessions.scan {
        let auth = &plan.sessions.auths[who.auth];
        let requests = auth.most_requests() + u64::from(auth.verify.is_some());
        let requests = plural(requests, "request", "requests");
        let name = plan.sessions.name(who);
        rows.push(row("login", format!("as {name}, at most {requests}; again when it is lost")));
    }
    let speaks_else =
        |template| plan.connection.protocol_of(template).version() != HttpVersion::Http11;
    if plan.requests.iter().any(speaks_else) {
        rows.push(row("speaks", "HTTP/1.1, whatever load does".to_owned()));
    }
    if !scan.crawl.import.is_empty() {
        rows.insert(1, row("import", imported(scan)));
    }
    if !scan.templates.paths.is_empty() {
        rows.insert(2, row("templates", templates(&scan.templates)));
    }
    if !scan.probing.credentials.is_empty() {
        let pairs = plural(scan.probing.credentials.len() as u64, "pair", "pairs");
        rows.push(row(
            "credentials",
            format!("{pairs} may be tried at logins, a few of each account"),
        ));
    }
    for race in &scan.probing.races {
        let most = plural(race.most_requests(), "request", "requests");
        let copies = grouped(race.copies.into());
        let text = format!("{copies} at one instant, at most {most} in all");
        rows.push(row(&format!("race {}", race.name), text));
    }
    if let (true, limits @ [_, ..]) = (scan.is_active(), scan.probing.rate_limits.as_slice()) {
        let requests = plural(most_requests_of_limits(limits), "request", "requests");
        let count = plural(limits.len() as u64, "limit is", "limits are");
        let text = format!("{count} verified with at most {requests}; they may lock an account");
        rows.push(row("rate limits", text));
    }
    if let Some(browsing) = &scan.crawl.browser {
        let pages = plural(browsing.max_pages, "page", "pages");
        let time = format_duration(browsing.max_time);
        rows.insert(1, row("browser", format!("shows {pages} at most, for {time}")));
    }
    rows
}

/// Where they are, and whether some of them change known requests.
fn templates(settings: &TemplateSettings) -> String {
    let paths: Vec<String> =
        settings.paths.iter().map(|path| inert(&path.display().to_string(), 80)).collect();
    let kinds = match settings.fuzzed {
        Fuzzed::No => "",
        Fuzzed::Only => "; only those that change known requests",
        Fuzzed::Too => "; those that change known requests too",
    };
    format!("what is asked for of {}{kinds}", paths.join(", "))
}

/// What comes out of files.
fn imported(scan: &ScanSettings) -> String {
    let files: Vec<String> =
        scan.crawl.import.iter().map(|path| inert(&path.display().to_string(), 80)).collect();
    let left = scan.imported.iter().filter(|one| one.left_alone.is_some()).count();
    format!(
        "{} out of {}; {} of them left alone",
        plural(scan.imported.len() as u64, "request", "requests"),
        files.join(", "),
        grouped(left as u64)
    )
}

fn requests(plan: &Plan, forecast: &Forecast, resolved: &Resolved) -> Vec<(String, String)> {
    let uses = plan.requests.iter().zip(&forecast.uses).enumerate().take(REQUESTS_TOLD);
    let mut rows: Vec<_> = uses
        .map(|(index, (template, of))| {
            let place = of.unbound.and_then(|value| resolved.place_of_use(index, value));
            (shown(template), told(plan, template, (of, place)))
        })
        .collect();
    if let Some(more @ 1..) = plan.requests.len().checked_sub(REQUESTS_TOLD) {
        rows.push((format!("… and {more} more"), String::new()));
    }
    rows
}

/// `POST http://127.0.0.1:8080/items/{id}`
fn shown(template: &RequestTemplate) -> String {
    let word = match template.conversation {
        Conversation::Response => template.request.method.as_str(),
        Conversation::WebSocket(_) => "WS",
        Conversation::Events(_) => "SSE",
        Conversation::Grpc(_) => "GRPC",
    };
    inert(&format!("{word} {}{}", template.request.origin, template.path_template), 200)
}

/// What becomes of it; with the place where it asks for a value that a scan cannot give it.
fn told(
    plan: &Plan,
    template: &RequestTemplate,
    (of, place): (&RequestForecast, Option<String>),
) -> String {
    let mut parts = vec![template.name.clone()];
    if of.has_side_effects {
        parts.push("may change something".to_owned());
    }
    if !template.enabled {
        parts.push("not enabled: never sent".to_owned());
        return parts.join(" · ");
    }
    if let Some(version) = template.version {
        parts.push(format!("{version} in load"));
    }
    let senders: Vec<&str> =
        of.scenarios.iter().map(String::as_str).chain(of.asides.iter().copied()).collect();
    parts.push(match senders.as_slice() {
        [] => "no scenario sends it".to_owned(),
        names => format!("load: {}", names.join(", ")),
    });
    if plan.scan.is_some() {
        parts.push(match &of.left_out {
            None => "scan".to_owned(),
            Some(reason) => {
                let place = place.map(|place| format!(" ({place})")).unwrap_or_default();
                format!("scan leaves it alone: {}{place}", without_name(reason, template))
            }
        });
    }
    parts.join(" · ")
}

/// The name stands there already.
fn without_name<'a>(reason: &'a str, template: &RequestTemplate) -> &'a str {
    reason.strip_suffix(&format!(": {}", template.name)).unwrap_or(reason)
}

fn hosts(forecast: &Forecast) -> Vec<(String, String)> {
    let row = |host: &crate::plan::HostForecast| {
        (inert(&host.origin.to_string(), 200), format!("{} · {}", host.why, host.allowed))
    };
    forecast.hosts.iter().map(row).collect()
}

fn limits(plan: &Plan) -> Vec<(String, String)> {
    let limits = &plan.limits;
    let mut rows = Vec::new();
    let mut row = |name: &str, text: Option<String>| {
        rows.extend(text.map(|text| (name.to_owned(), text)));
    };
    row("max_rps", limits.max_rps.map(|rate| format!("{}/s", format_number(rate))));
    row("max_vus", limits.max_vus.map(|users| grouped(users.into())));
    row("max_time", limits.max_time.map(format_duration));
    let stop = limits.stop_if.as_ref();
    row(
        "stop_if",
        stop.map(|stop| {
            let rate = stop.error_rate.map(|rate| format!("error rate {}", format_number(rate)));
            let p95 = stop.p95.map(|p95| format!("p95 {}", format_duration(p95)));
            let any: Vec<_> = rate.into_iter().chain(p95).collect();
            format!("{}, for {}", any.join(" or "), format_duration(stop.hold))
        }),
    );
    rows
}

/// The same for programs.
pub(super) fn json(plan: &Plan, resolved: &Resolved) -> Json {
    let forecast = &plan.forecast();
    let paths = |paths: &[PathBuf]| -> Vec<String> {
        paths.iter().map(|path| path.display().to_string()).collect()
    };
    let scenario = |one: &ScenarioForecast| {
        json!({
            "name": one.name,
            "executor": one.words,
            "starts_s": one.starts.as_secs_f64(),
            "ends_s": one.ends.as_secs_f64(),
            "iterations": one.iterations,
            "requests_per_iteration": one.requests_each,
            "requests": one.requests,
            "vus": one.users,
            "warmup": one.warmup,
        })
    };
    let request = |(index, (template, of)): (usize, (&RequestTemplate, &RequestForecast))| {
        let unbound = of.unbound.filter(|_| index < REQUESTS_TOLD);
        json!({
            "name": template.name,
            "method": template.request.method.as_str(),
            "origin": template.request.origin.to_string(),
            "path_template": template.path_template,
            "side_effects": of.has_side_effects,
            "enabled": template.enabled,
            "scenarios": of.scenarios,
            "scan": plan.scan.is_some() && of.left_out.is_none(),
            "left_out_of_scan": of.left_out,
            "unbound_at": unbound.and_then(|value| resolved.place_of_use(index, value)),
            "asides": of.asides,
            "http": template.version.map(HttpVersion::number),
        })
    };
    json!({
        "scenarios": forecast.scenarios.iter().map(scenario).collect::<Vec<_>>(),
        "asides": forecast.asides.iter().map(|one| json!({
            "name": one.name,
            "when": one.words,
            "requests_each": one.requests_each,
            "requests": one.requests,
        })).collect::<Vec<_>>(),
        "total": {
            "requests": forecast.requests,
            "vus": forecast.users,
            "ends_s": forecast.ends.as_secs_f64(),
        },
        "scan": plan.scan.as_ref().map(|scan| json!({
            "active": scan.active,
            "policy": scan.probing.policy.map(Policy::as_str),
            "strength": scan.probing.strength.as_str(),
            "credentials": scan.probing.credentials.len(),
            "races": scan.probing.races.iter().map(|race| json!({
                "name": race.name,
                "requests": race.most_requests(),
            })).collect::<Vec<_>>(),
            "rate_limits": scan.probing.rate_limits.iter().map(|limit| json!({
                "request": limit.name,
                "expect": limit.allowed.to_string(),
            })).collect::<Vec<_>>(),
            "rate_limit_requests": most_requests_of_limits(&scan.probing.rate_limits),
            "imported": scan.imported.iter().map(|one| json!({
                "method": one.template.request.method.as_str(),
                "path_template": one.template.path_template,
                "left_out_of_scan": one.left_alone.as_ref().map(|left| &left.reason),
            })).collect::<Vec<_>>(),
            "templates": paths(&scan.templates.paths),
            "max_urls": scan.crawl.max_urls,
            "per_kind": scan.crawl.per_kind,
            "max_time_s": scan.crawl.max_time.map(|time| time.as_secs_f64()),
            "max_bytes": scan.crawl.max_bytes,
            "robots": scan.crawl.robots.as_str(),
            "depth": scan.crawl.depth,
            "browser": scan.crawl.browser.as_ref().map(|browsing| json!({
                "max_pages": browsing.max_pages,
                "max_time_s": browsing.max_time.as_secs_f64(),
            })),
            "max_rps": scan.max_rps,
            "concurrency": scan.concurrency,
            "allow_unsafe": scan.allow_unsafe,
        })),
        "requests": plan.requests.iter().zip(&forecast.uses).enumerate().map(request).collect::<Vec<_>>(),
        "hosts": forecast.hosts.iter().map(|host| json!({
            "origin": host.origin.to_string(),
            "why": host.why,
            "allowed": host.allowed,
        })).collect::<Vec<_>>(),
        "gates": plan.thresholds.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "files": plan.outputs.iter().map(|output| json!({
            "kind": output.kind.as_str(),
            "path": output.path.display().to_string(),
        })).collect::<Vec<_>>(),
        "included": paths(resolved.included()),
        "named": paths(resolved.named()),
    })
}
