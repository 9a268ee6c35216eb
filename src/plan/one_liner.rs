//! Plans made of flags alone: `load URL` with oha's meaning, `scan URL`.

use std::path::Path;
use std::time::Duration;

use super::aim;
use super::bodies::MAX_BODY;
use super::boundary;
use super::bounded;
use super::connection::apply_flags;
use super::credentials::Credential;
use super::data::Data;
use super::defaults;
use super::file::hash;
use super::flags::{Body, CommonFlags, FlagError, LoadFlags, ScanFlags};
use super::policy::Policy;
use super::probing::Probing;
use super::protocol;
use super::requests;
use super::stages;
use super::types::{
    Connection, Cookies, CrawlSettings, Limits, Plan, ScanSettings, Scenario, TlsPolicy,
};
use super::under_load::Watched;
use super::url_list::UrlList;
use crate::flow::Flow;
use crate::flow::Op;
use crate::flow::auth::Sessions;
use crate::model::Authorisation;
use crate::model::Conversation;
use crate::model::Expectation;
use crate::model::Header;
use crate::model::HttpVersion;
use crate::model::MessageStep;
use crate::model::Method;
use crate::model::Origin;
use crate::model::Redactor;
use crate::model::Request;
use crate::model::RequestTemplate;
use crate::model::Scope;
use crate::model::ScopeBuilder;
use crate::model::Seed;
use crate::model::Target;
use crate::model::WebSocketSession;
use crate::model::did_you_mean;
use crate::model::format_bytes;

/// Of all URLs together.
const MAX_BODIES: u64 = 256 << 20;

/// The plan of `load URL`.
///
/// Without `-z` and `-q` it is `-n` iterations (200) shared by `-c` users (50); with `-z` the users
/// iterate that long; with `-q`, stages or bursts requests start on a schedule, and what finds no
/// free connection waits, so that its latency counts from when it should have started.
///
/// # Errors
/// A value that makes no sense, a body that cannot be read, a target that nobody authorised.
pub fn load_url(flags: &LoadFlags) -> Result<Plan, FlagError> {
    let list =
        flags.urls_from_file.then(|| UrlList::read(Path::new(&flags.common.url))).transpose()?;
    let url = match &list {
        Some(list) => {
            // Before the first of them is judged as the target, without its line.
            list.admit(&scope(list.origins(), &flags.common, &[], &[])?)?;
            list.targets[0].1.url()
        }
        None => aim::http_form(&flags.common.url),
    };
    let common = CommonFlags { url, ..flags.common.clone() };
    let (target, mut plan) = base(&common, defaults::LOAD_TIMEOUT, TlsPolicy::Verify)?;
    let users = speak(flags, &mut plan)?;
    let scenario = scenario(flags, users)?;
    plan.requests = vec![template(flags, &target, &plan.connection)?];
    let name = plan.requests[0].name.clone();
    let mut flow = Flow { name, ops: vec![Op::Use(0)] };
    if let Some(list) = &list {
        plan.scope = scope(list.origins(), &common, &[], &[])?;
        plan.requests = several(&plan.requests[0], list, &plan.connection)?;
        flow = Flow::one_of(plan.requests[0].name.clone(), &list.draws);
    }
    plan.flows = vec![flow];
    plan.scenarios = vec![scenario];
    plan.observe.clone_from(&flags.observe);
    let common = without_seed(&flags.common);
    plan.hash = hash(&format!("{:?}{list:?}", LoadFlags { common, ..flags.clone() }));
    Ok(plan)
}

/// Loads what `plan` sends as the flags say: with `draws`, each iteration sends one request of its
/// flow, else the whole flow.
///
/// # Errors
/// As [`load_url`], and a plan without a flow.
pub fn load_flow(mut plan: Plan, flags: &LoadFlags, draws: bool) -> Result<Plan, FlagError> {
    let Some(flow) = plan.flows.first_mut() else {
        return Err(FlagError::Usage("there is no request that load could send".to_owned()));
    };
    // One that draws already knows how often each is to be drawn.
    if draws && !matches!(flow.ops.first(), Some(Op::Draw(_))) {
        let sent: Vec<usize> = flow.requests().collect();
        *flow = Flow::one_of(std::mem::take(&mut flow.name), &sent);
    }
    let users = speak(flags, &mut plan)?;
    let unfit = |template: &RequestTemplate| {
        let protocol = plan.connection.protocol_of(template);
        protocol::unfit_origin(protocol, &template.request.origin)
    };
    if let Some(reason) = plan.requests.iter().find_map(unfit) {
        return Err(FlagError::Usage(reason.to_owned()));
    }
    plan.scenarios = vec![scenario(flags, users)?];
    let common = without_seed(&flags.common);
    plan.hash = hash(&format!("{}{:?}", plan.hash, LoadFlags { common, ..flags.clone() }));
    Ok(plan)
}

