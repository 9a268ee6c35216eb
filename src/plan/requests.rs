//! Named requests, compiled to what stands on the wire.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::aim::{Aim, aim, judge, refuse_two_aims};
use super::bodies;
use super::calls;
use super::checks;
use super::checks::Statuses;
use super::document::{Entry, Node};
use super::examples;
use super::extractions;
use super::file::Overrides;
use super::found_form;
use super::graphql;
use super::messages;
use super::pairs::{pairs, urlencoded};
use super::protocol;
use super::reader::{Fields, Keys, Reader};
use super::slots::{self, Use};
use super::targets::Targets;
use crate::flow::Extraction;
use crate::flow::HeaderTemplate;
use crate::flow::Place;
use crate::flow::Script;
use crate::flow::Template;
use crate::flow::Variable;
use crate::model::Conversation;
use crate::model::GrpcCall;
use crate::model::Header;
use crate::model::HttpVersion;
use crate::model::Method;
use crate::model::Request;
use crate::model::RequestTemplate;
use crate::model::Scope;
use crate::model::inert;

const METHODS: [&str; 7] = ["get", "post", "put", "patch", "delete", "head", "options"];

pub(super) const REQUEST: Keys = Keys {
    of: "a request",
    known: &[
        "get",
        "post",
        "put",
        "patch",
        "delete",
        "head",
        "options",
        "ws",
        "sse",
        "grpc",
        "headers",
        "query",
        "json",
        "form",
        "form_from",
        "multipart",
        "graphql",
        "body",
        "file",
        "checks",
        "extract",
        "redirects",
        "subprotocols",
        "messages",
        "maxDuration",
        "events",
        "for",
        "until",
        "within",
        "proto",
        "import_paths",
        "message",
        "metadata",
        "timeout",
        "count",
        "maxReceiveSize",
        "enabled",
        "tags",
        "as",
        "examples",
        "target",
        "http",
    ],
    later: &[],
};

/// What keeps a request from being sent: imports write it to requests that change something.
pub(super) const ENABLED: &str = "enabled";

/// How many redirects are followed: on a request, or for all that say nothing else.
pub(super) fn redirects(node: &Node, reader: &mut Reader) -> Option<u32> {
    reader.number(node, "a number of redirects from 0 to 100", |n: u32| n <= 100)
}

/// A request of the plan with everything that flows need of it.
pub(super) struct Planned {
    pub(super) template: RequestTemplate,
    pub(super) script: Script,
    /// Taken out of its response wherever it is used.
    pub(super) extract: Vec<Extraction>,
    /// Values that it needs from earlier responses.
    pub(super) uses: Vec<Use>,
    /// Values that the messages of its session give.
    pub(super) taken: BTreeSet<Variable>,
}

/// What holds for all requests of the plan.
pub(super) struct Surroundings<'a> {
    pub(super) targets: &'a Targets,
    pub(super) scope: &'a Scope,
    pub(super) overrides: &'a Overrides,
}

/// Every request of the plan; one that is wrong is reported and left out.
pub(super) fn requests(
    plan: &Fields<'_>,
    around: &Surroundings<'_>,
    reader: &mut Reader,
) -> Vec<Planned> {
    let Some(node) = plan.get("requests") else { return Vec::new() };
    let entries = reader.entries(node, "requests").unwrap_or_default();
    let redirects = plan.get("redirects").and_then(|node| redirects(node, reader)).unwrap_or(0);
    entries.iter().filter_map(|entry| request(entry, around, redirects, reader)).collect()
}

