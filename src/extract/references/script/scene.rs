//! What stands around a text in a script, and what that says about it.

use super::bindings::Bindings;
use super::body::body_of;
use super::joined::Joined;
use super::token::Token;
use crate::extract::references::html::markup_references;
use crate::extract::references::json::json_within;
use crate::extract::references::text::{
    has_page_extension, looks_like_markup, looks_like_path, looks_like_relative, looks_like_url,
};
use crate::extract::references::{Against, Body, Evidence, References};

/// Calls whose first argument is an address; where the name is the method, it says which.
const CALLS: [(&str, Option<&str>); 31] = [
    ("fetch", None),
    ("axios", None),
    ("ajax", None),
    ("get", None),
    ("getJSON", None),
    ("getScript", None),
    ("load", None),
    ("head", None),
    ("post", Some("POST")),
    ("put", Some("PUT")),
    ("patch", Some("PATCH")),
    ("delete", Some("DELETE")),
    ("request", None),
    ("sendBeacon", Some("POST")),
    ("Request", None),
    ("URL", None),
    ("EventSource", None),
    ("WebSocket", None),
    ("Worker", None),
    ("SharedWorker", None),
    ("register", None),
    ("importScripts", None),
    ("import", None),
    ("assign", None),
    ("replace", None),
    ("open", None),
    ("navigate", None),
    ("redirect", None),
    ("goto", None),
    ("push", None),
    ("openWindow", None),
];

/// Calls with so common a name that only what looks like an address is one.
const COMMON: [&str; 9] =
    ["get", "delete", "put", "head", "replace", "load", "request", "register", "push"];

/// Of these, the address is that of a script that runs by itself.
const WORKERS: [&str; 3] = ["Worker", "SharedWorker", "register"];

/// Objects whose calls send forms.
const SEND_FORMS: [&str; 2] = ["$", "jQuery"];

/// Members that are the beginning of addresses.
const BASES: [&str; 6] = ["baseURL", "baseUrl", "basePath", "prefixUrl", "apiBase", "basename"];

/// Members and variables that hold addresses.
const NAMES: [&str; 18] = [
    "url",
    "uri",
    "href",
    "src",
    "action",
    "path",
    "to",
    "route",
    "endpoint",
    "location",
    "link",
    "redirect",
    "redirectTo",
    "templateUrl",
    "api",
    "pathname",
    "icon",
    "page",
];

const METHODS: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];

/// Tokens behind an address in which its method is looked for.
const OPTIONS_WITHIN: usize = 60;

/// A text among the tokens.
pub(super) struct Scene<'l, 't> {
    pub(super) list: &'l [Token<'t>],
    pub(super) at: usize,
    pub(super) bindings: &'l Bindings<'t>,
    /// How deep the script lies in other documents.
    pub(super) depth: u32,
}

/// What stands around a text says of it.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact by itself")]
struct Role {
    is_address: bool,
    is_common: bool,
    is_worker: bool,
    /// Of `import`, `importScripts` and `new URL(…, import.meta.url)`.
    is_of_file: bool,
    is_base: bool,
    /// Of a call that asks for it.
    asks: bool,
    method: Option<&'static str>,
}

impl Scene<'_, '_> {
    pub(super) fn judge(&self, joined: &Joined, found: &mut References) {
        let text = joined.text.as_str();
        if looks_like_markup(text) {
            return found.extend(markup_references(text, self.depth + 1));
        }
        if text.starts_with(['{', '[']) && text.ends_with(['}', ']']) {
            return found.extend(json_within(text, self.depth + 1));
        }
        // The first argument of `open(method, address)`.
        if known_method(text).is_some() || !joined.has_words {
            return;
        }
        if self.is_module() {
            return add_module(text, found);
        }
        let role = self.role(joined.next);
        // `load("/page #part")`
        let text = if role.is_address { text.split(' ').next().unwrap_or(text) } else { text };
        let Some(evidence) = self.evidence(text, joined, &role) else { return };
        let address = match self.client_base() {
            Some(base) if role.is_address && !looks_like_url(text) => {
                format!("{}/{}", base.trim_end_matches('/'), text.trim_start_matches('/'))
            }
            _ => text.to_owned(),
        };
        self.add(&address, evidence, &role, joined.next, found);
    }

