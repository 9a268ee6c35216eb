//! Everything the engine sends goes through here: admitted, bounded, stoppable, and seen by the
//! ledger (which counts it and lets the passive rules look at it).

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::Semaphore;
use tokio::sync::mpsc;

use super::door::is_door;
use super::door::logs_in;
use super::link;
use super::manners::Asked;
use super::manners::Manners;
use super::manners::Turn;
use super::node::Node;
use super::persona::Kind;
use super::persona::Persona;
use super::persona::Whom;
use super::record::Memory;
use super::session::Judged;
use super::session::Keeper;
use super::tokens::Stale;
use super::tokens::Tokens;
use super::walls::Suspicion;
use super::walls::Walls;
use super::wire::Wire;
use crate::flow::Values;
use crate::http::SendOptions;
use crate::http::clock::Clock;
use crate::http::cookies::Cookie;
use crate::http::tls::own::Offer;
use crate::http::tls::own::Reply;
use crate::model::CertificateReport;
use crate::model::ControlCommand;
use crate::model::CrawlProgress;
use crate::model::Event;
use crate::model::Exchange;
use crate::model::Failure;
use crate::model::Header;
use crate::model::Notice;
use crate::model::NoticeLevel;
use crate::model::Origin;
use crate::model::OutOfScope;
use crate::model::Redactor;
use crate::model::Request;
use crate::model::Scope;
use crate::model::StopLevel;
use crate::model::StopReason;
use crate::model::StopToken;
use crate::model::Wall;
use crate::model::format_duration;

/// What the engine's parts tell the ledger, in order.
#[derive(Debug)]
pub(crate) enum Learnt {
    /// An exchange took place.
    Exchange {
        exchange: Arc<Exchange>,
        /// The path it counts under, where the path sent is made up (a payload, a random name).
        stands_for: Option<String>,
    },
    /// One that a rule asked for took place: it is counted, and judged by nobody but those passive
    /// rules, by id; a template's own is judged by the template alone.
    Asked { exchange: Arc<Exchange>, judges: Arc<[String]> },
    /// To be passed on.
    Event(Box<Event>),
}

/// What something is sent for. An answer of an earlier run is used again for the same purpose only,
/// so that nobody takes what belongs to somebody else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Errand {
    /// To see what there is.
    Crawl,
    /// For a page in the browser, which waits no longer than so for the whole of an answer: of one
    /// that does not end, it gets what has come. `None` is the wire's own bound.
    Browser(Option<Duration>),
    /// For a check at a point, as it is called.
    Check(Arc<str>),
}

impl Errand {
    /// Another one for each.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Crawl => "",
            Self::Browser(_) => "browser",
            Self::Check(name) => name,
        }
    }

    /// How long its answer is waited for, where that is bounded.
    fn patience(&self) -> Option<Duration> {
        match self {
            Self::Crawl | Self::Check(_) => None,
            Self::Browser(patience) => *patience,
        }
    }
}

/// Why a request was not sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unsent {
    /// Scope does not allow it.
    #[error(transparent)]
    OutOfScope(#[from] OutOfScope),
    /// The run is winding down.
    #[error("the run is being stopped")]
    Stopped,
    /// Whoever was to send it cannot log in.
    #[error("`{who}` could not log in: {why}")]
    NotLoggedIn {
        /// The identity.
        who: String,
        /// What was seen instead.
        why: String,
    },
}

/// One request with what is special about it.
#[derive(Debug, Clone)]
pub(crate) struct Order<'a> {
    pub(crate) request: Request,
    /// The path it counts under, where it is made up; its cookies are not kept then.
    pub(crate) stands_for: Option<String>,
    pub(crate) errand: &'a Errand,
    pub(crate) whom: Whom,
    pub(crate) options: SendOptions,
    pub(crate) room: Room,
    pub(crate) refusals: Refusals,
}

impl<'a> Order<'a> {
    /// As the crawl sends.
    pub(crate) fn new(request: Request, errand: &'a Errand) -> Self {
        Self {
            request,
            stands_for: None,
            errand,
            whom: Whom::Session,
            options: SendOptions::default(),
            room: Room::Shared,
            refusals: Refusals::Obeyed,
        }
    }
}

