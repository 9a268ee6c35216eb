//! What all templates of a run share: the way to the target, known answers, counts.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::answers::Answers;
use super::hit::Hit;
use super::judge::Answered;
use super::listen::Callbacks;
use super::missing::Missing;
use super::pending::Pending;
use super::store::Store;
use super::tally::unmade_code;
use crate::http::SendOptions;
use crate::http::clock::Clock;
use crate::model::Exchange;
use crate::model::FailureClass;
use crate::model::Header;
use crate::model::Origin;
use crate::model::Request;
use crate::model::Seed;
use crate::model::Target;
use crate::rules::template::{Attack, Bindings, ExcludedMatchers, Redirects, Template, Unmade};
use crate::scan::traffic::Traffic;
use crate::scan::traffic::Unsent;

/// A host that has not answered this often in a row is left alone, unless the user says otherwise.
const MAX_SILENCE: u32 = 30;

/// Requests whose calls are waited for at once.
const MAX_PENDING: usize = 20_000;

/// Results of one run at most.
const MAX_HITS: usize = 50_000;

/// Why a template ends early, or a request has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// The run winds down.
    Stopped,
    /// The host does not answer at all.
    Unresponsive,
    /// Scope does not allow the request.
    OutOfScope,
    /// There was no answer.
    NoAnswer,
    /// The run has spent its requests.
    Budget,
}

/// What the user decides about all templates.
#[expect(clippy::struct_excessive_bools, reason = "each is a choice of its own")]
#[derive(Debug, Clone)]
pub struct TemplateOptions {
    /// Values by name.
    pub given: Bindings,
    /// Headers that replace the templates'.
    pub headers: Vec<Header>,
    /// In place of the templates' own.
    pub attack: Option<Attack>,
    /// In place of the templates' own.
    pub redirects: Option<Redirects>,
    /// Every template ends with its first match.
    pub stop_at_first_match: bool,
    /// Templates at once; 0 is 25.
    pub concurrency: usize,
    /// Times that a request is sent again when there was no answer.
    pub retries: u32,
    /// Requests at most; `None` is no bound.
    pub max_requests: Option<u64>,
    /// Look at all answers with the templates that do so.
    pub global_matchers: bool,
    /// A request that several templates ask alike is sent for each of them.
    pub ask_each: bool,
    /// A template does not ask again for what the target says is not there.
    pub skip_missing: bool,
    /// One template runs against all targets before the next one does.
    pub by_template: bool,
    /// A host that has not answered this often in a row is left alone; `None` is never.
    pub max_silence: Option<u32>,
    /// Results that are not wanted.
    pub excluded: ExcludedMatchers,
    /// Where everything that is sent and received is kept.
    pub store: Option<PathBuf>,
    /// How long calls from outside are waited for at the end; `None` is 5 s.
    pub cool_down: Option<Duration>,
}

impl Default for TemplateOptions {
    fn default() -> Self {
        Self {
            given: Bindings::default(),
            headers: Vec::new(),
            attack: None,
            redirects: None,
            stop_at_first_match: false,
            concurrency: 0,
            retries: 0,
            max_requests: None,
            global_matchers: false,
            ask_each: false,
            skip_missing: false,
            by_template: false,
            max_silence: Some(MAX_SILENCE),
            excluded: ExcludedMatchers::default(),
            store: None,
            cool_down: None,
        }
    }
}

/// See the module.
pub(crate) struct Shared {
    pub(super) traffic: Arc<Traffic>,
    pub(super) options: TemplateOptions,
    pub(super) callbacks: Option<Arc<dyn Callbacks>>,
    pub(super) answers: Answers,
    store: Option<Store>,
    pub(super) seed: Seed,
    pub(super) clock: Clock,
    pub(super) pending: Mutex<Vec<Pending>>,
    /// What the target says to what is not there.
    pub(super) missing: Missing,
    /// Held by whoever measures how long answers take.
    pub(super) trial: tokio::sync::Mutex<()>,
    /// Operators that look at everybody's answers.
    pub(super) global: Vec<Arc<Template>>,
    /// What they found.
    pub(super) global_hits: Mutex<Vec<Hit>>,
    silence: Mutex<HashMap<Origin, u32>>,
    pub(super) sent: AtomicU64,
    pub(super) failed: AtomicU64,
    pub(super) judged: AtomicU64,
    pub(super) hits: AtomicU64,
    /// Templates whose outcome an earlier run has left.
    pub(super) replayed: AtomicU64,
    /// Results that were too many.
    pub(super) untold: AtomicU64,
    /// Requests that were not made or not sent, by why.
    pub(super) left_out: Mutex<BTreeMap<&'static str, u64>>,
}

