//! Reads a plan file. A plan comes out of it whole, or every mistake in it does.

use std::fmt::Write as _;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use sha2::{Digest as _, Sha256};

use super::bounded;
use super::document::{self, Node, Value};
use super::error::{PlanErrors, Problem};
use super::reader::{Fields, Keys, Reader};
use super::resolved::Resolved;
use super::sources::Sources;
use super::steps::Known;
use super::substitute::Env;
use super::targets::{TargetOverride, Targets};
use super::types::{Connection, Cookies, Plan, Scenario, TlsPolicy};
use super::{
    auth, boundary, capacity, carried, compare, consistency, defaults, exports, flows, gates,
    include, occurrence, once, races, rate_limits, requests, scan, scenarios, substitution,
    targets, tracing, under_load,
};
use crate::model::Redactor;
use crate::model::Seed;
use crate::model::Target;

pub(super) const PLAN: Keys = Keys {
    of: "the plan",
    known: &[
        "version",
        "include",
        "target",
        "targets",
        "authorised",
        "scope",
        "limits",
        "vars",
        "secrets",
        "data",
        "requests",
        "flows",
        "scenarios",
        "scan",
        "thresholds",
        "baseline",
        "capacity",
        "cost",
        "outputs",
        "export",
        "observe",
        "trace",
        "under_load",
        "cookies",
        "setup",
        "setupTimeout",
        "teardown",
        "teardownTimeout",
        "timeout",
        "redirects",
        "insecure",
        "ca_files",
        "connection",
        "auth",
        "identities",
    ],
    later: &[],
};

/// A larger file is no plan.
pub(super) const MAX_FILE: u64 = 4 << 20;

/// What a plan does not say itself, and what the command line says instead of it.
#[derive(Debug, Clone)]
pub struct Overrides {
    /// Instead of the plan's targets, the later ones before the earlier.
    pub targets: Vec<TargetOverride>,
    /// Instead of the plan's `authorised.by`, and without its end.
    pub authorised_by: Option<String>,
    /// Ids of the native checks that exist.
    pub known_checks: Vec<String>,
    /// The run's seed.
    pub seed: Seed,
    /// Authorisations end.
    pub today: Date,
    /// What the plan's rule directories and certificates are relative to; [`load_file`] takes the
    /// file's own directory.
    pub directory: PathBuf,
    /// Names of the environment's variables, for whoever mistypes one.
    pub env_names: Vec<String>,
    /// Runs the commands that give secrets; without it they are refused.
    pub secret_command: Option<CommandRunner>,
}

/// Runs a program with its arguments; what it wrote, or a clause that says what went wrong
/// (`ended with 1: …`). Bounds time and output.
pub type CommandRunner = fn(&[String]) -> Result<String, String>;

impl Overrides {
    /// Nothing overridden, no native checks, and no commands.
    pub fn new(seed: Seed, today: Date) -> Self {
        Self {
            targets: Vec::new(),
            authorised_by: None,
            known_checks: Vec::new(),
            seed,
            today,
            directory: PathBuf::new(),
            env_names: Vec::new(),
            secret_command: None,
        }
    }
}

/// Reads the plan at `path`.
///
/// # Errors
/// Every mistake found, or why the file could not be read.
pub fn load_file(path: &Path, env: Env<'_>, overrides: &Overrides) -> Result<Plan, PlanErrors> {
    resolve_file(path, env, overrides).map(|(plan, _)| plan)
}

/// The same with the text that it came to.
///
/// # Errors
/// As [`load_file`].
pub fn resolve_file(
    path: &Path,
    env: Env<'_>,
    overrides: &Overrides,
) -> Result<(Plan, Resolved), PlanErrors> {
    let name = path.display().to_string();
    let bytes = read(path).map_err(|problem| PlanErrors::new(&name, "", vec![problem]))?;
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let text = String::from_utf8_lossy(error.as_bytes());
            let problem =
                Problem::new(at..at, "the plan is not UTF-8 from here on").help("save it as UTF-8");
            return Err(PlanErrors::new(&name, &text, vec![problem]));
        }
    };
    let directory = path.parent().map(Path::to_path_buf).unwrap_or_default();
    resolve(&name, &text, Some(path), env, &Overrides { directory, ..overrides.clone() })
}

