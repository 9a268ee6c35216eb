//! The ticket machine: ten tickets for each address within two seconds.
//!
//! | path | flawed | safe |
//! |--|--|--|
//! | `/counter/tickets` | each backend counts for itself, so that thirty are given out; a refusal does not say when to come again | one counter; `Retry-After` and `RateLimit-*` say what is so |
//! | `/counter/queue` | the address is whatever `X-Forwarded-For` says | the address that asks |
//!
//! The shop listens on loopback only, so that one address asks for all.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

use axum::Extension;
use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::HeaderName;
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::IntoResponse as _;
use axum::response::Response;
use axum::routing::get;

use super::clock;
use super::faults::Backend;
use super::shop::Shop;

/// Given out to an address within a window, which begins with the first of them.
const ALLOWED: u64 = 10;
const WINDOW: Duration = Duration::from_secs(2);

/// Who asks, where no header is believed.
const PEER: &str = "127.0.0.1";

/// Characters of an address, and addresses that are counted.
const MAX_ADDRESS: usize = 60;
const MAX_ADDRESSES: usize = 10_000;

/// Where somebody stands: the path, which counter it has, and their address.
type Place = (&'static str, u8, String);

/// What was given out.
#[derive(Debug, Default)]
pub(super) struct Tickets {
    windows: Mutex<BTreeMap<Place, Window>>,
}

#[derive(Debug, Clone, Copy)]
struct Window {
    began: Instant,
    used: u64,
}

impl Window {
    fn is_over(self, now: Instant) -> bool {
        now.duration_since(self.began) >= WINDOW
    }
}

/// What somebody is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Turn {
    is_theirs: bool,
    left: u64,
    /// Until the window ends.
    remaining: Duration,
}

impl Tickets {
    /// Counts a request.
    fn take(&self, place: Place, now: Instant) -> Turn {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        if windows.len() >= MAX_ADDRESSES {
            windows.retain(|_, window| !window.is_over(now));
        }
        if windows.len() >= MAX_ADDRESSES {
            windows.clear();
        }
        let fresh = Window { began: now, used: 0 };
        let window = windows.entry(place).or_insert(fresh);
        if window.is_over(now) {
            *window = fresh;
        }
        let is_theirs = window.used < ALLOWED;
        window.used += u64::from(is_theirs);
        let passed = now.duration_since(window.began);
        Turn { is_theirs, left: ALLOWED - window.used, remaining: WINDOW.saturating_sub(passed) }
    }
}

/// What an answer says beside the status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Says {
    Nothing,
    /// When to come again.
    When,
    /// That, the limit, and what is left of it.
    All,
}

pub(super) fn routes() -> Router<Arc<Shop>> {
    Router::new().route("/counter/tickets", get(tickets)).route("/counter/queue", get(queue))
}

async fn tickets(
    State(shop): State<Arc<Shop>>,
    Extension(backend): Extension<Backend>,
) -> Response {
    let counter = match backend {
        Backend::Second if shop.flawed => 1,
        Backend::Third if shop.flawed => 2,
        Backend::First | Backend::Second | Backend::Third => 0,
    };
    let turn = shop.tickets.take(("tickets", counter, PEER.to_owned()), clock::now());
    let says = if shop.flawed { Says::Nothing } else { Says::All };
    answer(turn, says, "A ticket for the counter. Please wait until you are called.\n")
}

async fn queue(State(shop): State<Arc<Shop>>, headers: HeaderMap) -> Response {
    let said = headers.get("x-forwarded-for").and_then(|value| value.to_str().ok());
    let address = said.filter(|_| shop.flawed).unwrap_or(PEER);
    let address: String = address.chars().take(MAX_ADDRESS).collect();
    let turn = shop.tickets.take(("queue", 0, address), clock::now());
    let says = if shop.flawed { Says::When } else { Says::All };
    answer(turn, says, "You stand in the queue.\n")
}

fn answer(turn: Turn, says: Says, body: &'static str) -> Response {
    let mut response = if turn.is_theirs {
        body.into_response()
    } else {
        (StatusCode::TOO_MANY_REQUESTS, "No more for now.\n").into_response()
    };
    // Rounded up: who comes then is not early.
    let seconds = u64::try_from(turn.remaining.as_millis().div_ceil(1000)).unwrap_or(u64::MAX);
    let headers = response.headers_mut();
    if says != Says::Nothing && !turn.is_theirs {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if says == Says::All {
        for (name, number) in [
            ("ratelimit-limit", ALLOWED),
            ("ratelimit-remaining", turn.left),
            ("ratelimit-reset", seconds),
        ] {
            headers.insert(HeaderName::from_static(name), HeaderValue::from(number));
        }
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(counter: u8, address: &str) -> Place {
        ("tickets", counter, address.to_owned())
    }

    #[test]
    fn ten_are_given_out_in_a_window_that_begins_with_the_first() {
        let tickets = Tickets::default();
        let began = clock::now();
        let given = |at: Duration| {
            let turns = (0..12).map(|_| tickets.take(place(0, PEER), began + at));
            turns.filter(|turn| turn.is_theirs).count()
        };
        assert_eq!(given(Duration::ZERO), 10);
        assert_eq!(given(WINDOW.saturating_sub(Duration::from_millis(1))), 0);
        assert_eq!(given(WINDOW), 10);
    }

    #[test]
    fn counters_and_addresses_are_apart_and_bounded() {
        let tickets = Tickets::default();
        let now = clock::now();
        for counter in 0..3 {
            assert_eq!(tickets.take(place(counter, PEER), now).left, 9);
        }
        for number in 0..2 * MAX_ADDRESSES {
            tickets.take(place(0, &number.to_string()), now);
        }
        assert!(tickets.windows.lock().expect("nobody panics").len() <= MAX_ADDRESSES);
    }

    #[test]
    fn the_safe_twin_says_when_to_come_again_and_the_flawed_one_does_not() {
        let remaining = Duration::from_millis(1100);
        let turn = Turn { is_theirs: false, left: 0, remaining };
        let said = |says, name: &str| {
            let response = answer(turn, says, "");
            assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
            response.headers().get(name).and_then(|value| value.to_str().ok().map(str::to_owned))
        };
        assert_eq!(said(Says::Nothing, "retry-after"), None);
        assert_eq!(said(Says::When, "retry-after").as_deref(), Some("2"));
        assert_eq!(said(Says::When, "ratelimit-limit"), None);
        assert_eq!(said(Says::All, "ratelimit-limit").as_deref(), Some("10"));
    }
}
