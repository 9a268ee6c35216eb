//! One login: its scheme, and what is applied.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::super::aim;
use super::super::document::{Entry, Node, Place as At};
use super::super::reader::{Fields, Keys, Reader};
use super::super::slots;
use super::super::slots::Use;
use super::Login;
use super::header_value;
use super::identities;
use super::oauth2;
use super::optional;
use super::proof;
use super::required;
use super::steps;
use super::template;
use crate::flow::Place;
use crate::flow::Source;
use crate::flow::Template;
use crate::flow::Variable;
use crate::flow::auth::Applied;
use crate::flow::auth::AppliedTo;
use crate::flow::auth::Apply;
use crate::flow::auth::Auth;
use crate::flow::auth::Basic;
use crate::flow::auth::FormLogin;
use crate::flow::auth::How;
use crate::flow::auth::Scheme;
use crate::flow::auth::SigV4Keys;
use crate::model::Header;
use crate::model::Request;
use crate::model::Target;
use crate::model::did_you_mean;

pub(in crate::plan) const AUTH: Keys = Keys {
    of: "an auth",
    known: &[
        "basic",
        "bearer",
        "api_key",
        "digest",
        "aws_sigv4",
        "oauth2",
        "form",
        "login",
        "apply",
        "verify",
        "relogin",
        "totp",
        "shared",
        "origins",
    ],
    later: &["ntlm", "jwt", "mtls"],
};
/// Of these an auth has at most one.
const SCHEMES: [&str; 8] =
    ["basic", "bearer", "api_key", "digest", "aws_sigv4", "oauth2", "form", "login"];

pub(in crate::plan) const USER: Keys =
    Keys { of: "a name and a password", known: &["user", "password"], later: &[] };
pub(in crate::plan) const API_KEY: Keys =
    Keys { of: "`api_key`", known: &["header", "query", "cookie", "value"], later: &[] };
pub(in crate::plan) const SIGV4: Keys = Keys {
    of: "`aws_sigv4`",
    known: &["access_key", "secret_key", "session_token", "region", "service"],
    later: &[],
};
pub(in crate::plan) const FORM: Keys = Keys {
    of: "`form`",
    known: &["url", "user", "password", "user_field", "password_field"],
    later: &[],
};
pub(in crate::plan) const APPLY: Keys =
    Keys { of: "`apply`", known: &["header", "query", "cookie"], later: &[] };

/// What one-time passwords are called.
const CODE: &str = "totp";

/// What columns of data files begin with.
const DATA: &str = "data.";

/// An auth as it is read.
struct Draft {
    scheme: Scheme,
    how: How,
    apply: Apply,
    gives: Vec<Variable>,
    shared: bool,
    login_path: Option<String>,
}

impl Draft {
    fn new(scheme: Scheme, how: How) -> Self {
        let (apply, gives, shared) = (Apply::default(), Vec::new(), false);
        Self { scheme, how, apply, gives, shared, login_path: None }
    }

    fn applying(self, to: AppliedTo, name: &str, value: Template) -> Self {
        let items = vec![Applied { to, name: name.to_owned(), value }];
        Self { apply: Apply { items, ..self.apply }, ..self }
    }
}