/// Reads a plan that was embedded or fetched; messages call it `name`.
///
/// # Errors
/// Every mistake found.
pub fn from_text(
    name: &str,
    text: &str,
    env: Env<'_>,
    overrides: &Overrides,
) -> Result<Plan, PlanErrors> {
    resolve_text(name, text, env, overrides).map(|(plan, _)| plan)
}

/// The same with the text that it came to.
///
/// # Errors
/// As [`from_text`].
pub fn resolve_text(
    name: &str,
    text: &str,
    env: Env<'_>,
    overrides: &Overrides,
) -> Result<(Plan, Resolved), PlanErrors> {
    resolve(name, text, None, env, overrides)
}

/// The plan that stands in the file at `path`, or in none.
fn resolve(
    name: &str,
    text: &str,
    path: Option<&Path>,
    env: Env<'_>,
    overrides: &Overrides,
) -> Result<(Plan, Resolved), PlanErrors> {
    let written = text;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let errors = |problems| PlanErrors::new(name, text, problems);
    if text.len() as u64 > MAX_FILE {
        return Err(errors(vec![too_large()]));
    }
    let mut tree = document::parse_named(name, text).map_err(|problem| errors(vec![problem]))?;
    let sources = Sources::of_plan(name, text, &overrides.directory);
    let mut reader = Reader { sources, ..Reader::default() };
    if !include::include(&mut tree, path, &mut reader) {
        // What is wrong with the rest may only be that something is missing.
        return Err(PlanErrors::of(&reader.sources, reader.problems));
    }
    substitution::substitute_all(&mut tree, env, overrides, &mut reader);
    let mut plan = plan(&tree, overrides, &mut reader);
    if let Some(plan) = &mut plan {
        races::races(&tree, plan, &mut reader);
        rate_limits::rate_limits(&tree, plan, &mut reader);
    }
    if let Some(targets) = &reader.targets {
        targets::write(&mut tree, targets);
    }
    let Reader { problems, warnings, redactor, sources, files, uses, .. } = reader;
    // They quote what was substituted.
    let masked = |problem: Problem| problem.masked(&redactor);
    match plan {
        Some(plan) if problems.is_empty() => {
            let warnings = PlanErrors::of(&sources, warnings).lines();
            for secret in plan.sessions.secrets() {
                redactor.learn("LOGIN_SECRET", secret);
            }
            let hash = hash_of(written, &sources);
            let plan = Plan { hash, redactor, warnings, ..plan };
            let resolved = Resolved::new(tree, &plan, sources, (files, uses));
            Ok((plan, resolved))
        }
        _ => Err(PlanErrors::of(&sources, problems.into_iter().map(masked).collect())),
    }
}

/// SHA-256, hexadecimal.
pub(super) fn hash(text: &str) -> String {
    Sha256::digest(text).iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").expect("writing to a string does not fail");
        hex
    })
}

/// That of the plan's text, and of each that it includes with its name: what it is depends on all.
fn hash_of(text: &str, sources: &Sources) -> String {
    if sources.included().is_empty() {
        return hash(text);
    }
    let mut all = text.to_owned();
    for source in sources.included() {
        all.extend(["\0", &source.name_from_plan(), "\0", &source.text]);
    }
    hash(&all)
}

fn read(path: &Path) -> Result<Vec<u8>, Problem> {
    let failed = |error: std::io::Error| Problem::of_file(format!("cannot be read: {error}"));
    let metadata = std::fs::metadata(path).map_err(failed)?;
    if metadata.is_dir() {
        return Err(Problem::of_file("is a directory, not a plan"));
    }
    bounded::read(path, MAX_FILE).map_err(|error| match error.kind() {
        ErrorKind::FileTooLarge => too_large(),
        _ => failed(error),
    })
}

fn too_large() -> Problem {
    Problem::of_file(format!("is larger than {} MiB", MAX_FILE >> 20))
}