/// Whether others send at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Room {
    /// As many at once as the run may.
    Shared,
    /// Who sends holds [`Traffic::alone`], and what was answered before is of no use: it is about
    /// time.
    Alone,
}

/// What an answer means that asks to come back later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusals {
    /// The host is left alone for as long, and asked again.
    Obeyed,
    /// It is what somebody wants to see: the request is sent once, and nobody waits for it.
    Wanted,
}

/// How far the engine has come, updated by its parts and read by the ledger.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    pub(crate) fetched: AtomicU64,
    pub(crate) queued: AtomicU64,
    pub(crate) nodes: AtomicU64,
    pub(crate) points_done: AtomicU64,
    pub(crate) points: AtomicU64,
}

impl Progress {
    pub(crate) fn snapshot(&self) -> CrawlProgress {
        CrawlProgress {
            fetched: self.fetched.load(Ordering::Relaxed),
            queued: self.queued.load(Ordering::Relaxed),
            nodes: self.nodes.load(Ordering::Relaxed),
            points_done: self.points_done.load(Ordering::Relaxed),
            points: self.points.load(Ordering::Relaxed),
        }
    }
}

/// The way to the target.
pub(crate) struct Traffic {
    pub(super) wire: Arc<dyn Wire>,
    pub(super) scope: Scope,
    pub(super) stop: StopToken,
    permits: Arc<Semaphore>,
    manners: Manners,
    walls: Walls,
    learnt: mpsc::Sender<Learnt>,
    headers: Vec<Header>,
    pub(super) clock: Clock,
    /// Who looks at the site.
    session: Arc<Persona>,
    nobody: Arc<Persona>,
    /// Everybody else, the plan's identities first; nobody leaves.
    others: Mutex<Vec<Arc<Persona>>>,
    /// Forms whose tokens are used up.
    pub(crate) tokens: Tokens,
    /// What was answered before.
    memory: Option<Memory>,
    pub(crate) progress: Arc<Progress>,
    concurrency: usize,
    /// Until when nobody waits to be alone for a token, in milliseconds since the start.
    crowded: AtomicU64,
}

/// What [`Traffic`] is made of.
pub(crate) struct TrafficParts {
    pub(crate) wire: Arc<dyn Wire>,
    pub(crate) scope: Scope,
    pub(crate) stop: StopToken,
    /// Exchanges at once at most.
    pub(crate) concurrency: usize,
    pub(crate) learnt: mpsc::Sender<Learnt>,
    /// Sent with every request that has none of that name.
    pub(crate) headers: Vec<Header>,
    pub(crate) clock: Clock,
    /// Who is logged in.
    pub(crate) keeper: Option<Keeper>,
    /// Other identities, for checks that need several.
    pub(crate) others: Vec<Persona>,
    /// Answers of an earlier run, and where those of this one are kept.
    pub(crate) memory: Option<Memory>,
}

/// How often a request is sent again because the host asked to come back later.
const MAX_REFUSALS: u32 = 3;

/// How long a request with a token waits for others to end, and how long none does so after one has
/// in vain.
const SOON: Duration = Duration::from_millis(300);
const CROWDED: Duration = Duration::from_secs(3);

/// How long a host that seems walled off is left alone, before each time that it is asked.
const WALL_WAITS: [Duration; 3] = [Duration::ZERO, Duration::from_secs(2), Duration::from_secs(8)];

/// Sendings of one request: as it is, after a challenge, after a login.
const MAX_SENDINGS: u32 = 3;

