//! One attempt to log in, or to see whether a login holds, on the wire.

use std::sync::Mutex;
use std::sync::atomic::Ordering;

use super::keeper::Keeper;
use super::keeper::lock;
use crate::flow::auth::Came;
use crate::flow::auth::Login;
use crate::flow::auth::LoginStep;
use crate::http::CookieJar;
use crate::model::Exchange;
use crate::model::Failure;
use crate::model::FailureClass;
use crate::model::Request;
use crate::model::StopLevel;
use crate::model::inert;

/// A cookie of a shorter value is a choice (`en`, `dark`), and stands in pages by chance.
const LEAST_SECRET: usize = 12;

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attempt {
    /// Log in.
    Whole,
    /// Ask whether the login holds.
    Proof,
}

impl Keeper {
    pub(super) async fn attempt(
        &self,
        jar: &Mutex<CookieJar>,
        what: Attempt,
    ) -> Result<String, String> {
        let number = self.attempts.fetch_add(1, Ordering::Relaxed);
        let seed = self.around.seed.derive(&format!("login {number}")).0;
        let mut account = lock(&self.account).clone();
        // A page that is asked for with the old session's cookies may be another one.
        let fresh = Mutex::new(CookieJar::default());
        let (mut login, cookies) = match what {
            Attempt::Whole => (Login::new(seed), &fresh),
            Attempt::Proof => (Login::verify_only(seed), jar),
        };
        let mut step = login.next(&self.auth, &mut account, Came::Nothing, self.now());
        let proof = loop {
            step = match step {
                LoginStep::Done(proof) => break proof,
                LoginStep::Failed(why) => return Err(self.around.redactor.text(&why)),
                LoginStep::Wait(pause) => {
                    tokio::select! {
                        () = tokio::time::sleep(pause) => {}
                        () = self.around.stop.reached(StopLevel::Cancelled) => {
                            return Err("the run was stopped".to_owned());
                        }
                    }
                    login.next(&self.auth, &mut account, Came::Nothing, self.now())
                }
                LoginStep::Send(request) => match self.send(*request, cookies).await {
                    Err(failure) => {
                        let came = Came::Failure(&failure);
                        login.next(&self.auth, &mut account, came, self.now())
                    }
                    Ok(exchange) => {
                        let took = exchange.timings.duration();
                        let came = match &exchange.outcome {
                            Ok(response) => Came::Response(response, took),
                            Err(failure) => Came::Failure(failure),
                        };
                        login.next(&self.auth, &mut account, came, self.now())
                    }
                },
            };
        };
        for secret in account.secrets(&self.auth) {
            self.around.redactor.learn("TOKEN", secret);
        }
        *lock(&self.account) = account;
        for cookie in lock(&fresh).cookies() {
            if cookie.value.len() >= LEAST_SECRET
                && let Ok(value) = String::from_utf8(cookie.value.clone())
            {
                self.around.redactor.learn("COOKIE", value);
            }
        }
        if what == Attempt::Whole && self.auth.has_login() {
            lock(&self.given).extend(lock(&fresh).cookies().iter().map(|it| it.name.clone()));
            *lock(jar) = std::mem::take(&mut *lock(&fresh));
        }
        Ok(self.around.redactor.text(&proof))
    }

    pub(super) async fn send(
        &self,
        mut request: Request,
        cookies: &Mutex<CookieJar>,
    ) -> Result<Exchange, Failure> {
        if self.around.stop.is_stopping() {
            return Err(Failure::new(FailureClass::Closed, "the run was stopped"));
        }
        for header in &self.around.headers {
            if request.header(&header.name).is_none() {
                request.headers.push(header.clone());
            }
        }
        add_cookies(&lock(cookies), &mut request, self.now());
        let url = inert(&request.url(), 200);
        let admitted = self.around.scope.admit(request).map_err(|refusal| {
            Failure::new(FailureClass::OutOfScope, format!("{url} is out of scope: {refusal}"))
        })?;
        let exchange = self.around.wire.send(admitted).await;
        if let Some(response) = exchange.response() {
            let request = &exchange.request;
            lock(cookies).store(&request.origin, &request.path_and_query, response, self.now());
        }
        Ok(exchange)
    }

    pub(super) fn now(&self) -> u64 {
        self.around.clock.unix_seconds()
    }
}

/// Cookies of the jar, before those that the request has.
fn add_cookies(jar: &CookieJar, request: &mut Request, now: u64) {
    let Some(stored) = jar.header(&request.origin, &request.path_and_query, now) else { return };
    match request.headers.iter_mut().find(|header| header.is("cookie")) {
        Some(header) => header.value = [stored.value, header.value.clone()].join(&b"; "[..]),
        None => request.headers.push(stored),
    }
}
