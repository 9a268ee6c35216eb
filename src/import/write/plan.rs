//! The whole plan.

use std::fmt::Write as _;

use super::requests;
use super::yaml;
use crate::import::format::Format;
use crate::import::operation::{Condition, Imported, Operation, Order, Sample, Scenario, Secret};
use crate::import::steps::Step;
use crate::import::text::Text;
use crate::model::format_duration;
use crate::model::is_local_address;

/// A service that a file does not name is looked for here.
const UNKNOWN: &str = "http://127.0.0.1:8080";
/// Requests of a first run that draws them.
const MAX_DRAWS: usize = 1_000;
/// Runs of a draw are told apart to this many parts.
const MAX_WEIGHT: u64 = 1_000;

/// The plan, with a word on everything that is to be decided.
pub fn plan_text(imported: &Imported, source: &str) -> String {
    let mut out = String::new();
    head(imported, source, &mut out);
    target(imported, &mut out);
    settings(imported, &mut out);
    match &imported.login {
        Some(login) if declares_secrets(&login.sections) => {
            out.push('\n');
            out.push_str(&with_secrets(&login.sections, &imported.secrets));
        }
        Some(login) => {
            secrets(&imported.secrets, &mut out);
            out.push('\n');
            out.push_str(&login.sections);
        }
        None => secrets(&imported.secrets, &mut out),
    }
    vars(&imported.variables, &mut out);
    let operations = operations(imported);
    out.push('\n');
    let names = requests::requests(&operations, &mut out);
    flows(&operations, &names, imported, &mut out);
    scan(imported, &mut out);
    thresholds(&imported.load.thresholds, &mut out);
    for note in &imported.load.notes {
        yaml::comment(note, 0, &mut out);
    }
    out
}

/// A file that only says how to load or scan needs something to be sent.
fn operations(imported: &Imported) -> Vec<Operation> {
    if imported.operations.is_empty() {
        return vec![Operation::new("home", "GET", Text::literal("/"))];
    }
    imported.operations.clone()
}

fn head(imported: &Imported, source: &str, out: &mut String) {
    yaml::comment(&origin_of(imported, source), 0, out);
    let off = imported.operations.iter().filter(|operation| !operation.is_enabled()).count();
    if off > 0 {
        let why = if imported.operations.iter().any(|operation| operation.off.is_some()) {
            "are not sent, for the reason beside"
        } else {
            "change something and are not sent: each has"
        };
        let text =
            format!("{off} of {} requests {why} `enabled: false`.", imported.operations.len());
        yaml::comment(&text, 0, out);
        yaml::comment(
            "Remove that line from the ones you want to be sent; the flow names them.",
            0,
            out,
        );
    }
    if !imported.secrets.is_empty() {
        yaml::comment("Secrets are not written here. Set before a run:", 0, out);
    }
    for secret in &imported.secrets {
        yaml::comment(&format!("- {}: {}", secret.name, secret.purpose), 0, out);
    }
    out.push_str("version: 1\n");
}

fn origin_of(imported: &Imported, source: &str) -> String {
    let title = imported.title.as_deref().map(|title| format!(": {title}")).unwrap_or_default();
    if imported.format == Format::Crawl {
        return format!("What {source} found{title}.");
    }
    let version = imported.version.as_deref().map(|v| format!(" {v}")).unwrap_or_default();
    format!("Imported from {source} ({}{version}{title}).", imported.format)
}

fn target(imported: &Imported, out: &mut String) {
    let origin = imported.origin.as_deref();
    if origin.is_none() {
        yaml::comment("The file names no server: set BASE_URL, or write it here.", 0, out);
    }
    let _ = writeln!(out, "target: {}", default_target(origin.unwrap_or(UNKNOWN)));
    let mut others: Vec<&str> = Vec::new();
    for other in imported.operations.iter().filter_map(|operation| operation.origin.as_deref()) {
        if !others.contains(&other) {
            others.push(other);
        }
    }
    let hosts: Vec<&str> = origin
        .iter()
        .chain(&others)
        .filter_map(|origin| host(origin))
        .filter(|host| !is_local(host))
        .collect();
    if !hosts.is_empty() {
        let text = format!("authorised: {{ by: \"YOUR NAME\", hosts: [ {} ] }}", hosts.join(", "));
        yaml::comment(&format!("{text}   # who allowed this test; or --authorised-by"), 0, out);
    }
    let exclude: Vec<String> =
        imported.load.exclude.iter().map(|pattern| yaml::scalar(pattern)).collect();
    if !others.is_empty() || !exclude.is_empty() {
        let others = others.iter().map(|other| format!(", {}", yaml::scalar(other)));
        let _ = writeln!(out, "scope:\n  origins: [ auto{} ]", others.collect::<String>());
        if !exclude.is_empty() {
            let _ = writeln!(out, "  exclude: [ {} ]", exclude.join(", "));
        }
    }
}

