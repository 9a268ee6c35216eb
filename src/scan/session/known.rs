//! What a plan says of somebody: what they are called, their password, and where they log in.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::flow::Context;
use crate::flow::RenderError;
use crate::flow::Script;
use crate::flow::Template;
use crate::flow::auth::Account;
use crate::flow::auth::AppliedTo;
use crate::flow::auth::Auth;
use crate::flow::auth::How;
use crate::flow::auth::Identity;
use crate::model::Request;
use crate::scan::persona::Known;
use crate::scan::point;

/// A shorter value is a choice (`de`, `1`), and stands in pages by chance.
const LEAST_NAME: usize = 3;

/// Where somebody logs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Entrance {
    /// A page with a form.
    Page(Request),
    /// What takes name and password.
    Request(Request),
}

/// What is known of somebody who logs in by `auth`.
pub(super) fn of(auth: &Auth, identity: Option<&Identity>, account: &Account) -> Known {
    let mut known = Known::default();
    if let Some((user, password)) = pair(auth) {
        known.names.extend(text(user, account));
        known.password = text(password, account);
    } else if let Some((user, password)) = given_pair(auth, account) {
        known.names.push(user);
        known.password = Some(password);
    }
    for (variable, value) in identity.map(|identity| &identity.vars).into_iter().flatten() {
        let is_hidden = identity.is_some_and(|identity| identity.hidden.contains(variable));
        if is_hidden {
            known.password = known.password.or_else(|| Some(value.clone()));
        } else if value.len() >= LEAST_NAME && !known.names.contains(value) {
            known.names.push(value.clone());
        }
    }
    known
}

/// Where they log in, if that can be told before they do.
pub(super) fn entrance(auth: &Auth, known: &Known, account: &Account) -> Option<Entrance> {
    let steps = match &auth.how {
        How::Form(form) => return Some(Entrance::Page(form.page.clone())),
        How::Steps(steps) => steps,
        How::Given | How::Digest { .. } | How::SigV4(_) | How::OAuth2(_) => return None,
    };
    let password = known.password.as_ref()?;
    let scripts = steps.requests.iter().zip(&steps.scripts);
    let mut sent =
        scripts.filter_map(|(template, script)| loosely(script, &template.request, account));
    let takes_it =
        |request: &Request| point::body_values(request).any(|(_, value)| value == *password);
    sent.find(takes_it).map(Entrance::Request)
}

/// The request as somebody sends it; what an earlier answer would have brought is left empty.
fn loosely(script: &Script, request: &Request, account: &Account) -> Option<Request> {
    let mut values = account.context().values.cloned().unwrap_or_default();
    loop {
        let context = Context { values: Some(&values), ..account.context() };
        match script.rendered(request, &context) {
            Ok(request) => return Some(request),
            Err(RenderError::Missing(variable)) if values.get(variable).is_none() => {
                values.set(variable, |_| true);
            }
            Err(RenderError::Missing(_) | RenderError::Control(_)) => return None,
        }
    }
}

fn pair(auth: &Auth) -> Option<(&Template, &Template)> {
    match &auth.how {
        How::Form(form) => Some((&form.user, &form.password)),
        How::Digest { user, password } => Some((user, password)),
        How::OAuth2(oauth2) => oauth2.user.as_ref().map(|(user, password)| (user, password)),
        How::Given | How::SigV4(_) | How::Steps(_) => {
            auth.apply.basic.as_ref().map(|basic| (&basic.user, &basic.password))
        }
    }
}

/// Name and password of HTTP Basic that stand in the plan as they are sent.
fn given_pair(auth: &Auth, account: &Account) -> Option<(String, String)> {
    let is_header = |to| to == AppliedTo::Header;
    let applied = auth
        .apply
        .items
        .iter()
        .find(|item| is_header(item.to) && item.name.eq_ignore_ascii_case("authorization"))?;
    let value = text(&applied.value, account)?;
    let (scheme, encoded) = value.split_once(' ')?;
    let decoded = BASE64_STANDARD.decode(encoded.trim()).ok()?;
    let decoded = String::from_utf8(decoded).ok()?;
    let (user, password) = decoded.split_once(':')?;
    scheme.eq_ignore_ascii_case("basic").then(|| (user.to_owned(), password.to_owned()))
}

fn text(template: &Template, account: &Account) -> Option<String> {
    let mut out = Vec::new();
    template.render(&account.context(), &mut out).ok()?;
    String::from_utf8(out).ok().filter(|text| !text.is_empty())
}
