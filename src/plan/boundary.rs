//! Target, scope, authorisation, limits and connection of a plan.

use std::path::PathBuf;

use jiff::civil::Date;
use regex::Regex;

use super::document::{Node, Place};
use super::error::Problem;
use super::file::Overrides;
use super::reader::{Fields, Keys, Reader};
use super::targets::Targets;
use super::types::{Limits, StopIf};
use crate::model::Authorisation;
use crate::model::Origin;
use crate::model::Scope;
use crate::model::ScopeBuilder;
use crate::model::Target;

pub(super) const AUTHORISED: Keys =
    Keys { of: "authorised", known: &["by", "hosts", "until"], later: &[] };
pub(super) const SCOPE: Keys =
    Keys { of: "scope", known: &["origins", "include", "exclude"], later: &[] };
pub(super) const LIMITS: Keys =
    Keys { of: "limits", known: &["max_rps", "max_vus", "max_time", "stop_if"], later: &[] };
pub(super) const STOP_IF: Keys =
    Keys { of: "stop_if", known: &["error_rate", "p95", "for"], later: &[] };

/// What a rate is, for "expected …".
pub(super) const RATE: &str = "a number above 0 and at most 10000000";
/// What a number of users is, for "expected …".
pub(super) const USERS: &str = "a whole number from 1 to 1000000";

/// An origin and where the plan names it; flags have no place.
type Named = (Origin, Option<Place>);

/// The scope; every mistake in it is reported.
pub(super) fn scope(
    plan: &Fields<'_>,
    targets: &Targets,
    overrides: &Overrides,
    reader: &mut Reader,
) -> Option<Scope> {
    let fields =
        plan.entry("scope").and_then(|entry| reader.fields(&entry.node, &entry.key_at, &SCOPE));
    let part = |key| fields.as_ref().and_then(|fields| fields.get(key));
    let mut own: Vec<Named> = Vec::new();
    for (target, at) in targets.places() {
        if !own.iter().any(|(origin, _)| *origin == target.origin) {
            own.push((target.origin.clone(), at.cloned()));
        }
    }
    let origins = match part("origins") {
        Some(node) => origins(node, own, reader),
        None => own,
    };
    let builder = ScopeBuilder {
        origins: origins.iter().map(|(origin, _)| origin.clone()).collect(),
        include: patterns(part("include"), reader),
        exclude: patterns(part("exclude"), reader),
        authorisation: authorisation(plan, overrides, reader),
    };
    match builder.build() {
        Ok(scope) => {
            unauthorised(&scope, origins, reader);
            Some(scope)
        }
        Err(error) => {
            // Each pattern compiled; together they are too big.
            reader.problem(&plan.at, format!("scope: {error}"));
            None
        }
    }
}

/// Reports origins given by address that nobody authorised; names are judged when they resolve.
fn unauthorised(scope: &Scope, origins: Vec<Named>, reader: &mut Reader) {
    for (origin, at) in origins {
        let Some(address) = origin.literal_ip() else { continue };
        let Err(refusal) = scope.admit_address(&origin.host, address) else { continue };
        let problem = match at {
            Some(at) => Problem::new(at, refusal.to_string()),
            None => Problem::of_file(refusal.to_string()),
        };
        reader.problems.push(problem.refused());
    }
}

/// `auto` stands for the targets, of which the default one is always in scope.
fn origins(node: &Node, mut own: Vec<Named>, reader: &mut Reader) -> Vec<Named> {
    let others = own.split_off(1);
    let target = own[0].0.clone();
    let mut origins = own;
    let mut has_target = false;
    for (text, at) in reader.texts(node, "origins, `auto` for the targets'") {
        if text == "auto" {
            has_target = true;
            for (origin, at) in &others {
                if !origins.iter().any(|(known, _)| known == origin) {
                    origins.push((origin.clone(), at.clone()));
                }
            }
            continue;
        }
        match Target::parse(text) {
            Ok(other) if other.path_and_query != "/" => reader.problem_with_help(
                at,
                format!("`{text}` is more than an origin"),
                format!("write `{}`, and paths into scope.include", other.origin),
            ),
            Ok(other) => {
                has_target |= other.origin == target;
                if !origins.iter().any(|(origin, _)| *origin == other.origin) {
                    origins.push((other.origin, Some(at.clone())));
                }
            }
            Err(error) => reader.problem(at, error.to_string()),
        }
    }
    if !has_target {
        reader.problem_with_help(
            &node.at,
            format!("the target's own origin {target} is not in scope"),
            "add `auto`",
        );
    }
    origins
}