/// The environment goes before the file.
fn default_target(origin: &str) -> String {
    yaml::scalar(&format!("${{env.BASE_URL:-{origin}}}"))
}

fn host(origin: &str) -> Option<&str> {
    let rest = origin.split_once("://")?.1;
    let host = match rest.strip_prefix('[') {
        Some(literal) => literal.split(']').next()?,
        None => rest.split([':', '/']).next()?,
    };
    (!host.is_empty()).then_some(host)
}

fn is_local(host: &str) -> bool {
    host == "localhost" || host.parse().is_ok_and(is_local_address)
}

fn settings(imported: &Imported, out: &mut String) {
    let hints = &imported.connection;
    if hints.insecure {
        out.push_str("insecure: true\n");
    }
    if let Some(timeout) = hints.timeout {
        let _ = writeln!(out, "timeout: {}ms", timeout.as_millis().max(1));
    }
    if !hints.ca_files.is_empty() {
        let files: Vec<String> = hints.ca_files.iter().map(|file| yaml::scalar(file)).collect();
        let _ = writeln!(out, "ca_files: [ {} ]", files.join(", "));
    }
    if !hints.settings.is_empty() {
        let pairs = hints.settings.iter().map(|(key, value)| format!("{key}: {value}"));
        let _ = writeln!(out, "connection: {{ {} }}", pairs.collect::<Vec<_>>().join(", "));
    }
    if let Some(rate) = imported.load.max_rps {
        let _ = writeln!(out, "limits: {{ max_rps: {rate} }}");
    }
}

fn secrets(secrets: &[Secret], out: &mut String) {
    let mut hidden = secrets.iter().filter(|secret| secret.is_hidden).peekable();
    if hidden.peek().is_some() {
        out.push_str("\nsecrets:\n");
    }
    for Secret { name, .. } in hidden {
        let _ = writeln!(out, "  {name}: {{ env: {name} }}");
    }
}

fn declares_secrets(sections: &str) -> bool {
    sections.lines().any(|line| line.starts_with("secrets:"))
}

/// A plan has one list of secrets: those of the login, with those of the requests among them.
fn with_secrets(sections: &str, secrets: &[Secret]) -> String {
    let named = |name: &str| sections.contains(&format!("{name}:"));
    let missing = secrets.iter().filter(|secret| secret.is_hidden && !named(&secret.name));
    let missing: Vec<&str> = missing.map(|secret| secret.name.as_str()).collect();
    let mut out = String::new();
    for line in sections.lines() {
        match line.strip_prefix("secrets:").map(str::trim_start) {
            Some(rest) if rest.starts_with('{') => {
                out.push_str("secrets: {");
                for name in &missing {
                    let _ = write!(out, " {name}: {{ env: {name} }},");
                }
                let _ = writeln!(out, "{}", &rest[1..]);
            }
            Some(_) => {
                let _ = writeln!(out, "{line}");
                for name in &missing {
                    let _ = writeln!(out, "  {name}: {{ env: {name} }}");
                }
            }
            None => {
                let _ = writeln!(out, "{line}");
            }
        }
    }
    out
}

fn vars(variables: &[(String, Text)], out: &mut String) {
    if variables.is_empty() {
        return;
    }
    out.push_str("\nvars:\n");
    for (name, value) in variables {
        let _ = writeln!(out, "  {}: {}", yaml::scalar(name), yaml::text(value));
    }
}

fn flows(operations: &[Operation], names: &[String], imported: &Imported, out: &mut String) {
    let off = |text: &str, out: &mut String| {
        if operations.iter().any(|operation| !operation.is_enabled()) {
            yaml::comment(text, 0, out);
        }
    };
    if !operations.iter().any(Operation::is_enabled) {
        out.push('\n');
        off("No request is enabled. Once one is, load can send it:", out);
        yaml::comment("flows: { all: [ { use: NAME } ] }", 0, out);
        let scenario = "scenarios: { smoke: { executor: shared-iterations, exec: all, vus: 1, iterations: 1 } }";
        yaml::comment(scenario, 0, out);
        return;
    }
    let mut flows: Vec<&str> = Vec::new();
    for scenario in &imported.load.scenarios {
        if !flows.contains(&scenario.exec.as_str()) {
            flows.push(&scenario.exec);
        }
    }
    if flows.is_empty() {
        flows.push("all");
    }
    out.push_str("\nflows:\n");
    for flow in flows {
        let _ = writeln!(out, "  {}:", yaml::scalar(flow));
        steps(operations, names, imported, out);
    }
    scenarios(imported, out);
}