impl Shared {
    pub(super) fn new(
        traffic: Arc<Traffic>,
        options: TemplateOptions,
        callbacks: Option<Arc<dyn Callbacks>>,
        global: Vec<Arc<Template>>,
        seed: Seed,
        clock: Clock,
    ) -> Self {
        Self {
            traffic,
            store: options.store.as_deref().map(Store::new),
            options,
            callbacks,
            answers: Answers::default(),
            seed,
            clock,
            pending: Mutex::new(Vec::new()),
            missing: Missing::default(),
            trial: tokio::sync::Mutex::new(()),
            global,
            global_hits: Mutex::new(Vec::new()),
            silence: Mutex::new(HashMap::new()),
            sent: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            judged: AtomicU64::new(0),
            hits: AtomicU64::new(0),
            replayed: AtomicU64::new(0),
            untold: AtomicU64::new(0),
            left_out: Mutex::new(BTreeMap::new()),
        }
    }

    /// The time, in seconds since 1970.
    pub(super) fn now_unix(&self) -> i64 {
        i64::try_from(self.clock.unix_seconds()).unwrap_or(i64::MAX)
    }

    /// One exchange with an answer, asked for again where there was none.
    pub(super) async fn send(
        &self,
        target: &Target,
        request: Request,
        options: &SendOptions,
    ) -> Result<Arc<Exchange>, Stop> {
        let again = if request.method.is_idempotent() { self.options.retries } else { 0 };
        for _ in 0..again {
            match self.send_once(target, request.clone(), options).await {
                Err(Stop::NoAnswer) => {}
                other => return other,
            }
        }
        self.send_once(target, request, options).await
    }

    async fn send_once(
        &self,
        target: &Target,
        request: Request,
        options: &SendOptions,
    ) -> Result<Arc<Exchange>, Stop> {
        let origin = request.origin.clone();
        if self.options.max_silence.is_some_and(|most| self.silence_of(&origin) >= most) {
            self.count("unresponsive");
            return Err(Stop::Unresponsive);
        }
        let sent = self.sent.fetch_add(1, Ordering::Relaxed);
        if self.options.max_requests.is_some_and(|most| sent >= most) {
            self.sent.fetch_sub(1, Ordering::Relaxed);
            self.count("budget");
            return Err(Stop::Budget);
        }
        let sending = Box::pin(self.traffic.exchange_with(request, options, Arc::default()));
        let exchange = match sending.await {
            Ok(exchange) => exchange,
            Err(unsent) => {
                self.sent.fetch_sub(1, Ordering::Relaxed);
                return Err(match unsent {
                    // Templates are run as the session, whose loss stops the run.
                    Unsent::Stopped | Unsent::NotLoggedIn { .. } => Stop::Stopped,
                    Unsent::OutOfScope(_) => {
                        self.count("out-of-scope");
                        Stop::OutOfScope
                    }
                });
            }
        };
        if let Some(store) = &self.store
            && store.keep(&exchange, options.bytes.as_deref()).is_err()
        {
            self.count("sent-but-not-stored");
        }
        match &exchange.outcome {
            Ok(_) => {
                self.silence.lock().expect("no holder panics").remove(&origin);
                self.look_everywhere(target, &exchange);
                Ok(exchange)
            }
            Err(failure) => {
                self.failed.fetch_add(1, Ordering::Relaxed);
                if is_silence(failure.class) {
                    let mut silence = self.silence.lock().expect("no holder panics");
                    *silence.entry(origin).or_default() += 1;
                }
                Err(Stop::NoAnswer)
            }
        }
    }

    fn silence_of(&self, origin: &Origin) -> u32 {
        self.silence.lock().expect("no holder panics").get(origin).copied().unwrap_or(0)
    }

    pub(super) fn count(&self, why: &'static str) {
        self.count_many(why, 1);
    }

    pub(super) fn count_many(&self, why: &'static str, requests: u64) {
        *self.left_out.lock().expect("no holder panics").entry(why).or_default() += requests;
    }

    pub(super) fn count_unmade(&self, unmade: &Unmade) {
        self.count(unmade_code(unmade));
    }

    pub(super) fn wait_for(&self, pending: Pending) {
        if self.callbacks.is_none() {
            return;
        }
        let mut all = self.pending.lock().expect("no holder panics");
        if all.len() < MAX_PENDING {
            all.push(pending);
        } else {
            drop(all);
            self.count("too-many-callbacks");
        }
    }

    /// Whether a result is still to be told.
    pub(super) fn has_room(&self) -> bool {
        self.hits.fetch_add(1, Ordering::Relaxed) < MAX_HITS as u64
    }

    fn look_everywhere(&self, target: &Target, exchange: &Arc<Exchange>) {
        if self.global.is_empty() {
            return;
        }
        let made = super::pending::made_of(exchange);
        for template in &self.global {
            for block in template.blocks.iter().filter(|block| block.global_matchers) {
                let answered = Answered::new(template, target, block, &made, exchange);
                let found = answered.hits(&answered.judge(self));
                self.global_hits.lock().expect("no holder panics").extend(found);
            }
        }
    }
}

/// Whether a failure says that nobody is there, rather than that this request was disliked.
fn is_silence(class: FailureClass) -> bool {
    matches!(
        class,
        FailureClass::Dns
            | FailureClass::ConnectRefused
            | FailureClass::ConnectTimeout
            | FailureClass::Connect
            | FailureClass::Tls
            | FailureClass::TlsTimeout
            | FailureClass::WaitTimeout
    )
}
