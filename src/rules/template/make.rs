//! From a template's text to a request that can be sent.

use std::cell::RefCell;
use std::time::Duration;

use super::address::{Address, sendable_path, sendable_query, split};
use super::bindings::Bindings;
use super::block::{Annotations, Block, RequestText};
use super::definition::Template;
use super::raw::RawRequest;
use crate::model::Header;
use crate::model::Method;
use crate::model::Request;
use crate::model::Target;
use crate::rules::dsl::{Environment, Text, Value, unresolved};

/// What is known when a request is made.
pub struct Making<'m> {
    /// Whose it is.
    pub template: &'m Template,
    /// One of its blocks.
    pub block: &'m Block,
    /// Where it goes.
    pub target: &'m Target,
    /// Values that the user gave.
    pub given: &'m Bindings,
    /// Values that answers before it gave, and all that blocks before it left behind.
    pub dynamic: &'m Bindings,
    /// Headers that the user gave; they replace the template's.
    pub headers: &'m [Header],
    /// Gives a new address for calls from outside; `None` where nobody listens.
    pub callback: Option<&'m dyn Fn() -> Option<String>>,
}

/// A request, made.
#[derive(Debug, Clone)]
pub struct Made {
    /// What is sent.
    pub request: Request,
    /// The bytes that are sent in place of it, where they are not what our wire would write.
    pub bytes: Option<Vec<u8>>,
    /// For people and results.
    pub url: String,
    /// The values that it was made with.
    pub bindings: Bindings,
    /// Names and values of its payloads.
    pub payloads: Vec<(String, String)>,
    /// Addresses for calls that stand in it.
    pub callbacks: Vec<String>,
    /// How long its answer is waited for; `None` is as long as usual.
    pub timeout: Option<Duration>,
    /// The name in the TLS handshake, where it is not the host's.
    pub server_name: Option<String>,
}

/// Why a request was not made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unmade {
    /// A name has no value.
    #[error("`{0}` has no value")]
    Unresolved(String),
    /// An expression has no value.
    #[error("{0}")]
    Expression(String),
    /// The text is no request.
    #[error("{0}")]
    Malformed(String),
}

impl Making<'_> {
    /// Request `index` of the block with these payloads.
    ///
    /// # Errors
    /// [`Unmade`].
    pub fn make(
        &self,
        index: usize,
        payloads: &[(&str, &str)],
        environment: &mut Environment<'_>,
    ) -> Result<Made, Unmade> {
        let request = self.block.requests.get(index);
        let request = request.ok_or_else(|| Unmade::Malformed("no such request".to_owned()))?;
        let callbacks = RefCell::new(Vec::new());
        let callback = || {
            let url = self.callback?()?;
            callbacks.borrow_mut().push(url.clone());
            Some(url)
        };
        let mut address = Address::of(self.target);
        let ported;
        let (text, drop_slash) = match request {
            RequestText::Path(text) => {
                ported = with_port(text.source(), &mut address);
                let text = ported.as_ref().unwrap_or(text);
                (text, begins_with_name_and_slash(text.source()))
            }
            RequestText::Raw { text, .. } => (text, false),
        };
        let (bindings, payloads) =
            self.bindings(&address, drop_slash, payloads, &callback, environment)?;
        let mut maker =
            Maker { making: self, bindings: &bindings, callback: &callback, environment };
        let rendered = maker.render(text)?;
        let mut made = match request {
            RequestText::Path(_) => maker.path_request(&rendered, &address)?,
            RequestText::Raw { annotations, .. } => {
                maker.raw_request(&rendered, annotations, &address)?
            }
        };
        self.check_resolved(&made)?;
        made.bindings = bindings;
        made.payloads = payloads;
        made.callbacks = callbacks.into_inner();
        Ok(made)
    }

    /// Everything that names stand for, the later the stronger: answers, the URL, the user, the
    /// template's variables and constants, payloads.
    pub(super) fn bindings(
        &self,
        address: &Address,
        drop_slash: bool,
        payloads: &[(&str, &str)],
        callback: &dyn Fn() -> Option<String>,
        environment: &mut Environment<'_>,
    ) -> Result<(Bindings, Vec<(String, String)>), Unmade> {
        let mut known = self.dynamic.clone();
        known.extend(&address.bindings(drop_slash));
        known.extend(self.given);
        known.extend(&self.template.constants);
        let variables = self.template.variables.evaluate(&known, Some(callback), environment);
        known.extend(&variables);
        known.extend(&self.template.constants);
        let mut rendered = Vec::with_capacity(payloads.len());
        for (name, value) in payloads {
            let value = if value.contains("{{") || value.contains('§') {
                let text = Text::compile(value);
                let lookup = lookup(&known, callback);
                text.render(&lookup, environment)
                    .map_err(|error| Unmade::Expression(error.to_string()))?
            } else {
                value.as_bytes().to_vec()
            };
            rendered.push(((*name).to_owned(), value));
        }
        for (name, value) in &rendered {
            known.set(name.clone(), value.clone());
        }
        let texts = rendered
            .into_iter()
            .map(|(name, value)| (name, String::from_utf8_lossy(&value).into_owned()))
            .collect();
        Ok((known, texts))
    }

    fn check_resolved(&self, made: &Made) -> Result<(), Unmade> {
        if self.block.skip_variables_check {
            return Ok(());
        }
        let wire = made.bytes.clone().unwrap_or_else(|| made.request.to_wire());
        match unresolved(&wire) {
            Some(name) => Err(Unmade::Unresolved(name)),
            None => Ok(()),
        }
    }
}

