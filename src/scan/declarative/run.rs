//! One template against one target.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use super::answers::{Chain, Key};
use super::hit::Hit;
use super::pending::Pending;
use super::shared::{Shared, Stop};
use super::tally::Effort;
use crate::flow::auth::Asked;
use crate::flow::auth::DigestChallenge;
use crate::flow::auth::DigestUser;
use crate::http::CookieJar;
use crate::http::SendOptions;
use crate::model::Exchange;
use crate::model::Header;
use crate::model::Method;
use crate::model::Request;
use crate::model::Target;
use crate::rules::template::Attack;
use crate::rules::template::{
    Bindings, Block, Earlier, Environment, Event, Flow, Made, Making, Redirects, Template, Unmade,
    Verdict, without_body,
};

/// Values that `iterate-all` goes through at most.
const MAX_VALUES: usize = 100;

/// Rounds in which it is learnt what is not there; later ones seldom ask for another path.
const ROUNDS_THAT_LEARN: u64 = 2;

/// A template at work.
pub(super) struct Run<'r> {
    pub(super) shared: &'r Shared,
    pub(super) template: &'r Arc<Template>,
    pub(super) target: &'r Target,
    /// Values that answers have given.
    dynamic: Bindings,
    jar: Mutex<CookieJar>,
    /// Answers of blocks that are done, by the names of the blocks.
    earlier: Vec<(String, Arc<Exchange>)>,
    /// Something was sent that may have changed the target: what was known before may be untrue.
    has_written: bool,
    /// Methods and paths that the target says are not there.
    missing: Mutex<BTreeSet<(Method, Vec<u8>)>>,
    pub(super) hits: Vec<Hit>,
    pub(super) effort: Effort,
}

/// What became of a block.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct BlockOutcome {
    /// `flow` goes on.
    holds: bool,
    /// The template is to end.
    ends: bool,
}

/// Values by the names of what extracted them.
type Extracted = Vec<(String, Vec<Vec<u8>>)>;

/// What one round leaves behind.
#[derive(Default)]
struct RoundOutcome {
    hits: Vec<Hit>,
    dynamic: Extracted,
    matched: bool,
    extracted: bool,
    last: Option<Arc<Exchange>>,
    has_written: bool,
}

impl<'r> Run<'r> {
    pub(super) fn new(shared: &'r Shared, template: &'r Arc<Template>, target: &'r Target) -> Self {
        Self {
            shared,
            template,
            target,
            dynamic: Bindings::default(),
            jar: Mutex::new(CookieJar::default()),
            earlier: Vec::new(),
            has_written: false,
            missing: Mutex::default(),
            hits: Vec::new(),
            effort: Effort::default(),
        }
    }

    /// Runs it to its end, or to the run's.
    pub(super) async fn run(&mut self) -> Result<(), Stop> {
        let template = Arc::clone(self.template);
        if let Some(flow) = &template.flow {
            return self.flow(flow).await.map(drop);
        }
        for index in 0..template.blocks.len() {
            if self.block(index).await?.ends {
                break;
            }
        }
        Ok(())
    }

