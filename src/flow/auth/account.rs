//! One who is logged in: what only they know, and what their requests get.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use percent_encoding::AsciiSet;
use percent_encoding::NON_ALPHANUMERIC;
use percent_encoding::percent_encode;

use super::digest::Asked;
use super::digest::DigestChallenge;
use super::digest::DigestUser;
use super::oauth2::Token;
use super::scheme::AppliedTo;
use super::scheme::Auth;
use super::scheme::How;
use super::scheme::Identity;
use super::sigv4::SigV4;
use super::totp::Totp;
use crate::flow::Context;
use crate::flow::RenderError;
use crate::flow::Template;
use crate::flow::Values;
use crate::flow::Variable;
use crate::model::Header;
use crate::model::Origin;
use crate::model::Request;
use crate::model::Response;

/// RFC 3986's unreserved characters stay.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Somebody who is logged in, or is to be.
#[derive(Debug, Clone, Default)]
pub struct Account {
    values: Values,
    totp: Option<Totp>,
    user: u64,
    seed: u64,
    /// What the client renews its token with.
    pub(super) refresh: Option<String>,
    pub(super) renew_at: Option<u64>,
    digest: Option<DigestChallenge>,
}

impl Account {
    /// The virtual user of that number under that seed, as an identity if there is one.
    pub fn new(auth: &Auth, identity: Option<&Identity>, user: u64, seed: u64) -> Self {
        let totp = identity.and_then(|identity| identity.totp.as_ref()).or(auth.totp.as_ref());
        let mut account = Self { totp: totp.cloned(), user, seed, ..Self::default() };
        for (variable, value) in identity.map(|identity| &identity.vars).into_iter().flatten() {
            account.set(*variable, value.as_bytes());
        }
        account.prepare(auth);
        account
    }

    /// Gives a value to a variable; computed ones follow with [`Self::prepare`].
    pub fn set(&mut self, variable: Variable, value: &[u8]) {
        self.values.set(variable, |out| {
            out.extend_from_slice(value);
            true
        });
    }

    /// Computes what follows from name and password.
    pub fn prepare(&mut self, auth: &Auth) {
        let Some(basic) = &auth.apply.basic else { return };
        let (Ok(user), Ok(password)) = (self.render(&basic.user), self.render(&basic.password))
        else {
            return;
        };
        let pair = BASE64_STANDARD.encode([user, password].join(&b':'));
        self.set(basic.variable, pair.as_bytes());
    }

    /// What is known.
    pub fn values(&self) -> &Values {
        &self.values
    }