pub(super) fn auth(
    entry: &Entry,
    index: usize,
    around: &Login<'_>,
    reader: &mut Reader,
) -> Option<Auth> {
    let named = reader.name(entry, "an auth");
    let fields = reader.fields(&entry.node, &entry.key_at, &AUTH)?;
    let totp = fields.get("totp").and_then(|node| identities::totp(node, reader));
    let codes = fields.get("totp").is_some()
        || around.identities.iter().any(|one| one.auth == index && one.totp.is_some());
    let draft = draft(&entry.key, (index, codes), &fields, around, reader);
    let apply = fields.entry("apply").map(|entry| apply(entry, reader));
    let verify = fields.entry("verify").and_then(|entry| proof::verify(entry, around, reader));
    let path = draft.as_ref().and_then(|draft| draft.login_path.clone());
    let relogin = proof::relogin(fields.entry("relogin"), path, reader);
    let shared = fields.get("shared").and_then(|node| reader.boolean(node));
    let origins = origins(&fields, around, reader);
    let mut draft = draft?;
    if let Some(apply) = apply {
        draft.apply.items = apply;
    }
    let (verify, mut uses) =
        verify.map_or((None, Vec::new()), |(verify, uses)| (Some(verify), uses));
    let others = ["basic", "bearer", "api_key", "digest", "aws_sigv4", "oauth2", "form", "apply"];
    uses.extend(slots::uses(&fields, &others));
    let steps = slots::uses(&fields, &["login"]);
    let fed = uses.iter().chain(&steps).map(|used| used.variable);
    let fed = fed.filter(|variable| reader.names.name(*variable).starts_with(DATA));
    let fed: BTreeSet<Variable> = fed.collect();
    bound(&uses, &entry.key, index, (&draft.gives, codes, around), reader);
    let needs = uses.iter().map(|used| used.variable);
    let needs = needs.filter(|variable| draft.gives.contains(variable)).collect();
    let totp_variable = if codes { reader.names.variable(CODE) } else { None };
    named.then(|| Auth {
        name: entry.key.clone(),
        scheme: draft.scheme,
        how: draft.how,
        apply: draft.apply,
        verify,
        relogin,
        shared: shared.unwrap_or(draft.shared),
        origins,
        gives: draft.gives,
        needs,
        fed: fed.into_iter().collect(),
        totp,
        totp_variable,
    })
}

fn draft(
    name: &str,
    (index, codes): (usize, bool),
    fields: &Fields<'_>,
    around: &Login<'_>,
    reader: &mut Reader,
) -> Option<Draft> {
    let mut given = SCHEMES.into_iter().filter_map(|key| fields.entry(key));
    let Some(entry) = given.next() else {
        if fields.get("apply").is_none() {
            let help = format!("write one of {}; or `apply` alone", SCHEMES.join(", "));
            reader.problem_with_help(&fields.at, "an auth needs a way to be logged in", help);
        }
        return Some(Draft::new(Scheme::Given, How::Given));
    };
    if let Some(second) = given.next() {
        let text = format!("an auth has one scheme: `{}` or `{}`", entry.key, second.key);
        reader.problem_with_help(&second.key_at, text, "write them as two auths");
    }
    let node = &entry.node;
    match entry.key.as_str() {
        "basic" => basic(name, node, reader),
        "bearer" => {
            let token = header_value("Authorization", node, reader)?;
            let draft = Draft::new(Scheme::Bearer, How::Given);
            Some(draft.applying(AppliedTo::Header, "Authorization", bearer(&token)))
        }
        "api_key" => api_key(node, reader),
        "digest" => {
            let (user, password) = user(node, reader)?;
            Some(Draft::new(Scheme::Digest, How::Digest { user, password }))
        }
        "aws_sigv4" => sigv4(node, reader),
        "oauth2" => {
            let oauth2 = oauth2::oauth2(node, around, reader)?;
            let is_client = oauth2.user.is_none();
            let mut token = Template::default();
            token.push_slot(Source::Extracted(oauth2.token), Place::Header);
            let gives = vec![oauth2.token];
            let scheme = if is_client { Scheme::OAuth2Client } else { Scheme::OAuth2Password };
            let draft = Draft::new(scheme, How::OAuth2(Box::new(oauth2)));
            let draft = draft.applying(AppliedTo::Header, "Authorization", bearer(&token));
            Some(Draft { gives, shared: is_client, ..draft })
        }
        "form" => form(node, around, reader),
        _ => {
            let mut bound: BTreeSet<Variable> = common(index, around);
            if codes {
                bound.extend(reader.names.variable(CODE));
            }
            let (steps, gives) = steps::steps(entry, name, around, bound, reader)?;
            let draft = Draft::new(Scheme::Steps, How::Steps(Box::new(steps)));
            Some(Draft { gives, ..draft })
        }
    }
}

fn bearer(token: &Template) -> Template {
    let mut value = Template::default();
    value.push_literal(b"Bearer ");
    value.append(token);
    value
}

fn user(node: &Node, reader: &mut Reader) -> Option<(Template, Template)> {
    let fields = reader.fields(node, &node.at, &USER)?;
    let (user, password) =
        (required(&fields, "user", reader), required(&fields, "password", reader));
    Some((user?, password?))
}

