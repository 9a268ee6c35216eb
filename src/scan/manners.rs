//! How many requests a host gets at once, and when it gets none.
//!
//! Beside the pacer's hard cap on the rate, the number at once follows the host: it starts at what
//! the user allows, shrinks while answers take twice as long as they usually do, and grows back. The
//! rule is the gradient of Netflix's `concurrency-limits` (`Gradient2Limit`,
//! <https://github.com/Netflix/concurrency-limits>): the limit is multiplied with the ratio of usual to
//! recent latency (one half at least), and the square root of the limit is added for a queue. Timeouts
//! and answers 429 and 503 halve it, as TCP does.
//!
//! A host that answers 429, or 503 with `Retry-After`, is left alone for as long as it asks (RFC 9110
//! §10.2.3), up to [`MAX_WAIT`] at a time and [`MAX_WAITED`] in all. Where `robots.txt` is respected and
//! asks for time between requests, a host gets them one after the other.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use tokio::sync::Notify;

use crate::model::Exchange;
use crate::model::FailureClass;
use crate::model::Origin;

/// Answers before latency says anything.
const MIN_ANSWERS: u32 = 20;

/// Weights of a new answer in the usual and in the recent latency.
const USUAL: f64 = 1.0 / 200.0;
const RECENT: f64 = 1.0 / 10.0;

/// How many times its usual latency a host may take.
const TOLERANCE: f64 = 2.0;

/// Weight of a new limit.
const SMOOTHING: f64 = 0.2;

/// Longest wait that a host may ask for at once, and in all.
const MAX_WAIT: Duration = Duration::from_secs(60);
const MAX_WAITED: Duration = Duration::from_secs(300);

/// Without `Retry-After`, the first wait; each further one is twice as long.
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// The hosts.
pub(super) struct Manners {
    /// Requests at once at most.
    most: f64,
    hosts: Mutex<BTreeMap<Origin, Arc<Host>>>,
}

struct Host {
    state: Mutex<State>,
    freed: Notify,
}

/// What is known of a host.
#[derive(Debug)]
struct State {
    limit: f64,
    in_flight: u32,
    answers: u32,
    /// In microseconds.
    usual: f64,
    recent: f64,
    /// Nothing is sent before.
    quiet_until: Duration,
    waited: Duration,
    refusals: u32,
    /// Time between two requests, and when the next one may be sent.
    interval: Duration,
    next: Duration,
}

/// Leave to send one request to a host; ends when dropped.
pub(super) struct Turn {
    host: Arc<Host>,
    most: f64,
}

/// What an answer asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// Nothing.
    Nothing,
    /// To be asked again after so long.
    Wait {
        how_long: Duration,
        /// Nobody has asked before.
        first: bool,
    },
    /// To be left alone for longer than anybody waits.
    TooLong,
}

impl Manners {
    pub(super) fn new(most: usize) -> Self {
        let most = f64::from(u32::try_from(most.max(1)).unwrap_or(u32::MAX));
        Self { most, hosts: Mutex::new(BTreeMap::new()) }
    }

    /// Waits until a host may get one more request. Cancel safe.
    pub(super) async fn turn(&self, origin: &Origin) -> Turn {
        let host = self.host(origin);
        loop {
            let freed = host.freed.notified();
            if host.state.lock().expect("no holder panics").enter() {
                return Turn { host: Arc::clone(&host), most: self.most };
            }
            freed.await;
        }
    }

    /// Until when a host wants to be left alone.
    pub(super) fn quiet_until(&self, origin: &Origin) -> Duration {
        self.host(origin).state.lock().expect("no holder panics").quiet_until
    }

    /// Until then a host gets nothing.
    pub(super) fn hush(&self, origin: &Origin, until: Duration) {
        let host = self.host(origin);
        let mut state = host.state.lock().expect("no holder panics");
        state.quiet_until = state.quiet_until.max(until);
    }

