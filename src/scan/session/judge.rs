//! What answers say of a login, and what follows from it.

use std::sync::Mutex;
use std::sync::atomic::Ordering;

use super::attempt::Attempt;
use super::keeper::Keeper;
use super::keeper::lock;
use super::keeper::note_proof;
use crate::http::CookieJar;
use crate::model::Exchange;
use crate::model::Notice;
use crate::model::Request;
use crate::model::inert;
use crate::model::stateless_shape;

/// Kinds of requests remembered that look like a lost login to everybody.
const MAX_ORDINARY: usize = 1_000;

/// What an answer means for the request that it came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Judged {
    /// It is the answer.
    Keep,
    /// The login was renewed: the request is to be sent again.
    Again,
}

impl Keeper {
    /// What the answer to a request of the login `generation` says of it.
    pub(crate) async fn judge(
        &self,
        jar: &Mutex<CookieJar>,
        exchange: &Exchange,
        generation: u64,
    ) -> (Judged, Option<Notice>) {
        let Some(response) = exchange.response() else { return (Judged::Keep, None) };
        let request = &exchange.request;
        if !self.auth.origins.contains(&request.origin) {
            return (Judged::Keep, None);
        }
        let was_signed = request.header("authorization").is_some();
        let challenged =
            lock(&self.account).challenged(&self.auth, &request.origin, response, was_signed);
        if challenged {
            return (Judged::Again, None);
        }
        let Some(signal) = self.auth.relogin.signal(&request.url(), response) else {
            self.good.fetch_add(1, Ordering::Relaxed);
            *lock(&self.in_vain) = (0, None);
            let mut tried = lock(&self.tried);
            if !tried.is_empty() {
                // A login has changed the answer: the next loss is one again.
                tried.remove(&kind_of(request));
            }
            return (Judged::Keep, None);
        };
        self.bad.fetch_add(1, Ordering::Relaxed);
        let path = request.path_and_query_text();
        let path = path.split('?').next().unwrap_or_default();
        let kind = kind_of(request);
        if !self.auth.has_login() || self.is_ordinary(&kind) {
            return (Judged::Keep, None);
        }
        let seen = format!("{} {}: {signal}", request.method, inert(path, 120));
        self.renew(jar, generation, &kind, &seen).await
    }

    async fn renew(
        &self,
        jar: &Mutex<CookieJar>,
        generation: u64,
        kind: &str,
        seen: &str,
    ) -> (Judged, Option<Notice>) {
        if self.generation() != generation {
            return (Judged::Again, None);
        }
        if self.auth.verify.is_some() {
            let turn = self.turn.lock().await;
            if self.generation() != generation {
                return (Judged::Again, None);
            }
            let proof = self.attempt(jar, Attempt::Proof).await;
            drop(turn);
            if let Ok(proof) = proof {
                // Still logged in: this is what the target says to everybody, or to this user.
                note_proof(&mut lock(&self.report), &proof, self.around.clock.now());
                self.note_ordinary(kind);
                return (Judged::Keep, None);
            }
        } else if self.is_unchanged(kind, generation) {
            self.note_ordinary(kind);
            return (Judged::Keep, None);
        } else if self.vain_logins(generation) > self.auth.relogin.max.into() {
            let why = format!(
                "{seen}, after logins that seemed to work; with `verify`, it could be asked \
                 whether they did"
            );
            return (Judged::Keep, Some(self.lose(&why)));
        }
        self.log_in_again(jar, generation, seen).await
    }

    /// Whether a login that worked has not changed the answer. Several answers to requests of one
    /// login are one loss.
    fn is_unchanged(&self, kind: &str, generation: u64) -> bool {
        let mut tried = lock(&self.tried);
        match tried.get(kind) {
            Some(before) if *before < generation => true,
            Some(_) => false,
            None => {
                tried.insert(kind.to_owned(), generation);
                false
            }
        }
    }

    /// Logins in a row that changed nothing, with the one that is about to replace `generation`.
    fn vain_logins(&self, generation: u64) -> u64 {
        let mut in_vain = lock(&self.in_vain);
        if in_vain.1 != Some(generation) {
            *in_vain = (in_vain.0 + 1, Some(generation));
        }
        in_vain.0
    }

    fn is_ordinary(&self, kind: &str) -> bool {
        lock(&self.ordinary).contains(kind)
    }

    fn note_ordinary(&self, kind: &str) {
        let mut ordinary = lock(&self.ordinary);
        if ordinary.len() < MAX_ORDINARY {
            ordinary.insert(kind.to_owned());
        }
    }
}

/// Method and path shape: what answers to it say, they say of all of its kind.
fn kind_of(request: &Request) -> String {
    let path = request.path_and_query_text();
    let path = path.split('?').next().unwrap_or_default();
    format!("{} {}", request.method, stateless_shape(path))
}