fn basic(name: &str, node: &Node, reader: &mut Reader) -> Option<Draft> {
    let (user, password) = user(node, reader)?;
    if slots::has_literal(&user, b':') {
        let text = "a name with `:` cannot be told from the password (RFC 7617 §2)";
        reader.problem(&node.at, text);
    }
    let mut value = Template::default();
    value.push_literal(b"Basic ");
    let mut computed = None;
    if let (Some(user), Some(password)) = (slots::fixed(&user), slots::fixed(&password)) {
        let pair = BASE64_STANDARD.encode([user, password].join(&b':'));
        value.push_literal(pair.as_bytes());
    } else {
        let variable = reader.names.variable(&format!("auth.{name}.basic"))?;
        value.push_slot(Source::Extracted(variable), Place::Header);
        computed = Some(Basic { variable, user, password });
    }
    let draft = Draft::new(Scheme::Basic, How::Given);
    let mut draft = draft.applying(AppliedTo::Header, "Authorization", value);
    draft.apply.basic = computed;
    Some(draft)
}

fn api_key(node: &Node, reader: &mut Reader) -> Option<Draft> {
    let fields = reader.fields(node, &node.at, &API_KEY)?;
    let places =
        [("header", AppliedTo::Header), ("query", AppliedTo::Query), ("cookie", AppliedTo::Cookie)];
    let mut given = places.into_iter().filter_map(|(key, to)| Some((fields.entry(key)?, to)));
    let Some((entry, to)) = given.next() else {
        let help = "write `{ header: X-Api-Key, value: … }`; or `query`, or `cookie`";
        reader.problem_with_help(&fields.at, "an API key needs a place", help);
        return None;
    };
    if let Some((second, _)) = given.next() {
        let text = format!("an API key has one place: `{}` or `{}`", entry.key, second.key);
        reader.problem(&second.key_at, text);
    }
    let name = reader.text(&entry.node, "a name");
    let value = reader.require(&fields, "value");
    let value = applied(name?, value?, to, reader)?;
    Some(Draft::new(Scheme::ApiKey, How::Given).applying(to, name?, value))
}

fn sigv4(node: &Node, reader: &mut Reader) -> Option<Draft> {
    let fields = reader.fields(node, &node.at, &SIGV4)?;
    let access_key = required(&fields, "access_key", reader);
    let secret_key = required(&fields, "secret_key", reader);
    let session_token = optional(&fields, "session_token", reader);
    let mut word = |key: &str| {
        let node = reader.require(&fields, key)?;
        reader.text(node, "a text").map(str::to_owned)
    };
    let (region, service) = (word("region"), word("service"));
    let keys = SigV4Keys {
        access_key: access_key?,
        secret_key: secret_key?,
        session_token,
        region: region?,
        service: service?,
    };
    Some(Draft::new(Scheme::SigV4, How::SigV4(Box::new(keys))))
}

fn form(node: &Node, around: &Login<'_>, reader: &mut Reader) -> Option<Draft> {
    let fields = reader.fields(node, &node.at, &FORM)?;
    let place = reader.require(&fields, "url");
    let place = place.and_then(|node| oauth2::place(node, around, reader));
    let (user, password) =
        (required(&fields, "user", reader), required(&fields, "password", reader));
    let mut name = |key: &str| {
        let node = fields.get(key)?;
        reader.text(node, "the name of a field").map(str::to_owned)
    };
    let (user_field, password_field) = (name("user_field"), name("password_field"));
    let (origin, path) = place?;
    let mut page = Request::get(origin, path.clone());
    page.headers.push(Header::new("Accept", "text/html"));
    let (user, password) = (user?, password?);
    let form = FormLogin { page, user, password, user_field, password_field };
    let path = path.split('?').next().filter(|path| *path != "/").map(str::to_owned);
    let draft = Draft::new(Scheme::Form, How::Form(Box::new(form)));
    Some(Draft { login_path: path, ..draft })
}