pub(super) fn request(
    entry: &Entry,
    around: &Surroundings<'_>,
    default_redirects: u32,
    reader: &mut Reader,
) -> Option<Planned> {
    let fields = reader.fields(&entry.node, &entry.key_at, &REQUEST)?;
    let named = reader.name(entry, "a request");
    let settings = Settings::read(&fields, default_redirects, reader);
    let (statuses, headers_key) = match fields.get(calls::OPENER) {
        Some(_) => (Statuses::Grpc, "metadata"),
        None => (Statuses::Http, "headers"),
    };
    let checks = checks::checks(&fields, statuses, reader);
    let expected_statuses = checks::expected_statuses(&checks);
    let extract = fields.get("extract").map(|node| extractions::extractions(node, reader));
    let fails_on_errors = graphql::fails_on_errors(&fields, reader);
    let mut script = Script { checks, fails_on_errors, ..Script::default() };
    let mut headers = headers(fields.get(headers_key), headers_key, &mut script, reader);
    let name = &entry.key;
    let body = bodies::body(name, &fields, (&mut headers, &mut script), around.overrides, reader);
    let query = urlencoded(&pairs(fields.get("query"), "query", reader));
    let (method, path_node) = method_and_path(&fields, reader)?;
    let target = around.targets.of_request(&fields, reader)?;
    refuse_two_aims(path_node, &fields, reader);
    let messages::Talk { conversation, messages } = messages::talk(method, &fields, reader);
    let (conversation, method, aim) = if method == calls::OPENER {
        let (call, aim) = call(path_node, &fields, around, &mut script, reader)?;
        (Conversation::Grpc(call), "post", aim)
    } else {
        let is_response = conversation == Conversation::Response;
        let method = if is_response { method } else { "get" };
        (conversation, method, aim(path_node, target, reader)?)
    };
    let path = with_query(aim.path, &query);
    judge(&aim.origin, &path, path_node, around.scope, reader);
    let request = Request {
        origin: aim.origin,
        method: Method::new(method.to_ascii_uppercase()),
        path_and_query: slots::fixed(&path).unwrap_or_else(|| aim.shown.clone().into_bytes()),
        headers,
        body: slots::fixed(&body).unwrap_or_default(),
    };
    script.path = path.has_slots().then_some(path);
    script.body = body.has_slots().then_some(body);
    let mut uses = uses(&fields, &conversation, reader);
    uses.extend(messages.uses);
    script.messages = messages.scripts;
    script.examples = fields
        .get("examples")
        .map(|node| examples::examples(node, &uses, reader))
        .unwrap_or_default();
    let path_template = path_template(path_node, &conversation, &aim.shown);
    let path_template = reader.redactor.text(&path_template);
    let tags = super::tags::tags(&fields, reader);
    named.then(|| Planned {
        template: RequestTemplate {
            name: name.clone(),
            request,
            path_template,
            expected_statuses,
            redirects: settings.redirects_of(&conversation),
            conversation,
            enabled: settings.enabled,
            tags,
            timeout: settings.timeout,
            version: settings.version,
        },
        script,
        extract: extract.unwrap_or_default(),
        uses,
        taken: messages.taken,
    })
}

/// How a request is sent, as far as it says so itself.
struct Settings {
    redirects: u32,
    timeout: Option<Duration>,
    version: Option<HttpVersion>,
    enabled: bool,
}

impl Settings {
    fn read(fields: &Fields<'_>, default_redirects: u32, reader: &mut Reader) -> Self {
        let redirects = fields.get("redirects").and_then(|node| redirects(node, reader));
        let own = fields.get("timeout").filter(|_| fields.get(calls::OPENER).is_none());
        Self {
            redirects: redirects.unwrap_or(default_redirects),
            timeout: own.and_then(|node| reader.positive_duration(node)),
            version: version(fields, reader),
            enabled: fields.get(ENABLED).and_then(|node| reader.boolean(node)).unwrap_or(true),
        }
    }

    /// A session, a stream or a call has none to follow.
    fn redirects_of(&self, conversation: &Conversation) -> u32 {
        if *conversation == Conversation::Response { self.redirects } else { 0 }
    }
}

/// Values that a request needs from earlier responses.
fn uses(fields: &Fields<'_>, conversation: &Conversation, reader: &mut Reader) -> Vec<Use> {
    let mut uses = slots::uses(fields, &[&METHODS[..], &messages::OPENERS, &SLOTTED].concat());
    // Those of a session are taken and needed in the order in which they are written.
    if !matches!(conversation, Conversation::WebSocket(_)) {
        uses.extend(slots::uses(fields, &["messages"]));
    }
    uses.extend(found_form::form_from(fields, reader));
    uses
}