fn patterns(node: Option<&Node>, reader: &mut Reader) -> Vec<String> {
    let Some(node) = node else { return Vec::new() };
    let mut patterns = Vec::new();
    for (text, at) in reader.texts(node, "regular expressions") {
        match Regex::new(text) {
            Ok(_) => patterns.push(text.to_owned()),
            Err(error) => {
                let error = error.to_string();
                let cause = error.lines().last().unwrap_or_default().trim_start_matches("error: ");
                reader.problem(at, format!("`{text}` is not a regular expression: {cause}"));
            }
        }
    }
    patterns
}

/// The flag names who, the plan names who, for which hosts and how long.
fn authorisation(plan: &Fields<'_>, overrides: &Overrides, reader: &mut Reader) -> Authorisation {
    let (mut by, mut hosts) = (overrides.authorised_by.clone(), Vec::new());
    if let Some(entry) = plan.entry("authorised")
        && let Some(fields) = reader.fields(&entry.node, &entry.key_at, &AUTHORISED)
    {
        let named = reader.require(&fields, "by").and_then(|node| reader.text(node, "a name"));
        if let Some(node) = fields.get("hosts") {
            hosts = reader
                .texts(node, "host names")
                .into_iter()
                .map(|(host, _)| host.to_owned())
                .collect();
        }
        if let Some(node) = fields.get("until")
            && let Some(until) = reader.parsed(node, "a date", parse_date)
            && by.is_none()
            && until < overrides.today
        {
            let message = format!("the authorisation ended on {until}");
            reader.problems.push(
                Problem::new(node.at.clone(), message)
                    .help("have it renewed, or pass --authorised-by NAME")
                    .refused(),
            );
        }
        by = by.or(named.map(str::to_owned));
    }
    match by {
        Some(by) => Authorisation::Granted { by, hosts },
        None => Authorisation::LocalOnly,
    }
}

fn parse_date(text: &str) -> Result<Date, String> {
    text.parse().map_err(|_| format!("`{text}` is not a date; write it like 2031-12-31"))
}

/// Hard caps and the kill switch.
pub(super) fn limits(plan: &Fields<'_>, reader: &mut Reader) -> Limits {
    let Some(entry) = plan.entry("limits") else { return Limits::default() };
    let Some(fields) = reader.fields(&entry.node, &entry.key_at, &LIMITS) else {
        return Limits::default();
    };
    Limits {
        max_rps: fields.get("max_rps").and_then(|node| reader.number(node, RATE, is_rate)),
        max_vus: fields.get("max_vus").and_then(|node| reader.number(node, USERS, is_users)),
        max_time: fields.get("max_time").and_then(|node| reader.positive_duration(node)),
        stop_if: stop_if(&fields, reader),
    }
}

/// Whether something can run at that rate: a schedule counts nanoseconds.
pub(super) fn is_rate(rate: f64) -> bool {
    rate > 0.0 && rate <= 1e7
}

/// Whether that many virtual users fit into a machine's memory.
pub(super) fn is_users(users: u32) -> bool {
    (1..=1_000_000).contains(&users)
}

fn stop_if(limits: &Fields<'_>, reader: &mut Reader) -> Option<StopIf> {
    let entry = limits.entry("stop_if")?;
    let fields = reader.fields(&entry.node, &entry.key_at, &STOP_IF)?;
    if fields.get("error_rate").is_none() && fields.get("p95").is_none() {
        reader.problem(&entry.key_at, "stop_if needs `error_rate` or `p95`");
    }
    Some(StopIf {
        error_rate: fields.get("error_rate").and_then(|node| {
            reader.number(node, "a share from 0 to 1", |share: f64| (0.0..=1.0).contains(&share))
        }),
        p95: fields.get("p95").and_then(|node| reader.positive_duration(node)),
        hold: fields
            .get("for")
            .and_then(|node| reader.duration(node))
            .unwrap_or(super::defaults::STOP_IF_HOLD),
    })
}

/// Certificates beside the platform's, relative to the plan's directory.
pub(super) fn ca_files(plan: &Fields<'_>, reader: &mut Reader) -> Vec<PathBuf> {
    let Some(node) = plan.get("ca_files") else { return Vec::new() };
    let mut files = Vec::new();
    for (text, at) in reader.texts(node, "PEM files") {
        let path = reader.beside(at, text);
        if path.is_file() {
            files.push(path);
        } else {
            reader.problem(at, format!("`{}` is not a file", path.display()));
        }
    }
    files
}
