//! The plan's load part, prepared: everything that is the same for every request is done once.

use std::collections::HashSet;
use std::net::SocketAddr;

use rand::RngExt as _;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rustls::pki_types::ServerName;

use super::budget::OTHER;
use super::budget::Wanted;
use super::budget::share_out;
use super::call::Calling;
use super::error::LoadError;
use super::look::Numbered;
use super::look::body_limit;
use super::look::number_checks;
use super::redirect::RedirectRules;
use super::schedule::nanos;
use super::script::Wire;
use super::talk::Dialogue;
use crate::flow::Flow;
use crate::flow::MessageScript;
use crate::flow::Script;
use crate::http::h1;
use crate::http::h1::RequestKind;
use crate::http::h3::QuicSetup;
use crate::http::message::Message;
use crate::http::message::MessageError;
use crate::http::reactor::Nanos;
use crate::http::route;
use crate::http::route::Way;
use crate::http::tls;
use crate::http::tls::HTTP_1_1;
use crate::http::tls::TlsSetup;
use crate::http::tls::TrustPolicy;
use crate::http::ws::Handshake;
use crate::model::ConnectionReuse;
use crate::model::Conversation;
use crate::model::Failure;
use crate::model::FailureClass;
use crate::model::Header;
use crate::model::Origin;
use crate::model::OutOfScope;
use crate::model::Request;
use crate::model::RequestTemplate;
use crate::model::ScenarioMeta;
use crate::model::Scheme;
use crate::model::Scope;
use crate::model::Seed;
use crate::model::SeriesId;
use crate::model::SeriesKind;
use crate::model::SeriesMeta;
use crate::plan::Plan;
use crate::plan::Protocol;
use crate::plan::Scenario;
use crate::plan::TlsPolicy;

/// What all shards run.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) scenarios: Vec<Scenario>,
    /// By scenario.
    pub(super) flows: Vec<Flow>,
    /// By the plan's index.
    pub(super) requests: Vec<Prepared>,
    /// By scenario, then by the plan's index of the request; `u32::MAX` where it is not sent.
    pub(super) series_of: Vec<Vec<u32>>,
    pub(super) series: Vec<SeriesMeta>,
    /// By series.
    pub(super) scenario_of: Vec<u32>,
    pub(super) origins: Vec<Destination>,
    pub(super) observe: Vec<String>,
    pub(super) timeout: Nanos,
    /// For a connection alone, proxy and TLS included.
    pub(super) connect_timeout: Option<Nanos>,
    sources: usize,
    pub(super) max_rps: Option<f64>,
    /// `None` where no request follows redirects.
    pub(super) redirects: Option<Box<RedirectRules>>,
    pub(super) seed: Seed,
    /// What random values follow from.
    pub(super) value_seed: u64,
    /// The number of each scenario's first user.
    pub(super) first_vu: Vec<u64>,
    /// Judges paths that are only known when they are sent.
    pub(super) scope: Scope,
    /// What the plan calls its requests, and the values that it takes out of responses.
    pub(super) names: Vec<String>,
    pub(super) variables: Vec<String>,
    /// Bytes kept of a body that flows look at.
    pub(super) body_limit: usize,
    /// Whether some flow looks at responses, or some request has slots.
    pub(super) is_scripted: bool,
    /// Whether some request goes on after its response has begun.
    pub(super) has_dialogues: bool,
    /// Whether some request is a gRPC call.
    pub(super) has_calls: bool,
}

/// How a connection carries exchanges. Users are grouped by `lanes`, one or more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Carriage {
    /// HTTP/1.1, one exchange of one user after the other.
    Alone,
    /// HTTP/2, a stream for each user of the group.
    Http2 { lanes: u32 },
    /// HTTP/3, the same way.
    Http3 { lanes: u32 },
    /// HTTP/1.1, requests of the group's users one behind the other.
    Pipeline { lanes: u32 },
}

impl Carriage {
    fn of(protocol: Protocol) -> Self {
        match protocol {
            Protocol::Http1 { pipeline: 0 | 1 } => Self::Alone,
            Protocol::Http1 { pipeline } => Self::Pipeline { lanes: pipeline },
            Protocol::Http2 { streams } => Self::Http2 { lanes: streams.max(1) },
            Protocol::Http3 { streams } => Self::Http3 { lanes: streams.max(1) },
        }
    }

