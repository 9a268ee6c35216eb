//! One attempt to log in, as a state machine: requests come out, responses go in. `steps` are those
//! of the plan, `forms` those that are found.

mod forms;
mod steps;

use std::time::Duration;

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use url::Url;

use super::account::Account;
use super::form::Asks;
use super::oauth2::Grant;
use super::oauth2::GrantKind;
use super::oauth2::Token;
use super::page::Page;
use super::scheme::Auth;
use super::scheme::How;
use super::scheme::OAuth2;
use crate::flow::RenderError;
use crate::flow::Session;
use crate::flow::Template;
use crate::model::Failure;
use crate::model::Request;
use crate::model::Response;
use crate::model::inert;
use crate::model::redirected;

/// Redirects followed in a row.
pub(in crate::flow::auth) const MAX_HOPS: u32 = 10;

/// Cookies that are remembered of one attempt.
const MAX_COOKIE_LINES: usize = 500;

/// Requests of one attempt at most, redirects included.
pub(in crate::flow::auth) const MAX_REQUESTS: u32 = 100;

/// Forms filled in one after the other: name, password, one-time password.
pub(in crate::flow::auth) const MAX_FORMS: u32 = 3;

/// What comes next in an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoginStep {
    /// Send this (cookies are the caller's affair), and say what came.
    Send(Box<Request>),
    /// Pause, and go on.
    Wait(Duration),
    /// Logged in; what proves it.
    Done(String),
    /// Not logged in; what was seen instead.
    Failed(String),
}