    /// Boxed, because it calls itself.
    fn flow<'f>(
        &'f mut self,
        flow: &'f Flow,
    ) -> std::pin::Pin<Box<dyn Future<Output = Result<bool, Stop>> + Send + 'f>> {
        Box::pin(async move {
            match flow {
                Flow::Run(blocks) => {
                    let all: Vec<usize> = (0..self.template.blocks.len()).collect();
                    let blocks = if blocks.is_empty() { &all } else { blocks };
                    let mut holds = true;
                    for index in blocks {
                        holds &= self.block(*index).await?.holds;
                    }
                    Ok(holds)
                }
                Flow::Missing(_) => Ok(false),
                Flow::Not(inner) => Ok(!self.flow(inner).await?),
                Flow::And(first, second) => Ok(self.flow(first).await? && self.flow(second).await?),
                Flow::Or(first, second) => Ok(self.flow(first).await? || self.flow(second).await?),
            }
        })
    }

    async fn block(&mut self, index: usize) -> Result<BlockOutcome, Stop> {
        let template = Arc::clone(self.template);
        let block = &template.blocks[index];
        if block.global_matchers || block.fuzzing.is_some() {
            return Ok(BlockOutcome::default());
        }
        let stops = block.stop_at_first_match
            || template.stop_at_first_match
            || self.shared.options.stop_at_first_match;
        let attack = self.shared.options.attack;
        let rounds = block.payloads.as_ref().map_or(1, |payloads| payloads.rounds(attack));
        let mut outcome = BlockOutcome { holds: block.has_no_operators(), ends: false };
        if block.parallel_rounds > 1 && rounds > 1 {
            self.rounds_at_once(index, rounds, stops, &mut outcome).await?;
        } else {
            let mut history = vec![None; block.request_count()];
            for round in 0..rounds {
                let payloads = payloads_of(block, attack, round);
                let done = self.round(index, round, &payloads, &mut history).await?;
                self.take(index, done, &mut outcome);
                if outcome.holds && stops && !self.hits.is_empty() {
                    break;
                }
            }
        }
        outcome.ends = stops && !self.hits.is_empty();
        Ok(outcome)
    }

    /// Rounds that do not need one another.
    async fn rounds_at_once(
        &mut self,
        index: usize,
        rounds: u64,
        stops: bool,
        outcome: &mut BlockOutcome,
    ) -> Result<(), Stop> {
        let template = Arc::clone(self.template);
        let block = &template.blocks[index];
        let attack = self.shared.options.attack;
        let mut next = 0;
        let mut done = Vec::new();
        {
            let this = &*self;
            let mut running = FuturesUnordered::new();
            let mut has_match = false;
            loop {
                // Whether the first one's path is there decides what the others are worth.
                let is_probing = self.shared.options.skip_missing && done.is_empty();
                let most = if is_probing { 1 } else { block.parallel_rounds };
                while next < rounds && running.len() < most && !(has_match && stops) {
                    let round = next;
                    next += 1;
                    running.push(async move {
                        let payloads = payloads_of(block, attack, round);
                        let mut history = vec![None; block.request_count()];
                        this.round(index, round, &payloads, &mut history).await
                    });
                }
                let Some(finished) = running.next().await else { break };
                let finished = finished?;
                has_match |= !finished.hits.is_empty();
                done.push(finished);
                if has_match && stops {
                    break;
                }
            }
        }
        for finished in done {
            self.take(index, finished, outcome);
        }
        Ok(())
    }

    fn take(&mut self, index: usize, done: RoundOutcome, outcome: &mut BlockOutcome) {
        let block = &self.template.blocks[index];
        outcome.holds |= done.matched || (block.has_no_matchers() && done.extracted);
        for (name, values) in done.dynamic {
            self.dynamic.set_list(name, &values);
        }
        if let Some(last) = done.last {
            self.earlier.push((format!("http_{}", index + 1), Arc::clone(&last)));
            if let Some(id) = &block.id {
                self.earlier.push((id.clone(), last));
            }
        }
        self.has_written |= done.has_written;
        self.hits.extend(done.hits);
    }

    /// Every request of a block, once.
    async fn round(
        &self,
        index: usize,
        round: u64,
        payloads: &[(String, String)],
        history: &mut [Option<Arc<Exchange>>],
    ) -> Result<RoundOutcome, Stop> {
        let block = &self.template.blocks[index];
        let mut done = RoundOutcome::default();
        let mut dynamic = self.dynamic.clone();
        let mut lists: BTreeMap<String, Vec<Vec<u8>>> = BTreeMap::new();
        let mut asked: Vec<Request> = Vec::new();
        for request in 0..block.request_count() {
            if round > 0 && block.is_once(request) {
                continue;
            }
            let variants = if block.iterate_all { variants(&lists) } else { vec![Vec::new()] };
            for variant in variants {
                for (name, value) in &variant {
                    dynamic.set(name.clone(), value.clone());
                }
                let (made, pause) = self.make(index, round, request, payloads, &dynamic);
                let made = match made {
                    Ok(made) => made,
                    Err(unmade) => {
                        self.shared.count_unmade(&unmade);
                        self.effort.unmade(&unmade);
                        return Ok(done);
                    }
                };
                if !pause.is_zero() {
                    tokio::time::sleep(pause).await;
                }
                if self.is_missing(&made) {
                    self.shared.count("not-found");
                    continue;
                }
                let writes = !made.request.method.is_safe();
                // What was asked before in this very run is asked again for a reason.
                let is_first = !asked.contains(&made.request);
                let may_share = is_first && !self.has_written && !done.has_written && !writes;
                asked.push(made.request.clone());
                let Some(chain) = self.send(block, &made, may_share).await? else { continue };
                self.learn_missing(round, &made, &chain).await?;
                done.has_written |= writes;
                let Some(last) = chain.last().cloned() else { continue };
                history[request] = Some(Arc::clone(&last));
                done.last = Some(last);
                let extracted = self.judge_chain(index, &made, &chain, history, &mut done);
                for (name, values) in extracted {
                    if let Some(first) = values.first() {
                        dynamic.set(name.clone(), first.clone());
                    }
                    lists.entry(name).or_default().extend(values);
                }
                if block.stop_at_first_match && !done.hits.is_empty() {
                    done.dynamic = lists.into_iter().collect();
                    return Ok(done);
                }
            }
        }
        done.dynamic = lists.into_iter().collect();
        Ok(done)
    }

    fn is_missing(&self, made: &Made) -> bool {
        let missing = self.missing.lock().expect("no holder panics");
        !missing.is_empty() && missing.contains(&method_and_path(&made.request))
    }

    /// Notes that what was asked for is not there, where the same may be asked for again. Whatever may
    /// have changed the target may have put it there.
    async fn learn_missing(&self, round: u64, made: &Made, chain: &Chain) -> Result<(), Stop> {
        if !self.shared.options.skip_missing {
            return Ok(());
        }
        let is_worth_it =
            made.bytes.is_none() && round < ROUNDS_THAT_LEARN && self.template.request_total() > 1;
        let is_missing = match &chain[..] {
            [only] if is_worth_it => {
                self.shared.missing.is_missing(self.shared, self.target, only).await?
            }
            _ => false,
        };
        let mut missing = self.missing.lock().expect("no holder panics");
        if is_missing {
            missing.insert(method_and_path(&made.request));
        } else if !made.request.method.is_safe() {
            missing.clear();
        }
        Ok(())
    }

    /// A request, and how long to wait before it is sent.
    fn make(
        &self,
        index: usize,
        round: u64,
        request: usize,
        payloads: &[(String, String)],
        dynamic: &Bindings,
    ) -> (Result<Made, Unmade>, Duration) {
        let mut random = self.random(index, round, request);
        let mut environment = Environment::new(&mut random, self.shared.now_unix());
        let callbacks = self.shared.callbacks.as_ref();
        let callback = move || callbacks.map(|callbacks| callbacks.new_url());
        let making = Making {
            template: self.template,
            block: &self.template.blocks[index],
            target: self.target,
            given: &self.shared.options.given,
            dynamic,
            headers: &self.shared.options.headers,
            callback: Some(&callback),
        };
        let pairs: Vec<(&str, &str)> =
            payloads.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let made = making.make(request, &pairs, &mut environment);
        (made, environment.pause)
    }

    /// Judges the last answer first, then those that led to it. Gives what was extracted for later.
    fn judge_chain(
        &self,
        index: usize,
        made: &Made,
        chain: &Chain,
        history: &[Option<Arc<Exchange>>],
        done: &mut RoundOutcome,
    ) -> Extracted {
        let block = &self.template.blocks[index];
        let mut dynamic = Vec::new();
        for (at, exchange) in chain.iter().enumerate().rev() {
            let is_last = at + 1 == chain.len();
            let seen = if is_last {
                Arc::clone(exchange)
            } else {
                Arc::new(without_body(exchange).into_owned())
            };
            let verdict = self.judge(block, made, &seen, history);
            done.matched |= verdict.matched;
            done.extracted |= !verdict.extracted.is_empty() || !verdict.dynamic.is_empty();
            for (name, values) in &verdict.dynamic {
                if !dynamic.iter().any(|(known, _)| known == name) {
                    dynamic.push((name.clone(), values.clone()));
                }
            }
            let found = self.hits_of(&verdict, made, &seen);
            let has_found = !found.is_empty();
            done.hits.extend(found);
            if is_last && !made.callbacks.is_empty() {
                self.shared.wait_for(Pending {
                    template: Arc::clone(self.template),
                    target: self.target.clone(),
                    block: index,
                    made: made.clone(),
                    exchange: Arc::clone(&seen),
                    history: history.to_vec(),
                });
            }
            if has_found && block.stop_at_first_match {
                break;
            }
        }
        dynamic
    }

    fn judge(
        &self,
        block: &Block,
        made: &Made,
        exchange: &Exchange,
        history: &[Option<Arc<Exchange>>],
    ) -> Verdict {
        let past: Vec<Option<&Exchange>> = if block.uses_history {
            history.iter().map(|exchange| exchange.as_deref()).collect()
        } else {
            Vec::new()
        };
        let earlier: Vec<Earlier<'_>> =
            self.earlier.iter().map(|(prefix, exchange)| Earlier { prefix, exchange }).collect();
        judged(
            self.shared,
            self.template,
            self.target,
            block,
            made,
            exchange,
            &past,
            &earlier,
            None,
        )
    }

    fn hits_of(&self, verdict: &Verdict, made: &Made, exchange: &Arc<Exchange>) -> Vec<Hit> {
        hits_of(self.template, self.target, verdict, made, exchange)
    }

    /// Sends a request and follows its redirects; nothing where there was no answer.
    async fn send(
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
        Ok(chain.into())
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
        if all.is_empty() { Err(Stop::NoAnswer) } else { Ok(all.into()) }
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

    /// The same seed gives the same values to the same request, in whatever order templates run.
    fn random(&self, block: usize, round: u64, request: usize) -> ChaCha8Rng {
        let name =
            format!("{} {} {block} {round} {request}", self.template.info.path, self.target.url());
        ChaCha8Rng::seed_from_u64(self.shared.seed.derive(&name).0)
    }
}