    /// From now on a host gets so much time between two requests.
    pub(super) fn space(&self, origin: &Origin, interval: Duration) {
        self.host(origin).state.lock().expect("no holder panics").interval = interval;
    }

    /// When the next request may be sent: whoever asks has that time for himself.
    pub(super) fn slot(&self, origin: &Origin, now: Duration) -> Duration {
        self.host(origin).state.lock().expect("no holder panics").slot(now)
    }

    fn host(&self, origin: &Origin) -> Arc<Host> {
        let mut hosts = self.hosts.lock().expect("no holder panics");
        if let Some(host) = hosts.get(origin) {
            return Arc::clone(host);
        }
        let host =
            Arc::new(Host { state: Mutex::new(State::new(self.most)), freed: Notify::new() });
        hosts.insert(origin.clone(), Arc::clone(&host));
        host
    }
}

impl Turn {
    /// Learns from what came back; `now` is the run's clock, `unix` the seconds since 1970.
    pub(super) fn judge(&self, exchange: &Exchange, now: Duration, unix: u64) -> Asked {
        let mut state = self.host.state.lock().expect("no holder panics");
        match &exchange.outcome {
            Ok(response) if matches!(response.status, 429 | 503) => {
                state.halve();
                let text = response.header("retry-after").map(|header| header.text().into_owned());
                match (response.status, text) {
                    (503, None) => Asked::Nothing,
                    (_, text) => state.refuse(text.and_then(|it| retry_after(&it, unix)), now),
                }
            }
            Ok(_) => {
                state.learn(exchange.timings.duration(), self.most);
                Asked::Nothing
            }
            Err(failure) => {
                if matches!(
                    failure.class,
                    FailureClass::WaitTimeout
                        | FailureClass::ReceiveTimeout
                        | FailureClass::ConnectTimeout
                ) {
                    state.halve();
                }
                Asked::Nothing
            }
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut state = self.host.state.lock().expect("no holder panics");
        state.in_flight -= 1;
        drop(state);
        // Two, because the limit may have grown.
        self.host.freed.notify_one();
        self.host.freed.notify_one();
    }
}

impl State {
    fn new(limit: f64) -> Self {
        Self {
            limit,
            in_flight: 0,
            answers: 0,
            usual: 0.0,
            recent: 0.0,
            quiet_until: Duration::ZERO,
            waited: Duration::ZERO,
            refusals: 0,
            interval: Duration::ZERO,
            next: Duration::ZERO,
        }
    }

    fn slot(&mut self, now: Duration) -> Duration {
        let slot = self.next.max(now);
        self.next = slot.saturating_add(self.interval);
        slot
    }

    fn enter(&mut self) -> bool {
        let free = f64::from(self.in_flight) < self.limit.floor().max(1.0);
        self.in_flight += u32::from(free);
        free
    }

    fn learn(&mut self, took: Duration, most: f64) {
        let took = took.as_secs_f64() * 1e6;
        self.answers = self.answers.saturating_add(1);
        self.refusals = 0;
        if self.answers == 1 {
            (self.usual, self.recent) = (took, took);
        }
        self.usual += (took - self.usual) * USUAL.max(1.0 / f64::from(self.answers));
        self.recent += (took - self.recent) * RECENT;
        // Who does not use what is allowed learns nothing about it.
        if self.answers < MIN_ANSWERS || f64::from(self.in_flight) < self.limit / 2.0 {
            return;
        }
        let gradient = (TOLERANCE * self.usual / self.recent.max(1.0)).clamp(0.5, 1.0);
        let next = self.limit * gradient + self.limit.sqrt();
        self.limit = (self.limit + (next - self.limit) * SMOOTHING).clamp(1.0, most);
    }

    fn halve(&mut self) {
        self.limit = (self.limit / 2.0).max(1.0);
    }