/// What came of the request that was to be sent.
#[derive(Debug, Clone, Copy)]
pub enum Came<'a> {
    /// There was none: the attempt begins, or a pause is over.
    Nothing,
    /// A response, and how long it took.
    Response(&'a Response, Duration),
    /// None.
    Failure(&'a Failure),
}

/// One attempt.
#[derive(Debug)]
pub struct Login {
    phase: Phase,
    /// What is under way.
    sent: Option<Request>,
    hops: u32,
    /// How many redirects are followed for the request under way.
    max_hops: u32,
    requests: u32,
    /// Lines of cookies that were set on the way, redirects and earlier steps included.
    set_cookies: Vec<Vec<u8>>,
    /// The request under way has answered a challenge.
    was_signed: bool,
    /// What spoke against it, should the proof fail too.
    doubt: Option<String>,
    proof: String,
    nonces: StdRng,
}

#[derive(Debug)]
enum Phase {
    Start,
    Steps(Box<Walk>),
    Form { filled: u32, asked: Option<Asks> },
    Token { renews: bool },
    Verify,
}

/// Where an attempt stands in its steps.
#[derive(Debug)]
struct Walk {
    session: Session,
    random: StdRng,
    /// What was sent last, by the steps' index.
    request: usize,
}

type Outcome = Result<LoginStep, String>;

impl Login {
    /// Begins; random values of the attempt follow from `seed`.
    pub fn new(seed: u64) -> Self {
        Self {
            phase: Phase::Start,
            sent: None,
            hops: 0,
            max_hops: MAX_HOPS,
            requests: 0,
            set_cookies: Vec::new(),
            was_signed: false,
            doubt: None,
            proof: String::new(),
            nonces: StdRng::seed_from_u64(seed),
        }
    }

    /// Only asks whether the account is still logged in.
    pub fn verify_only(seed: u64) -> Self {
        Self { phase: Phase::Verify, ..Self::new(seed) }
    }

    /// What comes next, at a time in seconds since 1970.
    pub fn next(
        &mut self,
        auth: &Auth,
        account: &mut Account,
        came: Came<'_>,
        now: u64,
    ) -> LoginStep {
        let outcome = match came {
            Came::Nothing => self.go_on(auth, account, now),
            Came::Failure(failure) => Err(format!("{}: {failure}", self.asked())),
            Came::Response(response, took) => self.take(auth, account, (response, took), now),
        };
        match outcome {
            Ok(LoginStep::Send(_)) if self.requests == MAX_REQUESTS => {
                LoginStep::Failed(format!("no end after {MAX_REQUESTS} requests"))
            }
            Ok(step) => {
                self.requests += u32::from(matches!(step, LoginStep::Send(_)));
                step
            }
            Err(why) => LoginStep::Failed(why),
        }
    }

    fn go_on(&mut self, auth: &Auth, account: &mut Account, now: u64) -> Outcome {
        match (&mut self.phase, &auth.how) {
            (Phase::Start, _) => self.begin(auth, account, now),
            (Phase::Steps(_), How::Steps(steps)) => self.step(auth, steps, account, now),
            (Phase::Verify, _) => self.verify(auth, account, now),
            (Phase::Steps(_) | Phase::Form { .. } | Phase::Token { .. }, _) => {
                Err("nothing came of a request".to_owned())
            }
        }
    }

    fn begin(&mut self, auth: &Auth, account: &mut Account, now: u64) -> Outcome {
        match &auth.how {
            How::Given | How::Digest { .. } | How::SigV4(_) => self.conclude(auth, account, now),
            How::OAuth2(oauth2) => self.ask_for_token(oauth2, account),
            How::Form(form) => {
                self.phase = Phase::Form { filled: 0, asked: None };
                Ok(self.send(form.page.clone(), MAX_HOPS))
            }
            How::Steps(steps) => {
                let mut session = Session::default();
                account.set_code(auth.totp_variable, now);
                for (variable, value) in account.values().iter() {
                    session.give(variable, value);
                }
                let random = StdRng::seed_from_u64(account.context().seed);
                self.phase = Phase::Steps(Box::new(Walk { session, random, request: 0 }));
                self.step(auth, steps, account, now)
            }
        }
    }

    fn take(
        &mut self,
        auth: &Auth,
        account: &mut Account,
        (response, took): (&Response, Duration),
        now: u64,
    ) -> Outcome {
        let lines = response.headers_named("set-cookie").map(|header| header.value.clone());
        let room = MAX_COOKIE_LINES.saturating_sub(self.set_cookies.len());
        self.set_cookies.extend(lines.take(room));
        let sent = self.sent.clone().ok_or("an answer to no request")?;
        if account.challenged(auth, &sent.origin, response, self.was_signed) {
            return self.send_signed(auth, account, sent, now);
        }
        let location = match response.status {
            301 | 302 | 303 | 307 | 308 => response.header("location"),
            _ => None,
        };
        if let Some(location) = location.filter(|_| self.max_hops > 0) {
            if self.hops == self.max_hops {
                return Err(format!("{}: more than {} redirects", self.asked(), self.max_hops));
            }
            self.hops += 1;
            let next = redirected(&sent, response.status, &location.value)
                .map_err(|error| format!("{}: {error}", self.asked()))?;
            self.sent = Some(next.clone());
            return Ok(LoginStep::Send(Box::new(next)));
        }
        match (&mut self.phase, &auth.how) {
            (Phase::Steps(_), How::Steps(steps)) => {
                self.stepped(auth, steps, account, (response, took))?;
                self.step(auth, steps, account, now)
            }
            (Phase::Form { .. }, How::Form(form)) => {
                self.fill_in(auth, form, account, response, now)
            }
            (Phase::Token { renews }, How::OAuth2(oauth2)) => {
                let renews = *renews;
                match Token::read(response, now) {
                    Ok(token) => {
                        account.give_token(oauth2.token, token);
                        "the token endpoint gave a token".clone_into(&mut self.proof);
                        self.conclude(auth, account, now)
                    }
                    // What renews may have ended too; then it begins from the start.
                    Err(_) if renews => {
                        account.refresh = None;
                        self.ask_for_token(oauth2, account)
                    }
                    Err(why) => Err(format!("{}: {why}", self.asked())),
                }
            }
            (Phase::Verify, _) => self.verified(auth, response),
            _ => Err("an answer to no request".to_owned()),
        }
    }

    fn send(&mut self, request: Request, max_hops: u32) -> LoginStep {
        (self.hops, self.max_hops, self.was_signed) = (0, max_hops, false);
        self.sent = Some(request.clone());
        LoginStep::Send(Box::new(request))
    }

    fn send_signed(
        &mut self,
        auth: &Auth,
        account: &mut Account,
        mut request: Request,
        now: u64,
    ) -> Outcome {
        let nonce = nonce(&mut self.nonces);
        account.sign(auth, &mut request, now, &nonce).map_err(|error| missing(auth, error))?;
        self.was_signed = account.knows_challenge();
        self.sent = Some(request.clone());
        Ok(LoginStep::Send(Box::new(request)))
    }

    /// What was asked last, for people.
    fn asked(&self) -> String {
        let asked = self.sent.as_ref().map(|request| {
            let path = request.path_and_query_text();
            let path = path.split('?').next().unwrap_or_default();
            format!("{} {}", request.method, inert(path, 120))
        });
        asked.unwrap_or_default()
    }

    // A token.

    fn ask_for_token(&mut self, oauth2: &OAuth2, account: &Account) -> Outcome {
        let text = |template: &Template| {
            let bytes = account.render(template);
            let bytes = bytes.map_err(|_| "a value of `oauth2` is missing".to_owned())?;
            Ok::<_, String>(String::from_utf8_lossy(&bytes).into_owned())
        };
        let kind = match (&account.refresh, &oauth2.user) {
            (Some(token), _) => GrantKind::Refresh(token.clone()),
            (None, Some((user, password))) => {
                GrantKind::Password { user: text(user)?, password: text(password)? }
            }
            (None, None) => GrantKind::ClientCredentials,
        };
        self.phase = Phase::Token { renews: matches!(kind, GrantKind::Refresh(_)) };
        let grant = Grant {
            client_id: text(&oauth2.client_id)?,
            client_secret: oauth2.client_secret.as_ref().map(text).transpose()?,
            scope: oauth2.scope.clone(),
            kind,
        };
        // A redirect would take the secret along.
        Ok(self.send(oauth2.endpoint.request(&grant), 0))
    }

    // The proof.

    fn conclude(&mut self, auth: &Auth, account: &mut Account, now: u64) -> Outcome {
        if auth.verify.is_none() {
            return Ok(LoginStep::Done(std::mem::take(&mut self.proof)));
        }
        self.verify(auth, account, now)
    }

    fn verify(&mut self, auth: &Auth, account: &mut Account, now: u64) -> Outcome {
        let Some(verify) = &auth.verify else { return Ok(LoginStep::Done(String::new())) };
        self.phase = Phase::Verify;
        let mut request = verify.request(account).map_err(|error| missing(auth, error))?;
        account.dress(auth, &mut request).map_err(|error| missing(auth, error))?;
        (self.hops, self.max_hops, self.was_signed) = (0, 0, false);
        self.send_signed(auth, account, request, now)
    }

    fn verified(&mut self, auth: &Auth, response: &Response) -> Outcome {
        let Some(verify) = &auth.verify else { return Ok(LoginStep::Done(String::new())) };
        match verify.judge(response) {
            Ok(proof) => Ok(LoginStep::Done(proof)),
            Err(why) => {
                let doubt = self.doubt.take().map(|doubt| format!("; {doubt}")).unwrap_or_default();
                Err(format!("verify: {why}{doubt}"))
            }
        }
    }
}

/// A client's nonce: letters and digits.
pub(in crate::flow::auth) fn nonce(random: &mut StdRng) -> String {
    let bytes: [u8; 12] = rand::RngExt::random(random);
    super::hex::hex(&bytes)
}

fn page_of(response: &Response, url: Option<&Url>) -> Page {
    if !response.is_html() {
        return Page::default();
    }
    let nowhere = || Url::parse("http://invalid/").expect("a URL");
    Page::parse(&url.cloned().unwrap_or_else(nowhere), &response.body_text())
}

/// An answer for people: its status, its title, and what it complains of.
fn seen(response: &Response, page: &Page) -> String {
    let title = Some(&page.title).filter(|title| !title.is_empty());
    let title = title.map(|title| format!(", titled “{title}”")).unwrap_or_default();
    let body = || {
        let body = response.body_text();
        let words: Vec<&str> = body.split_whitespace().take(20).collect();
        inert(&words.join(" "), 120)
    };
    let said = match &page.complaint {
        Some(complaint) => complaint.clone(),
        None if response.is_html() => String::new(),
        None => body(),
    };
    let said = if said.is_empty() { said } else { format!(", saying “{said}”") };
    format!("{}{title}{said}", response.status)
}

fn missing(auth: &Auth, error: RenderError) -> String {
    match error {
        RenderError::Missing(_) => format!("a value that `{}` needs is missing", auth.name),
        RenderError::Control(_) => {
            format!("a value of `{}` would break out of its header", auth.name)
        }
    }
}
