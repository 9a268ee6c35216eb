//! One visitor's request as the handlers see it.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::HeaderValue;
use axum::http::header;
use axum::http::request::Parts;
use axum::response::Html;
use axum::response::IntoResponse;
use axum::response::Response;
use minijinja::Value;
use minijinja::context;

use super::accounts;
use super::accounts::Member;
use super::accounts::Role;
use super::catalogue;
use super::dials;
use super::faults;
use super::flaws;
use super::html::value;
use super::observe::Meter;
use super::refusal::Refusal;
use super::request;
use super::request::Params;
use super::session;
use super::session::SessionState;
use super::shop::Shop;
use super::store::Db;
use super::store::StoreError;

/// Shop, session and query of one request.
#[derive(Debug, Clone)]
pub(super) struct Visit {
    pub(super) shop: Arc<Shop>,
    pub(super) query: Arc<Params>,
    meter: Arc<Meter>,
    session: String,
    is_new: bool,
    token: Option<String>,
    scans: u32,
    round_trip: Option<Duration>,
}

impl FromRequestParts<Arc<Shop>> for Visit {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, shop: &Arc<Shop>) -> Result<Self, Infallible> {
        let known = request::cookie(&parts.headers, session::COOKIE)
            .filter(|id| id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()));
        Ok(Self {
            shop: Arc::clone(shop),
            query: Arc::new(Params::parse(parts.uri.query().unwrap_or("").as_bytes())),
            meter: parts.extensions.get::<Arc<Meter>>().cloned().unwrap_or_default(),
            is_new: known.is_none(),
            session: known.map_or_else(|| shop.sessions.fresh_id(), str::to_owned),
            token: request::bearer(&parts.headers).map(str::to_owned),
            scans: shop.dialled.scanned(parts.uri.path()),
            round_trip: shop.dialled.round_trip(parts.uri.path()),
        })
    }
}

impl Visit {
    /// Whether the shop has this flaw.
    pub(super) fn has(&self, flaw: &str) -> bool {
        debug_assert!(flaws::is_known(flaw), "{flaw} is not in the table of flaws");
        self.shop.flawed
    }