impl Traffic {
    pub(crate) fn new(parts: TrafficParts) -> Self {
        let concurrency = parts.concurrency.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            wire: parts.wire,
            scope: parts.scope,
            stop: parts.stop,
            manners: Manners::new(parts.concurrency),
            walls: Walls::default(),
            permits: Arc::new(Semaphore::new(concurrency)),
            concurrency,
            learnt: parts.learnt,
            headers: parts.headers,
            clock: parts.clock,
            session: Arc::new(Persona::session(parts.keeper)),
            nobody: Arc::default(),
            others: Mutex::new(parts.others.into_iter().map(Arc::new).collect()),
            tokens: Tokens::default(),
            memory: parts.memory,
            progress: Arc::new(Progress::default()),
            crowded: AtomicU64::new(0),
        }
    }

    /// One exchange. Cancel safe: an exchange that is dropped is not counted.
    ///
    /// # Errors
    /// [`Unsent`]; a failed exchange is no error but an outcome.
    pub(crate) async fn exchange(&self, request: Request) -> Result<Arc<Exchange>, Unsent> {
        self.exchange_for(request, None, &Errand::Crawl).await
    }

    /// The same for a purpose, and maybe for a made-up request, which counts under the path
    /// `stands_for` and whose cookies are not kept.
    ///
    /// # Errors
    /// As [`Self::exchange`].
    pub(crate) async fn exchange_for(
        &self,
        request: Request,
        stands_for: Option<String>,
        errand: &Errand,
    ) -> Result<Arc<Exchange>, Unsent> {
        let order = Order { stands_for, ..Order::new(request, errand) };
        self.exchange_of(order).await
    }

    /// The same as somebody, over bytes of its own, or with nobody else on the way.
    ///
    /// # Errors
    /// As [`Self::exchange`]; and [`Unsent::NotLoggedIn`].
    pub(crate) async fn exchange_of(&self, order: Order<'_>) -> Result<Arc<Exchange>, Unsent> {
        let Order { request, stands_for, errand, whom, options, room, refusals } = order;
        let persona = &*self.ready(whom).await?;
        let stale = match whom {
            // A form that is counted is sent as often as it is counted, and nothing beside it.
            _ if refusals == Refusals::Wanted => None,
            Whom::Session => self.tokens.stale(&request),
            Whom::Other(_) if persona.renews_tokens => self.tokens.stale(&request),
            // Their forms have tokens of their own, which whoever asks as them takes along.
            Whom::Nobody | Whom::Other(_) => None,
        };
        let _permit = match room {
            Room::Shared => Some(self.permit(stale.as_ref()).await),
            Room::Alone => None,
        };
        // Who registered or logged in for one question is somebody else in another run.
        let is_repeatable = room == Room::Shared
            && refusals == Refusals::Obeyed
            && options == SendOptions::default()
            && persona.kind == Kind::Planned;
        // What a payload makes the target set would spoil every request that follows; nobody has no
        // cookies, whatever is set.
        let keeps_cookies = stands_for.is_none() && whom != Whom::Nobody;
        let memory = self.memory.as_ref().filter(|_| is_repeatable).map(|memory| {
            let neutral = stale.as_ref().map(|stale| stale.neutral(&request));
            (memory, memory.key(neutral.as_ref().unwrap_or(&request), errand))
        });
        if let Some((memory, key)) = memory
            && let Some(exchange) = self.remembered(persona, memory, key, &request)?
        {
            if keeps_cookies {
                self.keep_old_cookies(persona, memory, &exchange);
            }
            self.tell(Learnt::Exchange { exchange: Arc::clone(&exchange), stands_for }).await;
            // A crawl of nothing but known answers must leave room for others.
            tokio::task::yield_now().await;
            return Ok(exchange);
        }
        let _turn = match &stale {
            Some(stale) => Some(stale.turn.lock().await),
            None => None,
        };
        let request = self.with_fresh_token(persona, request, stale.as_ref()).await?;
        let options = SendOptions { max_time: options.max_time.or(errand.patience()), ..options };
        let exchange = match refusals {
            Refusals::Obeyed => self.send_dressed(persona, request, &options).await?,
            Refusals::Wanted => self.send_as_it_is(persona, request, &options).await?,
        };
        if keeps_cookies {
            self.keep_cookies(persona, &exchange);
        }
        if let Some((memory, key)) = memory {
            // What a wall says is not the target's, and is no use to a run that it lets through.
            if exchange.response().is_none_or(|response| Wall::of(response).is_none()) {
                memory.keep(key, &exchange).await;
            }
        }
        self.tell(Learnt::Exchange { exchange: Arc::clone(&exchange), stands_for }).await;
        Ok(exchange)
    }

    /// What an origin answers to an offer of TLS.
    ///
    /// # Errors
    /// As [`Client::offer`](crate::http::Client::offer).
    pub(crate) async fn offer(&self, origin: &Origin, offer: &Offer) -> Result<Reply, Failure> {
        let _permit = self.permits.acquire().await.expect("it is never closed");
        self.wire.offer(origin, offer).await
    }

    /// Whom an origin shows itself as.
    ///
    /// # Errors
    /// As [`Client::certificate`](crate::http::Client::certificate).
    pub(crate) async fn certificate(
        &self,
        origin: &Origin,
    ) -> Result<Option<CertificateReport>, Failure> {
        let _permit = self.permits.acquire().await.expect("it is never closed");
        self.wire.certificate(origin).await
    }

    /// Waits until nothing else is on the way, and keeps it so until what it gives is dropped.
    pub(crate) async fn alone(&self) -> OwnedSemaphorePermit {
        let all = u32::try_from(self.concurrency).expect("fewer than a semaphore has");
        let permits = Arc::clone(&self.permits).acquire_many_owned(all).await;
        permits.expect("the semaphore is never closed")
    }

    /// Room for one more, and where its token would be void after any other request, for nobody else,
    /// if that can be had soon: an answer that does not end must not hold up everything.
    async fn permit(&self, stale: Option<&Stale>) -> OwnedSemaphorePermit {
        let now = self.now();
        let is_crowded = || now < Duration::from_millis(self.crowded.load(Ordering::Relaxed));
        if stale.is_some_and(Stale::changes) && !is_crowded() {
            if let Ok(all) = tokio::time::timeout(SOON, self.alone()).await {
                return all;
            }
            let until = u64::try_from((now + CROWDED).as_millis()).unwrap_or(u64::MAX);
            self.crowded.store(until, Ordering::Relaxed);
        }
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        permit.expect("the semaphore is never closed")
    }

    /// Somebody, whether they have logged in or not.
    pub(crate) fn persona(&self, whom: Whom) -> Arc<Persona> {
        match whom {
            Whom::Session => Arc::clone(&self.session),
            Whom::Nobody => Arc::clone(&self.nobody),
            Whom::Other(index) => Arc::clone(&self.others()[index]),
        }
    }

    /// Everybody beside the session, those who are passing among them.
    pub(crate) fn others(&self) -> Vec<Arc<Persona>> {
        self.others.lock().expect("no holder panics").clone()
    }

    /// The session and everybody beside it.
    pub(crate) fn everybody(&self) -> Vec<Arc<Persona>> {
        std::iter::once(Arc::clone(&self.session)).chain(self.others()).collect()
    }

    /// From now on somebody else can be sent as.
    pub(crate) fn admit(&self, persona: Persona) -> Whom {
        let mut others = self.others.lock().expect("no holder panics");
        others.push(Arc::new(persona));
        Whom::Other(others.len() - 1)
    }

    pub(super) async fn ready(&self, whom: Whom) -> Result<Arc<Persona>, Unsent> {
        let persona = self.persona(whom);
        if let Whom::Other(_) = whom {
            let who = persona.name.clone();
            persona.ready().await.map_err(|why| Unsent::NotLoggedIn { who, why })?;
        }
        Ok(persona)
    }

    /// A form's request with a token that nobody has used.
    async fn with_fresh_token(
        &self,
        persona: &Persona,
        request: Request,
        stale: Option<&Stale>,
    ) -> Result<Request, Unsent> {
        let Some(stale) = stale else { return Ok(request) };
        let Some(page) = link::get(&stale.page) else { return Ok(request) };
        let exchange = self.send_dressed(persona, page, &SendOptions::default()).await?;
        self.keep_cookies(persona, &exchange);
        let renewed = match exchange.response() {
            Some(page) => stale.renewed(request, page),
            None => request,
        };
        self.tell(Learnt::Exchange { exchange, stands_for: None }).await;
        Ok(renewed)
    }

    /// One exchange that a rule asks for: its cookies are its own, and so may be its bytes and its
    /// time. `judges` are the passive rules that look at it. A run that goes on sends it again, unless
    /// what came of it was kept.
    ///
    /// # Errors
    /// As [`Self::exchange`].
    pub(crate) async fn exchange_with(
        &self,
        request: Request,
        options: &SendOptions,
        judges: Arc<[String]>,
    ) -> Result<Arc<Exchange>, Unsent> {
        let _permit = self.permits.acquire().await.expect("the semaphore is never closed");
        // What is made up may well be refused: that is no sign of a lost login, which the proof
        // finds out.
        if let Some(keeper) = &self.session.keeper {
            self.say(keeper, keeper.keep(&self.session.cookies).await).await;
        }
        let exchange = self.send(&self.session, request, options).await?;
        self.tell(Learnt::Asked { exchange: Arc::clone(&exchange), judges }).await;
        Ok(exchange)
    }

    async fn send_dressed(
        &self,
        persona: &Persona,
        request: Request,
        options: &SendOptions,
    ) -> Result<Arc<Exchange>, Unsent> {
        match &persona.keeper {
            None => self.send(persona, request, options).await,
            Some(keeper) => self.send_as(persona, keeper, request, options).await,
        }
    }

    /// Sends when the host has room, and once more where it asks to come back later.
    async fn send(
        &self,
        persona: &Persona,
        request: Request,
        options: &SendOptions,
    ) -> Result<Arc<Exchange>, Unsent> {
        let mut refusals = 0;
        loop {
            let sent = self.send_once(persona, request.clone(), options, Refusals::Obeyed);
            let (exchange, asked) = sent.await?;
            if let Some(suspicion) = self.walls.learn(&exchange) {
                self.ask_wall(&exchange.request.origin, &suspicion).await?;
            }
            let Asked::Wait { how_long, first } = asked else {
                if asked == Asked::TooLong {
                    self.tell_refusal(&exchange, "longer than this run waits: it goes on").await;
                }
                return Ok(exchange);
            };
            if first {
                let text = format!("{}: waited for", format_duration(how_long));
                self.tell_refusal(&exchange, &text).await;
            }
            refusals += 1;
            if refusals > MAX_REFUSALS || !request.method.is_idempotent() {
                return Ok(exchange);
            }
        }
    }

    /// Asks for something that was let in before, later each time. Where it is let in, the scan goes on;
    /// else it ends, because the target is not what answers.
    async fn ask_wall(&self, origin: &Origin, suspicion: &Suspicion) -> Result<(), Unsent> {
        let _asking = self.walls.asking(origin);
        let mut is_refused = suspicion.control.is_none();
        for wait in WALL_WAITS {
            let Some(control) = &suspicion.control else { break };
            self.manners.hush(origin, self.clock.now() + wait);
            let options = SendOptions::default();
            let sent = self.send_once(&self.session, control.clone(), &options, Refusals::Obeyed);
            let (exchange, _) = sent.await?;
            let wall = exchange.response().map(Wall::of);
            self.tell(Learnt::Exchange { exchange, stands_for: None }).await;
            match wall {
                Some(None) => {
                    self.walls.settle(origin);
                    return Ok(());
                }
                Some(Some(_)) => is_refused = true,
                None => {}
            }
        }
        // No answer is no wall.
        if !is_refused {
            self.walls.settle(origin);
            return Ok(());
        }
        let what = match suspicion.control {
            Some(_) => "it refuses what it let in before",
            None => "it has let in nothing",
        };
        let text = format!(
            "{} answers in the place of {origin}: {what}, so nothing that follows would say anything \
             about the target; let the scanner's address through, or scan more slowly (scan.max_rps)",
            suspicion.wall.named(),
        );
        self.event(Event::Stopping(StopReason::Blocked(text))).await;
        self.stop.apply(ControlCommand::Stop);
        Err(Unsent::Stopped)
    }

    /// Tells at the end what a wall has kept from the target.
    pub(crate) async fn conclude_walls(&self) {
        for (wall, count) in self.walls.refused() {
            let text = format!(
                "{} refused {count} of the scan's requests: what they would have found may be there for \
                 whoever gets round it",
                wall.named()
            );
            self.notice(NoticeLevel::Warning, text).await;
        }
    }

    /// Sends once, whatever comes back; who is to be logged in still is.
    async fn send_as_it_is(
        &self,
        persona: &Persona,
        request: Request,
        options: &SendOptions,
    ) -> Result<Arc<Exchange>, Unsent> {
        // A proof that is refused too would be taken for a lost login.
        if let Some(keeper) = &persona.keeper {
            self.say(keeper, keeper.renew_if_due(&persona.cookies).await).await;
        }
        let (exchange, _) = self.send_once(persona, request, options, Refusals::Wanted).await?;
        Ok(exchange)
    }

    /// From now on an origin gets so much time between two requests.
    pub(super) fn space(&self, origin: &Origin, interval: Duration) {
        self.manners.space(origin, interval);
    }

    async fn send_once(
        &self,
        persona: &Persona,
        request: Request,
        options: &SendOptions,
        refusals: Refusals,
    ) -> Result<(Arc<Exchange>, Asked), Unsent> {
        let turn = self.turn(&request.origin, refusals).await?;
        let admitted = self.scope.admit(self.completed(persona, request))?;
        let is_usual = SendOptions { max_time: None, ..options.clone() } == SendOptions::default();
        let sending = match options.max_time {
            None if is_usual => self.wire.send(admitted),
            Some(most) if is_usual => self.wire.send_within(admitted, most),
            _ => self.wire.send_with(admitted, options.clone()),
        };
        let exchange = tokio::select! {
            exchange = sending => exchange,
            () = self.stop.reached(StopLevel::Cancelled) => return Err(Unsent::Stopped),
        };
        // Logins count tries of a name; the host has nothing against whatever else is asked.
        let is_limit = exchange.response().is_some_and(|response| response.status == 429);
        let is_expected = refusals == Refusals::Wanted;
        let asked = if is_expected || is_limit && is_door(&exchange.request) {
            Asked::Nothing
        } else {
            turn.judge(&exchange, self.clock.now(), self.clock.unix_seconds())
        };
        Ok((Arc::new(exchange), asked))
    }

    /// Waits until a host may be asked.
    pub(super) async fn turn(&self, origin: &Origin, refusals: Refusals) -> Result<Turn, Unsent> {
        let turn = self.manners.turn(origin).await;
        let slot = self.manners.slot(origin, self.clock.now());
        loop {
            let quiet = match refusals {
                Refusals::Obeyed => self.manners.quiet_until(origin).max(slot),
                Refusals::Wanted => slot,
            };
            let quiet = quiet.saturating_sub(self.clock.now());
            if quiet.is_zero() || self.is_stopping() {
                break;
            }
            tokio::select! {
                () = tokio::time::sleep(quiet) => {}
                () = self.stop.reached(StopLevel::Stopping) => {}
            }
        }
        if self.is_stopping() { Err(Unsent::Stopped) } else { Ok(turn) }
    }

    async fn tell_refusal(&self, exchange: &Exchange, what: &str) {
        let status = exchange.response().map_or(0, |response| response.status);
        let origin = &exchange.request.origin;
        let text = format!("{origin} answers {status} and asks to be left alone for {what}");
        self.notice(NoticeLevel::Warning, text).await;
    }

    /// The same as somebody who is logged in, and once more if it turns out that they were not.
    async fn send_as(
        &self,
        persona: &Persona,
        keeper: &Keeper,
        request: Request,
        options: &SendOptions,
    ) -> Result<Arc<Exchange>, Unsent> {
        let mut sendings = 1;
        loop {
            if self.is_stopping() {
                return Err(Unsent::Stopped);
            }
            self.say(keeper, keeper.keep(&persona.cookies).await).await;
            let generation = keeper.generation();
            let exchange = self.send(persona, request.clone(), options).await?;
            let (judged, notice) = keeper.judge(&persona.cookies, &exchange, generation).await;
            self.say(keeper, notice).await;
            if judged == Judged::Keep || sendings == MAX_SENDINGS {
                return if keeper.is_lost() { Err(Unsent::Stopped) } else { Ok(exchange) };
            }
            sendings += 1;
        }
    }

    /// Logs in, if somebody is to be logged in; whether the scan may begin.
    pub(crate) async fn log_in(&self) -> bool {
        let Some(keeper) = &self.session.keeper else { return true };
        let outcome = keeper.log_in_first(&self.session.cookies).await;
        self.event(keeper.event()).await;
        outcome.is_ok()
    }

    /// Tells how the login stands in the end.
    pub(crate) async fn conclude_login(&self) {
        let mut everybody = vec![Arc::clone(&self.session)];
        let others = self.others().into_iter();
        everybody.extend(others.filter(|other| other.kind == Kind::Planned && other.has_tried()));
        for keeper in everybody.iter().filter_map(|persona| persona.keeper()) {
            keeper.conclude();
            self.event(keeper.event()).await;
        }
    }

    /// The moment on the run's clock.
    pub(crate) fn now(&self) -> Duration {
        self.clock.now()
    }

    /// Lets so much time pass, or less where the run is stopped.
    pub(crate) async fn pause(&self, how_long: Duration) {
        tokio::select! {
            () = self.wire.pause(how_long) => {}
            () = self.stop.reached(StopLevel::Stopping) => {}
        }
    }

    /// The moment on the clock by which [`Self::pause`] goes.
    pub(crate) fn time(&self) -> Duration {
        self.wire.time().unwrap_or_else(|| self.clock.now())
    }

    /// Since when answers may have been for nobody, where only the proof has told; asked once.
    pub(crate) fn take_doubtful(&self) -> Option<Duration> {
        self.session.keeper.as_ref()?.take_doubtful()
    }

    /// When the login was last proven, if somebody is logged in.
    pub(crate) fn last_proof(&self) -> Option<Duration> {
        self.session.keeper.as_ref().map(Keeper::last_proof)
    }

    /// Asks for the proof now, where there is a way to.
    pub(crate) async fn prove(&self) {
        if let Some(keeper) = self.session.keeper.as_ref().filter(|_| !self.is_stopping()) {
            self.say(keeper, keeper.prove(&self.session.cookies, Duration::ZERO).await).await;
        }
    }

    /// What the login has given, beside cookies.
    pub(crate) fn login_values(&self) -> Values {
        self.session.keeper.as_ref().map(Keeper::values).unwrap_or_default()
    }

    /// Whether it is somebody who looks at the site.
    pub(crate) fn is_somebody(&self) -> bool {
        self.session.keeper.is_some()
    }

    /// The name of somebody who has an account.
    pub(crate) fn known_name(&self) -> Option<String> {
        let people = self.everybody().into_iter();
        people.filter(|it| it.kind != Kind::Passing).find_map(|it| it.known.names.first().cloned())
    }

    /// Whether to send it again would end the session's login: somebody logs in there anew.
    pub(crate) fn ends_login(&self, node: &Node) -> bool {
        let answer = node.answer.iter();
        let mut given = answer.flat_map(|it| &it.headers).filter(|it| it.is("set-cookie"));
        let is_login = |header: &Header| {
            self.is_login_cookie(header.text().split('=').next().unwrap_or_default().trim())
        };
        self.is_somebody() && logs_in(node) && given.any(is_login)
    }

    /// Whether the session's login hangs on a cookie of that name.
    pub(crate) fn is_login_cookie(&self, name: &str) -> bool {
        self.session.keeper.as_ref().is_some_and(|keeper| keeper.has_given(name))
    }

    /// The same, with credentials that the user sends with everything.
    pub(crate) fn has_credentials(&self) -> bool {
        self.is_somebody()
            || self.headers.iter().any(|header| Redactor::is_secret_header(&header.name))
    }

    pub(super) async fn say(&self, keeper: &Keeper, notice: Option<Notice>) {
        if let Some(notice) = notice {
            self.event(Event::Notice(notice)).await;
            self.event(keeper.event()).await;
        }
    }

    /// With the run's headers and cookies, so that evidence shows what was sent. A `Cookie` header
    /// of the user's own replaces the jar.
    pub(super) fn completed(&self, persona: &Persona, mut request: Request) -> Request {
        let is_session = std::ptr::eq(persona, Arc::as_ptr(&self.session));
        for header in &self.headers {
            // What the user sends as themselves is not what somebody else sends.
            let is_own = is_session || !Redactor::is_secret_header(&header.name);
            if is_own && request.header(&header.name).is_none() {
                request.headers.push(header.clone());
            }
        }
        let jar = persona.cookies.lock().expect("no holder panics");
        let now = self.clock.unix_seconds();
        let stored = jar.header(&request.origin, &request.path_and_query, now);
        drop(jar);
        match request.headers.iter_mut().find(|header| header.is("cookie")) {
            None => request.headers.extend(stored),
            Some(own) => {
                let login = stored.and_then(|stored| persona.login_cookies(&stored, own));
                own.value = login.unwrap_or_else(|| std::mem::take(&mut own.value));
            }
        }
        for header in persona.credentials.lock().expect("no holder panics").iter() {
            // Who forges one sends it themselves.
            if request.header(&header.name).is_none() {
                request.headers.push(header.clone());
            }
        }
        if let Some(keeper) = &persona.keeper {
            keeper.dress(&mut request);
        }
        request
    }

    /// A request as the session sends it.
    pub(crate) fn as_sent(&self, request: &Request) -> Request {
        self.completed(&self.session, request.clone())
    }

    /// The same without the cookies that hold the login, which are added when it is sent.
    pub(crate) fn as_sent_but_for_the_login(&self, request: &Request) -> Request {
        let mut sent = self.as_sent(request);
        if let Some(header) = sent.headers.iter_mut().find(|header| header.is("cookie")) {
            let line = header.text().into_owned();
            let pairs = line.split("; ").filter(|pair| {
                let name = pair.split('=').next().unwrap_or_default();
                !self.is_login_cookie(name)
            });
            header.value = pairs.collect::<Vec<_>>().join("; ").into_bytes();
        }
        sent.headers.retain(|header| !header.is("cookie") || !header.value.is_empty());
        sent
    }

    pub(super) fn keep_cookies(&self, persona: &Persona, exchange: &Exchange) {
        let Some(response) = exchange.response() else { return };
        let request = &exchange.request;
        let mut jar = persona.cookies.lock().expect("no holder panics");
        jar.store(&request.origin, &request.path_and_query, response, self.clock.unix_seconds());
    }

    /// What was answered in earlier runs, if that is kept.
    pub(crate) fn memory(&self) -> Option<&Memory> {
        self.memory.as_ref()
    }

    /// Whether the run sends a header of that name with everything.
    pub(crate) fn has_header(&self, name: &str) -> bool {
        self.headers.iter().any(|header| header.is(name))
    }

    /// The cookies of the session, for whoever shows them to scripts.
    pub(crate) fn cookies(&self) -> Vec<Cookie> {
        self.session.cookies.lock().expect("no holder panics").cookies().to_vec()
    }

    /// Names and values of the user's own `Cookie` header.
    pub(crate) fn own_cookies(&self) -> Vec<(String, String)> {
        let lines = self.headers.iter().filter(|header| header.is("cookie"));
        let pairs = lines.flat_map(|header| {
            let pair = |pair: &str| pair.trim().split_once('=').map(|(n, v)| (n.into(), v.into()));
            header.text().split(';').filter_map(pair).collect::<Vec<_>>()
        });
        pairs.collect()
    }

    /// Keeps cookies that a script has set for all of an origin.
    pub(crate) fn keep_pairs(&self, origin: &Origin, pairs: &[(String, String)]) {
        let lines: Vec<String> =
            pairs.iter().map(|(name, value)| format!("{name}={value}; Path=/")).collect();
        let now = self.clock.unix_seconds();
        let mut jar = self.session.cookies.lock().expect("no holder panics");
        jar.store_lines(origin, b"/", lines.iter().map(String::as_bytes), now);
    }

    /// Exchanges at once at most.
    pub(crate) fn concurrency(&self) -> usize {
        self.concurrency
    }

    pub(crate) fn scope(&self) -> &Scope {
        &self.scope
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stop.is_stopping() || self.session.keeper.as_ref().is_some_and(Keeper::is_lost)
    }

    pub(crate) async fn event(&self, event: Event) {
        self.tell(Learnt::Event(Box::new(event))).await;
    }

    pub(crate) async fn notice(&self, level: NoticeLevel, text: String) {
        self.event(Event::Notice(Notice { level, text })).await;
    }

    pub(super) async fn tell(&self, learnt: Learnt) {
        // The ledger is gone only after the last sender, or when the run is torn down.
        let _gone = self.learnt.send(learnt).await;
    }
}
