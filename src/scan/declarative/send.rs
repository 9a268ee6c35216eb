//! How a template's requests go out: cookies, redirects, races, digest, answers that are shared.

use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

use super::answers::{Chain, Key, Links};
use super::run::Run;
use super::shared::Stop;
use crate::flow::auth::Asked;
use crate::flow::auth::DigestChallenge;
use crate::flow::auth::DigestUser;
use crate::http::CookieJar;
use crate::http::SendOptions;
use crate::model::Exchange;
use crate::model::Header;
use crate::model::Request;
use crate::rules::template::{Block, Made, Redirects};

impl Run<'_> {
    /// Sends a request and follows its redirects; nothing where there was no answer.
    pub(super) async fn send(
        &self,
        block: &Block,
        made: &Made,
        may_share: bool,
    ) -> Result<Option<Chain>, Stop> {
        let mut request = made.request.clone();
        if !block.disable_cookie && !block.is_unsafe {
            self.add_cookies(&mut request);
        }
        let is_plain = made.bytes.is_none()
            && made.server_name.is_none()
            && made.timeout.is_none()
            && made.callbacks.is_empty()
            && block.race.is_none()
            && block.digest.is_none()
            && !block.asks_for_time();
        let options = Self::options(block, made);
        let chain = if may_share && is_plain && !self.shared.options.ask_each {
            let key = Key::of(&request, self.redirects(block), block.max_size);
            self.shared.answers.get(key, self.chain(block, request, &options)).await
        } else if let Some(copies) = block.race {
            self.race(block, &request, &options, copies).await
        } else {
            self.chain(block, request, &options).await
        };
        match chain {
            Ok(chain) => {
                self.effort.answered(chain.len() as u64);
                self.keep_cookies(block, &chain);
                Ok(Some(chain))
            }
            Err(Stop::NoAnswer) => {
                self.effort.unanswered();
                Ok(None)
            }
            Err(stop) => Err(stop),
        }
    }

    async fn chain(
        &self,
        block: &Block,
        request: Request,
        options: &SendOptions,
    ) -> Result<Chain, Stop> {
        let digest = block.digest.as_ref();
        let first = self.shared.send(self.target, request.clone(), options).await?;
        let first = match digest {
            Some((user, password)) => {
                self.answer_challenge(first, request, options, user, password).await?
            }
            None => first,
        };
        let mut chain = vec![first];
        let mut jar = self.jar.lock().expect("no holder panics").clone();
        while let Some(next) = super::redirect::next(self.redirects(block), &chain) {
            let last = chain.last().expect("a chain has at least one exchange");
            let mut next = next;
            if !block.disable_cookie {
                store(&mut jar, last, self.shared.now_unix());
                let now = self.shared.now_unix().unsigned_abs();
                next.headers.retain(|header| !header.is("cookie"));
                next.headers.extend(jar.header(&next.origin, &next.path_and_query, now));
            }
            match self.shared.send(self.target, next, &SendOptions::default()).await {
                Ok(exchange) => chain.push(exchange),
                // A redirect out of scope, or to nobody: the answer that led there is the last.
                Err(Stop::NoAnswer | Stop::OutOfScope) => break,
                Err(stop) => return Err(stop),
            }
        }
        Ok(Links::of(chain))
    }

    /// Copies of one request, sent side by side; the answers stand as a chain of which each is judged.
    async fn race(
        &self,
        block: &Block,
        request: &Request,
        options: &SendOptions,
        copies: u32,
    ) -> Result<Chain, Stop> {
        let mut running = FuturesUnordered::new();
        for _ in 0..copies {
            running.push(self.chain(block, request.clone(), options));
        }
        let mut all = Vec::new();
        while let Some(chain) = running.next().await {
            match chain {
                Ok(chain) => all.extend(chain.last().cloned()),
                Err(Stop::NoAnswer) => {}
                Err(stop) => return Err(stop),
            }
        }
        if all.is_empty() { Err(Stop::NoAnswer) } else { Ok(Links::of(all)) }
    }

    async fn answer_challenge(
        &self,
        first: Arc<Exchange>,
        mut request: Request,
        options: &SendOptions,
        user: &str,
        password: &str,
    ) -> Result<Arc<Exchange>, Stop> {
        let Some(response) = first.response().filter(|response| response.status == 401) else {
            return Ok(first);
        };
        let lines =
            response.headers_named("www-authenticate").map(|header| header.value.as_slice());
        let Some(mut challenge) = DigestChallenge::find(lines) else { return Ok(first) };
        let user = DigestUser { name: user.as_bytes(), password: password.as_bytes() };
        let asked = Asked {
            method: request.method.as_str(),
            uri: &request.path_and_query,
            body: &request.body,
        };
        let cnonce = format!("{:016x}", self.shared.seed.derive(&request.url()).0);
        let answer = challenge.answer(user, asked, &cnonce);
        request.headers.push(Header::new("Authorization", answer));
        self.shared.send(self.target, request, options).await
    }

    fn redirects(&self, block: &Block) -> Redirects {
        self.shared.options.redirects.unwrap_or(block.redirects)
    }

    fn options(block: &Block, made: &Made) -> SendOptions {
        SendOptions {
            timeout: made.timeout,
            max_body: block.max_size.and_then(|size| usize::try_from(size).ok()),
            bytes: made.bytes.clone(),
            server_name: made.server_name.clone(),
            max_time: None,
        }
    }

    fn add_cookies(&self, request: &mut Request) {
        let jar = self.jar.lock().expect("no holder panics");
        let now = self.shared.now_unix().unsigned_abs();
        let Some(own) = jar.header(&request.origin, &request.path_and_query, now) else { return };
        match request.headers.iter_mut().find(|header| header.is("cookie")) {
            Some(header) => {
                header.value.extend_from_slice(b"; ");
                header.value.extend_from_slice(&own.value);
            }
            None => request.headers.push(own),
        }
    }

    fn keep_cookies(&self, block: &Block, chain: &Chain) {
        if block.disable_cookie || block.is_unsafe {
            return;
        }
        let mut jar = self.jar.lock().expect("no holder panics");
        for exchange in chain.iter() {
            store(&mut jar, exchange, self.shared.now_unix());
        }
    }
}

fn store(jar: &mut CookieJar, exchange: &Exchange, now: i64) {
    if let Some(response) = exchange.response() {
        let request = &exchange.request;
        jar.store(&request.origin, &request.path_and_query, response, now.unsigned_abs());
    }
}