    /// What requests are rendered with.
    pub fn context(&self) -> Context<'_> {
        let (user, seed) = (self.user, self.seed);
        Context { values: Some(&self.values), user, iteration: 0, step: 0, message: 0, seed }
    }

    /// Whether it is time to renew what was given, at a time in seconds since 1970.
    pub fn is_due(&self, now: u64) -> bool {
        self.renew_at.is_some_and(|at| now >= at)
    }

    /// The values that a report must not show: what logins gave.
    pub fn secrets(&self, auth: &Auth) -> Vec<String> {
        let computed = auth.apply.basic.as_ref().map(|basic| basic.variable);
        let token = match &auth.how {
            How::OAuth2(oauth2) => Some(oauth2.token),
            _ => None,
        };
        let given = auth.gives.iter().copied().chain(computed).chain(token);
        let values = given.filter_map(|variable| self.values.get(variable));
        let values = values.map(|value| String::from_utf8_lossy(value).into_owned());
        values.chain(self.refresh.clone()).collect()
    }

    /// Puts into the request what the login gave, unless it goes to somebody else. Cookies join
    /// those that the request has.
    ///
    /// # Errors
    /// A value is missing.
    pub fn dress(&self, auth: &Auth, request: &mut Request) -> Result<(), RenderError> {
        if !auth.origins.contains(&request.origin) {
            return Ok(());
        }
        for item in &auth.apply.items {
            let value = self.render(&item.value)?;
            match item.to {
                AppliedTo::Header => {
                    request.headers.retain(|header| !header.is(&item.name));
                    request.headers.push(Header::new(item.name.clone(), value));
                }
                AppliedTo::Query => add_to_query(request, &item.name, &value),
                AppliedTo::Cookie => add_cookie(request, &item.name, &value),
            }
        }
        Ok(())
    }

    /// Signs a request that is known in full, at a time in seconds since 1970; `nonce` is drawn
    /// anew for each.
    pub fn sign(
        &mut self,
        auth: &Auth,
        request: &mut Request,
        now: u64,
        nonce: &str,
    ) -> Result<(), RenderError> {
        if !auth.origins.contains(&request.origin) {
            return Ok(());
        }
        match &auth.how {
            How::Digest { user, password } => {
                let (name, password) = (self.render(user)?, self.render(password)?);
                let Some(challenge) = &mut self.digest else { return Ok(()) };
                let asked = Asked {
                    method: request.method.as_str(),
                    uri: &request.path_and_query,
                    body: &request.body,
                };
                let user = DigestUser { name: &name, password: &password };
                let answer = challenge.answer(user, asked, nonce);
                request.headers.retain(|header| !header.is("authorization"));
                request.headers.push(Header::new("Authorization", answer));
            }
            How::SigV4(keys) => {
                let text = |template: &Template| {
                    self.render(template).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
                };
                let signer = SigV4 {
                    access_key: text(&keys.access_key)?,
                    secret_key: text(&keys.secret_key)?,
                    session_token: keys.session_token.as_ref().map(text).transpose()?,
                    region: keys.region.clone(),
                    service: keys.service.clone(),
                };
                signer.sign(request, now);
            }
            How::Given | How::OAuth2(_) | How::Form(_) | How::Steps(_) => {}
        }
        Ok(())
    }

    /// Whether an answer of `origin` asks for credentials in a way that can be answered: then the
    /// request is signed anew and sent once more. `was_signed`: the request had an answer already.
    pub fn challenged(
        &mut self,
        auth: &Auth,
        origin: &Origin,
        response: &Response,
        was_signed: bool,
    ) -> bool {
        let values = response.headers_named("www-authenticate");
        self.challenged_by(
            auth,
            origin,
            response.status,
            values.map(|header| &*header.value),
            was_signed,
        )
    }

    /// As [`Self::challenged`], of an answer in parts.
    pub fn challenged_by<'a>(
        &mut self,
        auth: &Auth,
        origin: &Origin,
        status: u16,
        values: impl Iterator<Item = &'a [u8]>,
        was_signed: bool,
    ) -> bool {
        let is_digest = matches!(auth.how, How::Digest { .. });
        if status != 401 || !is_digest || !auth.origins.contains(origin) {
            return false;
        }
        let Some(challenge) = DigestChallenge::find(values) else { return false };
        // The same question after an answer means that the answer was wrong, unless its nonce was
        // merely too old.
        let is_new = !was_signed || challenge.stale;
        self.digest = Some(challenge);
        is_new
    }

    /// Whether requests can be signed before they are sent: a challenge is known.
    pub fn knows_challenge(&self) -> bool {
        self.digest.is_some()
    }

    pub(super) fn give_token(&mut self, variable: Variable, token: Token) {
        self.set(variable, token.access.as_bytes());
        self.renew_at = token.renew_at;
        if token.refresh.is_some() {
            self.refresh = token.refresh;
        }
    }

    pub(super) fn set_code(&mut self, variable: Option<Variable>, now: u64) -> Option<String> {
        let code = self.totp.as_ref()?.code(now);
        if let Some(variable) = variable {
            self.set(variable, code.as_bytes());
        }
        Some(code)
    }

    pub(super) fn render(&self, template: &Template) -> Result<Vec<u8>, RenderError> {
        let mut out = Vec::new();
        template.render(&self.context(), &mut out)?;
        Ok(out)
    }
}

fn add_to_query(request: &mut Request, name: &str, value: &[u8]) {
    let has_query = request.path_and_query.contains(&b'?');
    let target = &mut request.path_and_query;
    target.push(if has_query { b'&' } else { b'?' });
    target.extend_from_slice(percent_encode(name.as_bytes(), QUERY).to_string().as_bytes());
    target.push(b'=');
    target.extend_from_slice(percent_encode(value, QUERY).to_string().as_bytes());
}

fn add_cookie(request: &mut Request, name: &str, value: &[u8]) {
    let pair = [name.as_bytes(), value].join(&b'=');
    match request.headers.iter_mut().find(|header| header.is("cookie")) {
        Some(header) => {
            header.value.extend_from_slice(b"; ");
            header.value.extend_from_slice(&pair);
        }
        None => request.headers.push(Header::new("Cookie", pair)),
    }
}