fn steps(operations: &[Operation], names: &[String], imported: &Imported, out: &mut String) {
    let is_even = operations.iter().all(|operation| operation.weight == operations[0].weight);
    if imported.order == Order::Sequence || is_even && operations.len() == 1 {
        let all: Vec<Step> = (0..operations.len()).map(Step::Use).collect();
        let steps = if imported.steps.is_empty() { &all } else { &imported.steps };
        for step in steps {
            let _ = match step {
                Step::Use(index) => {
                    let off = if operations[*index].is_enabled() { "" } else { " # not enabled" };
                    writeln!(out, "    - use: {}{off}", yaml::scalar(&names[*index]))
                }
                Step::Think(pause) => writeln!(out, "    - think: {}ms", pause.as_millis()),
            };
        }
        return;
    }
    out.push_str("    - choose:\n");
    let most = operations.iter().map(|operation| operation.weight).max().unwrap_or(1).max(1);
    for (operation, name) in operations.iter().zip(names) {
        let weight = if most > MAX_WEIGHT {
            let scaled = u128::from(operation.weight) * u128::from(MAX_WEIGHT) / u128::from(most);
            u64::try_from(scaled).unwrap_or(MAX_WEIGHT).max(1)
        } else {
            operation.weight.max(1)
        };
        let off = if operation.is_enabled() { "" } else { " # not enabled" };
        let name = yaml::scalar(name);
        let _ = writeln!(out, "        - {{ weight: {weight}, do: [ {{ use: {name} }} ] }}{off}");
    }
}

fn scenarios(imported: &Imported, out: &mut String) {
    let (load, requests) = (&imported.load, imported.operations.len());
    out.push_str("\nscenarios:\n");
    if load.scenarios.is_empty() {
        let is_drawn = imported.order == Order::Draw && requests > 1;
        let (what, iterations) = if is_drawn {
            ("requests drawn by their weight", requests.saturating_mul(2).min(MAX_DRAWS))
        } else {
            ("each request once", 1)
        };
        let text = format!("One user, {what}. `shakedown load --help` says what else there is.");
        yaml::comment(&text, 2, out);
        let length = format_duration(std::time::Duration::from_secs(
            600.max(u64::try_from(requests).unwrap_or(u64::MAX).min(7200)),
        ));
        out.push_str("  smoke:\n    executor: shared-iterations\n    exec: all\n    vus: 1\n");
        let _ = writeln!(out, "    iterations: {iterations}\n    maxDuration: {length}");
        if let Some(whom) = whom(imported) {
            let _ = writeln!(out, "    as: {}", yaml::scalar(whom));
        }
    }
    for Scenario { name, exec, fields } in &load.scenarios {
        let _ = writeln!(out, "  {}:\n    exec: {}", yaml::scalar(name), yaml::scalar(exec));
        for (key, value) in fields {
            yaml::entry(key, value, 4, out);
        }
    }
}

fn whom(imported: &Imported) -> Option<&str> {
    imported.login.as_ref()?.whom.as_deref()
}

fn scan(imported: &Imported, out: &mut String) {
    if imported.operations.is_empty() && !imported.load.scenarios.is_empty() {
        return;
    }
    out.push_str("\nscan:\n  crawl: { depth: 3 }\n");
    if let Some(whom) = whom(imported) {
        let _ = writeln!(out, "  as: {}", yaml::scalar(whom));
    }
}

fn thresholds(thresholds: &[(String, Vec<Condition>)], out: &mut String) {
    if thresholds.is_empty() {
        return;
    }
    out.push_str("\nthresholds:\n");
    for (selector, conditions) in thresholds {
        let conditions = conditions.iter().map(|condition| {
            let text = Sample::Text(Text::literal(condition.text.as_str()));
            if !condition.abort && condition.delay.is_none() {
                return yaml::inline(&text);
            }
            let delay = condition.delay.as_ref();
            let delay = delay.map(|delay| format!(", delayAbortEval: {delay}")).unwrap_or_default();
            let abort = condition.abort;
            format!("{{ threshold: {}, abortOnFail: {abort}{delay} }}", yaml::inline(&text))
        });
        let conditions = conditions.collect::<Vec<_>>().join(", ");
        let _ = writeln!(out, "  {}: [ {conditions} ]", yaml::scalar(selector));
    }
}
