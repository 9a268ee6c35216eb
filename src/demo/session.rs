//! Cookie sessions, bearer tokens and the count of failed logins; all bounded in number.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use sha2::Digest;
use sha2::Sha256;

use super::accounts::hex;
use super::clock;

/// Name of the session cookie.
pub(super) const COOKIE: &str = "session";
const SESSIONS_KEPT: usize = 10_000;
const CART_LINES: usize = 20;
const FAILURES_ALLOWED: u32 = 5;
/// How long a name stays locked after too many wrong passwords.
pub(super) const LOCK_TIME: Duration = Duration::from_secs(30);

/// What the shop remembers of a visitor.
#[derive(Debug, Clone, Default)]
pub(super) struct SessionState {
    /// Who is logged in.
    pub(super) user_id: Option<i64>,
    /// Quantity by product.
    pub(super) cart: BTreeMap<i64, i64>,
    /// Code and percent of the coupon in use.
    pub(super) coupon: Option<(String, i64)>,
    /// The token of the last form that was shown with one that is good once.
    pub(super) once: Option<String>,
    /// Card of the club member who is logged in.
    pub(super) club: Option<String>,
}

impl SessionState {
    /// Puts more of a product into the cart, within bounds.
    pub(super) fn add(&mut self, product_id: i64, quantity: i64) {
        if self.cart.len() < CART_LINES || self.cart.contains_key(&product_id) {
            let held = self.cart.entry(product_id).or_insert(0);
            *held = (*held + quantity).clamp(1, 99);
        }
    }
}

/// Everything the shop knows about visitors. Ids are unguessable; a visitor without state costs
/// no memory, because the cookie alone proves the CSRF token.
#[derive(Debug)]
pub(super) struct Sessions {
    secret: [u8; 32],
    issued: AtomicU64,
    states: Mutex<Bounded<SessionState>>,
    tokens: Mutex<Bounded<i64>>,
    failures: Mutex<Bounded<(u32, Instant)>>,
}

impl Sessions {
    /// No visitor yet; `secret` must be random.
    pub(super) fn new(secret: [u8; 32]) -> Self {
        Self {
            secret,
            issued: AtomicU64::new(0),
            states: Mutex::default(),
            tokens: Mutex::default(),
            failures: Mutex::default(),
        }
    }

    /// A fresh id for a session or a token.
    pub(super) fn fresh_id(&self) -> String {
        let number = self.issued.fetch_add(1, Ordering::Relaxed);
        self.digest("id", &number.to_string())
    }

    /// The token that forms of this session carry.
    pub(super) fn csrf_token(&self, session: &str) -> String {
        self.digest("csrf", session)
    }

    /// The state of a session; empty for a visitor who did nothing yet.
    pub(super) fn state(&self, session: &str) -> SessionState {
        lock(&self.states).entries.get(session).cloned().unwrap_or_default()
    }

    /// Changes the state of a session.
    pub(super) fn change(&self, session: &str, change: impl FnOnce(&mut SessionState)) {
        change(lock(&self.states).entry(session, SessionState::default));
    }

    /// Forgets a session.
    pub(super) fn end(&self, session: &str) {
        lock(&self.states).remove(session);
    }

    /// A bearer token for a person.
    pub(super) fn issue_token(&self, user_id: i64) -> String {
        let token = self.fresh_id();
        lock(&self.tokens).entry(&token, || user_id);
        token
    }

    /// Whose token this is.
    pub(super) fn token_user(&self, token: &str) -> Option<i64> {
        lock(&self.tokens).entries.get(token).copied()
    }

    /// Whether a name is locked after too many wrong passwords.
    pub(super) fn is_locked(&self, name: &str) -> bool {
        lock(&self.failures).entries.get(name).is_some_and(|&(failures, last)| {
            failures >= FAILURES_ALLOWED && clock::now().duration_since(last) < LOCK_TIME
        })
    }

    /// Counts a wrong password.
    pub(super) fn count_failure(&self, name: &str) {
        let now = clock::now();
        let mut failures = lock(&self.failures);
        let (count, last) = failures.entry(name, || (0, now));
        *count = if now.duration_since(*last) < LOCK_TIME { *count + 1 } else { 1 };
        *last = now;
    }

    /// Forgets the wrong passwords of a name.
    pub(super) fn clear_failures(&self, name: &str) {
        lock(&self.failures).remove(name);
    }

    fn digest(&self, purpose: &str, text: &str) -> String {
        let digest =
            Sha256::new().chain_update(self.secret).chain_update(purpose).chain_update(text);
        hex(&digest.finalize()[..16])
    }
}

/// A map that forgets its oldest entries.
#[derive(Debug)]
struct Bounded<T> {
    entries: HashMap<String, T>,
    order: VecDeque<String>,
}

impl<T> Default for Bounded<T> {
    fn default() -> Self {
        Self { entries: HashMap::new(), order: VecDeque::new() }
    }
}

impl<T> Bounded<T> {
    fn entry(&mut self, key: &str, new: impl FnOnce() -> T) -> &mut T {
        if !self.entries.contains_key(key) {
            while self.order.len() >= SESSIONS_KEPT {
                if let Some(oldest) = self.order.pop_front() {
                    self.entries.remove(&oldest);
                }
            }
            self.order.push_back(key.to_owned());
        }
        self.entries.entry(key.to_owned()).or_insert_with(new)
    }

    fn remove(&mut self, key: &str) {
        if self.entries.remove(key).is_some() {
            // A key that comes back would stand in the order twice and be forgotten too early.
            self.order.retain(|kept| kept != key);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