/// Names, then addresses for calls.
pub(super) fn lookup<'b>(
    bindings: &'b Bindings,
    callback: &'b dyn Fn() -> Option<String>,
) -> impl Fn(&str) -> Option<Value<'b>> + 'b {
    move |name| {
        if let Some(value) = bindings.get(name) {
            return Some(value);
        }
        let is_callback = name
            .strip_prefix("interactsh-url")
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('_'));
        if is_callback {
            return callback().map(|url| Value::owned(url.into_bytes()));
        }
        None
    }
}

/// One request, while it is made.
struct Maker<'m, 'e, 'x> {
    making: &'m Making<'m>,
    bindings: &'m Bindings,
    callback: &'m dyn Fn() -> Option<String>,
    environment: &'e mut Environment<'x>,
}

impl Maker<'_, '_, '_> {
    fn render(&mut self, text: &Text) -> Result<Vec<u8>, Unmade> {
        let lookup = lookup(self.bindings, self.callback);
        text.render(&lookup, self.environment)
            .map_err(|error| Unmade::Expression(error.to_string()))
    }

    fn path_request(&mut self, url: &[u8], target: &Address) -> Result<Made, Unmade> {
        let text = String::from_utf8_lossy(url).into_owned();
        let mut address =
            Address::parse(text.trim()).map_err(|error| Unmade::Malformed(error.to_string()))?;
        address.query = joined_query(target.query.as_deref(), address.query.as_deref());
        let method = self.render(&self.making.block.method)?;
        let method = String::from_utf8_lossy(&method).into_owned();
        let method = if method.is_empty() { "GET".to_owned() } else { method };
        let mut request = request(&address, &method, false);
        check_method(&request)?;
        self.add_headers(&mut request)?;
        for (name, value) in [("Accept", "*/*"), ("Accept-Language", "en")] {
            if request.header(name).is_none() {
                request.headers.push(Header::new(name, value));
            }
        }
        if let Some(body) = &self.making.block.body {
            request.body = self.render(body)?;
        }
        frame(&mut request);
        let url = format!("{}{}", address.origin, shown(&address));
        Ok(made(request, None, url))
    }

    fn raw_request(
        &mut self,
        text: &[u8],
        annotations: &Annotations,
        target: &Address,
    ) -> Result<Made, Unmade> {
        let block = self.making.block;
        let raw = RawRequest::parse(text, block.is_unsafe).map_err(Unmade::Malformed)?;
        let mut address = target.clone();
        if block.disable_path_automerge {
            address.path.clear();
        }
        let joined = raw.join(&address, block.is_unsafe);
        let mut bytes = None;
        if block.is_unsafe {
            bytes = Some(raw.bytes_with_path(&joined.as_sent));
        }
        let mut request = request(&joined.address, &raw.method, true);
        if block.is_unsafe {
            request.path_and_query.clone_from(&joined.as_sent);
        }
        request.headers = raw.headers;
        request.body = raw.body;
        if !block.is_unsafe {
            check_method(&request)?;
            self.add_headers(&mut request)?;
            frame(&mut request);
        }
        if let Some(host) = &annotations.host {
            let host = self.render(&Text::compile(host))?;
            redirect_dial(&mut request, &String::from_utf8_lossy(&host))?;
        }
        let server_name = match &annotations.sni {
            None => None,
            Some(name) if name == "request.host" => {
                request.header("host").map(|header| header.text().trim().to_owned())
            }
            Some(name) if name == "interactsh-url" => (self.callback)(),
            Some(name) => {
                let name = self.render(&Text::compile(name))?;
                Some(String::from_utf8_lossy(&name).into_owned())
            }
        };
        let url = format!("{}{}", joined.address.origin, shown(&joined.address));
        let mut made = made(request, bytes, url);
        made.timeout = annotations.timeout;
        made.server_name = server_name;
        Ok(made)
    }

    /// The template's, then the user's, which replace others of their name.
    fn add_headers(&mut self, request: &mut Request) -> Result<(), Unmade> {
        let block = self.making.block;
        for (name, value) in &block.headers {
            let value = self.render(value)?;
            request.headers.retain(|header| !header.is(name));
            request.headers.push(Header::new(name.trim(), trimmed(&value)));
        }
        for header in self.making.headers {
            request.headers.retain(|known| !known.is(&header.name));
            request.headers.push(header.clone());
        }
        // A line break in a value would be another header.
        for header in &mut request.headers {
            if header.value.iter().any(|byte| matches!(byte, b'\r' | b'\n')) {
                header.value.retain(|byte| !matches!(byte, b'\r' | b'\n'));
            }
        }
        if let Some(header) = request.headers.iter().find(|header| !Header::is_name(&header.name)) {
            let text = format!("`{}` is no name of a header", header.name);
            return Err(Unmade::Malformed(text));
        }
        Ok(())
    }
}