/// Has the plan speak the protocol of the flags; how many users that takes, where it is said.
fn speak(flags: &LoadFlags, plan: &mut Plan) -> Result<Option<u32>, FlagError> {
    let (protocol, users) = protocol::of_flags(flags)?;
    plan.connection.protocol = protocol;
    protocol::check(&plan.connection, protocol)
        .map_err(|text| FlagError::Usage(text.to_owned()))?;
    Ok(users)
}

/// The flags' load of the first flow, by so many users.
fn scenario(flags: &LoadFlags, users: Option<u32>) -> Result<Scenario, FlagError> {
    Ok(Scenario {
        name: "load".to_owned(),
        flow: 0,
        executor: stages::executor(&LoadFlags { connections: users, ..flags.clone() })?,
        start_time: Duration::ZERO,
        graceful_stop: defaults::GRACEFUL_STOP,
        warmup: false,
        tags: std::collections::BTreeMap::new(),
        given: Vec::new(),
    })
}

/// The request that the flags describe.
fn template(
    flags: &LoadFlags,
    target: &Target,
    connection: &Connection,
) -> Result<RequestTemplate, FlagError> {
    let (origin, path_and_query) =
        aim::destination(&target.path_and_query, target).map_err(usage("the URL"))?;
    if let Some(reason) = protocol::unfit_origin(connection.protocol, &origin) {
        return Err(FlagError::Usage(reason.to_owned()));
    }
    let path = path_and_query.split('?').next().unwrap_or_default().to_owned();
    let method = flags.method.as_deref().unwrap_or("GET").to_ascii_uppercase();
    requests::header(&method, "").map_err(|_| {
        FlagError::Usage(format!("`{}` is not a method", crate::model::inert(&method, 80)))
    })?;
    check_observed(&flags.observe)?;
    if let Some(status) = flags.expected_statuses.iter().find(|s| !(100..=599).contains(*s)) {
        return Err(FlagError::Usage(format!("{status} is not a status from 100 to 599")));
    }
    let body = flags.body.as_ref().map(read_body).transpose()?;
    let (conversation, body) = conversation(flags, body)?;
    Ok(RequestTemplate {
        name: path.clone(),
        request: Request {
            origin,
            method: Method::new(method),
            path_and_query: path_and_query.into_bytes(),
            headers: connection.headers.clone(),
            body,
        },
        path_template: path,
        expected_statuses: flags.expected_statuses.clone(),
        redirects: flags.redirects,
        conversation,
        enabled: true,
        tags: std::collections::BTreeMap::new(),
        timeout: None,
        version: None,
    })
}

/// The same request to each URL of the list. What tells them apart is the query too, and the host
/// where there are several.
fn several(
    one: &RequestTemplate,
    list: &UrlList,
    connection: &Connection,
) -> Result<Vec<RequestTemplate>, FlagError> {
    let bodies = (one.request.body.len() as u64).saturating_mul(list.targets.len() as u64);
    if bodies > MAX_BODIES {
        return Err(FlagError::Usage(format!(
            "each URL keeps a copy of the body: {} of them take {}, and {} are the most",
            list.targets.len(),
            format_bytes(bodies),
            format_bytes(MAX_BODIES)
        )));
    }
    let origins = list.origins();
    if let Some(reason) =
        origins.iter().find_map(|of| protocol::unfit_origin(connection.protocol, of))
    {
        return Err(FlagError::Usage(reason.to_owned()));
    }
    let has_hosts = origins.len() > 1;
    let to = |(_, target): &(usize, Target)| {
        let shown = if has_hosts { target.url() } else { target.path_and_query.clone() };
        RequestTemplate {
            name: shown.clone(),
            path_template: shown,
            request: Request {
                origin: target.origin.clone(),
                path_and_query: target.path_and_query.clone().into_bytes(),
                ..one.request.clone()
            },
            ..one.clone()
        }
    };
    Ok(list.targets.iter().map(to).collect())
}

/// What the request goes on with, and what is left as its body: of a WebSocket the body is the
/// message, sent as often as asked, and each time an answer is awaited.
fn conversation(
    flags: &LoadFlags,
    body: Option<Vec<u8>>,
) -> Result<(Conversation, Vec<u8>), FlagError> {
    if !flags.is_websocket() {
        if flags.messages.is_some() {
            let text = "--messages is for WebSocket: write the URL with ws:// or wss://";
            return Err(FlagError::Usage(text.to_owned()));
        }
        return Ok((Conversation::Response, body.unwrap_or_default()));
    }
    let foreign = [
        ("-m", flags.method.is_some()),
        ("-r", flags.redirects > 0),
        ("--http2 or -p", flags.http_version == HttpVersion::Http2),
        ("--http3 or -p", flags.http_version == HttpVersion::Http3),
        ("--pipeline", flags.pipeline.is_some()),
        ("--messages", flags.messages.is_some() && body.is_none()),
    ];
    match foreign.into_iter().find(|(_, given)| *given) {
        Some(("--messages", _)) => {
            Err(FlagError::Usage("--messages needs the message: give it with -d".to_owned()))
        }
        Some((flag, _)) => Err(FlagError::Usage(format!("{flag} has no meaning for a WebSocket"))),
        None => Ok((Conversation::WebSocket(one_liner_session(flags, body)), Vec::new())),
    }
}

