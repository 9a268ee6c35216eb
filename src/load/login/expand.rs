//! The plan's load as those see it who are logged in: each request that somebody sends is one of
//! its own, with what their login gives in it.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::flow::HeaderTemplate;
use crate::flow::Op;
use crate::flow::Piece;
use crate::flow::Place;
use crate::flow::Script;
use crate::flow::Template;
use crate::flow::auth::Applied;
use crate::flow::auth::AppliedTo;
use crate::flow::auth::Auth;
use crate::flow::auth::How;
use crate::flow::auth::Identity;
use crate::flow::auth::Sessions;
use crate::flow::auth::Who;
use crate::model::Header;
use crate::model::Origin;
use crate::model::Request;
use crate::model::RequestTemplate;
use crate::plan::Plan;

/// Of users who log in with rows of a file, so many lost in a row speak for all rows.
const HOPELESS_ROWS: u64 = 10;

/// A login that users have.
#[derive(Debug, Clone)]
pub(in crate::load) struct LoginProgram {
    pub(in crate::load) who: Who,
    pub(in crate::load) auth: Auth,
    /// Who takes turns; empty for somebody without a name.
    pub(in crate::load) identities: Vec<Identity>,
}

impl LoginProgram {
    fn new(sessions: &Sessions, who: Who) -> Self {
        let indices = who.identity.map_or_else(|| sessions.of_auth(who.auth), |one| vec![one]);
        let identities = indices.into_iter().map(|index| sessions.identities[index].clone());
        let auth = sessions.auths[who.auth].clone();
        Self { who, auth, identities: identities.collect() }
    }

    /// Where a login sends something.
    pub(in crate::load) fn origins(&self) -> Vec<Origin> {
        let verify = self.auth.verify.iter().map(|verify| &verify.request.request.origin);
        let login: Vec<&Origin> = match &self.auth.how {
            How::Given | How::Digest { .. } | How::SigV4(_) => Vec::new(),
            How::OAuth2(oauth2) => vec![&oauth2.endpoint.origin],
            How::Form(form) => vec![&form.page.origin],
            How::Steps(steps) => {
                steps.requests.iter().map(|template| &template.request.origin).collect()
            }
        };
        verify.chain(login).cloned().collect()
    }

    /// So many users lost in a row, with nobody left who is logged in, leave no hope for the next.
    pub(super) fn hopeless_after(&self) -> u64 {
        let is_fed = !self.auth.fed.is_empty();
        if is_fed { HOPELESS_ROWS } else { self.identities.len().max(1) as u64 }
    }

    /// As whom the virtual user of that number logs in.
    pub(in crate::load) fn identity(&self, vu: u64) -> Option<&Identity> {
        let count = self.identities.len() as u64;
        let turn = vu.saturating_sub(1).checked_rem(count)?;
        self.identities.get(usize::try_from(turn).ok()?)
    }
}

/// The plan, with the logins by whose number its requests ask for them.
pub(in crate::load) struct Expanded<'a> {
    pub(in crate::load) plan: Cow<'a, Plan>,
    pub(in crate::load) logins: Vec<LoginProgram>,
    /// By request.
    pub(in crate::load) login_of: Vec<Option<u32>>,
}

/// The plan with its logins; as it is where nobody logs in.
pub(in crate::load) fn expand(plan: &Plan) -> Expanded<'_> {
    let sessions = &plan.sessions;
    let of_request = |request: usize| sessions.requests.get(request).copied().flatten();
    let of_scenario = |scenario: usize| sessions.scenarios.get(scenario).copied().flatten();
    if sessions.requests.is_empty() && sessions.scenarios.is_empty() {
        return Expanded { plan: Cow::Borrowed(plan), logins: Vec::new(), login_of: Vec::new() };
    }
    let mut out = plan.clone();
    out.scripts.resize(plan.requests.len(), Script::default());
    let mut logins: Vec<LoginProgram> = Vec::new();
    let mut login_of = vec![None; plan.requests.len()];
    for (index, scenario) in plan.scenarios.iter().enumerate() {
        let mut flow = plan.flows[scenario.flow].clone();
        let mut own: HashMap<usize, usize> = HashMap::new();
        for op in &mut flow.ops {
            let Op::Use(request) = op else { continue };
            let Some(who) = of_request(*request).or_else(|| of_scenario(index)) else { continue };
            let number = logins.iter().position(|login| login.who == who).unwrap_or_else(|| {
                logins.push(LoginProgram::new(sessions, who));
                logins.len() - 1
            });
            *request = *own.entry(*request).or_insert_with(|| {
                let mut template = out.requests[*request].clone();
                let mut script = out.scripts[*request].clone();
                apply(&logins[number].auth, &mut template, &mut script);
                out.requests.push(template);
                out.scripts.push(script);
                login_of.push(Some(u32::try_from(number).expect("fewer logins than 2^32")));
                out.requests.len() - 1
            });
        }
        out.flows.push(flow);
        // The copy is fed as the flow is.
        let fed = plan.data.of_flow.get(scenario.flow).cloned().unwrap_or_default();
        out.data.of_flow.resize(out.flows.len() - 1, Vec::new());
        out.data.of_flow.push(fed);
        out.scenarios[index].flow = out.flows.len() - 1;
    }
    Expanded { plan: Cow::Owned(out), logins, login_of }
}

