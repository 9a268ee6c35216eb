//! The planted performance faults that are not SQL.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::http::HeaderValue;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::Semaphore;

/// What the slow backend adds.
const SLOW_BACKEND: Duration = Duration::from_millis(20);
/// What taking a payment costs.
const PAYMENT: Duration = Duration::from_millis(25);
/// What compiling the theme costs.
const THEME: Duration = Duration::from_millis(30);
/// One round trip to a database on another machine.
const ROUND_TRIP: Duration = Duration::from_millis(1);

/// The three backends, which take turns.
#[derive(Debug, Default)]
pub(super) struct Balancer {
    served: AtomicUsize,
}

/// One backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Backend {
    /// app-1
    First,
    /// app-2
    Second,
    /// app-3, the slow one of the flawed shop
    Third,
}

impl Balancer {
    /// Whose turn it is.
    pub(super) fn next(&self) -> Backend {
        match self.served.fetch_add(1, Ordering::Relaxed) % 3 {
            0 => Backend::First,
            1 => Backend::Second,
            _ => Backend::Third,
        }
    }
}

impl Backend {
    /// Value of `X-Served-By`.
    pub(super) fn name(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::First => "app-1",
            Self::Second => "app-2",
            Self::Third => "app-3",
        })
    }

    /// Waits as long as this backend is slower than the others.
    pub(super) async fn delay(self) {
        if self == Self::Third {
            tokio::time::sleep(SLOW_BACKEND).await;
        }
    }
}

/// The lock around the payment.
#[derive(Debug)]
pub(super) struct CheckoutLock {
    turns: Arc<Semaphore>,
}

impl CheckoutLock {
    /// A lock that lets one checkout in at a time if the shop is flawed, else all.
    pub(super) fn new(flawed: bool) -> Self {
        let turns = if flawed { 1 } else { Semaphore::MAX_PERMITS };
        Self { turns: Arc::new(Semaphore::new(turns)) }
    }

    /// Waits for one's turn, which ends when the permit is dropped.
    pub(super) async fn enter(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.turns).acquire_owned().await.ok()
    }
}

/// Takes the payment: nobody else's time is used.
pub(super) async fn payment() {
    tokio::time::sleep(PAYMENT).await;
}

/// Compiles the style sheet, as slowly as style compilers do.
pub(super) async fn compile_theme() {
    tokio::time::sleep(THEME).await;
}

/// Goes to the database and back.
pub(super) async fn round_trip() {
    tokio::time::sleep(ROUND_TRIP).await;
}

#[cfg(test)]
mod tests {
    use super::Backend;
    use super::Balancer;
    use super::CheckoutLock;

    #[test]
    fn the_flawed_lock_lets_one_in_and_the_safe_one_all() {
        for (flawed, expected) in [(true, 1), (false, 3)] {
            let lock = CheckoutLock::new(flawed);
            let inside: Vec<_> =
                (0..3).filter_map(|_| lock.turns.clone().try_acquire_owned().ok()).collect();
            assert_eq!(inside.len(), expected, "flawed: {flawed}");
        }
    }

    #[test]
    fn backends_take_turns() {
        let balancer = Balancer::default();
        let turns: Vec<_> = (0..4).map(|_| balancer.next()).collect();
        assert_eq!(turns, [Backend::First, Backend::Second, Backend::Third, Backend::First]);
    }
}