fn plan(tree: &Node, overrides: &Overrides, reader: &mut Reader) -> Option<Plan> {
    let fields = top_level(tree, reader)?;
    version(&fields, reader);
    let targets = targets::targets(&fields, overrides, reader);
    // Reading goes on without a target, so that the rest of the mistakes is found too.
    let aim = targets.clone().unwrap_or_else(|| Targets::one(unknown_target()));
    let scope = boundary::scope(&fields, &aim, overrides, reader)?;
    let limits = boundary::limits(&fields, reader);
    let around = requests::Surroundings { targets: &aim, scope: &scope, overrides };
    let mut sessions = auth::sessions(&fields, &around, reader);
    let mut planned = requests::requests(&fields, &around, reader);
    for request in &mut planned {
        request.uses.retain(|used| !auth::provides(&sessions, used.variable));
    }
    let flows = flows::flows(&fields, &planned, &names(&fields, "requests"), reader);
    let mut data = std::mem::take(&mut reader.data);
    data.of_flow = flows.iter().map(|flow| data.giving(flow.needs(&planned))).collect();
    let (flows, sent): (Vec<_>, Vec<_>) =
        flows.into_iter().map(|planned| (planned.flow, planned.requests)).unzip();
    let mut scenarios = scenarios::scenarios(&fields, &flows, &names(&fields, "flows"), reader);
    once::give_env(&mut scenarios, &flows, &planned, reader);
    let scenarios: Vec<_> = scenarios.into_iter().map(|planned| planned.scenario).collect();
    let names = names(&fields, "requests");
    let known = Known { requests: &planned, names: &names, of: "" };
    let setup = once::once(&fields, ("setup", "setupTimeout"), known, reader);
    let teardown = once::once(&fields, ("teardown", "teardownTimeout"), known, reader);
    once::refuse_unset(setup.as_ref(), &flows, &planned, reader);
    let (mut requests, scripts): (Vec<_>, Vec<_>) = planned
        .into_iter()
        .map(|planned| {
            reader.uses.push(planned.uses);
            reader.takes.push(planned.extract);
            (planned.template, planned.script)
        })
        .unzip();
    auth::users(&fields, &mut sessions, (&requests, &scenario_names(&scenarios)), reader);
    if reader.problems.is_empty() {
        auth::feed(&mut data, &scenarios, &flows, &sessions);
    }
    sessions.scan = auth::scan_as(&fields, &sessions, reader);
    let scan = scan::scan(&fields, &limits, (&requests, &sessions), overrides, reader);
    let is_sound = reader.problems.is_empty();
    let gates = gates::thresholds(&fields, reader);
    let baseline = compare::baseline(&fields, reader);
    let capacity = capacity::capacity(&fields, reader);
    let (cost, outputs) = (compare::cost(&fields, reader), gates::outputs(&fields, reader));
    let exports = exports::exports(&fields, reader);
    let connection = connection(&fields, overrides, reader);
    let observe = observe(&fields, reader);
    let trace = tracing::trace(&fields, reader);
    let asked = under_load::under_load(&fields, &mut requests, reader);
    let cookies = cookies(&fields, reader);
    carried::carried(&fields, &requests, &connection, reader);
    consistency::caps(&fields, &limits, &scenarios, &sent, reader);
    // Where something was left out for a mistake, its gates are none.
    if is_sound {
        let run = occurrence::Run {
            scenarios: &scenarios,
            flows: &flows,
            requests: &requests,
            scripts: &scripts,
            sessions: &sessions,
            connection: &connection,
            has_scan: scan.is_some(),
            watches: asked.is_any(),
        };
        occurrence::gates(&gates, &run, reader);
        occurrence::gates(&capacity::gates(&fields, capacity.as_ref()), &run, reader);
    }
    reader.targets.clone_from(&targets);
    Some(Plan {
        target: targets.as_ref()?.default_one().clone(),
        other_targets: targets.as_ref()?.others(),
        scope,
        limits,
        requests,
        scripts,
        variables: std::mem::take(&mut reader.names).into_names(),
        flows,
        sessions,
        scenarios,
        setup,
        teardown,
        scan,
        thresholds: gates.into_iter().map(|gate| gate.threshold).collect(),
        baseline,
        capacity,
        cost,
        outputs,
        exports,
        connection,
        observe,
        trace,
        watched: asked.watched,
        refused: asked.refused,
        burden: asked.burden,
        cookies,
        seed: overrides.seed,
        hash: String::new(),
        data,
        redactor: Redactor::default(),
        warnings: Vec::new(),
    })
}