/// Without a message, a session is its handshake.
fn one_liner_session(flags: &LoadFlags, message: Option<Vec<u8>>) -> WebSocketSession {
    let pair = message.map(|payload| {
        let binary = std::str::from_utf8(&payload).is_err();
        let send = MessageStep::Send { payload, binary };
        vec![send, MessageStep::Expect { what: Expectation::Any, within: None }]
    });
    let times = flags.messages.unwrap_or(1);
    let steps = pair.map(|steps| MessageStep::Repeat { times, steps });
    WebSocketSession { steps: steps.into_iter().collect(), ..WebSocketSession::default() }
}

/// The plan of `scan URL`.
///
/// # Errors
/// A value that makes no sense, an unknown check, a target that nobody authorised or that the
/// scope leaves out.
pub fn scan_url(flags: &ScanFlags) -> Result<Plan, FlagError> {
    let (target, mut plan) =
        base(&flags.common, defaults::SCAN_TIMEOUT, TlsPolicy::AcceptAndReport)?;
    let mut origins = vec![target.origin.clone()];
    for origin in &flags.also {
        if !origins.contains(origin) {
            origins.push(origin.clone());
        }
    }
    plan.scope = scope(origins, &flags.common, &flags.include, &flags.exclude)?;
    plan.scope.judge(&target.origin, &target.path_and_query).map_err(FlagError::Refused)?;
    let usual = ScanSettings::default();
    let crawl = CrawlSettings {
        depth: flags.depth.unwrap_or(usual.crawl.depth),
        max_urls: flags.max_urls.unwrap_or(usual.crawl.max_urls),
        per_kind: flags.per_kind.unwrap_or(usual.crawl.per_kind),
        max_time: flags.max_time,
        max_bytes: flags.max_bytes,
        robots: flags.robots.unwrap_or(usual.crawl.robots),
        import: Vec::new(),
        browser: flags.browser.clone(),
    };
    let max_rps = flags.rps.unwrap_or(usual.max_rps);
    if !boundary::is_rate(max_rps) {
        return Err(not_a_rate("the scan's rate", max_rps));
    }
    if flags.concurrency == Some(0) || crawl.max_urls == 0 {
        return Err(FlagError::Usage("concurrency and the number of URLs start at 1".to_owned()));
    }
    if let Some(path) = flags.rule_dirs.iter().find(|path| !path.is_dir()) {
        return Err(FlagError::Usage(format!("`{}` is not a directory", path.display())));
    }
    plan.scan = Some(ScanSettings {
        crawl,
        active: active(flags)?,
        probing: probing(flags)?,
        max_rps,
        concurrency: flags.concurrency.unwrap_or(usual.concurrency),
        allow_unsafe: flags.allow_unsafe,
        unsafe_requests: Vec::new(),
        passive_during_load: false,
        rule_dirs: flags.rule_dirs.clone(),
        templates: flags.templates.clone(),
        imported: Vec::new(),
    });
    let common = without_seed(&flags.common);
    plan.hash = hash(&format!("{:?}", ScanFlags { common, ..flags.clone() }));
    Ok(plan)
}

/// Two runs of the same flags run the same plan, whatever the dice say.
fn without_seed(flags: &CommonFlags) -> CommonFlags {
    CommonFlags { seed: Seed(0), ..flags.clone() }
}