    /// Queries the database; counted in `Server-Timing`.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Db<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.meter.database(self.shop.store.read(self.dialled(work))).await
    }

    /// The same work with what the dials add to a query.
    fn dialled<T>(
        &self,
        work: impl FnOnce(&Db<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> impl FnOnce(&Db<'_>) -> rusqlite::Result<T> + Send + 'static {
        let (time, scans) = (self.shop.dialled.query(), self.scans);
        move |db| {
            let time = time + catalogue::scan_visits(db, scans)?;
            if !time.is_zero() {
                // The connection is busy meanwhile, as with a database that works elsewhere.
                std::thread::sleep(time);
            }
            work(db)
        }
    }

    /// Asks for the rating of each row by a query of its own, as lists do that load what belongs to
    /// a row when it is first touched; only where a dial says so.
    pub(super) async fn touch_rows(&self, ids: &[i64]) -> Result<(), StoreError> {
        let Some(round_trip) = self.round_trip else { return Ok(()) };
        for id in ids.iter().copied() {
            let there_and_back = async {
                dials::wait(round_trip).await;
                self.shop.store.read(move |db| catalogue::rating(db, id)).await
            };
            self.meter.database(there_and_back).await?;
        }
        Ok(())
    }

    /// Changes the database; counted in `Server-Timing`.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Db<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.meter.database(self.shop.store.write(work)).await
    }

    /// Like [`Visit::read`], from a database one round trip away.
    pub(super) async fn read_far<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Db<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let there_and_back = async {
            faults::round_trip().await;
            self.shop.store.read(self.dialled(work)).await
        };
        self.meter.database(there_and_back).await
    }

    /// Takes the payment; in the flawed shop one customer after the other.
    pub(super) async fn pay(&self) {
        if !self.has("checkout-lock") {
            return faults::payment().await;
        }
        let _turn = self.meter.lock(self.shop.checkout_lock.enter()).await;
        faults::payment().await;
    }

    /// The id of the visitor's session.
    pub(super) fn session(&self) -> &str {
        &self.session
    }

    /// The visitor's cart, coupon and login.
    pub(super) fn state(&self) -> SessionState {
        self.shop.sessions.state(&self.session)
    }

    /// Changes the visitor's state.
    pub(super) fn change(&self, change: impl FnOnce(&mut SessionState)) {
        self.shop.sessions.change(&self.session, change);
    }

    /// Logs in: the visitor goes on under a new session id with the same cart.
    pub(super) fn log_in(&mut self, user_id: i64) {
        self.renew();
        self.change(|state| state.user_id = Some(user_id));
    }

    /// Goes on under a new session id with the same state.
    pub(super) fn renew(&mut self) {
        let state = self.state();
        self.shop.sessions.end(&self.session);
        self.session = self.shop.sessions.fresh_id();
        self.is_new = true;
        self.change(|fresh| *fresh = state);
    }

    /// Logs out and forgets the cart.
    pub(super) fn log_out(&self) {
        self.shop.sessions.end(&self.session);
    }

    /// Who is logged in by cookie.
    pub(super) async fn member(&self) -> Result<Option<Member>, StoreError> {
        match self.state().user_id {
            Some(id) => self.read(move |db| accounts::member(db, id)).await,
            None => Ok(None),
        }
    }

    /// Who is logged in by cookie, or the way to the login.
    pub(super) async fn require_member(&self) -> Result<Member, Refusal> {
        self.member().await?.ok_or(Refusal::LoginFirst)
    }

    /// The admin logged in by cookie.
    pub(super) async fn require_admin(&self) -> Result<Member, Refusal> {
        let member = self.require_member().await?;
        if member.role == Role::Admin { Ok(member) } else { Err(Refusal::Forbidden) }
    }

    /// Whom the bearer token belongs to.
    pub(super) async fn bearer(&self) -> Result<Option<Member>, StoreError> {
        match self.token.as_deref().and_then(|token| self.shop.sessions.token_user(token)) {
            Some(id) => self.read(move |db| accounts::member(db, id)).await,
            None => Ok(None),
        }
    }

    /// Whom the bearer token belongs to, or 401.
    pub(super) async fn require_bearer(&self) -> Result<Member, Refusal> {
        self.bearer().await?.ok_or(Refusal::LoginFirst)
    }

    /// Refuses a form without the token of this session, where the shop asks for one.
    pub(super) fn check_csrf(&self, token: &str) -> Result<(), Refusal> {
        if self.has("csrf-missing") || token == self.shop.sessions.csrf_token(&self.session) {
            return Ok(());
        }
        Err(Refusal::Forbidden)
    }

    /// A whole page from a template.
    pub(super) async fn page(&self, template: &str, context: Value) -> Result<Response, Refusal> {
        Ok(self.with_cookie(Html(self.html(template, context).await?)))
    }

    /// The text of a whole page from a template.
    pub(super) async fn html(&self, template: &str, context: Value) -> Result<String, Refusal> {
        let member = self.member().await?;
        let csrf =
            (!self.has("csrf-missing")).then(|| self.shop.sessions.csrf_token(&self.session));
        let in_cart: i64 = self.state().cart.values().sum();
        let flawed = self.shop.flawed;
        let member = value(member);
        let context = context! { member, csrf, in_cart, flawed, ..context };
        let html = self.shop.templates.render(template, &context);
        html.map_err(|_| Refusal::Internal)
    }

    /// A response that carries the session cookie if the visitor does not have it yet.
    pub(super) fn with_cookie(&self, response: impl IntoResponse) -> Response {
        let mut response = response.into_response();
        if self.is_new {
            let cookie = format!("{}={}; Path=/{}", session::COOKIE, self.session, self.flags());
            let cookie = HeaderValue::from_str(&cookie).expect("hexadecimal digits and flags");
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
        response
    }

    /// Attributes of every cookie. Never `Secure`: the shop speaks plain http, and a browser
    /// would not send such a cookie back.
    pub(super) fn flags(&self) -> &'static str {
        if self.has("cookie-flags-missing") { "" } else { "; HttpOnly; SameSite=Lax" }
    }
}