    fn refuse(&mut self, asked: Option<Duration>, now: Duration) -> Asked {
        // Those in flight are refused together, and ask once.
        let quiet = self.quiet_until.saturating_sub(now);
        if !quiet.is_zero() {
            return Asked::Wait { how_long: quiet, first: false };
        }
        let own = FIRST_WAIT * 2_u32.pow(self.refusals.min(5));
        let how_long = asked.unwrap_or(own);
        if how_long > MAX_WAIT || self.waited + how_long > MAX_WAITED {
            return Asked::TooLong;
        }
        let first = self.waited.is_zero() && self.refusals == 0;
        self.refusals = self.refusals.saturating_add(1);
        self.waited += how_long;
        self.quiet_until = now + how_long;
        Asked::Wait { how_long, first }
    }
}

/// How long `Retry-After` asks for: it has seconds, or a date. `unix` is now, in seconds since 1970.
pub(crate) fn retry_after(text: &str, unix: u64) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    let at = u64::try_from(date.as_second()).ok()?;
    Some(Duration::from_secs(at.saturating_sub(unix)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A host that is used to answers of 10 ms and has all of its turns in use.
    fn used_to() -> State {
        let mut state = State::new(16.0);
        for _ in 0..100 {
            busy(&mut state, 10);
        }
        state
    }

    fn busy(state: &mut State, millis: u64) {
        state.in_flight = 16;
        state.learn(Duration::from_millis(millis), 16.0);
    }

    #[test]
    fn a_host_that_slows_down_gets_fewer_at_once_and_more_when_it_recovers() {
        let mut state = used_to();
        assert!(state.limit > 15.9, "{}", state.limit);
        for _ in 0..30 {
            busy(&mut state, 100);
        }
        assert!(state.limit < 10.0, "{}", state.limit);
        for _ in 0..60 {
            busy(&mut state, 10);
        }
        assert!(state.limit > 15.0, "{}", state.limit);
    }

    #[test]
    fn refusals_halve_what_is_allowed_and_one_always_is() {
        let mut state = used_to();
        for _ in 0..10 {
            state.halve();
        }
        state.in_flight = 0;
        assert!(state.enter());
        assert!(!state.enter());
    }

    #[test]
    fn a_host_is_left_alone_for_as_long_as_it_asks_within_bounds() {
        let mut state = used_to();
        let now = Duration::from_secs(100);
        let asked = retry_after("7", 0);
        let how_long = Duration::from_secs(7);
        assert_eq!(state.refuse(asked, now), Asked::Wait { how_long, first: true });
        assert_eq!(state.quiet_until, Duration::from_secs(107));
        let later = now + Duration::from_secs(3);
        let how_long = Duration::from_secs(4);
        assert_eq!(state.refuse(asked, later), Asked::Wait { how_long, first: false });
        assert_eq!(state.refuse(retry_after("3600", 0), Duration::from_secs(200)), Asked::TooLong);
        let mut waited = 0;
        while let Asked::Wait { .. } =
            state.refuse(Some(MAX_WAIT), Duration::from_secs(1000 * (waited + 1)))
        {
            waited += 1;
        }
        assert_eq!(waited, 4, "five minutes in all");
    }

    #[test]
    fn requests_are_as_far_apart_as_the_host_asks() {
        let mut state = State::new(4.0);
        let seconds = Duration::from_secs;
        assert_eq!([state.slot(seconds(5)), state.slot(seconds(5))], [seconds(5); 2]);
        state.interval = seconds(2);
        let slots = [5, 5, 6, 20, 20].map(|now| state.slot(seconds(now)).as_secs());
        assert_eq!(slots, [5, 7, 9, 20, 22]);
    }

    #[test]
    fn dates_and_seconds_are_read() {
        assert_eq!(retry_after(" 5 ", 0), Some(Duration::from_secs(5)));
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        assert_eq!(retry_after(date, 784_111_770), Some(Duration::from_secs(7)));
        assert_eq!(retry_after(date, 999_999_999), Some(Duration::ZERO));
        assert_eq!(retry_after("soon", 0), None);
    }
}
