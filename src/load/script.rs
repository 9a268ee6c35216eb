//! Requests that differ from one sending to the next: compiled to bytes with slots, and rendered
//! into one buffer of the shard.
//!
//! What a rendering is follows from the user's session alone, so nothing is kept of it: a request
//! that could not be written whole, or that is sent again, is rendered again and is the same.

use super::program::Program;
use super::shard::Shard;
use super::user::User;
use crate::flow::Context;
use crate::flow::Flow;
use crate::flow::Piece;
use crate::flow::RenderError;
use crate::flow::Script;
use crate::flow::Slot;
use crate::flow::Template;
use crate::flow::Variable;
use crate::http::reactor::Reactor;
use crate::model::Failure;
use crate::model::FailureClass;
use crate::model::Header;
use crate::model::Request;

/// A request as bytes with slots.
#[derive(Debug)]
pub(super) struct Wire {
    script: Script,
    /// All of it, or what stands before the value of `Content-Length`.
    start: Template,
    sized: Option<Sized>,
}

/// What stands behind the length of a body that has slots.
#[derive(Debug)]
struct Sized {
    head: Template,
    body: Template,
}

impl Wire {
    /// Compiles what `encode` makes of the request. It is called with marks where slots are, and
    /// what it makes of them is cut at the marks: so whatever an encoder adds is there.
    pub(super) fn compile<E>(
        request: &Request,
        script: &Script,
        encode: impl Fn(&Request) -> Result<Vec<u8>, E>,
    ) -> Result<Self, E> {
        let mut salt = 0;
        loop {
            let marked = Marked::new(request, script, salt);
            let bytes = encode(&marked.request)?;
            if let Some((start, sized)) = marked.cut(&bytes) {
                return Ok(Self { script: script.clone(), start, sized });
            }
            // The request itself has the mark in it: another one.
            salt += 1;
        }
    }

    /// Whether the path has slots.
    fn has_path(&self) -> bool {
        self.script.path.is_some()
    }

    /// Appends the request to `out`.
    fn render(&self, context: &Context<'_>, out: &mut Vec<u8>) -> Result<(), RenderError> {
        self.start.render(context, out)?;
        let Some(sized) = &self.sized else { return Ok(()) };
        let length_at = out.len();
        sized.head.render(context, out)?;
        let body_at = out.len();
        sized.body.render(context, out)?;
        let mut digits = itoa::Buffer::new();
        let digits = digits.format(out.len() - body_at).as_bytes();
        let end = out.len();
        out.extend_from_slice(digits);
        out.copy_within(length_at..end, length_at + digits.len());
        out[length_at..length_at + digits.len()].copy_from_slice(digits);
        Ok(())
    }
}

/// A request with marks for its slots.
struct Marked {
    request: Request,
    prefix: Vec<u8>,
    /// By the number in the mark; `None` is the body's length.
    slots: Vec<Option<Slot>>,
}

impl Marked {
    fn new(request: &Request, script: &Script, salt: u32) -> Self {
        // Letters and digits fit everywhere.
        let prefix = format!("SLOT{salt}X").into_bytes();
        let mut slots = Vec::new();
        let marked = script.fill(request, |template| {
            let mut out = Vec::new();
            for piece in template.pieces() {
                match piece {
                    Piece::Literal(bytes) => out.extend_from_slice(bytes),
                    Piece::Slot(slot) => out.extend(mark(&prefix, &mut slots, Some(slot.clone()))),
                }
            }
            Ok::<_, std::convert::Infallible>(out)
        });
        let Ok(mut request) = marked;
        let is_framed = ["content-length", "transfer-encoding"]
            .iter()
            .any(|name| request.header(name).is_some());
        if script.body.is_some() && !is_framed {
            let length = mark(&prefix, &mut slots, None);
            request.headers.push(Header::new("Content-Length", length));
        }
        Self { request, prefix, slots }
    }

    /// The encoded request cut at the marks; `None` where there is another number of them.
    fn cut(&self, bytes: &[u8]) -> Option<(Template, Option<Sized>)> {
        let finder = memchr::memmem::Finder::new(&self.prefix);
        if finder.find_iter(bytes).count() != self.slots.len() {
            return None;
        }
        let body_at = bytes.len() - self.request.body.len();
        let (mut start, mut behind, mut body) =
            (Template::default(), Template::default(), Template::default());
        let mut is_sized = false;
        let mut at = 0;
        let marks = finder.find_iter(bytes).map(Some).chain([None]);
        for found in marks {
            let end = found.unwrap_or(bytes.len());
            for (part, from, to) in [(false, at, end.min(body_at)), (true, at.max(body_at), end)] {
                let template = match (part && is_sized, is_sized) {
                    (true, _) => &mut body,
                    (false, true) => &mut behind,
                    (false, false) => &mut start,
                };
                template.push_literal(bytes.get(from..to).unwrap_or_default());
            }
            let Some(found) = found else { break };
            let (number, after) = number(&bytes[found + self.prefix.len()..])?;
            at = found + self.prefix.len() + after;
            match self.slots.get(number)? {
                None => is_sized = true,
                Some(slot) => {
                    let template = match (is_sized, found >= body_at) {
                        (true, true) => &mut body,
                        (true, false) => &mut behind,
                        (false, _) => &mut start,
                    };
                    template.push_slot(slot.source.clone(), slot.place);
                }
            }
        }
        Some((start, is_sized.then_some(Sized { head: behind, body })))
    }
}