fn top_level<'a>(tree: &'a Node, reader: &mut Reader) -> Option<Fields<'a>> {
    if tree.scalar().is_some_and(|scalar| scalar.typed.is_null()) {
        reader.problem(&tree.at, "the plan is empty");
        return None;
    }
    let entries = reader.entries(tree, "a plan")?;
    for entry in entries.iter().filter(|entry| !entry.key.starts_with("x-")) {
        reader.check_key(entry, &PLAN);
    }
    Some(Fields::new(PLAN.of, 0..0, entries))
}

fn version(plan: &Fields<'_>, reader: &mut Reader) {
    let Some(node) = reader.require(plan, "version") else { return };
    reader.number(node, "1, the only version there is", |version: u64| version == 1);
}

fn unknown_target() -> Target {
    Target::parse("http://127.0.0.1/").expect("a valid URL")
}

/// Names that the plan gives to its requests or flows, right or wrong.
fn names<'a>(plan: &Fields<'a>, section: &str) -> Vec<&'a str> {
    match plan.get(section).map(|node| &node.value) {
        Some(Value::Map(entries)) => entries.iter().map(|entry| entry.key.as_str()).collect(),
        _ => Vec::new(),
    }
}

fn scenario_names(scenarios: &[Scenario]) -> Vec<&str> {
    scenarios.iter().map(|scenario| scenario.name.as_str()).collect()
}

/// A plan that only scans gets the scanner's defaults; load's hold as soon as there is a scenario.
fn connection(plan: &Fields<'_>, overrides: &Overrides, reader: &mut Reader) -> Connection {
    let scans_only = plan.get("scan").is_some() && plan.get("scenarios").is_none();
    let timeout = plan.get("timeout").and_then(|node| reader.positive_duration(node));
    let insecure = plan.get("insecure").and_then(|node| reader.boolean(node));
    let default_timeout = if scans_only { defaults::SCAN_TIMEOUT } else { defaults::LOAD_TIMEOUT };
    let tls =
        if insecure.unwrap_or(scans_only) { TlsPolicy::AcceptAndReport } else { TlsPolicy::Verify };
    let mut connection = Connection {
        ca_files: boundary::ca_files(plan, reader),
        ..Connection::new(timeout.unwrap_or(default_timeout), tls)
    };
    super::connection::connection(plan, overrides, &mut connection, reader);
    connection
}

/// As in k6 where nothing is said: each iteration begins without cookies.
fn cookies(plan: &Fields<'_>, reader: &mut Reader) -> Cookies {
    const WORDS: [(&str, Cookies); 3] = [
        ("per-iteration", Cookies::PerIteration),
        ("per-user", Cookies::PerUser),
        ("off", Cookies::Off),
    ];
    let Some(node) = plan.get("cookies") else { return Cookies::PerIteration };
    let Some(word) = reader.text(node, "`per-iteration`, `per-user` or `off`") else {
        return Cookies::Off;
    };
    let found = WORDS.iter().find(|(name, _)| *name == word).map(|(_, cookies)| *cookies);
    if found.is_none() {
        let words = WORDS.iter().map(|(name, _)| *name);
        reader.unknown(&node.at, "way to keep cookies", word, words);
    }
    found.unwrap_or_default()
}

fn observe(plan: &Fields<'_>, reader: &mut Reader) -> Vec<String> {
    let Some(node) = plan.get("observe") else { return Vec::new() };
    let mut names: Vec<String> = Vec::new();
    for (name, at) in reader.texts(node, "response headers") {
        if let Err(message) = requests::header(name, "") {
            reader.problem(at, message);
        } else if !names.iter().any(|earlier| earlier.eq_ignore_ascii_case(name)) {
            names.push(name.to_owned());
        }
    }
    names
}