/// Puts what a login gives into a request, unless it goes to somebody else.
fn apply(auth: &Auth, template: &mut RequestTemplate, script: &mut Script) {
    if !auth.origins.contains(&template.request.origin) {
        return;
    }
    for item in &auth.apply.items {
        match item.to {
            AppliedTo::Header => {
                template.request.headers.retain(|header| !header.is(&item.name));
                script.headers.retain(|header| !header.name.eq_ignore_ascii_case(&item.name));
                add_header(&item.name, item.value.clone(), &mut template.request, script);
            }
            AppliedTo::Cookie => add_cookie(item, &mut template.request, script),
            AppliedTo::Query => add_to_query(item, &mut template.request, script),
        }
    }
}

fn add_header(name: &str, value: Template, request: &mut Request, script: &mut Script) {
    if let Some(fixed) = fixed(&value) {
        request.headers.push(Header::new(name, fixed));
        return;
    }
    // What stands in its place must be like no other header of that name.
    let written = format!("${{login.{}}}", script.headers.len()).into_bytes();
    request.headers.push(Header::new(name, written.clone()));
    script.headers.push(HeaderTemplate { name: name.to_owned(), written, value });
}

/// Joins the cookies that the request has.
fn add_cookie(item: &Applied, request: &mut Request, script: &mut Script) {
    let mut value = Template::default();
    if let Some(at) = request.headers.iter().position(|header| header.is("cookie")) {
        let own = request.headers.remove(at);
        match script.headers.iter().position(|header| header.written == own.value) {
            Some(at) => value.append(&script.headers.remove(at).value),
            None => value.push_literal(&own.value),
        }
        value.push_literal(b"; ");
    }
    value.push_literal(item.name.as_bytes());
    value.push_literal(b"=");
    value.append(&item.value);
    add_header("Cookie", value, request, script);
}

fn add_to_query(item: &Applied, request: &mut Request, script: &mut Script) {
    let mut path = script.path.take().unwrap_or_else(|| {
        let mut path = Template::default();
        path.push_literal(&request.path_and_query);
        path
    });
    let has_query = path.pieces().iter().any(|piece| match piece {
        Piece::Literal(bytes) => bytes.contains(&b'?'),
        Piece::Slot(_) => false,
    });
    path.push_literal(if has_query { b"&" } else { b"?" });
    path.push_literal(encoded(item.name.as_bytes()).as_bytes());
    path.push_literal(b"=");
    for piece in item.value.pieces() {
        match piece {
            Piece::Literal(bytes) => path.push_literal(encoded(bytes).as_bytes()),
            Piece::Slot(slot) => path.push_slot(slot.source.clone(), Place::Url),
        }
    }
    match fixed(&path) {
        Some(fixed) => request.path_and_query = fixed,
        None => script.path = Some(path),
    }
}

fn encoded(bytes: &[u8]) -> String {
    percent_encoding::percent_encode(bytes, percent_encoding::NON_ALPHANUMERIC).to_string()
}

fn fixed(template: &Template) -> Option<Vec<u8>> {
    match template.pieces() {
        [] => Some(Vec::new()),
        [Piece::Literal(bytes)] => Some(bytes.clone()),
        _ => None,
    }
}