fn mark(prefix: &[u8], slots: &mut Vec<Option<Slot>>, slot: Option<Slot>) -> Vec<u8> {
    slots.push(slot);
    [prefix, format!("{}X", slots.len() - 1).as_bytes()].concat()
}

/// The number at the start of `bytes`, and how long it is with the letter behind it.
fn number(bytes: &[u8]) -> Option<(usize, usize)> {
    let end = memchr::memchr(b'X', bytes)?;
    let number = std::str::from_utf8(&bytes[..end]).ok()?.parse().ok()?;
    Some((number, end + 1))
}

impl<R: Reactor> Shard<'_, R> {
    /// Renders the user's request, unless the buffer holds it already.
    ///
    /// # Errors
    /// What keeps it from being sent.
    pub(super) fn render(&mut self, number: u32) -> Result<(), Failure> {
        let program = self.shared.program;
        let user = &self.users[number as usize];
        let has_own = user.helps.is_none() && user.logins.is_none();
        let has_cookies = if has_own {
            user.has_cookies()
        } else {
            self.jar(number).is_some_and(|jar| !jar.is_empty())
        };
        let prepared = self.users[number as usize].prepared(program);
        let signs = prepared.login.is_some_and(|login| program.logins[login as usize].auth.signs());
        let is_traced = self.carries_trace(number);
        let is_ready = prepared.wire.is_none() && !has_cookies && !signs && !is_traced;
        if is_ready || self.rendered_for == Some(number) {
            return Ok(());
        }
        self.rendered_for = None;
        self.rendered.clear();
        (self.cookies_at, self.trace_at) = (0..0, 0..0);
        match &prepared.wire {
            None => self.rendered.extend_from_slice(&prepared.bytes),
            Some(wire) => {
                let user = &self.users[number as usize];
                let context = user.context(program.value_seed);
                if let Err(error) = wire.render(&context, &mut self.rendered) {
                    return Err(program.unsendable(user.scenario, error));
                }
                if wire.has_path() && program.scope.judges_paths() {
                    self.judge_path(number)?;
                }
            }
        }
        if signs {
            self.sign(number)?;
        }
        if has_cookies {
            self.add_cookies(number);
        }
        if is_traced {
            self.add_trace(number);
        }
        self.rendered_for = Some(number);
        Ok(())
    }

    /// The user's request as it lies rendered; `None` where it is the one that lies ready.
    pub(super) fn rendering(&self, number: u32) -> Option<&[u8]> {
        (self.rendered_for == Some(number)).then_some(&self.rendered)
    }

    /// The user's exchange is another one from now on.
    pub(super) fn forget_rendering(&mut self, number: u32) {
        if self.rendered_for == Some(number) {
            self.rendered_for = None;
        }
    }

    /// The user's request as it is sent.
    pub(super) fn sent_request(&self, number: u32) -> Request {
        let program = self.shared.program;
        let user = &self.users[number as usize];
        let prepared = user.prepared(program);
        let context = user.context(program.value_seed);
        let rendered = prepared.wire.as_ref().map(|wire| {
            // One that could not be rendered was not sent; then its text says what it would have
            // been.
            wire.script.rendered(&prepared.request, &context).ok()
        });
        let mut request = rendered.flatten().unwrap_or_else(|| prepared.request.clone());
        let frame = prepared.call.as_deref().and_then(|call| call.only_frame(&context));
        if let Some(Ok(frame)) = frame {
            request.body = frame.to_vec();
        }
        request
    }

    fn judge_path(&self, number: u32) -> Result<(), Failure> {
        let scope = &self.shared.program.scope;
        let admitted = scope.admit(self.sent_request(number));
        admitted
            .map(|_| ())
            .map_err(|reason| Failure::new(FailureClass::OutOfScope, reason.to_string()))
    }
}

impl Program {
    /// The failure of a user of `scenario` that cannot send what it should.
    #[cold]
    pub(super) fn unsendable(&self, scenario: u32, error: RenderError) -> Failure {
        let name = |variable: Variable| &self.variables[usize::from(variable.0)];
        let detail = match error {
            RenderError::Missing(variable) => {
                let why = self.why_missing(&self.flows[scenario as usize], variable);
                format!("`{}` has no value{}", name(variable), why.unwrap_or_default())
            }
            RenderError::Control(variable) => {
                format!("the value of `{}` would break out of its header", name(variable))
            }
        };
        Failure::new(FailureClass::Extract, detail)
    }