fn made(request: Request, bytes: Option<Vec<u8>>, url: String) -> Made {
    Made {
        request,
        bytes,
        url,
        bindings: Bindings::default(),
        payloads: Vec::new(),
        callbacks: Vec::new(),
        timeout: None,
        server_name: None,
    }
}

fn trimmed(value: &[u8]) -> Vec<u8> {
    value.trim_ascii().to_vec()
}

fn request(address: &Address, method: &str, keep_equals: bool) -> Request {
    Request {
        origin: address.origin.clone(),
        method: Method::new(method),
        path_and_query: sendable(address, keep_equals),
        headers: Vec::new(),
        body: Vec::new(),
    }
}

/// A space or a line break in it would make it another request (RFC 9110 §9.1).
fn check_method(request: &Request) -> Result<(), Unmade> {
    let method = request.method.as_str();
    if Header::is_name(method) {
        return Ok(());
    }
    Err(Unmade::Malformed(format!("`{}` is no method", method.escape_default())))
}

fn sendable(address: &Address, keep_equals: bool) -> Vec<u8> {
    let mut out = sendable_path(address.path.as_bytes());
    if out.is_empty() {
        out.push(b'/');
    }
    if let Some(query) = address.query.as_deref().filter(|query| !query.is_empty()) {
        out.push(b'?');
        out.extend_from_slice(&sendable_query(query.as_bytes(), keep_equals));
    }
    out
}

/// Path and query for people, as they are written.
fn shown(address: &Address) -> String {
    match address.query.as_deref().filter(|query| !query.is_empty()) {
        Some(query) => format!("{}?{query}", address.path),
        None => address.path.clone(),
    }
}

/// What the wire says about the body is its own: a length that the template gives would be wrong as
/// soon as something in the body is rendered, and without a body the target would wait for one.
fn frame(request: &mut Request) {
    request.headers.retain(|header| !header.is("content-length"));
}

/// The target's parameters, then the template's.
pub(super) fn joined_query(target: Option<&str>, template: Option<&str>) -> Option<String> {
    let target = target.filter(|query| !query.is_empty());
    let template = template.filter(|query| !query.is_empty());
    match (target, template) {
        (None, None) => None,
        (Some(one), None) | (None, Some(one)) => Some(one.to_owned()),
        (Some(target), Some(template)) => Some(format!("{target}&{template}")),
    }
}

/// `@Host: …` dials another host, with the target's port where it names none.
fn redirect_dial(request: &mut Request, host: &str) -> Result<(), Unmade> {
    let scheme = request.origin.scheme.as_str();
    let (scheme, host) = match host.trim().split_once("://") {
        Some((scheme, host)) => (scheme, host),
        None => (scheme, host.trim()),
    };
    let (host, _) = split(host.trim_end_matches('/'));
    let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    let url = if has_port {
        format!("{scheme}://{host}/")
    } else {
        format!("{scheme}://{host}:{}/", request.origin.port)
    };
    let target = Target::parse(&url).map_err(|error| Unmade::Malformed(error.to_string()))?;
    if request.header("host").is_none() {
        request.headers.insert(0, Header::new("Host", request.origin.host_header()));
    }
    request.origin = target.origin;
    Ok(())
}

/// `{{BaseURL}}:8080/x` goes to another port of the target.
fn with_port(source: &str, address: &mut Address) -> Option<Text> {
    let name = ["{{BaseURL}}", "{{RootURL}}"].into_iter().find(|name| source.starts_with(name))?;
    let rest = source[name.len()..].strip_prefix(':')?;
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let port = rest[..digits].parse().ok()?;
    address.origin.port = port;
    Some(Text::compile(&format!("{name}{}", &rest[digits..])))
}

/// `{{Name}}/…`.
fn begins_with_name_and_slash(source: &str) -> bool {
    let Some(rest) = source.strip_prefix("{{") else { return false };
    let letters = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
    letters > 0 && rest[letters..].starts_with("}}/")
}
