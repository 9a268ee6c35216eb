//! Idle connections, by origin.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use super::connection::Connection;
use crate::http::clock::Clock;
use crate::model::Origin;

/// Keeps connections that may carry another request. The lock is held for a push or a pop only.
#[derive(Debug)]
pub(super) struct Pool {
    clock: Clock,
    max_per_origin: usize,
    idle_timeout: Duration,
    idle: Mutex<HashMap<Origin, Vec<Idle>>>,
}

#[derive(Debug)]
struct Idle {
    since: Duration,
    connection: Connection,
}

impl Pool {
    pub(super) fn new(clock: Clock, max_per_origin: usize, idle_timeout: Duration) -> Self {
        Self { clock, max_per_origin, idle_timeout, idle: Mutex::new(HashMap::new()) }
    }

    /// The connection used last that is neither too old nor visibly closed.
    pub(super) async fn take(&self, origin: &Origin) -> Option<Connection> {
        loop {
            let mut connection = self.pop(origin)?;
            if connection.is_quiet().await {
                return Some(connection);
            }
        }
    }

    /// Keeps a connection for the next request; what is too old, or too many, is closed.
    pub(super) fn put(&self, origin: &Origin, connection: Connection) {
        let now = self.clock.now();
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let idle = idle.entry(origin.clone()).or_default();
        idle.retain(|idle| now.saturating_sub(idle.since) < self.idle_timeout);
        if idle.len() < self.max_per_origin {
            idle.push(Idle { since: now, connection });
        }
    }

    fn pop(&self, origin: &Origin) -> Option<Connection> {
        let now = self.clock.now();
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let idle = idle.get_mut(origin)?;
        idle.retain(|idle| now.saturating_sub(idle.since) < self.idle_timeout);
        idle.pop().map(|idle| idle.connection)
    }
}