    /// gRPC is spoken over HTTP/2 whatever else the plan speaks; then with as many users on a
    /// connection as its other requests have.
    fn of_request(protocol: Protocol, conversation: &Conversation) -> Self {
        match (protocol, conversation) {
            (Protocol::Http1 { .. }, Conversation::Grpc(_)) => Self::Http2 { lanes: 1 },
            (Protocol::Http3 { streams }, Conversation::Grpc(_)) => {
                Self::Http2 { lanes: streams.max(1) }
            }
            _ => Self::of(protocol),
        }
    }

    /// Users per connection.
    pub(super) fn lanes(self) -> u32 {
        match self {
            Self::Alone => 1,
            Self::Http2 { lanes } | Self::Http3 { lanes } | Self::Pipeline { lanes } => lanes,
        }
    }
}

/// A request as bytes.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) bytes: Vec<u8>,
    pub(super) kind: RequestKind,
    /// Index of its origin.
    pub(super) origin: u32,
    pub(super) carriage: Carriage,
    /// Of a request that goes over HTTP/2 or HTTP/3.
    pub(super) message: Option<Message>,
    /// Instead of `bytes` and `message`, where the request differs from one sending to the next.
    pub(super) wire: Option<Box<Wire>>,
    /// What it goes on with after its response has begun.
    pub(super) dialogue: Option<Box<Dialogue>>,
    /// What is said, where it is a gRPC call.
    pub(super) call: Option<Box<Calling>>,
    /// What is asserted of its response.
    pub(super) checks: Vec<Numbered>,
    pub(super) expected: StatusSet,
    /// May be sent again when a kept connection turns out to be closed (RFC 9110 §9.2.2).
    pub(super) is_idempotent: bool,
    /// Whether its connection may carry another one.
    pub(super) reuse: ConnectionReuse,
    /// Followed at most.
    pub(super) redirects: u32,
    /// For exchanges that are offered to the tap.
    pub(super) request: Request,
}