    fn add(
        &self,
        address: &str,
        evidence: Evidence,
        role: &Role,
        next: usize,
        found: &mut References,
    ) {
        let is_of_file = role.is_of_file || self.is_beside_module(next);
        let against = if is_of_file { Against::File } else { Against::Page };
        let Some(place) = found.add(address, evidence, against) else { return };
        let is_form = self.sign(3) == Some(b'.')
            && self.word(4).is_some_and(|name| SEND_FORMS.contains(&name));
        let reference = &mut found.list[place];
        reference.method = role.method;
        reference.is_worker = role.is_worker || is_of_file && self.is_worker_around();
        if role.method.is_some() {
            reference.body = body_of(self.list, next, is_form);
        }
        if is_graphql(address) && evidence >= Evidence::Likely {
            self.add_queries(address, against, found);
        }
    }

    /// The queries of the script, and one that every service answers.
    fn add_queries(&self, address: &str, against: Against, found: &mut References) {
        let path = address.split(['?', '#']).next().unwrap_or(address);
        found.add(&format!("{path}?query=%7B__typename%7D"), Evidence::Likely, against);
        for query in &self.bindings.queries {
            let Some(place) = found.add(path, Evidence::Likely, against) else { return };
            let body = serde_json::json!({ "query": query, "variables": {} });
            found.list[place].method = Some("POST");
            found.list[place].body =
                Some(Body { kind: "application/json", text: body.to_string() });
        }
    }

    /// How sure it is that the text is an address.
    fn evidence(&self, text: &str, joined: &Joined, role: &Role) -> Option<Evidence> {
        let looks = looks_like_url(text) || looks_like_path(text);
        if joined.is_suffix {
            let is_path = looks_like_path(text) && text.starts_with('/');
            return is_path.then_some(Evidence::Weak);
        }
        if role.is_base || self.bindings.is_prefix(text) {
            return looks.then_some(Evidence::Weak);
        }
        let is_called = role.asks && !joined.has_samples;
        let asked = if is_called { Evidence::Called } else { Evidence::Likely };
        let relative = looks_like_relative(text);
        let has_extension = text.split(['?', '#']).next().is_some_and(has_page_extension);
        if looks {
            // The name of a module in a table of modules.
            let is_doubtful = text.starts_with('.') && !role.is_address && !has_extension;
            return Some(if is_doubtful { Evidence::Weak } else { asked });
        }
        // A word in a common call is a key of a map.
        if role.is_address && !role.is_common && is_plain(text) {
            return Some(asked);
        }
        if role.is_address && relative {
            return Some(if has_extension { Evidence::Likely } else { Evidence::Weak });
        }
        (relative && has_extension).then_some(Evidence::Likely)
    }