/// What was asked for, whatever the query.
fn method_and_path(request: &Request) -> (Method, Vec<u8>) {
    let path = request.path_and_query.split(|byte| *byte == b'?').next().unwrap_or_default();
    (request.method.clone(), path.to_vec())
}

fn store(jar: &mut CookieJar, exchange: &Exchange, now: i64) {
    if let Some(response) = exchange.response() {
        let request = &exchange.request;
        jar.store(&request.origin, &request.path_and_query, response, now.unsigned_abs());
    }
}

fn payloads_of(block: &Block, attack: Option<Attack>, round: u64) -> Vec<(String, String)> {
    let pairs = block.payloads.as_ref().map(|payloads| payloads.round(attack, round));
    pairs
        .unwrap_or_default()
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// The n-th values of all lists together, the last value of a shorter one again.
fn variants(lists: &BTreeMap<String, Vec<Vec<u8>>>) -> Vec<Vec<(String, Vec<u8>)>> {
    let count = lists.values().map(Vec::len).max().unwrap_or(0).clamp(1, MAX_VALUES);
    let variant = |index: usize| {
        lists
            .iter()
            .filter_map(|(name, values)| {
                let value = values.get(index).or(values.last())?;
                Some((name.clone(), value.clone()))
            })
            .collect()
    };
    (0..count).map(variant).collect()
}

/// What a block says about an answer.
#[expect(clippy::too_many_arguments, reason = "everything that operators can name")]
pub(super) fn judged(
    shared: &Shared,
    template: &Template,
    target: &Target,
    block: &Block,
    made: &Made,
    exchange: &Exchange,
    history: &[Option<&Exchange>],
    earlier: &[Earlier<'_>],
    callback: Option<&super::hit::Callback>,
) -> Verdict {
    let mut event = Event::new(Some(exchange), &made.bindings, history, earlier);
    event.say("host", target.url());
    event.say("matched", exchange.request.url());
    event.say("type", "http");
    event.say("template-id", template.info.id.clone());
    if let Some(peer) = exchange.peer {
        event.say("ip", peer.ip().to_string());
    }
    if let Some(url) = made.callbacks.first() {
        event.say("interactsh-url", url.clone());
    }
    if let Some(callback) = callback {
        event.say("interactsh_protocol", callback.protocol.clone());
        let request = if callback.protocol == "dns" {
            String::from_utf8_lossy(&callback.request).to_lowercase().into_bytes()
        } else {
            callback.request.clone()
        };
        event.say("interactsh_request", request);
        event.say("interactsh_response", callback.response.clone());
        event.say("interactsh_ip", callback.remote.clone());
    }
    let mut random = ChaCha8Rng::seed_from_u64(shared.seed.0);
    let mut environment = Environment::new(&mut random, shared.now_unix());
    shared.judged.fetch_add(1, Ordering::Relaxed);
    event.judge(block, &mut environment)
}

/// One result for each named matcher, else for each named extractor, else one.
pub(super) fn hits_of(
    template: &Arc<Template>,
    target: &Target,
    verdict: &Verdict,
    made: &Made,
    exchange: &Arc<Exchange>,
) -> Vec<Hit> {
    if !verdict.reports {
        return Vec::new();
    }
    let hit = |matcher: Option<&String>, extractor: Option<&String>, values: &[Vec<u8>]| Hit {
        template: Arc::clone(template),
        target: target.clone(),
        matcher_name: matcher.cloned(),
        extractor_name: extractor.cloned(),
        extracted: values.iter().map(|value| String::from_utf8_lossy(value).into_owned()).collect(),
        matched_at: made.url.clone(),
        exchange: Arc::clone(exchange),
        payloads: made.payloads.clone(),
        callback: None,
        analysis: None,
        bytes: made.bytes.clone(),
    };
    let all = &verdict.extracted;
    if !verdict.matcher_names.is_empty() {
        return verdict.matcher_names.iter().map(|name| hit(Some(name), None, all)).collect();
    }
    if !verdict.by_extractor.is_empty() {
        let each = verdict.by_extractor.iter();
        return each.map(|(name, values)| hit(None, Some(name), values)).collect();
    }
    vec![hit(None, None, all)]
}