    fn why_missing(&self, flow: &Flow, variable: Variable) -> Option<String> {
        if let Some((request, extraction)) = flow.origin_of(variable) {
            let (request, from) = (&self.names[request], &extraction.from);
            return Some(format!(": the response to `{request}` did not have it ({from})"));
        }
        flow.requests().find_map(|request| {
            let dialogue = self.requests[request].dialogue.as_ref()?;
            let (request, from) = (&self.names[request], &dialogue.origin_of(variable)?.from);
            Some(format!(": no message of `{request}` had it ({from})"))
        })
    }
}

impl User {
    /// What its request is rendered with.
    pub(super) fn context(&self, seed: u64) -> Context<'_> {
        self.session.context(self.vu, seed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::HeaderTemplate;
    use crate::flow::Place;
    use crate::flow::Source;
    use crate::http::h1;
    use crate::model::Method;
    use crate::model::Target;

    fn template(parts: &[&str]) -> Template {
        let mut template = Template::default();
        for part in parts {
            match *part {
                "#" => template.push_slot(Source::User, Place::Raw),
                text => template.push_literal(text.as_bytes()),
            }
        }
        template
    }

    fn request(path: &str, headers: &[(&str, &str)], body: &str) -> Request {
        Request {
            origin: Target::parse("http://127.0.0.1:1/").expect("valid").origin,
            method: Method::new("POST"),
            path_and_query: path.as_bytes().to_vec(),
            headers: headers.iter().map(|(name, value)| Header::new(*name, *value)).collect(),
            body: body.as_bytes().to_vec(),
        }
    }

    fn sent(request: &Request, script: &Script, user: u64) -> String {
        let encode = |request: &Request| {
            let mut bytes = Vec::new();
            h1::encode(request, &[], &mut bytes).map(|()| bytes)
        };
        let wire = Wire::compile(request, script, encode).expect("no line break");
        let context = Context { values: None, user, iteration: 0, step: 0, message: 0, seed: 0 };
        let mut out = b"before".to_vec();
        wire.render(&context, &mut out).expect("nothing is missing");
        let whole = script.rendered(request, &context).expect("nothing is missing");
        let whole = encode(&whole).expect("no line break");
        let text = String::from_utf8(out).expect("the test's text");
        let text = text.strip_prefix("before").expect("what was there stays").to_owned();
        // Apart from where the length stands, it is what the whole request would be.
        let lines = |text: &str| {
            let mut lines: Vec<_> = text.split("\r\n").map(str::to_owned).collect();
            lines.sort();
            lines
        };
        assert_eq!(lines(&text), lines(&String::from_utf8(whole).expect("the test's text")));
        text
    }

    #[test]
    fn slots_are_filled_in_every_part_and_the_length_is_the_bodys() {
        let request = request("/${vu}", &[("X-A", "b"), ("X-V", "v${vu}")], "");
        let script = Script {
            path: Some(template(&["/", "#", "?a=", "#"])),
            headers: vec![HeaderTemplate {
                name: "X-V".to_owned(),
                written: b"v${vu}".to_vec(),
                value: template(&["v", "#"]),
            }],
            body: Some(template(&["#", "-", "#", " and the rest of it"])),
            ..Script::default()
        };
        assert_eq!(
            sent(&request, &script, 7),
            "POST /7?a=7 HTTP/1.1\r\nHost: 127.0.0.1:1\r\nX-A: b\r\nX-V: v7\r\n\
             Content-Length: 22\r\n\r\n7-7 and the rest of it"
        );
        assert!(sent(&request, &script, 12_345).contains("Content-Length: 30\r\n"));
    }

    #[test]
    fn a_fixed_body_and_a_length_of_the_users_own_stay() {
        let script = Script { path: Some(template(&["/", "#"])), ..Script::default() };
        let fixed = request("/", &[], "SLOT0X0X");
        assert!(sent(&fixed, &script, 1).ends_with("Content-Length: 8\r\n\r\nSLOT0X0X"));
        let script = Script { body: Some(template(&["#"])), ..Script::default() };
        let own = request("/", &[("content-length", "1")], "");
        assert!(sent(&own, &script, 3).ends_with("content-length: 1\r\n\r\n3"));
    }

    #[test]
    fn a_header_that_another_one_has_replaced_is_not_filled() {
        let script = Script {
            headers: vec![HeaderTemplate {
                name: "X".to_owned(),
                written: b"${vu}".to_vec(),
                value: template(&["#"]),
            }],
            ..Script::default()
        };
        let replaced = request("/", &[("X", "from a flag")], "");
        assert!(sent(&replaced, &script, 1).contains("X: from a flag\r\n"));
    }
}