    fn before(&self, back: usize) -> Option<&Token<'_>> {
        self.at.checked_sub(back).and_then(|at| self.list.get(at))
    }

    fn word(&self, back: usize) -> Option<&str> {
        match self.before(back) {
            Some(Token::Word(word)) => Some(word),
            _ => None,
        }
    }

    fn sign(&self, back: usize) -> Option<u8> {
        match self.before(back) {
            Some(Token::Sign(sign)) => Some(*sign),
            _ => None,
        }
    }

    /// `import x from "…"`, `import("…")`, `require("…")`.
    fn is_module(&self) -> bool {
        let called = || self.sign(1) == Some(b'(');
        matches!(self.word(1), Some("from" | "import"))
            || called() && matches!(self.word(2), Some("import" | "require"))
    }

    /// `new URL("…", import.meta.url)`
    fn is_beside_module(&self, next: usize) -> bool {
        let behind = self.list.get(next..).unwrap_or_default();
        matches!(
            behind,
            [Token::Sign(b','), Token::Word("import"), Token::Sign(b'.'), Token::Word("meta"), ..]
        )
    }

    /// `new Worker(new URL("…`
    fn is_worker_around(&self) -> bool {
        self.word(2) == Some("URL")
            && self.sign(4) == Some(b'(')
            && self.word(5).is_some_and(|name| WORKERS.contains(&name))
    }

    /// What the client that is called puts before its addresses.
    fn client_base(&self) -> Option<&str> {
        let is_called = self.sign(1) == Some(b'(') && self.sign(3) == Some(b'.');
        self.word(4).filter(|_| is_called).and_then(|client| self.bindings.base_of(client))
    }

    fn role(&self, next: usize) -> Role {
        match (self.sign(1), self.word(2)) {
            (Some(b'('), Some(name)) => self.called(name, next),
            // `.open("POST", "/x")`
            (Some(b','), _) if self.sign(3) == Some(b'(') && self.word(4) == Some("open") => {
                let method = match self.before(2) {
                    Some(Token::Text(text)) => text.whole().and_then(known_method),
                    _ => None,
                };
                Role {
                    is_address: method.is_some(),
                    asks: method.is_some(),
                    method: other_than_get(method),
                    ..Role::default()
                }
            }
            // `importScripts("a.js", "b.js")`
            (Some(b','), _) if self.is_in_call_of("importScripts") => {
                Role { is_address: true, is_of_file: true, ..Role::default() }
            }
            (Some(b':' | b'='), Some(name)) => self.named(name, next),
            (Some(b':'), None) => match self.before(2) {
                Some(Token::Text(text)) => self.named(text.whole().unwrap_or_default(), next),
                _ => Role::default(),
            },
            _ => Role::default(),
        }
    }

    /// Whether only texts and commas stand between this one and the bracket of such a call.
    fn is_in_call_of(&self, name: &str) -> bool {
        const ARGUMENTS: usize = 40;
        let open = (1..ARGUMENTS)
            .find(|back| !matches!(self.before(*back), Some(Token::Text(_) | Token::Sign(b','))));
        open.is_some_and(|back| self.sign(back) == Some(b'(') && self.word(back + 1) == Some(name))
    }

    fn called(&self, name: &str, next: usize) -> Role {
        let Some((name, says)) = CALLS.iter().find(|(known, _)| *known == name) else {
            return Role::default();
        };
        let method =
            says.or_else(|| self.option("method", next)).or_else(|| self.option("type", next));
        Role {
            is_address: true,
            is_common: COMMON.contains(name),
            is_worker: WORKERS.contains(name),
            is_of_file: *name == "importScripts",
            is_base: false,
            asks: !matches!(*name, "replace" | "push"),
            method: other_than_get(method.and_then(known_method)),
        }
    }

    fn named(&self, name: &str, next: usize) -> Role {
        let is_address = NAMES.iter().any(|known| known.eq_ignore_ascii_case(name));
        let method = || self.option("method", next).or_else(|| self.option("type", next));
        Role {
            is_address,
            // `path: "name"` may be anything.
            is_common: !matches!(name, "url" | "href" | "action" | "templateUrl" | "endpoint"),
            is_base: BASES.contains(&name),
            method: other_than_get(if is_address { method().and_then(known_method) } else { None }),
            ..Role::default()
        }
    }

    /// The text of the member of that name in what follows, in the same brackets.
    fn option(&self, name: &str, next: usize) -> Option<&str> {
        let mut depth = 0_i32;
        let behind = self.list.get(next..).unwrap_or_default();
        for (offset, token) in behind.iter().take(OPTIONS_WITHIN).enumerate() {
            match token {
                Token::Sign(b'(' | b'{' | b'[') => depth += 1,
                Token::Sign(b')' | b'}' | b']') if depth == 0 => return None,
                Token::Sign(b')' | b'}' | b']') => depth -= 1,
                Token::Sign(b';') => return None,
                _ => {}
            }
            let is_it = match token {
                Token::Word(word) => *word == name,
                Token::Text(text) => text.whole() == Some(name),
                _ => false,
            };
            if is_it
                && depth <= 1
                && let [Token::Sign(b':'), Token::Text(text), ..] = &behind[offset + 1..]
            {
                return text.whole();
            }
        }
        None
    }
}

/// What is imported: a path, or a name that a map of the page explains.
fn add_module(text: &str, found: &mut References) {
    if text.starts_with(['.', '/']) || looks_like_url(text) {
        let evidence = if has_page_extension(text) { Evidence::Called } else { Evidence::Weak };
        found.add(text, evidence, Against::File);
    } else {
        found.modules.push(text.to_owned());
    }
}

/// Nothing but characters of addresses, and one that says something.
pub(super) fn is_plain(text: &str) -> bool {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "-._~:/?#@!$&'()*+,;=%".contains(c);
    text.len() > 1 && text.chars().all(is_allowed) && text.chars().any(char::is_alphanumeric)
}

/// Whether the last segment says that GraphQL is spoken there.
fn is_graphql(address: &str) -> bool {
    let path = address.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
    let last = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    last == "graphql" || last == "gql"
}

fn known_method(text: &str) -> Option<&'static str> {
    METHODS.into_iter().find(|known| known.eq_ignore_ascii_case(text))
}

fn other_than_get(method: Option<&'static str>) -> Option<&'static str> {
    method.filter(|method| *method != "GET")
}