/// Where connections go.
#[derive(Debug)]
pub(super) struct Destination {
    pub(super) way: Way,
    pub(super) tls: Option<(TlsSetup, ServerName<'static>)>,
    /// Of HTTP/3 alone, which has its TLS in there.
    pub(super) quic: Option<Box<QuicSetup>>,
    /// Of the way to a proxy that is spoken to over TLS, and the name its certificate must show.
    pub(super) proxy_tls: Option<(TlsSetup, ServerName<'static>)>,
    pub(super) carriage: Carriage,
}

impl Destination {
    /// An error of TLS on the way to the proxy.
    pub(super) fn proxy_failure(&self, error: &rustls::Error) -> Failure {
        match self.way.via.proxy() {
            Some(proxy) => tls::proxy_failure(proxy, error),
            None => tls::failure(error),
        }
    }
}

/// Statuses that count as success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StatusSet([u64; 16]);

impl StatusSet {
    /// `statuses`, or 200–399 where there is none.
    pub(super) fn of(statuses: &[u16]) -> Self {
        let mut set = Self([0; 16]);
        for status in statuses {
            set.insert(*status);
        }
        if statuses.is_empty() {
            for status in 200..400 {
                set.insert(status);
            }
        }
        set
    }

    pub(super) fn contains(&self, status: u16) -> bool {
        let word = self.0.get(usize::from(status / 64));
        word.is_some_and(|word| word >> (status % 64) & 1 == 1)
    }

    fn insert(&mut self, status: u16) {
        if let Some(word) = self.0.get_mut(usize::from(status / 64)) {
            *word |= 1 << (status % 64);
        }
    }
}

impl Program {
    /// Encodes and admits every request that load sends, and resolves every host.
    pub(super) fn compile(plan: &Plan) -> Result<Self, LoadError> {
        let mut origins = Origins { plan, known: Vec::new(), destinations: Vec::new() };
        let mut check_names = Vec::new();
        // A list of URLs is a flow of many thousands.
        let sent: HashSet<usize> = plan
            .scenarios
            .iter()
            .flat_map(|scenario| plan.flows[scenario.flow].requests())
            .collect();
        let mut requests = (0..plan.requests.len())
            .map(|index| prepare(plan, index, sent.contains(&index), &mut origins))
            .collect::<Result<Vec<_>, _>>()?;
        for (request, script) in requests.iter_mut().zip(&plan.scripts) {
            request.checks = number_checks(&script.checks, &mut check_names);
        }
        let redirects = origins.redirects(&requests);
        let has_dialogues = requests.iter().any(|request| request.dialogue.is_some());
        let has_calls = requests.iter().any(|request| request.call.is_some());
        let varies = |request: &Prepared| request.wire.is_some() || !request.checks.is_empty();
        let is_scripted = requests.iter().any(varies) || plan.flows.iter().any(Flow::takes_values);
        Ok(Self {
            scenarios: plan.scenarios.clone(),
            flows: plan
                .scenarios
                .iter()
                .map(|scenario| plan.flows[scenario.flow].clone())
                .collect(),
            requests,
            series_of: Vec::new(),
            series: Vec::new(),
            scenario_of: Vec::new(),
            origins: origins.destinations,
            observe: plan.observe.clone(),
            timeout: nanos(plan.connection.timeout),
            connect_timeout: plan.connection.connect_timeout.map(nanos),
            sources: plan.connection.route.sources.len().max(1),
            max_rps: plan.limits.max_rps,
            redirects,
            seed: plan.seed,
            value_seed: plan.seed.derive("values").0,
            first_vu: first_vus(&plan.scenarios),
            scope: plan.scope.clone(),
            names: plan.requests.iter().map(|template| template.name.clone()).collect(),
            variables: plan.variables.clone(),
            body_limit: body_limit(max_vus(&plan.scenarios)),
            is_scripted,
            has_dialogues,
            has_calls,
        })
    }

    /// The scenarios as events name them.
    pub(super) fn scenario_metas(&self) -> Vec<ScenarioMeta> {
        self.scenarios
            .iter()
            .map(|scenario| ScenarioMeta {
                name: scenario.name.clone(),
                executor: scenario.executor.name().to_owned(),
                open_model: scenario.executor.is_open(),
                warmup: scenario.warmup,
            })
            .collect()
    }

    /// Virtual users of all scenarios together, at most.
    pub(super) fn max_vus(&self) -> u64 {
        max_vus(&self.scenarios)
    }

    /// Addresses that connections come from; at least the system's choice.
    pub(super) fn sources(&self) -> usize {
        self.sources
    }

    /// Users per connection.
    pub(super) fn lanes(&self) -> u32 {
        self.origins.iter().map(|origin| origin.carriage.lanes()).max().unwrap_or(1)
    }

    /// Connections of all scenarios together, at most.
    pub(super) fn max_connections(&self) -> u64 {
        let per_origin = |origin: &Destination| {
            let lanes = origin.carriage.lanes();
            self.scenarios.iter().map(move |run| u64::from(run.executor.max_vus().div_ceil(lanes)))
        };
        self.origins.iter().flat_map(per_origin).sum()
    }

    /// Of connections by origin, those to the destination that has most of them. What goes to one
    /// address (a proxy's, for all origins) shares its local ports; a Unix socket needs none.
    pub(super) fn busiest_destination(&self, connections: &[u64]) -> u64 {
        let address = |origin: &Destination| origin.way.endpoints[0].address();
        let of_address = |address: SocketAddr| {
            let origins = self.origins.iter().zip(connections);
            origins
                .filter(|(origin, _)| origin.way.endpoints[0].address() == Some(address))
                .map(|(_, count)| count)
                .sum()
        };
        self.origins.iter().filter_map(address).map(of_address).max().unwrap_or(0)
    }

    /// What is to be counted on so many shards: a series for each request of each scenario.
    pub(super) fn wanted(&self, shards: usize) -> Wanted {
        let mut wanted = Wanted { shards, observed: self.observe.len(), ..Wanted::default() };
        for request in self.flows.iter().flat_map(distinct) {
            let request = &self.requests[request];
            wanted.series += 1;
            let is_talking = request.dialogue.is_some() || request.call.is_some();
            wanted.messages += usize::from(is_talking);
            wanted.checks += request.checks.len();
            wanted.check_names +=
                request.checks.iter().map(|check| check.name().len()).sum::<usize>();
        }
        wanted
    }

    /// One series per scenario and request that it sends, up to `most` of them: the last requests
    /// of a scenario that gets fewer share its last series. To be called once, before the run.
    pub(super) fn number_series(&mut self, plan: &Plan, most: usize) {
        let requests: Vec<Vec<usize>> = self.flows.iter().map(distinct).collect();
        let wanted: Vec<usize> = requests.iter().map(Vec::len).collect();
        let shares = share_out(most, &wanted);
        for (index, (requests, share)) in requests.iter().zip(shares).enumerate() {
            let mut series_of = vec![u32::MAX; self.requests.len()];
            let scenario = &self.scenarios[index].name;
            for (place, request) in requests.iter().enumerate() {
                let is_shared = share < requests.len() && place + 1 >= share;
                if !is_shared || place + 1 == share {
                    let id = SeriesId(u32::try_from(self.series.len()).expect("fewer than 2^32"));
                    let meta = meta(&plan.requests[*request], id, scenario);
                    self.series.push(if is_shared { other(meta) } else { meta });
                    self.scenario_of.push(u32::try_from(index).expect("fewer than 2^32"));
                }
                series_of[*request] =
                    u32::try_from(self.series.len() - 1).expect("fewer than 2^32");
            }
            self.series_of.push(series_of);
        }
    }
}

/// Requests that a flow sends, each once.
fn distinct(flow: &Flow) -> Vec<usize> {
    let mut seen = HashSet::new();
    flow.requests().filter(|request| seen.insert(*request)).collect()
}

/// The series of all requests that have none of their own, `meta` being the first of them.
fn other(meta: SeriesMeta) -> SeriesMeta {
    SeriesMeta {
        request: OTHER.to_owned(),
        method: "any".to_owned(),
        path_template: OTHER.to_owned(),
        ..meta
    }
}

fn meta(template: &RequestTemplate, id: SeriesId, scenario: &str) -> SeriesMeta {
    SeriesMeta {
        id,
        scenario: scenario.to_owned(),
        request: template.name.clone(),
        method: template.request.method.as_str().to_owned(),
        path_template: template.path_template.clone(),
        url: template.request.url(),
        kind: match template.conversation {
            Conversation::Response => SeriesKind::Http,
            Conversation::WebSocket(_) => SeriesKind::WebSocket,
            Conversation::Events(_) => SeriesKind::ServerSentEvents,
            Conversation::Grpc(_) => SeriesKind::Grpc,
        },
    }
}

fn max_vus(scenarios: &[Scenario]) -> u64 {
    scenarios.iter().map(|scenario| u64::from(scenario.executor.max_vus())).sum()
}

/// Users are numbered through all scenarios, from 1.
fn first_vus(scenarios: &[Scenario]) -> Vec<u64> {
    let mut next = 1;
    let first = scenarios.iter().map(|scenario| {
        let first = next;
        next += u64::from(scenario.executor.max_vus());
        first
    });
    first.collect()
}

/// The plan's request of that index. One that no flow sends is not judged: it may be there for scan
/// alone.
fn prepare(
    plan: &Plan,
    index: usize,
    is_sent: bool,
    origins: &mut Origins<'_>,
) -> Result<Prepared, LoadError> {
    let template = &plan.requests[index];
    let script = plan.scripts.get(index);
    let messages = script.map(|script| script.messages.as_slice()).unwrap_or_default();
    let mut dressed = template.request.clone();
    let dialogue = dialogue(plan, template, messages, &mut dressed)?;
    let timeout = plan.connection.timeout;
    let call = script.and_then(|script| script.call.as_deref()).map(|call| {
        Box::new(Calling::compile(call, &mut dressed, &template.expected_statuses, timeout))
    });
    let request = &dressed;
    let carriage = Carriage::of_request(plan.connection.protocol, &template.conversation);
    let mut prepared = Prepared {
        bytes: Vec::new(),
        kind: RequestKind::of(&request.method),
        origin: 0,
        carriage,
        message: None,
        wire: None,
        dialogue,
        call,
        checks: Vec::new(),
        expected: StatusSet::of(expected_statuses(template)),
        is_idempotent: request.method.is_idempotent(),
        redirects: template.redirects,
        reuse: plan.connection.reuse,
        request: request.clone(),
    };
    if !is_sent {
        return Ok(prepared);
    }
    admit(plan, request, script)
        .map_err(|source| LoadError::OutOfScope { request: template.name.clone(), source })?;
    prepared.origin = origins.index_of(&request.origin, carriage)?;
    match script.filter(|script| !script.is_fixed()) {
        None => {
            prepared.bytes = encode(plan, template, request, carriage)?;
            prepared.message = message(template, request, carriage, &prepared.bytes)?;
            if prepared.call.is_some() {
                // A call's body may grow, so its length is not told.
                let whole = |message: Message| message.with_body(request.body.clone().into());
                prepared.message = prepared.message.take().map(whole);
            }
        }
        Some(script) => {
            let wire = Wire::compile(request, script, |marked| {
                let bytes = encode(plan, template, marked, carriage)?;
                message(template, request, carriage, &bytes).map(|_| bytes)
            })?;
            prepared.wire = Some(Box::new(wire));
        }
    }
    Ok(prepared)
}

/// A session is opened by 101 alone, a stream by 200: all else is no success.
fn expected_statuses(template: &RequestTemplate) -> &[u16] {
    match template.conversation {
        Conversation::Response => &template.expected_statuses,
        Conversation::WebSocket(_) => &[101],
        Conversation::Events(_) | Conversation::Grpc(_) => &[200],
    }
}

/// What the request goes on with; a WebSocket handshake is put into its headers.
fn dialogue(
    plan: &Plan,
    template: &RequestTemplate,
    messages: &[MessageScript],
    request: &mut Request,
) -> Result<Option<Box<Dialogue>>, LoadError> {
    let timeout = plan.connection.timeout;
    let compiled = match &template.conversation {
        Conversation::Response | Conversation::Grpc(_) => return Ok(None),
        Conversation::WebSocket(session) => {
            let seed = plan.seed.derive(&format!("websocket key of {}", template.name));
            let key = StdRng::seed_from_u64(seed.0).random();
            let handshake = Handshake::new(request, key, &session.subprotocols);
            Dialogue::session(session, messages, handshake, timeout)
        }
        Conversation::Events(stream) => {
            if request.header("accept").is_none() {
                request.headers.push(Header::new("Accept", "text/event-stream"));
            }
            Dialogue::events(stream, timeout)
        }
    };
    compiled
        .map(|dialogue| Some(Box::new(dialogue)))
        .map_err(|source| LoadError::Expectation { request: template.name.clone(), source })
}

/// A path with slots is judged when it is known.
fn admit(plan: &Plan, request: &Request, script: Option<&Script>) -> Result<(), OutOfScope> {
    if script.is_some_and(|script| script.path.is_some()) {
        return plan.scope.judge_origin(&request.origin);
    }
    plan.scope.admit(request.clone()).map(|_| ())
}

/// The request's bytes: as HTTP/1.1 sends them, or as they are before they become HTTP/2's or
/// HTTP/3's.
fn encode(
    plan: &Plan,
    template: &RequestTemplate,
    request: &Request,
    carriage: Carriage,
) -> Result<Vec<u8>, LoadError> {
    let mut bytes = Vec::new();
    h1::encode(request, &plan.connection.headers, &mut bytes)
        .map_err(|source| LoadError::Encode { request: template.name.clone(), source })?;
    match carriage {
        Carriage::Http2 { .. } | Carriage::Http3 { .. } => {}
        Carriage::Alone | Carriage::Pipeline { .. } => {
            route::dress(&plan.connection.route, request, &mut bytes);
        }
    }
    Ok(bytes)
}

fn message(
    template: &RequestTemplate,
    request: &Request,
    carriage: Carriage,
    bytes: &[u8],
) -> Result<Option<Message>, LoadError> {
    message_of(carriage, request, bytes)
        .map_err(|source| LoadError::NotInFrames { request: template.name.clone(), source })
}

/// The request's form for HTTP/2 and HTTP/3, where one of them is spoken.
pub(super) fn message_of(
    carriage: Carriage,
    request: &Request,
    bytes: &[u8],
) -> Result<Option<Message>, MessageError> {
    match carriage {
        Carriage::Alone | Carriage::Pipeline { .. } => Ok(None),
        Carriage::Http2 { .. } | Carriage::Http3 { .. } => {
            Message::of_h1(request.origin.scheme.as_str(), bytes).map(Some)
        }
    }
}

/// Destinations met so far.
struct Origins<'a> {
    plan: &'a Plan,
    known: Vec<(Origin, Carriage)>,
    destinations: Vec<Destination>,
}

impl Origins<'_> {
    /// Names are resolved once per run, before it starts: resolution blocks, and a resolver that
    /// fails in mid-run is not what is measured.
    fn index_of(&mut self, origin: &Origin, carriage: Carriage) -> Result<u32, LoadError> {
        let number = |index| u32::try_from(index).expect("fewer origins than 2^32");
        let is_it = |(known, how): &(Origin, Carriage)| known == origin && *how == carriage;
        if let Some(index) = self.known.iter().position(is_it) {
            return Ok(number(index));
        }
        let error = |source| LoadError::Address { host: origin.host.clone(), source };
        let scope = &self.plan.scope;
        let way = Way::find_blocking(origin, &self.plan.connection.route, scope).map_err(error)?;
        let way = match carriage {
            Carriage::Http3 { .. } => way.over_udp(),
            Carriage::Alone | Carriage::Http2 { .. } | Carriage::Pipeline { .. } => way,
        };
        let mut quic = None;
        let tls = match origin.scheme {
            Scheme::Http if matches!(carriage, Carriage::Http3 { .. }) => {
                let detail = "HTTP/3 exists with TLS only: this is http://";
                return Err(error(Failure::new(FailureClass::Protocol, detail)));
            }
            Scheme::Http => None,
            Scheme::Https => {
                let setup = self.tls_setup()?;
                let setup = match carriage {
                    Carriage::Http2 { .. } => setup.offering(b"h2"),
                    // QUIC offers its own.
                    Carriage::Alone | Carriage::Http3 { .. } | Carriage::Pipeline { .. } => setup,
                };
                let name = setup.server_name(&origin.host).map_err(error)?;
                if matches!(carriage, Carriage::Http3 { .. }) {
                    quic = Some(Box::new(QuicSetup::new(&setup, &name)));
                }
                Some((setup, name))
            }
        };
        let proxy_tls = self.proxy_tls(&way)?;
        self.known.push((origin.clone(), carriage));
        self.destinations.push(Destination { way, tls, quic, proxy_tls, carriage });
        Ok(number(self.known.len() - 1))
    }