/// What load speaks for it, where it says so itself.
fn version(fields: &Fields<'_>, reader: &mut Reader) -> Option<HttpVersion> {
    let entry = fields.entry("http")?;
    if fields.get(calls::OPENER).is_some() {
        reader.problem_with_help(&entry.key_at, "gRPC is HTTP/2's", "leave out `http`");
        return None;
    }
    protocol::version(fields, reader)
}

/// The path for people: names stand for what is substituted, `/items/{id}`.
fn path_template(node: &Node, conversation: &Conversation, shown: &str) -> String {
    let written = node.scalar().and_then(|scalar| scalar.template.as_deref());
    let written = written.filter(|_| !matches!(conversation, Conversation::Grpc(_)));
    let path = written.map(|text| match text.find("://") {
        Some(scheme) => text[scheme + 3..].find('/').map_or("", |path| &text[scheme + 3 + path..]),
        None => text,
    });
    let path = path.filter(|path| path.starts_with('/'));
    let path = path.map_or_else(|| shown.replace("${", "{"), str::to_owned);
    path.split('?').next().unwrap_or_default().to_owned()
}

/// Keys of a request below which values stand that are only known in load.
const SLOTTED: [&str; 9] =
    ["headers", "query", "json", "form", "multipart", "graphql", "body", "message", "metadata"];

/// A gRPC call, whose messages go to the script, and where it goes.
fn call(
    node: &Node,
    fields: &Fields<'_>,
    around: &Surroundings<'_>,
    script: &mut Script,
    reader: &mut Reader,
) -> Option<(GrpcCall, Aim)> {
    let target = around.targets.of_request(fields, reader)?;
    let callee = calls::callee(node, target, reader)?;
    let call = calls::call(&callee, node, fields, reader)?;
    calls::refuse_checks(&call, &script.checks, fields, reader);
    let mut path = Template::default();
    path.push_literal(callee.path().as_bytes());
    let kind = call.kind;
    script.call = Some(Arc::new(call));
    Some((GrpcCall { kind }, Aim { shown: callee.path(), origin: callee.origin, path }))
}

fn method_and_path<'a>(
    fields: &Fields<'a>,
    reader: &mut Reader,
) -> Option<(&'static str, &'a Node)> {
    let openers = METHODS.iter().chain(&messages::OPENERS).chain(&[calls::OPENER]);
    let mut given = openers.filter_map(|method| Some((*method, fields.entry(method)?)));
    let Some((method, entry)) = given.next() else {
        reader.problem_with_help(
            &fields.at,
            "a request needs a method and its path",
            format!(
                "write `get: /path`, or one of {}, {}, {}",
                METHODS.join(", "),
                messages::OPENERS.join(", "),
                calls::OPENER
            ),
        );
        return None;
    };
    if let Some((other, second)) = given.next() {
        reader
            .problem(&second.key_at, format!("a request has one method: `{method}` or `{other}`"));
    }
    Some((method, &entry.node))
}

fn with_query(mut path: Template, query: &Template) -> Template {
    if query.pieces().is_empty() {
        return path;
    }
    path.push_literal(if slots::has_literal(&path, b'?') { b"&" } else { b"?" });
    path.append(query);
    path
}

fn headers(
    node: Option<&Node>,
    key: &str,
    script: &mut Script,
    reader: &mut Reader,
) -> Vec<Header> {
    let mut headers = Vec::new();
    for pair in pairs(node, key, reader) {
        let header = match header(&pair.name, &pair.value.text) {
            Ok(header) => header,
            Err(message) => {
                reader.problem(&pair.at, message);
                continue;
            }
        };
        if !pair.value.pieces.is_empty() {
            script.headers.push(HeaderTemplate {
                name: header.name.clone(),
                written: header.value.clone(),
                value: slots::template(pair.value, Place::Header, |text| text.as_bytes().to_vec()),
            });
        }
        headers.push(header);
    }
    headers
}

/// A header line that cannot break out of its line (RFC 9110 §5.5, §5.6.2).
pub(super) fn header(name: &str, value: &str) -> Result<Header, String> {
    if !Header::is_name(name) {
        return Err(format!("`{}` is not a header name", inert(name, 80)));
    }
    if !Header::is_value(value) {
        return Err(format!("the value of header `{name}` contains a control character"));
    }
    Ok(Header::new(name, value.trim()))
}