/// Everything that does not depend on the command.
fn base(
    flags: &CommonFlags,
    timeout: Duration,
    tls: TlsPolicy,
) -> Result<(Target, Plan), FlagError> {
    let target = Target::parse(&flags.url).map_err(|error| FlagError::Usage(error.to_string()))?;
    let scope = scope(vec![target.origin.clone()], flags, &[], &[])?;
    if let Some(address) = target.origin.literal_ip() {
        scope.admit_address(&target.origin.host, address).map_err(FlagError::Refused)?;
    }
    let timeout = flags.timeout.unwrap_or(timeout);
    if timeout.is_zero() {
        return Err(FlagError::Usage("the timeout must be longer than 0".to_owned()));
    }
    let tls = if flags.insecure { TlsPolicy::AcceptAndReport } else { tls };
    let mut connection = Connection {
        ca_files: flags.ca_files.clone(),
        headers: headers(&flags.headers)?,
        ..Connection::new(timeout, tls)
    };
    apply_flags(&flags.connection, &mut connection)?;
    let plan = Plan {
        target: target.clone(),
        other_targets: Vec::new(),
        scope,
        limits: Limits::default(),
        requests: Vec::new(),
        scripts: Vec::new(),
        variables: Vec::new(),
        sessions: Sessions::default(),
        flows: Vec::new(),
        scenarios: Vec::new(),
        scan: None,
        thresholds: Vec::new(),
        baseline: super::types::BaselineFiles::default(),
        capacity: None,
        cost: None,
        outputs: flags.outputs.clone(),
        connection,
        observe: Vec::new(),
        trace: None,
        watched: Watched::default(),
        refused: Vec::new(),
        burden: Vec::new(),
        exports: Vec::new(),
        cookies: Cookies::Off,
        setup: None,
        teardown: None,
        seed: flags.seed,
        hash: String::new(),
        data: Data::default(),
        redactor: Redactor::default(),
        warnings: Vec::new(),
    };
    Ok((target, plan))
}

fn scope(
    origins: Vec<Origin>,
    flags: &CommonFlags,
    include: &[String],
    exclude: &[String],
) -> Result<Scope, FlagError> {
    let authorisation = match &flags.authorised_by {
        Some(by) => Authorisation::Granted { by: by.clone(), hosts: Vec::new() },
        None => Authorisation::LocalOnly,
    };
    ScopeBuilder { origins, include: include.to_vec(), exclude: exclude.to_vec(), authorisation }
        .build()
        .map_err(|error| FlagError::Usage(format!("--include or --exclude is no regex: {error}")))
}

/// Without names, checks are those of a policy.
fn probing(flags: &ScanFlags) -> Result<Probing, FlagError> {
    let by_policy = flags.active.as_ref().is_some_and(Vec::is_empty);
    let policy = by_policy.then(|| flags.policy.unwrap_or_default());
    let usual = policy.map(Policy::strength).unwrap_or_default();
    let credentials = match &flags.credentials {
        Some(path) => {
            let read = Credential::read(path);
            read.map_err(|error| FlagError::Usage(format!("--credentials: {error}")))?
        }
        None => Vec::new(),
    };
    let strength = flags.strength.unwrap_or(usual);
    Ok(Probing { policy, strength, credentials, untimed: flags.untimed, ..Probing::default() })
}

fn active(flags: &ScanFlags) -> Result<Vec<String>, FlagError> {
    let known = || flags.known_checks.iter().map(String::as_str);
    let Some(ids) = &flags.active else { return Ok(Vec::new()) };
    for id in ids {
        if !known().any(|check| check == id) {
            let cure = match did_you_mean(id, known()) {
                Some(nearest) => format!("did you mean `{nearest}`?"),
                None => format!("there are {}", flags.known_checks.join(", ")),
            };
            return Err(FlagError::Usage(format!("--active: unknown check `{id}`; {cure}")));
        }
    }
    Ok(ids.clone())
}

/// Headers as `-H` takes them, `Name: value`.
///
/// # Errors
/// The first line that is none.
pub fn headers(lines: &[String]) -> Result<Vec<Header>, FlagError> {
    lines.iter().map(|line| header(line)).collect()
}

/// Adds what `--observe` names to what is observed already.
///
/// # Errors
/// The first name that no header has.
pub fn observe_too(observed: &mut Vec<String>, names: &[String]) -> Result<(), FlagError> {
    check_observed(names)?;
    for name in names {
        if !observed.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            observed.push(name.clone());
        }
    }
    Ok(())
}

fn check_observed(names: &[String]) -> Result<(), FlagError> {
    names
        .iter()
        .try_for_each(|name| requests::header(name, "").map(|_| ()).map_err(usage("--observe")))
}

fn header(line: &str) -> Result<Header, FlagError> {
    let (name, value) = line.split_once(':').ok_or_else(|| {
        FlagError::Usage(format!(
            "-H `{}` is not a header; write it like 'Name: value'",
            crate::model::inert(line, 80)
        ))
    })?;
    requests::header(name.trim(), value).map_err(usage("-H"))
}

fn read_body(body: &Body) -> Result<Vec<u8>, FlagError> {
    match body {
        Body::Text(text) => Ok(text.clone().into_bytes()),
        Body::File(path) => bounded::read(path, MAX_BODY)
            .map_err(|cause| FlagError::Body { path: path.clone(), cause }),
    }
}

fn not_a_rate(flag: &str, rate: f64) -> FlagError {
    FlagError::Usage(format!("{flag} {rate}: expected {}", boundary::RATE))
}

fn usage(flag: &'static str) -> impl Fn(String) -> FlagError {
    move |message| FlagError::Usage(format!("{flag}: {message}"))
}
