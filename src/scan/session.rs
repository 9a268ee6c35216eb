//! Keeps the scanner logged in: before anything else is sent, when a token is about to end, and
//! when an answer says that the login does not hold any more.
//!
//! Everything that a login sends goes through the same scope and rate as the rest, and is counted
//! nowhere: it is not what is tested.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::wire::Wire;
use crate::flow::Values;
use crate::flow::Variable;
use crate::flow::auth::Account;
use crate::flow::auth::Auth;
use crate::flow::auth::Came;
use crate::flow::auth::Login;
use crate::flow::auth::LoginStep;
use crate::flow::auth::Sessions;
use crate::flow::auth::Who;
use crate::http::CookieJar;
use crate::http::clock::Clock;
use crate::model::Event;
use crate::model::Exchange;
use crate::model::Failure;
use crate::model::FailureClass;
use crate::model::Notice;
use crate::model::NoticeLevel;
use crate::model::Phase;
use crate::model::Redactor;
use crate::model::Request;
use crate::model::Scope;
use crate::model::Seed;
use crate::model::SessionReport;
use crate::model::StopLevel;
use crate::model::StopToken;
use crate::model::inert;
use crate::model::stateless_shape;

/// How often the proof is asked for, unless the plan says so.
const VERIFY_EVERY: Duration = Duration::from_secs(60);

/// Before another attempt after one that failed; doubled each time.
const PAUSE: Duration = Duration::from_secs(1);

/// Kinds of requests remembered that look like a lost login to everybody.
const MAX_ORDINARY: usize = 1_000;

/// What a login needs of the engine.
pub(crate) struct Keeping {
    pub(crate) wire: Arc<dyn Wire>,
    pub(crate) scope: Scope,
    pub(crate) stop: StopToken,
    pub(crate) clock: Clock,
    pub(crate) redactor: Redactor,
    pub(crate) seed: Seed,
    /// The first row of the plan's files: who logs in with a row has that one.
    pub(crate) row: Vec<(Variable, Vec<u8>)>,
    /// Sent with every request that has none of that name.
    pub(crate) headers: Vec<crate::model::Header>,
}

/// One login that is kept.
pub(crate) struct Keeper {
    around: Keeping,
    auth: Auth,
    account: Mutex<Account>,
    /// Held while somebody logs in: the others wait for the outcome.
    turn: tokio::sync::Mutex<()>,
    /// Counts logins: an answer to an older one says nothing of the present one.
    generation: AtomicU64,
    lost: AtomicBool,
    report: Mutex<SessionReport>,
    /// Relogins since an answer was last as it should be, and the login that the last one replaced.
    in_vain: Mutex<(u64, Option<u64>)>,
    /// Method and path shape of what looks like a lost login and is none.
    ordinary: Mutex<BTreeSet<String>>,
    /// The same of what is tried once more after a login: which login it was that did not do.
    tried: Mutex<BTreeMap<String, u64>>,
    /// Since when answers may have been for nobody, where only the proof has told.
    doubtful: Mutex<Option<Duration>>,
    attempts: AtomicU64,
    /// Answers in which nothing spoke against the login, and others.
    good: AtomicU64,
    bad: AtomicU64,
}

/// What an answer means for the request that it came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Judged {
    /// It is the answer.
    Keep,
    /// The login was renewed: the request is to be sent again.
    Again,
}

impl Keeper {
    /// Who is meant has not logged in yet.
    pub(crate) fn new(sessions: &Sessions, who: Who, around: Keeping) -> Self {
        let auth = sessions.auths[who.auth].clone();
        let identity = who.identity.map(|index| &sessions.identities[index]);
        let mut account = Account::new(&auth, identity, 1, around.seed.0);
        for (variable, value) in &around.row {
            account.set(*variable, value);
        }
        account.prepare(&auth);
        let mut report = SessionReport::new(Phase::Scan, &auth.name, auth.scheme.as_str());
        report.identity = identity.map(|identity| identity.name.clone());
        report.role = identity.and_then(|identity| identity.role.clone());
        Self {
            around,
            auth,
            account: Mutex::new(account),
            turn: tokio::sync::Mutex::new(()),
            generation: AtomicU64::new(0),
            lost: AtomicBool::new(false),
            report: Mutex::new(report),
            in_vain: Mutex::default(),
            doubtful: Mutex::default(),
            ordinary: Mutex::default(),
            tried: Mutex::default(),
            attempts: AtomicU64::new(0),
            good: AtomicU64::new(0),
            bad: AtomicU64::new(0),
        }
    }

