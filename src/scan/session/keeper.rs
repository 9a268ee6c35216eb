//! One login of a scan, as long as it is kept.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::attempt::Attempt;
use super::judge::Judged;
use super::known;
use super::known::Entrance;
use crate::flow::Values;
use crate::flow::Variable;
use crate::flow::auth::Account;
use crate::flow::auth::Auth;
use crate::flow::auth::How;
use crate::flow::auth::Sessions;
use crate::flow::auth::Who;
use crate::http::CookieJar;
use crate::http::clock::Clock;
use crate::model::Event;
use crate::model::Method;
use crate::model::Notice;
use crate::model::NoticeLevel;
use crate::model::Phase;
use crate::model::Redactor;
use crate::model::Request;
use crate::model::RequestTemplate;
use crate::model::Scope;
use crate::model::Seed;
use crate::model::SessionReport;
use crate::model::StopLevel;
use crate::model::StopToken;
use crate::scan::persona::Known;
use crate::scan::wire::Wire;

/// How often the proof is asked for, unless the plan says so.
const VERIFY_EVERY: Duration = Duration::from_secs(60);

/// Before another attempt after one that failed; doubled each time.
const PAUSE: Duration = Duration::from_secs(1);

/// What a login needs of the engine.
#[derive(Clone)]
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
    pub(super) around: Keeping,
    pub(super) auth: Auth,
    /// As it was before the first login.
    fresh: Account,
    pub(super) known: Known,
    pub(super) account: Mutex<Account>,
    /// Held while somebody logs in: the others wait for the outcome.
    pub(super) turn: tokio::sync::Mutex<()>,
    /// Names of cookies that its logins have given.
    pub(super) given: Mutex<BTreeSet<String>>,
    /// Counts logins: an answer to an older one says nothing of the present one.
    pub(super) generation: AtomicU64,
    pub(super) lost: AtomicBool,
    pub(super) report: Mutex<SessionReport>,
    /// Relogins since an answer was last as it should be, and the login that the last one replaced.
    pub(super) in_vain: Mutex<(u64, Option<u64>)>,
    /// Method and path shape of what looks like a lost login and is none.
    pub(super) ordinary: Mutex<BTreeSet<String>>,
    /// The same of what is tried once more after a login: which login it was that did not do.
    pub(super) tried: Mutex<BTreeMap<String, u64>>,
    /// Since when answers may have been for nobody, where only the proof has told.
    pub(super) doubtful: Mutex<Option<Duration>>,
    pub(super) attempts: AtomicU64,
    /// Answers in which nothing spoke against the login, and others.
    pub(super) good: AtomicU64,
    pub(super) bad: AtomicU64,
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
        let known = known::of(&auth, identity, &account);
        let mut report = SessionReport::new(Phase::Scan, &auth.name, auth.scheme.as_str());
        report.identity = identity.map(|identity| identity.name.clone());
        report.role = identity.and_then(|identity| identity.role.clone());
        Self::of(around, auth, (account, known), report)
    }

    /// The same person, who has not logged in yet.
    pub(crate) fn anew(&self) -> Self {
        let mut report =
            SessionReport::new(Phase::Scan, &self.auth.name, self.auth.scheme.as_str());
        let told = lock(&self.report);
        (report.identity, report.role) = (told.identity.clone(), told.role.clone());
        let whom = (self.fresh.clone(), self.known.clone());
        Self::of(self.around.clone(), self.auth.clone(), whom, report)
    }

    fn of(
        around: Keeping,
        auth: Auth,
        (fresh, known): (Account, Known),
        report: SessionReport,
    ) -> Self {
        Self {
            around,
            auth,
            account: Mutex::new(fresh.clone()),
            fresh,
            known,
            turn: tokio::sync::Mutex::new(()),
            given: Mutex::default(),
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

    /// Their name and role in the plan.
    pub(crate) fn who(&self) -> (String, Option<String>) {
        let report = lock(&self.report);
        (report.name().to_owned(), report.role.clone())
    }

    /// What the plan says of them.
    pub(crate) fn known(&self) -> Known {
        self.known.clone()
    }

    /// How they log in: the name of the plan's `auth`.
    pub(crate) fn way(&self) -> &str {
        &self.auth.name
    }

    /// Whether they log in, and do not just have something that they send.
    pub(crate) fn has_login(&self) -> bool {
        matches!(self.auth.how, How::OAuth2(_) | How::Form(_) | How::Steps(_))
    }

    /// Where they log in: a page with a form, or the request that takes the password.
    pub(crate) fn entrance(&self) -> Option<Entrance> {
        known::entrance(&self.auth, &self.known, &self.fresh)
    }

    /// The page that tells whether the login holds, where the plan names one.
    pub(crate) fn proof_request(&self) -> Option<Request> {
        let verify = self.auth.verify.as_ref()?;
        verify.script.rendered(&verify.request.request, &lock(&self.account).context()).ok()
    }

    /// The same as a page of the site, without what says who asks; `None` for what is no page.
    pub(crate) fn proof_page(&self) -> Option<RequestTemplate> {
        let template = self.auth.verify.as_ref()?.request.clone();
        let sent = self.proof_request().filter(|request| request.method == Method::get())?;
        let request = Request::get(sent.origin, sent.path_and_query);
        Some(RequestTemplate { request, ..template })
    }

    /// Whether nothing more is to be sent, because it would be sent as nobody.
    pub(crate) fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Relaxed)
    }

    /// What it has given, beside cookies.
    pub(crate) fn values(&self) -> Values {
        lock(&self.account).values().clone()
    }

    /// Whether a login has given a cookie of that name.
    pub(crate) fn has_given(&self, cookie: &str) -> bool {
        lock(&self.given).contains(cookie)
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

    /// Renews what is about to end; nothing else is asked.
    pub(crate) async fn renew_if_due(&self, jar: &Mutex<CookieJar>) -> Option<Notice> {
        let now = self.around.clock.unix_seconds();
        if !lock(&self.account).is_due(now) {
            return None;
        }
        self.log_in_again(jar, self.generation(), "the token ends").await.1
    }

    /// The same, and asks for the proof when it is time for it.
    pub(crate) async fn keep(&self, jar: &Mutex<CookieJar>) -> Option<Notice> {
        let renewed = self.renew_if_due(jar).await;
        if renewed.is_some() {
            return renewed;
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

    /// Logs in again unless somebody has, since `generation`.
    pub(super) async fn log_in_again(
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

    pub(super) fn lose(&self, why: &str) -> Notice {
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
}

pub(super) fn note_proof(report: &mut SessionReport, proof: &str, now: Duration) {
    if !proof.is_empty() {
        report.verified = Some(proof.to_owned());
        report.last_verified = Some(now);
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no holder panics")
}