fn apply(entry: &Entry, reader: &mut Reader) -> Vec<Applied> {
    let Some(fields) = reader.fields(&entry.node, &entry.key_at, &APPLY) else {
        return Vec::new();
    };
    let mut items = Vec::new();
    for (key, to) in
        [("header", AppliedTo::Header), ("query", AppliedTo::Query), ("cookie", AppliedTo::Cookie)]
    {
        let Some(node) = fields.get(key) else { continue };
        for Entry { key: name, node, .. } in reader.entries(node, key).unwrap_or_default() {
            if let Some(value) = applied(name, node, to, reader) {
                items.push(Applied { to, name: name.clone(), value });
            }
        }
    }
    items
}

/// A value, fit for its place.
fn applied(name: &str, node: &Node, to: AppliedTo, reader: &mut Reader) -> Option<Template> {
    match to {
        AppliedTo::Header => header_value(name, node, reader),
        AppliedTo::Query => template(node, Place::Raw, reader),
        AppliedTo::Cookie => {
            let text = node.scalar().map_or("", |scalar| scalar.text.as_str());
            if text.contains([';', ',', ' ', '"']) || !Header::is_name(name) {
                let text = format!("`{name}` and its value cannot stand in a cookie");
                reader.problem(&node.at, text);
                return None;
            }
            header_value("Cookie", node, reader)
        }
    }
}

/// The target, and what the plan names.
fn origins(
    fields: &Fields<'_>,
    around: &Login<'_>,
    reader: &mut Reader,
) -> Vec<crate::model::Origin> {
    let mut origins = vec![around.around.targets.default_one().origin.clone()];
    let Some(node) = fields.get("origins") else { return origins };
    for item in reader.list(node, "origins like https://api.example.com") {
        let parse = |text: &str| {
            let target = Target::parse(&aim::http_form(text)).map_err(|error| error.to_string())?;
            around
                .around
                .scope
                .judge_origin(&target.origin)
                .map_err(|refusal| format!("out of scope: {refusal}"))?;
            Ok::<_, String>(target.origin)
        };
        origins.extend(reader.parsed(item, "an origin", parse));
    }
    origins
}

/// Refuses values that nobody has.
fn bound(
    uses: &[Use],
    name: &str,
    index: usize,
    (gives, codes, around): (&[Variable], bool, &Login<'_>),
    reader: &mut Reader,
) {
    for Use { variable, at } in uses {
        let is_there = gives.contains(variable)
            || common(index, around).contains(variable)
            || reader.names.name(*variable).contains('.')
            || (codes && reader.names.name(*variable) == CODE);
        if !is_there {
            unbound(*variable, at, name, index, around, reader);
        }
    }
}

/// What everybody who logs in by the auth has.
fn common(index: usize, around: &Login<'_>) -> BTreeSet<Variable> {
    let of_auth = around.identities.iter().filter(|identity| identity.auth == index);
    let each = of_auth.map(|identity| {
        identity.vars.iter().map(|(variable, _)| *variable).collect::<BTreeSet<_>>()
    });
    each.reduce(|all, one| all.intersection(&one).copied().collect()).unwrap_or_default()
}

fn unbound(
    variable: Variable,
    at: &At,
    auth: &str,
    index: usize,
    around: &Login<'_>,
    reader: &mut Reader,
) {
    let name = reader.names.name(variable).to_owned();
    let all: Vec<_> = around.identities.iter().filter(|one| one.auth == index).collect();
    let lacks =
        |one: &&&crate::flow::auth::Identity| !one.vars.iter().any(|(known, _)| *known == variable);
    let vars = all.iter().flat_map(|one| one.vars.iter().map(|(known, _)| *known));
    let known: Vec<String> = vars.map(|known| reader.names.name(known).to_owned()).collect();
    let nearest = did_you_mean(&name, known.iter().map(String::as_str))
        .map(|nearest| format!(", did you mean `{nearest}`?"))
        .unwrap_or_default();
    let message = match all.iter().find(lacks) {
        Some(one) => format!("`${{{name}}}`: identity `{}` has no `{name}`{nearest}", one.name),
        None => format!("`${{{name}}}`: no identity logs in by `{auth}`, so nobody has it"),
    };
    let help = format!(
        "add it to the identity's `vars: {{ {name}: … }}`, or use ${{secrets.NAME}}, ${{env.NAME}} \
         or ${{vars.name}}"
    );
    reader.problem_with_help(at, message, help);
}