    /// What hops are made with. Every origin in scope may be one's; what cannot be reached there is
    /// a failure of the redirect that leads there, and none of the plan.
    fn redirects(&mut self, requests: &[Prepared]) -> Option<Box<RedirectRules>> {
        let plan = self.plan;
        if requests.iter().all(|request| request.redirects == 0) {
            return None;
        }
        for origin in plan.scope.origins() {
            let _ = self.index_of(origin, Carriage::of(plan.connection.protocol));
        }
        Some(Box::new(RedirectRules {
            scope: plan.scope.clone(),
            origins: self.known.clone(),
            headers: plan.connection.headers.clone(),
            route: plan.connection.route.clone(),
        }))
    }

    /// For a way through a proxy that is spoken to over TLS.
    fn proxy_tls(&self, way: &Way) -> Result<Option<(TlsSetup, ServerName<'static>)>, LoadError> {
        let made = self.destinations.iter().find_map(|known| known.proxy_tls.clone());
        let Some(proxy) = way.via.proxy().filter(|_| made.is_none()) else { return Ok(made) };
        let connection = &self.plan.connection;
        let setup = TlsSetup::for_proxy(Some(proxy), &connection.ca_files, &connection.tls_options);
        let Some(setup) = setup.map_err(LoadError::Tls)? else { return Ok(None) };
        let error = |source| LoadError::Address { host: proxy.host.clone(), source };
        let name = setup.server_name(&proxy.host).map_err(error)?;
        Ok(Some((setup, name)))
    }

    /// One setup for all: sessions are resumed, and root certificates read once.
    fn tls_setup(&self) -> Result<TlsSetup, LoadError> {
        let made = self.destinations.iter().find_map(|destination| destination.tls.as_ref());
        if let Some((setup, _)) = made {
            return Ok(setup.clone());
        }
        let connection = &self.plan.connection;
        let policy = match connection.tls {
            TlsPolicy::Verify => TrustPolicy::Verify,
            TlsPolicy::AcceptAndReport => TrustPolicy::AcceptAndReport,
        };
        TlsSetup::new(policy, &connection.ca_files, &connection.tls_options, &[HTTP_1_1])
            .map_err(LoadError::Tls)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn success_is_200_to_399_unless_said_otherwise() {
        let usual = StatusSet::of(&[]);
        for (status, expected) in [(199, false), (200, true), (399, true), (400, false)] {
            assert_eq!(usual.contains(status), expected, "{status}");
        }
        let named = StatusSet::of(&[404, 999]);
        for (status, expected) in [(404, true), (200, false), (999, true), (65535, false)] {
            assert_eq!(named.contains(status), expected, "{status}");
        }
    }
}