    /// Whether nothing more is to be sent, because it would be sent as nobody.
    pub(crate) fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Relaxed)
    }

    /// What it has given, beside cookies.
    pub(crate) fn values(&self) -> Values {
        lock(&self.account).values().clone()
    }

    /// The login that is in use.
    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// How it stands.
    pub(crate) fn event(&self) -> Event {
        Event::Session(Box::new(lock(&self.report).clone()))
    }

    /// Logs in for the first time; once is enough to know that it does not work.
    ///
    /// # Errors
    /// What was seen instead.
    pub(crate) async fn log_in_first(&self, jar: &Mutex<CookieJar>) -> Result<(), String> {
        let _turn = self.turn.lock().await;
        let attempt = self.attempt(jar, Attempt::Whole).await;
        let mut report = lock(&self.report);
        let now = self.around.clock.now();
        match attempt {
            Ok(proof) => {
                report.logged_in = Some(now);
                report.logins = u64::from(self.auth.has_login());
                note_proof(&mut report, &proof, now);
                Ok(())
            }
            Err(why) => {
                (report.failed, report.lost, report.lost_since) = (1, 1, Some(now));
                report.reason = Some(why.clone());
                self.lost.store(true, Ordering::Relaxed);
                Err(why)
            }
        }
    }

    /// Since when answers may have been for nobody; asked once.
    pub(crate) fn take_doubtful(&self) -> Option<Duration> {
        lock(&self.doubtful).take()
    }

    /// When the login was last proven.
    pub(crate) fn last_proof(&self) -> Duration {
        lock(&self.report).last_verified.unwrap_or_default()
    }

    /// Renews what is about to end, and asks for the proof when it is time for it.
    pub(crate) async fn keep(&self, jar: &Mutex<CookieJar>) -> Option<Notice> {
        let now = self.around.clock.unix_seconds();
        if lock(&self.account).is_due(now) {
            let generation = self.generation();
            return self.log_in_again(jar, generation, "the token ends").await.1;
        }
        let every = self.auth.verify.as_ref()?.every.unwrap_or(VERIFY_EVERY);
        self.prove(jar, every).await
    }

    /// Asks for the proof, if it is so old; where there is no way to, nothing is asked.
    pub(crate) async fn prove(&self, jar: &Mutex<CookieJar>, every: Duration) -> Option<Notice> {
        self.auth.verify.as_ref()?;
        if !self.is_due(every) {
            return None;
        }
        let generation = self.generation();
        let turn = self.turn.lock().await;
        // Somebody else may have asked meanwhile.
        if !self.is_due(every) || self.is_lost() {
            return None;
        }
        let asked = self.attempt(jar, Attempt::Proof).await;
        drop(turn);
        match asked {
            Ok(proof) => {
                note_proof(&mut lock(&self.report), &proof, self.around.clock.now());
                None
            }
            Err(why) => {
                self.doubt();
                self.log_in_again(jar, generation, &why).await.1
            }
        }
    }

    fn doubt(&self) {
        let since = self.last_proof();
        let mut doubtful = lock(&self.doubtful);
        *doubtful = Some(doubtful.map_or(since, |known| known.min(since)));
    }

    fn is_due(&self, every: Duration) -> bool {
        self.around.clock.now().saturating_sub(self.last_proof()) >= every
    }

    /// Puts into the request what the login gave; then it goes out as it is.
    pub(crate) fn dress(&self, request: &mut Request) {
        let mut account = lock(&self.account);
        // A missing value would have been one of the first login too.
        let _ = account.dress(&self.auth, request);
        self.sign(&mut account, request);
    }

    fn sign(&self, account: &mut Account, request: &mut Request) {
        if self.auth.signs() {
            let number = self.attempts.fetch_add(1, Ordering::Relaxed);
            let nonce = format!("{:016x}", self.around.seed.derive(&format!("nonce {number}")).0);
            let _ = account.sign(&self.auth, request, self.around.clock.unix_seconds(), &nonce);
        }
    }

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

    /// Logs in again unless somebody has, since `generation`.
    async fn log_in_again(
        &self,
        jar: &Mutex<CookieJar>,
        generation: u64,
        seen: &str,
    ) -> (Judged, Option<Notice>) {
        let _turn = self.turn.lock().await;
        if self.generation() != generation {
            return (Judged::Again, None);
        }
        if self.is_lost() {
            return (Judged::Keep, None);
        }
        let mut why = String::new();
        for number in 0..self.auth.relogin.max {
            if number > 0 {
                let pause = PAUSE * 2_u32.pow((number - 1).min(5));
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    () = self.around.stop.reached(StopLevel::Stopping) => break,
                }
            }
            match self.attempt(jar, Attempt::Whole).await {
                Ok(proof) => {
                    self.generation.fetch_add(1, Ordering::Release);
                    let now = self.around.clock.now();
                    let mut report = lock(&self.report);
                    report.logins += 1;
                    report.relogins += 1;
                    note_proof(&mut report, &proof, now);
                    let text = format!("logged in again as {} ({seen})", report.name());
                    return (Judged::Again, Some(Notice { level: NoticeLevel::Info, text }));
                }
                Err(seen) => {
                    lock(&self.report).failed += 1;
                    why = seen;
                }
            }
        }
        (Judged::Keep, Some(self.lose(&format!("{seen}; then: {why}"))))
    }

    fn lose(&self, why: &str) -> Notice {
        self.lost.store(true, Ordering::Relaxed);
        let mut report = lock(&self.report);
        report.lost = 1;
        report.lost_since = Some(self.around.clock.now());
        report.reason = Some(why.to_owned());
        let text = format!(
            "the scan ends here: the login as {} is lost, and the rest would be scanned as nobody \
             ({why})",
            report.name()
        );
        Notice { level: NoticeLevel::Error, text }
    }

    /// Credentials that nothing proves are no good if nothing else was ever answered.
    pub(crate) fn conclude(&self) {
        let (good, bad) = (self.good.load(Ordering::Relaxed), self.bad.load(Ordering::Relaxed));
        if bad > 0 && good == 0 && self.auth.verify.is_none() && !self.is_lost() {
            let why = format!("not one of {bad} answers was for somebody who is logged in");
            let _told = self.lose(&why);
        }
    }

    async fn attempt(&self, jar: &Mutex<CookieJar>, what: Attempt) -> Result<String, String> {
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
        if what == Attempt::Whole && self.auth.has_login() {
            *lock(jar) = std::mem::take(&mut *lock(&fresh));
        }
        Ok(self.around.redactor.text(&proof))
    }

    async fn send(
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

    fn now(&self) -> u64 {
        self.around.clock.unix_seconds()
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

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Attempt {
    /// Log in.
    Whole,
    /// Ask whether the login holds.
    Proof,
}

/// Cookies of the jar, before those that the request has.
pub(crate) fn add_cookies(jar: &CookieJar, request: &mut Request, now: u64) {
    let Some(stored) = jar.header(&request.origin, &request.path_and_query, now) else { return };
    match request.headers.iter_mut().find(|header| header.is("cookie")) {
        Some(header) => header.value = [stored.value, header.value.clone()].join(&b"; "[..]),
        None => request.headers.push(stored),
    }
}

fn note_proof(report: &mut SessionReport, proof: &str, now: Duration) {
    if !proof.is_empty() {
        report.verified = Some(proof.to_owned());
        report.last_verified = Some(now);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no holder panics")
}
